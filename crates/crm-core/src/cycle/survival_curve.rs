//! The Kaplan-Meier curve of durations that are there already, in a table: contracts, carts, tickets,
//! gaps found elsewhere.
//!
//! | column | |
//! |---|---|
//! | `duration` | how long it took, or how long it has lasted so far; at least 0, in any unit |
//! | `observed` | true where it ended in the event, false where it is still open; without the column all ended |
//! | `weight` | how many such rows this one stands for, a whole number from 1; without the column 1 |
//!
//! The estimate is that of [`crate::num::survival`], with Greenwood's variance: rows stand alone. Gaps
//! of customers depend on each other; [`kaplan_meier`](super::gap_curve) finds them in the orders and
//! clusters them. Counts are exact, so the order of rows does not matter.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::gap_curve::{AT_RISK, SURVIVAL, SURVIVAL_HIGH, SURVIVAL_LOW, columns_of, quantiles};
use crate::analysis::Analysis;
use crate::context::{collect, filled};
use crate::num::survival::{self, Curve, Rows};
use crate::table::{Column, Field, Type, Values};
use crate::{Context, Error, Fraction, Result, Scope, Table};

/// Options of the analysis `survival_curve`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Confidence level of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            confidence: super::gap_curve::Options::default().confidence,
        }
    }
}

/// The analysis `survival_curve`.
///
/// ```
/// use crm_core::data::{Batch, ColumnValues};
/// use crm_core::{Context, Dataset, Table, analysis};
/// let batch: Batch = vec![
///     ("duration".into(), ColumnValues::Float(vec![10.0, 20.0, 20.0, 40.0].into()).into()),
///     ("observed".into(), ColumnValues::Int { values: vec![1, 1, 0, 0].into(), bits: 64 }.into()),
/// ];
/// let contracts = Table::from_batch(&batch, &Context::default())?;
/// let curve = analysis::run("survival_curve", &Dataset::Table(&contracts), "", &Context::default())?;
/// assert_eq!(curve.len(), 3);
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug)]
pub struct SurvivalCurve;

impl Analysis for SurvivalCurve {
    const NAME: &'static str = "survival_curve";
    const SUMMARY: &'static str =
        "Share of durations longer than t, open ones censored, of a table";
    const JA: &'static str = "生存曲線";
    const COLUMNS: &'static [Field] = &[
        Field::new(
            "duration",
            Type::Float,
            "",
            "経過時間",
            "A duration that occurs.",
        ),
        AT_RISK,
        Field::new(
            "events",
            Type::Float,
            "",
            "発生数",
            "Weight of those that ended just then.",
        ),
        SURVIVAL,
        SURVIVAL_LOW,
        SURVIVAL_HIGH,
    ];
    const OPTIONAL: &'static [&'static str] = &["observed", "weight"];
    type Data = Table;
    type Options = Options;

    fn run(data: &Table, _: &Scope, options: &Options, _: &Context) -> Result<Table> {
        let curve = match of_days(data, options.confidence)? {
            Some(curve) => curve,
            None => of_any(data, options.confidence)?,
        };
        let times = Column::floats(&Self::COLUMNS[0], curve.times.iter().map(|t| Some(*t)))?;
        let table = Table::new(columns_of(Self::COLUMNS, times, &curve)?);
        Ok(table.with_note("quantiles", quantiles(&curve)))
    }
}

/// Whole days that count once each are counted where they are.
fn of_days(data: &Table, level: Fraction) -> Result<Option<Curve>> {
    let column = data.column("duration");
    let column = column.filter(|column| column.validity().is_none());
    match (column.map(Column::values), data.column("weight")) {
        (Some(Values::I64(days)), None) => {
            survival::of_days(days, &observed(data, days.len())?, level)
        }
        _ => Ok(None),
    }
}

fn of_any(data: &Table, level: Fraction) -> Result<Curve> {
    let durations = data.numbers("duration")?;
    let (observed, weights) = (observed(data, durations.len())?, weights(data)?);
    let rows = Rows {
        durations: &durations,
        observed: &observed,
        weights: weights.as_deref(),
        clusters: None,
    };
    survival::kaplan_meier(rows, level).map_err(named)
}

/// The estimate's word for the column is its own.
fn named(error: Error) -> Error {
    match error {
        Error::Value { row, expected, .. } => Error::value("duration", row as usize, expected),
        other => other,
    }
}

fn observed(data: &Table, rows: usize) -> Result<Cow<'_, [bool]>> {
    let expected = "true or false, or 1 or 0";
    let Some(column) = data.column("observed") else {
        return Ok(Cow::Owned(filled(rows, true, "durations")?));
    };
    if let Values::Bool(observed) = column.values() {
        return match column
            .validity()
            .and_then(|valid| valid.iter().position(|v| !v))
        {
            None => Ok(Cow::Borrowed(observed)),
            Some(row) => Err(Error::value("observed", row, expected)),
        };
    }
    let numbers = data.numbers("observed")?;
    match numbers.iter().position(|v| *v != 0.0 && *v != 1.0) {
        None => Ok(Cow::Owned(collect(
            numbers.iter().map(|v| *v == 1.0),
            "durations",
        )?)),
        Some(row) => Err(Error::value("observed", row, expected)),
    }
}

/// Counts alone: sums of them do not depend on the order of rows.
fn weights(data: &Table) -> Result<Option<Cow<'_, [f64]>>> {
    if data.column("weight").is_none() {
        return Ok(None);
    }
    let weights = data.numbers("weight")?;
    let count = |w: f64| (1.0..=2_147_483_647.0).contains(&w) && w == libm::trunc(w);
    match weights.iter().position(|w| !count(*w)) {
        None => Ok(Some(weights)),
        Some(row) => Err(Error::value("weight", row, "a whole number, at least 1")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Batch, ColumnValues};
    use crate::{Dataset, analysis};

    type Given<'a> = &'a [(&'a str, &'a [f64])];

    fn curve(columns: Given<'_>) -> Result<Table> {
        let column = |values: &[f64]| ColumnValues::Float(values.to_vec().into()).into();
        let named = |(name, values): &(&str, &[f64])| ((*name).to_owned(), column(values));
        let batch: Batch = columns.iter().map(named).collect();
        let table = Table::from_batch(&batch, &Context::default())?;
        analysis::run(
            "survival_curve",
            &Dataset::Table(&table),
            "",
            &Context::default(),
        )
    }

    #[test]
    fn a_weight_counts_rows() {
        let once = curve(&[
            ("duration", &[2.5, 2.5, 2.5, 9.0]),
            ("observed", &[1.0, 1.0, 0.0, 1.0]),
        ]);
        let counted = curve(&[
            ("observed", &[1.0, 1.0, 0.0]),
            ("duration", &[9.0, 2.5, 2.5]),
            ("weight", &[1.0, 2.0, 1.0]),
        ]);
        let (once, counted) = (once.unwrap(), counted.unwrap());
        assert!(once == counted);
        assert_eq!(once.len(), 2);
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        let cases: [(Given<'_>, &str); 5] = [
            (&[("days", &[1.0])], "column `duration`"),
            (
                &[("duration", &[1.0, -1.0])],
                "column `duration`, row 1: expected finite and at least 0",
            ),
            (
                &[("duration", &[1.0, f64::NAN])],
                "column `duration`, row 1: no value, expected a finite number",
            ),
            (
                &[("duration", &[1.0]), ("observed", &[0.5])],
                "column `observed`, row 0: expected true or false",
            ),
            (
                &[("duration", &[1.0]), ("weight", &[0.5])],
                "column `weight`, row 0: expected a whole number",
            ),
        ];
        for (columns, says) in cases {
            let error = curve(columns).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
