//! Paths to a purchase, read a second time: each touch by itself, from a log of quarters of an hour.

use super::{Dataset, Events, Table, register};
use crm_core::data::Event;
use crm_core::num::rng::Rng;
use crm_core::table::Cell;
use crm_core::{Context, Currency, Zone};
use crm_tests::reals;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn ask(name: &str, data: &Dataset, request: Value) -> crm_core::Result<Table> {
    register::run(name, data, &request.to_string(), &Context::default())
}

/// The cells of a column of texts or whole numbers.
fn cells(table: &Table, name: &str) -> Vec<String> {
    let column = table.column(name).expect(name);
    let cell = |row| match column.cell(row) {
        Cell::Text(text) => text.to_owned(),
        Cell::Int(v) => v.to_string(),
        other => panic!("{name}: {other:?}"),
    };
    (0..table.len()).map(cell).collect()
}

/// An event of the second reading: quarter of an hour, visitor, whether it is a purchase, channel, order, amount.
type Quarter = (
    i64,
    u64,
    bool,
    Option<&'static str>,
    Option<u64>,
    Option<i64>,
);

/// A path of the second reading: its channels, whether it converted, revenue, days from its first touch to the conversion.
type Way = (String, bool, f64, f64);

/// The paths of one person, each touch by itself: with the first conversion at or after it, unless a silence comes between.
/// Also how many are open and how many touches are too old.
fn ways(events: &[Quarter], lookback: i64, as_of: i64, open_is_null: bool) -> (Vec<Way>, u64, u64) {
    let mut touches: Vec<(i64, &str)> = Vec::new();
    // Instant, session, order, revenue.
    let mut conversions: Vec<(i64, usize, Option<u64>, f64)> = Vec::new();
    for (at, event) in events.iter().enumerate() {
        // Two quarters are the timeout, to the second.
        if at == 0 || event.0 - events[at - 1].0 > 2 {
            let session = events[at..]
                .windows(2)
                .take_while(|two| two[1].0 - two[0].0 <= 2);
            let session = &events[at..=at + session.count()];
            let known = session.iter().find_map(|event| event.3);
            touches.push((event.0, known.unwrap_or("(none)")));
        }
        if event.2 {
            let revenue = event.5.unwrap_or(0) as f64;
            let same =
                |c: &&mut (i64, usize, Option<u64>, f64)| event.4.is_some() && c.2 == event.4;
            match conversions.iter_mut().find(same) {
                Some(known) => known.3 += revenue,
                None => conversions.push((event.0, touches.len() - 1, event.4, revenue)),
            }
        }
    }
    let silent = |k: usize| {
        let next = touches.get(k + 1).map_or(as_of, |touch| touch.0);
        next - touches[k].0 > lookback
    };
    // The end of each touch: a conversion by its number, or the touch before a silence, or the last one of all.
    let end = |i: usize| {
        let bought = conversions.iter().position(|c| c.1 >= i);
        let until = bought.map_or(touches.len(), |c| conversions[c].1);
        let last = (i..until).find(|k| silent(*k));
        match (bought, last) {
            (_, Some(k)) => (None, Some(k)),
            (Some(c), None) => (Some(c), None),
            (None, None) => (None, None),
        }
    };
    let ends: Vec<_> = (0..touches.len()).map(end).collect();
    let (mut ways, mut open, mut too_old) = (Vec::new(), 0, 0);
    let mut way = |of: Vec<usize>, time: i64, revenue: Option<f64>| {
        let last = *of.last().unwrap();
        let kept: Vec<usize> = of
            .iter()
            .copied()
            .filter(|i| time - touches[*i].0 <= lookback || *i == last)
            .collect();
        too_old += (of.len() - kept.len()) as u64;
        let names: Vec<&str> = kept.iter().map(|i| touches[*i].1).collect();
        let days = (time - touches[kept[0]].0) as f64 / 96.0;
        ways.push((
            names.join(" > "),
            revenue.is_some(),
            revenue.unwrap_or(0.0),
            days,
        ));
    };
    let of = |wanted: (Option<usize>, Option<usize>)| -> Vec<usize> {
        (0..ends.len()).filter(|i| ends[*i] == wanted).collect()
    };
    for (c, (time, session, _, revenue)) in conversions.iter().enumerate() {
        let own = of((Some(c), None));
        way(
            if own.is_empty() { vec![*session] } else { own },
            *time,
            Some(*revenue),
        );
    }
    for (k, touch) in touches.iter().enumerate() {
        let own = of((None, Some(k)));
        if !own.is_empty() {
            way(own, touch.0, None);
        }
    }
    let running = of((None, None));
    if let Some(last) = running.last().copied() {
        match open_is_null {
            true => way(running, touches[last].0, None),
            false => open = 1,
        }
    }
    (ways, open, too_old)
}

fn instant(quarter: i64) -> String {
    format!("2026-01-01T{:02}:{:02}:00", quarter / 4, quarter % 4 * 15)
}

/// The log with its names of touches in a column; two of the visitors are one customer.
fn events_of(log: &[Quarter], column: &str) -> Events {
    let events = log
        .iter()
        .map(|(at, visitor, bought, channel, order, amount)| {
            let kind = if *bought { "purchase" } else { "view" };
            let mut event = Event::new(&format!("v{visitor}"), &instant(*at), kind);
            event = event.customer(&format!("c{}", visitor / 2));
            if let Some(name) = channel {
                event = match column {
                    "channel" => event.channel(name),
                    "campaign" => event.campaign(name),
                    _ => event.referrer(name),
                };
            }
            if let Some(order) = order {
                event = event.order(&order.to_string());
            }
            match amount {
                Some(amount) => event.amount(*amount),
                None => event,
            }
        });
    Events::builder(Zone::UTC)
        .currency(Currency::JPY)
        .extend(events)
        .build()
        .unwrap()
}

/// How often each path ended and how, what it brought and how long it took.
fn check_paths(
    events: &Events,
    request: &Value,
    expected: &[Way],
    (open, too_old): (u64, u64),
    seed: u64,
) {
    let data = Dataset::Events(events);
    let mut listed = request.clone();
    listed["limit"] = json!(1_000);
    let found = ask("attribution_paths", &data, listed).unwrap();
    assert_eq!(found.notes()["open_paths"], json!(open), "{seed} {request}");
    assert_eq!(
        found.notes()["touches_too_old"],
        json!(too_old),
        "{seed} {request}"
    );
    let names: BTreeSet<&String> = expected.iter().map(|way| &way.0).collect();
    let mut rows: Vec<(usize, String)> = Vec::new();
    for name in names {
        let same: Vec<&Way> = expected.iter().filter(|way| way.0 == *name).collect();
        let mut days: Vec<f64> = same.iter().filter(|way| way.1).map(|way| way.3).collect();
        days.sort_by(f64::total_cmp);
        let middle = days
            .len()
            .checked_sub(1)
            .map(|n| (days[n / 2] + days[n.div_ceil(2)]) / 2.0);
        let revenue: f64 = same.iter().map(|way| way.2).sum();
        rows.push((
            same.len(),
            format!("{name} {} {} {revenue} {middle:?}", same.len(), days.len()),
        ));
    }
    let (path, paths, converted) = (
        cells(&found, "path"),
        cells(&found, "paths"),
        cells(&found, "conversions"),
    );
    let money = reals(&found, "revenue");
    let days = match expected.is_empty() {
        true => Vec::new(),
        false => reals(&found, "median_days"),
    };
    let mut shown: Vec<(usize, String)> = Vec::new();
    for row in 0..found.len() {
        let line = format!(
            "{} {} {} {} {:?}",
            path[row],
            paths[row],
            converted[row],
            money[row].unwrap(),
            days[row]
        );
        shown.push((paths[row].parse().unwrap(), line));
    }
    assert!(shown.windows(2).all(|two| two[0].0 >= two[1].0), "{seed}");
    shown.sort();
    rows.sort();
    assert_eq!(shown, rows, "{seed} {request}");

    let rates = ["", "_low", "_high"].map(|end| reals(&found, &format!("conversion_rate{end}")));
    for row in 0..found.len() {
        let [rate, low, high] = [0, 1, 2].map(|at: usize| rates[at][row].unwrap());
        let (all, of): (f64, f64) = (paths[row].parse().unwrap(), converted[row].parse().unwrap());
        assert_eq!(rate, of / all, "{seed}");
        assert!(
            0.0 <= low && low <= rate && rate <= high && low < high && high <= 1.0,
            "{seed}"
        );
    }
}

/// Each step of each path, and each step's share of those from its source.
fn check_steps(events: &Events, request: &Value, expected: &[Way], seed: u64) {
    let data = Dataset::Events(events);
    let mut steps: BTreeMap<(String, String), f64> = BTreeMap::new();
    for (name, bought, ..) in expected {
        let end = if *bought { "(conversion)" } else { "(null)" };
        let stations: Vec<&str> = ["(start)"]
            .into_iter()
            .chain(name.split(" > "))
            .chain([end])
            .collect();
        for two in stations.windows(2) {
            *steps
                .entry((two[0].to_owned(), two[1].to_owned()))
                .or_default() += 1.0;
        }
    }
    let found = ask("attribution_transitions", &data, request.clone()).unwrap();
    assert_eq!(found.len(), steps.len(), "{seed}");
    let (source, target, count) = (
        cells(&found, "source"),
        cells(&found, "target"),
        cells(&found, "count"),
    );
    let share = reals(&found, "probability");
    for row in 0..found.len() {
        let times = steps[&(source[row].clone(), target[row].clone())];
        let all: f64 = steps
            .iter()
            .filter(|(step, _)| step.0 == source[row])
            .map(|(_, n)| n)
            .sum();
        assert_eq!(
            (count[row].clone(), share[row]),
            (times.to_string(), Some(times / all)),
            "{seed}"
        );
    }
}

/// How often each channel is in a path, and where.
fn check_channels(events: &Events, request: &Value, expected: &[Way], seed: u64) {
    let data = Dataset::Events(events);
    let found = ask("attribution_channels", &data, request.clone()).unwrap();
    let ways: Vec<Vec<&str>> = expected
        .iter()
        .map(|way| way.0.split(" > ").collect())
        .collect();
    for (row, channel) in cells(&found, "channel").iter().enumerate() {
        let count = |of: &dyn Fn(&[&str]) -> usize| ways.iter().map(|way| of(way)).sum::<usize>();
        let is = |name: &&str| usize::from(*name == channel);
        let inner = |way: &[&str]| {
            way.len()
                .checked_sub(1)
                .map_or(0, |last| (1..last).map(|at| is(&way[at])).sum())
        };
        for (name, expected) in [
            ("touches", count(&|way| way.iter().map(is).sum())),
            (
                "paths",
                count(&|way| usize::from(way.contains(&channel.as_str()))),
            ),
            ("first_touches", count(&|way| is(&way[0]))),
            ("middle_touches", count(&inner)),
            ("last_touches", count(&|way| is(&way[way.len() - 1]))),
        ] {
            assert_eq!(
                cells(&found, name)[row],
                expected.to_string(),
                "{seed} {name} {channel}"
            );
        }
    }
}

/// Random logs on a grid of quarters of an hour, so that silences and ages are often exactly the limit.
#[test]
fn paths_of_events_are_those_of_a_second_reading() {
    for seed in 0..120 {
        let mut rng = Rng::new(seed);
        let mut pick = |n: u64| rng.below(n);
        let mut log: Vec<Quarter> = Vec::new();
        for quarter in 0..40 {
            // One event at a time: the order of an instant is another rule.
            if pick(3) > 0 {
                let visitor = pick(3);
                let channel = [None, Some("ads"), Some("mail"), Some("(none)")][pick(4) as usize];
                let order = (pick(2) == 0).then(|| 10 * visitor + pick(2));
                let amount = (pick(4) > 0).then(|| pick(900) as i64);
                log.push((quarter, visitor, pick(3) == 0, channel, order, amount));
            }
        }
        let (lookback, after) = ([4, 8, 40][pick(3) as usize], pick(12) as i64);
        let (by_customer, open_is_null) = (pick(3) == 0, pick(2) == 0);
        let column = ["channel", "campaign", "referrer"][pick(3) as usize];
        if !log.iter().any(|event| event.2) || log.iter().all(|event| event.3.is_none()) {
            continue;
        }
        let events = events_of(&log, column);
        let as_of = log.last().unwrap().0 + after;
        let request = json!({
            "as_of": format!("{}Z", instant(as_of)), "lookback": format!("{}min", 15 * lookback), "of": column,
            "open": if open_is_null { "null" } else { "apart" },
            "per": if by_customer { "customer" } else { "visitor" },
        });
        let person = |visitor: u64| if by_customer { visitor / 2 } else { visitor };
        let (mut expected, mut open, mut too_old) = (Vec::new(), 0, 0);
        for who in 0..3 {
            let own: Vec<Quarter> = log
                .iter()
                .filter(|event| person(event.1) == who)
                .copied()
                .collect();
            let found = ways(&own, lookback, as_of, open_is_null);
            expected.extend(found.0);
            open += found.1;
            too_old += found.2;
        }
        check_paths(&events, &request, &expected, (open, too_old), seed);
        check_steps(&events, &request, &expected, seed);
        check_channels(&events, &request, &expected, seed);
    }
}
