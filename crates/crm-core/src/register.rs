//! The register of analyses; it runs requests by name.
//!
//! A request is a name and one flat JSON object. Keys of [`Scope`] form the scope, other keys are
//! the analysis's options, and an unknown key is refused with the valid names of both. C, Python,
//! the reference and the conformance tests all use this module, so a new analysis needs one file
//! and one line in the list of its family.

use crate::analysis::{Dataset, Entry};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::request::{as_object, parse, read_object, unknown};
use crate::scope::Scope;
use crate::table::Table;
use serde_json::{Map, Value, json};

/// The lists of the families, in the order users see them.
static FAMILIES: &[&[Entry]] = &[
    crate::summary::ANALYSES,
    crate::segmentation::ANALYSES,
    crate::retention::ANALYSES,
    crate::clv::ANALYSES,
    crate::behavior::ANALYSES,
    crate::experiments::ANALYSES,
    crate::people::ANALYSES,
    crate::season::ANALYSES,
    crate::cycle::ANALYSES,
    crate::survival::ANALYSES,
    crate::backtest::ANALYSES,
    crate::shop_model::ANALYSES,
    crate::customer_card::ANALYSES,
    crate::forecast::ANALYSES,
];

/// Every analysis, in the order users see them.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    FAMILIES.iter().copied().flatten()
}

/// The entry of a name.
///
/// # Errors
///
/// [`Error::UnknownAnalysis`] with the valid names.
pub fn find(name: &str) -> Result<&'static Entry> {
    all()
        .find(|entry| entry.name == name)
        .ok_or_else(|| Error::UnknownAnalysis {
            name: name.to_owned(),
            valid: all().map(|e| e.name.to_owned()).collect(),
        })
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
    let entry = find(name)?;
    let (scope, options) = split(entry, parse(request)?)?;
    entry.run_of(data)(data, &scope, &options, context)
}

/// The catalogue entry of an analysis as JSON: summary, scope and options with their JSON schema
/// and defaults, output columns with types and units.
///
/// # Errors
///
/// [`Error::UnknownAnalysis`].
pub fn describe(name: &str) -> Result<Value> {
    let entry = find(name)?;
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

/// The schema of the scope's keys that an analysis accepts, without keys that are its own options.
fn scope_schema(entry: &Entry) -> Value {
    let mut schema = schemars::schema_for!(Scope).to_value();
    let defaults = (entry.defaults)();
    if let Some(keys) = schema["properties"].as_object_mut() {
        keys.retain(|key, _| entry.scope.contains(&key.as_str()) && defaults.get(key).is_none());
    }
    schema
}

/// Splits a flat request into scope and options. A null option counts as not given.
fn split(entry: &Entry, request: Map<String, Value>) -> Result<(Scope, Map<String, Value>)> {
    let defaults = as_object(&(entry.defaults)());
    let (mut scope, mut options) = (Map::new(), Map::new());
    for (key, value) in request {
        let of_scope = entry.scope.contains(&key.as_str());
        let part = match (defaults.contains_key(&key), of_scope) {
            (true, _) => &mut options,
            (_, true) => &mut scope,
            _ => return Err(unknown(key, defaults.keys(), entry.scope)),
        };
        if !value.is_null() {
            part.insert(key, value);
        }
    }
    Ok((read_object(&scope)?, options))
}
