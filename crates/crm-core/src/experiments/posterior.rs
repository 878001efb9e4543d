//! Posteriors of a rate or of a mean, the probability that a variant is the best, and its expected loss.
//!
//! ```text
//! rate of x in n, prior Beta(1, 1)        Beta(1 + x, 1 + n − x)
//! mean m, variance of the mean V          m + √V t_ν: the limit of the normal-inverse-gamma posterior
//!                                         for a vague prior
//! P(i is best) = ∫ f_i(x) Π_{j ≠ i} F_j(x) dx
//! loss of i    = E max(0, max_j θ_j − θ_i) = ∫ F_i(x) (1 − Π_{j ≠ i} F_j(x)) dx
//! ```
//!
//! The integrals are trapezoidal sums over `x = 1/(1 + e^−y)` for rates and `x = m + √V sinh y` for means,
//! in which the integrands fall exponentially, so that the sums are exact to about twelve digits.

use crate::num::incomplete::beta;
use crate::num::special::{ln_beta, sigmoid, softplus};
use crate::num::student;
use libm::{asinh, cosh, exp, sinh, sqrt};

/// What is known of the rate or mean of a variant.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub enum Posterior {
    /// Beta(a, b).
    Beta {
        /// Successes + 1.
        a: f64,
        /// Failures + 1.
        b: f64,
    },
    /// `location + scale · t` with `df` degrees of freedom.
    Student {
        /// The mean.
        location: f64,
        /// The standard error, above 0.
        scale: f64,
        /// Degrees of freedom, above 1.
        df: f64,
    },
}

/// Nodes of a sum at most: where it would need more, the posteriors hardly overlap.
const NODES: f64 = 40_000.0;

/// The line over which posteriors are integrated: nodes `y`, `x(y)` and `dx/dy`.
struct Grid {
    from: f64,
    step: f64,
    nodes: u32,
    /// Location and scale of means; of rates, none.
    scale: Option<(f64, f64)>,
}

impl Posterior {
    /// The posterior of a rate.
    pub fn of_rate(hits: u64, trials: u64) -> Self {
        Posterior::Beta {
            a: hits as f64 + 1.0,
            b: (trials - hits) as f64 + 1.0,
        }
    }

    /// The expected value.
    pub fn mean(&self) -> f64 {
        match *self {
            Posterior::Beta { a, b } => a / (a + b),
            Posterior::Student { location, .. } => location,
        }
    }

    /// The distribution function.
    pub fn cdf(&self, x: f64) -> f64 {
        match *self {
            Posterior::Beta { a, b } => beta(a, b, x, 1.0 - x),
            Posterior::Student {
                location,
                scale,
                df,
            } => student::cdf((x - location) / scale, df),
        }
    }

    /// The centre in y, the spread about it and how fast the density falls left and right.
    fn shape(&self, grid: Option<(f64, f64)>) -> (f64, f64, f64, f64) {
        match *self {
            Posterior::Beta { a, b } => (
                libm::log(a / b),
                sqrt(1.0 / a + 1.0 / b),
                45.0 / a,
                45.0 / b,
            ),
            Posterior::Student {
                location,
                scale,
                df,
            } => {
                let (m, s) = grid.unwrap_or((location, scale));
                let y = asinh((location - m) / s);
                // dx/dy = s cosh y
                (y, scale / (s * cosh(y)), 45.0 / df, 45.0 / df)
            }
        }
    }

    fn grid(&self, all: &[Posterior]) -> Grid {
        let scale = match *self {
            Posterior::Beta { .. } => None,
            Posterior::Student {
                location, scale, ..
            } => Some((location, scale)),
        };
        let (mut from, mut to, mut finest) = (f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY);
        for one in all {
            let (centre, spread, left, right) = one.shape(scale);
            from = from.min(centre - 10.0 * spread - left);
            to = to.max(centre + 10.0 * spread + right);
            finest = finest.min(spread);
        }
        let step = (finest / 4.0).min(0.125).max((to - from) / NODES);
        Grid {
            from,
            step,
            nodes: libm::ceil((to - from) / step) as u32,
            scale,
        }
    }

    /// `f(x) dx/dy` at a node.
    fn density(&self, grid: &Grid, y: f64) -> f64 {
        match *self {
            // x^(a−1) (1 − x)^(b−1) / B(a, b) · x (1 − x), ln x = −softplus(−y), ln(1 − x) = −softplus(y)
            Posterior::Beta { a, b } => exp(-a * softplus(-y) - b * softplus(y) - ln_beta(a, b)),
            Posterior::Student {
                location,
                scale,
                df,
            } => {
                let (x, slope) = grid.at(y);
                student::density((x - location) / scale, df) / scale * slope
            }
        }
    }

    /// The distribution function at a node.
    fn below(&self, grid: &Grid, y: f64) -> f64 {
        match *self {
            Posterior::Beta { a, b } => beta(a, b, sigmoid(y), sigmoid(-y)),
            Posterior::Student { .. } => self.cdf(grid.at(y).0),
        }
    }
}

impl Grid {
    /// `x` and `dx/dy`.
    fn at(&self, y: f64) -> (f64, f64) {
        match self.scale {
            Some((m, s)) => (m + s * sinh(y), s * cosh(y)),
            None => (sigmoid(y), sigmoid(y) * sigmoid(-y)),
        }
    }

    fn sum(&self, f: impl Fn(f64) -> f64) -> f64 {
        let nodes = (0..=self.nodes).map(|i| f(self.from + f64::from(i) * self.step));
        nodes.sum::<f64>() * self.step
    }
}

/// The probability that each is the greatest.
///
/// ```
/// use crm_core::experiments::posterior::{Posterior, probability_best};
/// let none = Posterior::of_rate(0, 10);
/// let one = Posterior::of_rate(1, 10);
/// let best = probability_best(&[none, one]);
/// assert!((best[1] - 16.0 / 21.0).abs() < 1e-12);
/// ```
pub fn probability_best(all: &[Posterior]) -> Vec<f64> {
    let of = |i: usize| {
        let grid = all[i].grid(all);
        let p =
            grid.sum(|y| all[i].density(&grid, y) * others(all, i, |other| other.below(&grid, y)));
        p.clamp(0.0, 1.0)
    };
    (0..all.len()).map(of).collect()
}

/// The loss that is expected from choosing each: how much the best is above it on average.
pub fn expected_loss(all: &[Posterior]) -> Vec<f64> {
    let of = |i: usize| {
        let grid = all[i].grid(all);
        grid.sum(|y| {
            let best = others(all, i, |other| other.below(&grid, y));
            all[i].below(&grid, y) * (1.0 - best) * grid.at(y).1
        })
    };
    (0..all.len()).map(of).collect()
}

fn others(all: &[Posterior], i: usize, of: impl Fn(&Posterior) -> f64) -> f64 {
    let others = all.iter().enumerate().filter(|(j, _)| *j != i);
    others.map(|(_, other)| of(other)).product()
}

/// How a variant is compared with the control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Contrast {
    /// `variant − control`.
    Difference,
    /// `variant / control`, of a control that is above 0.
    Ratio,
}

/// The middle `level` of the posterior of a contrast.
pub fn interval(
    control: Posterior,
    variant: Posterior,
    contrast: Contrast,
    level: f64,
) -> (f64, f64) {
    let grid = control.grid(&[control]);
    let densities: Vec<(f64, f64)> = (0..=grid.nodes)
        .map(|i| {
            let y = grid.from + f64::from(i) * grid.step;
            (grid.at(y).0, control.density(&grid, y) * grid.step)
        })
        .filter(|(_, weight)| *weight > 1e-18)
        .collect();
    // P(variant ≤ control + c) or P(variant ≤ c control)
    let below = |c: f64| -> f64 {
        let parts = densities.iter().map(|(x, weight)| {
            let at = match contrast {
                Contrast::Difference => x + c,
                Contrast::Ratio => x * c,
            };
            weight * variant.cdf(at.clamp(range(&variant).0, range(&variant).1))
        });
        parts.sum()
    };
    let (m_c, m_v) = (control.mean(), variant.mean());
    let start = match contrast {
        Contrast::Difference => m_v - m_c,
        Contrast::Ratio => m_v / m_c,
    };
    let tail = 0.5 - 0.5 * level;
    (solve(&below, start, tail), solve(&below, start, 1.0 - tail))
}

fn range(of: &Posterior) -> (f64, f64) {
    match of {
        Posterior::Beta { .. } => (0.0, 1.0),
        Posterior::Student { .. } => (f64::MIN, f64::MAX),
    }
}

/// Where a rising function reaches `p`, from a start near it.
fn solve(rising: &dyn Fn(f64) -> f64, start: f64, p: f64) -> f64 {
    let mut width = start.abs().max(1e-9);
    let (mut low, mut high) = (start - width, start + width);
    while rising(low) > p && width < 1e300 {
        width *= 2.0;
        low = start - width;
    }
    while rising(high) < p && width < 1e300 {
        width *= 2.0;
        high = start + width;
    }
    for _ in 0..64 {
        let middle = 0.5 * (low + high);
        if rising(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::rng::Rng;

    const A: (u64, u64) = (200, 5000);
    const B: (u64, u64) = (242, 5000);

    /// `P(B > A) = Σ_{i < a_B} B(a_A + i, b_A + b_B) / ((b_B + i) B(1 + i, b_B) B(a_A, b_A))` (Miller 2015).
    fn by_sum(control: (u64, u64), variant: (u64, u64)) -> f64 {
        let (a, b) = (control.0 as f64 + 1.0, (control.1 - control.0) as f64 + 1.0);
        let c = (variant.1 - variant.0) as f64 + 1.0;
        let term = |i: u64| {
            let i = i as f64;
            exp(ln_beta(a + i, b + c) - ln_beta(1.0 + i, c) - ln_beta(a, b)) / (c + i)
        };
        (0..=variant.0).map(term).sum()
    }

    #[test]
    fn two_rates_as_the_sum_in_closed_form() {
        for (a, b) in [
            (A, B),
            ((0, 10), (1, 10)),
            ((7, 9), (3, 40)),
            ((1, 2), (900, 1000)),
        ] {
            let all = [Posterior::of_rate(a.0, a.1), Posterior::of_rate(b.0, b.1)];
            let best = probability_best(&all);
            assert!(
                (best[1] - by_sum(a, b)).abs() < 1e-11,
                "{a:?} {b:?} {best:?}"
            );
            assert!((best[0] + best[1] - 1.0).abs() < 1e-11);
        }
        let all = [Posterior::of_rate(A.0, A.1), Posterior::of_rate(B.0, B.1)];
        // The sum with 60 decimal digits.
        assert!((probability_best(&all)[1] - 0.979_439_555_208_128).abs() < 1e-11);
        let loss = expected_loss(&all);
        assert!(
            (loss[1] / 3.121_414_292_646_5e-5 - 1.0).abs() < 1e-11,
            "{loss:?}"
        );
        // E max(0, d) − E max(0, −d) = E d
        let d = all[1].mean() - all[0].mean();
        assert!((loss[0] - loss[1] - d).abs() < 1e-13);
    }

    /// A second computation: draws of three posteriors.
    #[test]
    fn three_variants_as_draws_have_them() {
        let all = [
            Posterior::Student {
                location: 10.0,
                scale: 0.3,
                df: 12.0,
            },
            Posterior::Student {
                location: 10.2,
                scale: 0.2,
                df: 90.0,
            },
            Posterior::Student {
                location: 9.9,
                scale: 0.5,
                df: 5.0,
            },
        ];
        let (best, loss) = (probability_best(&all), expected_loss(&all));
        assert!((best.iter().sum::<f64>() - 1.0).abs() < 1e-10, "{best:?}");
        let mut rng = Rng::new(3);
        let (mut won, mut lost, n) = ([0.0; 3], [0.0; 3], 200_000);
        for _ in 0..n {
            let draws = all.map(|one| match one {
                Posterior::Student {
                    location,
                    scale,
                    df,
                } => location + scale * rng.normal() / sqrt(rng.gamma(0.5 * df) * 2.0 / df),
                Posterior::Beta { a, b } => rng.beta(a, b),
            });
            let top = draws.iter().copied().fold(f64::MIN, f64::max);
            for i in 0..3 {
                won[i] += f64::from(u8::from(draws[i] == top)) / f64::from(n);
                lost[i] += (top - draws[i]) / f64::from(n);
            }
        }
        for i in 0..3 {
            assert!((best[i] - won[i]).abs() < 0.005, "{best:?} {won:?}");
            assert!((loss[i] - lost[i]).abs() < 0.005, "{loss:?} {lost:?}");
        }
    }

    #[test]
    fn intervals_hold_their_share() {
        let (a, b) = (Posterior::of_rate(A.0, A.1), Posterior::of_rate(B.0, B.1));
        let (low, high) = interval(a, b, Contrast::Difference, 0.95);
        // Close to Newcombe's at this size.
        assert!(
            (low - 0.000_335).abs() < 3e-5 && (high - 0.016_5).abs() < 3e-5,
            "{low} {high}"
        );
        let (low, high) = interval(a, b, Contrast::Ratio, 0.95);
        assert!(
            (low - 1.007_5).abs() < 2e-3 && (high - 1.453).abs() < 5e-3,
            "{low} {high}"
        );
        // P(variant ≤ control + c) = tail at the ends, by the other order of integration.
        let one = Posterior::Student {
            location: 3.0,
            scale: 0.4,
            df: 9.0,
        };
        let (low, high) = interval(one, one, Contrast::Difference, 0.8);
        assert!((low + high).abs() < 1e-9);
    }
}
