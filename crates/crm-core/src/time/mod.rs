//! Time: civil days, instants in UTC microseconds, and the shop's zone between them.

mod day;
mod day_table;
mod iso;
mod moment;
mod zone;

pub use day::{Day, Duration, Period, month_ends};
pub(crate) use day::{MAX_MICROS, MICROS_PER_DAY, MIN_MICROS};
pub(crate) use day_table::DayTable;
pub(crate) use iso::iso;
pub use moment::Moment;
pub use zone::{Offsets, Zone};
