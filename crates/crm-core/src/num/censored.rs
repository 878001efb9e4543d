//! Durations of which some are still open, and the curve that is made of them.

use super::Fraction;
use serde::{Deserialize, Serialize};

/// The input of [`kaplan_meier`](crate::num::survival::kaplan_meier): columns of equal length.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rows<'a> {
    /// Duration, in the unit the curve will be in; finite and ≥ 0.
    pub durations: &'a [f64],
    /// True where the duration ended in the event, false where it is still open.
    pub observed: &'a [bool],
    /// Weight of each row, finite and > 0; absent: 1 each.
    pub weights: Option<&'a [f64]>,
    /// The cluster (customer) of each row; absent: rows are independent.
    pub clusters: Option<&'a [u32]>,
}

/// A Kaplan-Meier curve, one entry per distinct duration, ascending.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curve {
    /// The distinct durations.
    pub times: Vec<f64>,
    /// Weight of the rows whose duration is at least this.
    pub at_risk: Vec<f64>,
    /// Weight of the events at this duration.
    pub events: Vec<f64>,
    /// S just after this duration.
    pub survival: Vec<f64>,
    /// Variance of `ln S` just after this duration; meaningless where S is 0.
    pub ln_variance: Vec<f64>,
    /// The number of independent units: clusters, or the weight of all rows.
    pub subjects: f64,
    /// Confidence level of the intervals.
    pub level: Fraction,
    /// The normal quantile of the level: 1.96 at 95 %.
    pub(super) z: f64,
    /// The scale of the intervals.
    pub(super) scale: Scale,
}

/// The scale on which an interval of S is symmetric (R's `conf.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Scale {
    /// `ln(−ln S)`; never outside 0 and 1.
    #[default]
    LogLog,
    /// `ln S`.
    Log,
    /// `S`.
    Plain,
}
