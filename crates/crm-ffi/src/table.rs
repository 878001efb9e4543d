//! Result tables: typed columns by pointer, cells as text, the definition.

use crate::boundary::{Caller, crm_text, guard};
use crate::error::{Fault, crm_error, crm_status, crm_status_t};
use crate::handles::{self, Pin};
use crate::memory::{Once, extend, push};
use crm_core::ids::IdKind;
use crm_core::table::{Column, Values};
use crm_core::{Definition, Language, Table};
use std::ffi::c_char;

/// A result: named, typed columns of equal length. Many threads may read it at once. Its pointers
/// and texts live as long as the table.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct crm_table {
    /// The handle.
    pub id: u64,
}

/// The types of columns, and the function that returns their cells. Numbers are never reused.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum crm_type {
    /// Ids that are signed integers in the input: `crm_table_i64`.
    CRM_TYPE_ID_I64 = 1,
    /// Ids that are unsigned integers in the input: `crm_table_u64`.
    CRM_TYPE_ID_U64 = 2,
    /// Ids that are texts in the input: `crm_table_utf8`.
    CRM_TYPE_ID_UTF8 = 3,
    /// Ids that are bytes of one width in the input: `crm_table_utf8` returns the bytes.
    CRM_TYPE_ID_BYTES = 4,
    /// Whole numbers: `crm_table_i64`; 32-bit numbers also `crm_table_i32`.
    CRM_TYPE_INT = 5,
    /// Floats: `crm_table_f64`.
    CRM_TYPE_FLOAT = 6,
    /// 0 or 1: `crm_table_u8`.
    CRM_TYPE_BOOL = 7,
    /// Days since 1970-01-01: `crm_table_i32` or `crm_table_i64`.
    CRM_TYPE_DATE = 8,
    /// Microseconds since 1970-01-01T00:00 UTC: `crm_table_i64`.
    CRM_TYPE_INSTANT = 9,
    /// Minor units: `crm_table_i64`; `crm_table_currency` returns the currency.
    CRM_TYPE_MONEY = 10,
    /// A word of a closed list: `crm_table_u8` returns its number for `crm_table_label`,
    /// `crm_table_utf8` the word.
    CRM_TYPE_CATEGORY = 11,
    /// Texts: `crm_table_utf8`.
    CRM_TYPE_TEXT = 12,
}

/// The languages of headings and labels.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum crm_language {
    /// The codes for programs.
    CRM_LANGUAGE_CODE = 0,
    /// English.
    CRM_LANGUAGE_EN = 1,
    /// Japanese.
    CRM_LANGUAGE_JA = 2,
}

pub(crate) struct TableObject {
    pub(crate) table: Table,
    /// Definition, hash and notes.
    about: Once<Texts>,
    /// For each column the name, unit and two headings; then for each column of words three texts
    /// per word.
    pub(crate) texts: Texts,
    columns: Vec<Cache>,
}

/// Values of a column that are made on first use, and the position of its words in `texts`.
pub(crate) struct Cache {
    pub(crate) words: usize,
    pub(crate) i64s: Once<Vec<i64>>,
    pub(crate) u64s: Once<Vec<u64>>,
    pub(crate) texts: Once<Texts>,
}

/// Concatenated texts, each followed by a NUL.
pub(crate) struct Texts {
    pub(crate) ends: Vec<usize>,
    bytes: Vec<u8>,
}

impl Texts {
    pub(crate) fn new() -> Self {
        Texts {
            ends: Vec::new(),
            bytes: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, text: &[u8]) -> Result<(), Fault> {
        extend(&mut self.bytes, text)?;
        push(&mut self.bytes, 0)?;
        push(&mut self.ends, self.bytes.len())
    }

    pub(crate) fn get(&self, i: usize) -> Result<crm_text, Fault> {
        let from = match i {
            0 => Some(&0),
            i => self.ends.get(i - 1),
        };
        let range = from.zip(self.ends.get(i)).map(|(from, to)| *from..*to);
        let text = range.and_then(|range| self.bytes.get(range));
        text.map(crm_text::of)
            .ok_or_else(|| Fault::internal("a text of a table is missing"))
    }
}

const DEFINITION: usize = 0;
const HASH: usize = 1;
const NOTES: usize = 2;

impl TableObject {
    pub(crate) fn new(table: Table) -> Result<Self, Fault> {
        let mut texts = Texts::new();
        for column in table.columns() {
            texts.push(column.name().as_bytes())?;
            texts.push(column.unit().as_bytes())?;
            texts.push(column.heading(Language::En).as_bytes())?;
            texts.push(column.heading(Language::Ja).as_bytes())?;
        }
        let mut columns = Vec::new();
        for column in table.columns() {
            let cache = Cache {
                words: texts.ends.len(),
                i64s: Once::new(),
                u64s: Once::new(),
                texts: Once::new(),
            };
            push(&mut columns, cache)?;
            if let Values::Category { labels, .. } = column.values() {
                for label in *labels {
                    texts.push(label.code.as_bytes())?;
                    texts.push(label.en.as_bytes())?;
                    texts.push(label.ja.as_bytes())?;
                }
            }
        }
        Ok(TableObject {
            table,
            about: Once::new(),
            texts,
            columns,
        })
    }

    fn about(&self, which: usize) -> Result<crm_text, Fault> {
        let about = self.about.get_or_make(|| {
            let definition = self.table.definition();
            let json = definition.map_or("{}", Definition::json);
            let hash = definition.map_or("", Definition::hash);
            let notes = serde_json::to_string(self.table.notes()).unwrap_or_default();
            let mut texts = Texts::new();
            for text in [json, hash, &notes] {
                texts.push(text.as_bytes())?;
            }
            Ok(texts)
        })?;
        about.get(which)
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    pub(crate) fn column(&self, at: usize) -> Result<(&Column, &Cache), Fault> {
        let found = self.table.columns().get(at).zip(self.columns.get(at));
        found.ok_or_else(|| {
            let n = self.table.columns().len();
            Fault::argument("column", format!("the table has {n} columns"))
        })
    }
}

pub(crate) fn pinned(table: crm_table) -> Result<Pin<TableObject>, Fault> {
    handles::pin(table.id)
}

pub(crate) fn wrong_type(column: &Column, use_instead: &'static str) -> Fault {
    let message = format!("is of type {}; {use_instead}", column.values().ty().name());
    Fault::new(crm_status::CRM_ERR_TYPE, column.name().to_owned(), message)
}

/// The number of rows of a table, which is the number of cells of each column.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_row_count(
    table: crm_table,
    out: *mut usize,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        out.set(pinned(table)?.table.len());
        Ok(())
    })
}

/// The number of columns of a table. Columns are numbered from 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_column_count(
    table: crm_table,
    out: *mut usize,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        out.set(pinned(table)?.columns.len());
        Ok(())
    })
}

/// The number of the column with a name.
///
/// Also returns `CRM_ERR_SCHEMA` (no column has this name).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_find(
    table: crm_table,
    name: *const c_char,
    out: *mut usize,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let name = caller.text("name", name, -1)?;
        let out = caller.out("out", out)?;
        let table = pinned(table)?;
        let columns = table.table.columns();
        let at = columns
            .iter()
            .position(|column| column.name() == name)
            .ok_or_else(|| {
                let available: Vec<String> = columns.iter().map(|c| c.name().to_owned()).collect();
                crm_core::Error::MissingColumn {
                    column: name.to_owned(),
                    meant: crm_core::nearest(name, &available).map(str::to_owned),
                    available,
                }
            })?;
        out.set(at);
        Ok(())
    })
}

/// The name of a column.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_name(
    table: crm_table,
    column: usize,
    out: *mut crm_text,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| head(caller, table, column, 0, out))
}

/// The unit of a column (`days`, `orders`); empty if there is none.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_unit(
    table: crm_table,
    column: usize,
    out: *mut crm_text,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| head(caller, table, column, 1, out))
}

/// The heading of a column, in a `crm_language`.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column or language).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_heading(
    table: crm_table,
    column: usize,
    language: i32,
    out: *mut crm_text,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let which = match language_index(language)? {
            0 => 0,
            language => 1 + language,
        };
        head(caller, table, column, which, out)
    })
}

fn head(
    caller: Caller<'_>,
    table: crm_table,
    column: usize,
    which: usize,
    out: *mut crm_text,
) -> Result<(), Fault> {
    let out = caller.out("out", out)?;
    let table = pinned(table)?;
    table.column(column)?;
    out.set(table.texts.get(4 * column + which)?);
    Ok(())
}

pub(crate) fn language_index(language: i32) -> Result<usize, Fault> {
    match language {
        0..=2 => Ok(language as usize),
        _ => Err(Fault::argument(
            "language",
            "expected a value of crm_language",
        )),
    }
}

/// The `crm_type` of a column.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_type(
    table: crm_table,
    column: usize,
    out: *mut i32,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        use crm_type::*;
        let out = caller.out("out", out)?;
        let table = pinned(table)?;
        let (column, _) = table.column(column)?;
        let ty = match column.values() {
            Values::Id { ids, .. } => match ids.kind() {
                IdKind::Int(_) => CRM_TYPE_ID_I64,
                IdKind::Unsigned(_) => CRM_TYPE_ID_U64,
                IdKind::Text => CRM_TYPE_ID_UTF8,
                IdKind::Fixed(_) => CRM_TYPE_ID_BYTES,
            },
            Values::I32(_) | Values::I64(_) => CRM_TYPE_INT,
            Values::F64(_) => CRM_TYPE_FLOAT,
            Values::Bool(_) => CRM_TYPE_BOOL,
            Values::Date(_) => CRM_TYPE_DATE,
            Values::Instant(..) => CRM_TYPE_INSTANT,
            Values::Money(..) => CRM_TYPE_MONEY,
            Values::Category { .. } => CRM_TYPE_CATEGORY,
            Values::Text { .. } => CRM_TYPE_TEXT,
        };
        out.set(ty as i32);
        Ok(())
    })
}

/// The currency of a column of money (ISO 4217: 4 bytes are written, the last a NUL) and the
/// decimals of its minor unit: 0 for JPY, 2 for USD.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column), `CRM_ERR_TYPE` (a column that is not money).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_currency(
    table: crm_table,
    column: usize,
    currency: *mut c_char,
    decimals: *mut i32,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let currency = caller.out("currency", currency.cast::<[c_char; 4]>())?;
        let decimals = caller.out("decimals", decimals)?;
        let table = pinned(table)?;
        let (column, _) = table.column(column)?;
        let Values::Money(_, found) = column.values() else {
            return Err(wrong_type(column, "only money has a currency"));
        };
        let mut code = [0; 4];
        for (to, from) in code.iter_mut().zip(found.code().bytes().take(3)) {
            *to = from as c_char;
        }
        currency.set(code);
        decimals.set(i32::from(found.exponent()));
        Ok(())
    })
}

/// The number of words in a column's closed list.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column), `CRM_ERR_TYPE` (a column that is not a
/// category).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_label_count(
    table: crm_table,
    column: usize,
    out: *mut usize,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        let table = pinned(table)?;
        out.set(words(table.column(column)?.0)?);
        Ok(())
    })
}

/// A word of a column's closed list by its number, in a `crm_language`.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column, word or language), `CRM_ERR_TYPE` (a column
/// that is not a category).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_label(
    table: crm_table,
    column: usize,
    word: usize,
    language: i32,
    out: *mut crm_text,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        let language = language_index(language)?;
        let table = pinned(table)?;
        let (column, cache) = table.column(column)?;
        let n = words(column)?;
        if word >= n {
            return Err(Fault::argument("word", format!("the list has {n} words")));
        }
        out.set(table.texts.get(cache.words + 3 * word + language)?);
        Ok(())
    })
}

fn words(column: &Column) -> Result<usize, Fault> {
    match column.values() {
        Values::Category { labels, .. } => Ok(labels.len()),
        _ => Err(wrong_type(column, "only categories have labels")),
    }
}

/// The definition of the table, with all defaults: canonical JSON (RFC 8785). `{}` for a table that
/// was not computed by an analysis.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_definition(
    table: crm_table,
    out: *mut crm_text,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| fixed(caller, table, DEFINITION, out))
}

/// The first 16 hex digits of the SHA-256 of the definition; empty for a table without a
/// definition.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_hash(
    table: crm_table,
    out: *mut crm_text,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| fixed(caller, table, HASH, out))
}

/// The notes of the analysis (cuts, flags, counts), as a JSON object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_notes(
    table: crm_table,
    out: *mut crm_text,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| fixed(caller, table, NOTES, out))
}

fn fixed(
    caller: Caller<'_>,
    table: crm_table,
    which: usize,
    out: *mut crm_text,
) -> Result<(), Fault> {
    let out = caller.out("out", out)?;
    out.set(pinned(table)?.about(which)?);
    Ok(())
}

/// Frees a table. Its pointers and texts are invalid after the call. Calls in progress on other
/// threads finish first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_free(table: crm_table, error: *mut crm_error) -> crm_status_t {
    guard!(error, |_caller| handles::free::<TableObject>(table.id))
}
