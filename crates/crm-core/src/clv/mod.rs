//! Predicted value: the buy-till-you-die models.

pub mod bg_fit;
pub mod bg_nbd;
pub mod bgbb;
mod codes;
mod dropout;
pub mod gamma_gamma;
mod model;
pub mod nbd;
mod pairs;
pub mod pareto_fit;
pub mod pareto_nbd;
mod regular;
mod rising;
mod rows;
pub mod sbg;
mod tail;
pub mod value;

pub use model::{Fit, Model, Purchases, Status, Unit, VERSION};
pub use rows::{Histories, History, MAX_FREQUENCY, Rows};
