//! Elapsed time since the origin in days, clock hours, or calendar weeks, months, quarters or
//! years; and how long each customer was observed on that scale.

use super::{CalendarStep, Options, Step};
use crate::context::{collect, room};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::retention::grouping::Grouping;
use crate::retention::history::{Histories, Origin};
use crate::retention::parameters::whole_days;
use crate::time::{Day, MICROS_PER_DAY, Offsets, Period, Zone};

const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// A scale of elapsed time.
pub(super) struct Clock<'a> {
    as_of: i32,
    /// The step in days; 1 for other units.
    pub(super) step: i32,
    /// The number of steps after the first cell.
    pub(super) steps: usize,
    /// For each age, the first cell that contains it.
    cells: Vec<u16>,
    scale: Scale<'a>,
}

/// The unit of elapsed time.
enum Scale<'a> {
    Days,
    Hours(Hours<'a>),
    Calendar(Calendar),
}

/// The instants of orders, and the end of the last day.
struct Hours<'a> {
    time: &'a [i64],
    offsets: &'a Offsets,
    end: i64,
}

impl Hours<'_> {
    /// Clock hours from an instant to a later one, both with the UTC offset of the first.
    fn between(from: i64, offset: i64, to: i64) -> i32 {
        let hour = |at: i64| (at + offset).div_euclid(MICROS_PER_HOUR);
        i32::try_from(hour(to) - hour(from)).unwrap_or(i32::MAX)
    }

    /// The number of clock hours that have ended after the hour of an instant; −1 where that hour
    /// has not ended.
    fn watched(&self, from: i64, offset: i64) -> i32 {
        Hours::between(from, offset, self.end) - 1
    }

    fn offset(&self, at: i64) -> i64 {
        self.offsets.wall(at) - at
    }
}

/// The offsets around a day, which may be long after the last order.
fn around(zone: Zone, day: i32) -> Offsets {
    let wall = i64::from(day) * MICROS_PER_DAY;
    Offsets::new(zone, wall, wall)
}

/// Whether any order has a time of day other than midnight.
pub(super) fn has_hours(orders: &Orders) -> bool {
    let data = &orders.data;
    let mut time = data.time.iter();
    data.time.is_empty() || time.any(|at| data.offsets.wall(*at) % MICROS_PER_DAY != 0)
}

/// The period of each day, and the last period that has ended.
struct Calendar {
    period: Period,
    first_day: i32,
    by_day: Vec<i32>,
    ended: i32,
}

impl<'a> Clock<'a> {
    pub(super) fn new(
        options: &Options,
        histories: &'a Histories,
        grouping: &Grouping,
    ) -> Result<Clock<'a>> {
        let as_of = histories.as_of();
        let (step, most) = match options.step {
            Step::Calendar(unit) => (1, unit.most()),
            Step::Days(days) => (whole_days("step", days)?, 36_600),
        };
        let up_to = options.longest();
        if step < 1 {
            return Err(Error::option("step", step, "at least 1 day"));
        }
        if up_to > most {
            return Err(Error::option("up_to", up_to, format!("at most {most}")));
        }
        let first_day = grouping.origins.iter().map(|o| o.day).min();
        let first_day = first_day.unwrap_or(as_of).min(as_of);
        let mut clock = Clock {
            as_of,
            step,
            steps: (up_to / step as u32) as usize,
            cells: Vec::new(),
            scale: Scale::Days,
        };
        let period = match options.step {
            Step::Days(_) | Step::Calendar(CalendarStep::Hour) => None,
            Step::Calendar(CalendarStep::Week) => Some(Period::Week),
            Step::Calendar(CalendarStep::Month) => Some(Period::Month),
            Step::Calendar(CalendarStep::Quarter) => Some(Period::Quarter),
            Step::Calendar(CalendarStep::Year) => Some(Period::Year),
        };
        if options.step == Step::Calendar(CalendarStep::Hour) {
            let data = histories.selection.data();
            clock.scale = Scale::Hours(Hours {
                time: &data.time,
                offsets: &data.offsets,
                end: around(data.offsets.zone(), as_of + 1).start_of(Day(as_of + 1)),
            });
        }
        if let Some(period) = period {
            let mut by_day = room((as_of - first_day) as usize + 1, "cohorts")?;
            let mut first = Day(first_day);
            while first.0 <= as_of {
                let next = first.plus(1, period);
                // The calendar ends in 9999, so the last period has no successor.
                let next = if next <= first { Day(as_of + 1) } else { next };
                let number = first.number(period);
                by_day.extend((first.0..next.0.min(as_of + 1)).map(|_| number));
                first = next;
            }
            let tomorrow = Day(as_of + 1);
            let is_over = tomorrow == tomorrow.start_of(period);
            clock.scale = Scale::Calendar(Calendar {
                period,
                first_day,
                by_day,
                ended: Day(as_of).number(period) - i32::from(!is_over),
            });
        }
        // The first customer was observed longest.
        let longest = match &clock.scale {
            Scale::Hours(_) => (as_of - first_day + 1).saturating_mul(25), // a day has 25 at most
            _ => clock.watched_from(first_day),
        };
        let longest = longest.max(0) / step;
        clock.steps = clock.steps.min(longest as usize);
        let ages = 0..clock.steps * step as usize + 1;
        let cells = ages.map(|age| age.div_ceil(step as usize) as u16);
        clock.cells = collect(cells, "cohorts")?;
        Ok(clock)
    }

    /// The elapsed time from an origin to an order, given by its day and index, both up to `as_of`.
    #[inline]
    pub(super) fn age(&self, origin: &Origin, day: i32, order: u32) -> i32 {
        match &self.scale {
            Scale::Days => day - origin.day,
            Scale::Calendar(calendar) => {
                let at = |day: i32| calendar.by_day[(day - calendar.first_day) as usize];
                at(day) - at(origin.day)
            }
            Scale::Hours(hours) => {
                let from = hours.time[origin.order as usize];
                // A refund may have an earlier time of day than its order.
                let to = hours.time[order as usize].max(from);
                Hours::between(from, hours.offset(from), to)
            }
        }
    }

    /// How long a customer was observed; negative means not at all.
    #[inline]
    pub(super) fn watched(&self, origin: &Origin) -> i32 {
        match &self.scale {
            Scale::Hours(hours) => {
                let from = hours.time[origin.order as usize];
                hours.watched(from, hours.offset(from))
            }
            _ => self.watched_from(origin.day),
        }
    }

    /// How long all customers with an origin on this day or earlier were observed.
    pub(super) fn watched_from(&self, day: i32) -> i32 {
        match &self.scale {
            Scale::Days => self.as_of - day,
            Scale::Calendar(calendar) => calendar.ended - Day(day).number(calendar.period),
            Scale::Hours(_) if day > self.as_of => -1,
            Scale::Hours(hours) => {
                let next = around(hours.offsets.zone(), day + 1);
                let last = next.start_of(Day(day + 1)) - 1;
                hours.watched(last, next.wall(last) - last)
            }
        }
    }

    /// Ages up to the last cell.
    pub(super) fn ages(&self) -> usize {
        self.cells.len()
    }

    /// The first cell that contains an age; a larger number past the last cell.
    #[inline]
    pub(super) fn cell(&self, age: i32) -> usize {
        self.cells
            .get(age as usize)
            .map_or(usize::MAX, |cell| usize::from(*cell))
    }
}
