//! Purchase intent (購入意向): the probability that a visitor buys soon, from recent events.
//!
//! # Definition
//!
//! ```text
//! score = Σ weight(kind) · 2^(−(as_of − t) / half_life)          over the visitor's events
//! ```
//!
//! with the weights of the options for the kinds that sessions and carts use, and 0 for other
//! kinds. The score is never below 0.
//!
//! **Calibration**: the score is also computed at `as_of − horizon`, from the events known then,
//! and compared with the purchases in the horizon that followed. The probability of a purchase in
//! the horizon *after* `as_of` is the isotonic regression of purchases on that score: pools of
//! visitors whose share of buyers ascends with the score. It needs at least `min_purchases`
//! visitors who bought and as many who did not; otherwise `purchase_probability` is null and the
//! note `calibrated` false. A score between two pools has the probability of the lower pool; a
//! score below all pools has the lowest probability.
//!
//! The weights are a convention of this library, larger for steps nearer to a purchase. The
//! calibration uses only the order of the scores. Seasons and campaigns that were not in the last
//! horizon are not predicted.
//!
//! # References
//!
//! - Ayer, M., Brunk, H. D., Ewing, G. M., Reid, W. T., Silverman, E. (1955). An empirical
//!   distribution function for sampling with incomplete information. *Annals of Mathematical
//!   Statistics* 26, 641-647. (pool adjacent violators)

use super::sessions::VISITOR_ID;
use crate::analysis::Analysis;
use crate::behavior::fields::PURCHASE_PROBABILITY;
use crate::context::{Context, collect, push, room};
use crate::data::Events;
use crate::data::events::kinds;
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::table::optional::ids_column;
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns};
use crate::time::Duration;
use crate::words::EventWord;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Options of the intent score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Time in which an event loses half of its weight. Default 7 days.
    pub half_life: Duration,
    /// Time in which the purchase is predicted. Default 7 days.
    pub horizon: Duration,
    /// The weight of each kind.
    pub weights: Weights,
    /// Buyers (and others) that the calibration needs. Default 100.
    pub min_purchases: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            half_life: Duration::days(7),
            horizon: Duration::days(7),
            weights: Weights::default(),
            min_purchases: 100,
        }
    }
}

/// The weight of an event of each kind, from -1e9 to 1e9.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// Default 1.
    pub view: f64,
    /// Default 2.
    pub product_view: f64,
    /// Default 6.
    pub add: f64,
    /// Default −4.
    pub remove: f64,
    /// Default 10.
    pub checkout: f64,
    /// Default 10.
    pub payment_failed: f64,
    /// Default 0: a visitor who has bought is not expected to buy the same again soon.
    pub purchase: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Weights {
            view: 1.0,
            product_view: 2.0,
            add: 6.0,
            remove: -4.0,
            checkout: 10.0,
            payment_failed: 10.0,
            purchase: 0.0,
        }
    }
}

impl Weights {
    fn of(&self, word: EventWord) -> f64 {
        match word {
            EventWord::View => self.view,
            EventWord::ProductView => self.product_view,
            EventWord::Add => self.add,
            EventWord::Remove => self.remove,
            EventWord::Checkout => self.checkout,
            EventWord::PaymentFailed => self.payment_failed,
            EventWord::Purchase => self.purchase,
            // No visit: left out.
            _ => 0.0,
        }
    }
}

/// The score of each visitor at an instant, by the visitor's index; `None` before the visitor's
/// first event.
fn scores(events: &Events, options: &Options, at: i64) -> Result<Vec<Option<f64>>> {
    let data = events.data()?;
    let half_life = options.half_life.micros() as f64;
    let mut scores = room(data.units.len(), "scores")?;
    for unit in 0..data.units.len() {
        let group = data.group(unit);
        let seen = data.time[group.clone()].partition_point(|t| *t <= at);
        let events = group.start..group.start + seen;
        let score = events.clone().filter_map(|event| {
            let weight = options.weights.of(data.word(event)?);
            let age = (at - data.time[event]) as f64;
            Some(weight * libm::exp2(-age / half_life))
        });
        let score: f64 = score.sum();
        scores.push((!events.is_empty()).then_some(score.max(0.0)));
    }
    Ok(scores)
}

/// A pool of visitors: its least score, buyers and visitors.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pool {
    from: f64,
    bought: u64,
    of: u64,
}

/// Isotonic regression by pooling adjacent violators: shares of buyers that ascend with the score.
fn pools(mut visitors: Vec<(f64, bool)>) -> Result<Vec<Pool>> {
    visitors.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut pools: Vec<Pool> = Vec::new();
    for tied in visitors.chunk_by(|a, b| a.0 == b.0) {
        let mut pool = Pool {
            from: tied[0].0,
            bought: tied.iter().filter(|v| v.1).count() as u64,
            of: tied.len() as u64,
        };
        // Pools whose share is not above the share of the pool below are merged.
        while let Some(below) = pools.last().filter(|below| {
            u128::from(below.bought) * u128::from(pool.of)
                >= u128::from(pool.bought) * u128::from(below.of)
        }) {
            pool = Pool {
                from: below.from,
                bought: below.bought + pool.bought,
                of: below.of + pool.of,
            };
            pools.pop();
        }
        push(&mut pools, pool, "pools")?;
    }
    Ok(pools)
}

/// The analysis `purchase_intent`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct PurchaseIntent;

impl Options {
    /// Refuses weights that are too great, and times of zero.
    fn check(&self) -> Result<()> {
        let weights = serde_json::to_value(self.weights).unwrap_or_default();
        let small = |v: &serde_json::Value| v.as_f64().is_some_and(|v| v.abs() <= 1e9);
        if !weights.as_object().is_some_and(|w| w.values().all(small)) {
            return Err(Error::option("weights", "", "numbers from -1e9 to 1e9"));
        }
        if self.half_life.micros() == 0 || self.horizon.micros() == 0 {
            let name = match self.half_life.micros() {
                0 => "half_life",
                _ => "horizon",
            };
            return Err(Error::option(name, 0, "a time longer than zero"));
        }
        Ok(())
    }
}

impl Analysis for PurchaseIntent {
    const NAME: &'static str = "purchase_intent";
    const SUMMARY: &'static str = "How likely each visitor is to buy soon, from recent behaviour, calibrated on the last period";
    const JA: &'static str = "購入意向スコア";
    const NEEDS_AS_OF: bool = true;
    const COLUMNS: &'static [Field] = &columns! {
        VISITOR_ID;
        CUSTOMER_ID;
        "last_event_at": Instant, "", "最終行動日時", "The visitor's last event.";
        "score": Float, "", "意向スコア", "Weighted, decaying sum over the visitor's events.";
        PURCHASE_PROBABILITY, "Probability of a purchase in the horizon; null without enough history.";
    };
    const VISITS: bool = true;
    type Data = Events;
    type Options = Options;

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        kinds::need(events, Self::NAME, &[EventWord::Purchase], &[])?;
        options.check()?;
        let data = events.data()?;
        let now = scores(events, options, events.as_of)?;
        context.check()?;
        let cut = events.as_of.saturating_sub(options.horizon.micros());
        let then = scores(events, options, cut)?;
        let mut history = room(then.len(), "scores")?;
        for (unit, score) in then.iter().enumerate() {
            if let Some(score) = score {
                let mut later = data.group(unit).rev().take_while(|e| data.time[*e] > cut);
                let bought = later.any(|e| data.word(e) == Some(EventWord::Purchase));
                history.push((*score, bought));
            }
        }
        let bought = history.iter().filter(|h| h.1).count();
        let least = options.min_purchases.max(1) as usize;
        let calibrated = bought >= least && history.len() - bought >= least;
        let seen = history.len();
        let pools = match calibrated {
            true => pools(history)?,
            false => Vec::new(),
        };
        let probability = |score: &Option<f64>| {
            let score = (*score)?;
            let at = pools.partition_point(|p| p.from <= score).max(1) - 1;
            pools.get(at).map(|p| p.bought as f64 / p.of as f64)
        };
        let visitors = Values::Id {
            ids: events.visitors()?.clone(),
            codes: collect(data.units.iter().copied(), "table")?,
        };
        let units = 0..data.units.len();
        let f = Self::COLUMNS;
        let mut columns = vec![Column::new(&f[0], visitors)];
        if let Some(joined) = &data.customer {
            let codes = units
                .clone()
                .map(|u| super::follow_up::customer(data, u).unwrap_or(NO_ID));
            columns.push(ids_column(&f[1], &joined.ids, collect(codes, "table")?)?);
        }
        let last = units.map(|u| Some(data.time[data.group(u).end - 1]));
        columns.push(super::columns::instants_column(&f[2], events, last)?);
        columns.push(Column::floats(&f[3], now.iter().copied())?);
        columns.push(Column::floats(&f[4], now.iter().map(probability))?);
        Ok(Table::new(columns)
            .with_note("calibrated", json!(calibrated))
            .with_note("calibration_visitors", json!(seen))
            .with_note("calibration_buyers", json!(bought)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_by_hand() {
        // Shares by score: 1/2, 0/1, 1/1, 1/2, 2/2: the first two pool to 1/3, the next two to 2/3.
        let visitors = vec![
            (1.0, true),
            (1.0, false),
            (2.0, false),
            (3.0, true),
            (4.0, false),
            (4.0, true),
            (5.0, true),
            (5.0, true),
        ];
        let pools = pools(visitors).unwrap();
        let pool = |from, bought, of| Pool { from, bought, of };
        assert_eq!(pools, [pool(1.0, 1, 3), pool(3.0, 2, 3), pool(5.0, 2, 2)]);
    }
}
