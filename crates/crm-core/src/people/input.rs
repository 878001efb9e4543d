//! Reads the table of people.

use super::records::{Texts, Typed};
use super::words::NONE;
use crate::context::{Context, collect, filled, push};
use crate::error::{Error, Result};
use crate::ids::Ids;
use crate::table::{Column, Table, Values};
use crate::time::{Day, Offsets};
use std::sync::Arc;

/// The optional columns.
pub(super) const COLUMNS: &[&str] = &[
    "account",
    "email",
    "phone",
    "family_name",
    "given_name",
    "family_kana",
    "given_kana",
    "birth_date",
    "sex",
    "zip",
    "prefecture",
    "city",
    "address",
    "building",
    "registered_at",
    "updated_at",
    "not_same_as",
    "previous_person_id",
    "value",
];

/// The rows of a table of people in an order that does not depend on theirs: by the time of registration, then by id.
pub(super) struct PeopleTable {
    pub(super) typed: Typed,
    /// The row of each place in the order.
    pub(super) order: Vec<u32>,
    /// Ids of records and of previous persons.
    pub(super) ids: Arc<Ids>,
    /// The id of each record, by its place.
    pub(super) id: Vec<u32>,
    /// The person of each record at the last run; none if there was no last run.
    pub(super) previous: Option<Vec<u32>>,
    pub(super) updated: Vec<i64>,
    pub(super) value: Option<Vec<f64>>,
    /// Pairs of places that are two people, `a < b`, ascending.
    pub(super) apart: Vec<(u32, u32)>,
    /// Ids in `not_same_as` that no record has.
    pub(super) unknown: u64,
}

impl PeopleTable {
    pub(super) fn read(table: &Table, context: &Context) -> Result<PeopleTable> {
        let (ids, codes) = record_ids(table)?;
        let registered = times(table, "registered_at", i64::MAX)?;
        let mut rank = filled(ids.len(), 0_u32, "records")?;
        for (at, code) in ids.by_id()?.iter().enumerate() {
            rank[*code as usize] = at as u32;
        }
        let mut order = collect((0..codes.len()).map(|row| row as u32), "records")?;
        order.sort_unstable_by_key(|row| {
            (
                registered[*row as usize],
                rank[codes[*row as usize] as usize],
            )
        });
        let id = collect(order.iter().map(|row| codes[*row as usize]), "records")?;
        let (apart, unknown) = apart(table, &ids, &id, &order)?;
        let (ids, id, previous) = with_previous(table, &ids, id, &order, context)?;
        let updated = times(table, "updated_at", i64::MIN)?;
        let updated = collect(order.iter().map(|row| updated[*row as usize]), "records")?;
        let value = match table.column("value") {
            Some(_) => {
                let values = table.cells("value")?.0;
                Some(collect(
                    order.iter().map(|row| values[*row as usize]),
                    "records",
                )?)
            }
            None => None,
        };
        Ok(PeopleTable {
            typed: typed(table)?,
            order,
            ids,
            id,
            previous,
            updated,
            value,
            apart,
            unknown,
        })
    }
}

fn typed(table: &Table) -> Result<Typed> {
    let texts = |name: &str| texts(table, name, 0);
    Ok(Typed {
        account: texts("account")?,
        email: texts("email")?,
        // Numbers have lost the zero at their beginning.
        phone: self::texts(table, "phone", 1)?,
        family_name: texts("family_name")?,
        given_name: texts("given_name")?,
        family_kana: texts("family_kana")?,
        given_kana: texts("given_kana")?,
        birth_date: texts("birth_date")?,
        sex: texts("sex")?,
        zip: self::texts(table, "zip", 7)?,
        prefecture: texts("prefecture")?,
        city: texts("city")?,
        street: texts("address")?,
        building: texts("building")?,
    })
}

fn wrong_type(column: &Column, expected: &str) -> Error {
    Error::ColumnType {
        column: column.name().into(),
        found: column.values().ty().name().into(),
        expected: expected.into(),
    }
}

/// The record ids, each of one row.
fn record_ids(table: &Table) -> Result<(Arc<Ids>, Vec<u32>)> {
    let column = table.required("record_id")?;
    let Values::Id { ids, codes } = column.values() else {
        if table.is_empty() {
            let none = Ids::new(crate::ids::IdKind::Text, 0);
            return Ok((Arc::new(none), Vec::new()));
        }
        return Err(wrong_type(column, "ids: texts, whole numbers or bytes"));
    };
    if let Some(row) = column.validity().and_then(|v| v.iter().position(|v| !v)) {
        return Err(Error::null("record_id", row, "an id"));
    }
    let mut first = filled(ids.len(), NONE, "records")?;
    for (row, code) in codes.iter().enumerate() {
        let other = &mut first[*code as usize];
        if *other != NONE {
            return Err(Error::Conflict {
                column: "record_id".into(),
                row: row as u64,
                other_row: u64::from(*other),
                problem: "two rows for one record".into(),
            });
        }
        *other = row as u32;
    }
    Ok((ids.clone(), collect(codes.iter().copied(), "records")?))
}

/// The column of a name as texts; numbers get zeros in front up to `digits` digits (1: one zero).
fn texts(table: &Table, name: &str, digits: usize) -> Result<Option<Texts>> {
    let Some(column) = table.column(name) else {
        return Ok(None);
    };
    let known = |row: usize| column.validity().is_none_or(|valid| valid[row]);
    let of_number = |number: i64| match digits {
        0 => number.to_string(),
        1 => format!("0{number}"),
        width => format!("{number:0width$}"),
    };
    let (mut codes, mut texts) = (Vec::new(), Vec::new());
    let mut each = |rows: usize, text: &dyn Fn(usize) -> Option<String>| -> Result<()> {
        for row in 0..rows {
            let text = text(row).filter(|_| known(row));
            push(
                &mut codes,
                text.as_ref().map_or(NONE, |_| texts.len() as u32),
                "records",
            )?;
            if let Some(text) = text {
                push(&mut texts, text, "records")?;
            }
        }
        Ok(())
    };
    match column.values() {
        Values::Id { ids, codes } => {
            let texts = collect((0..ids.len()).map(|code| ids.text(code as u32)), "records")?;
            return Ok(Some(some(codes, texts, known)?));
        }
        Values::Text { codes, texts } => {
            let texts = collect(texts.iter().cloned(), "records")?;
            return Ok(Some(some(codes, texts, known)?));
        }
        Values::I64(v) => each(v.len(), &|row| Some(of_number(v[row])))?,
        Values::I32(v) => each(v.len(), &|row| Some(of_number(v[row].into())))?,
        // Whole numbers with a blank among them, as pandas has them, or a column of blanks.
        Values::F64(v) => {
            let broken = |row: &usize| {
                known(*row) && (libm::trunc(v[*row]) != v[*row] || libm::fabs(v[*row]) > 9e15)
            };
            if let Some(row) = (0..v.len()).find(broken) {
                return Err(Error::value(name, row, "a text or a whole number"));
            }
            each(v.len(), &|row| Some(of_number(v[row] as i64)))?;
        }
        Values::Date(v) => each(v.len(), &|row| Some(Day(v[row]).to_string()))?,
        Values::Instant(v, zone) => {
            let (low, high) = v
                .iter()
                .fold((0, 0), |(low, high), t| (low.min(*t), high.max(*t)));
            let offsets = Offsets::new(*zone, low, high);
            each(v.len(), &|row| Some(offsets.day(v[row]).to_string()))?;
        }
        _ => return Err(wrong_type(column, "texts, whole numbers or dates")),
    }
    Ok(Some(Texts { codes, texts }))
}

/// Codes and texts, where blank texts are missing.
fn some(codes: &[u32], texts: Vec<String>, known: impl Fn(usize) -> bool) -> Result<Texts> {
    let blank = collect(texts.iter().map(|text| text.trim().is_empty()), "records")?;
    let each =
        codes
            .iter()
            .enumerate()
            .map(|(row, code)| match known(row) && !blank[*code as usize] {
                true => *code,
                false => NONE,
            });
    let codes = collect(each, "records")?;
    Ok(Texts { codes, texts })
}

/// A column of times as numbers that can be compared; `missing` where it is blank or absent.
fn times(table: &Table, name: &str, missing: i64) -> Result<Vec<i64>> {
    let rows = table.len();
    let Some(column) = table.column(name) else {
        return filled(rows, missing, "records");
    };
    let known = |row: usize| column.validity().is_none_or(|valid| valid[row]);
    let at: Box<dyn Fn(usize) -> Option<i64>> = match column.values() {
        Values::Date(v) => {
            Box::new(|row| Some(i64::from(v[row]).saturating_mul(crate::time::MICROS_PER_DAY)))
        }
        Values::Instant(v, _) => Box::new(|row| Some(v[row])),
        Values::Id { ids, codes } => Box::new(|row| moment(&ids.text(codes[row]))),
        // A column of blanks.
        Values::F64(_) if (0..rows).all(|row| !known(row)) => Box::new(|_| None),
        _ => return Err(wrong_type(column, "dates or times")),
    };
    let mut out = crate::context::room(rows, "records")?;
    for row in 0..rows {
        let blank = !known(row);
        match at(row) {
            _ if blank => out.push(missing),
            Some(time) => out.push(time),
            None => {
                return Err(Error::value(
                    name,
                    row,
                    "a date or time in ISO form, such as 2026-11-21",
                ));
            }
        }
    }
    Ok(out)
}

/// A date or time in ISO form.
fn moment(text: &str) -> Option<i64> {
    if let Ok(day) = text.parse::<Day>() {
        return Some(i64::from(day.0) * crate::time::MICROS_PER_DAY);
    }
    crate::time::iso(text.as_bytes()).map(|(time, _)| time)
}

/// The pairs of places in `not_same_as`, and ids there that no record has.
fn apart(table: &Table, ids: &Ids, id: &[u32], order: &[u32]) -> Result<(Vec<(u32, u32)>, u64)> {
    let (mut pairs, mut unknown) = (Vec::new(), 0);
    let Some(texts) = texts(table, "not_same_as", 0)? else {
        return Ok((pairs, unknown));
    };
    let mut place = filled(ids.len(), NONE, "records")?;
    for (at, code) in id.iter().enumerate() {
        place[*code as usize] = at as u32;
    }
    for (at, row) in order.iter().enumerate() {
        let code = texts.codes[*row as usize];
        if code == NONE {
            continue;
        }
        for other in texts.texts[code as usize]
            .split(';')
            .map(str::trim)
            .filter(|id| !id.is_empty())
        {
            let value = match (ids.kind(), other.parse::<i64>()) {
                (crate::ids::IdKind::Int(_) | crate::ids::IdKind::Unsigned(_), Ok(number)) => {
                    number.into()
                }
                _ => other.into(),
            };
            let other = ids.find(&value)?.map(|code| place[code as usize]);
            match other.filter(|other| *other != NONE) {
                Some(other) if other as usize == at => {
                    return Err(Error::value(
                        "not_same_as",
                        *row as usize,
                        "ids of other records",
                    ));
                }
                Some(other) => {
                    let at = at as u32;
                    push(&mut pairs, (at.min(other), at.max(other)), "pairs")?;
                }
                None => unknown += 1,
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    Ok((pairs, unknown))
}

/// The dictionary of records with the ids of previous persons, the ids of records in it, and the previous persons.
type WithPrevious = (Arc<Ids>, Vec<u32>, Option<Vec<u32>>);

fn with_previous(
    table: &Table,
    ids: &Arc<Ids>,
    id: Vec<u32>,
    order: &[u32],
    context: &Context,
) -> Result<WithPrevious> {
    let Some(column) = table.column("previous_person_id") else {
        return Ok((ids.clone(), id, None));
    };
    let known = |row: &u32| column.validity().is_none_or(|valid| valid[*row as usize]);
    let (others, codes) = match column.values() {
        Values::Id { ids, codes } => (ids, codes),
        // A first run: all are blank.
        _ if !order.iter().any(known) => {
            return Ok((ids.clone(), id, Some(filled(order.len(), NONE, "records")?)));
        }
        _ => {
            return Err(wrong_type(
                column,
                "ids of persons, of the type of record_id",
            ));
        }
    };
    if others.kind() != ids.kind() {
        return Err(Error::ColumnType {
            column: "previous_person_id".into(),
            found: others.kind().to_string(),
            expected: format!("{}, as in record_id", ids.kind()),
        });
    }
    let mut all = Ids::new(ids.kind(), context.hash_seed);
    let used = |n: usize| filled(n, true, "ids");
    let of_ids = all.absorb(ids, &used(ids.len())?, context)?;
    let of_others = all.absorb(others, &used(others.len())?, context)?;
    let id = collect(id.iter().map(|code| of_ids[*code as usize]), "records")?;
    let previous = order.iter().map(|row| match known(row) {
        true => of_others[codes[*row as usize] as usize],
        false => NONE,
    });
    let previous = collect(previous, "records")?;
    Ok((Arc::new(all), id, Some(previous)))
}
