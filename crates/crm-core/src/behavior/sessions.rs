//! Sessions (セッション): each visitor's events, cut into visits.
//!
//! # Definition
//!
//! A visitor's events in their order; an event opens a new session when
//!
//! ```text
//! it is the visitor's first, or
//! t − t_before > timeout                           (30 minutes; exactly 30 stays)
//! civil day ≠ civil day of the event before        (option `split_at_midnight`, the shop's zone)
//! campaign ≠ the campaign the session came with    (option `split_on_campaign`)
//! ```
//!
//! For the last rule, events without a campaign change nothing. A session that began without a
//! campaign ends at the first event with one. All kinds of events are activity. `views` counts
//! events that mean `view` or `product_view`. The entry and exit page are the pages of the first
//! and last view with a page, null in a session without one. Channel, campaign and referrer are the
//! first values in the session. `converted`: whether the session has a `purchase`. The duration is
//! the time from the first to the last event, so it is zero for a session of one event.
//!
//! A session at `as_of` may still go on; it is listed with its events so far.
//!
//! Thirty minutes and the rules of midnight and campaign are conventions of Google Analytics; its
//! later versions dropped the last two.

use crate::analysis::Analysis;
use crate::behavior::fields::{SESSION, STARTED_AT, VIEWS};
use crate::context::{Context, collect, push};
use crate::data::Events;
use crate::data::events::event_data::{EventData, EventDim};
use crate::data::events::kinds;
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::table::optional::ids_column;
use crate::table::shared::CHANNEL;
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns, fields};
use crate::time::Duration;
use crate::words::EventWord;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// When a session ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Inactivity after which the next event opens a new session. Default 30 minutes.
    pub timeout: Duration,
    /// Whether midnight in the shop's zone ends a session.
    pub split_at_midnight: bool,
    /// Whether a change of campaign ends a session.
    pub split_on_campaign: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            timeout: Duration::minutes(30),
            split_at_midnight: false,
            split_on_campaign: false,
        }
    }
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// The visitor's code.
    pub visitor: u32,
    /// 1 for the visitor's first session.
    pub number: u32,
    /// Its events.
    pub events: Range<usize>,
}

/// Cuts each visitor's events into sessions.
pub(crate) struct Cutter<'a> {
    data: &'a EventData,
    timeout: i64,
    midnight: bool,
    campaign: Option<&'a EventDim>,
}

impl<'a> Cutter<'a> {
    pub(crate) fn new(events: &'a Events, options: &Options) -> Result<Self> {
        let campaign = match options.split_on_campaign {
            true => Some(events.dim("campaign")?.ok_or(Error::OptionNeedsColumn {
                option: "split_on_campaign".into(),
                value: "true".into(),
                column: "campaign".into(),
            })?),
            false => None,
        };
        crate::request::longer_than_zero("timeout", options.timeout)?;
        Ok(Cutter {
            data: events.data()?,
            timeout: options.timeout.micros(),
            midnight: options.split_at_midnight,
            campaign,
        })
    }

    /// Calls `each` with the events of each session among those of one visitor.
    #[inline]
    pub(crate) fn cut(
        &self,
        events: Range<usize>,
        mut each: impl FnMut(Range<usize>) -> Result<()>,
    ) -> Result<()> {
        let time = &self.data.time;
        let mut start = events.start;
        let mut day = self.data.offsets.reader();
        let named = |event: usize| self.campaign.map_or(NO_ID, |dim| dim.codes[event]);
        let mut current = NO_ID;
        for event in events.clone() {
            let campaign = named(event);
            if event > start {
                let ends = time[event] - time[event - 1] > self.timeout
                    || self.midnight && day.day(time[event]) != day.day(time[event - 1])
                    || campaign != NO_ID && campaign != current;
                if ends {
                    each(start..event)?;
                    start = event;
                    current = NO_ID;
                }
            }
            if campaign != NO_ID {
                current = campaign;
            }
        }
        if start < events.end {
            each(start..events.end)?;
        }
        Ok(())
    }
}

/// All sessions, by visitor in ascending id order and by time.
///
/// ```
/// use crm_core::behavior::sessions;
/// use crm_core::{Context, Events, Zone, data::Event};
/// let events = Events::builder(Zone::UTC)
///     .add(Event::new("v", "2026-03-01T10:00:00", "view"))
///     .add(Event::new("v", "2026-03-01T10:30:00", "view"))
///     .add(Event::new("v", "2026-03-01T11:00:01", "view"))
///     .build()?;
/// let all = sessions::cut(&events, &sessions::Options::default(), &Context::default())?;
/// assert_eq!(all.len(), 2);
/// assert_eq!(all[0].events, 0..2);
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// `split_on_campaign` without a column of campaigns; out of memory.
pub fn cut(events: &Events, options: &Options, context: &Context) -> Result<Vec<Session>> {
    let cutter = Cutter::new(events, options)?;
    let data = events.data()?;
    let mut sessions = Vec::new();
    for (at, visitor) in data.units.iter().enumerate() {
        if at % 4096 == 0 {
            context.check()?;
        }
        let mut number = 0;
        cutter.cut(data.group(at), |range| {
            number += 1;
            let session = Session {
                visitor: *visitor,
                number,
                events: range,
            };
            push(&mut sessions, session, "sessions")
        })?;
    }
    Ok(sessions)
}

/// Whether an event shows a page.
#[inline]
pub(crate) fn is_view(word: Option<EventWord>) -> bool {
    matches!(word, Some(EventWord::View | EventWord::ProductView))
}

/// Refuses a log in which no kind is a view.
pub(crate) fn need_views(events: &Events, analysis: &str) -> Result<()> {
    let words = &events.data()?.words;
    match words.contains(&(EventWord::ProductView as u8)) {
        true => Ok(()),
        false => kinds::need(events, analysis, &[EventWord::View], &[]),
    }
}

fields! {
    pub(crate) VISITOR_ID = "visitor_id", Id, "", "訪問者ID", "The visitor, by the id of the input.";
}

/// The analysis `sessions`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct Sessions;

/// The first known value of a session in a column.
fn first_known(dim: &EventDim, session: &Session) -> u32 {
    let mut codes = dim.codes[session.events.clone()].iter().copied();
    codes.find(|code| *code != NO_ID).unwrap_or(NO_ID)
}

/// The known pages that a session viewed.
fn pages<'a>(
    data: &'a EventData,
    dim: &'a EventDim,
    session: &Session,
) -> impl DoubleEndedIterator<Item = u32> + 'a {
    let views = session.events.clone().filter(|e| is_view(data.word(*e)));
    let pages = views.map(|e| dim.codes[e]);
    pages.filter(|code| *code != NO_ID)
}

impl Analysis for Sessions {
    const NAME: &'static str = "sessions";
    const SUMMARY: &'static str =
        "Visits: start, duration, entry and exit page, channel, and whether there was a purchase";
    const JA: &'static str = "セッション";
    const COLUMNS: &'static [Field] = &columns! {
        VISITOR_ID;
        SESSION;
        STARTED_AT;
        "ended_at": Instant, "", "終了日時", "Last event.";
        VIEWS;
        "entry_page": Id, "", "入口ページ", "Page of the first view; only with pages.";
        "exit_page": Id, "", "離脱ページ", "Page of the last view; only with pages.";
        CHANNEL, "First channel in it; only with channels.";
        "converted": Bool, "", "購入あり", "Whether there is a purchase in it.";
        "duration_seconds": Float, "seconds", "滞在時間", "First to last event.";
        "events": Int, "events", "イベント数", "Events.";
        "campaign": Id, "", "キャンペーン", "First campaign in it; only with campaigns.";
        "referrer": Id, "", "参照元", "First referrer in it; only with referrers.";
        CUSTOMER_ID;
    };
    const VISITS: bool = true;
    type Data = Events;
    type Options = Options;

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        need_views(events, Self::NAME)?;
        kinds::need(events, Self::NAME, &[], &[EventWord::Purchase])?;
        let sessions = cut(events, options, context)?;
        let data = events.data()?;
        let view = |e: usize| is_view(data.word(e));
        let int = |of: &dyn Fn(&Session) -> usize| {
            collect(sessions.iter().map(|s| of(s) as i32), "table").map(Values::I32)
        };
        let named = |field: &Field, name: &str, of: &dyn Fn(&EventDim, &Session) -> u32| {
            let Some(dim) = events.dim(name)? else {
                return Ok(None);
            };
            let codes = collect(sessions.iter().map(|s| of(dim, s)), "table")?;
            ids_column(field, &dim.ids, codes).map(Some)
        };
        let time = |of: &dyn Fn(&Session) -> usize| {
            let times = sessions.iter().map(|s| data.time[of(s)]);
            Ok::<_, Error>(Values::Instant(
                collect(times, "table")?.into(),
                events.zone(),
            ))
        };
        let seconds = sessions.iter().map(|s| {
            let micros = data.time[s.events.end - 1] - data.time[s.events.start];
            Some(micros as f64 / 1e6)
        });
        let converted = sessions.iter().map(|s| {
            let mut events = s.events.clone();
            events.any(|e| data.word(e) == Some(EventWord::Purchase))
        });
        let visitors = Values::Id {
            ids: events.visitors()?.clone(),
            codes: collect(sessions.iter().map(|s| s.visitor), "table")?,
        };
        let f = Self::COLUMNS;
        let customer = match &data.customer {
            Some(joined) => {
                let codes = sessions.iter().map(|s| joined.codes[s.events.end - 1]);
                let codes = collect(codes, "table")?;
                Some(ids_column(&f[13], &joined.ids, codes)?)
            }
            None => None,
        };
        let columns = [
            Some(Column::new(&f[0], visitors)),
            Some(Column::new(&f[1], int(&|s| s.number as usize)?)),
            Some(Column::new(&f[2], time(&|s| s.events.start)?)),
            Some(Column::new(&f[3], time(&|s| s.events.end - 1)?)),
            Some(Column::new(
                &f[4],
                int(&|s| s.events.clone().filter(|e| view(*e)).count())?,
            )),
            named(&f[5], "page", &|dim, s| {
                pages(data, dim, s).next().unwrap_or(NO_ID)
            })?,
            named(&f[6], "page", &|dim, s| {
                pages(data, dim, s).next_back().unwrap_or(NO_ID)
            })?,
            named(&f[7], "channel", &first_known)?,
            Some(Column::new(
                &f[8],
                Values::Bool(collect(converted, "table")?),
            )),
            Some(Column::floats(&f[9], seconds)?),
            Some(Column::new(&f[10], int(&|s| s.events.len())?)),
            named(&f[11], "campaign", &first_known)?,
            named(&f[12], "referrer", &first_known)?,
            customer,
        ];
        Ok(Table::new(columns.into_iter().flatten().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Event;
    use crate::time::Zone;

    fn ranges(
        zone: &str,
        times: &[(&str, Option<&str>)],
        options: &Options,
    ) -> Vec<(usize, usize)> {
        let events = times.iter().map(|(at, campaign)| {
            let event = Event::new("v", at, "view");
            campaign.map_or(event.clone(), |c| event.campaign(c))
        });
        let events = Events::builder(Zone::parse(zone).unwrap())
            .extend(events)
            .build()
            .unwrap();
        let all = cut(&events, options, &Context::default()).unwrap();
        all.iter().map(|s| (s.events.start, s.events.end)).collect()
    }

    #[test]
    fn midnight_is_the_shops() {
        let midnight = Options {
            split_at_midnight: true,
            ..Options::default()
        };
        let times = [
            ("2026-03-01T23:50:00+09:00", None),
            ("2026-03-02T00:05:00+09:00", None),
            ("2026-03-02T08:50:00+09:00", None),
            ("2026-03-02T09:05:00+09:00", None), // midnight in UTC
        ];
        assert_eq!(
            ranges("Asia/Tokyo", &times, &midnight),
            [(0, 1), (1, 2), (2, 4)]
        );
        assert_eq!(ranges("UTC", &times, &midnight), [(0, 2), (2, 3), (3, 4)]);
        assert_eq!(
            ranges("Asia/Tokyo", &times, &Options::default()),
            [(0, 2), (2, 4)]
        );
    }

    #[test]
    fn clocks_that_change_neither_open_nor_hold_a_session() {
        // New York 2026-03-08: 01:50 EST, then 03:10 EDT is twenty minutes later. 2026-11-01: from
        // 01:50 EDT to 01:10 EST is twenty minutes too, though the clock went back.
        let forward = [
            ("2026-03-08T01:50:00", None),
            ("2026-03-08T03:10:00", None),
            ("2026-03-08T03:41:00", None),
        ];
        assert_eq!(
            ranges("America/New_York", &forward, &Options::default()),
            [(0, 2), (2, 3)]
        );
        let back = [
            ("2026-11-01T05:50:00Z", None),
            ("2026-11-01T06:10:00Z", None),
        ];
        assert_eq!(
            ranges("America/New_York", &back, &Options::default()),
            [(0, 2)]
        );
    }

    #[test]
    fn another_campaign_ends_a_session_and_no_campaign_does_not() {
        let rule = Options {
            split_on_campaign: true,
            ..Options::default()
        };
        let times = [
            ("2026-03-01T10:00:00", None),
            ("2026-03-01T10:01:00", Some("spring")),
            ("2026-03-01T10:02:00", None),
            ("2026-03-01T10:03:00", Some("spring")),
            ("2026-03-01T10:04:00", Some("mail")),
        ];
        assert_eq!(ranges("UTC", &times, &rule), [(0, 1), (1, 4), (4, 5)]);
        assert_eq!(ranges("UTC", &times, &Options::default()), [(0, 5)]);
        let events = Events::builder(Zone::UTC)
            .add(Event::new("v", "2026-03-01T10:00:00", "view"))
            .build()
            .unwrap();
        assert!(cut(&events, &rule, &Context::default()).is_err());
    }
}
