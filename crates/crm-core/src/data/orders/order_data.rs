//! The columns of orders, which a view shares.

use super::index::Index;
use super::result_cache::ResultCache;
use super::rows::Rows;
use super::rows_of_customers::RowsOfCustomers;
use crate::columns::Buf;
use crate::context::collect;
use crate::data::blocks::BLANK;
use crate::data::input::parse::NO_WORD;
use crate::error::Result;
use crate::ids::{Ids, NO_ID};
use crate::num::extremes;
use crate::time::Offsets;
use crate::turn::Turn;
use crate::words::{KindWord, StatusWord};
use std::sync::{Arc, Mutex, OnceLock};

/// The class of an order by its amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Class {
    Order = 0,
    /// A negative row: it lowers revenue at its date and does not count as an order.
    Refund = 1,
    /// Fully refunded; does not count.
    FullRefund = 2,
    /// An order of amount zero.
    ZeroValue = 3,
}

impl Class {
    pub(crate) const ALL: [Class; 4] = [
        Class::Order,
        Class::Refund,
        Class::FullRefund,
        Class::ZeroValue,
    ];
}

/// Packs status, kind and class into one byte, so that a policy is a table of 256 entries.
pub(crate) fn pack(status: u8, kind: u8, class: Class) -> u8 {
    let or_first = |word: u8| if word == NO_WORD { 0 } else { word };
    or_first(status) | or_first(kind) << 3 | (class as u8) << 6
}

/// The parts of a packed byte.
pub(crate) fn unpack(state: u8) -> (StatusWord, KindWord, Class) {
    let status = StatusWord::ALL[usize::from(state & 7)];
    let kind = KindWord::ALL.get(usize::from(state >> 3 & 7)).copied();
    let class = Class::ALL[usize::from(state >> 6)];
    (status, kind.unwrap_or(KindWord::OneOff), class)
}

/// A column of orders to filter and break down by.
#[derive(Clone)]
pub(crate) struct Dim {
    pub(crate) name: String,
    pub(crate) ids: Arc<Ids>,
    /// One code per order; `None` if lines of one order differ, so that only lines have values.
    pub(crate) codes: Option<Buf<u32>>,
}

/// The refunded amount of each order, and its date.
#[derive(Clone)]
pub(crate) struct Refund {
    pub(crate) amount: Buf<i64>,
    pub(crate) at: Option<Buf<i64>>,
}

/// The columns of orders; all have one length.
pub(crate) struct Data {
    pub(crate) customer: Buf<u32>,
    /// UTC microseconds.
    pub(crate) time: Buf<i64>,
    pub(crate) net: Buf<i64>,
    pub(crate) gross: Buf<i64>,
    pub(crate) shipping: Option<Buf<i64>>,
    pub(crate) tax: Option<Buf<i64>>,
    pub(crate) cost: Option<Buf<i64>>,
    pub(crate) refund: Option<Refund>,
    /// Where refunds are rows of their own: the place of each row's order, of an order its own.
    pub(crate) refund_of: Option<Buf<u32>>,
    /// See [`pack`]; `None` if every order is a completed one-off of a positive amount.
    pub(crate) state: Option<Buf<u8>>,
    pub(crate) order_id: Option<Dim>,
    pub(crate) dims: Vec<Dim>,
    /// The order of each row, if rows are lines.
    pub(crate) line_order: Option<Buf<u32>>,
    pub(crate) rows: Rows,
    /// The rows of the input, before repeated rows were left out and blank cells filled; `None` if
    /// a filter has chosen lines. [`Orders::concat`] starts from these.
    pub(crate) came: Option<Arc<Rows>>,
    pub(crate) offsets: Offsets,
    /// First and last instant.
    pub(crate) range: Option<(i64, i64)>,
    /// Whether times ascend.
    pub(crate) sorted: bool,
    /// Built by the first analysis that needs it; a failed build leaves it empty.
    pub(crate) index: Mutex<Option<Arc<Index>>>,
    /// Built by the first call for the orders of single customers.
    pub(crate) rows_of_customers: Mutex<Option<Arc<RowsOfCustomers>>>,
    /// The lock for building one of them.
    pub(crate) turn: Turn,
    /// The totals computed last.
    pub(crate) kept: ResultCache,
    /// Computed on first use.
    pub(crate) n_customers: OnceLock<usize>,
}

impl Data {
    /// Empty orders with the dictionaries of these rows.
    pub(crate) fn empty(rows: Rows, offsets: Offsets) -> Data {
        Data {
            customer: Vec::new().into(),
            time: Vec::new().into(),
            net: Vec::new().into(),
            gross: Vec::new().into(),
            shipping: None,
            tax: None,
            cost: None,
            refund: None,
            refund_of: None,
            state: None,
            order_id: None,
            dims: Vec::new(),
            line_order: None,
            rows,
            came: None,
            offsets,
            range: None,
            sorted: false,
            index: Mutex::new(None),
            rows_of_customers: Mutex::new(None),
            turn: Turn::default(),
            kept: ResultCache::default(),
            n_customers: OnceLock::new(),
        }
    }

    /// Fills in the range of times and whether they ascend.
    pub(crate) fn finished(mut self) -> Data {
        let times = &self.time[..];
        self.sorted = self.sorted || times.is_sorted();
        self.range = match (self.sorted, times.first(), times.last()) {
            (true, Some(first), Some(last)) => Some((*first, *last)),
            _ => extremes(times),
        };
        self
    }

    /// The number of orders.
    pub(crate) fn len(&self) -> usize {
        self.time.len()
    }

    /// The dictionary of customers.
    pub(crate) fn ids(&self) -> &Arc<Ids> {
        &self.rows.ids
    }

    /// An order's packed status, kind and class.
    pub(crate) fn state(&self, order: usize) -> u8 {
        self.state.as_ref().map_or(0, |s| s[order])
    }

    /// Compares two orders of one customer: instant, order id, amount, status, kind, channel, shop,
    /// product and the other dimensions. Orders equal in all of these are interchangeable.
    pub(crate) fn compare(&self, a: u32, b: u32) -> std::cmp::Ordering {
        let (i, j) = (a as usize, b as usize);
        let mut by = self.time[i].cmp(&self.time[j]);
        if by.is_ne() {
            return by;
        }
        if let Some(dim) = &self.order_id {
            by = by.then_with(|| dim.compare(i, j));
        }
        by = by.then_with(|| self.net[i].cmp(&self.net[j]));
        by = by.then_with(|| self.state(i).cmp(&self.state(j)));
        for dim in &self.dims {
            by = by.then_with(|| dim.compare(i, j));
        }
        by.then_with(|| self.gross[i].cmp(&self.gross[j]))
    }
}

impl Dim {
    fn compare(&self, i: usize, j: usize) -> std::cmp::Ordering {
        let Some(codes) = &self.codes else {
            return std::cmp::Ordering::Equal;
        };
        match (codes[i], codes[j]) {
            (a, b) if a == b => std::cmp::Ordering::Equal,
            (NO_ID, _) => std::cmp::Ordering::Less,
            (_, NO_ID) => std::cmp::Ordering::Greater,
            (a, b) => self.ids.cmp(a, b),
        }
    }
}

/// An order's refund instant, if one is known.
impl Refund {
    pub(crate) fn at(&self, order: usize) -> Option<i64> {
        self.at
            .as_ref()
            .map(|at| at[order])
            .filter(|at| *at != BLANK)
    }
}

/// The civil days of instants.
pub(crate) fn days(times: &[i64], offsets: &Offsets) -> Result<Vec<i32>> {
    let mut reader = offsets.reader();
    collect(times.iter().map(|t| reader.day(*t).0), "days")
}
