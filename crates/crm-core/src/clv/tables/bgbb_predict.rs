//! Predictions of the BG/BB model (`bgbb_predict`).
//!
//! It reads `frequency` (purchases), `recency` (the opportunity of the last purchase, 0 if none), `n`
//! (opportunities), and optionally `weight` (customers with this pattern). Formulas are in
//! [`crate::clv::models::bgbb`].

use super::patterns::patterns;
use super::sbg_predict::rate;
use crate::analysis::Analysis;
use crate::clv::fields::DISCOUNTED_PURCHASES;
use crate::clv::frame::{fit_of, with_ids};
use crate::clv::models::bgbb;
use crate::clv::models::bgbb::Pattern;
use crate::clv::models::model::Fit;
use crate::context::{Context, collect};
use crate::error::{Error, Result};
use crate::table::shared::{EXPECTED_PURCHASES, LOG_LIKELIHOOD, PROBABILITY_ALIVE};
use crate::table::{CUSTOMER_ID, Column, Field, Table, columns};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Options of [`BgbbPredict`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The model: the JSON of a fit, or of parameters `alpha`, `beta`, `gamma`, `delta`. Needed.
    pub fit: Value,
    /// Opportunities ahead, 1 to 100,000. Default 1.
    pub ahead: u32,
    /// Discount rate per opportunity, at least 0. Default 0.1.
    pub discount_rate: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            fit: Value::Null,
            ahead: 1,
            discount_rate: 0.1,
        }
    }
}

/// The analysis `bgbb_predict`.
#[derive(Debug, Clone, Copy)]
pub struct BgbbPredict;

impl Analysis for BgbbPredict {
    const NAME: &'static str = "bgbb_predict";
    const SUMMARY: &'static str = "P(alive) and expected purchases in the next opportunities";
    const JA: &'static str = "離散購入の期待回数";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        PROBABILITY_ALIVE, "Probability of being alive at the last opportunity of the prediction.";
        EXPECTED_PURCHASES, "Expected purchases in the next opportunities.";
        DISCOUNTED_PURCHASES, "Expected purchases without an end, discounted; null if infinite.";
        LOG_LIKELIHOOD, "Log likelihood of the customer's history.";
    };
    const OPTIONAL: &'static [&'static str] = &["customer_id", "weight"];
    type Data = Table;
    type Options = Options;

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let fit: Fit<bgbb::Params> = fit_of("fit", &options.fit)?;
        let (ahead, rate) = (options.ahead, rate(options.discount_rate)?);
        if !(1..=100_000).contains(&ahead) {
            return Err(Error::option("ahead", ahead, "1 to 100000"));
        }
        let patterns = patterns(data)?;
        let model = &fit.model;
        let column = |field: &Field, of: &dyn Fn(&Pattern) -> f64| {
            context.check()?;
            let values = collect(patterns.iter().map(of), "predictions")?;
            Column::finite(field, values)
        };
        let [_, alive, expected, discounted, likelihood] = Self::COLUMNS else {
            return Err(Error::internal("columns of bgbb_predict"));
        };
        let columns = vec![
            column(alive, &|p| model.probability_alive(p.x, p.t_x, p.n, ahead))?,
            column(expected, &|p| model.expected(p.x, p.t_x, p.n, ahead))?,
            column(discounted, &|p| model.discounted(p.x, p.t_x, p.n, rate))?,
            column(likelihood, &|p| model.log_likelihood(p.x, p.t_x, p.n))?,
        ];
        Ok(Table::new(with_ids(data, columns)?))
    }
}
