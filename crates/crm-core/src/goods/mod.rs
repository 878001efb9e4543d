//! Goods (商品): who buys what, what is bought together and next, what to recommend, how much will be sold.

pub mod attribute_products;
pub mod attributes;
pub mod backtest_recommend;
pub mod baskets;
pub mod cross;
pub mod demand;
mod fields;
mod frequent;
mod groups;
mod histories;
pub mod itemsets;
pub mod measures;
pub mod next_products;
pub mod pairs;
pub mod recommend;
pub mod recommender;
pub mod rules;
mod sets;
pub mod similar_items;

use crate::analysis::Entry;
use crate::data::Orders;
use crate::table::Table;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<attributes::Attributes>(),
    Entry::of::<cross::Cross>(),
    Entry::of::<attribute_products::AttributeProducts>(),
    Entry::of::<pairs::Pairs<Orders>>().or::<pairs::Pairs<Table>>(),
    Entry::of::<itemsets::Itemsets<Orders>>().or::<itemsets::Itemsets<Table>>(),
    Entry::of::<rules::Rules<Orders>>().or::<rules::Rules<Table>>(),
    Entry::of::<similar_items::SimilarItems<Orders>>().or::<similar_items::SimilarItems<Table>>(),
    Entry::of::<next_products::NextProducts>(),
    Entry::of::<recommend::Recommend>(),
    Entry::of::<backtest_recommend::BacktestRecommend>(),
    Entry::of::<demand::Demand>(),
];
