//! The table of a fit: one row per parameter, with its error and interval; the rest is in notes.
//!
//! The fit is returned as JSON in the note `fit`, which the predictions take as an option.

use crate::clv::fields::{HIGH, LOW, PARAMETER};
use crate::clv::models::bootstrap::Bootstrap;
use crate::clv::models::covariates::CovariateFit;
use crate::clv::models::model::{Fit, Model, Status};
use crate::context::collect;
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::table::shared::{STANDARD_ERROR, VALUE};
use crate::table::{Column, Field, Table, Values};
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;

/// One row per parameter, the rest in notes.
pub(super) fn table<M: Model + Serialize>(fit: &Fit<M>, level: Fraction) -> Result<Table> {
    table_with(fit, fit.intervals(level))
}

/// [`table`] with the errors and intervals of a bootstrap. Where the fit did not converge, the
/// table has no errors and intervals.
pub(super) fn bootstrapped<M: Model + Serialize>(
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
    let json = serde_json::to_value(fit).map_err(|e| Error::internal(e.to_string()))?;
    let estimates = Estimates {
        parameters: fit.parameters().map(|(name, v)| (name.into(), v)).collect(),
        errors: fit.standard_errors(),
        intervals,
        criteria: [fit.aic(), fit.bic()],
        json,
    };
    estimates.table(fit)
}

/// The table of a fit that may have covariates: their coefficients follow the parameters.
pub(super) fn covariate_table(fit: &CovariateFit, level: Fraction) -> Result<Table> {
    let estimates = Estimates {
        parameters: fit.parameters().collect(),
        errors: fit.standard_errors(),
        intervals: fit.intervals(level),
        criteria: [fit.aic(), fit.bic()],
        json: fit.json()?,
    };
    estimates.table(&fit.fit)
}

/// What the table of a fit has.
struct Estimates {
    /// Names and values.
    parameters: Vec<(String, f64)>,
    errors: Option<Vec<f64>>,
    intervals: Option<Vec<(f64, f64)>>,
    /// Those of Akaike and Bayes.
    criteria: [f64; 2],
    /// The fit itself.
    json: serde_json::Value,
}

impl Estimates {
    fn table<M: Model>(self, fit: &Fit<M>) -> Result<Table> {
        let Estimates {
            parameters,
            errors,
            intervals,
            criteria: [aic, bic],
            json,
        } = self;
        let n = parameters.len();
        let cell = |i: usize, of: &dyn Fn(&(f64, f64)) -> f64| {
            let interval = intervals.as_ref()?.get(i)?;
            Some(of(interval)).filter(|v| v.is_finite())
        };
        let columns = vec![
            texts(&PARAMETER, parameters.iter().map(|(name, _)| name.as_str()))?,
            Column::floats(&VALUE, parameters.iter().map(|(_, value)| Some(*value)))?,
            Column::floats(
                &STANDARD_ERROR,
                (0..n).map(|i| errors.as_ref()?.get(i).copied()),
            )?,
            Column::floats(&LOW, (0..n).map(|i| cell(i, &|v| v.0)))?,
            Column::floats(&HIGH, (0..n).map(|i| cell(i, &|v| v.1)))?,
        ];
        // Given parameters were fitted to no customers, so the notes about the fit are left out.
        let fitted = fit.customers > 0.0;
        let ended = if fitted { status(&fit.status) } else { "given" };
        let of_fit = |value: f64| json!(Some(value).filter(|_| fitted));
        Ok(Table::new(columns)
            .with_note("model", json!(fit.model.name()))
            .with_note("status", json!(ended))
            .with_note("boundary", json!(boundary(&fit.status)))
            .with_note("log_likelihood", of_fit(fit.log_likelihood))
            .with_note("aic", of_fit(aic))
            .with_note("bic", of_fit(bic))
            .with_note("customers", json!(fit.customers))
            .with_note("fit", json))
    }
}

fn boundary(status: &Status) -> Option<&str> {
    match status {
        Status::Boundary { parameter } => Some(parameter),
        _ => None,
    }
}

pub(super) fn status(status: &Status) -> &'static str {
    match status {
        Status::Converged => "converged",
        Status::Boundary { .. } => "boundary",
        Status::Stalled => "stalled",
    }
}

/// A column of texts.
pub(super) fn texts<'a>(field: &Field, cells: impl Iterator<Item = &'a str>) -> Result<Column> {
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
