//! Funnels against the test values of other products. Data and results are theirs, facts and no code:
//! ClickHouse `tests/queries/0_stateless/00632_aggregation_window_funnel` (windowFunnel).

use super::*;
use crm_core::data::Event;
use crm_core::{Events, Zone};

/// A log of (second, visitor, kind).
fn seconds(rows: &[(u32, &str, &str)]) -> Events {
    let rows = rows.iter().map(|(second, visitor, kind)| {
        let at = format!(
            "2018-01-01T{:02}:{:02}:{:02}",
            second / 3600,
            second / 60 % 60,
            second % 60
        );
        Event::new(visitor, &at, kind)
    });
    Events::builder(Zone::UTC).extend(rows).build().unwrap()
}

/// The deepest step of one visitor.
fn level(events: &Events, visitor: &str, steps: &str, rest: &str) -> usize {
    let request =
        format!(r#"{{"steps": {steps}, "where": {{"visitor_id": "{visitor}"}}, {rest}}}"#);
    let table = run("funnel", events, &request);
    numbers(&table, "reached")
        .iter()
        .filter(|n| **n == Some(1.0))
        .count()
}

#[test]
fn click_house_window_mode_and_time_must_pass() {
    let kinds: Vec<String> = (1000..1009).map(|kind| kind.to_string()).collect();
    let rows: Vec<(u32, &str, &str)> = kinds
        .iter()
        .zip(0..)
        .map(|(k, t)| (t, "v", k.as_str()))
        .collect();
    let log = seconds(&rows);
    let five = r#"["1003", "1004", "1005", "1006", "1007"]"#;
    for (steps, window, expected) in [
        (r#"["1000"]"#, "1s", 1),
        (r#"["1000", "1001", "1002", "1008"]"#, "10000s", 4),
        (five, "2s", 3),
        (five, "3s", 4),
        (five, "4s", 5),
        (r#"["1008", "1001"]"#, "10000s", 1),
    ] {
        assert_eq!(
            level(&log, "v", steps, &format!(r#""window": "{window}""#)),
            expected,
            "{steps} {window}"
        );
    }
    // event <= 1007, >= 1002, <= 1006, >= 1004 in four seconds.
    let overlapping = r#"[
        {"kind": ["1001", "1002", "1003", "1004", "1005", "1006", "1007"]},
        {"kind": ["1002", "1003", "1004", "1005", "1006", "1007", "1008"]},
        {"kind": ["1001", "1002", "1003", "1004", "1005", "1006"]},
        {"kind": ["1004", "1005", "1006", "1007", "1008"]}]"#;
    for reuse in ["true", "false"] {
        let rest = format!(r#""window": "4s", "reuse": {reuse}"#);
        assert_eq!(level(&log, "v", overlapping, &rest), 4);
    }
    let ties = seconds(&[
        (0, "v", "1000"),
        (1, "v", "1001"),
        (1, "v", "1002"),
        (1, "v", "1003"),
        (2, "v", "1004"),
    ]);
    let all = r#"["1000", "1001", "1002", "1003", "1004"]"#;
    let thrice = r#"["1004", "1004", "1004"]"#;
    for (steps, option, expected) in [
        (all, r#""window": "10000s""#, 5),
        (all, r#""strict_increase": true"#, 2),
        (thrice, r#""reuse": true"#, 3),  // the mode without a name
        (thrice, r#""reuse": false"#, 1), // strict_once
        (thrice, r#""strict_increase": true"#, 1),
    ] {
        assert_eq!(
            level(&ties, "v", steps, option),
            expected,
            "{steps} {option}"
        );
    }
}

#[test]
fn click_house_orders_of_users() {
    let mut rows = Vec::new();
    let users = ["abc", "adbc", "aabbcc", "aaaabbcc", "aabbdcc", "ccbbaa"];
    let names = ["1", "2", "3", "4", "5", "6"];
    for (user, events) in names.iter().zip(users) {
        for (second, kind) in events.bytes().enumerate() {
            let kind = ["a", "b", "c", "d"][usize::from(kind - b'a')];
            rows.push((1 + second as u32, *user, kind));
        }
    }
    let log = seconds(&rows);
    let steps = r#"["a", "b", "c"]"#;
    let found = |rest: &str| names.map(|user| level(&log, user, steps, rest));
    assert_eq!(found(r#""window": 1"#), [3, 3, 3, 3, 3, 1]);
    // `strict_order` forbids events of other kinds; here that is an exclusion.
    let exclude = r#""exclude": [{"kind": "d", "after_step": 1, "before_step": 2},
        {"kind": "d", "after_step": 2, "before_step": 3}]"#;
    assert_eq!(found(exclude), [3, 1, 3, 3, 2, 1]);
}

#[test]
fn click_house_failures_before_a_success() {
    let (f, s) = ("failure", "success");
    let log = seconds(&[
        (100, "234", f),
        (200, "345", s),
        (210, "345", f),
        (230, "345", s),
        (250, "234", f),
        (180, "123", f),
        (220, "123", f),
        (250, "123", s),
    ]);
    let steps = r#"["failure", "failure", "success"]"#;
    for option in [r#""strict_increase": true"#, r#""reuse": false"#] {
        let rest = format!(r#""window": "200s", {option}"#);
        let found = ["123", "234", "345"].map(|user| level(&log, user, steps, &rest));
        assert_eq!(found, [3, 2, 1], "{option}");
    }
}

/// A shop's day by hand: minutes of visitors.
fn shop() -> Events {
    let minute = |m: u32, v, k| (60 * m, v, k);
    seconds(&[
        minute(0, "early", "view"),
        minute(5, "early", "add"),
        minute(60, "early", "buy"),
        minute(10, "quick", "view"),
        minute(11, "quick", "add"),
        minute(12, "quick", "buy"),
        minute(20, "left", "view"),
        minute(21, "left", "add"),
        minute(22, "left", "remove"),
        minute(23, "left", "buy"),
        minute(30, "again", "view"),
        minute(31, "again", "buy"),
        minute(40, "again", "view"),
        minute(41, "again", "buy"),
        minute(50, "again", "view"),
        minute(70, "back", "buy"),
        minute(71, "back", "add"),
        minute(72, "back", "view"),
    ])
}

fn reached(rest: &str) -> Vec<f64> {
    let request = format!(r#"{{"as_of": "2018-01-03", "window": "2h", {rest}}}"#);
    numbers(&run("funnel", &shop(), &request), "reached")
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn gaps_between_steps() {
    // early: add to buy 55 minutes; quick 1 minute; left 2 minutes.
    let with = |rest: &str| {
        reached(&format!(
            r#""steps": ["view", "add", {{"kind": "buy", {rest}}}]"#
        ))
    };
    assert_eq!(with(r#""max_gap": "55min""#), [5.0, 3.0, 3.0]);
    assert_eq!(with(r#""max_gap": "54min""#), [5.0, 3.0, 2.0]);
    assert_eq!(with(r#""min_gap": "2min""#), [5.0, 3.0, 2.0]);
    assert_eq!(
        with(r#""min_gap": "2min", "max_gap": "30min""#),
        [5.0, 3.0, 1.0]
    );
}

#[test]
fn orders_of_steps_that_are_partly_free() {
    let with = |mode: &str| {
        reached(&format!(
            r#""steps": ["view", "add", "buy"], "mode": "{mode}""#
        ))
    };
    assert_eq!(with("ordered"), [5.0, 3.0, 3.0]);
    assert_eq!(with("unordered"), [5.0, 4.0, 4.0]); // back, too
    assert_eq!(with("first_then_any"), [5.0, 3.0, 3.0]);
    assert_eq!(with("any_k"), [5.0, 5.0, 4.0]); // again: view and buy
    let names = run(
        "funnel",
        &shop(),
        r#"{"steps": ["view", "add"], "mode": "any_k"}"#,
    );
    assert_eq!(
        crm_tests::words(&names, "name")[1].as_deref(),
        Some("any 2 of 2")
    );
    let other = reached(r#""steps": ["view", "buy", "add"], "mode": "first_then_any""#);
    assert_eq!(other, [5.0, 4.0, 3.0]); // again has no add
}

#[test]
fn exclusions_of_chains_and_of_people() {
    let steps = r#""steps": ["view", "add", "buy"], "exclude": [{"kind": "remove"}]"#;
    assert_eq!(reached(steps), [5.0, 3.0, 2.0]);
    assert_eq!(
        reached(&format!(r#"{steps}, "exclude_scope": "unit""#)),
        [4.0, 2.0, 2.0]
    );
    let request = format!(r#"{{{steps}, "exclude_scope": "unit"}}"#);
    assert_eq!(
        run("funnel", &shop(), &request).notes()["excluded_units"],
        1
    );
    // After the last step it comes between nothing.
    let past =
        r#""steps": ["view", "add"], "exclude": [{"kind": "remove"}], "exclude_scope": "unit""#;
    assert_eq!(reached(past), [5.0, 3.0]);
}

#[test]
fn every_episode_counts_and_by_day_of_entry() {
    let episodes = r#""steps": ["view", "buy"], "count": "episodes""#;
    assert_eq!(reached(r#""steps": ["view", "buy"]"#), [5.0, 4.0]);
    // again: two that bought, and one that did not.
    assert_eq!(reached(episodes), [7.0, 5.0]);
    // An episode ends with its window: early's purchase comes an hour later.
    let short = episodes.replace("episodes\"", "episodes\", \"window\": \"30min\"");
    let request = format!(r#"{{"as_of": "2018-01-03", {short}}}"#);
    let table = run("funnel", &shop(), &request);
    assert_eq!(numbers(&table, "reached"), [Some(7.0), Some(4.0)]);
    assert_eq!(numbers(&table, "dropped"), [Some(3.0), Some(0.0)]);
    let days = Events::builder(Zone::UTC)
        .add(Event::new("a", "2018-01-01T23:00:00", "view"))
        .add(Event::new("a", "2018-01-02T01:00:00", "buy"))
        .add(Event::new("b", "2018-01-02T09:00:00", "view"))
        .add(Event::new("c", "2018-01-08T09:00:00", "view"))
        .build()
        .unwrap();
    let steps = r#""steps": ["view", "buy"], "window": "1d""#;
    let table = run("funnel", &days, &format!(r#"{{{steps}, "series": "day"}}"#));
    assert_eq!(table.columns()[0].name(), "entered");
    assert_eq!(
        numbers(&table, "reached")
            .into_iter()
            .flatten()
            .collect::<Vec<_>>(),
        [1.0, 1.0, 1.0, 0.0, 1.0, 0.0]
    );
    let table = run(
        "funnel",
        &days,
        &format!(r#"{{{steps}, "series": "week"}}"#),
    );
    assert_eq!(
        numbers(&table, "reached")
            .into_iter()
            .flatten()
            .collect::<Vec<_>>(),
        [2.0, 1.0, 1.0, 0.0]
    );
    // All starts are in one quarter and one year.
    for series in ["quarter", "year"] {
        let table = run(
            "funnel",
            &days,
            &format!(r#"{{{steps}, "series": "{series}"}}"#),
        );
        assert_eq!(
            numbers(&table, "reached"),
            [Some(3.0), Some(1.0)],
            "{series}"
        );
    }
    // The days bound the first step; the purchase of the day after counts.
    let entered =
        format!(r#"{{{steps}, "entered": {{"from": "2018-01-01", "to": "2018-01-01"}}}}"#);
    assert_eq!(
        numbers(&run("funnel", &days, &entered), "reached"),
        [Some(1.0), Some(1.0)]
    );
}

#[test]
fn options_without_effect_are_refused() {
    let steps = r#""steps": ["view", "add", "buy"]"#;
    for (rest, option) in [
        (
            r#""mode": "strict", "exclude": [{"kind": "remove"}]"#,
            "exclude",
        ),
        (r#""exclude_scope": "unit""#, "exclude_scope"),
        (
            r#""mode": "any_k", "strict_increase": true"#,
            "strict_increase",
        ),
        (r#""reuse": true, "strict_increase": true"#, "reuse"),
        (r#""mode": "unordered", "reuse": true"#, "reuse"),
        (
            r#""mode": "unordered", "entered": {"from": "2018-01-01"}"#,
            "entered",
        ),
        (
            r#""entered": {"from": "2018-01-02", "to": "2018-01-01"}"#,
            "entered",
        ),
        (r#""series": "hour""#, "series"),
    ] {
        let error = try_run("funnel", &shop(), &format!("{{{steps}, {rest}}}")).unwrap_err();
        assert_eq!(error.option_name(), Some(option), "{rest}");
    }
    for step in [
        r#"{"kind": "buy", "min_gap": "2h", "max_gap": "1h"}"#,
        r#"{"kind": "buy", "max_gap": "8d"}"#,
    ] {
        let request = format!(r#"{{"steps": ["view", {step}]}}"#);
        let error = try_run("funnel", &shop(), &request).unwrap_err();
        assert_eq!(error.option_name(), Some("steps"), "{step}");
    }
    let first = r#"{"steps": [{"kind": "view", "max_gap": "1h"}, "buy"]}"#;
    assert!(try_run("funnel", &shop(), first).is_err());
}
