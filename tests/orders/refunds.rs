//! Refunds: at the order's date or at their own, larger than the order, on either basis.

use super::{build, reconciled, rows, run, summary};
use crm_core::Orders;
use crm_tests::{batch, ints, numbers, optional_texts, reals, texts, times};

/// | order | customer | ordered | lines    | refunded, when                                |
/// |-------|----------|---------|----------|-----------------------------------------------|
/// | 1     | a        | Jan 5   | 60; 40   | 10 on Feb 3; 20 on Mar 1 (the order's: Mar 1) |
/// | 2     | a        | Feb 10  | 50       | -                                             |
/// | 3     | b        | Jan 20  | 80       | 80 on Feb 20: in full                         |
/// | 4     | b        | Feb 25  | 30       | 45 on Mar 5: more than the order              |
/// | 5     | c        | Jan 31  | 25; 25   | 5 on Jan 31                                   |
fn shop() -> Orders {
    let columns = [
        ("customer_id", texts(&["a", "a", "a", "b", "b", "c", "c"])),
        (
            "ordered_at",
            times(&[
                "2025-01-05T09:00:00",
                "2025-01-05T21:00:00",
                "2025-02-10",
                "2025-01-20",
                "2025-02-25",
                "2025-01-31T23:00:00",
                "2025-01-31T22:00:00",
            ]),
        ),
        ("amount", ints(&[60, 40, 50, 80, 30, 25, 25])),
        ("order_id", ints(&[1, 1, 2, 3, 4, 5, 5])),
        ("refunded", ints(&[10, 20, 0, 80, 45, 0, 5])),
        (
            "refunded_at",
            refund_times(&[
                Some("2025-02-03"),
                Some("2025-03-01"),
                None,
                Some("2025-02-20"),
                Some("2025-03-05"),
                None,
                Some("2025-01-31T23:30:00"),
            ]),
        ),
    ];
    build(
        r#"{"currency": "JPY", "order_id": "order_id", "refunded": "refunded", "refunded_at": "refunded_at"}"#,
        &[batch(&columns)],
    )
}

fn refund_times(values: &[Option<&str>]) -> crm_core::columns::ColumnData {
    let plain: Vec<&str> = values.iter().map(|v| v.unwrap_or("")).collect();
    crm_core::columns::ColumnData {
        valid: optional_texts(values).valid,
        ..times(&plain)
    }
}

/// (orders, revenue) by month.
fn monthly(orders: &Orders, request: &str) -> Vec<(i64, i64)> {
    let table = run("monthly", orders, request).expect(request);
    let known = |name: &str| -> Vec<i64> {
        numbers(&table, name)
            .into_iter()
            .map(|v| v.expect("a number"))
            .collect()
    };
    known("orders").into_iter().zip(known("revenue")).collect()
}

#[test]
fn a_refund_lowers_its_order_by_default() {
    let shop = shop();
    // Orders 3 and 4 are refunded in full, and so are no orders: 70 + 50, 45.
    assert_eq!(summary(&shop, ""), rows(&[("a", 2, 120), ("c", 1, 45)]));
    assert_eq!(monthly(&shop, ""), [(2, 115), (1, 50)]);
    let found = reconciled(&shop);
    assert_eq!(
        found,
        [
            ("counted".to_owned(), 5, 3, 2, 165),
            // 80 - 80 and 30 - 45.
            ("full_refund".to_owned(), 2, 2, 1, -15),
            ("total".to_owned(), 7, 5, 3, 150),
        ]
    );
}

#[test]
fn a_refund_is_booked_when_it_was_made_where_asked_for() {
    let shop = shop();
    let request =
        |more: &str| format!(r#"{{"as_of": "2025-03-31", "refunds": "refund_date"{more}}}"#);
    // January: 100 + 80 + 50 - 5. February: 50 + 30 - 80. March: -30 (with the last of order 1's) - 45.
    assert_eq!(monthly(&shop, &request("")), [(3, 225), (2, 0), (0, -75)]);
    // All five are orders: 100 + 50 - 30, 80 + 30 - 80 - 45, 50 - 5.
    assert_eq!(
        summary(&shop, &request("")),
        rows(&[("a", 2, 120), ("b", 2, -15), ("c", 1, 45)])
    );
    // Before they were made, refunds are not seen.
    let early = r#"{"as_of": "2025-02-28", "refunds": "refund_date"}"#;
    assert_eq!(
        summary(&shop, early),
        rows(&[("a", 2, 150), ("b", 2, 30), ("c", 1, 45)])
    );
    let first = r#"{"as_of": "2025-02-19", "refunds": "refund_date"}"#;
    assert_eq!(
        summary(&shop, first),
        rows(&[("a", 2, 150), ("b", 1, 80), ("c", 1, 45)])
    );
}

#[test]
fn the_gross_basis_knows_no_refunds_on_either_date() {
    let shop = shop();
    // By order date, orders refunded in full are none, so their gross does not count either.
    assert_eq!(
        summary(&shop, r#"{"basis": "gross"}"#),
        rows(&[("a", 2, 150), ("c", 1, 50)])
    );
    // By refund date they are orders of the day they were placed.
    let request = r#"{"as_of": "2025-03-31", "basis": "gross", "refunds": "refund_date"}"#;
    assert_eq!(
        summary(&shop, request),
        rows(&[("a", 2, 150), ("b", 2, 110), ("c", 1, 50)])
    );
    assert_eq!(monthly(&shop, request), [(3, 230), (2, 80)]);
}

#[test]
fn refunds_by_date_meet_conditions_on_days_with_their_own() {
    let shop = shop();
    let request = r#"{"as_of": "2025-03-31", "refunds": "refund_date",
        "where": {"ordered_at": {"from": "2025-02-01"}}}"#;
    // Orders 2 and 4, and the refunds of orders 1, 3 and 4: together the -75 of February and March.
    assert_eq!(
        summary(&shop, request),
        rows(&[("a", 1, 20), ("b", 1, -95)])
    );
}

#[test]
fn rows_that_are_negative_are_refunds_at_their_date() {
    let columns = [
        ("customer_id", texts(&["a", "a", "a"])),
        (
            "ordered_at",
            times(&["2025-01-05", "2025-02-01", "2025-02-02"]),
        ),
        ("amount", ints(&[100, -30, 0])),
    ];
    let orders = build(r#"{"currency": "JPY"}"#, &[batch(&columns)]);
    assert_eq!(summary(&orders, ""), rows(&[("a", 2, 70)]));
    assert_eq!(monthly(&orders, ""), [(1, 100), (1, -30)]);
    // Lines that cancel each other out are an order refunded in full.
    let columns = [
        ("customer_id", texts(&["a", "a", "b", "b"])),
        (
            "ordered_at",
            times(&["2025-01-05", "2025-01-05", "2025-02-02", "2025-02-02"]),
        ),
        ("amount", ints(&[100, -100, 100, -99])),
        ("order_id", ints(&[1, 1, 2, 2])),
    ];
    let orders = build(
        r#"{"currency": "JPY", "order_id": "order_id"}"#,
        &[batch(&columns)],
    );
    assert_eq!(summary(&orders, ""), rows(&[("b", 1, 1)]));
}

/// A customer whose refunds exceed the orders: shares of revenue mean little, and a note warns of
/// it.
#[test]
fn negative_revenue_is_counted_in_a_note() {
    let columns = [
        ("customer_id", texts(&["a", "b", "c", "c"])),
        ("ordered_at", times(&["2025-01-05"; 4])),
        ("amount", ints(&[60, 40, 30, -50])),
    ];
    let spec = r#"{"currency": "JPY"}"#;
    for task in ["decile", "abc", "lorenz"] {
        let notes = |orders: &Orders| run(task, orders, "{}").expect(task).notes().clone();
        let orders = build(spec, &[batch(&columns)]);
        assert_eq!(notes(&orders)["negative_revenue"], 1, "{task}");
        let without = batch(&columns.clone().map(|(name, column)| match name {
            "amount" => (name, ints(&[60, 40, 30, -30])),
            _ => (name, column),
        }));
        assert!(notes(&build(spec, &[without])).is_empty(), "{task}");
    }
}

/// Where a segment has negative revenue, no segment has a share of the revenue.
#[test]
fn shares_of_revenue_are_of_revenue_that_is_not_negative() {
    let shares = |last: i64| {
        let columns = [
            ("customer_id", texts(&["a", "b", "c", "c"])),
            (
                "ordered_at",
                times(&["2025-06-05", "2025-01-05", "2024-01-05", "2024-01-06"]),
            ),
            ("amount", ints(&[60, 40, 30, last])),
        ];
        let orders = build(r#"{"currency": "JPY"}"#, &[batch(&columns)]);
        let table = run("cpm_segments", &orders, "{}").expect("segments");
        let (revenue, shares) = (numbers(&table, "revenue"), reals(&table, "revenue_share"));
        (0..table.len())
            .filter(|row| revenue[*row] != Some(0))
            .map(|row| (revenue[row], shares[row]))
            .collect::<Vec<_>>()
    };
    let positive = shares(-10);
    assert!(positive.len() > 1);
    for (revenue, share) in positive {
        assert_eq!(share, revenue.map(|r| r as f64 / 120.0));
    }
    assert!(shares(-50).iter().all(|(_, share)| share.is_none()));
}

/// A refund at its own date has no lines, so a column in which the lines of an order differ is refused with
/// both options named; a view chooses the lines first.
#[test]
fn refunds_by_date_and_columns_of_lines_are_refused_together() {
    let columns = [
        ("customer_id", texts(&["a", "a"])),
        ("ordered_at", times(&["2025-01-01"; 2])),
        ("amount", ints(&[100, 40])),
        ("order_id", ints(&[1, 1])),
        ("product", texts(&["tea", "pot"])),
        ("refunded", ints(&[30, 0])),
        ("refunded_at", times(&["2025-02-01"; 2])),
    ];
    let shop = build(
        r#"{"currency": "JPY", "order_id": "order_id", "product": "product", "refunded": "refunded",
            "refunded_at": "refunded_at"}"#,
        &[batch(&columns)],
    );
    for asks in [
        r#""where": {"product": "tea"}"#,
        r#""by": ["product"]"#,
        r#""by": ["first_product"]"#,
        r#""customers": {"first_product": "tea"}"#,
    ] {
        let request = format!(r#"{{"as_of": "2025-03-01", "refunds": "refund_date", {asks}}}"#);
        let error = run("monthly", &shop, &request).expect_err(asks);
        let says = error.to_string();
        assert!(
            says.starts_with("option `refunds`: expected `order_date` where `where`, `by` or another option names `product`"),
            "{asks}: {says}"
        );
        assert_eq!(error.code(), crm_core::ErrorCode::Option);
    }
    let tea = serde_json::from_str(r#"{"product": "tea"}"#).expect("a filter");
    let tea = shop
        .view(&tea, None, &crm_core::Context::default())
        .expect("a view");
    let request = r#"{"as_of": "2025-03-01", "refunds": "refund_date"}"#;
    assert_eq!(monthly(&tea, request), [(1, 100), (0, -30)]);
}
