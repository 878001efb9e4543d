//! Identification of people through the register: what must be joined and what must not, the order of rows, ids that
//! stay, orders and events under persons' ids, input that cannot be, and that nothing of a person is in a message.

use crm_core::columns::{Batch, ColumnData};
use crm_core::data::Event;
use crm_core::{Context, Currency, Dataset, Error, Events, Orders, Result, Table, Zone, register};
use crm_tests::{batch, ints, numbers, optional_texts, reals, shuffled, take, texts, words};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const FIELDS: [&str; 10] = [
    "record_id",
    "email",
    "phone",
    "family_name",
    "given_name",
    "given_kana",
    "birth_date",
    "sex",
    "zip",
    "address",
];

/// Records with the cells of [`FIELDS`], separated by `|`; an empty cell is blank.
fn people(rows: &[&str]) -> Batch {
    let cells: Vec<Vec<&str>> = rows.iter().map(|row| row.split('|').collect()).collect();
    let column = |at: usize| -> ColumnData {
        let cells: Vec<Option<&str>> = cells
            .iter()
            .map(|row| Some(row[at]).filter(|c| !c.is_empty()))
            .collect();
        optional_texts(&cells)
    };
    let columns: Vec<_> = FIELDS
        .iter()
        .enumerate()
        .map(|(at, name)| (*name, column(at)))
        .collect();
    batch(&columns)
}

fn table(batch: &Batch) -> Table {
    Table::from_batch(batch, &Context::default()).unwrap()
}

fn ask(task: &str, data: &Table, request: Value) -> Result<Table> {
    register::run(
        task,
        &Dataset::Table(data),
        &request.to_string(),
        &Context::default(),
    )
}

fn texts_of(table: &Table, name: &str) -> Vec<String> {
    words(table, name)
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect()
}

/// The person of each record.
fn persons(data: &Table, request: Value) -> BTreeMap<String, String> {
    let found = ask("identify", data, request).unwrap();
    texts_of(&found, "record_id")
        .into_iter()
        .zip(texts_of(&found, "person_id"))
        .collect()
}

const FAMILY: [&str; 8] = [
    // One person three times: another e-mail address, another spelling of the address, half of the fields.
    "a1|hanako@example.com|090-1234-5678|髙橋|花子|ハナコ|1980-01-02|f|100-0001|東京都千代田区千代田1-2-3",
    "a2|hanako.t@example.jp|+81 90 1234 5678|高橋|花子|ﾊﾅｺ|1980/1/2|女|1000001|千代田区千代田一丁目2番3号",
    "a3|HANAKO@example.com||高橋|花子|||||",
    // Her husband, son and daughters (twins) with her address, telephone number and e-mail address.
    "b1|hanako@example.com|090-1234-5678|高橋|太郎|タロウ|1979-05-06|m|1000001|東京都千代田区千代田1-2-3",
    "b2|hanako@example.com|090-1234-5678|高橋|一郎|イチロウ|2010-07-08|m|1000001|東京都千代田区千代田1-2-3",
    "b3|hanako@example.com|090-1234-5678|高橋|咲|サキ|2012-03-04|f|1000001|東京都千代田区千代田1-2-3",
    "b4|hanako@example.com|090-1234-5678|高橋|結|ユイ|2012-03-04|f|1000001|東京都千代田区千代田1-2-3",
    // Somebody else of the same name.
    "c1|other@example.net|080-9999-8888|高橋|花子|ハナコ|1955-11-30|f|530-0001|大阪府大阪市北区梅田1-1-1",
];

#[test]
fn copies_are_joined_and_families_stay_apart() {
    let data = table(&people(&FAMILY));
    // Eight records: more of them than the limit share the family's contacts.
    let of = persons(&data, json!({"shared_limit": 50}));
    let expected = [
        ("a1", "a1"),
        ("a2", "a1"),
        ("a3", "a1"),
        ("b1", "b1"),
        ("b2", "b2"),
        ("b3", "b3"),
        ("b4", "b4"),
        ("c1", "c1"),
    ];
    let expected = expected.map(|(record, person)| (record.to_owned(), person.to_owned()));
    assert_eq!(of, BTreeMap::from(expected));
    let found = ask("identify", &data, json!({"shared_limit": 50})).unwrap();
    let household = texts_of(&found, "household_id");
    assert_eq!(household, ["a1", "a1", "a1", "a1", "a1", "a1", "a1", "c1"]);
    let confidence = reals(&found, "confidence");
    assert!(
        confidence[0].unwrap() > 0.95 && confidence[2].unwrap() > 0.9,
        "{confidence:?}"
    );
    // a1 and a2 have equally many fields, and a1 comes first.
    assert_eq!(
        texts_of(&found, "role")
            .iter()
            .filter(|role| *role == "representative")
            .count(),
        6
    );
    let links = ask("identity_links", &data, json!({"shared_limit": 50})).unwrap();
    let pairs: BTreeSet<_> = texts_of(&links, "record_a")
        .into_iter()
        .zip(texts_of(&links, "record_b"))
        .collect();
    assert!(
        pairs.contains(&("a1".into(), "a2".into())) && pairs.contains(&("a1".into(), "a3".into()))
    );
    assert!(
        pairs
            .iter()
            .all(|(a, b)| a.starts_with('a') && b.starts_with('a')),
        "{pairs:?}"
    );
    let at = texts_of(&links, "record_b")
        .iter()
        .position(|b| b == "a2")
        .unwrap();
    for (column, level) in [
        ("evidence_family", "agree"),
        ("evidence_given", "agree"),
        ("evidence_birth", "agree"),
        ("evidence_sex", "agree"),
        ("evidence_email", "differ"),
        ("evidence_phone", "agree"),
        ("evidence_address", "agree"),
        ("linked_by", "comparison"),
        ("decision", "joined"),
    ] {
        assert_eq!(texts_of(&links, column)[at], level, "{column}");
    }
}

#[test]
fn policies_accounts_and_pairs_of_two_people() {
    let mut columns = people(&FAMILY[..4]);
    let strict = persons(&table(&columns), json!({"policy": "strict"}));
    // a2 has another e-mail address.
    assert_eq!((strict["a3"].as_str(), strict["a2"].as_str()), ("a1", "a2"));
    // An account joins whatever else there is; a human's decision is above all.
    columns.push((
        "account".into(),
        optional_texts(&[Some("x"), None, None, Some("x")]),
    ));
    assert_eq!(
        persons(&table(&columns), json!({"policy": "strict"}))["b1"],
        "a1"
    );
    let links = ask("identity_links", &table(&columns), json!({})).unwrap();
    assert_eq!(texts_of(&links, "linked_by")[0], "account");
    assert_eq!(reals(&links, "probability")[0], Some(1.0));
    columns.push((
        "not_same_as".into(),
        optional_texts(&[Some("b1; nobody"), Some("a1"), None, None]),
    ));
    let apart = table(&columns);
    let of = persons(&apart, json!({}));
    assert_eq!(
        (of["a1"].as_str(), of["b1"].as_str(), of["a2"].as_str()),
        ("a1", "b1", "a2")
    );
    let found = ask("identify", &apart, json!({})).unwrap();
    assert_eq!(found.notes()["identity"]["unusable"]["not_same_as"], 1);
    // a3 is joined to one of the two only.
    let links = ask("identity_links", &apart, json!({})).unwrap();
    assert!(texts_of(&links, "decision").contains(&"forbidden".to_owned()));
}

#[test]
fn the_order_of_rows_changes_nothing() {
    let data = people(&FAMILY);
    let whole = table(&data);
    for task in [
        "identify",
        "identity_links",
        "identity_review",
        "identity_changes",
        "shared_identifiers",
    ] {
        for request in [
            json!({}),
            json!({"policy": "lenient", "shared_limit": 50}),
            json!({"max_cluster": 2}),
        ] {
            let one = ask(task, &whole, request.clone()).unwrap();
            let other = ask(task, &table(&take(&data, &shuffled(FAMILY.len()))), request).unwrap();
            assert_eq!(one, other, "{task}");
        }
    }
}

#[test]
fn a_cluster_has_at_most_its_records() {
    // Equal records would count once.
    let rows: Vec<String> = (0..9)
        .map(|at| FAMILY[0].replacen("a1", &format!("r{at}"), 1) + &format!(" {at}01号室"))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let data = table(&people(&rows));
    assert_eq!(
        persons(&data, json!({}))
            .values()
            .collect::<BTreeSet<_>>()
            .len(),
        1
    );
    let few = persons(&data, json!({"max_cluster": 4}));
    let mut sizes = BTreeMap::new();
    few.values()
        .for_each(|person| *sizes.entry(person).or_insert(0) += 1);
    assert!(sizes.values().all(|size| *size <= 4), "{sizes:?}");
    let links = ask("identity_links", &data, json!({"max_cluster": 4})).unwrap();
    assert!(texts_of(&links, "decision").contains(&"too_large".to_owned()));
}

#[test]
fn what_is_nobodys_is_no_evidence() {
    // A company's telephone number and a clerk's e-mail address, of people with other names.
    let rows: Vec<String> = (0..8)
        .map(|at| {
            format!(
                "r{at}|test@example.com|0312345678|姓{}|名{at}||19{}1-02-03|||",
                at % 3,
                5 + at % 5
            )
        })
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let data = table(&people(&rows));
    let shared = ask("shared_identifiers", &data, json!({})).unwrap();
    assert_eq!(texts_of(&shared, "identifier"), ["email", "phone"]);
    assert_eq!(texts_of(&shared, "masked"), ["t***@***", "031*******"]);
    assert_eq!(numbers(&shared, "records"), [Some(8), Some(8)]);
    assert_eq!(numbers(&shared, "different_people"), [Some(8), Some(8)]);
    let evidence = ask("identity_links", &data, json!({"policy": "lenient"})).unwrap();
    assert!(
        texts_of(&evidence, "evidence_phone")
            .iter()
            .all(|level| level == "missing")
    );
    assert_eq!(
        ask("shared_identifiers", &data, json!({"shared_limit": 8}))
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn old_ids_win_and_changes_are_told() {
    let mut columns = people(&FAMILY);
    let previous = [
        Some("a2"),
        Some("a2"),
        None,
        Some("b1"),
        Some("b1"),
        None,
        Some("gone"),
        Some("c1"),
    ];
    columns.push(("previous_person_id".into(), optional_texts(&previous)));
    let data = table(&columns);
    let of = persons(&data, json!({"shared_limit": 50}));
    let found: Vec<&str> = of.values().map(String::as_str).collect();
    assert_eq!(found, ["a2", "a2", "a2", "b1", "b2", "b3", "gone", "c1"]);
    let changes = ask("identity_changes", &data, json!({"shared_limit": 50})).unwrap();
    let rows: Vec<_> = (texts_of(&changes, "person_id").into_iter())
        .zip(texts_of(&changes, "person_change"))
        .zip(texts_of(&changes, "previous_person_id"))
        .map(|((person, change), old)| [person, change, old].join(" "))
        .collect();
    assert_eq!(rows, ["b2 split b1", "b3 new "]);
    // The result as the last run of the next: nothing changes.
    let again: Vec<Option<&str>> = found.iter().map(|person| Some(*person)).collect();
    *columns.last_mut().unwrap() = ("previous_person_id".into(), optional_texts(&again));
    let data = table(&columns);
    assert_eq!(persons(&data, json!({"shared_limit": 50})), of);
    assert_eq!(
        ask("identity_changes", &data, json!({"shared_limit": 50}))
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn numbers_dates_and_hashes() {
    // Ids and telephone numbers as whole numbers, which have lost their zero.
    let data = batch(&[
        ("record_id", ints(&[30, 4])),
        ("phone", ints(&[9_012_345_678, 9_012_345_678])),
        ("zip", ints(&[600_000, 600_000])),
        ("family_name", texts(&["山田 花子", "山田"])),
        ("given_name", optional_texts(&[None, Some("花子")])),
        (
            "registered_at",
            texts(&["2024-01-01", "2024-06-01T10:00:00"]),
        ),
        ("value", ints(&[5, 7])),
    ]);
    let data = table(&data);
    let found = ask("identify", &data, json!({})).unwrap();
    assert_eq!(texts_of(&found, "record_id"), ["4", "30"]);
    // 30 was registered first.
    assert_eq!(texts_of(&found, "person_id"), ["30", "30"]);
    let hashes = batch(&[
        ("record_id", texts(&["a", "b", "c"])),
        ("email", texts(&["0f3a", "0f3a", "0f3b"])),
        ("phone", texts(&["77aa", "77ab", "77aa"])),
        ("family_name", texts(&["e1", "e1", "e1"])),
        ("given_name", texts(&["d1", "d1", "d2"])),
        ("birth_date", texts(&["b1", "b1", "b2"])),
    ]);
    let of = persons(&table(&hashes), json!({"hashed": true}));
    assert_eq!((of["b"].as_str(), of["c"].as_str()), ("a", "c"));
}

#[test]
fn orders_and_events_have_the_persons_ids() {
    let persons = table(&batch(&[
        ("record_id", texts(&["guest-7", "hanako", "unseen"])),
        ("person_id", texts(&["hanako", "hanako", "taro"])),
    ]));
    let orders = |first: &str| {
        Orders::builder(Currency::JPY, Zone::UTC)
            .order(first, "2026-01-05", 5_000)
            .order("hanako", "2026-02-06", 2_000)
            .order("taro", "2026-02-07", 1_000)
            .build()
            .unwrap()
    };
    let (came, joined) = (orders("guest-7"), orders("hanako"));
    let moved = came.with_persons(&persons, &Context::default()).unwrap();
    assert_eq!((came.n_customers(), moved.n_customers()), (3, 2));
    for task in ["summary", "rfm", "cycle", "monthly"] {
        let request = r#"{"as_of": "2026-03-01"}"#;
        let of = |orders: &Orders| {
            register::run(task, &Dataset::Orders(orders), request, &Context::default()).unwrap()
        };
        assert_eq!(of(&moved), of(&joined), "{task}");
    }
    let events = |first: &str| {
        let day = |day: u32| format!("2026-01-{day:02}T10:00:00");
        Events::builder(Zone::UTC)
            .add(Event::new("v1", &day(1), "view"))
            .add(Event::new("v1", &day(2), "purchase").customer(first))
            .add(Event::new("v2", &day(3), "purchase").customer("hanako"))
            .build()
            .unwrap()
    };
    let moved = events("guest-7")
        .with_persons(&persons, &Context::default())
        .unwrap();
    let of = |events: &Events| {
        register::run(
            "visits_after_purchase",
            &Dataset::Events(events),
            "{}",
            &Context::default(),
        )
        .unwrap()
    };
    assert_eq!(of(&moved), of(&events("hanako")));
    let twice = table(&batch(&[
        ("record_id", texts(&["a", "a"])),
        ("person_id", texts(&["a", "b"])),
    ]));
    let error = came.with_persons(&twice, &Context::default()).unwrap_err();
    assert!(matches!(error, Error::Conflict { row: 1, .. }), "{error}");
    let whole = table(&batch(&[
        ("record_id", ints(&[1])),
        ("person_id", ints(&[1])),
    ]));
    assert!(came.with_persons(&whole, &Context::default()).is_err());
}

#[test]
fn odd_input_has_limits_and_errors_without_data() {
    let error = |columns: &[(&str, ColumnData)], request: Value| {
        ask("identify", &table(&batch(columns)), request).unwrap_err()
    };
    let ids = || texts(&["SECRET1", "SECRET2"]);
    for (columns, says) in [
        (vec![("email", ids())], "record_id"),
        (
            vec![("record_id", texts(&["SECRET1", "SECRET1"]))],
            "two rows",
        ),
        (
            vec![("record_id", optional_texts(&[Some("SECRET1"), None]))],
            "row",
        ),
        (
            vec![
                ("record_id", ids()),
                ("registered_at", texts(&["SECRET", "2026-01-01"])),
            ],
            "ISO",
        ),
        (
            vec![
                ("record_id", ids()),
                ("not_same_as", texts(&["SECRET1", "SECRET1"])),
            ],
            "other records",
        ),
        (
            vec![("record_id", ids()), ("e_mail", ids())],
            "did you mean",
        ),
    ] {
        let message = error(&columns, json!({})).to_string();
        assert!(
            message.contains(says) && !message.contains("SECRET"),
            "{message}"
        );
    }
    for (option, value) in [
        ("block_limit", 1),
        ("max_cluster", 1),
        ("shared_limit", 0),
        ("block_limit", 5_000),
    ] {
        let error = error(&[("record_id", ids())], json!({ option: value }));
        assert_eq!(error.option_name(), Some(option));
    }
    // Nothing but ids; nothing at all; broken and long texts; one value for everybody.
    let nothing = persons(&table(&batch(&[("record_id", ids())])), json!({}));
    assert_eq!(nothing.len(), 2);
    let empty: [&str; 0] = [];
    assert_eq!(
        ask(
            "identify",
            &table(&batch(&[("record_id", texts(&empty))])),
            json!({})
        )
        .unwrap()
        .len(),
        0
    );
    let long = "齋".repeat(10_000);
    let odd = ["\u{FFFD}\u{FFFD}", long.as_str(), "", "\u{0}", "番地の番地"];
    let id = ["1", "2", "3", "4", "5"];
    let columns: Vec<_> = FIELDS[1..]
        .iter()
        .map(|name| (*name, texts(&odd)))
        .collect();
    let data = table(&batch(&[vec![("record_id", texts(&id))], columns].concat()));
    assert_eq!(persons(&data, json!({})).len(), 5);
}

#[test]
fn one_value_for_everybody_is_skipped_and_counted() {
    let n = 4_000;
    let id: Vec<i64> = (0..n).collect();
    let same = |text: &str| texts(&vec![text; n as usize]);
    let data = table(&batch(&[
        ("record_id", ints(&id)),
        ("family_name", same("佐藤")),
        ("given_name", same("花子")),
        ("birth_date", same("1980-01-02")),
    ]));
    let found = ask("identify", &data, json!({})).unwrap();
    let notes = &found.notes()["identity"];
    assert_eq!(notes["compared_pairs"], 0);
    assert!(
        notes["skipped_pairs"].as_u64().unwrap() >= (n * (n - 1) / 2) as u64,
        "{notes}"
    );
}

#[test]
fn definitions_and_notes_hold_nothing_of_the_records() {
    let data = table(&people(&FAMILY));
    for task in [
        "identify",
        "identity_links",
        "identity_review",
        "identity_changes",
        "shared_identifiers",
    ] {
        let found = ask(task, &data, json!({})).unwrap();
        let told = format!(
            "{} {}",
            found.definition().unwrap().json(),
            json!(found.notes())
        );
        for secret in ["高橋", "花子", "hanako", "5678", "1980", "千代田", "a1"] {
            assert!(!told.contains(secret), "{task}: {secret}");
        }
    }
}
