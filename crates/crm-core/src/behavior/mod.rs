//! Behaviour on the site: sessions, exits, funnels, abandoned carts, and paths between pages.

pub mod attribution;
mod breakdown;
pub mod browse_abandonment;
pub mod browse_rates;
pub mod cart;
pub mod cart_abandonment;
pub mod cart_follow_ups;
mod columns;
mod fields;
mod follow_up;
pub mod funnel;
pub mod nodes;
pub mod page_exits;
pub mod page_influence;
mod parameters;
pub mod purchase_intent;
pub mod sequences;
pub mod sessions;
mod steps;
pub mod top_paths;
pub mod transitions;
pub mod visits_after_purchase;

use crate::analysis::Entry;
use crate::data::Events;
use crate::table::Table;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<sessions::Sessions>(),
    Entry::of::<page_exits::PageExits>(),
    Entry::of::<funnel::Funnel>(),
    Entry::of::<sequences::Sequences>(),
    Entry::of::<sequences::SequenceTotals>(),
    Entry::of::<cart_abandonment::CartAbandonment>(),
    Entry::of::<cart_follow_ups::CartFollowUps>(),
    Entry::of::<cart_follow_ups::CartItems>(),
    Entry::of::<browse_rates::BrowseRates>(),
    Entry::of::<browse_abandonment::BrowseAbandonment>(),
    Entry::of::<transitions::Transitions>(),
    Entry::of::<top_paths::TopPaths>(),
    Entry::of::<page_influence::PageInfluence>(),
    Entry::of::<visits_after_purchase::VisitsAfterPurchase>(),
    Entry::of::<purchase_intent::PurchaseIntent>(),
    Entry::of::<attribution::Attribution<Events>>().or::<attribution::Attribution<Table>>(),
    Entry::of::<attribution::tables::Channels<Events>>()
        .or::<attribution::tables::Channels<Table>>(),
    Entry::of::<attribution::tables::TopPaths<Events>>()
        .or::<attribution::tables::TopPaths<Table>>(),
    Entry::of::<attribution::tables::Transitions<Events>>()
        .or::<attribution::tables::Transitions<Table>>(),
];
