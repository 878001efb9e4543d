//! What rules would have sent (配信シミュレーション): the past days run again, so that rules are tuned before the first mail.
//!
//! # Definition
//!
//! On each of the last `days` days, `as_of` included, [`candidates`](super::candidates) finds what is due among the orders
//! up to that day, and [`decide`](super::decide) decides at `at` o'clock on the clocks of the rules' zone. What it sends and
//! holds out is added to the log of messages, under its key, for the days after. The log begins empty, `warm_up` days
//! before, which are not in the result: else the first day would have what was due in the days before it.
//!
//! ```text
//! candidates  = sent + held_out + capped + grouped + over_budget + quiet + skipped
//! ```
//!
//! Candidates whose key was sent or held out on an earlier day are not counted. One that is held waits as a candidate of
//! the next day, and counts there again.
//!
//! What customers would have done with the messages is not simulated: they order as they did. Orders have their state of
//! today: one that was cancelled later is not seen on the days before, either.

use super::candidates::{Candidates, Trigger};
use super::decide::Decide;
use super::fields::TRIGGER;
use super::rules::Written;
use crate::analysis::Analysis;
use crate::context::{Context, filled, push};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::ids::Ids;
use crate::scope::{At, Occasion};
use crate::table::{Cell, Column, Field, Table, Values, columns};
use crate::time::{Day, MICROS_PER_DAY, Moment, Offsets, Zone};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Options of [`SimulateRules`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The triggers. Default: `step`, `registered`, `second_purchase`, `review` and `win_back`, as they are.
    pub triggers: Vec<Trigger>,
    /// The rules of `decide`. Default: `{}`, at most 1 message a day and 3 in 7 days.
    pub rules: Value,
    /// Days that are simulated, 1 to 3660. Default 90.
    pub days: u32,
    /// Days that are simulated before and not shown. Default 7.
    pub warm_up: u32,
    /// The time of day of the run, on the clocks of the rules' zone. Default "10:00".
    pub at: String,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            triggers: super::candidates::Options::default().triggers,
            rules: json!({}),
            days: 90,
            warm_up: 7,
            at: "10:00".into(),
        }
    }
}

/// The analysis `simulate_rules`.
#[derive(Debug, Clone, Copy)]
pub struct SimulateRules;

impl Analysis for SimulateRules {
    const NAME: &'static str = "simulate_rules";
    const SUMMARY: &'static str = "What triggers and rules would have sent on each of the past days, and what held the rest back";
    const JA: &'static str = "配信シミュレーション";
    const COLUMNS: &'static [Field] = &columns! {
        "date": Date, "", "日付", "The day of the run.";
        TRIGGER;
        "candidates": Int, "messages", "配信候補数", "Candidates whose key was not sent or held out before.";
        "sent": Int, "messages", "配信数", "Messages that would have been sent.";
        "held_out": Int, "messages", "比較群数", "Held out for comparison.";
        "capped": Int, "messages", "配信上限", "Held by a frequency cap.";
        "grouped": Int, "messages", "同一グループ配信済み", "Held because another message of their group was sent.";
        "over_budget": Int, "messages", "予算上限", "Held because the budget of the run was used up.";
        "quiet": Int, "messages", "配信停止時間帯", "Held because the run was in quiet hours.";
        "skipped": Int, "messages", "見送り", "Skipped for any other reason.";
    };
    const NEEDS_AS_OF: bool = true;
    const OCCASION: Option<Occasion> = None;
    const SCOPE: &'static [&'static str] = &["as_of", "where", "by", "policy", "basis", "refunds"];
    type Data = Orders;
    type Options = Options;

    fn check(orders: &Orders, options: &Options) -> Result<()> {
        Candidates::check(orders, &candidates(options))?;
        Written::read(&options.rules)?;
        time_of_day(&options.at)?;
        let range = |name: &str, days: u32, least: u32| match (least..=3660).contains(&days) {
            true => Ok(()),
            false => Err(Error::option(name, days, format!("{least} to 3660 days"))),
        };
        range("days", options.days, 1)?;
        range("warm_up", options.warm_up, 0)
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let zone = Written::read(&options.rules)?.zone;
        let time = time_of_day(&options.at)?;
        let mut log = Log::default();
        let mut lines = Vec::new();
        let days = options.days as i32;
        let first = at.day.0.saturating_sub(days - 1);
        for day in first.saturating_sub(options.warm_up as i32)..=at.day.0 {
            context.check()?;
            let context = &context.uncounted();
            let now = Moment::Wall(i64::from(day) * MICROS_PER_DAY + time);
            let day_of = At {
                day: Day(day),
                ..*at
            };
            let found = Candidates::run(orders, &day_of, &candidates(options), context)?;
            let decided = super::decide::Options {
                now: Some(now),
                rules: options.rules.clone(),
            };
            let table = log.with_candidates(&found, zone)?;
            let decisions = Decide::run(&table, &(), &decided, context)?;
            let instant = now.instant(&near(now, zone));
            let counts = log.take(&decisions, instant)?;
            if day >= first {
                for (trigger, line) in counts {
                    push(&mut lines, (day, trigger, line), "simulation")?;
                }
            }
        }
        table(&lines)
    }
}

fn candidates(options: &Options) -> super::candidates::Options {
    super::candidates::Options {
        triggers: options.triggers.clone(),
    }
}

/// The offsets around an instant.
fn near(now: Moment, zone: Zone) -> Offsets {
    let at = match now {
        Moment::Day(day) => i64::from(day.0) * MICROS_PER_DAY,
        Moment::Instant(at) | Moment::Wall(at) => at,
    };
    Offsets::new(zone, at - 2 * MICROS_PER_DAY, at + 2 * MICROS_PER_DAY)
}

/// Microseconds after midnight.
fn time_of_day(text: &str) -> Result<i64> {
    let two = |digits: &str| {
        let plain = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<i64>().ok().filter(|_| plain)
    };
    let time = text.split_once(':').and_then(|(hour, minute)| {
        let (hour, minute) = (two(hour)?, two(minute)?);
        (hour < 24 && minute < 60).then_some((hour * 60 + minute) * 60_000_000)
    });
    time.ok_or_else(|| Error::option("at", json!(text), "a time of day such as \"10:00\""))
}

/// Candidates of a trigger on a day, by what became of them.
type Line = [i32; 8];

const CANDIDATES: usize = 0;
const SENT: usize = 1;
const SKIPPED: usize = 7;

/// The place of a reason in a line; `None` for candidates that were done with before.
fn place(reason: Option<&str>) -> Option<usize> {
    Some(match reason {
        None => SENT,
        Some("already_sent" | "held_out_before") => return None,
        Some("holdout") => 2,
        Some("cap") => 3,
        Some("group") => 4,
        Some("budget") => 5,
        Some("quiet_hours") => 6,
        Some(_) => SKIPPED,
    })
}

/// The simulated messages.
#[derive(Default)]
struct Log {
    customers: Vec<u32>,
    triggers: Vec<String>,
    keys: Vec<String>,
    channels: Vec<String>,
    is_sent: Vec<bool>,
    at: Vec<i64>,
}

/// A column of few texts.
#[derive(Default)]
struct Texts {
    places: BTreeMap<String, u32>,
    texts: Vec<String>,
    codes: Vec<u32>,
    valid: Vec<bool>,
}

impl Texts {
    fn add(&mut self, text: Option<&str>) -> Result<()> {
        let code = match text.map(|text| (text, self.places.get(text))) {
            None => 0,
            Some((_, Some(code))) => *code,
            Some((text, None)) => {
                let code = self.texts.len() as u32;
                self.places.insert(text.to_owned(), code);
                push(&mut self.texts, text.to_owned(), "simulation")?;
                code
            }
        };
        push(&mut self.codes, code, "simulation")?;
        push(&mut self.valid, text.is_some(), "simulation")
    }

    fn values(mut self) -> (Values, Vec<bool>) {
        // The code of a null cell is that of a text.
        self.texts.resize(self.texts.len().max(1), String::new());
        let texts = Arc::new(self.texts);
        let codes = self.codes;
        (Values::Text { codes, texts }, self.valid)
    }

    fn column(self, name: &str) -> Column {
        let (values, valid) = self.values();
        Column::named(name, values).with_validity(valid)
    }
}

impl Log {
    /// The table that `decide` reads: the candidates, and the messages under them.
    fn with_candidates(&self, found: &Table, zone: Zone) -> Result<Table> {
        let (above, n) = (found.len(), self.customers.len());
        let (ids, codes) = customers(found)?;
        let codes = codes.iter().copied().chain(self.customers.iter().copied());
        let codes: Vec<u32> = codes.collect();
        let mut columns = vec![Column::named(
            "customer_id",
            Values::Id {
                ids: ids.clone(),
                codes,
            },
        )];
        for (name, own) in [
            ("trigger", Some(&self.triggers)),
            ("dedupe_key", Some(&self.keys)),
            ("excluded_by", None),
        ] {
            let mut texts = Texts::default();
            for cell in found.words(name)? {
                texts.add(cell)?;
            }
            for row in 0..n {
                texts.add(own.map(|own| own[row].as_str()))?;
            }
            columns.push(texts.column(name));
        }
        for name in ["due_at", "expires_at", "last_order_at"] {
            let cells = found.days(name)?.chain((0..n).map(|_| None));
            let cells: Vec<Option<Day>> = cells.collect();
            let days = cells.iter().map(|day| day.map_or(0, |day| day.0)).collect();
            let valid = cells.iter().map(Option::is_some).collect();
            columns.push(Column::named(name, Values::Date(days)).with_validity(valid));
        }
        let values = found.money("value")?.map(|value| value.unwrap_or(0) as f64);
        let values: Vec<f64> = values.chain((0..n).map(|_| 0.0)).collect();
        columns.push(Column::named("value", Values::F64(values.into())));
        let (mut kinds, mut channels) = (Texts::default(), Texts::default());
        for _ in 0..above {
            kinds.add(None)?;
            channels.add(None)?;
        }
        for row in 0..n {
            kinds.add(Some(if self.is_sent[row] {
                "sent"
            } else {
                "held_out"
            }))?;
            channels.add(Some(self.channels[row].as_str()).filter(|of| !of.is_empty()))?;
        }
        columns.push(kinds.column("kind"));
        columns.push(channels.column("channel"));
        let mut at = filled(above, 0, "simulation")?;
        at.extend_from_slice(&self.at);
        let mut valid = filled(above, false, "simulation")?;
        valid.resize(above + n, true);
        let at = Column::named("occurred_at", Values::Instant(at.into(), zone));
        columns.push(at.with_validity(valid));
        Ok(Table::new(columns))
    }

    /// Adds what was sent and held out, and counts by trigger what became of the candidates.
    fn take(&mut self, decisions: &Table, now: i64) -> Result<BTreeMap<String, Line>> {
        let (_, codes) = customers(decisions)?;
        let column = |name: &str| {
            decisions
                .column(name)
                .ok_or_else(|| Error::internal("decisions without a column"))
        };
        let [triggers, keys] = [column("trigger")?, column("dedupe_key")?];
        let [reasons, channels] = [column("reason_code")?, column("channel")?];
        let mut lines: BTreeMap<String, Line> = BTreeMap::new();
        for (row, customer) in codes.iter().enumerate() {
            let reason = match reasons.cell(row) {
                Cell::Label(label) => Some(label.code),
                _ => None,
            };
            let Some(place) = place(reason) else { continue };
            let Cell::Text(trigger) = triggers.cell(row) else {
                return Err(Error::internal("decisions without a trigger"));
            };
            let line = lines.entry(trigger.to_owned()).or_default();
            line[CANDIDATES] += 1;
            line[place] += 1;
            if reason.is_some_and(|reason| reason != "holdout") {
                continue;
            }
            let Values::Id { ids, codes } = keys.values() else {
                return Err(Error::internal("decisions without a key"));
            };
            let channel = match channels.cell(row) {
                Cell::Text(channel) => channel.to_owned(),
                _ => String::new(),
            };
            push(&mut self.customers, *customer, "simulation")?;
            push(&mut self.triggers, trigger.to_owned(), "simulation")?;
            push(&mut self.keys, ids.text(codes[row]), "simulation")?;
            push(&mut self.channels, channel, "simulation")?;
            push(&mut self.is_sent, reason.is_none(), "simulation")?;
            push(&mut self.at, now, "simulation")?;
        }
        Ok(lines)
    }
}

fn customers(table: &Table) -> Result<(&Arc<Ids>, &[u32])> {
    match table.column("customer_id").map(Column::values) {
        Some(Values::Id { ids, codes }) => Ok((ids, codes)),
        _ => Err(Error::internal("candidates without customers")),
    }
}

fn table(lines: &[(i32, String, Line)]) -> Result<Table> {
    let f = SimulateRules::COLUMNS;
    let mut triggers = Texts::default();
    for (_, trigger, _) in lines {
        triggers.add(Some(trigger))?;
    }
    let mut columns = vec![
        Column::dates(&f[0], lines.iter().map(|line| line.0))?,
        Column::new(&f[1], triggers.values().0),
    ];
    for at in 0..8 {
        columns.push(Column::ints(
            &f[2 + at],
            lines.iter().map(|line| Some(line.2[at])),
        )?);
    }
    Ok(Table::new(columns))
}
