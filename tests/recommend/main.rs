//! What is bought next and what to recommend: each cell computed a second time from the lines of random shops, slowly and as the
//! definitions are written; and a backtest that sees nothing after its date.

mod backtest;
mod blend;
mod by_hand;
mod lists;
mod next_products;

use crm_core::columns::Batch;
use crm_core::{Context, Dataset, Day, Orders, Table, register};
use crm_tests::{batch, ints, numbers, optional_texts, orders, reals, texts, times, words};
use serde_json::Value;
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

fn texts_of(table: &Table, name: &str) -> Vec<String> {
    words(table, name).into_iter().map(Option::unwrap).collect()
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
