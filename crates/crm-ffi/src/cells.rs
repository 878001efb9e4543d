//! The cells of a table: typed columns by pointer, texts one by one.
//!
//! Cells that the core stores in the requested type are returned without a copy. Ids, which the
//! core stores as codes, and wider integers are converted on first use and kept with the table.

use crate::boundary::{Caller, crm_text, guard};
use crate::error::{Fault, crm_error, crm_status_t};
use crate::memory::grow;
use crate::table::{Cache, Texts, crm_table, pinned, wrong_type};
use crm_core::ids::{IdKind, IdRef, Ids};
use crm_core::table::{Column, Values};

/// The cells of a column of 32-bit whole numbers or dates. Null cells are 0; `crm_table_validity`
/// distinguishes them.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column), `CRM_ERR_TYPE` (a column of another type; the
/// message names the function that reads it).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_i32(
    table: crm_table,
    column: usize,
    out: *mut *const i32,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        hand_out(caller, (table, column), out, |column, _| {
            Ok(match column.values() {
                Values::I32(values) | Values::Date(values) => Some(values.as_ptr()),
                _ => None,
            })
        })
    })
}

/// The cells of a column of whole numbers, dates, instants, money, or ids with a signed integer
/// type in the input. Null cells are 0.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column), `CRM_ERR_TYPE` (a column of another type; the
/// message names the function that reads it).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_i64(
    table: crm_table,
    column: usize,
    out: *mut *const i64,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        hand_out(caller, (table, column), out, |column, cache| {
            let values: &[i64] = match column.values() {
                Values::I64(values) | Values::Instant(values, _) | Values::Money(values, _) => {
                    values
                }
                Values::I32(values) | Values::Date(values) => cache
                    .i64s
                    .get_or_make(|| made(values.iter().map(|value| i64::from(*value))))?,
                Values::Id { ids, codes } if matches!(ids.kind(), IdKind::Int(_)) => {
                    let number = |id: IdRef<'_>| match id {
                        IdRef::Int(id) => id,
                        _ => 0,
                    };
                    (cache.i64s).get_or_make(|| id_numbers(ids, present(column, codes), number))?
                }
                _ => return Ok(None),
            };
            Ok(Some(values.as_ptr()))
        })
    })
}

/// The cells of a column of ids with an unsigned integer type in the input.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column), `CRM_ERR_TYPE` (a column of another type; the
/// message names the function that reads it).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_u64(
    table: crm_table,
    column: usize,
    out: *mut *const u64,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        hand_out(caller, (table, column), out, |column, cache| {
            let Values::Id { ids, codes } = column.values() else {
                return Ok(None);
            };
            if !matches!(ids.kind(), IdKind::Unsigned(_)) {
                return Ok(None);
            }
            let number = |id: IdRef<'_>| match id {
                IdRef::Unsigned(id) => id,
                _ => 0,
            };
            let values =
                (cache.u64s).get_or_make(|| id_numbers(ids, present(column, codes), number))?;
            Ok(Some(values.as_ptr()))
        })
    })
}

/// The cells of a column of floats. Null cells are 0, never NaN.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column), `CRM_ERR_TYPE` (a column of another type; the
/// message names the function that reads it).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_f64(
    table: crm_table,
    column: usize,
    out: *mut *const f64,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        hand_out(caller, (table, column), out, |column, _| {
            Ok(match column.values() {
                Values::F64(values) => Some(values.as_ptr()),
                _ => None,
            })
        })
    })
}

/// The cells of a column of truth values (0 or 1) or of words (numbers for `crm_table_label`).
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column), `CRM_ERR_TYPE` (a column of another type; the
/// message names the function that reads it).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_u8(
    table: crm_table,
    column: usize,
    out: *mut *const u8,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        hand_out(caller, (table, column), out, |column, _| {
            Ok(match column.values() {
                // A `bool` is one byte, 0 or 1.
                Values::Bool(values) => Some(values.as_ptr().cast()),
                Values::Category { codes, .. } => Some(codes.as_ptr()),
                _ => None,
            })
        })
    })
}

/// Which cells of a column have a value: one byte per row, 0 or 1. NULL is written if all have one.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_validity(
    table: crm_table,
    column: usize,
    out: *mut *const u8,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        let table = pinned(table)?;
        let (column, _) = table.column(column)?;
        out.set(
            column
                .validity()
                .map_or(std::ptr::null(), |valid| valid.as_ptr().cast()),
        );
        Ok(())
    })
}

/// A cell of a column of texts, words (the code for programs) or ids that are texts or bytes in the
/// input. `data` is NULL for a null cell. The first call on a column of ids makes all its texts.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column or row), `CRM_ERR_TYPE` (a column of another
/// type; the message names the function that reads it).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_utf8(
    table: crm_table,
    column: usize,
    row: usize,
    out: *mut crm_text,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        let table = pinned(table)?;
        let (column, cache) = table.column(column)?;
        if row >= table.table.len() {
            let n = table.table.len();
            return Err(Fault::argument("row", format!("the table has {n} rows")));
        }
        let null = column.validity().is_some_and(|valid| !valid[row]);
        let text = match column.values() {
            Values::Id { ids, codes } if matches!(ids.kind(), IdKind::Text | IdKind::Fixed(_)) => {
                let texts = cache
                    .texts
                    .get_or_make(|| id_texts(ids, present(column, codes)))?;
                texts.get(row)?
            }
            Values::Text { codes, texts } => {
                let all = cache.texts.get_or_make(|| {
                    let mut all = Texts::new();
                    for text in texts.iter() {
                        all.push(text.as_bytes())?;
                    }
                    Ok(all)
                })?;
                match null {
                    true => crm_text::NONE,
                    false => all.get(codes[row] as usize)?,
                }
            }
            Values::Category { codes, .. } => {
                table.texts.get(cache.words + 3 * usize::from(codes[row]))?
            }
            _ => return Err(wrong_type(column, reader(column))),
        };
        out.set(if null { crm_text::NONE } else { text });
        Ok(())
    })
}

/// Writes the pointer that `cells` returns; `None` is a column of another type.
fn hand_out<T>(
    caller: Caller<'_>,
    (table, column): (crm_table, usize),
    out: *mut *const T,
    cells: impl FnOnce(&Column, &Cache) -> Result<Option<*const T>, Fault>,
) -> Result<(), Fault> {
    let out = caller.out("out", out)?;
    let table = pinned(table)?;
    let (column, cache) = table.column(column)?;
    match cells(column, cache)? {
        Some(cells) => out.set(cells),
        None => return Err(wrong_type(column, reader(column))),
    }
    Ok(())
}

/// The name of the function that returns a column's cells, for messages.
fn reader(column: &Column) -> &'static str {
    match column.values() {
        Values::Id { ids, .. } => match ids.kind() {
            IdKind::Int(_) => "crm_table_i64 reads it",
            IdKind::Unsigned(_) => "crm_table_u64 reads it",
            IdKind::Text | IdKind::Fixed(_) => "crm_table_utf8 reads it",
        },
        Values::I32(_) | Values::Date(_) => "crm_table_i32 and crm_table_i64 read it",
        Values::I64(_) | Values::Instant(..) | Values::Money(..) => "crm_table_i64 reads it",
        Values::F64(_) => "crm_table_f64 reads it",
        Values::Bool(_) => "crm_table_u8 reads it",
        Values::Category { .. } => "crm_table_u8 and crm_table_utf8 read it",
        Values::Text { .. } => "crm_table_utf8 reads it",
    }
}

/// The code of each cell that has a value.
fn present<'a>(
    column: &'a Column,
    codes: &'a [u32],
) -> impl ExactSizeIterator<Item = Option<u32>> + 'a {
    let null = |row: usize| matches!(column.validity(), Some(valid) if !valid[row]);
    codes
        .iter()
        .enumerate()
        .map(move |(row, code)| (!null(row)).then_some(*code))
}

fn made<T>(values: impl ExactSizeIterator<Item = T>) -> Result<Vec<T>, Fault> {
    let mut vec = Vec::new();
    grow(&mut vec, values.len())?;
    vec.extend(values);
    Ok(vec)
}

/// Ids as numbers; 0 for a null cell.
fn id_numbers<T: Default>(
    ids: &Ids,
    codes: impl ExactSizeIterator<Item = Option<u32>>,
    number: impl Fn(IdRef<'_>) -> T,
) -> Result<Vec<T>, Fault> {
    made(codes.map(|code| code.map_or_else(T::default, |code| number(ids.at(code)))))
}

fn id_texts(ids: &Ids, codes: impl ExactSizeIterator<Item = Option<u32>>) -> Result<Texts, Fault> {
    let mut texts = Texts::new();
    grow(&mut texts.ends, codes.len())?;
    let mut id = Vec::new();
    for code in codes {
        id.clear();
        if let Some(code) = code {
            ids.write(code, &mut id);
        }
        texts.push(&id)?;
    }
    Ok(texts)
}
