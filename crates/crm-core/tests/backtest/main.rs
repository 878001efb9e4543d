//! Predictions at earlier dates against what came: backtests, the threshold sweep and the base
//! forecast, beside the shop's orders read by hand and the analyses of each origin's day.

mod forecast;
mod judged;
mod sweep;

use crm_core::num::rng::Rng;
use crm_core::table::Cell;
use crm_core::{Context, Currency, Dataset, Day, Error, Orders, Table, Zone, register};
use serde_json::{Value, json};

/// Purchase days of each customer, from 2025-01-01 on.
type Shop = Vec<Vec<i32>>;

const START: &str = "2025-01-01";

fn start() -> Day {
    START.parse().expect("a day")
}

/// Customers of different rhythm, of whom some leave. What they do after `fork` hangs on `future`.
fn shop(customers: u64, fork: i32, future: u64) -> Shop {
    let life = |k: u64| {
        let mut rng = Rng::stream(9, k);
        let typical = 20.0 + 5.0 * (k % 8) as f64;
        let mut day = 400.0 * rng.uniform();
        let mut days = Vec::new();
        while day < 600.0 {
            days.push(day as i32);
            if rng.uniform() < 0.12 {
                break;
            }
            day += (typical * rng.gamma(4.0) / 4.0).max(1.0);
            if day > f64::from(fork) && days.last() <= Some(&fork) {
                rng = Rng::stream(100 + future, k);
                if rng.uniform() < 0.3 {
                    break;
                }
                day = f64::from(fork) + 1.0 + 80.0 * rng.uniform();
            }
        }
        days
    };
    (0..customers).map(life).collect()
}

fn amount(customer: usize) -> i64 {
    1_000 + 100 * (customer as i64 % 7)
}

fn orders(shop: &Shop) -> Orders {
    let mut builder = Orders::builder(Currency::JPY, Zone::UTC);
    for (k, days) in shop.iter().enumerate() {
        for day in days {
            let on = Day(start().0 + day).to_string();
            builder = builder.order(&format!("c{k:03}"), &on, amount(k));
        }
    }
    builder.build().expect("orders")
}

fn try_run(name: &str, orders: &Orders, request: &Value) -> Result<Table, Error> {
    let context = Context::default();
    register::run(
        name,
        &Dataset::Orders(orders),
        &request.to_string(),
        &context,
    )
}

fn run(name: &str, orders: &Orders, request: &Value) -> Table {
    try_run(name, orders, request).expect(name)
}

fn float(table: &Table, column: &str, row: usize) -> Option<f64> {
    match table.column(column).expect(column).cell(row) {
        Cell::Float(v) => Some(v),
        Cell::Null => None,
        Cell::Int(v) => Some(v as f64),
        Cell::Date(day) => Some(f64::from(day.0)),
        _ => panic!("{column} is no number"),
    }
}

fn text(table: &Table, column: &str, row: usize) -> String {
    match table.column(column).expect(column).cell(row) {
        Cell::Text(text) => text.to_owned(),
        Cell::Label(label) => label.code.to_owned(),
        _ => panic!("{column} is no text"),
    }
}

/// The days of a customer up to `origin`, and the first after it up to `end`.
fn split(days: &[i32], origin: i32, end: i32) -> (Vec<i32>, Option<i32>) {
    let known = days.iter().copied().filter(|day| *day <= origin).collect();
    let next = days
        .iter()
        .copied()
        .find(|day| *day > origin && *day <= end);
    (known, next)
}

const AS_OF: i32 = 560;

fn as_of() -> Day {
    Day(start().0 + AS_OF)
}
