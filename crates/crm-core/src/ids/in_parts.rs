//! Encodes long columns of ids on several threads. Each makes a dictionary of a part of the rows;
//! the dictionaries are merged in the order of the parts. So an id has the code of its first
//! appearance, as on one thread.
//!
//! An id that occurs in several parts is hashed once more in each, so this is for columns with few
//! ids for their rows. Columns of order ids are encoded on one thread.

use super::hash::{BLOCK, bytes_hash, probe, wide_hash, word_hash};
use super::{Ids, Keys, NO_ID, SIGN, start};
use crate::columns::{ColumnData, ColumnValues};
use crate::context::{Context, filled, room};
use crate::error::Result;
use std::ops::Range;

/// The chunks of a column of ids.
pub(super) struct Column<'a> {
    name: &'a str,
    chunks: &'a [&'a ColumnData],
}

/// Some rows of a chunk.
pub(super) struct Piece<'a> {
    /// The column's name.
    pub(super) name: &'a str,
    pub(super) chunk: &'a ColumnData,
    /// The chunk's first row in the column.
    pub(super) first_row: usize,
    /// The rows, counted from the chunk's first.
    pub(super) rows: Range<usize>,
}

impl<'a> Column<'a> {
    pub(super) fn new(name: &'a str, chunks: &'a [&'a ColumnData]) -> Self {
        Column { name, chunks }
    }

    fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum()
    }

    /// The chunks of some rows.
    pub(super) fn pieces(&self, rows: Range<usize>) -> impl Iterator<Item = Piece<'a>> {
        let mut first_row = 0;
        let name = self.name;
        self.chunks.iter().filter_map(move |chunk| {
            let at = first_row;
            first_row += chunk.len();
            let (from, to) = (rows.start.max(at), rows.end.min(first_row));
            (from < to).then(|| Piece {
                name,
                chunk,
                first_row: at,
                rows: from - at..to - at,
            })
        })
    }

    /// How many pairs among rows that are far from each other have one id.
    fn pairs(&self, rows: usize, seed: u64) -> u64 {
        let step = (self.len() / rows).max(1);
        let mut hashes = Vec::new();
        for piece in self.pieces(0..self.len()) {
            // The first row at or behind the piece's begin that is a multiple of the step.
            let skipped = piece.first_row.next_multiple_of(step) - piece.first_row;
            let rows = (skipped..piece.rows.end).step_by(step);
            hashes.extend(
                rows.filter(|i| piece.chunk.is_valid(*i))
                    .map(|i| hash_of_cell(piece.chunk, i, seed)),
            );
        }
        hashes.sort_unstable();
        let runs = hashes.chunk_by(|a, b| a == b).map(|run| run.len() as u64);
        runs.map(|n| n * (n - 1) / 2).sum()
    }
}

fn hash_of_cell(column: &ColumnData, i: usize, seed: u64) -> u64 {
    match &column.values {
        ColumnValues::Int { values, .. } => word_hash(values[i] as u64 ^ SIGN, seed),
        ColumnValues::Unsigned { values, .. } => word_hash(values[i], seed),
        ColumnValues::Text(texts) => bytes_hash(texts.bytes(i), seed),
        ColumnValues::Fixed { width, bytes } => {
            bytes_hash(&bytes[i * width..(i + 1) * width], seed)
        }
        _ => 0,
    }
}

/// Rows from which the number of ids is estimated.
const SAMPLE: usize = 1 << 13;

impl Ids {
    /// Encodes the column on several threads, if there are and it is worth it.
    pub(super) fn encode_in_parts(
        &mut self,
        column: &Column,
        out: &mut [u32],
        context: &Context,
    ) -> Result<bool> {
        let parts = context.parts(column.len());
        let plain = column.chunks.iter().all(|c| c.looked_up().1.is_none());
        if parts.len() < 2 || !plain {
            return Ok(false);
        }
        if !matches!(self.keys, Keys::Dense { .. }) && !self.few(column, parts.len()) {
            return Ok(false);
        }
        let mut work = room(parts.len(), "ids")?;
        let mut rest = out;
        for rows in parts {
            let (codes, others) = rest.split_at_mut(rows.len());
            work.push((rows, codes));
            rest = others;
        }
        let local = context.map(work, |(rows, codes)| {
            let mut ids = self.of_this_form();
            let mut done = 0;
            for piece in column.pieces(rows) {
                let end = done + piece.rows.len();
                ids.encode_plain(&piece, &mut codes[done..end], context)?;
                done = end;
            }
            Ok((ids, codes))
        })?;
        if let Keys::Dense { .. } = self.keys {
            return Ok(true);
        }
        let mut work = room(local.len(), "ids")?;
        for (ids, codes) in local {
            if let Some(map) = self.take_in(ids, context)? {
                work.push((codes, map));
            }
        }
        context.map(work, |(codes, map)| {
            for code in codes {
                *code = map.get(*code as usize).copied().unwrap_or(NO_ID);
            }
            Ok(())
        })?;
        Ok(true)
    }

    /// Whether the ids are so few that hashing them again for each part costs little: at most a
    /// quarter as much as hashing the rows.
    fn few(&self, column: &Column, parts: usize) -> bool {
        // Among `SAMPLE` rows of n ids there are about `SAMPLE²/2n` pairs of one id.
        let pairs = column.pairs(SAMPLE, self.seed);
        let most = column.len() / (4 * (parts - 1));
        pairs * 2 * most as u64 >= (SAMPLE * SAMPLE) as u64
    }

    /// An empty dictionary of the same form; dense ids as they are.
    fn of_this_form(&self) -> Ids {
        let keys = match &self.keys {
            Keys::Dense { least, len } => Keys::Dense {
                least: *least,
                len: *len,
            },
            Keys::Word(_) => Keys::Word(Vec::new()),
            Keys::Wide(_, packing) => Keys::Wide(Vec::new(), *packing),
            Keys::Bytes(..) => Keys::Bytes(Vec::new(), Vec::new()),
        };
        Ids {
            keys,
            ..Ids::new(self.kind, self.seed)
        }
    }

    /// Adds all ids of another dictionary made from the same seed. Returns this dictionary's code
    /// for each code of the other; `None` if the codes are the same.
    fn take_in(&mut self, mut other: Ids, context: &Context) -> Result<Option<Vec<u32>>> {
        if self.is_empty() {
            *self = other;
            return Ok(None);
        }
        // One part has found a text that is no UUID.
        let spelt_out = |ids: &Ids| matches!(ids.keys, Keys::Bytes(..));
        if spelt_out(self) != spelt_out(&other) {
            match spelt_out(self) {
                true => other.spell_out_wide()?,
                false => self.spell_out_wide()?,
            }
        }
        let n = other.len();
        let mut map = filled(n, NO_ID, "ids")?;
        // Ids that are known already are found on all threads.
        if context.parts(n).len() > 1 {
            let this = &*self;
            context.fill(&mut map, |part, codes| {
                for (codes, from) in codes.chunks_mut(BLOCK).zip(part.step_by(BLOCK)) {
                    let block = from as u32..from as u32 + codes.len() as u32;
                    let hashes = this.touched(&other, block.clone());
                    for ((code, i), hash) in codes.iter_mut().zip(block).zip(hashes) {
                        *code = this.found(&other, i as usize, hash).unwrap_or(NO_ID);
                    }
                }
                Ok(())
            })?;
        }
        let missing = map.iter().filter(|code| **code == NO_ID).count();
        let mut others = room(missing, "ids")?;
        others.extend((0..n as u32).filter(|i| map[*i as usize] == NO_ID));
        for block in others.chunks(BLOCK) {
            let hashes = self.touched(&other, block.iter().copied());
            for (i, hash) in block.iter().zip(hashes) {
                let i = *i as usize;
                map[i] = match &other.keys {
                    Keys::Word(keys) => self.word(keys[i], hash)?,
                    Keys::Wide(keys, _) => self.wide(keys[i], hash)?,
                    Keys::Bytes(ends, bytes) => {
                        self.bytes(&bytes[start(ends, i)..ends[i]], hash)?
                    }
                    Keys::Dense { .. } => i as u32,
                };
            }
        }
        Ok(Some(map))
    }

    /// The hashes of at most [`BLOCK`] ids of another dictionary; their slots here are prefetched.
    fn touched(&self, other: &Ids, ids: impl ExactSizeIterator<Item = u32>) -> [u64; BLOCK] {
        let mut hashes = [0; BLOCK];
        let n = ids.len();
        for (hash, i) in hashes.iter_mut().zip(ids) {
            let i = i as usize;
            *hash = match &other.keys {
                Keys::Word(keys) => word_hash(keys[i], self.seed),
                Keys::Wide(keys, _) => wide_hash(keys[i], self.seed),
                Keys::Bytes(ends, bytes) => bytes_hash(&bytes[start(ends, i)..ends[i]], self.seed),
                Keys::Dense { .. } => 0,
            };
        }
        self.touch(&hashes[..n]);
        hashes
    }

    /// The code here of an id of another dictionary in the same form.
    fn found(&self, other: &Ids, i: usize, hash: u64) -> Option<u32> {
        match (&self.keys, &other.keys) {
            (Keys::Word(keys), Keys::Word(others)) => {
                probe(&self.slots, hash, |code| keys[code as usize] == others[i]).ok()
            }
            (Keys::Wide(keys, _), Keys::Wide(others, _)) => {
                probe(&self.slots, hash, |code| keys[code as usize] == others[i]).ok()
            }
            (Keys::Bytes(ends, bytes), Keys::Bytes(other_ends, others)) => {
                let id = &others[start(other_ends, i)..other_ends[i]];
                let of = |code: usize| &bytes[start(ends, code)..ends[code]];
                probe(&self.slots, hash, |code| of(code as usize) == id).ok()
            }
            _ => None,
        }
    }
}
