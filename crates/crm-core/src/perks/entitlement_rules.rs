//! The rules of [`entitlements`](super::entitlements), as they are written and in days and minor units.

use super::tier_rules::{TierRules, minor, new_name, whole_days};
use crate::error::{Error, Result};
use crate::money::Currency;
use crate::scope::Filter;
use crate::time::Duration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A rule. Exactly one of `orders`, `amount`, `nth` and `tier` says what is rewarded.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// The name in the result.
    pub name: String,
    /// So many orders. Default: none.
    pub orders: Option<u32>,
    /// So much money, major units. Default: none.
    pub amount: Option<f64>,
    /// The order of this number among all of the customer's, 1 for the first, if it meets `where`. Default: none.
    pub nth: Option<u32>,
    /// Reaching this tier of `tiers`, or a higher one. Default: none.
    pub tier: Option<String>,
    /// The orders and lines that count, by their columns, as the scope's `where`. Default: all.
    #[serde(rename = "where")]
    pub filter: Filter,
    /// The days within which the orders or the amount have to be reached. Default: none, any time.
    pub window: Option<Duration>,
    /// Whether it is earned again and again. Default: once.
    pub repeat: bool,
    /// Days for which it can be used, that of earning included. Default: for ever, of a tier for as long as it is kept.
    pub valid: Option<Duration>,
    /// The value of the column `used` in an order that uses it. Default: the name.
    pub code: Option<String>,
}

/// What is rewarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    Orders(i64),
    /// Minor units.
    Amount(i64),
    Nth(i64),
    /// How many tiers the customer has to have.
    Tier(usize),
}

/// A rule in days and minor units.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) asks: Asks,
    pub(super) window: Option<i32>,
    pub(super) valid: Option<i32>,
}

/// Reads all rules.
///
/// # Errors
///
/// A rule that contradicts itself or another one, by its path.
pub(super) fn read(rules: &[Rule], tiers: &TierRules, currency: Currency) -> Result<Vec<Read>> {
    if rules.is_empty() || rules.len() > 100 {
        let expected = "1 to 100 rules such as {\"name\": \"gift\", \"orders\": 5}";
        return Err(Error::option("rules", json!(rules.len()), expected));
    }
    let mut found = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let others = rules[..at].iter().map(|other| &other.name);
        new_name(&format!("rules.{at}.name"), &rule.name, others)?;
        found.push(rule.read(&format!("rules.{at}"), tiers, currency)?);
    }
    let code = |rule: &Rule| rule.code.clone().unwrap_or_else(|| rule.name.clone());
    let codes: Vec<String> = rules.iter().map(code).collect();
    match (0..codes.len()).find(|at| codes[..*at].contains(&codes[*at])) {
        Some(at) => {
            let path = format!("rules.{at}.code");
            Err(Error::option(
                path,
                json!(codes[at]),
                "a code that no other rule has",
            ))
        }
        None => Ok(found),
    }
}

impl Rule {
    fn read(&self, path: &str, tiers: &TierRules, currency: Currency) -> Result<Read> {
        let wrong = |key: &str, found: Value, expected: &str| {
            Err(Error::option(
                format!("{path}.{key}"),
                found,
                expected.to_owned(),
            ))
        };
        let given = [
            ("orders", self.orders.map(|n| json!(n))),
            ("amount", self.amount.map(|amount| json!(amount))),
            ("nth", self.nth.map(|n| json!(n))),
            ("tier", self.tier.as_ref().map(|name| json!(name))),
        ];
        let mut given = given
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)));
        let (Some((key, value)), None) = (given.next(), given.next()) else {
            let expected = "exactly one of `orders`, `amount`, `nth` and `tier`";
            return Err(Error::option(path, json!(self.name), expected));
        };
        let asks = match (self.orders, self.amount, self.nth, &self.tier) {
            (Some(0), ..) | (_, _, Some(0), _) => return wrong(key, value, "1 or more"),
            (Some(n), ..) => Asks::Orders(n.into()),
            (_, Some(amount), ..) => {
                Asks::Amount(minor(&format!("{path}.amount"), amount, currency)?)
            }
            (_, _, Some(n), _) => Asks::Nth(n.into()),
            (.., name) => {
                let at = tiers
                    .tiers
                    .iter()
                    .position(|tier| Some(&tier.name) == name.as_ref());
                match at {
                    Some(at) => Asks::Tier(at + 1),
                    None => return wrong(key, value, "the name of one of `tiers`"),
                }
            }
        };
        let adds = matches!(asks, Asks::Orders(_) | Asks::Amount(_));
        if self.window.is_some() && !adds {
            let found = json!(self.window);
            return wrong(
                "window",
                found,
                "no such setting: only `orders` and `amount` have it",
            );
        }
        if self.repeat && !adds {
            let found = json!(true);
            return wrong(
                "repeat",
                found,
                "no such setting: only `orders` and `amount` have it",
            );
        }
        if matches!(asks, Asks::Tier(_)) && !self.filter.is_empty() {
            return wrong(
                "where",
                json!(self.filter),
                "no such setting: a tier is that of all orders",
            );
        }
        let days = |key: &str, time: Option<Duration>| {
            time.map(|time| whole_days(&format!("{path}.{key}"), time, 1, 36_600))
                .transpose()
        };
        Ok(Read {
            asks,
            window: days("window", self.window)?,
            valid: days("valid", self.valid)?,
        })
    }
}
