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
//! The ratio `r = m_2/m_1` of two means has all values for which such an interval of `m_2 − r m_1`, with `V(r) = V_2 + r² V_1`
//! (and `τ² (1 + r²)/2`), holds 0, as in Fieller's theorem. `m_2 − r m_1` has mean 0 at the true ratio at each look, so this is a sequence as
//! well, and it leaves out 1 exactly where that of the difference leaves out 0.
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

/// The sequence of the ratio of two means, `(mean, variance of the mean)` each, from 0 on. `half` is half the width for a variance and a
/// factor of `τ²`. The upper end is infinite where the control may be 0.
pub(super) fn ratio(
    (m_1, v_1): (f64, f64),
    (m_2, v_2): (f64, f64),
    half: impl Fn(f64, f64) -> f64,
) -> (f64, f64) {
    let found = (m_2 / m_1).max(0.0);
    let is_out = |r: f64| {
        let off = (m_2 - r * m_1).abs();
        off > half(v_2 + r * r * v_1, 0.5 * (1.0 + r * r))
    };
    let between = |mut inside: f64, mut outside: f64| {
        for _ in 0..200 {
            let middle = 0.5 * (inside + outside);
            match is_out(middle) {
                true => outside = middle,
                false => inside = middle,
            }
        }
        inside
    };
    let low = match is_out(0.0) {
        true => between(found, 0.0),
        false => 0.0,
    };
    let mut far = 2.0 * found + 1.0;
    while far.is_finite() && far < 1e12 && !is_out(far) {
        far *= 2.0;
    }
    let high = match is_out(far) {
        true => between(found, far),
        false => f64::INFINITY,
    };
    (low, high)
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

    /// Fieller's ends where the boundary does not depend on the variance, and 1 is left out where 0 is.
    #[test]
    fn ratio_and_difference_agree() {
        let mut found = [0, 0];
        for k in 0..40 {
            let (m_1, v_1) = (0.05, 0.05 * 0.95 / 4e3);
            let m_2 = 0.03 + 0.001 * f64::from(k);
            let v_2 = m_2 * (1.0 - m_2) / 4e3;
            for method in 0..2 {
                let half = |variance: f64, scale: f64| match method {
                    0 => confidence_sequence(0.0, variance, 8e3, 0.05, 5000.0).half,
                    _ => msprt(0.0, variance, 1e-4 * scale, 0.05).half,
                };
                let (low, high) = ratio((m_1, v_1), (m_2, v_2), half);
                assert!(0.0 <= low && low <= m_2 / m_1 && m_2 / m_1 <= high);
                let out = (m_2 - m_1).abs() > half(v_1 + v_2, 1.0);
                assert_eq!(out, low > 1.0 || high < 1.0, "{low} {high}");
                found[usize::from(out)] += 1;
                if method == 0 {
                    // a r² − 2 b r + c = 0
                    let squared = half(1.0, 1.0).powi(2);
                    let (a, b) = (m_1 * m_1 - squared * v_1, m_1 * m_2);
                    let root = (b * b - a * (m_2 * m_2 - squared * v_2)).sqrt();
                    assert!((low - (b - root) / a).abs() < 1e-9, "{low}");
                    assert!((high - (b + root) / a).abs() < 1e-9, "{high}");
                }
            }
        }
        assert!(found[0] > 20 && found[1] > 20, "{found:?}");
        // Nothing is known of a control near 0.
        let half = |variance: f64, _: f64| 3.0 * sqrt(variance);
        assert_eq!(ratio((0.1, 0.1), (0.2, 0.1), half), (0.0, f64::INFINITY));
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
