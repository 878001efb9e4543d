//! Options of the analysis `experiment`.

use crate::data::Whose;
use crate::error::{Error, Result};
use crate::num::{Fraction, Positive};
use crate::time::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How variants are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// Once, at the end: the number of people was decided before.
    #[default]
    Fixed,
    /// At any time and as often as one likes.
    AlwaysValid,
    /// By the probability of being the best and the expected loss.
    Bayes,
}

/// How p-values of several comparisons are adjusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Adjust {
    /// Holm: the probability of one false finding is bounded.
    #[default]
    Holm,
    /// Benjamini and Hochberg: the expected share of false findings is bounded.
    Bh,
    /// Not at all.
    None,
}

/// The interval of one rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RateInterval {
    /// Wilson's.
    #[default]
    Wilson,
    /// Clopper and Pearson's.
    ClopperPearson,
    /// Jeffreys'.
    Jeffreys,
}

/// The interval of the difference of two rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DifferenceInterval {
    /// Newcombe's.
    #[default]
    Newcombe,
    /// Miettinen and Nurminen's score interval.
    Score,
    /// Wald's.
    Wald,
}

/// The interval of the ratio of two rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RatioInterval {
    /// On the scale of logarithms.
    #[default]
    Log,
    /// Miettinen and Nurminen's score interval.
    Score,
}

/// The test of two rates that `p` is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Test {
    /// The pooled z test.
    #[default]
    Z,
    /// Fisher's exact test.
    Fisher,
    /// The chi-squared test with Yates' correction.
    Yates,
}

/// What makes `always_valid` valid at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Sequence {
    /// The asymptotic confidence sequence.
    #[default]
    ConfidenceSequence,
    /// The mixture sequential probability ratio test.
    Msprt,
}

/// Options of [`Experiment`](super::experiment::Experiment).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// How variants are judged: at the end, at any time, or by probabilities.
    pub method: Method,
    /// The variant that the others are compared with. Default: none is named; then it is `control`, if there is a
    /// variant of that name, else the first in ascending order.
    pub control: Option<String>,
    /// The columns of values of a table with one row per unit; of events `purchase_rate`, `orders`, `revenue`. Default:
    /// `value`; of events all three.
    pub measures: Vec<String>,
    /// A column with a value of each unit from before the experiment, which reduces the variance (CUPED). Only of a
    /// table with one row per unit; of events `before`, the same measure in the time `before`. Default: none.
    pub covariate: Option<String>,
    /// A column that the values are divided by: the mean is `Σ value / Σ denominator`, as for revenue per session.
    /// Only of a table with one row per unit. Default: none, the number of rows.
    pub denominator: Option<String>,
    /// Values above this quantile of all values of the measure are set to it. Only of a table with one row per unit.
    /// Default: none.
    pub winsorize: Option<Fraction>,
    /// The experiment, by the campaign of its `assigned` events. Only of events. Default: none is named; then the only one.
    pub experiment: Option<String>,
    /// How long after the assignment an order counts. Only of events. Default: none is given; then 14 days.
    pub window: Option<Duration>,
    /// How long before the assignment the covariate `before` begins. Only of events. Default: none is given; then 28 days.
    pub before: Option<Duration>,
    /// Whose assignments and orders belong together. Only of events. Default: none is said; then customers, if the log
    /// has them, else visitors.
    pub per: Option<Whose>,
    /// The share of people that each variant was to get, for the test of the sample ratio; numbers above 0, of which
    /// only the ratios count. Default: none, equal shares.
    pub shares: Option<BTreeMap<String, Positive>>,
    /// Confidence level of the intervals and of the verdict. Default 0.95.
    pub confidence: Fraction,
    /// How `p_adjusted` allows for all variants and measures.
    pub adjust: Adjust,
    /// The interval of each rate.
    pub rate_interval: RateInterval,
    /// The interval of the difference of rates, with `fixed`.
    pub difference_interval: DifferenceInterval,
    /// The interval of the ratio of rates, with `fixed`.
    pub ratio_interval: RatioInterval,
    /// The test of rates, with `fixed`.
    pub test: Test,
    /// What makes `always_valid` valid.
    pub sequence: Sequence,
    /// The number of people at which the confidence sequence is narrowest. Default 5000.
    pub tuning: Positive,
    /// The variance of the differences that are expected between variants, in the square of the measure's unit, for
    /// `msprt`. Default 0.0001, for rates.
    pub mixing_variance: Positive,
}

impl Options {
    /// Refuses options that the method does not read.
    ///
    /// # Errors
    ///
    /// Such an option.
    pub(super) fn check(&self) -> Result<()> {
        let d = Options::default();
        let fixed = "the method \"fixed\"";
        let tested = "the methods \"fixed\" and \"always_valid\"";
        let always = "the method \"always_valid\"";
        let is = |method: Method| self.method == method;
        let sequence = is(Method::AlwaysValid) && self.sequence == Sequence::ConfidenceSequence;
        let msprt = is(Method::AlwaysValid) && self.sequence == Sequence::Msprt;
        let given = [
            ("test", self.test != d.test && !is(Method::Fixed), fixed),
            (
                "difference_interval",
                self.difference_interval != d.difference_interval && !is(Method::Fixed),
                fixed,
            ),
            (
                "ratio_interval",
                self.ratio_interval != d.ratio_interval && !is(Method::Fixed),
                fixed,
            ),
            (
                "adjust",
                self.adjust != d.adjust && is(Method::Bayes),
                tested,
            ),
            (
                "sequence",
                self.sequence != d.sequence && !is(Method::AlwaysValid),
                always,
            ),
            (
                "tuning",
                self.tuning != d.tuning && !sequence,
                "the method \"always_valid\" with the sequence \"confidence_sequence\"",
            ),
            (
                "mixing_variance",
                self.mixing_variance != d.mixing_variance && !msprt,
                "the method \"always_valid\" with the sequence \"msprt\"",
            ),
        ];
        refuse(&given)?;
        let twice = |(at, name): (usize, &String)| self.measures[..at].contains(name);
        match self.measures.iter().enumerate().any(twice) {
            true => Err(Error::option(
                "measures",
                serde_json::json!(self.measures),
                "each measure once",
            )),
            false => Ok(()),
        }
    }

    /// Refuses options of rates; all measures are means.
    ///
    /// # Errors
    ///
    /// Such an option.
    pub(super) fn refuse_rates(&self) -> Result<()> {
        let d = Options::default();
        let rates = "a measure that is a rate; all measures here are means";
        refuse(&[
            ("test", self.test != d.test, rates),
            (
                "rate_interval",
                self.rate_interval != d.rate_interval,
                rates,
            ),
            (
                "difference_interval",
                self.difference_interval != d.difference_interval,
                rates,
            ),
            (
                "ratio_interval",
                self.ratio_interval != d.ratio_interval,
                rates,
            ),
        ])
    }
}

/// Refuses the first option that is given in vain.
fn refuse(given: &[(&'static str, bool, &'static str)]) -> Result<()> {
    match given.iter().find(|(_, in_vain, _)| *in_vain) {
        Some((name, _, expected)) => Err(Error::option(*name, "", *expected)),
        None => Ok(()),
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            method: Method::Fixed,
            control: None,
            measures: vec!["value".into()],
            covariate: None,
            denominator: None,
            winsorize: None,
            experiment: None,
            window: None,
            before: None,
            per: None,
            shares: None,
            confidence: Fraction::P95,
            adjust: Adjust::Holm,
            rate_interval: RateInterval::Wilson,
            difference_interval: DifferenceInterval::Newcombe,
            ratio_interval: RatioInterval::Log,
            test: Test::Z,
            sequence: Sequence::ConfidenceSequence,
            tuning: Positive::new(5000.0).expect("above 0"),
            mixing_variance: Positive::new(1e-4).expect("above 0"),
        }
    }
}
