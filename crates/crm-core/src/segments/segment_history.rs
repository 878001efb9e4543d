//! History of a segment: who entered it and who left it between an earlier date and the date.
//!
//! ```text
//! customers = entered + stayed        at `as_of`
//! left      = in the segment at the earlier date, and not at `as_of`
//! ```
//!
//! The earlier date is a `step` before: a day, 7 days, or one, 3 or 12 months. Of the last day of a month it is the
//! last day of the other month, so month ends chain; else it is the same day of the month, or the last there is. A
//! list of dates makes a history. Both dates are seen from the same data: an order that was refunded in full later
//! is missing at both.

use super::known::{self, Known};
use super::segment_sizes::money;
use super::tree::Tree;
use crate::analysis::Analysis;
use crate::context::{Context, filled};
use crate::data::Orders;
use crate::error::Result;
use crate::scope::{At, Occasion};
use crate::table::shared::{CUSTOMERS, REVENUE};
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::{Day, Period};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Options of [`SegmentHistory`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The conditions, as of `segment`. Default: `{"all": []}`, everyone.
    #[serde(rename = "where")]
    pub tree: Value,
    /// How far before `as_of` the earlier date is. Default: a month.
    pub step: Period,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            tree: json!({"all": []}),
            step: Period::Month,
        }
    }
}

/// The analysis `segment_history`.
#[derive(Debug, Clone, Copy)]
pub struct SegmentHistory;

impl Analysis for SegmentHistory {
    const NAME: &'static str = "segment_history";
    const SUMMARY: &'static str = "Customers who entered a segment, left it and stayed in it";
    const JA: &'static str = "抽出条件の顧客数の推移";
    const COLUMNS: &'static [Field] = &columns! {
        "since": Date, "", "比較日", "The earlier date.";
        CUSTOMERS, "Customers in the segment at `as_of`.";
        "entered": Int, "customers", "流入数", "In it at `as_of`, and not at `since`.";
        "left": Int, "customers", "流出数", "In it at `since`, and not at `as_of`.";
        "stayed": Int, "customers", "維持数", "In it at both dates.";
        REVENUE, "Revenue of all orders of its customers up to `as_of`.";
    };
    const SCOPE: &'static [&'static str] = known::SCOPE;
    const OCCASION: Option<Occasion> = None;
    type Data = Orders;
    type Options = Options;

    fn check(_: &Orders, options: &Options) -> Result<()> {
        Tree::new(&options.tree, "where").map(drop)
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let tree = Tree::new(&options.tree, "where")?;
        let since = before(at.day, options.step);
        let earlier = At { day: since, ..*at };
        let mut before = filled(orders.ids().len(), false, "segment")?;
        let mut known = Known::new(orders, &earlier, context)?;
        let chosen = known.chosen(&tree)?;
        for (code, chosen) in known.customers.iter().zip(&chosen) {
            before[*code as usize] = *chosen && orders.shows(*code);
        }
        let mut known = Known::new(orders, at, context)?;
        let chosen = known.chosen(&tree)?;
        let revenue = known.revenue()?;
        let (mut entered, mut stayed, mut sum) = (0_i64, 0_i64, 0_i128);
        for (row, code) in known.customers.iter().enumerate() {
            if chosen[row] && orders.shows(*code) {
                sum += i128::from(revenue[row]);
                match before[*code as usize] {
                    true => stayed += 1,
                    false => entered += 1,
                }
            }
        }
        let left = before.iter().filter(|before| **before).count() as i64 - stayed;
        let count =
            |place: usize, n: i64| Column::new(&Self::COLUMNS[place], Values::I64(vec![n].into()));
        let table = Table::new(vec![
            Column::new(&Self::COLUMNS[0], Values::Date(vec![since.0])),
            count(1, entered + stayed),
            count(2, entered),
            count(3, left),
            count(4, stayed),
            money(orders, std::iter::once(sum))?,
        ]);
        Ok(table.with_note("analyses", json!(known.analyses())))
    }
}

/// The date a period before.
fn before(day: Day, step: Period) -> Day {
    let months = match step {
        Period::Day => return Day(day.0.saturating_sub(1)),
        Period::Week => return Day(day.0.saturating_sub(7)),
        Period::Month => 1,
        Period::Quarter => 3,
        Period::Year => 12,
    };
    let start = day.start_of(Period::Month);
    let earlier = start.plus(-months, Period::Month);
    let last = earlier.plus(1, Period::Month).0 - 1;
    let is_last = start.plus(1, Period::Month).0 - 1 == day.0;
    match is_last {
        true => Day(last),
        false => Day((earlier.0 + day.0 - start.0).min(last)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_months_chain() {
        for (day, step, earlier) in [
            ("2026-03-31", Period::Month, "2026-02-28"),
            ("2026-02-28", Period::Month, "2026-01-31"),
            ("2024-02-28", Period::Month, "2024-01-28"),
            ("2026-03-30", Period::Month, "2026-02-28"),
            ("2026-03-05", Period::Month, "2026-02-05"),
            ("2026-01-31", Period::Quarter, "2025-10-31"),
            ("2024-02-29", Period::Year, "2023-02-28"),
            ("2026-01-01", Period::Week, "2025-12-25"),
            ("2026-01-01", Period::Day, "2025-12-31"),
        ] {
            let found = before(day.parse().unwrap(), step);
            assert_eq!(found, earlier.parse().unwrap(), "{day}");
        }
    }
}
