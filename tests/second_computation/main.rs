//! The same numbers a second time, the slow and obvious way: lines into orders with maps, scores
//! by counting who is worse, deciles by sorting. Nothing here calls the code under test but to
//! compare with it.

mod segments;

use crm_core::columns::{Batch, ColumnValues};
use crm_core::{Context, Dataset, register};
use crm_tests::{STORE, numbers, orders, reals, store, words};
use std::collections::{BTreeMap, BTreeSet};

const DAY: i64 = 86_400_000_000;
/// Tokyo has had one offset since 1951.
const TOKYO: i64 = 9 * 3_600_000_000;

#[derive(Debug, Clone)]
struct Order {
    id: String,
    customer: Option<String>,
    day: i64,
    gross: i64,
    discount: i64,
    refunded: i64,
    positive: bool,
    status: String,
    kind: String,
}

impl Order {
    fn net(&self) -> i64 {
        self.gross - self.discount - self.refunded
    }

    fn counts(&self) -> bool {
        let full_refund = self.gross <= 0 && self.positive || self.refunded > 0 && self.net() <= 0;
        ["completed", "pending"].contains(&self.status.as_str())
            && ["one_off", "sub_first", "sub_renewal"].contains(&self.kind.as_str())
            && !full_refund
    }
}

fn text(batch: &Batch, name: &str, row: usize) -> Option<String> {
    let (_, column) = batch.iter().find(|(n, _)| n == name).expect("a column");
    let ColumnValues::Text(texts) = &column.values else {
        panic!("{name} is no text")
    };
    column
        .is_valid(row)
        .then(|| String::from_utf8(texts.bytes(row).to_vec()).expect("UTF-8"))
}

fn number(batch: &Batch, name: &str, row: usize) -> i64 {
    let (_, column) = batch.iter().find(|(n, _)| n == name).expect("a column");
    match &column.values {
        ColumnValues::Int { values, .. } | ColumnValues::Time { values, .. } => values[row],
        _ => panic!("{name} is no number"),
    }
}

fn naive(batch: &Batch) -> Vec<Order> {
    let mut orders: BTreeMap<String, Order> = BTreeMap::new();
    for row in 0..crm_tests::rows(batch) {
        let id = text(batch, "order_id", row).expect("an order id");
        let day = (number(batch, "ordered_at", row) + TOKYO).div_euclid(DAY);
        let order = orders.entry(id.clone()).or_insert_with(|| Order {
            id,
            customer: text(batch, "customer_id", row),
            day,
            gross: 0,
            discount: 0,
            refunded: 0,
            positive: false,
            status: text(batch, "status", row).expect("a status"),
            kind: text(batch, "kind", row).expect("a kind"),
        });
        let amount = number(batch, "amount", row);
        order.day = order.day.min(day);
        order.gross += amount;
        order.positive |= amount > 0;
        order.discount += number(batch, "discount", row);
        order.refunded += number(batch, "refunded", row);
    }
    orders.into_values().collect()
}

/// Orders that count up to a day, by customer.
fn by_customer(orders: &[Order], as_of: i64) -> BTreeMap<String, Vec<&Order>> {
    let mut map: BTreeMap<String, Vec<&Order>> = BTreeMap::new();
    for order in orders.iter().filter(|o| o.counts() && o.day <= as_of) {
        if let Some(customer) = &order.customer {
            map.entry(customer.clone()).or_default().push(order);
        }
    }
    for list in map.values_mut() {
        list.sort_by_key(|o| (o.day, o.id.clone()));
    }
    map
}

fn day(text: &str) -> i64 {
    text.parse::<crm_core::Day>().expect("a date").0.into()
}

struct Shop {
    orders: crm_core::Orders,
    naive: Vec<Order>,
}

fn shop(seed: u64) -> Shop {
    let batch = store(400, seed);
    Shop {
        naive: naive(&batch),
        orders: orders(STORE, batch).expect("a sound store"),
    }
}

fn run(shop: &Shop, name: &str, request: &str) -> crm_core::Table {
    register::run(
        name,
        &Dataset::Orders(&shop.orders),
        request,
        &Context::default(),
    )
    .expect(name)
}

#[test]
fn summary_by_maps() {
    let shop = shop(1);
    let as_of = day("2025-06-30");
    let table = run(&shop, "summary", r#"{"as_of": "2025-06-30"}"#);
    let expected = by_customer(&shop.naive, as_of);
    let ids: Vec<String> = words(&table, "customer_id").into_iter().flatten().collect();
    assert_eq!(ids, expected.keys().cloned().collect::<Vec<_>>());
    let column = |name: &str| numbers(&table, name);
    let (first, last, count) = (column("first_date"), column("last_date"), column("orders"));
    let (days, revenue, tenure) = (
        column("purchase_days"),
        column("revenue"),
        column("tenure_days"),
    );
    let (recency, cancelled) = (column("recency_days"), column("cancelled_orders"));
    let (gap_min, gap_max) = (column("gap_min"), column("gap_max"));
    let (mean, sd, gap_mean) = (
        reals(&table, "mean_order_value"),
        reals(&table, "gap_sd"),
        reals(&table, "gap_mean"),
    );
    let (logs, rate) = (reals(&table, "gap_log_sum"), reals(&table, "cancel_rate"));
    for (i, (id, list)) in expected.iter().enumerate() {
        let distinct: BTreeSet<i64> = list.iter().map(|o| o.day).collect();
        let distinct: Vec<i64> = distinct.into_iter().collect();
        let sum: i64 = list.iter().map(|o| o.net()).sum();
        let n = list.len() as i64;
        assert_eq!(first[i], distinct.first().copied());
        assert_eq!(last[i], distinct.last().copied());
        assert_eq!(
            (count[i], days[i], revenue[i]),
            (Some(n), Some(distinct.len() as i64), Some(sum))
        );
        assert_eq!(tenure[i], Some(distinct[distinct.len() - 1] - distinct[0]));
        assert_eq!(recency[i], Some(as_of - distinct[distinct.len() - 1]));
        let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-12 * b.abs().max(1.0),
            (a, b) => a == b,
        };
        assert!(close(mean[i], Some(sum as f64 / n as f64)));
        let gaps: Vec<f64> = distinct.windows(2).map(|w| (w[1] - w[0]) as f64).collect();
        let some = |v: f64| (!gaps.is_empty()).then_some(v);
        let average = gaps.iter().sum::<f64>() / gaps.len() as f64;
        assert!(close(gap_mean[i], some(average)));
        let spread: f64 = gaps.iter().map(|g| (g - average).powi(2)).sum();
        let deviation = (gaps.len() > 1).then(|| (spread / (gaps.len() - 1) as f64).sqrt());
        assert!(sd[i].is_some() == deviation.is_some());
        assert!(
            (sd[i].unwrap_or(0.0) - deviation.unwrap_or(0.0)).abs() < 1e-9,
            "{:?} {deviation:?}",
            sd[i]
        );
        assert!(close(logs[i], some(gaps.iter().map(|g| g.ln()).sum())));
        assert_eq!(
            gap_min[i],
            gaps.iter().copied().reduce(f64::min).map(|g| g as i64)
        );
        assert_eq!(
            gap_max[i],
            gaps.iter().copied().reduce(f64::max).map(|g| g as i64)
        );
        let gone = shop.naive.iter().filter(|o| {
            o.customer.as_ref() == Some(id)
                && o.day <= as_of
                && o.status == "cancelled"
                && o.kind != "sample"
                && o.kind != "swap"
        });
        let gone = gone.count() as i64;
        assert_eq!(cancelled[i], Some(gone));
        assert!(close(rate[i], Some(gone as f64 / (gone + n) as f64)));
    }
}

#[test]
fn rfm_scores_by_counting_the_worse() {
    let shop = shop(2);
    let as_of = day("2025-06-30");
    let customers = by_customer(&shop.naive, as_of);
    let n = customers.len() as i64;
    let values: Vec<[i64; 3]> = customers
        .values()
        .map(|list| {
            let last = list.iter().map(|o| o.day).max().expect("an order");
            // Larger is better on every axis.
            [
                last - as_of,
                list.len() as i64,
                list.iter().map(|o| o.net()).sum(),
            ]
        })
        .collect();
    for (ties, levels) in [
        ("lower", 5),
        ("mid", 5),
        ("upper", 5),
        ("lower", 3),
        ("mid", 10),
        ("upper", 4),
    ] {
        let request = format!(r#"{{"as_of": "2025-06-30", "ties": "{ties}", "levels": {levels}}}"#);
        let table = run(&shop, "rfm", &request);
        let scores = ["r", "f", "m"].map(|axis| numbers(&table, axis));
        for (i, own) in values.iter().enumerate() {
            for axis in 0..3 {
                let worse = values.iter().filter(|v| v[axis] < own[axis]).count() as i64;
                let equal = values.iter().filter(|v| v[axis] == own[axis]).count() as i64;
                let expected = match ties {
                    "lower" => 1 + levels * worse / n,
                    "mid" => 1 + levels * (2 * worse + equal - 1) / (2 * n),
                    _ => 1 + levels * (worse + equal - 1) / n,
                };
                assert_eq!(
                    scores[axis][i],
                    Some(expected),
                    "{ties} {levels} axis {axis} row {i}"
                );
            }
        }
    }
}

#[test]
fn frozen_cuts_give_the_scores_they_were_learnt_from() {
    let shop = shop(3);
    for monetary in ["revenue", "mean_order_value"] {
        let fixed = format!(r#""as_of": "2025-06-30", "monetary": "{monetary}""#);
        let learnt = run(&shop, "rfm", &format!("{{{fixed}}}"));
        let cuts = &learnt.notes()["cuts"];
        let request = format!(r#"{{{fixed}, "mode": "frozen", "cuts": {cuts}}}"#);
        let frozen = run(&shop, "rfm", &request);
        for axis in ["r", "f", "m"] {
            assert_eq!(numbers(&frozen, axis), numbers(&learnt, axis), "{monetary}");
        }
        // A cut is the least value that has its score.
        let scores = numbers(&learnt, "m");
        let values = (numbers(&learnt, "revenue").into_iter()).zip(numbers(&learnt, "orders"));
        let values: Vec<f64> = values
            .map(|(revenue, orders)| match monetary {
                "revenue" => revenue.expect("revenue") as f64,
                _ => revenue.expect("revenue") as f64 / orders.expect("orders") as f64,
            })
            .collect();
        for score in 2..=5 {
            let of_score = (values.iter().zip(&scores)).filter(|(_, s)| **s == Some(score));
            let least = of_score.map(|(v, _)| *v).fold(f64::INFINITY, f64::min);
            assert_eq!(
                cuts["monetary"][score as usize - 2].as_f64(),
                Some(least),
                "{monetary}"
            );
        }
    }
}

/// Learned cuts are a mode of their own: another mode, or cuts from a second place, contradicts them.
#[test]
fn learned_cuts_and_other_cuts_are_refused() {
    let shop = shop(3);
    let learned = &run(&shop, "learn", r#"{"as_of": "2025-06-30"}"#).notes()["learned"].clone();
    let cuts = &learned["rfm"]["cuts"];
    let refused = |more: &str| {
        let request = format!(r#"{{"as_of": "2025-06-30", "learned": {learned}, {more}}}"#);
        let data = Dataset::Orders(&shop.orders);
        let error = register::run("rfm", &data, &request, &Context::default());
        error.unwrap_err().to_string()
    };
    for mode in ["quantile", "threshold"] {
        let message = refused(&format!(r#""mode": "{mode}""#));
        let expected = "expected frozen, with cuts that were learned";
        assert!(message.contains(expected), "{message}");
    }
    for more in [
        format!(r#""cuts": {cuts}"#),
        r#""preset": "uchide_general""#.to_owned(),
    ] {
        let message = refused(&more);
        assert!(message.contains("cuts from one place"), "{message}");
    }
    assert!(
        !run(
            &shop,
            "rfm",
            &format!(r#"{{"as_of": "2025-06-30", "learned": {learned}, "mode": "frozen"}}"#)
        )
        .is_empty()
    );
}

/// The cross table by counting the rows of `rfm`, in two dimensions and in three.
#[test]
fn rfm_crossed_by_counting() {
    let shop = shop(5);
    let scores = run(&shop, "rfm", r#"{"as_of": "2025-06-30", "levels": 4}"#);
    let of = |axis: &str| numbers(&scores, axis);
    let revenue = of("revenue");
    let total: i64 = revenue.iter().flatten().sum();
    let all = scores.len() as f64;
    for (rows, columns, slice) in [("r", "f", false), ("f", "m", false), ("m", "r", true)] {
        let request = format!(
            r#"{{"as_of": "2025-06-30", "rfm": {{"levels": 4}}, "rows": "{rows}", "columns": "{columns}", "slice": {slice}}}"#
        );
        let table = run(&shop, "rfm_cross", &request);
        let axes: Vec<&str> = match slice {
            true => vec!["f", rows, columns],
            false => vec![rows, columns],
        };
        assert_eq!(table.len(), 4_usize.pow(axes.len() as u32));
        let cells: Vec<_> = axes.iter().map(|axis| numbers(&table, axis)).collect();
        let (counts, sums) = (numbers(&table, "customers"), numbers(&table, "revenue"));
        let shares = (
            reals(&table, "customer_share"),
            reals(&table, "revenue_share"),
        );
        for row in 0..table.len() {
            let inside: Vec<usize> = (0..scores.len())
                .filter(|i| (0..axes.len()).all(|a| of(axes[a])[*i] == cells[a][row]))
                .collect();
            let sum: i64 = inside.iter().filter_map(|i| revenue[*i]).sum();
            assert_eq!(counts[row], Some(inside.len() as i64), "{request} {row}");
            assert_eq!(sums[row], Some(sum), "{request} {row}");
            assert_eq!(shares.0[row], Some(inside.len() as f64 / all));
            assert_eq!(shares.1[row], Some(sum as f64 / total as f64));
        }
    }
}

#[test]
fn the_portfolio_by_its_decision_list() {
    let shop = shop(4);
    let as_of = day("2025-06-30");
    let table = run(
        &shop,
        "cpm",
        r#"{"as_of": "2025-06-30", "churn_days": 180, "prospects": false}"#,
    );
    let segments = words(&table, "segment");
    let states = words(&table, "state");
    let left = numbers(&table, "days_until_churn");
    for (i, list) in by_customer(&shop.naive, as_of).values().enumerate() {
        let first = list.iter().map(|o| o.day).min().expect("an order");
        let last = list.iter().map(|o| o.day).max().expect("an order");
        let (tenure, silent) = (last - first, as_of - last);
        let revenue: i64 = list.iter().map(|o| o.net()).sum();
        let expected = if list.len() == 1 {
            "first"
        } else if tenure < 90 {
            "toddler"
        } else if revenue < 70_000 {
            "steady"
        } else if tenure < 210 {
            "trend"
        } else {
            "excellent"
        };
        assert_eq!(segments[i].as_deref(), Some(expected));
        assert_eq!(
            states[i].as_deref(),
            Some(if silent < 180 { "active" } else { "churned" })
        );
        assert_eq!(left[i], (silent < 180).then_some(180 - silent));
    }
}

#[test]
fn deciles_and_classes_by_sorting() {
    let shop = shop(5);
    let customers = by_customer(&shop.naive, day("2025-12-31"));
    let mut ranked: Vec<(i64, &String)> = customers
        .iter()
        .map(|(id, list)| (list.iter().map(|o| o.net()).sum(), id))
        .collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let total: i64 = ranked.iter().map(|(revenue, _)| (*revenue).max(0)).sum();
    let (mut decile, mut class) = (BTreeMap::new(), BTreeMap::new());
    let mut before = 0_i64;
    for (i, (revenue, id)) in ranked.iter().enumerate() {
        decile.insert((*id).clone(), 1 + (10 * i / ranked.len()) as i64);
        let share = before as f64 / total as f64;
        let letter = if *revenue <= 0 {
            "C"
        } else if share < 0.7 {
            "A"
        } else if share < 0.9 {
            "B"
        } else {
            "C"
        };
        class.insert((*id).clone(), letter);
        before += (*revenue).max(0);
    }
    let table = run(&shop, "decile", r#"{"as_of": "2025-12-31"}"#);
    assert_eq!(
        numbers(&table, "decile"),
        decile.values().map(|d| Some(*d)).collect::<Vec<_>>()
    );
    let table = run(&shop, "abc", r#"{"as_of": "2025-12-31"}"#);
    let expected: Vec<Option<String>> = class.values().map(|c| Some((*c).to_owned())).collect();
    assert_eq!(words(&table, "abc"), expected);
    // Gini by its definition as a mean difference: Σ|x−y| / (2 n² mean).
    let revenue: Vec<f64> = ranked.iter().map(|r| r.0 as f64).collect();
    let n = revenue.len() as f64;
    let pairs: f64 = revenue
        .iter()
        .flat_map(|x| revenue.iter().map(move |y| (x - y).abs()))
        .sum();
    let gini = pairs / (2.0 * n * n * (revenue.iter().sum::<f64>() / n));
    let table = run(&shop, "lorenz", r#"{"as_of": "2025-12-31"}"#);
    assert!((reals(&table, "gini")[0].expect("a curve") - gini).abs() < 1e-12);
}

#[test]
fn the_four_columns_of_clv_by_maps() {
    let shop = shop(6);
    let (end, as_of) = (day("2025-01-31"), day("2025-06-30"));
    let request = r#"{"as_of": "2025-06-30", "unit": "week", "calibration_end": "2025-01-31"}"#;
    let table = run(&shop, "clv_summary", request);
    let everybody = by_customer(&shop.naive, as_of);
    let mut row = 0;
    for (id, list) in &everybody {
        let days: BTreeSet<i64> = list.iter().map(|o| o.day).collect();
        let seen: Vec<i64> = days.iter().copied().filter(|d| *d <= end).collect();
        let Some(first) = seen.first() else { continue };
        assert_eq!(words(&table, "customer_id")[row].as_ref(), Some(id));
        let frequency = seen.len() as i64 - 1;
        assert_eq!(numbers(&table, "frequency")[row], Some(frequency));
        assert_eq!(
            reals(&table, "recency")[row],
            Some((seen[seen.len() - 1] - first) as f64 / 7.0)
        );
        assert_eq!(reals(&table, "T")[row], Some((end - first) as f64 / 7.0));
        let repeat: i64 = list
            .iter()
            .filter(|o| o.day > *first && o.day <= end)
            .map(|o| o.net())
            .sum();
        let mean = (frequency > 0).then(|| repeat as f64 / frequency as f64);
        assert_eq!(reals(&table, "monetary_value")[row], mean);
        let gaps = seen.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 7.0);
        let logs: f64 = gaps.map(f64::ln).sum();
        match reals(&table, "ln_gaps")[row] {
            Some(sum) => assert!(frequency > 0 && (sum - logs).abs() < 1e-12 * (1.0 + logs.abs())),
            None => assert_eq!(frequency, 0),
        }
        assert_eq!(
            numbers(&table, "holdout_frequency")[row],
            Some((days.len() - seen.len()) as i64)
        );
        assert_eq!(
            reals(&table, "holdout_duration")[row],
            Some((as_of - end) as f64 / 7.0)
        );
        row += 1;
    }
    assert_eq!(row, table.len());
}

#[test]
fn months_and_reconciliation_add_up() {
    let shop = shop(7);
    let table = run(&shop, "monthly", r#"{"as_of": "2025-12-31"}"#);
    let sum = |name: &str| numbers(&table, name).into_iter().flatten().sum::<i64>();
    let counted: Vec<&Order> = shop.naive.iter().filter(|o| o.counts()).collect();
    assert_eq!(sum("orders"), counted.len() as i64);
    assert_eq!(sum("revenue"), counted.iter().map(|o| o.net()).sum::<i64>());
    assert_eq!(
        sum("new_customers"),
        by_customer(&shop.naive, day("2025-12-31")).len() as i64
    );
    let guests = counted.iter().filter(|o| o.customer.is_none());
    assert_eq!(sum("guest_orders"), guests.clone().count() as i64);
    assert_eq!(sum("guest_revenue"), guests.map(|o| o.net()).sum::<i64>());
    assert_eq!(
        sum("revenue"),
        sum("new_revenue") + sum("repeat_revenue") + sum("guest_revenue")
    );

    let table = shop
        .orders
        .reconciliation(&Context::default())
        .expect("a table");
    let reasons = words(&table, "reason");
    let at = |reason: &str| {
        reasons
            .iter()
            .position(|r| r.as_deref() == Some(reason))
            .expect(reason)
    };
    let total = at("total");
    for column in ["rows", "orders", "amount"] {
        let cells: Vec<i64> = numbers(&table, column).into_iter().flatten().collect();
        assert_eq!(cells[..total].iter().sum::<i64>(), cells[total], "{column}");
    }
    assert_eq!(
        numbers(&table, "orders")[total],
        Some(shop.naive.len() as i64)
    );
    let net: i64 = shop.naive.iter().map(Order::net).sum();
    assert_eq!(numbers(&table, "amount")[total], Some(net));
    let cancelled = shop
        .naive
        .iter()
        .filter(|o| o.status == "cancelled")
        .count();
    assert_eq!(
        numbers(&table, "orders")[at("cancelled")],
        Some(cancelled as i64)
    );
}

#[test]
fn refunds_at_their_date_leave_the_order_whole() {
    let shop = shop(8);
    let both = |refunds: &str| {
        let request = format!(r#"{{"as_of": "2026-06-30", "refunds": "{refunds}"}}"#);
        run(&shop, "summary", &request)
    };
    let (at_order, at_refund) = (both("order_date"), both("refund_date"));
    // Long after the last refund the sums agree but for orders that a full refund removed.
    let sum = |table: &crm_core::Table, name: &str| {
        numbers(table, name).into_iter().flatten().sum::<i64>()
    };
    let full: Vec<&Order> = shop
        .naive
        .iter()
        .filter(|o| {
            o.customer.is_some()
                && o.refunded > 0
                && o.net() <= 0
                && ["completed", "pending"].contains(&o.status.as_str())
                && o.kind != "sample"
        })
        .collect();
    assert!(!full.is_empty());
    assert_eq!(
        sum(&at_refund, "orders") - sum(&at_order, "orders"),
        full.len() as i64
    );
    let nets: i64 = full.iter().map(|o| o.net()).sum();
    assert_eq!(sum(&at_refund, "revenue") - sum(&at_order, "revenue"), nets);
}
