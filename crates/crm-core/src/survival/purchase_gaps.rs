//! The purchase gaps as a table (購入間隔一覧): one row per gap of each customer, the open one included.
//!
//! # Definition
//!
//! ```text
//! ended   days from the gap-th purchase of the customer to the next
//! open    days from the last purchase to `as_of`: the row with `ended` false, one per customer
//! ```
//!
//! Purchases are days with orders (the default of `occasion`, gaps are then ≥ 1), or orders (two on one day are a gap
//! of 0). Rows ascend by customer, then by gap. These are the rows of [`kaplan_meier`](super::kaplan_meier) with
//! `weight` = gap, for estimates of one's own, and for shops too large for one machine, whose partitions send these
//! rows.

use super::curve::DAYS;
use crate::analysis::Analysis;
use crate::context::{Context, room};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::scope::{At, Occasion};
use crate::summary::Gaps;
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns};
use serde::{Deserialize, Serialize};

/// No options: what counts is the scope's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {}

/// The analysis `purchase_gaps`.
#[derive(Debug)]
pub struct PurchaseGaps;

impl Analysis for PurchaseGaps {
    const NAME: &'static str = "purchase_gaps";
    const SUMMARY: &'static str = "Each gap between purchases of each customer, the open one too";
    const JA: &'static str = "購入間隔一覧";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        "gap": Int, "", "間隔番号", "Number of the gap; 1 is from the first purchase to the second.";
        DAYS, "Days of the gap, or until `as_of`.";
        "ended": Bool, "", "再購入あり", "Whether the next purchase was made.";
    };
    const OCCASION: Option<Occasion> = Some(Occasion::Day);
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, _: &Options, context: &Context) -> Result<Table> {
        let gaps = Gaps::new(orders, at, context)?;
        let shown = || (0..gaps.len()).filter(|&i| orders.shows(gaps.customer[i]));
        let rows = shown().map(|i| gaps.of(i).len() + 1).sum();
        let (mut customer, mut number) = (room(rows, "gaps")?, room(rows, "gaps")?);
        let (mut days, mut ended) = (room(rows, "gaps")?, room(rows, "gaps")?);
        for i in shown() {
            let open = (gaps.open_days(i), false);
            let all = gaps.of(i).iter().map(|gap| (*gap, true)).chain([open]);
            for (nth, (length, has_ended)) in (1_i32..).zip(all) {
                customer.push(gaps.customer[i]);
                number.push(nth);
                // Days of the calendar of this library fit into 31 bits.
                days.push(length as i32);
                ended.push(has_ended);
            }
        }
        let [customer_id, gap, length, has_ended] = Self::COLUMNS else {
            return Err(Error::internal("columns of purchase_gaps"));
        };
        Ok(Table::new(vec![
            Column::ids(customer_id, &gaps.ids, customer.into_iter())?,
            Column::new(gap, Values::I32(number)),
            Column::new(length, Values::I32(days)),
            Column::new(has_ended, Values::Bool(ended)),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Currency, Zone};

    #[test]
    fn gaps_by_hand() {
        let orders = Orders::builder(Currency::JPY, Zone::UTC)
            .order("a", "2026-01-01", 1)
            .order("a", "2026-01-11", 1)
            .order("a", "2026-01-11", 1)
            .order("b", "2026-01-20", 1)
            .build()
            .unwrap();
        let rows = |occasion| {
            let at = At {
                occasion: Some(occasion),
                ..At::new("2026-01-31".parse().unwrap())
            };
            let table = PurchaseGaps::run(&orders, &at, &Options {}, &Context::default()).unwrap();
            let numbers = |name| table.ints(name).unwrap().map(Option::unwrap);
            let ended = table.bools("ended").unwrap().map(Option::unwrap);
            let rows = numbers("gap").zip(numbers("days")).zip(ended);
            rows.map(|((gap, days), ended)| (gap, days, ended))
                .collect::<Vec<_>>()
        };
        let by_day = [(1, 10, true), (2, 20, false), (1, 11, false)];
        assert_eq!(rows(Occasion::Day), by_day);
        let by_order = [(1, 10, true), (2, 0, true), (3, 20, false), (1, 11, false)];
        assert_eq!(rows(Occasion::Order), by_order);
    }
}
