//! Orders to which more come, one part at a time, and the orders of one customer out of many.

use super::{build, run};
use crm_core::columns::Batch;
use crm_core::data::{Customers, CustomersSpec, GrowingOrders, OnRepeat, OrdersSpec};
use crm_core::{Context, Dataset, Orders, Table, register};
use crm_tests::{STORE, batch, ints, optional_texts, rows, store, take, texts, times};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};
use std::sync::Arc;

/// Order, customer, day, amount, product.
type Line = (i64, Option<u8>, u32, i64, u8);

fn line() -> impl Strategy<Value = Line> {
    (
        0..400_i64,
        option::weighted(0.9, 0..6_u8),
        1..28_u32,
        0..900_i64,
        0..3_u8,
    )
}

fn columns(lines: &[Line], long: bool) -> Batch {
    let name = |of: Option<u8>| {
        of.map(|c| format!("{}{c}", ["c", "a long customer id "][usize::from(long)]))
    };
    let names: Vec<Option<String>> = lines.iter().map(|l| name(l.1)).collect();
    let days: Vec<String> = lines
        .iter()
        .map(|l| format!("2025-01-{:02}T10:00", l.2))
        .collect();
    let days: Vec<&str> = days.iter().map(String::as_str).collect();
    let products: Vec<String> = lines.iter().map(|l| format!("p{}", l.4)).collect();
    batch(&[
        (
            "order_id",
            ints(&lines.iter().map(|l| l.0 * 7).collect::<Vec<_>>()),
        ),
        (
            "customer_id",
            optional_texts(&names.iter().map(Option::as_deref).collect::<Vec<_>>()),
        ),
        ("ordered_at", times(&days)),
        (
            "amount",
            ints(&lines.iter().map(|l| l.3).collect::<Vec<_>>()),
        ),
        ("product", texts(&products)),
    ])
}

/// The same rows, whatever was asked.
fn same_cells(one: &Table, other: &Table) -> bool {
    one.len() == other.len()
        && (one.columns().iter().zip(other.columns())).all(|(a, b)| {
            a.name() == b.name() && (0..one.len()).all(|row| a.cell(row) == b.cell(row))
        })
}

const ASKED: [(&str, &str); 3] = [
    ("summary", r#"{"as_of": "2025-03-01"}"#),
    ("rfm", r#"{"as_of": "2025-03-01"}"#),
    ("summary", r#"{"as_of": "2025-03-01", "by": ["product"]}"#),
];

proptest! {
    #![proptest_config(crm_tests::random_cases(120))]

    /// Parts that are put together when they are asked for are what `append` makes at once; a customer's orders are
    /// those of an import of the customer's rows.
    #[test]
    fn parts_are_put_together_when_they_are_asked_for(
        days in vec(vec(line(), 0..4), 1..90),
        with_ids: bool,
        long: bool,
        looked in 0..90_usize,
    ) {
        let context = Context::default();
        let id = match with_ids { true => r#""order_id": "order_id","# , false => "" };
        let spec = format!(r#"{{"currency": "JPY", {id} "guests": "keep", "product": "product"}}"#);
        let spec = OrdersSpec::parse(&spec).unwrap();
        let read = |lines: &[Line]| Orders::from_batches(&spec, &[columns(lines, long)], None, &context);
        // Lines of one order agree on their customer.
        let days: Vec<Vec<Line>> = days.iter().map(|day| {
            day.iter().map(|l| (l.0, l.1.map(|_| (l.0 % 6) as u8), l.2, l.3, l.4)).collect()
        }).collect();
        let on_repeat = with_ids.then_some(OnRepeat::Replace);
        let mut at_once = read(&days[0]).unwrap();
        let mut growing = GrowingOrders::from(at_once.clone());
        for (at, day) in days[1..].iter().enumerate() {
            let more = read(day).unwrap();
            let (next, one) = growing.append(&more, on_repeat, &context).unwrap();
            let (whole, other) = at_once.append(&more, on_repeat, &context).unwrap();
            prop_assert_eq!(one, other);
            (growing, at_once) = (next, whole);
            if at == looked {
                prop_assert_eq!(growing.whole(&context).unwrap().len(), at_once.len());
            }
        }
        let day = r#"{"as_of": "2025-03-01"}"#;
        let everybody = run("summary", &at_once, day).unwrap();
        for who in 0..7_u8 {
            let name = format!("{}{who}", ["c", "a long customer id "][usize::from(long)]);
            let theirs = growing.of_customers(&[name.as_str().into(), name.as_str().into()], &context).unwrap();
            prop_assert_eq!(theirs.last_date(), at_once.last_date());
            let only = format!(r#"{{"as_of": "2025-03-01", "customers": {{"customer_id": "{name}"}}}}"#);
            let expected = run("summary", &at_once, &only).unwrap();
            let found = run("summary", &theirs, day).unwrap();
            prop_assert!(same_cells(&found, &expected), "{}", name);
        }
        let put_together = run("summary", &growing.whole(&context).unwrap(), day).unwrap();
        prop_assert!(put_together == everybody);
        for (name, asked) in ASKED {
            let (one, other) = (run(name, &growing.whole(&context).unwrap(), asked), run(name, &at_once, asked));
            match (one, other) {
                (Ok(one), Ok(other)) => prop_assert!(one == other && one.notes() == other.notes(), "{} {}", name, asked),
                (one, other) => prop_assert_eq!(one.unwrap_err().to_string(), other.unwrap_err().to_string()),
            }
        }
    }
}

/// Whatever an analysis of single customers says of one of them with a document of `learn`, it says of that
/// customer's orders alone.
#[test]
fn the_card_of_a_customer_needs_the_orders_of_that_customer_alone() {
    let context = Context::default();
    let all = store(300, 5);
    let n = rows(&all);
    let spec = OrdersSpec::parse(STORE).unwrap();
    let part = |range: std::ops::Range<usize>| {
        let rows = take(&all, &range.collect::<Vec<_>>());
        Orders::from_batches(&spec, &[rows], None, &context).unwrap()
    };
    let whole = part(0..n);
    let day = whole.last_date().unwrap();
    let learned = run("learn", &whole, &format!(r#"{{"as_of": "{day}"}}"#)).unwrap();
    let document = learned.notes()["learned"].clone();
    let asked = format!(r#"{{"as_of": "{day}", "learned": {document}}}"#);
    let mut growing = GrowingOrders::from(part(0..n - 200));
    for row in n - 200..n {
        let on_repeat = Some(OnRepeat::Add);
        growing = growing
            .append(&part(row..row + 1), on_repeat, &context)
            .unwrap()
            .0;
    }
    let everybody = run("customer", &whole, &asked).unwrap();
    let ids = crm_tests::words(&everybody, "customer_id");
    for id in ids.iter().flatten().step_by(17) {
        let value = id
            .parse::<i64>()
            .map_or_else(|_| id.as_str().into(), Into::into);
        let theirs = growing.of_customers(&[value], &context).unwrap();
        let card = register::run("customer", &Dataset::Orders(&theirs), &asked, &context).unwrap();
        let at = ids
            .iter()
            .position(|other| other.as_ref() == Some(id))
            .unwrap();
        assert!(
            same_cells(&card, &everybody.take(&[at]).unwrap()),
            "row {at}"
        );
    }
}

/// Ids of every form are found, and what is not there is not.
#[test]
fn customers_of_every_type_of_id_are_found() {
    let context = Context::default();
    let uuid = "00000000-0000-4000-8000-000000000002";
    let forms = [
        (ints(&[1, 2, 3]), 2.into(), 4.into()),
        (ints(&[-5, i64::MAX, 0]), i64::MAX.into(), 7.into()),
        (texts(&["a", "b", "c"]), "b".into(), "bb".into()),
        (
            texts(&["a", "an id of more than fifteen bytes", "c"]),
            "an id of more than fifteen bytes".into(),
            "an id of more than sixteen bytes".into(),
        ),
        (
            texts(&[
                "00000000-0000-4000-8000-000000000001",
                uuid,
                "00000000-0000-4000-8000-000000000003",
            ]),
            uuid.into(),
            "b".into(),
        ),
    ];
    for (ids, known, unknown) in forms {
        let orders = build(
            r#"{"currency": "JPY"}"#,
            &[batch(&[
                ("customer_id", ids),
                (
                    "ordered_at",
                    times(&["2025-01-01", "2025-01-02", "2025-01-03"]),
                ),
                ("amount", ints(&[1, 20, 300])),
            ])],
        );
        let orders = GrowingOrders::from(orders);
        let found = orders.of_customers(&[known, unknown], &context).unwrap();
        assert_eq!(
            crm_tests::numbers(&run("summary", &found, "{}").unwrap(), "revenue"),
            [Some(20)]
        );
        let error = orders
            .of_customers(&[true.into()], &context)
            .map(|_| ())
            .unwrap_err();
        assert!(
            error.to_string().contains("ids of the type that came in"),
            "{error}"
        );
    }
}

/// Rows of the customers table go with their customers.
#[test]
fn the_customers_table_has_their_rows() {
    let context = Context::default();
    let people = batch(&[
        ("customer_id", texts(&["a", "b", "c"])),
        ("rank", texts(&["gold", "tin", "tin"])),
    ]);
    let spec = CustomersSpec::parse(r#"{"dimensions": ["rank"]}"#).unwrap();
    let people = Customers::from_batches(&spec, &[people], &context).unwrap();
    let columns = batch(&[
        ("customer_id", texts(&["a", "b"])),
        ("ordered_at", times(&["2025-01-01"; 2])),
        ("amount", ints(&[1, 2])),
    ]);
    let spec = OrdersSpec::parse(r#"{"currency": "JPY"}"#).unwrap();
    let more = Orders::from_batches(&spec, std::slice::from_ref(&columns), None, &context).unwrap();
    let orders = Orders::from_batches(&spec, &[columns], Some(Arc::new(people)), &context).unwrap();
    let orders = GrowingOrders::from(orders)
        .append(&more, None, &context)
        .unwrap()
        .0;
    for (ids, expected, table) in [
        (vec!["a"], vec![("a", 2, 2)], 1),
        (vec!["b", "c"], vec![("b", 2, 4)], 2),
        (vec!["nobody"], vec![], 0),
    ] {
        let ids: Vec<serde_json::Value> = ids.into_iter().map(Into::into).collect();
        let theirs = orders.of_customers(&ids, &context).unwrap();
        assert_eq!(super::summary(&theirs, "{}"), super::rows(&expected));
        assert_eq!(theirs.customers().map(|t| t.len()), Some(table));
        let gold = super::summary(&theirs, r#"{"where": {"rank": "gold"}}"#);
        assert_eq!(
            gold.len(),
            usize::from(expected.len() == 1 && expected[0].0 == "a")
        );
    }
    let filter = serde_json::from_str(r#"{"customer_id": "a"}"#).unwrap();
    let whole = orders.whole(&context).unwrap();
    let view = GrowingOrders::from(whole.view(&filter, None, &context).unwrap());
    assert!(view.of_customers(&["a".into()], &context).is_err());
}

/// Orders, and more that were read otherwise or not.
fn beside() -> Vec<(Orders, Orders)> {
    let context = Context::default();
    let two = |ids: [i64; 2], zone: &str| {
        batch(&[
            ("order_id", ints(&ids)),
            ("customer_id", texts(&["a", "b"])),
            (
                "ordered_at",
                times(
                    &["2025-01-01", "2025-01-02"]
                        .map(|day| format!("{day}T10:00{zone}"))
                        .each_ref()
                        .map(String::as_str),
                ),
            ),
            ("amount", ints(&[0, 5])),
            ("product", texts(&["tea", "pot"])),
        ])
    };
    let number = |name: &str, rows: &Batch| -> Batch {
        let cell = |(of, column): &(String, crm_core::columns::ColumnData)| match of == name {
            true => (of.clone(), ints(&[70, 71])),
            false => (of.clone(), column.clone()),
        };
        rows.iter().map(cell).collect()
    };
    let with_ids = r#"{"currency": "JPY", "order_id": "order_id", "product": "product"}"#;
    let without = r#"{"currency": "JPY", "product": "product"}"#;
    let read = |spec: &str, rows: Batch| build(spec, &[rows]);
    let filter = |text: &str| serde_json::from_str(text).unwrap();
    let strict = || serde_json::from_str(r#"{"zero_value": false}"#).ok();
    let people = || {
        let rows = batch(&[("customer_id", texts(&["a"])), ("rank", texts(&["gold"]))]);
        let spec = CustomersSpec::parse(r#"{"dimensions": ["rank"]}"#).unwrap();
        Arc::new(Customers::from_batches(&spec, &[rows], &context).unwrap())
    };
    let of_people = |spec: &str, rows: Batch| {
        let spec = OrdersSpec::parse(spec).unwrap();
        Orders::from_batches(&spec, &[rows], Some(people()), &context).unwrap()
    };
    let view =
        |orders: Orders, text: &str, policy| orders.view(&filter(text), policy, &context).unwrap();
    let held = read(with_ids, two([1, 2], ""));
    let bare = read(without, two([1, 2], ""));
    let dropping = r#"{"currency": "JPY", "product": "product", "repeated_rows": "drop"}"#;
    let none: Vec<usize> = Vec::new();
    let more = || read(with_ids, two([3, 4], ""));
    let cases = [
        (held.clone(), more()),
        (held.clone(), read(with_ids, two([2, 4], ""))),
        (
            held.clone(),
            read(&with_ids.replace("JPY", "USD"), two([3, 4], "")),
        ),
        (
            held.clone(),
            read(with_ids, number("customer_id", &two([3, 4], ""))),
        ),
        (
            held.clone(),
            read(with_ids, number("product", &two([3, 4], ""))),
        ),
        (
            held.clone(),
            read(
                with_ids,
                batch(&[
                    ("order_id", texts(&["x"])),
                    ("customer_id", texts(&["a"])),
                    ("ordered_at", times(&["2025-01-03"])),
                    ("amount", ints(&[1])),
                    ("product", texts(&["tea"])),
                ]),
            ),
        ),
        (held.clone(), read(with_ids, two([3, 4], "+09:00"))),
        (held.clone(), read(with_ids, take(&two([3, 4], ""), &none))),
        (read(with_ids, take(&two([3, 4], ""), &none)), more()),
        (held.clone(), view(more(), r#"{"customer_id": "a"}"#, None)),
        (view(held.clone(), r#"{"customer_id": "a"}"#, None), more()),
        (held.clone(), view(more(), "{}", strict())),
        (view(held.clone(), "{}", strict()), more()),
        (
            view(held.clone(), "{}", strict()),
            view(more(), "{}", strict()),
        ),
        (held.clone(), of_people(with_ids, two([3, 4], ""))),
        (of_people(with_ids, two([1, 2], "")), more()),
        (bare.clone(), bare.clone()),
        (
            read(dropping, two([1, 2], "")),
            read(dropping, two([1, 2], "")),
        ),
    ];
    let zoned = |zone: &str, order: i64| {
        let at = crm_core::columns::ColumnValues::Time {
            values: vec![1_735_689_600_000_000 + order].into(),
            unit: crm_core::columns::TimeUnit::Microsecond,
            zone: Some(zone.to_owned()),
        };
        let columns = batch(&[
            ("order_id", ints(&[order])),
            ("customer_id", texts(&["a"])),
            ("ordered_at", at.into()),
            ("amount", ints(&[1])),
            ("product", texts(&["tea"])),
        ]);
        read(with_ids, columns)
    };
    let (tokyo, berlin) = (zoned("Asia/Tokyo", 1), zoned("Europe/Berlin", 2));
    let nobody = read(with_ids, take(&two([3, 4], ""), &none));
    cases
        .into_iter()
        .chain([
            (tokyo.clone(), zoned("Asia/Tokyo", 3)),
            (tokyo.clone(), berlin),
            (tokyo.clone(), nobody.clone()),
            (nobody, tokyo),
        ])
        .collect()
}

/// What `append` refuses or makes of orders that were read otherwise, parts refuse or make as well, at once.
#[test]
fn parts_are_refused_as_whole_orders_are() {
    let context = Context::default();
    let (mut refused, mut zones) = (0, 0);
    for (at, (held, more)) in beside().iter().enumerate() {
        if held.is_empty() {
            let theirs = GrowingOrders::from(held.clone()).of_customers(&["a".into()], &context);
            assert!(theirs.unwrap().is_empty());
        }
        for on_repeat in [
            None,
            Some(OnRepeat::Refuse),
            Some(OnRepeat::Replace),
            Some(OnRepeat::First),
            Some(OnRepeat::Add),
        ] {
            let growing = GrowingOrders::from(held.clone()).append(more, on_repeat, &context);
            match (growing, held.append(more, on_repeat, &context)) {
                (Ok((parts, said)), Ok((whole, expected))) => {
                    let day = r#"{"as_of": "2025-03-01"}"#;
                    let theirs = parts.of_customers(&["a".into()], &context).unwrap();
                    let only = r#"{"as_of": "2025-03-01", "customers": {"customer_id": "a"}}"#;
                    let (found, own) = (run("summary", &theirs, day), run("summary", &whole, only));
                    assert!(
                        same_cells(&found.unwrap(), &own.unwrap()),
                        "{at} {on_repeat:?}"
                    );
                    let parts = parts.whole(&context).unwrap();
                    assert_eq!(said, expected, "{at} {on_repeat:?}");
                    assert_eq!(
                        super::reconciled(&parts),
                        super::reconciled(&whole),
                        "{at} {on_repeat:?}"
                    );
                    let asked = r#"{"as_of": "2025-03-01", "by": ["product"]}"#;
                    assert!(
                        run("summary", &parts, asked).unwrap()
                            == run("summary", &whole, asked).unwrap(),
                        "{at}"
                    );
                    assert_eq!(
                        (parts.zone(), parts.last_date()),
                        (whole.zone(), whole.last_date())
                    );
                }
                (parts, whole) => {
                    let of_zone = |error: &crm_core::Error| error.option_name() == Some("timezone");
                    zones += usize::from(whole.as_ref().is_err_and(of_zone));
                    let said = |error: crm_core::Error| error.to_string();
                    let (parts, whole) = (
                        parts.map(|_| ()).map_err(said),
                        whole.map(|_| ()).map_err(said),
                    );
                    assert_eq!(parts, whole, "{at} {on_repeat:?}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 20 && zones > 0, "{refused} {zones}");
}

/// Small parts are put together by 32, these again; the import stays by itself.
#[test]
fn there_are_never_many_parts() {
    let context = Context::default();
    let spec = r#"{"currency": "JPY", "order_id": "order_id"}"#;
    let one = |order: i64| {
        let columns = batch(&[
            ("order_id", ints(&[order])),
            ("customer_id", texts(&["a"])),
            ("ordered_at", times(&["2025-01-01"])),
            ("amount", ints(&[1])),
        ]);
        build(spec, &[columns])
    };
    let mut growing = GrowingOrders::from(one(0));
    for order in 1..=1_056 {
        growing = growing.append(&one(order), None, &context).unwrap().0;
        let (small, rest) = (order % 32, order / 32);
        let parts = 1 + small + rest % 32 + rest / 32;
        assert_eq!(
            format!("{growing:?}"),
            format!("GrowingOrders({parts} parts)"),
            "{order}"
        );
    }
    assert!(growing.ready().is_none());
    assert_eq!(growing.whole(&context).unwrap().len(), 1_057);
    assert_eq!(growing.ready().map(|orders| orders.len()), Some(1_057));
}

/// Each order has the day of its own offset, whatever part it came in and whichever part is the earliest.
#[test]
fn days_of_parts_are_those_of_their_zone() {
    let context = Context::default();
    let spec = r#"{"currency": "EUR", "order_id": "order_id", "timezone": "Europe/Berlin"}"#;
    // 22:30 in Greenwich is the next day in summer, and not in winter.
    let months = ["2025-07", "2025-01", "2025-04", "2024-12", "2025-12"];
    let part = |at: usize| {
        let columns = batch(&[
            ("order_id", ints(&[at as i64])),
            ("customer_id", texts(&[format!("c{at}")])),
            (
                "ordered_at",
                texts(&[format!("{}-10T22:30:00Z", months[at])]),
            ),
            ("amount", ints(&[1])),
        ]);
        build(spec, &[columns])
    };
    for first in 0..months.len() {
        let order: Vec<usize> = (0..months.len())
            .map(|at| (first + at) % months.len())
            .collect();
        let mut growing = GrowingOrders::from(part(order[0]));
        for at in &order[1..] {
            growing = growing.append(&part(*at), None, &context).unwrap().0;
        }
        let days = |orders: &Orders| {
            let table = run("summary", orders, "{}").unwrap();
            let names = crm_tests::words(&table, "customer_id")
                .into_iter()
                .flatten();
            let days = crm_tests::numbers(&table, "last_date")
                .into_iter()
                .flatten();
            names.zip(days).collect::<Vec<_>>()
        };
        let expected: Vec<(String, i64)> = (0..months.len())
            .map(|at| {
                let day = if matches!(at, 0 | 2) { 11 } else { 10 };
                let day: crm_core::Day = format!("{}-{day}", months[at]).parse().unwrap();
                (format!("c{at}"), i64::from(day.0))
            })
            .collect();
        assert_eq!(days(&growing.whole(&context).unwrap()), expected, "{first}");
        for (name, day) in expected {
            let theirs = growing
                .of_customers(&[name.as_str().into()], &context)
                .unwrap();
            assert_eq!(days(&theirs), [(name, day)], "{first}");
        }
    }
}
