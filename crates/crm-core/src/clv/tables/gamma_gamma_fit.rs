//! The model of spend fitted to customers (`gamma_gamma_fit`).
//!
//! It reads a `clv_summary`, or a frame with its columns; a column `weight` counts identical
//! customers. A summary of several dates (a column `as_of` with more than one) is refused. Spend not
//! above 0 is handled by `no_spend`. The fit is returned as JSON in the note `fit`.

use super::fit_table::{bootstrapped, table};
use crate::analysis::Analysis;
use crate::clv::fields::{HIGH, LOW, PARAMETER};
use crate::clv::frame::{one_as_of, spend, weights};
use crate::clv::models::bootstrap::Bootstrap;
use crate::clv::models::gamma_gamma;
use crate::clv::models::gamma_gamma::NoSpend;
use crate::clv::usable::{Reads, Usable, policy};
use crate::context::Context;
use crate::data::BadRows;
use crate::error::Result;
use crate::num::Fraction;
use crate::scope::Scope;
use crate::table::shared::{STANDARD_ERROR, VALUE};
use crate::table::{Field, Table};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Options of [`GammaGammaFit`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Customers with repeat purchases and spend not above 0. Default: drop; counted.
    pub no_spend: NoSpend,
    /// Confidence of the intervals. Default 0.95.
    pub confidence: Fraction,
    /// Replicates of the bootstrap that standard errors and intervals come from, 20 to 10,000.
    /// Default 0: they come from the likelihood.
    pub bootstrap: u32,
    /// Seed of the bootstrap. Default 0.
    pub seed: u64,
    /// Rows of a frame that no model can take (negative or missing numbers, recency above T, spend
    /// below 0): `drop` leaves them out and counts them in the note `rows_left_out`, `error` stops.
    /// Default: left out of a
    /// `clv_summary`, an error in a frame of your own.
    pub bad_rows: Option<BadRows>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            no_spend: NoSpend::default(),
            confidence: Fraction::P95,
            bootstrap: 0,
            seed: 0,
            bad_rows: None,
        }
    }
}

/// The analysis `gamma_gamma_fit`.
#[derive(Debug, Clone, Copy)]
pub struct GammaGammaFit;

impl Analysis for GammaGammaFit {
    const NAME: &'static str = "gamma_gamma_fit";
    const SUMMARY: &'static str =
        "the Gamma-Gamma model of spend, and the correlation of spend and frequency";
    const JA: &'static str = "購入単価モデルの推定";
    const COLUMNS: &'static [Field] = &[PARAMETER, VALUE, STANDARD_ERROR, LOW, HIGH];
    const OPTIONAL: &'static [&'static str] = &["weight", "as_of"];
    type Data = Table;
    type Options = Options;

    fn resolve(data: &Table, scope: Scope, options: Options) -> Result<(Scope, Options)> {
        let bad_rows = Some(policy(data, options.bad_rows));
        Ok((
            scope,
            Options {
                bad_rows,
                ..options
            },
        ))
    }

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        one_as_of(data)?;
        // Spend not above 0 is handled by `no_spend`.
        let usable = Usable::new(data, options.bad_rows, Reads::ANY_SPEND)?;
        let data = &*usable.table;
        let (frequency, mean) = (data.numbers("frequency")?, spend(data)?);
        let weight = weights(data)?;
        let spend = gamma_gamma::Spend {
            frequency: &frequency,
            mean: &mean,
            weight: weight.as_deref(),
        };
        let Options {
            no_spend,
            confidence,
            bootstrap,
            seed,
            bad_rows: _,
        } = *options;
        let fitted = gamma_gamma::fit(&spend, no_spend, context)?;
        let table = match bootstrap {
            0 => table(&fitted.fit, confidence),
            replicates => bootstrapped(fitted.fit, confidence, |fit| {
                Bootstrap::of_spend(fit, &spend, no_spend, (replicates, seed), context)
            }),
        };
        Ok(usable
            .noted(table?)
            .with_note("without_repeat", json!(fitted.without_repeat))
            .with_note("without_spend", json!(fitted.without_spend))
            .with_note("pearson", json!(fitted.independence.pearson))
            .with_note("spearman", json!(fitted.independence.spearman)))
    }
}
