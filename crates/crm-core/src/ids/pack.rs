//! Packs ids into integers of 128 bits whose order is the order of the bytes: short texts and
//! UUIDs.

use crate::columns::{ColumnData, ColumnValues, INSIDE, Strings, of_view};
use crate::context::Context;
use crate::error::Result;
use std::ops::Range;

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
pub(super) fn packs(column: &ColumnData, packing: Packing, context: &Context) -> Result<bool> {
    let ColumnValues::Text(texts) = &column.values else {
        return Ok(true);
    };
    if packing == Packing::Short {
        let parts = context.map(context.parts(texts.len()), |part| {
            let ends = part.start..part.end + 1;
            Ok(match texts {
                Strings::Small(offsets, _) => {
                    let mut lengths = offsets[ends].windows(2).map(|w| w[1] - w[0]);
                    lengths.all(|length| length <= 15)
                }
                Strings::Large(offsets, _) => {
                    let mut lengths = offsets[ends].windows(2).map(|w| w[1] - w[0]);
                    lengths.all(|length| length <= 15)
                }
                // Null cells may have any length.
                Strings::Views(views, _) => {
                    let mut rows = part.clone().zip(&views[part]);
                    rows.all(|(i, view)| of_view(view, 0) <= 15 || !column.is_valid(i))
                }
            })
        })?;
        return Ok(parts.into_iter().all(|fits| fits));
    }
    // The first text decides; a later text that is not a UUID ends the form.
    let first = (0..texts.len()).find(|i| column.is_valid(*i));
    Ok(first.is_none_or(|i| uuid(texts.bytes(i)).is_some()))
}

/// Packs texts of at most 15 bytes, left-aligned, their length in the last byte: these integers have
/// the order of the texts' bytes.
pub(super) fn shorts(texts: &Strings, rows: Range<usize>, out: &mut [u128]) {
    fn each<T: Copy>(offsets: &[T], bytes: &[u8], out: &mut [u128], at: impl Fn(T) -> usize) {
        for (to, pair) in out.iter_mut().zip(offsets.windows(2)) {
            *to = short(bytes, at(pair[0]), at(pair[1]));
        }
    }
    let ends = rows.start..rows.end + 1;
    if let Strings::Views(views, buffers) = texts {
        // Neighbours are mostly in one buffer.
        let (mut number, mut bytes): (usize, &[u8]) = (usize::MAX, &[]);
        for (to, view) in out.iter_mut().zip(&views[rows]) {
            let length = of_view(view, 0);
            if length <= INSIDE {
                // The bytes behind the length, left-aligned.
                let after = u128::from_be_bytes(bytemuck::cast(*view)) << 32;
                *to = after & KEEP[length] | length as u128;
                continue;
            }
            if of_view(view, 2) != number {
                number = of_view(view, 2);
                bytes = buffers.get(number).map_or(&[], |buffer| &buffer[..]);
            }
            let from = of_view(view, 3);
            *to = short(bytes, from, from.saturating_add(length));
        }
        return;
    }
    match texts {
        Strings::Small(offsets, bytes) => each(&offsets[ends], bytes, out, |o| o as usize),
        Strings::Large(offsets, bytes) => each(&offsets[ends], bytes, out, |o| o as usize),
        Strings::Views(..) => {}
    }
}

/// By length, the bytes of a text that is at the begin of sixteen bytes.
static KEEP: [u128; 16] = {
    let mut keep = [0; 16];
    let mut length = 1;
    while length < 16 {
        keep[length] = !(u128::MAX >> (8 * length));
        length += 1;
    }
    keep
};

#[inline]
fn short(bytes: &[u8], from: usize, to: usize) -> u128 {
    let len = to - from;
    let rest = bytes.get(from..).unwrap_or_default();
    if let Some(whole) = rest.first_chunk::<16>() {
        // Sixteen bytes at once, those behind the text masked away.
        return u128::from_be_bytes(*whole) & KEEP[len & 15] | len as u128;
    }
    rest.get(..len).and_then(packed_short).unwrap_or_default()
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
    let word = |from: usize| [text[from], text[from + 1], text[from + 2], text[from + 3]];
    let eight = |a: usize, b: usize| {
        let ([a, b, c, d], [e, f, g, h]) = (word(a), word(b));
        hex(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    };
    let (a, b, c, d) = (eight(0, 4), eight(9, 14), eight(19, 24), eight(28, 32));
    // One test for all four.
    if a.1 | b.1 | c.1 | d.1 != 0 {
        return None;
    }
    let high = u64::from(a.0) << 32 | u64::from(b.0);
    let low = u64::from(c.0) << 32 | u64::from(d.0);
    Some(u128::from(high) << 64 | u128::from(low))
}

/// Packs UUIDs; whether each cell that is `valid` is one.
pub(super) fn uuids(
    texts: &Strings,
    rows: Range<usize>,
    out: &mut [u128],
    valid: impl Fn(usize) -> bool,
) -> bool {
    let mut fit = true;
    let mut put = |to: &mut u128, i: usize, text: &[u8]| {
        *to = uuid(text).unwrap_or_else(|| {
            fit &= !valid(i);
            0
        });
    };
    // The buffers are asked for once.
    match texts {
        Strings::Small(offsets, bytes) => {
            let (offsets, bytes) = (&offsets[..], &bytes[..]);
            for (to, i) in out.iter_mut().zip(rows) {
                put(to, i, &bytes[offsets[i] as usize..offsets[i + 1] as usize]);
            }
        }
        Strings::Large(offsets, bytes) => {
            let (offsets, bytes) = (&offsets[..], &bytes[..]);
            for (to, i) in out.iter_mut().zip(rows) {
                put(to, i, &bytes[offsets[i] as usize..offsets[i + 1] as usize]);
            }
        }
        Strings::Views(..) => {
            for (to, i) in out.iter_mut().zip(rows) {
                put(to, i, texts.bytes(i));
            }
        }
    }
    fit
}

/// Eight lower-case hex digits at once, and bits that are not 0 if one of them is none.
#[inline(always)]
pub(super) fn hex(digits: u64) -> (u32, u64) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let letters = digits >> 6 & ONES;
    let nibbles = (digits & (0x0f * ONES)).wrapping_add(letters.wrapping_mul(9));
    // Writing the nibbles back must give the same text: every other character fails this.
    let wrong = (nibbles & (0xf0 * ONES)) | (hex_text(nibbles) ^ digits);
    let bytes = (nibbles | nibbles >> 4) & 0x00ff_00ff_00ff_00ff;
    let words = (bytes | bytes >> 8) & 0x0000_ffff_0000_ffff;
    ((words | words >> 16) as u32, wrong)
}

/// Eight nibbles, one per byte, as lower-case hex digits.
#[inline(always)]
pub(super) fn hex_text(nibbles: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let letters = nibbles.wrapping_add(6 * ONES) >> 4 & ONES;
    nibbles
        .wrapping_add(0x30 * ONES)
        .wrapping_add(letters.wrapping_mul(39))
}

/// 128 bits as the text of a UUID.
pub(crate) fn uuid_text(key: u128) -> [u8; 36] {
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
