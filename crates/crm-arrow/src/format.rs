//! Reads the schema of the C data interface: names and types of columns.

use crate::column::EXPECTED;
use crate::malformed;
use arrow_array::ffi::FFI_ArrowSchema;
use arrow_schema::{DataType, TimeUnit};
use crm_core::{Error, Result};
use std::ffi::{CStr, c_char, c_void};

/// `struct ArrowSchema` of the C data interface.
#[repr(C)]
pub(crate) struct Schema {
    pub(crate) format: *const c_char,
    pub(crate) name: *const c_char,
    pub(crate) metadata: *const c_char,
    pub(crate) flags: i64,
    pub(crate) n_children: i64,
    pub(crate) children: *const *const Schema,
    pub(crate) dictionary: *const Schema,
    pub(crate) release: Option<unsafe extern "C" fn(*mut Schema)>,
    pub(crate) private_data: *mut c_void,
}

const _: () = assert!(size_of::<Schema>() == size_of::<FFI_ArrowSchema>());

/// The type of a schema, if the core reads it. Nested types are refused here, so other code
/// recurses at most into a dictionary.
pub(crate) fn data_type(name: &str, schema: &Schema) -> Result<DataType> {
    let keys = plain_type(name, schema)?;
    if schema.dictionary.is_null() {
        return Ok(keys);
    }
    // SAFETY: not NULL, and part of a schema that the caller holds.
    let values = plain_type(name, unsafe { &*schema.dictionary })?;
    if !keys.is_dictionary_key_type() {
        return Err(malformed(name, "dictionary keys that are no integers"));
    }
    Ok(DataType::Dictionary(Box::new(keys), Box::new(values)))
}

fn plain_type(name: &str, schema: &Schema) -> Result<DataType> {
    let Some(format) = text(schema.format) else {
        return Err(malformed(name, "the format is NULL or no text"));
    };
    let unsupported = || Error::ColumnType {
        column: name.to_owned(),
        found: type_name(format).into(),
        expected: EXPECTED.into(),
    };
    let parsed = match format {
        "n" => DataType::Null,
        "b" => DataType::Boolean,
        "c" => DataType::Int8,
        "C" => DataType::UInt8,
        "s" => DataType::Int16,
        "S" => DataType::UInt16,
        "i" => DataType::Int32,
        "I" => DataType::UInt32,
        "l" => DataType::Int64,
        "L" => DataType::UInt64,
        "f" => DataType::Float32,
        "g" => DataType::Float64,
        "u" => DataType::Utf8,
        "U" => DataType::LargeUtf8,
        "vu" => DataType::Utf8View,
        "tdD" => DataType::Date32,
        "tdm" => DataType::Date64,
        _ => match format.split_once(':') {
            Some(("w", width)) => match width.parse() {
                Ok(width @ 1..=65_536) => DataType::FixedSizeBinary(width),
                _ => return Err(malformed(name, "a width outside 1 to 65,536")),
            },
            Some(("d", parameters)) => decimal_type(parameters)
                .ok_or_else(|| malformed(name, "a broken decimal format"))?,
            Some((unit, zone)) => {
                let unit = match unit {
                    "tss" => TimeUnit::Second,
                    "tsm" => TimeUnit::Millisecond,
                    "tsu" => TimeUnit::Microsecond,
                    "tsn" => TimeUnit::Nanosecond,
                    _ => return Err(unsupported()),
                };
                DataType::Timestamp(unit, (!zone.is_empty()).then(|| zone.into()))
            }
            None => return Err(unsupported()),
        },
    };
    Ok(parsed)
}

/// `precision,scale[,bits]`.
fn decimal_type(parameters: &str) -> Option<DataType> {
    let mut parts = parameters.split(',');
    let precision: u8 = parts.next()?.parse().ok()?;
    let scale: i8 = parts.next()?.parse().ok()?;
    let bits = parts.next().unwrap_or("128");
    let most = match bits {
        "32" => 9,
        "64" => 18,
        "128" => 38,
        "256" => 76,
        _ => return None,
    };
    if parts.next().is_some() || !(1..=most).contains(&precision) {
        return None;
    }
    Some(match bits {
        "32" => DataType::Decimal32(precision, scale),
        "64" => DataType::Decimal64(precision, scale),
        "128" => DataType::Decimal128(precision, scale),
        _ => DataType::Decimal256(precision, scale),
    })
}

/// The name of an unsupported type, for messages.
fn type_name(format: &str) -> &'static str {
    match format.as_bytes() {
        b"e" => "float16",
        b"z" | b"Z" | b"vz" => "binary",
        [b't', b't', ..] => "time of day",
        [b't', b'D', ..] => "duration",
        [b't', b'i', ..] => "interval",
        b"+l" | b"+L" | b"+vl" | b"+vL" | [b'+', b'w', ..] => "list",
        b"+s" => "struct",
        b"+m" => "map",
        [b'+', b'u', ..] => "union",
        b"+r" => "run-end encoded",
        _ => "unknown to Arrow",
    }
}

/// A C string of UTF-8.
pub(crate) fn text<'a>(pointer: *const c_char) -> Option<&'a str> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: a NUL-terminated string, by the C data interface, as long-lived as its schema.
    unsafe { CStr::from_ptr(pointer) }.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_a_closed_list() {
        let parse = |format: &CStr| {
            let mut schema = FFI_ArrowSchema::empty();
            // SAFETY: a `struct ArrowSchema`; without a release callback nothing is freed.
            let raw = unsafe { &mut *(&raw mut schema).cast::<Schema>() };
            raw.format = format.as_ptr();
            data_type("x", raw).map_err(|e| e.to_string())
        };
        // The letters of the C data interface.
        for (format, expected) in [
            (c"n", DataType::Null),
            (c"b", DataType::Boolean),
            (c"c", DataType::Int8),
            (c"C", DataType::UInt8),
            (c"s", DataType::Int16),
            (c"S", DataType::UInt16),
            (c"i", DataType::Int32),
            (c"I", DataType::UInt32),
            (c"l", DataType::Int64),
            (c"L", DataType::UInt64),
            (c"f", DataType::Float32),
            (c"g", DataType::Float64),
            (c"u", DataType::Utf8),
            (c"U", DataType::LargeUtf8),
            (c"vu", DataType::Utf8View),
            (c"tdD", DataType::Date32),
            (c"tdm", DataType::Date64),
            (c"tss:", DataType::Timestamp(TimeUnit::Second, None)),
            (c"tsm:", DataType::Timestamp(TimeUnit::Millisecond, None)),
            (c"tsn:", DataType::Timestamp(TimeUnit::Nanosecond, None)),
            (c"d:9,2,32", DataType::Decimal32(9, 2)),
            (c"d:18,2,64", DataType::Decimal64(18, 2)),
            (c"d:19,2", DataType::Decimal128(19, 2)),
            (c"d:38,-3,128", DataType::Decimal128(38, -3)),
            (c"d:76,0,256", DataType::Decimal256(76, 0)),
        ] {
            assert_eq!(parse(format), Ok(expected), "{format:?}");
        }
        assert_eq!(parse(c"w:16"), Ok(DataType::FixedSizeBinary(16)));
        assert_eq!(
            parse(c"tsu:Asia/Tokyo"),
            Ok(DataType::Timestamp(
                TimeUnit::Microsecond,
                Some("Asia/Tokyo".into())
            ))
        );
        for (format, expected) in [
            (c"e", "is of type float16"),
            (c"+l", "is of type list"),
            (c"+L", "is of type list"),
            (c"+vl", "is of type list"),
            (c"+w:3", "is of type list"),
            (c"+s", "is of type struct"),
            (c"+m", "is of type map"),
            (c"+ud:0,1", "is of type union"),
            (c"+r", "is of type run-end encoded"),
            (c"tiM", "is of type interval"),
            (c"Z", "is of type binary"),
            (c"vz", "is of type binary"),
            (c"z", "is of type binary"),
            (c"tDs", "is of type duration"),
            (c"ttu", "is of type time of day"),
            (c"", "is of type unknown to Arrow"),
            (c"tsx:", "is of type unknown to Arrow"),
            (c"w:0", "a width outside"),
            (c"w:-1", "a width outside"),
            (c"w:99999999999", "a width outside"),
            (c"d:", "broken decimal"),
            (c"d:39,0", "broken decimal"),
            (c"d:9,2,7", "broken decimal"),
            (c"d:10,2,32", "broken decimal"),
            (c"d:19,2,64", "broken decimal"),
            (c"d:77,2,256", "broken decimal"),
            (c"d:0,0", "broken decimal"),
            (c"d:9,2,32,1", "broken decimal"),
            (c"\xff", "the format is NULL or no text"),
        ] {
            let text = parse(format).unwrap_err();
            assert!(text.contains(expected), "{format:?}: {text}");
        }
    }

    #[test]
    fn keys_of_a_dictionary_are_integers() {
        let parse = |keys: &CStr, values: &CStr| {
            let [mut outer, mut inner] = [(); 2].map(|()| FFI_ArrowSchema::empty());
            // SAFETY: each is a `struct ArrowSchema`; without a release callback nothing is freed.
            let [outer, inner] = [&mut outer, &mut inner]
                .map(|schema| unsafe { &mut *std::ptr::from_mut(schema).cast::<Schema>() });
            inner.format = values.as_ptr();
            outer.format = keys.as_ptr();
            outer.dictionary = inner;
            let found = data_type("x", outer).map_err(|e| e.to_string());
            outer.dictionary = std::ptr::null_mut();
            found
        };
        let of = |keys, values| Ok(DataType::Dictionary(Box::new(keys), Box::new(values)));
        assert_eq!(parse(c"i", c"u"), of(DataType::Int32, DataType::Utf8));
        assert_eq!(parse(c"L", c"l"), of(DataType::UInt64, DataType::Int64));
        for keys in [c"u", c"f", c"b", c"tdD"] {
            let error = parse(keys, c"u").unwrap_err();
            assert!(
                error.contains("dictionary keys that are no integers"),
                "{error}"
            );
        }
    }
}
