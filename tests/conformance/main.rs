//! What every registered analysis promises. A new analysis is covered by being in the register;
//! extend this file rather than copying a check into a module.

mod orders;
mod requests;

use crm_core::columns::Batch;
use crm_core::data::OrdersSpec;
use crm_core::table::Cell;
use crm_core::{Context, Dataset, Events, Orders, Scope, Table, Zone, analysis, register};
use crm_tests::{STORE, orders, rows, shuffled, store, take};
use std::collections::{HashMap, VecDeque};

const AS_OF: &str = "2025-06-30";

/// Options that an analysis cannot do without.
fn request(name: &str) -> String {
    let entry = on_orders().find(|entry| entry.name == name);
    let mut request = crm_tests::shelf::request(entry.expect("an analysis of orders"));
    if name == "before_after" {
        // Before the earliest date that is asked for.
        request["change"] = "2025-04-07".into();
    }
    request.to_string()
}

fn on_orders() -> impl Iterator<Item = &'static analysis::Entry> {
    register::all().filter(|entry| entry.reads == "orders")
}

fn run(name: &str, orders: &Orders, request: &str) -> Table {
    register::run(name, &Dataset::Orders(orders), request, &Context::default())
        .unwrap_or_else(|e| panic!("{name} {request}: {e}"))
}

fn build(batches: &[Batch], context: &Context) -> Orders {
    Orders::from_batches(&OrdersSpec::parse(STORE).unwrap(), batches, None, context).unwrap()
}
