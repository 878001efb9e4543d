//! The orders of each customer as sets of items, by time: what is bought after what.
//!
//! Items and what is in an order are as in [`baskets`](super::baskets). An order without any item (all returned, only gifts, no
//! product) is left out: the order after it is the next one. All customers are here, also those that the scope's `customers`
//! does not choose: it chooses rows.

use super::baskets::{BasketOf, Entries};
use crate::context::{Context, filled, push};
use crate::data::Orders;
use crate::data::orders::selection::{ORDER, Selection};
use crate::error::Result;
use crate::ids::Ids;
use crate::scope::At;
use crate::table::Table;
use std::ops::Range;
use std::sync::Arc;

/// What messages call the memory of this module.
const WHAT: &str = "orders of customers";

/// The orders of each customer up to a date, each a set of items.
pub(super) struct Histories {
    /// Customers with an order that counts, in ascending order of ids.
    pub(super) customers: Vec<u32>,
    /// The dictionary of the customers.
    pub(super) owners: Arc<Ids>,
    /// The dictionary of the items; an item's number is its place in the order of ids.
    pub(super) ids: Arc<Ids>,
    pub(super) as_of: i32,
    /// The first order of each customer, and the end of the last.
    of_customer: Vec<usize>,
    /// The civil day of each order.
    days: Vec<i32>,
    /// The first item of each order, and the end of the last.
    of_order: Vec<usize>,
    /// The items, ascending in each order.
    items: Vec<u32>,
    without_item: u64,
    returned_or_free: u64,
}

impl Histories {
    pub(super) fn new(
        orders: &Orders,
        at: &At,
        (level, free): (&str, bool),
        context: &Context,
    ) -> Result<Histories> {
        let mut all = orders.clone();
        all.view.chosen = None;
        let entries = Entries::new(&all, at, (level, free), BasketOf::Order, context)?;
        let mut starts = filled(all.data.len() + 1, 0_usize, WHAT)?;
        for order in &entries.baskets {
            starts[*order as usize + 1] += 1;
        }
        for order in 0..all.data.len() {
            starts[order + 1] += starts[order];
        }
        // Filled from the front: then `starts` has the end of each order, which is the beginning of the next.
        let mut placed = filled(entries.items.len(), 0_u32, WHAT)?;
        for (order, item) in entries.baskets.iter().zip(&entries.items) {
            let next = &mut starts[*order as usize];
            placed[*next] = *item;
            *next += 1;
        }
        let index = all.index(context)?;
        let selection = Selection::new(&all, at)?;
        let mut made = Histories {
            customers: Vec::new(),
            owners: selection.ids().clone(),
            ids: entries.ids,
            as_of: at.day.0,
            of_customer: vec![0],
            days: Vec::new(),
            of_order: vec![0],
            items: Vec::new(),
            without_item: entries.without_item,
            returned_or_free: entries.returned_or_free,
        };
        for (at, code) in selection.ids().by_id_on(context)?.iter().enumerate() {
            if at.is_multiple_of(Context::BLOCK) {
                context.check()?;
            }
            let mut any = false;
            for (entry, action, _) in selection.of(&index, *code) {
                if action & ORDER == 0 {
                    continue;
                }
                any = true;
                let order = entry.order as usize;
                let begin = if order == 0 { 0 } else { starts[order - 1] };
                made.add(entry.day, &mut placed[begin..starts[order]])?;
            }
            if any {
                push(&mut made.customers, *code, WHAT)?;
                push(&mut made.of_customer, made.days.len(), WHAT)?;
            }
        }
        Ok(made)
    }

    /// Adds an order to those of the last customer, unless it has no item.
    fn add(&mut self, day: i32, own: &mut [u32]) -> Result<()> {
        own.sort_unstable();
        let mut before = None;
        for item in own.iter() {
            if before != Some(*item) {
                push(&mut self.items, *item, WHAT)?;
                before = Some(*item);
            }
        }
        if before.is_some() {
            push(&mut self.days, day, WHAT)?;
            push(&mut self.of_order, self.items.len(), WHAT)?;
        }
        Ok(())
    }

    /// The number of customers.
    pub(super) fn len(&self) -> usize {
        self.customers.len()
    }

    /// The number of orders.
    pub(super) fn n_orders(&self) -> usize {
        self.days.len()
    }

    /// The number of items in the dictionary.
    pub(super) fn n_items(&self) -> usize {
        self.ids.len()
    }

    /// The orders of a customer, by time.
    pub(super) fn orders(&self, customer: usize) -> Range<usize> {
        self.of_customer[customer]..self.of_customer[customer + 1]
    }

    /// The day of an order.
    pub(super) fn day(&self, order: usize) -> i32 {
        self.days[order]
    }

    /// The distinct items of an order, ascending.
    pub(super) fn items(&self, order: usize) -> &[u32] {
        &self.items[self.of_order[order]..self.of_order[order + 1]]
    }

    /// The table with a count of the lines that are no items.
    pub(super) fn noted(&self, table: Table) -> Table {
        table
            .with_note("lines_without_item", self.without_item.into())
            .with_note("items_returned_or_free", self.returned_or_free.into())
    }
}
