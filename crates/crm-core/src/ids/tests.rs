use super::pack::hex;
use super::*;
use crate::columns::Strings;
use proptest::prelude::*;

fn texts(ids: &[&str]) -> ColumnData {
    let texts = Strings::collect(ids.iter().map(|s| s.as_bytes())).unwrap();
    ColumnValues::Text(texts).into()
}

fn ints(ids: &[i64]) -> ColumnData {
    ColumnValues::Int {
        values: ids.to_vec().into(),
        bits: 64,
    }
    .into()
}

fn encode(ids: &mut Ids, column: &ColumnData) -> Vec<u32> {
    let mut out = Vec::new();
    ids.encode("id", &[column], &mut out, &Context::default())
        .unwrap();
    out
}

#[test]
fn a_range_of_all_64_bits_is_not_dense_and_no_overflow() {
    for column in [vec![i64::MIN, i64::MAX], vec![0, i64::from(u32::MAX)]] {
        let mut ids = Ids::new(IdKind::Int(64), 0);
        assert_eq!(encode(&mut ids, &ints(&column)), [0, 1]);
    }
}

/// Every row's code gives its id, and codes in `by_id` order give ascending ids.
fn check(ids: &Ids, rows: &[&str], codes: &[u32]) {
    for (row, code) in rows.iter().zip(codes) {
        assert_eq!(ids.at(*code).bytes(), row.as_bytes());
    }
    let order = ids.by_id().unwrap();
    let texts: Vec<Vec<u8>> = order.iter().map(|c| ids.at(*c).bytes().to_vec()).collect();
    assert!(texts.windows(2).all(|w| w[0] < w[1]));
}

#[test]
fn short_texts_uuids_and_long_texts_come_back_in_byte_order() {
    let a = "01890a5d-ac96-774b-bcce-b302099a8057";
    let b = "01890a5d-ac96-774b-bcce-b302099a8056";
    let upper = "01890A5D-ac96-774b-bcce-b302099a8056";
    for rows in [
        vec!["b", "a", "", "ab", "ab\0", "b", "会員1", "fifteen_letters"],
        vec![a, b, a],
        vec![a, upper, b],
        vec!["a rather long customer number", "b", a],
    ] {
        let mut ids = Ids::new(IdKind::Text, 7);
        let codes = encode(&mut ids, &texts(&rows));
        check(&ids, &rows, &codes);
        // Later ids need another form; codes do not change.
        let more = ["an id of another, longer form", rows[0]];
        let again = encode(&mut ids, &texts(&more));
        assert_eq!(again[1], codes[0]);
        let all: Vec<&str> = rows.iter().copied().chain(more).collect();
        check(&ids, &all, &[codes, again].concat());
    }
}

/// The same texts as views: those of at most 12 bytes inside, the others in two buffers.
fn views(ids: &[&str]) -> ColumnData {
    let mut buffers = [Vec::new(), Vec::new()];
    let views: Vec<u128> = ids
        .iter()
        .enumerate()
        .map(|(i, id)| {
            let mut view = [0_u8; 16];
            view[..4].copy_from_slice(&(id.len() as u32).to_ne_bytes());
            if id.len() <= 12 {
                view[4..4 + id.len()].copy_from_slice(id.as_bytes());
            } else {
                let buffer = &mut buffers[i % 2];
                view[4..8].copy_from_slice(&id.as_bytes()[..4]);
                view[8..12].copy_from_slice(&(i as u32 % 2).to_ne_bytes());
                view[12..].copy_from_slice(&(buffer.len() as u32).to_ne_bytes());
                buffer.extend_from_slice(id.as_bytes());
            }
            u128::from_ne_bytes(view)
        })
        .collect();
    let buffers = buffers.into_iter().map(Into::into).collect();
    ColumnValues::Text(Strings::Views(views.into(), buffers)).into()
}

#[test]
fn views_are_the_texts_that_they_show() {
    let uuid = "01890a5d-ac96-774b-bcce-b302099a8057";
    for rows in [
        vec![
            "b",
            "a",
            "",
            "twelve_bytes",
            "b",
            "thirteenbytes",
            "fifteen_letters",
            "ab\0",
        ],
        vec!["thirteenbytes", "thirteenbytez", "thirteenbytes"],
        vec![uuid, "01890a5d-ac96-774b-bcce-b302099a8056", uuid],
        vec![uuid, "a rather long customer number", "b", uuid],
    ] {
        let (shown, plain) = (views(&rows), texts(&rows));
        shown.check("id").unwrap();
        let mut ids = Ids::new(IdKind::Text, 7);
        let codes = encode(&mut ids, &shown);
        check(&ids, &rows, &codes);
        assert_eq!(codes, encode(&mut Ids::new(IdKind::Text, 7), &plain));
    }
}

/// A view past its buffer is refused where there is a text, and not looked at where there is none.
#[test]
fn views_of_null_cells_may_be_anything() {
    let rows = ["thirteenbytes", "b", "thirteenbytes"];
    for broken in [u128::MAX, 0xffff_fff0, 13 | 7 << 64, 13 | 99 << 96] {
        let ColumnValues::Text(Strings::Views(good, buffers)) = views(&rows).values else {
            unreachable!()
        };
        let mut cells = good.to_vec();
        cells[1] = broken;
        let mut column: ColumnData =
            ColumnValues::Text(Strings::Views(cells.into(), buffers)).into();
        assert!(column.check("id").is_err(), "{broken:x}");
        column.valid =
            Some(crate::columns::Bits::from_bools([true, false, true].into_iter()).unwrap());
        column.check("id").unwrap();
        let codes = encode(&mut Ids::new(IdKind::Text, 7), &column);
        assert_eq!(codes, [0, NO_ID, 0]);
    }
}

#[test]
fn dense_integers_keep_their_codes_when_strangers_come() {
    let mut ids = Ids::new(IdKind::Int(64), 7);
    let codes = encode(&mut ids, &ints(&[5, 7, 6, 5]));
    assert_eq!(codes, [0, 2, 1, 0]);
    let later = encode(&mut ids, &ints(&[i64::MIN, 7, i64::MAX, -1]));
    assert_eq!(later[1], 2);
    let numbers: Vec<i64> = ids
        .by_id()
        .unwrap()
        .iter()
        .map(|c| match ids.at(*c) {
            IdRef::Int(v) => v,
            _ => unreachable!(),
        })
        .collect();
    assert_eq!(numbers, [i64::MIN, -1, 5, 6, 7, i64::MAX]);
}

#[test]
fn bytes_that_are_no_text_are_refused_by_row() {
    let column: ColumnData =
        ColumnValues::Text(Strings::collect([b"ok".as_slice(), b"\xff\xfe"].into_iter()).unwrap())
            .into();
    let mut ids = Ids::new(IdKind::Text, 7);
    let error = ids.encode("id", &[&column], &mut Vec::new(), &Context::default());
    assert_eq!(error.unwrap_err().row(), Some(1));
}

proptest! {
    #![proptest_config(crate::random_tests::random_cases(256))]
    #[test]
    fn hex_is_read_as_the_standard_library_reads_it(text in "[0-9a-gA-F`:/@]{8}") {
        let strict = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let expected = strict.then(|| u32::from_str_radix(&text, 16).unwrap());
        let digits = u64::from_be_bytes(text.as_bytes().try_into().unwrap());
        let (number, wrong) = hex(digits);
        prop_assert_eq!((wrong == 0).then_some(number), expected);
    }

    // Codes give their ids for any hash seed.
    #[test]
    fn any_integers_come_back(values in prop::collection::vec(any::<i64>(), 0..200), seed: u64) {
        let mut ids = Ids::new(IdKind::Int(64), seed);
        let codes = encode(&mut ids, &ints(&values));
        for (value, code) in values.iter().zip(codes) {
            prop_assert!(matches!(ids.at(code), IdRef::Int(v) if v == *value));
        }
    }
}
