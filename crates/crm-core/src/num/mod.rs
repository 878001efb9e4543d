//! Numbers: domains as types, special functions, ranks, ratios, survival, random streams.

pub mod lifetime;
pub mod log;
pub mod normal;
mod range;
pub mod rank;
pub mod ratio;
pub mod rng;
pub mod survival;

pub use range::{Fraction, Positive, Probability};
