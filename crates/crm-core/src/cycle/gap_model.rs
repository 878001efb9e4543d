//! The shop's gap model: the distribution of purchase gaps over customers, and dropout.
//!
//! # Definition
//!
//! After each order customer i leaves for good with probability `p_i`, or returns after a gap from
//! the customer's own distribution:
//!
//! ```text
//! P(gap > u) = p_i + (1 − p_i) S_i(u)
//!
//! gamma:       gap ~ Gamma(shape k, mean 1/θ_i)    θ_i ~ Gamma(r, α)      k by class
//! log-normal:  ln gap ~ N(μ_i, σ²)                 μ_i ~ N(m, τ²)         σ by class
//! dropout:     p_i ~ Beta(a, b)
//! class:       P(class c) = w_c, regular (variation .05) to irregular (1.8)
//! ```
//!
//! The class is the coefficient of variation of a customer's gaps, `1/√k` or `√(e^{σ²} − 1)`: a
//! fixed grid whose weights are fitted, so a shop may have very regular and irregular customers. It
//! ends at 1.8, because gaps of unbounded irregularity cannot be distinguished from leaving.
//!
//! Contamination: in predictions, one in twenty gaps of the three most regular classes (variation
//! up to .22) is taken to be of the class .7; the fit does not use this. Without it a customer with
//! fifty weekly gaps would be lost on the eighth day.
//!
//! **G_i is fixed at the last order.** [`Model::customer`] conditions on the completed gaps alone
//! and returns the customer's [`GapLaw`]: with one gap it is close to the shop's distribution, with
//! twenty gaps to the customer's own. The open gap is used in the fit of the shop's parameters (see
//! [`fit`](super::fit)). Times are in days.
//!
//! # Shops with few gaps
//!
//! With few gaps the parameters are uncertain, and intervals that treat them as known are too
//! narrow. Then [`Params::posterior`] has points of their posterior
//! ([`posterior`](super::posterior)), and a customer's distribution is the mean over the
//! distributions of these points:
//!
//! ```text
//! P(gap > u) = Σ_j W_j [ q_j + (1 − q_j) S_ij(u) ]
//! ```
//!
//! # References
//!
//! - Morris, C. N. (1983). Parametric empirical Bayes inference. *JASA* 78, 47-55.
//! - Platzer, M., Reutterer, T. (2016). Ticking away the moments. *Marketing Science* 35, 779-799:
//!   the value of the regularity of timing.
//! - Batislam, E., Denizel, M., Filiztekin, A. (2007). Empirical validation of customer base
//!   analysis. *IJRM* 24, 201-209: dropout after any order, the first included.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::gap_law::GapLaw;
use super::log_law::Tables;
use super::point_model::{PointModel, SLOTS, slot};
use crate::context::room;
use crate::{Error, Positive, Probability, Result};

/// Number of regularity classes.
pub const CLASSES: usize = 9;

/// Coefficient of variation of the gaps of each class.
pub const VARIATION: [f64; CLASSES] = [0.05, 0.12, 0.22, 0.35, 0.5, 0.7, 0.95, 1.3, 1.8];

/// The family of distributions of one customer's gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Gaps are gamma distributed, and so are the customers' rates.
    Gamma,
    /// Log gaps are normally distributed, and so are the customers' means.
    LogNormal,
}

/// The probability of leaving after an order, `p_i ~ Beta(a, b)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
}

/// A point of the posterior of the shop's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
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

impl Params {
    /// Refuses parameters outside of the range of the tables; they may come from outside.
    pub(super) fn sane(&self) -> Result<&Self> {
        let one = |sum: f64| (0.999..=1.001).contains(&sum);
        let shares = self.points().map(|(share, _)| share);
        let sane = self.posterior.len() <= POSTERIOR_POINTS
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

    /// These parameters without the posterior.
    fn alone(&self) -> Self {
        Self {
            posterior: Vec::new(),
            ..*self
        }
    }

    /// The points of the parameters with their weights: one point, or the points of the posterior.
    pub fn points(&self) -> impl Iterator<Item = (f64, Self)> {
        let known = self.posterior.is_empty().then(|| (1.0, self.alone()));
        known.into_iter().chain(self.posterior.iter().map(|point| {
            let params = Self {
                family: self.family,
                typical_gap: point.typical_gap,
                spread: point.spread,
                class_weights: point.class_weights,
                dropout: point.dropout,
                posterior: Vec::new(),
            };
            (point.weight.get(), params)
        }))
    }

    /// `r`, or `1/τ²`.
    pub(super) fn population_shape(&self) -> f64 {
        1.0 / (self.spread.get() * self.spread.get())
    }
}

/// The sufficient statistics of one customer's completed gaps.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
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
        Self {
            gaps: self.gaps,
            sum: self.sum * libm::exp(-ln_scale),
            sum_ln: self.sum_ln - n * ln_scale,
            sum_ln_squared: self.sum_ln_squared - 2.0 * ln_scale * self.sum_ln
                + n * ln_scale * ln_scale,
        }
    }
}

/// [`Params`] with the tables of the predictive distributions.
#[derive(Debug, Clone)]
pub struct Model {
    params: Params,
    tables: Tables,
    /// The points of the parameters, with their weights.
    points: Vec<(f64, PointModel)>,
    /// `ln (h/2)` for the half days `h` that predictions use most.
    ln_half_days: Vec<f64>,
}

/// The number of half days with a tabulated logarithm: four years.
const HALF_DAYS: usize = 2 * 1462;

/// Points of a table per spread of its distribution.
pub(super) const FINE: f64 = 6.0;

impl Model {
    /// Prepares `params` for customers with any of `counts` gaps. The cost grows with the number of
    /// distinct counts (above sixteen, neighbouring counts share tables) and with the points of a
    /// posterior.
    ///
    /// # Errors
    ///
    /// Parameters out of range; out of memory.
    pub fn new(params: &Params, counts: impl Iterator<Item = u32>) -> Result<Self> {
        let mut wanted = [false; SLOTS];
        for count in counts {
            wanted[slot(count)] = true;
        }
        let mut model = Self::empty(params)?;
        for (share, point) in params.points() {
            let point = PointModel::new(&point, &wanted, FINE, &mut model.tables)?;
            model.points.push((share, point));
        }
        model.ln_half_days = room(HALF_DAYS, "gap laws")?;
        model
            .ln_half_days
            .extend((0..HALF_DAYS).map(|h| libm::log(0.5 * h as f64)));
        Ok(model)
    }

    /// Prepares `params` for one history only: the same numbers, much faster.
    pub fn for_one(params: &Params, history: &History) -> Result<Self> {
        let mut model = Self::empty(params)?;
        for (share, point) in params.points() {
            let point = PointModel::for_one(&point, share, history, &mut model.tables)?;
            model.points.push((share, point));
        }
        Ok(model)
    }

    /// The model without tables.
    fn empty(params: &Params) -> Result<Self> {
        params.sane()?;
        Ok(Self {
            params: params.clone(),
            tables: Tables::default(),
            points: room(params.points().count(), "gap laws")?,
            ln_half_days: Vec::new(),
        })
    }

    /// The tables of a customer's distribution.
    pub(super) fn tables(&self) -> &Tables {
        &self.tables
    }

    /// `ln x`, from a table if x is a whole number of half days.
    pub(super) fn ln(&self, x: f64) -> f64 {
        let half_days = 2.0 * x;
        let index = half_days as usize;
        match self.ln_half_days.get(index) {
            Some(&ln) if index as f64 == half_days => ln,
            _ => libm::log(x),
        }
    }

    /// The parameters.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The distribution of this customer's next gap, `G_i`, and the probability of none.
    ///
    /// `history.gaps` must be among the counts for which the model was prepared.
    ///
    /// ```
    /// use crm_core::cycle::gap_model::{Dropout, Family, History, Model, Params, CLASSES};
    /// use crm_core::{Positive, Probability};
    ///
    /// let positive = |v| Positive::new(v).unwrap();
    /// let params = Params {
    ///     family: Family::Gamma,
    ///     typical_gap: positive(40.0),
    ///     spread: positive(0.6),
    ///     class_weights: [Probability::new(1.0 / CLASSES as f64).unwrap(); CLASSES],
    ///     dropout: Dropout { a: positive(1.0), b: positive(4.0) },
    ///     posterior: Vec::new(),
    /// };
    /// let monthly = History::new(&[30, 31, 29, 30, 30]);
    /// let model = Model::new(&params, [monthly.gaps].into_iter())?;
    /// let law = model.customer(&monthly);
    /// assert!(law.survival(25.0) > 0.8 && law.survival(45.0) < 0.1);
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    pub fn customer(&self, history: &History) -> GapLaw<'_> {
        let usual = (history.sum + self.params.typical_gap.get()) / f64::from(history.gaps + 1);
        let mut law = GapLaw::new(self, usual);
        for (share, point) in &self.points {
            point.add_to(&mut law, *share, history);
        }
        law.whole()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn params() -> Value {
        json!({
            "family": "gamma",
            "typical_gap": 40.0,
            "spread": 0.6,
            "class_weights": [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2],
            "dropout": {"a": 1.0, "b": 4.0},
        })
    }

    fn point(weight: f64, change: impl Fn(&mut Value)) -> Value {
        let mut point = params();
        point.as_object_mut().unwrap().remove("family");
        point["weight"] = json!(weight);
        change(&mut point);
        point
    }

    fn is_sane(params: Value) -> bool {
        serde_json::from_value::<Params>(params)
            .unwrap()
            .sane()
            .is_ok()
    }

    /// Each number of the parameters and of a posterior point, at its limits and beyond.
    #[test]
    fn parameters_from_outside_are_within_their_limits() {
        assert!(is_sane(params()));
        for (name, low, high) in [
            ("/typical_gap", 1e-2, 1e6),
            ("/spread", 1e-8, 30.0),
            ("/dropout/a", 1e-12, 1e12),
            ("/dropout/b", 1e-12, 1e12),
        ] {
            for (value, sane) in [
                (low, true),
                (high, true),
                (low * 0.99, false),
                (high * 1.01, false),
            ] {
                let set = |point: &mut Value| *point.pointer_mut(name).unwrap() = json!(value);
                let mut plain = params();
                set(&mut plain);
                assert_eq!(is_sane(plain), sane, "{name} {value}");
                let mut posterior = params();
                posterior["posterior"] = json!([point(0.5, |_| {}), point(0.5, set)]);
                assert_eq!(is_sane(posterior), sane, "{name} {value} of a point");
            }
        }
        for (last, sane) in [
            (0.2, true),
            (0.2009, true),
            (0.1991, true),
            (0.203, false),
            (0.197, false),
        ] {
            let set = |point: &mut Value| point["class_weights"][8] = json!(last);
            let mut plain = params();
            set(&mut plain);
            assert_eq!(is_sane(plain), sane, "{last}");
            let mut posterior = params();
            posterior["posterior"] = json!([point(1.0, set)]);
            assert_eq!(is_sane(posterior), sane, "{last} of a point");
        }
    }

    #[test]
    fn weights_of_a_posterior_add_up_to_one() {
        for (n, weight, sane) in [
            (1, 1.0, true),
            (1, 0.9, false),
            (4, 0.25, true),
            (4, 0.26, false),
            (64, 1.0 / 64.0, true),
            (65, 1.0 / 65.0, false),
        ] {
            let mut posterior = params();
            posterior["posterior"] = json!(vec![point(weight, |_| {}); n]);
            assert_eq!(is_sane(posterior), sane, "{n} of {weight}");
        }
    }
}
