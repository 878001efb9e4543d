//! The dynamic optimised theta model: simple smoothing around a trend that is estimated anew in each period.
//!
//! ```text
//! μ_t = ℓ_{t−1} + (1 − 1/θ) { (1 − α)^{t−1} A_{t−1} + (1 − (1 − α)^t)/α · B_{t−1} }
//! ℓ_t = α y_t + (1 − α) ℓ_{t−1}          Ȳ_t = ((t − 1) Ȳ_{t−1} + y_t)/t
//! B_t = ((t − 2) B_{t−1} + 6 (y_t − Ȳ_{t−1})/t)/(t + 1)    A_t = Ȳ_t − (t + 1) B_t/2
//! ```
//!
//! Seasonal series are first divided by their seasons (or these are subtracted, where a value is not above 0), if the autocorrelation at
//! the season is significant (90 %). ℓ_0, α and θ minimise the squared errors from the third period on.
//!
//! Source: Fiorucci, J. A. and others (2016). *International Journal of Forecasting* 32, 1151-1161.

use super::simplex::minimize;
use super::smoothing::seasons_of;
use crate::context::{collect, room};
use crate::error::Result;
use crate::num::special::sigmoid;
use libm::{exp, pow, sqrt};

/// The forecasts of the next periods; none for fewer than four values.
///
/// # Errors
///
/// Out of memory.
pub fn theta(y: &[f64], period: usize, horizon: usize) -> Result<Option<Vec<f64>>> {
    if y.len() < 4 {
        return Ok(None);
    }
    let multiplicative = y.iter().all(|v| *v > 0.0);
    let seasons = match is_seasonal(y, period) {
        true => seasons_of(y, period, multiplicative)?,
        false => None,
    };
    let plain = y.iter().enumerate().map(|(t, v)| match &seasons {
        None => *v,
        Some(s) if multiplicative => v / s[t % period],
        Some(s) => v - s[t % period],
    });
    let plain = collect(plain, "theta")?;
    let scale = plain.iter().map(|v| v * v).sum::<f64>().max(1e-300);
    let level = plain[0] / 2.0;
    let spread = (plain.iter().map(|v| v.abs()).sum::<f64>() / plain.len() as f64).max(1e-9);
    let read = |x: &[f64; 3]| {
        (
            level + spread * x[0],
            0.1 + 0.89 * sigmoid(x[1]),
            1.0 + exp(x[2]),
        )
    };
    let mut ahead = room(horizon, "theta")?;
    let (x, _) = minimize([0.0; 3], [0.3, 1.0, 1.0], (400, 1e-8), |x| {
        run(&plain, read(x), 0, &mut ahead) / scale
    })?;
    run(&plain, read(&x), horizon, &mut ahead);
    for (h, v) in ahead.iter_mut().enumerate() {
        match &seasons {
            None => {}
            Some(s) if multiplicative => *v *= s[(y.len() + h) % period],
            Some(s) => *v += s[(y.len() + h) % period],
        }
    }
    Ok(Some(ahead))
}

/// The squared errors; the forecasts of `horizon` periods are added to `ahead`, which has room for them.
fn run(
    y: &[f64],
    (first, alpha, theta): (f64, f64, f64),
    horizon: usize,
    ahead: &mut Vec<f64>,
) -> f64 {
    let (mut level, mut mean, mut a, mut b) = (first, 0.0, 0.0, 0.0);
    let mut sse = 0.0;
    let w = 1.0 - 1.0 / theta;
    for t in 1..=y.len() + horizon {
        let tf = t as f64;
        let decay = pow(1.0 - alpha, tf - 1.0);
        let mu = match t {
            1 => level,
            _ => level + w * (decay * a + (1.0 - decay * (1.0 - alpha)) / alpha * b),
        };
        let value = match y.get(t - 1) {
            Some(v) => {
                if t >= 3 {
                    sse += (v - mu) * (v - mu);
                }
                *v
            }
            None => {
                ahead.push(mu);
                mu
            }
        };
        b = if t == 1 {
            0.0
        } else {
            ((tf - 2.0) * b + 6.0 * (value - mean) / tf) / (tf + 1.0)
        };
        mean = ((tf - 1.0) * mean + value) / tf;
        a = mean - (tf + 1.0) * b / 2.0;
        level = alpha * value + (1.0 - alpha) * level;
    }
    sse
}

/// Whether the autocorrelation at the season is beyond its 90 % limit.
pub fn is_seasonal(y: &[f64], period: usize) -> bool {
    let n = y.len();
    if period < 2 || n < 2 * period + 2 {
        return false;
    }
    let mean = y.iter().sum::<f64>() / n as f64;
    let var: f64 = y.iter().map(|v| (v - mean) * (v - mean)).sum();
    if var <= 0.0 {
        return false;
    }
    let r = |lag: usize| {
        (lag..n)
            .map(|t| (y[t] - mean) * (y[t - lag] - mean))
            .sum::<f64>()
            / var
    };
    let before: f64 = (1..period).map(|lag| r(lag) * r(lag)).sum();
    r(period).abs() > 1.645 * sqrt((1.0 + 2.0 * before) / n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seasonal_line_is_continued() {
        let s = [0.7, 1.3, 1.1, 0.9];
        let at = |t: usize| (50.0 + t as f64) * s[t % 4];
        let y: Vec<f64> = (0..48).map(at).collect();
        let found = theta(&y, 4, 4).unwrap().unwrap();
        for (h, v) in found.iter().enumerate() {
            assert!(
                (v / at(48 + h) - 1.0).abs() < 0.05,
                "{h} {v} {}",
                at(48 + h)
            );
        }
        assert!(is_seasonal(&y, 4) && !is_seasonal(&[1.0; 30], 4));
        assert_eq!(theta(&[1.0, 2.0], 1, 2).unwrap(), None);
    }
}
