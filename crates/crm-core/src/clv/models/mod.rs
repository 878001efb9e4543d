//! The models: their parameters, likelihoods, fits and predictions.

pub mod bg_fit;
pub mod bg_nbd;
pub mod bgbb;
pub(crate) mod bootstrap;
pub(crate) mod covariate_fit;
pub mod covariates;
mod dropout;
pub mod gamma_gamma;
pub(crate) mod histories;
pub(crate) mod memo;
pub(crate) mod model;
pub mod nbd;
pub mod pareto_fit;
mod pareto_integral;
pub mod pareto_nbd;
mod regular;
pub(crate) mod repeat_model;
pub mod sbg;
#[cfg(test)]
mod score;
