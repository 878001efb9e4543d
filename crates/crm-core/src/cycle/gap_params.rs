//! The parameters of a shop's gap model, and what the completed gaps of a customer add up to.
//!
//! [`gap_model`](super::gap_model) has the definition of the model and of its symbols.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::num::{Positive, Probability};

/// Number of regularity classes.
pub const CLASSES: usize = 9;

/// Coefficient of variation of the gaps of each class.
pub const VARIATION: [f64; CLASSES] = [0.05, 0.12, 0.22, 0.35, 0.5, 0.7, 0.95, 1.3, 1.8];

/// The family of distributions of one customer's gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Gaps are gamma distributed, and so are the customers' rates.
    Gamma,
    /// Log gaps are normally distributed, and so are the customers' means.
    LogNormal,
}

/// The probability of leaving after an order, `p_i ~ Beta(a, b)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Dropout {
    /// `a` of the beta distribution.
    pub a: Positive,
    /// `b` of the beta distribution.
    pub b: Positive,
}

impl Dropout {
    /// The expected probability of leaving after the order that completed the `gaps`-th gap,
    /// `a / (a + b + gaps)`: it decreases with the number of returns.
    pub fn chance(&self, gaps: u32) -> f64 {
        self.a.get() / (self.a.get() + self.b.get() + f64::from(gaps))
    }
}

/// The shop's parameters as plain data, a few hundred bytes of JSON, or a few thousand for a shop
/// with few gaps. Times are in days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The family of distributions of one customer's gaps.
    pub family: Family,
    /// The centre of the customers' typical gaps, in days: `α/r` (gamma) or `e^m` (log-normal).
    pub typical_gap: Positive,
    /// The spread between customers: `1/√r` (gamma) or `τ` (log-normal).
    pub spread: Positive,
    /// The share of customers in each class of [`VARIATION`].
    pub class_weights: [Probability; CLASSES],
    /// Dropout after an order.
    pub dropout: Dropout,
    /// For a shop with few gaps, points of the posterior of all these parameters, with weights that
    /// add up to 1. Empty if the uncertainty is negligible.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub posterior: Vec<PosteriorPoint>,
    /// Two or three kinds of customers, with shares that add up to 1, where the data show them: then
    /// predictions are by the kinds, and the parameters above are those of all customers as one kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Kind>,
}

/// A point of the posterior of the shop's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PosteriorPoint {
    /// The probability of this point.
    pub weight: Probability,
    /// As in [`Params`].
    pub typical_gap: Positive,
    /// As in [`Params`].
    pub spread: Positive,
    /// As in [`Params`].
    pub class_weights: [Probability; CLASSES],
    /// As in [`Params`].
    pub dropout: Dropout,
}

/// The most points of a posterior.
pub const POSTERIOR_POINTS: usize = 64;

/// A kind of customers (a latent class), with parameters of its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// The share of customers who are of this kind.
    pub share: Probability,
    /// As in [`Params`].
    pub typical_gap: Positive,
    /// As in [`Params`].
    pub spread: Positive,
    /// As in [`Params`].
    pub class_weights: [Probability; CLASSES],
    /// As in [`Params`].
    pub dropout: Dropout,
}

/// The most kinds of customers.
pub const KINDS: usize = 3;

impl Params {
    /// Refuses parameters outside of the range of the tables; they may come from outside.
    pub(super) fn sane(&self) -> Result<&Self> {
        let one = |sum: f64| (0.999..=1.001).contains(&sum);
        let shares = self.points().map(|(share, _)| share);
        let sane = self.posterior.len() <= POSTERIOR_POINTS
            && self.kinds.len() <= KINDS
            && (self.posterior.is_empty() || self.kinds.is_empty())
            && one(shares.sum())
            && std::iter::once(self.alone())
                .chain(self.points().map(|(_, point)| point))
                .all(|point| {
                    (1e-2..=1e6).contains(&point.typical_gap.get())
                        && (1e-8..=30.0).contains(&point.spread.get())
                        && (1e-12..=1e12).contains(&point.dropout.a.get())
                        && (1e-12..=1e12).contains(&point.dropout.b.get())
                        && one(point.class_weights.iter().map(|w| w.get()).sum())
                });
        match sane {
            true => Ok(self),
            false => Err(Error::option(
                "learned.gap_model",
                "",
                "parameters that a fit has given",
            )),
        }
    }

    /// These parameters without the posterior and the kinds.
    fn alone(&self) -> Self {
        Self {
            posterior: Vec::new(),
            kinds: Vec::new(),
            ..*self
        }
    }

    /// The points of the parameters with their weights: one point, the points of the posterior, or the
    /// kinds with their shares.
    pub fn points(&self) -> impl Iterator<Item = (f64, Self)> {
        let known = self.posterior.is_empty() && self.kinds.is_empty();
        let known = known.then(|| (1.0, self.alone()));
        let points = self.posterior.iter().map(|point| {
            let params = Self {
                typical_gap: point.typical_gap,
                spread: point.spread,
                class_weights: point.class_weights,
                dropout: point.dropout,
                ..self.alone()
            };
            (point.weight.get(), params)
        });
        let kinds = self.kinds.iter().map(|kind| {
            let params = Self {
                typical_gap: kind.typical_gap,
                spread: kind.spread,
                class_weights: kind.class_weights,
                dropout: kind.dropout,
                ..self.alone()
            };
            (kind.share.get(), params)
        });
        known.into_iter().chain(points).chain(kinds)
    }

    /// `r`, or `1/τ²`.
    pub(super) fn population_shape(&self) -> f64 {
        1.0 / (self.spread.get() * self.spread.get())
    }
}

/// The sufficient statistics of one customer's completed gaps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct History {
    /// The number of gaps.
    pub gaps: u32,
    /// Σ gap, in days.
    pub sum: f64,
    /// Σ ln gap.
    pub sum_ln: f64,
    /// Σ (ln gap)².
    pub sum_ln_squared: f64,
}

impl History {
    /// The statistics of `gaps` in whole days; a gap of 0 counts as 1, because gaps are between
    /// days.
    ///
    /// ```
    /// use crm_core::cycle::gap_model::History;
    /// let twice_monthly = History::new(&[14, 16]);
    /// assert_eq!((twice_monthly.gaps, twice_monthly.sum), (2, 30.0));
    /// ```
    pub fn new(gaps: &[u32]) -> Self {
        let mut history = Self::default();
        for &gap in gaps {
            let gap = f64::from(gap.max(1));
            history.add(gap, libm::log(gap));
        }
        history
    }

    /// Adds a gap, given with its logarithm.
    pub(super) fn add(&mut self, gap: f64, ln: f64) {
        self.gaps += 1;
        self.sum += gap;
        self.sum_ln += ln;
        self.sum_ln_squared += ln * ln;
    }

    /// The same gaps measured in units of `e^ln_scale` days.
    pub(super) fn in_units(&self, ln_scale: f64) -> Self {
        let n = f64::from(self.gaps);
        // With s = ln_scale: Σ (ln gap − s) and Σ (ln gap − s)², from the sums.
        Self {
            gaps: self.gaps,
            sum: self.sum * libm::exp(-ln_scale),
            sum_ln: self.sum_ln - n * ln_scale,
            sum_ln_squared: self.sum_ln_squared - 2.0 * ln_scale * self.sum_ln
                + n * ln_scale * ln_scale,
        }
    }
}

/// Points of a table per spread of its distribution.
pub(super) const FINE: f64 = 6.0;
