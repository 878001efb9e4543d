//! Lines into orders: the key, the instant, what a left-out line takes with it.

use super::{build, reconciled, rows, run, summary};
use crm_tests::{batch, ints, numbers, optional_ints, texts, times, words};

/// Two shops of one chain that number their orders alike.
///
/// | shop  | order | customer | lines: product, amount |
/// |-------|-------|----------|------------------------|
/// | north | 1     | a        | tea, 10; pot, 20       |
/// | south | 1     | b        | tea, 40                |
/// | north | 2     | b        | tea, 80; pot, 160      |
/// | south | 2     | a        | pot, 320; pot, 640     |
fn chain() -> crm_core::Orders {
    let columns = [
        ("customer_id", texts(&["a", "b", "a", "b", "a", "b", "a"])),
        (
            "ordered_at",
            times(&[
                "2025-01-01",
                "2025-01-02",
                "2025-01-01",
                "2025-01-03",
                "2025-01-04",
                "2025-01-03",
                "2025-01-04",
            ]),
        ),
        ("amount", ints(&[10, 40, 20, 80, 320, 160, 640])),
        ("order_id", ints(&[1, 1, 1, 2, 2, 2, 2])),
        (
            "shop",
            texts(&[
                "north", "south", "north", "north", "south", "north", "south",
            ]),
        ),
        (
            "product",
            texts(&["tea", "tea", "pot", "tea", "pot", "pot", "pot"]),
        ),
    ];
    build(
        r#"{"currency": "JPY", "order_id": "order_id", "shop": "shop", "product": "product"}"#,
        &[batch(&columns)],
    )
}

#[test]
fn the_shop_is_part_of_an_orders_key() {
    let chain = chain();
    assert_eq!(chain.len(), 4);
    assert_eq!(summary(&chain, ""), rows(&[("a", 2, 990), ("b", 2, 280)]));
    let north = summary(&chain, r#"{"where": {"shop": "north"}}"#);
    assert_eq!(north, rows(&[("a", 1, 30), ("b", 1, 240)]));
}

/// A breakdown by a column of lines makes orders anew: their key still has the shop in it.
#[test]
fn the_shop_is_part_of_the_key_in_breakdowns_by_lines() {
    let chain = chain();
    let by = run("summary", &chain, r#"{"by": ["product"]}"#).expect("by product");
    assert_eq!(
        words(&by, "product"),
        ["pot", "pot", "tea", "tea"].map(|w| Some(w.to_owned()))
    );
    assert_eq!(
        words(&by, "customer_id"),
        ["a", "b", "a", "b"].map(|w| Some(w.to_owned()))
    );
    // Pots: a bought two orders (north 1, south 2), b one. Tea: a one, b two (south 1, north 2).
    assert_eq!(numbers(&by, "orders"), [2, 1, 1, 2].map(Some));
    assert_eq!(numbers(&by, "revenue"), [980, 160, 10, 120].map(Some));
    // So does a condition on lines.
    let pots = summary(&chain, r#"{"where": {"product": "pot"}}"#);
    assert_eq!(pots, rows(&[("a", 2, 980), ("b", 1, 160)]));
    let tea = summary(&chain, r#"{"where": {"product": "tea"}}"#);
    assert_eq!(tea, rows(&[("a", 1, 10), ("b", 2, 120)]));
}

/// In one shop without the column, the same rows contradict each other.
#[test]
fn without_a_shop_one_number_is_one_order() {
    let columns = [
        ("customer_id", texts(&["a", "b"])),
        ("ordered_at", times(&["2025-01-01", "2025-01-02"])),
        ("amount", ints(&[10, 40])),
        ("order_id", ints(&[1, 1])),
    ];
    let spec = r#"{"currency": "JPY", "order_id": "order_id"}"#;
    let error = crm_tests::orders(spec, batch(&columns)).expect_err("two customers");
    assert_eq!(error.code(), crm_core::ErrorCode::Data);
    assert_eq!(error.row(), Some(1));
}

/// An order's instant is that of its earliest line, wherever that line is in the file and in
/// whichever zone it falls into another day.
#[test]
fn an_order_is_placed_when_its_first_line_is() {
    let columns = [
        ("customer_id", texts(&["a", "a", "a", "b", "b"])),
        (
            "ordered_at",
            times(&[
                "2025-03-02T08:00:00",
                "2025-03-01T23:30:00",
                "2025-03-03T00:00:00",
                "2025-03-05T00:00:00",
                "2025-03-04T23:59:59",
            ]),
        ),
        ("amount", ints(&[1, 2, 4, 8, 16])),
        ("order_id", ints(&[7, 7, 7, 8, 8])),
        ("product", texts(&["tea", "pot", "cup", "tea", "pot"])),
    ];
    let spec = r#"{"currency": "JPY", "order_id": "order_id", "product": "product", "timezone": "Asia/Tokyo"}"#;
    let orders = build(spec, &[batch(&columns)]);
    let table = run("summary", &orders, r#"{"as_of": "2025-03-10"}"#).expect("a summary");
    assert_eq!(numbers(&table, "recency_days"), [9, 6].map(Some));
    assert_eq!(numbers(&table, "revenue"), [7, 24].map(Some));
    // A line alone keeps the order's instant: it is part of an order of 1 March.
    let tea = run(
        "summary",
        &orders,
        r#"{"as_of": "2025-03-10", "where": {"product": "tea"}}"#,
    );
    assert_eq!(
        numbers(&tea.expect("tea"), "recency_days"),
        [9, 6].map(Some)
    );
    // Up to 1 March there is one order, whole.
    let early = summary(&orders, r#"{"as_of": "2025-03-01"}"#);
    assert_eq!(early, rows(&[("a", 1, 7)]));
}

/// A line that cannot be read is left out of its order, which stays: one row, no order, no
/// customer. An order that loses every line is gone; without an order id each row is an order.
#[test]
fn left_out_lines_of_orders_that_stay_are_rows_only() {
    let columns = [
        ("customer_id", texts(&["a", "a", "b", "c", "c", "c"])),
        (
            "ordered_at",
            times(&[
                "2025-01-01",
                "2025-01-01",
                "2025-01-02",
                "2025-01-03",
                "2025-01-03",
                "2025-01-03",
            ]),
        ),
        (
            "amount",
            texts_of_amounts(&["10", "x", "y", "40", "80", "z"]),
        ),
        ("order_id", ints(&[1, 1, 2, 3, 3, 3])),
    ];
    let spec = r#"{"currency": "JPY", "order_id": "order_id", "bad_rows": "drop"}"#;
    let orders = build(spec, &[batch(&columns)]);
    assert_eq!(summary(&orders, ""), rows(&[("a", 1, 10), ("c", 1, 120)]));
    let found = reconciled(&orders);
    assert_eq!(
        found,
        [
            ("counted".to_owned(), 3, 2, 2, 130),
            // Lines of orders 1 and 3, and the only one of order 2.
            ("bad_amount".to_owned(), 3, 0, 0, 0),
            ("total".to_owned(), 6, 2, 2, 130),
        ]
    );
}

#[test]
fn left_out_rows_are_orders_where_each_row_is_one() {
    let columns = [
        ("customer_id", texts(&["a", "a", "b"])),
        ("ordered_at", times(&["2025-01-01", "2025-01-01", "x"])),
        ("amount", texts_of_amounts(&["10", "x", "40"])),
    ];
    let orders = build(
        r#"{"currency": "JPY", "bad_rows": "drop"}"#,
        &[batch(&columns)],
    );
    let found = reconciled(&orders);
    let short: Vec<_> = found
        .iter()
        .map(|r| (r.0.as_str(), r.1, r.2, r.4))
        .collect();
    assert_eq!(
        short,
        [
            ("counted", 1, 1, 10),
            ("bad_time", 1, 1, 40),
            ("bad_amount", 1, 1, 0),
            ("total", 3, 3, 50)
        ]
    );
}

/// A line may lack a time where another line of its order has one.
#[test]
fn an_order_needs_a_time_on_one_of_its_lines() {
    let at = [None, Some("2025-01-01"), None, None, Some("2025-01-02")];
    let columns = [
        ("customer_id", texts(&["a", "a", "b", "b", "c"])),
        ("ordered_at", crm_tests::optional_texts(&at)),
        ("amount", ints(&[1, 2, 4, 8, 16])),
        ("order_id", ints(&[1, 1, 2, 2, 3])),
    ];
    let spec = r#"{"currency": "JPY", "order_id": "order_id"}"#;
    let error = crm_tests::orders(spec, batch(&columns)).expect_err("an order without a time");
    let message =
        "column `ordered_at`, row 2: no value, expected a time on at least one line of the order";
    assert_eq!(error.to_string(), message);
    let spec = r#"{"currency": "JPY", "order_id": "order_id", "bad_rows": "drop"}"#;
    let orders = build(spec, &[batch(&columns)]);
    assert_eq!(summary(&orders, ""), rows(&[("a", 1, 3), ("c", 1, 16)]));
    let found = reconciled(&orders);
    let short: Vec<_> = found.iter().map(|r| (r.0.as_str(), r.1)).collect();
    assert_eq!(short, [("counted", 3), ("bad_time", 2), ("total", 5)]);
}

fn texts_of_amounts(values: &[&str]) -> crm_core::columns::ColumnData {
    times(values)
}

/// Totals that are repeated or blank on later lines are taken once, whatever line they are on.
#[test]
fn an_orders_total_and_its_other_money_are_taken_once() {
    let columns = [
        ("customer_id", texts(&["a", "a", "a", "b", "b"])),
        (
            "ordered_at",
            times(&[
                "2025-01-01",
                "2025-01-01",
                "2025-01-01",
                "2025-01-02",
                "2025-01-02",
            ]),
        ),
        (
            "amount",
            optional_ints(&[None, Some(500), None, Some(900), Some(900)]),
        ),
        (
            "refunded",
            optional_ints(&[Some(30), None, None, Some(100), Some(100)]),
        ),
        (
            "discount",
            optional_ints(&[None, None, Some(7), None, None]),
        ),
        ("order_id", ints(&[1, 1, 1, 2, 2])),
    ];
    let spec = r#"{"currency": "JPY", "order_id": "order_id", "amount_is": "order",
        "refunded": "refunded", "discount": "discount"}"#;
    let orders = build(spec, &[batch(&columns)]);
    assert_eq!(summary(&orders, ""), rows(&[("a", 1, 463), ("b", 1, 800)]));
    assert_eq!(
        summary(&orders, r#"{"basis": "gross"}"#),
        rows(&[("a", 1, 500), ("b", 1, 900)])
    );
}
