//! Models of repeat purchases fitted to the same customers (`compare_models`).
//!
//! It reads a `clv_summary`, or a frame with its columns; a column `weight` counts identical
//! customers. A summary of several dates (a column `as_of` with more than one) is refused. Models
//! with regular gaps need a column `ln_gaps`, as in `clv_fit`.

use super::fit_table::{status, texts};
use crate::analysis::Analysis;
use crate::clv::frame::ln_gaps;
use crate::clv::frame::{Frame, one_as_of, unit_of};
use crate::clv::models::histories::Rows;
use crate::clv::models::model::Fit;
use crate::clv::models::model::Model;
use crate::clv::models::repeat_model;
use crate::clv::models::repeat_model::{Kind, RepeatModel};
use crate::context::{Context, room};
use crate::error::{Error, Result};
use crate::scope::Scope;
use crate::summary::clv_summary::Unit;
use crate::table::shared::{AIC, LOG_LIKELIHOOD};
use crate::table::{Column, Field, Table, columns};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Options of [`CompareModels`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The models. Default: NBD, BG/NBD, MBG/NBD, Pareto/NBD.
    pub models: Vec<Kind>,
    /// The unit of time of a frame without a definition.
    pub unit: Option<Unit>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            models: [Kind::Nbd, Kind::BgNbd, Kind::MbgNbd, Kind::ParetoNbd].into(),
            unit: None,
        }
    }
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
    const OPTIONAL: &'static [&'static str] = &["ln_gaps", "weight", "as_of"];
    type Data = Table;
    type Options = Options;

    fn resolve(data: &Table, scope: Scope, mut options: Options) -> Result<(Scope, Options)> {
        options.unit = Some(unit_of(data, options.unit)?);
        Ok((scope, options))
    }

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        one_as_of(data)?;
        let frame = Frame::new(data, options.unit)?;
        let ln_gaps = ln_gaps(&options.models, data, &frame)?;
        let rows = Rows::new(&frame.histories())?;
        let fits = repeat_model::compare(&options.models, &rows, frame.unit, ln_gaps, context)?;
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
        let table = Table::new(columns).with_note("fits", json!(all)).with_note(
            "no_dropout_p_value",
            json!(repeat_model::no_dropout_among(&fits)),
        );
        let regular = [
            (Kind::BgCnbdK, "bg_cnbd_k", "bg_nbd"),
            (Kind::MbgCnbdK, "mbg_cnbd_k", "mbg_nbd"),
        ];
        let plain = regular.into_iter().filter(|(kind, ..)| {
            options.models.contains(kind) && !fits.iter().any(|fit| fit.model.kind() == *kind)
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
