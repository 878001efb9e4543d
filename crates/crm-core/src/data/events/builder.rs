//! A builder of events, one by one.

use super::dataset::Events;
use super::spec::EventsSpec;
use crate::columns::{Batch, Bits, ColumnData, ColumnValues, Strings};
use crate::context::{Context, collect};
use crate::data::orders::spec::AmountUnit;
use crate::error::Result;
use crate::money::Currency;
use crate::time::Zone;
use crate::words::EventWord;

/// One event; all fields but visitor, time and kind are optional.
#[derive(Debug, Clone, Default)]
pub struct Event {
    texts: [Option<String>; 12],
    amount: Option<i64>,
    quantity: Option<i64>,
}

const COLUMNS: [&str; 12] = [
    "visitor_id",
    "occurred_at",
    "kind",
    "customer_id",
    "page",
    "product",
    "channel",
    "campaign",
    "referrer",
    "order_id",
    "variant",
    "machine",
];

impl Event {
    /// An event of a visitor at a date or time (wall clock in the shop's zone, or all with an
    /// offset).
    pub fn new(visitor: &str, occurred_at: &str, kind: &str) -> Self {
        let mut event = Event::default();
        for (cell, text) in event.texts.iter_mut().zip([visitor, occurred_at, kind]) {
            *cell = Some(text.to_owned());
        }
        event
    }

    fn with(mut self, column: usize, text: &str) -> Self {
        self.texts[column] = Some(text.to_owned());
        self
    }

    /// The customer.
    #[must_use]
    pub fn customer(self, id: &str) -> Self {
        self.with(3, id)
    }

    /// The page.
    #[must_use]
    pub fn page(self, page: &str) -> Self {
        self.with(4, page)
    }

    /// The product.
    #[must_use]
    pub fn product(self, product: &str) -> Self {
        self.with(5, product)
    }

    /// The channel.
    #[must_use]
    pub fn channel(self, channel: &str) -> Self {
        self.with(6, channel)
    }

    /// The campaign.
    #[must_use]
    pub fn campaign(self, campaign: &str) -> Self {
        self.with(7, campaign)
    }

    /// The referrer.
    #[must_use]
    pub fn referrer(self, referrer: &str) -> Self {
        self.with(8, referrer)
    }

    /// The order of a purchase.
    #[must_use]
    pub fn order(self, id: &str) -> Self {
        self.with(9, id)
    }

    /// The variant of a message or an assignment.
    #[must_use]
    pub fn variant(self, variant: &str) -> Self {
        self.with(10, variant)
    }

    /// Whether a machine opened or clicked the message.
    #[must_use]
    pub fn machine(self, machine: bool) -> Self {
        self.with(11, if machine { "true" } else { "false" })
    }

    /// The amount in minor units, all units of the event together.
    #[must_use]
    pub fn amount(mut self, minor: i64) -> Self {
        self.amount = Some(minor);
        self
    }

    /// The quantity.
    #[must_use]
    pub fn quantity(mut self, quantity: i64) -> Self {
        self.quantity = Some(quantity);
        self
    }
}

/// Collects events; see [`Events::builder`]. For dimensions and measures build from columns.
#[derive(Debug)]
pub struct EventsBuilder {
    zone: Zone,
    currency: Option<Currency>,
    kinds: Vec<(String, EventWord)>,
    events: Vec<Event>,
}

impl Events {
    /// A builder for events that come one by one.
    pub fn builder(zone: Zone) -> EventsBuilder {
        EventsBuilder {
            zone,
            currency: None,
            kinds: Vec::new(),
            events: Vec::new(),
        }
    }
}

impl EventsBuilder {
    /// The currency of the amounts, which are read only with one.
    #[must_use]
    pub fn currency(mut self, currency: Currency) -> Self {
        self.currency = Some(currency);
        self
    }

    /// Declares the meaning of one of the shop's own kinds.
    #[must_use]
    pub fn kind(mut self, kind: &str, means: EventWord) -> Self {
        self.kinds.push((kind.to_owned(), means));
        self
    }

    /// Adds an event.
    #[must_use]
    #[allow(clippy::should_implement_trait)]
    pub fn add(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    /// Adds many events.
    #[must_use]
    pub fn extend(mut self, events: impl IntoIterator<Item = Event>) -> Self {
        self.events.extend(events);
        self
    }

    /// Validates and sorts the events.
    ///
    /// # Errors
    ///
    /// The first event whose time cannot be read, and those of [`Events::from_batches`].
    pub fn build(self) -> Result<Events> {
        let mut spec = EventsSpec {
            currency: self.currency,
            amount: self.currency.map(|_| "amount".into()),
            amount_unit: AmountUnit::Minor,
            quantity: Some("quantity".into()),
            kinds: self.kinds.into_iter().collect(),
            timezone: Some(self.zone.to_string()),
            ..EventsSpec::default()
        };
        let mut batch: Batch = Vec::new();
        for (at, name) in COLUMNS.iter().enumerate() {
            let cells = || self.events.iter().map(|e| e.texts[at].as_deref());
            let role = match *name {
                "customer_id" => Some(&mut spec.customer_id),
                "page" => Some(&mut spec.page),
                "product" => Some(&mut spec.product),
                "channel" => Some(&mut spec.channel),
                "campaign" => Some(&mut spec.campaign),
                "referrer" => Some(&mut spec.referrer),
                "order_id" => Some(&mut spec.order_id),
                "variant" => Some(&mut spec.variant),
                "machine" => Some(&mut spec.machine),
                _ => None,
            };
            if let Some(role) = role {
                *role = cells().any(|c| c.is_some()).then(|| (*name).to_owned());
                if role.is_none() {
                    continue;
                }
            }
            let texts = Strings::collect(cells().map(|c| c.unwrap_or_default().as_bytes()))?;
            let values = ColumnValues::Text(texts);
            let valid = Some(Bits::from_bools(cells().map(|c| c.is_some()))?);
            batch.push(((*name).into(), ColumnData { values, valid }));
        }
        let mut number = |name: &str, cell: fn(&Event) -> Option<i64>| -> Result<()> {
            let cells = self.events.iter().map(cell);
            let valid = Some(Bits::from_bools(cells.clone().map(|c| c.is_some()))?);
            let values = collect(cells.map(|c| c.unwrap_or(0)), "events")?.into();
            let values = ColumnValues::Int { values, bits: 64 };
            batch.push((name.into(), ColumnData { values, valid }));
            Ok(())
        };
        number("amount", |e| e.amount)?;
        number("quantity", |e| e.quantity)?;
        Events::from_batches(&spec, &[batch], &Context::default())
    }
}
