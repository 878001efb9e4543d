//! Contracts in coming periods (`sbg_predict`), from a fit of `sbg_fit`.
//!
//! Formulas are in [`crate::clv::models::sbg`].

use crate::analysis::Analysis;
use crate::clv::frame::{fit_of, whole};
use crate::clv::models::model::Fit;
use crate::clv::models::sbg;
use crate::context::{Context, collect};
use crate::error::{Error, Result};
use crate::table::shared::{RETENTION_RATE, SURVIVAL_RATE};
use crate::table::{Column, Field, Table, columns};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Options of [`SbgPredict`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The model: the JSON of a fit, or of parameters `alpha` and `beta`. Needed.
    pub fit: Value,
    /// Discount rate per period, at least 0. Default 0.1.
    pub discount_rate: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            fit: Value::Null,
            discount_rate: 0.1,
        }
    }
}

/// Checks a discount rate per period.
pub(super) fn rate(rate: f64) -> Result<f64> {
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
#[derive(Debug, Clone, Copy)]
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
    type Options = Options;

    fn run(data: &Table, _: &(), options: &Options, _: &Context) -> Result<Table> {
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
