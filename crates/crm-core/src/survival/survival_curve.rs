//! The Kaplan-Meier curve of durations in a table: contracts, carts, tickets, gaps computed
//! elsewhere.
//!
//! | column | |
//! |---|---|
//! | `duration` | how long it took, or how long it has lasted so far; at least 0, in any unit |
//! | `observed` | true if it ended in the event, false if it is still open; without the column all ended |
//! | `entry` | when observation began, below the duration: the row is at risk after it (left truncation); without the column 0 |
//! | `weight` | the number of such rows, above 0; without the column 1 |
//!
//! The estimate is that of [`crate::num::survival`], with Greenwood's variance, which assumes
//! independent rows. With weights that are not whole numbers the variance is robust, with each row
//! as its own cluster, and late entry is not accepted. Gaps of one customer depend on each other;
//! [`kaplan_meier`](super::kaplan_meier) computes them from orders, clustered by customer. Counts are
//! exact and other weights are summed in a fixed order, so the order of rows does not matter.

use crate::table::shared::{SURVIVAL_RATE, SURVIVAL_RATE_HIGH, SURVIVAL_RATE_LOW};
use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::curve::{AT_RISK, EVENTS, columns_of};
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled};
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::num::survival::{self, Curve, Rows, Scale};
use crate::table::{Column, Field, Table, Values, columns};

/// Options of the analysis `survival_curve`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Confidence of the intervals. Default 0.95.
    pub confidence: Fraction,
    /// The scale of the intervals: `log_log` (the default), `log` or `plain`.
    pub interval: Scale,
    /// Shares that have had the event, for the notes `quantiles` and `quantile_intervals`. Default 0.1,
    /// 0.25, 0.5, 0.75, 0.9.
    pub quantiles: Vec<Fraction>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            confidence: super::gaps::Options::default().confidence,
            interval: Scale::default(),
            quantiles: [0.1, 0.25, 0.5, 0.75, 0.9]
                .into_iter()
                .filter_map(Fraction::new)
                .collect(),
        }
    }
}

/// The analysis `survival_curve`.
///
/// ```
/// use crm_core::columns::{Batch, ColumnValues};
/// use crm_core::{Context, Dataset, Table, register};
/// let batch: Batch = vec![
///     ("duration".into(), ColumnValues::Float(vec![10.0, 20.0, 20.0, 40.0].into()).into()),
///     ("observed".into(), ColumnValues::Int { values: vec![1, 1, 0, 0].into(), bits: 64 }.into()),
/// ];
/// let contracts = Table::from_batch(&batch, &Context::default())?;
/// let curve = register::run("survival_curve", &Dataset::Table(&contracts), "", &Context::default())?;
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
    const COLUMNS: &'static [Field] = &columns! {
        "duration": Float, "", "経過時間", "A duration in the input.";
        AT_RISK;
        EVENTS, "Weight of the durations that ended at this time.";
        SURVIVAL_RATE, "Share of durations longer than this.";
        SURVIVAL_RATE_LOW;
        SURVIVAL_RATE_HIGH;
    };
    const OPTIONAL: &'static [&'static str] = &["observed", "weight"];
    type Data = Table;
    type Options = Options;

    fn run(data: &Table, _: &(), options: &Options, _: &Context) -> Result<Table> {
        let curve = match of_days(data, options.confidence)? {
            Some(curve) => curve,
            None => of_any(data, options.confidence)?,
        };
        let curve = curve.on_scale(options.interval);
        let times = Column::floats(&Self::COLUMNS[0], curve.times.iter().map(|t| Some(*t)))?;
        let table = Table::new(columns_of(Self::COLUMNS, times, &curve)?);
        let shares = || options.quantiles.iter().map(|q| q.get());
        let quantiles: Vec<_> = shares().map(|q| json!([q, curve.quantile(q)])).collect();
        let intervals: Vec<_> = shares()
            .map(|q| (q, curve.quantile_interval(q)))
            .map(|(q, (low, high))| json!([q, low, high]))
            .collect();
        Ok(table
            .with_note("quantiles", quantiles.into())
            .with_note("quantile_intervals", intervals.into()))
    }
}

/// The curve of unweighted whole days, read without a copy.
fn of_days(data: &Table, level: Fraction) -> Result<Option<Curve>> {
    let column = data.column("duration");
    let column = column.filter(|column| column.validity().is_none());
    let plain = data.column("weight").is_none() && data.column("entry").is_none();
    match column.map(Column::values).filter(|_| plain) {
        Some(Values::I64(days)) => survival::of_days(days, &observed(data, days.len())?, level),
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
    let whole = |w: &f64| *w == libm::trunc(*w);
    let counts = weights.as_deref().unwrap_or_default().iter().all(whole);
    let entry = match data.column("entry") {
        Some(_) => Some(data.numbers("entry")?),
        None => None,
    };
    match (entry, counts) {
        (None, true) => survival::kaplan_meier(rows, level).map_err(named),
        (None, false) => robust(rows, level).map_err(named),
        (Some(entry), counts) => {
            let late = |row: usize| {
                !(entry[row] >= 0.0 && entry[row] < durations[row].max(f64::MIN_POSITIVE))
            };
            if let Some(row) = (0..entry.len()).find(|row| late(*row)) {
                return Err(Error::value(
                    "entry",
                    row,
                    "a number from 0, below the duration",
                ));
            }
            match weights
                .as_deref()
                .unwrap_or_default()
                .iter()
                .position(|w| !whole(w))
            {
                Some(row) if !counts => Err(Error::value(
                    "weight",
                    row,
                    "whole numbers beside a column entry",
                )),
                _ => survival::entering_late(rows, &entry, level).map_err(named),
            }
        }
    }
}

/// Weights that are not whole numbers: each row is its own cluster, in a fixed order.
fn robust(rows: Rows<'_>, level: Fraction) -> Result<Curve> {
    let weights = rows.weights.unwrap_or_default();
    let key = |row: usize| {
        let duration = rows.durations[row];
        (duration + 0.0, rows.observed[row], weights[row])
    };
    let mut order = collect(0..rows.durations.len(), "durations")?;
    order.sort_unstable_by(|a, b| {
        let ((d, o, w), (e, p, x)) = (key(*a), key(*b));
        d.total_cmp(&e)
            .then(o.cmp(&p))
            .then(w.total_cmp(&x))
            .then(a.cmp(b))
    });
    let durations = collect(order.iter().map(|row| rows.durations[*row]), "durations")?;
    let observed = collect(order.iter().map(|row| rows.observed[*row]), "durations")?;
    let weights = collect(order.iter().map(|row| weights[*row]), "durations")?;
    let clusters = collect((0..order.len()).map(|row| row as u32), "durations")?;
    let sorted = Rows {
        durations: &durations,
        observed: &observed,
        weights: Some(&weights),
        clusters: Some(&clusters),
    };
    // An invalid row is named by its number in the caller's order.
    survival::kaplan_meier(sorted, level).map_err(|error| match error {
        Error::Value {
            column,
            row,
            expected,
            ..
        } => Error::value(column, order[row as usize], expected),
        other => other,
    })
}

/// Renames columns in errors to the names of this table.
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

fn weights(data: &Table) -> Result<Option<Cow<'_, [f64]>>> {
    if data.column("weight").is_none() {
        return Ok(None);
    }
    let weights = data.numbers("weight")?;
    match weights
        .iter()
        .position(|w| !(*w > 0.0 && *w <= 2_147_483_647.0))
    {
        None => Ok(Some(weights)),
        Some(row) => Err(Error::value(
            "weight",
            row,
            "a number above 0, up to 2147483647",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Dataset;
    use crate::columns::{Batch, ColumnValues};
    use crate::register;

    type Given<'a> = &'a [(&'a str, &'a [f64])];

    fn curve(columns: Given<'_>) -> Result<Table> {
        curve_with(columns, "")
    }

    fn curve_with(columns: Given<'_>, request: &str) -> Result<Table> {
        let column = |values: &[f64]| ColumnValues::Float(values.to_vec().into()).into();
        let named = |(name, values): &(&str, &[f64])| ((*name).to_owned(), column(values));
        let batch: Batch = columns.iter().map(named).collect();
        let table = Table::from_batch(&batch, &Context::default())?;
        register::run(
            "survival_curve",
            &Dataset::Table(&table),
            request,
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
                &[("duration", &[1.0]), ("weight", &[0.0])],
                "column `weight`, row 0: expected a number above 0",
            ),
        ];
        for (columns, says) in cases {
            let error = curve(columns).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    fn floats(table: &Table, name: &str) -> Vec<f64> {
        match table.column(name).map(Column::values) {
            Some(Values::F64(values)) => values.to_vec(),
            _ => panic!("{name}"),
        }
    }

    /// Maintained patients of Miller (1981), `survival::aml` in R, whose `summary(survfit(..))` prints
    /// the log interval, and at 23 and 48 weeks a standard error of 0.1526 and 0.1535.
    #[test]
    fn scales_of_the_interval_are_those_of_r() {
        let aml: Given<'_> = &[
            (
                "duration",
                &[
                    9.0, 13.0, 13.0, 18.0, 23.0, 28.0, 31.0, 34.0, 45.0, 48.0, 161.0,
                ],
            ),
            (
                "observed",
                &[1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0],
            ),
        ];
        let log = curve_with(aml, r#"{"interval": "log"}"#).unwrap();
        let at = |table: &Table, name: &str, time: f64| {
            let step = floats(table, "duration")
                .iter()
                .position(|t| *t == time)
                .unwrap();
            floats(table, name)[step]
        };
        for (time, survival, low, high) in [
            (9.0, 0.909, 0.7541, 1.0),
            (18.0, 0.716, 0.4884, 1.0),
            (23.0, 0.614, 0.3769, 0.999),
            (31.0, 0.491, 0.2549, 0.946),
            (34.0, 0.368, 0.1549, 0.875),
            (48.0, 0.184, 0.0359, 0.944),
        ] {
            assert!(
                (at(&log, "survival_rate", time) - survival).abs() < 6e-4,
                "{time}"
            );
            assert!(
                (at(&log, "survival_rate_low", time) - low).abs() < 6e-5,
                "{time}"
            );
            assert!(
                (at(&log, "survival_rate_high", time) - high).abs() < 6e-4,
                "{time}"
            );
        }
        let plain = curve_with(aml, r#"{"interval": "plain"}"#).unwrap();
        let z = 1.959_963_985;
        assert!((at(&plain, "survival_rate_low", 23.0) - (0.6136 - z * 0.1526)).abs() < 2e-4);
        assert!((at(&plain, "survival_rate_high", 23.0) - (0.6136 + z * 0.1526)).abs() < 2e-4);
        assert_eq!(at(&plain, "survival_rate_low", 48.0), 0.0);
        let shares = curve_with(aml, r#"{"quantiles": [0.5]}"#).unwrap();
        assert_eq!(shares.notes()["quantiles"], json!([[0.5, 31.0]]));
    }

    /// A row that enters at 2 is at risk after 2; by hand and compared with a count of each row.
    #[test]
    fn late_entries_are_at_risk_after_their_entry() {
        let durations = [3.0, 5.0, 5.0, 2.0, 8.0, 4.0, 7.0];
        let entry = [0.0, 2.0, 3.0, 0.0, 4.0, 0.0, 0.0];
        let observed = [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0];
        let table = curve(&[
            ("duration", &durations),
            ("entry", &entry),
            ("observed", &observed),
        ]);
        let table = table.unwrap();
        let mut s = 1.0;
        for (step, t) in floats(&table, "duration").into_iter().enumerate() {
            let rows = || (0..7).filter(|row| entry[*row] < t && t <= durations[*row]);
            let n = rows().count() as f64;
            let d = rows()
                .filter(|row| durations[*row] == t && observed[*row] == 1.0)
                .count() as f64;
            s *= 1.0 - d / n;
            assert_eq!(floats(&table, "at_risk")[step], n, "{t}");
            assert!(
                (floats(&table, "survival_rate")[step] - s).abs() < 1e-15,
                "{t}"
            );
        }
        // At 2 four rows are at risk, not five: the row that enters at 2 is not.
        assert_eq!(floats(&table, "at_risk")[0], 4.0);
        let none = curve(&[
            ("duration", &durations),
            ("entry", &[0.0; 7]),
            ("observed", &observed),
        ]);
        let plain = curve(&[("duration", &durations), ("observed", &observed)]);
        assert_eq!(
            floats(&none.unwrap(), "survival_rate"),
            floats(&plain.unwrap(), "survival_rate")
        );
        let error = curve(&[("duration", &[3.0]), ("entry", &[3.0])])
            .unwrap_err()
            .to_string();
        assert!(error.contains("column `entry`, row 0"), "{error}");
    }

    #[test]
    fn weights_that_are_no_counts() {
        let columns: Given<'_> = &[
            ("duration", &[1.0, 2.0, 3.0, 3.0]),
            ("observed", &[1.0, 1.0, 0.0, 1.0]),
            ("weight", &[0.5, 1.5, 0.25, 0.75]),
        ];
        let table = curve(columns).unwrap();
        // 1 − 0.5/3, then 1 − 1.5/2.5, then 1 − 0.75/1.
        let expected = [2.5 / 3.0, 2.5 / 3.0 * 0.4, 2.5 / 3.0 * 0.4 * 0.25];
        for (found, expected) in floats(&table, "survival_rate").iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15);
        }
        let mixed = curve(&[
            ("duration", &[3.0, 3.0, 1.0, 2.0]),
            ("observed", &[1.0, 0.0, 1.0, 1.0]),
            ("weight", &[0.75, 0.25, 0.5, 1.5]),
        ]);
        assert!(mixed.unwrap() == table);
        // All weights halved: the same curve, and the same robust variance.
        let halved = curve(&[
            ("duration", &[1.0, 2.0, 3.0, 3.0]),
            ("observed", &[1.0, 1.0, 0.0, 1.0]),
            ("weight", &[0.25, 0.75, 0.125, 0.375]),
        ]);
        let low = |table: &Table| floats(table, "survival_rate_low");
        for (a, b) in low(&table).iter().zip(low(&halved.unwrap())) {
            assert!((a - b).abs() < 1e-12);
        }
    }
}
