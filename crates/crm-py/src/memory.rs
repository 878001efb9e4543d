//! The allocator of this module: the system's, but large blocks that are given back are kept for the next
//! import or table.
//!
//! The system takes a large block's pages back at once and fills each with zeros when it is touched again. For
//! the columns of an import that costs as much as reading them (docs/evidence.md). So the last blocks are kept
//! for a minute, up to a gibibyte, and the system may take their pages if it is short of memory. At the first large
//! request after that they go back.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::{NonNull, null_mut};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// From this size on blocks are kept. Smaller ones the system keeps itself.
const LARGE: usize = 1 << 20;
/// The most bytes that are kept.
const MOST: usize = 1 << 30;
/// How long.
const KEPT: Duration = Duration::from_secs(60);
/// The most blocks.
const BLOCKS: usize = 64;

/// A block that nobody uses.
#[derive(Clone, Copy)]
struct Block {
    start: NonNull<u8>,
    bytes: usize,
    since: Instant,
}

// SAFETY: a block belongs to the shelf alone.
unsafe impl Send for Block {}

/// Blocks in the order in which they came, no gaps.
struct Shelf {
    blocks: [Option<Block>; BLOCKS],
    bytes: usize,
}

static SHELF: Mutex<Shelf> = Mutex::new(Shelf {
    blocks: [None; BLOCKS],
    bytes: 0,
});

/// The bytes of the block for a request of `bytes`: with few sizes a block fits more requests. At most an eighth
/// more, whose pages are not touched.
fn rounded(bytes: usize) -> usize {
    let step = 1 << (bytes.ilog2() - 3);
    bytes.next_multiple_of(step)
}

/// The layout of the block for a request, if blocks of its size are kept.
fn large(layout: Layout) -> Option<Layout> {
    if layout.size() < LARGE || layout.size() > MOST || layout.align() > 16 {
        return None;
    }
    Layout::from_size_align(rounded(layout.size()), 16).ok()
}

fn give_back(block: Block) {
    // The size and alignment of `large`.
    if let Ok(layout) = Layout::from_size_align(block.bytes, 16) {
        // SAFETY: the block came from the system with this alignment; it is on no shelf and nobody uses it.
        unsafe { System.dealloc(block.start.as_ptr(), layout) };
    }
}

impl Shelf {
    /// Takes the block at a place; the later ones move up.
    fn remove(&mut self, at: usize) -> Option<Block> {
        let block = self.blocks[at].take()?;
        self.blocks[at..].rotate_left(1);
        self.bytes -= block.bytes;
        Some(block)
    }

    /// Gives back what has been here for too long.
    fn clear(&mut self, now: Instant) {
        while let Some(oldest) = self.blocks[0]
            && now.duration_since(oldest.since) > KEPT
        {
            self.remove(0).into_iter().for_each(give_back);
        }
    }

    /// The smallest block that fits and is at most a quarter larger.
    fn take(&mut self, bytes: usize) -> Option<NonNull<u8>> {
        self.clear(Instant::now());
        let fits = |block: &Block| (bytes..=bytes + bytes / 4).contains(&block.bytes);
        let blocks = self.blocks.iter().enumerate();
        let fitting = blocks.filter_map(|(at, block)| Some((block.filter(fits)?.bytes, at)));
        let (_, at) = fitting.min()?;
        self.remove(at).map(|block| block.start)
    }

    /// Keeps a block, in place of the oldest ones if there is no room.
    fn put(&mut self, start: NonNull<u8>, bytes: usize) {
        let since = Instant::now();
        self.clear(since);
        while self.bytes + bytes > MOST || self.blocks[BLOCKS - 1].is_some() {
            self.remove(0).into_iter().for_each(give_back);
        }
        lend(start, bytes);
        let free = self.blocks.iter().position(Option::is_none).unwrap_or(0);
        self.blocks[free] = Some(Block {
            start,
            bytes,
            since,
        });
        self.bytes += bytes;
    }
}

/// What the system gives; if that is nothing, what it gives without the blocks that are kept.
fn or_without(ask: impl Fn() -> *mut u8) -> *mut u8 {
    let given = ask();
    let Ok(mut shelf) = SHELF.try_lock() else {
        return given;
    };
    if !given.is_null() || shelf.blocks[0].is_none() {
        return given;
    }
    while let Some(block) = shelf.remove(0) {
        give_back(block);
    }
    ask()
}

/// Lets the system take the pages of a block if it is short of memory. Their bytes are then zeros.
#[cfg(target_os = "linux")]
fn lend(start: NonNull<u8>, bytes: usize) {
    use std::ffi::{c_int, c_void};
    unsafe extern "C" {
        fn madvise(start: *mut c_void, bytes: usize, advice: c_int) -> c_int;
    }
    const MADV_FREE: c_int = 8;
    // Advice is for whole pages; none is larger than this.
    const PAGE: usize = 1 << 16;
    let skipped = start.as_ptr().align_offset(PAGE);
    let whole = bytes.saturating_sub(skipped) / PAGE * PAGE;
    if whole > 0 {
        // SAFETY: these bytes are inside a block that nobody uses. An error, such as of an old kernel, changes nothing.
        unsafe { madvise(start.as_ptr().add(skipped).cast(), whole, MADV_FREE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn lend(_: NonNull<u8>, _: usize) {}

/// The allocator.
pub(crate) struct Kept;

impl Kept {
    /// A kept block. In a child of `fork` the lock may be held by a thread of the parent for ever: then there is none.
    fn taken(layout: Layout) -> Option<NonNull<u8>> {
        SHELF.try_lock().ok()?.take(layout.size())
    }
}

// SAFETY: each block comes from the system's allocator with at least the size and alignment of its request, is handed
// out to one owner at a time and goes back to the system once. Nothing here allocates or panics: places are inside
// `blocks`, and sizes are at most MOST.
unsafe impl GlobalAlloc for Kept {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(block) = large(layout) else {
            // SAFETY: the caller's contract.
            return unsafe { System.alloc(layout) };
        };
        match Kept::taken(block) {
            Some(start) => start.as_ptr(),
            // SAFETY: `block` is not empty.
            None => or_without(|| unsafe { System.alloc(block) }),
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let Some(block) = large(layout) else {
            // SAFETY: the caller's contract.
            return unsafe { System.alloc_zeroed(layout) };
        };
        match Kept::taken(block) {
            Some(start) => {
                // SAFETY: the block has at least these bytes.
                unsafe { start.write_bytes(0, layout.size()) };
                start.as_ptr()
            }
            // SAFETY: `block` is not empty.
            None => or_without(|| unsafe { System.alloc_zeroed(block) }),
        }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        match (large(layout), NonNull::new(start), SHELF.try_lock()) {
            (Some(block), Some(start), Ok(mut shelf)) => shelf.put(start, block.size()),
            // SAFETY: the caller's contract; the block came from the system.
            _ => unsafe { System.dealloc(start, layout) },
        }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Ok(wanted) = Layout::from_size_align(size, layout.align()) else {
            return null_mut();
        };
        let before = large(layout).unwrap_or(layout);
        let after = large(wanted).unwrap_or(wanted);
        if before.size() == after.size() {
            return start;
        }
        // The system moves a large block's pages without a copy.
        // SAFETY: the caller's contract; the block came from the system and has the size of `before`.
        or_without(|| unsafe { System.realloc(start, before, after.size()) })
    }
}
