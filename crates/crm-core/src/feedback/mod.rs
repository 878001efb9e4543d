//! Feedback (顧客の声): what customers answered and complained of, what they did then, and how sure the numbers are.

pub mod complaint_cost;
mod complaint_log;
pub mod complaints;
mod fields;
mod matched;
pub mod reviews;
mod rows;
pub mod satisfaction_churn;
pub mod survey;

pub use rows::Rows;

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<survey::Survey>(),
    Entry::of::<reviews::Reviews>(),
    Entry::of::<satisfaction_churn::SatisfactionChurn>(),
    Entry::of::<complaints::Complaints>(),
    Entry::of::<complaint_cost::ComplaintCost>(),
];
