//! Retention (継続・離脱): how many customers buy again, how soon, and the value of cohorts.

mod fields;
mod grouping;
mod history;
mod mean_cumulative;
mod parameters;
mod shares;
mod waits;
mod worth;

pub mod acquisition;
pub mod cohort;
pub mod first_product;
pub mod lead_time;
pub mod purchase_count;
pub mod purchase_flow;
pub mod repeat_rate;

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
