//! Who are my customers? Scores, portfolios and groups.

pub mod abc;
pub mod cpm;
pub mod cpm_segments;
pub mod decile;
pub mod lorenz;
pub mod movement;
pub mod rfm;
pub mod rfm_cross;
mod rfm_cuts;
mod rfm_grid;
pub mod rfm_segments;
