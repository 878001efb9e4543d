//! Totals: first day, last day, orders and revenue of each customer, the input of RFM, CPM and
//! decile. One pass over the orders, without the index.

use crate::context::{Context, filled, room};
use crate::data::Orders;
use crate::data::orders::selection::Selection;
use crate::error::{Error, Result};
use crate::ids::{Ids, NO_ID};
use crate::money::Currency;
use crate::scope::{At, Occasion};
use crate::time::Day;
use crm_prefetch::prefetch;
use std::sync::Arc;

/// First day, last day, orders and revenue per customer with at least one order that counts, up to
/// the date, customers in ascending id order.
#[derive(Clone, Debug)]
pub struct Totals {
    /// The dictionary that `customer` points into.
    pub ids: Arc<Ids>,
    /// The date.
    pub as_of: Day,
    /// The currency of `revenue`.
    pub currency: Currency,
    /// The customers, by code.
    pub customer: Vec<u32>,
    /// Civil day of the first order.
    pub first_day: Vec<i32>,
    /// Civil day of the last order.
    pub last_day: Vec<i32>,
    /// Orders, or days with orders if the occasion is `day`.
    pub orders: Vec<i32>,
    /// Revenue in minor units, on the basis of [`At`].
    pub revenue: Vec<i64>,
}

/// A customer's running totals.
#[derive(Clone, Copy)]
struct Running {
    first: i64,
    last: i64,
    revenue: i64,
    orders: u32,
}

/// The number of orders ahead for which a customer's totals are prefetched: the work of a few cache
/// misses.
const AHEAD: usize = 24;

const NOTHING: Running = Running {
    first: i64::MAX,
    last: i64::MIN,
    revenue: 0,
    orders: 0,
};

impl PartialEq for Totals {
    /// The same ids and numbers; codes of ids may differ.
    fn eq(&self, other: &Self) -> bool {
        let id = |of: &Totals, row: usize| {
            of.ids.at(of.customer[row]) == self.ids.at(self.customer[row])
        };
        (self.as_of, self.currency, self.len()) == (other.as_of, other.currency, other.len())
            && (0..self.len()).all(|row| id(other, row))
            && self.first_day == other.first_day
            && self.last_day == other.last_day
            && self.orders == other.orders
            && self.revenue == other.revenue
    }
}

impl serde::Serialize for Totals {
    /// A column of ids and one of each number; days are numbers of days since 1970-01-01, revenue is in minor units.
    fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut to = to.serialize_struct("Totals", 7)?;
        to.serialize_field("as_of", &self.as_of)?;
        to.serialize_field("currency", &self.currency)?;
        to.serialize_field("customer_id", &self.ids.column(&self.customer))?;
        to.serialize_field("first_day", &self.first_day)?;
        to.serialize_field("last_day", &self.last_day)?;
        to.serialize_field("orders", &self.orders)?;
        to.serialize_field("revenue", &self.revenue)?;
        to.end()
    }
}

impl Totals {
    /// The totals of all customers of `orders` at a date. The orders cache the last totals, so RFM, CPM and
    /// decile of one day need one pass together.
    ///
    /// # Errors
    ///
    /// A revenue that does not fit into 64 bits, a basis whose column was not given; out of memory.
    pub fn new(orders: &Orders, at: &At, context: &Context) -> Result<Arc<Totals>> {
        let selection = Selection::new(orders, at)?;
        context.check()?;
        selection.kept_or(at.occasion, || Totals::of(&selection, at.occasion, context))
    }

    /// The totals of orders of the last `days` days only, the date included.
    ///
    /// # Errors
    ///
    /// Those of [`Totals::new`].
    pub fn within(orders: &Orders, at: &At, days: u32, context: &Context) -> Result<Totals> {
        let mut selection = Selection::new(orders, at)?;
        let first = i64::from(selection.as_of.0) - i64::from(days) + 1;
        selection.leave_out_before(Day(first.max(i64::from(i32::MIN)) as i32))?;
        Totals::of(&selection, at.occasion, context)
    }

    pub(crate) fn of(
        selection: &Selection,
        occasion: Option<Occasion>,
        context: &Context,
    ) -> Result<Totals> {
        let data = selection.data();
        let n = data.ids().len();
        context.afford(n.saturating_mul(size_of::<Running>()), "totals")?;
        context.expect(data.len());
        let running = scan(selection, context)?;

        let present = running.iter().filter(|r| r.orders > 0).count();
        let mut totals = Totals {
            ids: data.ids().clone(),
            as_of: selection.as_of,
            currency: selection.currency(),
            customer: room(present, "totals")?,
            first_day: room(present, "totals")?,
            last_day: room(present, "totals")?,
            orders: room(present, "totals")?,
            revenue: room(present, "totals")?,
        };
        let offsets = &data.offsets;
        for code in data.ids().by_id()? {
            let customer = &running[*code as usize];
            if customer.orders > 0 {
                totals.customer.push(*code);
                totals.first_day.push(offsets.day(customer.first).0);
                totals.last_day.push(offsets.day(customer.last).0);
                totals
                    .orders
                    .push(customer.orders.min(i32::MAX as u32) as i32);
                totals.revenue.push(customer.revenue);
            }
        }
        if occasion == Some(Occasion::Day) {
            totals.count_days(selection, context)?;
        }
        Ok(totals)
    }

    /// The number of customers.
    pub fn len(&self) -> usize {
        self.customer.len()
    }

    /// Whether there are no customers.
    pub fn is_empty(&self) -> bool {
        self.customer.is_empty()
    }

    /// Days since the last order.
    pub fn recency_days(&self, i: usize) -> i32 {
        self.as_of.0 - self.last_day[i]
    }

    /// Days from the first to the last order (在籍日数).
    pub fn tenure_days(&self, i: usize) -> i32 {
        self.last_day[i] - self.first_day[i]
    }

    /// Replaces orders by days with orders.
    fn count_days(&mut self, selection: &Selection, context: &Context) -> Result<()> {
        let index = selection.orders.index(context)?;
        for (code, orders) in self.customer.iter().zip(&mut self.orders) {
            let mut last = None;
            *orders = 0;
            for (entry, action, _) in selection.of(&index, *code) {
                if action & crate::data::orders::selection::ORDER != 0 && last != Some(entry.day) {
                    last = Some(entry.day);
                    *orders += 1;
                }
            }
        }
        Ok(())
    }
}

/// One pass over the orders. With threads each takes a part of the orders, and their totals are
/// merged: sums of integers, minima and maxima do not depend on the parts.
fn scan(selection: &Selection, context: &Context) -> Result<Vec<Running>> {
    let n = selection.data().len();
    let parts = context.threads().min(n / Context::BLOCK + 1);
    let ranges = (0..parts)
        .map(|p| n * p / parts..n * (p + 1) / parts)
        .collect();
    let mut results = context.map(ranges, |range| scan_part(selection, range, context))?;
    let (mut sum, mut overflowed) = results.remove(0);
    for (part, part_overflowed) in results {
        overflowed |= part_overflowed;
        for (to, from) in sum.iter_mut().zip(part) {
            to.first = to.first.min(from.first);
            to.last = to.last.max(from.last);
            to.orders += from.orders;
            let (revenue, wrapped) = to.revenue.overflowing_add(from.revenue);
            to.revenue = revenue;
            overflowed |= wrapped;
        }
    }
    if overflowed {
        exact_revenue(selection, &mut sum)?;
    }
    Ok(sum)
}

/// Recomputes revenue in 128 bits after a sum in 64 bits has overflowed on the way: whether the
/// final sum fits must not depend on the order of rows.
fn exact_revenue(selection: &Selection, running: &mut [Running]) -> Result<()> {
    let data = selection.data();
    let mut sums = filled(running.len(), 0_i128, "totals")?;
    for i in 0..data.len() {
        let counts = selection.action(i) & crate::data::orders::selection::REVENUE != 0;
        if counts
            && data.offsets.day(data.time[i]) <= selection.as_of
            && let Some(sum) = sums.get_mut(data.customer[i] as usize)
        {
            *sum += i128::from(selection.amount(i));
        }
    }
    for (running, sum) in running.iter_mut().zip(sums) {
        running.revenue = i64::try_from(sum).map_err(|_| overflow(selection))?;
    }
    Ok(())
}

fn overflow(selection: &Selection) -> Error {
    Error::Overflow {
        column: selection.orders.spec.amount.clone(),
        what: "a customer's revenue",
    }
}

fn scan_part(
    selection: &Selection,
    range: std::ops::Range<usize>,
    context: &Context,
) -> Result<(Vec<Running>, bool)> {
    let data = selection.data();
    let mut running = filled(data.ids().len(), NOTHING, "totals")?;
    let cutoff = selection.cutoff();
    let plain = selection.takes_all();
    let mut overflowed = false;
    for from in range.clone().step_by(Context::BLOCK) {
        let block = from..(from + Context::BLOCK).min(range.end);
        context.advance(block.len())?;
        let codes = &data.customer[block.clone()];
        let times = &data.time[block.clone()];
        if let (true, Some(cutoff)) = (plain, cutoff) {
            let nets = &data.net[block];
            for (i, ((code, time), net)) in codes.iter().zip(times).zip(nets).enumerate() {
                // Prefetches customers of later orders, so that cache misses overlap.
                if let Some(ahead) = codes.get(i + AHEAD) {
                    prefetch(&running, *ahead as usize);
                }
                if *time >= cutoff {
                    continue;
                }
                // A guest's code is past the end.
                let Some(customer) = running.get_mut(*code as usize) else {
                    continue;
                };
                customer.first = customer.first.min(*time);
                customer.last = customer.last.max(*time);
                customer.orders = customer.orders.wrapping_add(1);
                let (revenue, wrapped) = customer.revenue.overflowing_add(*net);
                customer.revenue = revenue;
                overflowed |= wrapped;
            }
            continue;
        }
        for i in block {
            let (code, time) = (data.customer[i], data.time[i]);
            let action = selection.action(i);
            let seen = match cutoff {
                Some(cutoff) => time < cutoff,
                None => data.offsets.day(time) <= selection.as_of,
            };
            if code == NO_ID || action == 0 || !seen {
                continue;
            }
            let customer = &mut running[code as usize];
            if action & crate::data::orders::selection::ORDER != 0 {
                customer.first = customer.first.min(time);
                customer.last = customer.last.max(time);
                customer.orders = customer.orders.wrapping_add(1);
            }
            if action & crate::data::orders::selection::REVENUE != 0 {
                let (revenue, wrapped) = customer.revenue.overflowing_add(selection.amount(i));
                customer.revenue = revenue;
                overflowed |= wrapped;
            }
        }
    }
    Ok((running, overflowed))
}
