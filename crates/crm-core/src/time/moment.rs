//! The `as_of` of events: the end of a civil day, or an instant.

use super::Day;
use super::{MAX_MICROS, MICROS_PER_DAY, Offsets};
use serde::{Deserialize, Serialize};
#[cfg(feature = "schemars")]
use std::borrow::Cow;
use std::fmt;

/// A date (its last microsecond in the shop's zone is meant) or an ISO 8601 time, with an offset or
/// as wall clock in the shop's zone. Events at this instant count.
///
/// ```
/// use crm_core::Moment;
/// let moment: Moment = serde_json::from_str(r#""2026-11-21T10:00:00+09:00""#).unwrap();
/// assert_eq!(moment.to_string(), "2026-11-21T01:00:00Z");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Moment {
    /// The end of this civil day.
    Day(Day),
    /// An instant, UTC microseconds.
    Instant(i64),
    /// Wall clock in the shop's zone, microseconds since 1970-01-01T00:00 on the wall.
    Wall(i64),
}

impl Moment {
    /// The last instant (UTC microseconds) that counts.
    pub fn instant(self, offsets: &Offsets) -> i64 {
        match self {
            Moment::Day(day) => match offsets.start_of(Day(day.0.saturating_add(1))) {
                i64::MAX => MAX_MICROS,
                next => next - 1,
            },
            Moment::Instant(at) => at,
            Moment::Wall(wall) => offsets.instant(wall),
        }
    }
}

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Ok(day) = text.parse::<Day>() {
            return Ok(Moment::Day(day));
        }
        match super::iso(text.as_bytes()) {
            Some((at, false)) => Ok(Moment::Instant(at)),
            Some((wall, true)) => Ok(Moment::Wall(wall)),
            None => Err("not a date or a time such as \"2026-11-21T10:00:00+09:00\"".to_owned()),
        }
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> String {
        moment.to_string()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (micros, zone) = match self {
            Moment::Day(day) => return day.fmt(f),
            Moment::Instant(at) => (*at, "Z"),
            Moment::Wall(wall) => (*wall, ""),
        };
        let day = Day(micros.div_euclid(MICROS_PER_DAY) as i32);
        let (seconds, rest) = {
            let of_day = micros.rem_euclid(MICROS_PER_DAY);
            (of_day / 1_000_000, of_day % 1_000_000)
        };
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{day}T{hour:02}:{minute:02}:{second:02}")?;
        if rest != 0 {
            write!(f, ".{rest:06}")?;
        }
        f.write_str(zone)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "a date, or an ISO 8601 time with an offset or in the shop's zone"
        })
    }
}
