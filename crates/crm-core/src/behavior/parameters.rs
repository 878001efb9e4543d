//! Parameters that several tables share.

/// Keys of the scope for analyses whose rows are pages, steps or carts. `customers` is not
/// accepted, because no row is a customer; `where` chooses events.
pub(crate) const OF_THE_SITE: &[&str] = &["as_of", "where", "by"];
