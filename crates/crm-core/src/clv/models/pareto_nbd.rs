//! Pareto/NBD: dropout at any time, independent of purchases.
//!
//! # The model
//!
//! While alive a customer buys at rate `λ ~ Gamma(r, α)`; their lifetime is exponential with rate
//! `μ ~ Gamma(s, β)`. With `q = r + x` and the function `C` of `x` and a time (between 0 and 1;
//! Gauss's hypergeometric integral, defined beside this file),
//!
//! ```text
//! L = lnΓ(q) − lnΓ(r) + r ln α + s ln β − q ln(α+T) − s ln(β+T) + ln W
//! W = 1 − C(T) + C(t_x) e^D,   D = q ln((α+T)/(α+t_x)) + s ln((β+T)/(β+t_x))
//! P(alive) = 1/W,              P(alive at T+t) = P(alive)·((β+T)/(β+T+t))^s
//! E[Y(t)] = P(alive) · q/(α+T) · ∫₀^t (1 + v/(β+T))^−s dv
//! ```
//!
//! `W ≥ 1` always, so nothing cancels. `e^D` is factored out before it could overflow. The integral
//! is `(β+T)·L·(1−e^−(s−1)L)/((s−1)L)` with `L = ln(1 + t/(β+T))`: regular at `s = 1`. Times are in
//! the unit the parameters carry. A customer acquired today (`T = 0`, `x = 0`) has log-likelihood
//! 0.
//!
//! # References
//!
//! - Schmittlein, Morrison, Colombo (1987). Counting your customers. *Management Science* 33.
//! - Fader, Hardie (2005). A note on deriving the Pareto/NBD model and related expressions.

use libm::{exp, log, log1p, sqrt};
use serde::{Deserialize, Serialize};

use crate::clv::models::dropout::negative_binomial;
use crate::clv::models::histories::{Histories, History};
use crate::clv::models::memo::{Grid, Once};
use crate::clv::models::model::{Model, Purchases, positive, push_purchase};
use crate::clv::models::pareto_integral;
use crate::clv::tables::clv_summary::Unit;
use crate::context::filled;
use crate::error::Result;
use crate::num::Positive;
use crate::num::quadrature::{Line, doubling, line};
use crate::num::rng::Rng;
use crate::num::special::{ln_rising, one_minus_exp_over, sigmoid};

/// Parameters, with their unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Shape of the purchase rate over customers.
    pub r: Positive,
    /// Scale of the purchase rate, a time.
    pub alpha: Positive,
    /// Shape of the dropout rate over customers.
    pub s: Positive,
    /// Scale of the dropout rate, a time.
    pub beta: Positive,
    /// The unit of time.
    pub unit: Unit,
}

impl Params {
    /// Parameters `r, α, s, β` from plain numbers.
    ///
    /// # Errors
    ///
    /// [`crate::Error::OptionValue`] unless all are finite and greater than 0.
    ///
    /// ```
    /// use crm_core::clv::{History, Purchases, Unit};
    /// use crm_core::clv::models::pareto_nbd::Params;
    /// let cdnow = Params::new([0.5534, 10.5802, 0.6061, 11.6562], Unit::Week)?;
    /// // Fader, Hardie, Lee 2005: repeat purchases of a new customer in a year.
    /// assert!((cdnow.expected_of_new(52.0) - 1.473).abs() < 1e-3);
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    pub fn new(values: [f64; 4], unit: Unit) -> Result<Self> {
        let [r, alpha, s, beta] = values;
        Ok(Self {
            r: positive("r", r)?,
            alpha: positive("alpha", alpha)?,
            s: positive("s", s)?,
            beta: positive("beta", beta)?,
            unit,
        })
    }

    fn numbers(&self) -> [f64; 4] {
        let Self {
            r, alpha, s, beta, ..
        } = self;
        [r.get(), alpha.get(), s.get(), beta.get()]
    }

    /// `C` of frequency `x` at time `t`.
    fn tail(&self, x: f64, t: f64) -> f64 {
        let [r, alpha, s, beta] = self.numbers();
        pareto_integral::value(r + x, s, alpha + t, beta + t)
    }

    /// `ln W` from `C(T)` and `C(t_x)`.
    fn ln_w(&self, h: History, now: f64, then: f64) -> f64 {
        let [r, alpha, s, beta] = self.numbers();
        let silence = h.age - h.t_x;
        if silence == 0.0 {
            return 0.0;
        }
        // D = q ln((α+T)/(α+t_x)) + s ln((β+T)/(β+t_x))
        let d = (r + h.x) * log1p(silence / (alpha + h.t_x)) + s * log1p(silence / (beta + h.t_x));
        if d < 0.5 {
            // W − 1 = C(t_x) e^D − C(T) is small here: log1p keeps its digits.
            return log1p((then - now + then * libm::expm1(d)).max(0.0));
        }
        // ln W = D + ln(C(t_x) + (1 − C(T)) e^−D)
        d + log(then + (1.0 - now) * exp(-d))
    }

    fn alive_now(&self, h: History) -> f64 {
        exp(-self.ln_w(h, self.tail(h.x, h.age), self.tail(h.x, h.t_x)))
    }

    /// `q/(α+T) ∫₀^t (1 + v/(β+T))^−s dv`: expected purchases if alive.
    fn ahead(&self, x: f64, age: f64, t: f64) -> f64 {
        let [r, alpha, s, beta] = self.numbers();
        let scale = beta + age;
        // L = ln(1 + t/(β+T)); the integral is (β+T) L (1 − e^−(s−1)L)/((s−1)L)
        let l = log1p(t / scale);
        (r + x) / (alpha + age) * scale * l * one_minus_exp_over((s - 1.0) * l)
    }

    /// `E[Y(t)]` for many customers with the given P(alive).
    pub(crate) fn expected_of(
        &self,
        alive: &[f64],
        histories: &Histories<'_>,
        t: f64,
    ) -> Result<Vec<f64>> {
        let r = self.r.get();
        let mut ages = Once::new(histories.age)?;
        let mut out = filled(histories.len(), 0.0, "predictions")?;
        for (i, (y, alive)) in out.iter_mut().zip(alive).enumerate() {
            let h = histories.at(i);
            // The factor per unit of q, which depends on T alone.
            let each = ages.value(i, || self.ahead(1.0 - r, h.age, t));
            *y = alive * (r + h.x) * each;
        }
        Ok(out)
    }
}

/// `C` at the distinct pairs of frequency and a time.
struct Tails {
    grid: Grid,
    value: Vec<f64>,
}

impl Tails {
    fn new(model: &Params, x: &[f64], time: &[f64]) -> Result<Self> {
        let grid = Grid::new(x, time)?;
        let value = if grid.worth() {
            pareto_integral::grid(model.numbers(), &grid.first, &grid.second)?
        } else {
            Vec::new()
        };
        Ok(Self { grid, value })
    }

    fn at(&self, row: usize, compute: impl FnOnce() -> f64) -> f64 {
        match self.value.get(self.grid.cell(row)) {
            Some(known) => *known,
            None => compute(),
        }
    }
}

impl Model for Params {
    fn name(&self) -> &'static str {
        "pareto_nbd"
    }

    fn names(&self) -> &'static [&'static str] {
        &["r", "alpha", "s", "beta"]
    }

    fn values(&self) -> [f64; 4] {
        self.numbers()
    }

    fn with_values(&self, values: [f64; 4]) -> Result<Self> {
        Self::new(values, self.unit)
    }
}

impl Purchases for Params {
    fn unit(&self) -> Unit {
        self.unit
    }

    fn log_likelihood(&self, h: History) -> f64 {
        let [r, alpha, s, beta] = self.numbers();
        let w = self.ln_w(h, self.tail(h.x, h.age), self.tail(h.x, h.t_x));
        // lnΓ(q) − lnΓ(r) + r ln α + s ln β − q ln(α+T) − s ln(β+T) + ln W, with q = r + x
        ln_rising(r, h.x)
            - r * log1p(h.age / alpha)
            - h.x * log(alpha + h.age)
            - s * log1p(h.age / beta)
            + w
    }

    fn probability_alive(&self, h: History, t: f64) -> f64 {
        let [_, _, s, beta] = self.numbers();
        // P(alive at T) · ((β+T)/(β+T+t))^s
        self.alive_now(h) * exp(-s * log1p(t / (beta + h.age)))
    }

    /// For a customer who is alive: alive at the end with `n` purchases, or dropout at `τ` after
    /// `n` purchases, by quadrature in the logit of `τ/t`.
    fn probability_of(&self, n: u32, h: History, t: f64) -> f64 {
        let [r, alpha, s, beta] = self.numbers();
        let (q, a, b) = (r + h.x, alpha + h.age, beta + h.age);
        let now = self.alive_now(h);
        let gone = if n == 0 { 1.0 - now } else { 0.0 };
        if t == 0.0 {
            return gone + if n == 0 { now } else { 0.0 };
        }
        // P(alive at T+t | alive) = ((β+T)/(β+T+t))^s
        let stays = negative_binomial(n, q, t / a) * exp(-s * log1p(t / b));
        let count = f64::from(n);
        let narrow = count * q / (count + q);
        let far = log1p(q * t / a) + log1p(s * t / b);
        let bounds = Line {
            from: -43.0 - far,
            to: 43.0,
            step: (0.7 / sqrt(1.0 + narrow)).min(0.25),
            left_rate: None,
            right_rate: None,
        };
        let [leaves] = line(bounds, |u| {
            let (share, rest) = (sigmoid(u), sigmoid(-u));
            let tau = t * share;
            // density of the dropout time, s/(B+τ) · (1 + τ/B)^−s; dτ = τ (1 − τ/t) du
            let hazard = s / (b + tau) * exp(-s * log1p(tau / b));
            [hazard * negative_binomial(n, q, tau / a) * tau * rest]
        });
        gone + now * (stays + leaves)
    }

    fn residual(&self, h: History, delta: f64, horizon: Option<f64>) -> f64 {
        let [r, alpha, s, beta] = self.numbers();
        let (a, b) = (alpha + h.age, beta + h.age);
        if delta == 0.0 {
            return match horizon {
                Some(t) => self.ahead(h.x, h.age, t),
                None if s <= 1.0 => f64::INFINITY,
                None => (r + h.x) / a * b / (s - 1.0),
            };
        }
        // E[λ] ∫₀^t e^−δτ (1 + τ/(β+T))^−s dτ; beyond δτ = 45 the integrand is below the rounding.
        let to = horizon.unwrap_or(f64::INFINITY).min(45.0 / delta);
        let rate = |t: f64| exp(-delta * t - s * log1p(t / b));
        (r + h.x) / a * doubling(to, b / s.max(1.0), 4.0 / delta, rate)
    }

    fn simulate(&self, age: f64, rng: &mut Rng) -> Result<Vec<f64>> {
        let [r, alpha, s, beta] = self.numbers();
        // λ ~ gamma(r, α) and μ ~ gamma(s, β), as logarithms: with small shapes they underflow.
        let ln_rate = rng.ln_gamma(r) - log(alpha);
        let ln_hazard = rng.ln_gamma(s) - log(beta);
        // The lifetime is exponential with rate μ.
        let until = age.min(exp(log(rng.exponential()) - ln_hazard));
        let mut times = Vec::new();
        let mut now = 0.0;
        loop {
            now += exp(log(rng.exponential()) - ln_rate);
            if now > until {
                return Ok(times);
            }
            push_purchase(&mut times, now)?;
        }
    }

    fn draw_alive(&self, h: History, t: f64, rng: &mut Rng) -> u64 {
        let [r, alpha, s, beta] = self.numbers();
        // The remaining lifetime is Lomax: P(> τ) = (1 + τ/(β+T))^−s.
        let leaves = (beta + h.age) * libm::expm1(rng.exponential() / s);
        rng.negative_binomial(r + h.x, t.min(leaves) / (alpha + h.age))
    }

    /// `C` is computed once per distinct frequency and time.
    fn alive_now_all(&self, histories: &Histories<'_>) -> Result<Vec<f64>> {
        histories.check()?;
        let now = Tails::new(self, histories.frequency, histories.age)?;
        let then = Tails::new(self, histories.frequency, histories.recency)?;
        // Who never came back differs by age alone, and is most of a shop.
        let mut one_time = Once::new(histories.age)?;
        let mut out = filled(histories.len(), 0.0, "predictions")?;
        for (i, value) in out.iter_mut().enumerate() {
            let h = histories.at(i);
            let compute = || {
                let now = now.at(i, || self.tail(h.x, h.age));
                let then = then.at(i, || self.tail(h.x, h.t_x));
                exp(-self.ln_w(h, now, then))
            };
            *value = if h.x == 0.0 {
                one_time.value(i, compute)
            } else {
                compute()
            };
        }
        Ok(out)
    }
}
