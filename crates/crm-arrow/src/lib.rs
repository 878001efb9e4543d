//! Arrow columns in, Arrow tables out.
//!
//! The one place where the core's columns and Arrow meet, used by both bindings and by Rust
//! programs on Arrow or DataFusion; Arrow's releases stay out of the core this way.
//!
//! *In*: [`read_batches`] and [`read_stream`] give the columns that are asked for by name, and
//! look at no other: one unrelated column of an odd type must not spoil an import. Buffers already
//! of a core type (`int64`, `uint64`, `float64`, `decimal128`, `utf8`, `large_utf8`, timestamps,
//! `date32`, `bool`, fixed-size binary, dictionaries with 32-bit keys) are kept by reference,
//! everything else is widened into new ones. Everything that can be checked is checked before the
//! first value is read.
//!
//! *Out*: [`to_record_batch`] and [`to_stream`].
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
mod format;
mod import;
mod table;

pub use column::{read_array, read_batches, read_columns};
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

/// What an exactly sized iterator yields.
fn collect<T>(items: impl ExactSizeIterator<Item = T>, what: &'static str) -> Result<Vec<T>> {
    let mut vec = room(items.len(), what)?;
    vec.extend(items);
    Ok(vec)
}

/// The error for a column that was asked for and is not there.
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
