//! The distribution of one customer's next gap, and its condition on the days since the last order.
//!
//! # Definition
//!
//! ```text
//! S_i(x)              = Σ_c w_ic S_ic(x)       the posterior over the classes of regularity
//! S_i(x | gap > e)    = S_i(x) / S_i(e)        given e days without an order
//! P(left | gap > e)   = q / (q + (1 − q) S_i(e))
//! ```
//!
//! `w_ic` are the posterior weights of the classes, `S_ic` the predictive distribution of each in
//! closed form (a ratio of gamma variables, or a wider normal), `q` the probability of leaving
//! after the last order ([`gap_model`](super::gap_model)). The distribution is fixed at the last
//! order: the days since enter only by the two conditional formulas.
//!
//! # Units and whole days
//!
//! Gaps are whole days ≥ 1 between purchase days; the distributions are continuous. "The order came
//! within d days" is the gap up to `d + ½`, "no order up to day e" is a gap beyond `e + ½`. The
//! overdue probability and the alert dates use `G_i` at the day itself.

use super::gap_params::{CLASSES, VARIATION};
use super::log_gap_table::{LogGapTable, Tables};
use crate::season::Clock;
use crate::time::Day;

/// The predictive distribution of one customer's next gap.
#[derive(Debug, Clone)]
pub struct GapDistribution<'a> {
    tables: &'a Tables,
    parts: Vec<Part>,
    leave: f64,
    usual: f64,
    /// The shop's clock and the day of the last order, with seasonality.
    clock: Option<(&'a Clock, i32)>,
}

/// The part of a class of regularity.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Part {
    pub(super) weight: f64,
    /// The location of the log gap.
    pub(super) location: f64,
    pub(super) class: usize,
    pub(super) table: LogGapTable,
}

impl<'a> GapDistribution<'a> {
    /// A distribution without parts, which are added next.
    pub(super) fn new(tables: &'a Tables, usual: f64) -> Self {
        GapDistribution {
            tables,
            parts: Vec::with_capacity(CLASSES),
            leave: 0.0,
            usual,
            clock: None,
        }
    }

    /// Adds a part.
    pub(super) fn add(&mut self, part: Part) {
        self.parts.push(part);
    }

    /// Adds to the probability of leaving.
    pub(super) fn add_leave(&mut self, share: f64) {
        self.leave += share;
    }

    /// The finished distribution: the weights of the parts are normalised to 1, apart from the
    /// probability of leaving.
    pub(super) fn whole(mut self) -> Self {
        let total: f64 = self.parts.iter().map(|part| part.weight).sum();
        for part in &mut self.parts {
            part.weight /= total;
        }
        self
    }

    /// The same distribution in the own time of `clock`, after an order on `last`.
    #[must_use]
    pub fn on(self, clock: &'a Clock, last: Day) -> Self {
        Self {
            clock: Some((clock, last.0)),
            ..self
        }
    }

    /// The distribution in days, for gaps measured in units of `e^ln_scale` days.
    #[must_use]
    pub(super) fn in_days(mut self, ln_scale: f64) -> Self {
        for part in &mut self.parts {
            part.location += ln_scale;
        }
        self.usual *= libm::exp(ln_scale);
        self
    }

    /// The distribution in own time, with `elapsed` days and the `horizon` after them in own time.
    pub(super) fn own_time(&self, elapsed: u32, horizon: u32) -> (Self, f64, f64) {
        let plain = Self {
            clock: None,
            ..self.clone()
        };
        let e = f64::from(elapsed) + 0.5;
        match self.clock {
            None => (plain, e, f64::from(horizon)),
            Some((clock, last)) => {
                let until = clock.since(last, e);
                let end = clock.since(last, e + f64::from(horizon));
                (plain, until, end - until)
            }
        }
    }

    /// `ln` of x days after the last order, in own time.
    fn ln(&self, x: f64) -> f64 {
        match self.clock {
            None => self.tables.ln(x),
            Some((clock, last)) => libm::log(clock.since(last, x)),
        }
    }

    /// `S_i(x) = P(gap > x | the customer comes back)`, x in days, continuous.
    pub fn survival(&self, x: f64) -> f64 {
        let ln_x = self.ln(x);
        let mut sum = 0.0;
        for part in &self.parts {
            sum += part.weight * self.tables.survival(&part.table, ln_x - part.location);
        }
        sum.min(1.0)
    }

    /// The distribution of the gap given that it is longer than `x`: `S_i(·)/S_i(x)`. Its
    /// [`leave`](Self::leave) is the probability of having left, given `x` days without an order.
    ///
    /// Computed per class and in logarithms, so that it is accurate where `S_i(x)` is 1e-300.
    pub fn beyond(&self, x: f64) -> Conditional<'a> {
        let tables = self.tables;
        let ln_x = self.ln(x);
        let survival = |part: &Part| tables.survival(&part.table, ln_x - part.location);
        // w_ic S_ic(x)
        let mut reached: Vec<f64> = self.parts.iter().map(|p| p.weight * survival(p)).collect();
        let mut total: f64 = reached.iter().sum();
        let mut ln_reached = libm::log(total);
        let deep = total < DEEP;
        let mut ln_bases = Vec::new();
        if deep {
            // The sum is too small to divide by; the same in logarithms, relative to the largest.
            let ln_survival = |part: &Part| tables.ln_survival(&part.table, ln_x - part.location);
            ln_bases.extend(self.parts.iter().map(ln_survival));
            let best = ln_bases.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            for ((part, base), reached) in self.parts.iter().zip(&ln_bases).zip(&mut reached) {
                *reached = part.weight * libm::exp(base - best);
            }
            total = reached.iter().sum();
            ln_reached = best + libm::log(total);
        }
        let mut beyond = Conditional {
            distribution: GapDistribution {
                parts: Vec::with_capacity(self.parts.len()),
                ..*self
            },
            ln_bases: Vec::with_capacity(ln_bases.len()),
        };
        let mut kept = 0.0;
        for (index, &reached) in reached.iter().enumerate() {
            if reached > NEGLIGIBLE * total {
                let mut part = self.parts[index];
                if deep {
                    part.weight = reached;
                    beyond.ln_bases.push(ln_bases[index]);
                }
                beyond.distribution.parts.push(part);
                kept += reached;
            }
        }
        for part in &mut beyond.distribution.parts {
            // w_ic S_ic(x) / S_i(x)
            part.weight /= kept;
        }
        // P(left | gap > x) = q / (q + (1 − q) S_i(x))
        let stay = (1.0 - self.leave) * libm::exp(ln_reached.min(0.0));
        beyond.distribution.leave = self.leave / (self.leave + stay);
        beyond
    }

    /// The probability that the customer has left for good.
    pub fn leave(&self) -> f64 {
        self.leave
    }

    /// A rough scale of the customer's gaps, in days: the start of a search for a date.
    pub(super) fn usual(&self) -> f64 {
        self.usual
    }

    /// The expected coefficient of variation of the customer's gaps: .05 is very regular, above 1
    /// irregular.
    pub fn variation(&self) -> f64 {
        self.parts
            .iter()
            .map(|part| part.weight * VARIATION[part.class])
            .sum()
    }
}

/// A [`GapDistribution`] given that the gap is longer than some elapsed time.
#[derive(Debug, Clone)]
pub struct Conditional<'a> {
    distribution: GapDistribution<'a>,
    /// For each part `ln S(e)`, if S(e) is so small that ratios are computed in logarithms. Empty
    /// if the weights are divided by S(e).
    ln_bases: Vec<f64>,
}

/// The share of a conditional distribution that is left out for speed.
const NEGLIGIBLE: f64 = 2e-4;

/// Below this `S(e)` logarithms are used instead of a division.
const DEEP: f64 = 1e-3;

impl Conditional<'_> {
    /// `S_i(x) / S_i(e)`: 1 up to the elapsed time.
    pub fn survival(&self, x: f64) -> f64 {
        let tables = self.distribution.tables;
        let ln_x = self.distribution.ln(x);
        let mut sum = 0.0;
        if self.ln_bases.is_empty() {
            for part in &self.distribution.parts {
                sum += part.weight * tables.survival(&part.table, ln_x - part.location);
            }
        } else {
            for (part, base) in self.distribution.parts.iter().zip(&self.ln_bases) {
                let ln = tables.ln_survival(&part.table, ln_x - part.location);
                sum += part.weight * libm::exp(ln - base);
            }
        }
        sum.min(1.0)
    }

    /// The probability of having left, given the days without an order.
    pub fn leave(&self) -> f64 {
        self.distribution.leave
    }
}
