//! A share with its counts and its interval.
//!
//! ```text
//! value = numerator / denominator = p
//! Wilson: (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n)
//! ```
//!
//! `z` is the normal quantile of the confidence level (1.96 at 95 %). The interval lies in [0, 1]
//! and has a positive width even at 0 of n and n of n. **An empty denominator is null**, never 0 %
//! or 100 %. Shares are pooled (`Σ/Σ`), never a mean of rates.
//!
//! Wilson's interval assumes independent trials. Where one customer or visitor contributes several
//! (views, sessions, carts, gaps), [`Ratio::clustered`] uses the variance clustered by customer,
//!
//! ```text
//! V = m/(m−1) · Σ_c (y_c − p n_c)² / (Σ_c n_c)²        m clusters, y_c of n_c in cluster c
//! ```
//!
//! and puts the effective number of independent trials, `p(1−p)/V`, into Wilson's formula. It is at
//! most the denominator and at least 1. It is `m` where `p` is 0 or 1, because `V` is 0 there, and
//! where there is one cluster.
//!
//! # References
//!
//! - Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
//!   *JASA* 22, 209-212.
//! - Cochran, W. G. (1977). *Sampling Techniques*, 3rd ed., §3.12: the variance of a ratio.

use super::Fraction;

use super::normal;

/// A share: counts, value and interval; the last three are `None` when the denominator is 0.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Ratio {
    /// Successes.
    pub numerator: u64,
    /// Trials.
    pub denominator: u64,
    /// `numerator / denominator`.
    pub value: Option<f64>,
    /// Lower end of the interval.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
}

impl Ratio {
    /// `numerator` of `denominator` independent trials, with Wilson's interval.
    ///
    /// A numerator above the denominator is not a share; it is cut at the denominator.
    ///
    /// ```
    /// use crm_core::{Fraction, num::ratio::Ratio};
    /// let level = Fraction::new(0.95).unwrap();
    /// let repeat = Ratio::new(27, 100, level);
    /// assert_eq!(repeat.value, Some(0.27));
    /// assert!((repeat.low.unwrap() - 0.1929).abs() < 1e-3);
    /// assert_eq!(Ratio::new(0, 0, level).value, None);
    /// ```
    pub fn new(numerator: u64, denominator: u64, level: Fraction) -> Self {
        Self::with_trials(numerator, denominator, denominator as f64, level)
    }

    /// `Σ hits` of `Σ trials`, one pair per customer or visitor. Customers are independent of each
    /// other; the trials of one customer are not.
    ///
    /// ```
    /// use crm_core::{Fraction, num::ratio::Ratio};
    /// let level = Fraction::new(0.95).unwrap();
    /// // Ten visitors who always or never convert: ten independent answers, not a thousand.
    /// let visitors = (0..10).map(|v| (if v < 5 { 100 } else { 0 }, 100));
    /// let shares = Ratio::clustered(visitors, level);
    /// let naive = Ratio::new(500, 1000, level);
    /// assert!(shares.high.unwrap() - shares.low.unwrap() > 5.0 * (naive.high.unwrap() - naive.low.unwrap()));
    /// ```
    pub fn clustered(clusters: impl Iterator<Item = (u64, u64)> + Clone, level: Fraction) -> Self {
        let (mut numerator, mut denominator, mut count) = (0u64, 0u64, 0u64);
        for (hits, trials) in clusters.clone() {
            numerator = numerator.saturating_add(hits);
            denominator = denominator.saturating_add(trials);
            count += u64::from(trials > 0);
        }
        if denominator == 0 {
            return Self::new(0, 0, level);
        }
        let (n, m) = (denominator as f64, count as f64);
        let p = numerator as f64 / n;
        let squares: f64 = clusters
            .map(|(hits, trials)| {
                let off = hits as f64 - p * trials as f64;
                off * off
            })
            .sum();
        // The variance of a ratio: m/(m − 1) Σ (hits − p trials)² / n².
        let variance = m / (m - 1.0) * squares / (n * n);
        // As many independent trials as would have this variance, p(1 − p)/variance.
        let trials = if count < 2 || numerator == 0 || numerator >= denominator {
            m
        } else {
            (p * (1.0 - p) / variance).min(n).max(1.0)
        };
        Self::with_trials(numerator, denominator, trials, level)
    }

    /// The result of [`clustered`](Self::clustered) from sums over the clusters; see [`Sums`].
    pub fn from_sums(sums: &Sums, level: Fraction) -> Self {
        let (y, n) = (sums.hits, sums.trials);
        if n == 0 {
            return Self::new(0, 0, level);
        }
        let m = sums.clusters as f64;
        let trials = if sums.clusters < 2 || y == 0 || y >= n {
            m
        } else {
            let p = y as f64 / n as f64;
            let variance = m / (m - 1.0) * sums.squares() / (n as f64 * n as f64);
            (p * (1.0 - p) / variance).min(n as f64).max(1.0)
        };
        Self::with_trials(y, n, trials, level)
    }

    fn with_trials(numerator: u64, denominator: u64, trials: f64, level: Fraction) -> Self {
        let numerator = numerator.min(denominator);
        if denominator == 0 {
            return Self {
                numerator,
                denominator,
                value: None,
                low: None,
                high: None,
            };
        }
        let value = numerator as f64 / denominator as f64;
        let (low, high) = wilson(value, trials, level);
        Self {
            numerator,
            denominator,
            value: Some(value),
            low: Some(low),
            high: Some(high),
        }
    }
}

/// Sums over clusters from which [`Ratio::clustered`]'s interval follows, so that a scan needs no
/// memory per visitor:
///
/// ```text
/// Σ (y_c − p n_c)² = Σ y² − 2p Σ y n + p² Σ n² = (N² Σ y² − 2 Y N Σ y n + Y² Σ n²) / N²
/// ```
///
/// The last numerator is computed in integers where it fits into 128 bits, in doubles otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Sums {
    /// Y, the successes.
    pub hits: u64,
    /// N, the trials.
    pub trials: u64,
    clusters: u64,
    hits_hits: u128,
    hits_trials: u128,
    trials_trials: u128,
}

impl Sums {
    /// Adds a cluster: `hits` of `trials`.
    #[inline]
    pub fn add(&mut self, hits: u64, trials: u64) {
        let (y, n) = (u128::from(hits), u128::from(trials));
        self.hits += hits;
        self.trials += trials;
        self.clusters += u64::from(trials > 0);
        self.hits_hits += y * y;
        self.hits_trials += y * n;
        self.trials_trials += n * n;
    }

    /// `Σ (y_c − p n_c)²`.
    fn squares(&self) -> f64 {
        let (y, n) = (u128::from(self.hits), u128::from(self.trials));
        // N² Σ y² + Y² Σ n² − 2 Y N Σ y n; `None` if 128 bits are too few.
        let whole = || {
            let plus = (n * n).checked_mul(self.hits_hits)?;
            let plus = plus.checked_add((y * y).checked_mul(self.trials_trials)?)?;
            plus.checked_sub((2 * y).checked_mul(n)?.checked_mul(self.hits_trials)?)
        };
        match whole() {
            Some(whole) => whole as f64 / (n as f64 * n as f64),
            None => {
                let p = y as f64 / n as f64;
                let sum = self.hits_hits as f64 - 2.0 * p * self.hits_trials as f64;
                (sum + p * p * self.trials_trials as f64).max(0.0)
            }
        }
    }
}

/// Wilson's interval for a share `value` observed in `trials` (> 0, not necessarily whole) trials.
///
/// ```
/// use crm_core::{Fraction, num::ratio};
/// let (low, high) = ratio::wilson(0.0, 10.0, Fraction::new(0.95).unwrap());
/// assert_eq!(low, 0.0);
/// assert!((high - 0.2775).abs() < 1e-4);
/// ```
pub fn wilson(value: f64, trials: f64, level: Fraction) -> (f64, f64) {
    let z = normal::quantile(0.5 + 0.5 * level.get());
    // z²/n; centre and half width before both are divided by 1 + z²/n.
    let spread = z * z / trials;
    let centre = value + 0.5 * spread;
    let half = z * libm::sqrt(value * (1.0 - value) / trials + 0.25 * spread / trials);
    let low = if value == 0.0 {
        0.0
    } else {
        ((centre - half) / (1.0 + spread)).max(0.0)
    };
    let high = if value == 1.0 {
        1.0
    } else {
        ((centre + half) / (1.0 + spread)).min(1.0)
    };
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level() -> Fraction {
        Fraction::new(0.95).unwrap()
    }

    /// At the ends of Wilson's interval the score test of the share is exactly at its critical
    /// value.
    #[test]
    fn wilson_inverts_the_score_test() {
        let z = normal::quantile(0.975);
        for (hits, trials) in [(1u64, 7u64), (3, 10), (27, 100), (999, 1000), (1, 100_000)] {
            let r = Ratio::new(hits, trials, level());
            for end in [r.low.unwrap(), r.high.unwrap()] {
                let n = trials as f64;
                let score = (hits as f64 / n - end) / (end * (1.0 - end) / n).sqrt();
                assert!(
                    (score.abs() - z).abs() < 1e-9,
                    "{hits} of {trials}: {score}"
                );
            }
        }
    }

    #[test]
    fn one_trial_per_cluster_is_close_to_wilson_and_never_narrower() {
        let plain = Ratio::new(30, 100, level());
        let each = Ratio::clustered((0..100).map(|c| (u64::from(c < 30), 1)), level());
        assert!(each.low.unwrap() <= plain.low.unwrap());
        assert!((each.low.unwrap() - plain.low.unwrap()).abs() < 2e-3);
    }

    #[test]
    fn sums_give_the_interval_of_the_clusters() {
        let clusters = [(3, 10), (0, 4), (7, 7), (1, 2), (0, 0), (40, 90)];
        let mut sums = Sums::default();
        clusters.iter().for_each(|(y, n)| sums.add(*y, *n));
        let (a, b) = (
            Ratio::from_sums(&sums, level()),
            Ratio::clustered(clusters.iter().copied(), level()),
        );
        assert_eq!((a.numerator, a.denominator), (51, 113));
        assert!((a.low.unwrap() - b.low.unwrap()).abs() < 1e-12);
        assert!((a.high.unwrap() - b.high.unwrap()).abs() < 1e-12);
    }

    #[test]
    fn none_and_all_have_a_width_from_the_number_of_clusters() {
        let none = Ratio::clustered((0..4).map(|_| (0, 50)), level());
        assert_eq!((none.value, none.low), (Some(0.0), Some(0.0)));
        assert_eq!(none.high, Ratio::new(0, 4, level()).high);
        let single = Ratio::clustered(std::iter::once((3, 10)), level());
        assert!(single.high.unwrap() - single.low.unwrap() > 0.7);
        assert_eq!(Ratio::clustered(std::iter::empty(), level()).value, None);
    }
}
