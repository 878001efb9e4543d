//! The pseudonym of one id, for hosts that keep data under pseudonyms.

use crate::boundary::guard;
use crate::error::{crm_error, crm_status_t};
use crm_core::data::PseudonymKey;
use std::ffi::c_char;

/// Bytes of the text that `crm_pseudonym` writes, with its NUL.
pub const CRM_PSEUDONYM_SIZE: usize = 37;

/// The pseudonym of an id under a key: what a spec with `"pseudonym_key"` puts in the place of the id
/// (of a whole number, its decimal text). `crm_orders_forget`, `crm_orders_of_customers` and filters
/// of such data take it. `buffer` has room for `CRM_PSEUDONYM_SIZE` bytes; a UUID in lower case and a
/// NUL are written.
///
/// Also returns `CRM_ERR_OPTION` (a key of fewer than 16 bytes).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_pseudonym(
    key: *const c_char,
    key_size: i64,
    id: *const c_char,
    id_size: i64,
    buffer: *mut c_char,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let key = caller.text("key", key, key_size)?;
        let id = caller.text("id", id, id_size)?;
        let buffer = caller.buffer("buffer", buffer, CRM_PSEUDONYM_SIZE)?;
        let mut text = [0; CRM_PSEUDONYM_SIZE];
        let pseudonym = PseudonymKey::new(key)?.pseudonym(id)?;
        text[..pseudonym.len()].copy_from_slice(pseudonym.as_bytes());
        buffer.fill(&text);
        Ok(())
    })
}
