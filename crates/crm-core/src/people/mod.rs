//! People (名寄せ): which records are one person, and texts of people in one form.

mod blocks;
mod clusters;
mod compare;
mod decide;
mod equal;
mod fields;
mod identify;
mod identity;
mod input;
pub mod normalize;
mod normalize_texts;
mod options;
mod previous;
mod records;
mod roman;
mod shared;
mod similar;
mod weights;
mod words;

pub use identify::{Identify, IdentityChanges, IdentityLinks, IdentityReview, SharedIdentifiers};
pub use normalize_texts::{Form, Normalize, Options as NormalizeOptions};
pub use options::{Options, Policy};

use crate::analysis::Entry;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<Identify>(),
    Entry::of::<IdentityLinks>(),
    Entry::of::<IdentityReview>(),
    Entry::of::<IdentityChanges>(),
    Entry::of::<SharedIdentifiers>(),
    Entry::of::<Normalize>(),
];
