//! Fits the gap model of a shop.
//!
//! The likelihood of a customer with completed gaps `g` and `e` days since the last order is
//!
//! ```text
//! L_i = B(a, b+n)/B(a, b) · Σ_c w_c m_c(g) [ q_n + (1 − q_n) S_c(e + ½ | g) ]
//! ```
//!
//! with `m_c` the marginal density of the gaps in class c, `S_c(· | g)` the predictive distribution
//! of the next gap, and `q_n = a/(a + b + n)`. So **the open gap is a right-censored observation**:
//! without it every cycle would look too short, and without dropout customers who have left would
//! look slow. Both families are fitted and the one with the higher likelihood is kept.
//!
//! # Method
//!
//! Rounds of three steps until the likelihood no longer rises: the class weights by EM, the dropout
//! `(a, b)` and the population's `(typical gap, spread)` each by a two-dimensional simplex; each
//! point of the latter includes a few EM steps. There are no derivatives, no start to choose, and
//! no randomness.
//!
//! With few gaps the result includes points of the [posterior](super::posterior) of the parameters.
//!
//! Weak priors (the weight of about one customer) keep the parameters of very small shops inside
//! their range: two customers spread evenly over the classes, and broad normal distributions of
//! `ln typical gap`, `ln spread`, `logit a/(a+b)`, `ln (a+b)`. With a thousand customers they are
//! negligible.
//!
//! # Sampling
//!
//! All customers with one purchase are used. If more than [`Options::sample`] customers came back,
//! that many of them are sampled (`sample.rs`), and the weight of customers with one
//! purchase is reduced in proportion. So a large shop with few repeat customers uses all of them.
//! Every customer is predicted from their own gaps. With more than two thousand customers the
//! search starts from the result for a thousand of them, without a family that was clearly worse
//! there.

use serde::{Deserialize, Serialize};

use super::gap_model::{CLASSES, Dropout, FINE, Family, History, Params};
use super::log_law::Tables;
use super::point_model::PointModel;
use super::posterior::posterior;
use super::sample::{Row, Sample};
use crate::context::{filled, room};
use crate::{Error, Positive, Probability, Result};

/// Options of [`fit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The family. `None` (default): the one with the higher likelihood.
    pub family: Option<Family>,
    /// The most returning customers to which the parameters are fitted. Default 8,192.
    pub sample: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            family: None,
            sample: 8_192,
        }
    }
}

/// A fitted gap model and statistics of the fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The parameters.
    pub params: Params,
    /// Log-likelihood of the customers used, without priors, in days.
    pub log_likelihood: f64,
    /// The log-likelihood of the other family, unless it was left out.
    pub other_log_likelihood: Option<f64>,
    /// The number of customers to which the parameters were fitted.
    pub customers: u32,
    /// The number of their completed gaps.
    pub gaps: u64,
    /// Whether the likelihood stopped rising within the allowed rounds.
    pub converged: bool,
}

/// Fits the shop's gap model to each customer's completed gaps and open gap (`open`, the days since
/// the last order, or their length in the shop's own time), in ascending id.
///
/// # Errors
///
/// [`Error::Insufficient`] without a completed gap: a shop without a repeat customer has no
/// information on gaps.
///
/// ```
/// use crm_core::cycle::{fit::{self, Options}, gap_model::History};
///
/// let gaps: Vec<Vec<u32>> = (0..60).map(|i| vec![25 + i % 9; (i % 4) as usize]).collect();
/// let histories: Vec<History> = gaps.iter().map(|g| History::new(g)).collect();
/// let open: Vec<u32> = (0..60).map(|i| i * 2).collect();
/// let fitted = fit::fit(&histories, &open, &Options::default())?;
/// assert!((20.0..40.0).contains(&fitted.params.typical_gap.get()));
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn fit<T: Copy + Into<f64>>(
    histories: &[History],
    open: &[T],
    options: &Options,
) -> Result<Fit> {
    if histories.len() != open.len() {
        return Err(Error::ColumnLength {
            column: "open".into(),
            found: open.len(),
            expected: histories.len(),
        });
    }
    let sample = Sample::new(histories, open, options.sample.max(1))?;
    if sample.gaps == 0 {
        return Err(Error::Insufficient {
            what: "repeat customers",
            needed: 1,
            found: 0,
        });
    }
    let families = [Family::Gamma, Family::LogNormal].into_iter();
    let families = families.filter(|family| options.family.is_none_or(|only| only == *family));
    let scouts = sample.scouts()?;
    let mut searches = room(2, "fit")?;
    for family in families {
        searches.push(match &scouts {
            Some(few) => Search::run(few, family, Point::start(few), &ROUGH)?,
            None => Search::run(&sample, family, Point::start(&sample), &WHOLE)?,
        });
    }
    if scouts.is_some() {
        let near = |searches: &[Search]| {
            let best = searches.iter().map(|search| search.likelihood);
            best.fold(f64::NEG_INFINITY, f64::max) - CLEARLY_WORSE
        };
        let near = near(&searches);
        searches.retain(|search| search.likelihood >= near);
        for search in &mut searches {
            *search = Search::run(&sample, search.family, search.at, &CLOSE)?;
        }
    }
    let mut best: Option<Search> = None;
    let mut other = None;
    for search in searches {
        match &best {
            Some(first) if first.likelihood >= search.likelihood => {
                other = Some(search.likelihood);
            }
            _ => {
                other = best.map(|first| first.likelihood);
                best = Some(search);
            }
        }
    }
    let Some(best) = best else {
        return Err(Error::Convergence {
            model: "gap model",
            reason: "no family".into(),
        });
    };
    let mut params = best.at.params(best.family)?;
    params.posterior = posterior(&sample, scouts.as_ref(), best.family, &best.at)?;
    Ok(Fit {
        params,
        log_likelihood: best.likelihood,
        other_log_likelihood: other,
        customers: sample.customers,
        gaps: sample.gaps,
        converged: best.converged,
    })
}

/// The settings of a search: steps and tolerances.
struct Pace {
    /// The first steps, relative to the full steps.
    reach: f64,
    /// Rise of the log-likelihood at which a simplex, and the rounds, stop.
    rise: [f64; 2],
    /// Points per spread of the distribution in a table.
    fineness: f64,
}

/// From any start to the end.
const WHOLE: Pace = Pace {
    reach: 1.0,
    rise: [1e-3, 0.02],
    fineness: FINE,
};
/// From any start, accurate enough to start a search with eight times the customers.
const ROUGH: Pace = Pace {
    reach: 1.0,
    rise: [0.02, 0.1],
    fineness: 0.5 * FINE,
};
/// From such a start to the end; steps are a few standard errors.
const CLOSE: Pace = Pace {
    reach: 0.2,
    rise: [5e-3, 0.02],
    fineness: 0.5 * FINE,
};

/// The most rounds.
const ROUNDS: u32 = 8;
/// A family is clearly worse if its log-likelihood for a thousand customers is lower by this.
const CLEARLY_WORSE: f64 = 10.0;
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
    fn start(sample: &Sample) -> Self {
        let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for Row { history, .. } in &sample.rows[..sample.returned] {
            let ln = libm::log(history.sum / f64::from(history.gaps));
            count += 1.0;
            sum += ln;
            squares += ln * ln;
        }
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
        })
    }

    fn with_dropout(&self, dropout: [f64; 2]) -> Self {
        Self { dropout, ..*self }
    }

    fn with_population(&self, population: [f64; 2]) -> Self {
        Self {
            population,
            ..*self
        }
    }

    fn beta(&self) -> [f64; 2] {
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

/// The search for the maximum in one family.
struct Search {
    family: Family,
    at: Point,
    likelihood: f64,
    converged: bool,
}

impl Search {
    fn run(sample: &Sample, family: Family, start: Point, pace: &Pace) -> Result<Self> {
        let mut terms = Terms::new(sample, family, pace.fineness)?;
        let mut at = start;
        let reach = pace.reach;
        let [simplex_rise, rise] = pace.rise;
        let mut converged = false;
        let mut before = f64::NEG_INFINITY;
        let mut stride = 0.4 * reach;
        for _ in 0..ROUNDS {
            terms.fill(&at)?;
            let from = at;
            at.dropout = simplex(
                at.dropout,
                [0.5 * reach, 0.7 * reach],
                (30, simplex_rise),
                |dropout| {
                    let point = from.with_dropout(dropout);
                    Ok(terms.likelihood(&point) + point.prior())
                },
            )?;
            for _ in 0..15 {
                at.weights = terms.reweigh(&at);
            }
            let from = at;
            at.population = simplex(
                at.population,
                [stride, stride],
                (24, simplex_rise),
                |population| {
                    let mut point = from.with_population(population);
                    terms.fill(&point)?;
                    for _ in 0..3 {
                        point.weights = terms.reweigh(&point);
                    }
                    Ok(terms.likelihood(&point) + point.prior())
                },
            )?;
            terms.fill(&at)?;
            for _ in 0..15 {
                at.weights = terms.reweigh(&at);
            }
            let now = terms.likelihood(&at) + at.prior();
            converged = now - before < rise;
            before = now;
            if converged {
                break;
            }
            stride = (0.5 * stride).max(0.03 * reach);
        }
        let likelihood = terms.likelihood(&at);
        Ok(Self {
            family,
            at,
            likelihood,
            converged,
        })
    }
}

/// For each customer and class, the densities of the likelihood, `m_c` and `m_c S_c`.
pub(super) struct Terms<'a> {
    sample: &'a Sample,
    family: Family,
    fineness: f64,
    /// The logarithm of the factor divided out of a customer's row.
    ln_factor: Vec<f64>,
    /// `m_c(g)`, and `m_c(g) S_c(e + ½ | g)`.
    density: Vec<[[f64; CLASSES]; 2]>,
    /// `ln (e + ½)`.
    ln_open: Vec<f64>,
}

impl<'a> Terms<'a> {
    pub(super) fn new(sample: &'a Sample, family: Family, fineness: f64) -> Result<Self> {
        let n = sample.rows.len();
        let mut ln_open = room(n, "sample")?;
        ln_open.extend(sample.rows.iter().map(|row| libm::log(row.open + 0.5)));
        Ok(Self {
            sample,
            family,
            fineness,
            ln_factor: filled(n, 0.0, "sample")?,
            density: filled(n, [[0.0; CLASSES]; 2], "sample")?,
            ln_open,
        })
    }

    pub(super) fn fill(&mut self, at: &Point) -> Result<()> {
        let mut tables = Tables::default();
        let params = at.params(self.family)?;
        let model = PointModel::new(&params, &self.sample.slots, self.fineness, &mut tables)?;
        for (row, Row { history, .. }) in self.sample.rows.iter().enumerate() {
            let (evidence, locations) = model.evidence(history);
            let best = evidence.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            self.ln_factor[row] = best;
            for class in 0..CLASSES {
                let ln = evidence[class] - best;
                let density = if ln > -28.0 { libm::exp(ln) } else { 0.0 };
                self.density[row][0][class] = density;
                self.density[row][1][class] = if density > 0.0 {
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
        let mut sum = 0.0;
        for (row, alike) in self.sample.rows.iter().enumerate() {
            let n = alike.history.gaps;
            // q_n, then ln L_i = ln B(a, b+n)/B(a, b) + ln Σ_c w_c m_c (q_n + (1 − q_n) S_c)
            let q = a / (a + b + f64::from(n));
            let [gone, open] = self.density[row].map(|density| dot(&density, &at.weights));
            let ln = self.ln_factor[row]
                + table.get(n as usize).copied().unwrap_or_else(|| stayed(n))
                + libm::log(q * gone + (1.0 - q) * open);
            sum += alike.weight * ln;
        }
        sum
    }

    /// One EM step of the class weights.
    pub(super) fn reweigh(&self, at: &Point) -> [f64; CLASSES] {
        let [a, b] = at.beta();
        let mut share = [PRIOR_CUSTOMERS / CLASSES as f64; CLASSES];
        for (row, alike) in self.sample.rows.iter().enumerate() {
            let q = a / (a + b + f64::from(alike.history.gaps));
            let [gone, open] = &self.density[row];
            // P(class c | customer), not normalised
            let part: [f64; CLASSES] =
                std::array::from_fn(|c| at.weights[c] * (q * gone[c] + (1.0 - q) * open[c]));
            let inverse = alike.weight / part.iter().sum::<f64>();
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

/// Maximises by a Nelder-Mead simplex in the plane: the best point after at most `steps` points, or
/// when the values at the corners are within `rise` of each other.
fn simplex(
    start: [f64; 2],
    step: [f64; 2],
    (evaluations, rise): (u32, f64),
    mut value: impl FnMut([f64; 2]) -> Result<f64>,
) -> Result<[f64; 2]> {
    let mut at = |p: [f64; 2]| -> Result<(f64, [f64; 2])> {
        let inside = p.iter().all(|v| v.abs() < 25.0);
        let v = if inside { value(p)? } else { f64::NEG_INFINITY };
        Ok((if v.is_nan() { f64::NEG_INFINITY } else { v }, p))
    };
    let mut corners = [
        at(start)?,
        at([start[0] + step[0], start[1]])?,
        at([start[0], start[1] + step[1]])?,
    ];
    let mut used = 3;
    while used < evaluations {
        corners.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let [best, middle, worst] = corners;
        if best.0 - worst.0 < rise {
            break;
        }
        let centre = [0, 1].map(|k| 0.5 * (best.1[k] + middle.1[k]));
        let along = |t: f64| [0, 1].map(|k| centre[k] + t * (worst.1[k] - centre[k]));
        let reflected = at(along(-1.0))?;
        used += 1;
        corners[2] = if reflected.0 > best.0 {
            used += 1;
            let further = at(along(-2.0))?;
            if further.0 > reflected.0 {
                further
            } else {
                reflected
            }
        } else if reflected.0 > middle.0 {
            reflected
        } else {
            used += 1;
            let nearer = at(along(if reflected.0 > worst.0 { -0.5 } else { 0.5 }))?;
            if nearer.0 > worst.0.max(reflected.0) {
                nearer
            } else {
                used += 1;
                corners[1] = at([0, 1].map(|k| 0.5 * (best.1[k] + middle.1[k])))?;
                at([0, 1].map(|k| 0.5 * (best.1[k] + worst.1[k])))?
            }
        };
    }
    corners.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    Ok(corners[0].1)
}
