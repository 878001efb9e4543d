//! Predictions for a customer who is alive now, in the BG family with Erlang-k gaps.
//!
//! Each purchase is the k-th of a sequence of hidden Poisson stages. Given the time since the last
//! purchase, `j < k` stages have passed with weight `w_j`; the stage rate is then
//! `Gamma(q + j, A)`. So the number of stages within `t` is negative binomial, and `N` stages make
//! `⌊(N + j)/k⌋` purchases:
//!
//! ```text
//! E[Y(t)] = Σ_j w_j Σ_N NB(N; q+j) · Σ_{i < ⌊(N+j)/k⌋} e_i
//! ```
//!
//! with the `e_i` of the plain model (k = 1). For sums of too many terms (thousands of purchases)
//! see [`Regular::ahead`].

use libm::{exp, log, log1p};

use crate::clv::models::dropout::{Ahead, Alive, at_least, discounted, terms};
use crate::num::rng::Rng;

/// The longest sum, in stages; enough for thousands of purchases.
const MOST_TERMS: f64 = 50_000.0;

/// Above this the terms of a sum are scaled down.
const LARGE: f64 = 1e200;

/// The state of a customer who is alive, with the weights of the stages passed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Regular {
    /// The distribution of rate and dropout with no stage passed.
    pub(crate) alive: Alive,
    /// Stages per purchase.
    pub(crate) k: u32,
    /// `w_j`: the probability that `j` stages have passed; 0 from k on.
    pub(crate) weight: [f64; 12],
}

impl Regular {
    /// Each `j` with its weight and the state then.
    fn stages(&self) -> impl Iterator<Item = (u32, f64, Alive)> {
        let alive = self.alive;
        (0..self.k).zip(self.weight).map(move |(j, w)| {
            let state = Alive {
                q: alive.q + f64::from(j),
                ..alive
            };
            (j, w, state)
        })
    }

    /// `E[Y(t)]` and `P(alive, t)`. Beyond 50,000 stages the plain model at 1/k of the rate is
    /// used: the phase is nearly uniform by then, and the relative error of the purchases is below
    /// the reciprocal of their number. The probability of being alive, which depends on customers
    /// who hardly buy, is less accurate.
    pub(crate) fn ahead(&self, t: f64) -> Ahead {
        let z = t / self.alive.scale;
        if terms(self.alive.q + f64::from(self.k - 1), z) <= MOST_TERMS {
            return self.sum(z);
        }
        let mut out = Ahead::default();
        for (_, weight, state) in self.stages() {
            let part = state.ahead(t / f64::from(self.k));
            out.purchases += weight * part.purchases;
            out.alive += weight * part.alive;
        }
        out
    }

    /// The sum over `m = N + j`, the stages since the last purchase, of all `j` together. With `w = z/(1 + z)`
    /// the probability of `m` is the sum of
    ///
    /// ```text
    /// p_j(m) = w_j NB(m − j; q + j)
    /// p_j(m+1) = (q + m)/(m + 1) · (w p_j(m) + s_j p_(j−1)(m))
    /// s_j = w_j / w_(j−1) · j / ((q + j − 1)(1 + z))
    /// ```
    ///
    /// No term is negative, so no digits are lost.
    fn sum(&self, z: f64) -> Ahead {
        let Alive { q, a, b, .. } = self.alive;
        let k = self.k as usize;
        let w = z / (1.0 + z);
        let mut step = [0.0; 12];
        let weights = self.weight[..k].windows(2);
        for ((s, pair), j) in step[1..].iter_mut().zip(weights).zip(1_u32..) {
            if pair[1] > 0.0 {
                let j = f64::from(j);
                *s = pair[1] / pair[0] * j / ((q + j - 1.0) * (1.0 + z));
            }
        }
        // All terms are scaled by e^shift; without it the first term would underflow where many
        // purchases are expected.
        let nothing = q * log1p(z);
        let mut shift = (nothing - 500.0).max(0.0);
        let mut parts = [0.0; 12];
        parts[0] = self.weight[0] * exp(shift - nothing);
        let mut out = Ahead {
            purchases: 0.0,
            alive: parts[0],
        };
        // counted = Σ e_i over the purchases made, e = e_bought
        let (mut e, mut counted, mut bought) = (1.0, 0.0, 0.0);
        let mut phase = 0;
        let mut m = 0.0;
        while m < 2.0 * MOST_TERMS {
            let growth = (q + m) / (m + 1.0);
            let mut probability = 0.0;
            for j in (1..k).rev() {
                parts[j] = growth * (w * parts[j] + step[j] * parts[j - 1]);
                probability += parts[j];
            }
            parts[0] *= growth * w;
            probability += parts[0];
            m += 1.0;
            if probability > LARGE {
                for part in parts.iter_mut().chain([&mut probability]) {
                    *part /= LARGE;
                }
                out.purchases /= LARGE;
                out.alive /= LARGE;
                shift -= log(LARGE);
            }
            phase += 1;
            if phase == k {
                phase = 0;
                counted += e;
                e *= (b + bought) / (a + b + bought);
                bought += 1.0;
            }
            out.purchases += probability * counted;
            out.alive += probability * e;
            // No later term is more than this times the one before.
            let ratio = (w * (q + m) / (m + 2.0 - k as f64)).max(w);
            if bought > 0.0 && ratio < 1.0 {
                let rest = 1.0 / (1.0 - ratio);
                if probability * rest * (counted + e * rest) <= 1e-17 * out.purchases
                    && probability * e * rest <= 1e-17 * out.alive
                {
                    break;
                }
            }
        }
        let scale = exp(-shift);
        Ahead {
            purchases: out.purchases * scale,
            alive: out.alive * scale,
        }
    }

    /// `P(Y(t) = n)`.
    pub(crate) fn probability_of(&self, n: u32, t: f64) -> f64 {
        let z = t / self.alive.scale;
        let k = self.k;
        self.stages()
            .map(|(j, weight, state)| {
                // P(at least n purchases) = P(N ≥ kn − j)
                let reached = |n: u32| at_least((k * n).saturating_sub(j), state.q, z);
                let stays = state.survives(f64::from(n)) * (reached(n) - reached(n + 1)).max(0.0);
                if n == 0 {
                    return weight * stays;
                }
                let before = f64::from(n) - 1.0;
                let leaves = state.survives(before) * state.a / (state.a + state.b + before);
                weight * (stays + leaves * reached(n))
            })
            .sum()
    }

    /// `∫₀^H e^(−δt) dE[Y(t)]`.
    pub(crate) fn discounted(&self, delta: f64, horizon: f64) -> f64 {
        let scale = self.alive.scale / self.alive.q.max(1.0);
        discounted(delta, horizon, scale, |t| self.ahead(t).purchases)
    }

    /// Draws the number of stages passed by its weight, and returns it with the shape of the rate,
    /// q + j.
    pub(crate) fn draw_stage(&self, rng: &mut Rng) -> (u64, f64) {
        let mut left = rng.uniform();
        let mut drawn = (0, self.alive.q);
        for (j, weight, state) in self.stages() {
            drawn = (u64::from(j), state.q);
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libm::lgamma;

    fn state(k: u32, weight: &[f64]) -> Regular {
        let mut all = [0.0; 12];
        all[..weight.len()].copy_from_slice(weight);
        Regular {
            alive: Alive {
                q: 2.2,
                scale: 9.0,
                a: 0.8,
                b: 2.4,
            },
            k,
            weight: all,
        }
    }

    #[test]
    fn one_stage_is_the_plain_model() {
        let regular = state(1, &[1.0]);
        for t in [0.1, 9.0, 50.0] {
            let (one, two) = (regular.ahead(t), regular.alive.ahead(t));
            assert!((one.purchases / two.purchases - 1.0).abs() < 1e-14);
            assert!((one.alive / two.alive - 1.0).abs() < 1e-14);
        }
    }

    /// Compares the exact sum near its longest with the approximation beyond it.
    #[test]
    fn thousands_of_purchases_are_nearly_the_plain_model() {
        for k in [2, 12] {
            let regular = state(k, &[1.0]);
            let t = 9.0 * 20_000.0 / 2.2 / f64::from(12 / k);
            let sum = regular.sum(t / 9.0);
            let plain = regular.alive.ahead(t / f64::from(k));
            let purchases = 2.2 * t / 9.0 / f64::from(k);
            assert!(
                (plain.purchases / sum.purchases - 1.0).abs() < 1.0 / purchases,
                "{k}"
            );
        }
    }

    /// The sum as its definition has it, stage by stage with logarithms of the gamma function.
    fn slowly(regular: &Regular, t: f64) -> Ahead {
        let Alive { q, a, b, scale } = regular.alive;
        let z = t / scale;
        // e_i = B(a, b + i) / B(a, b), without a
        let stays = |i: f64| exp(lgamma(b + i) + lgamma(a + b) - lgamma(a + b + i) - lgamma(b));
        let mut counted = vec![0.0];
        for i in 0..1_000 {
            counted.push(counted[i] + stays(i as f64));
        }
        let mut out = Ahead::default();
        for (j, weight) in regular.weight[..regular.k as usize].iter().enumerate() {
            let shape = q + j as f64;
            for n in 0..1_000 {
                let stages = f64::from(n);
                let ln = lgamma(shape + stages) - lgamma(shape) - lgamma(stages + 1.0);
                let p = exp(ln - shape * log1p(z) + stages * log(z / (1.0 + z)));
                let bought = (n as usize + j) / regular.k as usize;
                out.purchases += weight * p * counted[bought];
                out.alive += weight * p * stays(bought as f64);
            }
        }
        out
    }

    #[test]
    fn sums_are_those_of_the_definition() {
        let many = [
            0.05, 0.1, 0.15, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.05, 0.03, 0.02,
        ];
        for (k, weight) in [
            (2, &[1.0][..]),
            (2, &[0.3, 0.7]),
            (3, &[0.5, 0.3, 0.2]),
            (12, &many),
        ] {
            for q in [0.2, 2.2, 60.0] {
                let mut regular = state(k, weight);
                regular.alive.q = q;
                for t in [0.01, 3.0, 30.0] {
                    let (fast, slow) = (regular.ahead(t), slowly(&regular, t));
                    let near = |one: f64, two: f64| (one / two - 1.0).abs() < 1e-11;
                    assert!(
                        near(fast.purchases, slow.purchases),
                        "{k} {q} {t} {fast:?} {slow:?}"
                    );
                    assert!(
                        near(fast.alive, slow.alive),
                        "{k} {q} {t} {fast:?} {slow:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn counts_add_up_with_three_stages() {
        let regular = state(3, &[0.5, 0.3, 0.2]);
        let p: Vec<f64> = (0..200).map(|n| regular.probability_of(n, 30.0)).collect();
        let sum: f64 = p.iter().sum();
        let mean: f64 = p.iter().enumerate().map(|(n, p)| n as f64 * p).sum();
        assert!((sum - 1.0).abs() < 1e-11, "{sum}");
        assert!((mean / regular.ahead(30.0).purchases - 1.0).abs() < 1e-10);
    }
}
