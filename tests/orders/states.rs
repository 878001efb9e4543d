//! Saved orders: every analysis gives the same bits of them, and bytes that are no such state are refused.

use super::parts::{columns, line};
use super::{build, run};
use crm_core::data::{Customers, CustomersSpec, OrdersSpec};
use crm_core::{Context, Dataset, Error, ErrorCode, Orders, register};
use crm_tests::shelf::{Shelf, request};
use crm_tests::{batch, ints, optional_ints, optional_texts, sealed, texts, times};
use proptest::collection::vec;
use proptest::prelude::{prop_assert, proptest};
use std::sync::Arc;

fn again(orders: &Orders) -> Orders {
    let bytes = orders.to_bytes().expect("a whole import");
    let again = Orders::from_bytes(&bytes, &Context::default()).expect("what was saved");
    assert_eq!(again.to_bytes().unwrap(), bytes, "saved twice");
    again
}

/// Orders before and after clocks change, the latest row first: each has the day of its own offset.
#[test]
fn days_of_saved_orders_are_those_of_their_zone() {
    let columns = [
        ("customer_id", texts(&["a", "b", "c"])),
        (
            "ordered_at",
            texts(&[
                "2025-07-01T22:30:00Z",
                "2025-01-01T22:30:00Z",
                "2025-03-29T23:30:00Z",
            ]),
        ),
        ("amount", ints(&[1, 2, 3])),
    ];
    let spec = r#"{"currency": "EUR", "timezone": "Europe/Berlin"}"#;
    let orders = build(spec, &[batch(&columns)]);
    let days = |orders: &Orders| {
        let table = run("summary", orders, "{}").expect("a summary");
        let last = table.column("last_date").expect("a column");
        (0..3)
            .map(|row| format!("{:?}", last.cell(row)))
            .collect::<Vec<_>>()
    };
    let day = |text: &str| {
        let day: crm_core::Day = text.parse().expect("a day");
        format!("Date({day:?})")
    };
    let expected = ["2025-07-02", "2025-01-01", "2025-03-30"].map(day);
    assert_eq!(days(&orders), expected);
    assert_eq!(days(&again(&orders)), expected);
}

#[test]
fn every_analysis_gives_the_same_of_saved_orders() {
    let shelf = Shelf::new();
    let restored = again(&shelf.orders);
    assert_eq!(format!("{restored:?}"), format!("{:?}", shelf.orders));
    let mut tried = 0;
    // What simulates or fits many times reads orders no other way than the rest.
    let quick = |name: &str| !name.starts_with("backtest") && name != "threshold_sweep";
    for entry in register::all().filter(|entry| entry.reads == "orders" && quick(entry.name)) {
        let asked = request(entry).to_string();
        let of = |orders: &Orders| {
            register::run(
                entry.name,
                &Dataset::Orders(orders),
                &asked,
                &Context::default(),
            )
            .unwrap_or_else(|error| panic!("{}: {error}", entry.name))
        };
        let (one, other) = (of(&shelf.orders), of(&restored));
        assert!(
            one == other && one.notes() == other.notes(),
            "{}",
            entry.name
        );
        tried += 1;
    }
    assert!(tried > 25, "{tried}");
}

/// Ids of every form, a customers table, a policy, guests, rows that were left out.
#[test]
fn everything_about_an_import_is_saved() {
    let spec = r#"{"currency": "USD", "timezone": "America/New_York", "order_id": "order_id", "guests": "keep",
        "bad_rows": "drop", "status": "status", "refunded": "refunded", "refunded_at": "refunded_at",
        "dimensions": ["colour"], "repeated_rows": "drop", "line_kind": "what"}"#;
    let uuids = [
        "00000000-0000-4000-8000-000000000001",
        "00000000-0000-4000-8000-000000000002",
        "00000000-0000-4000-8000-000000000003",
        "00000000-0000-4000-8000-000000000003",
    ];
    let long = [
        "a customer whose id is long",
        "b",
        "a customer whose id is long",
        "",
    ];
    let forms = [
        (texts(&uuids), texts(&uuids[..1])),
        (texts(&["a", "b", "a", "c"]), texts(&["z"])),
        (texts(&long), texts(&["another id that is long enough"])),
        (
            optional_ints(&[Some(i64::MAX), Some(-5), None, Some(7)]),
            ints(&[12]),
        ),
        (ints(&[1, 2, 3, 3]), ints(&[40])),
    ];
    for (ids, registered) in forms {
        let rows = batch(&[
            ("customer_id", ids),
            (
                "ordered_at",
                times(&["2025-01-01", "2025-02-01", "no date", "2025-03-01"]),
            ),
            ("amount", texts(&["12.50", "3", "4", "5.01"])),
            ("order_id", texts(&["o1", "o2", "o3", "o4"])),
            (
                "status",
                optional_texts(&[None, Some("cancelled"), None, Some("pending")]),
            ),
            (
                "refunded",
                optional_texts(&[Some("1.00"), None, None, None]),
            ),
            (
                "refunded_at",
                optional_texts(&[Some("2025-01-09"), None, None, None]),
            ),
            ("colour", texts(&["red", "blue", "red", ""])),
            (
                "what",
                texts(&["product", "product", "product", "shipping"]),
            ),
        ]);
        let people = batch(&[
            ("customer_id", registered),
            ("registered_at", texts(&["2024-12-01"])),
            ("opted_out", texts(&["true"])),
            ("city", texts(&["Kyoto"])),
        ]);
        let customers = CustomersSpec::parse(
            r#"{"registered_at": "registered_at", "opted_out": "opted_out", "dimensions": ["city"]}"#,
        );
        let context = Context::default();
        let people = Customers::from_batches(&customers.unwrap(), &[people], &context).unwrap();
        let spec = OrdersSpec::parse(spec).unwrap();
        let orders =
            Orders::from_batches(&spec, &[rows], Some(Arc::new(people)), &context).unwrap();
        let restored = again(&orders);
        let shown = |orders: &Orders| orders.reconciliation(&context).unwrap();
        assert!(shown(&orders) == shown(&restored));
        assert_eq!(orders.understood(), restored.understood());
        assert_eq!(restored.zone().to_string(), "America/New_York");
        for (name, asked) in [
            ("rfm", r#"{"as_of": "2025-06-30"}"#),
            ("cpm", r#"{"as_of": "2025-06-30", "money": 100}"#),
            ("summary", r#"{"as_of": "2025-06-30", "by": ["colour"]}"#),
            (
                "summary",
                r#"{"as_of": "2025-06-30", "refunds": "refund_date"}"#,
            ),
        ] {
            let (one, other) = (run(name, &orders, asked), run(name, &restored, asked));
            assert!(one.unwrap() == other.unwrap(), "{name} {asked}");
        }
        // What is added behind them is as if nothing had been saved.
        assert!(
            shown(&orders.concat(&orders, &context).unwrap())
                == shown(&restored.concat(&restored, &context).unwrap())
        );
    }
    // A view without a filter is a whole import; one with a filter is none.
    let orders = Shelf::new().orders;
    let filter = serde_json::from_str(r#"{"status": "completed"}"#).unwrap();
    let view = orders.view(&filter, None, &Context::default()).unwrap();
    let error = view.to_bytes().unwrap_err();
    assert_eq!(error.code(), ErrorCode::Option);
    let policy = serde_json::from_str(r#"{"zero_value": false}"#).ok();
    let view = orders
        .view(&Default::default(), policy, &Context::default())
        .unwrap();
    let (one, other) = (run("summary", &view, ""), run("summary", &again(&view), ""));
    assert!(one.unwrap() == other.unwrap());
}

proptest! {
    #![proptest_config(crm_tests::random_cases(200))]
    #[test]
    fn parts_may_be_saved_between(first in vec(line(), 0..8), second in vec(line(), 0..8)) {
        let spec = r#"{"currency": "JPY", "order_id": "order_id", "status": "status", "channel": "channel",
            "product": "product", "guests": "keep", "bad_rows": "drop"}"#;
        let spec = OrdersSpec::parse(spec).unwrap();
        let context = Context::default();
        let read = |lines: &[_]| Orders::from_batches(&spec, &[columns(lines)], None, &context);
        if let (Ok(first), Ok(second)) = (read(&first), read(&second)) {
            match (first.concat(&second, &context), again(&first).concat(&again(&second), &context)) {
                (Ok(one), Ok(other)) => {
                    prop_assert!(one.to_bytes().unwrap() == other.to_bytes().unwrap());
                    let of = |orders: &Orders| run("summary", orders, r#"{"as_of": "2025-02-01", "by": ["channel"]}"#);
                    prop_assert!(of(&one).unwrap() == of(&other).unwrap());
                }
                (Err(one), Err(other)) => prop_assert!(one.to_string() == other.to_string()),
                _ => prop_assert!(false, "one of the two was refused"),
            }
        }
    }
}

/// Orders without some people are those of rows that never had them.
mod forgotten {
    use super::super::parts::{Line, columns, line};
    use super::super::{build, reconciled, run, summary};
    use super::again;
    use crm_core::data::{Customers, CustomersSpec, OrdersSpec};
    use crm_core::{Context, Orders};
    use crm_tests::{batch, ints, optional_texts, texts, times};
    use proptest::collection::vec;
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
    use std::sync::Arc;

    proptest! {
        #![proptest_config(crm_tests::random_cases(300))]
        #[test]
        fn are_those_of_rows_without_them(lines in vec(line(), 0..10), who in 0..3_usize) {
            let spec = r#"{"currency": "JPY", "order_id": "order_id", "status": "status", "channel": "channel",
                "product": "product", "guests": "keep"}"#;
            let spec = OrdersSpec::parse(spec).unwrap();
            let context = Context::default();
            let read = |lines: &[Line]| Orders::from_batches(&spec, &[columns(lines)], None, &context);
            // The customer of an order is the one that its lines name; there are not two.
            let owner = |order: i64| lines.iter().filter(|l| l.0 == order).find_map(|l| l.1);
            let rest: Vec<Line> = lines.iter().filter(|l| owner(l.0) != Some(who)).cloned().collect();
            if let (Ok(all), Ok(expected)) = (read(&lines), read(&rest)) {
                let id = ["a", "b", "c"][who];
                let (left, receipt) = all.forget(&[id.into(), id.into()], &context).unwrap();
                prop_assert_eq!(receipt.rows as usize, lines.len() - rest.len());
                prop_assert_eq!(receipt.orders as usize, all.len() - expected.len());
                prop_assert_eq!(receipt.customers + receipt.unknown, 1);
                for asked in [r#"{"as_of": "2025-02-01"}"#, r#"{"as_of": "2025-02-01", "by": ["channel", "product"]}"#] {
                    prop_assert!(run("summary", &left, asked).unwrap() == run("summary", &expected, asked).unwrap());
                }
                prop_assert_eq!(reconciled(&left), reconciled(&expected));
            }
        }
    }

    #[test]
    fn leave_nothing_behind() {
        let spec = r#"{"currency": "JPY", "order_id": "order_id", "channel": "channel", "guests": "keep"}"#;
        let spec = OrdersSpec::parse(spec).unwrap();
        let rows = batch(&[
            (
                "customer_id",
                optional_texts(&[Some("hanako"), Some("taro-marker"), None, None]),
            ),
            (
                "ordered_at",
                times(&["2025-01-01", "2025-02-01", "2025-02-01", "2025-03-01"]),
            ),
            ("amount", ints(&[100, 200, 300, 400])),
            (
                "order_id",
                texts(&["o1", "order-marker", "order-marker", "o3"]),
            ),
            (
                "channel",
                texts(&["web", "channel-marker", "channel-marker", "web"]),
            ),
        ]);
        let people = batch(&[
            ("customer_id", texts(&["taro-marker", "jiro", "hanako"])),
            ("city", texts(&["city-marker", "Kyoto", "Kyoto"])),
            (
                "registered_at",
                texts(&["2024-01-01", "2024-02-01", "2024-03-01"]),
            ),
        ]);
        let context = Context::default();
        let customers =
            CustomersSpec::parse(r#"{"dimensions": ["city"], "registered_at": "registered_at"}"#);
        let people = Customers::from_batches(&customers.unwrap(), &[people], &context).unwrap();
        let orders =
            Orders::from_batches(&spec, &[rows], Some(Arc::new(people)), &context).unwrap();
        let marked = |orders: &Orders| {
            let bytes = orders.to_bytes().unwrap();
            // Short texts are packed into numbers, whose first byte stands last.
            let is_marker = |w: &&[u8]| matches!(*w, b"marker" | b"rekram");
            bytes.windows(6).filter(is_marker).count()
        };
        assert_eq!(marked(&orders), 5);
        let (left, receipt) = orders
            .forget(&["taro-marker".into(), "nobody".into()], &context)
            .unwrap();
        assert_eq!(marked(&left), 0);
        assert_eq!(
            (
                receipt.customers,
                receipt.unknown,
                receipt.orders,
                receipt.rows
            ),
            (1, 1, 1, 2)
        );
        assert_eq!(
            summary(&left, r#"{"as_of": "2025-06-30"}"#),
            super::super::rows(&[("hanako", 1, 100)])
        );
        // A guest's row stays, and so does a customer without an order.
        assert_eq!(
            (left.len(), left.customers().map(|table| table.len())),
            (2, Some(2))
        );
        assert_eq!(
            summary(&again(&left), ""),
            super::super::rows(&[("hanako", 1, 100)])
        );
        // Somebody of the customers table alone.
        let (left, receipt) = left.forget(&["jiro".into()], &context).unwrap();
        assert_eq!((receipt.customers, receipt.rows, left.len()), (1, 0, 2));
        let everybody = left.forget(&["hanako".into()], &context).unwrap().0;
        assert_eq!((everybody.len(), everybody.n_customers()), (1, 0));
        let view = orders
            .view(
                &serde_json::from_str(r#"{"channel": "web"}"#).unwrap(),
                None,
                &context,
            )
            .unwrap();
        assert!(view.forget(&[], &context).is_err());
        let error = orders
            .forget(&[7.into()], &context)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("ids of the type that came in, text"),
            "{error}"
        );
        // The policy stays.
        let policy = serde_json::from_str(r#"{"zero_value": false}"#).ok();
        let rows = batch(&[
            ("customer_id", texts(&["a", "b", "c"])),
            ("ordered_at", times(&["2025-01-01"; 3])),
            ("amount", ints(&[0, 5, 7])),
        ]);
        let shop = build(r#"{"currency": "JPY"}"#, &[rows]);
        let shop = shop.view(&Default::default(), policy, &context).unwrap();
        let (left, _) = shop.forget(&["c".into()], &context).unwrap();
        assert_eq!(summary(&left, ""), super::super::rows(&[("b", 1, 5)]));
        // Numbers between two ids are nobody's.
        let numbers = build(
            r#"{"currency": "JPY"}"#,
            &[batch(&[
                ("customer_id", ints(&[1, 4])),
                ("ordered_at", times(&["2025-01-01", "2025-02-01"])),
                ("amount", ints(&[100, 200])),
            ])],
        );
        let (left, receipt) = numbers.forget(&[2.into(), 4.into()], &context).unwrap();
        assert_eq!((receipt.customers, receipt.unknown, left.len()), (1, 1, 1));
    }
}

fn small() -> Vec<u8> {
    let spec =
        r#"{"currency": "JPY", "order_id": "order_id", "status": "status", "channel": "channel"}"#;
    let rows = batch(&[
        ("customer_id", texts(&["hanako", "taro", "hanako"])),
        (
            "ordered_at",
            times(&["2025-01-01", "2025-02-01", "2025-03-01"]),
        ),
        ("amount", ints(&[100, 200, 300])),
        ("order_id", ints(&[1, 2, 9_000])),
        ("status", texts(&["completed", "cancelled", "completed"])),
        ("channel", texts(&["web", "a shop with a long name", "web"])),
    ]);
    build(spec, &[rows]).to_bytes().unwrap()
}

pub(super) fn problem(bytes: &[u8]) -> String {
    match Orders::from_bytes(bytes, &Context::default()) {
        Err(error @ Error::State { .. }) => {
            assert_eq!(error.code(), ErrorCode::Data);
            error.to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn bytes_that_are_no_state_say_what_they_are() {
    let bytes = small();
    assert_eq!(problem(b""), "saved state: the bytes are no saved state");
    assert_eq!(
        problem(b"PK\x03\x04 a packed file"),
        "saved state: the bytes are no saved state"
    );
    for end in 0..bytes.len() {
        let problem = problem(&bytes[..end]);
        assert_eq!(
            problem.ends_with("end too early"),
            end >= 8,
            "{end}: {problem}"
        );
    }
    let longer = [&bytes[..], b"\n"].concat();
    assert_eq!(problem(&longer), "saved state: bytes follow after its end");
    let changed = |at: usize, to: u8| {
        let mut changed = bytes.clone();
        changed[at] = to;
        problem(&changed)
    };
    assert_eq!(
        changed(8, 9),
        "saved state: it is of format 9, this version reads format 1"
    );
    assert!(changed(12, 77).ends_with("not orders"));
    for (at, byte) in bytes.iter().enumerate().skip(24) {
        let found = changed(at, byte ^ 0x40);
        assert_eq!(
            found, "saved state: its checksum says that it was changed",
            "{at}"
        );
    }
}

/// Whoever makes a state by hand, with a right checksum, gets an error or orders that work.
#[test]
fn a_crafted_state_is_refused_or_works() {
    let bytes = small();
    let values = bytes.len() - 32;
    let (mut refused, mut taken) = (0, 0);
    for at in (24..values).step_by(2) {
        for to in [
            0,
            1,
            0x7f,
            0x80,
            0xff,
            bytes[at] ^ 1,
            bytes[at].wrapping_add(1),
        ] {
            let mut crafted = bytes[..values].to_vec();
            crafted[at] = to;
            let crafted = sealed(crafted);
            match Orders::from_bytes(&crafted, &Context::default()) {
                Ok(orders) => {
                    taken += 1;
                    for name in ["summary", "rfm"] {
                        let _ = run(name, &orders, r#"{"as_of": "2026-01-01"}"#);
                    }
                    let _ = orders.reconciliation(&Context::default());
                    let _ = orders.concat(&orders, &Context::default());
                }
                Err(error) => {
                    refused += 1;
                    assert!(!error.to_string().contains("hanako"));
                }
            }
        }
    }
    assert!(
        refused > 300 && taken > 300,
        "{refused} refused, {taken} taken"
    );
}

/// Some bytes of a sound state changed, with a right checksum.
fn damaged(sound: &[u8], changes: &[(u16, u8)]) -> Vec<u8> {
    let mut bytes = sound[..sound.len() - 32].to_vec();
    let values = bytes.len() - 24;
    for (at, to) in changes {
        bytes[24 + usize::from(*at) % values] = *to;
    }
    sealed(bytes)
}

fn people() -> Customers {
    let spec = r#"{"registered_at": "since", "opted_out": "out", "dimensions": ["city"]}"#;
    let columns = batch(&[
        (
            "customer_id",
            texts(&["hanako", "an id of more than fifteen bytes", "taro"]),
        ),
        (
            "since",
            optional_texts(&[Some("2024-01-01"), None, Some("2024-02-01")]),
        ),
        ("out", texts(&["true", "", "false"])),
        ("city", texts(&["Kyoto", "Kyoto", "a city"])),
    ]);
    let spec = CustomersSpec::parse(spec).unwrap();
    Customers::from_batches(&spec, &[columns], &Context::default()).unwrap()
}

proptest! {
    #![proptest_config(crm_tests::random_cases(2_000))]

    /// Several changed bytes may agree with each other where one would be noticed.
    #[test]
    fn damaged_states_are_refused_or_work(changes in vec((0..u16::MAX, 0..=255_u8), 1..6)) {
        let context = Context::default();
        if let Ok(orders) = Orders::from_bytes(&damaged(&small(), &changes), &context) {
            let _ = run("summary", &orders, r#"{"as_of": "2026-01-01"}"#);
            let _ = orders.append(&orders, Some(crm_core::data::OnRepeat::Replace), &context);
            let _ = orders.forget(&["hanako".into()], &context);
        }
        let table = people().to_bytes().unwrap();
        if let Ok(people) = Customers::from_bytes(&damaged(&table, &changes), &context) {
            let _ = people.forget(&["hanako".into()], &context);
            prop_assert!(people.to_bytes().is_ok());
        }
    }
}

/// A table of customers by itself: to bytes and back, and without some of them.
#[test]
fn customers_tables_are_saved_and_forget() {
    let context = Context::default();
    let table = people();
    let restored = Customers::from_bytes(&table.to_bytes().unwrap(), &context).unwrap();
    assert!(restored.to_bytes().unwrap() == table.to_bytes().unwrap());
    let forms = table.understood();
    assert!(restored.understood() == forms);
    assert_eq!((forms.len(), forms[0].column.as_str()), (1, "since"));
    let rows = batch(&[
        ("customer_id", texts(&["hanako", "taro"])),
        ("ordered_at", times(&["2025-01-01", "2025-02-01"])),
        ("amount", ints(&[100, 200])),
    ]);
    let spec = OrdersSpec::parse(r#"{"currency": "JPY"}"#).unwrap();
    let of = |people: Customers, asked: &str| {
        let people = Some(Arc::new(people));
        let orders =
            Orders::from_batches(&spec, std::slice::from_ref(&rows), people, &context).unwrap();
        super::summary(&orders, asked)
    };
    for asked in [
        r#"{"customers": {"opted_out": true}}"#,
        r#"{"customers": {"city": "Kyoto"}}"#,
        "{}",
    ] {
        let again = Customers::from_bytes(&table.to_bytes().unwrap(), &context).unwrap();
        assert_eq!(of(again, asked), of(people(), asked), "{asked}");
    }
    let (left, receipt) = table
        .forget(&["taro".into(), "nobody".into()], &context)
        .unwrap();
    assert_eq!((receipt.customers, receipt.unknown, left.len()), (1, 1, 2));
    assert!(!left.is_empty());
    let names = ["hanako", "taro", "an id of more than fifteen bytes"];
    let (none, _) = table.forget(&names.map(Into::into), &context).unwrap();
    assert!(none.is_empty());
    let bytes = left.to_bytes().unwrap();
    let is_gone = |w: &[u8]| matches!(w, b"taro" | b"orat" | b"a city" | b"ytic a");
    assert!(!bytes.windows(4).chain(bytes.windows(6)).any(is_gone));
    // Who was forgotten has an order, and is no longer in the table.
    assert_eq!(
        of(left, r#"{"customers": {"city": null}}"#),
        super::rows(&[("taro", 1, 200)])
    );
    assert!(table.forget(&[1.into()], &context).is_err());
    let error = Customers::from_bytes(&small(), &context).unwrap_err();
    assert_eq!(
        error.to_string(),
        "saved state: it holds orders, not customers"
    );
}
