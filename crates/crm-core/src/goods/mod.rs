//! Goods (商品): what is bought together.

pub mod baskets;
mod fields;
mod frequent;
pub mod itemsets;
pub mod measures;
pub mod pairs;
pub mod rules;
mod sets;

use crate::analysis::Entry;
use crate::data::Orders;
use crate::table::Table;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<pairs::Pairs<Orders>>().or::<pairs::Pairs<Table>>(),
    Entry::of::<itemsets::Itemsets<Orders>>().or::<itemsets::Itemsets<Table>>(),
    Entry::of::<rules::Rules<Orders>>().or::<rules::Rules<Table>>(),
];
