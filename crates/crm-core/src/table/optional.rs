//! Columns of ids that may be null, of rates, and of values with their intervals.

use super::{Column, Field, Values};
use crate::context::collect;
use crate::error::{Error, Result};
use crate::ids::{Ids, NO_ID};
use crate::num::ratio::Ratio;
use std::sync::Arc;

/// A column of ids from codes, null where there is no code.
pub(crate) fn ids_column(field: &Field, ids: &Arc<Ids>, codes: Vec<u32>) -> Result<Column> {
    let valid = collect(codes.iter().map(|c| *c != NO_ID), "table column")?;
    let mut codes = codes;
    for code in &mut codes {
        if *code == NO_ID {
            *code = 0;
        }
    }
    let ids = ids.clone();
    Ok(Column::new(field, Values::Id { ids, codes }).with_validity(valid))
}

/// A rate's three columns: value and both ends of its interval.
pub(crate) fn rate_columns(fields: &[Field], rates: &[Ratio]) -> Result<Vec<Column>> {
    let [value, low, high] = fields else {
        return Err(Error::internal("a rate is three columns"));
    };
    Ok(vec![
        Column::floats(value, rates.iter().map(|r| r.value))?,
        Column::floats(low, rates.iter().map(|r| r.low))?,
        Column::floats(high, rates.iter().map(|r| r.high))?,
    ])
}

/// A value and both ends of its interval; what is not finite is not known.
pub(crate) fn known(interval: [f64; 3]) -> [Option<f64>; 3] {
    interval.map(|cell| Some(cell).filter(|cell| cell.is_finite()))
}

/// The three columns of a value and both ends of its interval.
pub(crate) fn interval_columns(
    fields: &[Field],
    cells: impl ExactSizeIterator<Item = [Option<f64>; 3]> + Clone,
) -> Result<Vec<Column>> {
    let column =
        |(at, field): (usize, &Field)| Column::floats(field, cells.clone().map(|cell| cell[at]));
    fields.iter().enumerate().map(column).collect()
}
