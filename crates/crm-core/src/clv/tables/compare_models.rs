//! Models of repeat purchases fitted to the same customers (`compare_models`).
//!
//! It reads a `clv_summary`, or a frame with its columns; a column `weight` counts identical
//! customers. A summary of several dates (a column `as_of` with more than one) is refused. Models
//! with regular gaps need a column `ln_gaps` (with seasons `own_ln_gaps`), as in `clv_fit`. All models run in
//! the same time, that of the seasons where there are some.

use super::fit_table::{status, texts};
use crate::analysis::Analysis;
use crate::clv::frame::{Frame, ln_gaps, ln_gaps_column, one_as_of, seasons_for, unit_of};
use crate::clv::models::histories::Rows;
use crate::clv::models::model::Fit;
use crate::clv::models::model::Model;
use crate::clv::models::repeat_model;
use crate::clv::models::repeat_model::{Kind, RepeatModel};
use crate::clv::tables::clv_summary::Unit;
use crate::context::{Context, room};
use crate::error::{Error, Result};
use crate::scope::Scope;
use crate::season::Seasons;
use crate::table::shared::{AIC, LOG_LIKELIHOOD};
use crate::table::{Column, Field, Table, columns};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Options of [`CompareModels`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The models. Default: all; without those of regular gaps for a frame without the column that
    /// they need.
    pub models: Option<Vec<Kind>>,
    /// The unit of time of a frame without a definition.
    pub unit: Option<Unit>,
    /// Factors of the shop's demand by month ("1" to "12"), weekday ("mon" to "sun") and date; other factors
    /// are 1. Default: "auto", those of the `clv_summary`; "none": time runs evenly.
    pub seasonality: Seasons,
}

/// The analysis `compare_models`. A model of regular gaps for which k = 1 is best is the plain
/// model of its family and has that model's row; the note `chose_k_1` names both.
#[derive(Debug, Clone, Copy)]
pub struct CompareModels;

impl Analysis for CompareModels {
    const NAME: &'static str = "compare_models";
    const SUMMARY: &'static str =
        "models of repeat purchases fitted to the same customers, the best first";
    const JA: &'static str = "購入回数モデルの比較";
    const COLUMNS: &'static [Field] = &columns! {
        "model": Text, "", "モデル", "The model.";
        "regularity": Int, "", "規則性", "Regularity of the gaps; 1 is Poisson.";
        "parameters": Int, "", "母数の数", "Estimated parameters, k included.";
        LOG_LIKELIHOOD, "Log likelihood of the purchase times.";
        AIC;
        "bic": Float, "", "BIC", "Smaller is better.";
        "status": Text, "", "状態", "How the fit ended.";
    };
    const OPTIONAL: &'static [&'static str] = &["ln_gaps", "own_ln_gaps", "weight", "as_of"];
    type Data = Table;
    type Options = Options;

    fn resolve(data: &Table, scope: Scope, mut options: Options) -> Result<(Scope, Options)> {
        let unit = unit_of(data, options.unit)?;
        options.unit = Some(unit);
        options.seasonality = seasons_for(data, unit, &options.seasonality)?;
        if options.models.is_none() {
            let gaps = ln_gaps_column(options.seasonality.known());
            let has_gaps = data.column(gaps).is_some();
            let kinds = Kind::ALL.into_iter();
            options.models = Some(
                kinds
                    .filter(|kind| has_gaps || !kind.is_regular())
                    .collect(),
            );
        }
        Ok((scope, options))
    }

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        one_as_of(data)?;
        let models = options.models.as_deref().unwrap_or(&Kind::ALL);
        let mut frame = Frame::new(data, options.unit)?;
        let seasons = seasons_for(data, frame.unit, &options.seasonality)?;
        let time = frame.in_time_of(seasons.known(), data)?;
        let ln_gaps = ln_gaps(models, data, &frame, seasons.known())?;
        let rows = Rows::new(&frame.histories())?;
        let mut fits = repeat_model::compare(models, &rows, frame.unit, ln_gaps, context)?;
        for fit in &mut fits {
            fit.seasonality = seasons.known().cloned();
        }
        let [model, k, parameters, likelihood, aic, bic, ended] = Self::COLUMNS else {
            return Err(Error::internal("columns of compare_models"));
        };
        let regularity = |f: &Fit<RepeatModel>| match f.model {
            RepeatModel::Bg(p) => p.k as i32,
            _ => 1,
        };
        let columns = vec![
            texts(model, fits.iter().map(|f| f.model.name()))?,
            Column::ints(k, fits.iter().map(|f| Some(regularity(f))))?,
            Column::ints(parameters, fits.iter().map(|f| Some(f.count() as i32)))?,
            Column::floats(likelihood, fits.iter().map(|f| Some(f.log_likelihood)))?,
            Column::floats(aic, fits.iter().map(|f| Some(f.aic())))?,
            Column::floats(bic, fits.iter().map(|f| Some(f.bic())))?,
            texts(ended, fits.iter().map(|f| status(&f.status)))?,
        ];
        let mut all = room(fits.len(), "fits")?;
        for fit in &fits {
            all.push(serde_json::to_value(fit).map_err(|e| Error::internal(e.to_string()))?);
        }
        let table = time
            .noted(Table::new(columns))
            .with_note("fits", json!(all))
            .with_note(
                "no_dropout_p_value",
                json!(repeat_model::no_dropout_among(&fits)),
            );
        let regular = [
            (Kind::BgCnbdK, "bg_cnbd_k", "bg_nbd"),
            (Kind::MbgCnbdK, "mbg_cnbd_k", "mbg_nbd"),
        ];
        let plain = regular.into_iter().filter(|(kind, ..)| {
            models.contains(kind) && !fits.iter().any(|fit| fit.model.kind() == *kind)
        });
        let plain = plain.map(|(_, regular, plain)| (regular.to_owned(), json!(plain)));
        let plain: Map<String, Value> = plain.collect();
        Ok(match plain.is_empty() {
            true => table,
            // Without this note two models with equal rows would look like an error.
            false => table.with_note("chose_k_1", plain.into()),
        })
    }
}
