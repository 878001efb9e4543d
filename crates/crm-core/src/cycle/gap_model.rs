//! The shop's gap model: what it has learnt about how often its customers buy.
//!
//! # Definition
//!
//! After each order customer i leaves for good with probability `p_i`, or comes back after a gap
//! drawn from a law of their own:
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
//! The class is the coefficient of variation of a customer's gaps, `1/√k` or `√(e^{σ²} − 1)`:
//! a fixed grid whose weights are learnt, so a shop may have clockwork and whim side by side. It ends at
//! 1.8, because gaps without a bound on their irregularity cannot be told from leaving: on CDNOW a grid
//! up to 4.5 has better calibrated probabilities (slope .90 for .85) and dates 20 days worse.
//!
//! **G_i is fixed at the last order.** [`Model::customer`] conditions on the completed gaps alone
//! and gives the customer's own [`GapLaw`], in which one with one gap leans on the shop, one with
//! twenty on their own. The open gap enters the shop's parameters (see [`fit`](super::fit)).
//! Times are in days.
//!
//! # References
//!
//! - Morris, C. N. (1983). Parametric empirical Bayes inference. *JASA* 78, 47-55.
//! - Platzer, M., Reutterer, T. (2016). Ticking away the moments. *Marketing Science* 35, 779-799:
//!   why the regularity of timing matters.
//! - Batislam, E., Denizel, M., Filiztekin, A. (2007). Empirical validation of customer base
//!   analysis. *IJRM* 24, 201-209: leaving after any order, the first included.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::gap_law::{GapLaw, Part};
use super::log_law::{LogLaw, Tables};
use crate::context::{filled, room};
use crate::{Error, Positive, Probability, Result};

/// Number of regularity classes.
pub const CLASSES: usize = 9;

/// Coefficient of variation of the gaps of each class.
pub const VARIATION: [f64; CLASSES] = [0.05, 0.12, 0.22, 0.35, 0.5, 0.7, 0.95, 1.3, 1.8];

/// The law of one customer's gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Gaps are gamma, the customers' rates too.
    Gamma,
    /// Log gaps are normal, the customers' means too.
    LogNormal,
}

/// The chance of leaving after an order, `p_i ~ Beta(a, b)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dropout {
    /// `a` of the beta law.
    pub a: Positive,
    /// `b` of the beta law.
    pub b: Positive,
}

impl Dropout {
    /// Expected chance of leaving after the order that completed the `gaps`-th gap:
    /// `a / (a + b + gaps)`. Whoever came back often is less likely to have left.
    pub fn chance(&self, gaps: u32) -> f64 {
        self.a.get() / (self.a.get() + self.b.get() + f64::from(gaps))
    }
}

/// What the shop has taught: plain data, of a few hundred bytes as JSON. Times are in days.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The law of one customer's gaps.
    pub family: Family,
    /// The middle of the customers' typical gaps, in days: `α/r` (gamma) or `e^m` (log-normal).
    pub typical_gap: Positive,
    /// How much customers differ: `1/√r` (gamma) or `τ` (log-normal).
    pub spread: Positive,
    /// Share of the customers in each class of [`VARIATION`].
    pub class_weights: [Probability; CLASSES],
    /// Leaving after an order.
    pub dropout: Dropout,
}

impl Params {
    /// Refuses parameters that no shop has (they may come from outside) and the tables cannot hold.
    fn sane(&self) -> Result<&Self> {
        let weights: f64 = self.class_weights.iter().map(|w| w.get()).sum();
        let sane = (1e-2..=1e6).contains(&self.typical_gap.get())
            && (1e-8..=30.0).contains(&self.spread.get())
            && (1e-12..=1e12).contains(&self.dropout.a.get())
            && (1e-12..=1e12).contains(&self.dropout.b.get())
            && weights > 1e-6;
        match sane {
            true => Ok(self),
            false => Err(Error::option(
                "learned.gap_model",
                "",
                "parameters that a fit has given",
            )),
        }
    }

    /// `r`, or `1/τ²`.
    fn population_shape(&self) -> f64 {
        1.0 / (self.spread.get() * self.spread.get())
    }
}

/// What the model needs to know of one customer's completed gaps.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct History {
    /// How many.
    pub gaps: u32,
    /// Σ gap, in days.
    pub sum: f64,
    /// Σ ln gap.
    pub sum_ln: f64,
    /// Σ (ln gap)².
    pub sum_ln_squared: f64,
}

impl History {
    /// Sums of `gaps`, whole days; a gap of 0 counts as 1, since gaps run between days.
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

    /// One more gap, with its logarithm.
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

/// [`Params`] made ready for use: the tables of the predictive laws.
#[derive(Debug, Clone)]
pub struct Model {
    params: Params,
    tables: Tables,
    /// One per class and [`slot`]; absent slots are never read.
    laws: Vec<LogLaw>,
    /// Slots of a class: all, or that of one history.
    slots: usize,
    classes: [Class; CLASSES],
    /// By `n`, what the gamma family needs of it: [`by_count`](Self::by_count).
    counts: Vec<[[f64; 2]; CLASSES]>,
    /// `ln (h/2)` for the half days `h` that predictions ask for most.
    ln_half_days: Vec<f64>,
}

/// A class with what does not depend on the customer.
#[derive(Debug, Clone, Copy, Default)]
struct Class {
    ln_weight: f64,
    /// `k`, or σ².
    shape: f64,
    ln_shape: f64,
    /// `k ln k − lnΓ(k)`, or `−½ ln(2πσ²)`.
    per_gap: f64,
}

/// Half days whose logarithm is tabulated: four years.
const HALF_DAYS: usize = 2 * 1462;

/// Points of a table per spread of its law.
pub(super) const FINE: f64 = 6.0;

/// Histories up to this length have their `lnΓ` tabulated.
const TABULATED: usize = 64;

impl Model {
    /// Prepares `params` for customers with any of `counts` gaps. The cost is that of the distinct
    /// counts, about 0.1 ms each for the first sixteen and less beyond, where neighbours share.
    ///
    /// # Errors
    ///
    /// Parameters that no shop has, memory.
    pub fn new(params: &Params, counts: impl Iterator<Item = u32>) -> Result<Self> {
        let mut wanted = [false; SLOTS];
        for count in counts {
            wanted[slot(count)] = true;
        }
        let mut model = Self::with_slots(params.sane()?, &wanted, FINE)?;
        model.ln_half_days = room(HALF_DAYS, "gap laws")?;
        model
            .ln_half_days
            .extend((0..HALF_DAYS).map(|h| libm::log(0.5 * h as f64)));
        Ok(model)
    }

    /// Prepares `params` for one history and no other: the same numbers, in microseconds.
    pub fn for_one(params: &Params, history: &History) -> Result<Self> {
        let mut model = Self::bare(params.sane()?, 1)?;
        let (ln_weights, _) = model.ln_weights(history);
        for class in (0..CLASSES).filter(|&class| ln_weights[class] > LN_NEGLIGIBLE) {
            model.tabulate(class, slot(history.gaps), FINE)?;
        }
        Ok(model)
    }

    /// The tables that a customer's law reads.
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

    /// The law of this customer's next gap, `G_i`, and the chance that there is none.
    ///
    /// `history.gaps` must be among the counts the model was prepared for.
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
    /// };
    /// let monthly = History::new(&[30, 31, 29, 30, 30]);
    /// let model = Model::new(&params, [monthly.gaps].into_iter())?;
    /// let law = model.customer(&monthly);
    /// assert!(law.survival(25.0) > 0.8 && law.survival(45.0) < 0.1);
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    pub fn customer(&self, history: &History) -> GapLaw<'_> {
        let (ln_weights, locations) = self.ln_weights(history);
        let slot = slot(history.gaps);
        let likely = (0..CLASSES).filter(|&class| ln_weights[class] > LN_NEGLIGIBLE);
        let parts = likely.map(|class| Part {
            weight: libm::exp(ln_weights[class]),
            location: locations[class],
            class,
            law: self.laws[self.place(class, slot)],
        });
        let leave = self.params.dropout.chance(history.gaps);
        let usual = (history.sum + self.params.typical_gap.get()) / f64::from(history.gaps + 1);
        GapLaw::new(self, parts, leave, usual)
    }

    pub(super) fn with_slots(
        params: &Params,
        wanted: &[bool; SLOTS],
        fineness: f64,
    ) -> Result<Self> {
        let mut model = Self::bare(params, SLOTS)?;
        for class in 0..CLASSES {
            for slot in (0..SLOTS).filter(|&slot| wanted[slot]) {
                model.tabulate(class, slot, fineness)?;
            }
        }
        if params.family == Family::Gamma {
            let mut counts = room(TABULATED, "gap laws")?;
            counts.extend((0..TABULATED).map(|n| model.by_count(n as u32)));
            model.counts = counts;
        }
        Ok(model)
    }

    /// The model without a single table.
    fn bare(params: &Params, slots: usize) -> Result<Self> {
        let mut model = Self {
            params: *params,
            tables: Tables::default(),
            laws: filled(CLASSES * slots, LogLaw::default(), "gap laws")?,
            slots,
            classes: [Class::default(); CLASSES],
            counts: Vec::new(),
            ln_half_days: Vec::new(),
        };
        for (c, class) in model.classes.iter_mut().enumerate() {
            let shape = class_shape(params.family, c);
            *class = Class {
                ln_weight: libm::log(params.class_weights[c].get()),
                shape,
                ln_shape: libm::log(shape),
                per_gap: match params.family {
                    Family::Gamma => shape * libm::log(shape) - libm::lgamma(shape),
                    Family::LogNormal => -0.5 * libm::log(std::f64::consts::TAU * shape),
                },
            };
        }
        Ok(model)
    }

    fn place(&self, class: usize, slot: usize) -> usize {
        class * self.slots + slot.min(self.slots - 1)
    }

    /// Makes the table of one class and slot.
    fn tabulate(&mut self, class: usize, slot: usize, fineness: f64) -> Result<()> {
        let (n, shape) = (f64::from(representative(slot)), self.classes[class].shape);
        let r = self.params.population_shape();
        let place = self.place(class, slot);
        self.laws[place] = match self.params.family {
            Family::Gamma => self.tables.gamma_ratio(shape, r + shape * n, fineness)?,
            Family::LogNormal => {
                let wide = shape + 1.0 / (r + n / shape);
                Tables::scaled(self.tables.standard_normal()?, libm::sqrt(wide))
            }
        };
        Ok(())
    }

    /// Per class, of the gamma family: `lnΓ(r + k n) − lnΓ(r)`, and what the location is off by where
    /// neighbouring counts share a table; keeping rate/shape keeps the mean gap.
    fn by_count(&self, count: u32) -> [[f64; 2]; CLASSES] {
        let (n, shown) = (f64::from(count), f64::from(representative(slot(count))));
        let r = self.params.population_shape();
        let ln_gamma = libm::lgamma(r);
        self.classes.map(|class| {
            let k = class.shape;
            let off = match shown == n {
                true => 0.0,
                false => libm::log((r + k * shown) / (r + k * n)),
            };
            [libm::lgamma(r + k * n) - ln_gamma, off]
        })
    }

    /// Per class, the log posterior weight next to the largest, and the location of the next log
    /// gap.
    fn ln_weights(&self, history: &History) -> ([f64; CLASSES], [f64; CLASSES]) {
        let (mut weights, locations) = self.evidence(history);
        let mut best = f64::NEG_INFINITY;
        for (weight, class) in weights.iter_mut().zip(&self.classes) {
            *weight += class.ln_weight;
            best = best.max(*weight);
        }
        (weights.map(|weight| weight - best), locations)
    }

    /// Per class, the log density of the completed gaps and the location of the next log gap.
    pub(super) fn evidence(&self, history: &History) -> ([f64; CLASSES], [f64; CLASSES]) {
        let (mut evidence, mut locations) = ([0.0; CLASSES], [0.0; CLASSES]);
        let spread = self.params.spread.get();
        let typical = self.params.typical_gap.get();
        let n = f64::from(history.gaps);
        match self.params.family {
            Family::Gamma => {
                let r = self.params.population_shape();
                let alpha = r * typical;
                let ln_alpha = libm::log(alpha);
                let counts = match self.counts.get(history.gaps as usize) {
                    Some(counts) => *counts,
                    None => self.by_count(history.gaps),
                };
                for (c, class) in self.classes.iter().enumerate() {
                    let k = class.shape;
                    let [rising, off] = counts[c];
                    let ln_rate = libm::log((alpha + k * history.sum) / k);
                    locations[c] = ln_rate + off;
                    let ln_ratio = class.ln_shape + ln_rate - ln_alpha;
                    evidence[c] = n * class.per_gap + (k - 1.0) * history.sum_ln + rising
                        - r * ln_ratio
                        - k * n * (ln_ratio + ln_alpha);
                }
            }
            Family::LogNormal => {
                let m = libm::log(typical);
                let tau = spread * spread;
                let mean = if history.gaps == 0 {
                    m
                } else {
                    history.sum_ln / n
                };
                let within = (history.sum_ln_squared - n * mean * mean).max(0.0);
                let off = mean - m;
                for (c, class) in self.classes.iter().enumerate() {
                    let between = class.shape + n * tau;
                    locations[c] = m + off * n * tau / between;
                    evidence[c] = n * class.per_gap
                        - 0.5 * libm::log(between / class.shape)
                        - 0.5 * within / class.shape
                        - 0.5 * n * off * off / between
                        - history.sum_ln;
                }
            }
        }
        (evidence, locations)
    }

    /// S of the predictive law of one class.
    pub(super) fn class_survival(&self, class: usize, count: u32, u: f64) -> f64 {
        self.tables
            .survival(&self.laws[self.place(class, slot(count))], u)
    }
}

/// `ln` of the posterior weight, next to the largest, below which a class is left out: 1e-5.
const LN_NEGLIGIBLE: f64 = -11.5;

/// `k` of the gamma law or `σ²` of the log-normal law that has the class's variation.
pub(super) fn class_shape(family: Family, class: usize) -> f64 {
    let square = VARIATION[class] * VARIATION[class];
    match family {
        Family::Gamma => 1.0 / square,
        Family::LogNormal => libm::log1p(square),
    }
}

/// Numbers of tables per class: one for each count up to 16, then eight per doubling.
pub(super) const SLOTS: usize = 17 + 8 * 7;

/// Which table serves a customer with `count` gaps. Beyond 16 a law of `n` gaps stands for those
/// within 6 %: its width is then within .4 % (the posterior is 1/n of the variance), and beyond
/// 2,048 the rest is nothing.
pub(super) fn slot(count: u32) -> usize {
    if count <= 16 {
        return count as usize;
    }
    let octave = count.ilog2() - 4;
    let eighth = (count >> (octave + 1)) & 7;
    (17 + 8 * octave as usize + eighth as usize).min(SLOTS - 1)
}

/// The count whose law a slot holds: the middle of those it serves.
fn representative(slot: usize) -> u32 {
    if slot <= 16 {
        return slot as u32;
    }
    let (octave, eighth) = ((slot - 17) / 8, (slot - 17) % 8);
    let width = 2u32 << octave;
    (8 + eighth as u32) * width + width / 2
}
