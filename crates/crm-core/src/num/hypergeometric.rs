//! The hypergeometric distribution: how many of `n_c` marked baskets are among `n_a` drawn of `n`.
//!
//! ```text
//! P(X = k) = C(n_c, k) C(n − n_c, n_a − k) / C(n, n_a)
//! p        = P(X ≥ k)                                  Fisher's exact test, one-sided
//! ```
//!
//! Binomial probabilities are computed from the saddle point (Loader), so that no large logarithms cancel:
//! the relative error of `P(X = k)` is that of a few roundings, also for millions of baskets.
//!
//! # References
//!
//! - Fisher, R. A. (1935). The logic of inductive inference. *JRSS* 98, 39-54.
//! - Loader, C. (2000). Fast and accurate computation of binomial probabilities.

use libm::{exp, fabs, lgamma, log, log1p};

/// `ln √(2π)`.
const LN_ROOT_2PI: f64 = 0.918_938_533_204_672_8;

/// `P(X ≥ k)`, where `n_a` of `n` are drawn and `n_c` of `n` are marked.
///
/// ```
/// use crm_core::num::hypergeometric::upper_tail;
/// // Fisher's tea: all of 4 cups of 8 named rightly, 1 of 70.
/// assert!((upper_tail(4, 8, 4, 4) - 1.0 / 70.0).abs() < 1e-16);
/// assert_eq!(upper_tail(0, 8, 4, 4), 1.0);
/// ```
pub fn upper_tail(k: u64, n: u64, n_a: u64, n_c: u64) -> f64 {
    let least = (n_a + n_c).saturating_sub(n);
    let most = n_a.min(n_c);
    if k <= least {
        return 1.0;
    }
    if k > most {
        return 0.0;
    }
    let (whole, a, c) = (n as f64, n_a as f64, n_c as f64);
    // P(X = j + 1) / P(X = j)
    let up = |j: f64| (a - j) * (c - j) / ((j + 1.0) * (whole - a - c + j + 1.0));
    // The side of the mean with the smaller tail is summed, so that small probabilities keep their digits.
    if k as f64 > a * c / whole {
        let (mut sum, mut term, mut j) = (1.0, 1.0, k);
        while j < most && term > sum * 1e-18 {
            term *= up(j as f64);
            sum += term;
            j += 1;
        }
        return exp(ln_probability(k, n, n_a, n_c) + log(sum)).min(1.0);
    }
    let (mut sum, mut term, mut j) = (1.0, 1.0, k - 1);
    while j > least && term > sum * 1e-18 {
        j -= 1;
        term /= up(j as f64);
        sum += term;
    }
    (1.0 - exp(ln_probability(k - 1, n, n_a, n_c) + log(sum))).max(0.0)
}

/// `ln P(X = k)`; `k` is possible.
fn ln_probability(k: u64, n: u64, n_a: u64, n_c: u64) -> f64 {
    let (p, q) = (n_a as f64 / n as f64, (n - n_a) as f64 / n as f64);
    ln_binomial(k, n_c, p, q) + ln_binomial(n_a - k, n - n_c, p, q) - ln_binomial(n_a, n, p, q)
}

/// `ln C(n, x) p^x q^(n − x)`.
fn ln_binomial(x: u64, n: u64, p: f64, q: f64) -> f64 {
    let (x, n) = (x as f64, n as f64);
    if x == 0.0 {
        return match q > 0.5 {
            _ if n == 0.0 => 0.0,
            true => n * log1p(-p),
            false => n * log(q),
        };
    }
    if x == n {
        return match p > 0.5 {
            true => n * log1p(-q),
            false => n * log(p),
        };
    }
    let shape = stirling_error(n) - stirling_error(x) - stirling_error(n - x);
    let deviance = deviance(x, n * p) + self::deviance(n - x, n * q);
    shape - deviance - LN_ROOT_2PI - 0.5 * (log(x) + log1p(-x / n))
}

/// `ln n! − ln(√(2πn) (n/e)^n)`.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        return lgamma(n + 1.0) - (n + 0.5) * log(n) + n - LN_ROOT_2PI;
    }
    // The first terms of Stirling's series.
    let s = 1.0 / (n * n);
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - s / 1188.0) * s) * s) * s) / n
}

/// `x ln(x/m) + m − x`.
fn deviance(x: f64, m: f64) -> f64 {
    let v = (x - m) / (x + m);
    if fabs(v) >= 0.1 {
        return x * log(x / m) + m - x;
    }
    // (x − m) v + 2 x Σ v^(2j+1)/(2j+1)
    let (mut sum, mut power, mut j) = ((x - m) * v, 2.0 * x * v, 3.0);
    loop {
        power *= v * v;
        let next = sum + power / j;
        if next == sum {
            return sum;
        }
        sum = next;
        j += 2.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole binomial coefficients.
    fn exact(k: u64, n: u64, n_a: u64, n_c: u64) -> f64 {
        let choose = |n: u64, k: u64| {
            if k > n {
                return 0;
            }
            (0..k).fold(1_u128, |c, i| c * u128::from(n - i) / u128::from(i + 1))
        };
        let hits = (k..=n_a.min(n_c)).filter(|j| n_a - j <= n - n_c);
        let sum: u128 = hits
            .map(|j| choose(n_c, j) * choose(n - n_c, n_a - j))
            .sum();
        sum as f64 / choose(n, n_a) as f64
    }

    #[test]
    fn small_tables_are_sums_of_whole_numbers() {
        let mut compared = 0;
        for n in [1, 2, 5, 9, 24, 40] {
            for n_a in 0..=n {
                for n_c in 0..=n {
                    for k in 0..=n_a.min(n_c) + 1 {
                        let (found, expected) = (upper_tail(k, n, n_a, n_c), exact(k, n, n_a, n_c));
                        let off = (found - expected).abs();
                        assert!(
                            off <= 2e-13 * expected,
                            "{k} {n} {n_a} {n_c}: {found} {expected}"
                        );
                        compared += 1;
                    }
                }
            }
        }
        assert!(compared > 20_000);
    }

    #[test]
    fn tails_below_the_smallest_number_are_zero_and_none_is_above_one() {
        assert_eq!(upper_tail(5_000, 1_000_000, 5_000, 5_000), 0.0);
        for k in 0..200 {
            let p = upper_tail(k, 1_000_000, 10_000, 10_000);
            assert!((0.0..=1.0).contains(&p) && p >= upper_tail(k + 1, 1_000_000, 10_000, 10_000));
        }
    }
}
