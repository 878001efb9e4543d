//! Named columns: their cells, which of them have a value, heading and unit.

use super::field::{Field, Type};
use super::texts::TextIndex;
use super::values::{Cell, Values};
use super::{Label, Language};
use crate::context::{collect, filled, room};
use crate::error::Result;
use crate::ids::Ids;
use crate::money::Currency;
use std::borrow::Cow;
use std::sync::Arc;

/// A named column.
#[derive(Clone)]
pub struct Column {
    pub(super) name: Cow<'static, str>,
    pub(super) ja: Cow<'static, str>,
    pub(super) unit: Cow<'static, str>,
    pub(super) values: Values,
    /// Which cells have a value; `None` if all do. Null cells have 0 in `values`.
    pub(super) valid: Option<Vec<bool>>,
    /// Where texts are found while rows are appended.
    pub(super) index: Option<Box<TextIndex>>,
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
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
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
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
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
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
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
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
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
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub fn dates(field: &Field, days: impl ExactSizeIterator<Item = i32>) -> Result<Self> {
        let days = collect(days, "table column")?;
        Ok(Column::new(field, Values::Date(days)))
    }

    /// A column of words of a closed list, by their places in it: `None` is null.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
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
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
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
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
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
    pub(super) fn len(&self) -> usize {
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

    /// Appends the cells of a column of the same type.
    pub(super) fn append(&mut self, more: Column) -> Result<()> {
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

    /// A copy of all members but the cells.
    pub(super) fn clone_head(&self) -> Column {
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
