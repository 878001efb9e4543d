//! Columns that several analyses of the family put out.

use crate::table::fields;

fields! {
    pub(super) CUMULATIVE_LTV = "cumulative_ltv", Float, "currency", "累計LTV",
        "Cumulative revenue per customer.";
    pub(super) ORDINAL = "k", Int, "", "購入回数", "The ordinal of the purchase.";
    pub(super) REPEATED = "repeated", Int, "customers", "リピート人数", "Customers seen to make the next purchase.";
}
