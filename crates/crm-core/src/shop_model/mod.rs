//! The shop model: fitted once, applied to one customer at a time.
//!
//! It uses all families: [`learn`] collects their fitted parameters in one document;
//! [`customer_card`](crate::customer_card) applies the document to single customers.

pub mod learn;

use crate::analysis::Entry;

/// The analyses of the module, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[Entry::of::<learn::Learn>()];
