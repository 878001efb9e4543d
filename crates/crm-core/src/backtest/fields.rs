//! Columns that several analyses of the family put out.

use crate::table::fields;

fields! {
    pub(super) EXPECTED_RATE = "expected_rate", Float, "share", "予測購入率", "Mean of the predicted probabilities.";
    pub(super) FLAGGED = "flagged", Int, "customers", "該当者数", "Customers that the rule flags.";
    pub(super) OBSERVED_RATE = "observed_rate", Float, "share", "実購入率", "Share who bought.";
    pub(super) RETURNED = "returned", Int, "customers", "再購入者数", "Customers who ordered again.";
    pub(super) RULE = "rule", Category, "", "規則", "The rule that flags customers.";
}
