//! Segmentation: scores, portfolios and groups of customers.

pub mod abc;
pub mod cpm;
pub mod cpm_segments;
pub mod decile;
mod fields;
pub mod lorenz;
pub mod movement;
mod negative_revenue;
pub mod rfm;
pub mod rfm_cross;
mod rfm_cuts;
mod rfm_grid;
pub mod rfm_segments;

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<rfm::Rfm>(),
    Entry::of::<rfm_segments::RfmSegments>(),
    Entry::of::<rfm_cross::RfmCross>(),
    Entry::of::<cpm::Cpm>(),
    Entry::of::<cpm_segments::CpmSegments>(),
    Entry::of::<decile::Decile>(),
    Entry::of::<abc::Abc>(),
    Entry::of::<lorenz::Lorenz>(),
    Entry::of::<movement::Movement>(),
];
