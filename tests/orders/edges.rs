//! Ids of bytes, zones of one offset, and how far tables of elapsed time reach.

use super::{build, run, summary};
use crm_core::Day;
use crm_core::columns::{ColumnData, ColumnValues, TimeUnit};
use crm_core::ids::IdRef;
use crm_core::table::Cell;
use crm_tests::{batch, ints, numbers, texts, times};

/// Ids of four bytes ascend byte by byte, as numbers without a sign.
#[test]
fn ids_of_bytes_ascend_by_their_bytes() {
    let ids: [[u8; 4]; 6] = [
        [0xff, 0, 0, 1],
        [0, 0, 0, 2],
        [0x7f, 0xff, 0, 0],
        [0, 0, 0, 1],
        [0x80, 0, 0, 0],
        [0, 0, 1, 0],
    ];
    let bytes: Vec<u8> = ids.iter().flatten().copied().collect();
    let column: ColumnData = ColumnValues::Fixed {
        width: 4,
        bytes: bytes.into(),
    }
    .into();
    let columns = [
        ("customer_id", column),
        ("ordered_at", times(&["2025-01-01"; 6])),
        ("amount", ints(&[1, 2, 3, 4, 5, 6])),
    ];
    let orders = build(r#"{"currency": "JPY"}"#, &[batch(&columns)]);
    let table = run("summary", &orders, "").expect("a table");
    let found: Vec<Vec<u8>> = (0..table.len())
        .map(
            |row| match table.column("customer_id").expect("ids").cell(row) {
                Cell::Id(IdRef::Bytes(bytes)) => bytes.into_owned(),
                other => panic!("{other:?}"),
            },
        )
        .collect();
    let id = |row: usize| table.column("customer_id").expect("ids").cell(row);
    assert!(
        id(0) == id(0) && id(0) != id(1),
        "different bytes are different ids"
    );
    let mut sorted: Vec<Vec<u8>> = ids.iter().map(|id| id.to_vec()).collect();
    sorted.sort();
    assert_eq!(found, sorted);
    let amounts = numbers(&table, "revenue");
    assert_eq!(amounts, [4, 2, 6, 3, 5, 1].map(Some));
}

/// In a zone of one offset midnight is midnight, to the microsecond.
#[test]
fn midnight_of_an_offset_is_a_new_day() {
    for (zone, hours, minutes) in [
        ("+09:00", 9, 0),
        ("-05:00", -5, 0),
        ("+05:45", 5, 45),
        ("+00:00", 0, 0),
        ("-03:30", -3, -30),
    ] {
        let spec = format!(r#"{{"currency": "JPY", "timezone": "{zone}"}}"#);
        let first: Day = "2025-03-01".parse().expect("a day");
        let offset = (hours * 60 + minutes) * 60_000_000_i64;
        let midnight = i64::from(first.0) * 86_400_000_000 - offset;
        let instants = vec![
            midnight - 1,
            midnight,
            midnight + 1,
            midnight + 86_399_999_999,
            midnight + 86_400_000_000,
        ];
        let time: ColumnData = ColumnValues::Time {
            values: instants.into(),
            unit: TimeUnit::Microsecond,
            zone: Some("UTC".into()),
        }
        .into();
        let columns = [
            ("customer_id", texts(&["a", "b", "c", "d", "e"])),
            ("ordered_at", time),
            ("amount", ints(&[1; 5])),
        ];
        let table = run("summary", &build(&spec, &[batch(&columns)]), "").expect("a table");
        let days: Vec<i64> = numbers(&table, "last_date")
            .into_iter()
            .flatten()
            .map(|day| day - i64::from(first.0))
            .collect();
        assert_eq!(days, [-1, 0, 0, 0, 1], "{zone}");
        // The same by the wall clock there.
        let clock = [
            "2025-02-28T23:59:59.999999",
            "2025-03-01T00:00:00",
            "2025-03-01T00:00:00.000001",
            "2025-03-01T23:59:59.999999",
            "2025-03-02T00:00:00",
        ];
        let columns = [
            ("customer_id", texts(&["a", "b", "c", "d", "e"])),
            ("ordered_at", times(&clock)),
            ("amount", ints(&[1; 5])),
        ];
        let orders = build(&spec, &[batch(&columns)]);
        assert_eq!(
            summary(&orders, r#"{"as_of": "2025-03-01"}"#).len(),
            4,
            "{zone}"
        );
        assert_eq!(
            summary(&orders, r#"{"as_of": "2025-02-28"}"#).len(),
            1,
            "{zone}"
        );
    }
}

/// Tables by elapsed time reach as far as the options say by default.
#[test]
fn cohorts_reach_as_far_as_is_documented() {
    let clock = [
        "2010-01-01T05:00:00",
        "2010-01-09T07:30:00",
        "2025-06-01T12:00:00",
    ];
    let columns = [
        ("customer_id", texts(&["a"; 3])),
        ("ordered_at", times(&clock)),
        ("amount", ints(&[1; 3])),
    ];
    let orders = build(r#"{"currency": "JPY"}"#, &[batch(&columns)]);
    for (step, expected) in [
        ("\"hour\"", 168),
        ("\"week\"", 52),
        ("\"month\"", 24),
        ("\"quarter\"", 12),
        ("\"year\"", 10),
        ("\"30d\"", 720),
        ("\"360d\"", 720),
    ] {
        let table = run("cohorts", &orders, &format!(r#"{{"step": {step}}}"#)).expect("a table");
        let elapsed = numbers(&table, "elapsed");
        assert_eq!(elapsed.last(), Some(&Some(expected)), "{step}");
        assert_eq!(elapsed[0], Some(0));
        let up_to = expected + if step.contains('d') { 360 } else { 1 };
        let table = run(
            "cohorts",
            &orders,
            &format!(r#"{{"step": {step}, "up_to": {up_to}}}"#),
        )
        .expect("a table");
        assert_eq!(
            numbers(&table, "elapsed").last(),
            Some(&Some(up_to)),
            "{step}"
        );
    }
}

/// A simulated shop has what its description says, in about these shares.
#[test]
fn a_simulated_shop_is_as_it_is_described() {
    let shop = crm_tests::store(2_000, 9);
    let column = |name: &str| {
        &shop
            .iter()
            .find(|(column, _)| column == name)
            .expect(name)
            .1
    };
    let rows = crm_tests::rows(&shop);
    let text = |name: &str, row: usize| match &column(name).values {
        ColumnValues::Text(texts) => String::from_utf8(texts.bytes(row).to_vec()).expect("UTF-8"),
        other => panic!("{other:?}"),
    };
    let number = |name: &str, row: usize| match &column(name).values {
        ColumnValues::Int { values, .. } | ColumnValues::Time { values, .. } => values[row],
        other => panic!("{other:?}"),
    };
    let share =
        |of: &dyn Fn(usize) -> bool| (0..rows).filter(|row| of(*row)).count() as f64 / rows as f64;
    let near = |what: &str, share: f64, low: f64, high: f64| {
        assert!((low..high).contains(&share), "{what}: {share}")
    };
    near(
        "refunded",
        share(&|row| number("refunded", row) > 0),
        0.005,
        0.06,
    );
    near(
        "guests",
        share(&|row| !column("customer_id").is_valid(row)),
        0.005,
        0.05,
    );
    near(
        "completed",
        share(&|row| text("status", row) == "completed"),
        0.7,
        0.95,
    );
    for word in ["cancelled", "returned", "pending", "payment_failed"] {
        near(word, share(&|row| text("status", row) == word), 0.005, 0.15);
    }
    // What was refunded was ordered before, and for no more than its amount.
    for row in (0..rows).filter(|row| number("refunded", *row) > 0) {
        assert!(number("refunded", row) <= number("amount", row));
        assert!(column("refunded_at").is_valid(row));
        let days = (number("refunded_at", row) - number("ordered_at", row)) / 86_400_000_000;
        assert!((0..=21).contains(&days), "{days}");
    }
}

/// Bits of nothing are empty, and every one of them is set.
#[test]
fn validity_of_no_cells() {
    use crm_core::columns::Bits;
    let bits = |values: &[bool]| Bits::from_bools(values.iter().copied()).expect("bits");
    assert!(bits(&[]).is_empty() && bits(&[]).all_set());
    assert!(
        !bits(&[false]).is_empty() && !bits(&[true, false]).all_set() && bits(&[true; 9]).all_set()
    );
    assert_eq!(bits(&[true; 9]).len(), 9);
}
