//! Rates of many groups, each drawn towards the rate of all (shrinkage), so that a group of three customers does not lead
//! the list.
//!
//! The rates of the groups are beta distributed around a common mean m with a precision s (beta-binomial model):
//!
//! ```text
//! x_i ~ Binomial(n_i, θ_i)      θ_i ~ Beta(s m, s (1 − m))
//! E(θ_i | s) = (x_i + s m) / (n_i + s)
//! m(s)       = (Σ w_i x_i/n_i + ½) / (Σ w_i + 1),   w_i = n_i / (1 + (n_i − 1)/(s + 1))
//! weight of s ∝ √(var m(s) / (m(s) (1 − m(s)))) Π B(x_i + s m, n_i − x_i + s (1 − m)) / B(s m, s (1 − m))
//! ```
//!
//! The precision is not one number: with few groups it is hardly known, and intervals that take the most likely precision for
//! the true one are too short. So the estimates are averaged over precisions from ½ to 50,000, each weighted by its marginal
//! likelihood, with a prior that is even in `1/√s`, which the standard deviation of the rates is proportional to. The interval
//! is that of the beta distribution with the mean and the variance of the average.
//!
//! # References
//!
//! - Kleinman, J. C. (1973). Proportions with extraneous variance. *JASA* 68: m(s).
//! - Gelman, A. (2006). Prior distributions for variance parameters in hierarchical models. *Bayesian Analysis* 1: the prior.

use super::Fraction;
use super::incomplete::beta_quantile;
use super::special::ln_beta;
use crate::context::{collect, filled};
use crate::error::Result;
use libm::{exp, log};

/// Precisions that are averaged over.
const STEPS: usize = 48;
const LEAST: f64 = 0.5;
const MOST: f64 = 50_000.0;

/// An estimate with its interval.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Shrunk {
    /// The mean.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// The shrunk rates of groups, `(x, n)` each: `x` of `n`, whole or effective numbers. Of a group without anybody it is what would be
/// expected of a new group. None if all groups are empty.
///
/// # Errors
///
/// Out of memory.
///
/// ```
/// use crm_core::{Fraction, num::shrunk_rates::shrunk};
/// let groups = [3.0, 30.0, 28.0, 33.0, 31.0, 29.0].map(|x| (x, if x == 3.0 { 3.0 } else { 100.0 }));
/// let rates = shrunk(&groups, Fraction::P95)?.unwrap();
/// assert!(rates[0].value < 0.5 && rates[0].high > rates[3].high); // three of three lead no list
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn shrunk(groups: &[(f64, f64)], level: Fraction) -> Result<Option<Vec<Shrunk>>> {
    if !groups.iter().any(|(_, n)| *n > 0.0) {
        return Ok(None);
    }
    let step = log(MOST / LEAST) / (STEPS - 1) as f64;
    let steps = (0..STEPS).map(|k| {
        let s = LEAST * exp(step * k as f64);
        let m = Mean::new(groups, s);
        (s, m, m.ln_weight(groups, s))
    });
    let steps = collect(steps, "shrunk rates")?;
    // Weights relative to the greatest, so that the likelihoods do not underflow.
    let most = steps
        .iter()
        .map(|step| step.2)
        .fold(f64::NEG_INFINITY, f64::max);
    let whole: f64 = steps.iter().map(|step| exp(step.2 - most)).sum();
    let mut moments = filled(groups.len(), (0.0, 0.0), "shrunk rates")?;
    for (s, m, ln_weight) in steps {
        let weight = exp(ln_weight - most) / whole;
        for ((x, n), (first, second)) in groups.iter().zip(&mut moments) {
            // E(θ_i | s), and its variance: that of the beta distribution given m, and what the variance of m adds.
            let mean = (x + s * m.value) / (n + s);
            let part = s / (n + s);
            let variance = mean * (1.0 - mean) / (n + s + 1.0) + part * part * m.variance;
            *first += weight * mean;
            *second += weight * (variance + mean * mean);
        }
    }
    let tail = 0.5 - 0.5 * level.get();
    let estimate = |(mean, second): &(f64, f64)| {
        let variance = second - mean * mean;
        // a + b of the beta distribution with this mean and variance.
        let size = (mean * (1.0 - mean) / variance - 1.0).max(1e-3);
        let (a, b) = (mean * size, (1.0 - mean) * size);
        Shrunk {
            value: *mean,
            low: beta_quantile(a, b, tail),
            high: 1.0 - beta_quantile(b, a, tail),
        }
    };
    collect(moments.iter().map(estimate), "shrunk rates").map(Some)
}

/// The common mean, given the precision.
#[derive(Clone, Copy)]
struct Mean {
    value: f64,
    variance: f64,
}

impl Mean {
    fn new(groups: &[(f64, f64)], s: f64) -> Mean {
        let (mut hits, mut all) = (0.5, 1.0);
        for (x, n) in groups.iter().filter(|(_, n)| *n > 0.0) {
            let w = n / (1.0 + (n - 1.0).max(0.0) / (s + 1.0));
            hits += w * x / n;
            all += w;
        }
        let value = hits / all;
        Mean {
            value,
            variance: value * (1.0 - value) / all,
        }
    }

    /// The logarithm of the weight of the precision.
    fn ln_weight(self, groups: &[(f64, f64)], s: f64) -> f64 {
        let (a, b) = (s * self.value, s * (1.0 - self.value));
        let prior = ln_beta(a, b);
        let likelihood: f64 = groups
            .iter()
            .map(|(x, n)| ln_beta(x + a, n - x + b) - prior)
            .sum();
        // The precisions are even in ln s, where the prior is s^(−1/2).
        likelihood + 0.5 * log(self.variance / (self.value * (1.0 - self.value) * s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::rng::Rng;

    #[test]
    fn a_second_computation() {
        // From Python: scipy's betaln and betaincinv, the formulas of the module.
        let groups = [(0.0, 2.0), (3.0, 10.0), (40.0, 100.0), (700.0, 2000.0)];
        let found = shrunk(&groups, Fraction::P95).unwrap().unwrap();
        let expected = [
            (
                0.314_653_504_132_463_8,
                0.111_454_111_329_349_72,
                0.566_520_888_802_727_8,
            ),
            (
                0.339_484_978_049_805_4,
                0.187_897_847_513_309_48,
                0.510_315_245_224_839_4,
            ),
            (
                0.380_983_068_312_128_36,
                0.300_326_105_780_123_53,
                0.465_055_098_134_452_67,
            ),
            (
                0.350_508_803_060_930_8,
                0.329_901_749_231_116_8,
                0.371_394_817_938_779_65,
            ),
        ];
        for (found, (value, low, high)) in found.iter().zip(expected) {
            for (found, expected) in [(found.value, value), (found.low, low), (found.high, high)] {
                assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
            }
        }
    }

    #[test]
    fn it_is_nearer_to_the_truth_than_the_raw_rate_and_its_interval_holds() {
        let mut rng = Rng::new(5);
        let level = Fraction::new(0.8).unwrap();
        let (mut held, mut all, mut off, mut raw) = (0.0, 0.0, 0.0, 0.0);
        for shop in 0..60 {
            let s = [10.0, 30.0, 100.0][shop % 3];
            let truths: Vec<f64> = (0..20).map(|_| rng.beta(0.2 * s, 0.8 * s)).collect();
            let sizes = [5_u64, 20, 80, 320];
            let draw = |(at, truth): (usize, &f64)| {
                let n = sizes[at % 4];
                let x = (0..n).filter(|_| rng.uniform() < *truth).count();
                (x as f64, n as f64)
            };
            let groups: Vec<(f64, f64)> = truths.iter().enumerate().map(draw).collect();
            let found = shrunk(&groups, level).unwrap().unwrap();
            for ((found, truth), (x, n)) in found.iter().zip(&truths).zip(&groups) {
                held += f64::from(u8::from((found.low..=found.high).contains(truth)));
                all += 1.0;
                off += (found.value - truth).powi(2);
                raw += (x / n - truth).powi(2);
            }
        }
        assert!((0.76..0.84).contains(&(held / all)), "{}", held / all);
        assert!(off < 0.5 * raw, "{off} {raw}");
    }

    #[test]
    fn nobody_and_everybody() {
        assert_eq!(shrunk(&[], Fraction::P95).unwrap(), None);
        assert_eq!(shrunk(&[(0.0, 0.0)], Fraction::P95).unwrap(), None);
        for groups in [
            &[(0.0, 50.0), (0.0, 0.0)][..],
            &[(9.0, 9.0), (1.0, 1.0)],
            &[(0.0, 1.0)],
        ] {
            for rate in shrunk(groups, Fraction::P95).unwrap().unwrap() {
                assert!(
                    0.0 <= rate.low
                        && rate.low <= rate.value
                        && rate.value <= rate.high
                        && rate.high <= 1.0
                );
            }
        }
    }
}
