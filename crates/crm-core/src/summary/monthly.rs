//! Sales by period, of new and repeat customers (新規・リピート別売上).
//!
//! # Definition
//!
//! For each calendar month (or week, quarter, year, day) from the first to the last order that
//! counts up to `as_of`, months without orders included: customers, orders and revenue. An order is
//! *new* if it is the customer's first, otherwise *repeat*; later data never change this. Guests
//! (orders without a customer) are in the totals and in their own columns, neither new nor repeat.
//! A refund in its own row lowers the revenue of repeat customers, unless it is before the
//! customer's second order.
//!
//! `new_customers` are customers whose first order is in the period; `repeat_customers` have a
//! later order in it. A customer can be both; `customers` counts each once.

use crate::analysis::Analysis;
use crate::context::{Context, filled};
use crate::data::Orders;
use crate::data::orders::selection::{ORDER, REVENUE, Selection};
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::scope::At;
use crate::table::shared::{CUSTOMERS, ORDERS, REVENUE as REVENUE_COLUMN};
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::{Day, Period};
use serde::{Deserialize, Serialize};

/// Options of [`Monthly`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The period. Default: month.
    pub period: Period,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            period: Period::Month,
        }
    }
}

#[derive(Clone, Default)]
struct Row {
    customers: i64,
    new_customers: i64,
    repeat_customers: i64,
    orders: i64,
    guest_orders: i64,
    new_revenue: i128,
    repeat_revenue: i128,
    guest_revenue: i128,
}

/// The analysis `monthly`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct Monthly;

impl Analysis for Monthly {
    const NAME: &'static str = "monthly";
    const SUMMARY: &'static str =
        "Customers, orders and revenue by period, of new and repeat customers";
    const JA: &'static str = "新規・リピート別売上";
    const COLUMNS: &'static [Field] = &columns! {
        "month": Date, "", "月", "First day of the period.";
        CUSTOMERS, "Distinct customers with an order.";
        ORDERS, "Orders, guests' included.";
        REVENUE_COLUMN, "Revenue, guests' included.";
        "new_customers": Int, "customers", "新規顧客数", "Customers whose first order it is.";
        "new_revenue": Money, "currency", "新規売上", "Revenue of first orders.";
        "repeat_customers": Int, "customers", "リピート顧客数", "Customers with a later order.";
        "repeat_revenue": Money, "currency", "リピート売上", "Revenue of later orders.";
        "guest_orders": Int, "orders", "ゲスト注文数", "Orders without a customer.";
        "guest_revenue": Money, "currency", "ゲスト売上", "Revenue of guests.";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let selection = Selection::new(orders, at)?;
        let (starts, rows) = rows(&selection, options.period, context)?;
        let n = rows.len();
        let overflow = || Error::Overflow {
            column: selection.orders.spec.amount.clone(),
            what: "the revenue of a period",
        };
        let currency = orders.currency();
        let money = |of: &dyn Fn(&Row) -> i128| -> Result<Values> {
            let sums = rows
                .iter()
                .map(|r| i64::try_from(of(r)).map_err(|_| overflow()));
            Ok(Values::Money(sums.collect::<Result<_>>()?, currency))
        };
        let count = |of: fn(&Row) -> i64| Values::I64(rows.iter().map(of).collect());
        debug_assert_eq!(starts.len(), n);
        let values = [
            Values::Date(starts),
            count(|r| r.customers),
            count(|r| r.orders),
            money(&|r| r.new_revenue + r.repeat_revenue + r.guest_revenue)?,
            count(|r| r.new_customers),
            money(&|r| r.new_revenue)?,
            count(|r| r.repeat_customers),
            money(&|r| r.repeat_revenue)?,
            count(|r| r.guest_orders),
            money(&|r| r.guest_revenue)?,
        ];
        let columns = Self::COLUMNS.iter().zip(values);
        Ok(Table::new(
            columns
                .map(|(field, values)| Column::new(field, values))
                .collect(),
        ))
    }
}

/// The first day and the numbers of each period.
fn rows(selection: &Selection, period: Period, context: &Context) -> Result<(Vec<i32>, Vec<Row>)> {
    let data = selection.data();
    let Some((first, last)) = data.range else {
        return Ok((Vec::new(), Vec::new()));
    };
    let last = data.offsets.day(last).min(selection.as_of);
    let starts = starts(data.offsets.day(first), last, period)?;
    let place = |day: i32| starts.partition_point(|start| *start <= day).checked_sub(1);
    let mut rows = filled(starts.len(), Row::default(), "periods")?;

    let index = selection.orders.index(context)?;
    for codes in selection.ids().by_id()?.chunks(Context::BLOCK) {
        context.check()?;
        for code in codes.iter().filter(|code| selection.shows(**code)) {
            let mut ordinal = 0;
            let (mut any, mut repeat) = (None, None);
            for (entry, action, amount) in selection.of(&index, *code) {
                let Some(at) = place(entry.day) else { continue };
                let row = &mut rows[at];
                if action & ORDER != 0 {
                    ordinal += 1;
                    row.orders += 1;
                    row.new_customers += i64::from(ordinal == 1);
                    if any != Some(at) {
                        any = Some(at);
                        row.customers += 1;
                    }
                    if ordinal > 1 && repeat != Some(at) {
                        repeat = Some(at);
                        row.repeat_customers += 1;
                    }
                }
                if action & REVENUE != 0 {
                    let is_new = ordinal <= 1;
                    let to = if is_new {
                        &mut row.new_revenue
                    } else {
                        &mut row.repeat_revenue
                    };
                    *to += i128::from(amount);
                }
            }
        }
    }
    add_guests(selection, place, &mut rows);
    // Periods after the last one with an order or refund that counts are dropped; empty periods
    // between stay.
    let used =
        |row: &Row| row.orders > 0 || row.new_revenue + row.repeat_revenue + row.guest_revenue != 0;
    let from = rows.iter().position(used).unwrap_or(rows.len());
    let to = rows.iter().rposition(used).map_or(from, |last| last + 1);
    Ok((starts[from..to].to_vec(), rows[from..to].to_vec()))
}

/// The first days of the periods from one day to another.
fn starts(first: Day, last: Day, period: Period) -> Result<Vec<i32>> {
    let mut starts = Vec::new();
    let mut day = first.start_of(period);
    while day <= last {
        crate::context::push(&mut starts, day.0, "periods")?;
        let next = day.plus(1, period);
        if next <= day {
            break;
        }
        day = next;
    }
    Ok(starts)
}

/// Adds the orders of guests to the rows of their periods.
fn add_guests(selection: &Selection, place: impl Fn(i32) -> Option<usize>, rows: &mut [Row]) {
    // `customers` chooses no guests.
    if selection.orders.view.chosen.is_some() {
        return;
    }
    let data = selection.data();
    let mut reader = data.offsets.reader();
    for (order, _) in (data.customer.iter().enumerate()).filter(|(_, code)| **code == NO_ID) {
        let day: Day = reader.day(data.time[order]);
        let action = selection.action(order);
        if day > selection.as_of || action == 0 {
            continue;
        }
        let Some(at) = place(day.0) else { continue };
        if action & ORDER != 0 {
            rows[at].orders += 1;
            rows[at].guest_orders += 1;
        }
        if action & REVENUE != 0 {
            rows[at].guest_revenue += i128::from(selection.amount(order));
        }
    }
}
