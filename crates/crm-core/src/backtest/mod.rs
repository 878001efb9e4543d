//! Backtests (予測の検証): predictions at earlier dates, compared with later orders.
//!
//! | question | analysis |
//! |---|---|
//! | how right were the predicted dates and probabilities of next purchases | [`next_purchase`], [`calibration`] |
//! | did the alerts name those who left | [`alerts`] |
//! | how right were predicted purchases and revenue | [`clv`] |
//! | from which threshold on do customers not come back | [`threshold_sweep`] |
//!
//! The family is above the others: it judges their predictions. [`score`] has the scores.

pub mod alerts;
pub mod calibration;
pub mod clv;
mod fields;
pub mod next_purchase;
mod rolling;
pub mod score;
pub mod threshold_sweep;

pub use rolling::Options;

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<next_purchase::Backtest>(),
    Entry::of::<calibration::BacktestCalibration>(),
    Entry::of::<alerts::BacktestAlerts>(),
    Entry::of::<clv::BacktestClv>(),
    Entry::of::<threshold_sweep::ThresholdSweep>(),
];
