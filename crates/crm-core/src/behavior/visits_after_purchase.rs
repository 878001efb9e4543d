//! Visits after the last purchase (購入後の来訪): for each buyer, the sessions since the last purchase.
//!
//! # Definition
//!
//! For each visitor (or customer, `per`) with a purchase up to `as_of`: the last purchase, the
//! sessions that began after the session of that purchase, the last of these sessions, and
//!
//! ```text
//! days_since_visit = civil day of as_of − civil day of the last event of that session
//! ```
//!
//! null if there is no such session. Days are days in the shop's zone.

use super::sessions;
use super::sessions::{Cutter, VISITOR_ID};
use crate::analysis::Analysis;
use crate::context::{Context, collect, push};
use crate::data::Events;
use crate::data::events::event_data::EventData;
use crate::data::events::kinds;
use crate::error::Result;
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns};
use crate::time::Duration;
use crate::words::EventWord;
use serde::{Deserialize, Serialize};

/// Options of the visits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Whose visits are counted.
    pub per: Whose,
    /// Inactivity after which the next event opens a new session. Default 30 minutes.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            per: Whose::Visitor,
            timeout: Duration::minutes(30),
        }
    }
}

/// Whose visits are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Whose {
    /// A visitor's.
    #[default]
    Visitor,
    /// A customer's: the visits of all visitors joined to it. Visitors without a customer are left
    /// out.
    Customer,
}

/// The analysis `visits_after_purchase`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct VisitsAfterPurchase;

impl Analysis for VisitsAfterPurchase {
    const NAME: &'static str = "visits_after_purchase";
    const SUMMARY: &'static str =
        "Customers who bought, and the days since their last visit after the purchase";
    const JA: &'static str = "購入後の来訪";
    const COLUMNS: &'static [Field] = &columns! {
        VISITOR_ID;
        CUSTOMER_ID;
        "last_purchase_at": Instant, "", "最終購入日時", "The last purchase.";
        "visits": Int, "sessions", "購入後来訪数", "Sessions since then.";
        "last_visit_at": Instant, "", "最終来訪日時", "Last event of the last of these sessions; null without one.";
        "days_since_visit": Int, "days", "最終来訪からの日数", "as_of − date of the last visit; null without one.";
    };
    const VISITS: bool = true;
    type Data = Events;
    type Options = Options;

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        kinds::need(events, Self::NAME, &[EventWord::Purchase], &[])?;
        let by_customer;
        let (events, of) = match options.per {
            Whose::Visitor => (events, 0),
            Whose::Customer => {
                by_customer = events.by_customer(context)?;
                (&by_customer, 1)
            }
        };
        let data = events.data()?;
        let rows = rows(events, data, options.timeout, context)?;
        let today = data.offsets.day(events.as_of).0;
        let ids = Values::Id {
            ids: events.visitors()?.clone(),
            codes: collect(rows.iter().map(|r| r.0), "table")?,
        };
        let since = rows
            .iter()
            .map(|r| r.3.map(|at| today - data.offsets.day(at).0));
        let f = Self::COLUMNS;
        events.shown(Table::new(vec![
            Column::new(&f[of], ids),
            super::columns::instants_column(&f[2], events, rows.iter().map(|r| Some(r.1)))?,
            Column::new(
                &f[3],
                Values::I32(collect(rows.iter().map(|r| r.2 as i32), "table")?),
            ),
            super::columns::instants_column(&f[4], events, rows.iter().map(|r| r.3))?,
            Column::ints(&f[5], since)?,
        ]))
    }
}

/// Visitor, last purchase, sessions since, last event of the last of them.
type Row = (u32, i64, u32, Option<i64>);

/// The row of each visitor who has bought.
fn rows(
    events: &Events,
    data: &EventData,
    timeout: Duration,
    context: &Context,
) -> Result<Vec<Row>> {
    let rule = sessions::Options {
        timeout,
        ..sessions::Options::default()
    };
    let cutter = Cutter::new(events, &rule)?;
    let mut rows = Vec::new();
    for unit in 0..data.units.len() {
        if unit % 4096 == 0 {
            context.check()?;
        }
        let (mut bought, mut visits, mut last) = (None, 0, None);
        cutter.cut(data.group(unit), |session| {
            let purchase = session
                .clone()
                .rfind(|e| data.word(*e) == Some(EventWord::Purchase));
            match purchase {
                Some(purchase) => (bought, visits, last) = (Some(data.time[purchase]), 0, None),
                None => (visits, last) = (visits + 1, Some(data.time[session.end - 1])),
            }
            Ok(())
        })?;
        if let Some(bought) = bought {
            push(
                &mut rows,
                (data.units[unit], bought, visits, last),
                "visits",
            )?;
        }
    }
    Ok(rows)
}
