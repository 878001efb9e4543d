//! Gaps: the days between a customer's purchase days, and the silence since the last.
//!
//! ```text
//! gap   = civil day of a purchase − civil day of the one before      whole days
//! open  = as_of − civil day of the last purchase                     ≥ 0, still running
//! ```
//!
//! Purchases are days with orders (`Occasion::Day`, the default here: gaps are then ≥ 1), or orders
//! (`Occasion::Order`: two on one day are a gap of 0). One sequential scan of the index.

use crate::context::{push, room};
use crate::data::{Ids, KindWord, ORDER, Orders, Selection, StatusWord, unpack};
use crate::scope::Occasion;
use crate::{Context, Currency, Day, Error, Result, Scope};
use std::sync::Arc;

/// The gaps of the customers with at least one order that counts, up to the scope's date,
/// customers in ascending id order.
#[derive(Clone, Debug)]
pub struct Gaps {
    /// The dictionary that `customer` points into.
    pub ids: Arc<Ids>,
    /// The date.
    pub as_of: Day,
    /// The currency of `revenue`.
    pub currency: Currency,
    /// The customers, by code.
    pub customer: Vec<u32>,
    /// Civil day of the first purchase.
    pub first_day: Vec<i32>,
    /// Civil day of the last purchase.
    pub last_day: Vec<i32>,
    /// Revenue in minor units, on the scope's basis.
    pub revenue: Vec<i64>,
    /// Packed status, kind and class of the last order.
    last_state: Vec<u8>,
    /// Where each customer's gaps begin, and where the last one's end.
    starts: Vec<usize>,
    gaps: Vec<u32>,
}

impl Gaps {
    /// The gaps of the customers in scope.
    ///
    /// ```
    /// use crm_core::{Context, Currency, Orders, Scope, Zone, summary::Gaps};
    /// let orders = Orders::builder(Currency::JPY, Zone::UTC)
    ///     .order("c1", "2026-01-05", 5_000)
    ///     .order("c1", "2026-01-15", 5_000)
    ///     .order("c1", "2026-02-14", 5_000)
    ///     .build()?;
    /// let gaps = Gaps::new(&orders, &Scope::as_of("2026-02-20".parse()?), &Context::default())?;
    /// assert_eq!((gaps.of(0), gaps.open_days(0)), (&[10, 30][..], 6));
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A revenue that does not fit 64 bits, a basis whose column was not given, memory.
    pub fn new(orders: &Orders, scope: &Scope, context: &Context) -> Result<Gaps> {
        let selection = Selection::new(orders, scope, context)?;
        let by_order = scope.occasion == Some(Occasion::Order);
        let data = selection.data();
        let index = selection.orders.index(context)?;
        let order = data.ids().by_id()?;
        let column = || room(order.len(), "gaps");
        let mut all = Gaps {
            ids: data.ids().clone(),
            as_of: selection.as_of,
            currency: selection.currency(),
            customer: room(order.len(), "gaps")?,
            first_day: column()?,
            last_day: column()?,
            revenue: room(order.len(), "gaps")?,
            last_state: room(order.len(), "gaps")?,
            starts: room(order.len() + 1, "gaps")?,
            gaps: Vec::new(),
        };
        context.expect(order.len());
        all.starts.push(0);
        for block in order.chunks(Context::BLOCK) {
            context.advance(block.len())?;
            for code in block {
                let (mut first, mut last, mut last_order) = (None, 0, 0);
                let mut revenue = 0i128;
                for (entry, action, amount) in selection.of(&index, *code) {
                    // Only revenue counts of a refund row; cancelled orders count as nothing.
                    if action & crate::data::REVENUE != 0 {
                        revenue += i128::from(amount);
                    }
                    if action & ORDER == 0 {
                        continue;
                    }
                    if first.is_none() {
                        first = Some(entry.day);
                    } else if by_order || entry.day != last {
                        // Where clocks go back over midnight a later instant can have an earlier day.
                        push(&mut all.gaps, entry.day.abs_diff(last), "gaps")?;
                    }
                    (last, last_order) = (entry.day, entry.order);
                }
                if let Some(first) = first {
                    all.customer.push(*code);
                    all.first_day.push(first);
                    all.last_day.push(last);
                    all.last_state.push(data.state(last_order as usize));
                    all.revenue
                        .push(i64::try_from(revenue).map_err(|_| Error::Overflow {
                            column: "amount".into(),
                            what: "a customer's revenue",
                        })?);
                    all.starts.push(all.gaps.len());
                }
            }
        }
        Ok(all)
    }

    /// Customers.
    pub fn len(&self) -> usize {
        self.customer.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.customer.is_empty()
    }

    /// The completed gaps of a customer, in time order.
    pub fn of(&self, i: usize) -> &[u32] {
        &self.gaps[self.starts[i]..self.starts[i + 1]]
    }

    /// The completed gaps of all, customer by customer.
    pub fn all(&self) -> &[u32] {
        &self.gaps
    }

    /// Status and kind of the last order.
    pub(crate) fn last_words(&self, i: usize) -> (StatusWord, KindWord) {
        let (status, kind, _) = unpack(self.last_state[i]);
        (status, kind)
    }

    /// Days since the last purchase.
    pub fn open_days(&self, i: usize) -> u32 {
        self.as_of.0.abs_diff(self.last_day[i])
    }
}
