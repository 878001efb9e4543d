//! Numbers: domains as types, special functions, ranks, ratios, survival, random streams.

mod range;
pub mod rank;
pub mod rng;

pub use range::{Fraction, Positive, Probability};
