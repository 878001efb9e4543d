//! Parameters that several tables share.

use crate::error::{Error, Result};
use crate::time::Duration;

/// The default `churn_days` of `purchase_counts` and `purchase_flow`.
pub(super) const CHURN_DAYS: u32 = 180;

/// A duration as a number of days.
pub(super) fn whole_days(option: &'static str, duration: Duration) -> Result<i32> {
    duration.whole_days().ok_or_else(|| {
        Error::option(
            option,
            serde_json::json!(duration),
            "a whole number of days",
        )
    })
}
