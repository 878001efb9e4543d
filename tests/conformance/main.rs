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
    let extra = match name {
        "before_after" => r#", "change": "2025-04-07""#.to_owned(),
        "movement" => r#", "since": "2025-03-31""#.into(),
        "complaints" | "complaint_cost" => {
            format!(r#", "complaints": {}"#, crm_tests::complaints())
        }
        "satisfaction_churn" => format!(r#", "answers": {}"#, crm_tests::answers()),
        "simulate_rules" => r#", "days": 2, "warm_up": 0"#.into(),
        "backtest_recommend" => String::new(),
        name if name.starts_with("backtest") => r#", "origins": 1"#.into(),
        _ => String::new(),
    };
    format!(r#"{{"as_of": "{AS_OF}"{extra}}}"#)
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
