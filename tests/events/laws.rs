//! What holds for every analysis of events and any log; simulated logs whose truth is known.

use super::*;
use crm_core::behavior::{cart, sessions};
use crm_core::columns::{Batch, ColumnValues, TimeUnit};
use crm_core::data::{Event, EventsSpec, SimulatedEvents, true_purchase_probability};
use crm_core::table::Cell;
use crm_core::words::EventWord;
use crm_core::{Context, Duration, Error, Events, Zone, register};
use crm_tests::{batch, ints, optional_ints, optional_texts, rows, shuffled, take, texts, times};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, proptest};

#[test]
fn row_order_chunks_hash_seed_and_concat_do_not_matter() {
    let log = plain(&log(120, 11));
    let n = rows(&log);
    let reference = build(std::slice::from_ref(&log));
    let mixed = take(&log, &shuffled(n));
    let thirds = [0..n / 3, n / 3..n / 2, n / 2..n];
    let thirds: Vec<Batch> = thirds
        .into_iter()
        .map(|range| take(&mixed, &range.collect::<Vec<_>>()))
        .collect();
    let seeded = Context {
        hash_seed: 99,
        ..Context::default()
    };
    let seeded = Events::from_batches(
        &SimulatedEvents::spec(),
        &[take(&log, &shuffled(n))],
        &seeded,
    );
    let parts: Vec<Events> = thirds
        .iter()
        .map(|third| build(std::slice::from_ref(third)))
        .collect();
    let joined = parts[0].concat(&parts[1]).unwrap();
    let joined = joined.concat(&parts[2]).unwrap();
    let forms = [
        (build(&[mixed]), "shuffled"),
        (build(&thirds), "chunked"),
        (seeded.unwrap(), "seed"),
        (joined, "concat"),
    ];
    for entry in on_events() {
        let request = request(entry.name);
        let expected = run(entry.name, &reference, &request);
        assert!(!expected.is_empty(), "{} says nothing", entry.name);
        for (events, what) in &forms {
            let same = run(entry.name, events, &request) == expected;
            assert!(same, "{} {what}", entry.name);
        }
    }
}

/// Rows of a small log: visitor (none is a bad row), hour, kind, page, customer, product.
pub(super) type Row = (Option<u8>, u8, u8, u8, Option<u8>, Option<u8>);

pub(super) fn small(rows: &[Row]) -> Events {
    const KINDS: [&str; 7] = [
        "view",
        "product_view",
        "add",
        "remove",
        "checkout",
        "purchase",
        "payment_failed",
    ];
    let word = |prefix: &str, value: Option<u8>| value.map(|v| format!("{prefix}{v}"));
    let column = |of: &dyn Fn(&Row) -> Option<String>| {
        let cells: Vec<Option<String>> = rows.iter().map(of).collect();
        optional_texts(&cells.iter().map(Option::as_deref).collect::<Vec<_>>())
    };
    let numbers: Vec<Option<i64>> = rows.iter().map(|r| r.0.map(i64::from)).collect();
    let hours = rows
        .iter()
        .map(|r| format!("2026-03-{:02}T{:02}:00", 1 + r.1 / 4, r.1 % 4));
    let hours: Vec<String> = hours.collect();
    let log = batch(&[
        ("visitor_id", optional_ints(&numbers)),
        (
            "occurred_at",
            times(&hours.iter().map(String::as_str).collect::<Vec<_>>()),
        ),
        (
            "kind",
            column(&|r| Some(KINDS[usize::from(r.2) % 7].to_owned())),
        ),
        ("page", column(&|r| word("/", Some(r.3)))),
        ("customer_id", column(&|r| word("c", r.4))),
        ("product", column(&|r| word("p", r.5))),
        ("device", column(&|r| word("d", r.5))),
        (
            "amount",
            ints(&rows.iter().map(|r| i64::from(r.1)).collect::<Vec<_>>()),
        ),
        (
            "load",
            ints(&rows.iter().map(|r| i64::from(r.3)).collect::<Vec<_>>()),
        ),
    ]);
    let spec = EventsSpec {
        bad_rows: crm_core::data::BadRows::Drop,
        measures: vec!["load".into()],
        channel: None,
        order_id: None,
        ..SimulatedEvents::spec()
    };
    Events::from_batches(&spec, &[log], &Context::default()).unwrap()
}

pub(super) fn row() -> impl Strategy<Value = Row> {
    (
        option::weighted(0.95, 0..5_u8),
        0..60_u8,
        0..7_u8,
        0..4_u8,
        option::weighted(0.3, 0..3_u8),
        option::weighted(0.7, 0..3_u8),
    )
}

proptest! {
    #![proptest_config(crm_tests::random_cases(60))]

    /// Appending in any grouping, looked at in between or not, gives what all rows at once give.
    #[test]
    fn runs_appended_are_one_log(
        rows in vec(row(), 1..60),
        cuts in vec(0..60_usize, 3),
        nested: bool,
        looked: bool,
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(rows.len())).collect();
        cuts.sort_unstable();
        let whole = small(&rows);
        let parts = [&rows[..cuts[0]], &rows[cuts[0]..cuts[1]], &rows[cuts[1]..cuts[2]], &rows[cuts[2]..]];
        let [a, b, c, d] = parts.map(small);
        let first = a.concat(&b).unwrap();
        if looked {
            first.n_visitors().unwrap();
        }
        let joined = match nested {
            true => first.concat(&c.concat(&d).unwrap()).unwrap(),
            false => first.concat(&c).unwrap().concat(&d).unwrap(),
        };
        prop_assert_eq!(joined.len(), whole.len());
        prop_assert_eq!(joined.rows_left_out(), whole.rows_left_out());
        prop_assert_eq!(joined.first_date(), whole.first_date());
        prop_assert_eq!(joined.last_date(), whole.last_date());
        let customers = r#"{"steps": ["view", "add"], "window": 30, "per": "customer", "mode": "strict"}"#;
        let mut requests: Vec<(&str, String)> = on_events()
            .map(|entry| (entry.name, request(entry.name)))
            .collect();
        requests.push(("funnel", customers.to_owned()));
        for (name, request) in requests {
            match (try_run(name, &joined, &request), try_run(name, &whole, &request)) {
                (Ok(found), Ok(expected)) => prop_assert!(found == expected, "{} {}", name, request),
                (found, expected) => prop_assert_eq!(
                    found.unwrap_err().to_string(), expected.unwrap_err().to_string()
                ),
            }
        }
    }
}

/// Requests of a funnel whose result could depend on the order of events at one instant.
const FUNNELS: [&str; 4] = [
    r#"{"steps": ["checkout", "add", "view"], "window": "2h"}"#,
    r#"{"steps": ["view", "add"], "window": 30, "per": "customer", "mode": "strict"}"#,
    r#"{"steps": ["view", "add", "view"], "mode": "unordered", "exclude": [{"kind": "remove"}]}"#,
    r#"{"steps": ["add", {"kind": "view", "optional": true}, {"page": ["/0", "/1"]}],
        "per": "session", "exclude": [{"kind": "remove"}]}"#,
];

proptest! {
    #![proptest_config(crm_tests::random_cases(100))]

    /// Four instants, so that most events share theirs with others of the visitor.
    #[test]
    fn order_of_rows_changes_nothing(
        (rows, mixed) in vec(
            (option::weighted(0.95, 0..4_u8), 0..4_u8, 0..7_u8, 0..3_u8,
             option::weighted(0.3, 0..3_u8), option::weighted(0.7, 0..3_u8)),
            1..50,
        ).prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        cut in 0..50_usize,
    ) {
        let whole = small(&rows);
        let cut = cut.min(mixed.len());
        let joined = small(&mixed[..cut]).concat(&small(&mixed[cut..])).unwrap();
        let requests = on_events().map(|entry| (entry.name, request(entry.name)));
        let funnels = FUNNELS.iter().map(|request| ("funnel", (*request).to_owned()));
        for (name, request) in requests.chain(funnels) {
            let expected = try_run(name, &whole, &request);
            for (events, what) in [(&small(&mixed), "shuffled"), (&joined, "joined")] {
                match (try_run(name, events, &request), &expected) {
                    (Ok(found), Ok(expected)) => prop_assert!(found == *expected, "{} {} {}", name, what, request),
                    (found, expected) => prop_assert_eq!(
                        found.unwrap_err().to_string(), expected.as_ref().unwrap_err().to_string()
                    ),
                }
            }
        }
    }
}

#[test]
fn columns_are_those_of_the_catalogue_and_no_float_is_nan() {
    let events = log(300, 14).events(&Context::default()).unwrap();
    for entry in on_events() {
        let table = run(entry.name, &events, &request(entry.name));
        let mut fields = entry.columns.iter();
        for column in table.columns() {
            let field = fields.find(|f| f.name == column.name());
            let field = field.unwrap_or_else(|| panic!("{}.{}", entry.name, column.name()));
            assert!(!field.ja.is_empty() && !field.doc.is_empty());
            for row in 0..table.len() {
                if let Cell::Float(v) = column.cell(row) {
                    assert!(v.is_finite(), "{}.{}", entry.name, field.name);
                }
            }
        }
        let described = register::describe(entry.name).unwrap();
        assert_eq!(described["reads"], "events");
        let definition: serde_json::Value =
            serde_json::from_str(table.definition().unwrap().json()).unwrap();
        assert_eq!(definition["scope"]["as_of"], AS_OF);
        assert_eq!(definition["scope"]["timezone"], "Asia/Tokyo");
    }
}

#[test]
fn what_comes_after_the_moment_is_not_known() {
    let log = log(200, 15);
    let whole = log.events(&Context::default()).unwrap();
    let all = plain(&log);
    // The end of 2026-03-15 in Tokyo.
    let end = 1_773_586_800_000_000_i64;
    let table = log.table().unwrap();
    let time = table.column("occurred_at").unwrap();
    let seen: Vec<usize> = (0..rows(&all))
        .filter(|row| matches!(time.cell(*row), Cell::Instant(t) if t < end))
        .collect();
    assert!(seen.len() < rows(&all));
    let cut = build(&[take(&all, &seen)]);
    for entry in on_events() {
        let request = request(entry.name);
        let (a, b) = (
            run(entry.name, &whole, &request),
            run(entry.name, &cut, &request),
        );
        assert_eq!(a.len(), b.len(), "{}", entry.name);
        for (x, y) in a.columns().iter().zip(b.columns()) {
            for row in 0..a.len() {
                assert!(x.cell(row) == y.cell(row), "{}.{}", entry.name, x.name());
            }
        }
        let later = a.notes()["events_after_as_of"].as_u64();
        assert_eq!(later, Some((rows(&all) - seen.len()) as u64));
        let instant = request.replace(AS_OF, "2026-03-15T23:59:59.999999");
        let c = run(entry.name, &whole, &instant);
        assert_eq!(c.len(), a.len(), "{} at the instant", entry.name);
        let list = request.replace(&format!("\"{AS_OF}\""), "[\"2026-02-10\", \"2026-03-15\"]");
        let both = run(entry.name, &whole, &list);
        assert_eq!(both.columns()[0].name(), "as_of");
        let first = run(entry.name, &whole, &request.replace(AS_OF, "2026-02-10"));
        assert_eq!(both.len(), a.len() + first.len(), "{}", entry.name);
    }
}

#[test]
fn a_breakdown_is_one_run_per_group_of_events() {
    let events = log(150, 16).events(&Context::default()).unwrap();
    for by in ["device", "first_channel"] {
        // Rates of carts and browses break themselves down.
        for entry in on_events().filter(|e| !OWN_BY.contains(&e.name)) {
            let request = request(entry.name);
            let head = &request[..request.len() - 1];
            let table = run(
                entry.name,
                &events,
                &format!("{head}, \"by\": [\"{by}\"]}}"),
            );
            assert_eq!(table.columns()[0].name(), by, "{}", entry.name);
            let group = match table.columns()[0].cell(0) {
                Cell::Id(crm_core::ids::IdRef::Text(text)) => text.into_owned(),
                _ => panic!("{}", entry.name),
            };
            let filter = format!("{head}, \"where\": {{\"{by}\": \"{group}\"}}}}");
            let alone = run(entry.name, &events, &filter);
            for (i, column) in alone.columns().iter().enumerate() {
                for row in 0..alone.len() {
                    let same = table.columns()[i + 1].cell(row) == column.cell(row);
                    assert!(same, "{}.{} by {by}", entry.name, column.name());
                }
            }
        }
    }
}

#[test]
fn empty_and_tiny_logs_give_tables() {
    let empty = batch(&[
        ("visitor_id", texts::<&str>(&[])),
        ("occurred_at", times(&[])),
        ("kind", texts::<&str>(&[])),
        ("page", texts::<&str>(&[])),
        ("product", texts::<&str>(&[])),
        ("channel", texts::<&str>(&[])),
    ]);
    let spec = EventsSpec {
        page: Some("page".into()),
        product: Some("product".into()),
        channel: Some("channel".into()),
        ..EventsSpec::default()
    };
    let empty = Events::from_batches(&spec, &[empty], &Context::default()).unwrap();
    let one = Events::builder(Zone::UTC)
        .add(
            Event::new("v", "2026-03-01", "purchase")
                .page("/")
                .product("p")
                .channel("ads"),
        )
        .build()
        .unwrap();
    for entry in on_events() {
        let nothing = run(entry.name, &empty, &request(entry.name));
        let whole = [
            "funnel",
            "sequence_totals",
            "cart_abandonment",
            "browse_rates",
            "page_influence",
        ]
        .contains(&entry.name);
        assert!(nothing.is_empty() || whole, "{}", entry.name);
        // One event: a table, or the word that is missing.
        match try_run(entry.name, &one, &request(entry.name)) {
            Ok(_) => {}
            Err(Error::OptionValue { name, .. }) => {
                assert!(
                    ["kinds", "steps[0]"].contains(&name.as_str()),
                    "{}",
                    entry.name
                );
            }
            Err(e) => panic!("{}: {e}", entry.name),
        }
    }
}

#[test]
fn one_visitor_with_very_many_events() {
    let n = 1_000_000_i64;
    let kinds = ["add", "view", "checkout", "remove", "purchase"];
    let words: Vec<&str> = (0..n).map(|i| kinds[(i % 7 % 5) as usize]).collect();
    let at: Vec<i64> = (0..n)
        .map(|i| 1_770_000_000_000_000 + i * 1_000_000)
        .collect();
    let time = ColumnValues::Time {
        values: at.into(),
        unit: TimeUnit::Microsecond,
        zone: None,
    };
    let products: Vec<i64> = (0..n).collect();
    let log = batch(&[
        ("visitor_id", ints(&vec![1; n as usize])),
        ("occurred_at", time.into()),
        ("kind", texts(&words)),
        ("page", texts(&words)),
        ("product", ints(&products)),
        ("channel", texts(&words)),
    ]);
    let spec = EventsSpec {
        page: Some("page".into()),
        product: Some("product".into()),
        channel: Some("channel".into()),
        // The funnel's first step, which does not occur.
        kinds: [("product_view".to_owned(), EventWord::ProductView)].into(),
        ..EventsSpec::default()
    };
    let events = Events::from_batches(&spec, &[log], &Context::default()).unwrap();
    for entry in on_events().filter(|e| !e.name.starts_with("browse_")) {
        run(
            entry.name,
            &events,
            &request(entry.name).replace(AS_OF, "2026-02-20"),
        );
    }
}

#[test]
fn a_simulated_log_says_what_is_true_of_it() {
    let log = log(6_000, 21);
    let events = log.events(&Context::default()).unwrap();
    let cut = sessions::cut(&events, &sessions::Options::default(), &Context::default()).unwrap();
    assert_eq!(cut.len() as u64, log.sessions);
    let table = run("page_influence", &events, "");
    let pages = crm_tests::words(&table, "page");
    let found = numbers(&table, "purchase_probability");
    let visits = numbers(&table, "views");
    let truth = true_purchase_probability();
    let names = ["/", "/list", "/product", "/cart", "/checkout"];
    for (name, h) in names.iter().zip(truth).chain([(&"(start)", truth[6])]) {
        let row = pages
            .iter()
            .position(|p| p.as_deref() == Some(*name))
            .unwrap();
        let (p, n) = (found[row].unwrap(), visits[row].unwrap());
        let error = (h * (1.0 - h) / n).sqrt();
        assert!((p - h).abs() < 4.0 * error.max(1e-3), "{name}: {p} for {h}");
    }
    // Every order goes through the checkout.
    let removal = numbers(&table, "removal_effect");
    let checkout = pages.iter().position(|p| p.as_deref() == Some("/checkout"));
    assert!((removal[checkout.unwrap()].unwrap() - 1.0).abs() < 1e-9);
    let carts = run("cart_abandonment", &events, r#"{"as_of": "2027-01-01"}"#);
    let number = |name: &str| numbers(&carts, name)[0].unwrap();
    assert!(number("ordered") <= log.orders as f64);
    let parts =
        number("abandoned_cart") + number("abandoned_checkout") + number("abandoned_payment");
    assert_eq!(parts, number("abandoned"));
    assert_eq!(
        number("carts"),
        number("ordered") + number("emptied") + number("abandoned")
    );
    // Every way that a cart can end, and every stage it can be left at.
    for name in [
        "ordered",
        "emptied",
        "abandoned_cart",
        "abandoned_checkout",
        "abandoned_payment",
    ] {
        assert!(number(name) > 20.0, "{name}");
    }
    assert!(number("recovered") > 0.0);
    let is_open_at = |instant: i64| {
        let context = Context::default();
        let seen = events.up_to(instant, &context).unwrap();
        let (window, recovery) = (Duration::minutes(60), Duration::days(7));
        let all = cart::carts(&seen, window, recovery, "carts", &context).unwrap();
        all.carts.iter().any(|c| c.state == cart::State::Open)
    };
    let day = 86_400_000_000;
    assert!((20_490..20_510).any(|at| is_open_at(at * day)));
    // The intent score separates buyers from others: the calibrated probabilities spread.
    let intent = run(
        "purchase_intent",
        &events,
        r#"{"as_of": "2026-03-01", "min_purchases": 10}"#,
    );
    let chances: Vec<f64> = numbers(&intent, "purchase_probability")
        .into_iter()
        .flatten()
        .collect();
    assert!(chances.iter().all(|p| (0.0..=1.0).contains(p)) && !chances.is_empty());
}
