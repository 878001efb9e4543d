//! Browse abandonment rate (閲覧落ち率), by product, page, channel or hour. [`super::browse_abandonment`] lists the
//! visitors to follow up.
//!
//! # Definition
//!
//! ```text
//! browse      a visitor's product views, each within `wait` of the one before, ended by the first of
//! carted      an add or a checkout                      within `wait` of the last view
//! ordered     a purchase                                within `wait` of the last view
//! abandoned   none of these
//! abandonment_rate = abandoned / browses        browses = carted + ordered + abandoned
//! recovered   abandoned browses with a purchase within `recovery` of the last view
//! ```
//!
//! A browse counts only if its last view is longer than `wait` before `as_of`, whatever its
//! outcome. Otherwise quick purchases would be counted earlier than abandoned views. The variance
//! of the interval is clustered by visitor.
//!
//! # Breakdowns
//!
//! By `product` each product has its own browses: its views, ended by an add, a checkout or a
//! purchase that names the product. A visitor who adds another product has abandoned this one. By
//! `hour` and by any column of events (`page`, `channel`, a dimension) a browse counts under the
//! value of its last view.

use super::breakdown::{Breakdown, Counts, Line, Part};
use super::cart_abandonment::is_product;
use super::parameters::OF_THE_SITE;
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, push};
use crate::data::Events;
use crate::data::events::event_data::EventData;
use crate::data::events::kinds;
use crate::error::Result;
use crate::num::ratio::Ratio;
use crate::table::optional::rate_columns;
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::Duration;
use crate::words::EventWord;
use serde::{Deserialize, Serialize};

/// Options of the rates of browse abandonment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Time without cart, checkout or order after the view. Default 24 hours.
    pub wait: Duration,
    /// Time in which an order recovers an abandoned browse. Default 7 days.
    pub recovery: Duration,
    /// Columns to break down by: `product`, `hour`, or any category of events.
    pub by: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            wait: Duration::days(1),
            recovery: Duration::days(7),
            by: Vec::new(),
        }
    }
}

/// Counts of browses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Browses {
    carted: u64,
    ordered: u64,
    abandoned: u64,
    recovered: u64,
}

/// The outcome of a browse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Carted,
    Ordered,
    Abandoned,
    Recovered,
}

impl Counts for Browses {
    type Of = Fate;

    fn count(&mut self, one: &Fate) {
        self.carted += u64::from(*one == Fate::Carted);
        self.ordered += u64::from(*one == Fate::Ordered);
        self.abandoned += u64::from(matches!(one, Fate::Abandoned | Fate::Recovered));
        self.recovered += u64::from(*one == Fate::Recovered);
    }

    fn abandoned(&self) -> (u64, u64) {
        (self.abandoned, self.abandoned + self.carted + self.ordered)
    }
}

/// The open browse of a visitor, for one product or for all together.
#[derive(Clone, Copy, Default)]
struct Slot {
    /// The visitor's index plus one; 0 for none.
    unit: usize,
    /// The last view of a browse that has not ended.
    open: Option<usize>,
    /// The latest browse that a purchase may still recover, among `Machine::left`.
    left: Option<usize>,
}

/// An abandoned browse: its part, and the previous abandoned browse of the slot.
struct Left {
    part: usize,
    before: Option<usize>,
}

/// Processes the events of one visitor after another.
struct Machine<'a> {
    data: &'a EventData,
    as_of: i64,
    wait: i64,
    recovery: i64,
    slots: Vec<Slot>,
    left: Vec<Left>,
    parts: Vec<Part<Fate>>,
}

impl Machine<'_> {
    fn visitor(&mut self, unit: usize, slot_of: impl Fn(usize) -> usize) -> Result<()> {
        self.left.clear();
        let events = self.data.group(unit);
        for event in events.clone() {
            let word = self.data.word(event);
            use EventWord as W;
            let fate = match word {
                Some(W::ProductView) => None,
                Some(W::Add | W::Checkout) => Some(Fate::Carted),
                Some(W::Purchase) => Some(Fate::Ordered),
                _ => continue,
            };
            let (slot, now) = (slot_of(event), self.data.time[event]);
            if self.slots[slot].unit != unit + 1 {
                self.slots[slot] = Slot {
                    unit: unit + 1,
                    ..Slot::default()
                };
            }
            let open = self.slots[slot].open;
            if let Some(view) = open {
                if now - self.data.time[view] > self.wait {
                    self.leave(slot, view, unit)?;
                } else if let Some(fate) = fate {
                    self.count(view, unit, fate)?;
                }
            }
            self.slots[slot].open = fate.is_none().then_some(event);
            if word == Some(W::Purchase) {
                self.recover(slot, now);
            }
        }
        for event in events {
            // Every open slot is closed at its last view.
            let slot = slot_of(event);
            if self.slots[slot].unit == unit + 1 && self.slots[slot].open == Some(event) {
                self.leave(slot, event, unit)?;
            }
        }
        Ok(())
    }

    /// Counts a browse without outcome within the wait.
    fn leave(&mut self, slot: usize, view: usize, unit: usize) -> Result<()> {
        let before = self.parts.len();
        self.count(view, unit, Fate::Abandoned)?;
        if self.parts.len() > before {
            let left = Left {
                part: before,
                before: self.slots[slot].left,
            };
            push(&mut self.left, left, "browses")?;
            self.slots[slot].left = Some(self.left.len() - 1);
        }
        Ok(())
    }

    /// Counts a browse whose wait has passed.
    fn count(&mut self, view: usize, unit: usize, what: Fate) -> Result<()> {
        if self.as_of.saturating_sub(self.data.time[view]) <= self.wait {
            return Ok(());
        }
        let (event, unit) = (view as u32, unit as u32);
        let part = Part { event, unit, what };
        push(&mut self.parts, part, "browses")
    }

    /// A purchase recovers browses abandoned within `recovery`. Older ones are dropped, since no
    /// later purchase can recover them.
    fn recover(&mut self, slot: usize, now: i64) {
        let mut next = self.slots[slot].left.take();
        while let Some(Left { part, before }) = next.map(|at| &self.left[at]) {
            let part = &mut self.parts[*part];
            if now - self.data.time[part.event as usize] > self.recovery {
                break;
            }
            part.what = Fate::Recovered;
            next = *before;
        }
    }
}

/// The analysis `browse_rates`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct BrowseRates;

impl Analysis for BrowseRates {
    const NAME: &'static str = "browse_rates";
    const SUMMARY: &'static str =
        "Share of product views without a cart or purchase; by product, page, channel, hour";
    const JA: &'static str = "閲覧落ち率";
    const COLUMNS: &'static [Field] = &columns! {
        "browses": Int, "browses", "閲覧機会数", "Browses whose wait is over.";
        "abandoned_browses": Int, "browses", "閲覧落ち数", "Browses without an add, checkout or order in time.";
        "recovered_browses": Int, "browses", "回復数", "Abandoned browses followed by an order later.";
        "browse_abandonment_rate": Float, "share", "閲覧落ち率", "Abandoned / browses.";
        "browse_abandonment_rate_low": Float, "share", "閲覧落ち率下限", "95 %, by visitor.";
        "browse_abandonment_rate_high": Float, "share", "閲覧落ち率上限", "95 %, by visitor.";
        "carted_browses": Int, "browses", "カート追加数", "Browses followed by an add or a checkout in time.";
        "ordered_browses": Int, "browses", "購入数",
            "Browses followed by an order in time, before any add or checkout.";
    };
    const SCOPE: &'static [&'static str] = OF_THE_SITE;
    const VISITS: bool = true;
    type Data = Events;
    type Options = Options;

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        use EventWord as W;
        let possible = [W::Add, W::Checkout, W::Purchase];
        kinds::need(events, Self::NAME, &[W::ProductView], &possible)?;
        crate::request::longer_than_zero("wait", options.wait)?;
        let breakdown = Breakdown::new(events, &options.by)?;
        let product = match options.by.iter().any(|name| is_product(events, name)) {
            true => events.dim("product")?,
            false => None,
        };
        // The last slot is for events without a product, or for everything.
        let last = product.map_or(0, |dim| dim.ids.len());
        let slot_of = |event: usize| product.map_or(last, |d| (d.codes[event] as usize).min(last));
        let data = events.data()?;
        let mut machine = Machine {
            data,
            as_of: events.as_of,
            wait: options.wait.micros(),
            recovery: options.recovery.micros(),
            slots: filled(last + 1, Slot::default(), "browses")?,
            left: Vec::new(),
            parts: Vec::new(),
        };
        for unit in 0..data.units.len() {
            if unit % 4096 == 0 {
                context.check()?;
            }
            machine.visitor(unit, slot_of)?;
        }
        let lines = breakdown.lines::<Browses>(machine.parts)?;
        let mut columns = breakdown.columns(&lines)?;
        let level = crate::num::Fraction::P95;
        let rates = lines.iter().map(|l| Ratio::from_sums(&l.abandoned, level));
        let rates = collect(rates, "table")?;
        let int = |of: fn(&Line<Browses>) -> u64| {
            collect(lines.iter().map(|l| of(l) as i64), "table").map(|v| Values::I64(v.into()))
        };
        let f = Self::COLUMNS;
        columns.push(Column::new(&f[0], int(|l| l.abandoned.trials)?));
        columns.push(Column::new(&f[1], int(|l| l.abandoned.hits)?));
        columns.push(Column::new(&f[2], int(|l| l.counts.recovered)?));
        columns.extend(rate_columns(&f[3..6], &rates)?);
        columns.push(Column::new(&f[6], int(|l| l.counts.carted)?));
        columns.push(Column::new(&f[7], int(|l| l.counts.ordered)?));
        Ok(Table::new(columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Dataset;
    use crate::data::Event;
    use crate::register;
    use crate::table::Cell;
    use crate::time::Zone;

    fn rates(log: &[(&str, &str, &str)], request: &str) -> Vec<Vec<String>> {
        let event = |(at, kind, product): &(&str, &str, &str)| {
            let event = Event::new("v", &format!("2026-03-{at}"), kind);
            if product.is_empty() {
                event
            } else {
                event.product(product)
            }
        };
        let log = log.iter().map(event);
        let events = Events::builder(Zone::UTC).extend(log).build().unwrap();
        let data = Dataset::Events(&events);
        let table = register::run("browse_rates", &data, request, &Context::default()).unwrap();
        let shown = |row: usize| {
            let cells = table.columns().iter().filter_map(|c| match c.cell(row) {
                Cell::Int(v) => Some(v.to_string()),
                Cell::Id(crate::ids::IdRef::Text(text)) => Some(text.into_owned()),
                _ => None,
            });
            cells.collect()
        };
        (0..table.len()).map(shown).collect()
    }

    // browses, abandoned, recovered, carted, ordered.
    const ALL: &str = r#"{"as_of": "2026-03-31"}"#;

    #[test]
    fn browses_by_hand() {
        let view = |at| (at, "product_view", "p");
        let log = [
            view("01T10:00:00"),
            view("02T09:00:00"),         // within the day: the same browse
            ("03T09:00:00", "add", "p"), // exactly a day later: carted
            view("05T10:00:00"),
            ("06T10:00:01", "purchase", "p"), // a second too late: abandoned, then recovered
            view("10T10:00:00"),
            ("17T10:00:00", "purchase", "p"), // seven days exactly
            view("20T10:00:00"),              // never again
            view("31T12:00:00"),              // nobody can judge it yet
        ];
        assert_eq!(rates(&log, ALL), [["4", "3", "2", "1", "0"]]);
        assert_eq!(
            rates(&log[3..5], r#"{"wait": "25h"}"#),
            [["0", "0", "0", "0", "0"]]
        );
        let sooner = r#"{"wait": "25h", "as_of": "2026-03-31"}"#;
        assert_eq!(rates(&log[3..5], sooner), [["1", "0", "0", "0", "1"]]);
    }

    #[test]
    fn by_product_each_has_browses_of_its_own() {
        let log = [
            ("01T10:00:00", "product_view", "p"),
            ("01T10:01:00", "product_view", "q"),
            ("01T10:02:00", "add", "q"),
            ("01T10:03:00", "checkout", ""),
            ("02T12:00:00", "purchase", "p"),
        ];
        assert_eq!(rates(&log, ALL), [["1", "0", "0", "1", "0"]]);
        let by = r#"{"as_of": "2026-03-31", "by": ["product"]}"#;
        assert_eq!(
            rates(&log, by),
            [
                ["p", "1", "1", "1", "0", "0"],
                ["q", "1", "0", "0", "1", "0"]
            ]
        );
    }
}
