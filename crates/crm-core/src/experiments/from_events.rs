//! The variants of an experiment in a log: people by their first `assigned` event, and what they ordered after it.
//!
//! ```text
//! purchase_rate, orders, revenue      of a person in [t, t + window], t: the first assignment
//! covariate "before"                  the same in [t − before, t)
//! ```
//!
//! People who were assigned several variants, and those whose window is not over, are left out and counted.

use super::arms::Arms;
use super::experiment::{Experiment, judged_table};
use super::messages::{Campaigns, Log, Order};
use super::options::Options;
use crate::analysis::Analysis;
use crate::context::{Context, collect, push};
use crate::data::Events;
use crate::data::events::kinds;
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::request::longer_than_zero;
use crate::scope::Scope;
use crate::table::{Column, Field, Table, Values};
use crate::time::Duration;
use crate::words::EventWord;
use serde_json::json;
use std::sync::Arc;

/// What is measured of a person.
const MEASURES: [&str; 3] = ["purchase_rate", "orders", "revenue"];

/// The analysis `experiment` of events.
#[derive(Debug)]
pub struct ExperimentOfEvents;

impl Analysis for ExperimentOfEvents {
    const NAME: &'static str = Experiment::NAME;
    const SUMMARY: &'static str = Experiment::SUMMARY;
    const JA: &'static str = Experiment::JA;
    const COLUMNS: &'static [Field] = Experiment::COLUMNS;
    /// `where` would take the orders away.
    const SCOPE: &'static [&'static str] = &["as_of"];
    type Data = Events;
    type Options = Options;

    fn resolve(_: &Events, scope: Scope, mut options: Options) -> Result<(Scope, Options)> {
        options.window = options.window.or(Some(Duration::days(14)));
        options.before = match options.covariate {
            Some(_) => options.before.or(Some(Duration::days(28))),
            None => options.before,
        };
        Ok((scope, options))
    }

    fn check(whole: &Events, options: &Options) -> Result<()> {
        options.check()?;
        for (name, time) in [("window", options.window), ("before", options.before)] {
            time.map_or(Ok(()), |time| longer_than_zero(name, time))?;
        }
        if options
            .covariate
            .as_deref()
            .is_some_and(|name| name != "before")
        {
            let expected = "\"before\": the same measure in the time before the assignment";
            return Err(Error::option(
                "covariate",
                json!(options.covariate),
                expected,
            ));
        }
        if options.denominator.is_some() {
            let expected = "a table with one row per unit; of events a unit is a person";
            return Err(Error::option(
                "denominator",
                json!(options.denominator),
                expected,
            ));
        }
        if options.before.is_some() && options.covariate.is_none() {
            return Err(Error::option(
                "before",
                "",
                "`covariate: \"before\"` beside it",
            ));
        }
        measures(whole, options).map(drop)
    }

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        use EventWord as W;
        kinds::need(events, Self::NAME, &[W::Assigned], &[W::Purchase])?;
        let campaigns = Campaigns::new(events)?;
        let log = Log::new(events, options.per, &[W::Assigned], context)?;
        let experiment = experiment(events, &campaigns, options)?;
        let people = People::new(events, &log, &campaigns, experiment, options, context)?;
        let mut arms = Arms {
            variants: Vec::new(),
            measures: Vec::new(),
            in_several: people.in_several,
        };
        let table = people.table(options)?;
        for name in measures(events, options)? {
            let of_table = Options {
                measures: vec![name.into()],
                covariate: options.covariate.as_ref().map(|_| format!("{name}_before")),
                ..options.clone()
            };
            let found = Arms::new(&table, &of_table)?;
            arms.variants = found.variants;
            arms.measures.extend(found.measures);
        }
        let table = judged_table(Self::COLUMNS, &arms, options, context)?;
        let name = match campaigns.code(experiment) {
            NO_ID => json!(null),
            code => json!(campaigns.dim.ids.text(code)),
        };
        let table = table
            .with_note("experiment", name)
            .with_note("people_with_open_window", json!(people.open))
            .with_note("without_variant", json!(people.without_variant));
        Ok(log.noted(table))
    }
}

/// The measures that are asked for; all, if none are named.
fn measures(events: &Events, options: &Options) -> Result<Vec<&'static str>> {
    let known: &[&str] = match events.spec().amount.is_some() {
        true => &MEASURES,
        false => &MEASURES[..2],
    };
    if options.measures == Options::default().measures {
        return Ok(known.to_vec());
    }
    let find = |name: &String| {
        let found = known.iter().find(|one| **one == name.as_str()).copied();
        found.ok_or_else(|| {
            let expected = format!(
                "of events {}; revenue only with amounts",
                MEASURES.join(", ")
            );
            Error::option("measures", json!(name), expected)
        })
    };
    let found: Vec<&str> = options.measures.iter().map(find).collect::<Result<_>>()?;
    match found.is_empty() {
        true => Err(Error::option("measures", "[]", "at least one measure")),
        false => Ok(found),
    }
}

/// The experiment: the one that is named, or the only one.
fn experiment(events: &Events, campaigns: &Campaigns, options: &Options) -> Result<usize> {
    let data = events.data()?;
    let mut found: Vec<usize> = Vec::new();
    for event in 0..data.time.len() {
        let place = campaigns.of(event);
        if data.word(event) == Some(EventWord::Assigned) && !found.contains(&place) {
            push(&mut found, place, "experiments")?;
        }
    }
    let name = |place: usize| match campaigns.code(place) {
        NO_ID => "(none)".to_owned(),
        code => campaigns.dim.ids.text(code),
    };
    let chosen = match &options.experiment {
        Some(wanted) => found.iter().find(|place| name(**place) == *wanted),
        None => found.first().filter(|_| found.len() == 1),
    };
    if let Some(place) = chosen {
        return Ok(*place);
    }
    found.sort_unstable_by(|a, b| campaigns.compare(*a, *b));
    let names: Vec<String> = found.iter().take(20).map(|place| name(*place)).collect();
    let expected = match names.is_empty() {
        true => "an experiment of the log; up to that time nobody was assigned".to_owned(),
        false => format!("one of {}", names.join(", ")),
    };
    Err(Error::option(
        "experiment",
        json!(options.experiment),
        expected,
    ))
}

/// The people of an experiment.
struct People {
    /// The names of variants, by code in the dictionary.
    names: Arc<Vec<String>>,
    variant: Vec<u32>,
    /// Of each person by measure: in the window, and before the assignment.
    within: [Vec<f64>; 3],
    before: [Vec<f64>; 3],
    in_several: u64,
    open: u64,
    without_variant: u64,
}

impl People {
    fn new(
        events: &Events,
        log: &Log,
        campaigns: &Campaigns,
        experiment: usize,
        options: &Options,
        context: &Context,
    ) -> Result<People> {
        let variants = events.dim("variant")?.ok_or_else(|| {
            let expected = "the column that names the variant of an assignment: variant=";
            Error::option("variant", "", expected)
        })?;
        let names = 0..variants.ids.len() as u32;
        let mut people = People {
            names: Arc::new(collect(
                names.map(|code| variants.ids.text(code)),
                "variants",
            )?),
            variant: Vec::new(),
            within: Default::default(),
            before: Default::default(),
            in_several: 0,
            open: 0,
            without_variant: 0,
        };
        let window = options.window.map_or(0, Duration::micros);
        let before = options.before.map_or(0, Duration::micros);
        for person in 0..log.len() {
            if person % 4096 == 0 {
                context.check()?;
            }
            let mut first: Option<(i64, u32)> = None;
            let mut several = false;
            for event in log.events(person) {
                let assigned = log.data.word(event) == Some(EventWord::Assigned);
                if !assigned || campaigns.of(event) != experiment {
                    continue;
                }
                let code = variants.codes[event];
                if code == NO_ID {
                    people.without_variant += 1;
                    continue;
                }
                let known = *first.get_or_insert((log.data.time[event], code));
                several |= known.1 != code;
            }
            let Some((time, code)) = first else { continue };
            let until = time.saturating_add(window);
            if several {
                people.in_several += 1;
                continue;
            }
            if until > events.as_of {
                people.open += 1;
                continue;
            }
            push(&mut people.variant, code, "experiment")?;
            let orders = log.orders(person);
            let within = orders.iter().filter(|o| (time..=until).contains(&o.time));
            people.within.add(events, within)?;
            let since = time.saturating_sub(before);
            let earlier = orders.iter().filter(|o| (since..time).contains(&o.time));
            people.before.add(events, earlier)?;
        }
        Ok(people)
    }

    /// A row per person.
    fn table(&self, options: &Options) -> Result<Table> {
        let codes = collect(self.variant.iter().copied(), "experiment")?;
        let texts = self.names.clone();
        let mut columns = vec![Column::named("variant", Values::Text { codes, texts })];
        let mut add = |name: String, cells: &[f64]| -> Result<()> {
            let cells = collect(cells.iter().copied(), "experiment")?;
            columns.push(Column::named(name, Values::F64(cells.into())));
            Ok(())
        };
        for (at, name) in MEASURES.iter().enumerate() {
            add((*name).to_owned(), &self.within[at])?;
            if options.covariate.is_some() {
                add(format!("{name}_before"), &self.before[at])?;
            }
        }
        Ok(Table::new(columns))
    }
}

/// Columns to which a person's orders are added.
trait Add {
    fn add<'a>(&mut self, events: &Events, orders: impl Iterator<Item = &'a Order>) -> Result<()>;
}

impl Add for [Vec<f64>; 3] {
    fn add<'a>(&mut self, events: &Events, orders: impl Iterator<Item = &'a Order>) -> Result<()> {
        let (mut n, mut minor) = (0_u32, 0_i64);
        for order in orders {
            n += 1;
            let sum = minor.checked_add(order.amount);
            minor = sum.ok_or_else(|| super::messages::too_much(events))?;
        }
        let major = events
            .currency()
            .map_or(0.0, |currency| currency.major(minor));
        let cells = [f64::from(u8::from(n > 0)), f64::from(n), major];
        for (column, cell) in self.iter_mut().zip(cells) {
            push(column, cell, "experiment")?;
        }
        Ok(())
    }
}
