//! What a shop teaches, learnt once and applied to one customer at a time.
//!
//! It stands above the families: [`learn`] asks each of them what to remember, [`customer`] asks them
//! what they say of a customer whom they are shown alone.

pub mod customer;
pub mod learn;

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<learn::Learn>(),
    Entry::of::<customer::Customer>(),
];
