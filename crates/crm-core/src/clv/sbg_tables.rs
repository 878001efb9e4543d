//! Contracts as analyses of a table: `sbg_fit` fits the survivors of cohorts, `sbg_predict`
//! predicts coming periods.
//!
//! The fit reads a column `survivors`: a cohort's size, then the customers left after one period,
//! after two, and so on. Several cohorts follow each other, with a column `period` in which each 0
//! begins a cohort. Formulas are in [`crate::clv::models::sbg`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::analysis::Analysis;
use crate::clv::fields::{HIGH, LOW, PARAMETER};
use crate::clv::fit_tables::{default_level, table};
use crate::clv::frame::{fit_of, whole};
use crate::clv::models::model::Fit;
use crate::clv::models::sbg;
use crate::context::{Context, collect, push};
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::table::shared::{RETENTION_RATE, STANDARD_ERROR, SURVIVAL_RATE, VALUE};
use crate::table::{Column, Field, Table, columns};

/// Options of [`SbgFit`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FitOptions {
    /// Confidence level of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            confidence: default_level(),
        }
    }
}

/// The analysis `sbg_fit`.
pub struct SbgFit;

impl Analysis for SbgFit {
    const NAME: &'static str = "sbg_fit";
    const SUMMARY: &'static str =
        "the shifted beta-geometric model of the durations of contracts, from numbers of survivors";
    const JA: &'static str = "契約継続モデルの推定";
    const COLUMNS: &'static [Field] = &[PARAMETER, VALUE, STANDARD_ERROR, LOW, HIGH];
    const OPTIONAL: &'static [&'static str] = &["period"];
    type Data = Table;
    type Options = FitOptions;

    fn run(data: &Table, _: &(), options: &FitOptions, _: &Context) -> Result<Table> {
        let survivors = data.numbers("survivors")?;
        let mut starts = Vec::new();
        if data.column("period").is_some() {
            let mut next = 0;
            for (row, period) in whole(data, "period")?.into_iter().enumerate() {
                if period == 0 {
                    push(&mut starts, row, "cohorts")?;
                } else if period != next || row == 0 {
                    let expected = "0 where a cohort begins, and one more than the row before";
                    return Err(Error::value("period", row, expected));
                }
                next = period + 1;
            }
        } else {
            push(&mut starts, 0, "cohorts")?;
        }
        let ends = starts.iter().skip(1).copied().chain([survivors.len()]);
        let mut cohorts = Vec::new();
        for (start, end) in starts.iter().zip(ends) {
            push(&mut cohorts, &survivors[*start..end], "cohorts")?;
        }
        table(&sbg::fit(&cohorts)?, options.confidence)
    }
}

/// Options of [`SbgPredict`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PredictOptions {
    /// The model: the JSON of a fit, or of parameters `alpha` and `beta`. Needed.
    pub fit: Value,
    /// Discount rate per period, at least 0. Default 0.1.
    pub discount_rate: f64,
}

impl Default for PredictOptions {
    fn default() -> Self {
        Self {
            fit: Value::Null,
            discount_rate: 0.1,
        }
    }
}

/// Checks a discount rate per period.
pub(crate) fn rate(rate: f64) -> Result<f64> {
    match rate >= 0.0 && rate.is_finite() {
        true => Ok(rate),
        false => Err(Error::option(
            "discount_rate",
            rate,
            "a finite number, at least 0",
        )),
    }
}

/// The analysis `sbg_predict`.
pub struct SbgPredict;

impl Analysis for SbgPredict {
    const NAME: &'static str = "sbg_predict";
    const SUMMARY: &'static str =
        "share of contracts that last beyond `t` periods, and expected further renewals";
    const JA: &'static str = "契約継続率の予測";
    const COLUMNS: &'static [Field] = &columns! {
        "t": Int, "unit", "期間", "Periods.";
        SURVIVAL_RATE, "Share of a cohort left after t periods.";
        RETENTION_RATE, "Probability of renewing at the end of period t (of period 1 if t is 0).";
        "expected_renewals": Float, "", "期待更新回数",
            "Expected further renewals of a customer in period t, discounted; null if infinite.";
    };
    type Data = Table;
    type Options = PredictOptions;

    fn run(data: &Table, _: &(), options: &PredictOptions, _: &Context) -> Result<Table> {
        let fit: Fit<sbg::Params> = fit_of("fit", &options.fit)?;
        let rate = rate(options.discount_rate)?;
        let periods = whole(data, "t")?;
        let [t, survival, retention, renewals] = Self::COLUMNS else {
            return Err(Error::internal("columns of sbg_predict"));
        };
        let model = &fit.model;
        let ahead = periods.iter().map(|t| model.expected_renewals(*t, rate));
        let ahead = collect(ahead, "predictions")?;
        Ok(Table::new(vec![
            Column::ints(t, periods.iter().map(|t| Some(*t as i32)))?,
            Column::floats(survival, periods.iter().map(|t| Some(model.survival(*t))))?,
            Column::floats(retention, periods.iter().map(|t| Some(model.retention(*t))))?,
            Column::finite(renewals, ahead)?,
        ]))
    }
}
