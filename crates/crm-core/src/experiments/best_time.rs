//! Best time to write (配信最適時間): the channel and the hour at which each customer answers most, and whether that is chance.
//!
//! # Definition
//!
//! A cell is a channel and one of the 56 times of a week: a weekday and three hours (0 to 2, 3 to 5, ...) on the clocks of
//! the log's zone. Of each customer a cell has `x` answers of `n`:
//!
//! ```text
//! clicks    n: messages sent in the cell;  x: those followed by a click of the customer within `window` (in the same
//!           campaign, where campaigns are known; clicks of machines do not count)
//! views     n: weeks from the customer's first event on;  x: weeks with a view in the cell, all channels together
//! orders    the same of purchases
//! ```
//!
//! ```text
//! p_c       the shop's rate of the cell, drawn towards that of all cells (num/shrunk_rates.rs)
//! L_u       mean over a of (x_u + a) / (e_u + a),  e_u = Σ n_uc p_c: how much the customer answers at all
//! p_uc      p_c L_u, at most 0.95: expected without a preference
//! rate      (x_uc + κ p_uc) / (n_uc + κ), the mean of B = Beta(x_uc + κ p_uc, n_uc − x_uc + κ (1 − p_uc))
//! interval  quantiles of the beta distribution with this mean and the variance of B + (κ p_uc / (n_uc + κ))² v
//! v         var(L_u) / L_u² + (d_c / p_c)²: how uncertain L_u and p_c are; d_c: half of p_c's interval / 1.96
//! ```
//!
//! `x_u ~ Poisson(L_u e_u)` with `L_u ~ Gamma(a, a)`, and `x_uc` is beta-binomial around `p_uc` with the precision `κ`. `a` is
//! averaged over 41 numbers from 0.1 to 1,000, each weighted by its likelihood for the whole log and a prior that is even in `1/√a`, the
//! deviation of the levels: few messages do not say what it is. `κ` is the most likely. Where customers differ only in how much they
//! answer, κ is great and no single click makes a preference. Of more than 20,000 customers every k-th by id is used for these two.
//!
//! The customer's best time is the cell of the greatest rate. A preference is shown if the lower quantile of its `B` is above
//! the rate at the shop's own best time, the cell of the greatest `p_c`: how much a customer answers at all is the same for
//! both. Otherwise the row is that of the shop's time.
//!
//! Cells that the shop has not used are never best: nothing is known of them. That a message is sent at some hour was the
//! shop's choice; if it wrote to its best customers at night, nights look good.
//!
//! Source: Casella, G. (1985), *An introduction to empirical Bayes data analysis*, The American Statistician 39, for
//! both models.

use super::messages::Log;
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, push};
use crate::data::events::event_data::EventDim;
use crate::data::events::kinds;
use crate::data::{Events, Whose};
use crate::error::{Error, Result};
use crate::ids::{IdKind, Ids, NO_ID};
use crate::num::incomplete::beta_quantile;
use crate::num::shrunk_rates::shrunk;
use crate::num::special::ln_rising;
use crate::num::{Fraction, normal};
use crate::request::longer_than_zero;
use crate::table::optional::ids_column;
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns};
use crate::time::{Duration, MICROS_PER_DAY};
use crate::words::{EventWord, Weekday};
use libm::{exp, log};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Options of [`BestTime`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// What counts as an answer. Default: none is said; then clicks if the log has messages and clicks, else views, else
    /// orders.
    pub measure: Option<Measure>,
    /// How long after a message a click counts. Default 2 days.
    pub window: Duration,
    /// Confidence level of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            measure: None,
            window: Duration::days(2),
            confidence: Fraction::P95,
        }
    }
}

/// What counts as an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Measure {
    /// Clicks per message.
    Clicks,
    /// Weeks with a view.
    Views,
    /// Weeks with an order.
    Orders,
}

/// Times of a week: 7 days of 8 times 3 hours.
const TIMES: usize = 56;

/// Customers from whom `a` and `κ` are estimated: from so many the error is far below the steps of their grids, which are
/// 26 % and 33 %.
const PILOT: usize = 20_000;

/// The greatest rate that is expected of a customer without a preference.
const MOST: f64 = 0.95;

/// The analysis `best_time`.
#[derive(Debug, Clone, Copy)]
pub struct BestTime;

impl Analysis for BestTime {
    const NAME: &'static str = "best_time";
    const SUMMARY: &'static str = "The channel and hour at which each customer answers most, and whether that is a preference or chance";
    const JA: &'static str = "配信最適時間";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        "observed": Int, "", "観測数", "Messages sent to the customer, or weeks.";
        "preference": Bool, "", "好みあり", "Whether the customer's own best time is better than the shop's; if not, the row has the shop's.";
        "channel": Id, "", "配信手段", "The channel of messages; null if messages have none, and of views and orders.";
        "weekday": Category, "", "曜日", "The day of the week.";
        "hour_from": Int, "hour", "開始時刻", "The first of the three hours.";
        "answer_rate": Float, "share", "反応率", "The customer's answers per message or week at this time, drawn towards what is expected.";
        "answer_rate_low": Float, "share", "反応率(下限)", "Lower end of its interval.";
        "answer_rate_high": Float, "share", "反応率(上限)", "Upper end of its interval.";
        "shop_time_rate": Float, "share", "店舗標準時間の反応率", "The customer's rate at the shop's own best time.";
    };
    const SCOPE: &'static [&'static str] = &["as_of"];
    type Data = Events;
    type Options = Options;

    fn check(whole: &Events, options: &Options) -> Result<()> {
        longer_than_zero("window", options.window)?;
        match whole.spec().customer_id {
            Some(_) => Ok(()),
            None => Err(Error::option(
                "customer_id",
                "",
                "events with a column of customers",
            )),
        }
    }

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        let measure = measure(events, options)?;
        let log = Log::new(events, Some(Whose::Customer), read(measure), context)?;
        let found = match measure {
            Measure::Clicks => Answers::of_clicks(events, &log, options, context)?,
            _ => Answers::of_weeks(events, &log, measure, context)?,
        };
        let shop = Shop::new(&found)?;
        let mut rows = Vec::new();
        for customer in &found.customers {
            if rows.len() % 4096 == 0 {
                context.check()?;
            }
            if let Some(row) = shop.best(customer, options.confidence) {
                push(&mut rows, row, "best time")?;
            }
        }
        let table = table(events, &found, &rows)?
            .with_note("measure", json!(measure))
            .with_note(
                "preferences",
                json!(rows.iter().filter(|row| row.is_own).count()),
            );
        Ok(log.noted(table))
    }
}

/// The kinds of events that are read.
fn read(measure: Measure) -> &'static [EventWord] {
    match measure {
        Measure::Clicks => &[EventWord::Sent, EventWord::Clicked],
        Measure::Views => &[EventWord::View, EventWord::ProductView],
        Measure::Orders => &[],
    }
}

fn measure(events: &Events, options: &Options) -> Result<Measure> {
    let words = &events.data()?.words;
    let has = |word: EventWord| words.contains(&(word as u8));
    let found = match options.measure {
        Some(measure) => measure,
        None if has(EventWord::Sent) && has(EventWord::Clicked) => Measure::Clicks,
        None if has(EventWord::View) || has(EventWord::ProductView) => Measure::Views,
        None => Measure::Orders,
    };
    match found {
        Measure::Clicks => {
            let (sent, clicked) = (EventWord::Sent, EventWord::Clicked);
            kinds::need(events, BestTime::NAME, &[sent], &[clicked])?;
        }
        Measure::Orders => kinds::need(events, BestTime::NAME, &[], &[EventWord::Purchase])?,
        Measure::Views => {
            if !(has(EventWord::View) || has(EventWord::ProductView)) {
                kinds::need(events, BestTime::NAME, &[], &[EventWord::View])?;
            }
        }
    }
    Ok(found)
}

/// What a customer did in the cells in which something was observed.
struct Customer {
    code: u32,
    observed: u64,
    /// Cell, answers, of how many; by cell.
    cells: Vec<(u32, f64, f64)>,
    /// In all other cells nothing of so many.
    others: f64,
}

/// The answers of all customers.
struct Answers<'a> {
    customers: Vec<Customer>,
    /// The column of channels, if messages have one.
    channels: Option<&'a EventDim>,
    /// The codes of the channels, by the number of the channel.
    codes: Vec<u32>,
}

/// The time of the week of a civil day and a wall clock.
fn time_of_week(events: &Events, time: i64) -> Result<usize> {
    let offsets = &events.data()?.offsets;
    let hour = offsets.wall(time).rem_euclid(MICROS_PER_DAY) / 3_600_000_000;
    Ok(offsets.day(time).weekday() as usize * 8 + hour as usize / 3)
}

impl<'a> Answers<'a> {
    fn of_clicks(
        events: &'a Events,
        log: &Log,
        options: &Options,
        context: &Context,
    ) -> Result<Answers<'a>> {
        let data = log.data;
        let campaigns = events.dim("campaign")?;
        let machine = events.dim("machine")?;
        let is_machine =
            |event: usize| machine.is_some_and(|dim| dim.ids.text(dim.codes[event]) == "true");
        let campaign = |event: usize| campaigns.map_or(NO_ID, |dim| dim.codes[event]);
        let channels = events.dim("channel")?;
        let channel = |event: usize| channels.map_or(NO_ID, |dim| dim.codes[event]);
        let window = options.window.micros();
        let mut numbers: BTreeMap<u32, usize> = BTreeMap::new();
        let mut codes = Vec::new();
        let mut customers = Vec::new();
        for person in 0..log.len() {
            if person % 4096 == 0 {
                context.check()?;
            }
            let own: Vec<usize> = log.events(person).collect();
            let mut cells: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
            let mut code = NO_ID;
            for (at, event) in own.iter().enumerate() {
                if data.word(*event) != Some(EventWord::Sent) {
                    continue;
                }
                let until = data.time[*event].saturating_add(window);
                let later = own[at + 1..].iter().take_while(|e| data.time[**e] <= until);
                let answers = |e: &&usize| {
                    data.word(**e) == Some(EventWord::Clicked)
                        && campaign(**e) == campaign(*event)
                        && !is_machine(**e)
                };
                let clicked = later.filter(answers).count() > 0;
                let next = numbers.len();
                let number = *numbers.entry(channel(*event)).or_insert(next);
                if number == codes.len() {
                    push(&mut codes, channel(*event), "best time")?;
                }
                let cell = number * TIMES + time_of_week(events, data.time[*event])?;
                let (x, n) = cells.entry(cell as u32).or_default();
                *x += f64::from(u8::from(clicked));
                *n += 1.0;
                code = data.customer.as_ref().map_or(NO_ID, |of| of.codes[*event]);
            }
            if code != NO_ID {
                let one = Customer {
                    code,
                    observed: cells.values().map(|(_, n)| *n as u64).sum(),
                    cells: cells
                        .into_iter()
                        .map(|(cell, (x, n))| (cell, x, n))
                        .collect(),
                    others: 0.0,
                };
                push(&mut customers, one, "best time")?;
            }
        }
        Ok(Answers {
            customers,
            channels,
            codes,
        })
    }

    fn of_weeks(
        events: &'a Events,
        log: &Log,
        measure: Measure,
        context: &Context,
    ) -> Result<Answers<'a>> {
        let data = log.data;
        let is_answer = |event: usize| match data.word(event) {
            Some(EventWord::Purchase) => measure == Measure::Orders,
            Some(_) => measure == Measure::Views,
            None => false,
        };
        let last = data.offsets.day(events.as_of()).0;
        let mut customers = Vec::new();
        for person in 0..log.len() {
            if person % 4096 == 0 {
                context.check()?;
            }
            let own: Vec<usize> = log.events(person).collect();
            let Some(first) = own.first() else { continue };
            let first_day = data.offsets.day(data.time[*first]).0;
            // Weeks that are over.
            let weeks = last.saturating_sub(first_day).saturating_add(1) / 7;
            if weeks == 0 {
                continue;
            }
            let mut seen = Vec::new();
            for event in own.iter().filter(|event| is_answer(**event)) {
                let week = (data.offsets.day(data.time[*event]).0 - first_day) / 7;
                if week < weeks {
                    let time = time_of_week(events, data.time[*event])?;
                    push(&mut seen, (time as u32, week), "best time")?;
                }
            }
            seen.sort_unstable();
            seen.dedup();
            let cells = seen.chunk_by(|a, b| a.0 == b.0);
            let n = f64::from(weeks);
            let one = Customer {
                code: data.customer.as_ref().map_or(NO_ID, |of| of.codes[*first]),
                observed: weeks as u64,
                cells: cells
                    .map(|weeks| (weeks[0].0, weeks.len() as f64, n))
                    .collect(),
                others: n,
            };
            push(&mut customers, one, "best time")?;
        }
        Ok(Answers {
            customers,
            channels: None,
            codes: vec![NO_ID],
        })
    }
}

/// What is common to all customers.
struct Shop {
    /// p_c; 0 where the shop has not used the cell.
    rates: Vec<f64>,
    /// d_c
    deviations: Vec<f64>,
    /// The sum of p_c.
    whole: f64,
    /// The shop's own best cell.
    best: u32,
    /// Numbers a, and their weights.
    levels: Vec<(f64, f64)>,
    kappa: f64,
}

/// A row of the result.
struct Row {
    code: u32,
    observed: u64,
    is_own: bool,
    cell: u32,
    rate: [f64; 3],
    at_shop: f64,
}

impl Shop {
    fn new(answers: &Answers) -> Result<Shop> {
        let mut sums = filled(answers.codes.len().max(1) * TIMES, (0.0, 0.0), "best time")?;
        for customer in &answers.customers {
            if customer.others > 0.0 {
                sums.iter_mut().for_each(|(_, n)| *n += customer.others);
            }
            for (cell, x, n) in &customer.cells {
                let (hits, all) = &mut sums[*cell as usize];
                *hits += x;
                *all += n - customer.others;
            }
        }
        let used: Vec<usize> = (0..sums.len()).filter(|cell| sums[*cell].1 > 0.0).collect();
        let of_used = collect(used.iter().map(|cell| sums[*cell]), "best time")?;
        let mut rates = filled(sums.len(), 0.0, "best time")?;
        let mut deviations = filled(sums.len(), 0.0, "best time")?;
        if let Some(found) = shrunk(&of_used, Fraction::P95)? {
            let width = 2.0 * normal::quantile(0.975);
            for (cell, rate) in used.iter().zip(found) {
                rates[*cell] = rate.value;
                deviations[*cell] = (rate.high - rate.low) / width;
            }
        }
        // The first of equal ones.
        let best = (0..rates.len())
            .rev()
            .max_by(|a, b| rates[*a].total_cmp(&rates[*b]));
        let mut shop = Shop {
            whole: rates.iter().sum(),
            rates,
            deviations,
            best: best.unwrap_or(0) as u32,
            levels: Vec::new(),
            kappa: 1.0,
        };
        let every = answers.customers.len().div_ceil(PILOT).max(1);
        let pilot = || answers.customers.iter().step_by(every);
        shop.levels = weighted(0.1, 1000.0, |a| {
            let likelihood: f64 = pilot().map(|of| shop.ln_level(of, a)).sum();
            likelihood - 0.5 * log(a)
        })?;
        shop.kappa = most_likely(1.0, 100_000.0, |kappa| {
            pilot().map(|of| shop.ln_cells(of, kappa)).sum()
        });
        Ok(shop)
    }

    /// x_u and e_u
    fn level(&self, of: &Customer) -> (f64, f64) {
        let answers = of.cells.iter().map(|(_, x, _)| x).sum();
        let expected = of
            .cells
            .iter()
            .map(|(cell, _, n)| (n - of.others) * self.rates[*cell as usize]);
        (answers, expected.sum::<f64>() + of.others * self.whole)
    }

    /// The negative binomial likelihood of x_u, without what does not depend on a.
    fn ln_level(&self, of: &Customer, a: f64) -> f64 {
        let (x, e) = self.level(of);
        ln_rising(a, x) + a * log(a / (a + e)) - x * log(a + e)
    }

    /// L_u, and its variance by its square.
    fn factor(&self, of: &Customer) -> (f64, f64) {
        let (x, e) = self.level(of);
        let (mut first, mut second) = (0.0, 0.0);
        for (a, weight) in &self.levels {
            let mean = (x + a) / (e + a);
            first += weight * mean;
            second += weight * (mean * mean + mean / (e + a));
        }
        (first, (second / (first * first) - 1.0).max(0.0))
    }

    /// p_uc
    fn expected(&self, factor: f64, cell: u32) -> f64 {
        (self.rates[cell as usize] * factor).min(MOST)
    }

    /// The beta-binomial likelihood of a customer's cells.
    fn ln_cells(&self, of: &Customer, kappa: f64) -> f64 {
        let (factor, _) = self.factor(of);
        let ln = |x: f64, n: f64, p: f64| {
            ln_rising(kappa * p, x) + ln_rising(kappa * (1.0 - p), n - x) - ln_rising(kappa, n)
        };
        let known: f64 = of
            .cells
            .iter()
            .map(|(cell, x, n)| ln(*x, *n, self.expected(factor, *cell)))
            .sum();
        if of.others == 0.0 {
            return known;
        }
        // Cells without an answer.
        let mut cells = of.cells.iter().map(|(cell, ..)| *cell).peekable();
        let empty = (0..self.rates.len() as u32).filter(|cell| cells.next_if_eq(cell).is_none());
        known
            + empty
                .map(|cell| ln(0.0, of.others, self.expected(factor, cell)))
                .sum::<f64>()
    }

    /// The customer's best time, or the shop's.
    fn best(&self, of: &Customer, level: Fraction) -> Option<Row> {
        if self.whole <= 0.0 {
            return None;
        }
        let (factor, _) = self.factor(of);
        let tail = 0.5 - 0.5 * level.get();
        let rate = |cell: u32, x: f64, n: f64| {
            let p = self.expected(factor, cell);
            let (a, b) = (x + self.kappa * p, n - x + self.kappa * (1.0 - p));
            (a / (a + b), a, b)
        };
        let at_shop = of.cells.iter().find(|(cell, ..)| *cell == self.best);
        let (_, x, n) = at_shop.copied().unwrap_or((self.best, 0.0, of.others));
        let (at_shop, a, b) = rate(self.best, x, n);
        let own = of
            .cells
            .iter()
            .map(|(cell, x, n)| (*cell, rate(*cell, *x, *n)));
        // The first of equal ones.
        let own = own
            .rev()
            .max_by(|(_, (a, ..)), (_, (b, ..))| a.total_cmp(b));
        let own = own.filter(|(cell, (rate, a, b))| {
            *cell != self.best && *rate > at_shop && beta_quantile(*a, *b, tail) > at_shop
        });
        let (cell, (value, a, b)) = own.unwrap_or((self.best, (at_shop, a, b)));
        Some(Row {
            code: of.code,
            observed: of.observed,
            is_own: own.is_some(),
            cell,
            rate: self.interval(of, cell, value, a + b, tail),
            at_shop,
        })
    }

    /// A rate with its interval; `whole` is n + κ.
    fn interval(&self, of: &Customer, cell: u32, rate: f64, whole: f64, tail: f64) -> [f64; 3] {
        let (factor, of_level) = self.factor(of);
        let p = self.expected(factor, cell);
        let off = self.deviations[cell as usize] / self.rates[cell as usize];
        let share = self.kappa / whole * p;
        let spread = rate * (1.0 - rate);
        let variance = spread / (whole + 1.0) + share * share * (of_level + off * off);
        // A beta distribution has a variance below m (1 − m); a sum of its parameters of 1 is the widest with one hump or none.
        let sum = (spread / variance - 1.0).max(1.0);
        let (a, b) = (rate * sum, (1.0 - rate) * sum);
        [
            rate,
            beta_quantile(a, b, tail),
            1.0 - beta_quantile(b, a, tail),
        ]
    }
}

/// 41 numbers in a geometric row.
fn row(least: f64, most: f64) -> impl Iterator<Item = f64> {
    let step = log(most / least) / 40.0;
    (0..=40).map(move |k| least * exp(step * f64::from(k)))
}

/// The most likely of a row.
fn most_likely(least: f64, most: f64, ln: impl Fn(f64) -> f64) -> f64 {
    let mut best = (least, f64::NEG_INFINITY);
    for value in row(least, most) {
        let likelihood = ln(value);
        if likelihood > best.1 {
            best = (value, likelihood);
        }
    }
    best.0
}

/// Those of a row with a weight of more than a millionth of the greatest, and their weights, which add up to 1.
fn weighted(least: f64, most: f64, ln: impl Fn(f64) -> f64) -> Result<Vec<(f64, f64)>> {
    let mut found = Vec::new();
    for value in row(least, most) {
        push(&mut found, (value, ln(value)), "best time")?;
    }
    let greatest = found
        .iter()
        .map(|one| one.1)
        .fold(f64::NEG_INFINITY, f64::max);
    for (_, ln) in &mut found {
        *ln = exp(*ln - greatest);
    }
    found.retain(|(_, weight)| *weight > 1e-6);
    let whole: f64 = found.iter().map(|(_, weight)| weight).sum();
    found.iter_mut().for_each(|(_, weight)| *weight /= whole);
    Ok(found)
}

fn table(events: &Events, answers: &Answers, rows: &[Row]) -> Result<Table> {
    let f = BestTime::COLUMNS;
    let Some(joined) = &events.data()?.customer else {
        return Err(Error::internal("no customers"));
    };
    let channel = |row: &Row| answers.codes[row.cell as usize / TIMES];
    let channels = collect(rows.iter().map(channel), "best time")?;
    let no_ids = || Arc::new(Ids::new(IdKind::Text, 0));
    let ids = answers.channels.map_or_else(no_ids, |dim| dim.ids.clone());
    let time = |row: &Row| row.cell as usize % TIMES;
    let observed = rows.iter().map(|row| i32::try_from(row.observed).ok());
    let own = collect(rows.iter().map(|row| row.is_own), "best time")?;
    let mut columns = vec![
        Column::ids(&f[0], &joined.ids, rows.iter().map(|row| row.code))?,
        Column::ints(&f[1], observed)?,
        Column::new(&f[2], Values::Bool(own)),
        ids_column(&f[3], &ids, channels)?,
        Column::words(
            &f[4],
            Weekday::LABELS,
            rows.iter().map(|row| Some((time(row) / 8) as u8)),
        )?,
        Column::ints(
            &f[5],
            rows.iter().map(|row| Some((time(row) % 8 * 3) as i32)),
        )?,
    ];
    for at in 0..3 {
        columns.push(Column::floats(
            &f[6 + at],
            rows.iter().map(|row| Some(row.rate[at])),
        )?);
    }
    columns.push(Column::floats(
        &f[9],
        rows.iter().map(|row| Some(row.at_shop)),
    )?);
    Ok(Table::new(columns))
}

#[cfg(test)]
mod tests;
