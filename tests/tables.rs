//! One shop, every analysis that reads orders: tables stay what they were, bit for bit, and are
//! the same through all doors. `tests/python/test_doors.py` compares its tables, from Python and
//! through C, with the same fingerprints.
//!
//! Where a change of results is meant, `CRM_BLESS=1 cargo test -p crm-tests --test tables`
//! writes them anew; the changelog says what changed and by how much.

use crm_core::analysis::Entry;
use crm_core::ids::IdRef;
use crm_core::table::{Cell, Language, Type, Values};
use crm_core::{Context, Dataset, Definition, Table, register};
use crm_tests::{STORE, orders, store};
use serde_json::{Map, Value, json};

const LOCK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/locks/tables.json");

fn request(entry: &Entry) -> Value {
    match entry.name {
        "before_after" => json!({"as_of": "2025-06-30", "change": "2025-05-05"}),
        "movement" => json!({"as_of": "2025-06-30", "since": "2024-12-31"}),
        "complaints" | "complaint_cost" => {
            json!({"as_of": "2025-06-30", "complaints": crm_tests::complaints()})
        }
        "satisfaction_churn" => json!({"as_of": "2025-06-30", "answers": crm_tests::answers()}),
        "simulate_rules" => json!({"as_of": "2025-06-30", "days": 2, "warm_up": 0}),
        // Columns in front: dates and a column of the orders.
        "rfm_segments" => json!({"as_of": ["2024-12-31", "2025-06-30"], "by": ["channel"]}),
        "tiers" | "tier_forecast" | "entitlements" | "points" | "point_movements"
        | "coupon_effect" | "referrals" => crm_tests::shelf::request(entry),
        _ => json!({"as_of": "2025-06-30"}),
    }
}

/// A table as JSON: numbers whole, floats by their bits.
fn plain(table: &Table) -> Value {
    let columns = table.columns().iter().map(|column| {
        let of = match column.values() {
            Values::Money(_, currency) => json!(currency),
            _ => Value::Null,
        };
        let cells = (0..table.len()).map(|row| match column.cell(row) {
            Cell::Null => Value::Null,
            Cell::Id(IdRef::Int(v)) | Cell::Int(v) | Cell::Instant(v) | Cell::Money(v, _) => {
                json!(v)
            }
            Cell::Id(IdRef::Unsigned(v)) => json!(v),
            Cell::Id(IdRef::Text(text)) => json!(text),
            Cell::Id(IdRef::Bytes(bytes)) => json!(bytes),
            Cell::Float(v) => json!(format!("{:016x}", v.to_bits())),
            Cell::Bool(v) => json!(v),
            Cell::Date(day) => json!(day.0),
            Cell::Label(label) => json!(label.code),
            Cell::Text(text) => json!(text),
        });
        json!({
            "name": column.name(),
            "ja": column.heading(Language::Ja),
            "type": match column.values().ty() {
                Type::Id => "id",
                Type::Int => "int",
                Type::Float => "float",
                Type::Bool => "bool",
                Type::Date => "date",
                Type::Instant => "instant",
                Type::Money => "money",
                Type::Category => "category",
                Type::Text => "text",
            },
            "unit": column.unit(),
            "currency": of,
            "cells": cells.collect::<Vec<_>>(),
        })
    });
    json!({
        "columns": columns.collect::<Vec<_>>(),
        "definition": table.definition().map(|d| json!(d.hash())),
    })
}

#[test]
fn tables_are_what_they_were() {
    let orders = orders(STORE, store(60, 7)).unwrap();
    let mut now = Map::new();
    for entry in register::all().filter(|e| e.reads == "orders") {
        let request = request(entry);
        let data = Dataset::Orders(&orders);
        let table = register::run(entry.name, &data, &request.to_string(), &Context::default())
            .unwrap_or_else(|e| panic!("{}: {e}", entry.name));
        assert!(!table.is_empty(), "{}", entry.name);
        let plain = plain(&table);
        let sha256 = Definition::new(move || plain.clone()).hash().to_owned();
        now.insert(
            entry.name.into(),
            json!({"request": request, "rows": table.len(), "sha256": sha256}),
        );
    }
    if std::env::var_os("CRM_BLESS").is_some() {
        let mut text = serde_json::to_string_pretty(&now).unwrap();
        text.push('\n');
        std::fs::write(LOCK, text).unwrap();
    }
    let before: Map<String, Value> =
        serde_json::from_str(&std::fs::read_to_string(LOCK).unwrap_or_default())
            .expect("tests/locks/tables.json");
    let differ: Vec<&str> = now
        .iter()
        .filter(|(name, table)| before.get(*name) != Some(table))
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(
        differ.is_empty() && before.len() == now.len(),
        "tables that changed: {differ:?}; if that is meant, CRM_BLESS=1 makes it so"
    );
}
