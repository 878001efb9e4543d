//! Any text as the request of any analysis, `name {"option": ...}`: a table or an error, never a
//! panic; and whatever takes long stops when it is told to.
#![no_main]

use crm_core::data::{EventsSimulation, simulate_events};
use crm_core::{Context, Dataset, Events, Orders, Table, register};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

struct Shop {
    orders: Orders,
    events: Events,
    summary: Table,
}

static SHOP: LazyLock<Shop> = LazyLock::new(|| {
    std::thread::spawn(impatient);
    let orders = crm_tests::orders(crm_tests::STORE, crm_tests::store(60, 5)).expect("a shop");
    let what = EventsSimulation {
        visitors: 40,
        seed: 3,
        ..EventsSimulation::default()
    };
    let log = simulate_events(&what, &Context::default()).expect("a log");
    let summary = Dataset::Orders(&orders);
    let summary = register::run("clv_summary", &summary, "{}", &Context::default());
    Shop {
        summary: summary.expect("a summary"),
        events: log.events(&Context::default()).expect("events"),
        orders,
    }
});
static RUN: AtomicU64 = AtomicU64::new(0);
static CANCEL: AtomicBool = AtomicBool::new(false);

/// Cancels whatever has run for a second or two.
fn impatient() {
    loop {
        let run = RUN.load(Ordering::Relaxed);
        std::thread::sleep(Duration::from_secs(1));
        if run == RUN.load(Ordering::Relaxed) {
            CANCEL.store(true, Ordering::Relaxed);
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (name, request) = text.split_once(' ').unwrap_or((text, "{}"));
    let shop = &*SHOP;
    let entry = register::all().find(|entry| entry.name == name);
    let dataset = match entry.map(|entry| entry.reads) {
        Some("events") => Dataset::Events(&shop.events),
        Some("orders") | None => Dataset::Orders(&shop.orders),
        Some(_) => Dataset::Table(&shop.summary),
    };
    RUN.fetch_add(1, Ordering::Relaxed);
    CANCEL.store(false, Ordering::Relaxed);
    let context = Context {
        cancel: Some(&CANCEL),
        budget: Some(64 << 20),
        ..Context::default()
    };
    if let Err(error) = register::run(name, &dataset, request, &context) {
        assert!(!error.to_string().is_empty());
    }
});
