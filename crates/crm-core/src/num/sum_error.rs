//! Errors of forecasts of sums. Chance averages out over the parts of a sum; an error that all parts share does
//! not. Its size is estimated from the same forecast at earlier dates.
//!
//! ```text
//! e       ln((actual + ½) / (predicted + ½)) − b
//! w       2^−years from its date to the last one                    dates = (Σ w)² / Σ w²
//! R       (3 + dates · Σ w e² / v / Σ w) / (3 + dates)              v: the variance of the logarithm that is typical
//! high    y · exp(z √(R v))
//! low     the lesser of y · exp(−z √(R v)) and y · max(0, 1 − z √(R v) / 2)²
//! ```
//!
//! The typical error counts for three dates. The second form of the low end is on the scale of the square root
//! of a count: it reaches 0, a possible outcome where two or three are expected.
//!
//! An error that earlier dates share moves the middle to `y = predicted · e^b`: half of the typical variance is taken
//! to last. Forecasts `h` long from dates `s` apart have the information of `n` independent ones:
//!
//! ```text
//! n       1 + (dates − 1) · min(1, s / h)
//! b       n β / (n β + v − β) · Σ w ln((actual + ½) / (predicted + ½)) / Σ w            β = typical² / 2
//! ```
//!
//! Without a shift `b` is 0, and without weights every `w` is 1.

use super::{Fraction, normal};

/// Standard deviations of the logarithms of sums of purchases and of revenue that are typical of shops, for a year or less.
pub(crate) const TYPICAL: [f64; 2] = [0.12, 0.15];

/// The number of dates that the typical error counts for.
const TYPICAL_COUNTS: f64 = 3.0;

/// The error of one forecast, on the logarithm.
pub(crate) fn error(actual: f64, predicted: f64) -> f64 {
    libm::log((actual.max(0.0) + 0.5) / (predicted.max(0.0) + 0.5))
}

/// The squared error of one forecast, on the logarithm.
pub(crate) fn square(actual: f64, predicted: f64) -> f64 {
    let ln = error(actual, predicted);
    ln * ln
}

/// The weight `w` of a forecast whose date is so many years before the last one.
pub(crate) fn weight(years: f64) -> f64 {
    libm::exp2(-years)
}

/// The effective number of dates: the number with equal weights that has the same information.
pub(crate) fn dates(weights: impl Iterator<Item = f64>) -> f64 {
    let (sum, squares) = weights.fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
    match squares > 0.0 {
        true => sum * sum / squares,
        false => 0.0,
    }
}

/// How wrong an earlier forecast was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Earlier {
    /// `ln((actual + ½) / (predicted + ½))`.
    pub(crate) error: f64,
    /// `v`, its typical variance.
    pub(crate) variance: f64,
    /// `w`.
    pub(crate) weight: f64,
}

/// `b`, by how much earlier errors move the logarithm of a forecast. `typical` is a standard deviation, `fresh` is
/// `s / h`, the share of a forecast's time that lies between two dates.
pub(crate) fn shift(errors: &[Earlier], typical: f64, fresh: f64) -> f64 {
    let weight: f64 = errors.iter().map(|one| one.weight).sum();
    if weight <= 0.0 {
        return 0.0;
    }
    let mean = |of: fn(&Earlier) -> f64| {
        errors.iter().map(|one| one.weight * of(one)).sum::<f64>() / weight
    };
    let (error, variance) = (mean(|one| one.error), mean(|one| one.variance));
    // β, and n β
    let lasting = 0.5 * typical * typical;
    let n = 1.0 + (dates(errors.iter().map(|one| one.weight)) - 1.0) * fresh.min(1.0);
    let known = n * lasting;
    error * known / (known + (variance - lasting).max(0.0))
}

/// `R`, by how much typical variances are scaled, after a sum of squared errors by them of so many dates.
pub(crate) fn scale(dates: f64, sum: f64) -> f64 {
    (TYPICAL_COUNTS + sum) / (TYPICAL_COUNTS + dates)
}

/// `R` after these errors, less the shift.
pub(crate) fn scale_after(errors: &[Earlier], shift: f64) -> f64 {
    let (mut weight, mut sum) = (0.0, 0.0);
    for one in errors {
        let left = one.error - shift;
        weight += one.weight;
        sum += one.weight * left * left / one.variance;
    }
    let dates = dates(errors.iter().map(|one| one.weight));
    match weight > 0.0 {
        true => scale(dates, dates * sum / weight),
        false => 1.0,
    }
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

/// An interval around a sum, made wider by an error that all parts share: `sd` of the logarithm of the sum,
/// independent of what makes the interval now. On each side, `ln(end / value)² + z² sd²` is the new square.
pub(crate) fn widened(value: f64, (low, high): (f64, f64), sd: f64, level: Fraction) -> (f64, f64) {
    if value <= 0.0 {
        return (low, high);
    }
    let more = normal::quantile(0.5 + 0.5 * level.get()) * sd;
    let wider = |side: f64| {
        let own = libm::log(side / value);
        libm::sqrt(own * own + more * more)
    };
    let down = match low > 0.0 {
        true => value * libm::exp(-wider(low.min(value))),
        false => low,
    };
    (down, value * libm::exp(wider(high.max(value))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typical_counts_for_three_dates() {
        assert_eq!(scale(0.0, 0.0), 1.0);
        // Three dates twice as wrong as is typical: half of the way from 1 to 4.
        assert_eq!(scale(3.0, 12.0), 2.5);
        assert_eq!(square(9.5, 9.5), 0.0);
        assert!((square(0.0, 0.5) - libm::log(2.0) * libm::log(2.0)).abs() < 1e-15);
    }

    #[test]
    fn a_shared_error_adds_its_square() {
        let z = normal::quantile(0.9);
        // 3 and 4 standard deviations of .1 are 5.
        let own = libm::exp(0.3 * z);
        let (low, high) = widened(50.0, (50.0 / own, 50.0 * own), 0.4, Fraction::P80);
        assert!((libm::log(high / 50.0) - 0.5 * z).abs() < 1e-12, "{high}");
        assert!((libm::log(50.0 / low) - 0.5 * z).abs() < 1e-12, "{low}");
        // A low end of 0 stays, as does a sum of nothing; an interval beside its value holds it.
        assert_eq!(widened(5.0, (0.0, 9.0), 0.4, Fraction::P80).0, 0.0);
        assert_eq!(widened(0.0, (0.0, 0.0), 0.4, Fraction::P80), (0.0, 0.0));
        assert_eq!(widened(5.0, (6.0, 7.0), 0.0, Fraction::P80), (5.0, 7.0));
    }

    fn earlier(errors: &[f64], variance: f64) -> Vec<Earlier> {
        let one = |error: &f64| Earlier {
            error: *error,
            variance,
            weight: 1.0,
        };
        errors.iter().map(one).collect()
    }

    #[test]
    fn half_of_what_is_typical_lasts() {
        assert_eq!(shift(&[], 0.2, 1.0), 0.0);
        // One date of variance typical²: as much is lasting as is not.
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        near(shift(&earlier(&[0.3], 0.04), 0.2, 1.0), 0.15);
        // Three independent dates, and three that share half of their time: 3 / 4 and 2 / 3 of the mean.
        let three = earlier(&[0.3, 0.2, 0.1], 0.04);
        near(shift(&three, 0.2, 1.0), 0.15);
        near(shift(&three, 0.2, 0.5), 0.2 * 2.0 / 3.0);
        // A sum of few has more chance in it: .02 of .10 lasts.
        near(shift(&earlier(&[0.3], 0.1), 0.2, 1.0), 0.06);
    }

    #[test]
    fn a_year_halves_the_weight() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        near(weight(2.0), 0.25);
        near(dates([1.0, 1.0, 1.0].into_iter()), 3.0);
        // (1 + ½)² / (1 + ¼)
        near(dates([1.0, 0.5].into_iter()), 1.8);
        let mut two = earlier(&[0.3, 0.0], 0.04);
        two[1].weight = 0.5;
        // n = 1.8, of a mean of .2: 1.8 / 2.8.
        near(shift(&two, 0.2, 1.0), 0.2 * 1.8 / 2.8);
        // Squares .09 and 0, by .04, of the weights 1 and ½: a mean of 1.5.
        near(scale_after(&two, 0.0), (3.0 + 1.8 * 1.5) / 4.8);
        near(scale_after(&two, 0.3), (3.0 + 1.8 * 0.75) / 4.8);
        assert_eq!(scale_after(&[], 0.0), 1.0);
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
