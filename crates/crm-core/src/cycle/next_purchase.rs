//! Purchase cycle (最新予測購入日): when each customer is expected next, as seen on any day.
//!
//! # Definition
//!
//! One row per customer with an order up to `as_of`. The gap model is the shop's, fitted to
//! everybody's completed and open gaps up to that day ([`fit`](super::fit)), or one `learned` before;
//! the customer's own law is fixed at their last order ([`gap_model`](super::gap_model)); dates
//! and probabilities are conditional on the silence since ([`predict`](super::predict)).
//!
//! - `predicted_date` is the first day by which half of those who return have returned, the other
//!   dates are the same for 10, 80 and 90 %. All are after `as_of`. More than a century, or past the
//!   year 9999: null.
//! - With `return_within`, the four dates are of those who return in that time from `as_of`: when, if by
//!   then? Without it slow returners count in, so dates are late for whoever is looked at over the next
//!   weeks only, and judged by those who came. Take it to plan for a period and to be compared with what
//!   came in one, as `backtest` does (`model_followed`); leave it out for dates that hold whenever a
//!   customer comes. Where such a return has less than one chance in a million: null.
//! - `probability_within` is of everybody, leavers included; `probability_alive` is the chance of not
//!   having left.
//! - A customer with one purchase has the shop's law: a probability and a wide interval.
//! - `per` a column of orders or lines (product, category) gives a row of each customer with each of its
//!   values: when is this product due again (補充)? Values have paces of their own
//!   ([`paces`](super::paces)), drawn towards that of all, so a product's first buyers lean on the product.
//! - `per` a column of customers (their company) gives a row of each value, from the orders of all who
//!   have it, and says how many they are.
//! - Orders without a value of `per`, or whose lines have none (a lot without a product), are in no row.
//!   The note `orders_without_value` counts them, each once, if they count as orders and what has no
//!   value has an amount: shipping and discounts have no product.
//! - `seasonality` measures time by the demand that the caller knows of
//!   ([`seasonality`](super::seasonality)).
//! - In a shop without a single repeat customer all of it is null.
//! - Where the whole shop has few completed gaps, what they teach is uncertain, and the law is the mean
//!   over what it may be ([`posterior`](super::posterior)): wide dates, and probabilities that lean on
//!   the priors. On simulated shops of one to forty customers `date_p10` to `date_p90` held 75 to 83 %
//!   of the next orders; with the parameters taken as known 67 to 77 % up to thirty gaps.
//! - Where the orders end more than 30 days before `as_of`, the note `data_end` says how many: customers
//!   may only look silent.
//!
//! `method` takes a rule of thumb instead ([`baselines`](super::baselines)), for comparison: it has a
//! date and nothing else.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::baselines::{Pooled, Rule};
use super::predict::{Level, Prediction, QUANTILES, predict, return_days};
use super::seasonality::Seasonality;
use super::shop::{CUSTOMER, CUSTOMERS, Shop, Told, View, whole_days};
use crate::analysis::Analysis;
use crate::context::{collect, room};
use crate::data::Orders;
use crate::scope::Occasion;
use crate::table::{CUSTOMER_ID, Column, Field, Label, Values, columns};
use crate::{Context, Day, Duration, Error, Learned, Result, Scope, Table};

/// Options of the analysis `cycle`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Horizon of `probability_within`. Default 30 days; parts of days count as days.
    pub within: Duration,
    /// Dates are given a return in this time from `as_of`; nothing beside `method`. Parts of days count as
    /// days. Default: none, given a return whenever.
    pub return_within: Option<Duration>,
    /// A rule of thumb instead of the model. Default: none, the model.
    pub method: Option<Rule>,
    /// What a row is about: "customer" (default), a column of orders or lines such as "product" (each
    /// customer with each of its values), or a column of customers such as their company (rolled up).
    pub per: String,
    /// Factors of the shop's demand by month ("1" to "12") and by date; what is not said is 1.
    /// Default: none.
    pub seasonality: Option<Seasonality>,
    /// What `learn` has given; nothing beside `per` and `seasonality`. Default: none, fitted to these orders.
    pub learned: Option<Learned>,
    /// Whether `churn_days` of silence make a customer `lost` whatever their own cycle. Default: no.
    pub lost_by_churn_days: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            within: Duration::days(30),
            return_within: None,
            method: None,
            per: CUSTOMER.into(),
            seasonality: None,
            learned: None,
            lost_by_churn_days: false,
        }
    }
}

/// What people read of a [`Level`].
pub(crate) const LEVELS: &[Label] = &[
    Label {
        code: "ok",
        en: "OK",
        ja: "正常",
    },
    Label {
        code: "due",
        en: "Due",
        ja: "購入時期",
    },
    Label {
        code: "late",
        en: "Late",
        ja: "遅れ",
    },
    Label {
        code: "churn_risk",
        en: "Churn risk",
        ja: "離脱傾向",
    },
    Label {
        code: "lost",
        en: "Lost",
        ja: "離脱",
    },
];

/// The analysis.
#[derive(Debug)]
pub struct Cycle;

impl Analysis for Cycle {
    const NAME: &'static str = "cycle";
    const SUMMARY: &'static str =
        "Next purchase of each customer: dates, probabilities and how late they are";
    const JA: &'static str = "最新予測購入日";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        CUSTOMERS;
        "gaps": Int, "gaps", "間隔数", "Completed gaps between purchase days.";
        "last_date": Date, "", "最終購入日", "Day of the last purchase.";
        "predicted_date": Date, "", "予測購入日",
            "By this day half of those who return (`return_within`: in time) have returned.";
        "date_p10": Date, "", "予測日10%", "By this day 10 % have returned.";
        "date_p80": Date, "", "予測日80%", "By this day 80 % have returned.";
        "date_p90": Date, "", "予測日90%", "By this day 90 % have returned.";
        "probability_within": Float, "", "期間内購入確率", "Chance of an order within the horizon.";
        "probability_alive": Float, "", "生存確率", "Chance of not having left.";
        "overdue_probability": Float, "", "遅延確率",
            "Share of this customer's gaps that are shorter than the silence so far.";
        "level": Category, "", "状態", "How late the customer is.";
    };
    const NEEDS_AS_OF: bool = true;
    const OCCASION: Option<Occasion> = Some(Occasion::Day);
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, scope: &Scope, options: &Options, context: &Context) -> Result<Table> {
        let view = View {
            learned: options.learned.as_ref(),
            per: &options.per,
            seasonality: options.seasonality.as_ref(),
        };
        let shop = Shop::new(orders, scope, &view, context)?;
        let columns = columns(&shop, scope, options, context)?;
        shop.noted(columns, 0..shop.gaps.len(), orders, scope)
    }
}

/// The columns of the table, for a shop that is there already.
pub(crate) fn columns(
    shop: &Shop,
    scope: &Scope,
    options: &Options,
    context: &Context,
) -> Result<Vec<Column>> {
    let within = whole_days("within", options.within)?;
    let return_within = match (options.return_within, options.method) {
        (Some(_), Some(_)) => {
            let expected = "nothing beside `method`: a rule of thumb has a date and no law";
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
    let mut told = Told::new();
    for i in 0..n {
        if i % Context::BLOCK == 0 {
            context.check()?;
        }
        let elapsed = shop.gaps.open_days(i);
        match options.method {
            None => {
                let row = told.of(shop, i, |law| {
                    let mut row = predict(law, elapsed, within);
                    if let Some(time) = return_within {
                        row.dates = return_days(law, elapsed, time, QUANTILES);
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
    let level = |i: usize, row: &Prediction| match options.lost_by_churn_days
        && scope.is_churned(shop.gaps.open_days(i) as i32)
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
    let levels = levels.map(|(i, row)| row.as_ref().map_or(0, |row| level(i, row) as u8));
    let mut columns = shop.keys(0..n)?;
    columns.extend([
        Column::new(
            count,
            Values::I32(collect(
                shop.histories.iter().map(|h| h.gaps as i32),
                "table",
            )?),
        ),
        Column::new(
            last,
            Values::Date(collect(shop.gaps.last_day.iter().copied(), "table")?),
        ),
        Column::ints(
            predicted,
            dates.iter().enumerate().map(|(i, days)| date(i, *days)),
        )?,
        quantile(p10, 0)?,
        quantile(p80, 2)?,
        quantile(p90, 3)?,
        float(probability, |row| row.probability_within)?,
        float(alive, |row| row.probability_alive)?,
        float(overdue, |row| row.overdue_probability)?,
        Column::new(
            level_field,
            Values::Category {
                codes: collect(levels, "table")?,
                labels: LEVELS,
            },
        )
        .with_validity(collect(rows.iter().map(Option::is_some), "table")?),
    ]);
    Ok(columns)
}
