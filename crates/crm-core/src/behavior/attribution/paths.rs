//! Paths: what touched a person before a purchase, or without one.
//!
//! # Definition
//!
//! A touch is a session, and its channel is the first known in it ("(none)" without one). Touches of a person are followed in
//! time:
//!
//! ```text
//! purchase at t                              path of the touches in [t − lookback, t]; the next path begins after it
//! no touch and no purchase for `lookback`    a path without a conversion, of the touches within lookback of its last
//! the same, but not yet as long at as_of     an open path: counted in the notes, used in no rate
//! ```
//!
//! The session of a purchase is always in its path, also where it holds a second purchase. Purchases with one order id are one
//! conversion, at the first of them. Touches that are older than lookback when their path ends are in no path and are
//! counted.
//!
//! A table of paths has `path` ("a > b > c"), `conversions`, and optionally `nulls` (persons with this path who did not
//! convert) and `revenue`, which is 0 where nobody converted. A name in which `>` or a quotation mark occurs is in quotation marks,
//! those in it doubled; results write names that way, too, and those of `(start)`, `(conversion)` and `(null)` if they are channels.
//! Rows of one path are one.

use crate::analysis::Input;
use crate::behavior::parameters::OF_THE_SITE;
use crate::behavior::sessions::{self, Cutter};
use crate::behavior::visits_after_purchase::Whose;
use crate::context::{Context, filled, push};
use crate::data::Events;
use crate::data::blocks::BLANK;
use crate::data::events::event_data::EventDim;
use crate::data::events::kinds;
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::request::longer_than_zero;
use crate::table::Values;
use crate::time::{Duration, MICROS_PER_DAY};
use crate::words::EventWord;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a touch is named by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Of {
    /// The channel.
    #[default]
    Channel,
    /// The campaign.
    Campaign,
    /// The referrer.
    Referrer,
}

impl Of {
    fn column(self) -> &'static str {
        match self {
            Of::Channel => "channel",
            Of::Campaign => "campaign",
            Of::Referrer => "referrer",
        }
    }
}

/// What open paths are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Open {
    /// Apart: counted, and used in no rate.
    #[default]
    Apart,
    /// Paths without a conversion, as if there were no lookback.
    Null,
}

/// How events become paths: the options that all analyses of attribution share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct PathRules {
    /// What a touch is named by, of events.
    pub of: Of,
    /// How long before the purchase a touch counts, of events. Default 30 days.
    pub lookback: Duration,
    /// What paths are that are still running, of events.
    pub open: Open,
    /// Whose touches make a path, of events.
    pub per: Whose,
    /// Inactivity after which the next event opens a new session, of events. Default 30 minutes.
    pub timeout: Duration,
}

impl Default for PathRules {
    fn default() -> Self {
        PathRules {
            of: Of::Channel,
            lookback: Duration::days(30),
            open: Open::Apart,
            per: Whose::Visitor,
            timeout: Duration::minutes(30),
        }
    }
}

impl PathRules {
    /// Refuses rules for a table of paths, which has none to make.
    pub(super) fn only_of_events(&self) -> Result<()> {
        let d = PathRules::default();
        let given = [
            ("of", self.of != d.of),
            ("lookback", self.lookback != d.lookback),
            ("open", self.open != d.open),
            ("per", self.per != d.per),
            ("timeout", self.timeout != d.timeout),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            Some((name, _)) => Err(Error::option(name, "", "events; this is a table of paths")),
            None => Ok(()),
        }
    }
}

/// Paths with how often they ended in a conversion and how often not.
#[derive(Debug, Default)]
pub struct Paths {
    /// The names of channels, "(none)" first, then ascending.
    pub(super) channels: Vec<String>,
    /// The end of each path in `touches`.
    pub(super) ends: Vec<usize>,
    pub(super) touches: Vec<u32>,
    /// Days from each touch to the end of its path; empty if they are not known.
    ages: Vec<f64>,
    pub(super) conversions: Vec<f64>,
    pub(super) nulls: Vec<f64>,
    /// Major units; empty if it is not known.
    pub(super) revenue: Vec<f64>,
    /// Whose path it is; empty if a row is many persons'.
    pub(super) persons: Vec<u32>,
    /// Paths that are still running.
    pub(super) open: u64,
    /// Touches that no path holds, because they were too old.
    pub(super) too_old: u64,
}

impl Paths {
    /// The number of different rows.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The number of touches in all rows.
    pub(super) fn touches(&self) -> usize {
        self.touches.len()
    }

    fn range(&self, path: usize) -> std::ops::Range<usize> {
        let start = path.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[path]
    }

    /// The channels of a path, first touch first.
    pub(super) fn of(&self, path: usize) -> &[u32] {
        &self.touches[self.range(path)]
    }

    /// Days from each touch to the conversion.
    pub(super) fn ages(&self, path: usize) -> Option<&[f64]> {
        self.ages.get(self.range(path))
    }

    /// Whether times are known.
    pub(super) fn has_ages(&self) -> bool {
        self.ages.len() == self.touches.len()
    }

    /// The name of a path: its channels joined by ` > `. A channel that could be read as something else is in quotation marks, those in it
    /// doubled, as in CSV.
    pub(super) fn name(&self, path: &[u32]) -> String {
        let names = path.iter().map(|c| {
            let name = self.channels[*c as usize].as_str();
            let is_odd = name.contains(['>', '"']) || name.trim().len() != name.len();
            match is_odd || name.is_empty() || ENDS.contains(&name) {
                true => format!("\"{}\"", name.replace('"', "\"\"")),
                false => name.to_owned(),
            }
        });
        names.collect::<Vec<_>>().join(" > ")
    }

    fn end(&mut self, person: u32, conversions: f64, revenue: Option<f64>) -> Result<()> {
        push(&mut self.ends, self.touches.len(), "paths")?;
        push(&mut self.conversions, conversions, "paths")?;
        push(&mut self.nulls, 1.0 - conversions, "paths")?;
        push(&mut self.persons, person, "paths")?;
        match revenue {
            Some(revenue) => push(&mut self.revenue, revenue, "paths"),
            None => Ok(()),
        }
    }
}

/// The states of the Markov chain that are no channels.
pub(super) const ENDS: [&str; 3] = ["(start)", "(conversion)", "(null)"];

/// A kind of dataset that holds paths.
pub trait HasPaths: Input<At = ()> {
    /// The keys of a scope that can be applied.
    const KEYS: &'static [&'static str];

    /// The paths in it.
    ///
    /// # Errors
    ///
    /// What is missing or cannot be.
    fn paths(&self, rules: &PathRules, analysis: &str, context: &Context) -> Result<Arc<Paths>>;
}

/// The name of touches without a channel.
pub(super) const NONE: &str = "(none)";

impl HasPaths for Events {
    const KEYS: &'static [&'static str] = OF_THE_SITE;

    fn paths(&self, rules: &PathRules, analysis: &str, context: &Context) -> Result<Arc<Paths>> {
        kinds::need(self, analysis, &[EventWord::Purchase], &[])?;
        longer_than_zero("lookback", rules.lookback)?;
        let by_customer;
        let events = match rules.per {
            Whose::Visitor => self,
            Whose::Customer => {
                by_customer = self.by_customer(context)?;
                &by_customer
            }
        };
        let named = Named::new(events, rules.of)?;
        let options = sessions::Options {
            timeout: rules.timeout,
            ..sessions::Options::default()
        };
        let n_orders = events.dim("order_id")?.map_or(0, |dim| dim.ids.len());
        let mut walk = Walk {
            rules,
            as_of: events.as_of,
            pending: Vec::new(),
            order_path: filled(n_orders, u32::MAX, "orders")?,
            paths: Paths::default(),
        };
        let cutter = Cutter::new(events, &options)?;
        let data = events.data()?;
        for (person, _) in data.units.iter().enumerate() {
            if person % 4096 == 0 {
                context.check()?;
            }
            cutter.cut(data.group(person), |session| {
                let channel = named.of(session.clone());
                walk.session(events, person as u32, channel, session)
            })?;
            let money = data.amount.is_some() && events.currency().is_some();
            walk.close(person as u32, None, money)?;
        }
        let (mut paths, mut channels) = (walk.paths, named.channels);
        if !paths.touches.contains(&0) {
            channels.remove(0);
            paths.touches.iter_mut().for_each(|touch| *touch -= 1);
        }
        paths.channels = channels;
        Ok(Arc::new(paths))
    }
}

/// The names of the touches of events; the first is for touches without one.
struct Named<'a> {
    dim: &'a EventDim,
    /// The place of each code's name.
    place: Vec<u32>,
    channels: Vec<String>,
}

impl<'a> Named<'a> {
    fn new(events: &'a Events, of: Of) -> Result<Self> {
        let column = of.column();
        let dim = events.dim(column)?.ok_or(Error::OptionNeedsColumn {
            option: "of".into(),
            value: column.into(),
            column: column.into(),
        })?;
        let mut used = filled(dim.ids.len(), false, "channels")?;
        for code in dim.codes.iter().filter(|code| **code != NO_ID) {
            used[*code as usize] = true;
        }
        let mut place = filled(dim.ids.len(), 0, "channels")?;
        let mut channels = vec![NONE.to_owned()];
        let order = dim.ids.by_id()?.iter();
        for code in order.filter(|code| used[**code as usize]) {
            let name = dim.ids.text(*code);
            if name != NONE {
                place[*code as usize] = channels.len() as u32;
                push(&mut channels, name, "channels")?;
            }
        }
        Ok(Named {
            dim,
            place,
            channels,
        })
    }

    /// The first known name of a session.
    fn of(&self, session: std::ops::Range<usize>) -> u32 {
        let mut codes = self.dim.codes[session].iter();
        let known = codes.find(|code| **code != NO_ID);
        known.map_or(0, |code| self.place[*code as usize])
    }
}

/// The touches of one person since the last path ended.
struct Walk<'a> {
    rules: &'a PathRules,
    as_of: i64,
    /// Time and channel.
    pending: Vec<(i64, u32)>,
    /// The path of each order.
    order_path: Vec<u32>,
    paths: Paths,
}

impl Walk<'_> {
    fn session(
        &mut self,
        events: &Events,
        person: u32,
        channel: u32,
        session: std::ops::Range<usize>,
    ) -> Result<()> {
        let data = events.data()?;
        let orders = events.dim("order_id")?;
        let start = data.time[session.start];
        let money = data.amount.as_ref().zip(events.currency());
        self.close(person, Some(start), money.is_some())?;
        push(&mut self.pending, (start, channel), "paths")?;
        for event in session {
            if data.word(event) != Some(EventWord::Purchase) {
                continue;
            }
            let revenue = money.map(|(amounts, currency)| match amounts[event] {
                BLANK => 0.0,
                minor => currency.major(minor),
            });
            let order = orders.map_or(NO_ID, |dim| dim.codes[event]);
            if order != NO_ID {
                let known = self.order_path[order as usize];
                if known != u32::MAX {
                    if let Some(revenue) = revenue {
                        self.paths.revenue[known as usize] += revenue;
                    }
                    continue;
                }
                self.order_path[order as usize] = self.paths.len() as u32;
            }
            if self.pending.is_empty() {
                push(&mut self.pending, (start, channel), "paths")?;
            }
            self.end(person, data.time[event], 1.0, revenue)?;
        }
        Ok(())
    }

    /// Ends the pending path at `time`, with the touches within lookback.
    fn end(
        &mut self,
        person: u32,
        time: i64,
        conversions: f64,
        revenue: Option<f64>,
    ) -> Result<()> {
        let lookback = self.rules.lookback.micros();
        let last = self.pending.len().saturating_sub(1);
        for (at, (touch, channel)) in self.pending.iter().enumerate() {
            let age = time.saturating_sub(*touch);
            // The last touch is the session of the purchase itself, however long it is.
            if age > lookback && at < last {
                self.paths.too_old += 1;
                continue;
            }
            push(&mut self.paths.touches, *channel, "paths")?;
            push(
                &mut self.paths.ages,
                age as f64 / MICROS_PER_DAY as f64,
                "paths",
            )?;
        }
        self.pending.clear();
        self.paths.end(person, conversions, revenue)
    }

    /// Ends the pending path, if nothing has followed for longer than lookback: until the next touch, or until
    /// `as_of`, after the person's last.
    fn close(&mut self, person: u32, next: Option<i64>, money: bool) -> Result<()> {
        let Some((last, _)) = self.pending.last().copied() else {
            return Ok(());
        };
        let silent = next.unwrap_or(self.as_of).saturating_sub(last);
        if silent > self.rules.lookback.micros() || next.is_none() && self.rules.open == Open::Null
        {
            return self.end(person, last, 0.0, money.then_some(0.0));
        }
        if next.is_none() {
            self.paths.open += 1;
            self.pending.clear();
        }
        Ok(())
    }
}

/// A column of texts that are all written out.
pub(super) fn text_values(texts: Vec<String>) -> Values {
    Values::Text {
        codes: (0..texts.len() as u32).collect(),
        texts: Arc::new(texts),
    }
}
