//! Points of the posterior of the shop's parameters, for shops with few gaps.
//!
//! # Definition
//!
//! The posterior of `z = (ln typical gap, ln spread, logit dropout)` is the likelihood of
//! [`fit`](super::fit) times its priors; the class weights follow by a few EM steps, and `a + b` is
//! fixed. Means over it are computed by adaptive Gauss-Hermite quadrature: with mean `m` and
//! covariance `LLᵀ` of z, and the standard normal's nodes `x` with weights `ω`,
//!
//! ```text
//! z_x = m + L x        W_x ∝ ω_x · posterior(z_x) · exp(½ |x|²)
//! ```
//!
//! where m and L come from the points of the last round, in the first round from the curvature at
//! the maximum. The 5 nodes of the typical gap times 3 of the spread are [`PosteriorPoint`]s. The 3
//! nodes of the dropout are merged in each point without loss, because `q + (1 − q) S(u)` is linear
//! in the probability q of leaving.
//!
//! If the uncertainty would widen the distribution of a customer without a gap by less than about 1
//! %, it is negligible and there are no points. This is so from about a hundred returning customers
//! on (never below thirty), and later in a young shop, where slow customers cannot be distinguished
//! from customers who have left.
//!
//! The family and the scales of products are treated as known.
//!
//! # References
//!
//! - Naylor, J. C., Smith, A. F. M. (1982). Applications of a method for the efficient computation of
//!   posterior distributions. *Applied Statistics* 31, 214-225.
//! - Laird, N. M., Louis, T. A. (1987). Empirical Bayes confidence intervals based on bootstrap
//!   samples. *JASA* 82, 739-750: intervals that treat the parameters as known are too narrow.

use super::gap_params::{CLASSES, FINE, Family, PosteriorPoint, VARIATION};
use super::likelihood::{Point, Terms};
use super::subsample::Sample;
use crate::context::{Context, room};
use crate::error::{Error, Result};
use crate::num::Probability;
use crate::num::optimize::{eigen, lower_root};

/// Nodes and weights of the standard normal: five, and three.
const FIVE: [(f64, f64); 5] = [
    (-2.856_970_013_872_806, 0.011_257_411_327_720_7),
    (-1.355_626_179_974_266, 0.222_075_922_005_612_6),
    (0.0, 0.533_333_333_333_333_3),
    (1.355_626_179_974_266, 0.222_075_922_005_612_6),
    (2.856_970_013_872_806, 0.011_257_411_327_720_7),
];
const THREE: [(f64, f64); 3] = [
    (-1.732_050_807_568_877_2, 1.0 / 6.0),
    (0.0, 2.0 / 3.0),
    (1.732_050_807_568_877_2, 1.0 / 6.0),
];

/// Rounds of the quadrature.
const ROUNDS: usize = 4;
/// Steps of the differences for the curvature.
const STEPS: [f64; 3] = [0.1, 0.1, 0.2];
/// EM steps of the class weights at a point.
const EM_STEPS: usize = 5;
/// The parameters are treated as known if their variance is below this share of the variance of a
/// new customer's log gap.
const NEGLIGIBLE_SHARE: f64 = 0.02;
/// With fewer returning customers than this the parameters are never treated as known, because the
/// curvature at the maximum is unreliable.
const MIN_RETURNERS: usize = 30;
/// The least precision of a direction: about the precision of the priors.
const LEAST_PRECISION: f64 = 0.25;
/// Points with a weight below this are left out.
const MIN_WEIGHT: f64 = 1e-4;

type Vector = [f64; 3];
type Matrix = [Vector; 3];

/// The points around the maximum `at`; empty if the parameters are treated as known, which for a
/// large sample is decided by the `pilot`, some of its customers.
pub(super) fn posterior(
    sample: &Sample,
    pilot: Option<&Sample>,
    family: Family,
    at: &Point,
    context: &Context,
) -> Result<Vec<PosteriorPoint>> {
    if !sane(at, family) {
        return Ok(Vec::new());
    }
    let mut mean = [at.population[0], at.population[1], at.dropout[0]];
    if let Some(few) = pilot {
        let more = sample.more_than(few);
        let precision = Density::new(few, family, at, context)?.precision(mean)?;
        if known(
            &inverse(precision.map(|row| row.map(|p| more * p))),
            sample,
            at,
        ) {
            return Ok(Vec::new());
        }
    }
    let mut density = Density::new(sample, family, at, context)?;
    let mut covariance = inverse(density.precision(mean)?);
    if known(&covariance, sample, at) {
        return Ok(Vec::new());
    }
    let mut nodes = Vec::new();
    for _ in 0..ROUNDS {
        nodes = density.nodes(mean, &covariance)?;
        (mean, covariance) = moments(&nodes, &covariance);
    }
    points(&nodes, at, family)
}

/// A node of the typical gap and the spread.
struct Node {
    weights: [f64; CLASSES],
    z: [f64; 2],
    /// For the three nodes of the dropout, position and weight.
    dropout: [(f64, f64); 3],
}

/// The log posterior, up to a constant.
struct Density<'a> {
    terms: Terms<'a>,
    family: Family,
    at: Point,
}

impl<'a> Density<'a> {
    fn new(sample: &'a Sample, family: Family, at: &Point, context: &Context<'a>) -> Result<Self> {
        Ok(Self {
            terms: Terms::new(sample, family, 0.5 * FINE, context)?,
            family,
            at: *at,
        })
    }

    /// The log posterior at a typical gap and a spread with each of three dropouts, and the class
    /// weights there.
    fn at(&mut self, z: [f64; 2], dropouts: Vector) -> Result<(Vector, [f64; CLASSES])> {
        let mut point = Point {
            population: z,
            dropout: [dropouts[1], self.at.dropout[1]],
            ..self.at
        };
        if !sane(&point, self.family) {
            return Ok(([f64::NEG_INFINITY; 3], point.weights));
        }
        self.terms.fill(&point)?;
        for _ in 0..EM_STEPS {
            point.weights = self.terms.reweigh(&point);
        }
        let values = dropouts.map(|dropout| {
            point.dropout[0] = dropout;
            let value = self.terms.likelihood(&point) + point.prior();
            if value.is_nan() {
                f64::NEG_INFINITY
            } else {
                value
            }
        });
        Ok((values, point.weights))
    }

    /// Minus the second derivatives, by central differences.
    fn precision(&mut self, z: Vector) -> Result<Matrix> {
        let [a, b, c] = STEPS;
        let dropouts = [z[2] - c, z[2], z[2] + c];
        let mut value = |i: f64, j: f64| -> Result<Vector> {
            Ok(self.at([z[0] + i * a, z[1] + j * b], dropouts)?.0)
        };
        let middle = value(0.0, 0.0)?;
        let (left, right) = (value(-1.0, 0.0)?, value(1.0, 0.0)?);
        let (below, above) = (value(0.0, -1.0)?, value(0.0, 1.0)?);
        let (low, high) = (value(-1.0, -1.0)?, value(1.0, 1.0)?);
        // −∂²ℓ/∂z_a² = (2 ℓ(z) − ℓ(z − h) − ℓ(z + h)) / h²
        let own = |low: f64, high: f64, step: f64| (2.0 * middle[1] - low - high) / (step * step);
        // −∂²ℓ/∂z_a∂z_3, by the four corners
        let with_dropout = |low: Vector, high: Vector, step: f64| {
            -(high[2] - high[0] - low[2] + low[0]) / (4.0 * step * c)
        };
        // −∂²ℓ/∂z_1∂z_2, by the two corners of one diagonal
        let both = -(high[1] + low[1] - left[1] - right[1] - below[1] - above[1] + 2.0 * middle[1])
            / (2.0 * a * b);
        let (first, second) = (with_dropout(left, right, a), with_dropout(below, above, b));
        Ok([
            [own(left[1], right[1], a), both, first],
            [both, own(below[1], above[1], b), second],
            [first, second, own(middle[0], middle[2], c)],
        ])
    }

    /// The nodes `z = m + L x` for this mean and covariance, with weights that add up to 1.
    fn nodes(&mut self, mean: Vector, covariance: &Matrix) -> Result<Vec<Node>> {
        let l = lower_root(covariance);
        let mut nodes = room(FIVE.len() * THREE.len(), "posterior")?;
        let mut best = f64::NEG_INFINITY;
        for (x, x_weight) in FIVE {
            for (y, y_weight) in THREE {
                // z_x = m + L x
                let z = [mean[0] + l[0][0] * x, mean[1] + l[1][0] * x + l[1][1] * y];
                let dropouts =
                    THREE.map(|(t, _)| mean[2] + l[2][0] * x + l[2][1] * y + l[2][2] * t);
                let (values, weights) = self.at(z, dropouts)?;
                let mut dropout = [(0.0, 0.0); 3];
                for (k, (t, t_weight)) in THREE.into_iter().enumerate() {
                    let ln = values[k]
                        // ln W = ln posterior(z_x) + ½ |x|² + ln ω_x
                        + 0.5 * (x * x + y * y + t * t)
                        + libm::log(x_weight * y_weight * t_weight);
                    dropout[k] = (dropouts[k], ln);
                    best = best.max(ln);
                }
                nodes.push(Node {
                    weights,
                    z,
                    dropout,
                });
            }
        }
        let mut total = 0.0;
        for (_, weight) in nodes
            .iter_mut()
            .flat_map(|node: &mut Node| &mut node.dropout)
        {
            *weight = libm::exp(*weight - best);
            total += *weight;
        }
        for (_, weight) in nodes.iter_mut().flat_map(|node| &mut node.dropout) {
            *weight /= total;
        }
        Ok(nodes)
    }
}

/// Whether the parameters are in range.
fn sane(point: &Point, family: Family) -> bool {
    point
        .params(family)
        .is_ok_and(|params| params.sane().is_ok())
}

/// Whether the uncertainty of the parameters is negligible compared with the variance of a new
/// customer's log gap, `spread² + Σ w ln(1 + v²)`.
fn known(covariance: &Matrix, sample: &Sample, at: &Point) -> bool {
    // Between customers, and within one customer: σ² = ln(1 + v²) of class v.
    let spread = libm::exp(2.0 * at.population[1]);
    let within = at.weights.iter().zip(VARIATION);
    let within: f64 = within.map(|(w, v)| w * libm::log1p(v * v)).sum();
    sample.returned >= MIN_RETURNERS && covariance[0][0] < NEGLIGIBLE_SHARE * (spread + within)
}

/// Mean and covariance of the nodes. No standard deviation changes by more than a factor of two
/// from the last round, so that a single node with a large weight does not make it collapse.
fn moments(nodes: &[Node], before: &Matrix) -> (Vector, Matrix) {
    let all = || {
        nodes.iter().flat_map(|node| {
            let at = |&(dropout, weight): &(f64, f64)| ([node.z[0], node.z[1], dropout], weight);
            node.dropout.iter().map(at)
        })
    };
    // m = Σ W z
    let mut mean = [0.0; 3];
    for (z, weight) in all() {
        for k in 0..3 {
            mean[k] += weight * z[k];
        }
    }
    // C = Σ W (z − m)(z − m)ᵀ
    let mut covariance = [[0.0; 3]; 3];
    for (z, weight) in all() {
        for i in 0..3 {
            for j in 0..3 {
                covariance[i][j] += weight * (z[i] - mean[i]) * (z[j] - mean[j]);
            }
        }
    }
    let stretch: Vector = std::array::from_fn(|k| {
        let variance = covariance[k][k].clamp(0.25 * before[k][k], 4.0 * before[k][k]);
        libm::sqrt(variance / covariance[k][k].max(f64::MIN_POSITIVE))
    });
    for i in 0..3 {
        for j in 0..3 {
            covariance[i][j] *= stretch[i] * stretch[j];
        }
    }
    (mean, covariance)
}

/// The inverse of a precision matrix; eigenvalues are at least [`LEAST_PRECISION`], the precision
/// of the priors.
fn inverse(precision: Matrix) -> Matrix {
    // V diag(1/λ) Vᵀ
    let (values, vectors) = eigen(precision);
    std::array::from_fn(|i| {
        std::array::from_fn(|j| {
            (0..3)
                .map(|k| vectors[i][k] * vectors[j][k] / values[k].max(LEAST_PRECISION))
                .sum()
        })
    })
}

/// The nodes as parameters, without nodes of negligible weight.
fn points(nodes: &[Node], at: &Point, family: Family) -> Result<Vec<PosteriorPoint>> {
    let weight = |node: &Node| node.dropout.iter().map(|(_, weight)| weight).sum::<f64>();
    let heavy = || nodes.iter().filter(|node| weight(node) > MIN_WEIGHT);
    let total: f64 = heavy().map(weight).sum();
    let mut points = room(nodes.len(), "posterior")?;
    for node in heavy() {
        // The distribution is linear in the probability of leaving, so its mean is enough.
        let chance = |logit: f64| 1.0 / (1.0 + libm::exp(-logit));
        let mean = node.dropout.iter().map(|&(logit, w)| w * chance(logit));
        let mean = mean.sum::<f64>() / weight(node);
        let params = Point {
            population: node.z,
            weights: node.weights,
            dropout: [libm::log(mean / (1.0 - mean)), at.dropout[1]],
        }
        .params(family)?;
        points.push(PosteriorPoint {
            weight: Probability::new((weight(node) / total).min(1.0))
                .ok_or_else(|| Error::internal("weight of a node"))?,
            typical_gap: params.typical_gap,
            spread: params.spread,
            class_weights: params.class_weights,
            dropout: params.dropout,
        });
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cycle::fit::{self, Options};
    use crate::cycle::gap_model::{History, Model, Params};
    use crate::cycle::gap_model_at::{GapModelAt, SLOTS};
    use crate::cycle::log_gap_table::Tables;
    use crate::num::rng::Rng;

    /// Simulated customers with their own scale: completed gaps, and days since the last order.
    fn shop(customers: u64, seed: u64) -> (Vec<History>, Vec<u32>) {
        let customers = (0..customers).map(|k| {
            let mut rng = Rng::stream(seed, k);
            let pace = 30.0 * libm::exp(0.6 * rng.normal());
            let gap = |rng: &mut Rng| (pace * libm::exp(0.5 * rng.normal())).max(1.0) as u32;
            let gaps: Vec<u32> = (0..rng.below(3)).map(|_| gap(&mut rng)).collect();
            (History::new(&gaps), gap(&mut rng) / 2)
        });
        customers.unzip()
    }

    /// Means of the posterior by a dense grid: of ln typical gap and its square, of the probability
    /// of leaving, and of `(1 − probability)·S(x)` of a new customer.
    fn dense(density: &mut Density<'_>, around: Vector, days: [f64; 4]) -> [f64; 7] {
        let mut wanted = [false; SLOTS];
        wanted[0] = true;
        let chance = |logit: f64| 1.0 / (1.0 + libm::exp(-logit));
        let (mut total, mut sums) = (0.0, [0.0; 7]);
        let mut top = f64::NEG_INFINITY;
        for i in -26..=26 {
            for j in -7..=7 {
                let z = [
                    around[0] + 0.25 * f64::from(i),
                    around[1] + 0.5 * f64::from(j),
                ];
                let mut kept = None;
                for k in -6..=6 {
                    let middle = around[2] + 0.9 * f64::from(k);
                    let dropouts = [middle - 0.3, middle, middle + 0.3];
                    let (values, weights) = density.at(z, dropouts).unwrap();
                    let survival = kept.get_or_insert_with(|| {
                        let mut tables = Tables::default();
                        let point = Point {
                            population: z,
                            weights,
                            ..density.at
                        };
                        let params = point.params(density.family).unwrap();
                        let model = GapModelAt::new(&params, &wanted, FINE, &mut tables).unwrap();
                        let (_, locations) = model.evidence(&History::default());
                        days.map(|x| {
                            let of = |c: usize| {
                                let u = libm::log(x) - locations[c];
                                weights[c] * model.class_survival(&tables, c, 0, u)
                            };
                            (0..CLASSES).map(of).sum::<f64>()
                        })
                    });
                    for (dropout, value) in dropouts.into_iter().zip(values) {
                        if value > top {
                            // Rescales all sums to the new maximum.
                            let scale = libm::exp(top - value);
                            total *= scale;
                            sums = sums.map(|sum| sum * scale);
                            top = value;
                        }
                        let weight = libm::exp(value - top);
                        let stay = 1.0 - chance(dropout);
                        let [a, b, c, d] = survival.map(|s| stay * s);
                        let of = [z[0], z[0] * z[0], chance(dropout), a, b, c, d];
                        total += weight;
                        for (sum, of) in sums.iter_mut().zip(of) {
                            *sum += weight * of;
                        }
                    }
                }
            }
        }
        sums.map(|sum| sum / total)
    }

    #[test]
    fn the_points_are_those_of_a_dense_grid() {
        points_are_those_of_a_dense_grid(3, 1, 0.08, &[Family::Gamma]);
        points_are_those_of_a_dense_grid(12, 5, 0.006, &[Family::LogNormal]);
    }

    #[test]
    #[ignore = "a minute; make evidence runs it"]
    fn the_points_are_those_of_a_dense_grid_in_the_other_family() {
        points_are_those_of_a_dense_grid(3, 1, 0.08, &[Family::LogNormal]);
        points_are_those_of_a_dense_grid(12, 5, 0.006, &[Family::Gamma]);
    }

    fn points_are_those_of_a_dense_grid(
        customers: u64,
        seed: u64,
        close: f64,
        families: &[Family],
    ) {
        let (histories, open) = shop(customers, seed);
        for family in families.iter().copied() {
            let only = Options {
                family: Some(family),
                ..Options::default()
            };
            let params = fit::fit(&histories, &open, &only, &Context::default())
                .unwrap()
                .params;
            let of = |f: &dyn Fn(&PosteriorPoint) -> f64| -> f64 {
                let points = params.posterior.iter();
                points.map(|point| point.weight.get() * f(point)).sum()
            };
            let total = params.dropout.a.get() + params.dropout.b.get();
            let at = Point {
                population: [
                    libm::log(params.typical_gap.get()),
                    libm::log(params.spread.get()),
                ],
                weights: params.class_weights.map(|w| w.get()),
                dropout: [
                    libm::log(params.dropout.a.get() / params.dropout.b.get()),
                    libm::log(total),
                ],
            };
            let sample = Sample::new(&histories, &open, 100).unwrap();
            let mut density = Density::new(&sample, family, &at, &Context::default()).unwrap();
            let days = [5.0, 20.0, 60.0, 200.0];
            let around = [at.population[0], at.population[1], at.dropout[0]];
            let slow = dense(&mut density, around, days);
            let typical = |point: &PosteriorPoint| libm::log(point.typical_gap.get());
            let mean = of(&typical);
            let spread = |square: f64, mean: f64| (square - mean * mean).sqrt();
            let deviation = spread(of(&|point| typical(point).powi(2)), mean);
            let slow_deviation = spread(slow[1], slow[0]);
            assert!(
                (mean - slow[0]).abs() < 0.2 * slow_deviation,
                "{mean} {slow:?}"
            );
            let ratio = deviation / slow_deviation;
            assert!(
                (0.88..1.12).contains(&ratio),
                "{deviation} {slow_deviation}"
            );
            let chance = of(&|point| point.dropout.chance(0));
            assert!((chance - slow[2]).abs() < 0.02, "{chance} {slow:?}");
            let model = Model::new(&params, [0].into_iter()).unwrap();
            let distribution = model.customer(&History::default());
            for (x, slow) in days.into_iter().zip(&slow[3..]) {
                let ours = (1.0 - distribution.leave()) * distribution.survival(x);
                assert!((ours - slow).abs() < close, "{x}: {ours} {slow}");
            }
        }
    }

    #[test]
    fn a_shop_of_many_gaps_is_known() {
        let (histories, open) = shop(2_000, 7);
        let params: Params = fit::fit(&histories, &open, &Options::default(), &Context::default())
            .unwrap()
            .params;
        assert!(params.posterior.is_empty());
    }
}
