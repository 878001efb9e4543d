//! Converts a caller's columns to a table, so that analyses of tables (fits, predictions) accept
//! data frames.

use super::parse::{Problems, Reason};
use super::times::{Times, zone_of};
use crate::columns::{Batch, ColumnData, ColumnValues};
use crate::context::{Context, collect, filled, push};
use crate::data::blocks::BLANK;
use crate::data::text::dates::DateTexts;
use crate::error::{Error, Result};
use crate::ids::{IdKind, Ids, NO_ID, kind_of};
use crate::num::rank;
use crate::table::{Column, Table, Values};
use crate::time::{Offsets, Zone};
use std::borrow::Cow;
use std::sync::Arc;

/// Numbers and their validity; `None` if all are valid.
pub(crate) type Cells<'a> = (Cow<'a, [f64]>, Option<&'a [bool]>);

impl Table {
    /// The columns of a batch as a table without definition: `customer_id` and ids of people, texts and byte
    /// strings as ids, whole numbers as integers, floats and decimals as floats, times as instants (UTC
    /// where naive). A NaN is null. Whole numbers and floats without a NaN are kept by reference.
    ///
    /// ```
    /// use crm_core::columns::{Batch, ColumnValues};
    /// use crm_core::{Context, Table};
    /// let batch: Batch = vec![("x".into(), ColumnValues::Float(vec![1.5, f64::NAN].into()).into())];
    /// let table = Table::from_batch(&batch, &Context::default())?;
    /// assert_eq!(table.column("x").unwrap().validity(), Some(&[true, false][..]));
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Malformed columns, unequal lengths, a type that tables do not have, an infinite number.
    pub fn from_batch(batch: &Batch, context: &Context) -> Result<Table> {
        let mut columns = Vec::new();
        let rows = batch.first().map_or(0, |(_, column)| column.len());
        for (name, column) in batch {
            column.check(name)?;
            if column.len() != rows {
                return Err(Error::ColumnLength {
                    column: name.clone(),
                    found: column.len(),
                    expected: rows,
                });
            }
            columns.push(self::column(name, column, context)?);
        }
        Ok(Table::new(columns))
    }

    /// A column of numbers, all cells present.
    pub(crate) fn numbers(&self, name: &str) -> Result<Cow<'_, [f64]>> {
        let (values, valid) = self.cells(name)?;
        match valid.and_then(|valid| valid.iter().position(|v| !v)) {
            None => Ok(values),
            Some(row) => Err(Error::null(name, row, "a finite number")),
        }
    }

    /// The column of a name, which must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&Column> {
        self.column(name).ok_or_else(|| {
            let available: Vec<String> = self.columns().iter().map(|c| c.name().into()).collect();
            Error::MissingColumn {
                column: name.into(),
                meant: crate::error::nearest(name, &available).map(String::from),
                available,
            }
        })
    }

    /// A column of names, all cells present: the distinct names in ascending order (numbers by value) as
    /// texts, and the place of each row's name among them. Names are texts, whole numbers or truth values.
    pub(crate) fn names(&self, name: &str) -> Result<(Vec<String>, Vec<u32>)> {
        let column = self.required(name)?;
        if let Some(row) = column.validity().and_then(|v| v.iter().position(|v| !v)) {
            return Err(Error::null(name, row, "a name"));
        }
        match column.values() {
            Values::Id { ids, codes } => named(codes, ids.by_id()?, |code| ids.text(code)),
            Values::Text { codes, texts } => {
                let mut order = collect((0..texts.len()).map(|c| c as u32), "names")?;
                order.sort_unstable_by_key(|code| &texts[*code as usize]);
                named(codes, &order, |code| texts[code as usize].clone())
            }
            Values::Bool(cells) => {
                let codes = collect(cells.iter().map(|v| u32::from(*v)), "names")?;
                named(&codes, &[0, 1], |code| (code == 1).to_string())
            }
            Values::I64(_) | Values::I32(_) | Values::F64(_) => {
                let cells = self.numbers(name)?;
                let whole = |v: &f64| *v == libm::trunc(*v) && libm::fabs(*v) < 9e15;
                if let Some(row) = cells.iter().position(|v| !whole(v)) {
                    return Err(Error::value(name, row, "a text or a whole number"));
                }
                // The order of whole numbers as unsigned ones.
                let keys = cells.iter().map(|v| (*v as i64 as u64) ^ (1 << 63));
                let keys = collect(keys, "names")?;
                let mut distinct = rank::sorted(&keys)?;
                distinct.dedup();
                let place = |key: &u64| distinct.partition_point(|k| k < key) as u32;
                let codes = collect(keys.iter().map(place), "names")?;
                let texts = distinct
                    .iter()
                    .map(|k| ((k ^ (1 << 63)) as i64).to_string());
                Ok((collect(texts, "names")?, codes))
            }
            other => Err(Error::ColumnType {
                column: name.into(),
                found: other.ty().name().into(),
                expected: "texts or whole numbers".into(),
            }),
        }
    }

    /// A column of numbers, and which cells are present.
    pub(crate) fn cells(&self, name: &str) -> Result<Cells<'_>> {
        let column = self.required(name)?;
        let values = match column.values() {
            Values::F64(v) => Cow::Borrowed(&v[..]),
            Values::I32(v) => Cow::Owned(collect(v.iter().map(|v| f64::from(*v)), "column")?),
            Values::I64(v) => Cow::Owned(collect(v.iter().map(|v| *v as f64), "column")?),
            other => {
                return Err(Error::ColumnType {
                    column: name.into(),
                    found: other.ty().name().into(),
                    expected: "a number".into(),
                });
            }
        };
        Ok((values, column.validity()))
    }
}

/// The names that occur, in the given order of all codes, and the place of each row's name.
fn named(
    codes: &[u32],
    order: &[u32],
    text: impl Fn(u32) -> String,
) -> Result<(Vec<String>, Vec<u32>)> {
    let mut place = filled(order.len(), u32::MAX, "names")?;
    for code in codes {
        place[*code as usize] = 0;
    }
    let mut names = Vec::new();
    for code in order.iter().filter(|code| place[**code as usize] == 0) {
        push(&mut names, text(*code), "names")?;
    }
    let mut next = 0;
    for code in order {
        let place = &mut place[*code as usize];
        if *place == 0 {
            *place = next;
            next += 1;
        }
    }
    let codes = collect(codes.iter().map(|code| place[*code as usize]), "names")?;
    Ok((names, codes))
}

/// Refuses a column that is not read but whose name looks like a missing column that would be read:
/// `weights` for `weight`, `event_observed` for `observed`. Ignoring it would give other numbers
/// without a message.
///
/// # Errors
///
/// [`Error::Malformed`] with both names.
pub fn no_misnomer<N: AsRef<str>, R: AsRef<str>>(names: &[N], reads: &[R]) -> Result<()> {
    let reads = || reads.iter().map(AsRef::as_ref);
    let names = || names.iter().map(AsRef::as_ref);
    for read in reads().filter(|read: &&str| !names().any(|name: &str| name == *read)) {
        let mut unread = names().filter(|name: &&str| !reads().any(|read: &str| read == *name));
        if let Some(name) = unread.find(|name| looks_like(name, read)) {
            return Err(Error::Malformed {
                column: name.to_owned(),
                problem: format!(
                    "not a column that is read; did you mean `{read}`? Rename it, or leave it out"
                ),
            });
        }
    }
    Ok(())
}

/// Columns whose whole numbers are ids.
const ID_COLUMNS: [&str; 4] = [
    "customer_id",
    "record_id",
    "person_id",
    "previous_person_id",
];

/// Names that packages of survival analysis use for the columns of durations.
const OTHER_NAMES: [(&str, &[&str]); 2] = [
    (
        "observed",
        &[
            "event", "events", "censored", "status", "died", "dead", "churned",
        ],
    ),
    ("entry", &["start", "entered", "truncation"]),
];

/// Whether a column's name looks like the name `read`: equal except for case and punctuation, one
/// or two letters different, all its words among others, or a known synonym. Names of one letter
/// look like no other name.
fn looks_like(name: &str, read: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let text: String = text.chars().take(64).flat_map(char::to_lowercase).collect();
        let words = text.split(|c: char| !c.is_alphanumeric());
        let words = words.map(|word| word.strip_suffix('s').unwrap_or(word).to_owned());
        words.filter(|word| !word.is_empty()).collect()
    };
    if read.len() < 4 || name.len() < 3 {
        return false;
    }
    let own = |(column, others): &(&str, &[&str])| {
        *column == read && others.iter().any(|other| name.eq_ignore_ascii_case(other))
    };
    if OTHER_NAMES.iter().any(own) {
        return true;
    }
    let (name, read) = (words(name), words(read));
    let near = crate::error::distance(&name.concat(), &read.concat());
    near <= read.concat().len() / 6 || read.iter().all(|word| name.contains(word))
}

fn column(name: &str, column: &ColumnData, context: &Context) -> Result<Column> {
    // There is no validity if every cell has a value.
    let known = column.validity();
    let bare = column.valid.is_none() && !matches!(column.values, ColumnValues::Null(_));
    let whole = bare && !matches!(column.values, ColumnValues::Dictionary { .. });
    let valid = || match whole {
        true => Ok(Vec::new()),
        false => collect((0..column.len()).map(&known), "table column"),
    };
    let is_id = ID_COLUMNS.contains(&name)
        || matches!(
            column.looked_up().0.values,
            ColumnValues::Text(_) | ColumnValues::Fixed { .. }
        );
    if is_id && let Some(kind) = kind_of(column) {
        return ids_column(name, column, kind, valid()?, context);
    }
    // Values under nulls become 0, so that they do not leak into results.
    let values = match &column.values {
        ColumnValues::Int { values, .. } if whole => Values::I64(values.clone()),
        ColumnValues::Int { values, .. } => Values::I64(shown(values, &known, |v| *v)?.into()),
        ColumnValues::Unsigned { values, .. } => {
            let beyond = |(row, value): (usize, &u64)| *value > i64::MAX as u64 && known(row);
            if let Some(row) = values.iter().enumerate().position(beyond) {
                return Err(Error::value(name, row, "a whole number below 2^63"));
            }
            Values::I64(shown(values, &known, |v| *v as i64)?.into())
        }
        ColumnValues::Float(values) => {
            let infinite = |i: &usize| values[*i].is_infinite() && known(*i);
            if let Some(row) = (0..values.len()).find(infinite) {
                return Err(Error::value(name, row, "a finite number"));
            }
            if whole && !values.iter().any(|v| v.is_nan()) {
                return Ok(Column::named(name, Values::F64(values.clone())));
            }
            let finite = values.iter().enumerate();
            let finite = finite.map(|(i, v)| known(i) && v.is_finite());
            let finite = collect(finite, "table column")?;
            let values = shown(values, &|i| finite[i], |v| *v)?;
            return Ok(Column::named(name, Values::F64(values.into())).with_validity(finite));
        }
        ColumnValues::Decimal { values, scale } => {
            let scale = libm::exp10(-f64::from(*scale));
            Values::F64(shown(values, &known, |v| *v as f64 * scale)?.into())
        }
        ColumnValues::Bool(bits) => Values::Bool(shown(&bits.to_bools()?, &known, |v| *v)?),
        ColumnValues::Date(values) => Values::Date(shown(values, &known, |v| *v)?),
        ColumnValues::Time { .. } => {
            let mut problems = Problems::new(false, column.len());
            let mut none = DateTexts::new(name, None)?;
            let times = Times::read(
                name,
                column,
                0,
                Reason::BadTime,
                &mut none,
                &mut problems,
                context,
            )?;
            problems.none()?;
            let zone = zone_of(column).map_or(Ok(Zone::UTC), Zone::parse)?;
            let (low, high) = times.range.unwrap_or((0, 0));
            let instants = times.instants(true, &Offsets::new(zone, low, high), context)?;
            let known = collect(instants.iter().map(|t| *t != BLANK), "table column")?;
            let zeroed = instants.iter().map(|t| if *t == BLANK { 0 } else { *t });
            let values = Values::Instant(collect(zeroed, "table column")?.into(), zone);
            return Ok(Column::named(name, values).with_validity(known));
        }
        ColumnValues::Null(n) => {
            let zeros = collect((0..*n).map(|_| 0.0), "table column")?;
            Values::F64(zeros.into())
        }
        _ => {
            return Err(Error::ColumnType {
                column: name.into(),
                found: column.type_name(),
                expected: "numbers, texts, dates, times or truth values".into(),
            });
        }
    };
    Ok(Column::named(name, values).with_validity(valid()?))
}

/// A column of ids.
fn ids_column(
    name: &str,
    column: &ColumnData,
    kind: IdKind,
    valid: Vec<bool>,
    context: &Context,
) -> Result<Column> {
    let mut ids = Ids::new(kind, context.hash_seed);
    let mut codes = Vec::new();
    ids.encode(name, &[column], &mut codes, &context.uncounted())?;
    for code in codes.iter_mut().filter(|c| **c == NO_ID) {
        *code = 0;
    }
    if ids.is_empty() && !codes.is_empty() {
        let nulls = collect(codes.iter().map(|_| 0.0), "table column")?;
        return Ok(Column::named(name, Values::F64(nulls.into())).with_validity(valid));
    }
    let values = Values::Id {
        ids: Arc::new(ids),
        codes,
    };
    Ok(Column::named(name, values).with_validity(valid))
}

/// The values of valid cells, and zero for nulls.
fn shown<T, U: Default>(
    values: &[T],
    known: &impl Fn(usize) -> bool,
    of: impl Fn(&T) -> U,
) -> Result<Vec<U>> {
    let cells = values.iter().enumerate();
    let cells = cells.map(|(i, value)| match known(i) {
        true => of(value),
        false => U::default(),
    });
    collect(cells, "table column")
}
