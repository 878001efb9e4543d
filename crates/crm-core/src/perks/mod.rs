//! Perks (特典, 会員ランク, ポイント): what customers have earned, and what it costs the shop.

pub mod coupon_effect;
mod earning;
pub mod entitlement_rules;
pub mod entitlements;
mod fields;
mod histories;
mod lots;
pub mod movements;
mod named;
pub mod point_movements;
pub mod points;
pub mod referrals;
mod sentences;
pub mod tier_forecast;
pub mod tier_rules;
pub mod tiers;

use crate::analysis::Entry;
use crate::data::Orders;
use crate::table::Table;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<entitlements::Entitlements>(),
    Entry::of::<tiers::Tiers>(),
    Entry::of::<tier_forecast::TierForecast>(),
    Entry::of::<points::Points<Orders>>().or::<points::Points<Table>>(),
    Entry::of::<point_movements::PointMovements<Orders>>()
        .or::<point_movements::PointMovements<Table>>(),
    Entry::of::<coupon_effect::CouponEffect>(),
    Entry::of::<referrals::Referrals>(),
];
