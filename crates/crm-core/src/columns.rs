//! Input columns: views of a caller's buffers. Rust, C and Python convert their input to these.
//!
//! Buffers of a core type are kept by reference ([`Buf`]); the bindings widen narrower integers.
//! Nothing is validated here: that happens once, when orders or events are built.

use crate::context::collect;
use crate::error::{Error, Result};
use std::fmt;
use std::sync::Arc;

/// A slice of a shared, immutable buffer, which may be owned by the caller.
///
/// ```
/// use crm_core::columns::Buf;
/// let buf = Buf::from(vec![1_i64, 2, 3]).slice(1, 2);
/// assert_eq!(&buf[..], [2, 3]);
/// ```
pub struct Buf<T> {
    data: Held<T>,
    start: usize,
    len: usize,
}

/// The owner of the items. A vector has its own variant, because access through the trait object is
/// a virtual call, which is slow in scans.
enum Held<T> {
    Here(Arc<Vec<T>>),
    Elsewhere(Arc<dyn AsRef<[T]> + Send + Sync>),
}

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        match self {
            Held::Here(data) => Held::Here(data.clone()),
            Held::Elsewhere(data) => Held::Elsewhere(data.clone()),
        }
    }
}

impl<T> Buf<T> {
    /// The whole of a buffer, kept by reference.
    pub fn shared(data: Arc<dyn AsRef<[T]> + Send + Sync>) -> Self {
        let len = (*data).as_ref().len();
        Buf {
            data: Held::Elsewhere(data),
            start: 0,
            len,
        }
    }

    /// At most `len` items from `start`, fewer at the end of the buffer.
    #[must_use]
    pub fn slice(&self, start: usize, len: usize) -> Self {
        let start = start.min(self.len);
        Buf {
            data: self.data.clone(),
            start: self.start + start,
            len: len.min(self.len - start),
        }
    }
}

impl<T: Copy> Buf<T> {
    /// The items as an owned vector: without a copy if nothing else shares the buffer.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub(crate) fn into_vec(self, what: &'static str) -> Result<Vec<T>> {
        match self.data {
            Held::Here(data) if self.start == 0 && self.len == data.len() => {
                Arc::try_unwrap(data).or_else(|data| collect(data.iter().copied(), what))
            }
            _ => collect(self.iter().copied(), what),
        }
    }
}

impl<T> Default for Buf<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T> std::ops::Deref for Buf<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        let all = match &self.data {
            Held::Here(data) => data,
            Held::Elsewhere(data) => (**data).as_ref(),
        };
        &all[self.start..self.start + self.len]
    }
}

impl<T> From<Vec<T>> for Buf<T> {
    fn from(vec: Vec<T>) -> Self {
        Buf {
            start: 0,
            len: vec.len(),
            data: Held::Here(Arc::new(vec)),
        }
    }
}

impl<T> FromIterator<T> for Buf<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Vec::from_iter(items).into()
    }
}

impl<T> Clone for Buf<T> {
    fn clone(&self) -> Self {
        Buf {
            data: self.data.clone(),
            start: self.start,
            len: self.len,
        }
    }
}

impl<T> fmt::Debug for Buf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buf({} items)", self.len)
    }
}

/// A validity bitmap in Arrow's layout: bit `offset + i`, least significant first, is set where
/// cell `i` holds a value.
#[derive(Clone, Debug)]
pub struct Bits {
    bytes: Buf<u8>,
    offset: usize,
    len: usize,
}

/// The truth values of each byte.
static OF_BYTE: [[bool; 8]; 256] = {
    let mut all = [[false; 8]; 256];
    let mut at = 0;
    while at < 256 * 8 {
        all[at / 8][at % 8] = (at / 8) >> (at % 8) & 1 == 1;
        at += 1;
    }
    all
};

impl Bits {
    /// The bits from `offset`; `None` when the buffer is too short for `len` of them.
    pub fn new(bytes: Buf<u8>, offset: usize, len: usize) -> Option<Self> {
        let end = offset.checked_add(len)?;
        (end.div_ceil(8) <= bytes.len()).then_some(Bits { bytes, offset, len })
    }

    /// A truth value per bit.
    pub(crate) fn to_bools(&self) -> Result<Vec<bool>> {
        let bytes = &self.bytes[self.offset / 8..];
        let skipped = self.offset % 8;
        let count = (skipped + self.len).div_ceil(8);
        let mut all = crate::context::filled(8 * count, false, "truth values")?;
        for (values, byte) in all.chunks_exact_mut(8).zip(&bytes[..count]) {
            values.copy_from_slice(&OF_BYTE[usize::from(*byte)]);
        }
        all.truncate(skipped + self.len);
        all.drain(..skipped);
        Ok(all)
    }

    /// One bit per truth value.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn from_bools(values: impl ExactSizeIterator<Item = bool>) -> Result<Self> {
        let len = values.len();
        let mut bytes = crate::context::filled(len.div_ceil(8), 0_u8, "validity")?;
        for (i, value) in values.enumerate() {
            bytes[i / 8] |= u8::from(value) << (i % 8);
        }
        Ok(Bits {
            bytes: bytes.into(),
            offset: 0,
            len,
        })
    }

    /// Whether cell `i` holds a value.
    #[inline]
    pub fn is_set(&self, i: usize) -> bool {
        let at = self.offset + i;
        self.bytes[at / 8] >> (at % 8) & 1 == 1
    }

    /// The number of cells.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether every cell holds a value.
    pub fn all_set(&self) -> bool {
        (0..self.len).all(|i| self.is_set(i))
    }
}

/// The unit of an instant's integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TimeUnit {
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
}

/// Texts: offsets into bytes, `len + 1` of them, or views. That they are UTF-8 is seen to where they are read.
#[derive(Clone, Debug)]
pub enum Strings {
    /// 32-bit offsets (Arrow's utf8).
    Small(Buf<i32>, Buf<u8>),
    /// 64-bit offsets (Arrow's large_utf8).
    Large(Buf<i64>, Buf<u8>),
    /// Views (Arrow's utf8_view), 16 bytes each: the length and then the text, if it has at most 12 bytes, or its
    /// first four bytes, the number of a buffer and the place in that buffer.
    Views(Buf<u128>, Arc<[Buf<u8>]>),
}

/// The most bytes of a text that is inside its view.
pub(crate) const INSIDE: usize = 12;

/// A number of a view: 0 is the length, 2 the buffer and 3 the place in it.
#[inline]
pub(crate) fn of_view(view: &u128, number: usize) -> usize {
    let [number, ..] = bytemuck::cast_ref::<u128, [u32; 4]>(view)[number..] else {
        return 0;
    };
    number as usize
}

/// The text of a view; nothing if it points past its buffer, as views of null cells may.
#[inline]
fn viewed<'a>(view: &'a u128, buffers: &'a [Buf<u8>]) -> &'a [u8] {
    let length = of_view(view, 0);
    if length <= INSIDE {
        return &bytemuck::bytes_of(view)[4..4 + length];
    }
    let rest = buffers
        .get(of_view(view, 2))
        .and_then(|buffer| buffer.get(of_view(view, 3)..));
    rest.and_then(|rest| rest.get(..length)).unwrap_or_default()
}

impl Strings {
    /// The number of texts.
    pub fn len(&self) -> usize {
        match self {
            Strings::Small(offsets, _) => offsets.len().saturating_sub(1),
            Strings::Large(offsets, _) => offsets.len().saturating_sub(1),
            Strings::Views(views, _) => views.len(),
        }
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of text `i`. The offsets must have been checked (see [`ColumnData::check`]).
    #[inline]
    pub fn bytes(&self, i: usize) -> &[u8] {
        match self {
            Strings::Small(offsets, bytes) => &bytes[offsets[i] as usize..offsets[i + 1] as usize],
            Strings::Large(offsets, bytes) => &bytes[offsets[i] as usize..offsets[i + 1] as usize],
            Strings::Views(views, buffers) => viewed(&views[i], buffers),
        }
    }

    /// Copies texts into a new column.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn collect<'a>(texts: impl ExactSizeIterator<Item = &'a [u8]>) -> Result<Self> {
        let mut offsets = crate::context::room(texts.len() + 1, "texts")?;
        let mut bytes: Vec<u8> = Vec::new();
        offsets.push(0_i64);
        for text in texts {
            if bytes.capacity() - bytes.len() < text.len() {
                let more = text.len().max(bytes.len());
                crate::context::grow(&mut bytes, more, "texts")?;
            }
            bytes.extend_from_slice(text);
            offsets.push(bytes.len() as i64);
        }
        Ok(Strings::Large(offsets.into(), bytes.into()))
    }
}

/// The cells of an input column.
#[derive(Clone, Debug)]
pub enum ColumnValues {
    /// Whole numbers. `bits` is the width of the input type (8 to 64); ids are returned with the
    /// same width.
    Int {
        /// The numbers.
        values: Buf<i64>,
        /// Width of the input type.
        bits: u8,
    },
    /// Unsigned whole numbers.
    Unsigned {
        /// The numbers.
        values: Buf<u64>,
        /// Width of the input type.
        bits: u8,
    },
    /// Floats.
    Float(Buf<f64>),
    /// Decimals: `value · 10^-scale`.
    Decimal {
        /// The unscaled numbers.
        values: Buf<i128>,
        /// Decimal places.
        scale: i8,
    },
    /// Civil dates, days since 1970-01-01.
    Date(Buf<i32>),
    /// Points in time since 1970-01-01T00:00: instants when there is a zone, else wall clock.
    Time {
        /// The numbers.
        values: Buf<i64>,
        /// The unit of the numbers.
        unit: TimeUnit,
        /// The column's zone; `None` means wall clock.
        zone: Option<String>,
    },
    /// Truth values.
    Bool(Bits),
    /// Texts: ids, words, and amounts, times and numbers written as text.
    Text(Strings),
    /// Byte strings of one width, such as UUIDs.
    Fixed {
        /// Bytes of a cell.
        width: usize,
        /// The bytes of all cells.
        bytes: Buf<u8>,
    },
    /// Indices into a dictionary. Indices of null cells may be anything.
    Dictionary {
        /// One index per cell.
        keys: Buf<u32>,
        /// The dictionary; must not be a dictionary column itself.
        values: Box<ColumnData>,
    },
    /// A column without any value (Arrow's null type).
    Null(usize),
}

/// An input column: cells and their validity.
#[derive(Clone, Debug)]
pub struct ColumnData {
    /// The cells.
    pub values: ColumnValues,
    /// Which cells hold a value; `None` if all do.
    pub valid: Option<Bits>,
}

/// Columns of equal length, by name.
pub type Batch = Vec<(String, ColumnData)>;

impl From<ColumnValues> for ColumnData {
    fn from(values: ColumnValues) -> Self {
        ColumnData {
            values,
            valid: None,
        }
    }
}

impl ColumnData {
    /// The number of cells.
    pub fn len(&self) -> usize {
        match &self.values {
            ColumnValues::Int { values, .. } | ColumnValues::Time { values, .. } => values.len(),
            ColumnValues::Unsigned { values, .. } => values.len(),
            ColumnValues::Float(values) => values.len(),
            ColumnValues::Decimal { values, .. } => values.len(),
            ColumnValues::Date(values) => values.len(),
            ColumnValues::Bool(bits) => bits.len(),
            ColumnValues::Text(texts) => texts.len(),
            ColumnValues::Fixed { width, bytes } => bytes.len() / (*width).max(1),
            ColumnValues::Dictionary { keys, .. } => keys.len(),
            ColumnValues::Null(len) => *len,
        }
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether cell `i` holds a value; for a dictionary, the entry is checked too.
    #[inline]
    pub fn is_valid(&self, i: usize) -> bool {
        if self.valid.as_ref().is_some_and(|bits| !bits.is_set(i)) {
            return false;
        }
        match &self.values {
            ColumnValues::Dictionary { keys, values } => values.is_valid(keys[i] as usize),
            ColumnValues::Null(_) => false,
            _ => true,
        }
    }

    /// [`ColumnData::is_valid`] as a function, for loops over cells.
    pub(crate) fn validity(&self) -> impl Fn(usize) -> bool + '_ {
        let bits = self.valid.as_ref().map(|b| (&b.bytes[..], b.offset));
        let keys = match &self.values {
            ColumnValues::Dictionary { keys, values } => Some((&keys[..], values)),
            _ => None,
        };
        let none = matches!(self.values, ColumnValues::Null(_));
        move |i| {
            let set = |(bytes, offset): (&[u8], usize)| {
                let at = offset + i;
                bytes[at / 8] >> (at % 8) & 1 == 1
            };
            !none
                && bits.is_none_or(set)
                && keys.is_none_or(|(keys, values)| values.is_valid(keys[i] as usize))
        }
    }

    /// The name of the type, for messages.
    pub fn type_name(&self) -> String {
        match &self.values {
            ColumnValues::Int { bits, .. } => format!("int{bits}"),
            ColumnValues::Unsigned { bits, .. } => format!("uint{bits}"),
            ColumnValues::Float(_) => "float64".into(),
            ColumnValues::Decimal { scale, .. } => format!("decimal128 with {scale} decimals"),
            ColumnValues::Date(_) => "date".into(),
            ColumnValues::Time { zone: None, .. } => "timestamp without zone".into(),
            ColumnValues::Time { zone: Some(_), .. } => "timestamp with zone".into(),
            ColumnValues::Bool(_) => "bool".into(),
            ColumnValues::Text(_) => "text".into(),
            ColumnValues::Fixed { width, .. } => format!("fixed_size_binary({width})"),
            ColumnValues::Dictionary { values, .. } => {
                format!("dictionary of {}", values.type_name())
            }
            ColumnValues::Null(_) => "null".into(),
        }
    }

    /// The values of a dictionary column and its keys; any other column itself, without keys.
    pub(crate) fn looked_up(&self) -> (&ColumnData, Option<&Buf<u32>>) {
        match &self.values {
            ColumnValues::Dictionary { keys, values } => (values, Some(keys)),
            _ => (self, None),
        }
    }

    /// Checks the invariants that reading relies on: offsets ascend and are inside the bytes,
    /// dictionary indices are inside the dictionary, bitmaps are as long as the column.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] naming the column and what is broken.
    pub fn check(&self, name: &str) -> Result<()> {
        let broken = |problem: &str| {
            Err(Error::Malformed {
                column: name.into(),
                problem: problem.into(),
            })
        };
        if let Some(bits) = &self.valid
            && bits.len() != self.len()
        {
            return broken("the validity bitmap and the cells differ in length");
        }
        match &self.values {
            ColumnValues::Text(texts) => {
                let sound = match texts {
                    Strings::Small(offsets, bytes) => ascending(offsets, bytes),
                    Strings::Large(offsets, bytes) => ascending(offsets, bytes),
                    Strings::Views(views, buffers) => {
                        let inside = |view: &u128| {
                            let end = of_view(view, 3).saturating_add(of_view(view, 0));
                            let buffer = buffers.get(of_view(view, 2));
                            of_view(view, 0) <= INSIDE || buffer.is_some_and(|b| end <= b.len)
                        };
                        let valid =
                            |i: usize| self.valid.as_ref().is_none_or(|bits| bits.is_set(i));
                        let mut views = views.iter().enumerate();
                        views.all(|(i, view)| inside(view) || !valid(i))
                    }
                };
                if !sound {
                    return broken("text offsets descend, are negative or point past the end");
                }
            }
            ColumnValues::Fixed { width, bytes } if *width == 0 || bytes.len() % width != 0 => {
                return broken("the bytes are no whole number of cells");
            }
            ColumnValues::Dictionary { keys, values } => {
                if matches!(values.values, ColumnValues::Dictionary { .. }) {
                    return broken("a dictionary of dictionaries");
                }
                values.check(name)?;
                let n = values.len();
                let valid = |i: usize| self.valid.as_ref().is_none_or(|bits| bits.is_set(i));
                let outside = |(i, key): (usize, &u32)| *key as usize >= n && valid(i);
                if keys.iter().enumerate().any(outside) {
                    return broken("a dictionary index points past the dictionary");
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn ascending<T: Copy + Ord + Into<i64>>(offsets: &[T], bytes: &[u8]) -> bool {
    let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else {
        return true;
    };
    // Without a way out, so that several are compared at once.
    let pairs = offsets.windows(2);
    let ascend = pairs.fold(true, |ascend, pair| ascend & (pair[0] <= pair[1]));
    ascend && (*first).into() >= 0 && (*last).into() as u64 <= bytes.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A slice of a buffer has the same items after conversion to a vector.
    #[test]
    fn slices_of_buffers_are_what_they_show() {
        let whole: Vec<i64> = (0..6).collect();
        for start in 0..8 {
            for len in 0..8 {
                let shown: Vec<i64> = whole.iter().copied().skip(start).take(len).collect();
                let slice = Buf::from(whole.clone()).slice(start, len);
                assert_eq!(slice[..], shown);
                assert_eq!(slice.into_vec("test").unwrap(), shown);
                let inner = Buf::from(whole.clone()).slice(1, 5).slice(start, len);
                let shown: Vec<i64> = whole[1..].iter().copied().skip(start).take(len).collect();
                assert_eq!(inner.clone().into_vec("test").unwrap(), shown);
                assert_eq!(inner[..], shown);
            }
        }
    }
}
