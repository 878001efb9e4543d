//! Transitions (遷移): counts of transitions between pages, products or kinds, with start and end.
//! They are the data of a journey map or, with `steps`, of a Sankey diagram.
//!
//! # Definition
//!
//! Each [session](super::sessions) is the path `(start) → s_1 → … → s_n → (end)` over its nodes:
//! the pages (or products) of its views, or the kinds of all its events. Sessions without a node
//! are left out.
//!
//! ```text
//! order 1   count(source → target)            probability = count / Σ_target count(source → ·)
//! order 2   count(before → source → target)   probability = count / Σ_target count(before → source → ·)
//! ```
//!
//! A repeated node (a reload) is a transition to itself, unless `collapse_repeats` is set. With
//! `steps`, transitions are counted by their position in the session, from 1 (out of `(start)`) to
//! `steps`, and the probability is among transitions at that position. Rows are in ascending order
//! of the nodes, `(start)` first and `(end)` last.

use super::nodes::{Nodes, Of};
use super::parameters::OF_THE_SITE;
use crate::analysis::Analysis;
use crate::behavior::fields::STEP;
use crate::context::{Context, collect, filled, push};
use crate::data::Events;
use crate::error::{Error, Result};
use crate::num::rank;
use crate::table::shared::{PROBABILITY, SOURCE, TARGET};
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::Duration;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Options of the transitions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// What the nodes of a path are.
    pub of: Of,
    /// 1, or 2 to count transitions by the previous node too.
    pub order: u8,
    /// Count by position in the session, up to this position (1 to 100); order 1 only. Default:
    /// none, over the whole session.
    pub steps: Option<u32>,
    /// Whether repeats of a node in a row count once.
    pub collapse_repeats: bool,
    /// Inactivity after which the next event opens a new session. Default 30 minutes.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            of: Of::Page,
            order: 1,
            steps: None,
            collapse_repeats: false,
            timeout: Duration::minutes(30),
        }
    }
}

/// One transition: the indices of its nodes, and its count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Transition {
    /// The previous node, or the position in the session.
    given: u32,
    source: u32,
    target: u32,
    count: u64,
}

/// Bits of a station in a key: three fit into 64.
const BITS: u32 = 21;

/// Counts transitions, in ascending order.
fn transitions(nodes: &Nodes, options: &Options, context: &Context) -> Result<Vec<Transition>> {
    let end = nodes.end();
    let side = u64::from(end) + 1;
    let plain = options.order == 1 && options.steps.is_none();
    // A table of all pairs if that is small, else a sorted list of the transitions.
    let small = plain && side * side <= 1 << 22;
    let mut table = filled(if small { side * side } else { 0 } as usize, 0_u64, "table")?;
    let mut made: Vec<u64> = Vec::new();
    if !plain && side >= 1 << BITS {
        return Err(Error::Overflow {
            column: "page".into(),
            what: "the number of different stations (2,097,150 at most here)",
        });
    }
    let most = options.steps.map_or(usize::MAX, |steps| steps as usize);
    nodes.walk(false, context, |_, stations, _| {
        if stations.is_empty() {
            return Ok(());
        }
        let mut before = 0_u32;
        let mut source = 0_u32;
        let targets = stations.iter().copied().chain([end]);
        for (place, target) in targets.enumerate().take(most) {
            let pair = u64::from(source) * side + u64::from(target);
            if small {
                table[pair as usize] += 1;
            } else if plain {
                push(&mut made, pair, "transitions")?;
            } else if options.steps.is_some() || source != 0 {
                let given = match options.steps {
                    Some(_) => place as u32 + 1,
                    None => before,
                };
                let given = u64::from(given) << (2 * BITS);
                let key = given | u64::from(source) << BITS | u64::from(target);
                push(&mut made, key, "transitions")?;
            }
            (before, source) = (source, target);
        }
        Ok(())
    })?;
    counted(&table, &made, side, plain)
}

/// The transitions with their counts, from the table of all pairs or the list of keys.
fn counted(table: &[u64], made: &[u64], side: u64, plain: bool) -> Result<Vec<Transition>> {
    let mut counted = Vec::new();
    for (pair, count) in table.iter().enumerate().filter(|(_, count)| **count > 0) {
        let transition = Transition {
            given: 0,
            source: (pair as u64 / side) as u32,
            target: (pair as u64 % side) as u32,
            count: *count,
        };
        push(&mut counted, transition, "transitions")?;
    }
    for group in rank::sorted(made)?.chunk_by(|a, b| a == b) {
        let (key, low) = (group[0], (1 << BITS) - 1);
        let [given, source, target] = match plain {
            true => [0, key / side, key % side],
            false => [key >> (2 * BITS), key >> BITS & low, key & low],
        };
        let transition = Transition {
            given: given as u32,
            source: source as u32,
            target: target as u32,
            count: group.len() as u64,
        };
        push(&mut counted, transition, "transitions")?;
    }
    Ok(counted)
}

/// The analysis `transitions`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct Transitions;

impl Analysis for Transitions {
    const NAME: &'static str = "transitions";
    const SUMMARY: &'static str =
        "Transitions of sessions between pages, products or kinds, with start and end";
    const JA: &'static str = "ページ遷移";
    const COLUMNS: &'static [Field] = &columns! {
        STEP, "Place in the session; only with `steps`.";
        "before": Text, "", "前々", "The node before the source; only with order 2.";
        SOURCE, "Node before the transition, or `(start)`.";
        TARGET, "Node after the transition, or `(end)`.";
        "count": Int, "transitions", "回数", "Number of transitions.";
        PROBABILITY, "Share of all transitions from the source.";
    };
    const SCOPE: &'static [&'static str] = OF_THE_SITE;
    const VISITS: bool = true;
    type Data = Events;
    type Options = Options;

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        if !(1..=2).contains(&options.order) {
            return Err(Error::option("order", options.order, "1 or 2"));
        }
        if let Some(steps) = options.steps
            && (options.order != 1 || !(1..=100).contains(&steps))
        {
            return Err(Error::option("steps", steps, "1 to 100, with order 1"));
        }
        let (timeout, collapse) = (options.timeout, options.collapse_repeats);
        let nodes = Nodes::new(events, options.of, collapse, timeout, Self::NAME)?;
        let all = transitions(&nodes, options, context)?;
        let mut probabilities = crate::context::room(all.len(), "table")?;
        for group in all.chunk_by(|a, b| (a.given, a.source) == (b.given, b.source)) {
            let total: u64 = group.iter().map(|t| t.count).sum();
            probabilities.extend(group.iter().map(|t| Some(t.count as f64 / total as f64)));
        }
        // Names of the nodes that occur.
        let mut text_of = filled(nodes.end() as usize + 1, u32::MAX, "table")?;
        let mut texts = Vec::new();
        let second = options.order == 2;
        for t in &all {
            let given = second.then_some(t.given);
            for place in [t.source, t.target].into_iter().chain(given) {
                let text = &mut text_of[place as usize];
                if *text == u32::MAX {
                    *text = texts.len() as u32;
                    push(&mut texts, nodes.name(place), "table")?;
                }
            }
        }
        let texts = Arc::new(texts);
        let named = |of: fn(&Transition) -> u32| -> Result<Values> {
            let codes = collect(all.iter().map(|t| text_of[of(t) as usize]), "table")?;
            let texts = texts.clone();
            Ok(Values::Text { codes, texts })
        };
        let f = Self::COLUMNS;
        let mut columns = Vec::new();
        if options.steps.is_some() {
            let steps = collect(all.iter().map(|t| t.given as i32), "table")?;
            columns.push(Column::new(&f[0], Values::I32(steps)));
        }
        if second {
            columns.push(Column::new(&f[1], named(|t| t.given)?));
        }
        columns.push(Column::new(&f[2], named(|t| t.source)?));
        columns.push(Column::new(&f[3], named(|t| t.target)?));
        let counts = collect(all.iter().map(|t| t.count as i64), "table")?;
        columns.push(Column::new(&f[4], Values::I64(counts.into())));
        columns.push(Column::floats(&f[5], probabilities.into_iter())?);
        Ok(Table::new(columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Dataset;
    use crate::data::Event;
    use crate::register;
    use crate::time::Zone;

    fn rows(request: &str) -> Vec<String> {
        let view =
            |v, at: &str, page| Event::new(v, &format!("2026-03-01T{at}"), "view").page(page);
        let events = Events::builder(Zone::UTC)
            .extend([
                view("a", "10:00:00", "x"),
                view("a", "10:01:00", "y"),
                view("a", "10:02:00", "y"),
                view("a", "12:00:00", "x"),
                view("b", "10:00:00", "x"),
                view("b", "10:01:00", "z"),
            ])
            .build()
            .unwrap();
        let data = Dataset::Events(&events);
        let table = register::run("transitions", &data, request, &Context::default()).unwrap();
        let columns = table.columns();
        let text = |row: usize| {
            let cells = columns.iter().map(|c| match c.cell(row) {
                crate::table::Cell::Text(text) => text.to_owned(),
                crate::table::Cell::Int(v) => v.to_string(),
                crate::table::Cell::Float(v) => format!("{v:.3}"),
                _ => String::new(),
            });
            cells.collect::<Vec<_>>().join(" ")
        };
        (0..table.len()).map(text).collect()
    }

    #[test]
    fn walks_by_hand() {
        let first = [
            "(start) x 3 1.000",
            "x y 1 0.333",
            "x z 1 0.333",
            "x (end) 1 0.333",
            "y y 1 0.500",
            "y (end) 1 0.500",
            "z (end) 1 1.000",
        ];
        assert_eq!(rows("{}"), first);
        let second = [
            "(start) x y 1 0.333",
            "(start) x z 1 0.333",
            "(start) x (end) 1 0.333",
            "x y y 1 1.000",
            "x z (end) 1 1.000",
            "y y (end) 1 1.000",
        ];
        assert_eq!(rows(r#"{"order": 2}"#), second);
        let sankey = rows(r#"{"steps": 2, "collapse_repeats": true}"#);
        let expected = [
            "1 (start) x 3 1.000",
            "2 x y 1 0.333",
            "2 x z 1 0.333",
            "2 x (end) 1 0.333",
        ];
        assert_eq!(sankey, expected);
        assert_eq!(rows(r#"{"of": "kind"}"#)[0], "(start) view 3 1.000");
    }
}
