//! Random small logs, read a second time the slow way: sessions, pages, visits and scores by looking at every
//! event. Times are multiples of five minutes, so that a pause of exactly the timeout is frequent.

use super::*;
use crm_core::data::Event;
use crm_core::num::rng::Rng;
use crm_core::{Currency, Zone};
use crm_tests::{reals, words};
use std::collections::BTreeMap;

/// One event; `at` is in minutes after the log's first day began.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) visitor: usize,
    pub(crate) at: i64,
    pub(crate) kind: &'static str,
    pub(crate) page: Option<&'static str>,
    pub(crate) product: Option<&'static str>,
    channel: Option<&'static str>,
    campaign: Option<&'static str>,
    pub(crate) order: Option<&'static str>,
    pub(crate) units: i64,
    pub(crate) amount: i64,
}

pub(crate) const PRODUCTS: [&str; 3] = ["cup", "pot", "tea"];
const PAUSES: [i64; 10] = [5, 10, 25, 30, 35, 60, 65, 240, 1_440, 1_445];
const KINDS: [&str; 14] = [
    "view",
    "view",
    "view",
    "product_view",
    "product_view",
    "product_view",
    "add",
    "add",
    "add",
    "remove",
    "checkout",
    "payment_failed",
    "purchase",
    "purchase",
];

/// The customer of a visitor: the first two are one person, the last is unknown.
pub(crate) fn customer(visitor: usize) -> Option<&'static str> {
    [Some("ann"), Some("ann"), Some("ben"), None][visitor]
}

pub(crate) fn visitor_name(visitor: usize) -> String {
    format!("v{visitor}")
}

/// Four visitors; each event of one has an instant of its own.
pub(crate) fn hits(seed: u64) -> Vec<Hit> {
    let mut all = Vec::new();
    for visitor in 0..4 {
        let mut rng = Rng::stream(seed, visitor as u64);
        let mut at = visitor as i64 * 35;
        for _ in 0..4 + (seed as usize + 5 * visitor) % 18 {
            let mut pick = |n: usize| (rng.uniform() * n as f64) as usize;
            let maybe = |values: &[&'static str], at: usize| values.get(at).copied();
            at += PAUSES[pick(PAUSES.len())] + 1_440 * i64::from(pick(12) == 0);
            let kind = KINDS[pick(KINDS.len())];
            all.push(Hit {
                visitor,
                at,
                kind,
                page: maybe(&["/", "/a", "/b", "/c"], pick(5)),
                product: maybe(&PRODUCTS, pick(4)),
                channel: maybe(&["mail", "web"], pick(4)),
                campaign: maybe(&["may", "june"], pick(5)),
                order: maybe(&["o1", "o2"], pick(4)).filter(|_| kind == "purchase"),
                units: pick(4) as i64,
                amount: 10 * pick(30) as i64,
            });
        }
    }
    all
}

fn time(at: i64) -> String {
    format!(
        "2026-03-{:02}T{:02}:{:02}:00",
        1 + at / 1_440,
        at / 60 % 24,
        at % 60
    )
}

pub(crate) fn moment(at: i64) -> String {
    format!("{}Z", time(at))
}

/// The log of these events, in an order that is not theirs.
pub(crate) fn log_of(hits: &[Hit]) -> Events {
    let event = |at: usize| {
        let hit = &hits[at];
        let mut event =
            Event::new(&visitor_name(hit.visitor), &time(hit.at), hit.kind).quantity(hit.units);
        if hit.kind == "add" {
            event = event.amount(hit.amount);
        }
        let with = |event: Event, value: Option<&str>, set: fn(Event, &str) -> Event| match value {
            Some(value) => set(event, value),
            None => event,
        };
        event = with(event, customer(hit.visitor), |event, id| event.customer(id));
        event = with(event, hit.page, |event, id| event.page(id));
        event = with(event, hit.product, |event, id| event.product(id));
        event = with(event, hit.channel, |event, id| event.channel(id));
        event = with(event, hit.campaign, |event, id| event.campaign(id));
        with(event, hit.order, |event, id| event.order(id))
    };
    let order = crm_tests::shuffled(hits.len());
    Events::builder(Zone::UTC)
        .currency(Currency::JPY)
        .extend(order.into_iter().map(event))
        .build()
        .unwrap()
}

/// The logs that have a kind of each word, each with a moment at which all or some of it is known.
pub(crate) fn logs(count: u64) -> impl Iterator<Item = (u64, Vec<Hit>, i64)> {
    (0..count).filter_map(|seed| {
        let all = hits(seed);
        let has = |kind: &str| all.iter().any(|hit| hit.kind == kind);
        if ![
            "view",
            "product_view",
            "add",
            "remove",
            "checkout",
            "purchase",
        ]
        .into_iter()
        .all(has)
        {
            return None;
        }
        let mut rng = Rng::stream(seed, 99);
        // Half of the moments are counted from a purchase.
        let from: Vec<&Hit> = all
            .iter()
            .filter(|hit| seed % 2 == 0 || hit.kind == "purchase")
            .collect();
        let some = from[(rng.uniform() * from.len() as f64) as usize].at;
        let after = [0, 30, 60, 65, 120, 1_440, 4_320, 4_380, 10_080, 20_000]
            [(rng.uniform() * 10.0) as usize];
        let as_of = (some + after).min(30 * 1_440);
        Some((seed, all, as_of))
    })
}

/// What is known of each visitor at a moment, in the order of time.
pub(crate) fn known(all: &[Hit], as_of: i64) -> Vec<Vec<&Hit>> {
    (0..4)
        .map(|visitor| {
            all.iter()
                .filter(|hit| hit.visitor == visitor && hit.at <= as_of)
                .collect()
        })
        .collect()
}

pub(crate) fn is_view(hit: &Hit) -> bool {
    ["view", "product_view"].contains(&hit.kind)
}

/// Sessions of one visitor's events.
pub(crate) fn sessions<'a>(
    own: &[&'a Hit],
    timeout: i64,
    midnight: bool,
    campaigns: bool,
) -> Vec<Vec<&'a Hit>> {
    let mut all: Vec<Vec<&Hit>> = Vec::new();
    for hit in own {
        let goes_on = all.last().is_some_and(|session| {
            let before = session[session.len() - 1];
            let current = session.iter().rev().find_map(|hit| hit.campaign);
            hit.at - before.at <= timeout
                && (!midnight || hit.at / 1_440 == before.at / 1_440)
                && (!campaigns || hit.campaign.is_none() || hit.campaign == current)
        });
        match all.last_mut() {
            Some(session) if goes_on => session.push(hit),
            _ => all.push(vec![hit]),
        }
    }
    all
}

fn text(value: Option<&str>) -> Option<String> {
    value.map(str::to_owned)
}

fn minutes(table: &Table, name: &str) -> Vec<Option<i64>> {
    let start: crm_core::Day = "2026-03-01".parse().unwrap();
    let cells = crm_tests::numbers(table, name);
    cells
        .into_iter()
        .map(|cell| cell.map(|at| at / 60_000_000 - i64::from(start.0) * 1_440))
        .collect()
}

#[test]
fn sessions_by_looking_at_every_pause() {
    for (seed, all, as_of) in logs(36) {
        let events = log_of(&all);
        for (timeout, midnight, campaigns) in [
            (30, false, false),
            (60, true, false),
            (25, false, true),
            (240, true, true),
        ] {
            let request = format!(
                r#"{{"as_of": "{}", "timeout": "{timeout}min", "split_at_midnight": {midnight}, "split_on_campaign": {campaigns}}}"#,
                moment(as_of)
            );
            let table = run("sessions", &events, &request);
            let (visitors, customers) = (words(&table, "visitor_id"), words(&table, "customer_id"));
            let [entry, exit, channel, campaign] =
                ["entry_page", "exit_page", "channel", "campaign"].map(|name| words(&table, name));
            let [start, end] = ["started_at", "ended_at"].map(|name| minutes(&table, name));
            let [number, views, count] =
                ["session", "views", "events"].map(|name| crm_tests::numbers(&table, name));
            let seconds = reals(&table, "duration_seconds");
            let converted = table.column("converted").unwrap();
            let mut row = 0;
            for (visitor, own) in known(&all, as_of).iter().enumerate() {
                for (at, session) in sessions(own, timeout, midnight, campaigns)
                    .iter()
                    .enumerate()
                {
                    let (first, last) = (session[0], session[session.len() - 1]);
                    let pages: Vec<&str> = session
                        .iter()
                        .filter(|hit| is_view(hit))
                        .filter_map(|hit| hit.page)
                        .collect();
                    assert_eq!(
                        visitors[row],
                        Some(visitor_name(visitor)),
                        "{seed} {request}"
                    );
                    assert_eq!(customers[row], text(customer(visitor)));
                    assert_eq!(number[row], Some(at as i64 + 1), "{seed} {request}");
                    assert_eq!(
                        (start[row], end[row]),
                        (Some(first.at), Some(last.at)),
                        "{seed} {request}"
                    );
                    assert_eq!(
                        views[row],
                        Some(session.iter().filter(|hit| is_view(hit)).count() as i64)
                    );
                    assert_eq!(count[row], Some(session.len() as i64));
                    assert_eq!(entry[row], text(pages.first().copied()));
                    assert_eq!(exit[row], text(pages.last().copied()));
                    assert_eq!(
                        channel[row],
                        text(session.iter().find_map(|hit| hit.channel))
                    );
                    assert_eq!(
                        campaign[row],
                        text(session.iter().find_map(|hit| hit.campaign))
                    );
                    let bought = session.iter().any(|hit| hit.kind == "purchase");
                    assert!(converted.cell(row) == Cell::Bool(bought));
                    assert_eq!(seconds[row], Some(60.0 * (last.at - first.at) as f64));
                    row += 1;
                }
            }
            assert_eq!(table.len(), row, "{seed} {request}");
        }
    }
}

#[test]
fn pages_by_looking_at_every_session() {
    for (seed, all, as_of) in logs(36) {
        let events = log_of(&all);
        let table = run(
            "page_exits",
            &events,
            &format!(r#"{{"as_of": "{}"}}"#, moment(as_of)),
        );
        // Views, sessions, entries, exits, bounces, timed views; minutes.
        let mut pages: BTreeMap<&str, ([i64; 6], i64)> = BTreeMap::new();
        for own in known(&all, as_of) {
            for session in sessions(&own, 30, false, false) {
                let views: Vec<&Hit> = session
                    .into_iter()
                    .filter(|hit| is_view(hit) && hit.page.is_some())
                    .collect();
                let mut seen = Vec::new();
                for (at, hit) in views.iter().enumerate() {
                    let page = hit.page.unwrap();
                    let (counts, spent) = pages.entry(page).or_default();
                    counts[0] += 1;
                    counts[1] += i64::from(!seen.contains(&page));
                    counts[2] += i64::from(at == 0);
                    counts[3] += i64::from(at + 1 == views.len());
                    counts[4] += i64::from(views.len() == 1);
                    if let Some(next) = views.get(at + 1) {
                        counts[5] += 1;
                        *spent += next.at - hit.at;
                    }
                    seen.push(page);
                }
            }
        }
        assert_eq!(
            words(&table, "page"),
            pages
                .keys()
                .map(|page| text(Some(page)))
                .collect::<Vec<_>>(),
            "{seed}"
        );
        for (row, (counts, spent)) in pages.values().enumerate() {
            let names = [
                "views",
                "sessions",
                "entries",
                "exits",
                "bounces",
                "timed_views",
            ];
            let found = names.map(|name| crm_tests::numbers(&table, name)[row].unwrap());
            assert_eq!(found, *counts, "{seed} {row}");
            let share = |of: i64, part: i64| (of > 0).then(|| part as f64 / of as f64);
            assert_eq!(reals(&table, "exit_rate")[row], share(counts[0], counts[3]));
            assert_eq!(
                reals(&table, "exit_rate_sessions")[row],
                share(counts[1], counts[3])
            );
            assert_eq!(
                reals(&table, "bounce_rate")[row],
                share(counts[2], counts[4])
            );
            assert_eq!(
                reals(&table, "mean_seconds")[row],
                share(counts[5], 60 * spent)
            );
        }
    }
}

#[test]
fn visits_after_the_last_purchase_by_looking_at_every_session() {
    for (seed, all, as_of) in logs(36) {
        let events = log_of(&all);
        for per in ["visitor", "customer"] {
            let request = format!(r#"{{"as_of": "{}", "per": "{per}"}}"#, moment(as_of));
            let table = run("visits_after_purchase", &events, &request);
            let mut groups: BTreeMap<String, Vec<&Hit>> = BTreeMap::new();
            for hit in all.iter().filter(|hit| hit.at <= as_of) {
                let name = match per {
                    "visitor" => Some(visitor_name(hit.visitor)),
                    _ => text(customer(hit.visitor)),
                };
                if let Some(name) = name {
                    groups.entry(name).or_default().push(hit);
                }
            }
            let mut expected = Vec::new();
            for (name, mut own) in groups {
                own.sort_by_key(|hit| hit.at);
                let cut = sessions(&own, 30, false, false);
                let is_bought =
                    |session: &Vec<&Hit>| session.iter().any(|hit| hit.kind == "purchase");
                let Some(at) = cut.iter().rposition(is_bought) else {
                    continue;
                };
                let bought = cut[at]
                    .iter()
                    .rfind(|hit| hit.kind == "purchase")
                    .unwrap()
                    .at;
                let later = &cut[at + 1..];
                let last = later.last().map(|session| session[session.len() - 1].at);
                let since = last.map(|last| as_of / 1_440 - last / 1_440);
                expected.push((name, Some(bought), Some(later.len() as i64), last, since));
            }
            let ids = words(
                &table,
                if per == "visitor" {
                    "visitor_id"
                } else {
                    "customer_id"
                },
            );
            let [bought, last] =
                ["last_purchase_at", "last_visit_at"].map(|name| minutes(&table, name));
            let [visits, since] =
                ["visits", "days_since_visit"].map(|name| crm_tests::numbers(&table, name));
            let found: Vec<_> = (0..table.len())
                .map(|row| {
                    (
                        ids[row].clone().unwrap(),
                        bought[row],
                        visits[row],
                        last[row],
                        since[row],
                    )
                })
                .collect();
            assert_eq!(found, expected, "{seed} {request}");
        }
    }
}

/// Weights of the kinds halve in a day; shares of buyers are the greatest of the least means (Barlow et al. 1972).
#[test]
fn intent_by_sums_and_the_formula_of_isotonic_regression() {
    let weight = |kind: &str| match kind {
        "view" => 1.0,
        "product_view" => 2.0,
        "add" => 6.0,
        "remove" => -4.0,
        "checkout" | "payment_failed" => 10.0,
        _ => 0.0,
    };
    let mut calibrated = 0;
    for (seed, all, as_of) in logs(60) {
        let events = log_of(&all);
        let request = format!(
            r#"{{"as_of": "{}", "half_life": "1d", "horizon": "2d", "min_purchases": 1}}"#,
            moment(as_of)
        );
        let table = run("purchase_intent", &events, &request);
        let score = |own: &[&Hit], at: i64| {
            let seen: Vec<&&Hit> = own.iter().filter(|hit| hit.at <= at).collect();
            let sum: f64 = seen
                .iter()
                .map(|hit| weight(hit.kind) * 0.5_f64.powf((at - hit.at) as f64 / 1_440.0))
                .sum();
            (!seen.is_empty()).then_some(sum.max(0.0))
        };
        let visitors: Vec<(usize, Vec<&Hit>)> = known(&all, as_of)
            .into_iter()
            .enumerate()
            .filter(|(_, own)| !own.is_empty())
            .collect();
        let cut = as_of - 2 * 1_440;
        let mut history: Vec<(f64, bool)> = visitors
            .iter()
            .filter_map(|(_, own)| {
                Some((
                    score(own, cut)?,
                    own.iter().any(|hit| hit.kind == "purchase" && hit.at > cut),
                ))
            })
            .collect();
        history.sort_by(|a, b| a.0.total_cmp(&b.0));
        let buyers = history.iter().filter(|one| one.1).count();
        assert_eq!(table.notes()["calibration_buyers"], buyers, "{seed}");
        assert_eq!(
            table.notes()["calibration_visitors"],
            history.len(),
            "{seed}"
        );
        let enough = buyers >= 1 && history.len() - buyers >= 1;
        assert_eq!(table.notes()["calibrated"], enough, "{seed}");
        calibrated += u32::from(enough);
        let fitted = |score: f64| {
            // Of the greatest known score that is not above this one, or of the least of all.
            let from = history
                .iter()
                .rfind(|one| one.0 <= score + 1e-12)
                .unwrap_or(&history[0])
                .0;
            let distinct: Vec<f64> = history.iter().map(|one| one.0).collect();
            let mean = |a: f64, b: f64| {
                let them: Vec<bool> = history
                    .iter()
                    .filter(|one| one.0 >= a && one.0 <= b)
                    .map(|one| one.1)
                    .collect();
                them.iter().filter(|bought| **bought).count() as f64 / them.len() as f64
            };
            distinct
                .iter()
                .filter(|a| **a <= from)
                .map(|a| {
                    distinct
                        .iter()
                        .filter(|b| **b >= from)
                        .map(|b| mean(*a, *b))
                        .fold(f64::INFINITY, f64::min)
                })
                .fold(0.0, f64::max)
        };
        assert_eq!(table.len(), visitors.len());
        for (row, (visitor, own)) in visitors.iter().enumerate() {
            assert_eq!(
                words(&table, "visitor_id")[row],
                Some(visitor_name(*visitor))
            );
            assert_eq!(words(&table, "customer_id")[row], text(customer(*visitor)));
            assert_eq!(
                minutes(&table, "last_event_at")[row],
                own.last().map(|hit| hit.at)
            );
            let expected = score(own, as_of).unwrap();
            assert!(
                (reals(&table, "score")[row].unwrap() - expected).abs() < 1e-12 * (1.0 + expected)
            );
            let found = reals(&table, "purchase_probability")[row];
            match enough {
                true => assert!(
                    (found.unwrap() - fitted(expected)).abs() < 1e-12,
                    "{seed} {visitor}: {found:?} {}",
                    fitted(expected)
                ),
                false => assert_eq!(found, None),
            }
        }
    }
    assert!(calibrated > 10, "{calibrated}");
}

/// Probabilities of pages by taking many steps, with and without each page.
#[test]
fn influence_of_pages_by_many_steps() {
    for (seed, all, as_of) in logs(16) {
        let events = log_of(&all);
        for most in [1, 2, 200] {
            let request = format!(r#"{{"as_of": "{}", "max_pages": {most}}}"#, moment(as_of));
            let table = run("page_influence", &events, &request);
            let mut paths: Vec<(Vec<&str>, bool)> = Vec::new();
            for own in known(&all, as_of) {
                for session in sessions(&own, 30, false, false) {
                    let end = session.iter().position(|hit| hit.kind == "purchase");
                    let until = &session[..end.unwrap_or(session.len())];
                    let pages: Vec<&str> = until
                        .iter()
                        .filter(|hit| is_view(hit))
                        .filter_map(|hit| hit.page)
                        .collect();
                    if !pages.is_empty() || end.is_some() {
                        paths.push((pages, end.is_some()));
                    }
                }
            }
            let mut views: BTreeMap<&str, i64> = BTreeMap::new();
            paths
                .iter()
                .flat_map(|path| &path.0)
                .for_each(|page| *views.entry(page).or_default() += 1);
            let mut ranked: Vec<(&str, i64)> = views.into_iter().collect();
            ranked.sort_by_key(|(page, count)| (-count, *page));
            let mut kept: Vec<&str> = ranked.iter().take(most).map(|one| one.0).collect();
            kept.sort_unstable();
            let mut names = vec!["(start)"];
            names.extend(&kept);
            if ranked.len() > kept.len() {
                names.push("(other)");
            }
            let state = |page: &str| {
                names
                    .iter()
                    .position(|name| *name == page)
                    .unwrap_or(names.len() - 1)
            };
            let mut steps = vec![vec![0.0; names.len() + 2]; names.len()];
            let (bought, ended) = (names.len(), names.len() + 1);
            for (pages, buys) in &paths {
                let mut at = 0;
                for page in pages {
                    steps[at][state(page)] += 1.0;
                    at = state(page);
                }
                steps[at][if *buys { bought } else { ended }] += 1.0;
            }
            assert_eq!(
                words(&table, "page"),
                names
                    .iter()
                    .map(|name| text(Some(name)))
                    .collect::<Vec<_>>(),
                "{seed} {request}"
            );
            // The probability of reaching `goal` from each state, without passing `without`.
            let reach = |goal: usize, without: Option<usize>| {
                let mut h = vec![0.0; names.len() + 2];
                h[goal] = 1.0;
                for _ in 0..600 {
                    for (at, row) in steps.iter().enumerate().rev().filter(|(at, _)| *at != goal) {
                        let total: f64 = row.iter().sum();
                        let sum: f64 = row.iter().zip(&h).map(|(n, h)| n * h).sum();
                        h[at] = if Some(at) == without || total == 0.0 {
                            0.0
                        } else {
                            sum / total
                        };
                    }
                }
                h
            };
            let whole = reach(bought, None);
            for (at, row) in steps.iter().enumerate() {
                let arrivals: f64 = steps.iter().map(|row| row[at]).sum();
                let count = if at == 0 { row.iter().sum() } else { arrivals };
                assert_eq!(
                    crm_tests::numbers(&table, "views")[at],
                    Some(count as i64),
                    "{seed} {at}"
                );
                let near = |name: &str, expected: f64| {
                    let found = reals(&table, name)[at].unwrap();
                    assert!(
                        (found - expected).abs() < 1e-8,
                        "{seed} {request} {name} {at}: {found} {expected}"
                    );
                };
                near("purchase_probability", whole[at]);
                near(
                    "visit_probability",
                    if at == 0 { 1.0 } else { reach(at, None)[0] },
                );
                match at > 0 && whole[0] > 0.0 {
                    true => near(
                        "removal_effect",
                        1.0 - reach(bought, Some(at))[0] / whole[0],
                    ),
                    false => assert_eq!(reals(&table, "removal_effect")[at], None),
                }
            }
        }
    }
}
