//! Checks of a model over time: `clv_tracking` compares actual with expected purchases, through
//! calibration and holdout; `alive_path` is one customer's P(alive) on each day, from the purchases
//! up to that day.
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
//! which uses each customer's first purchase day and no later purchases. Without a `fit` the model
//! is MBG/NBD, fitted to the calibration period, so the values after it are a forecast compared
//! with what happened. With the scope's `customers` both counts are of these customers; the model
//! is still fitted to all. With the default `calibration_end`, `as_of`, there is no holdout.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::analysis::Analysis;
use crate::clv::frame::fit_of;
use crate::clv::models::histories::{Histories, Rows};
use crate::clv::models::model::{Fit, Purchases};
use crate::clv::models::repeat_model;
use crate::clv::models::repeat_model::{Kind, RepeatModel};
use crate::clv::tracking;
use crate::context::{Context, collect, filled, push};
use crate::data::Orders;
use crate::data::orders::selection::{ORDER, Selection};
use crate::error::{Error, Result};
use crate::scope::At;
use crate::summary::clv_summary::Unit;
use crate::table::shared::{FREQUENCY, PROBABILITY_ALIVE};
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns};
use crate::time::{Day, Duration};

/// Options of [`ClvTracking`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrackingOptions {
    /// The model: the JSON of a fit, or of parameters. Default: none, MBG/NBD fitted to the
    /// calibration period.
    pub fit: Value,
    /// The last day of the calibration period. Default: none, which is `as_of`, without a holdout.
    pub calibration_end: Option<Day>,
    /// Length of a period, whole days. Default 7 days.
    pub step: Duration,
}

impl Default for TrackingOptions {
    fn default() -> Self {
        Self {
            fit: Value::Null,
            calibration_end: None,
            step: Duration::days(7),
        }
    }
}

/// Checks that a step is a whole number of days, at least one.
fn days(step: Duration) -> Result<i32> {
    let days = step.whole_days().filter(|days| *days > 0);
    days.ok_or_else(|| Error::option("step", json!(step), "a whole number of days, at least 1"))
}

/// Calls `visit` with each customer's code and purchase days, ascending.
fn purchase_days(
    selection: &Selection,
    context: &Context,
    mut visit: impl FnMut(u32, &[i32]) -> Result<()>,
) -> Result<()> {
    let index = selection.orders.index(context)?;
    context.expect(selection.data().len());
    let (mut days, mut seen) = (Vec::new(), 0);
    for code in selection.ids().by_id()?.iter() {
        days.clear();
        for (entry, action, _) in selection.of(&index, *code) {
            if action & ORDER != 0 && days.last().is_none_or(|last| entry.day > *last) {
                push(&mut days, entry.day, "purchase days")?;
            }
        }
        seen += index.of(*code).len();
        if seen >= Context::BLOCK {
            context.advance(seen)?;
            seen = 0;
        }
        if !days.is_empty() {
            visit(*code, &days)?;
        }
    }
    context.advance(seen)
}

/// Counts of calibration and holdout.
#[derive(Default)]
struct Seen {
    frequency: Vec<f64>,
    recency: Vec<f64>,
    age: Vec<f64>,
    /// By days before `as_of`: customers by first purchase day, and repeat purchase days.
    customers: Vec<u64>,
    repeats: Vec<u64>,
}

impl Seen {
    /// Counts the customers whose first purchase is in the calibration period and who are shown by
    /// `shows`.
    fn new(
        selection: &Selection,
        end: Day,
        unit: Unit,
        shows: impl Fn(u32) -> bool,
        context: &Context,
    ) -> Result<Self> {
        let mut out = Self::default();
        let in_units = |days: i32| f64::from(days) / unit.days();
        purchase_days(selection, context, |code, days| {
            let first = days[0];
            if first > end.0 || !shows(code) {
                return Ok(());
            }
            let ago = |day: i32| (selection.as_of.0 - day) as usize;
            while out.customers.len() <= ago(first) {
                push(&mut out.customers, 0, "tracking")?;
                push(&mut out.repeats, 0, "tracking")?;
            }
            out.customers[ago(first)] += 1;
            for day in &days[1..] {
                out.repeats[ago(*day)] += 1;
            }
            let seen = days.partition_point(|day| *day <= end.0);
            push(&mut out.frequency, (seen - 1) as f64, "tracking")?;
            push(
                &mut out.recency,
                in_units(days[seen - 1] - first),
                "tracking",
            )?;
            push(&mut out.age, in_units(end.0 - first), "tracking")
        })?;
        Ok(out)
    }
}

/// The model in an option, or MBG/NBD fitted to histories.
fn model(fit: &Value, seen: impl FnOnce() -> Result<Seen>) -> Result<Fit<RepeatModel>> {
    if !fit.is_null() {
        let fit: Fit<RepeatModel> = fit_of("fit", fit)?;
        return match fit.model.unit().period() {
            None => Ok(fit),
            Some(_) => Err(Error::option(
                "fit",
                fit.model.unit().word(),
                "a model in days or weeks: purchase days are counted here",
            )),
        };
    }
    let seen = seen()?;
    let rows = Rows::new(&Histories::new(&seen.frequency, &seen.recency, &seen.age))?;
    repeat_model::fit(Kind::default(), &rows, Unit::Day, 0.0)
}

/// The analysis `clv_tracking`.
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
    type Options = TrackingOptions;

    fn run(
        orders: &Orders,
        at: &At,
        options: &TrackingOptions,
        context: &Context,
    ) -> Result<Table> {
        let selection = Selection::new(orders, at)?;
        let (as_of, step) = (selection.as_of, days(options.step)?);
        let end = options.calibration_end.unwrap_or(as_of);
        if end > as_of {
            let expected = format!("a day up to as_of ({as_of})");
            return Err(Error::option("calibration_end", end, expected));
        }
        let fit = model(&options.fit, || {
            Seen::new(&selection, end, Unit::Day, |_| true, context)
        })?;
        let shows = |code| selection.shows(code);
        let seen = Seen::new(&selection, end, Unit::Day, shows, context)?;
        let per_day = 1.0 / fit.model.unit().days();
        // E[X(age)] for each age in days.
        let mut of_new = filled(seen.customers.len(), 0.0, "tracking")?;
        for (age, expected) in of_new.iter_mut().enumerate().skip(1) {
            context.check()?;
            *expected = fit.model.expected_of_new(age as f64 * per_day);
        }
        let longest = seen.customers.len().saturating_sub(1) as i32;
        // Periods begin with the one in which the first customer came.
        let before = (longest - (as_of.0 - end.0)).div_euclid(step).max(0);
        let mut period = end.0 - before * step;
        let mut cells: [Vec<f64>; 2] = Default::default();
        let mut counts: [Vec<i64>; 2] = Default::default();
        let mut ends = Vec::new();
        let (mut last, mut counted, mut had, mut expected_before) = (longest + 1, 0, 0, 0.0);
        while period <= as_of.0 && !seen.customers.is_empty() {
            context.check()?;
            let ago = as_of.0 - period;
            counted += (ago..last)
                .map(|ago| seen.repeats[ago as usize])
                .sum::<u64>();
            last = ago;
            let came = seen.customers.iter().enumerate().skip(ago as usize);
            let expected: f64 = came
                .filter(|(_, customers)| **customers > 0)
                .map(|(first, customers)| *customers as f64 * of_new[first - ago as usize])
                .sum();
            push(&mut ends, period, "tracking")?;
            push(&mut counts[0], (counted - had) as i64, "tracking")?;
            push(&mut counts[1], counted as i64, "tracking")?;
            push(&mut cells[0], expected - expected_before, "tracking")?;
            push(&mut cells[1], expected, "tracking")?;
            (had, expected_before) = (counted, expected);
            period += step;
        }
        let [f_end, f_in, f_actual, f_expected, f_sum, f_expected_sum] = Self::COLUMNS else {
            return Err(Error::internal("columns of clv_tracking"));
        };
        let inside = collect(ends.iter().map(|day| *day <= end.0), "tracking")?;
        let [actual, total] = counts;
        let [expected, expected_total] = cells;
        Ok(Table::new(vec![
            Column::new(f_end, Values::Date(ends)),
            Column::new(f_in, Values::Bool(inside)),
            Column::new(f_actual, Values::I64(actual.into())),
            Column::new(f_expected, Values::F64(expected.into())),
            Column::new(f_sum, Values::I64(total.into())),
            Column::new(f_expected_sum, Values::F64(expected_total.into())),
        ])
        .with_note("customers", json!(seen.frequency.len()))
        .with_note("fit", json!(fit)))
    }
}

/// Options of [`AlivePath`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PathOptions {
    /// The model: the JSON of a fit, or of parameters. Default: none, MBG/NBD fitted to all customers.
    pub fit: Value,
    /// Days from one row to the next. Default 1.
    pub step: Duration,
}

impl Default for PathOptions {
    fn default() -> Self {
        Self {
            fit: Value::Null,
            step: Duration::days(1),
        }
    }
}

/// The analysis `alive_path`.
pub struct AlivePath;

impl Analysis for AlivePath {
    const NAME: &'static str = "alive_path";
    const SUMMARY: &'static str =
        "P(alive) on each day since a customer's first purchase, from the purchases up to that day";
    const JA: &'static str = "生存確率の推移";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        "date": Date, "", "日付", "The day.";
        FREQUENCY, "Repeat purchase days up to it.";
        PROBABILITY_ALIVE, "Probability of being alive on that day, from the purchases until then.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = PathOptions;

    fn run(orders: &Orders, at: &At, options: &PathOptions, context: &Context) -> Result<Table> {
        let selection = Selection::new(orders, at)?;
        let (as_of, step) = (selection.as_of, days(options.step)?);
        let fit = model(&options.fit, || {
            Seen::new(&selection, as_of, Unit::Day, |_| true, context)
        })?;
        let per_day = fit.model.unit().days();
        let in_units = |days: i32| f64::from(days) / per_day;
        let (mut codes, mut dates, mut counts, mut alive) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        purchase_days(&selection, context, |code, days| {
            if !selection.shows(code) {
                return Ok(());
            }
            context.check()?;
            let since = |day: i32| in_units(day - days[0]);
            let repeats = collect(days[1..].iter().map(|day| since(*day)), "path")?;
            let steps = (as_of.0 - days[0]) / step;
            let at = collect((0..steps + 1).map(|i| i * step), "path")?;
            let times = collect(at.iter().map(|days| in_units(*days)), "path")?;
            for (at, p) in at.iter().zip(tracking::path(&fit.model, &repeats, &times)?) {
                let day = days[0] + at;
                push(&mut codes, code, "path")?;
                push(&mut dates, day, "path")?;
                let bought = days.partition_point(|bought| *bought <= day) - 1;
                push(&mut counts, bought as i32, "path")?;
                push(&mut alive, p, "path")?;
            }
            Ok(())
        })?;
        let [f_id, f_date, f_count, f_alive] = Self::COLUMNS else {
            return Err(Error::internal("columns of alive_path"));
        };
        let ids = Values::Id {
            ids: orders.ids().clone(),
            codes,
        };
        Ok(Table::new(vec![
            Column::new(f_id, ids),
            Column::new(f_date, Values::Date(dates)),
            Column::new(f_count, Values::I32(counts)),
            Column::new(f_alive, Values::F64(alive.into())),
        ])
        .with_note("fit", json!(fit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Dataset;
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

    fn run(name: &str, options: &str) -> Table {
        let request = format!("{{{options}, {FIT}}}");
        register::run(
            name,
            &Dataset::Orders(&shop()),
            &request,
            &Context::default(),
        )
        .unwrap()
    }

    /// With these parameters of the NBD each customer buys 0.1 times a day.
    #[test]
    fn tracking_by_hand() {
        let table = run(
            "clv_tracking",
            r#""as_of": "2026-02-03", "calibration_end": "2026-01-20", "step": 7"#,
        );
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
        let table = run("clv_tracking", r#""as_of": "2026-02-03", "step": "10d""#);
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

    #[test]
    fn a_path_has_each_day() {
        let options = r#""as_of": "2026-01-10", "customers": {"customer_id": "a"}"#;
        let path = register::run(
            "alive_path",
            &Dataset::Orders(&shop()),
            &format!(
                r#"{{{options}, "fit": {{"model": "mbg_nbd", "r": 0.5, "alpha": 6, "a": 0.9,
                     "b": 1.6, "unit": "day"}}}}"#
            ),
            &Context::default(),
        )
        .unwrap();
        assert_eq!(path.len(), 10);
        let p = |row| match path.column("probability_alive").unwrap().cell(row) {
            Cell::Float(p) => p,
            other => panic!("{other:?}"),
        };
        assert!(
            (p(0) - 1.6 / 2.5).abs() < 1e-15,
            "just after the first purchase"
        );
        assert!((1..7).all(|row| p(row) < p(row - 1)) && p(7) > p(6));
    }
}
