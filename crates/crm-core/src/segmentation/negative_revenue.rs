//! A note about customers whose revenue is negative.

use crate::table::Table;

/// Adds the note `negative_revenue`, the number of customers with negative revenue, if there are
/// any: shares of revenue are misleading then.
pub(super) fn with_negative_revenue(table: Table, revenue: &[i64]) -> Table {
    match revenue.iter().filter(|revenue| **revenue < 0).count() {
        0 => table,
        customers => table.with_note("negative_revenue", customers.into()),
    }
}
