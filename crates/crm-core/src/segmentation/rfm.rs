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
//! so equal customers score equally whatever the order of rows; the three agree where nothing is
//! tied. An axis on which all customers are equal scores `⌈levels / 2⌉` and is flagged in the
//! table's notes. `NTILE(5)`, which spreads identical one-time buyers over several scores, is what
//! this replaces.
//!
//! `threshold` mode compares with fixed cuts instead; two presets are those of うちでのこづち, of
//! which the vendor documents the end points and the inner cuts are ours. `frozen` mode applies cuts
//! learnt at another date: those in the notes of an earlier table.
//!
//! # Segments
//!
//! With five levels, by R and s = F + M (125 of 125 cells, each once):
//!
//! ```text
//! R5   s ≥ 8 champions   s ≥ 5 regular           else new
//! R4   s ≥ 8 loyal       s ≥ 5 regular           else promising
//! R3   s ≥ 8 loyal       s ≥ 5 needs_attention   else almost_lost
//! R≤2  s ≥ 9 previously_loyal   s ≥ 6 at_risk    else dormant
//! ```
//!
//! Customers without an order are `prospect`; they appear only when a customers table was given and
//! `prospects` is set, have no scores and enter no quantile. A grid of the user's own (`grid`)
//! replaces this one; it is refused when cells overlap or are left out.
//!
//! # References
//!
//! - Hughes, A. M. (1994). *Strategic Database Marketing*. Probus. (quintiles of recency, frequency,
//!   monetary value)

use crate::analysis::Analysis;
use crate::context::{collect, filled, room};
use crate::data::Orders;
use crate::num::rank;
use crate::summary::Totals;
use crate::table::{CUSTOMER_ID, Column, Field, Label, Type, Values};
use crate::{Context, Currency, Error, Result, Scope, Table};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// Options of [`score`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How scores come about. Default: quantiles.
    pub mode: Mode,
    /// Score levels per axis, 2 to 10. Default 5.
    pub levels: u8,
    /// How quantiles treat equal customers. Default: lower.
    pub ties: Ties,
    /// The monetary axis. Default: revenue.
    pub monetary: Monetary,
    /// Only orders of the last so many days, `as_of` included. Default: all history.
    pub window_days: Option<u32>,
    /// Cuts of threshold mode by name.
    pub preset: Option<Preset>,
    /// Cuts of threshold and frozen mode: for each axis the value from which scores 2, 3, … begin.
    pub cuts: Option<Cuts>,
    /// A grid of the user's own, instead of the eleven segments.
    pub grid: Option<Vec<GridCell>>,
    /// Also a row for each customer of the customers table without an order. Default: no.
    pub prospects: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            mode: Mode::Quantile,
            levels: 5,
            ties: Ties::Lower,
            monetary: Monetary::Revenue,
            window_days: None,
            preset: None,
            cuts: None,
            grid: None,
            prospects: false,
        }
    }
}

/// How scores come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// By rank among the customers in scope.
    Quantile,
    /// By fixed cuts.
    Threshold,
    /// By cuts learnt at another date.
    Frozen,
}

/// How quantiles treat equal customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ties {
    /// All take the lowest rank among them.
    Lower,
    /// All take the middle one.
    Mid,
    /// All take the highest.
    Upper,
}

/// The monetary axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Monetary {
    /// Total revenue.
    Revenue,
    /// Revenue per order.
    MeanOrderValue,
}

/// Cuts by name (うちでのこづち). For yen only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// 単品リピート: R 30 / 90 / 180 / 365 days, F 2 / 4 / 7 / 12 orders.
    UchideRepeat,
    /// 都度買い: R 30 / 90 / 180 / 730 days, F 2 / 3 / 4 / 5 orders.
    UchideGeneral,
}

/// The least value of each score from 2 up; null where no value reaches it. Recency: the most days
/// that still give the score. Money in major units.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cuts {
    /// Days, descending.
    pub recency: Vec<Option<i64>>,
    /// Orders, ascending.
    pub frequency: Vec<Option<i64>>,
    /// Money in major units, ascending.
    pub monetary: Vec<Option<f64>>,
}

/// A part of a grid: the customers whose scores are in all of the ranges (both ends included).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GridCell {
    /// The segment's name.
    pub segment: String,
    /// Recency scores. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r: Option<(u8, u8)>,
    /// Frequency scores. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub f: Option<(u8, u8)>,
    /// Monetary scores. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub m: Option<(u8, u8)>,
    /// Sums of the frequency and the monetary score. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub f_plus_m: Option<(u8, u8)>,
}

macro_rules! segments {
    ($($variant:ident = $code:literal, $en:literal, $ja:literal;)*) => {
        /// The segments of the default grid.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum Segment { $($variant,)* }

        impl Segment {
            /// What people read, by discriminant.
            pub const LABELS: &'static [Label] = &[$(Label { code: $code, en: $en, ja: $ja },)*];
        }
    };
}

segments! {
    Champions = "champions", "Champions", "最優良";
    Loyal = "loyal", "Loyal", "優良";
    Regular = "regular", "Regular", "継続";
    New = "new", "New", "新規";
    Promising = "promising", "Promising", "有望";
    NeedsAttention = "needs_attention", "Needs attention", "要注意";
    AlmostLost = "almost_lost", "Almost lost", "離脱間近";
    AtRisk = "at_risk", "At risk", "離脱危険";
    PreviouslyLoyal = "previously_loyal", "Previously loyal", "元優良";
    Dormant = "dormant", "Dormant", "休眠";
    Prospect = "prospect", "Prospect", "見込み";
}

impl Segment {
    /// The segment of three scores of five levels.
    ///
    /// ```
    /// use crm_core::segmentation::rfm::Segment;
    /// assert_eq!(Segment::of(5, 5, 3), Segment::Champions);
    /// assert_eq!(Segment::of(1, 1, 1), Segment::Dormant);
    /// ```
    pub const fn of(r: u8, f: u8, m: u8) -> Segment {
        match (r, f + m) {
            (5.., 8..) => Segment::Champions,
            (5.., 5..) => Segment::Regular,
            (5.., _) => Segment::New,
            (4, 8..) => Segment::Loyal,
            (4, 5..) => Segment::Regular,
            (4, _) => Segment::Promising,
            (3, 8..) => Segment::Loyal,
            (3, 5..) => Segment::NeedsAttention,
            (3, _) => Segment::AlmostLost,
            (_, 9..) => Segment::PreviouslyLoyal,
            (_, 6..) => Segment::AtRisk,
            _ => Segment::Dormant,
        }
    }
}

/// The scores of each customer, in the order of the totals they were computed from.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// Recency scores.
    pub r: Vec<u8>,
    /// Frequency scores.
    pub f: Vec<u8>,
    /// Monetary scores.
    pub m: Vec<u8>,
    /// Segments by index into [`Segment::LABELS`], or into the grid's names.
    pub segment: Option<Vec<u8>>,
    /// The cuts in use.
    pub cuts: Cuts,
    /// Axes on which all customers are equal.
    pub flat: Vec<&'static str>,
}

/// Scores customers.
///
/// ```
/// use crm_core::{Context, Currency, Orders, Scope, Zone, segmentation::rfm, summary::Totals};
/// let orders = Orders::builder(Currency::JPY, Zone::UTC)
///     .order("often", "2026-03-01", 9_000)
///     .order("often", "2026-03-20", 9_000)
///     .order("once", "2026-01-10", 3_000)
///     .build()?;
/// let scope = Scope::as_of("2026-03-31".parse()?);
/// let totals = Totals::new(&orders, &scope, &Context::default())?;
/// let scores = rfm::score(&totals, &rfm::Options::default())?;
/// assert_eq!(scores.r, [3, 1]); // often, once: 1 + ⌊5·1/2⌋ and 1
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// Options out of range, a preset for another currency, a grid with a gap or an overlap.
pub fn score(totals: &Totals, options: &Options) -> Result<Scores> {
    if !(2..=10).contains(&options.levels) {
        return Err(Error::option("levels", options.levels, "2 to 10"));
    }
    let axes = Axes::new(totals, options)?;
    let given = match (options.mode, &options.cuts, options.preset) {
        (Mode::Quantile, None, None) => None,
        (Mode::Quantile, ..) => {
            return Err(Error::option(
                "mode",
                "\"quantile\"",
                "threshold or frozen, with these cuts",
            ));
        }
        (_, Some(_), Some(_)) => {
            return Err(Error::option(
                "cuts",
                "",
                "either cuts or a preset, not both",
            ));
        }
        (_, Some(cuts), None) => Some(cuts.clone()),
        (Mode::Threshold, None, Some(preset)) => Some(preset.cuts(totals.currency)?),
        _ => {
            return Err(Error::option(
                "cuts",
                "",
                "cuts, or in threshold mode a preset",
            ));
        }
    };
    let levels = match &given {
        Some(cuts) => cuts.levels(options)?,
        None => options.levels,
    };
    let mut flat = Vec::new();
    let mut keys = Vec::new();
    for (name, axis) in ["recency", "frequency", "monetary"]
        .into_iter()
        .zip(&axes.keys)
    {
        keys.push(match &given {
            Some(cuts) => axes.keys_of(cuts, name),
            None => {
                let (cuts, is_flat) = quantile_cuts(axis, levels, options.ties)?;
                if is_flat {
                    flat.push(name);
                }
                cuts
            }
        });
    }
    let [r, f, m] = [0, 1, 2].map(|i| levels_of(&axes.keys[i], &keys[i]));
    let (r, f, m) = (r?, f?, m?);
    let cuts = axes.cuts_of(&keys);
    let segment = segments(&r, &f, &m, levels, options)?;
    Ok(Scores {
        r,
        f,
        m,
        segment,
        cuts,
        flat,
    })
}

/// The three axes as order-preserving words, larger is better.
struct Axes {
    keys: [Vec<u64>; 3],
    monetary: Monetary,
    currency: Currency,
}

const SIGN: u64 = 1 << 63;

/// An order-preserving word of a float: sign bit flipped, negative numbers inverted.
fn float_key(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn key_float(key: u64) -> f64 {
    f64::from_bits(if key & SIGN != 0 { key ^ SIGN } else { !key })
}

impl Axes {
    fn new(totals: &Totals, options: &Options) -> Result<Axes> {
        let n = totals.len();
        let word = |v: i64| v as u64 ^ SIGN;
        let recency = (0..n).map(|i| word(-i64::from(totals.recency_days(i))));
        let frequency = totals.orders.iter().map(|v| word(i64::from(*v)));
        let monetary = match options.monetary {
            Monetary::Revenue => collect(totals.revenue.iter().map(|v| word(*v)), "scores")?,
            Monetary::MeanOrderValue => {
                let means = (0..n).map(|i| {
                    let (sum, count) = (totals.revenue[i].into(), totals.orders[i] as u64);
                    float_key(totals.currency.mean(sum, count).unwrap_or(0.0))
                });
                collect(means, "scores")?
            }
        };
        Ok(Axes {
            keys: [
                collect(recency, "scores")?,
                collect(frequency, "scores")?,
                monetary,
            ],
            monetary: options.monetary,
            currency: totals.currency,
        })
    }

    /// The cuts of an axis as words.
    fn keys_of(&self, cuts: &Cuts, axis: &str) -> Vec<u64> {
        let word = |v: i64| v as u64 ^ SIGN;
        let or_never = |key: Option<u64>| key.unwrap_or(u64::MAX);
        match axis {
            "recency" => cuts
                .recency
                .iter()
                .map(|c| or_never(c.map(|d| word(d.saturating_neg()))))
                .collect(),
            "frequency" => cuts
                .frequency
                .iter()
                .map(|c| or_never(c.map(word)))
                .collect(),
            _ => cuts
                .monetary
                .iter()
                .map(|c| {
                    or_never(c.and_then(|major| match self.monetary {
                        Monetary::MeanOrderValue => Some(float_key(major)),
                        Monetary::Revenue => self.currency.minor(major).map(word),
                    }))
                })
                .collect(),
        }
    }

    /// Words as the cuts that people read.
    fn cuts_of(&self, keys: &[Vec<u64>]) -> Cuts {
        let known = |key: &u64| (*key != u64::MAX).then_some(*key);
        let whole = |key: &u64| known(key).map(|key| (key ^ SIGN) as i64);
        Cuts {
            recency: keys[0]
                .iter()
                .map(|k| whole(k).map(i64::saturating_neg))
                .collect(),
            frequency: keys[1].iter().map(whole).collect(),
            monetary: keys[2]
                .iter()
                .map(|k| match self.monetary {
                    Monetary::Revenue => whole(k).map(|v| self.currency.major(v)),
                    Monetary::MeanOrderValue => known(k).map(key_float),
                })
                .collect(),
        }
    }
}

/// For each score from 2 to `levels` the least value that has it; `u64::MAX` where none does. And
/// whether all values are equal.
fn quantile_cuts(keys: &[u64], levels: u8, ties: Ties) -> Result<(Vec<u64>, bool)> {
    let n = keys.len() as u64;
    let levels = u64::from(levels);
    let mut cuts = vec![u64::MAX; levels as usize - 1];
    let sorted = rank::sorted(keys)?;
    let (Some(least), Some(greatest)) = (sorted.first(), sorted.last()) else {
        return Ok((cuts, false));
    };
    if least == greatest {
        let middle = levels.div_ceil(2) as usize;
        cuts[..middle - 1].fill(0);
        return Ok((cuts, true));
    }
    // Scores rise with the value, so each is found by bisection over the sorted values.
    for (cut, wanted) in cuts.iter_mut().zip(2_u64..) {
        let scores_enough = |key: &u64| {
            let worse = sorted.partition_point(|k| k < key) as u64;
            let not_better = sorted.partition_point(|k| k <= key) as u64;
            let score = match ties {
                Ties::Lower => 1 + levels * worse / n,
                Ties::Mid => 1 + levels * (worse + not_better - 1) / (2 * n),
                Ties::Upper => 1 + levels * (not_better - 1) / n,
            };
            score >= wanted
        };
        let at = sorted.partition_point(|key| !scores_enough(key));
        if let Some(key) = sorted.get(at) {
            *cut = *key;
        }
    }
    Ok((cuts, false))
}

/// `1 +` the number of cuts that a value reaches.
fn levels_of(keys: &[u64], cuts: &[u64]) -> Result<Vec<u8>> {
    let mut levels = filled(keys.len(), 1_u8, "scores")?;
    for cut in cuts {
        for (level, key) in levels.iter_mut().zip(keys) {
            *level += u8::from(key >= cut);
        }
    }
    Ok(levels)
}

impl Preset {
    fn cuts(self, currency: Currency) -> Result<Cuts> {
        if currency != Currency::JPY {
            return Err(Error::option(
                "preset",
                json!(self),
                format!("cuts of your own: the preset's are in yen, the orders in {currency}"),
            ));
        }
        let (longest, frequency) = match self {
            Preset::UchideRepeat => (365, [2, 4, 7, 12]),
            Preset::UchideGeneral => (730, [2, 3, 4, 5]),
        };
        Ok(Cuts {
            recency: [longest, 180, 90, 30].map(Some).to_vec(),
            frequency: frequency.map(Some).to_vec(),
            // Up to 5,000 yen is M1: M2 begins at 5,001.
            monetary: [5_001.0, 10_001.0, 15_001.0, 20_001.0].map(Some).to_vec(),
        })
    }
}

impl Cuts {
    /// Checks that the cuts ascend and give one number of levels; gives it.
    fn levels(&self, options: &Options) -> Result<u8> {
        let refuse = |axis: &str, expected: &str| {
            Err(Error::option(
                format!("cuts.{axis}"),
                "",
                expected.to_owned(),
            ))
        };
        let count = self.recency.len();
        if self.frequency.len() != count || self.monetary.len() != count {
            return refuse("frequency", "as many cuts on every axis");
        }
        if !(2..=9).contains(&count) {
            return refuse("recency", "2 to 9 cuts (3 to 10 levels)");
        }
        if options.levels != Options::default().levels && usize::from(options.levels) != count + 1 {
            return Err(Error::option(
                "levels",
                options.levels,
                "one more than there are cuts",
            ));
        }
        let finite = self.monetary.iter().flatten().all(|v| v.is_finite());
        let fell = |a: &Option<i64>, b: &Option<i64>| matches!((a, b), (Some(a), Some(b)) if a < b);
        if self.recency.windows(2).any(|w| fell(&w[0], &w[1])) {
            return refuse("recency", "days in descending order");
        }
        if self.frequency.windows(2).any(|w| fell(&w[1], &w[0])) {
            return refuse("frequency", "orders in ascending order");
        }
        let money_fell = |w: &[Option<f64>]| matches!((w[0], w[1]), (Some(a), Some(b)) if a > b);
        if !finite || self.monetary.windows(2).any(money_fell) {
            return refuse("monetary", "finite amounts in ascending order");
        }
        Ok(count as u8 + 1)
    }
}

/// The segment of each customer, if there is a grid for these levels.
fn segments(
    r: &[u8],
    f: &[u8],
    m: &[u8],
    levels: u8,
    options: &Options,
) -> Result<Option<Vec<u8>>> {
    let cells: Box<dyn Fn(u8, u8, u8) -> u8> = match &options.grid {
        Some(grid) => {
            let painted = paint(grid, levels)?;
            let side = usize::from(levels);
            Box::new(move |r, f, m| {
                let [r, f, m] = [r, f, m].map(|score| usize::from(score) - 1);
                painted[(r * side + f) * side + m]
            })
        }
        None if levels == 5 => Box::new(|r, f, m| Segment::of(r, f, m) as u8),
        None => return Ok(None),
    };
    // One look-up per customer in a table of all cells.
    let side = usize::from(levels);
    let mut table = Vec::new();
    for cell in 0..side * side * side {
        let [r, f, m] = [cell / side / side, cell / side % side, cell % side].map(|i| i as u8 + 1);
        table.push(cells(r, f, m));
    }
    let at = |(r, (f, m)): (&u8, (&u8, &u8))| {
        let [r, f, m] = [r, f, m].map(|score| usize::from(*score) - 1);
        table[(r * side + f) * side + m]
    };
    Ok(Some(collect(
        r.iter().zip(f.iter().zip(m)).map(at),
        "scores",
    )?))
}

/// The grid's part of each cell; refuses cells that no part or several cover.
fn paint(grid: &[GridCell], levels: u8) -> Result<Vec<u8>> {
    if grid.len() > 255 {
        return Err(Error::option("grid", "", "at most 255 parts"));
    }
    let inside = |range: Option<(u8, u8)>, score: u8| {
        range.is_none_or(|(low, high)| (low..=high).contains(&score))
    };
    let mut painted = Vec::new();
    for r in 1..=levels {
        for f in 1..=levels {
            for m in 1..=levels {
                let covers = |part: &&GridCell| {
                    inside(part.r, r)
                        && inside(part.f, f)
                        && inside(part.m, m)
                        && inside(part.f_plus_m, f + m)
                };
                let mut parts = grid.iter().enumerate().filter(|(_, part)| covers(part));
                match (parts.next(), parts.next()) {
                    (Some((i, _)), None) => painted.push(i as u8),
                    (None, _) => {
                        return Err(Error::option(
                            "grid",
                            "",
                            format!("every cell covered; r {r}, f {f}, m {m} is in no segment"),
                        ));
                    }
                    (Some(_), Some(_)) => {
                        return Err(Error::option(
                            "grid",
                            "",
                            format!(
                                "no cell covered twice; r {r}, f {f}, m {m} is in two segments"
                            ),
                        ));
                    }
                }
            }
        }
    }
    Ok(painted)
}

pub(crate) const SEGMENT: Field = Field::new(
    "segment",
    Type::Category,
    "",
    "セグメント",
    "Segment of the grid; null without one.",
);
pub(crate) const RECENCY: Field = Field::new(
    "recency_days",
    Type::Int,
    "days",
    "最終購入からの日数",
    "Days since the last order.",
);
pub(crate) const ORDERS: Field = Field::new(
    "orders",
    Type::Int,
    "orders",
    "購入回数",
    "Orders, or days with orders by `occasion`.",
);
pub(crate) const REVENUE: Field = Field::new(
    "revenue",
    Type::Money,
    "currency",
    "累計購入金額",
    "Revenue on the scope's basis.",
);

/// The register's entry.
pub struct Rfm;

impl Analysis for Rfm {
    const NAME: &'static str = "rfm";
    const SUMMARY: &'static str =
        "Recency, frequency and monetary scores and the segment of each customer";
    const JA: &'static str = "RFM分析";
    const COLUMNS: &'static [Field] = &[
        CUSTOMER_ID,
        RECENCY,
        ORDERS,
        REVENUE,
        Field::new("r", Type::Int, "", "R", "Recency score, best last."),
        Field::new("f", Type::Int, "", "F", "Frequency score, best last."),
        Field::new("m", Type::Int, "", "M", "Monetary score, best last."),
        SEGMENT,
    ];
    type Data = Orders;
    type Options = Options;

    fn run(orders: &Orders, scope: &Scope, options: &Options, context: &Context) -> Result<Table> {
        let totals = totals(orders, scope, options, context)?;
        let scores = score(&totals, options)?;
        let prospects = match options.prospects {
            true => orders.prospects(&totals.customer)?,
            false => Vec::new(),
        };
        table(totals, scores, options, prospects)
    }
}

/// The totals of the scope, inside the window if there is one.
pub(crate) fn totals(
    orders: &Orders,
    scope: &Scope,
    options: &Options,
    context: &Context,
) -> Result<Totals> {
    match options.window_days {
        None => Totals::new(orders, scope, context),
        Some(0) => Err(Error::option("window_days", 0, "at least 1 day")),
        Some(days) => Totals::within(orders, scope, days, context),
    }
}

fn table(totals: Totals, scores: Scores, options: &Options, prospects: Vec<u32>) -> Result<Table> {
    let (n, extra) = (totals.len(), prospects.len());
    let recency = collect((0..n).map(|i| totals.recency_days(i)), "table")?;
    let wide = |scores: Vec<u8>| collect(scores.iter().map(|s| i32::from(*s)), "table");
    let (segments, null_segments) = match scores.segment {
        Some(segments) => (segments, false),
        None => (filled(n, 0, "table")?, true),
    };
    let segment = match &options.grid {
        None => Values::Category {
            codes: segments,
            labels: Segment::LABELS,
        },
        Some(grid) => {
            let mut texts: Vec<String> = grid.iter().map(|part| part.segment.clone()).collect();
            texts.push(Segment::LABELS[Segment::Prospect as usize].code.to_owned());
            Values::Text {
                codes: collect(segments.iter().map(|s| u32::from(*s)), "table")?,
                texts: Arc::new(texts),
            }
        }
    };
    let [customer_id, recency_days, orders, revenue, r, f, m, _] = Rfm::COLUMNS else {
        return Err(Error::internal("columns of rfm"));
    };
    let mut segment = Column::new(&SEGMENT, segment);
    if null_segments {
        segment = segment.with_validity(filled(n, false, "table")?);
    }
    let mut table = Table::new(vec![
        Column::new(
            customer_id,
            Values::Id {
                ids: totals.ids.clone(),
                codes: totals.customer,
            },
        ),
        Column::new(recency_days, Values::I32(recency)),
        Column::new(orders, Values::I32(totals.orders)),
        Column::new(revenue, Values::Money(totals.revenue, totals.currency)),
        Column::new(r, Values::I32(wide(scores.r)?)),
        Column::new(f, Values::I32(wide(scores.f)?)),
        Column::new(m, Values::I32(wide(scores.m)?)),
        segment,
    ]);
    if extra > 0 {
        let ids = totals.ids.clone();
        let null = |column: Column| Ok(column.with_validity(filled(extra, false, "table")?));
        let zeros = || filled(extra, 0_i32, "table");
        let prospect = match &options.grid {
            None => Values::Category {
                codes: filled(extra, Segment::Prospect as u8, "table")?,
                labels: Segment::LABELS,
            },
            Some(grid) => {
                let mut texts: Vec<String> = grid.iter().map(|part| part.segment.clone()).collect();
                texts.push(Segment::LABELS[Segment::Prospect as usize].code.to_owned());
                Values::Text {
                    codes: filled(extra, grid.len() as u32, "table")?,
                    texts: Arc::new(texts),
                }
            }
        };
        table.append(Table::new(vec![
            Column::new(
                customer_id,
                Values::Id {
                    ids: ids.clone(),
                    codes: prospects,
                },
            ),
            null(Column::new(recency_days, Values::I32(zeros()?)))?,
            Column::new(orders, Values::I32(zeros()?)),
            Column::new(
                revenue,
                Values::Money(filled(extra, 0, "table")?, totals.currency),
            ),
            null(Column::new(r, Values::I32(zeros()?)))?,
            null(Column::new(f, Values::I32(zeros()?)))?,
            null(Column::new(m, Values::I32(zeros()?)))?,
            Column::new(&SEGMENT, prospect),
        ]))?;
        table = by_customer(table, &ids)?;
    }
    Ok(table
        .with_note("cuts", json!(scores.cuts))
        .with_note("flat_axes", json!(scores.flat)))
}

/// The rows in ascending customer id.
pub(crate) fn by_customer(table: Table, ids: &crate::data::Ids) -> Result<Table> {
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
        // The table of the module doc as a grid of the user's own.
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
