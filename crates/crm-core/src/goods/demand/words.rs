//! The words of options and of the method.

use crate::table::{Label, categories, labels};
use crate::time::Period;
use serde::{Deserialize, Serialize};

/// What is forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DemandMeasure {
    /// Orders that count.
    #[default]
    Orders,
    /// Units: the column `quantity`, which the orders keep if it is one of their `dimensions`.
    Quantity,
    /// Revenue, major units.
    Revenue,
}

/// The length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Frequency {
    /// A civil day; the season is a week.
    #[default]
    Day,
    /// A week from Monday; without a season.
    Week,
    /// A calendar month; the season is a year.
    Month,
}

impl Frequency {
    pub(super) fn period(self) -> Period {
        match self {
            Frequency::Day => Period::Day,
            Frequency::Week => Period::Week,
            Frequency::Month => Period::Month,
        }
    }
}

/// Whether orders of new customers are forecast apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Split {
    /// All orders together.
    #[default]
    None,
    /// The first order of each customer (and orders without a customer), and all later ones.
    NewRepeat,
}

/// Parts of a split.
pub(super) const PARTS: &[Label] = labels! {
    "new", "First orders", "新規";
    "repeat", "Later orders", "リピート";
};

categories! {
    /// What forecasts a series, the simplest first.
    pub Method {
        /// The value of the same place a season before.
        SeasonalNaive = "seasonal_naive", "Same period last season", "前季同時期";
        /// The mean of the last periods.
        Mean = "mean", "Mean of the last periods", "直近平均";
        /// Croston's method with Syntetos' and Boylan's correction.
        CrostonSba = "croston_sba", "Croston (SBA)", "クロストン法 (SBA)";
        /// Teunter's, Syntetos' and Babai's method.
        Tsb = "tsb", "TSB", "TSB法";
        /// Optimised theta.
        Theta = "theta", "Theta", "シータ法";
        /// Exponential smoothing.
        Ets = "ets", "Exponential smoothing", "指数平滑法";
        /// The mean of exponential smoothing and theta.
        EtsTheta = "ets_theta", "Mean of exponential smoothing and theta", "指数平滑法とシータ法の平均";
        /// No demand for so long that none is expected.
        Ended = "ended", "No longer sold", "販売終了";
    }
}
