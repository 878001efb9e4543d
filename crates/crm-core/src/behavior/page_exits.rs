//! Exits by page (ページ別離脱率・直帰率): on which pages sessions begin and end, and the time on each page.
//!
//! # Definition
//!
//! Within sessions ([`super::sessions`]), over the views (`view`, `product_view`) that name a page:
//!
//! ```text
//! entries    sessions whose first view is of the page     exits   ... whose last view is
//! exit_rate            exits / views of the page                          (離脱率)
//! exit_rate_sessions   exits / sessions with the page
//! bounces    sessions of one view, of the page
//! bounce_rate          bounces / entries                                  (直帰率)
//! time on page         next view − this view, within the session
//! ```
//!
//! The last view of a session has no time on page: it is left out of the mean and does not count as
//! zero. Over all pages, entries and exits each sum to the number of sessions with a view. A rate
//! with denominator 0 is null.
//!
//! Views of one visitor depend on each other, so the variance of the intervals is clustered by
//! visitor (see [`crate::num::ratio`]).
//!
//! Columns of numbers in the events (`measures`, such as load time) are averaged over the page's
//! views, as `mean_<column>`; blanks are left out.

use super::parameters::OF_THE_SITE;
use super::sessions;
use super::sessions::Cutter;
use crate::analysis::Analysis;
use crate::behavior::fields::{SESSIONS, VIEWS};
use crate::context::{Context, collect, filled, push};
use crate::data::Events;
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::money::divide;
use crate::num::ratio::{Ratio, Sums};
use crate::table::optional::rate_columns;
use crate::table::{Column, Field, Table, Type, Values, columns};
use crate::time::Duration;
use serde::{Deserialize, Serialize};

/// How events are cut into sessions; see [`sessions::Options`].
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
        let sessions = sessions::Options::default();
        Options {
            timeout: sessions.timeout,
            split_at_midnight: sessions.split_at_midnight,
            split_on_campaign: sessions.split_on_campaign,
        }
    }
}

impl Options {
    fn sessions(&self) -> sessions::Options {
        sessions::Options {
            timeout: self.timeout,
            split_at_midnight: self.split_at_midnight,
            split_on_campaign: self.split_on_campaign,
        }
    }
}

/// The counts of one page.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Page {
    /// The page's code.
    pub code: u32,
    /// Sessions that began on it.
    pub entries: u64,
    /// Exits of views, by visitor.
    pub exit_of_views: Sums,
    /// Exits of sessions with the page, by visitor.
    pub exit_of_sessions: Sums,
    /// Bounces of entries, by visitor.
    pub bounce_of_entries: Sums,
    /// Views followed by another in their session.
    pub timed_views: u64,
    /// Microseconds on the page over those views.
    pub time: i128,
}

impl Page {
    /// Adds one visitor's counts.
    fn add(&mut self, own: Own) {
        self.entries += u64::from(own.entries);
        self.exit_of_views.add(own.exits.into(), own.views.into());
        self.exit_of_sessions
            .add(own.exits.into(), own.sessions.into());
        self.bounce_of_entries
            .add(own.bounces.into(), own.entries.into());
    }
}

/// Counts of one visitor on one page.
#[derive(Clone, Copy, Default)]
struct Own {
    views: u32,
    sessions: u32,
    entries: u32,
    exits: u32,
    bounces: u32,
    /// The visitor's last counted session on this page, so that each session counts once.
    session: u32,
}

/// The counts of each page with a view, in ascending page order.
///
/// ```
/// use crm_core::behavior::page_exits;
/// use crm_core::{Context, Events, Zone, data::Event};
/// let view = |v, at, page| Event::new(v, at, "view").page(page);
/// let events = Events::builder(Zone::UTC)
///     .add(view("a", "2026-03-01T10:00:00", "/"))
///     .add(view("a", "2026-03-01T10:00:40", "/list"))
///     .add(view("b", "2026-03-01T12:00:00", "/"))
///     .build()?;
/// let pages = page_exits::pages(&events, &page_exits::Options::default(), &Context::default())?;
/// assert_eq!((pages[0].exit_of_views.hits, pages[0].exit_of_views.trials), (1, 2));
/// assert_eq!((pages[0].timed_views, pages[0].time), (1, 40_000_000));
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// Events without pages or views; out of memory.
pub fn pages(events: &Events, options: &Options, context: &Context) -> Result<Vec<Page>> {
    sessions::need_views(events, PageExits::NAME)?;
    let Some(dim) = events.dim("page")? else {
        return Err(Error::OptionNeedsColumn {
            option: "analysis".into(),
            value: PageExits::NAME.into(),
            column: "page".into(),
        });
    };
    let data = events.data()?;
    let cutter = Cutter::new(events, &options.sessions())?;
    let mut all = filled(dim.ids.len(), Page::default(), "pages")?;
    let mut own = filled(dim.ids.len(), Own::default(), "pages")?;
    let mut touched: Vec<u32> = Vec::new();
    for at in 0..data.units.len() {
        if at % 4096 == 0 {
            context.check()?;
        }
        let mut number = 0;
        cutter.cut(data.group(at), |range| {
            number += 1;
            let (mut views, mut last) = (0, None::<usize>);
            for event in range {
                let page = dim.codes[event];
                if page == NO_ID || !sessions::is_view(data.word(event)) {
                    continue;
                }
                let counts = &mut own[page as usize];
                if counts.views == 0 {
                    push(&mut touched, page, "pages")?;
                }
                counts.views += 1;
                if counts.session != number {
                    counts.session = number;
                    counts.sessions += 1;
                }
                match last {
                    None => counts.entries += 1,
                    Some(before) => {
                        let page = &mut all[dim.codes[before] as usize];
                        page.timed_views += 1;
                        page.time += i128::from(data.time[event] - data.time[before]);
                    }
                }
                views += 1;
                last = Some(event);
            }
            if let Some(last) = last {
                let counts = &mut own[dim.codes[last] as usize];
                counts.exits += 1;
                counts.bounces += u32::from(views == 1);
            }
            Ok(())
        })?;
        for page in touched.drain(..) {
            all[page as usize].add(std::mem::take(&mut own[page as usize]));
        }
    }
    let mut pages = Vec::new();
    for code in dim.ids.by_id()? {
        let mut page = std::mem::take(&mut all[*code as usize]);
        page.code = *code;
        if page.exit_of_views.trials > 0 {
            push(&mut pages, page, "pages")?;
        }
    }
    Ok(pages)
}

/// The mean of a measure over each page's views; `None` without a value.
fn means(events: &Events, values: &[f64], pages: &[Page]) -> Result<Vec<Option<f64>>> {
    let Some(dim) = events.dim("page")? else {
        return Ok(Vec::new());
    };
    let data = events.data()?;
    let mut sums = filled(dim.ids.len(), (0.0_f64, 0_u64), "pages")?;
    for (event, value) in values.iter().enumerate() {
        let page = dim.codes[event];
        if value.is_finite() && page != NO_ID && sessions::is_view(data.word(event)) {
            let (sum, count) = &mut sums[page as usize];
            *sum += value;
            *count += 1;
        }
    }
    let means = pages.iter().map(|p| match sums[p.code as usize] {
        (_, 0) => None,
        (sum, count) => Some(sum / count as f64).filter(|m| m.is_finite()),
    });
    collect(means, "pages")
}

/// The analysis `page_exits`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct PageExits;

impl Analysis for PageExits {
    const NAME: &'static str = "page_exits";
    const SUMMARY: &'static str = "Views, entries, exits, bounces and time by page, with intervals";
    const JA: &'static str = "ページ別離脱率";
    const COLUMNS: &'static [Field] = &columns! {
        "page": Id, "", "ページ", "The page.";
        VIEWS, "Views of it.";
        SESSIONS, "Sessions with a view of it.";
        "entries": Int, "sessions", "入口数", "Sessions that began on it.";
        "exits": Int, "sessions", "離脱数", "Sessions that ended on it.";
        "exit_rate": Float, "share", "離脱率", "Exits / views.";
        "exit_rate_low": Float, "share", "離脱率下限", "95 %, by visitor.";
        "exit_rate_high": Float, "share", "離脱率上限", "95 %, by visitor.";
        "exit_rate_sessions": Float, "share", "離脱率（セッション）", "Exits / sessions with the page.";
        "exit_rate_sessions_low": Float, "share", "離脱率（セッション）下限", "95 %, by visitor.";
        "exit_rate_sessions_high": Float, "share", "離脱率（セッション）上限", "95 %, by visitor.";
        "bounces": Int, "sessions", "直帰数", "Sessions of one view, which was of this page.";
        "bounce_rate": Float, "share", "直帰率", "Bounces / entries.";
        "bounce_rate_low": Float, "share", "直帰率下限", "95 %, by visitor.";
        "bounce_rate_high": Float, "share", "直帰率上限", "95 %, by visitor.";
        "timed_views": Int, "views", "滞在計測数", "Views followed by another in their session.";
        "mean_seconds": Float, "seconds", "平均滞在時間", "Mean time on the page over timed views; null without any.";
    };
    const SCOPE: &'static [&'static str] = OF_THE_SITE;
    const VISITS: bool = true;
    type Data = Events;
    type Options = Options;

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let pages = pages(events, options, context)?;
        let level = crate::num::Fraction::P95;
        let rates = |of: fn(&Page) -> &Sums| {
            collect(
                pages.iter().map(|p| Ratio::from_sums(of(p), level)),
                "pages",
            )
        };
        let int = |of: fn(&Page) -> u64| {
            collect(pages.iter().map(|p| of(p) as i64), "pages").map(|v| Values::I64(v.into()))
        };
        let codes = collect(pages.iter().map(|p| p.code), "pages")?;
        let ids = match events.dim("page")? {
            Some(dim) => dim.ids.clone(),
            None => return Err(Error::internal("pages without pages")),
        };
        let seconds = pages.iter().map(|p| {
            // One division converts to seconds and takes the mean.
            let views = p.timed_views.checked_mul(1_000_000)?;
            (views > 0).then(|| divide(p.time, views))
        });
        let f = Self::COLUMNS;
        let mut columns = vec![
            Column::new(&f[0], Values::Id { ids, codes }),
            Column::new(&f[1], int(|p| p.exit_of_views.trials)?),
            Column::new(&f[2], int(|p| p.exit_of_sessions.trials)?),
            Column::new(&f[3], int(|p| p.entries)?),
            Column::new(&f[4], int(|p| p.exit_of_views.hits)?),
        ];
        columns.extend(rate_columns(&f[5..8], &rates(|p| &p.exit_of_views)?)?);
        columns.extend(rate_columns(&f[8..11], &rates(|p| &p.exit_of_sessions)?)?);
        columns.push(Column::new(&f[11], int(|p| p.bounce_of_entries.hits)?));
        columns.extend(rate_columns(&f[12..15], &rates(|p| &p.bounce_of_entries)?)?);
        columns.push(Column::new(&f[15], int(|p| p.timed_views)?));
        columns.push(Column::floats(&f[16], seconds)?);
        for measure in &events.data()?.measures {
            let cells = means(events, &measure.values, &pages)?;
            let mean = Field::new("mean", Type::Float, "", "", "");
            let column = Column::floats(&mean, cells.into_iter())?;
            columns.push(column.renamed(format!("mean_{}", measure.name)));
        }
        Ok(Table::new(columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Event;
    use crate::time::Zone;

    #[test]
    fn counts_by_hand() {
        let view =
            |v, at: &str, page| Event::new(v, &format!("2026-03-01T{at}"), "view").page(page);
        let events = Events::builder(Zone::UTC)
            .extend([
                view("a", "10:00:00", "/"),
                view("a", "10:01:00", "/p"),
                view("a", "10:01:30", "/"),
                view("a", "11:00:00", "/p"), // a's second session: a bounce
                view("b", "10:00:00", "/"),  // a bounce
                view("b", "10:10:00", "/x").product("p"),
            ])
            .add(Event::new("b", "2026-03-01T10:11:00", "purchase"))
            .build()
            .unwrap();
        let all = pages(&events, &Options::default(), &Context::default()).unwrap();
        let counts = |p: &Page| {
            [
                p.exit_of_views.trials,
                p.exit_of_sessions.trials,
                p.entries,
                p.exit_of_views.hits,
                p.bounce_of_entries.hits,
                p.timed_views,
            ]
        };
        assert_eq!(counts(&all[0]), [3, 2, 2, 1, 0, 2]); // "/"
        assert_eq!(all[0].time, (60 + 600) * 1_000_000);
        assert_eq!(counts(&all[1]), [2, 2, 1, 1, 1, 1]); // "/p"
        assert_eq!(counts(&all[2]), [1, 1, 0, 1, 0, 0]); // "/x"
    }
}
