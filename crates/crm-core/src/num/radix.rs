//! Sorting of whole numbers whose range is known: least significant digit first, 11 bits a pass.
//!
//! The keys carry no payload, so stability does not matter.

use crate::context::filled;
use crate::error::Result;

const DIGIT: u32 = 11;

/// Sorts keys below `2^bits`.
///
/// # Errors
///
/// [`crate::Error::OutOfMemory`]: the sort needs a copy.
///
/// ```
/// let mut keys = [5_u64, 3, 4_000, 3];
/// crm_core::num::radix::sort(&mut keys, 12)?;
/// assert_eq!(keys, [3, 3, 5, 4_000]);
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn sort(keys: &mut [u64], bits: u32) -> Result<()> {
    if keys.len() < 4096 {
        keys.sort_unstable();
        return Ok(());
    }
    let mut copy = filled(keys.len(), 0_u64, "sorting")?;
    let (mut from, mut to) = (&mut *keys, &mut copy[..]);
    let passes = bits.min(64).div_ceil(DIGIT);
    for pass in 0..passes {
        let digit = |key: u64| ((key >> (pass * DIGIT)) & ((1 << DIGIT) - 1)) as usize;
        // How many keys have each digit, then the place of the first key with it.
        let mut start = [0_usize; 1 << DIGIT];
        for key in from.iter() {
            start[digit(*key)] += 1;
        }
        let mut sum = 0;
        for s in &mut start {
            (*s, sum) = (sum, sum + *s);
        }
        for key in from.iter() {
            let at = &mut start[digit(*key)];
            to[*at] = *key;
            *at += 1;
        }
        std::mem::swap(&mut from, &mut to);
    }
    // After an odd number of passes the sorted keys are in the copy.
    if passes % 2 == 1 {
        to.copy_from_slice(from);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::rng::Rng;

    #[test]
    fn agrees_with_the_comparison_sort() {
        for bits in [1, 11, 12, 26, 40, 64] {
            let mut rng = Rng::new(u64::from(bits));
            let mut keys: Vec<u64> = (0..10_000).map(|_| rng.next_u64() >> (64 - bits)).collect();
            let mut expected = keys.clone();
            expected.sort_unstable();
            sort(&mut keys, bits).unwrap();
            assert_eq!(keys, expected, "{bits}");
        }
    }
}
