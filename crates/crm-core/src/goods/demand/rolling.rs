//! The methods, and how wrong each would have been: forecasts from earlier origins beside what came.
//!
//! ```text
//! origins   n − step, n − 2 step, ...: at most `origins`, and none before half of the series or the least that a method needs
//! e(o, h)   y_(o+h) − forecast of it from o, for each horizon h up to the end
//! MASE      mean |e| / mean |y_t − y_(t−m)|                     m: periods of a season
//! RMSSE     √(mean e² / mean (y_t − y_(t−1))²)                 of intermittent series
//! ```
//!
//! Parameters are fitted again at a few of the origins, from what was known there, and stay until the next of them.

use crate::context::{collect, filled, room};
use crate::error::Result;
use crate::num::forecasting::ets::{self, Ets};
use crate::num::forecasting::intermittent::{Intermittent, Rate};
use crate::num::forecasting::season::{SeasonalIndex, is_seasonal};
use crate::num::forecasting::theta::{self, Theta};

/// Methods, the simplest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The value of the same place a season before.
    SeasonalNaive,
    /// The mean of the last periods.
    Mean,
    /// Croston's method with Syntetos' and Boylan's correction.
    CrostonSba,
    /// Teunter's, Syntetos' and Babai's method.
    Tsb,
    /// Dynamic optimised theta.
    Theta,
    /// Exponential smoothing.
    Ets,
    /// The mean of exponential smoothing and theta.
    EtsTheta,
}

/// All methods.
pub const METHODS: [Method; 7] = [
    Method::SeasonalNaive,
    Method::Mean,
    Method::CrostonSba,
    Method::Tsb,
    Method::Theta,
    Method::Ets,
    Method::EtsTheta,
];

/// How series of a frequency are judged.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Periods of a season; 1 without one.
    pub season: usize,
    /// Periods of the mean.
    pub mean: usize,
    /// Periods between two origins.
    pub step: usize,
    /// The most origins.
    pub origins: usize,
    /// The most periods that parameters are fitted to.
    pub fitted: usize,
    /// Periods ahead.
    pub horizon: usize,
}

/// A fitted method after some periods.
enum Running {
    Naive,
    Mean,
    Intermittent(Intermittent),
    Theta(Theta, SeasonalIndex, theta::State),
    Ets(Ets, ets::State),
}

impl Running {
    /// Fitted to the periods. None if there are too few of them. The season of the last part begins at place 0 of the whole series.
    fn new(method: Method, y: &[f64], plan: &Plan) -> Result<Option<Self>> {
        let m = plan.season;
        // A whole number of seasons is left out at the beginning.
        let from = y.len().saturating_sub(plan.fitted) / m * m;
        let last = &y[from..];
        let mut running = match method {
            Method::SeasonalNaive => (y.len() >= m).then_some(Running::Naive),
            Method::Mean => (!y.is_empty()).then_some(Running::Mean),
            Method::CrostonSba => {
                Some(Running::Intermittent(Intermittent::fit(Rate::Sba, last)))
            }
            Method::Tsb => Some(Running::Intermittent(Intermittent::fit(Rate::Tsb, last))),
            Method::Theta => {
                let is_positive = last.iter().all(|y| *y > 0.0);
                let index = match is_seasonal(last, m) {
                    true => SeasonalIndex::new(last, m, is_positive)?,
                    false => SeasonalIndex::NONE,
                };
                let without = last.iter().enumerate().map(|(t, y)| index.without(*y, t));
                let fitted = Theta::fit(&collect(without, "demand")?);
                fitted.map(|theta| Running::Theta(theta, index, theta.start()))
            }
            Method::Ets => Ets::fit(last, m)?.map(|ets| {
                let start = ets.start.clone();
                Running::Ets(ets, start)
            }),
            Method::EtsTheta => None,
        };
        if let Some(running) = &mut running {
            for (t, y) in last.iter().enumerate() {
                running.add(*y, t);
            }
        }
        Ok(running)
    }

    /// One period on.
    fn add(&mut self, y: f64, t: usize) {
        match self {
            Running::Naive | Running::Mean => {}
            Running::Intermittent(state) => state.add(y),
            Running::Theta(theta, index, state) => theta.add(state, index.without(y, t)),
            Running::Ets(ets, state) => {
                ets.add(state, y);
            }
        }
    }

    /// Forecasts of the periods after `y`.
    fn ahead(&self, y: &[f64], plan: &Plan, forecast: &mut [f64]) {
        let n = y.len();
        match self {
            Running::Naive => {
                for (h, value) in forecast.iter_mut().enumerate() {
                    *value = y[n - plan.season + h % plan.season];
                }
            }
            Running::Mean => {
                let last = &y[n.saturating_sub(plan.mean)..];
                forecast.fill(last.iter().sum::<f64>() / last.len() as f64);
            }
            Running::Intermittent(state) => forecast.fill(state.ahead()),
            Running::Theta(theta, index, state) => {
                theta.ahead(state, forecast);
                for (h, value) in forecast.iter_mut().enumerate() {
                    *value = index.with(*value, n + h);
                }
            }
            Running::Ets(ets, state) => ets.ahead(state, forecast),
        }
    }
}

/// Errors of the methods at earlier origins.
pub struct Rolled {
    /// Origins, ascending: periods known at each.
    pub origins: Vec<usize>,
    /// The horizon.
    horizon: usize,
    /// By method, origin and horizon.
    errors: Vec<f64>,
    /// Whether a method has forecasts.
    pub has: [bool; METHODS.len()],
}

impl Rolled {
    /// The errors at an origin, as many as periods came after it.
    pub fn errors(&self, method: Method, origin: usize, n: usize) -> &[f64] {
        let from = (method as usize * self.origins.len() + origin) * self.horizon;
        let known = (n - self.origins[origin]).min(self.horizon);
        &self.errors[from..from + known]
    }

    /// All methods at all origins of a series.
    pub fn new(y: &[f64], plan: &Plan, refits: usize) -> Result<Self> {
        let (n, m) = (y.len(), plan.season);
        let least = (n / 2).max(2 * m + 4).max(8);
        let possible = n.saturating_sub(least) / plan.step;
        let count = possible.min(plan.origins);
        let origins = collect((0..count).map(|k| n - plan.step * (count - k)), "demand")?;
        let size = METHODS.len() * count * plan.horizon;
        let mut errors = filled(size, 0.0, "demand")?;
        let mut has = [count > 0; METHODS.len()];
        let every = count.div_ceil(refits.max(1)).max(1);
        let mut forecast = filled(plan.horizon, 0.0, "demand")?;
        for method in METHODS {
            if method == Method::EtsTheta {
                break;
            }
            let mut running = None;
            let mut known = 0;
            for (k, origin) in origins.iter().enumerate() {
                if k % every == 0 {
                    running = Running::new(method, &y[..*origin], plan)?;
                    known = *origin;
                }
                let Some(running) = &mut running else {
                    has[method as usize] = false;
                    break;
                };
                let from = known.saturating_sub(0);
                for t in from..*origin {
                    running.add(y[t], t);
                }
                known = *origin;
                running.ahead(&y[..*origin], plan, &mut forecast);
                let at = (method as usize * count + k) * plan.horizon;
                let came = y[*origin..].iter().zip(&forecast);
                for (error, (y, forecast)) in errors[at..at + plan.horizon].iter_mut().zip(came) {
                    *error = y - forecast.max(0.0);
                }
            }
        }
        let both = has[Method::Ets as usize] && has[Method::Theta as usize];
        has[Method::EtsTheta as usize] = both;
        let block = count * plan.horizon;
        for at in 0..block {
            let of = |method: Method| errors[method as usize * block + at];
            errors[Method::EtsTheta as usize * block + at] =
                0.5 * (of(Method::Ets) + of(Method::Theta));
        }
        Ok(Rolled {
            origins,
            horizon: plan.horizon,
            errors,
            has,
        })
    }
}

/// The forecast of a method from the end.
pub fn forecast(method: Method, y: &[f64], plan: &Plan) -> Result<Option<Vec<f64>>> {
    let one = |method| -> Result<Option<Vec<f64>>> {
        let Some(running) = Running::new(method, y, plan)? else {
            return Ok(None);
        };
        let mut values = filled(plan.horizon, 0.0, "demand")?;
        running.ahead(y, plan, &mut values);
        for value in &mut values {
            *value = value.max(0.0);
        }
        Ok(Some(values))
    };
    if method != Method::EtsTheta {
        return one(method);
    }
    let (Some(a), Some(b)) = (one(Method::Ets)?, one(Method::Theta)?) else {
        return Ok(None);
    };
    let mut mean = room(a.len(), "demand")?;
    mean.extend(a.iter().zip(&b).map(|(a, b)| 0.5 * (a + b)));
    Ok(Some(mean))
}
