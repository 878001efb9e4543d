//! Fits as analyses of a table: `clv_fit`, `gamma_gamma_fit` and `compare_models`. `clv_parameters`
//! makes the same table from a stored fit or from given parameters.
//!
//! All read a `clv_summary`, or a frame with its columns; a column `weight` counts identical
//! customers. A summary of several dates (a column `as_of` with more than one) is refused. The fit
//! is returned as JSON in the note `fit`, which the predictions take as an option. Models with
//! regular gaps need a column `ln_gaps`: each customer's Σ ln Δt over the gaps between purchase
//! days, in the unit of the table.

use crate::analysis::Analysis;
use crate::clv::fields::{HIGH, LOW, PARAMETER};
use crate::clv::frame::{Frame, fit_of, one_as_of, spend, unit_of, weights};
use crate::clv::models::bootstrap::Bootstrap;
use crate::clv::models::gamma_gamma::NoSpend;
use crate::clv::models::histories::Rows;
use crate::clv::models::model::{Fit, Model, Status};
use crate::clv::models::repeat_model::{Kind, RepeatModel};
use crate::clv::models::{bgbb, gamma_gamma, repeat_model, sbg};
use crate::clv::usable::{Reads, Usable, policy};
use crate::context::{Context, collect, room};
use crate::data::BadRows;
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::scope::Scope;
use crate::summary::clv_summary::Unit;
use crate::table::shared::{AIC, LOG_LIKELIHOOD, STANDARD_ERROR, VALUE};
use crate::table::{Column, Field, Table, Values, columns};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use std::sync::Arc;

pub(crate) fn default_level() -> Fraction {
    Fraction::new(0.95).expect("0.95 is strictly between 0 and 1")
}

/// Options of [`ClvFit`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FitOptions {
    /// The model. Default: MBG/NBD.
    pub model: Kind,
    /// The unit of time of a frame without a definition; refused if it contradicts the table's
    /// definition.
    pub unit: Option<Unit>,
    /// Confidence level of the intervals. Default 0.95.
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

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            model: Kind::default(),
            unit: None,
            confidence: default_level(),
            bootstrap: 0,
            seed: 0,
            bad_rows: None,
        }
    }
}

/// A column of texts.
fn texts<'a>(field: &Field, cells: impl Iterator<Item = &'a str>) -> Result<Column> {
    let texts: Vec<String> = cells.map(String::from).collect();
    let codes = collect(0..texts.len() as u32, "column")?;
    Ok(Column::new(
        field,
        Values::Text {
            codes,
            texts: Arc::new(texts),
        },
    ))
}

/// One row per parameter, the rest in notes.
pub(crate) fn table<M: Model + Serialize>(fit: &Fit<M>, level: Fraction) -> Result<Table> {
    table_with(fit, fit.intervals(level))
}

/// [`table`] with the errors and intervals of a bootstrap. Where the fit did not converge, the
/// table has no errors and intervals.
fn bootstrapped<M: Model + Serialize>(
    mut fit: Fit<M>,
    level: Fraction,
    bootstrap: impl FnOnce(&Fit<M>) -> Result<Bootstrap>,
) -> Result<Table> {
    if fit.covariance_of_logs.is_none() {
        return table(&fit, level);
    }
    let bootstrap = bootstrap(&fit)?;
    fit.covariance_of_logs = Some(bootstrap.covariance_of_logs.clone());
    let table = table_with(&fit, Some(bootstrap.intervals(level)))?;
    Ok(table.with_note("replicates", json!(bootstrap.converged)))
}

fn table_with<M: Model + Serialize>(
    fit: &Fit<M>,
    intervals: Option<Vec<(f64, f64)>>,
) -> Result<Table> {
    let n = fit.count();
    let errors = fit.standard_errors();
    let cell = |i: usize, of: &dyn Fn(&(f64, f64)) -> f64| {
        let interval = intervals.as_ref()?.get(i)?;
        Some(of(interval)).filter(|v| v.is_finite())
    };
    let columns = vec![
        texts(&PARAMETER, fit.model.names().iter().copied())?,
        Column::floats(&VALUE, (0..n).map(|i| Some(fit.model.values()[i])))?,
        Column::floats(
            &STANDARD_ERROR,
            (0..n).map(|i| errors.as_ref()?.get(i).copied()),
        )?,
        Column::floats(&LOW, (0..n).map(|i| cell(i, &|v| v.0)))?,
        Column::floats(&HIGH, (0..n).map(|i| cell(i, &|v| v.1)))?,
    ];
    let json = serde_json::to_value(fit).map_err(|e| Error::internal(e.to_string()))?;
    // Given parameters were fitted to no customers, so the notes about the fit are left out.
    let fitted = fit.customers > 0.0;
    let ended = if fitted { status(&fit.status) } else { "given" };
    let of_fit = |value: f64| json!(Some(value).filter(|_| fitted));
    Ok(Table::new(columns)
        .with_note("model", json!(fit.model.name()))
        .with_note("status", json!(ended))
        .with_note("boundary", json!(boundary(&fit.status)))
        .with_note("log_likelihood", of_fit(fit.log_likelihood))
        .with_note("aic", of_fit(fit.aic()))
        .with_note("bic", of_fit(fit.bic()))
        .with_note("customers", json!(fit.customers))
        .with_note("fit", json))
}

fn status(status: &Status) -> &'static str {
    match status {
        Status::Converged => "converged",
        Status::Boundary { .. } => "boundary",
        Status::Stalled => "stalled",
    }
}

fn boundary(status: &Status) -> Option<&str> {
    match status {
        Status::Boundary { parameter } => Some(parameter),
        _ => None,
    }
}

/// Σ ln Δt of all customers; 0 if no model needs it.
fn ln_gaps(kinds: &[Kind], data: &Table, frame: &Frame) -> Result<f64> {
    if !kinds
        .iter()
        .any(|kind| matches!(kind, Kind::BgCnbdK | Kind::MbgCnbdK))
    {
        return Ok(0.0);
    }
    let (values, valid) = data.cells("ln_gaps")?;
    let mut sum = 0.0;
    for (row, (value, x)) in values.iter().zip(&*frame.frequency).enumerate() {
        if *x == 0.0 {
            continue;
        }
        if !value.is_finite() || valid.is_some_and(|valid| !valid[row]) {
            let expected = "a finite number where frequency is above 0";
            return Err(Error::value("ln_gaps", row, expected));
        }
        sum += value * frame.weight.as_ref().map_or(1.0, |w| w[row]);
    }
    Ok(sum)
}

/// The analysis `clv_fit`.
pub struct ClvFit;

impl Analysis for ClvFit {
    const NAME: &'static str = "clv_fit";
    const SUMMARY: &'static str = "a model of repeat purchases fitted by maximum likelihood";
    const JA: &'static str = "購入回数モデルの推定";
    const COLUMNS: &'static [Field] = &[PARAMETER, VALUE, STANDARD_ERROR, LOW, HIGH];
    const OPTIONAL: &'static [&'static str] = &["ln_gaps", "weight", "as_of"];
    type Data = Table;
    type Options = FitOptions;

    fn resolve(data: &Table, scope: Scope, mut options: FitOptions) -> Result<(Scope, FitOptions)> {
        options.unit = Some(unit_of(data, options.unit)?);
        options.bad_rows = Some(policy(data, options.bad_rows));
        Ok((scope, options))
    }

    fn run(data: &Table, _: &(), options: &FitOptions, context: &Context) -> Result<Table> {
        one_as_of(data)?;
        let usable = Usable::new(data, options.bad_rows, Reads::PURCHASES)?;
        let frame = Frame::new(&usable.table, options.unit)?;
        let ln_gaps = ln_gaps(&[options.model], &usable.table, &frame)?;
        context.check()?;
        let rows = Rows::new(&frame.histories())?;
        let fit = repeat_model::fit(options.model, &rows, frame.unit, ln_gaps)?;
        let table = match options.bootstrap {
            0 => table(&fit, options.confidence),
            replicates => bootstrapped(fit, options.confidence, |fit| {
                Bootstrap::of_purchases(fit, &rows, (replicates, options.seed), context)
            }),
        };
        Ok(usable.noted(table?))
    }
}

/// Options of [`GammaGammaFit`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SpendOptions {
    /// Customers with repeat purchases and spend not above 0. Default: drop; counted.
    pub no_spend: NoSpend,
    /// Confidence level of the intervals. Default 0.95.
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

impl Default for SpendOptions {
    fn default() -> Self {
        Self {
            no_spend: NoSpend::default(),
            confidence: default_level(),
            bootstrap: 0,
            seed: 0,
            bad_rows: None,
        }
    }
}

/// The analysis `gamma_gamma_fit`.
pub struct GammaGammaFit;

impl Analysis for GammaGammaFit {
    const NAME: &'static str = "gamma_gamma_fit";
    const SUMMARY: &'static str =
        "the Gamma-Gamma model of spend, and the correlation of spend and frequency";
    const JA: &'static str = "購入単価モデルの推定";
    const COLUMNS: &'static [Field] = &[PARAMETER, VALUE, STANDARD_ERROR, LOW, HIGH];
    const OPTIONAL: &'static [&'static str] = &["weight", "as_of"];
    type Data = Table;
    type Options = SpendOptions;

    fn resolve(data: &Table, scope: Scope, options: SpendOptions) -> Result<(Scope, SpendOptions)> {
        let bad_rows = Some(policy(data, options.bad_rows));
        Ok((
            scope,
            SpendOptions {
                bad_rows,
                ..options
            },
        ))
    }

    fn run(data: &Table, _: &(), options: &SpendOptions, context: &Context) -> Result<Table> {
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
        let SpendOptions {
            no_spend,
            confidence,
            bootstrap,
            seed,
            bad_rows: _,
        } = *options;
        let fitted = gamma_gamma::fit(&spend, no_spend)?;
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

/// Options of [`ClvParameters`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ParametersOptions {
    /// A model of purchases: the JSON of a fit, or of parameters.
    pub fit: serde_json::Value,
    /// Instead of `fit`, the model of spend: the JSON of a Gamma-Gamma fit, or of parameters.
    pub spend_fit: serde_json::Value,
    /// Instead of `fit`, the model of contracts: the JSON of an sBG fit, or of parameters.
    pub sbg_fit: serde_json::Value,
    /// Instead of `fit`, the model of discrete opportunities: the JSON of a BG/BB fit, or of
    /// parameters.
    pub bgbb_fit: serde_json::Value,
    /// Confidence level of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for ParametersOptions {
    fn default() -> Self {
        Self {
            fit: serde_json::Value::Null,
            spend_fit: serde_json::Value::Null,
            sbg_fit: serde_json::Value::Null,
            bgbb_fit: serde_json::Value::Null,
            confidence: default_level(),
        }
    }
}

/// The analysis `clv_parameters`. It accepts any table and reads only its options.
pub struct ClvParameters;

impl Analysis for ClvParameters {
    const NAME: &'static str = "clv_parameters";
    const SUMMARY: &'static str = "a stored fit, or parameters of another program, checked and converted to the table of a fit";
    const JA: &'static str = "モデルの母数";
    const COLUMNS: &'static [Field] = &[PARAMETER, VALUE, STANDARD_ERROR, LOW, HIGH];
    type Data = Table;
    type Options = ParametersOptions;

    fn run(_: &Table, _: &(), options: &ParametersOptions, _: &Context) -> Result<Table> {
        let level = options.confidence;
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
        table(&fit_of::<RepeatModel>("fit", &options.fit)?, level)
    }
}

/// Options of [`CompareModels`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CompareOptions {
    /// The models. Default: NBD, BG/NBD, MBG/NBD, Pareto/NBD.
    pub models: Vec<Kind>,
    /// The unit of time of a frame without a definition.
    pub unit: Option<Unit>,
}

impl Default for CompareOptions {
    fn default() -> Self {
        Self {
            models: [Kind::Nbd, Kind::BgNbd, Kind::MbgNbd, Kind::ParetoNbd].into(),
            unit: None,
        }
    }
}

/// The analysis `compare_models`. A model of regular gaps for which k = 1 is best is the plain
/// model of its family and has that model's row; the note `chose_k_1` names both.
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
    type Options = CompareOptions;

    fn resolve(
        data: &Table,
        scope: Scope,
        mut options: CompareOptions,
    ) -> Result<(Scope, CompareOptions)> {
        options.unit = Some(unit_of(data, options.unit)?);
        Ok((scope, options))
    }

    fn run(data: &Table, _: &(), options: &CompareOptions, _: &Context) -> Result<Table> {
        one_as_of(data)?;
        let frame = Frame::new(data, options.unit)?;
        let ln_gaps = ln_gaps(&options.models, data, &frame)?;
        let rows = Rows::new(&frame.histories())?;
        let fits = repeat_model::compare(&options.models, &rows, frame.unit, ln_gaps)?;
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
