//! The season of a series by classical decomposition, and whether there is one.
//!
//! ```text
//! T_t     centred mean of m periods around t (m even: of two such means)
//! ratio   mean of y_t / T_t by place in the season, scaled to a mean of 1          of positive series
//! step    mean of y_t − T_t by place in the season, less their mean                of others
//! season  |r_m| > 1.645 √((1 + 2 Σ_(i<m) r_i²) / n)                                r_i: autocorrelation at lag i
//! ```
//!
//! The test is that of Fiorucci and others (2016) before the theta method, at 90 %. A series of less than two seasons has none.

use crate::context::filled;
use crate::error::Result;

/// Whether places of the season differ, by the autocorrelation at lag `m`.
pub fn is_seasonal(y: &[f64], m: usize) -> bool {
    let n = y.len();
    if m < 2 || n < 2 * m {
        return false;
    }
    let mean = y.iter().sum::<f64>() / n as f64;
    let at_lag = |lag: usize| -> f64 {
        let pairs = y[lag..].iter().zip(y);
        pairs.map(|(a, b)| (a - mean) * (b - mean)).sum()
    };
    let all = at_lag(0);
    if all.is_nan() || all <= 0.0 {
        return false;
    }
    let below: f64 = (1..m)
        .map(|lag| (at_lag(lag) / all) * (at_lag(lag) / all))
        .sum();
    let limit = 1.645 * libm::sqrt((1.0 + 2.0 * below) / n as f64);
    (at_lag(m) / all).abs() > limit
}

/// How much each place of the season is above the others; `y[0]` has place 0.
#[derive(Debug, Clone, PartialEq)]
pub struct SeasonalIndex {
    /// Factors with a mean of 1, or steps with a mean of 0; empty without a season.
    pub index: Vec<f64>,
    /// Whether they are factors.
    pub is_factor: bool,
}

impl SeasonalIndex {
    /// None of a series.
    pub const NONE: Self = SeasonalIndex {
        index: Vec::new(),
        is_factor: false,
    };

    /// By decomposition of two seasons at least.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn new(y: &[f64], m: usize, is_factor: bool) -> Result<Self> {
        let n = y.len();
        if m < 2 || n < 2 * m {
            return Ok(Self::NONE);
        }
        let mut sums = filled(m, (0.0, 0_u32), "season")?;
        let half = m / 2;
        // The sum of the m periods from `from` on.
        let mut window: f64 = y[..m].iter().sum();
        for t in half..n - half {
            let from = t - half;
            let centre = if m % 2 == 1 {
                window / m as f64
            } else {
                // m + 1 periods, the first and the last by half.
                let next = window - y[from] + y[from + m];
                0.5 * (window + next) / m as f64
            };
            let (sum, count) = &mut sums[t % m];
            let part = match is_factor {
                true => y[t] / centre,
                false => y[t] - centre,
            };
            if part.is_finite() {
                *sum += part;
                *count += 1;
            }
            if from + m < n {
                window += y[from + m] - y[from];
            }
        }
        let mut index = filled(m, f64::from(u8::from(is_factor)), "season")?;
        for (index, (sum, count)) in index.iter_mut().zip(sums) {
            if count > 0 {
                *index = sum / f64::from(count);
            }
        }
        let mean = index.iter().sum::<f64>() / m as f64;
        for value in &mut index {
            match is_factor {
                true => *value /= mean,
                false => *value -= mean,
            }
        }
        Ok(SeasonalIndex { index, is_factor })
    }

    /// A value of period `t` without the season.
    pub fn without(&self, value: f64, t: usize) -> f64 {
        match self.index.len() {
            0 => value,
            m if self.is_factor => value / self.index[t % m],
            m => value - self.index[t % m],
        }
    }

    /// A value with the season of period `t`.
    pub fn with(&self, value: f64, t: usize) -> f64 {
        match self.index.len() {
            0 => value,
            m if self.is_factor => value * self.index[t % m],
            m => value + self.index[t % m],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_season_is_found_and_taken_off() {
        // A line with steps of a season of 3, whose mean is 0; and the same as factors of a constant.
        let steps = [2.0, -3.0, 1.0];
        let y: Vec<f64> = (0..24)
            .map(|t| 10.0 + 0.5 * t as f64 + steps[t % 3])
            .collect();
        let index = SeasonalIndex::new(&y, 3, false).unwrap();
        for (a, b) in index.index.iter().zip(steps) {
            assert!((a - b).abs() < 1e-9, "{index:?}");
        }
        let factors = [1.2, 0.5, 1.1, 1.2];
        let y: Vec<f64> = (0..24).map(|t| 10.0 * factors[t % 4]).collect();
        let index = SeasonalIndex::new(&y, 4, true).unwrap();
        for (t, y) in y.iter().enumerate() {
            assert!((index.without(*y, t) - 10.0).abs() < 1e-9);
            assert!((index.with(10.0, t) - y).abs() < 1e-9);
        }
        assert!(is_seasonal(&y, 4) && !is_seasonal(&y[..7], 4) && !is_seasonal(&[3.0; 24], 4));
        assert_eq!(
            SeasonalIndex::new(&y[..7], 4, true).unwrap(),
            SeasonalIndex::NONE
        );
    }
}
