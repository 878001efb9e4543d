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
