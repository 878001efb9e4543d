//! Requests and specs as text: one JSON object that says each key once.
//!
//! serde's own maps keep the last of two equal keys; a factor or a filter that is said twice is a
//! mistake, and which one was meant is a guess.

use crate::{Error, Result};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// The text as an object; an empty text is no options.
pub(crate) fn parse(text: &str) -> Result<Map<String, Value>> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    let refuse = |expected| {
        Err(Error::OptionValue {
            name: "request".into(),
            found: String::new(),
            expected,
        })
    };
    if text.len() > 1 << 20 {
        return refuse("at most 1 MiB of JSON".into());
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Once { depth: 0 }.deserialize(&mut json);
    match value.and_then(|value| json.end().map(|()| value)) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => refuse("a JSON object".into()),
        Err(problem) => refuse(format!("a JSON object ({problem})").into()),
    }
}

/// What a request may be nested; a thread of 64 KiB has room for it.
const DEEPEST: u8 = 24;

/// A value in whose objects each key stands once.
#[derive(Clone, Copy)]
struct Once {
    depth: u8,
}

impl Once {
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth < DEEPEST {
            true => Ok(Once {
                depth: self.depth + 1,
            }),
            false => Err(E::custom(format_args!("nested more than {DEEPEST} deep"))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Once {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Value;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let (mut items, inside) = (Vec::new(), self.inside()?);
        while let Some(item) = from.next_element_seed(inside)? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let (mut object, inside) = (Map::new(), self.inside()?);
        while let Some(key) = from.next_key::<String>()? {
            if object.contains_key(&key) {
                let key: String = key.chars().take(40).collect();
                return Err(A::Error::custom(format_args!(
                    "the key `{key}` stands twice"
                )));
            }
            object.insert(key, from.next_value_seed(inside)?);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serde_reads_is_read() {
        for text in [
            "{}",
            r#"{"a": [1, -2, 2.5, 1e300, 18446744073709551615, "x", true, null, {"b": {"a": []}}]}"#,
        ] {
            let expected: Map<String, Value> = serde_json::from_str(text).unwrap();
            assert_eq!(parse(text).unwrap(), expected);
        }
        assert!(parse("  ").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_object_with_each_key_once_is_refused() {
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        for (text, says) in [
            ("[1]", "expected a JSON object"),
            ("{", "expected a JSON object (EOF while parsing"),
            (r#"{"a": 1, "a": 1}"#, "(the key `a` stands twice at line 1"),
            (
                r#"{"b": {"1": 2, "2": 1, "1": 3}}"#,
                "(the key `1` stands twice at line 1",
            ),
            (&deep, "(nested more than 24 deep at line 1"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(
                error.starts_with("option `request`: ") && error.contains(says),
                "{error}"
            );
        }
    }
}
