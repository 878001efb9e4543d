//! Parts and wholes: orders put together of imports, rows that repeat others, what a view counts.

use super::{build, reconciled, rows, run, summary};
use crm_core::columns::{Batch, ColumnData};
use crm_core::data::{Customers, CustomersSpec, OrdersSpec};
use crm_core::scope::{Filter, Policy};
use crm_core::{Context, ErrorCode, Orders, register};
use crm_tests::{batch, ints, numbers, optional_ints, optional_texts, texts, times, words};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, prop_assert, proptest};
use std::sync::Arc;

/// A line: order, customer, day, amount, status, channel, product.
pub(super) type Line = (
    i64,
    Option<usize>,
    Option<u32>,
    Option<i64>,
    Option<usize>,
    Option<usize>,
    Option<usize>,
);

pub(super) fn line() -> impl Strategy<Value = Line> {
    (
        0..6_i64,
        option::weighted(0.8, 0..3_usize),
        option::weighted(0.8, 1..5_u32),
        option::weighted(0.9, -3..9_i64),
        option::weighted(0.5, 0..2_usize),
        option::weighted(0.5, 0..2_usize),
        option::weighted(0.5, 0..2_usize),
    )
}

pub(super) fn columns(lines: &[Line]) -> Batch {
    const NAMES: [&str; 3] = ["a", "b", "c"];
    let named = |names: &[&'static str], of: &dyn Fn(&Line) -> Option<usize>| -> ColumnData {
        let cells: Vec<Option<&str>> = lines.iter().map(|l| of(l).map(|at| names[at])).collect();
        optional_texts(&cells)
    };
    let days: Vec<Option<String>> = lines
        .iter()
        .map(|l| l.2.map(|day| format!("2025-01-0{day}")))
        .collect();
    let days: Vec<Option<&str>> = days.iter().map(Option::as_deref).collect();
    batch(&[
        (
            "order_id",
            ints(&lines.iter().map(|l| l.0).collect::<Vec<_>>()),
        ),
        ("customer_id", named(&NAMES, &|l| l.1)),
        ("ordered_at", optional_texts(&days)),
        (
            "amount",
            optional_ints(&lines.iter().map(|l| l.3).collect::<Vec<_>>()),
        ),
        ("status", named(&["completed", "cancelled"], &|l| l.4)),
        ("channel", named(&["web", "shop"], &|l| l.5)),
        ("product", named(&["tea", "pot"], &|l| l.6)),
    ])
}

proptest! {
    #![proptest_config(crm_tests::random_cases(400))]
    /// Lines of one order may be in two imports: a value that one has and the other leaves blank,
    /// and what contradicts or repeats, is found as in one import.
    #[test]
    fn orders_put_together_are_orders_of_all_rows(
        lines in vec(line(), 0..12),
        cut in 0..13_usize,
        amount_is in Just("line").boxed().prop_union(Just("order").boxed()),
        repeated in Just("keep").boxed().prop_union(Just("drop").boxed()),
        guests in Just("keep").boxed().prop_union(Just("drop").boxed()),
    ) {
        let spec = format!(
            r#"{{"currency": "JPY", "order_id": "order_id", "status": "status", "channel": "channel",
                 "product": "product", "guests": "{guests}", "bad_rows": "drop",
                 "amount_is": "{amount_is}", "repeated_rows": "{repeated}"}}"#
        );
        let cut = cut.min(lines.len());
        let whole = build(&spec, &[columns(&lines)]);
        let parts = [&lines[..cut], &lines[cut..]].map(|part| build(&spec, &[columns(part)]));
        let joined = parts[0].concat(&parts[1], &Context::default()).unwrap();
        prop_assert!(reconciled(&joined) == reconciled(&whole), "{spec}");
        prop_assert!((joined.len(), joined.n_customers()) == (whole.len(), whole.n_customers()));
        for request in ["", r#"{"by": ["channel"]}"#, r#"{"by": ["product"]}"#, r#"{"by": ["first_channel"]}"#] {
            let of = |orders: &Orders| run("summary", orders, request).unwrap();
            prop_assert!(of(&joined) == of(&whole), "{spec} {request}");
        }
    }
}

#[test]
fn rows_repeat_others_only_when_every_cell_does() {
    let len = |spec: &str, columns: &[(&str, ColumnData)]| {
        let mut all = vec![("ordered_at", times(&["2025-01-01"; 2]))];
        all.extend(columns.iter().cloned());
        let spec = format!(r#"{{"currency": "JPY", "repeated_rows": "drop", {spec}}}"#);
        build(&spec, &[batch(&all)]).len()
    };
    let same = ("customer_id", texts(&["a", "a"]));
    let amounts = |a, b| ("amount", ints(&[a, b]));
    assert_eq!(
        len(r#""guests": "keep""#, &[same.clone(), amounts(5, 5)]),
        1
    );
    // An id is compared to the letter.
    let near = ("customer_id", texts(&["Ann@x.org", "ann@x.org"]));
    assert_eq!(len(r#""guests": "keep""#, &[near, amounts(5, 5)]), 2);
    // Two units of 50 are no unit of 100, and a product of 0 is no discount.
    let units = r#""amount_is": "unit", "quantity": "quantity""#;
    let quantity = |a, b| ("quantity", ints(&[a, b]));
    assert_eq!(
        len(units, &[same.clone(), amounts(50, 100), quantity(2, 1)]),
        2
    );
    assert_eq!(
        len(units, &[same.clone(), amounts(50, 50), quantity(2, 2)]),
        1
    );
    let kinds = r#""line_kind": "line", "discount": "discount""#;
    let discount = |a, b| ("discount", ints(&[a, b]));
    let line = |a, b| ("line", texts(&[a, b]));
    let moved = [
        same.clone(),
        amounts(0, 7),
        discount(7, 0),
        line("product", "discount"),
    ];
    assert_eq!(len(kinds, &moved), 2);
    let coupons = [
        same.clone(),
        amounts(7, 7),
        discount(0, 0),
        line("coupon", "discount"),
    ];
    assert_eq!(len(kinds, &coupons), 2);
    let equal = [
        same,
        amounts(7, 7),
        discount(0, 0),
        line("coupon", "coupon"),
    ];
    assert_eq!(len(kinds, &equal), 1);
}

/// Customer, day, amount, channel of four orders.
fn four(spec: &str) -> Orders {
    let all = [
        ("customer_id", texts(&["a", "a", "b", "c"])),
        (
            "ordered_at",
            times(&["2025-01-01", "2025-01-03", "2025-01-02", "2025-01-04"]),
        ),
        ("amount", ints(&[1, 2, 4, 8])),
        ("channel", texts(&["ads", "web", "web", "ads"])),
        (
            "status",
            texts(&["completed", "completed", "completed", "cancelled"]),
        ),
    ];
    build(spec, &[batch(&all)])
}

const FOUR: &str = r#"{"currency": "JPY", "channel": "channel", "status": "status"}"#;

fn filter(text: &str) -> Filter {
    serde_json::from_str(text).expect("a filter")
}

#[test]
fn a_view_counts_its_own_part() {
    let context = Context::default();
    let shop = four(FOUR);
    let first = |orders: &Orders| orders.first_date().map(|day| day.to_string());
    assert_eq!(
        (shop.len(), shop.n_customers(), first(&shop).as_deref()),
        (4, 3, Some("2025-01-01"))
    );
    let web = shop
        .view(&filter(r#"{"channel": "web"}"#), None, &context)
        .unwrap();
    assert_eq!(
        (web.len(), web.n_customers(), first(&web).as_deref()),
        (2, 2, Some("2025-01-02"))
    );
    // Its default date is still the shop's, so that recency counts days without a purchase on the
    // web.
    assert_eq!(web.last_date(), shop.last_date());
    let none = shop
        .view(&filter(r#"{"channel": "tv"}"#), None, &context)
        .unwrap();
    assert_eq!(
        (none.len(), none.n_customers(), none.first_date()),
        (0, 0, None)
    );
    assert!(none.is_empty());
    // The reconciliation is of the whole import and counts what the filter leaves out.
    assert_eq!(
        reconciled(&web),
        [
            ("counted".to_owned(), 2, 2, 2, 6),
            ("filtered".to_owned(), 2, 2, 2, 9),
            ("total".to_owned(), 4, 4, 3, 15),
        ]
    );
    let later = web.view(
        &filter(r#"{"ordered_at": {"from": "2025-01-03"}}"#),
        None,
        &context,
    );
    assert_eq!(later.unwrap().len(), 1);
}

#[test]
fn the_first_order_is_the_first_that_where_keeps() {
    let shop = four(FOUR);
    // a's first order came from ads; of the orders from day 2 on it is the one of the web.
    let by = |request: &str| {
        let table = run("monthly", &shop, request).unwrap();
        let cells = words(&table, "first_channel");
        let revenue = numbers(&table, "revenue");
        cells.into_iter().zip(revenue).collect::<Vec<_>>()
    };
    let (ads, web) = (Some("ads".to_owned()), Some("web".to_owned()));
    assert_eq!(
        by(r#"{"by": ["first_channel"]}"#),
        [(ads, Some(3)), (web.clone(), Some(4))]
    );
    let from = r#""where": {"ordered_at": {"from": "2025-01-02"}}"#;
    assert_eq!(
        by(&format!(r#"{{"by": ["first_channel"], {from}}}"#)),
        [(web, Some(6))]
    );
    let ads = format!(r#"{{"customers": {{"first_channel": "ads"}}, {from}}}"#);
    assert_eq!(summary(&shop, &ads), []);
    // The conditions of one `where` all look at the shop: a's later order, whose first was from ads.
    let both = r#"{"where": {"first_channel": "ads", "channel": "web"}}"#;
    assert_eq!(summary(&shop, both), rows(&[("a", 1, 2)]));
}

fn table(spec: &str, ids: &[&str], ranks: &[&str]) -> Arc<Customers> {
    let columns = batch(&[("customer_id", texts(ids)), ("rank", texts(ranks))]);
    let spec = CustomersSpec::parse(spec).unwrap();
    Arc::new(Customers::from_batches(&spec, &[columns], &Context::default()).unwrap())
}

#[test]
fn orders_under_other_settings_are_not_put_together() {
    let context = Context::default();
    let refused = |a: &Orders, b: &Orders, says: &str| {
        let error = a.concat(b, &context).map(|_| ()).expect_err(says);
        assert_eq!(
            (error.code(), error.row()),
            (ErrorCode::Option, None),
            "{error}"
        );
        assert!(error.to_string().contains(says), "{error}");
    };
    let shop = four(FOUR);
    refused(
        &shop,
        &four(&FOUR.replace("JPY", "USD")),
        "option `currency`: expected \"JPY\" as in the first orders, for `concat`, found \"USD\"",
    );
    refused(
        &shop,
        &four(&FOUR.replace("\"JPY\"", "\"JPY\", \"guests\": \"keep\"")),
        "option `guests`: expected \"error\" as in the first orders, for `concat`, found \"keep\"",
    );
    let strict = Policy {
        zero_value: false,
        ..Policy::default()
    };
    let other = shop
        .view(&Filter::default(), Some(strict), &context)
        .unwrap();
    refused(
        &shop,
        &other,
        "option `policy`: expected the policy of the first orders",
    );
    refused(
        &other,
        &shop,
        "option `policy`: expected the policy of the first orders",
    );
    let both = other.concat(&other, &context).unwrap();
    assert_eq!(both.len(), 8);

    let view = shop
        .view(&filter(r#"{"channel": "web"}"#), None, &context)
        .unwrap();
    refused(
        &shop,
        &view,
        "expected whole imports, not views with a filter",
    );
    // A condition on lines leaves no mask behind, and is a filter all the same.
    let lines = [
        ("customer_id", texts(&["a", "a"])),
        ("ordered_at", times(&["2025-01-01"; 2])),
        ("amount", ints(&[1, 2])),
        ("order_id", ints(&[1, 1])),
        ("product", texts(&["tea", "pot"])),
    ];
    let spec = r#"{"currency": "JPY", "order_id": "order_id", "product": "product"}"#;
    let lined = build(spec, &[batch(&lines)]);
    let tea = lined
        .view(&filter(r#"{"product": "tea"}"#), None, &context)
        .unwrap();
    refused(
        &tea,
        &lined,
        "expected whole imports, not views with a filter",
    );
    refused(
        &lined,
        &tea,
        "expected whole imports, not views with a filter",
    );

    let of = |customers: Option<Arc<Customers>>| {
        let all = [
            ("customer_id", texts(&["a"])),
            ("ordered_at", times(&["2025-01-01"])),
            ("amount", ints(&[1])),
        ];
        let spec = OrdersSpec::parse(r#"{"currency": "JPY"}"#).unwrap();
        Orders::from_batches(&spec, &[batch(&all)], customers, &context).unwrap()
    };
    let ranked = r#"{"dimensions": ["rank"]}"#;
    let gold = of(Some(table(ranked, &["a", "b"], &["gold", "tin"])));
    // The same table, its rows in another order.
    let again = of(Some(table(ranked, &["b", "a"], &["tin", "gold"])));
    let both = gold.concat(&again, &context).unwrap();
    assert_eq!(
        summary(&both, r#"{"where": {"rank": "gold"}}"#),
        rows(&[("a", 2, 2)])
    );
    for other in [
        table(ranked, &["a", "b"], &["tin", "tin"]),
        table(ranked, &["a", "c"], &["gold", "tin"]),
        table(ranked, &["a"], &["gold"]),
        table("{}", &["a", "b"], &["gold", "tin"]),
    ] {
        refused(
            &gold,
            &of(Some(other)),
            "option `customers`: expected the customers table of the first",
        );
    }
    for both in [
        gold.concat(&of(None), &context),
        of(None).concat(&gold, &context),
    ] {
        assert_eq!(
            summary(&both.unwrap(), r#"{"where": {"rank": "gold"}}"#),
            rows(&[("a", 2, 2)])
        );
    }
}

#[test]
fn a_budget_of_a_few_bytes_is_refused_by_every_analysis_of_orders() {
    let shop = four(FOUR);
    let context = Context {
        budget: Some(8),
        ..Context::default()
    };
    for entry in register::all().filter(|entry| entry.reads == "orders") {
        let data = crm_core::Dataset::Orders(&shop);
        let request = match entry.needs_as_of {
            true => r#"{"as_of": "2025-02-01"}"#,
            false => "",
        };
        let found = register::run(entry.name, &data, request, &context);
        let code = found.map(|_| ()).map_err(|error| error.code());
        // Before they need memory, these need a column that these orders do not have.
        let lacks = ["coupon_effect", "referrals"].contains(&entry.name)
            && matches!(code, Err(ErrorCode::Schema));
        let refused = matches!(code, Err(ErrorCode::Budget | ErrorCode::Option));
        assert!(refused || lacks, "{} {code:?}", entry.name);
    }
}
