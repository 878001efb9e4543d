//! Bad rows, bad requests and logs that cannot be appended: refused, or counted in the notes.

use super::*;
use crm_core::columns::ColumnValues;
use crm_core::data::{Event, EventsSpec};
use crm_core::words::EventWord;
use crm_core::{Context, Currency, Dataset, Error, Events, Zone, register};
use crm_tests::{batch, ints, optional_ints, optional_texts, texts, times};

#[test]
fn what_cannot_be_appended_is_refused() {
    let one = |zone: &str, currency: Option<Currency>| {
        let builder = Events::builder(Zone::parse(zone).unwrap()).add(Event::new(
            "v",
            "2026-03-01T10:00:00",
            "view",
        ));
        currency
            .map_or(builder, |c| Events::builder(Zone::UTC).currency(c))
            .build()
            .unwrap()
    };
    let tokyo = one("Asia/Tokyo", None);
    for other in [one("UTC", None), one("UTC", Some(Currency::JPY))] {
        let error = tokyo.concat(&other).unwrap_err().to_string();
        assert!(error.contains("concat") && error.contains("same columns, settings and zone"));
    }
    let log = |visitor| {
        let columns = [
            ("visitor_id", visitor),
            ("occurred_at", times(&["2026-03-01"])),
            ("kind", texts(&["view"])),
        ];
        Events::from_batches(
            &EventsSpec::default(),
            &[batch(&columns)],
            &Context::default(),
        )
        .unwrap()
    };
    let error = log(ints(&[1])).concat(&log(texts(&["v"]))).unwrap_err();
    assert_eq!(error.column(), Some("visitor_id"));
}

/// An empty log of another zone may be appended to any, and any to it.
#[test]
fn an_empty_log_may_be_of_another_zone() {
    let log = |zone: &str, rows: usize| {
        let spec = EventsSpec::default();
        let instants = ColumnValues::Time {
            values: vec![1_772_323_200_000_000; rows].into(),
            unit: crm_core::columns::TimeUnit::Microsecond,
            zone: Some(zone.into()),
        };
        let columns = [
            ("visitor_id", texts(&vec!["v"; rows])),
            ("occurred_at", instants.into()),
            ("kind", texts(&vec!["view"; rows])),
        ];
        Events::from_batches(&spec, &[batch(&columns)], &Context::default()).unwrap()
    };
    for (one, other, fits) in [
        (("Asia/Tokyo", 2), ("UTC", 0), true),
        (("Asia/Tokyo", 0), ("UTC", 2), true),
        (("Asia/Tokyo", 0), ("UTC", 0), true),
        (("Asia/Tokyo", 1), ("Asia/Tokyo", 2), true),
        (("Asia/Tokyo", 1), ("UTC", 1), false),
    ] {
        let joined = log(one.0, one.1).concat(&log(other.0, other.1));
        assert_eq!(joined.is_ok(), fits, "{one:?} {other:?}");
        if let Ok(joined) = joined {
            assert_eq!(joined.len(), one.1 + other.1);
            assert_eq!(joined.is_empty(), one.1 + other.1 == 0);
        }
    }
}

/// A name that is no column of a log: what there is instead, all of it.
#[test]
fn an_unknown_column_of_a_log_is_answered_by_all_that_there_are() {
    let listed = |spec: &EventsSpec, extra: &[&str]| {
        let mut columns = vec![
            ("visitor_id", texts(&["v"])),
            ("occurred_at", times(&["2026-03-01"])),
            ("kind", texts(&["view"])),
            ("amount", ints(&[5])),
        ];
        columns.extend(extra.iter().map(|name| (*name, texts(&["x"]))));
        let events = Events::from_batches(spec, &[batch(&columns)], &Context::default()).unwrap();
        match try_run("sessions", &events, r#"{"where": {"zzz": "x"}}"#).unwrap_err() {
            Error::MissingColumn { available, .. } => available.join(" "),
            other => panic!("{other}"),
        }
    };
    let with_firsts = |names: &str| {
        let firsts: Vec<String> = names.split(' ').map(|n| format!("first_{n}")).collect();
        format!(
            "{names} {} first_week first_month first_quarter",
            firsts.join(" ")
        )
    };
    let plain = listed(&EventsSpec::default(), &[]);
    assert_eq!(
        plain,
        with_firsts("visitor_id occurred_at weekday hour kind")
    );
    let name = |name: &str| Some(name.to_owned());
    let spec = EventsSpec {
        customer_id: name("customer_id"),
        amount: name("amount"),
        currency: Some(Currency::JPY),
        page: name("page"),
        product: name("product"),
        channel: name("channel"),
        dimensions: vec!["device".into()],
        ..EventsSpec::default()
    };
    let extra = ["customer_id", "page", "product", "channel", "device"];
    assert_eq!(
        listed(&spec, &extra),
        with_firsts(
            "visitor_id occurred_at weekday hour kind customer_id amount page product channel device"
        )
    );
}

#[test]
fn bad_rows_are_named_or_counted() {
    let columns = |visitor: &[Option<&str>], kind: &[Option<&str>], quantity: &[Option<i64>]| {
        batch(&[
            ("visitor_id", optional_texts(visitor)),
            ("occurred_at", times(&["2026-03-01", "2026-03-02T10:00:00"])),
            ("kind", optional_texts(kind)),
            ("quantity", optional_ints(quantity)),
        ])
    };
    let spec = EventsSpec {
        quantity: Some("quantity".into()),
        ..EventsSpec::default()
    };
    let (ab, kinds) = ([Some("a"), Some("b")], [Some("view"), Some("view")]);
    let good = [None, Some(0)];
    let mut timeless = columns(&ab, &kinds, &good);
    timeless[1].1 = optional_texts(&[Some("2026-03-01"), None]);
    for (log, column) in [
        (timeless, "occurred_at"),
        (columns(&[Some("a"), None], &kinds, &good), "visitor_id"),
        (columns(&ab, &[Some("view"), None], &good), "kind"),
        (columns(&ab, &kinds, &[Some(1), Some(-1)]), "quantity"),
    ] {
        let error = Events::from_batches(&spec, std::slice::from_ref(&log), &Context::default())
            .unwrap_err();
        assert_eq!((error.column(), error.row()), (Some(column), Some(1)));
        let lenient = EventsSpec {
            bad_rows: crm_core::data::BadRows::Drop,
            ..spec.clone()
        };
        let events = Events::from_batches(&lenient, &[log], &Context::default()).unwrap();
        assert_eq!((events.len(), events.rows_left_out()), (1, 1));
        let table = try_run("sessions", &events, "{}").unwrap();
        let reason = match column {
            "visitor_id" => "no_visitor",
            "occurred_at" => "bad_time",
            "kind" => "no_kind",
            _ => "bad_quantity",
        };
        let note = &table.notes()["rows_left_out_by_reason"];
        assert_eq!(*note, serde_json::json!({ reason: 1 }));
    }
    let amount = EventsSpec {
        amount: Some("quantity".into()),
        ..EventsSpec::default()
    };
    let log = columns(&ab, &kinds, &good);
    let error = Events::from_batches(&amount, &[log], &Context::default()).unwrap_err();
    assert!(error.to_string().contains("currency"));
}

/// An `add` of a negative amount and a measure that is infinite: refused by column and row, or
/// dropped and counted. Other kinds may have negative amounts, and a blank is nothing.
#[test]
fn negative_adds_and_infinite_measures_are_named_or_counted() {
    let columns = |amounts: &[Option<i64>], load: &[f64]| {
        batch(&[
            ("visitor_id", texts(&["a", "a", "a", "a"])),
            (
                "occurred_at",
                times(&["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"]),
            ),
            ("kind", texts(&["view", "cart", "remove", "purchase"])),
            ("amount", optional_ints(amounts)),
            ("load", ColumnValues::Float(load.to_vec().into()).into()),
        ])
    };
    let spec = EventsSpec {
        amount: Some("amount".into()),
        currency: Some(Currency::JPY),
        measures: vec!["load".into()],
        kinds: [("cart".to_owned(), EventWord::Add)].into(),
        ..EventsSpec::default()
    };
    let built = |spec: &EventsSpec, log: &Batch| {
        Events::from_batches(spec, std::slice::from_ref(log), &Context::default())
    };
    let fine = columns(
        &[None, None, Some(-5), Some(-9)],
        &[1.0, f64::NAN, 0.0, -2.0],
    );
    assert_eq!(built(&spec, &fine).unwrap().len(), 4);
    let lenient = EventsSpec {
        bad_rows: crm_core::data::BadRows::Drop,
        ..spec.clone()
    };
    let (amounts, load) = ([None, Some(-1), None, None], [1.0, 1.0, f64::INFINITY, 1.0]);
    for (log, message, reason) in [
        (
            columns(&amounts, &[1.0; 4]),
            "column `amount`, row 1: expected an amount from 0 for what is put into a cart",
            "bad_amount",
        ),
        (
            columns(&[None; 4], &load),
            "column `load`, row 2: expected a finite number",
            "bad_measure",
        ),
    ] {
        assert_eq!(built(&spec, &log).unwrap_err().to_string(), message);
        let events = built(&lenient, &log).unwrap();
        assert_eq!((events.len(), events.rows_left_out()), (3, 1));
        let table = try_run("sessions", &events, "{}").unwrap();
        let note = &table.notes()["rows_left_out_by_reason"];
        assert_eq!(*note, serde_json::json!({ reason: 1 }));
    }
    let missing = batch(&[
        ("visitor_id", texts(&["a"])),
        ("occurred_at", times(&["2026-03-01"])),
        ("kind", optional_texts(&[None])),
        ("amount", optional_ints(&[Some(-1)])),
        ("load", ints(&[1])),
    ]);
    assert!(built(&lenient, &missing).unwrap().is_empty());
}

#[test]
fn bad_requests_are_named() {
    let events = log(20, 3).events(&Context::default()).unwrap();
    let many = vec![r#""view""#; 33].join(",");
    for (name, request, option) in [
        ("funnel", "{}".to_owned(), "steps"),
        ("funnel", format!(r#"{{"steps": [{many}]}}"#), "steps"),
        (
            "funnel",
            r#"{"steps": ["view"], "window": 0}"#.into(),
            "window",
        ),
        ("funnel", r#"{"steps": [{}]}"#.into(), "steps"),
        (
            "sessions",
            r#"{"by": ["device", "page", "device"]}"#.into(),
            "by",
        ),
        (
            "cart_abandonment",
            r#"{"by": ["hour", "hour"]}"#.into(),
            "by",
        ),
        (
            "purchase_intent",
            r#"{"as_of": "2026-03-15", "weights": {"add": 1e308}}"#.into(),
            "weights",
        ),
        ("transitions", r#"{"order": 3}"#.into(), "order"),
        ("cart_follow_ups", "{}".into(), "as_of"),
        ("browse_abandonment", "{}".into(), "as_of"),
    ] {
        match try_run(name, &events, &request) {
            Err(Error::OptionValue { name: found, .. }) => assert_eq!(found, option, "{name}"),
            other => panic!("{name} {request}: {other:?}"),
        }
    }
    let missing = try_run("funnel", &events, r#"{"steps": [{"pages": "/"}]}"#).unwrap_err();
    assert_eq!(missing.hint().as_deref(), Some("did you mean `page`?"));
    let most = r#"{"as_of": "2026-03-15", "weights": {"view": 1e9, "add": -1e9}}"#;
    let scores = numbers(&run("purchase_intent", &events, most), "score");
    assert!(scores.iter().all(Option::is_some));
    let orders = crm_tests::orders(crm_tests::STORE, crm_tests::store(20, 1)).unwrap();
    for name in ["rfm", "acquisition"] {
        let twice = r#"{"by": ["channel", "channel"]}"#;
        let result = register::run(name, &Dataset::Orders(&orders), twice, &Context::default());
        assert_eq!(
            result.unwrap_err().to_string(),
            "option `by`: expected each column once, found \"channel\" twice"
        );
    }
    let at = r#"{"as_of": "2026-03-01T10:00:00"}"#;
    let data = Dataset::Orders(&orders);
    assert!(register::run("rfm", &data, at, &Context::default()).is_err());
    assert!(register::run("sessions", &data, "", &Context::default()).is_err());
}

#[test]
fn messages_say_what_is_wrong_and_no_value() {
    let spec = EventsSpec {
        quantity: Some("pieces".into()),
        ..EventsSpec::default()
    };
    let build = |visitor: Option<&str>, kind: Option<&str>, quantity: i64| {
        let log = batch(&[
            ("visitor_id", optional_texts(&[Some("a"), visitor])),
            ("occurred_at", times(&["2026-03-01", "2026-03-02"])),
            ("kind", optional_texts(&[Some("view"), kind])),
            ("pieces", ints(&[1, quantity])),
        ]);
        Events::from_batches(&spec, &[log], &Context::default()).map(|_| ())
    };
    let said = |result: crm_core::Result<()>| result.unwrap_err().to_string();
    assert_eq!(
        said(build(None, Some("view"), 1)),
        "column `visitor_id`, row 1: no value, expected a visitor id"
    );
    assert_eq!(
        said(build(Some("b"), None, 1)),
        "column `kind`, row 1: no value, expected a kind of event"
    );
    assert_eq!(
        said(build(Some("b"), Some("view"), -1)),
        "column `pieces`, row 1: expected a quantity from 0 to 4,294,967,295"
    );
    let events = log(20, 3).events(&Context::default()).unwrap();
    let request = |steps: &str, rest: &str| {
        let request = format!(r#"{{"steps": [{steps}]{rest}}}"#);
        try_run("funnel", &events, &request)
            .unwrap_err()
            .to_string()
    };
    let many = vec![r#""view""#; 33].join(",");
    assert_eq!(
        request(&many, ""),
        "option `steps`: expected 1 to 32 steps, found 33"
    );
    assert_eq!(
        request(r#""view""#, r#", "window": 0"#),
        "option `window`: expected a time longer than zero"
    );
    assert_eq!(
        request(
            r#""view", {"kind": "add", "optional": true}, "purchase""#,
            r#", "mode": "unordered""#
        ),
        "option `steps`: expected optional steps only in the modes \"ordered\" and \"strict\""
    );
    let strange = Events::builder(Zone::UTC)
        .add(Event::new("v", "2026-03-01", "view"))
        .add(Event::new("v", "2026-03-02", "basket"))
        .build()
        .unwrap();
    let error = try_run("cart_abandonment", &strange, "").unwrap_err();
    assert_eq!(
        error.to_string(),
        "option `kinds`: expected a kind that means \"add\", which cart_abandonment needs; the \
         kinds present are view, one that has no meaning yet (map one: {\"your word\": \"add\"}, or {\"add\": \"add\"} \
         where it never occurs)"
    );
}
