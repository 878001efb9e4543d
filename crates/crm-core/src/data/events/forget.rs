//! Events without some people: what a shop does when somebody asks to be deleted (個人情報の削除請求).

use super::dataset::Events;
use super::event_data::EventData;
use crate::columns::Buf;
use crate::context::{Context, filled, room};
use crate::data::input::batches::{only_used, pick};
use crate::data::state::Asked;
use crate::error::{Error, Result};
use crate::ids::{Ids, NO_ID};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Whose events are meant: [`Events::forget`] takes ids of them, analyses of messages put their events together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Whose {
    /// Customers: the events joined to them.
    #[default]
    Customer,
    /// Visitors: all their events.
    Visitor,
}

/// What [`Events::forget`] has taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EventsReceipt {
    /// Customers or visitors that had events.
    pub found: u64,
    /// Ids that nobody has.
    pub unknown: u64,
    /// Events.
    pub events: u64,
}

impl Events {
    /// The events without these people, as if built from rows that never had them: their events, their ids, and what
    /// only they had of kinds and dimensions. Events of a customer are those of visitors joined to the customer, also
    /// before the login. On a shared device events joined to another customer stay. Rows that were left out of the
    /// import stay counted, because their visitors are not known.
    ///
    /// `ids` are JSON numbers or texts. An id given twice counts once.
    ///
    /// ```
    /// use crm_core::data::{Event, Whose};
    /// use crm_core::{Context, Events, Zone};
    /// let events = Events::builder(Zone::parse("Asia/Tokyo")?)
    ///     .add(Event::new("v1", "2026-01-05T23:30:00", "view"))
    ///     .add(Event::new("v1", "2026-01-05T23:40:00", "purchase").customer("hanako"))
    ///     .add(Event::new("v2", "2026-01-06T08:00:00", "view"))
    ///     .build()?;
    /// let (rest, receipt) = events.forget(&["hanako".into()], Whose::Customer, &Context::default())?;
    /// assert_eq!((rest.len(), receipt.found, receipt.events), (1, 1, 2));
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A view; ids of another type than came in; customers of a log without a customer column.
    pub fn forget(
        &self,
        ids: &[serde_json::Value],
        whose: Whose,
        context: &Context,
    ) -> Result<(Events, EventsReceipt)> {
        let data = self.whole_data("forget")?;
        let units: Buf<u32> = data.unit_of_events()?.into();
        let (dictionary, of_event): (&Ids, &[u32]) = match (whose, &data.customer) {
            (Whose::Visitor, _) => (&data.visitors, &units),
            (Whose::Customer, Some(joined)) => (&joined.ids, &joined.codes),
            (Whose::Customer, None) => {
                return Err(Error::OptionNeedsColumn {
                    option: "whose".into(),
                    value: "customer".into(),
                    column: "customer_id".into(),
                });
            }
        };
        let mut known = filled(dictionary.len(), false, "ids")?;
        for code in of_event.iter().filter(|code| **code != NO_ID) {
            known[*code as usize] = true;
        }
        let asked = Asked::new(ids, dictionary, |code| known[code as usize])?;
        let mut keep = room(of_event.len(), "events")?;
        let stays = |code: u32| code == NO_ID || !asked.marked[code as usize];
        keep.extend((0..of_event.len() as u32).filter(|event| stays(of_event[*event as usize])));
        let receipt = EventsReceipt {
            found: asked.found.len() as u64,
            unknown: asked.unknown,
            events: (of_event.len() - keep.len()) as u64,
        };
        let mut rest = data.clone();
        rest.pick(&keep)?;
        rest.units = pick(&units, &keep)?;
        rest.starts = Vec::new().into();
        let mut rest = Events::arranged(rest.only_used(context)?, self.spec.clone(), context)?;
        rest.understood = self.understood.clone();
        Ok((rest, receipt))
    }
}

impl EventData {
    /// The events with dictionaries of what they hold and nothing else; visitors are not yet joined.
    fn only_used(mut self, context: &Context) -> Result<EventData> {
        let used = |ids: &mut Arc<Ids>, codes: &mut Buf<u32>| -> Result<()> {
            (*ids, *codes) = only_used(ids, codes, context)?;
            Ok(())
        };
        used(&mut self.visitors, &mut self.units)?;
        used(&mut self.kinds, &mut self.kind)?;
        if let Some(joined) = &mut self.customer {
            used(&mut joined.ids, &mut joined.own)?;
            joined.codes = Vec::new().into();
        }
        for dim in &mut self.dims {
            used(&mut dim.ids, &mut dim.codes)?;
        }
        Ok(self)
    }
}
