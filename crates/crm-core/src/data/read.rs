//! Reading cells: money to minor units, times to UTC microseconds, words to their codes. Cells
//! that cannot be read go to [`Problems`], which refuses the first or drops and counts them.

use super::Buf;
use super::text::{Understood, read_texts};
use super::text_amounts::{self, Decided, Decimal, Unit};
use super::text_dates::{DateTexts, wrong_type};
use super::{ColumnData, ColumnValues, TimeUnit};
use crate::context::{collect, filled, room};
use crate::time::{MAX_MICROS, MICROS_PER_DAY, MIN_MICROS};
use crate::{Currency, Error, Offsets, Result, Zone};

/// A cell without a value, in columns of amounts and times. No valid cell has this value: times
/// start in the year 1, and an amount of this size is refused.
pub(crate) const BLANK: i64 = i64::MIN;

/// Why a row was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Reason {
    Good = 0,
    BadTime,
    BadAmount,
    BadOrderId,
    BadQuantity,
    BadMoney,
    /// A number that describes an event.
    BadMeasure,
    BadWord,
    BadCurrency,
    BadRefundTime,
    Guest,
    Repeated,
    /// A line that a view's filter leaves out.
    Filtered,
}

/// Cells that could not be read.
pub(crate) struct Problems {
    drop: bool,
    rows: usize,
    first: Option<(usize, Error)>,
    reasons: Vec<Reason>,
    /// How the columns of texts were read.
    pub(crate) understood: Vec<Understood>,
}

impl Problems {
    pub(crate) fn new(drop: bool, rows: usize) -> Self {
        Problems {
            drop,
            rows,
            first: None,
            reasons: Vec::new(),
            understood: Vec::new(),
        }
    }

    /// Notes how a column of texts was read, where it holds any.
    pub(crate) fn understand(&mut self, column: &str, form: Option<String>) {
        self.understood.extend(form.map(|form| Understood {
            column: column.to_owned(),
            form,
        }));
    }

    /// Leaves out a row whatever the setting for bad rows is.
    pub(crate) fn leave_out(&mut self, row: usize, reason: Reason) -> Result<()> {
        if self.reasons.is_empty() {
            self.reasons = filled(self.rows, Reason::Good, "bad rows")?;
        }
        if self.reasons[row] == Reason::Good {
            self.reasons[row] = reason;
        }
        Ok(())
    }

    /// Notes a bad cell: the error of the first row is kept, or the row is left out.
    #[cold]
    pub(crate) fn add(
        &mut self,
        row: usize,
        reason: Reason,
        error: impl FnOnce() -> Error,
    ) -> Result<()> {
        if self.drop {
            return self.leave_out(row, reason);
        }
        if self.first.as_ref().is_none_or(|(first, _)| row < *first) {
            self.first = Some((row, error()));
        }
        Ok(())
    }

    /// Whether bad rows are left out.
    pub(crate) fn drops(&self) -> bool {
        self.drop
    }

    /// Whether the row has been found bad so far.
    pub(crate) fn is_bad(&self, row: usize) -> bool {
        self.reasons.get(row).is_some_and(|r| *r != Reason::Good)
    }

    /// The reasons by row, empty when every row is good.
    pub(crate) fn finish(self) -> Result<Vec<Reason>> {
        match self.first {
            Some((_, error)) => Err(error.of_bad_row()),
            None => Ok(self.reasons),
        }
    }

    /// The error of the first bad row where no option leaves any out.
    pub(crate) fn none(self) -> Result<()> {
        self.first.map_or(Ok(()), |(_, error)| Err(error))
    }
}

/// How to read a column of money.
#[derive(Clone, Copy)]
pub(crate) struct Money<'a> {
    pub(crate) column: &'a str,
    pub(crate) currency: Currency,
    /// Whether integers and decimals are minor units already.
    pub(crate) minor: bool,
    pub(crate) round: bool,
    /// The decimal sign of texts.
    pub(crate) decimal: Decimal,
    pub(crate) reason: Reason,
}

#[derive(Clone, Copy)]
enum Amount {
    Blank,
    Exact(i64),
    Rounded(i64),
    /// No whole minor unit.
    Fraction,
    TooLarge,
    NotANumber,
    /// A text that is no amount.
    Unreadable,
    /// An amount in another currency.
    Foreign(Unit),
}

impl Money<'_> {
    /// Decimals of what comes in as whole numbers of minor units.
    pub(crate) fn exponent(self) -> u8 {
        if self.minor {
            0
        } else {
            self.currency.exponent()
        }
    }

    /// The column in minor units, [`BLANK`] where it is null; how many cells were rounded; and the
    /// least of them.
    /// A column of integers in minor units without nulls is kept by reference.
    pub(crate) fn read(
        self,
        column: &ColumnData,
        first_row: usize,
        decided: Decided,
        problems: &mut Problems,
    ) -> Result<(Buf<i64>, u64, i64)> {
        let scale = if self.minor { 1 } else { self.currency.scale() };
        if let ColumnValues::Int { values, .. } = &column.values
            && scale == 1
            && column.valid.is_none()
        {
            let (least, greatest) = bounds(values, false);
            if values.is_empty() || least > -LARGEST && greatest < LARGEST {
                return Ok((values.clone(), 0, least));
            }
        }
        let (values, keys) = column.looked_up();
        let read: Box<dyn Fn(usize) -> Amount + '_> = match &values.values {
            ColumnValues::Int { values, .. } => {
                let values = &values[..];
                Box::new(move |i| whole(i128::from(values[i]), scale))
            }
            ColumnValues::Unsigned { values, .. } => {
                Box::new(move |i| whole(i128::from(values[i]), scale))
            }
            ColumnValues::Float(values) => {
                let scale = scale as f64;
                Box::new(move |i| float(values[i], scale))
            }
            ColumnValues::Decimal {
                values,
                scale: decimals,
            } => {
                let shift = i32::from(self.exponent()) - i32::from(*decimals);
                Box::new(move |i| decimal(values[i], shift))
            }
            ColumnValues::Text(texts) => {
                let mut scratch = Vec::new();
                let read = |_, text: &[u8]| self.text(text, decided, &mut scratch);
                let read = read_texts(column, texts, first_row, Amount::Blank, read)?;
                return self.checked(read.len(), |i| Some(read[i]), first_row, problems);
            }
            ColumnValues::Null(_) => Box::new(|_| Amount::NotANumber),
            _ => {
                return Err(Error::ColumnType {
                    column: self.column.into(),
                    found: column.type_name(),
                    expected: "numbers (integers, decimals or floats)".into(),
                });
            }
        };
        let valid = column.validity();
        let cell = |i| valid(i).then(|| read(keys.map_or(i, |keys| keys[i] as usize)));
        self.checked(column.len(), cell, first_row, problems)
    }

    /// A text's amount.
    fn text(self, text: &[u8], decided: Decided, scratch: &mut Vec<u8>) -> Amount {
        match text_amounts::read(text, decided, scratch) {
            None => Amount::Unreadable,
            Some(None) => Amount::Blank,
            Some(Some(amount)) if amount.unit == Unit::None => decimal(
                amount.value,
                i32::from(self.exponent()) - i32::from(amount.decimals),
            ),
            // A number of things has no currency.
            Some(Some(_)) if self.reason == Reason::BadQuantity => Amount::Unreadable,
            Some(Some(amount)) if !amount.unit.fits(self.currency.code()) => {
                Amount::Foreign(amount.unit)
            }
            Some(Some(amount)) => decimal(
                amount.value,
                i32::from(self.exponent()) - i32::from(amount.decimals),
            ),
        }
    }

    /// Cells as amounts, those that are none noted.
    fn checked(
        self,
        count: usize,
        cell: impl Fn(usize) -> Option<Amount>,
        first_row: usize,
        problems: &mut Problems,
    ) -> Result<(Buf<i64>, u64, i64)> {
        let mut out = room(count, "amounts")?;
        let mut rounded = 0;
        for i in 0..count {
            let amount = match cell(i).unwrap_or(Amount::Blank) {
                Amount::Blank => Ok(BLANK),
                Amount::Exact(amount) => Ok(amount),
                Amount::Rounded(amount) if self.round => {
                    rounded += 1;
                    Ok(amount)
                }
                Amount::Rounded(_) | Amount::Fraction => Err(format!(
                    "a whole number of minor units of {} ({} decimals); round_amounts rounds and counts",
                    self.currency,
                    self.exponent()
                )),
                Amount::TooLarge => Err("an amount below 9.2e18 minor units".to_owned()),
                Amount::NotANumber => Err("a finite number".to_owned()),
                Amount::Unreadable if self.reason == Reason::BadQuantity => {
                    Err("a whole number".to_owned())
                }
                Amount::Unreadable => Err("an amount such as 1234, 1,234.50 or -500".to_owned()),
                Amount::Foreign(unit) => {
                    let row = first_row + i;
                    problems.add(row, Reason::BadCurrency, || Error::MixedCurrency {
                        column: self.column.to_owned(),
                        row: row as u64,
                        found: unit.word(),
                        expected: self.currency.code().to_owned(),
                    })?;
                    Ok(0)
                }
            };
            match amount {
                Ok(amount) => out.push(amount),
                Err(expected) => {
                    let row = first_row + i;
                    problems.add(row, self.reason, || {
                        Error::value(self.column, row, expected)
                    })?;
                    out.push(0);
                }
            }
        }
        let (least, _) = bounds(&out, false);
        Ok((out.into(), rounded, least))
    }
}

/// Amounts are kept well inside i64, so that negating and adding two cannot overflow.
const LARGEST: i64 = 1 << 62;

fn bounded(minor: i128) -> Amount {
    match i64::try_from(minor) {
        Ok(minor) if minor.abs_diff(0) < LARGEST as u64 => Amount::Exact(minor),
        _ => Amount::TooLarge,
    }
}

fn whole(value: i128, scale: i64) -> Amount {
    bounded(value * i128::from(scale))
}

fn float(value: f64, scale: f64) -> Amount {
    if !value.is_finite() {
        return Amount::NotANumber;
    }
    let minor = value * scale;
    if minor.abs() >= LARGEST as f64 {
        return Amount::TooLarge;
    }
    let nearest = libm::rint(minor);
    // Within 1e-6 of a minor unit, or the very float that the whole minor unit prints as (the
    // product of a large amount can be further off than that).
    if (minor - nearest).abs() <= 1e-6 || nearest / scale == value {
        Amount::Exact(nearest as i64)
    } else {
        Amount::Rounded(nearest as i64)
    }
}

/// `value · 10^shift` as a whole number.
fn decimal(value: i128, shift: i32) -> Amount {
    if shift >= 0 {
        let factor = 10_i128.checked_pow(shift as u32);
        return match factor.and_then(|factor| value.checked_mul(factor)) {
            Some(minor) => bounded(minor),
            None if value == 0 => Amount::Exact(0),
            None => Amount::TooLarge,
        };
    }
    let Some(divisor) = 10_i128.checked_pow(shift.unsigned_abs()) else {
        return if value == 0 {
            Amount::Exact(0)
        } else {
            Amount::Fraction
        };
    };
    let (quotient, rest) = (value / divisor, value % divisor);
    if rest == 0 {
        return bounded(quotient);
    }
    // Half to even.
    let twice = rest.unsigned_abs() * 2;
    let up = twice > divisor.unsigned_abs() || twice == divisor.unsigned_abs() && quotient % 2 != 0;
    match bounded(quotient + if up { value.signum() } else { 0 }) {
        Amount::Exact(minor) => Amount::Rounded(minor),
        other => other,
    }
}

/// A time column, half read: microseconds, instants or wall clock.
pub(crate) struct Times {
    micros: Buf<i64>,
    /// Whether they are wall clock; of texts this is known once the whole column is read.
    wall: Option<bool>,
    /// Least and greatest time; none when every cell is blank.
    pub(crate) range: Option<(i64, i64)>,
    /// Whether times ascend and none is blank.
    pub(crate) sorted: bool,
    /// Whether a cell is blank.
    pub(crate) blank: bool,
}

impl Times {
    /// Reads the column as far as that needs no zone; [`BLANK`] where it is null.
    pub(crate) fn read(
        name: &str,
        column: &ColumnData,
        first_row: usize,
        reason: Reason,
        dates: &mut DateTexts,
        problems: &mut Problems,
    ) -> Result<Times> {
        const EXPECTED: &str = "a time in the years 1 to 9999";
        let mut bad = |i: usize, expected: &'static str| {
            let row = first_row + i;
            problems.add(row, reason, || Error::value(name, row, expected))
        };
        let n = column.len();
        let mut sorted = None;
        let (micros, wall): (Buf<i64>, Option<bool>) = match &column.values {
            ColumnValues::Time { values, unit, zone } => {
                let wall = Some(zone.is_none());
                let inside = |low: i64, high: i64| low >= MIN_MICROS && high <= MAX_MICROS;
                let ascending = values.is_sorted();
                let (low, high) = bounds(values, ascending);
                let micros = *unit == TimeUnit::Microsecond && column.valid.is_none();
                if micros && (n == 0 || inside(low, high)) {
                    sorted = Some(ascending);
                    (values.clone(), wall)
                } else {
                    let mut out = room(n, "times")?;
                    for i in 0..n {
                        // numpy's NaT
                        if !column.is_valid(i) || values[i] == i64::MIN {
                            out.push(BLANK);
                            continue;
                        }
                        let micros = match unit {
                            TimeUnit::Second => values[i].checked_mul(1_000_000),
                            TimeUnit::Millisecond => values[i].checked_mul(1_000),
                            TimeUnit::Microsecond => Some(values[i]),
                            TimeUnit::Nanosecond => Some(values[i].div_euclid(1_000)),
                        };
                        match micros.filter(|m| inside(*m, *m)) {
                            Some(micros) => out.push(micros),
                            None => {
                                bad(i, EXPECTED)?;
                                out.push(0);
                            }
                        }
                    }
                    (out.into(), wall)
                }
            }
            ColumnValues::Date(values) => {
                let mut out = room(n, "times")?;
                for i in 0..n {
                    let micros = i64::from(values[i]).saturating_mul(MICROS_PER_DAY);
                    out.push(match column.is_valid(i) {
                        false => BLANK,
                        true if (MIN_MICROS..=MAX_MICROS).contains(&micros) => micros,
                        true => {
                            bad(i, EXPECTED)?;
                            0
                        }
                    });
                }
                (out.into(), Some(true))
            }
            ColumnValues::Null(_) => (filled(n, BLANK, "times")?.into(), Some(true)),
            _ => match dates.micros(column, first_row, &mut bad)? {
                Some(micros) => (micros.into(), None),
                None => return Err(wrong_type(name, column)),
            },
        };
        let sorted = sorted.unwrap_or_else(|| micros.is_sorted());
        let (low, high) = bounds(&micros, sorted);
        let blank = low == BLANK;
        let known = micros.iter().filter(|t| **t != BLANK);
        let low = if blank {
            known.fold(i64::MAX, |low, t| low.min(*t))
        } else {
            low
        };
        Ok(Times {
            micros,
            wall,
            range: (low <= high).then_some((low, high)),
            sorted: sorted && !blank,
            blank,
        })
    }

    /// As instants, wall clock read in the zone of `offsets`; `zoned` says what texts are.
    pub(crate) fn instants(self, zoned: bool, offsets: &Offsets) -> Result<Buf<i64>> {
        if offsets.zone() == Zone::UTC || !self.wall.unwrap_or(!zoned) {
            return Ok(self.micros);
        }
        let instants = self.micros.iter().map(|t| match *t {
            BLANK => BLANK,
            t => offsets.instant(t).clamp(MIN_MICROS, MAX_MICROS),
        });
        Ok(collect(instants, "times")?.into())
    }
}

/// Least and greatest; of sorted values the first and the last.
fn bounds(values: &[i64], sorted: bool) -> (i64, i64) {
    match (sorted, values.first(), values.last()) {
        (true, Some(first), Some(last)) => (*first, *last),
        _ => values.iter().fold((i64::MAX, i64::MIN), |(low, high), v| {
            (low.min(*v), high.max(*v))
        }),
    }
}

/// The zone of a time column, if it names one.
pub(crate) fn zone_of(column: &ColumnData) -> Option<&str> {
    match &column.values {
        ColumnValues::Time { zone, .. } => zone.as_deref(),
        _ => None,
    }
}

/// A column of words, as the discriminants of a closed list; 255 where it is null.
pub(crate) fn words<W: Copy>(
    name: &str,
    column: &ColumnData,
    first_row: usize,
    lookup: &dyn Fn(&str) -> Option<W>,
    known: &dyn Fn() -> Vec<String>,
    byte: fn(W) -> u8,
    problems: &mut Problems,
) -> Result<Vec<u8>> {
    let (values, keys) = column.looked_up();
    let n = column.len();
    let texts = match &values.values {
        ColumnValues::Text(texts) => texts,
        ColumnValues::Null(_) => return filled(n, NO_WORD, "words"),
        _ => {
            return Err(Error::ColumnType {
                column: name.into(),
                found: column.type_name(),
                expected: "texts".into(),
            });
        }
    };
    let mut out = room(n, "words")?;
    // Neighbouring rows mostly hold the same word.
    let mut last: (&[u8], u8) = (&[], NO_WORD);
    for i in 0..n {
        if !column.is_valid(i) {
            out.push(NO_WORD);
            continue;
        }
        let bytes = texts.bytes(keys.map_or(i, |keys| keys[i] as usize));
        if bytes != last.0 || last.1 == NO_WORD {
            let word = std::str::from_utf8(bytes).ok().map(str::trim);
            let found = word.and_then(|word| match word {
                "" => Some(NO_WORD),
                word => lookup(word).map(byte),
            });
            let Some(found) = found else {
                let row = first_row + i;
                problems.add(row, Reason::BadWord, || Error::UnknownWord {
                    column: name.into(),
                    row: row as u64,
                    word: word.unwrap_or("(no UTF-8)").to_owned(),
                    allowed: known(),
                })?;
                out.push(NO_WORD);
                continue;
            };
            last = (bytes, found);
        }
        out.push(last.1);
    }
    Ok(out)
}

/// No word in a cell.
pub(crate) const NO_WORD: u8 = 255;
