//! Forecast of tiers (会員ランクの見込み): who falls or rises until a day, and what each customer would need.
//!
//! # Definition
//!
//! With `on` = the date + `horizon`:
//!
//! ```text
//! amount_left     amount of today's orders that is still in the window that ends with `on`
//! needed_to_keep  what the tier asks for − amount_left            needed_to_rise  the same of the tier above
//! pace            amount in the window of today · horizon / window
//! ```
//!
//! | outlook | |
//! |---|---|
//! | `rises` | amount_left + pace reaches the tier above |
//! | `falls` | the tier is lost by `on` without an order, and amount_left + pace is too little to keep it |
//! | `at_risk` | the tier is lost by `on` without an order; at the pace it is kept |
//! | `stays` | anything else |
//!
//! The pace is the customer's own: what was bought in the window, evenly. It is no model and has no probability; of a customer
//! who is newer than the window it is too low. A customer who rises may not do so on the day, and who falls may have a
//! review before `on` (`falls_at`): what is needed is to be bought before it.

use super::fields::{
    FALLS_AT, NEXT_TIER, TIER, WINDOW_AMOUNT, WINDOW_ORDERS, money, texts, wholes,
};
use super::histories::Bought;
use super::tier_rules::{Measure, Rules, TierRules, whole_days};
use crate::analysis::Analysis;
use crate::context::Context;
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::scope::At;
use crate::table::{CUSTOMER_ID, Column, Field, Table, categories, columns};
use crate::time::Duration;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// Options of [`TierForecast`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Days ahead, 1 to 3,660. Default 90.
    pub horizon: Duration,
    /// The tiers and when customers move.
    #[serde(flatten)]
    pub rules: TierRules,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            horizon: Duration::days(90),
            rules: TierRules::default(),
        }
    }
}

categories! {
    /// What becomes of a tier.
    Outlook {
        Rises = "rises", "Rises", "昇格見込み";
        Falls = "falls", "Falls", "降格見込み";
        AtRisk = "at_risk", "At risk", "降格の恐れ";
        Stays = "stays", "Stays", "維持";
    }
}

/// The analysis `tier_forecast`.
#[derive(Debug, Clone, Copy)]
pub struct TierForecast;

/// A customer.
struct Row {
    customer: u32,
    tier: usize,
    bought: Bought,
    left: Bought,
    falls_at: Option<i32>,
    outlook: Outlook,
}

impl Analysis for TierForecast {
    const NAME: &'static str = "tier_forecast";
    const SUMMARY: &'static str =
        "Which customers fall or rise until a day, and what they would need to keep their tier";
    const JA: &'static str = "会員ランクの見込み";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        TIER, "The tier at the date.";
        "forecast_on": Date, "", "対象日", "The day ahead.";
        "outlook": Category, "", "見込み", "What becomes of the tier until then.";
        WINDOW_AMOUNT, "Amount in the window that ends with the date.";
        WINDOW_ORDERS, "Orders in that window.";
        "amount_left": Money, "currency", "対象日に残る金額", "Of these, the amount still in the window on the day ahead.";
        "orders_left": Int, "orders", "対象日に残る回数", "Of these, the orders still in it.";
        "keep_amount": Money, "currency", "維持に必要な金額", "What is needed to merit the tier then; null without one, or if orders are counted.";
        "keep_orders": Int, "orders", "維持に必要な回数", "Orders needed for it; null if amounts are counted.";
        NEXT_TIER;
        "rise_amount": Money, "currency", "昇格に必要な金額", "What is needed to merit `next_tier` then; null if orders are counted.";
        "rise_orders": Int, "orders", "昇格に必要な回数", "Orders needed for it; null if amounts are counted.";
        FALLS_AT, "The day on which the tier is lost without a further order; null if that is after the day ahead.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn check(whole: &Orders, options: &Options) -> Result<()> {
        whole_days("horizon", options.horizon, 1, 3_660)?;
        options.rules.read(whole.currency()).map(|_| ())
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let rules = options.rules.read(orders.currency())?;
        let horizon = whole_days("horizon", options.horizon, 1, 3_660)?;
        let on = at.day.after(horizon as u32).ok_or_else(|| {
            Error::option(
                "horizon",
                json!(options.horizon),
                "a day before the year 10000",
            )
        })?;
        let rows = rules.each(orders, at, context, |customer, days, state| {
            let bought = rules.bought(days, at.day.0);
            let left = rules.bought(days, on.0);
            let fall = rules.fall(days, &state).filter(|(day, _)| *day <= on.0);
            // Both sides times the window, so that nothing is rounded.
            let window = i128::from(rules.window);
            let paced =
                rules.measured(left) * window + rules.measured(bought).max(0) * i128::from(horizon);
            let merits = |tier: usize| i128::from(rules.from[tier - 1]) * window <= paced;
            let outlook = match fall {
                _ if state.tier < rules.from.len() && merits(state.tier + 1) => Outlook::Rises,
                Some(_) if merits(state.tier) => Outlook::AtRisk,
                Some(_) => Outlook::Falls,
                None => Outlook::Stays,
            };
            Row {
                customer,
                tier: state.tier,
                bought,
                left,
                falls_at: fall.map(|(day, _)| day),
                outlook,
            }
        })?;
        table(&rows, on.0, &rules, &options.rules, orders)
    }
}

fn table(
    rows: &[Row],
    on: i32,
    rules: &Rules,
    options: &TierRules,
    orders: &Orders,
) -> Result<Table> {
    let [
        id,
        tier,
        day,
        outlook,
        amount,
        count,
        left,
        left_orders,
        keep,
        keep_orders,
        next,
        rise,
        rise_orders,
        falls,
    ] = TierForecast::COLUMNS
    else {
        return Err(Error::internal("columns of tier_forecast"));
    };
    let (names, currency) = (Arc::new(options.names()), orders.currency());
    let next_of = |row: &Row| (row.tier < rules.from.len()).then_some(row.tier as u32);
    let needed = |row: &Row, tier: usize, measure: Measure| {
        let asked = (1..=rules.from.len()).contains(&tier) && rules.measure == measure;
        asked.then(|| rules.missing(tier, row.left))
    };
    let in_money = |field, plus: usize| {
        let cells = rows
            .iter()
            .map(|row| needed(row, row.tier + plus, Measure::Amount));
        // Without a tier there is none to keep.
        money(field, cells, currency)
    };
    let in_orders = |field, plus: usize| {
        let cells = rows
            .iter()
            .map(|row| needed(row, row.tier + plus, Measure::Orders));
        Column::ints(field, cells.map(|cell| cell.map(|n| n as i32)))
    };
    Ok(Table::new(vec![
        Column::ids(id, orders.ids(), rows.iter().map(|row| row.customer))?,
        texts(
            tier,
            &names,
            rows.iter()
                .map(|row| row.tier.checked_sub(1).map(|at| at as u32)),
        )?,
        Column::dates(day, rows.iter().map(|_| on))?,
        Column::words(
            outlook,
            Outlook::LABELS,
            rows.iter().map(|row| Some(row.outlook as u8)),
        )?,
        Column::money(amount, rows.iter().map(|row| row.bought.money()), currency)?,
        wholes(count, rows.iter().map(|row| row.bought.orders))?,
        Column::money(left, rows.iter().map(|row| row.left.money()), currency)?,
        wholes(left_orders, rows.iter().map(|row| row.left.orders))?,
        in_money(keep, 0)?,
        in_orders(keep_orders, 0)?,
        texts(next, &names, rows.iter().map(next_of))?,
        in_money(rise, 1)?,
        in_orders(rise_orders, 1)?,
        Column::ints(falls, rows.iter().map(|row| row.falls_at))?,
    ]))
}
