//! Columns of times: dates, counts of any unit and texts, to UTC microseconds.

use super::parse::{Problems, Reason};
use crate::columns::{Buf, ColumnData, ColumnValues, TimeUnit};
use crate::context::{Context, filled, zeroed};
use crate::data::blocks::{BLANK, Range, convert};
use crate::data::text::dates::{DateTexts, wrong_type};
use crate::error::{Error, Result};
use crate::time::{MAX_MICROS, MICROS_PER_DAY, MIN_MICROS, Offsets, Zone};

/// A time column that is read but not yet in a zone: microseconds, instants or wall clock.
pub(crate) struct Times {
    micros: Buf<i64>,
    /// Whether the times are wall clock; for texts this is known after the whole column is read.
    wall: Option<bool>,
    /// Least and greatest time; `None` if every cell is blank.
    pub(crate) range: Option<(i64, i64)>,
    /// Whether times ascend and none is blank.
    pub(crate) sorted: bool,
    /// Whether a cell is blank.
    pub(crate) blank: bool,
}

impl Times {
    /// Reads the column as far as no zone is needed; [`BLANK`] for null.
    pub(crate) fn read(
        name: &str,
        column: &ColumnData,
        first_row: usize,
        reason: Reason,
        dates: &mut DateTexts,
        problems: &mut Problems,
        context: &Context,
    ) -> Result<Times> {
        const EXPECTED: &str = "a time in the years 1 to 9999";
        const WHAT: &str = "times";
        let mut bad = |i: usize, expected: &'static str| {
            let row = first_row + i;
            problems.add(row, reason, || Error::value(name, row, expected))
        };
        let n = column.len();
        let valid = column.valid.as_ref();
        let in_range = |t: i64| (MIN_MICROS..=MAX_MICROS).contains(&t);
        let (micros, wall, range): (Buf<i64>, Option<bool>, Range) = match &column.values {
            ColumnValues::Time { values, unit, zone } => {
                let wall = Some(zone.is_none());
                if *unit == TimeUnit::Microsecond && valid.is_none() {
                    let range = Range::of(values, context)?;
                    if !range.blank && (n == 0 || in_range(range.low) && in_range(range.high)) {
                        return Ok(Times::new(values.clone(), wall, range));
                    }
                }
                // The microseconds of a count; `None` if it is outside of the calendar.
                let exact = |count: i64| match unit {
                    TimeUnit::Second => count.checked_mul(1_000_000),
                    TimeUnit::Millisecond => count.checked_mul(1_000),
                    TimeUnit::Microsecond => Some(count),
                    TimeUnit::Nanosecond => Some(count.div_euclid(1_000)),
                };
                let slow = |i: usize| match exact(values[i]).filter(|t| in_range(*t)) {
                    _ if values[i] == NAT => Ok(BLANK),
                    Some(micros) => Ok(micros),
                    None => bad(i, EXPECTED).map(|()| 0),
                };
                let (micros, range) = match unit {
                    TimeUnit::Second => {
                        convert(values, valid, WHAT, context, scaled(1_000_000), slow)
                    }
                    TimeUnit::Millisecond => {
                        convert(values, valid, WHAT, context, scaled(1_000), slow)
                    }
                    TimeUnit::Microsecond => convert(values, valid, WHAT, context, scaled(1), slow),
                    TimeUnit::Nanosecond => {
                        // Every count of nanoseconds is in the years 1677 to 2262. Counted from a
                        // thousand's multiple before all of them, division needs no sign.
                        const BEFORE: u64 = (1_u64 << 63).next_multiple_of(1_000);
                        let fast = |count: i64| {
                            let thousands = (count as u64).wrapping_add(BEFORE) / 1_000;
                            let micros = (thousands as i64).wrapping_sub((BEFORE / 1_000) as i64);
                            let is_blank = count == NAT;
                            let sure = count < i64::MAX - 1_000;
                            (if is_blank { BLANK } else { micros }, sure)
                        };
                        convert(values, valid, WHAT, context, fast, slow)
                    }
                }?;
                (micros.into(), wall, range)
            }
            ColumnValues::Date(values) => {
                let fast = scaled(MICROS_PER_DAY);
                let fast = |day: i32| fast(i64::from(day));
                let slow = |i: usize| {
                    let micros = i64::from(values[i]).saturating_mul(MICROS_PER_DAY);
                    match in_range(micros) {
                        true => Ok(micros),
                        false => bad(i, EXPECTED).map(|()| 0),
                    }
                };
                let (micros, range) = convert(values, valid, WHAT, context, fast, slow)?;
                (micros.into(), Some(true), range)
            }
            ColumnValues::Null(_) => {
                let blank = filled(n, BLANK, WHAT)?;
                let range = Range::of(&blank, context)?;
                (blank.into(), Some(true), range)
            }
            _ => match dates.micros(column, first_row, &mut bad)? {
                Some(micros) => {
                    let range = Range::of(&micros, context)?;
                    (micros.into(), None, range)
                }
                None => return Err(wrong_type(name, column)),
            },
        };
        Ok(Times::new(micros, wall, range))
    }

    fn new(micros: Buf<i64>, wall: Option<bool>, range: Range) -> Times {
        Times {
            micros,
            wall,
            range: (range.low <= range.high).then_some((range.low, range.high)),
            sorted: range.ascending && !range.blank,
            blank: range.blank,
        }
    }

    /// The times as instants; wall clock is read in the zone of `offsets`. `zoned`: whether texts
    /// name their zone.
    pub(crate) fn instants(
        self,
        zoned: bool,
        offsets: &Offsets,
        context: &Context,
    ) -> Result<Buf<i64>> {
        if offsets.zone() == Zone::UTC || !self.wall.unwrap_or(!zoned) {
            return Ok(self.micros);
        }
        let (clocks, micros) = (offsets.clocks(), &self.micros[..]);
        let mut instants = zeroed(micros.len(), "times")?;
        context.fill(&mut instants, |part, out| {
            for (to, wall) in out.iter_mut().zip(&micros[part]) {
                *to = match *wall {
                    BLANK => BLANK,
                    wall => clocks.instant(wall).clamp(MIN_MICROS, MAX_MICROS),
                };
            }
            Ok(())
        })?;
        Ok(instants.into())
    }
}

/// numpy's null time.
const NAT: i64 = i64::MIN;

/// Counts of `unit` microseconds as microseconds, and whether they are times (or numpy's NaT).
fn scaled(unit: i64) -> impl Fn(i64) -> (i64, bool) {
    let low = MIN_MICROS.div_euclid(unit) + i64::from(MIN_MICROS.rem_euclid(unit) != 0);
    let span = MAX_MICROS.div_euclid(unit).abs_diff(low);
    move |count| {
        let nat = count == NAT;
        let inside = count.wrapping_sub(low) as u64 <= span;
        let micros = count.wrapping_mul(unit);
        (if nat { BLANK } else { micros }, inside | nat)
    }
}

/// The zone of a time column, if it names one.
pub(crate) fn zone_of(column: &ColumnData) -> Option<&str> {
    match &column.values {
        ColumnValues::Time { zone, .. } => zone.as_deref(),
        _ => None,
    }
}
