//! Saved events: the validated rows and what is needed to make the same events of them again.

use super::dataset::{Events, dim_names};
use super::event_data::{EventData, EventDim, Joined, LeftOut, Measure, meaning};
use super::spec::EventsSpec;
use crate::bytes::{Kind, Reader, Writer, broken};
use crate::columns::Buf;
use crate::context::{Context, collect, push};
use crate::data::blocks::BLANK;
use crate::data::input::parse::Reason;
use crate::data::state::{MOST, known_codes, load_understood, save_understood};
use crate::error::{Error, Result};
use crate::ids::{Ids, NO_ID};
use crate::time::{MAX_MICROS, MIN_MICROS, Offsets, Zone};
use crate::words::EventWord;
use std::sync::Arc;

impl Events {
    /// The events as bytes, to be read by [`Events::from_bytes`]: rows and settings. The ids, and what dimensions
    /// hold, are in them as they came in.
    ///
    /// ```
    /// use crm_core::data::Event;
    /// use crm_core::{Context, Events, Zone};
    /// let events = Events::builder(Zone::parse("Asia/Tokyo")?)
    ///     .add(Event::new("v1", "2026-01-05T23:30:00", "view"))
    ///     .build()?;
    /// let again = Events::from_bytes(&events.to_bytes()?, &Context::default())?;
    /// assert_eq!(again.len(), 1);
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A view; [`Error::OutOfMemory`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let data = self.whole_data("to_bytes")?;
        let mut to = Writer::new(Kind::Events)?;
        to.text(env!("CARGO_PKG_VERSION"))?;
        to.json(self.spec.as_ref())?;
        to.text(&self.zone().to_string())?;
        let n = data.time.len();
        to.number(n as u64)?;
        data.visitors.save(n, &mut to)?;
        to.column(&data.unit_of_events()?)?;
        to.column(&data.time)?;
        save_codes((&data.kinds, &data.kind), &mut to)?;
        if let Some(customer) = &data.customer {
            save_codes((&customer.ids, &customer.own), &mut to)?;
        }
        for dim in &data.dims {
            save_codes((&dim.ids, &dim.codes), &mut to)?;
        }
        if let Some(amount) = &data.amount {
            to.column(amount)?;
        }
        if let Some(quantity) = &data.quantity {
            to.column(quantity)?;
        }
        for measure in &data.measures {
            let bits = measure.values.iter().map(|value| value.to_bits());
            to.column(&collect(bits, "saved state")?)?;
        }
        to.number(data.left_out.len() as u32)?;
        for (reason, rows) in &data.left_out {
            to.number(*reason as u8)?;
            to.number(*rows)?;
        }
        to.number(data.rounded)?;
        save_understood(&self.understood, &mut to)?;
        to.finish()
    }

    /// Events that [`Events::to_bytes`] has written. Every analysis gives the same bits of them.
    ///
    /// # Errors
    ///
    /// [`Error::State`]: bytes that are no such state, cut short, changed, of another format or kind, or that hold
    /// what events cannot hold. Everything that building from columns checks is checked.
    pub fn from_bytes(bytes: &[u8], context: &Context) -> Result<Events> {
        context.afford(bytes.len(), "events")?;
        let mut from = Reader::new(Kind::Events, bytes)?;
        let _version = from.text()?;
        let spec: EventsSpec = from.json()?;
        spec.check()?;
        let zone = Zone::parse(&from.text()?).map_err(|_| broken("its zone is not known"))?;
        let raw = EventData::load(&spec, zone, &mut from, context)?;
        let understood = load_understood(&mut from)?;
        from.finish()?;
        let mut events = Events::arranged(raw, Arc::new(spec), context)?;
        events.understood = Arc::new(understood);
        Ok(events)
    }

    /// The columns, unless this is a view. `by` is the function's name.
    pub(super) fn whole_data(&self, by: &str) -> Result<&EventData> {
        match self.whole {
            true => self.data(),
            false => Err(Error::option(by, "", "a whole log, not a view")),
        }
    }
}

impl EventData {
    /// The columns of a state as columns of the input are, with the visitor of each event in `units`.
    fn load(
        spec: &EventsSpec,
        zone: Zone,
        from: &mut Reader<'_>,
        context: &Context,
    ) -> Result<EventData> {
        let n = usize::try_from(from.number::<u64>()?).unwrap_or(usize::MAX);
        if n >= NO_ID as usize {
            return Err(broken("it has more events than there can be"));
        }
        let codes = |blank: bool, from: &mut Reader<'_>| {
            let ids = Ids::load(n, from, context)?;
            let codes = from.rows::<u32>(n)?;
            known_codes(&codes, &ids, blank)?;
            Ok::<_, Error>((Arc::new(ids), Buf::from(codes)))
        };
        let (visitors, units) = codes(false, from)?;
        let time = from.rows::<i64>(n)?;
        if !(time.iter()).all(|t| *t != BLANK && (MIN_MICROS..=MAX_MICROS).contains(t)) {
            return Err(broken("a time is outside the years 1 to 9999"));
        }
        let (kinds, kind) = codes(false, from)?;
        let customer = match &spec.customer_id {
            Some(_) => {
                let (ids, own) = codes(true, from)?;
                let codes = Vec::new().into();
                Some(Joined { ids, codes, own })
            }
            None => None,
        };
        let mut dims = Vec::new();
        for name in dim_names(spec) {
            let (ids, codes) = codes(true, from)?;
            let name = name.to_owned();
            push(&mut dims, EventDim { name, ids, codes }, "saved state")?;
        }
        let amount = match spec.amount.is_some() {
            true => Some(from.rows::<i64>(n)?),
            false => None,
        };
        let is_negative = |(amount, kind): (&i64, &u32)| {
            *amount < 0 && *amount != BLANK && meaning(spec, &kinds, *kind) == Some(EventWord::Add)
        };
        let mut amounts = amount.iter().flatten().zip(kind.iter());
        if amounts.any(is_negative) {
            return Err(broken("an amount has the wrong sign"));
        }
        let quantity = match spec.quantity.is_some() {
            true => Some(from.rows::<u32>(n)?),
            false => None,
        };
        let mut measures = Vec::new();
        for name in &spec.measures {
            let bits = from.rows::<u64>(n)?;
            let values = collect(bits.iter().map(|bits| f64::from_bits(*bits)), "saved state")?;
            if values.iter().any(|value| value.is_infinite()) {
                return Err(broken("a measure is no finite number"));
            }
            let (name, values) = (name.clone(), values.into());
            push(&mut measures, Measure { name, values }, "saved state")?;
        }
        let left_out = load_left_out(from)?;
        let rounded = from.number::<u64>()?;
        if rounded >= MOST {
            return Err(broken("a count is not what it says"));
        }
        let span = time
            .iter()
            .fold(None, |span: Option<(i64, i64)>, t| match span {
                Some((low, high)) => Some((low.min(*t), high.max(*t))),
                None => Some((*t, *t)),
            });
        let (first, last) = span.unwrap_or((0, 0));
        Ok(EventData {
            visitors,
            units,
            starts: Vec::new().into(),
            time: time.into(),
            kinds,
            kind,
            words: Arc::new(Vec::new()),
            customer,
            dims,
            amount: amount.map(Buf::from),
            quantity: quantity.map(Buf::from),
            measures,
            at_one_instant: 0,
            offsets: Offsets::new(zone, first, last),
            left_out,
            rounded,
        })
    }
}

fn save_codes((ids, codes): (&Ids, &[u32]), to: &mut Writer) -> Result<()> {
    ids.save(codes.len(), to)?;
    to.column(codes)
}

fn load_left_out(from: &mut Reader<'_>) -> Result<LeftOut> {
    let count = from.number::<u32>()?;
    let mut all = LeftOut::new();
    for _ in 0..count {
        let reason = Reason::of_code(from.number::<u8>()?);
        let reason = reason.ok_or_else(|| broken("a reason is not known"))?;
        let rows = from.number::<u64>()?;
        let follows = all.last().is_none_or(|(last, _)| *last < reason);
        if !follows || rows >= MOST {
            return Err(broken("rows that were left out do not add up"));
        }
        push(&mut all, (reason, rows), "saved state")?;
    }
    Ok(all)
}
