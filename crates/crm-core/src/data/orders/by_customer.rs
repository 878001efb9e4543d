//! The orders of each customer, as an analysis sees them: for analyses outside of this crate.

use super::dataset::Orders;
use super::index::Index;
use super::order_data::unpack;
use super::selection::{ORDER, REVENUE, Selection};
use crate::context::Context;
use crate::error::Result;
use crate::ids::{IdRef, Ids};
use crate::scope::At;
use crate::time::Day;
use crate::words::{KindWord, StatusWord};
use std::sync::Arc;

impl Orders {
    /// The orders that count up to a date, by customer: what the library's own analyses read.
    ///
    /// The policy of the orders has decided what counts, and a filter of the scope what is there at all.
    /// Guests are no customers. The first call on a dataset builds an index, which later calls and
    /// analyses use.
    ///
    /// ```
    /// use crm_core::{At, Context, Currency, Orders, Zone};
    /// let orders = Orders::builder(Currency::JPY, Zone::UTC)
    ///     .order("b", "2026-02-01", 2_000)
    ///     .order("a", "2026-03-05", 7_000)
    ///     .order("a", "2026-01-05", 5_000)
    ///     .build()?;
    /// let by_customer = orders.by_customer(&At::new("2026-02-28".parse()?), &Context::default())?;
    /// let spent: Vec<(String, i64)> = by_customer
    ///     .iter()?
    ///     .map(|customer| {
    ///         let amounts = customer.orders().map(|order| order.amount);
    ///         (by_customer.ids().text(customer.code()), amounts.sum())
    ///     })
    ///     .collect();
    /// assert_eq!(spent, [("a".to_owned(), 5_000), ("b".to_owned(), 2_000)]);
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A basis whose column the orders do not have; cancellation, the budget, out of memory.
    pub fn by_customer(&self, at: &At, context: &Context) -> Result<OrdersByCustomer> {
        Ok(OrdersByCustomer {
            index: self.index(context)?,
            selection: Selection::new(self, at)?,
        })
    }
}

/// Orders up to a date, by customer; see [`Orders::by_customer`].
pub struct OrdersByCustomer {
    selection: Selection,
    index: Arc<Index>,
}

impl std::fmt::Debug for OrdersByCustomer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OrdersByCustomer({} customers)", self.ids().len())
    }
}

impl OrdersByCustomer {
    /// Each customer with an order that counts, in ascending order of ids. Customers that the scope's `customers`
    /// leaves out are included; the caller of the analysis removes their rows from its table.
    ///
    /// # Errors
    ///
    /// Out of memory.
    pub fn iter(&self) -> Result<impl Iterator<Item = CustomerOrders<'_>>> {
        let codes = self.ids().by_id()?.iter();
        let customers = codes.map(|code| CustomerOrders {
            all: self,
            code: *code,
        });
        Ok(customers.filter(|customer| customer.orders().any(|order| order.is_order)))
    }

    /// The dictionary of the customers' ids, for [`Column::ids`](crate::table::Column::ids).
    pub fn ids(&self) -> &Arc<Ids> {
        self.selection.ids()
    }
}

/// A customer and their orders.
#[derive(Clone, Copy)]
pub struct CustomerOrders<'a> {
    all: &'a OrdersByCustomer,
    code: u32,
}

impl std::fmt::Debug for CustomerOrders<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CustomerOrders({} orders)", self.orders().count())
    }
}

impl<'a> CustomerOrders<'a> {
    /// The customer's id.
    pub fn id(&self) -> IdRef<'a> {
        self.all.ids().at(self.code)
    }

    /// The id's code in [`OrdersByCustomer::ids`].
    pub fn code(&self) -> u32 {
        self.code
    }

    /// Their orders, and refunds in rows of their own, by time.
    pub fn orders(&self) -> impl Iterator<Item = CustomerOrder> + use<'a> {
        let OrdersByCustomer { selection, index } = self.all;
        let data = selection.data();
        let entries = selection.of(index, self.code);
        entries
            .filter(|(_, action, _)| action & (ORDER | REVENUE) != 0)
            .map(move |(entry, action, amount)| {
                let order = entry.order as usize;
                let (status, kind, _) = unpack(data.state(order));
                CustomerOrder {
                    day: Day(entry.day),
                    time: data.time[order],
                    amount,
                    status,
                    kind,
                    is_order: action & ORDER != 0,
                }
            })
    }
}

/// An order of a customer that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct CustomerOrder {
    /// The civil day in the shop's zone.
    pub day: Day,
    /// The instant, UTC microseconds.
    pub time: i64,
    /// The amount on the basis of [`At`], minor units.
    pub amount: i64,
    /// Its state.
    pub status: StatusWord,
    /// Its kind.
    pub kind: KindWord,
    /// Whether it is an order; otherwise it is a refund in a row of its own, which lowers revenue.
    pub is_order: bool,
}
