//! Behaviour on the site: sessions, exits, funnels, abandoned carts, and paths between pages.

mod breakdown;
pub mod browse;
pub mod browse_rates;
pub mod cart;
pub mod cart_abandonment;
pub mod cart_follow_ups;
mod fields;
pub mod funnel;
pub mod intent;
pub mod nodes;
pub mod page_exits;
pub mod page_influence;
pub mod sequences;
pub mod sessions;
mod steps;
pub mod top_paths;
pub mod transitions;
pub mod visits;

use crate::analysis::Entry;
use crate::context::{collect, room};
use crate::data::{EventWord, Events, Ids, NO_ID, UNUSED};
use crate::num::ratio::Ratio;
use crate::table::{Column, Field, Values};
use crate::{Duration, Error, Fraction, Result};
use std::sync::Arc;

/// The analyses of the family, in the order users see them.
pub(crate) static ANALYSES: &[Entry] = &[
    Entry::of::<sessions::Sessions>(),
    Entry::of::<page_exits::PageExits>(),
    Entry::of::<funnel::Funnel>(),
    Entry::of::<sequences::Sequences>(),
    Entry::of::<sequences::SequenceTotals>(),
    Entry::of::<cart_abandonment::CartAbandonment>(),
    Entry::of::<cart_follow_ups::CartFollowUps>(),
    Entry::of::<cart_follow_ups::CartItems>(),
    Entry::of::<browse_rates::BrowseRates>(),
    Entry::of::<browse::BrowseAbandonment>(),
    Entry::of::<transitions::Transitions>(),
    Entry::of::<top_paths::TopPaths>(),
    Entry::of::<page_influence::PageInfluence>(),
    Entry::of::<visits::VisitsAfterPurchase>(),
    Entry::of::<intent::Intent>(),
];

/// Keys of the scope for analyses whose rows are pages, steps or carts. `customers` is not
/// accepted, because no row is a customer; `where` chooses events.
pub(crate) const OF_THE_SITE: &[&str] = &["as_of", "where", "by"];

/// Confidence level of every interval.
pub(crate) fn level() -> Result<Fraction> {
    Fraction::new(0.95).ok_or_else(|| Error::internal("0.95 is a fraction"))
}

/// A column of ids from codes, null where there is no code.
pub(crate) fn ids_column(field: &Field, ids: &Arc<Ids>, codes: Vec<u32>) -> Result<Column> {
    let valid = collect(codes.iter().map(|c| *c != NO_ID), "table column")?;
    let mut codes = codes;
    for code in &mut codes {
        if *code == NO_ID {
            *code = 0;
        }
    }
    let ids = ids.clone();
    Ok(Column::new(field, Values::Id { ids, codes }).with_validity(valid))
}

/// A column of instants, null where there is none.
pub(crate) fn instants_column(
    field: &Field,
    events: &Events,
    cells: impl ExactSizeIterator<Item = Option<i64>>,
) -> Result<Column> {
    let (mut values, mut valid) = (room(cells.len(), "table")?, room(cells.len(), "table")?);
    for cell in cells {
        values.push(cell.unwrap_or(0));
        valid.push(cell.is_some());
    }
    Ok(Column::new(field, Values::Instant(values.into(), events.zone())).with_validity(valid))
}

/// A rate's three columns: value and both ends of its interval.
pub(crate) fn rate_columns(fields: &[Field], rates: &[Ratio]) -> Result<Vec<Column>> {
    let [value, low, high] = fields else {
        return Err(Error::internal("a rate is three columns"));
    };
    Ok(vec![
        Column::floats(value, rates.iter().map(|r| r.value))?,
        Column::floats(low, rates.iter().map(|r| r.low))?,
        Column::floats(high, rates.iter().map(|r| r.high))?,
    ])
}

/// Refuses a duration of zero.
pub(crate) fn longer_than_zero(name: &str, time: Duration) -> Result<()> {
    match time.micros() {
        0 => Err(Error::option(name, 0, "a time longer than zero")),
        _ => Ok(()),
    }
}

/// Refuses a log without the kinds of events that an analysis needs.
///
/// `always` must be among the kinds of any log that is not empty. `possible` may be absent if every
/// kind in the log is understood, but not if an unmapped kind could have that meaning. A word in
/// `kinds` counts as present: `{"remove": "remove"}` declares that there are no removals.
pub(crate) fn need(
    events: &Events,
    analysis: &str,
    always: &[EventWord],
    possible: &[EventWord],
) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let data = events.data()?;
    let named = |word: &EventWord| {
        data.words.contains(&(*word as u8)) || events.spec.kinds.values().any(|w| w == word)
    };
    let strangers = data.words.contains(&crate::data::OTHER);
    let missing = always.iter().find(|w| !named(w));
    let missing = missing.or_else(|| possible.iter().find(|w| strangers && !named(w)));
    let Some(missing) = missing else {
        return Ok(());
    };
    let code = missing.code();
    Err(Error::option(
        "kinds",
        "",
        format!(
            "a kind that means {code:?}, which {analysis} needs; the kinds present are {} \
             (map one: {{\"your word\": {code:?}}}, or {{{code:?}: {code:?}}} where it never occurs)",
            present(events, "")?
        ),
    ))
}

/// The kinds in the log, in these quotation marks, with the meaning of mapped kinds.
pub(crate) fn present(events: &Events, mark: &str) -> Result<String> {
    let data = events.data()?;
    let used = data.words.iter().enumerate();
    let used = used.filter(|(_, word)| **word != UNUSED).take(20);
    let mut names: Vec<String> = used
        .map(|(code, word)| {
            let name = data.kinds.text(code as u32);
            match EventWord::ALL.get(usize::from(*word)) {
                Some(means) if means.code() != name => {
                    format!("{mark}{name}{mark} (means {:?})", means.code())
                }
                _ => format!("{mark}{name}{mark}"),
            }
        })
        .collect();
    names.sort_unstable();
    Ok(names.join(", "))
}
