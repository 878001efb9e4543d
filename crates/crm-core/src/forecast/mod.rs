//! Forecasts of orders and revenue: of today's customers, and of the whole shop with new customers. The module is above the
//! families, because it uses several of them.

pub mod base;
mod estimate;
mod known;
mod markov;
mod model;
mod new_customers;
mod portfolio;
mod shared_error;
pub mod shop;

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<base::BaseForecast>(),
    Entry::of::<shop::ShopForecast>(),
];
