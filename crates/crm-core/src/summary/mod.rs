//! Numbers of each customer at a date, which segmentation, retention, value and cycle read.

pub mod clv_summary;
pub mod customer;
pub mod follow_up;
mod gaps;
pub mod monthly;
mod subscriptions;
mod totals;

pub use follow_up::FollowUp;
pub use gaps::Gaps;
pub(crate) use gaps::Per;
pub use totals::Totals;
