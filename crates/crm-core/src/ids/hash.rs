//! Hashing of ids, keyed with a seed, and lookup in an open-addressing table.

use std::hash::{BuildHasher, Hasher};

/// Ids hashed together.
pub(super) const BLOCK: usize = 64;

/// High half of the hash and code + 1.
pub(super) fn entry(hash: u64, code_plus_1: u32) -> u64 {
    hash & 0xffff_ffff_0000_0000 | u64::from(code_plus_1)
}

/// The code with an equal key, or the empty slot for it (0 in an empty table).
#[inline]
pub(super) fn probe(slots: &[u64], hash: u64, same: impl Fn(u32) -> bool) -> Result<u32, usize> {
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

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}

/// Folded multiplication of the key and the seed, twice. Because of the seed, colliding keys cannot
/// be constructed.
#[inline]
fn mix(key: u64, seed: u64) -> u64 {
    let once = fold(key ^ seed, 0x2d35_8dcc_aa6c_78a5 ^ seed.rotate_left(32));
    fold(once ^ seed.rotate_left(17), 0x8bb8_4b93_962e_acc9)
}

#[inline]
pub(super) fn word_hash(key: u64, seed: u64) -> u64 {
    mix(key, seed ^ 0x9e37_79b9_7f4a_7c15)
}

#[inline]
pub(super) fn wide_hash(key: u128, seed: u64) -> u64 {
    // Both halves differ from any key's where there is no seed, so that neither makes the product 0.
    let high = (key >> 64) as u64 ^ seed ^ 0x2d35_8dcc_aa6c_78a5;
    let low = key as u64 ^ seed.rotate_left(32) ^ 0x9e37_79b9_7f4a_7c15;
    fold(
        fold(high, low) ^ seed.rotate_left(17),
        0x8bb8_4b93_962e_acc9,
    )
}

pub(super) fn bytes_hash(id: &[u8], seed: u64) -> u64 {
    let mut hasher = foldhash::quality::FixedState::with_seed(seed).build_hasher();
    hasher.write(id);
    hasher.finish()
}
