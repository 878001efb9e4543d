//! Any bytes as a saved state with a right head and checksum: an error, or data that work; never a panic.
#![no_main]

use crm_core::data::{Customers, CustomersSpec, Event, OnRepeat, Whose};
use crm_core::{Context, Dataset, Events, Orders, Zone, register};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const KINDS: [u8; 3] = [1, 2, 3];

/// Sound states, of which the input changes bytes: bytes from nothing would seldom be a dictionary.
static SOUND: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    let orders = crm_tests::orders(crm_tests::STORE, crm_tests::store(12, 5)).expect("a shop");
    let events = Events::builder(Zone::UTC)
        .add(Event::new("v1", "2026-01-05T23:30:00", "view").page("/"))
        .add(Event::new("v1", "2026-01-05T23:40:00", "purchase").customer("c1"))
        .add(Event::new("v2", "2026-01-06T08:00:00", "add").product("tea"))
        .build();
    let ids = vec![(
        "customer_id".to_owned(),
        crm_tests::texts(&["a", "an id of more than fifteen bytes", "b"]),
    )];
    let customers =
        Customers::from_batches(&CustomersSpec::default(), &[ids], &Context::default());
    [
        orders.to_bytes().expect("a whole import"),
        events.expect("a log").to_bytes().expect("a whole log"),
        customers.expect("a table").to_bytes().expect("a table"),
    ]
});

/// The state `input` describes: from nothing, or a sound one with changed bytes (place, place, byte).
fn state(kind: usize, input: &[u8]) -> Vec<u8> {
    let mut bytes = match input.first() {
        Some(0..128) => {
            let mut sound = SOUND[kind].clone();
            sound.truncate(sound.len() - 32);
            let values = sound.len() - 24;
            for change in input[1..].chunks_exact(3) {
                let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % values;
                sound[24 + at] = change[2];
            }
            sound
        }
        _ => [&[0; 24][..], input].concat(),
    };
    let length = bytes.len() as u64 + 32;
    bytes[..8].copy_from_slice(b"CRMSTATE");
    bytes[8..12].copy_from_slice(&1_u32.to_le_bytes());
    bytes[12..16].copy_from_slice(&u32::from(KINDS[kind]).to_le_bytes());
    bytes[16..24].copy_from_slice(&length.to_le_bytes());
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, input)) = input.split_first() else {
        return;
    };
    let kind = usize::from(kind % 3);
    let bytes = state(kind, input);
    let context = Context {
        budget: Some(64 << 20),
        ..Context::default()
    };
    let asked = r#"{"as_of": "2026-12-31"}"#;
    match kind {
        0 => {
            let Ok(orders) = Orders::from_bytes(&bytes, &context) else {
                return;
            };
            let _ = register::run("summary", &Dataset::Orders(&orders), asked, &context);
            let _ = orders.reconciliation(&context);
            let _ = orders.append(&orders, Some(OnRepeat::Replace), &context);
            let _ = orders.forget(&["a".into()], &context);
        }
        1 => {
            let Ok(events) = Events::from_bytes(&bytes, &context) else {
                return;
            };
            let _ = register::run("sessions", &Dataset::Events(&events), asked, &context);
            let _ = events.concat(&events);
            let _ = events.forget(&["v1".into()], Whose::Visitor, &context);
        }
        _ => {
            let Ok(customers) = Customers::from_bytes(&bytes, &context) else {
                return;
            };
            let _ = customers.forget(&["a".into()], &context);
            assert!(customers.to_bytes().is_ok());
        }
    }
});
