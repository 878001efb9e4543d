//! Version, build and catalogue of the library.

use crate::boundary::{crm_text, guard};
use crate::error::{Fault, crm_error, crm_status_t, status_name};
use crate::memory::{Once, extend, grow, push};
use crm_core::{Error, register};
use serde_json::{Value, json};
use std::ffi::c_char;
use std::io::{ErrorKind, Write};

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

    /// A document as text.
    fn of(document: &Value) -> Result<Self, Fault> {
        let mut bytes = Bytes(Vec::new());
        bytes.add(document)?;
        bytes.end()
    }

    pub(crate) fn get(&self) -> crm_text {
        crm_text::of(&self.0)
    }
}

/// JSON that grows fallibly.
struct Bytes(Vec<u8>);

impl Bytes {
    fn add(&mut self, document: &Value) -> Result<(), Fault> {
        serde_json::to_writer(self, document).map_err(|_| Fault::out_of_memory(0))
    }

    fn end(mut self) -> Result<Text, Fault> {
        push(&mut self.0, 0)?;
        Ok(Text(self.0))
    }
}

impl Write for Bytes {
    fn write(&mut self, more: &[u8]) -> std::io::Result<usize> {
        extend(&mut self.0, more).map_err(|_| ErrorKind::OutOfMemory)?;
        Ok(more.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
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
        // One entry after the other: a list of all is more than the reserve serves at once.
        let mut list = Bytes(Vec::new());
        for (i, entry) in register::all().enumerate() {
            push(&mut list.0, if i == 0 { b'[' } else { b',' })?;
            list.add(&json!({
                "name": entry.name,
                "summary": entry.summary,
                "ja": entry.ja,
                "reads": entry.reads,
                "needs_as_of": entry.needs_as_of,
            }))?;
        }
        push(&mut list.0, b']')?;
        let list = list.end()?;
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
        let text = entry.get_or_make(|| Text::of(&register::describe(task)?))?;
        out.set(text.get());
        Ok(())
    })
}
