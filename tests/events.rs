//! What every analysis of events promises, hostile logs, and simulated logs whose truth is known.

use crm_core::behavior::sessions;
use crm_core::data::{
    Batch, ColumnValues, Event, EventsSimulation, EventsSpec, SimulatedEvents, TimeUnit,
    simulate_events, true_purchase_probability,
};
use crm_core::table::Cell;
use crm_core::{Context, Currency, Dataset, Error, Events, Table, Zone, analysis};
use crm_tests::{batch, ints, optional_ints, optional_texts, rows, take, texts, times};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

const AS_OF: &str = "2026-03-15";
const OWN_BY: [&str; 2] = ["cart_abandonment", "browse_rates"];

fn on_events() -> impl Iterator<Item = &'static analysis::Entry> {
    analysis::ALL.iter().filter(|entry| entry.reads == "events")
}

/// Options that an analysis cannot do without.
fn request(name: &str) -> String {
    let extra = match name {
        "funnel" => r#", "steps": ["product_view", {"kind": "add"}, "checkout", "purchase"]"#,
        "purchase_intent" => r#", "min_purchases": 10"#,
        _ => "",
    };
    format!(r#"{{"as_of": "{AS_OF}"{extra}}}"#)
}

fn try_run(name: &str, events: &Events, request: &str) -> crm_core::Result<Table> {
    analysis::run(name, &Dataset::Events(events), request, &Context::default())
}

fn run(name: &str, events: &Events, request: &str) -> Table {
    try_run(name, events, request).unwrap_or_else(|e| panic!("{name} {request}: {e}"))
}

fn log(visitors: u32, seed: u64) -> SimulatedEvents {
    let what = EventsSimulation {
        visitors,
        seed,
        ..EventsSimulation::default()
    };
    simulate_events(&what, &Context::default()).unwrap()
}

fn build(batches: &[Batch]) -> Events {
    Events::from_batches(&SimulatedEvents::spec(), batches, &Context::default()).unwrap()
}

/// The simulated rows with the texts spelled out, so that the shared helpers can take rows.
fn plain(log: &SimulatedEvents) -> Batch {
    let table = log.table().unwrap();
    let columns = table.columns().iter().map(|column| {
        let cells = || (0..table.len()).map(|row| column.cell(row));
        let numbers: Vec<Option<i64>> = cells()
            .map(|cell| match cell {
                Cell::Instant(v) | Cell::Money(v, _) => Some(v),
                Cell::Id(crm_core::data::IdRef::Int(v)) => Some(v),
                _ => None,
            })
            .collect();
        let words: Vec<Option<String>> = cells()
            .map(|cell| match cell {
                Cell::Text(text) => Some(text.to_owned()),
                _ => None,
            })
            .collect();
        let data = match column.name() {
            "kind" | "page" | "channel" | "device" => texts(
                &words
                    .iter()
                    .map(|w| w.as_deref().unwrap())
                    .collect::<Vec<_>>(),
            ),
            "occurred_at" => ColumnValues::Time {
                values: numbers
                    .iter()
                    .map(|t| t.unwrap())
                    .collect::<Vec<_>>()
                    .into(),
                unit: TimeUnit::Microsecond,
                zone: Some("UTC".into()),
            }
            .into(),
            _ => optional_ints(&numbers),
        };
        (column.name().to_owned(), data)
    });
    columns.collect()
}

/// A column of numbers of any type; null cells are `None`.
fn numbers(table: &Table, name: &str) -> Vec<Option<f64>> {
    let column = table.column(name).unwrap();
    let cells = (0..table.len()).map(|row| match column.cell(row) {
        Cell::Int(v) => Some(v as f64),
        Cell::Float(v) => Some(v),
        _ => None,
    });
    cells.collect()
}

/// A fixed shuffle of `0..n`.
fn shuffled(n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for i in (1..n).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        order.swap(i, (state >> 33) as usize % (i + 1));
    }
    order
}

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
type Row = (Option<u8>, u8, u8, u8, Option<u8>, Option<u8>);

fn small(rows: &[Row]) -> Events {
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Appending in any grouping, looked at in between or not, gives what all rows at once give.
    #[test]
    fn runs_appended_are_one_log(
        rows in vec(
            (option::weighted(0.95, 0..5_u8), 0..60_u8, 0..7_u8, 0..4_u8,
             option::weighted(0.3, 0..3_u8), option::weighted(0.7, 0..3_u8)),
            1..60,
        ),
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
        let described = analysis::describe(entry.name).unwrap();
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
                Cell::Id(crm_core::data::IdRef::Text(text)) => text.into_owned(),
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
    ]);
    let spec = EventsSpec {
        page: Some("page".into()),
        product: Some("product".into()),
        ..EventsSpec::default()
    };
    let empty = Events::from_batches(&spec, &[empty], &Context::default()).unwrap();
    let one = Events::builder(Zone::UTC)
        .add(
            Event::new("v", "2026-03-01", "purchase")
                .page("/")
                .product("p"),
        )
        .build()
        .unwrap();
    for entry in on_events() {
        let nothing = run(entry.name, &empty, &request(entry.name));
        let whole = [
            "funnel",
            "cart_abandonment",
            "browse_rates",
            "page_influence",
        ]
        .contains(&entry.name);
        assert!(nothing.is_empty() || whole, "{}", entry.name);
        // One event: a table, or the word that is missing.
        match try_run(entry.name, &one, &request(entry.name)) {
            Ok(_) => {}
            Err(Error::OptionValue { name, .. }) => assert_eq!(name, "kinds", "{}", entry.name),
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
    ]);
    let spec = EventsSpec {
        page: Some("page".into()),
        product: Some("product".into()),
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
    for (log, column) in [
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
    }
    let amount = EventsSpec {
        amount: Some("quantity".into()),
        ..EventsSpec::default()
    };
    let log = columns(&ab, &kinds, &good);
    let error = Events::from_batches(&amount, &[log], &Context::default()).unwrap_err();
    assert!(error.to_string().contains("currency"));
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
            "funnel",
            r#"{"steps": ["view"], "policy": {}}"#.into(),
            "policy",
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
    let orders = crm_tests::orders(crm_tests::STORE, crm_tests::store(20, 1)).unwrap();
    let at = r#"{"as_of": "2026-03-01T10:00:00"}"#;
    let data = Dataset::Orders(&orders);
    assert!(analysis::run("rfm", &data, at, &Context::default()).is_err());
    assert!(analysis::run("sessions", &data, "", &Context::default()).is_err());
}

#[test]
fn visitors_are_joined_to_customers_before_and_after() {
    let event = |v, at: &str, c: Option<&str>| {
        let event = Event::new(v, &format!("2026-03-{at}"), "view");
        c.map_or(event.clone(), |c| event.customer(c))
    };
    let events = Events::builder(Zone::UTC)
        .extend([
            event("phone", "01", None),
            event("phone", "02", Some("c1")),
            event("phone", "03", None),
            event("desk", "02T12:00:00", Some("c1")),
            event("shared", "01", Some("c1")),
            event("shared", "02", Some("c2")),
            event("shared", "03", None),
            event("nobody", "01", None),
        ])
        .build()
        .unwrap();
    let table = run("sessions", &events, "");
    let customers = crm_tests::words(&table, "customer_id");
    let customers: Vec<Option<&str>> = customers.iter().map(Option::as_deref).collect();
    // desk, nobody, phone ×3, shared ×3
    let (c1, c2) = (Some("c1"), Some("c2"));
    assert_eq!(customers, [c1, None, c1, c1, c1, c1, c2, c2]);
    // By customer, c1's devices are one log: phone, phone, desk, phone in time.
    let steps = r#"{"steps": ["view", "view", "view", "view"], "per": "customer", "window": 30}"#;
    let funnel = run("funnel", &events, steps);
    let reached: Vec<Option<f64>> = numbers(&funnel, "reached");
    assert_eq!(reached, [Some(2.0), Some(2.0), Some(1.0), Some(1.0)]);
    // What was not known on the second of March stays unknown then.
    let early = run("sessions", &events, r#"{"as_of": "2026-03-01"}"#);
    let known = crm_tests::words(&early, "customer_id");
    assert_eq!(known, [None, None, Some("c1".to_owned())]);
}

#[test]
fn funnel_rates_leave_out_the_still_open() {
    let event = |v, at: &str, kind| Event::new(v, &format!("2026-03-{at}"), kind);
    let events = Events::builder(Zone::UTC)
        .extend([
            event("a", "01T00:00:00", "view"),
            event("a", "08T00:00:00", "purchase"), // seven days exactly: inside
            event("b", "01T00:00:00", "view"),
            event("b", "08T00:00:01", "purchase"), // a second too late
            event("c", "15T00:00:00", "view"),     // may still buy
            event("d", "02T00:00:00", "purchase"),
        ])
        .build()
        .unwrap();
    let steps = r#"{"steps": ["view", "purchase"], "as_of": "2026-03-20T00:00:00Z"}"#;
    let table = run("funnel", &events, steps);
    let column = |name: &str| numbers(&table, name);
    assert_eq!(column("reached"), [Some(3.0), Some(1.0)]);
    assert_eq!(column("dropped"), [Some(1.0), Some(0.0)]);
    assert_eq!(column("still_open"), [Some(1.0), Some(0.0)]);
    assert_eq!(column("rate"), [Some(1.0), Some(0.5)]);
    assert_eq!(column("median_seconds"), [None, Some(7.0 * 86_400.0)]);
    let later = run("funnel", &events, &steps.replace("03-20", "03-22"));
    assert_eq!(numbers(&later, "still_open")[0], Some(1.0)); // seven days exactly
    let later = run(
        "funnel",
        &events,
        &steps.replace("20T00:00:00Z", "22T00:00:01Z"),
    );
    assert_eq!(numbers(&later, "still_open")[0], Some(0.0));
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
    let visits = numbers(&table, "visits");
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
    // The intent score tells buyers from others: the calibrated probabilities spread.
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

/// The text of one cell.
fn shown(table: &Table, name: &str, row: usize) -> String {
    match table.column(name).unwrap().cell(row) {
        Cell::Int(v) => v.to_string(),
        Cell::Float(v) => v.to_string(),
        Cell::Instant(v) => v.to_string(),
        Cell::Text(text) => text.to_owned(),
        Cell::Id(crm_core::data::IdRef::Text(text)) => text.into_owned(),
        Cell::Null => "null".to_owned(),
        _ => panic!("{name}"),
    }
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
        "option `steps`: expected no optional steps in mode \"unordered\""
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
         kinds present are basket, view (map one: {\"your word\": \"add\"}, or {\"add\": \"add\"} \
         where it never occurs)"
    );
}

#[test]
fn equal_instants_are_ordered_as_they_came_in_and_an_event_fills_one_step() {
    let reached = |kinds: &[&str], steps: &str| {
        let events = kinds
            .iter()
            .map(|kind| Event::new("v", "2026-03-01T10:00:00", kind));
        let events = Events::builder(Zone::UTC).extend(events).build().unwrap();
        numbers(
            &run("funnel", &events, &format!(r#"{{"steps": {steps}}}"#)),
            "reached",
        )
    };
    let (one, none) = (Some(1.0), Some(0.0));
    let steps = r#"["view", "purchase"]"#;
    assert_eq!(reached(&["view", "purchase"], steps), [one, one]);
    assert_eq!(reached(&["purchase", "view"], steps), [one, none]);
    let twice = r#"["view", {"name": "view", "kind": "view"}]"#;
    assert_eq!(reached(&["view"], twice), [one, none]);
    assert_eq!(reached(&["view", "view"], twice), [one, one]);
}

#[test]
fn a_funnel_by_channel_device_product_and_first_page() {
    let names = ["visitor_id", "kind", "page", "product", "channel", "device"];
    let rows = [
        ["a", "view", "/", "", "mail", "phone"],
        ["a", "product_view", "/p", "p1", "mail", "desk"],
        ["a", "add", "/p", "p1", "mail", "desk"],
        ["b", "product_view", "/q", "p2", "search", "phone"],
        ["b", "add", "/q", "p1", "search", "phone"],
    ];
    let column = |at: usize| {
        let cells = rows
            .iter()
            .map(|row| Some(row[at]).filter(|cell| !cell.is_empty()));
        optional_texts(&cells.collect::<Vec<_>>())
    };
    let mut log: Vec<(&str, _)> = names
        .iter()
        .enumerate()
        .map(|(at, n)| (*n, column(at)))
        .collect();
    log.push(("occurred_at", times(&["2026-03-01T10:00:00"; 5])));
    let given = |name: &str| Some(name.to_owned());
    let spec = EventsSpec {
        page: given("page"),
        product: given("product"),
        channel: given("channel"),
        dimensions: vec!["device".into()],
        ..EventsSpec::default()
    };
    let events = Events::from_batches(&spec, &[batch(&log)], &Context::default()).unwrap();
    let reached = |by: &str| {
        let request = format!(r#"{{"steps": ["product_view", "add"], "by": ["{by}"]}}"#);
        let table = run("funnel", &events, &request);
        let counts = numbers(&table, "reached");
        (0..table.len() / 2)
            .map(|group| {
                let counts = [counts[2 * group], counts[2 * group + 1]].map(|c| c.unwrap() as u32);
                (shown(&table, by, 2 * group), counts)
            })
            .collect::<Vec<_>>()
    };
    let lines = |lines: &[(&str, [u32; 2])]| {
        lines
            .iter()
            .map(|(name, counts)| ((*name).to_owned(), *counts))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        reached("channel"),
        lines(&[("mail", [1, 1]), ("search", [1, 1])])
    );
    assert_eq!(
        reached("device"),
        lines(&[("desk", [1, 1]), ("phone", [1, 1])])
    );
    // b looked at one product and put another in.
    let by_product = lines(&[("p1", [1, 1]), ("p2", [1, 0]), ("null", [0, 0])]);
    assert_eq!(reached("product"), by_product);
    assert_eq!(
        reached("first_page"),
        lines(&[("/", [1, 1]), ("/q", [1, 1])])
    );
}

#[test]
fn time_on_the_last_page_is_null_and_measures_are_means_over_views() {
    let log = batch(&[
        ("visitor_id", texts(&["a", "a", "b", "b"])),
        (
            "occurred_at",
            times(&[
                "2026-03-01T10:00",
                "2026-03-01T10:02",
                "2026-03-01",
                "2026-03-02",
            ]),
        ),
        ("kind", texts(&["view", "view", "view", "purchase"])),
        ("page", texts(&["/", "/end", "/", "/"])),
        (
            "load_ms",
            optional_ints(&[Some(300), None, Some(500), Some(90_000)]),
        ),
    ]);
    let spec = EventsSpec {
        page: Some("page".into()),
        measures: vec!["load_ms".into()],
        ..EventsSpec::default()
    };
    let events = Events::from_batches(&spec, &[log], &Context::default()).unwrap();
    let pages = run("page_exits", &events, "");
    assert_eq!(numbers(&pages, "timed_views"), [Some(1.0), Some(0.0)]);
    assert_eq!(numbers(&pages, "mean_seconds"), [Some(120.0), None]);
    // The purchase is no view of the page; the blank is left out.
    assert_eq!(numbers(&pages, "mean_load_ms"), [Some(400.0), None]);
}

#[test]
fn visits_after_the_last_purchase_by_hand() {
    let event = |v, at: &str, kind| Event::new(v, &format!("2026-03-{at}"), kind);
    let events = Events::builder(Zone::parse("Asia/Tokyo").unwrap())
        .extend([
            event("a", "01T10:00:00", "purchase"),
            event("a", "02T10:00:00", "view"), // before the last purchase
            event("a", "05T10:00:00", "purchase"),
            event("a", "05T10:10:00", "view"), // the purchase's own session
            event("a", "08T10:00:00", "view"),
            event("a", "09T23:50:00", "view"),
            event("a", "10T00:10:00", "view"), // one visit; its last event counts
            event("b", "03T10:00:00", "purchase"),
            event("c", "04T10:00:00", "view"),
        ])
        .build()
        .unwrap();
    let table = run(
        "visits_after_purchase",
        &events,
        r#"{"as_of": "2026-03-20"}"#,
    );
    let ids: Vec<String> = (0..table.len())
        .map(|row| shown(&table, "visitor_id", row))
        .collect();
    assert_eq!(ids, ["a", "b"]);
    assert_eq!(numbers(&table, "visits"), [Some(2.0), Some(0.0)]);
    assert_eq!(numbers(&table, "days_since_visit"), [Some(10.0), None]);
}

#[test]
fn intent_is_calibrated_on_the_last_horizon_when_there_is_enough_of_it() {
    let events = log(12_000, 8).events(&Context::default()).unwrap();
    let at = |rest: &str| format!(r#"{{"as_of": "2026-03-15"{rest}}}"#);
    let table = run("purchase_intent", &events, &at(r#", "min_purchases": 20"#));
    assert_eq!(table.notes()["calibrated"], true);
    let buyers = table.notes()["calibration_buyers"].as_f64().unwrap();
    let visitors = table.notes()["calibration_visitors"].as_f64().unwrap();
    assert!(buyers >= 20.0);
    // What the pools say of those they were made from is how many of them bought.
    let then = r#"{"as_of": "2026-03-08", "horizon": "7d", "min_purchases": 20}"#;
    let scores = numbers(&run("purchase_intent", &events, then), "score");
    assert_eq!(scores.len() as f64, visitors);
    let now = numbers(&table, "score");
    let chances = numbers(&table, "purchase_probability");
    let mut pairs: Vec<(f64, f64)> = now
        .into_iter()
        .flatten()
        .zip(chances.into_iter().flatten())
        .collect();
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    assert!(
        pairs.windows(2).all(|p| p[0].1 <= p[1].1),
        "a higher score is never less likely"
    );
    let chance = |score: f64| {
        let above = pairs.partition_point(|p| p.0 <= score);
        pairs[above.max(1) - 1].1
    };
    let expected: f64 = scores.iter().flatten().map(|score| chance(*score)).sum();
    // The pool of a score between two of today's visitors is that of the one below: near enough.
    assert!(
        (expected - buyers).abs() < 0.1 * buyers,
        "{expected} for {buyers}"
    );
    let few = run(
        "purchase_intent",
        &events,
        &at(r#", "min_purchases": 100000"#),
    );
    assert_eq!(few.notes()["calibrated"], false);
    assert!(
        numbers(&few, "purchase_probability")
            .iter()
            .all(Option::is_none)
    );
}

#[test]
fn carts_by_several_columns_add_up_and_notes_are_of_every_group() {
    let events = log(800, 12).events(&Context::default()).unwrap();
    for name in OWN_BY {
        let whole = run(name, &events, &request(name));
        let by = |columns: &str| {
            let request = request(name);
            let head = &request[..request.len() - 1];
            run(name, &events, &format!(r#"{head}, "by": [{columns}]}}"#))
        };
        let both = by(r#""channel", "device""#);
        let one = by(r#""channel""#);
        assert_eq!(
            [both.columns()[0].name(), both.columns()[1].name()],
            ["channel", "device"]
        );
        assert_eq!(both.len(), 12);
        let first = if name == "browse_rates" {
            "browses"
        } else {
            "carts"
        };
        for column in [first, "abandoned", "recovered"] {
            let sum = |table: &Table| numbers(table, column).into_iter().flatten().sum::<f64>();
            assert_eq!(sum(&both), sum(&whole), "{name}.{column}");
            let of_mail: f64 = (0..12)
                .filter(|row| shown(&both, "channel", *row) == "mail")
                .map(|row| numbers(&both, column)[row].unwrap())
                .sum();
            let mail = (0..one.len())
                .find(|row| shown(&one, "channel", *row) == "mail")
                .unwrap();
            assert_eq!(
                Some(of_mail),
                numbers(&one, column)[mail],
                "{name}.{column}"
            );
        }
        let products = by(r#""product", "channel""#);
        assert!(products.len() > by(r#""product""#).len());
    }
    let scores = run(
        "purchase_intent",
        &events,
        &format!(r#"{{"as_of": "{AS_OF}", "by": ["device"]}}"#),
    );
    let groups = scores.notes()["calibration_visitors"].as_array().unwrap();
    let names: Vec<&str> = groups
        .iter()
        .map(|g| g["device"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["desktop", "mobile", "tablet"]);
    assert!(groups.iter().all(|g| g["value"].as_u64().unwrap() > 0));
}

#[test]
fn carts_to_follow_up_by_hand_each_with_its_reason() {
    let event = |v, at: &str, kind| Event::new(v, &format!("2026-03-{at}"), kind);
    let add = |v, at, c: &str| event(v, at, "add").product("p").customer(c);
    let events = Events::builder(Zone::UTC)
        .currency(Currency::JPY)
        .extend([
            add("a", "10T09:00:00", "c1").quantity(2).amount(1_000),
            event("a", "10T09:02:00", "add").product("q").amount(300),
            event("a", "10T09:05:00", "checkout"),
            add("b", "10T08:00:00", "c2").amount(500),
            event("b", "10T11:30:00", "purchase").product("z"), // something else, but an order
            add("c", "09T08:00:00", "c3"),
            add("c", "10T08:00:00", "c3"), // this one is the one to speak of
            add("d", "10T09:00:00", "c4"),
            event("d", "10T11:30:00", "view"), // may be shopping now
            event("e", "10T09:00:00", "add").product("p"),
            add("f", "07T09:00:00", "c6"), // longer ago than three days
            add("g", "10T11:00:00", "c7"), // an hour exactly: still open
            add("h1", "10T09:00:00", "c8"), // ordered on another device
            event("h2", "10T11:00:00", "purchase")
                .product("y")
                .customer("c8"),
        ])
        .build()
        .unwrap();
    let at = r#"{"as_of": "2026-03-10T12:00:00Z"}"#;
    let table = run("cart_follow_ups", &events, at);
    let column = |name: &str| crm_tests::words(&table, name);
    let text = |words: &[Option<String>]| -> Vec<String> {
        words
            .iter()
            .map(|w| w.clone().unwrap_or_else(|| "-".into()))
            .collect()
    };
    assert_eq!(
        text(&column("visitor_id")),
        ["a", "b", "c", "c", "d", "e", "h1"]
    );
    assert_eq!(
        text(&column("suppressed_by")),
        [
            "-",
            "ordered",
            "newer_cart",
            "-",
            "active",
            "unknown",
            "ordered"
        ]
    );
    assert_eq!(
        text(&column("customer_id")),
        ["c1", "c2", "c3", "c3", "c4", "-", "c8"]
    );
    assert_eq!(text(&column("stage"))[..2], ["checkout", "cart"]);
    assert_eq!(numbers(&table, "products")[..2], [Some(2.0), Some(1.0)]);
    assert_eq!(numbers(&table, "quantity")[..2], [Some(3.0), Some(1.0)]);
    assert!(matches!(
        table.column("value").unwrap().cell(0),
        Cell::Money(1_300, _)
    ));
    let minutes = |name: &str| match table.column(name).unwrap().cell(0) {
        Cell::Instant(at) => at / 60_000_000 % 1_440,
        _ => panic!("{name}"),
    };
    assert_eq!(minutes("started_at"), 9 * 60);
    assert_eq!(minutes("last_activity_at"), 9 * 60 + 5);
    assert_eq!(minutes("abandoned_at"), 10 * 60 + 5);
    let items = run("cart_items", &events, at);
    let products = crm_tests::words(&items, "product");
    assert_eq!(text(&products)[..2], ["p", "q"]);
    assert_eq!(numbers(&items, "quantity")[..2], [Some(2.0), Some(1.0)]);
    assert_eq!(items.len(), 8);
}

#[test]
fn top_paths_by_hand() {
    let view = |v, at: &str, page| Event::new(v, &format!("2026-03-01T{at}"), "view").page(page);
    let events = Events::builder(Zone::UTC)
        .extend([
            view("a", "10:00:00", "/"),
            view("a", "10:01:00", "/"), // a reload
            view("a", "10:02:00", "/p"),
            view("b", "10:00:00", "/"),
            view("c", "10:00:00", "/"),
            view("c", "10:01:00", "/p"),
        ])
        .add(Event::new("c", "2026-03-01T10:02:00", "purchase"))
        .build()
        .unwrap();
    let table = run("top_paths", &events, "");
    let paths: Vec<String> = (0..table.len())
        .map(|row| shown(&table, "path", row))
        .collect();
    assert_eq!(paths, ["/ > /p > (end)", "/ > (end)"]);
    assert_eq!(numbers(&table, "sessions"), [Some(2.0), Some(1.0)]);
    assert_eq!(numbers(&table, "conversions"), [Some(1.0), Some(0.0)]);
    let short = run(
        "top_paths",
        &events,
        r#"{"length": 1, "collapse_repeats": false}"#,
    );
    let paths: Vec<String> = (0..short.len())
        .map(|row| shown(&short, "path", row))
        .collect();
    assert_eq!(paths, ["/", "/ > (end)"]);
}

#[test]
fn carts_and_browses_by_the_hour_of_the_shops_clock() {
    let at = |v, time: &str, kind| Event::new(v, &format!("2026-03-08T{time}Z"), kind).product("p");
    // New York: 06:50 UTC is 01:50 in winter, 07:10 is 03:10 in summer time, twenty minutes later.
    let events = Events::builder(Zone::parse("America/New_York").unwrap())
        .extend([
            at("a", "06:50:00", "product_view"),
            at("b", "07:10:00", "product_view"),
            at("b", "07:20:00", "add"),
            at("c", "06:55:00", "add"),
        ])
        .build()
        .unwrap();
    let hours = |name: &str| {
        let request = r#"{"as_of": "2026-04-01", "by": ["hour"]}"#;
        let table = run(name, &events, request);
        crm_tests::words(&table, "hour")
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
    };
    assert_eq!(hours("browse_rates"), ["1", "3"]);
    let named = Events::builder(Zone::parse("America/New_York").unwrap())
        .extend([
            at("c", "06:55:00", "add"),
            at("b", "07:20:00", "add"),
            at("b", "07:30:00", "purchase"),
        ])
        .build()
        .unwrap();
    let table = run(
        "cart_abandonment",
        &named,
        r#"{"as_of": "2026-04-01", "by": ["hour"]}"#,
    );
    let hours: Vec<String> = crm_tests::words(&table, "hour")
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(hours, ["1", "3"]);
    assert_eq!(numbers(&table, "abandoned"), [Some(1.0), Some(0.0)]);
}
