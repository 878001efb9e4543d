//! What every registered analysis promises. A new analysis is covered by being in the register;
//! extend this file rather than copying a check into a module.

use crm_core::columns::Batch;
use crm_core::data::OrdersSpec;
use crm_core::table::Cell;
use crm_core::{Context, Dataset, Events, Orders, Scope, Table, Zone, analysis, register};
use crm_tests::{STORE, orders, rows, shuffled, store, take};
use std::collections::{HashMap, VecDeque};

const AS_OF: &str = "2025-06-30";

/// Options that an analysis cannot do without.
fn request(name: &str) -> String {
    let extra = match name {
        "movement" => r#", "since": "2025-03-31""#,
        name if name.starts_with("backtest") => r#", "origins": 1"#,
        _ => "",
    };
    format!(r#"{{"as_of": "{AS_OF}"{extra}}}"#)
}

fn on_orders() -> impl Iterator<Item = &'static analysis::Entry> {
    register::all().filter(|entry| entry.reads == "orders")
}

fn run(name: &str, orders: &Orders, request: &str) -> Table {
    register::run(name, &Dataset::Orders(orders), request, &Context::default())
        .unwrap_or_else(|e| panic!("{name} {request}: {e}"))
}

fn build(batches: &[Batch], context: &Context) -> Orders {
    Orders::from_batches(&OrdersSpec::parse(STORE).unwrap(), batches, None, context).unwrap()
}

#[test]
fn row_order_chunks_and_hash_seed_do_not_matter() {
    let shop = store(120, 11);
    let n = rows(&shop);
    let reference = build(std::slice::from_ref(&shop), &Context::default());
    let backward = build(
        &[take(&shop, &(0..n).rev().collect::<Vec<_>>())],
        &Context::default(),
    );
    // Shuffled, in three chunks, under another seed of the hash.
    let shop = take(&shop, &shuffled(n));
    let thirds: Vec<Batch> = [0..n / 3, n / 3..n / 2, n / 2..n]
        .into_iter()
        .map(|range| take(&shop, &range.collect::<Vec<_>>()))
        .collect();
    let seeded = Context {
        hash_seed: 99,
        ..Context::default()
    };
    let anyhow = build(&thirds, &seeded);
    for entry in on_orders() {
        let request = request(entry.name);
        let expected = run(entry.name, &reference, &request);
        assert!(
            !expected.is_empty(),
            "{} says nothing about the store",
            entry.name
        );
        for (orders, what) in [(&backward, "backward"), (&anyhow, "anyhow")] {
            assert!(
                run(entry.name, orders, &request) == expected,
                "{} {what}",
                entry.name
            );
        }
    }
}

#[test]
fn threads_do_not_matter() {
    let shop = store(120, 12);
    let one = build(std::slice::from_ref(&shop), &Context::default());
    // A number that divides nothing evenly.
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(3)
        .build()
        .unwrap();
    let context = Context {
        pool: Some(&pool),
        ..Context::default()
    };
    let many = build(std::slice::from_ref(&shop), &context);
    for entry in on_orders() {
        let request = request(entry.name);
        let table = register::run(entry.name, &Dataset::Orders(&many), &request, &context).unwrap();
        assert!(table == run(entry.name, &one, &request), "{}", entry.name);
    }
}

#[test]
fn concat_equals_building_from_all_rows() {
    let shop = store(80, 13);
    let n = rows(&shop);
    let whole = build(std::slice::from_ref(&shop), &Context::default());
    for cut in [0, 1, n / 2, n] {
        let parts = [0..cut, cut..n].map(|range| {
            build(
                &[take(&shop, &range.collect::<Vec<_>>())],
                &Context::default(),
            )
        });
        let joined = parts[0].concat(&parts[1], &Context::default()).unwrap();
        let [a, b] = [&joined, &whole].map(|o| o.reconciliation(&Context::default()).unwrap());
        assert!(a == b, "reconciliation at {cut}");
        // A cut at an edge adds nothing to an import: one table of the customers shows that.
        let whole_shop = cut == n / 2;
        for entry in on_orders().filter(|entry| whole_shop || entry.name == "summary") {
            let request = request(entry.name);
            assert!(
                run(entry.name, &joined, &request) == run(entry.name, &whole, &request),
                "{} at {cut}",
                entry.name
            );
        }
    }
}

#[test]
fn columns_are_those_of_the_catalogue_and_no_float_is_nan() {
    let orders = orders(STORE, store(200, 14)).unwrap();
    for entry in on_orders() {
        let table = run(entry.name, &orders, &request(entry.name));
        let mut fields = entry.columns.iter();
        for column in table.columns() {
            let field = fields.find(|f| f.name == column.name());
            let field = field.unwrap_or_else(|| {
                panic!(
                    "{}: {} is not in the catalogue, or out of order",
                    entry.name,
                    column.name()
                )
            });
            for row in 0..table.len() {
                match column.cell(row) {
                    Cell::Float(v) => assert!(v.is_finite(), "{}.{}", entry.name, field.name),
                    Cell::Null
                    | Cell::Int(_)
                    | Cell::Bool(_)
                    | Cell::Date(_)
                    | Cell::Instant(_)
                    | Cell::Money(..)
                    | Cell::Label(_)
                    | Cell::Text(_)
                    | Cell::Id(_) => {}
                }
            }
        }
        assert!(
            !entry.ja.is_empty() && !entry.summary.is_empty(),
            "{}",
            entry.name
        );
        for field in entry.columns {
            assert!(
                !field.ja.is_empty() && !field.doc.is_empty(),
                "{}.{}",
                entry.name,
                field.name
            );
        }
    }
}

#[test]
fn degenerate_shops_give_tables() {
    let spec = r#"{"currency": "JPY", "product": "product", "channel": "channel"}"#;
    let shop = |rows: &[(&str, &str, i64)]| {
        let ids: Vec<&str> = rows.iter().map(|r| r.0).collect();
        let at: Vec<&str> = rows.iter().map(|r| r.1).collect();
        let amounts: Vec<i64> = rows.iter().map(|r| r.2).collect();
        let columns = [
            ("customer_id", crm_tests::texts(&ids)),
            ("ordered_at", crm_tests::times(&at)),
            ("amount", crm_tests::ints(&amounts)),
            ("product", crm_tests::texts(&vec!["tea"; rows.len()])),
            ("channel", crm_tests::texts(&vec!["ads"; rows.len()])),
        ];
        orders(spec, crm_tests::batch(&columns)).unwrap()
    };
    let cases = [
        ("nothing", shop(&[])),
        ("one order", shop(&[("a", "2025-01-01", 100)])),
        (
            "one customer",
            shop(&[("a", "2025-01-01", 100), ("a", "2025-02-01", 100)]),
        ),
        (
            "all on one day",
            shop(&[
                ("a", "2025-01-01", 100),
                ("b", "2025-01-01", 200),
                ("a", "2025-01-01", 5),
            ]),
        ),
        (
            "all amounts equal",
            shop(&[
                ("a", "2025-01-01", 100),
                ("b", "2025-03-01", 100),
                ("c", "2025-02-01", 100),
            ]),
        ),
        (
            "all worth nothing",
            shop(&[
                ("a", "2025-01-01", 0),
                ("b", "2025-03-01", 0),
                ("b", "2025-04-01", 0),
            ]),
        ),
        (
            "only refunds",
            shop(&[("a", "2025-01-01", -100), ("b", "2025-03-01", -5)]),
        ),
        (
            "after as_of",
            shop(&[("a", "2030-01-01", 100), ("b", "2030-01-02", 5)]),
        ),
    ];
    for (case, orders) in &cases {
        for entry in on_orders() {
            let request = request(entry.name);
            match register::run(
                entry.name,
                &Dataset::Orders(orders),
                &request,
                &Context::default(),
            ) {
                Ok(table) => {
                    if ["nothing", "only refunds", "after as_of"].contains(case)
                        && entry.columns[0].name == "customer_id"
                    {
                        assert!(table.is_empty(), "{} of {case}", entry.name);
                    }
                }
                // A clear refusal is an answer too, where there is nothing to estimate from.
                Err(crm_core::Error::Insufficient { .. }) => {}
                Err(e) => panic!("{} of {case}: {e}", entry.name),
            }
        }
    }
}

#[test]
fn a_list_of_dates_is_one_run_per_date() {
    let orders = orders(STORE, store(100, 15)).unwrap();
    for entry in on_orders() {
        let one = request(entry.name);
        let both = one.replace(
            &format!("\"{AS_OF}\""),
            &format!("[\"2025-04-30\", \"{AS_OF}\"]"),
        );
        let first = run(entry.name, &orders, &one.replace(AS_OF, "2025-04-30"));
        let second = run(entry.name, &orders, &one);
        let table = run(entry.name, &orders, &both);
        assert_eq!(table.columns()[0].name(), "as_of", "{}", entry.name);
        assert_eq!(table.len(), first.len() + second.len(), "{}", entry.name);
        for (i, column) in second.columns().iter().enumerate() {
            for row in 0..second.len() {
                assert!(
                    table.columns()[i + 1].cell(first.len() + row) == column.cell(row),
                    "{}.{} row {row}",
                    entry.name,
                    column.name()
                );
            }
        }
    }
}

#[test]
fn a_breakdown_is_one_run_per_group_of_orders() {
    let orders = orders(STORE, store(150, 16)).unwrap();
    for by in ["channel", "category", "first_channel", "first_quarter"] {
        // Acquisition is by customers' origins, not by groups of orders: `by` is its own option.
        for entry in on_orders().filter(|entry| entry.name != "acquisition") {
            // Each group of these is a fit of its own: one breakdown shows as much as four.
            let fits = [
                "cycle",
                "alerts",
                "likely_buyers",
                "threshold_sweep",
                "learn",
                "customer",
                "base_forecast",
                "gap_fits",
                "clv_tracking",
                "alive_path",
            ]
            .contains(&entry.name)
                || entry.name.starts_with("backtest");
            if fits && by != "first_channel" {
                continue;
            }
            let request = request(entry.name);
            let by_json = format!("{}, \"by\": [\"{by}\"]}}", &request[..request.len() - 1]);
            let table = match register::run(
                entry.name,
                &Dataset::Orders(&orders),
                &by_json,
                &Context::default(),
            ) {
                Ok(table) => table,
                Err(crm_core::Error::Insufficient { .. }) => continue,
                Err(e) => panic!("{} by {by}: {e}", entry.name),
            };
            assert_eq!(table.columns()[0].name(), by, "{}", entry.name);
            let groups: std::collections::BTreeSet<String> = match by {
                "first_quarter" => crm_tests::numbers(&table, by)
                    .into_iter()
                    .flatten()
                    .map(|d| crm_core::Day(d as i32).to_string())
                    .collect(),
                _ => crm_tests::words(&table, by).into_iter().flatten().collect(),
            };
            let Some(group) = groups.iter().next() else {
                continue;
            };
            let filtered = format!(
                "{}, \"where\": {{\"{by}\": \"{group}\"}}}}",
                &request[..request.len() - 1]
            );
            let alone = run(entry.name, &orders, &filtered);
            let of_group = |row: &usize| match table.columns()[0].cell(*row) {
                Cell::Date(day) => day.to_string() == *group,
                Cell::Null => false,
                _ => crm_tests::words(&table, by)[*row].as_deref() == Some(group),
            };
            let rows: Vec<usize> = match by {
                "first_quarter" => (0..table.len()).filter(of_group).collect(),
                _ => {
                    let words = crm_tests::words(&table, by);
                    (0..table.len())
                        .filter(|r| words[*r].as_deref() == Some(group))
                        .collect()
                }
            };
            assert_eq!(rows.len(), alone.len(), "{} by {by} = {group}", entry.name);
            for (i, column) in alone.columns().iter().enumerate() {
                for (row, at) in rows.iter().enumerate() {
                    assert!(
                        table.columns()[i + 1].cell(*at) == column.cell(row),
                        "{}.{} by {by}",
                        entry.name,
                        column.name()
                    );
                }
            }
        }
    }
}

#[test]
fn unknown_options_are_named_with_the_valid_ones() {
    let orders = orders(STORE, store(20, 17)).unwrap();
    for entry in register::all() {
        let error = register::run(
            entry.name,
            &Dataset::Orders(&orders),
            r#"{"as_off": "2025-01-01"}"#,
            &Context::default(),
        );
        let error = error.unwrap_err();
        if entry.reads == "orders" {
            assert_eq!(error.code(), crm_core::ErrorCode::Option, "{}", entry.name);
            assert!(
                error
                    .to_string()
                    .contains("unknown option `as_off`; valid are"),
                "{error}"
            );
            assert_eq!(error.hint().as_deref(), Some("did you mean `as_of`?"));
        }
    }
}

#[test]
fn a_word_that_is_none_of_an_option_has_the_nearest_as_hint() {
    let orders = orders(STORE, store(20, 17)).unwrap();
    for (name, request, hint) in [
        (
            "cohorts",
            r#"{"cells": "member"}"#,
            Some("did you mean `members`?"),
        ),
        (
            "cohorts",
            r#"{"step": "weeks"}"#,
            Some("did you mean `week`?"),
        ),
        (
            "monthly",
            r#"{"period": "quater"}"#,
            Some("did you mean `quarter`?"),
        ),
        (
            "summary",
            r#"{"basis": "grosss"}"#,
            Some("did you mean `gross`?"),
        ),
        // Nothing is near, or it is no word.
        ("monthly", r#"{"period": "zzzzzzzz"}"#, None),
        ("monthly", r#"{"period": 5}"#, None),
    ] {
        let data = Dataset::Orders(&orders);
        let error = register::run(name, &data, request, &Context::default()).unwrap_err();
        assert_eq!(error.code(), crm_core::ErrorCode::Option, "{request}");
        assert_eq!(error.hint().as_deref(), hint, "{request}: {error}");
    }
}

/// A key of the scope without a meaning for an analysis's input is refused like a misspelt one,
/// whatever its value, and the catalogue lists those that say something.
#[test]
fn keys_of_the_scope_that_do_nothing_are_refused() {
    let whole = serde_json::to_value(Scope::default()).unwrap();
    let orders = orders(STORE, store(20, 21)).unwrap();
    let events = Events::builder(Zone::UTC).build().unwrap();
    let table = Table::default();
    for entry in register::all() {
        let data = match entry.reads {
            "orders" => Dataset::Orders(&orders),
            "events" => Dataset::Events(&events),
            _ => Dataset::Table(&table),
        };
        let described = register::describe(entry.name).unwrap();
        let options = &described["options"]["properties"];
        for (key, default) in whole.as_object().unwrap() {
            let used = entry.scope.contains(&key.as_str());
            let listed = described["scope"]["properties"].get(key).is_some();
            assert_eq!(
                listed,
                used && options.get(key).is_none(),
                "{} {key}",
                entry.name
            );
            if used || options.get(key).is_some() {
                continue;
            }
            // A null is an option that was not given.
            let value = match default {
                serde_json::Value::Null => serde_json::json!(1),
                value => value.clone(),
            };
            let request = serde_json::json!({ key: value }).to_string();
            let error = register::run(entry.name, &data, &request, &Context::default());
            match error.unwrap_err() {
                crm_core::Error::UnknownOption { name, valid } => {
                    assert!(name == *key && !valid.contains(key), "{} {key}", entry.name);
                }
                other => panic!("{} {key}: {other}", entry.name),
            }
        }
    }
    // From Rust, too.
    let gross = Scope {
        basis: crm_core::scope::Basis::Gross,
        ..Scope::default()
    };
    let run = analysis::run_typed::<crm_core::behavior::sessions::Sessions>;
    let error = run(&events, &gross, &Default::default(), &Context::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("unknown option `basis`; valid are")
    );
}

#[test]
fn definitions_are_whole_and_stable() {
    let orders = orders(STORE, store(20, 18)).unwrap();
    for entry in on_orders() {
        let table = match register::run(
            entry.name,
            &Dataset::Orders(&orders),
            &request(entry.name),
            &Context::default(),
        ) {
            Ok(table) => table,
            Err(crm_core::Error::Insufficient { .. }) => continue,
            Err(e) => panic!("{}: {e}", entry.name),
        };
        let definition = table.definition().expect("a definition");
        let value: serde_json::Value = serde_json::from_str(definition.json()).unwrap();
        assert_eq!(value["analysis"], entry.name);
        assert_eq!(value["scope"]["as_of"], AS_OF);
        assert_eq!(value["scope"]["currency"], "JPY");
        assert_eq!(value["scope"]["timezone"], "Asia/Tokyo");
        // The request written out in full is the same request.
        let again = register::run(
            entry.name,
            &Dataset::Orders(&orders),
            &full_request(&value),
            &Context::default(),
        )
        .unwrap();
        assert_eq!(
            again.definition().map(|d| d.hash()),
            Some(definition.hash()),
            "{}",
            entry.name
        );
    }
}

/// A definition's scope and options as a request.
fn full_request(definition: &serde_json::Value) -> String {
    let mut request = definition["options"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    for (key, value) in definition["scope"].as_object().expect("a scope") {
        if !["currency", "timezone"].contains(&key.as_str()) {
            request.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    serde_json::Value::Object(request).to_string()
}

#[test]
fn cancelled_runs_stop_and_leave_nothing_behind() {
    let shop = store(100, 19);
    let orders = orders(STORE, shop).unwrap();
    let flag = std::sync::atomic::AtomicBool::new(true);
    let cancelled = Context {
        cancel: Some(&flag),
        ..Context::default()
    };
    for entry in on_orders() {
        let result = register::run(
            entry.name,
            &Dataset::Orders(&orders),
            &request(entry.name),
            &cancelled,
        );
        assert!(
            matches!(result, Err(crm_core::Error::Cancelled)),
            "{}",
            entry.name
        );
        run(entry.name, &orders, &request(entry.name));
    }
}

#[test]
fn of_events_customers_chooses_rows_of_visitors_or_is_refused() {
    for entry in register::all().filter(|entry| entry.reads == "events") {
        let has = |name: &str| entry.columns.iter().any(|field| field.name == name);
        let takes = entry.scope.contains(&"customers");
        assert_eq!(takes, has("visitor_id"), "{}", entry.name);
    }
}

#[test]
fn customers_says_whom_the_answer_is_about_and_changes_no_number() {
    let orders = orders(STORE, store(150, 20)).unwrap();
    for entry in on_orders().filter(|entry| entry.scope.contains(&"customers")) {
        let request = request(entry.name);
        let all = run(entry.name, &orders, &request);
        let chosen = format!(
            "{}, \"customers\": {{\"first_channel\": [\"ads\", \"email\"]}}}}",
            &request[..request.len() - 1]
        );
        let some = run(entry.name, &orders, &chosen);
        assert!(
            some != all,
            "{} takes `customers` and ignores it",
            entry.name
        );
        if !entry
            .columns
            .iter()
            .any(|field| field.name == "customer_id")
        {
            continue;
        }
        assert!(!some.is_empty() && some.len() < all.len(), "{}", entry.name);
        // A customer's rows in their order: one, or several of a history.
        let mut rows: HashMap<_, VecDeque<usize>> = HashMap::new();
        for (at, id) in crm_tests::words(&all, "customer_id")
            .into_iter()
            .enumerate()
        {
            rows.entry(id).or_default().push_back(at);
        }
        for (row, id) in crm_tests::words(&some, "customer_id").iter().enumerate() {
            let next = rows.get_mut(id).and_then(VecDeque::pop_front);
            let at = next.expect("a row of the whole table");
            for (a, b) in some.columns().iter().zip(all.columns()) {
                assert!(a.cell(row) == b.cell(at), "{}.{}", entry.name, a.name());
            }
        }
    }
}

/// A definition contains what was used: a null in it is an option whose documentation allows it to
/// be none, and the scope has no null but the occasion of analyses whose parts differ.
#[test]
fn nulls_of_a_definition_mean_none() {
    let orders = orders(STORE, store(150, 22)).unwrap();
    for entry in on_orders() {
        let table = run(entry.name, &orders, &request(entry.name));
        let definition: serde_json::Value =
            serde_json::from_str(table.definition().unwrap().json()).unwrap();
        let described = register::describe(entry.name).unwrap();
        for (option, value) in definition["options"].as_object().unwrap() {
            let doc = &described["options"]["properties"][option]["description"];
            let doc = doc.as_str().unwrap_or("").replace('\n', " ");
            let says = ["Default: none", "Default: no ", "Default: all", "null"];
            assert!(
                !value.is_null() || says.iter().any(|said| doc.contains(said)),
                "{}.{option} is null, and its documentation does not say what that is: {doc}",
                entry.name
            );
        }
        for (key, value) in definition["scope"].as_object().unwrap() {
            let parts_differ = ["learn", "customer"].contains(&entry.name) && key == "occasion";
            assert!(!value.is_null() || parts_differ, "{} {key}", entry.name);
        }
    }
}

/// One name, one default: the share with a second purchase within 90 days is the same in every table.
#[test]
fn repeat_rates_of_all_tables_agree() {
    let orders = orders(STORE, store(300, 23)).unwrap();
    let rate = |name: &str, options: &str, row: usize| {
        let request = format!(r#"{{"as_of": "{AS_OF}"{options}}}"#);
        let table = run(name, &orders, &request);
        match table.column("repeat_rate").unwrap().cell(row) {
            Cell::Float(rate) => rate,
            other => panic!("{name}: {other:?}"),
        }
    };
    for occasion in ["", r#", "occasion": "day""#, r#", "occasion": "order""#] {
        let f2 = rate("repeat_rate", occasion, 0);
        let all = format!(r#", "rows": "all"{occasion}"#);
        assert_eq!(rate("cohorts", &all, 3), f2, "cohorts{occasion}");
        let other = run(
            "repeat_rate",
            &orders,
            &format!(r#"{{"as_of": "{AS_OF}"{occasion}}}"#),
        );
        let definition = other.definition().unwrap().json();
        let said = if occasion.contains("order") {
            "order"
        } else {
            "day"
        };
        assert!(
            definition.contains(&format!(r#""occasion":"{said}""#)),
            "{definition}"
        );
        // One channel by itself.
        let only = format!(r#", "where": {{"first_channel": "ads"}}{occasion}"#);
        let channel = rate("repeat_rate", &only, 0);
        let acquired = run(
            "acquisition",
            &orders,
            &format!(r#"{{"as_of": "{AS_OF}"{occasion}}}"#),
        );
        let row = crm_tests::words(&acquired, "channel");
        let row = row
            .iter()
            .position(|c| c.as_deref() == Some("ads"))
            .unwrap();
        assert_eq!(
            rate("acquisition", occasion, row),
            channel,
            "acquisition{occasion}"
        );
        let by = format!(r#", "of": "channel"{occasion}"#);
        let first = run(
            "first_product",
            &orders,
            &format!(r#"{{"as_of": "{AS_OF}"{by}}}"#),
        );
        let row = crm_tests::words(&first, "first");
        let row = row
            .iter()
            .position(|c| c.as_deref() == Some("ads"))
            .unwrap();
        assert_eq!(
            rate("first_product", &by, row),
            channel,
            "first_product{occasion}"
        );
    }
}

/// A date long after the last order is in the notes, because data may be missing.
#[test]
fn a_date_past_the_data_is_noted() {
    let orders = orders(STORE, store(60, 24)).unwrap();
    let last = orders.last_date().unwrap();
    for entry in on_orders() {
        for (days, noted) in [(0, false), (30, false), (31, true)] {
            // What is not noted is one comparison for all of them; where there is a note is not.
            if !noted && !["summary", "cycle", "alerts"].contains(&entry.name) {
                continue;
            }
            let as_of = crm_core::Day(last.0 + days).to_string();
            let table = run(
                entry.name,
                &orders,
                &request(entry.name).replace(AS_OF, &as_of),
            );
            let note = table.notes().get("data_end");
            assert_eq!(note.is_some(), noted, "{} {days}", entry.name);
            if let Some(note) = note {
                assert_eq!(note["days_before_as_of"], days, "{}", entry.name);
                assert_eq!(note["last_date"], last.to_string(), "{}", entry.name);
            }
        }
    }
}

/// An option that another one makes ineffective is refused, by name.
#[test]
fn contradictions_between_options_are_refused() {
    let orders = orders(STORE, store(40, 25)).unwrap();
    for (name, option, rest) in [
        (
            "cpm",
            "churn_days",
            r#""preset": "ltv_lab_120", "churn_days": 300"#,
        ),
        (
            "cpm_segments",
            "churn_days",
            r#""preset": "ltv_lab", "churn_days": 120"#,
        ),
        (
            "movement",
            "churn_days",
            r#""since": "2025-01-01", "cpm": {"preset": "ltv_lab_120"}, "churn_days": 300"#,
        ),
        (
            "movement",
            "rfm",
            r#""since": "2025-01-01", "rfm": {"levels": 3}"#,
        ),
        (
            "movement",
            "cpm",
            r#""since": "2025-01-01", "scheme": "rfm", "cpm": {"trend_days": 300}"#,
        ),
        (
            "rfm",
            "ties",
            r#""mode": "threshold", "preset": "uchide_repeat", "ties": "mid""#,
        ),
        (
            "rfm",
            "levels",
            r#""mode": "threshold", "preset": "uchide_repeat", "levels": 3"#,
        ),
        (
            "rfm",
            "mode",
            r#""preset": "uchide_repeat", "mode": "quantile""#,
        ),
        (
            "repeat_rate",
            "within",
            r#""method": "ratio", "within": 30"#,
        ),
        ("decile", "occasion", r#""occasion": "day""#),
        ("base_forecast", "occasion", r#""occasion": "order""#),
    ] {
        let request = format!(r#"{{"as_of": "{AS_OF}", {rest}}}"#);
        let data = Dataset::Orders(&orders);
        let error = register::run(name, &data, &request, &Context::default()).unwrap_err();
        assert_eq!(error.option_name(), Some(option), "{name} {rest}: {error}");
    }
    let said = |name: &str, rest: &str, part: &str, key: &str| {
        let table = run(name, &orders, &format!(r#"{{"as_of": "{AS_OF}", {rest}}}"#));
        let json: serde_json::Value =
            serde_json::from_str(table.definition().unwrap().json()).unwrap();
        json[part][key].clone()
    };
    assert_eq!(
        said("cpm", r#""preset": "ltv_lab_120""#, "scope", "churn_days"),
        120
    );
    assert_eq!(
        said(
            "cpm",
            r#""preset": "ltv_lab_120", "churn_days": 120"#,
            "scope",
            "churn_days"
        ),
        120
    );
    assert_eq!(
        said("cpm", r#""toddler_days": 90"#, "options", "money"),
        70_000.0
    );
    let cuts = r#""mode": "frozen", "cuts": {"recency": [90, 30], "frequency": [2, 3], "monetary": [1000, 5000]}"#;
    assert_eq!(said("rfm", cuts, "options", "levels"), 3);
    assert_eq!(
        said("cohorts", r#""step": "month""#, "options", "up_to"),
        24
    );
    assert_eq!(
        said("cohorts", r#""rows": "all""#, "options", "cells"),
        "mean_cumulative"
    );
}
