//! What is bought next and what to recommend: each cell computed a second time from the lines of random shops, slowly and as the
//! definitions are written; and a backtest that sees nothing after its date.

use crm_core::columns::Batch;
use crm_core::num::ratio::wilson;
use crm_core::{Context, Dataset, Day, Fraction, Orders, Table, register};
use crm_tests::{batch, ints, numbers, optional_texts, orders, reals, texts, times, words};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A line: order, customer, day (counted from 2026-01-01), shop, product, amount.
#[derive(Clone)]
struct Line(u32, u32, i32, &'static str, Option<String>, i64);

fn day(at: i32) -> String {
    Day("2026-01-01".parse::<Day>().unwrap().0 + at).to_string()
}

fn shop(lines: &[Line]) -> Orders {
    let column = |of: &dyn Fn(&Line) -> String| lines.iter().map(of).collect::<Vec<_>>();
    // Later orders of a day have greater numbers.
    let at = column(&|l| {
        let (hour, minute) = (l.0 / 60 % 24, l.0 % 60);
        format!("{}T{hour:02}:{minute:02}:00", day(l.2))
    });
    let at: Vec<&str> = at.iter().map(String::as_str).collect();
    let products: Vec<Option<&str>> = lines.iter().map(|l| l.4.as_deref()).collect();
    let amounts: Vec<i64> = lines.iter().map(|l| l.5).collect();
    let lines: Batch = batch(&[
        ("order_id", texts(&column(&|l| format!("o{}", l.0)))),
        ("customer_id", texts(&column(&|l| format!("c{:03}", l.1)))),
        ("ordered_at", times(&at)),
        ("shop", texts(&column(&|l| l.3.into()))),
        ("product", optional_texts(&products)),
        ("amount", ints(&amounts)),
    ]);
    let spec =
        r#"{"currency": "JPY", "order_id": "order_id", "product": "product", "shop": "shop"}"#;
    orders(spec, lines).unwrap()
}

fn run(name: &str, orders: &Orders, request: &Value) -> Table {
    let data = Dataset::Orders(orders);
    register::run(name, &data, &request.to_string(), &Context::default())
        .unwrap_or_else(|e| panic!("{name} {request}: {e}"))
}

/// A source of whole numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 20) % u64::from(n)) as u32
    }
}

/// A shop of nine products over 180 days: returns, lines without a product, several orders a day, buyers of one product only.
fn random(seed: u64) -> Vec<Line> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut lines = Vec::new();
    let mut order = 0;
    for customer in 0..60 {
        let mut at = random.below(90) as i32;
        for _ in 0..=random.below(5) {
            let shop = ["north", "south"][random.below(2) as usize];
            // Each order has a line above 0, so that it is an order.
            lines.push(Line(order, customer, at, shop, None, 100_000));
            let first = random.below(9);
            for step in 0..random.below(4) {
                let product = (first + step * step) % 9;
                let amount = [500, 500, 500, -500, 0][random.below(5) as usize];
                let product = Some(format!("p{product}"));
                lines.push(Line(order, customer, at, shop, product, amount));
            }
            order += 1;
            at += random.below(40) as i32;
        }
    }
    lines.retain(|line| line.2 < 180);
    lines
}

/// A customer's orders with an item: day and items, by time.
type History = Vec<(i32, BTreeSet<String>)>;

/// The orders of each customer up to a day.
fn histories(lines: &[Line], until: i32) -> BTreeMap<u32, History> {
    let mut sums: BTreeMap<(u32, u32, i32), BTreeMap<String, i64>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.2 <= until) {
        let of_order = sums.entry((line.1, line.0, line.2)).or_default();
        if let Some(product) = &line.4 {
            *of_order.entry(product.clone()).or_default() += line.5;
        }
    }
    let mut found: BTreeMap<u32, History> = BTreeMap::new();
    for ((customer, _, day), items) in sums {
        let own = found.entry(customer).or_default();
        let items: BTreeSet<String> = items.into_iter().filter(|i| i.1 > 0).map(|i| i.0).collect();
        if !items.is_empty() {
            own.push((day, items));
        }
    }
    found
}

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-9 * (1.0 + expected.abs())
}

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

fn texts_of(table: &Table, name: &str) -> Vec<String> {
    words(table, name).into_iter().map(Option::unwrap).collect()
}

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

/// What may be recommended to a customer, with its score and the terms of its reasons.
type Scores = BTreeMap<String, (f64, BTreeMap<String, f64>)>;

struct Slow<'a> {
    known: &'a BTreeMap<u32, History>,
    end: i32,
    /// The last day of each item of a customer.
    own: BTreeMap<u32, BTreeMap<String, i32>>,
}

impl Slow<'_> {
    fn new(known: &BTreeMap<u32, History>, end: i32) -> Slow<'_> {
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

    fn popular(&self) -> BTreeMap<String, f64> {
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

    fn scores(&self, method: &str, customer: u32) -> Scores {
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

/// One customer's rows.
struct Row {
    product: String,
    score: f64,
    reason: String,
    because: Option<String>,
    usual_days: Option<f64>,
}

fn lists(table: &Table) -> BTreeMap<String, Vec<Row>> {
    let mut lists: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    let customers = texts_of(table, "customer_id");
    assert!(customers.is_sorted());
    let (products, scores) = (texts_of(table, "product"), reals(table, "score"));
    let (reasons, because) = (texts_of(table, "reason_code"), words(table, "reason_item"));
    let (ranks, usual) = (numbers(table, "rank"), reals(table, "usual_days"));
    for at in 0..customers.len() {
        let list = lists.entry(customers[at].clone()).or_default();
        list.push(Row {
            product: products[at].clone(),
            score: scores[at].unwrap(),
            reason: reasons[at].clone(),
            because: because[at].clone(),
            usual_days: usual[at],
        });
        assert_eq!(ranks[at], Some(list.len() as i64));
    }
    lists
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
            "none" => &["item_cosine", "transition", "popular", "due", "bought"],
            _ => &["item_cosine", "transition", "popular"],
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

fn by_hand(orders: &[(u32, i32, &[&str])]) -> Orders {
    let mut lines = Vec::new();
    for (order, (customer, at, items)) in (0..).zip(orders) {
        for item in *items {
            let item = Some((*item).to_owned()).filter(|item| !item.is_empty());
            lines.push(Line(order, *customer, *at, "north", item, 500));
        }
    }
    shop(&lines)
}

#[test]
fn next_products_by_hand() {
    let orders = by_hand(&[
        (1, 0, &["tea"]),
        (1, 10, &["cup", "tea"]),
        (2, 0, &["tea"]),
        (2, 20, &["cup"]),
        (3, 0, &["tea"]),
        (3, 50, &["pot"]),
        (4, 60, &["tea"]),
    ]);
    let request = json!({"as_of": day(60), "from_product": "tea", "within": 30, "min_count": 1});
    let table = run("next_products", &orders, &request);
    // Customer 4 has been followed for 0 days, at the end of the day at which they are at risk.
    assert_eq!(texts_of(&table, "product"), ["tea", "cup"]);
    assert_eq!(numbers(&table, "buyers"), [Some(4); 2]);
    assert_eq!(numbers(&table, "followed"), [1, 2].map(Some));
    // Of three who are followed on: after 10 days 1/3, after 20 days 1/3 more.
    assert!(near(reals(&table, "next_rate")[1].unwrap(), 2.0 / 3.0));
    // Two next orders in time, both with cup; of all too.
    assert_eq!(reals(&table, "lift"), [1.0, 1.0].map(Some));
    assert_eq!(reals(&table, "median_days"), [10.0, 15.0].map(Some));
    assert_eq!(table.notes()["next_orders"], 2);
    // Nobody open: Wilson's interval of the counts.
    let request = json!({"as_of": day(60), "from_product": "tea", "order": 1, "min_count": 1,
        "within": 50, "where": {"ordered_at": {"to": day(55)}}});
    let table = run("next_products", &orders, &request);
    let (low, high) = wilson(2.0 / 3.0, 3.0, Fraction::new(0.95).unwrap());
    assert!(near(reals(&table, "next_rate_low")[1].unwrap(), low));
    assert!(near(reals(&table, "next_rate_high")[1].unwrap(), high));
}

#[test]
fn small_shops() {
    let none = by_hand(&[(1, 0, &[""]), (2, 1, &[""])]);
    for method in ["item_cosine", "transition", "popular", "due", "bought"] {
        let table = run("recommend", &none, &json!({"method": method}));
        assert_eq!(table.len(), 0, "{method}: no products");
        assert_eq!(table.notes()["customers_with_fewer_than_k"], 2);
        assert_eq!(table.notes()["lines_without_item"], 2);
        let one = by_hand(&[
            (1, 0, &["tea"]),
            (2, 9, &["tea"]),
            (2, 5, &[""]),
            (3, 7, &[""]),
        ]);
        let table = run("recommend", &one, &json!({"method": method, "k": 2}));
        let given = match method {
            "due" | "bought" => vec!["c001", "c002", "c003"],
            _ => vec!["c003"],
        };
        assert_eq!(
            texts_of(&table, "customer_id"),
            given,
            "{method}: one product"
        );
        // All the same basket: nothing is new to anybody but what nobody has.
        let same: Vec<(u32, i32, &[&str])> = (0..20)
            .map(|customer| (customer, 0, &["a", "b", "c"][..]))
            .collect();
        let table = run("recommend", &by_hand(&same), &json!({"method": method}));
        let rows = if ["due", "bought"].contains(&method) {
            60
        } else {
            0
        };
        assert_eq!(table.len(), rows, "{method}: the same basket");
    }
    // A bag is in each basket: it says nothing about who buys jam, and is not left out either.
    let bags = by_hand(&[
        (1, 0, &["bag", "bread", "jam"]),
        (2, 0, &["bag", "bread", "jam"]),
        (3, 0, &["bag", "tea"]),
        (4, 0, &["bag", "tea"]),
        (5, 0, &["bag", "bread"]),
    ]);
    let table = run(
        "recommend",
        &bags,
        &json!({"k": 1, "customers": {"customer_id": "c005"}}),
    );
    assert_eq!(texts_of(&table, "product"), ["jam"]);
    assert_eq!(words(&table, "reason_item"), [Some("bread".to_owned())]);
    // Equal scores are by id: after bag alone bread (3 customers) is first, then jam and tea by cosine.
    let table = run(
        "recommend",
        &bags,
        &json!({"method": "popular", "exclude": "none", "k": 5}),
    );
    let first: Vec<String> = texts_of(&table, "product").into_iter().take(4).collect();
    assert_eq!(first, ["bag", "bread", "jam", "tea"]);
}

#[test]
fn candidates_customers_shops_and_dates() {
    let lines = random(5);
    let orders = shop(&lines);
    let request = json!({"as_of": day(150), "k": 4});
    let whole = lists(&run("recommend", &orders, &request));
    // `customers` chooses rows: the lists stay as they are.
    let mut some = request.clone();
    some["customers"] = json!({"customer_id": ["c003", "c011"]});
    let chosen = lists(&run("recommend", &orders, &some));
    assert_eq!(chosen.len(), 2);
    for (customer, rows) in &chosen {
        let found: Vec<&String> = rows.iter().map(|row| &row.product).collect();
        let expected: Vec<&String> = whole[customer].iter().map(|row| &row.product).collect();
        assert_eq!(found, expected);
    }
    // Each shop by itself is as if the others were not there.
    let mut by = request.clone();
    by["by"] = json!(["shop"]);
    let table = run("recommend", &orders, &by);
    for name in ["north", "south"] {
        let mut one = request.clone();
        one["where"] = json!({"shop": name});
        let alone = run("recommend", &orders, &one);
        let shops = texts_of(&table, "shop").into_iter();
        let rows = shops
            .zip(texts_of(&table, "product"))
            .filter(|row| row.0 == name);
        let products: Vec<String> = rows.map(|row| row.1).collect();
        assert_eq!(products, texts_of(&alone, "product"));
    }
    // Only what is in stock; one that nobody has bought is counted.
    let mut stock = request.clone();
    stock["candidates"] = json!(["p1", "p4", "new"]);
    let table = run("recommend", &orders, &stock);
    assert!(
        texts_of(&table, "product")
            .iter()
            .all(|p| p == "p1" || p == "p4")
    );
    assert_eq!(table.notes()["candidates"], 2);
    assert_eq!(table.notes()["candidates_without_order"], 1);
    // A list of dates is one after the other.
    let dates = json!({"as_of": [day(100), day(150)], "k": 4});
    let both = run("recommend", &orders, &dates);
    let first = run("recommend", &orders, &json!({"as_of": day(100), "k": 4}));
    let second = run("recommend", &orders, &request);
    let products: Vec<String> = [&first, &second]
        .iter()
        .flat_map(|table| texts_of(table, "product"))
        .collect();
    assert_eq!(texts_of(&both, "product"), products);
}

#[test]
fn large_customers_teach_nothing_and_get_lists() {
    let mut bought: Vec<(u32, i32, &[&str])> = vec![(0, 0, &["a", "b", "c", "d"])];
    for customer in 1..4 {
        bought.push((customer, 0, &["a", "b"]));
    }
    bought.push((4, 0, &["a"]));
    let orders = by_hand(&bought);
    let request = json!({"max_basket": 3, "k": 3, "min_count": 1});
    let table = run("recommend", &orders, &request);
    let of = lists(&table);
    let reasons: Vec<&str> = of["c004"].iter().map(|row| row.reason.as_str()).collect();
    // c and d are with a in the large basket only.
    assert_eq!(reasons, ["bought_with", "popular", "popular"]);
    assert_eq!(table.notes()["customers_too_large"], 1);
    let table = run("next_products", &orders, &json!({"max_basket": 3}));
    assert_eq!(
        (
            &table.notes()["customers"],
            &table.notes()["customers_too_large"]
        ),
        (&json!(5), &json!(1))
    );
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let orders = by_hand(&[(1, 0, &["tea"]), (1, 9, &["cup"])]);
    for (name, request, option) in [
        (
            "recommend",
            json!({"method": "due", "exclude": "bought"}),
            "exclude",
        ),
        ("recommend", json!({"k": 0}), "k"),
        ("recommend", json!({"half_life": "12h"}), "half_life"),
        ("recommend", json!({"neighbours": 0}), "neighbours"),
        ("recommend", json!({"level": "amount"}), "level"),
        (
            "backtest_recommend",
            json!({"methods": ["bought"], "exclude": "bought"}),
            "exclude",
        ),
        ("backtest_recommend", json!({"horizon": 0}), "horizon"),
        ("next_products", json!({"order": 0}), "order"),
        ("next_products", json!({"within": "90min"}), "within"),
        (
            "next_products",
            json!({"from_product": "hanako"}),
            "from_product",
        ),
    ] {
        let data = Dataset::Orders(&orders);
        let error = register::run(name, &data, &request.to_string(), &Context::default());
        let error = error.expect_err(option);
        assert_eq!(error.option_name(), Some(option), "{request}");
        assert!(!error.to_string().contains("hanako"), "{error}");
    }
    let data = Dataset::Orders(&orders);
    let error = register::run(
        "backtest_recommend",
        &data,
        r#"{"horizon": 30}"#,
        &Context::default(),
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        "needs at least 30 days of history before as_of, for the horizon asked about, found 9"
    );
}
