//! A dictionary of normalised texts: equal texts have one code.

use crate::context::{filled, push};
use crate::error::{Error, Result};
use foldhash::fast::FixedState;
use std::hash::BuildHasher;

/// The code of a missing value.
pub(super) const NONE: u32 = u32::MAX;

/// Distinct texts and their codes. No result depends on the codes, which follow the order of rows.
pub(super) struct Words {
    bytes: String,
    /// The end of each text.
    ends: Vec<usize>,
    /// Open addressing, at most half full: high 32 bits of the hash, code + 1.
    slots: Vec<u64>,
    hash: FixedState,
}

impl Words {
    pub(super) fn new(seed: u64) -> Self {
        Words {
            bytes: String::new(),
            ends: Vec::new(),
            slots: Vec::new(),
            hash: FixedState::with_seed(seed),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn text(&self, code: u32) -> &str {
        let at = code as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[at]]
    }

    /// The code of a text; an empty text is missing.
    pub(super) fn code(&mut self, text: &str) -> Result<u32> {
        if text.is_empty() {
            return Ok(NONE);
        }
        if 2 * (self.len() + 1) > self.slots.len() {
            self.rehash()?;
        }
        // The slot follows from the half of the hash that it keeps.
        let half = self.hash.hash_one(text) >> 32;
        let mask = self.slots.len() - 1;
        let mut at = half as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                break;
            }
            let code = slot as u32 - 1;
            if slot >> 32 == half && self.text(code) == text {
                return Ok(code);
            }
            at = (at + 1) & mask;
        }
        let code = self.len() as u32;
        if self.bytes.capacity() - self.bytes.len() < text.len() {
            let more = self.bytes.len().max(text.len()).max(64);
            let full = |_| Error::OutOfMemory {
                what: "texts",
                bytes: more,
            };
            self.bytes.try_reserve(more).map_err(full)?;
        }
        self.bytes.push_str(text);
        push(&mut self.ends, self.bytes.len(), "texts")?;
        self.slots[at] = half << 32 | u64::from(code + 1);
        Ok(code)
    }

    fn rehash(&mut self) -> Result<()> {
        let size = (4 * (self.len() + 1)).next_power_of_two().max(64);
        let mut slots = filled(size, 0_u64, "texts")?;
        for slot in self.slots.iter().filter(|slot| **slot != 0) {
            let mut at = (slot >> 32) as usize & (size - 1);
            while slots[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            slots[at] = *slot;
        }
        self.slots = slots;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_one_code() {
        let mut words = Words::new(7);
        for round in 0..2 {
            for i in 0..5_000_u32 {
                assert_eq!(words.code(&format!("text {i}")), Ok(i), "{round}");
            }
        }
        assert_eq!(words.len(), 5_000);
        assert_eq!(words.text(0), "text 0");
        assert_eq!(words.text(4_999), "text 4999");
        assert_eq!(words.code(""), Ok(NONE));
    }
}
