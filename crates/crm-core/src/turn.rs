//! Work that one thread does for all others, in a process that may be forked meanwhile.
//!
//! A child of `fork` has a copy of every lock and none of the threads that hold one: to wait for them
//! would be to wait for ever. A [`Turn`] knows the process of its last holder, and a lock that is held
//! for a moment only is asked for a number of times ([`briefly`]).

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// The right to do long work; the others wait for its result.
pub(crate) struct Turn {
    busy: Mutex<()>,
    /// The process of the last holder, or the one that made this.
    process: AtomicU32,
}

impl Default for Turn {
    fn default() -> Self {
        Turn {
            busy: Mutex::new(()),
            process: AtomicU32::new(process()),
        }
    }
}

impl Turn {
    /// Waits for the turn. None where its holder is a thread of a parent process: then the caller does
    /// the work for itself.
    pub(crate) fn take(&self) -> Option<MutexGuard<'_, ()>> {
        let here = process();
        let guard = match self.busy.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(broken)) => broken.into_inner(),
            Err(TryLockError::WouldBlock) if self.process.load(Ordering::Relaxed) != here => {
                return None;
            }
            Err(TryLockError::WouldBlock) => {
                self.busy.lock().unwrap_or_else(PoisonError::into_inner)
            }
        };
        self.process.store(here, Ordering::Relaxed);
        Some(guard)
    }
}

/// A lock that nobody holds for longer than a copy of a pointer takes. None where a thread that a fork has
/// left behind holds it.
pub(crate) fn briefly<T>(lock: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    // A live holder that the system has put aside runs again long before this many turns of the scheduler.
    for _ in 0..10_000 {
        match lock.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(broken)) => return Some(broken.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
        }
    }
    None
}

/// Looked at for the sake of `fork` and for nothing else.
fn process() -> u32 {
    if cfg!(unix) { std::process::id() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_that_a_fork_left_taken_is_nobodys() {
        let turn = Turn::default();
        let held = turn.take();
        assert!(held.is_some());
        // What a child finds: taken, by a process that it is not.
        turn.process
            .store(process().wrapping_add(1), Ordering::Relaxed);
        assert!(turn.take().is_none());
        drop(held);
        assert!(turn.take().is_some());
    }

    #[test]
    fn a_lock_that_is_never_given_back_is_given_up() {
        let lock = Mutex::new(1);
        let held = briefly(&lock);
        assert!(held.is_some() && briefly(&lock).is_none());
        drop(held);
        assert_eq!(briefly(&lock).map(|value| *value), Some(1));
    }
}
