//! Numerical methods: ranges as types, special functions, ranks, ratios, survival curves,
//! optimisation, random numbers.

mod censored;
pub mod chi_squared;
mod cluster_variance;
pub(crate) mod distinct;
pub(crate) mod elementary;
mod extremes;
pub mod forecasting;
pub mod hypergeometric;
pub mod incomplete;
pub mod lifetime;
pub mod log;
pub mod multiple;
pub mod normal;
pub mod optimize;
pub mod quadrature;
pub mod radix;
mod range;
pub mod rank;
pub mod ratio;
pub(crate) mod rising_factorial;
pub mod rng;
pub mod shrunk_rates;
pub mod special;
pub mod student;
pub(crate) mod sum_error;
pub mod survival;
pub mod two_means;
pub mod two_rates;

pub(crate) use extremes::extremes;
pub use range::{Fraction, Positive, Probability};
