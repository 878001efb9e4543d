//! Ids: a dictionary from a shop's ids (of customers, orders, products) to small integer codes.
//!
//! Codes are `u32` and never change. [`Ids::by_id`] gives them in ascending id order (numbers by
//! value, texts by bytes). Every table and every sum of floats uses this order, so no result
//! depends on the codes.
//!
//! Most of the cost of reading orders is encoding ids, so there are four forms:
//!
//! | keys     | ids                                      | code                                |
//! |----------|------------------------------------------|-------------------------------------|
//! | `Dense`  | integers whose range is about their count | id − least id, no hashing          |
//! | `Word`   | other integers                           | first appearance, hashed as 64 bits |
//! | `Wide`   | texts up to 15 bytes, UUIDs              | first appearance, hashed as 128 bits |
//! | `Bytes`  | everything else                          | first appearance, hashed as bytes   |
//!
//! Ids come from outside, so every hash is keyed with the context's seed. With a fixed hash, ids
//! could be constructed to collide, which makes encoding quadratic.

mod encode;
mod find;
mod hash;
mod in_parts;
mod pack;
mod state;
#[cfg(test)]
mod tests;

use self::pack::Packing;
pub(crate) use self::pack::uuid_text;
use crate::columns::{ColumnData, ColumnValues};
use crate::context::{Context, collect};
use crate::error::{Error, Result};
use crate::num::rank;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// The code of a row without an id.
pub(crate) const NO_ID: u32 = u32::MAX;

/// The type of ids; results have the type of the input.
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

/// One id. `Debug` prints only its type, so that ids are not logged.
#[derive(Clone, PartialEq, Eq, Hash)]
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

    /// Compares numbers by value, texts and byte strings by bytes.
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

/// The order-preserving image of a signed integer.
const SIGN: u64 = 1 << 63;

enum Keys {
    /// Codes are distances from `least` (as an order-preserving word).
    Dense { least: u64, len: u32 },
    /// Order-preserving words.
    Word(Vec<u64>),
    /// Packed texts or parsed UUIDs; their order is the order of the bytes.
    Wide(Vec<u128>, Packing),
    /// End of each id in the bytes.
    Bytes(Vec<usize>, Vec<u8>),
}

/// A dictionary: each id that came in has a code, which tables and totals hold in its place. Codes have no
/// meaning of their own; [`Ids::by_id`] has them in ascending order of the ids.
pub struct Ids {
    kind: IdKind,
    keys: Keys,
    /// Open addressing, linear probing, at most half full: high 32 bits of the hash, code + 1.
    slots: Vec<u64>,
    seed: u64,
    order: OnceLock<Vec<u32>>,
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ids({} of {})", self.len(), self.kind)
    }
}

/// The kind of ids in a column (or in its dictionary); `None` if its type cannot hold ids.
pub(crate) fn kind_of(column: &ColumnData) -> Option<IdKind> {
    match &column.looked_up().0.values {
        ColumnValues::Int { bits, .. } => Some(IdKind::Int(*bits)),
        ColumnValues::Unsigned { bits, .. } => Some(IdKind::Unsigned(*bits)),
        ColumnValues::Text(_) => Some(IdKind::Text),
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

    /// A copy; allocation failures are errors.
    pub(crate) fn copied(&self) -> Result<Ids> {
        fn copy<T: Copy>(from: &[T]) -> Result<Vec<T>> {
            collect(from.iter().copied(), "ids")
        }
        let keys = match &self.keys {
            Keys::Dense { least, len } => Keys::Dense {
                least: *least,
                len: *len,
            },
            Keys::Word(keys) => Keys::Word(copy(keys)?),
            Keys::Wide(keys, packing) => Keys::Wide(copy(keys)?, *packing),
            Keys::Bytes(ends, bytes) => Keys::Bytes(copy(ends)?, copy(bytes)?),
        };
        Ok(Ids {
            kind: self.kind,
            keys,
            slots: copy(&self.slots)?,
            seed: self.seed,
            order: OnceLock::new(),
        })
    }

    /// The dictionary for writing: a copy of its own where others hold it, too.
    pub(crate) fn writable(shared: &mut Arc<Ids>) -> Result<&mut Ids> {
        if Arc::get_mut(shared).is_none() {
            *shared = Arc::new(shared.copied()?);
        }
        Arc::get_mut(shared).ok_or(Error::internal("ids"))
    }

    /// The ids of these codes, as serde writes them.
    pub(crate) fn column<'a>(&'a self, codes: &'a [u32]) -> impl serde::Serialize + 'a {
        struct Column<'a>(&'a Ids, &'a [u32]);
        impl serde::Serialize for Column<'_> {
            fn serialize<S: serde::Serializer>(
                &self,
                to: S,
            ) -> std::result::Result<S::Ok, S::Error> {
                to.collect_seq(self.1.iter().map(|code| self.0.at(*code)))
            }
        }
        Column(self, codes)
    }

    /// The type of the ids.
    pub fn kind(&self) -> IdKind {
        self.kind
    }

    /// The number of codes. With dense integers some may belong to no row.
    pub fn len(&self) -> usize {
        match &self.keys {
            Keys::Dense { len, .. } => *len as usize,
            Keys::Word(keys) => keys.len(),
            Keys::Wide(keys, _) => keys.len(),
            Keys::Bytes(ends, _) => ends.len(),
        }
    }

    /// Whether there are no codes.
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

    /// All codes in ascending id order; computed once.
    ///
    /// # Errors
    ///
    /// [`crate::Error::OutOfMemory`].
    pub fn by_id(&self) -> Result<&[u32]> {
        self.by_id_on(&Context::default())
    }

    /// [`Ids::by_id`], on all threads where it is not computed yet.
    pub(crate) fn by_id_on(&self, context: &Context) -> Result<&[u32]> {
        if let Some(order) = self.order.get() {
            return Ok(order);
        }
        let n = self.len() as u32;
        let order = match &self.keys {
            Keys::Word(keys) => rank::order_on(keys, context)?,
            Keys::Wide(keys, _) => rank::order_wide(keys, context)?,
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
        let wanted = self.read_json(value);
        Ok(wanted.and_then(|wanted| self.code_of(&wanted)))
    }

    /// Adds the used ids of another dictionary of the same kind. Returns this dictionary's code for
    /// each code of the other.
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
        let codes = collect(0..other.len() as u32, "ids")?;
        let valid = crate::columns::Bits::from_bools(used.iter().copied())?;
        let column = ColumnData {
            valid: Some(valid),
            ..other.column_of(&codes)?
        };
        let mut map = Vec::new();
        self.encode("id", &[&column], &mut map, &context.uncounted())?;
        Ok(map)
    }
}

fn start(ends: &[usize], i: usize) -> usize {
    if i == 0 { 0 } else { ends[i - 1] }
}
