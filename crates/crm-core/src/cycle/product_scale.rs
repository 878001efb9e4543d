//! Scale factors of products: how much longer the gaps of one product are than those of the shop.
//!
//! ```text
//! pace_v    the ln s that maximises Σ_i ln L_i(s) − ½ (ln s)²        i: the rows of value v
//! L_i(s)    likelihood of the completed and open gaps of row i, in units of s days, by the gap model
//! ```
//!
//! Open gaps count, as in the [fit](super::fit) of the shop: by completed gaps alone a product that
//! is bought once in five months would look as fast as the gaps of its first returners. All
//! products share the dropout probability, so long open gaps of a slow product raise its scale and
//! not its dropout. The gap model and the scales are fitted in turns, starting from mean log gaps,
//! three times. Values with few rows are shrunk towards the shop. Of a value with many rows
//! [`ROWS`] are used, chosen by a hash of their history.

use super::fit::{self, Options};
use super::gap_model_at::{GapModelAt, SLOTS, slot};
use super::gap_params::{FINE, History, Params};
use super::log_gap_table::Tables;
use super::subsample::fingerprint;
use crate::context::{Context, collect, filled};
use crate::error::{Error, Result};
use crate::summary::Per;

/// The most rows of a value that are used.
const ROWS: usize = 128;
/// The number of turns of gap model and scales.
const TURNS: usize = 3;
/// The prior standard deviation of `ln` scale.
const SPREAD: f64 = 1.0;
/// The number of gaps at which a value's mean has the same weight as the mean of all: values with
/// few gaps are shrunk towards the shop.
const SHRINKAGE: f64 = 5.0;

/// For each row, `ln` of the scale of its value; histories and open gaps are in days.
pub(super) fn ln_scales(
    histories: &[History],
    open: &[f64],
    per: &Per,
    context: &Context,
) -> Result<Vec<f64>> {
    let mut scales = by_gaps(histories, per)?;
    let mut rows = collect(0..histories.len(), "gap histories")?;
    let mut prints = filled(histories.len(), 0, "gap histories")?;
    for (row, print) in prints.iter_mut().enumerate() {
        *print = fingerprint(&histories[row], open[row]);
    }
    rows.sort_unstable_by_key(|&row| (per.ranks[row], prints[row], row));
    for _ in 0..TURNS {
        let mut scaled = collect(
            histories
                .iter()
                .zip(&scales)
                .map(|(h, pace)| h.in_units(*pace)),
            "gap histories",
        )?;
        let mut silence = collect(
            open.iter()
                .zip(&scales)
                .map(|(open, pace)| open * libm::exp(-pace)),
            "gap histories",
        )?;
        let params = match fit::fit(&scaled, &silence, &Options::new().kinds(1), context) {
            Ok(fit) => fit.params,
            Err(Error::Insufficient { .. }) => break,
            Err(other) => return Err(other),
        };
        scaled.clear();
        silence.clear();
        let pace = Pace::new(&params, histories)?;
        for value in rows.chunk_by(|&a, &b| per.ranks[a] == per.ranks[b]) {
            context.check()?;
            let best = pace.best(
                histories,
                open,
                &value[..value.len().min(ROWS)],
                scales[value[0]],
            );
            for &row in value {
                scales[row] = best;
            }
        }
    }
    Ok(scales)
}

/// The gap model by which scales are fitted.
struct Pace {
    tables: Tables,
    model: GapModelAt,
}

impl Pace {
    fn new(params: &Params, histories: &[History]) -> Result<Self> {
        let mut wanted = [false; SLOTS];
        for history in histories {
            wanted[slot(history.gaps)] = true;
        }
        let mut tables = Tables::default();
        let model = GapModelAt::new(params, &wanted, 0.5 * FINE, &mut tables)?;
        Ok(Self { tables, model })
    }

    /// The scale of highest likelihood of these rows, from `start`: three points that move uphill
    /// and then contract.
    fn best(&self, histories: &[History], open: &[f64], rows: &[usize], start: f64) -> f64 {
        let value = |pace: f64| {
            let unit = libm::exp(-pace);
            // The prior, ln s ~ N(0, 1).
            let mut sum = -0.5 * (pace / SPREAD) * (pace / SPREAD);
            for &row in rows {
                let history = &histories[row];
                let ln = self.model.ln_likelihood(
                    &self.tables,
                    &history.in_units(pace),
                    open[row] * unit,
                );
                // Converts to a density per day.
                sum += ln - f64::from(history.gaps) * pace;
            }
            sum
        };
        let (mut at, mut step) = (start.clamp(-4.0, 4.0), 0.4);
        let mut here = value(at);
        for _ in 0..12 {
            let (left, right) = (value(at - step), value(at + step));
            if left > here && at > -4.0 {
                (at, here) = (at - step, left);
            } else if right > here && at < 4.0 {
                (at, here) = (at + step, right);
            } else {
                step *= 0.4;
                if step < 0.02 {
                    break;
                }
            }
        }
        at
    }
}

/// For each row, `ln` of the scale of its value relative to the shop: the mean log gap of the
/// value, shrunk towards the mean of all.
fn by_gaps(histories: &[History], per: &Per) -> Result<Vec<f64>> {
    let sums = |rows: &mut dyn Iterator<Item = usize>| {
        rows.fold((0.0, 0.0), |(n, sum), row| {
            (
                n + f64::from(histories[row].gaps),
                sum + histories[row].sum_ln,
            )
        })
    };
    let (n, sum) = sums(&mut (0..histories.len()));
    let mean = if n > 0.0 { sum / n } else { 0.0 };
    let mut rows = collect(0..histories.len(), "gap histories")?;
    rows.sort_unstable_by_key(|&row| (per.ranks[row], row));
    let mut scales = filled(histories.len(), 0.0, "gap histories")?;
    for value in rows.chunk_by(|&a, &b| per.ranks[a] == per.ranks[b]) {
        let (n, sum) = sums(&mut value.iter().copied());
        for &row in value {
            // Σ (ln gap − mean of all) / (n + 5)
            scales[row] = (sum - n * mean) / (n + SHRINKAGE);
        }
    }
    Ok(scales)
}
