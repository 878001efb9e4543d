//! Sorts events by visitor in ascending id order, then by instant. The sort is stable;
//! `instants.rs` then orders events of one instant. It counts by visitor and sorts each visitor's
//! events (not where they already ascend, as in a log written by time). Events that are already in
//! this order are not copied.

use crate::context::{Context, collect, filled, room};
use crate::error::Result;
use crate::ids::{Ids, NO_ID};
use crm_prefetch::prefetch;

/// The number of events ahead for which memory is prefetched: the work of a few cache misses.
const AHEAD: usize = 16;

/// Maps signed numbers to unsigned numbers in the same order.
const SIGN: u64 = 1 << 63;

/// The order of events by unit and time.
pub(crate) struct Sorted {
    /// The visitor of each group of events, ascending.
    pub(crate) units: Vec<u32>,
    /// The start of each group, and the end of the last.
    pub(crate) starts: Vec<u32>,
    /// The events in their new order; `None` when they are in that order already.
    pub(crate) order: Option<Vec<u32>>,
}

impl Sorted {
    /// Sorts events by unit ([`NO_ID`] leaves an event out) and time.
    pub(crate) fn new(ids: &Ids, unit: &[u32], time: &[i64], context: &Context) -> Result<Sorted> {
        let n = unit.len();
        let by_id = ids.by_id()?;
        // The rank of each code by id; `None` where codes ascend by id, as for dense ids.
        let ascending = by_id.is_sorted();
        let mut places = filled(if ascending { 0 } else { by_id.len() }, 0_u32, "events")?;
        if !ascending {
            for (at, code) in by_id.iter().enumerate() {
                places[*code as usize] = at as u32;
            }
        }
        let place = |code: u32| match ascending {
            true => code as usize,
            false => places[code as usize] as usize,
        };
        let mut counts = filled(by_id.len() + 1, 0_u32, "events")?;
        let (mut sorted, mut last) = (true, (0, i64::MIN));
        context.expect(n);
        for from in (0..n).step_by(Context::BLOCK) {
            context.advance((n - from).min(Context::BLOCK))?;
            for i in from..(from + Context::BLOCK).min(n) {
                if unit[i] == NO_ID {
                    sorted = false;
                    continue;
                }
                let at = place(unit[i]);
                let key = (at, time[i]);
                sorted &= key >= last;
                last = key;
                counts[at + 1] += 1;
            }
        }
        let present = counts.iter().skip(1).filter(|c| **c > 0).count();
        let mut units = room(present, "events")?;
        let mut starts = room(present + 1, "events")?;
        starts.push(0);
        let mut total = 0;
        for (at, code) in by_id.iter().enumerate() {
            let count = std::mem::replace(&mut counts[at + 1], total);
            if count > 0 {
                total += count;
                units.push(*code);
                starts.push(total);
            }
        }
        if sorted {
            return Ok(Sorted {
                units,
                starts,
                order: None,
            });
        }
        context.afford(total as usize * size_of::<u128>(), "sort of events")?;
        // Time and row in one number: one comparison instead of two.
        let mut entries = filled(total as usize, 0_u128, "sort of events")?;
        let at = |i: usize| (unit[i] != NO_ID).then(|| place(unit[i]) + 1);
        for from in (0..n).step_by(Context::BLOCK) {
            context.check()?;
            for i in from..(from + Context::BLOCK).min(n) {
                // The visitor's counter and the target slot are two cache misses; both are
                // prefetched, the first twice as far ahead.
                if let Some(at) = (i + 2 * AHEAD < n).then(|| at(i + 2 * AHEAD)).flatten() {
                    prefetch(&counts, at);
                }
                if let Some(at) = (i + AHEAD < n).then(|| at(i + AHEAD)).flatten() {
                    prefetch(&entries, counts[at] as usize);
                }
                let Some(at) = at(i) else { continue };
                let time = u128::from(time[i].cast_unsigned() ^ SIGN);
                entries[counts[at] as usize] = (time << 64) | i as u128;
                counts[at] += 1;
            }
        }
        drop((counts, places));
        for group in starts.windows(2) {
            let events = &mut entries[group[0] as usize..group[1] as usize];
            if !events.is_sorted() {
                events.sort_unstable();
            }
        }
        context.check()?;
        Ok(Sorted {
            units,
            starts,
            order: Some(collect(entries.iter().map(|e| *e as u32), "events")?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::{ColumnData, ColumnValues};

    fn arranged(unit: &[i64], time: &[i64]) -> (Sorted, Vec<i64>) {
        let context = Context::default();
        let column = ColumnData::from(ColumnValues::Int {
            values: unit.to_vec().into(),
            bits: 64,
        });
        let mut ids = Ids::new(crate::ids::IdKind::Int(64), 1);
        let mut codes = Vec::new();
        ids.encode("visitor_id", &[&column], &mut codes, &context)
            .unwrap();
        let arranged = Sorted::new(&ids, &codes, time, &context).unwrap();
        let at = |code: &u32| match ids.at(*code) {
            crate::ids::IdRef::Int(id) => id,
            _ => 0,
        };
        let units = arranged.units.iter().map(at).collect();
        (arranged, units)
    }

    #[test]
    fn sorted_events_are_only_looked_at_and_ties_keep_their_order() {
        let (sorted, units) = arranged(&[-5, -5, 9, 9], &[3, 3, 1, 2]);
        assert!(sorted.order.is_none());
        assert_eq!((units, sorted.starts), (vec![-5, 9], vec![0, 2, 4]));
        let (mixed, units) = arranged(&[9, -5, 9, 1_000_000, -5], &[2, 3, 1, 0, 3]);
        assert_eq!(mixed.order.unwrap(), [1, 4, 2, 0, 3]);
        assert_eq!(units, [-5, 9, 1_000_000]);
        let (none, units) = arranged(&[], &[]);
        assert_eq!((units.len(), none.starts), (0, vec![0]));
    }
}
