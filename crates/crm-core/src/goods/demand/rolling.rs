//! The methods, and how wrong each would have been: forecasts from earlier origins beside what came. What is chosen by that.
//!
//! ```text
//! origins   n − step, n − 2 step, ...: at most `origins`, and none before two seasons and 8 periods, nor before half of the series
//!           (days, of 1½ years and more: as many as there may be, so that they reach a year back)
//! e(o, h)   y_(o+h) − forecast of it from o, for each horizon h up to the end
//! MASE      mean |e| / mean |y_t − y_(t−m)|                     m: periods of a season
//! RMSSE     √(mean e² / mean (y_t − y_(t−1))²)                 of intermittent series
//! ```
//!
//! Parameters are fitted at four of the origins (daily: one), from what was known there, and stay until the next of them.
//!
//! # The choice
//!
//! The least error of a few dozen origins is mostly luck, and the mean of two models is seldom far from the better one. So the mean
//! of exponential smoothing and theta is used unless a simpler method was clearly better: exponential smoothing or theta alone with an
//! error below .8 of it, another method below .64 of it and .8 of the models alone. Ties go to the simpler method. SBA and TSB are for
//! intermittent series only.

use super::words::Method;
use crate::context::{collect, filled, room};
use crate::error::Result;
use crate::num::forecasting::ets::{self, Ets};
use crate::num::forecasting::intermittent::{Intermittent, Rate};
use crate::num::forecasting::season::{SeasonalIndex, is_seasonal};
use crate::num::forecasting::theta::{self, Theta};

/// What messages call the memory of this module.
const WHAT: &str = "demand";
/// The handicaps of simple methods, of one model and of the mean of two.
const SIMPLE: f64 = 1.0;
const MODEL: f64 = 0.8;
const MEAN_OF_MODELS: f64 = 0.64;

/// The candidates, the simplest first, with their handicaps.
const CANDIDATES: [(Method, f64); 7] = [
    (Method::SeasonalNaive, SIMPLE),
    (Method::Mean, SIMPLE),
    (Method::CrostonSba, SIMPLE),
    (Method::Tsb, SIMPLE),
    (Method::Theta, MODEL),
    (Method::Ets, MODEL),
    (Method::EtsTheta, MEAN_OF_MODELS),
];

/// How series of a frequency are judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Periods of a season; 1 without one.
    pub(super) season: usize,
    /// Periods of the mean.
    pub(super) mean: usize,
    /// Periods between two origins.
    pub(super) step: usize,
    /// The most origins.
    pub(super) origins: usize,
    /// The most periods that parameters are fitted to.
    pub(super) fitted: usize,
    /// How often parameters are fitted.
    pub(super) refits: usize,
    /// Periods ahead.
    pub(super) horizon: usize,
    /// Periods after which an error weighs half.
    pub(super) half_life: f64,
    /// Periods of a year that the season does not know, 0 if it does, and how far from it an origin is near.
    pub(super) year: usize,
    pub(super) near: usize,
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
            Method::CrostonSba => Some(Running::Intermittent(Intermittent::fit(Rate::Sba, last))),
            Method::Tsb => Some(Running::Intermittent(Intermittent::fit(Rate::Tsb, last))),
            Method::Theta => {
                let is_positive = last.iter().all(|y| *y > 0.0);
                let index = match is_seasonal(last, m) {
                    true => SeasonalIndex::new(last, m, is_positive)?,
                    false => SeasonalIndex::NONE,
                };
                let without = last.iter().enumerate().map(|(t, y)| index.without(*y, t));
                let fitted = Theta::fit(&collect(without, WHAT)?);
                fitted.map(|theta| Running::Theta(theta, index, theta.start()))
            }
            Method::Ets => Ets::fit(last, m)?.map(|ets| {
                let start = ets.start.clone();
                Running::Ets(ets, start)
            }),
            Method::EtsTheta | Method::Ended => None,
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

/// What earlier origins say about a method, and its forecast.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    /// The method; none of a sum of series.
    pub(super) method: Option<Method>,
    /// Its MASE, of intermittent series its RMSSE. None without earlier origins or where the series never changes.
    pub(super) error: Option<f64>,
    /// Whether more than half of the periods are empty.
    pub(super) is_intermittent: bool,
    /// Periods known now.
    pub(super) periods: usize,
    /// Periods known at each origin, ascending.
    pub(super) origins: Vec<usize>,
    /// Errors from each origin, as many as periods came after it; NaN where the shop was closed.
    pub(super) errors: Vec<Vec<f64>>,
    /// Forecasts of the next periods, none below 0.
    pub(super) forecast: Vec<f64>,
}

/// Absolute and squared errors, and their number.
#[derive(Clone, Copy, Default)]
struct Sizes {
    absolute: f64,
    squared: f64,
    n: f64,
}

/// A method's errors from all origins, and its forecast from the end.
struct Tried {
    errors: Vec<Vec<f64>>,
    forecast: Vec<f64>,
}

impl Tried {
    /// None if a fit has too few periods.
    fn new(
        method: Method,
        y: &[f64],
        open: &[bool],
        plan: &Plan,
        origins: &[usize],
    ) -> Result<Option<Self>> {
        let every = origins.len().div_ceil(plan.refits).max(1);
        let mut forecast = filled(plan.horizon, 0.0, WHAT)?;
        let mut errors = room(origins.len(), WHAT)?;
        let (mut running, mut known) = (None, 0);
        for (k, origin) in origins.iter().enumerate() {
            if k % every == 0 {
                running = Running::new(method, &y[..*origin], plan)?;
                known = *origin;
            }
            let Some(running) = &mut running else {
                return Ok(None);
            };
            for (t, y) in y.iter().enumerate().take(*origin).skip(known) {
                running.add(*y, t);
            }
            known = *origin;
            running.ahead(&y[..*origin], plan, &mut forecast);
            let came = y[*origin..].iter().zip(&open[*origin..]).zip(&forecast);
            let mut of_origin = room((y.len() - origin).min(plan.horizon), WHAT)?;
            of_origin.extend(came.map(|((y, open), forecast)| match open {
                true => y - forecast.max(0.0),
                false => f64::NAN,
            }));
            errors.push(of_origin);
        }
        let Some(running) = Running::new(method, y, plan)? else {
            return Ok(None);
        };
        running.ahead(y, plan, &mut forecast);
        forecast
            .iter_mut()
            .for_each(|value| *value = value.max(0.0));
        Ok(Some(Tried { errors, forecast }))
    }

    /// The mean of two.
    fn mean(a: &Self, b: &Self) -> Result<Self> {
        let mean =
            |a: &[f64], b: &[f64]| collect(a.iter().zip(b).map(|(a, b)| 0.5 * (a + b)), WHAT);
        let mut errors = room(a.errors.len(), WHAT)?;
        for (a, b) in a.errors.iter().zip(&b.errors) {
            errors.push(mean(a, b)?);
        }
        Ok(Tried {
            errors,
            forecast: mean(&a.forecast, &b.forecast)?,
        })
    }

    fn sizes(&self) -> Sizes {
        let mut sizes = Sizes::default();
        for e in self.errors.iter().flatten().filter(|e| !e.is_nan()) {
            sizes.absolute += e.abs();
            sizes.squared += e * e;
            sizes.n += 1.0;
        }
        sizes
    }
}

/// The origins of a series.
fn origins(n: usize, plan: &Plan) -> Result<Vec<usize>> {
    let half = match plan.year > 0 && 2 * n > 3 * plan.year {
        true => (n / 2).min(n.saturating_sub(plan.origins * plan.step)),
        false => n / 2,
    };
    let least = half.max(2 * plan.season + 4).max(8);
    let count = (n.saturating_sub(least) / plan.step).min(plan.origins);
    collect((0..count).map(|k| n - plan.step * (count - k)), WHAT)
}

/// The method of a series, what it says, and how wrong it was. `open` is false where the shop was closed. None of an empty series.
pub(super) fn judge(y: &[f64], open: &[bool], plan: &Plan) -> Result<Option<Judged>> {
    let n = y.len();
    let empty = y.iter().filter(|y| **y == 0.0).count();
    let is_intermittent = 2 * empty > n;
    // A series too short for its season has none.
    let plan = &match n < 2 * plan.season + 8 {
        true => Plan { season: 1, ..*plan },
        false => *plan,
    };
    let mut judged = Judged {
        method: None,
        error: None,
        is_intermittent,
        periods: n,
        origins: origins(n, plan)?,
        errors: Vec::new(),
        forecast: Vec::new(),
    };
    if has_ended(y, plan) {
        judged.method = Some(Method::Ended);
        judged.origins.clear();
        judged.forecast = filled(plan.horizon, 0.0, WHAT)?;
        return Ok(Some(judged));
    }
    let mut models: [Option<Tried>; 2] = [None, None];
    let mut best: Option<(f64, Sizes)> = None;
    for (method, handicap) in CANDIDATES {
        let of_intermittent = matches!(method, Method::CrostonSba | Method::Tsb);
        // Without origins nothing is known of the models: the mean.
        let without = judged.origins.is_empty() && method != Method::Mean;
        if (of_intermittent && !is_intermittent) || without {
            continue;
        }
        let tried = match (method, &models) {
            (Method::EtsTheta, [Some(theta), Some(ets)]) => Some(Tried::mean(theta, ets)?),
            (Method::EtsTheta, _) => None,
            _ => Tried::new(method, y, open, plan, &judged.origins)?,
        };
        let Some(tried) = tried else { continue };
        let sizes = tried.sizes();
        let size = if is_intermittent {
            libm::sqrt(sizes.squared)
        } else {
            sizes.absolute
        };
        let score = size * handicap;
        // NaN of no error is no better.
        if best.is_none_or(|(least, _)| score < least) {
            best = Some((score, sizes));
            judged.method = Some(method);
            judged.errors.clone_from(&tried.errors);
            judged.forecast.clone_from(&tried.forecast);
        }
        match method {
            Method::Theta => models[0] = Some(tried),
            Method::Ets => models[1] = Some(tried),
            _ => {}
        }
    }
    let Some((_, sizes)) = best else {
        return Ok(None);
    };
    let lag = if is_intermittent { 1 } else { plan.season };
    let steps = y[lag.min(n)..].iter().zip(y).map(|(a, b)| a - b);
    let (mut absolute, mut squared) = (0.0, 0.0);
    for step in steps {
        absolute += step.abs();
        squared += step * step;
    }
    let count = n.saturating_sub(lag) as f64;
    let error = match is_intermittent {
        true => libm::sqrt(sizes.squared / sizes.n / (squared / count)),
        false => sizes.absolute / sizes.n / (absolute / count),
    };
    judged.error = Some(error).filter(|error| error.is_finite());
    Ok(Some(judged))
}

/// Whether the last demand is longer ago than the horizon, two seasons and three times the longest earlier time without demand.
fn has_ended(y: &[f64], plan: &Plan) -> bool {
    let Some(last) = y.iter().rposition(|y| *y != 0.0) else {
        return true;
    };
    let since = y.len() - 1 - last;
    let (mut longest, mut run) = (0, 0);
    for y in &y[..last] {
        run = if *y == 0.0 { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    since > plan.horizon.max(2 * plan.season).max(3 * longest)
}
