//! A shop with every column: what a blank means, when rows are equal, which of two orders of one
//! instant is the first, and what appending keeps.

use super::{build, reconciled, rows, run, summary};
use crm_core::columns::ColumnData;
use crm_core::data::OrdersSpec;
use crm_core::{Context, Orders};
use crm_tests::{batch, numbers, optional_ints, optional_texts, words};

/// The columns of [`shop`], each with two values that differ. Numbers are numbers there.
const COLUMNS: [(&str, &str, &str); 16] = [
    ("customer_id", "a", "b"),
    ("ordered_at", "2025-03-01T10:00:00", "2025-03-01T10:00:01"),
    ("amount", "1000", "2000"),
    ("order_id", "7", "8"),
    ("status", "completed", "pending"),
    ("kind", "one_off", "sub_first"),
    ("refunded", "100", "200"),
    ("refunded_at", "2025-03-05", "2025-03-06"),
    ("discount", "10", "20"),
    ("shipping", "300", "400"),
    ("tax", "90", "91"),
    ("cost", "500", "600"),
    ("product", "tea", "pot"),
    ("category", "food", "ware"),
    ("channel", "web", "app"),
    ("campaign", "spring", "summer"),
];
const SPEC: &str = r#"{"currency": "JPY", "status": "status", "kind": "kind", "refunded": "refunded",
    "refunded_at": "refunded_at", "discount": "discount", "shipping": "shipping", "tax": "tax",
    "cost": "cost", "product": "product", "category": "category", "channel": "channel",
    "dimensions": ["campaign"]"#;

/// Cells by row and column of [`COLUMNS`]; an empty one is blank.
fn shop(cells: &[[&str; 16]], rest: &str) -> crm_core::Result<Orders> {
    let columns = COLUMNS.iter().enumerate().map(|(at, (name, value, _))| {
        let column = cells
            .iter()
            .map(|row| (!row[at].is_empty()).then_some(row[at]));
        let column: ColumnData = match value.parse::<i64>() {
            Ok(_) => {
                let numbers = column.map(|cell| cell.map(|text| text.parse().expect("a number")));
                optional_ints(&numbers.collect::<Vec<_>>())
            }
            Err(_) => optional_texts(&column.collect::<Vec<_>>()),
        };
        (*name, column)
    });
    let spec = OrdersSpec::parse(&format!("{SPEC}{rest}}}"))?;
    let batch = batch(&columns.collect::<Vec<_>>());
    Orders::from_batches(&spec, &[batch], None, &Context::default())
}

/// The first values of all columns, with others in some.
fn row(changed: &[(&str, &'static str)]) -> [&'static str; 16] {
    COLUMNS.map(|(name, value, _)| {
        let other = changed.iter().find(|(column, _)| *column == name);
        other.map_or(value, |(_, other)| *other)
    })
}

/// Two rows are one when nothing differs: each column is enough to keep them apart.
#[test]
fn rows_are_repeated_when_equal_in_every_column() {
    let same = row(&[]);
    for (column, _, other) in COLUMNS {
        for other in [other, ""] {
            let required = ["customer_id", "ordered_at", "amount", "order_id"].contains(&column);
            if other.is_empty() && required {
                continue;
            }
            let different = row(&[(column, other)]);
            // With a number, what differs would be a contradiction within the order.
            let of_lines = ["order_id", "product", "category"].contains(&column);
            let key = match of_lines {
                true => r#", "order_id": "order_id""#,
                false => "",
            };
            let drop = format!(r#"{key}, "repeated_rows": "drop""#);
            let found = reconciled(&shop(&[same, different, same], &drop).expect(column));
            let of = |reason: &str| found.iter().find(|r| r.0 == reason).map(|r| r.1);
            let expected = if column == "order_id" && key.is_empty() {
                2
            } else {
                1
            };
            assert_eq!(of("repeated_row"), Some(expected), "{column} {other:?}");
            let refuse = format!(r#"{key}, "repeated_rows": "error""#);
            assert!(
                shop(&[same, different], &refuse).is_ok(),
                "{column} {other:?}"
            );
        }
    }
    let error = shop(&[same, same], r#", "repeated_rows": "error""#).expect_err("equal");
    assert_eq!(error.row(), Some(1));
    assert_eq!(shop(&[same, same], "").expect("both count").len(), 2);
}

/// Amounts by basis, by hand; what is blank is nothing.
#[test]
fn a_blank_amount_is_zero_in_every_basis() {
    let blank = |column: &'static str| row(&[(column, ""), ("customer_id", column)]);
    let columns = ["refunded", "discount", "shipping", "tax", "cost"];
    let orders = shop(&columns.map(blank), "").expect("a shop");
    // Of 1000: refunded 100, discount 10, shipping 300, tax 90, cost 500. Customers by name.
    for (basis, expected) in [
        ("net", [890, 900, 990, 890, 890]),
        ("gross", [1000, 1000, 1000, 1000, 1000]),
        ("net_shipping", [1190, 1200, 1290, 890, 1190]),
        ("net_ex_tax", [800, 810, 900, 800, 890]),
        ("margin", [890, 400, 490, 390, 390]),
    ] {
        let found = summary(&orders, &format!(r#"{{"basis": "{basis}"}}"#));
        let names = ["cost", "discount", "refunded", "shipping", "tax"];
        let expected: Vec<_> = (names.iter().zip(expected))
            .map(|(n, v)| (*n, 1, v))
            .collect();
        assert_eq!(found, rows(&expected), "{basis}");
    }
    for column in ["refunded", "discount"] {
        let error = shop(&[row(&[(column, "-1")])], "").expect_err(column);
        assert_eq!((error.column(), error.row()), (Some(column), Some(0)));
    }
}

/// At one instant the first order is that of the smaller number, then of the smaller amount, then
/// by status, kind and the other columns, missing values first; never that of the earlier row.
#[test]
fn orders_of_one_instant_have_an_order_of_their_own() {
    let first = |one: [&str; 16], other: [&str; 16], of: &str, key: &str| {
        let firsts = [[one, other], [other, one]].map(|both| {
            let orders = shop(&both, key).expect("a shop");
            let request = format!(r#"{{"by": ["first_{of}"]}}"#);
            words(
                &run("summary", &orders, &request).expect(of),
                &format!("first_{of}"),
            )
        });
        assert_eq!(firsts[0], firsts[1], "{of}");
        firsts[0].clone()
    };
    let key = r#", "order_id": "order_id""#;
    let named = |name: &str| vec![Some(name.to_owned())];
    // The smaller number, though all else is larger.
    let (small, large) = (
        row(&[("order_id", "8"), ("amount", "2000"), ("channel", "web")]),
        row(&[("order_id", "9"), ("channel", "app")]),
    );
    assert_eq!(first(small, large, "channel", key), named("web"));
    // Without numbers the smaller amount, then the columns themselves.
    let (small, large) = (
        row(&[("channel", "web")]),
        row(&[("amount", "2000"), ("channel", "app")]),
    );
    assert_eq!(first(small, large, "channel", ""), named("web"));
    for (column, smaller, larger) in [
        ("status", "completed", "pending"),
        ("kind", "one_off", "sub_first"),
        ("channel", "app", "web"),
        ("product", "pot", "tea"),
        ("category", "food", "ware"),
        ("campaign", "spring", "summer"),
        ("campaign", "", "spring"),
        ("channel", "", "app"),
    ] {
        let found = first(
            row(&[(column, smaller)]),
            row(&[(column, larger)]),
            column,
            "",
        );
        let expected = (!smaller.is_empty()).then(|| smaller.to_owned());
        assert_eq!(found, [expected], "{column}");
    }
    // The same net amount of another gross one.
    let (small, large) = (
        row(&[("discount", "10")]),
        row(&[("amount", "1090"), ("discount", "100")]),
    );
    assert_eq!(first(small, large, "channel", ""), named("web"));
}

/// Two files put together are what one file of all rows is, in every column.
#[test]
fn appended_orders_are_those_of_all_rows_at_once() {
    let all: Vec<[&str; 16]> = COLUMNS
        .iter()
        .flat_map(|(name, _, other)| {
            [
                row(&[(name, other)]),
                row(&[(name, other), ("ordered_at", "2025-04-01")]),
            ]
        })
        .chain([
            row(&[("refunded_at", ""), ("refunded", "")]),
            row(&[("campaign", ""), ("customer_id", "c")]),
            row(&[("channel", "post"), ("ordered_at", "2024-12-31T23:59:59")]),
            row(&[("amount", "x")]),
        ])
        .collect();
    let mut all = all;
    // Each row has its own number, so that no two rows contradict one another, and its own amount.
    let ids: Vec<String> = (0..all.len()).map(|i| (i + 1).to_string()).collect();
    for (row, id) in all.iter_mut().zip(&ids) {
        row[3] = id;
        if row[2] == "x" {
            row[2] = "";
        }
    }
    let rest = r#", "order_id": "order_id", "bad_rows": "drop""#;
    let whole = shop(&all, rest).expect("all");
    for cut in [0, 1, 2, 9, 17, all.len() - 1, all.len()] {
        let (head, tail) = all.split_at(cut);
        let joined = shop(head, rest).expect("a head");
        let joined = joined.concat(&shop(tail, rest).expect("a tail"), &Context::default());
        let joined = joined.expect("the same settings");
        assert_eq!(joined.len(), whole.len());
        assert_eq!(reconciled(&joined), reconciled(&whole), "{cut}");
        let mut requests = vec![r#"{"refunds": "refund_date"}"#.to_owned()];
        for basis in ["net", "gross", "net_shipping", "net_ex_tax", "margin"] {
            requests.push(format!(r#"{{"basis": "{basis}"}}"#));
        }
        for column in [
            "status", "kind", "product", "category", "channel", "campaign",
        ] {
            requests.push(format!(r#"{{"by": ["{column}"]}}"#));
            requests.push(format!(r#"{{"by": ["first_{column}"]}}"#));
        }
        for id in &ids {
            requests.push(format!(r#"{{"where": {{"order_id": {id}}}}}"#));
        }
        for request in requests {
            for name in ["summary", "monthly"] {
                let of = |orders| run(name, orders, &request).expect(&request);
                assert!(of(&joined) == of(&whole), "{name} {request} cut at {cut}");
            }
        }
        let rows = |orders| numbers(&run("summary", orders, "").expect("a summary"), "orders");
        assert_eq!(rows(&joined), rows(&whole));
    }
}

/// A filter on one column after another, as `where` and `by` put them together, keeps what all let
/// through.
#[test]
fn a_breakdown_of_filtered_orders_holds_no_other() {
    let sold = |channel, campaign, amount| {
        row(&[
            ("channel", channel),
            ("campaign", campaign),
            ("amount", amount),
            ("refunded", ""),
            ("refunded_at", ""),
            ("discount", ""),
        ])
    };
    let all = [
        sold("web", "spring", "1"),
        sold("web", "summer", "2"),
        sold("app", "spring", "4"),
        sold("app", "summer", "8"),
    ];
    let orders = shop(&all, "").expect("a shop");
    for (request, expected) in [
        (
            r#"{"where": {"channel": "web"}, "by": ["campaign"], "basis": "gross"}"#,
            vec![1, 2],
        ),
        (
            r#"{"where": {"channel": "app"}, "by": ["campaign"], "basis": "gross"}"#,
            vec![4, 8],
        ),
        (
            r#"{"where": {"campaign": "summer"}, "by": ["channel"], "basis": "gross"}"#,
            vec![8, 2],
        ),
        (
            r#"{"where": {"channel": "web", "campaign": "summer"}, "by": ["channel"], "basis": "gross"}"#,
            vec![2],
        ),
    ] {
        let table = run("summary", &orders, request).expect(request);
        let expected: Vec<Option<i64>> = expected.into_iter().map(Some).collect();
        assert_eq!(numbers(&table, "revenue"), expected, "{request}");
    }
    // A filter on a view keeps what both let through.
    let filter: crm_core::scope::Filter =
        serde_json::from_str(r#"{"channel": "app"}"#).expect("a filter");
    let view = orders
        .view(&filter, None, &Context::default())
        .expect("a view");
    let summer = r#"{"where": {"campaign": "summer"}, "basis": "gross"}"#;
    assert_eq!(summary(&view, summer), rows(&[("a", 1, 8)]));
    let web = r#"{"where": {"channel": "web"}, "basis": "gross"}"#;
    assert_eq!(summary(&view, web), rows(&[]));
}

/// A refund at its own date belongs to its order: a filter keeps both or neither.
#[test]
fn refunds_by_date_are_those_of_the_filtered_orders() {
    let sold = |channel, amount, refunded| {
        row(&[
            ("channel", channel),
            ("amount", amount),
            ("refunded", refunded),
            ("refunded_at", "2025-05-05"),
            ("discount", ""),
        ])
    };
    // 70 orders of each channel, so that the bits of a filter fill more than a word.
    let mut all = Vec::new();
    for _ in 0..70 {
        all.extend([
            sold("web", "1000", "1"),
            sold("app", "50", "2"),
            sold("post", "7", ""),
        ]);
    }
    let orders = shop(&all, "").expect("a shop");
    for (channel, sold, refunded) in [("web", 70_000, -70), ("app", 3_500, -140), ("post", 490, 0)]
    {
        let request = format!(
            r#"{{"where": {{"channel": "{channel}"}}, "refunds": "refund_date", "as_of": "2025-05-31"}}"#
        );
        let table = run("monthly", &orders, &request).expect(channel);
        // March, April and May.
        let mut expected = vec![Some(sold), Some(0), Some(refunded)];
        expected.truncate(numbers(&table, "revenue").len());
        assert_eq!(numbers(&table, "revenue"), expected, "{channel}");
        assert!(refunded == 0 || expected.len() == 3, "{channel}");
        let expected = rows(&[("a", 70, sold + refunded)]);
        assert_eq!(summary(&orders, &request), expected, "{channel}");
        // A view is such a filter, held.
        let filter = serde_json::from_str(&format!(r#"{{"channel": "{channel}"}}"#));
        let filter: crm_core::scope::Filter = filter.expect("a filter");
        let view = orders.view(&filter, None, &Context::default());
        let request = r#"{"refunds": "refund_date", "as_of": "2025-05-31"}"#;
        assert_eq!(
            summary(&view.expect("a view"), request),
            expected,
            "{channel}"
        );
    }
}

/// A breakdown by lines within a filter: an order left out is in no part.
#[test]
fn a_breakdown_by_lines_holds_only_filtered_orders() {
    let line = |order, channel, product, amount| {
        row(&[
            ("order_id", order),
            ("channel", channel),
            ("product", product),
            ("amount", amount),
            ("refunded", ""),
            ("refunded_at", ""),
            ("discount", ""),
        ])
    };
    let all = [
        line("1", "web", "tea", "1"),
        line("1", "web", "pot", "2"),
        line("2", "app", "tea", "4"),
        line("2", "app", "cup", "8"),
        line("3", "web", "tea", "16"),
    ];
    let orders = shop(&all, r#", "order_id": "order_id""#).expect("a shop");
    for (channel, expected) in [
        ("web", vec![("pot", 1, 2), ("tea", 2, 17)]),
        ("app", vec![("cup", 1, 8), ("tea", 1, 4)]),
    ] {
        let request = format!(r#"{{"where": {{"channel": "{channel}"}}, "by": ["product"]}}"#);
        let table = run("summary", &orders, &request).expect(channel);
        let found: Vec<_> = (words(&table, "product").into_iter())
            .zip(numbers(&table, "orders"))
            .zip(numbers(&table, "revenue"))
            .map(|((product, orders), revenue)| {
                (
                    product.expect("a product"),
                    orders.expect("orders"),
                    revenue.expect("revenue"),
                )
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(p, n, v)| ((*p).to_owned(), *n, *v))
            .collect();
        assert_eq!(found, expected, "{channel}");
    }
}

/// Columns that only some orders have: a discount alone, a refund alone, a line of shipping in one
/// of two files.
#[test]
fn a_column_that_a_shop_or_a_file_lacks_is_zero() {
    use crm_tests::{ints, texts, times};
    let columns = |extra: &[(&str, ColumnData)]| {
        let mut all = vec![
            ("customer_id", texts(&["a", "b", "c"])),
            (
                "ordered_at",
                times(&["2025-01-01", "2025-01-02", "2025-01-03"]),
            ),
            ("amount", ints(&[100, 200, 400])),
        ];
        all.extend(extra.iter().cloned());
        batch(&all)
    };
    for (column, expected) in [
        ("discount", [("a", 1, 90), ("b", 1, 180), ("c", 1, 400)]),
        ("refunded", [("a", 1, 90), ("b", 1, 180), ("c", 1, 400)]),
    ] {
        let shop = columns(&[(column, optional_ints(&[Some(10), Some(20), None]))]);
        let spec = format!(r#"{{"currency": "JPY", "{column}": "{column}"}}"#);
        let orders = build(&spec, &[shop]);
        assert_eq!(summary(&orders, ""), rows(&expected), "{column}");
        let gross = summary(&orders, r#"{"basis": "gross"}"#);
        assert_eq!(gross, rows(&[("a", 1, 100), ("b", 1, 200), ("c", 1, 400)]));
    }
    // What is refunded whole is no order.
    let shop = columns(&[("refunded", optional_ints(&[Some(100), Some(199), None]))]);
    let orders = build(r#"{"currency": "JPY", "refunded": "refunded"}"#, &[shop]);
    assert_eq!(summary(&orders, ""), rows(&[("b", 1, 1), ("c", 1, 400)]));

    let file = |customers: [&str; 3], kinds: [&str; 3]| {
        let columns = [
            ("customer_id", texts(&customers)),
            ("ordered_at", times(&["2025-01-01"; 3])),
            ("amount", ints(&[100, 20, 3])),
            ("order_id", texts(&customers)),
            ("line_kind", texts(&kinds)),
        ];
        build(
            r#"{"currency": "JPY", "order_id": "order_id", "line_kind": "line_kind"}"#,
            &[batch(&columns)],
        )
    };
    let with = file(["a", "a", "a"], ["product", "shipping", "tax"]);
    let without = file(["b", "b", "b"], ["product", "product", "discount"]);
    let context = Context::default();
    for joined in [
        with.concat(&without, &context),
        without.concat(&with, &context),
    ] {
        let joined = joined.expect("the same settings");
        assert_eq!(summary(&joined, ""), rows(&[("a", 1, 100), ("b", 1, 117)]));
        let shipped = summary(&joined, r#"{"basis": "net_shipping"}"#);
        assert_eq!(shipped, rows(&[("a", 1, 120), ("b", 1, 117)]));
        let gross = summary(&joined, r#"{"basis": "gross"}"#);
        assert_eq!(gross, rows(&[("a", 1, 100), ("b", 1, 120)]));
    }
}
