//! Referrals (紹介): who brought whom, what referred customers are worth beside others who came in the same month, and what the
//! rewards cost.
//!
//! A column of customers names each one's referrer; null or blank for none. Each customer with a referrer has a row.
//!
//! # Definition
//!
//! ```text
//! value_90     amount on the 90 days from the first order on, that day included; null until they are over
//! others_90    mean of value_90 of customers without a referrer whose first order was in the same month
//! reward       of both sides, once the referred customer has an order
//! ```
//!
//! | flag | | reward |
//! |---|---|---|
//! | `self` | the customer is their own referrer | none |
//! | `circular` | the referrer was brought, over others, by the customer | none |
//! | `unknown` | no customer has the referrer's id | none |
//!
//! Referred customers are not chosen by chance, so a difference is no effect of the programme.

use super::fields::{money, texts};
use super::histories::{Days, Histories};
use super::named::Named;
use crate::analysis::Analysis;
use crate::context::{Context, filled, push};
use crate::data::filter::{AttributeValues, Level};
use crate::data::{Customers, Orders};
use crate::error::{Error, Result};
use crate::ids::{IdRef, Ids, NO_ID};
use crate::money::Currency;
use crate::scope::At;
use crate::table::{CUSTOMER_ID, Column, Field, Table, categories, columns};
use crate::time::{Day, Period};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Options of [`Referrals`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The column of customers with the referrer's id: of the customers table, or `first_<column>` of the first order.
    /// Default: referred_by.
    pub referred_by: String,
    /// What the referrer gets, major units. Default 0.
    pub referrer_reward: f64,
    /// What the referred customer gets, major units. Default 0.
    pub referred_reward: f64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            referred_by: "referred_by".into(),
            referrer_reward: 0.0,
            referred_reward: 0.0,
        }
    }
}

categories! {
    /// Why a pair brings no reward.
    Flag {
        Itself = "self", "Self-referral", "自己紹介";
        Circular = "circular", "Circular", "循環";
        Unknown = "unknown", "Unknown referrer", "紹介者不明";
    }
}

/// The days of the values.
const SPANS: [i32; 3] = [90, 180, 365];

/// The analysis `referrals`.
#[derive(Debug, Clone, Copy)]
pub struct Referrals;

/// What is known of a customer.
#[derive(Debug, Clone, Copy)]
struct Known {
    first: i32,
    values: [Option<i64>; 3],
}

/// Sums of values and how many there are, for each of [`SPANS`].
type Sums = [(i128, u64); 3];

/// What customers bought.
struct Values {
    /// By code.
    known: Vec<Option<Known>>,
    /// Of customers without a referrer, by the number of the first month.
    others: BTreeMap<i32, Sums>,
}

impl Analysis for Referrals {
    const NAME: &'static str = "referrals";
    const SUMMARY: &'static str = "Who brought whom, what referred customers are worth beside others of the same month, and the rewards";
    const JA: &'static str = "紹介";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID, "The customer who was referred.";
        "referred_by": Text, "", "紹介者", "The referrer's id, as the customers table has it.";
        "referral_flag": Category, "", "紹介の問題", "Why the pair brings no reward; null if nothing is wrong.";
        "accepted": Bool, "", "登録済み", "Whether the customer has registered, or has an order; null if that is not known.";
        "first_order_on": Date, "", "初回購入日", "Day of the first order; null without one.";
        "value_90": Money, "currency", "90日間の売上", "Amount in the first 90 days; null until they are over.";
        "others_90": Float, "currency", "90日間の売上(紹介なし)", "Mean of customers without a referrer of the same first month.";
        "value_180": Money, "currency", "180日間の売上", "Amount in the first 180 days.";
        "others_180": Float, "currency", "180日間の売上(紹介なし)", "Mean of the others.";
        "value_365": Money, "currency", "365日間の売上", "Amount in the first 365 days.";
        "others_365": Float, "currency", "365日間の売上(紹介なし)", "Mean of the others.";
        "referrer_reward": Money, "currency", "紹介者の特典", "What the referrer gets.";
        "referred_reward": Money, "currency", "被紹介者の特典", "What the referred customer gets.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn check(whole: &Orders, options: &Options) -> Result<()> {
        rewards(options, whole.currency())?;
        referrers(whole, &options.referred_by, &Context::default()).map(|_| ())
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let rewards = rewards(options, orders.currency())?;
        let Named {
            ids: names,
            codes: referrer_names,
        } = referrers(orders, &options.referred_by, context)?;
        let ids = orders.ids();
        let codes = codes(ids, &names)?;
        let mut referrer = filled(ids.len(), NO_ID, "referrals")?;
        for (own, name) in referrer.iter_mut().zip(referrer_names.iter()) {
            if *name != NO_ID {
                *own = codes[*name as usize];
            }
        }
        let Values { known, others } = values(orders, at, &referrer_names, context)?;
        let has = |table: &Arc<Customers>| table.has(&options.referred_by);
        let of_table = orders.customers().is_some_and(has);
        let registered = orders.attribute("registered_at", context).ok();
        let registered = registered.filter(|found| found.level == Level::Customer);
        let circular = circular(&referrer)?;
        let mut rows = Vec::new();
        for code in ids.by_id()?.iter().map(|code| *code as usize) {
            let name = referrer_names.get(code).copied().unwrap_or(NO_ID);
            // A referrer of the first order is known from that order on.
            let is_known = of_table || known[code].is_some();
            if name == NO_ID || !is_known || !orders.shows(code as u32) {
                continue;
            }
            let flag = match referrer[code] {
                NO_ID => Some(Flag::Unknown),
                other if other as usize == code => Some(Flag::Itself),
                _ => circular[code].then_some(Flag::Circular),
            };
            let on = match &registered {
                Some(found) => match &found.values {
                    AttributeValues::Days(days) => Some(days[code]).filter(|day| *day != i32::MIN),
                    _ => None,
                },
                None => None,
            };
            let accepted = match (known[code], on) {
                (Some(_), _) => Some(true),
                (None, on) => on.map(|on| on <= at.day.0),
            };
            let row = Row {
                customer: code as u32,
                name,
                flag,
                accepted,
                known: known[code],
                is_due: known[code].is_some() && flag.is_none(),
            };
            push(&mut rows, row, "referrals")?;
        }
        table(&rows, &names, &others, rewards, orders)
    }
}

/// A referred customer.
struct Row {
    customer: u32,
    name: u32,
    flag: Option<Flag>,
    accepted: Option<bool>,
    known: Option<Known>,
    is_due: bool,
}

/// The rewards in minor units.
fn rewards(options: &Options, currency: Currency) -> Result<[i64; 2]> {
    let of = |name: &str, amount: f64| match amount {
        0.0 => Ok(0),
        amount => super::tier_rules::minor(name, amount, currency).map_err(|_| {
            let expected = format!("0, or an amount above it in whole minor units of {currency}");
            Error::option(name, json!(amount), expected)
        }),
    };
    Ok([
        of("referrer_reward", options.referrer_reward)?,
        of("referred_reward", options.referred_reward)?,
    ])
}

/// The ids of referrers, and by customer the code of theirs.
fn referrers(orders: &Orders, name: &str, context: &Context) -> Result<Named> {
    let expected = "a column of customers with the referrer's id, such as one of the customers table or `first_<column>`";
    Named::new(
        orders,
        "referred_by",
        name,
        Level::Customer,
        expected,
        context,
    )
}

/// The customer of each referrer's id; ids of another type are compared as texts.
fn codes(ids: &Ids, names: &Ids) -> Result<Vec<u32>> {
    let mut codes = filled(names.len(), NO_ID, "referrals")?;
    for (code, found) in codes.iter_mut().enumerate() {
        let name = names.at(code as u32);
        let text = names.text(code as u32);
        let same = ids.code_of(&name);
        let as_text = || ids.code_of(&IdRef::Text(text.as_str().into()));
        let as_number = || ids.code_of(&IdRef::Int(text.parse().ok()?));
        *found = same.or_else(as_text).or_else(as_number).unwrap_or(NO_ID);
    }
    Ok(codes)
}

/// What each customer bought, and the sums of those without a referrer by first month.
fn values(orders: &Orders, at: &At, referrer_names: &[u32], context: &Context) -> Result<Values> {
    let histories = Histories::new(orders, at, context)?;
    let mut known = filled(orders.ids().len(), None, "referrals")?;
    let mut others: BTreeMap<i32, Sums> = BTreeMap::new();
    let mut days = Days::default();
    for (code, known) in known.iter_mut().enumerate() {
        if code % Context::BLOCK == 0 {
            context.check()?;
        }
        let first = histories.of(code as u32).find(|one| one.is_order);
        let (Some(first), true) = (first, days.fill(histories.of(code as u32))?) else {
            continue;
        };
        let value = |span: i32| {
            let last = first.day.saturating_add(span - 1);
            (last <= at.day.0).then(|| days.between(first.day.into(), last).money())
        };
        let own = Known {
            first: first.day,
            values: SPANS.map(value),
        };
        *known = Some(own);
        if referrer_names.get(code).is_none_or(|name| *name == NO_ID) {
            let sums = others
                .entry(Day(first.day).number(Period::Month))
                .or_default();
            for (sum, value) in sums.iter_mut().zip(own.values) {
                sum.0 += i128::from(value.unwrap_or(0));
                sum.1 += u64::from(value.is_some());
            }
        }
    }
    Ok(Values { known, others })
}

/// Whether each customer is in a circle of several customers.
fn circular(referrer: &[u32]) -> Result<Vec<bool>> {
    let mut is_in = filled(referrer.len(), false, "referrals")?;
    // The walk on which a customer was first seen, counted from 1.
    let mut walk = filled(referrer.len(), 0_u32, "referrals")?;
    for start in 0..referrer.len() {
        let mut at = start;
        while walk[at] == 0 && referrer[at] != NO_ID {
            walk[at] = start as u32 + 1;
            at = referrer[at] as usize;
        }
        if walk[at] != start as u32 + 1 || referrer[at] as usize == at {
            continue;
        }
        // The walk came back to itself at `at`.
        let first = at;
        loop {
            is_in[at] = true;
            at = referrer[at] as usize;
            if at == first {
                break;
            }
        }
    }
    Ok(is_in)
}

fn table(
    rows: &[Row],
    names: &Ids,
    others: &BTreeMap<i32, Sums>,
    rewards: [i64; 2],
    orders: &Orders,
) -> Result<Table> {
    let fields = Referrals::COLUMNS;
    let currency = orders.currency();
    let mut shown = Vec::new();
    for code in 0..names.len() as u32 {
        push(&mut shown, names.text(code), "referrals")?;
    }
    let mean = |row: &Row, at: usize| {
        let month = Day(row.known?.first).number(Period::Month);
        let (sum, n) = others.get(&month)?[at];
        currency.mean(sum, n)
    };
    let mut columns = vec![
        Column::ids(
            &fields[0],
            orders.ids(),
            rows.iter().map(|row| row.customer),
        )?,
        texts(
            &fields[1],
            &Arc::new(shown),
            rows.iter().map(|row| Some(row.name)),
        )?,
        Column::words(
            &fields[2],
            Flag::LABELS,
            rows.iter().map(|row| row.flag.map(|flag| flag as u8)),
        )?,
        flags(&fields[3], rows.iter().map(|row| row.accepted))?,
        Column::ints(
            &fields[4],
            rows.iter().map(|row| row.known.map(|known| known.first)),
        )?,
    ];
    for at in 0..SPANS.len() {
        let value = rows
            .iter()
            .map(|row| row.known.and_then(|known| known.values[at]));
        columns.push(money(&fields[5 + 2 * at], value, currency)?);
        columns.push(Column::floats(
            &fields[6 + 2 * at],
            rows.iter().map(|row| mean(row, at)),
        )?);
    }
    for (at, reward) in rewards.into_iter().enumerate() {
        let cells = rows.iter().map(|row| if row.is_due { reward } else { 0 });
        columns.push(Column::money(&fields[11 + at], cells, currency)?);
    }
    let count = |of: &dyn Fn(&&Row) -> bool| rows.iter().filter(of).count();
    let due = count(&|row| row.is_due);
    let cost = (i128::from(rewards[0]) + i128::from(rewards[1])) * due as i128;
    Ok(Table::new(columns)
        .with_note("self", json!(count(&|row| row.flag == Some(Flag::Itself))))
        .with_note(
            "circular",
            json!(count(&|row| row.flag == Some(Flag::Circular))),
        )
        .with_note(
            "unknown_referrer",
            json!(count(&|row| row.flag == Some(Flag::Unknown))),
        )
        .with_note("rewarded", json!(due))
        .with_note("reward_cost", json!(currency.mean(cost, 1))))
}

fn flags(
    field: &Field,
    cells: impl ExactSizeIterator<Item = Option<bool>> + Clone,
) -> Result<Column> {
    let what = "table column";
    let values = crate::context::collect(cells.clone().map(|cell| cell.unwrap_or(false)), what)?;
    let valid = crate::context::collect(cells.map(|cell| cell.is_some()), what)?;
    Ok(Column::new(field, crate::table::Values::Bool(values)).with_validity(valid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_those_who_are_in_them() {
        // 0 and 1 brought each other, 2 was brought by 0; 3 brought themselves, 4 came of 3; 5 → 6 → 7 → 5.
        let referrer = [1, 0, 0, 3, 3, 6, 7, 5, NO_ID];
        let found = circular(&referrer).unwrap();
        assert_eq!(
            found,
            [true, true, false, false, false, true, true, true, false]
        );
    }
}
