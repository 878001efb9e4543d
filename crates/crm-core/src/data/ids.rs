//! Ids: a dictionary from what the shop calls a customer (an order, a product) to a small code.
//!
//! Codes are `u32` and never change; [`Ids::by_id`] gives them in ascending id order (numbers by
//! value, texts by bytes), and every table and float reduction goes through it, so no result
//! depends on the codes.
//!
//! Encoding is nearly all of the cost of reading orders, so it has four forms:
//!
//! | keys     | ids                                      | code                                |
//! |----------|------------------------------------------|-------------------------------------|
//! | `Dense`  | integers whose range is about their count | id − least id, no hashing          |
//! | `Word`   | other integers                           | first appearance, hashed as 64 bits |
//! | `Wide`   | texts up to 15 bytes, UUIDs              | first appearance, hashed as 128 bits |
//! | `Bytes`  | everything else                          | first appearance, hashed as bytes   |
//!
//! Ids come from outside, so every hash is keyed with the context's seed: a fixed hash makes 60,000
//! crafted ids cost 500 times what they should.

use super::{ColumnData, ColumnValues, Strings};
use crate::context::{collect, filled, grow, push, room};
use crate::{Context, Error, Result};
use crm_prefetch::prefetch;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

/// The code of a row without an id.
pub(crate) const NO_ID: u32 = u32::MAX;

/// The type of ids, given back as it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// Integers of this width in bits.
    Int(u8),
    /// Unsigned integers of this width in bits.
    Unsigned(u8),
    /// Texts.
    Text,
    /// Byte strings of this width.
    Fixed(usize),
}

impl fmt::Display for IdKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdKind::Int(bits) => write!(f, "int{bits}"),
            IdKind::Unsigned(bits) => write!(f, "uint{bits}"),
            IdKind::Text => f.write_str("text"),
            IdKind::Fixed(width) => write!(f, "fixed_size_binary({width})"),
        }
    }
}

/// One id. Shown nowhere: `Debug` prints its type only.
#[derive(Clone)]
pub enum IdRef<'a> {
    /// An integer.
    Int(i64),
    /// An unsigned integer.
    Unsigned(u64),
    /// A text.
    Text(Cow<'a, str>),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
}

impl IdRef<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            IdRef::Text(text) => text.as_bytes(),
            IdRef::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    /// Numbers by value, texts and bytes by bytes.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (IdRef::Int(a), IdRef::Int(b)) => a.cmp(b),
            (IdRef::Unsigned(a), IdRef::Unsigned(b)) => a.cmp(b),
            _ => self.bytes().cmp(other.bytes()),
        }
    }
}

impl fmt::Debug for IdRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IdRef::Int(_) | IdRef::Unsigned(_) => "IdRef(number)",
            IdRef::Text(_) | IdRef::Bytes(_) => "IdRef(bytes)",
        })
    }
}

/// Rows hashed together.
const BLOCK: usize = 64;

/// The order-preserving image of a signed integer.
const SIGN: u64 = 1 << 63;

#[derive(Clone)]
enum Keys {
    /// Codes are distances from `least` (as an order-preserving word).
    Dense { least: u64, len: u32 },
    /// Order-preserving words.
    Word(Vec<u64>),
    /// Packed texts or parsed UUIDs, whose order is that of the bytes.
    Wide(Vec<u128>, Packing),
    /// End of each id in the bytes.
    Bytes(Vec<usize>, Vec<u8>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Packing {
    /// Up to 15 bytes, left-aligned, and the length in the last.
    Short,
    /// A lower-case UUID with hyphens.
    Uuid,
    /// 16 bytes as they are.
    Raw,
}

/// A dictionary of ids. See the module.
pub struct Ids {
    kind: IdKind,
    keys: Keys,
    /// Open addressing, linear probing, at most half full: high 32 bits of the hash, code + 1.
    slots: Vec<u64>,
    seed: u64,
    order: OnceLock<Vec<u32>>,
}

impl Clone for Ids {
    fn clone(&self) -> Self {
        Ids {
            kind: self.kind,
            keys: self.keys.clone(),
            slots: self.slots.clone(),
            seed: self.seed,
            order: OnceLock::new(),
        }
    }
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ids({} of {})", self.len(), self.kind)
    }
}

/// The kind of ids a column holds, dictionaries looked through; `None` when its type cannot be one.
pub(crate) fn kind_of(column: &ColumnData) -> Option<IdKind> {
    match &column.looked_up().0.values {
        ColumnValues::Int { bits, .. } => Some(IdKind::Int(*bits)),
        ColumnValues::Unsigned { bits, .. } => Some(IdKind::Unsigned(*bits)),
        ColumnValues::Text(_) | ColumnValues::Cells(_) => Some(IdKind::Text),
        ColumnValues::Fixed { width, .. } => Some(IdKind::Fixed(*width)),
        _ => None,
    }
}

impl Ids {
    /// An empty dictionary of ids of a kind.
    pub fn new(kind: IdKind, seed: u64) -> Self {
        let keys = match kind {
            IdKind::Int(_) | IdKind::Unsigned(_) => Keys::Word(Vec::new()),
            IdKind::Fixed(16) => Keys::Wide(Vec::new(), Packing::Raw),
            IdKind::Text | IdKind::Fixed(_) => Keys::Bytes(Vec::new(), Vec::new()),
        };
        Ids {
            kind,
            keys,
            slots: Vec::new(),
            seed,
            order: OnceLock::new(),
        }
    }

    /// The type of the ids.
    pub fn kind(&self) -> IdKind {
        self.kind
    }

    /// How many codes there are. With dense integers some may belong to no row.
    pub fn len(&self) -> usize {
        match &self.keys {
            Keys::Dense { len, .. } => *len as usize,
            Keys::Word(keys) => keys.len(),
            Keys::Wide(keys, _) => keys.len(),
            Keys::Bytes(ends, _) => ends.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The id of a code.
    pub fn at(&self, code: u32) -> IdRef<'_> {
        let i = code as usize;
        let number = |key: u64| match self.kind {
            IdKind::Unsigned(_) => IdRef::Unsigned(key),
            _ => IdRef::Int((key ^ SIGN) as i64),
        };
        match &self.keys {
            Keys::Dense { least, .. } => number(least + u64::from(code)),
            Keys::Word(keys) => number(keys[i]),
            Keys::Wide(..) => {
                let mut bytes = Vec::new();
                self.write(code, &mut bytes);
                match self.kind {
                    IdKind::Fixed(_) => IdRef::Bytes(bytes.into()),
                    // Checked to be UTF-8 when it was added.
                    _ => IdRef::Text(String::from_utf8(bytes).unwrap_or_default().into()),
                }
            }
            Keys::Bytes(ends, bytes) => {
                let bytes = &bytes[start(ends, i)..ends[i]];
                match self.kind {
                    IdKind::Fixed(_) => IdRef::Bytes(bytes.into()),
                    _ => IdRef::Text(std::str::from_utf8(bytes).unwrap_or_default().into()),
                }
            }
        }
    }

    /// Appends the bytes of a text or byte-string id; nothing for a number.
    pub fn write(&self, code: u32, out: &mut Vec<u8>) {
        let i = code as usize;
        match &self.keys {
            Keys::Wide(keys, packing) => {
                let bytes = keys[i].to_be_bytes();
                match packing {
                    Packing::Short => out.extend_from_slice(&bytes[..usize::from(bytes[15] & 15)]),
                    Packing::Raw => out.extend_from_slice(&bytes),
                    Packing::Uuid => out.extend_from_slice(&uuid_text(keys[i])),
                }
            }
            Keys::Bytes(ends, bytes) => out.extend_from_slice(&bytes[start(ends, i)..ends[i]]),
            Keys::Dense { .. } | Keys::Word(_) => {}
        }
    }

    /// The id of a code as text: numbers in decimal, bytes in hexadecimal.
    pub fn text(&self, code: u32) -> String {
        match self.at(code) {
            IdRef::Int(v) => v.to_string(),
            IdRef::Unsigned(v) => v.to_string(),
            IdRef::Text(text) => text.into_owned(),
            IdRef::Bytes(bytes) => bytes.iter().map(|b| format!("{b:02x}")).collect(),
        }
    }

    /// Orders two codes as their ids.
    pub fn cmp(&self, a: u32, b: u32) -> Ordering {
        let (i, j) = (a as usize, b as usize);
        match &self.keys {
            Keys::Dense { .. } => a.cmp(&b),
            Keys::Word(keys) => keys[i].cmp(&keys[j]),
            Keys::Wide(keys, _) => keys[i].cmp(&keys[j]),
            Keys::Bytes(ends, bytes) => {
                bytes[start(ends, i)..ends[i]].cmp(&bytes[start(ends, j)..ends[j]])
            }
        }
    }

    /// All codes in ascending id order; found once.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn by_id(&self) -> Result<&[u32]> {
        if let Some(order) = self.order.get() {
            return Ok(order);
        }
        let n = self.len() as u32;
        let order = match &self.keys {
            Keys::Word(keys) => crate::num::rank::order(keys)?,
            _ => {
                let mut order = collect((0..n as usize).map(|c| c as u32), "id order")?;
                if !matches!(self.keys, Keys::Dense { .. }) {
                    order.sort_unstable_by(|a, b| self.cmp(*a, *b));
                }
                order
            }
        };
        Ok(self.order.get_or_init(|| order))
    }

    /// The code of an id given as JSON (a number or a text; a UUID of 16 bytes as its text).
    pub(crate) fn find(&self, value: &serde_json::Value) -> Result<Option<u32>> {
        use serde_json::Value;
        let wanted = match (self.kind, value) {
            (IdKind::Int(_), Value::Number(n)) => n.as_i64().map(IdRef::Int),
            (IdKind::Unsigned(_), Value::Number(n)) => n.as_u64().map(IdRef::Unsigned),
            (IdKind::Text, Value::String(s)) => Some(IdRef::Text(s.as_str().into())),
            (IdKind::Fixed(16), Value::String(s)) => {
                uuid(s.as_bytes()).map(|u| IdRef::Bytes(u.to_be_bytes().to_vec().into()))
            }
            _ => None,
        };
        let Some(wanted) = wanted else {
            return Ok(None);
        };
        let order = self.by_id()?;
        let at = order.binary_search_by(|code| self.at(*code).compare(&wanted));
        Ok(at.ok().map(|at| order[at]))
    }

    /// Appends the code of each row of `chunks` to `out`, adding ids not seen before; rows without
    /// an id get [`NO_ID`].
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
                    // A dictionary may hold values that no row uses; they must not become ids.
                    let mut used = filled(values.len(), false, "dictionary")?;
                    for i in 0..chunk.len() {
                        if chunk.is_valid(i) {
                            used[keys[i] as usize] = true;
                        }
                    }
                    let used = super::Bits::from_bools(used.into_iter())?;
                    let values = ColumnData {
                        values: values.values.clone(),
                        valid: Some(used),
                    };
                    let mut map = room(values.len(), "dictionary")?;
                    self.encode_plain(name, &values, first_row, &mut map, context)?;
                    out.extend((0..chunk.len()).map(|i| match chunk.is_valid(i) {
                        true => map[keys[i] as usize],
                        false => NO_ID,
                    }));
                }
            }
            first_row += chunk.len();
        }
        Ok(())
    }

    /// Adds the used ids of another dictionary of the same kind; gives this one's code for each of
    /// the other's.
    pub(crate) fn absorb(
        &mut self,
        other: &Ids,
        used: &[bool],
        context: &Context,
    ) -> Result<Vec<u32>> {
        if self.kind != other.kind && other.is_empty() {
            return Ok(Vec::new());
        }
        if self.kind != other.kind && self.is_empty() {
            *self = Ids::new(other.kind, self.seed);
        }
        let n = other.len();
        let values = match other.kind {
            IdKind::Int(bits) => ColumnValues::Int {
                values: collect(
                    (0..n as u32).map(|c| match other.at(c) {
                        IdRef::Int(v) => v,
                        _ => 0,
                    }),
                    "ids",
                )?
                .into(),
                bits,
            },
            IdKind::Unsigned(bits) => ColumnValues::Unsigned {
                values: collect(
                    (0..n as u32).map(|c| match other.at(c) {
                        IdRef::Unsigned(v) => v,
                        _ => 0,
                    }),
                    "ids",
                )?
                .into(),
                bits,
            },
            IdKind::Text | IdKind::Fixed(_) => {
                let mut bytes = Vec::new();
                let mut offsets = room(n + 1, "ids")?;
                offsets.push(0_i64);
                for code in 0..n as u32 {
                    grow(&mut bytes, 64, "ids")?;
                    other.write(code, &mut bytes);
                    offsets.push(bytes.len() as i64);
                }
                match other.kind {
                    IdKind::Fixed(width) => ColumnValues::Fixed {
                        width,
                        bytes: bytes.into(),
                    },
                    _ => ColumnValues::Text(Strings::Large(offsets.into(), bytes.into())),
                }
            }
        };
        let valid = super::Bits::from_bools(used.iter().copied())?;
        let column = ColumnData {
            values,
            valid: Some(valid),
        };
        let mut map = Vec::new();
        self.encode("id", &[&column], &mut map, context)?;
        Ok(map)
    }

    /// Picks or changes the form of the keys, so that it can hold the chunks to come.
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
        self.rehash()
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
                    self.words(column, rows, out, |i| values[i] as u64 ^ SIGN)?;
                }
                ColumnValues::Unsigned { values, .. } => {
                    self.words(column, rows, out, |i| values[i])?;
                }
                ColumnValues::Text(texts) | ColumnValues::Cells(texts) => {
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
        let all = column.valid.is_none();
        if let Keys::Dense { least, .. } = self.keys {
            if all {
                out.extend(rows.map(|i| word(i).wrapping_sub(least) as u32));
            } else {
                out.extend(rows.map(|i| match column.is_valid(i) {
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
                let code = match all || column.is_valid(i) {
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
        let all = column.valid.is_none();
        let (mut packed, mut hashes) = ([0; BLOCK], [0; BLOCK]);
        for from in rows.clone().step_by(BLOCK) {
            let block = from..(from + BLOCK).min(rows.end);
            let valid = |i: usize| all || column.is_valid(i);
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
                // The first text that is no UUID ends that form; the codes stay.
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

    /// Asks for the slots of some hashes, and for the keys they lead to, before they are needed:
    /// the misses of a block overlap instead of following each other.
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

    /// Enters the key just pushed into the table.
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

    /// A table of at least four times as many slots as ids, filled anew.
    fn rehash(&mut self) -> Result<()> {
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
                Keys::Dense { .. } => return Ok(()),
            };
            if let Err(slot) = probe(&slots, hash, |_| false) {
                slots[slot] = entry(hash, i as u32 + 1);
            }
        }
        self.slots = slots;
        Ok(())
    }
}

fn start(ends: &[usize], i: usize) -> usize {
    if i == 0 { 0 } else { ends[i - 1] }
}

/// High half of the hash and code + 1.
fn entry(hash: u64, code_plus_1: u32) -> u64 {
    hash & 0xffff_ffff_0000_0000 | u64::from(code_plus_1)
}

/// The code whose key is the same, or the empty slot where it belongs (0 in an empty table).
#[inline]
fn probe(slots: &[u64], hash: u64, same: impl Fn(u32) -> bool) -> Result<u32, usize> {
    if slots.is_empty() {
        return Err(0);
    }
    let mask = slots.len() - 1;
    let mut at = hash as usize & mask;
    loop {
        let slot = slots[at & mask];
        if slot as u32 == 0 {
            return Err(at & mask);
        }
        if (slot ^ hash) >> 32 == 0 && same(slot as u32 - 1) {
            return Ok(slot as u32 - 1);
        }
        at = at.wrapping_add(1);
    }
}

/// Folded multiplication of the key and the seed, twice: keyed, so keys cannot be crafted to meet.
#[inline]
fn mix(key: u64, seed: u64) -> u64 {
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        (product as u64) ^ (product >> 64) as u64
    };
    let once = fold(key ^ seed, 0x2d35_8dcc_aa6c_78a5 ^ seed.rotate_left(32));
    fold(once ^ seed.rotate_left(17), 0x8bb8_4b93_962e_acc9)
}

#[inline]
fn word_hash(key: u64, seed: u64) -> u64 {
    mix(key, seed ^ 0x9e37_79b9_7f4a_7c15)
}

#[inline]
fn wide_hash(key: u128, seed: u64) -> u64 {
    mix(
        (key >> 64) as u64,
        seed ^ mix(key as u64, seed.rotate_left(7)),
    )
}

fn bytes_hash(id: &[u8], seed: u64) -> u64 {
    let mut hasher = foldhash::quality::FixedState::with_seed(seed).build_hasher();
    hasher.write(id);
    hasher.finish()
}

/// Least and greatest present number, as order-preserving words.
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

/// Whether the texts of a column can be packed, as far as it is cheap to tell.
fn packs(column: &ColumnData, packing: Packing) -> bool {
    let (ColumnValues::Text(texts) | ColumnValues::Cells(texts)) = &column.values else {
        return true;
    };
    let lengths_fit = |most: i64| match texts {
        Strings::Small(offsets, _) => offsets.windows(2).all(|w| i64::from(w[1] - w[0]) <= most),
        Strings::Large(offsets, _) => offsets.windows(2).all(|w| w[1] - w[0] <= most),
    };
    match packing {
        Packing::Short => lengths_fit(15),
        // The first text decides; one that is none ends the form when it comes.
        _ => (0..texts.len())
            .find(|i| column.is_valid(*i))
            .is_none_or(|i| uuid(texts.bytes(i)).is_some()),
    }
}

/// A text of at most 15 bytes, left-aligned, its length in the last byte: the order of these is
/// the order of the texts' bytes.
#[inline]
fn short(texts: &Strings, i: usize) -> u128 {
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

/// A UUID in its canonical text, 8-4-4-4-12 lower-case hex digits; `None` for any other text.
#[inline]
fn uuid(text: &[u8]) -> Option<u128> {
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
fn hex(digits: u64) -> Option<u32> {
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

/// Eight nibbles, one a byte, as lower-case hex digits.
#[inline]
fn hex_text(nibbles: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let letters = (nibbles + 6 * ONES) >> 4 & ONES;
    nibbles + 0x30 * ONES + 39 * letters
}

fn uuid_text(key: u128) -> [u8; 36] {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(ids: &[&str]) -> ColumnData {
        let texts = Strings::collect(ids.iter().map(|s| s.as_bytes())).unwrap();
        ColumnValues::Text(texts).into()
    }

    fn ints(ids: &[i64]) -> ColumnData {
        ColumnValues::Int {
            values: ids.to_vec().into(),
            bits: 64,
        }
        .into()
    }

    fn encode(ids: &mut Ids, column: &ColumnData) -> Vec<u32> {
        let mut out = Vec::new();
        ids.encode("id", &[column], &mut out, &Context::default())
            .unwrap();
        out
    }

    #[test]
    fn a_range_of_all_64_bits_is_not_dense_and_no_overflow() {
        for column in [vec![i64::MIN, i64::MAX], vec![0, i64::from(u32::MAX)]] {
            let mut ids = Ids::new(IdKind::Int(64), 0);
            assert_eq!(encode(&mut ids, &ints(&column)), [0, 1]);
        }
    }

    /// Every row's code leads back to its id, and ascending codes to ascending ids.
    fn check(ids: &Ids, rows: &[&str], codes: &[u32]) {
        for (row, code) in rows.iter().zip(codes) {
            assert_eq!(ids.at(*code).bytes(), row.as_bytes());
        }
        let order = ids.by_id().unwrap();
        let texts: Vec<Vec<u8>> = order.iter().map(|c| ids.at(*c).bytes().to_vec()).collect();
        assert!(texts.windows(2).all(|w| w[0] < w[1]));
    }

    #[test]
    fn short_texts_uuids_and_long_texts_come_back_in_byte_order() {
        let a = "01890a5d-ac96-774b-bcce-b302099a8057";
        let b = "01890a5d-ac96-774b-bcce-b302099a8056";
        let upper = "01890A5D-ac96-774b-bcce-b302099a8056";
        for rows in [
            vec!["b", "a", "", "ab", "ab\0", "b", "会員1", "fifteen_letters"],
            vec![a, b, a],
            vec![a, upper, b],
            vec!["a rather long customer number", "b", a],
        ] {
            let mut ids = Ids::new(IdKind::Text, 7);
            let codes = encode(&mut ids, &texts(&rows));
            check(&ids, &rows, &codes);
            // Ids of another form come later: codes stay.
            let more = ["an id of another, longer form", rows[0]];
            let again = encode(&mut ids, &texts(&more));
            assert_eq!(again[1], codes[0]);
            let all: Vec<&str> = rows.iter().copied().chain(more).collect();
            check(&ids, &all, &[codes, again].concat());
        }
    }

    #[test]
    fn dense_integers_keep_their_codes_when_strangers_come() {
        let mut ids = Ids::new(IdKind::Int(64), 7);
        let codes = encode(&mut ids, &ints(&[5, 7, 6, 5]));
        assert_eq!(codes, [0, 2, 1, 0]);
        let later = encode(&mut ids, &ints(&[i64::MIN, 7, i64::MAX, -1]));
        assert_eq!(later[1], 2);
        let numbers: Vec<i64> = ids
            .by_id()
            .unwrap()
            .iter()
            .map(|c| match ids.at(*c) {
                IdRef::Int(v) => v,
                _ => unreachable!(),
            })
            .collect();
        assert_eq!(numbers, [i64::MIN, -1, 5, 6, 7, i64::MAX]);
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_by_row() {
        let column: ColumnData = ColumnValues::Text(
            Strings::collect([b"ok".as_slice(), b"\xff\xfe"].into_iter()).unwrap(),
        )
        .into();
        let mut ids = Ids::new(IdKind::Text, 7);
        let error = ids.encode("id", &[&column], &mut Vec::new(), &Context::default());
        assert_eq!(error.unwrap_err().row(), Some(1));
    }

    proptest! {
        #[test]
        fn hex_is_read_as_the_standard_library_reads_it(text in "[0-9a-gA-F`:/@]{8}") {
            let strict = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            let expected = strict.then(|| u32::from_str_radix(&text, 16).unwrap());
            let digits = u64::from_be_bytes(text.as_bytes().try_into().unwrap());
            prop_assert_eq!(hex(digits), expected);
        }

        // Codes lead back to their ids whatever the hash seed.
        #[test]
        fn any_integers_come_back(values in prop::collection::vec(any::<i64>(), 0..200), seed: u64) {
            let mut ids = Ids::new(IdKind::Int(64), seed);
            let codes = encode(&mut ids, &ints(&values));
            for (value, code) in values.iter().zip(codes) {
                prop_assert!(matches!(ids.at(code), IdRef::Int(v) if v == *value));
            }
        }
    }
}
