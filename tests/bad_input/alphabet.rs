//! Messages hold nothing of the data: cells of a marked alphabet in every column of every input, every message searched.

use crm_core::columns::{Batch, ColumnData};
use crm_core::data::{Customers, CustomersSpec, EventsSpec, OrdersSpec, Whose};
use crm_core::table::Column;
use crm_core::{Context, Dataset, Error, Events, Orders, Table, register};
use crm_tests::shelf::{Shelf, request};
use crm_tests::{batch, floats, ints, optional_texts, texts, times};
use serde_json::json;
use std::fmt::Debug;

/// Texts and numbers that no message has of its own.
const MARKED: [&str; 6] = [
    "ꓐꓑꓒ",
    "ꓐꓑ.ꓒ@ꓓꓔ.example",
    "8451945128",
    "-8451.8451",
    "8451-84-51",
    "84519451284519451284519451",
];

fn is_marked(text: &str) -> bool {
    text.contains("8451") || text.chars().any(|c| ('ꓐ'..='ꓷ').contains(&c))
}

/// Columns of `n` cells, most of them marked, in every form.
fn marked(n: usize) -> Vec<ColumnData> {
    let cells = |from: usize| -> Vec<&str> { (0..n).map(|i| MARKED[(from + i) % 6]).collect() };
    let some: Vec<Option<&str>> = (0..n).map(|i| (i != 1).then_some(MARKED[i % 6])).collect();
    let mut all: Vec<ColumnData> = (0..6).map(|from| texts(&cells(from))).collect();
    all.push(optional_texts(&some));
    all.push(texts(&vec![MARKED[0]; n]));
    all.push(floats(&vec![8451.8451; n]));
    all.push(floats(
        &(0..n)
            .map(|i| [8451e300, -8451.5][i % 2])
            .collect::<Vec<_>>(),
    ));
    all.push(ints(&vec![-8_451_845_184; n]));
    all.push(ints(&vec![8_451_945_128_451_945_128; n]));
    all
}

/// What was said, and how often something was refused.
#[derive(Default)]
struct Said(usize);

impl Said {
    fn hear<T: Debug>(&mut self, place: &str, result: Result<T, Error>) -> Option<T> {
        let (text, kept) = match result {
            Ok(kept) => (format!("{kept:?}"), Some(kept)),
            Err(error) => {
                self.0 += 1;
                (format!("{error} {error:?} {:?}", error.hint()), None)
            }
        };
        assert!(!is_marked(&text), "{place}: {text}");
        kept
    }
}

/// A batch with a column in the place of one of its name.
fn with(batch: &Batch, name: &str, column: &ColumnData) -> Batch {
    let mut all: Batch = batch
        .iter()
        .filter(|(other, _)| other != name)
        .cloned()
        .collect();
    all.push((name.to_owned(), column.clone()));
    all
}

const ROLES: [&str; 21] = [
    "customer_id",
    "ordered_at",
    "amount",
    "order_id",
    "status",
    "kind",
    "line_kind",
    "currency_column",
    "quantity",
    "discount",
    "shipping",
    "tax",
    "cost",
    "refunded",
    "refunded_at",
    "shop",
    "product",
    "category",
    "channel",
    "colour",
    "note",
];

#[test]
fn orders() {
    let mut said = Said::default();
    let rows = batch(&[
        ("customer_id", texts(&["a", "b", "a", "c"])),
        (
            "ordered_at",
            times(&["2025-01-01", "2025-02-01", "2025-02-03", "2025-03-01"]),
        ),
        ("amount", ints(&[1, 2, 3, 4])),
        ("refunded", ints(&[0, 1, 0, 0])),
        ("quantity", ints(&[1, 1, 2, 1])),
        ("order_id", texts(&["1", "2", "2", "3"])),
    ]);
    for role in ROLES {
        for settings in [
            r#""bad_rows": "error""#,
            r#""bad_rows": "drop", "repeated_rows": "error""#,
            r#""order_id": "order_id", "amount_is": "order""#,
            r#""order_id": "order_id", "amount_is": "unit", "quantity": "quantity""#,
            r#""decimal": ",", "date_format": "%d/%m/%Y""#,
        ] {
            let place = match role {
                "colour" | "note" => format!(r#""dimensions": ["{role}"]"#),
                role if settings.contains(&format!("\"{role}\"")) => {
                    r#""round_amounts": true"#.into()
                }
                "refunded_at" => r#""refunded_at": "refunded_at", "refunded": "refunded""#.into(),
                role => format!(r#""{role}": "{role}""#),
            };
            let spec = format!(r#"{{"currency": "JPY", {place}, {settings}}}"#);
            let Ok(spec) = OrdersSpec::parse(&spec) else {
                continue; // a role that has its own key in the settings
            };
            for column in marked(4) {
                let rows = with(&rows, role, &column);
                let made = Orders::from_batches(&spec, &[rows], None, &Context::default());
                if let Some(orders) = said.hear(role, made) {
                    after(&mut said, role, &orders);
                }
            }
        }
    }
    assert!(said.0 > 300, "{}", said.0);
}

/// What is done with orders that came in.
fn after(said: &mut Said, role: &str, orders: &Orders) {
    let context = Context::default();
    let data = Dataset::Orders(orders);
    let asked = [
        json!({"as_of": "2025-06-30"}),
        json!({"where": {"customer_id": 84_518_451}}),
        json!({"where": {"customer_id": {"from": MARKED[0]}}}),
        json!({"where": {"customer_id": [MARKED[0], 1]}}),
        json!({"customers": {"customer_id": [[MARKED[1]]]}}),
        json!({"customers": {"customer_id": {"to": MARKED[3], "from": 5}}}),
    ];
    for asked in asked {
        said.hear(
            role,
            register::run("summary", &data, &asked.to_string(), &context),
        );
    }
    for id in [
        json!(MARKED[0]),
        json!(84_518_451),
        json!([MARKED[1]]),
        json!({"8451": 1}),
    ] {
        said.hear(role, orders.forget(std::slice::from_ref(&id), &context));
        said.hear(role, orders.append(orders, None, &context));
    }
}

#[test]
fn events() {
    let mut said = Said::default();
    let rows = batch(&[
        ("visitor_id", texts(&["v", "v", "w"])),
        (
            "occurred_at",
            times(&["2025-01-01", "2025-02-01", "2025-02-03"]),
        ),
        ("kind", texts(&["view", "add", "purchase"])),
    ]);
    for role in [
        "visitor_id",
        "occurred_at",
        "kind",
        "customer_id",
        "page",
        "product",
        "quantity",
        "order_id",
        "channel",
        "campaign",
        "referrer",
        "amount",
        "colour",
        "load_time",
    ] {
        let place = match role {
            "colour" => r#""dimensions": ["colour"]"#.into(),
            "load_time" => r#""measures": ["load_time"]"#.into(),
            role => format!(r#""{role}": "{role}""#),
        };
        let spec = format!(r#"{{"currency": "JPY", {place}}}"#);
        let spec = EventsSpec::parse(&spec).expect("a spec");
        for column in marked(3) {
            let rows = with(&rows, role, &column);
            let context = Context::default();
            let made = Events::from_batches(&spec, &[rows], &context);
            let Some(events) = said.hear(role, made) else {
                continue;
            };
            let data = Dataset::Events(&events);
            for (name, asked) in [
                ("sessions", json!({"as_of": "2025-06-30"})),
                ("cart_abandonment", json!({"by": ["product"]})),
                ("sessions", json!({"customers": {"visitor_id": 84_518_451}})),
                (
                    "funnel",
                    json!({"steps": [{"kind": "view", "page": [84_518_451]}]}),
                ),
            ] {
                said.hear(
                    role,
                    register::run(name, &data, &asked.to_string(), &context),
                );
            }
            said.hear(
                role,
                events.forget(&[json!(84_518_451)], Whose::Visitor, &context),
            );
            said.hear(
                role,
                events.forget(&[json!(MARKED[0])], Whose::Customer, &context),
            );
        }
    }
    assert!(said.0 > 100, "{}", said.0);
}

#[test]
fn customers() {
    let mut said = Said::default();
    let rows = batch(&[("customer_id", texts(&["a", "b", "c"]))]);
    for role in ["customer_id", "registered_at", "opted_out", "city"] {
        let place = match role {
            "city" => r#""dimensions": ["city"]"#.into(),
            role => format!(r#""{role}": "{role}""#),
        };
        let spec = CustomersSpec::parse(&format!("{{{place}}}")).expect("a spec");
        for column in marked(3) {
            let rows = with(&rows, role, &column);
            let made = Customers::from_batches(&spec, &[rows], &Context::default());
            if let Some(table) = said.hear(role, made) {
                let ids = [json!(84_518_451), json!(MARKED[0])];
                said.hear(role, table.forget(&ids, &Context::default()));
            }
        }
    }
    assert!(said.0 > 20, "{}", said.0);
}

/// Every column of every table that an analysis reads: summaries of customers, records of people, messages that are due
/// or were sent, answers, variants.
#[test]
fn tables() {
    let mut said = Said::default();
    let shelf = Shelf::new();
    for entry in register::all().filter(|entry| entry.reads == "table") {
        let Dataset::Table(sound) = shelf.data(entry) else {
            continue;
        };
        let more: &[&str] = match entry.name {
            "identify" | "identity_links" => &[
                "account",
                "family_kana",
                "given_kana",
                "sex",
                "zip",
                "prefecture",
                "city",
                "building",
                "registered_at",
                "updated_at",
                "not_same_as",
                "value",
            ],
            "decide" => &[
                "expires_at",
                "value",
                "reason_code",
                "excluded_by",
                "channel",
            ],
            _ => &["customer_id", "before", "value"],
        };
        let names: Vec<&str> = sound
            .columns()
            .iter()
            .map(Column::name)
            .chain(more.iter().copied())
            .collect();
        let asked = request(entry);
        for name in names {
            // Five of the forms, because some analyses take long.
            for column in marked(sound.len()).drain(6..11) {
                let context = Context::default();
                let column = vec![(name.to_owned(), column)];
                let Some(one) = said.hear(name, Table::from_batch(&column, &context)) else {
                    continue;
                };
                let others = sound.columns().iter().filter(|other| other.name() != name);
                let table = Table::new(others.chain(one.columns()).cloned().collect());
                let data = Dataset::Table(&table);
                let place = format!("{}, {name}", entry.name);
                said.hear(
                    &place,
                    register::run(entry.name, &data, &asked.to_string(), &context),
                );
            }
        }
    }
    assert!(said.0 > 100, "{}", said.0);
}
