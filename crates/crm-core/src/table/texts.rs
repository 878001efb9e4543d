//! The texts of a column while rows are appended to it: each is stored once, and found by its hash.

use crate::context::{filled, push, room, text};
use crate::error::Result;
use foldhash::quality::FixedState;
use std::hash::BuildHasher;

/// An open table of hashes: the high half of a text's hash, and its code plus one; 0 is an empty slot.
#[derive(Clone, Default)]
pub(super) struct TextIndex {
    slots: Vec<u64>,
    /// How many texts were compared so far: tests hold it against the number of texts.
    #[cfg(test)]
    compared: usize,
}

impl TextIndex {
    /// The index of texts that are all different.
    pub(super) fn new(texts: &[String]) -> Result<Self> {
        let mut index = TextIndex::default();
        index.rebuild(texts, texts.len())?;
        Ok(index)
    }

    /// The codes, among `texts`, of each of `more`; those that are new are appended.
    pub(super) fn merge(&mut self, texts: &mut Vec<String>, more: &[String]) -> Result<Vec<u32>> {
        let mut codes = room(more.len(), "texts")?;
        for one in more {
            codes.push(self.code(texts, one)?);
        }
        Ok(codes)
    }

    fn code(&mut self, texts: &mut Vec<String>, one: &str) -> Result<u32> {
        // At most half full.
        if texts.len() * 2 >= self.slots.len() {
            self.rebuild(texts, texts.len() * 2)?;
        }
        let hash = hash(one);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at] != 0 {
            let code = self.slots[at] as u32 - 1;
            if (self.slots[at] ^ hash) >> 32 == 0 {
                #[cfg(test)]
                (self.compared += 1);
                if texts[code as usize] == one {
                    return Ok(code);
                }
            }
            at = (at + 1) & mask;
        }
        let code = texts.len() as u32;
        push(texts, text(format_args!("{one}"), "texts")?, "texts")?;
        self.slots[at] = entry(hash, code);
        Ok(code)
    }

    /// Makes room for `expected` texts, and enters those there are.
    fn rebuild(&mut self, texts: &[String], expected: usize) -> Result<()> {
        let size = (expected.max(8) * 2 + 1).next_power_of_two();
        self.slots = filled(size, 0, "index of texts")?;
        for (code, one) in texts.iter().enumerate() {
            let hash = hash(one);
            let mut at = hash as usize & (size - 1);
            while self.slots[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            self.slots[at] = entry(hash, code as u32);
        }
        Ok(())
    }
}

fn hash(one: &str) -> u64 {
    FixedState::with_seed(0x5eed).hash_one(one)
}

fn entry(hash: u64, code: u32) -> u64 {
    hash & 0xffff_ffff_0000_0000 | (u64::from(code) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Column, Table, Values};
    use std::sync::Arc;

    /// A part of a table whose rows all have texts of their own, but for the first, which is in every part.
    fn part(number: usize, rows: usize) -> Table {
        let own = (1..rows).map(|row| format!("{number}/{row}"));
        let texts: Vec<String> = std::iter::once("shared".to_owned()).chain(own).collect();
        let codes = (0..rows as u32).collect();
        let values = Values::Text {
            codes,
            texts: Arc::new(texts),
        };
        Table::new(vec![Column::named("text", values)])
    }

    #[test]
    fn each_text_is_stored_once_and_compared_as_often_as_it_comes_again() {
        let (parts, rows) = (60, 50);
        let mut all = Table::default();
        for number in 0..parts {
            all.append(part(number, rows)).unwrap();
        }
        let cells = |row: usize| format!("{:?}", all.columns()[0].cell(row));
        for number in 0..parts {
            assert_eq!(cells(number * rows), r#"Text("shared")"#);
            assert_eq!(cells(number * rows + 7), format!("Text(\"{number}/7\")"));
        }
        let Values::Text { texts, .. } = all.columns()[0].values() else {
            panic!("a column of texts");
        };
        assert_eq!(texts.len(), 1 + parts * (rows - 1));
        // One comparison for each return of the shared text; a search would take four million.
        let compared = all.columns[0].index.as_ref().unwrap().compared;
        assert!((parts - 1..2 * parts).contains(&compared), "{compared}");
    }

    #[test]
    fn an_index_of_known_texts_finds_them() {
        let mut texts: Vec<String> = (0..100).map(|i| i.to_string()).collect();
        let mut index = TextIndex::new(&texts).unwrap();
        let more = ["7", "new", "99", "new"].map(String::from);
        assert_eq!(index.merge(&mut texts, &more).unwrap(), [7, 100, 99, 100]);
        assert_eq!(index.merge(&mut Vec::new(), &[]).unwrap(), [0_u32; 0]);
    }
}
