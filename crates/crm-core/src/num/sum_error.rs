//! Errors of forecasts of sums. Chance averages out over the parts of a sum; an error that all parts share does
//! not. Its size is estimated from the same forecast at earlier dates.
//!
//! ```text
//! e²      ln((actual + ½) / (predicted + ½))²
//! R       (3 + Σ e² / v) / (3 + dates)             v: the variance of the logarithm that is typical
//! high    y · exp(z √(R v))
//! low     the lesser of y · exp(−z √(R v)) and y · max(0, 1 − z √(R v) / 2)²
//! ```
//!
//! The typical error counts for three dates. The second form of the low end is on the scale of the square root
//! of a count: it reaches 0, a possible outcome where two or three are expected.

use super::{Fraction, normal};

/// The number of dates that the typical error counts for.
const TYPICAL_COUNTS: f64 = 3.0;

/// The squared error of one forecast, on the logarithm.
pub(crate) fn square(actual: f64, predicted: f64) -> f64 {
    let ln = libm::log((actual.max(0.0) + 0.5) / (predicted.max(0.0) + 0.5));
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
