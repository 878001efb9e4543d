//! Top paths (主要経路): the most frequent paths of sessions, and their conversion rates.
//!
//! # Definition
//!
//! A session's path is its first `length` nodes (see [`super::transitions`]), followed by `(end)`
//! if there are no more. Paths are sorted by sessions, most first, then by their nodes. `share` is
//! the share of all sessions with a node; `conversion_rate` is the share of the path's sessions
//! with a purchase, with variance clustered by visitor.

use super::nodes::{Nodes, Of};
use super::parameters::OF_THE_SITE;
use crate::analysis::Analysis;
use crate::behavior::fields::SESSIONS;
use crate::context::{Context, collect, push};
use crate::data::Events;
use crate::data::events::kinds;
use crate::error::{Error, Result};
use crate::num::ratio::{Ratio, Sums};
use crate::table::optional::rate_columns;
use crate::table::shared::{RANK, SHARE};
use crate::table::{Column, Field, Table, Values, columns};
use crate::time::Duration;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Options of the paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// What the nodes of a path are.
    pub of: Of,
    /// Nodes of a path, 1 to 10. Default 5.
    pub length: u32,
    /// Paths to list. Default 20.
    pub limit: u32,
    /// Whether repeats of a node in a row count once. Default true.
    pub collapse_repeats: bool,
    /// Inactivity after which the next event opens a new session. Default 30 minutes.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            of: Of::Page,
            length: 5,
            limit: 20,
            collapse_repeats: true,
            timeout: Duration::minutes(30),
        }
    }
}

/// The most nodes of a path, and one for `(end)`.
const SLOTS: usize = 11;

/// The analysis `top_paths`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct TopPaths;

/// The stations of a session up to the greatest length, its visitor, and whether they bought.
type Walk = ([u32; SLOTS], u32, bool);

/// The different paths with their sessions and purchases by visitor, the most frequent first.
fn paths(mut walks: Vec<Walk>) -> Result<Vec<([u32; SLOTS], Sums)>> {
    walks.sort_unstable();
    let mut paths: Vec<([u32; SLOTS], Sums)> = Vec::new();
    for of_path in walks.chunk_by(|a, b| a.0 == b.0) {
        let mut sums = Sums::default();
        for of_visitor in of_path.chunk_by(|a, b| a.1 == b.1) {
            let bought = of_visitor.iter().filter(|w| w.2).count();
            sums.add(bought as u64, of_visitor.len() as u64);
        }
        push(&mut paths, (of_path[0].0, sums), "paths")?;
    }
    paths.sort_unstable_by(|(a, x), (b, y)| y.trials.cmp(&x.trials).then(a.cmp(b)));
    Ok(paths)
}

impl Analysis for TopPaths {
    const NAME: &'static str = "top_paths";
    const SUMMARY: &'static str =
        "The most frequent paths of sessions, and how many of them have a purchase";
    const JA: &'static str = "主要経路";
    const COLUMNS: &'static [Field] = &columns! {
        RANK, "1 for the most frequent.";
        "path": Text, "", "経路", "Nodes, joined by ` > `.";
        SESSIONS, "Sessions with this path.";
        SHARE, "Share of all sessions with a node.";
        "conversions": Int, "sessions", "購入数", "Of these sessions, with a purchase.";
        "conversion_rate": Float, "share", "購入率", "Conversions / sessions.";
        "conversion_rate_low": Float, "share", "購入率下限", "95 %, by visitor.";
        "conversion_rate_high": Float, "share", "購入率上限", "95 %, by visitor.";
    };
    const SCOPE: &'static [&'static str] = OF_THE_SITE;
    const VISITS: bool = true;
    type Data = Events;
    type Options = Options;

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        if !(1..SLOTS as u32).contains(&options.length) {
            return Err(Error::option("length", options.length, "1 to 10"));
        }
        kinds::need(
            events,
            Self::NAME,
            &[],
            &[crate::words::EventWord::Purchase],
        )?;
        let (timeout, collapse) = (options.timeout, options.collapse_repeats);
        let nodes = Nodes::new(events, options.of, collapse, timeout, Self::NAME)?;
        let length = options.length as usize;
        let mut walks: Vec<Walk> = Vec::new();
        nodes.walk(false, context, |unit, stations, bought| {
            if stations.is_empty() {
                return Ok(());
            }
            let mut path = [0; SLOTS];
            let shown = stations.len().min(length);
            path[..shown].copy_from_slice(&stations[..shown]);
            if stations.len() <= length {
                path[shown] = nodes.end();
            }
            push(&mut walks, (path, unit as u32, bought), "paths")
        })?;
        let total = walks.len() as f64;
        let mut paths = paths(walks)?;
        paths.truncate(options.limit as usize);
        let text = |path: &[u32; SLOTS]| {
            let stations = path.iter().filter(|place| **place != 0);
            let names: Vec<String> = stations.map(|place| nodes.name(*place)).collect();
            names.join(" > ")
        };
        let level = crate::num::Fraction::P95;
        let rates = paths.iter().map(|(_, sums)| Ratio::from_sums(sums, level));
        let rates = collect(rates, "table")?;
        let f = Self::COLUMNS;
        let n = paths.len();
        let names = Values::Text {
            codes: (0..n as u32).collect(),
            texts: Arc::new(paths.iter().map(|(path, _)| text(path)).collect()),
        };
        let ranks = (1..=n as i32).collect();
        let sessions = collect(paths.iter().map(|(_, s)| s.trials as i64), "table")?;
        let bought = collect(paths.iter().map(|(_, s)| s.hits as i64), "table")?;
        let shares = paths.iter().map(|(_, s)| Some(s.trials as f64 / total));
        let mut columns = vec![
            Column::new(&f[0], Values::I32(ranks)),
            Column::new(&f[1], names),
            Column::new(&f[2], Values::I64(sessions.into())),
            Column::floats(&f[3], shares)?,
            Column::new(&f[4], Values::I64(bought.into())),
        ];
        columns.extend(rate_columns(&f[5..8], &rates)?);
        Ok(Table::new(columns))
    }
}
