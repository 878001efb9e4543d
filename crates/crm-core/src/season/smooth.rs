//! From levels to factors: how much of what is seen is chance.
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
//! `τ`, `σ` and `ρ` are not known: everything is averaged over a grid of them, weighted by the
//! likelihood with `c` and `b` integrated out. Few data leave `τ` near 0 and factors near 1. Whether
//! there are seasons is asked twice: by the likelihood ratio of the best `τ` against `τ = 0` (half of a
//! χ² with one degree of freedom, as 0 is the end of its range), and by months that are left out one at
//! a time and predicted from the others with and without seasons.
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

use crate::context::{filled, room};
use crate::error::{Error, Result};
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

/// A level with its logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// Which month of the log, from 0.
    pub(crate) at: usize,
    /// Of the year, 0 to 11.
    pub(crate) month: usize,
    pub(crate) value: f64,
    pub(crate) variance: f64,
}

/// What is said of months.
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
pub(super) fn seasons(points: &[Point]) -> Result<Seasons> {
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

/// What is left of the trend a month on: it goes on for nine months' worth at most. Trends of
/// series that grow are damped in most that were ever forecast (Gardner, McKenzie 1985).
const DAMPING: f64 = 0.9;
/// The variance of a month that is not known yet: so much that it says nothing of the others.
const UNKNOWN: f64 = 1e4;

/// The logarithms of months to come (their `value` and `variance` are not read), each with its standard
/// deviation; from at least two months that are known. The trend is damped.
pub(crate) fn ahead(known: &[Point], to_come: &[Point]) -> Result<Vec<(f64, f64)>> {
    let mut all = room(known.len() + to_come.len(), "forecast")?;
    all.extend_from_slice(known);
    all.extend(to_come.iter().map(|point| Point {
        value: 0.0,
        variance: UNKNOWN,
        ..*point
    }));
    let mut of_known = Work::new(known, known.len())?;
    let mut grid = room(SEASONS.len() * NOISES.len() * DRIFTS.len(), "forecast")?;
    for season in SEASONS {
        for noise in NOISES {
            for drift in DRIFTS {
                let likelihood = of_known.solve(known, season, noise, drift)?;
                grid.push((likelihood, [season, noise, drift]));
            }
        }
    }
    grid.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let top = grid.first().map_or(0.0, |one| one.0);
    let mut work = Work::new(&all, known.len())?;
    let mut weight = 0.0;
    let mut sums = filled(to_come.len(), [0.0; 2], "forecast")?;
    // What weighs less than a hundredth of the best moves nothing that is shown.
    for (likelihood, [season, noise, drift]) in grid.into_iter().filter(|one| one.0 > top - 4.6) {
        work.solve(&all, season, noise, drift)?;
        let w = libm::exp(likelihood - top);
        weight += w;
        let left_out = work.left_out(&all);
        for (sum, (difference, variance)) in sums.iter_mut().zip(&left_out[known.len()..]) {
            let mean = -difference;
            sum[0] += w * mean;
            sum[1] += w * ((variance - UNKNOWN).max(0.0) + mean * mean);
        }
    }
    let each = sums.into_iter().map(|[first, second]| {
        let mean = first / weight;
        (mean, libm::sqrt((second / weight - mean * mean).max(0.0)))
    });
    let mut said = room(to_come.len(), "forecast")?;
    said.extend(each);
    Ok(said)
}

struct Months {
    seasons: Seasons,
    /// Standardised differences of months left out from what the others say.
    left_out: Vec<f64>,
}

fn months(points: &[Point]) -> Result<Months> {
    let n = points.len();
    let mut work = Work::new(points, points.len())?;
    let mut best = [f64::NEG_INFINITY; 2];
    let mut at_best = [[0.0; 3]; 2];
    let mut all = room(SEASONS.len() * NOISES.len() * DRIFTS.len(), "seasonality")?;
    for season in SEASONS {
        for noise in NOISES {
            for drift in DRIFTS {
                let likelihood = work.solve(points, season, noise, drift)?;
                let with = usize::from(season > 0.0);
                if likelihood > best[with] {
                    best[with] = likelihood;
                    at_best[with] = [season, noise, drift];
                }
                all.push((likelihood, [season, noise, drift]));
            }
        }
    }
    let top = best[0].max(best[1]);
    let (mut weight, mut mean, mut second) = (0.0, [0.0; 12], [[0.0; 12]; 12]);
    let mut trend = [0.0; 2];
    for (likelihood, [season, noise, drift]) in all {
        // What weighs less than a thousandth of the best changes nothing that is shown.
        if likelihood < top - 7.0 {
            continue;
        }
        work.solve(points, season, noise, drift)?;
        let one = work.posterior(points, season);
        let w = libm::exp(likelihood - top);
        weight += w;
        for j in 0..12 {
            mean[j] += w * one.mean[j];
            for k in 0..12 {
                second[j][k] += w * (one.covariance[j][k] + one.mean[j] * one.mean[k]);
            }
        }
        trend[0] += w * work.effects[1];
        trend[1] += w * (work.of_effects[1][1] + work.effects[1] * work.effects[1]);
    }
    let mut covariance = [[0.0; 12]; 12];
    mean.iter_mut().for_each(|mean| *mean /= weight);
    for j in 0..12 {
        for k in 0..12 {
            covariance[j][k] = second[j][k] / weight - mean[j] * mean[k];
        }
    }
    trend = trend.map(|t| t / weight);
    trend[1] = libm::sqrt((trend[1] - trend[0] * trend[0]).max(0.0));
    let ratio = 2.0 * (best[1] - best[0]);
    let mut scores = [0.0; 2];
    let mut squares = [0.0; 2];
    let mut left_out = room(n, "seasonality")?;
    for with in [0, 1] {
        let [season, noise, drift] = at_best[with];
        work.solve(points, season, noise, drift)?;
        left_out.clear();
        for (difference, variance) in work.left_out(points) {
            scores[with] -= 0.5 * (libm::log(variance) + difference * difference / variance);
            squares[with] += difference * difference;
            left_out.push(difference / libm::sqrt(variance));
        }
    }
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

/// The covariance of the points and what follows from it, for one (τ, σ, ρ).
struct Work {
    n: usize,
    /// The lower root of the covariance, then the inverse of the covariance.
    root: Vec<f64>,
    inverse: Vec<f64>,
    /// What is solved for: 1, years, the values.
    sides: [Vec<f64>; 3],
    years: Vec<f64>,
    /// Level and trend, and their covariance.
    effects: [f64; 2],
    of_effects: [[f64; 2]; 2],
}

struct Posterior {
    mean: [f64; 12],
    covariance: [[f64; 12]; 12],
}

impl Work {
    /// Of these points, of which the first `known` are known; beyond them the trend is damped.
    fn new(points: &[Point], known: usize) -> Result<Self> {
        let n = points.len();
        let middle = points.iter().map(|p| p.at as f64).sum::<f64>() / n.max(1) as f64;
        let last = points[..known].last().map_or(0, |p| p.at);
        let mut years = room(n, "seasonality")?;
        years.extend(points.iter().map(|p| {
            let beyond = p.at.saturating_sub(last) as i32;
            let damped = DAMPING * (1.0 - libm::pow(DAMPING, f64::from(beyond))) / (1.0 - DAMPING);
            (p.at.min(last) as f64 + damped - middle) / 12.0
        }));
        let side = || filled(n, 0.0, "seasonality");
        Ok(Self {
            n,
            root: filled(n * n, 0.0, "seasonality")?,
            inverse: filled(n * n, 0.0, "seasonality")?,
            sides: [side()?, side()?, side()?],
            years,
            effects: [0.0; 2],
            of_effects: [[0.0; 2]; 2],
        })
    }

    /// Decomposes the covariance; gives the log-likelihood with level and trend integrated out.
    fn solve(&mut self, points: &[Point], season: f64, noise: f64, drift: f64) -> Result<f64> {
        let n = self.n;
        for i in 0..n {
            for j in 0..=i {
                let [a, b] = [points[i], points[j]];
                let mut cell = drift * drift * a.at.min(b.at) as f64;
                if a.month == b.month {
                    cell += season * season;
                }
                if i == j {
                    cell += noise * noise + a.variance;
                }
                self.root[i * n + j] = cell;
            }
        }
        let mut log_root = 0.0;
        for i in 0..n {
            for j in 0..=i {
                let (above, here) = self.root.split_at_mut(i * n);
                let row = if i == j {
                    &here[..j]
                } else {
                    &above[j * n..j * n + j]
                };
                let sum: f64 = here[..j].iter().zip(row).map(|(a, b)| a * b).sum();
                let rest = here[j] - sum;
                here[j] = match i == j {
                    true if rest <= 0.0 => return Err(Error::internal("covariance of months")),
                    true => libm::sqrt(rest),
                    false => rest / above[j * n + j],
                };
            }
            log_root += libm::log(self.root[i * n + i]);
        }
        for i in 0..n {
            let given = [1.0, self.years[i], points[i].value];
            for (side, given) in self.sides.iter_mut().zip(given) {
                let row = &self.root[i * n..i * n + i];
                let sum: f64 = side[..i].iter().zip(row).map(|(a, b)| a * b).sum();
                side[i] = (given - sum) / self.root[i * n + i];
            }
        }
        let dot = |a: usize, b: usize| -> f64 {
            self.sides[a]
                .iter()
                .zip(&self.sides[b])
                .map(|(x, y)| x * y)
                .sum()
        };
        let (g00, g01, g11) = (dot(0, 0), dot(0, 1), dot(1, 1));
        let det = g00 * g11 - g01 * g01;
        self.of_effects = [[g11 / det, -g01 / det], [-g01 / det, g00 / det]];
        let (y0, y1) = (dot(0, 2), dot(1, 2));
        self.effects = self.of_effects.map(|row| row[0] * y0 + row[1] * y1);
        let rest = dot(2, 2) - self.effects[0] * y0 - self.effects[1] * y1;
        Ok(-log_root - 0.5 * libm::log(det) - 0.5 * rest)
    }

    /// `P = V⁻¹ − V⁻¹X(XᵀV⁻¹X)⁻¹XᵀV⁻¹`, into `inverse`: what is left when level and trend are free.
    fn project(&mut self) {
        let n = self.n;
        // Columns of L⁻¹, and the sides solved back.
        let mut columns = std::mem::take(&mut self.inverse);
        columns.fill(0.0);
        for c in 0..n {
            for i in c..n {
                let row = &self.root[i * n..i * n + i];
                let sum: f64 = (c..i).map(|k| columns[c * n + k] * row[k]).sum();
                let given = f64::from(u8::from(i == c));
                columns[c * n + i] = (given - sum) / self.root[i * n + i];
            }
        }
        let back = |side: usize, at: usize| -> f64 {
            let column = &columns[at * n..at * n + n];
            column
                .iter()
                .zip(&self.sides[side])
                .map(|(a, b)| a * b)
                .sum()
        };
        let effects: Vec<[f64; 2]> = (0..n).map(|i| [back(0, i), back(1, i)]).collect();
        let mut out = columns.clone();
        for i in 0..n {
            for j in 0..=i {
                let [a, b] = [&columns[i * n..i * n + n], &columns[j * n..j * n + n]];
                let full: f64 = a.iter().zip(b).map(|(x, y)| x * y).sum();
                let g = &self.of_effects;
                let off = (0..2)
                    .map(|k| {
                        (0..2)
                            .map(|l| effects[i][k] * g[k][l] * effects[j][l])
                            .sum::<f64>()
                    })
                    .sum::<f64>();
                out[i * n + j] = full - off;
                out[j * n + i] = full - off;
            }
        }
        self.inverse = out;
    }

    /// Differences of points left out from what the others say, with their variances.
    fn left_out(&mut self, points: &[Point]) -> Vec<(f64, f64)> {
        self.project();
        let n = self.n;
        (0..n)
            .map(|i| {
                let row = &self.inverse[i * n..i * n + n];
                let sum: f64 = row
                    .iter()
                    .zip(points)
                    .map(|(p, point)| p * point.value)
                    .sum();
                (sum / row[i], 1.0 / row[i])
            })
            .collect()
    }

    /// The seasons, less their mean over a year.
    fn posterior(&mut self, points: &[Point], season: f64) -> Posterior {
        self.project();
        let (n, tau) = (self.n, season * season);
        let mut sums = [[0.0; 12]; 12];
        let mut mean = [0.0; 12];
        for i in 0..n {
            let a = points[i].month;
            for j in 0..n {
                let p = self.inverse[i * n + j];
                sums[a][points[j].month] += p;
                mean[a] += tau * p * points[j].value;
            }
        }
        let mut covariance = sums.map(|row| row.map(|sum| -tau * tau * sum));
        (0..12).for_each(|month| covariance[month][month] += tau);
        centred(&mut mean, &mut covariance);
        Posterior { mean, covariance }
    }
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
