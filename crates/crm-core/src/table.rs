//! The form of every result: named, typed columns of equal length, and the definition of the
//! request.

mod cache;
mod column;
mod debug;
mod field;
pub(crate) mod optional;
mod rows;
pub(crate) mod shared;
#[cfg(test)]
mod tests;
mod texts;
mod values;

pub use column::Column;
pub use field::{CUSTOMER_ID, Field, Type};
pub(crate) use field::{categories, columns, fields, labels, text_of_words};
pub use values::{Cell, Values};

use self::cache::Cache;
use crate::context::collect;
use crate::definition::Definition;
use crate::error::{Error, Result};
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
