//! What saving and forgetting share for orders, events and customers.

use crate::boundary::Caller;
use crate::error::Fault;
use crm_core::Error;
use serde_json::Value;
use std::ffi::c_char;

/// Writes bytes into the caller's buffer, if they fit; `size` always gets their number.
pub(crate) fn write(
    caller: Caller<'_>,
    (buffer, capacity): (*mut c_char, usize),
    size: *mut usize,
    bytes: impl FnOnce() -> Result<Vec<u8>, Fault>,
) -> Result<(), Fault> {
    let size = caller.out("size", size)?;
    let buffer = match capacity {
        0 => None,
        capacity => Some(caller.buffer("buffer", buffer, capacity)?),
    };
    let bytes = bytes()?;
    if let Some(buffer) = buffer {
        buffer.fill(&bytes);
    }
    size.set(bytes.len());
    Ok(())
}

/// A JSON array of ids.
pub(crate) fn ids(text: &str) -> Result<Vec<Value>, Fault> {
    serde_json::from_str(text)
        .map_err(|_| Error::option("ids", "", "a JSON array of numbers or texts").into())
}
