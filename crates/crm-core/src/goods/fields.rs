//! Columns of several tables of this family.

use crate::table::fields;

fields! {
    pub(super) BOTH = "n", Int, "baskets", "バスケット数", "Baskets with all of them.";
    pub(super) BUYERS = "buyers", Int, "customers", "購入者数", "Customers with an order that counts.";
    pub(super) INDEX = "index", Float, "", "購入指数", "100 is average.";
    pub(super) PRODUCT = "product", Id, "", "商品", "The item, a value of `level`.";
    pub(super) REASON_CODE = "reason_code", Category, "", "理由コード", "Why.";
    pub(super) SCORE = "score", Float, "", "スコア", "Greater is better.";
    pub(super) SUPPORT = "support", Float, "share", "支持度", "Share of baskets with all of them.";
    pub(super) LIFT = "lift", Float, "", "リフト値", "How many times more frequent than if they were independent.";
    pub(super) LEVERAGE = "leverage", Float, "", "レバレッジ", "Share of baskets with both beyond that of independence.";
    pub(super) CONVICTION = "conviction", Float, "", "確信度",
        "How many times more often the rule would fail if they were independent; null if it never fails.";
    pub(super) ZHANG = "zhang", Float, "", "Zhang指標", "From −1 (never together) over 0 (independent) to 1.";
    pub(super) COSINE = "cosine", Float, "", "コサイン類似度",
        "Baskets with both / geometric mean of the baskets with each.";
    pub(super) JACCARD = "jaccard", Float, "", "ジャカール係数", "Baskets with both / baskets with one or both.";
    pub(super) KULCZYNSKI = "kulczynski", Float, "", "Kulczynski係数", "Mean of both confidences.";
    pub(super) P = "p", Float, "", "p値", "Fisher's exact p-value, one-sided: so many or more together by chance.";
    pub(super) Q = "q", Float, "", "q値", "`p` adjusted for all tests (Benjamini and Hochberg).";
}
