//! The words of alerts (closed lists), and the columns with the reason and the next level. The sentences are made
//! here, in English and Japanese, when a table is written; all earlier steps use codes and numbers.

use super::fields::{
    COUNTERFACTUAL, COUNTERFACTUAL_JA, NEXT_LEVEL, NEXT_LEVEL_DATE, REASON, REASON_CODE, REASON_JA,
};
use super::predict::Level;
use super::shop::Shop;
use crate::context::{collect, room, text};
use crate::error::{Error, Result};
use crate::table::{Column, Field, Label, Values, labels};
use crate::time::Day;

/// From this number of gaps on, the reason refers to the customer's own cycle instead of the
/// shop's.
const MIN_OWN_GAPS: u32 = 3;

pub(super) const CHANGES: &[Label] = labels! {
    "reached", "Reached", "到達";
    "returned", "Returned", "復帰";
};

const REASONS: &[Label] = labels! {
    "own_cycle", "Longer than the customer's own cycle", "本人の購入周期を超過";
    "shop_cycle", "Longer than the shop's usual cycle", "店舗の購入周期を超過";
    "order_arrived", "An order arrived", "注文あり";
};

pub(super) const SUPPRESSIONS: &[Label] = labels! {
    "opted_out", "Opted out", "配信停止";
    "order_pending", "Order pending", "注文処理中";
    "subscription_open", "Subscription open", "定期継続中";
};

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
            Some(usual) if shop.histories[i].gaps >= MIN_OWN_GAPS => Reason::OwnCycle {
                silent,
                usual,
                share,
            },
            _ => Reason::ShopCycle { silent, share },
        }
    }

    /// Its index in [`REASONS`].
    fn code(&self) -> u8 {
        match self {
            Reason::OwnCycle { .. } => 0,
            Reason::ShopCycle { .. } => 1,
            Reason::OrderArrived { .. } => 2,
        }
    }

    /// The reason as a sentence in English and in Japanese.
    fn sentences(&self) -> Result<[String; 2]> {
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

/// The columns from `reason_code` to `counterfactual_ja`, row by row.
pub(crate) struct Why {
    codes: Vec<Option<u8>>,
    reasons: [Vec<String>; 2],
    next: Vec<Option<(Level, i32)>>,
    then: [Vec<String>; 2],
}

impl Why {
    pub(crate) fn with_room(rows: usize) -> Result<Self> {
        let texts = || Ok::<_, Error>([room(rows, "alerts")?, room(rows, "alerts")?]);
        Ok(Why {
            codes: room(rows, "alerts")?,
            reasons: texts()?,
            next: room(rows, "alerts")?,
            then: texts()?,
        })
    }

    /// A row with its reason, if it has one, and with the next level and its day.
    pub(crate) fn push(
        &mut self,
        reason: Option<Reason>,
        next: Option<(Level, i32)>,
    ) -> Result<()> {
        self.codes.push(reason.as_ref().map(Reason::code));
        let sentences = reason.as_ref().map(Reason::sentences).transpose()?;
        let pairs = self.reasons.iter_mut().zip(sentences.unwrap_or_default());
        let pairs = pairs.chain(self.then.iter_mut().zip(counterfactual(next)?));
        pairs.for_each(|(texts, text)| texts.push(text));
        self.next.push(next);
        Ok(())
    }

    pub(crate) fn columns(self) -> Result<Vec<Column>> {
        let sentence = |field: &Field, texts: Vec<String>, valid: Vec<bool>| {
            let codes = collect(0..texts.len() as u32, "table")?;
            let texts = texts.into();
            Ok::<_, Error>(Column::new(field, Values::Text { codes, texts }).with_validity(valid))
        };
        let has_reason = || collect(self.codes.iter().map(Option::is_some), "table");
        let has_next = || collect(self.next.iter().map(Option::is_some), "table");
        let levels = self
            .next
            .iter()
            .map(|next| next.map(|(level, _)| level as u8));
        let days = self.next.iter().map(|next| next.map(|(_, day)| day));
        let ([reason, reason_ja], [then, then_ja]) = (self.reasons, self.then);
        let columns = [
            Column::words(&REASON_CODE, REASONS, self.codes.iter().copied())?,
            sentence(&REASON, reason, has_reason()?)?,
            sentence(&REASON_JA, reason_ja, has_reason()?)?,
            Column::words(&NEXT_LEVEL, Level::LABELS, levels)?,
            Column::ints(&NEXT_LEVEL_DATE, days)?,
            sentence(&COUNTERFACTUAL, then, has_next()?)?,
            sentence(&COUNTERFACTUAL_JA, then_ja, has_next()?)?,
        ];
        collect(columns.into_iter(), "table")
    }
}

/// The next level unless an order arrives, as a sentence in English and in Japanese; empty after
/// `lost`.
fn counterfactual(next: Option<(Level, i32)>) -> Result<[String; 2]> {
    let Some((level, day)) = next else {
        return Ok([String::new(), String::new()]);
    };
    let (label, day) = (level.label(), Day(day));
    let level = label.en;
    let english = format_args!("{level} from {day} unless an order arrives.");
    let english = text(english, "alerts")?;
    let level = label.ja;
    let japanese = format_args!("このまま注文がなければ{day}に「{level}」になります。");
    Ok([english, text(japanese, "alerts")?])
}
