//! NBD: repeat purchases without dropout.
//!
//! Every customer buys for ever at a rate `λ ~ Gamma(r, α)`. The NBD is the limit of the Pareto/NBD
//! for `s → 0` and the baseline for models with dropout. P(alive) is always 1.
//!
//! ```text
//! L = lnΓ(r+x) − lnΓ(r) + r ln α − (r+x) ln(α+T)
//! E[Y(t)] = (r + x)/(α + T) · t
//! ```
//!
//! This is the likelihood of the purchase *times*, comparable with the likelihoods of the dropout
//! models. The likelihood of the counts alone has the further factor `T^x/x!`.
//!
//! # Reference
//!
//! - Ehrenberg (1959). The pattern of consumer purchases. *Applied Statistics* 8.

use libm::{exp, log, log1p};
use serde::{Deserialize, Serialize};

use crate::clv::models::dropout::negative_binomial;
use crate::clv::models::histories::{History, Rows};
use crate::clv::models::model::{Fit, Model, Purchases, positive, push_purchase};
use crate::clv::tables::clv_summary::Unit;
use crate::context::Context;
use crate::error::Result;
use crate::num::Positive;
use crate::num::optimize::{Derivatives, maximize_positive};
use crate::num::rising_factorial::RisingFactorial;
use crate::num::rng::Rng;
use crate::num::special::{ln_rising, one_minus_exp_over};

/// Parameters, with their unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Shape of the purchase rate over customers.
    pub r: Positive,
    /// Scale of the purchase rate, a time.
    pub alpha: Positive,
    /// The unit of time.
    pub unit: Unit,
}

impl Params {
    /// Parameters `r, α` from plain numbers.
    ///
    /// # Errors
    ///
    /// [`crate::Error::OptionValue`] unless both are finite and greater than 0.
    ///
    /// ```
    /// use crm_core::clv::{History, Purchases, Unit};
    /// use crm_core::clv::models::nbd::Params;
    /// let model = Params::new([1.0, 10.0], Unit::Week)?;
    /// // Three repeat purchases in ten weeks; the prior mean is one in ten.
    /// let h = History { x: 3.0, t_x: 8.0, age: 10.0 };
    /// assert!((model.expected(h, 10.0) - 2.0).abs() < 1e-15);
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    pub fn new(values: [f64; 2], unit: Unit) -> Result<Self> {
        Ok(Self {
            r: positive("r", values[0])?,
            alpha: positive("alpha", values[1])?,
            unit,
        })
    }
}

impl Model for Params {
    fn name(&self) -> &'static str {
        "nbd"
    }

    fn names(&self) -> &'static [&'static str] {
        &["r", "alpha"]
    }

    fn values(&self) -> [f64; 4] {
        [self.r.get(), self.alpha.get(), 1.0, 1.0]
    }

    fn with_values(&self, values: [f64; 4]) -> Result<Self> {
        Self::new([values[0], values[1]], self.unit)
    }
}

impl Purchases for Params {
    fn unit(&self) -> Unit {
        self.unit
    }

    fn log_likelihood(&self, h: History) -> f64 {
        let (r, alpha) = (self.r.get(), self.alpha.get());
        // lnΓ(r+x) − lnΓ(r) + r ln α − (r+x) ln(α+T)
        ln_rising(r, h.x) - r * log1p(h.age / alpha) - h.x * log(alpha + h.age)
    }

    fn probability_alive(&self, _: History, _: f64) -> f64 {
        1.0
    }

    fn probability_of(&self, n: u32, h: History, t: f64) -> f64 {
        // Given the past, λ ~ gamma(r+x, α+T).
        negative_binomial(n, self.r.get() + h.x, t / (self.alpha.get() + h.age))
    }

    fn residual(&self, h: History, delta: f64, horizon: Option<f64>) -> f64 {
        let rate = (self.r.get() + h.x) / (self.alpha.get() + h.age);
        // E[λ] ∫₀^t e^−δτ dτ = E[λ] t (1 − e^−δt)/(δt)
        match (horizon, delta == 0.0) {
            (Some(t), true) => rate * t,
            (None, true) => f64::INFINITY,
            (Some(t), false) => rate * t * one_minus_exp_over(delta * t),
            (None, false) => rate / delta,
        }
    }

    fn simulate(&self, age: f64, rng: &mut Rng) -> Result<Vec<f64>> {
        let ln_rate = rng.ln_gamma(self.r.get()) - log(self.alpha.get());
        let mut times = Vec::new();
        let mut now = 0.0;
        loop {
            now += exp(log(rng.exponential()) - ln_rate);
            if now > age {
                return Ok(times);
            }
            push_purchase(&mut times, now)?;
        }
    }

    fn draw_alive(&self, h: History, t: f64, rng: &mut Rng) -> u64 {
        rng.negative_binomial(self.r.get() + h.x, t / (self.alpha.get() + h.age))
    }
}

/// Fits the NBD to aggregated histories whose times are in `unit`.
///
/// # Errors
///
/// [`crate::Error::Insufficient`] without two repeat customers, and out of memory.
pub fn fit(rows: &Rows, unit: Unit, context: &Context) -> Result<Fit<Params>> {
    rows.enough(2)?;
    let likelihood = Likelihood::new(rows)?;
    let scale = rows.mean_age();
    let alpha = scale * (0.7 * rows.customers / rows.repeats).clamp(1e-3, 1e3);
    let (low, high) = ([1e-6, 1e-6 * scale], [1e6, 1e7 * scale]);
    let best = maximize_positive([0.7, alpha], low, high, rows.customers, |at| {
        context.check()?;
        Ok(likelihood.at(at))
    })?;
    Fit::new(&Params::new([1.0; 2], unit)?, &best, rows.customers, 0.0)
}

/// The likelihood of all rows, from sums by frequency and by age.
pub(super) struct Likelihood<'a> {
    rows: &'a Rows,
    /// Customers at each distinct frequency.
    at_x: Vec<f64>,
    /// Customers and repeat purchases at each distinct age.
    at_age: Vec<(f64, f64)>,
}

impl<'a> Likelihood<'a> {
    pub(super) fn new(rows: &'a Rows) -> Result<Self> {
        let mut at_x = crate::context::filled(rows.x.len(), 0.0, "likelihood")?;
        let mut at_age = crate::context::filled(rows.age.len(), (0.0, 0.0), "likelihood")?;
        for i in 0..rows.len() {
            let (x, w) = (rows.x_code[i] as usize, rows.weight[i]);
            let age = &mut at_age[rows.age_code[i] as usize];
            at_x[x] += w;
            age.0 += w;
            age.1 += w * rows.x[x];
        }
        Ok(Likelihood { rows, at_x, at_age })
    }

    pub(super) fn at(&self, &[r, alpha]: &[f64; 2]) -> Derivatives<2> {
        let mut sum = Derivatives::<2>::default();
        let mut rate = RisingFactorial::new(r);
        for (x, w) in self.rows.x.iter().zip(&self.at_x) {
            // lnΓ(r+x) − lnΓ(r)
            let [value, slope, curve] = rate.to(*x);
            sum.value += w * value;
            sum.gradient[0] += w * slope;
            sum.hessian[0][0] += w * curve;
        }
        for (age, (w, x)) in self.rows.age.iter().zip(&self.at_age) {
            let now = 1.0 / (alpha + age);
            let (ln_ratio, slope) = (log1p(age / alpha), age * now / alpha);
            // r ln α − (r+x) ln(α+T) = −r ln(1 + T/α) − x ln(α+T)
            sum.value -= w * r * ln_ratio + x * log(alpha + age);
            sum.gradient[0] -= w * ln_ratio;
            sum.gradient[1] += w * r * slope - x * now;
            sum.hessian[0][1] += w * slope;
            sum.hessian[1][1] += x * now * now - w * r * slope * (1.0 / alpha + now);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::models::histories::Histories;
    use crate::clv::models::model::Status;
    use crate::clv::models::pareto_nbd;

    #[test]
    fn is_the_pareto_nbd_without_dropout() {
        let nbd = Params::new([0.8, 12.0], Unit::Day).unwrap();
        let pareto = pareto_nbd::Params::new([0.8, 12.0, 1e-9, 20.0], Unit::Day).unwrap();
        for h in [
            History::NEW,
            History {
                x: 0.0,
                t_x: 0.0,
                age: 30.0,
            },
            History {
                x: 4.0,
                t_x: 21.0,
                age: 30.0,
            },
        ] {
            assert!((nbd.log_likelihood(h) - pareto.log_likelihood(h)).abs() < 1e-6);
            assert!((nbd.expected(h, 9.0) / pareto.expected(h, 9.0) - 1.0).abs() < 1e-6);
            let (one, two) = (
                nbd.discounted(h, 0.01, Some(50.0)),
                pareto.discounted(h, 0.01, Some(50.0)),
            );
            assert!((one / two - 1.0).abs() < 1e-6);
            for n in [0, 1, 3] {
                let (one, two) = (
                    nbd.probability_of(n, h, 9.0),
                    pareto.probability_of(n, h, 9.0),
                );
                assert!((one - two).abs() < 1e-6, "{n}: {one} {two}");
            }
        }
    }

    #[test]
    fn derivatives_agree_with_mpmath() {
        crate::clv::models::score::agrees("nbd", 350, |point| {
            let [x, t_x, age] = point.history.map(|v| vec![v]);
            let rows = Rows::new(&Histories::new(&x, &t_x, &age)).unwrap();
            let likelihood = Likelihood::new(&rows).unwrap();
            likelihood.at(&[point.parameters[0], point.parameters[1]])
        });
    }

    #[test]
    fn truth_is_recovered() {
        let truth = Params::new([0.8, 12.0], Unit::Day).unwrap();
        let mut columns: [Vec<f64>; 3] = Default::default();
        for i in 0..5_000 {
            let times = truth.simulate(50.0, &mut Rng::stream(2, i)).unwrap();
            columns[0].push(times.len() as f64);
            columns[1].push(times.last().copied().unwrap_or(0.0));
            columns[2].push(50.0);
        }
        let rows = Rows::new(&Histories::new(&columns[0], &columns[1], &columns[2])).unwrap();
        let fit = fit(&rows, Unit::Day, &Context::default()).unwrap();
        assert_eq!(fit.status, Status::Converged);
        let errors = fit.standard_errors().unwrap();
        for ((value, truth), error) in fit.parameters().zip([0.8, 12.0]).zip(errors) {
            assert!(
                (value.1 - truth).abs() < 4.0 * error,
                "{value:?} {truth} {error}"
            );
        }
        let direct: f64 = (0..rows.len())
            .map(|i| rows.weight[i] * fit.model.log_likelihood(rows.history(i)))
            .sum();
        assert!((fit.log_likelihood / direct - 1.0).abs() < 1e-12);
    }
}
