//! The boundary to the host: a guard around every exported function, and a [`Caller`], which exists
//! only inside a guard and reads the arguments. Only this module relies on the host's promises
//! about its pointers.

use crate::error::{Fault, crm_error, crm_status, crm_status_t};
use crate::panics;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use std::ffi::{CStr, c_char};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

/// A text owned by the library: UTF-8, `size` bytes, followed by a NUL that is not counted.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct crm_text {
    /// The first byte; NULL for a null cell.
    pub data: *const c_char,
    /// The number of bytes, without the NUL.
    pub size: usize,
}

impl crm_text {
    /// The text of a null cell.
    pub(crate) const NONE: crm_text = crm_text {
        data: std::ptr::null(),
        size: 0,
    };

    /// A text of bytes that end in a NUL.
    pub(crate) fn of(with_nul: &[u8]) -> Self {
        debug_assert_eq!(with_nul.last(), Some(&0));
        crm_text {
            data: with_nul.as_ptr().cast(),
            size: with_nul.len() - 1,
        }
    }
}

/// Runs the body of an exported function: catches panics, writes the error, returns the status.
/// `guard!(or value, body)` is for the few functions that cannot fail and return a value.
macro_rules! guard {
    (or $fallback:expr, $body:expr) => {
        $crate::boundary::or_else($fallback, || $body)
    };
    ($error:expr, |$caller:ident| $body:expr) => {{
        let body =
            |$caller: $crate::boundary::Caller<'_>| -> Result<(), $crate::error::Fault> { $body };
        // SAFETY: this is an exported function, so its pointers keep the promises that the header
        // asks of the host.
        unsafe { $crate::boundary::enter($error, body) }
    }};
}
pub(crate) use guard;

/// See [`guard`].
///
/// # Safety
///
/// All pointers that `body` hands to its [`Caller`] came from the host, which promises that each
/// is NULL or points to what the header says for the whole call; `error` likewise.
pub(crate) unsafe fn enter(
    error: *mut crm_error,
    body: impl FnOnce(Caller<'_>) -> Result<(), Fault>,
) -> crm_status_t {
    let caught = panics::silently(|| {
        panics::maybe();
        body(Caller(PhantomData))
    });
    let fault = match caught {
        Ok(Ok(())) => return crm_status::CRM_OK as crm_status_t,
        Ok(Err(fault)) => fault,
        Err(()) => Fault::new(
            crm_status::CRM_ERR_PANIC,
            "",
            "a defect of this library was caught, please report it",
        ),
    };
    if !error.is_null() && error.is_aligned() {
        // The core makes the message; its panics are caught too.
        if let Ok(full) = panics::silently(|| fault.describe()) {
            // SAFETY: not null, aligned, and by this function's contract writable for as many
            // bytes as `size` says, or for version 1 when it says 0.
            unsafe { write_error(error, &full) };
        }
    }
    let code = fault.code();
    let _ = panics::silently(|| drop(fault));
    code
}

/// Writes the fields of the caller's version of the struct, except `size`.
///
/// # Safety
///
/// `to` is aligned and writable for the bytes that its `size` says (0: all of them).
unsafe fn write_error(to: *mut crm_error, full: &crm_error) {
    const SIZE: usize = size_of::<u32>();
    // SAFETY: `size` is the first field of every version.
    let claimed = unsafe { to.cast::<u32>().read() } as usize;
    let all = size_of::<crm_error>();
    let fits = |end: usize| claimed == 0 || end <= claimed;
    let ends = [8, 16, std::mem::offset_of!(crm_error, message), 656, all];
    let bytes = ends
        .into_iter()
        .filter(|end| fits(*end))
        .max()
        .unwrap_or(SIZE);
    let from = std::ptr::from_ref(full).cast::<u8>();
    // SAFETY: `bytes` is within both structs, which do not overlap.
    unsafe {
        from.add(SIZE)
            .copy_to_nonoverlapping(to.cast::<u8>().add(SIZE), bytes - SIZE)
    };
}

/// The value of a function that cannot fail.
pub(crate) fn or_else<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    let caught = panics::silently(|| {
        panics::maybe();
        body()
    });
    caught.unwrap_or(fallback)
}

/// Reads the host's arguments during a call. Only [`enter`] makes one, under its contract.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'call>(PhantomData<&'call ()>);

impl<'call> Caller<'call> {
    /// A pointer for an output.
    pub(crate) fn out<T>(self, name: &'static str, to: *mut T) -> Result<Out<'call, T>, Fault> {
        let to = NonNull::new(to).ok_or_else(|| Fault::null(name))?;
        if !to.is_aligned() {
            return Err(Fault::argument(name, "is not aligned"));
        }
        Ok(Out(to, PhantomData))
    }

    /// `size` bytes; NULL only with `size` 0.
    pub(crate) fn bytes<T>(
        self,
        name: &'static str,
        from: *const T,
        size: u64,
    ) -> Result<&'call [u8], Fault> {
        match (NonNull::new(from.cast_mut().cast::<u8>()), size) {
            (_, 0) => Ok(&[]),
            (None, _) => Err(Fault::null(name)),
            (Some(from), size) => {
                let size = isize::try_from(size)
                    .map_err(|_| Fault::argument(name, "is larger than memory can be"))?;
                // SAFETY: not null, no more than `isize::MAX` bytes, and by the contract of
                // `enter` readable and unchanged during the call.
                Ok(unsafe { std::slice::from_raw_parts(from.as_ptr(), size as usize) })
            }
        }
    }

    /// UTF-8 text of `size` bytes, or up to its NUL when `size` is negative.
    pub(crate) fn text(
        self,
        name: &'static str,
        from: *const c_char,
        size: i64,
    ) -> Result<&'call str, Fault> {
        if from.is_null() {
            return Err(Fault::null(name));
        }
        let bytes = match u64::try_from(size) {
            Ok(size) => self.bytes(name, from, size)?,
            // SAFETY: not null, and by the contract of `enter` NUL-terminated.
            Err(_) => unsafe { CStr::from_ptr(from) }.to_bytes(),
        };
        std::str::from_utf8(bytes).map_err(|_| Fault::argument(name, "is not UTF-8"))
    }

    /// Moves an Arrow stream out of the caller's struct, which is left released.
    pub(crate) fn stream(
        self,
        name: &'static str,
        from: *mut FFI_ArrowArrayStream,
    ) -> Result<FFI_ArrowArrayStream, Fault> {
        if from.is_null() {
            return Err(Fault::null(name));
        }
        if !from.is_aligned() {
            return Err(Fault::argument(name, "is not aligned"));
        }
        // SAFETY: not null, aligned, and by the contract of `enter` a stream, released or not.
        Ok(unsafe { FFI_ArrowArrayStream::from_raw(from) })
    }

    /// A buffer of `capacity` bytes for output.
    pub(crate) fn buffer(
        self,
        name: &'static str,
        to: *mut c_char,
        capacity: usize,
    ) -> Result<Buffer<'call>, Fault> {
        let to = NonNull::new(to.cast::<u8>()).ok_or_else(|| Fault::null(name))?;
        Ok(Buffer(to, capacity, PhantomData))
    }

    /// A struct, by value; `T` is made of integers and pointers, so any bytes are one.
    pub(crate) fn read<T: Plain>(self, name: &'static str, from: *const T) -> Result<T, Fault> {
        if from.is_null() {
            return Err(Fault::null(name));
        }
        // SAFETY: not null, and by the contract of `enter` readable for a whole `T`.
        Ok(unsafe { from.read_unaligned() })
    }
}

/// A struct of integers and pointers.
///
/// # Safety
///
/// Every bit pattern is a value.
pub(crate) unsafe trait Plain: Copy {}

/// The target of an output.
pub(crate) struct Out<'call, T>(NonNull<T>, PhantomData<&'call ()>);

impl<T> Out<'_, T> {
    /// Writes the output. Called last, so that a failing call writes nothing.
    pub(crate) fn set(self, value: T) {
        // SAFETY: not null, aligned, and by the contract of `enter` writable.
        unsafe { self.0.as_ptr().write(value) }
    }
}

/// Room for a text that the host reads.
pub(crate) struct Buffer<'call>(NonNull<u8>, usize, PhantomData<&'call ()>);

impl Buffer<'_> {
    /// Writes the bytes, if there is room for all of them; else nothing.
    pub(crate) fn fill(self, bytes: &[u8]) {
        if bytes.len() <= self.1 {
            // SAFETY: not null, by the contract of `enter` writable for as many bytes as its capacity says,
            // and overlapping nothing.
            unsafe {
                self.0
                    .as_ptr()
                    .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len())
            }
        }
    }
}

/// Catches a panic; the payload is dropped under a second guard, as its own drop may panic.
pub(crate) fn caught<T>(body: impl FnOnce() -> T) -> Result<T, ()> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|payload| {
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            // A payload whose drop panics again is leaked, so that the host survives.
            std::mem::forget(again);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    static DROPS: AtomicUsize = AtomicUsize::new(0);

    /// A payload of a panic that panics itself when it is dropped, and so does its own payload.
    struct Bomb(usize);

    impl Drop for Bomb {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
            if self.0 > 0 {
                std::panic::panic_any(Bomb(self.0 - 1));
            }
        }
    }

    #[test]
    fn a_payload_that_panics_when_dropped_is_left_alone() {
        assert_eq!(caught(|| 5), Ok(5));
        assert_eq!(caught::<()>(|| std::panic::panic_any(Bomb(2))), Err(()));
        // The first payload was dropped; the second, which would panic again, was not.
        assert_eq!(DROPS.load(Ordering::Relaxed), 1);
    }
}
