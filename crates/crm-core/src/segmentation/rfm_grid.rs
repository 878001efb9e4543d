//! The grid of RFM segments: the default grid, and users' own grids.

use crate::context::collect;
use crate::error::{Error, Result};
use crate::table::categories;
use serde::{Deserialize, Serialize};

/// A part of a grid: the customers whose scores are in all of the ranges (both ends included).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
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

categories! {
    /// The segments of the default grid.
    #[allow(missing_docs)]
    pub Segment {
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
}

impl Segment {
    /// The segment of three scores, with five levels.
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

/// The segment of each customer.
///
/// ```
/// use crm_core::segmentation::rfm::{Segment, Segments};
///
/// let segments = Segments::Named(vec![Segment::Champions, Segment::AtRisk]);
/// assert_eq!(segments.name(1), "at_risk");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Segments {
    /// By the default grid.
    Named(Vec<Segment>),
    /// By a user's own grid.
    Grid {
        /// The segments of the grid's parts.
        names: Vec<String>,
        /// The part of each customer, an index into `names`.
        parts: Vec<u8>,
    },
}

impl Segments {
    /// The segment of the customer at `row`.
    ///
    /// # Panics
    ///
    /// If there are not that many customers.
    pub fn name(&self, row: usize) -> &str {
        match self {
            Segments::Named(segments) => Segment::LABELS[segments[row] as usize].code,
            Segments::Grid { names, parts } => &names[usize::from(parts[row])],
        }
    }

    /// All segments.
    pub(crate) fn names(&self) -> Vec<String> {
        match self {
            Segments::Named(_) => Segment::LABELS.iter().map(|s| s.code.to_owned()).collect(),
            Segments::Grid { names, .. } => names.clone(),
        }
    }

    /// The place of a customer's segment in `names`.
    pub(crate) fn place(&self, row: usize) -> u8 {
        match self {
            Segments::Named(segments) => segments[row] as u8,
            Segments::Grid { parts, .. } => parts[row],
        }
    }
}

/// The segment of each customer, if there is a grid for these levels.
pub(super) fn segments(
    scores: [&[u8]; 3],
    levels: u8,
    grid: Option<&[GridCell]>,
) -> Result<Option<Segments>> {
    Ok(Some(match grid {
        Some(grid) => Segments::Grid {
            names: grid.iter().map(|part| part.segment.clone()).collect(),
            parts: looked_up(scores, levels, &paint(grid, levels)?)?,
        },
        None if levels == 5 => {
            let score = |cell| cell as u8 + 1;
            let of = |cell| Segment::of(score(cell / 25), score(cell / 5 % 5), score(cell % 5));
            let cells: Vec<Segment> = (0..125).map(of).collect();
            Segments::Named(looked_up(scores, levels, &cells)?)
        }
        None => return Ok(None),
    }))
}

/// What the cell of each customer holds; the last score counts fastest.
fn looked_up<T: Copy>([r, f, m]: [&[u8]; 3], levels: u8, cells: &[T]) -> Result<Vec<T>> {
    let side = usize::from(levels);
    let at = |(r, (f, m)): (&u8, (&u8, &u8))| {
        let [r, f, m] = [r, f, m].map(|score| usize::from(*score) - 1);
        cells[(r * side + f) * side + m]
    };
    collect(r.iter().zip(f.iter().zip(m)).map(at), "scores")
}

/// For each cell, the part of the grid that covers it; refuses cells covered by no part or by
/// several.
pub(super) fn paint(grid: &[GridCell], levels: u8) -> Result<Vec<u8>> {
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
