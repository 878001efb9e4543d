//! Feedback (アンケート): what customers answered, and how sure the numbers are.

pub mod survey;

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[Entry::of::<survey::Survey>()];
