//! Texts in cells: normalised digits, signs and blanks, and a cursor for parsing.

use crate::columns::{ColumnData, ColumnValues, Strings};
use crate::context::{filled, room};
use crate::error::Result;

/// How a column of texts was read, shown to users.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Understood {
    /// The column.
    pub column: String,
    /// How its texts were read: `"%d/%m/%Y"`, `"epoch_ms"`, `"decimal comma"`.
    pub form: String,
}

/// Adds the formats of another import.
pub(crate) fn understand(known: &mut Vec<Understood>, more: &[Understood]) {
    for one in more {
        if !known.contains(one) {
            known.push(one.clone());
        }
    }
}

/// The texts of a column or of its dictionary; `None` for other types.
pub(crate) fn texts_of(column: &ColumnData) -> Option<&Strings> {
    match &column.looked_up().0.values {
        ColumnValues::Text(texts) => Some(texts),
        _ => None,
    }
}

/// Calls `look` with the first row and the text of each entry that some row uses.
pub(crate) fn each_text(
    column: &ColumnData,
    first_row: usize,
    mut look: impl FnMut(usize, &[u8]),
) -> Result<()> {
    let Some(texts) = texts_of(column) else {
        return Ok(());
    };
    let keys = column.looked_up().1;
    let valid = column.validity();
    let mut seen = match keys {
        Some(_) => filled(texts.len(), false, "texts")?,
        None => Vec::new(),
    };
    for i in 0..column.len() {
        if !valid(i) {
            continue;
        }
        let entry = keys.map_or(i, |keys| keys[i] as usize);
        if keys.is_some() && std::mem::replace(&mut seen[entry], true) {
            continue;
        }
        look(first_row + i, texts.bytes(entry));
    }
    Ok(())
}

/// The result of `read` for each row's text, `null` for null cells. An entry of a dictionary is
/// read once.
pub(crate) fn read_texts<T: Copy>(
    column: &ColumnData,
    texts: &Strings,
    first_row: usize,
    null: T,
    mut read: impl FnMut(usize, &[u8]) -> T,
) -> Result<Vec<T>> {
    let n = column.len();
    let valid = column.validity();
    let mut out = room(n, "column")?;
    match column.looked_up().1 {
        None => out.extend((0..n).map(|i| match valid(i) {
            true => read(first_row + i, texts.bytes(i)),
            false => null,
        })),
        Some(keys) => {
            let mut known = filled(texts.len(), None, "texts")?;
            out.extend((0..n).map(|i| match valid(i) {
                true => {
                    let entry = keys[i] as usize;
                    *known[entry].get_or_insert_with(|| read(first_row + i, texts.bytes(entry)))
                }
                false => null,
            }));
        }
    }
    Ok(out)
}

/// The text without blanks around it; full-width characters, unusual blanks, minus signs and
/// apostrophes become ASCII.
pub(crate) fn plain<'a>(text: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    if text.is_ascii() {
        return text.trim_ascii();
    }
    // A longer text cannot be a date or amount.
    let Some(text) = (text.len() <= 256)
        .then(|| std::str::from_utf8(text).ok())
        .flatten()
    else {
        return b"?";
    };
    scratch.clear();
    for c in text.chars() {
        let c = match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            '\u{3000}' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => ' ',
            '\u{2212}' | '\u{fe63}' | '\u{2010}'..='\u{2015}' => '-',
            '\u{2019}' | '\u{2bc}' => '\'',
            '\u{ffe5}' => '¥',
            '\u{ffe1}' => '£',
            '\u{ffe6}' => '₩',
            // Marks of writing direction and of byte order.
            '\u{200e}' | '\u{200f}' | '\u{feff}' => continue,
            c => c,
        };
        scratch.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    scratch.trim_ascii()
}

/// A position in a text.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Cursor { bytes, at: 0 }
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(crate) fn done(&self) -> bool {
        self.at == self.bytes.len()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    #[inline]
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// The next byte, if it is one of these.
    #[inline]
    pub(crate) fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let found = self.peek().filter(|b| bytes.contains(b));
        self.at += usize::from(found.is_some());
        found
    }

    pub(crate) fn eat_text(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text.as_bytes());
        self.at += if found { text.len() } else { 0 };
        found
    }

    /// Whether there was a blank to skip.
    #[inline]
    pub(crate) fn blanks(&mut self) -> bool {
        let from = self.at;
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.at > from
    }

    /// The number of digits from here on.
    #[inline]
    pub(crate) fn run(&self) -> usize {
        let rest = self.rest();
        rest.iter()
            .position(|b| !b.is_ascii_digit())
            .unwrap_or(rest.len())
    }

    /// A number of one to `most` digits (eighteen at most).
    #[inline]
    pub(crate) fn number(&mut self, most: usize) -> Option<u64> {
        let (from, mut value) = (self.at, 0);
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            if self.at - from == most {
                break;
            }
            value = value * 10 + u64::from(digit - b'0');
            self.at += 1;
        }
        (self.at > from).then_some(value)
    }

    /// A number of exactly this many digits.
    #[inline]
    pub(crate) fn exactly(&mut self, digits: usize) -> Option<u32> {
        let from = self.at;
        let value = self.number(digits)? as u32;
        (self.at - from == digits).then_some(value)
    }

    /// Decimals as millionths; further digits are cut off.
    pub(crate) fn millionths(&mut self) -> Option<i64> {
        let digits = self.run();
        if !(1..=9).contains(&digits) {
            return None;
        }
        let value = self.number(9)? as i64;
        Some(match digits {
            0..=6 => value * 10_i64.pow(6 - digits as u32),
            _ => value / 10_i64.pow(digits as u32 - 6),
        })
    }

    /// ASCII letters.
    pub(crate) fn word(&mut self) -> &'a [u8] {
        let from = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphabetic()) {
            self.at += 1;
        }
        &self.bytes[from..self.at]
    }
}
