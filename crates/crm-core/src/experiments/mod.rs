//! Did it work? Experiments (A/Bテスト): who gets which variant, how many people are needed, and which variant is better.
//! Campaigns (効果測定): what people did with messages, and what the messages brought.

mod arms;
pub mod assign;
pub mod before_after;
pub mod best_time;
mod breakdown;
pub mod campaign_effect;
pub mod campaign_rates;
pub mod experiment;
pub mod experiment_plan;
mod fields;
pub mod from_events;
mod messages;
mod options;
pub mod posterior;
pub mod sequential;
mod table;

pub use options::{
    Adjust, DifferenceInterval, Method, Options, RateInterval, RatioInterval, Sequence, Test,
};

use crate::analysis::Entry;
use crate::data::{Events, Orders};

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<experiment::Experiment>().or::<from_events::ExperimentOfEvents>(),
    Entry::of::<experiment_plan::ExperimentPlan>(),
    Entry::of::<assign::Assign>(),
    Entry::of::<campaign_rates::CampaignRates>(),
    Entry::of::<campaign_effect::CampaignEffect>(),
    Entry::of::<best_time::BestTime>(),
    Entry::of::<before_after::BeforeAfter<Orders>>().or::<before_after::BeforeAfter<Events>>(),
];
