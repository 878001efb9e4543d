//! Predicted value (LTV) of customers by the buy-till-you-die models.
//!
//! | question | where |
//! |---|---|
//! | who is alive, and what will they buy | [`bg_nbd`] (BG, MBG and regular forms), [`pareto_nbd`], [`nbd`] |
//! | what is a purchase worth | [`gamma_gamma`] |
//! | what is a customer worth | [`value`] |
//! | how long do contracts last | [`sbg`] |
//! | who gives again next year | [`bgbb`] |
//! | which model, and does it fit the data | [`compare`], [`tracking`] |
//!
//! A history is `(x, t_x, T)`: repeat purchase days, time from the first purchase to the last, time
//! from the first purchase to the end of observation. [`Rows`] aggregates histories, [`fit`] fits a
//! model to them, [`Fit`] is plain data with its unit of time, and [`Purchases`] has the
//! predictions. The default model is MBG/NBD: BG/NBD gives every customer without a repeat purchase
//! a P(alive) of 1.

mod any;
pub mod backtest;
pub mod bg_fit;
pub mod bg_nbd;
pub mod bgbb;
pub mod bgbb_tables;
mod bootstrap;
mod codes;
pub mod count_tables;
mod dropout;
mod fields;
pub mod fit_tables;
pub(crate) mod frame;
pub mod gamma_gamma;
mod model;
pub mod nbd;
mod outcome;
mod pairs;
pub mod pareto_fit;
pub mod pareto_nbd;
pub mod predict_tables;
mod regular;
mod rising;
mod rows;
pub mod sbg;
pub mod sbg_tables;
#[cfg(test)]
mod score;
pub mod simulate_tables;
mod tail;
pub mod tracking;
pub mod tracking_tables;
mod usable;
pub mod value;

pub use any::{AnyModel, Kind, compare, fit, no_dropout};
pub use model::{Fit, Model, Purchases, Status, Unit, VERSION};
pub use rows::{Histories, History, MAX_FREQUENCY, Rows};

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
