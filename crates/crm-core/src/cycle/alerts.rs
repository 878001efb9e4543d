//! Churn alerts (離脱通知): customers who are overdue, with date, reason and next level.
//!
//! # Definition
//!
//! A customer is at a level if the overdue probability `G_i(e)` has reached it: due .5, late .8,
//! churn_risk .9, lost .99 ([`predict`](super::predict)). The requested levels are thresholds: a
//! row has the highest of them that the customer has reached. Customers at lost are left out and
//! counted in the note `lost_left_out`, unless `lost` is requested: the default, churn_risk, lists
//! customers who can still be won back and not all customers who were ever lost. With
//! `["churn_risk", "lost"]` both are listed, each with its own level.
//!
//! - `reached_on` and `next_level_date` are quantiles of the gap distribution fixed at the last
//!   order. With the same document of [`learn`](crate::shop_model::learn) in each run (made for example
//!   once a month), they do not change until a new order. Without `learned` each run fits the model
//!   again, and some dates change, more so in small shops. The counterfactual, "lost from that day
//!   unless an order arrives", is `next_level` with its date, and a sentence. With
//!   `lost_by_churn_days` a customer is also lost after `churn_days` without an order, whichever is
//!   first.
//! - **One alert per cycle and level**: `alert_key` is a hash of the customer (product, company),
//!   the last purchase day and the level, so a rerun gives the same key, and after a new order a
//!   later alert has a new key. The key is not secret: anyone who knows the ids can compute it.
//! - With `since`, only changes after that day: the difference to a run as of `since`, which did
//!   not use later orders. Rows are customers who **reached** a requested level at which they were
//!   not then, and customers who were at one and **returned** by an order. So daily runs list each
//!   customer once, also if a change of the shop's parameters, and not a further day without an
//!   order, moved the customer over the threshold; `reached_on` may then be before `since`. Without
//!   `learned`, a change of parameters can also lower a level: a level that was reached after
//!   `since` and lowered by `as_of` is in neither run.
//! - `priority` ranks by `expected_revenue`, best first: the expected orders of the next 180 days
//!   (including the probability of being alive, see [`expected`](super::expected)) times the
//!   customer's mean value of a purchase day.
//! - `suppressed_by` is the reason not to write: `opted_out`, `order_pending` (the last order is
//!   pending), `subscription_open` (a subscription, 定期, is open, whatever one-off orders came
//!   since). Orders do not record the end of a subscription, so it counts as ended
//!   `subscription_cycles` cycles after its last order (`sub_first` or `sub_renewal`). Its cycle is
//!   the median of the customer's renewal gaps (of an even number, the lower of the middle two);
//!   without a renewal, the median of all renewal gaps in the shop, or 31 days. With two cycles,
//!   the default, one delivery may be skipped. A suppressed row stays in the table.
//! - `per`, `seasonality` and `learned` are those of [`cycle`](super::next_purchase): alerts of
//!   customers for a product, or of companies, which have no opt-out.
//!
//! A shop without a repeat customer has no gap distribution and no alerts. If the orders end more
//! than 30 days before `as_of`, the note `data_end` has the number of days: customers may only look
//! inactive.

use crate::sha256::Sha256;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::alert_words::{CHANGES, Reason, SUPPRESSIONS, Why};
use super::expected::expected_orders;
use super::fields::{
    COUNTERFACTUAL, COUNTERFACTUAL_JA, CUSTOMERS, LEVEL, NEXT_LEVEL, NEXT_LEVEL_DATE,
    OVERDUE_PROBABILITY, REASON, REASON_CODE, REASON_JA, USUAL_GAP_DAYS,
};
use super::gap_distribution::GapDistribution;
use super::predict::{Level, THRESHOLDS, alert_days, overdue_probability};
use super::shop::{CUSTOMER, Shop, View};
use crate::analysis::Analysis;
use crate::context;
use crate::context::{Context, collect, filled, push, room};
use crate::data::Orders;
use crate::data::filter::Item;
use crate::document::Learned;
use crate::error::{Error, Result};
use crate::ids::{IdRef, NO_ID};
use crate::num::Positive;
use crate::scope::{At, Occasion};
use crate::season::Seasons;
use crate::table::shared::{EXPECTED_REVENUE, LAST_DATE, SUPPRESSED_BY};
use crate::table::{CUSTOMER_ID, Column, Field, Label, Table, Values, columns};
use crate::time::Day;
use crate::words::StatusWord;

/// The horizon of `expected_revenue`, in days.
const WORTH_DAYS: u32 = 180;

/// Options of the analysis `alerts`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Only changes after this day, up to `as_of`: the difference to a run as of that day. Default:
    /// none, all customers at a requested level.
    pub since: Option<Day>,
    /// The requested levels. Customers at lost are left out and counted in the notes, unless lost
    /// is requested. Default: churn_risk.
    pub levels: Vec<Threshold>,
    /// Whether a customer is `lost` after `churn_days` without an order, whatever their own cycle.
    /// Default: no.
    pub lost_by_churn_days: bool,
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
    /// Cycles without a subscription order after which a subscription counts as ended and no longer
    /// suppresses alerts. A cycle is the median of the customer's renewal gaps. Default 2: one
    /// delivery may be skipped.
    pub subscription_cycles: Positive,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            since: None,
            levels: vec![Threshold::ChurnRisk],
            lost_by_churn_days: false,
            per: CUSTOMER.into(),
            seasonality: Seasons::Auto,
            learned: None,
            subscription_cycles: Positive::new(2.0).expect("2 is positive"),
        }
    }
}

/// A [`Level`] that an alert can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Threshold {
    /// 購入時期: half of this customer's gaps are shorter.
    Due,
    /// 遅れ: from .8.
    Late,
    /// 離脱傾向: from .9; the default.
    ChurnRisk,
    /// 離脱: from .99, or from `churn_days` on.
    Lost,
}

impl From<Threshold> for Level {
    fn from(threshold: Threshold) -> Level {
        match threshold {
            Threshold::Due => Level::Due,
            Threshold::Late => Level::Late,
            Threshold::ChurnRisk => Level::ChurnRisk,
            Threshold::Lost => Level::Lost,
        }
    }
}

/// One row.
struct Alert {
    customer: usize,
    returned: bool,
    level: Level,
    reached_on: i32,
    overdue: f64,
    /// Minor units.
    expected: i64,
    next: Option<(Level, i32)>,
    suppressed: Option<u8>,
}

/// The analysis `alerts`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug)]
pub struct Alerts;

impl Analysis for Alerts {
    const NAME: &'static str = "alerts";
    const SUMMARY: &'static str =
        "Customers who are late by their own cycle: since when, why, and what comes next";
    const JA: &'static str = "離脱通知";
    const COLUMNS: &'static [Field] = &columns! {
        "alert_key": Text, "", "通知キー", "A key that is the same in every run until the level changes or an order arrives.";
        CUSTOMER_ID;
        CUSTOMERS;
        "change": Category, "", "変化", "Whether the level was reached, or was left because of an order.";
        LEVEL,
            "The highest of `levels` that is or was reached; for lost customers only lost.";
        "reached_on": Date, "", "到達日", "The day the level was reached.";
        LAST_DATE;
        "silent_days": Int, "days", "経過日数", "Days since the last purchase.";
        USUAL_GAP_DAYS;
        OVERDUE_PROBABILITY;
        EXPECTED_REVENUE, "Expected revenue of the next 180 days.";
        "priority": Int, "", "優先順位", "Rank by expected revenue, 1 first.";
        REASON_CODE;
        REASON;
        REASON_JA;
        NEXT_LEVEL;
        NEXT_LEVEL_DATE;
        COUNTERFACTUAL;
        COUNTERFACTUAL_JA;
        SUPPRESSED_BY, "Reason not to write to this customer now.";
    };
    const NEEDS_AS_OF: bool = true;
    const OCCASION: Option<Occasion> = Some(Occasion::Day);
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        if options.levels.is_empty() {
            return Err(Error::option(
                "levels",
                "[]",
                "at least one of due, late, churn_risk, lost",
            ));
        }
        let view = View {
            learned: options.learned.as_ref(),
            per: &options.per,
            seasonality: &options.seasonality,
        };
        let shop = Shop::new(orders, at, &view, context)?;
        let before = match options.since {
            Some(since) => Some(earlier(orders, at, (&shop, since), &view, context)?),
            None => None,
        };
        let cycles = options.subscription_cycles.get();
        let subscribed = shop.gaps.subscriptions.open(shop.gaps.as_of.0, cycles)?;
        // The rows at `since` are in the same order as the rows now.
        let mut known = 0;
        let mut alerts = Vec::new();
        let mut lost = 0_u64;
        for i in 0..shop.gaps.len() {
            if i % Context::BLOCK == 0 {
                context.check()?;
            }
            let then = match &before {
                Some(before) if before.is_row(known, &shop, i) => {
                    known += 1;
                    Then::new(before, known - 1, at, options)
                }
                _ => None,
            };
            let Some(distribution) = shop.gap_distribution(i) else {
                continue;
            };
            let silence = Silence::new(
                &distribution,
                shop.gaps.last_day[i],
                churn_days(at, options),
            );
            if silence.level(shop.gaps.open_days(i)) == Level::Lost && shop.shows(orders, i) {
                lost += 1;
            }
            if let Some(alert) = judge(&shop, i, &distribution, then, at, options) {
                let subscribed = subscribed.get(i) == Some(&true);
                let suppressed = suppression(orders, &shop, i, subscribed);
                push(
                    &mut alerts,
                    Alert {
                        suppressed,
                        ..alert
                    },
                    "alerts",
                )?;
            }
        }
        let table = table(&shop, &alerts, orders, at)?;
        Ok(match options.levels.contains(&Threshold::Lost) {
            true => table,
            false => table.with_note("lost_left_out", json!(lost)),
        })
    }
}

/// The shop as it was known on the day `since`.
fn earlier(
    orders: &Orders,
    at: &At,
    (now, since): (&Shop, Day),
    view: &View,
    context: &Context,
) -> Result<Shop> {
    if since >= now.gaps.as_of {
        let expected = format!("a day before as_of ({})", now.gaps.as_of);
        return Err(Error::option("since", since, expected));
    }
    Shop::new(orders, &At { day: since, ..*at }, view, context)
}

/// The requested level of a customer on `since`.
struct Then {
    level: Level,
    reached_on: i32,
    /// The day of the last order up to `since`.
    last: i32,
}

impl Then {
    fn new(before: &Shop, i: usize, at: &At, options: &Options) -> Option<Self> {
        let (distribution, last) = (before.gap_distribution(i)?, before.gaps.last_day[i]);
        let silence = Silence::new(&distribution, last, churn_days(at, options));
        let level = asked(&options.levels, silence.level(before.gaps.open_days(i)))?;
        Some(Then {
            level,
            reached_on: silence.reached_on(level)?,
            last,
        })
    }
}

fn churn_days(at: &At, options: &Options) -> Option<i32> {
    match options.lost_by_churn_days {
        true => at.days_until_churn(0),
        false => None,
    }
}

/// The alert of a customer, if there is one.
fn judge(
    shop: &Shop,
    i: usize,
    distribution: &GapDistribution<'_>,
    then: Option<Then>,
    at: &At,
    options: &Options,
) -> Option<Alert> {
    let last = shop.gaps.last_day[i];
    let elapsed = shop.gaps.open_days(i);
    let silence = Silence::new(distribution, last, churn_days(at, options));
    let actual = silence.level(elapsed);
    let (then, returned) = match then {
        Some(then) if then.last == last => (Some(then.level), None),
        then => (None, then),
    };
    let standing = asked(&options.levels, actual)
        .filter(|level| then.is_none_or(|then| *level > then))
        .and_then(|level| Some((level, silence.reached_on(level)?)));
    let (returned, (level, day)) = match (standing, returned) {
        (Some(standing), _) => (false, standing),
        (None, Some(then)) => (true, (then.level, then.reached_on)),
        (None, None) => return None,
    };
    Some(Alert {
        customer: i,
        returned,
        level,
        reached_on: day,
        overdue: overdue_probability(distribution, elapsed),
        expected: expected_revenue(shop, i, distribution),
        next: silence.next(actual),
        suppressed: None,
    })
}

/// The highest requested level that `actual` has reached; for lost, only lost itself.
fn asked(levels: &[Threshold], actual: Level) -> Option<Level> {
    if actual == Level::Lost {
        return levels.contains(&Threshold::Lost).then_some(actual);
    }
    levels
        .iter()
        .map(|level| Level::from(*level))
        .filter(|level| *level <= actual)
        .max()
}

/// The dates of the levels after an order, fixed at that order.
pub(crate) struct Silence<'a, 'm> {
    distribution: &'a GapDistribution<'m>,
    /// Day of that order.
    last: i32,
    /// Days after it from which the customer is lost by `churn_days`.
    churn_days: Option<i32>,
}

impl<'a, 'm> Silence<'a, 'm> {
    pub(crate) fn new(
        distribution: &'a GapDistribution<'m>,
        last: i32,
        churn_days: Option<i32>,
    ) -> Self {
        Self {
            distribution,
            last,
            churn_days,
        }
    }

    pub(crate) fn level(&self, elapsed: u32) -> Level {
        match self.churn_days {
            Some(days) if i64::from(elapsed) >= i64::from(days) => Level::Lost,
            _ => Level::of(overdue_probability(self.distribution, elapsed)),
        }
    }

    /// The day on which a level is reached. A customer who is lost by `churn_days` has reached all
    /// levels.
    pub(crate) fn reached_on(&self, level: Level) -> Option<i32> {
        let threshold = THRESHOLDS[(level as usize).checked_sub(1)?];
        let [days] = alert_days(self.distribution, [threshold]);
        let churned = self.churn_days.map(i32::unsigned_abs);
        let days = days.into_iter().chain(churned).min()?;
        Day(self.last).after(days).map(|day| day.0)
    }

    /// The level after `actual` unless an order arrives, and its day.
    pub(crate) fn next(&self, actual: Level) -> Option<(Level, i32)> {
        let level = *Level::ALL.get(actual as usize + 1)?;
        let day = self.reached_on(level)?;
        Some(match self.reached_on(Level::Lost) {
            Some(lost) if lost <= day => (Level::Lost, lost),
            _ => (level, day),
        })
    }
}

/// Expected revenue of the next [`WORTH_DAYS`] days, in minor units; 0 for a customer whose refunds
/// exceed the purchases, because no order is expected to cost the shop money.
fn expected_revenue(shop: &Shop, i: usize, distribution: &GapDistribution<'_>) -> i64 {
    let orders = expected_orders(distribution, shop.gaps.open_days(i), WORTH_DAYS);
    let days = f64::from(shop.histories[i].gaps) + 1.0;
    libm::round(orders * shop.gaps.revenue[i].max(0) as f64 / days) as i64
}

fn suppression(orders: &Orders, shop: &Shop, i: usize, subscribed: bool) -> Option<u8> {
    let code = shop.gaps.customer[i] as usize;
    let of_customers = shop.per.as_ref().is_none_or(|per| !per.rolled_up);
    let row = orders
        .customer_rows
        .as_ref()
        .and_then(|rows| rows.get(code).copied());
    let row = row.filter(|row| *row != NO_ID && of_customers);
    let opted_out = row.is_some_and(|row| {
        let flags = orders
            .customers
            .as_ref()
            .and_then(|table| table.opted_out.as_ref());
        flags.is_some_and(|flags| flags[row as usize])
    });
    match (opted_out, shop.gaps.last_status(i)) {
        (true, _) => Some(0),
        (_, StatusWord::Pending) => Some(1),
        _ if subscribed => Some(2),
        _ => None,
    }
}

/// The first 16 hex digits of a hash of the row's customer (product, company), last purchase day
/// and level.
fn key(shop: &Shop, alert: &Alert) -> Result<String> {
    let i = alert.customer;
    // The alert of a returned customer refers to the gap before the return; its key has the day of
    // the return.
    let mut hash = Sha256::default();
    hash.update([alert.level as u8, u8::from(alert.returned)]);
    hash.update(shop.gaps.last_day[i].to_le_bytes());
    // Each part is hashed with its kind and length, so that different customers, products or
    // companies cannot give the same bytes.
    let mut part = |what: u8, bytes: &[u8]| {
        hash.update([what]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    let mut id = |what: u8, id: IdRef<'_>| match id {
        IdRef::Int(v) => part(what, &v.to_le_bytes()),
        IdRef::Unsigned(v) => part(what, &v.to_le_bytes()),
        IdRef::Text(text) => part(what, text.as_bytes()),
        IdRef::Bytes(bytes) => part(what, &bytes),
    };
    if shop.per.as_ref().is_none_or(|per| !per.rolled_up) {
        id(0, shop.gaps.ids.at(shop.gaps.customer[i]));
    }
    if let Some(per) = &shop.per {
        match per.attribute.values.item(per.places[i]) {
            Item::Id(value) => id(1, value),
            Item::Word(word) => part(1, word.as_bytes()),
            Item::Day(day) => part(1, &day.0.to_le_bytes()),
            Item::Bool(truth) => part(1, &[u8::from(truth)]),
            Item::Major(..) | Item::Null => {}
        }
        hash.update(&*per.name);
    }
    let digest = hash.finish();
    let first = digest
        .iter()
        .take(8)
        .fold(0, |hash, byte| hash << 8 | u64::from(*byte));
    context::text(format_args!("{first:016x}"), "alerts")
}

fn table(shop: &Shop, alerts: &[Alert], orders: &Orders, at: &At) -> Result<Table> {
    let [
        key_field,
        _,
        _,
        change,
        level,
        reached,
        last,
        silent,
        usual,
        overdue,
        expected,
        priority,
        ..,
        suppressed,
    ] = Alerts::COLUMNS
    else {
        return Err(Error::internal("columns of alerts"));
    };
    let n = alerts.len();
    let mut why = Why::with_room(n)?;
    let mut keys = room(n, "alerts")?;
    for alert in alerts {
        keys.push(key(shop, alert)?);
        let reason = Reason::new(shop, alert.customer, alert.overdue, alert.returned);
        why.push(Some(reason), alert.next)?;
    }
    let keys = Values::Text {
        codes: collect(0..n as u32, "alerts")?,
        texts: keys.into(),
    };
    let rank = ranks(alerts)?;
    let category = |field: &Field, labels: &'static [Label], of: &dyn Fn(&Alert) -> Option<u8>| {
        Column::words(field, labels, alerts.iter().map(of))
    };
    let ints = |field: &Field, of: &dyn Fn(&Alert) -> Option<i32>| {
        Column::ints(field, alerts.iter().map(of))
    };
    let gaps = &shop.gaps;
    let mut columns = vec![Column::new(key_field, keys)];
    columns.extend(shop.keys(alerts.iter().map(|alert| alert.customer))?);
    columns.extend([
        category(change, CHANGES, &|alert| Some(u8::from(alert.returned)))?,
        category(level, Level::LABELS, &|alert| Some(alert.level as u8))?,
        ints(reached, &|alert| Some(alert.reached_on))?,
        ints(last, &|alert| Some(gaps.last_day[alert.customer]))?,
        ints(silent, &|alert| Some(gaps.open_days(alert.customer) as i32))?,
        ints(usual, &|alert| shop.usual_gap_days(alert.customer))?,
        Column::floats(overdue, alerts.iter().map(|alert| Some(alert.overdue)))?,
        Column::money(
            expected,
            alerts.iter().map(|alert| alert.expected),
            gaps.currency,
        )?,
        Column::new(priority, Values::I32(rank)),
    ]);
    columns.extend(why.columns()?);
    columns.push(category(suppressed, SUPPRESSIONS, &|alert| {
        alert.suppressed
    })?);
    let rows = alerts.iter().map(|alert| alert.customer);
    shop.noted(columns, rows, orders, at)
}

/// The place of each alert by expected revenue, 1 for the greatest; of equal ones the first is before.
fn ranks(alerts: &[Alert]) -> Result<Vec<i32>> {
    let mut by_worth = collect(0..alerts.len(), "alerts")?;
    by_worth.sort_unstable_by_key(|&row| (std::cmp::Reverse(alerts[row].expected), row));
    let mut rank = filled(alerts.len(), 0, "alerts")?;
    for (place, row) in by_worth.iter().enumerate() {
        rank[*row] = place as i32 + 1;
    }
    Ok(rank)
}
