//! Saved states and what damage does to them: an error, or data that work. The fuzz target `states` and the random tests
//! share this.

use crate::{batch, ints, optional_ints, orders, store, texts, times};
use crm_core::columns::ColumnData;
use crm_core::data::{Customers, CustomersSpec, Event, OnRepeat, OrdersSpec, Whose};
use crm_core::{Context, Dataset, Events, Orders, Table, Zone, register};
use std::sync::Arc;

/// Magic, format, kind, length.
const HEAD: usize = 24;

/// Sound states: orders of every form of ids, with and without lines, words, customers; events; a table of customers.
pub fn sound() -> Vec<Vec<u8>> {
    let context = Context::default();
    let days = ["2025-01-01", "2025-02-01", "2025-02-01", "2025-03-01"];
    let uuid = |k: u8| format!("00000000-0000-4000-8000-00000000000{k}");
    let ids: [ColumnData; 5] = [
        texts(&["a", "b", "a", "c"]),
        texts(&["an id of more than fifteen bytes", "b", "", "b"]),
        texts(&[1, 2, 1, 3].map(uuid)),
        ints(&[1, 2, 1, 5]),
        optional_ints(&[Some(i64::MAX), Some(-5), None, Some(7)]),
    ];
    let people = batch(&[
        ("customer_id", texts(&["a", "z"])),
        ("registered_at", times(&["2024-12-01", "2024-12-02"])),
        ("opted_out", texts(&["true", ""])),
        ("city", texts(&["Kyoto", "Nara"])),
    ]);
    let about = r#"{"registered_at": "registered_at", "opted_out": "opted_out", "dimensions": ["city"],
        "pseudonym_key": "0123456789abcdef"}"#;
    let with_key = CustomersSpec::parse(about).expect("a spec");
    let about = CustomersSpec {
        pseudonym_key: None,
        ..with_key.clone()
    };
    let mut all = Vec::new();
    for (at, ids) in ids.into_iter().enumerate() {
        let spec = r#"{"currency": "USD", "timezone": "America/New_York", "order_id": "order_id", "guests": "keep",
            "bad_rows": "drop", "status": "status", "refunded": "refunded", "refunded_at": "refunded_at",
            "dimensions": ["colour"], "repeated_rows": "drop", "line_kind": "what"}"#;
        let rows = batch(&[
            ("customer_id", ids),
            ("ordered_at", times(&days)),
            ("amount", texts(&["12.50", "3", "4", "5.01"])),
            ("order_id", texts(&["o1", "o2", "o2", "o4"])),
            ("status", texts(&["", "cancelled", "", "pending"])),
            ("refunded", texts(&["1.00", "", "", ""])),
            ("refunded_at", texts(&["2025-01-09", "", "", ""])),
            ("colour", texts(&["red", "blue", "red", ""])),
            ("what", texts(&["product", "product", "shipping", "coupon"])),
        ]);
        let table = Customers::from_batches(&about, std::slice::from_ref(&people), &context);
        let table = (at == 0).then(|| Arc::new(table.expect("a table")));
        let spec = OrdersSpec::parse(spec).expect("a spec");
        let made = Orders::from_batches(&spec, &[rows], table, &context).expect("orders");
        all.push(made.to_bytes().expect("a whole import"));
    }
    let shop = orders(crate::STORE, store(6, 5)).expect("a shop");
    all.push(shop.to_bytes().expect("a whole import"));
    let log = Events::builder(Zone::UTC)
        .add(Event::new("v1", "2026-01-05T23:30:00", "view").page("/"))
        .add(Event::new("v1", "2026-01-05T23:40:00", "purchase").customer("c1"))
        .add(Event::new("v2", "2026-01-06T08:00:00", "add").product("tea"))
        .build();
    all.push(log.expect("a log").to_bytes().expect("a whole log"));
    let table = Customers::from_batches(&with_key, &[people], &context).expect("a table");
    all.push(table.to_bytes().expect("a table"));
    all
}

/// A state of these bytes with a right head and checksum; the kind is that of `like`.
pub fn sealed_as(like: &[u8], mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().max(HEAD), 0);
    let length = bytes.len() as u64 + 32;
    bytes[..16].copy_from_slice(&like[..16]);
    bytes[16..HEAD].copy_from_slice(&length.to_le_bytes());
    crate::sealed(bytes)
}

/// Reads a state and, where it is accepted, does what is done with data. Returns whether it was accepted.
///
/// # Panics
///
/// Where the library panics, and where what was accepted cannot be written and read again as the same data.
pub fn tried(bytes: &[u8]) -> bool {
    let context = Context {
        budget: Some(64 << 20),
        ..Context::default()
    };
    let asked = r#"{"as_of": "2026-12-31"}"#;
    let run = |name: &str, data: &Dataset<'_>| -> Option<Table> {
        register::run(name, data, asked, &context).ok()
    };
    match bytes.get(12) {
        Some(1) => {
            let Ok(orders) = Orders::from_bytes(bytes, &context) else {
                return false;
            };
            let summary = run("summary", &Dataset::Orders(&orders));
            let saved = orders
                .to_bytes()
                .expect("orders that were read are a whole import");
            let again = Orders::from_bytes(&saved, &context).expect("what was written is read");
            assert!(again.to_bytes().expect("a whole import") == saved);
            assert!(run("summary", &Dataset::Orders(&again)) == summary);
            let _ = run("rfm", &Dataset::Orders(&orders));
            let _ = orders.reconciliation(&context);
            let _ = orders.append(&orders, Some(OnRepeat::Replace), &context);
            let _ = orders.concat(&again, &context);
            let _ = orders.forget(&["a".into(), 1.into()], &context);
        }
        Some(2) => {
            let Ok(events) = Events::from_bytes(bytes, &context) else {
                return false;
            };
            let sessions = run("sessions", &Dataset::Events(&events));
            let saved = events
                .to_bytes()
                .expect("events that were read are a whole log");
            let again = Events::from_bytes(&saved, &context).expect("what was written is read");
            assert!(run("sessions", &Dataset::Events(&again)) == sessions);
            let _ = run("cart_follow_ups", &Dataset::Events(&events));
            let _ = events.concat(&events).map(|both| both.n_visitors());
            let _ = events.forget(&["v1".into()], Whose::Visitor, &context);
        }
        _ => {
            let Ok(customers) = Customers::from_bytes(bytes, &context) else {
                return false;
            };
            let saved = customers.to_bytes().expect("a table that was read");
            let again = Customers::from_bytes(&saved, &context).expect("what was written is read");
            assert!(again.to_bytes().expect("a table") == saved);
            let _ = customers.forget(&["a".into()], &context);
        }
    }
    true
}
