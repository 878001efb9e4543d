//! Locks for work that one thread does for all others, in a process that may be forked meanwhile.
//!
//! A child of `fork` has a copy of every lock and none of the threads that hold one, so waiting
//! would never end. A [`Turn`] stores the process id of its last holder; a lock that is only held
//! for a moment is tried a limited number of times ([`briefly`]).

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// A lock for long work; other threads wait for its result.
pub(crate) struct Turn {
    busy: Mutex<()>,
    /// The process id of the last holder, or of the creator.
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
    /// Waits for the lock. `None` if its holder is a thread of a parent process; the caller then
    /// does the work itself.
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

/// Takes a lock that is held only for the copy of a pointer. `None` if a thread of the parent
/// process holds it after a fork.
pub(crate) fn briefly<T>(lock: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    // A live holder that the system has suspended runs again long before this many yields.
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
