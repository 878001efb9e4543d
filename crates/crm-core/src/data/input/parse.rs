//! Reading cells: money to minor units, words to their codes. Cells that cannot be read go to
//! [`Problems`], which refuses the first or drops and counts them.

use crate::columns::{Buf, ColumnData, ColumnValues};
use crate::context::{Context, filled, room};
use crate::data::blocks::{BLANK, Range, convert};
use crate::data::text::amounts;
use crate::data::text::amounts::{Decided, Decimal, Unit};
use crate::data::text::cells::{Understood, read_texts};
use crate::error::{Error, Result};
use crate::money::Currency;

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
    /// A measure of an event that is not a number.
    BadMeasure,
    BadWord,
    BadCurrency,
    BadRefundTime,
    Guest,
    Repeated,
    /// A line that a view's filter leaves out.
    Filtered,
    /// A row of an order that was replaced.
    Replaced,
    /// A row of an order that was there already.
    CameAgain,
}

impl Reason {
    /// The reason of a number, as saved states hold it.
    pub(crate) fn of_code(code: u8) -> Option<Reason> {
        use Reason::*;
        const ALL: [Reason; 15] = [
            Good,
            BadTime,
            BadAmount,
            BadOrderId,
            BadQuantity,
            BadMoney,
            BadMeasure,
            BadWord,
            BadCurrency,
            BadRefundTime,
            Guest,
            Repeated,
            Filtered,
            Replaced,
            CameAgain,
        ];
        ALL.get(usize::from(code)).copied()
    }
}

/// Collects cells that could not be read.
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

    /// Records the format in which a column of texts was read, if it has texts.
    pub(crate) fn understand(&mut self, column: &str, form: Option<String>) {
        self.understood.extend(form.map(|form| Understood {
            column: column.to_owned(),
            form,
        }));
    }

    /// Leaves out a row, whatever the setting for bad rows.
    pub(crate) fn leave_out(&mut self, row: usize, reason: Reason) -> Result<()> {
        if self.reasons.is_empty() {
            self.reasons = filled(self.rows, Reason::Good, "bad rows")?;
        }
        if self.reasons[row] == Reason::Good {
            self.reasons[row] = reason;
        }
        Ok(())
    }

    /// Records a bad cell: keeps the error of the first row, or leaves the row out.
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

    /// Whether the row is bad so far.
    pub(crate) fn is_bad(&self, row: usize) -> bool {
        self.reasons.get(row).is_some_and(|r| *r != Reason::Good)
    }

    /// The reasons by row; empty if every row is good.
    pub(crate) fn finish(self) -> Result<Vec<Reason>> {
        match self.first {
            Some((_, error)) => Err(error.of_bad_row()),
            None => Ok(self.reasons),
        }
    }

    /// The error of the first bad row, for data without an option that drops rows.
    pub(crate) fn none(self) -> Result<()> {
        self.first.map_or(Ok(()), |(_, error)| Err(error))
    }
}

/// How to read a column of money.
#[derive(Clone, Copy)]
pub(crate) struct Money<'a> {
    pub(crate) column: &'a str,
    pub(crate) currency: Currency,
    /// Whether numbers are in minor units.
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
    /// Not a whole number of minor units.
    Fraction,
    TooLarge,
    NotANumber,
    /// A text that is not an amount.
    Unreadable,
    /// An amount in another currency.
    Foreign(Unit),
}

impl Money<'_> {
    /// The decimals of numbers in the input that become minor units.
    pub(crate) fn exponent(self) -> u8 {
        if self.minor {
            0
        } else {
            self.currency.exponent()
        }
    }

    /// The column in minor units, [`BLANK`] for null; the number of rounded cells; and the minimum.
    /// A column of integers in minor units without nulls is kept by reference.
    pub(crate) fn read(
        self,
        column: &ColumnData,
        first_row: usize,
        decided: Decided,
        problems: &mut Problems,
        context: &Context,
    ) -> Result<(Buf<i64>, u64, i64)> {
        let scale = if self.minor { 1 } else { self.currency.scale() };
        if let ColumnValues::Int { values, .. } = &column.values
            && scale == 1
            && column.valid.is_none()
        {
            let range = Range::of(values, context)?;
            let inside = range.low > -LARGEST && range.high < LARGEST && !range.blank;
            if values.is_empty() || inside {
                return Ok((values.clone(), 0, range.low));
            }
        }
        let mut cells = Amounts {
            money: self,
            first_row,
            rounded: 0,
            problems,
        };
        let (values, keys) = column.looked_up();
        if !matches!(
            values.values,
            ColumnValues::Int { .. }
                | ColumnValues::Unsigned { .. }
                | ColumnValues::Float(_)
                | ColumnValues::Decimal { .. }
                | ColumnValues::Text(_)
                | ColumnValues::Null(_)
        ) {
            return Err(Error::ColumnType {
                column: self.column.into(),
                found: column.type_name(),
                expected: "numbers (integers, decimals or floats)".into(),
            });
        }
        let (amounts, range) = match (&values.values, keys) {
            (ColumnValues::Text(texts), _) => {
                let mut scratch = Vec::new();
                let read = |_, text: &[u8]| self.text(text, decided, &mut scratch);
                let read = read_texts(column, texts, first_row, Amount::Blank, read)?;
                let mut amounts = room(read.len(), "amounts")?;
                for (i, amount) in read.into_iter().enumerate() {
                    amounts.push(cells.minor(i, amount)?);
                }
                let range = Range::of(&amounts, context)?;
                (amounts, range)
            }
            (_, None) => cells.numbers(column, scale, context)?,
            // Each value of a dictionary is read once.
            (_, Some(keys)) => {
                let mut read = room(values.len(), "amounts")?;
                for i in 0..values.len() {
                    read.push(match values.is_valid(i) {
                        true => self.number(values, scale, i),
                        false => Amount::Blank,
                    });
                }
                let mut amounts = room(keys.len(), "amounts")?;
                for (i, key) in keys.iter().enumerate() {
                    amounts.push(match column.is_valid(i) {
                        true => cells.minor(i, read[*key as usize])?,
                        false => BLANK,
                    });
                }
                let range = Range::of(&amounts, context)?;
                (amounts, range)
            }
        };
        let least = if range.blank { BLANK } else { range.low };
        Ok((amounts.into(), cells.rounded, least))
    }

    /// The amount in cell `i` of a column of numbers of any type.
    fn number(self, column: &ColumnData, scale: i64, i: usize) -> Amount {
        match &column.values {
            ColumnValues::Int { values, .. } => whole(i128::from(values[i]), scale),
            ColumnValues::Unsigned { values, .. } => whole(i128::from(values[i]), scale),
            ColumnValues::Float(values) => float(values[i], scale as f64),
            ColumnValues::Decimal {
                values,
                scale: decimals,
            } => decimal(values[i], self.shift(*decimals)),
            _ => Amount::NotANumber,
        }
    }

    /// The power of ten between a number of `decimals` decimal places and minor units.
    fn shift(self, decimals: i8) -> i32 {
        i32::from(self.exponent()) - i32::from(decimals)
    }

    /// The amount in a text.
    fn text(self, text: &[u8], decided: Decided, scratch: &mut Vec<u8>) -> Amount {
        match amounts::read(text, decided, scratch) {
            None => Amount::Unreadable,
            Some(None) => Amount::Blank,
            Some(Some(amount)) if amount.unit == Unit::None => decimal(
                amount.value,
                i32::from(self.exponent()) - i32::from(amount.decimals),
            ),
            // A quantity must not name a currency.
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
}

/// Converts the cells of a column of money to minor units.
struct Amounts<'a, 'p> {
    money: Money<'a>,
    first_row: usize,
    /// Cells that were rounded.
    rounded: u64,
    problems: &'p mut Problems,
}

impl Amounts<'_, '_> {
    /// A column of numbers without a dictionary.
    fn numbers(
        &mut self,
        column: &ColumnData,
        scale: i64,
        context: &Context,
    ) -> Result<(Vec<i64>, Range)> {
        const WHAT: &str = "amounts";
        let money = self.money;
        let valid = column.valid.as_ref();
        let slow = |i| self.minor(i, money.number(column, scale, i));
        // The greatest number whose amount in minor units is below LARGEST.
        let most = |factor: i64| (LARGEST - 1) as u64 / factor.unsigned_abs();
        match &column.values {
            ColumnValues::Int { values, .. } => {
                let most = most(scale);
                let fast = |v: i64| (v.wrapping_mul(scale), v.unsigned_abs() <= most);
                convert(values, valid, WHAT, context, fast, slow)
            }
            ColumnValues::Unsigned { values, .. } => {
                let most = most(scale);
                let fast = |v: u64| ((v as i64).wrapping_mul(scale), v <= most);
                convert(values, valid, WHAT, context, fast, slow)
            }
            ColumnValues::Float(values) => {
                let scale = scale as f64;
                let fast = |v: f64| {
                    let minor = v * scale;
                    let (nearest, sure) = nearest(minor);
                    let near = (minor - nearest.0).abs() <= NEAR;
                    (nearest.1, sure & near)
                };
                convert(values, valid, WHAT, context, fast, slow)
            }
            ColumnValues::Decimal {
                values,
                scale: decimals,
            } => {
                let shift = money.shift(*decimals);
                let power = 10_i64.checked_pow(shift.unsigned_abs());
                let Some(power) = power.filter(|power| *power < WHOLE_FLOATS as i64) else {
                    return convert(values, valid, WHAT, context, |_| (0, false), slow);
                };
                if shift >= 0 {
                    let most = most(power);
                    let fast = |v: i128| {
                        let low = v as i64;
                        let fits = i128::from(low) == v;
                        (low.wrapping_mul(power), fits & (low.unsigned_abs() <= most))
                    };
                    return convert(values, valid, WHAT, context, fast, slow);
                }
                // The quotient of floats is near enough to round to the exact quotient; the product
                // checks it.
                let fast = |v: i128| {
                    let low = v as i64;
                    let small = (i128::from(low) == v) & (low.unsigned_abs() < WHOLE_FLOATS as u64);
                    let ((_, quotient), sure) = nearest(low as f64 / power as f64);
                    (
                        quotient,
                        small & sure & (quotient.wrapping_mul(power) == low),
                    )
                };
                convert(values, valid, WHAT, context, fast, slow)
            }
            _ => {
                let blank = filled(column.len(), BLANK, WHAT)?;
                let range = Range::of(&blank, context)?;
                Ok((blank, range))
            }
        }
    }

    /// The minor units of cell `i`. If it cannot be read, that is recorded and the result is 0.
    fn minor(&mut self, i: usize, amount: Amount) -> Result<i64> {
        let money = self.money;
        let row = self.first_row + i;
        let expected = match amount {
            Amount::Blank => return Ok(BLANK),
            Amount::Exact(amount) => return Ok(amount),
            Amount::Rounded(amount) if money.round => {
                self.rounded += 1;
                return Ok(amount);
            }
            Amount::Rounded(_) | Amount::Fraction => format!(
                "a whole number of minor units of {} ({} decimals); round_amounts rounds and counts",
                money.currency,
                money.exponent()
            ),
            Amount::TooLarge => "an amount below 9.2e18 minor units".to_owned(),
            Amount::NotANumber => "a finite number".to_owned(),
            Amount::Unreadable if money.reason == Reason::BadQuantity => {
                "a whole number".to_owned()
            }
            Amount::Unreadable => "an amount such as 1234, 1,234.50 or -500".to_owned(),
            Amount::Foreign(unit) => {
                self.problems
                    .add(row, Reason::BadCurrency, || Error::MixedCurrency {
                        column: money.column.to_owned(),
                        row: row as u64,
                        found: format!("currency `{}`", unit.word()),
                        expected: money.currency.code().to_owned(),
                    })?;
                return Ok(0);
            }
        };
        self.problems.add(row, money.reason, || {
            Error::value(money.column, row, expected)
        })?;
        Ok(0)
    }
}

/// Whole floats below this, and sums of two of them, are exact.
const WHOLE_FLOATS: f64 = (1_u64 << 51) as f64;

/// How far a float may be from a whole number of minor units.
const NEAR: f64 = 1e-6;

/// The nearest whole number, half to even, as float and integer; and whether that holds, which it
/// does below 2^51. Adding 1.5 · 2^52 leaves no bit for a fraction, so the sum is rounded.
fn nearest(value: f64) -> ((f64, i64), bool) {
    const SHIFT: f64 = 3.0 * WHOLE_FLOATS;
    let shifted = value + SHIFT;
    let whole = (shifted.to_bits() as i64).wrapping_sub(SHIFT.to_bits() as i64);
    ((shifted - SHIFT, whole), value.abs() < WHOLE_FLOATS)
}

/// Amounts are limited to less than 2^62, so that negation and the sum of two cannot overflow.
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
    // Within 1e-6 of a minor unit, or equal to the float nearest to the whole minor unit (for large
    // amounts the product can be off by more than 1e-6).
    if (minor - nearest).abs() <= NEAR || nearest / scale == value {
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

/// What is done with a word that is not in a list: the reason, and the error of its row and text.
pub(crate) type Unknown<'a> = (Reason, &'a dyn Fn(u64, &str) -> Error);

/// A column of words, as the discriminants of a closed list; 255 where it is null. `unknown` makes
/// the error of a row with another word.
pub(crate) fn words<W: Copy>(
    name: &str,
    column: &ColumnData,
    first_row: usize,
    lookup: &dyn Fn(&str) -> Option<W>,
    byte: fn(W) -> u8,
    (reason, unknown): Unknown<'_>,
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
    // Neighbouring rows often have the same word.
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
                let word = String::from_utf8_lossy(bytes);
                problems.add(row, reason, || unknown(row as u64, word.trim()))?;
                out.push(NO_WORD);
                continue;
            };
            last = (bytes, found);
        }
        out.push(last.1);
    }
    Ok(out)
}

/// The code of a null cell.
pub(crate) const NO_WORD: u8 = 255;
