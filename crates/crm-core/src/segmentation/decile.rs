//! Decile analysis (デシル分析): customers in ten groups of equal size by revenue.
//!
//! # Definition
//!
//! Customers sorted by revenue descending, then by id ascending; with `i` counted from 0,
//!
//! ```text
//! decile = 1 + ⌊10 · i / n⌋
//! ```
//!
//! so decile 1 has the 10 % of customers with the greatest revenue. Customers of equal revenue can
//! be in different groups, split in id order; with `tie_safe` they all have the group of the first
//! of them. Shares are in [`super::lorenz`].
//!
//! A customer whose refunds exceed the orders has a negative revenue; the note `negative_revenue` counts
//! such customers.

use super::negative_revenue::with_negative_revenue;
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::num::rank;
use crate::scope::At;
use crate::summary::Totals;
use crate::table::shared::REVENUE;
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns};
use serde::{Deserialize, Serialize};

/// Options of [`groups`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Groups, 2 to 100. Default 10.
    pub groups: u8,
    /// Whether customers of equal revenue have the same group. Default: no.
    pub tie_safe: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            groups: 10,
            tie_safe: false,
        }
    }
}

/// The customers (as indices into `revenue`, which is in ascending id order) from the greatest
/// revenue to the least, ties in id order.
pub(crate) fn descending(revenue: &[i64]) -> Result<Vec<u32>> {
    // Keys that ascend where revenue descends; the radix sort is stable.
    let keys = revenue.iter().map(|v| !(*v as u64 ^ 1 << 63));
    rank::order(&collect(keys, "order")?)
}

/// The group of each customer; 1 has the greatest revenues.
///
/// ```
/// use crm_core::segmentation::decile;
/// let options = decile::Options::new().groups(2);
/// assert_eq!(decile::groups(&[10, 30, 20, 30], &options)?, [2, 1, 2, 1]);
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// A number of groups out of range; out of memory.
pub fn groups(revenue: &[i64], options: &Options) -> Result<Vec<i32>> {
    if !(2..=100).contains(&options.groups) {
        return Err(Error::option("groups", options.groups, "2 to 100"));
    }
    let n = revenue.len();
    let mut groups = filled(n, 0, "deciles")?;
    let mut before: Option<(i64, i32)> = None;
    for (place, i) in descending(revenue)?.into_iter().enumerate() {
        let revenue = revenue[i as usize];
        let own = 1 + (usize::from(options.groups) * place / n) as i32;
        let group = match before {
            Some((same, group)) if options.tie_safe && same == revenue => group,
            _ => own,
        };
        groups[i as usize] = group;
        before = Some((revenue, group));
    }
    Ok(groups)
}

/// The analysis `decile`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct Decile;

impl Analysis for Decile {
    const NAME: &'static str = "decile";
    const SUMMARY: &'static str = "Customers in ten groups of equal size by revenue";
    const JA: &'static str = "デシル分析";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        REVENUE;
        "decile": Int, "", "デシル", "Group, 1 for the greatest revenues.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let totals = Totals::new(orders, at, context)?;
        let groups = groups(&totals.revenue, options)?;
        let [customer_id, revenue, decile] = Self::COLUMNS else {
            return Err(Error::internal("columns of decile"));
        };
        let table = Table::new(vec![
            Column::ids(customer_id, &totals.ids, totals.customer.iter().copied())?,
            Column::money(revenue, totals.revenue.iter().copied(), totals.currency)?,
            Column::new(decile, Values::I32(groups)),
        ]);
        Ok(with_negative_revenue(table, &totals.revenue))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_part_by_id_unless_they_are_safe() {
        let revenue = [5, 5, 5, 5, 9, 1];
        let options = |tie_safe| Options {
            groups: 3,
            tie_safe,
        };
        // By place: 9 5 | 5 5 | 5 1
        assert_eq!(
            groups(&revenue, &options(false)).unwrap(),
            [1, 2, 2, 3, 1, 3]
        );
        assert_eq!(
            groups(&revenue, &options(true)).unwrap(),
            [1, 1, 1, 1, 1, 3]
        );
        assert!(groups(&[], &options(false)).unwrap().is_empty());
    }
}
