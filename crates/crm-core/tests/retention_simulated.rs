//! Retention tables against a second, slower computation: plain loops over the rows of a simulated
//! shop, written from the definitions. Counts and money agree exactly, means and rates to 1e-12.

use crm_core::data::{AmountUnit, Batch, ColumnValues, IdRef, OrdersSpec, Strings};
use crm_core::num::rng::Rng;
use crm_core::table::Cell;
use crm_core::{Context, Currency, Dataset, Day, Orders, Table, analysis};

/// Days since 1970 of the first simulated day, 2024-01-01, and of the date asked about, a month's
/// last: 2025-11-30.
const START: i32 = 19_723;
const AS_OF: i32 = 20_422;
const CHANNELS: [&str; 4] = ["ads", "mail", "search", "shop"];
const PRODUCTS: [&str; 7] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6"];

/// A line of an order, or a refund that stands alone.
#[derive(Clone, Debug)]
struct Line {
    customer: i64,
    order: usize,
    day: i32,
    minute: u32,
    amount: i64,
    channel: usize,
    product: usize,
    renewal: bool,
    cancelled: bool,
}

/// Orders of one line each with refunds as rows of their own, or orders of several lines.
fn lines(with_lines: bool, seed: u64) -> Vec<Line> {
    let mut lines = Vec::new();
    for customer in 0..300 {
        let mut rng = Rng::stream(seed, customer as u64);
        let mut day = START + rng.below(650) as i32;
        let mut minute = 0;
        let habit = rng.below(CHANNELS.len() as u64) as usize;
        while day <= AS_OF + 30 {
            minute += 1;
            let line = Line {
                customer,
                order: lines.len(),
                day,
                minute,
                amount: 500 + rng.below(9_000) as i64,
                channel: if rng.below(4) == 0 {
                    rng.below(4) as usize
                } else {
                    habit
                },
                product: rng.below(7) as usize,
                renewal: rng.below(3) == 0,
                cancelled: rng.below(12) == 0,
            };
            lines.push(line.clone());
            if with_lines {
                for _ in 0..rng.below(3) {
                    lines.push(Line {
                        amount: 500 + rng.below(9_000) as i64,
                        product: rng.below(7) as usize,
                        ..line.clone()
                    });
                }
            } else if rng.below(6) == 0 {
                minute += 1;
                lines.push(Line {
                    order: lines.len(),
                    day: day + rng.below(5) as i32,
                    minute,
                    amount: -(rng.below(400) as i64) - 1,
                    cancelled: false,
                    ..line
                });
            }
            if rng.below(4) == 0 {
                break;
            }
            // Some order twice a day.
            day += if rng.below(8) == 0 {
                0
            } else {
                1 + rng.below(90) as i32
            };
        }
    }
    lines
}

fn orders(lines: &[Line], with_lines: bool) -> Orders {
    let text = |cell: &dyn Fn(&Line) -> String| {
        let texts: Vec<String> = lines.iter().map(cell).collect();
        Strings::collect(texts.iter().map(|t| t.as_bytes())).unwrap()
    };
    let int = |cell: &dyn Fn(&Line) -> i64| ColumnValues::Int {
        values: lines.iter().map(cell).collect::<Vec<_>>().into(),
        bits: 64,
    };
    let at = |l: &Line| {
        format!(
            "{}T{:02}:{:02}:00",
            Day(l.day),
            l.minute / 60,
            l.minute % 60
        )
    };
    let words = |cell: &dyn Fn(&Line) -> &'static str| {
        ColumnValues::Text(text(&|l: &Line| cell(l).to_owned())).into()
    };
    let batch: Batch = vec![
        ("customer_id".into(), int(&|l| l.customer).into()),
        ("order_id".into(), int(&|l| l.order as i64).into()),
        ("ordered_at".into(), ColumnValues::Cells(text(&at)).into()),
        ("amount".into(), int(&|l| l.amount).into()),
        ("channel".into(), words(&|l| CHANNELS[l.channel])),
        ("product".into(), words(&|l| PRODUCTS[l.product])),
        (
            "kind".into(),
            words(&|l| if l.renewal { "sub_renewal" } else { "one_off" }),
        ),
        (
            "status".into(),
            words(&|l| {
                if l.cancelled {
                    "cancelled"
                } else {
                    "completed"
                }
            }),
        ),
    ];
    let spec = OrdersSpec {
        currency: Some(Currency::USD),
        amount_unit: AmountUnit::Minor,
        order_id: with_lines.then(|| "order_id".into()),
        channel: Some("channel".into()),
        product: Some("product".into()),
        kind: Some("kind".into()),
        status: Some("status".into()),
        timezone: Some("Asia/Tokyo".into()),
        ..OrdersSpec::default()
    };
    Orders::from_batches(&spec, &[batch], None, &Context::default()).unwrap()
}

/// An order of the slow computation; `refund` is a row that is none.
#[derive(Clone, Debug)]
struct Order {
    day: i32,
    amount: i64,
    channel: usize,
    /// That of the line with the greatest amount, equal ones the first by name.
    product: usize,
    products: Vec<usize>,
    renewal: bool,
    refund: bool,
}

/// The rows of each customer that count, in the order of time.
fn histories(lines: &[Line], keep: impl Fn(&Order) -> bool) -> Vec<Vec<Order>> {
    let mut customers = vec![Vec::new(); 300];
    let mut sorted: Vec<&Line> = lines.iter().collect();
    sorted.sort_by_key(|l| (l.customer, l.day, l.minute, l.order));
    for group in sorted.chunk_by(|a, b| a.order == b.order) {
        let main = group
            .iter()
            .max_by_key(|l| (l.amount, std::cmp::Reverse(l.product)))
            .unwrap();
        let amount = group.iter().map(|l| l.amount).sum();
        let order = Order {
            day: main.day,
            amount,
            channel: main.channel,
            product: main.product,
            products: group.iter().map(|l| l.product).collect(),
            renewal: main.renewal,
            refund: amount < 0,
        };
        if !main.cancelled && order.day <= AS_OF && keep(&order) {
            customers[main.customer as usize].push(order);
        }
    }
    customers
}

/// Histories from the first order that is an origin; customers without one are gone.
fn since(histories: Vec<Vec<Order>>, origin: impl Fn(&Order) -> bool) -> Vec<Vec<Order>> {
    let from = |h: Vec<Order>| {
        let first = h.iter().position(|o| !o.refund && origin(o))?;
        Some(h[first..].to_vec())
    };
    histories.into_iter().filter_map(from).collect()
}

/// A customer's purchases: orders, or days with orders; refunds added to the one before.
fn purchases(history: &[Order], by_day: bool, refunds: bool) -> Vec<(i32, i64)> {
    let mut purchases: Vec<(i32, i64)> = Vec::new();
    for order in history {
        match purchases.last_mut() {
            Some(last) if order.refund => last.1 += if refunds { order.amount } else { 0 },
            Some(last) if by_day && last.0 == order.day => last.1 += order.amount,
            _ => purchases.push((order.day, order.amount)),
        }
    }
    purchases
}

/// `1 − S(t)` by the definition, and whether anybody was at risk.
fn kaplan_meier(waits: &[(i32, bool)], t: i32) -> Option<f64> {
    if !waits.iter().any(|w| w.0 >= t) {
        return None;
    }
    let mut survival = 1.0;
    for s in 0..=t {
        let at_risk = waits.iter().filter(|w| w.0 >= s).count() as f64;
        let events = waits.iter().filter(|w| w.1 && w.0 == s).count() as f64;
        if at_risk > 0.0 {
            survival *= 1.0 - events / at_risk;
        }
    }
    Some(1.0 - survival)
}

fn run(name: &str, orders: &Orders, request: &str) -> Table {
    let request = format!("{{\"as_of\": \"{}\"{request}}}", Day(AS_OF));
    analysis::run(
        name,
        &Dataset::Orders(orders),
        &request,
        &Context::default(),
    )
    .unwrap()
}

fn numbers(table: &Table, name: &str) -> Vec<Option<f64>> {
    let column = table.column(name).unwrap_or_else(|| panic!("{name}"));
    let number = |row| match column.cell(row) {
        Cell::Null => None,
        Cell::Int(v) | Cell::Money(v, _) => Some(v as f64),
        Cell::Float(v) => Some(v),
        Cell::Date(day) => Some(f64::from(day.0)),
        _ => panic!("{name} is not a number"),
    };
    (0..table.len()).map(number).collect()
}

fn texts(table: &Table, name: &str) -> Vec<String> {
    let column = table.column(name).unwrap();
    let text = |row| match column.cell(row) {
        Cell::Text(text) => text.to_owned(),
        Cell::Id(IdRef::Text(text)) => text.into_owned(),
        _ => panic!("{name} is not a text"),
    };
    (0..table.len()).map(text).collect()
}

fn agree(table: &Table, name: &str, expected: &[Option<f64>]) {
    let found = numbers(table, name);
    assert_eq!(found.len(), expected.len(), "{name}: rows");
    for (row, (a, b)) in found.iter().zip(expected).enumerate() {
        let close = match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-12 * b.abs().max(1.0),
            (a, b) => a == b,
        };
        assert!(close, "{name}, row {row}: {a:?} is not {b:?}");
    }
}

fn some(values: impl IntoIterator<Item = f64>) -> Vec<Option<f64>> {
    values.into_iter().map(Some).collect()
}

fn median(mut values: Vec<i32>) -> Option<f64> {
    values.sort();
    let n = values.len();
    (n > 0).then(|| f64::from(values[(n - 1) / 2] + values[n / 2]) / 2.0)
}

#[test]
fn purchase_counts() {
    for (with_lines, by_day) in [(false, false), (false, true), (true, false)] {
        let lines = lines(with_lines, 1);
        let request = match by_day {
            true => r#", "occasion": "day", "up_to": 9"#,
            false => r#", "up_to": 9"#,
        };
        let table = run("purchase_counts", &orders(&lines, with_lines), request);
        let customers = since(histories(&lines, |_| true), |_| true);
        let customers: Vec<_> = customers
            .iter()
            .map(|h| purchases(h, by_day, true))
            .collect();
        let ks = 0..table.len();
        assert_eq!(ks.len(), 9);
        let with = |k: usize| customers.iter().filter(move |p| p.len() > k);
        let exactly = |k: usize| customers.iter().filter(move |p| p.len() == k + 1);
        let silent = |p: &Vec<(i32, i64)>| AS_OF - p.last().unwrap().0;
        let count = |n: usize| n as f64;
        agree(
            &table,
            "reach",
            &some(ks.clone().map(|k| count(with(k).count()))),
        );
        agree(
            &table,
            "continued",
            &some(ks.clone().map(|k| count(with(k + 1).count()))),
        );
        let churned = |k| exactly(k).filter(|p| silent(p) >= 180).count();
        agree(
            &table,
            "churned",
            &some(ks.clone().map(|k| count(churned(k)))),
        );
        agree(
            &table,
            "pending",
            &some(ks.clone().map(|k| count(exactly(k).count() - churned(k)))),
        );
        let revenue = |k: usize| with(k).map(|p| p[k].1).sum::<i64>() as f64 / 100.0;
        let mean = |k| revenue(k) / count(with(k).count());
        agree(&table, "mean_order_value", &some(ks.clone().map(mean)));
        let ltv = |k| (0..=k).map(revenue).sum::<f64>() / count(customers.len());
        agree(&table, "cumulative_ltv", &some(ks.clone().map(ltv)));
        let gaps = |k: usize| median(with(k + 1).map(|p| p[k + 1].0 - p[k].0).collect());
        agree(
            &table,
            "median_days",
            &ks.clone().map(gaps).collect::<Vec<_>>(),
        );
        let km = |k: usize| {
            let waits = waits(&customers, k);
            (0..=700).find(|t| kaplan_meier(&waits, *t).is_some_and(|f| f >= 0.5 - 1e-12))
        };
        let km = ks.map(|k| km(k).map(f64::from));
        agree(&table, "km_median_days", &km.collect::<Vec<_>>());
    }
}

/// Waits from the k-th purchase (counted from 0) to the next or to the date.
fn waits(customers: &[Vec<(i32, i64)>], k: usize) -> Vec<(i32, bool)> {
    let wait = |p: &Vec<(i32, i64)>| match p.get(k + 1) {
        Some(next) => (next.0 - p[k].0, true),
        None => (AS_OF - p[k].0, false),
    };
    customers.iter().filter(|p| p.len() > k).map(wait).collect()
}

#[test]
fn repeat_rates_by_three_estimators() {
    let lines = lines(false, 2);
    let orders = orders(&lines, false);
    let customers = since(histories(&lines, |_| true), |_| true);
    let customers: Vec<_> = customers.iter().map(|h| purchases(h, true, true)).collect();
    for k in 0..3 {
        let waits = waits(&customers, k);
        for within in [0, 30, 90, 365] {
            let request = |method: &str| {
                format!(
                    r#", "to": {}, "within": {within}, "method": "{method}""#,
                    k + 2
                )
            };
            let km = run("repeat_rate", &orders, &request("kaplan_meier"));
            agree(&km, "repeat_rate", &[kaplan_meier(&waits, within)]);
            let ratio = run("repeat_rate", &orders, &request("ratio"));
            let share = |part: usize, all: usize| Some(part as f64 / all as f64);
            let continued = waits.iter().filter(|w| w.1).count();
            agree(&ratio, "repeat_rate", &[share(continued, waits.len())]);
            let matured = run("repeat_rate", &orders, &request("matured"));
            let old = customers
                .iter()
                .filter(|p| p.len() > k && AS_OF - p[k].0 >= within);
            let did = |p: &&Vec<(i32, i64)>| p.get(k + 1).is_some_and(|n| n.0 - p[k].0 <= within);
            let did = old.clone().filter(did).count();
            agree(&matured, "repeated", &[Some(did as f64)]);
            agree(&matured, "repeat_rate", &[share(did, old.count())]);
        }
        let in_window = |p: &&Vec<(i32, i64)>| {
            p.len() > k && p[k].0 - p[0].0 <= 60 && AS_OF - p[0].0 >= 60 + 45
        };
        let cohort: Vec<_> = customers.iter().filter(in_window).cloned().collect();
        let request = format!(r#", "to": {}, "within": 45, "cohort_window": "60d""#, k + 2);
        let table = run("repeat_rate", &orders, &request);
        agree(&table, "customers", &[Some(cohort.len() as f64)]);
        agree(
            &table,
            "repeat_rate",
            &[kaplan_meier(&crate::waits(&cohort, k), 45)],
        );
    }
}

#[test]
fn lead_times() {
    let lines = lines(false, 3);
    let table = run("lead_times", &orders(&lines, false), r#", "to": 3"#);
    let customers = since(histories(&lines, |_| true), |_| true);
    let customers: Vec<_> = customers.iter().map(|h| purchases(h, true, true)).collect();
    let waits = waits(&customers, 1);
    let longest = waits.iter().filter(|w| w.1).map(|w| w.0).max().unwrap();
    let steps = 0..longest / 30 + 1;
    let ended = |s: i32| waits.iter().filter(|w| w.1 && w.0 / 30 == s).count() as f64;
    agree(&table, "customers", &some(steps.clone().map(ended)));
    let all: f64 = steps.clone().map(ended).sum();
    agree(
        &table,
        "share",
        &some(steps.clone().map(|s| ended(s) / all)),
    );
    let rates: Vec<_> = steps.map(|s| kaplan_meier(&waits, s * 30 + 29)).collect();
    agree(&table, "cumulative_rate", &rates);
}

/// A customer as cohorts see one: origin, purchases (day), money (day, amount).
struct Member {
    key: i64,
    origin: i32,
    purchases: Vec<i32>,
    money: Vec<(i32, i64)>,
}

fn members(customers: Vec<Vec<Order>>, key: impl Fn(&Order) -> i64) -> Vec<Member> {
    let member = |h: Vec<Order>| Member {
        key: key(&h[0]),
        origin: h[0].day,
        purchases: h.iter().filter(|o| !o.refund).map(|o| o.day).collect(),
        money: h.iter().map(|o| (o.day, o.amount)).collect(),
    };
    customers.into_iter().map(member).collect()
}

fn month_index(day: i32) -> i32 {
    let text = Day(day).to_string();
    text[..4].parse::<i32>().unwrap() * 12 + text[5..7].parse::<i32>().unwrap()
}

fn month_start(day: i32) -> i32 {
    (day - 40..=day)
        .find(|d| month_index(*d) == month_index(day))
        .unwrap()
}

#[test]
fn cohorts_by_month_in_days_and_months() {
    let lines = lines(false, 4);
    let orders = orders(&lines, false);
    let key = |o: &Order| i64::from(month_start(o.day));
    let members = members(since(histories(&lines, |_| true), |_| true), key);
    let mut months: Vec<i64> = members.iter().map(|m| m.key).collect();
    months.sort();
    months.dedup();
    for (request, in_months, complete) in [
        ("", false, true),
        (r#", "cells": "members""#, false, false),
        (r#", "step": "month""#, true, true),
    ] {
        let table = run("cohorts", &orders, request);
        // Elapsed time of a day, and how long one is watched, by brute force.
        let age = |origin: i32, day: i32| match in_months {
            true => month_index(day) - month_index(origin),
            false => day - origin,
        };
        // AS_OF is the last day of a month.
        let watched = |origin: i32| age(origin, AS_OF);
        let (step, last) = if in_months { (1, 24) } else { (30, 720) };
        let mut rows = Vec::new();
        for month in &months {
            let cohort: Vec<&Member> = members.iter().filter(|m| m.key == *month).collect();
            let end = (*month as i32..).find(|d| month_index(d + 1) != month_index(*month as i32));
            for t in (0..=last).step_by(step as usize) {
                let old: Vec<_> = cohort.iter().filter(|m| watched(m.origin) >= t).collect();
                let closed = watched(end.unwrap()) >= t;
                if old.is_empty() || complete && !closed {
                    continue;
                }
                let by_then = |m: &Member, day: i32| age(m.origin, day) <= t;
                let money = |m: &&&Member| {
                    let seen = m.money.iter().filter(|(day, _)| by_then(m, *day));
                    seen.map(|(_, amount)| *amount).sum::<i64>()
                };
                let bought = |m: &&&Member| m.purchases.iter().filter(|d| by_then(m, **d)).count();
                let active = |m: &&&&Member| {
                    let in_step = |d: &&i32| {
                        let age = age(m.origin, **d);
                        age <= t && (age > t - step)
                    };
                    m.purchases.iter().any(|d| in_step(&d))
                };
                let n = old.len() as f64;
                let revenue = old.iter().map(|m| money(m)).sum::<i64>() as f64;
                rows.push([
                    *month as f64,
                    f64::from(t),
                    cohort.len() as f64,
                    n,
                    revenue,
                    revenue / 100.0 / n,
                    old.iter().map(|m| bought(m)).sum::<usize>() as f64,
                    old.iter().filter(|m| bought(m) > 1).count() as f64 / n,
                    old.iter().filter(|m| active(m)).count() as f64,
                ]);
            }
        }
        let names = [
            "cohort",
            "elapsed",
            "cohort_customers",
            "customers",
            "revenue",
            "cumulative_ltv",
            "orders",
            "repeat_rate",
            "active",
        ];
        for (i, name) in names.into_iter().enumerate() {
            agree(&table, name, &some(rows.iter().map(|r| r[i])));
        }
    }
}

#[test]
fn cohorts_that_span_periods_use_the_mean_cumulative_function() {
    let lines = lines(false, 5);
    let orders = orders(&lines, false);
    let key = |o: &Order| o.channel as i64;
    let members = members(since(histories(&lines, |_| true), |_| true), key);
    let table = run("cohorts", &orders, r#", "rows": "channel""#);
    let (mut ltv, mut per_customer, mut repeat, mut names) = (vec![], vec![], vec![], vec![]);
    for (channel, name) in CHANNELS.iter().enumerate() {
        let cohort: Vec<_> = members.iter().filter(|m| m.key == channel as i64).collect();
        for t in (0..=720).step_by(30) {
            if !cohort.iter().any(|m| AS_OF - m.origin >= t) {
                continue;
            }
            let (mut money, mut count) = (0.0, 0.0);
            for u in 0..=t {
                let watched = cohort.iter().filter(|m| AS_OF - m.origin >= u).count() as f64;
                let at_u = |m: &&Member, day: i32| day - m.origin == u;
                let revenue = cohort.iter().flat_map(|m| {
                    m.money
                        .iter()
                        .filter(move |(d, _)| at_u(m, *d))
                        .map(|(_, a)| *a)
                });
                money += revenue.sum::<i64>() as f64 / 100.0 / watched;
                let bought = cohort
                    .iter()
                    .flat_map(|m| m.purchases.iter().filter(move |d| at_u(m, **d)));
                count += bought.count() as f64 / watched;
            }
            let waits: Vec<(i32, bool)> = cohort
                .iter()
                .map(|m| match m.purchases.get(1) {
                    Some(second) => (second - m.origin, true),
                    None => (AS_OF - m.origin, false),
                })
                .collect();
            ltv.push(Some(money));
            per_customer.push(Some(count));
            repeat.push(kaplan_meier(&waits, t));
            names.push((*name).to_owned());
        }
    }
    assert_eq!(texts(&table, "cohort"), names);
    agree(&table, "cumulative_ltv", &ltv);
    agree(&table, "orders_per_customer", &per_customer);
    agree(&table, "repeat_rate", &repeat);
}

#[test]
fn first_products_and_other_origins() {
    let lines = lines(true, 6);
    let orders = orders(&lines, true);
    for (request, origin) in [
        ("", None),
        (r#", "origin": {"product": ["p1", "p2"]}"#, Some([1, 2])),
    ] {
        let table = run("first_product", &orders, request);
        let chosen =
            |o: &Order| origin.is_none_or(|origin| o.products.iter().any(|p| origin.contains(p)));
        let key = |o: &Order| o.product as i64;
        let members = members(since(histories(&lines, |_| true), chosen), key);
        let groups: Vec<Vec<&Member>> = (0..7)
            .map(|p| members.iter().filter(|m| m.key == p).collect::<Vec<_>>())
            .filter(|g| !g.is_empty())
            .collect();
        agree(
            &table,
            "customers",
            &some(groups.iter().map(|g| g.len() as f64)),
        );
        let revenue = |g: &Vec<&Member>| {
            g.iter()
                .flat_map(|m| &m.money)
                .map(|(_, amount)| *amount)
                .sum::<i64>() as f64
        };
        agree(&table, "revenue", &some(groups.iter().map(revenue)));
        let ltv_90 = |g: &Vec<&Member>| {
            let mut ltv = 0.0;
            for u in 0..=90 {
                let watched = g.iter().filter(|m| AS_OF - m.origin >= u).count() as f64;
                let money = g
                    .iter()
                    .flat_map(|m| m.money.iter().map(move |(d, a)| (d - m.origin, *a)));
                ltv += money.filter(|(d, _)| *d == u).map(|(_, a)| a).sum::<i64>() as f64 / watched;
            }
            ltv / 100.0
        };
        agree(&table, "ltv_90", &some(groups.iter().map(ltv_90)));
    }
}

#[test]
fn flow_of_subscriptions_by_channel() {
    let lines = lines(false, 7);
    let orders = orders(&lines, false);
    let request = r#", "of": "channel", "top": 2, "up_to": 4, "kinds": ["sub_renewal"]"#;
    let table = run("purchase_flow", &orders, request);
    let customers = since(histories(&lines, |o| o.renewal), |_| true);
    let customers: Vec<Vec<Order>> = customers
        .into_iter()
        .map(|h| h.into_iter().filter(|o| !o.refund).collect())
        .collect();
    let bought = |c: usize| {
        let first_four = customers.iter().flat_map(|h| h.iter().take(4));
        first_four.filter(|o| o.channel == c).count()
    };
    let mut top = [0, 1, 2, 3];
    top.sort_by_key(|c| (std::cmp::Reverse(bought(*c)), *c));
    let name = |c: usize| match top[..2].contains(&c) {
        true => CHANNELS[c].to_owned(),
        false => "(other)".to_owned(),
    };
    let (ks, sources, targets) = (
        numbers(&table, "k"),
        texts(&table, "source"),
        texts(&table, "target"),
    );
    let (counts, all) = (
        numbers(&table, "customers"),
        numbers(&table, "source_customers"),
    );
    let mut seen = 0.0;
    for row in 0..table.len() {
        let k = ks[row].unwrap() as usize;
        let at = |h: &&Vec<Order>| h.len() >= k && name(h[k - 1].channel) == sources[row];
        let from: Vec<_> = customers.iter().filter(at).collect();
        let to = |h: &&&Vec<Order>| match h.get(k) {
            Some(next) => name(next.channel) == targets[row],
            None if AS_OF - h[k - 1].day >= 180 => targets[row] == "(churned)",
            None => targets[row] == "(pending)",
        };
        assert_eq!(all[row], Some(from.len() as f64), "row {row}");
        assert_eq!(
            counts[row],
            Some(from.iter().filter(to).count() as f64),
            "row {row}"
        );
        seen += counts[row].unwrap();
    }
    // Nobody is left out: each of the first three purchases has one link.
    let expected: usize = customers.iter().map(|h| h.len().min(3)).sum();
    assert_eq!(seen, expected as f64);
}

#[test]
fn acquisition_by_channel_and_payback() {
    let lines = lines(false, 8);
    let orders = orders(&lines, false);
    let request = r#", "costs": {"ads": 1500.5, "mail": 900}, "margin": 0.4, "from": "2024-03-01", "to": "2024-12-31""#;
    let table = run("acquisition", &orders, request);
    let members = members(since(histories(&lines, |_| true), |_| true), |o| {
        o.channel as i64
    });
    let (from, to) = (START + 60, START + 365);
    let group = |c: usize| {
        let of = move |m: &&Member| m.key == c as i64 && (from..=to).contains(&m.origin);
        members.iter().filter(of).collect::<Vec<_>>()
    };
    let groups: Vec<_> = (0..4).map(group).collect();
    let costs = [Some(1500.5), Some(900.0), None, None];
    let n = |g: &Vec<&Member>| g.len() as f64;
    let revenue = |g: &Vec<&Member>| {
        g.iter()
            .flat_map(|m| &m.money)
            .map(|(_, a)| *a)
            .sum::<i64>() as f64
            / 100.0
    };
    let rows = || groups.iter().zip(costs);
    agree(&table, "customers", &some(groups.iter().map(n)));
    agree(
        &table,
        "cac",
        &rows().map(|(g, c)| Some(c? / n(g))).collect::<Vec<_>>(),
    );
    agree(
        &table,
        "roas",
        &rows()
            .map(|(g, c)| Some(revenue(g) / c?))
            .collect::<Vec<_>>(),
    );
    let roi = |(g, c): (&Vec<&Member>, Option<f64>)| Some((revenue(g) * 0.4 - c?) / c?);
    agree(&table, "roi_margin", &rows().map(roi).collect::<Vec<_>>());
    let payback = |(g, c): (&Vec<&Member>, Option<f64>)| {
        let cac = c? / n(g);
        let mut ltv = 0.0;
        (0..=AS_OF - START).find(|u| {
            let watched = g.iter().filter(|m| AS_OF - m.origin >= *u).count() as f64;
            let money = g
                .iter()
                .flat_map(|m| m.money.iter().map(move |(d, a)| (d - m.origin, *a)));
            let at_u = money.filter(|(d, _)| d == u).map(|(_, a)| a).sum::<i64>() as f64;
            ltv += if watched > 0.0 {
                at_u / 100.0 / watched
            } else {
                0.0
            };
            ltv * 0.4 >= cac
        })
    };
    let expected: Vec<_> = rows().map(|row| payback(row).map(f64::from)).collect();
    assert!(expected[0].is_some_and(|day| day > 0.0));
    agree(&table, "payback_day", &expected);
}

/// `customers` chooses rows: the counts are those of the chosen alone.
#[test]
fn chosen_customers_are_the_only_ones_counted() {
    let lines = lines(false, 9);
    let chosen: Vec<Line> = lines.iter().filter(|l| l.customer < 100).cloned().collect();
    let (all, few) = (orders(&lines, false), orders(&chosen, false));
    let filter = r#", "customers": {"customer_id": {"to": 99}}"#;
    for (name, options) in [
        ("purchase_counts", ""),
        ("repeat_rate", ""),
        ("lead_times", ""),
        ("lead_time_quantiles", ""),
        ("cohorts", r#", "rows": "channel""#),
        ("purchase_flow", ""),
        ("first_product", ""),
        ("acquisition", r#", "costs": {"ads": 100}"#),
    ] {
        let a = run(name, &all, &format!("{options}{filter}"));
        let b = run(name, &few, options);
        assert!(b.len() > 0, "{name}");
        for column in b.columns() {
            let other = a.column(column.name()).unwrap();
            assert!(
                (0..b.len()).all(|row| column.cell(row) == other.cell(row)),
                "{name}"
            );
        }
        assert_eq!(a.len(), b.len(), "{name}");
    }
}

/// What any shop's tables must satisfy, whatever its rows.
#[test]
fn what_adds_up_adds_up() {
    for seed in 10..20 {
        let with_lines = seed % 2 == 0;
        let mut lines = lines(with_lines, seed);
        let shop = orders(&lines, with_lines);
        let sum = |table: &Table, name: &str| numbers(table, name).iter().flatten().sum::<f64>();
        let counts = run("purchase_counts", &shop, r#", "up_to": 1000"#);
        let column = |name| numbers(&counts, name);
        let (reach, continued) = (column("reach"), column("continued"));
        let (churned, pending) = (column("churned"), column("pending"));
        for k in 0..counts.len() {
            let parts = [continued[k], churned[k], pending[k]];
            assert_eq!(reach[k], Some(parts.iter().flatten().sum()), "k {}", k + 1);
            assert_eq!(
                continued[k],
                Some(reach.get(k + 1).copied().flatten().unwrap_or(0.0))
            );
        }
        // Everybody stops somewhere, begins in one month, and comes by one channel.
        let everybody = reach[0].unwrap();
        assert_eq!(sum(&counts, "churned") + sum(&counts, "pending"), everybody);
        let months = run("cohorts", &shop, r#", "up_to": 0, "cells": "members""#);
        assert_eq!(sum(&months, "customers"), everybody);
        let channels = run("acquisition", &shop, "");
        assert_eq!(sum(&channels, "customers"), everybody);
        let products = run("first_product", &shop, "");
        assert_eq!(sum(&products, "revenue"), sum(&channels, "revenue"));
        // Where everybody has been watched, the mean cumulative function is the plain mean.
        let options = r#", "rows": "month", "cells": "mean_cumulative""#;
        let means = run("cohorts", &shop, options);
        let plain = run("cohorts", &shop, r#", "cells": "members""#);
        let whole = numbers(&means, "customers") == numbers(&plain, "customers");
        assert!(whole && means.len() > 100);
        let old = numbers(&means, "cohort_customers");
        for row in 0..means.len() {
            if numbers(&means, "customers")[row] == old[row] {
                let [a, b] = [&means, &plain].map(|t| numbers(t, "cumulative_ltv")[row].unwrap());
                assert!(
                    (a - b).abs() <= 1e-12 * b.abs(),
                    "row {row}: {a} is not {b}"
                );
            }
        }
        // The order of rows does not matter.
        lines.reverse();
        let again = orders(&lines, with_lines);
        for (name, options) in [
            ("purchase_counts", r#", "up_to": 1000"#),
            ("cohorts", r#", "rows": "product""#),
            ("purchase_flow", ""),
            ("first_product", ""),
            ("acquisition", ""),
        ] {
            assert_eq!(
                run(name, &shop, options),
                run(name, &again, options),
                "{name}"
            );
        }
    }
}
