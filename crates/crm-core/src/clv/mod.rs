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
//! predictions. Where a shop has [seasons](crate::season) a model's time runs at their pace.
//! The data choose the model, unless it is named. BG/NBD gives every customer without a repeat purchase a P(alive) of 1;
//! MBG/NBD does not.

mod ahead;
pub(crate) mod choice;
mod covariate_columns;
mod customer_columns;
mod fields;
pub(crate) mod frame;
pub mod models;
mod outcome;
pub(crate) mod own_time;
pub(crate) mod shop_time;
pub mod tables;
pub mod tracking;
mod usable;
pub mod value;

pub use choice::Choice;
pub use covariate_columns::{CovariateLists, CovariateNames};
pub use models::histories::{Histories, History, MAX_FREQUENCY, Rows};
pub use models::model::{Fit, Model, Purchases, Status, Unit, VERSION};
pub use models::repeat_model::{Kind, RepeatModel, compare, fit, no_dropout};

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<tables::clv_summary::Summary>(),
    Entry::of::<tables::clv_fit::ClvFit>(),
    Entry::of::<tables::gamma_gamma_fit::GammaGammaFit>(),
    Entry::of::<tables::clv_parameters::ClvParameters>(),
    Entry::of::<tables::compare_models::CompareModels>(),
    Entry::of::<tables::clv_predict::ClvPredict>(),
    Entry::of::<tables::clv_new_customers::ClvNewCustomers>(),
    Entry::of::<tables::expected_spend::ExpectedSpend>(),
    Entry::of::<tables::clv::Clv>(),
    Entry::of::<tables::clv_tracking::ClvTracking>(),
    Entry::of::<tables::alive_path::AlivePath>(),
    Entry::of::<tables::frequency_histogram::FrequencyHistogram>(),
    Entry::of::<tables::expected_surface::ExpectedSurface>(),
    Entry::of::<tables::clv_simulate::ClvSimulate>(),
    Entry::of::<tables::sbg_fit::SbgFit>(),
    Entry::of::<tables::sbg_predict::SbgPredict>(),
    Entry::of::<tables::bgbb_fit::BgbbFit>(),
    Entry::of::<tables::bgbb_predict::BgbbPredict>(),
    Entry::of::<tables::bgbb_histogram::BgbbHistogram>(),
];
