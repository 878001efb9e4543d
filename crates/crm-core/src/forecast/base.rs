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
//! There are two methods. `model` (`model.rs`) uses MBG/NBD and Gamma-Gamma for each customer.
//! `markov` (`markov.rs`) uses the moves of customers between the ten CPM segments (five segments,
//! each active or churned) in the year before, and assumes the same moves in each next year. If
//! their results are far apart, neither is precise.
//!
//! The `_low` and `_high` columns, of rates too, hold the outcome with the probability `interval`, given that the
//! method is right: what the parameters may be and what the customers may do. A change of season,
//! prices or taste is in neither.
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
//! | `no_customers_a_year_before` | `markov` | the shop is younger than a year, so there are no
//! moves |
//! | `segments_not_seen_a_year_before` | `markov` | more than a twentieth of the customers are in
//! segments that were empty a year before; for example, a young shop has churned customers now and
//! had none then |

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{markov, model};
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, push, room};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::money::Currency;
use crate::num::{Fraction, Positive};
use crate::scope::{At, MoneyThreshold, Occasion, Scope};
use crate::segmentation::cpm;
use crate::segmentation::cpm::State;
use crate::summary::rolling_origin::{places, shown};
use crate::summary::{Totals, clv_summary};
use crate::table::{Column, Field, Label, Table, Values, columns};
use crate::time::Day;

/// Days of a year.
pub(super) const YEAR: u32 = 365;

/// Options of the analysis `base_forecast`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Years ahead, 1 to 10. Default 5.
    pub years: u32,
    /// Probability that the outcome lies between the low and the high column. Default 0.8.
    pub interval: Fraction,
    /// Random draws for the intervals, 20 to 10,000. Default 100.
    pub draws: u32,
    /// Seed of the draws. Default 0.
    pub seed: u64,
    /// Revenue below which a customer is steady, for the segments of the Markov version. Default:
    /// 70,000 yen; in other currencies 7 mean order values.
    pub money: Option<MoneyThreshold>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            years: 5,
            interval: Fraction::new(0.8).expect("0.8 is a fraction"),
            draws: 100,
            seed: 0,
            money: None,
        }
    }
}

/// A number and where the outcome will lie.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Estimate {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Estimate {
    /// `value` between the quantiles of the draws that leave half the rest on each side.
    pub(super) fn new(value: f64, draws: &mut [f64], interval: Fraction) -> Self {
        draws.sort_unstable_by(f64::total_cmp);
        let at = |q: f64| {
            let place = q * (draws.len() - 1) as f64;
            let (low, share) = (place as usize, place - libm::floor(place));
            let next = draws[(low + 1).min(draws.len() - 1)];
            draws[low] + share * (next - draws[low])
        };
        let tail = 0.5 * (1.0 - interval.get());
        Self {
            value,
            low: at(tail),
            high: at(1.0 - tail),
        }
    }
}

/// The forecast of a method for one year; revenue in major units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Year {
    pub(super) active: Estimate,
    pub(super) retention: Option<Estimate>,
    pub(super) reactivation: Option<Estimate>,
    pub(super) orders: Estimate,
    pub(super) revenue: Estimate,
}

/// The shop as known at an origin.
pub(super) struct Base {
    pub(super) origin: Day,
    pub(super) churn: At,
    pub(super) summary: Table,
    pub(super) totals: Arc<Totals>,
    /// Those whom the scope's `customers` shows, and of whom the forecast is.
    pub(super) shown: Vec<usize>,
    /// CPM segment with state: 2 · rung + churned, rungs from `first` on.
    pub(super) state: Vec<u8>,
    /// Codes there are.
    codes: usize,
    /// Revenue of the year before, major units.
    past_revenue: f64,
}

impl Base {
    fn new(
        orders: &Orders,
        at: &At,
        options: &Options,
        origin: Day,
        context: &Context,
    ) -> Result<Self> {
        let then = At { day: origin, ..*at };
        let totals = Totals::new(orders, &then, context)?;
        let ladder = cpm::Options {
            money: options.money,
            ..cpm::Options::default()
        };
        let portfolio = cpm::segment(&totals, &then, &ladder)?;
        let state = portfolio.segment.iter().zip(&portfolio.state);
        let state = state.map(|(segment, state)| {
            let rung = *segment as u8 - cpm::Segment::First as u8;
            2 * rung + u8::from(*state == State::Churned)
        });
        let days = clv_summary::Options::default();
        let before = Totals::within(orders, &then, YEAR, context)?;
        let of_shown = before.customer.iter().zip(&before.revenue);
        let of_shown = of_shown.filter(|(code, _)| orders.shows(**code));
        let revenue: i128 = of_shown.map(|(_, v)| i128::from(*v)).sum();
        Ok(Self {
            shown: shown(orders, &totals.customer)?,
            origin,
            state: collect(state, "forecast")?,
            summary: clv_summary::Summary::run(orders, &then, &days, context)?,
            codes: orders.ids().len(),
            past_revenue: totals.currency.mean(revenue, 1).unwrap_or(0.0),
            totals,
            churn: then,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.totals.len()
    }

    pub(super) fn is_active(&self, i: usize) -> bool {
        self.state[i].is_multiple_of(2)
    }

    /// Purchase days and revenue (major units) of these customers in the year after the origin, and
    /// where they stand at its end.
    pub(super) fn later(&self, end: &Later) -> Result<Outcome> {
        let n = self.len();
        let mut outcome = Outcome {
            orders: filled(n, 0.0, "forecast")?,
            revenue: filled(n, 0.0, "forecast")?,
            place: places(&self.totals.customer, &end.base.totals.customer, self.codes)?,
        };
        let bought = places(&self.totals.customer, &end.year.customer, self.codes)?;
        for (i, at) in bought.into_iter().enumerate() {
            if let Some(at) = at {
                outcome.orders[i] = f64::from(end.year.orders[at]);
                outcome.revenue[i] = end.year.currency.major(end.year.revenue[at]);
            }
        }
        Ok(outcome)
    }
}

/// The shop a year later, with the totals of that year only.
pub(super) struct Later<'a> {
    pub(super) base: &'a Base,
    year: Totals,
}

impl<'a> Later<'a> {
    fn new(base: &'a Base, orders: &Orders, at: &At, context: &Context) -> Result<Self> {
        let then = At {
            day: base.origin,
            ..*at
        };
        let year = Totals::within(orders, &then, YEAR, context)?;
        Ok(Self { base, year })
    }
}

/// Purchase days and revenue of customers in a year.
pub(super) struct Outcome {
    pub(super) orders: Vec<f64>,
    pub(super) revenue: Vec<f64>,
    /// The place of each among the customers at the end of the year.
    pub(super) place: Vec<Option<usize>>,
}

const METHODS: &[Label] = &[
    Label {
        code: "model",
        en: "Model of each customer",
        ja: "顧客別モデル",
    },
    Label {
        code: "markov",
        en: "Moves between segments",
        ja: "セグメント遷移",
    },
];

#[derive(Debug, Clone, Copy)]
struct Row {
    origin: Day,
    method: u8,
    year: u32,
    customers: usize,
    said: Option<Year>,
    multiple: Option<f64>,
    /// Active customers, purchase days and revenue, if the year is over.
    actual: Option<[f64; 3]>,
}

/// The analysis.
#[derive(Debug)]
pub struct BaseForecast;

impl Analysis for BaseForecast {
    const NAME: &'static str = "base_forecast";
    const SUMMARY: &'static str =
        "Orders and revenue of today's customers in the next years, without new ones";
    const JA: &'static str = "既存顧客の売上予測（新CPM）";
    const COLUMNS: &'static [Field] = &columns! {
        "origin": Date, "", "予測時点", "The day of the forecast; later orders are not used.";
        "method": Category, "", "方法", "The method: a model of each customer, or moves between segments.";
        "year": Int, "years", "年目", "Years of 365 days after the origin.";
        "until": Date, "", "期末", "The last day of the year.";
        "customers": Int, "customers", "顧客数", "Customers at the origin; all other numbers are of them.";
        "active": Float, "customers", "現役顧客数",
            "Expected number of them who are not churned (`churn_days`) at the end of the year.";
        "active_low": Float, "customers", "現役下限", "Lower end.";
        "active_high": Float, "customers", "現役上限", "Upper end.";
        "retention_rate": Float, "", "現役維持率",
            "Share of customers active at the origin who are active at the end of the year.";
        "retention_rate_low": Float, "", "維持率下限", "Lower end.";
        "retention_rate_high": Float, "", "維持率上限", "Upper end.";
        "reactivation_rate": Float, "", "復活率",
            "Share of customers churned at the origin who are active at the end of the year.";
        "reactivation_rate_low": Float, "", "復活率下限", "Lower end.";
        "reactivation_rate_high": Float, "", "復活率上限", "Upper end.";
        "expected_orders": Float, "days", "予測購入数", "Purchase days in the year.";
        "expected_orders_low": Float, "days", "購入数下限", "Lower end.";
        "expected_orders_high": Float, "days", "購入数上限", "Upper end.";
        "expected_revenue": Money, "currency", "予測売上", "Revenue in the year.";
        "expected_revenue_low": Money, "currency", "売上下限", "Lower end.";
        "expected_revenue_high": Money, "currency", "売上上限", "Upper end.";
        "revenue_multiple": Float, "", "年商倍率",
            "Revenue up to the end of the year ÷ that of the 365 days before the origin.";
        "actual_active": Float, "customers", "実現役顧客数", "Actual active customers, if the year is over.";
        "actual_orders": Float, "days", "実購入数", "Actual purchase days, if the year is over.";
        "actual_revenue": Money, "currency", "実売上", "Actual revenue, if the year is over.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn resolve(orders: &Orders, scope: Scope, options: Options) -> Result<(Scope, Options)> {
        let default = match orders.currency() {
            Currency::JPY => Some(MoneyThreshold::Amount(cpm::YEN)),
            _ => Positive::new(7.0)
                .map(|mean_order_values| MoneyThreshold::Multiple { mean_order_values }),
        };
        let money = options.money.or(default);
        Ok((scope, Options { money, ..options }))
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        if !(1..=10).contains(&options.years) {
            return Err(Error::option("years", options.years, "1 to 10"));
        }
        if !(20..=10_000).contains(&options.draws) {
            return Err(Error::option("draws", options.draws, "20 to 10,000"));
        }
        let at = At {
            occasion: Some(Occasion::Day),
            ..*at
        };
        // The shop at the end of each year, from two years ago to today.
        let mut bases = Vec::new();
        for back in [2, 1, 0] {
            let day = Day(at.day.0.saturating_sub_unsigned(back * YEAR));
            push(
                &mut bases,
                Base::new(orders, &at, options, day, context)?,
                "forecast",
            )?;
        }
        let (mut rows, mut without) = (Vec::new(), Vec::new());
        for turn in [1, 2] {
            let (before, base) = (&bases[turn - 1], &bases[turn]);
            if base.len() == 0 {
                continue;
            }
            let tested = turn == 1;
            let years = if tested { 1 } else { options.years };
            let by_model = model::forecast(base, years, options, context)?;
            let by_moves = match before.len() {
                0 => Err("no_customers_a_year_before"),
                _ => {
                    let came = before.later(&Later::new(base, orders, &at, context)?)?;
                    let moves = markov::Moves::new(before, &came, base);
                    let said = moves.forecast(base, years, options)?;
                    said.ok_or("segments_not_seen_a_year_before")
                }
            };
            let actual = match tested {
                true => {
                    let end = Later::new(&bases[2], orders, &at, context)?;
                    let came = base.later(&end)?;
                    let place = base.shown.iter().filter_map(|&i| came.place[i]);
                    let active = place.filter(|&at| end.base.is_active(at));
                    let sum = |of: &[f64]| base.shown.iter().map(|&i| of[i]).sum::<f64>();
                    Some([active.count() as f64, sum(&came.orders), sum(&came.revenue)])
                }
                false => None,
            };
            for (method, said) in [by_model, by_moves].into_iter().enumerate() {
                if let Err(reason) = &said {
                    let method = METHODS[method].code;
                    without.push(json!({
                        "origin": base.origin, "method": method, "reason": reason
                    }));
                }
                let mut revenue = 0.0;
                for year in 1..=years {
                    let said = said.as_ref().ok().map(|said| said[year as usize - 1]);
                    revenue += said.map_or(0.0, |said| said.revenue.value);
                    let row = Row {
                        origin: base.origin,
                        method: method as u8,
                        year,
                        customers: base.shown.len(),
                        said,
                        multiple: said
                            .filter(|_| base.past_revenue > 0.0)
                            .map(|_| revenue / base.past_revenue),
                        actual,
                    };
                    push(&mut rows, row, "forecast")?;
                }
            }
        }
        Ok(table(&rows, orders.currency())?.with_note("without_forecast", json!(without)))
    }
}

fn table(rows: &[Row], currency: Currency) -> Result<Table> {
    let fields = BaseForecast::COLUMNS;
    let floats = |at: usize, of: &dyn Fn(&Row) -> Option<f64>| {
        let finite = |row: &Row| of(row).filter(|v| v.is_finite());
        Column::floats(&fields[at], rows.iter().map(finite))
    };
    let said = |at: usize, of: &dyn Fn(&Year) -> f64| floats(at, &|row| row.said.as_ref().map(of));
    let share = |at: usize, of: &dyn Fn(&Year) -> Option<Estimate>, end: fn(Estimate) -> f64| {
        floats(at, &|row| row.said.as_ref().and_then(of).map(end))
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
        said(5, &|year| year.active.value)?,
        said(6, &|year| year.active.low)?,
        said(7, &|year| year.active.high)?,
        share(8, &|year| year.retention, |rate| rate.value)?,
        share(9, &|year| year.retention, |rate| rate.low)?,
        share(10, &|year| year.retention, |rate| rate.high)?,
        share(11, &|year| year.reactivation, |rate| rate.value)?,
        share(12, &|year| year.reactivation, |rate| rate.low)?,
        share(13, &|year| year.reactivation, |rate| rate.high)?,
        said(14, &|year| year.orders.value)?,
        said(15, &|year| year.orders.low)?,
        said(16, &|year| year.orders.high)?,
        money(17, &|row| row.said.map(|year| year.revenue.value))?,
        money(18, &|row| row.said.map(|year| year.revenue.low))?,
        money(19, &|row| row.said.map(|year| year.revenue.high))?,
        floats(20, &|row| row.multiple)?,
        floats(21, &|row| row.actual.map(|actual| actual[0]))?,
        floats(22, &|row| row.actual.map(|actual| actual[1]))?,
        money(23, &|row| row.actual.map(|actual| actual[2]))?,
    ]))
}
