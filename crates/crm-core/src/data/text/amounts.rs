//! Amounts and quantities written as text.
//!
//! ```text
//! 1234   1,234   1 234   1'234   12,34,567   1,234.50   1.234,50   49,90   １，２３４
//! ¥1,234   \1,234   1,234円   $12.50   US$ 12.50   12,50 €   R$ 49,90   kr 100   CHF 1'234.50   12.50 USD
//! -500   −500   △500   ▲500   (500)   500-   +500
//! ```
//!
//! The whole column decides whether point or comma is the decimal sign: `1,234.50`, `49,90` and
//! `1.234.567` decide it, `1,234` and `1.234` do not. If no text decides, a comma before three
//! digits groups thousands, as does a blank or an apostrophe. A point before three digits (and a
//! comma, if the currency has three decimals) could be either, so the column is refused until the
//! option `decimal` is given. A currency in a text must be the currency of the orders.
//!
//! The value is exact: an integer and the number of its decimals. Words that are not numbers
//! (`NaN`, `-`), exponents and blanks inside of numbers are refused. Blank texts are null.

#[cfg(test)]
mod tests;

use super::cells::{Cursor, each_text, plain, read_texts, texts_of};
use crate::columns::{ColumnData, ColumnValues};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The decimal sign of amounts in texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum Decimal {
    /// Detected from the column.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// A point: 1,234.50.
    #[serde(rename = ".")]
    Point,
    /// A comma: 1.234,50.
    #[serde(rename = ",")]
    Comma,
}

/// A parsed amount: `value · 10^-decimals`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Parsed {
    pub(crate) value: i128,
    pub(crate) decimals: u8,
    pub(crate) unit: Unit,
}

/// The currency named in an amount.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Unit {
    None,
    /// An index into [`SIGNS`].
    Sign(u8),
    Code([u8; 3]),
}

/// Currency signs and their currencies. Of two signs with the same beginning the longer is first.
const SIGNS: [(&str, &str); 36] = [
    ("US$", "USD"),
    ("CA$", "CAD"),
    ("AU$", "AUD"),
    ("NZ$", "NZD"),
    ("HK$", "HKD"),
    ("NT$", "TWD"),
    ("MX$", "MXN"),
    ("A$", "AUD"),
    ("C$", "CAD NIO"),
    ("S$", "SGD"),
    ("R$", "BRL"),
    (
        "$",
        "USD AUD CAD NZD HKD SGD TWD MXN ARS CLP COP UYU DOP BSD BBD BZD BMD BND CVE FJD GYD JMD \
         KYD LRD MOP NAD NIO SBD SRD TOP TTD WST XCD",
    ),
    ("¥", "JPY CNY"),
    ("\\", "JPY"),
    ("円", "JPY"),
    ("元", "CNY TWD"),
    ("€", "EUR"),
    ("£", "GBP EGP FKP GIP SHP SYP LBP SSP SDG"),
    ("₩", "KRW KPW"),
    ("원", "KRW"),
    ("zł", "PLN"),
    ("kr.", "SEK NOK DKK ISK"),
    ("kr", "SEK NOK DKK ISK"),
    ("Kč", "CZK"),
    ("Ft", "HUF"),
    ("lei", "RON MDL"),
    ("лв", "BGN"),
    ("₹", "INR"),
    ("Rs.", "INR PKR LKR NPR MUR SCR"),
    ("Rs", "INR PKR LKR NPR MUR SCR"),
    ("RM", "MYR"),
    ("₺", "TRY"),
    ("₽", "RUB"),
    ("₪", "ILS"),
    ("฿", "THB"),
    ("₫", "VND"),
];

impl Unit {
    /// Whether amounts in the currency `code` may have this sign.
    pub(crate) fn fits(self, code: &str) -> bool {
        match self {
            Unit::None => true,
            Unit::Sign(at) => SIGNS[usize::from(at)].1.split(' ').any(|c| c == code),
            Unit::Code(letters) => letters == code.as_bytes(),
        }
    }

    /// The currency, if the sign has only one: `$` and `kr` have several, `¥` means the yen.
    pub(crate) fn code(self) -> Option<String> {
        match self {
            Unit::None => None,
            Unit::Sign(at) => match SIGNS[usize::from(at)] {
                ("¥", _) => Some("JPY".to_owned()),
                ("£", _) => Some("GBP".to_owned()),
                ("₩", _) => Some("KRW".to_owned()),
                (_, codes) => Some(codes.to_owned()).filter(|codes| codes.len() == 3),
            },
            Unit::Code(letters) => String::from_utf8(letters.to_vec()).ok(),
        }
    }

    /// The text of the sign or code, for messages.
    pub(crate) fn word(self) -> String {
        match self {
            Unit::Sign(at) => SIGNS[usize::from(at)].0.to_owned(),
            unit => unit.code().unwrap_or_default(),
        }
    }
}

/// What a text shows about the decimal sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tells {
    Nothing,
    Point,
    Comma,
    /// A point before three digits.
    OpenPoint,
    /// A comma before three digits.
    OpenComma,
}

/// The parts of an amount's text.
struct Shape<'a> {
    negative: bool,
    unit: Unit,
    /// Digits and the signs between them.
    body: &'a [u8],
    tells: Tells,
}

/// The format of the amounts in one column: detected in a first pass, used in the second.
pub(crate) struct AmountTexts {
    option: Decimal,
    /// Decimals of the currency, if it is known.
    exponent: Option<u8>,
    /// The first row that decides for a point, for a comma, and the first that fits both.
    point: Option<usize>,
    comma: Option<usize>,
    open_point: Option<usize>,
    open_comma: Option<usize>,
    any: bool,
    scratch: Vec<u8>,
}

/// The decimal sign, or ambiguous.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decided {
    Point,
    Comma,
    Ambiguous,
    Contradicts(usize, usize),
}

impl AmountTexts {
    pub(crate) fn new(option: Decimal, exponent: Option<u8>) -> Self {
        AmountTexts {
            option,
            exponent,
            point: None,
            comma: None,
            open_point: None,
            open_comma: None,
            any: false,
            scratch: Vec::new(),
        }
    }

    /// The first pass: looks at the decimal signs in a chunk's texts.
    pub(crate) fn look(&mut self, chunk: &ColumnData, first_row: usize) -> Result<()> {
        let mut scratch = std::mem::take(&mut self.scratch);
        let looked = each_text(chunk, first_row, |row, text| {
            if text.iter().all(u8::is_ascii_digit) {
                self.any |= !text.is_empty();
                return;
            }
            let Some(shape) = take_apart(plain(text, &mut scratch)) else {
                return;
            };
            self.any = true;
            match shape.tells {
                Tells::Nothing => return,
                Tells::Point => &mut self.point,
                Tells::Comma => &mut self.comma,
                Tells::OpenPoint => &mut self.open_point,
                Tells::OpenComma => &mut self.open_comma,
            }
            .get_or_insert(row);
        });
        self.scratch = scratch;
        looked
    }

    pub(crate) fn decided(&self) -> Decided {
        let three = self.exponent.is_some_and(|exponent| exponent >= 3);
        match (self.option, self.point, self.comma) {
            (Decimal::Point, ..) | (Decimal::Auto, Some(_), None) => Decided::Point,
            (Decimal::Comma, ..) | (Decimal::Auto, None, Some(_)) => Decided::Comma,
            (Decimal::Auto, Some(a), Some(b)) => Decided::Contradicts(a.max(b), a.min(b)),
            (Decimal::Auto, None, None) => match (self.open_point, self.open_comma) {
                (None, None) => Decided::Point,
                (None, Some(_)) if three => Decided::Ambiguous,
                (None, Some(_)) => Decided::Point,
                (Some(_), None) if three => Decided::Point,
                (Some(_), _) => Decided::Ambiguous,
            },
        }
    }

    /// The decimal sign, or the error for an ambiguous column.
    pub(crate) fn decide(&self, column: &str) -> Result<Decided> {
        match self.decided() {
            Decided::Ambiguous => Err(Error::Ambiguous {
                column: column.to_owned(),
                option: "decimal",
                readings: vec![
                    (".".to_owned(), "a decimal point"),
                    (",".to_owned(), "points between thousands"),
                ],
            }),
            Decided::Contradicts(row, other) => Err(Error::Conflict {
                column: column.to_owned(),
                row: row as u64,
                other_row: other as u64,
                problem: "amounts with a decimal comma and amounts with a decimal point".into(),
            }),
            answer => Ok(answer),
        }
    }

    /// The detected format; `None` if no text has a number.
    pub(crate) fn form(&self) -> Option<String> {
        let form = match self.decided() {
            Decided::Comma => "decimal comma",
            _ if self.point.is_some() || self.open_point.is_some() => "decimal point",
            _ => "whole numbers",
        };
        self.any.then(|| form.to_owned())
    }
}

/// Parses an amount; `None` if the text is not an amount. Blank texts are `Some(None)`.
pub(crate) fn read(text: &[u8], decimal: Decided, scratch: &mut Vec<u8>) -> Option<Option<Parsed>> {
    if (1..=18).contains(&text.len()) && text.iter().all(u8::is_ascii_digit) {
        let value = text.iter().fold(0_i64, |v, b| v * 10 + i64::from(b - b'0'));
        return Some(Some(Parsed {
            value: value.into(),
            decimals: 0,
            unit: Unit::None,
        }));
    }
    let text = plain(text, scratch);
    if text.is_empty() {
        return Some(None);
    }
    let shape = take_apart(text)?;
    let point = match decimal {
        Decided::Comma => b',',
        Decided::Point => b'.',
        _ if shape.tells == Tells::Nothing => b'.',
        _ => return None,
    };
    let (value, decimals) = number(shape.body, point)?;
    Some(Some(Parsed {
        value: if shape.negative { -value } else { value },
        decimals,
        unit: shape.unit,
    }))
}

/// Splits a text into signs, currency and number; `None` if there is anything else.
fn take_apart(text: &[u8]) -> Option<Shape<'_>> {
    let mut at = Cursor::new(text);
    let open = at.eat(b'(');
    let mut minuses = u8::from(open);
    let mut plus = false;
    let mut unit = Unit::None;
    // A minus may be before or after the currency.
    for _ in 0..2 {
        at.blanks();
        if minus(&mut at) {
            minuses += 1;
        } else if at.eat(b'+') {
            (!plus).then_some(())?;
            plus = true;
        }
        at.blanks();
        if unit == Unit::None {
            unit = currency(&mut at);
        }
    }
    at.blanks();
    let from = at.at;
    while matches!(at.peek(), Some(b'0'..=b'9' | b'.' | b',' | b'\'' | b' ')) {
        at.at += 1;
    }
    let body = text[from..at.at].trim_ascii_end();
    at.at = from + body.len();
    let closed_in_words = body.last().is_some_and(|b| matches!(b, b',' | b'.'));
    if closed_in_words && at.eat(b'-') {
        // 49,- and 49.- are whole.
        at.eat(b'-');
    } else if at.peek() == Some(b'-') {
        // After an amount with a yen sign a hyphen is an end mark, as on paper; elsewhere it is a
        // minus.
        (!is_yen(unit)).then_some(())?;
        at.at += 1;
        minuses += 1;
    }
    at.blanks();
    if unit == Unit::None && !at.done() {
        unit = currency(&mut at);
        at.blanks();
        if minuses == 0 && !plus && at.eat(b'-') {
            (!is_yen(unit)).then_some(())?;
            minuses += 1;
        }
    }
    at.blanks();
    (at.eat(b')') == open).then_some(())?;
    (at.done() && minuses <= 1 && !(plus && minuses > 0)).then_some(())?;
    Some(Shape {
        negative: minuses == 1,
        unit,
        body,
        tells: tells(body)?,
    })
}

fn is_yen(unit: Unit) -> bool {
    matches!(unit, Unit::Sign(sign) if matches!(SIGNS[usize::from(sign)].0, "¥" | "\\" | "円"))
}

fn minus(at: &mut Cursor) -> bool {
    at.eat(b'-') || at.eat_text("△") || at.eat_text("▲")
}

fn currency(at: &mut Cursor) -> Unit {
    let rest = at.rest();
    match rest.first() {
        None | Some(b'0'..=b'9' | b' ' | b'-' | b'+' | b'.' | b',' | b'(' | b')') => {
            return Unit::None;
        }
        _ => {}
    }
    let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    for (place, (sign, _)) in SIGNS.iter().enumerate() {
        let whole = !letter(sign.as_bytes().last()) || !letter(rest.get(sign.len()));
        if whole && at.eat_text(sign) {
            return Unit::Sign(place as u8);
        }
    }
    match rest {
        [a, b, c, after @ ..]
            if [a, b, c].iter().all(|l| l.is_ascii_uppercase()) && !letter(after.first()) =>
        {
            at.at += 3;
            Unit::Code([*a, *b, *c])
        }
        _ => Unit::None,
    }
}

/// What the signs of a number show about the decimal sign; `None` if it has no digit.
fn tells(body: &[u8]) -> Option<Tells> {
    let (mut points, mut commas, mut others, mut digits, mut last) = (0, 0, 0, 0, 0);
    for (i, byte) in body.iter().enumerate() {
        match byte {
            b'.' => (points, last) = (points + 1, i),
            b',' => (commas, last) = (commas + 1, i),
            b'0'..=b'9' => digits += 1,
            _ => others += 1,
        }
    }
    (digits > 0).then_some(())?;
    Some(match (points, commas) {
        (0, 0) => Tells::Nothing,
        (0, 1) | (1, 0) => {
            let after = body.len() - last - 1;
            let thousands = after == 3 && others == 0 && (1..=3).contains(&last) && body[0] != b'0';
            match (thousands, points) {
                (true, 1) => Tells::OpenPoint,
                (true, _) => Tells::OpenComma,
                (false, 1) => Tells::Point,
                (false, _) => Tells::Comma,
            }
        }
        // A sign that occurs several times groups digits.
        (0, _) => Tells::Point,
        (_, 0) => Tells::Comma,
        _ if body[last] == b'.' => Tells::Point,
        _ => Tells::Comma,
    })
}

/// The digits as a whole number, and the number of decimals.
fn number(body: &[u8], point: u8) -> Option<(i128, u8)> {
    let at = body.iter().position(|b| *b == point);
    let (whole, decimals) = match at {
        Some(at) => (&body[..at], &body[at + 1..]),
        None => (body, &body[..0]),
    };
    let digits = whole_digits(whole)? + decimals.len();
    (decimals.iter().all(u8::is_ascii_digit) && digits > 0).then_some(())?;
    let mut value = 0_i128;
    for digit in whole.iter().chain(decimals).filter(|b| b.is_ascii_digit()) {
        value = value
            .checked_mul(10)?
            .checked_add(i128::from(digit - b'0'))?;
    }
    Some((value, u8::try_from(decimals.len()).ok()?))
}

/// The number of digits before the decimals, in groups of three or (in India) of two before the
/// last three, all separated by the same sign.
fn whole_digits(whole: &[u8]) -> Option<usize> {
    let Some(sep) = whole.iter().find(|b| !b.is_ascii_digit()) else {
        return Some(whole.len());
    };
    let (mut groups, mut digits, mut short) = (0, 0, false);
    let parts = whole.split(|b| b == sep);
    let count = parts.clone().count();
    for part in parts {
        part.iter().all(u8::is_ascii_digit).then_some(())?;
        groups += 1;
        digits += part.len();
        match (groups, part.len()) {
            (1, 1..=3) => {}
            (at, 3) if at == count || !short => {}
            (at, 2) if at < count && (at == 2 || short) => short = true,
            _ => return None,
        }
    }
    // Groups of two begin with at most two digits.
    let first = whole.split(|b| b == sep).next()?.len();
    (!short || first <= 2 && *sep == b',').then_some(digits)
}

/// A parsed column of amounts, for a caller who decides about currencies.
#[derive(Debug, Clone, PartialEq)]
pub struct AmountsRead {
    /// Amounts times ten to the power of `decimals`; `None` if the cell is blank or not an amount.
    pub values: Vec<Option<i128>>,
    /// Decimals of `values`: the greatest number that an amount has, without trailing zeros.
    pub decimals: u8,
    /// ISO codes of the currencies in the texts, ascending. `$` alone has no code.
    pub currencies: Vec<String>,
    /// Rows with text that was not read.
    pub unread: Vec<u64>,
    /// Whether decimals follow a comma.
    pub comma: bool,
    /// Whether no text decides the decimal sign, so that amounts such as 1.234 were not read.
    pub ambiguous: bool,
}

/// Reads columns of texts as amounts.
///
/// # Errors
///
/// A column of another type.
pub fn read_amounts(chunks: &[ColumnData], decimal: Decimal) -> Result<AmountsRead> {
    const UNREAD: Parsed = Parsed {
        value: 0,
        decimals: u8::MAX,
        unit: Unit::None,
    };
    let mut texts = AmountTexts::new(decimal, None);
    let mut first = 0;
    for chunk in chunks {
        chunk.check("amounts")?;
        texts.look(chunk, first)?;
        first += chunk.len();
    }
    let decided = texts.decided();
    let (mut cells, mut currencies) = (Vec::new(), Vec::new());
    let mut last = Unit::None;
    let mut scratch = Vec::new();
    for chunk in chunks {
        let Some(column) = texts_of(chunk) else {
            if matches!(chunk.values, ColumnValues::Null(_)) {
                cells.resize(cells.len() + chunk.len(), None);
                continue;
            }
            return Err(Error::ColumnType {
                column: "amounts".into(),
                found: chunk.type_name(),
                expected: "texts".into(),
            });
        };
        cells.extend(read_texts(chunk, column, 0, None, |_, text| {
            // Fifteen digits before the decimals and nine after are enough for money.
            let read = read(text, decided, &mut scratch)
                .filter(|cell| cell.is_none_or(|cell| is_amount(&cell)));
            let Some(cell) = read else {
                return Some(UNREAD);
            };
            if let Some(unit) = cell.map(|c| c.unit).filter(|unit| *unit != last) {
                last = unit;
                if let Some(code) = unit.code().filter(|code| !currencies.contains(code)) {
                    currencies.push(code);
                }
            }
            cell
        })?);
    }
    currencies.sort_unstable();
    let unread = cells
        .iter()
        .enumerate()
        .filter(|(_, c)| **c == Some(UNREAD));
    let unread = unread.map(|(row, _)| row as u64).collect();
    let shortened = |cell: Option<Parsed>| {
        let Parsed {
            mut value,
            mut decimals,
            ..
        } = cell.filter(|c| *c != UNREAD)?;
        while decimals > 0 && value % 10 == 0 {
            (value, decimals) = (value / 10, decimals - 1);
        }
        Some((value, decimals))
    };
    let short: Vec<Option<(i128, u8)>> = cells.into_iter().map(shortened).collect();
    let decimals = short.iter().flatten().map(|(_, d)| *d).max().unwrap_or(0);
    let scaled = |(value, own): (i128, u8)| value * 10_i128.pow(u32::from(decimals - own));
    Ok(AmountsRead {
        values: short.into_iter().map(|cell| cell.map(scaled)).collect(),
        decimals,
        currencies,
        unread,
        comma: decided == Decided::Comma,
        ambiguous: decided == Decided::Ambiguous,
    })
}

fn is_amount(cell: &Parsed) -> bool {
    cell.decimals <= 9 && cell.value.unsigned_abs() < 10_u128.pow(15 + u32::from(cell.decimals))
}
