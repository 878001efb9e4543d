//! ABC analysis (ABC分析): classes of customers by cumulative share of revenue.
//!
//! # Definition
//!
//! Customers sorted by revenue descending, then by id; with `s` the cumulative share of revenue
//! *before* the customer,
//!
//! ```text
//! A  s < 70 %      B  s < 90 %      C  otherwise, and whenever revenue ≤ 0
//! ```
//!
//! The share is compared exactly, in integers; customers without positive revenue sort last. The
//! total is the sum of the positive revenues, so negative revenues cannot raise shares above 1.
//! With `tie_safe` all customers of equal revenue have the class of the first of them.
//!
//! A customer whose refunds exceed the orders has a negative revenue; the note `negative_revenue` counts
//! such customers.

use super::decile::descending;
use super::negative_revenue::with_negative_revenue;
use crate::analysis::Analysis;
use crate::context::{Context, filled};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::scope::At;
use crate::summary::Totals;
use crate::table::shared::REVENUE;
use crate::table::{CUSTOMER_ID, Column, Field, Label, Table, columns, labels};
use serde::{Deserialize, Serialize};

/// Options of [`classes`]; shares in percent, exact to a hundredth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// A customer is in A while the share before the customer is below this. Default 0.7.
    pub a_share: f64,
    /// A customer is in B while the share before the customer is below this. Default 0.9.
    pub b_share: f64,
    /// Whether customers of equal revenue have the same class. Default: no.
    pub tie_safe: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            a_share: 0.7,
            b_share: 0.9,
            tie_safe: false,
        }
    }
}

/// The classes.
pub const LABELS: &[Label] = labels! {
    "A", "A", "A";
    "B", "B", "B";
    "C", "C", "C";
};

/// The class of each customer, by index into [`LABELS`].
///
/// ```
/// use crm_core::segmentation::abc;
/// let classes = abc::classes(&[100, 600, 250, 50, 0], &abc::Options::default())?;
/// assert_eq!(classes, [1, 0, 0, 2, 2]); // shares before: 0.85, 0, 0.6, 0.95
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// Values that are not shares or do not ascend; out of memory.
pub fn classes(revenue: &[i64], options: &Options) -> Result<Vec<u8>> {
    let (a, b) = (options.a_share, options.b_share);
    if !(a > 0.0 && a <= b && b <= 1.0) {
        return Err(Error::option(
            "a_share",
            a,
            format!("0 < a_share <= b_share ({b}) <= 1"),
        ));
    }
    // In ten-thousandths, so that 70 % is exact.
    let limits = [a, b].map(|share| libm::round(share * 10_000.0) as i128);
    let total: i128 = revenue
        .iter()
        .filter(|v| **v > 0)
        .map(|v| i128::from(*v))
        .sum();
    let mut classes = filled(revenue.len(), 2_u8, "classes")?;
    let mut sum = 0_i128;
    let mut before: Option<(i64, u8)> = None;
    for i in descending(revenue)? {
        let own = revenue[i as usize];
        if own <= 0 {
            break;
        }
        let class = match before {
            Some((same, class)) if options.tie_safe && same == own => class,
            _ => limits
                .iter()
                .filter(|limit| sum * 10_000 >= **limit * total)
                .count() as u8,
        };
        classes[i as usize] = class;
        before = Some((own, class));
        sum += i128::from(own);
    }
    Ok(classes)
}

/// The analysis `abc`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct Abc;

impl Analysis for Abc {
    const NAME: &'static str = "abc";
    const SUMMARY: &'static str = "Customers in classes A, B and C by cumulative share of revenue";
    const JA: &'static str = "ABC分析";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        REVENUE;
        "abc": Category, "", "ABCランク", "Class.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let totals = Totals::new(orders, at, context)?;
        let codes = classes(&totals.revenue, options)?;
        let [customer_id, revenue, abc] = Self::COLUMNS else {
            return Err(Error::internal("columns of abc"));
        };
        let table = Table::new(vec![
            Column::ids(customer_id, &totals.ids, totals.customer.iter().copied())?,
            Column::money(revenue, totals.revenue.iter().copied(), totals.currency)?,
            Column::words(abc, LABELS, codes.into_iter().map(Some))?,
        ]);
        Ok(with_negative_revenue(table, &totals.revenue))
    }
}
