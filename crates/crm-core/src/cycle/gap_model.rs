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
//! and returns the customer's [`GapDistribution`]: with one gap it is close to the shop's distribution, with
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
//! # Kinds of customers
//!
//! Where the data show two or three kinds of customers ([`kinds`](super::kinds)), each kind has its own
//! parameters ([`Params::kinds`]), and a customer's distribution is the mean over the kinds by their
//! probability given the completed gaps:
//!
//! ```text
//! P(gap > u) = Σ_k π_ik [ q_k + (1 − q_k) S_ik(u) ]
//! π_ik ∝ π_k · B(a_k, b_k+n)/B(a_k, b_k) · Σ_c w_kc m_kc(g)
//! ```
//!
//! # References
//!
//! - Morris, C. N. (1983). Parametric empirical Bayes inference. *JASA* 78, 47-55.
//! - Platzer, M., Reutterer, T. (2016). Ticking away the moments. *Marketing Science* 35, 779-799:
//!   the value of the regularity of timing.
//! - Batislam, E., Denizel, M., Filiztekin, A. (2007). Empirical validation of customer base
//!   analysis. *IJRM* 24, 201-209: dropout after any order, the first included.

use super::gap_distribution::GapDistribution;
use super::gap_model_at::{GapModelAt, SLOTS, slot};
use super::gap_params::FINE;
pub use super::gap_params::{
    CLASSES, Dropout, Family, History, KINDS, Kind, POSTERIOR_POINTS, Params, PosteriorPoint,
    VARIATION,
};
use super::log_gap_table::Tables;
use crate::context::room;
use crate::error::Result;

/// The probability of a kind at which it is left out of a customer's distribution.
const NEGLIGIBLE_KIND: f64 = 1e-5;

/// [`Params`] with the tables of the predictive distributions.
#[derive(Debug, Clone)]
pub struct Model {
    params: Params,
    tables: Tables,
    /// The points of the parameters, with their weights.
    points: Vec<(f64, GapModelAt)>,
}

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
            let mut point = GapModelAt::new(&point, &wanted, FINE, &mut model.tables)?;
            if !params.kinds.is_empty() {
                point.tabulate_stayed()?;
            }
            model.points.push((share, point));
        }
        model.tables.tabulate_logarithms()?;
        Ok(model)
    }

    /// Prepares `params` for one history only: the same numbers, much faster.
    pub fn for_one(params: &Params, history: &History) -> Result<Self> {
        let mut model = Self::empty(params)?;
        for (share, point) in params.points() {
            // A kind counts by its share among customers with this history, which is at most 1.
            let most = if params.kinds.is_empty() { share } else { 1.0 };
            let point = GapModelAt::for_one(&point, most, history, &mut model.tables)?;
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
            points: room(params.points().count(), "gap distributions")?,
        })
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
    ///     kinds: Vec::new(),
    /// };
    /// let monthly = History::new(&[30, 31, 29, 30, 30]);
    /// let model = Model::new(&params, [monthly.gaps].into_iter())?;
    /// let distribution = model.customer(&monthly);
    /// assert!(distribution.survival(25.0) > 0.8 && distribution.survival(45.0) < 0.1);
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    pub fn customer(&self, history: &History) -> GapDistribution<'_> {
        // The mean of the customer's gaps and one typical gap of the shop.
        let usual = (history.sum + self.params.typical_gap.get()) / f64::from(history.gaps + 1);
        let mut distribution = GapDistribution::new(&self.tables, usual);
        let kinds = self.kinds_of(history);
        // Σ_j W_j [q_j + (1 − q_j) S_ij(u)], over kinds with π_ik for W_j
        for (k, (share, point)) in self.points.iter().enumerate() {
            match kinds.map(|kinds| kinds[k]) {
                None => point.add_to(&mut distribution, *share, history),
                Some(kind) if kind > NEGLIGIBLE_KIND => {
                    point.add_to(&mut distribution, kind, history);
                }
                Some(_) => {}
            }
        }
        distribution.whole()
    }

    /// The probability of each kind given the completed gaps, `π_ik`; none if there is one kind.
    fn kinds_of(&self, history: &History) -> Option<[f64; KINDS]> {
        if self.params.kinds.is_empty() {
            return None;
        }
        let (mut kinds, mut best) = ([f64::NEG_INFINITY; KINDS], f64::NEG_INFINITY);
        for (kind, (share, point)) in kinds.iter_mut().zip(&self.points) {
            // ln π_k B(a_k, b_k+n)/B(a_k, b_k) Σ_c w_kc m_kc(g)
            *kind = libm::log(*share) + point.ln_weight(history);
            best = best.max(*kind);
        }
        let kinds = kinds.map(|kind| libm::exp(kind - best));
        let total: f64 = kinds.iter().sum();
        Some(kinds.map(|kind| kind / total))
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

    /// Two kinds of which the second has `share`, after a change.
    fn of_kinds(share: f64, change: impl Fn(&mut Value)) -> Value {
        let kind = |share: f64| {
            let mut kind = point(share, |_| {});
            let weight = kind.as_object_mut().unwrap().remove("weight").unwrap();
            kind["share"] = weight;
            kind
        };
        let mut params = params();
        params["kinds"] = json!([kind(0.3), kind(share)]);
        change(&mut params["kinds"][1]);
        params
    }

    #[test]
    fn kinds_are_at_most_three_within_the_limits_and_without_a_posterior() {
        assert!(is_sane(of_kinds(0.7, |_| {})));
        assert!(!is_sane(of_kinds(0.69, |_| {})));
        for (name, value) in [
            ("/typical_gap", 0.009),
            ("/spread", 31.0),
            ("/class_weights/8", 0.203),
            ("/dropout/a", 1.1e12),
        ] {
            let change = |kind: &mut Value| *kind.pointer_mut(name).unwrap() = json!(value);
            assert!(!is_sane(of_kinds(0.7, change)), "{name} {value}");
        }
        let mut both = of_kinds(0.7, |_| {});
        both["posterior"] = json!([point(1.0, |_| {})]);
        assert!(!is_sane(both));
        let mut many = of_kinds(0.7, |_| {});
        let kind = many["kinds"][0].clone();
        for (n, sane) in [(3, true), (4, false)] {
            many["kinds"] = json!(vec![kind.clone(); n]);
            for kind in many["kinds"].as_array_mut().unwrap() {
                kind["share"] = json!(1.0 / n as f64);
            }
            assert_eq!(is_sane(many.clone()), sane, "{n}");
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
