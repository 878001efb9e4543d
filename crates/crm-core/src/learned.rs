//! What a shop has taught, as a document: made once by `learn`, applied to anyone later.
//!
//! A flat JSON object of a few kilobytes with the version of its form, the facts under which it was
//! learnt (`as_of`, `currency`, `basis`, `customers`) and one part per family that has something to
//! remember:
//!
//! | part          | of                                                             |
//! |---------------|----------------------------------------------------------------|
//! | `gap_model`   | [`cycle`](crate::cycle::gap_model::Params): purchase gaps and dropout |
//! | `seasonality` | [`cycle`](crate::cycle::seasonality): factors the gaps were measured with |
//! | `rfm`         | [`rfm`](crate::segmentation::rfm): cuts between the scores      |
//! | `cpm`         | [`cpm`](crate::segmentation::cpm): the money threshold          |
//! | `clv`, `spend` | [`clv`](crate::clv): models of purchases and of their value    |
//!
//! Each analysis reads the part it knows and leaves the others alone, so a document with fewer parts
//! is one too. A part that the shop had too little data for is null.

use crate::analysis::wanted;
use crate::{Currency, Error, Result, Scope};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The document.
///
/// ```
/// use crm_core::Learned;
/// let later: Learned = serde_json::from_str(r#"{"version": 2, "gap_model": null}"#).unwrap();
/// let error = later.part::<f64>("gap_model").unwrap_err();
/// assert!(error.to_string().contains("version 1 or older"));
/// ```
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[schemars(transparent)]
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
    /// The version of the document's form.
    pub const VERSION: u64 = 1;

    /// A document without parts, of these facts.
    pub fn new(currency: Currency, scope: &Scope) -> Self {
        let mut all = Map::new();
        all.insert("version".into(), json!(Self::VERSION));
        all.insert("as_of".into(), json!(scope.as_of));
        all.insert("currency".into(), json!(currency.code()));
        all.insert("basis".into(), json!(scope.basis));
        Learned(Arc::new(all))
    }

    /// The document with a part more; null is one that could not be learnt.
    #[must_use]
    pub fn with(mut self, name: &str, part: impl Serialize) -> Self {
        let part = serde_json::to_value(part).unwrap_or_default();
        Arc::make_mut(&mut self.0).insert(name.to_owned(), part);
        self
    }

    /// A part; `None` where the document has none.
    ///
    /// # Errors
    ///
    /// A document of a later version, a part that is none of its kind.
    pub fn part<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let known = self.0.get("version").and_then(Value::as_u64);
        if known.is_none_or(|version| version > Self::VERSION) {
            return Err(Error::option(
                "learned",
                "",
                format!(
                    "what `learn` has given, of version {} or older",
                    Self::VERSION
                ),
            ));
        }
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(part) => T::deserialize(part).map(Some).map_err(|problem| {
                Error::option(format!("learned.{name}"), "", wanted(&problem.to_string()))
            }),
        }
    }

    /// Refuses a document that was learnt of other money than these orders'.
    ///
    /// # Errors
    ///
    /// Another currency or basis.
    pub fn check_money(&self, currency: Currency, scope: &Scope) -> Result<()> {
        let differs = |name: &str, own: Value| {
            let theirs = self.0.get(name).filter(|theirs| !theirs.is_null())?;
            (*theirs != own).then(|| {
                Error::option(
                    format!("learned.{name}"),
                    theirs,
                    format!("{own}, as in this request"),
                )
            })
        };
        let problem = differs("currency", json!(currency.code()))
            .or_else(|| differs("basis", json!(scope.basis)));
        problem.map_or(Ok(()), Err)
    }
}
