//! Decisions (配信判定): which messages are due, and which of them are sent today, by which channel, and why not the others.

pub mod candidates;
mod channels;
pub mod decide;
mod fields;
mod input;
mod plan;
mod rules;
pub mod simulate_rules;
pub mod why;

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<candidates::Candidates>(),
    Entry::of::<decide::Decide>(),
    Entry::of::<why::Why>(),
    Entry::of::<simulate_rules::SimulateRules>(),
];
