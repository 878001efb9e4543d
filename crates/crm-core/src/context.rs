//! Settings of a computation that do not change its result: threads, cancellation, progress, a byte
//! budget, the hash seed. Also the fallible allocation that this crate uses for memory whose size
//! depends on data.

use crate::{Error, Result};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How to run a computation. The same request gives the same bits with every context.
#[derive(Clone, Copy, Default)]
pub struct Context<'a> {
    /// The thread pool; without one, work runs on the caller's thread. The core creates no pool.
    pub pool: Option<&'a rayon::ThreadPool>,
    /// Set from another thread to stop; read between blocks of work.
    pub cancel: Option<&'a AtomicBool>,
    /// Counters for progress.
    pub progress: Option<&'a Progress>,
    /// The maximum bytes of one data structure; `None` is unlimited.
    pub budget: Option<usize>,
    /// Seed of the hash of ids. A secret random seed prevents constructed collisions. Results do
    /// not depend on it.
    pub hash_seed: u64,
}

/// Work done and work expected, in rows.
#[derive(Debug, Default)]
pub struct Progress {
    /// Rows done.
    pub done: AtomicU64,
    /// Rows expected; 0 while unknown.
    pub total: AtomicU64,
}

impl Context<'_> {
    /// Rows between two checks of the cancel flag: under 10 ms of work.
    pub(crate) const BLOCK: usize = 1 << 18;

    /// An error if the caller has cancelled.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`].
    pub fn check(&self) -> Result<()> {
        match self.cancel {
            Some(flag) if flag.load(Ordering::Relaxed) => Err(Error::Cancelled),
            _ => Ok(()),
        }
    }

    /// Reports `rows` more rows done and checks for cancellation.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`].
    pub fn advance(&self, rows: usize) -> Result<()> {
        if let Some(progress) = self.progress {
            progress.done.fetch_add(rows as u64, Ordering::Relaxed);
        }
        self.check()
    }

    /// Adds `rows` to the expected work.
    pub fn expect(&self, rows: usize) {
        if let Some(progress) = self.progress {
            progress.total.fetch_add(rows as u64, Ordering::Relaxed);
        }
    }

    /// Refuses a data structure of `bytes` over the budget, before it is allocated.
    ///
    /// # Errors
    ///
    /// [`Error::Budget`].
    pub fn afford(&self, bytes: usize, what: &'static str) -> Result<()> {
        match self.budget {
            Some(left) if bytes > left => Err(Error::Budget { what, bytes, left }),
            _ => Ok(()),
        }
    }

    /// The number of threads: that of the pool, or one.
    pub fn threads(&self) -> usize {
        self.pool.map_or(1, rayon::ThreadPool::current_num_threads)
    }

    /// Applies `work` to each part, on the pool if there is one; results are in the order of the
    /// parts.
    ///
    /// # Errors
    ///
    /// The error of the first failing part, in the order of the parts.
    pub fn map<T: Send, R: Send>(
        &self,
        parts: Vec<T>,
        work: impl Fn(T) -> Result<R> + Sync,
    ) -> Result<Vec<R>> {
        match self.pool {
            Some(pool) if parts.len() > 1 => {
                use rayon::iter::{IntoParallelIterator, ParallelIterator};
                let results: Vec<Result<R>> =
                    pool.install(|| parts.into_par_iter().map(&work).collect());
                results.into_iter().collect()
            }
            _ => parts.into_iter().map(work).collect(),
        }
    }
}

/// An empty vector with room for `capacity` items.
///
/// # Errors
///
/// [`Error::OutOfMemory`] where `Vec::with_capacity` would abort the host.
pub(crate) fn room<T>(capacity: usize, what: &'static str) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    grow(&mut vec, capacity, what)?;
    Ok(vec)
}

/// `len` copies of `value`.
pub(crate) fn filled<T: Clone>(len: usize, value: T, what: &'static str) -> Result<Vec<T>> {
    let mut vec = room(len, what)?;
    vec.resize(len, value);
    Ok(vec)
}

/// Collects an exactly sized iterator.
pub(crate) fn collect<T>(
    items: impl ExactSizeIterator<Item = T>,
    what: &'static str,
) -> Result<Vec<T>> {
    let mut vec = room(items.len(), what)?;
    vec.extend(items);
    Ok(vec)
}

/// As `format!`, with an error where `format!` would abort the host.
pub(crate) fn text(arguments: std::fmt::Arguments<'_>, what: &'static str) -> Result<String> {
    struct Text(String, usize);
    impl std::fmt::Write for Text {
        fn write_str(&mut self, more: &str) -> std::fmt::Result {
            self.1 += more.len();
            self.0
                .try_reserve(more.len())
                .map_err(|_| std::fmt::Error)?;
            self.0.push_str(more);
            Ok(())
        }
    }
    let mut text = Text(String::new(), 0);
    match std::fmt::write(&mut text, arguments) {
        Ok(()) => Ok(text.0),
        Err(_) => Err(Error::OutOfMemory {
            what,
            bytes: text.1,
        }),
    }
}

/// Reserves capacity for `additional` more items.
pub(crate) fn grow<T>(vec: &mut Vec<T>, additional: usize, what: &'static str) -> Result<()> {
    vec.try_reserve(additional).map_err(|_| Error::OutOfMemory {
        what,
        bytes: additional.saturating_mul(size_of::<T>()),
    })
}

/// Reserves capacity for one more item in a queue.
pub(crate) fn grow_queue<T>(queue: &mut VecDeque<T>, what: &'static str) -> Result<()> {
    queue.try_reserve(1).map_err(|_| Error::OutOfMemory {
        what,
        bytes: size_of::<T>(),
    })
}

/// Appends one item, growing by doubling.
pub(crate) fn push<T>(vec: &mut Vec<T>, item: T, what: &'static str) -> Result<()> {
    if vec.len() == vec.capacity() {
        grow(vec, vec.len().max(16), what)?;
    }
    vec.push(item);
    Ok(())
}
