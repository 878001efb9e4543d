//! Columns that several analyses of the family put out.

use crate::table::fields;

fields! {
    pub(super) ANSWERED = "answered", Int, "complaints", "回答済み件数", "Complaints with an answer.";
    pub(super) COMPLAINTS = "complaints", Int, "complaints", "クレーム件数", "Complaints and inquiries.";
    pub(super) GROUP = "group", Text, "", "グループ", "The value of the column `by`; only with `by`.";
    pub(super) MEAN_SCORE = "mean_score", Float, "", "平均点", "The mean score.";
    pub(super) PRODUCT = "product", Text, "", "商品", "The product.";
    pub(super) REVENUE_PER_CUSTOMER = "revenue_per_customer", Float, "currency", "1人あたり売上",
        "Revenue per customer, major units.";
    pub(super) REVENUE_PER_CUSTOMER_HIGH = "revenue_per_customer_high", Float, "currency", "1人あたり売上(上限)",
        "Upper end of its interval.";
    pub(super) REVENUE_PER_CUSTOMER_LOW = "revenue_per_customer_low", Float, "currency", "1人あたり売上(下限)",
        "Lower end of its interval.";
}
