//! Exports a result table as an Arrow record batch.
//!
//! | cells          | Arrow type                                                          |
//! |----------------|---------------------------------------------------------------------|
//! | ids | the type of the input; texts as `utf8` (`large_utf8` beyond 2 GiB) |
//! | dates          | `date32`                                                            |
//! | instants       | `timestamp(us)` in the shop's zone                                  |
//! | money          | `decimal128(19, exponent)`, or as [`Money`] says                    |
//! | words, texts   | `dictionary(int32, utf8)`                                           |
//!
//! The metadata of the schema has the definition (`crm`) and its hash (`crm.hash`); the metadata of
//! a field has `type`, `unit`, the Japanese heading (`ja`) and `currency`. Null cells are zero or
//! empty in the buffers, so they leak no data.

use crate::{collect, room};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, FixedSizeBinaryArray,
    Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, LargeStringArray, PrimitiveArray,
    RecordBatch, RecordBatchIterator, RecordBatchOptions, StringArray, TimestampMicrosecondArray,
    UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{Field, Schema};
use crm_core::ids::{IdKind, IdRef, Ids};
use crm_core::table::{Column, Values};
use crm_core::{Currency, Error, Language, Result, Table};
use std::collections::HashMap;
use std::sync::Arc;

/// The Arrow type of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Money {
    /// `decimal128(19, exponent)`: exact.
    #[default]
    Decimal,
    /// `float64` in major units, each value rounded once from the exact integer.
    Float,
    /// `int64` minor units: exact.
    Minor,
}

/// Options of an export. They change types, headings and labels, never a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// The Arrow type of money.
    pub money: Money,
    /// The language of headings and words. English means the names and codes for programs.
    pub language: Language,
}

/// The table as one record batch: ids as they came in, money and words in the form that `style` asks for.
///
/// # Errors
///
/// [`Error::OutOfMemory`].
pub fn to_record_batch(table: &Table, style: Style) -> Result<RecordBatch> {
    let mut fields: Vec<Field> = Vec::new();
    let mut arrays = Vec::new();
    for column in table.columns() {
        let array = array(column, style)?;
        let mut name = column.heading(style.language).to_owned();
        if fields.iter().any(|field| *field.name() == name) {
            name = format!("{name} ({})", column.name());
        }
        let field = Field::new(name, array.data_type().clone(), true);
        fields.push(field.with_metadata(metadata(column)));
        arrays.push(array);
    }
    let mut about = HashMap::new();
    if let Some(definition) = table.definition() {
        about.insert("crm".to_owned(), definition.json().to_owned());
        about.insert("crm.hash".to_owned(), definition.hash().to_owned());
    }
    let schema = Schema::new_with_metadata(fields, about);
    let options = RecordBatchOptions::new().with_row_count(Some(table.len()));
    RecordBatch::try_new_with_options(Arc::new(schema), arrays, &options)
        .map_err(|e| Error::internal(e.to_string()))
}

/// The table as a C stream of one batch. It owns its buffers and outlives the table.
///
/// # Errors
///
/// [`Error::OutOfMemory`].
pub fn to_stream(table: &Table, style: Style) -> Result<FFI_ArrowArrayStream> {
    let batch = to_record_batch(table, style)?;
    let schema = batch.schema();
    let batches = RecordBatchIterator::new([Ok(batch)], schema);
    Ok(FFI_ArrowArrayStream::new(Box::new(batches)))
}

fn metadata(column: &Column) -> HashMap<String, String> {
    let mut about = HashMap::new();
    let mut put = |key: &str, value: &str| {
        if !value.is_empty() {
            about.insert(key.to_owned(), value.to_owned());
        }
    };
    put("type", column.values().ty().name());
    put("unit", column.unit());
    put("ja", column.heading(Language::Ja));
    if let Values::Money(_, currency) = column.values() {
        put("currency", currency.code());
    }
    about
}

fn array(column: &Column, style: Style) -> Result<ArrayRef> {
    let nulls = match column.validity() {
        Some(valid) => Some(NullBuffer::new(packed(valid)?)),
        None => None,
    };
    Ok(match column.values() {
        Values::Id { ids, codes } => id_array(ids, codes, nulls)?,
        Values::I32(cells) => Arc::new(Int32Array::new(buffer(cells)?, nulls)),
        Values::I64(cells) => Arc::new(Int64Array::new(buffer(cells)?, nulls)),
        Values::F64(cells) => Arc::new(Float64Array::new(buffer(cells)?, nulls)),
        Values::Bool(cells) => Arc::new(BooleanArray::new(packed(cells)?, nulls)),
        Values::Date(cells) => Arc::new(Date32Array::new(buffer(cells)?, nulls)),
        Values::Instant(cells, zone) => Arc::new(
            TimestampMicrosecondArray::new(buffer(cells)?, nulls).with_timezone(zone.to_string()),
        ),
        Values::Money(cells, currency) => money(cells, *currency, style.money, nulls)?,
        Values::Category { codes, labels } => {
            let words = labels.iter().map(|label| match style.language {
                Language::En => label.code,
                Language::Ja => label.ja,
            });
            dictionary(codes.iter().map(|c| i32::from(*c)), words, nulls)?
        }
        Values::Text { codes, texts } => dictionary(
            codes.iter().map(|c| *c as i32),
            texts.iter().map(String::as_str),
            nulls,
        )?,
    })
}

fn money(
    cells: &[i64],
    currency: Currency,
    money: Money,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef> {
    Ok(match money {
        Money::Minor => Arc::new(Int64Array::new(buffer(cells)?, nulls)),
        Money::Float => {
            let major = collect(cells.iter().map(|minor| currency.major(*minor)), COLUMN)?;
            Arc::new(Float64Array::new(major.into(), nulls))
        }
        Money::Decimal => {
            let wide = collect(cells.iter().map(|minor| i128::from(*minor)), COLUMN)?;
            let scale = currency.exponent() as i8;
            let array = Decimal128Array::new(wide.into(), nulls)
                .with_precision_and_scale(19, scale)
                .map_err(|e| Error::internal(e.to_string()))?;
            Arc::new(array)
        }
    })
}

/// A dictionary array of words. Each word is in the dictionary once, as pandas wants its categories.
/// Null cells have index 0.
fn dictionary<'a>(
    keys: impl ExactSizeIterator<Item = i32>,
    words: impl ExactSizeIterator<Item = &'a str>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef> {
    let mut places = room(words.len(), COLUMN)?;
    let mut distinct = room(words.len(), COLUMN)?;
    let mut first = HashMap::new();
    first
        .try_reserve(words.len())
        .map_err(|_| Error::OutOfMemory {
            what: COLUMN,
            bytes: words.len().saturating_mul(size_of::<(&str, i32)>()),
        })?;
    for word in words {
        places.push(*first.entry(word).or_insert_with(|| {
            distinct.push(word);
            distinct.len() as i32 - 1
        }));
    }
    // Keys of null cells may point past an empty dictionary.
    let place = |key: i32| places.get(key as usize).copied().unwrap_or(0);
    let keys = collect(keys.map(place), COLUMN)?;
    let keys = PrimitiveArray::<Int32Type>::new(keys.into(), nulls);
    let words = Arc::new(StringArray::from_iter_values(distinct));
    DictionaryArray::try_new(keys, words)
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|e| Error::internal(e.to_string()))
}

const COLUMN: &str = "table column";

fn buffer<T: arrow_buffer::ArrowNativeType>(cells: &[T]) -> Result<ScalarBuffer<T>> {
    Ok(collect(cells.iter().copied(), COLUMN)?.into())
}

/// One bit per truth value.
fn packed(cells: &[bool]) -> Result<BooleanBuffer> {
    let bytes = collect(
        cells.chunks(8).map(|eight| {
            let bit = |(i, set): (usize, &bool)| u8::from(*set) << i;
            eight.iter().enumerate().map(bit).sum::<u8>()
        }),
        COLUMN,
    )?;
    Ok(BooleanBuffer::new(Buffer::from(bytes), 0, cells.len()))
}

fn id_array(ids: &Ids, codes: &[u32], nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    let present = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    macro_rules! numbers {
        ($array:ty, $variant:ident) => {{
            let cells = codes
                .iter()
                .enumerate()
                .map(|(row, code)| match present(row) {
                    true => match ids.at(*code) {
                        // The width is the width of the input column.
                        IdRef::$variant(id) => id as _,
                        _ => 0,
                    },
                    false => 0,
                });
            Arc::new(<$array>::new(collect(cells, COLUMN)?.into(), nulls.clone())) as ArrayRef
        }};
    }
    Ok(match ids.kind() {
        IdKind::Int(8) => numbers!(Int8Array, Int),
        IdKind::Int(16) => numbers!(Int16Array, Int),
        IdKind::Int(32) => numbers!(Int32Array, Int),
        IdKind::Int(_) => numbers!(Int64Array, Int),
        IdKind::Unsigned(8) => numbers!(UInt8Array, Unsigned),
        IdKind::Unsigned(16) => numbers!(UInt16Array, Unsigned),
        IdKind::Unsigned(32) => numbers!(UInt32Array, Unsigned),
        IdKind::Unsigned(_) => numbers!(UInt64Array, Unsigned),
        IdKind::Text => {
            let (ends, bytes) = id_bytes(ids, codes, present)?;
            match i32::try_from(bytes.len()) {
                Ok(_) => {
                    let ends = collect(ends.iter().map(|end| *end as i32), COLUMN)?;
                    let ends = OffsetBuffer::new(ends.into());
                    let array = StringArray::try_new(ends, bytes.into(), nulls);
                    Arc::new(array.map_err(|e| Error::internal(e.to_string()))?)
                }
                Err(_) => {
                    let ends = OffsetBuffer::new(ends.into());
                    let array = LargeStringArray::try_new(ends, bytes.into(), nulls);
                    Arc::new(array.map_err(|e| Error::internal(e.to_string()))?)
                }
            }
        }
        IdKind::Fixed(width) => {
            let mut bytes = room(width.saturating_mul(codes.len()), COLUMN)?;
            for (row, code) in codes.iter().enumerate() {
                if present(row) {
                    ids.write(*code, &mut bytes);
                }
                bytes.resize((row + 1) * width, 0);
            }
            let array = FixedSizeBinaryArray::try_new(width as i32, bytes.into(), nulls);
            Arc::new(array.map_err(|e| Error::internal(e.to_string()))?)
        }
    })
}

/// Offsets and bytes of text ids.
fn id_bytes(
    ids: &Ids,
    codes: &[u32],
    present: impl Fn(usize) -> bool,
) -> Result<(Vec<i64>, Vec<u8>)> {
    let mut ends = room(codes.len() + 1, COLUMN)?;
    let mut bytes: Vec<u8> = Vec::new();
    let mut one = Vec::new();
    ends.push(0);
    for (row, code) in codes.iter().enumerate() {
        one.clear();
        if present(row) {
            ids.write(*code, &mut one);
        }
        if bytes.capacity() - bytes.len() < one.len() {
            let more = one.len().max(bytes.len()).max(codes.len());
            bytes.try_reserve(more).map_err(|_| Error::OutOfMemory {
                what: COLUMN,
                bytes: more,
            })?;
        }
        bytes.extend_from_slice(&one);
        ends.push(bytes.len() as i64);
    }
    Ok((ends, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array;
    use crm_core::table::{Field as CrmField, Label, Type};
    use crm_core::{Context, Definition, Zone};

    const LABELS: &[Label] = &[
        Label {
            code: "ok",
            en: "OK",
            ja: "正常",
        },
        Label {
            code: "lost",
            en: "Lost",
            ja: "離脱",
        },
    ];

    fn field(name: &'static str, ty: Type, ja: &'static str) -> CrmField {
        CrmField::new(name, ty, "", ja, "")
    }

    fn table() -> Table {
        let valid = vec![true, false];
        Table::new(vec![
            Column::new(&field("n", Type::Int, "数"), Values::I32(vec![1, 0]))
                .with_validity(valid.clone()),
            Column::new(
                &field("revenue", Type::Money, "売上"),
                Values::Money(vec![-105, 0].into(), Currency::USD),
            ),
            Column::new(
                &field("level", Type::Category, "数"),
                Values::Category {
                    codes: vec![1, 0],
                    labels: LABELS,
                },
            )
            .with_validity(valid),
            Column::new(
                &field("at", Type::Instant, "時刻"),
                Values::Instant(vec![0, 1].into(), Zone::UTC),
            ),
        ])
        .with_definition(Definition::new(Default::default))
    }

    #[test]
    fn money_leaves_as_asked() {
        let batch = |money| {
            let style = Style {
                money,
                ..Style::default()
            };
            to_record_batch(&table(), style).unwrap().column(1).clone()
        };
        let cells = batch(Money::Decimal);
        let cells = cells.as_any().downcast_ref::<Decimal128Array>().unwrap();
        assert_eq!((cells.value(0), cells.scale()), (-105, 2));
        let cells = batch(Money::Float);
        let cells = cells.as_any().downcast_ref::<Float64Array>().unwrap();
        assert_eq!(cells.value(0), -1.05);
        let cells = batch(Money::Minor);
        let cells = cells.as_any().downcast_ref::<Int64Array>().unwrap();
        assert_eq!(cells.value(0), -105);
    }

    #[test]
    fn japanese_changes_headings_and_words_and_keeps_headings_apart() {
        let style = Style {
            language: Language::Ja,
            ..Style::default()
        };
        let batch = to_record_batch(&table(), style).unwrap();
        let schema = batch.schema();
        let names: Vec<_> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(names, ["数", "売上", "数 (level)", "時刻"]);
        let words = batch
            .column(2)
            .as_any()
            .downcast_ref::<DictionaryArray<Int32Type>>()
            .unwrap();
        let words = words.downcast_dict::<StringArray>().unwrap();
        assert_eq!(words.into_iter().collect::<Vec<_>>(), [Some("離脱"), None]);
    }

    /// Pandas refuses categories that repeat.
    #[test]
    fn a_dictionary_has_each_word_once() {
        let texts = ["late", "quiet", "late", "unused"].map(str::to_owned);
        let texts = Values::Text {
            codes: vec![2, 1, 0, 0],
            texts: Arc::new(texts.to_vec()),
        };
        let table = Table::new(vec![
            Column::named("why", texts).with_validity(vec![true, true, true, false]),
        ]);
        let batch = to_record_batch(&table, Style::default()).unwrap();
        let why = batch.column(0).as_any();
        let why = why.downcast_ref::<DictionaryArray<Int32Type>>().unwrap();
        assert_eq!(why.values().len(), 3);
        let cells = why.downcast_dict::<StringArray>().unwrap();
        let expected = [Some("late"), Some("quiet"), Some("late"), None];
        assert_eq!(cells.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_definition_travels_with_the_schema() {
        let batch = to_record_batch(&table(), Style::default()).unwrap();
        assert_eq!(batch.schema().metadata()["crm"], "null");
        assert_eq!(batch.schema().metadata()["crm.hash"].len(), 16);
        assert_eq!(batch.schema().field(1).metadata()["currency"], "USD");
        batch.column(0).to_data().validate_full().unwrap();
    }

    #[test]
    fn a_stream_outlives_its_table_and_reads_back() {
        let stream = {
            let table = table();
            to_stream(&table, Style::default()).unwrap()
        };
        let batches =
            crate::read_stream(stream, &["revenue", "n", "at"], &Context::default()).unwrap();
        let names: Vec<_> = batches[0]
            .iter()
            .map(|(n, c)| (n.as_str(), c.type_name()))
            .collect();
        assert_eq!(
            names[0],
            ("revenue", "decimal128 with 2 decimals".to_owned())
        );
        assert_eq!(names[1], ("n", "int32".to_owned()));
        assert_eq!(names[2], ("at", "timestamp with zone".to_owned()));
        assert!(!batches[0][1].1.is_valid(1));
    }

    #[test]
    fn an_empty_table_is_a_batch_without_rows() {
        let batch = to_record_batch(&Table::new(Vec::new()), Style::default()).unwrap();
        assert_eq!((batch.num_columns(), batch.num_rows()), (0, 0));
    }

    /// Byte-string ids are exported with their fixed width.
    #[test]
    fn ids_of_bytes_keep_their_width() {
        use crm_core::columns::{ColumnValues, Strings};
        use crm_core::data::OrdersSpec;
        use crm_core::{Dataset, Orders, register};
        for width in [3, 16] {
            let id = |last: u8| [vec![7; width - 1], vec![last]].concat();
            let ids: Vec<u8> = [9, 0, 4].into_iter().flat_map(id).collect();
            let day = Strings::collect([&b"2025-01-01"[..]; 3].into_iter()).unwrap();
            let columns = [
                (
                    "customer_id",
                    ColumnValues::Fixed {
                        width,
                        bytes: ids.into(),
                    },
                ),
                ("ordered_at", ColumnValues::Text(day)),
                (
                    "amount",
                    ColumnValues::Int {
                        values: vec![1_i64; 3].into(),
                        bits: 64,
                    },
                ),
            ];
            let batch = columns.map(|(name, values)| (name.to_owned(), values.into()));
            let spec = OrdersSpec::parse(r#"{"currency": "JPY"}"#).unwrap();
            let context = Context::default();
            let orders = Orders::from_batches(&spec, &[batch.to_vec()], None, &context).unwrap();
            let table = register::run("summary", &Dataset::Orders(&orders), "", &context).unwrap();
            let batch = to_record_batch(&table, Style::default()).unwrap();
            let found = batch.column_by_name("customer_id").unwrap();
            let found = found
                .as_any()
                .downcast_ref::<FixedSizeBinaryArray>()
                .unwrap();
            assert_eq!(found.value_length() as usize, width);
            let found: Vec<&[u8]> = found.iter().flatten().collect();
            assert_eq!(found, [id(0), id(4), id(9)]);
        }
    }
}
