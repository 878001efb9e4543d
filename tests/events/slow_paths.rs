//! Paths of sessions of random small logs: transitions and the most frequent paths by walking each session.

use super::slow::{Hit, is_view, known, log_of, logs, moment, sessions};
use super::*;
use crm_tests::{reals, words};
use std::collections::BTreeMap;

/// The nodes of each session, its visitor, and whether it has a purchase; sessions without a node are left out.
fn walks(
    all: &[Hit],
    as_of: i64,
    of: &str,
    collapse: bool,
) -> Vec<(usize, Vec<&'static str>, bool)> {
    let mut walks = Vec::new();
    for (visitor, own) in known(all, as_of).iter().enumerate() {
        for session in sessions(own, 30, false, false) {
            let nodes = session.iter().filter_map(|hit| match of {
                "kind" => Some(hit.kind),
                "product" => hit.product.filter(|_| is_view(hit)),
                _ => hit.page.filter(|_| is_view(hit)),
            });
            let mut nodes: Vec<&str> = nodes.collect();
            if collapse {
                nodes.dedup();
            }
            if !nodes.is_empty() {
                walks.push((
                    visitor,
                    nodes,
                    session.iter().any(|hit| hit.kind == "purchase"),
                ));
            }
        }
    }
    walks
}

/// The step, and the places of the nodes before, at the source and at the target.
type Step = (
    usize,
    (u8, &'static str),
    (u8, &'static str),
    (u8, &'static str),
);

/// Where a node stands: the start first, the end last, others by name.
fn place(node: &'static str) -> (u8, &'static str) {
    match node {
        "(start)" => (0, ""),
        "(end)" => (2, ""),
        node => (1, node),
    }
}

#[test]
fn transitions_by_walking_each_session() {
    let mut empty = 0;
    for (seed, all, as_of) in logs(30) {
        let events = log_of(&all);
        for (of, order, steps, collapse) in [
            ("page", 1, None, false),
            ("product", 1, None, true),
            ("kind", 2, None, false),
            ("page", 2, None, true),
            ("page", 1, Some(1), false),
            ("kind", 1, Some(3), true),
        ] {
            let mut request = serde_json::json!({"as_of": moment(as_of), "of": of, "order": order, "collapse_repeats": collapse});
            if let Some(steps) = steps {
                request["steps"] = steps.into();
            }
            // Before (or the step), source, target.
            let mut counts: BTreeMap<Step, i64> = BTreeMap::new();
            for (_, nodes, _) in walks(&all, as_of, of, collapse) {
                let mut path = vec!["(start)"];
                path.extend(nodes);
                path.push("(end)");
                for (at, two) in path
                    .windows(2)
                    .enumerate()
                    .take(steps.unwrap_or(usize::MAX))
                {
                    let before = match (order, at) {
                        (1, _) => "",
                        (_, 0) => continue,
                        _ => path[at - 1],
                    };
                    let step = if steps.is_some() { at + 1 } else { 0 };
                    *counts
                        .entry((step, place(before), place(two[0]), place(two[1])))
                        .or_default() += 1;
                }
            }
            let table = run("transitions", &events, &request.to_string());
            let context = format!("{seed} {request}");
            assert_eq!(table.len(), counts.len(), "{context}");
            empty += i32::from(counts.is_empty());
            let name = |(kind, node): (u8, &str)| {
                [Some("(start)"), Some(node), Some("(end)")][usize::from(kind)].map(str::to_owned)
            };
            for (row, ((step, before, source, target), count)) in counts.iter().enumerate() {
                if steps.is_some() {
                    assert_eq!(
                        crm_tests::numbers(&table, "step")[row],
                        Some(*step as i64),
                        "{context}"
                    );
                }
                if order == 2 {
                    assert_eq!(words(&table, "before")[row], name(*before), "{context}");
                }
                assert_eq!(words(&table, "source")[row], name(*source), "{context}");
                assert_eq!(words(&table, "target")[row], name(*target), "{context}");
                assert_eq!(
                    crm_tests::numbers(&table, "count")[row],
                    Some(*count),
                    "{context}"
                );
                let same = counts
                    .iter()
                    .filter(|((a, b, c, _), _)| (a, b, c) == (step, before, source));
                let total: i64 = same.map(|(_, n)| n).sum();
                assert_eq!(
                    reals(&table, "probability")[row],
                    Some(*count as f64 / total as f64),
                    "{context}"
                );
            }
        }
    }
    assert!(empty < 20);
}

#[test]
fn frequent_paths_by_walking_each_session() {
    for (seed, all, as_of) in logs(30) {
        let events = log_of(&all);
        for (of, length, limit, collapse) in [
            ("page", 1, 20, true),
            ("page", 2, 3, false),
            ("kind", 3, 20, true),
            ("product", 10, 20, false),
        ] {
            let request = format!(
                r#"{{"as_of": "{}", "of": "{of}", "length": {length}, "limit": {limit}, "collapse_repeats": {collapse}}}"#,
                moment(as_of)
            );
            let walks = walks(&all, as_of, of, collapse);
            let mut paths: BTreeMap<Vec<(u8, &str)>, [i64; 2]> = BTreeMap::new();
            for (_, nodes, bought) in &walks {
                let mut path: Vec<_> = nodes.iter().take(length).map(|node| place(node)).collect();
                if nodes.len() <= length {
                    path.push(place("(end)"));
                }
                let counts = paths.entry(path).or_default();
                (counts[0], counts[1]) = (counts[0] + 1, counts[1] + i64::from(*bought));
            }
            let mut ranked: Vec<_> = paths.into_iter().collect();
            // Of equally frequent ones the first in the order of nodes.
            ranked.sort_by_key(|(_, counts)| -counts[0]);
            ranked.truncate(limit);
            let table = run("top_paths", &events, &request);
            assert_eq!(table.len(), ranked.len(), "{seed} {request}");
            for (row, (path, [sessions, bought])) in ranked.iter().enumerate() {
                let names: Vec<&str> = path
                    .iter()
                    .map(|(kind, node)| if *kind == 2 { "(end)" } else { node })
                    .collect();
                assert_eq!(
                    words(&table, "path")[row],
                    Some(names.join(" > ")),
                    "{seed} {request}"
                );
                let cell = |name: &str| crm_tests::numbers(&table, name)[row];
                assert_eq!(
                    [cell("rank"), cell("sessions"), cell("conversions")],
                    [Some(row as i64 + 1), Some(*sessions), Some(*bought)]
                );
                assert_eq!(
                    reals(&table, "share")[row],
                    Some(*sessions as f64 / walks.len() as f64)
                );
                assert_eq!(
                    reals(&table, "conversion_rate")[row],
                    Some(*bought as f64 / *sessions as f64)
                );
            }
        }
    }
}
