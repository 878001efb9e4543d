//! Experiments (A/Bテスト): who gets which variant, how many people are needed, and which variant is better.

mod arms;
pub mod assign;
pub mod experiment;
pub mod experiment_plan;
mod options;
pub mod posterior;
pub mod sequential;
mod table;

pub use options::{
    Adjust, DifferenceInterval, Method, Options, RateInterval, RatioInterval, Sequence, Test,
};

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<experiment::Experiment>(),
    Entry::of::<experiment_plan::ExperimentPlan>(),
    Entry::of::<assign::Assign>(),
];
