//! Tables of orders: what no order of rows, thread, import, date or breakdown may change.

use super::*;

#[test]
fn row_order_chunks_and_hash_seed_do_not_matter() {
    let shop = store(120, 11);
    let n = rows(&shop);
    let reference = build(std::slice::from_ref(&shop), &Context::default());
    let backward = build(
        &[take(&shop, &(0..n).rev().collect::<Vec<_>>())],
        &Context::default(),
    );
    // Shuffled, in three chunks, under another seed of the hash.
    let shop = take(&shop, &shuffled(n));
    let thirds: Vec<Batch> = [0..n / 3, n / 3..n / 2, n / 2..n]
        .into_iter()
        .map(|range| take(&shop, &range.collect::<Vec<_>>()))
        .collect();
    let seeded = Context {
        hash_seed: 99,
        ..Context::default()
    };
    let anyhow = build(&thirds, &seeded);
    for entry in on_orders() {
        let request = request(entry.name);
        let expected = run(entry.name, &reference, &request);
        assert!(
            !expected.is_empty(),
            "{} says nothing about the store",
            entry.name
        );
        for (orders, what) in [(&backward, "backward"), (&anyhow, "anyhow")] {
            assert!(
                run(entry.name, orders, &request) == expected,
                "{} {what}",
                entry.name
            );
        }
    }
}

#[test]
fn threads_do_not_matter() {
    let shop = store(120, 12);
    let one = build(std::slice::from_ref(&shop), &Context::default());
    // A number that divides nothing evenly.
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(3)
        .build()
        .unwrap();
    let context = Context {
        pool: Some(&pool),
        ..Context::default()
    };
    let many = build(std::slice::from_ref(&shop), &context);
    for entry in on_orders() {
        let request = request(entry.name);
        let table = register::run(entry.name, &Dataset::Orders(&many), &request, &context).unwrap();
        assert!(table == run(entry.name, &one, &request), "{}", entry.name);
    }
}

#[test]
fn concat_equals_building_from_all_rows() {
    let shop = store(80, 13);
    let n = rows(&shop);
    let whole = build(std::slice::from_ref(&shop), &Context::default());
    for cut in [0, 1, n / 2, n] {
        let parts = [0..cut, cut..n].map(|range| {
            build(
                &[take(&shop, &range.collect::<Vec<_>>())],
                &Context::default(),
            )
        });
        let joined = parts[0].concat(&parts[1], &Context::default()).unwrap();
        let [a, b] = [&joined, &whole].map(|o| o.reconciliation(&Context::default()).unwrap());
        assert!(a == b, "reconciliation at {cut}");
        // A cut at an edge adds nothing to an import: one table of the customers shows that.
        let whole_shop = cut == n / 2;
        for entry in on_orders().filter(|entry| whole_shop || entry.name == "summary") {
            let request = request(entry.name);
            assert!(
                run(entry.name, &joined, &request) == run(entry.name, &whole, &request),
                "{} at {cut}",
                entry.name
            );
        }
    }
}

#[test]
fn columns_are_those_of_the_catalogue_and_no_float_is_nan() {
    let orders = orders(STORE, store(200, 14)).unwrap();
    for entry in on_orders() {
        let table = run(entry.name, &orders, &request(entry.name));
        let mut fields = entry.columns.iter();
        for column in table.columns() {
            let field = fields.find(|f| f.name == column.name());
            let field = field.unwrap_or_else(|| {
                panic!(
                    "{}: {} is not in the catalogue, or out of order",
                    entry.name,
                    column.name()
                )
            });
            for row in 0..table.len() {
                match column.cell(row) {
                    Cell::Float(v) => assert!(v.is_finite(), "{}.{}", entry.name, field.name),
                    Cell::Null
                    | Cell::Int(_)
                    | Cell::Bool(_)
                    | Cell::Date(_)
                    | Cell::Instant(_)
                    | Cell::Money(..)
                    | Cell::Label(_)
                    | Cell::Text(_)
                    | Cell::Id(_) => {}
                }
            }
        }
        assert!(
            !entry.ja.is_empty() && !entry.summary.is_empty(),
            "{}",
            entry.name
        );
        for field in entry.columns {
            assert!(
                !field.ja.is_empty() && !field.doc.is_empty(),
                "{}.{}",
                entry.name,
                field.name
            );
        }
    }
}

#[test]
fn degenerate_shops_give_tables() {
    let spec = r#"{"currency": "JPY", "product": "product", "channel": "channel"}"#;
    let shop = |rows: &[(&str, &str, i64)]| {
        let ids: Vec<&str> = rows.iter().map(|r| r.0).collect();
        let at: Vec<&str> = rows.iter().map(|r| r.1).collect();
        let amounts: Vec<i64> = rows.iter().map(|r| r.2).collect();
        let columns = [
            ("customer_id", crm_tests::texts(&ids)),
            ("ordered_at", crm_tests::times(&at)),
            ("amount", crm_tests::ints(&amounts)),
            ("product", crm_tests::texts(&vec!["tea"; rows.len()])),
            ("channel", crm_tests::texts(&vec!["ads"; rows.len()])),
        ];
        orders(spec, crm_tests::batch(&columns)).unwrap()
    };
    let cases = [
        ("nothing", shop(&[])),
        ("one order", shop(&[("a", "2025-01-01", 100)])),
        (
            "one customer",
            shop(&[("a", "2025-01-01", 100), ("a", "2025-02-01", 100)]),
        ),
        (
            "all on one day",
            shop(&[
                ("a", "2025-01-01", 100),
                ("b", "2025-01-01", 200),
                ("a", "2025-01-01", 5),
            ]),
        ),
        (
            "all amounts equal",
            shop(&[
                ("a", "2025-01-01", 100),
                ("b", "2025-03-01", 100),
                ("c", "2025-02-01", 100),
            ]),
        ),
        (
            "all worth nothing",
            shop(&[
                ("a", "2025-01-01", 0),
                ("b", "2025-03-01", 0),
                ("b", "2025-04-01", 0),
            ]),
        ),
        (
            "only refunds",
            shop(&[("a", "2025-01-01", -100), ("b", "2025-03-01", -5)]),
        ),
        (
            "after as_of",
            shop(&[("a", "2030-01-01", 100), ("b", "2030-01-02", 5)]),
        ),
    ];
    for (case, orders) in &cases {
        for entry in on_orders() {
            let request = request(entry.name);
            match register::run(
                entry.name,
                &Dataset::Orders(orders),
                &request,
                &Context::default(),
            ) {
                Ok(table) => {
                    if ["nothing", "only refunds", "after as_of"].contains(case)
                        && entry.columns[0].name == "customer_id"
                    {
                        assert!(table.is_empty(), "{} of {case}", entry.name);
                    }
                }
                // A clear refusal is an answer too, where there is nothing to estimate from.
                Err(crm_core::Error::Insufficient { .. }) => {}
                Err(e) => panic!("{} of {case}: {e}", entry.name),
            }
        }
    }
}

#[test]
fn a_list_of_dates_is_one_run_per_date() {
    let orders = orders(STORE, store(100, 15)).unwrap();
    for entry in on_orders() {
        let one = request(entry.name);
        let both = one.replace(
            &format!("\"{AS_OF}\""),
            &format!("[\"2025-04-30\", \"{AS_OF}\"]"),
        );
        let first = run(entry.name, &orders, &one.replace(AS_OF, "2025-04-30"));
        let second = run(entry.name, &orders, &one);
        let table = run(entry.name, &orders, &both);
        assert_eq!(table.columns()[0].name(), "as_of", "{}", entry.name);
        assert_eq!(table.len(), first.len() + second.len(), "{}", entry.name);
        for (i, column) in second.columns().iter().enumerate() {
            for row in 0..second.len() {
                assert!(
                    table.columns()[i + 1].cell(first.len() + row) == column.cell(row),
                    "{}.{} row {row}",
                    entry.name,
                    column.name()
                );
            }
        }
    }
}

#[test]
fn a_breakdown_is_one_run_per_group_of_orders() {
    let orders = orders(STORE, store(150, 16)).unwrap();
    for by in ["channel", "category", "first_channel", "first_quarter"] {
        // Acquisition is by customers' origins, not by groups of orders: `by` is its own option. So is `where` of
        // segments, which the comparison needs.
        let own = ["acquisition", "segment", "segment_sweep", "segment_history"];
        let broken_down =
            |entry: &&analysis::Entry| !own.contains(&entry.name) && entry.scope.contains(&"by");
        for entry in on_orders().filter(broken_down) {
            // Each group of these is a fit of its own: one breakdown shows as much as four.
            let fits = [
                "cycle",
                "alerts",
                "likely_buyers",
                "threshold_sweep",
                "learn",
                "customer",
                "base_forecast",
                "gap_fits",
                "clv_tracking",
                "alive_path",
            ]
            .contains(&entry.name)
                || entry.name.starts_with("backtest");
            if fits && by != "first_channel" {
                continue;
            }
            let request = request(entry.name);
            let by_json = format!("{}, \"by\": [\"{by}\"]}}", &request[..request.len() - 1]);
            let table = match register::run(
                entry.name,
                &Dataset::Orders(&orders),
                &by_json,
                &Context::default(),
            ) {
                Ok(table) => table,
                Err(crm_core::Error::Insufficient { .. }) => continue,
                Err(e) => panic!("{} by {by}: {e}", entry.name),
            };
            assert_eq!(table.columns()[0].name(), by, "{}", entry.name);
            let groups: std::collections::BTreeSet<String> = match by {
                "first_quarter" => crm_tests::numbers(&table, by)
                    .into_iter()
                    .flatten()
                    .map(|d| crm_core::Day(d as i32).to_string())
                    .collect(),
                _ => crm_tests::words(&table, by).into_iter().flatten().collect(),
            };
            let Some(group) = groups.iter().next() else {
                continue;
            };
            let filtered = format!(
                "{}, \"where\": {{\"{by}\": \"{group}\"}}}}",
                &request[..request.len() - 1]
            );
            let alone = run(entry.name, &orders, &filtered);
            let of_group = |row: &usize| match table.columns()[0].cell(*row) {
                Cell::Date(day) => day.to_string() == *group,
                Cell::Null => false,
                _ => crm_tests::words(&table, by)[*row].as_deref() == Some(group),
            };
            let rows: Vec<usize> = match by {
                "first_quarter" => (0..table.len()).filter(of_group).collect(),
                _ => {
                    let words = crm_tests::words(&table, by);
                    (0..table.len())
                        .filter(|r| words[*r].as_deref() == Some(group))
                        .collect()
                }
            };
            assert_eq!(rows.len(), alone.len(), "{} by {by} = {group}", entry.name);
            for (i, column) in alone.columns().iter().enumerate() {
                for (row, at) in rows.iter().enumerate() {
                    assert!(
                        table.columns()[i + 1].cell(*at) == column.cell(row),
                        "{}.{} by {by}",
                        entry.name,
                        column.name()
                    );
                }
            }
        }
    }
}

#[test]
fn cancelled_runs_stop_and_leave_nothing_behind() {
    let shop = store(100, 19);
    let orders = orders(STORE, shop).unwrap();
    let flag = std::sync::atomic::AtomicBool::new(true);
    let cancelled = Context {
        cancel: Some(&flag),
        ..Context::default()
    };
    for entry in on_orders() {
        let result = register::run(
            entry.name,
            &Dataset::Orders(&orders),
            &request(entry.name),
            &cancelled,
        );
        assert!(
            matches!(result, Err(crm_core::Error::Cancelled)),
            "{}",
            entry.name
        );
        run(entry.name, &orders, &request(entry.name));
    }
}

#[test]
fn customers_says_whom_the_answer_is_about_and_changes_no_number() {
    let orders = orders(STORE, store(150, 20)).unwrap();
    for entry in on_orders().filter(|entry| entry.scope.contains(&"customers")) {
        let request = request(entry.name);
        let all = run(entry.name, &orders, &request);
        let chosen = format!(
            "{}, \"customers\": {{\"first_channel\": [\"ads\", \"email\"]}}}}",
            &request[..request.len() - 1]
        );
        let some = run(entry.name, &orders, &chosen);
        assert!(
            some != all,
            "{} takes `customers` and ignores it",
            entry.name
        );
        if !entry
            .columns
            .iter()
            .any(|field| field.name == "customer_id")
        {
            continue;
        }
        assert!(!some.is_empty() && some.len() < all.len(), "{}", entry.name);
        // A customer's rows in their order: one, or several of a history.
        let mut rows: HashMap<_, VecDeque<usize>> = HashMap::new();
        for (at, id) in crm_tests::words(&all, "customer_id")
            .into_iter()
            .enumerate()
        {
            rows.entry(id).or_default().push_back(at);
        }
        for (row, id) in crm_tests::words(&some, "customer_id").iter().enumerate() {
            let next = rows.get_mut(id).and_then(VecDeque::pop_front);
            let at = next.expect("a row of the whole table");
            for (a, b) in some.columns().iter().zip(all.columns()) {
                assert!(a.cell(row) == b.cell(at), "{}.{}", entry.name, a.name());
            }
        }
    }
}

/// One name, one default: the share with a second purchase within 90 days is the same in every table.
#[test]
fn repeat_rates_of_all_tables_agree() {
    let orders = orders(STORE, store(300, 23)).unwrap();
    let rate = |name: &str, options: &str, row: usize| {
        let request = format!(r#"{{"as_of": "{AS_OF}"{options}}}"#);
        let table = run(name, &orders, &request);
        match table.column("repeat_rate").unwrap().cell(row) {
            Cell::Float(rate) => rate,
            other => panic!("{name}: {other:?}"),
        }
    };
    for occasion in ["", r#", "occasion": "day""#, r#", "occasion": "order""#] {
        let f2 = rate("repeat_rate", occasion, 0);
        let all = format!(r#", "rows": "all"{occasion}"#);
        assert_eq!(rate("cohorts", &all, 3), f2, "cohorts{occasion}");
        let other = run(
            "repeat_rate",
            &orders,
            &format!(r#"{{"as_of": "{AS_OF}"{occasion}}}"#),
        );
        let definition = other.definition().unwrap().json();
        let said = if occasion.contains("order") {
            "order"
        } else {
            "day"
        };
        assert!(
            definition.contains(&format!(r#""occasion":"{said}""#)),
            "{definition}"
        );
        // One channel by itself.
        let only = format!(r#", "where": {{"first_channel": "ads"}}{occasion}"#);
        let channel = rate("repeat_rate", &only, 0);
        let acquired = run(
            "acquisition",
            &orders,
            &format!(r#"{{"as_of": "{AS_OF}"{occasion}}}"#),
        );
        let row = crm_tests::words(&acquired, "channel");
        let row = row
            .iter()
            .position(|c| c.as_deref() == Some("ads"))
            .unwrap();
        assert_eq!(
            rate("acquisition", occasion, row),
            channel,
            "acquisition{occasion}"
        );
        let by = format!(r#", "of": "channel"{occasion}"#);
        let first = run(
            "first_product",
            &orders,
            &format!(r#"{{"as_of": "{AS_OF}"{by}}}"#),
        );
        let row = crm_tests::words(&first, "first");
        let row = row
            .iter()
            .position(|c| c.as_deref() == Some("ads"))
            .unwrap();
        assert_eq!(
            rate("first_product", &by, row),
            channel,
            "first_product{occasion}"
        );
    }
}
