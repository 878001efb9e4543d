//! The register of analyses; it runs requests by name.
//!
//! A request is a name and one flat JSON object. Keys of [`Scope`] form the scope, other keys are the analysis's
//! options, and an unknown key is refused with the valid names of both. C, Python, the reference and the conformance
//! tests all use this module, so a new analysis needs one file and two lines in the `mod.rs` of its family.
//!
//! The functions of this module know the library's analyses. A [`Register`] also knows analyses of one's
//! own.

use crate::analysis::{Dataset, Described, Entry};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::families;
use crate::request::parse;
use crate::scope::Scope;
use crate::table::Table;
use serde_json::{Value, json};

/// The library's analyses and those that a program adds.
///
/// An analysis of one's own is a type with [`Analysis`](crate::analysis::Analysis); `examples/own_analysis.rs`
/// of this crate is a whole one. Conditions of `segment` name analyses of the library only.
#[derive(Debug, Default)]
pub struct Register {
    own: Vec<Entry>,
}

static LIBRARY: Register = Register { own: Vec::new() };

impl Register {
    /// The library's analyses.
    pub fn new() -> Register {
        Register::default()
    }

    /// With one more.
    ///
    /// # Errors
    ///
    /// [`Error::OptionValue`] if the name is taken.
    pub fn with(mut self, entry: Entry) -> Result<Register> {
        if self.find(entry.name).is_ok() {
            let expected = "a name that no other analysis has";
            return Err(Error::option(
                "name",
                format_args!("{:?}", entry.name),
                expected,
            ));
        }
        self.own.push(entry);
        Ok(self)
    }

    /// Every analysis: the library's in the order users see them, then those that were added.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        let library = all().map(|entry| -> &Entry { entry });
        library.chain(&self.own)
    }

    /// The entry of a name.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownAnalysis`] with the valid names.
    pub fn find(&self, name: &str) -> Result<&Entry> {
        self.entries()
            .find(|entry| entry.name == name)
            .ok_or_else(|| Error::UnknownAnalysis {
                name: name.to_owned(),
                valid: self.entries().map(|e| e.name.to_owned()).collect(),
            })
    }

    /// As [`run`], with the analyses of this register.
    ///
    /// # Errors
    ///
    /// Those of [`run`].
    pub fn run(
        &self,
        name: &str,
        data: &Dataset,
        request: &str,
        context: &Context,
    ) -> Result<Table> {
        let entry = self.find(name)?;
        let (scope, options) = families::split(entry, parse(request)?)?;
        entry.run_of(data)(data, &scope, &options, context)
    }

    /// As [`describe`], with the analyses of this register.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownAnalysis`].
    pub fn describe(&self, name: &str) -> Result<Value> {
        let entry = self.find(name)?;
        let columns = entry.columns.iter().map(|field| {
            json!({
                "name": field.name,
                "type": field.ty.name(),
                "unit": field.unit,
                "ja": field.ja,
                "doc": field.doc,
            })
        });
        Ok(json!({
            "name": entry.name,
            "summary": entry.summary,
            "ja": entry.ja,
            "reads": entry.reads,
            "also_reads": entry.also_reads(),
            "needs_as_of": entry.needs_as_of,
            "columns": columns.collect::<Vec<_>>(),
            "options": (entry.schema)(),
            "scope": scope_schema(entry),
        }))
    }
}

/// Every analysis of the library, in the order users see them.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    let above = crate::segments::ANALYSES.iter();
    families::all()
        .chain(above)
        .chain(crate::decisions::ANALYSES)
}

/// The entry of a name.
///
/// # Errors
///
/// [`Error::UnknownAnalysis`] with the valid names.
pub fn find(name: &str) -> Result<&'static Entry> {
    LIBRARY.find(name)
}

/// Runs a request given as JSON text; an empty text means no options.
///
/// ```
/// use crm_core::{Context, Currency, Dataset, Orders, Zone, register};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("c1", "2026-01-05T10:00:00", 5_000)
///     .order("c1", "2026-03-05T10:00:00", 7_000)
///     .order("c2", "2026-02-01T12:00:00", 2_000)
///     .build()?;
/// let table = register::run(
///     "rfm",
///     &Dataset::Orders(&orders),
///     r#"{"as_of": "2026-03-31", "levels": 3}"#,
///     &Context::default(),
/// )?;
/// assert_eq!(table.len(), 2);
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// An unknown analysis or option, an option out of range, a dataset of another kind, and errors of
/// the analysis.
pub fn run(name: &str, data: &Dataset, request: &str, context: &Context) -> Result<Table> {
    LIBRARY.run(name, data, request, context)
}

/// The catalogue entry of an analysis as JSON: summary, scope and options with their JSON schema
/// and defaults, output columns with types and units. Without the feature `schemars` the schemas
/// have names and defaults only.
///
/// # Errors
///
/// [`Error::UnknownAnalysis`].
pub fn describe(name: &str) -> Result<Value> {
    LIBRARY.describe(name)
}

/// The schema of the scope's keys that an analysis accepts, without keys that are its own options.
fn scope_schema(entry: &Entry) -> Value {
    let mut schema = Scope::schema();
    let defaults = (entry.defaults)();
    if let Some(keys) = schema["properties"].as_object_mut() {
        keys.retain(|key, _| entry.scope.contains(&key.as_str()) && defaults.get(key).is_none());
    }
    schema
}
