//! Columns that several analyses of the family put out.

use crate::table::fields;

fields! {
    pub(super) CUSTOMER_SHARE = "customer_share", Float, "share", "顧客構成比", "Share of all customers.";
    pub(super) F_SCORE = "f", Int, "", "F", "Frequency score, best last.";
    pub(super) M_SCORE = "m", Int, "", "M", "Monetary score, best last.";
    pub(super) REVENUE_SHARE = "revenue_share", Float, "share", "売上構成比", "Share of all revenue.";
    pub(super) R_SCORE = "r", Int, "", "R", "Recency score, best last.";
    pub(super) SEGMENT = "segment", Category, "", "セグメント", "The segment; null without one.";
    pub(super) STATE = "state", Category, "", "状態", "Active or churned; null without an order.";
}
