//! Sort order of integers, by radix, which is faster than a comparison sort for a million numbers.

use crate::context::{collect, filled};
use crate::error::Result;

/// Bits of a digit.
const BITS: u32 = 11;

/// For fewer keys a comparison sort is faster.
const FEW: usize = 2_000;

/// The indices of `keys` in ascending order of key, equal keys in the order of their indices.
///
/// # Errors
///
/// [`crate::Error::OutOfMemory`].
///
/// ```
/// use crm_core::num::rank::order;
/// assert_eq!(order(&[30, 10, 20, 10]).unwrap(), [1, 3, 2, 0]);
/// ```
pub fn order(keys: &[u64]) -> Result<Vec<u32>> {
    let n = keys.len();
    let mut order = collect((0..n).map(|i| i as u32), "order")?;
    if keys.is_sorted() {
        return Ok(order);
    }
    if n < FEW {
        order.sort_unstable_by_key(|i| (keys[*i as usize], *i));
        return Ok(order);
    }
    let mut pairs = collect(
        keys.iter().enumerate().map(|(i, k)| (*k, i as u32)),
        "order",
    )?;
    let nothing = (0_u64, 0_u32);
    let rest = by_digits(&mut pairs, nothing, differing(keys), |pair| pair.0)?;
    for run in runs(&mut pairs, rest, |pair| pair.0) {
        run.sort_unstable();
    }
    for (to, (_, i)) in order.iter_mut().zip(&pairs) {
        *to = *i;
    }
    Ok(order)
}

/// [`order`] of keys of 128 bits that are all different.
pub(crate) fn order_wide(keys: &[u128]) -> Result<Vec<u32>> {
    let (any, all) = keys
        .iter()
        .fold((0, u128::MAX), |(any, all), k| (any | k, all & k));
    let mut rest = any & !all;
    // The highest 64 bits in which keys differ, next to each other: mostly that is all of them.
    let (mut pieces, mut free) = (Vec::new(), 64);
    while rest != 0 && free > 0 {
        let top = 128 - rest.leading_zeros();
        let width = (rest << (128 - top)).leading_ones().min(free);
        free -= width;
        pieces.push((top - width, u64::MAX >> (64 - width), free));
        rest &= (1 << (top - width)) - 1;
    }
    let packed = keys.iter().map(|key| {
        let bits = pieces
            .iter()
            .map(|(shift, mask, to)| ((key >> shift) as u64 & mask) << to);
        bits.fold(0, |all, bits| all | bits)
    });
    let packed = collect(packed, "order")?;
    let mut order = order(&packed)?;
    if rest != 0 {
        for run in order.chunk_by_mut(|a, b| packed[*a as usize] == packed[*b as usize]) {
            run.sort_unstable_by_key(|i| keys[*i as usize]);
        }
    }
    Ok(order)
}

/// The keys in ascending order.
///
/// # Errors
///
/// [`crate::Error::OutOfMemory`].
pub fn sorted(keys: &[u64]) -> Result<Vec<u64>> {
    let mut sorted = collect(keys.iter().copied(), "order")?;
    if keys.len() < FEW {
        sorted.sort_unstable();
        return Ok(sorted);
    }
    let rest = by_digits(&mut sorted, 0, differing(keys), |key| *key)?;
    for run in runs(&mut sorted, rest, |key| *key) {
        run.sort_unstable();
    }
    Ok(sorted)
}

/// The bits in which keys differ.
fn differing(keys: &[u64]) -> u64 {
    let (any, all) = keys
        .iter()
        .fold((0, u64::MAX), |(any, all), k| (any | k, all & k));
    any & !all
}

/// Sorts by the highest digits of the keys, of their `differing` bits only; equal ones keep their
/// order. Stops where the digits tell nearly all keys apart. Returns by how many bits keys must be
/// shifted to compare what was sorted; 0 if that is all.
fn by_digits<T: Copy>(
    items: &mut Vec<T>,
    nothing: T,
    differing: u64,
    key: impl Fn(&T) -> u64,
) -> Result<u32> {
    // Of n random keys, cut to 2·log2(n) − 8 bits, about 128 pairs are equal.
    let enough = 2 * items.len().ilog2() - 8;
    let (mut shifts, mut left) = (Vec::new(), differing);
    while left != 0 && (differing & !left).count_ones() < enough {
        let shift = (64 - left.leading_zeros()).saturating_sub(BITS);
        shifts.push(shift);
        left &= (1 << shift) - 1;
    }
    let rest = match left {
        0 => 0,
        _ => shifts.last().copied().unwrap_or(0),
    };
    let mut other = filled(items.len(), nothing, "order")?;
    for shift in shifts.into_iter().rev() {
        let digit = |item: &T| (key(item) >> shift) as usize & ((1 << BITS) - 1);
        let mut places = [0_u32; 1 << BITS];
        for item in items.iter() {
            places[digit(item)] += 1;
        }
        let mut next = 0;
        for place in &mut places {
            next += std::mem::replace(place, next);
        }
        for item in items.iter() {
            let place = &mut places[digit(item)];
            other[*place as usize] = *item;
            *place += 1;
        }
        std::mem::swap(items, &mut other);
    }
    Ok(rest)
}

/// The items whose keys are equal above the lowest `rest` bits, by two and more; none if there is
/// no rest.
fn runs<T>(items: &mut [T], rest: u32, key: impl Fn(&T) -> u64) -> impl Iterator<Item = &mut [T]> {
    let items = if rest == 0 { &mut [] } else { items };
    items
        .chunk_by_mut(move |a, b| key(a) >> rest == key(b) >> rest)
        .filter(|run| run.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn radix_equals_comparison(keys in prop::collection::vec(prop_oneof![any::<u64>(), 0..50_u64], 0..5_000)) {
            let mut expected: Vec<u32> = (0..keys.len() as u32).collect();
            expected.sort_by_key(|i| keys[*i as usize]);
            prop_assert_eq!(order(&keys).unwrap(), expected);
            let mut expected = keys.clone();
            expected.sort_unstable();
            prop_assert_eq!(sorted(&keys).unwrap(), expected);
        }

        /// Keys that differ in few bits, far apart from each other, and in all.
        #[test]
        fn wide_keys_are_ordered_too(mask: [u128; 2], mut keys in prop::collection::vec(any::<u128>(), 0..5_000)) {
            for key in &mut keys {
                *key &= mask[0] | (mask[1] >> 64);
            }
            keys.sort_unstable();
            keys.dedup();
            let mixed: Vec<u128> = (0..keys.len()).map(|i| keys[i * 7_919 % keys.len()]).collect();
            let mut expected: Vec<u32> = (0..mixed.len() as u32).collect();
            expected.sort_by_key(|i| mixed[*i as usize]);
            prop_assert_eq!(order_wide(&mixed).unwrap(), expected);
        }
    }
}
