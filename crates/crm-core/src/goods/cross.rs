//! Two attributes against each other (クロス集計): which combinations are more frequent than if they were independent.
//!
//! # Definition
//!
//! A row is a value of `rows` and a value of `columns`, each any column of customers, orders or lines (product and category
//! included); a missing value is `(none)`. All combinations are rows, also those without orders. Numbers are those of the orders of
//! the combination, as if `where` chose them: an order with two products is in two rows.
//!
//! ```text
//! O          the number of `value` in the row: orders, customers or revenue;  R, C, N  its sums by row, by column, over all
//! row_share  O / R        column_share  O / C        expected  R C / N
//! residual   (O − E) / √(E (1 − R/N) (1 − C/N))      of counts; beyond ±2 is rarely chance
//! ```
//!
//! The notes have the test of independence of counts: χ² = Σ (O − E)²/E, its degrees of freedom, p and Cramér's
//! V = √(χ² / (N min(rows − 1, columns − 1))). Of customers it is only there where both columns are of customers, because elsewhere one
//! customer is in several rows.

use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, push};
use crate::data::Orders;
use crate::data::filter::Level;
use crate::error::{Error, Result};
use crate::num::chi_squared::upper_tail;
use crate::scope::{At, Occasion};
use crate::summary::Totals;
use crate::table::shared::{CUSTOMERS, ORDERS, REVENUE};
use crate::table::{Column, Field, Table, Values, columns};
use libm::sqrt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// What shares and expectations are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CrossValue {
    /// Orders.
    #[default]
    Orders,
    /// Customers.
    Customers,
    /// Revenue.
    Revenue,
}

/// Options of [`Cross`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The column of the rows. Default: channel.
    pub rows: String,
    /// The column of the columns. Default: kind.
    pub columns: String,
    /// What shares and expectations are of.
    pub value: CrossValue,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            rows: "channel".into(),
            columns: "kind".into(),
            value: CrossValue::Orders,
        }
    }
}

/// The analysis `cross`.
#[derive(Debug)]
pub struct Cross;

/// The numbers of one combination.
#[derive(Clone, Copy, Default)]
struct Cell {
    customers: u64,
    orders: u64,
    revenue: i128,
}

impl Cell {
    fn value(self, of: CrossValue) -> f64 {
        match of {
            CrossValue::Orders => self.orders as f64,
            CrossValue::Customers => self.customers as f64,
            CrossValue::Revenue => self.revenue as f64,
        }
    }
}

impl Analysis for Cross {
    const NAME: &'static str = "cross";
    const SUMMARY: &'static str = "Two attributes against each other: combinations that are more frequent than if they were independent";
    const JA: &'static str = "クロス集計";
    const COLUMNS: &'static [Field] = &columns! {
        "row": Text, "", "行", "The value of `rows`.";
        "column": Text, "", "列", "The value of `columns`.";
        CUSTOMERS, "Customers with such an order.";
        ORDERS, "Orders of customers.";
        REVENUE;
        "row_share": Float, "share", "行内の割合", "Share of the row's sum.";
        "column_share": Float, "share", "列内の割合", "Share of the column's sum.";
        "expected": Float, "", "期待値", "What independence gives, in orders, customers or major units.";
        "residual": Float, "", "調整済み残差", "Standardised distance from what is expected; null for revenue.";
    };
    const SCOPE: &'static [&'static str] = &[
        "as_of",
        "where",
        "customers",
        "by",
        "policy",
        "basis",
        "refunds",
    ];
    const OCCASION: Option<Occasion> = Some(Occasion::Order);
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        context.check()?;
        if options.rows == options.columns {
            let expected = "another column than `rows`";
            return Err(Error::option("columns", json!(options.columns), expected));
        }
        let at = &At {
            occasion: Some(Occasion::Order),
            ..*at
        };
        let of_customers = [&options.rows, &options.columns].map(|name| {
            let attribute = orders.attribute(name, context)?;
            Ok::<_, Error>(attribute.level == Level::Customer)
        });
        let [a, b] = of_customers;
        let tested = match options.value {
            CrossValue::Orders => true,
            CrossValue::Customers => a? && b?,
            CrossValue::Revenue => false,
        };
        let by = [options.rows.clone(), options.columns.clone()];
        let (mut rows, mut columns) = (Names::default(), Names::default());
        let mut found = Vec::new();
        for part in orders.parts(&by, context)? {
            let totals = Totals::new(&part.orders, at, context)?;
            let mut cell = Cell::default();
            for at in 0..totals.len() {
                if orders.shows(totals.customer[at]) {
                    cell.customers += 1;
                    cell.orders += totals.orders[at] as u64;
                    cell.revenue += i128::from(totals.revenue[at]);
                }
            }
            if let ([row, column], true) = (&part.keys[..], cell.customers > 0) {
                let place = (rows.place(&row.json())?, columns.place(&column.json())?);
                push(&mut found, (place, cell), "cross")?;
            }
        }
        let order = columns.sorted()?;
        let width = order.len();
        let mut cells = filled(rows.0.len() * width, Cell::default(), "cross")?;
        for ((row, column), cell) in found {
            cells[row * width + order.iter().position(|at| *at == column).unwrap_or(0)] = cell;
        }
        table(
            orders,
            rows.0,
            columns.in_order(&order)?,
            &cells,
            (options.value, tested),
        )
    }
}

/// Values in the order in which they came, with their place in the order of values.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn place(&mut self, value: &Value) -> Result<usize> {
        let name = match value {
            Value::Null => "(none)".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if let Some(at) = self.0.iter().rposition(|known| *known == name) {
            return Ok(at);
        }
        push(&mut self.0, name, "cross")?;
        Ok(self.0.len() - 1)
    }

    /// The places in the order of the names: numbers by value, `(none)` last.
    fn sorted(&self) -> Result<Vec<usize>> {
        let mut order = collect(0..self.0.len(), "cross")?;
        let number = |name: &str| name.parse::<f64>().unwrap_or(f64::INFINITY);
        order.sort_unstable_by(|a, b| {
            let (a, b) = (&self.0[*a], &self.0[*b]);
            let by = (a == "(none)").cmp(&(b == "(none)"));
            by.then(number(a).total_cmp(&number(b))).then(a.cmp(b))
        });
        Ok(order)
    }

    fn in_order(self, order: &[usize]) -> Result<Vec<String>> {
        collect(order.iter().map(|at| self.0[*at].clone()), "cross")
    }
}

fn table(
    orders: &Orders,
    rows: Vec<String>,
    columns: Vec<String>,
    cells: &[Cell],
    (value, tested): (CrossValue, bool),
) -> Result<Table> {
    let f = Cross::COLUMNS;
    let width = columns.len().max(1);
    let currency = orders.currency();
    let unit = match value {
        CrossValue::Revenue => currency.scale() as f64,
        _ => 1.0,
    };
    let values = collect(cells.iter().map(|cell| cell.value(value) / unit), "cross")?;
    let mut of_row = filled(rows.len(), 0.0, "cross")?;
    let mut of_column = filled(columns.len(), 0.0, "cross")?;
    for (at, value) in values.iter().enumerate() {
        of_row[at / width] += value;
        of_column[at % width] += value;
    }
    let all: f64 = of_row.iter().sum();
    let expected = |at: usize| of_row[at / width] * of_column[at % width] / all;
    let share = |part: f64, whole: f64| Some(part / whole).filter(|share| share.is_finite());
    let residual = |at: usize| {
        let e = expected(at);
        let rest = (1.0 - of_row[at / width] / all) * (1.0 - of_column[at % width] / all);
        let residual = (values[at] - e) / sqrt(e * rest);
        Some(residual).filter(|r| value != CrossValue::Revenue && r.is_finite())
    };
    let places = 0..cells.len();
    let mut revenue = Vec::new();
    for cell in cells {
        let cell = i64::try_from(cell.revenue).map_err(|_| Error::Overflow {
            column: orders.spec.amount.clone(),
            what: "revenue",
        })?;
        push(&mut revenue, cell, "table")?;
    }
    let whole = |field: &Field, of: fn(&Cell) -> u64| {
        let counts = collect(cells.iter().map(|cell| of(cell) as i64), "table")?;
        Ok::<_, Error>(Column::new(field, Values::I64(counts.into())))
    };
    let floats = |field: &Field, of: &dyn Fn(usize) -> Option<f64>| {
        Column::floats(field, places.clone().map(of))
    };
    let (rows, columns) = (Arc::new(rows), Arc::new(columns));
    let table = Table::new(vec![
        Column::texts(&f[0], &rows, places.clone().map(|at| (at / width) as u32))?,
        Column::texts(
            &f[1],
            &columns,
            places.clone().map(|at| (at % width) as u32),
        )?,
        whole(&f[2], |cell| cell.customers)?,
        whole(&f[3], |cell| cell.orders)?,
        Column::money(&f[4], revenue.iter().copied(), currency)?,
        floats(&f[5], &|at| share(values[at], of_row[at / width]))?,
        floats(&f[6], &|at| share(values[at], of_column[at % width]))?,
        floats(&f[7], &|at| Some(expected(at)).filter(|e| e.is_finite()))?,
        floats(&f[8], &residual)?,
    ]);
    let least = rows.len().min(columns.len());
    if !tested || least < 2 {
        return Ok(table);
    }
    let off = |at: usize| {
        let e = expected(at);
        (values[at] - e) * (values[at] - e) / e
    };
    let statistic: f64 = places.clone().map(off).sum();
    let df = ((rows.len() - 1) * (columns.len() - 1)) as f64;
    let few = places.filter(|at| expected(*at) < 5.0).count();
    Ok(table
        .with_note("chi_squared", json!(statistic))
        .with_note("df", json!(df))
        .with_note("p", json!(upper_tail(statistic, df)))
        .with_note(
            "cramers_v",
            json!(sqrt(statistic / (all * (least - 1) as f64))),
        )
        .with_note("expected_below_5", json!(few)))
}
