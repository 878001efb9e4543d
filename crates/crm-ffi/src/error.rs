//! Status codes, and the error that the caller allocates.

use crm_core::Error;
use std::borrow::Cow;
use std::fmt::{self, Write};

/// The status of a call: `CRM_OK` or one of `CRM_ERR_...`. New codes may appear.
pub type crm_status_t = i32;

/// Statuses. Numbers are never reused.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum crm_status {
    /// Success; outputs are written.
    CRM_OK = 0,
    /// A required pointer is NULL.
    CRM_ERR_NULL = 1,
    /// A handle is freed, of another kind, or invalid.
    CRM_ERR_HANDLE = 2,
    /// An argument is out of range: an index, a length, a text that is not UTF-8.
    CRM_ERR_ARGUMENT = 3,
    /// The call is not possible in this state: rows are unfinished or finished already.
    CRM_ERR_STATE = 4,
    /// Another thread is inside a call with this builder.
    CRM_ERR_BUSY = 5,
    /// The column is not of the requested type.
    CRM_ERR_TYPE = 6,
    /// A panic, a defect of this library, was caught; nothing was changed.
    CRM_ERR_PANIC = 7,
    /// Columns: missing, of a wrong type, of different lengths, malformed.
    CRM_ERR_SCHEMA = 10,
    /// Rows: a value, a pair of rows, a sum. `crm_error.row` is the row.
    CRM_ERR_DATA = 11,
    /// Options: names and values.
    CRM_ERR_OPTION = 12,
    /// A model without parameters.
    CRM_ERR_NOT_FITTED = 13,
    /// A fit did not converge.
    CRM_ERR_CONVERGENCE = 14,
    /// Cancelled by `crm_job_cancel`.
    CRM_ERR_CANCELLED = 15,
    /// Out of memory; nothing was changed.
    CRM_ERR_OUT_OF_MEMORY = 16,
    /// Over the budget of `crm_job_set_budget`.
    CRM_ERR_BUDGET = 17,
    /// A defect of this library.
    CRM_ERR_INTERNAL = 18,
}

impl crm_status {
    const ALL: [crm_status; 17] = {
        use crm_status::*;
        [
            CRM_OK,
            CRM_ERR_NULL,
            CRM_ERR_HANDLE,
            CRM_ERR_ARGUMENT,
            CRM_ERR_STATE,
            CRM_ERR_BUSY,
            CRM_ERR_TYPE,
            CRM_ERR_PANIC,
            CRM_ERR_SCHEMA,
            CRM_ERR_DATA,
            CRM_ERR_OPTION,
            CRM_ERR_NOT_FITTED,
            CRM_ERR_CONVERGENCE,
            CRM_ERR_CANCELLED,
            CRM_ERR_OUT_OF_MEMORY,
            CRM_ERR_BUDGET,
            CRM_ERR_INTERNAL,
        ]
    };

    /// The constant's name.
    fn name(self) -> &'static std::ffi::CStr {
        use crm_status::*;
        match self {
            CRM_OK => c"CRM_OK",
            CRM_ERR_NULL => c"CRM_ERR_NULL",
            CRM_ERR_HANDLE => c"CRM_ERR_HANDLE",
            CRM_ERR_ARGUMENT => c"CRM_ERR_ARGUMENT",
            CRM_ERR_STATE => c"CRM_ERR_STATE",
            CRM_ERR_BUSY => c"CRM_ERR_BUSY",
            CRM_ERR_TYPE => c"CRM_ERR_TYPE",
            CRM_ERR_PANIC => c"CRM_ERR_PANIC",
            CRM_ERR_SCHEMA => c"CRM_ERR_SCHEMA",
            CRM_ERR_DATA => c"CRM_ERR_DATA",
            CRM_ERR_OPTION => c"CRM_ERR_OPTION",
            CRM_ERR_NOT_FITTED => c"CRM_ERR_NOT_FITTED",
            CRM_ERR_CONVERGENCE => c"CRM_ERR_CONVERGENCE",
            CRM_ERR_CANCELLED => c"CRM_ERR_CANCELLED",
            CRM_ERR_OUT_OF_MEMORY => c"CRM_ERR_OUT_OF_MEMORY",
            CRM_ERR_BUDGET => c"CRM_ERR_BUDGET",
            CRM_ERR_INTERNAL => c"CRM_ERR_INTERNAL",
        }
    }
}

/// The name of a status, for the host's log.
pub(crate) fn status_name(status: crm_status_t) -> &'static std::ffi::CStr {
    let known = crm_status::ALL.iter().find(|s| **s as i32 == status);
    known.map_or(c"CRM_ERR_UNKNOWN", |status| status.name())
}

/// The error of a call. The caller allocates it with zeros (`crm_error error = {0};`); nothing has
/// to be freed. A failing call writes it; a successful call does not change it. Texts are UTF-8,
/// NUL-terminated, cut at a whole character. They never show a cell.
#[repr(C)]
pub struct crm_error {
    /// `sizeof(crm_error)` as the caller was compiled; 0 means version 1.
    pub size: u32,
    /// The status that the call returned.
    pub code: i32,
    /// The row of the error in the caller's order, counted from 0; -1 if there is none.
    pub row: i64,
    /// The column, argument or option of the error; empty if there is none.
    pub column: [std::ffi::c_char; 128],
    /// What is wrong and what was expected.
    pub message: [std::ffi::c_char; 512],
    /// What the caller can do about it; may be empty.
    pub hint: [std::ffi::c_char; 512],
}

/// The error of a failed call.
#[derive(Debug)]
pub(crate) enum Fault {
    /// An error of the core.
    Core(Error),
    /// An error of this crate.
    Here {
        code: crm_status,
        /// The argument or column.
        name: Cow<'static, str>,
        row: Option<u64>,
        message: Cow<'static, str>,
    },
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::Core(error)
    }
}

impl Fault {
    pub(crate) fn new(
        code: crm_status,
        name: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Fault::Here {
            code,
            name: name.into(),
            row: None,
            message: message.into(),
        }
    }

    pub(crate) fn null(name: &'static str) -> Self {
        Fault::new(crm_status::CRM_ERR_NULL, name, "is NULL")
    }

    pub(crate) fn argument(name: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Fault::new(crm_status::CRM_ERR_ARGUMENT, name, message)
    }

    pub(crate) fn state(name: &'static str, message: &'static str) -> Self {
        Fault::new(crm_status::CRM_ERR_STATE, name, message)
    }

    pub(crate) fn internal(message: &'static str) -> Self {
        Fault::new(crm_status::CRM_ERR_INTERNAL, "", message)
    }

    pub(crate) fn out_of_memory(bytes: usize) -> Self {
        Fault::Core(Error::OutOfMemory {
            what: "data at the boundary",
            bytes,
        })
    }

    /// The same fault with a row.
    pub(crate) fn in_row(self, at: u64) -> Self {
        match self {
            Fault::Core(error) => Fault::Core(error.at_row(at)),
            Fault::Here {
                code,
                name,
                message,
                ..
            } => Fault::Here {
                code,
                name,
                row: Some(at),
                message,
            },
        }
    }

    pub(crate) fn code(&self) -> crm_status_t {
        match self {
            Fault::Core(error) => error.code() as i32,
            Fault::Here { code, .. } => *code as i32,
        }
    }

    /// The error as the caller's struct. Makes no large allocation.
    pub(crate) fn describe(&self) -> crm_error {
        let (mut column, mut message, mut hint) = (Fixed::new(), Fixed::new(), Fixed::new());
        // A `Fixed` takes what fits and never fails.
        let row = match self {
            Fault::Core(error) => {
                let name = error.column().or(error.option_name());
                let _ = column.write_str(name.unwrap_or_default());
                let _ = write!(message, "{error}");
                if let Some(text) = error.hint() {
                    let _ = hint.write_str(&text);
                }
                error.row()
            }
            Fault::Here {
                name,
                row,
                message: text,
                ..
            } => {
                let _ = column.write_str(name);
                let _ = match (name.is_empty(), row) {
                    (true, _) => write!(message, "{text}"),
                    (_, None) => write!(message, "{name}: {text}"),
                    (_, Some(row)) => write!(message, "{name}, row {row}: {text}"),
                };
                *row
            }
        };
        crm_error {
            size: size_of::<crm_error>() as u32,
            code: self.code(),
            row: row.and_then(|row| i64::try_from(row).ok()).unwrap_or(-1),
            column: column.finish(),
            message: message.finish(),
            hint: hint.finish(),
        }
    }
}

/// A text of at most `N - 1` bytes, cut at a whole character, NUL-terminated. A NUL inside would
/// hide the rest; it becomes a space.
struct Fixed<const N: usize> {
    bytes: [u8; N],
    len: usize,
    full: bool,
}

impl<const N: usize> Fixed<N> {
    fn new() -> Self {
        Fixed {
            bytes: [0; N],
            len: 0,
            full: false,
        }
    }

    fn finish(self) -> [std::ffi::c_char; N] {
        self.bytes.map(|byte| byte as std::ffi::c_char)
    }
}

impl<const N: usize> Write for Fixed<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            let c = if c == '\0' { ' ' } else { c };
            let width = c.len_utf8();
            if self.full || self.len + width >= N {
                self.full = true;
                return Ok(());
            }
            c.encode_utf8(&mut self.bytes[self.len..self.len + width]);
            self.len += width;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crm_core::ErrorCode;

    #[test]
    fn texts_are_cut_at_a_character_and_terminated() {
        let mut fixed = Fixed::<8>::new();
        fixed.write_str("abcde").unwrap();
        fixed.write_str("é!").unwrap();
        fixed.write_str("more").unwrap();
        assert_eq!(&fixed.bytes, b"abcde\xc3\xa9\0");
        let mut fixed = Fixed::<8>::new();
        fixed.write_str("abcdefé").unwrap();
        assert_eq!(&fixed.bytes, b"abcdef\0\0");
    }

    #[test]
    fn statuses_have_the_numbers_of_the_core() {
        for (status, code) in [
            (crm_status::CRM_ERR_SCHEMA, ErrorCode::Schema),
            (crm_status::CRM_ERR_DATA, ErrorCode::Data),
            (crm_status::CRM_ERR_OPTION, ErrorCode::Option),
            (crm_status::CRM_ERR_NOT_FITTED, ErrorCode::NotFitted),
            (crm_status::CRM_ERR_CONVERGENCE, ErrorCode::Convergence),
            (crm_status::CRM_ERR_CANCELLED, ErrorCode::Cancelled),
            (crm_status::CRM_ERR_OUT_OF_MEMORY, ErrorCode::OutOfMemory),
            (crm_status::CRM_ERR_BUDGET, ErrorCode::Budget),
            (crm_status::CRM_ERR_INTERNAL, ErrorCode::Internal),
        ] {
            assert_eq!(status as i32, code as i32);
        }
    }

    #[test]
    fn the_error_has_the_layout_that_the_header_promises() {
        assert_eq!(size_of::<crm_error>(), 4 + 4 + 8 + 128 + 512 + 512);
        assert_eq!(std::mem::offset_of!(crm_error, message), 144);
    }
}
