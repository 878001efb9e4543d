//! Fallible allocation: boxes, vectors, and cells that are filled once.

use crate::error::Fault;
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A box whose allocation can fail (`Box::new` would abort the host). It is an array of one,
/// because safe code can make that from a fallible vector.
pub(crate) type Boxed<T> = Box<[T; 1]>;

/// Boxes a value.
pub(crate) fn boxed<T>(value: T) -> Result<Boxed<T>, Fault> {
    let mut vec = Vec::new();
    grow(&mut vec, 1)?;
    vec.push(value);
    match vec.into_boxed_slice().try_into() {
        Ok(boxed) => Ok(boxed),
        Err(_) => Err(Fault::internal("a box of one")),
    }
}

/// Reserves capacity for `additional` more items.
pub(crate) fn grow<T>(vec: &mut Vec<T>, additional: usize) -> Result<(), Fault> {
    vec.try_reserve(additional)
        .map_err(|_| Fault::out_of_memory(additional.saturating_mul(size_of::<T>())))
}

/// Appends one item, growing by doubling.
pub(crate) fn push<T>(vec: &mut Vec<T>, item: T) -> Result<(), Fault> {
    if vec.len() == vec.capacity() {
        grow(vec, vec.len().max(16))?;
    }
    vec.push(item);
    Ok(())
}

/// Appends a slice, growing by doubling.
pub(crate) fn extend<T: Copy>(vec: &mut Vec<T>, items: &[T]) -> Result<(), Fault> {
    if vec.capacity() - vec.len() < items.len() {
        grow(vec, items.len().max(vec.len()))?;
    }
    vec.extend_from_slice(items);
    Ok(())
}

/// A cell that is filled once. Unlike `OnceLock` it has no lock while it is filled, so a `fork`
/// cannot block the child: if two threads make a value, the second value is dropped.
pub(crate) struct Once<T> {
    value: AtomicPtr<[T; 1]>,
    owns: PhantomData<T>,
}

impl<T> Once<T> {
    pub(crate) const fn new() -> Self {
        Once {
            value: AtomicPtr::new(ptr::null_mut()),
            owns: PhantomData,
        }
    }

    /// The value, made now if it does not exist yet.
    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> Result<T, Fault>) -> Result<&T, Fault> {
        let mut found = self.value.load(Ordering::Acquire);
        if found.is_null() {
            let made = Box::into_raw(boxed(make()?)?);
            let filled = self.value.compare_exchange(
                ptr::null_mut(),
                made,
                Ordering::AcqRel,
                Ordering::Acquire,
            );
            found = match filled {
                Ok(_) => made,
                Err(other) => {
                    // SAFETY: `made` came from `into_raw` above and was shared with nobody.
                    drop(unsafe { Box::from_raw(made) });
                    other
                }
            };
        }
        // SAFETY: not null, from `into_raw`, published with release; freed only in `drop`.
        let [value] = unsafe { &*found };
        Ok(value)
    }
}

impl<T> Drop for Once<T> {
    fn drop(&mut self) {
        let value = *self.value.get_mut();
        if !value.is_null() {
            // SAFETY: from `into_raw` in `get_or_make`; nobody else can reach it any more.
            drop(unsafe { Box::from_raw(value) });
        }
    }
}

// SAFETY: the cell hands out shared references to a `T` that any of the threads may have made and
// any may drop.
unsafe impl<T: Send + Sync> Sync for Once<T> {}
// SAFETY: it owns its `T`.
unsafe impl<T: Send> Send for Once<T> {}
