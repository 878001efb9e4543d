//! Candidates and messages, read from one table.

use super::channels::{meant, refuses};
use super::plan::{Candidate, HELD_OUT, Log, NONE, OTHER, SENT, Sent};
use crate::context::{Context, collect, filled, push};
use crate::error::{Error, Result};
use crate::ids::{IdKind, Ids};
use crate::table::{Column, Table, Values};
use crate::time::{Day, Moment, Offsets};
use crate::words::EventWord;
use std::borrow::Cow;
use std::sync::Arc;

/// The columns that are read besides `customer_id`, `trigger`, `dedupe_key` and `due_at`.
pub(super) const OPTIONAL: &[&str] = &[
    "expires_at",
    "value",
    "channels",
    "excluded_by",
    "last_order_at",
    "kind",
    "occurred_at",
    "channel",
];

/// Candidates and messages of a table, by columns.
pub(super) struct Rows<'a> {
    table: &'a Table,
    pub(super) ids: Arc<Ids>,
    customers: &'a [u32],
    pub(super) keys: Arc<Ids>,
    key_of: Vec<u32>,
    /// The names of triggers, in ascending order.
    pub(super) triggers: Names,
    pub(super) reasons: Names,
    /// The rows that are candidates.
    pub(super) candidates: Vec<u32>,
    kinds: Option<Names>,
}

/// The distinct texts of a column in ascending order, and the place of each row's; [`NONE`] for a null.
#[derive(Default)]
pub(super) struct Names {
    pub(super) names: Vec<String>,
    pub(super) codes: Vec<u32>,
}

/// The contents of the log, and how much of it was not read.
pub(super) struct Read {
    pub(super) log: Log,
    /// Messages after `now`.
    pub(super) later: u64,
    /// Kinds without a meaning here.
    pub(super) other: u64,
    /// Messages of customers without a candidate.
    pub(super) strangers: u64,
    /// Wishes for no more messages by channels that the rules do not have.
    pub(super) of_no_channel: u64,
}

impl<'a> Rows<'a> {
    pub(super) fn new(table: &'a Table, context: &Context) -> Result<Rows<'a>> {
        let column = table.required("customer_id")?;
        if table.is_empty() {
            return Rows::none(table, context);
        }
        let Values::Id { ids, codes } = column.values() else {
            return Err(of_type(column, "ids: texts, whole numbers or bytes"));
        };
        complete(column, 0..table.len(), "an id")?;
        let kinds = names(table, "kind")?;
        let is_candidate = |row: &u32| {
            let kind = kinds.as_ref().map(|kinds| kinds.codes[*row as usize]);
            kind.is_none_or(|kind| kind == NONE)
        };
        let mut candidates = Vec::new();
        for row in (0..table.len() as u32).filter(is_candidate) {
            push(&mut candidates, row, "decisions")?;
        }
        let rows = || candidates.iter().map(|row| *row as usize);
        let key = table.required("dedupe_key")?;
        complete(key, rows(), "a key")?;
        complete(table.required("trigger")?, rows(), "a trigger")?;
        let (keys, key_of) = keys(key, context)?;
        Ok(Rows {
            table,
            ids: ids.clone(),
            customers: codes,
            keys,
            key_of,
            triggers: names(table, "trigger")?.unwrap_or_default(),
            reasons: names(table, "excluded_by")?.unwrap_or_default(),
            candidates,
            kinds,
        })
    }

    /// No rows: columns without a row have no type to be refused.
    fn none(table: &'a Table, context: &Context) -> Result<Rows<'a>> {
        for name in ["trigger", "dedupe_key", "due_at"] {
            table.required(name)?;
        }
        let ids = Arc::new(Ids::new(IdKind::Text, context.hash_seed));
        Ok(Rows {
            table,
            ids: ids.clone(),
            customers: &[],
            keys: ids,
            key_of: Vec::new(),
            triggers: Names::default(),
            reasons: Names::default(),
            candidates: Vec::new(),
            kinds: None,
        })
    }

    /// The least and the greatest instant of the table.
    pub(super) fn span(&self, now: i64) -> (i64, i64) {
        let of = |name: &str| match self.table.column(name).map(Column::values) {
            Some(Values::Instant(cells, _)) => {
                let (low, high) = (cells.iter().min(), cells.iter().max());
                low.zip(high).map(|(low, high)| (*low, *high))
            }
            _ => None,
        };
        let spans = ["due_at", "expires_at"].into_iter().filter_map(of);
        spans.fold((now, now), |(low, high), (a, b)| (low.min(a), high.max(b)))
    }

    /// The candidates. `channels` are the names of the channels by their code.
    pub(super) fn candidates(
        &self,
        channels: &[String],
        offsets: &Offsets,
    ) -> Result<Vec<Candidate>> {
        self.table.required("due_at")?;
        let due = self.instants("due_at", offsets, true)?;
        let expires = self.instants("expires_at", offsets, false)?;
        let last_order = self.instants("last_order_at", offsets, false)?;
        let value = self.values()?;
        let reach = self.reach(channels)?;
        let of = |row: &u32| {
            let row = *row as usize;
            let at = |cells: &Option<Instants>| cells.as_ref().and_then(|cells| cells.at(row));
            Candidate {
                customer: self.customers[row],
                trigger: self.triggers.codes[row],
                key: self.key_of[row],
                due: at(&due).unwrap_or(i64::MAX),
                expires: at(&expires).unwrap_or(i64::MAX),
                value: value.as_ref().map_or(0.0, |value| value[row]),
                reachable: reach.as_ref().map_or(u64::MAX, |reach| reach[row]),
                excluded: self.reasons.codes.get(row).copied().unwrap_or(NONE),
                last_order: at(&last_order).unwrap_or(i64::MIN),
            }
        };
        collect(self.candidates.iter().map(of), "decisions")
    }

    /// A column of instants, or of dates, which begin at midnight, or of texts of either.
    fn instants(
        &self,
        name: &str,
        offsets: &Offsets,
        needed: bool,
    ) -> Result<Option<Instants<'_>>> {
        let Some(column) = self.table.column(name) else {
            return Ok(None);
        };
        let valid = column.validity();
        let known = |row: usize| valid.is_none_or(|valid| valid[row]);
        let cells = match column.values() {
            Values::Instant(cells, _) => Cow::Borrowed(&cells[..]),
            Values::Date(cells) => {
                let start = |day: &i32| offsets.start_of(Day(*day));
                Cow::Owned(collect(cells.iter().map(start), "decisions")?)
            }
            _ if self.table.is_empty() => return Ok(None),
            _ if !needed && (0..self.table.len()).all(|row| !known(row)) => return Ok(None),
            Values::Id { ids, codes } => {
                let codes_of = 0..ids.len() as u32;
                let read: Vec<Option<i64>> = codes_of
                    .map(|code| instant(&ids.text(code), offsets))
                    .collect();
                let mut cells = filled(codes.len(), 0, "decisions")?;
                for (row, code) in codes.iter().enumerate().filter(|(row, _)| known(*row)) {
                    let expected = "a date or a time such as 2026-11-21T10:00:00+09:00";
                    let wrong = || Error::value(name, row, expected);
                    cells[row] = read[*code as usize].ok_or_else(wrong)?;
                }
                Cow::Owned(cells)
            }
            _ => return Err(of_type(column, "times or dates")),
        };
        if needed {
            let rows = self.candidates.iter().map(|row| *row as usize);
            complete(column, rows, "an instant")?;
        }
        Ok(Some(Instants { cells, valid }))
    }

    /// What is at stake; without a value 0.
    fn values(&self) -> Result<Option<Vec<f64>>> {
        let Some(column) = self.table.column("value") else {
            return Ok(None);
        };
        if let Values::Money(cells, _) = column.values() {
            let valid = |row: usize| column.validity().is_none_or(|valid| valid[row]);
            let cells = cells.iter().enumerate();
            let of = cells.map(|(row, cell)| if valid(row) { *cell as f64 } else { 0.0 });
            return collect(of, "decisions").map(Some);
        }
        // Null cells are 0.
        let (cells, _) = self.table.cells("value")?;
        collect(cells.iter().copied(), "decisions").map(Some)
    }

    /// The channels that reach each row's customer; all channels if the cell is blank.
    fn reach(&self, channels: &[String]) -> Result<Option<Vec<u64>>> {
        let Some(said) = names(self.table, "channels")? else {
            return Ok(None);
        };
        let set = |text: &String| {
            let names = text.split([' ', ',', '|']);
            names.fold(0, |set, name| set | meant(channels, name))
        };
        let sets: Vec<u64> = said.names.iter().map(set).collect();
        let of = |code: &u32| sets.get(*code as usize).copied().unwrap_or(u64::MAX);
        collect(said.codes.iter().map(of), "decisions").map(Some)
    }

    /// The log of messages up to `now`, as far back as `days` civil days. Of later messages the keys and the wishes
    /// for no more count, and those of the same day are messages of that day.
    pub(super) fn log(
        &self,
        channels: &[String],
        now: i64,
        days: i32,
        offsets: &Offsets,
        context: &Context,
    ) -> Result<Read> {
        let mut read = Read::nothing(self.ids.len(), self.keys.len())?;
        let Some(messages) = self.messages(channels, offsets)? else {
            return Ok(read);
        };
        let first = offsets.day(now).0.saturating_sub(days).saturating_add(1);
        let from = offsets.start_of(Day(first));
        let until = offsets.start_of(Day(offsets.day(now).0.saturating_add(1)));
        let mut has_candidate = filled(self.ids.len(), false, "decisions")?;
        for row in &self.candidates {
            has_candidate[self.customers[*row as usize] as usize] = true;
        }
        let mut recent = Vec::new();
        let mut wishes = Vec::new();
        for row in 0..self.table.len() {
            if row % Context::BLOCK == 0 {
                context.check()?;
            }
            let Some(what) = messages.what(row) else {
                continue;
            };
            let instant = messages.at.as_ref().and_then(|at| at.at(row));
            let instant = instant.unwrap_or(i64::MAX);
            let is_later = instant > now;
            read.later += u64::from(is_later);
            read.strangers += u64::from(!has_candidate[self.customers[row] as usize]);
            match what {
                What::Sent => {
                    read.mark(self.key_of[row], SENT);
                    if (from..until).contains(&instant) {
                        let message = (self.customers[row], instant, row as u32);
                        push(&mut recent, message, "decisions")?;
                    }
                }
                What::HeldOut => read.mark(self.key_of[row], HELD_OUT),
                What::OptOut(false) if is_later => {}
                What::OptOut(out) => {
                    let mut set = messages.set(row);
                    if set == 0 && out {
                        read.of_no_channel += 1;
                        set = u64::MAX;
                    }
                    push(
                        &mut wishes,
                        (instant, out, self.customers[row], set),
                        "decisions",
                    )?;
                }
                What::Other => read.other += u64::from(!is_later),
            }
        }
        read.obey(wishes);
        let mut reader = offsets.reader();
        read.fill(&recent, |instant, row| Sent {
            day: reader.day(instant).0,
            channel: messages.channel(row),
            trigger: self.triggers.codes.get(row).copied().unwrap_or(NONE),
        })?;
        Ok(read)
    }

    /// The columns of messages; `None` if there is no message.
    fn messages(&self, channels: &[String], offsets: &Offsets) -> Result<Option<Messages<'_>>> {
        let Some(kinds) = &self.kinds else {
            return Ok(None);
        };
        let is_message = |row: &usize| kinds.codes[*row] != NONE;
        let mut rows = (0..self.table.len()).filter(is_message).peekable();
        if rows.peek().is_none() {
            return Ok(None);
        }
        complete(self.table.required("occurred_at")?, rows, "an instant")?;
        let channel = names(self.table, "channel")?;
        let names = channel.iter().flat_map(|channel| &channel.names);
        Ok(Some(Messages {
            at: self.instants("occurred_at", offsets, false)?,
            what: kinds.names.iter().map(|name| What::of(name)).collect(),
            sets: names.map(|name| meant(channels, name)).collect(),
            channel,
            kinds,
        }))
    }
}

/// The instants of a column.
struct Instants<'a> {
    cells: Cow<'a, [i64]>,
    valid: Option<&'a [bool]>,
}

impl Instants<'_> {
    fn at(&self, row: usize) -> Option<i64> {
        let known = self.valid.is_none_or(|valid| valid[row]);
        known.then(|| self.cells[row])
    }
}

/// The columns of the message log.
struct Messages<'a> {
    at: Option<Instants<'a>>,
    kinds: &'a Names,
    /// By kind.
    what: Vec<What>,
    channel: Option<Names>,
    /// By name of a channel, which of the rules' channels it means, a bit each.
    sets: Vec<u64>,
}

impl Messages<'_> {
    /// The event of a row; `None` if the row is no message.
    fn what(&self, row: usize) -> Option<What> {
        let kind = self.kinds.codes[row];
        (kind != NONE).then(|| self.what[kind as usize])
    }

    /// The channels of the rules that a row is about, a bit each; all if the cell is blank.
    fn set(&self, row: usize) -> u64 {
        let code = self.channel.as_ref().map_or(NONE, |of| of.codes[row]);
        match code {
            NONE => u64::MAX,
            code => self.sets[code as usize],
        }
    }

    /// The channel of a row; [`NONE`] if the cell is blank, [`OTHER`] if the rules have none such.
    fn channel(&self, row: usize) -> u32 {
        match self.set(row) {
            u64::MAX => NONE,
            0 => OTHER,
            set => set.trailing_zeros(),
        }
    }
}

impl Read {
    /// The log without a message.
    fn nothing(customers: usize, keys: usize) -> Result<Read> {
        Ok(Read {
            log: Log {
                first: filled(customers + 1, 0, "decisions")?,
                sent: Vec::new(),
                opted_out: filled(customers, 0, "decisions")?,
                keys: filled(keys, 0, "decisions")?,
            },
            later: 0,
            other: 0,
            strangers: 0,
            of_no_channel: 0,
        })
    }

    /// Wishes to have no more messages of some channels, or to have them again: the last one counts, and at one
    /// instant the refusal.
    fn obey(&mut self, mut wishes: Vec<(i64, bool, u32, u64)>) {
        wishes.sort_unstable();
        for (_, out, customer, set) in wishes {
            let all = &mut self.log.opted_out[customer as usize];
            *all = if out { *all | set } else { *all & !set };
        }
    }

    /// Messages by customer: customer, instant and row of each.
    fn fill(
        &mut self,
        recent: &[(u32, i64, u32)],
        mut sent: impl FnMut(i64, usize) -> Sent,
    ) -> Result<()> {
        let first = &mut self.log.first;
        for (customer, ..) in recent {
            first[*customer as usize + 1] += 1;
        }
        for customer in 1..first.len() {
            first[customer] += first[customer - 1];
        }
        let nothing = Sent {
            day: i32::MIN,
            channel: NONE,
            trigger: NONE,
        };
        self.log.sent = filled(recent.len(), nothing, "decisions")?;
        let mut next = collect(first.iter().copied(), "decisions")?;
        for (customer, instant, row) in recent {
            let place = &mut next[*customer as usize];
            self.log.sent[*place as usize] = sent(*instant, *row as usize);
            *place += 1;
        }
        Ok(())
    }

    /// A key that was sent stays so.
    fn mark(&mut self, key: u32, as_what: u8) {
        if key != NONE {
            let mark = &mut self.log.keys[key as usize];
            if *mark != SENT {
                *mark = as_what;
            }
        }
    }
}

/// The meaning of a kind of message.
#[derive(Clone, Copy)]
enum What {
    Sent,
    HeldOut,
    /// Whether the customer refuses a channel, or wants it again.
    OptOut(bool),
    Other,
}

impl What {
    fn of(kind: &str) -> What {
        let word = kind.trim().to_lowercase().replace([' ', '-'], "_");
        match EventWord::parse(&word) {
            Some(EventWord::Sent) => What::Sent,
            Some(EventWord::HeldOut) => What::HeldOut,
            Some(EventWord::Unsubscribed | EventWord::Complained) => What::OptOut(true),
            Some(EventWord::Subscribed) => What::OptOut(false),
            _ if refuses(kind) => What::OptOut(true),
            _ => What::Other,
        }
    }
}

fn of_type(column: &Column, expected: &str) -> Error {
    Error::ColumnType {
        column: column.name().into(),
        found: column.values().ty().name().into(),
        expected: expected.into(),
    }
}

/// The instant of a text: of a date its beginning, of a time without a zone that on the clocks of the rules' zone.
fn instant(text: &str, offsets: &Offsets) -> Option<i64> {
    match Moment::try_from(text.to_owned()).ok()? {
        Moment::Day(day) => Some(offsets.start_of(day)),
        other => Some(other.instant(offsets)),
    }
}

/// Refuses a null in these rows.
fn complete(
    column: &Column,
    mut rows: impl Iterator<Item = usize>,
    expected: &'static str,
) -> Result<()> {
    match column
        .validity()
        .and_then(|valid| rows.find(|row| !valid[*row]))
    {
        Some(row) => Err(Error::null(column.name(), row, expected)),
        None => Ok(()),
    }
}

/// The keys of messages and their codes; [`NONE`] for a null.
fn keys(column: &Column, context: &Context) -> Result<(Arc<Ids>, Vec<u32>)> {
    let known = |row: usize| column.validity().is_none_or(|valid| valid[row]);
    match column.values() {
        Values::Id { ids, codes } => {
            let codes = codes.iter().enumerate();
            let codes = codes.map(|(row, code)| if known(row) { *code } else { NONE });
            Ok((ids.clone(), collect(codes, "decisions")?))
        }
        _ if column.values().is_empty() => {
            let none = Ids::new(IdKind::Text, context.hash_seed);
            Ok((Arc::new(none), Vec::new()))
        }
        Values::Text { codes, texts } => {
            let texts = crate::columns::Strings::collect(texts.iter().map(|text| text.as_bytes()))?;
            let texts = crate::columns::ColumnData::from(crate::columns::ColumnValues::Text(texts));
            let mut ids = Ids::new(IdKind::Text, context.hash_seed);
            let mut places = Vec::new();
            ids.encode("dedupe_key", &[&texts], &mut places, context)?;
            let codes = codes.iter().enumerate();
            let codes = codes.map(|(row, code)| {
                if known(row) {
                    places[*code as usize]
                } else {
                    NONE
                }
            });
            Ok((Arc::new(ids), collect(codes, "decisions")?))
        }
        _ => Err(of_type(column, "texts")),
    }
}

/// A column of few texts; `None` if there is no such column, or nothing in it.
fn names(table: &Table, name: &str) -> Result<Option<Names>> {
    let Some(column) = table.column(name) else {
        return Ok(None);
    };
    let known = |row: usize| column.validity().is_none_or(|valid| valid[row]);
    let (texts, codes): (Vec<String>, Vec<u32>) = match column.values() {
        Values::Id { ids, codes } => {
            let texts = (0..ids.len() as u32).map(|code| ids.text(code));
            (
                texts.collect(),
                collect(codes.iter().copied(), "decisions")?,
            )
        }
        Values::Text { codes, texts } => {
            (texts.to_vec(), collect(codes.iter().copied(), "decisions")?)
        }
        Values::Category { codes, labels } => {
            let texts = labels.iter().map(|label| label.code.to_owned());
            (
                texts.collect(),
                collect(codes.iter().map(|c| u32::from(*c)), "decisions")?,
            )
        }
        _ if (0..table.len()).all(|row| !known(row)) => return Ok(None),
        _ => return Err(of_type(column, "texts")),
    };
    let mut order = collect((0..texts.len()).map(|at| at as u32), "decisions")?;
    order.sort_unstable_by_key(|at| &texts[*at as usize]);
    let mut place = filled(texts.len(), 0, "decisions")?;
    for (at, code) in order.iter().enumerate() {
        place[*code as usize] = at as u32;
    }
    let codes = codes.iter().enumerate();
    let codes = codes.map(|(row, code)| match known(row) {
        true => place[*code as usize],
        false => NONE,
    });
    Ok(Some(Names {
        codes: collect(codes, "decisions")?,
        names: order.iter().map(|at| texts[*at as usize].clone()).collect(),
    }))
}
