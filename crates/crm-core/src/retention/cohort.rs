//! Cohorts and LTV transition (コホート, LTV推移): revenue, orders, repeat rate and active rate of each
//! cohort by time since the first order.
//!
//! # Definition
//!
//! A row of the matrix is a cohort. `rows` is `day`, `week`, `month`, `quarter` or `year` of the
//! origin (the first order, or the first that `origin` chooses), `all`, or a column: `channel`,
//! `product` or any dimension, at the origin; `first_channel` and similar; a dimension of the
//! customers table. A column of the matrix is an elapsed time t: 0, 30, 60, … days from the origin
//! (`step`), or whole clock hours, calendar weeks (from Monday), months, quarters or years after
//! that of the origin. The table is long: one line per cell.
//!
//! | value | over the customers of the cohort |
//! |------------------|--------------------------------------------------------------------|
//! | `customers` | customers observed up to t |
//! | `cumulative_ltv` | revenue up to t per customer (LTV)                                 |
//! | `orders_per_customer` | orders up to t per customer                                   |
//! | `repeat_rate`    | share with a second purchase by t                                  |
//! | `active_rate`    | share with a purchase in (t − step, t], or in that hour, week, …   |
//!
//! Hours are clock hours with the shop's UTC offset at the origin: an order at 10:59 and one at
//! 11:00 are one hour apart, and an hour that the clock repeats or leaves out changes nothing.
//! Hours need orders with times of day.
//!
//! A customer is observed up to t days when their origin + t ≤ `as_of`, and up to t hours, weeks, …
//! when that hour or period of the calendar has ended. For cells up to which not all customers are
//! observed there are three rules (`cells`):
//!
//! - `complete`, the default for rows that are periods: a cell is shown only if customers of the
//!   period's last day are observed up to t.
//! - `members`: a cell counts the customers observed up to t, so the customers change along a row.
//!   Cells without all customers are flagged (`complete` is false).
//! - `mean_cumulative`, the default for all other rows, whose origins are spread over time: the
//!   mean cumulative function, Σ_{u ≤ t} (revenue at age u among customers observed ≥ u / their
//!   number), and for `repeat_rate` the Kaplan-Meier share. `active_rate` is over customers
//!   observed ≥ t.
//!
//! `revenue` and `orders` are totals of the cell's customers up to t; under `mean_cumulative`
//! totals of all customers, so their quotient is not the mean.
//!
//! A second purchase is the first order on a later day than the origin's, as in
//! [`repeat_rate`](super::repeat_rate); with `occasion` = order the next order, on the same day as
//! well. All other values count orders whatever the occasion. A refund in its own row lowers
//! revenue at the age of the refund.

mod clock;
mod tally;

use self::clock::Clock;
use self::tally::Tally;
use super::grouping::{Group, GroupBy, Grouping};
use super::history::Histories;
use super::shares::share_columns;
use crate::analysis::Analysis;
use crate::context::{Context, collect, push};
use crate::data::Orders;
use crate::data::filter::AttributeValues;
use crate::error::{Error, Result};
use crate::money::Currency;
use crate::num::Fraction;
use crate::num::ratio::Ratio;
use crate::retention::fields::{CUMULATIVE_LTV, REPEATED};
use crate::scope::{At, Filter, Occasion, Scope};
use crate::table::shared::{
    CUSTOMERS, ORDERS, REPEAT_RATE, REPEAT_RATE_HIGH, REPEAT_RATE_LOW, REVENUE,
};
use crate::table::{Column, Field, Table, Values, columns, fields};
use crate::time::{Day, Duration, Period};
use crate::words::KindWord;
use serde::{Deserialize, Serialize};

/// Options of [`matrix`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The cohorts: `day`, `week`, `month`, `quarter`, `year`, `all`, or the name of a column.
    /// Default: month.
    pub rows: String,
    /// The step of elapsed time: a number of days; or clock hours, calendar weeks, months, quarters
    /// or years (`"hour"`, `"week"`, `"month"`, `"quarter"`, `"year"`). Default 30 days.
    pub step: Step,
    /// The longest elapsed time, in days or in steps of the calendar; up to 36,600 days, 8,784 hours,
    /// 5,200 weeks, 1,200 months, 400 quarters, 100 years. Default 720 days, 168 hours, 52 weeks, 24
    /// months, 12 quarters or 10 years.
    pub up_to: Option<u32>,
    /// The rule for cells up to which not all customers are observed. Default: `complete` for
    /// periods, `mean_cumulative` for other rows.
    pub cells: Option<Cells>,
    /// The filter that chooses the origin: a history begins at the first order that it keeps, such
    /// as `{"product": "A"}`. Default: the first order.
    pub origin: Filter,
    /// Only orders of these kinds. Default: all that count.
    pub kinds: Option<Vec<KindWord>>,
    /// Confidence of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            rows: "month".into(),
            step: Step::Days(Duration::days(30)),
            up_to: None,
            cells: None,
            origin: Filter::default(),
            kinds: None,
            confidence: Fraction::P95,
        }
    }
}

/// A step of elapsed time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "a number of days, a text such as \"30d\", or one of `hour`, `week`, `month`, \
                 `quarter`, `year`"
)]
pub enum Step {
    /// Clock hours, calendar weeks, months, quarters or years.
    Calendar(CalendarStep),
    /// A number of days.
    Days(Duration),
}

/// Steps of the clock or calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CalendarStep {
    /// An hour of the clock.
    Hour,
    /// A calendar week, from Monday (ISO 8601).
    Week,
    /// A calendar month.
    Month,
    /// A calendar quarter.
    Quarter,
    /// A calendar year.
    Year,
}

impl CalendarStep {
    /// The largest number of steps: a hundred years; for hours, one year.
    fn most(self) -> u32 {
        match self {
            CalendarStep::Hour => 8_784,
            CalendarStep::Week => 5_200,
            CalendarStep::Month => 1_200,
            CalendarStep::Quarter => 400,
            CalendarStep::Year => 100,
        }
    }
}

/// The rule for cells up to which not all customers are observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cells {
    /// Leave the cells out.
    Complete,
    /// Show the customers observed so long, and flag the cells.
    Members,
    /// At each age, use the customers observed so long.
    MeanCumulative,
}

/// A cell of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cell {
    /// Days, hours, weeks, … since the origin.
    pub elapsed: i32,
    /// Customers of the cohort.
    pub cohort_customers: u64,
    /// Of these, customers observed up to the elapsed time.
    pub customers: u64,
    /// Whether the cohort can get no more customers and all of them were observed so long.
    pub complete: bool,
    /// Revenue, minor units.
    pub revenue: i64,
    /// Cumulative revenue per customer, major units.
    pub cumulative_ltv: f64,
    /// Orders.
    pub orders: u64,
    /// Cumulative orders per customer.
    pub orders_per_customer: f64,
    /// The share with a second purchase.
    pub repeat_rate: Ratio,
    /// The share with a purchase in the last step.
    pub active_rate: Ratio,
}

/// The cells and their cohorts.
#[derive(Debug, Clone, Serialize)]
pub struct Cohorts {
    /// The cells, by cohort, then by elapsed time, ascending.
    pub cells: Vec<Cell>,
    /// The cohort of each cell: a date for periods; `None` with `rows` = `all`.
    cohort: Option<(Values, Vec<bool>)>,
}

/// Computes the matrix.
///
/// ```
/// use crm_core::{At, Context, Currency, Orders, Zone, retention::cohort};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("a", "2026-01-01", 3_000)
///     .order("a", "2026-01-31", 5_000)
///     .order("b", "2026-01-10", 1_000)
///     .build()?;
/// let at = At::new("2026-03-31".parse()?);
/// let cohorts = cohort::matrix(&orders, &at, &Default::default(), &Context::default())?;
/// let ltv: Vec<f64> = cohorts.cells.iter().map(|cell| cell.cumulative_ltv).collect();
/// assert_eq!(ltv, [2_000.0, 4_500.0]); // days 0 and 30: 31 January + 60 days is past the date
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// Options out of range, a column that does not exist, a sum that does not fit into 64 bits.
pub fn matrix(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Cohorts> {
    let row = row(&options.rows);
    let rule = options.rule();
    if rule == Cells::Complete && !matches!(row, Some(GroupBy::Period(_))) {
        return Err(Error::option(
            "cells",
            "\"complete\"",
            "members or mean_cumulative: these rows span periods",
        ));
    }
    let kinds = options.kinds.as_deref();
    let occasion = Occasion::Day;
    let histories = Histories::new(orders, at, &options.origin, kinds, occasion, context)?;
    let histories = histories.of_orders();
    let grouping = Grouping::new(&histories, row.as_slice(), (None, None), context)?;
    let clock = Clock::new(options, &histories, &grouping)?;
    let mut cohorts = Cohorts {
        cells: Vec::new(),
        cohort: None,
    };
    let mut places = Vec::new();
    grouping.tally(
        &histories,
        clock.ages(),
        context,
        || Tally::new(&clock, rule, histories.currency(), options),
        |tally, origin, history| tally.add(&clock, origin, history, histories.repeat(history)),
        |group, tally| {
            let last_day = match &row {
                Some(GroupBy::Period(period)) => last_day(&grouping, group, *period),
                _ => histories.as_of(),
            };
            tally.finish(group, clock.watched_from(last_day), &histories, |cell| {
                push(&mut places, group.place, "cohorts")?;
                push(&mut cohorts.cells, cell, "cohorts")
            })
        },
    )?;
    if let Some((_, values)) = grouping.keys.first() {
        cohorts.cohort = Some(values.cells(&places)?);
    }
    Ok(cohorts)
}

/// The grouping of a name; `None` is one row of all customers.
fn row(name: &str) -> Option<GroupBy> {
    Some(match name {
        "all" => return None,
        "day" | "first_day" => GroupBy::Period(Period::Day),
        "week" | "first_week" => GroupBy::Period(Period::Week),
        "month" | "first_month" => GroupBy::Period(Period::Month),
        "quarter" | "first_quarter" => GroupBy::Period(Period::Quarter),
        "year" | "first_year" => GroupBy::Period(Period::Year),
        _ => GroupBy::Column(name.to_owned()),
    })
}

/// The last day of a group's period.
fn last_day(grouping: &Grouping, group: Group, period: Period) -> i32 {
    match grouping.keys.first() {
        Some((_, AttributeValues::Days(days))) => Day(days[group.place]).plus(1, period).0 - 1,
        _ => i32::MAX,
    }
}

impl Options {
    fn rule(&self) -> Cells {
        self.cells.unwrap_or(match self.spans_periods() {
            false => Cells::Complete,
            true => Cells::MeanCumulative,
        })
    }

    /// The longest elapsed time, in the unit of the steps.
    fn longest(&self) -> u32 {
        self.up_to.unwrap_or(match self.step {
            Step::Calendar(CalendarStep::Hour) => 168,
            Step::Calendar(CalendarStep::Week) => 52,
            Step::Calendar(CalendarStep::Month) => 24,
            Step::Calendar(CalendarStep::Quarter) => 12,
            Step::Calendar(CalendarStep::Year) => 10,
            Step::Days(_) => 720,
        })
    }

    fn spans_periods(&self) -> bool {
        !matches!(row(&self.rows), Some(GroupBy::Period(_)))
    }
}

fields! {
    COHORT = "cohort", Date, "", "コホート",
        "The first day of the row's period; or the row's value, of the column's own type.";
}
const REPEAT_RATES: [Field; 3] = columns! {
    REPEAT_RATE, "Share with a second purchase until this step.";
    REPEAT_RATE_LOW;
    REPEAT_RATE_HIGH;
};
const ACTIVE_RATE: [Field; 3] = columns! {
    "active_rate": Float, "share", "購入率", "Share with a purchase in the last step.";
    "active_rate_low": Float, "share", "購入率(下限)", "Lower end of its interval.";
    "active_rate_high": Float, "share", "購入率(上限)", "Upper end of its interval.";
};

/// The analysis `cohorts`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct CohortMatrix;

impl Analysis for CohortMatrix {
    const NAME: &'static str = "cohorts";
    const SUMMARY: &'static str =
        "Revenue and active customers of each cohort, by time since the first order";
    const JA: &'static str = "LTV推移";
    const COLUMNS: &'static [Field] = &columns! {
        COHORT;
        "elapsed": Int, "days", "経過", "Since the origin: days, or steps of the clock or the calendar.";
        "cohort_customers": Int, "customers", "コホート人数", "Customers of the cohort.";
        CUSTOMERS, "Customers of the cohort observed until this step.";
        "complete": Bool, "", "完了", "Whether the cohort is closed and all its customers were observed until this step.";
        REVENUE, "Revenue until this step.";
        CUMULATIVE_LTV;
        ORDERS, "Orders until this step.";
        "orders_per_customer": Float, "orders", "平均購入回数", "Cumulative orders per customer.";
        REPEATED, "Customers with a second purchase until this step.";
        REPEAT_RATES[0];
        REPEAT_RATES[1];
        REPEAT_RATES[2];
        "active": Int, "customers", "購入人数", "Customers with a purchase in the last step.";
        ACTIVE_RATE[0];
        ACTIVE_RATE[1];
        ACTIVE_RATE[2];
    };
    const OCCASION: Option<Occasion> = Some(Occasion::Day);
    type Data = Orders;
    type Options = Options;

    fn resolve(_: &Orders, scope: Scope, options: Options) -> Result<(Scope, Options)> {
        let (cells, up_to) = (Some(options.rule()), Some(options.longest()));
        Ok((
            scope,
            Options {
                cells,
                up_to,
                ..options
            },
        ))
    }

    fn check(whole: &Orders, options: &Options) -> Result<()> {
        let hours = options.step == Step::Calendar(CalendarStep::Hour);
        match hours && !clock::has_hours(whole) {
            true => Err(Error::option(
                "step",
                "\"hour\"",
                "orders with times of day: these have dates only",
            )),
            false => Ok(()),
        }
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        matrix(orders, at, options, context)?.into_table(orders.currency())
    }
}

impl Cohorts {
    /// The result as a table.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn into_table(self, currency: Currency) -> Result<Table> {
        let fields = CohortMatrix::COLUMNS;
        let whole = |field: usize, of: fn(&Cell) -> u64| {
            let cells = collect(self.cells.iter().map(|c| of(c) as i64), "table")?;
            Ok::<_, Error>(Column::new(&fields[field], Values::I64(cells.into())))
        };
        let float = |field: usize, of: fn(&Cell) -> f64| {
            Column::floats(&fields[field], self.cells.iter().map(|c| Some(of(c))))
        };
        let shares = |fields, of: fn(&Cell) -> Ratio| {
            share_columns(fields, &collect(self.cells.iter().map(of), "table")?)
        };
        let elapsed = collect(self.cells.iter().map(|c| c.elapsed), "table")?;
        let complete = collect(self.cells.iter().map(|c| c.complete), "table")?;
        let revenue = collect(self.cells.iter().map(|c| c.revenue), "table")?;
        let mut columns = Vec::new();
        if let Some((values, valid)) = self.cohort {
            columns.push(Column::new(&COHORT, values).with_validity(valid));
        }
        columns.extend([
            Column::new(&fields[1], Values::I32(elapsed)),
            whole(2, |c| c.cohort_customers)?,
            whole(3, |c| c.customers)?,
            Column::new(&fields[4], Values::Bool(complete)),
            Column::new(&fields[5], Values::Money(revenue.into(), currency)),
            float(6, |c| c.cumulative_ltv)?,
            whole(7, |c| c.orders)?,
            float(8, |c| c.orders_per_customer)?,
            whole(9, |c| c.repeat_rate.numerator)?,
        ]);
        columns.extend(shares(&REPEAT_RATES, |c| c.repeat_rate)?);
        columns.push(whole(13, |c| c.active_rate.numerator)?);
        columns.extend(shares(&ACTIVE_RATE, |c| c.active_rate)?);
        Ok(Table::new(columns))
    }
}

#[cfg(test)]
mod tests;
