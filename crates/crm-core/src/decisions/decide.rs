//! Which messages are sent now (配信判定): each candidate is sent, held or skipped, with the reason and the rule.
//!
//! # What is read
//!
//! One table. A row without a `kind` is a candidate: `customer_id`, `trigger`, `dedupe_key`, `due_at`, and if there
//! are such columns `expires_at`, `value`, `channels` (those that reach the customer, separated by spaces),
//! `excluded_by` (a reason against) and `last_order_at`. A row with a `kind` is of the message log: `customer_id`,
//! `kind`, `occurred_at`, and `channel`, `dedupe_key` and `trigger` where they are known. Of its kinds `sent`,
//! `held_out`, `unsubscribed`, `complained` and `subscribed` are read; a message without a channel is of all
//! channels, and so is a wish for no more messages by a channel that the rules do not have (the note
//! `opt_outs_of_other_channels`). Names of channels are compared without case, and by their other names (`Email`,
//! メール). Times may be texts. A time without a zone is UTC, as a text it is in the zone of the rules; a date begins
//! at midnight there. Of messages after `now` the keys and the wishes for no more messages count, and in caps and
//! groups those of the same civil day; a wish to have messages again does not count before it is made.
//!
//! The notes `messages_of_other_customers`, `triggers_without_candidates` and `exclusions_without_candidates` have
//! what meets no candidate: an id, a trigger or a reason that is written in another way would be there.
//!
//! # Definition
//!
//! Candidates are taken by priority (the least first), value (the greatest first), `due_at`, customer, trigger and
//! key. The first of these that is true decides; the rules are in `decisions/rules.rs`.
//!
//! | reason | decision | is |
//! |---|---|---|
//! | `already_sent`, `held_out_before` | skip | the log has the key |
//! | `duplicate` | skip | a candidate before has the key |
//! | `expired` | skip | `expires_at` is not after `now` |
//! | `no_rule` | skip | `triggers` is given, without this one |
//! | `excluded` | skip | the reason in `excluded_by` excludes |
//! | `bought` | skip | ordered within `bought_within` |
//! | `not_due` | hold | `due_at` is after `now` |
//! | `unreachable`, `opted_out` | skip | no channel is left |
//! | `cap`, `group` | hold | reached by the log and by the candidates before |
//! | `budget` | hold | the messages of the run are used up, those that are held out not counted |
//! | `holdout` | skip | held out; it counts in caps and groups, because it would have been sent |
//! | `quiet_hours` | hold | it is within them |
//!
//! `send_at` of what is held is the first instant from `due_at` on at which all caps and groups would allow it and that
//! is in no quiet hours; null if it expires before, or waits for the budget of a later run. `exclusions` cannot take
//! back an opt-out: see the rules.
//!
//! Otherwise it is sent now, by the first of its channels that reaches the customer, is not opted out of and is below
//! its caps. Sent and held-out messages must be added to the log, under their keys; later runs then skip them. No
//! result depends on the order of rows.

use super::fields::{CHANNEL, DECIDED_BY, DECISION, DEDUPE_KEY, SEND_AT, TRIGGER};
use super::input::{OPTIONAL, Rows};
use super::plan::{Candidate, Outcome, plan};
use super::rules::Written;
use crate::analysis::Analysis;
use crate::context::{Context, collect, room};
use crate::error::{Error, Result};
use crate::experiments::assign::fraction;
use crate::table::{CUSTOMER_ID, Column, Field, Label, Table, Values, columns, labels};
use crate::time::{Day, MAX_MICROS, MICROS_PER_DAY, Moment, Offsets};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Options of [`Decide`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The instant of the decision, or a date for its end. Required. Default: none.
    pub now: Option<Moment>,
    /// The rules: `timezone`, `channels`, `caps`, `quiet_hours`, `holdout`, `budget`, `groups`, `exclusions`,
    /// `bought_within`, `triggers`. Default: `{}`, at most 1 message a day and 3 in 7 days.
    pub rules: Value,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            now: None,
            rules: json!({}),
        }
    }
}

const DECISIONS: &[Label] = labels! {
    "send", "Send", "配信";
    "hold", "Hold", "保留";
    "skip", "Skip", "見送り";
};

pub(super) const REASONS: &[Label] = labels! {
    "already_sent", "Already sent", "配信済み";
    "held_out_before", "Held out before", "比較群(既定)";
    "duplicate", "Same key twice", "重複";
    "expired", "Expired", "期限切れ";
    "no_rule", "No rule for the trigger", "対象外の施策";
    "excluded", "Excluded", "除外条件";
    "bought", "Bought recently", "購入直後";
    "not_due", "Not due yet", "配信時期前";
    "opted_out", "Opted out", "配信停止";
    "unreachable", "No channel", "配信先なし";
    "cap", "Frequency cap", "配信上限";
    "group", "Another of the group", "同一グループ配信済み";
    "budget", "Budget used up", "予算上限";
    "holdout", "Held out", "比較群";
    "quiet_hours", "Quiet hours", "配信停止時間帯";
};

/// The analysis `decide`.
///
/// ```
/// use crm_core::columns::{Batch, ColumnValues, Strings};
/// use crm_core::{Context, Dataset, Table, register};
/// let texts = |cells: [&str; 2]| {
///     Strings::collect(cells.map(str::as_bytes).into_iter()).map(|t| ColumnValues::Text(t).into())
/// };
/// let candidates: Batch = vec![
///     ("customer_id".into(), texts(["hanako", "hanako"])?),
///     ("trigger".into(), texts(["cart", "birthday"])?),
///     ("dedupe_key".into(), texts(["cart/1", "birthday/2026"])?),
///     ("due_at".into(), ColumnValues::Date(vec![20_000, 20_000].into()).into()),
/// ];
/// let table = Table::from_batch(&candidates, &Context::default())?;
/// let request = r#"{"now": "2026-11-21T10:00:00+09:00", "rules": {"timezone": "Asia/Tokyo"}}"#;
/// let decisions = register::run("decide", &Dataset::Table(&table), request, &Context::default())?;
/// let words = |row| format!("{:?}", decisions.column("decision").unwrap().cell(row));
/// assert!(words(0).contains("send") && words(1).contains("hold"));
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Decide;

impl Analysis for Decide {
    const NAME: &'static str = "decide";
    const SUMMARY: &'static str = "Which candidates are sent now, held or skipped, under caps, quiet hours, groups, holdouts and a budget";
    const JA: &'static str = "配信判定";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        TRIGGER;
        DEDUPE_KEY;
        DECISION;
        "reason_code": Category, "", "理由コード", "Why not now; null if it is sent.";
        DECIDED_BY;
        SEND_AT;
        CHANNEL;
    };
    const OPTIONAL: &'static [&'static str] = OPTIONAL;
    type Data = Table;
    type Options = Options;

    fn check(_: &Table, options: &Options) -> Result<()> {
        if options.now.is_none() {
            return Err(Error::option(
                "now",
                "",
                "the instant of the decision: the library has no clock",
            ));
        }
        Written::read(&options.rules).map(drop)
    }

    fn run(data: &Table, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let written = Written::read(&options.rules)?;
        let rows = Rows::new(data, context)?;
        // Wide enough for the first day on which the longest cap is free again.
        let longest = i64::from(written.longest()) * MICROS_PER_DAY;
        let now = now(options, &written);
        let (low, high) = rows.span(now);
        let low = low.min(now.saturating_sub(longest));
        // And for the end of the quiet hours of that day.
        let high = high.max(now.saturating_add(longest));
        let high = high.saturating_add(2 * MICROS_PER_DAY).min(MAX_MICROS);
        let offsets = Offsets::new(written.zone, low, high);
        let candidates = rows.candidates(&written.channels, &offsets)?;
        let read = rows.log(&written.channels, now, written.longest(), &offsets, context)?;
        let rules = written.numbered(&rows.triggers.names, &rows.reasons.names, now, &offsets);
        context.check()?;
        let order = order(&candidates, &rows, |trigger| {
            rules.rules[trigger as usize]
                .as_ref()
                .map_or(0, |rule| rule.priority)
        })?;
        let mut experiments = Vec::new();
        for trigger in &rows.triggers.names {
            experiments.push(written.holdout(trigger).1);
        }
        let outcomes = plan(
            &candidates,
            order.into_iter(),
            &read.log,
            &rules,
            |candidate| {
                let experiment = &experiments[candidate.trigger as usize];
                fraction(
                    &written.holdout.salt,
                    experiment,
                    &rows.ids.text(candidate.customer),
                )
            },
        )?;
        let table = table(&written, &rows, &candidates, &outcomes, now, &offsets)?;
        let mut table = table
            .with_note("messages_after_now", json!(read.later))
            .with_note("messages_of_other_kinds", json!(read.other));
        let [triggers, exclusions] = written.unused(&rows.triggers.names, &rows.reasons.names);
        for (name, value, is_said) in [
            (
                "messages_of_other_customers",
                json!(read.strangers),
                read.strangers > 0,
            ),
            (
                "opt_outs_of_other_channels",
                json!(read.of_no_channel),
                read.of_no_channel > 0,
            ),
            (
                "triggers_without_candidates",
                json!(triggers),
                !triggers.is_empty(),
            ),
            (
                "exclusions_without_candidates",
                json!(exclusions),
                !exclusions.is_empty(),
            ),
        ] {
            if is_said {
                table = table.with_note(name, value);
            }
        }
        Ok(table)
    }
}

/// The instant of the decision.
fn now(options: &Options, written: &Written) -> i64 {
    let moment = options.now.unwrap_or(Moment::Instant(0));
    let near = match moment {
        Moment::Day(day) => i64::from(day.0) * MICROS_PER_DAY,
        Moment::Instant(at) | Moment::Wall(at) => at,
    };
    moment.instant(&Offsets::new(written.zone, near, near))
}

/// The candidates in the order in which they are taken.
fn order(candidates: &[Candidate], rows: &Rows, priority: impl Fn(u32) -> i32) -> Result<Vec<u32>> {
    let mut rank = crate::context::filled(rows.ids.len(), 0_u32, "decisions")?;
    for (at, code) in rows.ids.by_id()?.iter().enumerate() {
        rank[*code as usize] = at as u32;
    }
    let mut keys = room(candidates.len(), "decisions")?;
    for (at, of) in candidates.iter().enumerate() {
        // Ascending by priority, and descending by value.
        let value = !ordered(of.value);
        let priority = (priority(of.trigger) as u32) ^ (1 << 31);
        let first = u128::from(priority) << 64 | u128::from(value);
        keys.push((
            first,
            of.due,
            rank[of.customer as usize],
            of.trigger,
            at as u32,
        ));
    }
    let by_key = |at: u32, other: u32| {
        let of = |at: u32| candidates[at as usize].key;
        rows.keys.cmp(of(at), of(other))
    };
    keys.sort_unstable_by(|a, b| {
        let (head, other) = ((a.0, a.1, a.2, a.3), (b.0, b.1, b.2, b.3));
        head.cmp(&other)
            .then_with(|| by_key(a.4, b.4))
            .then_with(|| full(candidates, a.4, b.4))
    });
    collect(keys.into_iter().map(|key| key.4), "decisions")
}

/// Of candidates with one key, those that differ in nothing are alike; the others have an order of their own.
fn full(candidates: &[Candidate], a: u32, b: u32) -> std::cmp::Ordering {
    let of = |at: u32| {
        let of = &candidates[at as usize];
        (of.expires, of.excluded, of.last_order, of.reachable)
    };
    of(a).cmp(&of(b))
}

/// A float as an integer in the same order.
fn ordered(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    match bits >> 63 {
        0 => bits | 1 << 63,
        _ => !bits,
    }
}

/// The paths of rules, each once.
#[derive(Default)]
struct Paths {
    texts: Vec<String>,
    places: BTreeMap<String, u32>,
}

impl Paths {
    fn place(&mut self, path: String) -> u32 {
        let next = self.texts.len() as u32;
        *self.places.entry(path).or_insert_with_key(|path| {
            self.texts.push(path.clone());
            next
        })
    }
}

/// A row of the result.
#[derive(Clone, Copy)]
struct Row {
    candidate: u32,
    decision: u8,
    reason: Option<u8>,
    path: Option<u32>,
    send_at: Option<i64>,
    channel: Option<u32>,
}

fn table(
    written: &Written,
    rows: &Rows,
    candidates: &[Candidate],
    outcomes: &[Outcome],
    now: i64,
    offsets: &Offsets,
) -> Result<Table> {
    let today = offsets.day(now).0;
    let mut paths = Paths::default();
    let mut all = room(candidates.len(), "decisions")?;
    for (at, (of, outcome)) in candidates.iter().zip(outcomes).enumerate() {
        let trigger = &rows.triggers.names[of.trigger as usize];
        let (reason, path) = reason(written, rows, of, trigger, *outcome);
        // Not before it is due, and not in quiet hours; never if it expires before.
        let on = |day: i32| {
            let from = if day > today {
                offsets.start_of(Day(day))
            } else {
                now
            };
            let at = written.open_from(from.max(of.due), offsets);
            (at < of.expires).then_some(at)
        };
        let send_at = match outcome {
            Outcome::Send(_) => Some(now),
            Outcome::NotDue(day) | Outcome::Capped(_, day) | Outcome::Grouped(_, day) => on(*day),
            Outcome::Quiet => on(today),
            _ => None,
        };
        all.push(Row {
            candidate: at as u32,
            decision: match outcome {
                Outcome::Send(_) => 0,
                Outcome::NotDue(_) | Outcome::Capped(..) | Outcome::Grouped(..) => 1,
                Outcome::Budget | Outcome::Quiet => 1,
                _ => 2,
            },
            reason,
            path: path.map(|path| paths.place(path)),
            send_at,
            channel: match outcome {
                Outcome::Send(channel) => Some(*channel),
                _ => None,
            },
        });
    }
    if paths.texts.is_empty() {
        // The code of a null cell is that of a text.
        paths.place(String::new());
    }
    sort(&mut all, rows, candidates)?;
    let of = |row: &Row| &candidates[row.candidate as usize];
    let fields = Decide::COLUMNS;
    let optional = |field: &Field, texts: &Arc<Vec<String>>, of: &dyn Fn(&Row) -> Option<u32>| {
        let valid = collect(all.iter().map(|row| of(row).is_some()), "decisions")?;
        let codes = all.iter().map(|row| of(row).unwrap_or(0));
        Ok::<Column, Error>(Column::texts(field, texts, codes)?.with_validity(valid))
    };
    let instants = collect(all.iter().map(|row| row.send_at.unwrap_or(0)), "decisions")?;
    let known = collect(all.iter().map(|row| row.send_at.is_some()), "decisions")?;
    let triggers = Arc::new(collect(rows.triggers.names.iter().cloned(), "decisions")?);
    let channels = Arc::new(written.channels.clone());
    Ok(Table::new(vec![
        Column::ids(
            &fields[0],
            &rows.ids,
            all.iter().map(|row| of(row).customer),
        )?,
        Column::texts(&fields[1], &triggers, all.iter().map(|row| of(row).trigger))?,
        Column::ids(&fields[2], &rows.keys, all.iter().map(|row| of(row).key))?,
        Column::words(
            &fields[3],
            DECISIONS,
            all.iter().map(|row| Some(row.decision)),
        )?,
        Column::words(&fields[4], REASONS, all.iter().map(|row| row.reason))?,
        optional(&fields[5], &Arc::new(paths.texts), &|row| row.path)?,
        Column::new(&fields[6], Values::Instant(instants.into(), written.zone))
            .with_validity(known),
        optional(&fields[7], &channels, &|row| row.channel)?,
    ]))
}

/// Rows in ascending order of customers, triggers and keys.
fn sort(all: &mut [Row], rows: &Rows, candidates: &[Candidate]) -> Result<()> {
    let mut place = crate::context::filled(rows.ids.len(), 0_u32, "decisions")?;
    for (at, code) in rows.ids.by_id()?.iter().enumerate() {
        place[*code as usize] = at as u32;
    }
    let head = |row: &Row| {
        let of = &candidates[row.candidate as usize];
        (u64::from(place[of.customer as usize]) << 32) | u64::from(of.trigger)
    };
    all.sort_unstable_by(|a, b| {
        let of = |row: &Row| &candidates[row.candidate as usize];
        let (mine, other) = (of(a), of(b));
        head(a)
            .cmp(&head(b))
            .then_with(|| rows.keys.cmp(mine.key, other.key))
            .then_with(|| (a.decision, a.reason).cmp(&(b.decision, b.reason)))
            .then_with(|| (a.send_at, a.channel, mine.due).cmp(&(b.send_at, b.channel, other.due)))
    });
    Ok(())
}

/// The place of the reason among [`REASONS`], and the rule or the column that decided.
fn reason(
    written: &Written,
    rows: &Rows,
    of: &Candidate,
    trigger: &str,
    outcome: Outcome,
) -> (Option<u8>, Option<String>) {
    let (code, path) = match outcome {
        Outcome::Send(_) => return (None, None),
        Outcome::AlreadySent => (0, "messages.sent".to_owned()),
        Outcome::HeldOutBefore => (1, "messages.held_out".into()),
        Outcome::Duplicate => (2, "candidates.dedupe_key".into()),
        Outcome::Expired => (3, "candidates.expires_at".into()),
        Outcome::NoRule => (4, "rules.triggers".into()),
        Outcome::Excluded => {
            let reason = rows.reasons.names.get(of.excluded as usize);
            (
                5,
                format!("excluded_by.{}", reason.map_or("", String::as_str)),
            )
        }
        Outcome::Bought => (6, written.bought(trigger)),
        Outcome::NotDue(_) => (7, "candidates.due_at".into()),
        Outcome::OptedOut => (8, "messages.unsubscribed".into()),
        Outcome::Unreachable => (9, "candidates.channels".into()),
        Outcome::Capped(at, _) => (10, format!("rules.caps.{at}")),
        Outcome::Grouped(at, _) => (11, written.group(at)),
        Outcome::Budget => (12, "rules.budget".into()),
        Outcome::HeldOut => (13, written.holdout(trigger).0),
        Outcome::Quiet => (14, "rules.quiet_hours".into()),
    };
    (Some(code), Some(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_floats_have_their_order() {
        let values = [f64::MIN, -1.5, -0.0, 1e-300, 2.0, f64::MAX];
        assert!(values.map(ordered).is_sorted());
        assert_eq!(ordered(-0.0), ordered(0.0));
        assert!(ordered(0.0) < ordered(f64::MIN_POSITIVE));
    }
}
