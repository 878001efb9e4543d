//! Messages that could be sent (配信候補): customers for whom something is due at a date, by trigger.
//!
//! A trigger has an event of each customer, on a day `E`, and the days `k` from it. A message is due on `E + k`, and from
//! then on a candidate for `valid` days:
//!
//! ```text
//! candidate at the date    E + k ≤ date < E + k + valid
//! key                      name / customer / E / k
//! ```
//!
//! | trigger | customers | E | k |
//! |---|---|---|---|
//! | `step` (ステップメール) | with an order | the last order, or with `of: "first"` the first | 3 |
//! | `registered` (登録後未購入) | in the customers table, without an order | the registration | 1, 3, 7, 14 |
//! | `second_purchase` (F2) | with one order | that order | 30, 60, 90 |
//! | `review` (レビュー依頼) | with an order | the last order | 14 |
//! | `win_back` (復帰促進) | with an order | the last order | 365 |
//! | `birthday` (誕生日) | with a date of birth | the birthday; of 29 February the 28th in other years | −7 |
//! | `forgot_to_buy` (買い忘れ防止) | with a predicted date in `cycle` | the predicted date | −5 |
//! | `slipping_away` (離脱通知) | in `alerts` | the day the level was reached | 0 |
//! | `likely_buyer` (購入確度の高い顧客) | in `likely_buyers`, with at least `probability` | the last order | of the date |
//!
//! The key of a candidate is the same in every run until its event changes, so a message log of keys sends each once.
//! `value` is what is at stake: the mean order value, or the expected revenue of `slipping_away` and `likely_buyer`.
//! A candidate of a customer who has opted out, or whom `alerts` suppresses, says so in `excluded_by`.

use super::fields::TRIGGER;
use crate::analysis::{Analysis, Dataset};
use crate::context::{Context, collect, filled, push, room, text};
use crate::data::Orders;
use crate::data::filter::{AttributeValues, Level};
use crate::error::{Error, Result};
use crate::families;
use crate::ids::{IdRef, NO_ID};
use crate::num::Probability;
use crate::scope::{AsOf, At, Occasion, Scope};
use crate::summary::Totals;
use crate::table::{CUSTOMER_ID, Cell, Column, Field, Table, Values, columns};
use crate::time::{Day, Period};
use crate::words::words;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use std::sync::Arc;

words! {
    /// The built-in triggers.
    Word {
        /// Days after an order.
        Step = "step", "Days after an order", "購入後の経過日数";
        /// Registered, not bought.
        Registered = "registered", "Registered, not bought", "登録後未購入";
        /// One order so far.
        SecondPurchase = "second_purchase", "One order so far", "初回購入のみ";
        /// A review of the last order.
        Review = "review", "Review of the last order", "レビュー依頼";
        /// No order for long.
        WinBack = "win_back", "No order for long", "長期未購入";
        /// The birthday.
        Birthday = "birthday", "Birthday", "誕生日";
        /// The predicted date of the next purchase is near.
        ForgotToBuy = "forgot_to_buy", "Predicted date is near", "次回購入予測日";
        /// Silent for longer than usual.
        SlippingAway = "slipping_away", "Silent for longer than usual", "離脱傾向";
        /// Likely to buy soon.
        LikelyBuyer = "likely_buyer", "Likely to buy soon", "購入確度が高い";
    }
}

words! {
    /// The order that `step` counts from.
    Which {
        /// The first order.
        First = "first", "First order", "初回購入";
        /// The last order.
        Last = "last", "Last order", "最終購入";
    }
}

/// A trigger with its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Trigger {
    /// Which.
    pub trigger: Word,
    /// The name in the result and in keys. Default: none, the word of the trigger.
    pub name: Option<String>,
    /// Days from the event, several for several messages. Default: none, those of the trigger.
    pub days: Option<Vec<i32>>,
    /// Days for which a message that is due is a candidate, 1 to 3660. Default 7.
    pub valid: u32,
    /// The order that `step` counts from. Default: last.
    pub of: Which,
    /// The column of customers with the date of birth (ISO text), for `birthday`. Default: the table's `birth_date`.
    pub column: Option<String>,
    /// The least probability of an order, for `likely_buyer`. Default 0.5.
    pub probability: Probability,
}

impl Default for Trigger {
    fn default() -> Self {
        Trigger {
            trigger: Word::Step,
            name: None,
            days: None,
            valid: 7,
            of: Which::Last,
            column: None,
            probability: Probability::new(0.5).expect("from 0 to 1"),
        }
    }
}

/// Options of [`Candidates`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The triggers. Default: `step`, `registered`, `second_purchase`, `review` and `win_back`, as they are.
    pub triggers: Vec<Trigger>,
}

impl Default for Options {
    fn default() -> Self {
        let of = |trigger| Trigger {
            trigger,
            ..Trigger::default()
        };
        use Word::{Registered, Review, SecondPurchase, Step, WinBack};
        Options {
            triggers: [Step, Registered, SecondPurchase, Review, WinBack]
                .map(of)
                .to_vec(),
        }
    }
}

/// The analysis `candidates`.
#[derive(Debug, Clone, Copy)]
pub struct Candidates;

impl Analysis for Candidates {
    const NAME: &'static str = "candidates";
    const SUMMARY: &'static str =
        "Messages that are due at a date, by trigger, with keys under which each is sent once";
    const JA: &'static str = "配信候補";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        TRIGGER;
        "due_at": Date, "", "配信予定日", "The day from which it is due.";
        "expires_at": Date, "", "配信期限", "The first day on which it is no candidate any more.";
        "dedupe_key": Text, "", "配信キー", "The same in every run until the event changes.";
        "value": Money, "currency", "見込み金額", "What is at stake.";
        "reason_code": Category, "", "理由", "The trigger that made it.";
        "event_on": Date, "", "起点日", "The day of the event that it counts from.";
        "days_after": Int, "days", "起点からの日数", "Days from the event to the day it is due.";
        "last_order_at": Date, "", "最終購入日", "Day of the last order; null without one.";
        "excluded_by": Text, "", "除外理由", "A reason not to write; null if there is none.";
    };
    const NEEDS_AS_OF: bool = true;
    const OCCASION: Option<Occasion> = None;
    type Data = Orders;
    type Options = Options;

    fn check(_: &Orders, options: &Options) -> Result<()> {
        for (at, trigger) in options.triggers.iter().enumerate() {
            trigger.check(&format!("triggers.{at}"))?;
        }
        let names: Vec<&str> = options.triggers.iter().map(Trigger::name).collect();
        match (0..names.len()).find(|at| names[..*at].contains(&names[*at])) {
            Some(at) => Err(Error::option(
                format!("triggers.{at}.name"),
                json!(names[at]),
                "a name that no other trigger has: keys contain it",
            )),
            None => Ok(()),
        }
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let shop = Shop::new(orders, at, context)?;
        let mut rows = Vec::new();
        for (place, trigger) in options.triggers.iter().enumerate() {
            context.check()?;
            shop.find(trigger, place as u32, &mut rows)?;
        }
        // By customer, trigger and date.
        rows.sort_unstable_by_key(|row: &Row| {
            (
                shop.rank[row.customer as usize],
                row.trigger,
                row.event,
                row.days,
            )
        });
        shop.table(&rows, &options.triggers)
    }
}

impl Trigger {
    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.trigger.code())
    }

    /// Days from the event.
    fn days(&self) -> Vec<i32> {
        let usual: &[i32] = match self.trigger {
            Word::Step => &[3],
            Word::Registered => &[1, 3, 7, 14],
            Word::SecondPurchase => &[30, 60, 90],
            Word::Review => &[14],
            Word::WinBack => &[365],
            Word::Birthday => &[-7],
            Word::ForgotToBuy => &[-5],
            Word::SlippingAway | Word::LikelyBuyer => &[0],
        };
        self.days.clone().unwrap_or_else(|| usual.to_vec())
    }

    /// Refuses settings that the trigger does not read, or lacks.
    fn check(&self, path: &str) -> Result<()> {
        let wrong = |key: &str, found: serde_json::Value, expected: &str| {
            Err(Error::option(
                format!("{path}.{key}"),
                found,
                expected.to_owned(),
            ))
        };
        let plain = Trigger::default();
        let days = self.days();
        if days.is_empty() || days.iter().any(|days| !(-3660..=3660).contains(days)) {
            return wrong(
                "days",
                json!(days),
                "at least one number of days, from -3660 to 3660",
            );
        }
        if (1..days.len()).any(|at| days[..at].contains(&days[at])) {
            return wrong("days", json!(days), "each number of days once");
        }
        if !(1..=3660).contains(&self.valid) {
            return wrong("valid", json!(self.valid), "1 to 3660 days");
        }
        if self.of != plain.of && self.trigger != Word::Step {
            return wrong("of", json!(self.of), "no such setting: only `step` has it");
        }
        if self.probability != plain.probability && self.trigger != Word::LikelyBuyer {
            let found = json!(self.probability);
            return wrong(
                "probability",
                found,
                "no such setting: only `likely_buyer` has it",
            );
        }
        match (&self.column, self.trigger) {
            (Some(column), trigger) if trigger != Word::Birthday => wrong(
                "column",
                json!(column),
                "no such setting: only `birthday` has it",
            ),
            _ => Ok(()),
        }
    }
}

/// A candidate.
#[derive(Debug, Clone, Copy)]
struct Row {
    customer: u32,
    trigger: u32,
    event: i32,
    days: i32,
    valid: i32,
    value: i64,
    excluded: Option<&'static str>,
}

/// Customer, day, what is at stake, and a reason against.
type Event = (u32, i32, i64, Option<&'static str>);

/// What triggers look at.
struct Shop<'a> {
    orders: &'a Orders,
    at: &'a At,
    context: &'a Context<'a>,
    totals: Arc<Totals>,
    /// The place among the totals of each code; [`NO_ID`] for none.
    place: Vec<u32>,
    /// The place of each code in ascending order of ids.
    rank: Vec<u32>,
    /// By code, whether the customer wants no messages.
    opted_out: Option<Vec<bool>>,
}

impl<'a> Shop<'a> {
    fn new(orders: &'a Orders, at: &'a At, context: &'a Context<'a>) -> Result<Shop<'a>> {
        let totals = Totals::new(orders, at, context)?;
        let n = orders.ids().len();
        let mut place = filled(n, NO_ID, "candidates")?;
        for (row, code) in totals.customer.iter().enumerate() {
            place[*code as usize] = row as u32;
        }
        let mut rank = filled(n, 0, "candidates")?;
        for (row, code) in orders.ids().by_id()?.iter().enumerate() {
            rank[*code as usize] = row as u32;
        }
        let opted_out = match orders
            .customers()
            .is_some_and(|table| table.opted_out.is_some())
        {
            true => match orders.attribute("opted_out", context)?.values {
                AttributeValues::Bools(flags) => Some(flags),
                _ => None,
            },
            false => None,
        };
        Ok(Shop {
            orders,
            at,
            context,
            totals,
            place,
            rank,
            opted_out,
        })
    }

    /// Appends the candidates of a trigger.
    fn find(&self, trigger: &Trigger, place: u32, rows: &mut Vec<Row>) -> Result<()> {
        let events = match trigger.trigger {
            Word::Step | Word::SecondPurchase | Word::Review | Word::WinBack => {
                self.of_orders(trigger)?
            }
            Word::Registered => self.registered()?,
            Word::Birthday => self.birthdays(trigger, place)?,
            Word::ForgotToBuy | Word::SlippingAway | Word::LikelyBuyer => {
                self.of_analysis(trigger)?
            }
        };
        for (customer, event, value, excluded) in events {
            let of = Row {
                customer,
                trigger: place,
                event,
                days: 0,
                valid: trigger.valid as i32,
                value,
                excluded,
            };
            self.due(trigger, of, rows)?;
        }
        Ok(())
    }

    /// The first or the last orders.
    fn of_orders(&self, trigger: &Trigger) -> Result<Vec<Event>> {
        let totals = &self.totals;
        let second = trigger.trigger == Word::SecondPurchase;
        let days = match second || trigger.of == Which::First {
            true => &totals.first_day,
            false => &totals.last_day,
        };
        let mut events = Vec::new();
        for (row, code) in totals.customer.iter().enumerate() {
            if !second || totals.orders[row] == 1 {
                let event = (*code, days[row], self.value(*code), None);
                push(&mut events, event, "candidates")?;
            }
        }
        Ok(events)
    }

    /// Registrations of customers without an order.
    fn registered(&self) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        if self
            .orders
            .customers()
            .is_none_or(|table| table.registered.is_none())
        {
            return Ok(events);
        }
        let registered = self.orders.attribute("registered_at", self.context)?;
        let AttributeValues::Days(days) = registered.values else {
            return Err(Error::internal("registrations are days"));
        };
        for code in self.orders.prospects(&self.totals.customer)? {
            if days[code as usize] != i32::MIN {
                push(
                    &mut events,
                    (code, days[code as usize], 0, None),
                    "candidates",
                )?;
            }
        }
        Ok(events)
    }

    /// Days that an analysis gives.
    fn of_analysis(&self, trigger: &Trigger) -> Result<Vec<Event>> {
        let (name, columns): (&str, &[&str]) = match trigger.trigger {
            Word::ForgotToBuy => ("cycle", &["predicted_date"]),
            Word::SlippingAway => (
                "alerts",
                &["reached_on", "expected_revenue", "suppressed_by"],
            ),
            _ => (
                "likely_buyers",
                &["last_date", "expected_revenue", "probability_within"],
            ),
        };
        let mut events = Vec::new();
        for (code, cells) in self.rows(name, columns)? {
            let Cell::Date(day) = cells[0] else {
                continue;
            };
            let value = match cells.get(1) {
                Some(Cell::Money(amount, _)) => *amount,
                _ => self.value(code),
            };
            let excluded = match cells.get(2) {
                Some(Cell::Label(label)) => Some(label.code),
                Some(Cell::Float(p)) if *p < trigger.probability.get() => continue,
                _ => None,
            };
            push(&mut events, (code, day.0, value, excluded), "candidates")?;
        }
        Ok(events)
    }

    /// Appends what is due of a trigger for a customer and an event.
    fn due(&self, trigger: &Trigger, of: Row, rows: &mut Vec<Row>) -> Result<()> {
        let flags = self.opted_out.as_ref();
        let opted_out = flags.is_some_and(|flags| flags[of.customer as usize]);
        let (today, event, valid) = (self.at.day.0, of.event, of.valid);
        for days in trigger.days() {
            let days = match trigger.trigger {
                // Its day is that of the question.
                Word::LikelyBuyer => today.saturating_sub(event),
                _ => days,
            };
            let due = event.saturating_add(days);
            if due <= today && today < due.saturating_add(valid) {
                let row = Row {
                    days,
                    excluded: if opted_out {
                        Some("opted_out")
                    } else {
                        of.excluded
                    },
                    ..of
                };
                push(rows, row, "candidates")?;
            }
        }
        Ok(())
    }

    /// The mean order value, minor units; 0 without an order.
    fn value(&self, customer: u32) -> i64 {
        match self.place[customer as usize] {
            NO_ID => 0,
            row => {
                let (revenue, orders) = (
                    self.totals.revenue[row as usize],
                    self.totals.orders[row as usize],
                );
                revenue / i64::from(orders.max(1))
            }
        }
    }

    /// The birthdays of this year and the next.
    fn birthdays(&self, trigger: &Trigger, place: u32) -> Result<Vec<Event>> {
        let wrong = |expected: &str| {
            let path = format!("triggers.{place}.column");
            Err(Error::option(
                path,
                json!(trigger.column),
                expected.to_owned(),
            ))
        };
        let has_role = (self.orders.customers.as_ref()).is_some_and(|table| table.born.is_some());
        let name = match trigger.column.as_deref() {
            Some(name) => name,
            None if has_role => "birth_date",
            None => {
                return wrong(
                    "the column with the date of birth, as the customers have no `birth_date`",
                );
            }
        };
        let attribute = self.orders.attribute(name, self.context)?;
        if attribute.level != Level::Customer {
            return wrong("a column of the customers table");
        }
        let prospects = self.orders.prospects(&self.totals.customer)?;
        let mut born = Vec::new();
        for code in self.totals.customer.iter().chain(&prospects) {
            let day = match &attribute.values {
                AttributeValues::Days(days) => Some(days[*code as usize])
                    .filter(|d| *d != i32::MIN)
                    .map(Day),
                AttributeValues::Codes(_, codes) if codes[*code as usize] == NO_ID => None,
                AttributeValues::Codes(ids, codes) => match ids.at(codes[*code as usize]) {
                    IdRef::Text(text) => match text.parse::<Day>() {
                        Ok(day) => Some(day),
                        Err(_) => return wrong("a column of dates such as 1990-02-28"),
                    },
                    _ => return wrong("a column of dates such as 1990-02-28"),
                },
                _ => return wrong("a column of dates such as 1990-02-28"),
            };
            for later in day.map_or(0..0, |_| 0..2) {
                let event = next(day.unwrap_or_default(), self.at.day, later);
                push(
                    &mut born,
                    (*code, event, self.value(*code), None),
                    "candidates",
                )?;
            }
        }
        Ok(born)
    }

    /// Columns of an analysis at the date, by customer.
    fn rows(&self, name: &str, columns: &[&str]) -> Result<Vec<(u32, Vec<Cell<'static>>)>> {
        let Some(entry) = families::all().find(|entry| entry.name == name) else {
            return Err(Error::internal("an analysis that triggers need is gone"));
        };
        let scope = Scope {
            as_of: AsOf::Day(self.at.day),
            basis: self.at.basis,
            ..Scope::default()
        };
        let data = Dataset::Orders(self.orders);
        let table = (entry.run)(&data, &scope, &Map::new(), self.context)?;
        let Some(Values::Id { codes, .. }) = table.column("customer_id").map(Column::values) else {
            return Ok(Vec::new());
        };
        let mut rows = Vec::new();
        for (row, code) in codes.iter().enumerate() {
            let cell = |name: &&str| {
                table
                    .column(name)
                    .map_or(Cell::Null, |c| owned(&c.cell(row)))
            };
            push(
                &mut rows,
                (*code, columns.iter().map(cell).collect()),
                "candidates",
            )?;
        }
        Ok(rows)
    }

    fn keys(&self, rows: &[Row], triggers: &[Trigger]) -> Result<Vec<String>> {
        let mut keys = room(rows.len(), "candidates")?;
        for row in rows {
            let trigger = &triggers[row.trigger as usize];
            let (name, event) = (trigger.name(), Day(row.event));
            let id = self.orders.ids().text(row.customer);
            keys.push(match trigger.trigger {
                Word::LikelyBuyer => text(format_args!("{name}/{id}/{event}"), "keys")?,
                _ => text(format_args!("{name}/{id}/{event}/{}", row.days), "keys")?,
            });
        }
        Ok(keys)
    }

    fn table(&self, rows: &[Row], triggers: &[Trigger]) -> Result<Table> {
        let ids = self.orders.ids();
        let fields = Candidates::COLUMNS;
        let names = Arc::new(
            triggers
                .iter()
                .map(|t| t.name().to_owned())
                .collect::<Vec<String>>(),
        );
        let keys = Arc::new(self.keys(rows, triggers)?);
        let mut reasons: Vec<&str> = rows.iter().filter_map(|row| row.excluded).collect();
        reasons.sort_unstable();
        reasons.dedup();
        let reason = |row: &Row| {
            row.excluded
                .map(|of| reasons.partition_point(|known| *known < of) as u32)
        };
        let mut texts: Vec<String> = reasons.iter().map(|of| (*of).to_owned()).collect();
        // The code of a null cell is that of a text.
        texts.resize(texts.len().max(1), String::new());
        let texts = Arc::new(texts);
        let is_excluded = collect(rows.iter().map(|row| row.excluded.is_some()), "candidates")?;
        let last = rows
            .iter()
            .map(|row| match self.place[row.customer as usize] {
                NO_ID => None,
                place => Some(self.totals.last_day[place as usize]),
            });
        let word = |row: &Row| Some(triggers[row.trigger as usize].trigger as u8);
        Ok(Table::new(vec![
            Column::ids(&fields[0], ids, rows.iter().map(|row| row.customer))?,
            Column::texts(&fields[1], &names, rows.iter().map(|row| row.trigger))?,
            Column::dates(&fields[2], rows.iter().map(|row| row.event + row.days))?,
            Column::dates(
                &fields[3],
                rows.iter().map(|row| row.event + row.days + row.valid),
            )?,
            Column::texts(&fields[4], &keys, 0..rows.len() as u32)?,
            Column::money(
                &fields[5],
                rows.iter().map(|row| row.value),
                self.orders.currency(),
            )?,
            Column::words(&fields[6], Word::LABELS, rows.iter().map(word))?,
            Column::dates(&fields[7], rows.iter().map(|row| row.event))?,
            Column::ints(&fields[8], rows.iter().map(|row| Some(row.days)))?,
            Column::ints(&fields[9], last)?,
            Column::texts(
                &fields[10],
                &texts,
                rows.iter().map(|row| reason(row).unwrap_or(0)),
            )?
            .with_validity(is_excluded),
        ]))
    }
}

/// A cell that outlives its table: a day, an amount, a number or a word.
fn owned(cell: &Cell) -> Cell<'static> {
    match cell {
        Cell::Date(day) => Cell::Date(*day),
        Cell::Money(amount, currency) => Cell::Money(*amount, *currency),
        Cell::Float(number) => Cell::Float(*number),
        Cell::Label(label) => Cell::Label(*label),
        _ => Cell::Null,
    }
}

/// The birthday in the year of a day, or `later` years after; of 29 February the 28th in years without one.
fn next(born: Day, today: Day, later: i32) -> i32 {
    let year = today.plus(later, Period::Year);
    let month = born.number(Period::Month) - born.start_of(Period::Year).number(Period::Month);
    let first = year.plus(month, Period::Month);
    let last = first.plus(1, Period::Month).0 - 1;
    (first.0 + born.0 - born.start_of(Period::Month).0).min(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn birthdays_of_leap_years_are_a_day_earlier_in_others() {
        let of = |born: &str, today: &str, later| {
            Day(next(born.parse().unwrap(), today.parse().unwrap(), later)).to_string()
        };
        assert_eq!(of("1990-12-31", "2026-11-30", 0), "2026-12-31");
        assert_eq!(of("1990-01-01", "2026-11-30", 1), "2027-01-01");
        assert_eq!(of("2000-02-29", "2026-11-30", 0), "2026-02-28");
        assert_eq!(of("2000-02-29", "2027-11-30", 1), "2028-02-29");
        assert_eq!(of("2001-03-01", "2028-11-30", 0), "2028-03-01");
    }
}
