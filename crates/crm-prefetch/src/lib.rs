//! The processor's prefetch instruction as a safe function.

/// Hints the processor to load the cache line of `items[i]`. It changes no result, and an index out
/// of bounds is ignored. It does nothing on processors for which stable Rust has no such
/// instruction.
///
/// ```
/// let numbers = [1, 2, 3];
/// crm_prefetch::prefetch(&numbers, 2);
/// crm_prefetch::prefetch(&numbers, 99);
/// ```
#[inline(always)]
pub fn prefetch<T>(items: &[T], i: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(item) = items.get(i) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction needs SSE, which every x86-64 has, and never faults; the pointer
        // is that of an item inside the slice.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(item).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (items, i);
}
