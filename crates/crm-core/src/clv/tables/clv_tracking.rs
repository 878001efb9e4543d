//! Actual beside expected purchases over time (`clv_tracking`), through calibration and holdout.
//!
//! # Definition
//!
//! Customers are those whose first purchase day is not after `calibration_end`; a purchase is a day
//! with orders, and the first is not counted. Periods are `step` days long and end on
//! `calibration_end` and whole steps before and after it, up to `as_of`. Expected by the end of a
//! period is
//!
//! ```text
//! Σ over customers of E[X(end − first purchase day)]
//! ```
//!
//! which uses each customer's first purchase day and no later purchases, and with covariates the customer's own model. The time between is measured with the
//! model's [seasons](crate::season), so that more purchases are expected in a busy month. Without a `fit` the model
//! is MBG/NBD, fitted to the calibration period, so the values after it are a forecast compared with what happened.
//! With the scope's `customers` both counts are of these customers; the model is still fitted to all. With the
//! default `calibration_end`, `as_of`, there is no holdout.

use super::purchase_days::{OfDays, Seen, days};
use crate::analysis::Analysis;
use crate::clv::models::model::Purchases;
use crate::clv::models::repeat_model::RepeatModel;
use crate::context::{Context, collect, filled, push};
use crate::data::Orders;
use crate::data::orders::selection::Selection;
use crate::error::{Error, Result};
use crate::scope::At;
use crate::season::Seasons;
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::{Day, Duration};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::borrow::Cow;

/// Options of [`ClvTracking`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The model: the JSON of a fit, or of parameters. Default: none, MBG/NBD fitted to the
    /// calibration period.
    pub fit: Value,
    /// The last day of the calibration period. Default: none, which is `as_of`, without a holdout.
    pub calibration_end: Option<Day>,
    /// Length of a period, whole days. Default 7 days.
    pub step: Duration,
    /// Factors of the shop's demand by month ("1" to "12"), weekday ("mon" to "sun") and date; other factors
    /// are 1. Default: "auto", those of `fit`, without one what the analysis `seasonality` finds in the
    /// calibration period; "none": time runs evenly.
    pub seasonality: Seasons,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            fit: Value::Null,
            calibration_end: None,
            step: Duration::days(7),
            seasonality: Seasons::Auto,
        }
    }
}

/// The analysis `clv_tracking`.
#[derive(Debug, Clone, Copy)]
pub struct ClvTracking;

impl Analysis for ClvTracking {
    const NAME: &'static str = "clv_tracking";
    const SUMMARY: &'static str =
        "Observed and expected repeat purchases through calibration and holdout";
    const JA: &'static str = "予測と実績の推移";
    const COLUMNS: &'static [Field] = &columns! {
        "period_end": Date, "", "期間末", "The period's last day.";
        "in_calibration": Bool, "", "学習期間", "Whether the period is part of calibration.";
        "actual": Int, "days", "実績", "Repeat purchase days in the period.";
        "expected": Float, "days", "予測", "Expected repeat purchase days in the period.";
        "cumulative_actual": Int, "days", "累計実績", "Repeat purchase days up to its end.";
        "cumulative_expected": Float, "days", "累計予測", "Expected repeat purchase days up to its end.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let selection = Selection::new(orders, at)?;
        let (as_of, step) = (selection.as_of, days(options.step)?);
        let end = options.calibration_end.unwrap_or(as_of);
        if end > as_of {
            let expected = format!("a day up to as_of ({as_of})");
            return Err(Error::option("calibration_end", end, expected));
        }
        let model = OfDays::new(
            &options.fit,
            &options.seasonality,
            (orders, at, end),
            context,
        )?;
        let seen = Seen::new(&selection, end, |code| selection.shows(code), context)?;
        let oldest = seen.customers.len().saturating_sub(1) as i32;
        let time = model.time(Day(as_of.0 - oldest), as_of)?;
        let parts = came(&model, &seen, orders, (as_of, end), context)?;
        // E[X] of a customer who first bought on a day, by the end of another.
        let of_new = |model: &RepeatModel, first, by| model.expected_of_new(time(first, by));
        let Periods {
            ends,
            cells,
            counts,
        } = periods(&seen, &parts, of_new, (as_of.0, end.0, step), context)?;
        let [f_end, f_in, f_actual, f_expected, f_sum, f_expected_sum] = Self::COLUMNS else {
            return Err(Error::internal("columns of clv_tracking"));
        };
        let inside = collect(ends.iter().map(|day| *day <= end.0), "tracking")?;
        let [actual, total] = counts;
        let [expected, expected_total] = cells;
        let table = Table::new(vec![
            Column::new(f_end, Values::Date(ends)),
            Column::new(f_in, Values::Bool(inside)),
            Column::new(f_actual, Values::I64(actual.into())),
            Column::new(f_expected, Values::F64(expected.into())),
            Column::new(f_sum, Values::I64(total.into())),
            Column::new(f_expected_sum, Values::F64(expected_total.into())),
        ])
        .with_note("customers", json!(seen.frequency.len()));
        model.noted(table)
    }
}

/// Per period: its last day; the purchases expected in it and up to its end; likewise the actual ones.
#[derive(Default)]
struct Periods {
    ends: Vec<i32>,
    cells: [Vec<f64>; 2],
    counts: [Vec<i64>; 2],
}

/// Customers with the same model, by days before `as_of` on which they came.
struct Came<'a> {
    model: RepeatModel,
    customers: Cow<'a, [u64]>,
}

/// The customers by their model.
fn came<'a>(
    model: &OfDays,
    seen: &'a Seen,
    orders: &Orders,
    (as_of, end): (Day, Day),
    context: &Context,
) -> Result<Vec<Came<'a>>> {
    let mut parts = Vec::new();
    let table = model.covariates(orders, &seen.codes, context)?;
    for alike in model.fit.by_model(&table)? {
        let customers = match &alike.rows {
            None => Cow::from(&seen.customers[..]),
            Some(rows) => {
                let mut customers = filled(seen.customers.len(), 0, "tracking")?;
                for row in rows {
                    customers[(as_of.0 - end.0) as usize + seen.age[*row] as usize] += 1;
                }
                customers.into()
            }
        };
        let model = alike.fit.model;
        push(&mut parts, Came { model, customers }, "tracking")?;
    }
    Ok(parts)
}

/// Purchases by period; `of_new` is E[X] of a model from a first purchase day up to another day.
fn periods(
    seen: &Seen,
    parts: &[Came<'_>],
    of_new: impl Fn(&RepeatModel, i32, i32) -> f64,
    (as_of, end, step): (i32, i32, i32),
    context: &Context,
) -> Result<Periods> {
    let mut out = Periods::default();
    let longest = seen.customers.len().saturating_sub(1) as i32;
    // Periods begin with the one in which the first customer came.
    let before = (longest - (as_of - end)).div_euclid(step).max(0);
    let mut period = end - before * step;
    let (mut last, mut counted, mut had, mut expected_before) = (longest + 1, 0, 0, 0.0);
    while period <= as_of && !seen.customers.is_empty() {
        context.check()?;
        let ago = as_of - period;
        counted += (ago..last)
            .map(|ago| seen.repeats[ago as usize])
            .sum::<u64>();
        last = ago;
        let of_part = |part: &Came<'_>| -> f64 {
            let came = part.customers.iter().enumerate().skip(ago as usize);
            let came = came.filter(|(_, customers)| **customers > 0);
            let expected = came.map(|(first, customers)| {
                *customers as f64 * of_new(&part.model, as_of - first as i32, period)
            });
            expected.sum()
        };
        let expected: f64 = parts.iter().map(of_part).sum();
        push(&mut out.ends, period, "tracking")?;
        push(&mut out.counts[0], (counted - had) as i64, "tracking")?;
        push(&mut out.counts[1], counted as i64, "tracking")?;
        push(&mut out.cells[0], expected - expected_before, "tracking")?;
        push(&mut out.cells[1], expected, "tracking")?;
        (had, expected_before) = (counted, expected);
        period += step;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Dataset;
    use crate::clv::models::histories::{Histories, Rows};
    use crate::clv::tables::clv_summary::Unit;
    use crate::clv::tracking;
    use crate::money::Currency;
    use crate::register;
    use crate::table::Cell;
    use crate::time::Zone;

    /// Three customers; the last comes after the calibration.
    fn shop() -> Orders {
        Orders::builder(Currency::JPY, Zone::UTC)
            .order("a", "2026-01-01", 100)
            .order("a", "2026-01-08", 100)
            .order("a", "2026-01-20T08:00:00", 100)
            .order("a", "2026-01-20T09:00:00", 100)
            .order("b", "2026-01-05", 100)
            .order("b", "2026-01-30", 100)
            .order("c", "2026-01-22", 100)
            .build()
            .unwrap()
    }

    const FIT: &str = r#""fit": {"model": "nbd", "r": 1, "alpha": 10, "unit": "day"}"#;

    fn run(options: &str) -> Table {
        let request = format!("{{{options}, {FIT}}}");
        register::run(
            ClvTracking::NAME,
            &Dataset::Orders(&shop()),
            &request,
            &Context::default(),
        )
        .unwrap()
    }

    /// With these parameters of the NBD each customer buys 0.1 times a day.
    #[test]
    fn tracking_by_hand() {
        let table = run(r#""as_of": "2026-02-03", "calibration_end": "2026-01-20", "step": 7"#);
        let rows: Vec<_> = (0..table.len())
            .map(|row| {
                let cell = |name: &str| table.column(name).unwrap().cell(row);
                let (Cell::Date(end), Cell::Bool(inside)) =
                    (cell("period_end"), cell("in_calibration"))
                else {
                    panic!("{table:?}")
                };
                let (Cell::Int(now), Cell::Int(sum)) = (cell("actual"), cell("cumulative_actual"))
                else {
                    panic!("{table:?}")
                };
                let Cell::Float(expected) = cell("cumulative_expected") else {
                    panic!("{table:?}")
                };
                (
                    end.to_string(),
                    inside,
                    now,
                    sum,
                    libm::round(expected * 1e9) / 1e9,
                )
            })
            .collect();
        let row =
            |end: &str, inside, now, sum, expected| (end.to_owned(), inside, now, sum, expected);
        assert_eq!(
            rows,
            [
                row("2026-01-06", true, 0, 0, 0.6),  // a 5 days, b 1
                row("2026-01-13", true, 1, 1, 2.0),  // 12 + 8
                row("2026-01-20", true, 1, 2, 3.4),  // 19 + 15
                row("2026-01-27", false, 0, 2, 4.8), // c came too late to be in it
                row("2026-02-03", false, 1, 3, 6.2),
            ]
        );
        assert_eq!(table.notes()["customers"], 2);
    }

    /// The sum over days equals the sum over histories.
    #[test]
    fn expected_is_the_sum_over_histories() {
        let table = run(r#""as_of": "2026-02-03", "step": "10d""#);
        let model = crate::clv::models::nbd::Params::new([1.0, 10.0], Unit::Day).unwrap();
        let rows = Rows::new(&Histories::new(
            &[2.0, 1.0, 0.0],
            &[19.0, 25.0, 0.0],
            &[33.0, 29.0, 12.0],
        ));
        let times = [-30.0, -20.0, -10.0, 0.0];
        let sums = tracking::cumulative(&model, &rows.unwrap(), &times).unwrap();
        for (row, sum) in sums.iter().enumerate() {
            let Cell::Float(found) = table.column("cumulative_expected").unwrap().cell(row) else {
                panic!("{table:?}")
            };
            assert!((found - sum).abs() < 1e-12, "{found} {sum}");
        }
    }
}
