//! Intervals and p-values that stay valid however often they are read during an experiment.
//!
//! With `d` the difference, `V` the variance of `d`, `n` the people of both groups and `s² = V n`:
//!
//! ```text
//! confidence sequence   ρ² = (−2 ln α + ln(1 − 2 ln α)) / tuning,   t = n ρ²
//!                       d ± √( 2 V (t + 1)/t · ln(√(t + 1)/α) )
//!                       1/p = exp(t d² / (2 V (t + 1))) / √(t + 1)
//! mSPRT                 Λ = √(V/(V + τ²)) exp(τ² d² / (2 V (V + τ²))),   p = min(1, 1/Λ)
//!                       d ± √( V (V + τ²)/τ² · (2 ln(1/α) + ln((V + τ²)/V)) )
//! ```
//!
//! The sequence is narrowest, for its level, at about `tuning` people. `p` is that of the present look; both are
//! asymptotic: they assume that `d` is about normal from the first look on.
//!
//! # References
//!
//! - Waudby-Smith, I., Arbour, D., Sinha, R., Kennedy, E. H., Ramdas, A. (2021). Time-uniform central
//!   limit theory and asymptotic confidence sequences. arXiv 2103.06476, eq. 155 for `p`.
//! - Johari, R., Koomen, P., Pekelis, L., Walsh, D. (2017). Peeking at A/B tests. *KDD*.

use libm::{exp, log, sqrt};

/// Half the width of an interval around the difference, and the p-value of this look.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Always {
    /// Half the width.
    pub half: f64,
    /// The p-value.
    pub p: f64,
}

/// The asymptotic confidence sequence at level `1 − alpha`, for `variance > 0`.
///
/// ```
/// use crm_core::num::two_rates::Rate;
/// use crm_core::experiments::sequential::confidence_sequence;
/// let (a, b) = (Rate { hits: 200, trials: 5000 }, Rate { hits: 242, trials: 5000 });
/// let d = b.value() - a.value();
/// let always = confidence_sequence(d, a.variance() + b.variance(), 10_000.0, 0.05, 5000.0);
/// assert!((d - always.half + 0.004_182_443_432_68).abs() < 1e-14);
/// assert!((always.p - 0.575_797_702_919_3).abs() < 1e-12);
/// ```
pub fn confidence_sequence(d: f64, variance: f64, n: f64, alpha: f64, tuning: f64) -> Always {
    let twice = -2.0 * log(alpha);
    let t = n * (twice + log(twice + 1.0)) / tuning;
    let half = sqrt(2.0 * variance * (t + 1.0) / t * log(sqrt(t + 1.0) / alpha));
    let p = sqrt(t + 1.0) * exp(-t * d * d / (2.0 * variance * (t + 1.0)));
    Always {
        half,
        p: p.min(1.0),
    }
}

/// The mixture sequential probability ratio test, for `variance > 0`: `tau2` is the variance of the
/// differences that are expected between variants.
///
/// ```
/// use crm_core::num::two_rates::Rate;
/// use crm_core::experiments::sequential::msprt;
/// let (a, b) = (Rate { hits: 200, trials: 5000 }, Rate { hits: 242, trials: 5000 });
/// let always = msprt(b.value() - a.value(), a.variance() + b.variance(), 1e-4, 0.05);
/// assert!((always.p - 0.440_612_513_728_1).abs() < 1e-12);
/// ```
pub fn msprt(d: f64, variance: f64, tau2: f64, alpha: f64) -> Always {
    let both = variance + tau2;
    let ln_ratio = 0.5 * log(variance / both) + tau2 * d * d / (2.0 * variance * both);
    let half = sqrt(variance * both / tau2 * (-2.0 * log(alpha) + log(both / variance)));
    Always {
        half,
        p: exp(-ln_ratio).min(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The interval leaves out 0 exactly where p is below α: at its end p is α.
    #[test]
    fn interval_and_p_agree() {
        for (variance, n) in [(1e-5, 10_000.0), (0.4, 60.0), (3e3, 1e6)] {
            let half = confidence_sequence(0.0, variance, n, 0.05, 5000.0).half;
            let p = confidence_sequence(half, variance, n, 0.05, 5000.0).p;
            assert!((p / 0.05 - 1.0).abs() < 1e-10, "{p}");
            let half = msprt(0.0, variance, 1e-3, 0.05).half;
            let p = msprt(half, variance, 1e-3, 0.05).p;
            assert!((p / 0.05 - 1.0).abs() < 1e-10, "{p}");
        }
    }

    #[test]
    fn the_ratio_of_likelihoods() {
        let (v, d) = (
            200.0 / 5e3 * 0.96 / 5e3 + 242.0 / 5e3 * (1.0 - 242.0 / 5e3) / 5e3,
            0.0084,
        );
        let found = 1.0 / msprt(d, v, 1e-4, 0.05).p;
        assert!((found / 2.269_567_860_292_6 - 1.0).abs() < 1e-11, "{found}");
    }
}
