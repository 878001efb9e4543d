//! Rates of campaigns (配信効果測定): how many messages were delivered, opened and clicked, and who ordered after them.
//!
//! # Definition
//!
//! A campaign has a row, and with `by` one for each value of these columns of its messages (`sent` events): a column of the
//! log, `weekday`, `hour`. What is done with a message (`bounced`, `opened`, `clicked`, `unsubscribed`, `complained`)
//! belongs to the last message of the campaign that the person was sent before; without one it is left out and counted.
//! Each count is of different people.
//!
//! ```text
//! bounced     people none of whose messages arrived
//! delivered   sent − bounced
//! delivery rate    delivered / sent               click to open   clicked / opened
//! open rate        opened / delivered             click rate      clicked / delivered
//! conversion, unsubscription, complaint           that / delivered
//! ```
//!
//! An order belongs to the last click before it, of any campaign, if it is at most `window` (7 days) ago; with `credit: send`,
//! to the last delivered message (14 days). `converted` are people with such an order. Rates are those of the sums, with
//! Wilson's interval; a rate above 1 (people who clicked without an open) has none.
//!
//! Where the log says which opens and clicks are those of machines (`machine`: mail clients that load pictures, scanners),
//! they are counted apart. Without it all opens count, and the note `machines` says so.
//!
//! Nothing here says what the messages brought: people who click would have bought more anyway. That is
//! [`campaign_effect`](super::campaign_effect).

use super::breakdown::Breakdown;
use super::fields::{CAMPAIGN, SENT};
use super::messages::{Campaigns, Log, too_much};
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, push};
use crate::data::events::kinds;
use crate::data::{Events, Whose};
use crate::error::{Error, Result};
use crate::num::Fraction;
use crate::num::ratio::Ratio;
use crate::request::longer_than_zero;
use crate::scope::Scope;
use crate::table::optional::{ids_column, rate_columns};
use crate::table::shared::{ORDERS, REVENUE};
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::Duration;
use crate::words::EventWord;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Which message an order belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Credit {
    /// The message of the last click before it.
    #[default]
    Click,
    /// The last message that was delivered before it.
    Send,
}

/// Options of [`CampaignRates`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Which message an order belongs to.
    pub credit: Credit,
    /// How long after the click or the message an order counts. Default: none is given; then 7 days after a click, 14 days
    /// after a message.
    pub window: Option<Duration>,
    /// Columns of the messages to break down by: any category of events, `weekday` or `hour`.
    pub by: Vec<String>,
    /// Whose messages and orders belong together. Default: none is said; then customers, if the log has them, else
    /// visitors.
    pub per: Option<Whose>,
    /// Confidence level of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            credit: Credit::Click,
            window: None,
            by: Vec::new(),
            per: None,
            confidence: Fraction::P95,
        }
    }
}

impl Options {
    /// The window, also where none is given.
    fn span(&self) -> Duration {
        let days = match self.credit {
            Credit::Click => 7,
            Credit::Send => 14,
        };
        self.window.unwrap_or(Duration::days(days))
    }
}

/// The analysis `campaign_rates`.
///
/// ```
/// use crm_core::data::Event;
/// use crm_core::{Context, Dataset, Events, Zone, register};
/// let event = |who: &str, at: &str, kind: &str| Event::new(who, at, kind).campaign("spring");
/// let log = Events::builder(Zone::UTC)
///     .add(event("a", "2026-03-01T10:00:00", "sent"))
///     .add(event("b", "2026-03-01T10:00:00", "sent"))
///     .add(event("a", "2026-03-01T11:00:00", "opened"))
///     .add(event("a", "2026-03-01T11:01:00", "clicked"))
///     .add(Event::new("a", "2026-03-03T09:00:00", "purchase"))
///     .build()?;
/// let table = register::run("campaign_rates", &Dataset::Events(&log), "", &Context::default())?;
/// assert_eq!(table.floats("conversion_rate")?.next(), Some(Some(0.5)));
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct CampaignRates;

const BOUNCED: u8 = 1;
const OPENED: u8 = 2;
const CLICKED: u8 = 4;
const UNSUBSCRIBED: u8 = 8;
const COMPLAINED: u8 = 16;
const MACHINE_OPENED: u8 = 32;
const MACHINE_CLICKED: u8 = 64;

/// A message that was sent.
#[derive(Debug, Clone, Copy)]
struct Message {
    event: u32,
    person: u32,
    /// What was done with it.
    done: u8,
    orders: u32,
    /// Minor units.
    revenue: i64,
}

/// The messages of a log.
#[derive(Default)]
struct Messages {
    all: Vec<Message>,
    /// What was done with messages that the log does not have.
    without_message: u64,
    /// Messages after which orders may still come.
    open: u64,
}

/// A row of the result.
#[derive(Debug, Default)]
struct Line {
    /// One of its messages.
    event: usize,
    sent: u64,
    bounced: u64,
    opened: u64,
    clicked: u64,
    unsubscribed: u64,
    complained: u64,
    machine_opened: u64,
    machine_clicked: u64,
    converted: u64,
    orders: u64,
    /// Minor units.
    revenue: i64,
    /// People who clicked and did not open.
    unopened: u64,
}

impl Analysis for CampaignRates {
    const NAME: &'static str = "campaign_rates";
    const SUMMARY: &'static str =
        "Messages of each campaign: delivered, opened, clicked, and the orders after them";
    const JA: &'static str = "配信効果測定";
    const COLUMNS: &'static [Field] = &columns! {
        CAMPAIGN;
        SENT, "People who were sent a message.";
        "bounced": Int, "people", "不達数", "People none of whose messages arrived.";
        "delivered": Int, "people", "到達数", "Sent − bounced.";
        "opened": Int, "people", "開封数", "People who opened one; machines apart, if they are known.";
        "clicked": Int, "people", "クリック数", "People who clicked in one.";
        "unsubscribed": Int, "people", "配信解除数", "People who want no more.";
        "complained": Int, "people", "迷惑報告数", "People who reported one as unwanted.";
        "converted": Int, "people", "購入者数", "People with an order that belongs to a message.";
        REVENUE, "Revenue of these orders; only with amounts.";
        "open_rate": Float, "share", "開封率", "Opened / delivered.";
        "open_rate_low": Float, "share", "開封率(下限)", "Lower end of its interval.";
        "open_rate_high": Float, "share", "開封率(上限)", "Upper end of its interval.";
        "click_rate": Float, "share", "クリック率", "Clicked / delivered (CTR).";
        "click_rate_low": Float, "share", "クリック率(下限)", "Lower end of its interval.";
        "click_rate_high": Float, "share", "クリック率(上限)", "Upper end of its interval.";
        "click_to_open_rate": Float, "share", "反応率", "Clicked / opened (CTOR).";
        "click_to_open_rate_low": Float, "share", "反応率(下限)", "Lower end of its interval; null if more clicked than opened.";
        "click_to_open_rate_high": Float, "share", "反応率(上限)", "Upper end of its interval.";
        "conversion_rate": Float, "share", "購入率", "Converted / delivered.";
        "conversion_rate_low": Float, "share", "購入率下限", "Lower end of its interval.";
        "conversion_rate_high": Float, "share", "購入率上限", "Upper end of its interval.";
        "unsubscribe_rate": Float, "share", "配信解除率", "Unsubscribed / delivered.";
        "unsubscribe_rate_low": Float, "share", "配信解除率(下限)", "Lower end of its interval.";
        "unsubscribe_rate_high": Float, "share", "配信解除率(上限)", "Upper end of its interval.";
        "complaint_rate": Float, "share", "迷惑報告率", "Complained / delivered.";
        "complaint_rate_low": Float, "share", "迷惑報告率(下限)", "Lower end of its interval.";
        "complaint_rate_high": Float, "share", "迷惑報告率(上限)", "Upper end of its interval.";
        "delivery_rate": Float, "share", "到達率", "Delivered / sent.";
        "delivery_rate_low": Float, "share", "到達率(下限)", "Lower end of its interval.";
        "delivery_rate_high": Float, "share", "到達率(上限)", "Upper end of its interval.";
        "revenue_per_delivered": Float, "currency", "到達あたり売上", "Revenue / delivered, major units; only with amounts.";
        ORDERS, "Orders that belong to a message.";
        "machine_opened": Int, "people", "機械開封数", "People for whom a machine opened one; only if machines are known.";
        "machine_clicked": Int, "people", "機械クリック数", "People for whom a machine clicked in one; only if machines are known.";
    };
    /// `where` would take the orders away.
    const SCOPE: &'static [&'static str] = &["as_of"];
    type Data = Events;
    type Options = Options;

    fn resolve(_: &Events, scope: Scope, mut options: Options) -> Result<(Scope, Options)> {
        options.window = Some(options.span());
        Ok((scope, options))
    }

    fn check(_: &Events, options: &Options) -> Result<()> {
        longer_than_zero("window", options.span())
    }

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        use EventWord as W;
        kinds::need(
            events,
            Self::NAME,
            &[W::Sent],
            &[W::Opened, W::Clicked, W::Purchase],
        )?;
        let done = [
            W::Sent,
            W::Bounced,
            W::Opened,
            W::Clicked,
            W::Unsubscribed,
            W::Complained,
        ];
        let campaigns = Campaigns::new(events)?;
        let by = Breakdown::new(events, &options.by)?;
        let log = Log::new(events, options.per, &done, context)?;
        let messages = Messages::new(events, &log, &campaigns, options, context)?;
        let lines = lines(events, &messages, &campaigns, &by)?;
        let machines = match events.dim("machine")? {
            Some(_) => "apart",
            None => "unknown",
        };
        let table = table(Self::COLUMNS, events, &campaigns, &by, &lines, options)?
            .with_note("machines", json!(machines))
            .with_note("without_message", json!(messages.without_message))
            .with_note(
                "clicked_unopened",
                json!(lines.iter().map(|l| l.unopened).sum::<u64>()),
            )
            .with_note("messages_with_open_window", json!(messages.open));
        Ok(log.noted(table))
    }
}

impl Messages {
    fn new(
        events: &Events,
        log: &Log,
        campaigns: &Campaigns,
        options: &Options,
        context: &Context,
    ) -> Result<Messages> {
        let machine = events.dim("machine")?;
        let is_machine =
            |event: usize| machine.is_some_and(|dim| dim.ids.text(dim.codes[event]) == "true");
        let window = options.span().micros();
        let mut messages = Messages::default();
        // By campaign: the person after whom it was sent last, plus 1, and the message.
        let mut latest = filled(campaigns.len(), (0_usize, 0_usize), "campaigns")?;
        let mut clicks: Vec<(i64, usize)> = Vec::new();
        for person in 0..log.len() {
            if person % 4096 == 0 {
                context.check()?;
            }
            clicks.clear();
            let first = messages.all.len();
            for event in log.events(person) {
                let word = log.data.word(event).unwrap_or(EventWord::Purchase);
                if word == EventWord::Purchase {
                    continue;
                }
                let latest = &mut latest[campaigns.of(event)];
                if word == EventWord::Sent {
                    *latest = (person + 1, messages.all.len());
                    messages.sent(event, person)?;
                } else if latest.0 == person + 1 {
                    let done = done(word, || is_machine(event));
                    messages.all[latest.1].done |= done;
                    if done == CLICKED {
                        push(&mut clicks, (log.data.time[event], latest.1), "messages")?;
                    }
                } else {
                    messages.without_message += 1;
                }
            }
            if options.credit == Credit::Send {
                clicks.clear();
                for (at, message) in messages.all.iter().enumerate().skip(first) {
                    if message.done & BOUNCED == 0 {
                        push(
                            &mut clicks,
                            (log.data.time[message.event as usize], at),
                            "messages",
                        )?;
                    }
                }
            }
            for order in log.orders(person) {
                let before = clicks.partition_point(|(time, _)| *time <= order.time);
                let last = before.checked_sub(1).map(|at| clicks[at]);
                let Some((_, at)) = last.filter(|(time, _)| order.time - time <= window) else {
                    continue;
                };
                let message = &mut messages.all[at];
                message.orders += 1;
                let revenue = message.revenue.checked_add(order.amount);
                message.revenue = revenue.ok_or(too_much(events))?;
            }
        }
        let is_open =
            |message: &&Message| events.as_of - log.data.time[message.event as usize] < window;
        messages.open = messages.all.iter().filter(is_open).count() as u64;
        Ok(messages)
    }

    fn sent(&mut self, event: usize, person: usize) -> Result<()> {
        let message = Message {
            event: event as u32,
            person: person as u32,
            done: 0,
            orders: 0,
            revenue: 0,
        };
        push(&mut self.all, message, "messages")
    }
}

/// What an event does with a message.
fn done(word: EventWord, is_machine: impl Fn() -> bool) -> u8 {
    match word {
        EventWord::Bounced => BOUNCED,
        EventWord::Opened if is_machine() => MACHINE_OPENED,
        EventWord::Opened => OPENED,
        EventWord::Clicked if is_machine() => MACHINE_CLICKED,
        EventWord::Clicked => CLICKED,
        EventWord::Unsubscribed => UNSUBSCRIBED,
        _ => COMPLAINED,
    }
}

/// The rows: messages of equal values and campaign, people counted once.
fn lines(
    events: &Events,
    messages: &Messages,
    campaigns: &Campaigns,
    by: &Breakdown,
) -> Result<Vec<Line>> {
    let all = &messages.all;
    let of = |at: &u32| all[*at as usize].event as usize;
    // Messages are by person already, and stay so in each group.
    let groups = by.groups(all.iter().map(|message| message.event as usize), campaigns)?;
    let mut lines = Vec::new();
    for group in groups.iter() {
        let mut line = Line {
            event: of(&group[0]),
            ..Line::default()
        };
        let person = |at: &u32| all[*at as usize].person;
        for own in group.chunk_by(|a, b| person(a) == person(b)) {
            let own = own.iter().map(|at| &all[*at as usize]);
            let (any, every) = own.clone().fold((0, u8::MAX), |(any, every), m| {
                (any | m.done, every & m.done)
            });
            let orders: u64 = own.clone().map(|m| u64::from(m.orders)).sum();
            line.sent += 1;
            line.bounced += u64::from(every & BOUNCED != 0);
            let did = |what: u8| u64::from(any & what != 0);
            line.opened += did(OPENED);
            line.clicked += did(CLICKED);
            line.unopened += did(CLICKED) & (1 - did(OPENED));
            line.unsubscribed += did(UNSUBSCRIBED);
            line.complained += did(COMPLAINED);
            line.machine_opened += did(MACHINE_OPENED);
            line.machine_clicked += did(MACHINE_CLICKED);
            line.converted += u64::from(orders > 0);
            line.orders += orders;
            for message in own {
                let revenue = line.revenue.checked_add(message.revenue);
                line.revenue = revenue.ok_or(too_much(events))?;
            }
        }
        push(&mut lines, line, "campaigns")?;
    }
    Ok(lines)
}

/// The people of a rate, and the people it is of.
type RateOf = fn(&Line) -> (u64, u64);

/// A rate of people; without an interval if there are more than the rate is of.
fn rate(hits: u64, people: u64, level: Fraction) -> Ratio {
    match hits > people && people > 0 {
        true => Ratio {
            value: Some(hits as f64 / people as f64),
            low: None,
            high: None,
            ..Ratio::new(people, people, level)
        },
        false => Ratio::new(hits, people, level),
    }
}

fn table(
    f: &'static [Field],
    events: &Events,
    campaigns: &Campaigns,
    by: &Breakdown,
    lines: &[Line],
    options: &Options,
) -> Result<Table> {
    let firsts = collect(lines.iter().map(|line| line.event), "table")?;
    let mut columns = by.columns(&firsts)?;
    let codes = firsts
        .iter()
        .map(|event| campaigns.code(campaigns.of(*event)));
    columns.push(ids_column(
        &f[0],
        &campaigns.dim.ids,
        collect(codes, "table")?,
    )?);
    let count = |field: &Field, of: fn(&Line) -> u64| {
        let cells = collect(lines.iter().map(|line| of(line) as i64), "table")?;
        Ok::<_, Error>(Column::new(field, Values::I64(cells.into())))
    };
    let delivered = |line: &Line| line.sent - line.bounced;
    let counts: [fn(&Line) -> u64; 8] = [
        |line| line.sent,
        |line| line.bounced,
        |line| line.sent - line.bounced,
        |line| line.opened,
        |line| line.clicked,
        |line| line.unsubscribed,
        |line| line.complained,
        |line| line.converted,
    ];
    for (field, of) in f[1..9].iter().zip(counts) {
        columns.push(count(field, of)?);
    }
    let currency = events.currency().filter(|_| events.spec().amount.is_some());
    if let Some(currency) = currency {
        columns.push(Column::money(
            &f[9],
            lines.iter().map(|line| line.revenue),
            currency,
        )?);
    }
    let rates: [RateOf; 7] = [
        |line| (line.opened, line.sent - line.bounced),
        |line| (line.clicked, line.sent - line.bounced),
        |line| (line.clicked, line.opened),
        |line| (line.converted, line.sent - line.bounced),
        |line| (line.unsubscribed, line.sent - line.bounced),
        |line| (line.complained, line.sent - line.bounced),
        |line| (line.sent - line.bounced, line.sent),
    ];
    for (fields, of) in f[10..31].chunks(3).zip(rates) {
        let rates = lines.iter().map(|line| {
            let (hits, people) = of(line);
            rate(hits, people, options.confidence)
        });
        columns.extend(rate_columns(fields, &collect(rates, "table")?)?);
    }
    if let Some(currency) = currency {
        let per = lines.iter().map(|line| {
            let people = delivered(line);
            (people > 0).then(|| currency.major(line.revenue) / people as f64)
        });
        columns.push(Column::floats(&f[31], per)?);
    }
    columns.push(count(&f[32], |line| line.orders)?);
    if events.dim("machine")?.is_some() {
        columns.push(count(&f[33], |line| line.machine_opened)?);
        columns.push(count(&f[34], |line| line.machine_clicked)?);
    }
    Ok(Table::new(columns))
}
