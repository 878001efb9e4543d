//! Likely buyers (購入確度の高い顧客): customers ranked by expected revenue in the next days.
//!
//! ```text
//! expected_revenue = E[orders within h] · mean value of a purchase day
//! ```
//!
//! Expected orders are those of [`expected`](super::expected), which include the probability of
//! having left, so a loyal customer who has probably left ranks low. `rank` is by expected revenue,
//! ties by id. Rows are in ascending id, and `limit` keeps the best of the customers that
//! `customers` chooses. `per` ranks customers with products, or companies (購入確度の高い企業);
//! `seasonality` and `learned` are those of [`cycle`](super::next_purchase). For a shop without a
//! repeat customer all is null.

use serde::{Deserialize, Serialize};

use super::expected::expected_orders;
use super::fields::{CUSTOMERS, LEVEL, PROBABILITY_WITHIN, USUAL_GAP_DAYS};
use super::predict::{Level, overdue_probability, probability_within};
use super::shop::{CUSTOMER, Shop, SilenceCache, View, whole_days};
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, room};
use crate::data::Orders;
use crate::document::Learned;
use crate::error::{Error, Result};
use crate::scope::{At, Occasion};
use crate::season::Seasons;
use crate::table::shared::{EXPECTED_REVENUE, LAST_DATE, RANK};
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns};
use crate::time::Duration;

/// Options of the analysis `likely_buyers`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The horizon. Default 14 days; parts of days count as days.
    pub within: Duration,
    /// Only this many rows, the best among the chosen customers. Default: all.
    pub limit: Option<u32>,
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
}

impl Default for Options {
    fn default() -> Self {
        Options {
            within: Duration::days(14),
            limit: None,
            per: CUSTOMER.into(),
            seasonality: Seasons::Auto,
            learned: None,
        }
    }
}

/// The analysis `likely_buyers`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug)]
pub struct LikelyBuyers;

#[derive(Clone, Copy)]
struct Row {
    customer: usize,
    rank: i32,
    within: f64,
    orders: f64,
    revenue: i64,
    level: u8,
}

impl Analysis for LikelyBuyers {
    const NAME: &'static str = "likely_buyers";
    const SUMMARY: &'static str = "Customers ranked by their expected spend in the next days";
    const JA: &'static str = "購入確度の高い顧客";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        CUSTOMERS;
        RANK, "Rank by expected revenue, 1 first.";
        PROBABILITY_WITHIN, "Probability of an order within `within`.";
        "expected_orders": Float, "orders", "期待注文数", "Expected orders within the same days.";
        EXPECTED_REVENUE, "Expected revenue within the same days.";
        LAST_DATE;
        USUAL_GAP_DAYS;
        LEVEL;
    };
    const NEEDS_AS_OF: bool = true;
    const OCCASION: Option<Occasion> = Some(Occasion::Day);
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let within = whole_days("within", options.within)?;
        let view = View {
            learned: options.learned.as_ref(),
            per: &options.per,
            seasonality: &options.seasonality,
        };
        let shop = Shop::new(orders, at, &view, context)?;
        let n = shop.gaps.len();
        let mut rows = room(n, "likely buyers")?;
        let mut cache = SilenceCache::new();
        for i in 0..n {
            if i % Context::BLOCK == 0 {
                context.check()?;
            }
            let elapsed = shop.gaps.open_days(i);
            let outlook = cache.of(&shop, i, |distribution| Outlook {
                within: probability_within(distribution, elapsed, within),
                orders: expected_orders(distribution, elapsed, within),
                level: Level::of(overdue_probability(distribution, elapsed)),
            });
            let Some(outlook) = outlook else { break };
            let per_day = shop.gaps.revenue[i] as f64 / (f64::from(shop.histories[i].gaps) + 1.0);
            rows.push(Row {
                customer: i,
                rank: 0,
                within: outlook.within,
                orders: outlook.orders,
                revenue: libm::round(outlook.orders * per_day) as i64,
                level: outlook.level as u8,
            });
        }
        rows.sort_unstable_by_key(|row| (std::cmp::Reverse(row.revenue), row.customer));
        for (place, row) in rows.iter_mut().enumerate() {
            row.rank = place as i32 + 1;
        }
        let limit = options.limit.map_or(usize::MAX, |limit| limit as usize);
        rows.retain(|row| shop.shows(orders, row.customer));
        rows.truncate(limit);
        rows.sort_unstable_by_key(|row| row.customer);
        if shop.model.is_none() {
            let nothing = |customer| Row {
                customer,
                rank: 0,
                within: 0.0,
                orders: 0.0,
                revenue: 0,
                level: 0,
            };
            rows.extend(
                (0..n)
                    .filter(|&i| shop.shows(orders, i))
                    .take(limit)
                    .map(nothing),
            );
        }
        table(&shop, &rows, orders, at)
    }
}

/// Predictions from a customer's gap distribution.
#[derive(Clone, Copy)]
struct Outlook {
    within: f64,
    orders: f64,
    level: Level,
}

fn table(shop: &Shop, rows: &[Row], orders: &Orders, at: &At) -> Result<Table> {
    let [_, _, rank, within, expected, revenue, last, usual, level] = LikelyBuyers::COLUMNS else {
        return Err(Error::internal("columns of likely_buyers"));
    };
    let gaps = &shop.gaps;
    let known = |column: Column| -> Result<Column> {
        Ok(match shop.model {
            Some(_) => column,
            None => column.with_validity(filled(rows.len(), false, "likely buyers")?),
        })
    };
    let ranks = collect(rows.iter().map(|row| row.rank), "likely buyers")?;
    let money = collect(rows.iter().map(|row| row.revenue), "likely buyers")?;
    let levels = collect(rows.iter().map(|row| row.level), "likely buyers")?;
    let mut columns = shop.keys(rows.iter().map(|row| row.customer))?;
    columns.extend([
        known(Column::new(rank, Values::I32(ranks)))?,
        known(Column::floats(
            within,
            rows.iter().map(|row| Some(row.within)),
        )?)?,
        known(Column::floats(
            expected,
            rows.iter().map(|row| Some(row.orders)),
        )?)?,
        known(Column::new(
            revenue,
            Values::Money(money.into(), gaps.currency),
        ))?,
        Column::ints(
            last,
            rows.iter().map(|row| Some(gaps.last_day[row.customer])),
        )?,
        Column::ints(
            usual,
            rows.iter().map(|row| shop.usual_gap_days(row.customer)),
        )?,
        known(Column::new(
            level,
            Values::Category {
                codes: levels,
                labels: Level::LABELS,
            },
        ))?,
    ]);
    shop.noted(columns, rows.iter().map(|row| row.customer), orders, at)
}
