//! Gamma-Gamma: the expected value of a purchase.
//!
//! # The model
//!
//! A customer's purchases have values `Gamma(p, ν)` with `ν ~ Gamma(q, γ)` over customers. Given `x`
//! purchases with mean `m`,
//!
//! ```text
//! L = lnΓ(px+q) − lnΓ(px) − lnΓ(q) + q ln γ + (px−1) ln m + px ln x − (px+q) ln(γ + xm)
//! E[M | x, m] = p (γ + x m) / (px + q − 1)      infinite where px + q ≤ 1
//! ```
//!
//! `x` counts the purchases that `m` averages: the repeat purchase days. Customers without one have
//! `E[M] = pγ/(q−1)`, which is +∞ for `q ≤ 1`, never a negative number. Money is in the unit of
//! `m`, and so is `γ`. The model assumes that spend is independent of frequency: each fit has their
//! correlation in `independence`.
//!
//! # Reference
//!
//! - Fader, Hardie (2013). The Gamma-Gamma model of monetary value.

use libm::{exp, lgamma, log};
use serde::{Deserialize, Serialize};

use crate::clv::models::model::{Model, positive};
use crate::error::Result;
use crate::num::Positive;
use crate::num::rng::Rng;
use crate::num::special::ln_rising;

mod fit;

pub use fit::{Fitted, Independence, NoSpend, Spend, fit};

/// Parameters. `gamma` is in the unit of the money.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Shape of the values of one customer's purchases.
    pub p: Positive,
    /// Shape of the distribution of ν over customers.
    pub q: Positive,
    /// Rate parameter of the distribution of ν over customers, in money.
    pub gamma: Positive,
}

impl Params {
    /// Parameters `p, q, γ` from plain numbers.
    ///
    /// # Errors
    ///
    /// [`crate::Error::OptionValue`] unless all are finite and greater than 0.
    ///
    /// ```
    /// use crm_core::clv::models::gamma_gamma::Params;
    /// // Fader, Hardie 2013, CDNOW.
    /// let cdnow = Params::new([6.25, 3.74, 15.44])?;
    /// assert!((cdnow.expected_spend(2.0, 22.35) - 24.66).abs() < 0.01);
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    pub fn new(values: [f64; 3]) -> Result<Self> {
        let [p, q, gamma] = values;
        Ok(Self {
            p: positive("p", p)?,
            q: positive("q", q)?,
            gamma: positive("gamma", gamma)?,
        })
    }

    fn numbers(&self) -> [f64; 3] {
        [self.p.get(), self.q.get(), self.gamma.get()]
    }

    /// Expected value of a future purchase; +∞ where the model has no mean. `mean` is ignored at
    /// `x = 0`.
    pub fn expected_spend(&self, x: f64, mean: f64) -> f64 {
        let [p, q, gamma] = self.numbers();
        let spent = if x == 0.0 { 0.0 } else { x * mean };
        // E[p/ν] = p (γ + x m)/(px + q − 1), with ν ~ gamma(px + q, γ + x m) given the past
        let shape = p * x + q - 1.0;
        if shape > 0.0 {
            p * (gamma + spent) / shape
        } else {
            f64::INFINITY
        }
    }

    /// Logarithm of the likelihood of a mean of `x` purchases, `x` and `mean` above 0.
    pub fn log_likelihood(&self, x: f64, mean: f64) -> f64 {
        let [p, q, gamma] = self.numbers();
        let (px, sum) = (p * x, x * mean);
        // ln Γ(px+q) − ln Γ(px) as one function, and the powers as ratios, so that no large terms
        // cancel.
        ln_rising(px, q) - lgamma(q)
            + q * log(gamma / (gamma + sum))
            + px * log(sum / (gamma + sum))
            - log(mean)
    }

    /// Draws the total value of `n` further purchases, given the past.
    pub fn draw_total(&self, x: f64, mean: f64, n: u64, rng: &mut Rng) -> f64 {
        if n == 0 {
            return 0.0;
        }
        let [p, q, gamma] = self.numbers();
        let spent = if x == 0.0 { 0.0 } else { x * mean };
        // Given the past, ν ~ Gamma(px + q, γ + xm).
        (gamma + spent) * rng.gamma_ratio(p * n as f64, p * x + q)
    }

    /// Draws the mean value of `x` purchases of a new customer.
    pub fn simulate(&self, x: f64, rng: &mut Rng) -> f64 {
        let [p, q, gamma] = self.numbers();
        // ν ~ Gamma(q, γ); the sum of x values is Gamma(px, ν)
        let ln_rate = rng.ln_gamma(q) - log(gamma);
        exp(rng.ln_gamma(p * x) - ln_rate) / x
    }
}

impl Model for Params {
    fn name(&self) -> &'static str {
        "gamma_gamma"
    }

    fn names(&self) -> &'static [&'static str] {
        &["p", "q", "gamma"]
    }

    fn values(&self) -> [f64; 4] {
        let [p, q, gamma] = self.numbers();
        [p, q, gamma, 1.0]
    }

    fn with_values(&self, values: [f64; 4]) -> Result<Self> {
        Self::new([values[0], values[1], values[2]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_mean_is_infinite_and_not_negative() {
        let model = Params::new([0.2, 0.5, 10.0]).unwrap();
        assert_eq!(model.expected_spend(0.0, f64::NAN), f64::INFINITY);
        assert_eq!(model.expected_spend(2.0, 5.0), f64::INFINITY);
        assert!(model.expected_spend(3.0, 5.0) > 0.0);
    }

    #[test]
    fn published_expectations() {
        // Fader, Hardie 2013, with their rounded parameters; recomputed by hand from the formula.
        let cdnow = Params::new([6.25, 3.74, 15.44]).unwrap();
        for (x, m, expected) in [
            (0.0, 0.0, 35.218978),
            (2.0, 22.35, 24.663714),
            (3.0, 35.0, 35.02792),
        ] {
            assert!((cdnow.expected_spend(x, m) - expected).abs() < 5e-7 * expected);
        }
    }
}
