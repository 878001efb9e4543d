//! Histories: what each customer bought since their origin, one purchase after the other. The one
//! scan that all retention tables share.
//!
//! The origin is the customer's first order that counts, or their first that a filter lets through
//! (指定商品初回購入: the first order of a chosen product, category or channel). What came before
//! it is left out; what comes after counts whatever it is. A purchase is an order, or a day with
//! orders. A refund that is a row of its own belongs to the purchase before it; one before the
//! origin is left out.

use crate::context::push;
use crate::data::{Index, IndexEntry, KindWord, ORDER, Orders, REVENUE, Selection};
use crate::scope::{Filter, Occasion};
use crate::{Context, Currency, Error, Result, Scope};
use std::sync::Arc;

/// An order, or a day with orders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Purchase {
    /// Civil day; never before that of the purchase before.
    pub(crate) day: i32,
    /// The order, or the day's first.
    pub(crate) order: u32,
    /// Minor units, refunds of other rows not yet taken off.
    pub(crate) amount: i64,
}

/// A row that lowers revenue and is no purchase.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Refund {
    pub(crate) day: i32,
    /// Its place in the orders.
    pub(crate) order: u32,
    /// Minor units, as a rule negative.
    pub(crate) amount: i64,
    /// The purchase it came after.
    pub(crate) of: usize,
}

/// A customer at their origin.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) code: u32,
    pub(crate) order: u32,
    pub(crate) day: i32,
}

/// How many customers ahead memory is asked for.
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

    /// What was bought or refunded, and on which day: purchases, then refunds.
    pub(crate) fn amounts(&self) -> impl Iterator<Item = (i32, i64)> + '_ {
        let purchases = self.purchases.iter().map(|p| (p.day, p.amount));
        purchases.chain(self.refunds.iter().map(|r| (r.day, r.amount)))
    }
}

/// The histories of the customers in scope.
pub(crate) struct Histories {
    pub(crate) selection: Selection,
    index: Arc<Index>,
    occasion: Occasion,
    /// Whether the orders of a day are one purchase.
    merged: bool,
    origin: Option<Vec<bool>>,
    /// Purchases that are read of each customer, and no more.
    limit: usize,
}

impl Histories {
    /// The histories under a scope. `origin` chooses the orders that can be an origin, `kinds`
    /// those that count at all; `occasion` is the analysis's own default.
    pub(crate) fn new(
        orders: &Orders,
        scope: &Scope,
        origin: &Filter,
        kinds: Option<&[KindWord]>,
        occasion: Occasion,
        context: &Context,
    ) -> Result<Histories> {
        let mut scope = scope.clone();
        if let Some(kinds) = kinds {
            let mut policy = scope.policy.unwrap_or_else(|| orders.view.policy.clone());
            policy.kinds.retain(|kind| kinds.contains(kind));
            scope.policy = Some(policy);
        }
        let selection = Selection::new(orders, &scope, context)?;
        let origin = match origin.is_empty() {
            true => None,
            false => Some(selection.orders.matching(origin, context)?),
        };
        let occasion = scope.occasion.unwrap_or(occasion);
        Ok(Histories {
            index: selection.orders.index(context)?,
            selection,
            occasion,
            merged: occasion == Occasion::Day,
            origin,
            limit: usize::MAX,
        })
    }

    /// The same histories with each order a purchase, for tables that count orders. The occasion still
    /// says what a repeat is.
    pub(crate) fn of_orders(self) -> Histories {
        Histories {
            merged: false,
            ..self
        }
    }

    /// The place of the purchase that repeats the first: the next order, or by days the first order of a
    /// later day.
    pub(crate) fn repeat(&self, history: &History) -> Option<usize> {
        let first = history.first_day();
        match self.occasion {
            Occasion::Order => (history.purchases.len() > 1).then_some(1),
            Occasion::Day => history.purchases.iter().position(|p| p.day > first),
        }
    }

    /// The same histories up to the `limit`-th purchase: what need not be read is not.
    pub(crate) fn up_to(self, limit: u32) -> Histories {
        Histories {
            limit: limit as usize,
            ..self
        }
    }

    /// The first purchase of each customer that has one and whose row is shown, by code; of a day,
    /// the day's first order.
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

    /// Calls `visit` with each customer that has a history and whose row is shown, by code. The
    /// history may be changed; it is written anew for the next customer.
    pub(crate) fn each(
        &self,
        context: &Context,
        mut visit: impl FnMut(u32, &mut History) -> Result<()>,
    ) -> Result<()> {
        let n = self.selection.ids().len() as u32;
        context.expect(self.selection.data().len());
        let mut history = History::default();
        let mut seen = 0;
        for code in 0..n {
            if !self.selection.shows(code) {
                continue;
            }
            seen += self.index.of(code).len();
            if seen >= Context::BLOCK {
                context.advance(seen)?;
                seen = 0;
            }
            self.read(code, &mut history)?;
            if !history.purchases.is_empty() {
                visit(code, &mut history)?;
            }
        }
        context.advance(seen)
    }

    /// Writes a customer's history over another's; empty where there is none.
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
                // Clocks that go back over midnight can bring an earlier day after a later one.
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
