use super::*;
use crm_core::table::Cell;

/// Asserts that a column of the card is a column of another table, row by row of the same customers.
fn same(
    card: &Table,
    name: &str,
    other: &Table,
    theirs: &str,
    rows: impl Iterator<Item = (usize, Option<usize>)>,
) {
    let mine = card.column(name).expect(name);
    let column = other.column(theirs).expect(theirs);
    for (row, place) in rows {
        let expected = place.map_or(Cell::Null, |place| column.cell(place));
        assert!(
            mine.cell(row) == expected,
            "{name} {row}: {:?} {expected:?}",
            mine.cell(row)
        );
    }
}

/// Each column of the card is that of its own analysis with the same document.
#[test]
fn the_card_is_made_of_the_other_analyses() {
    for currency in ["JPY", "EUR"] {
        let mut people = town();
        // Of a customer whose repeat orders are worth nothing no value is predicted.
        people.push(("zero".into(), vec![(300, 900), (340, 0), (341, 100)]));
        people.push(("zeta".into(), vec![(300, 900), (340, 0)]));
        let orders = shop_in(currency, &people);
        let as_of = 400;
        let document = run("learn", &orders, as_of, &json!({})).notes()["learned"].clone();
        for options in [json!({"within": "10d", "return_within": "60d"}), json!({})] {
            let with = |more: Value| {
                let mut all = more;
                all["learned"] = document.clone();
                all
            };
            let mut asked = options.clone();
            let own = run("customer", &orders, as_of, &asked);
            asked["learned"] = document.clone();
            let card = run("customer", &orders, as_of, &asked);
            let names = ids(&card);
            assert_eq!(names.len(), people.len() - 1, "`later` has no order yet");
            for column in card.columns() {
                let same = own.column(column.name()).expect("the same columns");
                for row in 0..card.len() {
                    assert!(
                        same.cell(row) == column.cell(row),
                        "{} {row}",
                        column.name()
                    );
                }
            }
            let all = || (0..names.len()).map(|row| (row, Some(row)));
            let summary = run("summary", &orders, as_of, &json!({}));
            assert_eq!(ids(&summary), names);
            for name in [
                "first_date",
                "last_date",
                "orders",
                "revenue",
                "recency_days",
            ] {
                same(&card, name, &summary, name, all());
            }
            let rfm = run("rfm", &orders, as_of, &with(json!({})));
            assert_eq!(ids(&rfm), names);
            for (name, theirs) in [
                ("r", "r"),
                ("f", "f"),
                ("m", "m"),
                ("rfm_segment", "segment"),
            ] {
                same(&card, name, &rfm, theirs, all());
            }
            let ladder = match currency {
                "JPY" => json!({}),
                _ => json!({"money": document["cpm"]["money"]}),
            };
            let cpm = run("cpm", &orders, as_of, &ladder);
            assert_eq!(ids(&cpm), names);
            for (name, theirs) in [("cpm_segment", "segment"), ("cpm_state", "state")] {
                same(&card, name, &cpm, theirs, all());
            }
            let cycle = run("cycle", &orders, as_of, &with(options.clone()));
            assert_eq!(ids(&cycle), names);
            for name in [
                "gaps",
                "predicted_date",
                "date_p10",
                "date_p80",
                "date_p90",
                "probability_within",
                "probability_alive",
                "overdue_probability",
                "level",
            ] {
                same(&card, name, &cycle, name, all());
            }
            let levels = json!({"levels": ["due", "late", "churn_risk", "lost"]});
            let alerts = run("alerts", &orders, as_of, &with(levels));
            let late = ids(&alerts);
            assert!(late.len() > 5 && late.len() < names.len());
            let place = |row: usize| late.iter().position(|id| *id == names[row]);
            for name in ["reached_on", "reason_code", "reason", "reason_ja"] {
                same(
                    &card,
                    name,
                    &alerts,
                    name,
                    (0..names.len()).map(|row| (row, place(row))),
                );
            }
            for name in [
                "next_level",
                "next_level_date",
                "counterfactual",
                "counterfactual_ja",
            ] {
                let listed = (0..names.len()).filter(|row| place(*row).is_some());
                same(
                    &card,
                    name,
                    &alerts,
                    name,
                    listed.map(|row| (row, place(row))),
                );
            }
            // Of the others the next level is due, on a day to come.
            let (next, date) = (
                words(&card, "next_level"),
                offsets(&card, "next_level_date"),
            );
            let text = words(&card, "counterfactual");
            for row in (0..names.len()).filter(|row| place(*row).is_none()) {
                assert_eq!(next[row].as_deref(), Some("due"));
                assert!(date[row].expect("a day") > as_of);
                let expected = format!(
                    "Due from {} unless an order arrives.",
                    day(date[row].expect("a day"))
                );
                assert_eq!(text[row], Some(expected));
            }
            let base = run("clv_summary", &orders, as_of, &json!({}));
            let request = json!({"fit": document["clv"], "spend_fit": document["spend"]});
            let value = register::run(
                "clv",
                &Dataset::Table(&base),
                &request.to_string(),
                &Context::default(),
            )
            .expect("values");
            assert_eq!(ids(&value), names);
            let worth_nothing = names.iter().position(|id| id == "zeta").expect("a row");
            for name in ["expected_purchases", "expected_spend", "clv"] {
                let rows = (0..names.len()).filter(|row| *row != worth_nothing);
                same(&card, name, &value, name, rows.map(|row| (row, Some(row))));
                assert!(
                    card.column(name).expect(name).cell(worth_nothing) == Cell::Null,
                    "{name}"
                );
            }
            assert!(!card.notes().contains_key("no_model"));
        }
    }
}

/// Parts that a document lacks leave their columns null, and nothing else.
#[test]
fn parts_that_are_missing_are_null() {
    let orders = shop(&town());
    let document = run("learn", &orders, 400, &json!({})).notes()["learned"].clone();
    let card = run("customer", &orders, 400, &json!({"learned": document}));
    let scores = ["r", "f", "m", "rfm_segment"];
    let worth = ["expected_purchases", "expected_spend", "clv"];
    let cycle = [
        "predicted_date",
        "date_p10",
        "date_p80",
        "date_p90",
        "probability_within",
        "probability_alive",
        "overdue_probability",
        "level",
        "reached_on",
        "reason_code",
        "reason",
        "reason_ja",
        "next_level",
        "next_level_date",
        "counterfactual",
        "counterfactual_ja",
    ];
    for (part, gone) in [
        ("rfm", &scores[..]),
        ("clv", &worth),
        ("spend", &worth),
        ("gap_model", &cycle),
    ] {
        let mut without = document.clone();
        without[part] = Value::Null;
        let table = run("customer", &orders, 400, &json!({"learned": without}));
        for column in card.columns() {
            let name = column.name();
            let found = table.column(name).expect(name);
            for row in 0..card.len() {
                let expected = if gone.contains(&name) {
                    Cell::Null
                } else {
                    column.cell(row)
                };
                assert!(
                    found.cell(row) == expected,
                    "{part} {name} {row}: {:?}",
                    found.cell(row)
                );
            }
        }
        assert_eq!(table.notes().contains_key("no_model"), part == "gap_model");
    }
    // The ladder of another currency needs its threshold.
    let euros = shop_in("EUR", &town());
    let mut document = run("learn", &euros, 400, &json!({})).notes()["learned"].clone();
    // Seven mean order values of all orders so far.
    let all: Vec<i64> = town()
        .iter()
        .flat_map(|(_, days)| {
            days.iter()
                .filter(|(at, _)| *at <= 400)
                .map(|(_, yen)| *yen)
        })
        .collect();
    let mean = 7.0 * all.iter().sum::<i64>() as f64 / all.len() as f64;
    let money = document["cpm"]["money"].as_f64().expect("a threshold");
    assert!((money - mean).abs() < 1e-9 * mean, "{money} {mean}");
    document["cpm"] = Value::Null;
    let table = run("customer", &euros, 400, &json!({"learned": document}));
    assert!(words(&table, "cpm_segment").iter().all(Option::is_none));
    assert!(words(&table, "rfm_segment").iter().all(Option::is_some));
}

/// Documents of another currency or basis, of other units, and with numbers that no fit gives are refused.
#[test]
fn documents_of_something_else_are_refused() {
    let orders = shop(&town());
    let document = run("learn", &orders, 400, &json!({})).notes()["learned"].clone();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut other = document.clone();
        change(&mut other);
        let options = json!({"learned": other});
        try_run("customer", &orders, 400, &options)
            .expect_err("refused")
            .to_string()
    };
    let said = refused(&|d| d["clv"]["model"]["unit"] = json!("week"));
    assert!(
        said.contains("learned.clv") && said.contains("a model in days"),
        "{said}"
    );
    for (part, option) in [("clv", "learned.clv"), ("spend", "learned.spend")] {
        for bad in [1e-10, 1e16] {
            let said = refused(&|d| {
                let name = if part == "clv" { "alpha" } else { "p" };
                let at = &mut d[part]["model"][name];
                *at = json!(bad);
            });
            assert!(said.contains(option), "{said}");
        }
    }
    refused(&|d| d["gap_model"]["spread"] = json!(40.0));
    refused(&|d| d["currency"] = json!("USD"));
}

/// The table of `learn` has each number of the document, under its part and path.
#[test]
fn the_table_of_learn_lists_its_document() {
    let orders = shop(&town());
    let table = run("learn", &orders, 400, &json!({}));
    let document = &table.notes()["learned"];
    let (part, name) = (words(&table, "part"), words(&table, "name"));
    let value = crm_tests::reals(&table, "value");
    let mut listed = 0;
    for row in 0..table.len() {
        let (part, name) = (
            part[row].as_deref().expect("a part"),
            name[row].as_deref().expect("a name"),
        );
        let path = if name.is_empty() {
            format!("/{part}")
        } else {
            format!("/{part}/{}", name.replace('.', "/"))
        };
        let number = document.pointer(&path).and_then(Value::as_f64);
        assert!(
            number.is_some() && number == value[row],
            "{path} {:?}",
            value[row]
        );
        listed += 1;
    }
    fn count(value: &Value) -> usize {
        match value {
            Value::Object(fields) => fields.values().map(count).sum(),
            Value::Array(items) => items.iter().map(count).sum(),
            Value::Number(_) => 1,
            _ => 0,
        }
    }
    assert_eq!(listed, count(document));
    assert_eq!(document["customers"], json!(town().len() - 1));
    // The parts are the fits of their own analyses.
    assert_eq!(
        document["gap_model"],
        run("cycle", &orders, 400, &json!({})).notes()["learned"]["gap_model"]
    );
    let base = run("clv_summary", &orders, 400, &json!({}));
    let fit = |name: &str, options: Value| {
        let table = register::run(
            name,
            &Dataset::Table(&base),
            &options.to_string(),
            &Context::default(),
        )
        .expect(name);
        table.notes()["fit"].clone()
    };
    assert_eq!(document["clv"], fit("clv_fit", json!({"unit": "day"})));
    assert_eq!(document["spend"], fit("gamma_gamma_fit", json!({})));
}

/// Too few for a part: it is null, and the document is made all the same.
#[test]
fn parts_of_a_tiny_shop_are_null() {
    let people: Vec<Person> = (0..4)
        .map(|k| (format!("c{k}"), vec![(10 * k, 100 + k as i64)]))
        .collect();
    let table = run("learn", &shop(&people), 60, &json!({}));
    let document = &table.notes()["learned"];
    for part in ["gap_model", "clv", "spend", "cpm"] {
        assert!(document.get(part).is_none_or(Value::is_null), "{part}");
    }
    assert!(document["rfm"].is_object());
    assert_eq!(document["customers"], json!(4));
    let none = run("learn", &shop(&people), -1, &json!({}));
    assert!(
        none.notes()["learned"]
            .get("rfm")
            .is_none_or(Value::is_null)
    );
}
