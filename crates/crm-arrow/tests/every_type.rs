//! Every input type, with every length around the bytes of a bitmap, and every output type: cell by
//! cell against the values of which the arrays were made.

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::types::*;
use arrow_array::*;
use arrow_buffer::i256;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use crm_arrow::{Money, Style};
use crm_core::columns::{Batch, ColumnData, ColumnValues};
use crm_core::table::{Column, Values};
use crm_core::{Context, Currency, Language, Table, Zone};
use std::sync::Arc;

/// Numbers from 0 to 90, every seventh missing.
fn numbers(n: usize) -> Vec<Option<i64>> {
    (0..n as i64)
        .map(|i| (i % 7 != 3).then_some(i * 13 % 91))
        .collect()
}

fn text(value: i64) -> String {
    match value % 3 {
        0 => format!("longer than twelve bytes {value}"),
        1 => format!("é{value}"),
        _ => String::new(),
    }
}

/// A column of each type, with the core's name of the type and its cells as text.
fn arrays(cells: &[Option<i64>]) -> Vec<(ArrayRef, String, Vec<Option<String>>)> {
    let mut all: Vec<(ArrayRef, String, Vec<Option<String>>)> = Vec::new();
    let plain = || {
        cells
            .iter()
            .map(|c| c.map(|v| v.to_string()))
            .collect::<Vec<_>>()
    };
    let worded = || cells.iter().map(|c| c.map(text)).collect::<Vec<_>>();
    macro_rules! add {
        ($name:expr, $array:expr, $cells:expr) => {
            all.push((Arc::new($array), $name.to_string(), $cells))
        };
    }
    macro_rules! whole {
        ($($name:literal $array:ty, $native:ty;)*) => {
            $(add!($name, <$array>::from_iter(cells.iter().map(|c| c.map(|v| v as $native))), plain());)*
        };
    }
    whole! {
        "int8" Int8Array, i8; "int16" Int16Array, i16; "int32" Int32Array, i32; "int64" Int64Array, i64;
        "uint8" UInt8Array, u8; "uint16" UInt16Array, u16; "uint32" UInt32Array, u32;
        "uint64" UInt64Array, u64; "float64" Float32Array, f32; "float64" Float64Array, f64;
        "date" Date32Array, i32;
    }
    let milliseconds = cells.iter().map(|c| c.map(|v| v * 86_400_000));
    add!("date", Date64Array::from_iter(milliseconds), plain());
    macro_rules! decimals {
        ($($array:ty, $of:expr, $precision:literal;)*) => {
            $(
                let array = <$array>::from_iter(cells.iter().map(|c| c.map($of)));
                let array = array.with_precision_and_scale($precision, 2).expect("a scale");
                add!("decimal128 with 2 decimals", array, cells.iter().map(|c| c.map(|v| format!("{v}e-2"))).collect());
            )*
        };
    }
    decimals! {
        Decimal32Array, |v| v as i32, 9; Decimal64Array, |v| v, 18;
        Decimal128Array, i128::from, 38; Decimal256Array, |v| i256::from_i128(v.into()), 76;
    }
    macro_rules! times {
        ($($array:ty, $unit:literal;)*) => {
            $(
                let array = <$array>::from_iter(cells.iter().copied());
                let of = |zone: &str| {
                    cells.iter().map(|c| c.map(|v| format!("{v} {} {zone}", $unit))).collect()
                };
                add!("timestamp without zone", array.clone(), of("none"));
                add!("timestamp with zone", array.with_timezone("Asia/Tokyo"), of("Asia/Tokyo"));
            )*
        };
    }
    times! {
        TimestampSecondArray, "Second"; TimestampMillisecondArray, "Millisecond";
        TimestampMicrosecondArray, "Microsecond"; TimestampNanosecondArray, "Nanosecond";
    }
    let odd = cells.iter().map(|c| c.map(|v| v % 2 == 1));
    let odd: Vec<Option<bool>> = odd.collect();
    add!(
        "bool",
        BooleanArray::from(odd.clone()),
        odd.iter().map(|c| c.map(|v| v.to_string())).collect()
    );
    add!("text", StringArray::from(worded()), worded());
    add!("text", LargeStringArray::from(worded()), worded());
    add!("text", StringViewArray::from_iter(worded()), worded());
    let bytes = cells.iter().map(|c| c.map(|v| [v as u8, 7, 200]));
    let fixed = FixedSizeBinaryArray::try_from_sparse_iter_with_size(bytes, 3).expect("3 bytes");
    let spelled = cells
        .iter()
        .map(|c| c.map(|v| format!("{:?}", [v as u8, 7, 200])));
    add!("fixed_size_binary(3)", fixed, spelled.collect());
    macro_rules! dictionaries {
        ($($key:ty;)*) => {
            $(
                let words = worded();
                let array: DictionaryArray<$key> = words.iter().map(Option::as_deref).collect();
                add!("text", array, worded());
            )*
        };
    }
    dictionaries! { Int8Type; Int16Type; Int32Type; Int64Type; UInt8Type; UInt16Type; UInt32Type; UInt64Type; }
    add!("null", NullArray::new(cells.len()), vec![None; cells.len()]);
    all
}

fn spelled(column: &ColumnData, row: usize) -> Option<String> {
    column.is_valid(row).then(|| match &column.values {
        ColumnValues::Int { values, .. } => values[row].to_string(),
        ColumnValues::Unsigned { values, .. } => values[row].to_string(),
        ColumnValues::Float(values) => values[row].to_string(),
        ColumnValues::Decimal { values, scale } => format!("{}e-{scale}", values[row]),
        ColumnValues::Date(values) => values[row].to_string(),
        ColumnValues::Time { values, unit, zone } => {
            format!(
                "{} {unit:?} {}",
                values[row],
                zone.as_deref().unwrap_or("none")
            )
        }
        ColumnValues::Bool(bits) => bits.is_set(row).to_string(),
        ColumnValues::Text(texts) => String::from_utf8(texts.bytes(row).to_vec()).expect("UTF-8"),
        ColumnValues::Fixed { width, bytes } => {
            format!("{:?}", &bytes[row * width..(row + 1) * width])
        }
        ColumnValues::Dictionary { keys, values } => {
            spelled(values, keys[row] as usize).expect("a word")
        }
        ColumnValues::Null(_) => unreachable!("no cell is valid"),
    })
}

fn is(column: &ColumnData, name: &str, cells: &[Option<String>], what: &str) {
    let looked_up = match &column.values {
        ColumnValues::Dictionary { values, .. } => values,
        _ => column,
    };
    assert_eq!(looked_up.type_name(), name, "{what}");
    assert_eq!(column.len(), cells.len(), "{what}");
    let found: Vec<_> = (0..cells.len()).map(|row| spelled(column, row)).collect();
    assert_eq!(found, cells, "{what}");
    column.check("x").expect(what);
}

/// One column as a table over the C interface.
fn exported(array: &ArrayRef) -> (FFI_ArrowSchema, FFI_ArrowArray) {
    let field = Field::new("x", array.data_type().clone(), true);
    let table = StructArray::from(vec![(Arc::new(field), array.clone())]).to_data();
    let schema = FFI_ArrowSchema::try_from(table.data_type()).expect("a schema");
    (schema, FFI_ArrowArray::new(&table))
}

#[test]
fn columns_of_every_type_length_and_offset_come_in_whole() {
    for (array, name, cells) in arrays(&numbers(41)) {
        let what = array.data_type().to_string();
        let lengths = [0, 1, 2, 7, 8, 9, 15, 16, 17, 24, 25, 33];
        for (start, len) in (0..9).flat_map(|start| lengths.map(|len| (start, len))) {
            if start + len > cells.len() {
                continue;
            }
            let slice = array.slice(start, len);
            let expected = &cells[start..start + len];
            let what = format!("{what} from {start}, {len} cells");
            let (schema, table) = exported(&slice);
            let batch = crm_arrow::read_struct(&schema, table, &["x"]).expect(&what);
            is(&batch[0].1, &name, expected, &what);
            // As a chunk of a column, validated and cut by Arrow's own slice.
            let schema = FFI_ArrowSchema::try_from(array.data_type()).expect("a schema");
            let whole = FFI_ArrowArray::new(&array.to_data());
            let whole = crm_arrow::read_column(&schema, whole, "x").expect(&what);
            let chunks = vec![("x".to_owned(), vec![whole.slice(start, len)])];
            let batches = crm_arrow::read_columns(&chunks, &["x"]).expect(&what);
            is(&batches[0][0].1, &name, expected, &what);
        }
    }
}

#[test]
fn a_column_comes_as_a_stream_of_chunks_or_of_none() {
    for (array, name, cells) in arrays(&numbers(20)) {
        let what = array.data_type().to_string();
        for cuts in [vec![], vec![0, 20], vec![0, 3, 3, 12, 20]] {
            let chunks: Vec<Result<ArrayRef, ArrowError>> = cuts
                .windows(2)
                .map(|cut| Ok(array.slice(cut[0], cut[1] - cut[0])))
                .collect();
            let schema = Arc::new(Schema::new(vec![Field::new(
                "x",
                array.data_type().clone(),
                true,
            )]));
            let batches: Vec<_> = chunks
                .into_iter()
                .map(|chunk| RecordBatch::try_new(schema.clone(), vec![chunk?]))
                .collect();
            let stream = RecordBatchIterator::new(batches, schema);
            let stream = FFI_ArrowArrayStream::new(Box::new(stream));
            let batches = crm_arrow::read_stream(stream, &["x"], &Context::default()).expect(&what);
            assert_eq!(batches.len(), cuts.len().max(2) - 1, "{what}");
            let mut from = 0;
            for batch in &batches {
                let column = &batch[0].1;
                is(column, &name, &cells[from..from + column.len()], &what);
                from += column.len();
            }
            assert_eq!(from, cuts.last().copied().unwrap_or(0), "{what}");
        }
    }
}

/// Ids are exported in the type of the input, whatever their width.
#[test]
fn ids_leave_as_they_came() {
    let own = |name: &str| name.contains("int") || name == "text" || name.starts_with("fixed");
    for (array, name, cells) in arrays(&numbers(41)) {
        if !own(&name) {
            continue;
        }
        let what = array.data_type().to_string();
        let batch = RecordBatch::try_from_iter([("customer_id", array.clone())]).expect("a batch");
        let batches = crm_arrow::read_batches(&[batch], &["customer_id"]).expect(&what);
        let table = Table::from_batch(&batches[0], &Context::default()).expect(&what);
        let left = crm_arrow::to_record_batch(&table, Style::default()).expect(&what);
        let expected = match array.data_type() {
            DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => &DataType::Utf8,
            same => same,
        };
        assert_eq!(left.column(0).data_type(), expected);
        let back = crm_arrow::read_array("x", &left.column(0).to_data()).expect(&what);
        is(&back, &name, &cells, &what);
        assert_eq!(left.schema().field(0).metadata()["type"], "id");
    }
}

/// Columns of a table are exported with their cells, nulls and metadata.
#[test]
fn tables_leave_with_every_type() {
    let n = 21;
    let valid: Vec<bool> = (0..n).map(|i| i % 5 != 2).collect();
    let of = |i: usize| i as i64 * 37 % 100 - 20;
    let ints: Vec<i64> = (0..n).map(of).collect();
    let tokyo = Zone::parse("Asia/Tokyo").expect("a zone");
    let cases: Vec<(Values, &str, &str, Vec<String>)> = vec![
        (
            Values::I32((0..n).map(|i| of(i) as i32).collect()),
            "int",
            "int32",
            ints.iter().map(i64::to_string).collect(),
        ),
        (
            Values::I64(ints.clone().into()),
            "int",
            "int64",
            ints.iter().map(i64::to_string).collect(),
        ),
        (
            Values::F64(
                ints.iter()
                    .map(|v| *v as f64 / 4.0)
                    .collect::<Vec<_>>()
                    .into(),
            ),
            "float",
            "float64",
            ints.iter().map(|v| (*v as f64 / 4.0).to_string()).collect(),
        ),
        (
            Values::Bool(ints.iter().map(|v| v % 3 == 0).collect()),
            "bool",
            "bool",
            ints.iter().map(|v| (v % 3 == 0).to_string()).collect(),
        ),
        (
            Values::Date((0..n).map(|i| of(i) as i32).collect()),
            "date",
            "date",
            ints.iter().map(i64::to_string).collect(),
        ),
        (
            Values::Instant(ints.clone().into(), tokyo),
            "instant",
            "timestamp with zone",
            ints.iter()
                .map(|v| format!("{v} Microsecond Asia/Tokyo"))
                .collect(),
        ),
        (
            Values::Money(ints.clone().into(), Currency::USD),
            "money",
            "decimal128 with 2 decimals",
            ints.iter().map(|v| format!("{v}e-2")).collect(),
        ),
    ];
    for (values, ty, name, cells) in cases {
        for some_null in [false, true] {
            let column = Column::named("x", values.clone());
            let column = match some_null {
                true => column.with_validity(valid.clone()),
                false => column,
            };
            let table = Table::new(vec![column]);
            let batch = crm_arrow::to_record_batch(&table, Style::default()).expect(ty);
            assert_eq!(batch.schema().field(0).metadata()["type"], ty);
            let back: Batch = crm_arrow::read_batches(&[batch], &["x"])
                .expect(ty)
                .remove(0);
            let expected: Vec<Option<String>> = cells
                .iter()
                .enumerate()
                .map(|(i, cell)| (!some_null || valid[i]).then(|| cell.clone()))
                .collect();
            is(&back[0].1, name, &expected, ty);
        }
    }
    let money = Table::new(vec![Column::named(
        "x",
        Values::Money(ints.clone().into(), Currency::USD),
    )]);
    for (style, name, cell) in [
        (Money::Minor, "int64", "-20"),
        (Money::Float, "float64", "-0.2"),
        (Money::Decimal, "decimal128 with 2 decimals", "-20e-2"),
    ] {
        let style = Style {
            money: style,
            language: Language::En,
        };
        let batch = crm_arrow::to_record_batch(&money, style).expect(name);
        assert_eq!(batch.schema().field(0).metadata()["currency"], "USD");
        if style.money == Money::Decimal {
            // As wide as any 64-bit number.
            assert_eq!(*batch.column(0).data_type(), DataType::Decimal128(19, 2));
        }
        let back = crm_arrow::read_batches(&[batch], &["x"]).expect(name);
        assert_eq!(back[0][0].1.type_name(), name);
        assert_eq!(spelled(&back[0][0].1, 0).as_deref(), Some(cell));
    }
}
