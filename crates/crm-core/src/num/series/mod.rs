//! Forecasts of one series of numbers: exponential smoothing, theta, and methods for demand with many empty periods.

pub mod intermittent;
mod simplex;
pub mod smoothing;
pub mod theta;
