//! Attribution: published values, the Shapley value by all coalitions, the Markov chain by walking it step by step, and tables
//! that cannot be. Paths of events are read a second time in `events/slow_attribution.rs`.

use crm_core::num::rng::Rng;
use crm_core::table::Cell;
use crm_core::{Context, Currency, Dataset, Events, Table, Zone, data::Event, register};
use crm_tests::{batch, floats, ints, reals, shuffled, texts};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Rows<'a> = &'a [(&'a str, i64, i64)];

fn table(rows: Rows) -> Table {
    let paths: Vec<&str> = rows.iter().map(|r| r.0).collect();
    let columns = [
        ("path", texts(&paths)),
        (
            "conversions",
            ints(&rows.iter().map(|r| r.1).collect::<Vec<_>>()),
        ),
        ("nulls", ints(&rows.iter().map(|r| r.2).collect::<Vec<_>>())),
    ];
    Table::from_batch(&batch(&columns), &Context::default()).unwrap()
}

fn ask(name: &str, data: &Dataset, request: Value) -> crm_core::Result<Table> {
    register::run(name, data, &request.to_string(), &Context::default())
}

fn run(name: &str, rows: Rows, request: Value) -> Table {
    ask(name, &Dataset::Table(&table(rows)), request).unwrap()
}

fn cells(table: &Table, name: &str) -> Vec<String> {
    let column = table
        .column(name)
        .unwrap_or_else(|| panic!("no column {name}"));
    let cell = |row| match column.cell(row) {
        Cell::Text(text) => text.to_owned(),
        Cell::Label(label) => label.code.to_owned(),
        Cell::Int(v) => v.to_string(),
        other => format!("{other:?}"),
    };
    (0..table.len()).map(cell).collect()
}

/// The credit of each channel by one model.
fn credit(rows: Rows, model: &str, more: Value) -> Vec<f64> {
    let mut request = json!({"models": [model]});
    for (key, value) in more.as_object().unwrap() {
        request[key] = value.clone();
    }
    let found = run("attribution", rows, request);
    reals(&found, "conversions").into_iter().flatten().collect()
}

#[track_caller]
fn near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (a, b) in found.iter().zip(expected) {
        assert!(
            (a - b).abs() < 1e-9 * b.abs().max(1.0),
            "{found:?} for {expected:?}"
        );
    }
}

/// Paths, P(conversion), removal effects, credits.
type Known<'a> = (Rows<'a>, f64, &'a [f64], &'a [f64]);

/// Solved in fractions.
const KNOWN: &[Known] = &[
    (
        &[("G", 2, 1), ("M", 1, 0), ("G > M", 1, 0)],
        0.8,
        &[0.75, 0.5],
        &[2.4, 1.6],
    ),
    (
        &[("C1>C2>C3", 1, 0), ("C1", 0, 1), ("C2>C3", 0, 1)],
        1.0 / 3.0,
        &[0.5, 1.0, 1.0],
        &[0.2, 0.4, 0.4],
    ),
    (
        &[
            ("A", 1, 0),
            ("A>B", 1, 0),
            ("A>B>C", 1, 0),
            ("B", 1, 0),
            ("B>A", 1, 0),
            ("B>C>A", 1, 0),
            ("C", 1, 0),
            ("C>A", 1, 0),
            ("C>B>A", 1, 0),
        ],
        1.0,
        &[2.0 / 3.0, 8.0 / 15.0, 28.0 / 57.0],
        &[
            3.547_717_842_323_651,
            2.838_174_273_858_921,
            2.614_107_883_817_427,
        ],
    ),
    (
        &[
            ("a>b>a", 5, 10),
            ("b>c", 3, 7),
            ("a", 1, 20),
            ("c>b>a", 4, 6),
            ("c>c>b", 2, 8),
        ],
        0.227_272_727_27,
        &[0.744_927_536_2, 0.473_224_043_7, 0.409_282_700_4],
        &[6.865_968_831_0, 4.361_688_051_8, 3.772_343_117_2],
    ),
];

#[test]
fn the_chain_has_the_known_values() {
    for (rows, probability, effects, credits) in KNOWN {
        let channels = run("attribution_channels", rows, json!({}));
        let p = channels.notes()["conversion_probability"].as_f64().unwrap();
        assert!((p - probability).abs() < 1e-10, "{p}");
        let found: Vec<f64> = reals(&channels, "removal_effect")
            .into_iter()
            .flatten()
            .collect();
        near(&found, effects);
        near(&credit(rows, "markov", json!({})), credits);
    }
}

/// A second computation of P: the chain walked step by step, until next to nothing is on its way.
fn walked(steps: &Table, without: &str) -> f64 {
    let (source, target) = (cells(steps, "source"), cells(steps, "target"));
    let p: Vec<f64> = reals(steps, "probability").into_iter().flatten().collect();
    let mut at = BTreeMap::from([("(start)".to_owned(), 1.0)]);
    let mut bought = 0.0;
    while at.values().sum::<f64>() > 1e-17 {
        let mut next = BTreeMap::new();
        for row in 0..steps.len() {
            let here = at.get(&source[row]).copied().unwrap_or(0.0) * p[row];
            let gone = target[row].split(" > ").any(|channel| channel == without);
            match target[row].as_str() {
                "(conversion)" => bought += here,
                "(null)" => {}
                _ if gone => {}
                name => *next.entry(name.to_owned()).or_insert(0.0) += here,
            }
        }
        at = next;
    }
    bought
}

/// Random paths of five channels, some of them long.
fn random(seed: u64, rows: usize) -> Vec<(String, i64, i64)> {
    let mut rng = Rng::new(seed);
    let paths = (0..rows).map(|_| {
        let n = 1 + rng.below(6);
        let path: Vec<&str> = (0..n)
            .map(|_| ["a", "b", "c", "d", "e"][rng.below(5) as usize])
            .collect();
        (path.join(" > "), rng.below(9) as i64, rng.below(20) as i64)
    });
    paths.collect()
}

#[test]
fn the_chain_is_what_walking_it_gives_at_every_order() {
    let rows = random(4, 60);
    let rows: Vec<_> = rows.iter().map(|(p, c, n)| (p.as_str(), *c, *n)).collect();
    for order in 1..=4 {
        let steps = run("attribution_transitions", &rows, json!({"order": order}));
        let channels = run("attribution_channels", &rows, json!({"order": order}));
        let whole = walked(&steps, "");
        let p = channels.notes()["conversion_probability"].as_f64().unwrap();
        assert!((p - whole).abs() < 1e-12, "{p} {whole}");
        let effects: Vec<f64> = reals(&channels, "removal_effect")
            .into_iter()
            .flatten()
            .collect();
        for (channel, effect) in cells(&channels, "channel").iter().zip(&effects) {
            let without = 1.0 - walked(&steps, channel) / whole;
            assert!(
                (effect - without).abs() < 1e-11,
                "{order} {channel}: {effect} {without}"
            );
        }
        let total: f64 = rows.iter().map(|r| r.1 as f64).sum();
        let sum: f64 = effects.iter().sum();
        let expected: Vec<f64> = effects.iter().map(|e| total * e / sum).collect();
        near(&credit(&rows, "markov", json!({"order": order})), &expected);
    }
}

/// More states than are solved by elimination: the same by iteration.
#[test]
fn many_states_are_solved_as_few_are() {
    let mut rng = Rng::new(9);
    let rows: Vec<(String, i64, i64)> = (0..1_500)
        .map(|_| {
            let n = 1 + rng.below(5);
            let path: Vec<String> = (0..n).map(|_| format!("c{}", rng.below(12))).collect();
            (path.join(">"), rng.below(3) as i64, rng.below(4) as i64)
        })
        .collect();
    let rows: Vec<_> = rows.iter().map(|(p, c, n)| (p.as_str(), *c, *n)).collect();
    let steps = run("attribution_transitions", &rows, json!({"order": 3}));
    let sources: BTreeSet<String> = cells(&steps, "source").into_iter().collect();
    assert!(sources.len() > 1_100, "{}", sources.len());
    let channels = run("attribution_channels", &rows, json!({"order": 3}));
    let effects: Vec<f64> = reals(&channels, "removal_effect")
        .into_iter()
        .flatten()
        .collect();
    let whole = walked(&steps, "");
    for (at, channel) in cells(&channels, "channel").iter().enumerate().take(3) {
        let without = 1.0 - walked(&steps, channel) / whole;
        assert!((effects[at] - without).abs() < 1e-11, "{channel}");
    }
}

/// The Shapley value by its definition: over all coalitions.
#[test]
fn the_shapley_value_is_that_of_all_coalitions() {
    let rows: Rows = &[
        ("a", 10, 0),
        ("b", 6, 0),
        ("c", 2, 0),
        ("b>a", 8, 3),
        ("a>c>a", 3, 0),
        ("b>c", 1, 0),
        ("a>b>c", 5, 0),
    ];
    let expected = [
        17.166_666_666_666_668,
        12.166_666_666_666_666,
        5.666_666_666_666_667,
    ];
    near(&credit(rows, "shapley", json!({})), &expected);
    near(
        &credit(rows, "linear", json!({"distinct": true})),
        &expected,
    );
    let rows = random(8, 40);
    let rows: Vec<_> = rows.iter().map(|(p, c, n)| (p.as_str(), *c, *n)).collect();
    let bit = |channel: &str| 1_usize << (channel.trim().as_bytes()[0] - b'a');
    let worth = |set: usize| -> f64 {
        let within = |path: &str| path.split('>').all(|c| bit(c) & set != 0);
        rows.iter()
            .filter(|r| within(r.0))
            .map(|r| r.1 as f64)
            .sum()
    };
    let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
    let value = |channel: usize| -> f64 {
        let without = (0..32_usize).filter(|set| set >> channel & 1 == 0);
        let part = |set: usize| {
            let s = set.count_ones();
            factorial(s) * factorial(4 - s) / factorial(5)
                * (worth(set | 1 << channel) - worth(set))
        };
        without.map(part).sum()
    };
    let expected: Vec<f64> = (0..5).map(value).collect();
    near(&credit(&rows, "shapley", json!({})), &expected);
}

#[test]
fn the_other_rules_by_hand() {
    let rows: Rows = &[("a>b>c>b", 1, 0)];
    near(&credit(rows, "position", json!({})), &[0.4, 0.5, 0.1]);
    near(&credit(rows, "linear", json!({})), &[0.25, 0.5, 0.25]);
    near(&credit(rows, "first", json!({})), &[1.0, 0.0, 0.0]);
    near(&credit(rows, "last", json!({})), &[0.0, 1.0, 0.0]);
    near(
        &credit(&[("a > b", 3, 0), ("b", 1, 0)], "position", json!({})),
        &[1.5, 2.5],
    );
    let rows: Rows = &[("a>direct", 3, 0), ("direct>direct", 2, 0), ("b>a", 1, 1)];
    near(
        &credit(rows, "last_non_direct", json!({})),
        &[4.0, 0.0, 2.0],
    );
    let named = json!({"direct": ["a"]});
    near(&credit(rows, "last_non_direct", named), &[0.0, 1.0, 5.0]);
    // RE .75 and .5: of G > M, G has .6.
    let rows: Rows = &[("G", 2, 1), ("M", 1, 0), ("G > M", 1, 0)];
    near(
        &credit(rows, "markov", json!({"markov_share": "path"})),
        &[2.6, 1.4],
    );
}

/// Every model gives away what there is; the order of rows changes no bit; intervals are around the credit.
#[test]
fn credits_add_up_and_the_order_of_rows_changes_nothing() {
    let rows = random(2, 80);
    let models = [
        "last",
        "first",
        "last_non_direct",
        "linear",
        "position",
        "markov",
        "shapley",
    ];
    let request = json!({"models": models, "order": 2, "bootstrap": 200, "seed": 5});
    let money: Vec<f64> = (0..rows.len()).map(|i| 0.37 * i as f64).collect();
    let made = |order: &[usize]| {
        let paths: Vec<&str> = order.iter().map(|i| rows[*i].0.as_str()).collect();
        let pick =
            |of: &dyn Fn(usize) -> i64| ints(&order.iter().map(|i| of(*i)).collect::<Vec<_>>());
        let columns = [
            ("path", texts(&paths)),
            ("conversions", pick(&|i| rows[i].1)),
            ("nulls", pick(&|i| rows[i].2)),
            (
                "revenue",
                floats(
                    &order
                        .iter()
                        .map(|i| if rows[*i].1 > 0 { money[*i] } else { 0.0 })
                        .collect::<Vec<_>>(),
                ),
            ),
        ];
        let table = Table::from_batch(&batch(&columns), &Context::default()).unwrap();
        ask("attribution", &Dataset::Table(&table), request.clone()).unwrap()
    };
    let found = made(&(0..rows.len()).collect::<Vec<_>>());
    assert!(found == made(&shuffled(rows.len())));
    let total: f64 = rows.iter().map(|r| r.1 as f64).sum();
    let spent: f64 = rows
        .iter()
        .zip(&money)
        .filter(|(r, _)| r.1 > 0)
        .map(|(_, m)| m)
        .sum();
    let of = |name: &str| {
        reals(&found, name)
            .into_iter()
            .map(|v| v.unwrap())
            .collect::<Vec<f64>>()
    };
    let (credited, revenue, low, high) = (
        of("conversions"),
        of("revenue"),
        of("conversions_low"),
        of("conversions_high"),
    );
    let model = cells(&found, "model");
    for name in models {
        let sum = |values: &[f64]| -> f64 {
            let rows = values.iter().zip(&model).filter(|(_, m)| *m == name);
            rows.map(|(v, _)| v).sum()
        };
        assert!((sum(&credited) / total - 1.0).abs() < 1e-9, "{name}");
        assert!((sum(&revenue) / spent - 1.0).abs() < 1e-9, "{name}");
    }
    for row in 0..found.len() {
        assert!(
            low[row] < credited[row] && credited[row] < high[row],
            "{row}"
        );
        // Of a Poisson count by the last touch, the interval is 2 · 1.96 √count wide.
        if model[row] == "last" {
            let width = (high[row] - low[row]) / (2.0 * 1.96 * credited[row].sqrt());
            assert!((0.7..1.3).contains(&width), "{width}");
        }
    }
}

/// An event at nine and some minutes, so many days after January 1.
fn at(visitor: &str, day: u32, minute: u32, kind: &str, channel: &str) -> Event {
    let time = format!("2026-01-{:02}T09:{minute:02}:00", 1 + day);
    Event::new(visitor, &time, kind).channel(channel)
}

#[test]
fn paths_of_events_by_hand() {
    let order = |event: Event, id: &str, amount: i64| event.order(id).amount(amount);
    let events = Events::builder(Zone::UTC)
        .currency(Currency::JPY)
        .extend([
            // Touches of days 0, 5 and 10; the second purchase of the session has that session alone.
            at("v1", 0, 0, "view", "ads"),
            at("v1", 5, 0, "view", "mail"),
            at("v1", 10, 0, "view", "direct"),
            order(at("v1", 10, 0, "purchase", "direct"), "o1", 3_000),
            order(at("v1", 10, 0, "purchase", "direct"), "o1", 500),
            order(at("v1", 10, 10, "purchase", "direct"), "o2", 700),
            // Then a touch that is still running.
            at("v1", 20, 0, "view", "ads"),
            // Ended without a purchase, then one at last.
            at("v2", 0, 0, "view", "mail"),
            at("v2", 27, 0, "view", "ads"),
            order(at("v2", 27, 10, "purchase", "ads"), "o3", 1_000),
        ])
        .build()
        .unwrap();
    let data = Dataset::Events(&events);
    let request = json!({"lookback": "12d"});
    let found = ask("attribution_paths", &data, request).unwrap();
    let paths = ["ads", "ads > mail > direct", "direct", "mail"];
    assert_eq!(cells(&found, "path"), paths);
    assert_eq!(cells(&found, "conversions"), ["1", "1", "1", "0"]);
    assert_eq!(
        reals(&found, "revenue"),
        [1_000.0, 3_500.0, 700.0, 0.0].map(Some)
    );
    assert_eq!(found.notes()["open_paths"], json!(1));
    assert_eq!(reals(&found, "median_days")[1], Some(10.0));
    assert_eq!(reals(&found, "median_days")[3], None);
    let as_null = ask(
        "attribution_paths",
        &data,
        json!({"lookback": "12d", "open": "null"}),
    )
    .unwrap();
    assert_eq!(cells(&as_null, "paths"), ["2", "1", "1", "1"]);
    assert_eq!(as_null.notes()["open_paths"], json!(0));
    // With a lookback of a week the oldest touch is too old.
    let short = ask("attribution_paths", &data, json!({"lookback": "7d"})).unwrap();
    assert!(cells(&short, "path").contains(&"mail > direct".to_owned()));
    assert_eq!(short.notes()["touches_too_old"], json!(1));
    // Ages of 10, 5 and 0 days: weights 1/2^(10/7), 1/2^(5/7), 1; the second purchase is direct's.
    let decay = ask(
        "attribution",
        &data,
        json!({"models": ["time_decay"], "lookback": "12d"}),
    )
    .unwrap();
    let weights = [2.0_f64.powf(-10.0 / 7.0), 2.0_f64.powf(-5.0 / 7.0), 1.0];
    let sum: f64 = weights.iter().sum();
    let expected = [
        weights[0] / sum + 1.0,
        weights[2] / sum + 1.0,
        weights[1] / sum,
    ];
    assert_eq!(cells(&decay, "channel"), ["ads", "direct", "mail"]);
    near(
        &reals(&decay, "conversions")
            .into_iter()
            .flatten()
            .collect::<Vec<_>>(),
        &expected,
    );
    let revenue: f64 = reals(&decay, "revenue").into_iter().flatten().sum();
    assert!((revenue - 5_200.0).abs() < 1e-9);
}

/// The published weights of decay: ages 15, 8, 1 and 0 days, half-life 7.
#[test]
fn decay_has_the_published_weights() {
    let events = Events::builder(Zone::UTC)
        .extend([
            at("v", 0, 0, "view", "a"),
            at("v", 7, 0, "view", "b"),
            at("v", 14, 0, "view", "c"),
            at("v", 15, 0, "view", "d"),
            at("v", 15, 0, "purchase", "d"),
        ])
        .build()
        .unwrap();
    let data = Dataset::Events(&events);
    let decay = |step: bool| {
        let found = ask(
            "attribution",
            &data,
            json!({"models": ["time_decay"], "step": step}),
        )
        .unwrap();
        reals(&found, "conversions")
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
    };
    near(
        &decay(false),
        &[0.087_593_609, 0.175_187_217, 0.350_374_435, 0.386_844_739],
    );
    // Whole half-lives: 2, 1, 0, 0.
    near(
        &decay(true),
        &[0.25 / 2.75, 0.5 / 2.75, 1.0 / 2.75, 1.0 / 2.75],
    );
}

#[test]
fn what_is_no_path_is_refused() {
    let refused = |table: &Table, request: Value| {
        let error = ask("attribution", &Dataset::Table(table), request).unwrap_err();
        let place = error
            .option_name()
            .or(error.column())
            .unwrap_or("")
            .to_owned();
        (place, error.row())
    };
    assert_eq!(
        refused(&table(&[("a", 1, 0), ("a > > b", 1, 0)]), json!({})),
        ("path".into(), Some(1))
    );
    assert_eq!(
        refused(&table(&[("a", 1, 0), ("b", -1, 0)]), json!({})),
        ("conversions".into(), Some(1))
    );
    let most = 9_000_000_000_000_000;
    assert_eq!(
        refused(&table(&[("a", most, 0)]), json!({})),
        ("conversions".into(), Some(0))
    );
    assert!(
        ask(
            "attribution",
            &Dataset::Table(&table(&[("a", most - 1, 0)])),
            json!({})
        )
        .is_ok()
    );
    let event = at("v", 0, 0, "purchase", "a");
    let events = Events::builder(Zone::UTC).add(event).build().unwrap();
    let error = ask(
        "attribution",
        &Dataset::Events(&events),
        json!({"lookback": 0}),
    )
    .unwrap_err();
    assert_eq!(error.option_name(), Some("lookback"));
    let fine = table(&[("a", 1, 0)]);
    for (option, value) in [
        ("models", json!([])),
        ("models", json!(["last", "last"])),
        ("models", json!(["time_decay"])),
        ("order", json!(0)),
        ("order", json!(5)),
        ("bootstrap", json!(10_001)),
        ("half_life", json!(0)),
    ] {
        assert_eq!(refused(&fine, json!({option: value})).0, option);
    }
    let none = Table::from_batch(&batch(&[("path", texts(&["a"]))]), &Context::default()).unwrap();
    assert_eq!(refused(&none, json!({})).0, "conversions");
    // Nobody converted: no effects, no credit, no share.
    let found = run(
        "attribution",
        &[("a > b", 0, 5)],
        json!({"models": ["markov", "linear"]}),
    );
    assert_eq!(reals(&found, "conversions"), [Some(0.0); 4]);
    assert_eq!(reals(&found, "share"), [None; 4]);
    // A scope is of events.
    let error = ask("attribution", &Dataset::Table(&fine), json!({"by": ["x"]})).unwrap_err();
    assert!(error.to_string().contains("by"), "{error}");
}
