//! BG/NBD, MBG/NBD and their regular forms (M)BG/CNBD-k: dropout happens right after a purchase.
//!
//! # The model
//!
//! While alive a customer buys at rate `λ ~ Gamma(r, α)`; after each repeat purchase they leave
//! with probability `p ~ Beta(a, b)`. MBG also lets them leave right after the first purchase
//! (`m = 1`, BG `m = 0`). In the regular forms gaps are Erlang-k with mean `k/λ`: the larger `k`,
//! the more regular the gaps. `k = 1` is the plain model, bit for bit.
//!
//! ```text
//! q = r + kx,  n = x + m,  u = (T − t_x)/(α + T)
//! L = lnΓ(q) − lnΓ(r) + r ln α + lnB(a, b+n) − lnB(a, b) − q ln(α+T) + ln(S + [x>0 or m=1] e^D)
//! S = Σ_{j<k} (q)_j/j! u^j,    D = ln a − ln(b+n−1) + q ln((α+T)/(α+t_x))
//! P(alive) = S / (S + e^D)
//! ```
//!
//! plus, for `k > 1`, the constant `(k−1) Σ ln Δt − x lnΓ(k)` per customer, which needs the gaps. Times
//! are in the unit the parameters carry.
//!
//! BG/NBD gives every customer without a repeat purchase P(alive) = 1, because its customers cannot
//! leave before the first repeat purchase. Where P(alive) of one-time buyers matters, use MBG/NBD,
//! which is the default.
//!
//! # References
//!
//! - Fader, Hardie, Lee (2005). "Counting your customers" the easy way. *Marketing Science* 24.
//! - Batislam, Denizel, Filiztekin (2007). Empirical validation and comparison of models for
//!   customer base analysis. *IJRM* 24.
//! - Platzer, Reutterer (2016). Ticking away the moments. *Marketing Science* 35.

use libm::{exp, log, log1p};
use serde::{Deserialize, Serialize};

use crate::clv::models::dropout::Alive;
use crate::clv::models::histories::{Histories, History};
use crate::clv::models::memo::Pairs;
use crate::clv::models::model::{Model, Purchases, positive, push_purchase};
use crate::clv::models::regular::Regular;
use crate::clv::tables::clv_summary::Unit;
use crate::context::collect;
use crate::error::{Error, Result};
use crate::num::Positive;
use crate::num::rng::Rng;
use crate::num::special::{ln_add_exp, ln_beta, ln_rising, sigmoid};

/// Whether dropout is possible right after the first purchase.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, crm_derive::Word,
)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Family {
    /// BG: dropout only after a repeat purchase.
    Bg,
    /// MBG: dropout after the first purchase too. The default.
    #[default]
    Mbg,
}

impl Family {
    /// The `m` of the formulas.
    pub(crate) const fn m(self) -> f64 {
        match self {
            Family::Bg => 0.0,
            Family::Mbg => 1.0,
        }
    }
}

/// The largest regularity k.
pub const MOST_REGULAR: u32 = 12;

/// Parameters, with their unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// BG or MBG.
    pub family: Family,
    /// Regularity k of the gaps, from 1 (Poisson) to 12.
    #[serde(default = "one")]
    #[cfg_attr(feature = "schemars", schemars(range(min = 1, max = 12)))]
    pub k: u32,
    /// Shape of the purchase rate over customers.
    pub r: Positive,
    /// Scale of the purchase rate, a time.
    pub alpha: Positive,
    /// First parameter of the dropout probability over customers.
    pub a: Positive,
    /// Second parameter of the dropout probability over customers.
    pub b: Positive,
    /// The unit of time.
    pub unit: Unit,
}

fn one() -> u32 {
    1
}

impl Params {
    /// Parameters from plain numbers.
    ///
    /// # Errors
    ///
    /// [`crate::Error::OptionValue`] unless all are finite and greater than 0, and k from 1 to 12.
    ///
    /// ```
    /// use crm_core::clv::{History, Purchases, Unit};
    /// use crm_core::clv::models::bg_nbd::{Family, Params};
    /// let cdnow = Params::new(Family::Bg, 1, [0.243, 4.414, 0.793, 2.426], Unit::Week)?;
    /// let customer = History { x: 2.0, t_x: 30.43, age: 38.86 };
    /// // Fader, Hardie, Lee 2005: customer 0001 of the CDNOW sample.
    /// assert!((cdnow.expected(customer, 39.0) - 1.226).abs() < 1e-3);
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    pub fn new(family: Family, k: u32, values: [f64; 4], unit: Unit) -> Result<Self> {
        if !(1..=MOST_REGULAR).contains(&k) {
            return Err(Error::option("k", k, "a whole number from 1 to 12"));
        }
        let [r, alpha, a, b] = values;
        Ok(Self {
            family,
            k,
            r: positive("r", r)?,
            alpha: positive("alpha", alpha)?,
            a: positive("a", a)?,
            b: positive("b", b)?,
            unit,
        })
    }

    fn numbers(&self) -> [f64; 4] {
        let Self { r, alpha, a, b, .. } = self;
        [r.get(), alpha.get(), a.get(), b.get()]
    }

    fn q(&self, x: f64) -> f64 {
        self.r.get() + f64::from(self.k) * x
    }

    /// `D`, the log odds of having left (for k = 1; −∞ where dropout is impossible).
    fn ln_left(&self, h: History) -> f64 {
        let [_, alpha, a, b] = self.numbers();
        let m = self.family.m();
        if h.x + m == 0.0 {
            return f64::NEG_INFINITY;
        }
        // ln((α+T)/(α+t_x))
        let silence = log1p((h.age - h.t_x) / (alpha + h.t_x));
        log(a) - log(b + h.x - 1.0 + m) + self.q(h.x) * silence
    }

    /// Weights of having passed `j < k` of the stages to the next purchase, not normalised.
    fn stages(&self, h: History) -> Stages {
        // w_j = (q)_j/j! u^j, the terms of S
        let u = (h.age - h.t_x) / (self.alpha.get() + h.age);
        let q = self.q(h.x);
        let mut weight = [0.0; MOST_REGULAR as usize];
        let mut term = 1.0;
        for (j, w) in weight.iter_mut().enumerate().take(self.k as usize) {
            *w = term;
            let j = j as f64;
            term *= (q + j) / (j + 1.0) * u;
        }
        weight
    }

    fn alive(&self, h: History) -> Alive {
        let [_, alpha, a, b] = self.numbers();
        Alive {
            q: self.q(h.x),
            scale: alpha + h.age,
            a,
            b: b + h.x + self.family.m(),
        }
    }

    fn regular(&self, h: History) -> Regular {
        let stages = self.stages(h);
        let sum: f64 = stages.iter().sum();
        Regular {
            alive: self.alive(h),
            k: self.k,
            weight: stages.map(|w| w / sum),
        }
    }

    fn alive_now(&self, h: History) -> f64 {
        let d = self.ln_left(h);
        if self.k == 1 {
            return sigmoid(-d);
        }
        let s: f64 = self.stages(h).iter().sum();
        sigmoid(log(s) - d)
    }

    /// `E[Y(t)]` for many customers with the given P(alive). The factor that depends on `(x, T)`
    /// alone is computed once per pair.
    pub(crate) fn expected_of(
        &self,
        alive: &[f64],
        histories: &Histories<'_>,
        t: f64,
    ) -> Result<Vec<f64>> {
        let mut out = collect(alive.iter().copied(), "predictions")?;
        if self.k > 1 {
            for (i, y) in out.iter_mut().enumerate() {
                *y *= self.regular(histories.at(i)).ahead(t).purchases;
            }
            return Ok(out);
        }
        let mut pairs = Pairs::new(histories.frequency, histories.age)?;
        for (i, y) in out.iter_mut().enumerate() {
            let h = histories.at(i);
            *y *= pairs.value(i, || self.alive(h).ahead(t).purchases);
        }
        Ok(out)
    }
}

type Stages = [f64; MOST_REGULAR as usize];

impl Model for Params {
    fn name(&self) -> &'static str {
        match (self.family, self.k) {
            (Family::Bg, 1) => "bg_nbd",
            (Family::Mbg, 1) => "mbg_nbd",
            (Family::Bg, _) => "bg_cnbd_k",
            (Family::Mbg, _) => "mbg_cnbd_k",
        }
    }

    fn names(&self) -> &'static [&'static str] {
        &["r", "alpha", "a", "b"]
    }

    fn values(&self) -> [f64; 4] {
        self.numbers()
    }

    fn with_values(&self, values: [f64; 4]) -> Result<Self> {
        Self::new(self.family, self.k, values, self.unit)
    }
}

impl Purchases for Params {
    fn unit(&self) -> Unit {
        self.unit
    }

    fn log_likelihood(&self, h: History) -> f64 {
        let [r, alpha, a, b] = self.numbers();
        let kx = f64::from(self.k) * h.x;
        let n = h.x + self.family.m();
        let survival = if self.k == 1 {
            0.0
        } else {
            log(self.stages(h).iter().sum())
        };
        // lnΓ(q) − lnΓ(r) + r ln α − q ln(α+T)
        let rate = ln_rising(r, kx) - r * log1p(h.age / alpha) - kx * log(alpha + h.age);
        let dropout = if n == 0.0 {
            0.0
        } else {
            // the n purchases after which the customer stayed
            ln_beta(a, b + n) - ln_beta(a, b)
        };
        rate + dropout + ln_add_exp(survival, self.ln_left(h))
    }

    fn probability_alive(&self, h: History, t: f64) -> f64 {
        let now = self.alive_now(h);
        if t == 0.0 {
            now
        } else if self.k == 1 {
            now * self.alive(h).ahead(t).alive
        } else {
            now * self.regular(h).ahead(t).alive
        }
    }

    fn probability_of(&self, n: u32, h: History, t: f64) -> f64 {
        let now = self.alive_now(h);
        let p = if self.k == 1 {
            self.alive(h).probability_of(n, t)
        } else {
            self.regular(h).probability_of(n, t)
        };
        let gone = if n == 0 {
            if self.k == 1 {
                sigmoid(self.ln_left(h))
            } else {
                1.0 - now
            }
        } else {
            0.0
        };
        // Both terms are rounded, so their sum can exceed 1 by one unit in the last place.
        (gone + now * p).min(1.0)
    }

    fn residual(&self, h: History, delta: f64, horizon: Option<f64>) -> f64 {
        match (delta == 0.0, horizon, self.k) {
            (true, Some(t), 1) => self.alive(h).ahead(t).purchases,
            (true, Some(t), _) => self.regular(h).ahead(t).purchases,
            (true, None, _) => self.alive(h).for_ever(),
            (false, to, 1) => self.alive(h).discounted(delta, to.unwrap_or(f64::INFINITY)),
            (false, to, _) => self
                .regular(h)
                .discounted(delta, to.unwrap_or(f64::INFINITY)),
        }
    }

    fn forgets_recency(&self) -> bool {
        self.k == 1
    }

    fn simulate(&self, age: f64, rng: &mut Rng) -> Result<Vec<f64>> {
        let [r, alpha, a, b] = self.numbers();
        // λ ~ gamma(r, α), as its logarithm: with a small r it underflows; p ~ beta(a, b)
        let ln_rate = rng.ln_gamma(r) - log(alpha);
        let p = rng.beta(a, b);
        let mut times = Vec::new();
        let mut now = 0.0;
        if self.family == Family::Mbg && rng.uniform() < p {
            return Ok(times);
        }
        loop {
            // A gap is gamma(k, λ).
            now += exp(rng.ln_gamma(f64::from(self.k)) - ln_rate);
            if now > age {
                return Ok(times);
            }
            push_purchase(&mut times, now)?;
            if rng.uniform() < p {
                return Ok(times);
            }
        }
    }

    fn draw_alive(&self, h: History, t: f64, rng: &mut Rng) -> u64 {
        if self.k == 1 {
            let state = self.alive(h);
            return state.draw_stay(rng.negative_binomial(state.q, t / state.scale), rng);
        }
        let state = self.regular(h);
        let (j, q) = state.draw_stage(rng);
        let stages = rng.negative_binomial(q, t / state.alive.scale);
        // j stages are passed already; every k-th stage is a purchase.
        let bought = stages.saturating_add(j) / u64::from(self.k);
        state.alive.draw_stay(bought, rng)
    }
}
