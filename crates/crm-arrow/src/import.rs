//! Import of Arrow C streams with checks.
//!
//! The interface has no lengths of buffers, so the producer must size them as Arrow requires.
//! Everything else is checked before it is used: pointers, counts, formats, the last offset. Then
//! the array passes Arrow's full validation. (Arrow's own import checks none of this and reads
//! through a NULL offsets buffer.)
//!
//! Children are imported one by one; columns that are not requested are not read. A child is read
//! in place and keeps the whole array alive: Arrow allows moving children out of their parent, but
//! some producers' children do not outlive it.

use crate::c_array::{Array, extent, import, pointed};
use crate::column::read_validated;
use crate::format::{Schema, data_type, text};
use crate::{malformed, missing};
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_data::ArrayData;
use arrow_schema::DataType;
use crm_core::columns::Batch;
use crm_core::{Context, Error, Result};
use std::sync::Arc;

/// The column name in errors about the whole stream.
const STREAM: &str = "stream";

/// The columns of these names from each array of the stream, in the order of `columns`. There is at
/// least one batch, so that the types are known. The stream is consumed, also on failure.
///
/// # Errors
///
/// Those of [`read_batches`](crate::read_batches), and [`Error::Malformed`] for a violation of the
/// C stream interface or an error of the producer (its message is not repeated, because it may
/// contain data).
pub fn read_stream(
    mut stream: FFI_ArrowArrayStream,
    columns: &[&str],
    context: &Context,
) -> Result<Vec<Batch>> {
    let (get_schema, get_next) = callbacks(&stream)?;
    let schema = schema_of(&mut stream, get_schema)?;
    let wanted = locate(raw_schema(&schema), columns)?;

    let mut batches = Vec::new();
    while let Some(owner) = next_array(&mut stream, get_next, context)? {
        batches.push(batch(raw_array(&owner), &wanted, &owner)?);
    }
    if batches.is_empty() {
        let empty = wanted.iter().map(|column| {
            let array = ArrayData::new_empty(&column.data_type);
            Ok((column.name.clone(), read_validated(&column.name, &array)?))
        });
        batches.push(empty.collect::<Result<_>>()?);
    }
    Ok(batches)
}

/// The columns of these names from one struct array (a record batch).
///
/// # Errors
///
/// As [`read_stream`].
pub fn read_struct(
    schema: &FFI_ArrowSchema,
    array: FFI_ArrowArray,
    columns: &[&str],
) -> Result<Batch> {
    let wanted = locate(raw_schema(schema), columns)?;
    let owner = unreleased(array)?;
    batch(raw_array(&owner), &wanted, &owner)
}

/// One column as a stream of arrays of a plain type (a chunked array), named `name` in errors. The
/// stream is consumed, also on failure.
///
/// # Errors
///
/// As [`read_stream`].
pub fn read_column_stream(
    mut stream: FFI_ArrowArrayStream,
    name: &str,
    context: &Context,
) -> Result<Vec<ArrayData>> {
    let (get_schema, get_next) = callbacks(&stream)?;
    let schema = schema_of(&mut stream, get_schema)?;
    let data_type = data_type(name, raw_schema(&schema))?;
    let mut arrays = Vec::new();
    while let Some(owner) = next_array(&mut stream, get_next, context)? {
        arrays.push(import(name, &data_type, raw_array(&owner), &owner)?);
    }
    if arrays.is_empty() {
        arrays.push(ArrayData::new_empty(&data_type));
    }
    Ok(arrays)
}

/// One array of a plain type, named `name` in errors.
///
/// # Errors
///
/// As [`read_stream`].
pub fn read_column(
    schema: &FFI_ArrowSchema,
    array: FFI_ArrowArray,
    name: &str,
) -> Result<ArrayData> {
    let data_type = data_type(name, raw_schema(schema))?;
    let owner = unreleased(array)?;
    import(name, &data_type, raw_array(&owner), &owner)
}

type GetSchema = unsafe extern "C" fn(*mut FFI_ArrowArrayStream, *mut FFI_ArrowSchema) -> i32;
type GetNext = unsafe extern "C" fn(*mut FFI_ArrowArrayStream, *mut FFI_ArrowArray) -> i32;

/// The callbacks of a stream, which must not be released.
fn callbacks(stream: &FFI_ArrowArrayStream) -> Result<(GetSchema, GetNext)> {
    match (stream.get_schema(), stream.get_next(), stream.release()) {
        (Some(get_schema), Some(get_next), Some(_)) => Ok((get_schema, get_next)),
        _ => Err(malformed(
            STREAM,
            "the stream is released or has no callbacks",
        )),
    }
}

fn schema_of(stream: &mut FFI_ArrowArrayStream, get_schema: GetSchema) -> Result<FFI_ArrowSchema> {
    let mut schema = FFI_ArrowSchema::empty();
    // SAFETY: the stream is unreleased (its callbacks were just found) and lent mutably to its own
    // callback; `schema` is a writable, empty schema.
    match unsafe { get_schema(stream, &mut schema) } {
        0 => Ok(schema),
        status => Err(producer(status)),
    }
}

fn next_array(
    stream: &mut FFI_ArrowArrayStream,
    get_next: GetNext,
    context: &Context,
) -> Result<Option<Arc<FFI_ArrowArray>>> {
    context.check()?;
    let mut array = FFI_ArrowArray::empty();
    // SAFETY: as for the schema.
    match unsafe { get_next(stream, &mut array) } {
        0 if array.is_released() => Ok(None),
        0 => Ok(Some(Arc::new(array))),
        status => Err(producer(status)),
    }
}

fn unreleased(array: FFI_ArrowArray) -> Result<Arc<FFI_ArrowArray>> {
    match array.is_released() {
        true => Err(malformed(STREAM, "the array is released")),
        false => Ok(Arc::new(array)),
    }
}

fn raw_schema(schema: &FFI_ArrowSchema) -> &Schema {
    // SAFETY: both are `struct ArrowSchema`, laid out by C; their sizes are compared where
    // `Schema` is defined.
    unsafe { &*std::ptr::from_ref(schema).cast() }
}

fn raw_array(array: &FFI_ArrowArray) -> &Array {
    // SAFETY: as above, for `struct ArrowArray`.
    unsafe { &*std::ptr::from_ref(array).cast() }
}

fn producer(status: i32) -> Error {
    malformed(
        STREAM,
        &format!(
            "its producer reported error {status}; the message is not repeated here because it may hold data"
        ),
    )
}

/// A requested column.
pub(crate) struct Wanted {
    pub(crate) name: String,
    /// Its index among the children.
    pub(crate) at: usize,
    pub(crate) data_type: DataType,
}

fn locate(root: &Schema, columns: &[&str]) -> Result<Vec<Wanted>> {
    let broken = |problem| malformed(STREAM, problem);
    if root.release.is_none() {
        return Err(broken("the schema is released"));
    }
    if text(root.format) != Some("+s") {
        return Err(broken("the top-level type is not struct"));
    }
    let count =
        usize::try_from(root.n_children).map_err(|_| broken("negative count of children"))?;
    let mut children = Vec::new();
    for at in 0..count {
        let child = pointed(root.children, at).ok_or_else(|| broken("a child schema is NULL"))?;
        children.push((text(child.name), child));
    }
    columns
        .iter()
        .map(|name| {
            let mut found = (0..count).filter(|at| children[*at].0 == Some(name));
            let at = found.next().ok_or_else(|| {
                let names = children.iter().filter_map(|(name, _)| *name);
                missing(name, names.map(str::to_owned).collect())
            })?;
            if found.next().is_some() {
                return Err(malformed(
                    name,
                    "there is more than one column of this name",
                ));
            }
            Ok(Wanted {
                name: (*name).to_owned(),
                at,
                data_type: data_type(name, children[at].1)?,
            })
        })
        .collect()
}

pub(crate) fn batch(root: &Array, wanted: &[Wanted], owner: &Arc<FFI_ArrowArray>) -> Result<Batch> {
    let broken = |problem| malformed(STREAM, problem);
    let (length, offset) = extent(STREAM, root)?;
    if root.null_count != 0 && has_nulls(root, length, offset) {
        return Err(broken("rows of the table itself are null"));
    }
    let count = usize::try_from(root.n_children).unwrap_or(0);
    wanted
        .iter()
        .map(|column| {
            let child = (column.at < count)
                .then(|| pointed(root.children, column.at))
                .flatten()
                .ok_or_else(|| malformed(&column.name, "the array has no such child"))?;
            let array = import(&column.name, &column.data_type, child, owner)?;
            if array.len() < offset + length {
                return Err(malformed(
                    &column.name,
                    "the column is shorter than its table",
                ));
            }
            let array = array.slice(offset, length);
            Ok((column.name.clone(), read_validated(&column.name, &array)?))
        })
        .collect()
}

/// Whether the root's bitmap has a null. Some producers leave the null count at -1.
fn has_nulls(root: &Array, length: usize, offset: usize) -> bool {
    if root.n_buffers < 1 {
        return false;
    }
    pointed(root.buffers.cast::<*const u8>(), 0).is_some_and(|first: &u8| {
        let bits = std::ptr::from_ref(first);
        // SAFETY: a bitmap, where there is one, has a bit for each row.
        (offset..offset + length).any(|i| unsafe { *bits.add(i / 8) } >> (i % 8) & 1 == 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array as _;
    use arrow_array::types::Int8Type;
    use arrow_array::{
        ArrayRef, BooleanArray, Int64Array, ListArray, RecordBatch, RecordBatchIterator,
        StringArray,
    };
    use arrow_buffer::BooleanBuffer;
    use arrow_schema::Field;
    use crm_core::columns::{ColumnData, ColumnValues};
    use std::ffi::c_char;

    /// A stream that counts its releases and whose callbacks return the test's status.
    mod counted {
        use super::*;
        use std::sync::atomic::{AtomicUsize, Ordering};

        pub(super) struct State {
            pub(super) released: Arc<AtomicUsize>,
            pub(super) status: i32,
        }

        unsafe extern "C" fn schema(s: *mut FFI_ArrowArrayStream, _: *mut FFI_ArrowSchema) -> i32 {
            // SAFETY: `private_data` is the state below.
            unsafe { (*(*s).private_data().cast::<State>()).status }
        }

        unsafe extern "C" fn next(_: *mut FFI_ArrowArrayStream, _: *mut FFI_ArrowArray) -> i32 {
            0
        }

        unsafe extern "C" fn error(_: *mut FFI_ArrowArrayStream) -> *const c_char {
            std::ptr::null()
        }

        unsafe extern "C" fn release(s: *mut FFI_ArrowArrayStream) {
            // SAFETY: `private_data` is the box below, taken back once: `release` is unset after.
            unsafe {
                let state = Box::from_raw((*s).private_data().cast::<State>());
                state.released.fetch_add(1, Ordering::Relaxed);
                (*s).set_release(None);
            }
        }

        pub(super) fn stream(state: State) -> FFI_ArrowArrayStream {
            let state = Box::into_raw(Box::new(state)).cast();
            // SAFETY: the callbacks above rely on `state` alone, freed once by `release`.
            unsafe {
                FFI_ArrowArrayStream::new_unchecked(
                    Some(schema),
                    Some(next),
                    Some(error),
                    Some(release),
                    state,
                )
            }
        }
    }

    #[test]
    fn a_stream_is_released_once_on_every_path() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        // A producer's error, and a schema that was never filled in.
        for (status, expected) in [
            (5, "its producer reported error 5"),
            (0, "the schema is released"),
        ] {
            let released = Arc::new(AtomicUsize::new(0));
            let stream = counted::stream(counted::State {
                released: released.clone(),
                status,
            });
            let error = read_stream(stream, &["x"], &Context::default()).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert_eq!(released.load(Ordering::Relaxed), 1);
        }
        let error = read_stream(FFI_ArrowArrayStream::empty(), &[], &Context::default());
        assert!(error.unwrap_err().to_string().contains("released"));
    }

    #[test]
    fn columns_nobody_asked_for_are_not_looked_at() {
        let list = ListArray::from_iter_primitive::<Int8Type, _, _>([Some([Some(1)])]);
        let ids = Int64Array::from(vec![7]);
        let columns: [(&str, ArrayRef); 2] = [("basket", Arc::new(list)), ("id", Arc::new(ids))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let stream = || {
            let batches = RecordBatchIterator::new([Ok(batch.clone())], batch.schema());
            FFI_ArrowArrayStream::new(Box::new(batches))
        };
        let batches = read_stream(stream(), &["id"], &Context::default()).unwrap();
        assert_eq!(batches[0][0].1.type_name(), "int64");
        let error = read_stream(stream(), &["basket"], &Context::default()).unwrap_err();
        assert!(
            error.to_string().contains("`basket` is of type list"),
            "{error}"
        );
        let error = read_stream(stream(), &["ID2"], &Context::default()).unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("did you mean `id`?"));
    }

    /// A record batch whose parent array starts at `offset` and has `len` rows, as exported by a
    /// producer that slices only the parent.
    fn sliced_root(
        columns: &[(&str, ArrayRef)],
        offset: usize,
        len: usize,
        valid: Option<&[bool]>,
    ) -> (FFI_ArrowSchema, FFI_ArrowArray) {
        let fields: Vec<Field> = columns
            .iter()
            .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
            .collect();
        let data_type = DataType::Struct(fields.into());
        let data = ArrayData::builder(data_type.clone())
            .offset(offset)
            .len(len)
            .null_bit_buffer(valid.map(|v| BooleanBuffer::from(v).into_inner()))
            .child_data(columns.iter().map(|(_, array)| array.to_data()).collect())
            .build()
            .unwrap();
        let schema = FFI_ArrowSchema::try_from(&data_type).unwrap();
        (schema, FFI_ArrowArray::new(&data))
    }

    fn bools(column: &ColumnData) -> Vec<Option<bool>> {
        let ColumnValues::Bool(bits) = &column.values else {
            panic!("not bool")
        };
        (0..column.len())
            .map(|i| column.is_valid(i).then(|| bits.is_set(i)))
            .collect()
    }

    /// Rows 5 to 24 of 30, so that every bitmap starts inside one byte and ends inside another.
    #[test]
    fn the_offset_of_the_table_is_that_of_every_column() {
        let n = 30;
        let ids: Vec<Option<i64>> = (0..n).map(|i| (i % 7 != 3).then_some(100 + i)).collect();
        let flags: Vec<Option<bool>> = (0..n).map(|i| (i % 5 != 2).then_some(i % 3 == 0)).collect();
        let names: Vec<Option<String>> = (0..n)
            .map(|i| (i % 4 != 1).then(|| format!("name {i}")))
            .collect();
        // A child with its own offset below the table's offset.
        let padded: Vec<Option<i64>> = [Some(-1), None, Some(-2)]
            .into_iter()
            .chain(ids.clone())
            .collect();
        let own: ArrayRef = Arc::new(Int64Array::from(padded).slice(3, n as usize));
        let columns: [(&str, ArrayRef); 4] = [
            ("id", Arc::new(Int64Array::from(ids.clone()))),
            ("flag", Arc::new(BooleanArray::from(flags.clone()))),
            ("name", Arc::new(StringArray::from(names.clone()))),
            ("own", own),
        ];
        let (offset, len) = (5, 20);
        let (schema, array) = sliced_root(&columns, offset, len, None);
        let batch = read_struct(&schema, array, &["name", "flag", "id", "own"]).unwrap();
        let shown = &(0..len).map(|i| i + offset).collect::<Vec<_>>();
        let ColumnValues::Text(texts) = &batch[0].1.values else {
            panic!("not text")
        };
        let found: Vec<Option<String>> = (0..len)
            .map(|i| {
                let text = String::from_utf8(texts.bytes(i).to_vec()).unwrap();
                batch[0].1.is_valid(i).then_some(text)
            })
            .collect();
        assert_eq!(
            found,
            shown.iter().map(|i| names[*i].clone()).collect::<Vec<_>>()
        );
        assert_eq!(
            bools(&batch[1].1),
            shown.iter().map(|i| flags[*i]).collect::<Vec<_>>()
        );
        for (_, column) in &batch[2..] {
            let ColumnValues::Int { values, .. } = &column.values else {
                panic!("not int64")
            };
            let found: Vec<_> = (0..len)
                .map(|i| column.is_valid(i).then(|| values[i]))
                .collect();
            assert_eq!(found, shown.iter().map(|i| ids[*i]).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_table_that_has_fewer_columns_than_its_schema_says_is_refused() {
        for count in [0, -1, i64::MIN] {
            let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..3));
            let (schema, mut array) = sliced_root(&[("id", ids)], 0, 3, None);
            let raw = std::ptr::from_mut(&mut array).cast::<Array>();
            // SAFETY: `Array` is laid out as the interface says; its release relies on
            // `private_data` alone.
            unsafe { (*raw).n_children = count };
            let wanted = locate(raw_schema(&schema), &["id"]).unwrap();
            let owner = Arc::new(array);
            let error = batch(raw_array(&owner), &wanted, &owner).unwrap_err();
            assert!(error.to_string().contains("no such child"), "{error}");
        }
    }

    #[test]
    fn a_column_that_ends_before_its_table_is_refused() {
        let column = |n: i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values(0..n)) };
        // Built whole, then the child's length is shortened, because the builder would refuse it.
        let (schema, array) = sliced_root(&[("id", column(9))], 2, 7, None);
        assert_eq!(read_struct(&schema, array, &["id"]).unwrap()[0].1.len(), 7);
        let (schema, mut array) = sliced_root(&[("id", column(9))], 2, 7, None);
        // SAFETY: `Array` is laid out as the interface says; only the table's length is changed.
        unsafe { (*std::ptr::from_mut(&mut array).cast::<Array>()).length = 8 };
        let error = read_struct(&schema, array, &["id"]).unwrap_err();
        assert!(
            error.to_string().contains("shorter than its table"),
            "{error}"
        );
    }

    /// Null rows of the table are refused only inside the table's own slice.
    #[test]
    fn the_tables_own_bitmap_is_read_at_its_offset() {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..20));
        let read = |null_at: usize, unknown_count: bool| {
            let valid: Vec<bool> = (0..20).map(|i| i != null_at).collect();
            // Exported whole, then cut, because a builder drops a bitmap without a null in its
            // slice.
            let (schema, mut array) = sliced_root(&[("id", ids.clone())], 0, 20, Some(&valid));
            // SAFETY: `Array` is laid out as the interface says, which allows -1 for unknown.
            let raw = unsafe { &mut *std::ptr::from_mut(&mut array).cast::<Array>() };
            (raw.offset, raw.length) = (9, 8);
            if unknown_count {
                raw.null_count = -1;
            }
            read_struct(&schema, array, &["id"])
        };
        for null_at in 0..20 {
            let inside = (9..17).contains(&null_at);
            assert_eq!(read(null_at, false).is_err(), inside, "row {null_at}");
            assert_eq!(read(null_at, true).is_err(), inside, "row {null_at}");
        }
    }

    #[test]
    fn a_stream_without_batches_still_has_types() {
        let schema = Arc::new(arrow_schema::Schema::new(vec![Field::new(
            "id",
            DataType::Utf8,
            true,
        )]));
        let batches = RecordBatchIterator::new([], schema);
        let stream = FFI_ArrowArrayStream::new(Box::new(batches));
        let batches = read_stream(stream, &["id"], &Context::default()).unwrap();
        assert_eq!(batches[0][0].1.type_name(), "text");
        assert!(batches[0][0].1.is_empty());
    }
}
