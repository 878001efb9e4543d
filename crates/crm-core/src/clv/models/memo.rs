//! Memoised values per distinct value of a column, or per distinct pair of two columns.

use crate::context::filled;
use crate::error::Result;
use crate::num::distinct::encode;

/// A memo with one entry per distinct value of a column.
pub(crate) struct Once {
    code: Vec<u32>,
    value: Vec<f64>,
}

impl Once {
    /// Encodes the column.
    pub(crate) fn new(column: &[f64]) -> Result<Self> {
        let codes = encode(column)?;
        Ok(Self {
            value: filled(codes.values.len(), f64::NAN, "predictions")?,
            code: codes.code,
        })
    }

    /// The memoised value for a row.
    pub(crate) fn value(&mut self, row: usize, compute: impl FnOnce() -> f64) -> f64 {
        let known = &mut self.value[self.code[row] as usize];
        if known.is_nan() {
            *known = compute();
        }
        *known
    }
}

/// Pairs of two columns as cells of a grid of their distinct values.
pub(crate) struct Grid {
    /// Distinct values of the first column, ascending.
    pub(crate) first: Vec<f64>,
    /// Distinct values of the second column, ascending.
    pub(crate) second: Vec<f64>,
    first_code: Vec<u32>,
    second_code: Vec<u32>,
}

impl Grid {
    /// Encodes the columns, which are of equal length.
    pub(crate) fn new(first: &[f64], second: &[f64]) -> Result<Self> {
        let (one, two) = (encode(first)?, encode(second)?);
        Ok(Self {
            first: one.values,
            second: two.values,
            first_code: one.code,
            second_code: two.code,
        })
    }

    /// Number of cells.
    pub(crate) fn len(&self) -> usize {
        self.first.len().saturating_mul(self.second.len())
    }

    /// Whether a value per cell is worth its memory.
    pub(crate) fn worth(&self) -> bool {
        self.len() <= 4 * self.first_code.len() + 4096
    }

    /// The cell of a row: code of the second column times the number of first values, plus code of
    /// the first.
    pub(crate) fn cell(&self, row: usize) -> usize {
        self.second_code[row] as usize * self.first.len() + self.first_code[row] as usize
    }
}

/// A memo with one entry per pair. Where the grid of pairs would be much larger than the columns,
/// nothing is stored and each call computes.
pub(crate) struct Pairs {
    grid: Grid,
    value: Vec<f64>,
}

impl Pairs {
    /// Encodes the columns, which are of equal length.
    pub(crate) fn new(first: &[f64], second: &[f64]) -> Result<Self> {
        let grid = Grid::new(first, second)?;
        let cells = if grid.worth() { grid.len() } else { 0 };
        Ok(Self {
            value: filled(cells, f64::NAN, "predictions")?,
            grid,
        })
    }

    /// The value for a row's pair.
    pub(crate) fn value(&mut self, row: usize, compute: impl FnOnce() -> f64) -> f64 {
        match self.value.get_mut(self.grid.cell(row)) {
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
