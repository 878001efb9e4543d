//! Parameters that several tables share.

use crate::error::{Error, Result};
use crate::time::Duration;

/// Keys of the scope for analyses whose rows are pages, steps or carts. `customers` is not
/// accepted, because no row is a customer; `where` chooses events.
pub(crate) const OF_THE_SITE: &[&str] = &["as_of", "where", "by"];

/// Refuses a duration of zero.
pub(crate) fn longer_than_zero(name: &str, time: Duration) -> Result<()> {
    match time.micros() {
        0 => Err(Error::option(name, 0, "a time longer than zero")),
        _ => Ok(()),
    }
}
