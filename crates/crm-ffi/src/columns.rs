//! Input columns with pointer and length of every buffer: the only form of input that can be
//! checked completely.
//!
//! Arrow's C structs have no buffer lengths, so the end of the last text cannot be checked. Here
//! every buffer has its size in bytes, and nothing outside of it is read, whatever its offsets are.
//! Buffers need no alignment and may be larger than needed. They are copied; nothing is kept after
//! the call.

use crate::boundary::{Caller, Plain};
use crate::error::Fault;
use crate::memory::{grow, push};
use crm_core::Error;
use crm_core::columns::{Batch, Bits, ColumnData, ColumnValues, Strings, TimeUnit};
use std::ffi::{c_char, c_void};

/// The types of cells in a `crm_column`. Numbers are never reused.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum crm_column_type {
    /// No cell has a value.
    CRM_COLUMN_NULL = 0,
    /// `int8_t`.
    CRM_COLUMN_I8 = 1,
    /// `int16_t`.
    CRM_COLUMN_I16 = 2,
    /// `int32_t`.
    CRM_COLUMN_I32 = 3,
    /// `int64_t`.
    CRM_COLUMN_I64 = 4,
    /// `uint8_t`.
    CRM_COLUMN_U8 = 5,
    /// `uint16_t`.
    CRM_COLUMN_U16 = 6,
    /// `uint32_t`.
    CRM_COLUMN_U32 = 7,
    /// `uint64_t`.
    CRM_COLUMN_U64 = 8,
    /// `float`.
    CRM_COLUMN_F32 = 9,
    /// `double`.
    CRM_COLUMN_F64 = 10,
    /// One byte per cell; 0 is false.
    CRM_COLUMN_BOOL = 11,
    /// 128-bit integers, little-endian, with `scale` decimals.
    CRM_COLUMN_DECIMAL128 = 12,
    /// `int32_t`: days since 1970-01-01.
    CRM_COLUMN_DATE = 13,
    /// `int64_t`: seconds since 1970-01-01. UTC if there is a `zone`, otherwise wall clock.
    CRM_COLUMN_TIME_S = 14,
    /// The same in milliseconds.
    CRM_COLUMN_TIME_MS = 15,
    /// The same in microseconds.
    CRM_COLUMN_TIME_US = 16,
    /// The same in nanoseconds.
    CRM_COLUMN_TIME_NS = 17,
    /// UTF-8 texts: `int32_t` offsets, one more than cells, into the bytes of `values`. Ids, words,
    /// or amounts and times as text.
    CRM_COLUMN_UTF8 = 18,
    /// The same with `int64_t` offsets.
    CRM_COLUMN_LARGE_UTF8 = 19,
    /// `width` bytes per cell, such as 16 for a UUID.
    CRM_COLUMN_FIXED = 20,
}

/// One column. Initialise it with zeros (`crm_column column = {0};`): fields that are not needed
/// are 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct crm_column {
    /// `sizeof(crm_column)` as the caller was compiled; 0 means version 1. It is equal in all
    /// columns of one call.
    pub size: u32,
    /// A `crm_column_type`; of the indices when there is a `dictionary`.
    pub r#type: i32,
    /// Its name.
    pub name: *const c_char,
    /// Bytes of the name; negative: the name ends in a NUL.
    pub name_size: i64,
    /// Number of cells.
    pub rows: u64,
    /// Cells to skip at the start of `values` (or `offsets`, for texts) and bits to skip at the
    /// start of `validity`.
    pub offset: u64,
    /// The cells; the bytes of all texts.
    pub values: *const c_void,
    /// Bytes of `values`.
    pub values_size: u64,
    /// The start of each text, and the end of the last; only for texts.
    pub offsets: *const c_void,
    /// Bytes of `offsets`.
    pub offsets_size: u64,
    /// One bit per cell, least significant first, set for cells with a value; NULL: all have one.
    pub validity: *const u8,
    /// Bytes of `validity`.
    pub validity_size: u64,
    /// The column of which the cells are indices, itself without a dictionary; NULL: none.
    pub dictionary: *const crm_column,
    /// The zone of times (IANA name or offset, NUL-terminated); NULL: wall clock.
    pub zone: *const c_char,
    /// Bytes of a cell of `CRM_COLUMN_FIXED`.
    pub width: u32,
    /// Decimals of `CRM_COLUMN_DECIMAL128`.
    pub scale: i32,
}

// SAFETY: integers and pointers only.
unsafe impl Plain for crm_column {}

/// The maximum number of columns.
const MOST: usize = 4096;

/// Copies and checks the columns in `needed` (`None`: all). Of the others only the names are read,
/// for errors about missing columns.
pub(crate) fn batch(
    caller: Caller<'_>,
    columns: *const crm_column,
    n: usize,
    needed: Option<&[&str]>,
) -> Result<Batch, Fault> {
    if n > MOST {
        return Err(Fault::argument("n_columns", "expected at most 4096"));
    }
    let mut batch = Batch::new();
    if n == 0 {
        return Ok(batch);
    }
    let stride = match caller.read("columns", columns)?.size as usize {
        0 => size_of::<crm_column>(),
        size if size < size_of::<crm_column>() || size % align_of::<crm_column>() != 0 => {
            return Err(Fault::argument(
                "columns",
                "their size is none of this library's versions",
            ));
        }
        size => size,
    };
    for i in 0..n {
        let column = caller.read("columns", columns.wrapping_byte_add(i * stride))?;
        let name = caller.text("name", column.name, column.name_size)?;
        let data = if needed.is_none_or(|needed| needed.contains(&name)) {
            let data = read(caller, name, &column)?;
            data.check(name)?;
            data
        } else {
            let rows = usize::try_from(column.rows).unwrap_or(usize::MAX);
            ColumnValues::Null(rows).into()
        };
        push(&mut batch, (name.to_owned(), data))?;
    }
    Ok(batch)
}

fn malformed(name: &str, problem: &str) -> Fault {
    Fault::Core(Error::Malformed {
        column: name.to_owned(),
        problem: problem.to_owned(),
    })
}

/// A column with its dictionary.
fn read(caller: Caller<'_>, name: &str, column: &crm_column) -> Result<ColumnData, Fault> {
    let cells = cells(caller, name, column)?;
    if column.dictionary.is_null() {
        return Ok(cells);
    }
    let dictionary = caller.read("dictionary", column.dictionary)?;
    if !dictionary.dictionary.is_null() {
        return Err(malformed(name, "a dictionary of dictionaries"));
    }
    // An invalid index points past every dictionary, which is allowed under a null cell.
    let index = |key: Option<u32>| key.unwrap_or(u32::MAX);
    let keys = match &cells.values {
        ColumnValues::Int { values, .. } => {
            collect(values.iter().map(|key| index(u32::try_from(*key).ok())))
        }
        ColumnValues::Unsigned { values, .. } => {
            collect(values.iter().map(|key| index(u32::try_from(*key).ok())))
        }
        _ => Err(malformed(name, "the indices of a dictionary are integers")),
    }?;
    let values = self::cells(caller, name, &dictionary)?;
    Ok(ColumnData {
        values: ColumnValues::Dictionary {
            keys: keys.into(),
            values: Box::new(values),
        },
        valid: cells.valid,
    })
}

/// A column, without its dictionary.
fn cells(caller: Caller<'_>, name: &str, column: &crm_column) -> Result<ColumnData, Fault> {
    use crm_column_type as T;
    let rows = usize::try_from(column.rows)
        .map_err(|_| malformed(name, "it has more rows than memory can hold"))?;
    let values = Buffer {
        bytes: caller.bytes("values", column.values, column.values_size)?,
        column,
        name,
        what: "the values buffer is too short for the rows",
    };
    let int = |values: Vec<i64>, bits| ColumnValues::Int {
        values: values.into(),
        bits,
    };
    let unsigned = |values: Vec<u64>, bits| ColumnValues::Unsigned {
        values: values.into(),
        bits,
    };
    let time = |unit| -> Result<ColumnValues, Fault> {
        let zone = match column.zone.is_null() {
            true => None,
            false => Some(caller.text("zone", column.zone, -1)?.to_owned()),
        };
        Ok(ColumnValues::Time {
            values: values.cells(i64::from_ne_bytes)?.into(),
            unit,
            zone,
        })
    };
    let offsets = Buffer {
        bytes: caller.bytes("offsets", column.offsets, column.offsets_size)?,
        what: "the offsets buffer is too short for the rows",
        ..values
    };
    let is = |ty: T| ty as i32 == column.r#type;
    let values = match column.r#type {
        _ if is(T::CRM_COLUMN_NULL) => ColumnValues::Null(rows),
        _ if is(T::CRM_COLUMN_I8) => int(values.cells(|b| i8::from_ne_bytes(b).into())?, 8),
        _ if is(T::CRM_COLUMN_I16) => int(values.cells(|b| i16::from_ne_bytes(b).into())?, 16),
        _ if is(T::CRM_COLUMN_I32) => int(values.cells(|b| i32::from_ne_bytes(b).into())?, 32),
        _ if is(T::CRM_COLUMN_I64) => int(values.cells(i64::from_ne_bytes)?, 64),
        _ if is(T::CRM_COLUMN_U8) => unsigned(values.cells(|b| u8::from_ne_bytes(b).into())?, 8),
        _ if is(T::CRM_COLUMN_U16) => unsigned(values.cells(|b| u16::from_ne_bytes(b).into())?, 16),
        _ if is(T::CRM_COLUMN_U32) => unsigned(values.cells(|b| u32::from_ne_bytes(b).into())?, 32),
        _ if is(T::CRM_COLUMN_U64) => unsigned(values.cells(u64::from_ne_bytes)?, 64),
        _ if is(T::CRM_COLUMN_F32) => {
            ColumnValues::Float(values.cells(|b| f32::from_ne_bytes(b).into())?.into())
        }
        _ if is(T::CRM_COLUMN_F64) => ColumnValues::Float(values.cells(f64::from_ne_bytes)?.into()),
        _ if is(T::CRM_COLUMN_BOOL) => {
            let bools = values.cells(|[byte]: [u8; 1]| byte != 0)?;
            ColumnValues::Bool(Bits::from_bools(bools.into_iter())?)
        }
        _ if is(T::CRM_COLUMN_DECIMAL128) => ColumnValues::Decimal {
            values: values.cells(i128::from_le_bytes)?.into(),
            scale: i8::try_from(column.scale)
                .map_err(|_| malformed(name, "a decimal's scale is from -128 to 127"))?,
        },
        _ if is(T::CRM_COLUMN_DATE) => ColumnValues::Date(values.cells(i32::from_ne_bytes)?.into()),
        _ if is(T::CRM_COLUMN_TIME_S) => time(TimeUnit::Second)?,
        _ if is(T::CRM_COLUMN_TIME_MS) => time(TimeUnit::Millisecond)?,
        _ if is(T::CRM_COLUMN_TIME_US) => time(TimeUnit::Microsecond)?,
        _ if is(T::CRM_COLUMN_TIME_NS) => time(TimeUnit::Nanosecond)?,
        _ if is(T::CRM_COLUMN_UTF8) => {
            let offsets = offsets.many(rows.checked_add(1), i32::from_ne_bytes)?;
            ColumnValues::Text(Strings::Small(offsets.into(), values.copy()?.into()))
        }
        _ if is(T::CRM_COLUMN_LARGE_UTF8) => {
            let offsets = offsets.many(rows.checked_add(1), i64::from_ne_bytes)?;
            ColumnValues::Text(Strings::Large(offsets.into(), values.copy()?.into()))
        }
        _ if is(T::CRM_COLUMN_FIXED) => ColumnValues::Fixed {
            width: column.width as usize,
            bytes: values.fixed(rows, column.width as usize)?.into(),
        },
        _ => return Err(malformed(name, "its type is none of crm_column_type")),
    };
    let valid = match column.validity.is_null() {
        true => None,
        false => Some(validity(caller, name, column, rows)?),
    };
    Ok(ColumnData { values, valid })
}

/// The validity bits of a column, copied from the byte of its first cell on.
fn validity(
    caller: Caller<'_>,
    name: &str,
    column: &crm_column,
    rows: usize,
) -> Result<Bits, Fault> {
    let short = || malformed(name, "the validity buffer is too short for the rows");
    let bytes = caller.bytes("validity", column.validity, column.validity_size)?;
    let first = usize::try_from(column.offset / 8).map_err(|_| short())?;
    let skipped = (column.offset % 8) as usize;
    let end = rows.checked_add(skipped).ok_or_else(short)?.div_ceil(8);
    let bytes = bytes
        .get(first..)
        .and_then(|b| b.get(..end))
        .ok_or_else(short)?;
    Bits::new(copied(bytes)?.into(), skipped, rows).ok_or_else(short)
}

fn copied(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut vec = Vec::new();
    grow(&mut vec, bytes.len())?;
    vec.extend_from_slice(bytes);
    Ok(vec)
}

fn collect<T>(items: impl ExactSizeIterator<Item = T>) -> Result<Vec<T>, Fault> {
    let mut vec = Vec::new();
    grow(&mut vec, items.len())?;
    vec.extend(items);
    Ok(vec)
}

/// A buffer of a column, read from the column's offset on.
#[derive(Clone, Copy)]
struct Buffer<'a> {
    bytes: &'a [u8],
    column: &'a crm_column,
    name: &'a str,
    /// The message if it is too short.
    what: &'static str,
}

impl Buffer<'_> {
    /// The items of all rows.
    fn cells<T, const N: usize>(self, item: fn([u8; N]) -> T) -> Result<Vec<T>, Fault> {
        self.many(usize::try_from(self.column.rows).ok(), item)
    }

    fn many<T, const N: usize>(
        self,
        items: Option<usize>,
        item: fn([u8; N]) -> T,
    ) -> Result<Vec<T>, Fault> {
        let bytes = self.part(items, N)?;
        collect(bytes.as_chunks::<N>().0.iter().map(|bytes| item(*bytes)))
    }

    /// The bytes of `items` items of a width.
    fn part(&self, items: Option<usize>, width: usize) -> Result<&[u8], Fault> {
        let from = usize::try_from(self.column.offset)
            .ok()
            .and_then(|o| o.checked_mul(width));
        let len = items.and_then(|items| items.checked_mul(width));
        let part = from
            .zip(len)
            .and_then(|(from, len)| self.bytes.get(from..)?.get(..len));
        part.ok_or_else(|| malformed(self.name, self.what))
    }

    fn fixed(self, rows: usize, width: usize) -> Result<Vec<u8>, Fault> {
        if width == 0 || width > 1 << 16 {
            return Err(malformed(
                self.name,
                "the width of its cells is from 1 to 65536",
            ));
        }
        copied(self.part(Some(rows), width)?)
    }

    fn copy(self) -> Result<Vec<u8>, Fault> {
        copied(self.bytes)
    }
}
