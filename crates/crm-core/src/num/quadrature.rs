//! Integrals that have no closed form worth trusting.
//!
//! Two rules, both with positive weights, so that a positive integrand never cancels:
//!
//! - [`Panels`]: Gauss–Legendre on panels that double in length, for integrands on `[0, H]` whose
//!   scale grows with the distance from 0 (discounted values over a horizon);
//! - [`line`]: the trapezoidal rule on the whole line, which for an integrand analytic in a strip
//!   of half-width `w` is wrong by `e^(−2πw/h)` only (Trefethen, Weideman 2014). An integral over a
//!   half-line or over (0, 1) becomes one by `v = e^y` or by the logit. Tails that have become
//!   pure exponentials are summed as geometric series, so a tail of weight `e^(0.001 y)` costs
//!   nothing.

use libm::{cos, fabs};

/// A Gauss–Legendre rule of 16 points.
#[derive(Debug, Clone)]
pub struct Panels {
    node: [f64; 16],
    weight: [f64; 16],
}

impl Default for Panels {
    fn default() -> Self {
        Self::new()
    }
}

impl Panels {
    /// Computes the nodes on [−1, 1] by Newton's method on the Legendre polynomial.
    pub fn new() -> Self {
        const N: usize = 16;
        let mut rule = Self {
            node: [0.0; N],
            weight: [0.0; N],
        };
        for i in 0..N {
            let mut x = cos(std::f64::consts::PI * (i as f64 + 0.75) / (N as f64 + 0.5));
            let mut slope = 1.0;
            for _ in 0..8 {
                let (mut before, mut p) = (1.0, x);
                for k in 2..=N {
                    let k = k as f64;
                    (before, p) = (p, ((2.0 * k - 1.0) * x * p - (k - 1.0) * before) / k);
                }
                slope = N as f64 * (x * p - before) / (x * x - 1.0);
                x -= p / slope;
            }
            rule.node[i] = x;
            rule.weight[i] = 2.0 / ((1.0 - x * x) * slope * slope);
        }
        rule
    }

    /// `∫ f` over `[from, to]` by one panel.
    pub fn panel(&self, from: f64, to: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
        let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
        let sum: f64 = self
            .node
            .iter()
            .zip(&self.weight)
            .map(|(x, w)| w * f(middle + half * x))
            .sum();
        sum * half
    }

    /// `∫ f` over `[0, to]`: the first panel is `scale` long, each next one doubles, none is longer
    /// than `longest`. Stops early once a panel adds nothing.
    pub fn doubling(
        &self,
        to: f64,
        scale: f64,
        longest: f64,
        mut f: impl FnMut(f64) -> f64,
    ) -> f64 {
        let mut sum = 0.0;
        let mut from = 0.0;
        let mut length = scale.min(longest).min(to);
        for _ in 0..2_000 {
            let end = if from + length >= to {
                to
            } else {
                from + length
            };
            let part = self.panel(from, end, &mut f);
            sum += part;
            if end >= to || fabs(part) <= 1e-18 * fabs(sum) {
                break;
            }
            from = end;
            length = end.min(longest);
        }
        sum
    }
}

/// Where a [`line`] integral starts and ends, and what continues there.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// First node.
    pub from: f64,
    /// Where to stop.
    pub to: f64,
    /// Distance of the nodes.
    pub step: f64,
    /// The integrand is `c·e^(rate·y)` below `from`, if it goes on there.
    pub left_rate: Option<f64>,
    /// The integrand is `c·e^(−rate·y)` above the last node, if it goes on there.
    pub right_rate: Option<f64>,
}

/// Trapezoidal sums of `K` integrands over the line. The integrands are given together, as they
/// share their costly parts.
pub fn line<const K: usize>(line: Line, mut f: impl FnMut(f64) -> [f64; K]) -> [f64; K] {
    let Line {
        from, to, step: h, ..
    } = line;
    let nodes = ((to - from) / h).clamp(0.0, 1e6) as u32;
    let mut sum = [0.0; K];
    for i in 0..=nodes {
        let value = f(from + f64::from(i) * h);
        let tail = match (i, line.left_rate, line.right_rate) {
            (0, Some(rate), _) => geometric(rate * h),
            (i, _, Some(rate)) if i == nodes => geometric(rate * h),
            _ => 1.0,
        };
        for k in 0..K {
            sum[k] += value[k] * tail;
        }
    }
    sum.map(|s| s * h)
}

/// `Σ_{k≥0} e^(−k·x)`.
fn geometric(x: f64) -> f64 {
    -1.0 / libm::expm1(-x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use libm::{exp, log1p};

    #[test]
    fn sixteen_points_are_exact_to_degree_31() {
        let rule = Panels::new();
        for degree in [0, 2, 10, 30] {
            let found = rule.panel(0.0, 1.0, |x| libm::pow(x, f64::from(degree)));
            assert!(
                (found * f64::from(degree + 1) - 1.0).abs() < 1e-14,
                "{degree}: {found}"
            );
        }
    }

    #[test]
    fn doubling_follows_the_scale() {
        let rule = Panels::new();
        // ∫₀^H (1+t/s)^−3 dt = s/2 · (1 − (1+H/s)^−2)
        for s in [1e-6, 1.0, 1e4] {
            let found = rule.doubling(1e5, s, f64::INFINITY, |t| exp(-3.0 * log1p(t / s)));
            let expected = s / 2.0 * (1.0 - 1.0 / ((1.0 + 1e5 / s) * (1.0 + 1e5 / s)));
            assert!(
                (found / expected - 1.0).abs() < 1e-13,
                "{s}: {found} for {expected}"
            );
        }
    }

    #[test]
    fn slow_tails_cost_nothing() {
        // ∫ e^(a u) / (1 + e^u)^(a+1) du = 1/a
        let a = 1e-3;
        let [found] = line(
            Line {
                from: -40.0,
                to: 45.0,
                step: 0.25,
                left_rate: Some(a),
                right_rate: None,
            },
            |u| [exp(a * u - (a + 1.0) * log1p(exp(u)))],
        );
        assert!((found * a - 1.0).abs() < 1e-12, "{found}");
    }
}
