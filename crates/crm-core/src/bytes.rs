//! Saved states: values to bytes and back.
//!
//! All numbers are little endian. A state is
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `CRMSTATE` |
//! | 4 | version of the format, [`FORMAT`] |
//! | 4 | what is saved, a [`Kind`] |
//! | 8 | length of the whole, these bytes and the checksum included |
//! | … | values, in the order in which they were put |
//! | 32 | SHA-256 of everything before |
//!
//! A column is its length (8 bytes) and its cells; a text is a column of bytes. The reader of a state makes the same
//! checks as the reader of rows, because a checksum detects damage but not a state that was made to deceive.

use crate::context::{grow, room};
use crate::error::{Error, Result};
use crate::sha256::Sha256;

/// The version of the format that is written. Versions before it that can be read: none yet.
pub(crate) const FORMAT: u32 = 1;

const MAGIC: &[u8; 8] = b"CRMSTATE";
const HEAD: usize = 24;
const CHECKSUM: usize = 32;

/// What a state holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Orders = 1,
    Events = 2,
    Customers = 3,
}

impl Kind {
    fn name(code: u32) -> &'static str {
        match code {
            1 => "orders",
            2 => "events",
            3 => "customers",
            _ => "something that this version does not know",
        }
    }
}

/// A number of a fixed width.
pub(crate) trait Number: Copy {
    const SIZE: usize;
    fn put(self, to: &mut [u8]);
    fn get(from: &[u8]) -> Self;
}

macro_rules! numbers {
    ($($type:ty),*) => { $(
        impl Number for $type {
            const SIZE: usize = size_of::<$type>();

            #[inline]
            fn put(self, to: &mut [u8]) {
                to.copy_from_slice(&self.to_le_bytes());
            }

            #[inline]
            fn get(from: &[u8]) -> Self {
                <$type>::from_le_bytes(from.try_into().unwrap_or_default())
            }
        }
    )* };
}

numbers!(u8, u32, i32, u64, i64, u128, i128);

/// A state that does not hold what it should.
pub(crate) fn broken(problem: &'static str) -> Error {
    Error::State {
        problem: problem.into(),
    }
}

/// Values on their way into a state.
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(kind: Kind) -> Result<Self> {
        let mut bytes = room(1 << 12, "saved state")?;
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&(kind as u32).to_le_bytes());
        bytes.extend_from_slice(&[0; 8]);
        Ok(Writer { bytes })
    }

    pub(crate) fn number<T: Number>(&mut self, value: T) -> Result<()> {
        let at = self.bytes.len();
        self.more(T::SIZE)?;
        value.put(&mut self.bytes[at..]);
        Ok(())
    }

    pub(crate) fn column<T: Number>(&mut self, values: &[T]) -> Result<()> {
        self.number(values.len() as u64)?;
        let at = self.bytes.len();
        self.more(values.len() * T::SIZE)?;
        let places = self.bytes[at..].chunks_exact_mut(T::SIZE);
        places
            .zip(values)
            .for_each(|(place, value)| value.put(place));
        Ok(())
    }

    /// A column that may be absent.
    pub(crate) fn optional<T: Number>(&mut self, values: Option<&[T]>) -> Result<()> {
        self.number(u8::from(values.is_some()))?;
        values.map_or(Ok(()), |values| self.column(values))
    }

    pub(crate) fn text(&mut self, text: &str) -> Result<()> {
        self.column(text.as_bytes())
    }

    /// As JSON.
    pub(crate) fn json(&mut self, value: &impl serde::Serialize) -> Result<()> {
        let text = serde_json::to_string(value);
        self.text(&text.map_err(|_| Error::internal("a setting is no JSON"))?)
    }

    /// `size` zeros behind what there is.
    fn more(&mut self, size: usize) -> Result<()> {
        if self.bytes.capacity() - self.bytes.len() < size + CHECKSUM {
            let additional = (size + CHECKSUM).max(self.bytes.len() / 2);
            grow(&mut self.bytes, additional, "saved state")?;
        }
        self.bytes.resize(self.bytes.len() + size, 0);
        Ok(())
    }

    /// The state.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>> {
        self.more(0)?;
        let length = (self.bytes.len() + CHECKSUM) as u64;
        self.bytes[HEAD - 8..HEAD].copy_from_slice(&length.to_le_bytes());
        let checksum = Sha256::digest(&self.bytes);
        self.bytes.extend_from_slice(&checksum);
        Ok(self.bytes)
    }
}

/// Values on their way out of a state.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Checks the head, the length and the checksum.
    pub(crate) fn new(kind: Kind, bytes: &'a [u8]) -> Result<Self> {
        let word = |at: usize| bytes.get(at..at + 4).map_or(0, u32::get);
        let state = |problem: String| Error::State {
            problem: problem.into(),
        };
        if !bytes.starts_with(MAGIC) {
            return Err(broken("the bytes are no saved state"));
        }
        if bytes.len() < HEAD + CHECKSUM {
            return Err(broken("the bytes end too early"));
        }
        if word(8) != FORMAT {
            let found = word(8);
            return Err(state(format!(
                "it is of format {found}, this version reads format {FORMAT}"
            )));
        }
        if word(12) != kind as u32 {
            let (found, wanted) = (Kind::name(word(12)), Kind::name(kind as u32));
            return Err(state(format!("it holds {found}, not {wanted}")));
        }
        let length = u64::get(&bytes[HEAD - 8..HEAD]);
        match length.cmp(&(bytes.len() as u64)) {
            std::cmp::Ordering::Equal => (),
            std::cmp::Ordering::Greater => return Err(broken("the bytes end too early")),
            std::cmp::Ordering::Less => return Err(broken("bytes follow after its end")),
        }
        let (values, checksum) = bytes.split_at(bytes.len() - CHECKSUM);
        if Sha256::digest(values) != checksum {
            return Err(broken("its checksum says that it was changed"));
        }
        Ok(Reader {
            rest: &values[HEAD..],
        })
    }

    fn take(&mut self, size: usize) -> Result<&'a [u8]> {
        let (taken, rest) = (self.rest.split_at_checked(size))
            .ok_or_else(|| broken("a value is longer than the state"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn number<T: Number>(&mut self) -> Result<T> {
        Ok(T::get(self.take(T::SIZE)?))
    }

    pub(crate) fn column<T: Number>(&mut self) -> Result<Vec<T>> {
        let length = usize::try_from(self.number::<u64>()?).unwrap_or(usize::MAX);
        let bytes = self.take(length.saturating_mul(T::SIZE))?;
        let mut values = room(length, "saved state")?;
        values.extend(bytes.chunks_exact(T::SIZE).map(T::get));
        Ok(values)
    }

    /// A column of `rows` cells.
    pub(crate) fn rows<T: Number>(&mut self, rows: usize) -> Result<Vec<T>> {
        let column = self.column()?;
        if column.len() != rows {
            return Err(broken("a column has another length than its table"));
        }
        Ok(column)
    }

    /// A column of `rows` cells that may be absent.
    pub(crate) fn optional<T: Number>(&mut self, rows: usize) -> Result<Option<Vec<T>>> {
        match self.number::<u8>()? {
            0 => Ok(None),
            1 => self.rows(rows).map(Some),
            _ => Err(broken("a mark is neither yes nor no")),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String> {
        let bytes = self.column()?;
        String::from_utf8(bytes).map_err(|_| broken("a text is not UTF-8"))
    }

    /// A setting that was written as JSON.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T> {
        serde_json::from_str(&self.text()?).map_err(|_| broken("a setting is not known"))
    }

    /// Nothing may be left.
    pub(crate) fn finish(self) -> Result<()> {
        match self.rest {
            [] => Ok(()),
            _ => Err(broken("values follow after the last")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_comes_back() {
        let mut to = Writer::new(Kind::Orders).unwrap();
        to.number(7_u32).unwrap();
        to.column(&[i64::MIN, 0, i64::MAX]).unwrap();
        to.optional::<u8>(None).unwrap();
        to.optional(Some(&[1_u128 << 100][..])).unwrap();
        to.text("注文").unwrap();
        let bytes = to.finish().unwrap();
        let mut from = Reader::new(Kind::Orders, &bytes).unwrap();
        assert_eq!(from.number::<u32>().unwrap(), 7);
        assert_eq!(from.column::<i64>().unwrap(), [i64::MIN, 0, i64::MAX]);
        assert_eq!(from.optional::<u8>(3).unwrap(), None);
        assert_eq!(from.optional::<u128>(1).unwrap(), Some(vec![1 << 100]));
        assert_eq!(from.text().unwrap(), "注文");
        from.finish().unwrap();
    }

    #[test]
    fn a_length_beyond_the_bytes_asks_for_no_memory() {
        let mut to = Writer::new(Kind::Orders).unwrap();
        to.number(u64::MAX).unwrap();
        let bytes = to.finish().unwrap();
        let mut from = Reader::new(Kind::Orders, &bytes).unwrap();
        assert!(from.column::<u128>().is_err());
    }

    /// Head, one column of two numbers, checksum: byte by byte as the module says.
    #[test]
    fn a_state_is_laid_out_as_documented() {
        let mut to = Writer::new(Kind::Orders).unwrap();
        to.column(&[1_u32, 258]).unwrap();
        to.optional::<u8>(Some(&[9])).unwrap();
        to.optional::<u8>(None).unwrap();
        let bytes = to.finish().unwrap();
        let mut expected = b"CRMSTATE\x01\0\0\0\x01\0\0\0".to_vec();
        expected.extend_from_slice(&(8 + 4 + 4 + 8 + 16 + 10 + 1 + 32_u64).to_le_bytes());
        expected.extend_from_slice(b"\x02\0\0\0\0\0\0\0\x01\0\0\0\x02\x01\0\0");
        expected.extend_from_slice(b"\x01\x01\0\0\0\0\0\0\0\x09\0");
        assert_eq!(bytes[..bytes.len() - 32], expected);
        assert_eq!(bytes[bytes.len() - 32..], Sha256::digest(&expected));
    }

    /// With any number of values the room grows, and nothing is lost.
    #[test]
    fn states_of_all_sizes_come_back() {
        for n in (0..40).chain([500, 1_015, 1_016, 1_017, 2_000, 5_000]) {
            let cells: Vec<u32> = (0..n).collect();
            let mut to = Writer::new(Kind::Orders).unwrap();
            to.column(&cells).unwrap();
            to.text("end").unwrap();
            let bytes = to.finish().unwrap();
            let mut from = Reader::new(Kind::Orders, &bytes).unwrap();
            assert_eq!(from.rows::<u32>(cells.len()).unwrap(), cells);
            assert_eq!(from.text().unwrap(), "end");
            from.finish().unwrap();
        }
    }

    fn said<T>(result: Result<T>) -> String {
        result.err().expect("refused").to_string()
    }

    #[test]
    fn whatever_is_wrong_with_a_state_is_said() {
        let mut to = Writer::new(Kind::Orders).unwrap();
        to.number(2_u8).unwrap();
        to.column(&[7_u8, 0xff]).unwrap();
        let right = to.finish().unwrap();
        let open = |bytes: &[u8]| said(Reader::new(Kind::Orders, bytes).map(|_| ()));
        let changed = |at: usize, byte: u8| {
            let mut bytes = right.clone();
            bytes[at] = byte;
            open(&bytes)
        };
        let early = "saved state: the bytes end too early";
        assert_eq!(
            open(b"CRMSTATF"),
            "saved state: the bytes are no saved state"
        );
        assert_eq!(open(b"CRMSTATE"), early);
        assert_eq!(open(&right[..HEAD + CHECKSUM - 1]), early);
        assert_eq!(open(&right[..HEAD + CHECKSUM]), early);
        assert_eq!(open(&right[..right.len() - 1]), early);
        let longer: Vec<u8> = right.iter().copied().chain([0]).collect();
        assert_eq!(open(&longer), "saved state: bytes follow after its end");
        let other = "saved state: it holds something that this version does not know, not orders";
        assert_eq!(changed(12, 9), other);
        assert_eq!(changed(12, 2), "saved state: it holds events, not orders");
        let format = "saved state: it is of format 2, this version reads format 1";
        assert_eq!(changed(8, 2), format);
        let checksum = "saved state: its checksum says that it was changed";
        assert_eq!(changed(HEAD, 3), checksum);
        assert_eq!(changed(right.len() - 1, !right[right.len() - 1]), checksum);

        let read = || Reader::new(Kind::Orders, &right).unwrap();
        let marks = "saved state: a mark is neither yes nor no";
        assert_eq!(said(read().optional::<u8>(2)), marks);
        assert_eq!(
            said(read().finish()),
            "saved state: values follow after the last"
        );
        let mut from = read();
        assert_eq!(from.number::<u8>(), Ok(2));
        let rows = "saved state: a column has another length than its table";
        assert_eq!(said(from.rows::<u8>(3)), rows);
        assert_eq!(
            said(from.number::<u8>()),
            "saved state: a value is longer than the state"
        );
        let mut from = read();
        assert_eq!(from.number::<u8>(), Ok(2));
        assert_eq!(said(from.text()), "saved state: a text is not UTF-8");
        let mut to = Writer::new(Kind::Orders).unwrap();
        to.json(&[1, 2]).unwrap();
        to.json(&"x").unwrap();
        let bytes = to.finish().unwrap();
        let mut from = Reader::new(Kind::Orders, &bytes).unwrap();
        assert_eq!(from.json::<Vec<i32>>(), Ok(vec![1, 2]));
        assert_eq!(
            said(from.json::<i32>()),
            "saved state: a setting is not known"
        );
    }
}
