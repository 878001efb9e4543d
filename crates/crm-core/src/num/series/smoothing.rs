//! Exponential smoothing with additive errors: level, trend (none, additive, damped) and season (none, additive, multiplicative).
//!
//! ```text
//! ŷ_t = (ℓ + φ b) + s_{t−m}                         or  (ℓ + φ b) · s_{t−m}
//! ℓ' = ℓ + φ b + α e,   b' = φ b + α β e,   s' = s + γ (1 − α) e            e = y_t − ŷ_t
//!                                                   (multiplicative: e / s in ℓ' and b', e / (ℓ + φ b) in s')
//! ```
//!
//! Parameters minimise the sum of squared errors; the model is chosen by the AICc. First states: a line through the first
//! periods without season; seasons from averages of the first years.
//!
//! Source: Hyndman, R. J., Koehler, A. B., Ord, J. K., Snyder, R. D. (2008). *Forecasting with Exponential Smoothing*.

use super::simplex::minimize;
use crate::context::{collect, filled};
use crate::error::Result;
use crate::num::special::sigmoid;
use libm::{log, pow};

/// The trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Trend {
    None,
    Additive,
    Damped,
}

/// The season.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Season {
    None,
    Additive,
    Multiplicative,
}

/// A fitted model.
#[derive(Debug, Clone)]
pub struct Smoothing {
    /// Its trend.
    pub trend: Trend,
    /// Its season.
    pub season: Season,
    /// Smaller is better.
    pub aicc: f64,
    phi: f64,
    level: f64,
    slope: f64,
    seasons: Vec<f64>,
    /// The place in `seasons` of the next period.
    next: usize,
}

struct Start {
    level: f64,
    slope: f64,
    seasons: Vec<f64>,
}

impl Smoothing {
    /// The model of the smallest AICc; none for fewer than four values.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn best(y: &[f64], period: usize) -> Result<Option<Smoothing>> {
        let mut best: Option<Smoothing> = None;
        let seasonal = period > 1 && y.len() >= 2 * period + 3;
        for season in [Season::None, Season::Additive, Season::Multiplicative] {
            if season != Season::None && !seasonal
                || season == Season::Multiplicative && y.iter().any(|v| *v <= 0.0)
            {
                continue;
            }
            for trend in [Trend::None, Trend::Additive, Trend::Damped] {
                if let Some(fit) = Smoothing::fit(y, period, trend, season)?
                    && best.as_ref().is_none_or(|b| fit.aicc < b.aicc)
                {
                    best = Some(fit);
                }
            }
        }
        Ok(best)
    }

    /// One model; none where there are too few values for its parameters.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn fit(
        y: &[f64],
        period: usize,
        trend: Trend,
        season: Season,
    ) -> Result<Option<Smoothing>> {
        let period = if season == Season::None { 1 } else { period };
        let states = 1
            + usize::from(trend != Trend::None)
            + if season == Season::None {
                0
            } else {
                period - 1
            };
        let weights = 1
            + usize::from(trend != Trend::None)
            + usize::from(trend == Trend::Damped)
            + usize::from(season != Season::None);
        let k = (states + weights + 1) as f64;
        let n = y.len() as f64;
        if y.len() < 4 || n - k - 1.0 < 1.0 {
            return Ok(None);
        }
        let Some(start) = first_states(y, period, trend, season)? else {
            return Ok(None);
        };
        let scale = y.iter().map(|v| v * v).sum::<f64>().max(1e-300);
        // Weights as logits; the first level and slope are moved as well.
        let spread = (y.iter().map(|v| (v - start.level).abs()).sum::<f64>() / n).max(1e-9);
        let mut seasons = collect(start.seasons.iter().copied(), "smoothing")?;
        let model = Model {
            period,
            trend,
            season,
            start: &start,
            spread,
        };
        let (x, sse) = minimize(
            [-0.5, -1.5, -1.5, 2.0, 0.0, 0.0],
            [1.0, 1.0, 1.0, 1.0, 0.5, 0.2],
            (350, 1e-7),
            |x| model.run(y, x, &mut seasons).sse / scale,
        )?;
        let fitted = model.run(y, &x, &mut seasons);
        let sse = (sse * scale).max(1e-12 * scale);
        let aicc = n * log(sse / n) + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0);
        Ok(Some(Smoothing {
            trend,
            season,
            aicc,
            phi: fitted.phi,
            level: fitted.level,
            slope: fitted.slope,
            seasons,
            next: y.len() % period,
        }))
    }

    /// The forecasts of the next periods.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn forecast(&self, horizon: usize) -> Result<Vec<f64>> {
        let m = self.seasons.len();
        let mut sum = 0.0;
        let ahead = (0..horizon).map(|h| {
            sum += pow(self.phi, (h + 1) as f64);
            let base = self.level
                + if self.trend == Trend::None {
                    0.0
                } else {
                    sum * self.slope
                };
            let season = self.seasons[(self.next + h) % m];
            match self.season {
                Season::None => base,
                Season::Additive => base + season,
                Season::Multiplicative => base * season,
            }
        });
        collect(ahead, "forecast")
    }
}

/// What is run with different weights.
struct Model<'a> {
    period: usize,
    trend: Trend,
    season: Season,
    start: &'a Start,
    /// The unit in which the first level and slope are moved.
    spread: f64,
}

/// The last states of a run, but the seasons.
struct Run {
    sse: f64,
    phi: f64,
    level: f64,
    slope: f64,
}

impl Model<'_> {
    /// Runs through the values; `seasons` has the last seasons afterwards.
    fn run(&self, y: &[f64], x: &[f64; 6], seasons: &mut [f64]) -> Run {
        let alpha = 1e-3 + 0.998 * sigmoid(x[0]);
        let beta = sigmoid(x[1]);
        let gamma = sigmoid(x[2]) * (1.0 - alpha);
        let phi = match self.trend {
            Trend::None => 0.0,
            Trend::Additive => 1.0,
            Trend::Damped => 0.8 + 0.18 * sigmoid(x[3]),
        };
        let mut level = self.start.level + self.spread * x[4];
        let mut slope = match self.trend {
            Trend::None => 0.0,
            _ => self.start.slope + 0.1 * self.spread * x[5],
        };
        seasons.copy_from_slice(&self.start.seasons);
        let mut sse = 0.0;
        for (t, y) in y.iter().enumerate() {
            let s = &mut seasons[t % self.period];
            let base = level + phi * slope;
            // The error, and its unit in the level.
            let (e, unit) = match self.season {
                Season::None => (y - base, 1.0),
                Season::Additive => (y - base - *s, 1.0),
                Season::Multiplicative => (y - base * *s, *s),
            };
            sse += e * e;
            level = base + alpha * e / unit;
            slope = phi * slope + alpha * beta * e / unit;
            match self.season {
                Season::None => {}
                Season::Additive => *s += gamma * e,
                Season::Multiplicative => *s += gamma * e / base,
            }
        }
        Run {
            sse,
            phi,
            level,
            slope,
        }
    }
}

fn first_states(y: &[f64], period: usize, trend: Trend, season: Season) -> Result<Option<Start>> {
    let seasons = match season {
        Season::None => filled(1, 0.0, "smoothing")?,
        _ => match seasons_of(y, period, season == Season::Multiplicative)? {
            Some(seasons) => seasons,
            None => return Ok(None),
        },
    };
    let plain = y
        .iter()
        .take((2 * period).max(10))
        .enumerate()
        .map(|(t, v)| match season {
            Season::None => *v,
            Season::Additive => v - seasons[t % period],
            Season::Multiplicative => v / seasons[t % period],
        });
    let plain = collect(plain, "smoothing")?;
    let n = plain.len() as f64;
    let (tm, ym) = ((n - 1.0) / 2.0, plain.iter().sum::<f64>() / n);
    let sxy: f64 = plain
        .iter()
        .enumerate()
        .map(|(t, v)| (t as f64 - tm) * (v - ym))
        .sum();
    let sxx: f64 = (0..plain.len())
        .map(|t| (t as f64 - tm) * (t as f64 - tm))
        .sum();
    let slope = if trend == Trend::None { 0.0 } else { sxy / sxx };
    Ok(Some(Start {
        level: ym - slope * (tm + 1.0),
        slope,
        seasons,
    }))
}

/// Classical seasons: ratios to, or differences from, centred moving averages, averaged by season; mean 1 or 0; none for
/// fewer than two years.
///
/// # Errors
///
/// Out of memory.
pub fn seasons_of(y: &[f64], period: usize, multiplicative: bool) -> Result<Option<Vec<f64>>> {
    let half = period / 2;
    if y.len() < 2 * period {
        return Ok(None);
    }
    let (mut sums, mut counts) = (
        filled(period, 0.0, "seasons")?,
        filled(period, 0.0, "seasons")?,
    );
    for t in half..y.len() - half {
        let window = &y[t - half..=t + half];
        let mean = match period % 2 {
            1 => window.iter().sum::<f64>() / period as f64,
            _ => (window.iter().sum::<f64>() - 0.5 * (window[0] + window[period])) / period as f64,
        };
        let off = if multiplicative {
            y[t] / mean
        } else {
            y[t] - mean
        };
        if off.is_finite() {
            sums[t % period] += off;
            counts[t % period] += 1.0;
        }
    }
    if counts.iter().any(|c| *c == 0.0) {
        return Ok(None);
    }
    let mut seasons = collect(sums.iter().zip(&counts).map(|(s, c)| s / c), "seasons")?;
    let mean = seasons.iter().sum::<f64>() / period as f64;
    for s in &mut seasons {
        if multiplicative {
            *s = (*s / mean).max(1e-3)
        } else {
            *s -= mean
        }
    }
    Ok(Some(seasons))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_seasons_is_continued() {
        let seasons = [0.5, 1.5, 1.2, 0.8];
        for multiplicative in [false, true] {
            let at = |t: usize| {
                let (base, s) = (100.0 + 2.0 * t as f64, seasons[t % 4]);
                if multiplicative {
                    base * s
                } else {
                    base + 20.0 * s
                }
            };
            let y: Vec<f64> = (0..40).map(at).collect();
            let fit = Smoothing::best(&y, 4).unwrap().unwrap();
            for (h, found) in fit.forecast(8).unwrap().into_iter().enumerate() {
                let off = (found / at(40 + h) - 1.0).abs();
                assert!(
                    off < 0.02,
                    "{multiplicative} {h} {off} {:?} {:?}",
                    fit.trend,
                    fit.season
                );
            }
        }
    }

    #[test]
    fn noise_has_no_trend() {
        let mut state = 9_u64;
        let mut noise = || {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 40) as f64 / (1u64 << 24) as f64 - 0.5
        };
        let y: Vec<f64> = (0..60).map(|_| 50.0 + 10.0 * noise()).collect();
        let fit = Smoothing::best(&y, 12).unwrap().unwrap();
        let far = fit.forecast(24).unwrap()[23];
        assert!(
            (far - 50.0).abs() < 4.0,
            "{far} {:?} {:?}",
            fit.trend,
            fit.season
        );
        assert!(Smoothing::best(&y[..3], 12).unwrap().is_none());
    }
}
