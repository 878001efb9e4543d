//! The lists of the families whose columns conditions of segments may name, and how a request is split into scope and
//! options. [`register`](crate::register) adds the analyses that run others by name.

use crate::analysis::Entry;
use crate::error::Result;
use crate::request::{as_object, read_object, unknown};
use crate::scope::Scope;
use serde_json::{Map, Value};

/// The lists of the families, in the order users see them.
static FAMILIES: &[&[Entry]] = &[
    crate::summary::ANALYSES,
    crate::segmentation::ANALYSES,
    crate::retention::ANALYSES,
    crate::clv::ANALYSES,
    crate::behavior::ANALYSES,
    crate::experiments::ANALYSES,
    crate::feedback::ANALYSES,
    crate::goods::ANALYSES,
    crate::people::ANALYSES,
    crate::season::ANALYSES,
    crate::cycle::ANALYSES,
    crate::survival::ANALYSES,
    crate::backtest::ANALYSES,
    crate::shop_model::ANALYSES,
    crate::customer_card::ANALYSES,
    crate::forecast::ANALYSES,
    crate::perks::ANALYSES,
];

/// Every analysis of these families, in the order users see them.
pub(crate) fn all() -> impl Iterator<Item = &'static Entry> {
    FAMILIES.iter().copied().flatten()
}

/// Splits a flat request into scope and options. A null option counts as not given.
pub(crate) fn split(
    entry: &Entry,
    request: Map<String, Value>,
) -> Result<(Scope, Map<String, Value>)> {
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
