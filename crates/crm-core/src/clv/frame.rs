//! The columns that the models read from a table: a `clv_summary`, or a caller's own frame with the
//! same column names.

use std::borrow::Cow;

use serde_json::Value;

use crate::clv::models::histories::Histories;
use crate::clv::models::model::{Fit, Purchases};
use crate::clv::models::repeat_model::{Kind, RepeatModel};
use crate::clv::shop_time::ShopTime;
use crate::clv::tables::clv_summary::{SEASONS, Unit, factors_of};
use crate::context::{collect, room};
use crate::error::{Error, Result};
use crate::season::{Seasonality, Seasons};
use crate::table::{Cell, Column, Table};
use crate::time::Day;

/// The numbers of a column as doubles, borrowed where possible.
pub(crate) type Numbers<'a> = Cow<'a, [f64]>;

/// The columns of a table as numbers.
pub(crate) struct Frame<'a> {
    pub(crate) frequency: Numbers<'a>,
    pub(crate) recency: Numbers<'a>,
    pub(crate) age: Numbers<'a>,
    pub(crate) weight: Option<Numbers<'a>>,
    /// The unit of time.
    pub(crate) unit: Unit,
}

impl<'a> Frame<'a> {
    /// Reads `frequency`, `recency`, `T` and, if there is one, `weight`.
    pub(crate) fn new(table: &'a Table, unit: Option<Unit>) -> Result<Self> {
        Ok(Self {
            unit: unit_of(table, unit)?,
            frequency: table.numbers("frequency")?,
            recency: table.numbers("recency")?,
            age: table.numbers("T")?,
            weight: weights(table)?,
        })
    }

    pub(crate) fn histories(&self) -> Histories<'_> {
        Histories {
            weight: self.weight.as_deref(),
            ..Histories::new(&self.frequency, &self.recency, &self.age)
        }
    }

    /// Turns the times of the customers of `table` into those of a model with these factors, if it has any.
    pub(crate) fn in_time_of(
        &mut self,
        factors: Option<&Seasonality>,
        table: &Table,
    ) -> Result<ShopTime> {
        self.in_time_until(factors, factors.and_then(|_| date_of(table)))
    }

    /// The same for a table of which the last day of observation is known.
    pub(crate) fn in_time_until(
        &mut self,
        factors: Option<&Seasonality>,
        end: Option<Day>,
    ) -> Result<ShopTime> {
        let oldest = self.age.iter().copied().filter(|age| age.is_finite());
        let time = ShopTime::new(factors, end, oldest.fold(0.0, f64::max), self.unit)?;
        if time.runs() {
            let histories = self.histories();
            histories.check()?;
            let rows = || (0..histories.len()).map(|row| time.history(histories.at(row)));
            let recency = collect(rows().map(|h| h.t_x), "histories")?;
            let age = collect(rows().map(|h| h.age), "histories")?;
            (self.recency, self.age) = (recency.into(), age.into());
        }
        Ok(time)
    }
}

/// The last day of observation of a table: the end of calibration or the date of a `clv_summary`, or the
/// date in the column `as_of`.
pub(crate) fn date_of(table: &Table) -> Option<Day> {
    let read = |text: &Value| text.as_str().and_then(|text| text.parse().ok());
    if let Some(summary) = summary(table) {
        let end = read(&summary["options"]["calibration_end"]);
        if let Some(day) = end.or_else(|| read(&summary["scope"]["as_of"])) {
            return Some(day);
        }
    }
    let cell = table.column("as_of").filter(|_| !table.is_empty());
    match cell.map(|column| column.cell(0)) {
        Some(Cell::Date(day)) => Some(day),
        Some(Cell::Text(text)) => text.parse().ok(),
        // A summary that another analysis has made.
        _ => read(table.notes().get(SEASONS)?.get("until")?),
    }
}

/// The columns of a table to which a model is applied, in the unit and the time of the model.
pub(crate) fn frame_for<'a>(
    data: &'a Table,
    fit: &Fit<RepeatModel>,
    unit: Option<Unit>,
) -> Result<(Frame<'a>, ShopTime)> {
    one_as_of(data)?;
    let mut frame = Frame::new(data, unit)?;
    fit.model.unit().expect(frame.unit)?;
    let time = frame.in_time_of(fit.seasonality.as_ref(), data)?;
    Ok((frame, time))
}

/// The factors of demand for a fit to a table: `Auto` takes those of the summary.
pub(crate) fn seasons_for(data: &Table, unit: Unit, asked: &Seasons) -> Result<Seasons> {
    match asked {
        Seasons::Even => Ok(Seasons::Even),
        Seasons::Auto => Ok(match factors_of(data).filter(|_| unit.period().is_none()) {
            Some(factors) => Seasons::Known(factors),
            None => Seasons::Even,
        }),
        Seasons::Known(_) if asked.known().is_none() => Ok(Seasons::Even),
        Seasons::Known(_) if date_of(data).is_none() => {
            let expected =
                "\"none\" for a table without a date: a `clv_summary` or a column as_of has one";
            Err(Error::option("seasonality", "", expected))
        }
        Seasons::Known(factors) => Ok(Seasons::Known(factors.clone())),
    }
}

/// The column with Σ ln Δt in the time of a model with these factors.
pub(crate) fn ln_gaps_column(factors: Option<&Seasonality>) -> &'static str {
    match factors {
        Some(_) => "own_ln_gaps",
        None => "ln_gaps",
    }
}

/// Σ ln Δt of all customers in the time of the model; 0 if no model needs it.
pub(crate) fn ln_gaps(
    kinds: &[Kind],
    data: &Table,
    frame: &Frame,
    factors: Option<&Seasonality>,
) -> Result<f64> {
    if !kinds.iter().any(|kind| kind.is_regular()) {
        return Ok(0.0);
    }
    let column = ln_gaps_column(factors);
    if factors.is_some() && is_summary(data) && factors_of(data).as_ref() != factors {
        let expected = "the factors that the summary was made with, which its own_ln_gaps are of";
        return Err(Error::option("seasonality", "", expected));
    }
    let (values, valid) = data.cells(column)?;
    let mut sum = 0.0;
    for (row, (value, x)) in values.iter().zip(&*frame.frequency).enumerate() {
        if *x == 0.0 {
            continue;
        }
        if !value.is_finite() || valid.is_some_and(|valid| !valid[row]) {
            let expected = "a finite number where frequency is above 0";
            return Err(Error::value(column, row, expected));
        }
        sum += value * frame.weight.as_ref().map_or(1.0, |w| w[row]);
    }
    Ok(sum)
}

/// Refuses a table with rows of several dates where customers are counted, because the same
/// customers would count several times.
pub(crate) fn one_as_of(table: &Table) -> Result<()> {
    let Some(column) = table.column("as_of") else {
        return Ok(());
    };
    match (1..table.len()).find(|row| column.cell(*row) != column.cell(0)) {
        Some(row) => Err(Error::value(
            "as_of",
            row,
            "one date in all rows, or customers count once for each: choose one as_of",
        )),
        None => Ok(()),
    }
}

/// The `weight` column, if there is one.
pub(crate) fn weights(table: &Table) -> Result<Option<Numbers<'_>>> {
    match table.column("weight") {
        Some(_) => table.numbers("weight").map(Some),
        None => Ok(None),
    }
}

/// The definition of a `clv_summary`; `None` for any other table.
fn summary(table: &Table) -> Option<Value> {
    let definition = table.definition()?;
    let json: Value = serde_json::from_str(definition.json()).ok()?;
    (json["analysis"] == "clv_summary").then_some(json)
}

/// Whether a table is a `clv_summary` of orders and not a caller's own frame.
pub(crate) fn is_summary(table: &Table) -> bool {
    summary(table).is_some()
}

/// The unit in a summary's definition; for a frame without a definition, the option.
pub(crate) fn unit_of(table: &Table, option: Option<Unit>) -> Result<Unit> {
    let own = summary(table)
        .and_then(|json| serde_json::from_value(json["options"]["unit"].clone()).ok());
    match (own, option) {
        (Some(own), Some(option)) => option.expect(own).map(|()| own),
        (Some(unit), None) | (None, Some(unit)) => Ok(unit),
        (None, None) => Err(Error::option(
            "unit",
            "",
            "day, week, calendar_week or month: this table does not say what it is in",
        )),
    }
}

/// The unit of a table to which a model is applied.
pub(crate) fn unit_for(
    table: &Table,
    option: Option<Unit>,
    fit: &Fit<RepeatModel>,
) -> Result<Unit> {
    unit_of(table, option.or(unit_if_silent(table, fit)))
}

/// The model's unit for a frame without a definition, `None` for a table with one.
pub(crate) fn unit_if_silent(table: &Table, fit: &Fit<RepeatModel>) -> Option<Unit> {
    table.definition().is_none().then(|| fit.model.unit())
}

/// A column of whole numbers, at least 0.
pub(crate) fn whole(table: &Table, name: &str) -> Result<Vec<u32>> {
    let values = table.numbers(name)?;
    let mut out = room(values.len(), "column")?;
    for (row, &value) in values.iter().enumerate() {
        if !(0.0..=2_147_483_647.0).contains(&value) || value != libm::floor(value) {
            return Err(Error::value(name, row, "a whole number, at least 0"));
        }
        out.push(value as u32);
    }
    Ok(out)
}

/// Mean spend, NaN where null. Nulls are allowed at frequency 0 only; the callers check that.
pub(crate) fn spend(table: &Table) -> Result<Numbers<'_>> {
    or_nan(table, "monetary_value")
}

/// A column's numbers, NaN where null.
pub(crate) fn or_nan<'a>(table: &'a Table, name: &str) -> Result<Numbers<'a>> {
    let (values, valid) = table.cells(name)?;
    let Some(valid) = valid else {
        return Ok(values);
    };
    let cells = values.iter().zip(valid);
    let cells = cells.map(|(value, valid)| if *valid { *value } else { f64::NAN });
    Ok(collect(cells, "column")?.into())
}

/// `columns` with the table's `customer_id` column, if it has one, in front.
pub(crate) fn with_ids(table: &Table, columns: Vec<Column>) -> Result<Vec<Column>> {
    let Some(ids) = table.column("customer_id") else {
        return Ok(columns);
    };
    let mut all = room(columns.len() + 1, "columns")?;
    all.push(ids.clone());
    all.extend(columns);
    Ok(all)
}

/// Reads a fit from an option: the object in the note `fit`, its JSON text, or parameters alone.
pub(crate) fn fit_of<M>(option: &'static str, given: &Value) -> Result<Fit<M>>
where
    M: crate::clv::models::model::Model + serde::de::DeserializeOwned,
{
    let expected = |problem: String| Error::option(option, "", problem);
    if given.is_null() {
        return Err(Error::NotFitted {
            what: format!("option `{option}` is the JSON of a fit, or of parameters").into(),
        });
    }
    let parsed;
    let given = match given {
        Value::String(text) => {
            parsed = serde_json::from_str(text)
                .map_err(|e| expected(format!("the JSON of a fit ({e})")))?;
            &parsed
        }
        other => other,
    };
    if given.get("covariates").is_some() {
        return Err(expected(
            "a fit without covariates; clv_parameters with `covariates` gives the fit of customers with certain values"
                .into(),
        ));
    }
    if given.get("version").is_none() {
        let model = serde_json::from_value(given.clone());
        return model
            .map(Fit::given)
            .map_err(|e| expected(format!("the JSON of parameters ({e})")));
    }
    let fit: Fit<M> = serde_json::from_value(given.clone())
        .map_err(|e| expected(format!("the JSON of a fit ({e})")))?;
    if !(1..=crate::clv::models::model::VERSION).contains(&fit.version) {
        return Err(expected(
            "the JSON of a fit of this version or older".into(),
        ));
    }
    let n = fit.count();
    let whole = |c: &Vec<f64>| c.len() == n * n && c.iter().all(|v| v.is_finite());
    if !fit.covariance_of_logs.as_ref().is_none_or(whole) {
        return Err(expected(
            "a covariance of the size of the parameters".into(),
        ));
    }
    Ok(fit)
}
