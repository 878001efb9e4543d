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
                "Or the model of",
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

/// Tables without rows: an answer without rows, or a refusal that says what is missing.
/// As analyses of orders do.
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
                ];
                let whole = of_the_model.contains(&entry.name);
                assert!(table.is_empty() || whole, "{}", entry.name);
            }
            Err(Error::Insufficient { .. }) => {}
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
