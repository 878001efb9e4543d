//! Threads: none until a host sets a number.
//!
//! The pool is an object in the handle table, so calls in progress keep it alive and the last of
//! them ends it. A child of `fork` inherits the pool but not its threads. It is detected by its
//! process id, computes on the caller's thread, and never uses the pool again.

use crate::boundary::guard;
use crate::error::{Fault, crm_error, crm_status_t};
use crate::handles::{self, Pin};
use crate::panics;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

/// The handle of the pool in use; 0 is none.
static POOL: AtomicU64 = AtomicU64::new(0);

/// The maximum number of threads; a larger number is taken as a mistake.
const MOST: u32 = 1024;

pub(crate) struct Pool {
    pool: ManuallyDrop<ThreadPool>,
    workers: ManuallyDrop<Vec<JoinHandle<()>>>,
    process: u32,
}

impl Pool {
    fn new(threads: u32) -> Result<Pool, Fault> {
        let mut workers = Vec::new();
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads as usize)
            .spawn_handler(|thread| {
                let worker = std::thread::Builder::new()
                    .name("crm".into())
                    .spawn(move || {
                        panics::own_thread();
                        thread.run();
                    })?;
                workers.push(worker);
                Ok(())
            })
            .build()
            .map_err(|_| Fault::argument("threads", "the system gives no more threads"))?;
        Ok(Pool {
            pool: ManuallyDrop::new(pool),
            workers: ManuallyDrop::new(workers),
            process: std::process::id(),
        })
    }

    /// The pool, in the process that made it.
    pub(crate) fn threads(&self) -> Option<&ThreadPool> {
        (self.process == std::process::id()).then_some(&*self.pool)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            // The threads exist only in the parent; waiting for them here would never end.
            return;
        }
        // SAFETY: both are taken once, here.
        let (pool, workers) = unsafe {
            (
                ManuallyDrop::take(&mut self.pool),
                ManuallyDrop::take(&mut self.workers),
            )
        };
        drop(pool);
        for worker in workers {
            let _ = worker.join();
        }
    }
}

/// The pool in use, kept alive for a call.
pub(crate) fn pool() -> Option<Pin<Pool>> {
    match POOL.load(Ordering::Acquire) {
        0 => None,
        // The pool may have just been replaced; then this call uses the caller's thread.
        id => handles::pin(id).ok(),
    }
}

fn replace(id: u64) -> Result<(), Fault> {
    match POOL.swap(id, Ordering::AcqRel) {
        0 => Ok(()),
        old => handles::free::<Pool>(old),
    }
}

/// Sets the number of threads for later calls. 0 and 1 mean the caller's thread, which is the
/// default. The previous pool ends after the calls that use it. After `fork` a child computes on
/// the caller's thread until it calls this function itself. Results do not depend on it.
///
/// Also returns `CRM_ERR_ARGUMENT` (over 1024, or the system cannot start the threads).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_set_threads(threads: u32, error: *mut crm_error) -> crm_status_t {
    guard!(error, |_caller| {
        if threads > MOST {
            return Err(Fault::argument("threads", "expected at most 1024"));
        }
        if threads < 2 {
            return replace(0);
        }
        replace(handles::insert(Pool::new(threads)?)?)
    })
}

/// Ends the threads of `crm_set_threads` and waits for them. Handles stay valid, and later calls
/// work on the caller's thread. Do not call it while another thread is inside a call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_shutdown(error: *mut crm_error) -> crm_status_t {
    guard!(error, |_caller| replace(0))
}
