//! Browse abandonment (閲覧落ち): visitors who viewed products and put none in the cart.
//!
//! # Definition
//!
//! A visitor's last `product_view` that is followed by no `add`, `checkout` or `purchase` within
//! `wait` (24 hours) makes an *entry* at that view's time plus `wait`. A further product view
//! within the wait restarts the wait. One row for each visitor whose latest entry is at most
//! `max_age` before `as_of`. `suppressed_by` is null for visitors to follow up, else the first of
//!
//! ```text
//! ordered         an order after the view
//! in_cart         a product put in, or a checkout, after the entry
//! recent_order    an order at most `recent_order` (10 days) before the entry
//! reentry         an earlier entry that was not suppressed, less than `reentry` (14 days) before
//! active          an event after the entry, within the last `wait`
//! unknown         no customer is joined to the visitor (only where events name customers)
//! ```
//!
//! [`super::browse_rates`] gives the share of browsing that is abandoned.
//!
//! Orders are orders of the visitor or of any visitor of the same customer. Whether earlier entries
//! were suppressed depends on the visitor's own orders only.

use super::follow_up::{ACTIVE, ORDERED, UNKNOWN, Visitors, customer};
use super::sessions::VISITOR_ID;
use crate::analysis::Analysis;
use crate::behavior::fields::{ABANDONED_AT, PRODUCT};
use crate::context::{Context, collect, push};
use crate::data::Events;
use crate::data::events::event_data::EventData;
use crate::data::events::kinds;
use crate::error::Result;
use crate::ids::NO_ID;
use crate::table::optional::ids_column;
use crate::table::shared::SUPPRESSED_BY;
use crate::table::{CUSTOMER_ID, Column, Field, Label, Table, Values, columns, labels};
use crate::time::Duration;
use crate::words::EventWord;
use serde::{Deserialize, Serialize};

/// Options of browse abandonment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Time without cart, checkout or order after the view. Default 24 hours.
    pub wait: Duration,
    /// Visitors who ordered at most this time before the entry are suppressed. Default 10 days.
    pub recent_order: Duration,
    /// Time until a visitor may enter again. Default 14 days.
    pub reentry: Duration,
    /// Entries longer ago are no longer listed. Default 3 days.
    pub max_age: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            wait: Duration::days(1),
            recent_order: Duration::days(10),
            reentry: Duration::days(14),
            max_age: Duration::days(3),
        }
    }
}

/// The reason not to write to a visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[repr(u8)]
pub enum Suppression {
    /// The visitor or customer has ordered since the view.
    Ordered = 0,
    /// The visitor went on to the cart.
    InCart = 1,
    /// An order shortly before the entry.
    RecentOrder = 2,
    /// An earlier entry shortly before.
    Reentry = 3,
    /// The visitor may be shopping now.
    Active = 4,
    /// The customer is unknown.
    Unknown = 5,
}

impl Suppression {
    /// What people read.
    pub const LABELS: &'static [Label] = labels! {
        ORDERED;
        "in_cart", "Went on to the cart", "カート追加済み";
        "recent_order", "Recent order", "直近購入あり";
        "reentry", "Entered before", "再対象期間前";
        ACTIVE;
        UNKNOWN;
    };
}

/// A visitor's latest entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Abandoned {
    /// The visitor's index among the visitors of the events.
    pub unit: usize,
    /// The last product view.
    pub view: usize,
    /// Product views since the last cart, checkout or order.
    pub views: u32,
    /// The end of the wait, UTC microseconds.
    pub at: i64,
    /// The reason not to follow it up, if there is one.
    pub suppressed_by: Option<Suppression>,
}

/// The latest entry of each visitor that has one within `max_age`.
///
/// # Errors
///
/// A log in which no kind means `product_view`, or in which an unmapped kind may mean another word
/// that is needed; out of memory.
pub fn entries(events: &Events, options: &Options, context: &Context) -> Result<Vec<Abandoned>> {
    use EventWord as W;
    let possible = [W::Add, W::Checkout, W::Purchase];
    kinds::need(
        events,
        BrowseAbandonment::NAME,
        &[W::ProductView],
        &possible,
    )?;
    crate::request::longer_than_zero("wait", options.wait)?;
    let data = events.data()?;
    let visitors = Visitors::new(events)?;
    let mut all = Vec::new();
    for unit in 0..data.units.len() {
        if unit % 4096 == 0 {
            context.check()?;
        }
        let (latest, towards) = latest(events, data, unit, options);
        let Some(mut entry) = latest else { continue };
        if events.as_of.saturating_sub(entry.at) > options.max_age.micros() {
            continue;
        }
        let viewed = data.time[entry.view];
        let last_order = visitors.last_order(unit);
        let since_order = last_order.map(|order| entry.at.saturating_sub(order));
        entry.suppressed_by = if visitors.ordered_after(unit, viewed) {
            Some(Suppression::Ordered)
        } else if towards.is_some_and(|t| t > viewed) {
            Some(Suppression::InCart)
        } else if since_order.is_some_and(|time| time <= options.recent_order.micros()) {
            Some(Suppression::RecentOrder)
        } else if entry.suppressed_by.is_some() {
            entry.suppressed_by
        } else if visitors.last_event(unit) > entry.at && visitors.active_within(unit, options.wait)
        {
            Some(Suppression::Active)
        } else if visitors.is_unknown(unit) {
            Some(Suppression::Unknown)
        } else {
            None
        };
        push(&mut all, entry, "entries")?;
    }
    Ok(all)
}

/// A visitor's latest entry, with the reason against it that follows from earlier entries and the
/// visitor's own orders; and the last add or checkout.
fn latest(
    events: &Events,
    data: &EventData,
    unit: usize,
    options: &Options,
) -> (Option<Abandoned>, Option<i64>) {
    use EventWord as W;
    let wait = options.wait.micros();
    // A view that nothing has followed yet, and the views since the last cart, checkout or order.
    let mut pending: Option<(usize, u32)> = None;
    let mut latest: Option<Abandoned> = None;
    // The visitor's own last order, last entry that was not suppressed, and last add or checkout.
    let (mut order, mut entered, mut towards) = (None::<i64>, None::<i64>, None::<i64>);
    for event in data.group(unit).map(Some).chain([None]) {
        let now = event.map_or(events.as_of, |e| data.time[e]);
        if let Some((view, views)) = pending
            && now.saturating_sub(data.time[view]) > wait
        {
            let at = data.time[view].saturating_add(wait);
            let since = |t: Option<i64>| t.map(|t| at.saturating_sub(t));
            let recent = since(order).is_some_and(|t| t <= options.recent_order.micros());
            let suppressed_by = if recent {
                Some(Suppression::RecentOrder)
            } else if since(entered).is_some_and(|t| t < options.reentry.micros()) {
                Some(Suppression::Reentry)
            } else {
                entered = Some(at);
                None
            };
            latest = Some(Abandoned {
                unit,
                view,
                views,
                at,
                suppressed_by,
            });
            pending = None;
        }
        let Some(event) = event else { break };
        match data.word(event) {
            Some(W::ProductView) => {
                pending = Some((event, pending.map_or(0, |(_, views)| views) + 1));
            }
            Some(W::Add | W::Checkout) => (pending, towards) = (None, Some(now)),
            Some(W::Purchase) => (pending, order) = (None, Some(now)),
            _ => {}
        }
    }
    (latest, towards)
}

/// The analysis `browse_abandonment`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct BrowseAbandonment;

impl Analysis for BrowseAbandonment {
    const NAME: &'static str = "browse_abandonment";
    const SUMMARY: &'static str = "Visitors who viewed products without a cart or purchase, and reasons against writing to some";
    const JA: &'static str = "閲覧落ち";
    const NEEDS_AS_OF: bool = true;
    const COLUMNS: &'static [Field] = &columns! {
        VISITOR_ID;
        CUSTOMER_ID;
        PRODUCT, "The product viewed last; only with products.";
        "viewed_at": Instant, "", "閲覧日時", "Time of its last view.";
        ABANDONED_AT, "Time when the wait was over.";
        "product_views": Int, "views", "商品閲覧数", "Product views until then.";
        SUPPRESSED_BY, "Reason not to write; null for visitors to follow up.";
    };
    const VISITS: bool = true;
    type Data = Events;
    type Options = Options;

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let all = entries(events, options, context)?;
        let data = events.data()?;
        let visitors = Values::Id {
            ids: events.visitors()?.clone(),
            codes: collect(all.iter().map(|e| data.units[e.unit]), "table")?,
        };
        let f = Self::COLUMNS;
        let mut columns = vec![Column::new(&f[0], visitors)];
        if let Some(joined) = &data.customer {
            let codes = all.iter().map(|e| customer(data, e.unit).unwrap_or(NO_ID));
            let codes = collect(codes, "table")?;
            columns.push(ids_column(&f[1], &joined.ids, codes)?);
        }
        if let Some(dim) = events.dim("product")? {
            let codes = collect(all.iter().map(|e| dim.codes[e.view]), "table")?;
            columns.push(ids_column(&f[2], &dim.ids, codes)?);
        }
        let viewed = all.iter().map(|e| Some(data.time[e.view]));
        columns.push(super::columns::instants_column(&f[3], events, viewed)?);
        columns.push(super::columns::instants_column(
            &f[4],
            events,
            all.iter().map(|e| Some(e.at)),
        )?);
        let views = collect(all.iter().map(|e| e.views as i32), "table")?;
        columns.push(Column::new(&f[5], Values::I32(views)));
        let reasons = all
            .iter()
            .map(|e| e.suppressed_by.map(|reason| reason as u8));
        columns.push(Column::words(&f[6], Suppression::LABELS, reasons)?);
        Ok(Table::new(columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Event;
    use crate::time::Zone;

    fn listed(log: &[(&str, &str)], as_of: &str) -> Option<(i64, Option<Suppression>)> {
        let event = |(at, kind): &(&str, &str)| Event::new("v", &format!("2026-03-{at}"), kind);
        let events = Events::builder(Zone::UTC)
            .extend(log.iter().map(event))
            .build()
            .unwrap();
        let moment: crate::Moment = format!("2026-03-{as_of}").try_into().unwrap();
        let events = events
            .up_to(
                moment.instant(&events.data().unwrap().offsets),
                &Context::default(),
            )
            .unwrap();
        let all = entries(&events, &Options::default(), &Context::default()).unwrap();
        let day = 86_400_000_000;
        let first: crate::Day = "2026-03-01".parse().unwrap();
        all.first()
            .map(|e| ((e.at - i64::from(first.0) * day) / day + 1, e.suppressed_by))
    }

    #[test]
    fn entries_by_hand() {
        let view = ("10T12:00:00", "product_view");
        assert_eq!(listed(&[view], "11T12:00:00"), None); // a day exactly: not yet passed
        assert_eq!(listed(&[view], "11T12:00:01"), Some((11, None)));
        assert_eq!(listed(&[view], "15T12:00:00"), None); // too long ago
        let add = ("10T20:00:00", "add");
        assert_eq!(listed(&[view, add], "12T12:00:00"), None);
        let late = ("11T20:00:00", "add");
        assert_eq!(
            listed(&[view, late], "12T12:00:00"),
            Some((11, Some(Suppression::InCart)))
        );
        let order = ("02T12:00:00", "purchase");
        assert_eq!(
            listed(&[order, view], "12T12:00:00"),
            Some((11, Some(Suppression::RecentOrder)))
        );
        let order = ("01T12:00:00", "purchase"); // ten days before the entry to the microsecond
        assert_eq!(
            listed(&[order, view], "12T12:00:00"),
            Some((11, Some(Suppression::RecentOrder)))
        );
        let order = ("01T11:59:59.999999", "purchase");
        assert_eq!(listed(&[order, view], "12T12:00:00"), Some((11, None)));
        let before = ("05T12:00:00", "product_view");
        assert_eq!(
            listed(&[before, view], "12T12:00:00"),
            Some((11, Some(Suppression::Reentry)))
        );
    }
}
