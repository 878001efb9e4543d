//! Settings of a computation that do not change its result: threads, cancellation, progress, a byte
//! budget, the hash seed. Also the fallible allocation that this crate uses for memory whose size
//! depends on data.

use crate::error::{Error, Result};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How to run a computation. The same request gives the same bits with every context.
///
/// ```
/// use crm_core::{Context, Currency, Dataset, Error, Orders, Progress, Zone, register};
/// use std::sync::atomic::{AtomicBool, Ordering};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("c1", "2026-01-05", 5_000)
///     .build()?;
/// let (cancel, progress) = (AtomicBool::new(false), Progress::default());
/// let context = Context {
///     cancel: Some(&cancel),
///     progress: Some(&progress),
///     ..Context::default()
/// };
/// register::run("rfm", &Dataset::Orders(&orders), "", &context)?;
/// assert_eq!(progress.done.load(Ordering::Relaxed), progress.total.load(Ordering::Relaxed));
/// cancel.store(true, Ordering::Relaxed); // from any thread
/// let cancelled = register::run("cpm", &Dataset::Orders(&orders), "", &context);
/// assert_eq!(cancelled.unwrap_err(), Error::Cancelled);
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The thread pool; without one, work runs on the caller's thread. The core creates no pool. Needs
    /// the feature `rayon`, whose crate is [`crm_core::rayon`](crate::rayon).
    ///
    /// Totals, the index of orders, `summary`, `clv_summary`, `clv` and its intervals, resamples, pairs and
    /// itemsets use it; the rest runs on one thread.
    #[cfg(feature = "rayon")]
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

    /// The same context without progress: for work that is part of other work, which is counted.
    pub(crate) fn uncounted(&self) -> Self {
        Context {
            progress: None,
            ..*self
        }
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
        #[cfg(feature = "rayon")]
        if let Some(pool) = self.pool {
            return pool.current_num_threads();
        }
        1
    }

    /// Rows of one thread's part at least: for fewer, waking a thread costs as much as the work.
    pub(crate) const PART: usize = 1 << 14;

    /// `n` rows in one part for each thread; in one part if they are few.
    pub(crate) fn parts(&self, n: usize) -> Vec<Range<usize>> {
        let parts = self.threads().min(n / Context::PART).max(1);
        (0..parts)
            .map(|part| n * part / parts..n * (part + 1) / parts)
            .collect()
    }

    /// Fills `out` on all threads: `work` gets the places of each part and its cells. Results are in
    /// the order of the parts.
    ///
    /// # Errors
    ///
    /// The error of the first failing part.
    pub(crate) fn fill<T: Send, R: Send>(
        &self,
        out: &mut [T],
        work: impl Fn(Range<usize>, &mut [T]) -> Result<R> + Sync,
    ) -> Result<Vec<R>> {
        let mut parts = Vec::new();
        let mut rest = out;
        for part in self.parts(rest.len()) {
            let (own, others) = rest.split_at_mut(part.len());
            parts.push((part, own));
            rest = others;
        }
        self.map(parts, |(part, own)| work(part, own))
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
        #[cfg(feature = "rayon")]
        if let Some(pool) = self.pool.filter(|_| parts.len() > 1) {
            use rayon::iter::{IntoParallelIterator, ParallelIterator};
            let results: Vec<Result<R>> =
                pool.install(|| parts.into_par_iter().map(&work).collect());
            return results.into_iter().collect();
        }
        parts.into_iter().map(work).collect()
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

/// `len` zeros. Memory that comes from the operating system is not written, so that the threads
/// which fill it have its page faults.
pub(crate) fn zeroed<T: bytemuck::Zeroable>(len: usize, what: &'static str) -> Result<Vec<T>> {
    bytemuck::allocation::try_zeroed_vec(len).map_err(|()| Error::OutOfMemory {
        what,
        bytes: len.saturating_mul(size_of::<T>()),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_to_the_last_byte_and_no_further() {
        let context = Context {
            budget: Some(8),
            ..Context::default()
        };
        assert_eq!(context.afford(8, "ids"), Ok(()));
        let refused = Error::Budget {
            what: "ids",
            bytes: 9,
            left: 8,
        };
        assert_eq!(context.afford(9, "ids"), Err(refused));
        assert_eq!(Context::default().afford(usize::MAX, "ids"), Ok(()));
    }

    #[test]
    fn progress_adds_up_and_a_cancelled_run_ends() {
        let (progress, cancel) = (Progress::default(), AtomicBool::new(false));
        let context = Context {
            progress: Some(&progress),
            cancel: Some(&cancel),
            ..Context::default()
        };
        context.expect(5);
        context.expect(7);
        assert_eq!(context.advance(3), Ok(()));
        assert_eq!(context.advance(4), Ok(()));
        let seen = || [&progress.done, &progress.total].map(|n| n.load(Ordering::Relaxed));
        assert_eq!(seen(), [7, 12]);
        assert_eq!(context.check(), Ok(()));
        cancel.store(true, Ordering::Relaxed);
        assert_eq!(context.check(), Err(Error::Cancelled));
        assert_eq!(context.advance(1), Err(Error::Cancelled));
        assert_eq!(seen(), [8, 12]);
        assert_eq!(Context::default().check(), Ok(()));
        assert_eq!(Context::default().advance(1), Ok(()));
    }

    #[test]
    #[cfg(feature = "rayon")]
    fn parts_keep_their_order_with_and_without_threads() {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(3)
            .build()
            .unwrap();
        let threaded = Context {
            pool: Some(&pool),
            ..Context::default()
        };
        assert_eq!((threaded.threads(), Context::default().threads()), (3, 1));
        for context in [threaded, Context::default()] {
            for n in [0, 1, 2, 50] {
                let doubled: Vec<i32> = (0..n).map(|x| 2 * x).collect();
                assert_eq!(context.map((0..n).collect(), |x| Ok(2 * x)), Ok(doubled));
            }
            // The error is that of the first part that fails.
            let fail = |x| match x {
                3.. => Err(Error::value("x", x, "less")),
                _ => Ok(x),
            };
            let failed = context.map((0..9).collect(), fail);
            assert_eq!(failed, Err(Error::value("x", 3, "less")));
        }
    }

    #[test]
    fn memory_is_asked_for_beforehand_and_refused_as_an_error() {
        let room = room::<u64>(5, "ids").unwrap();
        assert!(room.is_empty() && room.capacity() >= 5);
        assert_eq!(filled(3, 7, "ids"), Ok(vec![7; 3]));
        assert_eq!(collect([1, 2].into_iter(), "ids"), Ok(vec![1, 2]));
        assert_eq!(text(format_args!("{}-{}", 1, "x"), "ids").unwrap(), "1-x");
        let bytes = usize::MAX / 8 * 8;
        let refused = Error::OutOfMemory { what: "ids", bytes };
        assert_eq!(super::room::<u64>(usize::MAX / 8, "ids"), Err(refused));
        let bytes = usize::MAX;
        let refused = Error::OutOfMemory { what: "ids", bytes };
        assert_eq!(super::room::<u64>(usize::MAX - 1, "ids"), Err(refused));
        let mut items = Vec::new();
        for i in 0..40 {
            push(&mut items, i, "ids").unwrap();
            assert!(items.capacity() >= items.len());
        }
        assert_eq!(items, (0..40).collect::<Vec<_>>());
        let mut queue = VecDeque::from([1]);
        grow_queue(&mut queue, "ids").unwrap();
        assert!(queue.capacity() > 1 && queue == [1]);
    }
}
