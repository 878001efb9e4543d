//! Encodes columns of ids to codes, in the form that suits the ids.

use super::hash::{bytes_hash, entry, probe, wide_hash, word_hash};
use super::pack::{Packing, packs, short, uuid};
use super::{IdKind, Ids, Keys, NO_ID, SIGN, kind_of, start};
use crate::columns::{Bits, ColumnData, ColumnValues, Strings};
use crate::context::{Context, collect, filled, grow, push, room};
use crate::error::{Error, Result};
use crm_prefetch::prefetch;
use std::sync::OnceLock;

/// Rows hashed together.
const BLOCK: usize = 64;

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
        let rows = chunks.iter().map(|c| c.len()).sum();
        grow(out, rows, "codes of ids")?;
        self.order = OnceLock::new();
        let mut first_row = 0;
        self.choose_form(chunks)?;
        for chunk in chunks {
            if !matches!(chunk.values, ColumnValues::Null(_)) && kind_of(chunk) != Some(self.kind) {
                return Err(Error::ColumnType {
                    column: name.into(),
                    found: chunk.type_name(),
                    expected: self.kind.to_string(),
                });
            }
            let (values, keys) = chunk.looked_up();
            match keys {
                None => self.encode_plain(name, chunk, first_row, out, context)?,
                Some(keys) => {
                    // A dictionary may have values that no row uses; these must not become ids.
                    let (valid, keys) = (chunk.validity(), &keys[..]);
                    let mut used = filled(values.len(), false, "dictionary")?;
                    for i in 0..chunk.len() {
                        if valid(i) {
                            used[keys[i] as usize] = true;
                        }
                    }
                    let used = Bits::from_bools(used.into_iter())?;
                    let values = ColumnData {
                        values: values.values.clone(),
                        valid: Some(used),
                    };
                    let mut map = room(values.len(), "dictionary")?;
                    context.advance(chunk.len())?;
                    self.encode_plain(name, &values, first_row, &mut map, &context.uncounted())?;
                    out.extend((0..chunk.len()).map(|i| match valid(i) {
                        true => map[keys[i] as usize],
                        false => NO_ID,
                    }));
                }
            }
            first_row += chunk.len();
        }
        Ok(())
    }

    /// Chooses or changes the form of the keys, so that it can hold the ids of these chunks.
    fn choose_form(&mut self, chunks: &[&ColumnData]) -> Result<()> {
        let values = || chunks.iter().map(|c| c.looked_up().0);
        match self.kind {
            IdKind::Int(_) | IdKind::Unsigned(_) => {
                let rows: usize = chunks.iter().map(|c| c.len()).sum();
                let plain = chunks.iter().all(|c| c.looked_up().1.is_none());
                let range = values()
                    .filter_map(range)
                    .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
                let Some((low, high)) = range else {
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
                let fits = |packing| values().all(|column| packs(column, packing));
                match &self.keys {
                    Keys::Bytes(ends, _) if ends.is_empty() => {
                        for packing in [Packing::Short, Packing::Uuid] {
                            if fits(packing) {
                                self.keys = Keys::Wide(Vec::new(), packing);
                                break;
                            }
                        }
                    }
                    Keys::Wide(_, packing) if !fits(*packing) => self.spell_out_wide()?,
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
    fn spell_out_wide(&mut self) -> Result<()> {
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

    fn encode_plain(
        &mut self,
        name: &str,
        column: &ColumnData,
        first_row: usize,
        out: &mut Vec<u32>,
        context: &Context,
    ) -> Result<()> {
        let n = column.len();
        for from in (0..n).step_by(Context::BLOCK) {
            let rows = from..(from + Context::BLOCK).min(n);
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
                ColumnValues::Text(texts) => {
                    self.texts(name, column, texts, first_row, rows, out)?;
                }
                ColumnValues::Fixed { width, bytes } => {
                    let cell = |i: usize| &bytes[i * width..(i + 1) * width];
                    for i in rows {
                        out.push(match column.is_valid(i) {
                            true if *width == 16 => {
                                let key = cell(i).try_into().map_or(0, u128::from_be_bytes);
                                self.wide(key, wide_hash(key, self.seed))?
                            }
                            true => self.bytes(cell(i), bytes_hash(cell(i), self.seed))?,
                            false => NO_ID,
                        });
                    }
                }
                _ => out.extend(rows.map(|_| NO_ID)),
            }
        }
        Ok(())
    }

    fn words(
        &mut self,
        column: &ColumnData,
        rows: std::ops::Range<usize>,
        out: &mut Vec<u32>,
        word: impl Fn(usize) -> u64,
    ) -> Result<()> {
        let (all, valid) = (column.valid.is_none(), column.validity());
        if let Keys::Dense { least, .. } = self.keys {
            if all {
                out.extend(rows.map(|i| word(i).wrapping_sub(least) as u32));
            } else {
                out.extend(rows.map(|i| match valid(i) {
                    true => word(i).wrapping_sub(least) as u32,
                    false => NO_ID,
                }));
            }
            return Ok(());
        }
        let mut hashes = [0; BLOCK];
        for from in rows.clone().step_by(BLOCK) {
            let block = from..(from + BLOCK).min(rows.end);
            for (hash, i) in hashes.iter_mut().zip(block.clone()) {
                *hash = word_hash(word(i), self.seed);
            }
            self.touch(&hashes[..block.len()]);
            for (hash, i) in hashes.iter().zip(block) {
                let code = match all || valid(i) {
                    true => self.word(word(i), *hash)?,
                    false => NO_ID,
                };
                out.push(code);
            }
        }
        Ok(())
    }

    fn texts(
        &mut self,
        name: &str,
        column: &ColumnData,
        texts: &Strings,
        first_row: usize,
        rows: std::ops::Range<usize>,
        out: &mut Vec<u32>,
    ) -> Result<()> {
        let (all, validity) = (column.valid.is_none(), column.validity());
        let (mut packed, mut hashes) = ([0; BLOCK], [0; BLOCK]);
        for from in rows.clone().step_by(BLOCK) {
            let block = from..(from + BLOCK).min(rows.end);
            let valid = |i: usize| all || validity(i);
            if let Keys::Wide(_, packing) = self.keys {
                let mut fits = true;
                for (to, i) in packed
                    .iter_mut()
                    .zip(block.clone())
                    .filter(|(_, i)| valid(*i))
                {
                    *to = match packing {
                        Packing::Short => short(texts, i),
                        _ => uuid(texts.bytes(i)).unwrap_or_else(|| {
                            fits = false;
                            0
                        }),
                    };
                }
                // The first text that is not a UUID changes the form; codes do not change.
                if !fits {
                    self.spell_out_wide()?;
                }
            }
            let wide = matches!(self.keys, Keys::Wide(..));
            for ((hash, key), i) in hashes.iter_mut().zip(&packed).zip(block.clone()) {
                *hash = match wide {
                    true => wide_hash(*key, self.seed),
                    false => bytes_hash(texts.bytes(i), self.seed),
                };
            }
            self.touch(&hashes[..block.len()]);
            for ((hash, key), i) in hashes.iter().zip(&packed).zip(block) {
                if !valid(i) {
                    out.push(NO_ID);
                    continue;
                }
                let known = self.len();
                let code = match wide {
                    true => self.wide(*key, *hash)?,
                    false => self.bytes(texts.bytes(i), *hash)?,
                };
                // Only an id's first row needs the check: later ones are the same bytes.
                if code as usize >= known && std::str::from_utf8(texts.bytes(i)).is_err() {
                    return Err(Error::value(name, first_row + i, "valid UTF-8"));
                }
                out.push(code);
            }
        }
        Ok(())
    }

    /// Prefetches the slots of some hashes and their keys, so that the cache misses of a block
    /// overlap.
    fn touch(&self, hashes: &[u64]) {
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

    #[inline]
    fn word(&mut self, key: u64, hash: u64) -> Result<u32> {
        let Keys::Word(keys) = &mut self.keys else {
            return Err(Error::internal("ids changed their form"));
        };
        match probe(&self.slots, hash, |code| keys[code as usize] == key) {
            Ok(code) => Ok(code),
            Err(slot) => {
                push(keys, key, "ids")?;
                self.added(slot, hash)
            }
        }
    }

    #[inline]
    fn wide(&mut self, key: u128, hash: u64) -> Result<u32> {
        let Keys::Wide(keys, _) = &mut self.keys else {
            return Err(Error::internal("ids changed their form"));
        };
        match probe(&self.slots, hash, |code| keys[code as usize] == key) {
            Ok(code) => Ok(code),
            Err(slot) => {
                push(keys, key, "ids")?;
                self.added(slot, hash)
            }
        }
    }

    fn bytes(&mut self, id: &[u8], hash: u64) -> Result<u32> {
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
        let size = (n * 4).next_power_of_two().max(64);
        self.slots = Vec::new();
        let mut slots = filled(size, 0_u64, "table of ids")?;
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
fn range(column: &ColumnData) -> Option<(u64, u64)> {
    let valid = |i: usize| column.valid.as_ref().is_none_or(|bits| bits.is_set(i));
    fn bounds<T: Copy + Ord>(
        values: &[T],
        all: bool,
        valid: impl Fn(usize) -> bool,
        start: (T, T),
    ) -> (T, T) {
        if all {
            let low = values.iter().fold(start.0, |a, b| a.min(*b));
            return (low, values.iter().fold(start.1, |a, b| a.max(*b)));
        }
        let present = values.iter().enumerate().filter(|(i, _)| valid(*i));
        present.fold(start, |(low, high), (_, v)| (low.min(*v), high.max(*v)))
    }
    let all = column.valid.is_none();
    let (low, high) = match &column.values {
        ColumnValues::Int { values, .. } => {
            let (low, high) = bounds(values, all, valid, (i64::MAX, i64::MIN));
            (low as u64 ^ SIGN, high as u64 ^ SIGN)
        }
        ColumnValues::Unsigned { values, .. } => bounds(values, all, valid, (u64::MAX, 0)),
        _ => return None,
    };
    (low <= high).then_some((low, high))
}
