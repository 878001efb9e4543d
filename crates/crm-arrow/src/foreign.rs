//! Streams of other versions of arrow-rs, and of polars-arrow: by pointer.
//!
//! Two major versions of arrow-rs are different crates to Rust, so a `RecordBatch` of DataFusion, which
//! may be a version behind, is no `RecordBatch` here. Their streams are the same C struct, however:
//! `ArrowArrayStream` of the Arrow C stream interface, whose layout is fixed for ever. A pointer to it
//! goes from one version to the other, and no buffer is copied.

use crate::{Style, malformed, read_stream, to_stream};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use crm_core::columns::Batch;
use crm_core::{Context, Result, Table};
use std::ffi::c_void;

/// [`read_stream`] of a stream that any version of arrow-rs, or another program, has made.
///
/// ```
/// # use arrow_array::{Int64Array, RecordBatch, RecordBatchIterator};
/// # use arrow_array::ffi_stream::FFI_ArrowArrayStream;
/// # let ids: arrow_array::ArrayRef = std::sync::Arc::new(Int64Array::from(vec![3, 1]));
/// # let batch = RecordBatch::try_from_iter([("customer_id", ids)]).unwrap();
/// # let schema = batch.schema();
/// # let reader = RecordBatchIterator::new([Ok(batch)], schema);
/// // `FFI_ArrowArrayStream` and `reader` are of the arrow version of your program.
/// let mut stream = FFI_ArrowArrayStream::new(Box::new(reader));
/// let context = crm_core::Context::default();
/// // SAFETY: `stream` is an `ArrowArrayStream` that nobody else uses.
/// let columns = unsafe {
///     crm_arrow::read_stream_at((&raw mut stream).cast(), &["customer_id"], &context)?
/// };
/// assert_eq!(columns[0][0].1.type_name(), "int64");
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Safety
///
/// `stream` is null, or points to an `ArrowArrayStream` as the C stream interface defines it: released, or
/// with callbacks that keep to the interface. Nobody else uses it during the call. Afterwards it is
/// released, also on failure; dropping it is then right, and does nothing.
///
/// # Errors
///
/// Those of [`read_stream`]; [`Error::Malformed`](crm_core::Error::Malformed) for null.
pub unsafe fn read_stream_at(
    stream: *mut c_void,
    columns: &[&str],
    context: &Context,
) -> Result<Vec<Batch>> {
    if stream.is_null() {
        return Err(malformed("stream", "the pointer is NULL"));
    }
    // SAFETY: the caller's contract; `from_raw` moves the struct out and leaves a released one.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(stream.cast()) };
    read_stream(stream, columns, context)
}

/// [`to_stream`] into a struct of any version of arrow-rs, or of another program.
///
/// ```
/// # let orders = crm_core::Orders::builder(crm_core::Currency::JPY, crm_core::Zone::UTC)
/// #     .order("c1", "2026-01-05", 5_000).build()?;
/// # let data = crm_core::Dataset::Orders(&orders);
/// # let context = crm_core::Context::default();
/// # let table = crm_core::register::run("summary", &data, "", &context)?;
/// # use arrow_array::ffi_stream::{ArrowArrayStreamReader, FFI_ArrowArrayStream};
/// // `FFI_ArrowArrayStream` is of the arrow version of your program.
/// let mut stream = FFI_ArrowArrayStream::empty();
/// // SAFETY: `stream` is an `ArrowArrayStream` that may be overwritten.
/// unsafe { crm_arrow::write_stream_at(&table, crm_arrow::Style::default(), (&raw mut stream).cast())? };
/// let batch = ArrowArrayStreamReader::try_new(stream).unwrap().next().unwrap().unwrap();
/// assert_eq!(batch.num_rows(), 1);
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Safety
///
/// `out` is null, or points to memory for an `ArrowArrayStream`. What was there is overwritten and not released.
///
/// # Errors
///
/// Those of [`to_stream`]; [`Error::Malformed`](crm_core::Error::Malformed) for null. Nothing is written then.
pub unsafe fn write_stream_at(table: &Table, style: Style, out: *mut c_void) -> Result<()> {
    if out.is_null() {
        return Err(malformed("stream", "the pointer is NULL"));
    }
    let stream = to_stream(table, style)?;
    // SAFETY: the caller's contract: memory for the struct, whose layout C defines.
    unsafe { out.cast::<FFI_ArrowArrayStream>().write(stream) };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, Int64Array, RecordBatch, RecordBatchIterator};
    use std::sync::Arc;

    #[test]
    fn a_stream_is_consumed_by_pointer_whatever_becomes_of_it() {
        let context = Context::default();
        for (wanted, sound) in [("customer_id", true), ("gone", false)] {
            let ids: ArrayRef = Arc::new(Int64Array::from(vec![3, 1]));
            let batch = RecordBatch::try_from_iter([("customer_id", ids.clone())]).unwrap();
            let schema = batch.schema();
            let reader = RecordBatchIterator::new([Ok(batch)], schema);
            let mut stream = FFI_ArrowArrayStream::new(Box::new(reader));
            // SAFETY: a stream of this test.
            let read = unsafe { read_stream_at((&raw mut stream).cast(), &[wanted], &context) };
            assert_eq!(read.is_ok(), sound);
            assert!(stream.release().is_none());
            // SAFETY: a released stream.
            let again = unsafe { read_stream_at((&raw mut stream).cast(), &[wanted], &context) };
            assert!(again.unwrap_err().to_string().contains("released"));
            drop(read);
            assert_eq!(
                Arc::strong_count(&ids),
                1,
                "the stream and its batch are gone"
            );
        }
        // SAFETY: null is allowed.
        let null = unsafe { read_stream_at(std::ptr::null_mut(), &["a"], &context) };
        assert!(null.unwrap_err().to_string().contains("NULL"));
    }
}
