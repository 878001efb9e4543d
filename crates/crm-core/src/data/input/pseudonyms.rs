//! Pseudonyms (仮名化): ids of people that are replaced by a keyed hash on the way in, so that a host can keep orders,
//! events and saved states without the ids of its own systems.
//!
//! ```text
//! h         = HMAC-SHA-256(key, id)        RFC 2104; a whole number as decimal text, a text as UTF-8, bytes as they are
//! pseudonym = the first 16 bytes of h as a UUID of version 8 (RFC 9562), which has 122 bits of them, as text
//! ```
//!
//! Under one key an id has one pseudonym, in whatever form and dataset it comes in. Two ids share one with a
//! probability of 2⁻¹²². Whoever has the key can compute the pseudonym of an id and so find a person again; whoever has
//! the pseudonyms alone cannot try ids. Order ids, products and dimensions come in as they are.
//!
//! The key is in no saved state, message, `Debug` text or spec that is written as JSON. In its place these have a check
//! value, a hash under the key of a fixed text, by which orders under another key are refused.

use crate::columns::{Bits, Buf, ColumnData, ColumnValues, Strings};
use crate::context::{Context, collect, filled, room};
use crate::error::{Error, Result};
use crate::ids::{IdRef, Ids, NO_ID};
use crate::sha256::Sha256;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt;
use std::sync::Arc;

/// What a key may be.
const EXPECTED: &str = "a text of at least 16 bytes, kept secret";
/// The text whose hash is the check value.
const CHECKED: &[u8] = b"crm pseudonym key";
/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;

/// The key of pseudonyms of people's ids: a secret text of at least 16 bytes, such as 32 random hex digits.
///
/// ```
/// use crm_core::data::PseudonymKey;
/// let key = PseudonymKey::new("0123456789abcdef")?;
/// assert_eq!(key.pseudonym("hanako")?, "16192ed8-60d5-8eae-8179-c6cd19846566");
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// Keys are equal if they give the same pseudonyms. Written by serde and read again a key can be compared, and makes no
/// pseudonyms any more.
#[derive(Clone)]
pub struct PseudonymKey {
    check: String,
    hmac: Option<Hmac>,
}

impl PseudonymKey {
    /// A key.
    ///
    /// # Errors
    ///
    /// A text of fewer than 16 bytes.
    pub fn new(key: &str) -> Result<Self> {
        if key.len() < 16 {
            return Err(Error::option("pseudonym_key", "", EXPECTED));
        }
        let hmac = Hmac::new(key.as_bytes());
        let check = hmac.of(CHECKED);
        Ok(PseudonymKey {
            check: check[..8]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            hmac: Some(hmac),
        })
    }

    /// The pseudonym of an id: of a whole number its decimal text, or a text, or bytes.
    ///
    /// # Errors
    ///
    /// A key that was read from a saved state or spec, which does not hold the secret.
    pub fn pseudonym(&self, id: impl AsRef<[u8]>) -> Result<String> {
        let text = uuid(self.hmac()?, id.as_ref());
        Ok(text.iter().map(|byte| char::from(*byte)).collect())
    }

    fn hmac(&self) -> Result<&Hmac> {
        self.hmac.as_ref().ok_or_else(|| {
            let expected = "the key itself, which saved data do not hold: read new rows with it, and append them";
            Error::option("pseudonym_key", "", expected)
        })
    }

    /// A dictionary of the pseudonyms of the ids that some codes use, and their new codes.
    pub(crate) fn replace(
        &self,
        ids: &Ids,
        codes: &[u32],
        context: &Context,
    ) -> Result<(Arc<Ids>, Buf<u32>)> {
        let hmac = self.hmac()?;
        let mut used = filled(ids.len(), false, "ids")?;
        for code in codes.iter().filter(|code| **code != NO_ID) {
            used[*code as usize] = true;
        }
        context.afford(ids.len().saturating_mul(36), "pseudonyms")?;
        let mut offsets = room(ids.len() + 1, "pseudonyms")?;
        let mut bytes = room(ids.len().saturating_mul(36), "pseudonyms")?;
        offsets.push(0_i64);
        for (code, used) in used.iter().enumerate() {
            if code % (1 << 14) == 0 {
                context.check()?;
            }
            if *used {
                bytes.extend_from_slice(&match ids.at(code as u32) {
                    IdRef::Int(number) => uuid(hmac, number.to_string().as_bytes()),
                    IdRef::Unsigned(number) => uuid(hmac, number.to_string().as_bytes()),
                    IdRef::Text(text) => uuid(hmac, text.as_bytes()),
                    IdRef::Bytes(bytes) => uuid(hmac, &bytes),
                });
            }
            offsets.push(bytes.len() as i64);
        }
        let column = ColumnData {
            values: ColumnValues::Text(Strings::Large(offsets.into(), bytes.into())),
            valid: Some(Bits::from_bools(used.iter().copied())?),
        };
        let mut pseudonyms = Ids::new(crate::ids::IdKind::Text, context.hash_seed);
        let mut map = Vec::new();
        pseudonyms.encode("pseudonyms", &[&column], &mut map, &context.uncounted())?;
        let codes = codes.iter().map(|code| match *code {
            NO_ID => NO_ID,
            code => map[code as usize],
        });
        Ok((Arc::new(pseudonyms), collect(codes, "pseudonyms")?.into()))
    }
}

/// The pseudonym of an id as text.
fn uuid(hmac: &Hmac, id: &[u8]) -> [u8; 36] {
    let hash = hmac.of(id);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80; // version 8
    bytes[8] = bytes[8] & 0x3f | 0x80; // variant of RFC 9562
    crate::ids::uuid_text(u128::from_be_bytes(bytes))
}

/// HMAC-SHA-256 with a key: the two hashes after the block that the key fills.
#[derive(Clone)]
struct Hmac {
    inner: Sha256,
    outer: Sha256,
}

impl Hmac {
    fn new(key: &[u8]) -> Self {
        let mut block = [0_u8; BLOCK];
        match key.len() {
            0..=BLOCK => block[..key.len()].copy_from_slice(key),
            _ => block[..32].copy_from_slice(&Sha256::digest(key)),
        }
        let begun = |pad: u8| {
            let mut hash = Sha256::default();
            hash.update(block.map(|byte| byte ^ pad));
            hash
        };
        Hmac {
            inner: begun(0x36),
            outer: begun(0x5c),
        }
    }

    fn of(&self, message: &[u8]) -> [u8; 32] {
        let (mut inner, mut outer) = (self.inner.clone(), self.outer.clone());
        inner.update(message);
        outer.update(inner.finish());
        outer.finish()
    }
}

impl PartialEq for PseudonymKey {
    fn eq(&self, other: &Self) -> bool {
        self.check == other.check
    }
}

impl Eq for PseudonymKey {}

impl fmt::Debug for PseudonymKey {
    /// Prints the check value only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PseudonymKey(check {})", self.check)
    }
}

impl Serialize for PseudonymKey {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(1))?;
        map.serialize_entry("check", &self.check)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for PseudonymKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Key;
        impl<'de> Visitor<'de> for Key {
            type Value = PseudonymKey;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_str<E: de::Error>(self, key: &str) -> std::result::Result<PseudonymKey, E> {
                PseudonymKey::new(key).map_err(|_| E::invalid_length(key.len(), &self))
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<PseudonymKey, A::Error> {
                let hex = |text: &str| {
                    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
                };
                match map.next_entry::<String, String>()? {
                    Some((name, check)) if name == "check" && hex(&check) => {
                        let more = map.next_key::<de::IgnoredAny>()?;
                        match more {
                            None => Ok(PseudonymKey { check, hmac: None }),
                            Some(_) => Err(de::Error::invalid_type(de::Unexpected::Map, &self)),
                        }
                    }
                    _ => Err(de::Error::invalid_type(de::Unexpected::Map, &self)),
                }
            }
        }
        from.deserialize_any(Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 4231, test cases 1, 2 and 6 (a key longer than a block).
    #[test]
    fn the_published_examples() {
        let long = "Test Using Larger Than Block-Size Key - Hash Key First";
        for (key, data, hash) in [
            (
                vec![0x0b; 20],
                "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe".to_vec(),
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 131],
                long,
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hex(&Hmac::new(&key).of(data.as_bytes())), hash);
        }
    }

    /// `hmac` and `uuid` of Python's library.
    #[test]
    fn pseudonyms_of_another_program() {
        let key = PseudonymKey::new("0123456789abcdef").unwrap();
        for (id, pseudonym) in [
            ("hanako", "16192ed8-60d5-8eae-8179-c6cd19846566"),
            ("-7", "dc36c4ce-2078-88e5-9be2-72dce3ac5105"),
            ("花子", "56302a6a-c327-800f-9183-4ae338a9f5ab"),
        ] {
            assert_eq!(key.pseudonym(id).unwrap(), pseudonym);
        }
        let other = PseudonymKey::new("0123456789abcdeF").unwrap();
        assert_ne!(key.pseudonym("7"), other.pseudonym("7"));
        assert_ne!(key, other);
    }

    #[test]
    fn a_key_shows_nothing_of_itself() {
        let key = PseudonymKey::new("sesame, a secret key").unwrap();
        let written = serde_json::to_string(&key).unwrap();
        for shown in [format!("{key:?}"), written.clone()] {
            assert!(!shown.contains("sesame"), "{shown}");
        }
        let read: PseudonymKey = serde_json::from_str(&written).unwrap();
        assert_eq!(read, key);
        let error = read.pseudonym("1").unwrap_err();
        assert_eq!(error.option_name(), Some("pseudonym_key"));
        for wrong in [
            r#""short""#,
            "5",
            "{}",
            r#"{"check": "x"}"#,
            r#"{"check": "0123456789abcdef", "more": 1}"#,
        ] {
            let error = serde_json::from_str::<PseudonymKey>(wrong).unwrap_err();
            assert!(error.to_string().contains(EXPECTED), "{wrong}: {error}");
        }
    }
}
