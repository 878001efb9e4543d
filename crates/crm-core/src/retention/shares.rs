//! Shares with their intervals as columns.

use crate::error::Result;
use crate::num::ratio::Ratio;
use crate::table::{Column, Field};

/// The three columns of a share: value, low, high.
pub(super) fn share_columns(fields: &[Field; 3], shares: &[Ratio]) -> Result<[Column; 3]> {
    Ok([
        Column::floats(&fields[0], shares.iter().map(|s| s.value))?,
        Column::floats(&fields[1], shares.iter().map(|s| s.low))?,
        Column::floats(&fields[2], shares.iter().map(|s| s.high))?,
    ])
}
