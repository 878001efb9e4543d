//! Reads requests and specs from JSON text: one object in which each key occurs once.
//!
//! serde's maps keep the last of two equal keys. Here a duplicate key is an error, because either
//! of its values could be meant.

use crate::error::{Error, Result};
use crate::time::Duration;
use serde::Serialize;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value};
use std::fmt;

/// The longest request: a hundred thousand complaints fit.
const LONGEST: usize = 1 << 24;

/// The text as an object; an empty text means no options.
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
    if text.len() > LONGEST {
        return refuse("at most 16 MiB of JSON".into());
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Once { depth: 0 }.deserialize(&mut json);
    match value.and_then(|value| json.end().map(|()| value)) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => refuse("a JSON object".into()),
        Err(problem) => refuse(format!("a JSON object ({problem})").into()),
    }
}

/// Reads a JSON object of a type; duplicate and unknown keys are refused by name. Rust, C and
/// Python read their specs and requests with this.
///
/// # Errors
///
/// A text that is not such an object; the error names the key.
pub fn read<T: DeserializeOwned + Default + Serialize>(text: &str) -> Result<T> {
    read_object(&parse(text)?)
}

/// Options or a scope as a JSON object.
pub(crate) fn as_object(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// The error for a key that is neither an option nor in the scope.
pub(crate) fn unknown<'a>(
    name: String,
    options: impl Iterator<Item = &'a String>,
    scope: &[&str],
) -> Error {
    let mut valid: Vec<String> = options.cloned().collect();
    for key in scope {
        if !valid.iter().any(|v| v == key) {
            valid.push((*key).to_owned());
        }
    }
    Error::UnknownOption { name, valid }
}

/// The expected part of serde's "invalid type: string \"five\", expected u8".
pub(crate) fn wanted(message: &str) -> String {
    let wanted = message
        .rsplit_once(", expected ")
        .map_or(message, |(_, end)| end);
    let wanted = wanted.strip_prefix("not ").unwrap_or(wanted);
    if let Some(field) = wanted.strip_prefix("missing field ") {
        return format!("an object with {field}");
    }
    match wanted {
        "u8" => "a whole number from 0 to 255",
        "u32" => "a whole number from 0 to 4,294,967,295",
        "u64" | "usize" => "a whole number of at least 0",
        "a nonzero u32" => "a whole number from 1 to 4,294,967,295",
        "i32" | "i64" => "a whole number",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a string" => "a text",
        "a sequence" => "a list",
        "a map" => "an object",
        "string or map" => "a word",
        other if other.starts_with("struct ") => "an object",
        other => other,
    }
    .to_owned()
}

/// Reads an object. If that fails, reads it field by field, so that the error names the option.
///
/// # Errors
///
/// An object of another form; the error names the key.
pub fn read_object<T: DeserializeOwned + Default + Serialize>(
    object: &Map<String, Value>,
) -> Result<T> {
    let whole = match T::deserialize(object) {
        Ok(whole) => return Ok(whole),
        Err(problem) => Error::option("request", "", problem.to_string()),
    };
    for (key, value) in object {
        let one = Map::from_iter([(key.clone(), value.clone())]);
        if let Err(e) = serde_json::from_value::<T>(Value::Object(one)) {
            let message = e.to_string();
            if message.starts_with("unknown field") && message.contains(&format!("`{key}`")) {
                let known = serde_json::to_value(T::default()).unwrap_or_default();
                return Err(Error::UnknownOption {
                    name: key.clone(),
                    valid: known
                        .as_object()
                        .into_iter()
                        .flat_map(Map::keys)
                        .cloned()
                        .collect(),
                });
            }
            // A secret is not repeated.
            let secret = key == "pseudonym_key";
            let (path, part) = element::<T>(key, value, &message);
            let shown = if secret {
                String::new()
            } else {
                part.to_string()
            };
            return Err(Error::option(path, shown, wanted(&message)));
        }
    }
    Err(whole)
}

/// Of a list of objects with such a problem: the path of the object that has it, or of its key without which there is none,
/// and what is there. Of other values: the key and all of it.
fn element<T: DeserializeOwned>(key: &str, value: &Value, problem: &str) -> (String, Value) {
    let whole = || (key.to_owned(), value.clone());
    let alone = |item: Value| {
        let one = Map::from_iter([(key.to_owned(), Value::Array(vec![item]))]);
        let failed = serde_json::from_value::<T>(Value::Object(one)).err();
        failed.map(|problem| problem.to_string())
    };
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    let mut objects = items.iter().enumerate().filter_map(|(at, item)| {
        let fields = item.as_object()?;
        (alone(item.clone())? == problem).then_some((at, fields))
    });
    let Some((at, fields)) = objects.next() else {
        return whole();
    };
    for (name, cell) in fields {
        let mut others = fields.clone();
        others.remove(name);
        // The rest is well, or now lacks what was wrong.
        let is_it = match alone(Value::Object(others)) {
            _ if problem.starts_with("missing field") => false,
            None => true,
            Some(other) => other == format!("missing field `{name}`"),
        };
        if is_it {
            return (format!("{key}.{at}.{name}"), cell.clone());
        }
    }
    (format!("{key}.{at}"), Value::Object(fields.clone()))
}

/// Refuses a breakdown that names a column twice, because the table would have two columns of one
/// name.
pub(crate) fn distinct(by: &[String]) -> Result<()> {
    let mut names = by.iter().enumerate();
    match names.find(|(at, name)| by[..*at].contains(name)) {
        Some((_, name)) => Err(Error::option(
            "by",
            format_args!("{name:?} twice"),
            "each column once",
        )),
        None => Ok(()),
    }
}

/// Refuses a duration of zero.
pub(crate) fn longer_than_zero(name: &str, time: Duration) -> Result<()> {
    match time.micros() {
        0 => Err(Error::option(name, 0, "a time longer than zero")),
        _ => Ok(()),
    }
}

/// The maximum nesting of a request; a stack of 64 KiB is enough for it.
const DEEPEST: u8 = 24;

/// A value in whose objects each key occurs once.
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
                    "the key `{key}` is there twice"
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
            (
                r#"{"a": 1, "a": 1}"#,
                "(the key `a` is there twice at line 1",
            ),
            (
                r#"{"b": {"1": 2, "2": 1, "1": 3}}"#,
                "(the key `1` is there twice at line 1",
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

    #[test]
    fn depth_and_length_end_exactly_where_they_say() {
        // The object is the first of the levels.
        let nested = |n: usize| format!("{{\"a\": {}{}}}", "[".repeat(n), "]".repeat(n));
        let objects = |n: usize| format!("{}1{}", "{\"a\":".repeat(n), "}".repeat(n));
        let deepest = usize::from(DEEPEST);
        assert!(parse(&nested(deepest - 1)).is_ok());
        assert!(parse(&nested(deepest)).is_err());
        assert!(parse(&objects(deepest)).is_ok());
        assert!(parse(&objects(deepest + 1)).is_err());
        let padded = |size: usize| format!("{{}}{}", " ".repeat(size - 2));
        assert!(parse(&padded(LONGEST)).is_ok());
        assert!(parse(&padded(LONGEST + 1)).is_err());
        assert!(parse("{} {}").is_err());
    }

    #[derive(Debug, Default, PartialEq, Serialize, serde::Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Options {
        small: u8,
        middle: u32,
        large: u64,
        some: Option<std::num::NonZeroU32>,
        signed: i32,
        real: f64,
        truth: bool,
        text: String,
        list: Vec<u8>,
        object: std::collections::BTreeMap<String, u8>,
        inner: Inner,
    }

    #[derive(Debug, Default, PartialEq, Serialize, serde::Deserialize)]
    struct Inner {
        a: u8,
    }

    #[test]
    fn what_an_option_takes_is_said_in_plain_words() {
        assert_eq!(read::<Options>("").unwrap(), Options::default());
        assert_eq!(read::<Options>(r#"{"small": 7}"#).unwrap().small, 7);
        for (key, value, expected) in [
            ("small", "-1", "a whole number from 0 to 255"),
            ("small", "256", "a whole number from 0 to 255"),
            ("middle", "-1", "a whole number from 0 to 4,294,967,295"),
            ("large", "-1", "a whole number of at least 0"),
            ("some", "0", "a whole number from 1 to 4,294,967,295"),
            ("signed", "0.5", "a whole number"),
            ("real", "\"x\"", "a number"),
            ("truth", "1", "true or false"),
            ("text", "1", "a text"),
            ("list", "1", "a list"),
            ("object", "1", "an object"),
            ("inner", "{}", "an object with `a`"),
        ] {
            let text = format!(r#"{{"truth": true, "{key}": {value}}}"#)
                .replace(r#""truth": true, "truth""#, r#""truth""#);
            let error = read::<Options>(&text).unwrap_err();
            let found: Value = serde_json::from_str(value).unwrap();
            assert_eq!(error, Error::option(key, found, expected), "{text}");
        }
        let Error::UnknownOption { name, valid } = read::<Options>(r#"{"smal": 1}"#).unwrap_err()
        else {
            panic!("another error")
        };
        let names = "inner large list middle object real signed small some text truth";
        let mut sorted = valid.clone();
        sorted.sort();
        assert_eq!((name.as_str(), sorted.join(" ").as_str()), ("smal", names));
    }

    #[test]
    fn names_of_by_are_distinct() {
        let by =
            |names: &[&str]| distinct(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(by(&[]), Ok(()));
        assert_eq!(by(&["a", "b"]), Ok(()));
        let twice = Error::option("by", "\"b\" twice", "each column once");
        assert_eq!(by(&["a", "b", "b"]), Err(twice.clone()));
        assert_eq!(by(&["b", "a", "b"]), Err(twice));
    }

    #[test]
    fn an_unknown_key_is_answered_by_options_and_scope_each_once() {
        let options = ["levels".to_owned(), "by".to_owned()];
        let error = unknown("x".into(), options.iter(), &["as_of", "by"]);
        let valid = ["levels", "by", "as_of"].map(str::to_owned).to_vec();
        let name = "x".to_owned();
        assert_eq!(error, Error::UnknownOption { name, valid });
    }
}
