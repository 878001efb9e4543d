//! Segments (条件による抽出): customers chosen by conditions over orders, the customers table and any analysis.

mod known;
mod leaf;
pub mod segment;
pub mod segment_history;
pub mod segment_sizes;
pub mod segment_sweep;
mod tree;

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<segment::Segment>(),
    Entry::of::<segment_sizes::SegmentSizes>(),
    Entry::of::<segment_sweep::SegmentSweep>(),
    Entry::of::<segment_history::SegmentHistory>(),
];
