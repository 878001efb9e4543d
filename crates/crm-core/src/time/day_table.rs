//! Civil days of many instants: a table of short steps of time, each with the midnight in it.

use super::{Day, Offsets};
use crate::context::{push, room};
use crate::error::Result;

/// The civil days of the instants of a range, by lookup. A day is at least as late as those of all
/// earlier instants.
pub(crate) struct DayTable {
    /// The day of the first instant.
    pub(crate) first: Day,
    from: i64,
    steps: Vec<Step>,
}

/// A step's days: one until `midnight`, the other from it on.
#[derive(Clone, Copy)]
struct Step {
    midnight: i64,
    before: u16,
    after: u16,
}

/// A step is `1 << SHIFT` microseconds: 19 hours, so that few have two midnights.
const SHIFT: u32 = 36;

impl DayTable {
    /// The number of steps from an instant to a later one.
    pub(crate) fn steps(from: i64, to: i64) -> usize {
        (to.saturating_sub(from) >> SHIFT) as usize + 1
    }

    /// The days from an instant to a later one. `None` where days do not fit: more than 65,535 of
    /// them, a clock that went back over midnight, or two midnights within a step.
    pub(crate) fn new(offsets: &Offsets, from: i64, to: i64) -> Result<Option<DayTable>> {
        let first = offsets.day(from);
        let last = offsets.day(to);
        if to < from || last.0.abs_diff(first.0) >= u32::from(u16::MAX) {
            return Ok(None);
        }
        let mut steps: Vec<Step> = room(DayTable::steps(from, to), "days")?;
        let mut reader = offsets.reader();
        let mut day = 0;
        let mut at = from;
        while at <= to {
            let now = reader.day(at).0 - first.0;
            let Some(now) = u16::try_from(now).ok().filter(|now| *now >= day) else {
                return Ok(None);
            };
            let in_step = ((at - from) >> SHIFT) as usize;
            // Steps without a midnight, up to the one that this day begins in.
            while steps.len() <= in_step {
                let step = Step {
                    midnight: i64::MAX,
                    before: day,
                    after: day,
                };
                push(&mut steps, step, "days")?;
            }
            let step = &mut steps[in_step];
            match now == day {
                true => {}
                false if step.midnight == i64::MAX => {
                    (step.midnight, step.after) = (at, now);
                }
                false => return Ok(None),
            }
            day = now;
            at = reader.until();
        }
        while steps.len() < DayTable::steps(from, to) {
            let step = Step {
                midnight: i64::MAX,
                before: day,
                after: day,
            };
            push(&mut steps, step, "days")?;
        }
        Ok(Some(DayTable { first, from, steps }))
    }

    /// The days from the first day to that of an instant of the range.
    #[inline]
    pub(crate) fn days(&self, instant: i64) -> u16 {
        let step = &self.steps[(instant.wrapping_sub(self.from) >> SHIFT) as usize];
        match instant >= step.midnight {
            true => step.after,
            false => step.before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{MICROS_PER_DAY, Zone};

    /// In every zone, at every change of the clock and every midnight around it.
    #[test]
    fn the_table_has_the_days_of_the_zone() {
        let at = |day: &str| i64::from(day.parse::<Day>().unwrap().0) * MICROS_PER_DAY;
        let (from, to) = (at("2009-01-05") + 1_234_567, at("2012-03-01") + 89);
        let mut refused = Vec::new();
        for zone in [
            "UTC",
            "+09:00",
            "Asia/Tokyo",
            "America/New_York",
            "Pacific/Apia",
            "America/St_Johns",
        ] {
            let offsets = Offsets::new(Zone::parse(zone).unwrap(), from, to);
            let Some(table) = DayTable::new(&offsets, from, to).unwrap() else {
                refused.push(zone);
                continue;
            };
            assert_eq!(table.first, offsets.day(from));
            let mut instant = from;
            while instant <= to {
                for near in [instant - 1, instant, instant + 1] {
                    let near = near.clamp(from, to);
                    let expected = offsets.day(near).0 - table.first.0;
                    assert_eq!(i32::from(table.days(near)), expected, "{zone} {near}");
                }
                // Ten minutes and a little, but no further than the next midnight.
                let mut reader = offsets.reader();
                reader.day(instant);
                instant = (instant + 607_000_001).min(reader.until());
            }
        }
        // Newfoundland's clocks went back over midnight until 2011.
        assert_eq!(refused, ["America/St_Johns"]);
    }

    #[test]
    fn a_range_of_two_hundred_years_is_refused() {
        let years = |n: i64| n * 366 * MICROS_PER_DAY;
        let offsets = Offsets::new(Zone::UTC, 0, years(200));
        assert!(DayTable::new(&offsets, 0, years(200)).unwrap().is_none());
        assert!(DayTable::new(&offsets, 0, years(170)).unwrap().is_some());
        assert!(DayTable::new(&offsets, 5, 4).unwrap().is_none());
        let one = DayTable::new(&offsets, 7, 7).unwrap().unwrap();
        assert_eq!((one.first, one.days(7)), (Day(0), 0));
    }
}
