//! Kaplan-Meier curves: the time until an event, where some rows have not had the event yet.
//!
//! A row is a duration and whether it ended in the event (a next order) or is still open
//! (censored at `as_of`). Over the distinct durations `t`,
//!
//! ```text
//! S(t) = Π_{s ≤ t} (1 − d_s / n_s)        d_s events at s, n_s rows with duration ≥ s
//! ```
//!
//! - **Events precede censorings** at the same duration: an open row of 30 days is at risk on
//!   day 30.
//! - **Day-0 events count at t = 0**: `S(0) = 1 − d_0/n_0`.
//! - **No estimate where nobody is at risk at `t`**: past the longest duration the answer is null,
//!   not the last value.
//! - Interval: Greenwood's variance `V = Σ d/(n(n−d))` of `ln S` on the log-log scale,
//!   `S^exp(±z √V / |ln S|)`. On request it is on the log scale, `S exp(±z √V)`, or the plain one,
//!   `S (1 ± z √V)`, both cut at 0 and 1. Where S is 0 or 1 these have no width, and the interval
//!   is Wilson's for the number of subjects.
//! - **Late entry** (left truncation): a row that entered at `e > 0` is at risk at `t` where `e < t`.
//! - Weights count rows: a weight of 2 is two equal rows. With other weights (1/gaps per customer),
//!   give `clusters` too.
//! - With clusters (rows of one customer depend on each other) `V` is the sum over clusters of the
//!   squared influence on `ln S(t)` (`cluster_variance.rs`), which is
//!   Greenwood's `V`, exactly, when each row is its own cluster.
//!
//! Sums run in the order of the durations and, within a duration, in the order of the rows: callers
//! pass rows in ascending customer id.
//!
//! # References
//!
//! - Kaplan, E. L., Meier, P. (1958). Nonparametric estimation from incomplete observations.
//!   *JASA* 53, 457-481.
//! - Kalbfleisch, J. D., Prentice, R. L. (2002). *The Statistical Analysis of Failure Time Data*,
//!   2nd ed., §1.4: the log-log interval.

use crate::context::{Context, filled, grow, push, room};
use crate::error::{Error, Result};
use crate::num::Fraction;

pub use super::censored::{Curve, Rows, Scale};
pub(crate) use super::cluster_variance::Subject;
use super::cluster_variance::{Squares, by_row};
use super::{normal, ratio};

/// S at one time, with its interval.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Estimate {
    /// S(t).
    pub survival: f64,
    /// Lower end of the interval of S(t).
    pub low: f64,
    /// Upper end of the interval of S(t).
    pub high: f64,
    /// Weight of the rows at risk at t.
    pub at_risk: f64,
}

/// The curve of `rows`.
///
/// Without rows the curve gives null everywhere.
///
/// # Errors
///
/// Columns of different length; a duration or weight outside its range.
///
/// ```
/// use crm_core::{Fraction, num::survival};
///
/// let rows = survival::Rows {
///     durations: &[10.0, 20.0, 20.0, 40.0],
///     observed: &[true, true, false, false],
///     ..Default::default()
/// };
/// let curve = survival::kaplan_meier(rows, Fraction::new(0.95).unwrap())?;
/// assert_eq!(curve.at(10.0).unwrap().survival, 0.75);
/// assert_eq!(curve.at(30.0).unwrap().survival, 0.75 * (1.0 - 1.0 / 3.0));
/// assert_eq!(curve.at(41.0), None); // nobody was followed that long
/// assert_eq!(curve.quantile(0.5), Some(20.0));
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn kaplan_meier(rows: Rows<'_>, level: Fraction) -> Result<Curve> {
    let tallies = tally(&rows)?;
    let mut curve = product_limit(&tallies, &[], level)?;
    curve.subjects = match (rows.clusters, rows.weights) {
        (Some(clusters), _) => {
            let (variance, count) = by_row(&curve, &rows, clusters)?;
            curve.ln_variance = variance;
            count
        }
        (None, Some(weights)) => weights.iter().sum(),
        (None, None) => rows.durations.len() as f64,
    };
    Ok(curve)
}

/// The curve of unclustered rows with late entry; each `entry` is below the row's duration.
pub(crate) fn entering_late(rows: Rows<'_>, entry: &[f64], level: Fraction) -> Result<Curve> {
    let tallies = tally(&rows)?;
    let weight = |row: usize| rows.weights.map_or(1.0, |weights| weights[row]);
    let late = entry.iter().enumerate().filter(|(_, entry)| **entry > 0.0);
    let mut entries = room(entry.len(), "Kaplan-Meier entries")?;
    entries.extend(late.map(|(row, entry)| (*entry, weight(row))));
    entries.sort_unstable_by(|a: &(f64, f64), b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut curve = product_limit(&tallies, &entries, level)?;
    curve.subjects = (0..entry.len()).map(weight).sum();
    Ok(curve)
}

/// The curve of durations in whole days, given customer by customer and clustered by customer. The
/// result is that of [`kaplan_meier`]; the rows are read in two passes and not copied.
pub(crate) fn by_subject<'a, I: Iterator<Item = Subject<'a>>>(
    subjects: impl Fn() -> I,
    level: Fraction,
    context: &Context,
) -> Result<Curve> {
    let tallies = tally_subjects(subjects(), context)?;
    let mut curve = product_limit(&tallies, &[], level)?;
    let mut steps = filled(DIRECT, 0, "Kaplan-Meier counts")?;
    for (step, tally) in tallies.iter().enumerate() {
        if let Some(place) = steps.get_mut(tally.time as usize) {
            *place = step;
        }
    }
    let step_of = |day: u64| match steps.get(day as usize) {
        Some(step) => *step,
        None => curve.times.partition_point(|time| *time < day as f64),
    };
    let mut squares = Squares::new(&curve)?;
    let mut days = Vec::new();
    for (i, subject) in subjects().enumerate() {
        if i % Context::BLOCK == 0 {
            context.check()?;
        }
        subject.in_order(&mut days)?;
        let rows = days
            .iter()
            .map(|twice| (step_of(twice / 2), subject.weight, twice % 2 == 0));
        squares.add(subject.weight * days.len() as f64, rows);
    }
    let (variance, count) = squares.finish()?;
    (curve.ln_variance, curve.subjects) = (variance, count);
    Ok(curve)
}

impl Curve {
    /// The same curve with intervals on another scale.
    #[must_use]
    pub fn on_scale(self, scale: Scale) -> Self {
        Curve { scale, ..self }
    }

    /// S at `t`, or `None` when nobody is at risk there.
    pub fn at(&self, t: f64) -> Option<Estimate> {
        let past = self.times.partition_point(|&time| time < t);
        let at_risk = *self.at_risk.get(past)?;
        let after = self.times.partition_point(|&time| time <= t);
        let (survival, low, high) = match after.checked_sub(1) {
            Some(step) => {
                let (low, high) = self.interval(step);
                (self.survival[step], low, high)
            }
            None => {
                let (low, high) = ratio::wilson(1.0, self.subjects, self.level);
                (1.0, low, high)
            }
        };
        Some(Estimate {
            survival,
            low,
            high,
            at_risk,
        })
    }

    /// The interval of S just after the `step`-th duration.
    pub fn interval(&self, step: usize) -> (f64, f64) {
        let survival = self.survival[step];
        if survival <= 0.0 || survival >= 1.0 {
            return ratio::wilson(survival.clamp(0.0, 1.0), self.subjects, self.level);
        }
        // z √V; on the log-log scale the exponent of S is e^(± z √V / ln S)
        let ln_survival = libm::log(survival);
        let reach = self.z * libm::sqrt(self.ln_variance[step]);
        let ends = |end: &dyn Fn(f64) -> f64| (end(-reach).max(0.0), end(reach).min(1.0));
        match self.scale {
            Scale::LogLog => ends(&|reach| libm::exp(ln_survival * libm::exp(reach / ln_survival))),
            Scale::Log => ends(&|reach| survival * libm::exp(reach)),
            Scale::Plain => ends(&|reach| survival * (1.0 + reach)),
        }
    }

    /// The first duration by which at least a share `q` has had the event: `S(t) ≤ 1 − q`.
    /// `None` when the curve never falls that far.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        // S counts as having reached 1 − q when they are equal up to rounding (9/10 computed as a
        // product).
        let target = (1.0 - q) * (1.0 + 1e-12);
        let step = self.survival.partition_point(|&s| s > target);
        self.times.get(step).copied()
    }

    /// The interval of [`quantile`](Self::quantile): the durations where the lower and the upper
    /// bound of S fall to `1 − q` (Brookmeyer and Crowley 1982). An end that is never reached is
    /// `None`.
    pub fn quantile_interval(&self, q: f64) -> (Option<f64>, Option<f64>) {
        let target = (1.0 - q) * (1.0 + 1e-12);
        let first = |end: fn((f64, f64)) -> f64| {
            (0..self.times.len())
                .find(|&step| self.events[step] > 0.0 && end(self.interval(step)) <= target)
                .map(|step| self.times[step])
        };
        (first(|(low, _)| low), first(|(_, high)| high))
    }
}

/// Events and censorings at one duration.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(super) time: f64,
    pub(super) events: f64,
    pub(super) censored: f64,
}

impl Tally {
    fn add(&mut self, observed: bool, weight: f64) {
        match observed {
            true => self.events += weight,
            false => self.censored += weight,
        }
    }

    fn is_empty(&self) -> bool {
        self.events == 0.0 && self.censored == 0.0
    }
}

/// Adds up the durations of all subjects, in ascending duration.
pub(crate) fn tally_subjects<'a>(
    subjects: impl Iterator<Item = Subject<'a>>,
    context: &Context,
) -> Result<Vec<Tally>> {
    let mut days = filled(DIRECT, Tally::default(), "Kaplan-Meier counts")?;
    let mut far = Vec::new();
    for (i, subject) in subjects.enumerate() {
        if i % Context::BLOCK == 0 {
            context.check()?;
        }
        let ended = subject.ended.iter().map(|day| (*day, true));
        for (day, observed) in ended.chain(subject.open.map(|day| (day, false))) {
            match days.get_mut(day as usize) {
                Some(tally) => tally.add(observed, subject.weight),
                None => push(
                    &mut far,
                    (day, i, observed, subject.weight),
                    "Kaplan-Meier counts",
                )?,
            }
        }
    }
    for (time, day) in days.iter_mut().enumerate() {
        day.time = time as f64;
    }
    days.retain(|day| !day.is_empty());
    far.sort_unstable_by_key(|&(day, i, ..)| (day, i));
    for (day, _, observed, weight) in far {
        let time = f64::from(day);
        if days.last().is_none_or(|last| last.time != time) {
            push(
                &mut days,
                Tally {
                    time,
                    ..Tally::default()
                },
                "Kaplan-Meier counts",
            )?;
        }
        let last = days.len() - 1;
        days[last].add(observed, weight);
    }
    Ok(days)
}

/// Days below this number (179 years) are counted in a table by day.
const DIRECT: usize = 1 << 16;
/// The first length of the table; it grows to all of it where a longer duration comes.
const FIRST_LENGTH: usize = 1 << 12;

/// Checks `rows` and adds up rows of equal duration, in ascending duration.
pub(super) fn tally(rows: &Rows<'_>) -> Result<Vec<Tally>> {
    let &Rows {
        durations,
        observed,
        weights,
        clusters,
    } = rows;
    let lengths = [
        ("observed", Some(observed.len())),
        ("weights", weights.map(<[f64]>::len)),
        ("clusters", clusters.map(<[u32]>::len)),
    ];
    for (column, found) in lengths {
        if let Some(found) = found.filter(|&found| found != durations.len()) {
            let expected = durations.len();
            return Err(Error::ColumnLength {
                column: column.into(),
                found,
                expected,
            });
        }
    }
    check(
        weights.unwrap_or(&[]),
        "weights",
        "finite and greater than 0",
        |v| v.is_finite() && v > 0.0,
    )?;
    // A duration that is negative, NaN or a fraction does not equal its own cast to an integer.
    let day = |duration: f64| match duration as u32 {
        day if f64::from(day) == duration => day as usize,
        _ => usize::MAX,
    };
    let tallies = match weights {
        None => count_by_day(durations, day, observed, |_| 1.0)?,
        Some(weights) => count_by_day(durations, day, observed, |row| weights[row])?,
    };
    if let Some(tallies) = tallies {
        return Ok(tallies);
    }
    check(durations, "durations", "finite and at least 0", |v| {
        v.is_finite() && v >= 0.0
    })?;
    count_by_sorting(rows)
}

fn check(
    values: &[f64],
    column: &'static str,
    expected: &'static str,
    test: impl Fn(f64) -> bool,
) -> Result<()> {
    match values.iter().position(|&v| !test(v)) {
        Some(row) => Err(Error::value(column, row, expected)),
        None => Ok(()),
    }
}

/// The curve of durations in whole days, each row with weight 1; `None` where a day is negative or
/// too large for the table ([`kaplan_meier`] takes those).
pub(crate) fn of_days(days: &[i64], observed: &[bool], level: Fraction) -> Result<Option<Curve>> {
    let day = |day: i64| usize::try_from(day).unwrap_or(usize::MAX);
    let Some(tallies) = count_by_day(days, day, observed, |_| 1.0)? else {
        return Ok(None);
    };
    let mut curve = product_limit(&tallies, &[], level)?;
    curve.subjects = days.len() as f64;
    Ok(Some(curve))
}

/// Adds up events and censorings by day in one pass; `None` where a day does not fit into the
/// table.
fn count_by_day<T: Copy>(
    durations: &[T],
    day: impl Fn(T) -> usize,
    observed: &[bool],
    weight: impl Fn(usize) -> f64,
) -> Result<Option<Vec<Tally>>> {
    // The table begins small, so that it stays in the processor's cache where possible.
    let mut days = filled(FIRST_LENGTH, [0.0_f64; 2], "Kaplan-Meier counts")?;
    let mut row = add_days(&mut days, 0, durations, &day, observed, &weight);
    if row < durations.len() {
        grow(&mut days, DIRECT - FIRST_LENGTH, "Kaplan-Meier counts")?;
        days.resize(DIRECT, [0.0; 2]);
        row = add_days(&mut days, row, durations, &day, observed, &weight);
    }
    if row < durations.len() {
        return Ok(None);
    }
    let some = |counts: &[f64; 2]| *counts != [0.0; 2];
    let mut tallies = room(
        days.iter().filter(|day| some(day)).count(),
        "Kaplan-Meier counts",
    )?;
    tallies.extend(
        (days.iter().enumerate())
            .filter(|(_, counts)| some(counts))
            .map(|(day, &[censored, events])| Tally {
                time: day as f64,
                events,
                censored,
            }),
    );
    Ok(Some(tallies))
}

/// Adds up censorings and events of the rows from `first` on. Returns the row at which it stopped
/// because the day of that row is not in the table.
fn add_days<T: Copy>(
    days: &mut [[f64; 2]],
    first: usize,
    durations: &[T],
    day: impl Fn(T) -> usize,
    observed: &[bool],
    weight: impl Fn(usize) -> f64,
) -> usize {
    for row in first..durations.len().min(observed.len()) {
        let Some(counts) = days.get_mut(day(durations[row])) else {
            return row;
        };
        counts[usize::from(observed[row])] += weight(row);
    }
    durations.len()
}

fn count_by_sorting(rows: &Rows<'_>) -> Result<Vec<Tally>> {
    let n = rows.durations.len();
    let mut order = room(n, "Kaplan-Meier order")?;
    // Durations are ≥ 0, so their bits sort as the numbers do; the row number breaks ties.
    order.extend((0..n).map(|row| ((rows.durations[row] + 0.0).to_bits(), row)));
    order.sort_unstable();
    let mut tallies: Vec<Tally> = room(n, "Kaplan-Meier counts")?;
    for (bits, row) in order {
        let time = f64::from_bits(bits);
        if tallies.last().is_none_or(|last| last.time != time) {
            tallies.push(Tally {
                time,
                ..Tally::default()
            });
        }
        let last = tallies.len() - 1;
        let weight = rows.weights.map_or(1.0, |w| w[row]);
        tallies[last].add(rows.observed[row], weight);
    }
    Ok(tallies)
}

/// S and Greenwood's V. `late` has the entries after 0 with their weights, ascending.
fn product_limit(tallies: &[Tally], late: &[(f64, f64)], level: Fraction) -> Result<Curve> {
    let n = tallies.len();
    let column = || room(n, "Kaplan-Meier curve");
    let mut at_risk = filled(n, 0.0, "Kaplan-Meier curve")?;
    // Summed from the end, so that after the last row exactly 0 are at risk.
    let mut left = 0.0;
    let (mut to_come, mut outside) = (late, 0.0);
    for (tally, at_risk) in tallies.iter().zip(&mut at_risk).rev() {
        left += tally.censored;
        left += tally.events;
        // Rows that enter at this duration or later are not yet at risk (entry < t).
        while let Some(((_, weight), before)) = to_come
            .split_last()
            .filter(|((entry, _), _)| *entry >= tally.time)
        {
            outside += weight;
            to_come = before;
        }
        *at_risk = left - outside;
    }
    let (mut times, mut events) = (column()?, column()?);
    let (mut survival, mut ln_variance) = (column()?, column()?);
    let (mut s, mut v) = (1.0, 0.0);
    for (index, tally) in tallies.iter().enumerate() {
        let later = match late.is_empty() {
            true => at_risk.get(index + 1).copied().unwrap_or(0.0) + tally.censored,
            false => at_risk[index] - tally.events,
        };
        if tally.events > 0.0 {
            // 1 − d/n = (n − d)/n, and V += d/(n (n − d))
            s *= later / at_risk[index];
            if later > 0.0 {
                v += tally.events / (at_risk[index] * later);
            }
        }
        times.push(tally.time);
        events.push(tally.events);
        survival.push(s);
        ln_variance.push(v);
    }
    Ok(Curve {
        times,
        at_risk,
        events,
        survival,
        ln_variance,
        subjects: 0.0,
        level,
        z: normal::quantile(0.5 + 0.5 * level.get()),
        scale: Scale::default(),
    })
}

#[cfg(test)]
mod tests;
