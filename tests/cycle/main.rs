//! Purchase cycles of a small town: each column of the analyses from days that the test counts itself.

mod alerts;
mod buyers;
mod card;
mod per;
mod predictions;
mod seasons;
mod sweep;

use crm_core::cycle::fit;
use crm_core::cycle::gap_model::{History, Model};
use crm_core::num::rng::Rng;
use crm_core::{Context, Dataset, Day, Orders, Table, register};
use crm_tests::{batch, ints, numbers, orders, texts, times, words};
use serde_json::{Value, json};

/// The day `offset` days after the first of 2024.
fn day(offset: i32) -> Day {
    let start: Day = "2024-01-01".parse().expect("a day");
    Day(start.0 + offset)
}

/// A customer: an id, and days with amounts, ascending; a day may come twice.
type Person = (String, Vec<(i32, i64)>);

/// Customers of many rhythms: regular and not, of one order, of two orders on one day, of a gap of six years.
fn town() -> Vec<Person> {
    let mut people = Vec::new();
    for k in 0..30_u64 {
        let mut rng = Rng::stream(77, k);
        let usual = 14.0 + 4.0 * (k % 9) as f64;
        let mut at = (k * 11 % 90) as i32;
        let mut days = Vec::new();
        for n in 0..1 + k * 5 % 9 {
            days.push((at, 1_000 + 130 * (k as i64 % 4) + 7 * n as i64));
            if (k + n) % 7 == 3 {
                days.push((at, 450));
            }
            at += (usual * (0.6 + 0.8 * rng.uniform())) as i32;
        }
        people.push((format!("p{k:02}"), days));
    }
    people.push(("old".into(), vec![(-2_300, 800), (20, 900)]));
    people.push(("new".into(), vec![(400, 5_000)]));
    people.push(("later".into(), vec![(401, 5_000)]));
    people.sort();
    people
}

fn shop(people: &[Person]) -> Orders {
    shop_in("JPY", people)
}

/// The shop in a currency.
fn shop_in(currency: &str, people: &[Person]) -> Orders {
    let rows: Vec<(&str, String, i64)> = people
        .iter()
        .flat_map(|(id, days)| {
            days.iter()
                .map(|(at, yen)| (id.as_str(), day(*at).to_string(), *yen))
        })
        .collect();
    let columns = [
        (
            "customer_id",
            texts(&rows.iter().map(|row| row.0).collect::<Vec<_>>()),
        ),
        (
            "ordered_at",
            times(&rows.iter().map(|row| row.1.as_str()).collect::<Vec<_>>()),
        ),
        (
            "amount",
            ints(&rows.iter().map(|row| row.2).collect::<Vec<_>>()),
        ),
    ];
    orders(&format!(r#"{{"currency": "{currency}"}}"#), batch(&columns)).expect("orders")
}

fn try_run(name: &str, orders: &Orders, as_of: i32, options: &Value) -> crm_core::Result<Table> {
    let mut request = options.clone();
    request["as_of"] = json!(day(as_of));
    let data = Dataset::Orders(orders);
    register::run(name, &data, &request.to_string(), &Context::default())
}

fn run(name: &str, orders: &Orders, as_of: i32, options: &Value) -> Table {
    try_run(name, orders, as_of, options)
        .unwrap_or_else(|error| panic!("{name} {options}: {error}"))
}

/// What is known of a customer on a day: days of purchase, gaps, days since the last, revenue.
struct Known {
    id: String,
    days: Vec<i32>,
    gaps: Vec<u32>,
    open: u32,
    revenue: i64,
}

impl Known {
    fn last(&self) -> i32 {
        *self.days.last().expect("a day")
    }

    /// Mean value of a purchase day.
    fn per_day(&self) -> f64 {
        self.revenue as f64 / self.days.len() as f64
    }
}

/// The customers known on a day, by id.
fn known(people: &[Person], as_of: i32) -> Vec<Known> {
    let mut all = Vec::new();
    for (id, orders) in people {
        let so_far: Vec<_> = orders.iter().filter(|(at, _)| *at <= as_of).collect();
        let mut days: Vec<i32> = so_far.iter().map(|(at, _)| *at).collect();
        days.dedup();
        let Some(&last) = days.last() else { continue };
        all.push(Known {
            id: id.clone(),
            gaps: days
                .windows(2)
                .map(|two| (two[1] - two[0]) as u32)
                .collect(),
            open: (as_of - last) as u32,
            revenue: so_far.iter().map(|(_, yen)| yen).sum(),
            days,
        });
    }
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all
}

/// The gap model of these customers and their histories.
fn model(all: &[Known]) -> (Model, Vec<History>) {
    let histories: Vec<History> = all.iter().map(|one| History::new(&one.gaps)).collect();
    let open: Vec<u32> = all.iter().map(|one| one.open).collect();
    let fitted = fit::fit(
        &histories,
        &open,
        &fit::Options::default(),
        &crm_core::Context::default(),
    )
    .expect("a fit");
    let most = histories.iter().map(|h| h.gaps).max().expect("customers");
    let model = Model::new(&fitted.params, 0..=most).expect("a model");
    (model, histories)
}

/// Ids of a table's rows.
fn ids(table: &Table) -> Vec<String> {
    words(table, "customer_id").into_iter().flatten().collect()
}

/// A column of days, as offsets.
fn offsets(table: &Table, name: &str) -> Vec<Option<i32>> {
    let days = numbers(table, name);
    days.into_iter()
        .map(|cell| cell.map(|at| at as i32 - day(0).0))
        .collect()
}
