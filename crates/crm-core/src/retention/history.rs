//! Histories: each customer's purchases since their origin, in order. All retention tables use this
//! scan.
//!
//! The origin is the customer's first order that counts, or the first that a filter keeps
//! (指定商品初回購入: the first order of a chosen product, category or channel). Orders before it are left
//! out; all orders after it count. A purchase is an order, or a day with orders. A refund in its
//! own row belongs to the purchase before it; refunds before the origin are left out.

use crate::context::{Context, push};
use crate::data::Orders;
use crate::data::orders::index::{Index, IndexEntry};
use crate::data::orders::selection::{ORDER, REVENUE, Selection};
use crate::error::{Error, Result};
use crate::money::Currency;
use crate::scope::{At, Filter, Occasion};
use crate::words::KindWord;
use std::sync::Arc;

/// An order, or a day with orders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Purchase {
    /// Civil day; never before the day of the previous purchase.
    pub(crate) day: i32,
    /// The order, or the first order of the day.
    pub(crate) order: u32,
    /// Minor units, before refunds in other rows.
    pub(crate) amount: i64,
}

/// A row that lowers revenue and is not a purchase (a refund).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Refund {
    pub(crate) day: i32,
    /// Its index in the orders.
    pub(crate) order: u32,
    /// Minor units, usually negative.
    pub(crate) amount: i64,
    /// The purchase before it.
    pub(crate) of: usize,
}

/// A customer at their origin.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) code: u32,
    pub(crate) order: u32,
    pub(crate) day: i32,
}

/// The number of customers ahead for which memory is prefetched.
const AHEAD: usize = 8;

/// One customer's purchases since their origin, at least one.
#[derive(Default, Debug)]
pub(crate) struct History {
    pub(crate) purchases: Vec<Purchase>,
    pub(crate) refunds: Vec<Refund>,
}

impl History {
    /// The day of the origin.
    pub(crate) fn first_day(&self) -> i32 {
        self.purchases.first().map_or(0, |p| p.day)
    }

    /// The day and amount of each purchase, then of each refund.
    pub(crate) fn amounts(&self) -> impl Iterator<Item = (i32, i64)> + '_ {
        let purchases = self.purchases.iter().map(|p| (p.day, p.amount));
        purchases.chain(self.refunds.iter().map(|r| (r.day, r.amount)))
    }
}

/// The histories of the customers of some orders at a date.
pub(crate) struct Histories {
    pub(crate) selection: Selection,
    index: Arc<Index>,
    occasion: Occasion,
    /// Whether the orders of a day are one purchase.
    merged: bool,
    origin: Option<Vec<bool>>,
    /// The most purchases read of each customer.
    limit: usize,
}

impl Histories {
    /// The histories up to a date. `origin` chooses the orders that can be an origin, `kinds` the
    /// orders that count at all; `occasion` is the analysis's default.
    pub(crate) fn new(
        orders: &Orders,
        at: &At,
        origin: &Filter,
        kinds: Option<&[KindWord]>,
        occasion: Occasion,
        context: &Context,
    ) -> Result<Histories> {
        let mut orders = orders.clone();
        if let Some(kinds) = kinds {
            let counted = &mut orders.view.policy.kinds;
            counted.retain(|kind| kinds.contains(kind));
        }
        let selection = Selection::new(&orders, at)?;
        let origin = match origin.is_empty() {
            true => None,
            false => Some(selection.orders.matching(origin, context)?),
        };
        let occasion = at.occasion.unwrap_or(occasion);
        Ok(Histories {
            index: selection.orders.index(context)?,
            selection,
            occasion,
            merged: occasion == Occasion::Day,
            origin,
            limit: usize::MAX,
        })
    }

    /// The same histories with each order as a purchase, for tables that count orders. The occasion
    /// still decides what a repeat is.
    pub(crate) fn of_orders(self) -> Histories {
        Histories {
            merged: false,
            ..self
        }
    }

    /// The index of the repeat purchase: the next order, or, for occasion = day, the first order of
    /// a later day.
    pub(crate) fn repeat(&self, history: &History) -> Option<usize> {
        let first = history.first_day();
        match self.occasion {
            Occasion::Order => (history.purchases.len() > 1).then_some(1),
            Occasion::Day => history.purchases.iter().position(|p| p.day > first),
        }
    }

    /// The same histories up to the `limit`-th purchase; later purchases are not read.
    pub(crate) fn up_to(self, limit: u32) -> Histories {
        Histories {
            limit: limit as usize,
            ..self
        }
    }

    /// The origin of each customer who has one and whose row is shown, by code; with occasion =
    /// day, the first order of the day.
    pub(crate) fn origins(
        &self,
        context: &Context,
        mut visit: impl FnMut(u32, &IndexEntry) -> Result<()>,
    ) -> Result<()> {
        let n = self.selection.ids().len() as u32;
        context.expect(n as usize);
        for code in 0..n {
            if (code as usize).is_multiple_of(Context::BLOCK) {
                context.advance((n - code).min(Context::BLOCK as u32) as usize)?;
            }
            self.index.prefetch((code + AHEAD as u32).min(n - 1));
            if !self.selection.shows(code) {
                continue;
            }
            let starts = |entry: &IndexEntry| {
                let origin = self.origin.as_ref();
                origin.is_none_or(|origin| origin[entry.order as usize])
            };
            let mut orders = self.selection.of(&self.index, code);
            if let Some((entry, _, _)) =
                orders.find(|(entry, action, _)| action & ORDER != 0 && starts(entry))
            {
                visit(code, &entry)?;
            }
        }
        Ok(())
    }

    pub(crate) fn currency(&self) -> Currency {
        self.selection.currency()
    }

    pub(crate) fn as_of(&self) -> i32 {
        self.selection.as_of.0
    }

    /// Calls `visit` with each customer who has a history and whose row is shown, by code. `visit`
    /// may change the history, which is a reused buffer.
    pub(crate) fn each(
        &self,
        context: &Context,
        mut visit: impl FnMut(u32, &mut History) -> Result<()>,
    ) -> Result<()> {
        let n = self.selection.ids().len() as u32;
        context.expect(self.index.len());
        let mut history = History::default();
        let mut seen = 0;
        for code in 0..n {
            seen += self.index.of(code).len();
            if seen >= Context::BLOCK {
                context.advance(seen)?;
                seen = 0;
            }
            if !self.selection.shows(code) {
                continue;
            }
            self.read(code, &mut history)?;
            if !history.purchases.is_empty() {
                visit(code, &mut history)?;
            }
        }
        context.advance(seen)
    }

    /// Reads a customer's history into the buffer; empty if there is none.
    pub(crate) fn read(&self, code: u32, history: &mut History) -> Result<()> {
        let History { purchases, refunds } = history;
        purchases.clear();
        refunds.clear();
        for (entry, action, amount) in self.selection.of(&self.index, code) {
            if action & ORDER != 0 {
                let starts = |origin: &Vec<bool>| origin[entry.order as usize];
                if purchases.is_empty() && !self.origin.as_ref().is_none_or(starts) {
                    continue;
                }
                if let Some(last) = purchases.last_mut()
                    && self.merged
                    && entry.day <= last.day
                {
                    last.amount = self.add(last.amount, amount)?;
                    continue;
                }
                if purchases.len() == self.limit {
                    break;
                }
                // Where clocks go back over midnight, a later order can have an earlier civil day.
                let day = purchases.last().map_or(entry.day, |p| entry.day.max(p.day));
                let purchase = Purchase {
                    day,
                    order: entry.order,
                    amount,
                };
                push(purchases, purchase, "histories")?;
            } else if action & REVENUE != 0 && !purchases.is_empty() {
                let of = purchases.len() - 1;
                let refund = Refund {
                    day: entry.day.max(purchases[of].day),
                    order: entry.order,
                    amount,
                    of,
                };
                push(refunds, refund, "histories")?;
            }
        }
        Ok(())
    }

    /// The sum of two amounts of one customer.
    pub(crate) fn add(&self, a: i64, b: i64) -> Result<i64> {
        a.checked_add(b).ok_or_else(|| self.overflow())
    }

    /// A sum of amounts as a cell of a table.
    pub(crate) fn cell(&self, sum: i128) -> Result<i64> {
        i64::try_from(sum).map_err(|_| self.overflow())
    }

    fn overflow(&self) -> Error {
        Error::Overflow {
            column: self.selection.orders.spec.amount.clone(),
            what: "revenue",
        }
    }
}
