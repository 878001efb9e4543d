//! Small logs worked out by hand.

use super::*;
use crm_core::data::{Event, EventsSpec};
use crm_core::table::Cell;
use crm_core::words::EventWord;
use crm_core::{Context, Currency, Events, Table, Zone};
use crm_tests::{batch, optional_ints, optional_texts, texts, times};

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
fn the_order_of_rows_at_one_instant_is_none_and_an_event_fills_one_step() {
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
    assert_eq!(reached(&["purchase", "view"], steps), [one, one]);
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

/// `customers` chooses rows by what is known of a visitor: by the visitor's name, by the first value
/// of a column, by the customer; of customers, those of whom a chosen visitor is one.
#[test]
fn customers_of_a_log_are_chosen_by_what_is_known_of_the_visitor() {
    let event = |v: &str, day: u32, kind: &str, channel: &str| {
        Event::new(v, &format!("2026-03-{day:02}T10:00:00"), kind).channel(channel)
    };
    let events = Events::builder(Zone::UTC)
        .extend([
            // Ada by phone (a) and at home (b); Bo (c); someone (d).
            event("a", 1, "purchase", "ads").customer("ada"),
            event("a", 3, "view", "mail"),
            event("b", 2, "view", "mail").customer("ada"),
            event("b", 4, "view", "ads"),
            event("c", 1, "purchase", "mail").customer("bo"),
            event("c", 5, "view", "ads"),
            event("d", 1, "purchase", "mail"),
            event("d", 6, "view", "mail"),
        ])
        .build()
        .unwrap();
    let whom = |name: &str, column: &str, rest: &str, customers: &str| {
        let request = format!(r#"{{"as_of": "2026-03-20"{rest}, "customers": {customers}}}"#);
        let table = run(name, &events, &request);
        let mut rows: Vec<String> = (0..table.len())
            .map(|row| shown(&table, column, row))
            .collect();
        rows.dedup();
        rows.join(" ")
    };
    for (customers, visitors, purchasers, by_customer) in [
        ("{}", "a b c d", "a c d", "ada bo"),
        (r#"{"visitor_id": "a"}"#, "a", "a", "ada"),
        (r#"{"visitor_id": ["b", "d"]}"#, "b d", "d", "ada"),
        (r#"{"customer_id": "ada"}"#, "a b", "a", "ada"),
        (r#"{"first_channel": "mail"}"#, "b c d", "c d", "ada bo"),
        (r#"{"first_channel": "ads"}"#, "a", "a", "ada"),
        (
            r#"{"first_channel": "ads", "customer_id": "bo"}"#,
            "",
            "",
            "",
        ),
    ] {
        assert_eq!(
            whom("sessions", "visitor_id", "", customers),
            visitors,
            "{customers}"
        );
        let found = whom("visits_after_purchase", "visitor_id", "", customers);
        assert_eq!(found, purchasers, "{customers}");
        let per = r#", "per": "customer""#;
        let found = whom("visits_after_purchase", "customer_id", per, customers);
        assert_eq!(found, by_customer, "{customers}");
    }
    let error = try_run("sessions", &events, r#"{"customers": {"channel": "ads"}}"#).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("first_channel is the first value known"),
        "{error}"
    );
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

/// What is lost and what comes back, of products and of whole carts: what an order buys is not lost.
#[test]
fn values_of_carts_are_lost_or_come_back() {
    let of = |visitor: &str, at: &str, kind: &str, product: &str| {
        crm_core::data::Event::new(visitor, &format!("2026-03-{at}:00"), kind).product(product)
    };
    let add = |visitor, at, product, amount| of(visitor, at, "add", product).amount(amount);
    let events = Events::builder(crm_core::Zone::UTC)
        .currency(crm_core::Currency::JPY)
        .extend([
            // Tea comes back two days later, the pot is lost.
            add("a", "01T10:00", "tea", 500),
            add("a", "01T10:01", "pot", 3_000),
            of("a", "03T10:00", "purchase", "tea"),
            // Tea is ordered at once, tea is lost.
            add("b", "01T10:00", "tea", 700),
            of("b", "01T10:05", "purchase", "tea"),
            add("c", "01T10:00", "tea", 11),
        ])
        .build()
        .unwrap();
    let request = |rest: &str| format!(r#"{{"as_of": "2026-04-01"{rest}}}"#);
    let money = |table: &Table, name: &str| {
        let column = table.column(name).unwrap();
        (0..table.len())
            .map(|row| match column.cell(row) {
                Cell::Money(v, _) => v,
                other => panic!("{other:?}"),
            })
            .collect::<Vec<_>>()
    };
    let by = run(
        "cart_abandonment",
        &events,
        &request(r#", "by": ["product"]"#),
    );
    let products: Vec<String> = (0..by.len())
        .map(|row| shown(&by, "product", row))
        .collect();
    assert_eq!(products, ["pot", "tea"]);
    assert_eq!(money(&by, "value_lost"), [3_000, 11]);
    assert_eq!(money(&by, "value_recovered"), [0, 500]);
    assert_eq!(numbers(&by, "carts"), [Some(1.0), Some(3.0)]);
    assert_eq!(numbers(&by, "abandoned"), [Some(1.0), Some(2.0)]);
    assert_eq!(numbers(&by, "recovered"), [Some(0.0), Some(1.0)]);
    let whole = run("cart_abandonment", &events, &request(""));
    assert_eq!(money(&whole, "value_lost"), [3_011]);
    assert_eq!(money(&whole, "value_recovered"), [500]);
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
        let counts = if name == "browse_rates" {
            ["browses", "abandoned_browses", "recovered_browses"]
        } else {
            ["carts", "abandoned", "recovered"]
        };
        for column in counts {
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
        table.column("amount").unwrap().cell(0),
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

#[test]
fn events_of_one_instant_take_the_steps_in_their_order() {
    let at = "2026-03-01T10:00:00";
    let kinds = ["view", "add", "purchase"];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut events = Events::builder(Zone::UTC);
        for kind in order {
            events = events.add(Event::new("v", at, kinds[kind]));
        }
        let events = events.build().unwrap();
        for steps in [
            r#"["view", "add", "purchase"]"#,
            r#"["purchase", "view", "add"]"#,
        ] {
            let table = run("funnel", &events, &format!(r#"{{"steps": {steps}}}"#));
            assert_eq!(numbers(&table, "reached"), [Some(1.0); 3], "{steps}");
            assert_eq!(table.notes()["events_at_one_instant"], 3);
        }
    }
}

#[test]
fn a_step_that_no_event_is_names_the_kinds_there_are() {
    // The kinds of a public log of a cosmetics shop (REES46): view, cart, remove_from_cart, purchase.
    let log = |declared: &[(&str, EventWord)]| {
        let mut events = Events::builder(Zone::UTC)
            .add(Event::new("v", "2026-03-01T10:00:00", "view"))
            .add(Event::new("v", "2026-03-01T10:05:00", "cart"))
            .add(Event::new("v", "2026-03-02T10:05:00", "view"));
        for (kind, means) in declared {
            events = events.kind(kind, *means);
        }
        events.build().unwrap()
    };
    let plain = log(&[("cart", EventWord::Add)]);
    let error = |request: &str| try_run("funnel", &plain, request).unwrap_err().to_string();
    let unknown = error(r#"{"steps": ["view", "add", "purchase"]}"#);
    assert_eq!(
        unknown,
        r#"option `steps[1]`: expected `cart`: a step is a word of the log, and `kinds` gives this word the meaning "add", found "add""#
    );
    let slip = try_run("funnel", &plain, r#"{"steps": ["veiw", "cart"]}"#).unwrap_err();
    assert_eq!(slip.hint().as_deref(), Some("did you mean `view`?"));
    let unknown = slip.to_string();
    assert!(
        unknown.contains("steps[0]") && unknown.ends_with(r#"found "veiw""#),
        "{unknown}"
    );
    assert!(
        unknown.contains(r#"(the kinds present: `cart` (means "add"), `view`; "#),
        "{unknown}"
    );
    // A filter and a moment choose events; the word is right all the same.
    let scoped = r#"{"steps": ["view", "cart"], "where": {"occurred_at": "2026-03-02"}}"#;
    assert_eq!(
        numbers(&run("funnel", &plain, scoped), "reached"),
        [Some(1.0), Some(0.0)]
    );
    let both = r#"{"steps": [{"kind": "cart", "occurred_at": "2026-03-02"}]}"#;
    assert!(error(both).contains("steps[0]"));
    assert!(
        error(r#"{"steps": ["view"], "exclude": [{"kind": "remove"}]}"#).contains("exclude[0]")
    );
    // Optional, or declared in `kinds`.
    let optional = r#"{"steps": ["view", {"kind": "add", "optional": true}, "cart"]}"#;
    assert_eq!(
        numbers(&run("funnel", &plain, optional), "reached")[2],
        Some(1.0)
    );
    let declared = log(&[("purchase", EventWord::Purchase)]);
    let table = run("funnel", &declared, r#"{"steps": ["view", "purchase"]}"#);
    assert_eq!(numbers(&table, "reached"), [Some(1.0), Some(0.0)]);
}
