//! Exponential smoothing (ETS) in state space form: level, damped trend and season, fitted by likelihood, chosen by AICc.
//!
//! ```text
//! μ_t   (ℓ + φ b) + s, or (ℓ + φ b) · s             forecast of y_t; ℓ, b before t, s of the same place a season before
//! e_t   y_t − μ_t;  r_t = e_t, or e_t / s with factors
//! ℓ_t   ℓ + φ b + α r_t
//! b_t   φ b + β r_t
//! s_t   s + γ e_t, or s + γ e_t / (ℓ + φ b)
//! −2 ln L   n ln Σ e_t²;  with relative errors n ln Σ (e_t / μ_t)² + 2 Σ ln |μ_t|          up to a constant
//! AICc      −2 ln L + 2 k n / (n − k − 1),  k: the parameters, the first states and the variance
//! ```
//!
//! The forms without a trend are tried first; a damped trend is tried with the season and the errors that fit best.
//!
//! | form | trend | season | error |
//! |---|---|---|---|
//! | ANN, AAdN | none, damped | none | absolute |
//! | ANA, AAdA | none, damped | steps | absolute |
//! | MNN, MAdN, MNM, MAdM | none, damped | none, factors | relative; of positive series |
//!
//! `α` (.0001 to .9999), `β` (below α), `γ` (below 1 − α) and `φ` (.8 to .98) are found by the simplex of Nelder and Mead. The first states
//! are those of a decomposition: the season of all periods, and the line (without a trend: the mean) of the first ten periods or two seasons
//! without it.
//!
//! # Reference
//!
//! - Hyndman, R. J., Koehler, A. B., Ord, J. K. and Snyder, R. D. (2008). *Forecasting with Exponential Smoothing*. Springer, chapters
//!   2 and 5.

use super::season::SeasonalIndex;
use super::simplex::minimize;
use crate::context::collect;
use crate::error::Result;

/// Bounds of α, β/α and γ/(1 − α); bounds of φ.
const SHARE: (f64, f64) = (1e-4, 0.9999);
const PHI: (f64, f64) = (0.8, 0.98);
/// When the search ends: a change of −2 ln L, and evaluations.
const SEARCH: (f64, u32) = (1e-2, 150);

/// How the season is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Season {
    /// No season.
    None,
    /// Steps.
    Steps,
    /// Factors.
    Factors,
}

/// A form of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// The season.
    pub season: Season,
    /// Whether there is a damped trend.
    pub trend: bool,
    /// Whether errors are relative to the forecast.
    pub relative: bool,
}

/// The simplest form.
const LEVEL: Form = Form {
    season: Season::None,
    trend: false,
    relative: false,
};

impl Form {
    const fn relative(self) -> Self {
        Form {
            relative: true,
            ..self
        }
    }

    const fn with(self, season: Season) -> Self {
        Form { season, ..self }
    }

    const fn with_trend(self) -> Self {
        Form {
            trend: true,
            ..self
        }
    }
}

fn keep_better(best: &mut Option<Ets>, found: Option<Ets>) {
    if let Some(found) = found
        && best.as_ref().is_none_or(|best| found.aicc < best.aicc)
    {
        *best = Some(found);
    }
}

/// Smoothing parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Smoothing {
    /// Of the level.
    pub alpha: f64,
    /// Of the trend.
    pub beta: f64,
    /// Of the season.
    pub gamma: f64,
    /// The damping of the trend.
    pub phi: f64,
}

/// Where the model is after some periods.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// ℓ
    pub level: f64,
    /// b
    pub trend: f64,
    /// s of each place; empty without a season.
    pub season: Vec<f64>,
    /// The place of the next period.
    pub place: usize,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Ets {
    /// The form.
    pub form: Form,
    /// The parameters.
    pub smoothing: Smoothing,
    /// Before the first period.
    pub start: State,
    /// −2 ln L, up to a constant.
    pub deviance: f64,
    /// The criterion.
    pub aicc: f64,
}

/// One step: the forecast, and the states after `y`. `S` is 0 without a season, 1 for steps, 2 for factors.
#[inline(always)]
fn step<const S: u8>(
    level: &mut f64,
    trend: &mut f64,
    season: &mut f64,
    y: f64,
    by: &Smoothing,
) -> f64 {
    let damped = by.phi * *trend;
    let base = *level + damped;
    let forecast = match S {
        0 => base,
        1 => base + *season,
        _ => base * *season,
    };
    let e = y - forecast;
    let r = if S == 2 { e / *season } else { e };
    *level = base + by.alpha * r;
    *trend = damped + by.beta * r;
    match S {
        0 => {}
        1 => *season += by.gamma * e,
        _ => *season += by.gamma * e / base,
    }
    forecast
}

/// −2 ln L from these states on, which are used up.
fn deviance<const S: u8>(y: &[f64], state: &mut State, by: &Smoothing, relative: bool) -> f64 {
    let (mut level, mut trend, mut place) = (state.level, state.trend, state.place);
    let (mut squares, mut logs, mut product) = (0.0, 0.0, 1.0);
    let mut none = 0.0;
    for (t, y) in y.iter().enumerate() {
        let season = match S {
            0 => &mut none,
            _ => &mut state.season[place],
        };
        let forecast = step::<S>(&mut level, &mut trend, season, *y, by);
        let mut e = y - forecast;
        if relative {
            // Relative errors need a positive forecast.
            if forecast <= 0.0 || forecast.is_nan() {
                return f64::INFINITY;
            }
            e /= forecast;
            product *= forecast;
            // A logarithm of each four forecasts; amounts to 1e70 do not overflow.
            if t % 4 == 3 {
                logs += libm::log(product);
                product = 1.0;
            }
        }
        squares += e * e;
        place += 1;
        if S > 0 && place == state.season.len() {
            place = 0;
        }
    }
    let n = y.len() as f64;
    let of_squares = n * libm::log(squares.max(f64::MIN_POSITIVE));
    match relative {
        true => of_squares + 2.0 * (logs + libm::log(product)),
        false => of_squares,
    }
}

impl Ets {
    /// The form with the least AICc, fitted to periods with this season (1: none). None of fewer than five periods.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn fit(y: &[f64], m: usize) -> Result<Option<Self>> {
        let is_positive = y.iter().all(|y| *y > 0.0);
        let with_season = m > 1 && y.len() >= 2 * m + 3;
        let steps = match with_season {
            true => SeasonalIndex::new(y, m, false)?,
            false => SeasonalIndex::NONE,
        };
        let factors = match with_season && is_positive {
            true => SeasonalIndex::new(y, m, true)?,
            false => SeasonalIndex::NONE,
        };
        let mut best: Option<Self> = None;
        // Without a trend first: the trend is tried with the season and the errors that fit best.
        for (form, index) in [
            (LEVEL, &SeasonalIndex::NONE),
            (LEVEL.relative(), &SeasonalIndex::NONE),
            (LEVEL.with(Season::Steps), &steps),
            (LEVEL.with(Season::Factors).relative(), &factors),
        ] {
            let missing = form.season != Season::None && index.index.is_empty();
            if !(missing || form.relative && !is_positive) {
                keep_better(&mut best, Self::of_form(y, form, index)?);
            }
        }
        if let Some(found) = &best {
            let index = match found.form.season {
                Season::None => &SeasonalIndex::NONE,
                Season::Steps => &steps,
                Season::Factors => &factors,
            };
            let found = Self::of_form(y, found.form.with_trend(), index)?;
            keep_better(&mut best, found);
        }
        Ok(best)
    }

    /// One form, fitted.
    fn of_form(y: &[f64], form: Form, index: &SeasonalIndex) -> Result<Option<Self>> {
        let (n, m) = (y.len() as f64, index.index.len());
        // Parameters and first states; the places of a season add up to a constant.
        let k = 3.0 + f64::from(u8::from(form.trend)) * 3.0 + if m > 0 { m as f64 } else { 0.0 };
        if n - k - 1.0 <= 0.0 {
            return Ok(None);
        }
        let start = first_state(y, form, index)?;
        let mut state = start.clone();
        let unpack = |alpha: f64, beta: f64, gamma: f64, phi: f64| Smoothing {
            alpha,
            beta: alpha * beta,
            gamma: (1.0 - alpha) * gamma,
            phi,
        };
        let mut value = |by: &Smoothing| {
            state.clone_from(&start);
            match form.season {
                Season::None => deviance::<0>(y, &mut state, by, form.relative),
                Season::Steps => deviance::<1>(y, &mut state, by, form.relative),
                Season::Factors => deviance::<2>(y, &mut state, by, form.relative),
            }
        };
        let (smoothing, deviance) = match (form.trend, m > 0) {
            (false, false) => {
                let of = |at: &[f64; 1]| unpack(at[0], 0.0, 0.0, 0.0);
                let (at, best) = minimize([0.3], [0.2], [SHARE], SEARCH, |at| value(&of(at)));
                (of(&at), best)
            }
            (true, false) => {
                let of = |at: &[f64; 3]| unpack(at[0], at[1], 0.0, at[2]);
                let bounds = [SHARE, SHARE, PHI];
                let (at, best) =
                    minimize([0.3, 0.1, 0.95], [0.2, 0.1, -0.05], bounds, SEARCH, |at| {
                        value(&of(at))
                    });
                (of(&at), best)
            }
            (false, true) => {
                let of = |at: &[f64; 2]| unpack(at[0], 0.0, at[1], 0.0);
                let (at, best) = minimize([0.3, 0.05], [0.2, 0.1], [SHARE; 2], SEARCH, |at| {
                    value(&of(at))
                });
                (of(&at), best)
            }
            (true, true) => {
                let of = |at: &[f64; 4]| unpack(at[0], at[1], at[2], at[3]);
                let bounds = [SHARE, SHARE, SHARE, PHI];
                let (at, best) = minimize(
                    [0.3, 0.1, 0.05, 0.95],
                    [0.2, 0.1, 0.1, -0.05],
                    bounds,
                    SEARCH,
                    |at| value(&of(at)),
                );
                (of(&at), best)
            }
        };
        Ok(deviance.is_finite().then(|| Ets {
            form,
            smoothing,
            start,
            deviance,
            aicc: deviance + 2.0 * k * n / (n - k - 1.0),
        }))
    }

    /// One period on; returns its forecast.
    pub fn add(&self, state: &mut State, y: f64) -> f64 {
        let State {
            level,
            trend,
            season,
            place,
        } = state;
        let m = season.len();
        let forecast = match self.form.season {
            Season::None => step::<0>(level, trend, &mut 0.0, y, &self.smoothing),
            Season::Steps => step::<1>(level, trend, &mut season[*place], y, &self.smoothing),
            Season::Factors => step::<2>(level, trend, &mut season[*place], y, &self.smoothing),
        };
        *place = if *place + 1 >= m { 0 } else { *place + 1 };
        forecast
    }

    /// Forecasts of the next periods.
    pub fn ahead(&self, state: &State, forecast: &mut [f64]) {
        let (mut base, mut trend, mut place) = (state.level, state.trend, state.place);
        for value in forecast {
            trend *= self.smoothing.phi;
            base += trend;
            *value = match self.form.season {
                Season::None => base,
                Season::Steps => base + state.season[place],
                Season::Factors => base * state.season[place],
            };
            place = if place + 1 >= state.season.len() {
                0
            } else {
                place + 1
            };
        }
    }
}

/// The states before the first period.
fn first_state(y: &[f64], form: Form, index: &SeasonalIndex) -> Result<State> {
    let m = index.index.len();
    let n = y.len().min(10.max(2 * m));
    let early = y[..n].iter().enumerate().map(|(t, y)| index.without(*y, t));
    let early = collect(early, "demand")?;
    let mean = early.iter().sum::<f64>() / n as f64;
    let middle = 0.5 * (n as f64 + 1.0);
    let (mut above, mut below) = (0.0, 0.0);
    for (t, y) in early.iter().enumerate() {
        let far = t as f64 + 1.0 - middle;
        above += far * (y - mean);
        below += far * far;
    }
    let slope = if form.trend { above / below } else { 0.0 };
    Ok(State {
        level: mean - slope * middle,
        trend: slope,
        season: index.index.clone(),
        place: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first four years of airline passengers (Box and Jenkins, 1976).
    const PASSENGERS: [f64; 48] = [
        112.0, 118.0, 132.0, 129.0, 121.0, 135.0, 148.0, 148.0, 136.0, 119.0, 104.0, 118.0, 115.0,
        126.0, 141.0, 135.0, 125.0, 149.0, 170.0, 170.0, 158.0, 133.0, 114.0, 140.0, 145.0, 150.0,
        178.0, 163.0, 172.0, 178.0, 199.0, 199.0, 184.0, 162.0, 146.0, 166.0, 171.0, 180.0, 193.0,
        181.0, 183.0, 218.0, 230.0, 242.0, 209.0, 191.0, 172.0, 194.0,
    ];

    /// Source: statsforecast 2.1.1, `ets_f(y, 12, model="MAM", damped=True)`: parameters, first states, log-likelihood, AICc and
    /// forecasts.
    #[test]
    fn likelihood_and_forecasts_are_those_of_statsforecast() {
        let ets = Ets {
            form: LEVEL.with(Season::Factors).relative().with_trend(),
            smoothing: Smoothing {
                alpha: 0.03256521684769362,
                beta: 0.00012773096226036278,
                gamma: 0.001684060018363002,
                phi: 0.9799825574289732,
            },
            start: State {
                level: 107.18963210838723,
                trend: 2.8596238620089136,
                season: vec![
                    0.9259677846459979,
                    0.9606961522681425,
                    1.064632970343366,
                    0.9932588481515277,
                    0.9690612348093831,
                    1.0787813794312975,
                    1.1649711230047382,
                    1.1719796285428528,
                    1.0440560000294055,
                    0.9153218939845517,
                    0.8005417313806054,
                    0.9107312534081304,
                ],
                place: 0,
            },
            deviance: 0.0,
            aicc: 0.0,
        };
        let of = deviance::<2>(&PASSENGERS, &mut ets.start.clone(), &ets.smoothing, true);
        assert!((of - 2.0 * 199.32644084642047).abs() < 1e-9, "{of}");
        let mut state = ets.start.clone();
        for y in PASSENGERS {
            ets.add(&mut state, y);
        }
        let mut forecast = [0.0; 6];
        ets.ahead(&state, &mut forecast);
        let expected = [
            182.3239819483831,
            190.19786086435056,
            211.8922288360535,
            198.7109053938024,
            194.8395184089817,
            217.97038592093259,
        ];
        // Theirs are exact means, which have the covariance of level and season from the second period on; ours are the recursion.
        assert!((forecast[0] - expected[0]).abs() < 1e-9);
        for (a, b) in forecast.iter().zip(expected) {
            assert!((a / b - 1.0).abs() < 6e-4, "{a} {b}");
        }
        // Their AICc of this form is 458.2390885893927: the search must find as good a model, though first states are not optimised.
        let own = Ets::fit(&PASSENGERS, 12).unwrap().unwrap();
        assert_eq!(own.form.season, Season::Factors);
        assert!(own.aicc < 458.2390885893927, "{}", own.aicc);
    }

    #[test]
    fn steps_come_back_and_few_periods_have_no_model() {
        // A season of 4 with zeros: steps, no factors.
        let y: Vec<f64> = (0..40).map(|t| [0.0, 3.0, 5.0, 9.0][t % 4]).collect();
        let ets = Ets::fit(&y, 4).unwrap().unwrap();
        assert_eq!(ets.form.season, Season::Steps);
        let mut state = ets.start.clone();
        for y in &y {
            ets.add(&mut state, *y);
        }
        let mut forecast = [0.0; 5];
        ets.ahead(&state, &mut forecast);
        for (a, b) in forecast.iter().zip([0.0, 3.0, 5.0, 9.0, 0.0]) {
            assert!((a - b).abs() < 0.05, "{forecast:?}");
        }
        assert_eq!(Ets::fit(&[1.0, 2.0, 3.0, 4.0], 1).unwrap(), None);
    }
}
