//! What surrounds a computation but is no part of a number's meaning: threads, cancellation,
//! progress, a byte budget, the hash seed. And the one way this crate allocates memory whose size
//! depends on data: fallibly.

use crate::{Error, Result};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How to run, as opposed to what to compute. The same request gives the same bits under every
/// context.
#[derive(Clone, Copy, Default)]
pub struct Context<'a> {
    /// Threads to use; none computes on the caller's thread. The core has no pool of its own.
    pub pool: Option<&'a rayon::ThreadPool>,
    /// Set from another thread to stop; read between blocks of work.
    pub cancel: Option<&'a AtomicBool>,
    /// Where progress is reported.
    pub progress: Option<&'a Progress>,
    /// The most bytes that one structure may take; none is unlimited.
    pub budget: Option<usize>,
    /// Seed of the id hash: a secret of the process keeps crafted ids harmless. Results do not
    /// depend on it.
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
    /// Rows between two looks at the cancel flag: under 10 ms of work.
    pub(crate) const BLOCK: usize = 1 << 18;

    /// An error once the caller asked to stop.
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

    /// Expects `rows` more rows of work.
    pub fn expect(&self, rows: usize) {
        if let Some(progress) = self.progress {
            progress.total.fetch_add(rows as u64, Ordering::Relaxed);
        }
    }

    /// Refuses a structure of `bytes` that is over the budget, before it is allocated.
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

    /// Threads to split work over: those of the pool, or one.
    pub fn threads(&self) -> usize {
        self.pool.map_or(1, rayon::ThreadPool::current_num_threads)
    }

    /// Applies `work` to each part, on the pool when there is one; results keep the parts' order.
    ///
    /// # Errors
    ///
    /// The first part's error, in the parts' order.
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

/// What an exactly sized iterator yields.
pub(crate) fn collect<T>(
    items: impl ExactSizeIterator<Item = T>,
    what: &'static str,
) -> Result<Vec<T>> {
    let mut vec = room(items.len(), what)?;
    vec.extend(items);
    Ok(vec)
}

/// What `format!` gives, where that would abort the host.
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

/// Room for `additional` more items.
pub(crate) fn grow<T>(vec: &mut Vec<T>, additional: usize, what: &'static str) -> Result<()> {
    vec.try_reserve(additional).map_err(|_| Error::OutOfMemory {
        what,
        bytes: additional.saturating_mul(size_of::<T>()),
    })
}

/// Room for one more item in a queue.
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
