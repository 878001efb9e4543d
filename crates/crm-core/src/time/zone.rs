//! The shop's time zone: a fixed offset or an IANA zone.
//!
//! Lookups in the zone database are slow, so they are not made per row: [`Offsets`] has the UTC
//! offsets over the range of the data, looked up once.
//!
//! A naive time is wall clock in the zone. In a gap (clocks go forward) it is shifted forward by
//! the length of the gap; in a fold (clocks go back) it is the earlier of the two instants.

use super::{MAX_MICROS, MICROS_PER_DAY, MIN_MICROS};
use crate::error::{Error, Result};
use crate::time::Day;
use std::fmt;

/// A fixed offset from UTC or, with the feature `chrono-tz`, an IANA zone.
///
/// ```
/// use crm_core::Zone;
/// # #[cfg(feature = "chrono-tz")]
/// assert!(Zone::parse("Asia/Tokyo").is_ok());
/// assert!(Zone::parse("+09:00").is_ok());
/// assert!(Zone::parse("Tokyo").is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Zone(Kind);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Seconds east of UTC.
    Fixed(i32),
    #[cfg(feature = "chrono-tz")]
    Iana(chrono_tz::Tz),
}

/// What [`Zone::parse`] expects.
#[cfg(feature = "chrono-tz")]
const EXPECTED: &str = "an IANA name such as \"Asia/Tokyo\" or an offset such as \"+09:00\"";
#[cfg(not(feature = "chrono-tz"))]
const EXPECTED: &str =
    "UTC or an offset such as \"+09:00\": this build has no zones (feature `chrono-tz`)";

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Zone = Zone(Kind::Fixed(0));

    /// `"UTC"`, `"Z"`, an offset such as `"+09:00"` or `"-0330"`, or an IANA name.
    ///
    /// # Errors
    ///
    /// An option error for other texts.
    pub fn parse(name: &str) -> Result<Self> {
        if name == "UTC" || name == "Z" {
            return Ok(Zone::UTC);
        }
        if let Some(seconds) = offset(name) {
            return Ok(Zone(Kind::Fixed(seconds)));
        }
        #[cfg(feature = "chrono-tz")]
        if let Ok(zone) = name.parse() {
            return Ok(Zone(Kind::Iana(zone)));
        }
        Err(Error::option(
            "timezone",
            format_args!("{name:?}"),
            EXPECTED,
        ))
    }

    /// Microseconds east of UTC, if the offset never changes.
    pub(crate) fn fixed(self) -> Option<i64> {
        match self.0 {
            Kind::Fixed(seconds) => Some(i64::from(seconds) * 1_000_000),
            #[cfg(feature = "chrono-tz")]
            Kind::Iana(_) => None,
        }
    }

    /// Seconds east of UTC at an instant.
    #[cfg_attr(not(feature = "chrono-tz"), allow(unused_variables))]
    fn seconds_at(self, micros: i64) -> i32 {
        match self.0 {
            Kind::Fixed(seconds) => seconds,
            #[cfg(feature = "chrono-tz")]
            Kind::Iana(tz) => {
                use chrono::{DateTime, Offset, TimeZone};
                DateTime::from_timestamp_micros(micros).map_or(0, |at| {
                    tz.offset_from_utc_datetime(&at.naive_utc())
                        .fix()
                        .local_minus_utc()
                })
            }
        }
    }
}

/// `+HH:MM`, `+HHMM` or `+HH`, up to a day.
fn offset(text: &str) -> Option<i32> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest.len() {
        2 => (rest, "0"),
        4 => rest.split_at_checked(2)?,
        5 => rest.split_once(':').filter(|(h, _)| h.len() == 2)?,
        _ => return None,
    };
    if !rest.bytes().all(|b| b.is_ascii_digit() || b == b':') {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

impl std::str::FromStr for Zone {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Zone::parse(name)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Fixed(0) => f.write_str("UTC"),
            Kind::Fixed(seconds) => {
                let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
            #[cfg(feature = "chrono-tz")]
            Kind::Iana(tz) => f.write_str(tz.name()),
        }
    }
}

impl serde::Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Zone {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(from)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

/// The UTC offsets of a zone over a range of instants, sorted, for fast lookup.
#[derive(Clone, Debug)]
pub struct Offsets {
    zone: Zone,
    /// The start of each segment (UTC microseconds) and its offset in microseconds. The first
    /// segment starts before every instant.
    segments: Vec<(i64, i64)>,
}

impl Offsets {
    /// The offsets of `zone` from `first` to `last` (UTC microseconds), with a margin of two days
    /// on both sides for wall-clock times.
    pub fn new(zone: Zone, first: i64, last: i64) -> Self {
        let clamp = |t: i64| t.clamp(MIN_MICROS, MAX_MICROS);
        let (first, last) = (
            clamp(clamp(first) - 2 * MICROS_PER_DAY),
            clamp(clamp(last) + 2 * MICROS_PER_DAY),
        );
        let micros = |seconds: i32| i64::from(seconds) * 1_000_000;
        let mut segments = vec![(i64::MIN, micros(zone.seconds_at(first)))];
        if zone.fixed().is_some() {
            return Offsets { zone, segments };
        }
        // No zone has ever changed twice within half a day, so steps of that length find every
        // change; bisection then finds the second of the change.
        let mut at = first;
        let mut current = zone.seconds_at(at);
        while at < last {
            let next = (at + MICROS_PER_DAY / 2).min(last);
            let seconds = zone.seconds_at(next);
            if seconds != current {
                let (mut low, mut high) = (at, next);
                while high - low > 1 {
                    let middle = low + (high - low) / 2;
                    if zone.seconds_at(middle) == current {
                        low = middle;
                    } else {
                        high = middle;
                    }
                }
                segments.push((high, micros(seconds)));
                current = seconds;
            }
            at = next;
        }
        Offsets { zone, segments }
    }

    /// The zone.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    fn segment(&self, micros: i64) -> usize {
        self.segments.partition_point(|(from, _)| *from <= micros) - 1
    }

    /// The civil day of an instant.
    pub fn day(&self, micros: i64) -> Day {
        let (_, offset) = self.segments[self.segment(micros)];
        Day((micros + offset).div_euclid(MICROS_PER_DAY) as i32)
    }

    /// Wall-clock microseconds of an instant (since 1970-01-01T00:00 on the wall).
    pub fn wall(&self, micros: i64) -> i64 {
        micros + self.segments[self.segment(micros)].1
    }

    /// The instant of a wall-clock time: shifted forward in a gap, the earlier instant in a fold.
    pub fn instant(&self, wall: i64) -> i64 {
        // Wall clock is read in segment i up to the end of the segment by its own clock or by the
        // next segment's, whichever is later. In a gap the next segment has not begun before its
        // first wall clock, and the offset before the gap shifts forward; in a fold the earlier
        // reading is segment i's.
        let mut i = 0;
        while i + 1 < self.segments.len() && wall >= self.end(i) {
            i += 1;
        }
        wall - self.segments[i].1
    }

    /// The first wall clock that is not read in segment `i`, which must not be the last.
    fn end(&self, i: usize) -> i64 {
        let (next, offset) = self.segments[i + 1];
        next + self.segments[i].1.max(offset)
    }

    /// [`Offsets::instant`] for many wall-clock times.
    pub(crate) fn clocks(&self) -> Clocks {
        let last = self.segments.len() - 1;
        let ends: Vec<i64> = (0..last).map(|i| self.end(i)).collect();
        let offsets = self.segments.iter().map(|(_, offset)| *offset).collect();
        // Steps of 19 hours, longer if there would be too many.
        let span = ends
            .last()
            .zip(ends.first())
            .map_or(0, |(last, first)| last - first);
        let shift = (36..).find(|shift| span >> shift < 1 << 14).unwrap_or(62);
        let from = ends.first().map_or(0, |end| end - (1 << shift));
        let segment = |step: i64| {
            let start = from + (step << shift);
            ends.iter().position(|end| start < *end).unwrap_or(last) as u16
        };
        Clocks {
            from,
            shift,
            first: (0..(span >> shift) + 2).map(segment).collect(),
            ends,
            offsets,
        }
    }

    /// The first instant of a civil day: no later instant has an earlier day, except in the minutes
    /// of [`Offsets::repeats`].
    pub fn start_of(&self, day: Day) -> i64 {
        let wall = i64::from(day.0) * MICROS_PER_DAY;
        self.segments
            .iter()
            .enumerate()
            .filter_map(|(i, (from, offset))| {
                let at = (wall - offset).max(*from);
                let until = self.segments.get(i + 1).map_or(i64::MAX, |(next, _)| *next);
                (at < until).then_some(at)
            })
            // Later segments also begin on or after the day. In a fold an earlier day may repeat;
            // then the later beginning counts.
            .find(|at| {
                let rest = self.segments.iter().filter(|(from, _)| from > at);
                rest.into_iter().all(|(from, _)| self.day(*from) >= day)
            })
            .unwrap_or(i64::MAX)
    }

    /// Instants before `start_of(day)` whose civil day is already `day` or later: where clocks go
    /// back over midnight (Newfoundland until 2011) they show a minute of the next day and then
    /// return to the day before.
    pub fn repeats(&self, day: Day) -> Option<(i64, i64)> {
        let start = self.start_of(day);
        let wall = i64::from(day.0) * MICROS_PER_DAY;
        self.segments.windows(2).find_map(|pair| {
            let ((from, offset), (until, _)) = (pair[0], pair[1]);
            let at = (wall - offset).max(from);
            (at < until && until <= start).then_some((at, until))
        })
    }

    /// A reader that caches the last day: sequential data have many instants of the same day.
    pub fn reader(&self) -> Reader<'_> {
        Reader {
            offsets: self,
            from: 1,
            until: 0,
            day: Day(0),
        }
    }
}

/// See [`Offsets::reader`].
#[derive(Debug)]
pub struct Reader<'a> {
    offsets: &'a Offsets,
    from: i64,
    until: i64,
    day: Day,
}

impl Reader<'_> {
    /// The civil day of an instant.
    #[inline]
    pub fn day(&mut self, micros: i64) -> Day {
        if micros < self.from || micros >= self.until {
            self.seek(micros);
        }
        self.day
    }

    /// The end of the last day, or of the part of it before the clock changed.
    pub(crate) fn until(&self) -> i64 {
        self.until
    }

    #[cold]
    fn seek(&mut self, micros: i64) {
        let segments = &self.offsets.segments;
        let i = self.offsets.segment(micros);
        let (begin, offset) = segments[i];
        let end = segments.get(i + 1).map_or(i64::MAX, |(next, _)| *next);
        let day = (micros + offset).div_euclid(MICROS_PER_DAY);
        self.from = (day * MICROS_PER_DAY - offset).max(begin);
        self.until = ((day + 1) * MICROS_PER_DAY - offset).min(end);
        self.day = Day(day as i32);
    }
}

/// Converts columns of wall clock to instants. A table has the segment of the beginning of each
/// step of time; few steps contain a change of the clock.
pub(crate) struct Clocks {
    /// The wall clock at which the first step begins.
    from: i64,
    /// A step is `1 << shift` microseconds.
    shift: u32,
    /// The segment in which each step begins.
    first: Vec<u16>,
    /// The first wall clock that is not read in a segment, without the last segment.
    ends: Vec<i64>,
    offsets: Vec<i64>,
}

impl Clocks {
    /// [`Offsets::instant`].
    pub(crate) fn instant(&self, wall: i64) -> i64 {
        let step = wall.saturating_sub(self.from) >> self.shift;
        let step = step.clamp(0, self.first.len() as i64 - 1);
        let mut i = usize::from(self.first[step as usize]);
        while self.ends.get(i).is_some_and(|end| wall >= *end) {
            i += 1;
        }
        wall - self.offsets[i]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Datelike;

    fn micros(text: &str) -> i64 {
        let naive = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").unwrap();
        naive.and_utc().timestamp_micros()
    }

    /// Every quarter of an hour in two weeks around each change, and times far from all changes.
    #[test]
    fn columns_are_read_by_the_same_clock() {
        for (zone, last) in [
            ("Europe/Berlin", 2026),
            ("America/St_Johns", 2012),
            ("UTC", 2026),
            ("Asia/Tokyo", 1952),
            ("Australia/Lord_Howe", 2026),
            ("Pacific/Apia", 2013),
        ] {
            let (first, end) = (
                micros("1948-01-01T00:00:00"),
                micros(&format!("{last}-12-31T00:00:00")),
            );
            let offsets = Offsets::new(Zone::parse(zone).unwrap(), first, end);
            let clocks = offsets.clocks();
            let same =
                |wall| assert_eq!(clocks.instant(wall), offsets.instant(wall), "{zone} {wall}");
            for (change, _) in &offsets.segments[1..] {
                (-700..700).for_each(|quarter| same(change + quarter * 900_000_000));
            }
            for wall in [MIN_MICROS, first, end, MAX_MICROS] {
                same(wall);
            }
        }
    }

    fn offsets(zone: &str, year: i32) -> Offsets {
        Offsets::new(
            Zone::parse(zone).unwrap(),
            micros(&format!("{year}-01-01T00:00:00")),
            micros(&format!("{year}-12-31T00:00:00")),
        )
    }

    #[test]
    fn a_gap_shifts_forward_and_a_fold_is_the_earlier() {
        let ny = offsets("America/New_York", 2024);
        // 02:30 does not exist on 2024-03-10: read with the offset before, 03:30 EDT.
        let gap = ny.instant(micros("2024-03-10T02:30:00"));
        assert_eq!(gap, micros("2024-03-10T07:30:00"));
        assert_eq!(ny.wall(gap), micros("2024-03-10T03:30:00"));
        // 01:30 exists twice on 2024-11-03: the first is EDT.
        let fold = ny.instant(micros("2024-11-03T01:30:00"));
        assert_eq!(fold, micros("2024-11-03T05:30:00"));
    }

    #[test]
    fn samoa_had_no_30_december_2011() {
        let samoa = offsets("Pacific/Apia", 2011);
        let skipped = Day::from_ymd(2011, 12, 30).unwrap();
        assert_eq!(samoa.start_of(skipped), samoa.start_of(Day(skipped.0 + 1)));
        assert_eq!(samoa.day(samoa.start_of(skipped) - 1), Day(skipped.0 - 1));
    }

    #[test]
    fn clocks_that_go_back_over_midnight_repeat_a_minute() {
        let newfoundland = offsets("America/St_Johns", 2010);
        // 2010-11-07 00:01 local went back to 2010-11-06 23:01.
        let sunday = Day::from_ymd(2010, 11, 7).unwrap();
        let start = newfoundland.start_of(sunday);
        assert_eq!(newfoundland.day(start), sunday);
        assert_eq!(newfoundland.day(start - 1), Day(sunday.0 - 1));
        let (from, until) = newfoundland.repeats(sunday).unwrap();
        assert_eq!(until - from, 60_000_000);
        assert_eq!(newfoundland.day(from), sunday);
        assert_eq!(newfoundland.repeats(Day(sunday.0 + 1)), None);
    }

    /// Compares the starts of days and the repeated minutes with a look at every minute around
    /// changes of the clock: back over midnight (St. John's, Sao Paulo), forward over midnight
    /// (Beirut, Azores), a skipped day (Apia), half an hour (Lord Howe), and a zone with ordinary
    /// changes.
    #[test]
    fn days_begin_where_a_walk_by_the_minute_says() {
        for (zone, date) in [
            ("America/St_Johns", "2010-11-07"),
            ("America/St_Johns", "2010-03-14"),
            ("America/Sao_Paulo", "2017-02-19"),
            ("America/Sao_Paulo", "2017-10-15"),
            ("Asia/Beirut", "2024-03-31"),
            ("Asia/Beirut", "2024-10-27"),
            ("Atlantic/Azores", "2024-10-27"),
            ("Pacific/Apia", "2011-12-30"),
            ("Australia/Lord_Howe", "2024-04-07"),
            ("-03:30", "2024-04-07"),
        ] {
            let date: Day = date.parse().unwrap();
            let offsets = offsets(zone, date.date().year());
            const MINUTE: i64 = 60_000_000;
            let walk: Vec<(i64, Day)> = (-4 * 1440..4 * 1440)
                .map(|minute| i64::from(date.0) * MICROS_PER_DAY + minute * MINUTE)
                .map(|at| (at, Day(offsets.wall(at).div_euclid(MICROS_PER_DAY) as i32)))
                .collect();
            for day in (date.0 - 1..=date.0 + 1).map(Day) {
                // The last instant of an earlier day, and the instants of the day before it.
                let last = walk.iter().rposition(|(_, of)| *of < day).unwrap();
                let early: Vec<i64> = (walk[..last].iter())
                    .filter(|(_, of)| *of >= day)
                    .map(|(at, _)| *at)
                    .collect();
                assert_eq!(offsets.start_of(day), walk[last + 1].0, "{zone} {day}");
                let expected = early.first().zip(early.last());
                let expected = expected.map(|(from, until)| (*from, until + MINUTE));
                assert_eq!(offsets.repeats(day), expected, "{zone} {day}");
            }
            // Forward, back, and in jumps.
            let n = walk.len();
            let jumps = (0..n).map(|i| i * 7919 % n);
            let mut reader = offsets.reader();
            for i in (0..n).chain((0..n).rev()).chain(jumps) {
                let (at, day) = walk[i];
                assert_eq!((reader.day(at), offsets.day(at)), (day, day), "{zone}");
            }
            let clocks = offsets.clocks();
            for quarter in -400..400 {
                for beside in -1..=1 {
                    let wall = i64::from(date.0) * MICROS_PER_DAY + quarter * 15 * MINUTE + beside;
                    assert_eq!(clocks.instant(wall), offsets.instant(wall), "{zone} {wall}");
                }
            }
        }
    }

    #[test]
    fn the_reader_agrees_with_the_table() {
        let berlin = offsets("Europe/Berlin", 2025);
        let mut reader = berlin.reader();
        let mut at = micros("2025-01-01T00:00:00");
        while at < micros("2025-12-31T00:00:00") {
            assert_eq!(reader.day(at), berlin.day(at));
            assert_eq!(berlin.day(berlin.start_of(berlin.day(at))), berlin.day(at));
            at += 1_234_567_890;
        }
    }

    #[test]
    fn offsets_are_read_strictly() {
        assert_eq!(Zone::parse("-03:30").unwrap().to_string(), "-03:30");
        assert_eq!(
            Zone::parse("+0900").unwrap(),
            Zone::parse("+09:00").unwrap()
        );
        for bad in ["+9", "+24:00", "+09:60", "09:00", "+0x:00", "", "+"] {
            assert!(Zone::parse(bad).is_err(), "{bad}");
        }
    }
}
