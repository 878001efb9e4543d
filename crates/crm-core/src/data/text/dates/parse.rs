//! Parses one date in a text of unknown format.

use crate::data::text::cells::Cursor;
use crate::time::{MAX_MICROS, MICROS_PER_DAY, MIN_MICROS};

/// Orders of the parts of a numeric date with the year last, or with a year of two digits.
pub(super) const DAY_FIRST: u8 = 1;
pub(super) const MONTH_FIRST: u8 = 2;
pub(super) const YEAR_FIRST: u8 = 4;
pub(super) const ALL_ORDERS: u8 = 7;

/// The format of the date part: an index into [`SHAPES`].
pub(super) type Shape = u8;

/// Formats of the date part, in `strptime` notation where possible.
pub(super) const SHAPES: [&str; 28] = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%Y年%m月%d日",
    "Japanese era",
    "%b %d, %Y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%Y-%b-%d",
    "epoch_s",
    "epoch_ms",
    "epoch_us",
    "%d.%m.%Y",
    // By order, sign and digits of the year; see `numeric_shape`.
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%y/%m/%d",
    "%d-%m-%y",
    "%m-%d-%y",
    "%y-%m-%d",
    "%d.%m.%y",
    "%m.%d.%y",
    "%y.%m.%d",
];
const COMPACT: Shape = 3;
const KANJI: Shape = 4;
const ERA: Shape = 5;
const EPOCH_S: Shape = 11;
const DOTTED: Shape = 14;
const NUMERIC: Shape = 15;
const NUMERIC_SHORT: Shape = 19;

/// Parts of the time of day that were written.
pub(super) const CLOCK: u8 = 1;
pub(super) const SECONDS: u8 = 2;
pub(super) const FRACTION: u8 = 4;
pub(super) const HALF: u8 = 8;
pub(super) const ZONED: u8 = 16;

/// No offset.
pub(super) const NO_ZONE: i16 = i16::MIN;

/// A parsed date.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stamp {
    /// Microseconds since 1970-01-01T00:00 on the wall.
    pub(super) wall: i64,
    /// Minutes east of UTC, or [`NO_ZONE`].
    pub(super) offset: i16,
    pub(super) shape: Shape,
    pub(super) clock: u8,
}

/// The result of parsing a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Found {
    Date(Stamp),
    /// A numeric date whose order the text alone does not decide.
    Open,
    Bad,
}

/// The date part.
enum Part {
    Day(i32, Shape),
    /// Microseconds since 1970 in UTC.
    Instant(i64, Shape),
    Open,
}

/// Parses a normalised text; `orders` are the orders that numeric dates may have.
pub(super) fn parse(text: &[u8], orders: u8) -> Found {
    let mut at = Cursor::new(text);
    match date(&mut at, orders) {
        Some(Part::Day(day, shape)) => finish(&mut at, day, shape).map_or(Found::Bad, Found::Date),
        Some(Part::Instant(wall, shape)) if at.done() => Found::Date(Stamp {
            wall,
            offset: 0,
            shape,
            clock: 0,
        }),
        Some(Part::Open) => Found::Open,
        _ => Found::Bad,
    }
}

/// Parses the time of day and the zone after a date.
fn finish(at: &mut Cursor, day: i32, shape: Shape) -> Option<Stamp> {
    let (micros, mut clock) = if at.done() { (0, 0) } else { clock(at, shape)? };
    let offset = if at.done() { NO_ZONE } else { zone(at)? };
    if offset != NO_ZONE {
        clock |= ZONED;
    }
    at.done().then_some(())?;
    let wall = i64::from(day) * MICROS_PER_DAY + micros;
    let instant = match offset {
        NO_ZONE => wall,
        offset => wall - i64::from(offset) * 60_000_000,
    };
    (MIN_MICROS..=MAX_MICROS)
        .contains(&instant)
        .then_some(Stamp {
            wall,
            offset,
            shape,
            clock,
        })
}

/// Days since 1970-01-01 of a date; `None` if the calendar does not have it.
pub(super) fn civil(year: u32, month: u32, day: u32) -> Option<i32> {
    const LENGTHS: [u32; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = LENGTHS.get(month as usize)? + u32::from(leap && month == 2);
    if !(1..=9999).contains(&year) || !(1..=length).contains(&day) {
        return None;
    }
    // Years begin in March here, so that the leap day is the last day.
    let (y, m) = match month {
        1 | 2 => (year as i32 - 1, month as i32 + 9),
        _ => (year as i32, month as i32 - 3),
    };
    let of_year = (153 * m + 2) / 5 + day as i32 - 1;
    Some(365 * y + y / 4 - y / 100 + y / 400 + of_year - 719_468)
}

/// Years of two digits as in POSIX: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068.
pub(super) fn full_year(short: u32) -> u32 {
    short + if short < 69 { 2000 } else { 1900 }
}

fn date(at: &mut Cursor, orders: u8) -> Option<Part> {
    match at.run() {
        0 => in_words(at, orders),
        1 | 2 => day_or_month_first(at, orders),
        4 => year_first(at),
        8 | 14 => compact(at),
        12 if matches!(at.peek(), Some(b'1' | b'2')) => compact(at),
        digits => epoch(at, digits),
    }
}

fn year_first(at: &mut Cursor) -> Option<Part> {
    let year = at.exactly(4)?;
    let sep = at.one_of(b"-/.");
    if sep.is_none() {
        at.blanks();
        return kanji(at, year, KANJI);
    }
    if sep == Some(b'-') && at.run() == 0 {
        let month = month_name(at.word())?;
        let day = at.eat(b'-').then(|| at.number(2)).flatten()?;
        return Some(Part::Day(civil(year, month, day as u32)?, 10));
    }
    // Korean dates have blanks after the dots and a dot after the day: 2024. 1. 5.
    let spaced = sep == Some(b'.') && at.blanks();
    let month = at.number(2)?;
    at.one_of(b"-/.")?;
    if spaced {
        at.blanks();
    }
    let day = at.number(2)?;
    if sep == Some(b'.') {
        at.eat(b'.');
    }
    let shape = match sep {
        Some(b'-') => 0,
        Some(b'/') => 1,
        _ => 2,
    };
    Some(Part::Day(civil(year, month as u32, day as u32)?, shape))
}

/// Parses 年1月5日 or 년 1월 5일 after a year.
fn kanji(at: &mut Cursor, year: u32, shape: Shape) -> Option<Part> {
    let japanese = at.eat_text("年");
    let [of_month, of_day] = if japanese {
        ["月", "日"]
    } else {
        ["월", "일"]
    };
    (japanese || at.eat_text("년")).then_some(())?;
    at.blanks();
    let month = at.number(2)? as u32;
    at.blanks();
    at.eat_text(of_month).then_some(())?;
    at.blanks();
    let day = at.number(2)? as u32;
    at.blanks();
    at.eat_text(of_day).then_some(())?;
    Some(Part::Day(civil(year, month, day)?, shape))
}

fn compact(at: &mut Cursor) -> Option<Part> {
    matches!(at.peek(), Some(b'1' | b'2')).then_some(())?;
    let (year, month, day) = (at.exactly(4)?, at.exactly(2)?, at.exactly(2)?);
    Some(Part::Day(civil(year, month, day)?, COMPACT))
}

/// Seconds, milliseconds or microseconds since 1970, of the years 1990 to 2100.
fn epoch(at: &mut Cursor, digits: usize) -> Option<Part> {
    let (micros, shape) = epoch_micros(at.number(18)?, digits)?;
    let fraction = match shape == EPOCH_S && at.eat(b'.') {
        true => at.millionths()?,
        false => 0,
    };
    Some(Part::Instant(micros + fraction, shape))
}

pub(super) fn epoch_micros(count: u64, digits: usize) -> Option<(i64, Shape)> {
    let (scale, shape) = match digits {
        9 | 10 => (1_000_000, EPOCH_S),
        12 | 13 => (1_000, EPOCH_S + 1),
        15 | 16 => (1, EPOCH_S + 2),
        _ => return None,
    };
    let micros = i64::try_from(count).ok()?.checked_mul(scale)?;
    (631_152_000_000_000..4_102_444_800_000_000)
        .contains(&micros)
        .then_some((micros, shape))
}

/// A date of three numbers whose order is not yet decided.
pub(super) struct Numeric {
    parts: [u32; 3],
    sep: u8,
    short: bool,
}

impl Numeric {
    /// Parses two numbers, twice the same separator, and a year of two or four digits last (or
    /// first).
    pub(super) fn read(at: &mut Cursor) -> Option<Numeric> {
        let a = at.number(2)? as u32;
        let sep = at.one_of(b"/-.")?;
        // 5. 1. 2024
        let spaced = sep == b'.' && at.blanks();
        let b = at.number(2)? as u32;
        at.eat(sep).then_some(())?;
        if spaced {
            at.blanks();
        }
        let digits = at.run();
        let c = at.number(4)? as u32;
        matches!(digits, 2 | 4).then_some(Numeric {
            parts: [a, b, c],
            sep,
            short: digits == 2,
        })
    }

    /// The orders in which the numbers are a date.
    pub(super) fn orders(&self) -> u8 {
        let [a, b, c] = self.parts;
        let (month, day) = (|n| (1..=12).contains(&n), |n| (1..=31).contains(&n));
        let mut orders = 0;
        if day(a) && month(b) {
            orders |= DAY_FIRST;
        }
        // With dots the month cannot be first.
        if month(a) && day(b) && self.sep != b'.' {
            orders |= MONTH_FIRST;
        }
        if self.short && month(b) && day(c) {
            orders |= YEAR_FIRST;
        }
        orders
    }

    /// Whether the order makes no difference, or dots and a four-digit year decide it.
    pub(super) fn is_told(&self) -> bool {
        !self.short && (self.sep == b'.' || self.parts[0] == self.parts[1])
    }

    fn day(&self, order: u8) -> Option<i32> {
        let [a, b, c] = self.parts;
        let (year, month, day) = match order {
            DAY_FIRST => (c, b, a),
            MONTH_FIRST => (c, a, b),
            _ => (a, b, c),
        };
        civil(if self.short { full_year(year) } else { year }, month, day)
    }

    /// The format with a given order.
    pub(super) fn shape(&self, order: u8) -> Shape {
        let by_order = order.trailing_zeros() as u8;
        match (self.short, self.sep) {
            (false, b'.') => DOTTED,
            (false, b'/') => NUMERIC + by_order,
            (false, _) => NUMERIC + 2 + by_order,
            (true, b'/') => NUMERIC_SHORT + by_order,
            (true, b'-') => NUMERIC_SHORT + 3 + by_order,
            (true, _) => NUMERIC_SHORT + 6 + by_order,
        }
    }
}

fn day_or_month_first(at: &mut Cursor, orders: u8) -> Option<Part> {
    let start = at.clone();
    let first = at.number(2)? as u32;
    let sep = at.one_of(b"/-.");
    if sep == Some(b'.') {
        at.blanks();
    }
    if sep.is_some() && at.run() > 0 {
        *at = start;
        let numeric = Numeric::read(at)?;
        let order = match (numeric.is_told(), orders) {
            (true, _) => DAY_FIRST,
            (false, DAY_FIRST | MONTH_FIRST | YEAR_FIRST) => orders,
            (false, _) => return (numeric.orders() != 0).then_some(Part::Open),
        };
        (numeric.orders() & order != 0).then_some(())?;
        return Some(Part::Day(numeric.day(order)?, numeric.shape(order)));
    }
    if sep.is_none() {
        ordinal(at);
    }
    at.blanks();
    let month = month_name(at.word())?;
    match sep {
        Some(sep) if sep != b'.' => {
            at.eat(sep).then_some(())?;
        }
        _ => {
            at.one_of(b".,");
            at.blanks();
        }
    }
    let digits = at.run();
    let year = at.number(4)? as u32;
    let (year, shape) = match (digits, sep) {
        (2, _) => (full_year(year), 9),
        (4, Some(b'-' | b'/')) => (year, 8),
        (4, _) => (year, 7),
        _ => return None,
    };
    // The log of a web server: 05/Jan/2024:10:00:00 +0000
    if sep == Some(b'/') && at.peek() == Some(b':') {
        at.at += 1;
    }
    Some(Part::Day(civil(year, month, first)?, shape))
}

fn in_words(at: &mut Cursor, orders: u8) -> Option<Part> {
    const ERAS: [(&str, &str, u32, u32); 4] = [
        // Name, letter, year before the first, last year.
        ("令和", "R", 2018, 99),
        ("平成", "H", 1988, 31),
        ("昭和", "S", 1925, 64),
        ("大正", "T", 1911, 15),
    ];
    for (name, letter, before, last) in ERAS {
        let short = || {
            at.rest().starts_with(letter.as_bytes())
                && matches!(at.rest().get(1), Some(b'0'..=b'9' | b'.' | 0xe5))
        };
        let length = match at.rest().starts_with(name.as_bytes()) {
            true => name.len(),
            false if short() => 1,
            false => continue,
        };
        at.at += length;
        if length == 1 {
            at.eat(b'.');
        }
        at.blanks();
        let year = if at.eat_text("元") {
            1
        } else {
            at.number(2)? as u32
        };
        (1..=last).contains(&year).then_some(())?;
        if let Some(sep) = at.one_of(b"./-") {
            let month = at.number(2)? as u32;
            at.eat(sep).then_some(())?;
            return Some(Part::Day(
                civil(before + year, month, at.number(2)? as u32)?,
                ERA,
            ));
        }
        at.blanks();
        return kanji(at, before + year, ERA);
    }
    let word = at.word();
    if is_weekday(word) {
        at.one_of(b".,");
        at.blanks();
        at.one_of(b",");
        at.blanks();
        // At most one weekday, so this does not recurse further.
        return match at.run() {
            0 => month_first(month_name(at.word())?, at),
            _ => date(at, orders),
        };
    }
    month_first(month_name(word)?, at)
}

/// Parses `5, 2024` after the name of a month.
fn month_first(month: u32, at: &mut Cursor) -> Option<Part> {
    at.eat(b'.');
    at.blanks();
    let day = at.number(2)? as u32;
    ordinal(at);
    let comma = at.eat(b',');
    (at.blanks() || comma).then_some(())?;
    let year = at.exactly(4)?;
    Some(Part::Day(civil(year, month, day)?, 6))
}

fn ordinal(at: &mut Cursor) {
    let _ = ["st", "nd", "rd", "th"].into_iter().any(|s| at.eat_text(s));
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// An English name, in full or three letters (`sept` too).
pub(super) fn month_name(word: &[u8]) -> Option<u32> {
    let known = |name: &str| {
        word.eq_ignore_ascii_case(&name.as_bytes()[..3])
            || word.eq_ignore_ascii_case(name.as_bytes())
    };
    let at = MONTHS.iter().position(|name| known(name));
    at.or_else(|| word.eq_ignore_ascii_case(b"sept").then_some(8))
        .map(|at| at as u32 + 1)
}

fn is_weekday(word: &[u8]) -> bool {
    (3..=9).contains(&word.len())
        && WEEKDAYS.iter().any(|name| {
            let name = name.as_bytes();
            (word.len() <= 5 || word.len() == name.len())
                && name
                    .get(..word.len())
                    .is_some_and(|start| word.eq_ignore_ascii_case(start))
        })
}

/// `(水)` or `(Wed)`.
fn weekday_in_brackets(at: &mut Cursor) {
    let start = at.clone();
    at.blanks();
    if at.eat(b'(') {
        let day = [
            "月", "火", "水", "木", "金", "土", "日", "월", "화", "수", "목", "금", "토", "일",
        ];
        let known = match at.run_of_letters() {
            true => is_weekday(at.word()),
            false => day.into_iter().any(|day| at.eat_text(day)),
        };
        at.eat_text("曜日");
        at.eat_text("曜");
        if known && at.eat(b')') {
            return;
        }
    }
    *at = start;
}

fn clock(at: &mut Cursor, shape: Shape) -> Option<(i64, u8)> {
    weekday_in_brackets(at);
    let before = at.clone();
    let marked = at.one_of(b"Tt").is_some();
    if !marked {
        at.eat(b',');
        at.blanks();
    }
    let mut half = before_noon(at);
    let kanji_half = half.is_some();
    at.blanks();
    let digits = at.run();
    if digits == 0 {
        *at = before;
        return (half.is_none() && !marked).then_some((0, 0));
    }
    if shape == COMPACT && matches!(digits, 4 | 6) && half.is_none() {
        return basic_clock(at);
    }
    let hour = at.number(2)? as i64;
    let (mut minute, mut second, mut fraction, mut flags) = (0, 0, 0, CLOCK);
    let japanese = at.eat_text("時");
    let minutes = if japanese { at.run() > 0 } else { at.eat(b':') };
    if minutes {
        minute = at.number(2)? as i64;
        let more = if japanese {
            at.eat_text("分")
        } else {
            at.eat(b':') || at.eat_text("分")
        };
        if more && at.run() > 0 {
            second = at.number(2)? as i64;
            flags |= SECONDS;
            if at.one_of(b".,").is_some() {
                fraction = at.millionths()?;
                flags |= FRACTION;
            }
            at.eat_text("秒");
        }
    }
    if half.is_none() {
        half = after_clock(at);
    }
    // An hour alone is a time only with a word (時, PM).
    (minutes || japanese || half.is_some()).then_some(())?;
    let hour = match half {
        None => hour,
        Some(afternoon) => {
            // 午後0時30分 is half past twelve.
            let from = i64::from(!kanji_half);
            (from..=12).contains(&hour).then_some(())?;
            flags |= HALF;
            hour % 12 + if afternoon { 12 } else { 0 }
        }
    };
    micros_of(hour, minute, second).map(|micros| (micros + fraction, flags))
}

fn micros_of(hour: i64, minute: i64, second: i64) -> Option<i64> {
    (hour < 24 && minute < 60 && second < 60)
        .then_some(((hour * 60 + minute) * 60 + second) * 1_000_000)
}

/// Parses `1234` or `123456` after a date without separators.
fn basic_clock(at: &mut Cursor) -> Option<(i64, u8)> {
    let (hour, minute) = (at.exactly(2)?, at.exactly(2)?);
    let (mut second, mut fraction, mut flags) = (0, 0, CLOCK);
    if at.run() > 0 {
        second = at.exactly(2)?;
        flags |= SECONDS;
        if at.eat(b'.') {
            fraction = at.millionths()?;
            flags |= FRACTION;
        }
    }
    let micros = micros_of(hour.into(), minute.into(), second.into())?;
    Some((micros + fraction, flags))
}

/// Parses 午前 or 午後 (or the Chinese or Korean words) before the hour: whether it is the afternoon.
fn before_noon(at: &mut Cursor) -> Option<bool> {
    let mut any = |words: [&str; 3]| words.into_iter().any(|word| at.eat_text(word));
    let morning = any(["午前", "上午", "오전"]);
    (morning || any(["午後", "下午", "오후"])).then_some(!morning)
}

/// Parses AM or PM after the time.
pub(super) fn after_clock(at: &mut Cursor) -> Option<bool> {
    let start = at.clone();
    at.blanks();
    let half = at.one_of(b"AaPp").and_then(|half| {
        at.eat(b'.');
        at.one_of(b"Mm")?;
        at.eat(b'.');
        Some(matches!(half, b'P' | b'p'))
    });
    if half.is_none() {
        *at = start;
    }
    half
}

/// Minutes east of UTC, or [`NO_ZONE`] at the end of the text.
pub(super) fn zone(at: &mut Cursor) -> Option<i16> {
    at.blanks();
    let offset = if at.eat(b'Z') || at.eat(b'z') {
        0
    } else if at.eat_text("JST") {
        540
    } else if at.eat_text("UTC") || at.eat_text("GMT") {
        signed(at, 1).unwrap_or(0)
    } else if at.done() {
        return Some(NO_ZONE);
    } else {
        signed(at, 2)?
    };
    at.blanks();
    // A zone's name in brackets repeats the offset.
    if at.eat(b'(') {
        while at.peek().is_some_and(|b| b != b')') {
            at.at += 1;
        }
        at.eat(b')').then_some(())?;
    }
    Some(offset)
}

/// Parses an offset whose hours have at least `least` digits.
fn signed(at: &mut Cursor, least: usize) -> Option<i16> {
    let sign = if at.one_of(b"+-")? == b'-' { -1 } else { 1 };
    let hours = match at.run() {
        1 if least == 1 => at.exactly(1)? as i16,
        2 | 4 => at.exactly(2)? as i16,
        _ => return None,
    };
    at.eat(b':');
    let minutes = if at.run() > 0 {
        at.exactly(2)? as i16
    } else {
        0
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

impl Cursor<'_> {
    fn run_of_letters(&self) -> bool {
        self.peek().is_some_and(|b| b.is_ascii_alphabetic())
    }
}
