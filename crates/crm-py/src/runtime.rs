//! Runs long calls without the GIL on a separate thread, while the caller's thread checks for
//! Ctrl-C every 50 ms and reports progress.
//!
//! Work is split over a pool of this module, made on first use for each process: threads do not
//! survive a fork, and an inherited pool would wait for its threads for ever (gunicorn, Celery,
//! DataLoader).

use crate::errors::{dismiss, panicked, raise, system};
use crm_core::{Context, Error, Progress, Result};
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::hash::BuildHasher;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

const POLL: Duration = Duration::from_millis(50);

/// Runs `work` and waits for it. `progress` is called with rows done and expected; an exception or
/// `False` stops the work.
pub(crate) fn compute<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Context) -> Result<T> + Send,
) -> PyResult<T> {
    let pool = pool()?;
    let (cancel, rows) = (AtomicBool::new(false), Progress::default());
    let context = Context {
        pool: pool.as_deref(),
        cancel: Some(&cancel),
        progress: Some(&rows),
        budget: None,
        hash_seed: hash_seed(),
    };
    let (done, arrived) = (Mutex::new(None), Condvar::new());
    let mut stopped = None;
    let result: PyResult<Result<T>> = std::thread::scope(|scope| {
        let helper = || {
            let result = catch_unwind(AssertUnwindSafe(|| work(&context)));
            let result = result.unwrap_or_else(|payload| {
                dismiss(payload);
                Err(Error::internal(panicked()))
            });
            *lock(&done) = Some(result);
            arrived.notify_one();
        };
        std::thread::Builder::new()
            .name("crm_core".to_owned())
            .spawn_scoped(scope, helper)
            .map_err(system)?;
        loop {
            let result = py.detach(|| {
                let waiting = arrived.wait_timeout_while(lock(&done), POLL, |r| r.is_none());
                waiting.unwrap_or_else(PoisonError::into_inner).0.take()
            });
            if let Some(result) = result {
                return Ok(result);
            }
            if stopped.is_none()
                && let Err(reason) = py.check_signals().and_then(|()| report(progress, &rows))
            {
                cancel.store(true, Ordering::Relaxed);
                stopped = Some(reason);
            }
        }
    });
    match (result?, stopped) {
        (_, Some(reason)) => Err(reason),
        (Ok(value), None) => {
            report(progress, &rows)?;
            Ok(value)
        }
        (Err(error), None) => Err(raise(py, error)),
    }
}

fn report(progress: Option<&Bound<'_, PyAny>>, rows: &Progress) -> PyResult<()> {
    let Some(progress) = progress else {
        return Ok(());
    };
    let load = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
    let said = progress.call1((load(&rows.done), load(&rows.total)))?;
    match said.extract::<bool>() {
        Ok(false) => Err(raise(progress.py(), Error::Cancelled)),
        _ => Ok(()),
    }
}

/// A secret of the process, so that colliding ids cannot be constructed.
fn hash_seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    // The standard library seeds its hash from the operating system.
    *SEED.get_or_init(|| std::hash::RandomState::new().hash_one(0))
}

struct Threads {
    /// The process that the pool belongs to.
    process: u32,
    wanted: Option<NonZeroUsize>,
    pool: Option<Arc<ThreadPool>>,
}

/// Locked only with the GIL held and never across a wait, so it is never locked during a fork.
static THREADS: Mutex<Threads> = Mutex::new(Threads {
    process: 0,
    wanted: None,
    pool: None,
});

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Threads {
    fn count(&self) -> usize {
        let available = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.wanted.map_or_else(available, NonZeroUsize::get)
    }
}

/// The pool of this process; `None` for one thread.
fn pool() -> PyResult<Option<Arc<ThreadPool>>> {
    let mut threads = lock(&THREADS);
    if threads.process != std::process::id() {
        // The parent's pool has no threads in this process; dropping it would wait for them for
        // ever.
        std::mem::forget(threads.pool.take());
        threads.process = std::process::id();
    }
    if threads.pool.is_none() && threads.count() > 1 {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads.count())
            .thread_name(|i| format!("crm_core {i}"))
            .build()
            .map_err(system)?;
        threads.pool = Some(Arc::new(pool));
    }
    Ok(threads.pool.clone())
}

pub(crate) fn set_threads(count: Option<NonZeroUsize>) -> PyResult<()> {
    pool()?;
    let mut threads = lock(&THREADS);
    if threads.wanted != count {
        threads.wanted = count;
        // Running computations keep the old pool until they end.
        threads.pool = None;
    }
    Ok(())
}

pub(crate) fn threads() -> PyResult<usize> {
    Ok(lock(&THREADS).count())
}
