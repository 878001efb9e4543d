//! Elapsed time: days since the origin, or calendar weeks or months after its own; and how long each
//! customer was watched on that scale.

use super::{CalendarStep, Options, Step};
use crate::context::{collect, room};
use crate::retention::grouping::Grouping;
use crate::retention::history::Histories;
use crate::retention::whole_days;
use crate::{Day, Error, Result};
use chrono::Datelike;

/// What elapsed time is.
pub(super) struct Clock {
    as_of: i32,
    /// Days, weeks or months of a step.
    pub(super) step: i32,
    /// Steps after the first cell.
    pub(super) steps: usize,
    /// The first cell that each age is in.
    cells: Vec<u16>,
    calendar: Option<Calendar>,
}

/// Weeks or months by day, and the last one that has ended.
struct Calendar {
    unit: CalendarStep,
    first_day: i32,
    by_day: Vec<i32>,
    ended: i32,
}

impl Clock {
    pub(super) fn new(
        options: &Options,
        histories: &Histories,
        grouping: &Grouping,
    ) -> Result<Clock> {
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
            calendar: None,
        };
        if let Step::Calendar(unit) = options.step {
            let period = unit.period();
            let mut by_day = room((as_of - first_day) as usize + 1, "cohorts")?;
            let mut first = Day(first_day);
            while first.0 <= as_of {
                let next = first.plus(1, period);
                // The calendar ends in 9999, and with it the last period's successor.
                let next = if next <= first { Day(as_of + 1) } else { next };
                let number = number(first, unit);
                by_day.extend((first.0..next.0.min(as_of + 1)).map(|_| number));
                first = next;
            }
            let tomorrow = Day(as_of + 1);
            let is_over = tomorrow == tomorrow.start_of(period);
            clock.calendar = Some(Calendar {
                unit,
                first_day,
                by_day,
                ended: number(Day(as_of), unit) - i32::from(!is_over),
            });
        }
        // Nobody was watched for longer than the first of all.
        let longest = clock.watched(first_day).max(0) / step;
        clock.steps = clock.steps.min(longest as usize);
        let ages = 0..clock.steps * step as usize + 1;
        let cells = ages.map(|age| age.div_ceil(step as usize) as u16);
        clock.cells = collect(cells, "cohorts")?;
        Ok(clock)
    }

    /// The elapsed time from an origin to a day, both up to `as_of`.
    #[inline]
    pub(super) fn age(&self, origin: i32, day: i32) -> i32 {
        match &self.calendar {
            None => day - origin,
            Some(calendar) => {
                let at = |day: i32| calendar.by_day[(day - calendar.first_day) as usize];
                at(day) - at(origin)
            }
        }
    }

    /// How long whoever began on a day was watched; negative is not yet.
    pub(super) fn watched(&self, origin: i32) -> i32 {
        match &self.calendar {
            None => self.as_of - origin,
            Some(calendar) => calendar.ended - number(Day(origin), calendar.unit),
        }
    }

    /// Ages up to the last cell.
    pub(super) fn ages(&self) -> usize {
        self.cells.len()
    }

    /// The first cell that an age is in; past the last one, none of these.
    #[inline]
    pub(super) fn cell(&self, age: i32) -> usize {
        self.cells
            .get(age as usize)
            .map_or(usize::MAX, |cell| usize::from(*cell))
    }
}

/// The number of a day's week or month: it grows by one from each to the next.
fn number(day: Day, unit: CalendarStep) -> i32 {
    match unit {
        // Day 0, 1 January 1970, was a Thursday.
        CalendarStep::Week => (day.0 + 3).div_euclid(7),
        CalendarStep::Month => {
            let date = day.date();
            date.year() * 12 + date.month0() as i32
        }
    }
}
