//! Costs, matched to groups of customers by the values of the columns `by`.

use super::{Costs, Options};
use crate::columns::{Bits, ColumnData, ColumnValues, Strings};
use crate::context::{Context, collect};
use crate::data::filter::AttributeValues;
use crate::error::{Error, Result};
use crate::ids::{IdKind, Ids, NO_ID};
use crate::retention::history::Histories;
use crate::table::Label;
use crate::time::Day;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The values of a column, numbered.
pub(super) enum Domain {
    Ids(Arc<Ids>),
    Words(&'static [Label]),
    Days,
    Bools,
}

/// The number of the value at an index of a column.
pub(super) fn token(values: &AttributeValues, place: usize) -> u32 {
    match values {
        AttributeValues::Codes(_, codes) | AttributeValues::Bands(_, codes, _) => codes[place],
        AttributeValues::Words(_, codes) => codes[place].into(),
        AttributeValues::Days(days) => days[place] as u32,
        AttributeValues::Bools(flags) => flags[place].into(),
        AttributeValues::Amounts(..) => NO_ID,
    }
}

impl Domain {
    pub(super) fn of(values: &AttributeValues) -> Domain {
        match values {
            AttributeValues::Codes(ids, _) | AttributeValues::Bands(ids, ..) => {
                Domain::Ids(ids.clone())
            }
            AttributeValues::Words(labels, _) => Domain::Words(labels),
            AttributeValues::Days(_) => Domain::Days,
            AttributeValues::Bools(_) | AttributeValues::Amounts(..) => Domain::Bools,
        }
    }

    /// A column with the values of these numbers.
    pub(super) fn values(&self, tokens: &[u32]) -> Result<AttributeValues> {
        let tokens = || tokens.iter().copied();
        Ok(match self {
            Domain::Ids(ids) => {
                AttributeValues::Codes(ids.clone(), collect(tokens(), "costs")?.into())
            }
            Domain::Words(labels) => {
                AttributeValues::Words(labels, collect(tokens().map(|t| t as u8), "costs")?)
            }
            Domain::Days => AttributeValues::Days(collect(tokens().map(|t| t as i32), "costs")?),
            Domain::Bools => AttributeValues::Bools(collect(tokens().map(|t| t != 0), "costs")?),
        })
    }

    /// The numbers of values given as JSON. An id that no order has gets a new number.
    fn tokens(&mut self, name: &str, values: &[Value], context: &Context) -> Result<Vec<u32>> {
        let wrong = |value: &Value, expected: &'static str| {
            Error::option(format!("costs.{name}"), value, expected)
        };
        match self {
            Domain::Ids(_) if values.is_empty() => Ok(Vec::new()),
            Domain::Ids(ids) => {
                let column = column(ids.kind(), values).map_err(|(v, e)| wrong(v, e))??;
                let mut codes = Vec::new();
                Ids::writable(ids)?.encode(name, &[&column], &mut codes, &context.uncounted())?;
                Ok(codes)
            }
            Domain::Words(labels) => values
                .iter()
                .map(|value| {
                    let word = labels.iter().position(|l| value.as_str() == Some(l.code));
                    word.map(|at| at as u32)
                        .ok_or_else(|| wrong(value, "a word of the column"))
                })
                .collect(),
            Domain::Days => values
                .iter()
                .map(
                    |value| match value.as_str().and_then(|s| s.parse::<Day>().ok()) {
                        Some(day) => Ok(day.0 as u32),
                        None if value.is_null() => Ok(i32::MIN as u32),
                        None => Err(wrong(value, "a date such as \"2026-11-21\"")),
                    },
                )
                .collect(),
            Domain::Bools => values
                .iter()
                .map(|value| match value.as_bool() {
                    Some(flag) => Ok(flag.into()),
                    None => Err(wrong(value, "true or false")),
                })
                .collect(),
        }
    }
}

/// Reads values as a column of ids of a kind. The error is the value that is not of this kind, and
/// what was expected.
fn column(
    kind: IdKind,
    values: &[Value],
) -> std::result::Result<Result<ColumnData>, (&Value, &'static str)> {
    let mut texts: Vec<String> = Vec::new();
    let (mut signed, mut unsigned) = (Vec::new(), Vec::new());
    for value in values {
        // In a key of a JSON object a number is a text.
        let text = value.as_str();
        match kind {
            _ if value.is_null() => {
                texts.push(String::new());
                signed.push(0);
                unsigned.push(0);
            }
            IdKind::Int(_) => {
                let number = value.as_i64().or_else(|| text?.parse().ok());
                signed.push(number.ok_or((value, "a whole number, as in the column"))?);
            }
            IdKind::Unsigned(_) => {
                let number = value.as_u64().or_else(|| text?.parse().ok());
                unsigned.push(number.ok_or((value, "a whole number, as in the column"))?);
            }
            IdKind::Text => {
                texts.push(text.ok_or((value, "a text, as in the column"))?.to_owned());
            }
            IdKind::Fixed(_) => return Err((value, "a column of numbers or texts")),
        }
    }
    let build = || {
        let cells = match kind {
            IdKind::Int(bits) => ColumnValues::Int {
                values: signed.into(),
                bits,
            },
            IdKind::Unsigned(bits) => ColumnValues::Unsigned {
                values: unsigned.into(),
                bits,
            },
            _ => ColumnValues::Text(Strings::collect(texts.iter().map(|t| t.as_bytes()))?),
        };
        Ok(ColumnData {
            values: cells,
            valid: Some(Bits::from_bools(values.iter().map(|v| !v.is_null()))?),
        })
    };
    Ok(build())
}

/// Costs by the numbers of their values, ascending, one entry per combination.
pub(super) struct Spent {
    entries: Vec<(Vec<u32>, i128)>,
}

impl Spent {
    /// Reads the costs that are in the time of acquisition.
    pub(super) fn new(
        options: &Options,
        domains: &mut [Domain],
        histories: &Histories,
        context: &Context,
    ) -> Result<Spent> {
        let mut cells: Vec<Vec<Value>> = options.by.iter().map(|_| Vec::new()).collect();
        let mut costs = Vec::new();
        let currency = histories.currency();
        let minor = |major: f64| match currency.minor(major) {
            Some(minor) if major.is_finite() && major >= 0.0 => Ok(i128::from(minor)),
            _ => Err(Error::option(
                "costs",
                major,
                "finite amounts of at least 0",
            )),
        };
        match &options.costs {
            Costs::ByValue(by_value) => {
                let [only] = &mut cells[..] else {
                    let expected = "a list of objects: there is not one column in `by`";
                    return Err(Error::option("costs", "", expected));
                };
                for (value, cost) in by_value {
                    only.push(json!(value));
                    costs.push(minor(*cost)?);
                }
            }
            Costs::Rows(rows) => {
                let last = options.acquired_to.map_or(histories.as_of(), |day| day.0);
                let last = last.min(histories.as_of());
                let days = options.acquired_from.map_or(i32::MIN, |d| d.0)..=last;
                for row in rows {
                    let (cost, date) = cost_of(row, &options.by)?;
                    if date.is_some_and(|date| !days.contains(&date.0)) {
                        continue;
                    }
                    for (cells, name) in cells.iter_mut().zip(&options.by) {
                        let expected = "a value of each column of `by`";
                        let cell = row.get(name);
                        cells.push(
                            cell.cloned()
                                .ok_or_else(|| Error::option("costs", json!(name), expected))?,
                        );
                    }
                    costs.push(minor(cost)?);
                }
            }
        }
        let mut keys: Vec<Vec<u32>> = costs.iter().map(|_| Vec::new()).collect();
        for ((domain, name), cells) in domains.iter_mut().zip(&options.by).zip(&cells) {
            for (key, token) in keys.iter_mut().zip(domain.tokens(name, cells, context)?) {
                key.push(token);
            }
        }
        let entries = summed(keys.into_iter().zip(costs).collect());
        Ok(Spent { entries })
    }

    /// The cost of these values.
    pub(super) fn on(&self, key: &[u32]) -> Option<i128> {
        let at = self
            .entries
            .binary_search_by(|(other, _)| other[..].cmp(key))
            .ok()?;
        Some(self.entries[at].1)
    }

    /// The costs of values that are not in `keys`, which ascend.
    pub(super) fn others<'a>(
        &'a self,
        known: &'a [Vec<u32>],
    ) -> impl Iterator<Item = (&'a [u32], i128)> + 'a {
        let others = self
            .entries
            .iter()
            .filter(|(key, _)| known.binary_search(key).is_err());
        others.map(|(key, cost)| (&key[..], *cost))
    }
}

/// Costs by key, ascending, costs of equal keys added up.
fn summed(mut all: Vec<(Vec<u32>, i128)>) -> Vec<(Vec<u32>, i128)> {
    all.sort_unstable();
    let mut entries: Vec<(Vec<u32>, i128)> = Vec::new();
    for (key, cost) in all {
        match entries.last_mut() {
            Some(last) if last.0 == key => last.1 += cost,
            _ => entries.push((key, cost)),
        }
    }
    entries
}

/// The cost of a row, major units, and its date if it has one.
fn cost_of(row: &BTreeMap<String, Value>, by: &[String]) -> Result<(f64, Option<Day>)> {
    let known = |key: &String| key == "cost" || key == "date" || by.contains(key);
    if let Some(key) = row.keys().find(|key| !known(key)) {
        let expected = "the columns of `by`, cost and date";
        return Err(Error::option("costs", json!(key), expected));
    }
    let cost = row.get("cost").and_then(Value::as_f64);
    let cost = cost
        .ok_or_else(|| Error::option("costs", json!(row.get("cost")), "a number under \"cost\""))?;
    let date = match row.get("date") {
        None | Some(Value::Null) => None,
        Some(date) => {
            let day = date.as_str().and_then(|d| d.parse::<Day>().ok());
            let expected = "a date such as \"2026-11-21\" under \"date\"";
            Some(day.ok_or_else(|| Error::option("costs", date, expected))?)
        }
    };
    Ok((cost, date))
}
