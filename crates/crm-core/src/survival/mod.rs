//! Survival (生存時間分析): how long gaps and durations last, with open ones censored.
//!
//! | question | analysis |
//! |---|---|
//! | which share of purchase gaps is longer than t days | [`kaplan_meier`] |
//! | which distribution do the gaps have | [`gap_fits`] |
//! | which gaps are there | [`purchase_gaps`] |
//! | which share of any durations is longer than t | [`survival_curve`] |

mod curve;
pub mod gap_fits;
pub mod gaps;
pub mod kaplan_meier;
pub mod purchase_gaps;
pub mod survival_curve;

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<kaplan_meier::KaplanMeier>(),
    Entry::of::<gap_fits::GapFits>(),
    Entry::of::<purchase_gaps::PurchaseGaps>(),
    Entry::of::<survival_curve::SurvivalCurve>(),
];
