//! The options of recommendations, and their words.

use super::super::baskets::BasketOptions;
use crate::error::{Error, Result};
use crate::table::categories;
use crate::time::Duration;
use crate::words::words;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

words! {
    /// What recommends.
    Method {
        /// Similar to what the customer bought.
        ItemCosine = "item_cosine", "Similar to what was bought", "購入商品との類似";
        /// What follows the last order.
        Transition = "transition", "What follows the last order", "次回購入商品";
        /// What most customers bought.
        Popular = "popular", "Popular", "人気";
        /// What will be used up.
        Due = "due", "Due again", "買い替え時期";
        /// What the customer bought.
        Bought = "bought", "Bought before", "購入履歴";
        /// All of these but `due`, weighted by the last period.
        Blend = "blend", "Blend of methods", "複合";
    }
}

impl Method {
    /// Whether it recommends only what the customer has bought.
    pub(crate) fn is_repeat(self) -> bool {
        matches!(self, Method::Due | Method::Bought)
    }
}

/// What is not recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Exclude {
    /// What the customer has bought.
    Bought,
    /// Nothing.
    None,
}

impl Exclude {
    /// What is not recommended: what is asked for, else what is bought, unless a method recommends just that.
    pub(crate) fn resolved(asked: Option<Exclude>, is_repeat: bool) -> Result<Exclude> {
        match (asked, is_repeat) {
            (Some(Exclude::Bought), true) => {
                let expected =
                    "none with the methods due and bought, which recommend what was bought";
                Err(Error::option("exclude", "bought", expected))
            }
            (None, true) => Ok(Exclude::None),
            (asked, _) => Ok(asked.unwrap_or(Exclude::Bought)),
        }
    }
}

categories! {
    /// Why an item is recommended.
    pub Reason {
        /// Customers who bought the reason's item bought it.
        BoughtWith = "bought_with", "Bought with", "一緒に購入";
        /// Customers who bought the reason's item bought it in their next order.
        BoughtNext = "bought_next", "Bought next", "次に購入";
        /// Many customers bought it lately.
        Popular = "popular", "Popular", "人気";
        /// The usual days since the last purchase are over, or nearly.
        Due = "due", "Due again", "買い替え時期";
        /// The customer bought it before.
        BoughtBefore = "bought_before", "Bought before", "購入履歴";
    }
}

/// What is learned from the orders: the options that `recommend` and `backtest_recommend` share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Learning {
    /// The products that may be recommended (in stock, released), values of `level`. Those without an order are counted
    /// in the notes. Default: all.
    pub candidates: Option<Vec<Value>>,
    /// The column of items: product (default), category, any column of lines or orders with ids or texts.
    pub level: String,
    /// Whether items whose amounts add up to 0 (gifts, samples) are in the order. Default: no.
    pub free: bool,
    /// The time after which a purchase counts half, whole days from 1 to 36,600. Default 90 days.
    pub half_life: Duration,
    /// Customers (`item_cosine`) or orders (`transition`) with both items at which a score is half the unshrunk one. Default 5.
    pub shrinkage: f64,
    /// The least number of customers or orders with both items, 1 or more. Default 2.
    pub min_count: u32,
    /// Similar or next items of each item that are used, 1 to 1,000. Default 50.
    pub neighbours: u32,
    /// Customers of more items are left out of what is learned, and counted, 1 to 10,000. Default 1,000.
    pub max_basket: u32,
    /// Of `blend`: the time before the date whose purchases choose the weights, whole days, 1 to 3,660. Default: 28
    /// days; null for other methods.
    pub period: Option<Duration>,
}

impl Default for Learning {
    fn default() -> Self {
        Learning {
            candidates: None,
            level: BasketOptions::LEVEL.into(),
            free: false,
            half_life: Duration::days(90),
            shrinkage: 5.0,
            min_count: 2,
            neighbours: 50,
            max_basket: 1_000,
            period: None,
        }
    }
}

/// The period of `blend` that is taken if none is asked for.
const PERIOD: Duration = Duration::days(28);

impl Learning {
    /// The period that `blend` takes; refuses one that no method uses.
    pub(crate) fn resolve(&mut self, has_blend: bool) -> Result<()> {
        match (has_blend, self.period) {
            (true, None) => self.period = Some(PERIOD),
            (false, Some(period)) => {
                let expected = "not given: only the method blend has it";
                return Err(Error::option("period", json!(period), expected));
            }
            _ => {}
        }
        Ok(())
    }

    /// The days of the period.
    pub(super) fn period_days(&self) -> Result<i32> {
        let period = self.period.unwrap_or(PERIOD);
        let days = period.whole_days();
        let days = days.filter(|days| (1..=3_660).contains(days));
        let expected = "a whole number of days from 1 to 3,660";
        days.ok_or_else(|| Error::option("period", json!(period), expected))
    }

    /// Refuses options out of range; the half-life in days.
    pub(super) fn check(&self) -> Result<f64> {
        if self.min_count == 0 {
            return Err(Error::option("min_count", 0, "1 or more"));
        }
        if !(self.shrinkage >= 0.0 && self.shrinkage.is_finite()) {
            return Err(Error::option("shrinkage", self.shrinkage, "0 or more"));
        }
        if !(1..=1_000).contains(&self.neighbours) {
            return Err(Error::option("neighbours", self.neighbours, "1 to 1,000"));
        }
        if !(1..=10_000).contains(&self.max_basket) {
            return Err(Error::option("max_basket", self.max_basket, "1 to 10,000"));
        }
        let days = self.half_life.whole_days();
        let days = days.filter(|days| (1..=36_600).contains(days));
        let expected = "a whole number of days from 1 to 36,600";
        let found = || Error::option("half_life", json!(self.half_life), expected);
        Ok(days.ok_or_else(found)?.into())
    }
}

/// Refuses a list of no or very many items.
pub(crate) fn check_k(k: u32) -> Result<usize> {
    match k {
        1..=1_000 => Ok(k as usize),
        _ => Err(Error::option("k", k, "1 to 1,000")),
    }
}
