//! The orders of one customer by day, with sums over any run of days.

use crate::context::{Context, push};
use crate::data::Orders;
use crate::data::orders::index::Index;
use crate::data::orders::selection::{ORDER, REVENUE, Selection};
use crate::error::Result;
use crate::ids::NO_ID;
use crate::scope::At;
use std::sync::Arc;

/// The orders that count up to a date, by customer.
pub(super) struct Histories {
    pub(super) selection: Selection,
    index: Arc<Index>,
}

/// An order of a customer, or a refund in a row of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Purchase {
    pub(super) day: i32,
    /// The place of the order, of a refund that of the refunded one if it is known.
    pub(super) order: u32,
    pub(super) is_order: bool,
    /// Minor units.
    pub(super) amount: i64,
}

impl Histories {
    pub(super) fn new(orders: &Orders, at: &At, context: &Context) -> Result<Histories> {
        Ok(Histories {
            selection: Selection::new(orders, at)?,
            index: orders.index(context)?,
        })
    }

    /// The codes of the customers whose rows are shown, in ascending order of their ids.
    pub(super) fn shown(&self) -> Result<impl Iterator<Item = u32>> {
        let codes = self.selection.ids().by_id()?.iter().copied();
        Ok(codes.filter(|code| self.selection.shows(*code)))
    }

    /// The purchases of guests.
    pub(super) fn of_guests(&self) -> impl Iterator<Item = Purchase> {
        let (selection, data) = (&self.selection, self.selection.data());
        let guests = data.customer.iter().enumerate();
        let guests = guests.filter(|(_, customer)| **customer == NO_ID);
        guests.filter_map(move |(order, _)| {
            let day = data.offsets.day(data.time[order]);
            let action = selection.action(order);
            (day <= selection.as_of && action & (ORDER | REVENUE) != 0).then(|| Purchase {
                day: day.0,
                order: data.refund_of.as_ref().map_or(order as u32, |of| of[order]),
                is_order: action & ORDER != 0,
                amount: match action & REVENUE {
                    0 => 0,
                    _ => selection.amount(order),
                },
            })
        })
    }

    /// The purchases of a customer in their order.
    pub(super) fn of(&self, code: u32) -> impl Iterator<Item = Purchase> {
        let entries = self.selection.of(&self.index, code);
        let refund_of = self.selection.data().refund_of.as_ref();
        let order = move |row: u32| refund_of.map_or(row, |of| of[row as usize]);
        entries
            .filter(|(_, action, _)| action & (ORDER | REVENUE) != 0)
            .map(move |(entry, action, amount)| Purchase {
                day: entry.day,
                order: order(entry.order),
                is_order: action & ORDER != 0,
                amount: if action & REVENUE != 0 { amount } else { 0 },
            })
    }
}

/// The days on which a customer bought, and the sums up to each of them.
#[derive(Debug, Default)]
pub(super) struct Days {
    pub(super) days: Vec<i32>,
    /// Minor units up to the day, itself included.
    amounts: Vec<i128>,
    orders: Vec<i64>,
}

/// What was bought in some days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Bought {
    pub(super) amount: i128,
    pub(super) orders: i64,
}

impl Bought {
    /// The amount as a cell.
    pub(super) fn money(self) -> i64 {
        self.amount.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }
}

impl Days {
    /// Takes the place of what was there. Whether there is an order among the purchases.
    pub(super) fn fill(&mut self, purchases: impl Iterator<Item = Purchase>) -> Result<bool> {
        self.days.clear();
        self.amounts.clear();
        self.orders.clear();
        let mut sum = Bought::default();
        for one in purchases {
            sum.amount += i128::from(one.amount);
            sum.orders += i64::from(one.is_order);
            if self.days.last() != Some(&one.day) {
                push(&mut self.days, one.day, "perks")?;
                push(&mut self.amounts, 0, "perks")?;
                push(&mut self.orders, 0, "perks")?;
            }
            let last = self.days.len() - 1;
            self.amounts[last] = sum.amount;
            self.orders[last] = sum.orders;
        }
        Ok(sum.orders > 0)
    }

    /// What was bought on the days from `first` to `last`, both included.
    pub(super) fn between(&self, first: i64, last: i32) -> Bought {
        let up_to = |n: usize| match n {
            0 => Bought::default(),
            n => Bought {
                amount: self.amounts[n - 1],
                orders: self.orders[n - 1],
            },
        };
        let before = up_to(self.days.partition_point(|day| i64::from(*day) < first));
        let all = up_to(self.days.partition_point(|day| *day <= last));
        match i64::from(last) < first {
            true => Bought::default(),
            false => Bought {
                amount: all.amount - before.amount,
                orders: all.orders - before.orders,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_over_runs_of_days() {
        let purchase = |day, amount, is_order| Purchase {
            day,
            order: 0,
            is_order,
            amount,
        };
        let all = [
            purchase(3, 100, true),
            purchase(3, 50, true),
            purchase(8, 500, true),
            purchase(9, -30, false),
        ];
        let mut days = Days::default();
        assert!(days.fill(all.into_iter()).unwrap());
        let sum = |first, last| {
            let found = days.between(first, last);
            (found.amount, found.orders)
        };
        assert_eq!(sum(0, 2), (0, 0));
        assert_eq!(sum(3, 3), (150, 2));
        assert_eq!(sum(4, 9), (470, 1));
        assert_eq!(sum(9, 100), (-30, 0));
        assert_eq!(sum(9, 3), (0, 0));
        let refund = purchase(1, -5, false);
        assert!(!days.fill([refund].into_iter()).unwrap());
        assert_eq!(days.between(0, 1).amount, -5);
    }
}
