use super::*;
use crm_tests::optional_texts;

/// Customer, day, amount, product.
type Line = (String, i32, i64, Option<&'static str>);

/// Tea every 20 days or so, a filter every 80; some bought the filter once. A lot without a product is a row.
fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    for k in 0..24_u64 {
        let mut rng = Rng::stream(5, k);
        for (product, usual) in [("tea", 20.0), ("filter", 80.0)] {
            let mut at = 3 * k as i32;
            for _ in 0..2 + (k * 3 % 4) {
                lines.push((format!("c{k:02}"), at, 500 + 10 * k as i64, Some(product)));
                at += (usual * (0.75 + 0.5 * rng.uniform())) as i32;
            }
        }
    }
    for k in 24..32 {
        lines.push((format!("c{k}"), 200 + k, 700, Some("filter")));
        lines.push((format!("c{k}"), 210 + k, 700, Some("tea")));
    }
    lines.push(("c03".into(), 77, 100, None));
    lines.push(("c30".into(), 240, 100, None));
    lines.push(("c30".into(), 240, 0, None));
    lines.sort();
    lines
}

fn build(lines: &[Line]) -> Orders {
    let dates: Vec<String> = lines.iter().map(|line| day(line.1).to_string()).collect();
    let columns = [
        (
            "customer_id",
            texts(&lines.iter().map(|line| line.0.as_str()).collect::<Vec<_>>()),
        ),
        (
            "ordered_at",
            times(&dates.iter().map(String::as_str).collect::<Vec<_>>()),
        ),
        (
            "amount",
            ints(&lines.iter().map(|line| line.2).collect::<Vec<_>>()),
        ),
        (
            "product",
            optional_texts(&lines.iter().map(|line| line.3).collect::<Vec<_>>()),
        ),
    ];
    orders(
        r#"{"currency": "JPY", "product": "product"}"#,
        batch(&columns),
    )
    .expect("orders")
}

/// Rows, counts, dates and mean gaps of each customer with each product, counted by the test.
#[test]
fn rows_are_customers_with_products() {
    let lines = lines();
    let orders = build(&lines);
    let as_of = 300;
    let mut expected = Vec::new();
    for (id, product) in lines.iter().filter_map(|line| Some((&line.0, line.3?))) {
        if !expected.contains(&(id.clone(), product)) {
            expected.push((id.clone(), product));
        }
    }
    expected.sort();
    let options = json!({"per": "product", "seasonality": "none", "levels": ["due", "late", "churn_risk", "lost"]});
    let mut cycle = options.clone();
    cycle.as_object_mut().expect("options").remove("levels");
    let table = run("cycle", &orders, as_of, &cycle);
    let products = words(&table, "product");
    let found: Vec<(String, &str)> = ids(&table)
        .into_iter()
        .zip(products.iter().map(|p| p.as_deref().expect("a product")))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(table.notes()["orders_without_value"], json!(2));
    assert!(!table.notes().contains_key("learned"));
    let days = |id: &str, product: &str| -> Vec<i32> {
        lines
            .iter()
            .filter(|line| line.0 == id && line.3 == Some(product) && line.1 <= as_of)
            .map(|line| line.1)
            .collect()
    };
    let (gaps, last) = (numbers(&table, "gaps"), offsets(&table, "last_date"));
    let buyers = run("likely_buyers", &orders, as_of, &cycle);
    let usual = numbers(&buyers, "usual_gap_days");
    assert_eq!(ids(&buyers), ids(&table));
    // Without a gap of their own they have that of the product: about 20 and 80 days.
    let typical = |of: &str| {
        let row = expected
            .iter()
            .position(|(id, product)| id == "c25" && *product == of);
        usual[row.expect("a row")].expect("a gap")
    };
    let (tea, filter) = (typical("tea"), typical("filter"));
    assert!(
        (14..=27).contains(&tea) && (56..=112).contains(&filter),
        "{tea} {filter}"
    );
    for (i, (id, product)) in expected.iter().enumerate() {
        let days = days(id, product);
        assert_eq!(gaps[i], Some(days.len() as i64 - 1));
        assert_eq!(last[i], days.last().copied());
        let mean = match days.len() {
            1 => {
                if *product == "tea" {
                    tea
                } else {
                    filter
                }
            }
            n => (f64::from(days[n - 1] - days[0]) / (n - 1) as f64).round() as i64,
        };
        assert_eq!(usual[i], Some(mean), "{id} {product}");
    }
    // Alerts are some of these rows; with `since` they are known by customer and product.
    let alerts = run("alerts", &orders, as_of, &options);
    assert!(alerts.len() > 20);
    let keys = words(&alerts, "alert_key");
    let mut distinct = keys.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), keys.len());
    let mut since = options.clone();
    since["since"] = json!(day(as_of - 1));
    let one_day = run("alerts", &orders, as_of, &since);
    assert!(
        one_day.len() < alerts.len() / 2,
        "{} of {}",
        one_day.len(),
        alerts.len()
    );
    let some = json!({"per": "product", "seasonality": "none", "customers": {"customer_id": ["c04", "c30"]}});
    assert_eq!(
        run("cycle", &orders, as_of, &some).notes()["orders_without_value"],
        json!(1)
    );
}

/// A slow product: what is probable of tea in a month is improbable of a filter.
#[test]
fn each_product_has_its_own_pace() {
    let orders = build(&lines());
    let options = json!({"per": "product", "seasonality": "none", "within": "25d"});
    let table = run("cycle", &orders, 240, &options);
    let (products, chance) = (
        words(&table, "product"),
        crm_tests::reals(&table, "probability_within"),
    );
    let overdue = crm_tests::reals(&table, "overdue_probability");
    let at = |product: &str| {
        let row = (0..table.len())
            .find(|row| ids(&table)[*row] == "c28" && products[*row].as_deref() == Some(product));
        row.expect("a row")
    };
    // c28 bought the filter on day 228, 12 days ago, and the tea on day 238, 2 days ago.
    assert!(chance[at("tea")].unwrap() > 2.0 * chance[at("filter")].unwrap());
    assert!(overdue[at("filter")].unwrap() < 0.2);
    // The chance of a week: of a filter that is due it is a multiple of that of one just bought.
    let week = json!({"per": "product", "seasonality": "none", "within": "7d"});
    let table = run("cycle", &orders, 310, &week);
    let chance = crm_tests::reals(&table, "probability_within");
    assert!(chance.iter().all(|p| (0.0..=1.0).contains(&p.unwrap())));
}

#[test]
fn columns_that_cannot_be_rows_are_refused() {
    let orders = build(&lines());
    for (column, said) in [
        ("customer_id", "\"customer\", which is the default"),
        ("amount", "a column of few values"),
        ("colour", "colour"),
    ] {
        let error = try_run("cycle", &orders, 300, &json!({"per": column}))
            .expect_err("refused")
            .to_string();
        assert!(error.contains(said), "{error}");
    }
}
