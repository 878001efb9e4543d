//! Attributes (属性別の購入率・リピート率・キャンセル率): which customers buy, buy again and cancel.
//!
//! # Definition
//!
//! A row is a value of the columns `by`: columns of the customers table (sex, prefecture, plan), `first_` columns, or columns
//! of orders (channel, shop). A missing value is a value of its own. In columns of customers all orders of a customer count in their
//! value; in columns of orders a customer counts in each value of their orders, with these orders. Orders without a customer are not
//! in the table.
//!
//! ```text
//! registered       customers of the customers table; null without one, and in columns of orders
//! buyers           customers with an order that counts
//! purchase_rate    registered buyers / registered, Wilson's interval
//! repeat_rate      share with a second purchase within `within` days, Kaplan-Meier
//! repeaters        buyers with two purchases or more; their share rises with age
//! cancel_rate      cancelled orders / placed orders; placed are all orders but refunds and tests, whether or not the policy
//!                  counts them. Wilson's interval of n_e orders, see below
//! index            100 × purchase_rate / purchase_rate of all (persona index: 100 is average)
//! ```
//!
//! Orders of one customer are alike, so `n` orders say less of a cancel rate than `n` customers with one order each would. With `n_c`
//! orders and `x_c` cancelled ones of customer `c`, `p` the rate of the group, `m` its customers (variance by customer, the
//! correlation the same in all groups):
//!
//! ```text
//! ρ     (Σ m/(m − 1) Σ (x_c − p n_c)² − Σ p (1 − p) n) / Σ p (1 − p) Σ n_c (n_c − 1),  from 0 to 1     sums over groups with m > 1
//! n_e   n / (1 + ρ Σ n_c (n_c − 1)/n)
//! ```
//!
//! Each rate has a shrunk estimate beside it ([`shrunk_rates`](crate::num::shrunk_rates)) with an interval of the same confidence: a
//! value with three customers is drawn towards all, one with a thousand is not. Lists are to be sorted by these. The shrunk
//! cancel rate is of n_e orders; the shrunk repeat rate is of the buyers whose second purchase is known to be in time or not: n of them, n · repeat_rate repeated.

use super::fields::{BUYERS, INDEX};
use super::groups::Groups;
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, push};
use crate::data::Orders;
use crate::data::orders::order_data::{Class, unpack};
use crate::data::orders::selection::{ORDER, REVENUE as COUNTS_AS_REVENUE, Selection};
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::num::ratio::{Ratio, wilson};
use crate::num::shrunk_rates::{Shrunk, shrunk};
use crate::num::{Fraction, survival};
use crate::request::longer_than_zero;
use crate::scope::{At, Occasion};
use crate::table::shared::{
    CHANNEL, MEAN_ORDER_VALUE, ORDERS, REPEAT_RATE, REPEAT_RATE_HIGH, REPEAT_RATE_LOW, REVENUE,
    SHARE,
};
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::Duration;
use crate::words::StatusWord;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Options of [`Attributes`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The columns whose values are the rows: of the customers table, `first_` columns, or columns of orders. Default:
    /// channel.
    pub by: Vec<String>,
    /// The time in which a second purchase counts for `repeat_rate`. Default 90 days.
    pub within: Duration,
    /// Confidence of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            by: vec!["channel".into()],
            within: Duration::days(90),
            confidence: Fraction::P95,
        }
    }
}

/// The analysis `attributes`.
#[derive(Debug)]
pub struct Attributes;

impl Analysis for Attributes {
    const NAME: &'static str = "attributes";
    const SUMMARY: &'static str = "Which customers buy, buy again and cancel, by sex, prefecture, channel or any other attribute";
    const JA: &'static str = "属性別分析";
    const COLUMNS: &'static [Field] = &columns! {
        CHANNEL, "The columns of `by`, under their own names.";
        "registered": Int, "customers", "会員数", "Customers of the customers table; null without one, and in columns of orders.";
        BUYERS;
        PURCHASE_RATE[0];
        PURCHASE_RATE[1];
        PURCHASE_RATE[2];
        PURCHASE_RATE[3];
        PURCHASE_RATE[4];
        PURCHASE_RATE[5];
        INDEX, "100 × purchase_rate / purchase_rate of all.";
        "repeaters": Int, "customers", "リピーター数", "Buyers with two purchases or more.";
        REPEAT_RATE, "Kaplan-Meier share of buyers with a second purchase in time.";
        REPEAT_RATE_LOW;
        REPEAT_RATE_HIGH;
        REPEAT_SHRUNK[0];
        REPEAT_SHRUNK[1];
        REPEAT_SHRUNK[2];
        "placed": Int, "orders", "全注文数", "Orders placed, cancelled ones included.";
        "cancelled": Int, "orders", "キャンセル数", "Of these, cancelled.";
        CANCEL_RATE[0];
        CANCEL_RATE[1];
        CANCEL_RATE[2];
        CANCEL_RATE[3];
        CANCEL_RATE[4];
        CANCEL_RATE[5];
        ORDERS, "Orders that count.";
        REVENUE;
        MEAN_ORDER_VALUE;
        "revenue_per_buyer": Float, "currency", "購入者単価", "Revenue / buyers, major units.";
        SHARE, "Share of the revenue of all rows.";
    };
    const SCOPE: &'static [&'static str] = &[
        "as_of",
        "where",
        "customers",
        "policy",
        "basis",
        "refunds",
        "occasion",
    ];
    const OCCASION: Option<Occasion> = Some(Occasion::Day);
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        context.check()?;
        let within = options.within.whole_days().ok_or_else(|| {
            Error::option("within", json!(options.within), "a whole number of days")
        })?;
        longer_than_zero("within", options.within)?;
        let groups = Groups::new(orders, &options.by, context)?;
        let tallies = tallies(orders, at, &groups, context)?;
        table(orders, &groups, &tallies, within, options)
    }
}

const PURCHASE_RATE: [Field; 6] = columns! {
    "purchase_rate": Float, "share", "購入率", "Registered buyers / registered.";
    "purchase_rate_low": Float, "share", "購入率(下限)", "Lower end of its interval.";
    "purchase_rate_high": Float, "share", "購入率(上限)", "Upper end of its interval.";
    "purchase_rate_shrunk": Float, "share", "購入率(縮約)", "The rate drawn towards all: sort by this.";
    "purchase_rate_shrunk_low": Float, "share", "購入率(縮約下限)", "Lower end of its interval.";
    "purchase_rate_shrunk_high": Float, "share", "購入率(縮約上限)", "Upper end of its interval.";
};
const REPEAT_SHRUNK: [Field; 3] = columns! {
    "repeat_rate_shrunk": Float, "share", "リピート率(縮約)", "The rate drawn towards all: sort by this.";
    "repeat_rate_shrunk_low": Float, "share", "リピート率(縮約下限)", "Lower end of its interval.";
    "repeat_rate_shrunk_high": Float, "share", "リピート率(縮約上限)", "Upper end of its interval.";
};
const CANCEL_RATE: [Field; 6] = columns! {
    "cancel_rate": Float, "share", "キャンセル率", "cancelled / placed.";
    "cancel_rate_low": Float, "share", "キャンセル率(下限)", "Lower end of its interval.";
    "cancel_rate_high": Float, "share", "キャンセル率(上限)", "Upper end of its interval.";
    "cancel_rate_shrunk": Float, "share", "キャンセル率(縮約)", "The rate drawn towards all: sort by this.";
    "cancel_rate_shrunk_low": Float, "share", "キャンセル率(縮約下限)", "Lower end of its interval.";
    "cancel_rate_shrunk_high": Float, "share", "キャンセル率(縮約上限)", "Upper end of its interval.";
};

/// The counts of one group.
#[derive(Default)]
struct Tally {
    registered: u64,
    registered_buyers: u64,
    buyers: u64,
    repeaters: u64,
    placed: u64,
    cancelled: u64,
    orders: u64,
    revenue: i128,
    /// Of the customers with placed orders, `n_c` placed and `x_c` cancelled: their number, Σ n_c², Σ n_c x_c and Σ x_c².
    clusters: [f64; 4],
    /// Days from the first purchase to the second, or to the date.
    days: Vec<i64>,
    /// Whether there was a second.
    repeated: Vec<bool>,
}

impl Tally {
    /// Buyers with a known answer: their second purchase was in time or not.
    fn known(&self, within: i64) -> f64 {
        let waits = self.days.iter().zip(&self.repeated);
        waits
            .filter(|(days, repeated)| **repeated || **days >= within)
            .count() as f64
    }
}

fn tallies(orders: &Orders, at: &At, groups: &Groups, context: &Context) -> Result<Vec<Tally>> {
    let selection = Selection::new(orders, at)?;
    let index = orders.index(context)?;
    let data = selection.data();
    let registered = groups.registered.as_deref();
    let mut all: Vec<Tally> = Vec::new();
    for _ in 0..groups.len() {
        push(&mut all, Tally::default(), "groups")?;
    }
    // Group and day of each order of a customer that counts.
    let mut seen: Vec<(u32, i32)> = Vec::new();
    // Group of each placed order of a customer, and whether it was cancelled.
    let mut placed: Vec<(u32, bool)> = Vec::new();
    for code in 0..orders.ids().len() as u32 {
        if (code as usize).is_multiple_of(Context::BLOCK) {
            context.check()?;
        }
        if !orders.shows(code) {
            continue;
        }
        seen.clear();
        placed.clear();
        for entry in index.of(code) {
            let order = entry.order as usize;
            if entry.day > at.day.0 || !orders.lets_through(order) {
                continue;
            }
            let (status, _, class) = unpack(data.state(order));
            let group = groups.of_order[order];
            let tally = &mut all[group as usize];
            if class != Class::Refund && status != StatusWord::Test {
                tally.placed += 1;
                let cancelled = status == StatusWord::Cancelled;
                tally.cancelled += u64::from(cancelled);
                push(&mut placed, (group, cancelled), "groups")?;
            }
            let action = selection.action(order);
            if action & COUNTS_AS_REVENUE != 0 {
                tally.revenue += i128::from(selection.amount(order));
            }
            if action & ORDER != 0 {
                tally.orders += 1;
                push(&mut seen, (group, entry.day), "groups")?;
            }
        }
        placed.sort_unstable();
        for mine in placed.chunk_by(|a, b| a.0 == b.0) {
            let n = mine.len() as f64;
            let x = mine.iter().filter(|(_, cancelled)| *cancelled).count() as f64;
            let add = [1.0, n * n, n * x, x * x];
            let sums = &mut all[mine[0].0 as usize].clusters;
            sums.iter_mut().zip(add).for_each(|(sum, add)| *sum += add);
        }
        let registered = registered.map_or(NO_ID, |of| of[code as usize]);
        if let Some(tally) = all.get_mut(registered as usize) {
            tally.registered += 1;
            tally.registered_buyers += u64::from(!seen.is_empty());
        }
        seen.sort_unstable();
        for mine in seen.chunk_by(|a, b| a.0 == b.0) {
            let (group, first) = mine[0];
            let tally = &mut all[group as usize];
            let second = match at.occasion {
                Some(Occasion::Order) => mine.get(1),
                _ => mine.iter().find(|(_, day)| *day > first),
            };
            tally.buyers += 1;
            tally.repeaters += u64::from(second.is_some());
            let until = second.map_or(at.day.0, |(_, day)| *day);
            push(
                &mut tally.days,
                i64::from(until) - i64::from(first),
                "groups",
            )?;
            push(&mut tally.repeated, second.is_some(), "groups")?;
        }
    }
    Ok(all)
}

/// Rates of counts, each with its interval and its shrunk estimate.
struct Rates {
    raw: Vec<Ratio>,
    shrunk: Option<Vec<Shrunk>>,
}

impl Rates {
    fn of_counts(counts: &[(u64, u64)], level: Fraction) -> Result<Rates> {
        let parts = counts.iter().map(|(x, n)| (*x as f64, *n as f64));
        let raw = counts.iter().map(|(x, n)| Ratio::new(*x, *n, level));
        Ok(Rates {
            raw: collect(raw, "table")?,
            shrunk: shrunk(&collect(parts, "table")?, level)?,
        })
    }

    /// Cancelled orders, clustered by customer.
    fn of_orders(tallies: &[Tally], level: Fraction) -> Result<Rates> {
        let rho = correlation(tallies);
        let (mut raw, mut parts) = (Vec::new(), Vec::new());
        for tally in tallies {
            let (n, mut ratio) = (
                tally.placed as f64,
                Ratio::new(tally.cancelled, tally.placed, level),
            );
            let effective = match tally.placed {
                0 => 0.0,
                _ => n / (1.0 + rho * (tally.clusters[1] - n) / n),
            };
            if let Some(p) = ratio.value {
                let (low, high) = wilson(p, effective, level);
                (ratio.low, ratio.high) = (Some(low), Some(high));
            }
            push(&mut raw, ratio, "table")?;
            let part = (ratio.value.unwrap_or(0.0) * effective, effective);
            push(&mut parts, part, "table")?;
        }
        let shrunk = shrunk(&parts, level)?;
        Ok(Rates { raw, shrunk })
    }

    /// The share with a second purchase in time.
    fn of_waits(tallies: &[Tally], within: i32, level: Fraction) -> Result<Rates> {
        let (mut raw, mut parts) = (Vec::new(), Vec::new());
        for tally in tallies {
            let curve = match tally.days.is_empty() {
                true => None,
                false => survival::of_days(&tally.days, &tally.repeated, level)?,
            };
            let at = curve.and_then(|curve| curve.at(f64::from(within)));
            let ratio = Ratio {
                numerator: tally.repeaters,
                denominator: tally.buyers,
                value: at.map(|s| 1.0 - s.survival),
                low: at.map(|s| 1.0 - s.high),
                high: at.map(|s| 1.0 - s.low),
            };
            let known = ratio.value.map_or(0.0, |_| tally.known(within.into()));
            let part = (ratio.value.unwrap_or(0.0) * known, known);
            push(&mut raw, ratio, "table")?;
            push(&mut parts, part, "table")?;
        }
        let shrunk = shrunk(&parts, level)?;
        Ok(Rates { raw, shrunk })
    }

    fn raw(&self, fields: &[Field]) -> Result<Vec<Column>> {
        Ok(vec![
            Column::floats(&fields[0], self.raw.iter().map(|r| r.value))?,
            Column::floats(&fields[1], self.raw.iter().map(|r| r.low))?,
            Column::floats(&fields[2], self.raw.iter().map(|r| r.high))?,
        ])
    }

    fn shrunk(&self, fields: &[Field]) -> Result<Vec<Column>> {
        let cells = |field: &Field, of: fn(&Shrunk) -> f64| {
            let cell = |at: usize| self.shrunk.as_ref().map(|rates| of(&rates[at]));
            Column::floats(field, (0..self.raw.len()).map(cell))
        };
        Ok(vec![
            cells(&fields[0], |rate| rate.value)?,
            cells(&fields[1], |rate| rate.low)?,
            cells(&fields[2], |rate| rate.high)?,
        ])
    }
}

/// ρ, the correlation of orders of one customer being cancelled.
fn correlation(tallies: &[Tally]) -> f64 {
    let (mut more, mut all) = (0.0, 0.0);
    for tally in tallies {
        let [m, n_n, n_x, x_x] = tally.clusters;
        if m < 2.0 {
            continue;
        }
        let n = tally.placed as f64;
        let p = tally.cancelled as f64 / n;
        let variance = p * (1.0 - p);
        let squares = x_x - 2.0 * p * n_x + p * p * n_n;
        more += m / (m - 1.0) * squares - variance * n;
        all += variance * (n_n - n);
    }
    match all > 0.0 {
        true => (more / all).clamp(0.0, 1.0),
        false => 0.0,
    }
}

fn table(
    orders: &Orders,
    groups: &Groups,
    tallies: &[Tally],
    within: i32,
    options: &Options,
) -> Result<Table> {
    let f = Attributes::COLUMNS;
    let level = options.confidence;
    let currency = orders.currency();
    let is_registered = groups.registered.is_some();
    let counts = |of: fn(&Tally) -> (u64, u64)| collect(tallies.iter().map(of), "table");
    let purchase = Rates::of_counts(&counts(|t| (t.registered_buyers, t.registered))?, level)?;
    let cancel = Rates::of_orders(tallies, level)?;
    let repeat = Rates::of_waits(tallies, within, level)?;
    let whole = |at: usize, of: fn(&Tally) -> u64| {
        let cells = collect(tallies.iter().map(|t| of(t) as i64), "table")?;
        Ok::<_, Error>(Column::new(&f[at], Values::I64(cells.into())))
    };
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>() as f64;
    let all = sum(|t| t.registered_buyers) / sum(|t| t.registered);
    let index = |t: &Tally| {
        let rate = t.registered_buyers as f64 / t.registered as f64;
        Some(100.0 * rate / all).filter(|index| index.is_finite())
    };
    let mut revenue = Vec::new();
    for tally in tallies {
        let cell = i64::try_from(tally.revenue).map_err(|_| Error::Overflow {
            column: orders.spec.amount.clone(),
            what: "revenue",
        })?;
        push(&mut revenue, cell, "table")?;
    }
    let total: i128 = tallies.iter().map(|t| t.revenue).sum();
    let share = |t: &Tally| (total != 0).then(|| t.revenue as f64 / total as f64);
    let mean = |t: &Tally| currency.mean(t.revenue, t.orders);
    let per_buyer = |t: &Tally| currency.mean(t.revenue, t.buyers);
    let registered = whole(1, |t| t.registered)?;
    let unknown = filled(tallies.len(), is_registered, "table")?;
    let mut columns = groups.columns(&f[0])?;
    columns.push(registered.with_validity(unknown));
    columns.push(whole(2, |t| t.buyers)?);
    columns.extend(purchase.raw(&f[3..6])?);
    columns.extend(purchase.shrunk(&f[6..9])?);
    columns.push(Column::floats(&f[9], tallies.iter().map(index))?);
    columns.push(whole(10, |t| t.repeaters)?);
    columns.extend(repeat.raw(&f[11..14])?);
    columns.extend(repeat.shrunk(&f[14..17])?);
    columns.push(whole(17, |t| t.placed)?);
    columns.push(whole(18, |t| t.cancelled)?);
    columns.extend(cancel.raw(&f[19..22])?);
    columns.extend(cancel.shrunk(&f[22..25])?);
    columns.push(whole(25, |t| t.orders)?);
    columns.push(Column::money(&f[26], revenue.iter().copied(), currency)?);
    columns.push(Column::floats(&f[27], tallies.iter().map(mean))?);
    columns.push(Column::floats(&f[28], tallies.iter().map(per_buyer))?);
    columns.push(Column::floats(&f[29], tallies.iter().map(share))?);
    // Values that only occur after the date have no row.
    let is_known = |t: &Tally| t.registered > 0 || t.placed > 0 || t.orders > 0;
    let mut rows = Vec::new();
    for row in (0..tallies.len()).filter(|row| is_known(&tallies[*row])) {
        push(&mut rows, row, "table")?;
    }
    Table::new(columns).take(&rows)
}
