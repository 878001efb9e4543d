//! Edges of windows, to the microsecond, and tables past the size where they change their form.

use super::*;
use crm_core::data::Event;
use crm_core::{Currency, Zone};
use std::collections::BTreeMap;

fn log_of(events: &[Event]) -> Events {
    Events::builder(Zone::UTC)
        .currency(Currency::JPY)
        .extend(events.to_vec())
        .build()
        .unwrap()
}

fn view(visitor: &str, at: &str) -> Event {
    Event::new(visitor, at, "view")
}

/// How many events each session holds, by visitor.
fn sizes(events: &Events, request: &str) -> Vec<(String, f64)> {
    let table = run("sessions", events, request);
    let views = numbers(&table, "views");
    (0..table.len())
        .map(|row| (shown(&table, "visitor_id", row), views[row].unwrap()))
        .collect()
}

fn named(expected: &[(&str, f64)]) -> Vec<(String, f64)> {
    expected
        .iter()
        .map(|(v, n)| ((*v).to_owned(), *n))
        .collect()
}

#[test]
fn a_pause_of_exactly_the_timeout_does_not_end_a_session() {
    for (timeout, stays, ends) in [
        ("30min", "10:30:00", "10:30:00.000001"),
        ("1s", "10:00:01", "10:00:01.000001"),
        ("2h", "12:00:00", "12:00:00.000001"),
    ] {
        let at = |clock: &str| format!("2026-03-01T{clock}");
        let events = log_of(&[
            view("a", &at("10:00:00")),
            view("a", &at(stays)),
            view("b", &at("10:00:00")),
            view("b", &at(ends)),
        ]);
        let found = sizes(&events, &format!(r#"{{"timeout": "{timeout}"}}"#));
        assert_eq!(
            found,
            named(&[("a", 2.0), ("b", 1.0), ("b", 1.0)]),
            "{timeout}"
        );
        if timeout == "30min" {
            assert_eq!(found, sizes(&events, ""));
        }
    }
}

/// What is known at a moment: up to that microsecond, and what is left out is counted.
#[test]
fn an_event_is_known_at_its_own_instant() {
    let at = |clock: &str| view("a", &format!("2026-03-01T{clock}"));
    let events = log_of(&[at("10:00:00"), at("10:00:00.000001"), at("10:00:00.000002")]);
    let ten = 1_772_359_200_000_000;
    for (moment, known) in [
        (ten - 1, 0),
        (ten, 1),
        (ten + 1, 2),
        (ten + 2, 3),
        (ten + 9, 3),
    ] {
        let then = events.up_to(moment, &crm_core::Context::default()).unwrap();
        assert_eq!(then.len(), known, "{moment}");
    }
    let table = run(
        "sessions",
        &events,
        r#"{"as_of": "2026-03-01T10:00:00.000001+00:00"}"#,
    );
    assert_eq!(numbers(&table, "views"), [Some(2.0)]);
}

/// Different events at one instant are counted, wherever they are in the log.
#[test]
fn events_that_share_an_instant_and_differ_are_counted() {
    let of = |visitor: &str, clock: &str, kind: &str| {
        Event::new(visitor, &format!("2026-03-01T{clock}"), kind).customer("c")
    };
    let note = |events: &[Event]| {
        let table = run("sessions", &log_of(events), "");
        table
            .notes()
            .get("events_at_one_instant")
            .and_then(serde_json::Value::as_u64)
    };
    let plain = [
        of("a", "09:00:00", "view"),
        of("b", "09:00:00", "add"),
        of("b", "10:00:00", "view"),
    ];
    assert_eq!(note(&plain), None, "other visitors, other instants");
    let mut some = plain.to_vec();
    some.extend([of("b", "10:00:00", "view"), of("b", "10:00:00", "view")]);
    assert_eq!(note(&some), None, "the same thrice");
    some.extend([
        of("b", "10:00:00", "add"),
        of("c", "11:00:00", "view"),
        of("c", "11:00:00", "add"),
    ]);
    // The four of b at ten, the two of c.
    assert_eq!(note(&some), Some(6));
    // Whose they are is a difference, too.
    let mut whose = plain.to_vec();
    whose.push(Event::new("b", "2026-03-01T10:00:00", "view").customer("d"));
    assert_eq!(note(&whose), Some(2));
}

/// A session after a pause has no campaign until one is named; the one before is forgotten, and so
/// is that of the visitor before.
#[test]
fn a_campaign_is_forgotten_when_a_session_ends() {
    let with = |visitor: &str, at: &str, campaign: &str| view(visitor, at).campaign(campaign);
    let events = log_of(&[
        with("a", "2026-03-01T10:00:00", "spring"),
        view("a", "2026-03-01T10:05:00"),
        with("a", "2026-03-01T10:10:00", "spring"),
        // After a pause: first without a campaign, then with that of the session before.
        view("a", "2026-03-01T12:00:00"),
        with("a", "2026-03-01T12:05:00", "spring"),
        view("a", "2026-03-01T12:06:00"),
        // Another visitor, who begins without one.
        view("b", "2026-03-01T12:07:00"),
        with("b", "2026-03-01T12:08:00", "spring"),
        with("b", "2026-03-01T12:09:00", "summer"),
    ]);
    let found = sizes(&events, r#"{"split_on_campaign": true}"#);
    let expected = [
        ("a", 3.0),
        ("a", 1.0),
        ("a", 2.0),
        ("b", 1.0),
        ("b", 1.0),
        ("b", 1.0),
    ];
    assert_eq!(found, named(&expected));
    assert_eq!(
        sizes(&events, ""),
        named(&[("a", 3.0), ("a", 3.0), ("b", 3.0)])
    );
}

#[test]
fn a_cart_is_recovered_up_to_the_last_instant_of_its_time() {
    let of = |visitor: &str, at: &str, kind: &str| Event::new(visitor, at, kind).product("tea");
    let events = log_of(&[
        of("a", "2026-03-01T10:00:00", "add"),
        of("a", "2026-03-08T10:00:00", "purchase"),
        of("b", "2026-03-01T10:00:00", "add"),
        of("b", "2026-03-08T10:00:00.000001", "purchase"),
        // Two hours, if the time is given.
        of("c", "2026-03-01T10:00:00", "add"),
        of("c", "2026-03-01T12:00:00", "purchase"),
        of("d", "2026-03-01T10:00:00", "add"),
        of("d", "2026-03-01T12:00:00.000001", "purchase"),
        // Within the hour nothing is abandoned; a microsecond later it is.
        of("e", "2026-03-01T10:00:00", "add"),
        of("e", "2026-03-01T11:00:00", "purchase"),
        of("f", "2026-03-01T10:00:00", "add"),
        of("f", "2026-03-01T11:00:00.000001", "purchase"),
    ]);
    let counts = |request: &str| {
        let table = run("cart_abandonment", &events, request);
        ["carts", "abandoned", "recovered", "ordered"].map(|name| numbers(&table, name)[0].unwrap())
    };
    // Left behind: all but e. Recovered: a, c, d, f; b is too late.
    assert_eq!(counts(r#"{"as_of": "2026-04-01"}"#), [6.0, 5.0, 4.0, 1.0]);
    // Within two hours: c and f.
    let hours = r#"{"as_of": "2026-04-01", "recovery": "2h"}"#;
    assert_eq!(counts(hours), [6.0, 5.0, 2.0, 1.0]);
}

/// Transitions are counted in a table of all pairs, and past 2,046 pages in a sorted list.
#[test]
fn transitions_are_the_same_however_many_pages_there_are() {
    for pages in [3_usize, 2_045, 2_046, 2_047, 3_000] {
        let mut state = 7_u64;
        let mut next = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % below
        };
        // Every page once, then random steps between a few of them.
        let mut walks: Vec<Vec<usize>> = (0..pages)
            .collect::<Vec<_>>()
            .chunks(50)
            .map(<[_]>::to_vec)
            .collect();
        walks.extend((0..200).map(|_| (0..1 + next(6)).map(|_| next(pages.min(12))).collect()));
        let mut counted: BTreeMap<(String, String), f64> = BTreeMap::new();
        let mut events = Vec::new();
        for (visitor, walk) in walks.iter().enumerate() {
            let name = |page: &usize| format!("/{page:05}");
            let mut before = "(start)".to_owned();
            for (minute, page) in walk.iter().enumerate() {
                let at = format!("2026-03-01T10:{minute:02}:00");
                let visitor = format!("v{visitor:05}");
                events.push(view(&visitor, &at).page(&name(page)));
                *counted.entry((before, name(page))).or_default() += 1.0;
                before = name(page);
            }
            *counted.entry((before, "(end)".to_owned())).or_default() += 1.0;
        }
        let table = run("transitions", &log_of(&events), "");
        let counts = numbers(&table, "count");
        let found: BTreeMap<(String, String), f64> = (0..table.len())
            .map(|row| {
                let pair = (shown(&table, "source", row), shown(&table, "target", row));
                (pair, counts[row].unwrap())
            })
            .collect();
        assert_eq!(found.len(), table.len());
        assert!(found == counted, "{pages} pages");
    }
}

/// The customer of a visitor is the one who was joined last.
#[test]
fn a_visitor_who_changes_hands_is_the_last_customers() {
    let event = |visitor: &str, hour: u32| {
        Event::new(visitor, &format!("2026-03-01T{hour:02}:00:00"), "view")
    };
    let events = log_of(&[
        event("a", 9).customer("ann"),
        event("b", 10).customer("ann"),
        event("b", 12).customer("ben"),
        event("c", 11).customer("cat"),
        event("d", 10).customer("ben"),
        event("d", 12).customer("ann"),
    ]);
    let whom = |customer: &str| {
        let request = format!(r#"{{"customers": {{"customer_id": "{customer}"}}}}"#);
        let mut ids = crm_tests::words(&run("sessions", &events, &request), "visitor_id");
        ids.dedup();
        ids.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    assert_eq!([whom("ann"), whom("ben"), whom("cat")], ["a d", "b", "c"]);
}

/// A moment with an offset is that instant, to the microsecond.
#[test]
fn a_moment_may_have_an_offset() {
    let events = log_of(&[
        view("a", "2026-03-10T12:00:00"),
        view("b", "2026-03-10T12:00:00.000001"),
        view("c", "2026-03-10T11:59:59.999999"),
    ]);
    for moment in [
        "12:00:00Z",
        "21:00:00+09:00",
        "07:00:00-05:00",
        "17:45:00+05:45",
    ] {
        let request = format!(r#"{{"as_of": "2026-03-10T{moment}"}}"#);
        let ids: Vec<String> = crm_tests::words(&run("sessions", &events, &request), "visitor_id")
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(ids, ["a", "c"], "{moment}");
    }
}

/// An ordered cart counts when its window is over, not at its last instant.
#[test]
fn an_ordered_cart_counts_after_its_window() {
    let of = |at: &str, kind: &str| Event::new("a", at, kind).product("tea");
    let events = log_of(&[
        of("2026-03-01T10:00:00", "add"),
        of("2026-03-01T10:05:00", "purchase"),
    ]);
    for (moment, carts) in [("11:05:00Z", 0.0), ("11:05:00.000001Z", 1.0)] {
        let request = format!(r#"{{"as_of": "2026-03-01T{moment}"}}"#);
        let table = run("cart_abandonment", &events, &request);
        assert_eq!(numbers(&table, "carts")[0], Some(carts), "{moment}");
        assert_eq!(numbers(&table, "ordered")[0], Some(carts), "{moment}");
    }
}

/// A long simulation ends when it is cancelled.
#[test]
fn a_simulation_can_be_cancelled() {
    let what = EventsSimulation {
        visitors: 5_000,
        ..EventsSimulation::default()
    };
    let cancel = std::sync::atomic::AtomicBool::new(true);
    let cancelled = Context {
        cancel: Some(&cancel),
        ..Context::default()
    };
    let error = simulate_events(&what, &cancelled).unwrap_err();
    assert!(matches!(error, crm_core::Error::Cancelled), "{error}");
}
