//! A result table: as an Arrow stream, and column by column for numpy.

use crate::errors::{guarded, raise};
use crate::input::{Lent, Source};
use crate::runtime::compute;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use crm_arrow::{Money, Style};
use crm_core::Language;
use crm_core::ids::{IdKind, IdRef};
use crm_core::table::{Column, Values};
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyCapsule, PyList, PyString};
use std::sync::Arc;

/// A result.
#[pyclass(frozen, module = "crm_core._native")]
pub(crate) struct Table(pub(crate) Arc<crm_core::Table>);

impl From<crm_core::Table> for Table {
    fn from(table: crm_core::Table) -> Self {
        Table(Arc::new(table))
    }
}

/// Name, type, unit, Japanese heading; then, depending on the type: the currency and its exponent,
/// the zone, the type of ids.
type Field = (String, &'static str, String, String, Option<String>, u8);

#[pymethods]
impl Table {
    /// A table from a caller's columns, for analyses that read tables.
    /// `names` are the names that they get.
    #[staticmethod]
    #[pyo3(signature = (source, columns, names=None))]
    fn from_columns(
        py: Python<'_>,
        source: &Bound<'_, PyAny>,
        columns: Vec<String>,
        names: Option<Vec<String>>,
    ) -> PyResult<Self> {
        guarded(py, || {
            let source = Source::take(source, Lent::NONE)?;
            compute(py, None, move |context| {
                let read: Vec<&str> = columns.iter().map(String::as_str).collect();
                let mut table = crm_core::Table::default();
                for mut batch in source.read(&read, context)? {
                    for ((name, _), own) in batch.iter_mut().zip(names.iter().flatten()) {
                        name.clone_from(own);
                    }
                    table.append(crm_core::Table::from_batch(&batch, context)?)?;
                }
                Ok(table)
            })
            .map(Table::from)
        })
    }

    /// These rows and then those of another table.
    fn stacked(&self, py: Python<'_>, more: &Table) -> PyResult<Self> {
        let (mine, more) = (self.0.clone(), more.0.clone());
        guarded(py, || {
            compute(py, None, move |context| mine.stacked(&more, context)).map(Table::from)
        })
    }

    /// The table as an Arrow stream, money as decimals. `requested_schema` is ignored, as the
    /// protocol allows.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        stream(py, &self.0, Style::default())
    }

    /// The same table with options of the Arrow export.
    fn styled(&self, money: &str, language: &str) -> PyResult<Styled> {
        let money = match money {
            "decimal" => Money::Decimal,
            "float" => Money::Float,
            "minor" => Money::Minor,
            _ => return Err(PyValueError::new_err("money")),
        };
        let language = match language {
            "en" => Language::En,
            "ja" => Language::Ja,
            _ => return Err(PyValueError::new_err("labels")),
        };
        let style = Style { money, language };
        Ok(Styled(self.0.clone(), style))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// The description of each column.
    fn fields(&self) -> Vec<Field> {
        let field = |column: &Column| {
            let (extra, exponent) = match column.values() {
                Values::Id { ids, .. } => (Some(ids.kind().to_string()), 0),
                Values::Money(_, currency) => (Some(currency.to_string()), currency.exponent()),
                Values::Instant(_, zone) => (Some(zone.to_string()), 0),
                _ => (None, 0),
            };
            (
                column.name().to_owned(),
                column.values().ty().name(),
                column.unit().to_owned(),
                column.heading(Language::Ja).to_owned(),
                extra,
                exponent,
            )
        };
        self.0.columns().iter().map(field).collect()
    }

    /// The cells of a column: a `bytearray` of numbers in the machine's byte order, or a list of
    /// texts or bytes. Words are one byte each, texts indices of four bytes (see `words`), money
    /// minor units. Null cells are zero or empty.
    fn cells<'py>(&self, py: Python<'py>, column: usize) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || cells(py, self.column(column)?.values()))
    }

    /// The cells of a column of money in major units, each rounded once, as a `bytearray`.
    fn major<'py>(&self, py: Python<'py>, column: usize) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || match self.column(column)?.values() {
            Values::Money(minor, currency) => {
                numbers(py, minor, |minor| currency.major(*minor).to_ne_bytes())
            }
            _ => Err(PyValueError::new_err("not a column of money")),
        })
    }

    /// One byte per row, zero for null cells; `None` if there are no nulls.
    fn valid<'py>(&self, py: Python<'py>, column: usize) -> PyResult<Option<Bound<'py, PyAny>>> {
        guarded(py, || {
            let validity = self.column(column)?.validity();
            validity
                .map(|valid| numbers(py, valid, |valid| [u8::from(*valid)]))
                .transpose()
        })
    }

    /// The words of a column: value, English, Japanese.
    fn words(&self, column: usize) -> PyResult<Vec<(&str, &str, &str)>> {
        Ok(match self.column(column)?.values() {
            Values::Category { labels, .. } => labels
                .iter()
                .map(|label| (label.code, label.en, label.ja))
                .collect(),
            Values::Text { texts, .. } => texts
                .iter()
                .map(|text| (&text[..], &text[..], &text[..]))
                .collect(),
            _ => Vec::new(),
        })
    }

    /// The first rows.
    fn head(&self, py: Python<'_>, rows: usize) -> PyResult<Table> {
        let rows: Vec<usize> = (0..rows.min(self.0.len())).collect();
        self.0
            .take(&rows)
            .map(Table::from)
            .map_err(|error| raise(py, error))
    }

    /// The definition as canonical JSON.
    #[getter]
    fn definition(&self) -> Option<&str> {
        self.0.definition().map(crm_core::Definition::json)
    }

    /// The notes (cuts, flags, counts) as JSON.
    #[getter]
    fn notes(&self) -> String {
        serde_json::Value::Object(self.0.notes().clone()).to_string()
    }

    /// The definition's hash.
    #[getter]
    fn hash(&self) -> Option<&str> {
        self.0.definition().map(crm_core::Definition::hash)
    }
}

impl Table {
    fn column(&self, at: usize) -> PyResult<&Column> {
        self.0
            .columns()
            .get(at)
            .ok_or_else(|| PyIndexError::new_err("column index out of range"))
    }
}

/// A table with options of the Arrow export.
#[pyclass(frozen, module = "crm_core._native")]
pub(crate) struct Styled(Arc<crm_core::Table>, Style);

#[pymethods]
impl Styled {
    /// The table as an Arrow stream.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        stream(py, &self.0, self.1)
    }
}

fn stream<'py>(
    py: Python<'py>,
    table: &crm_core::Table,
    style: Style,
) -> PyResult<Bound<'py, PyCapsule>> {
    guarded(py, || {
        let stream: FFI_ArrowArrayStream = py
            .detach(|| crm_arrow::to_stream(table, style))
            .map_err(|error| raise(py, error))?;
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    })
}

fn cells<'py>(py: Python<'py>, values: &Values) -> PyResult<Bound<'py, PyAny>> {
    match values {
        Values::Id { ids, codes } => {
            // A column of only nulls has no ids.
            let at = |code: u32| ((code as usize) < ids.len()).then(|| ids.at(code));
            match ids.kind() {
                IdKind::Int(_) => numbers(py, codes, |code| match at(*code) {
                    Some(IdRef::Int(id)) => id.to_ne_bytes(),
                    _ => [0; 8],
                }),
                IdKind::Unsigned(_) => numbers(py, codes, |code| match at(*code) {
                    Some(IdRef::Unsigned(id)) => id.to_ne_bytes(),
                    _ => [0; 8],
                }),
                IdKind::Text | IdKind::Fixed(_) => {
                    let list = codes.iter().map(|code| match at(*code) {
                        Some(IdRef::Text(text)) => PyString::new(py, &text).into_any(),
                        Some(IdRef::Bytes(bytes)) => {
                            pyo3::types::PyBytes::new(py, &bytes).into_any()
                        }
                        _ => py.None().into_bound(py),
                    });
                    Ok(PyList::new(py, list.collect::<Vec<_>>())?.into_any())
                }
            }
        }
        Values::I32(cells) | Values::Date(cells) => numbers(py, cells, |v| v.to_ne_bytes()),
        Values::I64(cells) | Values::Instant(cells, _) | Values::Money(cells, _) => {
            numbers(py, cells, |v| v.to_ne_bytes())
        }
        Values::F64(cells) => numbers(py, cells, |v| v.to_ne_bytes()),
        Values::Bool(cells) => numbers(py, cells, |v| [u8::from(*v)]),
        Values::Category { codes, .. } => numbers(py, codes, |v| [*v]),
        Values::Text { codes, .. } => numbers(py, codes, |v| v.to_ne_bytes()),
    }
}

/// Numbers in a `bytearray`, which is writable and which numpy reads without a copy.
fn numbers<'py, T, const N: usize>(
    py: Python<'py>,
    cells: &[T],
    bytes: impl Fn(&T) -> [u8; N],
) -> PyResult<Bound<'py, PyAny>> {
    let array = PyByteArray::new_with(py, cells.len() * N, |target| {
        for (target, cell) in target.chunks_exact_mut(N).zip(cells) {
            target.copy_from_slice(&bytes(cell));
        }
        Ok(())
    })?;
    Ok(array.into_any())
}
