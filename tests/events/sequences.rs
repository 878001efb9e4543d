//! Sequences against ClickHouse's values and against an exhaustive search. Data and results are ClickHouse's, facts and no
//! code: documentation, *Parametric aggregate functions* (`sequenceMatch`, `sequenceCount`), and
//! `tests/queries/0_stateless/00222_sequence_aggregate_function_family`.

use super::*;
use crm_core::behavior::funnel::{Exclusion, Per};
use crm_core::behavior::sequences::{Options, Step, matches};
use crm_core::data::Event;
use crm_core::scope::Condition;
use crm_core::words::EventWord;
use crm_core::{Duration, Error, Events, Zone};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};
use std::collections::BTreeMap;

/// A log of (second, kind) of one visitor.
fn log(rows: &[(u32, &str)]) -> Events {
    let rows = rows.iter().map(|(second, kind)| {
        let at = format!("2018-01-01T00:{:02}:{:02}", second / 60, second % 60);
        Event::new("v", &at, kind)
    });
    Events::builder(Zone::UTC).extend(rows).build().unwrap()
}

/// The number of matches of the one visitor.
fn count(events: &Events, steps: &str, rest: &str) -> f64 {
    let request = format!(r#"{{"steps": {steps}{rest}}}"#);
    let table = run("sequences", events, &request);
    let (matched, found) = (
        table.column("matched").unwrap(),
        table.column("matches").unwrap(),
    );
    let found = match (found.cell(0), matched.cell(0)) {
        (Cell::Int(found), Cell::Bool(matched)) => {
            assert_eq!(matched, found > 0);
            found as f64
        }
        other => panic!("{other:?}"),
    };
    let total = run("sequence_totals", events, &request);
    assert_eq!(numbers(&total, "matches"), [Some(found)]);
    assert_eq!(
        numbers(&total, "matched_units"),
        [Some(f64::from(u8::from(found > 0.0)))]
    );
    found
}

const OTHERS: &str = r#", "ignore_others": true"#;

/// The page's first example: events 1, 3, 2.
#[test]
fn click_house_documentation() {
    let t = log(&[(1, "1"), (2, "3"), (3, "2")]);
    let adjacent = r#"["1", {"kind": "2", "adjacent": true}]"#;
    // '(?1)(?2)' with number = 1, number = 2: the 3 between them is not looked at.
    assert_eq!(count(&t, adjacent, OTHERS), 1.0);
    // ... and number = 3, which the pattern does not name, is.
    let third = r#", "ignore_others": true, "exclude": [{"kind": "3"}]"#;
    assert_eq!(count(&t, adjacent, third), 0.0);
    assert_eq!(count(&t, adjacent, ""), 0.0);
    // ... number = 4 instead, which no event is: a log of that shop declares it.
    let fourth = run_declared(&[(1, "1"), (2, "3"), (3, "2")], adjacent);
    assert_eq!(fourth, 1.0);
    // The example of sequenceCount: 1, 3, 2, 1, 3, 2 and '(?1).*(?2)'.
    let t = log(&[(1, "1"), (2, "3"), (3, "2"), (4, "1"), (5, "3"), (6, "2")]);
    assert_eq!(count(&t, r#"["1", "2"]"#, ""), 2.0);
    assert_eq!(count(&t, r#"["1", "2"]"#, OTHERS), 2.0);
}

/// With an exclusion whose kind is declared and never occurs.
fn run_declared(rows: &[(u32, &str)], steps: &str) -> f64 {
    let rows = rows
        .iter()
        .map(|(second, kind)| Event::new("v", &format!("2018-01-01T00:00:{second:02}"), kind));
    let events = Events::builder(Zone::UTC)
        .kind("4", EventWord::Remove)
        .extend(rows)
        .build()
        .unwrap();
    count(
        &events,
        steps,
        r#", "ignore_others": true, "exclude": [{"kind": "4"}]"#,
    )
}

/// 00222: data 0 0 0 0 1 2 0 0 0 0 1 1 at seconds 0 to 11; condition N is data = N - 1, so that
/// every event meets one.
#[test]
fn click_house_tests() {
    let data = ["0", "0", "0", "0", "1", "2", "0", "0", "0", "0", "1", "1"];
    let rows: Vec<(u32, &str)> = (0..).zip(data).collect();
    let events = log(&rows);
    let next = |kind: &str| format!(r#"{{"kind": "{kind}", "adjacent": true}}"#);
    let row = |kinds: &[&str]| {
        let steps = kinds.iter().enumerate();
        let steps = steps.map(|(i, k)| if i == 0 { format!("\"{k}\"") } else { next(k) });
        format!("[{}]", steps.collect::<Vec<_>>().join(", "))
    };
    let timed = |a: &str, gap: &str, b: &str| format!(r#"["{a}", {{"kind": "{b}", {gap}}}]"#);
    for (steps, expected) in [
        (row(&["0"]), 8.0),                                            // '(?1)'
        (row(&["1"]), 3.0),                                            // '(?2)'
        (row(&["2"]), 1.0),                                            // '(?3)'
        (row(&["0"; 2]), 4.0),                                         // '(?1)(?1)'
        (row(&["0"; 3]), 2.0),                                         // '(?1)(?1)(?1)'
        (row(&["0"; 4]), 2.0),                                         // '(?1)(?1)(?1)(?1)'
        (row(&["0"; 5]), 0.0),                                         // '(?1)(?1)(?1)(?1)(?1)'
        (row(&["0", "0", "0", "0", "1"]), 2.0),                        // '(?1)(?1)(?1)(?1)(?2)'
        (row(&["1", "2", "0"]), 1.0),                                  // '(?2)(?3)(?1)'
        (timed("0", r#""min_gap": "11s""#, "1"), 1.0), // '(?1)(?t>10)(?2)': whole seconds
        (timed("0", r#""min_gap": "12s""#, "1"), 0.0), // '(?1)(?t>11)(?2)'
        (timed("0", r#""max_gap": "10s""#, "1"), 2.0), // '(?1)(?t<11)(?2)'
        (timed("0", r#""max_gap": "2s""#, "2"), 1.0),  // '(?1)(?t<3)(?3)', '(?1)(?t<=2)(?3)'
        (timed("0", r#""max_gap": "1s""#, "2"), 0.0),  // '(?1)(?t<2)(?3)'
        (timed("1", r#""min_gap": "7s""#, "1"), 1.0),  // '(?2)(?t>=7)(?2)'
        (timed("1", r#""min_gap": "8s""#, "1"), 0.0),  // '(?2)(?t>7)(?2)'
        (timed("1", r#""min_gap": "2s", "max_gap": "2s""#, "2"), 0.0), // '(?1)(?t==2)(?2)' of 1, 2
        (timed("1", r#""min_gap": "1s", "max_gap": "1s""#, "2"), 1.0), // '(?1)(?t==1)(?2)' of 1, 2
    ] {
        assert_eq!(count(&events, &steps, ""), expected, "{steps}");
    }
    // '(?4)', which no event is, gives 0 there and is a mistake here.
    let error = try_run("sequences", &events, r#"{"steps": ["3"]}"#).unwrap_err();
    assert!(error.to_string().contains("steps[0]"), "{error}");
}

/// By hand: two visitors and a customer, sessions, totals by channel.
#[test]
fn units_sessions_and_totals() {
    let event = |v: &str, at: &str, kind: &str, channel: &str, customer: Option<&str>| {
        let event = Event::new(v, &format!("2026-03-01T{at}:00"), kind).channel(channel);
        customer.map_or(event.clone(), |c| event.customer(c))
    };
    let events = Events::builder(Zone::UTC)
        .add(event("a", "10:00", "view", "ads", None))
        .add(event("a", "10:10", "add", "ads", Some("x"))) // a match of 10 minutes
        .add(event("a", "11:00", "view", "mail", Some("x"))) // a new session
        .add(event("a", "11:20", "add", "mail", Some("x"))) // a match of 20 minutes
        .add(event("b", "12:00", "add", "ads", Some("x")))
        .add(event("b", "12:05", "view", "ads", Some("x")))
        .add(event("c", "12:05", "add", "mail", None))
        .build()
        .unwrap();
    let steps = r#""steps": ["view", "add"]"#;
    let table = run("sequences", &events, &format!("{{{steps}}}"));
    assert_eq!(numbers(&table, "matches"), [2.0, 0.0, 0.0].map(Some));
    let at = |column: &str| match table.column(column).unwrap().cell(0) {
        Cell::Instant(at) => (at / 60_000_000) % 1440,
        other => panic!("{other:?}"),
    };
    let (first, last) = (at("first_started_at"), at("last_ended_at"));
    assert_eq!((first, at("first_ended_at"), last), (600, 610, 680));
    let table = run(
        "sequences",
        &events,
        &format!(r#"{{{steps}, "per": "session"}}"#),
    );
    assert_eq!(numbers(&table, "session"), [1.0, 2.0, 1.0, 1.0].map(Some));
    assert_eq!(numbers(&table, "matches"), [1.0, 1.0, 0.0, 0.0].map(Some));
    // Of the customer x the first view, before it was known, belongs to a's visit.
    let table = run(
        "sequences",
        &events,
        &format!(r#"{{{steps}, "per": "customer"}}"#),
    );
    assert_eq!(table.columns()[0].name(), "customer_id");
    assert_eq!(table.len(), 1);
    let totals = |rest: &str| run("sequence_totals", &events, &format!("{{{steps}{rest}}}"));
    let table = totals("");
    for (column, expected) in [
        ("units", 3.0),
        ("matched_units", 1.0),
        ("match_rate", 1.0 / 3.0),
        ("matches", 2.0),
        ("median_seconds", 600.0), // the nearest rank of 10 and 20 minutes
        ("p90_seconds", 1200.0),
    ] {
        assert_eq!(numbers(&table, column), [Some(expected)], "{column}");
    }
    let table = totals(r#", "per": "session""#);
    assert_eq!(numbers(&table, "match_rate"), [Some(0.5)]);
    // b has one channel, a both; in each all events are of that channel.
    let table = totals(r#", "by": ["channel"]"#);
    assert_eq!(numbers(&table, "units"), [2.0, 2.0].map(Some));
    assert_eq!(numbers(&table, "matched_units"), [1.0, 1.0].map(Some));
    assert_eq!(numbers(&table, "median_seconds"), [600.0, 1200.0].map(Some));
}

#[test]
fn what_contradicts_itself_is_refused() {
    let events = log(&[(1, "a"), (2, "b")]);
    for (request, says) in [
        (r#"{}"#, "1 to 32 steps"),
        (r#"{"steps": [{}]}"#, "at least one condition"),
        (
            r#"{"steps": [{"kind": "a", "adjacent": true}, "b"]}"#,
            "at the first step",
        ),
        (
            r#"{"steps": ["a", {"kind": "b", "min_gap": 2, "max_gap": 1}]}"#,
            "up to the max_gap",
        ),
        (
            r#"{"steps": ["a", {"kind": "b", "max_gap": 2}], "window": 1}"#,
            "up to the window",
        ),
        (r#"{"steps": ["a", "b"], "window": 0}"#, "longer than zero"),
        (
            r#"{"steps": ["a", "b"], "exclude": [{"kind": "a", "after_step": 2}]}"#,
            "after_step",
        ),
        (r#"{"steps": ["a", "b"], "per": "customer"}"#, "customer_id"),
        (r#"{"steps": ["a", {"kind": "b", "page": "/"}]}"#, "page"),
    ] {
        for name in ["sequences", "sequence_totals"] {
            let error = try_run(name, &events, request).unwrap_err();
            let said = error.to_string();
            assert!(said.contains(says), "{name} {request}: {said}");
            assert!(!matches!(error, Error::Internal { .. }));
        }
    }
}

/// A step of the random pattern: kinds, adjacent, least and most seconds since the step before.
type Part = (Vec<u8>, bool, u32, Option<u32>);

/// What an event is to the pattern, in the order in which events are taken.
type Hit = (i64, u32, u32, bool);

/// The most matches without overlap that begin at or after `from`: the first end, then the rest.
fn slow(hits: &[Hit], parts: &[Part], window: Option<u32>, bars: (usize, usize)) -> usize {
    fn ends(
        hits: &[Hit],
        parts: &[Part],
        (window, bars): (Option<u32>, (usize, usize)),
        chain: &mut Vec<usize>,
        best: &mut Option<usize>,
    ) {
        let step = chain.len();
        if step == parts.len() {
            let end = chain[step - 1];
            *best = Some(best.map_or(end, |b| b.min(end)));
            return;
        }
        let after = chain.last().map_or(0, |last| last + 1);
        for event in after..hits.len() {
            if hits[event].1 >> step & 1 == 0 {
                continue;
            }
            if let (Some(first), Some(last)) = (chain.first(), chain.last()) {
                let (_, adjacent, least, most) = &parts[step];
                let gap = (hits[event].0 - hits[*last].0) / 1_000_000;
                let whole = (hits[event].0 - hits[*first].0) / 1_000_000;
                let barred = (bars.0..bars.1).contains(&step)
                    && hits[last + 1..event].iter().any(|hit| hit.3);
                if gap < i64::from(*least)
                    || most.is_some_and(|most| gap > i64::from(most))
                    || window.is_some_and(|window| whole > i64::from(window))
                    || *adjacent && event != last + 1
                    || barred
                {
                    continue;
                }
            }
            chain.push(event);
            ends(hits, parts, (window, bars), chain, best);
            chain.pop();
        }
    }
    let (mut found, mut rest) = (0, hits);
    loop {
        let mut best = None;
        ends(rest, parts, (window, bars), &mut Vec::new(), &mut best);
        let Some(end) = best else { return found };
        found += 1;
        rest = &rest[end + 1..];
    }
}

/// The most matches without overlap, however they are chosen: every match or none from each event on.
fn most(hits: &[Hit], parts: &[Part], window: Option<u32>, bars: (usize, usize)) -> usize {
    let n = hits.len();
    let mut best = vec![0; n + 1];
    for from in (0..n).rev() {
        best[from] = best[from + 1];
        for end in from + 1..=n {
            if slow(&hits[from..end], parts, window, bars) > 0 {
                best[from] = best[from].max(1 + best[end]);
            }
        }
    }
    best[0]
}

fn part() -> impl Strategy<Value = Part> {
    (
        vec(0..4_u8, 1..3),
        proptest::bool::weighted(0.3),
        0..4_u32,
        option::of(0..5_u32),
    )
        .prop_map(|(kinds, adjacent, least, more)| {
            (kinds, adjacent, least, more.map(|more| least + more))
        })
}

proptest! {
    #![proptest_config(crm_tests::random_cases(3_000))]
    #[test]
    fn the_exhaustive_search_counts_as_many(
        rows in vec((0..24_u32, 0..6_u8), 1..11),
        parts in vec(part(), 1..5),
        window in option::of(0..16_u32),
        bar in option::of((3..6_u8, 1..4_usize, 1..3_usize)),
        ignore_others in any::<bool>(),
    ) {
        let mut parts = parts;
        (parts[0].1, parts[0].2, parts[0].3) = (false, 0, None);
        let longest = parts.iter().map(|p| p.3.unwrap_or(0).max(p.2)).max().unwrap_or(0);
        let window = window.map(|more| longest + more + 1);
        let n = parts.len();
        let bar = bar.filter(|_| n > 1).map(|(kind, after, more)| {
            let after = after.min(n - 1);
            (kind, after, (after + more).min(n))
        });
        let name = |kind: u8| char::from(b'a' + kind).to_string();
        let texts: Vec<(u32, String)> = rows.iter().map(|(t, k)| (*t, name(*k))).collect();
        let texts: Vec<(u32, &str)> = texts.iter().map(|(t, k)| (*t, k.as_str())).collect();
        let seconds = |n: u32| Duration::parse(&format!("{n}s"));
        let options = Options::new()
            .steps(parts.iter().enumerate().map(|(i, (kinds, adjacent, least, most))| Step {
                adjacent: *adjacent,
                min_gap: seconds(*least).filter(|_| i > 0),
                max_gap: most.and_then(seconds),
                conditions: BTreeMap::from([(
                    "kind".to_owned(),
                    Condition::In(kinds.iter().map(|k| name(*k).into()).collect()),
                )]),
            }).collect())
            .window(window.and_then(seconds))
            .exclude(bar.iter().map(|(kind, after, before)| Exclusion {
                after_step: Some(*after),
                before_step: Some(*before),
                conditions: BTreeMap::from([("kind".to_owned(), Condition::Is(name(*kind).into()))]),
            }).collect())
            .ignore_others(ignore_others)
            .per(Per::Visitor);
        let units = matches(&log(&texts), &options, &Context::default()).unwrap();
        let mut hits: Vec<Hit> = rows.iter().map(|(time, kind)| {
            let steps = (0..n).filter(|s| parts[*s].0.contains(kind));
            let steps = steps.fold(0_u32, |bits, s| bits | 1 << s);
            let barred = bar.is_some_and(|(bar, _, _)| bar == *kind);
            (i64::from(*time) * 1_000_000, steps, steps.trailing_zeros(), barred)
        }).collect();
        hits.retain(|hit| !ignore_others || hit.1 != 0 || hit.3);
        hits.sort_by_key(|hit| (hit.0, hit.2, hit.1, hit.3));
        // Between the steps `after` and `before`, counted from 1: on the way to the steps after the first.
        let bars = bar.map_or((0, 0), |(_, after, before)| (after, before));
        let found = units[0].matches.len();
        prop_assert_eq!(found, slow(&hits, &parts, window, bars));
        prop_assert_eq!(found, most(&hits, &parts, window, bars));
    }
}
