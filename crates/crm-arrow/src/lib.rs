//! Conversion between Arrow and the core: input columns and result tables.
//!
//! Both bindings and Rust programs with Arrow or DataFusion use this crate. The core does not
//! depend on Arrow, so Arrow's releases do not affect it.
//!
//! *Input*: [`read_batches`] and [`read_stream`] give the columns requested by name and read no
//! others, so an unrelated column of an unsupported type does no harm. Buffers of a core type
//! (`int64`, `uint64`, `float64`, `decimal128`, `utf8`, `large_utf8`, timestamps, `date32`, `bool`,
//! fixed-size binary, dictionaries with 32-bit keys) are kept by reference; other types are widened
//! into new buffers. Everything that can be checked is checked before the first value is read.
//!
//! *Output*: [`to_record_batch`] and [`to_stream`].
//!
//! *Other versions of arrow* (DataFusion), and polars: [`read_stream_at`] and [`write_stream_at`] take a pointer to
//! the struct of the Arrow C stream interface, which is the same in all versions. [`arrow_array`] is the version of
//! this crate.
//!
//! ```
//! use arrow_array::{ArrayRef, Int16Array, RecordBatch};
//! use std::sync::Arc;
//!
//! let ids: ArrayRef = Arc::new(Int16Array::from(vec![3, 1]));
//! let batch = RecordBatch::try_from_iter([("customer_id", ids)]).unwrap();
//! let columns = crm_arrow::read_batches(&[batch], &["customer_id"])?;
//! assert_eq!(columns[0][0].0, "customer_id");
//! assert_eq!(columns[0][0].1.type_name(), "int16");
//! # Ok::<(), crm_core::Error>(())
//! ```

mod c_array;
mod column;
mod foreign;
mod format;
mod import;
mod table;

/// The version of arrow whose types this crate takes and gives.
pub use arrow_array;
pub use column::{read_array, read_batches, read_columns};
pub use foreign::{read_stream_at, write_stream_at};
pub use import::{read_column, read_column_stream, read_stream, read_struct};
pub use table::{Money, Style, to_record_batch, to_stream};

use crm_core::{Error, Result};

/// An empty vector with room for `capacity` items; an error where `Vec::with_capacity` would abort
/// the host.
fn room<T>(capacity: usize, what: &'static str) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(capacity)
        .map_err(|_| Error::OutOfMemory {
            what,
            bytes: capacity.saturating_mul(size_of::<T>()),
        })?;
    Ok(vec)
}

/// Collects an exactly sized iterator.
fn collect<T>(items: impl ExactSizeIterator<Item = T>, what: &'static str) -> Result<Vec<T>> {
    let mut vec = room(items.len(), what)?;
    vec.extend(items);
    Ok(vec)
}

/// The error for a requested column that is missing.
fn missing(column: &str, available: Vec<String>) -> Error {
    let meant = crm_core::nearest(column, &available).map(str::to_owned);
    Error::MissingColumn {
        column: column.to_owned(),
        available,
        meant,
    }
}

fn malformed(column: &str, problem: &str) -> Error {
    Error::Malformed {
        column: column.to_owned(),
        problem: problem.to_owned(),
    }
}
