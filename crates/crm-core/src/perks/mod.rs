//! Perks (特典, 会員ランク, ポイント): what customers have earned, and what it costs the shop.

mod earning;
pub mod entitlement_rules;
pub mod entitlements;
mod fields;
mod histories;
mod sentences;
pub mod tier_forecast;
pub mod tier_rules;
pub mod tiers;

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<tiers::Tiers>(),
    Entry::of::<tier_forecast::TierForecast>(),
    Entry::of::<entitlements::Entitlements>(),
];
