//! Maximum likelihood by Newton's method in log-parameters.
//!
//! The objective is the *mean* log-likelihood per customer, so that tolerances mean the same for a
//! hundred customers and for a million. It gives value, gradient and Hessian together; a step is
//! Newton's with the absolute values of the Hessian's eigenvalues (always an ascent direction), is
//! at most [`LONGEST_STEP`] in any log-parameter, and is halved until the value rises. There is no
//! randomness and no time limit, so the same data give the same bits.
//!
//! Positive parameters are optimised as logarithms between fixed bounds (caps). Where the
//! likelihood rises towards 0 or ∞ the parameter ends at its cap and the outcome is
//! [`Outcome::Boundary`]: an answer that real shops give, not a failure. A direction in which the
//! likelihood is flat has the same outcome, even if the gradient is 0.

use libm::{exp, fabs, log, sqrt};

use crate::error::Result;

/// Longest step in a log-parameter.
pub const LONGEST_STEP: f64 = 2.0;

/// A point whose gradient per customer is at most this in every free parameter is a maximum.
pub const TOLERANCE: f64 = 1e-10;

const ITERATIONS: u32 = 200;

/// Value, gradient and Hessian at a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Derivatives<const N: usize> {
    /// The function.
    pub value: f64,
    /// Its first derivatives.
    pub gradient: [f64; N],
    /// Its second derivatives, both triangles.
    pub hessian: [[f64; N]; N],
}

impl<const N: usize> Default for Derivatives<N> {
    fn default() -> Self {
        Self {
            value: 0.0,
            gradient: [0.0; N],
            hessian: [[0.0; N]; N],
        }
    }
}

impl<const N: usize> Derivatives<N> {
    /// Adds the value and derivatives of another function.
    pub fn add(&mut self, other: &Self) {
        self.value += other.value;
        for i in 0..N {
            self.gradient[i] += other.gradient[i];
            for j in 0..N {
                self.hessian[i][j] += other.hessian[i][j];
            }
        }
    }

    /// Changes variables: `self` is a sum over `weight` customers in the `parameters`, the result
    /// is the mean per customer in their logarithms. Only the upper triangle of the Hessian is
    /// read.
    #[must_use]
    pub fn mean_in_logs(&self, parameters: &[f64; N], weight: f64) -> Self {
        let mut out = Self {
            value: self.value / weight,
            ..Self::default()
        };
        for i in 0..N {
            // θ = ln p: ∂f/∂θ_i = p_i f_i and ∂²f/∂θ_i∂θ_j = p_i p_j f_ij + [i = j] p_i f_i
            let slope = parameters[i] * self.gradient[i] / weight;
            out.gradient[i] = slope;
            for j in i..N {
                let curve = parameters[i] * parameters[j] * self.hessian[i][j] / weight;
                out.hessian[i][j] = curve;
                out.hessian[j][i] = curve;
            }
            out.hessian[i][i] += slope;
        }
        out
    }
}

/// How a maximisation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The point is a maximum.
    Converged,
    /// The likelihood is highest at a cap, or flat, along the log-parameter of this index.
    Boundary(usize),
    /// Neither of these: no step raised the value, or too many steps were needed.
    Stalled,
}

/// Where a maximisation ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Optimum<const N: usize> {
    /// The log-parameters.
    pub at: [f64; N],
    /// The function there.
    pub derivatives: Derivatives<N>,
    /// How it ended.
    pub outcome: Outcome,
    /// How often the function was evaluated.
    pub evaluations: u32,
}

/// Maximises the log-likelihood of `weight` customers over positive parameters, from `start`, inside
/// `low..=high`. `f` gives the sum over all customers with its derivatives in the parameters; the
/// result is in log-parameters.
///
/// # Errors
///
/// The errors of `f`.
pub fn maximize_positive<const N: usize>(
    start: [f64; N],
    low: [f64; N],
    high: [f64; N],
    weight: f64,
    mut f: impl FnMut(&[f64; N]) -> Result<Derivatives<N>>,
) -> Result<Optimum<N>> {
    let [start, low, high] = [start, low, high].map(|values| values.map(log));
    maximize(start, low, high, weight, |theta| {
        let at = theta.map(exp);
        Ok(f(&at)?.mean_in_logs(&at, weight))
    })
}

/// Maximises the mean log-likelihood `f` of log-parameters, from `start`, inside `low..=high`.
/// `weight` is the number of customers; it decides whether a direction counts as flat.
///
/// # Errors
///
/// The errors of `f`.
pub fn maximize<const N: usize>(
    start: [f64; N],
    low: [f64; N],
    high: [f64; N],
    weight: f64,
    mut f: impl FnMut(&[f64; N]) -> Result<Derivatives<N>>,
) -> Result<Optimum<N>> {
    let clamp = |at: [f64; N]| {
        std::array::from_fn(|i| match at[i] {
            // A point that misses the cap by rounding is at the cap.
            t if t <= low[i] + 1e-9 => low[i],
            t if t >= high[i] - 1e-9 => high[i],
            t => t,
        })
    };
    let mut at: [f64; N] = clamp(start);
    let mut here = f(&at)?;
    let mut evaluations = 1;
    let mut converged = false;
    let mut promise = f64::INFINITY;
    for _ in 0..ITERATIONS {
        let pinned: [bool; N] = std::array::from_fn(|i| {
            (at[i] <= low[i] && here.gradient[i] <= 0.0)
                || (at[i] >= high[i] && here.gradient[i] >= 0.0)
        });
        let slope = steepest(&here.gradient, &pinned);
        if slope <= TOLERANCE {
            converged = true;
            break;
        }
        let step = inward(&at, &low, &high, &here, pinned);
        // The predicted gain of the step is smaller than the rounding of the sum can show.
        promise = (0..N).map(|i| here.gradient[i] * step[i]).sum();
        let at_rounding = slope <= 1e-7 || promise <= 1e-11 * (1.0 + fabs(here.value));
        let mut length = up_to_a_cap(&at, &low, &high, &step);
        let mut next = None;
        for _ in 0..40 {
            let there = clamp(std::array::from_fn(|i| at[i] + length * step[i]));
            let value = f(&there)?;
            evaluations += 1;
            let gain: f64 = (0..N).map(|i| here.gradient[i] * (there[i] - at[i])).sum();
            // The rounding error of the sum.
            let noise = 4e-15 * (1.0 + fabs(here.value));
            if value.value.is_finite() && value.value >= here.value + 1e-4 * gain - noise {
                next = Some((there, value));
                break;
            }
            length *= 0.5;
        }
        let Some((there, value)) = next else {
            converged = at_rounding;
            break;
        };
        let stuck = there == at || value.value <= here.value;
        if stuck && steepest(&value.gradient, &pinned) >= slope {
            // Differences are below the rounding of the sum, so the point before is as good as any
            // other.
            converged = at_rounding;
            break;
        }
        (at, here) = (there, value);
    }
    let outcome = if converged {
        at_boundary(&at, &low, &high, &here, weight).map_or(Outcome::Converged, Outcome::Boundary)
    } else {
        // At a cap the gradients of the other parameters may be rounding errors, so the outcome is
        // decided by the predicted gain.
        let flat = promise * weight <= 1e-3;
        let cap = at_cap(&at, &low, &high).filter(|_| flat);
        cap.map_or(Outcome::Stalled, Outcome::Boundary)
    };
    Ok(Optimum {
        at,
        derivatives: here,
        outcome,
        evaluations,
    })
}

/// The greatest slope along a parameter that is free to move.
fn steepest<const N: usize>(gradient: &[f64; N], pinned: &[bool; N]) -> f64 {
    (0..N)
        .filter(|&i| !pinned[i])
        .map(|i| fabs(gradient[i]))
        .fold(0.0, f64::max)
}

/// The step from `at`; a parameter at its cap whose step leads outwards does not move.
fn inward<const N: usize>(
    at: &[f64; N],
    low: &[f64; N],
    high: &[f64; N],
    here: &Derivatives<N>,
    mut still: [bool; N],
) -> [f64; N] {
    let mut step = direction(here, &still);
    for _ in 0..N {
        let out = (0..N).find(|&i| {
            !still[i] && ((at[i] <= low[i] && step[i] < 0.0) || (at[i] >= high[i] && step[i] > 0.0))
        });
        let Some(i) = out else { break };
        still[i] = true;
        step = direction(here, &still);
    }
    step
}

/// The share of a step up to the first cap. Cutting single parameters off instead would change its direction and
/// leave a ridge of the likelihood.
fn up_to_a_cap<const N: usize>(
    at: &[f64; N],
    low: &[f64; N],
    high: &[f64; N],
    step: &[f64; N],
) -> f64 {
    (0..N)
        .map(|i| match step[i] {
            s if s > 0.0 => (high[i] - at[i]) / s,
            s if s < 0.0 => (low[i] - at[i]) / s,
            _ => 1.0,
        })
        .fold(1.0, f64::min)
}

/// The Newton step `Σ_k v_k (v_k·g)/|λ_k|` of the parameters that are not pinned, shortened to
/// [`LONGEST_STEP`]; `λ_k`, `v_k` are eigenvalues and eigenvectors of the Hessian, `g` the
/// gradient.
fn direction<const N: usize>(here: &Derivatives<N>, pinned: &[bool; N]) -> [f64; N] {
    let negative = std::array::from_fn(|i| {
        std::array::from_fn(|j| match (pinned[i] || pinned[j], i == j) {
            (true, true) => 1.0,
            (true, false) => 0.0,
            _ => -here.hessian[i][j],
        })
    });
    let (values, vectors) = eigen::<N>(negative);
    let largest = values.iter().copied().map(fabs).fold(0.0, f64::max);
    let mut step = [0.0; N];
    for k in 0..N {
        let along: f64 = (0..N)
            .filter(|&i| !pinned[i])
            .map(|i| vectors[i][k] * here.gradient[i])
            .sum();
        let curvature = fabs(values[k]).max(1e-13 * largest).max(1e-290);
        for i in 0..N {
            step[i] += vectors[i][k] * along / curvature;
        }
    }
    for i in 0..N {
        if pinned[i] {
            step[i] = 0.0;
        }
    }
    let longest = step.iter().copied().map(fabs).fold(0.0, f64::max);
    if longest > LONGEST_STEP {
        step = step.map(|s| s * (LONGEST_STEP / longest));
    }
    step
}

/// The first parameter at a cap, or within 0.001 of it, where rounding may stop the search.
fn at_cap<const N: usize>(at: &[f64; N], low: &[f64; N], high: &[f64; N]) -> Option<usize> {
    (0..N).find(|&i| at[i] <= low[i] + 1e-3 || at[i] >= high[i] - 1e-3)
}

/// The parameter at a cap, or the largest component of a flat direction. A direction is flat when
/// its standard error is above 10 on the log scale, a factor of 20,000 either way.
fn at_boundary<const N: usize>(
    at: &[f64; N],
    low: &[f64; N],
    high: &[f64; N],
    here: &Derivatives<N>,
    weight: f64,
) -> Option<usize> {
    if let Some(i) = at_cap(at, low, high) {
        return Some(i);
    }
    let (values, vectors) = eigen::<N>(std::array::from_fn(|i| {
        std::array::from_fn(|j| -here.hessian[i][j])
    }));
    let k = (0..N).min_by(|&i, &j| values[i].total_cmp(&values[j]))?;
    if values[k] * weight >= 0.01 {
        return None;
    }
    (0..N).max_by(|&i, &j| fabs(vectors[i][k]).total_cmp(&fabs(vectors[j][k])))
}

/// Covariance of the log-parameters at a maximum: the inverse of `−weight · Hessian`, if that is
/// positive definite.
pub fn covariance<const N: usize>(here: &Derivatives<N>, weight: f64) -> Option<[[f64; N]; N]> {
    let (values, vectors) = eigen::<N>(std::array::from_fn(|i| {
        std::array::from_fn(|j| -here.hessian[i][j] * weight)
    }));
    if values.iter().any(|v| !v.is_finite() || *v <= 0.0) {
        return None;
    }
    Some(std::array::from_fn(|i| {
        std::array::from_fn(|j| {
            (0..N)
                .map(|k| vectors[i][k] * vectors[j][k] / values[k])
                .sum()
        })
    }))
}

/// Eigenvalues, and eigenvectors as columns, of a symmetric matrix, by Jacobi's rotations.
pub fn eigen<const N: usize>(mut m: [[f64; N]; N]) -> ([f64; N], [[f64; N]; N]) {
    let mut v: [[f64; N]; N] =
        std::array::from_fn(|i| std::array::from_fn(|j| if i == j { 1.0 } else { 0.0 }));
    for _ in 0..50 {
        let mut off = 0.0;
        let mut diagonal = 0.0;
        for (i, row) in m.iter().enumerate() {
            for (j, entry) in row.iter().enumerate() {
                *if i == j { &mut diagonal } else { &mut off } += entry * entry;
            }
        }
        // A NaN also ends the loop.
        if off.is_nan() || off <= 1e-34 * diagonal {
            break;
        }
        for p in 0..N {
            for q in p + 1..N {
                if m[p][q] == 0.0 {
                    continue;
                }
                // The rotation by φ that makes m_pq 0: θ = cot 2φ, t = tan φ, c = cos φ, s = sin φ.
                let theta = (m[q][q] - m[p][p]) / (2.0 * m[p][q]);
                let t = theta.signum() / (fabs(theta) + sqrt(theta * theta + 1.0));
                let c = 1.0 / sqrt(t * t + 1.0);
                let s = t * c;
                for row in &mut m {
                    (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                }
                let (upper, lower) = (m[p], m[q]);
                m[p] = std::array::from_fn(|k| c * upper[k] - s * lower[k]);
                m[q] = std::array::from_fn(|k| s * upper[k] + c * lower[k]);
                for row in &mut v {
                    (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                }
            }
        }
    }
    (std::array::from_fn(|i| m[i][i]), v)
}

/// The Cholesky factor `L` of a positive semi-definite matrix `L Lᵀ`; a column whose pivot is 0 is
/// 0.
pub fn lower_root<const N: usize>(m: &[[f64; N]; N]) -> [[f64; N]; N] {
    let mut root = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| root[i][k] * root[j][k]).sum();
            let rest = m[i][j] - known;
            root[i][j] = match (i == j, root[j][j] > 0.0) {
                (true, _) => sqrt(rest.max(0.0)),
                (false, true) => rest / root[j][j],
                (false, false) => 0.0,
            };
        }
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvectors_rebuild_the_matrix() {
        let m = [[4.0, 1.0, -2.0], [1.0, 3.0, 0.5], [-2.0, 0.5, 1.0]];
        let (values, vectors) = eigen(m);
        for i in 0..3 {
            for j in 0..3 {
                let entry: f64 = (0..3)
                    .map(|k| vectors[i][k] * values[k] * vectors[j][k])
                    .sum();
                assert!((entry - m[i][j]).abs() < 1e-14);
            }
        }
    }

    /// Mean log-likelihood of a gamma(shape) sample with known mean logarithm, in log-parameters.
    fn gamma_likelihood(
        mean: f64,
        mean_log: f64,
    ) -> impl FnMut(&[f64; 2]) -> Result<Derivatives<2>> {
        use crate::num::special::{digamma, trigamma};
        move |theta| {
            let [k, rate] = theta.map(exp);
            Ok(Derivatives {
                value: k * log(rate) - libm::lgamma(k) + (k - 1.0) * mean_log - rate * mean,
                gradient: [log(rate) - digamma(k) + mean_log, k / rate - mean],
                hessian: [[-trigamma(k), 1.0 / rate], [1.0 / rate, -k / (rate * rate)]],
            }
            .mean_in_logs(&[k, rate], 1.0))
        }
    }

    #[test]
    fn finds_a_maximum() {
        use crate::num::special::digamma;
        // Chosen so that shape 3 and rate 2 solve the equations.
        let f = gamma_likelihood(1.5, digamma(3.0) - log(2.0));
        let best = maximize([-3.0, 4.0], [-20.0; 2], [20.0; 2], 1000.0, f).unwrap();
        assert_eq!(best.outcome, Outcome::Converged);
        assert!((exp(best.at[0]) - 3.0).abs() < 1e-8 && (exp(best.at[1]) - 2.0).abs() < 1e-8);
        assert!(covariance(&best.derivatives, 1000.0).is_some());
    }

    #[test]
    fn a_likelihood_that_rises_for_ever_ends_at_the_cap() {
        // A sample without spread: the shape goes to infinity.
        let f = gamma_likelihood(1.5, log(1.5));
        let best = maximize([0.0, 0.0], [-14.0; 2], [14.0; 2], 1000.0, f).unwrap();
        assert!(matches!(best.outcome, Outcome::Boundary(_)), "{best:?}");
        assert!(best.at[0] > 5.0);
    }
}
