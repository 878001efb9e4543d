//! Shifted beta-geometric: how long contracts last.
//!
//! At the end of each period a customer ends the contract with probability `θ ~ Beta(α, β)`. With `n_t`
//! customers of a cohort left after `t` periods,
//!
//! ```text
//! churn in period t:   α/(α+β+t−1)            S(t) = B(α, β+t)/B(α, β)
//! L = Σ_t (n_{t−1} − n_t) ln α/(α+β+t−1) + n_t ln (β+t−1)/(α+β+t−1)
//! ```
//!
//! Retention rises with `t` although no customer changes, because customers with a high churn
//! probability leave first. The expected residual renewals of a customer who has renewed `n − 1`
//! times, discounted at `d` per period, are `(β+n−1)/(α+β+n−1) · ₂F₁(1, β+n; α+β+n; 1/(1+d))`, the
//! coming renewal counting in full.
//!
//! The data are whole counts of contracts (with shares the standard errors would be wrong), not
//! purchase times, so the likelihood cannot be compared with the likelihoods of the continuous
//! models.
//!
//! # References
//!
//! - Fader, Hardie (2007). How to project customer retention. *J. of Interactive Marketing* 21.
//! - Fader, Hardie (2010). Customer-base valuation in a contractual setting. *Marketing Science* 29.

use libm::{exp, log};
use serde::{Deserialize, Serialize};

use crate::clv::models::model::{Fit, Model, positive};
use crate::clv::models::pareto_integral::hypergeometric;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::num::Positive;
use crate::num::optimize::{Derivatives, maximize_positive};
use crate::num::rng::Rng;
use crate::num::special::ln_rising;

/// Parameters of the churn probability over customers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// First parameter.
    pub alpha: Positive,
    /// Second parameter.
    pub beta: Positive,
}

impl Params {
    /// Parameters `α, β` from plain numbers.
    ///
    /// # Errors
    ///
    /// [`Error::OptionValue`] unless both are finite and greater than 0.
    pub fn new(values: [f64; 2]) -> Result<Self> {
        Ok(Self {
            alpha: positive("alpha", values[0])?,
            beta: positive("beta", values[1])?,
        })
    }

    /// Share of a cohort left after `t` periods.
    pub fn survival(&self, t: u32) -> f64 {
        let (a, b, t) = (self.alpha.get(), self.beta.get(), f64::from(t));
        // S(t) = B(α, β+t)/B(α, β)
        exp(ln_rising(b, t) - ln_rising(a + b, t))
    }

    /// Probability of renewing at the end of period `t`, counted from 1, given a contract in it.
    pub fn retention(&self, t: u32) -> f64 {
        let (a, b, t) = (self.alpha.get(), self.beta.get(), f64::from(t.max(1)));
        // r_t = (β+t−1)/(α+β+t−1)
        (b + t - 1.0) / (a + b + t - 1.0)
    }

    /// Expected further renewals of a customer in period `n`, counted from 1, discounted at `d ≥ 0`
    /// per period; the next renewal counts in full. +∞ at `d = 0` and `α ≤ 1`.
    pub fn expected_renewals(&self, n: u32, d: f64) -> f64 {
        let (a, b, n) = (self.alpha.get(), self.beta.get(), f64::from(n.max(1)));
        if d <= 0.0 {
            return if a > 1.0 {
                (b + n - 1.0) / (a - 1.0)
            } else {
                f64::INFINITY
            };
        }
        // r_n · ₂F₁(1, β+n; α+β+n; 1/(1+d))
        (b + n - 1.0) / (a + b + n - 1.0) * hypergeometric(b + n, a + b + n, 1.0 / (1.0 + d))
    }

    /// Log-likelihood of one cohort's survivors, the first being its size.
    pub fn log_likelihood(&self, survivors: &[f64]) -> f64 {
        of_cohort(self.alpha.get(), self.beta.get(), survivors).value
    }

    /// Draws the number of periods that a new customer pays for, at least 1.
    pub fn simulate(&self, rng: &mut Rng) -> u64 {
        // Not renewed with probability θ ~ beta(α, β) at the end of each period.
        let theta = rng.beta(self.alpha.get(), self.beta.get());
        rng.geometric(theta).saturating_add(1)
    }
}

impl Model for Params {
    fn name(&self) -> &'static str {
        "sbg"
    }

    fn names(&self) -> &'static [&'static str] {
        &["alpha", "beta"]
    }

    fn values(&self) -> [f64; 4] {
        [self.alpha.get(), self.beta.get(), 1.0, 1.0]
    }

    fn with_values(&self, values: [f64; 4]) -> Result<Self> {
        Self::new([values[0], values[1]])
    }
}

fn of_cohort(a: f64, b: f64, survivors: &[f64]) -> Derivatives<2> {
    let mut sum = Derivatives::default();
    for (t, pair) in survivors.windows(2).enumerate() {
        let t = t as f64;
        let (before, left) = (pair[0], pair[1]);
        let gone = before - left;
        // t here is t − 1 of the formula: α/(α+β+t−1) and (β+t−1)/(α+β+t−1)
        let (stay, all) = (1.0 / (b + t), 1.0 / (a + b + t));
        sum.value += gone * log(a * all) + left * log((b + t) * all);
        sum.gradient[0] += gone / a - before * all;
        sum.gradient[1] += left * stay - before * all;
        sum.hessian[0][0] += before * all * all - gone / (a * a);
        sum.hessian[0][1] += before * all * all;
        sum.hessian[1][1] += before * all * all - left * stay * stay;
    }
    sum
}

/// Fits the model to cohorts, each given by its survivors: its size, then the customers left after
/// one period, after two, …
///
/// # Errors
///
/// [`Error::Value`] where a count is not a whole number, below 0, or above the one before; a cohort of fewer
/// than two counts; [`Error::Insufficient`] if nobody left.
///
/// ```
/// use crm_core::Context;
/// use crm_core::clv::models::sbg;
/// // Fader, Hardie 2007, "regular" customers.
/// let survivors = [1000.0, 631.0, 468.0, 382.0, 326.0, 289.0, 262.0, 241.0];
/// let fit = sbg::fit(&[&survivors], &Context::default())?;
/// assert!((fit.model.alpha.get() - 0.704).abs() < 1e-3);
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn fit(cohorts: &[&[f64]], context: &Context) -> Result<Fit<Params>> {
    let (mut customers, mut churned) = (0.0, 0.0);
    let mut row = 0;
    for cohort in cohorts {
        let mut before = f64::MAX;
        for count in *cohort {
            if !(*count >= 0.0 && *count <= before && *count == libm::floor(*count)) {
                let expected = "a whole number of customers, from 0 to the one before";
                return Err(Error::value("survivors", row, expected));
            }
            before = *count;
            row += 1;
        }
        let (Some(first), Some(last)) = (cohort.first(), cohort.last()) else {
            continue;
        };
        customers += first;
        churned += first - last;
    }
    if churned <= 0.0 {
        return Err(Error::Insufficient {
            what: "customers who left",
            needed: 1,
            found: 0,
        });
    }
    let (low, high) = ([1e-6; 2], [1e7; 2]);
    let best = maximize_positive([1.0, 2.0], low, high, customers, |[alpha, beta]| {
        context.check()?;
        let mut sum = Derivatives::default();
        for cohort in cohorts {
            sum.add(&of_cohort(*alpha, *beta, cohort));
        }
        Ok(sum)
    })?;
    Fit::new(&Params::new([1.0; 2])?, &best, customers, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::models::model::Status;

    /// Fader, Hardie 2007, "high end" and "regular"; maxima recomputed to ten digits.
    #[test]
    fn published_cohorts() {
        for (survivors, alpha, beta, likelihood) in [
            (
                [1000.0, 869.0, 743.0, 653.0, 593.0, 551.0, 517.0, 491.0],
                0.668088,
                3.806095,
                -1611.158147,
            ),
            (
                [1000.0, 631.0, 468.0, 382.0, 326.0, 289.0, 262.0, 241.0],
                0.704077,
                1.182043,
                -1680.265188,
            ),
        ] {
            let fit = fit(&[&survivors], &Context::default()).unwrap();
            assert_eq!(fit.status, Status::Converged);
            assert!((fit.model.alpha.get() - alpha).abs() < 6e-7);
            assert!((fit.model.beta.get() - beta).abs() < 6e-7);
            assert!((fit.log_likelihood - likelihood).abs() < 6e-7);
        }
    }

    #[test]
    fn survival_is_the_product_of_retentions() {
        let model = Params::new([0.668, 3.806]).unwrap();
        let product: f64 = (1..=20).map(|t| model.retention(t)).product();
        assert!((model.survival(20) / product - 1.0).abs() < 1e-13);
        // The discounted sum, term by term.
        let mut sum = 0.0;
        let (mut survival, mut discount) = (1.0, 1.0);
        for t in 4..4000 {
            survival *= model.retention(t);
            sum += survival * discount;
            discount /= 1.1;
        }
        assert!((model.expected_renewals(4, 0.1) / sum - 1.0).abs() < 1e-12);
        assert_eq!(model.expected_renewals(4, 0.0), f64::INFINITY);
    }

    #[test]
    fn growing_cohorts_are_refused() {
        let error = fit(&[&[10.0, 8.0], &[10.0, 11.0]], &Context::default()).unwrap_err();
        assert_eq!((error.column(), error.row()), (Some("survivors"), Some(3)));
        assert!(fit(&[&[10.0, 10.0]], &Context::default()).is_err());
        let error = fit(&[&[10.0, 5.5]], &Context::default()).unwrap_err();
        assert_eq!((error.column(), error.row()), (Some("survivors"), Some(1)));
        assert!(
            error
                .to_string()
                .ends_with("expected a whole number of customers, from 0 to the one before")
        );
        assert!(fit(&[&[f64::INFINITY, 5.0]], &Context::default()).is_err());
    }
}
