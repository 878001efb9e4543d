//! CPM, customer portfolio (顧客ポートフォリオ, CPM分析): ten segments by orders, tenure, revenue and days
//! since the last order.
//!
//! # Definition
//!
//! With `n` orders, tenure `T` (last − first, days), revenue `A` and `d` days since the last order,
//! the segment is the first line that applies:
//!
//! ```text
//! n = 0            prospect 見込み (trial トライアル when only samples were ordered)
//! n = 1            first 初回
//! T <  90 days     toddler よちよち
//! A <  70,000 yen  steady コツコツ
//! T < 210 days     trend 流行
//! else             excellent 優良
//! ```
//!
//! and the state: active 現役 while `d < churn_days`, else churned 離脱. The defaults (90, 210, 70,000
//! yen, 240 days) are the preset `ltv_lab`; the vendor's article counts day 120 of its other preset
//! as active and as churned; here the scope's `churn_boundary` decides.
//!
//! In other currencies than the yen the money threshold is 7 times the scope's mean order value, MakeRepeater's
//! multiple, unless another is given: an amount in major units, or another multiple. A customer exactly on a
//! boundary is in the higher segment, with `boundary: inclusive` in the lower one.
//!
//! The distances say how far a customer is from each boundary: negative below it, zero or more at
//! and above. `days_until_churn` is null once churned.

use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, push};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::money::Currency;
use crate::num::Positive;
use crate::scope::{At, MoneyThreshold, Scope};
use crate::segmentation::fields::{SEGMENT, STATE};
use crate::summary::Totals;
use crate::table::shared::{ORDERS, RECENCY_DAYS, REVENUE, TENURE_DAYS};
use crate::table::{CUSTOMER_ID, Column, Field, Table, categories, columns};
use crate::words::KindWord;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Options of [`segment`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Tenure in days below which a customer is a toddler. Default 90.
    pub toddler_days: u32,
    /// Tenure in days below which a big customer is a trend. Default 210.
    pub trend_days: u32,
    /// Revenue below which a customer is steady. Default: 70,000 yen; 7 mean order values in other currencies.
    pub money: Option<MoneyThreshold>,
    /// The segment of a customer exactly on a boundary. Default: the higher.
    pub boundary: Boundary,
    /// Churn days by a vendor's convention; the scope's `churn_days` must then be absent or equal.
    /// Default: none.
    pub preset: Option<Preset>,
    /// Whether to include customers without an order that counts: trials (they ordered samples
    /// only) and prospects (in the customers table, if one was given). Default: yes.
    pub prospects: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            toddler_days: 90,
            trend_days: 210,
            money: None,
            boundary: Boundary::Exclusive,
            preset: None,
            prospects: true,
        }
    }
}

/// The default money threshold of orders in yen, that of the preset `ltv_lab`.
const YEN: f64 = 70_000.0;

/// The default money threshold: 70,000 yen, and in other currencies MakeRepeater's 7 mean order values.
pub fn default_money(currency: Currency) -> MoneyThreshold {
    match Positive::new(7.0) {
        Some(mean_order_values) if currency != Currency::JPY => {
            MoneyThreshold::Multiple { mean_order_values }
        }
        _ => MoneyThreshold::Amount(YEN),
    }
}

/// The thresholds fixed at another date.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frozen {
    /// The money threshold, major units.
    pub money: f64,
}

/// The segment of a customer exactly on a boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Boundary {
    /// The higher: conditions of the lower segment use `<`.
    Exclusive,
    /// The lower: its conditions use `<=`.
    Inclusive,
}

/// Churn days by a vendor's convention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// 240 days (LTV-Lab).
    LtvLab,
    /// 120 days (LTV-Lab, short cycle).
    #[serde(rename = "ltv_lab_120")]
    LtvLab120,
}

impl Preset {
    fn churn_days(self) -> u32 {
        match self {
            Preset::LtvLab => 240,
            Preset::LtvLab120 => 120,
        }
    }
}

categories! {
    /// The segments, in ascending order.
    #[allow(missing_docs)]
    pub Segment {
        Prospect = "prospect", "Prospect", "見込み";
        Trial = "trial", "Trial", "トライアル";
        First = "first", "First", "初回";
        Toddler = "toddler", "Toddler", "よちよち";
        Steady = "steady", "Steady", "コツコツ";
        Trend = "trend", "Trend", "流行";
        Excellent = "excellent", "Excellent", "優良";
    }
}

categories! {
    /// Whether a customer still buys.
    #[allow(missing_docs)]
    pub State {
        Active = "active", "Active", "現役";
        Churned = "churned", "Churned", "離脱";
    }
}

/// Thresholds in the units of the totals: money in minor units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ladder {
    pub(crate) toddler_days: i64,
    pub(crate) trend_days: i64,
    pub(crate) money: i64,
    boundary: Boundary,
}

impl Ladder {
    /// The thresholds of these options for orders with these totals.
    pub(crate) fn new(options: &Options, totals: &Totals) -> Result<Ladder> {
        let currency = totals.currency;
        if options.toddler_days > options.trend_days {
            return Err(Error::option(
                "toddler_days",
                options.toddler_days,
                format!("at most trend_days ({})", options.trend_days),
            ));
        }
        let amount = |major: f64| {
            currency
                .minor(major)
                .filter(|v| *v >= 0 && major.is_finite())
                .ok_or_else(|| {
                    Error::option("money", major, "an amount of zero or more, in major units")
                })
        };
        let money = match options.money.unwrap_or_else(|| default_money(currency)) {
            MoneyThreshold::Amount(major) => amount(major)?,
            MoneyThreshold::Multiple { mean_order_values } => {
                let revenue: i128 = totals.revenue.iter().map(|v| i128::from(*v)).sum();
                let orders: u64 = totals.orders.iter().map(|v| *v as u64).sum();
                match currency.mean(revenue, orders) {
                    Some(mean) => amount((mean * mean_order_values.get()).max(0.0))?,
                    None => 0,
                }
            }
        };
        Ok(Ladder {
            toddler_days: options.toddler_days.into(),
            trend_days: options.trend_days.into(),
            money,
            boundary: options.boundary,
        })
    }

    /// The segment of a customer with orders.
    pub(crate) fn segment(&self, orders: i32, tenure: i32, revenue: i64) -> Segment {
        let below = |value: i64, limit: i64| match self.boundary {
            Boundary::Exclusive => value < limit,
            Boundary::Inclusive => value <= limit,
        };
        if orders <= 1 {
            Segment::First
        } else if below(tenure.into(), self.toddler_days) {
            Segment::Toddler
        } else if below(revenue, self.money) {
            Segment::Steady
        } else if below(tenure.into(), self.trend_days) {
            Segment::Trend
        } else {
            Segment::Excellent
        }
    }
}

/// The churn days of the preset, if there is one; otherwise the given ones.
pub(crate) fn churn_days(given: Option<u32>, options: &Options) -> Result<Option<u32>> {
    let preset = options.preset.map(Preset::churn_days);
    if let (Some(preset), Some(given)) = (preset, given)
        && preset != given
    {
        let expected = format!("the preset's value ({preset}), or no preset");
        return Err(Error::option("churn_days", given, expected));
    }
    Ok(preset.or(given))
}

/// Resolves the defaults: the preset's churn days in the scope, the money threshold in the options.
pub(crate) fn resolve(orders: &Orders, scope: Scope, options: Options) -> Result<(Scope, Options)> {
    let churn_days = churn_days(scope.churn_days, &options)?;
    let money = options
        .money
        .unwrap_or_else(|| default_money(orders.currency()));
    let money = Some(money);
    let scope = Scope {
        churn_days,
        ..scope
    };
    Ok((scope, Options { money, ..options }))
}

/// Segment and state of each customer, in the order of the totals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Portfolio {
    /// Segments.
    pub segment: Vec<Segment>,
    /// States.
    pub state: Vec<State>,
    /// Days until the customer is churned if there is no further order; `None` if churned already.
    pub days_until_churn: Vec<Option<i32>>,
    /// The money threshold in use, minor units.
    pub money: i64,
}

/// Segments customers.
///
/// ```
/// use crm_core::{At, Context, Currency, Orders, Zone, segmentation::cpm, summary::Totals};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("a", "2025-01-05", 50_000)
///     .order("a", "2025-12-01", 30_000)
///     .order("b", "2025-12-20", 4_000)
///     .build()?;
/// let at = At::new("2026-03-31".parse()?);
/// let totals = Totals::new(&orders, &at, &Context::default())?;
/// let portfolio = cpm::segment(&totals, &at, &cpm::Options::default())?;
/// assert_eq!(portfolio.segment, [cpm::Segment::Excellent, cpm::Segment::First]);
/// assert_eq!(portfolio.days_until_churn, [Some(120), Some(139)]);
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// A currency that needs a money threshold, thresholds out of range.
pub fn segment(totals: &Totals, at: &At, options: &Options) -> Result<Portfolio> {
    let ladder = Ladder::new(options, totals)?;
    let at = At {
        churn_days: churn_days(at.churn_days, options)?,
        ..*at
    };
    let n = totals.len();
    let segment =
        (0..n).map(|i| ladder.segment(totals.orders[i], totals.tenure_days(i), totals.revenue[i]));
    let state = (0..n).map(|i| match at.is_churned(totals.recency_days(i)) {
        true => State::Churned,
        false => State::Active,
    });
    let left = (0..n).map(|i| at.days_until_churn(totals.recency_days(i)));
    Ok(Portfolio {
        segment: collect(segment, "portfolio")?,
        state: collect(state, "portfolio")?,
        days_until_churn: collect(left, "portfolio")?,
        money: ladder.money,
    })
}

/// Customers without an order that counts up to the date, in ascending id order: with sample orders
/// (true), or only in the customers table (false).
pub(crate) fn without_orders(
    orders: &Orders,
    totals: &Totals,
    context: &Context,
) -> Result<Vec<(u32, bool)>> {
    let data = &orders.data;
    let mut sampled = filled(orders.ids().len(), false, "prospects")?;
    let mut any = false;
    if data.state.is_some() {
        let mut reader = data.offsets.reader();
        for order in 0..data.len() {
            let (status, kind, _) = crate::data::orders::order_data::unpack(data.state(order));
            if kind == KindWord::Sample
                && data.customer[order] != NO_ID
                && orders.view.policy.statuses.contains(&status)
                && orders.lets_through(order)
                && reader.day(data.time[order]) <= totals.as_of
            {
                sampled[data.customer[order] as usize] = true;
                any = true;
            }
        }
    }
    context.check()?;
    let prospects = orders.prospects(&totals.customer)?;
    if !any {
        return collect(prospects.into_iter().map(|code| (code, false)), "prospects");
    }
    let mut known = filled(orders.ids().len(), false, "prospects")?;
    for code in &totals.customer {
        known[*code as usize] = true;
    }
    let mut is_prospect = filled(orders.ids().len(), false, "prospects")?;
    for code in prospects {
        is_prospect[code as usize] = true;
    }
    let mut found = Vec::new();
    for code in orders.ids().by_id()? {
        let at = *code as usize;
        if !known[at] && (sampled[at] || is_prospect[at]) {
            push(&mut found, (*code, sampled[at]), "prospects")?;
        }
    }
    Ok(found)
}

/// The analysis `cpm`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct Cpm;

impl Analysis for Cpm {
    const NAME: &'static str = "cpm";
    const SUMMARY: &'static str = "Customer portfolio: segment and state of each customer, and what is missing to the next segment";
    const JA: &'static str = "CPM分析（顧客ポートフォリオ）";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        SEGMENT, "Segment of the portfolio.";
        STATE;
        ORDERS, "Orders, or days with orders (`occasion`).";
        TENURE_DAYS, "Last order − first order.";
        REVENUE;
        RECENCY_DAYS;
        "days_until_churn": Int, "days", "離脱までの日数",
            "Days until churned without another order; null once churned.";
        "toddler_distance_days": Int, "days", "よちよち境界までの日数", "Tenure − toddler_days.";
        "trend_distance_days": Int, "days", "流行境界までの日数", "Tenure − trend_days.";
        "money_distance": Money, "currency", "金額境界までの差", "Revenue − the money threshold.";
    };
    type Data = Orders;
    type Options = Options;

    fn resolve(orders: &Orders, scope: Scope, options: Options) -> Result<(Scope, Options)> {
        resolve(orders, scope, options)
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let totals = Totals::new(orders, at, context)?;
        let portfolio = segment(&totals, at, options)?;
        let extra = match options.prospects {
            true => without_orders(orders, &totals, context)?,
            false => Vec::new(),
        };
        let ids = totals.ids.clone();
        let money = portfolio.money;
        let table = table(&totals, portfolio, options, &extra)?;
        let table = match extra.is_empty() {
            true => table,
            false => super::rfm::by_customer(table, &ids)?,
        };
        Ok(table
            .with_note("money_threshold", json!(orders.currency().major(money)))
            .with_note("churn_days", json!(at.churn_days)))
    }
}

fn table(
    totals: &Totals,
    portfolio: Portfolio,
    options: &Options,
    extra: &[(u32, bool)],
) -> Result<Table> {
    let f = Cpm::COLUMNS;
    let (n, currency) = (totals.len(), totals.currency);
    // Customers without orders are appended; the caller sorts.
    let total = n + extra.len();
    let codes = (0..total).map(|i| match i < n {
        true => totals.customer[i],
        false => extra[i - n].0,
    });
    let segments = (0..total).map(|i| match i < n {
        true => portfolio.segment[i] as u8,
        false if extra[i - n].1 => Segment::Trial as u8,
        false => Segment::Prospect as u8,
    });
    let states = (0..total).map(|i| (i < n).then(|| portfolio.state[i] as u8));
    let zeros = (0..total).map(|i| if i < n { totals.orders[i] } else { 0 });
    let spent = (0..total).map(|i| if i < n { totals.revenue[i] } else { 0 });
    let left = (0..total).map(|i| {
        if i < n {
            portfolio.days_until_churn[i]
        } else {
            None
        }
    });
    let days =
        |of: fn(&Totals, usize) -> i32| (0..total).map(move |i| (i < n).then(|| of(totals, i)));
    let distance = |limit: u32| {
        let distance = move |i: usize| i64::from(totals.tenure_days(i)) - i64::from(limit);
        (0..total).map(move |i| (i < n).then(|| distance(i).max(i64::from(i32::MIN)) as i32))
    };
    let shortfall = (0..total).map(|i| match i < n {
        true => totals.revenue[i].saturating_sub(portfolio.money),
        false => 0,
    });
    let has_orders = collect((0..total).map(|i| i < n), "table")?;
    Ok(Table::new(vec![
        Column::ids(&f[0], &totals.ids, codes)?,
        Column::words(&f[1], Segment::LABELS, segments.map(Some))?,
        Column::words(&f[2], State::LABELS, states)?,
        Column::ints(&f[3], zeros.map(Some))?,
        Column::ints(&f[4], days(Totals::tenure_days))?,
        Column::money(&f[5], spent, currency)?,
        Column::ints(&f[6], days(Totals::recency_days))?,
        Column::ints(&f[7], left)?,
        Column::ints(&f[8], distance(options.toddler_days))?,
        Column::ints(&f[9], distance(options.trend_days))?,
        Column::money(&f[10], shortfall, currency)?.with_validity(has_orders),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder(boundary: Boundary) -> Ladder {
        Ladder {
            toddler_days: 90,
            trend_days: 210,
            money: 70_000,
            boundary,
        }
    }

    #[test]
    fn the_ladder_by_hand() {
        let segment = |n, t, a| ladder(Boundary::Exclusive).segment(n, t, a);
        assert_eq!(segment(1, 0, 1_000_000), Segment::First);
        assert_eq!(segment(2, 89, 1_000_000), Segment::Toddler);
        assert_eq!(segment(2, 90, 69_999), Segment::Steady);
        assert_eq!(segment(2, 209, 70_000), Segment::Trend);
        assert_eq!(segment(2, 210, 70_000), Segment::Excellent);
        let inclusive = |n, t, a| ladder(Boundary::Inclusive).segment(n, t, a);
        assert_eq!(inclusive(2, 90, 1_000_000), Segment::Toddler);
        assert_eq!(inclusive(2, 211, 70_000), Segment::Steady);
        assert_eq!(inclusive(2, 210, 70_001), Segment::Trend);
    }

    #[test]
    fn the_default_threshold_is_of_the_currency() {
        let threshold = |currency| {
            let orders = Orders::builder(currency, crate::Zone::UTC)
                .order("a", "2025-01-05", 10)
                .order("a", "2025-06-05", 30)
                .build()
                .unwrap();
            let (at, context) = (At::new("2025-12-31".parse().unwrap()), Context::default());
            let totals = Totals::new(&orders, &at, &context).unwrap();
            segment(&totals, &at, &Options::default()).unwrap().money
        };
        assert_eq!(threshold(Currency::JPY), 70_000);
        // A builder takes minor units: the mean order is 20 cents, seven of them are 140.
        assert_eq!(threshold(Currency::USD), 140);
    }

    #[test]
    fn churn_has_one_side() {
        let at = At::new(crate::Day(0));
        assert!(!at.is_churned(239) && at.is_churned(240));
        assert_eq!(at.days_until_churn(239), Some(1));
        assert_eq!(at.days_until_churn(240), None);
        let after = At {
            churn_boundary: crate::scope::ChurnBoundary::After,
            ..at
        };
        assert!(!after.is_churned(240) && after.is_churned(241));
        assert_eq!(after.days_until_churn(240), Some(1));
    }
}
