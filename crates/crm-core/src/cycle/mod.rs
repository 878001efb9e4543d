//! Purchase cycle: next purchases and churn alerts.

pub(crate) mod alert_words;
pub mod alerts;
pub mod baselines;
pub mod expected;
mod fields;
pub mod fit;
pub mod gap_distribution;
pub mod gap_model;
mod gap_model_at;
mod gap_params;
pub mod kinds;
mod likelihood;
pub mod likely_buyers;
mod log_gap_table;
pub mod next_purchase;
pub mod posterior;
pub mod predict;
mod product_scale;
mod search;
pub(crate) mod shop;
mod subsample;

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<next_purchase::Cycle>(),
    Entry::of::<alerts::Alerts>(),
    Entry::of::<likely_buyers::LikelyBuyers>(),
];
