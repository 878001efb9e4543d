//! Encodes columns of ids to codes, in the form that suits the ids.

use super::hash::{BLOCK, bytes_hash, entry, probe, wide_hash, word_hash};
use super::in_parts::{Column, Piece};
use super::pack::{Packing, packs, shorts, uuids};
use super::{IdKind, Ids, Keys, NO_ID, SIGN, kind_of, start};
use crate::columns::{Bits, ColumnData, ColumnValues, Strings};
use crate::context::{Context, collect, filled, grow, push, room, zeroed};
use crate::error::{Error, Result};
use crate::num::extremes;
use crm_prefetch::prefetch;
use std::ops::Range;
use std::sync::OnceLock;

impl Ids {
    /// Appends the code of each row of `chunks` to `out`, adding ids not seen before; rows without
    /// an id get [`NO_ID`]. Each row is one of progress.
    pub(crate) fn encode(
        &mut self,
        name: &str,
        chunks: &[&ColumnData],
        out: &mut Vec<u32>,
        context: &Context,
    ) -> Result<()> {
        let wrong = |chunk: &&&ColumnData| {
            !matches!(chunk.values, ColumnValues::Null(_)) && kind_of(chunk) != Some(self.kind)
        };
        if let Some(chunk) = chunks.iter().find(wrong) {
            return Err(Error::ColumnType {
                column: name.into(),
                found: chunk.type_name(),
                expected: self.kind.to_string(),
            });
        }
        self.order = OnceLock::new();
        self.choose_form(chunks, context)?;
        let rows = chunks.iter().map(|c| c.len()).sum();
        let before = out.len();
        match before {
            0 => *out = zeroed(rows, "codes of ids")?,
            _ => {
                grow(out, rows, "codes of ids")?;
                out.resize(before + rows, NO_ID);
            }
        }
        let mut rest = &mut out[before..];
        let column = Column::new(name, chunks);
        if self.encode_in_parts(&column, rest, context)? {
            return Ok(());
        }
        for piece in column.pieces(0..rows) {
            let (codes, others) = rest.split_at_mut(piece.rows.len());
            rest = others;
            match piece.chunk.looked_up() {
                (_, None) => self.encode_plain(&piece, codes, context)?,
                (values, Some(keys)) => self.encode_keys(&piece, values, keys, codes, context)?,
            }
        }
        Ok(())
    }

    /// The codes of a dictionary column, whose values are encoded once.
    fn encode_keys(
        &mut self,
        piece: &Piece,
        values: &ColumnData,
        keys: &[u32],
        out: &mut [u32],
        context: &Context,
    ) -> Result<()> {
        // A dictionary may have values that no row uses; these must not become ids.
        let (chunk, n) = (piece.chunk, piece.chunk.len());
        let valid = chunk.validity();
        let mut used = filled(values.len(), false, "dictionary")?;
        for i in 0..n {
            if valid(i) {
                used[keys[i] as usize] = true;
            }
        }
        let used = Bits::from_bools(used.into_iter())?;
        let values = ColumnData {
            values: values.values.clone(),
            valid: Some(used),
        };
        let mut map = filled(values.len(), NO_ID, "dictionary")?;
        context.advance(n)?;
        let of_values = Piece {
            chunk: &values,
            rows: 0..values.len(),
            ..*piece
        };
        self.encode_plain(&of_values, &mut map, &context.uncounted())?;
        for (i, code) in out.iter_mut().enumerate() {
            *code = match valid(i) {
                true => map[keys[i] as usize],
                false => NO_ID,
            };
        }
        Ok(())
    }

    /// Chooses or changes the form of the keys, so that it can hold the ids of these chunks.
    fn choose_form(&mut self, chunks: &[&ColumnData], context: &Context) -> Result<()> {
        let values = || chunks.iter().map(|c| c.looked_up().0);
        match self.kind {
            IdKind::Int(_) | IdKind::Unsigned(_) => {
                let rows: usize = chunks.iter().map(|c| c.len()).sum();
                let plain = chunks.iter().all(|c| c.looked_up().1.is_none());
                let mut ranges = room(chunks.len(), "ids")?;
                for column in values() {
                    ranges.extend(range(column, context)?);
                }
                let least = ranges.iter().map(|range| range.0).min();
                let greatest = ranges.iter().map(|range| range.1).max();
                let (Some(low), Some(high)) = (least, greatest) else {
                    return Ok(());
                };
                let dense = |least: u64, greatest: u64, rows: usize| {
                    let span = greatest - least;
                    (plain && span < (2 * rows as u64).max(1 << 12) && span < u64::from(NO_ID))
                        .then(|| Keys::Dense {
                            least,
                            len: span as u32 + 1,
                        })
                };
                let replacement = match &self.keys {
                    Keys::Word(keys) if keys.is_empty() => dense(low, high, rows),
                    Keys::Dense { least, len } if low >= *least => {
                        let last = least + u64::from(*len) - 1;
                        dense(*least, high.max(last), rows + *len as usize)
                    }
                    _ => None,
                };
                match replacement {
                    Some(keys) => self.keys = keys,
                    None => self.spell_out_dense()?,
                }
            }
            IdKind::Text => {
                let fits = |packing| {
                    for column in values() {
                        if !packs(column, packing, context)? {
                            return Ok(false);
                        }
                    }
                    Result::Ok(true)
                };
                match &self.keys {
                    Keys::Bytes(ends, _) if ends.is_empty() => {
                        for packing in [Packing::Short, Packing::Uuid] {
                            if fits(packing)? {
                                self.keys = Keys::Wide(Vec::new(), packing);
                                break;
                            }
                        }
                    }
                    Keys::Wide(_, packing) if !fits(*packing)? => self.spell_out_wide()?,
                    _ => {}
                }
            }
            IdKind::Fixed(_) => {}
        }
        Ok(())
    }

    /// Dense keys become hashed words with the same codes.
    fn spell_out_dense(&mut self) -> Result<()> {
        if let Keys::Dense { least, len } = self.keys {
            let keys = collect((0..len as usize).map(|i| least + i as u64), "ids")?;
            self.keys = Keys::Word(keys);
            self.rehash()?;
        }
        Ok(())
    }

    /// Packed keys become bytes with the same codes.
    pub(super) fn spell_out_wide(&mut self) -> Result<()> {
        let n = self.len();
        let mut ends = room(n, "ids")?;
        let mut bytes = room(n * 16, "ids")?;
        for code in 0..n as u32 {
            grow(&mut bytes, 40, "ids")?;
            self.write(code, &mut bytes);
            ends.push(bytes.len());
        }
        self.keys = Keys::Bytes(ends, bytes);
        self.rehash()?;
        Ok(())
    }

    /// The codes of some rows of a column without a dictionary.
    pub(super) fn encode_plain(
        &mut self,
        piece: &Piece,
        out: &mut [u32],
        context: &Context,
    ) -> Result<()> {
        let column = piece.chunk;
        let blocks = piece.rows.clone().step_by(Context::BLOCK);
        for (from, out) in blocks.zip(out.chunks_mut(Context::BLOCK)) {
            let rows = from..from + out.len();
            context.advance(rows.len())?;
            match &column.values {
                ColumnValues::Int { values, .. } => {
                    let values = &values[..];
                    self.words(column, rows, out, |i| values[i] as u64 ^ SIGN)?;
                }
                ColumnValues::Unsigned { values, .. } => {
                    let values = &values[..];
                    self.words(column, rows, out, |i| values[i])?;
                }
                ColumnValues::Text(texts) => self.texts(piece, texts, rows, out)?,
                ColumnValues::Fixed { width, bytes } => {
                    let cell = |i: usize| &bytes[i * width..(i + 1) * width];
                    for (code, i) in out.iter_mut().zip(rows) {
                        *code = match column.is_valid(i) {
                            true if *width == 16 => {
                                let key = cell(i).try_into().map_or(0, u128::from_be_bytes);
                                self.wide(key, wide_hash(key, self.seed))?
                            }
                            true => self.bytes(cell(i), bytes_hash(cell(i), self.seed))?,
                            false => NO_ID,
                        };
                    }
                }
                _ => out.fill(NO_ID),
            }
        }
        Ok(())
    }

    fn words(
        &mut self,
        column: &ColumnData,
        rows: Range<usize>,
        out: &mut [u32],
        word: impl Fn(usize) -> u64,
    ) -> Result<()> {
        let (all, valid) = (column.valid.is_none(), column.validity());
        if let Keys::Dense { least, .. } = self.keys {
            for (code, i) in out.iter_mut().zip(rows) {
                *code = match all || valid(i) {
                    true => word(i).wrapping_sub(least) as u32,
                    false => NO_ID,
                };
            }
            return Ok(());
        }
        let mut hashes = [0; BLOCK];
        for (out, from) in out.chunks_mut(BLOCK).zip(rows.step_by(BLOCK)) {
            let block = from..from + out.len();
            for (hash, i) in hashes.iter_mut().zip(block.clone()) {
                *hash = word_hash(word(i), self.seed);
            }
            self.touch(&hashes[..block.len()]);
            let Keys::Word(keys) = &self.keys else {
                return Err(Error::internal("ids changed their form"));
            };
            let keys = &keys[..];
            let mut known = true;
            for ((code, hash), i) in out.iter_mut().zip(&hashes).zip(block.clone()) {
                let key = word(i);
                let found = probe(&self.slots, *hash, |code| keys[code as usize] == key);
                known &= found.is_ok();
                *code = found.unwrap_or(NO_ID);
            }
            if known && all {
                continue;
            }
            for ((code, hash), i) in out.iter_mut().zip(&hashes).zip(block) {
                match all || valid(i) {
                    true if *code == NO_ID => *code = self.word(word(i), *hash)?,
                    true => {}
                    false => *code = NO_ID,
                }
            }
        }
        Ok(())
    }

    fn texts(
        &mut self,
        piece: &Piece,
        texts: &Strings,
        rows: Range<usize>,
        out: &mut [u32],
    ) -> Result<()> {
        let column = piece.chunk;
        let (all, validity) = (column.valid.is_none(), column.validity());
        let valid = |i: usize| all || validity(i);
        let (mut packed, mut hashes) = ([0; BLOCK], [0; BLOCK]);
        for (out, from) in out.chunks_mut(BLOCK).zip(rows.step_by(BLOCK)) {
            let block = from..from + out.len();
            let packed = &mut packed[..out.len()];
            let hashes = &mut hashes[..out.len()];
            let mut fits = true;
            match self.keys {
                Keys::Wide(_, Packing::Short) => shorts(texts, block.clone(), packed),
                Keys::Wide(..) => {
                    fits = uuids(texts, block.clone(), packed, valid);
                }
                _ => {}
            }
            // The first text that is not a UUID changes the form; codes do not change.
            if !fits {
                self.spell_out_wide()?;
            }
            let wide = matches!(self.keys, Keys::Wide(..));
            match wide {
                true => {
                    for (hash, key) in hashes.iter_mut().zip(&*packed) {
                        *hash = wide_hash(*key, self.seed);
                    }
                }
                false => {
                    for (hash, i) in hashes.iter_mut().zip(block.clone()) {
                        *hash = bytes_hash(texts.bytes(i), self.seed);
                    }
                }
            }
            self.touch(hashes);
            let mut known = false;
            if let Keys::Wide(keys, _) = &self.keys {
                let keys = &keys[..];
                known = true;
                for ((code, hash), key) in out.iter_mut().zip(&*hashes).zip(&*packed) {
                    let found = probe(&self.slots, *hash, |code| keys[code as usize] == *key);
                    known &= found.is_ok();
                    *code = found.unwrap_or(NO_ID);
                }
            }
            if known && all {
                continue;
            }
            for (((code, hash), key), i) in out.iter_mut().zip(&*hashes).zip(&*packed).zip(block) {
                if !valid(i) {
                    *code = NO_ID;
                    continue;
                }
                if wide && *code != NO_ID {
                    continue;
                }
                let known = self.len();
                *code = match wide {
                    true => self.wide(*key, *hash)?,
                    false => self.bytes(texts.bytes(i), *hash)?,
                };
                // Only an id's first row needs the check: later ones are the same bytes.
                if *code as usize >= known && std::str::from_utf8(texts.bytes(i)).is_err() {
                    return Err(Error::value(piece.name, piece.first_row + i, "valid UTF-8"));
                }
            }
        }
        Ok(())
    }

    /// Prefetches the slots of some hashes and their keys, so that the cache misses of a block
    /// overlap.
    pub(super) fn touch(&self, hashes: &[u64]) {
        // A small table is in the cache anyway.
        if self.slots.len() < 1 << 13 {
            return;
        }
        let mask = self.slots.len() - 1;
        let slot = |hash: &u64| *hash as usize & mask;
        let code = |hash: &u64| (self.slots[slot(hash)] as u32 as usize).wrapping_sub(1);
        hashes
            .iter()
            .for_each(|hash| prefetch(&self.slots, slot(hash)));
        match &self.keys {
            Keys::Word(keys) => hashes.iter().for_each(|hash| prefetch(keys, code(hash))),
            Keys::Wide(keys, _) => hashes.iter().for_each(|hash| prefetch(keys, code(hash))),
            Keys::Bytes(ends, bytes) => {
                hashes.iter().for_each(|hash| prefetch(ends, code(hash)));
                for hash in hashes {
                    if let Some(end) = ends.get(code(hash)) {
                        prefetch(bytes, end.saturating_sub(1));
                    }
                }
            }
            Keys::Dense { .. } => {}
        }
    }

    #[inline(always)]
    pub(super) fn word(&mut self, key: u64, hash: u64) -> Result<u32> {
        let Keys::Word(keys) = &self.keys else {
            return Err(Error::internal("ids changed their form"));
        };
        match probe(&self.slots, hash, |code| keys[code as usize] == key) {
            Ok(code) => Ok(code),
            Err(slot) => self.add_word(key, slot, hash),
        }
    }

    #[cold]
    #[inline(never)]
    fn add_word(&mut self, key: u64, slot: usize, hash: u64) -> Result<u32> {
        if let Keys::Word(keys) = &mut self.keys {
            push(keys, key, "ids")?;
        }
        self.added(slot, hash)
    }

    #[inline(always)]
    pub(super) fn wide(&mut self, key: u128, hash: u64) -> Result<u32> {
        let Keys::Wide(keys, _) = &self.keys else {
            return Err(Error::internal("ids changed their form"));
        };
        match probe(&self.slots, hash, |code| keys[code as usize] == key) {
            Ok(code) => Ok(code),
            Err(slot) => self.add_wide(key, slot, hash),
        }
    }

    #[cold]
    #[inline(never)]
    fn add_wide(&mut self, key: u128, slot: usize, hash: u64) -> Result<u32> {
        if let Keys::Wide(keys, _) = &mut self.keys {
            push(keys, key, "ids")?;
        }
        self.added(slot, hash)
    }

    pub(super) fn bytes(&mut self, id: &[u8], hash: u64) -> Result<u32> {
        let Keys::Bytes(ends, bytes) = &mut self.keys else {
            return Err(Error::internal("ids changed their form"));
        };
        let same = |code: u32| &bytes[start(ends, code as usize)..ends[code as usize]] == id;
        match probe(&self.slots, hash, same) {
            Ok(code) => Ok(code),
            Err(slot) => {
                if bytes.capacity() - bytes.len() < id.len() {
                    let more = id.len().max(bytes.len());
                    grow(bytes, more, "ids")?;
                }
                bytes.extend_from_slice(id);
                let end = bytes.len();
                push(ends, end, "ids")?;
                self.added(slot, hash)
            }
        }
    }

    /// Adds the key pushed last to the table.
    fn added(&mut self, slot: usize, hash: u64) -> Result<u32> {
        let len = self.len();
        if len >= NO_ID as usize {
            return Err(Error::Overflow {
                column: "ids".into(),
                what: "the number of distinct ids",
            });
        }
        if len * 2 > self.slots.len() {
            self.rehash()?;
        } else {
            self.slots[slot] = entry(hash, len as u32);
        }
        Ok(len as u32 - 1)
    }

    /// Rebuilds the table with at least twice as many slots as ids. A sparser table would leave the
    /// cache earlier. Returns whether no id occurs twice.
    pub(super) fn rehash(&mut self) -> Result<bool> {
        let n = self.len();
        let size = (n * 2).next_power_of_two().max(64);
        self.slots = Vec::new();
        let mut slots: Vec<u64> = zeroed(size, "table of ids")?;
        let seed = self.seed;
        for i in 0..n {
            let hash = match &self.keys {
                Keys::Word(keys) => word_hash(keys[i], seed),
                Keys::Wide(keys, _) => wide_hash(keys[i], seed),
                Keys::Bytes(ends, bytes) => bytes_hash(&bytes[start(ends, i)..ends[i]], seed),
                Keys::Dense { .. } => return Ok(true),
            };
            let same = |code: u32| match &self.keys {
                Keys::Word(keys) => keys[i] == keys[code as usize],
                Keys::Wide(keys, _) => keys[i] == keys[code as usize],
                Keys::Bytes(ends, bytes) => {
                    let of = |i: usize| &bytes[start(ends, i)..ends[i]];
                    of(i) == of(code as usize)
                }
                Keys::Dense { .. } => false,
            };
            match probe(&slots, hash, same) {
                Err(slot) => slots[slot] = entry(hash, i as u32 + 1),
                Ok(_) => return Ok(false),
            }
        }
        self.slots = slots;
        Ok(true)
    }
}

/// Least and greatest number present, as order-preserving words.
fn range(column: &ColumnData, context: &Context) -> Result<Option<(u64, u64)>> {
    fn bounds<T: Copy + Ord + Sync + Send>(
        values: &[T],
        column: &ColumnData,
        context: &Context,
    ) -> Result<Option<(T, T)>> {
        let parts = context.map(context.parts(values.len()), |part| {
            let Some(valid) = &column.valid else {
                return Ok(extremes(&values[part]));
            };
            let present = part.filter(|i| valid.is_set(*i)).map(|i| values[i]);
            let range = |v| (v, v);
            Ok(present
                .map(range)
                .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))))
        })?;
        let parts = parts.into_iter().flatten();
        Ok(parts.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))))
    }
    Ok(match &column.values {
        ColumnValues::Int { values, .. } => {
            let range = bounds(values, column, context)?;
            range.map(|(low, high)| (low as u64 ^ SIGN, high as u64 ^ SIGN))
        }
        ColumnValues::Unsigned { values, .. } => bounds(values, column, context)?,
        _ => None,
    })
}
