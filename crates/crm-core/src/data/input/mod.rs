//! What came in: columns found by name, cells read to numbers, instants and words.

pub(crate) mod batches;
pub(crate) mod caller_table;
pub(crate) mod parse;
pub(crate) mod persons;
pub(crate) mod pseudonyms;
mod stacked;
mod times;
pub(crate) mod truths;
