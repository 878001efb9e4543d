//! A model of repeat purchases fitted to customers (`clv_fit`).
//!
//! It reads a `clv_summary`, or a frame with its columns; a column `weight` counts identical
//! customers. A summary of several dates (a column `as_of` with more than one) is refused. Models
//! with regular gaps need a column `ln_gaps`: each customer's Σ ln Δt over the gaps between purchase
//! days, in the unit of the table. The fit is returned as JSON in the note `fit`.

use super::fit_table::{bootstrapped, table};
use crate::analysis::Analysis;
use crate::clv::fields::{HIGH, LOW, PARAMETER};
use crate::clv::frame::ln_gaps;
use crate::clv::frame::{Frame, one_as_of, unit_of};
use crate::clv::models::bootstrap::Bootstrap;
use crate::clv::models::histories::Rows;
use crate::clv::models::repeat_model;
use crate::clv::models::repeat_model::Kind;
use crate::clv::usable::{Reads, Usable, policy};
use crate::context::Context;
use crate::data::BadRows;
use crate::error::Result;
use crate::num::Fraction;
use crate::scope::Scope;
use crate::summary::clv_summary::Unit;
use crate::table::shared::{STANDARD_ERROR, VALUE};
use crate::table::{Field, Table};
use serde::{Deserialize, Serialize};

/// Options of [`ClvFit`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The model. Default: MBG/NBD.
    pub model: Kind,
    /// The unit of time of a frame without a definition; refused if it contradicts the table's
    /// definition.
    pub unit: Option<Unit>,
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
            model: Kind::default(),
            unit: None,
            confidence: Fraction::P95,
            bootstrap: 0,
            seed: 0,
            bad_rows: None,
        }
    }
}

/// The analysis `clv_fit`.
#[derive(Debug, Clone, Copy)]
pub struct ClvFit;

impl Analysis for ClvFit {
    const NAME: &'static str = "clv_fit";
    const SUMMARY: &'static str = "a model of repeat purchases fitted by maximum likelihood";
    const JA: &'static str = "購入回数モデルの推定";
    const COLUMNS: &'static [Field] = &[PARAMETER, VALUE, STANDARD_ERROR, LOW, HIGH];
    const OPTIONAL: &'static [&'static str] = &["ln_gaps", "weight", "as_of"];
    type Data = Table;
    type Options = Options;

    fn resolve(data: &Table, scope: Scope, mut options: Options) -> Result<(Scope, Options)> {
        options.unit = Some(unit_of(data, options.unit)?);
        options.bad_rows = Some(policy(data, options.bad_rows));
        Ok((scope, options))
    }

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        one_as_of(data)?;
        let usable = Usable::new(data, options.bad_rows, Reads::PURCHASES)?;
        let frame = Frame::new(&usable.table, options.unit)?;
        let ln_gaps = ln_gaps(&[options.model], &usable.table, &frame)?;
        context.check()?;
        let rows = Rows::new(&frame.histories())?;
        let fit = repeat_model::fit(options.model, &rows, frame.unit, ln_gaps, context)?;
        let table = match options.bootstrap {
            0 => table(&fit, options.confidence),
            replicates => bootstrapped(fit, options.confidence, |fit| {
                Bootstrap::of_purchases(fit, &rows, (replicates, options.seed), context)
            }),
        };
        Ok(usable.noted(table?))
    }
}
