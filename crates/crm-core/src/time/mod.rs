//! Time: civil days, instants in UTC microseconds, and the shop's zone between them.

mod day;
mod moment;
mod zone;

pub use day::{Day, Duration, Period, month_ends};
pub(crate) use day::{MAX_MICROS, MICROS_PER_DAY, MIN_MICROS};
pub use moment::Moment;
pub use zone::{Offsets, Zone};
