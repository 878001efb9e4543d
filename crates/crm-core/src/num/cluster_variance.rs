//! The variance of a Kaplan-Meier curve whose rows are clustered: the rows of one customer depend
//! on each other.
//!
//! `V(t)` of `ln S(t)` is the sum over clusters of the squared influence
//!
//! ```text
//! u_c(t) = Σ_{rows of c} w (H(min(t, T)) − [event, T ≤ t]/(n_T−d_T))      H(t) = Σ_{s ≤ t} d_s/(n_s(n_s−d_s))
//! ```
//!
//! Between its own durations a cluster's influence is `A + B·H(t)`. B is the weight of its rows
//! that are still at risk, A the sum over its rows that have ended. The square is
//! `A² + 2AB·H + B²·H²`, so three difference arrays over the durations add up all clusters in one
//! pass over the rows.
//!
//! # References
//!
//! - Williams, R. L. (1995). Product-limit survival functions with correlated survival times.
//!   *Lifetime Data Analysis* 1, 171-186.

use crate::context::{filled, grow, room};
use crate::error::Result;

use super::censored::{Curve, Rows};

/// One customer's durations in whole days, all of one weight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// Durations that ended in the event.
    pub(crate) ended: &'a [u32],
    /// The duration that is still open.
    pub(crate) open: Option<u32>,
    /// The weight of each duration.
    pub(crate) weight: f64,
}

impl Subject<'_> {
    /// The days in ascending order, as `2·day` for an event and `2·day + 1` for the open duration:
    /// at the same day, events come first.
    pub(super) fn in_order(&self, days: &mut Vec<u64>) -> Result<()> {
        days.clear();
        grow(days, self.ended.len() + 1, "Kaplan-Meier rows")?;
        days.extend(self.ended.iter().map(|day| 2 * u64::from(*day)));
        days.extend(self.open.map(|day| 2 * u64::from(day) + 1));
        days.sort_unstable();
        Ok(())
    }
}

/// The difference arrays of `A²`, `2AB` and `B²`, by step of the curve.
pub(super) struct Squares<'a> {
    h: &'a [f64],
    /// `H(T) − 1/(n_T−d_T)`, the influence of a row that ends in an event at this step.
    after_event: Vec<f64>,
    differences: Vec<[f64; 3]>,
    clusters: f64,
}

impl<'a> Squares<'a> {
    /// `curve.ln_variance` must still be Greenwood's variance, which is `H`.
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

    /// Adds a cluster: the total weight of its rows, and `(step, weight, event)` of each row, steps
    /// ascending.
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
        // After its last row nobody of this cluster is at risk: B is exactly 0, also where rounding
        // left a rest.
        self.enter(step_in, [a * a, 0.0, 0.0], before);
        self.clusters += 1.0;
    }

    fn enter(&mut self, step: usize, now: [f64; 3], before: [f64; 3]) {
        for term in 0..3 {
            self.differences[step][term] += now[term] - before[term];
        }
    }

    /// The variances `V` by step, and the number of clusters.
    pub(super) fn finish(self) -> Result<(Vec<f64>, f64)> {
        let mut sums = [0.0; 3];
        let mut variances = room(self.h.len(), "clusters")?;
        for (h, difference) in self.h.iter().zip(&self.differences) {
            for term in 0..3 {
                sums[term] += difference[term];
            }
            // V = Σ A² + H Σ 2AB + H² Σ B²
            variances.push((sums[0] + h * (sums[1] + h * sums[2])).max(0.0));
        }
        Ok((variances, self.clusters))
    }
}

/// The variances by step for rows in any order, and the number of clusters.
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
