//! The option `date_format`: a `strptime` pattern, or a word for numbers.

use super::parse;
use super::parse::{NO_ZONE, Stamp, civil, full_year};
use crate::data::text::cells::Cursor;
use crate::error::{Error, Result};
use crate::time::{MAX_MICROS, MICROS_PER_DAY, MIN_MICROS};

/// The format of dates in a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Format {
    /// Detected from the texts.
    Auto,
    /// A `strptime` pattern.
    Pattern(Vec<Item>),
    /// Seconds, milliseconds or microseconds since 1970; the value is the unit in microseconds.
    Epoch(i64),
    /// Excel's serial numbers, in the 1900 date system.
    Excel,
}

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    Letter(u8),
    Blank,
    Byte(u8),
}

const KNOWN: &str = "YymdHIpMSfzbBj";
const EXPECTED: &str = "\"epoch_s\", \"epoch_ms\", \"epoch_us\", \"excel\", or a pattern with a year, a month and a day \
                        such as \"%d/%m/%Y %H:%M\" (%Y %y %m %d %H %I %p %M %S %f %z %b %B %j, each once)";

impl Format {
    /// # Errors
    ///
    /// An option error.
    pub(super) fn parse(text: Option<&str>) -> Result<Format> {
        let Some(text) = text else {
            return Ok(Format::Auto);
        };
        match text {
            "epoch_s" => return Ok(Format::Epoch(1_000_000)),
            "epoch_ms" => return Ok(Format::Epoch(1_000)),
            "epoch_us" => return Ok(Format::Epoch(1)),
            "excel" => return Ok(Format::Excel),
            _ => {}
        }
        pattern(text)
            .map(Format::Pattern)
            .ok_or_else(|| Error::option("date_format", format_args!("{text:?}"), EXPECTED))
    }

    /// The date in a text; `None` if the text does not match.
    pub(super) fn read(&self, text: &[u8]) -> Option<Stamp> {
        match self {
            Format::Auto => None,
            Format::Pattern(items) => by_pattern(items, text),
            Format::Epoch(scale) => {
                let mut at = Cursor::new(text);
                let negative = at.eat(b'-');
                let count = (at.run() <= 18).then(|| at.number(18)).flatten()? as i64;
                let whole = count.checked_mul(*scale)?;
                let fraction = match at.eat(b'.') {
                    true => at.millionths()? * scale / 1_000_000,
                    false => 0,
                };
                at.done().then_some(())?;
                let micros = whole + fraction;
                instant(if negative { -micros } else { micros })
            }
            Format::Excel => {
                let plain = text.iter().all(|b| b.is_ascii_digit() || *b == b'.');
                let text = std::str::from_utf8(text).ok().filter(|_| plain)?;
                excel(text.parse().ok()?)
            }
        }
    }

    /// The date of a number, if it has one.
    pub(super) fn whole(&self, number: i64) -> Option<Stamp> {
        match self {
            Format::Epoch(scale) => instant(number.checked_mul(*scale)?),
            Format::Excel => excel(number as f64),
            _ => self.read(number.to_string().as_bytes()),
        }
    }

    /// The date of a float, for formats with fractions.
    pub(super) fn float(&self, number: f64) -> Option<Stamp> {
        match self {
            Format::Epoch(scale) => {
                let micros = libm::rint(number * *scale as f64);
                (micros.abs() < 9e18)
                    .then(|| instant(micros as i64))
                    .flatten()
            }
            Format::Excel => excel(number),
            _ => None,
        }
    }
}

fn instant(micros: i64) -> Option<Stamp> {
    stamp(micros, 0)
}

fn stamp(wall: i64, offset: i16) -> Option<Stamp> {
    let zone = if offset == NO_ZONE {
        0
    } else {
        i64::from(offset)
    };
    (MIN_MICROS..=MAX_MICROS)
        .contains(&wall.saturating_sub(zone * 60_000_000))
        .then_some(Stamp {
            wall,
            offset,
            shape: 0,
            clock: 0,
        })
}

/// Day 1 is 1900-01-01, and day 60 is 29 February 1900, which did not exist. Fractions are the time
/// of day, to the millisecond, which is the precision of a float.
fn excel(serial: f64) -> Option<Stamp> {
    if !(1.0..2_958_466.0).contains(&serial) || (60.0..61.0).contains(&serial) {
        return None;
    }
    let before_1970 = if serial < 60.0 { 25_568.0 } else { 25_569.0 };
    let millis = libm::rint((serial - before_1970) * (MICROS_PER_DAY / 1_000) as f64);
    stamp(millis as i64 * 1_000, NO_ZONE)
}

fn pattern(text: &str) -> Option<Vec<Item>> {
    let (mut items, mut seen) = (Vec::new(), [false; 128]);
    let mut scratch = Vec::new();
    let mut bytes = crate::data::text::cells::plain(text.as_bytes(), &mut scratch).iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => match *bytes.next()? {
                b'%' => items.push(Item::Byte(b'%')),
                letter if KNOWN.as_bytes().contains(&letter) => {
                    let once = !std::mem::replace(&mut seen[usize::from(letter)], true);
                    once.then(|| items.push(Item::Letter(letter)))?;
                }
                _ => return None,
            },
            b' ' => {
                if items.last() != Some(&Item::Blank) {
                    items.push(Item::Blank);
                }
            }
            byte => items.push(Item::Byte(*byte)),
        }
    }
    let has = |letter: u8| usize::from(seen[usize::from(letter)]);
    let months = has(b'm') + has(b'b') + has(b'B');
    let year = has(b'Y') + has(b'y') == 1;
    let day = months == 1 && has(b'd') == 1 && has(b'j') == 0
        || has(b'j') == 1 && months == 0 && has(b'd') == 0;
    let clock = has(b'I') == has(b'p') && has(b'H') + has(b'I') <= 1;
    (year && day && clock).then_some(items)
}

fn by_pattern(items: &[Item], text: &[u8]) -> Option<Stamp> {
    let mut at = Cursor::new(text);
    let (mut year, mut month, mut day, mut of_year) = (0, 1, 1, None);
    let (mut hour, mut minute, mut second, mut micros) = (0_i64, 0_i64, 0_i64, 0_i64);
    let (mut afternoon, mut offset) = (None, NO_ZONE);
    for item in items {
        match item {
            Item::Blank => {
                at.blanks().then_some(())?;
            }
            Item::Byte(byte) => at.eat(*byte).then_some(())?,
            Item::Letter(letter) => match letter {
                b'Y' => year = at.exactly(4)?,
                b'y' => year = full_year(at.exactly(2)?),
                b'm' => month = at.number(2)? as u32,
                b'd' => day = at.number(2)? as u32,
                b'b' | b'B' => month = parse::month_name(at.word())?,
                b'j' => of_year = Some(at.number(3)? as i32),
                b'H' => hour = at.number(2)? as i64,
                b'I' => {
                    hour = at.number(2)? as i64;
                    (1..=12).contains(&hour).then_some(())?;
                }
                b'p' => {
                    let before = at.eat_text("午前");
                    afternoon = match before || at.eat_text("午後") {
                        true => Some(!before),
                        false => Some(parse::after_clock(&mut at)?),
                    };
                }
                b'M' => minute = at.number(2)? as i64,
                b'S' => second = at.number(2)? as i64,
                b'f' => micros = at.millionths()?,
                _ => {
                    offset = parse::zone(&mut at)?;
                    (offset != NO_ZONE).then_some(())?;
                }
            },
        }
    }
    at.done().then_some(())?;
    if let Some(afternoon) = afternoon {
        hour = hour % 12 + if afternoon { 12 } else { 0 };
    }
    (hour < 24 && minute < 60 && second < 60).then_some(())?;
    let days = match of_year {
        None => civil(year, month, day)?,
        Some(n) => {
            let first = civil(year, 1, 1)?;
            let length = civil(year, 12, 31)? - first + 1;
            (1..=length).contains(&n).then_some(first + n - 1)?
        }
    };
    let seconds = (hour * 60 + minute) * 60 + second;
    stamp(
        i64::from(days) * MICROS_PER_DAY + seconds * 1_000_000 + micros,
        offset,
    )
}
