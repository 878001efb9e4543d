//! Options that nobody would give, to every analysis, of orders to which others were appended, which were saved, and
//! which forgot somebody.

use super::{Random, cases, each};
use crm_core::data::{OnRepeat, Whose};
use crm_core::table::Values;
use crm_core::{Context, Dataset, Events, Orders, Table, analysis, register};
use crm_tests::shelf::{Shelf, request};
use crm_tests::{STORE, orders, store};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// A value of some type, mostly of a wrong one or out of range.
fn value(random: &mut Random, depth: usize) -> Value {
    let numbers = [
        0.0, -0.0, 1.0, 2.0, 3.5, -1.0, 30.0, 365.0, 1e9, 1e-300, 1e300, -1e300,
    ];
    let whole = [0, 1, 2, 3, 5, 10, 24, 255, 256, 65_536, i64::MAX, i64::MIN];
    let words = [
        "",
        "a",
        "customer_id",
        "channel",
        "product",
        "kind",
        "order_id",
        "2025-06-30",
        "2026-03-01T10:00:00Z",
        "0001-01-01",
        "9999-12-31",
        "30d",
        "0min",
        "month",
        "week",
        "completed",
        "JPY",
        "auto",
        "mbg_nbd",
        "東京",
        "\u{0}",
    ];
    match random.below(if depth > 2 { 6 } else { 9 }) {
        0 => Value::Null,
        1 => json!(random.below(2) == 0),
        2 => json!(*random.one(&numbers)),
        3 => json!(*random.one(&whole)),
        4 | 5 => json!(*random.one(&words)),
        6 => (0..random.below(4))
            .map(|_| value(random, depth + 1))
            .collect(),
        7 => {
            let names = [
                "from",
                "to",
                "channel",
                "customer_id",
                "field",
                "r",
                "alpha",
                "levels",
            ];
            let fields = (0..random.below(3))
                .map(|_| (random.one(&names).to_string(), value(random, depth + 1)));
            Value::Object(fields.collect())
        }
        _ => json!([*random.one(&words)]),
    }
}

/// A value like another one, so that the request is often accepted.
fn near(like: &Value, random: &mut Random) -> Value {
    match like {
        Value::Bool(yes) => json!(!yes),
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or(1.0);
            let factor = *random.one(&[0.0, 0.5, 2.0, 10.0, -1.0, 1e6]);
            match number.fract() == 0.0 {
                true => json!((number * factor) as i64),
                false => json!(number * factor),
            }
        }
        Value::Array(list) if !list.is_empty() => match random.below(2) {
            0 => json!([list[0]]),
            _ => list.iter().rev().cloned().collect(),
        },
        _ => value(random, 0),
    }
}

/// The request of an analysis with some options changed.
fn changed(entry: &analysis::Entry, random: &mut Random) -> String {
    let described = register::describe(entry.name).expect("an analysis");
    let mut asked: Map<String, Value> = request(entry).as_object().cloned().unwrap_or_default();
    let of = |part: &str| -> BTreeMap<String, Value> {
        let all = described[part]["properties"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        all.into_iter()
            .map(|(name, about)| (name, about["default"].clone()))
            .collect()
    };
    let known: Vec<(String, Value)> = of("options").into_iter().chain(of("scope")).collect();
    for _ in 0..random.below(4) {
        if known.is_empty() {
            break;
        }
        let (name, default) = random.one(&known);
        let value = match random.below(2) {
            0 => near(default, random),
            _ => value(random, 0),
        };
        asked.insert(name.clone(), value);
    }
    Value::Object(asked).to_string()
}

/// Datasets that grew, were saved and forgot somebody.
fn kept(shelf: &Shelf) -> (Vec<Orders>, Vec<Events>) {
    let context = Context::default();
    let shop = |seed| orders(STORE, store(20, seed)).expect("a shop");
    let (first, second) = (shop(3), shop(4));
    let (grown, _) = first
        .append(&second, Some(OnRepeat::Replace), &context)
        .expect("more");
    let read = Orders::from_bytes(&grown.to_bytes().expect("whole"), &context).expect("a state");
    let (rest, _) = read.forget(&["C0000001".into()], &context).expect("ids");
    let log = &shelf.events;
    let again = Events::from_bytes(&log.to_bytes().expect("whole"), &context).expect("a state");
    let both = again.concat(log).expect("more");
    let visitor = both.visitors().expect("memory").at(0);
    let id = serde_json::to_value(&visitor).expect("an id");
    let (fewer, _) = both.forget(&[id], Whose::Visitor, &context).expect("ids");
    (vec![grown, read, rest], vec![again, both, fewer])
}

/// No cell of a result is NaN or infinite.
fn finite(table: &Table) {
    for column in table.columns() {
        if let Values::F64(cells) = column.values() {
            let valid = |row: usize| column.validity().is_none_or(|valid| valid[row]);
            let wrong = cells
                .iter()
                .enumerate()
                .find(|(row, cell)| valid(*row) && !cell.is_finite());
            assert!(wrong.is_none(), "{} is {wrong:?}", column.name());
        }
    }
}

fn run(cases: u64) {
    let shelf = Shelf::new();
    let (orders, events) = kept(&shelf);
    let entries: Vec<&analysis::Entry> = register::all().collect();
    let answered = AtomicU64::new(0);
    let (cancel, stop, done) = (
        AtomicBool::new(false),
        AtomicBool::new(false),
        AtomicU64::new(0),
    );
    let failed = std::thread::scope(|scope| {
        // Whatever takes a second or two is cancelled, and nothing after it.
        scope.spawn(|| {
            let mut before = 0;
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(500));
                let now = done.load(Ordering::Relaxed);
                cancel.store(now == before, Ordering::Relaxed);
                before = now;
            }
        });
        let failed = each(cases, |case, random| {
            let entry = entries[case as usize % entries.len()];
            let data = match (entry.reads, random.below(2)) {
                ("orders", 0) => Dataset::Orders(random.one(&orders)),
                ("events", 0) => Dataset::Events(random.one(&events)),
                _ => shelf.data(entry),
            };
            let asked = changed(entry, random);
            let context = Context {
                cancel: Some(&cancel),
                budget: Some(64 << 20),
                ..Context::default()
            };
            match register::run(entry.name, &data, &asked, &context) {
                Ok(table) => {
                    finite(&table);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => assert!(!error.to_string().is_empty()),
            }
            done.fetch_add(1, Ordering::Relaxed);
            cancel.store(false, Ordering::Relaxed);
        });
        stop.store(true, Ordering::Relaxed);
        failed
    });
    assert!(failed.is_empty(), "cases that panicked: {failed:?}");
    let answered = answered.into_inner();
    eprintln!("{cases} requests, {answered} answered");
    assert!(answered > cases / 8, "{answered} of {cases}");
}

#[test]
fn random_requests() {
    run(cases(700));
}

#[test]
#[ignore = "minutes: `make evidence`"]
fn many_random_requests() {
    run(cases(79_000));
}
