//! Churn alerts (離脱通知): who is slipping away, since when, why, and what happens next.
//!
//! # Definition
//!
//! A customer stands at a level when the overdue probability `G_i(e)` has reached it: due .5, late
//! .8, churn_risk .9, lost .99 ([`predict`](super::predict)). The levels asked for are thresholds: a
//! row is about the highest of them that is reached, whatever lies beyond it.
//!
//! - `reached_on` and `next_level_date` are quantiles of the law fixed at the last order: they do not
//!   move until an order arrives. "Will be lost on that day unless an order arrives" is the
//!   counterfactual.
//! - **One alert per cycle**: `alert_key` is a hash of customer, last purchase day and level, so a
//!   rerun gives the same key and a new order re-arms the alert.
//! - With `since`, only what changed after that day, up to `as_of`: who **reached** a level asked for,
//!   and who stood at one and **returned** by an order.
//! - `priority` ranks by `expected_revenue`, best first: the expected orders of the next 180 days (in
//!   which the chance of being alive is contained, see [`expected`](super::expected)) times the
//!   customer's mean value of a purchase day.
//! - `suppressed_by` says why not to write: `opted_out`, `order_pending` (the last order is pending),
//!   `subscription_open` (the last order is of a subscription). The row stays.
//!
//! A shop without a repeat customer has no law, hence no alerts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::expected::expected_orders;
use super::gap_model::{GapLaw, History, Params};
use super::next_purchase::LEVELS;
use super::predict::{Level, THRESHOLDS, alert_days, overdue_probability};
use super::shop::Shop;
use crate::analysis::Analysis;
use crate::context::{collect, push, room};
use crate::data::{IdRef, KindWord, NO_ID, Orders, StatusWord};
use crate::table::{CUSTOMER_ID, Column, Field, Label, Type, Values};
use crate::{Context, Day, Error, Result, Scope, Table};

/// Days over which a customer's worth is expected.
const WORTH_DAYS: u32 = 180;

/// Gaps from which a customer is judged by a rhythm of their own rather than the shop's.
const OWN_RHYTHM: u32 = 3;

/// Options of the analysis `alerts`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Only what changed after this day, up to `as_of`. Default: everybody who stands at a level.
    pub since: Option<Day>,
    /// Levels asked for. Default: churn_risk.
    pub levels: Vec<Level>,
    /// The gap model in the notes of an earlier table. Default: fitted to these orders.
    pub learned: Option<Params>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            since: None,
            levels: vec![Level::ChurnRisk],
            learned: None,
        }
    }
}

const CHANGES: &[Label] = &[
    Label {
        code: "reached",
        en: "Reached",
        ja: "到達",
    },
    Label {
        code: "returned",
        en: "Returned",
        ja: "復帰",
    },
];
const REASONS: &[Label] = &[
    Label {
        code: "own_cycle",
        en: "Longer than the customer's own cycle",
        ja: "本人の購入周期を超過",
    },
    Label {
        code: "shop_cycle",
        en: "Longer than the shop's usual cycle",
        ja: "店舗の購入周期を超過",
    },
    Label {
        code: "order_arrived",
        en: "An order arrived",
        ja: "注文あり",
    },
];
const SUPPRESSIONS: &[Label] = &[
    Label {
        code: "opted_out",
        en: "Opted out",
        ja: "配信停止",
    },
    Label {
        code: "order_pending",
        en: "Order pending",
        ja: "注文処理中",
    },
    Label {
        code: "subscription_open",
        en: "Subscription open",
        ja: "定期継続中",
    },
];

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

/// The analysis.
#[derive(Debug)]
pub struct Alerts;

impl Analysis for Alerts {
    const NAME: &'static str = "alerts";
    const SUMMARY: &'static str =
        "Customers whose silence is longer than their cycle: since when, why, and what comes next";
    const JA: &'static str = "離脱通知";
    const COLUMNS: &'static [Field] = &[
        Field::new(
            "alert_key",
            Type::Text,
            "",
            "通知キー",
            "The same for every run until an order arrives.",
        ),
        CUSTOMER_ID,
        Field::new(
            "change",
            Type::Category,
            "",
            "変化",
            "Whether the level was reached or left by an order.",
        ),
        Field::new(
            "level",
            Type::Category,
            "",
            "状態",
            "The highest level asked for that is reached, or was.",
        ),
        Field::new(
            "reached_on",
            Type::Date,
            "",
            "到達日",
            "The day the level was reached.",
        ),
        Field::new(
            "last_date",
            Type::Date,
            "",
            "最終購入日",
            "Day of the last purchase.",
        ),
        Field::new(
            "silent_days",
            Type::Int,
            "days",
            "経過日数",
            "Days since the last purchase.",
        ),
        Field::new(
            "usual_gap_days",
            Type::Int,
            "days",
            "通常間隔",
            "Mean gap of the customer; the shop's typical gap without one.",
        ),
        Field::new(
            "overdue_probability",
            Type::Float,
            "",
            "遅延確率",
            "Share of this customer's gaps that are shorter than the silence so far.",
        ),
        Field::new(
            "expected_revenue",
            Type::Money,
            "",
            "期待売上",
            "Expected revenue of the next 180 days.",
        ),
        Field::new(
            "priority",
            Type::Int,
            "",
            "優先順位",
            "Rank by expected revenue, 1 first.",
        ),
        Field::new(
            "reason_code",
            Type::Category,
            "",
            "理由コード",
            "What the silence is measured by.",
        ),
        Field::new(
            "reason",
            Type::Text,
            "",
            "理由（英語）",
            "The reason as a sentence in English.",
        ),
        Field::new(
            "reason_ja",
            Type::Text,
            "",
            "理由",
            "The reason as a sentence in Japanese.",
        ),
        Field::new(
            "next_level",
            Type::Category,
            "",
            "次の状態",
            "The level that comes next unless an order arrives.",
        ),
        Field::new(
            "next_level_date",
            Type::Date,
            "",
            "次の到達日",
            "The day it is reached unless an order arrives.",
        ),
        Field::new(
            "suppressed_by",
            Type::Category,
            "",
            "抑止理由",
            "Why not to write to this customer now.",
        ),
    ];
    const NEEDS_AS_OF: bool = true;
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, scope: &Scope, options: &Options, context: &Context) -> Result<Table> {
        if options.levels.is_empty() || options.levels.contains(&Level::Ok) {
            return Err(Error::option(
                "levels",
                "",
                "at least one of due, late, churn_risk, lost",
            ));
        }
        let shop = Shop::new(orders, scope, options.learned.as_ref(), context)?;
        if options.since.is_some_and(|since| since >= shop.gaps.as_of) {
            return Err(Error::option("since", "", "a day before as_of"));
        }
        let mut alerts = Vec::new();
        for i in 0..shop.gaps.len() {
            if i % Context::BLOCK == 0 {
                context.check()?;
            }
            if let Some(law) = shop.law(i)
                && let Some(alert) = judge(&shop, i, &law, options)
            {
                let suppressed = suppression(orders, &shop, i);
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
        table(&shop, &alerts)
    }
}

/// The row of a customer, if there is one.
fn judge(shop: &Shop, i: usize, law: &GapLaw<'_>, options: &Options) -> Option<Alert> {
    let last = shop.gaps.last_day[i];
    let elapsed = shop.gaps.open_days(i);
    let overdue = overdue_probability(law, elapsed);
    let actual = Level::of(overdue);
    let after = |day: i32| options.since.is_none_or(|since| day > since.0);
    let standing = asked(&options.levels, actual)
        .and_then(|level| Some((level, reached_on(law, level, last)?)))
        .filter(|(_, day)| after(*day));
    let (returned, (level, day)) = match standing {
        Some(standing) => (false, standing),
        None => (true, left_by_an_order(shop, i, options)?),
    };
    let next = (actual < Level::Lost).then(|| Level::ALL[actual as usize + 1]);
    Some(Alert {
        customer: i,
        returned,
        level,
        reached_on: day,
        overdue,
        expected: expected_revenue(shop, i, law),
        next: next.and_then(|level| Some((level, reached_on(law, level, last)?))),
        suppressed: None,
    })
}

/// The highest level asked for that `actual` has reached.
fn asked(levels: &[Level], actual: Level) -> Option<Level> {
    levels
        .iter()
        .copied()
        .filter(|level| *level <= actual)
        .max()
}

fn reached_on(law: &GapLaw<'_>, level: Level, last: i32) -> Option<i32> {
    let threshold = THRESHOLDS[(level as usize).checked_sub(1)?];
    let [days] = alert_days(law, [threshold]);
    last.checked_add_unsigned(days?)
}

/// The level asked for at which the customer stood on `since` and left by an order after it.
fn left_by_an_order(shop: &Shop, i: usize, options: &Options) -> Option<(Level, i32)> {
    let since = options.since?.0;
    let gaps = shop.gaps.of(i);
    let (mut last, mut known) = (shop.gaps.last_day[i], gaps.len());
    while last > since {
        known = known.checked_sub(1)?;
        last = last.checked_sub_unsigned(gaps[known])?;
    }
    if known == gaps.len() {
        return None;
    }
    let law = shop.model.as_ref()?.customer(&History::new(&gaps[..known]));
    let level = asked(
        &options.levels,
        Level::of(overdue_probability(&law, since.abs_diff(last))),
    )?;
    Some((level, reached_on(&law, level, last)?))
}

/// Expected revenue of the next [`WORTH_DAYS`], in minor units.
fn expected_revenue(shop: &Shop, i: usize, law: &GapLaw<'_>) -> i64 {
    let orders = expected_orders(law, shop.gaps.open_days(i), WORTH_DAYS);
    let days = f64::from(shop.histories[i].gaps) + 1.0;
    libm::round(orders * shop.gaps.revenue[i] as f64 / days) as i64
}

fn suppression(orders: &Orders, shop: &Shop, i: usize) -> Option<u8> {
    let code = shop.gaps.customer[i] as usize;
    let row = orders
        .customer_rows
        .as_ref()
        .and_then(|rows| rows.get(code).copied());
    let opted_out = row.filter(|row| *row != NO_ID).is_some_and(|row| {
        let flags = orders
            .customers
            .as_ref()
            .and_then(|table| table.opted_out.as_ref());
        flags.is_some_and(|flags| flags[row as usize])
    });
    let (status, kind) = shop.gaps.last_words(i);
    match (opted_out, status, kind) {
        (true, ..) => Some(0),
        (_, StatusWord::Pending, _) => Some(1),
        (_, _, KindWord::SubFirst | KindWord::SubRenewal) => Some(2),
        _ => None,
    }
}

/// First 16 hex digits of a hash of customer, last purchase day and level.
fn key(shop: &Shop, alert: &Alert) -> String {
    let i = alert.customer;
    // A returned customer's alert was about the silence before: its key is that of the return.
    let mut hash = Sha256::new();
    hash.update([alert.level as u8, u8::from(alert.returned)]);
    hash.update(shop.gaps.last_day[i].to_le_bytes());
    match shop.gaps.ids.at(shop.gaps.customer[i]) {
        IdRef::Int(v) => hash.update(v.to_string()),
        IdRef::Unsigned(v) => hash.update(v.to_string()),
        IdRef::Text(text) => hash.update(text.as_bytes()),
        IdRef::Bytes(bytes) => hash.update(&bytes),
    }
    hash.finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn reason(shop: &Shop, alert: &Alert) -> (u8, String, String) {
    let i = alert.customer;
    let silent = shop.gaps.open_days(i);
    let usual = shop.usual_gap_days(i).unwrap_or(0);
    let share = (alert.overdue * 100.0) as u32;
    if alert.returned {
        let on = Day(shop.gaps.last_day[i]);
        return (
            2,
            format!("An order arrived on {on} after the alert."),
            format!("通知後、{on}に注文がありました。"),
        );
    }
    if shop.histories[i].gaps >= OWN_RHYTHM {
        return (
            0,
            format!(
                "{silent} days without an order; this customer usually returns after {usual} days, and {share} % of such gaps are shorter."
            ),
            format!(
                "{silent}日間注文がありません。この顧客の購入間隔は平均{usual}日で、その{share}%はこれより短い間隔です。"
            ),
        );
    }
    (
        1,
        format!(
            "{silent} days without an order; with few orders so far, {share} % of the gaps of such customers are shorter."
        ),
        format!(
            "{silent}日間注文がありません。注文回数が少ないため店舗全体の傾向から見ると、{share}%はこれより短い間隔です。"
        ),
    )
}

fn table(shop: &Shop, alerts: &[Alert]) -> Result<Table> {
    let [
        key_field,
        id,
        change,
        level,
        reached,
        last,
        silent,
        usual,
        overdue,
        expected,
        priority,
        code,
        english,
        japanese,
        next,
        next_date,
        suppressed,
    ] = Alerts::COLUMNS
    else {
        return Err(Error::internal("columns of alerts"));
    };
    let n = alerts.len();
    let (mut keys, mut codes) = (room(n, "alerts")?, room(n, "alerts")?);
    let (mut sentences, mut sentences_ja) = (room(n, "alerts")?, room(n, "alerts")?);
    for alert in alerts {
        let (code, en, ja) = reason(shop, alert);
        keys.push(key(shop, alert));
        codes.push(code);
        sentences.push(en);
        sentences_ja.push(ja);
    }
    let mut by_worth = collect(0..n, "alerts")?;
    by_worth.sort_unstable_by_key(|&row| (std::cmp::Reverse(alerts[row].expected), row));
    let mut rank = crate::context::filled(n, 0, "alerts")?;
    for (place, row) in by_worth.iter().enumerate() {
        rank[*row] = place as i32 + 1;
    }
    let text = |field: &Field, texts: Vec<String>| -> Result<Column> {
        let codes = collect((0..n).map(|row| row as u32), "alerts")?;
        Ok(Column::new(
            field,
            Values::Text {
                codes,
                texts: texts.into(),
            },
        ))
    };
    let category = |field: &Field, labels: &'static [Label], of: &dyn Fn(&Alert) -> Option<u8>| {
        let cells = collect(alerts.iter().map(|alert| of(alert).unwrap_or(0)), "alerts")?;
        let valid = collect(alerts.iter().map(|alert| of(alert).is_some()), "alerts")?;
        Ok::<_, Error>(
            Column::new(
                field,
                Values::Category {
                    codes: cells,
                    labels,
                },
            )
            .with_validity(valid),
        )
    };
    let ints = |field: &Field, of: &dyn Fn(&Alert) -> Option<i32>| {
        Column::ints(field, alerts.iter().map(of))
    };
    let gaps = &shop.gaps;
    let customers = collect(
        alerts.iter().map(|alert| gaps.customer[alert.customer]),
        "alerts",
    )?;
    let table = Table::new(vec![
        text(key_field, keys)?,
        Column::new(
            id,
            Values::Id {
                ids: gaps.ids.clone(),
                codes: customers,
            },
        ),
        category(change, CHANGES, &|alert| Some(u8::from(alert.returned)))?,
        category(level, LEVELS, &|alert| Some(alert.level as u8))?,
        ints(reached, &|alert| Some(alert.reached_on))?,
        ints(last, &|alert| Some(gaps.last_day[alert.customer]))?,
        ints(silent, &|alert| Some(gaps.open_days(alert.customer) as i32))?,
        ints(usual, &|alert| shop.usual_gap_days(alert.customer))?,
        Column::floats(overdue, alerts.iter().map(|alert| Some(alert.overdue)))?,
        Column::new(
            expected,
            Values::Money(
                collect(alerts.iter().map(|alert| alert.expected), "alerts")?,
                gaps.currency,
            ),
        ),
        Column::new(priority, Values::I32(rank)),
        Column::new(
            code,
            Values::Category {
                codes,
                labels: REASONS,
            },
        ),
        text(english, sentences)?,
        text(japanese, sentences_ja)?,
        category(next, LEVELS, &|alert| {
            alert.next.map(|(level, _)| level as u8)
        })?,
        ints(next_date, &|alert| alert.next.map(|(_, day)| day))?,
        category(suppressed, SUPPRESSIONS, &|alert| alert.suppressed)?,
    ]);
    Ok(shop.noted(table))
}
