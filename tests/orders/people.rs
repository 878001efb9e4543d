//! Customers of a table, customers whom it does not name, and guests; what a definition says of dates.

use super::{rows, run, summary};
use crm_core::data::{Customers, CustomersSpec, OrdersSpec};
use crm_core::{Context, Orders};
use crm_tests::{batch, ints, numbers, optional_texts, texts, times};
use std::sync::Arc;

/// Orders of a, b, c and of a guest; of the customers a has opted out and is gold, b is tin.
fn shop() -> Orders {
    let context = Context::default();
    let people = batch(&[
        ("customer_id", texts(&["b", "a", "d"])),
        ("out", texts(&["false", "true", "true"])),
        ("rank", texts(&["tin", "gold", "gold"])),
    ]);
    let spec = r#"{"opted_out": "out", "dimensions": ["rank"]}"#;
    let spec = CustomersSpec::parse(spec).expect("a spec");
    let people = Customers::from_batches(&spec, &[people], &context).expect("customers");
    let columns = batch(&[
        (
            "customer_id",
            optional_texts(&[Some("a"), Some("b"), Some("c"), None]),
        ),
        (
            "ordered_at",
            times(&["2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04"]),
        ),
        ("amount", ints(&[1, 2, 4, 8])),
        ("channel", texts(&["app", "mail", "tv", "web"])),
    ]);
    let spec = r#"{"currency": "JPY", "channel": "channel", "guests": "keep"}"#;
    let spec = OrdersSpec::parse(spec).expect("a spec");
    Orders::from_batches(&spec, &[columns], Some(Arc::new(people)), &context).expect("orders")
}

fn revenue(request: &str) -> i64 {
    let table = run("monthly", &shop(), request).expect(request);
    let column = |name: &str| numbers(&table, name).into_iter().flatten().sum::<i64>();
    column("revenue")
}

/// Who is in no table has not opted out and has no rank; a guest is no customer.
#[test]
fn conditions_on_customers_are_met_by_customers_alone() {
    for (condition, people, all) in [
        (r#""opted_out": true"#, vec![("a", 1, 1)], 1),
        (r#""opted_out": false"#, vec![("b", 1, 2), ("c", 1, 4)], 6),
        (r#""out": true"#, vec![("a", 1, 1)], 1),
        (r#""rank": "gold""#, vec![("a", 1, 1)], 1),
        (
            r#""rank": ["gold", "tin"]"#,
            vec![("a", 1, 1), ("b", 1, 2)],
            3,
        ),
        (r#""rank": null"#, vec![("c", 1, 4)], 4),
    ] {
        let of = |key: &str| format!(r#"{{"{key}": {{{condition}}}}}"#);
        let shown: Vec<_> = rows(&people);
        let with_orders = |found: Vec<(String, i64, i64)>| -> Vec<_> {
            found
                .into_iter()
                .filter(|(_, orders, _)| *orders > 0)
                .collect()
        };
        assert_eq!(
            with_orders(summary(&shop(), &of("where"))),
            shown,
            "{condition}"
        );
        assert_eq!(
            with_orders(summary(&shop(), &of("customers"))),
            shown,
            "{condition}"
        );
        assert_eq!(revenue(&of("where")), all, "{condition}");
    }
    assert_eq!(revenue("{}"), 15);
}

/// Texts between two texts, both included, in the order of their bytes.
#[test]
fn ranges_of_texts_hold_both_ends() {
    for (range, expected) in [
        (r#""from": "mail", "to": "tv""#, 2 + 4),
        (r#""from": "mail""#, 2 + 4 + 8),
        (r#""to": "mail""#, 1 + 2),
        (r#""from": "mail", "to": "mail""#, 2),
        (r#""from": "n", "to": "tu""#, 0),
        (r#""from": "maila", "to": "u""#, 4),
    ] {
        let request = format!(r#"{{"where": {{"channel": {{{range}}}}}}}"#);
        assert_eq!(revenue(&request), expected, "{range}");
    }
}

/// A definition has the dates that were used.
#[test]
fn definitions_say_which_dates_were_used() {
    for (asked, used) in [
        ("{}", r#""as_of":"2025-01-04""#),
        (r#"{"as_of": "2025-01-02"}"#, r#""as_of":"2025-01-02""#),
        (
            r#"{"as_of": ["2025-01-03", "2025-01-02"]}"#,
            r#""as_of":["2025-01-03","2025-01-02"]"#,
        ),
        (r#"{"as_of": ["2025-01-02"]}"#, r#""as_of":["2025-01-02"]"#),
    ] {
        let table = run("summary", &shop(), asked).expect(asked);
        let definition = table.definition().expect("a definition").json();
        assert!(definition.contains(used), "{asked}: {definition}");
    }
}

/// Tables of customers say the same if each column does; ids and days of registration are columns as well.
#[test]
fn customers_tables_that_differ_in_one_column_differ() {
    use crm_core::data::{Customers, CustomersSpec, OrdersSpec};
    use std::sync::Arc;
    let context = Context::default();
    let of = |rows: &[[&str; 5]]| {
        let column = |at: usize| texts(&rows.iter().map(|row| row[at]).collect::<Vec<_>>());
        let registered: Vec<&str> = rows.iter().map(|row| row[1]).collect();
        let out: Vec<i64> = rows.iter().map(|row| i64::from(row[2] == "yes")).collect();
        let columns = batch(&[
            ("customer_id", column(0)),
            ("since", times(&registered)),
            ("out", ints(&out)),
            ("rank", column(3)),
            ("area", column(4)),
        ]);
        let spec =
            r#"{"registered_at": "since", "opted_out": "out", "dimensions": ["rank", "area"]}"#;
        let spec = CustomersSpec::parse(spec).expect("a spec");
        let people = Customers::from_batches(&spec, &[columns], &context).expect("customers");
        let order = [
            ("customer_id", texts(&["a"])),
            ("ordered_at", times(&["2025-01-01"])),
            ("amount", ints(&[1])),
        ];
        let spec = OrdersSpec::parse(r#"{"currency": "JPY"}"#).expect("a spec");
        Orders::from_batches(&spec, &[batch(&order)], Some(Arc::new(people)), &context)
            .expect("orders")
    };
    let ada = ["a", "2024-05-01", "no", "gold", "north"];
    let bo = ["b", "2024-06-01", "yes", "tin", "south"];
    let first = of(&[ada, bo]);
    assert!(first.concat(&of(&[bo, ada]), &context).is_ok());
    for (at, other) in [
        (0, "c"),
        (1, "2024-06-02"),
        (2, "no"),
        (3, "gold"),
        (4, "north"),
    ] {
        let mut changed = bo;
        changed[at] = other;
        let error = first
            .concat(&of(&[ada, changed]), &context)
            .map(|_| ())
            .expect_err(other);
        assert!(
            error
                .to_string()
                .contains("expected the customers table of the first"),
            "{error}"
        );
    }
}
