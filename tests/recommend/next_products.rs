//! `next_products` a second time: censored customers by weights, the variance by derivatives.

use super::{History, day, histories, random, run, shop, texts_of};
use crm_core::Fraction;
use crm_core::num::ratio::wilson;
use crm_tests::{numbers, reals};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A customer who is followed: days, and the items of the next order or none.
type Followed = (i32, Option<BTreeSet<String>>);

/// F at `within`, each order weighted by 1 / P(followed so long), which is the same as Aalen and Johansen's sum.
fn incidence(buyers: &[Followed], within: i32, item: &str) -> f64 {
    let mut open = 1.0;
    let mut found = 0.0;
    for day in 0..=within {
        let at = |of: &dyn Fn(&Followed) -> bool| buyers.iter().filter(|b| of(b)).count() as f64;
        let with = at(&|b| b.0 == day && b.1.as_ref().is_some_and(|next| next.contains(item)));
        found += with / open;
        let left = at(&|b| b.0 >= day) - at(&|b| b.0 == day && b.1.is_some());
        let censored = at(&|b| b.0 == day && b.1.is_none());
        if left > 0.0 {
            open *= 1.0 - censored / left;
        }
    }
    found / buyers.len() as f64
}

/// The variance of F by the delta method: derivatives by the hazards of each day, taken by differences.
fn variance(buyers: &[Followed], within: i32, item: &str) -> f64 {
    let mut days = Vec::new();
    for day in 0..=within {
        let n = buyers.iter().filter(|b| b.0 >= day).count() as f64;
        let next = || {
            buyers
                .iter()
                .filter(|b| b.0 == day)
                .filter_map(|b| b.1.as_ref())
        };
        let with = next().filter(|next| next.contains(item)).count() as f64;
        if next().next().is_some() {
            days.push((n, [with / n, (next().count() as f64 - with) / n]));
        }
    }
    let f = |hazards: &[[f64; 2]]| {
        let (mut left, mut sum) = (1.0, 0.0);
        for [with, without] in hazards {
            sum += left * with;
            left *= 1.0 - with - without;
        }
        sum
    };
    let hazards: Vec<[f64; 2]> = days.iter().map(|day| day.1).collect();
    let mut variance = 0.0;
    for (at, (n, h)) in days.iter().enumerate() {
        let slope = |of: usize| {
            let moved = |by: f64| {
                let mut moved = hazards.clone();
                moved[at][of] += by;
                f(&moved)
            };
            (moved(1e-6) - moved(-1e-6)) / 2e-6
        };
        let slope = [slope(0), slope(1)];
        for i in 0..2 {
            for j in 0..2 {
                let own = if i == j { h[i] } else { 0.0 };
                variance += slope[i] * slope[j] * (own - h[i] * h[j]) / n;
            }
        }
    }
    variance
}

/// All rows by product and next product: buyers, followed, rate with interval, lift, median days.
fn slow_next(
    known: &BTreeMap<u32, History>,
    (end, within): (i32, i32),
    order: Option<usize>,
) -> BTreeMap<(String, String), [Option<f64>; 7]> {
    let next_of = |own: &History, at: usize| match own.get(at + 1) {
        Some((day, items)) => (day - own[at].0, Some(items.clone())),
        None => (end - own[at].0, None),
    };
    let chosen = |at: &usize| order.is_none_or(|order| order == at + 1);
    let mut of_all = Vec::new();
    let mut buyers: BTreeMap<String, Vec<Followed>> = BTreeMap::new();
    for own in known.values() {
        of_all.extend((0..own.len()).filter(chosen).map(|at| next_of(own, at)));
        let items: BTreeSet<&String> = own.iter().flat_map(|order| &order.1).collect();
        for item in items {
            if let Some(at) = (0..own.len())
                .filter(chosen)
                .find(|at| own[*at].1.contains(item))
            {
                buyers
                    .entry(item.clone())
                    .or_default()
                    .push(next_of(own, at));
            }
        }
    }
    let share = |of: &[Followed], item: &String| {
        let next = of
            .iter()
            .filter(|b| b.0 <= within)
            .filter_map(|b| b.1.as_ref());
        let all = next.clone().count() as f64;
        next.filter(|next| next.contains(item)).count() as f64 / all
    };
    let products: BTreeSet<&String> = known
        .values()
        .flatten()
        .flat_map(|order| &order.1)
        .collect();
    let mut rows = BTreeMap::new();
    for (from, buyers) in &buyers {
        for product in &products {
            let with = |b: &&Followed| b.1.as_ref().is_some_and(|next| next.contains(*product));
            let mut days: Vec<i32> = buyers
                .iter()
                .filter(with)
                .map(|b| b.0)
                .filter(|days| *days <= within)
                .collect();
            days.sort_unstable();
            if days.is_empty() {
                continue;
            }
            let middle = [days[(days.len() - 1) / 2], days[days.len() / 2]];
            // Somebody is followed long enough, or all who were followed longest have ordered.
            let longest = buyers.iter().map(|b| b.0).max().unwrap();
            let mut last = buyers.iter().filter(|b| b.0 == longest);
            let known = longest >= within || last.all(|b| b.1.is_some());
            let rate = incidence(buyers, within, product);
            let n = buyers.len() as f64;
            let v = variance(buyers, within, product);
            let trials = if rate < 1.0 {
                (rate * (1.0 - rate) / v).clamp(1.0, n)
            } else {
                n
            };
            let (low, high) = wilson(rate.min(1.0), trials, Fraction::new(0.95).unwrap());
            let row = [
                Some(n),
                Some(days.len() as f64),
                known.then_some(rate),
                known.then_some(low),
                known.then_some(high),
                Some(share(buyers, product) / share(&of_all, product)),
                Some(f64::from(middle[0] + middle[1]) / 2.0),
            ];
            rows.insert((from.clone(), (*product).clone()), row);
        }
    }
    rows
}

const NEXT: [&str; 7] = [
    "buyers",
    "followed",
    "next_rate",
    "next_rate_low",
    "next_rate_high",
    "lift",
    "median_days",
];

#[test]
fn next_products_against_a_second_computation() {
    let (mut nulls, mut compared) = (0, 0);
    for seed in 0..6 {
        let lines = random(seed);
        let orders = shop(&lines);
        for (end, within, order) in [
            (179, 30, None),
            (179, 90, Some(2)),
            (100, 60, None),
            (60, 45, Some(1)),
        ] {
            let request = json!({
                "as_of": day(end), "within": within, "order": order, "min_count": 1
            });
            let table = run("next_products", &orders, &request);
            let expected = slow_next(
                &histories(&lines, end),
                (end, within),
                order.map(|o: usize| o),
            );
            let (from, to) = (
                texts_of(&table, "from_product"),
                texts_of(&table, "product"),
            );
            assert_eq!(from.len(), expected.len(), "{seed} {request}");
            for (at, name) in NEXT.iter().enumerate() {
                let cells = match at {
                    0 | 1 => {
                        let counts = numbers(&table, name).into_iter();
                        counts.map(|n| n.map(|n| n as f64)).collect()
                    }
                    _ => reals(&table, name),
                };
                for (row, found) in cells.iter().enumerate() {
                    let expected = expected[&(from[row].clone(), to[row].clone())][at];
                    // Ends of intervals go through derivatives by differences.
                    let off = if matches!(at, 3 | 4) { 1e-5 } else { 1e-9 };
                    let same = match (found, expected) {
                        (Some(a), Some(b)) => (a - b).abs() <= off * (1.0 + b.abs()),
                        (a, b) => a.is_none() && b.is_none(),
                    };
                    assert!(same, "{seed} {request} {name}: {found:?} {expected:?}");
                    nulls += u32::from(found.is_none());
                    compared += 1;
                }
            }
            // By product; the same product first, then by rate and id.
            let rates = reals(&table, "next_rate");
            let followed = numbers(&table, "followed");
            let key = |row: usize| {
                let rate = std::cmp::Reverse(rates[row].map(f64::to_bits));
                let count = std::cmp::Reverse(followed[row]);
                (
                    from[row].clone(),
                    from[row] != to[row],
                    rate,
                    count,
                    to[row].clone(),
                )
            };
            assert!(
                (1..from.len()).all(|row| key(row - 1) < key(row)),
                "{seed} {request}"
            );
            if let Some(product) = from.first() {
                let mut one = request.clone();
                one["from_product"] = json!(product);
                let own = from.iter().filter(|other| *other == product).count();
                assert_eq!(
                    texts_of(&run("next_products", &orders, &one), "product"),
                    to[..own]
                );
            }
        }
    }
    assert!(compared > 3_000 && nulls > 0, "{compared} {nulls}");
}
