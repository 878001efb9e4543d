//! Numerical methods: ranges as types, special functions, ranks, ratios, survival curves,
//! optimisation, random numbers.

mod censored;
mod cluster_variance;
pub(crate) mod distinct;
pub(crate) mod elementary;
pub mod incomplete;
pub mod lifetime;
pub mod log;
pub mod normal;
pub mod optimize;
pub mod quadrature;
pub mod radix;
mod range;
pub mod rank;
pub mod ratio;
pub(crate) mod rising_factorial;
pub mod rng;
pub mod special;
pub(crate) mod sum_error;
pub mod survival;

pub use range::{Fraction, Positive, Probability};
