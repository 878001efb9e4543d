//! Tiers (会員ランク): the tier of each customer, since when, what is missing to the next, and when it is lost.
//!
//! The rules and how customers move are in [`tier_rules`](super::tier_rules). Each customer with an order has a row, also below the
//! lowest tier. `falls_at` is the day on which the tier is lost without a further order; `review_at` is the next day on which it
//! can be lost. Customers without an order have no row.

use super::fields::{
    FALLS_AT, NEXT_TIER, TIER, WINDOW_AMOUNT, WINDOW_ORDERS, money, texts, wholes,
};
use super::histories::Bought;
use super::tier_rules::{Measure, REACHED, Rules, State, TierRules};
use crate::analysis::Analysis;
use crate::context::Context;
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::scope::At;
use crate::table::{CUSTOMER_ID, Column, Field, Table, columns};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// Options of [`Tiers`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The tiers and when customers move.
    #[serde(flatten)]
    pub rules: TierRules,
}

/// The analysis `tiers`.
///
/// ```
/// use crm_core::{Context, Currency, Dataset, Orders, Zone, register};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("anne", "2026-02-01", 38_800)
///     .order("bert", "2026-03-05", 60_000)
///     .build()?;
/// let request = r#"{"as_of": "2026-03-31", "tiers": [{"name": "gold", "from": 40000}]}"#;
/// let table = register::run("tiers", &Dataset::Orders(&orders), request, &Context::default())?;
/// assert_eq!(table.words("tier")?.collect::<Vec<_>>(), [None, Some("gold")]);
/// assert_eq!(table.money("missing_amount")?.collect::<Vec<_>>(), [Some(1_200), None]);
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Tiers;

/// A customer.
struct Row {
    customer: u32,
    state: State,
    bought: Bought,
    review: Option<i32>,
    /// The day of the fall and the tier after it.
    fall: Option<(i32, usize)>,
}

impl Analysis for Tiers {
    const NAME: &'static str = "tiers";
    const SUMMARY: &'static str =
        "The tier of each customer, what is missing to the next one, and when it is lost";
    const JA: &'static str = "会員ランク";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        TIER;
        "tier_since": Date, "", "ランク開始日", "The day on which it was reached; null for who never had one.";
        "reached_by": Category, "", "到達方法", "Whether from below or from above; null for who never had one.";
        WINDOW_AMOUNT;
        WINDOW_ORDERS;
        NEXT_TIER;
        "missing_amount": Money, "currency", "次のランクまでの金額", "What is missing to `next_tier`; null if orders are counted.";
        "missing_orders": Int, "orders", "次のランクまでの回数", "Orders missing to `next_tier`; null if amounts are counted.";
        "review_at": Date, "", "次回判定日", "The next day on which the tier can be lost.";
        FALLS_AT;
        "falls_to": Text, "", "降格後のランク", "The tier after that; null below the lowest.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn check(whole: &Orders, options: &Options) -> Result<()> {
        options.rules.read(whole.currency()).map(|_| ())
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let rules = options.rules.read(orders.currency())?;
        let rows = rules.each(orders, at, context, |customer, days, state| Row {
            customer,
            state,
            bought: rules.bought(days, at.day.0),
            review: rules.next_review(&state),
            fall: rules.fall(days, &state),
        })?;
        table(&rows, &rules, &options.rules, orders)
    }
}

fn table(rows: &[Row], rules: &Rules, options: &TierRules, orders: &Orders) -> Result<Table> {
    let [
        id,
        tier,
        since,
        by,
        amount,
        count,
        next,
        m_amount,
        m_orders,
        review,
        falls,
        to,
    ] = Tiers::COLUMNS
    else {
        return Err(Error::internal("columns of tiers"));
    };
    let (names, currency) = (Arc::new(options.names()), orders.currency());
    let name = |tier: usize| tier.checked_sub(1).map(|at| at as u32);
    let has_next = |row: &Row| row.state.tier < rules.from.len();
    let missing = |row: &Row, measure: Measure| {
        let asked = has_next(row) && rules.measure == measure;
        asked.then(|| rules.missing(row.state.tier + 1, row.bought))
    };
    let moved = |row: &Row| row.state.has_moved;
    let by_tier = (0..=rules.from.len()).map(|tier| {
        let of = rows.iter().filter(|row| row.state.tier == tier);
        json!({"tier": name(tier).map(|at| &names[at as usize]), "customers": of.count()})
    });
    let by_tier: Vec<_> = by_tier.collect();
    let table = Table::new(vec![
        Column::ids(id, orders.ids(), rows.iter().map(|row| row.customer))?,
        texts(tier, &names, rows.iter().map(|row| name(row.state.tier)))?,
        Column::ints(
            since,
            rows.iter().map(|row| moved(row).then_some(row.state.since)),
        )?,
        Column::words(
            by,
            REACHED,
            rows.iter()
                .map(|row| moved(row).then_some(u8::from(row.state.is_down))),
        )?,
        Column::money(amount, rows.iter().map(|row| row.bought.money()), currency)?,
        wholes(count, rows.iter().map(|row| row.bought.orders))?,
        texts(
            next,
            &names,
            rows.iter()
                .map(|row| has_next(row).then_some(row.state.tier as u32)),
        )?,
        money(
            m_amount,
            rows.iter().map(|row| missing(row, Measure::Amount)),
            currency,
        )?,
        Column::ints(
            m_orders,
            rows.iter()
                .map(|row| missing(row, Measure::Orders).map(|n| n as i32)),
        )?,
        Column::ints(review, rows.iter().map(|row| row.review))?,
        Column::ints(falls, rows.iter().map(|row| row.fall.map(|(day, _)| day)))?,
        texts(
            to,
            &names,
            rows.iter()
                .map(|row| name(row.fall.map_or(0, |(_, tier)| tier))),
        )?,
    ]);
    Ok(table.with_note("customers_by_tier", json!(by_tier)))
}
