//! Kaplan-Meier: how long until it happens, when for some it has not happened yet.
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
//! - **No estimate when nobody is at risk at `t`**: past the longest duration the answer is null,
//!   not the last step.
//! - Interval: Greenwood's variance `V = Σ d/(n(n−d))` of `ln S` on the log-log scale,
//!   `S^exp(±z √V / |ln S|)`. Where S is 0 or 1 that has no width; there it is Wilson's on the
//!   number of subjects.
//! - Weights count rows (2 is two equal rows). Weights that are no counts (1/gaps per customer)
//!   need `clusters`.
//! - With clusters (rows of one customer depend on each other) `V` is the sum over clusters of
//!   the squared influence on `ln S(t)`,
//!
//! ```text
//! u_c(t) = Σ_{rows of c} w (Σ_{s ≤ min(t, T)} d_s/(n_s(n_s−d_s)) − [event, T ≤ t]/(n_T−d_T))
//! ```
//!
//!   which is Greenwood's `V`, exactly, when each row is its own cluster.
//!
//! Sums run in the order of the durations and, within one, of the rows: callers pass rows in
//! ascending customer id.
//!
//! # References
//!
//! - Kaplan, E. L., Meier, P. (1958). Nonparametric estimation from incomplete observations.
//!   *JASA* 53, 457-481.
//! - Kalbfleisch, J. D., Prentice, R. L. (2002). *The Statistical Analysis of Failure Time Data*,
//!   2nd ed., §1.4: the log-log interval.
//! - Williams, R. L. (1995). Product-limit survival functions with correlated survival times.
//!   *Lifetime Data Analysis* 1, 171-186: the cluster variance.

use crate::context::{filled, room};
use crate::{Error, Fraction, Result};

use super::{normal, ratio};

/// Rows of [`kaplan_meier`], column by column, all of one length.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rows<'a> {
    /// Duration, in the unit the curve will be in; finite and ≥ 0.
    pub durations: &'a [f64],
    /// True where the duration ended in the event, false where it is still open.
    pub observed: &'a [bool],
    /// Weight of each row, finite and > 0; absent: 1 each.
    pub weights: Option<&'a [f64]>,
    /// Who the row belongs to; absent: each row stands alone.
    pub clusters: Option<&'a [u32]>,
}

/// A Kaplan-Meier curve, one entry per distinct duration, ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The distinct durations.
    pub times: Vec<f64>,
    /// Weight of the rows whose duration is at least this.
    pub at_risk: Vec<f64>,
    /// Weight of the events at this duration.
    pub events: Vec<f64>,
    /// S just after this duration.
    pub survival: Vec<f64>,
    /// Variance of `ln S` just after this duration; meaningless where S is 0.
    pub ln_variance: Vec<f64>,
    /// Who can be counted as independent: clusters, or the weight of all rows.
    pub subjects: f64,
    /// Confidence level of the intervals.
    pub level: Fraction,
}

/// S at one time, with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
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
/// Refused: columns of different length, a duration or weight outside its domain. No rows at all
/// give a curve that answers null everywhere.
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
    let mut curve = product_limit(&tallies, level)?;
    curve.subjects = match (rows.clusters, rows.weights) {
        (Some(clusters), _) => cluster_variance(&mut curve, &rows, clusters)?,
        (None, Some(weights)) => weights.iter().sum(),
        (None, None) => rows.durations.len() as f64,
    };
    Ok(curve)
}

impl Curve {
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
        let z = normal::quantile(0.5 + 0.5 * self.level.get());
        let ln_survival = libm::log(survival);
        let stretch = z * libm::sqrt(self.ln_variance[step]) / -ln_survival;
        (
            libm::exp(ln_survival * libm::exp(stretch)),
            libm::exp(ln_survival * libm::exp(-stretch)),
        )
    }

    /// The first duration by which at least a share `q` has had the event: `S(t) ≤ 1 − q`.
    /// `None` when the curve never falls that far.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        // A survival that is 1 − q up to rounding (9/10 as a product) has reached it.
        let target = (1.0 - q) * (1.0 + 1e-12);
        let step = self.survival.partition_point(|&s| s > target);
        self.times.get(step).copied()
    }

    /// The interval of [`quantile`](Self::quantile): where the lower and the upper curve fall to
    /// `1 − q` (Brookmeyer and Crowley 1982). An end that is never reached is `None`.
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
pub(super) struct Tally {
    pub(super) time: f64,
    pub(super) events: f64,
    pub(super) censored: f64,
}

/// Checks `rows` and adds up those of equal duration, in ascending duration.
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
    check(durations, "durations", "finite and at least 0", |v| {
        v.is_finite() && v >= 0.0
    })?;
    check(
        weights.unwrap_or(&[]),
        "weights",
        "finite and greater than 0",
        |v| v.is_finite() && v > 0.0,
    )?;
    match whole_days(durations) {
        Some(longest) => count_by_day(rows, longest),
        None => count_by_sorting(rows),
    }
}

fn check(
    values: &[f64],
    column: &'static str,
    expected: &'static str,
    test: impl Fn(f64) -> bool,
) -> Result<()> {
    match values.iter().position(|&v| !test(v)) {
        Some(row) => Err(Error::Value {
            column: column.into(),
            row: row as u64,
            expected: expected.into(),
        }),
        None => Ok(()),
    }
}

/// The longest duration, if all are whole numbers that a table of this data's size can hold.
fn whole_days(durations: &[f64]) -> Option<usize> {
    let limit = 65_536.0 + 2.0 * durations.len() as f64;
    let mut longest = 0.0;
    for &duration in durations {
        if duration != libm::trunc(duration) || duration > limit {
            return None;
        }
        longest = duration.max(longest);
    }
    Some(longest as usize)
}

fn count_by_day(rows: &Rows<'_>, longest: usize) -> Result<Vec<Tally>> {
    let mut days = filled(longest + 1, Tally::default(), "Kaplan-Meier counts")?;
    for (row, &duration) in rows.durations.iter().enumerate() {
        let weight = rows.weights.map_or(1.0, |w| w[row]);
        let day = &mut days[duration as usize];
        if rows.observed[row] {
            day.events += weight;
        } else {
            day.censored += weight;
        }
    }
    for (time, day) in days.iter_mut().enumerate() {
        day.time = time as f64;
    }
    days.retain(|day| day.events > 0.0 || day.censored > 0.0);
    Ok(days)
}

fn count_by_sorting(rows: &Rows<'_>) -> Result<Vec<Tally>> {
    let n = rows.durations.len();
    let mut order = room(n, "Kaplan-Meier order")?;
    // Durations are ≥ 0, so their bits sort as they do; the row makes the order total.
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
        if rows.observed[row] {
            tallies[last].events += weight;
        } else {
            tallies[last].censored += weight;
        }
    }
    Ok(tallies)
}

fn product_limit(tallies: &[Tally], level: Fraction) -> Result<Curve> {
    let n = tallies.len();
    let column = || room(n, "Kaplan-Meier curve");
    let mut at_risk = filled(n, 0.0, "Kaplan-Meier curve")?;
    // From the end, so that the last one at risk leaves exactly nobody.
    let mut left = 0.0;
    for (tally, at_risk) in tallies.iter().zip(&mut at_risk).rev() {
        left += tally.censored;
        left += tally.events;
        *at_risk = left;
    }
    let (mut times, mut events) = (column()?, column()?);
    let (mut survival, mut ln_variance) = (column()?, column()?);
    let (mut s, mut v) = (1.0, 0.0);
    for (index, tally) in tallies.iter().enumerate() {
        let later = at_risk.get(index + 1).copied().unwrap_or(0.0) + tally.censored;
        if tally.events > 0.0 {
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
    })
}

/// Replaces Greenwood's variance by the clusters' and returns their number.
///
/// Between its own durations a cluster's influence is `A + B·H(t)` with `H = Σ d/(n(n−d))`, so its
/// square is `A² + 2AB·H + B²·H²` and three difference arrays add up all clusters in one pass.
fn cluster_variance(curve: &mut Curve, rows: &Rows<'_>, clusters: &[u32]) -> Result<f64> {
    let (n, steps) = (clusters.len(), curve.times.len());
    let mut order = room(n, "clusters")?;
    for (row, &cluster) in clusters.iter().enumerate() {
        let step = curve
            .times
            .partition_point(|&time| time < rows.durations[row]);
        order.push((cluster, step, row));
    }
    order.sort_unstable();

    let mut differences = filled(steps + 1, [0.0f64; 3], "clusters")?;
    let mut count = 0.0;
    for members in order.chunk_by(|a, b| a.0 == b.0) {
        count += 1.0;
        let weight = |row: usize| rows.weights.map_or(1.0, |w| w[row]);
        let (mut a, mut b) = (0.0, members.iter().map(|m| weight(m.2)).sum::<f64>());
        let mut before = [0.0; 3];
        let mut step_in = 0;
        for &(_, step, row) in members {
            let now = [a * a, 2.0 * a * b, b * b];
            add(&mut differences[step_in], now, before);
            (before, step_in) = (now, step);
            let later = curve.at_risk[step] - curve.events[step];
            if rows.observed[row] && later > 0.0 {
                a -= weight(row) / later;
            }
            a += weight(row) * curve.ln_variance[step];
            b -= weight(row);
        }
        // The last row leaves nobody of this cluster at risk: B is 0, whatever rounding says.
        add(&mut differences[step_in], [a * a, 0.0, 0.0], before);
    }

    let mut sums = [0.0; 3];
    for (step, difference) in differences.iter().take(steps).enumerate() {
        add(&mut sums, *difference, [0.0; 3]);
        let h = curve.ln_variance[step];
        curve.ln_variance[step] = (sums[0] + h * (sums[1] + h * sums[2])).max(0.0);
    }
    Ok(count)
}

fn add(to: &mut [f64; 3], plus: [f64; 3], minus: [f64; 3]) {
    for term in 0..3 {
        to[term] += plus[term] - minus[term];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level() -> Fraction {
        Fraction::new(0.95).unwrap()
    }

    fn curve(durations: &[f64], observed: &[bool]) -> Curve {
        kaplan_meier(
            Rows {
                durations,
                observed,
                ..Rows::default()
            },
            level(),
        )
        .unwrap()
    }

    /// Rows that are neither simple nor sorted: duration, event, cluster.
    fn some_rows(n: u64, unit: f64) -> (Vec<f64>, Vec<bool>, Vec<u32>) {
        let mut state = 12345u64;
        let mut next = move || {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            state >> 40
        };
        let rows: Vec<_> = (0..n)
            .map(|_| ((next() % 60) as f64 * unit, next() % 3 > 0, next() % 40))
            .collect();
        (
            rows.iter().map(|r| r.0).collect(),
            rows.iter().map(|r| r.1).collect(),
            rows.iter().map(|r| r.2 as u32).collect(),
        )
    }

    #[test]
    fn day_zero_events_count_at_zero_and_nobody_at_risk_is_null() {
        let c = curve(&[0.0, 0.0, 5.0, 9.0], &[true, false, true, false]);
        assert_eq!(c.at(0.0).unwrap().survival, 0.75);
        assert_eq!(c.at(0.0).unwrap().at_risk, 4.0);
        assert_eq!(c.at(5.0).unwrap().survival, 0.375);
        assert_eq!(c.at(9.0).unwrap().at_risk, 1.0);
        assert_eq!(c.at(9.5), None);
        assert_eq!(curve(&[], &[]).at(0.0), None);
    }

    #[test]
    fn where_the_curve_is_zero_or_one_the_interval_is_wilson() {
        let c = curve(&[3.0, 7.0, 7.0, 7.0], &[false, true, true, true]);
        let before = c.at(2.0).unwrap();
        assert_eq!((before.low, before.high), ratio::wilson(1.0, 4.0, level()));
        let after = c.at(7.0).unwrap();
        assert_eq!(after.survival, 0.0);
        assert_eq!((after.low, after.high), ratio::wilson(0.0, 4.0, level()));
    }

    #[test]
    fn a_weight_of_two_is_two_rows() {
        let (durations, observed, _) = some_rows(50, 1.0);
        let twice = |v: &[f64]| [v, v].concat();
        let doubled = curve(
            &twice(&durations),
            &[observed.clone(), observed.clone()].concat(),
        );
        let rows = Rows {
            durations: &durations,
            observed: &observed,
            weights: Some(&[2.0; 50]),
            clusters: None,
        };
        assert_eq!(kaplan_meier(rows, level()).unwrap(), doubled);
    }

    #[test]
    fn counting_and_sorting_agree() {
        let (days, observed, _) = some_rows(300, 1.0);
        let fractions: Vec<f64> = days.iter().map(|d| d / 64.0).collect();
        let (a, b) = (curve(&days, &observed), curve(&fractions, &observed));
        assert_eq!(a.survival, b.survival);
        assert_eq!(a.ln_variance, b.ln_variance);
    }

    #[test]
    fn rows_that_stand_alone_have_greenwoods_variance() {
        let (durations, observed, _) = some_rows(200, 1.0);
        let plain = curve(&durations, &observed);
        let alone: Vec<u32> = (0..200).collect();
        let rows = Rows {
            durations: &durations,
            observed: &observed,
            weights: None,
            clusters: Some(&alone),
        };
        let clustered = kaplan_meier(rows, level()).unwrap();
        for step in 0..plain.times.len() {
            if plain.survival[step] > 0.0 {
                let (a, b) = (plain.ln_variance[step], clustered.ln_variance[step]);
                assert!((a - b).abs() < 1e-12 * a.max(1e-3), "{step}: {a} {b}");
            }
        }
    }

    /// The influence of the module doc, row by row and time by time.
    #[test]
    fn cluster_variance_is_the_sum_of_squared_influences() {
        let (durations, observed, clusters) = some_rows(150, 1.0);
        let weights: Vec<f64> = clusters
            .iter()
            .map(|c| 1.0 / f64::from(c % 4 + 1))
            .collect();
        let rows = Rows {
            durations: &durations,
            observed: &observed,
            weights: Some(&weights),
            clusters: Some(&clusters),
        };
        let c = kaplan_meier(rows, level()).unwrap();
        for (step, &t) in c.times.iter().enumerate() {
            if c.survival[step] <= 0.0 {
                continue;
            }
            let mut influence = [0.0; 40];
            for row in 0..durations.len() {
                let mut u = 0.0;
                for s in 0..=step {
                    let later = c.at_risk[s] - c.events[s];
                    if c.times[s] <= durations[row] {
                        u += c.events[s] / (c.at_risk[s] * later);
                    }
                    if observed[row] && durations[row] == c.times[s] {
                        u -= 1.0 / later;
                    }
                }
                influence[clusters[row] as usize] += weights[row] * u;
            }
            let slow: f64 = influence.iter().map(|u| u * u).sum();
            assert!(
                (c.ln_variance[step] - slow).abs() < 1e-10 * slow.max(1e-3),
                "{t}"
            );
        }
    }

    #[test]
    fn quantiles_are_the_first_time_reached() {
        let c = curve(&(1..=10).map(f64::from).collect::<Vec<_>>(), &[true; 10]);
        assert_eq!(c.quantile(0.1), Some(1.0));
        assert_eq!(c.quantile(0.5), Some(5.0));
        let open = curve(&[1.0, 2.0, 3.0], &[true, false, false]);
        assert_eq!(open.quantile(0.5), None);
        let (low, high) = c.quantile_interval(0.5);
        assert!(low.unwrap() < 5.0 && high.unwrap() > 5.0);
    }

    #[test]
    fn what_is_outside_its_domain_is_refused_by_row() {
        let rows = Rows {
            durations: &[1.0, -1.0],
            observed: &[true, true],
            ..Rows::default()
        };
        assert!(matches!(
            kaplan_meier(rows, level()),
            Err(Error::Value { row: 1, .. })
        ));
        let short = Rows {
            durations: &[1.0],
            observed: &[],
            ..Rows::default()
        };
        assert!(matches!(
            kaplan_meier(short, level()),
            Err(Error::ColumnLength { .. })
        ));
    }
}
