//! Predicted value: the buy-till-you-die models.

pub mod bg_fit;
pub mod bg_nbd;
mod codes;
mod dropout;
pub mod gamma_gamma;
mod model;
mod pairs;
pub mod pareto_fit;
pub mod pareto_nbd;
mod regular;
mod rising;
mod rows;
mod tail;

pub use model::{Fit, Model, Purchases, Status, Unit, VERSION};
pub use rows::{Histories, History, MAX_FREQUENCY, Rows};
