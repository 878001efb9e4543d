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

/// The segment of each customer, if there is a grid for these levels.
pub(super) fn segments(
    r: &[u8],
    f: &[u8],
    m: &[u8],
    levels: u8,
    grid: Option<&[GridCell]>,
) -> Result<Option<Vec<u8>>> {
    let cells: Box<dyn Fn(u8, u8, u8) -> u8> = match grid {
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
    // A table of all cells, looked up once per customer.
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
