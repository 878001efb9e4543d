//! `recommend` a second time: every score of every product, for every method.

use super::{History, Row, day, histories, lists, near, random, run, shop};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What may be recommended to a customer, with its score and the terms of its reasons.
pub(super) type Scores = BTreeMap<String, (f64, BTreeMap<String, f64>)>;

pub(super) struct Slow<'a> {
    known: &'a BTreeMap<u32, History>,
    end: i32,
    /// The last day of each item of a customer.
    pub(super) own: BTreeMap<u32, BTreeMap<String, i32>>,
}

impl Slow<'_> {
    pub(super) fn new(known: &BTreeMap<u32, History>, end: i32) -> Slow<'_> {
        let last = |own: &History| {
            let days = own
                .iter()
                .flat_map(|(day, items)| items.iter().map(|i| (i.clone(), *day)));
            days.collect()
        };
        let own = known
            .iter()
            .map(|(customer, own)| (*customer, last(own)))
            .collect();
        Slow { known, end, own }
    }

    fn weight(&self, day: i32) -> f64 {
        2_f64.powf(-f64::from(self.end - day) / 90.0)
    }

    pub(super) fn popular(&self) -> BTreeMap<String, f64> {
        let mut found = BTreeMap::new();
        for (item, day) in self.own.values().flatten() {
            *found.entry(item.clone()).or_default() += self.weight(*day);
        }
        found
    }

    /// Customers with an item, or with both.
    fn having(&self, items: [&String; 2]) -> f64 {
        let has = |own: &&BTreeMap<String, i32>| items.iter().all(|i| own.contains_key(*i));
        self.own.values().filter(has).count() as f64
    }

    /// Orders with an item that have a next one; of these, those whose next one has another item.
    fn following(&self, item: &String, next: &String) -> (f64, f64) {
        let pairs = self.known.values().flat_map(|own| own.windows(2));
        let from: Vec<_> = pairs.filter(|pair| pair[0].1.contains(item)).collect();
        let to = from.iter().filter(|pair| pair[1].1.contains(next)).count();
        (from.len() as f64, to as f64)
    }

    /// The days between purchases of an item on distinct days.
    fn gaps(&self, customer: u32, item: &String) -> Vec<f64> {
        let own = self.known[&customer]
            .iter()
            .filter(|order| order.1.contains(item));
        let days: BTreeSet<i32> = own.map(|order| order.0).collect();
        let days: Vec<i32> = days.into_iter().collect();
        days.windows(2)
            .map(|pair| f64::from(pair[1] - pair[0]))
            .collect()
    }

    fn usual(&self, customer: u32, item: &String) -> Option<f64> {
        let all = self
            .known
            .keys()
            .flat_map(|customer| self.gaps(*customer, item));
        let mut all: Vec<f64> = all.collect();
        all.sort_unstable_by(f64::total_cmp);
        let own = self.gaps(customer, item);
        let middle =
            (all.len() >= 5).then(|| (all[(all.len() - 1) / 2] + all[all.len() / 2]) / 2.0)?;
        Some((2.0 * middle + own.iter().sum::<f64>()) / (2.0 + own.len() as f64))
    }

    pub(super) fn scores(&self, method: &str, customer: u32) -> Scores {
        let own = &self.own[&customer];
        let products: BTreeSet<&String> = self.own.values().flat_map(BTreeMap::keys).collect();
        let mut found = Scores::new();
        for product in products {
            let mut terms = BTreeMap::new();
            let score = match method {
                "item_cosine" => {
                    for (item, day) in own.iter().filter(|own| own.0 != product) {
                        let both = self.having([item, product]);
                        let each = self.having([item, item]) * self.having([product, product]);
                        if both >= 2.0 {
                            let s = both / each.sqrt() * both / (both + 5.0);
                            terms.insert(item.clone(), self.weight(*day) * s);
                        }
                    }
                    terms.values().sum()
                }
                "transition" => {
                    for item in self.known[&customer]
                        .last()
                        .iter()
                        .flat_map(|order| &order.1)
                    {
                        let (from, to) = self.following(item, product);
                        if to >= 2.0 {
                            terms.insert(item.clone(), to / (from + 5.0));
                        }
                    }
                    terms.values().copied().fold(0.0, f64::max)
                }
                "bought" => {
                    let own = self.known[&customer]
                        .iter()
                        .filter(|order| order.1.contains(product));
                    own.map(|order| self.weight(order.0)).sum()
                }
                "due" => {
                    let open = own.get(product).map(|day| f64::from(self.end - day));
                    let usual = self.usual(customer, product).filter(|_| open.is_some());
                    let score = usual.map_or(0.0, |usual| {
                        let open = open.unwrap();
                        (open / usual).min(usual / open)
                    });
                    if score >= 0.5 { score } else { 0.0 }
                }
                _ => 0.0,
            };
            if score > 0.0 {
                found.insert(product.clone(), (score, terms));
            }
        }
        found
    }
}

const REASONS: [(&str, &str); 5] = [
    ("item_cosine", "bought_with"),
    ("transition", "bought_next"),
    ("popular", "popular"),
    ("due", "due"),
    ("bought", "bought_before"),
];

/// Compares one list with the scores; equal scores are by id.
fn compare_list(rows: &[Row], mut scores: Scores, popular: &Scores, k: usize, reason: &str) {
    let own = scores.len().min(k);
    let mut best: Vec<f64> = scores.values().map(|score| score.0).collect();
    best.sort_unstable_by(|a, b| b.total_cmp(a));
    let mut rest = popular.clone();
    scores
        .keys()
        .filter(|_| own < k)
        .for_each(|item| drop(rest.remove(item)));
    let mut filled: Vec<f64> = rest.values().map(|score| score.0).collect();
    filled.sort_unstable_by(|a, b| b.total_cmp(a));
    assert_eq!(rows.len(), own + filled.len().min(k - own));
    for (at, row) in rows.iter().enumerate() {
        let (of, expected, reason) = match at < own {
            true => (&mut scores, best[at], reason),
            false => (&mut rest, filled[at - own], "popular"),
        };
        // Each product once.
        let (score, terms) = of
            .remove(&row.product)
            .expect("a product that may be recommended");
        assert!(
            near(row.score, score) && near(score, expected),
            "{at} {} {expected}",
            row.score
        );
        assert_eq!(row.reason, reason);
        match &row.because {
            Some(item) => {
                let most = terms.values().copied().fold(0.0, f64::max);
                assert!(near(terms[item], most), "{item}");
            }
            None => assert!(terms.is_empty() || at >= own),
        }
        if at > 0 && rows[at - 1].score == row.score && rows[at - 1].reason == row.reason {
            assert!(rows[at - 1].product < row.product, "ties are by id");
        }
    }
}

#[test]
fn recommend_against_a_second_computation() {
    let mut of_reason: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..3 {
        let lines = random(seed);
        let orders = shop(&lines);
        for (end, k) in [(179, 3), (120, 12)] {
            let known = histories(&lines, end);
            let slow = Slow::new(&known, end);
            let popular: Scores = slow
                .popular()
                .into_iter()
                .map(|(item, score)| (item, (score, BTreeMap::new())))
                .collect();
            for (method, reason) in REASONS {
                for exclude in ["bought", "none"] {
                    let is_repeat = ["due", "bought"].contains(&method);
                    if is_repeat && exclude == "bought" {
                        continue;
                    }
                    let request =
                        json!({"as_of": day(end), "k": k, "method": method, "exclude": exclude});
                    let table = run("recommend", &orders, &request);
                    let lists = lists(&table);
                    let mut short = 0;
                    for customer in known.keys() {
                        let none = Vec::new();
                        let rows = lists.get(&format!("c{customer:03}")).unwrap_or(&none);
                        let own = &slow.own[customer];
                        let allowed = |item: &String| exclude == "none" || !own.contains_key(item);
                        let mut scores = slow.scores(method, *customer);
                        scores.retain(|item, _| allowed(item));
                        let mut popular = popular.clone();
                        popular.retain(|item, _| allowed(item));
                        compare_list(rows, scores, &popular, k, reason);
                        for row in rows {
                            let usual = (row.reason == "due")
                                .then(|| slow.usual(*customer, &row.product).unwrap());
                            assert!(row.usual_days.zip(usual).is_none_or(|(a, b)| near(a, b)));
                            assert_eq!(row.usual_days.is_some(), usual.is_some());
                            *of_reason.entry(row.reason.clone()).or_default() += 1;
                        }
                        short += usize::from(rows.len() < k);
                    }
                    assert_eq!(table.notes()["customers_with_fewer_than_k"], short);
                    assert_eq!(table.notes()["customers"], known.len());
                }
            }
        }
    }
    assert!(
        of_reason.len() == 5 && of_reason.values().all(|n| *n > 10),
        "{of_reason:?}"
    );
}
