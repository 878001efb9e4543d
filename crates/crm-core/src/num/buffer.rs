//! Memory whose size depends on data, asked for fallibly: an embedding host must not be aborted.

use crate::{Error, Result};

/// An empty vector with room for `len` elements.
pub(crate) fn with_room<T>(what: &'static str, len: usize) -> Result<Vec<T>> {
    let mut buffer = Vec::new();
    reserve(&mut buffer, what, len)?;
    Ok(buffer)
}

/// Room for `more` further elements.
pub(crate) fn reserve<T>(buffer: &mut Vec<T>, what: &'static str, more: usize) -> Result<()> {
    buffer
        .try_reserve_exact(more)
        .map_err(|_| Error::OutOfMemory {
            what,
            bytes: more.saturating_mul(size_of::<T>()),
        })
}

/// `len` copies of `value`.
pub(crate) fn filled<T: Clone>(what: &'static str, len: usize, value: T) -> Result<Vec<T>> {
    let mut buffer = with_room(what, len)?;
    buffer.resize(len, value);
    Ok(buffer)
}
