//! The index: the orders of each customer together, in their total order.
//!
//! The first analysis that needs customers' orders together builds it; such analyses are then
//! sequential scans. It has every structurally valid order and ignores the scope, which the scan
//! tests. It takes 16 bytes per order and 4 per customer.

use crm_prefetch::prefetch;

/// One order of a customer.
#[derive(Clone, Copy, Default)]
pub(crate) struct IndexEntry {
    /// Civil day.
    pub(crate) day: i32,
    /// Its index in the orders.
    pub(crate) order: u32,
    /// Net amount, minor units.
    pub(crate) net: i64,
}

/// See the module.
pub(crate) struct Index {
    /// The start of each customer's entries, by code, and the end of the last.
    pub(super) starts: Vec<u32>,
    pub(super) entries: Vec<IndexEntry>,
}

impl Index {
    /// The number of orders in it: those of customers, not those of guests.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// A customer's orders in their total order.
    #[inline]
    pub(crate) fn of(&self, code: u32) -> &[IndexEntry] {
        let i = code as usize;
        &self.entries[self.starts[i] as usize..self.starts[i + 1] as usize]
    }

    /// Prefetches a customer's first order.
    #[inline]
    pub(crate) fn prefetch(&self, code: u32) {
        prefetch(&self.entries, self.starts[code as usize] as usize);
    }
}
