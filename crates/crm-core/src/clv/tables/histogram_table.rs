//! The table of a histogram: `frequency_histogram` and `bgbb_histogram`.

use crate::context::collect;
use crate::error::{Error, Result};
use crate::table::{Column, Field, Table, Values};

/// A row for each number of purchases `0, 1, …`, with the actual and the expected customers; with
/// `or_more` the last row includes more frequent customers.
pub(super) fn histogram_table(
    fields: &[Field],
    actual: &[f64],
    expected: &[f64],
    or_more: bool,
) -> Result<Table> {
    let [f_n, f_or_more, f_actual, f_expected] = fields else {
        return Err(Error::internal("columns of a histogram"));
    };
    let rows = 0..actual.len();
    let last = rows.clone().map(|n| or_more && n + 1 == actual.len());
    Ok(Table::new(vec![
        Column::ints(f_n, rows.map(|n| Some(n as i32)))?,
        Column::new(f_or_more, Values::Bool(collect(last, "histogram")?)),
        Column::floats(f_actual, actual.iter().map(|v| Some(*v)))?,
        Column::floats(f_expected, expected.iter().map(|v| Some(*v)))?,
    ]))
}
