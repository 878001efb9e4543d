//! Orders under the ids of persons are those of rows that have these ids.

use super::{reconciled, run};
use crm_core::columns::{Batch, ColumnData};
use crm_core::data::{Customers, CustomersSpec, OrdersSpec};
use crm_core::{Context, ErrorCode, Orders, Table};
use crm_tests::{batch, ints, optional_ints, optional_texts, texts, times};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Ids of people in one of three forms.
fn ids(form: usize, people: &[Option<u8>]) -> ColumnData {
    if form == 0 {
        let numbers: Vec<Option<i64>> = people.iter().map(|p| p.map(i64::from)).collect();
        return optional_ints(&numbers);
    }
    let name = |p: u8| match form {
        1 => format!("c{p}"),
        _ => format!("an id of more than fifteen bytes {p}"),
    };
    let names: Vec<Option<String>> = people.iter().map(|p| p.map(name)).collect();
    optional_texts(&names.iter().map(Option::as_deref).collect::<Vec<_>>())
}

/// Order, customer, day, amount.
type Row = (i64, Option<u8>, u32, i64);

/// Id, day of registration, whether they have opted out, rank.
type Person = (u8, Option<u32>, bool, Option<u8>);

fn columns(form: usize, rows: &[Row]) -> Batch {
    let days: Vec<String> = rows.iter().map(|r| format!("2025-01-{:02}", r.2)).collect();
    batch(&[
        (
            "order_id",
            ints(&rows.iter().map(|r| r.0).collect::<Vec<_>>()),
        ),
        (
            "customer_id",
            ids(form, &rows.iter().map(|r| r.1).collect::<Vec<_>>()),
        ),
        (
            "ordered_at",
            times(&days.iter().map(String::as_str).collect::<Vec<_>>()),
        ),
        (
            "amount",
            ints(&rows.iter().map(|r| r.3).collect::<Vec<_>>()),
        ),
    ])
}

fn customers(form: usize, people: &[Person]) -> Arc<Customers> {
    let days: Vec<Option<String>> = (people.iter())
        .map(|p| p.1.map(|day| format!("2024-12-{day:02}")))
        .collect();
    let ranks: Vec<Option<String>> = people
        .iter()
        .map(|p| p.3.map(|r| format!("r{r}")))
        .collect();
    let shown = |cells: &[Option<String>]| {
        optional_texts(&cells.iter().map(Option::as_deref).collect::<Vec<_>>())
    };
    let columns = batch(&[
        (
            "customer_id",
            ids(form, &people.iter().map(|p| Some(p.0)).collect::<Vec<_>>()),
        ),
        ("since", shown(&days)),
        (
            "out",
            ints(&people.iter().map(|p| i64::from(p.2)).collect::<Vec<_>>()),
        ),
        ("rank", shown(&ranks)),
    ]);
    let spec = r#"{"registered_at": "since", "opted_out": "out", "dimensions": ["rank"]}"#;
    let spec = CustomersSpec::parse(spec).unwrap();
    Arc::new(Customers::from_batches(&spec, &[columns], &Context::default()).unwrap())
}

/// The rows of a table of customers under the ids of persons, by the words of the documentation.
fn merged(people: &[Person], person: impl Fn(u8) -> u8) -> Vec<Person> {
    let mut of: BTreeMap<u8, Vec<Person>> = BTreeMap::new();
    for one in people {
        of.entry(person(one.0)).or_default().push(*one);
    }
    let row = |(id, rows): (u8, Vec<Person>)| {
        let own = rows.iter().find(|row| row.0 == id);
        let least = rows.iter().min_by_key(|row| row.0);
        let rank = own.or(least).and_then(|row| row.3);
        let first = rows.iter().filter_map(|row| row.1).min();
        (id, first, rows.iter().any(|row| row.2), rank)
    };
    of.into_iter().map(row).collect()
}

fn persons(form: usize, of: &BTreeMap<u8, u8>) -> Table {
    let records: Vec<Option<u8>> = of.keys().copied().map(Some).collect();
    let persons: Vec<Option<u8>> = of.values().copied().map(Some).collect();
    let columns = batch(&[
        ("record_id", ids(form, &records)),
        ("person_id", ids(form, &persons)),
    ]);
    Table::from_batch(&columns, &Context::default()).unwrap()
}

proptest! {
    #![proptest_config(crm_tests::random_cases(200))]

    #[test]
    fn orders_of_persons_are_those_of_rows_with_their_ids(
        rows in vec((0..9_i64, option::weighted(0.9, 0..6_u8), 1..28_u32, 0..900_i64), 0..14),
        people in vec((0..9_u8, option::weighted(0.7, 1..28_u32), proptest::bool::weighted(0.3), option::weighted(0.7, 0..3_u8)), 0..8),
        joined in vec((0..8_u8, 0..9_u8), 0..6),
        form in 0..3_usize,
        with_ids: bool,
        with_table: bool,
    ) {
        let context = Context::default();
        let id = match with_ids { true => r#""order_id": "order_id","#, false => "" };
        let spec = OrdersSpec::parse(&format!(r#"{{"currency": "JPY", {id} "guests": "keep"}}"#)).unwrap();
        // Lines of one order agree on their customer.
        let of_order = |order: i64| rows.iter().filter(|r| r.0 == order).find_map(|r| r.1);
        let rows: Vec<Row> = rows.iter().map(|r| match with_ids {
            true => (r.0, r.1.and(of_order(r.0)), r.2, r.3),
            false => *r,
        }).collect();
        let people: Vec<Person> = people.iter().map(|p| (p.0, *p)).collect::<BTreeMap<_, _>>().into_values().rev().collect();
        let joined: BTreeMap<u8, u8> = joined.into_iter().collect();
        let person = |of: u8| joined.get(&of).copied().unwrap_or(of);
        let table = |people: &[Person]| with_table.then(|| customers(form, people));
        let read = |rows: &[Row], people: &[Person]| {
            Orders::from_batches(&spec, &[columns(form, rows)], table(people), &context).unwrap()
        };
        let moved = read(&rows, &people).with_persons(&persons(form, &joined), &context);
        let moved = moved.unwrap();
        let renamed: Vec<Row> = rows.iter().map(|r| (r.0, r.1.map(person), r.2, r.3)).collect();
        let expected = read(&renamed, &merged(&people, person));
        prop_assert_eq!((moved.len(), moved.n_customers()), (expected.len(), expected.n_customers()));
        prop_assert_eq!(moved.customers().map(|t| t.len()), expected.customers().map(|t| t.len()));
        prop_assert_eq!(reconciled(&moved), reconciled(&expected));
        for (name, asked) in [
            ("segment", r#"{"as_of": "2025-02-01"}"#),
            ("summary", r#"{"as_of": "2025-02-01"}"#),
            ("summary", r#"{"as_of": "2025-02-01", "by": ["rank"]}"#),
            ("summary", r#"{"as_of": "2025-02-01", "customers": {"rank": ["r0", null]}}"#),
            ("summary", r#"{"as_of": "2025-02-01", "customers": {"opted_out": true}}"#),
            ("segment", r#"{"as_of": "2025-02-01", "customers": {"registered_at": {"from": "2024-12-09", "to": "2024-12-19"}}}"#),
        ] {
            match (run(name, &moved, asked), run(name, &expected, asked)) {
                (Ok(one), Ok(other)) => prop_assert!(one == other, "{} {}", name, asked),
                (one, other) => prop_assert_eq!(one.unwrap_err().to_string(), other.unwrap_err().to_string()),
            }
        }
    }
}

/// A table of persons names each record once, and every cell.
#[test]
fn what_is_no_table_of_persons_is_refused() {
    let context = Context::default();
    let orders = Orders::from_batches(
        &OrdersSpec::parse(r#"{"currency": "JPY", "guests": "keep"}"#).unwrap(),
        &[columns(1, &[(1, Some(0), 1, 5), (2, Some(1), 2, 7)])],
        None,
        &context,
    )
    .unwrap();
    let refused = |records: ColumnData, persons: ColumnData, says: &str| {
        let table = batch(&[("record_id", records), ("person_id", persons)]);
        let table = Table::from_batch(&table, &context).unwrap();
        let error = orders
            .with_persons(&table, &context)
            .map(|_| ())
            .expect_err(says);
        assert!(error.to_string().contains(says), "{error}");
        error.row()
    };
    let two = || texts(&["c0", "c1"]);
    let hole = || optional_texts(&[Some("c0"), None]);
    assert_eq!(refused(hole(), two(), "column `record_id`, row 1"), Some(1));
    assert_eq!(refused(two(), hole(), "column `person_id`, row 1"), Some(1));
    assert_eq!(
        refused(texts(&["c0", "c0"]), two(), "two persons for one record"),
        Some(1)
    );
    refused(two(), ints(&[1, 2]), "column `person_id`");
    refused(ints(&[1, 2]), two(), "column `record_id`");
    refused(
        crm_tests::floats(&[1.0, 2.0]),
        two(),
        "ids: texts, whole numbers or bytes",
    );
    let filter = |text: &str| serde_json::from_str(text).unwrap();
    let part = orders
        .view(&filter(r#"{"customer_id": "c0"}"#), None, &context)
        .unwrap();
    let joined = persons(1, &BTreeMap::from([(0, 1)]));
    let error = part
        .with_persons(&joined, &context)
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::Option);
    // Nobody is joined: nothing changes.
    let nobody = persons(1, &BTreeMap::new());
    let same = orders.with_persons(&nobody, &context).unwrap();
    assert_eq!((same.len(), same.n_customers()), (2, 2));
    // The policy stays.
    let strict = serde_json::from_str(r#"{"zero_value": false}"#).ok();
    let free = columns(1, &[(1, Some(0), 1, 0), (2, Some(1), 2, 7)]);
    let spec = OrdersSpec::parse(r#"{"currency": "JPY", "guests": "keep"}"#).unwrap();
    let orders = Orders::from_batches(&spec, &[free], None, &context).unwrap();
    let orders = orders.view(&Default::default(), strict, &context).unwrap();
    let moved = orders.with_persons(&joined, &context).unwrap();
    assert_eq!(super::summary(&moved, ""), super::rows(&[("c1", 1, 7)]));
}
