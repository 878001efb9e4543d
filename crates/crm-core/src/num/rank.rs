//! Sort order of integers, by radix, which is faster than a comparison sort for a million numbers;
//! and the values at some places of that order, without sorting the others.

use super::extremes;
use crate::context::{Context, collect, filled, room};
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
    sort_pairs(&mut pairs, differing(keys))?;
    for (to, (_, i)) in order.iter_mut().zip(&pairs) {
        *to = *i;
    }
    Ok(order)
}

/// [`order`] on all threads: each sorts the keys of a range.
pub(crate) fn order_on(keys: &[u64], context: &Context) -> Result<Vec<u32>> {
    let threads = context.parts(keys.len()).len();
    if threads < 2 || keys.is_sorted() {
        return order(keys);
    }
    // Ranges of about as many keys, by a sample of 64 keys for each.
    let step = (keys.len() / (64 * threads)).max(1);
    let mut sample = collect(keys.iter().step_by(step).copied(), "order")?;
    sample.sort_unstable();
    let bound = |part: usize| sample[part * sample.len() / threads];
    let ranges = (0..threads).map(|part| {
        let low = (part > 0).then(|| bound(part));
        let high = (part + 1 < threads).then(|| bound(part + 1));
        (low, high)
    });
    let differing = differing(keys);
    let sorted = context.map(ranges.collect(), |(low, high)| {
        let inside =
            |key: &u64| low.is_none_or(|low| low <= *key) && high.is_none_or(|high| *key < high);
        let mut pairs = room(keys.iter().filter(|key| inside(key)).count(), "order")?;
        let numbered = keys.iter().zip(0_u32..);
        pairs.extend(
            numbered
                .filter(|(key, _)| inside(key))
                .map(|(key, i)| (*key, i)),
        );
        sort_pairs(&mut pairs, differing)?;
        Ok(pairs)
    })?;
    let mut order = room(keys.len(), "order")?;
    for pairs in sorted {
        order.extend(pairs.iter().map(|(_, i)| *i));
    }
    Ok(order)
}

/// Sorts keys with their indices, which ascend; `differing` has the bits in which keys differ.
fn sort_pairs(pairs: &mut Vec<(u64, u32)>, differing: u64) -> Result<()> {
    if pairs.len() < FEW {
        pairs.sort_unstable();
        return Ok(());
    }
    let rest = by_digits(pairs, (0, 0), differing, |pair| pair.0)?;
    for run in runs(pairs, rest, |pair| pair.0) {
        run.sort_unstable();
    }
    Ok(())
}

/// [`order_on`] of keys of 128 bits that are all different.
pub(crate) fn order_wide(keys: &[u128], context: &Context) -> Result<Vec<u32>> {
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
    let mut order = order_on(&packed, context)?;
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

/// A value of a list, and where it is in the sorted list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placed {
    pub(crate) value: u64,
    /// How many values are less.
    pub(crate) less: usize,
    /// How many are not greater.
    pub(crate) through: usize,
    /// The least value that is greater.
    pub(crate) next: Option<u64>,
}

/// What is at some places of the sorted list; the places are less than its length.
///
/// The values are counted in classes, each at most a 64th as wide as its distance from the least
/// value. Only the classes in question are sorted, and the next ones.
pub(crate) fn at_places(keys: &[u64], places: &[usize]) -> Result<Vec<Placed>> {
    let Some((least, _)) = extremes(keys) else {
        return Ok(Vec::new());
    };
    // Not on the stack, which may be small.
    let mut counts = filled(CLASSES, 0_u32, "ranks")?;
    for key in keys {
        counts[class(key - least)] += 1;
    }
    let mut starts = filled(CLASSES + 1, 0_usize, "ranks")?;
    for (i, count) in counts.iter().enumerate() {
        starts[i + 1] = starts[i] + *count as usize;
    }
    // The classes to be sorted.
    let next_filled = |from: usize| (from + 1..CLASSES).find(|class| counts[*class] > 0);
    let mut wanted = filled(CLASSES, false, "ranks")?;
    for place in places {
        let class = starts.partition_point(|start| start <= place) - 1;
        wanted[class] = true;
        if let Some(next) = next_filled(class) {
            wanted[next] = true;
        }
    }
    let size = (0..CLASSES).filter(|class| wanted[*class]);
    let mut chosen = room(size.map(|class| counts[class] as usize).sum(), "order")?;
    chosen.extend(keys.iter().filter(|key| wanted[class(*key - least)]));
    let chosen = sorted(&chosen)?;
    let mut found = room(places.len(), "order")?;
    for place in places {
        let class = starts.partition_point(|start| start <= place) - 1;
        // Values of classes that were left out below this one.
        let before = (0..class).filter(|class| !wanted[*class]);
        let left_out: usize = before.map(|class| counts[class] as usize).sum();
        let value = chosen[place - left_out];
        let through = chosen.partition_point(|key| *key <= value);
        found.push(Placed {
            value,
            less: chosen.partition_point(|key| *key < value) + left_out,
            through: through + left_out,
            next: chosen.get(through).copied(),
        });
    }
    Ok(found)
}

/// Classes of [`class`].
const CLASSES: usize = 59 << 6;

/// Numbers below 128 one by one, greater ones by their seven highest bits and their length.
fn class(value: u64) -> usize {
    let shift = 57_u32.saturating_sub((value | 1).leading_zeros());
    ((shift as usize) << 6) + (value >> shift) as usize
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
        #![proptest_config(crate::random_tests::random_cases(32))]
        #[test]
        fn radix_equals_comparison(keys in prop::collection::vec(prop_oneof![any::<u64>(), 0..50_u64], 0..5_000)) {
            let mut expected: Vec<u32> = (0..keys.len() as u32).collect();
            expected.sort_by_key(|i| keys[*i as usize]);
            prop_assert_eq!(order(&keys).unwrap(), expected);
            for threads in [2, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let context = Context { pool: Some(&pool), ..Context::default() };
                let many: Vec<u64> = keys.iter().cycle().take(keys.len() * 40).copied().collect();
                prop_assert_eq!(order_on(&many, &context).unwrap(), order(&many).unwrap());
            }
            let mut expected = keys.clone();
            expected.sort_unstable();
            prop_assert_eq!(sorted(&keys).unwrap(), expected);
        }

        #[test]
        fn places_are_those_of_the_sorted_list(
            keys in prop::collection::vec(prop_oneof![any::<u64>(), 0..50_u64, 9_000..90_000_u64], 1..400),
            shares in prop::collection::vec(0.0..1.0_f64, 0..6),
        ) {
            let mut sorted = keys.clone();
            sorted.sort_unstable();
            let places: Vec<usize> = shares.iter().map(|share| (share * keys.len() as f64) as usize).collect();
            let expected: Vec<Placed> = places.iter().map(|place| Placed {
                value: sorted[*place],
                less: sorted.iter().filter(|key| **key < sorted[*place]).count(),
                through: sorted.iter().filter(|key| **key <= sorted[*place]).count(),
                next: sorted.iter().find(|key| **key > sorted[*place]).copied(),
            }).collect();
            prop_assert_eq!(at_places(&keys, &places).unwrap(), expected);
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
            prop_assert_eq!(order_wide(&mixed, &Context::default()).unwrap(), expected);
        }
    }
}
