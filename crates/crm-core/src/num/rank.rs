//! Sort order of integers, by radix, which is faster than a comparison sort for a million numbers.

use crate::Result;
use crate::context::{collect, filled};

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
    const BITS: u32 = 11;
    let n = keys.len();
    let mut order = collect((0..n).map(|i| i as u32), "order")?;
    if n < 2_000 {
        order.sort_unstable_by_key(|i| (keys[*i as usize], *i));
        return Ok(order);
    }
    // Digits in which all keys agree need no pass.
    let (any, all) = keys
        .iter()
        .fold((0, u64::MAX), |(any, all), k| (any | k, all & k));
    let differing = any & !all;
    let mut pairs = collect(
        keys.iter().enumerate().map(|(i, k)| (*k, i as u32)),
        "order",
    )?;
    let mut other = filled(n, (0_u64, 0_u32), "order")?;
    for shift in (0..64).step_by(BITS as usize) {
        let digit = |key: u64| (key >> shift) as usize & ((1 << BITS) - 1);
        if digit(differing) == 0 {
            continue;
        }
        let mut places = [0_u32; 1 << BITS];
        for (key, _) in &pairs {
            places[digit(*key)] += 1;
        }
        let mut next = 0;
        for place in &mut places {
            next += std::mem::replace(place, next);
        }
        for (key, i) in &pairs {
            let place = &mut places[digit(*key)];
            other[*place as usize] = (*key, *i);
            *place += 1;
        }
        std::mem::swap(&mut pairs, &mut other);
    }
    for (to, (_, i)) in order.iter_mut().zip(&pairs) {
        *to = *i;
    }
    Ok(order)
}

/// The keys in ascending order.
///
/// # Errors
///
/// [`crate::Error::OutOfMemory`].
pub fn sorted(keys: &[u64]) -> Result<Vec<u64>> {
    const BITS: u32 = 11;
    let mut from = collect(keys.iter().copied(), "order")?;
    if keys.len() < 2_000 {
        from.sort_unstable();
        return Ok(from);
    }
    let (any, all) = keys
        .iter()
        .fold((0, u64::MAX), |(any, all), k| (any | k, all & k));
    let differing = any & !all;
    let mut to = filled(keys.len(), 0_u64, "order")?;
    for shift in (0..64).step_by(BITS as usize) {
        let digit = |key: u64| (key >> shift) as usize & ((1 << BITS) - 1);
        if digit(differing) == 0 {
            continue;
        }
        let mut places = [0_u32; 1 << BITS];
        for key in &from {
            places[digit(*key)] += 1;
        }
        let mut next = 0;
        for place in &mut places {
            next += std::mem::replace(place, next);
        }
        for key in &from {
            let place = &mut places[digit(*key)];
            to[*place as usize] = *key;
            *place += 1;
        }
        std::mem::swap(&mut from, &mut to);
    }
    Ok(from)
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
    }
}
