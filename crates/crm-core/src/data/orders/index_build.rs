//! Builds the index: counted, placed and sorted by several threads, each of which owns a range of customers.

use super::dataset::Orders;
use super::index::{Index, IndexEntry};
use super::order_data::Data;
use crate::context::{Context, filled, room};
use crate::error::Result;
use crate::ids::NO_ID;
use crate::turn::briefly;
use crm_prefetch::prefetch;
use std::sync::Arc;

/// The number of orders ahead for which memory is prefetched: the work of a few cache misses.
const AHEAD: usize = 16;

impl Index {
    fn build(data: &Data, context: &Context) -> Result<Index> {
        let n = data.ids().len();
        let bytes = data.len().saturating_mul(size_of::<IndexEntry>());
        context.afford(bytes.saturating_add(4 * n), "the index of orders")?;
        context.expect(data.len());
        let mut starts = filled(n + 1, 0_u32, "the index of orders")?;
        for code in data.customer.iter().filter(|c| **c != NO_ID) {
            starts[*code as usize + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut entries = filled(sum as usize, IndexEntry::default(), "the index of orders")?;
        // Each thread fills a range of customers, so threads share nothing.
        let mut parts = room(context.threads(), "the index of orders")?;
        let mut rest = &mut entries[..];
        let mut first = 0;
        for part in 1..=context.threads() {
            let end = sum as usize / context.threads() * part;
            let last = match part == context.threads() {
                true => n,
                false => starts[..n]
                    .partition_point(|s| (*s as usize) < end)
                    .max(first),
            };
            let (own, others) = rest.split_at_mut((starts[last] - starts[first]) as usize);
            parts.push((first..last, own));
            (rest, first) = (others, last);
        }
        context.map(parts, |(codes, own)| {
            fill(data, &starts, codes, own, context)
        })?;
        Ok(Index { starts, entries })
    }
}

/// Fills the entries of a range of customers.
fn fill(
    data: &Data,
    starts: &[u32],
    codes: std::ops::Range<usize>,
    own: &mut [IndexEntry],
    context: &Context,
) -> Result<()> {
    let base = starts[codes.start];
    let mut next = room(codes.len(), "the index of orders")?;
    next.extend(starts[codes.clone()].iter().map(|s| s - base));
    let mut reader = data.offsets.reader();
    let n = data.len();
    let (customer, time, net) = (&data.customer[..], &data.time[..], &data.net[..]);
    for from in (0..n).step_by(Context::BLOCK) {
        let to = (from + Context::BLOCK).min(n);
        context.advance((to - from) / context.threads())?;
        let rows = customer[from..to]
            .iter()
            .zip(&time[from..to])
            .zip(&net[from..to]);
        for (i, ((code, time), net)) in rows.enumerate() {
            // Each order has two cache misses: its customer's counter and its target slot. Both are
            // prefetched, the first twice as far ahead.
            let ahead = |n: usize| {
                let code = customer.get(from + i + n)?;
                (*code as usize).checked_sub(codes.start)
            };
            if let Some(at) = ahead(2 * AHEAD) {
                prefetch(&next, at);
            }
            if let Some(place) = ahead(AHEAD).and_then(|at| next.get(at)) {
                prefetch(own, *place as usize);
            }
            // The code of a guest is outside of every range.
            let Some(next) = (*code as usize)
                .checked_sub(codes.start)
                .and_then(|i| next.get_mut(i))
            else {
                continue;
            };
            own[*next as usize] = IndexEntry {
                day: reader.day(*time).0,
                order: (from + i) as u32,
                net: *net,
            };
            *next += 1;
        }
    }
    for code in codes {
        let entries = &mut own[(starts[code] - base) as usize..(starts[code + 1] - base) as usize];
        // Civil days decide most comparisons without access to the columns. Where clocks go back
        // over midnight an earlier instant can have a later day, so orders are never sorted by days
        // alone.
        let in_order = entries.windows(2).all(|pair| {
            data.sorted && pair[0].day < pair[1].day
                || data.compare(pair[0].order, pair[1].order).is_le()
        });
        if !in_order {
            entries.sort_unstable_by(|a, b| data.compare(a.order, b.order));
        }
    }
    Ok(())
}

impl Orders {
    /// The index, built on first use. After a failed or cancelled build the next caller builds it.
    pub(crate) fn index(&self, context: &Context) -> Result<Arc<Index>> {
        let data = &self.data;
        let built = || briefly(&data.index).and_then(|cell| cell.clone());
        if let Some(index) = built() {
            return Ok(index);
        }
        let _turn = data.turn.take();
        if let Some(index) = built() {
            return Ok(index); // another thread was first
        }
        let index = Arc::new(Index::build(data, context)?);
        if let Some(mut cell) = briefly(&data.index) {
            *cell = Some(index.clone());
        }
        Ok(index)
    }
}
