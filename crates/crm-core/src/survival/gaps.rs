//! Gaps of the whole shop as durations: what `kaplan_meier` and `gap_fits` share.
//!
//! A row of the estimate is a gap: completed gaps are events, the open gap of every customer is
//! censored at `as_of`.
//!
//! - **Weights.** Pooled gaps are dominated by frequent buyers. By default each customer has weight
//!   1, shared among their gaps, the open gap included; with `weight: "gap"` each gap has weight 1.
//! - With `customers` only gaps of these customers count.
//! - `gap: 1` keeps the first gap of each customer only (first to second purchase), 2 the second.
//! - Customers who have left never return, so the share S of gaps longer than t days does not go to
//!   0. The gap model of `cycle` distinguishes customers who have left from slow buyers.

use crate::data::Orders;
use crate::num::Fraction;
use crate::num::survival::Subject;
use crate::summary::Gaps;
use serde::{Deserialize, Serialize};

/// What has weight 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Weight {
    /// Each customer.
    Customer,
    /// Each gap.
    Gap,
}

/// Options of the analyses `kaplan_meier` and `gap_fits`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// What has weight 1. Default: each customer.
    pub weight: Weight,
    /// Only the gap of this number; 1 is from the first to the second purchase. Default: all.
    pub gap: Option<std::num::NonZeroU32>,
    /// Confidence of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            weight: Weight::Customer,
            gap: None,
            confidence: Fraction::P95,
        }
    }
}

/// The gaps of each customer who has one of at least `least` days: an open gap of 0 days has no
/// information on a distribution.
pub(super) fn subjects<'a>(
    orders: &'a Orders,
    gaps: &'a Gaps,
    options: Options,
    least: u32,
) -> impl Iterator<Item = Subject<'a>> {
    let shown = (0..gaps.len()).filter(|&i| orders.shows(gaps.customer[i]));
    shown.filter_map(move |i| {
        let done = gaps.of(i);
        let (ended, open) = match options.gap {
            None => (done, true),
            Some(only) => {
                let at = only.get() as usize - 1;
                (done.get(at..=at).unwrap_or_default(), at == done.len())
            }
        };
        // An open gap shares the weight, however short it is.
        let rows = ended.len() + usize::from(open);
        let open = Some(gaps.open_days(i)).filter(|days| open && *days >= least);
        let weight = match options.weight {
            Weight::Customer => 1.0 / rows as f64,
            Weight::Gap => 1.0,
        };
        (!ended.is_empty() || open.is_some()).then_some(Subject {
            ended,
            open,
            weight,
        })
    })
}
