//! Dictionaries of ids in a saved state.

use super::pack::Packing;
use super::{IdKind, Ids, Keys, SIGN, start};
use crate::bytes::{Reader, Writer, broken};
use crate::context::{Context, collect};
use crate::error::Result;
use std::sync::OnceLock;

/// The most codes of integers without a hash that `rows` rows can have given rise to, in one import.
fn most_dense(rows: usize) -> usize {
    rows.saturating_mul(4).max(1 << 12)
}

impl Ids {
    /// Writes the ids of `rows` rows.
    pub(crate) fn save(&self, rows: usize, to: &mut Writer) -> Result<()> {
        let (kind, width) = match self.kind {
            IdKind::Int(bits) => (0_u8, u32::from(bits)),
            IdKind::Unsigned(bits) => (1, u32::from(bits)),
            IdKind::Text => (2, 0),
            IdKind::Fixed(width) => (3, u32::try_from(width).unwrap_or(u32::MAX)),
        };
        to.number(kind)?;
        to.number(width)?;
        match &self.keys {
            Keys::Dense { least, len } if *len as usize <= most_dense(rows) => {
                to.number(0_u8)?;
                to.number(*least)?;
                to.number(*len)
            }
            Keys::Dense { least, len } => {
                to.number(1_u8)?;
                let words = collect((0..*len as usize).map(|i| least + i as u64), "ids")?;
                to.column(&words)
            }
            Keys::Word(words) => {
                to.number(1_u8)?;
                to.column(words)
            }
            Keys::Wide(keys, packing) => {
                to.number(match packing {
                    Packing::Short => 2_u8,
                    Packing::Uuid => 3,
                    Packing::Raw => 4,
                })?;
                to.column(keys)
            }
            Keys::Bytes(ends, bytes) => {
                to.number(5_u8)?;
                to.column(&collect(ends.iter().map(|end| *end as u64), "ids")?)?;
                to.column(bytes)
            }
        }
    }

    /// Reads the ids of `rows` rows, and checks all that encoding them would have seen to: the width of
    /// integers, UTF-8, no id twice.
    pub(crate) fn load(rows: usize, from: &mut Reader<'_>, context: &Context) -> Result<Ids> {
        let (kind, width) = (from.number::<u8>()?, from.number::<u32>()?);
        let bits = u8::try_from(width)
            .ok()
            .filter(|b| [8, 16, 32, 64].contains(b));
        let kind = match (kind, bits) {
            (0, Some(bits)) => IdKind::Int(bits),
            (1, Some(bits)) => IdKind::Unsigned(bits),
            (2, _) if width == 0 => IdKind::Text,
            (3, _) => IdKind::Fixed(width as usize),
            _ => return Err(broken("ids are of no known type")),
        };
        let keys = match from.number::<u8>()? {
            0 => Keys::Dense {
                least: from.number()?,
                len: from.number()?,
            },
            1 => Keys::Word(from.column()?),
            2 => Keys::Wide(from.column()?, Packing::Short),
            3 => Keys::Wide(from.column()?, Packing::Uuid),
            4 => Keys::Wide(from.column()?, Packing::Raw),
            5 => {
                let ends = from.column::<u64>()?;
                let ends = collect(ends.iter().map(|end| *end as usize), "ids")?;
                Keys::Bytes(ends, from.column()?)
            }
            _ => return Err(broken("ids are of no known form")),
        };
        let mut ids = Ids {
            kind,
            keys,
            slots: Vec::new(),
            seed: context.hash_seed,
            order: OnceLock::new(),
        };
        if ids.len() >= super::NO_ID as usize || !ids.are_sound(rows) {
            return Err(broken("an id is not what its type allows"));
        }
        match ids.rehash()? {
            true => Ok(ids),
            false => Err(broken("an id stands twice in a dictionary")),
        }
    }

    fn are_sound(&self, rows: usize) -> bool {
        let in_width = |word: u64| match self.kind {
            IdKind::Int(bits) => {
                let value = (word ^ SIGN) as i64;
                value >> (bits - 1) == 0 || value >> (bits - 1) == -1
            }
            IdKind::Unsigned(bits) => bits == 64 || word >> bits == 0,
            _ => false,
        };
        match (&self.keys, self.kind) {
            (Keys::Dense { least, len }, IdKind::Int(_) | IdKind::Unsigned(_)) => {
                let last = least.checked_add(u64::from(*len).saturating_sub(1));
                *len as usize <= most_dense(rows)
                    && *len > 0
                    && in_width(*least)
                    && last.is_some_and(in_width)
            }
            (Keys::Word(words), IdKind::Int(_) | IdKind::Unsigned(_)) => {
                words.iter().all(|word| in_width(*word))
            }
            (Keys::Wide(keys, Packing::Short), IdKind::Text) => keys.iter().all(|key| {
                let bytes = key.to_be_bytes();
                let len = usize::from(bytes[15]);
                len <= 15
                    && bytes[len..15].iter().all(|b| *b == 0)
                    && std::str::from_utf8(&bytes[..len]).is_ok()
            }),
            (Keys::Wide(_, Packing::Uuid), IdKind::Text)
            | (Keys::Wide(_, Packing::Raw), IdKind::Fixed(16)) => true,
            (Keys::Bytes(ends, bytes), kind) => {
                let whole = ends.is_sorted() && ends.last().copied().unwrap_or(0) == bytes.len();
                let of = |i: usize| &bytes[start(ends, i)..ends[i]];
                whole
                    && match kind {
                        IdKind::Text => (0..ends.len()).all(|i| std::str::from_utf8(of(i)).is_ok()),
                        IdKind::Fixed(width) if width != 16 => {
                            (0..ends.len()).all(|i| of(i).len() == width)
                        }
                        _ => false,
                    }
            }
            _ => false,
        }
    }
}
