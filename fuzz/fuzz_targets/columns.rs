//! Any columns as orders or events, and any analysis of what was accepted: a table or an error,
//! never a panic.
#![no_main]

use arbitrary::Arbitrary;
use crm_core::columns::{Batch, Bits, ColumnData, ColumnValues, Strings, TimeUnit};
use crm_core::data::{EventsSpec, OrdersSpec};
use crm_core::{Context, Dataset, Events, Orders, register};
use libfuzzer_sys::fuzz_target;

/// The cells of a column, repeated until there are as many as rows.
#[derive(Arbitrary, Debug)]
enum Cells {
    Int(Vec<i64>),
    Near(Vec<u8>),
    Unsigned(Vec<u64>),
    Float(Vec<f64>),
    Decimal(Vec<i64>, i8),
    Date(Vec<i32>),
    Time(Vec<i64>, u8, u8),
    /// Hours since 2025: times that are near each other.
    Hours(Vec<u16>),
    Bool(Vec<bool>),
    Text(Vec<String>),
    Fixed(u8, Vec<u8>),
    Word(Vec<u8>),
    Dictionary(Vec<u8>, Vec<String>),
    /// Offsets that nobody has checked.
    Raw(Vec<i32>, Vec<u8>),
    Null,
    /// A column that is not as long as the others.
    Short(Vec<i64>),
}

#[derive(Arbitrary, Debug)]
struct Column {
    cells: Cells,
    valid: Option<Vec<bool>>,
}

#[derive(Arbitrary, Debug)]
struct Case {
    rows: u8,
    analysis: u8,
    events: bool,
    drop: bool,
    flags: u8,
    /// Who, when, how much, and so on in the order of the names below.
    columns: [Option<Column>; 8],
}

const ORDERS: [&str; 8] = [
    "customer_id",
    "ordered_at",
    "amount",
    "order_id",
    "status",
    "product",
    "refunded",
    "kind",
];
const EVENTS: [&str; 8] = [
    "visitor_id",
    "occurred_at",
    "kind",
    "page",
    "customer_id",
    "amount",
    "quantity",
    "product",
];
const WORDS: [&str; 8] = [
    "completed",
    "cancelled",
    "subscription",
    "view",
    "add",
    "purchase",
    "remove",
    "一",
];

fn cycled<T: Copy>(cells: &[T], rows: usize, none: T) -> Vec<T> {
    (0..rows)
        .map(|i| cells.get(i % cells.len().max(1)).copied().unwrap_or(none))
        .collect()
}

fn texts<S: AsRef<str>>(cells: &[S], rows: usize) -> Strings {
    let text = |i: usize| {
        cells
            .get(i % cells.len().max(1))
            .map_or("", AsRef::as_ref)
            .as_bytes()
    };
    Strings::collect((0..rows).map(text)).expect("small")
}

impl Column {
    fn data(&self, rows: usize) -> ColumnData {
        let values = match &self.cells {
            Cells::Int(v) => ColumnValues::Int {
                values: cycled(v, rows, 0).into(),
                bits: 64,
            },
            Cells::Near(v) => {
                let values: Vec<i64> = cycled(v, rows, 0).into_iter().map(i64::from).collect();
                ColumnValues::Int {
                    values: values.into(),
                    bits: 32,
                }
            }
            Cells::Unsigned(v) => ColumnValues::Unsigned {
                values: cycled(v, rows, 0).into(),
                bits: 64,
            },
            Cells::Float(v) => ColumnValues::Float(cycled(v, rows, 0.0).into()),
            Cells::Decimal(v, scale) => {
                let values: Vec<i128> = cycled(v, rows, 0).into_iter().map(i128::from).collect();
                ColumnValues::Decimal {
                    values: values.into(),
                    scale: *scale,
                }
            }
            Cells::Date(v) => ColumnValues::Date(cycled(v, rows, 0).into()),
            Cells::Time(v, unit, zone) => ColumnValues::Time {
                values: cycled(v, rows, 0).into(),
                unit: [
                    TimeUnit::Second,
                    TimeUnit::Millisecond,
                    TimeUnit::Microsecond,
                    TimeUnit::Nanosecond,
                ][usize::from(unit % 4)],
                zone: [
                    None,
                    Some("Asia/Tokyo"),
                    Some("America/New_York"),
                    Some("nowhere"),
                ][usize::from(zone % 4)]
                .map(str::to_owned),
            },
            Cells::Hours(v) => {
                let hours = cycled(v, rows, 0).into_iter();
                let values: Vec<i64> = hours
                    .map(|h| 1_735_689_600 + 3_600 * i64::from(h))
                    .collect();
                ColumnValues::Time {
                    values: values.into(),
                    unit: TimeUnit::Second,
                    zone: None,
                }
            }
            Cells::Bool(v) => ColumnValues::Bool(
                Bits::from_bools(cycled(v, rows, false).into_iter()).expect("small"),
            ),
            Cells::Text(v) => ColumnValues::Text(texts(v, rows)),
            Cells::Fixed(width, bytes) => {
                let width = usize::from(width % 20);
                ColumnValues::Fixed {
                    width,
                    bytes: cycled(bytes, rows * width, 0).into(),
                }
            }
            Cells::Word(v) => {
                let words: Vec<&str> = v.iter().map(|i| WORDS[usize::from(i % 8)]).collect();
                ColumnValues::Text(texts(&words, rows))
            }
            Cells::Dictionary(keys, words) => ColumnValues::Dictionary {
                keys: cycled(keys, rows, 0)
                    .into_iter()
                    .map(u32::from)
                    .collect::<Vec<_>>()
                    .into(),
                values: Box::new(ColumnValues::Text(texts(words, words.len())).into()),
            },
            Cells::Raw(offsets, bytes) => {
                ColumnValues::Text(Strings::Small(offsets.clone().into(), bytes.clone().into()))
            }
            Cells::Null => ColumnValues::Null(rows),
            Cells::Short(v) => ColumnValues::Int {
                values: v.clone().into(),
                bits: 64,
            },
        };
        let valid = self.valid.as_ref();
        let valid =
            valid.map(|v| Bits::from_bools(cycled(v, rows, true).into_iter()).expect("small"));
        ColumnData { values, valid }
    }
}

fn spec(case: &Case, names: [&str; 8], required: usize) -> String {
    let mut spec = serde_json::Map::new();
    spec.insert("currency".into(), "JPY".into());
    if case.drop {
        spec.insert("bad_rows".into(), "drop".into());
    }
    if case.flags & 1 != 0 {
        spec.insert("round_amounts".into(), true.into());
    }
    if case.flags & 2 != 0 {
        spec.insert("timezone".into(), "America/New_York".into());
    }
    if case.flags & 4 != 0 && !case.events {
        spec.insert("guests".into(), "keep".into());
    }
    for (name, column) in names.iter().zip(&case.columns).skip(required) {
        if column.is_some() {
            spec.insert((*name).into(), (*name).into());
        }
    }
    serde_json::Value::from(spec).to_string()
}

fuzz_target!(|case: Case| {
    let rows = usize::from(case.rows % 64);
    let names = if case.events { EVENTS } else { ORDERS };
    let batch: Batch = names
        .iter()
        .zip(&case.columns)
        .filter_map(|(name, column)| Some(((*name).to_owned(), column.as_ref()?.data(rows))))
        .collect();
    let context = Context {
        budget: Some(64 << 20),
        ..Context::default()
    };
    let spec = spec(&case, names, 3);
    let (orders, events);
    let dataset = if case.events {
        let spec = EventsSpec::parse(&spec).expect("a spec");
        match Events::from_batches(&spec, &[batch], &context) {
            Ok(read) => events = read,
            Err(error) => return assert!(!error.to_string().is_empty()),
        }
        Dataset::Events(&events)
    } else {
        let spec = OrdersSpec::parse(&spec).expect("a spec");
        match Orders::from_batches(&spec, &[batch], None, &context) {
            Ok(read) => orders = read,
            Err(error) => return assert!(!error.to_string().is_empty()),
        }
        Dataset::Orders(&orders)
    };
    let kind = if case.events { "events" } else { "orders" };
    let fit: Vec<_> = register::all()
        .filter(|entry| entry.reads == kind)
        .collect();
    let entry = fit[usize::from(case.analysis) % fit.len()];
    if let Err(error) = register::run(entry.name, &dataset, "{}", &context) {
        assert!(!error.to_string().is_empty());
    }
});
