//! Repeat purchases by day beside those that the customers of that day would make without seasons.
//!
//! # Definition
//!
//! A customer is at risk from the day after the first purchase, in one of seven classes of age (days since the
//! first purchase: 1 to 30, 31 to 60, 61 to 90, 91 to 180, 181 to 365, 366 to 730, more). `N(d, b)` customers
//! are at risk on day `d` in class `b`, and make `Y(d, b)` repeat purchases (days with orders). Then
//!
//! ```text
//! E Y(d, b) = m(month of d) · w(weekday of d) · e(name of d) · h(b) · N(d, b)
//! ```
//!
//! with a level `m` of each month of the log, `w` of each weekday (mean 1), `e` of each named day, and
//! the rate `h` of a class. Growth of the shop is in `N`, customers who leave or slow down are in `h`:
//! neither is taken for season. The maximum likelihood under Poisson counts is found by proportional
//! fitting, one group of factors at a time.

use super::factors::weekday_of;
use crate::context::{Context, collect, filled, room};
use crate::error::Result;
use crate::summary::Gaps;
use crate::time::{Day, Period};
use std::collections::BTreeMap;

/// First days of the classes of age.
const AGES: [i32; 7] = [1, 31, 61, 91, 181, 366, 731];

/// Days at the start of a log that are left out: customers first seen then were customers before.
const WARM_UP: i32 = 30;

/// Months that are looked at, at most; the last ones.
pub(super) const MOST_MONTHS: usize = 60;

/// Rounds of fitting; each takes off more than half of what is missing.
const ROUNDS: usize = 40;

/// A count, and what it would be at a factor of 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Level {
    pub(super) count: f64,
    pub(super) expected: f64,
}

/// Counts beside what was expected, once by month, once by weekday, once by name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Counts {
    /// The first day of the first month.
    pub(super) first_month: Day,
    pub(super) months: Vec<Level>,
    pub(super) weekdays: [Level; 7],
    pub(super) named: Vec<Level>,
    /// Days that were looked at.
    pub(super) days: usize,
    /// Repeat purchases in all.
    pub(super) purchases: u64,
    /// Pearson's χ² of single days over its degrees of freedom: 1 for Poisson counts.
    pub(super) dispersion: f64,
}

/// The counts, or none where the log has no day behind its first ones.
///
/// `names` numbers the named days, from 0.
pub(super) fn counts(
    gaps: &Gaps,
    names: &BTreeMap<i32, usize>,
    context: &Context,
) -> Result<Option<Counts>> {
    let last = gaps.as_of.0;
    let Some(began) = gaps.first_day.iter().copied().min() else {
        return Ok(None);
    };
    let oldest = (0..MOST_MONTHS as i32).fold(gaps.as_of.start_of(Period::Month), |month, at| {
        if at == 0 {
            month
        } else {
            Day(month.0 - 1).start_of(Period::Month)
        }
    });
    let first = began.saturating_add(WARM_UP).max(oldest.0);
    if first > last {
        return Ok(None);
    }
    let days = (last - first + 1) as usize;
    let mut table = Table::new(first, days)?;
    context.expect(gaps.len());
    for i in 0..gaps.len() {
        if i % Context::BLOCK == 0 {
            context.advance(Context::BLOCK.min(gaps.len() - i))?;
        }
        table.customer(gaps.first_day[i], gaps.of(i));
    }
    table.at_risk();
    fit(&table, names).map(Some)
}

/// Customers and purchases by day and class of age.
struct Table {
    first: i32,
    customers: Vec<[f64; AGES.len()]>,
    purchases: Vec<[f64; AGES.len()]>,
}

impl Table {
    fn new(first: i32, days: usize) -> Result<Self> {
        let none = [0.0; AGES.len()];
        Ok(Self {
            first,
            customers: filled(days + 1, none, "seasonality")?,
            purchases: filled(days, none, "seasonality")?,
        })
    }

    /// One customer: the classes begin and end, and the purchases after the first.
    fn customer(&mut self, first_day: i32, gaps: &[u32]) {
        let days = self.purchases.len() as i64;
        let at = |day: i64| (day - i64::from(self.first)).clamp(0, days) as usize;
        for (class, age) in AGES.iter().enumerate() {
            let from = at(i64::from(first_day) + i64::from(*age));
            let next = AGES.get(class + 1);
            let to = next.map_or(days as usize, |age| {
                at(i64::from(first_day) + i64::from(*age))
            });
            self.customers[from][class] += 1.0;
            self.customers[to][class] -= 1.0;
        }
        let mut age = 0_i64;
        for gap in gaps {
            age += i64::from(*gap);
            let day = i64::from(first_day) + age - i64::from(self.first);
            if age > 0 && (0..days).contains(&day) {
                let class = AGES.partition_point(|from| i64::from(*from) <= age) - 1;
                self.purchases[day as usize][class] += 1.0;
            }
        }
    }

    /// Sums beginnings and ends up to those at risk on each day.
    fn at_risk(&mut self) {
        let mut now = [0.0; AGES.len()];
        for day in &mut self.customers {
            for (now, change) in now.iter_mut().zip(day) {
                *now += *change;
                *change = *now;
            }
        }
        self.customers.pop();
    }
}

/// Counts that give no factor of 0 and none of infinity.
fn factor(level: &Level) -> f64 {
    (level.count + 0.5) / (level.expected + 0.5)
}

fn fit(table: &Table, names: &BTreeMap<i32, usize>) -> Result<Counts> {
    let days = table.purchases.len();
    let first_month = Day(table.first).start_of(Period::Month);
    let (month_of, name_of) = calendar(table, names)?;
    let month = month_of.last().copied().unwrap_or(0);
    let sums = table.purchases.iter().map(|day| day.iter().sum::<f64>());
    let sums = collect(sums, "seasonality")?;
    let of_names = names.values().max().map_or(0, |most| most + 1);
    let mut months = filled(month + 1, Level::default(), "seasonality")?;
    let mut named = filled(of_names, Level::default(), "seasonality")?;
    let mut weekdays = [Level::default(); 7];
    let mut rates = [0.0; AGES.len()];
    let (mut m, mut w) = (filled(month + 1, 1.0, "seasonality")?, [1.0; 7]);
    let mut e = filled(of_names, 1.0, "seasonality")?;
    let mut base = filled(days, 0.0, "seasonality")?;
    let pace = |at: usize, m: &[f64], w: &[f64; 7], e: &[f64]| {
        let weekday = weekday_of(table.first + at as i32);
        (
            m[month_of[at]],
            w[weekday],
            name_of[at].map_or(1.0, |name| e[name]),
        )
    };
    for _ in 0..ROUNDS {
        let mut of_class = [Level::default(); AGES.len()];
        for at in 0..days {
            let (m, w, e) = pace(at, &m, &w, &e);
            for (class, level) in of_class.iter_mut().enumerate() {
                level.count += table.purchases[at][class];
                level.expected += m * w * e * table.customers[at][class];
            }
        }
        for (rate, level) in rates.iter_mut().zip(&of_class) {
            *rate = if level.expected > 0.0 {
                level.count / level.expected
            } else {
                0.0
            };
        }
        months.fill(Level::default());
        named.fill(Level::default());
        weekdays = [Level::default(); 7];
        for (at, base) in base.iter_mut().enumerate() {
            *base = table.customers[at]
                .iter()
                .zip(&rates)
                .map(|(n, rate)| n * rate)
                .sum();
        }
        for at in 0..days {
            let (_, w, e) = pace(at, &m, &w, &e);
            let level = &mut months[month_of[at]];
            level.count += sums[at];
            level.expected += w * e * base[at];
        }
        m.iter_mut()
            .zip(&months)
            .for_each(|(m, level)| *m = factor(level));
        for at in 0..days {
            let (m, w, e) = pace(at, &m, &w, &e);
            if let Some(name) = name_of[at] {
                named[name].count += sums[at];
                named[name].expected += m * w * base[at];
            }
            let level = &mut weekdays[weekday_of(table.first + at as i32)];
            level.count += sums[at];
            level.expected += m * e * base[at];
        }
        e.iter_mut()
            .zip(&named)
            .for_each(|(e, level)| *e = factor(level));
        w.iter_mut()
            .zip(&weekdays)
            .for_each(|(w, level)| *w = factor(level));
        let mean = w.iter().sum::<f64>() / 7.0;
        w.iter_mut().for_each(|w| *w /= mean);
    }
    let expected = (0..days).map(|at| {
        let (m, w, e) = pace(at, &m, &w, &e);
        m * w * e * base[at]
    });
    let parameters = month + 1 + 6 + of_names + AGES.len();
    Ok(Counts {
        first_month,
        months,
        weekdays,
        named,
        days,
        purchases: sums.iter().sum::<f64>() as u64,
        dispersion: dispersion(&sums, expected, parameters),
    })
}

/// The month of each day, counted from the first, and the index of its name if it has one.
fn calendar(
    table: &Table,
    names: &BTreeMap<i32, usize>,
) -> Result<(Vec<usize>, Vec<Option<usize>>)> {
    let days = table.purchases.len();
    let first_month = Day(table.first).start_of(Period::Month);
    let (mut month_of, mut name_of) = (room(days, "seasonality")?, room(days, "seasonality")?);
    let (mut month, mut next) = (0, first_month.plus(1, Period::Month).0);
    for at in 0..days {
        let day = table.first + at as i32;
        if day >= next {
            month += 1;
            next = Day(day).start_of(Period::Month).plus(1, Period::Month).0;
        }
        month_of.push(month);
        name_of.push(names.get(&day).copied());
    }
    Ok((month_of, name_of))
}

/// Pearson's χ² of the days divided by its degrees of freedom, at least 1.
fn dispersion(sums: &[f64], expected: impl Iterator<Item = f64>, parameters: usize) -> f64 {
    let (mut chi, mut cells) = (0.0, 0.0);
    for (sum, expected) in sums
        .iter()
        .zip(expected)
        .filter(|(_, expected)| *expected > 0.0)
    {
        chi += (sum - expected) * (sum - expected) / expected;
        cells += 1.0;
    }
    let free: f64 = cells - parameters as f64;
    match free > 0.0 {
        true => (chi / free).max(1.0),
        false => 1.0,
    }
}
