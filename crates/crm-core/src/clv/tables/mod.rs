//! The analyses of the family: fits and predictions as tables, one analysis a file.
//!
//! `fit_table`, `histogram_table`, `patterns` and `purchase_days` are what several share.

pub mod alive_path;
pub mod bgbb_fit;
pub mod bgbb_histogram;
pub mod bgbb_predict;
pub mod clv;
pub mod clv_fit;
pub mod clv_new_customers;
pub mod clv_parameters;
pub mod clv_predict;
pub mod clv_simulate;
pub mod clv_summary;
pub mod clv_tracking;
pub mod compare_models;
pub mod expected_spend;
pub mod expected_surface;
mod fit_table;
pub mod frequency_histogram;
pub mod gamma_gamma_fit;
mod histogram_table;
mod patterns;
mod purchase_days;
pub mod sbg_fit;
pub mod sbg_predict;
