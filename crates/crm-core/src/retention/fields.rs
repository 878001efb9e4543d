//! Columns that several analyses of the family put out.

use crate::table::fields;

fields! {
    pub(super) CUMULATIVE_LTV = "cumulative_ltv", Float, "currency", "累計LTV",
        "Cumulative revenue per customer.";
    pub(super) ORDINAL = "k", Int, "", "購入回数", "The ordinal of the purchase.";
    pub(super) REPEATED = "repeated", Int, "customers", "リピート人数", "Customers seen to make the next purchase.";
    pub(super) REPEAT_RATE = "repeat_rate", Float, "share", "リピート率", "Share with the next purchase.";
    pub(super) REPEAT_RATE_HIGH = "repeat_rate_high", Float, "share", "リピート率(上限)",
        "Upper end of its interval.";
    pub(super) REPEAT_RATE_LOW = "repeat_rate_low", Float, "share", "リピート率(下限)", "Lower end of its interval.";
}
