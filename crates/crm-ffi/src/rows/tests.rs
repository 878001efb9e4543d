//! Rows of a host: what is kept, cut and written.

use super::*;

fn rows(names: &[&str]) -> Rows {
    let spec = CustomersSpec::parse(
        &serde_json::json!({
            "customer_id": names[0], "dimensions": &names[1..],
        })
        .to_string(),
    );
    let Ok(spec) = spec else {
        panic!("a sound spec")
    };
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let Ok(rows) = Rows::new(Spec::Customers(spec), names) else {
        panic!("columns of the spec")
    };
    rows
}

fn add(rows: &mut Rows, cells: &[Cell<'_>]) {
    for cell in cells {
        assert!(rows.cell(*cell).is_ok());
    }
    assert!(rows.end().is_ok());
}

/// Each column as texts, whatever type it has; `None` where it is null.
fn shown(rows: &mut Rows) -> Vec<Vec<Option<String>>> {
    let Ok((_, batch)) = rows.batch() else {
        panic!("whole rows")
    };
    let text = |column: &ColumnData, i: usize| match &column.values {
        ColumnValues::Int { values, .. } => Some(values[i].to_string()),
        ColumnValues::Float(values) => Some(values[i].to_string()),
        ColumnValues::Text(texts) => Some(String::from_utf8_lossy(texts.bytes(i)).into_owned()),
        ColumnValues::Null(_) => None,
        other => panic!("no such column: {other:?}"),
    };
    batch
        .iter()
        .map(|(_, column)| {
            (0..column.len())
                .map(|i| text(column, i).filter(|_| column.is_valid(i)))
                .collect()
        })
        .collect()
}

const INTS: [Cell<'static>; 2] = [Cell::Int(7), Cell::Int(-8)];
const FLOATS: [Cell<'static>; 2] = [Cell::Float(0.5), Cell::Float(-1.25)];
const TEXTS: [Cell<'static>; 2] = [Cell::Text("tea"), Cell::Text("")];

/// Dropped rows leave nothing behind: no nulls, no values, no bytes of their texts.
#[test]
fn rows_that_are_cut_off_leave_no_nulls_and_no_values() {
    for [a, b] in [INTS, FLOATS, TEXTS] {
        let mut kept = rows(&["id", "x"]);
        add(&mut kept, &[Cell::Int(1), a]);
        add(&mut kept, &[Cell::Int(2), Cell::Null]);
        // A failing batch: a null, a value, an incomplete row.
        add(&mut kept, &[Cell::Int(3), Cell::Null]);
        add(&mut kept, &[Cell::Int(4), a]);
        add(&mut kept, &[Cell::Null, Cell::Null]);
        assert!(kept.cell(Cell::Int(9)).is_ok());
        kept.cut(2);
        add(&mut kept, &[Cell::Int(5), b]);
        add(&mut kept, &[Cell::Int(6), Cell::Null]);
        add(&mut kept, &[Cell::Int(7), a]);

        let mut plain = rows(&["id", "x"]);
        for (id, cell) in [(1, a), (2, Cell::Null), (5, b), (6, Cell::Null), (7, a)] {
            add(&mut plain, &[Cell::Int(id), cell]);
        }
        let shown_kept = shown(&mut kept);
        assert_eq!(shown_kept, shown(&mut plain));
        assert_eq!(shown_kept[1].iter().filter(|x| x.is_none()).count(), 2);
    }
}

#[test]
fn finished_rows_take_no_more() {
    let mut sealed = rows(&["id", "x"]);
    add(&mut sealed, &[Cell::Int(1), Cell::Int(2)]);
    let before = shown(&mut sealed);
    assert!(sealed.cell(Cell::Int(3)).is_err() && sealed.end().is_err());
    assert!(crate::rows_json::append(&mut sealed, "[[3, 4]]").is_err());
    assert_eq!((sealed.len(), shown(&mut sealed)), (1, before));
}

#[test]
fn a_failing_batch_of_json_is_forgotten_whole() {
    let mut kept = rows(&["id", "x", "y"]);
    let batch = |rows: &mut Rows, json: &str| crate::rows_json::append(rows, json).is_ok();
    assert!(batch(&mut kept, r#"[[1, "a", 1]]"#));
    assert!(!batch(
        &mut kept,
        r#"[[2, null, null], [3, "b", 2], [4, null, null], [5]]"#
    ));
    assert!(batch(
        &mut kept,
        r#"[[6, "c", 3], [7, "d", 4], [8, null, 5], [9, "e", null]]"#
    ));
    let some = |texts: &[&str]| -> Vec<Option<String>> {
        texts
            .iter()
            .map(|t| (*t != "-").then(|| (*t).to_owned()))
            .collect()
    };
    assert_eq!(
        shown(&mut kept),
        [
            some(&["1", "6", "7", "8", "9"]),
            some(&["a", "c", "d", "-", "e"]),
            some(&["1", "3", "4", "5", "-"]),
        ]
    );
}

/// Rows before the first value of a column are null, whatever its type.
#[test]
fn a_column_may_begin_with_nulls() {
    for [a, b] in [INTS, FLOATS, TEXTS] {
        let mut late = rows(&["id", "x"]);
        for (id, cell) in [Cell::Null, Cell::Null, a, Cell::Null, b]
            .iter()
            .enumerate()
        {
            add(&mut late, &[Cell::Int(id as i64), *cell]);
        }
        let mut early = rows(&["id", "x"]);
        add(&mut early, &[Cell::Int(0), a]);
        add(&mut early, &[Cell::Int(1), b]);
        let (found, plain) = (shown(&mut late), shown(&mut early));
        let values = [None, None, plain[1][0].clone(), None, plain[1][1].clone()];
        assert_eq!(found[1], values);
        assert_eq!(found[0].len(), 5);
    }
}

/// A cell is taken as it is written: `19.80` and numbers beyond 64 bits keep every digit; exponents are spelled out.
#[test]
fn numbers_of_json_keep_their_digits() {
    for (cell, expected) in [
        ("1", Some("1")),
        ("-9223372036854775808", Some("-9223372036854775808")),
        ("9223372036854775807", Some("9223372036854775807")),
        ("9223372036854775808", Some("9223372036854775808")),
        (
            "123456789012345678901234567890",
            Some("123456789012345678901234567890"),
        ),
        ("19.80", Some("19.80")),
        ("-0.10", Some("-0.10")),
        ("0.1000000000000000055", Some("0.1000000000000000055")),
        ("1e3", Some("1000")),
        ("1.5E-3", Some("0.0015")),
        ("1e999", Some("1e999")),
        ("true", Some("true")),
        ("false", Some("false")),
        ("\"a\\u0062\\n\"", Some("ab\n")),
        ("\"\"", Some("")),
        ("null", None),
    ] {
        let mut one = rows(&["id", "x"]);
        let json = format!("[[1, {cell}]]");
        assert!(crate::rows_json::append(&mut one, &json).is_ok(), "{cell}");
        assert_eq!(shown(&mut one)[1], [expected.map(str::to_owned)], "{cell}");
    }
    for cell in ["[1]", "{\"a\": 1}"] {
        let mut one = rows(&["id", "x"]);
        let json = format!("[[1, 2], [3, {cell}]]");
        let Err(fault) = crate::rows_json::append(&mut one, &json) else {
            panic!("{cell}")
        };
        let said = format!("{fault:?}");
        assert!(
            said.contains("a cell is a text, a number, true, false or null"),
            "{said}"
        );
        assert_eq!(one.len(), 0);
    }
}

/// A column starts with nulls, then turns from whole numbers to floats to texts.
#[test]
fn a_column_that_changes_its_type_loses_nothing() {
    let cells = [
        Cell::Null,
        Cell::Int(12),
        Cell::Null,
        Cell::Float(2.5),
        Cell::Int(3),
        Cell::Text("x"),
        Cell::Null,
    ];
    let mut mixed = rows(&["id", "x"]);
    for (id, cell) in cells.iter().enumerate() {
        add(&mut mixed, &[Cell::Int(id as i64), *cell]);
    }
    let expected = ["-", "12", "-", "2.5", "3", "x", "-"];
    let expected: Vec<_> = expected
        .iter()
        .map(|t| (*t != "-").then(|| (*t).to_owned()))
        .collect();
    assert_eq!(shown(&mut mixed)[1], expected);
}

/// Whatever two cells a host puts into each other's place, the names in `"cells"` say what they are: any order of names
/// gives the same orders, to the byte. A library with an order of its own would put money into another column.
#[test]
fn cells_are_what_their_names_say_in_any_order() {
    let row = [
        ("customer_id", "hanako"),
        ("ordered_at", "2026-01-10"),
        ("amount", "1000"),
        ("currency_column", "JPY"),
        ("order_id", "o-1"),
        ("quantity", "3"),
        ("status", "completed"),
        ("kind", "sub_first"),
        ("refunded", "7"),
        ("refunded_at", "2026-02-11"),
        ("discount", "50"),
        ("shipping", "600"),
        ("tax", "90"),
        ("cost", "700"),
        ("line_kind", "product"),
        ("product", "tea"),
        ("category", "drinks"),
        ("channel", "mail"),
        ("shop", "Kyoto"),
        ("colour", "red"),
    ];
    let mut spec: serde_json::Map<String, serde_json::Value> = row[..19]
        .iter()
        .map(|(name, _)| ((*name).to_owned(), (*name).into()))
        .collect();
    spec.insert("currency".into(), "JPY".into());
    spec.insert("amount_is".into(), "unit".into());
    spec.insert("dimensions".into(), serde_json::json!(["colour"]));
    let Ok(spec) = OrdersSpec::parse(&serde_json::json!(spec).to_string()) else {
        panic!("a sound spec")
    };
    let saved = |row: &[(&str, &str)]| {
        let names = row.iter().map(|(name, _)| (*name).to_owned()).collect();
        let Ok(mut rows) = Rows::new(Spec::Orders(Box::new(spec.clone())), names) else {
            panic!("columns of the spec")
        };
        let cells: Vec<Cell<'_>> = row.iter().map(|(_, cell)| Cell::Text(cell)).collect();
        add(&mut rows, &cells);
        let Ok((_, batch)) = rows.batch() else {
            panic!("whole rows")
        };
        let context = crm_core::Context::default();
        let orders =
            crm_core::Orders::from_batches(&spec, std::slice::from_ref(batch), None, &context);
        orders.and_then(|orders| orders.to_bytes()).unwrap()
    };
    let expected = saved(&row);
    let mut pairs = 0;
    for i in 0..row.len() {
        for j in 0..i {
            let mut swapped = row;
            swapped.swap(i, j);
            assert!(saved(&swapped) == expected, "{} and {}", row[i].0, row[j].0);
            pairs += 1;
        }
    }
    assert_eq!(pairs, 190);
}
