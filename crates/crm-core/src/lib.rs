//! Customer analytics for e-commerce.
#![forbid(unsafe_code)]

mod error;
pub mod num;

pub use error::{Error, ErrorCode, Result, nearest};
pub use num::{Fraction, Positive, Probability};
