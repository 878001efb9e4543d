//! Columns of every type as input by pointer and length, read back from a table cell by cell.

use crm::*;
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{null, null_mut};

const NO_JOB: crm_job = crm_job { id: 0 };
const EMPTY: crm_column = crm_column {
    size: 0,
    r#type: 0,
    name: null(),
    name_size: -1,
    rows: 0,
    offset: 0,
    values: null(),
    values_size: 0,
    offsets: null(),
    offsets_size: 0,
    validity: null(),
    validity_size: 0,
    dictionary: null(),
    zone: null(),
    width: 0,
    scale: 0,
};

/// The buffers of a column, kept while a call reads them.
#[derive(Clone, Default)]
struct Buffers {
    ty: i32,
    values: Vec<u8>,
    offsets: Vec<u8>,
    zone: Option<&'static CStr>,
    width: u32,
    scale: i32,
}

/// A cell in the table.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Null,
    Whole(i64),
    Unsigned(u64),
    Float(f64),
    Truth(u8),
    Text(Vec<u8>),
}

/// The number of cells in the buffers: numbers from -9 on, or from 0 for unsigned types.
const CELLS: usize = 40;

fn number(cell: usize) -> i64 {
    cell as i64 * 7 % 53 - 9
}

fn text(cell: usize) -> String {
    match cell % 3 {
        0 => String::new(),
        1 => format!("é{cell}"),
        _ => format!("a longer text, number {cell}"),
    }
}

fn all_of<const N: usize>(of: impl Fn(usize) -> [u8; N]) -> Vec<u8> {
    (0..CELLS).flat_map(of).collect()
}

/// A type, its name in the table, its buffers, its cells.
type Case = (crm_column_type, crm_type, Buffers, fn(usize) -> Cell);

/// Every type.
fn types() -> Vec<Case> {
    use crm_column_type::*;
    use crm_type::*;
    let whole: fn(usize) -> Cell = |i| Cell::Whole(number(i));
    let small: fn(usize) -> Cell = |i| Cell::Whole(number(i) + 9);
    let float: fn(usize) -> Cell = |i| Cell::Float(number(i) as f64 / 4.0);
    let texts: fn(usize) -> Cell = |i| Cell::Text(text(i).into_bytes());
    let plain = |values: Vec<u8>| Buffers {
        values,
        ..Buffers::default()
    };
    let times = |per_second: i64, zone| Buffers {
        values: all_of(|i| (number(i) * per_second).to_ne_bytes()),
        zone,
        ..Buffers::default()
    };
    let ends = |i: usize| (0..i).map(|cell| text(cell).len()).sum::<usize>();
    let bytes: Vec<u8> = (0..CELLS).flat_map(|i| text(i).into_bytes()).collect();
    let small_offsets = (0..=CELLS).flat_map(|i| (ends(i) as i32).to_ne_bytes());
    let large_offsets = (0..=CELLS).flat_map(|i| (ends(i) as i64).to_ne_bytes());
    let instant: fn(usize) -> Cell = |i| Cell::Whole(number(i) * 1_000_000);
    // Nine hours before, as a wall clock of Tokyo is read; a table has no zone of its own.
    let fixed = |width: u32| Buffers {
        values: (0..CELLS as u8)
            .flat_map(|i| (0..width as u8).map(move |at| i + at))
            .collect(),
        width,
        ..Buffers::default()
    };
    vec![
        (
            CRM_COLUMN_I8,
            CRM_TYPE_INT,
            plain(all_of(|i| (number(i) as i8).to_ne_bytes())),
            whole,
        ),
        (
            CRM_COLUMN_I16,
            CRM_TYPE_INT,
            plain(all_of(|i| (number(i) as i16).to_ne_bytes())),
            whole,
        ),
        (
            CRM_COLUMN_I32,
            CRM_TYPE_INT,
            plain(all_of(|i| (number(i) as i32).to_ne_bytes())),
            whole,
        ),
        (
            CRM_COLUMN_I64,
            CRM_TYPE_INT,
            plain(all_of(|i| number(i).to_ne_bytes())),
            whole,
        ),
        (
            CRM_COLUMN_U8,
            CRM_TYPE_INT,
            plain(all_of(|i| ((number(i) + 9) as u8).to_ne_bytes())),
            small,
        ),
        (
            CRM_COLUMN_U16,
            CRM_TYPE_INT,
            plain(all_of(|i| ((number(i) + 9) as u16).to_ne_bytes())),
            small,
        ),
        (
            CRM_COLUMN_U32,
            CRM_TYPE_INT,
            plain(all_of(|i| ((number(i) + 9) as u32).to_ne_bytes())),
            small,
        ),
        (
            CRM_COLUMN_U64,
            CRM_TYPE_INT,
            plain(all_of(|i| ((number(i) + 9) as u64).to_ne_bytes())),
            small,
        ),
        (
            CRM_COLUMN_F32,
            CRM_TYPE_FLOAT,
            plain(all_of(|i| (number(i) as f32 / 4.0).to_ne_bytes())),
            float,
        ),
        (
            CRM_COLUMN_F64,
            CRM_TYPE_FLOAT,
            plain(all_of(|i| (number(i) as f64 / 4.0).to_ne_bytes())),
            float,
        ),
        (
            CRM_COLUMN_BOOL,
            CRM_TYPE_BOOL,
            plain(all_of(|i| [(i % 3) as u8])),
            |i| Cell::Truth(u8::from(i % 3 > 0)),
        ),
        (
            CRM_COLUMN_DECIMAL128,
            CRM_TYPE_FLOAT,
            Buffers {
                values: all_of(|i| (i128::from(number(i)) * 25).to_le_bytes()),
                scale: 2,
                ..Buffers::default()
            },
            float,
        ),
        (
            CRM_COLUMN_DATE,
            CRM_TYPE_DATE,
            plain(all_of(|i| (number(i) as i32).to_ne_bytes())),
            whole,
        ),
        (CRM_COLUMN_TIME_S, CRM_TYPE_INSTANT, times(1, None), instant),
        (
            CRM_COLUMN_TIME_MS,
            CRM_TYPE_INSTANT,
            times(1_000, Some(c"UTC")),
            instant,
        ),
        (
            CRM_COLUMN_TIME_US,
            CRM_TYPE_INSTANT,
            times(1_000_000, Some(c"Asia/Tokyo")),
            instant,
        ),
        (
            CRM_COLUMN_TIME_NS,
            CRM_TYPE_INSTANT,
            times(1_000_000_000, Some(c"+09:00")),
            instant,
        ),
        (
            CRM_COLUMN_UTF8,
            CRM_TYPE_ID_UTF8,
            Buffers {
                values: bytes.clone(),
                offsets: small_offsets.collect(),
                ..Buffers::default()
            },
            texts,
        ),
        (
            CRM_COLUMN_LARGE_UTF8,
            CRM_TYPE_ID_UTF8,
            Buffers {
                values: bytes,
                offsets: large_offsets.collect(),
                ..Buffers::default()
            },
            texts,
        ),
        (CRM_COLUMN_FIXED, CRM_TYPE_ID_BYTES, fixed(1), |i| {
            Cell::Text(vec![i as u8])
        }),
        (CRM_COLUMN_FIXED, CRM_TYPE_ID_BYTES, fixed(3), |i| {
            let i = i as u8;
            Cell::Text(vec![i, i + 1, i + 2])
        }),
        (CRM_COLUMN_NULL, CRM_TYPE_FLOAT, Buffers::default(), |_| {
            Cell::Null
        }),
    ]
}

/// Validity bits: every fifth cell is null.
fn validity() -> Vec<u8> {
    let mut bits = vec![0; CELLS.div_ceil(8)];
    for cell in (0..CELLS).filter(|cell| cell % 5 != 2) {
        bits[cell / 8] |= 1 << (cell % 8);
    }
    bits
}

/// A column of `rows` cells from `offset` on, with buffers of exactly the necessary length.
fn column(name: &CStr, buffers: &Buffers, rows: usize, offset: usize) -> crm_column {
    crm_column {
        r#type: buffers.ty,
        name: name.as_ptr(),
        rows: rows as u64,
        offset: offset as u64,
        values: buffers.values.as_ptr().cast::<c_void>(),
        values_size: buffers.values.len() as u64,
        offsets: match buffers.offsets.is_empty() {
            true => null(),
            false => buffers.offsets.as_ptr().cast(),
        },
        offsets_size: buffers.offsets.len() as u64,
        zone: buffers.zone.map_or(null(), CStr::as_ptr),
        width: buffers.width,
        scale: buffers.scale,
        ..EMPTY
    }
}

fn no_error() -> crm_error {
    crm_error {
        size: 0,
        code: 0,
        row: -1,
        column: [0; 128],
        message: [0; 512],
        hint: [0; 512],
    }
}

fn message(error: &crm_error) -> String {
    // SAFETY: a NUL-terminated text within the array.
    let text = unsafe { CStr::from_ptr(error.message.as_ptr()) };
    text.to_string_lossy().into_owned()
}

/// The table of one column, or the error.
fn table_of(column: &crm_column) -> Result<crm_table, (i32, String)> {
    let (mut table, mut error) = (crm_table { id: 0 }, no_error());
    // SAFETY: the column's buffers live in the caller, the outputs here.
    let status = unsafe { crm_table_from_columns(column, 1, NO_JOB, &mut table, &mut error) };
    match status {
        0 => Ok(table),
        status => Err((status, message(&error))),
    }
}

/// Type and cells of the first column.
fn read(table: crm_table, rows: usize) -> (i32, Vec<Cell>) {
    use crm_type::*;
    let (mut ty, mut found) = (-1, Vec::new());
    // SAFETY: outputs are locals; arrays have a cell a row and live until the table is freed.
    unsafe {
        assert_eq!(crm_table_type(table, 0, &mut ty, null_mut()), 0);
        let mut n = 0;
        assert_eq!(crm_table_row_count(table, &mut n, null_mut()), 0);
        assert_eq!(n, rows);
        let mut valid = null();
        assert_eq!(crm_table_validity(table, 0, &mut valid, null_mut()), 0);
        let (mut ints, mut wide, mut unsigned) = (null(), null(), null());
        let (mut floats, mut bytes) = (null(), null());
        let is = |other: crm_type| ty == other as i32;
        let date = is(CRM_TYPE_DATE);
        let signed = date || is(CRM_TYPE_INT) || is(CRM_TYPE_INSTANT) || is(CRM_TYPE_ID_I64);
        // Each reader reads its types and refuses the others.
        for (reads, status) in [
            (date, crm_table_i32(table, 0, &mut ints, null_mut())),
            (signed, crm_table_i64(table, 0, &mut wide, null_mut())),
            (
                is(CRM_TYPE_ID_U64),
                crm_table_u64(table, 0, &mut unsigned, null_mut()),
            ),
            (
                is(CRM_TYPE_FLOAT),
                crm_table_f64(table, 0, &mut floats, null_mut()),
            ),
            (
                is(CRM_TYPE_BOOL),
                crm_table_u8(table, 0, &mut bytes, null_mut()),
            ),
        ] {
            let expected = if reads {
                0
            } else {
                crm_status::CRM_ERR_TYPE as i32
            };
            assert_eq!(status, expected, "type {ty}");
        }
        for row in 0..rows {
            let mut cell = crm_text {
                data: null(),
                size: 0,
            };
            let status = crm_table_utf8(table, 0, row, &mut cell, null_mut());
            let words = is(CRM_TYPE_ID_UTF8) || is(CRM_TYPE_ID_BYTES);
            assert_eq!(status == 0, words, "type {ty}");
            let null = !valid.is_null() && *valid.add(row) == 0;
            assert_eq!(words && cell.data.is_null(), words && null);
            let value = if words && !null {
                let bytes = std::slice::from_raw_parts(cell.data.cast::<u8>(), cell.size as usize);
                Cell::Text(bytes.to_vec())
            } else if signed {
                assert!(!date || i64::from(*ints.add(row)) == *wide.add(row));
                Cell::Whole(*wide.add(row))
            } else if is(CRM_TYPE_ID_U64) {
                Cell::Unsigned(*unsigned.add(row))
            } else if is(CRM_TYPE_FLOAT) {
                Cell::Float(*floats.add(row))
            } else if is(CRM_TYPE_BOOL) {
                Cell::Truth(*bytes.add(row))
            } else {
                Cell::Null
            };
            if null {
                // Null cells leak no data.
                let zero = [
                    Cell::Whole(0),
                    Cell::Unsigned(0),
                    Cell::Float(0.0),
                    Cell::Truth(0),
                ];
                assert!(value == Cell::Null || zero.contains(&value), "{value:?}");
            }
            found.push(if null { Cell::Null } else { value });
        }
        assert_eq!(crm_table_free(table, null_mut()), 0);
    }
    (ty, found)
}

#[test]
fn cells_of_every_type_come_in_and_out() {
    let valid = validity();
    for (ty, expected, mut buffers, cell) in types() {
        buffers.ty = ty as i32;
        for (offset, rows) in [
            (0, 1),
            (0, 8),
            (0, 9),
            (0, 40),
            (1, 39),
            (3, 20),
            (8, 8),
            (9, 31),
            (40, 0),
        ] {
            for nulls in [false, true] {
                let what = format!("{ty:?}, {rows} from {offset}, nulls {nulls}");
                let mut one = column(c"x", &buffers, rows, offset);
                if nulls {
                    (one.validity, one.validity_size) = (valid.as_ptr(), valid.len() as u64);
                }
                let table = table_of(&one).expect(&what);
                let (found_type, found) = read(table, rows);
                let cells: Vec<Cell> = (offset..offset + rows)
                    .map(|i| {
                        if nulls && i % 5 == 2 {
                            Cell::Null
                        } else {
                            cell(i)
                        }
                    })
                    .collect();
                assert_eq!(found, cells, "{what}");
                let nothing = cells.iter().all(|cell| *cell == Cell::Null);
                if !nothing {
                    assert_eq!(found_type, expected as i32, "{what}");
                }
            }
        }
    }
}

/// Buffers that are one byte too short are refused; buffers of the exact length are accepted.
#[test]
fn no_buffer_may_end_early() {
    let valid = validity();
    for (ty, _, mut buffers, _) in types() {
        buffers.ty = ty as i32;
        let short = |change: &dyn Fn(&mut crm_column)| {
            let mut one = column(c"x", &buffers, CELLS, 0);
            (one.validity, one.validity_size) = (valid.as_ptr(), valid.len() as u64);
            change(&mut one);
            table_of(&one).err()
        };
        assert_eq!(short(&|_| {}), None, "{ty:?}");
        let mut refused = vec![short(&|c| c.validity_size -= 1), short(&|c| c.rows += 1)];
        if ty != crm_column_type::CRM_COLUMN_NULL {
            refused.push(short(&|c| c.values_size -= 1));
            refused.push(short(&|c| c.offset += 1));
            refused.push(short(&|c| c.offset = u64::MAX));
        }
        if !buffers.offsets.is_empty() {
            refused.push(short(&|c| c.offsets_size -= 1));
        }
        if ty == crm_column_type::CRM_COLUMN_FIXED {
            refused.push(short(&|c| c.width = 0));
            refused.push(short(&|c| c.width += 1));
            refused.push(short(&|c| c.width = 65_537));
        }
        for (i, found) in refused.into_iter().enumerate() {
            let (status, text) = found.unwrap_or_else(|| panic!("{ty:?}, {i}: accepted"));
            assert_eq!(
                status,
                crm_status::CRM_ERR_SCHEMA as i32,
                "{ty:?}, {i}: {text}"
            );
            assert!(text.contains("`x`"), "{ty:?}, {i}: {text}");
        }
    }
    let mut unknown = column(c"x", &Buffers::default(), 3, 0);
    for ty in [-1, 21, i32::MAX] {
        unknown.r#type = ty;
        let (_, text) = table_of(&unknown).err().expect("no such type");
        assert!(text.contains("none of crm_column_type"), "{text}");
    }
}

/// Cells that are indices into another column.
#[test]
fn a_dictionary_is_looked_up() {
    use crm_column_type::*;
    let words = types().into_iter().find(|t| t.0 == CRM_COLUMN_UTF8);
    let mut words = words.expect("texts").2;
    words.ty = CRM_COLUMN_UTF8 as i32;
    let dictionary = column(c"", &words, 5, 0);
    for (ty, width) in [
        (CRM_COLUMN_I8, 1),
        (CRM_COLUMN_U8, 1),
        (CRM_COLUMN_I16, 2),
        (CRM_COLUMN_U16, 2),
        (CRM_COLUMN_I32, 4),
        (CRM_COLUMN_U32, 4),
        (CRM_COLUMN_I64, 8),
        (CRM_COLUMN_U64, 8),
    ] {
        let keys = |keys: &[i64]| Buffers {
            ty: ty as i32,
            values: keys
                .iter()
                .flat_map(|k| k.to_le_bytes()[..width].to_vec())
                .collect(),
            ..Buffers::default()
        };
        let of = |keys: &Buffers, rows: usize, valid: u8| {
            let mut one = column(c"x", keys, rows, 0);
            one.dictionary = &dictionary;
            (one.validity, one.validity_size) = (&raw const valid, 1);
            table_of(&one)
        };
        let table = of(&keys(&[4, 0, 1, 4]), 4, 0b1111).expect("keys within");
        let expected = [4, 0, 1, 4].map(|i| Cell::Text(text(i).into_bytes()));
        assert_eq!(
            read(table, 4),
            (crm_type::CRM_TYPE_ID_UTF8 as i32, expected.to_vec())
        );
        // The index of a null cell may be anything; other indices must be inside the dictionary.
        assert!(of(&keys(&[4, 5, 1]), 3, 0b111).is_err());
        assert!(of(&keys(&[4, -1, 1]), 3, 0b111).is_err());
        let table = of(&keys(&[4, -1, 1]), 3, 0b101).expect("a null cell");
        assert_eq!(read(table, 3).1[1], Cell::Null);
    }
    let mut floats = column(
        c"x",
        &Buffers {
            ty: CRM_COLUMN_F64 as i32,
            values: vec![0; 8],
            ..Buffers::default()
        },
        1,
        0,
    );
    floats.dictionary = &dictionary;
    assert!(
        table_of(&floats)
            .err()
            .expect("no index")
            .1
            .contains("indices of a dictionary are integers")
    );
}

/// Checks of names, sizes and counts.
#[test]
fn calls_with_wrong_counts_and_sizes_are_refused() {
    let buffers = Buffers {
        ty: crm_column_type::CRM_COLUMN_I64 as i32,
        values: vec![0; 8],
        ..Buffers::default()
    };
    let names: Vec<CString> = (0..4097)
        .map(|i| CString::new(format!("c{i}")).expect("a name"))
        .collect();
    let columns: Vec<crm_column> = names
        .iter()
        .map(|name| column(name, &buffers, 1, 0))
        .collect();
    let of = |columns: &[crm_column]| {
        let (mut table, mut error) = (crm_table { id: 0 }, no_error());
        // SAFETY: the columns and their buffers live above, the outputs here.
        let status = unsafe {
            crm_table_from_columns(
                columns.as_ptr(),
                columns.len(),
                NO_JOB,
                &mut table,
                &mut error,
            )
        };
        (status, message(&error), table)
    };
    let (status, _, table) = of(&columns[..4096]);
    assert_eq!(status, 0);
    let mut n = 0;
    // SAFETY: the outputs are locals.
    unsafe {
        assert_eq!(crm_table_column_count(table, &mut n, null_mut()), 0);
        let mut at = 0;
        let name: *const c_char = names[4095].as_ptr();
        assert_eq!(crm_table_find(table, name, &mut at, null_mut()), 0);
        assert_eq!((n, at), (4096, 4095));
        assert_eq!(crm_table_free(table, null_mut()), 0);
    }
    let (status, text, _) = of(&columns);
    assert_eq!(status, crm_status::CRM_ERR_ARGUMENT as i32, "{text}");
    // The `size` of this version is accepted as 0 is; an unknown size is refused.
    let size = size_of::<crm_column>() as u32;
    for (size, fits) in [
        (size, true),
        (size - 8, false),
        (size + 1, false),
        (1, false),
    ] {
        let mut one = columns[0];
        one.size = size;
        assert_eq!(of(&[one]).0 == 0, fits, "{size}");
    }
    // A name by its length.
    let mut one = columns[0];
    (one.name, one.name_size) = (c"abcdef".as_ptr(), 3);
    let (status, _, table) = of(&[one]);
    assert_eq!(status, 0);
    let mut at = 9;
    // SAFETY: the output is a local.
    unsafe {
        assert_eq!(
            crm_table_find(table, c"abc".as_ptr(), &mut at, null_mut()),
            0
        );
        assert_eq!(crm_table_free(table, null_mut()), 0);
    }
    assert_eq!(at, 0);
}
