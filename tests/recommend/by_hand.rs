//! Small shops by hand, and what is refused.

use super::{Line, day, lists, near, random, run, shop, texts_of};
use crm_core::num::ratio::wilson;
use crm_core::{Context, Dataset, Fraction, Orders, register};
use crm_tests::{numbers, reals, words};
use serde_json::json;

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
    for method in [
        "item_cosine",
        "transition",
        "popular",
        "due",
        "bought",
        "blend",
    ] {
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
        ("recommend", json!({"period": 30}), "period"),
        (
            "recommend",
            json!({"method": "blend", "period": 0}),
            "period",
        ),
        (
            "backtest_recommend",
            json!({"methods": ["due"], "period": 9}),
            "period",
        ),
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
