//! Requests: unknown options and words are named, definitions are whole, contradictions refused.

use super::*;
use crm_core::Progress;
use crm_core::data::{EventsSimulation, EventsSpec, simulate_events};
use crm_tests::shelf::Shelf;
use std::sync::atomic::Ordering;

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
            &full_request(&value, &request(entry.name)),
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

/// A definition's scope and options as a request. Rows of people are in a definition by their digest only.
fn full_request(definition: &serde_json::Value, asked: &str) -> String {
    let asked: serde_json::Value = serde_json::from_str(asked).unwrap();
    let mut request = definition["options"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    for (key, value) in &mut request {
        if value.get("sha256").is_some() {
            *value = asked[key].clone();
        }
    }
    for (key, value) in definition["scope"].as_object().expect("a scope") {
        if !["currency", "timezone"].contains(&key.as_str()) {
            request.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    serde_json::Value::Object(request).to_string()
}

#[test]
fn of_events_customers_chooses_rows_of_visitors_or_is_refused() {
    for entry in register::all().filter(|entry| entry.reads == "events") {
        let has = |name: &str| entry.columns.iter().any(|field| field.name == name);
        let takes = entry.scope.contains(&"customers");
        assert_eq!(takes, has("visitor_id"), "{}", entry.name);
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
            let parts_differ = ["learn", "customer", "candidates"].contains(&entry.name)
                || entry.name.starts_with("segment");
            let parts_differ = parts_differ && key == "occasion";
            assert!(!value.is_null() || parts_differ, "{} {key}", entry.name);
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

/// Work that is counted is done in the end: a bar of progress is full when a run ends, and not before.
#[test]
fn progress_ends_at_its_total() {
    let done_of = |work: &dyn Fn(&Context)| {
        let progress = Progress::default();
        work(&Context {
            progress: Some(&progress),
            ..Context::default()
        });
        [&progress.done, &progress.total].map(|count| count.load(Ordering::Relaxed))
    };
    let shop = store(100, 19);
    let n = rows(&shop) as u64;
    let [done, total] = done_of(&|context| drop(build(std::slice::from_ref(&shop), context)));
    assert!(done == total && total >= n, "orders: {done} of {total}");
    let log = simulate_events(&EventsSimulation::default(), &Context::default());
    let log = log.unwrap().batch().unwrap();
    let n = rows(&log) as u64;
    let [done, total] = done_of(&|context| {
        Events::from_batches(&EventsSpec::default(), std::slice::from_ref(&log), context).unwrap();
    });
    assert!(done == total && total >= 2 * n, "events: {done} of {total}");
    let short: Vec<String> = register::all()
        .filter_map(|entry| {
            // A new shelf for each: results that are kept from an earlier run are no work.
            let shelf = Shelf::new();
            let request = crm_tests::shelf::request(entry).to_string();
            let [done, total] = done_of(&|context| {
                register::run(entry.name, &shelf.data(entry), &request, context).unwrap();
            });
            (done != total).then(|| format!("{}: {done} of {total}", entry.name))
        })
        .collect();
    assert!(short.is_empty(), "{short:#?}");
}
