//! Converts columns of numbers and times in blocks. A loop without branches converts a block and
//! checks it as a whole; a block whose check fails is read again cell by cell, by the exact path.

use crate::columns::Bits;
use crate::context::{Context, push, room, zeroed};
use crate::error::Result;
use crate::num::extremes;

/// A cell without a value, in columns of amounts and times. No valid cell has this value: times
/// start in the year 1, and an amount of this size is refused.
pub(crate) const BLANK: i64 = i64::MIN;

/// Cells of a block: few enough to stay in the first-level cache until they are looked at again.
const BLOCK: usize = 1024;

/// What a pass over the converted cells has found. Blank cells do not count for `low` and `high`.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    /// The least value; `i64::MAX` if every cell is blank.
    pub(crate) low: i64,
    /// The greatest value; `i64::MIN` if every cell is blank.
    pub(crate) high: i64,
    /// Whether a cell is blank.
    pub(crate) blank: bool,
    /// Whether the cells ascend; a blank cell is below every value.
    pub(crate) ascending: bool,
}

impl Range {
    /// The range of no cells.
    const NONE: Range = Range {
        low: i64::MAX,
        high: i64::MIN,
        blank: false,
        ascending: true,
    };

    /// The range of all `values`.
    pub(crate) fn of(values: &[i64], context: &Context) -> Result<Range> {
        let parts = context.map(context.parts(values.len()), |part| {
            let mut range = Range::NONE;
            let mut last = i64::MIN;
            for block in values[part.clone()].chunks(BLOCK) {
                last = range.extend(block, last);
            }
            Ok((part, range))
        })?;
        Ok(Range::joined(parts, values))
    }

    /// The range of all values from those of their parts.
    fn joined(parts: Vec<(std::ops::Range<usize>, Range)>, values: &[i64]) -> Range {
        let mut all = Range::NONE;
        for (part, range) in parts {
            let follows =
                part.start == 0 || part.is_empty() || values[part.start - 1] <= values[part.start];
            all = Range {
                low: all.low.min(range.low),
                high: all.high.max(range.high),
                blank: all.blank || range.blank,
                ascending: all.ascending && range.ascending && follows,
            };
        }
        all
    }

    /// Includes `block`, which follows the value `last`; returns its own last value.
    fn extend(&mut self, block: &[i64], last: i64) -> i64 {
        let (Some(&first), Some(&end)) = (block.first(), block.last()) else {
            return last;
        };
        self.ascending = self.ascending && last <= first && block.is_sorted();
        let (mut low, high) = match self.ascending {
            true => (first, end),
            false => extremes(block).unwrap_or((first, end)),
        };
        if low == BLANK {
            self.blank = true;
            let known = block.iter().filter(|value| **value != BLANK);
            low = known.fold(i64::MAX, |low, value| low.min(*value));
        }
        self.low = self.low.min(low);
        self.high = self.high.max(high);
        end
    }
}

/// What the conversion of a part has found.
struct Found {
    range: Range,
    /// The last cell of the block before.
    last: i64,
    /// The blocks that are not exact.
    inexact: Vec<std::ops::Range<usize>>,
}

impl Default for Found {
    fn default() -> Self {
        Found {
            range: Range::NONE,
            last: i64::MIN,
            inexact: Vec::new(),
        }
    }
}

/// Converts `values`; cells without a value become [`BLANK`].
///
/// `fast` returns the converted cell and whether the conversion is exact. It must not branch. Where
/// it is not exact for every cell of a block, `slow` converts the block by the cells' places, in
/// their order and on one thread.
pub(crate) fn convert<T: Copy + Sync>(
    values: &[T],
    valid: Option<&Bits>,
    what: &'static str,
    context: &Context,
    fast: impl Fn(T) -> (i64, bool) + Sync,
    mut slow: impl FnMut(usize) -> Result<i64>,
) -> Result<(Vec<i64>, Range)> {
    let n = values.len();
    let block = |start: usize, out: &mut [i64], found: &mut Found| {
        let block = &values[start..start + out.len()];
        if fill(block, valid, start, out, &fast) {
            found.last = found.range.extend(out, found.last);
            return Ok(());
        }
        push(&mut found.inexact, start..start + block.len(), what)
    };
    let mut out: Vec<i64>;
    let parts = if context.parts(n).len() == 1 {
        // On one thread memory is made zero block by block, just before it is filled.
        out = room(n, what)?;
        let mut found = Found::default();
        while out.len() < n {
            let start = out.len();
            out.resize(n.min(start + BLOCK), 0);
            block(start, &mut out[start..], &mut found)?;
        }
        vec![(0..n, found)]
    } else {
        out = zeroed(n, what)?;
        context.fill(&mut out, |part, out| {
            let mut found = Found::default();
            let starts = part.clone().step_by(BLOCK);
            for (out, start) in out.chunks_mut(BLOCK).zip(starts) {
                block(start, out, &mut found)?;
            }
            Ok((part, found))
        })?
    };
    let mut exact = true;
    let mut ranges = room(parts.len(), what)?;
    for (part, found) in parts {
        ranges.push((part, found.range));
        for i in found.inexact.into_iter().flatten() {
            exact = false;
            let is_valid = valid.is_none_or(|valid| valid.is_set(i));
            out[i] = if is_valid { slow(i)? } else { BLANK };
        }
    }
    let range = match exact {
        true => Range::joined(ranges, &out),
        false => Range::of(&out, context)?,
    };
    Ok((out, range))
}

/// Converts a block; whether all of it is exact.
fn fill<T: Copy>(
    block: &[T],
    valid: Option<&Bits>,
    start: usize,
    out: &mut [i64],
    fast: impl Fn(T) -> (i64, bool),
) -> bool {
    let mut exact = true;
    match valid {
        None => {
            for (to, value) in out.iter_mut().zip(block) {
                let (converted, sure) = fast(*value);
                exact &= sure;
                *to = converted;
            }
        }
        Some(valid) => {
            for ((to, value), i) in out.iter_mut().zip(block).zip(start..) {
                let (converted, sure) = fast(*value);
                let is_valid = valid.is_set(i);
                exact &= sure | !is_valid;
                *to = if is_valid { converted } else { BLANK };
            }
        }
    }
    exact
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Halves of even numbers are exact; odd numbers take the slow path, which marks them.
    #[test]
    fn a_block_that_is_not_exact_is_read_by_cells() {
        let mut values: Vec<i64> = (0..5_000).map(|v| 2 * v).collect();
        values[2_100] = 7;
        let mut slow = Vec::new();
        let (out, range) = convert(
            &values,
            None,
            "test",
            &Context::default(),
            |v| (v / 2, v % 2 == 0),
            |i| {
                slow.push(i);
                Ok(if i == 2_100 { -1 } else { values[i] / 2 })
            },
        )
        .unwrap();
        assert_eq!(slow, (2_048..3_072).collect::<Vec<_>>());
        for (i, cell) in out.iter().enumerate() {
            assert_eq!(*cell, if i == 2_100 { -1 } else { i as i64 });
        }
        assert_eq!((range.low, range.high), (-1, 4_999));
        assert!(!range.blank && !range.ascending);
    }

    /// A null cell becomes blank whatever number is stored under it, and does not cause the slow
    /// path.
    #[test]
    fn blank_cells_are_not_looked_at() {
        let values = [4_i64, 7, 6];
        let valid = Bits::from_bools([true, false, true].into_iter()).unwrap();
        let fast = |v: i64| (v / 2, v % 2 == 0);
        let slow = |_| panic!("every cell with a value is exact");
        let (out, range) = convert(
            &values,
            Some(&valid),
            "test",
            &Context::default(),
            fast,
            slow,
        )
        .unwrap();
        assert_eq!(out, [2, BLANK, 3]);
        assert!(range.blank && !range.ascending);
        assert_eq!((range.low, range.high), (2, 3));
    }

    #[test]
    fn cells_ascend_over_the_border_of_blocks() {
        let ascending = |values: &[i64]| {
            let slow = |_| panic!("exact");
            let context = &Context::default();
            let (_, range) = convert(values, None, "test", context, |v| (v, true), slow).unwrap();
            range.ascending
        };
        let mut values: Vec<i64> = (0..3_000).collect();
        assert!(ascending(&values));
        values[1_024] = 1_022;
        assert!(!ascending(&values));
        let none = Range::of(&[], &Context::default()).unwrap();
        assert!(none.ascending);
        assert_eq!(none.low, i64::MAX);
    }

    #[test]
    fn ranges_are_those_of_a_plain_scan() {
        for blanks in [false, true] {
            for n in [1_usize, 2, 5, 1_023, 1_024, 1_025, 3_001] {
                let mut values: Vec<i64> =
                    (0..n as i64).map(|i| (i * 7_919) % 1_009 - 400).collect();
                if blanks {
                    values[n / 2] = BLANK;
                }
                let range = Range::of(&values, &Context::default()).unwrap();
                let known = values.iter().copied().filter(|value| *value != BLANK);
                assert_eq!(range.low, known.clone().min().unwrap_or(i64::MAX));
                assert_eq!(range.high, known.max().unwrap_or(i64::MIN));
                assert_eq!(range.blank, blanks);
                assert_eq!(range.ascending, values.is_sorted());
                values.sort_unstable();
                let sorted = Range::of(&values, &Context::default()).unwrap();
                assert!(sorted.ascending);
                assert_eq!(
                    (sorted.low, sorted.high, sorted.blank),
                    (range.low, range.high, blanks)
                );
            }
        }
    }
}
