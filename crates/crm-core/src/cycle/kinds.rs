//! Kinds of customers (latent classes): whether a shop has two or three, and their parameters.
//!
//! # Question
//!
//! Are the customers one population, or are there kinds, such as buyers by the month who hardly leave
//! beside irregular ones? In one population pace, regularity and dropout are independent of each
//! other. With kinds a silent customer is judged by the dropout of the kind that the gaps show.
//!
//! # Definition
//!
//! ```text
//! L_i  = Σ_k π_k L_ik             L_ik: the likelihood of `fit` with the parameters of kind k
//! π_ik = π_k L_ik / L_i           the probability of kind k, given all that is known of customer i
//! ```
//!
//! Each kind has its own typical gap, spread, class weights and dropout; the family is that of the shop.
//!
//! # Method
//!
//! Rounds over the kinds until the likelihood has stopped rising. In a round the class weights of a kind and
//! the shares `π` are steps of EM; dropout and population each maximise the likelihood by a simplex,
//! with the other kinds fixed (ECME). A search starts from a solution with one kind less, in which one
//! kind is split: by regularity (the classes below and above the middle of their weights) and by pace (0.7
//! standard deviations to each side). The better start goes on.
//!
//! # How many
//!
//! Half of the customers is a training sample (at most about a thousand returning ones), the other half is
//! held out. One kind more is kept where both agree:
//!
//! ```text
//! BIC        2 (ln L(K+1) − ln L(K)) > 13 ln n      on the n customers of the training sample
//! held out   Σ_i d_i > √(Σ_i (d_i − d̄)²)            d_i = ln L_i(K+1) − ln L_i(K) of the others
//! ```
//!
//! 13 are the parameters of a kind: share, typical gap, spread, eight class weights, two of the dropout.
//! A search is given up that after a few rounds has less than half of what BIC asks. Below
//! [`MIN_RETURNERS`] returning customers, and where the parameters have a
//! [posterior](super::posterior), there is one kind: the parameters of kinds are treated as known.
//!
//! # References
//!
//! - Dempster, A. P., Laird, N. M., Rubin, D. B. (1977). Maximum likelihood from incomplete data via the EM
//!   algorithm. *JRSS B* 39, 1-38.
//! - Liu, C., Rubin, D. B. (1994). The ECME algorithm. *Biometrika* 81, 633-648.
//! - Schwarz, G. (1978). Estimating the dimension of a model. *Annals of Statistics* 6, 461-464.

use super::gap_params::{CLASSES, FINE, Family, KINDS, Kind};
use super::likelihood::{Point, Terms};
use super::search::{Pace, Search, simplex};
use super::subsample::Sample;
use crate::context::{Context, filled, push, room};
use crate::error::{Error, Result};
use crate::num::Probability;

/// Below this number of returning customers there is one kind.
const MIN_RETURNERS: usize = 200;
/// The parameters of one kind more.
const PARAMETERS: f64 = 3.0 + (CLASSES - 1) as f64 + 2.0;
/// The weight, in customers, of the prior of each share.
const PRIOR_CUSTOMERS: f64 = 2.0;
/// EM steps of the class weights of a kind in a round.
const EM_STEPS: usize = 5;
/// Points of the simplex of dropout, and of the population.
const EVALUATIONS: [u32; 2] = [20, 12];
/// A kind explains nothing of a row if `ln π_k L_ik` is so far below the other kinds.
const NOTHING: f64 = 16.0;
/// Rounds of a start, and the most rounds of a search after it.
const START_ROUNDS: usize = 3;
const ROUNDS: usize = 6;
/// Where a kind is split by pace: standard deviations to each side, and the change of `ln spread`.
const APART: f64 = 0.7;
const NARROWER: f64 = -0.5;

/// The settings of a search from a split, from what its start has found, and of all customers from what some
/// have given.
const FROM_SPLIT: Pace = Pace {
    reach: 1.0,
    rise: [0.05, 0.3],
    fineness: 0.5 * FINE,
};
const FROM_NEAR: Pace = Pace {
    reach: 0.2,
    rise: [0.05, 0.3],
    fineness: 0.5 * FINE,
};
const OF_ALL: Pace = Pace {
    reach: 0.2,
    rise: [0.2, 1.0],
    fineness: 0.5 * FINE,
};

/// The kinds of a shop's customers, by typical gap; empty if they are one kind. `at` is the best point
/// of one kind.
pub(super) fn find(
    sample: &Sample,
    family: Family,
    at: &Point,
    most: usize,
    context: &Context,
) -> Result<Vec<Kind>> {
    if sample.returned < MIN_RETURNERS || most < 2 {
        return Ok(Vec::new());
    }
    let [train, held_out] = sample.halves()?;
    let train = train.pilot()?.unwrap_or(train);
    let one = Search::run(&train, family, *at, &FROM_NEAR, context)?;
    let mut best = Mixture::of_one(family, one.at)?;
    let mut scores = [
        best.scores(&train, context)?,
        best.scores(&held_out, context)?,
    ];
    while best.kinds.len() < most.min(KINDS) {
        let Some(more) = best.with_one_more(&train, context)? else {
            break;
        };
        let theirs = [
            more.scores(&train, context)?,
            more.scores(&held_out, context)?,
        ];
        let (gain, _) = train.gain(&theirs[0], &scores[0]);
        let (held, error) = held_out.gain(&theirs[1], &scores[1]);
        if gain <= train.penalty() || held <= error {
            break;
        }
        (best, scores) = (more, theirs);
    }
    if best.kinds.len() < 2 {
        return Ok(Vec::new());
    }
    best = best.search(sample, &OF_ALL, ROUNDS, context)?;
    best.kinds
        .sort_unstable_by(|a, b| a.1.population[0].total_cmp(&b.1.population[0]));
    best.params()
}

impl Sample {
    /// `½ · 13 ln n`.
    fn penalty(&self) -> f64 {
        let customers: f64 = self.rows.iter().map(|row| row.weight).sum();
        0.5 * PARAMETERS * libm::log(customers)
    }

    /// By how much one log-likelihood is above the other, and the standard error of this.
    fn gain(&self, ours: &[f64], theirs: &[f64]) -> (f64, f64) {
        let (mut sum, mut squares, mut n) = (0.0, 0.0, 0.0);
        for ((row, ours), theirs) in self.rows.iter().zip(ours).zip(theirs) {
            let off = ours - theirs;
            sum += row.weight * off;
            squares += row.weight * off * off;
            n += row.weight;
        }
        (sum, libm::sqrt((squares - sum * sum / n).max(0.0)))
    }
}

/// Kinds with their shares, at a point of their parameters.
struct Mixture {
    family: Family,
    kinds: Vec<(f64, Point)>,
    /// The log-likelihood of the sample that was searched, with priors.
    value: f64,
}

impl Mixture {
    fn of_one(family: Family, at: Point) -> Result<Self> {
        let mut kinds = room(1, "kinds of customers")?;
        kinds.push((1.0, at));
        Ok(Self {
            family,
            kinds,
            value: f64::NEG_INFINITY,
        })
    }

    /// The best of this mixture's splits, or none if no start comes near what BIC asks.
    fn with_one_more(&self, train: &Sample, context: &Context) -> Result<Option<Self>> {
        // The value of this mixture with the priors that a search has.
        let now = Work::new(train, self, &FROM_SPLIT, context)?.value(&self.kinds);
        let mut best: Option<Self> = None;
        for k in 0..self.kinds.len() {
            for split in [by_regularity, by_pace] {
                let start = self.split(k, split)?;
                let found = start.search(train, &FROM_SPLIT, START_ROUNDS, context)?;
                if best.as_ref().is_none_or(|best| found.value > best.value) {
                    best = Some(found);
                }
            }
        }
        match best {
            Some(best) if best.value - now > 0.5 * train.penalty() => {
                let found = best.search(train, &FROM_NEAR, ROUNDS, context)?;
                Ok(Some(found))
            }
            _ => Ok(None),
        }
    }

    fn split(&self, k: usize, split: fn(&Point) -> [Point; 2]) -> Result<Self> {
        let mut kinds = room(self.kinds.len() + 1, "kinds of customers")?;
        kinds.extend_from_slice(&self.kinds);
        let (share, at) = kinds[k];
        let [one, other] = split(&at);
        kinds[k] = (0.5 * share, one);
        kinds.push((0.5 * share, other));
        Ok(Self {
            family: self.family,
            kinds,
            value: f64::NEG_INFINITY,
        })
    }

    /// `ln Σ_k π_k L_ik` of each row.
    fn scores(&self, sample: &Sample, context: &Context) -> Result<Vec<f64>> {
        let work = Work::new(sample, self, &FROM_NEAR, context)?;
        let ln_shares = ln_shares(&self.kinds);
        let mut scores = filled(sample.rows.len(), 0.0, "sample")?;
        for (row, score) in scores.iter_mut().enumerate() {
            *score = work.ln_others(&ln_shares, row, KINDS);
        }
        Ok(scores)
    }

    /// Rounds over the kinds, at most `rounds`.
    fn search(
        mut self,
        sample: &Sample,
        pace: &Pace,
        rounds: usize,
        context: &Context,
    ) -> Result<Self> {
        let mut work = Work::new(sample, &self, pace, context)?;
        let mut stride = 0.4 * pace.reach;
        self.value = f64::NEG_INFINITY;
        for _ in 0..rounds {
            for k in 0..self.kinds.len() {
                work.improve(&mut self.kinds, k, pace, stride)?;
                work.reshare(&mut self.kinds);
            }
            for _ in 0..EM_STEPS {
                work.reshare(&mut self.kinds);
            }
            let value = work.value(&self.kinds);
            let rise = value - self.value;
            self.value = value;
            if rise < pace.rise[1] {
                break;
            }
            stride = (0.6 * stride).max(0.03 * pace.reach);
        }
        Ok(self)
    }

    fn params(&self) -> Result<Vec<Kind>> {
        let mut kinds = room(self.kinds.len(), "kinds of customers")?;
        for (share, at) in &self.kinds {
            let params = at.params(self.family)?;
            // A kind outside of the range of the tables is no result.
            if params.sane().is_err() {
                return Ok(Vec::new());
            }
            kinds.push(Kind {
                share: Probability::new(share.min(1.0))
                    .ok_or_else(|| Error::internal("share of a kind"))?,
                typical_gap: params.typical_gap,
                spread: params.spread,
                class_weights: params.class_weights,
                dropout: params.dropout,
            });
        }
        Ok(kinds)
    }
}

/// The classes up to the middle of their weights, and those from it on.
fn by_regularity(at: &Point) -> [Point; 2] {
    let (mut one, mut other) = (*at, *at);
    let mut below = 0.0;
    for class in 0..CLASSES {
        let weight = at.weights[class];
        // The part of the class that is below the middle, of which none is quite without.
        let part = ((0.5 - below) / weight.max(f64::MIN_POSITIVE)).clamp(0.02, 0.98);
        one.weights[class] = weight * part;
        other.weights[class] = weight * (1.0 - part);
        below += weight;
    }
    for half in [&mut one, &mut other] {
        let total: f64 = half.weights.iter().sum();
        half.weights = half.weights.map(|weight| weight / total);
    }
    [one, other]
}

/// The faster and the slower customers.
fn by_pace(at: &Point) -> [Point; 2] {
    let spread = libm::exp(at.population[1]);
    [-APART, APART].map(|side| {
        at.with_population([
            at.population[0] + side * spread,
            at.population[1] + NARROWER,
        ])
    })
}

fn ln_shares(kinds: &[(f64, Point)]) -> [f64; KINDS] {
    std::array::from_fn(|k| {
        kinds
            .get(k)
            .map_or(f64::NEG_INFINITY, |kind| libm::log(kind.0))
    })
}

/// A search in a sample: what each row is worth by each kind.
struct Work<'a> {
    sample: &'a Sample,
    terms: Vec<Terms<'a>>,
    /// `ln L_ik`, by kind and row.
    ln: Vec<Vec<f64>>,
    /// `ln Σ π_j L_ij` over the kinds j ≠ k, by row.
    others: Vec<f64>,
    /// Weight of a row times `π_ik`.
    weights: Vec<f64>,
}

impl<'a> Work<'a> {
    fn new(
        sample: &'a Sample,
        mixture: &Mixture,
        pace: &Pace,
        context: &Context<'a>,
    ) -> Result<Self> {
        let n = sample.rows.len();
        let mut work = Self {
            sample,
            terms: room(mixture.kinds.len(), "sample")?,
            ln: room(mixture.kinds.len(), "sample")?,
            others: filled(n, 0.0, "sample")?,
            weights: filled(n, 0.0, "sample")?,
        };
        for (k, (_, at)) in mixture.kinds.iter().enumerate() {
            let mut terms = Terms::new(sample, mixture.family, pace.fineness, context)?;
            terms.fill(at)?;
            push(&mut work.terms, terms, "sample")?;
            push(&mut work.ln, filled(n, 0.0, "sample")?, "sample")?;
            work.score(k, at);
        }
        Ok(work)
    }

    /// One round of kind `k`, with the other kinds fixed.
    fn improve(
        &mut self,
        kinds: &mut [(f64, Point)],
        k: usize,
        pace: &Pace,
        stride: f64,
    ) -> Result<()> {
        let ln_shares = ln_shares(kinds);
        let ln_share = ln_shares[k];
        for row in 0..self.others.len() {
            self.others[row] = self.ln_others(&ln_shares, row, k);
        }
        let at = &mut kinds[k].1;
        // w_kc by EM, with rows weighed by π_ik.
        for _ in 0..EM_STEPS {
            for (row, weight) in self.weights.iter_mut().enumerate() {
                let own = ln_share + self.ln[k][row];
                *weight =
                    self.sample.rows[row].weight * libm::exp(own - ln_sum(own, self.others[row]));
            }
            at.weights = self.terms[k].reweigh_by(at, |row| self.weights[row]);
            self.score(k, at);
        }
        let (rows, others, terms) = (&self.sample.rows, &self.others, &mut self.terms[k]);
        // Σ_i ln (π_k L_ik + the other kinds), with the prior.
        let value = |terms: &Terms<'_>, at: &Point| {
            let mut sum = at.prior();
            terms.each(at, |row, ln| {
                sum += rows[row].weight * ln_sum(others[row], ln_share + ln)
            });
            sum
        };
        let from = *at;
        at.dropout = simplex(
            from.dropout,
            [0.5 * pace.reach, 0.7 * pace.reach],
            (EVALUATIONS[0], pace.rise[0]),
            |dropout| Ok(value(terms, &from.with_dropout(dropout))),
        )?;
        // Rows of which this kind explains nothing keep their values while the population is searched.
        let own = &self.ln[k];
        let counts = |row: usize| ln_share + own[row] > others[row] - NOTHING;
        let from = *at;
        at.population = simplex(
            from.population,
            [stride, stride],
            (EVALUATIONS[1], pace.rise[0]),
            |population| {
                let point = from.with_population(population);
                terms.fill_where(&point, counts)?;
                Ok(value(terms, &point))
            },
        )?;
        terms.fill(at)?;
        self.score(k, at);
        Ok(())
    }

    fn score(&mut self, k: usize, at: &Point) {
        let ln = &mut self.ln[k];
        self.terms[k].each(at, |row, value| ln[row] = value);
    }

    /// `ln Σ_j π_j L_ij` over the kinds j ≠ `without`.
    fn ln_others(&self, ln_shares: &[f64; KINDS], row: usize, without: usize) -> f64 {
        let mut sum = f64::NEG_INFINITY;
        for (k, ln) in self.ln.iter().enumerate() {
            if k != without {
                sum = ln_sum(sum, ln_shares[k] + ln[row]);
            }
        }
        sum
    }

    /// One EM step of the shares.
    fn reshare(&self, kinds: &mut [(f64, Point)]) {
        let ln_shares = ln_shares(kinds);
        let mut sums = [PRIOR_CUSTOMERS; KINDS];
        for (row, alike) in self.sample.rows.iter().enumerate() {
            let all = self.ln_others(&ln_shares, row, KINDS);
            for ((sum, ln), ln_share) in sums.iter_mut().zip(&self.ln).zip(ln_shares) {
                *sum += alike.weight * libm::exp(ln_share + ln[row] - all);
            }
        }
        let total: f64 = sums[..kinds.len()].iter().sum();
        for (kind, sum) in kinds.iter_mut().zip(sums) {
            kind.0 = sum / total;
        }
    }

    /// The log-likelihood with the priors of the parameters and of the shares.
    fn value(&self, kinds: &[(f64, Point)]) -> f64 {
        let ln_shares = ln_shares(kinds);
        let mut sum = 0.0;
        for (row, alike) in self.sample.rows.iter().enumerate() {
            sum += alike.weight * self.ln_others(&ln_shares, row, KINDS);
        }
        for (k, (_, at)) in kinds.iter().enumerate() {
            sum += at.prior() + PRIOR_CUSTOMERS * ln_shares[k];
        }
        sum
    }
}

/// `ln (e^a + e^b)`.
fn ln_sum(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    match low == f64::NEG_INFINITY {
        true => high,
        false => high + libm::log1p(libm::exp(low - high)),
    }
}
