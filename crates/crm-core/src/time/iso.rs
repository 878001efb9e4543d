//! Times as ISO 8601 text.

use super::{Day, MAX_MICROS, MICROS_PER_DAY, MIN_MICROS, Zone};

/// Parses ISO 8601 text: a date, or date and time of day with up to nine decimals of a second (cut
/// to microseconds), with or without an offset. Returns microseconds and whether they are wall
/// clock.
pub(crate) fn iso(text: &[u8]) -> Option<(i64, bool)> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let date: Day = text.get(..10)?.parse().ok()?;
    let midnight = i64::from(date.0) * MICROS_PER_DAY;
    let rest = &text[10..];
    if rest.is_empty() {
        return Some((midnight, true));
    }
    let rest = rest.strip_prefix(['T', ' '])?;
    let zone_at = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(zone_at);
    let clock = clock.trim_end();
    let two = |from: usize| -> Option<i64> {
        let digits = clock.get(from..from + 2)?;
        digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    let colon = |at: usize| clock.as_bytes().get(at) == Some(&b':');
    let (hour, minute) = (two(0)?, two(3).filter(|_| colon(2))?);
    let (second, fraction) = match clock.len() {
        5 => (0, 0),
        8 => (two(6).filter(|_| colon(5))?, 0),
        _ => {
            let digits = clock.get(8..)?.strip_prefix('.')?;
            if !(1..=9).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let nanos = digits.parse::<i64>().ok()? * 10_i64.pow(9 - digits.len() as u32);
            (two(6).filter(|_| colon(5))?, nanos / 1000)
        }
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let wall = midnight + ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction;
    let offset = match zone {
        "" => return Some((wall, true)),
        zone => Zone::parse(zone).ok()?.fixed()?,
    };
    let instant = wall - offset;
    (MIN_MICROS..=MAX_MICROS)
        .contains(&instant)
        .then_some((instant, false))
}
