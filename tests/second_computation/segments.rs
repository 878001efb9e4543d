//! Tables of segments and of moves between them, by counting customers.

use crate::{run, shop};
use crm_tests::{numbers, reals, words};
use std::collections::BTreeMap;

/// The tables of segments by counting the rows that say whose segment is which.
#[test]
fn segments_by_counting() {
    let shop = shop(6);
    let date = r#"{"as_of": "2025-06-30"}"#;
    let each = run(&shop, "rfm", date);
    let of = words(&each, "segment");
    let revenue = numbers(&each, "revenue");
    let total: i64 = revenue.iter().flatten().sum();
    let table = run(&shop, "rfm_segments", date);
    let names = words(&table, "segment");
    assert_eq!(
        numbers(&table, "customers").iter().flatten().sum::<i64>(),
        each.len() as i64
    );
    for (row, name) in names.iter().enumerate() {
        let inside: Vec<usize> = (0..each.len()).filter(|i| of[*i] == *name).collect();
        let sum: i64 = inside.iter().filter_map(|i| revenue[*i]).sum();
        let share = |part: f64, all: f64| Some(part / all);
        assert_eq!(
            numbers(&table, "customers")[row],
            Some(inside.len() as i64),
            "{name:?}"
        );
        assert_eq!(numbers(&table, "revenue")[row], Some(sum), "{name:?}");
        let customers = reals(&table, "customer_share")[row];
        assert_eq!(customers, share(inside.len() as f64, each.len() as f64));
        assert_eq!(
            reals(&table, "revenue_share")[row],
            share(sum as f64, total as f64)
        );
    }

    let each = run(&shop, "cpm", date);
    let pairs: Vec<_> = words(&each, "segment")
        .into_iter()
        .zip(words(&each, "state"))
        .collect();
    let (revenue, tenure) = (numbers(&each, "revenue"), numbers(&each, "tenure_days"));
    let table = run(&shop, "cpm_segments", date);
    assert_eq!(
        numbers(&table, "customers").iter().flatten().sum::<i64>(),
        each.len() as i64
    );
    let names = words(&table, "segment")
        .into_iter()
        .zip(words(&table, "state"));
    for (row, pair) in names.enumerate() {
        let inside: Vec<usize> = (0..each.len()).filter(|i| pairs[*i] == pair).collect();
        let sum: i64 = inside.iter().filter_map(|i| revenue[*i]).sum();
        let days: i64 = inside.iter().filter_map(|i| tenure[*i]).sum();
        let n = inside.len();
        assert_eq!(
            numbers(&table, "customers")[row],
            Some(n as i64),
            "{pair:?}"
        );
        assert_eq!(numbers(&table, "revenue")[row], Some(sum), "{pair:?}");
        let customers = reals(&table, "customer_share")[row];
        assert_eq!(customers, Some(n as f64 / each.len() as f64), "{pair:?}");
        // Prospects and trials are neither active nor churned, and have no tenure.
        let mean = (n > 0 && pair.1.is_some()).then(|| days as f64 / n as f64);
        assert_eq!(reals(&table, "mean_tenure_days")[row], mean, "{pair:?}");
    }
}

/// Who moved, by looking each customer up on both days.
#[test]
fn moves_by_looking_up_both_days() {
    let shop = shop(7);
    let (since, as_of) = ("2025-01-31", "2025-06-30");
    for scheme in ["cpm", "rfm"] {
        let on = |date: &str| -> BTreeMap<String, (String, i64)> {
            let table = run(&shop, scheme, &format!(r#"{{"as_of": "{date}"}}"#));
            let (ids, segment) = (words(&table, "customer_id"), words(&table, "segment"));
            let revenue = numbers(&table, "revenue");
            let state = match scheme {
                "cpm" => words(&table, "state"),
                _ => vec![None; table.len()],
            };
            (0..table.len())
                .map(|row| {
                    let segment = segment[row].clone().expect("a segment");
                    let name = match &state[row] {
                        Some(state) => format!("{segment}_{state}"),
                        None => segment,
                    };
                    (
                        ids[row].clone().expect("an id"),
                        (name, revenue[row].expect("revenue")),
                    )
                })
                .collect()
        };
        let (before, after) = (on(since), on(as_of));
        let mut moves: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
        for (id, (target, now)) in &after {
            let none = ("none".to_owned(), 0);
            let (source, then) = before.get(id).unwrap_or(&none);
            let cell = moves.entry((source.clone(), target.clone())).or_default();
            *cell = (cell.0 + 1, cell.1 + now - then);
        }
        let request =
            format!(r#"{{"scheme": "{scheme}", "since": "{since}", "as_of": "{as_of}"}}"#);
        let table = run(&shop, "movement", &request);
        let text = |name: &str, row: usize| words(&table, name)[row].clone().expect("a word");
        let found: BTreeMap<(String, String), (i64, i64)> = (0..table.len())
            .map(|row| {
                let cell = |name: &str| numbers(&table, name)[row].expect("a number");
                (
                    (text("source", row), text("target", row)),
                    (cell("customers"), cell("revenue")),
                )
            })
            .collect();
        assert_eq!(found, moves, "{scheme}");
        const RUNGS: [&str; 7] = [
            "prospect",
            "trial",
            "first",
            "toddler",
            "steady",
            "trend",
            "excellent",
        ];
        let rung = |name: &str| RUNGS.iter().position(|rung| name.starts_with(rung));
        for row in 0..table.len() {
            let (source, target) = (text("source", row), text("target", row));
            let gone = |name: &str| name.ends_with("_churned");
            let expected = match (scheme, gone(&source), gone(&target)) {
                _ if source == "none" => "new",
                ("rfm", ..) if source == target => "stay",
                ("rfm", ..) => "move",
                (_, false, true) => "churn",
                (_, true, false) => "reactivation",
                (_, true, true) => "stay",
                _ if rung(&target) > rung(&source) => "step_up",
                _ if rung(&target) < rung(&source) => "step_down",
                _ => "stay",
            };
            assert_eq!(text("kind", row), expected, "{source} {target}");
        }
    }
}
