//! A value per distinct pair of two columns, computed when first asked for.

use crate::clv::codes::{encode, filled};
use crate::error::Result;

/// Lazily computed values of pairs. Falls back to computing every time where the grid of pairs
/// would be larger than a few times the column.
pub(crate) struct Pairs {
    first: Vec<u32>,
    second: Vec<u32>,
    width: usize,
    value: Vec<f64>,
}

impl Pairs {
    /// Encodes the columns, which are of equal length.
    pub(crate) fn new(first: &[f64], second: &[f64]) -> Result<Self> {
        let (one, two) = (encode(first)?, encode(second)?);
        let width = two.values.len();
        let grid = one.values.len().saturating_mul(width);
        let worth = grid <= 4 * first.len() + 4096;
        Ok(Self {
            first: one.code,
            second: two.code,
            width,
            value: filled(if worth { grid } else { 0 }, f64::NAN, "predictions")?,
        })
    }

    /// The value of a row's pair.
    pub(crate) fn value(&mut self, row: usize, compute: impl FnOnce() -> f64) -> f64 {
        let at = self.first[row] as usize * self.width + self.second[row] as usize;
        match self.value.get_mut(at) {
            None => compute(),
            Some(known) => {
                if known.is_nan() {
                    *known = compute();
                }
                *known
            }
        }
    }
}
