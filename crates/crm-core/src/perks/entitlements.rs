//! Entitlements (特典): what customers have earned by rules, what they used, until when they can use the rest, and how far the
//! next one is (あと1,200円でゴールド).
//!
//! # Definition
//!
//! | rule | earned | missing |
//! |---|---|---|
//! | `orders`, `amount` | when the orders within `window` days reach it; with `repeat` again, and what is left over counts for the next | to the next |
//! | `nth` | on the n-th order, if it meets `where` | orders up to the n-th |
//! | `tier` | on each day on which the tier is reached from below ([`tier_rules`](super::tier_rules)) | to the tier |
//!
//! ```text
//! usable    earned − used, on the days from earning on, `valid` days in all; of a tier until it is lost
//! expired   earned − used − usable
//! ```
//!
//! A refund lowers an amount that is not reached yet (at the order's date, or with the scope's `refunds` = `refund_date` at its own);
//! at its own date it takes nothing back. A perk is known to be used only from the column that `used` names: an order whose cell is
//! the rule's `code` uses one, the oldest first. Without that column `used` and `expired` are null, and everything whose days are
//! not over is usable. An order that uses what the customer does not have is counted in the note `used_unearned`.
//! Customers without an order have no row.

use super::earning::{Earned, Progress, of_nth, of_tier};
use super::entitlement_rules::{Asks, Read, Rule, read};
use super::fields::{money, wholes};
use super::histories::{Days, Histories};
use super::named::Named;
use super::sentences::sentences;
use super::tier_rules::{Measure, Rules, TierRules};
use crate::analysis::Analysis;
use crate::context::{Context, collect, push, room};
use crate::data::Orders;
use crate::data::filter::Level;
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::scope::At;
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// Options of [`Entitlements`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The rules: each a name and what is rewarded, `{"name", "orders" | "amount" | "nth" | "tier"}`. Default: none.
    pub rules: Vec<Rule>,
    /// The column of orders that says which perk an order used, by its code. Default: none, not known.
    pub used: Option<String>,
    /// The tiers that rules name, and when customers move.
    #[serde(flatten)]
    pub tiers: TierRules,
}

/// The analysis `entitlements`.
///
/// ```
/// use crm_core::{Context, Currency, Dataset, Orders, Zone, register};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("anne", "2026-02-01", 3_800)
///     .build()?;
/// let request = r#"{"as_of": "2026-03-31", "rules": [{"name": "ギフト", "amount": 5000}]}"#;
/// let table = register::run("entitlements", &Dataset::Orders(&orders), request, &Context::default())?;
/// assert_eq!(table.words("message_ja")?.next(), Some(Some("あと1,200円でギフト")));
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Entitlements;

/// A customer and a rule.
struct Row {
    customer: u32,
    rule: u32,
    earned: i64,
    last: Option<i32>,
    used: i64,
    usable: i64,
    /// The first day on which some cannot be used any more.
    ends: Option<i32>,
    /// What is missing, and whether that is money.
    missing: Option<(i64, bool)>,
}

impl Analysis for Entitlements {
    const NAME: &'static str = "entitlements";
    const SUMMARY: &'static str = "Perks that customers have earned by rules, used and can still use, and how far the next one is";
    const JA: &'static str = "特典";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        "perk": Text, "", "特典名", "The name of the rule.";
        "perks_earned": Int, "", "獲得数", "How many were earned.";
        "earned_on": Date, "", "獲得日", "The day on which the last was earned.";
        "perks_used": Int, "", "利用数", "How many were used; null without a column that says so.";
        "perks_expired": Int, "", "失効数", "How many can no longer be used and were not; null without that column.";
        "perks_usable": Int, "", "利用可能数", "How many can be used.";
        "usable_until": Date, "", "利用期限", "The last day on which all of these can be used; null if they do not end.";
        "to_next_amount": Money, "currency", "次の特典までの金額", "The amount missing to the next; null if it is not an amount, or there is no next.";
        "to_next_orders": Int, "orders", "次の特典までの回数", "The orders missing to the next; null if it is not orders, or there is no next.";
        "message": Text, "", "メッセージ(英語)", "What can be used, else what is missing, as a sentence.";
        "message_ja": Text, "", "メッセージ", "The same in Japanese.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn check(whole: &Orders, options: &Options) -> Result<()> {
        options.read(whole)?;
        let context = Context::default();
        if let Some(name) = &options.used {
            uses_column(whole, name, &context)?;
        }
        for (at, rule) in options.rules.iter().enumerate() {
            let path = format!("rules.{at}.where");
            whole
                .matching(&rule.filter, &context)
                .map_err(|error| error.inside(&path))?;
            if let (Some(code), None) = (&rule.code, &options.used) {
                let expected = "no such setting without `used`, the column with the codes";
                return Err(Error::option(
                    format!("rules.{at}.code"),
                    json!(code),
                    expected,
                ));
            }
        }
        if !options.tiers.tiers.is_empty() && options.rules.iter().all(|rule| rule.tier.is_none()) {
            let expected = "no tiers, or a rule with `tier`: no rule names one";
            return Err(Error::option("tiers", options.tiers.tiers.len(), expected));
        }
        Ok(())
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let (rules, tiers) = options.read(orders)?;
        let all = Histories::new(orders, at, context)?;
        let perks = rules
            .iter()
            .zip(&options.rules)
            .map(|(read, rule)| Perk::new(read, rule, options, orders, at, context));
        let perks = perks.collect::<Result<Vec<_>>>()?;
        let mut rows = Vec::new();
        let (mut days, mut uses) = (Days::default(), Vec::new());
        let mut unearned = 0;
        for (place, customer) in all.shown()?.enumerate() {
            if place % Context::BLOCK == 0 {
                context.check()?;
            }
            if !days.fill(all.of(customer))? {
                continue;
            }
            for (rule, perk) in perks.iter().enumerate() {
                uses.clear();
                for one in all
                    .of(customer)
                    .filter(|one| one.is_order && perk.is_used(one.order))
                {
                    push(&mut uses, one.day, "entitlements")?;
                }
                let found = perk.of(customer, &all, &days, tiers.as_ref(), &uses, at.day.0)?;
                unearned += found.unearned;
                let (usable, ends) = found.open(at.day.0);
                let in_money = match perk.read.asks {
                    Asks::Amount(_) => true,
                    Asks::Tier(_) => tiers.as_ref().is_some_and(|t| t.measure == Measure::Amount),
                    Asks::Orders(_) | Asks::Nth(_) => false,
                };
                let row = Row {
                    customer,
                    rule: rule as u32,
                    earned: found.earned(),
                    last: found.last(),
                    used: found.used(),
                    usable,
                    ends,
                    missing: found.missing.map(|missing| (missing, in_money)),
                };
                push(&mut rows, row, "entitlements")?;
            }
        }
        let table = table(&rows, options, orders)?;
        Ok(match options.used {
            Some(_) => table.with_note("used_unearned", json!(unearned)),
            None => table,
        })
    }
}

impl Options {
    /// The rules, and the tiers if there are any.
    fn read(&self, orders: &Orders) -> Result<(Vec<Read>, Option<Rules>)> {
        let tiers = match self.tiers == TierRules::default() {
            true => None,
            false => Some(self.tiers.read(orders.currency())?),
        };
        Ok((read(&self.rules, &self.tiers, orders.currency())?, tiers))
    }
}

/// The column that says what an order used.
fn uses_column(orders: &Orders, name: &str, context: &Context) -> Result<Named> {
    let expected = "a column of texts or numbers that all lines of an order share";
    Named::new(orders, "used", name, Level::Order, expected, context)
}

/// A rule with the orders that count for it.
struct Perk<'a> {
    read: &'a Read,
    rule: &'a Rule,
    /// The orders that meet `where`, only if there is one.
    own: Option<Histories>,
    /// For the n-th order: which orders meet `where`.
    meets: Option<Vec<bool>>,
    /// The codes of the column `used`, and that of the rule if it occurs.
    uses: Option<(Named, Option<u32>)>,
}

impl<'a> Perk<'a> {
    fn new(
        read: &'a Read,
        rule: &'a Rule,
        options: &Options,
        orders: &Orders,
        at: &At,
        context: &Context,
    ) -> Result<Perk<'a>> {
        let (is_nth, is_plain) = (matches!(read.asks, Asks::Nth(_)), rule.filter.is_empty());
        let own = match is_plain || is_nth {
            true => None,
            false => Some(Histories::new(
                &orders.filtered(&rule.filter, context)?,
                at,
                context,
            )?),
        };
        let meets = match is_nth && !is_plain {
            true => Some(orders.matching(&rule.filter, context)?),
            false => None,
        };
        let uses = match &options.used {
            None => None,
            Some(name) => {
                let named = uses_column(orders, name, context)?;
                let code = rule.code.as_ref().unwrap_or(&rule.name);
                let number = code.parse::<i64>().ok().map(|n| json!(n));
                let found = match named.ids.find(&json!(code))? {
                    None => number.map(|n| named.ids.find(&n)).transpose()?.flatten(),
                    found => found,
                };
                Some((named, found))
            }
        };
        Ok(Perk {
            read,
            rule,
            own,
            meets,
            uses,
        })
    }

    /// Whether an order used the perk.
    fn is_used(&self, order: u32) -> bool {
        match &self.uses {
            Some((named, Some(own))) => named.codes[order as usize] == *own && *own != NO_ID,
            _ => false,
        }
    }

    fn of(
        &self,
        customer: u32,
        all: &Histories,
        days: &Days,
        tiers: Option<&Rules>,
        uses: &[i32],
        day: i32,
    ) -> Result<Earned> {
        let meets = |order: u32| {
            self.meets
                .as_ref()
                .is_none_or(|meets| meets[order as usize])
        };
        match (self.read.asks, tiers) {
            (Asks::Nth(n), _) => of_nth(n, self.read, all.of(customer), meets, uses),
            (Asks::Tier(tier), Some(rules)) => of_tier(tier, self.read, rules, days, uses, day),
            _ => {
                let purchases = self.own.as_ref().unwrap_or(all).of(customer);
                Progress::run(self.read, self.rule.repeat, purchases, uses, day)
            }
        }
    }
}

fn table(rows: &[Row], options: &Options, orders: &Orders) -> Result<Table> {
    let [
        id,
        rule,
        earned,
        last,
        used,
        expired,
        usable,
        until,
        amount,
        count,
        message,
        message_ja,
    ] = Entitlements::COLUMNS
    else {
        return Err(Error::internal("columns of entitlements"));
    };
    let names: Vec<String> = options.rules.iter().map(|rule| rule.name.clone()).collect();
    let currency = orders.currency();
    let known = |column: Column| -> Result<Column> {
        Ok(match options.used {
            Some(_) => column,
            None => column.with_validity(crate::context::filled(rows.len(), false, "table")?),
        })
    };
    let left = |row: &Row| row.earned - row.used - row.usable;
    let until_of = |row: &Row| row.ends.map(|ends| ends - 1);
    let mut texts = [
        room(rows.len(), "entitlements")?,
        room(rows.len(), "entitlements")?,
    ];
    for row in rows {
        let name = &names[row.rule as usize];
        let said = sentences(name, row.usable, until_of(row), row.missing, currency)?;
        texts[0].push(said[0].clone());
        texts[1].push(said[1].clone());
    }
    let sentence = |field: &Field, texts: Vec<String>| -> Result<Column> {
        let valid = collect(texts.iter().map(|text| !text.is_empty()), "table")?;
        let codes = collect(0..texts.len() as u32, "table")?;
        let texts = Arc::new(texts);
        Ok(Column::new(field, Values::Text { codes, texts }).with_validity(valid))
    };
    let [english, japanese] = texts;
    let in_money = |row: &Row| {
        row.missing
            .filter(|(_, money)| *money)
            .map(|(missing, _)| missing)
    };
    let in_orders = |row: &Row| {
        row.missing
            .filter(|(_, money)| !money)
            .map(|(n, _)| n as i32)
    };
    Ok(Table::new(vec![
        Column::ids(id, orders.ids(), rows.iter().map(|row| row.customer))?,
        Column::texts(
            rule,
            &Arc::new(names.clone()),
            rows.iter().map(|row| row.rule),
        )?,
        wholes(earned, rows.iter().map(|row| row.earned))?,
        Column::ints(last, rows.iter().map(|row| row.last))?,
        known(wholes(used, rows.iter().map(|row| row.used))?)?,
        known(wholes(expired, rows.iter().map(left))?)?,
        wholes(usable, rows.iter().map(|row| row.usable))?,
        Column::ints(until, rows.iter().map(until_of))?,
        money(amount, rows.iter().map(in_money), currency)?,
        Column::ints(count, rows.iter().map(in_orders))?,
        sentence(message, english)?,
        sentence(message_ja, japanese)?,
    ]))
}
