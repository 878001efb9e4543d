//! Retention (継続・離脱): how many customers buy again, how soon, and the value of cohorts.

mod fields;
mod grouping;
mod history;
mod mean_cumulative;

mod waits;
mod worth;

pub mod acquisition;
pub mod cohort;
pub mod first_product;
pub mod lead_time;
pub mod purchase_count;
pub mod purchase_flow;

pub mod repeat_rate;

use crate::num::ratio::Ratio;
use crate::table::{Column, Field};
use crate::{Duration, Error, Result};

/// The default `churn_days` of `purchase_counts` and `purchase_flow`.
const CHURN_DAYS: u32 = 180;

/// A duration as a number of days.
fn whole_days(option: &'static str, duration: Duration) -> Result<i32> {
    duration.whole_days().ok_or_else(|| {
        Error::option(
            option,
            serde_json::json!(duration),
            "a whole number of days",
        )
    })
}

/// The three columns of a share: value, low, high.
fn share_columns(fields: &[Field; 3], shares: &[Ratio]) -> Result<[Column; 3]> {
    Ok([
        Column::floats(&fields[0], shares.iter().map(|s| s.value))?,
        Column::floats(&fields[1], shares.iter().map(|s| s.low))?,
        Column::floats(&fields[2], shares.iter().map(|s| s.high))?,
    ])
}

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<purchase_count::PurchaseCounts>(),
    Entry::of::<repeat_rate::RepeatRate>(),
    Entry::of::<lead_time::LeadTimes>(),
    Entry::of::<lead_time::LeadTimeQuantiles>(),
    Entry::of::<cohort::CohortMatrix>(),
    Entry::of::<purchase_flow::PurchaseFlow>(),
    Entry::of::<first_product::FirstProduct>(),
    Entry::of::<acquisition::Acquisition>(),
];
