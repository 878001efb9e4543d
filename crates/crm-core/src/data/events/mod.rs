//! Events of a site or an app: sorted by visitor and instant, joined to customers.

pub(crate) mod builder;
pub(crate) mod dataset;
pub(crate) mod event_data;
pub(crate) mod forget;
pub(crate) mod instants;
pub(crate) mod kinds;
mod order_keys;
pub(crate) mod parts;
pub(crate) mod simulate;
pub(crate) mod sort;
pub(crate) mod spec;
pub(crate) mod state;
pub(crate) mod view;
pub(crate) mod with_orders;
