//! The cycle analyses through requests, as all doors send them.

use crm_core::num::rng::Rng;
use crm_core::table::Cell;
use crm_core::{Context, Currency, Dataset, Day, Orders, Table, Zone, register};
use serde_json::{Value, json};

/// A small shop: customers of different rhythm, some of whom leave.
fn orders(customers: u64, until: i32) -> Orders {
    let start: Day = "2025-01-01".parse().expect("a day");
    let mut rows = Vec::new();
    for k in 0..customers {
        let mut rng = Rng::stream(9, k);
        let typical = 20.0 + 5.0 * (k % 8) as f64;
        let mut day = 500.0 * rng.uniform();
        while day < 700.0 {
            let on = Day(start.0 + day as i32);
            if on.0 - start.0 <= until {
                rows.push((
                    format!("c{k:03}"),
                    on.to_string(),
                    1_000 + 100 * (k as i64 % 7),
                ));
            }
            if rng.uniform() < 0.12 {
                break;
            }
            day += (typical * rng.gamma(4.0) / 4.0).max(1.0);
        }
    }
    let mut builder = Orders::builder(Currency::JPY, Zone::UTC);
    for (id, on, amount) in &rows {
        builder = builder.order(id, on, *amount);
    }
    builder.build().expect("orders")
}

fn run(name: &str, orders: &Orders, request: Value) -> Table {
    let request = request.to_string();
    register::run(
        name,
        &Dataset::Orders(orders),
        &request,
        &Context::default(),
    )
    .expect(name)
}

fn date(table: &Table, column: &str, row: usize) -> Option<Day> {
    match table.column(column).expect(column).cell(row) {
        Cell::Date(day) => Some(day),
        Cell::Null => None,
        _ => panic!("{column} is no date"),
    }
}

fn float(table: &Table, column: &str, row: usize) -> Option<f64> {
    match table.column(column).expect(column).cell(row) {
        Cell::Float(v) => Some(v),
        Cell::Null => None,
        _ => panic!("{column} is no float"),
    }
}

fn text(table: &Table, column: &str, row: usize) -> String {
    match table.column(column).expect(column).cell(row) {
        Cell::Text(text) => text.to_owned(),
        Cell::Label(label) => label.code.to_owned(),
        _ => panic!("{column} is no text"),
    }
}

#[test]
fn dates_come_in_order_and_after_today() {
    let shop = orders(200, 700);
    let as_of: Day = "2026-03-01".parse().expect("a day");
    let table = run("cycle", &shop, json!({"as_of": as_of}));
    assert!(table.len() > 150);
    for row in 0..table.len() {
        let days = ["date_p10", "predicted_date", "date_p80", "date_p90"]
            .map(|column| date(&table, column, row).expect("a date"));
        assert!(days[0] > as_of && days.is_sorted(), "{days:?}");
        for column in [
            "probability_within",
            "probability_alive",
            "overdue_probability",
        ] {
            let p = float(&table, column, row).expect("a probability");
            assert!((0.0..=1.0).contains(&p), "{column} {p}");
        }
        // Whoever has left does not buy: the chance to buy is at most the chance to be there.
        assert!(
            float(&table, "probability_within", row) <= float(&table, "probability_alive", row)
        );
    }
}

#[test]
fn what_comes_after_the_date_changes_nothing() {
    let request = json!({"as_of": "2026-03-01"});
    let (known, future) = (orders(120, 424), orders(120, 700));
    assert!(future.len() > known.len());
    for name in ["cycle", "alerts", "likely_buyers"] {
        let (a, b) = (
            run(name, &known, request.clone()),
            run(name, &future, request.clone()),
        );
        assert_eq!(a.len(), b.len());
        for column in a.columns() {
            let other = b.column(column.name()).expect("the same columns");
            for row in 0..a.len() {
                assert_eq!(
                    format!("{:?}", column.cell(row)),
                    format!("{:?}", other.cell(row)),
                    "{name}"
                );
            }
        }
    }
}

/// With the model fixed, silence only lowers the chance of being alive and raises being overdue.
#[test]
fn silence_only_counts_against_a_customer() {
    let shop = orders(80, 424);
    let first = run("cycle", &shop, json!({"as_of": "2026-03-01"}));
    let learned = first.notes()["learned"].clone();
    let days = [
        "2026-03-01",
        "2026-03-05",
        "2026-04-01",
        "2026-07-01",
        "2030-01-01",
    ];
    let tables = days.map(|as_of| run("cycle", &shop, json!({"as_of": as_of, "learned": learned})));
    for pair in tables.windows(2) {
        for row in 0..pair[0].len() {
            let both =
                |column| [0, 1].map(|t: usize| float(&pair[t], column, row).expect("a number"));
            let [before, after] = both("probability_alive");
            assert!(after <= before + 1e-9);
            let [before, after] = both("overdue_probability");
            assert!(after >= before - 1e-9);
        }
    }
}

/// Daily runs with `since` yesterday: each cycle alerts once, on the day the level is reached, and
/// that day is the one that was announced.
#[test]
fn one_alert_per_cycle() {
    let shop = orders(150, 700);
    let start: Day = "2026-03-01".parse().expect("a day");
    let learned = run("cycle", &shop, json!({"as_of": start})).notes()["learned"].clone();
    let (mut keys, mut reached, mut returned) = (Vec::new(), 0, 0);
    for day in 1..=60 {
        let (since, as_of) = (Day(start.0 + day - 1), Day(start.0 + day));
        let request = json!({"as_of": as_of, "since": since, "learned": learned});
        let table = run("alerts", &shop, request);
        for row in 0..table.len() {
            keys.push(text(&table, "alert_key", row));
            match text(&table, "change", row).as_str() {
                "reached" => {
                    assert_eq!(date(&table, "reached_on", row), Some(as_of));
                    assert!(float(&table, "overdue_probability", row).expect("a number") >= 0.9);
                    assert_eq!(text(&table, "next_level", row), "lost");
                    assert!(date(&table, "next_level_date", row) > Some(as_of));
                    reached += 1;
                }
                _ => {
                    assert_eq!(date(&table, "last_date", row), Some(as_of));
                    returned += 1;
                }
            }
        }
    }
    let all = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), all, "a key came twice");
    assert!(reached > 15 && returned > 3, "{reached} {returned}");

    // The snapshot at the end has those keys of the customers who are still silent.
    let end = Day(start.0 + 60);
    let standing = run("alerts", &shop, json!({"as_of": end, "learned": learned}));
    for row in 0..standing.len() {
        if date(&standing, "reached_on", row) > Some(start) {
            assert!(
                keys.binary_search(&text(&standing, "alert_key", row))
                    .is_ok()
            );
        }
    }
}

#[test]
fn a_shop_without_repeat_customers_gets_nulls() {
    let mut builder = Orders::builder(Currency::JPY, Zone::UTC);
    for k in 0..20 {
        builder = builder.order(&format!("c{k}"), "2026-01-10", 500);
    }
    let shop = builder.build().expect("orders");
    let table = run("cycle", &shop, json!({"as_of": "2026-02-01"}));
    assert_eq!((table.len(), date(&table, "predicted_date", 0)), (20, None));
    assert_eq!(float(&table, "probability_within", 0), None);
    assert_eq!(
        run("alerts", &shop, json!({"as_of": "2026-02-01"})).len(),
        0
    );
    let early = run("cycle", &shop, json!({"as_of": "2020-01-01"}));
    assert_eq!(early.len(), 0);
}

#[test]
fn likely_buyers_are_the_best_of_all() {
    let shop = orders(100, 700);
    let all = run(
        "likely_buyers",
        &shop,
        json!({"as_of": "2026-03-01", "within": "14d"}),
    );
    let best = run(
        "likely_buyers",
        &shop,
        json!({"as_of": "2026-03-01", "limit": 10}),
    );
    assert_eq!(best.len(), 10);
    let rank = |table: &Table, row: usize| match table.column("rank").expect("rank").cell(row) {
        Cell::Int(rank) => rank,
        _ => panic!("no rank"),
    };
    let mut ranks: Vec<i64> = (0..best.len()).map(|row| rank(&best, row)).collect();
    ranks.sort_unstable();
    assert_eq!(ranks, (1..=10).collect::<Vec<i64>>());
    let asked = json!({"as_of": "2026-03-01", "within": 14});
    let cycle = run("cycle", &shop, asked);
    let summary = run("summary", &shop, json!({"as_of": "2026-03-01"}));
    let whole = |table: &Table, column: &str, row: usize| match table.column(column) {
        Some(column) => match column.cell(row) {
            Cell::Int(v) | Cell::Money(v, _) => v as f64,
            _ => panic!("no whole number"),
        },
        None => panic!("no {column}"),
    };
    for row in 0..all.len() {
        let orders = float(&all, "expected_orders", row).expect("a number");
        let once = float(&all, "probability_within", row).expect("a number");
        assert!(orders >= once * (1.0 - 1e-12));
        let said = float(&cycle, "probability_within", row).expect("a number");
        assert!((once - said).abs() < 1e-12);
        let [revenue, days] = ["revenue", "purchase_days"].map(|of| whole(&summary, of, row));
        let expected = orders * revenue / days;
        assert!((whole(&all, "expected_revenue", row) - expected).abs() <= 0.5 + 1e-6);
    }
}

#[test]
fn the_curve_falls_and_the_laws_are_fitted() {
    let shop = orders(150, 700);
    let curve = run("kaplan_meier", &shop, json!({"as_of": "2026-06-01"}));
    let mut before = 1.0;
    for row in 0..curve.len() {
        let [rate, low, high] = ["survival_rate", "survival_rate_low", "survival_rate_high"]
            .map(|column| float(&curve, column, row).expect("a rate"));
        assert!(
            rate <= before && low <= rate && rate <= high,
            "{low} {rate} {high}"
        );
        before = rate;
    }
    // Leavers never come back: the curve ends well above 0.
    assert!((0.2..0.9).contains(&before), "{before}");
    let distributions = run(
        "gap_fits",
        &shop,
        json!({"as_of": "2026-06-01", "weight": "gap"}),
    );
    assert_eq!(distributions.len(), 4);
    for row in 0..4 {
        assert_eq!(text(&distributions, "status", row), "converged");
        assert!(float(&distributions, "standard_error", row).expect("an error") > 0.0);
    }
}
