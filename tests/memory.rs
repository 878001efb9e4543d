//! What an import and an analysis take beyond the caller's columns and the result, by counting
//! allocations.

use crm_core::columns::{Batch, ColumnValues, TimeUnit};
use crm_core::data::{EventsSimulation, EventsSpec, SimulatedEvents, simulate_events};
use crm_core::{At, Context, Dataset, Events, Orders, Table, register, summary::Totals};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(now, Relaxed);
        // SAFETY: the caller's contract is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's contract is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` gives, the greatest number of bytes it held at once, and the bytes it left behind.
fn measured<T>(work: impl FnOnce() -> T) -> (T, usize, usize) {
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    let result = work();
    (
        result,
        PEAK.load(Relaxed) - before,
        NOW.load(Relaxed).saturating_sub(before),
    )
}

const CUSTOMERS: usize = 50_000;
const ORDERS: usize = 1_000_000;

fn shop() -> (Batch, Orders) {
    let ids: Vec<i64> = (0..ORDERS as i64)
        .map(|i| i * 7_919 % CUSTOMERS as i64)
        .collect();
    let times: Vec<i64> = (0..ORDERS as i64)
        .map(|i| 1_700_000_000_000_000 + i * 60_000_000)
        .collect();
    let amounts: Vec<i64> = (0..ORDERS as i64).map(|i| 500 + i % 9_000).collect();
    let time = ColumnValues::Time {
        values: times.into(),
        unit: TimeUnit::Microsecond,
        zone: Some("UTC".into()),
    };
    let int = |values: Vec<i64>| ColumnValues::Int {
        values: values.into(),
        bits: 64,
    };
    let batch: Batch = vec![
        ("customer_id".into(), int(ids).into()),
        ("ordered_at".into(), time.into()),
        ("amount".into(), int(amounts).into()),
    ];
    let orders = crm_tests::orders(r#"{"currency": "JPY"}"#, batch.clone()).unwrap();
    (batch, orders)
}

fn run(name: &str, orders: &Orders) -> Table {
    register::run(name, &Dataset::Orders(orders), "", &Context::default()).unwrap()
}

/// One test, so that nothing else allocates at the same time.
#[test]
fn bytes_per_row() {
    bytes_per_order_and_per_customer();
    bytes_per_event();
}

/// Events in random order: what building them takes at its peak, and what they and an analysis hold
/// together, beyond the caller's columns and the result.
fn bytes_per_event() {
    let what = EventsSimulation {
        visitors: 30_000,
        ..EventsSimulation::default()
    };
    let log = simulate_events(&what, &Context::default())
        .unwrap()
        .batch()
        .unwrap();
    let n = crm_tests::rows(&log);
    // A prime step: every row once, far from their order.
    assert_ne!(n % 7_919, 0);
    let order: Vec<usize> = (0..n).map(|i| i * 7_919 % n).collect();
    let names = [
        "visitor_id",
        "occurred_at",
        "kind",
        "page",
        "product",
        "order_id",
        "amount",
    ];
    let plain: Batch = log
        .into_iter()
        .filter(|(name, _)| names.contains(&&**name))
        .collect();
    let input = crm_tests::take(&spelled(plain), &order);
    let given = |name: &str| Some(name.to_owned());
    let spec = EventsSpec {
        page: given("page"),
        product: given("product"),
        order_id: given("order_id"),
        amount: given("amount"),
        currency: Some(crm_core::Currency::JPY),
        ..SimulatedEvents::spec()
    };
    let spec = EventsSpec {
        customer_id: None,
        channel: None,
        dimensions: Vec::new(),
        ..spec
    };
    let build = || Events::from_batches(&spec, std::slice::from_ref(&input), &Context::default());
    let (events, peak, held) = measured(|| build().unwrap());
    let each = |bytes: usize| bytes as f64 / n as f64;
    assert!(
        each(peak) <= 60.0,
        "building: {} bytes an event",
        each(peak)
    );
    assert!(each(held) <= 45.0, "{} bytes an event", each(held));
    let steps = r#"{"steps": ["product_view", "add", "checkout", "purchase"], "window": "2d"}"#;
    let sequence = r#"{"steps": ["product_view", {"kind": "add", "max_gap": "1h"}, "purchase"]}"#;
    for (name, request) in [
        ("sessions", ""),
        ("page_exits", ""),
        ("funnel", steps),
        ("sequences", sequence),
        ("transitions", ""),
        ("cart_abandonment", ""),
    ] {
        let data = Dataset::Events(&events);
        let run = || register::run(name, &data, request, &Context::default()).unwrap();
        let (_, peak, result) = measured(run);
        let together = each(held + peak - result);
        assert!(
            together <= 60.0,
            "{name}: {together} bytes an event with the events"
        );
    }
}

/// Dictionaries of texts as texts, which the helpers can shuffle.
fn spelled(batch: Batch) -> Batch {
    let columns = batch.into_iter().map(|(name, column)| {
        let spelled = match &column.values {
            ColumnValues::Dictionary { keys, values } => {
                let text = |key: u32| match &values.values {
                    ColumnValues::Text(texts) => {
                        String::from_utf8(texts.bytes(key as usize).to_vec())
                    }
                    _ => Ok(String::new()),
                };
                let cells: Vec<String> = keys.iter().map(|k| text(*k).unwrap()).collect();
                crm_tests::texts(&cells)
            }
            _ => column,
        };
        (name, spelled)
    });
    columns.collect()
}

fn bytes_per_order_and_per_customer() {
    let (batch, first) = shop();
    // Columns of core types are kept by reference: an import adds a code an order.
    let (orders, _, left) =
        measured(|| crm_tests::orders(r#"{"currency": "JPY"}"#, batch).unwrap());
    assert!(
        left <= 4 * ORDERS + 65_536,
        "{} bytes an order",
        left as f64 / ORDERS as f64
    );
    drop(first);

    let at = At::new(orders.last_date().unwrap());
    let (totals, peak, left) = measured(|| Totals::new(&orders, &at, &Context::default()).unwrap());
    assert_eq!(totals.len(), CUSTOMERS);
    // The dictionary's order is kept after the first use, four bytes a customer.
    let working = (peak - left) as f64 / CUSTOMERS as f64;
    assert!(working <= 40.0, "totals: {working} bytes a customer");
    drop(totals);

    let (table, peak_first, left_first) = measured(|| run("clv_summary", &orders));
    drop(table);
    let (table, peak_again, left_again) = measured(|| run("clv_summary", &orders));
    drop(table);
    let index = (left_first - left_again) as f64 / ORDERS as f64;
    assert!(
        (16.0..=17.0).contains(&index),
        "index: {index} bytes an order"
    );
    let peak = peak_first
        .saturating_sub(peak_again)
        .max(left_first - left_again) as f64
        / ORDERS as f64;
    assert!(peak <= 34.0, "index: {peak} bytes an order at the peak");
}
