//! Columns of every type: how many cells they have, the tables they become, the options that need
//! texts.

use crm_core::columns::{Batch, Bits, Buf, ColumnData, ColumnValues, Strings, TimeUnit};
use crm_core::data::{EventsSpec, OrdersSpec};
use crm_core::ids::IdRef;
use crm_core::table::{Cell, Type};
use crm_core::{Context, Day, ErrorCode, Events, Orders, Table};
use crm_tests::{batch, floats, ints, optional_ints, optional_texts, texts};

fn decimals(values: &[i128], scale: i8) -> ColumnData {
    ColumnValues::Decimal {
        values: values.to_vec().into(),
        scale,
    }
    .into()
}

fn unsigned(values: &[u64]) -> ColumnData {
    ColumnValues::Unsigned {
        values: values.to_vec().into(),
        bits: 64,
    }
    .into()
}

fn days(values: &[i32]) -> ColumnData {
    ColumnValues::Date(values.to_vec().into()).into()
}

fn instants(values: &[i64], unit: TimeUnit, zone: Option<&str>) -> ColumnData {
    ColumnValues::Time {
        values: values.to_vec().into(),
        unit,
        zone: zone.map(str::to_owned),
    }
    .into()
}

fn truths(values: &[bool]) -> ColumnData {
    ColumnValues::Bool(Bits::from_bools(values.iter().copied()).expect("small")).into()
}

fn fixed(width: usize, bytes: &[u8]) -> ColumnData {
    ColumnValues::Fixed {
        width,
        bytes: bytes.to_vec().into(),
    }
    .into()
}

fn dictionary(keys: &[u32], values: ColumnData) -> ColumnData {
    ColumnValues::Dictionary {
        keys: keys.to_vec().into(),
        values: Box::new(values),
    }
    .into()
}

/// Offsets of 32 bits, as Arrow's plain texts have them.
fn small_texts(offsets: &[i32], bytes: &[u8]) -> ColumnData {
    let offsets: Buf<i32> = offsets.to_vec().into();
    ColumnValues::Text(Strings::Small(offsets, bytes.to_vec().into())).into()
}

#[test]
fn a_column_has_as_many_cells_as_were_put_in() {
    let columns: Vec<(ColumnData, usize)> = vec![
        (ints(&[1, 2, 3]), 3),
        (unsigned(&[7]), 1),
        (floats(&[0.5, 1.5]), 2),
        (decimals(&[1, 2, 3, 4], 2), 4),
        (days(&[20_000, 20_001]), 2),
        (instants(&[5, 6, 7], TimeUnit::Second, None), 3),
        (truths(&[true, false, true, true, false]), 5),
        (texts(&["a", ""]), 2),
        (small_texts(&[0, 1, 1, 3], b"abc"), 3),
        (fixed(4, &[0; 12]), 3),
        (dictionary(&[0, 0, 1], texts(&["a", "b"])), 3),
        (ColumnValues::Null(6).into(), 6),
        (ints(&[]), 0),
        (unsigned(&[]), 0),
        (floats(&[]), 0),
        (decimals(&[], 2), 0),
        (days(&[]), 0),
        (instants(&[], TimeUnit::Second, None), 0),
        (truths(&[]), 0),
        (texts::<&str>(&[]), 0),
        (small_texts(&[0], b""), 0),
        (fixed(4, &[]), 0),
        (dictionary(&[], texts(&["a", "b"])), 0),
        (ColumnValues::Null(0).into(), 0),
    ];
    for (column, n) in columns {
        let what = column.type_name();
        assert_eq!(column.len(), n, "{what}");
        assert_eq!(column.is_empty(), n == 0, "{what}");
        if let ColumnValues::Bool(bits) = &column.values {
            assert_eq!((bits.len(), bits.is_empty()), (n, n == 0));
        }
        if let ColumnValues::Text(texts) = &column.values {
            assert_eq!((texts.len(), texts.is_empty()), (n, n == 0));
        }
    }
}

/// The cells of a table's column, spelled.
fn cells(name: &str, column: ColumnData) -> crm_core::Result<(Type, Vec<String>)> {
    let table = Table::from_batch(&vec![(name.to_owned(), column)], &Context::default())?;
    let column = table.column(name).expect("the column");
    let spelled = (0..table.len()).map(|row| match column.cell(row) {
        Cell::Id(IdRef::Int(v)) => format!("id {v}"),
        Cell::Id(IdRef::Unsigned(v)) => format!("id {v}"),
        Cell::Id(IdRef::Text(text)) => format!("id {text}"),
        Cell::Id(IdRef::Bytes(bytes)) => format!("id {bytes:?}"),
        Cell::Int(v) => format!("int {v}"),
        Cell::Float(v) => format!("float {v}"),
        Cell::Bool(v) => format!("bool {v}"),
        Cell::Date(day) => format!("date {day}"),
        Cell::Instant(v) => format!("instant {v}"),
        Cell::Null => "null".to_owned(),
        other => panic!("{other:?}"),
    });
    Ok((column.values().ty(), spelled.collect()))
}

#[test]
fn a_table_has_the_cells_of_columns_of_every_type() {
    let new_year: Day = "2026-01-01".parse().expect("a day");
    let at = i64::from(new_year.0) * 86_400; // in seconds
    let with_null = |column: ColumnData| ColumnData {
        valid: Some(Bits::from_bools([true, false].into_iter()).expect("small")),
        ..column
    };
    let cases: Vec<(ColumnData, Type, [&str; 2])> = vec![
        (ints(&[3, -4]), Type::Int, ["int 3", "int -4"]),
        (with_null(ints(&[3, -4])), Type::Int, ["int 3", "null"]),
        (unsigned(&[3, 4]), Type::Int, ["int 3", "int 4"]),
        (floats(&[0.5, -2.0]), Type::Float, ["float 0.5", "float -2"]),
        (floats(&[f64::NAN, 2.0]), Type::Float, ["null", "float 2"]),
        // An infinite number is no matter where the cell is null.
        (
            with_null(floats(&[0.5, f64::INFINITY])),
            Type::Float,
            ["float 0.5", "null"],
        ),
        (
            decimals(&[125, -50], 2),
            Type::Float,
            ["float 1.25", "float -0.5"],
        ),
        (
            decimals(&[3, 7], -2),
            Type::Float,
            ["float 300", "float 700"],
        ),
        (
            with_null(decimals(&[125, 1], 2)),
            Type::Float,
            ["float 1.25", "null"],
        ),
        (
            truths(&[true, false]),
            Type::Bool,
            ["bool true", "bool false"],
        ),
        (
            days(&[new_year.0, new_year.0 - 1]),
            Type::Date,
            ["date 2026-01-01", "date 2025-12-31"],
        ),
        (texts(&["b", "a"]), Type::Id, ["id b", "id a"]),
        (
            optional_texts(&[Some("b"), None]),
            Type::Id,
            ["id b", "null"],
        ),
        (
            optional_texts(&[None, Some("b")]),
            Type::Id,
            ["null", "id b"],
        ),
        (small_texts(&[0, 2, 3], b"abc"), Type::Id, ["id ab", "id c"]),
        (
            fixed(2, &[1, 2, 3, 4]),
            Type::Id,
            ["id [1, 2]", "id [3, 4]"],
        ),
        (
            dictionary(&[1, 0], texts(&["a", "b"])),
            Type::Id,
            ["id b", "id a"],
        ),
        (optional_texts(&[None, None]), Type::Float, ["null", "null"]),
        (ColumnValues::Null(2).into(), Type::Float, ["null", "null"]),
    ];
    for (column, ty, expected) in cases {
        let what = column.type_name();
        let found = cells("x", column).expect(&what);
        assert_eq!(
            (found.0, &found.1[..]),
            (ty, &expected.map(str::to_owned)[..]),
            "{what}"
        );
    }
    for (unit, factor) in [
        (TimeUnit::Second, 1),
        (TimeUnit::Millisecond, 1_000),
        (TimeUnit::Microsecond, 1_000_000),
        (TimeUnit::Nanosecond, 1_000_000_000),
    ] {
        let of = |zone| cells("x", with_null(instants(&[at * factor, 1], unit, zone)));
        let utc = (at * 1_000_000, "UTC");
        for (expected, zone) in [
            (utc.0, None),
            (utc.0, Some("UTC")),
            (utc.0, Some("Asia/Tokyo")),
        ] {
            let found = of(zone).expect("times");
            assert_eq!(found.0, Type::Instant);
            assert_eq!(found.1, [format!("instant {expected}"), "null".to_owned()]);
        }
    }
    // The value under a null is not read.
    let (_, found) = cells("x", with_null(unsigned(&[3, u64::MAX]))).expect("a null");
    assert_eq!(found, ["int 3", "null"]);
    // Whole numbers are ids under the name of ids alone.
    let (ty, found) = cells("customer_id", ints(&[30, 10])).expect("ids");
    assert_eq!(
        (ty, &found[..]),
        (Type::Id, &["id 30".to_owned(), "id 10".to_owned()][..])
    );
    let (ty, found) = cells("customer_id", optional_ints(&[None, Some(10)])).expect("ids");
    assert_eq!(
        (ty, &found[..]),
        (Type::Id, &["null".to_owned(), "id 10".to_owned()][..])
    );
}

#[test]
fn cells_that_no_table_can_hold_are_refused_by_row() {
    let of = |column| cells("x", column).expect_err("refused");
    let error = of(floats(&[1.0, f64::INFINITY]));
    assert_eq!(
        error.to_string(),
        "column `x`, row 1: expected a finite number"
    );
    let error = of(floats(&[f64::NEG_INFINITY, 1.0]));
    assert_eq!(error.row(), Some(0));
    let error = of(unsigned(&[1, i64::MAX as u64, i64::MAX as u64 + 1]));
    assert_eq!(
        error.to_string(),
        "column `x`, row 2: expected a whole number below 2^63"
    );
    let (_, found) = cells("x", unsigned(&[i64::MAX as u64])).expect("the greatest");
    assert_eq!(found, ["int 9223372036854775807"]);
    let two: Batch = vec![("x".into(), ints(&[1, 2])), ("y".into(), ints(&[1]))];
    let error = Table::from_batch(&two, &Context::default()).expect_err("unequal");
    assert_eq!(error.column(), Some("y"));
}

/// What reading relies on is checked first, up to the last offset and key.
#[test]
fn broken_columns_are_refused_and_tight_ones_are_not() {
    let sound = |column: &ColumnData| column.check("x").is_ok();
    for (column, expected) in [
        (fixed(1, &[7, 8]), true),
        (fixed(0, &[]), false),
        (fixed(3, &[0; 6]), true),
        (fixed(3, &[0; 7]), false),
        (small_texts(&[0, 1, 1, 3], b"abc"), true),
        (small_texts(&[0, 1, 1, 4], b"abc"), false),
        (small_texts(&[0, 2, 1, 3], b"abc"), false),
        (small_texts(&[-1, 1, 1, 3], b"abc"), false),
        (small_texts(&[2, 3], b"abc"), true),
        (small_texts(&[], b""), true),
        (dictionary(&[0, 1], texts(&["a", "b"])), true),
        (dictionary(&[0, 2], texts(&["a", "b"])), false),
        (dictionary(&[0], dictionary(&[0], texts(&["a"]))), false),
    ] {
        assert_eq!(sound(&column), expected, "{column:?}");
    }
    // A key of a null cell may be anything; a bitmap is as long as the column.
    let valid = |bits: &[bool]| Some(Bits::from_bools(bits.iter().copied()).expect("small"));
    let keys = |bits: &[bool]| ColumnData {
        valid: valid(bits),
        ..dictionary(&[0, 9], texts(&["a", "b"]))
    };
    assert!(sound(&keys(&[true, false])) && !sound(&keys(&[false, true])));
    assert!(!sound(&keys(&[true])) && !sound(&keys(&[true, false, true])));
}

/// Options about texts are refused where no column that they speak of holds any.
#[test]
fn options_about_texts_need_a_column_of_texts() {
    let day = 1_767_225_600_i64; // 2026-01-01 in seconds
    let clocks: Vec<(&str, ColumnData, bool)> = vec![
        ("texts", texts(&["01.01.2026"]), true),
        (
            "a dictionary",
            dictionary(&[0], texts(&["01.01.2026"])),
            true,
        ),
        ("dates", days(&[20_454]), false),
        (
            "a dictionary of dates",
            dictionary(&[0], days(&[20_454])),
            false,
        ),
        ("times", instants(&[day], TimeUnit::Second, None), false),
        ("no cell", days(&[]), true),
    ];
    for (what, column, fits) in &clocks {
        let rows = column.len();
        let of_rows = |whole: ColumnData| if rows == 0 { texts::<&str>(&[]) } else { whole };
        let none = if rows == 0 { ints(&[]) } else { ints(&[5]) };
        let shop = batch(&[
            ("customer_id", of_rows(texts(&["a"]))),
            ("ordered_at", column.clone()),
            ("amount", none),
        ]);
        let spec = r#"{"currency": "JPY", "date_format": "%d.%m.%Y"}"#;
        let orders = crm_tests::orders(spec, shop);
        let log = batch(&[
            ("visitor_id", of_rows(texts(&["a"]))),
            ("occurred_at", column.clone()),
            ("kind", of_rows(texts(&["view"]))),
        ]);
        let spec = EventsSpec {
            date_format: Some("%d.%m.%Y".into()),
            ..EventsSpec::default()
        };
        let events = Events::from_batches(&spec, &[log], &Context::default());
        for (data, error) in [("ordered_at", orders.err()), ("occurred_at", events.err())] {
            let expected = (!fits).then(|| {
                format!(
                    "option `date_format`: expected a column of texts or numbers to read: `{data}` has other cells"
                )
            });
            assert_eq!(error.map(|e| e.to_string()), expected, "{what}");
        }
    }
    // Numbers are read by a format, too: here seconds since 1970.
    let seconds = batch(&[
        ("customer_id", texts(&["a"])),
        ("ordered_at", ints(&[day])),
        ("amount", ints(&[5])),
    ]);
    let spec = r#"{"currency": "JPY", "date_format": "epoch_s"}"#;
    let orders = crm_tests::orders(spec, seconds).expect("seconds");
    assert_eq!(orders.last_date().expect("a day").to_string(), "2026-01-01");

    let amounts: Vec<(&str, ColumnData, bool)> = vec![
        ("texts", texts(&["1,5"]), true),
        ("nothing at all", ColumnValues::Null(1).into(), true),
        ("integers", ints(&[1]), false),
        ("unsigned integers", unsigned(&[1]), false),
        ("floats", floats(&[1.0]), false),
        ("decimals", decimals(&[10], 1), false),
    ];
    for (what, column, fits) in &amounts {
        let shop = batch(&[
            ("customer_id", texts(&["a"])),
            ("ordered_at", days(&[20_454])),
            ("amount", column.clone()),
        ]);
        let spec = OrdersSpec::parse(r#"{"currency": "EUR", "decimal": ",", "bad_rows": "drop"}"#)
            .expect("a spec");
        let orders = Orders::from_batches(&spec, &[shop], None, &Context::default());
        let log = batch(&[
            ("visitor_id", texts(&["a"])),
            ("occurred_at", days(&[20_454])),
            ("kind", texts(&["view"])),
            ("amount", column.clone()),
        ]);
        let spec = EventsSpec {
            amount: Some("amount".into()),
            currency: Some(crm_core::Currency::EUR),
            decimal: crm_core::data::Decimal::Comma,
            ..EventsSpec::default()
        };
        let events = Events::from_batches(&spec, &[log], &Context::default());
        for error in [orders.err(), events.err()] {
            assert_eq!(error.is_none(), *fits, "{what}: {error:?}");
            if let Some(error) = error {
                assert_eq!(error.code(), ErrorCode::Option, "{what}");
                assert_eq!(error.option_name(), Some("decimal"), "{what}");
            }
        }
    }
}

/// The rows of two tables under each other, column by column: what each holds, and where one has nothing.
#[test]
fn two_tables_are_stacked_by_name() {
    let context = Context::default();
    let table = |columns: &[(&str, ColumnData)]| {
        let batch: Batch = columns
            .iter()
            .map(|(n, c)| ((*n).to_owned(), c.clone()))
            .collect();
        Table::from_batch(&batch, &context).expect("a table")
    };
    let spelled = |table: &Table, name: &str| -> Vec<String> {
        let column = table.column(name).expect(name);
        let cells = (0..table.len()).map(|row| match column.cell(row) {
            Cell::Id(IdRef::Int(v)) => v.to_string(),
            Cell::Id(IdRef::Text(text)) => text.into_owned(),
            Cell::Float(v) => v.to_string(),
            Cell::Int(v) => v.to_string(),
            Cell::Null => "-".to_owned(),
            other => panic!("{other:?}"),
        });
        cells.collect()
    };
    let first = table(&[
        ("customer_id", ints(&[7, 9])),
        ("text", texts(&["b", "a"])),
        ("x", floats(&[1.5, f64::NAN])),
        ("only here", ints(&[3, 4])),
        ("nothing here", ColumnValues::Null(2).into()),
        ("nothing there", texts(&["p", "q"])),
        ("nowhere", ColumnValues::Null(2).into()),
    ]);
    let second = table(&[
        ("only there", texts(&["s", "t", "u"])),
        ("x", floats(&[2.0, 3.0, 4.0])),
        ("text", optional_texts(&[Some("c"), None, Some("a")])),
        ("customer_id", optional_ints(&[None, Some(7), Some(8)])),
        ("nothing here", ints(&[5, 6, 7])),
        ("nothing there", ColumnValues::Null(3).into()),
        ("nowhere", ColumnValues::Null(3).into()),
    ]);
    let both = first.stacked(&second, &context).expect("one table");
    let names: Vec<&str> = both.columns().iter().map(|column| column.name()).collect();
    let expected = [
        ("customer_id", ["7", "9", "-", "7", "8"]),
        ("text", ["b", "a", "c", "-", "a"]),
        ("x", ["1.5", "-", "2", "3", "4"]),
        ("only here", ["3", "4", "-", "-", "-"]),
        ("nothing here", ["-", "-", "5", "6", "7"]),
        ("nothing there", ["p", "q", "-", "-", "-"]),
        ("nowhere", ["-"; 5]),
        ("only there", ["-", "-", "s", "t", "u"]),
    ];
    assert_eq!(names, expected.map(|(name, _)| name));
    for (name, cells) in expected {
        assert_eq!(spelled(&both, name), cells, "{name}");
    }
    // No rows on either side.
    let none = table(&[("text", texts::<&str>(&[])), ("x", floats(&[]))]);
    for (one, other) in [(&none, &first), (&first, &none)] {
        let both = one.stacked(other, &context).expect("one table");
        assert_eq!(spelled(&both, "text"), ["b", "a"]);
        assert_eq!(spelled(&both, "x"), ["1.5", "-"]);
    }
    // One row, and a column that only a table without rows has.
    let one = table(&[("y", texts(&["z"]))]);
    assert_eq!(
        spelled(&first.stacked(&one, &context).expect("one table"), "y"),
        ["-", "-", "z"]
    );
    assert_eq!(
        spelled(&one.stacked(&first, &context).expect("one table"), "y"),
        ["z", "-", "-"]
    );
    let bare = table(&[("z", floats(&[]))]);
    assert_eq!(
        spelled(&bare.stacked(&one, &context).expect("one table"), "z"),
        ["-"]
    );
    assert_eq!(
        spelled(&one.stacked(&bare, &context).expect("one table"), "z"),
        ["-"]
    );
    // Words and texts of results become ids, as texts of a file are.
    let result = |orders: &[(&str, &str)]| {
        let rows = orders.iter().map(|(id, day)| (*id, *day, 100));
        let orders = Orders::builder(crm_core::Currency::JPY, crm_core::Zone::UTC).extend(rows);
        let request = r#"{"as_of": "2026-02-01", "triggers": [{"trigger": "step", "valid": 90}]}"#;
        let data = crm_core::Dataset::Orders(&orders.build().expect("orders"));
        crm_core::register::run("candidates", &data, request, &context).expect("candidates")
    };
    let (two, three) = (
        result(&[("a", "2026-01-01"), ("b", "2026-01-02")]),
        result(&[("c", "2026-01-03")]),
    );
    for (other, words) in [
        (three, ["step", "step/c/2026-01-03/3"]),
        (
            table(&[
                ("reason_code", texts(&["x"])),
                ("dedupe_key", texts(&["k"])),
            ]),
            ["x", "k"],
        ),
    ] {
        let both = two.stacked(&other, &context).expect("one table");
        assert_eq!(spelled(&both, "reason_code"), ["step", "step", words[0]]);
        let keys = ["step/a/2026-01-01/3", "step/b/2026-01-02/3", words[1]];
        assert_eq!(spelled(&both, "dedupe_key"), keys);
    }
    for (column, says) in [
        (("text", ints(&[1])), "column `text`"),
        (("only here", floats(&[1.0])), "column `only here`"),
        (("x", texts(&["1"])), "column `x`"),
        (("customer_id", texts(&["7"])), "as in the first table"),
    ] {
        let error = first.stacked(&table(&[column]), &context).expect_err(says);
        assert!(error.to_string().contains(says), "{error}");
    }
}
