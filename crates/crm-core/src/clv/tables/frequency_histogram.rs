//! Customers by number of repeat purchases, observed and expected (`frequency_histogram`).
//!
//! ```text
//! expected customers with n = Σ over customers of P(X(T) = n)
//! ```
//!
//! The sum uses each customer's age T and none of their purchases.

use super::histogram_table::histogram_table;
use crate::analysis::Analysis;
use crate::clv::covariate_columns::covariate_fit_of;
use crate::clv::fields::{EXPECTED_CUSTOMERS, OR_MORE, WEIGHTED_CUSTOMERS};
use crate::clv::frame::frame_for;
use crate::clv::frame::unit_for;
use crate::clv::models::histories::Rows;
use crate::clv::tables::clv_summary::Unit;
use crate::clv::tracking;
use crate::context::{Context, filled};
use crate::error::{Error, Result};
use crate::scope::Scope;
use crate::table::shared::FREQUENCY;
use crate::table::{Field, Table, columns};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Options of [`FrequencyHistogram`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The model: the JSON of a fit, or of parameters. Needed.
    pub fit: Value,
    /// The unit of time of a frame without a definition.
    pub unit: Option<Unit>,
    /// The last row counts customers with this many repeat purchases or more, up to 10,000. Default
    /// 7.
    pub up_to: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            fit: Value::Null,
            unit: None,
            up_to: 7,
        }
    }
}

/// The analysis `frequency_histogram`.
#[derive(Debug, Clone, Copy)]
pub struct FrequencyHistogram;

impl Analysis for FrequencyHistogram {
    const NAME: &'static str = "frequency_histogram";
    const SUMMARY: &'static str =
        "observed and expected numbers of customers by number of repeat purchases";
    const JA: &'static str = "購入回数分布の予測と実績";
    const COLUMNS: &'static [Field] = &columns! {
        FREQUENCY, "Repeat purchase days.";
        OR_MORE, "Whether the row includes more frequent customers: the last row.";
        WEIGHTED_CUSTOMERS, "Observed customers, by weight.";
        EXPECTED_CUSTOMERS, "Expected customers.";
    };
    const OPTIONAL: &'static [&'static str] = &["customer_id", "weight", "as_of"];
    type Data = Table;
    type Options = Options;

    fn resolve(data: &Table, scope: Scope, mut options: Options) -> Result<(Scope, Options)> {
        options.unit = Some(unit_for(
            data,
            options.unit,
            &covariate_fit_of("fit", &options.fit)?.fit,
        )?);
        Ok((scope, options))
    }

    fn run(data: &Table, _: &(), options: &Options, _: &Context) -> Result<Table> {
        let model = covariate_fit_of("fit", &options.fit)?;
        let (frame, time) = frame_for(data, &model.fit, options.unit)?;
        if options.up_to > 10_000 {
            return Err(Error::option("up_to", options.up_to, "at most 10000"));
        }
        let histories = frame.histories();
        let rows = filled(options.up_to as usize + 1, 0.0, "tracking")?;
        let (mut actual, mut expected) = (rows.clone(), rows);
        for alike in model.by_model(data)? {
            let rows = alike.with(&histories, Rows::new)?;
            let found = tracking::histogram(&alike.fit.model, &rows, options.up_to)?;
            let add = |sum: &mut Vec<f64>, more: &[f64]| {
                sum.iter_mut()
                    .zip(more)
                    .for_each(|(sum, more)| *sum += more);
            };
            add(&mut actual, &found.actual);
            add(&mut expected, &found.expected);
        }
        let table = histogram_table(Self::COLUMNS, &actual, &expected, true)?;
        Ok(time.noted(table))
    }
}
