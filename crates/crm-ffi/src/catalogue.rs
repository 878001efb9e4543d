//! Version, build and catalogue of the library.

use crate::boundary::{crm_text, guard};
use crate::error::{Fault, crm_error, crm_status_t, status_name};
use crate::memory::{Once, grow, push};
use crm_core::{Error, register};
use serde_json::{Value, json};
use std::ffi::c_char;

/// The version of the ABI: a library of the same number serves a host built against this header.
pub const CRM_ABI_VERSION: u32 = 1;

/// The library's version, such as `0.1.0`. The text lives as long as the library.
#[unsafe(no_mangle)]
pub extern "C" fn crm_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    guard!(or c"".as_ptr(), VERSION.as_ptr().cast())
}

/// The ABI version of the loaded library; compare it with `CRM_ABI_VERSION`.
#[unsafe(no_mangle)]
pub extern "C" fn crm_abi_version() -> u32 {
    guard!(or 0, CRM_ABI_VERSION)
}

/// How the library was built, as JSON: versions, panic strategy, debug or release.
#[unsafe(no_mangle)]
pub extern "C" fn crm_build_info() -> *const c_char {
    const PROFILE: [&str; 2] = [
        concat!(
            "{\"version\":\"",
            env!("CARGO_PKG_VERSION"),
            "\",\"abi\":1,\"panic\":\"unwind\",\"debug\":false}\0"
        ),
        concat!(
            "{\"version\":\"",
            env!("CARGO_PKG_VERSION"),
            "\",\"abi\":1,\"panic\":\"unwind\",\"debug\":true}\0"
        ),
    ];
    guard!(or c"{}".as_ptr(), PROFILE[usize::from(cfg!(debug_assertions))].as_ptr().cast())
}

/// The name of a status, such as `CRM_ERR_DATA`; `CRM_ERR_UNKNOWN` for an unknown number.
#[unsafe(no_mangle)]
pub extern "C" fn crm_status_name(status: crm_status_t) -> *const c_char {
    guard!(or c"".as_ptr(), status_name(status).as_ptr())
}

/// A text that ends in a NUL.
pub(crate) struct Text(Vec<u8>);

impl Text {
    pub(crate) fn new(text: &str) -> Result<Self, Fault> {
        let mut bytes = Vec::new();
        grow(&mut bytes, text.len() + 1)?;
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
        Ok(Text(bytes))
    }

    pub(crate) fn get(&self) -> crm_text {
        crm_text::of(&self.0)
    }
}

/// The list of analyses, then the entry of each, made on first use.
struct Catalogue {
    list: Text,
    entries: Vec<Once<Text>>,
}

static CATALOGUE: Once<Catalogue> = Once::new();

fn catalogue() -> Result<&'static Catalogue, Fault> {
    CATALOGUE.get_or_make(|| {
        let list = register::all().map(|entry| {
            json!({
                "name": entry.name,
                "summary": entry.summary,
                "ja": entry.ja,
                "reads": entry.reads,
                "needs_as_of": entry.needs_as_of,
            })
        });
        let list = Text::new(&list.collect::<Value>().to_string())?;
        let mut entries = Vec::new();
        for _ in register::all() {
            push(&mut entries, Once::new())?;
        }
        Ok(Catalogue { list, entries })
    })
}

/// The analyses that `crm_run` runs, as a JSON list of `{name, summary, ja, reads, needs_as_of}`.
/// The text lives as long as the library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_tasks(out: *mut crm_text, error: *mut crm_error) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        out.set(catalogue()?.list.get());
        Ok(())
    })
}

/// The description of an analysis as JSON: its dataset, the schema of its options and scope with
/// defaults, its output columns with types and units. The text lives as long as the library.
///
/// Also returns `CRM_ERR_OPTION` (no analysis has this name).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_describe(
    task: *const c_char,
    out: *mut crm_text,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let (task, out) = (caller.text("task", task, -1)?, caller.out("out", out)?);
        let found = register::all().position(|entry| entry.name == task);
        let entry = found.and_then(|at| catalogue().map(|c| c.entries.get(at)).transpose());
        let Some(entry) = entry.transpose()? else {
            // The core makes the error.
            register::describe(task)?;
            return Err(Error::internal("an analysis is not in the catalogue").into());
        };
        let text = entry.get_or_make(|| Text::new(&register::describe(task)?.to_string()))?;
        out.set(text.get());
        Ok(())
    })
}
