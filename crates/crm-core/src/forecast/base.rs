//! Base forecast (新CPM): orders and revenue of today's customers in the next years, without new
//! customers.
//!
//! # Definition
//!
//! For each year `y` after the origin (365 days each), of all customers with an order up to the origin:
//!
//! | column | meaning |
//! |---|---|
//! | `active` | not churned at the end of the year, by the scope's `churn_days` |
//! | `retention_rate` | of those active at the origin, the share active at the end of the year |
//! | `reactivation_rate` | of those churned at the origin, the share active at the end of the year |
//! | `expected_orders` | purchase days in the year |
//! | `expected_revenue` | revenue in the year |
//! | `revenue_multiple` 年商倍率 | revenue from the origin to the end of the year ÷ that of the 365 days before |
//!
//! There are two methods. `model` (`model.rs`) uses MBG/CNBD-k (gaps as regular as they are: k is
//! chosen by likelihood, and 1 is MBG/NBD) and Gamma-Gamma for each customer.
//! `markov` (`markov.rs`) uses the moves of customers between the ten CPM segments (five segments,
//! each active or churned) in the year before, and assumes the same moves in each next year. If
//! their results are far apart, neither is precise.
//!
//! Time of the method `model` runs at the pace of the shop's [seasons](crate::season) (`seasonality`); the
//! note `seasons` says which were found.
//!
//! # Intervals
//!
//! The `_low` and `_high` columns hold the outcome with the probability `interval`. The intervals of active customers
//! and of rates contain the uncertainty of the parameters and the chance in each customer's behaviour. Those of orders and revenue
//! also contain the error that all customers share, which does not average out: prices, taste, a model that
//! is not quite right. It is measured on the shop itself, by forecasts of a year made by the method `model` at up to eight earlier
//! origins, 91 days apart, from what was known then and a year of history at least:
//!
//! ```text
//! w  = 2^−years, of the time from its origin to the last one         dates = (Σ w)² / Σ w²
//! b  = n β / (n β + v − β) · Σ w ln(actual / forecast) / Σ w         β = typical² / 2, n = 1 + (dates − 1) · 91 / 365
//! s² = typical² (3 + dates · Σ w (ln(actual / forecast) − b)² / v / Σ w) / (3 + dates)
//! ln(high / value)² = (the same without it)² + z² s² · year
//! ```
//!
//! `typical` is .12 of orders and .15 of revenue; `v` is `typical²` with what chance does to a sum of so many orders (1 / orders; of
//! revenue 2 / orders). Years from origins 91 days apart overlap, which `n` accounts for. The method
//! `model` is multiplied by `e^b`, because half of a typical error is taken to last.
//!
//! A young shop has no such origins and gets the typical error; the note `interval_not_measured` then says `no_earlier_forecast`.
//! The note `shared_error` has `s`, `b` (`shift_orders`, `shift_revenue`), the number of origins and `past`, actual ÷ forecast
//! at each. The note `missed` lists the forecasts of the year before `as_of` whose interval does not contain the
//! outcome, with `ratio`, actual ÷ forecast.
//!
//! # Tested one year ahead
//!
//! The rows of the first origin, 365 days before `as_of`, are computed from the orders up to that
//! day, and have the actual values too: `actual_active`, `actual_orders`, `actual_revenue`. There
//! are no such rows if the shop had no customers then.
//!
//! # Missing forecasts
//!
//! If a method has no forecast, its cells are null and the note `without_forecast` has the
//! `reason`, with one entry per origin and method.
//!
//! | reason | method | |
//! |---|---|---|
//! | `no_repeat_customer` | `model` | no customer had a second purchase by the origin |
//! | `too_few_repeat_customers` | `model` | only one customer had; the model needs two |
//! | `no_customers_a_year_before` | `markov` | the shop is younger than a year, so there are no moves |
//! | `segments_not_seen_a_year_before` | `markov` | more than a twentieth of the customers are in segments that were empty a year before; for example, a young shop has churned customers now and had none then |

use crate::table::shared::{
    ACTUAL_REVENUE, CUSTOMERS, EXPECTED_REVENUE, EXPECTED_REVENUE_HIGH, EXPECTED_REVENUE_LOW,
    METHOD, ORIGIN, RETENTION_RATE,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::estimate::{Estimate, YEAR};
use super::portfolio::{Base, Draws, Later, Year};
use super::shared_error::shared;
use super::{markov, model};
use crate::analysis::Analysis;
use crate::context::{Context, collect, push, room};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::money::Currency;
use crate::num::Fraction;
use crate::scope::{At, MoneyThreshold, Occasion, Scope};
use crate::season::Seasons;
use crate::segmentation::cpm;
use crate::table::{Column, Field, Label, Table, Values, columns, labels};
use crate::time::Day;

/// Options of the analysis `base_forecast`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Years ahead, 1 to 10. Default 5.
    pub years: u32,
    /// Probability that the outcome lies between the low and the high column. Default 0.8.
    pub interval: Fraction,
    /// Random draws for the intervals, 20 to 10,000. Default 100.
    pub draws: u32,
    /// Seed of the draws. Default 0.
    pub seed: u64,
    /// Factors of the shop's demand by month ("1" to "12"), weekday ("mon" to "sun") and date; other factors
    /// are 1. The method `markov` has no seasons. Default: "auto", what the analysis `seasonality` finds in the orders up to the date; "none":
    /// time runs evenly.
    pub seasonality: Seasons,
    /// Revenue below which a customer is steady, for the segments of the method `markov`. Default: 70,000 yen;
    /// 7 mean order values in other currencies.
    pub money: Option<MoneyThreshold>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            years: 5,
            interval: Fraction::P80,
            draws: 100,
            seed: 0,
            seasonality: Seasons::Auto,
            money: None,
        }
    }
}

const METHODS: &[Label] = labels! {
    "model", "Model of each customer", "顧客別モデル";
    "markov", "Moves between segments", "セグメント遷移";
};

#[derive(Debug, Clone, Copy)]
struct Row {
    origin: Day,
    method: u8,
    year: u32,
    customers: usize,
    forecast: Option<Year>,
    multiple: Option<f64>,
    /// Active customers, purchase days and revenue, if the year is over.
    actual: Option<[f64; 3]>,
}

impl Options {
    fn check(&self) -> Result<()> {
        if !(1..=10).contains(&self.years) {
            return Err(Error::option("years", self.years, "1 to 10"));
        }
        if !(20..=10_000).contains(&self.draws) {
            return Err(Error::option("draws", self.draws, "20 to 10,000"));
        }
        Ok(())
    }
}

/// Active customers at the end of the year, and their purchase days and revenue in it.
fn actual(base: &Base, end: &Later) -> Result<[f64; 3]> {
    let year = base.later(end)?;
    let place = base.known.shown.iter().filter_map(|&i| year.place[i]);
    let active = place.filter(|&at| end.base.is_active(at));
    let sum = |of: &[f64]| base.known.shown.iter().map(|&i| of[i]).sum::<f64>();
    Ok([active.count() as f64, sum(&year.orders), sum(&year.revenue)])
}

/// The analysis `base_forecast`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug)]
pub struct BaseForecast;

impl Analysis for BaseForecast {
    const NAME: &'static str = "base_forecast";
    const SUMMARY: &'static str =
        "Orders and revenue of today's customers in the next years, without new ones";
    const JA: &'static str = "既存顧客の売上予測（新CPM）";
    const COLUMNS: &'static [Field] = &columns! {
        ORIGIN, "The day of the forecast; later orders are not used.";
        METHOD, "The method: a model of each customer, or moves between segments.";
        "year": Int, "years", "年目", "Years of 365 days after the origin.";
        "until": Date, "", "期末", "The last day of the year.";
        CUSTOMERS, "Customers at the origin; all other numbers are of them.";
        "active": Float, "customers", "現役顧客数",
            "Expected number of them who are not churned (`churn_days`) at the end of the year.";
        "active_low": Float, "customers", "現役下限", "Lower end.";
        "active_high": Float, "customers", "現役上限", "Upper end.";
        RETENTION_RATE,
            "Share of customers active at the origin who are active at the end of the year.";
        "retention_rate_low": Float, "share", "継続率(下限)", "Lower end.";
        "retention_rate_high": Float, "share", "継続率(上限)", "Upper end.";
        "reactivation_rate": Float, "share", "復活率",
            "Share of customers churned at the origin who are active at the end of the year.";
        "reactivation_rate_low": Float, "share", "復活率下限", "Lower end.";
        "reactivation_rate_high": Float, "share", "復活率上限", "Upper end.";
        "expected_orders": Float, "days", "予測購入数", "Purchase days in the year.";
        "expected_orders_low": Float, "days", "購入数下限", "Lower end.";
        "expected_orders_high": Float, "days", "購入数上限", "Upper end.";
        EXPECTED_REVENUE, "Revenue in the year.";
        EXPECTED_REVENUE_LOW, "Lower end.";
        EXPECTED_REVENUE_HIGH, "Upper end.";
        "revenue_multiple": Float, "", "年商倍率",
            "Revenue up to the end of the year ÷ that of the 365 days before the origin.";
        "actual_active": Float, "customers", "実現役顧客数", "Actual active customers, if the year is over.";
        "actual_orders": Float, "days", "実購入数", "Actual purchase days, if the year is over.";
        ACTUAL_REVENUE, "Actual revenue, if the year is over.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn resolve(orders: &Orders, scope: Scope, options: Options) -> Result<(Scope, Options)> {
        let default = || cpm::default_money(orders.currency());
        let money = Some(options.money.unwrap_or_else(default));
        Ok((scope, Options { money, ..options }))
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        options.check()?;
        let at = At {
            occasion: Some(Occasion::Day),
            ..*at
        };
        let money = (&options.seasonality, options.money);
        // The shop at the end of each year, from two years ago to today.
        let mut bases = Vec::new();
        for back in [2, 1, 0] {
            let day = Day(at.day.0.saturating_sub_unsigned(back * YEAR));
            let base = Base::new(orders, &at, money, day, context)?;
            push(&mut bases, base, "forecast")?;
        }
        let mut found = Found::default();
        for turn in [1, 2] {
            let (before, base) = (&bases[turn - 1], &bases[turn]);
            if base.len() == 0 {
                continue;
            }
            let actual = match turn {
                1 => Some(actual(base, &Later::new(&bases[2], orders, &at, context)?)?),
                _ => None,
            };
            found.add((before, base), actual, (orders, &at, options), context)?;
        }
        found.table(orders.currency())
    }
}

/// Rows and notes, origin by origin.
#[derive(Default)]
struct Found {
    rows: Vec<Row>,
    without: Vec<Value>,
    shared_errors: Vec<Value>,
    seasons: Vec<Value>,
    /// Whether the last origin had no earlier forecasts.
    never_measured: bool,
}

impl Found {
    /// Adds the forecasts of both methods at the origin of `base`, a year after `before`. The year after the
    /// origin is over where `actual` has its numbers; then only this year is forecast.
    fn add(
        &mut self,
        (before, base): (&Base, &Base),
        actual: Option<[f64; 3]>,
        (orders, at, options): (&Orders, &At, &Options),
        context: &Context,
    ) -> Result<()> {
        let years = actual.map_or(options.years, |_| 1);
        let origin = base.known.origin;
        let shared = shared(orders, at, &options.seasonality, origin, context)?;
        self.never_measured = shared.past.is_empty();
        self.shared_errors.push(json!({
            "origin": origin,
            "orders": shared.orders,
            "revenue": shared.revenue,
            "shift_orders": shared.shift[0],
            "shift_revenue": shared.shift[1],
            "origins": shared.past.len(),
            "past": shared.past,
        }));
        if let Some(found) = &base.known.seasons {
            self.seasons.push(json!({"origin": origin, "found": found}));
        }
        let draws = Draws {
            count: options.draws,
            seed: options.seed,
            interval: options.interval,
        };
        let by_model = model::forecast(base, years, draws, context)?.map(|mut years| {
            let moved = |year: &mut Year| *year = year.shifted(&shared);
            years.iter_mut().for_each(moved);
            years
        });
        let by_moves = match before.len() {
            0 => Err("no_customers_a_year_before"),
            _ => {
                let year = before.later(&Later::new(base, orders, at, context)?)?;
                markov::Moves::new(before, &year, base).forecast(base, years, draws)?
            }
        };
        for (method, forecast) in [by_model, by_moves].into_iter().enumerate() {
            if let Err(reason) = &forecast {
                let method = METHODS[method].code;
                self.without.push(json!({
                    "origin": origin, "method": method, "reason": reason
                }));
            }
            let mut revenue = 0.0;
            for year in 1..=years {
                let forecast = forecast.as_ref().ok().map(|all| all[year as usize - 1]);
                let forecast = forecast.map(|one| one.widened(&shared, year, options.interval));
                revenue += forecast.map_or(0.0, |one| one.revenue.value);
                let row = Row {
                    origin,
                    method: method as u8,
                    year,
                    customers: base.known.shown.len(),
                    forecast,
                    multiple: forecast
                        .filter(|_| base.past_revenue > 0.0)
                        .map(|_| revenue / base.past_revenue),
                    actual,
                };
                push(&mut self.rows, row, "forecast")?;
            }
        }
        Ok(())
    }

    fn table(self, currency: Currency) -> Result<Table> {
        let mut table = table(&self.rows, currency)?
            .with_note("without_forecast", json!(self.without))
            .with_note("shared_error", json!(self.shared_errors))
            .with_note("missed", json!(missed(&self.rows)));
        if self.never_measured {
            table = table.with_note("interval_not_measured", "no_earlier_forecast".into());
        }
        if !self.seasons.is_empty() {
            table = table.with_note("seasons", json!(self.seasons));
        }
        Ok(table)
    }
}

/// The note `missed`: forecasts of a year that is over whose interval does not contain the outcome.
fn missed(rows: &[Row]) -> Vec<Value> {
    let mut missed = Vec::new();
    for row in rows {
        let (Some(forecast), Some([_, orders, revenue])) = (&row.forecast, row.actual) else {
            continue;
        };
        for (of, forecast, actual) in [
            ("orders", forecast.orders, orders),
            ("revenue", forecast.revenue, revenue),
        ] {
            if !(forecast.low..=forecast.high).contains(&actual) {
                let method = METHODS[usize::from(row.method)].code;
                missed.push(json!({
                    "origin": row.origin, "method": method, "of": of, "ratio": actual / forecast.value,
                }));
            }
        }
    }
    missed
}

fn table(rows: &[Row], currency: Currency) -> Result<Table> {
    let fields = BaseForecast::COLUMNS;
    let floats = |at: usize, of: &dyn Fn(&Row) -> Option<f64>| {
        let finite = |row: &Row| of(row).filter(|v| v.is_finite());
        Column::floats(&fields[at], rows.iter().map(finite))
    };
    let of_year =
        |at: usize, of: &dyn Fn(&Year) -> f64| floats(at, &|row| row.forecast.as_ref().map(of));
    let share = |at: usize, of: &dyn Fn(&Year) -> Option<Estimate>, end: fn(Estimate) -> f64| {
        floats(at, &|row| row.forecast.as_ref().and_then(of).map(end))
    };
    let ints = |at: usize, of: &dyn Fn(&Row) -> i32| {
        Column::ints(&fields[at], rows.iter().map(|row| Some(of(row))))
    };
    let money = |at: usize, of: &dyn Fn(&Row) -> Option<f64>| -> Result<Column> {
        let (mut amounts, mut valid) = (room(rows.len(), "table")?, room(rows.len(), "table")?);
        for row in rows {
            let minor = of(row)
                .filter(|v| v.is_finite())
                .and_then(|v| currency.minor(v));
            amounts.push(minor.unwrap_or(0));
            valid.push(minor.is_some());
        }
        Ok(Column::new(&fields[at], Values::Money(amounts.into(), currency)).with_validity(valid))
    };
    let until = |row: &Row| row.origin.after(row.year * YEAR).map(|day| day.0);
    Ok(Table::new(vec![
        ints(0, &|row| row.origin.0)?,
        Column::new(
            &fields[1],
            Values::Category {
                codes: collect(rows.iter().map(|row| row.method), "table")?,
                labels: METHODS,
            },
        ),
        ints(2, &|row| row.year as i32)?,
        Column::ints(&fields[3], rows.iter().map(until))?,
        ints(4, &|row| row.customers as i32)?,
        of_year(5, &|year| year.active.value)?,
        of_year(6, &|year| year.active.low)?,
        of_year(7, &|year| year.active.high)?,
        share(8, &|year| year.retention, |rate| rate.value)?,
        share(9, &|year| year.retention, |rate| rate.low)?,
        share(10, &|year| year.retention, |rate| rate.high)?,
        share(11, &|year| year.reactivation, |rate| rate.value)?,
        share(12, &|year| year.reactivation, |rate| rate.low)?,
        share(13, &|year| year.reactivation, |rate| rate.high)?,
        of_year(14, &|year| year.orders.value)?,
        of_year(15, &|year| year.orders.low)?,
        of_year(16, &|year| year.orders.high)?,
        money(17, &|row| row.forecast.map(|year| year.revenue.value))?,
        money(18, &|row| row.forecast.map(|year| year.revenue.low))?,
        money(19, &|row| row.forecast.map(|year| year.revenue.high))?,
        floats(20, &|row| row.multiple)?,
        floats(21, &|row| row.actual.map(|actual| actual[0]))?,
        floats(22, &|row| row.actual.map(|actual| actual[1]))?,
        money(23, &|row| row.actual.map(|actual| actual[2]))?,
    ]))
}
