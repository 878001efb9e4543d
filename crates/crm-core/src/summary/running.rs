//! One pass over the orders for the totals of each customer.

use crate::context::{Context, filled};
use crate::data::orders::selection::{ORDER, REVENUE, Selection};
use crate::error::{Error, Result};
use crate::time::{DayTable, Offsets};
use crm_prefetch::prefetch;
use std::ops::Range;

/// The number of orders ahead for which a customer's totals are prefetched: the work of a few cache
/// misses.
pub(super) const AHEAD: usize = 24;

/// How a customer's first and last order are held until the pass is over.
pub(super) trait Marks: Sync {
    type Mark: Copy + Ord + Send + Sync;

    /// No mark is earlier.
    const EARLIEST: Self::Mark;

    /// No mark is later.
    const LATEST: Self::Mark;

    /// The mark of an instant: of a later one it is not less.
    fn mark(&self, instant: i64) -> Self::Mark;

    /// The civil day of a mark.
    fn day(&self, mark: Self::Mark) -> i32;
}

/// Days: four customers fit into a line of the cache.
impl Marks for DayTable {
    type Mark = u16;

    const EARLIEST: u16 = 0;

    const LATEST: u16 = u16::MAX;

    #[inline]
    fn mark(&self, instant: i64) -> u16 {
        self.days(instant)
    }

    fn day(&self, mark: u16) -> i32 {
        self.first.0 + i32::from(mark)
    }
}

/// Instants, where days do not fit into a table.
impl Marks for Offsets {
    type Mark = i64;

    const EARLIEST: i64 = i64::MIN;

    const LATEST: i64 = i64::MAX;

    fn mark(&self, instant: i64) -> i64 {
        instant
    }

    fn day(&self, mark: i64) -> i32 {
        Offsets::day(self, mark).0
    }
}

/// A customer's running totals. `first` and `last` have a meaning only with an order.
#[derive(Clone, Copy)]
pub(super) struct Running<M> {
    pub(super) revenue: i64,
    pub(super) orders: u32,
    pub(super) first: M,
    pub(super) last: M,
}

/// The totals of all customers, by code. With threads each takes a part of the orders, and their
/// totals are merged: sums of integers, minima and maxima do not depend on the parts.
pub(super) fn scan<M: Marks>(
    selection: &Selection,
    marks: &M,
    context: &Context,
) -> Result<Vec<Running<M::Mark>>> {
    let n = selection.data().len();
    let parts = context.threads().min(n / Context::BLOCK + 1);
    let ranges = (0..parts)
        .map(|p| n * p / parts..n * (p + 1) / parts)
        .collect();
    let mut results = context.map(ranges, |range| part(selection, marks, range, context))?;
    let (mut sum, mut overflowed) = results.swap_remove(0);
    overflowed |= results.iter().any(|(_, overflowed)| *overflowed);
    let wrapped = context.fill(&mut sum, |customers, sum| {
        let mut overflowed = false;
        for (part, _) in &results {
            for (to, from) in sum.iter_mut().zip(&part[customers.clone()]) {
                to.first = to.first.min(from.first);
                to.last = to.last.max(from.last);
                to.orders += from.orders;
                let (revenue, wrapped) = to.revenue.overflowing_add(from.revenue);
                to.revenue = revenue;
                overflowed |= wrapped;
            }
        }
        Ok(overflowed)
    })?;
    if overflowed || wrapped.contains(&true) {
        exact_revenue(selection, &mut sum)?;
    }
    Ok(sum)
}

/// The totals from a part of the orders, and whether a sum has overflowed.
fn part<M: Marks>(
    selection: &Selection,
    marks: &M,
    range: Range<usize>,
    context: &Context,
) -> Result<(Vec<Running<M::Mark>>, bool)> {
    let data = selection.data();
    let nothing = Running {
        revenue: 0,
        orders: 0,
        first: M::LATEST,
        last: M::EARLIEST,
    };
    let mut running = filled(data.ids().len(), nothing, "totals")?;
    let to = &mut running[..];
    let (net, cutoff) = (&data.net[..], selection.cutoff());
    let overflowed = match cutoff {
        Some(cutoff) if selection.takes_all() => {
            let counts = |_, time| if time < cutoff { ORDER | REVENUE } else { 0 };
            add(selection, marks, range, to, counts, |i| net[i], context)
        }
        _ => {
            let counts = |i, time| {
                let seen = match cutoff {
                    Some(cutoff) => time < cutoff,
                    None => data.offsets.day(time) <= selection.as_of,
                };
                if seen { selection.action(i) } else { 0 }
            };
            let amount = |i| selection.amount(i);
            add(selection, marks, range, to, counts, amount, context)
        }
    }?;
    Ok((running, overflowed))
}

/// Adds some orders to the totals of their customers: what `counts` says of an order and its
/// instant. Returns whether a sum has overflowed.
fn add<M: Marks>(
    selection: &Selection,
    marks: &M,
    range: Range<usize>,
    running: &mut [Running<M::Mark>],
    counts: impl Fn(usize, i64) -> u8,
    amount: impl Fn(usize) -> i64,
    context: &Context,
) -> Result<bool> {
    let data = selection.data();
    let (codes, times) = (&data.customer[..range.end], &data.time[..range.end]);
    let mut overflowed = false;
    for from in range.clone().step_by(Context::BLOCK) {
        let block = from..(from + Context::BLOCK).min(range.end);
        context.advance(block.len())?;
        let mut ahead = codes[block.start..].iter().skip(AHEAD);
        let rows = codes[block.clone()].iter().zip(&times[block.clone()]);
        for (i, (code, time)) in block.zip(rows) {
            // Prefetches customers of later orders, so that cache misses overlap.
            if let Some(ahead) = ahead.next() {
                prefetch(running, *ahead as usize);
            }
            let action = counts(i, *time);
            if action == 0 {
                continue;
            }
            // A guest's code is past the end.
            let Some(customer) = running.get_mut(*code as usize) else {
                continue;
            };
            if action & ORDER != 0 {
                let mark = marks.mark(*time);
                customer.first = customer.first.min(mark);
                customer.last = customer.last.max(mark);
                customer.orders = customer.orders.wrapping_add(1);
            }
            if action & REVENUE != 0 {
                let (revenue, wrapped) = customer.revenue.overflowing_add(amount(i));
                customer.revenue = revenue;
                overflowed |= wrapped;
            }
        }
    }
    Ok(overflowed)
}

/// Recomputes revenue in 128 bits after a sum in 64 bits has overflowed on the way: whether the
/// final sum fits must not depend on the order of rows.
fn exact_revenue<M>(selection: &Selection, running: &mut [Running<M>]) -> Result<()> {
    let data = selection.data();
    let mut sums = filled(running.len(), 0_i128, "totals")?;
    for i in 0..data.len() {
        let counts = selection.action(i) & REVENUE != 0;
        if counts
            && data.offsets.day(data.time[i]) <= selection.as_of
            && let Some(sum) = sums.get_mut(data.customer[i] as usize)
        {
            *sum += i128::from(selection.amount(i));
        }
    }
    for (running, sum) in running.iter_mut().zip(sums) {
        running.revenue = i64::try_from(sum).map_err(|_| Error::Overflow {
            column: selection.orders.spec.amount.clone(),
            what: "a customer's revenue",
        })?;
    }
    Ok(())
}
