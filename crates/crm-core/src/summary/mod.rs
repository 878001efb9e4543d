//! What is known of each customer at a date: the ground that segmentation, retention, value and
//! cycle stand on.

mod totals;

pub use totals::Totals;
