//! Dates and times written as text.
//!
//! Unambiguous formats are read without an option, also mixed in one column:
//!
//! ```text
//! 2024-01-31   2024/1/31 9:05   2024.01.31   20240131   20240131123456   2024年1月31日(水) 午後1時5分
//! 2024-01-31T12:34:56.789Z   2024-01-31 12:34:56 +0900   令和6年1月31日   R6.1.31
//! Jan 31, 2024 10:00:00 AM   31 Jan 2024   31-Jan-24   Wed, 31 Jan 2024 10:00:00 +0000   31.01.2024
//! 2024. 1. 31. 오후 1:05   2024년 1월 31일   2024/1/31 下午1:05   31. 1. 2024
//! ```
//!
//! `31/01/2024` and `01/31/24` are decided by the whole column: an order of day, month and (if it
//! has two digits) year is used if it fits every such date of the column and no other order fits
//! them all. If several orders fit, the column is refused until the option `date_format` is given.
//! Whole numbers in the range of seconds, milliseconds or microseconds since 1970 (from 1990 to
//! 2100) are instants, in one unit per column.
//!
//! A column has times with a zone or times without one, not both. Blank texts are null.

mod format;
mod parse;
#[cfg(test)]
mod tests;

use super::cells::{Cursor, each_text, plain, read_texts, texts_of};
use crate::columns::{ColumnData, ColumnValues};
use crate::data::blocks::BLANK;
use crate::error::{Error, Result};
use crate::time::Zone;
use format::Format;
use parse::{
    ALL_ORDERS, CLOCK, DAY_FIRST, FRACTION, Found, HALF, MONTH_FIRST, NO_ZONE, Numeric, SECONDS,
    SHAPES, Stamp, YEAR_FIRST, ZONED,
};

/// A cell whose text is not a date.
const UNREAD: i64 = i64::MIN + 1;

/// The format of the dates in one column: detected in a first pass, used in the second.
pub(crate) struct DateTexts<'a> {
    column: &'a str,
    format: Format,
    given: Option<&'a str>,
    /// The orders of day, month and year that fit all numeric dates so far.
    orders: u8,
    /// The first row for each set of orders.
    of_orders: [Option<usize>; 8],
    /// A numeric date whose order is ambiguous, reduced to what its format needs.
    open: Option<OpenDate>,
    /// The first row for each unit of time since 1970.
    epochs: [Option<usize>; 3],
    /// The formats read so far, one bit each.
    shapes: u32,
    clock: u8,
    zoned: Option<usize>,
    wall: Option<usize>,
    /// The first UTC offset, and whether there is another.
    offset: Option<i16>,
    offsets_differ: bool,
    scratch: Vec<u8>,
}

/// The formats of an ambiguous date: its shape in each order, and its time of day.
#[derive(Clone, Copy)]
struct OpenDate {
    shapes: [u8; 3],
    clock: u8,
}

/// A parsed column of dates, for a caller who decides about zones.
#[derive(Debug, Clone, PartialEq)]
pub struct DatesRead {
    /// The wall clock as written, microseconds since 1970-01-01T00:00; `None` if the cell is blank
    /// or not a date.
    pub wall: Vec<Option<i64>>,
    /// Minutes east of UTC, if the text has a zone.
    pub offsets: Vec<Option<i32>>,
    /// Rows with text that was not read.
    pub unread: Vec<u64>,
    /// How the texts were read, such as `"%Y-%m-%d %H:%M"`; several forms are separated by commas.
    pub form: String,
    /// The formats that fit the whole column, if more than one does; the ambiguous dates were then
    /// not read.
    pub readings: Vec<String>,
}

impl<'a> DateTexts<'a> {
    pub(crate) fn new(column: &'a str, date_format: Option<&'a str>) -> Result<Self> {
        Ok(DateTexts {
            column,
            format: Format::parse(date_format)?,
            given: date_format,
            orders: ALL_ORDERS,
            of_orders: [None; 8],
            open: None,
            epochs: [None; 3],
            shapes: 0,
            clock: 0,
            zoned: None,
            wall: None,
            offset: None,
            offsets_differ: false,
            scratch: Vec::new(),
        })
    }

    /// The first pass: looks at the formats of a chunk's texts.
    pub(crate) fn look(&mut self, chunk: &ColumnData, first_row: usize) -> Result<()> {
        if self.format != Format::Auto {
            return Ok(());
        }
        each_text(chunk, first_row, |row, text| self.look_at(row, text))
    }

    fn look_at(&mut self, row: usize, text: &[u8]) {
        let mut scratch = std::mem::take(&mut self.scratch);
        let text = plain(text, &mut scratch);
        let mut at = Cursor::new(text);
        match at.run() {
            1 | 2 => {
                if let Some(numeric) = Numeric::read(&mut at)
                    && !numeric.is_told()
                    && numeric.orders() != 0
                {
                    self.narrow(row, &numeric, text);
                }
            }
            digits @ (9 | 10 | 12 | 13 | 15 | 16) => {
                let count = at.number(18).unwrap_or(0);
                if let Some((_, shape)) = parse::epoch_micros(count, digits) {
                    self.epochs[usize::from(shape - 11)].get_or_insert(row);
                }
            }
            _ => {}
        }
        self.scratch = scratch;
    }

    fn narrow(&mut self, row: usize, numeric: &Numeric, text: &[u8]) {
        let orders = numeric.orders();
        self.orders &= orders;
        if self.of_orders[usize::from(orders)].is_some() {
            return;
        }
        self.of_orders[usize::from(orders)] = Some(row);
        let first = orders & orders.wrapping_neg();
        let clock = match parse::parse(text, first) {
            Found::Date(stamp) => stamp.clock,
            _ => 0,
        };
        let shapes = [DAY_FIRST, MONTH_FIRST, YEAR_FIRST].map(|order| numeric.shape(order));
        self.open = Some(OpenDate { shapes, clock });
    }

    /// The formats that fit the whole column, if there is more than one.
    fn readings(&self) -> Vec<String> {
        let Some(open) = self.open.filter(|_| self.orders.count_ones() > 1) else {
            return Vec::new();
        };
        [DAY_FIRST, MONTH_FIRST, YEAR_FIRST]
            .into_iter()
            .zip(open.shapes)
            .filter(|(order, _)| self.orders & order != 0)
            .map(|(_, shape)| with_clock(SHAPES[usize::from(shape)], open.clock))
            .collect()
    }

    /// Refuses a column without a format that fits all dates, or with several.
    pub(crate) fn decide(&self) -> Result<()> {
        self.contradiction()?;
        let readings = self.readings();
        if readings.is_empty() {
            return Ok(());
        }
        let named = |reading: &String| {
            let order = match reading.as_bytes().get(1) {
                Some(b'd') => "day first",
                Some(b'm') => "month first",
                _ => "year first",
            };
            (reading.clone(), order)
        };
        Err(Error::Ambiguous {
            column: self.column.to_owned(),
            option: "date_format",
            readings: readings.iter().map(named).collect(),
        })
    }

    fn contradiction(&self) -> Result<()> {
        let conflict = |row: usize, other: usize, problem: &'static str| {
            Err(Error::Conflict {
                column: self.column.to_owned(),
                row: row.max(other) as u64,
                other_row: row.min(other) as u64,
                problem: problem.into(),
            })
        };
        if self.orders == 0 {
            let mut rows: Vec<usize> = self.of_orders.iter().flatten().copied().collect();
            rows.sort_unstable();
            if let [first, .., last] = rows[..] {
                return conflict(
                    first,
                    last,
                    "dates in numbers with day, month and year in different orders",
                );
            }
        }
        let mut units: Vec<usize> = self.epochs.iter().flatten().copied().collect();
        units.sort_unstable();
        if let [first, .., last] = units[..] {
            return conflict(first, last, "times since 1970 in different units");
        }
        Ok(())
    }

    /// The date in a text; `None` if the text is not a date or is ambiguous.
    fn read(&mut self, row: usize, text: &[u8]) -> Option<Option<Stamp>> {
        let mut scratch = std::mem::take(&mut self.scratch);
        let text = plain(text, &mut scratch);
        let stamp = if text.is_empty() {
            Some(None)
        } else if self.format == Format::Auto {
            match parse::parse(text, self.orders) {
                // The unit of a time since 1970 is detected from its size.
                Found::Date(stamp)
                    if is_epoch(stamp) && self.epochs.iter().flatten().count() > 1 =>
                {
                    None
                }
                Found::Date(stamp) => Some(Some(stamp)),
                Found::Open | Found::Bad => None,
            }
        } else {
            self.format.read(text).map(Some)
        };
        self.scratch = scratch;
        if let Some(Some(stamp)) = stamp {
            self.note(row, stamp);
        }
        stamp
    }

    #[inline]
    fn note(&mut self, row: usize, stamp: Stamp) {
        self.shapes |= 1 << stamp.shape;
        self.clock |= stamp.clock;
        if stamp.offset == NO_ZONE {
            self.wall.get_or_insert(row);
            return;
        }
        self.zoned.get_or_insert(row);
        let known = *self.offset.get_or_insert(stamp.offset);
        self.offsets_differ |= known != stamp.offset;
    }

    /// The instants of a chunk (wall clock without a zone), one per row, [`BLANK`] for null. Calls
    /// `bad` for each row that is not a date. `None` for a chunk with neither texts nor numbers
    /// that the format reads.
    pub(crate) fn micros(
        &mut self,
        chunk: &ColumnData,
        first_row: usize,
        mut bad: impl FnMut(usize, &'static str) -> Result<()>,
    ) -> Result<Option<Vec<i64>>> {
        let micros = |read: Option<Option<Stamp>>| match read {
            None => UNREAD,
            Some(None) => BLANK,
            Some(Some(stamp)) if stamp.offset == NO_ZONE => stamp.wall,
            Some(Some(stamp)) => stamp.wall - i64::from(stamp.offset) * 60_000_000,
        };
        let mut out = if let Some(texts) = texts_of(chunk) {
            read_texts(chunk, texts, first_row, BLANK, |row, text| {
                micros(self.read(row, text))
            })?
        } else {
            let Some(numbers) = self.numbers(chunk) else {
                return Ok(None);
            };
            let mut out = crate::context::room(chunk.len(), "times")?;
            for i in 0..chunk.len() {
                let stamp = chunk.is_valid(i).then(|| numbers(i));
                if let Some(Some(stamp)) = stamp {
                    self.note(first_row + i, stamp);
                }
                out.push(stamp.map_or(BLANK, |stamp| micros(stamp.map(Some))));
            }
            out
        };
        for (i, cell) in out.iter_mut().enumerate() {
            if *cell == UNREAD {
                bad(i, self.expected())?;
                *cell = 0;
            }
        }
        Ok(Some(out))
    }

    /// Reads the numbers of a chunk, if the format is for numbers.
    fn numbers<'c>(
        &self,
        chunk: &'c ColumnData,
    ) -> Option<Box<dyn Fn(usize) -> Option<Stamp> + 'c>> {
        let format = self.format.clone();
        match (&chunk.values, &format) {
            (_, Format::Auto) => None,
            (ColumnValues::Int { values, .. }, _) => {
                Some(Box::new(move |i| format.whole(values[i])))
            }
            (ColumnValues::Unsigned { values, .. }, _) => Some(Box::new(move |i| {
                format.whole(i64::try_from(values[i]).ok()?)
            })),
            (ColumnValues::Float(values), Format::Epoch(_) | Format::Excel) => {
                Some(Box::new(move |i| format.float(values[i])))
            }
            _ => None,
        }
    }

    fn expected(&self) -> &'static str {
        match self.format {
            Format::Auto => {
                "a date or time such as 2026-11-21 or 2026-11-21T10:00:00+09:00; date_format names \
                 other forms"
            }
            _ => "a date or time in the form that date_format names",
        }
    }

    /// Whether the texts have a zone, after all were read.
    ///
    /// # Errors
    ///
    /// Some texts have a zone and some do not.
    pub(crate) fn zoned(&self) -> Result<bool> {
        if let (Some(zoned), Some(wall)) = (self.zoned, self.wall) {
            return Err(Error::Conflict {
                column: self.column.to_owned(),
                row: zoned.max(wall) as u64,
                other_row: zoned.min(wall) as u64,
                problem: "times with a zone and times without one".into(),
            });
        }
        Ok(self.zoned.is_some())
    }

    /// The zone that all texts have.
    ///
    /// # Errors
    ///
    /// They have different offsets, so the shop's zone is unknown.
    pub(crate) fn zone(&self) -> Result<Option<Zone>> {
        match self.offset {
            Some(_) if self.offsets_differ => Err(Error::option(
                "timezone",
                "",
                format!(
                    "the shop's zone, such as \"America/New_York\": the times of column `{}` have \
                     different offsets",
                    self.column
                ),
            )),
            Some(minutes) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                let minutes = minutes.abs();
                Zone::parse(&format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)).map(Some)
            }
            None => Ok(None),
        }
    }

    /// The format in which the texts were read; `None` without texts.
    pub(crate) fn form(&self) -> Option<String> {
        if self.wall.is_none() && self.zoned.is_none() {
            return None;
        }
        if let Some(given) = self.given {
            return Some(given.to_owned());
        }
        let shapes = (0..SHAPES.len()).filter(|at| self.shapes >> at & 1 == 1);
        let forms: Vec<String> = shapes
            .map(|at| match SHAPES[at] {
                epoch if epoch.starts_with("epoch") => epoch.to_owned(),
                date => with_clock(date, self.clock),
            })
            .collect();
        Some(forms.join(", "))
    }
}

/// Reads columns of texts (and of numbers, with a format) as dates. If several formats fit a
/// column, or none, the dates in question are returned unread.
///
/// # Errors
///
/// An invalid format, columns of another type.
pub fn read_dates(chunks: &[ColumnData], date_format: Option<&str>) -> Result<DatesRead> {
    let mut texts = DateTexts::new("dates", date_format)?;
    let mut first = 0;
    for chunk in chunks {
        chunk.check("dates")?;
        texts.look(chunk, first)?;
        first += chunk.len();
    }
    let mut out = DatesRead {
        wall: Vec::new(),
        offsets: Vec::new(),
        unread: Vec::new(),
        form: String::new(),
        readings: texts.readings(),
    };
    first = 0;
    for chunk in chunks {
        type Cell = (i64, i16);
        let cell = |read: Option<Option<Stamp>>| match read {
            None => (UNREAD, NO_ZONE),
            Some(None) => (BLANK, NO_ZONE),
            Some(Some(stamp)) => (stamp.wall, stamp.offset),
        };
        let cells: Vec<Cell> = match texts_of(chunk) {
            Some(column) => read_texts(chunk, column, first, (BLANK, NO_ZONE), |row, text| {
                cell(texts.read(row, text))
            })?,
            None if matches!(chunk.values, ColumnValues::Null(_)) => {
                vec![(BLANK, NO_ZONE); chunk.len()]
            }
            None => {
                let numbers = texts
                    .numbers(chunk)
                    .ok_or_else(|| wrong_type("dates", chunk))?;
                let read = |i: usize| chunk.is_valid(i).then(|| numbers(i));
                let cells = (0..chunk.len()).map(|i| match read(i) {
                    None => (BLANK, NO_ZONE),
                    Some(stamp) => {
                        stamp
                            .into_iter()
                            .for_each(|stamp| texts.note(first + i, stamp));
                        cell(stamp.map(Some))
                    }
                });
                cells.collect()
            }
        };
        for (i, (wall, offset)) in cells.into_iter().enumerate() {
            if wall == UNREAD {
                out.unread.push((first + i) as u64);
            }
            out.wall.push(Some(wall).filter(|wall| *wall > UNREAD));
            out.offsets
                .push(Some(i32::from(offset)).filter(|_| offset != NO_ZONE));
        }
        first += chunk.len();
    }
    out.form = texts.form().unwrap_or_default();
    Ok(out)
}

/// The error for a column that cannot hold dates.
pub(crate) fn wrong_type(column: &str, found: &ColumnData) -> Error {
    Error::ColumnType {
        column: column.into(),
        found: found.type_name(),
        expected: "a date or a timestamp, or texts of them".into(),
    }
}

fn is_epoch(stamp: Stamp) -> bool {
    SHAPES[usize::from(stamp.shape)].starts_with("epoch")
}

/// A date format with the format of the time of day.
fn with_clock(date: &str, clock: u8) -> String {
    let mut form = date.to_owned();
    if clock & CLOCK != 0 {
        form += if clock & HALF != 0 {
            " %I:%M"
        } else {
            " %H:%M"
        };
    }
    for (part, text) in [
        (SECONDS, ":%S"),
        (FRACTION, ".%f"),
        (HALF, " %p"),
        (ZONED, " %z"),
    ] {
        if clock & part != 0 {
            form += text;
        }
    }
    form
}
