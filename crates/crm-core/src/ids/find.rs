//! Single ids: the code of one without sorting the dictionary, and a dictionary of few.

use super::hash::{bytes_hash, probe, wide_hash, word_hash};
use super::pack::{Packing, packed_short, uuid};
use super::{IdKind, IdRef, Ids, Keys, NO_ID, SIGN, start};
use crate::columns::{Buf, ColumnData, ColumnValues, Strings};
use crate::context::{Context, collect, grow, room};
use crate::error::Result;
use serde_json::Value;
use std::sync::Arc;

impl Ids {
    /// The code of an id, by its hash.
    pub(crate) fn code_of(&self, id: &IdRef<'_>) -> Option<u32> {
        let word = match (self.kind, id) {
            (IdKind::Int(_), IdRef::Int(v)) => *v as u64 ^ SIGN,
            (IdKind::Unsigned(_), IdRef::Unsigned(v)) => *v,
            (IdKind::Text, IdRef::Text(_)) | (IdKind::Fixed(_), IdRef::Bytes(_)) => 0,
            _ => return None,
        };
        let wide = |keys: &[u128], key: u128| {
            let hash = wide_hash(key, self.seed);
            probe(&self.slots, hash, |code| keys[code as usize] == key).ok()
        };
        match &self.keys {
            Keys::Dense { least, len } => {
                let distance = word.checked_sub(*least)?;
                u32::try_from(distance).ok().filter(|code| code < len)
            }
            Keys::Word(keys) => {
                let hash = word_hash(word, self.seed);
                probe(&self.slots, hash, |code| keys[code as usize] == word).ok()
            }
            Keys::Wide(keys, Packing::Short) => wide(keys, packed_short(id.bytes())?),
            Keys::Wide(keys, Packing::Uuid) => wide(keys, uuid(id.bytes())?),
            Keys::Wide(keys, Packing::Raw) => {
                wide(keys, id.bytes().try_into().map(u128::from_be_bytes).ok()?)
            }
            Keys::Bytes(ends, bytes) => {
                let of = |code: usize| &bytes[start(ends, code)..ends[code]];
                let hash = bytes_hash(id.bytes(), self.seed);
                probe(&self.slots, hash, |code| of(code as usize) == id.bytes()).ok()
            }
        }
    }

    /// An id given as JSON: a number, a text, or a UUID of 16 bytes as its text.
    pub(crate) fn read_json<'a>(&self, value: &'a Value) -> Option<IdRef<'a>> {
        match (self.kind, value) {
            (IdKind::Int(_), Value::Number(n)) => n.as_i64().map(IdRef::Int),
            (IdKind::Unsigned(_), Value::Number(n)) => n.as_u64().map(IdRef::Unsigned),
            (IdKind::Text, Value::String(s)) => Some(IdRef::Text(s.as_str().into())),
            (IdKind::Fixed(16), Value::String(s)) => {
                let bytes = uuid(s.as_bytes())?.to_be_bytes();
                Some(IdRef::Bytes(bytes.to_vec().into()))
            }
            _ => None,
        }
    }

    /// The ids of some codes as a column.
    pub(super) fn column_of(&self, codes: &[u32]) -> Result<ColumnData> {
        let codes = codes.iter().copied();
        let values = match self.kind {
            IdKind::Int(bits) => {
                let values = codes.map(|code| match self.at(code) {
                    IdRef::Int(v) => v,
                    _ => 0,
                });
                let values = collect(values, "ids")?.into();
                ColumnValues::Int { values, bits }
            }
            IdKind::Unsigned(bits) => {
                let values = codes.map(|code| match self.at(code) {
                    IdRef::Unsigned(v) => v,
                    _ => 0,
                });
                let values = collect(values, "ids")?.into();
                ColumnValues::Unsigned { values, bits }
            }
            IdKind::Text | IdKind::Fixed(_) => {
                let mut bytes = Vec::new();
                let mut offsets = room(codes.len() + 1, "ids")?;
                offsets.push(0_i64);
                for code in codes {
                    grow(&mut bytes, self.size(code), "ids")?;
                    self.write(code, &mut bytes);
                    offsets.push(bytes.len() as i64);
                }
                match self.kind {
                    IdKind::Fixed(width) => ColumnValues::Fixed {
                        width,
                        bytes: bytes.into(),
                    },
                    _ => ColumnValues::Text(Strings::Large(offsets.into(), bytes.into())),
                }
            }
        };
        Ok(values.into())
    }

    /// The most bytes that [`Ids::write`] appends.
    fn size(&self, code: u32) -> usize {
        match &self.keys {
            Keys::Bytes(ends, _) => ends[code as usize] - start(ends, code as usize),
            _ => 36,
        }
    }

    /// A dictionary of the ids of some codes, and their new codes. Its cost depends on the number of these codes and
    /// not on the number of ids.
    pub(crate) fn picked(&self, codes: &[u32], context: &Context) -> Result<(Arc<Ids>, Buf<u32>)> {
        let mut distinct = room(codes.len(), "ids")?;
        distinct.extend(codes.iter().copied().filter(|code| *code != NO_ID));
        distinct.sort_unstable();
        distinct.dedup();
        let column = self.column_of(&distinct)?;
        let mut ids = Ids::new(self.kind, context.hash_seed);
        let mut map = Vec::new();
        ids.encode("id", &[&column], &mut map, context)?;
        let new = codes.iter().map(|code| match distinct.binary_search(code) {
            Ok(at) => map[at],
            Err(_) => NO_ID,
        });
        Ok((Arc::new(ids), collect(new, "ids")?.into()))
    }
}
