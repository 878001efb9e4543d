//! Rules of orders, each on a shop so small that the reader can redo the sums: lines and keys,
//! refunds, filters, amounts.

mod amounts;
mod append;
mod columns;
mod crafted_states;
mod edges;
mod filters;
mod growing;
mod lines;
mod parts;
mod people;
mod persons;
mod pseudonyms;
mod reconciliation;
mod refunds;
mod slow;
mod slow_tables;
mod states;
mod threads;

use crm_core::columns::Batch;
use crm_core::data::OrdersSpec;
use crm_core::{Context, Dataset, Orders, Table, register};
use crm_tests::{numbers, words};

fn build(spec: &str, batches: &[Batch]) -> Orders {
    let spec = OrdersSpec::parse(spec).expect("a sound spec");
    Orders::from_batches(&spec, batches, None, &Context::default()).expect("sound rows")
}

fn run(name: &str, orders: &Orders, request: &str) -> crm_core::Result<Table> {
    register::run(name, &Dataset::Orders(orders), request, &Context::default())
}

/// Customer, orders and revenue (minor units) of `summary` under a request.
fn summary(orders: &Orders, request: &str) -> Vec<(String, i64, i64)> {
    let table = run("summary", orders, request).expect(request);
    let ids = words(&table, "customer_id");
    let (counts, revenue) = (numbers(&table, "orders"), numbers(&table, "revenue"));
    (0..table.len())
        .map(|i| {
            let known = |cell: Option<i64>| cell.expect("a number");
            (
                ids[i].clone().expect("an id"),
                known(counts[i]),
                known(revenue[i]),
            )
        })
        .collect()
}

/// What `summary` is expected to hold, in words.
fn rows(expected: &[(&str, i64, i64)]) -> Vec<(String, i64, i64)> {
    expected
        .iter()
        .map(|(id, orders, revenue)| ((*id).to_owned(), *orders, *revenue))
        .collect()
}

/// Reason, rows, orders, customers and amount of a reconciliation.
fn reconciled(orders: &Orders) -> Vec<(String, i64, i64, i64, i64)> {
    let table = orders
        .reconciliation(&Context::default())
        .expect("a reconciliation");
    let number = |name: &str, i: usize| numbers(&table, name)[i].expect("a number");
    words(&table, "reason")
        .into_iter()
        .enumerate()
        .map(|(i, reason)| {
            (
                reason.expect("a reason"),
                number("rows", i),
                number("orders", i),
                number("customers", i),
                number("amount", i),
            )
        })
        .collect()
}
