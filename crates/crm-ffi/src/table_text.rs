//! A table as one text, for languages in which reading typed columns is laborious.

use crate::boundary::guard;
use crate::error::{Fault, crm_error, crm_status_t};
use crate::memory::extend;
use crate::table::{crm_table, language_index, pinned};
use crm_core::ids::IdRef;
use crm_core::table::{Cell, Column, Label};
use crm_core::{Currency, Language, Moment};
use std::ffi::c_char;
use std::fmt::{self, Write};

/// The forms of `crm_table_text`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum crm_text_format {
    /// A JSON array with an object for each row: `[{"customer_id":"hanako","revenue":14780}]`.
    CRM_TEXT_JSON = 1,
    /// CSV as in RFC 4180: a line of headings, lines end in CR LF, texts are quoted where needed.
    CRM_TEXT_CSV = 2,
}

/// Rows of a table as one UTF-8 text that ends in a NUL. `size` is its number of bytes with the
/// NUL. If it is greater than `capacity`, the buffer is not written: call with a capacity of 0 to
/// get the size. Rows after the last are ignored.
///
/// Money is a decimal number of major units, exact (`1234.50`); a date is `2026-11-21`, an instant
/// `2026-11-21T01:00:00Z`; a null cell is `null` in JSON and empty in CSV; bytes are hexadecimal.
/// Whole numbers beyond 2^53 are texts in JSON, because its readers round them. `language` chooses
/// the words of categories and the headings of CSV; the keys in JSON are always the names of the
/// columns.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such format or language).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_text(
    table: crm_table,
    format: i32,
    language: i32,
    first_row: usize,
    rows: usize,
    buffer: *mut c_char,
    capacity: usize,
    size: *mut usize,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let size = caller.out("size", size)?;
        let buffer = match capacity {
            0 => None,
            capacity => Some(caller.buffer("buffer", buffer, capacity)?),
        };
        let language = language_index(language)?;
        let table = pinned(table)?;
        let table = table.table();
        let first = first_row.min(table.len());
        let rows = first..first.saturating_add(rows).min(table.len());
        let mut text = Text::default();
        let written = match format {
            1 => json(table.columns(), rows, language, &mut text),
            2 => csv(table.columns(), rows, language, &mut text),
            _ => {
                let expected = "expected a value of crm_text_format";
                return Err(Fault::argument("format", expected));
            }
        };
        let bytes = text.finish(written)?;
        if let Some(buffer) = buffer {
            buffer.fill(&bytes);
        }
        size.set(bytes.len());
        Ok(())
    })
}

/// A text whose allocation can fail.
#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    fault: Option<Fault>,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        extend(&mut self.bytes, text.as_bytes()).map_err(|fault| {
            self.fault = Some(fault);
            fmt::Error
        })
    }
}

impl Text {
    /// The text with its NUL.
    fn finish(mut self, written: fmt::Result) -> Result<Vec<u8>, Fault> {
        match (written.and_then(|()| self.write_char('\0')), self.fault) {
            (Ok(()), None) => Ok(self.bytes),
            (_, Some(fault)) => Err(fault),
            (Err(_), None) => Err(Fault::internal("a cell could not be written")),
        }
    }
}

fn json(
    columns: &[Column],
    rows: std::ops::Range<usize>,
    language: usize,
    to: &mut Text,
) -> fmt::Result {
    to.write_char('[')?;
    for row in rows.clone() {
        to.write_str(if row == rows.start { "{" } else { ",\n{" })?;
        for (i, column) in columns.iter().enumerate() {
            to.write_str(if i == 0 { "" } else { "," })?;
            quoted(column.name(), to)?;
            to.write_char(':')?;
            match column.cell(row) {
                Cell::Null => to.write_str("null")?,
                Cell::Float(value) if !value.is_finite() => to.write_str("null")?,
                Cell::Int(number) => whole(number, to)?,
                cell @ (Cell::Float(_) | Cell::Bool(_) | Cell::Money(..)) => {
                    plain(&cell, language, to)?;
                }
                Cell::Id(IdRef::Int(id)) => whole(id, to)?,
                Cell::Id(IdRef::Unsigned(id)) => whole(id, to)?,
                Cell::Id(IdRef::Text(text)) => quoted(&text, to)?,
                Cell::Text(text) => quoted(text, to)?,
                Cell::Label(label) => quoted(word(label, language), to)?,
                cell @ (Cell::Id(_) | Cell::Date(_) | Cell::Instant(_)) => {
                    to.write_char('"')?;
                    plain(&cell, language, to)?;
                    to.write_char('"')?;
                }
            }
        }
        to.write_char('}')?;
    }
    to.write_char(']')
}

/// Writes a whole number for JSON; beyond 2^53 as a text, because readers of JSON round such
/// numbers.
fn whole(number: impl Into<i128>, to: &mut Text) -> fmt::Result {
    let number: i128 = number.into();
    let quote = if number.unsigned_abs() > 1 << 53 {
        "\""
    } else {
        ""
    };
    write!(to, "{quote}{number}{quote}")
}

/// A word in a `crm_language`.
fn word(label: Label, language: usize) -> &'static str {
    [label.code, label.en, label.ja][language]
}

/// Writes a text for JSON.
fn quoted(text: &str, to: &mut Text) -> fmt::Result {
    to.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => to.write_str("\\\"")?,
            '\\' => to.write_str("\\\\")?,
            '\n' => to.write_str("\\n")?,
            '\r' => to.write_str("\\r")?,
            '\t' => to.write_str("\\t")?,
            c if c < ' ' => write!(to, "\\u{:04x}", c as u32)?,
            c => to.write_char(c)?,
        }
    }
    to.write_char('"')
}

fn csv(
    columns: &[Column],
    rows: std::ops::Range<usize>,
    language: usize,
    to: &mut Text,
) -> fmt::Result {
    let end = |i: usize| if i + 1 < columns.len() { "," } else { "\r\n" };
    for (i, column) in columns.iter().enumerate() {
        let heading = match language {
            2 => column.heading(Language::Ja),
            _ => column.name(),
        };
        field(heading, to)?;
        to.write_str(end(i))?;
    }
    for row in rows {
        for (i, column) in columns.iter().enumerate() {
            match column.cell(row) {
                Cell::Null => (),
                Cell::Id(IdRef::Text(text)) => field(&text, to)?,
                Cell::Text(text) => field(text, to)?,
                Cell::Label(label) => field(word(label, language), to)?,
                cell => plain(&cell, language, to)?,
            }
            to.write_str(end(i))?;
        }
    }
    Ok(())
}

/// Writes a text for CSV. An empty text is quoted, because an empty field is a null cell.
fn field(text: &str, to: &mut Text) -> fmt::Result {
    if !text.is_empty() && !text.contains(['"', ',', '\n', '\r']) {
        return to.write_str(text);
    }
    to.write_char('"')?;
    for (i, part) in text.split('"').enumerate() {
        to.write_str(if i == 0 { "" } else { "\"\"" })?;
        to.write_str(part)?;
    }
    to.write_char('"')
}

/// Writes a cell whose text needs no escapes.
fn plain(cell: &Cell<'_>, language: usize, to: &mut Text) -> fmt::Result {
    match cell {
        Cell::Null => Ok(()),
        Cell::Id(IdRef::Int(id)) => write!(to, "{id}"),
        Cell::Id(IdRef::Unsigned(id)) => write!(to, "{id}"),
        Cell::Id(IdRef::Text(text)) => to.write_str(text),
        Cell::Id(IdRef::Bytes(bytes)) => bytes.iter().try_for_each(|b| write!(to, "{b:02x}")),
        Cell::Int(value) => write!(to, "{value}"),
        Cell::Float(value) => write!(to, "{value}"),
        Cell::Bool(value) => write!(to, "{value}"),
        Cell::Date(day) => write!(to, "{day}"),
        Cell::Instant(at) => write!(to, "{}", Moment::Instant(*at)),
        Cell::Money(minor, currency) => major(*minor, *currency, to),
        Cell::Label(label) => to.write_str(word(*label, language)),
        Cell::Text(text) => to.write_str(text),
    }
}

/// Minor units as a decimal number of major units.
fn major(minor: i64, currency: Currency, to: &mut Text) -> fmt::Result {
    let scale = currency.scale().unsigned_abs();
    let size = minor.unsigned_abs();
    let sign = if minor < 0 { "-" } else { "" };
    write!(to, "{sign}{}", size / scale)?;
    match usize::from(currency.exponent()) {
        0 => Ok(()),
        width => write!(to, ".{:0width$}", size % scale),
    }
}
