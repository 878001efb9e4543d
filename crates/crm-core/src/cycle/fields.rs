//! Columns that several analyses of the family put out.

use crate::table::fields;

fields! {
    pub(super) COUNTERFACTUAL = "counterfactual", Text, "", "今後（英語）",
        "What comes next unless an order arrives, as a sentence in English.";
    pub(super) COUNTERFACTUAL_JA = "counterfactual_ja", Text, "", "今後",
        "What comes next unless an order arrives, as a sentence in Japanese.";
    pub(super) CUSTOMERS = "customers", Int, "customers", "顧客数",
        "Customers whose orders the row rolls up; only with `per` a column of customers.";
    pub(super) LEVEL = "level", Category, "", "状態", "How late the customer is.";
    pub(super) NEXT_LEVEL = "next_level", Category, "", "次の状態", "The level that comes next unless an order arrives.";
    pub(super) NEXT_LEVEL_DATE = "next_level_date", Date, "", "次の到達日",
        "The day it is reached unless an order arrives.";
    pub(super) OVERDUE_PROBABILITY = "overdue_probability", Float, "share", "遅延確率",
        "Share of this customer's gaps that are shorter than the time since the last order.";
    pub(super) PROBABILITY_WITHIN = "probability_within", Float, "share", "期間内購入確率",
        "Probability of an order within the horizon.";
    pub(super) REASON = "reason", Text, "", "理由（英語）", "The reason as a sentence in English.";
    pub(super) REASON_CODE = "reason_code", Category, "", "理由コード", "The rule by which the customer is late.";
    pub(super) REASON_JA = "reason_ja", Text, "", "理由", "The reason as a sentence in Japanese.";
    pub(super) USUAL_GAP_DAYS = "usual_gap_days", Int, "days", "通常間隔",
        "Mean gap of the customer; the shop's typical gap without one.";
}
