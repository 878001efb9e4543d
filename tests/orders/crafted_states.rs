//! What saved orders cannot hold, each by itself in a state that is sound otherwise.

use super::build;
use super::states::problem;
use crm_core::columns::ColumnData;
use crm_core::{Context, Day, Orders};
use crm_tests::{batch, crafted, ints, optional_ints, texts, times};

type Columns = Vec<(&'static str, ColumnData)>;

const WIDE: &str = r#"{"currency": "JPY", "order_id": "order_id", "discount": "discount", "refunded": "refunded",
    "refunded_at": "refunded_at", "status": "status", "dimensions": ["colour"], "bad_rows": "drop"}"#;

fn columns() -> Columns {
    vec![
        ("customer_id", texts(&["hanako", "taro", "hanako"])),
        (
            "ordered_at",
            times(&["2025-01-01", "2025-02-01", "2025-03-01"]),
        ),
        ("amount", ints(&[100, 7_654_321, 300])),
    ]
}

fn wide() -> Columns {
    let mut all = columns();
    all.extend([
        ("order_id", texts(&["o1", "o2", "o3"])),
        ("discount", ints(&[1, 1_234_567, 3])),
        ("refunded", ints(&[1, 2_345_678, 3])),
        (
            "refunded_at",
            times(&["2025-01-05", "2025-02-07", "2025-03-09"]),
        ),
        ("status", texts(&["completed", "cancelled", "completed"])),
        ("colour", texts(&["red", "blue", "green"])),
    ]);
    all
}

fn plain() -> Vec<u8> {
    build(r#"{"currency": "JPY"}"#, &[batch(&columns())])
        .to_bytes()
        .unwrap()
}

fn i(value: i64) -> Vec<u8> {
    value.to_le_bytes().to_vec()
}

/// The instant at which a day begins.
fn at(text: &str) -> i64 {
    i64::from(text.parse::<Day>().unwrap().0) * 86_400_000_000
}

#[test]
fn cells_of_rows() {
    let (plain, lines) = (plain(), build(WIDE, &[batch(&wide())]).to_bytes().unwrap());
    let codes = |codes: [u32; 3]| codes.map(u32::to_le_bytes).concat();
    let (february, blank) = (i(at("2025-02-01")), i(i64::MIN));
    let refund = i(at("2025-02-07"));
    for (state, behind, from, to, says) in [
        (
            &plain,
            "",
            february.clone(),
            blank.clone(),
            "a row has no time or no amount",
        ),
        (
            &plain,
            "",
            i(7_654_321),
            blank.clone(),
            "a row has no time or no amount",
        ),
        (
            &plain,
            "",
            i(7_654_321),
            i(0),
            "a count or an amount is not what it says",
        ),
        (
            &plain,
            "",
            february.clone(),
            i(i64::MAX),
            "a time is outside the years 1 to 9999",
        ),
        (
            &plain,
            "",
            february.clone(),
            i(at("0001-01-01") - 86_400_000_000_000),
            "a time is outside",
        ),
        (
            &lines,
            "",
            refund,
            i(i64::MAX),
            "a time is outside the years 1 to 9999",
        ),
        (
            &lines,
            "",
            i(1_234_567),
            i(-1),
            "an amount has the wrong sign",
        ),
        (
            &lines,
            "",
            i(2_345_678),
            i(-1),
            "an amount has the wrong sign",
        ),
        (
            &lines,
            "order_id\u{2}",
            codes([0, 1, 2]),
            codes([0, u32::MAX, 2]),
            "a row has no order",
        ),
        (
            &lines,
            "order_id\u{2}",
            codes([0, 1, 2]),
            codes([0, 3, 2]),
            "a code has no id",
        ),
        (
            &lines,
            "colour\u{2}",
            codes([0, 1, 2]),
            codes([0, 1, 3]),
            "a code has no id",
        ),
        (
            &lines,
            "order_id\u{2}",
            b"order_id"[..].to_vec(),
            b"order_ix".to_vec(),
            "not those of its settings",
        ),
        (
            &lines,
            "colour\u{2}",
            b"colour"[..].to_vec(),
            b"colous".to_vec(),
            "not those of its settings",
        ),
        (
            &lines,
            "",
            codes([0, 1, 0]),
            codes([0, 2, 0]),
            "a code has no id",
        ),
    ] {
        let found = problem(&crafted(state, behind, &from, &to));
        assert!(found.contains(says), "{says}: {found}");
    }
}

/// Rows that were left out: how many reasons; of each its number, the rows and their amount.
#[test]
fn rows_that_were_left_out() {
    let mut columns = wide();
    columns[1].1 = texts(&["no date", "2025-02-01", "2025-03-01"]);
    columns[2].1 = optional_ints(&[Some(100), Some(7), None]);
    let dropped = build(WIDE, &[batch(&columns)]).to_bytes().unwrap();
    let reason = |of: u8, rows: u64, amount: i128| {
        [&[of][..], &rows.to_le_bytes(), &amount.to_le_bytes()].concat()
    };
    let no_time = reason(1, 1, 98);
    let both = [no_time.clone(), reason(2, 1, 0)].concat();
    let rounded = |count: u64| [&reason(2, 1, 0)[..], &count.to_le_bytes()].concat();
    for (from, to, says) in [
        (&no_time, reason(1, 1 << 62, 98), Some("do not add up")),
        (&no_time, reason(1, 1, 1 << 100), Some("do not add up")),
        (&no_time, reason(1, 1, -(1 << 100)), Some("do not add up")),
        (&no_time, reason(1, (1 << 62) - 1, (1 << 100) - 1), None),
        (&no_time, reason(99, 1, 98), Some("a reason is not known")),
        (
            &both,
            [no_time.clone(), reason(1, 1, 0)].concat(),
            Some("do not add up"),
        ),
        (
            &both,
            [reason(2, 1, 0), no_time.clone()].concat(),
            Some("do not add up"),
        ),
        (
            &rounded(0),
            rounded(1 << 62),
            Some("a count or an amount is not what it says"),
        ),
        (&rounded(0), rounded((1 << 62) - 1), None),
    ] {
        let bytes = crafted(&dropped, "", from, &to);
        match says {
            Some(says) => assert!(problem(&bytes).contains(says), "{says} {}", problem(&bytes)),
            None => assert!(Orders::from_bytes(&bytes, &Context::default()).is_ok()),
        }
    }
}

#[test]
fn settings_and_numbers_of_rows() {
    let plain = plain();
    // Settings that contradict each other: amounts of units, without a quantity.
    let (line, unit) = (br#""amount_is":"line""#, br#""amount_is":"unit""#);
    let error = Orders::from_bytes(&crafted(&plain, "", line, unit), &Context::default());
    assert_eq!(error.unwrap_err().option_name(), Some("amount_is"));
    let twice = Orders::from_bytes(&plain, &Context::default()).unwrap();
    let twice = twice
        .concat(&twice, &Context::default())
        .unwrap()
        .to_bytes()
        .unwrap();
    let found = problem(&crafted(
        &twice,
        "",
        &[i(4), i(5)].concat(),
        &[i(4), i(1 << 62)].concat(),
    ));
    assert!(found.contains("a row has no place"), "{found}");
}
