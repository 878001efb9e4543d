//! The optimised theta model (OTM) of a series without season: a level that follows the series, and a part of its straight line.
//!
//! ```text
//! y     A + B t                                                        the line of least squares, t = 1 to n
//! μ_t   ℓ_(t−1) + (1 − 1/θ) ((1 − α)^(t−1) A + (1 − (1 − α)^t)/α · B)        forecast of y_t
//! ℓ_t   α y_t + (1 − α) ℓ_(t−1)
//! ```
//!
//! `α` (.1 to .99), `θ` (at least 1) and `ℓ_0` make the least Σ (y_t − μ_t)² from t = 3 on. For a given α the forecasts are linear in
//! `ℓ_0` and `1 − 1/θ`, so least squares gives both, and the search is over α only. Forecasts further ahead go on from the forecasts before
//! them. After more periods the line is that of all periods; the parameters stay.
//!
//! # Reference
//!
//! - Fiorucci, J. A., Pellegrini, T. R., Louzada, F., Petropoulos, F. and Koehler, A. B. (2016). Models for optimising the theta
//!   method and their relationship to state space models. *International Journal of Forecasting* 32, 1151-1161.

use super::simplex::minimize;

/// Bounds of α.
const ALPHA: (f64, f64) = (0.1, 0.99);
/// The greatest `1 − 1/θ`.
const MOST: f64 = 1.0 - 1e-5;

/// The parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Theta {
    /// The smoothing parameter α.
    pub alpha: f64,
    /// `1 − 1/θ`, the share of the line.
    pub share: f64,
    /// The first level ℓ_0.
    pub level: f64,
}

/// Where the model is after some periods.
#[derive(Debug, Clone, Copy, Default)]
pub struct State {
    /// `t`
    t: f64,
    /// ℓ_t
    level: f64,
    /// (1 − α)^t
    power: f64,
    /// The mean of y up to here, and Σ (s − mean s) y_s of the line.
    mean: f64,
    with_time: f64,
}

/// The line `A + B t`.
#[derive(Debug, Clone, Copy)]
struct Line {
    a: f64,
    b: f64,
}

impl State {
    /// Before the first period.
    fn new(level: f64) -> Self {
        State {
            level,
            power: 1.0,
            ..State::default()
        }
    }

    /// The line's part of the next forecast.
    fn of_line(&self, line: Line, alpha: f64) -> f64 {
        self.power * line.a + (1.0 - self.power * (1.0 - alpha)) / alpha * line.b
    }

    /// One period on.
    fn add(&mut self, y: f64, alpha: f64) {
        self.level += alpha * (y - self.level);
        self.power *= 1.0 - alpha;
        // With t + 1 periods the mean time moves by ½: Σ (s − mean s) y_s loses t/2 of the mean, and y is t/2 later.
        self.with_time += 0.5 * self.t * (y - self.mean);
        self.t += 1.0;
        self.mean += (y - self.mean) / self.t;
    }

    /// The line of all periods up to here.
    fn line(&self) -> Line {
        let t = self.t;
        // Σ (s − mean s)² = t (t² − 1) / 12
        let b = match t > 1.0 {
            true => 12.0 * self.with_time / (t * (t * t - 1.0)),
            false => 0.0,
        };
        Line {
            a: self.mean - 0.5 * (t + 1.0) * b,
            b,
        }
    }
}

/// Sums of products of the regression of `y_t`, less the level from ℓ_0 = 0, on the parts of ℓ_0 and of the line.
#[derive(Default)]
struct Sums {
    /// Of the weight (1 − α)^(t−1) of ℓ_0, squared.
    ll: f64,
    /// Of the weight and the line.
    ld: f64,
    dd: f64,
    lr: f64,
    dr: f64,
    rr: f64,
}

impl Theta {
    /// The parameters of the least squared errors. None of fewer than four periods.
    pub fn fit(y: &[f64]) -> Option<Self> {
        if y.len() < 4 {
            return None;
        }
        let mut state = State::new(0.0);
        y.iter().for_each(|y| state.add(*y, 0.5));
        let line = state.line();
        let search = (1e-6, 60);
        let mut best = (f64::INFINITY, [0.5]);
        // The squared errors can have two valleys: the search starts in the lower one.
        for alpha in [0.1, 0.3, 0.55, 0.8] {
            let (error, _) = Self::at(y, line, alpha);
            if error < best.0 {
                best = (error, [alpha]);
            }
        }
        let scale = best.0.max(f64::MIN_POSITIVE);
        let (at, _) = minimize(best.1, [0.1], [ALPHA], search, |at| {
            Self::at(y, line, at[0]).0 / scale
        });
        Some(Self::at(y, line, at[0]).1)
    }

    /// The squared errors, and the parameters with this α.
    fn at(y: &[f64], line: Line, alpha: f64) -> (f64, Self) {
        // The level from ℓ_0 = 0, and what is left of ℓ_0.
        let mut state = State::new(0.0);
        let mut sums = Sums::default();
        for (t, y) in y.iter().enumerate() {
            if t >= 2 {
                let (l, d, r) = (state.power, state.of_line(line, alpha), y - state.level);
                sums.ll += l * l;
                sums.ld += l * d;
                sums.dd += d * d;
                sums.lr += l * r;
                sums.dr += d * r;
                sums.rr += r * r;
            }
            state.level += alpha * (y - state.level);
            state.power *= 1.0 - alpha;
        }
        // Normal equations; a share outside of its bounds is at the bound.
        let det = sums.ll * sums.dd - sums.ld * sums.ld;
        let share = (sums.ll * sums.dr - sums.ld * sums.lr) / det;
        let share = match share.is_finite() && det > 1e-12 * sums.ll * sums.dd {
            true => share.clamp(0.0, MOST),
            false => 0.0,
        };
        let level = match sums.ll > 0.0 {
            true => (sums.lr - share * sums.ld) / sums.ll,
            false => 0.0,
        };
        let error = sums.rr - 2.0 * (level * sums.lr + share * sums.dr)
            + level * level * sums.ll
            + 2.0 * level * share * sums.ld
            + share * share * sums.dd;
        (
            error.max(0.0),
            Theta {
                alpha,
                share,
                level,
            },
        )
    }

    /// Before the first period.
    pub fn start(&self) -> State {
        State::new(self.level)
    }

    /// One period on.
    pub fn add(&self, state: &mut State, y: f64) {
        state.add(y, self.alpha);
    }

    /// Forecasts of the next periods.
    pub fn ahead(&self, state: &State, forecast: &mut [f64]) {
        let (mut state, line) = (*state, state.line());
        for value in forecast {
            *value = state.level + self.share * state.of_line(line, self.alpha);
            state.add(*value, self.alpha);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIES: [f64; 16] = [
        3.0, 5.0, 4.0, 6.0, 8.0, 7.0, 9.0, 8.0, 11.0, 10.0, 12.0, 11.0, 14.0, 13.0, 13.0, 16.0,
    ];

    fn error(theta: &Theta, line: Line) -> f64 {
        let (mut state, mut sum) = (theta.start(), 0.0);
        for (t, y) in SERIES.iter().enumerate() {
            let e = y - state.level - theta.share * state.of_line(line, theta.alpha);
            sum += if t >= 2 { e * e } else { 0.0 };
            state.add(*y, theta.alpha);
        }
        sum
    }

    /// Source: statsforecast 2.1.1, `auto_theta(y, m=1, model="OTM")` and `forecast_theta`.
    #[test]
    fn forecasts_are_those_of_statsforecast() {
        let theirs = Theta {
            alpha: 0.10000000000000003,
            share: 1.0 - 1.0 / 17.137595664455446,
            level: 1.0220541733408867,
        };
        let mut state = theirs.start();
        for y in SERIES {
            theirs.add(&mut state, y);
        }
        let line = state.line();
        // The line of least squares: Σ (t − 8.5) y / Σ (t − 8.5)² = 261 / 340, mean 150 / 16.
        assert!(
            (line.b - 261.0 / 340.0).abs() < 1e-12 && (line.a + 8.5 * line.b - 9.375).abs() < 1e-12
        );
        let mut forecast = [0.0; 4];
        theirs.ahead(&state, &mut forecast);
        let expected = [
            15.676630757715461,
            16.39948465687683,
            17.122338556038194,
            17.845192455199562,
        ];
        for (a, b) in forecast.iter().zip(expected) {
            assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
        // The own fit has no greater error, and forecasts within 3 %.
        let own = Theta::fit(&SERIES).unwrap();
        assert!(error(&own, line) <= error(&theirs, line) + 1e-9);
        let mut state = own.start();
        for y in SERIES {
            own.add(&mut state, y);
        }
        own.ahead(&state, &mut forecast);
        for (a, b) in forecast.iter().zip(expected) {
            assert!((a / b - 1.0).abs() < 0.03, "{a} {b}");
        }
    }

    #[test]
    fn a_constant_stays_and_three_periods_are_too_few() {
        let theta = Theta::fit(&[5.0; 12]).unwrap();
        let mut state = theta.start();
        for _ in 0..12 {
            theta.add(&mut state, 5.0);
        }
        let mut forecast = [0.0; 3];
        theta.ahead(&state, &mut forecast);
        assert!(
            forecast.iter().all(|f| (f - 5.0).abs() < 1e-9),
            "{forecast:?}"
        );
        assert_eq!(Theta::fit(&[1.0, 2.0, 3.0]), None);
    }
}
