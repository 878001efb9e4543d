//! Columns that several analyses of the family put out.

use crate::table::fields;

fields! {
    pub(super) DISCOUNTED_PURCHASES = "discounted_purchases", Float, "purchases", "割引期待購入回数",
        "Expected, each discounted to now; null if infinite.";
    pub(super) EXPECTED_CUSTOMERS = "expected_customers", Float, "customers", "期待人数", "Expected.";
    pub(super) EXPECTED_SPEND = "expected_spend", Float, "currency", "期待購入単価",
        "Expected value of a purchase; null if the model has no mean.";
    pub(super) HIGH = "high", Float, "", "上限", "Upper end of the interval; of a parameter on the log scale.";
    pub(super) LOW = "low", Float, "", "下限", "Lower end of the interval; of a parameter on the log scale.";
    pub(super) OR_MORE = "or_more", Bool, "", "以上",
        "Whether the row holds more frequent customers too: the last.";
    pub(super) PARAMETER = "parameter", Text, "", "母数", "The parameter, or the coefficient of a covariate.";
    pub(super) TIME = "t", Float, "unit", "期間", "Time since the first purchase.";
    pub(super) WEIGHTED_CUSTOMERS = "customers", Float, "customers", "顧客数", "Found, weights counted.";
}
