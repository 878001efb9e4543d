//! The form of every result: named, typed columns of equal length, and the definition of the
//! request.

mod cache;
mod debug;
mod field;
pub(crate) mod optional;
mod rows;
pub(crate) mod shared;
#[cfg(test)]
mod tests;
mod texts;

pub use field::{CUSTOMER_ID, Field, Type};
pub(crate) use field::{categories, columns, fields, labels, text_of_words};

use self::cache::Cache;
use self::texts::TextIndex;
use crate::columns::Buf;
use crate::context::{Context, collect, filled, room};
use crate::definition::Definition;
use crate::error::{Error, Result};
use crate::ids::{IdRef, Ids};
use crate::money::Currency;
use crate::time::{Day, Zone};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

/// A word of a closed list (a segment, a state, a level): the code for programs, and labels for
/// people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Label {
    /// The code: `at_risk`.
    pub code: &'static str,
    /// The English label: `At risk`.
    pub en: &'static str,
    /// The Japanese label: `離脱危険`.
    pub ja: &'static str,
}

/// The language of labels and headings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Japanese.
    Ja,
}

/// The cells of a column.
#[derive(Clone)]
pub enum Values {
    /// Ids by code.
    Id {
        /// The dictionary.
        ids: Arc<Ids>,
        /// One code per row.
        codes: Vec<u32>,
    },
    /// Small whole numbers: counts of a customer, days, scores.
    I32(Vec<i32>),
    /// Whole numbers.
    I64(Buf<i64>),
    /// Floats. A cell without a value is null, never NaN.
    F64(Buf<f64>),
    /// Truth values.
    Bool(Vec<bool>),
    /// Civil days since 1970-01-01.
    Date(Vec<i32>),
    /// Instants in UTC microseconds, and the zone they are shown in.
    Instant(Buf<i64>, Zone),
    /// Minor units.
    Money(Buf<i64>, Currency),
    /// Indices into a closed list of words.
    Category {
        /// One index per row.
        codes: Vec<u8>,
        /// The words.
        labels: &'static [Label],
    },
    /// Free texts, as indices into the distinct texts.
    Text {
        /// One index per row.
        codes: Vec<u32>,
        /// The texts.
        texts: Arc<Vec<String>>,
    },
}

impl Values {
    /// The number of cells.
    pub fn len(&self) -> usize {
        match self {
            Values::Id { codes, .. } | Values::Text { codes, .. } => codes.len(),
            Values::I32(v) | Values::Date(v) => v.len(),
            Values::I64(v) | Values::Instant(v, _) | Values::Money(v, _) => v.len(),
            Values::F64(v) => v.len(),
            Values::Bool(v) => v.len(),
            Values::Category { codes, .. } => codes.len(),
        }
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The column type.
    pub fn ty(&self) -> Type {
        match self {
            Values::Id { .. } => Type::Id,
            Values::I32(_) | Values::I64(_) => Type::Int,
            Values::F64(_) => Type::Float,
            Values::Bool(_) => Type::Bool,
            Values::Date(_) => Type::Date,
            Values::Instant(..) => Type::Instant,
            Values::Money(..) => Type::Money,
            Values::Category { .. } => Type::Category,
            Values::Text { .. } => Type::Text,
        }
    }

    /// A cell, whether or not it is null.
    fn cell(&self, row: usize) -> Cell<'_> {
        match self {
            Values::Id { ids, codes } => Cell::Id(ids.at(codes[row])),
            Values::I32(v) => Cell::Int(v[row].into()),
            Values::I64(v) => Cell::Int(v[row]),
            Values::F64(v) => Cell::Float(v[row]),
            Values::Bool(v) => Cell::Bool(v[row]),
            Values::Date(v) => Cell::Date(Day(v[row])),
            Values::Instant(v, _) => Cell::Instant(v[row]),
            Values::Money(v, currency) => Cell::Money(v[row], *currency),
            Values::Category { codes, labels } => Cell::Label(labels[usize::from(codes[row])]),
            Values::Text { codes, texts } => Cell::Text(&texts[codes[row] as usize]),
        }
    }

    /// The rows at these indices, in their order.
    fn take(&self, rows: &[usize]) -> Result<Values> {
        fn pick<T: Copy>(values: &[T], rows: &[usize]) -> Result<Vec<T>> {
            collect(rows.iter().map(|row| values[*row]), "table column")
        }
        Ok(match self {
            Values::Id { ids, codes } => Values::Id {
                ids: ids.clone(),
                codes: pick(codes, rows)?,
            },
            Values::I32(v) => Values::I32(pick(v, rows)?),
            Values::I64(v) => Values::I64(pick(v, rows)?.into()),
            Values::F64(v) => Values::F64(pick(v, rows)?.into()),
            Values::Bool(v) => Values::Bool(pick(v, rows)?),
            Values::Date(v) => Values::Date(pick(v, rows)?),
            Values::Instant(v, zone) => Values::Instant(pick(v, rows)?.into(), *zone),
            Values::Money(v, currency) => Values::Money(pick(v, rows)?.into(), *currency),
            Values::Category { codes, labels } => Values::Category {
                codes: pick(codes, rows)?,
                labels,
            },
            Values::Text { codes, texts } => Values::Text {
                codes: pick(codes, rows)?,
                texts: texts.clone(),
            },
        })
    }

    /// Appends the cells of a column of the same type. `index` is that of its texts, from the first time on.
    fn append(&mut self, more: Values, index: &mut Option<Box<TextIndex>>) -> Result<()> {
        fn extend<T>(to: &mut Vec<T>, from: Vec<T>) -> Result<()> {
            crate::context::grow(to, from.len(), "table column")?;
            to.extend(from);
            Ok(())
        }
        fn lengthen<T: Copy>(to: &mut Buf<T>, from: Buf<T>) -> Result<()> {
            let mut all = std::mem::take(to).into_vec("table column")?;
            crate::context::grow(&mut all, from.len(), "table column")?;
            all.extend_from_slice(&from);
            *to = all.into();
            Ok(())
        }
        match (self, more) {
            (
                Values::Id { codes, ids },
                Values::Id {
                    codes: more,
                    ids: other,
                },
            ) => {
                if Arc::ptr_eq(ids, &other) {
                    return extend(codes, more);
                }
                let mut used = filled(other.len(), false, "table column")?;
                // A null cell has the code 0, also where no cell has a value.
                for code in &more {
                    if let Some(used) = used.get_mut(*code as usize) {
                        *used = true;
                    }
                }
                let context = Context::default();
                let code = Ids::writable(ids)?.absorb(&other, &used, &context)?;
                crate::context::grow(codes, more.len(), "table column")?;
                codes.extend(
                    more.into_iter()
                        .map(|c| code.get(c as usize).copied().unwrap_or(0)),
                );
                Ok(())
            }
            (Values::I32(to), Values::I32(from)) | (Values::Date(to), Values::Date(from)) => {
                extend(to, from)
            }
            (Values::I64(to), Values::I64(from))
            | (Values::Instant(to, _), Values::Instant(from, _))
            | (Values::Money(to, _), Values::Money(from, _)) => lengthen(to, from),
            (Values::F64(to), Values::F64(from)) => lengthen(to, from),
            (Values::Bool(to), Values::Bool(from)) => extend(to, from),
            (Values::Category { codes, .. }, Values::Category { codes: more, .. }) => {
                extend(codes, more)
            }
            (
                Values::Text { codes, texts },
                Values::Text {
                    codes: more,
                    texts: other,
                },
            ) => {
                if Arc::ptr_eq(texts, &other) {
                    return extend(codes, more);
                }
                let texts = Arc::make_mut(texts);
                let index = match index {
                    Some(index) => index,
                    None => index.insert(Box::new(TextIndex::new(texts)?)),
                };
                let code = index.merge(texts, &other)?;
                crate::context::grow(codes, more.len(), "table column")?;
                codes.extend(
                    more.into_iter()
                        .map(|c| code.get(c as usize).copied().unwrap_or(0)),
                );
                Ok(())
            }
            _ => Err(Error::internal("tables of different columns were joined")),
        }
    }
}

/// One cell.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Cell<'a> {
    Null,
    Id(IdRef<'a>),
    Int(i64),
    Float(f64),
    Bool(bool),
    Date(Day),
    /// UTC microseconds.
    Instant(i64),
    /// Minor units.
    Money(i64, Currency),
    Label(Label),
    Text(&'a str),
}

impl PartialEq for Cell<'_> {
    /// Floats are compared by their bits.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Cell::Null, Cell::Null) => true,
            (Cell::Id(a), Cell::Id(b)) => a.compare(b) == Ordering::Equal,
            (Cell::Int(a), Cell::Int(b)) | (Cell::Instant(a), Cell::Instant(b)) => a == b,
            (Cell::Float(a), Cell::Float(b)) => a.to_bits() == b.to_bits(),
            (Cell::Bool(a), Cell::Bool(b)) => a == b,
            (Cell::Date(a), Cell::Date(b)) => a == b,
            (Cell::Money(a, x), Cell::Money(b, y)) => a == b && x == y,
            (Cell::Label(a), Cell::Label(b)) => a.code == b.code,
            (Cell::Text(a), Cell::Text(b)) => a == b,
            _ => false,
        }
    }
}

/// A named column.
#[derive(Clone)]
pub struct Column {
    name: Cow<'static, str>,
    ja: Cow<'static, str>,
    unit: Cow<'static, str>,
    values: Values,
    /// Which cells have a value; `None` if all do. Null cells have 0 in `values`.
    valid: Option<Vec<bool>>,
    /// Where texts are found while rows are appended.
    index: Option<Box<TextIndex>>,
}

impl Column {
    /// A column of an analysis without nulls.
    pub fn new(field: &Field, values: Values) -> Self {
        Column {
            name: field.name.into(),
            ja: field.ja.into(),
            unit: field.unit.into(),
            values,
            valid: None,
            index: None,
        }
    }

    /// A column with a name from the caller (a dimension).
    pub fn named(name: impl Into<String>, values: Values) -> Self {
        let name = name.into();
        Column {
            ja: name.clone().into(),
            name: name.into(),
            unit: "".into(),
            values,
            valid: None,
            index: None,
        }
    }

    /// The same column with another name.
    #[must_use]
    pub(crate) fn renamed(mut self, name: String) -> Self {
        self.name = name.clone().into();
        self.ja = name.into();
        self
    }

    /// The same column with this validity.
    #[must_use]
    pub fn with_validity(mut self, valid: Vec<bool>) -> Self {
        self.valid = valid.contains(&false).then_some(valid);
        self
    }

    /// A float column from options: `None` is null.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn floats(
        field: &Field,
        cells: impl ExactSizeIterator<Item = Option<f64>>,
    ) -> Result<Self> {
        let mut values = room(cells.len(), "table column")?;
        let mut valid = room(cells.len(), "table column")?;
        for cell in cells {
            debug_assert!(cell.is_none_or(f64::is_finite), "{}", field.name);
            // −0 becomes 0.
            values.push(cell.unwrap_or(0.0) + 0.0);
            valid.push(cell.is_some());
        }
        Ok(Column::new(field, Values::F64(values.into())).with_validity(valid))
    }

    /// A float column of computed numbers; numbers that are not finite become null.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn finite(field: &Field, mut cells: Vec<f64>) -> Result<Self> {
        // −0 becomes 0.
        cells.iter_mut().for_each(|cell| *cell += 0.0);
        if cells.iter().all(|cell| cell.is_finite()) {
            return Ok(Column::new(field, Values::F64(cells.into())));
        }
        let valid = collect(cells.iter().map(|cell| cell.is_finite()), "table column")?;
        for cell in cells.iter_mut().filter(|cell| !cell.is_finite()) {
            *cell = 0.0;
        }
        Ok(Column::new(field, Values::F64(cells.into())).with_validity(valid))
    }

    /// A column of ids, by their codes in the dictionary.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn ids(
        field: &Field,
        ids: &Arc<Ids>,
        codes: impl ExactSizeIterator<Item = u32>,
    ) -> Result<Self> {
        let codes = collect(codes, "table column")?;
        let ids = ids.clone();
        Ok(Column::new(field, Values::Id { ids, codes }))
    }

    /// A column of money in minor units.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn money(
        field: &Field,
        cells: impl ExactSizeIterator<Item = i64>,
        currency: Currency,
    ) -> Result<Self> {
        let cells = collect(cells, "table column")?;
        Ok(Column::new(field, Values::Money(cells.into(), currency)))
    }

    /// A column of civil days.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn dates(field: &Field, days: impl ExactSizeIterator<Item = i32>) -> Result<Self> {
        let days = collect(days, "table column")?;
        Ok(Column::new(field, Values::Date(days)))
    }

    /// A column of words of a closed list, by their places in it: `None` is null.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn words(
        field: &Field,
        labels: &'static [Label],
        cells: impl ExactSizeIterator<Item = Option<u8>>,
    ) -> Result<Self> {
        let mut codes = room(cells.len(), "table column")?;
        let mut valid = room(cells.len(), "table column")?;
        for cell in cells {
            codes.push(cell.unwrap_or(0));
            valid.push(cell.is_some());
        }
        Ok(Column::new(field, Values::Category { codes, labels }).with_validity(valid))
    }

    /// A column of free texts, by their places among those that occur.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn texts(
        field: &Field,
        texts: &Arc<Vec<String>>,
        codes: impl ExactSizeIterator<Item = u32>,
    ) -> Result<Self> {
        let codes = collect(codes, "table column")?;
        let texts = texts.clone();
        Ok(Column::new(field, Values::Text { codes, texts }))
    }

    /// A column of small whole numbers from options: `None` is null.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn ints(field: &Field, cells: impl ExactSizeIterator<Item = Option<i32>>) -> Result<Self> {
        let mut values = room(cells.len(), "table column")?;
        let mut valid = room(cells.len(), "table column")?;
        for cell in cells {
            values.push(cell.unwrap_or(0));
            valid.push(cell.is_some());
        }
        let values = match field.ty {
            Type::Date => Values::Date(values),
            _ => Values::I32(values),
        };
        Ok(Column::new(field, values).with_validity(valid))
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The heading in a language.
    pub fn heading(&self, language: Language) -> &str {
        match language {
            Language::En => &self.name,
            Language::Ja => &self.ja,
        }
    }

    /// The unit; empty if there is none.
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// The number of cells.
    fn len(&self) -> usize {
        self.values.len()
    }

    /// The cells; null cells are 0.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Which cells have a value; `None` if all do.
    pub fn validity(&self) -> Option<&[bool]> {
        self.valid.as_deref()
    }

    /// One cell.
    pub fn cell(&self, row: usize) -> Cell<'_> {
        match &self.valid {
            Some(valid) if !valid[row] => Cell::Null,
            _ => self.values.cell(row),
        }
    }

    fn append(&mut self, more: Column) -> Result<()> {
        let (before, added) = (self.values.len(), more.values.len());
        if self.valid.is_some() || more.valid.is_some() {
            let mut valid = match self.valid.take() {
                Some(valid) => valid,
                None => filled(before, true, "table column")?,
            };
            crate::context::grow(&mut valid, added, "table column")?;
            match more.valid {
                Some(other) => valid.extend(other),
                None => valid.resize(before + added, true),
            }
            self.valid = Some(valid);
        }
        self.values.append(more.values, &mut self.index)
    }
}

/// A result: columns of equal length, notes, and the definition.
#[derive(Clone, Default)]
pub struct Table {
    columns: Vec<Column>,
    definition: Option<Arc<Definition>>,
    notes: serde_json::Map<String, serde_json::Value>,
    cache: Cache,
}

impl Table {
    /// A table of these columns.
    ///
    /// # Panics
    ///
    /// Columns of different lengths are an error of the program, as an index out of range is.
    pub fn new(columns: Vec<Column>) -> Self {
        assert!(
            columns.windows(2).all(|c| c[0].len() == c[1].len()),
            "the columns of a table have different lengths"
        );
        Table {
            columns,
            ..Table::default()
        }
    }

    /// Further results that are not columns: the cuts in use, rows left out, flags.
    pub fn notes(&self) -> &serde_json::Map<String, serde_json::Value> {
        &self.notes
    }

    /// The same table with a note.
    #[must_use]
    pub fn with_note(mut self, name: &str, note: serde_json::Value) -> Self {
        self.notes.insert(name.to_owned(), note);
        self
    }

    /// The same table with another definition.
    #[must_use]
    pub fn with_definition(mut self, definition: Definition) -> Self {
        self.definition = Some(Arc::new(definition));
        self
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |c| c.values.len())
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column with a name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// The definition; `None` for a table that was not computed by an analysis.
    pub fn definition(&self) -> Option<&Definition> {
        self.definition.as_deref()
    }

    /// The same table with the columns of its group in front.
    ///
    /// # Errors
    ///
    /// A name that the table already has.
    pub(crate) fn prepended(mut self, mut columns: Vec<Column>) -> Result<Self> {
        let has = |column: &&Column| self.column(column.name()).is_some();
        if let Some(column) = columns.iter().find(has) {
            return Err(Error::option(
                "by",
                format_args!("{:?}", column.name()),
                "another column: the table has this one anyway",
            ));
        }
        self.cache = Cache::default();
        columns.append(&mut self.columns);
        self.columns = columns;
        Ok(self)
    }

    /// The same table with more columns at its end.
    ///
    /// # Errors
    ///
    /// A name that the table already has.
    pub(crate) fn appended(mut self, mut columns: Vec<Column>) -> Result<Self> {
        let has = |column: &&Column| self.column(column.name()).is_some();
        if let Some(column) = columns.iter().find(has) {
            let expected = "other columns: the table has this one anyway";
            return Err(Error::option("covariates", column.name(), expected));
        }
        self.cache = Cache::default();
        self.columns.append(&mut columns);
        Ok(self)
    }

    /// The rows at these indices, in their order.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn take(&self, rows: &[usize]) -> Result<Table> {
        let columns = self.columns.iter().map(|column| {
            let valid = match &column.valid {
                Some(valid) => Some(collect(rows.iter().map(|r| valid[*r]), "table column")?),
                None => None,
            };
            Ok(Column {
                values: column.values.take(rows)?,
                valid,
                ..column.clone_head()
            })
        });
        Ok(Table {
            columns: columns.collect::<Result<_>>()?,
            definition: self.definition.clone(),
            notes: self.notes.clone(),
            cache: Cache::default(),
        })
    }

    /// Appends the rows of a table with the same columns.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where the columns differ, [`Error::OutOfMemory`].
    pub fn append(&mut self, more: Table) -> Result<()> {
        if self.columns.is_empty() {
            *self = more;
            return Ok(());
        }
        if self.columns.len() != more.columns.len() {
            return Err(Error::internal("tables of different columns were joined"));
        }
        self.cache = Cache::default();
        for (to, from) in self.columns.iter_mut().zip(more.columns) {
            to.append(from)?;
        }
        // Notes that differ between the parts are dropped.
        self.notes
            .retain(|name, note| more.notes.get(name) == Some(note));
        Ok(())
    }
}

impl Column {
    /// A copy of all members but the cells.
    fn clone_head(&self) -> Column {
        Column {
            name: self.name.clone(),
            ja: self.ja.clone(),
            unit: self.unit.clone(),
            values: Values::Bool(Vec::new()),
            valid: None,
            index: None,
        }
    }
}

impl PartialEq for Table {
    /// Same names, types, units and cells, floats by their bits; same definition.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.columns.len() == other.columns.len()
            && self.definition == other.definition
            && self.notes == other.notes
            && self.columns.iter().zip(&other.columns).all(|(a, b)| {
                a.name == b.name
                    && a.unit == b.unit
                    && a.values.ty() == b.values.ty()
                    && (0..a.values.len()).all(|row| a.cell(row) == b.cell(row))
            })
    }
}
