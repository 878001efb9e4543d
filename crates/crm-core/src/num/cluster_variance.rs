//! The variance of a survival curve whose rows depend on each other: those of one customer do.
//!
//! `V(t)` of `ln S(t)` is the sum over clusters of the squared influence
//!
//! ```text
//! u_c(t) = Σ_{rows of c} w (H(min(t, T)) − [event, T ≤ t]/(n_T−d_T))      H(t) = Σ_{s ≤ t} d_s/(n_s(n_s−d_s))
//! ```
//!
//! Between its own durations a cluster's influence is `A + B·H(t)`: B the weight of its rows that are
//! still at risk, A what the others have left. The square is `A² + 2AB·H + B²·H²`, so three difference
//! arrays over the durations add up all clusters in one pass, each row looked at once.
//!
//! # References
//!
//! - Williams, R. L. (1995). Product-limit survival functions with correlated survival times.
//!   *Lifetime Data Analysis* 1, 171-186.

use crate::Result;
use crate::context::{filled, grow, room};

use super::survival::{Curve, Rows};

/// One customer's durations in whole days, all of one weight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// Those that ended in the event.
    pub(crate) ended: &'a [u32],
    /// The one that is still open.
    pub(crate) open: Option<u32>,
    /// The weight of each.
    pub(crate) weight: f64,
}

impl Subject<'_> {
    /// The days, ascending, each twice itself, and one more where it is still open.
    pub(super) fn in_order(&self, days: &mut Vec<u64>) -> Result<()> {
        days.clear();
        grow(days, self.ended.len() + 1, "Kaplan-Meier rows")?;
        days.extend(self.ended.iter().map(|day| 2 * u64::from(*day)));
        days.extend(self.open.map(|day| 2 * u64::from(day) + 1));
        days.sort_unstable();
        Ok(())
    }
}

/// The three difference arrays, by step of the curve.
pub(super) struct Squares<'a> {
    h: &'a [f64],
    /// `H − 1/(n−d)`, what an event leaves of a row at this step.
    after_event: Vec<f64>,
    differences: Vec<[f64; 3]>,
    clusters: f64,
}

impl<'a> Squares<'a> {
    /// For a curve that still has Greenwood's variance, which is `H`.
    pub(super) fn new(curve: &'a Curve) -> Result<Self> {
        let steps = curve.times.len();
        let mut after_event = room(steps, "clusters")?;
        for step in 0..steps {
            let later = curve.at_risk[step] - curve.events[step];
            let event = if later > 0.0 { 1.0 / later } else { 0.0 };
            after_event.push(curve.ln_variance[step] - event);
        }
        Ok(Self {
            h: &curve.ln_variance,
            after_event,
            differences: filled(steps, [0.0; 3], "clusters")?,
            clusters: 0.0,
        })
    }

    /// Adds a cluster: the weight of all its rows, and step, weight and event of each, steps ascending.
    pub(super) fn add(&mut self, weight: f64, rows: impl Iterator<Item = (usize, f64, bool)>) {
        let (mut a, mut b) = (0.0, weight);
        let (mut step_in, mut before) = (0, [0.0; 3]);
        for (step, weight, observed) in rows {
            if step != step_in {
                let now = [a * a, 2.0 * a * b, b * b];
                self.enter(step_in, now, before);
                (step_in, before) = (step, now);
            }
            a += weight
                * if observed {
                    self.after_event[step]
                } else {
                    self.h[step]
                };
            b -= weight;
        }
        // The last row leaves nobody of this cluster at risk: B is 0, whatever rounding says.
        self.enter(step_in, [a * a, 0.0, 0.0], before);
        self.clusters += 1.0;
    }

    fn enter(&mut self, step: usize, now: [f64; 3], before: [f64; 3]) {
        for term in 0..3 {
            self.differences[step][term] += now[term] - before[term];
        }
    }

    /// The variances by step, and how many clusters there were.
    pub(super) fn finish(self) -> Result<(Vec<f64>, f64)> {
        let mut sums = [0.0; 3];
        let mut variances = room(self.h.len(), "clusters")?;
        for (h, difference) in self.h.iter().zip(&self.differences) {
            for term in 0..3 {
                sums[term] += difference[term];
            }
            variances.push((sums[0] + h * (sums[1] + h * sums[2])).max(0.0));
        }
        Ok((variances, self.clusters))
    }
}

/// Variances by step of rows in any order, and the number of their clusters.
pub(super) fn by_row(curve: &Curve, rows: &Rows<'_>, clusters: &[u32]) -> Result<(Vec<f64>, f64)> {
    let mut order = room(clusters.len(), "clusters")?;
    for (row, &cluster) in clusters.iter().enumerate() {
        let duration = rows.durations[row];
        let step = curve.times.partition_point(|&time| time < duration);
        order.push((cluster, step, row));
    }
    order.sort_unstable();
    let weight = |row: usize| rows.weights.map_or(1.0, |w| w[row]);
    let mut squares = Squares::new(curve)?;
    for members in order.chunk_by(|a, b| a.0 == b.0) {
        let whole = members.iter().map(|m| weight(m.2)).sum::<f64>();
        let rows = members
            .iter()
            .map(|&(_, step, row)| (step, weight(row), rows.observed[row]));
        squares.add(whole, rows);
    }
    squares.finish()
}
