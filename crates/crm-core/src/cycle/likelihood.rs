//! The likelihood of a shop's customers at a point of the parameters ([`fit`](super::fit) has its formula), the
//! priors, and the steps of the class weights.

use super::gap_model_at::GapModelAt;
use super::gap_params::{CLASSES, Dropout, Family, Params};
use super::log_gap_table::Tables;
use super::subsample::{Row, Sample};
use crate::context::{Context, filled, room};
use crate::error::{Error, Result};
use crate::num::{Positive, Probability};

/// The weight, in customers, of the prior of the class weights.
const PRIOR_CUSTOMERS: f64 = 2.0;

/// A point of the parameter space, on the scales of the search.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    /// `ln typical gap`, `ln spread`.
    pub(super) population: [f64; 2],
    pub(super) weights: [f64; CLASSES],
    /// `logit a/(a+b)`, `ln (a+b)`.
    pub(super) dropout: [f64; 2],
}

impl Point {
    /// The start of a search: mean and standard deviation of the customers' `ln mean gap`, equal
    /// class weights.
    pub(super) fn start(sample: &Sample) -> Self {
        let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for Row { history, .. } in &sample.rows[..sample.returned] {
            let ln = libm::log(history.sum / f64::from(history.gaps));
            count += 1.0;
            sum += ln;
            squares += ln * ln;
        }
        // This standard deviation includes the variation within customers.
        let mean = sum / count;
        let spread = libm::sqrt((squares / count - mean * mean).max(0.0));
        Self {
            population: [mean, libm::log(spread.clamp(0.2, 1.5))],
            weights: [1.0 / CLASSES as f64; CLASSES],
            dropout: [-1.0, 1.5],
        }
    }

    pub(super) fn params(&self, family: Family) -> Result<Params> {
        let stuck = || Error::Convergence {
            model: "gap model",
            reason: "not a number".into(),
        };
        let positive = |v: f64| Positive::new(v).ok_or_else(stuck);
        let mut class_weights = [Probability::new(0.0).ok_or_else(stuck)?; CLASSES];
        for (to, weight) in class_weights.iter_mut().zip(self.weights) {
            *to = Probability::new(weight.min(1.0)).ok_or_else(stuck)?;
        }
        let [a, b] = self.beta();
        Ok(Params {
            family,
            typical_gap: positive(libm::exp(self.population[0]))?,
            spread: positive(libm::exp(self.population[1]))?,
            class_weights,
            dropout: Dropout {
                a: positive(a)?,
                b: positive(b)?,
            },
            posterior: Vec::new(),
            kinds: Vec::new(),
        })
    }

    pub(super) fn with_dropout(&self, dropout: [f64; 2]) -> Self {
        Self { dropout, ..*self }
    }

    pub(super) fn with_population(&self, population: [f64; 2]) -> Self {
        Self {
            population,
            ..*self
        }
    }

    fn beta(&self) -> [f64; 2] {
        // a/(a+b) and b/(a+b) are logistic functions of ±dropout[0], times a + b = e^dropout[1].
        let total = libm::exp(self.dropout[1]);
        [
            total / (1.0 + libm::exp(-self.dropout[0])),
            total / (1.0 + libm::exp(self.dropout[0])),
        ]
    }

    /// The log prior, up to a constant: normal distributions of the four parameters, with mean and
    /// standard deviation below.
    pub(super) fn prior(&self) -> f64 {
        let normal =
            |value: f64, mean: f64, sd: f64| -0.5 * ((value - mean) / sd) * ((value - mean) / sd);
        normal(self.population[0], 4.0, 2.0)
            + normal(self.population[1], -0.5, 1.0)
            + normal(self.dropout[0], -1.0, 1.5)
            + normal(self.dropout[1], 2.0, 2.0)
    }
}

/// For each customer and class, the densities of the likelihood, `m_c` and `m_c S_c`.
pub(super) struct Terms<'a> {
    sample: &'a Sample,
    family: Family,
    fineness: f64,
    context: Context<'a>,
    /// The logarithm of the factor divided out of a customer's row.
    ln_factor: Vec<f64>,
    /// `m_c(g)`, and `m_c(g) S_c(e + ½ | g)`.
    density: Vec<[[f64; CLASSES]; 2]>,
    /// `ln (e + ½)`.
    ln_open: Vec<f64>,
}

impl<'a> Terms<'a> {
    pub(super) fn new(
        sample: &'a Sample,
        family: Family,
        fineness: f64,
        context: &Context<'a>,
    ) -> Result<Self> {
        let n = sample.rows.len();
        let mut ln_open = room(n, "sample")?;
        ln_open.extend(sample.rows.iter().map(|row| libm::log(row.open + 0.5)));
        Ok(Self {
            sample,
            family,
            fineness,
            context: *context,
            ln_factor: filled(n, 0.0, "sample")?,
            density: filled(n, [[0.0; CLASSES]; 2], "sample")?,
            ln_open,
        })
    }

    pub(super) fn fill(&mut self, at: &Point) -> Result<()> {
        self.fill_where(at, |_| true)
    }

    /// [`fill`](Self::fill) of some rows; the others keep their densities.
    pub(super) fn fill_where(&mut self, at: &Point, chosen: impl Fn(usize) -> bool) -> Result<()> {
        self.context.check()?;
        let mut tables = Tables::default();
        let params = at.params(self.family)?;
        let model = GapModelAt::new(&params, &self.sample.slots, self.fineness, &mut tables)?;
        let rows = self.sample.rows.iter().enumerate();
        for (row, Row { history, .. }) in rows.filter(|(row, _)| chosen(*row)) {
            let (evidence, locations) = model.evidence(history);
            // ln m_c(g); the greatest is divided out, and what is below e^−28 of it is left out.
            let best = evidence.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            self.ln_factor[row] = best;
            for class in 0..CLASSES {
                let ln = evidence[class] - best;
                let density = if ln > -28.0 { libm::exp(ln) } else { 0.0 };
                self.density[row][0][class] = density;
                self.density[row][1][class] = if density > 0.0 {
                    // S_c(e + ½ | g) in the class's standard form: u = ln(e + ½) − location
                    let u = self.ln_open[row] - locations[class];
                    density * model.class_survival(&tables, class, history.gaps, u)
                } else {
                    0.0
                };
            }
        }
        Ok(())
    }

    pub(super) fn likelihood(&self, at: &Point) -> f64 {
        let mut sum = 0.0;
        self.each(at, |row, ln| sum += self.sample.rows[row].weight * ln);
        sum
    }

    /// `ln L_i` of each row.
    pub(super) fn each(&self, at: &Point, mut tell: impl FnMut(usize, f64)) {
        let [a, b] = at.beta();
        let (ln_a, ln_b) = (libm::lgamma(a + b), libm::lgamma(b));
        let stayed = |n: u32| {
            let n = f64::from(n);
            // ln B(a, b+n)/B(a, b)
            libm::lgamma(b + n) - ln_b - libm::lgamma(a + b + n) + ln_a
        };
        let mut table = [0.0; 64];
        for (n, entry) in table.iter_mut().enumerate() {
            *entry = stayed(n as u32);
        }
        for (row, alike) in self.sample.rows.iter().enumerate() {
            let n = alike.history.gaps;
            // q_n, then ln L_i = ln B(a, b+n)/B(a, b) + ln Σ_c w_c m_c (q_n + (1 − q_n) S_c)
            let q = a / (a + b + f64::from(n));
            // Σ_c w_c m_c and Σ_c w_c m_c S_c
            let [gone, open] = self.density[row].map(|density| dot(&density, &at.weights));
            let ln = self.ln_factor[row]
                + table.get(n as usize).copied().unwrap_or_else(|| stayed(n))
                + libm::log(q * gone + (1.0 - q) * open);
            tell(row, ln);
        }
    }

    /// One EM step of the class weights.
    pub(super) fn reweigh(&self, at: &Point) -> [f64; CLASSES] {
        self.reweigh_by(at, |row| self.sample.rows[row].weight)
    }

    /// The same, with the weight of each row.
    pub(super) fn reweigh_by(&self, at: &Point, weight: impl Fn(usize) -> f64) -> [f64; CLASSES] {
        let [a, b] = at.beta();
        let mut share = [PRIOR_CUSTOMERS / CLASSES as f64; CLASSES];
        for (row, alike) in self.sample.rows.iter().enumerate() {
            let q = a / (a + b + f64::from(alike.history.gaps));
            let [gone, open] = &self.density[row];
            // P(class c | customer), not normalised
            let part: [f64; CLASSES] =
                std::array::from_fn(|c| at.weights[c] * (q * gone[c] + (1.0 - q) * open[c]));
            let inverse = weight(row) / part.iter().sum::<f64>();
            for (share, part) in share.iter_mut().zip(part) {
                *share += part * inverse;
            }
        }
        let total: f64 = share.iter().sum();
        share.map(|s| s / total)
    }
}

fn dot(a: &[f64; CLASSES], b: &[f64; CLASSES]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
