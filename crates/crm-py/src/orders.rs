//! Orders and customers.

use crate::errors::{guarded, raise};
use crate::input::{Lent, Source};
use crate::runtime::compute;
use crate::table::Table;
use crm_core::data::{CustomersSpec, GrowingOrders, OnRepeat, OrdersSpec, Understood};
use crm_core::scope::{Filter, Policy};
use crm_core::{Day, Error};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Arc;

/// Validated, immutable orders.
#[pyclass(frozen, module = "crm_core._native")]
pub(crate) struct Orders(pub(crate) GrowingOrders);

impl From<crm_core::Orders> for Orders {
    fn from(orders: crm_core::Orders) -> Self {
        Orders(orders.into())
    }
}

impl Orders {
    /// All orders: what was appended is put together on first use.
    pub(crate) fn whole(&self, py: Python<'_>) -> PyResult<Arc<crm_core::Orders>> {
        match self.0.ready() {
            Some(whole) => Ok(whole),
            None => guarded(py, || compute(py, None, |context| self.0.whole(context))),
        }
    }
}

#[pymethods]
impl Orders {
    #[new]
    #[pyo3(signature = (spec, source, customers=None, progress=None))]
    fn new(
        py: Python<'_>,
        spec: &str,
        source: &Bound<'_, PyAny>,
        customers: Option<&Bound<'_, Customers>>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        guarded(py, || {
            let spec = OrdersSpec::parse(spec).map_err(|error| raise(py, error))?;
            let customers = customers.map(|customers| customers.get().0.clone());
            let source = Source::take(source, Lent::of_orders(&spec.ids()))?;
            compute(py, progress, move |context| {
                let batches = source.read(&spec.columns(), context)?;
                crm_core::Orders::from_batches(&spec, &batches, customers, context)
            })
            .map(Orders::from)
        })
    }

    /// The orders that a filter and a policy choose; the data are shared.
    #[pyo3(signature = (filter=None, policy=None))]
    fn view(&self, py: Python<'_>, filter: Option<&str>, policy: Option<&str>) -> PyResult<Self> {
        guarded(py, || {
            let filter: Filter = option(py, "where", filter)?.unwrap_or_default();
            let policy: Option<Policy> = option(py, "policy", policy)?;
            compute(py, None, |context| {
                self.0.whole(context)?.view(&filter, policy, context)
            })
            .map(Orders::from)
        })
    }

    /// These orders and more, as if built from all rows at once.
    fn concat(&self, py: Python<'_>, more: &Bound<'_, Orders>) -> PyResult<Self> {
        guarded(py, || {
            let more = &more.get().0;
            compute(py, None, |context| {
                let more = more.whole(context)?;
                self.0.whole(context)?.concat(&more, context)
            })
            .map(Orders::from)
        })
    }

    /// These orders and more of the same spec, and what came as JSON.
    #[pyo3(signature = (more, on_repeat=None))]
    fn append(
        &self,
        py: Python<'_>,
        more: &Bound<'_, Orders>,
        on_repeat: Option<&str>,
    ) -> PyResult<(Self, String)> {
        guarded(py, || {
            let more = &more.get().0;
            let quoted = on_repeat.map(|word| serde_json::json!(word).to_string());
            let on_repeat: Option<OnRepeat> = option(py, "on_repeat", quoted.as_deref())?;
            let (all, came) = compute(py, None, |context| {
                let more = more.whole(context)?;
                self.0.append(&more, on_repeat, context)
            })?;
            Ok((Orders(all), serde_json::json!(came).to_string()))
        })
    }

    /// The orders of some customers and nothing else.
    fn of_customers(&self, py: Python<'_>, ids: &str) -> PyResult<Self> {
        guarded(py, || {
            let ids: Vec<serde_json::Value> = option(py, "ids", Some(ids))?.unwrap_or_default();
            compute(py, None, |context| self.0.of_customers(&ids, context)).map(Orders::from)
        })
    }

    /// Rows read with the spec of these orders.
    fn read(&self, py: Python<'_>, source: &Bound<'_, PyAny>) -> PyResult<Self> {
        guarded(py, || {
            let spec = self.0.spec();
            let source = Source::take(source, Lent::of_orders(&spec.ids()))?;
            compute(py, None, move |context| {
                let batches = source.read(&spec.columns(), context)?;
                crm_core::Orders::from_batches(spec, &batches, None, context)
            })
            .map(Orders::from)
        })
    }

    /// The spec with which the rows were read, as JSON.
    #[getter]
    fn spec(&self) -> String {
        serde_json::json!(self.0.spec()).to_string()
    }

    /// The orders without some customers, and what went as JSON.
    fn forget(&self, py: Python<'_>, ids: &str) -> PyResult<(Self, String)> {
        guarded(py, || {
            let ids: Vec<serde_json::Value> = option(py, "ids", Some(ids))?.unwrap_or_default();
            let (rest, receipt) = compute(py, None, |context| {
                self.0.whole(context)?.forget(&ids, context)
            })?;
            Ok((Orders::from(rest), serde_json::json!(receipt).to_string()))
        })
    }

    /// How many records of a table of persons are no customer.
    fn unknown_records(&self, py: Python<'_>, persons: &Bound<'_, Table>) -> PyResult<u64> {
        guarded(py, || {
            let persons = &persons.get().0;
            compute(py, None, |context| {
                self.0.whole(context)?.unknown_records(persons)
            })
        })
    }

    /// The orders under the ids of persons.
    fn with_persons(&self, py: Python<'_>, persons: &Bound<'_, Table>) -> PyResult<Self> {
        guarded(py, || {
            let persons = &persons.get().0;
            compute(py, None, |context| {
                self.0.whole(context)?.with_persons(persons, context)
            })
            .map(Orders::from)
        })
    }

    /// The orders as bytes.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        guarded(py, || {
            let bytes = compute(py, None, |context| self.0.whole(context)?.to_bytes())?;
            copied(py, &bytes)
        })
    }

    /// Orders that `to_bytes` has written.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        guarded(py, || {
            compute(py, None, |context| {
                crm_core::Orders::from_bytes(bytes, context)
            })
            .map(Orders::from)
        })
    }

    /// The reconciliation: rows that count, and the reasons why others do not.
    fn reconciliation(&self, py: Python<'_>) -> PyResult<Table> {
        guarded(py, || {
            compute(py, None, |context| {
                self.0.whole(context)?.reconciliation(context)
            })
            .map(Table::from)
        })
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.whole(py)?.len())
    }

    /// The number of customers with an order.
    #[getter]
    fn n_customers(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.whole(py)?.n_customers())
    }

    /// The first eligible order's date, in days since 1970-01-01.
    #[getter]
    fn first_date(&self, py: Python<'_>) -> PyResult<Option<i32>> {
        Ok(self.whole(py)?.first_date().map(|Day(day)| day))
    }

    /// The last eligible order's date, in days since 1970-01-01.
    #[getter]
    fn last_date(&self, py: Python<'_>) -> PyResult<Option<i32>> {
        Ok(self.whole(py)?.last_date().map(|Day(day)| day))
    }

    /// The currency's code.
    #[getter]
    fn currency(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.whole(py)?.currency().to_string())
    }

    /// The shop's zone.
    #[getter]
    fn timezone(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.whole(py)?.zone().to_string())
    }

    /// How columns of texts were read: column and format.
    #[getter]
    fn understood(&self, py: Python<'_>) -> PyResult<Vec<(String, String)>> {
        Ok(understood(self.whole(py)?.understood()))
    }
}

/// The customers table.
#[pyclass(frozen, module = "crm_core._native")]
pub(crate) struct Customers(Arc<crm_core::data::Customers>);

#[pymethods]
impl Customers {
    #[new]
    fn new(py: Python<'_>, spec: &str, source: &Bound<'_, PyAny>) -> PyResult<Self> {
        guarded(py, || {
            let spec = CustomersSpec::parse(spec).map_err(|error| raise(py, error))?;
            let source = Source::take(source, Lent::NONE)?;
            compute(py, None, move |context| {
                let batches = source.read(&spec.columns(), context)?;
                crm_core::data::Customers::from_batches(&spec, &batches, context)
            })
            .map(|customers| Customers(Arc::new(customers)))
        })
    }

    /// The table without some customers, and what went as JSON.
    fn forget(&self, py: Python<'_>, ids: &str) -> PyResult<(Self, String)> {
        guarded(py, || {
            let ids: Vec<serde_json::Value> = option(py, "ids", Some(ids))?.unwrap_or_default();
            let (rest, receipt) = compute(py, None, |context| self.0.forget(&ids, context))?;
            Ok((
                Customers(Arc::new(rest)),
                serde_json::json!(receipt).to_string(),
            ))
        })
    }

    /// The table as bytes.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        guarded(py, || {
            let bytes = compute(py, None, |_| self.0.to_bytes())?;
            copied(py, &bytes)
        })
    }

    /// A table that `to_bytes` has written.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        guarded(py, || {
            compute(py, None, |context| {
                crm_core::data::Customers::from_bytes(bytes, context)
            })
            .map(|table| Customers(Arc::new(table)))
        })
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// How columns of texts were read: column and format.
    #[getter]
    fn understood(&self) -> Vec<(String, String)> {
        understood(self.0.understood())
    }
}

/// Bytes of Python with these contents.
pub(crate) fn copied<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, bytes.len(), |to| {
        to.copy_from_slice(bytes);
        Ok(())
    })
}

/// Column and format.
pub(crate) fn understood(known: &[Understood]) -> Vec<(String, String)> {
    known
        .iter()
        .map(|one| (one.column.clone(), one.form.clone()))
        .collect()
}

/// The columns that a spec of orders reads; raises for an invalid spec.
#[pyfunction]
pub(crate) fn orders_columns(py: Python<'_>, spec: &str) -> PyResult<Vec<String>> {
    guarded(py, || {
        let spec = OrdersSpec::parse(spec).map_err(|error| raise(py, error))?;
        spec.currency().map_err(|error| raise(py, error))?;
        Ok(spec.columns().into_iter().map(str::to_owned).collect())
    })
}

/// The columns that a spec of customers reads; raises for an invalid spec.
#[pyfunction]
pub(crate) fn customers_columns(py: Python<'_>, spec: &str) -> PyResult<Vec<String>> {
    guarded(py, || {
        let spec = CustomersSpec::parse(spec).map_err(|error| raise(py, error))?;
        Ok(spec.columns().into_iter().map(str::to_owned).collect())
    })
}

pub(crate) fn option<T: serde::de::DeserializeOwned>(
    py: Python<'_>,
    name: &str,
    json: Option<&str>,
) -> PyResult<Option<T>> {
    let parse = |json: &str| {
        serde_json::from_str(json)
            .map_err(|error| raise(py, Error::option(name, "", error.to_string())))
    };
    json.map(parse).transpose()
}
