//! RFM (RFM分析): how recently, how often and for how much each customer bought, as scores.
//!
//! # Definition
//!
//! | axis      | value                                                     | better when |
//! |-----------|-----------------------------------------------------------|-------------|
//! | recency   | days from the last order to `as_of`                       | smaller     |
//! | frequency | orders (or days with orders, `occasion`)                  | larger      |
//! | monetary  | revenue on the scope's basis (or the mean order value)    | larger      |
//!
//! Scores run from 1 to `levels`, best last. With `n` customers, `L` of them strictly worse and `E`
//! equal (the customer itself included),
//!
//! ```text
//! Lower (default)  score = 1 + ⌊levels · L / n⌋
//! Mid              score = 1 + ⌊levels · (2L + E − 1) / (2n)⌋
//! Upper            score = 1 + ⌊levels · (L + E − 1) / n⌋
//! ```
//!
//! so equal customers have equal scores whatever the order of rows; the three conventions agree
//! where there are no ties. An axis on which all customers are equal scores `⌈levels / 2⌉` and is
//! flagged in the table's notes. SQL's `NTILE(5)` instead spreads identical one-time buyers over
//! several scores.
//!
//! `threshold` mode compares with fixed cuts instead. Two presets follow うちでのこづち: the vendor
//! documents the end points, the inner cuts are this library's. `frozen` mode applies cuts computed
//! at another date: the cuts of `learned`, or those in the notes of an earlier table.
//!
//! # Segments
//!
//! With five levels, by R and s = F + M; each of the 125 cells is in one segment:
//!
//! ```text
//! R5   s ≥ 8 champions   s ≥ 5 regular           else new
//! R4   s ≥ 8 loyal       s ≥ 5 regular           else promising
//! R3   s ≥ 8 loyal       s ≥ 5 needs_attention   else almost_lost
//! R≤2  s ≥ 9 previously_loyal   s ≥ 6 at_risk    else dormant
//! ```
//!
//! Customers without an order are `prospect`; they appear only if a customers table was given and
//! `prospects` is set. They have no scores and do not count in quantiles. A user's own grid
//! (`grid`) replaces this one; it is refused if cells overlap or are missing.
//!
//! # References
//!
//! - Hughes, A. M. (1994). *Strategic Database Marketing*. Probus. (quintiles of recency, frequency,
//!   monetary value)

use crate::analysis::Analysis;
use crate::context::{Context, collect, filled, room};
use crate::data::Orders;
use crate::document::Learned;
use crate::error::{Error, Result};
use crate::money::Currency;
use crate::scope::{At, Scope};
use crate::segmentation::fields::{F_SCORE, M_SCORE, R_SCORE, SEGMENT};
use crate::summary::Totals;
use crate::table::shared::{ORDERS, RECENCY_DAYS, REVENUE};
use crate::table::{CUSTOMER_ID, Column, Field, Table, Values, columns};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

use super::rfm_cuts::{Axes, levels_of, quantile_cuts};
pub use super::rfm_cuts::{Cuts, Frozen, Monetary, Preset, Ties};
use super::rfm_grid::segments;
pub use super::rfm_grid::{GridCell, Segment, Segments};

/// Options of [`score`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// How scores are computed. Default: `threshold` with `cuts` or a `preset`, `frozen` with
    /// `learned`, else `quantile`.
    pub mode: Option<Mode>,
    /// Score levels per axis, 2 to 10. Default 5; with cuts, the number of cuts plus one.
    pub levels: u8,
    /// How quantiles treat equal customers; not accepted with cuts. Default: lower.
    pub ties: Ties,
    /// The monetary axis. Default: revenue.
    pub monetary: Monetary,
    /// Only orders of this many last days, `as_of` included. Default: all history.
    pub window_days: Option<u32>,
    /// Cuts of threshold mode by name. Default: none.
    pub preset: Option<Preset>,
    /// Cuts of threshold and frozen mode: for each axis the value from which scores 2, 3, … begin.
    /// Default: none.
    pub cuts: Option<Cuts>,
    /// A document made by `learn`, whose cuts are applied. Default: none.
    pub learned: Option<Learned>,
    /// A user's own grid of segments. Default: none, the eleven segments.
    pub grid: Option<Vec<GridCell>>,
    /// Whether each customer of the customers table without an order has a row. Default: no.
    pub prospects: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            mode: None,
            levels: 5,
            ties: Ties::Lower,
            monetary: Monetary::Revenue,
            window_days: None,
            preset: None,
            cuts: None,
            learned: None,
            grid: None,
            prospects: false,
        }
    }
}

/// How scores are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, crm_derive::Word)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// By rank among the customers in scope.
    Quantile,
    /// By fixed cuts.
    Threshold,
    /// By cuts computed at another date.
    Frozen,
}

/// The scores of each customer, in the order of the totals they were computed from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// Recency scores.
    pub r: Vec<u8>,
    /// Frequency scores.
    pub f: Vec<u8>,
    /// Monetary scores.
    pub m: Vec<u8>,
    /// Segments; none if there is no grid for these levels.
    pub segment: Option<Segments>,
    /// The cuts in use.
    pub cuts: Cuts,
    /// The monetary axis.
    pub monetary: Monetary,
    /// Axes on which all customers are equal.
    pub flat: Vec<&'static str>,
}

impl From<Scores> for Frozen {
    /// The cuts of these scores and their monetary axis.
    fn from(scores: Scores) -> Frozen {
        Frozen {
            cuts: scores.cuts,
            monetary: scores.monetary,
        }
    }
}

impl Options {
    /// These options with the cuts of `learned`.
    fn frozen(&self) -> Result<Options> {
        let refuse = |option, expected: &'static str| Err(Error::option(option, "", expected));
        let Some(learned) = &self.learned else {
            return Ok(self.clone());
        };
        if self.cuts.is_some() || self.preset.is_some() {
            return refuse(
                "learned",
                "cuts from one place: `learned`, `cuts` or a preset",
            );
        }
        if let Some(mode @ (Mode::Quantile | Mode::Threshold)) = self.mode {
            return Err(Error::option(
                "mode",
                json!(mode).to_string(),
                "frozen, with cuts that were learned",
            ));
        }
        let Some(frozen) = learned.needed::<Frozen>("rfm")? else {
            return refuse(
                "learned.rfm",
                "cuts; the shop that was learnt had no customers",
            );
        };
        let levels = frozen.cuts.levels(None);
        levels.map_err(|error| error.inside("learned.rfm"))?;
        if self.monetary != Monetary::Revenue && self.monetary != frozen.monetary {
            return refuse("monetary", "what it was when the cuts were learnt");
        }
        Ok(Options {
            mode: Some(Mode::Frozen),
            cuts: Some(frozen.cuts),
            monetary: frozen.monetary,
            learned: None,
            ..self.clone()
        })
    }

    /// The mode of options without `learned`.
    fn given_mode(&self) -> Mode {
        self.mode
            .unwrap_or(match self.cuts.is_some() || self.preset.is_some() {
                true => Mode::Threshold,
                false => Mode::Quantile,
            })
    }

    /// The fixed cuts of options without `learned`; `None` in quantile mode.
    fn fixed_cuts(&self, currency: Currency) -> Result<Option<Cuts>> {
        let refuse = |option, found, expected| Err(Error::option(option, found, expected));
        let mode = self.given_mode();
        if mode != Mode::Quantile && self.ties != Ties::Lower {
            return refuse(
                "ties",
                json!(self.ties).to_string(),
                "mode quantile: cuts have no ties",
            );
        }
        match (mode, &self.cuts, self.preset) {
            (Mode::Quantile, None, None) => Ok(None),
            (Mode::Quantile, ..) => refuse(
                "mode",
                "\"quantile\"".into(),
                "threshold or frozen, with these cuts",
            ),
            (_, Some(_), Some(_)) => {
                refuse("cuts", String::new(), "either cuts or a preset, not both")
            }
            (_, Some(cuts), None) => Ok(Some(cuts.clone())),
            (Mode::Threshold, None, Some(preset)) => preset.cuts(currency).map(Some),
            _ => refuse("cuts", String::new(), "cuts, or in threshold mode a preset"),
        }
    }

    /// The number of levels where it is not the default, which cuts replace.
    fn levels_asked(&self) -> Option<u8> {
        (self.levels != Options::default().levels).then_some(self.levels)
    }

    /// These options with the mode, the levels and the monetary axis of the cuts.
    pub(crate) fn resolved(self, currency: Currency) -> Result<Options> {
        let frozen = self.frozen()?;
        let levels = match frozen.fixed_cuts(currency)? {
            Some(cuts) => cuts.levels(self.levels_asked())?,
            None => self.levels,
        };
        Ok(Options {
            mode: Some(frozen.given_mode()),
            monetary: frozen.monetary,
            levels,
            ..self
        })
    }
}

/// Scores customers.
///
/// ```
/// use crm_core::{At, Context, Currency, Orders, Zone, segmentation::rfm, summary::Totals};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("often", "2026-03-01", 9_000)
///     .order("often", "2026-03-20", 9_000)
///     .order("once", "2026-01-10", 3_000)
///     .build()?;
/// let at = At::new("2026-03-31".parse()?);
/// let totals = Totals::new(&orders, &at, &Context::default())?;
/// let scores = rfm::score(&totals, &rfm::Options::default())?;
/// assert_eq!(scores.r, [3, 1]); // often, once: 1 + ⌊5·1/2⌋ and 1
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// Options out of range, a preset for another currency, a grid with a gap or an overlap.
pub fn score(totals: &Totals, options: &Options) -> Result<Scores> {
    scores(totals, options, &Context::default())
}

/// [`score`], with each axis on a thread of its own.
fn scores(totals: &Totals, options: &Options, context: &Context) -> Result<Scores> {
    if !(2..=10).contains(&options.levels) {
        return Err(Error::option("levels", options.levels, "2 to 10"));
    }
    let options = &options.frozen()?;
    let axes = Axes {
        monetary: options.monetary,
        currency: totals.currency,
    };
    let given = options.fixed_cuts(totals.currency)?;
    let levels = match &given {
        Some(cuts) => cuts.levels(options.levels_asked())?,
        None => options.levels,
    };
    let scored = |axis| {
        let keys = axes.keys(totals, axis)?;
        let (cuts, is_flat) = match &given {
            Some(cuts) => (axes.keys_of(cuts, axis), false),
            None => quantile_cuts(&keys, levels, options.ties)?,
        };
        let scores = levels_of(&keys, &cuts)?;
        Ok((cuts, is_flat.then_some(axis), scores))
    };
    let names = ["recency", "frequency", "monetary"];
    let scored = match context.parts(totals.len()).len() {
        1 => names.into_iter().map(scored).collect::<Result<Vec<_>>>()?,
        _ => context.map(names.into(), scored)?,
    };
    let (mut cuts, mut flat, mut by_axis) = (Vec::new(), Vec::new(), Vec::new());
    for (of_axis, is_flat, scores) in scored {
        cuts.push(of_axis);
        flat.extend(is_flat);
        by_axis.push(scores);
    }
    let cuts = axes.cuts_of(&cuts);
    let Ok([r, f, m]) = <[Vec<u8>; 3]>::try_from(by_axis) else {
        return Err(Error::internal("three axes"));
    };
    let segment = segments([&r, &f, &m], levels, options.grid.as_deref())?;
    Ok(Scores {
        r,
        f,
        m,
        segment,
        cuts,
        monetary: options.monetary,
        flat,
    })
}

/// The analysis `rfm`, for [`run_typed`](crate::analysis::run_typed).
#[derive(Debug, Clone, Copy)]
pub struct Rfm;

impl Analysis for Rfm {
    const NAME: &'static str = "rfm";
    const SUMMARY: &'static str =
        "Recency, frequency and monetary scores and the segment of each customer";
    const JA: &'static str = "RFM分析";
    const COLUMNS: &'static [Field] = &columns! {
        CUSTOMER_ID;
        RECENCY_DAYS;
        ORDERS, "Orders, or days with orders (`occasion`).";
        REVENUE;
        R_SCORE, "Recency score; the highest is best.";
        F_SCORE, "Frequency score; the highest is best.";
        M_SCORE, "Monetary score; the highest is best.";
        SEGMENT, "Segment of the grid; null without one.";
    };
    type Data = Orders;
    type Options = Options;

    fn resolve(orders: &Orders, scope: Scope, options: Options) -> Result<(Scope, Options)> {
        Ok((scope, options.resolved(orders.currency())?))
    }

    fn run(orders: &Orders, at: &At, options: &Options, context: &Context) -> Result<Table> {
        let totals = totals(orders, at, options, context)?;
        let scores = scores(&totals, options, context)?;
        let prospects = match options.prospects {
            true => orders.prospects(&totals.customer)?,
            false => Vec::new(),
        };
        table(&totals, scores, options, prospects)
    }
}

/// The totals at a date, limited to the window if there is one.
pub(crate) fn totals(
    orders: &Orders,
    at: &At,
    options: &Options,
    context: &Context,
) -> Result<Arc<Totals>> {
    if let Some(learned) = &options.learned {
        learned.check_money(orders.currency(), at.basis)?;
    }
    match options.window_days {
        None => Totals::new(orders, at, context),
        Some(0) => Err(Error::option("window_days", 0, "at least 1 day")),
        Some(days) => Totals::within(orders, at, days, context).map(Arc::new),
    }
}

fn table(totals: &Totals, scores: Scores, options: &Options, prospects: Vec<u32>) -> Result<Table> {
    let n = totals.len();
    let [customer_id, recency_days, orders, revenue, r, f, m, segment] = Rfm::COLUMNS else {
        return Err(Error::internal("columns of rfm"));
    };
    let place = |row| scores.segment.as_ref().map(|found| found.place(row));
    let segments = segment_column(segment, options, (0..n).map(place))?;
    let score =
        |field, scores: &[u8]| Column::ints(field, scores.iter().map(|s| Some((*s).into())));
    let mut table = Table::new(vec![
        Column::ids(customer_id, &totals.ids, totals.customer.iter().copied())?,
        Column::ints(recency_days, (0..n).map(|i| Some(totals.recency_days(i))))?,
        Column::ints(orders, totals.orders.iter().copied().map(Some))?,
        Column::money(revenue, totals.revenue.iter().copied(), totals.currency)?,
        score(r, &scores.r)?,
        score(f, &scores.f)?,
        score(m, &scores.m)?,
        segments,
    ]);
    if !prospects.is_empty() {
        let rows = || 0..prospects.len();
        let prospect = match &options.grid {
            None => Segment::Prospect as u8,
            Some(grid) => grid.len() as u8,
        };
        table.append(Table::new(vec![
            Column::ids(customer_id, &totals.ids, prospects.iter().copied())?,
            Column::ints(recency_days, rows().map(|_| None))?,
            Column::ints(orders, rows().map(|_| Some(0)))?,
            Column::money(revenue, rows().map(|_| 0), totals.currency)?,
            Column::ints(r, rows().map(|_| None))?,
            Column::ints(f, rows().map(|_| None))?,
            Column::ints(m, rows().map(|_| None))?,
            segment_column(segment, options, rows().map(|_| Some(prospect)))?,
        ]))?;
        table = by_customer(table, &totals.ids)?;
    }
    Ok(table
        .with_note("cuts", json!(scores.cuts))
        .with_note("flat_axes", json!(scores.flat)))
}

/// The column of segments: words of the built-in grid, or texts of the caller's own and, last, the prospects'.
fn segment_column(
    field: &Field,
    options: &Options,
    cells: impl ExactSizeIterator<Item = Option<u8>>,
) -> Result<Column> {
    let Some(grid) = &options.grid else {
        return Column::words(field, Segment::LABELS, cells);
    };
    let mut texts: Vec<String> = grid.iter().map(|part| part.segment.clone()).collect();
    texts.push(Segment::LABELS[Segment::Prospect as usize].code.to_owned());
    let cells = collect(cells, "table")?;
    let valid = collect(cells.iter().map(Option::is_some), "table")?;
    let codes = cells.iter().map(|cell| u32::from(cell.unwrap_or(0)));
    Ok(Column::texts(field, &Arc::new(texts), codes)?.with_validity(valid))
}

/// The rows in ascending customer id.
pub(crate) fn by_customer(table: Table, ids: &crate::ids::Ids) -> Result<Table> {
    let Some(Values::Id { codes, .. }) = table.column("customer_id").map(Column::values) else {
        return Ok(table);
    };
    let mut place = filled(ids.len(), 0_u32, "table")?;
    for (at, code) in ids.by_id()?.iter().enumerate() {
        place[*code as usize] = at as u32;
    }
    let mut rows = room(codes.len(), "table")?;
    rows.extend(0..codes.len());
    rows.sort_unstable_by_key(|row| place[codes[*row] as usize]);
    table.take(&rows)
}

#[cfg(test)]
mod tests {
    use super::super::rfm_grid::paint;
    use super::*;

    #[test]
    fn the_default_grid_covers_every_cell_once() {
        let part = |segment: &str, r: (u8, u8), f_plus_m: (u8, u8)| GridCell {
            segment: segment.into(),
            r: Some(r),
            f: None,
            m: None,
            f_plus_m: Some(f_plus_m),
        };
        // The table of the module doc as a user's own grid.
        let grid = [
            part("champions", (5, 5), (8, 10)),
            part("regular", (4, 5), (5, 7)),
            part("new", (5, 5), (2, 4)),
            part("loyal", (3, 4), (8, 10)),
            part("promising", (4, 4), (2, 4)),
            part("needs_attention", (3, 3), (5, 7)),
            part("almost_lost", (3, 3), (2, 4)),
            part("previously_loyal", (1, 2), (9, 10)),
            part("at_risk", (1, 2), (6, 8)),
            part("dormant", (1, 2), (2, 5)),
        ];
        let painted = paint(&grid, 5).unwrap();
        assert_eq!(painted.len(), 125);
        for (cell, part) in painted.iter().enumerate() {
            let [r, f, m] = [cell / 25, cell / 5 % 5, cell % 5].map(|i| i as u8 + 1);
            let segment = Segment::LABELS[Segment::of(r, f, m) as usize];
            assert_eq!(
                segment.code,
                grid[usize::from(*part)].segment,
                "{r} {f} {m}"
            );
        }
    }

    #[test]
    fn cuts_keep_their_monetary_axis() {
        use crate::{At, Context, Zone};
        let orders = Orders::builder(Currency::JPY, Zone::UTC)
            .order("a", "2026-03-01", 9_000)
            .order("a", "2026-03-20", 1_000)
            .order("b", "2026-01-10", 7_000)
            .build()
            .unwrap();
        let at = At::new("2026-03-31".parse().unwrap());
        let totals = Totals::new(&orders, &at, &Context::default()).unwrap();
        // By revenue a is worth more (10,000 and 7,000), by the mean order b is (5,000 and 7,000).
        for (monetary, m) in [
            (Monetary::Revenue, [2, 1]),
            (Monetary::MeanOrderValue, [1, 2]),
        ] {
            let options = Options {
                monetary,
                levels: 2,
                ..Options::default()
            };
            let scores = score(&totals, &options).unwrap();
            assert_eq!(scores.m, m);
            assert_eq!(Frozen::from(scores).monetary, monetary);
        }
    }

    /// A preset is a mode by itself; a mode that contradicts it is refused.
    #[test]
    fn cuts_and_presets_imply_their_mode() {
        let mode = |options: Options| options.resolved(Currency::JPY).map(|o| o.mode.unwrap());
        let preset = Options {
            preset: Some(Preset::UchideRepeat),
            ..Options::default()
        };
        assert_eq!(mode(Options::default()).unwrap(), Mode::Quantile);
        assert_eq!(mode(preset.clone()).unwrap(), Mode::Threshold);
        let contradicting = Options {
            mode: Some(Mode::Quantile),
            ..preset
        };
        assert!(mode(contradicting).is_err());
    }

    #[test]
    fn a_grid_with_a_gap_or_an_overlap_is_refused_by_cell() {
        let all = |segment: &str, r| GridCell {
            segment: segment.into(),
            r,
            f: None,
            m: None,
            f_plus_m: None,
        };
        let gap = paint(&[all("a", Some((1, 4)))], 5).unwrap_err().to_string();
        assert!(gap.contains("r 5, f 1, m 1 is in no segment"), "{gap}");
        let overlap = paint(&[all("a", None), all("b", Some((2, 2)))], 5)
            .unwrap_err()
            .to_string();
        assert!(
            overlap.contains("r 2, f 1, m 1 is in two segments"),
            "{overlap}"
        );
    }

    #[test]
    fn tie_rules_by_hand() {
        // Ten customers: six with 1, two with 2, one with 3, one with 9.
        let keys = [1, 1, 1, 1, 1, 1, 2, 2, 3, 9];
        let scores = |ties| {
            let (cuts, flat) = quantile_cuts(&keys, 5, ties).unwrap();
            assert!(!flat);
            let levels = levels_of(&keys, &cuts).unwrap();
            [levels[0], levels[6], levels[8], levels[9]]
        };
        assert_eq!(scores(Ties::Lower), [1, 4, 5, 5]); // 1 + ⌊5·{0, 6, 8, 9}/10⌋
        assert_eq!(scores(Ties::Mid), [2, 4, 5, 5]); // 1 + ⌊5·{5, 13, 16, 18}/20⌋
        assert_eq!(scores(Ties::Upper), [3, 4, 5, 5]); // 1 + ⌊5·{5, 7, 8, 9}/10⌋
        let (cuts, flat) = quantile_cuts(&[7; 4], 5, Ties::Lower).unwrap();
        assert!(flat);
        assert_eq!(levels_of(&[7; 4], &cuts).unwrap(), [3; 4]);
    }
}
