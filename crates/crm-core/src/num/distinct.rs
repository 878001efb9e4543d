//! Factorises a column: its distinct values, and for each row the index of its value.

use foldhash::fast::FixedState;
use std::hash::BuildHasher;

use crate::context::{filled, push, room};
use crate::error::Result;

/// A column as codes of its sorted distinct values.
#[derive(Debug, Clone)]
pub(crate) struct Distinct {
    /// Distinct values, ascending.
    pub(crate) values: Vec<f64>,
    /// For each row, the index into `values`.
    pub(crate) code: Vec<u32>,
}

impl Distinct {
    /// Bits that a code needs.
    pub(crate) fn bits(&self) -> u32 {
        let most = self.values.len().saturating_sub(1) as u64;
        64 - most.leading_zeros()
    }
}

/// Encodes finite values that are at least 0.
///
/// Uses a hash table while the distinct values are few (days, weeks), which is faster than sorting.
/// With many values, or where a probe gets long (values chosen to collide), it sorts.
pub(crate) fn encode(column: &[f64]) -> Result<Distinct> {
    match hashed(column)? {
        Some(codes) => Ok(codes),
        None => sorted(column),
    }
}

/// The largest number of distinct values for the hash table.
const MOST: usize = 1 << 16;
const LONGEST_PROBE: usize = 48;
const EMPTY: u32 = u32::MAX;

fn hashed(column: &[f64]) -> Result<Option<Distinct>> {
    let hasher = FixedState::with_seed(0x5eed);
    // The table is at most half full. A column of few rows, such as one customer's, has a small
    // table.
    let size = (2 * column.len().min(MOST)).next_power_of_two();
    let mut slots = filled(size, EMPTY, "distinct values")?;
    let mut values: Vec<f64> = Vec::new();
    let mut code = room(column.len(), "codes")?;
    for value in column {
        // −0 becomes 0.
        let value = value + 0.0;
        let mut slot = hasher.hash_one(value.to_bits()) as usize % size;
        let mut probe = 0;
        let found = loop {
            match slots[slot] {
                EMPTY if values.len() == MOST => return Ok(None),
                EMPTY => {
                    slots[slot] = values.len() as u32;
                    push(&mut values, value, "distinct values")?;
                    break slots[slot];
                }
                known if values[known as usize] == value => break known,
                _ if probe == LONGEST_PROBE => return Ok(None),
                _ => {
                    probe += 1;
                    slot = (slot + 1) % size;
                }
            }
        };
        code.push(found);
    }
    // Renumbers codes from first appearance to ascending value.
    let mut order = room(values.len(), "distinct values")?;
    order.extend(0..values.len() as u32);
    order.sort_unstable_by(|a, b| values[*a as usize].total_cmp(&values[*b as usize]));
    let mut rank = filled(values.len(), 0_u32, "distinct values")?;
    for (i, was) in order.iter().enumerate() {
        rank[*was as usize] = i as u32;
    }
    for c in &mut code {
        *c = rank[*c as usize];
    }
    values.sort_unstable_by(f64::total_cmp);
    Ok(Some(Distinct { values, code }))
}

fn sorted(column: &[f64]) -> Result<Distinct> {
    let mut pairs = room(column.len(), "distinct values")?;
    // The bits of doubles ≥ 0 sort as the doubles do.
    pairs.extend(
        column
            .iter()
            .enumerate()
            .map(|(row, v)| ((v + 0.0).to_bits(), row as u32)),
    );
    pairs.sort_unstable();
    let mut values: Vec<f64> = Vec::new();
    let mut code = filled(column.len(), 0_u32, "codes")?;
    for run in pairs.chunk_by(|a, b| a.0 == b.0) {
        for (_, row) in run {
            code[*row as usize] = values.len() as u32;
        }
        push(&mut values, f64::from_bits(run[0].0), "distinct values")?;
    }
    Ok(Distinct { values, code })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_agree() {
        let column = [3.5, 0.0, -0.0, 3.5, 1e9, 2.0];
        let fast = hashed(&column).unwrap().unwrap();
        let slow = sorted(&column).unwrap();
        assert_eq!((&fast.values, &fast.code), (&slow.values, &slow.code));
        assert_eq!(fast.values, [0.0, 2.0, 3.5, 1e9]);
        assert_eq!(fast.code, [2, 0, 0, 2, 3, 1]);
        assert_eq!(fast.bits(), 2);
        assert_eq!(encode(&[]).unwrap().bits(), 0);
    }

    #[test]
    fn many_distinct_values_are_sorted() {
        let column: Vec<f64> = (0..70_000).rev().map(f64::from).collect();
        assert!(hashed(&column).unwrap().is_none());
        let codes = encode(&column).unwrap();
        assert_eq!(
            (codes.values.len(), codes.code[0], codes.bits()),
            (70_000, 69_999, 17)
        );
    }
}
