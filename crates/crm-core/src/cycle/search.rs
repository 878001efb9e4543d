//! The search for the greatest likelihood of a gap model in one family of distributions.

use super::gap_params::Family;
use super::likelihood::{Point, Terms};
use super::subsample::Sample;
use crate::context::Context;
use crate::error::Result;

/// The settings of a search: steps and tolerances.
pub(super) struct Pace {
    /// The first steps, relative to the full steps.
    pub(super) reach: f64,
    /// Rise of the log-likelihood at which a simplex, and the rounds, stop.
    pub(super) rise: [f64; 2],
    /// Points per spread of the distribution in a table.
    pub(super) fineness: f64,
}

/// The most rounds.
const ROUNDS: u32 = 8;
/// The search for the maximum in one family.
pub(super) struct Search {
    pub(super) family: Family,
    pub(super) at: Point,
    pub(super) likelihood: f64,
    pub(super) converged: bool,
}

impl Search {
    pub(super) fn run(
        sample: &Sample,
        family: Family,
        start: Point,
        pace: &Pace,
        context: &Context,
    ) -> Result<Self> {
        let mut terms = Terms::new(sample, family, pace.fineness, context)?;
        let mut at = start;
        let reach = pace.reach;
        let [simplex_rise, rise] = pace.rise;
        let mut converged = false;
        let mut before = f64::NEG_INFINITY;
        let mut stride = 0.4 * reach;
        for _ in 0..ROUNDS {
            terms.fill(&at)?;
            // (a, b): m_c and S_c do not depend on them.
            let from = at;
            at.dropout = simplex(
                at.dropout,
                [0.5 * reach, 0.7 * reach],
                (30, simplex_rise),
                |dropout| {
                    let point = from.with_dropout(dropout);
                    Ok(terms.likelihood(&point) + point.prior())
                },
            )?;
            // w_c by EM, given m_c and S_c.
            for _ in 0..15 {
                at.weights = terms.reweigh(&at);
            }
            // Typical gap and spread: each point needs new m_c and S_c, and its own w_c.
            let from = at;
            at.population = simplex(
                at.population,
                [stride, stride],
                (24, simplex_rise),
                |population| {
                    let mut point = from.with_population(population);
                    terms.fill(&point)?;
                    for _ in 0..3 {
                        point.weights = terms.reweigh(&point);
                    }
                    Ok(terms.likelihood(&point) + point.prior())
                },
            )?;
            terms.fill(&at)?;
            for _ in 0..15 {
                at.weights = terms.reweigh(&at);
            }
            let now = terms.likelihood(&at) + at.prior();
            converged = now - before < rise;
            before = now;
            if converged {
                break;
            }
            stride = (0.5 * stride).max(0.03 * reach);
        }
        let likelihood = terms.likelihood(&at);
        Ok(Self {
            family,
            at,
            likelihood,
            converged,
        })
    }
}

/// Maximises by a Nelder-Mead simplex in the plane: the best point after at most `steps` points, or
/// when the values at the corners are within `rise` of each other.
pub(super) fn simplex(
    start: [f64; 2],
    step: [f64; 2],
    (evaluations, rise): (u32, f64),
    mut value: impl FnMut([f64; 2]) -> Result<f64>,
) -> Result<[f64; 2]> {
    let mut at = |p: [f64; 2]| -> Result<(f64, [f64; 2])> {
        let inside = p.iter().all(|v| v.abs() < 25.0);
        let v = if inside { value(p)? } else { f64::NEG_INFINITY };
        Ok((if v.is_nan() { f64::NEG_INFINITY } else { v }, p))
    };
    let mut corners = [
        at(start)?,
        at([start[0] + step[0], start[1]])?,
        at([start[0], start[1] + step[1]])?,
    ];
    let mut used = 3;
    while used < evaluations {
        corners.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let [best, middle, worst] = corners;
        if best.0 - worst.0 < rise {
            break;
        }
        // The worst corner is reflected at the centre of the others; t = −2 expands, ±½ contracts.
        let centre = [0, 1].map(|k| 0.5 * (best.1[k] + middle.1[k]));
        let along = |t: f64| [0, 1].map(|k| centre[k] + t * (worst.1[k] - centre[k]));
        let reflected = at(along(-1.0))?;
        used += 1;
        corners[2] = if reflected.0 > best.0 {
            used += 1;
            let further = at(along(-2.0))?;
            if further.0 > reflected.0 {
                further
            } else {
                reflected
            }
        } else if reflected.0 > middle.0 {
            reflected
        } else {
            used += 1;
            let nearer = at(along(if reflected.0 > worst.0 { -0.5 } else { 0.5 }))?;
            if nearer.0 > worst.0.max(reflected.0) {
                nearer
            } else {
                used += 1;
                // Shrinks: both other corners move halfway to the best.
                corners[1] = at([0, 1].map(|k| 0.5 * (best.1[k] + middle.1[k])))?;
                at([0, 1].map(|k| 0.5 * (best.1[k] + worst.1[k])))?
            }
        };
    }
    corners.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    Ok(corners[0].1)
}
