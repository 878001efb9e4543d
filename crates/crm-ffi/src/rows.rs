//! Input row by row, for hosts without columns (an order form, a cursor, PHP).
//!
//! The type of a column follows from its cells: whole numbers, floats, or texts. If they are mixed,
//! numbers become decimal texts, so nothing is lost; the core reads amounts, times and numbers from
//! texts exactly.

use crate::boundary::guard;
use crate::error::{Fault, crm_error, crm_status, crm_status_t};
use crate::handles::{self, Pin};
use crate::memory::{extend, grow, push};
use crate::rows_json;
use crm_core::columns::{Batch, Bits, ColumnData, ColumnValues, Strings};
use crm_core::data::{CustomersSpec, EventsSpec, OrdersSpec};
use crm_core::{Error, nearest};
use std::ffi::c_char;
use std::sync::{Mutex, MutexGuard, TryLockError};

/// Rows being collected for orders, customers or events. Only one thread at a time may use them.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct crm_rows {
    /// The handle.
    pub id: u64,
}

/// The maximum number of columns.
const MOST: usize = 4096;

/// The kind of dataset that the rows become.
#[expect(
    clippy::large_enum_variant,
    reason = "there are few, each behind a handle"
)]
pub(crate) enum Spec {
    Orders(Box<OrdersSpec>),
    Customers(CustomersSpec),
    Events(Box<EventsSpec>),
}

impl Spec {
    fn columns(&self) -> Vec<&str> {
        match self {
            Spec::Orders(spec) => spec.columns(),
            Spec::Customers(spec) => spec.columns(),
            Spec::Events(spec) => spec.columns(),
        }
    }
}

/// Always locked with `try_lock`: a second thread gets `CRM_ERR_BUSY`, and a lock held during
/// `fork` blocks nothing.
pub(crate) struct RowsObject(Mutex<Rows>);

impl RowsObject {
    pub(crate) fn lock(&self) -> Result<MutexGuard<'_, Rows>, Fault> {
        self.0.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Fault::new(
                crm_status::CRM_ERR_BUSY,
                "rows",
                "another thread is inside a call with these rows",
            ),
            TryLockError::Poisoned(_) => {
                Fault::state("rows", "a call with these rows was broken off; free them")
            }
        })
    }
}

pub(crate) struct Rows {
    pub(crate) spec: Spec,
    names: Vec<String>,
    columns: Vec<Cells>,
    /// The number of complete rows.
    len: usize,
    /// The number of cells in the current row.
    filled: usize,
    /// The columns, after they are sealed.
    batch: Option<Batch>,
}

/// One value.
#[derive(Clone, Copy)]
pub(crate) enum Cell<'a> {
    Null,
    Int(i64),
    Float(f64),
    Text(&'a str),
}

impl Rows {
    /// Rows with these columns, in the order of their cells.
    pub(crate) fn new(spec: Spec, names: Vec<String>) -> Result<Rows, Fault> {
        let needed = spec.columns();
        if let Some(missing) = needed.iter().find(|name| !names.iter().any(|n| n == *name)) {
            return Err(Fault::Core(Error::MissingColumn {
                column: (*missing).to_owned(),
                meant: nearest(missing, &names).map(str::to_owned),
                available: names,
            }));
        }
        if names.len() > MOST {
            return Err(Error::option("cells", "", "at most 4096 names").into());
        }
        let mut columns = Vec::new();
        for (i, name) in names.iter().enumerate() {
            if names[..i].contains(name) {
                return Err(Error::option("cells", "", "each name once").into());
            }
            let cells = match needed.contains(&name.as_str()) {
                true => Cells::Empty,
                false => Cells::Unused,
            };
            push(&mut columns, cells)?;
        }
        Ok(Rows {
            spec,
            names,
            columns,
            len: 0,
            filled: 0,
            batch: None,
        })
    }

    pub(crate) fn open(self) -> Result<u64, Fault> {
        handles::insert(RowsObject(Mutex::new(self)))
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Refuses further cells if the rows are finished.
    pub(crate) fn check_unsealed(&self) -> Result<(), Fault> {
        match self.batch {
            Some(_) => Err(Fault::state("rows", "are finished; no more can be added")),
            None => Ok(()),
        }
    }

    /// Adds the next cell of the row. A failing call changes nothing.
    pub(crate) fn cell(&mut self, cell: Cell<'_>) -> Result<(), Fault> {
        self.check_unsealed()?;
        let (row, at) = (self.len, self.filled);
        let Some(column) = self.columns.get_mut(at) else {
            let problem = format!("a row has {} cells", self.names.len());
            return Err(Fault::new(crm_status::CRM_ERR_STATE, "rows", problem).in_row(row as u64));
        };
        column.push(row, cell)?;
        self.filled += 1;
        Ok(())
    }

    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        self.check_unsealed()?;
        if self.filled < self.names.len() {
            let problem = format!("{} cells where a row has {}", self.filled, self.names.len());
            let fault = Fault::new(crm_status::CRM_ERR_STATE, "rows", problem);
            return Err(fault.in_row(self.len as u64));
        }
        self.len += 1;
        self.filled = 0;
        Ok(())
    }

    /// Refuses a batch of rows while a row is incomplete.
    pub(crate) fn check_whole(&self) -> Result<(), Fault> {
        match self.filled {
            0 => Ok(()),
            _ => {
                let fault = Fault::state("rows", "a row is unfinished; crm_row_end comes first");
                Err(fault.in_row(self.len as u64))
            }
        }
    }

    /// Drops all rows from `len` on, and the incomplete row.
    pub(crate) fn cut(&mut self, len: usize) {
        for column in &mut self.columns {
            column.cut(len);
        }
        self.len = len;
        self.filled = 0;
    }

    /// The columns. After the first call nothing can be added; further calls return the same
    /// columns.
    pub(crate) fn batch(&mut self) -> Result<(&Spec, &Batch), Fault> {
        self.check_whole()?;
        if self.batch.is_none() {
            // Columns are moved one by one, so that nothing is lost if memory runs out.
            let mut batch = Batch::new();
            grow(&mut batch, self.columns.len())?;
            let mut bits = Vec::new();
            grow(&mut bits, self.columns.len())?;
            for column in &self.columns {
                bits.push(column.validity(self.len)?);
            }
            let columns = std::mem::take(&mut self.columns);
            for ((name, column), valid) in self.names.iter().zip(columns).zip(bits) {
                let values = column.finish(self.len);
                batch.push((name.clone(), ColumnData { values, valid }));
            }
            self.batch = Some(batch);
        }
        match &self.batch {
            Some(batch) => Ok((&self.spec, batch)),
            None => Err(Fault::internal("a batch was just made")),
        }
    }
}

/// The handle that `make` makes of the rows. Then the rows are freed; after a failure they stay.
pub(crate) fn finish<H>(
    rows: crm_rows,
    make: impl FnOnce(&Spec, &[Batch]) -> Result<H, Fault>,
) -> Result<H, Fault> {
    let pin = handles::pin::<RowsObject>(rows.id)?;
    let made = {
        let mut rows = pin.lock()?;
        let (spec, batch) = rows.batch()?;
        make(spec, std::slice::from_ref(batch))?
    };
    // Another thread may have freed the rows meanwhile; that is not an error.
    let _ = handles::free::<RowsObject>(rows.id);
    Ok(made)
}

/// The cells of a column so far.
enum Cells {
    /// Only nulls.
    Empty,
    /// A column that is not read.
    Unused,
    Ints(Vec<i64>, Nulls),
    Floats(Vec<f64>, Nulls),
    /// The end of each text, and the bytes of all texts.
    Texts(Vec<i64>, Vec<u8>, Nulls),
}

/// The rows of null cells, ascending.
#[derive(Default)]
struct Nulls(Vec<usize>);

impl Cells {
    fn push(&mut self, row: usize, cell: Cell<'_>) -> Result<(), Fault> {
        if matches!(
            (&*self, cell),
            (Cells::Unused, _) | (Cells::Empty, Cell::Null)
        ) {
            return Ok(());
        }
        if let Some(wider) = self.widened(row, cell)? {
            *self = wider;
        }
        match (self, cell) {
            (Cells::Ints(values, _), Cell::Int(value)) => push(values, value),
            (Cells::Ints(values, nulls), Cell::Null) => nulls.push(row, || push(values, 0)),
            (Cells::Floats(values, _), Cell::Float(value)) => push(values, value),
            (Cells::Floats(values, nulls), Cell::Null) => nulls.push(row, || push(values, 0.0)),
            (Cells::Texts(ends, bytes, _), Cell::Text(text)) => text_push(ends, bytes, text),
            (Cells::Texts(ends, bytes, _), Cell::Int(value)) => {
                text_push(ends, bytes, &value.to_string())
            }
            (Cells::Texts(ends, bytes, _), Cell::Float(value)) => {
                text_push(ends, bytes, &value.to_string())
            }
            (Cells::Texts(ends, bytes, nulls), Cell::Null) => {
                nulls.push(row, || text_push(ends, bytes, ""))
            }
            _ => Err(Fault::internal(
                "a column cannot hold a cell it was widened for",
            )),
        }
    }

    /// These cells in a type that can also hold `cell`; `None` if the type can hold it already.
    fn widened(&self, row: usize, cell: Cell<'_>) -> Result<Option<Cells>, Fault> {
        Ok(match (self, cell) {
            (Cells::Empty, Cell::Int(_)) => {
                let mut values = Vec::new();
                grow(&mut values, row + 1)?;
                values.resize(row, 0);
                Some(Cells::Ints(values, Nulls::all(row)?))
            }
            (Cells::Empty, Cell::Float(_)) => {
                let mut values = Vec::new();
                grow(&mut values, row + 1)?;
                values.resize(row, 0.0);
                Some(Cells::Floats(values, Nulls::all(row)?))
            }
            (Cells::Empty, Cell::Text(_)) => {
                let mut ends = Vec::new();
                grow(&mut ends, row + 2)?;
                ends.resize(row + 1, 0);
                Some(Cells::Texts(ends, Vec::new(), Nulls::all(row)?))
            }
            (Cells::Ints(values, nulls), Cell::Float(_) | Cell::Text(_)) => {
                Some(spelled(values, nulls)?)
            }
            (Cells::Floats(values, nulls), Cell::Int(_) | Cell::Text(_)) => {
                Some(spelled(values, nulls)?)
            }
            _ => None,
        })
    }

    fn cut(&mut self, len: usize) {
        match self {
            Cells::Empty | Cells::Unused => {}
            Cells::Ints(values, nulls) => {
                values.truncate(len);
                nulls.cut(len);
            }
            Cells::Floats(values, nulls) => {
                values.truncate(len);
                nulls.cut(len);
            }
            Cells::Texts(ends, bytes, nulls) => {
                ends.truncate(len + 1);
                bytes.truncate(ends.last().map_or(0, |end| *end as usize));
                nulls.cut(len);
            }
        }
    }

    fn validity(&self, len: usize) -> Result<Option<Bits>, Fault> {
        match self {
            Cells::Empty | Cells::Unused => Ok(None),
            Cells::Ints(_, nulls) | Cells::Floats(_, nulls) | Cells::Texts(_, _, nulls) => {
                if nulls.0.is_empty() {
                    return Ok(None);
                }
                let mut rest = nulls.0.as_slice();
                let valid = (0..len).map(|row| match rest.split_first() {
                    Some((null, after)) if *null == row => {
                        rest = after;
                        false
                    }
                    _ => true,
                });
                Ok(Some(Bits::from_bools(valid)?))
            }
        }
    }

    fn finish(self, len: usize) -> ColumnValues {
        match self {
            Cells::Empty | Cells::Unused => ColumnValues::Null(len),
            Cells::Ints(values, _) => ColumnValues::Int {
                values: values.into(),
                bits: 64,
            },
            Cells::Floats(values, _) => ColumnValues::Float(values.into()),
            Cells::Texts(ends, bytes, _) => {
                ColumnValues::Text(Strings::Large(ends.into(), bytes.into()))
            }
        }
    }
}

/// Numbers as decimal texts.
fn spelled<T: ToString>(values: &[T], nulls: &Nulls) -> Result<Cells, Fault> {
    let mut ends = Vec::new();
    grow(&mut ends, values.len() + 2)?;
    ends.push(0);
    let (mut bytes, mut rest) = (Vec::new(), nulls.0.as_slice());
    for (row, value) in values.iter().enumerate() {
        if rest.first() == Some(&row) {
            rest = &rest[1..];
            text_push(&mut ends, &mut bytes, "")?;
        } else {
            text_push(&mut ends, &mut bytes, &value.to_string())?;
        }
    }
    let mut copy = Vec::new();
    extend(&mut copy, &nulls.0)?;
    Ok(Cells::Texts(ends, bytes, Nulls(copy)))
}

fn text_push(ends: &mut Vec<i64>, bytes: &mut Vec<u8>, text: &str) -> Result<(), Fault> {
    let end =
        i64::try_from(bytes.len() + text.len()).map_err(|_| Fault::out_of_memory(text.len()))?;
    // Capacity for both is reserved first, so that a failing call adds nothing.
    if ends.len() == ends.capacity() {
        grow(ends, ends.len().max(16))?;
    }
    extend(bytes, text.as_bytes())?;
    ends.push(end);
    Ok(())
}

impl Nulls {
    fn all(rows: usize) -> Result<Nulls, Fault> {
        let mut nulls = Vec::new();
        grow(&mut nulls, rows)?;
        nulls.extend(0..rows);
        Ok(Nulls(nulls))
    }

    /// Adds a null and its empty slot, or neither.
    fn push(&mut self, row: usize, slot: impl FnOnce() -> Result<(), Fault>) -> Result<(), Fault> {
        push(&mut self.0, row)?;
        slot().inspect_err(|_| {
            self.0.pop();
        })
    }

    fn cut(&mut self, len: usize) {
        let keep = self.0.partition_point(|row| *row < len);
        self.0.truncate(keep);
    }
}

fn pinned(rows: crm_rows) -> Result<Pin<RowsObject>, Fault> {
    handles::pin(rows.id)
}

/// Adds the next cell of a row, a text of `size` bytes (negative: it ends in a NUL): an id, a word,
/// an amount such as `"1980"` or `"19.80"`, a time such as `"2026-11-21T10:00:00+09:00"`.
///
/// Also returns `CRM_ERR_STATE` (the row has all its cells, or the rows are finished),
/// `CRM_ERR_BUSY` (another thread is inside a call with the rows).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_cell_text(
    rows: crm_rows,
    text: *const c_char,
    size: i64,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let text = caller.text("text", text, size)?;
        pinned(rows)?.lock()?.cell(Cell::Text(text))
    })
}

/// Adds the next cell of a row, a whole number.
///
/// Also returns the statuses of `crm_cell_text`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_cell_i64(
    rows: crm_rows,
    value: i64,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |_caller| pinned(rows)?
        .lock()?
        .cell(Cell::Int(value)))
}

/// Adds the next cell of a row, a float. Amounts are better given as texts or in minor units.
///
/// Also returns the statuses of `crm_cell_text`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_cell_f64(
    rows: crm_rows,
    value: f64,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |_caller| pinned(rows)?
        .lock()?
        .cell(Cell::Float(value)))
}

/// Adds the next cell of a row, a null.
///
/// Also returns the statuses of `crm_cell_text`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_cell_null(rows: crm_rows, error: *mut crm_error) -> crm_status_t {
    guard!(error, |_caller| pinned(rows)?.lock()?.cell(Cell::Null))
}

/// Ends a row. A row with too few cells is refused and stays open.
///
/// Also returns `CRM_ERR_STATE` (too few cells, or the rows are finished), `CRM_ERR_BUSY` (another
/// thread is inside a call with the rows).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_row_end(rows: crm_rows, error: *mut crm_error) -> crm_status_t {
    guard!(error, |_caller| pinned(rows)?.lock()?.end())
}

/// Adds a batch of rows: a JSON list of lists (cells in the columns' order) or of objects (by
/// column; others are ignored, missing ones are null). `size` is in bytes (negative: it ends in a
/// NUL), at most 16 MiB. Numbers are read as written, so `19.80` is exact. A failing call adds
/// nothing; the error names the row, counted over all batches.
///
/// Also returns `CRM_ERR_ARGUMENT` (not such JSON, or over 16 MiB), `CRM_ERR_DATA` (a cell is a
/// list or an object, or an object has a column twice), `CRM_ERR_STATE` (a list of another length,
/// an unfinished row, or the rows are finished), `CRM_ERR_BUSY` (another thread is inside a call
/// with the rows).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_rows_json(
    rows: crm_rows,
    json: *const c_char,
    size: i64,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let json = caller.text("json", json, size)?;
        rows_json::append(&mut *pinned(rows)?.lock()?, json)
    })
}

/// Frees rows that are not finished, or could not be finished.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_rows_free(rows: crm_rows, error: *mut crm_error) -> crm_status_t {
    guard!(error, |_caller| handles::free::<RowsObject>(rows.id))
}

#[cfg(test)]
mod tests;
