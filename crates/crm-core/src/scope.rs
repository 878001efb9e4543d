//! What is asked, and what an analysis sees.
//!
//! A [`Scope`] is the part of a request that all analyses share: dates, filters, breakdowns. It is
//! resolved once. An analysis of orders then sees orders that are already chosen, and [`At`]: one
//! date and the definitions that its numbers depend on.

use crate::num::Positive;
use crate::time::{Day, Moment};
use crate::words::{KindWord, StatusWord};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The part of a request that means the same for every analysis.
///
/// ```
/// use crm_core::{Context, Currency, Orders, Scope, Zone, analysis, segmentation::decile};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("c1", "2026-01-05", 5_000)
///     .order("c2", "2026-02-01", 2_000)
///     .build()?;
/// let scope = Scope::as_of("2026-11-21".parse()?);
/// let options = decile::Options::default();
/// let table = analysis::run_typed::<decile::Decile>(&orders, &scope, &options, &Context::default())?;
/// assert_eq!(table.len(), 2);
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    /// The civil date up to which orders count, included. A list of dates adds a first column
    /// `as_of`. Default: the date of the last order of the whole import.
    pub as_of: AsOf,
    /// Chooses orders: all numbers are computed from the chosen orders.
    /// `{column: value | [values] | {"from": …, "to": …}}`. Columns `first_…` in `by` and
    /// `customers` refer to a customer's first chosen order; within `where` they refer to the first
    /// order of all.
    #[serde(rename = "where")]
    pub filter: Filter,
    /// Chooses customers, in the same form: only their rows are shown. Models, cuts and ranks are
    /// always computed from all customers, so the numbers in the shown rows do not change.
    pub customers: Filter,
    /// Columns to break the result down by; they come first, under their own names.
    pub by: Vec<String>,
    /// The statuses and kinds that count. Default: the policy of the orders.
    pub policy: Option<Policy>,
    /// The amount of an order.
    pub basis: Basis,
    /// Where a refund lowers revenue: at the order's date, or at the date of the refund.
    pub refunds: Refunds,
    /// What a purchase is: an order, or a day with orders. The default depends on the analysis:
    /// orders for counts, days for gaps, cycles and repeat purchases. It is null in a definition
    /// whose parts differ.
    pub occasion: Option<Occasion>,
    /// Days since the last order from which a customer counts as churned (離脱). Default: 240; 180
    /// for `purchase_counts` and `purchase_flow`.
    pub churn_days: Option<u32>,
    /// Whether a customer is churned on day `churn_days` itself, or after it.
    pub churn_boundary: ChurnBoundary,
}

impl Default for Scope {
    fn default() -> Self {
        Scope {
            as_of: AsOf::Last,
            filter: Filter::default(),
            customers: Filter::default(),
            by: Vec::new(),
            policy: None,
            basis: Basis::Net,
            refunds: Refunds::OrderDate,
            occasion: None,
            churn_days: None,
            churn_boundary: ChurnBoundary::From,
        }
    }
}

impl Scope {
    /// A scope with this date and all other keys at their defaults.
    pub fn as_of(day: Day) -> Self {
        Scope {
            as_of: AsOf::Day(day),
            ..Scope::default()
        }
    }

    /// The keys that are not at their defaults.
    pub(crate) fn given(&self) -> impl Iterator<Item = &'static str> {
        let Scope {
            as_of,
            filter,
            customers,
            by,
            policy,
            basis,
            refunds,
            occasion,
            churn_days,
            churn_boundary,
        } = self;
        let keys = [
            ("as_of", *as_of != AsOf::default()),
            ("where", !filter.is_empty()),
            ("customers", !customers.is_empty()),
            ("by", !by.is_empty()),
            ("policy", policy.is_some()),
            ("basis", *basis != Basis::default()),
            ("refunds", *refunds != Refunds::default()),
            ("occasion", occasion.is_some()),
            ("churn_days", churn_days.is_some()),
            (
                "churn_boundary",
                *churn_boundary != ChurnBoundary::default(),
            ),
        ];
        keys.into_iter()
            .filter_map(|(key, given)| given.then_some(key))
    }
}

/// What an analysis of orders sees of a [`Scope`]: one date, and the definitions of amount, purchase
/// and churn. Filters, policy, refunds and breakdowns are not here: they have chosen the orders.
///
/// ```
/// use crm_core::At;
/// let at = At::new("2026-11-21".parse()?);
/// assert!(at.is_churned(240) && !at.is_churned(239));
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct At {
    /// The civil date up to which orders count, included.
    pub day: Day,
    /// The amount of an order.
    pub basis: Basis,
    /// What a purchase is. `None` is the default of each computation: orders for counts, days for
    /// gaps, cycles and repeat purchases.
    pub occasion: Option<Occasion>,
    /// Days since the last order from which a customer counts as churned. `None` is the default of
    /// each computation: [`At::CHURN_DAYS`], or 180 for `purchase_counts` and `purchase_flow`.
    pub churn_days: Option<u32>,
    /// Whether a customer is churned on day `churn_days` itself, or after it.
    pub churn_boundary: ChurnBoundary,
}

impl At {
    /// The default `churn_days` of analyses without their own default.
    pub const CHURN_DAYS: u32 = 240;

    /// This date, with net amounts and default definitions.
    pub fn new(day: Day) -> Self {
        At {
            day,
            basis: Basis::Net,
            occasion: None,
            churn_days: None,
            churn_boundary: ChurnBoundary::From,
        }
    }

    /// Whether a customer who last ordered `days` ago is churned.
    pub fn is_churned(&self, days: i32) -> bool {
        let limit = i64::from(self.churn_days.unwrap_or(Self::CHURN_DAYS));
        match self.churn_boundary {
            ChurnBoundary::From => i64::from(days) >= limit,
            ChurnBoundary::After => i64::from(days) > limit,
        }
    }

    /// Days until a customer who last ordered `days` ago will be churned without a new order;
    /// `None` once churned.
    pub fn days_until_churn(&self, days: i32) -> Option<i32> {
        let limit = i64::from(self.churn_days.unwrap_or(Self::CHURN_DAYS));
        let first = limit + i64::from(self.churn_boundary == ChurnBoundary::After);
        let left = first - i64::from(days);
        (left > 0).then_some(left as i32)
    }
}

/// One date, several dates, or the last order's date.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "a date such as \"2026-11-21\", for events also an instant such as \"2026-11-21T10:00:00+09:00\", or a list of these"
)]
pub enum AsOf {
    /// The date of the last order.
    #[default]
    Last,
    /// This date.
    Day(Day),
    /// Each of these dates.
    Days(Vec<Day>),
    /// This instant; events only.
    At(Moment),
    /// Each of these instants; events only.
    Moments(Vec<Moment>),
}

/// Which orders count.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Statuses that count.
    pub statuses: Vec<StatusWord>,
    /// Kinds that count.
    pub kinds: Vec<KindWord>,
    /// Whether orders of amount zero count.
    pub zero_value: bool,
}

impl Default for Policy {
    fn default() -> Self {
        use {KindWord as K, StatusWord as S};
        Policy {
            statuses: vec![S::Completed, S::Pending],
            kinds: vec![K::OneOff, K::SubFirst, K::SubRenewal],
            zero_value: true,
        }
    }
}

/// The amount of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Basis {
    /// Merchandise less discounts, coupons and refunds; no shipping or fees; tax as supplied.
    #[default]
    Net,
    /// Merchandise before discounts and refunds.
    Gross,
    /// Net plus shipping and fees.
    NetShipping,
    /// Net less the tax it contains (税抜).
    NetExTax,
    /// Net less cost.
    Margin,
}

/// Where a refund lowers revenue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refunds {
    /// At the order's date; a full refund removes the order.
    #[default]
    OrderDate,
    /// At the date of the refund; the order counts at its own date with its full amount.
    RefundDate,
}

/// What a purchase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Occasion {
    /// Each order.
    Order,
    /// A civil day with orders.
    Day,
}

/// Whether a customer is churned on day `churn_days` itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChurnBoundary {
    /// Churned from that day on (`>=`).
    #[default]
    From,
    /// Churned after that day (`>`).
    After,
}

/// Conditions on columns; all must hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Filter(pub BTreeMap<String, Condition>);

impl Filter {
    /// Whether it has no conditions.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A condition on one column: a value, one of several values, or a range (both ends included). Null
/// matches null.
///
/// The variant for lists is first, because serde would read a list of two as the two fields of a
/// range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Condition {
    /// One of these values.
    In(Vec<Value>),
    /// A range of numbers, dates, or texts by bytes; both ends are included and either may be left
    /// out.
    Range(RangeCondition),
    /// This value.
    Is(Value),
}

/// Both ends included; either may be left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RangeCondition {
    /// The least value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// The greatest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
}

/// A threshold of money in major units: an amount, or a multiple of the mean order value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "an amount in major units, or {\"mean_order_values\": n}"
)]
pub enum MoneyThreshold {
    /// An amount in major units.
    Amount(f64),
    /// A multiple of the mean order value of the scope.
    Multiple {
        /// The factor.
        mean_order_values: Positive,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_two_values_is_a_list_and_no_range() {
        let read = |json: &str| serde_json::from_str::<Condition>(json).unwrap();
        assert_eq!(
            read(r#"["a", "c"]"#),
            Condition::In(vec!["a".into(), "c".into()])
        );
        assert_eq!(read(r#"["a"]"#), Condition::In(vec!["a".into()]));
        assert!(matches!(read(r#"{"from": 1}"#), Condition::Range(_)));
        assert_eq!(read("7"), Condition::Is(7.into()));
    }

    #[test]
    fn a_customer_churns_on_the_day_that_the_boundary_says() {
        let at = |churn_days, churn_boundary| At {
            churn_days,
            churn_boundary,
            ..At::new(Day(0))
        };
        use ChurnBoundary::{After, From};
        for (at, days, churned, left) in [
            (at(None, From), 239, false, Some(1)),
            (at(None, From), 240, true, None),
            (at(None, After), 240, false, Some(1)),
            (at(None, After), 241, true, None),
            (at(Some(30), From), 0, false, Some(30)),
            (at(Some(30), From), 29, false, Some(1)),
            (at(Some(30), From), 30, true, None),
            (at(Some(30), After), 0, false, Some(31)),
            (at(Some(30), After), 30, false, Some(1)),
            (at(Some(30), After), 31, true, None),
            (at(Some(1), From), -1, false, Some(2)),
        ] {
            assert_eq!(at.is_churned(days), churned, "{at:?} {days}");
            assert_eq!(at.days_until_churn(days), left, "{at:?} {days}");
        }
    }

    #[test]
    fn each_key_that_was_given_is_named() {
        assert_eq!(Scope::default().given().count(), 0);
        for (key, value) in [
            ("as_of", "\"2025-01-01\""),
            ("where", "{\"channel\": \"web\"}"),
            ("customers", "{\"channel\": \"web\"}"),
            ("by", "[\"channel\"]"),
            ("policy", "{}"),
            ("basis", "\"gross\""),
            ("refunds", "\"refund_date\""),
            ("occasion", "\"order\""),
            ("churn_days", "240"),
            ("churn_boundary", "\"after\""),
        ] {
            let scope: Scope = serde_json::from_str(&format!("{{\"{key}\": {value}}}")).unwrap();
            assert_eq!(scope.given().collect::<Vec<_>>(), [key]);
        }
        let day: Day = "2025-01-01".parse().unwrap();
        assert_eq!(Scope::as_of(day).as_of, AsOf::Day(day));
    }
}
