//! The method `blend` a second time: the scores, and the choice of the weights.

use super::lists::{Scores, Slow};
use super::{Line, day, histories, lists, near, random, run, shop};
use crm_tests::reals;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

const METHODS: [&str; 4] = ["bought", "item_cosine", "transition", "popular"];

/// The four scores of each item that a customer may get.
fn parts(
    slow: &Slow<'_>,
    customer: u32,
    exclude: &str,
) -> BTreeMap<String, ([f64; 4], [Scores; 4])> {
    let popular = slow.popular();
    let most = popular.values().copied().fold(0.0, f64::max);
    let own = &slow.own[&customer];
    let scores = ["bought", "item_cosine", "transition"].map(|m| slow.scores(m, customer));
    let items = popular.into_iter();
    let items = items.filter(|(item, _)| exclude == "none" || !own.contains_key(item));
    let all = items.map(|(item, popularity)| {
        let of = |at: usize| scores[at].get(&item).map_or(0.0, |score| score.0);
        let values = [of(0), of(1), of(2), popularity / most];
        let [bought, similar, next] = scores.clone();
        (item, (values, [bought, similar, next, Scores::new()]))
    });
    all.collect()
}

fn best(
    parts: &BTreeMap<String, ([f64; 4], [Scores; 4])>,
    weights: [f64; 4],
) -> Vec<(f64, &String)> {
    let score = |of: &[f64; 4]| (0..4).map(|at| weights[at] * of[at]).sum::<f64>();
    let mut all: Vec<(f64, &String)> = parts.iter().map(|(i, of)| (score(&of.0), i)).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    all
}

#[test]
fn blend_against_a_second_computation() {
    let mut weights_seen = BTreeSet::new();
    for seed in 0..3 {
        let lines = (0..3).flat_map(|part| {
            let lines = random(3 * seed + u64::from(part)).into_iter();
            lines.map(move |l| Line(l.0 + 400 * part, l.1 + 60 * part, l.2, l.3, l.4, l.5))
        });
        let lines: Vec<Line> = lines.collect();
        let orders = shop(&lines);
        let (end, k, period) = (120, 4, 45);
        let known = histories(&lines, end);
        let earlier = histories(&lines, end - period);
        for exclude in ["bought", "none"] {
            let before = Slow::new(&earlier, end - period);
            let mut trials = Vec::new();
            for (customer, own) in &earlier {
                let own: BTreeSet<&String> = own.iter().flat_map(|order| &order.1).collect();
                let later = known[customer]
                    .iter()
                    .filter(|order| order.0 > end - period);
                let later = later.flat_map(|order| &order.1);
                let later: BTreeSet<&String> = later
                    .filter(|item| exclude == "none" || !own.contains(item))
                    .collect();
                if !later.is_empty() {
                    trials.push((parts(&before, *customer, exclude), later));
                }
            }
            let ndcg = |weights: [f64; 4]| -> f64 {
                let of = trials.iter().map(|(parts, bought)| {
                    let list = best(parts, weights).into_iter().take(k).enumerate();
                    let gain = |at: usize| 1.0 / ((at + 2) as f64).log2();
                    let found = list.filter(|(_, (s, item))| *s > 0.0 && bought.contains(item));
                    let found: f64 = found.map(|(at, _)| gain(at)).sum();
                    found / (0..k.min(bought.len())).map(gain).sum::<f64>()
                });
                of.sum()
            };
            let mut expected = [1.0; 4];
            if trials.len() >= 30 {
                for at in (0..4).chain(0..4) {
                    let mut most = ndcg(expected);
                    for weight in [0.0, 0.25, 0.5, 1.0, 2.0, 4.0] {
                        let mut weights = expected;
                        weights[at] = weight;
                        let value = ndcg(weights);
                        // Sums of equal lists differ in the last digit at most.
                        if (at < 3 || weight > 0.0) && value > most + 1e-12 {
                            (most, expected) = (value, weights);
                        }
                    }
                }
            }
            let request = json!({"as_of": day(end), "k": k, "method": "blend", "exclude": exclude,
                "period": period});
            let table = run("recommend", &orders, &request);
            let note = &table.notes()["blend"];
            assert_eq!(note["customers"], trials.len());
            assert_eq!(note["chosen"], trials.len() >= 30);
            for (at, method) in METHODS.iter().enumerate() {
                assert_eq!(
                    note["weights"][method], expected[at],
                    "{seed} {exclude} {method}"
                );
            }
            weights_seen.insert(format!("{expected:?}"));
            let slow = Slow::new(&known, end);
            let lists = lists(&table);
            for customer in known.keys() {
                let parts = parts(&slow, *customer, exclude);
                let wanted = best(&parts, expected);
                let none = Vec::new();
                let rows = lists.get(&format!("c{customer:03}")).unwrap_or(&none);
                assert_eq!(rows.len(), wanted.len().min(k));
                for (row, (score, _)) in rows.iter().zip(&wanted) {
                    assert!(near(row.score, *score), "{} {score}", row.score);
                    let (values, terms) = &parts[&row.product];
                    let terms_of: Vec<f64> = (0..4).map(|at| expected[at] * values[at]).collect();
                    let most = terms_of.iter().copied().fold(0.0, f64::max);
                    let reasons = ["bought_before", "bought_with", "bought_next", "popular"];
                    let reason = reasons.iter().position(|r| *r == row.reason).unwrap();
                    assert!(near(terms_of[reason], most), "{}", row.reason);
                    if let Some(item) = &row.because {
                        let of_item = &terms[reason][&row.product].1;
                        let most = of_item.values().copied().fold(0.0, f64::max);
                        assert!(near(of_item[item], most));
                    }
                    assert_eq!(row.because.is_some(), reason == 1 || reason == 2);
                }
            }
        }
    }
    assert!(weights_seen.len() > 2, "{weights_seen:?}");
}

#[test]
fn blend_sees_nothing_after_the_date() {
    let lines = random(2);
    let request = json!({"as_of": day(120), "method": "blend", "exclude": "none"});
    let whole = run("recommend", &shop(&lines), &request);
    let mut cut = lines;
    cut.retain(|line| line.2 <= 120);
    let alone = run("recommend", &shop(&cut), &request);
    assert_eq!(reals(&whole, "score"), reals(&alone, "score"));
    assert_eq!(whole.notes()["blend"], alone.notes()["blend"]);
}
