//! What lists of visitors to write to share: the visitors' last orders, and the reasons against
//! writing that hold for every list.

use crate::context::filled;
use crate::data::Events;
use crate::data::events::event_data::EventData;
use crate::error::Result;
use crate::ids::NO_ID;
use crate::table::Label;
use crate::time::Duration;
use crate::words::EventWord;

/// The labels of the reasons against writing that hold for every list.
pub(super) const ORDERED: Label = Label {
    code: "ordered",
    en: "Ordered since",
    ja: "購入済み",
};
pub(super) const ACTIVE: Label = Label {
    code: "active",
    en: "Active now",
    ja: "閲覧中",
};
pub(super) const UNKNOWN: Label = Label {
    code: "unknown",
    en: "Unknown visitor",
    ja: "会員不明",
};

/// The visitors of a log, by index, as they are known at its `as_of`.
pub(super) struct Visitors<'a> {
    events: &'a Events,
    data: &'a EventData,
    last_orders: Vec<Option<i64>>,
}

impl<'a> Visitors<'a> {
    pub(super) fn new(events: &'a Events) -> Result<Self> {
        Ok(Visitors {
            events,
            data: events.data()?,
            last_orders: last_orders(events)?,
        })
    }

    /// The last order of a visitor, or of any visitor of the same customer.
    pub(super) fn last_order(&self, unit: usize) -> Option<i64> {
        self.last_orders[unit]
    }

    /// Whether the visitor, or the customer, ordered after an instant.
    pub(super) fn ordered_after(&self, unit: usize, instant: i64) -> bool {
        self.last_order(unit).is_some_and(|order| order > instant)
    }

    /// The visitor's last event.
    pub(super) fn last_event(&self, unit: usize) -> i64 {
        self.data.time[self.data.group(unit).end - 1]
    }

    /// Whether the visitor had an event within this time before `as_of`, and may be shopping now.
    pub(super) fn active_within(&self, unit: usize, time: Duration) -> bool {
        let silence = self.events.as_of.saturating_sub(self.last_event(unit));
        silence <= time.micros()
    }

    /// Whether no customer is joined to the visitor, in a log that names customers.
    pub(super) fn is_unknown(&self, unit: usize) -> bool {
        self.data.customer.is_some() && customer(self.data, unit).is_none()
    }
}

/// The last order of each visitor, or of the customer joined to it, by the visitor's index.
fn last_orders(events: &Events) -> Result<Vec<Option<i64>>> {
    let data = events.data()?;
    let mut of_unit = filled(data.units.len(), None, "orders of visitors")?;
    let customers = data.customer.as_ref();
    let mut of_customer = filled(
        customers.map_or(0, |joined| joined.ids.len()),
        None,
        "orders of customers",
    )?;
    for (unit, last) in of_unit.iter_mut().enumerate() {
        for event in data.group(unit) {
            if data.word(event) == Some(EventWord::Purchase) {
                let time = Some(data.time[event]);
                *last = time;
                if let Some(code) = customers.map(|c| c.codes[event]).filter(|c| *c != NO_ID) {
                    let last = &mut of_customer[code as usize];
                    *last = time.max(*last);
                }
            }
        }
    }
    for (unit, last) in of_unit.iter_mut().enumerate() {
        if let Some(code) = customer(data, unit) {
            *last = of_customer[code as usize].max(*last);
        }
    }
    Ok(of_unit)
}

/// The customer who was joined to a visitor last.
pub(super) fn customer(data: &EventData, unit: usize) -> Option<u32> {
    let joined = data.customer.as_ref()?;
    let code = joined.codes[data.group(unit).end - 1];
    (code != NO_ID).then_some(code)
}
