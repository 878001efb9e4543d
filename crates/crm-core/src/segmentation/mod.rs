//! Who are my customers? Scores, portfolios and groups.

pub mod rfm;
