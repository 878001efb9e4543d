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
//! A year is 365 days. At rate 0, `clv` is `margin · E[Y(H)] · E[M]` bit for bit. An infinite horizon at
//! rate 0 may have no limit; the value is then +∞ and says so.
//!
//! # Two intervals, never mixed
//!
//! `expected_low/high` is where the *expectation* `clv` lies, given that the parameters are estimates:
//! the delta method on the logarithm. `clv_low/high` is where the *outcome* will lie: parameters drawn
//! from their law, then life or death, purchases, and their values, for each draw. The first is
//! narrow and holds few customers; the second is what to promise. Totals add process and parameter
//! variance: each draw of the parameters is shared by all customers. Outcomes are discounted by the
//! customer's mean factor, and exist for a finite horizon only. Without standard errors (a
//! `Boundary` status) there is no first interval, and the second has the process alone.
//!
//! # References
//!
//! - Fader, Hardie, Lee (2005). RFM and CLV: using iso-value curves for customer base analysis.
//!   *J. of Marketing Research* 42.

use libm::{exp, fabs, log, log1p, sqrt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clv::gamma_gamma;
use crate::clv::model::{Fit, Model, Purchases, Unit};
use crate::clv::pairs::Pairs;
use crate::clv::rows::Histories;
use crate::context::{filled, room};
use crate::error::{Error, Result};
use crate::num::rng::Rng;
use crate::num::{Fraction, Positive, normal};

/// How a yearly rate becomes a daily one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compounding {
    /// `δ = ln(1 + rate)/365`: 10 % a year takes 1/1.1 off a year. The default.
    #[default]
    Compounded,
    /// `δ = rate/365`: the rate of continuous compounding.
    Continuous,
}

/// Options of [`value`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Days ahead. Default 365; null is without end.
    pub horizon_days: Option<Positive>,
    /// Discount rate per year, at least 0. Default 0.1.
    pub annual_discount_rate: f64,
    /// How it is spread over the year. Default: compounded.
    pub compounding: Compounding,
    /// Share of spend that is earned. Default 1: value is revenue.
    pub margin: Positive,
    /// Level of both intervals. Default 0.8; null leaves them out.
    pub interval: Option<Fraction>,
    /// Draws per customer for the outcome's interval, 10 to 100,000. Default 200.
    pub draws: u32,
    /// Seed of the draws. Default 0.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            horizon_days: Positive::new(365.0),
            annual_discount_rate: 0.1,
            compounding: Compounding::Compounded,
            margin: Positive::new(1.0).expect("1 is positive"),
            interval: Fraction::new(0.8),
            draws: 200,
            seed: 0,
        }
    }
}

impl Options {
    /// The discount rate per unit of time.
    ///
    /// # Errors
    ///
    /// [`Error::OptionValue`] unless the yearly rate is finite and at least 0.
    pub fn delta(&self, unit: Unit) -> Result<f64> {
        let rate = self.annual_discount_rate;
        if !(rate >= 0.0 && rate.is_finite()) {
            let expected = "a finite number, at least 0";
            return Err(Error::option("annual_discount_rate", rate, expected));
        }
        let per_year = match self.compounding {
            Compounding::Compounded => log1p(rate),
            Compounding::Continuous => rate,
        };
        Ok(per_year / 365.0 * unit.days() as f64)
    }
}

/// An interval per customer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Interval {
    /// Lower ends.
    pub low: Vec<f64>,
    /// Upper ends.
    pub high: Vec<f64>,
}

/// Values of customers, in the order of the histories. What is infinite is +∞, never NaN.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Values {
    /// P(alive) now.
    pub probability_alive: Vec<f64>,
    /// Purchases expected within the horizon, not discounted.
    pub expected_purchases: Vec<f64>,
    /// Expected value of a purchase.
    pub expected_spend: Vec<f64>,
    /// The value.
    pub clv: Vec<f64>,
    /// Where the expectation lies.
    pub expected: Option<Interval>,
    /// Where the outcome lies.
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
    /// Where the expectation of the sum lies.
    pub expected: Option<(f64, f64)>,
    /// Where the sum of the outcomes lies.
    pub outcome: Option<(f64, f64)>,
}

/// Values customers by a fitted model of purchases and one of spend. `mean_spend` is that of the
/// repeat purchases, ignored at frequency 0; `unit` is that of the histories.
///
/// # Errors
///
/// A unit other than the model's, columns that [`Histories::check`] refuses, spend that is not finite
/// and above 0 at a frequency above 0, options out of range, out of memory.
///
/// ```
/// use crm_core::clv::{Fit, Histories, Unit, gamma_gamma, pareto_nbd, value};
/// let model = Fit::given(pareto_nbd::Params::new([0.55, 10.6, 0.61, 11.7], Unit::Week)?);
/// let spend = Fit::given(gamma_gamma::Params::new([6.25, 3.74, 15.44])?);
/// let histories = Histories::new(&[2.0, 0.0], &[30.4, 0.0], &[38.9, 38.9]);
/// let values = value::value(&model, &spend, &histories, &[22.35, 0.0], Unit::Week, &value::Options {
///     annual_discount_rate: 0.0,
///     ..Default::default()
/// })?;
/// assert_eq!(values.clv[0], values.expected_purchases[0] * values.expected_spend[0]);
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn value<M: Model + Purchases>(
    model: &Fit<M>,
    spend: &Fit<gamma_gamma::Params>,
    histories: &Histories<'_>,
    mean_spend: &[f64],
    unit: Unit,
    options: &Options,
) -> Result<Values> {
    model.model.unit().expect(unit)?;
    histories.check()?;
    check_spend(histories, mean_spend)?;
    if !(10..=100_000).contains(&options.draws) {
        return Err(Error::option("draws", options.draws, "10 to 100000"));
    }
    let n = histories.len();
    let delta = options.delta(unit)?;
    let horizon = options
        .horizon_days
        .map(|days| days.get() / unit.days() as f64);
    let margin = options.margin.get();

    let mut purchases = Discounted::new(histories, &model.model, delta, horizon)?;
    let mut plain = Discounted::new(histories, &model.model, 0.0, horizon)?;
    let mut out = Values {
        probability_alive: room(n, "values")?,
        expected_purchases: room(n, "values")?,
        expected_spend: room(n, "values")?,
        clv: room(n, "values")?,
        ..Values::default()
    };
    for (i, mean) in mean_spend.iter().enumerate() {
        let alive = model.model.probability_alive(histories.at(i), 0.0);
        let spend = spend.model.expected_spend(histories.frequency[i], *mean);
        let det = times(alive, purchases.residual(i));
        let expected = times(alive, plain.residual(i));
        let clv = product(margin * det, spend);
        out.probability_alive.push(alive);
        out.expected_purchases.push(expected);
        out.expected_spend.push(spend);
        out.clv.push(clv);
        let weight = histories.weight.map_or(1.0, |w| w[i]);
        out.total.expected_purchases += weight * expected;
        out.total.clv += weight * clv;
    }
    let Some(level) = options.interval else {
        return Ok(out);
    };
    expectation(
        &mut out,
        model,
        spend,
        histories,
        mean_spend,
        (delta, horizon),
        level,
    )?;
    if let Some(t) = horizon {
        outcome(
            &mut out, model, spend, histories, mean_spend, t, options, level,
        )?;
    }
    Ok(out)
}

/// As in [`Purchases::discounted`].
fn times(alive: f64, residual: f64) -> f64 {
    if residual == f64::INFINITY {
        residual
    } else {
        alive * residual
    }
}

/// `a · b` where nothing times infinity is nothing.
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

/// Discounted purchases of the living, once per distinct `(x, T)` where recency does not matter.
struct Discounted<'a, M> {
    histories: &'a Histories<'a>,
    model: &'a M,
    pairs: Option<Pairs>,
    delta: f64,
    horizon: Option<f64>,
}

impl<'a, M: Purchases> Discounted<'a, M> {
    fn new(
        histories: &'a Histories<'a>,
        model: &'a M,
        delta: f64,
        horizon: Option<f64>,
    ) -> Result<Self> {
        let pairs = if model.forgets_recency() {
            Some(Pairs::new(histories.frequency, histories.age)?)
        } else {
            None
        };
        Ok(Self {
            histories,
            model,
            pairs,
            delta,
            horizon,
        })
    }

    fn residual(&mut self, row: usize) -> f64 {
        let h = self.histories.at(row);
        let compute = || self.model.residual(h, self.delta, self.horizon);
        match &mut self.pairs {
            Some(pairs) => pairs.value(row, compute),
            None => compute(),
        }
    }
}

/// The delta method: slopes of `ln clv` by central differences in the logarithms of the parameters.
fn expectation<M: Model + Purchases>(
    out: &mut Values,
    model: &Fit<M>,
    spend: &Fit<gamma_gamma::Params>,
    histories: &Histories<'_>,
    mean_spend: &[f64],
    (delta, horizon): (f64, Option<f64>),
    level: Fraction,
) -> Result<()> {
    let (Some(of_model), Some(of_spend)) = (&model.covariance_of_logs, &spend.covariance_of_logs)
    else {
        return Ok(());
    };
    let n = histories.len();
    // One column of slopes per parameter: four of the model, three of spend.
    let mut slopes: [Vec<f64>; 7] = Default::default();
    for (column, of_purchases) in slopes
        .iter_mut()
        .zip(log_slopes(model, histories, delta, horizon)?)
    {
        *column = of_purchases;
    }
    for i in 0..spend.count() {
        let column = &mut slopes[4 + i];
        *column = filled(n, 0.0, "values")?;
        for sign in [1.0, -1.0] {
            let mut values = spend.model.values();
            values[i] *= exp(sign * STEP);
            let moved = spend.model.with_values(values)?;
            for (row, slope) in column.iter_mut().enumerate() {
                let x = histories.frequency[row];
                *slope += sign / (2.0 * STEP) * log(moved.expected_spend(x, mean_spend[row]));
            }
        }
    }
    let (count, z) = (model.count(), normal::quantile(0.5 + 0.5 * level.get()));
    let deviation = |slope: &dyn Fn(usize) -> f64| {
        let quadratic = |c: &[f64], n: usize, first: usize| -> f64 {
            (0..n * n)
                .map(|at| c[at] * slope(first + at / n) * slope(first + at % n))
                .sum()
        };
        let variance = quadratic(of_model, count, 0) + quadratic(of_spend, 3, 4);
        sqrt(variance.max(0.0))
    };
    let mut interval = Interval {
        low: room(n, "values")?,
        high: room(n, "values")?,
    };
    let mut of_total = [0.0; 7];
    for row in 0..n {
        let at = |k: usize| slopes[k].get(row).copied().unwrap_or(0.0);
        let clv = out.clv[row];
        let width = z * deviation(&at);
        // Infinite values have no slope.
        let width = if width.is_finite() { width } else { 0.0 };
        interval.low.push(product(clv, exp(-width)));
        interval.high.push(product(clv, exp(width)));
        let weight = histories.weight.map_or(1.0, |w| w[row]);
        for (k, total) in of_total.iter_mut().enumerate() {
            *total += weight * clv * at(k);
        }
    }
    let clv = out.total.clv;
    let width = z * deviation(&|k| of_total[k] / clv);
    if width.is_finite() && clv.is_finite() {
        out.total.expected = Some((clv * exp(-width), clv * exp(width)));
    }
    out.expected = Some(interval);
    Ok(())
}

/// Half the distance of the central differences, on the log scale.
const STEP: f64 = 1e-4;

/// Slopes of the logarithm of the discounted purchases in the logarithms of the parameters, by
/// central differences: one column per parameter.
fn log_slopes<M: Model + Purchases>(
    model: &Fit<M>,
    histories: &Histories<'_>,
    delta: f64,
    horizon: Option<f64>,
) -> Result<[Vec<f64>; 4]> {
    let mut slopes: [Vec<f64>; 4] = Default::default();
    for (i, column) in slopes.iter_mut().enumerate().take(model.count()) {
        *column = filled(histories.len(), 0.0, "values")?;
        for sign in [1.0, -1.0] {
            let mut values = model.model.values();
            values[i] *= exp(sign * STEP);
            let moved = model.model.with_values(values)?;
            let mut purchases = Discounted::new(histories, &moved, delta, horizon)?;
            for (row, slope) in column.iter_mut().enumerate() {
                let alive = moved.probability_alive(histories.at(row), 0.0);
                *slope += sign / (2.0 * STEP) * log(alive * purchases.residual(row));
            }
        }
    }
    Ok(slopes)
}

/// Where the expectations `E[Y(t)]` of customers lie at a level, given that the parameters are
/// estimates: the delta method on the logarithm. None without standard errors.
///
/// # Errors
///
/// Those of [`Histories::check`], and out of memory.
pub fn expected_interval<M: Model + Purchases>(
    fit: &Fit<M>,
    histories: &Histories<'_>,
    t: f64,
    level: Fraction,
) -> Result<Option<Interval>> {
    histories.check()?;
    let Some(covariance) = &fit.covariance_of_logs else {
        return Ok(None);
    };
    let slopes = log_slopes(fit, histories, 0.0, Some(t))?;
    let (count, z) = (fit.count(), normal::quantile(0.5 + 0.5 * level.get()));
    let mut purchases = Discounted::new(histories, &fit.model, 0.0, Some(t))?;
    let mut interval = Interval {
        low: room(histories.len(), "values")?,
        high: room(histories.len(), "values")?,
    };
    let rows = 0..histories.len();
    for row in rows {
        let slope = |k: usize| slopes[k][row];
        let alive = fit.model.probability_alive(histories.at(row), 0.0);
        let expected = alive * purchases.residual(row);
        let variance: f64 = (0..count * count)
            .map(|at| covariance[at] * slope(at / count) * slope(at % count))
            .sum();
        let width = z * sqrt(variance.max(0.0));
        // Nothing expected has no logarithm, and no width.
        let width = if width.is_finite() { width } else { 0.0 };
        interval.low.push(expected * exp(-width));
        interval.high.push(expected * exp(width));
    }
    Ok(Some(interval))
}

/// Draws outcomes. Row `i` has its own stream, so its draws depend on no other row.
#[expect(
    clippy::too_many_arguments,
    reason = "one step of one function, cut out to be read"
)]
fn outcome<M: Model + Purchases>(
    out: &mut Values,
    model: &Fit<M>,
    spend: &Fit<gamma_gamma::Params>,
    histories: &Histories<'_>,
    mean_spend: &[f64],
    horizon: f64,
    options: &Options,
    level: Fraction,
) -> Result<()> {
    let draws = options.draws as usize;
    let mut parameters = room(draws, "draws")?;
    let mut rng = Rng::stream(options.seed, u64::MAX);
    for _ in 0..draws {
        parameters.push((model.draw(&mut rng)?, spend.draw(&mut rng)?));
    }
    let n = histories.len();
    let mut interval = Interval {
        low: room(n, "values")?,
        high: room(n, "values")?,
    };
    let mut sample = filled(draws, 0.0, "draws")?;
    let mut totals = filled(draws, 0.0, "draws")?;
    for row in 0..n {
        let h = histories.at(row);
        let mut rng = Rng::stream(options.seed, row as u64);
        let expected = out.expected_purchases[row] * out.expected_spend[row];
        let factor = if expected > 0.0 && expected.is_finite() {
            out.clv[row] / expected
        } else {
            options.margin.get()
        };
        let weight = histories.weight.map_or(1.0, |w| w[row]);
        for (k, (purchases, values)) in parameters.iter().enumerate() {
            let count = purchases.draw(h, horizon, &mut rng);
            let drawn = values.draw_total(h.x, mean_spend[row], count, &mut rng);
            sample[k] = (factor * drawn).min(f64::MAX);
            totals[k] += weight * sample[k];
        }
        let (low, high) = ends(&mut sample, level);
        interval.low.push(low);
        interval.high.push(high);
    }
    if n > 0 {
        out.total.outcome = Some(ends(&mut totals, level));
    }
    out.outcome = Some(interval);
    Ok(())
}

/// The order statistics nearest to the ends of a level.
fn ends(sample: &mut [f64], level: Fraction) -> (f64, f64) {
    sample.sort_unstable_by(f64::total_cmp);
    let last = (sample.len() - 1) as f64;
    let at = |p: f64| sample[libm::round(p * last) as usize];
    let tail = 0.5 * (1.0 - level.get());
    let (low, high) = (at(tail), at(1.0 - tail));
    debug_assert!(low <= high && !fabs(low).is_nan());
    (low, high)
}

#[cfg(test)]
mod tests;
