//! Numbers of each customer at a date: the input of segmentation, retention, value and cycle.

pub mod customer;
mod gaps;
pub mod monthly;
pub mod rolling_origin;
mod running;
mod subscriptions;
mod totals;

pub use gaps::Gaps;
pub(crate) use gaps::Per;
pub use rolling_origin::RollingOrigin;
pub use totals::Totals;

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<customer::Summary>(),
    Entry::of::<monthly::Monthly>(),
];
