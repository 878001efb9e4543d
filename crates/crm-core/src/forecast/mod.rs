//! What the customers of today will bring. It reads several families and stands above them.

pub mod base;
mod markov;
mod model;

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[Entry::of::<base::BaseForecast>()];
