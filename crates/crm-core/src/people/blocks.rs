//! Blocking: which pairs of records are compared.
//!
//! Two records are compared if they share a key: e-mail, telephone number, given name and date of birth, family name and
//! date of birth, street and given name, postal code and family name, or the full name. A block of more than
//! `limit` records is split by a further key (date of birth, then given name); what is still larger is not compared, and
//! its pairs are counted. Of records with an e-mail address or telephone number that are equal in every field only the first is in
//! blocks; each other one is compared with it.

use super::records::Records;
use super::words::NONE;
use crate::context::{Context, collect, filled, push};
use crate::error::Result;

/// Pairs to compare, each once, `a < b`, ascending; and how many were left out.
#[derive(Default)]
pub(super) struct Pairs {
    pub(super) pairs: Vec<u64>,
    /// Blocks over the limit.
    pub(super) split: u64,
    /// Pairs that share a key and were not made because a block was over the limit, each once.
    pub(super) skipped: u64,
}

/// The two records of a pair.
pub(super) fn ends(pair: u64) -> (usize, usize) {
    ((pair >> 32) as usize, pair as u32 as usize)
}

/// One number for two values, if both are there.
fn both(a: &[u32], b: &[u32]) -> Result<Vec<u64>> {
    let each = a.iter().zip(b).map(|(a, b)| match (*a, *b) {
        (NONE, _) | (_, NONE) => u64::MAX,
        (a, b) => u64::from(a) << 32 | u64::from(b),
    });
    collect(each, "blocks")
}

fn one(a: &[u32]) -> Result<Vec<u64>> {
    collect(
        a.iter()
            .map(|a| if *a == NONE { u64::MAX } else { u64::from(*a) }),
        "blocks",
    )
}

/// The pairs of all blocks. `first` has for each record the first that is equal to it.
pub(super) fn pairs(
    records: &Records,
    first: &[u32],
    limit: usize,
    context: &Context,
) -> Result<Pairs> {
    let mut out = Pairs::default();
    let is_first = |at: usize| first[at] as usize == at;
    // By key, the block of each record whose block is over the limit.
    let mut over: Vec<Vec<u32>> = Vec::new();
    let r = records;
    // The reading, and the written name of those without one.
    let spoken = |name: &super::records::Name| -> Result<Vec<u32>> {
        let kana = if records.hashed {
            &name.kana
        } else {
            &name.roman
        };
        let each = kana
            .iter()
            .zip(&name.written)
            .map(|(kana, written)| match (*kana, *written) {
                (NONE, NONE) => NONE,
                (NONE, written) => written | 1 << 31,
                (kana, _) => kana,
            });
        collect(each, "blocks")
    };
    let (family, given) = (spoken(&r.family)?, spoken(&r.given)?);
    let keys: [&dyn Fn() -> Result<Vec<u64>>; 10] = [
        &|| one(&r.email),
        &|| one(&r.phone),
        &|| both(&given, &r.birth),
        &|| both(&r.given.written, &r.birth),
        &|| both(&family, &r.birth),
        &|| both(&r.street, &given),
        &|| both(&r.street, &r.given.written),
        &|| both(&r.zip, &family),
        &|| both(&family, &given),
        &|| both(&r.family.written, &r.given.written),
    ];
    let mut order = Vec::new();
    for key in keys {
        context.check()?;
        let keys = key()?;
        order.clear();
        let known = keys.iter().enumerate().filter(|(_, key)| **key != u64::MAX);
        for (at, key) in known.filter(|(at, _)| is_first(*at)) {
            push(&mut order, (*key, at as u32), "blocks")?;
        }
        order.sort_unstable();
        let mut of_key = Vec::new();
        for block in order
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|block| block.len() > 1)
        {
            if block.len() > limit {
                if of_key.is_empty() {
                    of_key = filled(records.len, NONE, "blocks")?;
                }
                block
                    .iter()
                    .for_each(|(_, at)| of_key[*at as usize] = block[0].1);
            }
            add(block, limit, &[&r.birth, &given], &mut out)?;
        }
        if !of_key.is_empty() {
            push(&mut over, of_key, "blocks")?;
        }
        // Pairs that several keys have made are dropped before they are too many.
        out.pairs.sort_unstable();
        out.pairs.dedup();
    }
    out.skipped = sharing(&over, records.len)?;
    let shared = |pair: &&u64| {
        let (a, b) = ends(**pair);
        over.iter().any(|of| of[a] != NONE && of[a] == of[b])
    };
    out.skipped -= match over.is_empty() {
        true => 0,
        false => out.pairs.iter().filter(shared).count() as u64,
    };
    for (at, first) in first.iter().enumerate().filter(|(at, _)| !is_first(*at)) {
        push(&mut out.pairs, u64::from(*first) << 32 | at as u64, "pairs")?;
    }
    out.pairs.sort_unstable();
    Ok(out)
}

/// How many pairs have one value in at least one column: by inclusion and exclusion over sets of columns.
fn sharing(columns: &[Vec<u32>], records: usize) -> Result<u64> {
    // All rows are one group at first.
    let mut groups = Vec::new();
    for at in (0..records).filter(|at| columns.iter().any(|of| of[*at] != NONE)) {
        push(&mut groups, (0, at as u32), "blocks")?;
    }
    let (more, less) = refined(columns, &groups, true)?;
    Ok(more - less)
}

/// The pairs of one group that also share one of these columns, or two, or more: those of odd numbers of columns, which
/// add, and those of even numbers, which are taken away.
fn refined(columns: &[Vec<u32>], groups: &[(u32, u32)], adds: bool) -> Result<(u64, u64)> {
    let (mut more, mut less) = (0, 0);
    for (at, column) in columns.iter().enumerate() {
        let mut keys = Vec::new();
        for (group, row) in groups
            .iter()
            .filter(|(_, row)| column[*row as usize] != NONE)
        {
            let key = u64::from(*group) << 32 | u64::from(column[*row as usize]);
            push(&mut keys, (key, *row), "blocks")?;
        }
        keys.sort_unstable();
        let (mut next, mut pairs) = (Vec::new(), 0);
        for (group, rows) in keys.chunk_by(|a, b| a.0 == b.0).enumerate() {
            let n = rows.len() as u64;
            pairs += n * (n - 1) / 2;
            for (_, row) in rows.iter().filter(|_| n > 1) {
                push(&mut next, (group as u32, *row), "blocks")?;
            }
        }
        if pairs > 0 {
            *if adds { &mut more } else { &mut less } += pairs;
            let (m, l) = refined(&columns[at + 1..], &next, !adds)?;
            (more, less) = (more + m, less + l);
        }
    }
    Ok((more, less))
}

/// The pairs of a block, or of its parts by the next key.
fn add(block: &[(u64, u32)], limit: usize, further: &[&Vec<u32>], out: &mut Pairs) -> Result<()> {
    if block.len() <= limit {
        for (i, (_, a)) in block.iter().enumerate() {
            for (_, b) in &block[i + 1..] {
                push(&mut out.pairs, u64::from(*a) << 32 | u64::from(*b), "pairs")?;
            }
        }
        return Ok(());
    }
    out.split += 1;
    let Some((key, further)) = further.split_first() else {
        return Ok(());
    };
    let mut parts = filled(0, (0, 0), "blocks")?;
    for (_, at) in block.iter().filter(|(_, at)| key[*at as usize] != NONE) {
        push(&mut parts, (u64::from(key[*at as usize]), *at), "blocks")?;
    }
    parts.sort_unstable();
    for part in parts
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|part| part.len() > 1)
    {
        add(part, limit, further, out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_that_share_a_value_are_counted_once() {
        let mut seed = 7_u64;
        let mut draw = |below: u64| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(99);
            ((seed >> 33) % below) as u32
        };
        for columns in 0..5 {
            let mut column = || {
                let cell = |_| match draw(6) {
                    5 => NONE,
                    value => value,
                };
                (0..40).map(cell).collect::<Vec<u32>>()
            };
            let columns: Vec<Vec<u32>> = (0..columns).map(|_| column()).collect();
            let share =
                |a: usize, b: usize| columns.iter().any(|of| of[a] != NONE && of[a] == of[b]);
            let pairs = (0..40).flat_map(|a| (a + 1..40).map(move |b| (a, b)));
            let slow = pairs.filter(|(a, b)| share(*a, *b)).count() as u64;
            assert_eq!(sharing(&columns, 40).unwrap(), slow);
        }
    }
}
