//! A model of repeat purchases fitted to customers (`clv_fit`).
//!
//! It reads a `clv_summary`, or a frame with its columns; a column `weight` counts identical
//! customers. A summary of several dates (a column `as_of` with more than one) is refused. Models
//! with regular gaps need a column `ln_gaps`: each customer's Σ ln Δt over the gaps between purchase
//! days, in the unit of the table. The fit is returned as JSON in the note `fit`.
//!
//! # Which model
//!
//! With `model = "auto"`, the default, all models are fitted and the simplest is taken that is not clearly worse than the best (see
//! the source file `choice.rs`). The note `choice` lists them: `by` (`holdout` or `likelihood`), and for each model
//! its score, the distance `behind` the best score, and the difference that counts as a tie.
//!
//! # Seasons
//!
//! Where the summary has factors of demand (its note `seasons`), or with `seasonality`, the model is fitted to times
//! that run at their pace (see the source file `shop_time.rs`):
//!
//! ```text
//! recency, T   ∫ factor(day) over the days between, instead of their number
//! ```
//!
//! so that two slow months without a purchase count as much as one busy month. The fit has the factors
//! (`seasonality`), and its predictions run in the same time: from October on a horizon of 90 days is longer than
//! from January on. Models with regular gaps then need the column `own_ln_gaps` instead of `ln_gaps`. A unit of the
//! calendar has no factors. The note `seasons` says which factors there are and why.
//!
//! # Covariates
//!
//! With `covariates` the rates of customers depend on columns of the table, such as a channel or an age
//! ([`covariates`](crate::clv::models::covariates) has the formulas). A column of numbers (or truth values, 0 and 1) has one coefficient for
//! each effect, of the numbers as they are; a column of texts has one for each value but the most frequent one. Coefficients are
//! rows after the parameters: `purchase.age`, `dropout.channel=web`. A missing value is refused. With `auto` the model is chosen,
//! and with regular gaps k, without the covariates.

use super::fit_table::{bootstrapped, covariate_table, table};
use crate::analysis::Analysis;
use crate::clv::choice::{COMPARED, Choice, Holdout, choose, compared_rows};
use crate::clv::covariate_columns::{CovariateNames, groups};
use crate::clv::fields::{HIGH, LOW, PARAMETER};
use crate::clv::frame::{Frame, one_as_of, seasons_for, unit_of};
use crate::clv::frame::{ln_gaps, ln_gaps_column, whole};
use crate::clv::models::bootstrap::Bootstrap;
use crate::clv::models::covariate_fit;
use crate::clv::models::histories::{Histories, Rows};
use crate::clv::models::model::Fit;
use crate::clv::models::repeat_model;
use crate::clv::models::repeat_model::{Kind, RepeatModel};
use crate::clv::tables::clv_summary::{SEASONS, Unit, factors_of};
use crate::clv::usable::{Reads, Usable, policy};
use crate::context::Context;
use crate::data::BadRows;
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::scope::Scope;
use crate::season::{Seasonality, Seasons};
use crate::table::shared::{STANDARD_ERROR, VALUE};
use crate::table::{Field, Table};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Options of [`ClvFit`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The model; "auto": the simplest of all models that is not clearly worse than the best, by the holdout
    /// of a summary with `calibration_end`, else by likelihood. Default: "auto".
    pub model: Choice,
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
    /// Factors of the shop's demand by month ("1" to "12"), weekday ("mon" to "sun") and date; other factors
    /// are 1. Default: "auto", those of the `clv_summary`; "none": time runs evenly.
    pub seasonality: Seasons,
    /// Columns of the table on which the rates of customers depend: a list for purchases and dropout alike (`["channel", "age"]`),
    /// or an object with lists `purchase` and `dropout`. Not with `bootstrap`. Default: none.
    pub covariates: CovariateNames,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            model: Choice::default(),
            unit: None,
            confidence: Fraction::P95,
            bootstrap: 0,
            seed: 0,
            bad_rows: None,
            seasonality: Seasons::Auto,
            covariates: CovariateNames::None,
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
    const OPTIONAL: &'static [&'static str] = &[
        "ln_gaps",
        "own_ln_gaps",
        "weight",
        "as_of",
        "holdout_frequency",
        "holdout_duration",
    ];
    type Data = Table;
    type Options = Options;

    fn resolve(data: &Table, scope: Scope, mut options: Options) -> Result<(Scope, Options)> {
        let unit = unit_of(data, options.unit)?;
        options.unit = Some(unit);
        options.seasonality = seasons_for(data, unit, &options.seasonality)?;
        options.bad_rows = Some(policy(data, options.bad_rows));
        Ok((scope, options))
    }

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        one_as_of(data)?;
        if options.bootstrap > 0 && !options.covariates.is_empty() {
            let expected = "0 with covariates: their errors come from the likelihood";
            return Err(Error::option("bootstrap", options.bootstrap, expected));
        }
        let usable = Usable::new(data, options.bad_rows, Reads::PURCHASES)?;
        let mut frame = Frame::new(&usable.table, options.unit)?;
        let seasons = seasons_for(data, frame.unit, &options.seasonality)?;
        let factors = seasons.known();
        let time = frame.in_time_of(factors, &usable.table)?;
        context.check()?;
        let histories = frame.histories();
        let rows = Rows::new(&histories)?;
        let gaps = |kinds: &[Kind]| ln_gaps(kinds, &usable.table, &frame, factors);
        let (kind, choice) = match options.model {
            Choice::Named(kind) => (kind, None),
            Choice::Auto => {
                let (fit, note) = chosen(&usable.table, options.unit, factors, context)?;
                (fit.model.kind(), Some((fit, note)))
            }
        };
        let (mut fit, choice) = match choice {
            // All rows were compared, so the chosen fit is one to all of them.
            Some((fit, note)) if usable.table.len() <= COMPARED => (fit, Some(note)),
            other => (
                repeat_model::fit(kind, &rows, frame.unit, gaps(&[kind])?, context)?,
                other.map(|(_, note)| note),
            ),
        };
        fit.seasonality = factors.cloned();
        let table = match options.bootstrap {
            0 if !options.covariates.is_empty() => {
                let ln_gaps = gaps(&[fit.model.kind()])?;
                with_covariates(&fit, &usable.table, &histories, ln_gaps, options, context)
            }
            0 => table(&fit, options.confidence),
            replicates => bootstrapped(fit, options.confidence, |fit| {
                Bootstrap::of_purchases(fit, &rows, (replicates, options.seed), context)
            }),
        };
        let table = match choice {
            Some(choice) => table?.with_note("choice", choice),
            None => table?,
        };
        Ok(usable.noted(with_seasons(time.noted(table), data, options)))
    }
}

/// The table of the fit with covariates; `plain` is the one without them.
fn with_covariates(
    plain: &Fit<RepeatModel>,
    table: &Table,
    histories: &Histories<'_>,
    ln_gaps: f64,
    options: &Options,
    context: &Context,
) -> Result<Table> {
    let (design, raw) = options.covariates.read(table, &plain.model)?;
    let groups = groups(histories, &raw, context)?;
    let mut fit = covariate_fit::fit(plain, &groups, design, ln_gaps, context)?;
    fit.fit.seasonality = plain.seasonality.clone();
    covariate_table(&fit, options.confidence)
}

/// The model that the data choose, with its fit to the customers that were compared, and what was compared.
fn chosen(
    table: &Table,
    unit: Option<Unit>,
    factors: Option<&Seasonality>,
    context: &Context,
) -> Result<(Fit<RepeatModel>, Value)> {
    let some = match compared_rows(table.len())? {
        Some(rows) => Some(table.take(&rows)?),
        None => None,
    };
    let table = some.as_ref().unwrap_or(table);
    let mut frame = Frame::new(table, unit)?;
    let time = frame.in_time_of(factors, table)?;
    let has_gaps = table.column(ln_gaps_column(factors)).is_some();
    let gaps = match has_gaps {
        true => Some(ln_gaps(&Kind::ALL, table, &frame, factors)?),
        false => None,
    };
    let held = held_out(table)?;
    let held = held.as_ref().map(|(purchases, length)| Holdout {
        purchases,
        own: time.ahead(*length),
    });
    let histories = frame.histories();
    let rows = Rows::new(&histories)?;
    choose(
        &histories,
        &rows,
        (frame.unit, gaps),
        held.as_ref(),
        context,
    )
}

/// The purchases of a holdout and its length, of a table that has one.
fn held_out(table: &Table) -> Result<Option<(Vec<u32>, f64)>> {
    if table.column("holdout_frequency").is_none() || table.is_empty() {
        return Ok(None);
    }
    let length = table.numbers("holdout_duration")?[0];
    match length > 0.0 {
        true => Ok(Some((whole(table, "holdout_frequency")?, length))),
        false => Ok(None),
    }
}

/// The table with the note `seasons` of the summary, if it has one; the note also says why there are no seasons.
fn with_seasons(table: Table, data: &Table, options: &Options) -> Table {
    let found = data.notes().get(SEASONS);
    match (options.seasonality.known(), found) {
        (Some(used), Some(found)) if factors_of(data).as_ref() == Some(used) => {
            table.with_note(SEASONS, found.clone())
        }
        (None, Some(found)) if factors_of(data).is_none() => {
            table.with_note(SEASONS, found.clone())
        }
        _ => table,
    }
}
