//! Blocking: which pairs of records are compared.
//!
//! Two records are compared if they share a key: e-mail, telephone number, given name and date of birth, family name and
//! date of birth, street and given name, postal code and family name, or the full name. A block of more than
//! `limit` records is split by a further key (date of birth, then given name); what is still larger is not compared, and
//! its pairs are counted.

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
    /// Pairs that share a key and were not made because a block was over the limit; a pair counts once for each key.
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

/// The pairs of all blocks.
pub(super) fn pairs(records: &Records, limit: usize, context: &Context) -> Result<Pairs> {
    let mut out = Pairs::default();
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
        for (at, key) in keys.iter().enumerate().filter(|(_, key)| **key != u64::MAX) {
            push(&mut order, (*key, at as u32), "blocks")?;
        }
        order.sort_unstable();
        for block in order
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|block| block.len() > 1)
        {
            add(block, limit, &[&r.birth, &given], &mut out)?;
        }
        // Pairs that several keys have made are dropped before they are too many.
        out.pairs.sort_unstable();
        out.pairs.dedup();
    }
    Ok(out)
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
    let all = |n: usize| (n as u64) * (n as u64 - 1) / 2;
    let Some((key, further)) = further.split_first() else {
        out.split += 1;
        out.skipped += all(block.len());
        return Ok(());
    };
    let mut parts = filled(0, (0, 0), "blocks")?;
    for (_, at) in block.iter().filter(|(_, at)| key[*at as usize] != NONE) {
        push(&mut parts, (u64::from(key[*at as usize]), *at), "blocks")?;
    }
    parts.sort_unstable();
    out.split += 1;
    out.skipped += all(block.len());
    for part in parts
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|part| part.len() > 1)
    {
        out.skipped -= all(part.len());
        add(part, limit, further, out)?;
    }
    Ok(())
}
