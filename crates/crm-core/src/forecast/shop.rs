//! Shop forecast (売上予測): orders and revenue of the whole shop by month, of today's customers and of new ones.
//!
//! # Definition
//!
//! The months are calendar months from the day after `as_of`; the first one is the rest of its month. An order is a day
//! with orders of one customer.
//!
//! | `part` | |
//! |---|---|
//! | `existing` | customers with an order up to `as_of`: the expected purchases of each by MBG/CNBD-k in the shop's own time, times their expected value by Gamma-Gamma, as in [`base_forecast`](super::base) |
//! | `new` | customers first seen later: their number (`new_customers.rs`), `1 + E[X(t)]` purchases each by the same model, at the mean value that customers first seen in the 365 days before `as_of` have |
//! | `total` | both |
//!
//! The new customers of a month come in its middle. The last three rows have no `month`: they sum up all months.
//!
//! # Intervals
//!
//! The error of a sum does not average out, so it is measured: the same forecast is made at up to eight earlier origins, three months
//! apart and all months over, from what was known then and a year of history at least. Half of a typical error is taken to
//! last: orders and revenue of today's customers and of new ones are multiplied by `e^b` (note `shift`). With `y` the forecast
//! after that,
//!
//! ```text
//! w = 2^−years, of the time from its origin to the last one          dates = (Σ w)² / Σ w²
//! v = typical² + (that of new customers) + (orders: 1, revenue: 2) / orders      variance of ln y
//! b = n β / (n β + v − β) · Σ w ln((actual + ½) / (forecast + ½)) / Σ w    β = typical² / 2, n = 1 + (dates − 1) · min(1, 3 / months)
//! R = (3 + dates · Σ w ln((actual + ½) / (y + ½))² / v / Σ w) / (3 + dates)
//! ```
//!
//! and the ends are `y exp(± z √(R v))`, the low one less for small sums, down to 0,
//! separately for each part, for single months (their mean for an origin) and for all of them. `typical` is
//!
//! | | existing | new | total |
//! |---|---|---|---|
//! | a month: orders, revenue | .15, .18 | .25, .28 | .17, .20 |
//! | all months | .12, .15 | .20, .22 | .13, .16 |
//!
//! A shop without such origins gets the typical error, and the note `interval_not_measured` says `no_earlier_forecast`. A shop with
//! less than a year of orders gets no interval, and the note `without_interval` says `younger_than_a_year`.
//!
//! The note `past` has the forecasts of the earlier origins: `orders` and `revenue` of all months as actual ÷ forecast, without
//! a shift, and whether the interval held (`orders_held`, `revenue_held`) with the shift and scale that the other origins give.
//!
//! # Where there is no forecast
//!
//! Cells are null and the note `without_forecast` says why: `no_repeat_customer`, `too_few_repeat_customers` (a model
//! takes two), `too_short` (less than three months of orders).

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::estimate::{Attempt, Estimate, YEAR};
use super::known::Known;
use super::model::Fitted;
use super::new_customers::new_customers;
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, push, room};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::money::Currency;
use crate::num::{Fraction, sum_error};
use crate::scope::{At, Occasion};
use crate::season::Seasons;
use crate::summary::Totals;
use crate::table::{Column, Field, Label, Table, Values, columns, labels};
use crate::time::{Day, Period};

/// Origins before this one, at most, and the months between them.
const ORIGINS: i32 = 8;
const STEP: i32 = 3;
/// Standard deviations of the logarithm, by part, of orders and revenue: of a month, of all months.
const OF_A_MONTH: [[f64; 2]; 3] = [[0.15, 0.18], [0.25, 0.28], [0.17, 0.20]];
const OF_ALL: [[f64; 2]; 3] = [[0.12, 0.15], [0.20, 0.22], [0.13, 0.16]];
/// Places of the parts.
const EXISTING: usize = 0;
const NEW: usize = 1;
const TOTAL: usize = 2;

/// Options of the analysis `shop_forecast`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Months ahead, 1 to 60; what is left of this month is the first. Default 12.
    pub months: u32,
    /// Probability that the outcome lies between the low and the high column. Default 0.8.
    pub interval: Fraction,
    /// Factors of the shop's demand by month ("1" to "12"), weekday ("mon" to "sun") and date; other factors
    /// are 1. Default: "auto", what the analysis `seasonality` finds in the orders up to the date; "none":
    /// time runs evenly.
    pub seasonality: Seasons,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            months: 12,
            interval: Fraction::P80,
            seasonality: Seasons::Auto,
        }
    }
}

/// Orders and revenue (major units) of the parts.
type Parts = [[f64; 2]; 3];

fn with_total(existing: [f64; 2], new: [f64; 2]) -> Parts {
    [existing, new, [existing[0] + new[0], existing[1] + new[1]]]
}

/// The sum of all months.
fn in_all(months: &[Parts]) -> Parts {
    let mut sum = Parts::default();
    for month in months {
        for (sum, part) in sum.iter_mut().zip(month) {
            (0..2).for_each(|of| sum[of] += part[of]);
        }
    }
    sum
}

/// The months after an origin.
fn months_after(origin: Day, months: u32) -> Result<Vec<Range<i32>>> {
    let mut ranges = room(months as usize, "forecast")?;
    let mut from = origin.after(1);
    for _ in 0..months {
        let start = from.ok_or_else(|| {
            Error::option("months", months, "months that end before the calendar does")
        })?;
        let next = start.plus(1, Period::Month);
        ranges.push(start.0..next.0);
        from = (next > start).then_some(next);
    }
    Ok(ranges)
}

/// The same day of the month so many months before; the last one of a month stays the last one.
fn months_before(day: Day, months: i32) -> Day {
    let start = day.plus(-months, Period::Month);
    let length = start.plus(1, Period::Month).0 - start.0;
    let is_last = day.plus(1, Period::Month).0 == day.0 + 1;
    let place = day.0 - day.start_of(Period::Month).0;
    Day(start.0
        + if is_last {
            length - 1
        } else {
            place.min(length - 1)
        })
}

/// The forecast made at an origin.
struct Forecast {
    known: Known,
    days: Vec<Range<i32>>,
    months: Vec<Parts>,
    /// Standard deviations of the logarithms of new customers.
    sd: Vec<f64>,
}

impl Forecast {
    /// The forecast from what was known at an origin, or why there is none.
    fn new(
        orders: &Orders,
        at: &At,
        (origin, options): (Day, &Options),
        context: &Context,
    ) -> Result<Attempt<Self>> {
        let known = Known::new(
            orders,
            &At { day: origin, ..*at },
            &options.seasonality,
            context,
        )?;
        let days = months_after(origin, options.months)?;
        let fitted = match Fitted::new(&known, context)? {
            Ok(fitted) => fitted,
            Err(reason) => return Ok(Err(reason)),
        };
        let Some(arrivals) = new_customers(&known.totals.first_day, origin, &days)? else {
            return Ok(Err("too_short"));
        };
        let ends = days.iter().map(|days| days.end.abs_diff(origin.0) - 1);
        let existing = fitted.exact(&known, &collect(ends, "forecast")?)?;
        // Own time from the origin's end to each month's beginning, middle and end.
        let own = |day: f64| known.own_time(day - 1.0 - f64::from(origin.0));
        let worth = worth_of_new(&known.totals).unwrap_or_else(|| fitted.shop_mean());
        let mut months = room(days.len(), "forecast")?;
        let mut middles: Vec<(f64, f64)> = room(days.len(), "forecast")?;
        for ((existing, new), days) in existing.into_iter().zip(&arrivals).zip(&days) {
            let (start, end) = (f64::from(days.start), f64::from(days.end));
            let mut bought = 0.0;
            for (customers, middle) in &middles {
                let of_new = |day: f64| fitted.of_new(own(day) - middle);
                bought += customers * (of_new(end) - of_new(start));
            }
            let middle = own(0.5 * (start + end));
            bought += new.customers * (1.0 + fitted.of_new(own(end) - middle));
            middles.push((new.customers, middle));
            months.push(with_total(existing, [bought, bought * worth]));
        }
        Ok(Ok(Self {
            known,
            days,
            months,
            sd: collect(arrivals.iter().map(|new| new.sd), "forecast")?,
        }))
    }

    /// The actual orders and revenue of these months.
    fn actual(&self, orders: &Orders, at: &At, context: &Context) -> Result<Vec<Parts>> {
        let mut months = room(self.days.len(), "forecast")?;
        for days in &self.days {
            let then = At {
                day: Day(days.end - 1),
                ..*at
            };
            let month = Totals::within(orders, &then, days.end.abs_diff(days.start), context)?;
            let existing = self.known.actual(&month, orders.ids().len())?;
            let mut all = [0.0; 2];
            for (orders, revenue) in month.orders.iter().zip(&month.revenue) {
                all[0] += f64::from(*orders);
                all[1] += month.currency.major(*revenue);
            }
            let new = [all[0] - existing[0], all[1] - existing[1]];
            months.push(with_total(existing, new));
        }
        Ok(months)
    }

    /// The variance of the logarithm of a cell, before it is scaled.
    fn variance(&self, month: Option<usize>, part: usize, of: usize) -> f64 {
        let whole = || in_all(&self.months);
        let (typical, parts, sd) = match month {
            Some(month) => (OF_A_MONTH, self.months[month], self.sd[month]),
            None => {
                let mean = self.sd.iter().sum::<f64>() / self.sd.len().max(1) as f64;
                (OF_ALL, whole(), mean)
            }
        };
        let share = match part {
            EXISTING => 0.0,
            NEW => 1.0,
            _ => parts[NEW][of] / parts[TOTAL][of].max(f64::MIN_POSITIVE),
        };
        let (typical, of_new) = (typical[part][of], share * sd);
        let of_chance = (1 + of) as f64 / (parts[part][0] + 0.5);
        typical * typical + of_new * of_new + of_chance
    }
}

/// Mean value of a day with orders of customers first seen in the last 365 days, major units.
fn worth_of_new(totals: &Totals) -> Option<f64> {
    let (mut revenue, mut days) = (0_i128, 0_u64);
    for i in 0..totals.len() {
        if totals.as_of.0.abs_diff(totals.first_day[i]) < YEAR {
            revenue += i128::from(totals.revenue[i]);
            days += u64::from(totals.orders[i].unsigned_abs());
        }
    }
    totals.currency.mean(revenue, days)
}

/// What is added to the logarithms of today's and of new customers' orders and revenue.
type Shift = [[f64; 2]; 2];

/// The months, moved.
fn shifted(months: &[Parts], shift: &Shift) -> Result<Vec<Parts>> {
    let each = months.iter().map(|month| {
        let of = |part: usize| [0, 1].map(|of| month[part][of] * libm::exp(shift[part][of]));
        with_total(of(EXISTING), of(NEW))
    });
    collect(each, "forecast")
}

/// The forecast of an earlier origin, before it is moved, and what happened.
struct Past {
    origin: Day,
    weight: f64,
    forecast: Vec<Parts>,
    actual: Vec<Parts>,
    /// Variances of the logarithms of single months, and of all.
    of_months: Vec<Parts>,
    of_all: Parts,
}

/// Corrections from the forecasts of earlier origins: a shift, and scales of the variances of single months and of all.
struct Correction {
    shift: Shift,
    of_months: Parts,
    of_all: Parts,
}

impl Past {
    fn new(forecast: Forecast, actual: Vec<Parts>, weight: f64) -> Result<Self> {
        let variances = |month: Option<usize>| -> Parts {
            std::array::from_fn(|part| [0, 1].map(|of| forecast.variance(month, part, of)))
        };
        let months = (0..forecast.months.len()).map(|at| variances(Some(at)));
        Ok(Self {
            origin: forecast.known.origin,
            weight,
            of_months: collect(months, "forecast")?,
            of_all: variances(None),
            forecast: forecast.months,
            actual,
        })
    }

    /// Squared errors after this shift, divided by their variances: of all months together, and the mean of single months.
    fn squares(&self, shift: &Shift) -> Result<[Parts; 2]> {
        let forecast = shifted(&self.forecast, shift)?;
        let (all_forecast, all_actual) = (in_all(&forecast), in_all(&self.actual));
        let mut squares = [Parts::default(); 2];
        for part in [EXISTING, NEW, TOTAL] {
            for of in [0, 1] {
                let whole = sum_error::square(all_actual[part][of], all_forecast[part][of]);
                squares[0][part][of] = whole / self.of_all[part][of];
                let mut sum = 0.0;
                for ((actual, forecast), variance) in
                    self.actual.iter().zip(&forecast).zip(&self.of_months)
                {
                    sum += sum_error::square(actual[part][of], forecast[part][of])
                        / variance[part][of];
                }
                squares[1][part][of] = sum / forecast.len().max(1) as f64;
            }
        }
        Ok(squares)
    }
}

impl Correction {
    /// The corrections after the forecasts `past`, each `months` long.
    fn new<'a>(past: impl Iterator<Item = &'a Past> + Clone, months: u32) -> Result<Self> {
        let fresh = f64::from(STEP) / f64::from(months);
        let mut shift = Shift::default();
        for (part, shift) in shift.iter_mut().enumerate() {
            for (of, shift) in shift.iter_mut().enumerate() {
                let mut errors = room(ORIGINS as usize, "forecast")?;
                errors.extend(past.clone().map(|one| {
                    let sum = |months: &[Parts]| in_all(months)[part][of];
                    sum_error::Earlier {
                        error: sum_error::error(sum(&one.actual), sum(&one.forecast)),
                        variance: one.of_all[part][of],
                        weight: one.weight,
                    }
                }));
                *shift = sum_error::shift(&errors, OF_ALL[part][of], fresh);
            }
        }
        let dates = sum_error::dates(past.clone().map(|one| one.weight));
        let weight: f64 = past.clone().map(|one| one.weight).sum();
        let mut sums = [Parts::default(); 2];
        for one in past {
            let squares = one.squares(&shift)?;
            let cells = squares.as_flattened().as_flattened();
            let sums = sums.as_flattened_mut().as_flattened_mut();
            for (sum, square) in sums.iter_mut().zip(cells) {
                *sum += one.weight * square * dates / weight;
            }
        }
        let scales = |parts: Parts| parts.map(|part| part.map(|sum| sum_error::scale(dates, sum)));
        let [of_all, of_months] = sums.map(scales);
        Ok(Self {
            shift,
            of_months,
            of_all,
        })
    }
}

/// `value` with its interval.
fn estimate(value: f64, variance: f64, interval: Fraction) -> Estimate {
    let (low, high) = sum_error::ends(value, variance, interval);
    Estimate { value, low, high }
}

/// The forecasts of earlier origins whose months are over, the latest first.
fn past(
    orders: &Orders,
    at: &At,
    (today, options): (Day, &Options),
    context: &Context,
) -> Result<Vec<Past>> {
    let mut all = Vec::new();
    for back in 0..ORIGINS {
        let origin = months_before(today, options.months as i32 + back * STEP);
        let began = Totals::new(orders, &At { day: origin, ..*at }, context)?;
        let began = began.first_day.iter().copied().min();
        if began.is_none_or(|began| origin.0.abs_diff(began) < YEAR) {
            break;
        }
        let Ok(forecast) = Forecast::new(orders, at, (origin, options), context)? else {
            break;
        };
        let actual = forecast.actual(orders, at, context)?;
        let weight = sum_error::weight(f64::from(back * STEP) / 12.0);
        push(&mut all, Past::new(forecast, actual, weight)?, "forecast")?;
    }
    Ok(all)
}

const PARTS: &[Label] = labels! {
    "existing", "Today's customers", "既存顧客";
    "new", "New customers", "新規顧客";
    "total", "Shop", "合計";
};

struct Row {
    month: Option<i32>,
    days: i32,
    part: u8,
    orders: Option<Estimate>,
    revenue: Option<Estimate>,
}

/// The analysis `shop_forecast`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug)]
pub struct ShopForecast;

impl Analysis for ShopForecast {
    const NAME: &'static str = "shop_forecast";
    const SUMMARY: &'static str =
        "Orders and revenue of the next months, of today's customers and of new ones";
    const JA: &'static str = "売上予測";
    const COLUMNS: &'static [Field] = &columns! {
        "month": Date, "", "月",
            "The first day of the month that is forecast; null: all months together.";
        "days": Int, "days", "日数", "Days of it.";
        "part": Category, "", "区分", "The customers: today's, new ones, or both.";
        "orders": Float, "days", "予測購入数", "Purchase days.";
        "revenue": Money, "currency", "予測売上", "Revenue.";
        "orders_low": Float, "days", "購入数下限", "Lower end.";
        "orders_high": Float, "days", "購入数上限", "Upper end.";
        "revenue_low": Money, "currency", "売上下限", "Lower end.";
        "revenue_high": Money, "currency", "売上上限", "Upper end.";
    };
    // Rows are of the whole shop: there are none of customers to choose.
    const SCOPE: &'static [&'static str] = &[
        "as_of",
        "where",
        "by",
        "policy",
        "basis",
        "refunds",
        "churn_days",
        "churn_boundary",
    ];
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        if !(1..=60).contains(&options.months) {
            return Err(Error::option("months", options.months, "1 to 60"));
        }
        let at = At {
            occasion: Some(Occasion::Day),
            ..*at
        };
        let totals = Totals::new(orders, &at, context)?;
        let today = totals.as_of;
        let began = totals.first_day.iter().copied().min();
        let young = began.is_none_or(|began| today.0.abs_diff(began) < YEAR);
        let mut forecast = Forecast::new(orders, &at, (today, options), context)?;
        let past = match &forecast {
            Ok(_) if !young => past(orders, &at, (today, options), context)?,
            _ => Vec::new(),
        };
        let correction = Correction::new(past.iter(), options.months)?;
        if let Ok(forecast) = &mut forecast {
            forecast.months = shifted(&forecast.months, &correction.shift)?;
        }
        let rows = rows(forecast.as_ref().ok(), (today, options), &correction, young)?;
        let [existing, new] = correction
            .shift
            .map(|[orders, revenue]| json!({"orders": orders, "revenue": revenue}));
        let mut table = table(&rows, orders.currency())?
            .with_note("past", json!(past_note(&past, options)?))
            .with_note("shift", json!({"existing": existing, "new": new}));
        if !young && past.is_empty() {
            table = table.with_note("interval_not_measured", "no_earlier_forecast".into());
        }
        match &forecast {
            Ok(forecast) => {
                if let Some(found) = &forecast.known.seasons {
                    table = table.with_note("seasons", found.clone());
                }
                if young {
                    table = table.with_note("without_interval", "younger_than_a_year".into());
                }
            }
            Err(reason) => table = table.with_note("without_forecast", (*reason).into()),
        }
        Ok(table)
    }
}

fn rows(
    forecast: Option<&Forecast>,
    (today, options): (Day, &Options),
    correction: &Correction,
    young: bool,
) -> Result<Vec<Row>> {
    let days = months_after(today, options.months)?;
    let mut rows = room(3 * (days.len() + 1), "table")?;
    for month in (0..days.len()).map(Some).chain([None]) {
        let (first, length) = match month {
            Some(at) => (Some(days[at].start), days[at].end - days[at].start),
            None => (None, days.last().map_or(0, |last| last.end - 1 - today.0)),
        };
        let scale = match month {
            Some(_) => correction.of_months,
            None => correction.of_all,
        };
        for part in [EXISTING, NEW, TOTAL] {
            let cell = |of: usize| {
                let forecast = forecast?;
                let value = match month {
                    Some(at) => forecast.months[at],
                    None => in_all(&forecast.months),
                }[part][of];
                let variance = scale[part][of] * forecast.variance(month, part, of);
                Some(match young {
                    true => Estimate {
                        value,
                        low: f64::NAN,
                        high: f64::NAN,
                    },
                    false => estimate(value, variance, options.interval),
                })
            };
            rows.push(Row {
                month: first,
                days: length,
                part: part as u8,
                orders: cell(0),
                revenue: cell(1),
            });
        }
    }
    Ok(rows)
}

/// The note `past`: for each earlier origin actual ÷ forecast of the whole shop, unmoved, and whether the interval that the
/// other origins give held.
fn past_note(past: &[Past], options: &Options) -> Result<Vec<Value>> {
    let mut notes = room(past.len(), "forecast")?;
    for (at, one) in past.iter().enumerate() {
        let others = past.iter().enumerate().filter(|(other, _)| *other != at);
        let correction = Correction::new(others.map(|(_, one)| one), options.months)?;
        let (forecast, actual) = (in_all(&one.forecast), in_all(&one.actual));
        let moved = in_all(&shifted(&one.forecast, &correction.shift)?);
        let ratio = |of: usize| actual[TOTAL][of] / forecast[TOTAL][of];
        let held = |of: usize| {
            let variance = correction.of_all[TOTAL][of] * one.of_all[TOTAL][of];
            let forecast = estimate(moved[TOTAL][of], variance, options.interval);
            (forecast.low..=forecast.high).contains(&actual[TOTAL][of])
        };
        notes.push(json!({
            "origin": one.origin,
            "orders": ratio(0),
            "revenue": ratio(1),
            "orders_held": held(0),
            "revenue_held": held(1),
        }));
    }
    Ok(notes)
}

fn table(rows: &[Row], currency: Currency) -> Result<Table> {
    let fields = ShopForecast::COLUMNS;
    let orders = |at: usize, end: fn(Estimate) -> f64| {
        let cells = rows
            .iter()
            .map(|row| row.orders.map(end).filter(|v| v.is_finite()));
        Column::floats(&fields[at], cells)
    };
    let revenue = |at: usize, end: fn(Estimate) -> f64| -> Result<Column> {
        let (mut amounts, mut valid) = (
            filled(rows.len(), 0, "table")?,
            filled(rows.len(), false, "table")?,
        );
        for (place, row) in rows.iter().enumerate() {
            let value = row.revenue.map(end).filter(|v| v.is_finite());
            if let Some(minor) = value.and_then(|v| currency.minor(v)) {
                (amounts[place], valid[place]) = (minor, true);
            }
        }
        Ok(Column::new(&fields[at], Values::Money(amounts.into(), currency)).with_validity(valid))
    };
    Ok(Table::new(vec![
        Column::ints(&fields[0], rows.iter().map(|row| row.month))?,
        Column::ints(&fields[1], rows.iter().map(|row| Some(row.days)))?,
        Column::new(
            &fields[2],
            Values::Category {
                codes: collect(rows.iter().map(|row| row.part), "table")?,
                labels: PARTS,
            },
        ),
        orders(3, |cell| cell.value)?,
        revenue(4, |cell| cell.value)?,
        orders(5, |cell| cell.low)?,
        orders(6, |cell| cell.high)?,
        revenue(7, |cell| cell.low)?,
        revenue(8, |cell| cell.high)?,
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Zone;

    /// A customer is new for 365 days: 7.00 of two days, 3.00 of one, and 100.00 of one who actual a day too early.
    #[test]
    fn customers_are_new_for_a_year() {
        let orders = Orders::builder(Currency::USD, Zone::UTC)
            .order("a", "2025-01-02", 300)
            .order("a", "2025-06-01", 400)
            .order("b", "2025-12-31", 300)
            .order("early", "2025-01-01", 5_000)
            .order("early", "2025-03-01", 5_000)
            .build()
            .unwrap();
        let worth = |day: &str| {
            let at = At::new(day.parse().unwrap());
            worth_of_new(&Totals::new(&orders, &at, &Context::default()).unwrap())
        };
        assert_eq!(worth("2026-01-01"), Some(10.0 / 3.0));
        assert_eq!(worth("2025-12-31"), Some(110.0 / 5.0));
        assert_eq!(worth("2026-12-31"), None);
    }
}
