//! A selection: which orders count, and with which amount, at one date.

use super::dataset::Orders;
use super::index::{Index, IndexEntry};
use super::order_data::{Class, Data, unpack};
use super::result_cache::{CacheKey, Mask};
use crate::columns::Buf;
use crate::context::{collect, filled};
use crate::error::{Error, Result};
use crate::ids::Ids;
use crate::money::Currency;
use crate::scope::{At, Basis, Occasion, Policy};
use crate::time::Day;
use crate::turn::briefly;
use crate::words::StatusWord;
use std::any::Any;
use std::sync::Arc;

/// The order counts.
pub(crate) const ORDER: u8 = 1;
/// The amount counts as revenue.
pub(crate) const REVENUE: u8 = 2;
/// The order is cancelled and would count otherwise.
pub(crate) const CANCELLED: u8 = 4;

/// Orders at one date. All scans use this.
pub(crate) struct Selection {
    pub(crate) orders: Orders,
    pub(crate) as_of: Day,
    basis: Basis,
    /// By packed state: [`ORDER`], [`REVENUE`], [`CANCELLED`].
    pub(crate) actions: [u8; 256],
    /// Amounts on the basis; `None` if it is net.
    amounts: Option<Buf<i64>>,
}

impl Selection {
    /// The orders up to a date, with their amounts on its basis.
    pub(crate) fn new(orders: &Orders, at: &At) -> Result<Selection> {
        Ok(Selection {
            actions: actions(&orders.view.policy),
            as_of: at.day,
            basis: at.basis,
            amounts: amounts(&orders.data, at.basis)?,
            orders: orders.clone(),
        })
    }

    /// Leaves out orders before a day.
    pub(crate) fn leave_out_before(&mut self, first: Day) -> Result<()> {
        let data = self.orders.data.clone();
        let mut mask = filled(data.len().div_ceil(64), 0_u64, "window")?;
        let mut reader = data.offsets.reader();
        for (i, time) in data.time.iter().enumerate() {
            let through = reader.day(*time) >= first && self.orders.lets_through(i);
            mask[i / 64] |= u64::from(through) << (i % 64);
        }
        self.orders.view.mask = Some(Arc::new(mask));
        Ok(())
    }

    pub(crate) fn data(&self) -> &Data {
        &self.orders.data
    }

    pub(crate) fn ids(&self) -> &Arc<Ids> {
        self.orders.ids()
    }

    pub(crate) fn currency(&self) -> Currency {
        self.orders.currency()
    }

    /// Whether a customer's row is shown.
    pub(crate) fn shows(&self, code: u32) -> bool {
        self.orders.shows(code)
    }

    /// The action bits of an order.
    #[inline]
    pub(crate) fn action(&self, order: usize) -> u8 {
        let data = self.data();
        match self.orders.lets_through(order) {
            true => self.actions[usize::from(data.state(order))],
            false => 0,
        }
    }

    /// An order's amount on the basis, minor units.
    #[inline]
    pub(crate) fn amount(&self, order: usize) -> i64 {
        match &self.amounts {
            Some(amounts) => amounts[order],
            None => self.data().net[order],
        }
    }

    /// Whether every order counts with its net amount, so that scans need no test per order.
    pub(crate) fn takes_all(&self) -> bool {
        self.data().state.is_none()
            && self.orders.view.mask.is_none()
            && self.amounts.is_none()
            && self.actions[0] == ORDER | REVENUE
    }

    /// The orders of a customer up to the date with any action bit: entry, action, amount.
    #[inline]
    pub(crate) fn of<'a>(
        &'a self,
        index: &'a Index,
        code: u32,
    ) -> impl Iterator<Item = (IndexEntry, u8, i64)> + 'a {
        let plain = self.takes_all();
        index.of(code).iter().filter_map(move |entry| {
            if entry.day > self.as_of.0 {
                return None;
            }
            if plain {
                return Some((*entry, ORDER | REVENUE, entry.net));
            }
            let action = self.action(entry.order as usize);
            let amount = match &self.amounts {
                Some(amounts) => amounts[entry.order as usize],
                None => entry.net,
            };
            (action != 0).then_some((*entry, action, amount))
        })
    }

    /// The first instant after the date; orders before it count. `None` if the zone's clock went
    /// back over that midnight and there are orders in the repeated minutes: then the civil day of
    /// each order decides.
    pub(crate) fn cutoff(&self) -> Option<i64> {
        let data = self.data();
        let next = Day(self.as_of.0.saturating_add(1));
        match data.offsets.repeats(next) {
            Some((from, until)) if data.time.iter().any(|t| (from..until).contains(t)) => None,
            _ => Some(data.offsets.start_of(next)),
        }
    }
}

impl Selection {
    fn key(&self, occasion: Option<Occasion>) -> CacheKey {
        CacheKey {
            as_of: self.as_of,
            actions: self.actions,
            basis: self.basis,
            occasion,
            mask: self.orders.view.mask.clone().map(Mask),
        }
    }

    /// The cached result for this selection; otherwise computes it and replaces the cached one.
    pub(crate) fn kept_or<T: Any + Send + Sync>(
        &self,
        occasion: Option<Occasion>,
        make: impl FnOnce() -> Result<T>,
    ) -> Result<Arc<T>> {
        let key = self.key(occasion);
        let cell = &self.data().kept.0;
        if let Some(kept) = briefly(cell)
            && let Some((of, result)) = &*kept
            && *of == key
            && let Ok(result) = Arc::clone(result).downcast()
        {
            return Ok(result);
        }
        // Computed without the lock: two concurrent callers both compute it, and neither waits.
        let result = Arc::new(make()?);
        if let Some(mut kept) = briefly(cell) {
            *kept = Some((key, result.clone()));
        }
        Ok(result)
    }
}

/// A policy as a table by packed state.
pub(crate) fn actions(policy: &Policy) -> [u8; 256] {
    let mut table = [0; 256];
    for (state, action) in table.iter_mut().enumerate() {
        let (status, kind, class) = unpack(state as u8);
        let kind = policy.kinds.contains(&kind);
        let status_counts = policy.statuses.contains(&status);
        if kind && status_counts {
            *action = match class {
                Class::Order => ORDER | REVENUE,
                Class::ZeroValue if policy.zero_value => ORDER | REVENUE,
                Class::Refund => REVENUE,
                Class::ZeroValue | Class::FullRefund => 0,
            };
        } else if kind && status == StatusWord::Cancelled && class != Class::Refund {
            *action = CANCELLED;
        }
    }
    table
}

/// Amounts on a basis; `None` for net.
fn amounts(data: &Data, basis: Basis) -> Result<Option<Buf<i64>>> {
    let needs = |value: &str, column: &str| Error::OptionNeedsColumn {
        option: "basis".into(),
        value: value.into(),
        column: column.into(),
    };
    let combined = |column: &Option<Buf<i64>>, value: &str, name: &str, sign: i64| {
        let column = column.as_ref().ok_or_else(|| needs(value, name))?;
        let cells = data
            .net
            .iter()
            .zip(column.iter())
            .map(|(a, b)| a.saturating_add(sign * b));
        Ok(Some(collect(cells, "amounts")?.into()))
    };
    match basis {
        Basis::Net => Ok(None),
        Basis::Gross => Ok(Some(data.gross.clone())),
        Basis::NetShipping => combined(&data.shipping, "net_shipping", "shipping", 1),
        Basis::NetExTax => combined(&data.tax, "net_ex_tax", "tax", -1),
        Basis::Margin => combined(&data.cost, "margin", "cost", -1),
    }
}
