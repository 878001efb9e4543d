//! Alerts computed by hand: the days on which customers have an alert and the days on which they
//! have none.
//!
//! With `lost_by_churn_days` a customer is lost `churn_days` after the last order, where their own distribution
//! needs longer: such dates are sums that the reader can redo.

use crm_core::{Context, Dataset, Day, Orders, Table, register};
use crm_tests::{batch, ints, numbers, orders, shuffled, texts, times, words};
use serde_json::{Value, json};

/// Customer, day, amount.
type Row = (&'static str, i32, i64);

fn day(offset: i32) -> Day {
    let start: Day = "2025-01-01".parse().unwrap();
    Day(start.0 + offset)
}

/// Regular customers with gaps of 40 to 75 days: their silences of 30 days are nothing to speak of.
fn regulars() -> Vec<Row> {
    let ids = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"];
    let mut rows = Vec::new();
    for (k, id) in ids.into_iter().enumerate() {
        let mut at = 3 * k as i32;
        for step in 0.. {
            rows.push((id, at, 1_000));
            at += 40 + 5 * ((3 * k + 5 * step) % 8) as i32;
            if at > 400 {
                break;
            }
        }
    }
    rows
}

fn shop(rows: &[Row]) -> Orders {
    let ids: Vec<&str> = rows.iter().map(|row| row.0).collect();
    let at: Vec<String> = rows.iter().map(|row| day(row.1).to_string()).collect();
    let at: Vec<&str> = at.iter().map(String::as_str).collect();
    let amounts: Vec<i64> = rows.iter().map(|row| row.2).collect();
    let columns = [
        ("customer_id", texts(&ids)),
        ("ordered_at", times(&at)),
        ("amount", ints(&amounts)),
    ];
    orders(r#"{"currency": "JPY"}"#, batch(&columns)).unwrap()
}

fn run(name: &str, orders: &Orders, as_of: i32, options: Value) -> Table {
    let mut request = options;
    request["as_of"] = json!(day(as_of));
    let data = Dataset::Orders(orders);
    register::run(name, &data, &request.to_string(), &Context::default()).unwrap()
}

/// A customer with orders on days 0, 60, 100 and 150 is lost 30 days after an order: on days 130
/// and 180.
fn on_and_off() -> Orders {
    let mut rows = regulars();
    rows.extend([0, 60, 100, 150].map(|at| ("a", at, 1_000)));
    shop(&rows)
}

fn learned(orders: &Orders) -> Value {
    run("learn", orders, 400, json!({})).notes()["learned"].clone()
}

/// Change, day reached, day of the last order, key.
type Told = (String, i32, i32, String);

/// The alerts of customer `a`.
fn prediction(orders: &Orders, learned: &Value, since: Option<i32>, as_of: i32) -> Vec<Told> {
    let mut options = json!({
        "levels": ["lost"], "lost_by_churn_days": true, "churn_days": 30, "learned": learned,
    });
    if let Some(since) = since {
        options["since"] = json!(day(since));
    }
    let table = run("alerts", orders, as_of, options);
    let [change, level, key] = ["change", "level", "alert_key"].map(|name| words(&table, name));
    let [reached, last] = ["reached_on", "last_date"].map(|name| numbers(&table, name));
    let ids = words(&table, "customer_id");
    let offset = |date: Option<i64>| date.unwrap() as i32 - day(0).0;
    let ours = (0..table.len()).filter(|row| ids[*row].as_deref() == Some("a"));
    ours.map(|row| {
        assert_eq!(level[row].as_deref(), Some("lost"));
        let change = change[row].clone().unwrap();
        let key = key[row].clone().unwrap();
        (change, offset(reached[row]), offset(last[row]), key)
    })
    .collect()
}

fn said(alerts: &[Told]) -> Vec<(&str, i32, i32)> {
    let rows = alerts.iter();
    rows.map(|(change, reached, last, _)| (change.as_str(), *reached, *last))
        .collect()
}

/// Day by day from 101 to 220: lost, back by an order, lost again. Each has one alert, on its day,
/// under a key of its own; on other days there is nothing.
#[test]
fn each_cycle_is_told_of_once_and_an_order_arms_it_again() {
    let orders = on_and_off();
    let learned = learned(&orders);
    let mut keys = Vec::new();
    for today in 101..=220 {
        let alerts = prediction(&orders, &learned, Some(today - 1), today);
        let expected = match today {
            130 => vec![("reached", 130, 100)],
            // What is left is the level that was reached 20 days before.
            150 => vec![("returned", 130, 150)],
            180 => vec![("reached", 180, 150)],
            _ => vec![],
        };
        assert_eq!(said(&alerts), expected, "day {today}");
        keys.extend(alerts.into_iter().map(|alert| alert.3));
    }
    let [first, back, second] = &keys[..] else {
        panic!("{keys:?}")
    };
    // The return and the second alert have the same last order, and are two messages.
    assert!(first != back && back != second && first != second);

    // Without `since` an alert has the same key each day.
    for today in 101..=220 {
        let expected = match today {
            130..150 => Some((130, 100, first)),
            180.. => Some((180, 150, second)),
            _ => None,
        };
        let alerts = prediction(&orders, &learned, None, today);
        let alerts: Vec<_> = alerts.iter().collect();
        match (&alerts[..], expected) {
            ([], None) => {}
            ([(change, reached, last, key)], Some(expected)) => {
                assert_eq!(
                    (change.as_str(), (*reached, *last, key)),
                    ("reached", expected)
                );
            }
            _ => panic!("day {today}: {alerts:?}"),
        }
    }
}

/// Who is lost by `churn_days` on the day of the next level is lost then: all levels are reached on that day.
#[test]
fn who_is_lost_on_the_day_of_the_next_level_is_lost() {
    let orders = on_and_off();
    let learned = learned(&orders);
    let mut together = 0;
    for churn_days in [50, 60, 70, 80] {
        for as_of in (400..480).step_by(8) {
            let options = json!({
                "levels": ["due", "late", "churn_risk"], "lost_by_churn_days": true,
                "churn_days": churn_days, "learned": learned,
            });
            let table = run("alerts", &orders, as_of, options);
            let [level, next] = ["level", "next_level"].map(|name| words(&table, name));
            let [last, then] = ["last_date", "next_level_date"].map(|name| numbers(&table, name));
            for row in 0..table.len() {
                let (Some(last), Some(then)) = (last[row], then[row]) else {
                    continue;
                };
                assert!(then <= last + churn_days);
                let lost = then == last + churn_days;
                assert!(
                    !lost || next[row].as_deref() == Some("lost"),
                    "{churn_days} {as_of}"
                );
                together += usize::from(lost && level[row].as_deref() != Some("churn_risk"));
            }
        }
    }
    assert!(together > 3, "{together}");
}

/// A span is the difference of its two ends, whatever went on between.
#[test]
fn a_span_tells_what_its_ends_differ_in() {
    let orders = on_and_off();
    let learned = learned(&orders);
    let keys = [(129, 130), (149, 150), (179, 180)].map(|(since, today)| {
        prediction(&orders, &learned, Some(since), today)[0]
            .3
            .clone()
    });
    for (since, as_of, expected) in [
        // Lost on the first day of the span, or on its last.
        (129, 140, Some(("reached", 130, 100, 0))),
        (120, 130, Some(("reached", 130, 100, 0))),
        // Lost before, and nothing new.
        (130, 149, None),
        // Lost and back between the two runs: no alert at either.
        (120, 160, None),
        // Lost before and back, on the last day or earlier.
        (135, 150, Some(("returned", 130, 150, 1))),
        (135, 179, Some(("returned", 130, 150, 1))),
        // Back before the span began.
        (150, 179, None),
        // Lost, back and lost again between two runs is one alert, for the last time without an
        // order.
        (120, 185, Some(("reached", 180, 150, 2))),
        // Lost at both runs, with an order between: a new alert, and no return in addition.
        (135, 185, Some(("reached", 180, 150, 2))),
        // No order between the two runs.
        (180, 300, None),
    ] {
        let alerts = prediction(&orders, &learned, Some(since), as_of);
        let expected = expected.map(|(change, reached, last, key): (_, _, _, usize)| {
            (change.to_owned(), reached, last, keys[key].clone())
        });
        assert_eq!(alerts, Vec::from_iter(expected), "after {since} to {as_of}");
    }
}

/// Two orders in one span are one return, at the later; its key is that of the later order.
#[test]
fn a_second_order_of_a_span_moves_the_return() {
    let mut rows = regulars();
    rows.extend([0, 60, 100, 150, 155].map(|at| ("a", at, 1_000)));
    let orders = shop(&rows);
    let learned = learned(&orders);
    let [early, late] = [152, 160].map(|as_of| prediction(&orders, &learned, Some(135), as_of));
    assert_eq!(said(&early), [("returned", 130, 150)]);
    assert_eq!(said(&late), [("returned", 130, 155)]);
    assert_ne!(early[0].3, late[0].3);
}

/// With two levels there are two alerts for one time without an order; a customer who passes from a
/// requested level to lost, if lost is not requested, has not returned.
#[test]
fn levels_of_one_silence_are_told_of_one_by_one() {
    let mut rows = regulars();
    rows.extend([0, 50, 110, 160].map(|at| ("a", at, 1_000)));
    let orders = shop(&rows);
    let learned = learned(&orders);
    let ours = |since: i32, as_of: i32, levels: Value| {
        let options = json!({"since": day(since), "levels": levels, "learned": learned});
        let table = run("alerts", &orders, as_of, options);
        let ids = words(&table, "customer_id");
        let row = ids.iter().position(|id| id.as_deref() == Some("a"));
        let cell = |name: &str| row.map(|row| words(&table, name)[row].clone().unwrap());
        let left_out = table.notes().get("lost_left_out").cloned();
        (cell("change"), cell("level"), cell("alert_key"), left_out)
    };
    let mut found = Vec::new();
    for today in 161..=1_500 {
        let (change, level, key, _) = ours(today - 1, today, json!(["churn_risk", "lost"]));
        if let Some(level) = level {
            assert_eq!(change.as_deref(), Some("reached"));
            found.push((today, level, key));
        }
        // Nothing follows: two months are enough to see it.
        if found.get(1).is_some_and(|(lost, ..)| *lost + 60 < today) {
            break;
        }
    }
    let [(slipping, risk, first), (lost, gone, second)] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!((risk.as_str(), gone.as_str()), ("churn_risk", "lost"));
    assert!(slipping < lost && first != second);
    let (change, ..) = ours(*slipping, *lost, json!(["churn_risk"]));
    assert_eq!(change, None, "lost is no return");
    // From before the first to after the second, one row, of the higher.
    let (_, level, key, _) = ours(slipping - 1, *lost, json!(["churn_risk", "lost"]));
    assert_eq!((level.as_deref(), &key), (Some("lost"), second));
}

/// Customers at lost are counted in the notes if lost is not requested, and listed if it is.
#[test]
fn the_lost_are_counted_or_listed() {
    let mut rows = regulars();
    // Last orders 29, 30 and 299 days before day 400, and one at day 400.
    for (id, last) in [("near", 371), ("over", 370), ("gone", 101), ("here", 400)] {
        rows.extend([0, 50, last].map(|at| (id, at, 1_000)));
    }
    rows.retain(|row| !row.0.starts_with('r') || row.1 < 330);
    let orders = shop(&rows);
    let options =
        |levels: Value| json!({"levels": levels, "lost_by_churn_days": true, "churn_days": 30});
    // Regular customers' last orders are before day 330, 70 days ago or more.
    let mut lost: Vec<String> = (0..8).map(|k| format!("r{k}")).collect();
    lost.extend(["gone", "over"].map(str::to_owned));
    lost.sort();
    let table = run("alerts", &orders, 400, options(json!(["lost"])));
    let listed: Vec<String> = words(&table, "customer_id").into_iter().flatten().collect();
    assert_eq!(listed, lost);
    assert!(!table.notes().contains_key("lost_left_out"));
    for levels in [json!(["churn_risk"]), json!(["due", "late"])] {
        let table = run("alerts", &orders, 400, options(levels.clone()));
        assert_eq!(table.notes()["lost_left_out"], json!(10), "{levels}");
        let ids = words(&table, "customer_id");
        assert!(
            ids.iter().flatten().all(|id| !lost.contains(id)),
            "{levels}"
        );
        let with: Vec<Value> = levels.as_array().unwrap().to_vec();
        let with = [with, vec![json!("lost")]].concat();
        let both = run("alerts", &orders, 400, options(json!(with)));
        assert_eq!(both.len(), table.len() + 10, "{levels}");
        assert!(!both.notes().contains_key("lost_left_out"));
    }
    // `since` changes which customers are listed, not their levels.
    let mut changed = options(json!(["churn_risk"]));
    changed["since"] = json!(day(399));
    assert_eq!(
        run("alerts", &orders, 400, changed).notes()["lost_left_out"],
        json!(10)
    );
    // With `customers`, only their lost customers.
    let mut some = options(json!(["churn_risk"]));
    some["customers"] = json!({"customer_id": ["gone", "near", "r3"]});
    assert_eq!(
        run("alerts", &orders, 400, some).notes()["lost_left_out"],
        json!(2)
    );
}

/// Equal expected revenue is ranked by customer id, in whatever order rows arrive.
#[test]
fn ties_of_priority_go_by_customer_id() {
    // In no order, and not by number: texts ascend by their bytes.
    let twins = ["m10", "a", "m9", "z", "b"];
    let mut rows: Vec<Row> = Vec::new();
    for id in twins {
        rows.extend([0, 45, 100, 150].map(|at| (id, at, 1_000)));
    }
    // The best by far is last by id but one.
    rows.extend([0, 45, 100, 150].map(|at| ("y", at, 9_000)));
    let ours = rows.clone();
    rows.extend(regulars());
    let options = json!({"levels": ["due"], "lost_by_churn_days": true, "churn_days": 400});
    let table = run("alerts", &shop(&rows), 230, options.clone());
    let ids = words(&table, "customer_id");
    let [priority, worth] = ["priority", "expected_revenue"].map(|name| numbers(&table, name));
    let mut ranked: Vec<(i64, &str, i64)> = (0..table.len())
        .map(|row| {
            let id = ids[row].as_deref().unwrap();
            (priority[row].unwrap(), id, worth[row].unwrap())
        })
        .filter(|(_, id, _)| ours.iter().any(|row| row.0 == *id))
        .collect();
    ranked.sort_unstable();
    let order: Vec<&str> = ranked.iter().map(|one| one.1).collect();
    assert_eq!(order, ["y", "a", "b", "m10", "m9", "z"]);
    assert!(ranked[1..].iter().all(|one| one.2 == ranked[1].2));

    let mixed: Vec<Row> = shuffled(rows.len()).iter().map(|at| rows[*at]).collect();
    assert!(run("alerts", &shop(&mixed), 230, options.clone()) == table);
    rows.reverse();
    assert!(run("alerts", &shop(&rows), 230, options) == table);
}

/// A company is a customer of its own: `cycle` per company is `cycle` of orders under the companies'
/// names. Customers without a company are left out, and their orders counted.
#[test]
fn companies_are_as_customers_of_their_names() {
    use crm_core::data::{Customers, CustomersSpec, OrdersSpec};
    use crm_core::table::Cell;
    use crm_tests::optional_texts;
    let company =
        |customer: usize| [Some("north"), Some("east"), None, Some("south")][customer % 4];
    let mut rows: Vec<(usize, i64)> = Vec::new();
    for customer in 0..12 {
        let usual = 20 + 7 * customer as i64 % 31;
        rows.extend((0..6).map(|k| (customer, 3 * customer as i64 + k * usual + (k * k) % 5)));
    }
    let dates: Vec<String> = rows
        .iter()
        .map(|(_, at)| {
            (chrono::NaiveDate::from_ymd_opt(2025, 1, 1).expect("a day")
                + chrono::Days::new(*at as u64))
            .to_string()
        })
        .collect();
    let dates: Vec<&str> = dates.iter().map(String::as_str).collect();
    let amounts: Vec<i64> = (0..rows.len() as i64).map(|i| 100 + i).collect();
    let spec = OrdersSpec::parse(r#"{"currency": "JPY", "bad_rows": "drop"}"#).expect("a spec");
    let build = |ids: crm_core::columns::ColumnData, people: Option<std::sync::Arc<Customers>>| {
        let shop = batch(&[
            ("customer_id", ids),
            ("ordered_at", times(&dates)),
            ("amount", ints(&amounts)),
        ]);
        Orders::from_batches(&spec, &[shop], people, &Context::default()).expect("orders")
    };
    let names: Vec<String> = rows
        .iter()
        .map(|(customer, _)| format!("c{customer:02}"))
        .collect();
    let each: Vec<String> = (0..12).map(|customer| format!("c{customer:02}")).collect();
    let people = batch(&[
        ("customer_id", texts(&each)),
        (
            "company",
            optional_texts(&(0..12).map(company).collect::<Vec<_>>()),
        ),
    ]);
    let about = CustomersSpec::parse(r#"{"dimensions": ["company"]}"#).expect("a spec");
    let people = Customers::from_batches(&about, &[people], &Context::default()).expect("people");
    let by_person = build(texts(&names), Some(std::sync::Arc::new(people)));
    let of: Vec<Option<&str>> = rows
        .iter()
        .map(|(customer, _)| company(*customer))
        .collect();
    let by_company = build(optional_texts(&of), None);
    let cycle = |orders: &Orders, request: &str| {
        register::run(
            "cycle",
            &Dataset::Orders(orders),
            request,
            &Context::default(),
        )
        .expect(request)
    };
    let found = cycle(&by_person, r#"{"as_of": "2025-12-31", "per": "company"}"#);
    let expected = cycle(&by_company, r#"{"as_of": "2025-12-31"}"#);
    assert_eq!(words(&found, "company"), words(&expected, "customer_id"));
    assert_eq!(found.len(), 3);
    let mut compared = 0;
    for column in expected
        .columns()
        .iter()
        .filter(|c| c.name() != "customer_id")
    {
        let same = found.column(column.name()).expect("the same columns");
        for row in 0..3 {
            let (a, b): (Cell<'_>, Cell<'_>) = (same.cell(row), column.cell(row));
            assert!(a == b, "{} {row}: {a:?} {b:?}", column.name());
        }
        compared += 1;
    }
    assert!(compared > 8, "{compared}");
    assert_eq!(numbers(&found, "customers"), [Some(3); 3]);
    // Three customers of six orders each have none.
    assert_eq!(found.notes()["orders_without_value"], 18);
}

/// The numbers in a sentence are those of the row's columns: whole percentages, at most 99.
#[test]
fn sentences_say_what_the_columns_hold() {
    let orders = on_and_off();
    let learned = learned(&orders);
    let mut seen = [0; 3];
    for today in [115, 140, 170, 200, 400] {
        let options = json!({
            "levels": ["due", "late", "churn_risk", "lost"], "learned": learned,
            "since": day(today - 30),
        });
        let table = run("alerts", &orders, today, options);
        let texts = ["reason_code", "reason", "reason_ja", "next_level"];
        let [code, english, japanese, next] = texts.map(|name| words(&table, name));
        let [then, then_ja] =
            ["counterfactual", "counterfactual_ja"].map(|name| words(&table, name));
        let numbers_of = [
            "silent_days",
            "usual_gap_days",
            "last_date",
            "next_level_date",
        ];
        let [silent, usual, last, date] = numbers_of.map(|name| numbers(&table, name));
        let overdue = crm_tests::reals(&table, "overdue_probability");
        for row in 0..table.len() {
            let (english, japanese) = (
                english[row].clone().unwrap(),
                japanese[row].clone().unwrap(),
            );
            let days = silent[row].unwrap();
            let share = (overdue[row].unwrap() * 100.0).round_ties_even().min(99.0);
            let expected = match code[row].as_deref() {
                Some("own_cycle") => {
                    seen[0] += 1;
                    let usual = usual[row].unwrap();
                    [
                        format!(
                            "{days} days without an order; this customer usually returns after {usual} days, and {share} % of such gaps are shorter."
                        ),
                        format!(
                            "{days}日間注文がありません。この顧客の購入間隔は平均{usual}日で、その{share}%はこれより短い間隔です。"
                        ),
                    ]
                }
                Some("shop_cycle") => {
                    seen[1] += 1;
                    [
                        format!(
                            "{days} days without an order; with few orders so far, {share} % of the gaps of such customers are shorter."
                        ),
                        format!(
                            "{days}日間注文がありません。注文回数が少ないため店舗全体の傾向から見ると、{share}%はこれより短い間隔です。"
                        ),
                    ]
                }
                Some("order_arrived") => {
                    seen[2] += 1;
                    let on = Day(last[row].unwrap() as i32);
                    [
                        format!("An order arrived on {on} after the alert."),
                        format!("通知後、{on}に注文がありました。"),
                    ]
                }
                other => panic!("{other:?}"),
            };
            assert_eq!([english, japanese], expected);
            let label = match next[row].as_deref() {
                Some("due") => Some(["Due", "購入時期"]),
                Some("late") => Some(["Late", "遅れ"]),
                Some("churn_risk") => Some(["Churn risk", "離脱傾向"]),
                Some("lost") => Some(["Lost", "離脱"]),
                Some(other) => panic!("{other}"),
                None => None,
            };
            let sentences = label.map(|[en, ja]| {
                let date = Day(date[row].unwrap() as i32);
                [
                    format!("{en} from {date} unless an order arrives."),
                    format!("このまま注文がなければ{date}に「{ja}」になります。"),
                ]
            });
            let found = then[row]
                .clone()
                .map(|text| [text, then_ja[row].clone().unwrap()]);
            assert_eq!(found, sentences);
        }
    }
    assert!(seen.iter().all(|n| *n > 0), "{seen:?}");
}
