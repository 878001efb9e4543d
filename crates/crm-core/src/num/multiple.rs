//! Several tests at once: p-values adjusted so that each can be compared with the level itself.
//!
//! ```text
//! Holm                 p'(i) = max_{j ≤ i} min(1, (m − j + 1) p(j))     p(1) ≤ … ≤ p(m)
//! Benjamini-Hochberg   p'(i) = min_{j ≥ i} min(1, m p(j) / j)
//! ```
//!
//! Holm bounds the probability of one false finding among all tests; Benjamini and Hochberg bound the
//! expected share of false findings among the findings.
//!
//! # References
//!
//! - Holm, S. (1979). A simple sequentially rejective multiple test procedure. *Scandinavian Journal of
//!   Statistics* 6, 65-70.
//! - Benjamini, Y., Hochberg, Y. (1995). Controlling the false discovery rate. *JRSS B* 57, 289-300.

use crate::context::collect;
use crate::error::Result;

/// Holm's adjusted p-values, in the order given.
///
/// # Errors
///
/// Out of memory.
///
/// ```
/// let adjusted = crm_core::num::multiple::holm(&[0.01, 0.04, 0.03, 0.005])?;
/// assert_eq!(adjusted, [0.03, 0.06, 0.06, 0.02]);
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn holm(p: &[f64]) -> Result<Vec<f64>> {
    let order = ascending(p)?;
    let mut adjusted = collect(p.iter().copied(), "p-values")?;
    let mut most = 0.0_f64;
    for (before, at) in order.into_iter().enumerate() {
        // (m − j + 1) p(j), where `before` is j − 1
        most = most.max(((p.len() - before) as f64 * p[at]).min(1.0));
        adjusted[at] = most;
    }
    Ok(adjusted)
}

/// Benjamini and Hochberg's adjusted p-values, in the order given.
///
/// # Errors
///
/// Out of memory.
///
/// ```
/// let adjusted = crm_core::num::multiple::benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005])?;
/// assert_eq!(adjusted, [0.02, 0.04, 0.04, 0.02]);
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn benjamini_hochberg(p: &[f64]) -> Result<Vec<f64>> {
    benjamini_hochberg_among(p, p.len() as u64)
}

/// Benjamini and Hochberg's adjusted p-values of the tests that are shown, among `tests` of which the others have no
/// smaller p-values: a selection of the smallest p-values is corrected for all tests that were made.
///
/// # Errors
///
/// Out of memory.
///
/// ```
/// let adjusted = crm_core::num::multiple::benjamini_hochberg_among(&[0.001, 0.002], 100)?;
/// assert_eq!(adjusted, [0.1, 0.1]);
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn benjamini_hochberg_among(p: &[f64], tests: u64) -> Result<Vec<f64>> {
    let order = ascending(p)?;
    let mut adjusted = collect(p.iter().copied(), "p-values")?;
    let mut least = 1.0_f64;
    for (before, at) in order.into_iter().enumerate().rev() {
        // m p(j) / j
        least = least.min(tests as f64 * p[at] / (before + 1) as f64);
        adjusted[at] = least;
    }
    Ok(adjusted)
}

fn ascending(p: &[f64]) -> Result<Vec<usize>> {
    let mut order = collect(0..p.len(), "p-values")?;
    order.sort_unstable_by(|a, b| p[*a].total_cmp(&p[*b]).then(a.cmp(b)));
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_one_and_ties() {
        assert!(holm(&[]).unwrap().is_empty());
        assert_eq!(holm(&[0.2]).unwrap(), [0.2]);
        assert_eq!(benjamini_hochberg(&[0.2]).unwrap(), [0.2]);
        assert_eq!(holm(&[0.9, 0.9]).unwrap(), [1.0, 1.0]);
        assert_eq!(benjamini_hochberg(&[0.3, 0.3, 0.3]).unwrap(), [0.3; 3]);
    }
}
