//! Movement between two dates (顧客の移動): how many customers moved from one segment to another.
//!
//! One row per pair of groups with customers, from the segmentation at `since` to the segmentation
//! at `as_of`. Under `cpm` a group is `segment_state` (`steady_active`), and `kind` classifies the
//! move:
//!
//! | kind           | is                                                          |
//! |----------------|-------------------------------------------------------------|
//! | `new`          | no order at `since`                                         |
//! | `stay`         | the same group                                              |
//! | `step_up` 引上げ | active, and a higher segment (or first to any) |
//! | `step_down` | active, and a lower segment |
//! | `churn` 離脱    | was active, is churned                                      |
//! | `reactivation` 復帰 | was churned, is active                                 |
//!
//! A customer churned at both dates is `stay`, also if revenue or tenure differ. Under `rfm` groups
//! are segments, and only `new`, `stay` and `move` are distinguished. Revenue is the customers'
//! revenue after `since`, up to `as_of`.

use super::{cpm, rfm};
use crate::analysis::Analysis;
use crate::context::{Context, collect, filled};
use crate::data::Orders;
use crate::error::{Error, Result};
use crate::money::Currency;
use crate::scope::{At, Scope};
use crate::summary::Totals;
use crate::table::shared::{CUSTOMERS, REVENUE, SOURCE, TARGET};
use crate::table::{Column, Field, Label, Table, Values, columns, labels};
use crate::time::Day;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Options of [`Movement`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The earlier date. Required.
    pub since: Option<Day>,
    /// The segmentation. Default: cpm.
    pub scheme: Scheme,
    /// Options of the portfolio, under `cpm` only.
    pub cpm: cpm::Options,
    /// Options of the scores, under `rfm` only.
    pub rfm: rfm::Options,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            since: None,
            scheme: Scheme::Cpm,
            cpm: cpm::Options::default(),
            rfm: rfm::Options::default(),
        }
    }
}

/// A segmentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Scheme {
    /// The customer portfolio.
    Cpm,
    /// RFM segments.
    Rfm,
}

#[derive(Clone, Copy)]
enum Kind {
    New,
    Stay,
    StepUp,
    StepDown,
    Churn,
    Reactivation,
    Move,
}

const KINDS: &[Label] = labels! {
    "new", "New", "新規";
    "stay", "Stayed", "維持";
    "step_up", "Step up", "引上げ";
    "step_down", "Step down", "引下げ";
    "churn", "Churned", "離脱";
    "reactivation", "Came back", "復帰";
    "move", "Moved", "移動";
};

/// The group of a customer who has no order yet.
const NONE: usize = 0;

/// The group of each customer by code, 0 for no group, and the names of the groups.
struct Grouping {
    of_code: Vec<u8>,
    names: Vec<String>,
    totals: Arc<Totals>,
}

/// The analysis `movement`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct Movement;

impl Analysis for Movement {
    const NAME: &'static str = "movement";
    const SUMMARY: &'static str = "Numbers of customers by segment at an earlier and a later date";
    const JA: &'static str = "顧客の移動（引上げ・離脱・復帰）";
    const COLUMNS: &'static [Field] = &columns! {
        SOURCE, "Group at `since`; `none` without an order yet.";
        TARGET, "Group at `as_of`.";
        "kind": Category, "", "区分", "The kind of move.";
        CUSTOMERS;
        REVENUE, "Their revenue after `since`.";
    };
    type Data = Orders;
    type Options = Options;

    fn resolve(orders: &Orders, scope: Scope, mut options: Options) -> Result<(Scope, Options)> {
        let unused = match options.scheme {
            Scheme::Cpm => ("rfm", options.rfm != rfm::Options::default()),
            Scheme::Rfm => ("cpm", options.cpm != cpm::Options::default()),
        };
        if let (option, true) = unused {
            let expected = format!("nothing, or scheme \"{option}\": this scheme does not read it");
            return Err(Error::option(option, "", expected));
        }
        match options.scheme {
            Scheme::Cpm => {
                let (scope, cpm) = cpm::resolve(orders, scope, options.cpm)?;
                options.cpm = cpm;
                Ok((scope, options))
            }
            Scheme::Rfm => {
                options.rfm = options.rfm.resolved(orders.currency())?;
                Ok((scope, options))
            }
        }
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let Some(since) = options.since else {
            return Err(Error::option(
                "since",
                "",
                "the earlier date, such as \"2026-10-31\"",
            ));
        };
        if since > at.day {
            return Err(Error::option(
                "since",
                since,
                format!("a date up to as_of ({})", at.day),
            ));
        }
        let earlier = At { day: since, ..*at };
        let before = grouping(orders, &earlier, options, context)?;
        let after = grouping(orders, at, options, context)?;

        let mut revenue_before = filled(orders.ids().len(), 0_i64, "movement")?;
        for (code, revenue) in before.totals.customer.iter().zip(&before.totals.revenue) {
            revenue_before[*code as usize] = *revenue;
        }
        let side = after.names.len();
        let mut customers = filled(side * side, 0_i64, "movement")?;
        let mut revenue = filled(side * side, 0_i128, "movement")?;
        for (code, now) in after.totals.customer.iter().zip(&after.totals.revenue) {
            if orders.shows(*code) {
                let at = *code as usize;
                let cell = usize::from(before.of_code[at]) * side + usize::from(after.of_code[at]);
                customers[cell] += 1;
                revenue[cell] += i128::from(*now) - i128::from(revenue_before[at]);
            }
        }
        table(
            &customers,
            &revenue,
            after.names,
            options.scheme,
            orders.currency(),
        )
    }
}

/// The table of the cells with customers; a cell is `source * side + target`.
fn table(
    customers: &[i64],
    revenue: &[i128],
    names: Vec<String>,
    scheme: Scheme,
    currency: Currency,
) -> Result<Table> {
    let side = names.len();
    let cells: Vec<usize> = (0..side * side)
        .filter(|cell| customers[*cell] > 0)
        .collect();
    let money = cells.iter().map(|cell| {
        i64::try_from(revenue[*cell]).map_err(|_| Error::Overflow {
            column: "revenue".into(),
            what: "the revenue of a move",
        })
    });
    let texts = Arc::new(names);
    let text = |of: &dyn Fn(usize) -> usize| -> Result<Values> {
        Ok(Values::Text {
            codes: collect(cells.iter().map(|cell| of(*cell) as u32), "table")?,
            texts: texts.clone(),
        })
    };
    let kinds = cells.iter().map(|cell| match scheme {
        Scheme::Cpm => cpm_kind(cell / side, cell % side) as u8,
        Scheme::Rfm if cell / side == NONE => Kind::New as u8,
        Scheme::Rfm if cell / side == cell % side => Kind::Stay as u8,
        Scheme::Rfm => Kind::Move as u8,
    });
    let values = [
        text(&|cell| cell / side)?,
        text(&|cell| cell % side)?,
        Values::Category {
            codes: collect(kinds, "table")?,
            labels: KINDS,
        },
        Values::I64(collect(cells.iter().map(|cell| customers[*cell]), "table")?.into()),
        Values::Money(money.collect::<Result<_>>()?, currency),
    ];
    let columns = Movement::COLUMNS.iter().zip(values);
    Ok(Table::new(
        columns
            .map(|(field, values)| Column::new(field, values))
            .collect(),
    ))
}

fn grouping(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Grouping> {
    let mut names = vec!["none".to_owned()];
    let mut of_code = filled(orders.ids().len(), NONE as u8, "movement")?;
    let (totals, groups): (Arc<Totals>, Vec<u8>) = match options.scheme {
        Scheme::Cpm => {
            let totals = Totals::new(orders, at, context)?;
            let portfolio = cpm::segment(&totals, at, &options.cpm)?;
            for segment in cpm::Segment::LABELS {
                names.extend(
                    cpm::State::LABELS
                        .iter()
                        .map(|s| format!("{}_{}", segment.code, s.code)),
                );
            }
            let pairs = portfolio.segment.iter().zip(&portfolio.state);
            let groups = pairs.map(|(segment, state)| 1 + *segment as u8 * 2 + *state as u8);
            let groups = collect(groups, "movement")?;
            (totals, groups)
        }
        Scheme::Rfm => {
            let totals = rfm::totals(orders, at, &options.rfm, context)?;
            let scores = rfm::score(&totals, &options.rfm)?;
            let Some(segment) = scores.segment else {
                return Err(Error::option(
                    "rfm.levels",
                    options.rfm.levels,
                    "5, or a grid: only then are there segments",
                ));
            };
            names.extend(segment.names());
            if names.len() > 255 {
                return Err(Error::option("rfm.grid", "", "at most 254 parts"));
            }
            let rows = 0..totals.len();
            let groups = collect(rows.map(|row| 1 + segment.place(row)), "movement")?;
            (totals, groups)
        }
    };
    for (code, group) in totals.customer.iter().zip(groups) {
        of_code[*code as usize] = group;
    }
    Ok(Grouping {
        of_code,
        names,
        totals,
    })
}

/// The kind of a move between two groups of the portfolio.
fn cpm_kind(source: usize, target: usize) -> Kind {
    if source == NONE {
        return Kind::New;
    }
    let (was, is) = (source - 1, target - 1);
    let churned = |group: usize| group % 2 == cpm::State::Churned as usize;
    match (churned(was), churned(is)) {
        (false, true) => Kind::Churn,
        (true, false) => Kind::Reactivation,
        (true, true) => Kind::Stay,
        (false, false) if is / 2 > was / 2 => Kind::StepUp,
        (false, false) if is / 2 < was / 2 => Kind::StepDown,
        _ => Kind::Stay,
    }
}
