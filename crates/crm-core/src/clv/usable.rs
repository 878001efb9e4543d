//! Rows that are outside the range of the models: a negative or missing number, recency above T,
//! spend below 0.
//!
//! A summary of real orders may have such rows (refunds above the day's purchases), and they must
//! not stop the results of the other rows. So for a `clv_summary` they are left out of a fit, null
//! in a prediction, and counted by column in the note `rows_left_out`. For any other table the
//! first such row is an error with row and column, unless `bad_rows` is `drop`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::json;

use crate::clv::frame::{Numbers, is_summary, or_nan};
use crate::clv::models::histories::History;
use crate::context::{filled, push};
use crate::data::BadRows;
use crate::error::Result;
use crate::table::Table;

/// The columns that an analysis reads besides `frequency` and, if present, `weight`.
#[derive(Clone, Copy)]
pub(crate) struct Reads {
    /// Whether it reads recency and T.
    pub(crate) times: bool,
    /// The least monetary_value accepted where frequency is above 0; `None` if the column is not
    /// read.
    pub(crate) least_spend: Option<f64>,
}

impl Reads {
    /// For models of purchases.
    pub(crate) const PURCHASES: Reads = Reads {
        times: true,
        least_spend: None,
    };
    /// For predictions of spend.
    pub(crate) const SPEND: Reads = Reads {
        times: false,
        least_spend: Some(0.0),
    };
    /// For the fit of spend, which has its own policy for spend not above 0.
    pub(crate) const ANY_SPEND: Reads = Reads {
        times: false,
        least_spend: Some(f64::MIN),
    };
    /// For predictions of value.
    pub(crate) const BOTH: Reads = Reads {
        times: true,
        least_spend: Some(0.0),
    };
}

/// The usable rows of a table.
pub(crate) struct Usable<'a> {
    pub(crate) table: Cow<'a, Table>,
    /// Their row numbers in the table; `None` if all rows are used.
    rows: Option<Vec<usize>>,
    all: usize,
    /// Rows left out, by the column that is out of range.
    left_out: BTreeMap<&'static str, u64>,
}

/// The policy for unusable rows: the option; by default `drop` for a `clv_summary` and `error` for
/// any other table.
pub(crate) fn policy(table: &Table, asked: Option<BadRows>) -> BadRows {
    asked.unwrap_or(match is_summary(table) {
        true => BadRows::Drop,
        false => BadRows::Error,
    })
}

impl<'a> Usable<'a> {
    pub(crate) fn new(table: &'a Table, bad_rows: Option<BadRows>, reads: Reads) -> Result<Self> {
        let mut usable = Usable {
            table: Cow::Borrowed(table),
            rows: None,
            all: table.len(),
            left_out: BTreeMap::new(),
        };
        if policy(table, bad_rows) == BadRows::Error {
            return Ok(usable);
        }
        let columns = Columns::new(table, reads)?;
        let mut rows = Vec::new();
        for row in 0..table.len() {
            match columns.fault(row) {
                Some(column) => *usable.left_out.entry(column).or_default() += 1,
                None => push(&mut rows, row, "rows")?,
            }
        }
        if rows.len() < table.len() {
            usable.table = Cow::Owned(table.take(&rows)?);
            usable.rows = Some(rows);
        }
        Ok(usable)
    }

    /// Values of the used rows spread over all rows; NaN where a row was left out.
    pub(crate) fn spread(&self, values: Vec<f64>) -> Result<Vec<f64>> {
        let Some(rows) = &self.rows else {
            return Ok(values);
        };
        let mut all = filled(self.all, f64::NAN, "predictions")?;
        for (row, value) in rows.iter().zip(values) {
            all[*row] = value;
        }
        Ok(all)
    }

    /// Adds the note `rows_left_out`: how many rows, by column.
    pub(crate) fn noted(&self, result: Table) -> Table {
        match self.rows {
            Some(_) => result.with_note("rows_left_out", json!(self.left_out)),
            None => result,
        }
    }
}

struct Columns<'a> {
    frequency: Numbers<'a>,
    /// recency and T.
    times: Option<(Numbers<'a>, Numbers<'a>)>,
    spend: Option<(Numbers<'a>, f64)>,
    weight: Option<Numbers<'a>>,
}

impl<'a> Columns<'a> {
    fn new(table: &'a Table, reads: Reads) -> Result<Self> {
        let times = || Ok((or_nan(table, "recency")?, or_nan(table, "T")?));
        let spend = |least| Ok((or_nan(table, "monetary_value")?, least));
        let weight = table.column("weight").map(|_| or_nan(table, "weight"));
        Ok(Columns {
            frequency: or_nan(table, "frequency")?,
            times: reads.times.then(times).transpose()?,
            spend: reads.least_spend.map(spend).transpose()?,
            weight: weight.transpose()?,
        })
    }

    /// The column that makes a row unusable.
    fn fault(&self, row: usize) -> Option<&'static str> {
        let x = self.frequency[row];
        if let Some((recency, age)) = &self.times
            && let Err(error) = History::checked(x, recency[row], age[row], row)
        {
            return ["frequency", "recency"]
                .into_iter()
                .find(|column| error.column() == Some(column))
                .or(Some("T"));
        }
        if !(x >= 0.0 && x.is_finite()) {
            return Some("frequency");
        }
        let taken = |value: f64, least: f64| value >= least && value.is_finite();
        if let Some((spend, least)) = &self.spend
            && x > 0.0
            && !taken(spend[row], *least)
        {
            return Some("monetary_value");
        }
        let weight = self.weight.as_ref().map_or(1.0, |weight| weight[row]);
        (!taken(weight, 0.0)).then_some("weight")
    }
}
