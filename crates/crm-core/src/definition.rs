//! The definition in every result: the full request, with all defaults.
//!
//! Canonical JSON (RFC 8785) of `{version, analysis, scope, options}`, defaults written out; its
//! hash is the first 16 hex digits of the SHA-256. Results with equal hashes come from equal
//! requests.

use crate::sha256::Sha256;
use serde_json::Value;
use std::fmt::{self, Write};
use std::sync::{Arc, OnceLock};

/// The request of a result: canonical JSON (RFC 8785) of version, analysis, scope and options, with all
/// defaults. It is made on first use, because pages that show one customer rarely need it.
#[derive(Clone)]
pub struct Definition(Arc<Lazy>);

struct Lazy {
    contents: Box<dyn Fn() -> Value + Send + Sync>,
    written: OnceLock<Written>,
}

/// Canonical JSON and its hash.
struct Written {
    json: String,
    hash: String,
}

impl Definition {
    /// A definition with these contents.
    pub fn new(contents: impl Fn() -> Value + Send + Sync + 'static) -> Self {
        Definition(Arc::new(Lazy {
            contents: Box::new(contents),
            written: OnceLock::new(),
        }))
    }

    fn written(&self) -> &Written {
        if let Some(written) = self.0.written.get() {
            return written;
        }
        // Made outside of the lock, which a fork of the process could leave locked.
        let mut json = String::new();
        canonical(&(self.0.contents)(), &mut json);
        let digest = Sha256::digest(json.as_bytes());
        let hash = digest.iter().take(8).fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        self.0.written.get_or_init(|| Written { json, hash })
    }

    /// The canonical JSON.
    pub fn json(&self) -> &str {
        &self.written().json
    }

    /// First 16 hex digits of the SHA-256 of the canonical JSON.
    pub fn hash(&self) -> &str {
        &self.written().hash
    }
}

impl serde::Serialize for Definition {
    /// Its contents: version, analysis, scope and options.
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (self.0.contents)().serialize(to)
    }
}

impl PartialEq for Definition {
    fn eq(&self, other: &Self) -> bool {
        self.json() == other.json()
    }
}

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Definition").field(&self.json()).finish()
    }
}

/// RFC 8785: keys sorted by UTF-16 code units, numbers as ECMAScript prints them, no spaces. The
/// values are made by this library or were parsed with its depth limit, so recursion is bounded.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => ecmascript(float, out),
            _ => {
                let _ = write!(out, "{number}");
            }
        },
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                canonical(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (i, (key, value)) in entries.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                quoted(key, out);
                out.push(':');
                canonical(value, out);
            }
            out.push('}');
        }
        Value::String(text) => quoted(text, out),
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

/// Writes a JSON string.
fn quoted(text: &str, out: &mut String) {
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.extend(["\"", text, "\""]);
    } else {
        let _ = write!(out, "{}", Value::String(text.to_owned()));
    }
}

/// Shortest round-trip digits in ECMAScript's layout (ECMA-262, Number::toString).
fn ecmascript(value: f64, out: &mut String) {
    if value == 0.0 {
        out.push('0');
        return;
    }
    // Rust prints the same shortest digits. Without an exponent the layout is the same; with an
    // exponent Rust prints no plus sign.
    if (1e-6..1e21).contains(&value.abs()) {
        let _ = write!(out, "{value}");
        return;
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => {
            out.extend([digits, "e+", exponent])
        }
        _ => out.push_str(&text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_print_as_in_rfc_8785_appendix_b() {
        for (bits, text) in [
            (0x0000_0000_0000_0001_u64, "5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        ] {
            let mut out = String::new();
            ecmascript(f64::from_bits(bits), &mut out);
            assert_eq!(out, text);
        }
    }

    #[test]
    fn keys_are_sorted_and_the_hash_is_of_the_text() {
        let definition = Definition::new(|| json!({"b": 1.0, "a": [true, null, "é\n"], "€": 0.5}));
        assert_eq!(
            definition.json(),
            "{\"a\":[true,null,\"é\\n\"],\"b\":1,\"€\":0.5}"
        );
        assert_eq!(definition.hash().len(), 16);
        // printf '{}' | sha256sum
        assert_eq!(Definition::new(|| json!({})).hash(), "44136fa355b3678a");
    }

    #[test]
    fn canonical_json_is_that_of_rfc_8785() {
        let written = |value: Value| {
            let mut out = String::new();
            canonical(&value, &mut out);
            out
        };
        for (value, text) in [
            (json!([]), "[]"),
            (json!([[1, 2], {}, "x"]), r#"[[1,2],{},"x"]"#),
            (
                json!({"b": {"d": 1, "c": -2}, "a": false}),
                r#"{"a":false,"b":{"c":-2,"d":1}}"#,
            ),
            (json!(0.0), "0"),
            (json!(-0.0), "0"),
            (json!(1.5), "1.5"),
            (json!(u64::MAX), "18446744073709551615"),
            (
                json!("a\"b\\c\u{1}\u{7f} ö"),
                "\"a\\\"b\\\\c\\u0001\u{7f} ö\"",
            ),
            // Section 3.2.3: keys are sorted as UTF-16, in which the emoji comes before U+FB33.
            (
                json!({"\u{fb33}": 1, "\u{1f600}": 2, "ö": 3, "1": 4, "\r": 5}),
                "{\"\\r\":5,\"1\":4,\"ö\":3,\"\u{1f600}\":2,\"\u{fb33}\":1}",
            ),
        ] {
            assert_eq!(written(value), text);
        }
    }

    #[test]
    fn definitions_of_one_text_are_equal() {
        let of = |n: i32| Definition::new(move || json!({ "n": n }));
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        assert_ne!(of(1).hash(), of(2).hash());
        assert_eq!(of(1).hash(), of(1).hash());
    }
}
