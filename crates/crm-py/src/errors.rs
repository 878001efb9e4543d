//! Raises errors and panics as exceptions of `crm_core._errors`. pyo3's own `PanicException`
//! derives from `BaseException`, so `except Exception` would not catch it.

use crm_core::{Error, ErrorCode};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The exception for an error of the core.
pub(crate) fn raise(py: Python<'_>, error: Error) -> PyErr {
    let (class, code) = match error.code() {
        ErrorCode::Schema => ("SchemaError", "schema"),
        ErrorCode::Data => ("DataError", "data"),
        ErrorCode::Option => ("OptionError", "option"),
        ErrorCode::NotFitted => ("NotFittedError", "not_fitted"),
        ErrorCode::Convergence => ("ConvergenceError", "convergence"),
        ErrorCode::Cancelled => ("CancelledError", "cancelled"),
        ErrorCode::OutOfMemory => ("OutOfMemoryError", "out_of_memory"),
        ErrorCode::Budget => ("OutOfMemoryError", "budget"),
        _ => ("InternalError", "internal"),
    };
    exception(py, class, code, &error).unwrap_or_else(|failed| failed)
}

fn exception(py: Python<'_>, class: &str, code: &str, error: &Error) -> PyResult<PyErr> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || py.import("crm_core._errors").map(Bound::unbind))?;
    let class = module.bind(py).getattr(class)?.cast_into::<PyType>()?;
    let about = PyDict::new(py);
    about.set_item("code", code)?;
    about.set_item("column", error.column())?;
    about.set_item("row", error.row())?;
    about.set_item("hint", error.hint())?;
    let value = class.call((error.to_string(),), Some(&about))?;
    Ok(PyErr::from_value(value))
}

/// Runs `work`, turning a panic into an `InternalError`.
pub(crate) fn guarded<T>(py: Python<'_>, work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result,
        Err(payload) => {
            dismiss(payload);
            Err(raise(py, Error::internal(panicked())))
        }
    }
}

/// Drops the payload of a panic, which may panic itself.
pub(crate) fn dismiss(payload: Box<dyn std::any::Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
        std::mem::forget(again);
    }
}

thread_local! {
    static PANICKED_AT: Cell<Option<(&'static str, u32)>> = const { Cell::new(None) };
}

/// The location of this thread's panic. The message is not repeated, because it may contain data.
pub(crate) fn panicked() -> String {
    match PANICKED_AT.take() {
        Some((file, line)) => format!("a panic at {file}:{line}"),
        None => "a panic".to_owned(),
    }
}

/// Installs a panic hook that prints nothing; panics are reported by exceptions. The hook affects
/// only this library: every extension module has its own Rust runtime.
pub(crate) fn silence_panics() {
    std::panic::set_hook(Box::new(|info| {
        // Only the file's name is kept, not paths of the build machine.
        let at = info.location().map(|at| {
            let name = at.file().rsplit(['/', '\\']).next().unwrap_or_default();
            (leaked(name), at.line())
        });
        PANICKED_AT.set(at);
    }));
}

/// Leaks a file's name, so that it lives as long as the process; panics are few.
fn leaked(name: &str) -> &'static str {
    String::leak(name.to_owned())
}

/// The exception for a failure of the system, such as a thread that could not be started.
pub(crate) fn system(error: impl std::fmt::Display) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}
