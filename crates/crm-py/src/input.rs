//! Converts Python's input to batches of the core.
//!
//! `python/crm_core/_input.py` detects the producer. The input is either an object of the Arrow
//! PyCapsule protocol, or a list of `(name, column)`, where a column is a tuple:
//!
//! | column                                 | cells                                            |
//! |----------------------------------------|--------------------------------------------------|
//! | `("numbers", buffer, valid)`           | the buffer's format says which; NaN is null      |
//! | `("bools", buffer, valid)`             | one byte each                                    |
//! | `("days", buffer, valid)`              | `int32` since 1970-01-01                         |
//! | `("times", buffer, valid, unit, zone)` | `int64` since 1970-01-01; the least one is null  |
//! | `("decimals", bytes, valid, scale)`    | 16 bytes each                                    |
//! | `("texts", list)`                      | `str`, or anything else for null                 |
//! | `("keys", buffer, column)`             | indices into another column; negative is null    |
//! | `("nulls", count)`                     | nothing but nulls, of no type                    |
//! | `("arrow", object)`                    | an array or a chunked array                      |
//!
//! `valid` is a buffer of one byte per cell, or `None`. Other Python code may change the buffers, so
//! cells that are kept are copied with the GIL held. Long columns of which nothing is kept are read in
//! place ([`Lent`]), without the GIL, as Arrow's are: a caller must not write to them meanwhile.

use crate::errors::raise;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow_data::ArrayData;
use arrow_schema::{DataType, TimeUnit};
use crm_core::columns::Batch;
use crm_core::{Context, Error, Result};
use pyo3::buffer::{Element, PyBuffer, PyUntypedBuffer};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList, PyString, PyTuple};
use std::ffi::CStr;
use std::sync::Arc;

/// Input columns, moved out of Python objects.
pub(crate) enum Source {
    /// A table as a stream of record batches.
    Stream(FFI_ArrowArrayStream),
    /// One record batch.
    Struct(FFI_ArrowSchema, FFI_ArrowArray),
    /// Columns, each in chunks.
    Columns(Vec<(String, Vec<Chunks>)>),
}

/// A part of a column.
pub(crate) enum Chunks {
    /// An array that is read already.
    Array(ArrayData),
    /// A chunked array, not yet read.
    Stream(FFI_ArrowArrayStream),
    /// An array, not yet read.
    Pair(FFI_ArrowSchema, FFI_ArrowArray),
}

impl Source {
    /// Takes Python's input. Arrow data are moved out of their capsules, not read yet. `lent` says which
    /// columns may be read in place.
    pub(crate) fn take(source: &Bound<'_, PyAny>, lent: Lent<'_>) -> PyResult<Self> {
        if let Ok(columns) = source.cast::<PyList>() {
            let columns = columns.iter().map(|item| {
                let (name, column): (String, Bound<'_, PyTuple>) = item.extract()?;
                let chunk = self::column(&name, &column, lent)?;
                Ok((name, vec![chunk]))
            });
            return Ok(Source::Columns(columns.collect::<PyResult<_>>()?));
        }
        Ok(match capsules(source)? {
            Chunks::Stream(stream) => Source::Stream(stream),
            Chunks::Pair(schema, array) => Source::Struct(schema, array),
            Chunks::Array(_) => return Err(PyTypeError::new_err("not a table")),
        })
    }

    /// Reads the columns of these names. The GIL is not needed.
    pub(crate) fn read(self, columns: &[&str], context: &Context) -> Result<Vec<Batch>> {
        match self {
            Source::Stream(stream) => crm_arrow::read_stream(stream, columns, context),
            Source::Struct(schema, array) => {
                Ok(vec![crm_arrow::read_struct(&schema, array, columns)?])
            }
            Source::Columns(given) => {
                let mut arrays = Vec::new();
                for (name, chunks) in given {
                    let mut column = Vec::new();
                    for chunk in chunks {
                        match chunk {
                            Chunks::Array(array) => column.push(array),
                            Chunks::Pair(schema, array) => {
                                column.push(crm_arrow::read_column(&schema, array, &name)?);
                            }
                            Chunks::Stream(stream) => {
                                column
                                    .extend(crm_arrow::read_column_stream(stream, &name, context)?);
                            }
                        }
                    }
                    arrays.push((name, column));
                }
                crm_arrow::read_columns(&arrays, columns)
            }
        }
    }
}

/// An object of the Arrow PyCapsule protocol.
fn capsules(object: &Bound<'_, PyAny>) -> PyResult<Chunks> {
    if let Ok(method) = object.getattr("__arrow_c_stream__") {
        let capsule = method.call0()?;
        return Ok(Chunks::Stream(moved(
            &capsule,
            c"arrow_array_stream",
            FFI_ArrowArrayStream::from_raw,
        )?));
    }
    if let Ok(method) = object.getattr("__arrow_c_array__") {
        let (schema, array): (Bound<'_, PyAny>, Bound<'_, PyAny>) = method.call0()?.extract()?;
        return Ok(Chunks::Pair(
            moved(&schema, c"arrow_schema", FFI_ArrowSchema::from_raw)?,
            moved(&array, c"arrow_array", FFI_ArrowArray::from_raw)?,
        ));
    }
    Err(PyTypeError::new_err(
        "expected an object with __arrow_c_stream__ or __arrow_c_array__",
    ))
}

/// Moves a C structure out of its capsule, which is left released.
fn moved<T>(
    capsule: &Bound<'_, PyAny>,
    name: &'static CStr,
    from_raw: unsafe fn(*mut T) -> T,
) -> PyResult<T> {
    let capsule = capsule.cast::<PyCapsule>()?;
    let pointer = capsule.pointer_checked(Some(name))?.cast::<T>();
    // SAFETY: a capsule of this name holds a valid structure of this type, by Arrow's PyCapsule
    // protocol; nobody else touches it while the GIL is held.
    Ok(unsafe { from_raw(pointer.as_ptr()) })
}

fn column(name: &str, column: &Bound<'_, PyTuple>, lent: Lent<'_>) -> PyResult<Chunks> {
    let kind: String = column.get_item(0)?.extract()?;
    let cells = column.get_item(1)?;
    if kind == "arrow" {
        return capsules(&cells);
    }
    if kind == "nulls" {
        return Ok(Chunks::Array(ArrayData::new_null(
            &DataType::Null,
            cells.extract()?,
        )));
    }
    array(name, &kind, &cells, column, lent).map(Chunks::Array)
}

fn array(
    name: &str,
    kind: &str,
    cells: &Bound<'_, PyAny>,
    column: &Bound<'_, PyTuple>,
    lent: Lent<'_>,
) -> PyResult<ArrayData> {
    let valid = || -> PyResult<Option<Vec<u8>>> {
        let valid = column.get_item(2)?;
        if valid.is_none() {
            return Ok(None);
        }
        copied::<u8>(name, &valid).map(Some)
    };
    match kind {
        "numbers" => numbers(name, cells, valid()?, lent),
        "bools" => {
            let bytes = copied::<u8>(name, cells)?;
            built(
                DataType::Boolean,
                bytes.len(),
                bits(&bytes).into_inner(),
                valid()?,
            )
        }
        "days" => fixed::<i32>(
            DataType::Date32,
            copied::<i32>(name, cells)?.into(),
            valid()?,
        ),
        "times" => {
            let unit = match column.get_item(3)?.extract::<String>()?.as_str() {
                "s" => TimeUnit::Second,
                "ms" => TimeUnit::Millisecond,
                "us" => TimeUnit::Microsecond,
                "ns" => TimeUnit::Nanosecond,
                _ => return Err(PyValueError::new_err("unknown unit of time")),
            };
            let zone: Option<String> = column.get_item(4)?.extract()?;
            let (valid, is_lent) = (valid()?, lent.times(unit));
            let cells = self::cells::<i64>(name, cells, is_lent)?;
            // The core takes the least count for null where it converts times.
            let valid = match is_lent {
                true => valid,
                false => without(valid, cells.typed_data(), |cell: &i64| *cell == i64::MIN),
            };
            fixed::<i64>(
                DataType::Timestamp(unit, zone.map(Into::into)),
                cells,
                valid,
            )
        }
        "decimals" => {
            let scale: i8 = column.get_item(3)?.extract()?;
            let bytes = copied::<u8>(name, cells)?;
            let words = bytes.chunks_exact(16).map(|word| {
                // A chunk of exactly 16 bytes.
                i128::from_le_bytes(word.try_into().unwrap_or_default())
            });
            let words: Vec<i128> = words.collect();
            fixed::<i128>(DataType::Decimal128(38, scale), words.into(), valid()?)
        }
        "texts" => texts(name, cells),
        "keys" => {
            let keys = widened(name, cells)?;
            let valid = without(None, &keys, |key| *key < 0);
            let inner = column.get_item(2)?.cast_into::<PyTuple>()?;
            let kind: String = inner.get_item(0)?.extract()?;
            let values = array(name, &kind, &inner.get_item(1)?, &inner, Lent::NONE)?;
            let keys: Vec<i64> = keys.into_iter().map(|key| key.max(0)).collect();
            let data_type = DataType::Dictionary(
                Box::new(DataType::Int64),
                Box::new(values.data_type().clone()),
            );
            let nulls = valid.map(|valid| nulls(&valid));
            let (length, keys) = (keys.len(), Buffer::from(keys));
            if length > 0 && values.is_empty() && nulls.is_none() {
                return Err(PyValueError::new_err("keys without a dictionary"));
            }
            ArrayData::builder(data_type)
                .len(length)
                .nulls(nulls)
                .add_buffer(keys)
                .add_child_data(values)
                .build()
                .map_err(|_| PyValueError::new_err("a broken dictionary"))
        }
        _ => Err(PyValueError::new_err("unknown kind of column")),
    }
}

/// Which columns of numbers and times may be read in place, because nothing of them is kept.
#[derive(Clone, Copy)]
pub(crate) struct Lent<'a> {
    /// Floats, and times in another unit than microseconds: the core converts them.
    floats: bool,
    /// Columns of integers by name: ids, which become codes.
    integers: &'a [&'a str],
}

impl<'a> Lent<'a> {
    /// Every column is copied.
    pub(crate) const NONE: Lent<'static> = Lent {
        floats: false,
        integers: &[],
    };

    /// The columns of orders with these columns of ids.
    pub(crate) fn of_orders(ids: &'a [&'a str]) -> Self {
        Lent {
            floats: true,
            integers: ids,
        }
    }

    fn times(&self, unit: TimeUnit) -> bool {
        self.floats && unit != TimeUnit::Microsecond
    }
}

/// Fewer cells are copied: that is faster than to return the buffer, which needs the GIL.
const LONG: usize = 1 << 15;

/// The buffer's cells, in place where they are `lent`.
fn cells<T>(name: &str, cells: &Bound<'_, PyAny>, lent: bool) -> PyResult<Buffer>
where
    T: Element + Default + arrow_buffer::ArrowNativeType + std::panic::RefUnwindSafe,
{
    if lent {
        let buffer = PyBuffer::<T>::get(cells)?;
        let bytes = buffer.item_count().saturating_mul(size_of::<T>());
        if buffer.dimensions() == 1
            && buffer.item_count() >= LONG
            && let Some(start) = buffer.as_slice_ptr()
        {
            // SAFETY: these bytes are there as long as `buffer` is, which the result owns. Nothing is
            // taken for granted of the cells; that they do not change is up to the caller.
            return Ok(unsafe {
                Buffer::from_custom_allocation(start.cast(), bytes, Arc::new(buffer))
            });
        }
    }
    copied::<T>(name, cells).map(Buffer::from)
}

/// Copies the buffer's cells; a failing allocation is an error.
fn copied<T: Element + Default>(name: &str, cells: &Bound<'_, PyAny>) -> PyResult<Vec<T>> {
    let buffer = PyBuffer::<T>::get(cells)?;
    let (py, count) = (cells.py(), buffer.item_count());
    let mut copy = Vec::new();
    copy.try_reserve_exact(count).map_err(|_| {
        raise(
            py,
            Error::OutOfMemory {
                what: "column",
                bytes: count.saturating_mul(size_of::<T>()),
            },
        )
    })?;
    if buffer.dimensions() != 1 {
        let found = format!("array of {} dimensions", buffer.dimensions());
        return Err(raise(py, wrong_type(name, found)));
    }
    if let Some(cells) = buffer.as_slice_ptr() {
        // SAFETY: `cells` are the `count` items that `buffer` keeps alive, the vector has room for as
        // many and lies elsewhere, and with the GIL held no Python code writes to them meanwhile.
        unsafe {
            std::ptr::copy_nonoverlapping(cells.as_ptr().cast::<T>(), copy.as_mut_ptr(), count);
            copy.set_len(count);
        }
    } else {
        copy.resize(count, T::default());
        buffer.copy_to_slice(py, &mut copy)?;
    }
    Ok(copy)
}

fn wrong_type(name: &str, found: String) -> Error {
    Error::ColumnType {
        column: name.to_owned(),
        found,
        expected: "one number, text, date or time for each row".to_owned(),
    }
}

fn numbers(
    name: &str,
    cells: &Bound<'_, PyAny>,
    valid: Option<Vec<u8>>,
    lent: Lent<'_>,
) -> PyResult<ArrayData> {
    use pyo3::buffer::ElementType as E;
    let buffer = PyUntypedBuffer::get(cells)?;
    let format = E::from_format(buffer.format());
    let is_id = lent.integers.contains(&name);
    drop(buffer);
    match format {
        E::SignedInteger { bytes: 1 } => {
            fixed::<i8>(DataType::Int8, copied::<i8>(name, cells)?.into(), valid)
        }
        E::SignedInteger { bytes: 2 } => {
            fixed::<i16>(DataType::Int16, copied::<i16>(name, cells)?.into(), valid)
        }
        E::SignedInteger { bytes: 4 } => {
            fixed::<i32>(DataType::Int32, copied::<i32>(name, cells)?.into(), valid)
        }
        E::SignedInteger { bytes: 8 } => fixed::<i64>(
            DataType::Int64,
            self::cells::<i64>(name, cells, is_id)?,
            valid,
        ),
        E::UnsignedInteger { bytes: 1 } => {
            fixed::<u8>(DataType::UInt8, copied::<u8>(name, cells)?.into(), valid)
        }
        E::UnsignedInteger { bytes: 2 } => {
            fixed::<u16>(DataType::UInt16, copied::<u16>(name, cells)?.into(), valid)
        }
        E::UnsignedInteger { bytes: 4 } => {
            fixed::<u32>(DataType::UInt32, copied::<u32>(name, cells)?.into(), valid)
        }
        E::UnsignedInteger { bytes: 8 } => fixed::<u64>(
            DataType::UInt64,
            self::cells::<u64>(name, cells, is_id)?,
            valid,
        ),
        E::Float { bytes: 4 } => {
            let cells = copied::<f32>(name, cells)?;
            let valid = without(valid, &cells, |cell| cell.is_nan());
            fixed::<f32>(DataType::Float32, cells.into(), valid)
        }
        E::Float { bytes: 8 } => {
            let cells = self::cells::<f64>(name, cells, lent.floats)?;
            let valid = without(valid, cells.typed_data(), |cell: &f64| cell.is_nan());
            fixed::<f64>(DataType::Float64, cells, valid)
        }
        _ => Err(raise(
            cells.py(),
            wrong_type(name, "buffer of an unknown format".to_owned()),
        )),
    }
}

fn widened(name: &str, cells: &Bound<'_, PyAny>) -> PyResult<Vec<i64>> {
    let array = numbers(name, cells, None, Lent::NONE)?;
    fn wide<T: arrow_buffer::ArrowNativeType + Into<i64>>(array: &ArrayData) -> Vec<i64> {
        array.buffer::<T>(0).iter().map(|v| (*v).into()).collect()
    }
    Ok(match array.data_type() {
        DataType::Int8 => wide::<i8>(&array),
        DataType::Int16 => wide::<i16>(&array),
        DataType::Int32 => wide::<i32>(&array),
        DataType::Int64 => wide::<i64>(&array),
        _ => return Err(PyValueError::new_err("keys are signed integers")),
    })
}

/// `valid` without the cells that are null by their value.
fn without<T>(valid: Option<Vec<u8>>, cells: &[T], null: impl Fn(&T) -> bool) -> Option<Vec<u8>> {
    // In blocks, so that several cells are looked at at once.
    let any = |cells: &[T]| cells.iter().fold(false, |any, cell| any | null(cell));
    if valid.is_none() && !cells.chunks(1024).any(any) {
        return None;
    }
    let mut valid = valid.unwrap_or_else(|| vec![1; cells.len()]);
    for (valid, cell) in valid.iter_mut().zip(cells) {
        *valid &= u8::from(!null(cell));
    }
    Some(valid)
}

fn nulls(valid: &[u8]) -> NullBuffer {
    NullBuffer::new(bits(valid))
}

fn bits(bytes: &[u8]) -> BooleanBuffer {
    BooleanBuffer::collect_bool(bytes.len(), |at| bytes[at] != 0)
}

fn fixed<T: arrow_buffer::ArrowNativeType>(
    data_type: DataType,
    cells: Buffer,
    valid: Option<Vec<u8>>,
) -> PyResult<ArrayData> {
    built(data_type, cells.len() / size_of::<T>(), cells, valid)
}

fn built(
    data_type: DataType,
    length: usize,
    cells: Buffer,
    valid: Option<Vec<u8>>,
) -> PyResult<ArrayData> {
    if valid.as_ref().is_some_and(|valid| valid.len() != length) {
        return Err(PyValueError::new_err("validity of another length"));
    }
    ArrayData::builder(data_type)
        .len(length)
        .nulls(valid.map(|valid| nulls(&valid)))
        .add_buffer(cells)
        .build()
        .map_err(|_| PyValueError::new_err("a broken column"))
}

/// Reads a list of texts. Checks for Ctrl-C now and then: the list may be long, and reading needs
/// the GIL.
fn texts(name: &str, cells: &Bound<'_, PyAny>) -> PyResult<ArrayData> {
    let py = cells.py();
    let cells = cells.cast::<PyList>()?;
    let memory = |bytes| {
        raise(
            py,
            Error::OutOfMemory {
                what: "texts",
                bytes,
            },
        )
    };
    let (mut ends, mut bytes, mut valid) = (Vec::new(), Vec::<u8>::new(), Vec::new());
    ends.try_reserve_exact(cells.len() + 1)
        .map_err(|_| memory(cells.len() * 8))?;
    valid
        .try_reserve_exact(cells.len())
        .map_err(|_| memory(cells.len()))?;
    ends.push(0_i64);
    for (row, cell) in cells.iter().enumerate() {
        if row % (1 << 20) == 0 {
            py.check_signals()?;
        }
        if let Ok(text) = cell.cast::<PyString>() {
            let text = text.to_str().map_err(|_| {
                raise(
                    py,
                    Error::Malformed {
                        column: name.to_owned(),
                        problem: format!("the text of row {row} cannot be written as UTF-8"),
                    },
                )
            })?;
            bytes
                .try_reserve(text.len())
                .map_err(|_| memory(text.len()))?;
            bytes.extend_from_slice(text.as_bytes());
            valid.push(1);
        } else {
            valid.push(0);
        }
        ends.push(bytes.len() as i64);
    }
    let valid = valid.contains(&0).then_some(valid);
    ArrayData::builder(DataType::LargeUtf8)
        .len(ends.len() - 1)
        .nulls(valid.map(|valid| nulls(&valid)))
        .add_buffer(Buffer::from(ends))
        .add_buffer(Buffer::from(bytes))
        .build()
        .map_err(|_| PyValueError::new_err("broken texts"))
}
