//! Gaps: the days between a customer's purchase days, and the days since the last.
//!
//! ```text
//! gap   = civil day of a purchase − civil day of the one before      whole days
//! open  = as_of − civil day of the last purchase                     ≥ 0, still running
//! ```
//!
//! Purchases are days with orders (`Occasion::Day`, the default here: gaps are then ≥ 1), or orders
//! (`Occasion::Order`: two on one day are a gap of 0). One sequential scan of the index.

use super::subscriptions;
use super::subscriptions::Subscriptions;
use crate::context::{Context, grow, push, room};
use crate::data::Orders;
use crate::data::filter::{Attribute, AttributeValues, Level};
use crate::data::orders::index::{Index, IndexEntry};
use crate::data::orders::order_data::{Data, unpack};
use crate::data::orders::selection::{ORDER, REVENUE, Selection};
use crate::data::orders::view::rank;
use crate::error::{Error, Result};
use crate::ids::{Ids, NO_ID};
use crate::money::Currency;
use crate::scope::{At, Occasion};
use crate::time::Day;
use crate::words::StatusWord;
use std::sync::Arc;

/// The gaps of the customers with at least one order that counts, up to the date,
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
    /// Revenue in minor units, on the basis of [`At`].
    pub revenue: Vec<i64>,
    /// Packed status, kind and class of the last order.
    last_state: Vec<u8>,
    pub(crate) subscriptions: Subscriptions,
    /// The start of each customer's gaps, and the end of the last.
    starts: Vec<usize>,
    gaps: Vec<u32>,
}

impl PartialEq for Gaps {
    /// The same ids, days, amounts and gaps; codes of ids may differ.
    fn eq(&self, other: &Self) -> bool {
        let id =
            |of: &Gaps, row: usize| of.ids.at(of.customer[row]) == self.ids.at(self.customer[row]);
        (self.as_of, self.currency, self.len()) == (other.as_of, other.currency, other.len())
            && (0..self.len()).all(|row| id(other, row) && self.of(row) == other.of(row))
            && self.first_day == other.first_day
            && self.last_day == other.last_day
            && self.revenue == other.revenue
    }
}

impl serde::Serialize for Gaps {
    /// A column of ids, one of each number, and a list of gaps for each customer; days are numbers of days since
    /// 1970-01-01, revenue is in minor units.
    fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let gaps: Vec<&[u32]> = (0..self.len()).map(|row| self.of(row)).collect();
        let mut to = to.serialize_struct("Gaps", 7)?;
        to.serialize_field("as_of", &self.as_of)?;
        to.serialize_field("currency", &self.currency)?;
        to.serialize_field("customer_id", &self.ids.column(&self.customer))?;
        to.serialize_field("first_day", &self.first_day)?;
        to.serialize_field("last_day", &self.last_day)?;
        to.serialize_field("revenue", &self.revenue)?;
        to.serialize_field("gaps", &gaps)?;
        to.end()
    }
}

/// The rows of [`Gaps::per`].
pub(crate) struct Per {
    /// The column's name.
    pub(crate) name: String,
    pub(crate) attribute: Attribute,
    /// The index of each row's value in the attribute.
    pub(crate) places: Vec<usize>,
    /// Whether a row is a value with all its customers; otherwise a row is a customer with a value.
    pub(crate) rolled_up: bool,
    /// For each row, the number of customers with an order.
    pub(crate) customers: Vec<i32>,
    /// For each row, whether the scope's `customers` chooses one of its customers.
    pub(crate) shown: Vec<bool>,
    /// The rank of each row's value.
    pub(crate) ranks: Vec<u32>,
    /// The number of orders that count, have an amount, and have no value or lines without a value.
    pub(crate) orders_without_value: u64,
}

impl Gaps {
    /// The gaps of all customers of `orders` at a date.
    ///
    /// ```
    /// use crm_core::{At, Context, Currency, Orders, Zone, summary::Gaps};
    /// let orders = Orders::builder(Currency::JPY, Zone::UTC)
    ///     .order("c1", "2026-01-05", 5_000)
    ///     .order("c1", "2026-01-15", 5_000)
    ///     .order("c1", "2026-02-14", 5_000)
    ///     .build()?;
    /// let gaps = Gaps::new(&orders, &At::new("2026-02-20".parse()?), &Context::default())?;
    /// assert_eq!((gaps.of(0), gaps.open_days(0)), (&[10, 30][..], 6));
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A revenue that does not fit into 64 bits, a basis whose column was not given; out of memory.
    pub fn new(orders: &Orders, at: &At, context: &Context) -> Result<Gaps> {
        let selection = Selection::new(orders, at)?;
        let by_order = at.occasion == Some(Occasion::Order);
        let data = selection.data();
        let index = selection.orders.index(context)?;
        let order = data.ids().by_id()?;
        let mut all = Gaps::empty(&selection, order.len())?;
        context.expect(order.len());
        let (plain, last) = (selection.takes_all(), all.as_of.0);
        for block in order.chunks(Context::BLOCK) {
            context.advance(block.len())?;
            for code in block {
                if plain {
                    // A faster loop for the case that needs only the index.
                    let seen = index.of(*code).iter().filter(|e| e.day <= last);
                    let seen = seen.map(|entry| (*entry, ORDER | REVENUE, entry.net));
                    all.add(*code, by_order, data, seen)?;
                } else {
                    all.add(*code, by_order, data, selection.of(&index, *code))?;
                }
            }
        }
        Ok(all)
    }

    /// Gaps of the values of a column, such as products or companies.
    ///
    /// A column of orders or lines makes a row of each customer with each of its values: gaps run
    /// between the purchases of one product. A column of customers (their company) makes a row of
    /// each value, with the orders of all customers who have it. Orders without a value, or the
    /// lines of an order that have none, are left out and counted. Rows ascend by customer, then by
    /// value.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new); a column that does not exist.
    pub(crate) fn per(
        orders: &Orders,
        at: &At,
        column: &str,
        context: &Context,
    ) -> Result<(Gaps, Per)> {
        if orders.is_customer_id(column) {
            let expected = "\"customer\", which is the default, or another column";
            return Err(Error::option("per", format_args!("{column:?}"), expected));
        }
        let split = orders.split_by(column, context)?;
        let selection = Selection::new(&split, at)?;
        let index = selection.orders.index(context)?;
        let attribute = selection.orders.attribute(column, context)?;
        if let AttributeValues::Amounts(..) = attribute.values {
            return Err(Error::option(
                "per",
                format_args!("{column:?}"),
                "a column of few values, not amounts",
            ));
        }
        let rank = rank(&attribute.values)?;
        context.expect(selection.ids().by_id()?.len());
        let mut rows = PerRows {
            selection: &selection,
            index: &index,
            rank: &rank,
            by_order: at.occasion == Some(Occasion::Order),
            all: Gaps::empty(&selection, selection.ids().by_id()?.len())?,
            places: Vec::new(),
            ranks: Vec::new(),
            customers: Vec::new(),
            shown: Vec::new(),
            orders_without_value: 0,
            orders: Vec::new(),
        };
        let rolled_up = attribute.level == Level::Customer;
        match rolled_up {
            true => rows.rolled_up(context)?,
            false => rows.of_each_customer(context)?,
        }
        let PerRows {
            all,
            places,
            ranks,
            customers,
            shown,
            orders_without_value,
            ..
        } = rows;
        let per = Per {
            name: column.to_owned(),
            attribute,
            places,
            rolled_up,
            customers,
            shown,
            ranks,
            orders_without_value,
        };
        Ok((all, per))
    }

    fn empty(selection: &Selection, most: usize) -> Result<Gaps> {
        let mut all = Gaps {
            ids: selection.ids().clone(),
            as_of: selection.as_of,
            currency: selection.currency(),
            customer: room(most, "gaps")?,
            first_day: room(most, "gaps")?,
            last_day: room(most, "gaps")?,
            revenue: room(most, "gaps")?,
            last_state: room(most, "gaps")?,
            subscriptions: Subscriptions::default(),
            starts: room(most + 1, "gaps")?,
            gaps: Vec::new(),
        };
        all.starts.push(0);
        Ok(all)
    }

    /// Adds a row of orders, which are in time order, if one of them counts.
    fn add(
        &mut self,
        code: u32,
        by_order: bool,
        data: &Data,
        orders: impl Iterator<Item = (IndexEntry, u8, i64)>,
    ) -> Result<()> {
        // At most one gap per order: reserved once, so that the loop does not allocate.
        grow(&mut self.gaps, orders.size_hint().1.unwrap_or(0), "gaps")?;
        let (mut first, mut last, mut last_order) = (None, 0, 0);
        let mut revenue = 0i128;
        let has_kinds = data.state.is_some();
        let mut subscription = subscriptions::Row::default();
        for (entry, action, amount) in orders {
            // A refund row counts only as revenue; cancelled orders do not count.
            if action & REVENUE != 0 {
                revenue += i128::from(amount);
            }
            if action & ORDER == 0 {
                continue;
            }
            if first.is_none() {
                first = Some(entry.day);
            } else if by_order || entry.day != last {
                // Where clocks go back over midnight a later instant can have an earlier day.
                self.gaps.push(entry.day.abs_diff(last));
            }
            (last, last_order) = (entry.day, entry.order);
            if has_kinds {
                let (_, kind, _) = unpack(data.state(entry.order as usize));
                self.subscriptions.see(&mut subscription, entry.day, kind)?;
            }
        }
        let Some(first) = first else { return Ok(()) };
        let revenue = i64::try_from(revenue).map_err(|_| Error::Overflow {
            column: "amount".into(),
            what: "a customer's revenue",
        })?;
        push(&mut self.customer, code, "gaps")?;
        push(&mut self.first_day, first, "gaps")?;
        push(&mut self.last_day, last, "gaps")?;
        push(
            &mut self.last_state,
            data.state(last_order as usize),
            "gaps",
        )?;
        push(&mut self.revenue, revenue, "gaps")?;
        if has_kinds {
            self.subscriptions.add(subscription)?;
        }
        push(&mut self.starts, self.gaps.len(), "gaps")
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.customer.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.customer.is_empty()
    }

    /// The completed gaps of a customer, in time order.
    pub fn of(&self, i: usize) -> &[u32] {
        &self.gaps[self.starts[i]..self.starts[i + 1]]
    }

    /// The completed gaps of all customers, customer by customer.
    pub fn all(&self) -> &[u32] {
        &self.gaps
    }

    /// Status of the last order.
    pub(crate) fn last_status(&self, i: usize) -> StatusWord {
        unpack(self.last_state[i]).0
    }

    /// Days since the last purchase.
    pub fn open_days(&self, i: usize) -> u32 {
        self.as_of.0.abs_diff(self.last_day[i])
    }
}

/// The rows of [`Gaps::per`] while they are made, with the fields of [`Per`].
struct PerRows<'a> {
    selection: &'a Selection,
    index: &'a Index,
    /// The rank of each value, by customer or by order; [`NO_ID`] where there is none.
    rank: &'a [u32],
    by_order: bool,
    all: Gaps,
    places: Vec<usize>,
    ranks: Vec<u32>,
    customers: Vec<i32>,
    shown: Vec<bool>,
    orders_without_value: u64,
    /// The orders of one customer or value: the value's rank, the order's index, the order.
    orders: Vec<(u32, u32, (IndexEntry, u8, i64))>,
}

impl PerRows<'_> {
    /// A row of each value, from the orders of all customers who have it.
    fn rolled_up(&mut self, context: &Context) -> Result<()> {
        let (selection, rank) = (self.selection, self.rank);
        let by_id = selection.ids().by_id()?;
        let nobodys = by_id.iter().filter(|code| rank[**code as usize] == NO_ID);
        for code in nobodys.filter(|code| selection.shows(**code)) {
            let orders = selection.of(self.index, *code);
            self.orders_without_value += orders.filter(|one| self.sold(one)).count() as u64;
        }
        let mut members = room(by_id.len(), "gaps")?;
        members.extend(
            (by_id.iter().enumerate())
                .map(|(at, code)| (rank[*code as usize], at, *code))
                .filter(|(rank, ..)| *rank != NO_ID),
        );
        members.sort_unstable();
        for value in members.chunk_by(|a, b| a.0 == b.0) {
            context.advance(value.len())?;
            let (mut active, mut shows) = (0, false);
            for (rank, _, code) in value {
                let before = self.orders.len();
                for one in selection.of(self.index, *code) {
                    let at = self.orders.len() as u32;
                    push(&mut self.orders, (*rank, at, one), "gaps")?;
                }
                active += i32::from(self.orders.len() > before);
                shows |= self.orders.len() > before && selection.shows(*code);
            }
            self.add(Some((value[0].2 as usize, active)), shows)?;
        }
        Ok(())
    }

    /// A row of each customer with each of their values.
    fn of_each_customer(&mut self, context: &Context) -> Result<()> {
        let selection = self.selection;
        for block in selection.ids().by_id()?.chunks(Context::BLOCK) {
            context.advance(block.len())?;
            for code in block {
                for (at, one) in selection.of(self.index, *code).enumerate() {
                    let rank = self.rank[one.0.order as usize];
                    if rank != NO_ID {
                        push(&mut self.orders, (rank, at as u32, one), "gaps")?;
                    } else {
                        let missed = self.sold(&one) && selection.shows(*code);
                        self.orders_without_value += u64::from(missed);
                    }
                }
                self.add(None, selection.shows(*code))?;
            }
        }
        Ok(())
    }

    /// Whether something was sold. Shipping lines have no product; they do not count as lines without a value.
    fn sold(&self, (entry, action, _): &(IndexEntry, u8, i64)) -> bool {
        action & ORDER != 0 && self.selection.data().gross[entry.order as usize] > 0
    }

    /// Adds a row for each rank among the orders. `of` is the place of its value and the customers it rolls up.
    fn add(&mut self, of: Option<(usize, i32)>, shows: bool) -> Result<()> {
        let data = self.selection.data();
        self.orders
            .sort_unstable_by_key(|(rank, at, (entry, ..))| (*rank, entry.day, *at));
        for group in self.orders.chunk_by(|a, b| a.0 == b.0) {
            let (rank, _, (first, ..)) = group[0];
            let code = data.customer[first.order as usize];
            let before = self.all.len();
            let orders = group.iter().map(|(.., one)| *one);
            self.all.add(code, self.by_order, data, orders)?;
            if self.all.len() > before {
                let (place, members) = of.unwrap_or((first.order as usize, 1));
                push(&mut self.places, place, "gaps")?;
                push(&mut self.customers, members, "gaps")?;
                push(&mut self.shown, shows, "gaps")?;
                push(&mut self.ranks, rank, "gaps")?;
            }
        }
        self.orders.clear();
        Ok(())
    }
}
