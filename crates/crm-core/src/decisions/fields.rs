//! Columns that several analyses of the family put out.

use crate::table::fields;

fields! {
    pub(super) CHANNEL = "channel", Text, "", "配信手段", "The channel; only if it is sent.";
    pub(super) DECIDED_BY = "decided_by", Text, "", "判定ルール",
        "The rule or the column that decided; null if it is sent.";
    pub(super) DECISION = "decision", Category, "", "判定", "Send, hold or skip.";
    pub(super) DEDUPE_KEY = "dedupe_key", Id, "", "配信キー", "The key under which it is sent once.";
    pub(super) SEND_AT = "send_at", Instant, "", "配信日時",
        "When it is sent, or may be at the earliest: null if it is skipped, expires before or waits for a budget.";
    pub(super) TRIGGER = "trigger", Text, "", "施策", "What the message is about.";
}
