//! The table of customers: cells of every form, rows that are refused, equal tables.

use super::*;
use crate::columns::{Bits, ColumnValues, Strings};
use crate::ids::{IdKind, IdRef};
use serde_json::json;

fn texts(cells: &[&str]) -> ColumnData {
    let bytes = cells.iter().map(|cell| cell.as_bytes());
    ColumnValues::Text(Strings::collect(bytes).unwrap()).into()
}

fn with_nulls(column: impl Into<ColumnData>, valid: &[bool]) -> ColumnData {
    let valid = Some(Bits::from_bools(valid.iter().copied()).unwrap());
    ColumnData {
        valid,
        ..column.into()
    }
}

fn int(values: &[i64]) -> ColumnValues {
    let values = values.to_vec().into();
    ColumnValues::Int { values, bits: 64 }
}

fn dictionary(keys: &[u32], values: ColumnData) -> ColumnValues {
    ColumnValues::Dictionary {
        keys: keys.to_vec().into(),
        values: Box::new(values),
    }
}

/// A table of these columns; `spec` has the options besides `customer_id`.
fn table(spec: serde_json::Value, chunks: &[&[(&str, ColumnData)]]) -> Result<Customers> {
    let batches: Vec<Batch> = (chunks.iter())
        .map(|chunk| {
            let named = chunk
                .iter()
                .map(|(name, column)| ((*name).to_owned(), column.clone()));
            named.collect()
        })
        .collect();
    let spec = CustomersSpec::parse(&spec.to_string())?;
    Customers::from_batches(&spec, &batches, &Context::default())
}

#[test]
fn truths_are_read_in_every_form() {
    let bits =
        |cells: &[bool]| ColumnValues::Bool(Bits::from_bools(cells.iter().copied()).unwrap());
    let yes_no = texts(&["true", "false", ""]);
    let holes = [true, false, true];
    for (column, expected) in [
        (texts(&["true", " FALSE ", "True"]), Ok([true, false, true])),
        (texts(&["1", "0", ""]), Ok([true, false, false])),
        (texts(&["1", "yes", "2"]), Err(1)),
        (
            with_nulls(texts(&["1", "yes", "1"]).values, &holes),
            Ok([true, false, true]),
        ),
        (
            dictionary(&[0, 1, 0], yes_no.clone()).into(),
            Ok([true, false, true]),
        ),
        (
            dictionary(&[2, 0, 1], yes_no).into(),
            Ok([false, true, false]),
        ),
        (bits(&[true, false, true]).into(), Ok([true, false, true])),
        (
            with_nulls(bits(&[true, true, false]), &holes),
            Ok([true, false, false]),
        ),
        (int(&[1, 0, 1]).into(), Ok([true, false, true])),
        (
            with_nulls(int(&[1, 1, 0]), &holes),
            Ok([true, false, false]),
        ),
        (
            ColumnValues::Float(vec![1.0, 0.0, f64::NAN].into()).into(),
            Ok([true, false, false]),
        ),
        (
            ColumnValues::Float(vec![1.0, 0.0, 0.5].into()).into(),
            Err(2),
        ),
        (
            ColumnValues::Float(vec![-1.0, 0.0, 1.0].into()).into(),
            Err(0),
        ),
        (
            with_nulls(ColumnValues::Float(vec![1.0, 7.0, 1.0].into()), &holes),
            Ok([true, false, true]),
        ),
        (ColumnValues::Null(3).into(), Ok([false; 3])),
    ] {
        let ids = ("customer_id", texts(&["a", "b", "c"]));
        let form = column.type_name();
        let made = table(json!({"opted_out": "out"}), &[&[ids, ("out", column)]]);
        match (made, expected) {
            (Ok(made), Ok(expected)) => assert_eq!(made.opted_out.unwrap(), expected, "{form}"),
            (Err(error), Err(row)) => {
                let wanted = Error::value("out", row, "`true` or `false`");
                assert_eq!(error, wanted, "{form}");
            }
            (made, expected) => panic!("{form}: {made:?} for {expected:?}"),
        }
    }
    // The row of a later chunk is counted from the first.
    let chunk =
        |id: &'static str, cell: &str| [("customer_id", texts(&[id])), ("out", texts(&[cell]))];
    let chunks = [chunk("a", "1"), chunk("b", "0"), chunk("c", "no")];
    let chunks: Vec<&[(&str, ColumnData)]> = chunks.iter().map(|c| c.as_slice()).collect();
    let error = table(json!({"opted_out": "out"}), &chunks).unwrap_err();
    assert_eq!(error.row(), Some(2));
    for wrong in [int(&[0, 2, 1]), ColumnValues::Date(vec![1, 2, 3].into())] {
        let columns = [
            ("customer_id", texts(&["a", "b", "c"])),
            ("out", wrong.into()),
        ];
        let error = table(json!({"opted_out": "out"}), &[&columns]).unwrap_err();
        assert!(matches!(error, Error::ColumnType { .. }), "{error}");
    }
}

#[test]
fn a_customer_has_one_row() {
    let made = |ids: ColumnData| table(json!({}), &[&[("customer_id", ids)]]);
    assert_eq!(made(texts(&["a", "b"])).unwrap().len(), 2);
    assert!(made(texts(&[])).unwrap().is_empty());
    let twice = made(texts(&["a", "b", "c", "b"])).unwrap_err();
    let expected = Error::Conflict {
        column: "customer_id".into(),
        row: 3,
        other_row: 1,
        problem: "two rows for one customer".into(),
    };
    assert_eq!(twice, expected);
    let none = made(with_nulls(texts(&["a", "b"]).values, &[true, false])).unwrap_err();
    assert_eq!(none, Error::null("customer_id", 1, "a customer id"));
}

#[test]
fn days_are_those_of_the_shops_zone() {
    let made = |spec: serde_json::Value| {
        let columns = [
            ("customer_id", texts(&["a", "b", "c"])),
            (
                "since",
                texts(&["1970-01-03T20:00:00Z", "1970-01-02T01:00:00Z", ""]),
            ),
        ];
        table(spec, &[&columns]).map(|made| made.registered)
    };
    let spec = json!({"registered_at": "since", "timezone": "Asia/Tokyo"});
    assert_eq!(made(spec).unwrap(), Some(vec![3, 1, i32::MIN]));
    let spec = json!({"registered_at": "since", "timezone": "UTC"});
    assert_eq!(made(spec).unwrap(), Some(vec![2, 1, i32::MIN]));
    assert_eq!(made(json!({})).unwrap(), None);
    let needs = made(json!({"date_format": "%Y"})).unwrap_err();
    assert_eq!(needs.option_name(), Some("date_format"));
}

#[test]
fn columns_are_asked_for_once() {
    let spec = json!({"customer_id": "id", "registered_at": "since", "opted_out": "out",
        "dimensions": ["rank", "since", "rank", "id"]});
    let spec = CustomersSpec::parse(&spec.to_string()).unwrap();
    assert_eq!(spec.columns(), ["id", "since", "out", "rank"]);
    assert_eq!(CustomersSpec::default().columns(), ["customer_id"]);
}

/// Customers a, b, c, of whom one cell of one column may be another.
fn three(changed: Option<(&str, &str)>, order: [usize; 3]) -> Customers {
    let cells = [
        ("customer_id", ["a", "b", "c"]),
        ("since", ["2025-01-01", "2025-01-02", ""]),
        ("out", ["1", "0", ""]),
        ("rank", ["gold", "", "tin"]),
    ];
    let columns = cells.map(|(name, mut cells)| {
        if let Some((_, other)) = changed.filter(|(column, _)| *column == name) {
            cells[1] = other;
        }
        (name, texts(&order.map(|at| cells[at])))
    });
    let spec = json!({"registered_at": "since", "opted_out": "out", "dimensions": ["rank"],
        "timezone": "UTC"});
    table(spec, &[&columns]).unwrap()
}

#[test]
fn tables_say_the_same_when_every_cell_does() {
    let plain = three(None, [0, 1, 2]);
    assert!(plain.says_as(&plain).unwrap());
    assert!(plain.says_as(&three(None, [2, 0, 1])).unwrap());
    for changed in [
        ("customer_id", "d"),
        ("since", "2025-01-03"),
        ("since", ""),
        ("out", "1"),
        ("rank", "gold"),
        ("rank", "tin"),
    ] {
        let other = three(Some(changed), [0, 1, 2]);
        assert!(!plain.says_as(&other).unwrap(), "{changed:?}");
        assert!(!other.says_as(&plain).unwrap(), "{changed:?}");
    }
    let shorter = plain.without(&[2], &Context::default()).unwrap();
    assert!(!plain.says_as(&shorter).unwrap());
    let numbers = table(json!({}), &[&[("customer_id", int(&[1, 2]).into())]]).unwrap();
    let words = table(json!({}), &[&[("customer_id", texts(&["1", "2"]))]]).unwrap();
    assert!(!numbers.says_as(&words).unwrap());
}

#[test]
fn customers_who_are_forgotten_leave_nothing() {
    let left = three(None, [0, 1, 2])
        .without(&[1], &Context::default())
        .unwrap();
    assert_eq!((left.len(), left.ids.len()), (2, 2));
    let texts = |ids: &Ids, codes: &[u32]| codes.iter().map(|c| ids.text(*c)).collect::<Vec<_>>();
    assert_eq!(texts(&left.ids, &left.codes), ["a", "c"]);
    assert_eq!(left.registered, Some(vec![20_089, i32::MIN]));
    assert_eq!(left.opted_out, Some(vec![true, false]));
    assert_eq!(
        texts(&left.dims[0].ids, &left.dims[0].codes),
        ["gold", "tin"]
    );
    assert_eq!(left.dims[0].ids.len(), 2);
}

#[test]
fn saved_tables_come_back() {
    use crate::bytes::Kind;
    let table = three(None, [1, 2, 0]);
    let mut to = Writer::new(Kind::Orders).unwrap();
    table.save(&mut to).unwrap();
    let bytes = to.finish().unwrap();
    let mut from = Reader::new(Kind::Orders, &bytes).unwrap();
    let again = Customers::load(&mut from, &Context::default()).unwrap();
    assert!(again.says_as(&table).unwrap());
    assert_eq!(again.understood(), table.understood());
    from.finish().unwrap();
}

#[test]
fn rows_are_found_by_the_codes_of_the_orders() {
    let column = texts(&["z", "c", "a"]);
    let mut ids = Ids::new(IdKind::Text, 0);
    let mut codes = Vec::new();
    ids.encode("id", &[&column], &mut codes, &Context::default())
        .unwrap();
    let rows = three(None, [0, 1, 2]).join(&mut ids, &Context::default());
    let rows = rows.unwrap();
    assert_eq!(rows.len(), ids.len());
    let row = |id: &str| {
        let is = |code: &u32| matches!(ids.at(*code), IdRef::Text(text) if text == id);
        let code = (0..ids.len() as u32).find(is).unwrap();
        rows[code as usize]
    };
    assert_eq!(["a", "b", "c", "z"].map(row), [0, 1, 2, NO_ID]);
}
