//! Columns that several analyses of the family put out.

use crate::table::fields;

fields! {
    pub(super) ABANDONED_AT = "abandoned_at", Instant, "", "放棄日時", "When it counted as abandoned.";
    pub(super) MATCHES = "matches", Int, "matches", "該当回数", "Matches that do not overlap.";
    pub(super) MEDIAN_SECONDS = "median_seconds", Float, "seconds", "所要時間中央値", "Median time taken.";
    pub(super) P90_SECONDS = "p90_seconds", Float, "seconds", "所要時間90%点", "Nine in ten took no longer.";
    pub(super) PRODUCT = "product", Id, "", "商品", "The product.";
    pub(super) PURCHASE_PROBABILITY = "purchase_probability", Float, "share", "購入確率", "Probability of a purchase.";
    pub(super) SESSION = "session", Int, "", "訪問回数", "1 for the visitor's first session.";
    pub(super) SESSIONS = "sessions", Int, "sessions", "セッション数", "Sessions.";
    pub(super) STARTED_AT = "started_at", Instant, "", "開始日時", "First event.";
    pub(super) STEP = "step", Int, "", "段階", "1 for the first step.";
    pub(super) VIEWS = "views", Int, "views", "閲覧数", "Page views.";
}
