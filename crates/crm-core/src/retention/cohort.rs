//! Cohorts and LTV transition (コホート, LTV推移): what the customers of each cohort have been worth
//! by so many days after their first order, and how many still buy.
//!
//! # Definition
//!
//! A row of the matrix is a cohort: `rows` is `month`, `week`, `quarter` or `year` of the origin
//! (the first order, unless `origin` says otherwise), `all`, or a column: `channel`, `product`, any
//! dimension, at the origin; `first_channel` and the like; a dimension of the customers table. A
//! column of the matrix is an elapsed time t: 0, 30, 60, … days from the origin (`step`), or whole
//! calendar months after its own. The table is long: one line per cell.
//!
//! | value            | of the customers of the cohort, by t                               |
//! |------------------|--------------------------------------------------------------------|
//! | `customers`      | who could be watched so long                                       |
//! | `cumulative_ltv` | revenue up to t per customer (LTV)                                 |
//! | `orders_per_customer` | orders up to t per customer                                   |
//! | `repeat_rate`    | share with a second purchase by t                                  |
//! | `active_rate`    | share with a purchase in (t − step, t], or in that month           |
//!
//! A customer is watched t days when their origin + t ≤ `as_of`, and t months when that calendar
//! month has ended. As the young cannot be watched long, a cell follows one of three rules (`cells`):
//!
//! - `complete`, the default for rows that are periods: only where the period's last day can be
//!   watched so long. Other cells are left out.
//! - `members`: whoever is old enough. Along a row the customers then change; cells where not
//!   everybody is old enough are flagged (`complete` is false).
//! - `mean_cumulative`, the default for all other rows, which span periods: the mean cumulative
//!   function, Σ_{u ≤ t} (revenue at age u among those watched ≥ u / their number), and for
//!   `repeat_rate` the Kaplan-Meier share. `active_rate` is of those watched ≥ t.
//!
//! `revenue` and `orders` are what was seen of the cell's customers up to t; under `mean_cumulative`
//! of all customers, so that their quotient is not the mean.
//!
//! A purchase is an order unless `occasion` says a day. A refund that is a row of its own lowers
//! revenue at its own age.

use super::grouping::{Group, Grouping, Key, Origin};
use super::history::{Histories, History};
use super::mean_cumulative::{Mean, MeanCumulative};
use super::share_columns;
use super::waits::{Waits, ended_by};
use crate::analysis::Analysis;
use crate::context::{collect, filled, push, room};
use crate::data::{AttributeValues, KindWord, Orders};
use crate::num::ratio::Ratio;
use crate::scope::{Filter, Occasion};
use crate::table::{Column, Field, Type, Values};
use crate::time::Period;
use crate::{Context, Currency, Day, Duration, Error, Fraction, Result, Scope, Table};
use chrono::Datelike;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Options of [`matrix`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// What a row is: `month`, `week`, `quarter`, `year`, `all`, or the name of a column. Default:
    /// month.
    pub rows: String,
    /// What a step of elapsed time is: a number of days, or `"month"`. Default 30 days.
    pub step: Step,
    /// The longest elapsed time, in days or months; up to 36,600 days. Default 720 days or 24
    /// months.
    pub up_to: Option<u32>,
    /// What becomes of cells for which not everybody is old enough. Default: by the rows, see the
    /// module.
    pub cells: Option<Cells>,
    /// Where histories begin: the first order that this filter lets through, such as
    /// `{"product": "A"}`. Default: the first order.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a number of days, a text such as \"30d\", or \"month\""
)]
pub enum Step {
    /// Calendar months.
    Calendar(Month),
    /// So many days.
    Days(Duration),
}

/// The word for calendar months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Month {
    /// A calendar month.
    Month,
}

/// What becomes of cells for which not everybody is old enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cells {
    /// They are left out.
    Complete,
    /// They show whoever is old enough, and are flagged.
    Members,
    /// Every age counts whoever was watched so long.
    MeanCumulative,
}

/// A cell of the matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Days or months since the origin.
    pub elapsed: i32,
    /// Customers of the cohort.
    pub cohort_customers: u64,
    /// Of these, those watched so long.
    pub customers: u64,
    /// Whether the cohort is closed and everybody in it was watched so long.
    pub complete: bool,
    /// Revenue seen, minor units.
    pub revenue: i64,
    /// Cumulative revenue per customer, major units.
    pub cumulative_ltv: f64,
    /// Orders seen.
    pub orders: u64,
    /// Cumulative orders per customer.
    pub orders_per_customer: f64,
    /// With a second purchase.
    pub repeat_rate: Ratio,
    /// With a purchase in the last step.
    pub active_rate: Ratio,
}

/// The cells, cohort after cohort, and which cohort each is of.
#[derive(Clone)]
pub struct Cohorts {
    /// The cells, cohorts ascending, within one by elapsed time.
    pub cells: Vec<Cell>,
    /// The cohort of each cell: a date for periods; none with `rows` = `all`.
    cohort: Option<(Values, Vec<bool>)>,
}

/// Computes the matrix.
///
/// ```
/// use crm_core::{Context, Currency, Orders, Scope, Zone, retention::cohort};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("a", "2026-01-01", 3_000)
///     .order("a", "2026-01-31", 5_000)
///     .order("b", "2026-01-10", 1_000)
///     .build()?;
/// let scope = Scope::as_of("2026-03-31".parse()?);
/// let cohorts = cohort::matrix(&orders, &scope, &Default::default(), &Context::default())?;
/// let ltv: Vec<f64> = cohorts.cells.iter().map(|cell| cell.cumulative_ltv).collect();
/// assert_eq!(ltv, [2_000.0, 4_500.0]); // days 0 and 30: 31 January + 60 days is past the date
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// Options out of range, a column that there is not, a sum that does not fit.
pub fn matrix(
    orders: &Orders,
    scope: &Scope,
    options: &Options,
    context: &Context,
) -> Result<Cohorts> {
    let row = row(&options.rows);
    let rule = options.cells.unwrap_or(match row {
        Some(Key::Period(_)) => Cells::Complete,
        _ => Cells::MeanCumulative,
    });
    if rule == Cells::Complete && !matches!(row, Some(Key::Period(_))) {
        return Err(Error::option(
            "cells",
            "\"complete\"",
            "members or mean_cumulative: these rows span periods",
        ));
    }
    let kinds = options.kinds.as_deref();
    let occasion = Occasion::Order;
    let histories = Histories::new(orders, scope, &options.origin, kinds, occasion, context)?;
    let grouping = Grouping::new(&histories, row.as_slice(), (None, None), context)?;
    let clock = Clock::new(options, &histories, &grouping)?;
    let mut tally = Tally::new(&clock, rule, histories.currency(), options)?;
    let mut cohorts = Cohorts {
        cells: Vec::new(),
        cohort: None,
    };
    let mut places = Vec::new();
    let mut history = History::default();
    for group in grouping.groups() {
        context.check()?;
        let last_day = match &row {
            Some(Key::Period(period)) => last_day(&grouping, group, *period),
            _ => histories.as_of(),
        };
        tally.clear();
        for origin in group.customers() {
            histories.read(origin.code, &mut history)?;
            tally.add(&clock, origin, &history)?;
        }
        tally.finish(group, clock.watched(last_day), &histories, |cell| {
            push(&mut places, group.place(), "cohorts")?;
            push(&mut cohorts.cells, cell, "cohorts")
        })?;
    }
    if let Some((_, values)) = grouping.keys.first() {
        cohorts.cohort = Some(values.cells(&places)?);
    }
    Ok(cohorts)
}

/// The rows by their name; none is one row of all.
fn row(name: &str) -> Option<Key> {
    Some(match name {
        "all" => return None,
        "day" | "first_day" => Key::Period(Period::Day),
        "week" | "first_week" => Key::Period(Period::Week),
        "month" | "first_month" => Key::Period(Period::Month),
        "quarter" | "first_quarter" => Key::Period(Period::Quarter),
        "year" | "first_year" => Key::Period(Period::Year),
        _ => Key::Column(name.to_owned()),
    })
}

/// The last day of a group's period.
fn last_day(grouping: &Grouping, group: Group, period: Period) -> i32 {
    match grouping.keys.first() {
        Some((_, AttributeValues::Days(days))) => Day(days[group.place()]).plus(1, period).0 - 1,
        _ => i32::MAX,
    }
}

/// What elapsed time is.
struct Clock {
    as_of: i32,
    /// Days or months of a step.
    step: i32,
    /// Steps after the first cell.
    steps: usize,
    months: Option<Months>,
}

/// Months by day, and the last one that has ended.
struct Months {
    first_day: i32,
    by_day: Vec<i32>,
    ended: i32,
}

impl Clock {
    fn new(options: &Options, histories: &Histories, grouping: &Grouping) -> Result<Clock> {
        let as_of = histories.as_of();
        let (step, default, most) = match options.step {
            Step::Calendar(_) => (1, 24, 1_200),
            Step::Days(days) => (super::whole_days("step", days)?, 720, 36_600),
        };
        let up_to = options.up_to.unwrap_or(default);
        if step < 1 {
            return Err(Error::option("step", step, "at least 1 day"));
        }
        if up_to > most {
            return Err(Error::option("up_to", up_to, format!("at most {most}")));
        }
        let first_day = grouping.origins.iter().map(|o| o.day).min();
        let first_day = first_day.unwrap_or(as_of).min(as_of);
        let mut clock = Clock {
            as_of,
            step,
            steps: (up_to / step as u32) as usize,
            months: None,
        };
        if let Step::Calendar(_) = options.step {
            let mut by_day = room((as_of - first_day) as usize + 1, "cohorts")?;
            let mut first = Day(first_day);
            while first.0 <= as_of {
                let next = first.plus(1, Period::Month);
                // The calendar ends in 9999, and with it the last month's successor.
                let next = if next <= first { Day(as_of + 1) } else { next };
                let month = month(first);
                by_day.extend((first.0..next.0.min(as_of + 1)).map(|_| month));
                first = next;
            }
            let tomorrow = Day(as_of + 1);
            let is_over = tomorrow == tomorrow.start_of(Period::Month);
            clock.months = Some(Months {
                first_day,
                by_day,
                ended: month(Day(as_of)) - i32::from(!is_over),
            });
        }
        // Nobody was watched for longer than the first of all.
        let longest = clock.watched(first_day).max(0) / step;
        clock.steps = clock.steps.min(longest as usize);
        Ok(clock)
    }

    /// The elapsed time from an origin to a day, both up to `as_of`.
    #[inline]
    fn age(&self, origin: i32, day: i32) -> i32 {
        match &self.months {
            None => day - origin,
            Some(months) => {
                let at = |day: i32| months.by_day[(day - months.first_day) as usize];
                at(day) - at(origin)
            }
        }
    }

    /// How long whoever began on a day was watched; negative is not yet.
    fn watched(&self, origin: i32) -> i32 {
        match &self.months {
            None => self.as_of - origin,
            Some(months) => months.ended - month(Day(origin)),
        }
    }

    /// The first cell that an age is in.
    #[inline]
    fn cell(&self, age: i32) -> usize {
        (age + self.step - 1) as usize / self.step as usize
    }
}

/// Months since year 0.
fn month(day: Day) -> i32 {
    let date = day.date();
    date.year() * 12 + date.month0() as i32
}

/// Sums of one cohort.
struct Tally<'a> {
    cells: Vec<Sums>,
    ages: Option<(MeanCumulative, Waits)>,
    rule: Cells,
    step: i32,
    currency: Currency,
    options: &'a Options,
}

/// What one cell adds to those before it, and what is gone after it with the customers whose last
/// cell it is.
#[derive(Clone, Copy, Default)]
struct Sums {
    last: u64,
    revenue: i128,
    revenue_gone: i128,
    orders: u64,
    orders_gone: u64,
    repeated: u64,
    repeated_gone: u64,
    active: u64,
}

impl<'a> Tally<'a> {
    fn new(clock: &Clock, rule: Cells, currency: Currency, options: &'a Options) -> Result<Self> {
        let horizon = clock.steps as i32 * clock.step;
        Ok(Tally {
            cells: filled(clock.steps + 1, Sums::default(), "cohorts")?,
            ages: match rule {
                Cells::MeanCumulative => Some((MeanCumulative::new(horizon)?, Waits::default())),
                _ => None,
            },
            rule,
            step: clock.step,
            currency,
            options,
        })
    }

    fn clear(&mut self) {
        self.cells.fill(Sums::default());
        if let Some((means, waits)) = &mut self.ages {
            means.clear();
            waits.clear();
        }
    }

    fn add(&mut self, clock: &Clock, origin: Origin, history: &History) -> Result<()> {
        let watched = clock.watched(origin.day);
        if watched < 0 {
            return Ok(());
        }
        let last = (watched / clock.step) as usize;
        let last = last.min(self.cells.len() - 1);
        let (mut orders, mut revenue, mut active) = (0, 0, usize::MAX);
        for purchase in &history.purchases {
            let cell = clock.cell(clock.age(origin.day, purchase.day));
            if cell > last {
                break;
            }
            let sums = &mut self.cells[cell];
            sums.orders += 1;
            sums.repeated += u64::from(orders == 1);
            sums.active += u64::from(active != cell);
            sums.revenue += i128::from(purchase.amount);
            revenue += i128::from(purchase.amount);
            orders += 1;
            active = cell;
        }
        for refund in &history.refunds {
            let cell = clock.cell(clock.age(origin.day, refund.day));
            if cell <= last {
                self.cells[cell].revenue += i128::from(refund.amount);
                revenue += i128::from(refund.amount);
            }
        }
        let sums = &mut self.cells[last];
        sums.last += 1;
        sums.revenue_gone += revenue;
        sums.orders_gone += orders;
        sums.repeated_gone += u64::from(orders > 1);
        self.add_ages(clock, origin, history, watched)
    }

    fn add_ages(
        &mut self,
        clock: &Clock,
        origin: Origin,
        history: &History,
        watched: i32,
    ) -> Result<()> {
        let Some((means, waits)) = &mut self.ages else {
            return Ok(());
        };
        means.watch(watched);
        for (day, amount) in history.amounts() {
            let age = clock.age(origin.day, day);
            if age <= watched {
                means.revenue(age, amount);
            }
        }
        let ages = history
            .purchases
            .iter()
            .map(|p| clock.age(origin.day, p.day));
        for (i, age) in ages.take_while(|age| *age <= watched).enumerate() {
            means.order(age);
            if i == 1 {
                waits.add(age, true)?;
            }
        }
        let second = history.purchases.get(1);
        if second.is_none_or(|p| clock.age(origin.day, p.day) > watched) {
            waits.add(watched, false)?;
        }
        Ok(())
    }

    /// Gives each cell that is to be shown. `watched` is for how long the cohort's last day was.
    fn finish(
        &self,
        group: Group,
        watched: i32,
        histories: &Histories,
        mut give: impl FnMut(Cell) -> Result<()>,
    ) -> Result<()> {
        let share = |part, whole| Ratio::new(part, whole, self.options.confidence);
        let curve = match &self.ages {
            Some((_, waits)) => Some(waits.curve(self.options.confidence)?),
            None => None,
        };
        let mut means = self
            .ages
            .as_ref()
            .map(|(means, _)| means.means(self.currency));
        let mut customers: u64 = self.cells.iter().map(|sums| sums.last).sum();
        let (mut revenue, mut orders, mut repeated) = (0, 0, 0);
        for (elapsed, sums) in (0..).step_by(self.step as usize).zip(&self.cells) {
            let closed = watched >= elapsed;
            if customers == 0 || self.rule == Cells::Complete && !closed {
                break;
            }
            revenue += sums.revenue;
            orders += sums.orders;
            repeated += sums.repeated;
            let mut cell = Cell {
                elapsed,
                cohort_customers: group.len(),
                customers,
                complete: customers == group.len() && (closed || self.options.spans_periods()),
                revenue: histories.cell(revenue)?,
                cumulative_ltv: self.currency.mean(revenue, customers).unwrap_or(0.0),
                orders,
                orders_per_customer: orders as f64 / customers as f64,
                repeat_rate: share(repeated, customers),
                active_rate: share(sums.active, customers),
            };
            // The means run age by age, the cells step by step.
            let nth = if elapsed == 0 {
                0
            } else {
                self.step as usize - 1
            };
            let mean: Option<Mean> = means.as_mut().and_then(|means| means.nth(nth));
            if let (Some(mean), Some(curve), Some((_, waits))) = (mean, &curve, &self.ages) {
                let ended = waits.ended_within(elapsed);
                cell.revenue = histories.cell(mean.total)?;
                cell.cumulative_ltv = mean.revenue;
                cell.orders = mean.total_orders;
                cell.orders_per_customer = mean.orders;
                cell.repeat_rate = ended_by(curve, elapsed, ended, waits.len());
            }
            give(cell)?;
            customers -= sums.last;
            revenue -= sums.revenue_gone;
            orders -= sums.orders_gone;
            repeated -= sums.repeated_gone;
        }
        Ok(())
    }
}

impl Options {
    fn spans_periods(&self) -> bool {
        !matches!(row(&self.rows), Some(Key::Period(_)))
    }
}

const COHORT: Field = Field::new(
    "cohort",
    Type::Date,
    "",
    "コホート",
    "The first day of the row's period; or the row's value, of the column's own type.",
);
const REPEAT_RATE: [Field; 3] = [
    Field::new(
        "repeat_rate",
        Type::Float,
        "share",
        "リピート率",
        "Share with a second purchase by then.",
    ),
    Field::new(
        "repeat_rate_low",
        Type::Float,
        "share",
        "リピート率(下限)",
        "Lower end of its interval.",
    ),
    Field::new(
        "repeat_rate_high",
        Type::Float,
        "share",
        "リピート率(上限)",
        "Upper end of its interval.",
    ),
];
const ACTIVE_RATE: [Field; 3] = [
    Field::new(
        "active_rate",
        Type::Float,
        "share",
        "購入率",
        "Share with a purchase in the last step.",
    ),
    Field::new(
        "active_rate_low",
        Type::Float,
        "share",
        "購入率(下限)",
        "Lower end of its interval.",
    ),
    Field::new(
        "active_rate_high",
        Type::Float,
        "share",
        "購入率(上限)",
        "Upper end of its interval.",
    ),
];

/// The register's entry.
pub struct CohortMatrix;

impl Analysis for CohortMatrix {
    const NAME: &'static str = "cohorts";
    const SUMMARY: &'static str =
        "What each cohort has been worth and how many still buy, by time since the first order";
    const JA: &'static str = "LTV推移";
    const COLUMNS: &'static [Field] = &[
        COHORT,
        Field::new(
            "elapsed",
            Type::Int,
            "days",
            "経過",
            "Days, or calendar months, since the origin.",
        ),
        Field::new(
            "cohort_customers",
            Type::Int,
            "customers",
            "コホート人数",
            "Customers of the cohort.",
        ),
        Field::new(
            "customers",
            Type::Int,
            "customers",
            "人数",
            "Of these, those watched so long.",
        ),
        Field::new(
            "complete",
            Type::Bool,
            "",
            "完了",
            "Whether the cohort is closed and everybody in it was watched so long.",
        ),
        Field::new(
            "revenue",
            Type::Money,
            "currency",
            "累計売上",
            "Revenue seen up to then.",
        ),
        Field::new(
            "cumulative_ltv",
            Type::Float,
            "currency",
            "累計LTV",
            "Cumulative revenue per customer.",
        ),
        Field::new(
            "orders",
            Type::Int,
            "orders",
            "累計購入回数",
            "Orders seen up to then.",
        ),
        Field::new(
            "orders_per_customer",
            Type::Float,
            "orders",
            "平均購入回数",
            "Cumulative orders per customer.",
        ),
        Field::new(
            "repeated",
            Type::Int,
            "customers",
            "リピート人数",
            "Customers seen to make a second purchase by then.",
        ),
        REPEAT_RATE[0],
        REPEAT_RATE[1],
        REPEAT_RATE[2],
        Field::new(
            "active",
            Type::Int,
            "customers",
            "購入人数",
            "Customers with a purchase in the last step.",
        ),
        ACTIVE_RATE[0],
        ACTIVE_RATE[1],
        ACTIVE_RATE[2],
    ];
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, scope: &Scope, options: &Options, context: &Context) -> Result<Table> {
        matrix(orders, scope, options, context)?.into_table(orders.currency())
    }
}

impl Cohorts {
    /// The common form.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn into_table(self, currency: Currency) -> Result<Table> {
        let fields = CohortMatrix::COLUMNS;
        let whole = |field: usize, of: fn(&Cell) -> u64| {
            let cells = collect(self.cells.iter().map(|c| of(c) as i64), "table")?;
            Ok::<_, Error>(Column::new(&fields[field], Values::I64(cells)))
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
            Column::new(&fields[5], Values::Money(revenue, currency)),
            float(6, |c| c.cumulative_ltv)?,
            whole(7, |c| c.orders)?,
            float(8, |c| c.orders_per_customer)?,
            whole(9, |c| c.repeat_rate.numerator)?,
        ]);
        columns.extend(shares(&REPEAT_RATE, |c| c.repeat_rate)?);
        columns.push(whole(13, |c| c.active_rate.numerator)?);
        columns.extend(shares(&ACTIVE_RATE, |c| c.active_rate)?);
        Ok(Table::new(columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Zone;

    fn orders() -> Orders {
        Orders::builder(Currency::JPY, Zone::UTC)
            .order("a", "2026-01-01", 1_000)
            .order("a", "2026-01-31", 2_000) // day 30
            .order("a", "2026-02-01", 4_000) // day 31
            .order("b", "2026-01-20", 3_000)
            .order("b", "2026-01-21", -500) // a refund on day 1
            .order("c", "2026-02-10", 7_000)
            .order("c", "2026-03-01", 9_000)
            .build()
            .unwrap()
    }

    fn cells(options: Options) -> Vec<Cell> {
        let scope = Scope::as_of("2026-03-15".parse().unwrap());
        let context = Context::default();
        matrix(&orders(), &scope, &options, &context).unwrap().cells
    }

    #[test]
    fn complete_months_in_steps_of_30_days() {
        let cells = cells(Options::default());
        let row = |c: &Cell| (c.elapsed, c.customers, c.revenue, c.orders);
        // January ends 43 days, February 15 days before the date.
        let rows: Vec<_> = cells.iter().map(row).collect();
        assert_eq!(
            rows,
            [(0, 2, 4_000, 2), (30, 2, 5_500, 3), (0, 1, 7_000, 1)]
        );
        assert_eq!(cells[1].repeat_rate.value, Some(0.5));
        assert_eq!(cells[1].active_rate.numerator, 1); // a on day 30; b's refund is no purchase
        assert_eq!(cells[1].cumulative_ltv, 2_750.0);
        assert!(cells.iter().all(|c| c.complete));
    }

    #[test]
    fn members_show_whoever_is_old_enough() {
        let cells = cells(Options {
            cells: Some(Cells::Members),
            ..Options::default()
        });
        let row = |c: &Cell| (c.elapsed, c.customers, c.revenue, c.complete);
        let rows: Vec<_> = cells.iter().map(row).collect();
        let january = [
            (0, 2, 4_000, true),
            (30, 2, 5_500, true),
            (60, 1, 7_000, false),
        ];
        assert_eq!(rows[..3], january); // only a is 60 days old
        assert_eq!(rows[3..], [(0, 1, 7_000, true), (30, 1, 16_000, false)]);
    }

    #[test]
    fn all_customers_by_the_mean_cumulative_function() {
        let cells = cells(Options {
            rows: "all".into(),
            ..Options::default()
        });
        assert_eq!(cells.len(), 3); // a has been watched 73 days, b 54, c 33
        assert_eq!(cells[0].cumulative_ltv, 11_000.0 / 3.0);
        // Days 1 and 19 of three, day 30 of three; then day 31 of three as well.
        let thirds = [11_000.0, -500.0, 9_000.0, 2_000.0].map(|v| v / 3.0);
        assert!((cells[1].cumulative_ltv - thirds.iter().sum::<f64>()).abs() < 1e-9);
        let day_31 = cells[1].cumulative_ltv + 4_000.0 / 3.0;
        assert!((cells[2].cumulative_ltv - day_31).abs() < 1e-9);
        assert_eq!((cells[2].customers, cells[2].complete), (1, false));
        // Second purchases on days 19 and 30 of three customers at risk, two at risk.
        assert!((cells[1].repeat_rate.value.unwrap() - 2.0 / 3.0).abs() < 1e-15);
        assert_eq!(cells[2].repeat_rate.value, None); // b left the risk set on day 54
    }

    #[test]
    fn calendar_months_are_shown_once_they_have_ended() {
        let months = |as_of: &str| {
            let options = Options {
                step: serde_json::from_str("\"month\"").unwrap(),
                ..Options::default()
            };
            let scope = Scope::as_of(as_of.parse().unwrap());
            let cohorts = matrix(&orders(), &scope, &options, &Context::default()).unwrap();
            let row = |c: &Cell| (c.elapsed, c.revenue, c.active_rate.numerator);
            cohorts.cells.iter().map(row).collect::<Vec<_>>()
        };
        let january = [(0, 5_500, 2), (1, 9_500, 1)];
        assert_eq!(
            months("2026-03-15"),
            [&january[..], &[(0, 7_000, 1)]].concat()
        );
        assert_eq!(
            months("2026-02-28"),
            [&january[..], &[(0, 7_000, 1)]].concat()
        );
        assert_eq!(months("2026-02-27"), january[..1]);
    }

    #[test]
    fn rows_that_span_periods_have_no_last_day() {
        let options = Options {
            rows: "all".into(),
            cells: Some(Cells::Complete),
            ..Options::default()
        };
        let scope = Scope::default();
        assert!(matrix(&orders(), &scope, &options, &Context::default()).is_err());
        let table = CohortMatrix::run(&orders(), &scope, &Options::default(), &Context::default());
        assert_eq!(table.unwrap().columns().len(), CohortMatrix::COLUMNS.len());
    }

    #[test]
    fn the_calendar_ends() {
        let options = Options {
            step: Step::Calendar(Month::Month),
            ..Options::default()
        };
        let orders = Orders::builder(Currency::JPY, Zone::UTC)
            .order("a", "9999-12-30", 1)
            .build()
            .unwrap();
        let scope = Scope::as_of("9999-12-31".parse().unwrap());
        assert!(matrix(&orders, &scope, &options, &Context::default()).is_ok());
    }
}
