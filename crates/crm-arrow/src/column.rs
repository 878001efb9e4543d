//! Converts Arrow arrays to columns of the core.

use crate::{collect, malformed, missing};
use arrow_array::{Array, RecordBatch};
use arrow_buffer::{ArrowNativeType, Buffer, ScalarBuffer, i256};
use arrow_data::ArrayData;
use arrow_schema::{DataType, TimeUnit as ArrowUnit};
use crm_core::columns::{Batch, Bits, Buf, ColumnData, ColumnValues, Strings, TimeUnit};
use crm_core::{Error, Result};
use std::sync::Arc;

/// The accepted types, for messages.
pub(crate) const EXPECTED: &str = "integers, floats, decimals, bool, dates, timestamps, text, dictionaries \
                        of these, or fixed-size binary";

/// The columns of these names from each batch, in the order of `columns`. Other columns are not
/// read.
///
/// # Errors
///
/// [`Error::MissingColumn`], [`Error::ColumnType`] for a type outside the list in the crate's
/// documentation, [`Error::Malformed`] for an array that fails validation.
pub fn read_batches(batches: &[RecordBatch], columns: &[&str]) -> Result<Vec<Batch>> {
    batches
        .iter()
        .map(|batch| {
            let schema = batch.schema_ref();
            let names = || schema.fields().iter().map(|f| f.name().clone()).collect();
            columns
                .iter()
                .map(|name| {
                    let at = schema
                        .fields()
                        .iter()
                        .position(|field| field.name() == name)
                        .ok_or_else(|| missing(name, names()))?;
                    let column = read_array(name, &batch.column(at).to_data())?;
                    Ok(((*name).to_owned(), column))
                })
                .collect()
        })
        .collect()
}

/// Converts one array, named `name` in errors. It is validated first, as [`sound`] does.
///
/// # Errors
///
/// [`Error::ColumnType`], [`Error::Malformed`], [`Error::OutOfMemory`].
pub fn read_array(name: &str, array: &ArrayData) -> Result<ColumnData> {
    // The validator's message may contain values of the data.
    sound(name, array)?;
    read_validated(name, array)
}

/// Validates an array. Of texts only the lengths of the buffers: the core checks offsets and views, and
/// whether each text that it keeps is UTF-8.
pub(crate) fn sound(name: &str, array: &ArrayData) -> Result<()> {
    let found = match is_text(array.data_type()) {
        true => array.validate(),
        false => array.validate_full(),
    };
    found.map_err(|_| malformed(name, invalid(array.data_type())))
}

/// Whether the type is one of texts, without a dictionary.
pub(crate) fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

/// Columns with different chunk boundaries, as batches that are cut at every boundary. The arrays
/// are validated first.
///
/// # Errors
///
/// [`Error::MissingColumn`], [`Error::ColumnLength`], and those of [`read_array`].
pub fn read_columns(columns: &[(String, Vec<ArrayData>)], wanted: &[&str]) -> Result<Vec<Batch>> {
    let mut chosen = Vec::new();
    for name in wanted {
        let (_, chunks) = columns
            .iter()
            .find(|(have, _)| have == name)
            .ok_or_else(|| missing(name, columns.iter().map(|(name, _)| name.clone()).collect()))?;
        for chunk in chunks {
            sound(name, chunk)?;
        }
        chosen.push((*name, chunks));
    }
    let rows = |chunks: &[ArrayData]| chunks.iter().map(ArrayData::len).sum::<usize>();
    let expected = chosen.first().map_or(0, |(_, chunks)| rows(chunks));
    let mut cuts: Vec<usize> = vec![0, expected];
    for (name, chunks) in &chosen {
        let found = rows(chunks);
        if found != expected {
            return Err(Error::ColumnLength {
                column: (*name).to_owned(),
                found,
                expected,
            });
        }
        cuts.extend(chunks.iter().scan(0, |end, chunk| {
            *end += chunk.len();
            Some(*end)
        }));
    }
    cuts.sort_unstable();
    cuts.dedup();
    if cuts.len() == 1 {
        cuts.push(0);
    }
    let batch = |from: usize, to: usize| {
        let part = |(name, chunks): &(&str, &Vec<ArrayData>)| {
            let mut start = 0;
            for chunk in chunks.iter() {
                // For an empty table, the first chunk gives the type.
                if from < start + chunk.len() || from == to {
                    let part = chunk.slice(from - start, to - from);
                    return Ok(((*name).to_owned(), read_validated(name, &part)?));
                }
                start += chunk.len();
            }
            Err(malformed(name, "a column without any chunk"))
        };
        chosen.iter().map(part).collect()
    };
    cuts.windows(2).map(|cut| batch(cut[0], cut[1])).collect()
}

/// The message for an array of this type that did not pass validation.
pub(crate) fn invalid(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            "text offsets are broken or a text is not UTF-8"
        }
        DataType::Dictionary(..) => "a dictionary index points past the dictionary",
        _ => "a buffer is shorter than the array",
    }
}

/// An array known to be valid.
pub(crate) fn read_validated(name: &str, array: &ArrayData) -> Result<ColumnData> {
    Ok(ColumnData {
        values: values(name, array)?,
        valid: validity(name, array)?,
    })
}

fn validity(name: &str, array: &ArrayData) -> Result<Option<Bits>> {
    let Some(nulls) = array.nulls().filter(|nulls| nulls.null_count() > 0) else {
        return Ok(None);
    };
    bits(name, nulls.buffer(), nulls.offset(), nulls.len()).map(Some)
}

fn bits(name: &str, buffer: &Buffer, offset: usize, len: usize) -> Result<Bits> {
    Bits::new(shared(buffer, 0, buffer.len()), offset, len)
        .ok_or_else(|| malformed(name, "a bitmap is shorter than the array"))
}

/// Items `start..start + len` of a buffer, by reference. The array was validated, so they exist and
/// are aligned.
fn shared<T: ArrowNativeType + Send + Sync>(buffer: &Buffer, start: usize, len: usize) -> Buf<T> {
    Buf::shared(Arc::new(ScalarBuffer::<T>::new(buffer.clone(), start, len)))
}

fn values(name: &str, array: &ArrayData) -> Result<ColumnValues> {
    let (start, len) = (array.offset(), array.len());
    Ok(match array.data_type() {
        DataType::Null => ColumnValues::Null(len),
        DataType::Boolean => ColumnValues::Bool(bits(name, &array.buffers()[0], start, len)?),
        DataType::Int8 => int(widened(array, |v: i8| v.into())?, 8),
        DataType::Int16 => int(widened(array, |v: i16| v.into())?, 16),
        DataType::Int32 => int(widened(array, |v: i32| v.into())?, 32),
        DataType::Int64 => int(shared(&array.buffers()[0], start, len), 64),
        DataType::UInt8 => unsigned(widened(array, |v: u8| v.into())?, 8),
        DataType::UInt16 => unsigned(widened(array, |v: u16| v.into())?, 16),
        DataType::UInt32 => unsigned(widened(array, |v: u32| v.into())?, 32),
        DataType::UInt64 => unsigned(shared(&array.buffers()[0], start, len), 64),
        DataType::Float32 => ColumnValues::Float(widened(array, |v: f32| v.into())?),
        DataType::Float64 => ColumnValues::Float(shared(&array.buffers()[0], start, len)),
        DataType::Decimal32(_, scale) => decimal(widened(array, |v: i32| v.into())?, *scale),
        DataType::Decimal64(_, scale) => decimal(widened(array, |v: i64| v.into())?, *scale),
        DataType::Decimal128(_, scale) => decimal(shared(&array.buffers()[0], start, len), *scale),
        // Amounts beyond 128 bits are clamped; the core refuses them.
        DataType::Decimal256(_, scale) => {
            let narrow = |v: i256| v.to_i128().unwrap_or(i128::MAX);
            decimal(widened(array, narrow)?, *scale)
        }
        DataType::Date32 => ColumnValues::Date(shared(&array.buffers()[0], start, len)),
        DataType::Date64 => {
            let day = |ms: i64| {
                let days = ms.div_euclid(86_400_000);
                // Clamped days are still out of range in the core: its calendar ends long before.
                days.clamp(i32::MIN.into(), i32::MAX.into()) as i32
            };
            ColumnValues::Date(widened(array, day)?)
        }
        DataType::Timestamp(unit, zone) => ColumnValues::Time {
            values: shared(&array.buffers()[0], start, len),
            unit: match unit {
                ArrowUnit::Second => TimeUnit::Second,
                ArrowUnit::Millisecond => TimeUnit::Millisecond,
                ArrowUnit::Microsecond => TimeUnit::Microsecond,
                ArrowUnit::Nanosecond => TimeUnit::Nanosecond,
            },
            zone: zone.as_deref().filter(|z| !z.is_empty()).map(str::to_owned),
        },
        DataType::Utf8 => ColumnValues::Text(Strings::Small(offsets(array)?, bytes(array))),
        DataType::LargeUtf8 => ColumnValues::Text(Strings::Large(offsets(array)?, bytes(array))),
        DataType::Utf8View => ColumnValues::Text(views(array)),
        DataType::FixedSizeBinary(width) if *width > 0 => {
            let width = *width as usize;
            ColumnValues::Fixed {
                width,
                bytes: shared(&array.buffers()[0], start * width, len * width),
            }
        }
        DataType::Dictionary(keys, values)
            if keys.is_dictionary_key_type() && !matches!(**values, DataType::Dictionary(..)) =>
        {
            let values = &array.child_data()[0];
            if u32::try_from(values.len()).is_err() {
                return Err(malformed(
                    name,
                    "a dictionary of more than 4 billion entries",
                ));
            }
            ColumnValues::Dictionary {
                keys: dictionary_keys(array, keys)?,
                values: Box::new(read_validated(name, values)?),
            }
        }
        other => {
            return Err(Error::ColumnType {
                column: name.to_owned(),
                found: type_name(other),
                expected: EXPECTED.into(),
            });
        }
    })
}

/// The name of the type without the names of a struct's fields, which may be private.
fn type_name(data_type: &DataType) -> String {
    let text = data_type.to_string();
    let end = text.find(['(', '<', '[']).unwrap_or(text.len());
    text[..end].to_lowercase()
}

fn int(values: Buf<i64>, bits: u8) -> ColumnValues {
    ColumnValues::Int { values, bits }
}

fn unsigned(values: Buf<u64>, bits: u8) -> ColumnValues {
    ColumnValues::Unsigned { values, bits }
}

fn decimal(values: Buf<i128>, scale: i8) -> ColumnValues {
    ColumnValues::Decimal { values, scale }
}

fn widened<T: ArrowNativeType, U: Send + Sync + 'static>(
    array: &ArrayData,
    widen: impl Fn(T) -> U,
) -> Result<Buf<U>> {
    let narrow = ScalarBuffer::<T>::new(array.buffers()[0].clone(), array.offset(), array.len());
    Ok(collect(narrow.iter().map(|v| widen(*v)), "column")?.into())
}

/// Keys as `u32`, whatever their width. Keys of valid cells are inside the dictionary, so they fit;
/// keys of null cells may be anything.
fn dictionary_keys(array: &ArrayData, keys: &DataType) -> Result<Buf<u32>> {
    match keys {
        DataType::Int8 => widened(array, |k: i8| k as u32),
        DataType::Int16 => widened(array, |k: i16| k as u32),
        DataType::UInt8 => widened(array, |k: u8| k.into()),
        DataType::UInt16 => widened(array, |k: u16| k.into()),
        DataType::Int64 => widened(array, |k: i64| k as u32),
        DataType::UInt64 => widened(array, |k: u64| k as u32),
        // The same bits, signed or not.
        _ => Ok(shared(&array.buffers()[0], array.offset(), array.len())),
    }
}

/// The offsets of a text array, one more than texts. An empty array may have none.
fn offsets<T>(array: &ArrayData) -> Result<Buf<T>>
where
    T: ArrowNativeType + Send + Sync,
{
    let buffer = &array.buffers()[0];
    if array.is_empty() && buffer.is_empty() {
        return Ok(collect([T::default()].into_iter(), "offsets")?.into());
    }
    Ok(shared(buffer, array.offset(), array.len() + 1))
}

fn bytes(array: &ArrayData) -> Buf<u8> {
    let buffer = &array.buffers()[1];
    shared(buffer, 0, buffer.len())
}

/// Views and the buffers that they point into, by reference.
fn views(array: &ArrayData) -> Strings {
    let (views, texts) = (&array.buffers()[0], &array.buffers()[1..]);
    let texts = texts.iter().map(|buffer| shared(buffer, 0, buffer.len()));
    Strings::Views(shared(views, array.offset(), array.len()), texts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::*;

    fn read(array: &dyn Array) -> ColumnData {
        read_data(&array.to_data())
    }

    fn read_data(array: &ArrayData) -> ColumnData {
        read_array("x", array).unwrap()
    }

    #[test]
    fn core_types_are_kept_by_reference_and_slices_honoured() {
        let array = Int64Array::from(vec![1, 2, 3, 4]);
        let address = array.values().as_ptr();
        let ColumnValues::Int { values, bits: 64 } = read(&array.slice(1, 2)).values else {
            panic!("not int64")
        };
        assert_eq!(&values[..], [2, 3]);
        assert_eq!(values.as_ptr(), address.wrapping_add(1));

        let texts = StringArray::from(vec!["a", "bb", "", "ccc"]);
        let ColumnValues::Text(texts) = read(&texts.slice(1, 3)).values else {
            panic!("not text")
        };
        let texts: Vec<_> = (0..texts.len()).map(|i| texts.bytes(i).to_vec()).collect();
        assert_eq!(texts, [b"bb".to_vec(), b"".to_vec(), b"ccc".to_vec()]);
    }

    #[test]
    fn validity_of_a_slice_starts_at_its_first_cell() {
        let array = Float64Array::from(vec![None, Some(1.0), None, Some(2.0)]);
        let column = read(&array.slice(1, 3));
        let valid: Vec<bool> = (0..3).map(|i| column.is_valid(i)).collect();
        assert_eq!(valid, [true, false, true]);
        let all = read(&array.slice(3, 1));
        assert!(all.valid.is_none() && all.is_valid(0));
    }

    /// Every start and length inside three bytes of bits.
    #[test]
    fn booleans_are_read_bit_by_bit_from_where_the_slice_starts() {
        let cells: Vec<Option<bool>> = (0..24)
            .map(|i| (i % 5 != 4).then_some(i * i % 7 < 3))
            .collect();
        let array = BooleanArray::from(cells.clone());
        for start in 0..24 {
            for len in 0..24 - start {
                let column = read_data(&array.to_data().slice(start, len));
                let ColumnValues::Bool(bits) = &column.values else {
                    panic!("not bool")
                };
                let found: Vec<Option<bool>> = (0..len)
                    .map(|i| column.is_valid(i).then(|| bits.is_set(i)))
                    .collect();
                assert_eq!(found, cells[start..start + len], "{start} {len}");
            }
        }
    }

    /// Widened integers and fixed-size bytes also start at the slice's offset.
    #[test]
    fn slices_of_every_width() {
        fn ints(column: &ColumnData) -> Vec<i64> {
            match &column.values {
                ColumnValues::Int { values, .. } => values.to_vec(),
                ColumnValues::Unsigned { values, .. } => values.iter().map(|v| *v as i64).collect(),
                ColumnValues::Date(values) => values.iter().map(|v| i64::from(*v)).collect(),
                ColumnValues::Time { values, .. } => values.to_vec(),
                ColumnValues::Float(values) => values.iter().map(|v| *v as i64).collect(),
                ColumnValues::Decimal { values, .. } => values.iter().map(|v| *v as i64).collect(),
                other => panic!("no numbers: {other:?}"),
            }
        }
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(Int8Array::from_iter_values(0..9)),
            Arc::new(Int16Array::from_iter_values(0..9)),
            Arc::new(Int32Array::from_iter_values(0..9)),
            Arc::new(UInt8Array::from_iter_values(0..9)),
            Arc::new(UInt16Array::from_iter_values(0..9)),
            Arc::new(UInt32Array::from_iter_values(0..9)),
            Arc::new(UInt64Array::from_iter_values(0..9)),
            Arc::new(Float32Array::from_iter_values((0..9_u8).map(f32::from))),
            Arc::new(Date32Array::from_iter_values(0..9)),
            Arc::new(TimestampSecondArray::from_iter_values(0..9)),
            Arc::new(Decimal128Array::from_iter_values(0..9)),
        ];
        for array in arrays {
            // A slice of the array data keeps the buffer and has an offset; a slice of the array
            // may not.
            let found = ints(&read_data(&array.to_data().slice(3, 4)));
            assert_eq!(found, [3, 4, 5, 6], "{}", array.data_type());
        }
        let bytes = FixedSizeBinaryArray::try_from_iter((0..9_u8).map(|i| [i, i + 100])).unwrap();
        let ColumnValues::Fixed { width: 2, bytes } =
            read_data(&bytes.to_data().slice(3, 2)).values
        else {
            panic!("not fixed")
        };
        assert_eq!(&bytes[..], [3, 103, 4, 104]);
    }

    #[test]
    fn dictionaries_of_any_key_and_value() {
        use arrow_array::types::*;
        fn check<K: ArrowDictionaryKeyType>() {
            let array: DictionaryArray<K> = [Some("b"), None, Some("a"), Some("b")]
                .into_iter()
                .collect();
            let column = read_data(&array.to_data().slice(1, 3));
            let ColumnValues::Dictionary { keys, values } = &column.values else {
                panic!("not a dictionary")
            };
            let ColumnValues::Text(texts) = &values.values else {
                panic!("not of texts")
            };
            assert!(!column.is_valid(0));
            assert_eq!(texts.bytes(keys[1] as usize), b"a");
            assert_eq!(texts.bytes(keys[2] as usize), b"b");
        }
        check::<Int8Type>();
        check::<Int16Type>();
        check::<Int32Type>();
        check::<Int64Type>();
        check::<UInt8Type>();
        check::<UInt16Type>();
        check::<UInt32Type>();
        check::<UInt64Type>();
    }

    #[test]
    fn views_and_decimals_and_dates() {
        let array = StringViewArray::from(vec![Some("short"), None, Some("longer than twelve")]);
        let column = read(&array.slice(1, 2));
        let ColumnValues::Text(texts) = &column.values else {
            panic!("not text")
        };
        assert_eq!(texts.bytes(1), b"longer than twelve");
        assert!(!column.is_valid(0));

        let array = Decimal256Array::from(vec![i256::from_i128(-12), i256::MAX]);
        let array = array.with_precision_and_scale(76, 2).unwrap();
        let ColumnValues::Decimal { values, scale: 2 } = read(&array).values else {
            panic!("not decimal")
        };
        assert_eq!(&values[..], [-12, i128::MAX]);

        let array = Date64Array::from(vec![-1, 86_400_000, i64::MAX]);
        let ColumnValues::Date(days) = read(&array).values else {
            panic!("not a date")
        };
        assert_eq!(&days[..], [-1, 1, i32::MAX]);
    }

    #[test]
    fn other_types_are_refused_by_name() {
        let list =
            ListArray::from_iter_primitive::<arrow_array::types::Int32Type, _, _>([Some([Some(
                1,
            )])]);
        let error = read_array("basket", &list.to_data()).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("column `basket` is of type list, expected integers"),
            "{text}"
        );
    }

    #[test]
    fn columns_cut_differently_become_batches_cut_like_both() {
        let ids = Int32Array::from(vec![1, 2, 3, 4]);
        let amounts = Int64Array::from(vec![10, 20, 30, 40]);
        let chunk = |array: &dyn Array, from, len| array.slice(from, len).to_data();
        let columns = [
            ("id".to_owned(), vec![chunk(&ids, 0, 1), chunk(&ids, 1, 3)]),
            (
                "amount".to_owned(),
                vec![chunk(&amounts, 0, 3), chunk(&amounts, 3, 1)],
            ),
        ];
        let batches = read_columns(&columns, &["amount", "id"]).unwrap();
        let lengths: Vec<_> = batches
            .iter()
            .map(|b| (b[0].1.len(), b[1].1.len()))
            .collect();
        assert_eq!(lengths, [(1, 1), (2, 2), (1, 1)]);
        let ColumnValues::Int { values, .. } = &batches[1][0].1.values else {
            panic!("not int64")
        };
        assert_eq!(values[..], [20, 30]);

        let empty = [("id".to_owned(), vec![chunk(&ids, 0, 0)])];
        assert_eq!(
            read_columns(&empty, &["id"]).unwrap()[0][0].1.type_name(),
            "int32"
        );
        let uneven = [
            columns[0].clone(),
            ("amount".to_owned(), vec![chunk(&amounts, 0, 3)]),
        ];
        let error = read_columns(&uneven, &["id", "amount"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "column `amount` has 3 rows where the others have 4"
        );
    }

    #[test]
    fn a_missing_column_is_guessed() {
        let ids: ArrayRef = Arc::new(Int16Array::from(vec![3, 1]));
        let batch = RecordBatch::try_from_iter([("customer_id", ids)]).unwrap();
        let error = read_batches(&[batch], &["custmer_id"]).unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("did you mean `customer_id`?"));
    }
}
