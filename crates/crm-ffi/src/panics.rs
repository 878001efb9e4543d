//! Panics are counted, print nothing, and never cross the boundary.
//!
//! The default hook prints a caught panic to the host's stderr, perhaps with personal data. So the
//! first call installs a hook that prints nothing for panics inside of this library's calls and
//! passes all others to the previous hook: a Rust host that links this crate keeps its own
//! messages.

use crate::boundary::caught;
use std::cell::Cell;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

thread_local! {
    /// The number of guards that this thread is inside of.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

static HOOK: AtomicU8 = AtomicU8::new(0);
static COUNT: AtomicU64 = AtomicU64::new(0);

/// The number of panics caught since the library was loaded: 0 unless it has a defect.
pub fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// Runs a body whose panics are caught, counted and not printed.
pub(crate) fn silently<T>(body: impl FnOnce() -> T) -> Result<T, ()> {
    if HOOK.load(Ordering::Relaxed) == 0 && HOOK.swap(1, Ordering::Relaxed) == 0 {
        let _ = caught(install);
    }
    let depth = |change: i32| DEPTH.try_with(|d| d.set(d.get().wrapping_add_signed(change)));
    let _ = depth(1);
    let result = caught(body);
    let _ = depth(-1);
    if result.is_err() {
        COUNT.fetch_add(1, Ordering::Relaxed);
    }
    result
}

/// Marks a thread of this library: all its panics print nothing.
pub(crate) fn own_thread() {
    let _ = DEPTH.try_with(|depth| depth.set(1));
}

fn install() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if DEPTH.try_with(Cell::get).unwrap_or(1) == 0 {
            before(info);
        }
    }));
}

#[cfg(feature = "panic-test")]
static ARMED: AtomicU64 = AtomicU64::new(0);

/// Makes the next `calls` exported functions panic, with a payload whose drop panics as well when
/// `nasty` is not 0.
#[cfg(feature = "panic-test")]
#[unsafe(no_mangle)]
#[allow(unreachable_pub, reason = "only C calls it")]
pub extern "C" fn crm_test_panic(calls: u32, nasty: u32) {
    ARMED.store(
        u64::from(calls) << 1 | u64::from(nasty != 0),
        Ordering::Relaxed,
    );
}

/// Panics in test builds, when armed.
#[cfg(feature = "panic-test")]
pub(crate) fn maybe() {
    struct Nasty;
    impl Drop for Nasty {
        fn drop(&mut self) {
            panic!("a payload that panics when dropped: 4111111111111111");
        }
    }
    let armed = ARMED.load(Ordering::Relaxed);
    if armed >> 1 > 0 {
        ARMED.store(armed - 2, Ordering::Relaxed);
        if armed & 1 == 1 {
            std::panic::panic_any(Nasty);
        }
        panic!("armed by a test: 4111111111111111");
    }
}

/// Does nothing outside test builds.
#[cfg(not(feature = "panic-test"))]
pub(crate) fn maybe() {}
