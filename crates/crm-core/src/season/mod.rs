//! Seasons (季節性): factors of demand by month, weekday and named day, estimated or known, and time that
//! runs at their pace.
//!
//! [`Seasonality`] is the document of factors that predictions take, [`Clock`] the time it makes, and
//! [`estimate`] finds the factors in a shop's own orders.

mod counts;
pub mod estimate;
mod factors;
mod local_level;
mod smooth;

pub(crate) use factors::month_of;
pub use factors::{Clock, Seasonality};
pub(crate) use local_level::MonthLevel;
pub(crate) use smooth::ahead;

use crate::analysis::Entry;
use crate::context::Context;
use crate::error::Result;
use crate::summary::Gaps;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// How a prediction treats seasons: as the shop's own orders have them, not at all, or as the caller knows
/// them.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schemars", schemars(untagged))]
pub enum Seasons {
    /// `"auto"`: those that [`estimate`] finds in what is known at the date, where they are more than chance.
    #[default]
    #[cfg_attr(feature = "schemars", schemars(with = "Word"))]
    Auto,
    /// `"none"`, or null: time runs evenly.
    #[cfg_attr(feature = "schemars", schemars(with = "Word"))]
    Even,
    /// These factors.
    Known(Seasonality),
}

/// The words, for the schema.
#[cfg(feature = "schemars")]
#[derive(schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum Word {
    Auto,
    None,
}

impl Serialize for Seasons {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Seasons::Auto => to.serialize_str("auto"),
            Seasons::Even => to.serialize_str("none"),
            Seasons::Known(factors) => factors.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Seasons {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        match Value::deserialize(from)? {
            Value::Null => Ok(Seasons::Even),
            Value::String(word) if word == "auto" => Ok(Seasons::Auto),
            Value::String(word) if word == "none" => Ok(Seasons::Even),
            other => Seasonality::deserialize(other)
                .map(Seasons::Known)
                .map_err(|error| D::Error::custom(format!("`auto`, `none` or {error}"))),
        }
    }
}

impl Seasons {
    /// The factors, if they are known.
    pub(crate) fn known(&self) -> Option<&Seasonality> {
        match self {
            Seasons::Known(factors) if !factors.0.is_empty() => Some(factors),
            _ => None,
        }
    }

    /// The factors for a shop with these gaps of customers, `None` where time runs evenly; and for `Auto`
    /// what was found.
    pub(crate) fn of(
        &self,
        gaps: &Gaps,
        context: &Context,
    ) -> Result<(Option<Seasonality>, Option<Value>)> {
        match self {
            Seasons::Even => Ok((None, None)),
            Seasons::Known(factors) => Ok((Some(factors.clone()), None)),
            Seasons::Auto => {
                let found = estimate::estimate(gaps, &estimate::Options::default(), context)?;
                let note = found.notes();
                let document = Some(found.document).filter(|document| !document.0.is_empty());
                Ok((document, Some(note)))
            }
        }
    }
}

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[Entry::of::<estimate::EstimateSeasonality>()];
