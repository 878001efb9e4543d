//! Reads columns of texts as dates and amounts, for the command; input and output are Arrow arrays.

use crate::errors::{guarded, raise};
use crate::input::{Lent, Source};
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::types::{Decimal128Type, Int32Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use arrow_data::ArrayData;
use crm_core::columns::ColumnData;
use crm_core::data::{Decimal, read_amounts as amounts, read_dates as dates};
use crm_core::{Context, Error, Result};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// A result column that exports itself as an Arrow array.
#[pyclass(frozen, module = "crm_core._native")]
pub(crate) struct ArrowColumn(ArrayData);

#[pymethods]
impl ArrowColumn {
    /// The array in Arrow's C structures. `requested_schema` is ignored, as the protocol allows.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        let _ = requested_schema;
        let schema = FFI_ArrowSchema::try_from(self.0.data_type())
            .map_err(|_| raise(py, Error::internal("a type that Arrow does not know")))?;
        let array = FFI_ArrowArray::new(&self.0);
        Ok((
            PyCapsule::new_with_value(py, schema, c"arrow_schema")?,
            PyCapsule::new_with_value(py, array, c"arrow_array")?,
        ))
    }
}

fn column<T: ArrowPrimitiveType>(cells: Vec<Option<T::Native>>) -> PrimitiveArray<T> {
    cells.into_iter().collect()
}

fn exported(array: ArrayRef) -> ArrowColumn {
    ArrowColumn(array.to_data())
}

fn chunks(source: Source) -> Result<Vec<ColumnData>> {
    let batches = source.read(&["texts"], &Context::default())?;
    Ok(batches
        .into_iter()
        .flatten()
        .map(|(_, column)| column)
        .collect())
}

/// Wall clock and offsets in minutes, rows not read, the format, the possible formats.
type Dates = (ArrowColumn, ArrowColumn, Vec<u64>, String, Vec<String>);

/// Reads a column of texts (or of numbers, with a format) as dates.
#[pyfunction]
#[pyo3(signature = (column, date_format=None))]
pub(crate) fn read_dates(
    py: Python<'_>,
    column: &Bound<'_, PyAny>,
    date_format: Option<&str>,
) -> PyResult<Dates> {
    guarded(py, || {
        let source = Source::take(column, Lent::NONE)?;
        let read = py
            .detach(|| dates(&chunks(source)?, date_format))
            .map_err(|error| raise(py, error))?;
        let wall = self::column::<TimestampMicrosecondType>(read.wall);
        let offsets = self::column::<Int32Type>(read.offsets);
        Ok((
            exported(std::sync::Arc::new(wall)),
            exported(std::sync::Arc::new(offsets)),
            read.unread,
            read.form,
            read.readings,
        ))
    })
}

/// Amounts as decimals, the currencies named, rows not read, the decimal sign, and whether it is
/// ambiguous.
type Amounts = (ArrowColumn, Vec<String>, Vec<u64>, &'static str, bool);

/// Reads a column of texts as amounts.
#[pyfunction]
#[pyo3(signature = (column, decimal="auto"))]
pub(crate) fn read_amounts(
    py: Python<'_>,
    column: &Bound<'_, PyAny>,
    decimal: &str,
) -> PyResult<Amounts> {
    guarded(py, || {
        let decimal = match decimal {
            "auto" => Decimal::Auto,
            "." => Decimal::Point,
            "," => Decimal::Comma,
            _ => {
                let expected = "\"auto\", \".\" or \",\"";
                return Err(raise(py, Error::option("decimal", "", expected)));
            }
        };
        let source = Source::take(column, Lent::NONE)?;
        let read = py
            .detach(|| amounts(&chunks(source)?, decimal))
            .map_err(|error| raise(py, error))?;
        let scale = i8::try_from(read.decimals).unwrap_or(0);
        let values = self::column::<Decimal128Type>(read.values)
            .with_precision_and_scale(15 + read.decimals, scale)
            .map_err(|_| raise(py, Error::internal("an amount of more than 24 digits")))?;
        let sign = if read.comma { "," } else { "." };
        Ok((
            exported(std::sync::Arc::new(values)),
            read.currencies,
            read.unread,
            sign,
            read.ambiguous,
        ))
    })
}
