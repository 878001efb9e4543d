//! The native module of the Python package `crm_core`: datasets, requests, tables and errors.
//!
//! It knows no analysis by name. Users call the Python functions in `python/crm_core`; this module
//! takes columns and JSON, computes without the GIL, and returns tables.

mod errors;
mod events;
mod input;
mod orders;
mod runtime;
mod table;
mod texts;

use crm_core::Dataset;
use errors::{guarded, raise};
use events::Events;
use orders::{Customers, Orders};
use pyo3::prelude::*;
use serde_json::json;
use table::Table;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Run the analysis `task` on a dataset with the options of a JSON object.
#[pyfunction]
#[pyo3(signature = (task, data, request, progress=None))]
fn run(
    py: Python<'_>,
    task: &str,
    data: &Bound<'_, PyAny>,
    request: &str,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Table> {
    guarded(py, || {
        let whole;
        let data = if let Ok(orders) = data.cast::<Orders>() {
            whole = orders.get().whole(py)?;
            Dataset::Orders(&whole)
        } else if let Ok(events) = data.cast::<Events>() {
            Dataset::Events(&events.get().0)
        } else if let Ok(table) = data.cast::<Table>() {
            Dataset::Table(&table.get().0)
        } else {
            return Err(pyo3::exceptions::PyTypeError::new_err(
                "data is no dataset of crm_core",
            ));
        };
        runtime::compute(py, progress, |context| {
            crm_core::register::run(task, &data, request, context)
        })
    })
    .map(Table::from)
}

/// The catalogue entry of an analysis, as JSON.
#[pyfunction]
fn describe(py: Python<'_>, task: &str) -> PyResult<String> {
    guarded(py, || {
        crm_core::register::describe(task)
            .map(|entry| entry.to_string())
            .map_err(|error| raise(py, error))
    })
}

/// The names of all analyses.
#[pyfunction]
fn tasks() -> Vec<&'static str> {
    crm_core::register::all().map(|entry| entry.name).collect()
}

/// Use `count` threads from now on; `None` for as many as the machine has.
#[pyfunction]
#[pyo3(signature = (count=None))]
fn set_threads(py: Python<'_>, count: Option<std::num::NonZeroUsize>) -> PyResult<()> {
    guarded(py, || runtime::set_threads(count))
}

/// The number of threads that computations use.
#[pyfunction]
fn threads() -> PyResult<usize> {
    runtime::threads()
}

/// Version and build of this module, as JSON.
#[pyfunction]
fn build_info() -> String {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "profile": if cfg!(debug_assertions) { "debug" } else { "release" },
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "abi3": "3.11",
    })
    .to_string()
}

/// The last days of the months from `first` to `last`, as days since 1970-01-01.
#[pyfunction]
fn month_ends(py: Python<'_>, first: &str, last: &str) -> PyResult<Vec<i32>> {
    guarded(py, || {
        let day = |text: &str| text.parse().map_err(|error| raise(py, error));
        let days = crm_core::month_ends(day(first)?, day(last)?);
        Ok(days.into_iter().map(|day| day.0).collect())
    })
}

/// The pseudonyms of ids given as texts.
#[pyfunction]
fn pseudonyms(py: Python<'_>, ids: Vec<String>, key: &str) -> PyResult<Vec<String>> {
    guarded(py, || {
        let key = crm_core::data::PseudonymKey::new(key).map_err(|error| raise(py, error))?;
        let all = ids.iter().map(|id| key.pseudonym(id));
        let all: crm_core::Result<Vec<String>> = all.collect();
        all.map_err(|error| raise(py, error))
    })
}

/// The lines of a simulated shop.
#[pyfunction]
fn simulate_orders(py: Python<'_>, customers: u32, seed: u64) -> PyResult<Table> {
    guarded(py, || {
        runtime::compute(py, None, |context| {
            let batch = crm_core::data::simulate_orders(customers, seed)?;
            crm_core::Table::from_batch(&batch, context)
        })
        .map(Table::from)
    })
}

/// The log of a simulated shop's site.
#[pyfunction]
#[pyo3(signature = (visitors, seed, campaigns=0))]
fn simulate_events(py: Python<'_>, visitors: u32, seed: u64, campaigns: u32) -> PyResult<Table> {
    guarded(py, || {
        runtime::compute(py, None, |context| {
            let what = crm_core::data::EventsSimulation {
                visitors,
                seed,
                campaigns,
                ..Default::default()
            };
            crm_core::data::simulate_events(&what, context)?.table()
        })
        .map(Table::from)
    })
}

/// Raise the error for a missing column.
#[pyfunction]
fn missing_column(py: Python<'_>, column: &str, available: Vec<String>) -> PyResult<()> {
    let meant = crm_core::nearest(column, &available).map(str::to_owned);
    Err(raise(
        py,
        crm_core::Error::MissingColumn {
            column: column.to_owned(),
            available,
            meant,
        },
    ))
}

/// Raise the error for a column whose name is close to the name of a column that would be read.
#[pyfunction]
fn no_misnomer(py: Python<'_>, names: Vec<String>, optional: Vec<String>) -> PyResult<()> {
    crm_core::data::no_misnomer(&names, &optional).map_err(|error| raise(py, error))
}

#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    errors::silence_panics();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<Orders>()?;
    module.add_class::<Customers>()?;
    module.add_class::<Events>()?;
    module.add_class::<Table>()?;
    module.add_class::<texts::ArrowColumn>()?;
    module.add_function(wrap_pyfunction!(texts::read_dates, module)?)?;
    module.add_function(wrap_pyfunction!(texts::read_amounts, module)?)?;
    module.add_function(wrap_pyfunction!(run, module)?)?;
    module.add_function(wrap_pyfunction!(describe, module)?)?;
    module.add_function(wrap_pyfunction!(tasks, module)?)?;
    module.add_function(wrap_pyfunction!(set_threads, module)?)?;
    module.add_function(wrap_pyfunction!(threads, module)?)?;
    module.add_function(wrap_pyfunction!(build_info, module)?)?;
    module.add_function(wrap_pyfunction!(month_ends, module)?)?;
    module.add_function(wrap_pyfunction!(pseudonyms, module)?)?;
    module.add_function(wrap_pyfunction!(missing_column, module)?)?;
    module.add_function(wrap_pyfunction!(no_misnomer, module)?)?;
    module.add_function(wrap_pyfunction!(simulate_orders, module)?)?;
    module.add_function(wrap_pyfunction!(simulate_events, module)?)?;
    module.add_function(wrap_pyfunction!(events::events_columns, module)?)?;
    module.add_function(wrap_pyfunction!(orders::orders_columns, module)?)?;
    module.add_function(wrap_pyfunction!(orders::customers_columns, module)?)?;
    Ok(())
}
