//! The columns of a table that are covariates of a fit, and the customers who have the same values in them.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::clv::frame::{Numbers, fit_of, weights};
use crate::clv::models::covariate_fit::{Design, Group};
use crate::clv::models::covariates::{CovariateColumn, CovariateFit, Covariates};
use crate::clv::models::histories::{Histories, Rows};
use crate::clv::models::model::Fit;
use crate::clv::models::repeat_model::RepeatModel;
use crate::context::{Context, collect, filled, push, room};
use crate::error::{Error, Result};
use crate::ids::IdKind;
use crate::table::{Column, Table, Values};

/// The columns of customers on which the rates of a fit depend.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schemars", schemars(untagged))]
#[non_exhaustive]
pub enum CovariateNames {
    /// None. The default.
    #[default]
    #[cfg_attr(feature = "schemars", schemars(with = "Option<()>"))]
    None,
    /// These columns for purchases and dropout alike.
    Both(Vec<String>),
    /// Columns for each of them.
    Apart(CovariateLists),
}

/// Columns for purchases and columns for dropout.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct CovariateLists {
    /// Columns for the purchase rate.
    pub purchase: Vec<String>,
    /// Columns for dropout.
    pub dropout: Vec<String>,
}

impl Serialize for CovariateNames {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            CovariateNames::None => to.serialize_none(),
            CovariateNames::Both(names) => names.serialize(to),
            CovariateNames::Apart(apart) => apart.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for CovariateNames {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        const EXPECTED: &str =
            "a list of columns, or an object with lists `purchase` and `dropout`";
        let read = match Value::deserialize(from)? {
            Value::Null => return Ok(CovariateNames::None),
            list @ Value::Array(_) => Vec::deserialize(list).map(CovariateNames::Both),
            object @ Value::Object(_) => {
                CovariateLists::deserialize(object).map(CovariateNames::Apart)
            }
            _ => return Err(D::Error::custom(EXPECTED)),
        };
        read.map_err(|error| D::Error::custom(format!("{EXPECTED} ({error})")))
    }
}

impl CovariateNames {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        let [purchase, dropout] = self.lists();
        purchase.is_empty() && dropout.is_empty()
    }

    /// Columns for the purchase rate, and for dropout.
    fn lists(&self) -> [&[String]; 2] {
        match self {
            CovariateNames::None => [&[], &[]],
            CovariateNames::Both(names) => [names, names],
            CovariateNames::Apart(CovariateLists { purchase, dropout }) => [purchase, dropout],
        }
    }

    /// The columns in a table of customers, each with its values by row.
    pub(crate) fn read(
        &self,
        table: &Table,
        model: &RepeatModel,
    ) -> Result<(Design, Vec<Vec<f64>>)> {
        let [purchase, dropout] = self.lists();
        if let (RepeatModel::Nbd(_), CovariateNames::Apart(_), [_, ..]) = (model, self, dropout) {
            let expected = "columns for purchases only: a customer of the NBD does not drop out";
            return Err(Error::option("covariates", "dropout", expected));
        }
        for list in [purchase, dropout] {
            let mut names = list.iter().enumerate();
            if let Some((_, name)) = names.find(|(at, name)| list[..*at].contains(name)) {
                return Err(Error::option("covariates", name, "each column once"));
            }
        }
        let dropout = match model {
            RepeatModel::Nbd(_) => &[],
            _ => dropout,
        };
        let (mut columns, mut raw) = (Vec::new(), Vec::new());
        let of_both = purchase.iter().filter(|name| !dropout.contains(name));
        for name in of_both.chain(dropout) {
            let (column, values) = described(table, name)?;
            push(&mut columns, column, "covariates")?;
            push(&mut raw, values, "covariates")?;
        }
        let design = Design {
            columns,
            purchase: purchase.to_vec(),
            dropout: dropout.to_vec(),
        };
        Ok((design, raw))
    }
}

/// Refuses a column with cells without a value, saying how many there are.
fn complete<'a>(table: &'a Table, name: &str) -> Result<&'a Column> {
    let column = table.required(name)?;
    let missing = || column.validity().into_iter().flatten().enumerate();
    let missing = || missing().filter(|(_, valid)| !**valid);
    let Some((first, _)) = missing().next() else {
        return Ok(column);
    };
    let (count, rows) = (missing().count(), table.len());
    let expected = format!("a covariate of every customer ({count} of {rows} rows have none)");
    Err(Error::Null {
        column: name.into(),
        row: first as u64,
        expected: expected.into(),
        droppable: false,
    })
}

/// The values of a column of customers by row.
enum Cells<'a> {
    Numbers(Numbers<'a>),
    /// The values of a category, ascending, and the place of each row's value among them.
    Levels(Vec<String>, Vec<u32>),
}

fn cells<'a>(table: &'a Table, name: &str) -> Result<Cells<'a>> {
    let column = complete(table, name)?;
    Ok(match column.values() {
        Values::Id { ids, .. } if ids.kind() != IdKind::Text => {
            return Err(Error::ColumnType {
                column: name.into(),
                found: "ids".into(),
                expected: "numbers, truth values or texts: it is a covariate".into(),
            });
        }
        Values::Id { .. } | Values::Text { .. } => {
            let (levels, places) = table.names(name)?;
            Cells::Levels(levels, places)
        }
        Values::Bool(cells) => {
            let numbers = cells.iter().map(|cell| f64::from(*cell));
            Cells::Numbers(collect(numbers, "covariates")?.into())
        }
        _ => Cells::Numbers(table.numbers(name)?),
    })
}

/// A column as a fit describes it, and its values by row. The values of a category are sorted, but the
/// one of most customers is first; of several such ones the first by name.
fn described(table: &Table, name: &str) -> Result<(CovariateColumn, Vec<f64>)> {
    let (levels, values) = match cells(table, name)? {
        Cells::Numbers(numbers) => (None, numbers.into_owned()),
        Cells::Levels(mut levels, places) => {
            let weight = weights(table)?;
            let mut customers = filled(levels.len(), 0.0, "covariates")?;
            for (row, place) in places.iter().enumerate() {
                customers[*place as usize] += weight.as_ref().map_or(1.0, |w| w[row]);
            }
            let most = customers.iter().enumerate().rev();
            let most = most.max_by(|a, b| a.1.total_cmp(b.1));
            let most = most.map_or(0, |(place, _)| place);
            if let Some(upto) = levels.get_mut(..=most) {
                upto.rotate_right(1);
            }
            let moved = |place: u32| match (place as usize).cmp(&most) {
                Ordering::Less => f64::from(place + 1),
                Ordering::Equal => 0.0,
                Ordering::Greater => f64::from(place),
            };
            let values = collect(places.iter().map(|place| moved(*place)), "covariates")?;
            (Some(levels), values)
        }
    };
    let name = name.to_owned();
    Ok((CovariateColumn { name, levels }, values))
}

/// The values of a column of a fit by row of a table: a number, or the place among the levels of the fit.
fn values(table: &Table, described: &CovariateColumn) -> Result<Vec<f64>> {
    let name = &described.name;
    let of_another_type = |found: &str, expected: &str| {
        Err(Error::ColumnType {
            column: name.clone(),
            found: found.into(),
            expected: format!("{expected}, as in the fit"),
        })
    };
    match (cells(table, name)?, &described.levels) {
        (Cells::Numbers(numbers), None) => Ok(numbers.into_owned()),
        (Cells::Levels(levels, places), Some(known)) => {
            let place = |level: &String| known.iter().position(|known| known == level);
            let known = collect(levels.iter().map(place), "covariates")?;
            let value = |(row, place): (usize, &u32)| match known[*place as usize] {
                Some(place) => Ok(place as f64),
                None => {
                    let expected = "a value that the fit has seen in this column";
                    Err(Error::value(name, row, expected))
                }
            };
            places.iter().enumerate().map(value).collect()
        }
        (Cells::Numbers(_), Some(_)) => of_another_type("a number", "a text"),
        (Cells::Levels(..), None) => of_another_type("a text", "a number"),
    }
}

/// The rows with the same values, and these values, in ascending order of the values.
fn alike(raw: &[Vec<f64>], rows: usize) -> Result<Vec<(Vec<f64>, Vec<usize>)>> {
    if rows == 0 {
        return Ok(vec![(filled(raw.len(), 0.0, "covariates")?, Vec::new())]);
    }
    let by_value = |a: usize, b: usize| -> Ordering {
        let orders = raw.iter().map(|column| column[a].total_cmp(&column[b]));
        orders.fold(Ordering::Equal, Ordering::then)
    };
    let mut order = collect(0..rows, "covariates")?;
    order.sort_unstable_by(|a, b| by_value(*a, *b).then(a.cmp(b)));
    let mut out = Vec::new();
    for run in order.chunk_by(|a, b| by_value(*a, *b) == Ordering::Equal) {
        let values = collect(raw.iter().map(|column| column[run[0]]), "covariates")?;
        push(&mut out, (values, run.to_vec()), "covariates")?;
    }
    Ok(out)
}

/// The groups of customers with the same covariates, for a fit.
pub(crate) fn groups(
    histories: &Histories<'_>,
    raw: &[Vec<f64>],
    context: &Context,
) -> Result<Vec<Group>> {
    context.map(alike(raw, histories.len())?, |(raw, rows)| {
        let part = Part::new(histories, &rows)?;
        let rows = Rows::new(&part.histories())?;
        Ok(Group { raw, rows })
    })
}

/// Rows of histories.
pub(crate) struct Part {
    frequency: Vec<f64>,
    recency: Vec<f64>,
    age: Vec<f64>,
    weight: Option<Vec<f64>>,
}

impl Part {
    fn new(histories: &Histories<'_>, rows: &[usize]) -> Result<Self> {
        let take = |column: &[f64]| collect(rows.iter().map(|row| column[*row]), "histories");
        Ok(Self {
            frequency: take(histories.frequency)?,
            recency: take(histories.recency)?,
            age: take(histories.age)?,
            weight: histories.weight.map(take).transpose()?,
        })
    }

    fn histories(&self) -> Histories<'_> {
        Histories {
            weight: self.weight.as_deref(),
            ..Histories::new(&self.frequency, &self.recency, &self.age)
        }
    }
}

/// Customers with the same model.
pub(crate) struct Alike<'a> {
    /// Their model.
    pub(crate) fit: Cow<'a, Fit<RepeatModel>>,
    /// Their values of the columns of the fit.
    pub(crate) raw: Vec<f64>,
    /// Their rows of the table; `None`: all.
    pub(crate) rows: Option<Vec<usize>>,
}

impl Alike<'_> {
    /// The histories of these customers, passed to `with`.
    pub(crate) fn with<T>(
        &self,
        histories: &Histories<'_>,
        with: impl FnOnce(&Histories<'_>) -> Result<T>,
    ) -> Result<T> {
        match &self.rows {
            None => with(histories),
            Some(rows) => with(&Part::new(histories, rows)?.histories()),
        }
    }

    /// The cells of these customers in a column of all.
    pub(crate) fn take(&self, all: &[f64]) -> Result<Vec<f64>> {
        match &self.rows {
            None => collect(all.iter().copied(), "histories"),
            Some(rows) => collect(rows.iter().map(|row| all[*row]), "histories"),
        }
    }

    /// Values of these customers into a column of all.
    pub(crate) fn scatter(&self, values: Vec<f64>, all: &mut Vec<f64>) {
        match &self.rows {
            None => *all = values,
            Some(rows) => rows
                .iter()
                .zip(values)
                .for_each(|(row, value)| all[*row] = value),
        }
    }
}

/// The model of each row of a table; `None` without covariates, where all have the same.
pub(crate) fn own_models(fit: &CovariateFit, table: &Table) -> Result<Option<Vec<RepeatModel>>> {
    if fit.covariates.is_none() {
        return Ok(None);
    }
    let mut own = filled(table.len(), fit.fit.model, "covariates")?;
    for alike in fit.by_model(table)? {
        for row in alike.rows.iter().flatten() {
            own[*row] = alike.fit.model;
        }
    }
    Ok(Some(own))
}

impl CovariateFit {
    /// The customers of a table by their model: all have the same without covariates.
    pub(crate) fn by_model(&self, table: &Table) -> Result<Vec<Alike<'_>>> {
        let Some(covariates) = &self.covariates else {
            let (fit, raw) = (Cow::Borrowed(&self.fit), Vec::new());
            return Ok(vec![Alike {
                fit,
                raw,
                rows: None,
            }]);
        };
        let mut out = Vec::new();
        for (raw, rows) in alike(&covariates.raw(table)?, table.len())? {
            let fit = Cow::Owned(self.of(&raw)?);
            let rows = Some(rows);
            push(&mut out, Alike { fit, raw, rows }, "covariates")?;
        }
        Ok(out)
    }

    /// The fit of customers with these covariates, by column.
    pub(crate) fn with(&self, given: &Map<String, Value>) -> Result<Fit<RepeatModel>> {
        let Some(covariates) = &self.covariates else {
            return Ok(self.fit.clone());
        };
        let of_fit = |name: &String| covariates.columns.iter().any(|column| column.name == *name);
        if let Some(name) = given.keys().find(|name| !of_fit(name)) {
            return Err(Error::option("covariates", name, "columns of the fit"));
        }
        let mut raw = Vec::new();
        for column in &covariates.columns {
            let value = match (&column.levels, given.get(&column.name)) {
                (None, Some(Value::Number(number))) => number.as_f64(),
                (None, Some(Value::Bool(value))) => Some(f64::from(*value)),
                (Some(levels), Some(Value::String(level))) => {
                    let place = levels.iter().position(|known| known == level);
                    place.map(|place| place as f64)
                }
                _ => None,
            };
            let expected = match &column.levels {
                None => "a number for each column of numbers",
                Some(_) => "a value that the fit has seen for each category",
            };
            let value = value.ok_or_else(|| Error::option("covariates", &column.name, expected))?;
            push(&mut raw, value, "covariates")?;
        }
        self.of(&raw)
    }

    /// Its JSON: that of a fit, with the covariates if there are any.
    pub(crate) fn json(&self) -> Result<Value> {
        let internal = |error: serde_json::Error| Error::internal(error.to_string());
        let mut json = serde_json::to_value(&self.fit).map_err(internal)?;
        if let Some(covariates) = &self.covariates {
            json["covariates"] = json!(covariates);
        }
        Ok(json)
    }
}

impl Covariates {
    /// The values of the columns of the fit, by row of a table.
    fn raw(&self, table: &Table) -> Result<Vec<Vec<f64>>> {
        let mut raw = room(self.columns.len(), "covariates")?;
        for described in &self.columns {
            raw.push(values(table, described)?);
        }
        Ok(raw)
    }
}

/// Reads a fit of repeat purchases, with or without covariates, from an option.
pub(crate) fn covariate_fit_of(option: &'static str, given: &Value) -> Result<CovariateFit> {
    let parsed;
    let object = match given {
        Value::String(text) => {
            let expected =
                |error| Error::option(option, "", format!("the JSON of a fit ({error})"));
            parsed = serde_json::from_str::<Value>(text).map_err(expected)?;
            &parsed
        }
        other => other,
    };
    let mut object = object.clone();
    let covariates = object
        .as_object_mut()
        .and_then(|fit| fit.remove("covariates"));
    let covariates = match covariates {
        None => None,
        Some(covariates) => Some(Covariates::deserialize(covariates).map_err(|error| {
            Error::option(
                option,
                "",
                format!("the JSON of a fit with covariates ({error})"),
            )
        })?),
    };
    let fit = CovariateFit {
        fit: fit_of(option, &object)?,
        covariates,
    };
    fit.check(option)?;
    Ok(fit)
}
