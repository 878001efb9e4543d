//! Jobs: progress and cancellation of a call from another thread, and settings of the call.

use crate::boundary::guard;
use crate::error::{Fault, crm_error, crm_status_t};
use crate::handles::{self, Pin};
use crate::threads;
use crm_core::{Context, Progress};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A job: another thread uses it to cancel a call or read its progress; it also has settings of the
/// call. `{0}` is no job.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct crm_job {
    /// The handle; 0 is no job.
    pub id: u64,
}

#[derive(Default)]
pub(crate) struct Job {
    cancel: AtomicBool,
    progress: Progress,
    /// 0 is unlimited.
    budget: AtomicU64,
    /// 0 is the seed of the process.
    seed: AtomicU64,
}

/// Runs `work` under a job (or none), on the threads of `crm_set_threads`.
pub(crate) fn under<R>(
    job: crm_job,
    work: impl FnOnce(&Context<'_>) -> Result<R, Fault>,
) -> Result<R, Fault> {
    let job: Option<Pin<Job>> = match job.id {
        0 => None,
        id => Some(handles::pin(id)?),
    };
    let pool = threads::pool();
    let of = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
    let budget = job.as_ref().map_or(0, |job| of(&job.budget));
    let seed = job.as_ref().map_or(0, |job| of(&job.seed));
    let context = Context {
        pool: pool.as_ref().and_then(|pool| pool.threads()),
        cancel: job.as_ref().map(|job| &job.cancel),
        progress: job.as_ref().map(|job| &job.progress),
        budget: (budget > 0).then(|| usize::try_from(budget).unwrap_or(usize::MAX)),
        hash_seed: if seed == 0 { process_seed() } else { seed },
    };
    context.check()?;
    work(&context)
}

/// A secret of this process, so that colliding ids cannot be constructed outside.
fn process_seed() -> u64 {
    static SEED: AtomicU64 = AtomicU64::new(0);
    let seed = SEED.load(Ordering::Relaxed);
    if seed != 0 {
        return seed;
    }
    let drawn = RandomState::new().hash_one(std::process::id()) | 1;
    match SEED.compare_exchange(0, drawn, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => drawn,
        Err(other) => other,
    }
}

/// Makes a job. Free it with `crm_job_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_job_create(out: *mut crm_job, error: *mut crm_error) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        out.set(crm_job {
            id: handles::insert(Job::default())?,
        });
        Ok(())
    })
}

/// Cancels the calls with this job, from any thread. They return `CRM_ERR_CANCELLED`, and so does
/// every later call with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_job_cancel(job: crm_job, error: *mut crm_error) -> crm_status_t {
    guard!(error, |_caller| {
        handles::pin::<Job>(job.id)?
            .cancel
            .store(true, Ordering::Relaxed);
        Ok(())
    })
}

/// The progress of the calls with this job, in rows; `total` is 0 while it is unknown. It may be
/// called from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_job_progress(
    job: crm_job,
    done: *mut u64,
    total: *mut u64,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let (done, total) = (caller.out("done", done)?, caller.out("total", total)?);
        let job = handles::pin::<Job>(job.id)?;
        done.set(job.progress.done.load(Ordering::Relaxed));
        total.set(job.progress.total.load(Ordering::Relaxed));
        Ok(())
    })
}

/// Sets the maximum bytes of one data structure in a call with this job. It is checked before the
/// allocation; over it, the call returns `CRM_ERR_BUDGET`. 0, the default, is unlimited.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_job_set_budget(
    job: crm_job,
    bytes: u64,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |_caller| {
        handles::pin::<Job>(job.id)?
            .budget
            .store(bytes, Ordering::Relaxed);
        Ok(())
    })
}

/// Sets the seed of the hash of ids, for hosts that need the same memory layout in every run.
/// Results never depend on it. 0, the default, is a secret of the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_job_set_hash_seed(
    job: crm_job,
    seed: u64,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |_caller| {
        handles::pin::<Job>(job.id)?
            .seed
            .store(seed, Ordering::Relaxed);
        Ok(())
    })
}

/// Frees a job. Running calls with it continue.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_job_free(job: crm_job, error: *mut crm_error) -> crm_status_t {
    guard!(error, |_caller| handles::free::<Job>(job.id))
}
