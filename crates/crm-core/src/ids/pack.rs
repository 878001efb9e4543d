//! Packs ids into integers of 128 bits whose order is the order of the bytes: short texts and
//! UUIDs.

use crate::columns::{ColumnData, ColumnValues, Strings};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// Up to 15 bytes, left-aligned, and the length in the last.
    Short,
    /// A lower-case UUID with hyphens.
    Uuid,
    /// 16 bytes as they are.
    Raw,
}

/// Whether the texts of a column can be packed, by a cheap check.
pub(super) fn packs(column: &ColumnData, packing: Packing) -> bool {
    let ColumnValues::Text(texts) = &column.values else {
        return true;
    };
    let lengths_fit = |most: i64| match texts {
        Strings::Small(offsets, _) => offsets.windows(2).all(|w| i64::from(w[1] - w[0]) <= most),
        Strings::Large(offsets, _) => offsets.windows(2).all(|w| w[1] - w[0] <= most),
    };
    match packing {
        Packing::Short => lengths_fit(15),
        // The first text decides; a later text that is not a UUID ends the form.
        _ => (0..texts.len())
            .find(|i| column.is_valid(*i))
            .is_none_or(|i| uuid(texts.bytes(i)).is_some()),
    }
}

/// A text of at most 15 bytes, left-aligned, its length in the last byte: these integers have the
/// order of the texts' bytes.
#[inline]
pub(super) fn short(texts: &Strings, i: usize) -> u128 {
    let (from, to, bytes) = match texts {
        Strings::Small(offsets, bytes) => (offsets[i] as usize, offsets[i + 1] as usize, bytes),
        Strings::Large(offsets, bytes) => (offsets[i] as usize, offsets[i + 1] as usize, bytes),
    };
    let len = to - from;
    if let Some(Ok(whole)) = bytes.get(from..from + 16).map(TryInto::try_into) {
        // Sixteen bytes at once, those behind the text masked away.
        let keep = !(u128::MAX >> (8 * len));
        return u128::from_be_bytes(whole) & keep | len as u128;
    }
    let mut padded = [0; 16];
    padded[..len].copy_from_slice(&bytes[from..to]);
    padded[15] = len as u8;
    u128::from_be_bytes(padded)
}

/// [`short`] of one text; `None` if it is longer.
pub(super) fn packed_short(text: &[u8]) -> Option<u128> {
    let mut padded = [0; 16];
    padded
        .get_mut(..15)?
        .get_mut(..text.len())?
        .copy_from_slice(text);
    padded[15] = text.len() as u8;
    Some(u128::from_be_bytes(padded))
}

/// A UUID in its canonical text, 8-4-4-4-12 lower-case hex digits; `None` for any other text.
#[inline]
pub(super) fn uuid(text: &[u8]) -> Option<u128> {
    let text: &[u8; 36] = text.try_into().ok()?;
    if text[8] != b'-' || text[13] != b'-' || text[18] != b'-' || text[23] != b'-' {
        return None;
    }
    let word =
        |from: usize| -> [u8; 4] { [text[from], text[from + 1], text[from + 2], text[from + 3]] };
    let eight = |a: usize, b: usize| {
        let ([a, b, c, d], [e, f, g, h]) = (word(a), word(b));
        hex(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    };
    let (a, b, c, d) = (eight(0, 4)?, eight(9, 14)?, eight(19, 24)?, eight(28, 32)?);
    Some(u128::from(a) << 96 | u128::from(b) << 64 | u128::from(c) << 32 | u128::from(d))
}

/// Eight lower-case hex digits at once.
#[inline]
pub(super) fn hex(digits: u64) -> Option<u32> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let nibbles = (digits & (0x0f * ONES)) + 9 * (digits >> 6 & ONES);
    // Writing the nibbles back must give the same text: every other character fails this.
    if nibbles & (0xf0 * ONES) != 0 || hex_text(nibbles) != digits {
        return None;
    }
    let bytes = (nibbles | nibbles >> 4) & 0x00ff_00ff_00ff_00ff;
    let words = (bytes | bytes >> 8) & 0x0000_ffff_0000_ffff;
    Some((words | words >> 16) as u32)
}

/// Eight nibbles, one per byte, as lower-case hex digits.
#[inline]
pub(super) fn hex_text(nibbles: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let letters = (nibbles + 6 * ONES) >> 4 & ONES;
    nibbles + 0x30 * ONES + 39 * letters
}

pub(super) fn uuid_text(key: u128) -> [u8; 36] {
    let mut text = [b'-'; 36];
    let digits = (0..32).map(|i| (key >> (124 - 4 * i)) as u8 & 15);
    let places = (0..36).filter(|i| ![8, 13, 18, 23].contains(i));
    for (place, digit) in places.zip(digits) {
        text[place] = if digit < 10 {
            b'0' + digit
        } else {
            b'a' + digit - 10
        };
    }
    text
}
