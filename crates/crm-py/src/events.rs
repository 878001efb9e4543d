//! Events of a site or an app.

use crate::errors::{guarded, raise};
use crate::input::{Lent, Source};
use crate::orders::{Orders, copied, option};
use crate::runtime::compute;
use crate::table::Table;
use crm_core::Day;
use crm_core::data::{EventsSpec, Whose};
use crm_core::scope::Filter;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Validated, sorted, immutable events.
#[pyclass(frozen, module = "crm_core._native")]
pub(crate) struct Events(pub(crate) crm_core::Events);

#[pymethods]
impl Events {
    #[new]
    #[pyo3(signature = (spec, source, progress=None))]
    fn new(
        py: Python<'_>,
        spec: &str,
        source: &Bound<'_, PyAny>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        guarded(py, || {
            let spec = EventsSpec::parse(spec).map_err(|error| raise(py, error))?;
            let source = Source::take(source, Lent::NONE)?;
            compute(py, progress, move |context| {
                let batches = source.read(&spec.columns(), context)?;
                crm_core::Events::from_batches(&spec, &batches, context)
            })
            .map(Events)
        })
    }

    /// The events that a filter keeps.
    #[pyo3(signature = (filter=None))]
    fn view(&self, py: Python<'_>, filter: Option<&str>) -> PyResult<Self> {
        guarded(py, || {
            let filter: Filter = option(py, "where", filter)?.unwrap_or_default();
            compute(py, None, |context| self.0.view(&filter, context)).map(Events)
        })
    }

    /// These events and more, as if built from all rows at once.
    fn concat(&self, py: Python<'_>, more: &Bound<'_, Events>) -> PyResult<Self> {
        guarded(py, || {
            let more = &more.get().0;
            self.0
                .concat(more)
                .map(Events)
                .map_err(|error| raise(py, error))
        })
    }

    /// The events without some people, and what went as JSON.
    fn forget(&self, py: Python<'_>, ids: &str, whose: &str) -> PyResult<(Self, String)> {
        guarded(py, || {
            let ids: Vec<serde_json::Value> = option(py, "ids", Some(ids))?.unwrap_or_default();
            let whose = serde_json::json!(whose).to_string();
            let whose: Whose = option(py, "whose", Some(&whose))?.unwrap_or_default();
            let (rest, receipt) = compute(py, None, |context| self.0.forget(&ids, whose, context))?;
            Ok((Events(rest), serde_json::json!(receipt).to_string()))
        })
    }

    /// The events as bytes.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        guarded(py, || {
            let bytes = compute(py, None, |_| self.0.to_bytes())?;
            copied(py, &bytes)
        })
    }

    /// Events that `to_bytes` has written.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        guarded(py, || {
            compute(py, None, |context| {
                crm_core::Events::from_bytes(bytes, context)
            })
            .map(Events)
        })
    }

    /// The spec with which the rows were read, as JSON.
    #[getter]
    fn spec(&self) -> String {
        serde_json::json!(self.0.spec()).to_string()
    }

    /// The events under the ids of persons.
    fn with_persons(&self, py: Python<'_>, persons: &Bound<'_, Table>) -> PyResult<Self> {
        guarded(py, || {
            let persons = &persons.get().0;
            compute(py, None, |context| self.0.with_persons(persons, context)).map(Events)
        })
    }

    /// The events and the orders of their customers, and what was done as JSON.
    fn with_orders(&self, py: Python<'_>, orders: &Bound<'_, Orders>) -> PyResult<(Self, String)> {
        guarded(py, || {
            let orders = &orders.get().0;
            let (events, receipt) = compute(py, None, |context| {
                self.0.with_orders(&*orders.whole(context)?, context)
            })?;
            Ok((Events(events), serde_json::json!(receipt).to_string()))
        })
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// The number of visitors with an event.
    #[getter]
    fn n_visitors(&self, py: Python<'_>) -> PyResult<usize> {
        guarded(py, || compute(py, None, |_| self.0.n_visitors()))
    }

    /// The first event's date, in days since 1970-01-01.
    #[getter]
    fn first_date(&self) -> Option<i32> {
        self.0.first_date().map(|Day(day)| day)
    }

    /// The last event's date, in days since 1970-01-01.
    #[getter]
    fn last_date(&self) -> Option<i32> {
        self.0.last_date().map(|Day(day)| day)
    }

    /// The number of rows left out because they could not be read.
    #[getter]
    fn rows_left_out(&self) -> u64 {
        self.0.rows_left_out()
    }

    /// How columns of texts were read: column and format.
    #[getter]
    fn understood(&self) -> Vec<(String, String)> {
        crate::orders::understood(self.0.understood())
    }

    /// The shop's zone.
    #[getter]
    fn timezone(&self) -> String {
        self.0.zone().to_string()
    }
}

/// The columns that a spec of events reads; raises for an invalid spec.
#[pyfunction]
pub(crate) fn events_columns(py: Python<'_>, spec: &str) -> PyResult<Vec<String>> {
    guarded(py, || {
        let spec = EventsSpec::parse(spec).map_err(|error| raise(py, error))?;
        Ok(spec.columns().into_iter().map(str::to_owned).collect())
    })
}
