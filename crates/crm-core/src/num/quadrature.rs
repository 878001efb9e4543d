//! Numerical integrals, for functions without a closed form that is accurate.
//!
//! Both rules have positive weights, so a positive integrand never cancels:
//!
//! - [`doubling`]: Gauss–Legendre on panels that double in length, for integrands on `[0, H]` whose
//!   scale grows with the distance from 0 (discounted values over a horizon);
//! - [`line()`]: the trapezoidal rule on the whole line, which for an integrand analytic in a strip
//!   of half-width `w` has an error of only `e^(−2πw/h)` at step `h` (Trefethen, Weideman 2014). An
//!   integral over a half-line or over (0, 1) becomes one over the line by `v = e^y` or by the
//!   logit. Tails that are pure exponentials are summed as geometric series, so a slow tail such as
//!   `e^(0.001 y)` needs no nodes.

use libm::fabs;

/// Nodes above 0 and weights of the Gauss–Legendre rule of 16 points on [−1, 1] (DLMF 3.5).
const RULE: [(f64, f64); 8] = [
    (0.9894009349916499, 0.027152459411754096),
    (0.9445750230732326, 0.062253523938647894),
    (0.8656312023878318, 0.09515851168249279),
    (0.755404408355003, 0.12462897125553388),
    (0.6178762444026438, 0.14959598881657674),
    (0.45801677765722737, 0.16915651939500254),
    (0.2816035507792589, 0.18260341504492358),
    (0.09501250983763744, 0.1894506104550685),
];

/// `∫ f` over `[from, to]` by 16 points: exact for polynomials to degree 31.
pub fn panel(from: f64, to: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
    // ∫ f ≈ half · Σ w [f(middle − half·x) + f(middle + half·x)]
    let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
    let sum: f64 = RULE
        .iter()
        .map(|(x, w)| w * (f(middle - half * x) + f(middle + half * x)))
        .sum();
    sum * half
}

/// `∫ f` over `[0, to]`: the first panel is `scale` long, each next one doubles, none is longer
/// than `longest`. Stops early once a panel adds nothing.
pub fn doubling(to: f64, scale: f64, longest: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
    let mut sum = 0.0;
    let mut from = 0.0;
    let mut length = scale.min(longest).min(to);
    for _ in 0..2_000 {
        let end = if from + length >= to {
            to
        } else {
            from + length
        };
        let part = panel(from, end, &mut f);
        sum += part;
        if end >= to || fabs(part) <= 1e-18 * fabs(sum) {
            break;
        }
        from = end;
        length = end.min(longest);
    }
    sum
}

/// Where a [`line()`] integral starts and ends, and how the integrand continues beyond.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// First node.
    pub from: f64,
    /// The nodes end here at the latest.
    pub to: f64,
    /// Distance between nodes.
    pub step: f64,
    /// With a rate, the integrand is `c·e^(rate·y)` below `from`; without, 0.
    pub left_rate: Option<f64>,
    /// With a rate, the integrand is `c·e^(−rate·y)` above the last node; without, 0.
    pub right_rate: Option<f64>,
}

/// Trapezoidal sums of `K` integrands over the line. The integrands are computed together, because
/// they share their costly parts.
pub fn line<const K: usize>(line: Line, mut f: impl FnMut(f64) -> [f64; K]) -> [f64; K] {
    let Line {
        from, to, step: h, ..
    } = line;
    let nodes = ((to - from) / h).clamp(0.0, 1e6) as u32;
    let mut sum = [0.0; K];
    for i in 0..=nodes {
        let value = f(from + f64::from(i) * h);
        // f(y)·(1 + e^(−rate·h) + e^(−2·rate·h) + …): the end node stands for all nodes beyond it.
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
        for degree in [0, 2, 10, 30] {
            let found = panel(0.0, 1.0, |x| libm::pow(x, f64::from(degree)));
            assert!(
                (found * f64::from(degree + 1) - 1.0).abs() < 1e-14,
                "{degree}: {found}"
            );
        }
    }

    #[test]
    fn doubling_follows_the_scale() {
        // ∫₀^H (1+t/s)^−3 dt = s/2 · (1 − (1+H/s)^−2)
        for s in [1e-6, 1.0, 1e4] {
            let found = doubling(1e5, s, f64::INFINITY, |t| exp(-3.0 * log1p(t / s)));
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
