//! `where`: conditions on lines and on orders together, ranges, ids of every size.

use super::{build, reconciled, rows, run, summary};
use crm_core::Orders;
use crm_core::columns::{ColumnData, ColumnValues};
use crm_tests::{batch, ints, numbers, optional_texts, texts, times, words};

/// | order | customer | day | channel | lines: product, maker, amount               |
/// |-------|----------|-----|---------|---------------------------------------------|
/// | 1     | a        | 1   | web     | tea, uji, 100; pot, kyoto, 40; tea, kyoto, 3 |
/// | 2     | b        | 2   | web     | tea, kyoto, 70                              |
/// | 3     | b        | 3   | shop    | tea, uji, 20; pot, uji, 6                   |
/// | 4     | c        | 4   | (null)  | pot, kyoto, 9                               |
fn shop() -> Orders {
    let web = Some("web");
    let columns = [
        ("customer_id", texts(&["a", "a", "a", "b", "b", "b", "c"])),
        (
            "ordered_at",
            times(&[
                "2025-01-01",
                "2025-01-01",
                "2025-01-01",
                "2025-01-02",
                "2025-01-03",
                "2025-01-03",
                "2025-01-04",
            ]),
        ),
        ("amount", ints(&[100, 40, 3, 70, 20, 6, 9])),
        ("order_id", ints(&[1, 1, 1, 2, 3, 3, 4])),
        (
            "product",
            texts(&["tea", "pot", "tea", "tea", "tea", "pot", "pot"]),
        ),
        (
            "maker",
            texts(&["uji", "kyoto", "kyoto", "kyoto", "uji", "uji", "kyoto"]),
        ),
        (
            "channel",
            optional_texts(&[web, web, web, web, Some("shop"), Some("shop"), None]),
        ),
    ];
    build(
        r#"{"currency": "JPY", "order_id": "order_id", "product": "product",
            "channel": "channel", "dimensions": ["maker"]}"#,
        &[batch(&columns)],
    )
}

#[test]
fn a_condition_on_lines_and_one_on_orders_hold_together() {
    let shop = shop();
    // Tea of the web shop: the lines 100, 3 and 70.
    let found = summary(&shop, r#"{"where": {"product": "tea", "channel": "web"}}"#);
    assert_eq!(found, rows(&[("a", 1, 103), ("b", 1, 70)]));
    // In either order of the conditions, and with a day.
    let found = summary(
        &shop,
        r#"{"where": {"channel": "web", "product": "pot", "ordered_at": {"to": "2025-01-01"}}}"#,
    );
    assert_eq!(found, rows(&[("a", 1, 40)]));
    // No line of an order from day 2 on that is a pot of the web shop.
    let found = summary(
        &shop,
        r#"{"where": {"product": "pot", "channel": "web", "ordered_at": {"from": "2025-01-02"}}}"#,
    );
    assert_eq!(found, []);
}

#[test]
fn two_conditions_on_lines_hold_for_the_same_line() {
    let shop = shop();
    let found = summary(&shop, r#"{"where": {"product": "tea", "maker": "kyoto"}}"#);
    assert_eq!(found, rows(&[("a", 1, 3), ("b", 1, 70)]));
    let found = summary(&shop, r#"{"where": {"product": "pot", "maker": "uji"}}"#);
    assert_eq!(found, rows(&[("b", 1, 6)]));
    // A line that meets one of them is not enough: order 4 has no tea, order 2 no pot.
    let found = summary(
        &shop,
        r#"{"where": {"product": ["tea", "pot"], "maker": "kyoto", "channel": null}}"#,
    );
    assert_eq!(found, rows(&[("c", 1, 9)]));
    // The view gives the same, and its reconciliation adds up: three lines of 79, 79, 112.
    let view = |filter: &str| {
        let filter = serde_json::from_str(filter).expect("a filter");
        shop.view(&filter, None, &crm_core::Context::default())
            .expect("a view")
    };
    let both = view(r#"{"product": "tea", "maker": "kyoto"}"#);
    assert_eq!(summary(&both, ""), rows(&[("a", 1, 3), ("b", 1, 70)]));
    let found = reconciled(&both);
    let of = |reason: &str| found.iter().find(|row| row.0 == reason).cloned();
    assert_eq!(of("counted"), Some(("counted".into(), 2, 2, 2, 73)));
    assert_eq!(of("total").map(|t| (t.1, t.4)), Some((7, 248)));
    assert_eq!(of("filtered").map(|t| (t.1, t.4)), Some((5, 175)));
}

#[test]
fn whom_is_chosen_by_one_line_that_meets_all_conditions() {
    let shop = shop();
    // `customers` keeps whole customers; a and b both have tea of Uji, only b a pot of Uji.
    let found = summary(&shop, r#"{"customers": {"first_product": "tea"}}"#);
    assert_eq!(found, rows(&[("a", 1, 143), ("b", 2, 96)]));
}

#[test]
fn ranges_are_open_where_no_end_is_given_and_hold_both_ends() {
    let shop = shop();
    let days = |range: &str| {
        let request = format!(r#"{{"where": {{"ordered_at": {range}}}}}"#);
        summary(&shop, &request)
            .iter()
            .map(|row| row.2)
            .sum::<i64>()
    };
    // Days 1 to 4 sell 143, 70, 26, 9.
    assert_eq!(days(r#"{"from": "2025-01-02"}"#), 105);
    assert_eq!(days(r#"{"to": "2025-01-02"}"#), 213);
    assert_eq!(days(r#"{"from": "2025-01-02", "to": "2025-01-03"}"#), 96);
    assert_eq!(days(r#"{"from": "2025-01-03", "to": "2025-01-03"}"#), 26);
    assert_eq!(days(r#"{"from": "2025-01-04", "to": "2025-01-01"}"#), 0);
    // An open end is no end: a null is in no range.
    let words = |range: &str| {
        let request = format!(r#"{{"where": {{"channel": {range}}}}}"#);
        summary(&shop, &request)
            .iter()
            .map(|row| row.2)
            .sum::<i64>()
    };
    assert_eq!(words(r#"{"from": "shop"}"#), 239);
    assert_eq!(words(r#"{"to": "shop"}"#), 26);
    assert_eq!(words(r#"{"to": "zzz"}"#), 239);
    assert_eq!(words(r#"{"from": ""}"#), 239);
    assert_eq!(words("null"), 9);
    assert_eq!(words(r#"[null, "shop"]"#), 35);
    let amounts = |range: &str| {
        let request = format!(r#"{{"where": {{"amount": {range}}}}}"#);
        summary(&shop, &request)
            .iter()
            .map(|row| row.2)
            .sum::<i64>()
    };
    // Orders of 143, 70, 26, 9.
    assert_eq!(amounts(r#"{"from": 26}"#), 239);
    assert_eq!(amounts(r#"{"to": 26}"#), 35);
    assert_eq!(amounts(r#"{"from": 10, "to": 69.5}"#), 26);
}

fn unsigned(values: &[u64]) -> ColumnData {
    ColumnValues::Unsigned {
        values: values.to_vec().into(),
        bits: 64,
    }
    .into()
}

/// Orders of 1, 2, 4, ... so that a sum shows which rows it contains.
fn of_ids(ids: ColumnData) -> Orders {
    let n = ids.len();
    let amounts: Vec<i64> = (0..n).map(|i| 1 << i).collect();
    let columns = [
        ("customer_id", ids),
        ("ordered_at", times(&vec!["2025-01-01"; n])),
        ("amount", ints(&amounts)),
    ];
    build(r#"{"currency": "JPY"}"#, &[batch(&columns)])
}

fn which(orders: &Orders, condition: &str) -> i64 {
    let request = format!(r#"{{"where": {{"customer_id": {condition}}}}}"#);
    summary(orders, &request).iter().map(|row| row.2).sum()
}

#[test]
fn unsigned_ids_beyond_the_signed_ones_are_compared_as_they_are() {
    const EDGE: u64 = 1 << 63;
    let orders = of_ids(unsigned(&[
        0,
        EDGE - 1,
        EDGE,
        EDGE + 1,
        u64::MAX - 1,
        u64::MAX,
    ]));
    // One past the other: as floats all three of 2^63 are one number.
    assert_eq!(which(&orders, "9223372036854775807"), 2);
    assert_eq!(which(&orders, "9223372036854775808"), 4);
    assert_eq!(which(&orders, "9223372036854775809"), 8);
    assert_eq!(which(&orders, "18446744073709551615"), 32);
    assert_eq!(which(&orders, "[18446744073709551614, 0]"), 17);
    assert_eq!(which(&orders, r#"{"from": 9223372036854775808}"#), 60);
    assert_eq!(which(&orders, r#"{"to": 9223372036854775808}"#), 7);
    assert_eq!(
        which(
            &orders,
            r#"{"from": 9223372036854775809, "to": 18446744073709551614}"#
        ),
        24
    );
    assert_eq!(which(&orders, r#"{"from": -1}"#), 63);
    assert_eq!(which(&orders, "-1"), 0);
    assert_eq!(which(&orders, "9223372036854775810"), 0);
}

#[test]
fn signed_ids_are_compared_as_they_are() {
    let orders = of_ids(ints(&[i64::MIN, -5, -1, 0, i64::MAX - 1, i64::MAX]));
    assert_eq!(which(&orders, "9223372036854775807"), 32);
    assert_eq!(which(&orders, r#"{"from": 9223372036854775807}"#), 32);
    assert_eq!(which(&orders, r#"{"to": 9223372036854775806}"#), 31);
    assert_eq!(which(&orders, "-9223372036854775808"), 1);
    assert_eq!(which(&orders, r#"{"from": -5, "to": -1}"#), 6);
    // Beyond every signed id.
    assert_eq!(which(&orders, "9223372036854775808"), 0);
    assert_eq!(which(&orders, r#"{"from": 9223372036854775808}"#), 0);
    assert_eq!(which(&orders, r#"{"to": 9223372036854775808}"#), 63);
    // Fractions lie between ids.
    assert_eq!(which(&orders, r#"{"from": -4.5, "to": -0.5}"#), 4);
    assert_eq!(which(&orders, r#"{"from": -5.0, "to": -0.5}"#), 6);
    assert_eq!(which(&orders, "-1.5"), 0);
    assert_eq!(which(&orders, "-1.0"), 4);
    assert_eq!(which(&orders, r#"{"from": -1e300, "to": 1e300}"#), 63);
}

#[test]
fn entries_that_no_row_uses_are_nobody() {
    let dictionary = |keys: &[u32], entries: &[&str]| -> ColumnData {
        ColumnValues::Dictionary {
            keys: keys.to_vec().into(),
            values: Box::new(texts(entries)),
        }
        .into()
    };
    let columns = [
        (
            "customer_id",
            dictionary(&[3, 1, 3], &["no one", "b", "also no one", "a"]),
        ),
        (
            "ordered_at",
            times(&["2025-01-01", "2025-01-02", "2025-01-03"]),
        ),
        ("amount", ints(&[1, 2, 4])),
        (
            "channel",
            dictionary(&[2, 2, 0], &["mail", "never", "web", "nor this"]),
        ),
    ];
    let spec = r#"{"currency": "JPY", "channel": "channel"}"#;
    let orders = build(spec, &[batch(&columns)]);
    assert_eq!(summary(&orders, ""), rows(&[("a", 2, 5), ("b", 1, 2)]));
    assert_eq!(orders.n_customers(), 2);
    assert_eq!(
        summary(&orders, r#"{"where": {"customer_id": "no one"}}"#),
        []
    );
    assert_eq!(summary(&orders, r#"{"where": {"channel": "never"}}"#), []);
    let found = summary(&orders, r#"{"where": {"channel": {"from": "n"}}}"#);
    assert_eq!(found, rows(&[("a", 1, 1), ("b", 1, 2)]));
    let by = run("monthly", &orders, r#"{"by": ["channel"]}"#).expect("by channel");
    let channels = ["mail", "web"].map(|c| Some(c.to_owned()));
    assert_eq!(words(&by, "channel"), channels);
    assert_eq!(numbers(&by, "revenue"), [Some(4), Some(3)]);
    // Scores are among two customers, not four.
    let deciles = run("decile", &orders, "").expect("deciles");
    assert_eq!(numbers(&deciles, "decile"), [Some(1), Some(6)]);
}

/// Texts that are numbers are not compared as texts without an error.
#[test]
fn ends_that_are_numbers_have_one_reading_or_none() {
    let shop = |ranks: &[&str]| {
        let n = ranks.len();
        let amounts: Vec<i64> = (0..n).map(|i| 1 << i).collect();
        let columns = [
            ("customer_id", texts(&vec!["a"; n])),
            ("ordered_at", times(&vec!["2025-01-01"; n])),
            ("amount", ints(&amounts)),
            ("rank", texts(ranks)),
        ];
        build(
            r#"{"currency": "JPY", "dimensions": ["rank"]}"#,
            &[batch(&columns)],
        )
    };
    let asked = |ranks: &[&str], condition: &str| {
        let request = format!(r#"{{"where": {{"rank": {condition}}}}}"#);
        run("summary", &shop(ranks), &request)
            .map(|table| {
                crm_tests::numbers(&table, "revenue")
                    .into_iter()
                    .flatten()
                    .sum::<i64>()
            })
            .map_err(|error| (error.code(), error.to_string()))
    };
    // As numbers 9 and 10 are from 9 to 10, as texts none is.
    for condition in [
        r#"{"from": "9", "to": "10"}"#,
        r#"{"from": "9"}"#,
        r#"{"to": "10"}"#,
    ] {
        let (code, says) = asked(&["9", "10", "11"], condition).expect_err(condition);
        assert_eq!(code, crm_core::ErrorCode::Option);
        assert!(
            says.starts_with(
                "option `where.rank`: expected a list of values, or a column of numbers"
            ),
            "{says}"
        );
    }
    // A number for texts is refused as well.
    assert!(asked(&["9", "10"], r#"{"from": 9, "to": 10}"#).is_err());
    // Numbers of one width, and texts that are no numbers, are the same both ways.
    assert_eq!(
        asked(
            &["202401", "202412", "202501"],
            r#"{"from": "202402", "to": "202412"}"#
        ),
        Ok(2)
    );
    assert_eq!(
        asked(
            &["2024-05-01", "2025-01-01"],
            r#"{"from": "2024", "to": "2025"}"#
        ),
        Ok(1)
    );
    assert_eq!(asked(&["9", "10", "x"], r#"["9", "x"]"#), Ok(5));
    assert_eq!(asked(&["9", "10"], r#"{"from": "a"}"#), Ok(0));
}

/// A word that a closed list does not have is no condition that nothing meets.
#[test]
fn unknown_words_of_closed_lists_are_refused_with_the_nearest() {
    let shop = shop();
    for (condition, hint) in [
        (r#""canceled""#, "did you mean `cancelled`?"),
        (r#"["completed", "complete"]"#, "did you mean `completed`?"),
    ] {
        let request = format!(r#"{{"where": {{"status": {condition}}}}}"#);
        let error = run("summary", &shop, &request).expect_err(condition);
        assert!(
            error
                .to_string()
                .starts_with("option `where.status`: expected one of `completed`"),
            "{error}"
        );
        assert_eq!(error.hint().as_deref(), Some(hint));
    }
    assert_eq!(summary(&shop, r#"{"where": {"kind": "sample"}}"#), []);
}
