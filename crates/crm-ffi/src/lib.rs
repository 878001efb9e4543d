//! The C library: the exported functions of `include/crm.h`.
//!
//! This crate knows datasets, requests, tables and error codes, and no analysis by name.
//! `include/crm.h` is generated from this source.
//!
//! # Safety
//!
//! All exported functions have the same requirements. A pointer argument is NULL or points to a
//! valid, aligned value of its type for the whole call. Texts with a negative size end in a NUL. An
//! output is writable and overlaps nothing else. No thread writes to an input during the call.
//! Handles have no requirements: any 64 bits are checked.
#![allow(non_camel_case_types)]
#![allow(
    clippy::missing_safety_doc,
    reason = "the contract of every function is the one above"
)]

#[cfg(panic = "abort")]
compile_error!("libcrm must be built with panic = \"unwind\": its guard catches panics");

// The header has this order, which is the order of use; the blank lines keep rustfmt from sorting.
mod catalogue;

mod error;

mod job;

mod threads;

mod orders;

mod columns;

mod rows;

mod customers;

mod events;

mod pseudonym;

mod run;

mod table;

mod cells;

mod table_text;

mod arrow;

mod boundary;
mod handles;
mod memory;
mod panics;
mod reserve;
mod rows_json;
mod saved;

pub use arrow::*;
pub use boundary::crm_text;
pub use catalogue::*;
pub use cells::*;
pub use columns::{crm_column, crm_column_type};
pub use customers::*;
pub use error::{crm_error, crm_status, crm_status_t};
pub use events::*;
pub use job::*;
pub use orders::*;
pub use panics::count as panics_caught;
pub use pseudonym::*;
pub use rows::*;
pub use run::*;
pub use table::*;
pub use table_text::*;
pub use threads::*;

/// The number of open handles, for tests that look for leaks.
pub fn open_handles() -> usize {
    handles::open()
}
