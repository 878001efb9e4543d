//! How wrong forecasts of sums are: not only by chance, which averages out, but by what all parts of the sum
//! share. It is learnt from the same forecast at earlier dates.
//!
//! ```text
//! e²      ln((came + ½) / (said + ½))²
//! R       (3 + Σ e² / v) / (3 + dates)             v: the variance of the logarithm that is typical
//! high    y · exp(z √(R v))
//! low     the lesser of y · exp(−z √(R v)) and y · max(0, 1 − z √(R v) / 2)²
//! ```
//!
//! What is typical counts for three dates. The second form of the low end is that of a root of a count: it
//! reaches 0, which a count of two or three may well be.

use super::{Fraction, normal};

/// How many dates what is typical counts for.
const TYPICAL_COUNTS: f64 = 3.0;

/// The squared error of one forecast, on the logarithm.
pub(crate) fn square(came: f64, said: f64) -> f64 {
    let ln = libm::log((came.max(0.0) + 0.5) / (said.max(0.0) + 0.5));
    ln * ln
}

/// By how much typical variances are scaled, after the squared errors by them of so many dates.
pub(crate) fn scale(dates: usize, sum: f64) -> f64 {
    (TYPICAL_COUNTS + sum) / (TYPICAL_COUNTS + dates as f64)
}

/// Both ends of the interval around a value whose logarithm has this variance.
pub(crate) fn ends(value: f64, variance: f64, level: Fraction) -> (f64, f64) {
    // z √(R v)
    let wide = normal::quantile(0.5 + 0.5 * level.get()) * libm::sqrt(variance);
    // On the root of a count, √y (1 − z √(R v) / 2); squared below.
    let root = (1.0 - 0.5 * wide).max(0.0);
    let low = (root * root).min(libm::exp(-wide));
    (value * low, value * libm::exp(wide))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typical_counts_for_three_dates() {
        assert_eq!(scale(0, 0.0), 1.0);
        // Three dates twice as wrong as is typical: half of the way from 1 to 4.
        assert_eq!(scale(3, 12.0), 2.5);
        assert_eq!(square(9.5, 9.5), 0.0);
        assert!((square(0.0, 0.5) - libm::log(2.0) * libm::log(2.0)).abs() < 1e-15);
    }

    #[test]
    fn the_interval_is_that_of_a_logarithm_and_reaches_zero_for_few() {
        let level = Fraction::new(0.8).unwrap();
        let (low, high) = ends(100.0, 0.01, level);
        // z = 1.2815515655
        assert!((high - 100.0 * libm::exp(0.12815515655)).abs() < 1e-6);
        assert!((low - 100.0 * (1.0_f64 - 0.064077578).powi(2)).abs() < 1e-4);
        assert_eq!(ends(1.0, 4.0, level).0, 0.0);
    }
}
