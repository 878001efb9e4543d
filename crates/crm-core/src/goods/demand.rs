//! Demand (需要予測): how much of each product, category or channel, or in the whole shop, will be sold in the next days, weeks or months.
//!
//! # Definition
//!
//! A series has one value per period of the shop's civil calendar: a day, a week from Monday, a calendar month.
//!
//! | measure | of the shop or a column of orders or customers | of a column of lines (product, category) |
//! |---|---|---|
//! | orders | orders that count | orders with a line of the item above 0 |
//! | revenue | revenue on the scope's basis | net amounts of the lines; returned lines are negative |
//! | quantity | units of all lines | units of the lines |
//!
//! The series of the shop begins with the first order, each other one with its first demand; periods without demand are 0. The last period
//! counts if `as_of` is its last day, else it is left out and is the first one that is forecast (note `incomplete_last_period`); a first week
//! or month that began before the first order is left out (`incomplete_first_period`). At most 3,660 periods are read.
//!
//! The method is chosen for each series (`demand/rolling.rs`): seasonal naive, the mean of the last periods (28 days, 8 weeks, 12
//! months), exponential smoothing (`num/forecasting/ets.rs`), optimised theta (`theta.rs`), the mean of both, and for intermittent series
//! (more than half of the periods empty) Croston-SBA and TSB (`intermittent.rs`). The season is a week of days and a year of months; weeks
//! have none. `error` is what chose it: MASE, of intermittent series RMSSE; below 1 it is better than repeating the last season (the last
//! period). Forecasts and ends are never below 0.
//!
//! Intervals are conformal, from the errors of earlier origins (`demand/interval.rs`); they are null where there are too few errors. The
//! note `series` counts series, those without an interval and those of each method; the note `errors` has the mean MASE and RMSSE; of days
//! `a_year_ago_known` says whether there are errors of this time of the year: where it is false, as before a first Christmas,
//! intervals may be too narrow.
//!
//! # Edge cases
//!
//! - A series without demand for longer than the horizon, two seasons and three times its longest earlier pause has `ended`: its forecast is
//!   0, without an interval.
//! - A series of fewer than ten periods or so has no earlier origins: the mean, without an interval. So has a series that never
//!   changed: its errors are 0, which says nothing about the next change.
//! - Revenue of a period may be negative (refunds at their own date); it counts as it is.
//!
//! # Calendar
//!
//! `calendar` has factors of known days: 0 for a closed day, 1.5 for a sale of half as much again. A period's factor is the mean of its
//! days'. Values are divided by it before and forecasts multiplied after; a past period of factor 0 is taken as missing (it gets the
//! value of a season before) and is in no error. Days that are in no period are counted in the note `calendar_days_outside`.
//!
//! # Parts and sums
//!
//! `split` = new_repeat forecasts first orders of customers and later orders apart: a plan of acquisition and of base. `bottom_up`
//! adds rows of the series `(all)`: the sum of the forecasts, with an interval from the errors of past sums; where a series had no
//! forecast at an earlier date, the mean of its last periods stands for it. What today's customers will
//! spend, and customers who come later, is in [`shop_forecast`](crate::forecast::shop).

mod interval;
mod outlook;
mod rolling;
mod series;
mod words;

pub use words::{DemandMeasure, Frequency, Method, Split};

use self::interval::Scores;
use self::outlook::{Factors, Of, Row};
use self::rolling::Plan;
use self::series::{Sales, first_day};
use self::words::PARTS;
use crate::analysis::Analysis;
use crate::context::{Context, collect, push, room};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::scope::{At, Occasion};
use crate::table::shared::METHOD;
use crate::table::{Column, Field, Table, columns};
use crate::time::{Day, Period};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What messages call the memory of this module.
const WHAT: &str = "demand";

/// Options of [`Demand`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Periods ahead, 1 to 400. Default 28.
    pub horizon: u32,
    /// What a series is of: shop (default), product, category or any other column. Orders and lines without a value are the series
    /// `(none)`.
    pub per: String,
    /// What is forecast.
    pub measure: DemandMeasure,
    /// The length of a period.
    pub frequency: Frequency,
    /// Factors of demand of known days, by date, 0 to 1,000: 0 for a closed day. Default: none.
    pub calendar: BTreeMap<String, f64>,
    /// Whether first orders of customers are forecast apart.
    pub split: Split,
    /// Whether the sum of all series is a series too, `(all)`. Default: no.
    pub bottom_up: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            horizon: 28,
            per: "shop".into(),
            measure: DemandMeasure::Orders,
            frequency: Frequency::Day,
            calendar: BTreeMap::new(),
            split: Split::None,
            bottom_up: false,
        }
    }
}

impl Options {
    /// The factors by day.
    fn factors(&self) -> Result<BTreeMap<i32, f64>> {
        let mut factors = BTreeMap::new();
        for (date, factor) in &self.calendar {
            let option = format!("calendar.{date}");
            let Ok(day) = date.parse::<Day>() else {
                return Err(Error::option(option, "", "a date such as \"2026-12-25\""));
            };
            if !(0.0..=1_000.0).contains(factor) {
                return Err(Error::option(option, factor, "a factor from 0 to 1,000"));
            }
            factors.insert(day.0, *factor);
        }
        Ok(factors)
    }

    fn plan(&self) -> Plan {
        let (season, mean, step, origins, fitted, refits) = match self.frequency {
            // Origins a week apart have the same weekdays. Parameters of a year of days are enough, and take half the time of two.
            Frequency::Day => (7, 28, 7, 60, 371, 1),
            Frequency::Week => (1, 8, 1, 52, 260, 4),
            Frequency::Month => (12, 12, 1, 24, 180, 4),
        };
        // Errors of 13 weeks ago weigh half; those of days within three weeks of 52 weeks ago are of the time of the
        // year.
        let (half_life, year, near) = match self.frequency {
            Frequency::Day => (91.0, 364, 21),
            Frequency::Week => (13.0, 0, 0),
            Frequency::Month => (f64::INFINITY, 0, 0),
        };
        Plan {
            season,
            mean,
            step,
            origins,
            fitted,
            refits,
            horizon: self.horizon as usize,
            half_life,
            year,
            near,
        }
    }
}

/// The analysis `demand`.
///
/// ```
/// use crm_core::{Context, Currency, Dataset, Orders, Zone, register};
/// let mut orders = Orders::builder(Currency::JPY, Zone::UTC);
/// for day in 0..140 {
///     // Four orders on Mondays, else one or two.
///     for k in 0..if day % 7 == 0 { 4 } else { 1 + day % 2 } {
///         let date = crm_core::Day(20_458 + day).to_string();
///         orders = orders.order(&format!("c{k}"), &date, 1_000);
///     }
/// }
/// let (orders, context) = (orders.build()?, Context::default());
/// let table = register::run("demand", &Dataset::Orders(&orders), r#"{"horizon": 7}"#, &context)?;
/// let expected: Vec<f64> = table.floats("expected")?.flatten().collect();
/// assert!(expected[0] > 3.0 && expected[1] < 2.5);
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Demand;

impl Analysis for Demand {
    const NAME: &'static str = "demand";
    const SUMMARY: &'static str = "How much will be sold in the next days, weeks or months: of the shop, of products, of any column";
    const JA: &'static str = "需要予測";
    const COLUMNS: &'static [Field] = &columns! {
        "series": Text, "", "系列", "What is sold: a value of `per`, or `shop`; `(all)` with `bottom_up`.";
        "part": Category, "", "区分", "First orders of customers, or later ones; only with `split`.";
        "period": Date, "", "期間", "The first day of the period.";
        "expected": Float, "", "予測", "What is expected: orders, units, or revenue in major units.";
        "low_80": Float, "", "下限 (80%)", "Lower end of the 80 % interval; null where too little is known.";
        "high_80": Float, "", "上限 (80%)", "Upper end of the 80 % interval.";
        "low_95": Float, "", "下限 (95%)", "Lower end of the 95 % interval; null where too little is known.";
        "high_95": Float, "", "上限 (95%)", "Upper end of the 95 % interval.";
        METHOD, "What forecasts the series; null for `(all)`.";
        "error": Float, "", "過去の誤差", "MASE of the method at earlier dates, of intermittent series RMSSE; null without such dates.";
    };
    const SCOPE: &'static [&'static str] = &["as_of", "where", "by", "policy", "basis", "refunds"];
    const OCCASION: Option<Occasion> = Some(Occasion::Order);
    type Data = Orders;
    type Options = Options;

    fn check(_: &Orders, options: &Options) -> Result<()> {
        if !(1..=400).contains(&options.horizon) {
            return Err(Error::option("horizon", options.horizon, "1 to 400"));
        }
        options.factors().map(|_| ())
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let days = options.horizon.saturating_add(1).saturating_mul(31);
        if at.day.after(days).is_none() {
            let expected = "periods that end before the calendar does";
            return Err(Error::option("horizon", options.horizon, expected));
        }
        let sales = Sales::new(orders, at, options, context)?;
        let plan = options.plan();
        let rows = sales.series.len().saturating_mul(plan.horizon);
        context.afford(rows.saturating_mul(plan.origins * 8 + 64), WHAT)?;
        let period = options.frequency.period();
        let ahead = sales.periods.end..sales.periods.end + plan.horizon as i32;
        let factors = Factors::new(&options.factors()?, sales.periods.start..ahead.end, period)?;
        let parts = collect(sales.series.iter(), WHAT)?;
        let judged = context.map(parts, |series| {
            context.check()?;
            Of::new(series, &factors, &plan)
        })?;
        let mut of_all = Vec::new();
        if options.bottom_up {
            for part in parts_of(options.split) {
                let of_part = judged.iter().filter(|of| of.part == *part);
                if let Some(of) = Of::sum(of_part, *part, &plan)? {
                    push(&mut of_all, of, WHAT)?;
                }
            }
        }
        let scores = Scores::new(judged.iter().map(|of| &of.judged), &plan)?;
        let of_sum = Scores::new(of_all.iter().map(|of| &of.judged), &plan)?;
        let mut rows = room(rows, "table")?;
        for (of, scores) in judged
            .iter()
            .map(|of| (of, &scores))
            .chain(of_all.iter().map(|of| (of, &of_sum)))
        {
            of.rows(scores, &factors, &ahead, &mut rows)?;
        }
        let table = table(&rows, options.split, period)?;
        let mut table = noted(table, &sales, &judged, &rows);
        if !options.calendar.is_empty() {
            let read = first_day(sales.periods.start, period).0..first_day(ahead.end, period).0;
            let days = options.factors()?;
            let outside = days.keys().filter(|day| !read.contains(*day)).count();
            table = table.with_note("calendar_days_outside", json!(outside));
        }
        // Days know the time of the year by the errors of a year ago only.
        Ok(match plan.year {
            0 => table,
            _ => table.with_note("a_year_ago_known", json!(scores.know_the_year())),
        })
    }
}

fn parts_of(split: Split) -> &'static [Option<u8>] {
    match split {
        Split::None => &[None],
        Split::NewRepeat => &[Some(0), Some(1)],
    }
}

fn table(rows: &[Row], split: Split, period: Period) -> Result<Table> {
    let f = Demand::COLUMNS;
    let mut names: Vec<String> = Vec::new();
    let mut codes = room(rows.len(), "table")?;
    for row in rows {
        if names.last() != Some(&row.of.name) {
            push(&mut names, row.of.name.clone(), "table")?;
        }
        codes.push(names.len() as u32 - 1);
    }
    let names = Arc::new(names);
    let floats = |field: &Field, of: &dyn Fn(&Row) -> Option<f64>| {
        Column::floats(
            field,
            rows.iter().map(|row| of(row).filter(|v| v.is_finite())),
        )
    };
    let mut columns = vec![Column::texts(&f[0], &names, codes.into_iter())?];
    if split == Split::NewRepeat {
        columns.push(Column::words(
            &f[1],
            PARTS,
            rows.iter().map(|row| row.of.part),
        )?);
    }
    let days = rows.iter().map(|row| Some(first_day(row.number, period).0));
    columns.push(Column::ints(&f[2], days)?);
    columns.push(floats(&f[3], &|row| Some(row.expected))?);
    for (place, level) in [(4, 0), (6, 1)] {
        columns.push(floats(&f[place], &|row| {
            row.ends[level].map(|ends| ends.0)
        })?);
        columns.push(floats(&f[place + 1], &|row| {
            row.ends[level].map(|ends| ends.1)
        })?);
    }
    let methods = rows
        .iter()
        .map(|row| row.of.judged.method.map(|method| method as u8));
    columns.push(Column::words(&f[8], Method::LABELS, methods)?);
    columns.push(floats(&f[9], &|row| row.of.judged.error)?);
    Ok(Table::new(columns))
}

/// The notes: what was left out, the methods, how wrong they were.
fn noted(table: Table, sales: &Sales, judged: &[Of], rows: &[Row]) -> Table {
    let mut methods = Map::new();
    let mut errors = [(0.0, 0_u64); 2];
    for of in judged {
        if let Some(method) = of.judged.method {
            let count = methods.entry(method.to_string()).or_insert(json!(0));
            *count = json!(count.as_u64().unwrap_or(0) + 1);
        }
        if let Some(error) = of.judged.error {
            let (sum, n) = &mut errors[usize::from(of.judged.is_intermittent)];
            *sum += error;
            *n += 1;
        }
    }
    let without = |level: usize| {
        let null = rows.iter().filter(|row| row.ends[level].is_none());
        null.count()
    };
    let [mase, rmsse] = errors.map(|(sum, n)| (n > 0).then(|| sum / n as f64));
    table
        .with_note("series", json!(judged.len()))
        .with_note("methods", json!(methods))
        .with_note("errors", json!({"mase": mase, "rmsse": rmsse}))
        .with_note(
            "without_interval",
            json!({"80": without(0), "95": without(1)}),
        )
        .with_note("incomplete_last_period", json!(sales.incomplete[0]))
        .with_note("incomplete_first_period", json!(sales.incomplete[1]))
}

#[cfg(test)]
mod tests {
    use crate::data::Orders;
    use crate::{Context, Currency, Dataset, Day, Error, Result, Table, Zone, register};
    use serde_json::{Value, json};

    const FIRST: i32 = 20_458;

    /// A shop with so many orders on each day from Monday, 5 January 2026 on, of new customers where `is_new`.
    fn shop(days: i32, count: impl Fn(i32) -> i32, is_new: bool) -> Orders {
        let mut orders = Orders::builder(Currency::JPY, Zone::UTC);
        for day in 0..days {
            for k in 0..count(day) {
                let customer = if is_new {
                    format!("{day}-{k}")
                } else {
                    format!("c{k}")
                };
                orders = orders.order(&customer, &Day(FIRST + day).to_string(), 1_000);
            }
        }
        orders.build().unwrap()
    }

    fn run(orders: &Orders, request: Value) -> Result<Table> {
        let request = request.to_string();
        register::run(
            "demand",
            &Dataset::Orders(orders),
            &request,
            &Context::default(),
        )
    }

    fn floats(table: &Table, name: &str) -> Vec<Option<f64>> {
        table.floats(name).unwrap().collect()
    }

    fn expected(table: &Table) -> Vec<f64> {
        floats(table, "expected").into_iter().flatten().collect()
    }

    #[test]
    fn a_week_comes_back_with_an_interval_that_holds_it() {
        let count = |day: i32| 10 * [6, 2, 3, 2, 4, 8, 5][day as usize % 7] + day * day % 17;
        let orders = shop(280, count, false);
        let table = run(&orders, json!({"horizon": 14})).unwrap();
        let (low, high) = (floats(&table, "low_80"), floats(&table, "high_80"));
        let mut held = 0;
        for (h, value) in expected(&table).iter().enumerate() {
            let came = f64::from(count(280 + h as i32));
            assert!((value - came).abs() < 12.0, "{h} {value} {came}");
            let (low, high) = (low[h].unwrap(), high[h].unwrap());
            assert!(0.0 < low && low <= *value && *value <= high && high - low > 0.5);
            held += i32::from(low <= came && came <= high);
        }
        assert!(held >= 9, "{held}");
    }

    #[test]
    fn an_incomplete_period_is_forecast_and_not_read() {
        // Ten orders each day from Monday on; 201 days end on a Thursday.
        let orders = shop(201, |_| 10, false);
        let table = run(&orders, json!({"frequency": "week", "horizon": 2})).unwrap();
        let days: Vec<Option<Day>> = table.days("period").unwrap().collect();
        assert_eq!(days[0], Some(Day(FIRST + 196)));
        assert!(
            expected(&table)
                .iter()
                .all(|value| (value - 70.0).abs() < 1e-6)
        );
        assert_eq!(
            table.notes().get("incomplete_last_period"),
            Some(&json!(true))
        );
        // Errors were 0: nothing says how much it may change.
        assert_eq!(floats(&table, "low_80"), [None, None]);
        let sunday = Day(FIRST + 195).to_string();
        let table = run(&orders, json!({"frequency": "week", "as_of": sunday})).unwrap();
        assert_eq!(
            table.notes().get("incomplete_last_period"),
            Some(&json!(false))
        );
        // January began before the first order.
        let table = run(&orders, json!({"frequency": "month", "horizon": 1})).unwrap();
        assert_eq!(
            table.notes().get("incomplete_first_period"),
            Some(&json!(true))
        );
    }

    #[test]
    fn what_ended_what_began_and_nothing() {
        let ended = shop(200, |day| i32::from(day < 60), false);
        let as_of = Day(FIRST + 199).to_string();
        let table = run(&ended, json!({"as_of": as_of, "horizon": 7})).unwrap();
        assert_eq!(expected(&table), [0.0; 7]);
        assert_eq!(table.words("method").unwrap().next(), Some(Some("ended")));
        assert_eq!(floats(&table, "high_95")[0], None);
        let began = shop(1, |_| 3, false);
        let table = run(&began, json!({"horizon": 2})).unwrap();
        assert_eq!(
            (expected(&table), floats(&table, "error")[0]),
            (vec![3.0; 2], None)
        );
        assert_eq!(table.words("method").unwrap().next(), Some(Some("mean")));
        let nothing = run(&began, json!({"where": {"customer_id": "nobody"}}));
        assert!(nothing.is_err() || nothing.unwrap().is_empty());
        // Less than a week of weeks: no period is complete.
        assert!(
            run(&began, json!({"frequency": "week"}))
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn refunds_do_not_make_negative_forecasts() {
        let mut orders = Orders::builder(Currency::JPY, Zone::UTC);
        for day in 0..60 {
            let amount = if day % 2 == 0 { 1_000 } else { -3_000 };
            orders = orders.order("c", &Day(FIRST + day).to_string(), amount);
        }
        let table = run(
            &orders.build().unwrap(),
            json!({"measure": "revenue", "horizon": 4}),
        )
        .unwrap();
        assert!(expected(&table).iter().all(|value| *value >= 0.0));
        assert!(
            floats(&table, "low_80")
                .iter()
                .flatten()
                .all(|low| *low >= 0.0)
        );
    }

    #[test]
    fn closed_days_and_sales_are_known() {
        // Closed on every tenth day, twice as much on every fifteenth.
        let factor = |day: i32| match (day % 10, day % 15) {
            (9, _) => 0,
            (_, 7) => 2,
            _ => 1,
        };
        let orders = shop(
            200,
            |day| 4 * factor(day) + if factor(day) > 0 { day % 2 } else { 0 },
            false,
        );
        let calendar: Value = (0..214)
            .filter(|day| factor(*day) != 1)
            .map(|day| (Day(FIRST + day).to_string(), json!(factor(day))))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let as_of = Day(FIRST + 199).to_string();
        let request = json!({"calendar": calendar, "horizon": 14, "as_of": as_of});
        let table = run(&orders, request).unwrap();
        let high = floats(&table, "high_80");
        for (h, value) in expected(&table).iter().enumerate() {
            let factor = factor(200 + h as i32);
            if factor == 0 {
                assert_eq!((*value, high[h]), (0.0, Some(0.0)));
            }
            assert!((value - 4.4 * f64::from(factor)).abs() < 1.0, "{h} {value}");
        }
    }

    #[test]
    fn parts_add_up() {
        let orders = shop(140, |day| 3 + day % 4, true);
        let split = run(
            &orders,
            json!({"split": "new_repeat", "bottom_up": true, "horizon": 5}),
        )
        .unwrap();
        // All are first orders: one part, and its sum.
        let parts: Vec<Option<&str>> = split.words("part").unwrap().collect();
        assert_eq!(parts, [Some("new"); 10]);
        let values = expected(&split);
        assert_eq!(values[..5], values[5..]);
        let by_kind = run(
            &orders,
            json!({"per": "kind", "bottom_up": true, "horizon": 5}),
        )
        .unwrap();
        let values = expected(&by_kind);
        assert_eq!(values[..5], values[5..]);
        assert_eq!(
            floats(&by_kind, "high_80")[..5],
            floats(&by_kind, "high_80")[5..]
        );
    }

    #[test]
    fn options_out_of_range_are_named() {
        let orders = shop(20, |_| 1, false);
        let option = |request: Value| match run(&orders, request) {
            Err(Error::OptionValue { name, .. }) => name,
            other => panic!("{other:?}"),
        };
        assert_eq!(option(json!({"horizon": 0})), "horizon");
        assert_eq!(
            option(json!({"calendar": {"easter": 1}})),
            "calendar.easter"
        );
        assert_eq!(
            option(json!({"calendar": {"2026-12-25": -1}})),
            "calendar.2026-12-25"
        );
        assert_eq!(option(json!({"per": "amount"})), "per");
        let quantity = run(&orders, json!({"measure": "quantity"}));
        assert!(
            matches!(quantity, Err(Error::OptionNeedsColumn { .. })),
            "{quantity:?}"
        );
    }
}
