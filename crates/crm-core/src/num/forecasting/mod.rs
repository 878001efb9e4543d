//! Forecasts of one series of equal periods: exponential smoothing, theta, methods for intermittent demand.

pub mod ets;
pub mod intermittent;
pub mod season;
mod simplex;
pub mod theta;
