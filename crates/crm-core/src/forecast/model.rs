//! The base forecast by customer: MBG/CNBD-k for purchases (regular gaps; k chosen by likelihood, 1 is
//! MBG/NBD), Gamma-Gamma for their values.
//!
//! Expected orders and revenue are exact sums over all customers,
//!
//! ```text
//! orders in year y     Σ_i E[Y_i(365 y)] − E[Y_i(365 (y − 1))]
//! revenue in year y    Σ_i (the same of i) · E[M_i]
//! ```
//!
//! Whether a customer is active at the end of a year depends on the dates of purchases, so this and
//! the intervals are simulated. Each draw takes parameters from their approximate distribution, the
//! same for all customers, and then each customer's life:
//!
//! ```text
//! alive with P(alive); dropout p ~ Beta(a, b + x + 1)
//! j of k stages to the next purchase have passed, with weight Γ(r + kx + j) / j! · ((T − t_x) / (α + T))^j
//! rate λ ~ Gamma(r + kx + j, α + T); each stage takes an exponential time of rate λ
//! each purchase is the last one with probability p
//! ```
//!
//! Time is the shop's own where it has [seasons](crate::season): ages, days without a purchase and years are measured
//! by its clock, so that a busy month counts for more days than a slow one.
//!
//! Above 20,000 customers the draws take that many, evenly spread over the ids, and are scaled up;
//! intervals are then a little too wide, never too narrow.

use super::estimate::{Attempt, Estimate, YEAR};
use super::known::Known;
use super::portfolio::{Base, Draws, Year};
use crate::clv::models::gamma_gamma;
use crate::clv::models::repeat_model::RepeatModel;
use crate::clv::tables::clv_summary::Unit;
use crate::clv::{Fit, Histories, History, Kind, Model, Purchases, Rows, fit};
use crate::context::{Context, collect, filled, push, room};
use crate::error::{Error, Result};
use crate::num::rng::Rng;
use crate::table::{Table, Values};

/// The largest number of customers whose lives are drawn.
const DRAWN: usize = 20_000;

/// The largest number of purchases in one life: enough for several a day over ten years.
const LONGEST: u32 = 100_000;

/// Most years of [`Options`](super::base::Options).
const YEARS: usize = 10;

/// Sums over customers of one draw, by year: active, retained, reactivated, orders, revenue.
type Sums = [[f64; 5]; YEARS];

/// The models of a shop at an origin, in the shop's own time.
pub(super) struct Fitted {
    x: Vec<f64>,
    t_x: Vec<f64>,
    age: Vec<f64>,
    mean: Vec<f64>,
    purchases: Fit<RepeatModel>,
    /// The model of spend; without one the shop's mean is used.
    spend: Option<Fit<gamma_gamma::Params>>,
    shop_mean: f64,
}

impl Fitted {
    /// The models, or why there are none.
    pub(super) fn new(known: &Known, context: &Context) -> Result<Attempt<Self>> {
        let read = |name: &str| numbers(&known.summary, name);
        let (x, mean) = (read("frequency")?, read("monetary_value")?);
        let t_x = collect(known.own.t_x.iter().copied(), "forecast")?;
        let age = collect(known.own.age.iter().copied(), "forecast")?;
        let histories = Histories::new(&x, &t_x, &age);
        let (rows, ln_gaps) = (Rows::new(&histories)?, known.own.ln_gaps);
        let purchases = match fit(Kind::MbgCnbdK, &rows, Unit::Day, ln_gaps, context) {
            Ok(fit) => fit,
            Err(Error::Insufficient { found: 0, .. }) => return Ok(Err("no_repeat_customer")),
            Err(Error::Insufficient { .. }) => return Ok(Err("too_few_repeat_customers")),
            Err(other) => return Err(other),
        };
        let of_spend = gamma_gamma::Spend {
            frequency: &x,
            mean: &mean,
            weight: None,
        };
        let spend = match gamma_gamma::fit(&of_spend, gamma_gamma::NoSpend::Drop, context) {
            // Without a mean it has nothing to say of revenue.
            Ok(fitted) if fitted.fit.model.expected_spend(0.0, 0.0).is_finite() => Some(fitted.fit),
            Ok(_) | Err(Error::Insufficient { .. }) => None,
            Err(other) => return Err(other),
        };
        let totals = &known.totals;
        let revenue: i128 = totals.revenue.iter().map(|v| i128::from(*v)).sum();
        let days: u64 = totals.orders.iter().map(|v| *v as u64).sum();
        let shop_mean = totals.currency.mean(revenue, days).unwrap_or(0.0);
        Ok(Ok(Self {
            x,
            t_x,
            age,
            mean,
            purchases,
            spend,
            shop_mean,
        }))
    }

    fn histories(&self) -> Histories<'_> {
        Histories::new(&self.x, &self.t_x, &self.age)
    }

    /// Mean value of a day with orders, major units.
    pub(super) fn shop_mean(&self) -> f64 {
        self.shop_mean
    }

    fn worth(&self, i: usize) -> f64 {
        match &self.spend {
            Some(fit) => {
                let mean = self.mean[i].max(0.0);
                fit.model.expected_spend(self.x[i], mean)
            }
            None => self.shop_mean,
        }
    }

    /// Expected orders and revenue from each of these days after the origin to the next; the first is the
    /// origin itself.
    pub(super) fn exact(&self, known: &Known, ends: &[u32]) -> Result<Vec<[f64; 2]>> {
        let mut exact = filled(ends.len(), [0.0; 2], "forecast")?;
        let mut before = filled(self.x.len(), 0.0, "forecast")?;
        let histories = self.histories();
        let alive = self.purchases.model.alive_now_all(&histories)?;
        for (days, exact) in ends.iter().zip(&mut exact) {
            let own = known.own_time(f64::from(*days));
            let so_far = self.purchases.model.expected_of(&alive, &histories, own)?;
            for &i in &known.shown {
                let orders = so_far[i] - before[i];
                exact[0] += orders;
                exact[1] += orders * self.worth(i);
            }
            before = so_far;
        }
        Ok(exact)
    }

    /// Repeat purchases of a new customer within so much of the shop's own time.
    pub(super) fn of_new(&self, own: f64) -> f64 {
        self.purchases.model.expected_of_new(own)
    }

    /// Adds one drawn life of a customer to the sums.
    fn live(
        &self,
        (base, i): (&Base, usize),
        (model, spend): (&RepeatModel, Option<&gamma_gamma::Params>),
        ends: &[f64],
        rng: &mut Rng,
        sums: &mut Sums,
    ) {
        let history = History {
            x: self.x[i],
            t_x: self.t_x[i],
            age: self.age[i],
        };
        let [_, _, a, b] = model.values();
        let mut counts = [0u32; YEARS];
        // Own time of the last purchase known at the end of each year, from the origin.
        let mut lasts = [history.t_x - history.age; YEARS];
        if rng.uniform() < model.probability_alive(history, 0.0) {
            let (stages, passed, rate) = stages(model, history, rng);
            let mut left = stages - passed;
            let leave = rng.beta(a, b + history.x + 1.0);
            let end = ends.last().copied().unwrap_or(0.0);
            let (mut now, mut year) = (0.0, 0);
            for _ in 0..LONGEST {
                for _ in 0..left {
                    now += rng.exponential() / rate;
                }
                left = stages;
                if now.is_nan() || now >= end {
                    break;
                }
                while now >= ends[year] {
                    year += 1;
                }
                counts[year] += 1;
                lasts[year..].fill(now);
                if rng.uniform() < leave {
                    break;
                }
            }
        }
        let bought: u32 = counts.iter().sum();
        let each = match spend {
            _ if bought == 0 => 0.0,
            Some(spend) => {
                let mean = self.mean[i].max(0.0);
                let total = spend.draw_total(history.x, mean, u64::from(bought), rng);
                total / f64::from(bought)
            }
            None => self.shop_mean,
        };
        for year in 0..ends.len() {
            let end = f64::from(YEAR) * (year + 1) as f64;
            let last = match lasts[year] > 0.0 {
                true => base.known.days_after(lasts[year]),
                false => f64::from(base.known.totals.last_day[i] - base.known.origin.0),
            };
            let silent = libm::floor(end - last) as i32;
            let active = f64::from(u8::from(!base.churn.is_churned(silent)));
            let sum = &mut sums[year];
            sum[0] += active;
            sum[1 + usize::from(!base.is_active(i))] += active;
            sum[3] += f64::from(counts[year]);
            sum[4] += f64::from(counts[year]) * each;
        }
    }
}

/// Of a customer who is alive: stages between purchases, those that have passed since the last one, and their
/// rate.
fn stages(model: &RepeatModel, history: History, rng: &mut Rng) -> (u32, u32, f64) {
    let [r, alpha, ..] = model.values();
    let k = match model {
        RepeatModel::Bg(params) => params.k,
        _ => 1,
    };
    let (shape, scale) = (r + f64::from(k) * history.x, alpha + history.age);
    // w_j ∝ Γ(r + kx + j) / j! · ((T − t_x) / (α + T))^j
    let z = (history.age - history.t_x).max(0.0) / scale;
    let next = |weight: f64, j: u32| weight * (shape + f64::from(j)) / f64::from(j + 1) * z;
    let total = (1..k).fold((1.0, 1.0), |(weight, total), j| {
        let weight = next(weight, j - 1);
        (weight, total + weight)
    });
    let mut passed = 0;
    if k > 1 {
        let mut rest = rng.uniform() * total.1;
        let mut weight = 1.0;
        while rest >= weight && passed + 1 < k {
            rest -= weight;
            weight = next(weight, passed);
            passed += 1;
        }
    }
    let rate = libm::exp(rng.ln_gamma(shape + f64::from(passed))) / scale;
    (k, passed, rate)
}

/// The years, or why there is no forecast.
pub(super) fn forecast(
    base: &Base,
    years: u32,
    asked: Draws,
    context: &Context,
) -> Result<Attempt<Vec<Year>>> {
    let fitted = match Fitted::new(&base.known, context)? {
        Ok(fitted) => fitted,
        Err(reason) => return Ok(Err(reason)),
    };
    let of_years: Vec<u32> = collect((0..years).map(|year| YEAR * (year + 1)), "forecast")?;
    let exact = fitted.exact(&base.known, &of_years)?;
    let shown = &base.known.shown;
    let all = shown.len();
    let drawn = all.min(DRAWN);
    let chosen = |k: usize| shown[(k as u64 * all as u64 / drawn as u64) as usize];
    let scale = all as f64 / drawn.max(1) as f64;
    let mut today = [0.0; 2];
    for k in 0..drawn {
        today[usize::from(!base.is_active(chosen(k)))] += 1.0;
    }
    let ends = of_years
        .iter()
        .map(|days| base.known.own_time(f64::from(*days)));
    let ends: Vec<f64> = collect(ends, "forecast")?;
    let mut draws: Vec<Sums> = room(asked.count as usize, "forecast")?;
    for draw in 0..asked.count {
        context.check()?;
        let mut rng = Rng::stream(asked.seed, u64::from(draw));
        let model = fitted.purchases.draw(&mut rng)?;
        let spend = match &fitted.spend {
            Some(fit) => Some(fit.draw(&mut rng)?),
            None => None,
        };
        let mut sums = [[0.0; 5]; YEARS];
        for k in 0..drawn {
            let models = (&model, spend.as_ref());
            fitted.live((base, chosen(k)), models, &ends, &mut rng, &mut sums);
        }
        draws.push(sums);
    }
    let mut forecast = room(years as usize, "forecast")?;
    for year in 0..years as usize {
        let mean =
            |of: usize| draws.iter().map(|sums| sums[year][of]).sum::<f64>() / draws.len() as f64;
        let estimate = |value: f64, of: usize| -> Result<Estimate> {
            let mut column = room(draws.len(), "forecast")?;
            column.extend(draws.iter().map(|sums| sums[year][of] * scale));
            Ok(Estimate::new(value, &mut column, asked.interval))
        };
        let share = |of: usize| -> Result<Option<Estimate>> {
            if today[of] == 0.0 {
                return Ok(None);
            }
            let mut column = room(draws.len(), "forecast")?;
            column.extend(draws.iter().map(|sums| sums[year][1 + of] / today[of]));
            let value = mean(1 + of) / today[of];
            Ok(Some(Estimate::new(value, &mut column, asked.interval)))
        };
        let (retention, reactivation) = (share(0)?, share(1)?);
        let year = Year {
            active: estimate(mean(0) * scale, 0)?,
            retention,
            reactivation,
            orders: estimate(exact[year][0], 3)?,
            revenue: estimate(exact[year][1], 4)?,
        };
        push(&mut forecast, year, "forecast")?;
    }
    Ok(Ok(forecast))
}

/// A column of the summary; NaN where null.
fn numbers(summary: &Table, name: &str) -> Result<Vec<f64>> {
    let column = summary
        .column(name)
        .ok_or(Error::internal("columns of clv_summary"))?;
    let mut values = room(summary.len(), "forecast")?;
    let valid = |i: usize| column.validity().is_none_or(|valid| valid[i]);
    match column.values() {
        Values::F64(v) => values.extend(v.iter().copied()),
        Values::I32(v) => values.extend(v.iter().map(|v| f64::from(*v))),
        _ => return Err(Error::internal("types of clv_summary")),
    }
    for (i, value) in values.iter_mut().enumerate() {
        if !valid(i) {
            *value = f64::NAN;
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Column;

    #[test]
    fn a_cell_without_a_value_is_no_number() {
        let valid = vec![true, false, true];
        for values in [
            Values::F64(vec![1.5, 0.0, 2.0].into()),
            Values::I32(vec![1, 0, 2]),
        ] {
            let whole = Table::new(vec![Column::named("x", values.clone())]);
            assert_eq!(numbers(&whole, "x").unwrap()[1], 0.0);
            let holed = Table::new(vec![
                Column::named("x", values).with_validity(valid.clone()),
            ]);
            let found = numbers(&holed, "x").unwrap();
            assert!(found[1].is_nan() && found[2] == 2.0 && found[0] >= 1.0);
        }
        let other = Table::new(vec![Column::named("x", Values::Bool(vec![true]))]);
        assert!(numbers(&other, "x").is_err() && numbers(&other, "y").is_err());
    }
}
