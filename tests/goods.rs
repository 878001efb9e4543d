//! Baskets: from orders as from a table, each measure computed a second time, and what is left out. Attributes by hand.

use crm_core::columns::Batch;
use crm_core::data::{Customers, CustomersSpec, OrdersSpec};
use crm_core::{Context, Dataset, Error, Orders, Table, register};
use crm_tests::{batch, ints, numbers, optional_texts, orders, reals, texts, times, words};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

type Baskets = Vec<BTreeSet<String>>;

fn run(name: &str, data: &Dataset, request: &Value) -> Table {
    register::run(name, data, &request.to_string(), &Context::default())
        .unwrap_or_else(|e| panic!("{name} {request}: {e}"))
}

fn table(baskets: &[(i64, &str)]) -> Table {
    let (ids, items): (Vec<i64>, Vec<&str>) = baskets.iter().copied().unzip();
    let columns = [("basket_id", ints(&ids)), ("item", texts(&items))];
    Table::from_batch(&batch(&columns), &Context::default()).unwrap()
}

/// A line: order, customer, day, product, amount.
type Line<'a> = (&'a str, &'a str, &'a str, Option<&'a str>, i64);

/// Lines as rows of a shop.
fn shop(lines: &[Line<'_>]) -> Orders {
    let column = |of: fn(&Line<'_>) -> String| lines.iter().map(of).collect::<Vec<_>>();
    let at = column(|l| l.2.into());
    let at: Vec<&str> = at.iter().map(String::as_str).collect();
    let products: Vec<Option<&str>> = lines.iter().map(|l| l.3).collect();
    let amounts: Vec<i64> = lines.iter().map(|l| l.4).collect();
    let lines: Batch = batch(&[
        ("order_id", texts(&column(|l| l.0.into()))),
        ("customer_id", texts(&column(|l| l.1.into()))),
        ("ordered_at", times(&at)),
        ("product", optional_texts(&products)),
        ("amount", ints(&amounts)),
    ]);
    let spec = r#"{"currency": "JPY", "order_id": "order_id", "product": "product"}"#;
    orders(spec, lines).unwrap()
}

/// Random baskets of eight items; the second item follows the first.
fn random(seed: u64) -> Baskets {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = |n: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 20) % n
    };
    let mut baskets = Vec::new();
    for _ in 0..120 {
        let mut basket = BTreeSet::new();
        for item in 0..8 {
            let after = basket.contains(&format!("i{}", item - 1)) && item == 1;
            if below(10) < if after { 8 } else { 3 } {
                basket.insert(format!("i{item}"));
            }
        }
        if !basket.is_empty() {
            baskets.push(basket);
        }
    }
    baskets
}

fn rows_of(baskets: &Baskets) -> Vec<(i64, &str)> {
    let rows = baskets.iter().enumerate();
    rows.flat_map(|(at, basket)| basket.iter().map(move |item| (at as i64, item.as_str())))
        .collect()
}

fn count(baskets: &Baskets, items: &[&str]) -> f64 {
    let has = |basket: &&BTreeSet<String>| items.iter().all(|item| basket.contains(*item));
    baskets.iter().filter(has).count() as f64
}

/// Fisher's p-value from whole binomial coefficients.
fn fisher(n: f64, a: f64, c: f64, both: f64) -> f64 {
    let choose = |n: u128, k: u128| match k > n {
        true => 0.0,
        false => (0..k)
            .map(|i| (n - i) as f64 / (i + 1) as f64)
            .product::<f64>(),
    };
    let (n, a, c) = (n as u128, a as u128, c as u128);
    let ways = |k: u128| match a >= k {
        true => choose(c, k) * choose(n - c, a - k),
        false => 0.0,
    };
    (both as u128..=a.min(c)).map(ways).sum::<f64>() / choose(n, a)
}

/// The measures of a row, by name.
fn measures(n: f64, a: f64, c: f64, both: f64) -> Vec<(&'static str, Option<f64>)> {
    let (s_a, s_c, s) = (a / n, c / n, both / n);
    let leverage = s - s_a * s_c;
    vec![
        ("support", Some(s)),
        ("lift", Some(both * n / (a * c))),
        ("leverage", Some(leverage)),
        (
            "conviction",
            (both < a).then(|| (1.0 - s_c) / (1.0 - both / a)),
        ),
        (
            "zhang",
            Some(leverage / f64::max(s * (1.0 - s_a), s_a * (s_c - s))),
        ),
        ("cosine", Some(both / (a * c).sqrt())),
        ("jaccard", Some(both / (a + c - both))),
        ("kulczynski", Some((both / a + both / c) / 2.0)),
        ("p", Some(fisher(n, a, c, both))),
    ]
}

fn compare(table: &Table, row: usize, expected: &[(&'static str, Option<f64>)]) {
    for (name, expected) in expected {
        match (reals(table, name)[row], expected) {
            (Some(found), Some(expected)) => {
                let off = (found - expected).abs();
                assert!(
                    off <= 1e-12 * (1.0 + expected.abs()),
                    "{name}: {found} {expected}"
                );
            }
            (found, expected) => assert_eq!(found, *expected, "{name}"),
        }
    }
}

/// Benjamini and Hochberg's q by its definition: the least level at which the test is a finding.
fn q_of(p: &[f64], at: usize, tests: f64) -> f64 {
    let level = |p_j: f64| {
        let not_above = p.iter().filter(|p| **p <= p_j).count() as f64;
        tests * p_j / not_above
    };
    let larger = p.iter().filter(|p_j| **p_j >= p[at]);
    larger.map(|p_j| level(*p_j)).fold(1.0, f64::min)
}

#[test]
fn pairs_are_those_of_a_second_count() {
    for seed in 1..6 {
        let baskets = random(seed);
        let data = table(&rows_of(&baskets));
        let least = 2 + seed as i64;
        let found = run(
            "pairs",
            &Dataset::Table(&data),
            &json!({"min_count": least}),
        );
        let n = baskets.len() as f64;
        let items: BTreeSet<&String> = baskets.iter().flatten().collect();
        let able = items
            .iter()
            .filter(|item| count(&baskets, &[item]) >= least as f64);
        let able = able.count() as f64;
        assert_eq!(found.notes()["tests"], able * (able - 1.0) / 2.0);
        let mut expected = BTreeMap::new();
        for a in &items {
            for b in items.iter().filter(|b| **b > *a) {
                let both = count(&baskets, &[a, b]);
                if both >= least as f64 {
                    expected.insert((a.to_string(), b.to_string()), both);
                }
            }
        }
        assert_eq!(found.len(), expected.len());
        let (a, b) = (words(&found, "a"), words(&found, "b"));
        let p: Vec<f64> = reals(&found, "p").into_iter().flatten().collect();
        for row in 0..found.len() {
            let (a, b) = (a[row].clone().unwrap(), b[row].clone().unwrap());
            let both = expected[&(a.clone(), b.clone())];
            let (n_a, n_b) = (count(&baskets, &[&a]), count(&baskets, &[&b]));
            let counts = [("n_a", n_a), ("n_b", n_b), ("n_ab", both)];
            for (name, count) in counts {
                assert_eq!(numbers(&found, name)[row], Some(count as i64));
            }
            compare(&found, row, &measures(n, n_a, n_b, both));
            assert_eq!(reals(&found, "confidence_ab")[row], Some(both / n_a));
            assert_eq!(reals(&found, "confidence_ba")[row], Some(both / n_b));
            let q = q_of(&p, row, able * (able - 1.0) / 2.0);
            let off = (reals(&found, "q")[row].unwrap() - q).abs();
            assert!(off < 1e-12, "{off}");
        }
        // By q, then lift.
        let key = |row: usize| {
            (
                reals(&found, "q")[row],
                -reals(&found, "lift")[row].unwrap(),
            )
        };
        assert!((1..found.len()).all(|row| key(row - 1) <= key(row)));
        assert_eq!((a[0].as_deref(), b[0].as_deref()), (Some("i0"), Some("i1")));
    }
}

#[test]
fn rules_are_those_of_a_second_count() {
    let baskets = random(9);
    let data = table(&rows_of(&baskets));
    let request = json!({"min_support": 0.05, "min_confidence": 0.3, "max_consequent": 2});
    let found = run("rules", &Dataset::Table(&data), &request);
    let sets = run(
        "itemsets",
        &Dataset::Table(&data),
        &json!({"min_support": 0.05}),
    );
    let n = baskets.len() as f64;
    // Every split of every frequent set, with its p-value.
    let mut expected = BTreeMap::new();
    for (row, set) in words(&sets, "items").into_iter().flatten().enumerate() {
        let items: Vec<&str> = set.split(" + ").collect();
        let both = count(&baskets, &items);
        assert_eq!(numbers(&sets, "n")[row], Some(both as i64));
        assert_eq!(numbers(&sets, "size")[row], Some(items.len() as i64));
        for choice in 1..(1_u32 << items.len()) - 1 {
            let part = |bit: u32| {
                let places = (0..items.len()).filter(|at| choice >> at & 1 == bit);
                places.map(|at| items[at]).collect::<Vec<_>>()
            };
            let (a, c) = (part(0), part(1));
            if c.len() <= 2 {
                let (n_a, n_c) = (count(&baskets, &a), count(&baskets, &c));
                expected.insert((a.join(" + "), c.join(" + ")), (n_a, n_c, both));
            }
        }
    }
    let all: Vec<f64> = expected
        .values()
        .map(|(a, c, both)| fisher(n, *a, *c, *both))
        .collect();
    assert_eq!(found.notes()["tests"], all.len());
    let shown = expected.values().filter(|(a, _, both)| both / a >= 0.3);
    assert_eq!(found.len(), shown.count());
    let sides = words(&found, "antecedent")
        .into_iter()
        .zip(words(&found, "consequent"));
    for (row, (a, c)) in sides.enumerate() {
        let (n_a, n_c, both) = expected[&(a.unwrap(), c.unwrap())];
        compare(&found, row, &measures(n, n_a, n_c, both));
        assert_eq!(numbers(&found, "n_antecedent")[row], Some(n_a as i64));
        assert_eq!(numbers(&found, "n_consequent")[row], Some(n_c as i64));
        let p = reals(&found, "p")[row].unwrap();
        let near = |q: &f64| (q - p).abs() <= 1e-12 * p;
        let at = all.iter().position(near).unwrap();
        let off = (reals(&found, "q")[row].unwrap() - q_of(&all, at, all.len() as f64)).abs();
        assert!(off < 1e-9, "{off}");
    }
}

/// Of independent items nothing is found at 5 % in most shops, where p-values of the shown pairs alone would find coincidences.
#[test]
fn coincidences_of_rare_items_are_no_findings() {
    let mut state = 77_u64;
    let mut below = |n: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 20) % n
    };
    let (mut findings, mut alone) = (0, 0);
    for _ in 0..40 {
        let names: Vec<String> = (0..300).map(|item| format!("{item}")).collect();
        let rows: Vec<(i64, &str)> = (0..3000)
            .map(|row| (row / 3, names[below(300) as usize].as_str()))
            .collect();
        let found = run(
            "pairs",
            &Dataset::Table(&table(&rows)),
            &json!({"min_count": 2}),
        );
        let q: Vec<f64> = reals(&found, "q").into_iter().flatten().collect();
        findings += usize::from(q.iter().any(|q| *q < 0.05));
        let p: Vec<f64> = reals(&found, "p").into_iter().flatten().collect();
        alone += usize::from((0..p.len()).any(|at| q_of(&p, at, p.len() as f64) < 0.05));
    }
    // 40 shops at 5 %: more than 6 are improbable (p = .004).
    assert!(findings <= 6, "{findings}");
    assert!(alone >= 20, "{alone}");
}

#[test]
fn baskets_of_orders_by_hand() {
    let lines = [
        ("1", "x", "2026-01-01", Some("tea"), 500),
        ("1", "x", "2026-01-01", Some("cup"), 900),
        // The same product twice is one item.
        ("1", "x", "2026-01-01", Some("tea"), 500),
        // Another order of that day.
        ("2", "x", "2026-01-01", Some("pot"), 3000),
        ("3", "x", "2026-02-01", Some("tea"), 500),
        // A gift, a line without a product, and a cup that is taken back within the order.
        ("4", "y", "2026-02-02", Some("tea"), 500),
        ("4", "y", "2026-02-02", Some("gift"), 0),
        ("4", "y", "2026-02-02", None, 300),
        ("4", "y", "2026-02-02", Some("cup"), 900),
        ("4", "y", "2026-02-02", Some("cup"), -900),
        // After the date.
        ("5", "y", "2026-03-01", Some("cup"), 900),
        ("5", "y", "2026-03-01", Some("tea"), 500),
    ];
    let orders = shop(&lines);
    let data = Dataset::Orders(&orders);
    let sets = |options: Value| {
        let mut request = json!({"as_of": "2026-02-28", "min_count": 1});
        request
            .as_object_mut()
            .unwrap()
            .extend(options.as_object().unwrap().clone());
        let table = run("itemsets", &data, &request);
        let counts = numbers(&table, "n").into_iter().flatten();
        let sets: Vec<_> = words(&table, "items")
            .into_iter()
            .flatten()
            .zip(counts)
            .collect();
        let text = sets
            .iter()
            .map(|(set, n)| format!("{set} {n}"))
            .collect::<Vec<_>>();
        (text.join(", "), table.notes().clone())
    };
    let (found, notes) = sets(json!({}));
    assert_eq!(found, "tea 3, cup 1, pot 1, cup + tea 1");
    assert_eq!(notes["baskets"], 4);
    assert_eq!(notes["lines_without_item"], 1);
    assert_eq!(notes["items_returned_or_free"], 2);
    let (found, _) = sets(json!({"basket": "day"}));
    assert_eq!(
        found,
        "tea 3, cup 1, pot 1, cup + pot 1, cup + tea 1, pot + tea 1, cup + pot + tea 1"
    );
    let (found, notes) = sets(json!({"basket": "customer"}));
    assert_eq!(
        found,
        "tea 2, cup 1, pot 1, cup + pot 1, cup + tea 1, pot + tea 1, cup + pot + tea 1"
    );
    assert_eq!(notes["baskets"], 2);
    let (found, _) = sets(json!({"free": true, "where": {"order_id": "4"}}));
    assert_eq!(
        found,
        "cup 1, gift 1, tea 1, cup + gift 1, cup + tea 1, gift + tea 1, cup + gift + tea 1"
    );
    let (found, notes) = sets(json!({"max_basket": 1}));
    assert_eq!(
        (found.as_str(), &notes["baskets_too_large"]),
        ("tea 2, pot 1", &json!(1))
    );
    let (found, _) = sets(json!({"max_length": 1, "customers": {"customer_id": "y"}}));
    assert_eq!(found, "tea 1");
}

#[test]
fn odd_shops_and_names() {
    let every = table(&[(1, "a"), (1, "b"), (2, "a"), (2, "b")]);
    let found = run("pairs", &Dataset::Table(&every), &json!({"min_count": 1}));
    let one = |name: &str| reals(&found, name)[0];
    assert_eq!(
        (one("lift"), one("p"), one("zhang"), one("conviction")),
        (Some(1.0), Some(1.0), Some(0.0), None)
    );
    assert_eq!(found.notes()["conviction_infinite"], 1);
    let single = table(&[(1, "a"), (2, "a")]);
    for name in ["pairs", "rules"] {
        assert!(run(name, &Dataset::Table(&single), &json!({"min_count": 1})).is_empty());
    }
    let odd = table(&[(1, "tea + cup"), (1, "12\" pan"), (1, "水, 2L")]);
    let found = run(
        "itemsets",
        &Dataset::Table(&odd),
        &json!({"min_support": 1}),
    );
    let names: Vec<String> = words(&found, "items").into_iter().flatten().collect();
    assert_eq!(names[2], "水, 2L");
    assert_eq!(names[6], "\"12\"\" pan\" + \"tea + cup\" + 水, 2L");
    // Numbers as items are in the order of numbers.
    let columns = [("basket_id", texts(&["x", "x"])), ("item", ints(&[10, 9]))];
    let table = Table::from_batch(&batch(&columns), &Context::default()).unwrap();
    let found = run("pairs", &Dataset::Table(&table), &json!({"min_count": 1}));
    assert_eq!(
        (words(&found, "a"), words(&found, "b")),
        (vec![Some("9".into())], vec![Some("10".into())])
    );
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let said = |name: &str, data: &Dataset, request: Value| {
        register::run(name, data, &request.to_string(), &Context::default()).unwrap_err()
    };
    let baskets = table(&[(1, "a"), (1, "b")]);
    let data = Dataset::Table(&baskets);
    for (name, option, value) in [
        ("pairs", "min_count", json!(0)),
        ("pairs", "max_basket", json!(0)),
        ("pairs", "level", json!("category")),
        ("pairs", "basket", json!("day")),
        ("pairs", "free", json!(true)),
        ("itemsets", "min_count", json!(0)),
        ("itemsets", "max_length", json!(0)),
        ("rules", "max_consequent", json!(6)),
        ("rules", "min_confidence", json!(1.5)),
    ] {
        let error = said(name, &data, json!({ option: value }));
        assert_eq!(error.option_name(), Some(option), "{error}");
    }
    let orders = shop(&[("1", "x", "2026-01-01", Some("tea"), 500)]);
    let error = said(
        "pairs",
        &Dataset::Orders(&orders),
        json!({"level": "amount"}),
    );
    assert_eq!(error.option_name(), Some("level"), "{error}");
    let error = said(
        "pairs",
        &Dataset::Orders(&orders),
        json!({"level": "produkt"}),
    );
    assert!(error.to_string().contains("product"), "{error}");
    let columns = [
        ("basket_id", ints(&[1, 2])),
        ("item", optional_texts(&[Some("a"), None])),
    ];
    let table = Table::from_batch(&batch(&columns), &Context::default()).unwrap();
    match said("pairs", &Dataset::Table(&table), json!({})) {
        Error::Null { column, row, .. } => assert_eq!((column.as_str(), row), ("item", 1)),
        other => panic!("{other}"),
    }
}

/// Orders of four registered customers, one who is not, and one prospect: customer, day, amount, status, channel.
fn registered() -> Orders {
    let rows = [
        ("a", "2026-01-01", 1000, "completed", "ads"),
        ("a", "2026-02-01", 2000, "completed", "search"),
        ("a", "2026-02-02", 500, "cancelled", "ads"),
        ("b", "2026-01-05", 3000, "completed", "ads"),
        ("c", "2026-01-05", 100, "cancelled", "ads"),
        ("d", "2026-03-01", 800, "completed", "search"),
        ("d", "2026-03-01", 200, "returned", "search"),
        ("z", "2026-03-01", 50, "completed", "search"),
        ("z", "2026-12-01", 50, "completed", "search"),
    ];
    let text =
        |of: fn(&(&'static str, &'static str, i64, &'static str, &'static str)) -> &'static str| {
            texts(&rows.iter().map(of).collect::<Vec<_>>())
        };
    let days: Vec<&str> = rows.iter().map(|r| r.1).collect();
    let lines = batch(&[
        ("customer_id", text(|r| r.0)),
        ("ordered_at", times(&days)),
        ("amount", ints(&rows.map(|r| r.2))),
        ("status", text(|r| r.3)),
        ("channel", text(|r| r.4)),
    ]);
    let spec = CustomersSpec::parse(r#"{"dimensions": ["pref"]}"#).unwrap();
    let prefs = [Some("oki"), Some("oki"), Some("tokyo"), None, Some("tokyo")];
    let people = batch(&[
        ("customer_id", texts(&["a", "b", "c", "d", "p"])),
        ("pref", optional_texts(&prefs)),
    ]);
    let context = Context::default();
    let people = Customers::from_batches(&spec, &[people], &context).unwrap();
    let spec = r#"{"currency": "JPY", "status": "status", "channel": "channel"}"#;
    let spec = OrdersSpec::parse(spec).unwrap();
    Orders::from_batches(&spec, &[lines], Some(Arc::new(people)), &context).unwrap()
}

#[test]
fn attributes_by_hand() {
    let orders = registered();
    let data = Dataset::Orders(&orders);
    let request = json!({"as_of": "2026-06-30", "by": ["pref"]});
    let table = run("attributes", &data, &request);
    let some = |values: [i64; 3]| values.map(Some).to_vec();
    // oki: a and b; tokyo: c and the prospect p; none: d, and z, who is not registered.
    let prefs = [Some("oki".to_owned()), Some("tokyo".to_owned()), None];
    assert_eq!(words(&table, "pref"), prefs);
    assert_eq!(numbers(&table, "registered"), some([2, 2, 1]));
    assert_eq!(numbers(&table, "buyers"), some([2, 0, 2]));
    assert_eq!(numbers(&table, "repeaters"), some([1, 0, 0]));
    assert_eq!(numbers(&table, "placed"), some([4, 1, 3]));
    assert_eq!(numbers(&table, "cancelled"), some([1, 1, 0]));
    assert_eq!(numbers(&table, "orders"), some([3, 0, 2]));
    assert_eq!(numbers(&table, "revenue"), some([6000, 0, 850]));
    let rates = [
        ("purchase_rate", [Some(1.0), Some(0.0), Some(1.0)]),
        ("cancel_rate", [Some(0.25), Some(1.0), Some(0.0)]),
    ];
    for (name, expected) in rates {
        assert_eq!(reals(&table, name), expected);
    }
    // One of two repeated after 31 days, the other was seen for 176; nobody of tokyo bought.
    assert_eq!(reals(&table, "repeat_rate"), [Some(0.5), None, Some(0.0)]);
    // 3 of 5 registered bought.
    let index = reals(&table, "index");
    assert!((index[0].unwrap() - 100.0 / 0.6).abs() < 1e-9 && index[1] == Some(0.0));
    assert_eq!(
        reals(&table, "revenue_per_buyer"),
        [Some(3000.0), None, Some(425.0)]
    );
    assert_eq!(reals(&table, "share")[0], Some(6000.0 / 6850.0));
    for name in ["purchase_rate", "cancel_rate", "repeat_rate"] {
        let of = |end: &str| reals(&table, &format!("{name}_shrunk{end}"));
        let rows = of("_low").into_iter().zip(of("")).zip(of("_high"));
        for ((low, value), high) in rows {
            assert!(0.0 < low.unwrap() && low < value && value < high && high.unwrap() < 1.0);
        }
    }
    // In columns of orders a customer is in each value of their orders, with these orders.
    let request = json!({"as_of": "2026-06-30", "occasion": "order", "customers": {"pref": "oki"}});
    let table = run("attributes", &data, &request);
    assert_eq!(numbers(&table, "buyers"), [Some(2), Some(1)]);
    assert_eq!(numbers(&table, "registered"), [None, None]);
    assert_eq!(numbers(&table, "revenue"), [Some(4000), Some(2000)]);
}

#[test]
fn two_attributes_by_hand() {
    let orders = registered();
    let data = Dataset::Orders(&orders);
    let request = json!({"as_of": "2026-06-30", "rows": "pref", "columns": "channel"});
    let table = run("cross", &data, &request);
    let names = |name: &str| {
        words(&table, name)
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
    };
    assert_eq!(names("row"), ["oki", "oki", "(none)", "(none)"]);
    assert_eq!(names("column"), ["ads", "search", "ads", "search"]);
    assert_eq!(numbers(&table, "orders"), [2, 1, 0, 2].map(Some));
    assert_eq!(numbers(&table, "customers"), [2, 1, 0, 2].map(Some));
    assert_eq!(numbers(&table, "revenue"), [4000, 2000, 0, 850].map(Some));
    // 3 and 2 by row, 2 and 3 by column, of 5.
    assert_eq!(reals(&table, "expected"), [1.2, 1.8, 0.8, 1.2].map(Some));
    let residual = 0.8 / (1.2_f64 * 0.4 * 0.6).sqrt();
    assert!((reals(&table, "residual")[0].unwrap() - residual).abs() < 1e-12);
    let square: f64 = [1.2, 1.8, 0.8, 1.2].iter().map(|e| 0.64 / e).sum();
    let noted = |name: &str| table.notes()[name].as_f64().unwrap();
    assert!((noted("chi_squared") - square).abs() < 1e-12);
    assert!((noted("cramers_v") - (square / 5.0).sqrt()).abs() < 1e-12);
    assert_eq!(noted("df"), 1.0);
    let request =
        json!({"as_of": "2026-06-30", "rows": "pref", "columns": "channel", "value": "customers"});
    // Customer a is in two rows: no test.
    assert!(run("cross", &data, &request).notes().get("p").is_none());
}

#[test]
fn products_of_a_group_and_similar_items_by_hand() {
    let lines = [
        ("1", "x", "2026-01-01", Some("tea"), 500),
        ("2", "x", "2026-01-02", Some("cup"), 500),
        ("3", "y", "2026-01-03", Some("tea"), 500),
        ("4", "y", "2026-01-03", Some("cup"), 500),
        ("5", "z", "2026-01-04", Some("pot"), 500),
        ("5", "z", "2026-01-04", Some("tea"), 500),
    ];
    let orders = shop(&lines);
    let data = Dataset::Orders(&orders);
    let table = run(
        "similar_items",
        &data,
        &json!({"min_count": 1, "shrinkage": 2, "k": 1}),
    );
    let names = |name: &str| {
        words(&table, name)
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
    };
    assert_eq!(names("product"), ["cup", "pot", "tea"]);
    assert_eq!(names("similar"), ["tea", "tea", "cup"]);
    assert_eq!(numbers(&table, "n"), [2, 1, 2].map(Some));
    let cosine = [2.0 / 6_f64.sqrt() / 2.0, 1.0 / 3_f64.sqrt() / 3.0];
    for (row, expected) in [(0, cosine[0]), (1, cosine[1]), (2, cosine[0])] {
        assert!((reals(&table, "score")[row].unwrap() - expected).abs() < 1e-12);
    }
    let request = json!({"by": ["first_product"], "min_count": 1});
    let table = run("attribute_products", &data, &request);
    // First products: of x and y tea or cup on their first day, of z by amount and id.
    assert_eq!(numbers(&table, "buyers").iter().flatten().sum::<i64>(), 6);
    let error = register::run(
        "attribute_products",
        &data,
        r#"{"by": ["product"]}"#,
        &Context::default(),
    );
    assert_eq!(error.unwrap_err().option_name(), Some("by"));
}
