//! Predicted value (LTV) of customers by the buy-till-you-die models.
//!
//! | question | where |
//! |---|---|
//! | who is alive, and what will they buy | [`models::bg_nbd`] (BG, MBG and regular forms), [`models::pareto_nbd`], [`models::nbd`] |
//! | what is a purchase worth | [`models::gamma_gamma`] |
//! | what is a customer worth | [`value`] |
//! | how long do contracts last | [`models::sbg`] |
//! | who gives again next year | [`models::bgbb`] |
//! | which model, and does it fit the data | [`compare`], [`tracking`] |
//!
//! A history is `(x, t_x, T)`: repeat purchase days, time from the first purchase to the last, time
//! from the first purchase to the end of observation. [`Rows`] aggregates histories, [`fit`] fits a
//! model to them, [`Fit`] is plain data with its unit of time, and [`Purchases`] has the
//! predictions. The default model is MBG/NBD: BG/NBD gives every customer without a repeat purchase
//! a P(alive) of 1.

pub mod backtest;
pub mod bgbb_tables;
pub mod count_tables;
mod fields;
pub mod fit_tables;
pub(crate) mod frame;
pub mod models;
mod outcome;
pub mod predict_tables;
pub mod sbg_tables;
pub mod simulate_tables;
pub mod tracking;
pub mod tracking_tables;
mod usable;
pub mod value;

pub use models::histories::{Histories, History, MAX_FREQUENCY, Rows};
pub use models::model::{Fit, Model, Purchases, Status, Unit, VERSION};
pub use models::repeat_model::{Kind, RepeatModel, compare, fit, no_dropout};

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<fit_tables::ClvFit>(),
    Entry::of::<fit_tables::GammaGammaFit>(),
    Entry::of::<fit_tables::ClvParameters>(),
    Entry::of::<fit_tables::CompareModels>(),
    Entry::of::<predict_tables::ClvPredict>(),
    Entry::of::<predict_tables::ClvNewCustomers>(),
    Entry::of::<predict_tables::ExpectedSpend>(),
    Entry::of::<predict_tables::Clv>(),
    Entry::of::<tracking_tables::ClvTracking>(),
    Entry::of::<tracking_tables::AlivePath>(),
    Entry::of::<count_tables::FrequencyHistogram>(),
    Entry::of::<count_tables::ExpectedSurface>(),
    Entry::of::<simulate_tables::ClvSimulate>(),
    Entry::of::<sbg_tables::SbgFit>(),
    Entry::of::<sbg_tables::SbgPredict>(),
    Entry::of::<bgbb_tables::BgbbFit>(),
    Entry::of::<bgbb_tables::BgbbPredict>(),
    Entry::of::<bgbb_tables::BgbbHistogram>(),
    Entry::of::<backtest::BacktestClv>(),
];
