//! The kinds of events that an analysis needs.

use super::dataset::Events;
use super::event_data::{OTHER, UNUSED};
use crate::error::{Error, Result};
use crate::words::EventWord;

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
    let strangers = data.words.contains(&OTHER);
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

/// The kinds in the log that have a meaning, in these quotation marks, and how many have none: those may be cells
/// of another column.
pub(crate) fn present(events: &Events, mark: &str) -> Result<String> {
    let data = events.data()?;
    let mut names = Vec::new();
    let mut others = 0_usize;
    for (code, word) in data.words.iter().enumerate() {
        let name = data.kinds.text(code as u32);
        match EventWord::ALL.get(usize::from(*word)) {
            _ if *word == UNUSED => {}
            Some(means) if means.code() != name => {
                names.push(format!("{mark}{name}{mark} (means {:?})", means.code()));
            }
            Some(_) => names.push(format!("{mark}{name}{mark}")),
            None => others += 1,
        }
    }
    names.sort_unstable();
    match others {
        0 => {}
        1 => names.push("one that has no meaning yet".into()),
        _ => names.push(format!("{others} that have no meaning yet")),
    }
    Ok(names.join(", "))
}
