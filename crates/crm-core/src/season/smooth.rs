//! From levels to factors: the share of the differences that is chance.
//!
//! # Definition
//!
//! The logarithm `z` of a level that was seen, of a count `c` where `x` were expected, has the variance
//! `v = 1/(max(c, x/4) + ½)` from counting alone. Months of the log are modelled as
//!
//! ```text
//! z_t = c + b·t + s(month of the year of t) + r_t + u_t + error of variance v_t
//! s ~ N(0, τ²)   r_t random walk, step variance ρ²   u_t ~ N(0, σ²)   c, b free
//! ```
//!
//! `τ`, `σ` and `ρ` are not known: everything is averaged over a grid of them, weighted by the likelihood with `c`
//! and `b` integrated out (`local_level.rs`). Few data leave `τ` near 0 and factors near 1. Two tests decide whether
//! there are seasons: the likelihood ratio of the best `τ` against `τ = 0` (half of a χ² with one degree of
//! freedom, as 0 is the end of its range), and the prediction of months that are left out one at a time, from the
//! others with and without seasons.
//!
//! A month so far from the others that chance does not bring it (more than five standard deviations when left out:
//! the shop was closed, a post went viral) is no season; it is left out and named.
//!
//! # References
//!
//! - Gardner, E. S., McKenzie, E. (1985). Forecasting trends in time series. *Management Science* 31.
//! - Harville, D. A. (1977). Maximum likelihood approaches to variance component estimation. *JASA* 72.
//! - Rasmussen, C. E., Williams, C. K. I. (2006). *Gaussian Processes for Machine Learning*, §5.4.2:
//!   what is left out, without fitting again.

use super::local_level::{Filtered, MonthLevel};
use crate::context::{filled, room};
use crate::error::Result;
use crate::num::normal;

/// Values of τ; the first one is no season.
const SEASONS: [f64; 12] = [
    0.0, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.75, 1.0,
];
/// Values of σ.
const NOISES: [f64; 8] = [0.0, 0.02, 0.04, 0.07, 0.1, 0.15, 0.22, 0.32];
/// Values of ρ.
const DRIFTS: [f64; 7] = [0.0, 0.01, 0.02, 0.04, 0.07, 0.1, 0.15];

/// Standard deviations from which on a month is no month like the others.
const UNLIKE: f64 = 5.0;

/// The seasons found in months.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seasons {
    /// Logarithms of the factors, less their mean: values and covariances.
    pub(super) mean: [f64; 12],
    pub(super) covariance: [[f64; 12]; 12],
    /// Change of the logarithm a year, and its standard deviation.
    pub(super) trend: [f64; 2],
    /// Chance of such a likelihood ratio without seasons.
    pub(super) p: f64,
    /// Gain of the log score of months left out; above 0 seasons predict better.
    pub(super) gain: f64,
    /// Share of the variance of months left out that seasons explain.
    pub(super) explained: f64,
    /// Months of the log that were left out as unlike the others.
    pub(super) unlike: Vec<usize>,
}

/// Fits months; at least four.
pub(super) fn seasons(points: &[MonthLevel]) -> Result<Seasons> {
    let mut kept = room(points.len(), "seasonality")?;
    kept.extend_from_slice(points);
    let mut unlike = Vec::new();
    loop {
        let mut found = months(&kept)?;
        let most = found.left_out.iter().copied().enumerate();
        let most = most.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
        let few = 10 * (unlike.len() + 1) <= points.len();
        match most.filter(|(_, z)| few && z.abs() > UNLIKE) {
            Some((at, _)) => unlike.push(kept.remove(at).at),
            None => {
                unlike.sort_unstable();
                found.seasons.unlike = unlike;
                return Ok(found.seasons);
            }
        }
    }
}

/// The logarithms of months to come (their `value` and `variance` are not read), each with its standard
/// deviation; from at least two months that are known. The trend is damped.
pub(crate) fn ahead(known: &[MonthLevel], to_come: &[MonthLevel]) -> Result<Vec<(f64, f64)>> {
    let mut grid = room(SEASONS.len() * NOISES.len() * DRIFTS.len(), "forecast")?;
    for noise in NOISES {
        for drift in DRIFTS {
            let filtered = Filtered::new(known, noise, drift)?;
            for season in SEASONS {
                let likelihood = filtered.effects(season)?.ln_likelihood;
                grid.push((likelihood, [season, noise, drift]));
            }
        }
    }
    grid.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let top = grid.first().map_or(0.0, |one| one.0);
    let mut weight = 0.0;
    let mut sums = filled(to_come.len(), [0.0; 2], "forecast")?;
    // What weighs less than a hundredth of the best moves nothing that is shown.
    for (likelihood, [season, noise, drift]) in grid.into_iter().filter(|one| one.0 > top - 4.6) {
        let filtered = Filtered::new(known, noise, drift)?;
        let forecast = filtered.ahead(&filtered.effects(season)?, to_come)?;
        let w = libm::exp(likelihood - top);
        weight += w;
        for (sum, (mean, variance)) in sums.iter_mut().zip(forecast) {
            sum[0] += w * mean;
            sum[1] += w * (variance + mean * mean);
        }
    }
    let each = sums.into_iter().map(|[first, second]| {
        let mean = first / weight;
        (mean, libm::sqrt((second / weight - mean * mean).max(0.0)))
    });
    let mut forecast = room(to_come.len(), "forecast")?;
    forecast.extend(each);
    Ok(forecast)
}

struct Months {
    seasons: Seasons,
    /// Standardised differences of months left out from what the others say.
    left_out: Vec<f64>,
}

fn months(points: &[MonthLevel]) -> Result<Months> {
    let mut best = [f64::NEG_INFINITY; 2];
    let mut at_best = [[0.0; 3]; 2];
    let mut all = room(NOISES.len() * DRIFTS.len(), "seasonality")?;
    for noise in NOISES {
        for drift in DRIFTS {
            let filtered = Filtered::new(points, noise, drift)?;
            for season in SEASONS {
                let likelihood = filtered.effects(season)?.ln_likelihood;
                let with = usize::from(season > 0.0);
                if likelihood > best[with] {
                    best[with] = likelihood;
                    at_best[with] = [season, noise, drift];
                }
            }
            all.push(filtered);
        }
    }
    let (mut scores, mut squares) = ([0.0; 2], [0.0; 2]);
    let mut left_out = room(points.len(), "seasonality")?;
    for (with, [season, noise, drift]) in at_best.into_iter().enumerate() {
        let filtered = Filtered::new(points, noise, drift)?;
        left_out.clear();
        for (difference, variance) in filtered.left_out(&filtered.effects(season)?)? {
            scores[with] -= 0.5 * (libm::log(variance) + difference * difference / variance);
            squares[with] += difference * difference;
            left_out.push(difference / libm::sqrt(variance));
        }
    }
    let (mean, covariance, trend) = averaged(&all, best[0].max(best[1]))?;
    let ratio = 2.0 * (best[1] - best[0]);
    Ok(Months {
        seasons: Seasons {
            mean,
            covariance,
            trend,
            p: match ratio > 0.0 {
                true => normal::upper_tail(libm::sqrt(ratio)),
                false => 1.0,
            },
            gain: scores[1] - scores[0],
            explained: match squares[0] > 0.0 {
                true => 1.0 - squares[1] / squares[0],
                false => 0.0,
            },
            unlike: Vec::new(),
        },
        left_out,
    })
}

/// Means and covariances of seasons; the trend and its standard deviation.
type Averaged = ([f64; 12], [[f64; 12]; 12], [f64; 2]);

/// Seasons with their covariance, and the trend with its standard deviation, over the grid; `top` is the
/// greatest likelihood.
fn averaged(all: &[Filtered], top: f64) -> Result<Averaged> {
    let (mut weight, mut mean, mut second) = (0.0, [0.0; 12], [[0.0; 12]; 12]);
    let mut trend = [0.0; 2];
    for filtered in all {
        for season in SEASONS {
            let effects = filtered.effects(season)?;
            // What weighs less than a thousandth of the best changes nothing that is shown.
            if effects.ln_likelihood < top - 7.0 {
                continue;
            }
            let w = libm::exp(effects.ln_likelihood - top);
            weight += w;
            let (mut of_one, mut covariance) = effects.seasons();
            centred(&mut of_one, &mut covariance);
            for j in 0..12 {
                mean[j] += w * of_one[j];
                for k in 0..12 {
                    second[j][k] += w * (covariance[j][k] + of_one[j] * of_one[k]);
                }
            }
            let (of_year, variance) = effects.trend();
            trend[0] += w * of_year;
            trend[1] += w * (variance + of_year * of_year);
        }
    }
    let mean = mean.map(|sum| sum / weight);
    let covariance =
        std::array::from_fn(|j| std::array::from_fn(|k| second[j][k] / weight - mean[j] * mean[k]));
    let [of_year, square] = trend.map(|sum| sum / weight);
    let sd = libm::sqrt((square - of_year * of_year).max(0.0));
    Ok((mean, covariance, [of_year, sd]))
}

/// Takes the mean over a year off, weighted by days.
fn centred(mean: &mut [f64; 12], covariance: &mut [[f64; 12]; 12]) {
    let days = super::factors::MONTH_DAYS;
    let share = days.map(|d| d / days.iter().sum::<f64>());
    let middle: f64 = mean.iter().zip(&share).map(|(m, w)| m * w).sum();
    mean.iter_mut().for_each(|m| *m -= middle);
    for _ in 0..2 {
        // K C, then its transpose: K (K C)ᵀ = K C Kᵀ.
        let of = |k: usize, c: &[[f64; 12]; 12]| (0..12).map(|j| share[j] * c[j][k]).sum::<f64>();
        let middles: [f64; 12] = std::array::from_fn(|k| of(k, covariance));
        let less: [[f64; 12]; 12] =
            std::array::from_fn(|k| std::array::from_fn(|j| covariance[j][k] - middles[k]));
        *covariance = less;
    }
}

/// Levels of exchangeable things (weekdays), shrunk towards their mean: logarithms, standard
/// deviations, and the chance of such differences without any.
pub(super) fn shrunk(values: &[f64], variances: &[f64]) -> Result<(Vec<f64>, Vec<f64>, f64)> {
    let mut best = (f64::NEG_INFINITY, 0.0);
    let parts = |tau: f64| {
        let weight = |v: &f64| 1.0 / (v + tau);
        let all: f64 = variances.iter().map(weight).sum();
        let middle = values
            .iter()
            .zip(variances)
            .map(|(z, v)| z * weight(v))
            .sum::<f64>()
            / all;
        (all, middle)
    };
    for season in SEASONS {
        let tau = season * season;
        let (all, middle) = parts(tau);
        let each = values
            .iter()
            .zip(variances)
            .map(|(z, v)| libm::log(v + tau) + (z - middle) * (z - middle) / (v + tau));
        let likelihood = -0.5 * (each.sum::<f64>() + libm::log(all));
        if likelihood > best.0 {
            best = (likelihood, tau);
        }
    }
    let (_, tau) = best;
    let (all, middle) = parts(tau);
    let mut mean = room(values.len(), "seasonality")?;
    let mut sd = room(values.len(), "seasonality")?;
    for (z, v) in values.iter().zip(variances) {
        let share = tau / (v + tau);
        mean.push(share * (z - middle));
        let own = share * v + (1.0 - share) * (1.0 - share) / all;
        sd.push(libm::sqrt(own));
    }
    let (_, middle) = parts(0.0);
    let chi: f64 = values
        .iter()
        .zip(variances)
        .map(|(z, v)| (z - middle) * (z - middle) / v)
        .sum();
    let free = values.len().saturating_sub(1) as f64;
    let p = if free > 0.0 {
        crate::num::incomplete::gamma(0.5 * free, 0.5 * chi).1
    } else {
        1.0
    };
    Ok((mean, sd, p))
}
