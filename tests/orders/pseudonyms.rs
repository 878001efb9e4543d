//! Ids that a key replaces: the same as rows that had the pseudonyms from the start.

use super::parts::{columns, line};
use super::{build, run};
use crm_core::columns::ColumnData;
use crm_core::data::{Customers, CustomersSpec, EventsSpec, OrdersSpec, PseudonymKey, Whose};
use crm_core::{Context, Dataset, Events, Orders, register};
use crm_tests::{batch, ints, optional_ints, optional_texts, texts, times, words};
use proptest::collection::vec;
use proptest::prelude::{prop_assert, proptest};
use std::sync::Arc;

const KEY: &str = "a key of 16 bytes";

fn pseudonym(id: &str) -> String {
    PseudonymKey::new(KEY).unwrap().pseudonym(id).unwrap()
}

/// A column of the pseudonyms of ids.
fn replaced(ids: &[Option<&str>]) -> ColumnData {
    let ids: Vec<Option<String>> = ids.iter().map(|id| id.map(pseudonym)).collect();
    let ids: Vec<Option<&str>> = ids.iter().map(Option::as_deref).collect();
    optional_texts(&ids)
}

fn with_key(spec: &str) -> String {
    spec.replacen('{', &format!(r#"{{"pseudonym_key": "{KEY}", "#), 1)
}

const SPEC: &str = r#"{"currency": "JPY", "order_id": "order_id", "status": "status", "channel": "channel",
    "product": "product", "guests": "keep"}"#;

proptest! {
    #![proptest_config(crm_tests::random_cases(100))]
    #[test]
    fn rows_under_a_key_are_rows_of_pseudonyms(lines in vec(line(), 0..12)) {
        let read = |spec: &str, ids: Option<ColumnData>| {
            let mut rows = columns(&lines);
            if let Some(ids) = ids {
                rows.iter_mut().find(|(name, _)| &**name == "customer_id").unwrap().1 = ids;
            }
            Orders::from_batches(&OrdersSpec::parse(spec).unwrap(), &[rows], None, &Context::default())
        };
        let ids: Vec<Option<&str>> = lines.iter().map(|l| l.1.map(|at| ["a", "b", "c"][at])).collect();
        match (read(&with_key(SPEC), None), read(SPEC, Some(replaced(&ids)))) {
            (Ok(kept), Ok(expected)) => {
                let all = |orders: &Orders| run("summary", orders, "").unwrap();
                for asked in ["", r#"{"as_of": "2025-02-01", "by": ["channel"]}"#] {
                    let of = |orders: &Orders| run("summary", orders, asked).unwrap();
                    prop_assert!(of(&kept) == of(&expected));
                }
                let saved = kept.to_bytes().unwrap();
                let again = Orders::from_bytes(&saved, &Context::default()).unwrap();
                prop_assert!(all(&again) == all(&expected));
                prop_assert!(!saved.windows(KEY.len()).any(|bytes| bytes == KEY.as_bytes()));
                // More rows come in under the same key, to saved orders, too.
                let (one, other) = (again.concat(&kept, &Context::default()), expected.concat(&expected, &Context::default()));
                prop_assert!(all(&one.unwrap()) == all(&other.unwrap()));
                let (left, receipt) = kept.forget(&[pseudonym("a").into()], &Context::default()).unwrap();
                let (expected, other) = expected.forget(&[pseudonym("a").into()], &Context::default()).unwrap();
                prop_assert!(receipt == other && all(&left) == all(&expected));
            }
            (Err(one), Err(other)) => prop_assert!(one.to_string() == other.to_string()),
            _ => prop_assert!(false, "one of the two was refused"),
        }
    }
}

/// Numbers next to each other, which are no dictionary of their own, and numbers far apart.
#[test]
fn numbers_have_the_pseudonyms_of_their_texts() {
    for ids in [
        [Some(3), None, Some(900), Some(3)],
        [Some(i64::MIN), Some(7), None, Some(7)],
    ] {
        let rows = |ids: ColumnData| {
            batch(&[
                ("customer_id", ids),
                ("ordered_at", times(&["2025-01-01"; 4])),
                ("amount", ints(&[1, 2, 4, 8])),
            ])
        };
        let spec = r#"{"currency": "JPY", "guests": "keep"}"#;
        let kept = build(&with_key(spec), &[rows(optional_ints(&ids))]);
        let digits: Vec<Option<String>> =
            ids.iter().map(|id| id.map(|id| id.to_string())).collect();
        let digits: Vec<Option<&str>> = digits.iter().map(Option::as_deref).collect();
        let expected = build(spec, &[rows(replaced(&digits))]);
        assert_eq!(kept.n_customers(), 2);
        assert!(run("summary", &kept, "{}").unwrap() == run("summary", &expected, "{}").unwrap());
    }
}

#[test]
fn customers_and_events_meet_orders_under_one_key() {
    let context = Context::default();
    let people = |key: &str| {
        let spec = CustomersSpec::parse(&format!(r#"{{"dimensions": ["city"]{key}}}"#)).unwrap();
        let rows = batch(&[
            ("customer_id", texts(&["a", "b", "z"])),
            ("city", texts(&["Kyoto", "Nara", "Kyoto"])),
        ]);
        Arc::new(Customers::from_batches(&spec, &[rows], &context).unwrap())
    };
    let orders = |people| {
        let rows = batch(&[
            ("customer_id", texts(&["a", "b"])),
            ("ordered_at", times(&["2025-01-01"; 2])),
            ("amount", ints(&[100, 200])),
        ]);
        let spec = OrdersSpec::parse(&with_key(r#"{"currency": "JPY"}"#)).unwrap();
        Orders::from_batches(&spec, &[rows], Some(people), &context)
    };
    let kept = orders(people(&format!(r#", "pseudonym_key": "{KEY}""#))).unwrap();
    let table = run("summary", &kept, r#"{"customers": {"city": "Nara"}}"#).unwrap();
    assert_eq!(words(&table, "customer_id"), [Some(pseudonym("b"))]);
    for other in ["", r#", "pseudonym_key": "another key of 16""#] {
        let error = orders(people(other)).unwrap_err();
        assert_eq!(error.option_name(), Some("pseudonym_key"), "{error}");
    }
    let log = batch(&[
        ("visitor_id", texts(&["v", "v"])),
        ("occurred_at", times(&["2025-01-01", "2025-01-02"])),
        ("kind", texts(&["view", "purchase"])),
        ("customer_id", optional_texts(&[None, Some("a")])),
    ]);
    let spec = EventsSpec::parse(&with_key(r#"{"customer_id": "customer_id"}"#)).unwrap();
    let events = Events::from_batches(&spec, &[log], &context).unwrap();
    let sessions = register::run("sessions", &Dataset::Events(&events), "", &context).unwrap();
    assert_eq!(words(&sessions, "visitor_id")[0], Some(pseudonym("v")));
    let (left, receipt) = events
        .forget(&[pseudonym("a").into()], Whose::Customer, &context)
        .unwrap();
    assert_eq!((left.len(), receipt.found), (0, 1));
}

#[test]
fn another_key_or_none_is_refused_and_no_key_is_shown() {
    let context = Context::default();
    let rows = || {
        batch(&[
            ("customer_id", texts(&["a"])),
            ("ordered_at", times(&["2025-01-01"])),
            ("amount", ints(&[100])),
        ])
    };
    let spec = r#"{"currency": "JPY"}"#;
    let kept = build(&with_key(spec), &[rows()]);
    let plain = build(spec, &[rows()]);
    let other = build(&with_key(spec).replace(KEY, "another key of 16"), &[rows()]);
    let mut shown = vec![format!("{kept:?} {:?}", kept.spec())];
    for (one, two) in [(&kept, &plain), (&plain, &kept), (&kept, &other)] {
        let error = one.append(two, None, &context).unwrap_err();
        assert_eq!(error.option_name(), Some("pseudonym_key"), "{error}");
        shown.push(error.to_string());
    }
    // A state holds no key: rows cannot be read with its settings.
    let again = Orders::from_bytes(&kept.to_bytes().unwrap(), &context).unwrap();
    let error = Orders::from_batches(again.spec(), &[rows()], None, &context).unwrap_err();
    assert_eq!(error.option_name(), Some("pseudonym_key"), "{error}");
    shown.push(error.to_string());
    let error =
        OrdersSpec::parse(r#"{"currency": "JPY", "pseudonym_key": "short secret"}"#).unwrap_err();
    assert_eq!(
        error.to_string(),
        "option `pseudonym_key`: expected a text of at least 16 bytes, kept secret"
    );
    shown.push(error.to_string());
    for text in shown {
        assert!(
            !text.contains("key of") && !text.contains("short"),
            "{text}"
        );
    }
}
