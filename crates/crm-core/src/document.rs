//! The shop model: a document of fitted parameters, made once by `learn` and applied to any customer later.
//!
//! A flat JSON object of a few kilobytes with the version of its form, the facts of its data
//! (`as_of`, `currency`, `basis`, `customers`) and one part per family that stores parameters:
//!
//! | part          | of                                                             |
//! |---------------|----------------------------------------------------------------|
//! | `gap_model`   | [`cycle`](crate::cycle::gap_model::Params): purchase gaps and dropout |
//! | `seasonality` | [`season`](crate::season): factors the gaps were measured with |
//! | `rfm`         | [`rfm`](crate::segmentation::rfm): cuts between the scores      |
//! | `cpm`         | [`cpm`](crate::segmentation::cpm): the money threshold          |
//! | `clv`, `spend` | [`clv`](crate::clv): models of purchases and of their value    |
//!
//! Each analysis reads its parts and ignores the others, so a document may lack them. Required
//! parts are `gap_model` for `cycle`, `alerts`, `likely_buyers` and `customer`, and `rfm` for
//! `rfm`. A part for which the shop had too little data is null.

use crate::error::{Error, Result};
use crate::money::Currency;
use crate::request::wanted;
use crate::scope::Basis;
use crate::time::Day;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What `learn` has found out about a whole shop: its gap model, its cuts between scores, its threshold of CPM
/// and its models of purchases and spend. Keep it as JSON (serde) and hand it to analyses of single customers.
///
/// ```
/// use crm_core::Learned;
/// let later: Learned = serde_json::from_str(r#"{"version": 3, "gap_model": null}"#).unwrap();
/// let error = later.needed::<f64>("gap_model").unwrap_err();
/// assert!(error.to_string().contains("version 2 or older"));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schemars", schemars(transparent))]
pub struct Learned(Arc<Map<String, Value>>);

impl Serialize for Learned {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        Map::serialize(&self.0, to)
    }
}

impl<'de> Deserialize<'de> for Learned {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        Map::deserialize(from).map(|all| Learned(Arc::new(all)))
    }
}

impl Learned {
    /// The version of the document's form. Since version 2 a gap model may have kinds of customers; documents of
    /// version 1 are read, too.
    pub const VERSION: u64 = 2;

    /// A document with these facts and without parts.
    pub fn new(as_of: Day, currency: Currency, basis: Basis) -> Self {
        let mut all = Map::new();
        all.insert("version".into(), json!(Self::VERSION));
        all.insert("as_of".into(), json!(as_of));
        all.insert("currency".into(), json!(currency));
        all.insert("basis".into(), json!(basis));
        Learned(Arc::new(all))
    }

    /// Adds a part; null means that the shop had too little data for it.
    #[must_use]
    pub fn with(mut self, name: &str, part: impl Serialize) -> Self {
        let part = serde_json::to_value(part).unwrap_or_default();
        Arc::make_mut(&mut self.0).insert(name.to_owned(), part);
        self
    }

    /// Whether there is a part that is not null.
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|part| !part.is_null())
    }

    /// A required part; `None` if the shop had too little data for it.
    ///
    /// # Errors
    ///
    /// Errors of [`part`](Self::part), and a document without an entry of this name.
    pub fn needed<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let part = self.part(name)?;
        match self.0.contains_key(name) {
            true => Ok(part),
            false => Err(Error::option(
                format!("learned.{name}"),
                "",
                "what `learn` has given; this document has no such part",
            )),
        }
    }

    /// A part; `None` if it is null or missing.
    ///
    /// # Errors
    ///
    /// A document that was not made by `learn`, or by a later version; a part of another form.
    pub fn part<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        self.check()?;
        self.fact(name)
    }

    /// Refuses a document that was not made by `learn`.
    fn check(&self) -> Result<()> {
        let version = self.0.get("version").and_then(Value::as_u64);
        if version.is_none_or(|version| !(1..=Self::VERSION).contains(&version)) {
            return Err(Error::option(
                "learned",
                "",
                format!(
                    "what `learn` has given, of version {} or older",
                    Self::VERSION
                ),
            ));
        }
        self.fact::<Day>("as_of")?;
        self.fact::<Currency>("currency")?;
        self.fact::<Basis>("basis")?;
        self.fact::<Option<u64>>("customers")?;
        Ok(())
    }

    /// The value of `name`; a missing entry is read as null.
    fn fact<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        T::deserialize(self.0.get(name).unwrap_or(&Value::Null)).map_err(|problem| {
            Error::option(format!("learned.{name}"), "", wanted(&problem.to_string()))
        })
    }

    /// Refuses a document with a currency or basis other than that of these orders.
    ///
    /// # Errors
    ///
    /// Another currency or basis, a document that was not made by `learn`.
    pub fn check_money(&self, currency: Currency, basis: Basis) -> Result<()> {
        fn same<T: PartialEq + Serialize>(name: &str, theirs: T, own: T) -> Result<()> {
            match theirs == own {
                true => Ok(()),
                false => Err(Error::option(
                    format!("learned.{name}"),
                    json!(theirs),
                    format!("{}, as in this request", json!(own)),
                )),
            }
        }
        self.check()?;
        same("currency", self.fact("currency")?, currency)?;
        same("basis", self.fact("basis")?, basis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(changed: &[(&str, Value)]) -> Learned {
        let day: Day = "2025-06-30".parse().unwrap();
        let mut document = Learned::new(day, Currency::JPY, Basis::Net);
        for (key, value) in changed {
            document = document.with(key, value);
        }
        document
    }

    #[test]
    fn parts_come_back_and_missing_ones_are_named() {
        let document = document(&[("rfm", json!([1, 2])), ("cpm", Value::Null)]);
        assert_eq!(
            (
                document.has("rfm"),
                document.has("cpm"),
                document.has("clv")
            ),
            (true, false, false)
        );
        assert_eq!(document.needed::<Vec<i32>>("rfm"), Ok(Some(vec![1, 2])));
        assert_eq!(document.needed::<Vec<i32>>("cpm"), Ok(None));
        assert_eq!(document.part::<Vec<i32>>("clv"), Ok(None));
        for (result, name) in [
            (document.needed::<Vec<i32>>("clv"), "learned.clv"),
            (document.part::<Vec<i32>>("currency"), "learned.currency"),
        ] {
            assert_eq!(result.unwrap_err().option_name(), Some(name));
        }
        let text = serde_json::to_string(&document).unwrap();
        assert_eq!(serde_json::from_str::<Learned>(&text).unwrap(), document);
    }

    #[test]
    fn a_document_of_another_form_is_refused() {
        for (key, value, named) in [
            ("version", json!(1), None),
            ("version", json!(0), Some("learned")),
            ("version", json!(2), None),
            ("version", json!(3), Some("learned")),
            ("version", json!("1"), Some("learned")),
            ("version", Value::Null, Some("learned")),
            ("as_of", json!("June"), Some("learned.as_of")),
            ("currency", json!("yen"), Some("learned.currency")),
            ("basis", json!("nett"), Some("learned.basis")),
            ("customers", json!(-1), Some("learned.customers")),
            ("customers", json!(12), None),
        ] {
            let part = document(&[(key, value.clone())]).part::<Option<i32>>("x");
            let found = part.as_ref().err().and_then(Error::option_name);
            assert_eq!(found, named, "{key} {value}");
        }
    }

    #[test]
    fn money_is_of_the_same_currency_and_basis() {
        let check = |currency, basis| {
            let result = document(&[]).check_money(currency, basis);
            result.err().map(|error| error.to_string())
        };
        assert_eq!(check(Currency::JPY, Basis::Net), None);
        let other =
            "option `learned.currency`: expected \"USD\", as in this request, found \"JPY\"";
        assert_eq!(check(Currency::USD, Basis::Net).as_deref(), Some(other));
        let other = "option `learned.basis`: expected \"gross\", as in this request, found \"net\"";
        assert_eq!(check(Currency::JPY, Basis::Gross).as_deref(), Some(other));
        let old = document(&[("version", json!(9))]);
        assert!(old.check_money(Currency::JPY, Basis::Net).is_err());
    }
}
