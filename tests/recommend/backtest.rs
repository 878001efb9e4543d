//! `backtest_recommend` a second time, and a leak that it does not have.

use super::{Line, Random, Row, day, histories, lists, near, random, run, shop, texts_of};
use crm_tests::{numbers, reals};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// hit rate, recall, ndcg, coverage and share of new products of lists, from what customers bought after the origin; ndcg of each.
fn judge(
    lists: &BTreeMap<String, Vec<Row>>,
    (lines, origin, end): (&[Line], i32, i32),
    (k, all): (usize, bool),
) -> ([f64; 5], Vec<f64>) {
    let (known, whole) = (histories(lines, origin), histories(lines, end));
    let mut sums = [0.0; 5];
    let (mut each, mut listed, mut shown) = (Vec::new(), 0.0, BTreeSet::new());
    for (customer, own) in &known {
        let own: BTreeSet<&String> = own.iter().flat_map(|order| &order.1).collect();
        let later = whole[customer].iter().filter(|order| order.0 > origin);
        let later: BTreeSet<&String> = later
            .flat_map(|order| &order.1)
            .filter(|item| all || !own.contains(item))
            .collect();
        if later.is_empty() {
            continue;
        }
        let list = lists
            .get(&format!("c{customer:03}"))
            .map_or(&[][..], |list| list);
        let (mut gain, mut found) = (0.0, 0.0);
        for (at, row) in list.iter().enumerate() {
            shown.insert(&row.product);
            listed += 1.0;
            sums[4] += f64::from(u8::from(!own.contains(&row.product)));
            if later.contains(&row.product) {
                found += 1.0;
                gain += 1.0 / (at as f64 + 2.0).log2();
            }
        }
        let best: f64 = (0..k.min(later.len()))
            .map(|at| 1.0 / (at as f64 + 2.0).log2())
            .sum();
        sums[0] += f64::min(found, 1.0);
        sums[1] += found / later.len() as f64;
        sums[2] += gain / best;
        each.push(gain / best);
    }
    let n = each.len() as f64;
    let sold: BTreeSet<&String> = known
        .values()
        .flatten()
        .flat_map(|order| &order.1)
        .collect();
    let coverage = shown.len() as f64 / sold.len() as f64;
    (
        [
            sums[0] / n,
            sums[1] / n,
            sums[2] / n,
            coverage,
            sums[4] / listed,
        ],
        each,
    )
}

/// The lists that a shop makes whose import ended at a day.
fn lists_of_cut(
    lines: &[Line],
    until: i32,
    method: &str,
    exclude: &str,
    k: usize,
) -> BTreeMap<String, Vec<Row>> {
    let mut cut = lines.to_vec();
    cut.retain(|line| line.2 <= until);
    let request = json!({"as_of": day(until), "k": k, "method": method, "exclude": exclude});
    lists(&run("recommend", &shop(&cut), &request))
}

const JUDGED: [&str; 5] = ["hit_rate", "recall", "ndcg", "coverage", "new_share"];

#[test]
fn backtest_against_lists_of_a_shop_that_ends_at_the_origin() {
    for (seed, exclude) in [(1, "none"), (2, "bought"), (3, "none")] {
        let lines = random(seed);
        let orders = shop(&lines);
        let (end, horizon, k) = (150, 40, 4);
        let request = json!({"as_of": day(end), "horizon": horizon, "k": k, "exclude": exclude});
        let table = run("backtest_recommend", &orders, &request);
        let methods = texts_of(&table, "method");
        let expected: &[&str] = match exclude {
            "none" => &[
                "item_cosine",
                "transition",
                "popular",
                "due",
                "bought",
                "blend",
            ],
            _ => &["item_cosine", "transition", "popular", "blend"],
        };
        assert_eq!(methods, expected);
        let of = |method: &str| {
            let lists = lists_of_cut(&lines, end - horizon, method, exclude, k);
            judge(&lists, (&lines, end - horizon, end), (k, exclude == "none"))
        };
        let (_, popular) = of("popular");
        for (row, method) in methods.iter().enumerate() {
            let (expected, each) = of(method);
            for (name, expected) in JUDGED.iter().zip(expected) {
                let found = reals(&table, name)[row].unwrap();
                assert!(
                    near(found, expected),
                    "{seed} {method} {name}: {found} {expected}"
                );
            }
            let n = each.len() as f64;
            assert_eq!(numbers(&table, "customers")[row], Some(each.len() as i64));
            let spread = |values: &[f64]| {
                let mean = values.iter().sum::<f64>() / n;
                let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
                (mean, (squares / (n - 1.0) / n).sqrt())
            };
            let (mean, error) = spread(&each);
            let low = reals(&table, "ndcg_low")[row].unwrap();
            assert!(near(low, (mean - 1.959_963_984_540_054 * error).max(0.0)));
            let apart: Vec<f64> = each.iter().zip(&popular).map(|(a, b)| a - b).collect();
            let (mean, error) = spread(&apart);
            let p = reals(&table, "p")[row];
            assert_eq!(p.is_some(), error > 0.0, "{method}");
            if let Some(p) = p {
                // The normal tail by Simpson's rule.
                let z = (mean / error).abs();
                let step = z / 2_000.0;
                let density = |at: f64| (-0.5 * at * at).exp() / std::f64::consts::TAU.sqrt();
                let weight = |at: usize| match at {
                    0 | 2_000 => 1.0,
                    at if at % 2 == 1 => 4.0,
                    _ => 2.0,
                };
                let within: f64 = (0..=2_000)
                    .map(|at| weight(at) * density(at as f64 * step))
                    .sum();
                assert!(
                    (p - (1.0 - 2.0 * within * step / 3.0)).abs() < 1e-8,
                    "{method} {p}"
                );
            }
        }
    }
}

/// After the origin each customer buys one of forty products by chance. Who sees these orders guesses all of them; the
/// backtest does not.
#[test]
fn a_planted_leak_is_found() {
    let mut random = Random(99);
    let mut lines = Vec::new();
    let mut buy = |customer: u32, at: i32, product: u32| {
        let order = lines.len() as u32;
        lines.push(Line(
            order,
            customer,
            at,
            "north",
            Some(format!("p{product:02}")),
            500,
        ));
    };
    for customer in 0..300 {
        for at in [10, 30] {
            buy(customer, at, random.below(40));
        }
        buy(customer, 80, random.below(40));
    }
    let (origin, end, k) = (60, 80, 1);
    let orders = shop(&lines);
    let request = json!({
        "as_of": day(end), "horizon": end - origin, "k": k, "exclude": "none", "half_life": 5
    });
    let table = run("backtest_recommend", &orders, &request);
    let hit = reals(&table, "hit_rate");
    assert!(hit.iter().all(|hit| hit.unwrap() < 0.12), "{hit:?}");
    assert_eq!(table.notes()["better_than_popular"], json!([]));
    // The same judgement of lists that saw the orders after the origin.
    let leak = json!({"as_of": day(end), "k": k, "method": "bought", "half_life": 5});
    let leak = lists(&run("recommend", &orders, &leak));
    let (judged, _) = judge(&leak, (&lines, origin, end), (k, true));
    assert!(judged[0] == 1.0, "{judged:?}");
}
