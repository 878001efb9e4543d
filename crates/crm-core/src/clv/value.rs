//! Customer lifetime value: expected purchases, discounted, times expected spend.
//!
//! # Definition
//!
//! ```text
//! clv = margin · DET(x, t_x, T) · E[M | x, m]
//! DET = E[ Σ e^(−δ·t) over the purchases at times t in (0, H] ]
//! δ   = rate/365 per day (continuous)   or   ln(1 + rate)/365 per day (compounded)
//! ```
//!
//! With seasons the purchases are those of the model's own time, and are discounted by the calendar
//! (see the source file `ahead.rs`). A year is 365 days. At rate 0, `clv` is `margin · E[Y(H)] · E[M]` bit for bit. With an infinite
//! horizon at rate 0 the sum may diverge; the value is then +∞.
//!
//! # Two intervals, never mixed
//!
//! `expected_low/high` is the confidence interval of the *expectation* `clv`, by the delta method
//! on its logarithm: it shows that the parameters are estimates. `clv_low/high` is the prediction
//! interval of the *outcome*, by simulation: for each draw, parameters from their distribution,
//! then alive or not, purchases, and their values (see the source file `outcome.rs`). The first is
//! narrow and contains the outcome of few customers; use the second for a promise. Intervals of
//! totals include process and parameter variance, because all customers share each draw of the
//! parameters, and the error that all customers share and no model of single customers knows: prices,
//! taste, seasons that were missed. `shared_error` is its size `s`, the standard deviation of the logarithm of a
//! sum of a year or less:
//!
//! ```text
//! ln(end / clv)² = (the same of the draws)² + z² s² max(1, H / 365)
//! ```
//!
//! The shop's own errors are measured by `backtest_clv` and `base_forecast`, whose note `shared_error` has them. Outcomes are discounted by the customer's mean factor and exist for a finite horizon
//! only. Without standard errors (status `Boundary`) there is no first interval, and the second has
//! the process variance alone.
//!
//! # References
//!
//! - Fader, Hardie, Lee (2005). RFM and CLV: using iso-value curves for customer base analysis.
//!   *J. of Marketing Research* 42.

use libm::{exp, log, log1p, sqrt};
use serde::{Deserialize, Serialize};

use crate::clv::ahead::{Ahead, Discounted, times};
use crate::clv::models::gamma_gamma;
use crate::clv::models::histories::Histories;
use crate::clv::models::model::{Fit, Model, Purchases};
use crate::clv::outcome;
pub use crate::clv::outcome::Interval;
use crate::clv::outcome::{Draws, STEP};
use crate::clv::shop_time::ShopTime;
use crate::clv::tables::clv_summary::Unit;
use crate::context::{Context, filled, room};
use crate::error::{Error, Result};
use crate::num::rng::Rng;
use crate::num::{Fraction, Positive, normal, sum_error};

/// How a yearly rate becomes a daily one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Compounding {
    /// `δ = ln(1 + rate)/365`: at 10 % a purchase in a year counts 1/1.1. The default.
    #[default]
    Compounded,
    /// `δ = rate/365`: the rate of continuous compounding.
    Continuous,
}

/// Options of [`value`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Days ahead. Default 365; null is an infinite horizon.
    pub horizon_days: Option<Positive>,
    /// Discount rate per year, at least 0. Default 0.1.
    pub annual_discount_rate: f64,
    /// How the yearly rate becomes a daily one. Default: compounded.
    pub compounding: Compounding,
    /// Margin: the share of spend that is profit. Default 1: value is revenue.
    pub margin: Positive,
    /// Level of both intervals. Default 0.8; null leaves them out.
    pub interval: Option<Fraction>,
    /// Draws per customer for the interval of the outcome, 10 to 100,000. Default 200.
    pub draws: u32,
    /// Seed of the draws. Default 0.
    pub seed: u64,
    /// The error of the sum that all customers share, for the interval of its outcome: the standard deviation of the
    /// logarithm for a year or less, 0 to 2. Default 0.15, which is typical of shops.
    pub shared_error: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            horizon_days: Positive::new(365.0),
            annual_discount_rate: 0.1,
            compounding: Compounding::Compounded,
            margin: Positive::new(1.0).expect("1 is positive"),
            interval: Some(Fraction::P80),
            draws: 200,
            seed: 0,
            shared_error: sum_error::TYPICAL[1],
        }
    }
}

impl Compounding {
    /// The discount rate per unit of time of a yearly rate.
    ///
    /// # Errors
    ///
    /// [`Error::OptionValue`] unless the rate is finite and at least 0.
    pub fn delta(self, annual_discount_rate: f64, unit: Unit) -> Result<f64> {
        let rate = annual_discount_rate;
        if !(rate >= 0.0 && rate.is_finite()) {
            let expected = "a finite number, at least 0";
            return Err(Error::option("annual_discount_rate", rate, expected));
        }
        let per_year = match self {
            Compounding::Compounded => log1p(rate),
            Compounding::Continuous => rate,
        };
        Ok(per_year / 365.0 * unit.days())
    }
}

/// Values of customers, in the order of the histories. An infinite value is +∞, never NaN.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Values {
    /// P(alive) now.
    pub probability_alive: Vec<f64>,
    /// Purchases expected within the horizon, not discounted.
    pub expected_purchases: Vec<f64>,
    /// Expected value of a purchase.
    pub expected_spend: Vec<f64>,
    /// Customer lifetime value.
    pub clv: Vec<f64>,
    /// The confidence interval of the expectation.
    pub expected: Option<Interval>,
    /// The prediction interval of the outcome.
    pub outcome: Option<Interval>,
    /// All customers together.
    pub total: Total,
}

/// All customers together.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Total {
    /// Sum of the purchases expected.
    pub expected_purchases: f64,
    /// Sum of the values.
    pub clv: f64,
    /// The confidence interval of the expected sum.
    pub expected: Option<(f64, f64)>,
    /// The prediction interval of the sum.
    pub outcome: Option<(f64, f64)>,
}

/// Values customers by a fitted model of purchases and one of spend. `mean_spend` is the mean value
/// of the repeat purchase days, ignored at frequency 0; `unit` is the unit of the histories.
///
/// # Errors
///
/// A unit other than the model's, columns that [`Histories::check`] refuses, spend that is not finite
/// and above 0 at a frequency above 0, options out of range, out of memory.
///
/// ```
/// use crm_core::clv::{Fit, Histories, Unit, value};
/// use crm_core::clv::models::{gamma_gamma, pareto_nbd};
/// let model = Fit::given(pareto_nbd::Params::new([0.55, 10.6, 0.61, 11.7], Unit::Week)?);
/// let spend = Fit::given(gamma_gamma::Params::new([6.25, 3.74, 15.44])?);
/// let histories = Histories::new(&[2.0, 0.0], &[30.4, 0.0], &[38.9, 38.9]);
/// let options = value::Options::new().annual_discount_rate(0.0);
/// let context = crm_core::Context::default();
/// let mean = [22.35, 0.0];
/// let values = value::value(&model, &spend, &histories, &mean, Unit::Week, &options, &context)?;
/// assert_eq!(values.clv[0], values.expected_purchases[0] * values.expected_spend[0]);
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn value<M: Model + Purchases + Sync>(
    model: &Fit<M>,
    spend: &Fit<gamma_gamma::Params>,
    histories: &Histories<'_>,
    mean_spend: &[f64],
    unit: Unit,
    options: &Options,
    context: &Context,
) -> Result<Values> {
    let valuation = Valuation {
        model,
        draw: &|rng| model.draw(rng),
        spend,
        histories,
        mean_spend,
        places: None,
    };
    let (delta, horizon) = options.ahead(unit)?;
    valuation.value(unit, options, &Ahead::even(delta, horizon), context)
}

impl Options {
    /// The draws for intervals of the outcome.
    fn drawn(&self, level: Fraction) -> Draws {
        let Options { draws, seed, .. } = *self;
        Draws { draws, seed, level }
    }

    /// The discount rate and the horizon in units.
    fn ahead(&self, unit: Unit) -> Result<(f64, Option<f64>)> {
        if !(0.0..=2.0).contains(&self.shared_error) {
            return Err(Error::option("shared_error", self.shared_error, "0 to 2"));
        }
        let delta = self.compounding.delta(self.annual_discount_rate, unit)?;
        Ok((
            delta,
            self.horizon_days.map(|days| days.get() / unit.days()),
        ))
    }
}

/// [`value`] of histories in the time of a shop with seasons.
pub(crate) fn value_in<M: Model + Purchases + Sync>(
    time: &ShopTime,
    model: &Fit<M>,
    spend: &Fit<gamma_gamma::Params>,
    (histories, mean_spend): (&Histories<'_>, &[f64]),
    unit: Unit,
    options: &Options,
    context: &Context,
) -> Result<Values> {
    let valuation = Valuation {
        model,
        draw: &|rng| model.draw(rng),
        spend,
        histories,
        mean_spend,
        places: None,
    };
    let (delta, horizon) = options.ahead(unit)?;
    valuation.value(unit, options, &time.discounted(delta, horizon)?, context)
}

/// The models of a shop, and its customers.
struct Valuation<'a, M> {
    model: &'a Fit<M>,
    /// Draws a model from the distribution of its parameters.
    draw: &'a dyn Fn(&mut Rng) -> Result<M>,
    spend: &'a Fit<gamma_gamma::Params>,
    histories: &'a Histories<'a>,
    mean_spend: &'a [f64],
    /// The place of each customer among all; `None`: the row.
    places: Option<&'a [usize]>,
}

/// What the intervals of a total are computed from.
#[derive(Default)]
struct Sums {
    /// Σ clv · ∂ ln clv: four slopes in the logarithms of the parameters of the model, three of spend.
    slopes: Option<[f64; 7]>,
    /// The total of each draw.
    draws: Option<Vec<f64>>,
}

impl<M: Model + Purchases + Sync> Valuation<'_, M> {
    fn value(
        &self,
        unit: Unit,
        options: &Options,
        ahead: &Ahead,
        context: &Context,
    ) -> Result<Values> {
        let (mut out, sums) = self.part(unit, options, ahead, context)?;
        let clv = out.total.clv;
        let variance = sums.slopes.zip(self.model.covariance_of_logs.as_ref());
        let deviation = variance.and_then(|(slopes, of_model)| {
            let slope = |k: usize| slopes[k] / clv;
            self.deviation(of_model, &slope)
        });
        out.total.intervals(
            deviation,
            sums.draws.filter(|_| !self.histories.is_empty()),
            options,
        );
        Ok(out)
    }

    /// The values of these customers, and what the intervals of a total are computed from.
    fn part(
        &self,
        unit: Unit,
        options: &Options,
        ahead: &Ahead,
        context: &Context,
    ) -> Result<(Values, Sums)> {
        self.model.model.unit().expect(unit)?;
        self.histories.check()?;
        check_spend(self.histories, self.mean_spend)?;
        if let Some(level) = options.interval {
            options.drawn(level).check()?;
        }
        let n = self.histories.len();
        let margin = options.margin.get();

        let undiscounted = ahead.undiscounted();
        let mut purchases = Discounted::new(self.histories, &self.model.model, ahead)?;
        let mut plain = Discounted::new(self.histories, &self.model.model, &undiscounted)?;
        let mut out = Values {
            probability_alive: room(n, "values")?,
            expected_purchases: room(n, "values")?,
            expected_spend: room(n, "values")?,
            clv: room(n, "values")?,
            ..Values::default()
        };
        let alive = self.model.model.alive_now_all(self.histories)?;
        for (i, (mean, alive)) in self.mean_spend.iter().zip(alive).enumerate() {
            let spend = self
                .spend
                .model
                .expected_spend(self.histories.frequency[i], *mean);
            let det = times(alive, purchases.residual(i));
            let expected = times(alive, plain.residual(i));
            let clv = product(margin * det, spend);
            out.probability_alive.push(alive);
            out.expected_purchases.push(expected);
            out.expected_spend.push(spend);
            out.clv.push(clv);
            let weight = self.histories.weight.map_or(1.0, |w| w[i]);
            out.total.expected_purchases += weight * expected;
            out.total.clv += weight * clv;
        }
        let mut sums = Sums::default();
        let Some(level) = options.interval else {
            return Ok((out, sums));
        };
        sums.slopes = self.expectation(&mut out, ahead, level, context)?;
        if let Some(t) = ahead.horizon {
            let draws = options.drawn(level);
            sums.draws = Some(self.outcome(&mut out, t, (&draws, margin), context)?);
        }
        Ok((out, sums))
    }

    /// Standard deviation of a logarithm with these slopes in the logarithms of the parameters.
    fn deviation(&self, of_model: &[f64], slope: &dyn Fn(usize) -> f64) -> Option<f64> {
        let of_spend = self.spend.covariance_of_logs.as_ref()?;
        let quadratic = |c: &[f64], n: usize, first: usize| -> f64 {
            (0..n * n)
                .map(|at| c[at] * slope(first + at / n) * slope(first + at % n))
                .sum()
        };
        let count = self.model.count();
        let variance = quadratic(of_model, count, 0) + quadratic(of_spend, 3, 4);
        Some(sqrt(variance.max(0.0)))
    }

    /// The delta method: derivatives of `ln clv` in the logarithms of the parameters, by central
    /// differences.
    fn expectation(
        &self,
        out: &mut Values,
        ahead: &Ahead,
        level: Fraction,
        context: &Context,
    ) -> Result<Option<[f64; 7]>> {
        let (Some(of_model), true) = (
            &self.model.covariance_of_logs,
            self.spend.covariance_of_logs.is_some(),
        ) else {
            return Ok(None);
        };
        let n = self.histories.len();
        // One column of derivatives per parameter: up to four of the model, three of spend.
        let mut slopes: [Vec<f64>; 7] = Default::default();
        for (column, of_purchases) in
            slopes
                .iter_mut()
                .zip(log_slopes(self.model, self.histories, ahead, context)?)
        {
            *column = of_purchases;
        }
        for (column, of_spend) in slopes[4..].iter_mut().zip(self.spend_slopes(context)?) {
            *column = of_spend;
        }
        let z = normal::quantile(0.5 + 0.5 * level.get());
        let mut interval = Interval {
            low: room(n, "values")?,
            high: room(n, "values")?,
        };
        let mut of_total = [0.0; 7];
        for row in 0..n {
            let at = |k: usize| slopes[k].get(row).copied().unwrap_or(0.0);
            let clv = out.clv[row];
            let width = z * self.deviation(of_model, &at).unwrap_or(0.0);
            // Infinite values have no derivative, and an interval of width 0.
            let width = if width.is_finite() { width } else { 0.0 };
            interval.low.push(product(clv, exp(-width)));
            interval.high.push(product(clv, exp(width)));
            let weight = self.histories.weight.map_or(1.0, |w| w[row]);
            for (k, total) in of_total.iter_mut().enumerate() {
                *total += weight * clv * at(k);
            }
        }
        out.expected = Some(interval);
        Ok(Some(of_total))
    }

    /// Derivatives of the logarithm of the expected spend in the logarithms of its parameters, by central
    /// differences, one column per parameter.
    fn spend_slopes(&self, context: &Context) -> Result<Vec<Vec<f64>>> {
        context.map((0..self.spend.count()).collect(), |i| {
            context.check()?;
            let mut column = filled(self.histories.len(), 0.0, "values")?;
            for sign in [1.0, -1.0] {
                let mut values = self.spend.model.values();
                values[i] *= exp(sign * STEP);
                let moved = self.spend.model.with_values(values)?;
                for (row, slope) in column.iter_mut().enumerate() {
                    let x = self.histories.frequency[row];
                    *slope +=
                        sign / (2.0 * STEP) * log(moved.expected_spend(x, self.mean_spend[row]));
                }
            }
            Ok(column)
        })
    }

    /// Draws outcomes of value.
    fn outcome(
        &self,
        out: &mut Values,
        horizon: f64,
        (draws, margin): (&Draws, f64),
        context: &Context,
    ) -> Result<Vec<f64>> {
        // Outcomes are discounted by the customer's mean factor.
        let mut factor = room(self.histories.len(), "values")?;
        for ((purchases, spend), clv) in out
            .expected_purchases
            .iter()
            .zip(&out.expected_spend)
            .zip(&out.clv)
        {
            let expected = purchases * spend;
            let known = expected > 0.0 && expected.is_finite();
            factor.push(if known { clv / expected } else { margin });
        }
        let spend = outcome::Spend {
            fit: self.spend,
            mean: self.mean_spend,
            factor: &factor,
        };
        let drawn = outcome::Drawn {
            fit: self.model,
            draw: self.draw,
            histories: self.histories,
            places: self.places,
        };
        let (interval, totals) = outcome::intervals(&drawn, Some(&spend), horizon, draws, context)?;
        out.outcome = Some(interval);
        Ok(totals)
    }
}

impl Total {
    /// The intervals, from the standard deviation of the logarithm and from the totals of the draws.
    fn intervals(&mut self, deviation: Option<f64>, draws: Option<Vec<f64>>, options: &Options) {
        let Some(level) = options.interval else {
            return;
        };
        let z = normal::quantile(0.5 + 0.5 * level.get());
        let clv = self.clv;
        let width = deviation.map(|deviation| z * deviation);
        if let Some(width) = width.filter(|width| width.is_finite() && clv.is_finite()) {
            self.expected = Some((clv * exp(-width), clv * exp(width)));
        }
        let Some(mut totals) = draws else { return };
        let ends = options.drawn(level).ends(&mut totals);
        let years = options.horizon_days.map_or(1.0, |days| days.get() / 365.0);
        let shared = options.shared_error * sqrt(years.max(1.0));
        self.outcome = Some(sum_error::widened(clv, ends, shared, level));
    }
}

/// `a · b`, where 0 times infinity is 0.
fn product(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { a * b }
}

fn check_spend(histories: &Histories<'_>, mean_spend: &[f64]) -> Result<()> {
    if mean_spend.len() != histories.len() {
        return Err(Error::ColumnLength {
            column: "monetary_value".into(),
            found: mean_spend.len(),
            expected: histories.len(),
        });
    }
    for (row, (x, mean)) in histories.frequency.iter().zip(mean_spend).enumerate() {
        if *x > 0.0 && !(*mean >= 0.0 && mean.is_finite()) {
            let expected = "a finite number, at least 0, where frequency is above 0";
            return Err(Error::value("monetary_value", row, expected));
        }
    }
    Ok(())
}

/// Derivatives of the logarithm of the discounted purchases in the logarithms of the parameters, by
/// central differences, one column per parameter.
fn log_slopes<M: Model + Purchases + Sync>(
    model: &Fit<M>,
    histories: &Histories<'_>,
    ahead: &Ahead,
    context: &Context,
) -> Result<Vec<Vec<f64>>> {
    context.map((0..model.count()).collect(), |i| {
        let mut column = filled(histories.len(), 0.0, "values")?;
        for sign in [1.0, -1.0] {
            context.check()?;
            let mut values = model.model.values();
            values[i] *= exp(sign * STEP);
            let moved = model.model.with_values(values)?;
            let mut purchases = Discounted::new(histories, &moved, ahead)?;
            let alive = moved.alive_now_all(histories)?;
            for (row, (slope, alive)) in column.iter_mut().zip(alive).enumerate() {
                *slope += sign / (2.0 * STEP) * log(alive * purchases.residual(row));
            }
        }
        Ok(column)
    })
}

/// The confidence interval of each customer's `E[Y(t)]`, by the delta method on its logarithm.
/// `None` without standard errors.
///
/// # Errors
///
/// Those of [`Histories::check`], and out of memory.
pub fn expected_interval<M: Model + Purchases + Sync>(
    fit: &Fit<M>,
    histories: &Histories<'_>,
    t: f64,
    level: Fraction,
    context: &Context,
) -> Result<Option<Interval>> {
    histories.check()?;
    let Some(covariance) = &fit.covariance_of_logs else {
        return Ok(None);
    };
    let ahead = Ahead::even(0.0, Some(t));
    let slopes = log_slopes(fit, histories, &ahead, context)?;
    let (count, z) = (fit.count(), normal::quantile(0.5 + 0.5 * level.get()));
    let mut purchases = Discounted::new(histories, &fit.model, &ahead)?;
    let mut interval = Interval {
        low: room(histories.len(), "values")?,
        high: room(histories.len(), "values")?,
    };
    for (row, alive) in fit.model.alive_now_all(histories)?.into_iter().enumerate() {
        let slope = |k: usize| slopes[k][row];
        let expected = alive * purchases.residual(row);
        let variance: f64 = (0..count * count)
            .map(|at| covariance[at] * slope(at / count) * slope(at % count))
            .sum();
        let width = z * sqrt(variance.max(0.0));
        // An expectation of 0 has no logarithm, and an interval of width 0.
        let width = if width.is_finite() { width } else { 0.0 };
        interval.low.push(expected * exp(-width));
        interval.high.push(expected * exp(width));
    }
    Ok(Some(interval))
}

mod by_model;
#[cfg(test)]
mod tests;

pub(crate) use by_model::value_by_model;
