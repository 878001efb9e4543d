//! What every analysis of events promises, hostile logs, and simulated logs whose truth is known.

use crm_core::behavior::sessions;
use crm_core::data::{
    Batch, ColumnValues, Event, EventsSimulation, EventsSpec, SimulatedEvents, TimeUnit,
    simulate_events, true_purchase_probability,
};
use crm_core::table::Cell;
use crm_core::{Context, Dataset, Error, Events, Table, Zone, analysis};
use crm_tests::{batch, ints, optional_ints, optional_texts, rows, take, texts, times};

const AS_OF: &str = "2026-03-15";

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
    let joined = parts[0].concat(&parts[1], &Context::default()).unwrap();
    let joined = joined.concat(&parts[2], &Context::default()).unwrap();
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
        // Carts break themselves down.
        for entry in on_events().filter(|e| e.name != "cart_abandonment") {
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
        let whole = ["funnel", "cart_abandonment", "page_influence"].contains(&entry.name);
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
    let n = 200_000_i64;
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
    for entry in on_events().filter(|e| e.name != "browse_abandonment") {
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
