//! The allocator of the library: the system's, with a reserve for small requests that it refuses.
//!
//! Data are allocated fallibly everywhere: a request that fails is an error with a status. Options,
//! messages and other small objects are not, because Rust's standard library and the crates below
//! abort the process when such a request fails. This allocator serves them from memory of its own
//! then, so that the call goes on, either to its end or to the next large request, whose failure is
//! its status.
//!
//! The reserve is a static array: the system gives it no memory before it is used. What is freed is used
//! again. When all of it is in use, a small request that the system refuses aborts the process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr::{addr_of, null_mut};
use std::sync::atomic::{AtomicBool, Ordering};

/// Requests of this many bytes and more are refused when the system refuses them.
const LARGE: usize = 4096;

/// The bytes of the reserve.
const SIZE: usize = 1 << 20;

/// Blocks have 16, 32, ... 4,096 bytes, and are aligned to their size.
const CLASSES: usize = 9;

#[repr(align(4096))]
struct Room(UnsafeCell<[u8; SIZE]>);

// SAFETY: bytes are reached through `Reserve` only, which hands each block to one owner.
unsafe impl Sync for Room {}

static ROOM: Room = Room(UnsafeCell::new([0; SIZE]));

/// What is free: the first free block of each class, which holds the address of the next; and how much
/// was never used.
struct Free {
    first: [*mut u8; CLASSES],
    used: usize,
}

/// The system's allocator with the reserve behind it.
pub(crate) struct Reserve {
    locked: AtomicBool,
    free: UnsafeCell<Free>,
}

// SAFETY: `free` is reached under the lock only.
unsafe impl Sync for Reserve {}

#[global_allocator]
static ALLOCATOR: Reserve = Reserve {
    locked: AtomicBool::new(false),
    free: UnsafeCell::new(Free {
        first: [null_mut(); CLASSES],
        used: 0,
    }),
};

/// The class of a request, if it is small.
fn class(size: usize, align: usize) -> Option<usize> {
    let block = size.max(align).max(16).next_power_of_two();
    (size < LARGE && align <= LARGE).then(|| block.trailing_zeros() as usize - 4)
}

/// Does the reserve own this block?
fn owns(at: *mut u8) -> bool {
    (at as usize).wrapping_sub(addr_of!(ROOM) as usize) < SIZE
}

impl Reserve {
    /// Runs a body that has the lists for itself. It is short and neither allocates nor panics.
    fn locked<T>(&self, body: impl FnOnce(&mut Free) -> T) -> T {
        while self.locked.swap(true, Ordering::Acquire) {
            std::hint::spin_loop();
        }
        // SAFETY: the lock is held, and `body` cannot come back here.
        let result = body(unsafe { &mut *self.free.get() });
        self.locked.store(false, Ordering::Release);
        result
    }

    /// A block of the reserve, or null.
    #[cold]
    fn take(&self, size: usize, align: usize) -> *mut u8 {
        let Some(class) = class(size, align) else {
            return null_mut();
        };
        self.locked(|free| {
            let first = free.first[class];
            if !first.is_null() {
                // SAFETY: a free block holds the address of the next one, written by `give`.
                free.first[class] = unsafe { first.cast::<*mut u8>().read() };
                return first;
            }
            let block = 16_usize << class;
            let start = free.used.next_multiple_of(block);
            if start + block > SIZE {
                return null_mut();
            }
            free.used = start + block;
            // SAFETY: within the array.
            unsafe { ROOM.0.get().cast::<u8>().add(start) }
        })
    }

    /// Takes a block of the reserve back.
    ///
    /// # Safety
    ///
    /// `at` came from `take` with this layout and is used no more.
    #[cold]
    unsafe fn give(&self, at: *mut u8, layout: Layout) {
        if let Some(class) = class(layout.size(), layout.align()) {
            self.locked(|free| {
                // SAFETY: the block is free, aligned and at least 16 bytes long.
                unsafe { at.cast::<*mut u8>().write(free.first[class]) };
                free.first[class] = at;
            });
        }
    }

    /// What the system gave, or else a block of the reserve.
    fn or_reserve(&self, given: *mut u8, size: usize, align: usize) -> *mut u8 {
        if given.is_null() {
            return self.take(size, align);
        }
        given
    }
}

// SAFETY: blocks come from the system's allocator, or are distinct parts of the reserve that are as
// long and aligned as asked; each goes back to where it came from. Nothing unwinds.
unsafe impl GlobalAlloc for Reserve {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        let given = unsafe { System.alloc(layout) };
        self.or_reserve(given, layout.size(), layout.align())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        let given = unsafe { System.alloc_zeroed(layout) };
        let block = self.or_reserve(given, layout.size(), layout.align());
        if given.is_null() && !block.is_null() {
            // SAFETY: a block has at least `size` bytes. It may have been used before.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        if owns(at) {
            // SAFETY: only `take` hands out addresses in the array.
            unsafe { self.give(at, layout) }
        } else {
            // SAFETY: the caller's promise is passed on.
            unsafe { System.dealloc(at, layout) }
        }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !owns(at) {
            // SAFETY: the caller's promise is passed on.
            let given = unsafe { System.realloc(at, layout, size) };
            if !given.is_null() {
                return given;
            }
        }
        // SAFETY: the caller promises that `size`, rounded up to the alignment, is no more than `isize::MAX`.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: the layout has a size, as the caller promises; the old block is live and as long as
        // its layout says, and the new one is another.
        unsafe {
            let block = self.alloc(new);
            if !block.is_null() {
                block.copy_from_nonoverlapping(at, layout.size().min(size));
                self.dealloc(at, layout);
            }
            block
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lists and a share of the room, all of the second for this test.
    #[test]
    fn blocks_are_aligned_distinct_and_used_again() {
        let mut blocks = Vec::new();
        for (size, align) in [(1, 1), (16, 8), (17, 8), (100, 64), (4_095, 16), (8, 4_096)] {
            for _ in 0..3 {
                let at = ALLOCATOR.take(size, align);
                assert!(
                    owns(at) && (at as usize).is_multiple_of(align),
                    "{size} {align}"
                );
                // SAFETY: the block is this test's, and at least `size` bytes long.
                unsafe { at.write_bytes(0xa5, size) };
                blocks.push((at, Layout::from_size_align(size, align).unwrap()));
            }
        }
        let mut spans: Vec<_> = blocks
            .iter()
            .map(|(at, layout)| (*at as usize, *at as usize + layout.size()))
            .collect();
        spans.sort_unstable();
        assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0));
        let (last, layout) = blocks[blocks.len() - 1];
        for (at, layout) in blocks {
            // SAFETY: from `take` with this layout.
            unsafe { ALLOCATOR.dealloc(at, layout) };
        }
        assert_eq!(ALLOCATOR.take(layout.size(), layout.align()), last);
        // SAFETY: as above; the block grows into memory of the system and keeps its bytes.
        unsafe {
            last.write_bytes(7, 8);
            let grown = ALLOCATOR.realloc(last, layout, 9_000);
            assert!(!owns(grown));
            assert_eq!(grown.cast::<u64>().read(), 0x0707_0707_0707_0707);
            ALLOCATOR.dealloc(grown, Layout::from_size_align(9_000, 4_096).unwrap());
        }
        assert!(ALLOCATOR.take(LARGE, 8).is_null());
        let all: Vec<_> = std::iter::from_fn(|| {
            let at = ALLOCATOR.take(2_048, 8);
            (!at.is_null()).then_some(at)
        })
        .collect();
        assert!(all.len() > 400, "{}", all.len());
        for at in all {
            // SAFETY: from `take` with this layout.
            unsafe { ALLOCATOR.dealloc(at, Layout::from_size_align(2_048, 8).unwrap()) };
        }
    }
}
