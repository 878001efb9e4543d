//! Purchase cycle: next purchases, churn alerts, and backtests.

pub(crate) mod alert_words;
pub mod alerts;
pub mod backtest;
pub mod baselines;
pub mod expected;
pub mod fit;
pub mod gap_curve;
pub mod gap_distribution;
pub mod gap_model;
mod gap_model_at;
mod gap_params;
mod likelihood;
pub mod likely_buyers;
mod log_gap_table;
pub mod next_purchase;
pub mod posterior;
pub mod predict;
mod product_scale;
pub mod score;
pub(crate) mod shop;
mod subsample;
pub mod survival_curve;
pub mod threshold_sweep;

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<next_purchase::Cycle>(),
    Entry::of::<alerts::Alerts>(),
    Entry::of::<likely_buyers::LikelyBuyers>(),
    Entry::of::<backtest::Backtest>(),
    Entry::of::<backtest::BacktestCalibration>(),
    Entry::of::<backtest::BacktestAlerts>(),
    Entry::of::<threshold_sweep::ThresholdSweep>(),
    Entry::of::<gap_curve::KaplanMeier>(),
    Entry::of::<gap_curve::GapFits>(),
    Entry::of::<survival_curve::SurvivalCurve>(),
];
