//! The table of a stored fit, or of given parameters (`clv_parameters`).
//!
//! It accepts any table and reads only its options. The table is that of `clv_fit`.

use super::fit_table::{covariate_table, table};
use crate::analysis::Analysis;
use crate::clv::covariate_columns::covariate_fit_of;
use crate::clv::fields::{HIGH, LOW, PARAMETER};
use crate::clv::frame::fit_of;
use crate::clv::models::{bgbb, gamma_gamma, sbg};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::table::shared::{STANDARD_ERROR, VALUE};
use crate::table::{Field, Table};
use serde::{Deserialize, Serialize};

/// Options of [`ClvParameters`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// A model of purchases: the JSON of a fit, or of parameters.
    pub fit: serde_json::Value,
    /// Instead of `fit`, the model of spend: the JSON of a Gamma-Gamma fit, or of parameters.
    pub spend_fit: serde_json::Value,
    /// Instead of `fit`, the model of contracts: the JSON of an sBG fit, or of parameters.
    pub sbg_fit: serde_json::Value,
    /// Instead of `fit`, the model of discrete opportunities: the JSON of a BG/BB fit, or of
    /// parameters.
    pub bgbb_fit: serde_json::Value,
    /// Values of all covariates of `fit` by column (`{"channel": "web", "age": 30}`): the result is the fit, without
    /// covariates, of customers with these values. Default: none.
    pub covariates: Option<serde_json::Map<String, serde_json::Value>>,
    /// Confidence of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            fit: serde_json::Value::Null,
            spend_fit: serde_json::Value::Null,
            sbg_fit: serde_json::Value::Null,
            bgbb_fit: serde_json::Value::Null,
            covariates: None,
            confidence: Fraction::P95,
        }
    }
}

/// The analysis `clv_parameters`. It accepts any table and reads only its options.
#[derive(Debug, Clone, Copy)]
pub struct ClvParameters;

impl Analysis for ClvParameters {
    const NAME: &'static str = "clv_parameters";
    const SUMMARY: &'static str = "a stored fit, or parameters of another program, checked and converted to the table of a fit";
    const JA: &'static str = "モデルの母数";
    const COLUMNS: &'static [Field] = &[PARAMETER, VALUE, STANDARD_ERROR, LOW, HIGH];
    type Data = Table;
    type Options = Options;

    fn run(_: &Table, _: &(), options: &Options, _: &Context) -> Result<Table> {
        let level = options.confidence;
        if options.covariates.is_some() && options.fit.is_null() {
            let expected = "no values without `fit`";
            return Err(Error::option("covariates", "", expected));
        }
        if !options.spend_fit.is_null() {
            let fit = fit_of::<gamma_gamma::Params>("spend_fit", &options.spend_fit)?;
            return table(&fit, level);
        }
        if !options.sbg_fit.is_null() {
            return table(&fit_of::<sbg::Params>("sbg_fit", &options.sbg_fit)?, level);
        }
        if !options.bgbb_fit.is_null() {
            return table(
                &fit_of::<bgbb::Params>("bgbb_fit", &options.bgbb_fit)?,
                level,
            );
        }
        let fit = covariate_fit_of("fit", &options.fit)?;
        match &options.covariates {
            Some(values) if fit.covariates.is_some() => table(&fit.with(values)?, level),
            Some(_) => {
                let expected = "no values: the fit has no covariates";
                Err(Error::option("covariates", "", expected))
            }
            None if fit.covariates.is_none() => table(&fit.fit, level),
            None => covariate_table(&fit, level),
        }
    }
}
