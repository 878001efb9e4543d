//! Scores of predicted dates, intervals and probabilities.
//!
//! | score | of | definition |
//! |---|---|---|
//! | MAE, median error | predicted dates | mean and median of days between predicted and actual, returners only |
//! | coverage | intervals | share of actual days inside; **an end day counts half** |
//! | coverage by Kaplan-Meier | the same, at the end of the data | `S(l) − S(h)` of the PIT `u = F(min(T, C))`, open where not returned |
//! | log score | the whole distribution | `−ln` of the probability of the outcome: the day, or no return so far |
//! | Brier | probabilities | mean of `(p − y)²` |
//! | calibration | probabilities | slope and intercept of a logistic regression of `y` on `logit p`; 1 and 0 are ideal |
//!
//! A slope below 1 means that the probabilities are too extreme. End days count half because days
//! are whole: the day of the 10 % point has about half of its mass below the point.
//!
//! # References
//!
//! - Cox, D. R. (1958). Two further applications of a model for binary regression. *Biometrika* 45,
//!   562-565: the calibration slope.
//! - Gneiting, T., Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and
//!   estimation. *JASA* 102, 359-378.

use crate::context::{filled, room};
use crate::cycle::predict::Prediction;
use crate::error::Result;
use crate::num::Fraction;
use crate::num::lifetime::Status;
use crate::num::survival::{self, Rows};

/// Errors of predicted days.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct DateError {
    /// The number of compared dates.
    pub count: u64,
    /// Mean of the absolute errors, in days.
    pub mean: f64,
    /// Median of the absolute errors, in days.
    pub median: f64,
}

/// Mean and median absolute error of `(predicted, actual)` days; `None` without any.
///
/// ```
/// use crm_core::backtest::score;
/// let error = score::date_error(&[(30, 34), (30, 30), (12, 10)])?.unwrap();
/// assert_eq!((error.mean, error.median), (2.0, 2.0));
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn date_error(pairs: &[(u32, u32)]) -> Result<Option<DateError>> {
    let mut errors = room(pairs.len(), "date errors")?;
    errors.extend(
        pairs
            .iter()
            .map(|&(predicted, actual)| predicted.abs_diff(actual)),
    );
    errors.sort_unstable();
    let half = errors.len() / 2;
    let Some(&upper) = errors.get(half) else {
        return Ok(None);
    };
    let lower = if errors.len() % 2 == 1 {
        upper
    } else {
        errors[half - 1]
    };
    let total: u64 = errors.iter().map(|&error| u64::from(error)).sum();
    Ok(Some(DateError {
        count: errors.len() as u64,
        mean: total as f64 / errors.len() as f64,
        median: 0.5 * (f64::from(lower) + f64::from(upper)),
    }))
}

/// Share of actual days inside their interval `(low, high, actual)`, an end day counting half;
/// `None` without any. An end beyond a century is `None`, which no day passes.
///
/// ```
/// use crm_core::backtest::score;
/// let days = [(Some(10), Some(20), 10), (Some(10), Some(20), 15), (Some(10), None, 400), (Some(10), Some(20), 21)];
/// assert_eq!(score::coverage(&days), Some(2.5 / 4.0));
/// ```
pub fn coverage(intervals: &[(Option<u32>, Option<u32>, u32)]) -> Option<f64> {
    if intervals.is_empty() {
        return None;
    }
    // Twice the share of the actual day that is right of an end: 2, 1 on the end day, 0.
    let right = |end: Option<u32>, actual: u32| match end {
        None => 0,
        Some(end) => match actual.cmp(&end) {
            std::cmp::Ordering::Greater => 2i64,
            std::cmp::Ordering::Equal => 1,
            std::cmp::Ordering::Less => 0,
        },
    };
    let inside: i64 = intervals
        .iter()
        .map(|&(low, high, actual)| right(low, actual) - right(high, actual))
        .sum();
    Some(inside as f64 / (2 * intervals.len()) as f64)
}

/// Coverage of the central interval from `low` to `high` (as probabilities) if some customers have
/// not returned yet: `S(low) − S(high)` of the Kaplan-Meier curve of the PIT values `F(min(T, C))`;
/// `returned` marks events. `None` if no row is at risk there.
pub fn pit_coverage(pit: &[f64], returned: &[bool], low: f64, high: f64) -> Result<Option<f64>> {
    let rows = Rows {
        durations: pit,
        observed: returned,
        ..Rows::default()
    };
    let Some(level) = Fraction::new(0.95) else {
        return Ok(None);
    };
    let curve = survival::kaplan_meier(rows, level)?;
    Ok(match (curve.at(low), curve.at(high)) {
        (Some(low), Some(high)) => Some(low.survival - high.survival),
        _ => None,
    })
}

/// [`pit_coverage`] among returns, if some customers never return: the share of all returns up to
/// the 99 % point that are between `low` and `high`. Customers who have left are censored at the
/// end and only reduce the number at risk.
pub fn returner_coverage(
    pit: &[f64],
    returned: &[bool],
    low: f64,
    high: f64,
) -> Result<Option<f64>> {
    const END: f64 = 0.99;
    let inside = pit_coverage(pit, returned, low, high)?;
    let all = pit_coverage(pit, returned, 0.0, END)?;
    Ok(match (inside, all) {
        (Some(inside), Some(all)) if all > 0.0 => Some(END * inside / all),
        _ => None,
    })
}

/// `−ln` of the probability of the outcome under `survival`: an order on `day`, or none up to it.
/// `survival(x)` is P(gap > x), including the probability of having left; x is continuous.
pub fn log_score(survival: impl Fn(f64) -> f64, day: u32, returned: bool) -> f64 {
    // P(day − ½ < gap ≤ day + ½), or P(gap > day + ½) without a return
    let day = f64::from(day);
    let seen = if returned {
        survival(day - 0.5) - survival(day + 0.5)
    } else {
        survival(day + 0.5)
    };
    -libm::log(seen.max(1e-12))
}

/// Mean of `(p − y)²`; `None` without any.
pub fn brier(outcomes: &[(f64, bool)]) -> Option<f64> {
    let sum: f64 = outcomes
        .iter()
        .map(|&(p, y)| {
            let off = p - f64::from(u8::from(y));
            off * off
        })
        .sum();
    (!outcomes.is_empty()).then(|| sum / outcomes.len() as f64)
}

/// The logistic regression `logit P(y) = intercept + slope · logit p`.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Calibration {
    /// 0 is ideal; positive: more happens than predicted.
    pub intercept: f64,
    /// 1 is ideal; below 1: the probabilities are too extreme.
    pub slope: f64,
    /// Standard error of the slope.
    pub slope_error: f64,
    /// Mean of the probabilities.
    pub expected: f64,
    /// Share of the outcomes that happened.
    pub observed: f64,
    /// Whether the regression reached its maximum.
    pub status: Status,
}

/// Calibration of `(probability, happened)`; `None` if all or none happened, or if the
/// probabilities are all equal, because the slope is not defined then.
pub fn calibration(outcomes: &[(f64, bool)]) -> Option<Calibration> {
    regression(|| {
        let one = |&(p, y): &(f64, bool)| [1.0, logit(p), p, f64::from(u8::from(y))];
        outcomes.iter().map(one)
    })
}

fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-9, 1.0 - 1e-9);
    libm::log(p / (1.0 - p))
}

/// Outcomes grouped by the predicted log odds, so that many origins together are a few thousand
/// numbers: bins of width 1/256, in which the odds differ by 0.4 %.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Outcomes {
    /// The count, and the sums of logit p, p and y.
    bins: Vec<[f64; 4]>,
}

/// Bins of [`Outcomes`] on each side of even odds: up to the limits of [`logit`], 20.7.
const BINS: usize = 21 * PER_UNIT;
const PER_UNIT: usize = 256;

impl Outcomes {
    /// Without outcomes.
    pub fn new() -> Result<Self> {
        Ok(Self {
            bins: filled(2 * BINS, [0.0; 4], "calibration")?,
        })
    }

    /// Adds an outcome: its probability, and whether it happened.
    pub fn add(&mut self, probability: f64, happened: bool) {
        let x = logit(probability);
        let bin = &mut self.bins[(BINS as f64 + PER_UNIT as f64 * x) as usize];
        for (sum, term) in bin
            .iter_mut()
            .zip([1.0, x, probability, f64::from(u8::from(happened))])
        {
            *sum += term;
        }
    }

    /// Adds the outcomes of another.
    pub fn merge(&mut self, other: &Self) {
        for (to, from) in self.bins.iter_mut().zip(&other.bins) {
            for (sum, term) in to.iter_mut().zip(from) {
                *sum += term;
            }
        }
    }

    /// [`calibration`] of all outcomes, to about a hundredth of the slope's standard error.
    pub fn calibration(&self) -> Option<Calibration> {
        regression(|| {
            let used = self.bins.iter().filter(|bin| bin[0] > 0.0);
            used.map(|&[n, x, p, y]| [n, x / n, p, y])
        })
    }
}

/// The logistic regression over rows of `[count, logit p, Σ p, Σ y]`.
fn regression<I: Iterator<Item = [f64; 4]>>(rows: impl Fn() -> I) -> Option<Calibration> {
    let (mut n, mut expected, mut happened) = (0.0, 0.0, 0.0);
    for [count, _, p, y] in rows() {
        n += count;
        expected += p;
        happened += y;
    }
    if happened == 0.0 || happened == n {
        return None;
    }
    // At η = a + b·x: ℓ = Σ y η − ln(1 + e^η); its gradient Σ (y − p)(1, x); and Σ w (1, x, x²)
    // with w = p (1 − p).
    let terms = |a: f64, b: f64| {
        let (mut ell, mut gradient, mut hessian) = (0.0, [0.0; 2], [0.0; 3]);
        for [count, x, _, y] in rows() {
            let eta = a + b * x;
            let fitted = 1.0 / (1.0 + libm::exp(-eta));
            let softplus = eta.max(0.0) + libm::log1p(libm::exp(-eta.abs()));
            ell += y * eta - count * softplus;
            let (residual, w) = (y - count * fitted, count * fitted * (1.0 - fitted));
            gradient[0] += residual;
            gradient[1] += residual * x;
            hessian[0] += w;
            hessian[1] += w * x;
            hessian[2] += w * x * x;
        }
        (ell, gradient, hessian)
    };
    let (mut a, mut b) = (0.0, 1.0);
    let (mut ell, mut gradient, mut hessian) = terms(a, b);
    let mut status = Status::Stalled;
    for _ in 0..100 {
        let determinant = hessian[0] * hessian[2] - hessian[1] * hessian[1];
        if determinant <= 1e-12 * hessian[0] * hessian[2] {
            return None;
        }
        if gradient[0].abs().max(gradient[1].abs()) < 1e-9 * n {
            status = Status::Converged;
            break;
        }
        // Newton: H⁻¹ g for the 2 × 2 matrix H = Σ w (1, x)(1, x)ᵀ
        let step = [
            (hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant,
            (hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant,
        ];
        // The step is halved until ℓ does not fall.
        let mut length = 1.0;
        loop {
            let next = terms(a + length * step[0], b + length * step[1]);
            if next.0 >= ell - 1e-12 * ell.abs() || length < 1e-6 {
                (a, b) = (a + length * step[0], b + length * step[1]);
                (ell, gradient, hessian) = next;
                break;
            }
            length *= 0.5;
        }
    }
    // Var b = (H⁻¹)_bb = H_aa / det H
    let determinant = hessian[0] * hessian[2] - hessian[1] * hessian[1];
    Some(Calibration {
        intercept: a,
        slope: b,
        slope_error: libm::sqrt(hessian[0] / determinant),
        expected: expected / n,
        observed: happened / n,
        status,
    })
}

/// One row of a calibration table.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Bin {
    /// The number of probabilities in the bin.
    pub count: u64,
    /// The number of them that happened.
    pub happened: u64,
    /// Mean probability; 0 in an empty bin.
    pub expected: f64,
}

/// Probabilities in ten bins of equal width, `[0, .1)` to `[.9, 1]`.
pub fn calibration_table(outcomes: &[(f64, bool)]) -> [Bin; 10] {
    let mut bins = [Bin::default(); 10];
    for &(p, y) in outcomes {
        let bin = &mut bins[((p * 10.0) as usize).min(9)];
        bin.count += 1;
        bin.happened += u64::from(y);
        bin.expected += p;
    }
    for bin in &mut bins {
        bin.expected /= bin.count.max(1) as f64;
    }
    bins
}

/// The 80 % interval of a prediction, with the actual day.
pub fn interval(prediction: &Prediction, actual: u32) -> (Option<u32>, Option<u32>, u32) {
    (prediction.dates[0], prediction.dates[3], actual)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Outcomes at known odds: the regression must return them.
    #[test]
    fn calibration_finds_a_known_distortion() {
        let mut outcomes = Vec::new();
        for step in 1..40 {
            let x = -2.0 + 0.1 * f64::from(step);
            let truth = 1.0 / (1.0 + (-(0.3 + 0.7 * x)).exp());
            let p = 1.0 / (1.0 + (-x).exp());
            for i in 0..2000 {
                outcomes.push((p, (f64::from(i) + 0.5) / 2000.0 < truth));
            }
        }
        let c = calibration(&outcomes).unwrap();
        assert_eq!(c.status, Status::Converged);
        assert!(
            (c.slope - 0.7).abs() < 2e-3 && (c.intercept - 0.3).abs() < 2e-3,
            "{c:?}"
        );
        // The information at the maximum, summed by hand.
        let mut h = [0.0; 3];
        for (p, _) in &outcomes {
            let x = (p / (1.0 - p)).ln();
            let fitted = 1.0 / (1.0 + (-(c.intercept + c.slope * x)).exp());
            let w = fitted * (1.0 - fitted);
            h = [h[0] + w, h[1] + w * x, h[2] + w * x * x];
        }
        let error = (h[0] / (h[0] * h[2] - h[1] * h[1])).sqrt();
        assert!((c.slope_error / error - 1.0).abs() < 1e-6, "{c:?} {error}");
        let table = calibration_table(&outcomes);
        assert_eq!(
            table.iter().map(|bin| bin.count).sum::<u64>(),
            outcomes.len() as u64
        );
        let mut gathered = Outcomes::new().unwrap();
        for &(p, y) in &outcomes {
            gathered.add(p, y);
        }
        let roughly = gathered.calibration().unwrap();
        assert!((roughly.slope - c.slope).abs() < 1e-4 && roughly.observed == c.observed);
        let mut twice = gathered.clone();
        twice.merge(&gathered);
        let twice = twice.calibration().unwrap();
        assert!((twice.slope - roughly.slope).abs() < 1e-9 && twice.expected == roughly.expected);
        assert_eq!(calibration(&[(0.5, true), (0.5, false)]), None);
        assert_eq!(calibration(&[(0.5, true), (0.6, true)]), None);
    }

    #[test]
    fn pit_coverage_without_open_rows_is_the_share_inside() {
        let pit: Vec<f64> = (0..100).map(|i| f64::from(i) / 99.0).collect();
        let share = pit_coverage(&pit, &[true; 100], 0.1, 0.9).unwrap().unwrap();
        let inside = pit.iter().filter(|&&u| u > 0.1 && u <= 0.9).count();
        assert!((share - inside as f64 / 100.0).abs() < 1e-12);
        assert_eq!(
            pit_coverage(&[0.2, 0.3], &[true, false], 0.1, 0.9).unwrap(),
            None
        );
    }

    /// All customers return: the share inside the interval, of the share up to the 99 % point.
    #[test]
    fn returner_coverage_without_leavers() {
        let pit: Vec<f64> = (0..1000).map(|i| (f64::from(i) + 0.5) / 1000.0).collect();
        let ours = returner_coverage(&pit, &[true; 1000], 0.1, 0.9).unwrap();
        assert!((ours.unwrap() - 0.8).abs() < 1e-12);
    }

    #[test]
    fn brier_by_hand() {
        assert_eq!(brier(&[(0.5, true), (1.0, true)]), Some(0.125));
        assert_eq!(brier(&[]), None);
    }

    #[test]
    fn the_log_score_is_smallest_for_the_truth() {
        let score = |mean: f64| log_score(|x| (-x / mean).exp(), 20, true);
        let day = (-19.5f64 / 20.0).exp() - (-20.5f64 / 20.0).exp();
        assert!((score(20.0) + day.ln()).abs() < 1e-12);
        let silence = log_score(|x| (-x / 20.0).exp(), 20, false);
        assert!((silence - 20.5 / 20.0).abs() < 1e-12);
        assert!(score(20.0) < score(10.0) && score(20.0) < score(40.0));
        assert!(log_score(|_| 0.0, 5, true).is_finite());
    }
}
