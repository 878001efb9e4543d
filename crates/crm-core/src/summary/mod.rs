//! What is known of each customer at a date: the ground that segmentation, retention, value and
//! cycle stand on.

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
