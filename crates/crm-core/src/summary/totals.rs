//! Totals: first day, last day, orders and revenue of each customer, the input of RFM, CPM and
//! decile. One pass over the orders, without the index.

use super::running::{AHEAD, Marks, Running, scan};
use crate::context::{Context, grow};
use crate::data::Orders;
use crate::data::orders::selection::Selection;
use crate::error::Result;
use crate::ids::Ids;
use crate::money::Currency;
use crate::scope::{At, Occasion};
use crate::time::{Day, DayTable};
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
        context.afford(n.saturating_mul(size_of::<Running<u16>>()), "totals")?;
        context.expect(data.len());
        let days = match data.range {
            // For few orders the table would cost more than they do.
            Some((from, to)) if DayTable::steps(from, to) <= data.len() => {
                DayTable::new(&data.offsets, from, to)?
            }
            _ => None,
        };
        let mut totals = match days {
            Some(days) => Totals::by(&days, selection, context),
            None => Totals::by(&data.offsets, selection, context),
        }?;
        if occasion == Some(Occasion::Day) {
            totals.count_days(selection, context)?;
        }
        Ok(totals)
    }

    fn by<M: Marks>(marks: &M, selection: &Selection, context: &Context) -> Result<Totals> {
        let data = selection.data();
        let running = scan(selection, marks, context)?;
        let present = running.iter().filter(|r| r.orders > 0).count();
        let by_id = data.ids().by_id_on(context)?;
        let parts = context.map(context.parts(by_id.len()), |part| {
            let mut totals = Totals::empty(selection);
            totals.grow(part.len().min(present))?;
            for (i, code) in part.clone().zip(&by_id[part]) {
                if let Some(ahead) = by_id.get(i + AHEAD) {
                    prefetch(&running, *ahead as usize);
                }
                let customer = &running[*code as usize];
                if customer.orders > 0 {
                    totals.customer.push(*code);
                    totals.first_day.push(marks.day(customer.first));
                    totals.last_day.push(marks.day(customer.last));
                    let orders = customer.orders.min(i32::MAX as u32);
                    totals.orders.push(orders as i32);
                    totals.revenue.push(customer.revenue);
                }
            }
            Ok(totals)
        })?;
        let mut parts = parts.into_iter();
        let mut all = parts.next().unwrap_or_else(|| Totals::empty(selection));
        all.grow(present - all.len())?;
        for part in parts {
            all.customer.extend(part.customer);
            all.first_day.extend(part.first_day);
            all.last_day.extend(part.last_day);
            all.orders.extend(part.orders);
            all.revenue.extend(part.revenue);
        }
        Ok(all)
    }

    fn empty(selection: &Selection) -> Totals {
        Totals {
            ids: selection.ids().clone(),
            as_of: selection.as_of,
            currency: selection.currency(),
            customer: Vec::new(),
            first_day: Vec::new(),
            last_day: Vec::new(),
            orders: Vec::new(),
            revenue: Vec::new(),
        }
    }

    /// Makes room for more customers.
    fn grow(&mut self, more: usize) -> Result<()> {
        grow(&mut self.customer, more, "totals")?;
        grow(&mut self.first_day, more, "totals")?;
        grow(&mut self.last_day, more, "totals")?;
        grow(&mut self.orders, more, "totals")?;
        grow(&mut self.revenue, more, "totals")
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
