//! Purchase cycle: when a customer buys next, who is slipping away, and whether we were right.

pub mod baselines;
pub mod fit;
pub mod gap_model;
mod log_law;
pub mod predict;
pub mod score;
