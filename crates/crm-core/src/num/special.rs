//! Special functions used by the models.
//!
//! All arguments are ordinary doubles; logarithms, exponentials and `lgamma` come from `libm`, so
//! results have the same bits on every machine. Where a textbook form subtracts large, nearly equal
//! numbers, another form is used and named.

use libm::{exp, expm1, lgamma, log, log1p};

/// Derivative of `ln Γ` at `x > 0`.
///
/// Recurrence up to 10, then the asymptotic series (Abramowitz, Stegun 6.3.18).
///
/// ```
/// use crm_core::num::special::digamma;
/// assert!((digamma(1.0) + 0.577_215_664_901_532_9).abs() < 1e-15);
/// ```
pub fn digamma(x: f64) -> f64 {
    let mut x = x;
    let mut below = 0.0;
    while x < 10.0 {
        below += 1.0 / x;
        x += 1.0;
    }
    // ψ(x) ~ ln x − 1/(2x) − Σ B_2k/(2k x^2k), w = 1/x²
    let w = 1.0 / (x * x);
    let series = w
        * (1.0 / 12.0
            - w * (1.0 / 120.0
                - w * (1.0 / 252.0
                    - w * (1.0 / 240.0
                        - w * (1.0 / 132.0
                            - w * (691.0 / 32760.0 - w * (1.0 / 12.0 - w * 3617.0 / 8160.0)))))));
    log(x) - 0.5 / x - series - below
}

/// Second derivative of `ln Γ` at `x > 0`.
///
/// ```
/// use crm_core::num::special::trigamma;
/// assert!((trigamma(1.0) - std::f64::consts::PI.powi(2) / 6.0).abs() < 1e-14);
/// ```
pub fn trigamma(x: f64) -> f64 {
    let mut x = x;
    let mut below = 0.0;
    while x < 10.0 {
        below += 1.0 / (x * x);
        x += 1.0;
    }
    // ψ'(x) ~ 1/x + 1/(2x²) + Σ B_2k/x^(2k+1)
    let w = 1.0 / (x * x);
    let series = w
        * (1.0 / 6.0
            - w * (1.0 / 30.0
                - w * (1.0 / 42.0
                    - w * (1.0 / 30.0
                        - w * (5.0 / 66.0
                            - w * (691.0 / 2730.0 - w * (7.0 / 6.0 - w * 3617.0 / 510.0)))))));
    below + 1.0 / x + 0.5 * w + series / x
}

/// `ln Γ(a + n) − ln Γ(a)`, for `a > 0` and `n ≥ 0`.
///
/// For `a ≥ 20` the difference of Stirling's series, so that `a = 10⁹, n = ½` loses no digits.
pub fn ln_rising(a: f64, n: f64) -> f64 {
    if n == 0.0 {
        return 0.0;
    }
    if a < 20.0 {
        return lgamma(a + n) - lgamma(a);
    }
    // ln Γ(x) = (x − ½) ln x − x + ½ ln 2π + σ(x)
    let ratio = log1p(n / a);
    (a - 0.5) * ratio + n * (log(a) + ratio) - n + stirling(a + n) - stirling(a)
}

/// The remainder `σ(x) = Σ B_2k/(2k(2k−1) x^(2k−1))` of Stirling's formula, for x ≥ 20.
fn stirling(x: f64) -> f64 {
    let w = 1.0 / (x * x);
    (1.0 / 12.0 - w * (1.0 / 360.0 - w * (1.0 / 1260.0 - w * (1.0 / 1680.0 - w * (1.0 / 1188.0)))))
        / x
}

/// Logarithm of the beta function, for `a, b > 0`.
///
/// ```
/// use crm_core::num::special::ln_beta;
/// assert!((ln_beta(2.0, 3.0) - (1.0_f64 / 12.0).ln()).abs() < 1e-14);
/// ```
pub fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    lgamma(small) - ln_rising(large, small)
}

/// `ln(1 + e^x)` without overflow.
pub fn softplus(x: f64) -> f64 {
    if x > 0.0 {
        x + log1p(exp(-x))
    } else {
        log1p(exp(x))
    }
}

/// `1 / (1 + e^−x)`, accurate in both tails.
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + exp(-x))
    } else {
        let e = exp(x);
        e / (1.0 + e)
    }
}

/// `ln(e^a + e^b)`; −∞ is a valid argument.
pub fn ln_add_exp(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if high == f64::NEG_INFINITY {
        return high;
    }
    high + log1p(exp(low - high))
}

/// `ln Σ e^v`; −∞ for no values.
pub fn ln_sum_exp(values: &[f64]) -> f64 {
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if high == f64::NEG_INFINITY {
        return high;
    }
    high + log(values.iter().map(|v| exp(v - high)).sum())
}

/// `(1 − e^−x) / x`, 1 at 0.
pub fn one_minus_exp_over(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { -expm1(-x) / x }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64, relative: f64) {
        assert!(
            (found - expected).abs() <= relative * expected.abs().max(1e-300),
            "{found:e} for {expected:e}"
        );
    }

    #[test]
    fn differences_keep_their_digits() {
        // mpmath, 60 digits: loggamma(a + n) - loggamma(a)
        near(ln_rising(1e9, 0.5), 10.361632918348206, 1e-14);
        near(ln_rising(25.0, 3.0), 9.772809228894012, 1e-14);
        near(ln_rising(0.25, 2.0), -1.163150809805681, 1e-14);
    }

    #[test]
    fn tails_do_not_overflow() {
        assert_eq!(softplus(1e5), 1e5);
        near(softplus(-700.0), exp(-700.0), 1e-14);
        assert_eq!((sigmoid(1e9), sigmoid(-1e9)), (1.0, 0.0));
        assert_eq!(ln_add_exp(f64::NEG_INFINITY, 2.0), 2.0);
        assert_eq!(ln_sum_exp(&[]), f64::NEG_INFINITY);
        near(ln_sum_exp(&[1000.0, 1000.0]), 1000.0 + log(2.0), 1e-15);
        near(one_minus_exp_over(1e-12), 1.0, 1e-12);
    }
}
