//! The words of alerts (closed lists), and their sentences in English and Japanese.

use super::next_purchase::LEVELS;
use super::predict::Level;
use super::shop::Shop;
use crate::context::text;
use crate::table::Label;
use crate::{Day, Result};

/// From this number of gaps on, the reason refers to the customer's own cycle instead of the
/// shop's.
const OWN_RHYTHM: u32 = 3;

pub(super) const CHANGES: &[Label] = &[
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

pub(crate) const REASONS: &[Label] = &[
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

pub(super) const SUPPRESSIONS: &[Label] = &[
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

/// The reason of an alert.
pub(crate) enum Reason {
    OwnCycle { silent: u32, usual: i32, share: u32 },
    ShopCycle { silent: u32, share: u32 },
    OrderArrived { on: Day },
}

impl Reason {
    pub(crate) fn new(shop: &Shop, i: usize, overdue: f64, returned: bool) -> Self {
        let silent = shop.gaps.open_days(i);
        // The nearest whole percentage, at most 99: 100 % would claim that no gap is longer.
        let share = libm::rint(overdue * 100.0).min(99.0) as u32;
        if returned {
            let on = Day(shop.gaps.last_day[i]);
            return Reason::OrderArrived { on };
        }
        match shop.usual_gap_days(i) {
            Some(usual) if shop.histories[i].gaps >= OWN_RHYTHM => Reason::OwnCycle {
                silent,
                usual,
                share,
            },
            _ => Reason::ShopCycle { silent, share },
        }
    }

    /// Its index in [`REASONS`].
    pub(crate) fn code(&self) -> u8 {
        match self {
            Reason::OwnCycle { .. } => 0,
            Reason::ShopCycle { .. } => 1,
            Reason::OrderArrived { .. } => 2,
        }
    }

    /// The reason as a sentence in English and in Japanese.
    pub(crate) fn sentences(&self) -> Result<[String; 2]> {
        let say = |arguments| text(arguments, "alerts");
        Ok(match self {
            Reason::OwnCycle {
                silent,
                usual,
                share,
            } => [
                say(format_args!(
                    "{silent} days without an order; this customer usually returns after {usual} days, and {share} % of such gaps are shorter."
                ))?,
                say(format_args!(
                    "{silent}日間注文がありません。この顧客の購入間隔は平均{usual}日で、その{share}%はこれより短い間隔です。"
                ))?,
            ],
            Reason::ShopCycle { silent, share } => [
                say(format_args!(
                    "{silent} days without an order; with few orders so far, {share} % of the gaps of such customers are shorter."
                ))?,
                say(format_args!(
                    "{silent}日間注文がありません。注文回数が少ないため店舗全体の傾向から見ると、{share}%はこれより短い間隔です。"
                ))?,
            ],
            Reason::OrderArrived { on } => [
                say(format_args!("An order arrived on {on} after the alert."))?,
                say(format_args!("通知後、{on}に注文がありました。"))?,
            ],
        })
    }
}

/// The next level unless an order arrives, as a sentence in English and in Japanese; empty after
/// `lost`.
pub(crate) fn counterfactual(next: Option<(Level, i32)>) -> Result<[String; 2]> {
    let Some((level, day)) = next else {
        return Ok([String::new(), String::new()]);
    };
    let (label, day) = (LEVELS[level as usize], Day(day));
    let level = label.en;
    let english = format_args!("{level} from {day} unless an order arrives.");
    let english = text(english, "alerts")?;
    let level = label.ja;
    let japanese = format_args!("このまま注文がなければ{day}に「{level}」になります。");
    Ok([english, text(japanese, "alerts")?])
}
