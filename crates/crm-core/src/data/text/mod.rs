//! Texts in cells: amounts and dates as people write them.

pub(crate) mod amounts;
pub(crate) mod cells;
pub(crate) mod dates;
