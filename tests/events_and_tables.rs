//! What `conformance.rs` asks of analyses of orders, asked of those that read events or a table.

use crm_core::table::Cell;
use crm_core::{Context, Dataset, Error, ErrorCode, Table, analysis, register};
use crm_tests::shelf::{Shelf, column, customers, request};
use crm_tests::shuffled;
use serde_json::{Value, json};
use std::sync::atomic::AtomicBool;

fn others() -> impl Iterator<Item = &'static analysis::Entry> {
    register::all().filter(|entry| entry.reads != "orders")
}

fn run(shelf: &Shelf, entry: &analysis::Entry, context: &Context) -> crm_core::Result<Table> {
    let request = request(entry).to_string();
    register::run(entry.name, &shelf.data(entry), &request, context)
}

fn plainly(shelf: &Shelf, entry: &analysis::Entry) -> Table {
    run(shelf, entry, &Context::default()).unwrap_or_else(|e| panic!("{}: {e}", entry.name))
}

#[test]
fn a_second_run_and_threads_give_the_same_bits() {
    let (shelf, again) = (Shelf::new(), Shelf::new());
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(3)
        .build()
        .unwrap();
    let threads = Context {
        pool: Some(&pool),
        ..Context::default()
    };
    for entry in others() {
        let table = plainly(&shelf, entry);
        assert!(!table.is_empty(), "{} says nothing", entry.name);
        // Of the same dataset, whose first run may have left something behind, and of an equal one.
        assert!(plainly(&shelf, entry) == table, "{} again", entry.name);
        assert!(
            run(&again, entry, &threads).unwrap() == table,
            "{} on threads",
            entry.name
        );
    }
}

/// Rows of customers in another order: a table by customer has its rows in that order, a fit has the same
/// parameters but for the order of its sums.
#[test]
fn rows_of_a_table_may_come_in_any_order() {
    let shelf = Shelf::new();
    let order = shuffled(240);
    let mixed = Shelf {
        customers: customers(&order),
        ..Shelf::new()
    };
    for entry in others().filter(|entry| entry.reads == "table") {
        let (table, other) = (plainly(&shelf, entry), plainly(&mixed, entry));
        assert_eq!(table.len(), other.len(), "{}", entry.name);
        // Draws belong to rows, and not to customers: so do the bounds below that are drawn.
        if entry.name == "clv_simulate" {
            continue;
        }
        let by_row = table.len() == order.len();
        for (a, b) in table.columns().iter().zip(other.columns()) {
            if by_row && (a.name().ends_with("_low") || a.name().ends_with("_high")) {
                continue;
            }
            let identity: Vec<usize> = (0..table.len()).collect();
            let places = if by_row { &order } else { &identity };
            for (row, &from) in places.iter().enumerate() {
                let same = match (a.cell(from), b.cell(row)) {
                    (Cell::Float(a), Cell::Float(b)) if !by_row => (a - b).abs() <= 1e-4 * a.abs(),
                    (a, b) => a == b,
                };
                let cells = (a.cell(from), b.cell(row));
                assert!(same, "{}.{} row {row}: {cells:?}", entry.name, a.name());
            }
        }
    }
}

#[test]
fn columns_are_those_of_the_catalogue_and_floats_are_numbers() {
    let shelf = Shelf::new();
    for entry in others() {
        let table = plainly(&shelf, entry);
        let mut fields = entry.columns.iter();
        for column in table.columns() {
            let field = fields.find(|field| field.name == column.name());
            let field = field.unwrap_or_else(|| panic!("{}.{}", entry.name, column.name()));
            assert_eq!(column.unit(), field.unit, "{}.{}", entry.name, field.name);
            for row in 0..table.len() {
                if let Cell::Float(v) = column.cell(row) {
                    assert!(v.is_finite(), "{}.{} row {row}", entry.name, field.name);
                }
            }
        }
    }
}

/// A definition written out in full is the same request, and its nulls are documented.
#[test]
fn definitions_are_whole() {
    let shelf = Shelf::new();
    for entry in others() {
        let name = entry.name;
        let table = plainly(&shelf, entry);
        let definition = table.definition().expect("a definition");
        let value: Value = serde_json::from_str(definition.json()).unwrap();
        assert_eq!(value["analysis"], name);
        let mut full = value["options"].as_object().unwrap().clone();
        for (key, value) in value["scope"].as_object().unwrap() {
            if entry.scope.contains(&key.as_str()) {
                full.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        let full = Value::Object(full).to_string();
        let again = register::run(name, &shelf.data(entry), &full, &Context::default());
        let again = again.unwrap_or_else(|e| panic!("{name} {full}: {e}"));
        assert_eq!(
            again.definition().unwrap().hash(),
            definition.hash(),
            "{name}"
        );
        assert!(again == table, "{name}");
        let described = register::describe(name).unwrap();
        for (option, value) in value["options"].as_object().unwrap() {
            let doc = &described["options"]["properties"][option]["description"];
            let doc = doc.as_str().unwrap_or("").replace('\n', " ");
            let says = [
                "Default: none",
                "Default: no ",
                "Default: all",
                "null",
                "Default: left out of",
                "Instead of `fit`, the model of",
                "Default: any",
            ];
            let said = says.iter().any(|said| doc.contains(said));
            assert!(!value.is_null() || said, "{name}.{option} is null: {doc}");
        }
    }
}

#[test]
fn unknown_options_are_named_with_the_valid_ones() {
    let shelf = Shelf::new();
    for entry in others() {
        let mut wrong = request(entry);
        wrong["no_such"] = json!(1);
        let data = shelf.data(entry);
        let error = register::run(entry.name, &data, &wrong.to_string(), &Context::default());
        let error = error.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Option, "{}", entry.name);
        let said = error.to_string();
        assert!(
            said.contains("unknown option `no_such`; valid are"),
            "{}: {said}",
            entry.name
        );
        for option in request(entry).as_object().unwrap().keys() {
            assert!(said.contains(option.as_str()), "{}: {said}", entry.name);
        }
    }
}

/// Rows that no model can take are counted by the column at fault, or refused at the first of them.
#[test]
fn rows_that_no_model_can_take_are_counted_by_column() {
    let (nan, none) = (f64::NAN, 0.0);
    let table = Table::new(vec![
        column("frequency", [1.0, -1.0, 2.0, 1.5, 0.0, 3.0, 1.0, nan]),
        column("recency", [5.0, 5.0, 40.0, 5.0, none, 9.0, 7.0, 5.0]),
        column("T", [30.0, 30.0, 35.0, 30.0, 31.0, 30.0, 33.0, 30.0]),
        column("monetary_value", [20.0; 8]),
    ]);
    // The second, fourth and eighth have no frequency that can be, the third no recency.
    let fit =
        json!({"model": "mbg_nbd", "unit": "week", "r": 0.9, "alpha": 7.0, "a": 0.6, "b": 2.0});
    for (name, bad_rows) in [("clv_predict", "drop"), ("clv_predict", "error")] {
        let request = json!({"fit": fit, "bad_rows": bad_rows}).to_string();
        let found = register::run(name, &Dataset::Table(&table), &request, &Context::default());
        match bad_rows {
            "drop" => {
                let found = found.unwrap();
                let expected = json!({"frequency": 3, "recency": 1});
                assert_eq!(found.notes()["rows_left_out"], expected);
                assert_eq!(found.len(), 8);
            }
            _ => {
                let error = found.unwrap_err();
                assert_eq!((error.column(), error.row()), (Some("frequency"), Some(1)));
            }
        }
    }
}

/// Numbers of a request or a table that no model has an answer for.
#[test]
fn times_and_counts_that_cannot_be_are_refused() {
    let shelf = Shelf::new();
    let entry = |name: &str| register::all().find(|entry| entry.name == name).unwrap();
    let ask = |name: &str, data: &Dataset<'_>, more: &[(&str, Value)]| {
        let mut request = request(entry(name));
        for (key, value) in more {
            request[key] = value.clone();
        }
        register::run(name, data, &request.to_string(), &Context::default())
    };
    let customers = Dataset::Table(&shelf.customers);
    for (t, fits) in [(0.0, true), (12.5, true), (-0.001, false), (-1e9, false)] {
        for name in ["expected_surface", "clv_predict"] {
            let found = ask(name, &customers, &[("t", json!(t))]);
            let option = found
                .as_ref()
                .err()
                .map(|e| e.option_name().map(str::to_owned));
            let expected = (!fits).then(|| Some("t".to_owned()));
            assert_eq!(option, expected, "{name} {t}");
        }
    }
    for (n, fits) in [
        (0.0, true),
        (1e6, true),
        (1.0, true),
        (0.5, false),
        (-1.0, false),
        (1e6 + 1.0, false),
    ] {
        let table = Table::new(vec![column("t", [1.0, 4.0]), column("n", [1.0, n])]);
        let found = ask("clv_new_customers", &Dataset::Table(&table), &[]);
        let place = found
            .as_ref()
            .err()
            .map(|e| (e.column().map(str::to_owned), e.row()));
        let expected = (!fits).then(|| (Some("n".to_owned()), Some(1)));
        assert_eq!(place, expected, "{n}");
    }
}

/// The least and the greatest value that the documentation of an option names: "2 to 1,000".
fn documented_range(text: &str) -> Option<(i64, i64)> {
    let words: Vec<&str> = text.split(' ').collect();
    let number = |word: &str| {
        let digits = word
            .trim_matches(['.', ';', '(', ')'])
            .trim_end_matches(',');
        digits.replace(',', "").parse::<i64>().ok()
    };
    let to = words.iter().position(|word| *word == "to")?;
    let from = number(words.get(to.checked_sub(1)?)?)?;
    Some((from, number(words.get(to + 1)?)?))
}

/// A whole number is taken from the least to the greatest that its documentation names, and no other.
#[test]
fn options_are_taken_up_to_their_documented_limits() {
    let shelf = Shelf::new();
    let shop = crm_tests::orders(crm_tests::STORE, crm_tests::store(60, 3)).unwrap();
    let stopped = AtomicBool::new(true);
    let mut seen = Vec::new();
    for entry in register::all() {
        let data = match entry.reads {
            "orders" => Dataset::Orders(&shop),
            _ => shelf.data(entry),
        };
        let described = register::describe(entry.name).unwrap();
        let options = described["options"]["properties"].as_object().cloned();
        for (name, option) in options.unwrap_or_default() {
            let whole = option["type"] == "integer" || option["type"][0] == "integer";
            let text = option["description"].as_str().unwrap_or_default();
            let Some((least, most)) = documented_range(text).filter(|_| whole) else {
                continue;
            };
            seen.push(format!("{}.{name}", entry.name));
            let ask = |value: i64, context: &Context| {
                let mut request = request(entry);
                request[&name] = json!(value);
                if entry.name == "movement" {
                    request["since"] = json!("2025-03-31");
                }
                if entry.name == "entitlements" {
                    request["tiers"] = json!([{"name": "gold", "from": 1}]);
                    let rules = request["rules"].as_array_mut().expect("rules");
                    rules.push(json!({"name": "lounge", "tier": "gold"}));
                }
                register::run(entry.name, &data, &request.to_string(), context)
            };
            for beyond in [least - 1, most + 1] {
                // None at all is the default of some.
                if option["default"] == json!(beyond) {
                    continue;
                }
                let error = ask(beyond, &Context::default())
                    .expect_err(&format!("{} {name} {beyond}", entry.name));
                let found = (error.code(), error.option_name());
                assert_eq!(
                    found,
                    (ErrorCode::Option, Some(&name[..])),
                    "{beyond}: {error}"
                );
            }
            // What is taken need not be computed to its end.
            let cancelled = Context {
                cancel: Some(&stopped),
                ..Context::default()
            };
            for within in [least, most] {
                if let Err(error) = ask(within, &cancelled) {
                    assert_eq!(
                        error.code(),
                        ErrorCode::Cancelled,
                        "{} {name} {within}: {error}",
                        entry.name
                    );
                }
            }
        }
    }
    assert!(seen.len() >= 15, "{seen:?}");
    // Lengths of time: a day is the least step; a grid has as many parts as a byte can number.
    let ask = |name: &str, request: Value| {
        let data = Dataset::Orders(&shop);
        let found = register::run(name, &data, &request.to_string(), &Context::default());
        found
            .err()
            .and_then(|error| error.option_name().map(str::to_owned))
    };
    for name in ["lead_times", "cohorts"] {
        assert_eq!(ask(name, json!({"step": 1})), None, "{name}");
        assert_eq!(
            ask(name, json!({"step": 0})).as_deref(),
            Some("step"),
            "{name}"
        );
    }
    // Each of 100 pairs of R and F is one part; of 17 of them each M is one, and of one more some.
    let grid = |more: u8| {
        let mut parts = Vec::new();
        for (at, (r, f)) in (1..=10)
            .flat_map(|r| (1..=10).map(move |f| (r, f)))
            .enumerate()
        {
            let ends = match at {
                0..17 => (1..=10).collect(),
                17 => (1..more).chain([10]).collect(),
                _ => vec![10],
            };
            let mut from = 1;
            for to in ends {
                let name = format!("part {}", parts.len());
                parts.push(json!({"segment": name, "r": [r, r], "f": [f, f], "m": [from, to]}));
                from = to + 1;
            }
        }
        let n = parts.len();
        (n, ask("rfm", json!({"levels": 10, "grid": parts})))
    };
    assert_eq!(grid(3), (255, None));
    assert_eq!(grid(4), (256, Some("grid".to_owned())));
}

#[test]
fn cancelled_runs_stop_and_leave_nothing_behind() {
    let (shelf, untouched) = (Shelf::new(), Shelf::new());
    let flag = AtomicBool::new(true);
    let cancelled = Context {
        cancel: Some(&flag),
        ..Context::default()
    };
    for entry in others() {
        let stopped = run(&shelf, entry, &cancelled);
        assert!(matches!(stopped, Err(Error::Cancelled)), "{}", entry.name);
        assert!(
            plainly(&shelf, entry) == plainly(&untouched, entry),
            "{}",
            entry.name
        );
    }
}

/// Tables without rows: a result without rows, or an error that names what is missing. As analyses
/// of orders do.
#[test]
fn budgets_of_a_few_bytes_are_refused() {
    let shelf = Shelf::new();
    let context = Context {
        budget: Some(15),
        ..Context::default()
    };
    for entry in others() {
        let code = run(&shelf, entry, &context)
            .map(|_| ())
            .map_err(|e| e.code());
        assert_eq!(code, Err(ErrorCode::Budget), "{}", entry.name);
    }
}

#[test]
fn empty_tables_are_answered_or_refused() {
    let full = Shelf::new();
    let empty = |table: &Table| {
        let columns = table.columns().iter();
        Table::new(columns.map(|c| column(c.name(), [])).collect())
    };
    let shelf = Shelf {
        customers: empty(&full.customers),
        opportunities: empty(&full.opportunities),
        survivors: empty(&full.survivors),
        durations: empty(&full.durations),
        ahead: empty(&full.ahead),
        variants: empty(&full.variants),
        plans: empty(&full.plans),
        ids: empty(&full.ids),
        answers: empty(&full.answers),
        candidates: empty(&full.candidates),
        people: empty(&full.people),
        texts: empty(&full.texts),
        ..Shelf::new()
    };
    for entry in others().filter(|entry| entry.reads == "table") {
        match run(&shelf, entry, &Context::default()) {
            Ok(table) => {
                let of_the_model = [
                    "bgbb_histogram",
                    "clv_parameters",
                    "expected_surface",
                    "frequency_histogram",
                    "sbg_predict",
                    // The row of all products.
                    "reviews",
                ];
                let whole = of_the_model.contains(&entry.name);
                assert!(table.is_empty() || whole, "{}", entry.name);
            }
            Err(Error::Insufficient { .. }) => {}
            // Nobody has candidates to ask about.
            Err(e) if entry.name == "why" => assert_eq!(e.option_name(), Some("customer")),
            Err(e) => panic!("{}: {e}", entry.name),
        }
        // A table without its columns names the one that is missing.
        if entry.name == "clv_parameters" {
            continue;
        }
        let data = Dataset::Table(&Table::default());
        let error = register::run(
            entry.name,
            &data,
            &request(entry).to_string(),
            &Context::default(),
        );
        match error {
            Err(e) => assert_eq!(e.code(), ErrorCode::Schema, "{}: {e}", entry.name),
            Ok(_) => panic!("{} of no columns", entry.name),
        }
    }
}

/// A model is asked before its fit: that is no wrong option.
#[test]
fn a_model_without_a_fit_or_parameters_is_not_fitted() {
    let shelf = Shelf::new();
    let mut asked = 0;
    for name in [
        "clv_predict",
        "clv_parameters",
        "clv_new_customers",
        "expected_surface",
        "sbg_predict",
        "bgbb_predict",
    ] {
        let entry = others().find(|entry| entry.name == name).unwrap();
        let mut request = request(entry);
        request.as_object_mut().unwrap().remove("fit");
        let data = Dataset::Table(&shelf.customers);
        let found = register::run(name, &data, &request.to_string(), &Context::default());
        let error = found.map(|_| ()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::NotFitted, "{name}: {error}");
        assert_eq!(
            error.to_string(),
            "not fitted: option `fit` is the JSON of a fit, or of parameters"
        );
        assert!(error.hint().unwrap().contains("clv_fit"));
        asked += 1;
    }
    assert_eq!(asked, 6);
}
