//! The expected value of a purchase of each customer (`expected_spend`).
//!
//! The fit is given as JSON: the note `fit` of `gamma_gamma_fit`, its text, or parameters alone.

use crate::analysis::Analysis;
use crate::clv::fields::EXPECTED_SPEND;
use crate::clv::frame::{fit_of, spend, with_ids};
use crate::clv::models::gamma_gamma;
use crate::clv::models::model::Fit;
use crate::clv::usable::{Reads, Usable, policy};
use crate::context::{Context, room};
use crate::data::BadRows;
use crate::error::{Error, Result};
use crate::scope::Scope;
use crate::table::{CUSTOMER_ID, Column, Field, Table};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Options of [`ExpectedSpend`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The model of spend: the JSON of a Gamma-Gamma fit, or of parameters. Needed.
    pub fit: Value,
    /// Rows of a frame that no model can take (negative or missing numbers, recency above T, spend
    /// below 0): `drop` gives nulls and counts them in the note `rows_left_out`, `error` stops.
    /// Default: left out of a
    /// `clv_summary`, an error in a frame of your own.
    pub bad_rows: Option<BadRows>,
}

/// The analysis `expected_spend`.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedSpend;

impl Analysis for ExpectedSpend {
    const NAME: &'static str = "expected_spend";
    const SUMMARY: &'static str = "expected value of a purchase of each customer, by Gamma-Gamma";
    const JA: &'static str = "期待購入単価";
    const COLUMNS: &'static [Field] = &[CUSTOMER_ID, EXPECTED_SPEND];
    const OPTIONAL: &'static [&'static str] = &["customer_id"];
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

    fn run(data: &Table, _: &(), options: &Options, _: &Context) -> Result<Table> {
        let fit: Fit<gamma_gamma::Params> = fit_of("fit", &options.fit)?;
        let usable = Usable::new(data, options.bad_rows, Reads::SPEND)?;
        let frequency = usable.table.numbers("frequency")?;
        let mean = spend(&usable.table)?;
        let mut out = room(mean.len(), "predictions")?;
        for (row, (x, m)) in frequency.iter().zip(&*mean).enumerate() {
            if !(*x >= 0.0 && x.is_finite()) {
                return Err(Error::value(
                    "frequency",
                    row,
                    "a finite number, at least 0",
                ));
            }
            if *x > 0.0 && !(*m >= 0.0 && m.is_finite()) {
                let expected = "a finite number, at least 0, where frequency is above 0";
                return Err(Error::value("monetary_value", row, expected));
            }
            out.push(fit.model.expected_spend(*x, *m));
        }
        let columns = vec![Column::finite(&EXPECTED_SPEND, usable.spread(out)?)?];
        Ok(usable.noted(Table::new(with_ids(data, columns)?)))
    }
}
