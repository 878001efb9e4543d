//! What the tests share: columns made by hand, and a store that reaches every branch.

#[path = "../../crates/crm-core/tests/random_tests/mod.rs"]
mod random_tests;
pub mod shelf;
pub mod states;

pub use random_tests::random_cases;

use crm_core::columns::{Batch, Bits, ColumnData, ColumnValues, Strings};
use crm_core::data::{OrdersSpec, simulate_orders};
use crm_core::{Context, Orders, Table};
use sha2::{Digest, Sha256};

/// A column of texts.
pub fn texts<S: AsRef<str>>(values: &[S]) -> ColumnData {
    let bytes = values.iter().map(|v| v.as_ref().as_bytes());
    ColumnValues::Text(Strings::collect(bytes).expect("small")).into()
}

/// A column of texts with nulls.
pub fn optional_texts(values: &[Option<&str>]) -> ColumnData {
    let plain: Vec<&str> = values.iter().map(|v| v.unwrap_or("")).collect();
    ColumnData {
        valid: Some(Bits::from_bools(values.iter().map(Option::is_some)).expect("small")),
        ..texts(&plain)
    }
}

/// A column of integers.
pub fn ints(values: &[i64]) -> ColumnData {
    ColumnValues::Int {
        values: values.to_vec().into(),
        bits: 64,
    }
    .into()
}

/// A column of integers with nulls.
pub fn optional_ints(values: &[Option<i64>]) -> ColumnData {
    let plain: Vec<i64> = values.iter().map(|v| v.unwrap_or(0)).collect();
    ColumnData {
        valid: Some(Bits::from_bools(values.iter().map(Option::is_some)).expect("small")),
        ..ints(&plain)
    }
}

/// A column of floats.
pub fn floats(values: &[f64]) -> ColumnData {
    ColumnValues::Float(values.to_vec().into()).into()
}

/// A column of ISO texts that are read as times.
pub fn times(values: &[&str]) -> ColumnData {
    let bytes = values.iter().map(|v| v.as_bytes());
    ColumnValues::Text(Strings::collect(bytes).expect("small")).into()
}

/// A batch of named columns.
pub fn batch(columns: &[(&str, ColumnData)]) -> Batch {
    columns
        .iter()
        .map(|(name, column)| ((*name).to_owned(), column.clone()))
        .collect()
}

/// Orders of one batch under a spec given as JSON.
///
/// # Errors
///
/// Those of building orders.
pub fn orders(spec: &str, batch: Batch) -> crm_core::Result<Orders> {
    Orders::from_batches(
        &OrdersSpec::parse(spec)?,
        &[batch],
        None,
        &Context::default(),
    )
}

/// The spec of [`store`].
pub const STORE: &str = r#"{"currency": "JPY", "order_id": "order_id", "discount": "discount",
    "refunded": "refunded", "refunded_at": "refunded_at", "status": "status", "kind": "kind",
    "product": "product", "category": "category", "channel": "channel", "guests": "keep",
    "timezone": "Asia/Tokyo"}"#;

/// Rows of customers of [`store`] in the middle of 2024 and of 2025, a column of them under a name of its own.
fn rows_of_customers(time: &str) -> serde_json::Map<String, serde_json::Value> {
    let ids: Vec<String> = (1..=24).map(|k| format!("C{k:07}")).collect();
    let day = |k: usize| format!("202{}-05-{:02}T10:00", 4 + k % 2, 1 + k);
    let times: Vec<String> = (0..ids.len()).map(day).collect();
    let columns = [
        ("customer_id".to_owned(), ids.into()),
        (time.to_owned(), times.into()),
    ];
    columns.into_iter().collect()
}

/// Complaints of customers of [`store`].
pub fn complaints() -> serde_json::Value {
    rows_of_customers("occurred_at").into()
}

/// Answers of customers of [`store`].
pub fn answers() -> serde_json::Value {
    let mut rows = rows_of_customers("answered_at");
    rows.insert("score".into(), (0..24).map(|k| k % 11).collect());
    rows.into()
}

/// A simulated shop with lines, discounts, refunds, cancellations, samples, subscriptions and
/// guests.
pub fn store(customers: u32, seed: u64) -> Batch {
    simulate_orders(customers, seed).expect("a shop of this size")
}

/// The rows of a batch at these places, in their order.
pub fn take(batch: &Batch, rows: &[usize]) -> Batch {
    batch
        .iter()
        .map(|(name, column)| {
            let values = match &column.values {
                ColumnValues::Int { values, bits } => ColumnValues::Int {
                    values: rows.iter().map(|r| values[*r]).collect::<Vec<_>>().into(),
                    bits: *bits,
                },
                ColumnValues::Time { values, unit, zone } => ColumnValues::Time {
                    values: rows.iter().map(|r| values[*r]).collect::<Vec<_>>().into(),
                    unit: *unit,
                    zone: zone.clone(),
                },
                ColumnValues::Text(texts) => {
                    let picked: Vec<&[u8]> = rows.iter().map(|r| texts.bytes(*r)).collect();
                    ColumnValues::Text(Strings::collect(picked.into_iter()).expect("small"))
                }
                other => unreachable!("no such column in the store: {other:?}"),
            };
            let valid = (0..rows.len()).map(|i| column.is_valid(rows[i]));
            let valid = Some(Bits::from_bools(valid).expect("small"));
            (name.clone(), ColumnData { values, valid })
        })
        .collect()
}

/// A saved state of these bytes, which lack its checksum.
pub fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

/// A saved state in which `to` stands where `from` stood first behind some text.
pub fn crafted(sound: &[u8], behind: &str, from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = sound[..sound.len() - 32].to_vec();
    let place = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|w| w == what);
    let start = match behind {
        "" => 0,
        text => place(&bytes, text.as_bytes()).expect(text),
    };
    let at = start + place(&bytes[start..], from).expect("these bytes");
    bytes[at..at + from.len()].copy_from_slice(to);
    sealed(bytes)
}

/// A fixed shuffle of `0..n`.
pub fn shuffled(n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for i in (1..n).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        order.swap(i, (state >> 33) as usize % (i + 1));
    }
    order
}

/// How many rows a batch has.
pub fn rows(batch: &Batch) -> usize {
    batch.first().map_or(0, |(_, column)| column.len())
}

/// A column of whole numbers, days or money as integers; null cells are `None`.
pub fn numbers(table: &Table, name: &str) -> Vec<Option<i64>> {
    use crm_core::table::Cell;
    let column = table
        .column(name)
        .unwrap_or_else(|| panic!("no column {name}"));
    (0..table.len())
        .map(|row| match column.cell(row) {
            Cell::Int(v) | Cell::Instant(v) | Cell::Money(v, _) => Some(v),
            Cell::Date(day) => Some(day.0.into()),
            Cell::Null => None,
            other => panic!("{name} is no number: {other:?}"),
        })
        .collect()
}

/// A column of floats; null cells are `None`.
pub fn reals(table: &Table, name: &str) -> Vec<Option<f64>> {
    use crm_core::table::Cell;
    let column = table
        .column(name)
        .unwrap_or_else(|| panic!("no column {name}"));
    (0..table.len())
        .map(|row| match column.cell(row) {
            Cell::Float(v) => Some(v),
            Cell::Null => None,
            other => panic!("{name} is no float: {other:?}"),
        })
        .collect()
}

/// A column of words, texts or ids as texts; null cells are `None`.
pub fn words(table: &Table, name: &str) -> Vec<Option<String>> {
    use crm_core::ids::IdRef;
    use crm_core::table::Cell;
    let column = table
        .column(name)
        .unwrap_or_else(|| panic!("no column {name}"));
    (0..table.len())
        .map(|row| match column.cell(row) {
            Cell::Label(label) => Some(label.code.to_owned()),
            Cell::Text(text) => Some(text.to_owned()),
            Cell::Id(IdRef::Text(text)) => Some(text.into_owned()),
            Cell::Id(IdRef::Int(v)) => Some(v.to_string()),
            Cell::Id(IdRef::Unsigned(v)) => Some(v.to_string()),
            Cell::Null => None,
            other => panic!("{name} is no word: {other:?}"),
        })
        .collect()
}
