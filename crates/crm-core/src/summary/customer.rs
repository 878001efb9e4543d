//! Customer summary (顧客サマリー): each customer's orders, revenue and gaps up to a date.
//!
//! # Definition
//!
//! For each customer with at least one order that counts: first and last date, orders, purchase
//! days (distinct civil days with orders), revenue, mean order value (revenue / orders), tenure
//! (在籍日数, last − first; one vendor's article prints it with the sign reversed), recency
//! (`as_of` − last), and the gaps between successive purchase days:
//!
//! ```text
//! gap_count = purchase days − 1        gap_mean = Σg / gap_count
//! gap_sd    = √((Σg² − (Σg)² / gap_count) / (gap_count − 1))     null under two gaps
//! cancel_rate = cancelled / (orders + cancelled)
//! ```
//!
//! Σg and Σg² are exact integers; the mean and the variance are each one correctly rounded division
//! of integers. Σ ln g is summed in the order of the gaps. All gaps are at least one day. With one
//! purchase day all columns about gaps except their count are null, not zero.

use crate::analysis::Analysis;
use crate::context::{Context, collect, push};
use crate::data::Orders;
use crate::data::orders::selection::{CANCELLED, ORDER, REVENUE, Selection};
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::money::divide;
use crate::num::log::Logs;
use crate::scope::At;
use crate::table::shared::{
    LAST_DATE, MEAN_ORDER_VALUE, ORDERS, RECENCY_DAYS, REVENUE as REVENUE_COLUMN, TENURE_DAYS,
};
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns};
use serde::{Deserialize, Serialize};

/// Options of the summary: none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {}

/// The summary of one customer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Customer {
    /// The customer's code.
    pub code: u32,
    /// Civil day of the first order.
    pub first_day: i32,
    /// Civil day of the last order.
    pub last_day: i32,
    /// The number of orders.
    pub orders: u32,
    /// The number of distinct civil days with orders.
    pub purchase_days: u32,
    /// Revenue, minor units.
    pub revenue: i64,
    /// Σ gap.
    pub gap_sum: i64,
    /// Σ gap².
    pub gap_squares: i128,
    /// Σ ln gap.
    pub gap_logs: f64,
    /// Shortest gap; 0 without one.
    pub gap_min: i32,
    /// Longest gap; 0 without one.
    pub gap_max: i32,
    /// The number of cancelled orders.
    pub cancelled: u32,
}

impl Customer {
    /// The number of gaps between purchase days.
    pub fn gaps(&self) -> u32 {
        self.purchase_days.saturating_sub(1)
    }

    /// Mean gap in days.
    pub fn gap_mean(&self) -> Option<f64> {
        (self.gaps() > 0).then(|| divide(self.gap_sum.into(), self.gaps().into()))
    }

    /// Standard deviation of the gaps in days, n − 1 in the denominator; exactly zero if all are
    /// equal.
    pub fn gap_sd(&self) -> Option<f64> {
        let n = u64::from(self.gaps());
        if n < 2 {
            return None;
        }
        let sum = i128::from(self.gap_sum);
        // n·Σg² − (Σg)², exactly.
        let spread = i128::from(n) * self.gap_squares - sum * sum;
        Some(libm::sqrt(divide(spread, n * (n - 1))))
    }
}

/// Summaries of all customers of `orders` at a date, in ascending id order.
///
/// # Errors
///
/// A revenue that does not fit into 64 bits, a basis whose column was not given; out of memory.
pub fn customers(orders: &Orders, at: &At, context: &Context) -> Result<Vec<Customer>> {
    let selection = Selection::new(orders, at)?;
    summaries(&selection, context)
}

pub(crate) fn summaries(selection: &Selection, context: &Context) -> Result<Vec<Customer>> {
    let index = selection.orders.index(context)?;
    let logs = Logs::new()?;
    let by_id = selection.ids().by_id_on(context)?;
    context.expect(by_id.len());
    // Customers per part; parts are computed in id order and joined in that order.
    const PART: usize = 1 << 16;
    let parts: Vec<&[u32]> = by_id.chunks(PART).collect();
    let summaries = context.map(parts, |codes| {
        context.advance(codes.len())?;
        let mut part = Vec::new();
        for code in codes {
            if let Some(customer) = summary(selection, &index, &logs, *code)? {
                push(&mut part, customer, "customer summary")?;
            }
        }
        Ok(part)
    })?;
    let mut all = crate::context::room(summaries.iter().map(Vec::len).sum(), "customer summary")?;
    for part in summaries {
        all.extend(part);
    }
    Ok(all)
}

fn summary(
    selection: &Selection,
    index: &crate::data::orders::index::Index,
    logs: &Logs,
    code: u32,
) -> Result<Option<Customer>> {
    debug_assert_ne!(code, NO_ID);
    let mut c = Customer {
        code,
        first_day: 0,
        last_day: 0,
        orders: 0,
        purchase_days: 0,
        revenue: 0,
        gap_sum: 0,
        gap_squares: 0,
        gap_logs: 0.0,
        gap_min: 0,
        gap_max: 0,
        cancelled: 0,
    };
    let mut revenue = 0_i128;
    for (entry, action, amount) in selection.of(index, code) {
        if action & REVENUE != 0 {
            revenue += i128::from(amount);
        }
        if action & CANCELLED != 0 {
            c.cancelled += 1;
        }
        if action & ORDER == 0 {
            continue;
        }
        if c.orders == 0 {
            c.first_day = entry.day;
            c.purchase_days = 1;
            c.last_day = entry.day;
        }
        c.orders += 1;
        let gap = entry.day - c.last_day;
        // Where clocks go back over midnight, a later order can have the day before; that is the
        // same purchase day.
        if gap > 0 {
            c.gap_min = if c.purchase_days == 1 {
                gap
            } else {
                c.gap_min.min(gap)
            };
            c.gap_max = c.gap_max.max(gap);
            c.gap_sum += i64::from(gap);
            c.gap_squares += i128::from(gap) * i128::from(gap);
            c.gap_logs += logs.ln(gap as u32);
            c.purchase_days += 1;
            c.last_day = entry.day;
        }
    }
    c.revenue = i64::try_from(revenue).map_err(|_| Error::Overflow {
        column: selection.orders.spec.amount.clone(),
        what: "a customer's revenue",
    })?;
    Ok((c.orders > 0).then_some(c))
}

/// The analysis `summary`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct Summary;

impl Analysis for Summary {
    const NAME: &'static str = "summary";
    const SUMMARY: &'static str =
        "What each customer has done: dates, orders, purchase days, revenue, gaps, cancellations";
    const JA: &'static str = "顧客サマリー";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        "first_date": Date, "", "初回購入日", "Date of the first order.";
        LAST_DATE, "Date of the last order.";
        ORDERS;
        "purchase_days": Int, "days", "購入日数", "Distinct civil days with orders.";
        REVENUE_COLUMN;
        MEAN_ORDER_VALUE;
        TENURE_DAYS;
        RECENCY_DAYS, "as_of − last date.";
        "gap_count": Int, "gaps", "購入間隔数", "Purchase days − 1.";
        "gap_mean": Float, "days", "平均購入間隔", "Mean gap between purchase days; null without a gap.";
        "gap_sd": Float, "days", "購入間隔の標準偏差", "Standard deviation (n − 1) of the gaps; null under two.";
        "gap_min": Int, "days", "最短購入間隔", "Shortest gap; null without a gap.";
        "gap_max": Int, "days", "最長購入間隔", "Longest gap; null without a gap.";
        "gap_log_sum": Float, "", "購入間隔の対数和", "Σ ln gap; null without a gap.";
        "cancelled_orders": Int, "orders", "キャンセル回数", "Cancelled orders; no other column counts them.";
        "cancel_rate": Float, "share", "キャンセル率", "Cancelled / (orders + cancelled).";
    };
    const SCOPE: &'static [&'static str] = crate::analysis::WITHOUT_OCCASION;
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, _: &Options, context: &Context) -> Result<Table> {
        let selection = Selection::new(orders, at)?;
        let all = summaries(&selection, context)?;
        let currency = orders.currency();
        let as_of = selection.as_of.0;
        let int = |of: fn(&Customer) -> i32| collect(all.iter().map(of), "table");
        let gap = |of: fn(&Customer) -> i32| all.iter().map(move |c| (c.gaps() > 0).then(|| of(c)));
        let mut fields = Self::COLUMNS.iter();
        let mut field = || {
            fields
                .next()
                .ok_or_else(|| Error::internal("columns of summary"))
        };
        let ids = Values::Id {
            ids: orders.ids().clone(),
            codes: collect(all.iter().map(|c| c.code), "table")?,
        };
        let revenue = collect(all.iter().map(|c| c.revenue), "table")?;
        let means = all
            .iter()
            .map(|c| currency.mean(c.revenue.into(), c.orders.into()));
        let recency = collect(all.iter().map(|c| as_of - c.last_day), "table")?;
        let rates = all.iter().map(|c| {
            let all = u64::from(c.orders) + u64::from(c.cancelled);
            (all > 0).then(|| divide(c.cancelled.into(), all))
        });
        let logs = all.iter().map(|c| (c.gaps() > 0).then_some(c.gap_logs));
        Ok(Table::new(vec![
            Column::new(field()?, ids),
            Column::new(field()?, Values::Date(int(|c| c.first_day)?)),
            Column::new(field()?, Values::Date(int(|c| c.last_day)?)),
            Column::new(field()?, Values::I32(int(|c| c.orders as i32)?)),
            Column::new(field()?, Values::I32(int(|c| c.purchase_days as i32)?)),
            Column::new(field()?, Values::Money(revenue.into(), currency)),
            Column::floats(field()?, means)?,
            Column::new(field()?, Values::I32(int(|c| c.last_day - c.first_day)?)),
            Column::new(field()?, Values::I32(recency)),
            Column::new(field()?, Values::I32(int(|c| c.gaps() as i32)?)),
            Column::floats(field()?, all.iter().map(Customer::gap_mean))?,
            Column::floats(field()?, all.iter().map(Customer::gap_sd))?,
            Column::ints(field()?, gap(|c| c.gap_min))?,
            Column::ints(field()?, gap(|c| c.gap_max))?,
            Column::floats(field()?, logs)?,
            Column::new(field()?, Values::I32(int(|c| c.cancelled as i32)?)),
            Column::floats(field()?, rates)?,
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Currency, Zone};

    #[test]
    fn gaps_by_hand() {
        let orders = Orders::builder(Currency::USD, Zone::UTC)
            .extend([
                ("a", "2026-01-01T09:00:00", 1_000),
                ("a", "2026-01-01T21:00:00", 500),
                ("a", "2026-01-11", 700),
                ("a", "2026-01-15", 0),
                ("b", "2026-01-20", 250),
            ])
            .build()
            .unwrap();
        let at = At::new("2026-01-31".parse().unwrap());
        let all = customers(&orders, &at, &Context::default()).unwrap();
        let a = all[0];
        assert_eq!((a.orders, a.purchase_days, a.revenue), (4, 3, 2_200));
        assert_eq!((a.gaps(), a.gap_sum, a.gap_squares), (2, 14, 116));
        assert_eq!((a.gap_mean(), a.gap_min, a.gap_max), (Some(7.0), 4, 10));
        assert_eq!(a.gap_sd(), Some(18.0_f64.sqrt())); // (3² + 3²) / 1
        let b = all[1];
        assert_eq!((b.gap_mean(), b.gap_sd(), b.gaps()), (None, None, 0));
    }
}
