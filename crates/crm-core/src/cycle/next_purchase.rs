//! Purchase cycle (最新予測購入日): the predicted next purchase of each customer, as of any day.
//!
//! # Definition
//!
//! One row per customer with an order up to `as_of`. The shop's gap model is fitted to the
//! completed and open gaps of all customers up to that day ([`fit`](super::fit)), or taken from
//! `learned`. The customer's gap distribution is fixed at their last order
//! ([`gap_model`](super::gap_model)); dates and probabilities are conditional on the days since
//! ([`predict`](super::predict)).
//!
//! - `predicted_date` is the first day by which the customer has returned with probability one
//!   half, given that they return; the other dates are the same for 10, 80 and 90 %. All are after
//!   `as_of`. Dates more than a century away or past the year 9999 are null.
//! - With `return_within`, the four dates are conditional on a return in that time from `as_of`.
//!   Without it they include slow returns, so they are late for customers who return in the next
//!   weeks. Use it to plan for a period, and to compare dates with purchases in a period, as
//!   `backtest` does (`model_followed`). If the probability of such a return is below one in a
//!   million, the dates are null.
//! - `probability_within` includes the probability of having left; `probability_alive` is the
//!   probability of not having left.
//! - A customer with one purchase has the shop's distribution, with a wide interval.
//! - With `per` = a column of orders or lines (product, category) a row is a customer with one of
//!   its values: the next purchase of this product (補充). Each value has its own scale of gaps
//!   (`product_scale.rs`), shrunk towards the scale of all.
//! - With `per` = a column of customers (their company) a row is a value, with the orders of all
//!   its customers and their number.
//! - Orders without a value of `per`, or with lines without one (a lot without a product), are in
//!   no row. The note `orders_without_value` counts them, each once, if they count as orders and
//!   the part without a value has an amount (shipping and discounts have no product).
//! - `seasonality` measures time by known demand ([`seasonality`](crate::season)).
//! - In a shop without a repeat customer all predictions are null.
//! - If the whole shop has few completed gaps, its parameters are uncertain, and the distribution
//!   is the mean over their posterior ([`posterior`](super::posterior)): intervals of dates are
//!   wide, and probabilities depend on the priors.
//! - If the data show two or three kinds of customers ([`kinds`](super::kinds)), the distribution is the mean over
//!   the kinds, by their probability given the customer's gaps; `gap_model` of the note `learned` has
//!   the kinds.
//! - If the orders end more than 30 days before `as_of`, the note `data_end` has the number of
//!   days: customers may only look inactive.
//!
//! `method` uses a rule of thumb instead ([`baselines`](super::baselines)), for comparison: it
//! gives a date only.

use serde::{Deserialize, Serialize};

use super::baselines::{Pooled, Rule};
use super::fields::{CUSTOMERS, LEVEL, OVERDUE_PROBABILITY, PROBABILITY_WITHIN};
use super::predict::{Level, Prediction, QUANTILES, predict, return_days};
use super::shop::{CUSTOMER, Shop, SilenceCache, View, whole_days};
use crate::analysis::Analysis;
use crate::context::{Context, room};
use crate::data::Orders;
use crate::document::Learned;
use crate::error::{Error, Result};
use crate::scope::{At, Occasion};
use crate::season::Seasons;
use crate::table::shared::{LAST_DATE, PROBABILITY_ALIVE};
use crate::table::{CUSTOMER_ID, Column, Field, Table, columns};
use crate::time::{Day, Duration};

/// Options of the analysis `cycle`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Horizon of `probability_within`. Default 30 days; parts of days count as days.
    pub within: Duration,
    /// Dates are conditional on a return within this time from `as_of`. Not accepted with `method`.
    /// Parts of days count as days. Default: none, conditional on a return at any time.
    pub return_within: Option<Duration>,
    /// A rule of thumb instead of the model. Default: none, the model.
    pub method: Option<Rule>,
    /// What a row is: a "customer" (default); with a column of orders or lines such as "product", a
    /// customer with one of its values; with a column of customers such as their company, a value
    /// with all its customers.
    pub per: String,
    /// Factors of the shop's demand by month ("1" to "12"), weekday ("mon" to "sun") and date; other factors
    /// are 1. Default: "auto", what the analysis `seasonality` finds in the orders up to the date; "none":
    /// time runs evenly.
    pub seasonality: Seasons,
    /// A document made by `learn`. Cannot be combined with `per` or `seasonality`. Default: none,
    /// the model is fitted to these orders.
    pub learned: Option<Learned>,
    /// Whether a customer is `lost` after `churn_days` without an order, whatever their own cycle.
    /// Default: no.
    pub lost_by_churn_days: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            within: Duration::days(30),
            return_within: None,
            method: None,
            per: CUSTOMER.into(),
            seasonality: Seasons::Auto,
            learned: None,
            lost_by_churn_days: false,
        }
    }
}

/// The analysis `cycle`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug)]
pub struct Cycle;

impl Analysis for Cycle {
    const NAME: &'static str = "cycle";
    const SUMMARY: &'static str =
        "Next purchase of each customer: dates, probabilities and lateness";
    const JA: &'static str = "最新予測購入日";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        CUSTOMERS;
        "gaps": Int, "gaps", "間隔数", "Completed gaps between purchase days.";
        LAST_DATE;
        "predicted_date": Date, "", "予測購入日",
            "Median date of return, given a return (with `return_within`: within that time).";
        "date_p10": Date, "", "予測日10%", "10 % quantile of the same date.";
        "date_p80": Date, "", "予測日80%", "80 % quantile of the same date.";
        "date_p90": Date, "", "予測日90%", "90 % quantile of the same date.";
        PROBABILITY_WITHIN;
        PROBABILITY_ALIVE, "Probability that the customer has not left.";
        OVERDUE_PROBABILITY;
        LEVEL;
    };
    const NEEDS_AS_OF: bool = true;
    const OCCASION: Option<Occasion> = Some(Occasion::Day);
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let view = View {
            learned: options.learned.as_ref(),
            per: &options.per,
            seasonality: &options.seasonality,
        };
        let shop = Shop::new(orders, at, &view, context)?;
        let columns = columns(&shop, at, options, context)?;
        shop.noted(columns, 0..shop.gaps.len(), orders, at)
    }
}

/// The columns of the table, for a prepared shop.
pub(crate) fn columns(
    shop: &Shop,
    at: &At,
    options: &Options,
    context: &Context,
) -> Result<Vec<Column>> {
    let (rows, dates) = predictions(shop, options, context)?;
    let level = |i: usize, row: &Prediction| match options.lost_by_churn_days
        && at.is_churned(shop.gaps.open_days(i) as i32)
    {
        true => Level::Lost,
        false => row.level,
    };
    let [
        _,
        _,
        count,
        last,
        predicted,
        p10,
        p80,
        p90,
        probability,
        alive,
        overdue,
        level_field,
    ] = Cycle::COLUMNS
    else {
        return Err(Error::internal("columns of cycle"));
    };
    let date = |i: usize, days: Option<u32>| {
        let day = days.and_then(|days| Day(shop.gaps.last_day[i]).after(days));
        day.map(|day| day.0)
    };
    let quantile = |field: &Field, q: usize| {
        let cells = rows.iter().enumerate();
        Column::ints(
            field,
            cells.map(|(i, row)| date(i, row.and_then(|row| row.dates[q]))),
        )
    };
    let float = |field: &Field, of: fn(&Prediction) -> f64| {
        Column::floats(field, rows.iter().map(|row| row.as_ref().map(of)))
    };
    let levels = rows.iter().enumerate();
    let levels = levels.map(|(i, row)| row.as_ref().map(|row| level(i, row) as u8));
    let gaps = shop.histories.iter().map(|h| Some(h.gaps as i32));
    let predicted_days = dates.iter().enumerate();
    let predicted_days = predicted_days.map(|(i, days)| date(i, *days));
    let mut columns = shop.keys(0..shop.gaps.len())?;
    columns.extend([
        Column::ints(count, gaps)?,
        Column::dates(last, shop.gaps.last_day.iter().copied())?,
        Column::ints(predicted, predicted_days)?,
        quantile(p10, 0)?,
        quantile(p80, 2)?,
        quantile(p90, 3)?,
        float(probability, |row| row.probability_within)?,
        float(alive, |row| row.probability_alive)?,
        float(overdue, |row| row.overdue_probability)?,
        Column::words(level_field, Level::LABELS, levels)?,
    ]);
    Ok(columns)
}

/// The prediction and the predicted wait of each row; a rule of thumb has waits only.
type Predictions = (Vec<Option<Prediction>>, Vec<Option<u32>>);

/// What is predicted for each row, in days since its last purchase.
fn predictions(shop: &Shop, options: &Options, context: &Context) -> Result<Predictions> {
    let within = whole_days("within", options.within)?;
    let return_within = match (options.return_within, options.method) {
        (Some(_), Some(_)) => {
            let expected =
                "no value together with `method`: a rule of thumb has a date and no distribution";
            return Err(Error::option("return_within", "", expected));
        }
        (Some(time), None) => Some(whole_days("return_within", time)?),
        (None, _) => None,
    };
    let n = shop.gaps.len();
    let mut rows: Vec<Option<Prediction>> = room(n, "predictions")?;
    let mut dates: Vec<Option<u32>> = room(n, "predictions")?;
    let pooled = match options.method {
        Some(_) => Pooled::of(shop.gaps.all())?,
        None => None,
    };
    let mut cache = SilenceCache::new();
    for i in 0..n {
        if i % Context::BLOCK == 0 {
            context.check()?;
        }
        let elapsed = shop.gaps.open_days(i);
        match options.method {
            None => {
                let row = cache.of(shop, i, |distribution| {
                    let mut row = predict(distribution, elapsed, within);
                    if let Some(time) = return_within {
                        row.dates = return_days(distribution, elapsed, time, QUANTILES);
                    }
                    row
                });
                dates.push(row.and_then(|row| row.dates[1]));
                rows.push(row);
            }
            Some(rule) => {
                dates.push(pooled.map(|pooled| rule.day(shop.gaps.of(i), pooled, elapsed)));
                rows.push(None);
            }
        }
    }
    Ok((rows, dates))
}
