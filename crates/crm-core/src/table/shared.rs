//! Columns that analyses of several families put out: one name, one unit, one heading.

use crate::table::fields;

fields! {
    pub(crate) ACTUAL_REVENUE = "actual_revenue", Money, "currency", "実売上", "Actual revenue.";
    pub(crate) AIC = "aic", Float, "", "AIC", "Smaller is better.";
    pub(crate) AMOUNT = "amount", Money, "currency", "金額", "Net amount.";
    pub(crate) CHANNEL = "channel", Id, "", "流入元", "The channel.";
    pub(crate) CUSTOMERS = "customers", Int, "customers", "顧客数", "Customers.";
    pub(crate) EXPECTED_PURCHASES = "expected_purchases", Float, "purchases", "期待購入回数",
        "Purchases expected within the time ahead; purchase days, where the model counts days.";
    pub(crate) EXPECTED_REVENUE = "expected_revenue", Money, "currency", "期待売上", "Revenue expected.";
    pub(crate) EXPECTED_REVENUE_HIGH = "expected_revenue_high", Money, "currency", "期待売上(上限)",
        "Upper end of its interval.";
    pub(crate) EXPECTED_REVENUE_LOW = "expected_revenue_low", Money, "currency", "期待売上(下限)",
        "Lower end of its interval.";
    pub(crate) FREQUENCY = "frequency", Int, "purchases", "リピート購入回数",
        "Repeat purchases: purchase days after the first, where the model counts days.";
    pub(crate) LAST_DATE = "last_date", Date, "", "最終購入日", "Day of the last purchase.";
    pub(crate) LOG_LIKELIHOOD = "log_likelihood", Float, "", "対数尤度", "The log-likelihood.";
    pub(crate) MEAN_ORDER_VALUE = "mean_order_value", Float, "currency", "平均購入単価",
        "Revenue / orders, major units.";
    pub(crate) MEDIAN_DAYS = "median_days", Float, "days", "次回購入までの日数(中央値)",
        "Median days to the next purchase.";
    pub(crate) METHOD = "method", Category, "", "方法", "What predicts.";
    pub(crate) ORDERS = "orders", Int, "orders", "注文数", "Orders.";
    pub(crate) ORIGIN = "origin", Date, "", "予測時点", "The day predicted from: nothing later is seen.";
    pub(crate) PROBABILITY = "probability", Float, "share", "確率", "The probability.";
    pub(crate) PROBABILITY_ALIVE = "probability_alive", Float, "share", "生存確率",
        "Probability of still being a customer now.";
    pub(crate) RANK = "rank", Int, "", "順位", "1 for the first.";
    pub(crate) RECENCY = "recency", Float, "unit", "初回から最終までの期間", "First to last purchase day.";
    pub(crate) RECENCY_DAYS = "recency_days", Int, "days", "最終購入からの日数", "Days since the last order.";
    pub(crate) REPEAT_RATE = "repeat_rate", Float, "share", "リピート率", "Share with the next purchase.";
    pub(crate) REPEAT_RATE_HIGH = "repeat_rate_high", Float, "share", "リピート率(上限)",
        "Upper end of its interval.";
    pub(crate) REPEAT_RATE_LOW = "repeat_rate_low", Float, "share", "リピート率(下限)", "Lower end of its interval.";
    pub(crate) RETENTION_RATE = "retention_rate", Float, "share", "継続率", "Share that stays.";
    pub(crate) REVENUE = "revenue", Money, "currency", "売上", "Revenue on the scope's basis.";
    pub(crate) SHARE = "share", Float, "share", "構成比", "Share of the whole.";
    pub(crate) SOURCE = "source", Text, "", "遷移元", "Where it comes from.";
    pub(crate) STANDARD_ERROR = "standard_error", Float, "", "標準誤差", "Null unless the fit converged.";
    pub(crate) SUPPRESSED_BY = "suppressed_by", Category, "", "除外理由",
        "Why not to write to this customer now.";
    pub(crate) SURVIVAL_RATE = "survival_rate", Float, "share", "残存率", "Share that is left.";
    pub(crate) SURVIVAL_RATE_HIGH = "survival_rate_high", Float, "share", "残存率(上限)",
        "Upper end of its interval.";
    pub(crate) SURVIVAL_RATE_LOW = "survival_rate_low", Float, "share", "残存率(下限)",
        "Lower end of its interval.";
    pub(crate) TARGET = "target", Text, "", "遷移先", "Where it goes.";
    pub(crate) TENURE_DAYS = "tenure_days", Int, "days", "在籍日数", "Last date − first date.";
    pub(crate) TIME_OBSERVED = "T", Float, "unit", "観測期間", "First purchase day to the end of observation.";
    pub(crate) VALUE = "value", Float, "", "値", "The estimate.";
}
