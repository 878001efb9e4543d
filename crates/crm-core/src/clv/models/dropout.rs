//! Predictions for a customer who is alive now, in the BG family (dropout after purchases).
//!
//! The state of such a customer in the BG family is a purchase rate `λ ~ Gamma(q, A)` and a
//! dropout probability `p ~ Beta(a, B)`: after each purchase they leave with probability `p`. With
//! `z = t/A`,
//!
//! ```text
//! E[Y(t)]      = ∫ (1 − (1+pz)^−q)/p · Beta(p; a, B) dp  =  Σ_n NB(n) · Σ_{i<n} e_i
//! P(alive, t)  = ∫ (1+pz)^−q · Beta(p; a, B) dp          =  Σ_n NB(n) · e_n
//! e_n = (B)_n / (a+B)_n,   NB(n) = (q)_n/n! · w^n (1+z)^−q,   w = z/(1+z)
//! ```
//!
//! Both forms add positive terms only: nothing cancels at `a = 1`, at `a + b < 1`, or as `t → 0`,
//! where the published hypergeometric form does. The sum is used where it has few terms, the
//! integral (a trapezoidal rule on the logit of `p`) otherwise.

use libm::{exp, expm1, fabs, lgamma, log, log1p, sqrt};

use crate::num::incomplete;
use crate::num::quadrature::{Line, doubling, line};
use crate::num::rng::Rng;
use crate::num::special::ln_rising;

/// The longest sum; the integral costs about as much as 2,000 of its terms.
const MOST_TERMS: f64 = 2_000.0;

/// The state of a customer who is alive: gamma purchase rate, beta dropout probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Alive {
    /// Shape of the rate.
    pub(crate) q: f64,
    /// `A = α + T`, the rate parameter of the gamma distribution of λ.
    pub(crate) scale: f64,
    /// First parameter of the dropout probability.
    pub(crate) a: f64,
    /// Second parameter of the dropout probability.
    pub(crate) b: f64,
}

/// Predictions for a time ahead: expected purchases, and the probability of being alive at its end.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Ahead {
    pub(crate) purchases: f64,
    pub(crate) alive: f64,
}

impl Alive {
    /// `E[Y(t)]` and `P(alive, t)`.
    pub(crate) fn ahead(&self, t: f64) -> Ahead {
        let z = t / self.scale;
        if z <= 0.0 {
            return Ahead {
                purchases: 0.0,
                alive: 1.0,
            };
        }
        let nothing = self.q * log1p(z);
        if terms(self.q, z) <= MOST_TERMS && nothing < 600.0 {
            self.sum(z, exp(-nothing))
        } else {
            self.integral(z)
        }
    }

    fn sum(&self, z: f64, none: f64) -> Ahead {
        let w = z / (1.0 + z);
        let total = self.a + self.b;
        let mean = self.q * z;
        let mut n = 0.0;
        let mut probability = none;
        let mut e = 1.0;
        let mut counted = 0.0;
        let mut out = Ahead {
            purchases: 0.0,
            alive: none,
        };
        loop {
            // counted = Σ_{i<n} e_i, probability = NB(n)
            counted += e;
            e *= (self.b + n) / (total + n);
            let ratio = (self.q + n) / (n + 1.0) * w;
            probability *= ratio;
            n += 1.0;
            let (bought, left) = (probability * counted, probability * e);
            out.purchases += bought;
            out.alive += left;
            if n > mean && ratio < 1.0 {
                // The remaining terms are below a geometric series of ratio max(ratio, w).
                let rest = 1.0 / (1.0 - ratio.max(w));
                if probability * rest * (counted + e * rest) <= 1e-17 * out.purchases
                    && left * rest <= 1e-17 * out.alive
                {
                    return out;
                }
            }
            if n > 4.0 * MOST_TERMS {
                return out;
            }
        }
    }

    fn integral(&self, z: f64) -> Ahead {
        let q = self.q;
        // f = (1 − (1+pz)^−q)/p for E[Y(t)], g = (1+pz)^−q for P(alive, t)
        let f = |p: f64| -expm1(-q * log1p(p * z)) / p;
        let g = |p: f64| exp(-q * log1p(p * z));
        // f and g are constant below here.
        let flat = log(1e-18 / (1.0 + q * z)).min(-42.0);
        let drop = 45.0 + log1p(q * z);
        let purchases = self.mean(0.0, 0.0, drop, flat, f);
        let alive = self.mean(q, z, 45.0, flat, g);
        Ahead { purchases, alive }
    }

    /// `E[f(p)]`. The integral runs over the logits of `p` where `(1+pz)^−q · Beta(p)` is above
    /// `e^−drop` of its peak; `f` is constant for logits below `flat`.
    fn mean(&self, q: f64, z: f64, drop: f64, flat: f64, f: impl Fn(f64) -> f64) -> f64 {
        let Self { a, b, .. } = *self;
        // ln p^a (1−p)^B with p = 1/(1+e^−u): the beta density times dp/du
        let weight = |u: f64| a * u - (a + b) * softplus(u);
        let target = |u: f64| weight(u) - q * log1p(z * logistic(u));
        let peak = self.peak(q, z);
        let top = target(peak);
        let edge = |sign: f64| {
            let (mut near, mut far) = (0.0, 1.0);
            while far < 1e6 && target(peak + sign * far) > top - drop {
                near = far;
                far *= 2.0;
            }
            for _ in 0..12 {
                let middle = 0.5 * (near + far);
                if target(peak + sign * middle) > top - drop {
                    near = middle;
                } else {
                    far = middle;
                }
            }
            peak + sign * far
        };
        let (from, to) = (edge(-1.0), edge(1.0));
        // For a narrow integrand the curvature at the peak limits the step, for others the strip of
        // analyticity.
        let curvature = {
            let d = 1e-3;
            fabs(target(peak + d) - 2.0 * top + target(peak - d)) / (d * d)
        };
        let narrow = a * b / (a + b);
        let step = (0.7 / sqrt(curvature.max(narrow))).min(0.25);
        // Above a logit of 42, 1 − p is below the precision of a double and f is f(1).
        let (left, right) = (from < flat, to > 42.0);
        let bounds = Line {
            from: if left { flat } else { from },
            to: if right { 42.0 } else { to },
            step,
            left_rate: left.then_some(a),
            right_rate: right.then_some(b),
        };
        let norm = ln_norm(a, b);
        let [sum] = line(bounds, |u| [exp(weight(u) - norm) * f(logistic(u))]);
        sum
    }

    /// The logit at which `(1+pz)^−q p^a (1−p)^b` is largest: its derivative, times a positive
    /// function, is a quadratic in `p` with one root in (0, 1).
    fn peak(&self, q: f64, z: f64) -> f64 {
        let Self { a, b, .. } = *self;
        if q == 0.0 || z == 0.0 {
            return log(a / b);
        }
        // (a + (q−a−b) p)(1 + pz) − q p (1+z) = 0
        let c2 = (q - a - b) * z;
        let c1 = a * z - a - b - q * z;
        let root = sqrt((c1 * c1 - 4.0 * c2 * a).max(0.0));
        // c1 may have either sign; this form of the smaller positive root has no cancellation.
        let p = if c1 <= 0.0 {
            2.0 * a / (root - c1)
        } else {
            -(c1 + root) / (2.0 * c2)
        };
        let p = p.clamp(1e-300, 1.0 - 1e-16);
        log(p) - log1p(-p)
    }

    /// `e_n = (B)_n / (a+B)_n`: the probability of surviving `n` more purchases.
    pub(crate) fn survives(&self, n: f64) -> f64 {
        exp(ln_rising(self.b, n) - ln_rising(self.a + self.b, n))
    }

    /// Draws how many of `purchases` are made if dropout is possible after each.
    pub(crate) fn draw_stay(&self, purchases: u64, rng: &mut Rng) -> u64 {
        /// Above this number the dropout probability p is drawn and then the geometric number of
        /// purchases.
        const LONGEST_WALK: u64 = 4_096;
        if purchases > LONGEST_WALK {
            let p = rng.beta(self.a, self.b);
            return purchases.min(rng.geometric(p).saturating_add(1));
        }
        if purchases < 2 {
            return purchases;
        }
        let u = rng.uniform();
        let mut stays = 1.0;
        for n in 1..purchases {
            let before = n as f64 - 1.0;
            stays *= (self.b + before) / (self.a + self.b + before);
            if u > stays {
                return n;
            }
        }
        purchases
    }

    /// `P(Y(t) = n)`.
    pub(crate) fn probability_of(&self, n: u32, t: f64) -> f64 {
        let z = t / self.scale;
        let stays = self.survives(f64::from(n)) * negative_binomial(n, self.q, z);
        if n == 0 {
            return stays;
        }
        let before = f64::from(n) - 1.0;
        let leaves = self.survives(before) * self.a / (self.a + self.b + before);
        // e_n NB(n), or dropout at the n-th purchase: e_{n−1} a/(a+B+n−1) · P(N ≥ n)
        stays + leaves * at_least(n, self.q, z)
    }

    /// `∫₀^H e^(−δt) dE[Y(t)]`, with `H` possibly infinite, and `δ > 0`.
    pub(crate) fn discounted(&self, delta: f64, horizon: f64) -> f64 {
        let steps = Steps::new(self, horizon.min(LONGEST / delta) / self.scale);
        discounted(
            delta,
            horizon,
            self.scale / self.q.max(1.0),
            |t| match &steps {
                Some(steps) => steps.purchases(t / self.scale),
                None => self.ahead(t).purchases,
            },
        )
    }

    /// Expected purchases without a time limit: `(a+B−1)/(a−1)`, infinite at `a ≤ 1`.
    pub(crate) fn for_ever(&self) -> f64 {
        if self.a <= 1.0 {
            f64::INFINITY
        } else {
            (self.a + self.b - 1.0) / (self.a - 1.0)
        }
    }
}

/// The factors of the sum that do not depend on `t`. An integral over time evaluates the sum at
/// dozens of times; this saves three divisions a term.
struct Steps {
    q: f64,
    /// `(q + n)/(n + 1)`.
    growth: [f64; STEPS],
    /// `Σ_{i ≤ n} e_i`.
    made: [f64; STEPS],
}

/// Enough terms for a year of a frequent customer.
const STEPS: usize = 384;

impl Steps {
    /// `None` where the sum up to time `longest` has more terms.
    fn new(alive: &Alive, longest: f64) -> Option<Self> {
        let Alive { q, a, b, .. } = *alive;
        if terms(q, longest) > STEPS as f64 || q * log1p(longest) >= 600.0 {
            return None;
        }
        let mut steps = Self {
            q,
            growth: [0.0; STEPS],
            made: [0.0; STEPS],
        };
        let (mut e, mut made) = (1.0, 0.0);
        for (i, (growth, sum)) in steps.growth.iter_mut().zip(&mut steps.made).enumerate() {
            let n = i as f64;
            made += e;
            e *= (b + n) / (a + b + n);
            (*growth, *sum) = ((q + n) / (n + 1.0), made);
        }
        Some(steps)
    }

    /// Purchases within `z`, in units of the scale.
    fn purchases(&self, z: f64) -> f64 {
        // Σ_n NB(n) · made[n−1]
        let (w, count) = (z / (1.0 + z), terms(self.q, z) as usize + 1);
        let mut probability = exp(-self.q * log1p(z));
        let mut sum = 0.0;
        for (growth, made) in self.growth.iter().zip(&self.made).take(count) {
            probability *= growth * w;
            sum += probability * made;
        }
        sum
    }
}

/// The number of terms of the sum up to `z`: beyond the mean they decrease like `w^n`, and a
/// decrease by `e^−40` takes `40 (1 + z)` terms.
pub(crate) fn terms(q: f64, z: f64) -> f64 {
    let mean = q * z;
    mean + 12.0 * sqrt(mean * (1.0 + z)) + 40.0 * (1.0 + z)
}

/// Beyond this time, in units of `1/δ`, `e^(−δt)` times linear growth is below the precision of a
/// double.
const LONGEST: f64 = 45.0;

/// Integrated by parts: `e^(−δH) Y(H) + δ∫₀^H e^(−δt) Y(t) dt`. All terms are positive and `Y`
/// needs no derivative.
pub(crate) fn discounted(
    delta: f64,
    horizon: f64,
    scale: f64,
    mut purchases: impl FnMut(f64) -> f64,
) -> f64 {
    let to = horizon.min(LONGEST / delta);
    let at_end = exp(-delta * to) * purchases(to);
    let before = doubling(to, scale, 4.0 / delta, |t| exp(-delta * t) * purchases(t));
    at_end + delta * before
}

/// `ln B(a, b)`.
fn ln_norm(a: f64, b: f64) -> f64 {
    crate::num::special::ln_beta(a, b)
}

fn softplus(u: f64) -> f64 {
    crate::num::special::softplus(u)
}

fn logistic(u: f64) -> f64 {
    crate::num::special::sigmoid(u)
}

/// Probability that a Poisson count with `λ ~ Gamma(q, 1)` over time `z` is `n`.
pub(crate) fn negative_binomial(n: u32, q: f64, z: f64) -> f64 {
    if z <= 0.0 {
        return if n == 0 { 1.0 } else { 0.0 };
    }
    let n = f64::from(n);
    // NB(n) with w = z/(1+z); both logarithms are accurate for small and for large z.
    exp(ln_rising(q, n) - lgamma(n + 1.0) - n * log1p(1.0 / z) - q * log1p(z))
}

/// Probability that such a count is at least `n`.
pub(crate) fn at_least(n: u32, q: f64, z: f64) -> f64 {
    if n == 0 {
        return 1.0;
    }
    if z <= 0.0 {
        return 0.0;
    }
    incomplete::beta(f64::from(n), q, z / (1.0 + z), 1.0 / (1.0 + z))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum and the integral are two computations of the same quantity.
    #[test]
    fn sum_and_integral_agree() {
        for q in [1e-3, 0.3, 4.0, 60.0] {
            for a in [1e-3, 0.8, 1.0, 30.0, 900.0] {
                for b in [1e-3, 0.2, 2.4, 700.0] {
                    for z in [1e-9, 1e-3, 0.5, 3.0] {
                        let state = Alive {
                            q,
                            scale: 1.0,
                            a,
                            b,
                        };
                        let sum = state.sum(z, exp(-q * log1p(z)));
                        let integral = state.integral(z);
                        let close = |u: f64, v: f64| fabs(u - v) <= 2e-11 * v;
                        assert!(
                            close(sum.purchases, integral.purchases)
                                && close(sum.alive, integral.alive),
                            "q {q} a {a} b {b} z {z}: {sum:?} {integral:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn steps_in_common_are_the_sum() {
        for (q, longest) in [(0.3, 4.0), (4.0, 1.5), (60.0, 0.8)] {
            let state = Alive {
                q,
                scale: 1.0,
                a: 0.8,
                b: 2.4,
            };
            let steps = Steps::new(&state, longest).unwrap();
            for z in [1e-9, 0.01, 0.3 * longest, longest] {
                let (one, two) = (steps.purchases(z), state.ahead(z).purchases);
                assert!(fabs(one / two - 1.0) < 1e-13, "{q} {z}: {one} {two}");
            }
            assert!(Steps::new(&state, 400.0).is_none());
        }
    }

    #[test]
    fn counts_add_up() {
        let state = Alive {
            q: 2.2,
            scale: 9.0,
            a: 0.8,
            b: 2.4,
        };
        let p: Vec<f64> = (0..400).map(|n| state.probability_of(n, 30.0)).collect();
        let sum: f64 = p.iter().sum();
        let mean: f64 = p.iter().enumerate().map(|(n, p)| n as f64 * p).sum();
        assert!(fabs(sum - 1.0) < 1e-12, "{sum}");
        assert!(fabs(mean / state.ahead(30.0).purchases - 1.0) < 1e-12);
    }

    #[test]
    fn discounting_by_parts_is_discounting() {
        let state = Alive {
            q: 2.2,
            scale: 9.0,
            a: 0.8,
            b: 2.4,
        };
        // A Riemann–Stieltjes sum on a fine grid.
        let (mut sum, mut before, n) = (0.0, 0.0, 20_000);
        for i in 1..=n {
            let t = 100.0 * f64::from(i) / f64::from(n);
            let y = state.ahead(t).purchases;
            sum += exp(-0.01 * (t - 0.0025)) * (y - before);
            before = y;
        }
        let found = state.discounted(0.01, 100.0);
        assert!(fabs(found / sum - 1.0) < 1e-8, "{found} {sum}");
    }
}
