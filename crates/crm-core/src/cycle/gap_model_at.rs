//! The gap model at one point of its parameters: marginal likelihood, class weights, and predictive
//! distributions.
//!
//! A shop with many gaps has one such point, a shop with few gaps or with kinds of customers several
//! ([`gap_model`](super::gap_model)).

use super::gap_distribution::{GapDistribution, Part};
use super::gap_params::{CLASSES, Dropout, FINE, Family, History, Params, VARIATION};
use super::log_gap_table::{LogGapTable, Tables};
use crate::context::{filled, room};
use crate::error::Result;

/// One point with its distributions; the owner has their tables.
#[derive(Debug, Clone)]
pub(super) struct GapModelAt {
    family: Family,
    typical: f64,
    spread: f64,
    /// `r`, or `1/τ²`.
    population_shape: f64,
    dropout: Dropout,
    /// One distribution per class and [`slot`]; absent slots are never read.
    tables: Vec<LogGapTable>,
    /// The number of slots of a class: all, or one for a single history.
    slots: usize,
    classes: [Class; CLASSES],
    /// For each `n`, the values of [`by_count`](Self::by_count) (gamma family).
    counts: Vec<[[f64; 2]; CLASSES]>,
    /// For each `n`, [`ln_stayed`](Self::ln_stayed).
    stayed: Vec<f64>,
}

/// The values of a class that do not depend on the customer.
#[derive(Debug, Clone, Copy, Default)]
struct Class {
    ln_weight: f64,
    /// `k`, or σ².
    shape: f64,
    ln_shape: f64,
    /// `k ln k − lnΓ(k)`, or `−½ ln(2πσ²)`.
    per_gap: f64,
}

/// `lnΓ` is tabulated for histories up to this length.
const TABULATED: usize = 64;

impl GapModelAt {
    /// Prepares a point (without posterior) for the given slots, with `fineness` table points per
    /// spread of the distribution.
    pub(super) fn new(
        params: &Params,
        wanted: &[bool; SLOTS],
        fineness: f64,
        tables: &mut Tables,
    ) -> Result<Self> {
        let mut model = Self::bare(params, SLOTS)?;
        for class in 0..CLASSES {
            for slot in (0..SLOTS).filter(|&slot| wanted[slot]) {
                model.tabulate(class, slot, fineness, tables)?;
            }
        }
        if params.family == Family::Gamma {
            let mut counts = room(TABULATED, "gap distributions")?;
            counts.extend((0..TABULATED).map(|n| model.by_count(n as u32)));
            model.counts = counts;
        }
        Ok(model)
    }

    /// Makes [`ln_weight`](Self::ln_weight) fast.
    pub(super) fn tabulate_stayed(&mut self) -> Result<()> {
        let mut stayed = room(TABULATED, "gap distributions")?;
        stayed.extend((0..TABULATED).map(|n| self.ln_stayed(n as u32)));
        self.stayed = stayed;
        Ok(())
    }

    /// Prepares a point of weight `share` for one history only.
    pub(super) fn for_one(
        params: &Params,
        share: f64,
        history: &History,
        tables: &mut Tables,
    ) -> Result<Self> {
        let mut model = Self::bare(params, 1)?;
        let (weights, _) = model.weights(history, share);
        for class in (0..CLASSES).filter(|&class| weights[class] > 0.0) {
            model.tabulate(class, slot(history.gaps), FINE, tables)?;
        }
        Ok(model)
    }

    /// Adds the distribution at this point, with weight `share`, to that of a customer with this
    /// history.
    pub(super) fn add_to(
        &self,
        distribution: &mut GapDistribution<'_>,
        share: f64,
        history: &History,
    ) {
        let (weights, locations) = self.weights(history, share);
        let slot = slot(history.gaps);
        let leave = self.dropout.chance(history.gaps);
        // W_j (1 − q_j) / Σ_c w_ic
        let stay = share * (1.0 - leave) / weights.iter().sum::<f64>();
        // W_j q_j
        distribution.add_leave(share * leave);
        for class in (0..CLASSES).filter(|&class| weights[class] > 0.0) {
            distribution.add(Part {
                weight: stay * weights[class],
                location: locations[class],
                class,
                table: self.tables[self.place(class, slot)],
            });
        }
    }

    /// `ln (B(a, b+n)/B(a, b) Σ_c w_c m_c(g))`: the likelihood of the completed gaps.
    pub(super) fn ln_weight(&self, history: &History) -> f64 {
        let (mut evidence, _) = self.evidence(history);
        let mut best = f64::NEG_INFINITY;
        for (evidence, class) in evidence.iter_mut().zip(&self.classes) {
            *evidence += class.ln_weight;
            best = best.max(*evidence);
        }
        let sum: f64 = evidence.iter().map(|ln| libm::exp(ln - best)).sum();
        let stayed = self.stayed.get(history.gaps as usize).copied();
        best + libm::log(sum) + stayed.unwrap_or_else(|| self.ln_stayed(history.gaps))
    }

    /// `ln B(a, b+n)/B(a, b)`: having stayed n times.
    fn ln_stayed(&self, gaps: u32) -> f64 {
        let (a, b, n) = (self.dropout.a.get(), self.dropout.b.get(), f64::from(gaps));
        libm::lgamma(b + n) - libm::lgamma(b) - libm::lgamma(a + b + n) + libm::lgamma(a + b)
    }

    /// The point without tables.
    fn bare(params: &Params, slots: usize) -> Result<Self> {
        let mut model = Self {
            family: params.family,
            typical: params.typical_gap.get(),
            spread: params.spread.get(),
            population_shape: params.population_shape(),
            dropout: params.dropout,
            tables: filled(CLASSES * slots, LogGapTable::default(), "gap distributions")?,
            slots,
            classes: [Class::default(); CLASSES],
            counts: Vec::new(),
            stayed: Vec::new(),
        };
        for (c, class) in model.classes.iter_mut().enumerate() {
            let shape = class_shape(params.family, c);
            *class = Class {
                ln_weight: libm::log(params.class_weights[c].get()),
                shape,
                ln_shape: libm::log(shape),
                // Each gap adds to ln m_c: k ln k − lnΓ(k), or −½ ln 2πσ².
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

    /// Makes the table of one class and slot: `ln G_k − ln G_{r+kn}` for gamma; a normal of
    /// variance `σ² + 1/(1/τ² + n/σ²)` for log-normal.
    fn tabulate(
        &mut self,
        class: usize,
        slot: usize,
        fineness: f64,
        tables: &mut Tables,
    ) -> Result<()> {
        let (n, shape) = (f64::from(representative(slot)), self.classes[class].shape);
        let r = self.population_shape;
        let place = self.place(class, slot);
        self.tables[place] = match self.family {
            // gap · k/(α + k Σg): Gamma(k) over Gamma(r + kn)
            Family::Gamma => tables.gamma_ratio(shape, r + shape * n, fineness)?,
            Family::LogNormal => {
                // Var(ln gap) = σ² + 1/(1/τ² + n/σ²)
                let wide = shape + 1.0 / (r + n / shape);
                Tables::scaled(tables.standard_normal()?, libm::sqrt(wide))
            }
        };
        Ok(())
    }

    /// For each class of the gamma family: `lnΓ(r + k n) − lnΓ(r)`, and the correction of the
    /// location where neighbouring counts share a table, which keeps the mean gap.
    fn by_count(&self, count: u32) -> [[f64; 2]; CLASSES] {
        let (n, shown) = (f64::from(count), f64::from(representative(slot(count))));
        let r = self.population_shape;
        let ln_gamma = libm::lgamma(r);
        self.classes.map(|class| {
            let k = class.shape;
            let off = match shown == n {
                true => 0.0,
                false => libm::log((r + k * shown) / (r + k * n)),
            };
            // lnΓ(r + kn) − lnΓ(r)
            [libm::lgamma(r + k * n) - ln_gamma, off]
        })
    }

    /// For each class its posterior weight in the next gap, negligible weights set to 0, and the
    /// location of the log gap.
    fn weights(&self, history: &History, share: f64) -> ([f64; CLASSES], [f64; CLASSES]) {
        let (mut ln_weights, locations) = self.evidence(history);
        let mut best = f64::NEG_INFINITY;
        for (weight, class) in ln_weights.iter_mut().zip(&self.classes) {
            // ln w_ic = ln m_c + ln w_c + a constant
            *weight += class.ln_weight;
            best = best.max(*weight);
        }
        let least = best + LN_NEGLIGIBLE - libm::log(share);
        let mut weights = ln_weights.map(|ln| {
            if ln > least {
                libm::exp(ln - best)
            } else {
                0.0
            }
        });
        let mut contaminated = 0.0;
        for weight in &mut weights[..REGULAR] {
            contaminated += CONTAMINATION * *weight;
            *weight *= 1.0 - CONTAMINATION;
        }
        weights[CONTAMINATION_CLASS] += contaminated;
        (weights, locations)
    }

    /// For each class the log marginal density `ln m_c(g)` of the completed gaps, and the location
    /// of the next log gap.
    pub(super) fn evidence(&self, history: &History) -> ([f64; CLASSES], [f64; CLASSES]) {
        let (mut evidence, mut locations) = ([0.0; CLASSES], [0.0; CLASSES]);
        let (typical, spread) = (self.typical, self.spread);
        let n = f64::from(history.gaps);
        match self.family {
            Family::Gamma => {
                let r = self.population_shape;
                let alpha = r * typical;
                let ln_alpha = libm::log(alpha);
                let counts = match self.counts.get(history.gaps as usize) {
                    Some(counts) => *counts,
                    None => self.by_count(history.gaps),
                };
                for (c, class) in self.classes.iter().enumerate() {
                    let k = class.shape;
                    let [rising, off] = counts[c];
                    // ln (α + k Σg)/k: the posterior of θ is Gamma(r + kn, α + k Σg)
                    let ln_rate = libm::log((alpha + k * history.sum) / k);
                    locations[c] = ln_rate + off;
                    let ln_ratio = class.ln_shape + ln_rate - ln_alpha;
                    // ln m_c = n (k ln k − lnΓ(k)) + (k−1) Σ ln g + lnΓ(r+kn) − lnΓ(r) + r ln α −
                    // (r+kn) ln(α + k Σg)
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
                    // σ² + n τ²
                    let between = class.shape + n * tau;
                    // posterior mean of μ: m + (mean − m) n τ²/(σ² + n τ²)
                    locations[c] = m + off * n * tau / between;
                    // ln m_c = −n/2 ln 2πσ² − ½ ln(1 + nτ²/σ²) − Σ(ln g − mean)²/2σ² − n (mean −
                    // m)²/2(σ² + nτ²) − Σ ln g
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

    /// Log-likelihood of a customer's completed and open gaps, without the factor of having stayed,
    /// `B(a, b+n)/B(a, b)`.
    pub(super) fn ln_likelihood(&self, tables: &Tables, history: &History, open: f64) -> f64 {
        let (mut evidence, locations) = self.evidence(history);
        let mut best = f64::NEG_INFINITY;
        for (evidence, class) in evidence.iter_mut().zip(&self.classes) {
            *evidence += class.ln_weight;
            best = best.max(*evidence);
        }
        let leave = self.dropout.chance(history.gaps);
        let ln_open = libm::log(open + 0.5);
        let mut sum = 0.0;
        for (class, ln) in evidence.iter().enumerate() {
            let weight = libm::exp(ln - best);
            if weight > 1e-9 {
                let u = ln_open - locations[class];
                let silent = self.class_survival(tables, class, history.gaps, u);
                // w_c m_c [ q_n + (1 − q_n) S_c(e + ½ | g) ]
                sum += weight * (leave + (1.0 - leave) * silent);
            }
        }
        best + libm::log(sum)
    }

    /// S of the predictive distribution of one class.
    pub(super) fn class_survival(&self, tables: &Tables, class: usize, count: u32, u: f64) -> f64 {
        tables.survival(&self.tables[self.place(class, slot(count))], u)
    }
}

/// The number of classes that are so regular that one late day would count as leaving. This share
/// of their gaps (a holiday, a skipped delivery) is taken from the class [`CONTAMINATION_CLASS`].
const REGULAR: usize = 3;
const CONTAMINATION: f64 = 0.05;
const CONTAMINATION_CLASS: usize = 5;

/// A class is left out if its posterior weight, relative to the largest and times the point's
/// share, is below 1e-5; this is the logarithm.
const LN_NEGLIGIBLE: f64 = -11.5;

/// `k` of the gamma distribution or `σ²` of the log-normal distribution with the class's
/// coefficient of variation.
pub(super) fn class_shape(family: Family, class: usize) -> f64 {
    let square = VARIATION[class] * VARIATION[class];
    match family {
        Family::Gamma => 1.0 / square,
        Family::LogNormal => libm::log1p(square),
    }
}

/// The number of tables per class: one for each count up to 16, then eight per doubling.
pub(super) const SLOTS: usize = 17 + 8 * 7;

/// The table of a customer with `count` gaps. Above 16, counts within 6 % share a table: the width
/// is then within .4 % (the posterior is 1/n of the variance). Above 2,048 the difference is
/// negligible.
pub(super) fn slot(count: u32) -> usize {
    if count <= 16 {
        return count as usize;
    }
    let octave = count.ilog2() - 4;
    let eighth = (count >> (octave + 1)) & 7;
    (17 + 8 * octave as usize + eighth as usize).min(SLOTS - 1)
}

/// The count of a slot's table: the middle of the counts that share it.
fn representative(slot: usize) -> u32 {
    if slot <= 16 {
        return slot as u32;
    }
    let (octave, eighth) = ((slot - 17) / 8, (slot - 17) % 8);
    let width = 2u32 << octave;
    (8 + eighth as u32) * width + width / 2
}
