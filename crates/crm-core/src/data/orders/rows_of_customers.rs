//! The rows of each customer together, for orders of one customer out of many. Built by the first call that needs
//! them (`owners.rs`); it takes 4 bytes per row and 4 per customer.

/// See the module.
pub(crate) struct RowsOfCustomers {
    /// The start of each customer's rows, by code, and the end of the last.
    pub(super) starts: Vec<u32>,
    pub(super) rows: Vec<u32>,
}

impl RowsOfCustomers {
    /// A customer's rows, ascending.
    pub(crate) fn of(&self, code: u32) -> &[u32] {
        let i = code as usize;
        &self.rows[self.starts[i] as usize..self.starts[i + 1] as usize]
    }
}
