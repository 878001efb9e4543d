//! The nodes of a session's path: pages, products or kinds of events, in order.

use super::sessions;
use super::sessions::Cutter;
use crate::columns::Buf;
use crate::context::{Context, collect, filled};
use crate::data::Events;
use crate::data::events::event_data::EventData;
use crate::error::{Error, Result};
use crate::ids::{Ids, NO_ID};
use crate::time::Duration;
use crate::words::EventWord;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// What the nodes of a path are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Of {
    /// Pages of views.
    #[default]
    Page,
    /// Products of views.
    Product,
    /// Kinds of all events.
    Kind,
}

/// Nodes by index: 0 is `(start)`, then the nodes by ascending id, then `(end)`.
pub(crate) struct Nodes<'a> {
    data: &'a EventData,
    of: Of,
    collapse: bool,
    ids: Arc<Ids>,
    codes: Buf<u32>,
    /// The node of each code.
    places: Vec<u32>,
    by_place: Vec<u32>,
    cutter: Cutter<'a>,
}

impl<'a> Nodes<'a> {
    pub(crate) fn new(
        events: &'a Events,
        of: Of,
        collapse: bool,
        timeout: Duration,
        analysis: &'static str,
    ) -> Result<Self> {
        let name = match of {
            Of::Page => "page",
            Of::Product => "product",
            Of::Kind => "kind",
        };
        let data = events.data()?;
        let (ids, codes) = match of {
            Of::Kind => (data.kinds.clone(), data.kind.clone()),
            _ => {
                sessions::need_views(events, analysis)?;
                let dim = events.dim(name)?.ok_or(Error::OptionNeedsColumn {
                    option: "of".into(),
                    value: name.into(),
                    column: name.into(),
                })?;
                (dim.ids.clone(), dim.codes.clone())
            }
        };
        let by_place = collect(ids.by_id()?.iter().copied(), "journeys")?;
        let mut places = filled(by_place.len(), 0, "journeys")?;
        for (place, code) in by_place.iter().enumerate() {
            places[*code as usize] = place as u32 + 1;
        }
        let options = sessions::Options {
            timeout,
            ..sessions::Options::default()
        };
        Ok(Nodes {
            data,
            of,
            collapse,
            ids,
            codes,
            places,
            by_place,
            cutter: Cutter::new(events, &options)?,
        })
    }

    /// The index of `(end)`, which is last.
    pub(crate) fn end(&self) -> u32 {
        self.by_place.len() as u32 + 1
    }

    /// The name of a node.
    pub(crate) fn name(&self, place: u32) -> String {
        match place {
            0 => "(start)".to_owned(),
            place if place == self.end() => "(end)".to_owned(),
            place => self.ids.text(self.by_place[place as usize - 1]),
        }
    }

    /// The node of an event, if it has one.
    #[inline]
    pub(crate) fn station(&self, event: usize) -> Option<u32> {
        let code = self.codes[event];
        let counts = self.of == Of::Kind || sessions::is_view(self.data.word(event));
        (code != NO_ID && counts).then(|| self.places[code as usize])
    }

    /// Calls `each` for each session with the visitor's index, the session's nodes, and whether it
    /// has a purchase. With `to_purchase`, nodes after the first purchase are left out.
    pub(crate) fn walk(
        &self,
        to_purchase: bool,
        context: &Context,
        mut each: impl FnMut(usize, &[u32], bool) -> Result<()>,
    ) -> Result<()> {
        let data = self.data;
        let mut stations: Vec<u32> = Vec::new();
        for unit in 0..data.units.len() {
            if unit % 4096 == 0 {
                context.check()?;
            }
            self.cutter.cut(data.group(unit), |session: Range<usize>| {
                stations.clear();
                crate::context::grow(&mut stations, session.len(), "journeys")?;
                let mut bought = false;
                for event in session {
                    if let Some(station) = self.station(event)
                        && !(self.collapse && stations.last() == Some(&station))
                    {
                        stations.push(station);
                    }
                    if data.word(event) == Some(EventWord::Purchase) {
                        bought = true;
                        if to_purchase {
                            break;
                        }
                    }
                }
                each(unit, &stations, bought)
            })?;
        }
        Ok(())
    }
}
