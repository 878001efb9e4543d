//! What the customers of today will bring, and the shop with the new ones. It reads several families and
//! stands above them.

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
