//! Every way an import or a request can be wrong, with the message a user sees.

mod alphabet;
mod budgets;
mod privacy;

use crm_core::columns::{ColumnData, ColumnValues, TimeUnit};
use crm_core::{Context, Dataset, Error, ErrorCode, Orders, register};
use crm_tests::{batch, floats, ints, optional_ints, optional_texts, orders, texts, times};

const SPEC: &str = r#"{"currency": "JPY"}"#;

/// Three sound rows with some columns replaced or added.
fn shop(spec: &str, replaced: &[(&str, ColumnData)]) -> crm_core::Result<Orders> {
    let mut columns = vec![
        ("customer_id", texts(&["a", "b", "a"])),
        (
            "ordered_at",
            times(&["2025-01-01", "2025-02-01", "2025-03-01"]),
        ),
        ("amount", ints(&[100, 200, 300])),
    ];
    for (name, column) in replaced {
        match columns.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => *old = column.clone(),
            None => columns.push((name, column.clone())),
        }
    }
    orders(spec, batch(&columns))
}

fn times_of_days(n: i32) -> ColumnData {
    ColumnValues::Date((0..n).collect::<Vec<_>>().into()).into()
}

#[track_caller]
fn refused(result: crm_core::Result<Orders>, code: ErrorCode, message: &str) -> Error {
    let error = result.expect_err(message);
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(message), "{error}");
    error
}

#[test]
fn columns() {
    let error = refused(
        shop(r#"{"currency": "JPY", "amount": "ammount"}"#, &[]),
        ErrorCode::Schema,
        "column `ammount` was not found; the input has customer_id, ordered_at, amount",
    );
    assert_eq!(error.hint().as_deref(), Some("did you mean `amount`?"));
    // A blank id has made floats of the others: they are whole numbers still.
    let blank = r#"{"currency": "JPY", "guests": "keep"}"#;
    let floated = shop(blank, &[("customer_id", floats(&[7.0, f64::NAN, 7.0]))]).unwrap();
    let whole = shop(
        blank,
        &[("customer_id", optional_ints(&[Some(7), None, Some(7)]))],
    )
    .unwrap();
    assert_eq!((floated.len(), floated.n_customers()), (3, 1));
    let of = |orders: &Orders| {
        register::run("summary", &Dataset::Orders(orders), "", &Context::default()).unwrap()
    };
    assert!(of(&floated) == of(&whole));
    let negative = shop(
        SPEC,
        &[(
            "customer_id",
            floats(&[-0.0, 0.0, -9_007_199_254_740_991.0]),
        )],
    );
    assert_eq!(negative.unwrap().n_customers(), 2);
    for wrong in [1.5, f64::INFINITY, 9_007_199_254_740_992.0] {
        let error = refused(
            shop(SPEC, &[("customer_id", floats(&[1.0, wrong, 3.0]))]),
            ErrorCode::Data,
            "column `customer_id`, row 1: expected a whole number below 2^53, as ids are that became floats",
        );
        assert_eq!(
            (error.column(), error.row()),
            (Some("customer_id"), Some(1))
        );
    }
    refused(
        shop(SPEC, &[("customer_id", times_of_days(3))]),
        ErrorCode::Schema,
        "column `customer_id` is of type date, expected a customer id: integers, texts or fixed-size binary",
    );
    refused(
        shop(SPEC, &[("amount", times(&["2025-01-01"; 3]))]),
        ErrorCode::Data,
        "column `amount`, row 0: expected an amount such as 1234",
    );
    refused(
        shop(SPEC, &[("ordered_at", ints(&[1, 2, 3]))]),
        ErrorCode::Schema,
        "column `ordered_at` is of type int64, expected a date or a timestamp",
    );
    refused(
        shop(SPEC, &[("amount", ints(&[1, 2]))]),
        ErrorCode::Schema,
        "column `amount` has 2 rows where the others have 3",
    );
}

#[test]
fn cells() {
    let error = refused(
        shop(
            SPEC,
            &[("customer_id", optional_texts(&[Some("a"), None, None]))],
        ),
        ErrorCode::Data,
        "column `customer_id`, row 1: no value, expected a customer id; guests=\"drop\" or \"keep\"",
    );
    assert_eq!(
        (error.column(), error.row()),
        (Some("customer_id"), Some(1))
    );
    refused(
        shop(
            SPEC,
            &[("amount", optional_ints(&[Some(1), Some(2), None]))],
        ),
        ErrorCode::Data,
        "column `amount`, row 2: no value, expected an amount",
    );
    let at = ColumnValues::Time {
        values: vec![0, i64::MIN, 5].into(),
        unit: TimeUnit::Nanosecond,
        zone: None,
    };
    refused(
        shop(SPEC, &[("ordered_at", at.into())]),
        ErrorCode::Data,
        "column `ordered_at`, row 1: no value, expected a time",
    );
    for (bad, message) in [
        (f64::NAN, "row 1: expected a finite number"),
        (f64::INFINITY, "row 1: expected a finite number"),
        (
            1.5,
            "row 1: expected a whole number of minor units of JPY (0 decimals); round_amounts rounds and counts",
        ),
        (1e300, "row 1: expected an amount below 9.2e18 minor units"),
    ] {
        refused(
            shop(SPEC, &[("amount", floats(&[1.0, bad, 3.0]))]),
            ErrorCode::Data,
            message,
        );
    }
    for seconds in [i64::MAX, i64::MIN + 1, 253_402_300_800, -62_135_596_801] {
        let at = ColumnValues::Time {
            values: vec![0, 1, seconds].into(),
            unit: TimeUnit::Second,
            zone: None,
        };
        refused(
            shop(SPEC, &[("ordered_at", at.into())]),
            ErrorCode::Data,
            "column `ordered_at`, row 2: expected a time in the years 1 to 9999",
        );
    }
    for seconds in [253_402_300_799, -62_135_596_800] {
        let at = ColumnValues::Time {
            values: vec![0, 1, seconds].into(),
            unit: TimeUnit::Second,
            zone: None,
        };
        shop(SPEC, &[("ordered_at", at.into())]).expect("the first and the last second are times");
    }
    for text in [
        "2025-13-01",
        "2025-01-01T25:00",
        "2025-01-01T10:00:60",
        "2025-01-01T10:00+9",
        "soon",
    ] {
        refused(
            shop(
                SPEC,
                &[("ordered_at", times(&["2025-01-01", text, "2025-01-02"]))],
            ),
            ErrorCode::Data,
            "column `ordered_at`, row 1: expected a date or time such as",
        );
    }
    refused(
        shop(
            SPEC,
            &[("ordered_at", times(&["2025-01-01", "01/02/2025", "x"]))],
        ),
        ErrorCode::Data,
        "column `ordered_at`: day first (%d/%m/%Y) or month first (%m/%d/%Y)?",
    );
    refused(
        shop(SPEC, &[("amount", texts(&["1", "1.234", "3"]))]),
        ErrorCode::Data,
        "column `amount`: a decimal point (.) or points between thousands (,)?",
    );
}

#[test]
fn bad_rows_are_dropped_and_counted_where_asked() {
    let spec = r#"{"currency": "JPY", "bad_rows": "drop", "guests": "drop"}"#;
    let replaced = [
        ("customer_id", optional_texts(&[Some("a"), Some("b"), None])),
        ("amount", floats(&[100.0, f64::NAN, 300.0])),
    ];
    let orders = shop(spec, &replaced).unwrap();
    assert_eq!(orders.len(), 1);
    let table = orders.reconciliation(&Context::default()).unwrap();
    assert_eq!(
        crm_tests::words(&table, "reason")
            .into_iter()
            .flatten()
            .collect::<Vec<_>>(),
        ["counted", "bad_amount", "guest_dropped", "total"]
    );
    assert_eq!(crm_tests::numbers(&table, "rows"), [1, 1, 1, 3].map(Some));
    assert_eq!(
        crm_tests::numbers(&table, "amount"),
        [100, 0, 300, 400].map(Some)
    );
    let rounded = shop(
        r#"{"currency": "JPY", "round_amounts": true}"#,
        &[("amount", floats(&[0.5, 1.5, 2.4]))],
    )
    .unwrap();
    let table = rounded.reconciliation(&Context::default()).unwrap();
    assert_eq!(table.notes()["rounded_amounts"], 3);
    assert_eq!(crm_tests::numbers(&table, "amount")[0], Some(4)); // half to even: 0, 2, 2
}

#[test]
fn words() {
    let spec =
        r#"{"currency": "JPY", "status": "status", "status_map": {"発送済み": "completed"}}"#;
    shop(
        spec,
        &[(
            "status",
            optional_texts(&[Some("発送済み"), None, Some("pending")]),
        )],
    )
    .unwrap();
    let error = refused(
        shop(
            spec,
            &[("status", texts(&["completed", "発送", "pending"]))],
        ),
        ErrorCode::Data,
        "column `status`, row 1: unknown word (2 characters: letters); expected completed, pending, not_ordered",
    );
    assert_eq!(
        error.hint().as_deref(),
        Some("did you mean `発送済み`? status_map translates the shop's own words")
    );
    refused(
        shop(
            r#"{"currency": "JPY", "kind": "kind"}"#,
            &[("kind", texts(&["one_off", "swap", "gift"]))],
        ),
        ErrorCode::Data,
        "column `kind`, row 2: unknown word (4 characters: letters)",
    );
    refused(
        shop(
            r#"{"currency": "JPY", "currency_column": "cur"}"#,
            &[("cur", texts(&["JPY", "jpy", "USD"]))],
        ),
        ErrorCode::Data,
        "column `cur`, row 2: currency `USD` where the orders are in `JPY`",
    );
    refused(
        shop(
            r#"{"currency": "JPY", "currency_column": "cur"}"#,
            &[("cur", texts(&["JPY", "taro@example.jp", "USD"]))],
        ),
        ErrorCode::Data,
        "column `cur`, row 1: no currency (15 characters: letters, other signs) where the orders are in `JPY`",
    );
}

#[test]
fn orders_that_contradict_themselves() {
    let spec = r#"{"currency": "JPY", "order_id": "order_id"}"#;
    let one = ("order_id", ints(&[7, 7, 8]));
    let error = refused(
        shop(spec, std::slice::from_ref(&one)),
        ErrorCode::Data,
        "column `customer_id`, row 1: two customers under one order id (see row 0)",
    );
    assert_eq!(error.row(), Some(1));
    let hint = error.hint().unwrap();
    assert!(
        hint.starts_with("shop=\"...\"") && hint.contains("bad_rows=\"drop\""),
        "{hint}"
    );
    let same = ("customer_id", texts(&["a", "a", "b"]));
    shop(spec, &[one.clone(), same.clone()]).unwrap();
    let total = r#"{"currency": "JPY", "order_id": "order_id", "amount_is": "order"}"#;
    refused(
        shop(total, &[one.clone(), same.clone()]),
        ErrorCode::Data,
        "column `amount`, row 1: two totals for one order (amount_is \"order\") (see row 0)",
    );
    refused(
        shop(
            total,
            &[one, same, ("amount", optional_ints(&[None, None, Some(3)]))],
        ),
        ErrorCode::Data,
        "column `amount`, row 0: no value, expected the order's total on at least one of its lines",
    );
    let repeats = r#"{"currency": "JPY", "repeated_rows": "error"}"#;
    let twice = [
        ("customer_id", texts(&["a", "a", "b"])),
        ("amount", ints(&[5, 5, 5])),
        (
            "ordered_at",
            times(&["2025-01-01", "2025-01-01", "2025-01-01"]),
        ),
    ];
    refused(
        shop(repeats, &twice),
        ErrorCode::Data,
        "row 1: the row repeats another in every column (see row 0)",
    );
    let dropped = shop(r#"{"currency": "JPY", "repeated_rows": "drop"}"#, &twice).unwrap();
    assert_eq!(dropped.len(), 2);
}

#[test]
fn sums_that_do_not_fit() {
    let large = (1_i64 << 62) - 1;
    let ids = texts(&["a"; 3]);
    let orders = shop(
        SPEC,
        &[("customer_id", ids.clone()), ("amount", ints(&[large; 3]))],
    )
    .unwrap();
    let error =
        register::run("rfm", &Dataset::Orders(&orders), "", &Context::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column `amount`: a customer's revenue is too large to be held exactly"
    );
    // Lines of one order: up to the greatest amount, and one beyond.
    for (more, fits) in [(0, true), (1, false)] {
        let lines = shop(
            r#"{"currency": "JPY", "order_id": "order_id"}"#,
            &[
                ("customer_id", ids.clone()),
                ("ordered_at", times(&["2025-01-01"; 3])),
                ("amount", ints(&[large - 9, 4, 5 + more])),
                ("order_id", ints(&[7; 3])),
            ],
        );
        let told = lines
            .map(|orders| orders.len())
            .map_err(|error| error.to_string());
        let message =
            "column `amount`: the sum of an order's lines is too large to be held exactly";
        let expected = if fits { Ok(1) } else { Err(message.to_owned()) };
        assert_eq!(told, expected);
    }
    // Sums that pass the limit on the way and come back are exact.
    let back = shop(
        SPEC,
        &[
            ("customer_id", ids),
            ("amount", ints(&[large, large, 2 - large])),
        ],
    )
    .unwrap();
    let table = register::run("rfm", &Dataset::Orders(&back), "", &Context::default()).unwrap();
    assert_eq!(crm_tests::numbers(&table, "revenue"), [Some(large + 2)]);
    // And of the orders that count: not the cancelled one, not the one after the day.
    let some = shop(
        r#"{"currency": "JPY", "status": "status"}"#,
        &[
            ("customer_id", texts(&["a"; 5])),
            (
                "ordered_at",
                times(&[
                    "2025-01-01",
                    "2025-01-02",
                    "2025-01-03",
                    "2025-01-04",
                    "2025-02-01",
                ]),
            ),
            ("amount", ints(&[large, large, 2 - large, 40, 500])),
            (
                "status",
                texts(&[
                    "completed",
                    "completed",
                    "completed",
                    "cancelled",
                    "completed",
                ]),
            ),
        ],
    )
    .unwrap();
    let request = r#"{"as_of": "2025-01-31"}"#;
    let data = Dataset::Orders(&some);
    let table = register::run("summary", &data, request, &Context::default()).unwrap();
    assert_eq!(crm_tests::numbers(&table, "revenue"), [Some(large + 2)]);
}

/// A name that is no column: what there is instead, all of it.
#[test]
fn an_unknown_column_is_answered_by_all_that_there_are() {
    use crm_core::data::{Customers, CustomersSpec, OrdersSpec};
    let orders = |spec: &str, extra: &[(&str, ColumnData)]| {
        let mut columns = vec![
            ("customer_id", texts(&["a"])),
            ("ordered_at", times(&["2025-01-01"])),
            ("amount", ints(&[5])),
        ];
        columns.extend(extra.iter().cloned());
        crm_tests::orders(spec, crm_tests::batch(&columns)).unwrap()
    };
    let listed = |orders: &Orders| {
        let data = Dataset::Orders(orders);
        let request = r#"{"where": {"zzz": "x"}}"#;
        let error = register::run("rfm", &data, request, &Context::default()).unwrap_err();
        match error {
            Error::MissingColumn { available, .. } => available.join(" "),
            other => panic!("{other}"),
        }
    };
    let plain = orders(r#"{"currency": "JPY"}"#, &[]);
    let of_first = "first_amount first_status first_kind";
    let periods = "first_week first_month first_quarter";
    assert_eq!(
        listed(&plain),
        format!("customer_id ordered_at amount status kind {of_first} {periods}")
    );
    let names = [
        "order_id", "channel", "shop", "product", "category", "campaign",
    ];
    let extra: Vec<_> = names.iter().map(|name| (*name, texts(&["x"]))).collect();
    let spec = r#"{"currency": "JPY", "order_id": "order_id", "channel": "channel", "shop": "shop",
        "product": "product", "category": "category", "dimensions": ["campaign"]}"#;
    let full = orders(spec, &extra);
    let own = names.join(" ");
    let firsts: Vec<String> = names.iter().map(|name| format!("first_{name}")).collect();
    let all = format!(
        "customer_id ordered_at amount status kind {own} {of_first} {} {periods}",
        firsts.join(" ")
    );
    assert_eq!(listed(&full), all);
    let spec = CustomersSpec::parse(
        r#"{"registered_at": "registered_at", "opted_out": "opted_out", "dimensions": ["city"]}"#,
    );
    let people = crm_tests::batch(&[
        ("customer_id", texts(&["a"])),
        ("registered_at", times(&["2024-01-01"])),
        ("opted_out", ints(&[1])),
        ("city", texts(&["Kyoto"])),
    ]);
    let people = Customers::from_batches(&spec.unwrap(), &[people], &Context::default()).unwrap();
    let spec = OrdersSpec::parse(r#"{"currency": "JPY"}"#).unwrap();
    let shop = crm_tests::batch(&[
        ("customer_id", texts(&["a"])),
        ("ordered_at", times(&["2025-01-01"])),
        ("amount", ints(&[5])),
    ]);
    let with = Orders::from_batches(
        &spec,
        &[shop],
        Some(std::sync::Arc::new(people)),
        &Context::default(),
    )
    .unwrap();
    let all = format!(
        "customer_id ordered_at amount status kind {of_first} {periods} registered_at opted_out city"
    );
    assert_eq!(listed(&with), all);
    // Each of these is a column indeed.
    for (name, condition) in [
        (
            "registered_at",
            r#"{"from": "2024-01-01", "to": "2024-01-01"}"#,
        ),
        ("opted_out", "true"),
        ("city", r#""Kyoto""#),
    ] {
        for (request, kept) in [
            (format!(r#"{{"where": {{"{name}": {condition}}}}}"#), 1),
            (format!(r#"{{"customers": {{"{name}": {condition}}}}}"#), 1),
        ] {
            let data = Dataset::Orders(&with);
            let table = register::run("rfm", &data, &request, &Context::default()).unwrap();
            assert_eq!(table.len(), kept, "{request}");
        }
    }
}

#[test]
fn requests() {
    let orders = shop(SPEC, &[]).unwrap();
    let run = |name: &str, request: &str| {
        register::run(
            name,
            &Dataset::Orders(&orders),
            request,
            &Context::default(),
        )
        .map(|_| ())
    };
    let message = |name: &str, request: &str| run(name, request).expect_err(request).to_string();
    assert!(message("rfmm", "").starts_with("unknown analysis `rfmm`; there are "));
    assert!(message("rfm", r#"{"level": 5}"#).starts_with("unknown option `level`; valid are "));
    assert_eq!(
        message("rfm", r#"{"levels": 11}"#),
        "option `levels`: expected 2 to 10, found 11"
    );
    assert_eq!(
        message("rfm", r#"{"levels": "five"}"#),
        "option `levels`: expected a whole number from 0 to 255, found \"five\""
    );
    assert!(message("rfm", r#"{"as_of": "yesterday"}"#).contains("a date such as \"2026-11-21\""));
    assert!(message("rfm", "{").starts_with("option `request`: expected a JSON object"));
    assert_eq!(
        message("rfm", r#"{"basis": "margin"}"#),
        "option `basis` = `margin` needs the column `cost`, which was not given"
    );
    assert_eq!(
        message("rfm", r#"{"refunds": "refund_date"}"#),
        "option `refunds` = `refund_date` needs the column `refunded`, which was not given"
    );
    assert!(
        message("rfm", r#"{"where": {"chanel": "x"}}"#)
            .starts_with("column `chanel` was not found; the input has customer_id")
    );
    assert!(
        message("rfm", r#"{"by": ["amount"]}"#).contains("a column of few values, not amounts")
    );
    assert!(
        message("rfm", r#"{"customers": {"amount": 5}}"#)
            .contains("first_amount is the first order's")
    );
    assert!(message("movement", "").contains("option `since`: expected the earlier date"));
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(message("rfm", &format!("{{\"where\": {deep}}}")).contains("nested more than 24 deep"));
    // Before the first order there is nobody, which is no error.
    let table = register::run(
        "rfm",
        &Dataset::Orders(&orders),
        r#"{"as_of": "2024-12-31"}"#,
        &Context::default(),
    )
    .unwrap();
    assert!(table.is_empty());
}

#[test]
fn settings() {
    for (spec, message) in [
        (
            "{}",
            "option `currency`: expected an ISO 4217 code such as \"JPY\"; it has no default",
        ),
        (r#"{"currency": "YEN"}"#, "option `currency`"),
        (
            r#"{"currency": "JPY", "amount_is": "unit"}"#,
            "option `amount_is` = `unit` needs the column `quantity`",
        ),
        (
            r#"{"currency": "JPY", "amount_is": "order"}"#,
            "option `amount_is` = `order` needs the column `order_id`",
        ),
        (
            r#"{"currency": "JPY", "timezone": "Tokyo"}"#,
            "option `timezone`: expected an IANA name",
        ),
        (
            r#"{"currency": "JPY", "gests": "drop"}"#,
            "unknown option `gests`",
        ),
    ] {
        refused(shop(spec, &[]), ErrorCode::Option, message);
    }
}

#[test]
fn concat_of_strangers() {
    let yen = shop(SPEC, &[]).unwrap();
    let numbered = shop(SPEC, &[("customer_id", ints(&[1, 2, 3]))]).unwrap();
    let dollars = shop(r#"{"currency": "USD"}"#, &[]).unwrap();
    let context = Context::default();
    assert_eq!(
        yen.concat(&numbered, &context).unwrap_err().to_string(),
        "column `customer_id` is of type int64, expected text"
    );
    let error = yen.concat(&dollars, &context).unwrap_err();
    assert_eq!((error.code(), error.row()), (ErrorCode::Option, None));
    let zoned = shop(r#"{"currency": "JPY", "timezone": "Asia/Tokyo"}"#, &[]).unwrap();
    assert_eq!(
        yen.concat(&zoned, &context).unwrap_err().code(),
        ErrorCode::Option
    );
}
