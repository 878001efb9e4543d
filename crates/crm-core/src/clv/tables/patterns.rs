//! The patterns of purchases over discrete opportunities, as the analyses of BG/BB read them.

use crate::clv::frame::{weights, whole};
use crate::clv::models::bgbb;
use crate::clv::models::bgbb::Pattern;
use crate::context::room;
use crate::error::Result;
use crate::table::Table;

/// The patterns of a table.
pub(super) fn patterns(data: &Table) -> Result<Vec<Pattern>> {
    let columns = [
        whole(data, "frequency")?,
        whole(data, "recency")?,
        whole(data, "n")?,
    ];
    let weight = weights(data)?;
    let mut out = room(columns[0].len(), "patterns")?;
    out.extend((0..columns[0].len()).map(|row| Pattern {
        x: columns[0][row],
        t_x: columns[1][row],
        n: columns[2][row],
        weight: weight.as_ref().map_or(1.0, |w| w[row]),
    }));
    bgbb::check(&out)?;
    Ok(out)
}
