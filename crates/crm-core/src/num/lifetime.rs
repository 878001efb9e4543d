//! Weibull and log-normal distributions fitted to durations of which some are still open
//! (right-censored).
//!
//! ```text
//! ℓ = Σ w [ δ ln f(t) + (1 − δ) ln S(t) ]          δ = 1 where the event was seen
//! Weibull:     S(t) = exp(−(t/λ)^ρ)                parameters  scale λ (the unit of t), shape ρ
//! log-normal:  S(t) = Q((ln t − μ)/σ)              parameters  mu μ, sigma σ (of ln t)
//! ```
//!
//! Durations are > 0. Both likelihoods are maximised in a form with one maximum, so there is no
//! start to choose. For the Weibull, λ is solved for given ρ, and the profile score g(ρ), which
//! decreases, is solved for 0. The log-normal likelihood is concave in `(δ, γ) = (μ/σ, 1/σ)` (Olsen
//! 1978). Rows of equal duration are added up first, so whole days cost a few hundred terms an
//! iteration.
//!
//! When the data do not bound a parameter (all gaps equal: ρ grows without end), the fit stops at
//! the edge of its range with [`Status::Boundary`] and without standard errors.
//!
//! # References
//!
//! - Lawless, J. F. (2003). *Statistical Models and Methods for Lifetime Data*, 2nd ed., ch. 5.
//! - Olsen, R. J. (1978). Note on the uniqueness of the maximum likelihood estimator for the Tobit
//!   model. *Econometrica* 46, 1211-1215.

use crate::error::{Error, Result};

use super::normal;
use super::survival::{Rows, Tally, tally};

/// The largest Weibull shape, and the largest 1/σ of the log-normal, that a fit reports.
const STEEPEST: f64 = 1e6;

/// The family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Family {
    /// `S(t) = exp(−(t/λ)^ρ)`.
    Weibull,
    /// `ln t` is normal.
    LogNormal,
}

/// How a fit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Status {
    /// At the maximum.
    Converged,
    /// The data do not bound this parameter; the others go with the edge of its range.
    Boundary {
        /// Its name.
        parameter: &'static str,
    },
    /// The iterations ended before the maximum was reached.
    Stalled,
}

/// A fitted distribution.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Fit {
    /// The family.
    pub family: Family,
    /// `[scale, shape]` of the Weibull, `[mu, sigma]` of the log-normal.
    pub parameters: [f64; 2],
    /// Their standard errors, from the observed information; absent at a boundary.
    pub standard_errors: Option<[f64; 2]>,
    /// ℓ at the parameters.
    pub log_likelihood: f64,
    /// Largest derivative of ℓ per row, in `(ln λ, ln ρ)` or `(μ/σ, ln σ)`.
    pub score: f64,
    /// Weight of all rows.
    pub rows: f64,
    /// Weight of the rows that ended in the event.
    pub events: f64,
    /// How it ended.
    pub status: Status,
}

/// Fits `family` to `rows`; weights count rows, clusters are ignored.
///
/// # Errors
///
/// A duration that is not above 0; rows without any event.
///
/// ```
/// use crm_core::num::{lifetime::{self, Family, Status}, survival::Rows};
///
/// let rows = Rows {
///     durations: &[20.0, 30.0, 45.0, 60.0, 90.0],
///     observed: &[true, true, true, true, false],
///     ..Default::default()
/// };
/// let fit = lifetime::fit(Family::Weibull, rows)?;
/// assert_eq!(fit.status, Status::Converged);
/// assert!((fit.survival(fit.quantile(0.5)) - 0.5).abs() < 1e-12);
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn fit(family: Family, rows: Rows<'_>) -> Result<Fit> {
    let tallies = tally(&rows)?;
    if let Some(row) = rows.durations.iter().position(|&t| t <= 0.0) {
        return Err(Error::value("durations", row, "greater than 0"));
    }
    fit_tallies(family, &tallies)
}

/// [`fit`] for durations above 0 that are already added up by distinct value.
pub(crate) fn fit_tallies(family: Family, tallies: &[Tally]) -> Result<Fit> {
    let data = Data::new(tallies);
    if data.events <= 0.0 {
        return Err(Error::Insufficient {
            what: "finished gaps",
            needed: 1,
            found: 0,
        });
    }
    Ok(match family {
        Family::Weibull => data.weibull(),
        Family::LogNormal => data.log_normal(),
    })
}

impl Fit {
    /// `S(t)`; 1 for `t ≤ 0`.
    pub fn survival(&self, t: f64) -> f64 {
        if t <= 0.0 {
            return 1.0;
        }
        let [a, b] = self.parameters;
        match self.family {
            Family::Weibull => libm::exp(-libm::pow(t / a, b)),
            Family::LogNormal => normal::upper_tail((libm::log(t) - a) / b),
        }
    }

    /// The duration by which a share `q` (strictly between 0 and 1) has had the event.
    pub fn quantile(&self, q: f64) -> f64 {
        let [a, b] = self.parameters;
        match self.family {
            Family::Weibull => a * libm::pow(-libm::log1p(-q), 1.0 / b),
            Family::LogNormal => libm::exp(a + b * normal::quantile(q)),
        }
    }

    /// Akaike's criterion, `4 − 2ℓ`.
    pub fn aic(&self) -> f64 {
        4.0 - 2.0 * self.log_likelihood
    }
}

/// The distinct durations with the weights of their events and open rows, and totals over them.
struct Data<'a> {
    tallies: &'a [Tally],
    rows: f64,
    events: f64,
    /// Σ over events of ln t.
    ln_events: f64,
}

/// Value, gradient and second derivatives (aa, ab, bb) of a likelihood in two parameters.
#[derive(Debug, Clone, Copy, Default)]
struct Terms {
    value: f64,
    gradient: [f64; 2],
    hessian: [f64; 3],
}

impl Terms {
    /// `−H⁻¹`, if the curvature is that of a maximum.
    fn covariance(&self) -> Option<[f64; 3]> {
        let [aa, ab, bb] = self.hessian;
        let determinant = aa * bb - ab * ab;
        (aa < 0.0 && determinant > 0.0 && determinant.is_finite())
            .then(|| [-bb / determinant, ab / determinant, -aa / determinant])
    }
}

impl<'a> Data<'a> {
    fn new(tallies: &'a [Tally]) -> Self {
        let mut data = Self {
            tallies,
            rows: 0.0,
            events: 0.0,
            ln_events: 0.0,
        };
        for tally in tallies {
            data.rows += tally.events + tally.censored;
            data.events += tally.events;
            data.ln_events += tally.events * libm::log(tally.time);
        }
        data
    }

    fn weibull(&self) -> Fit {
        let ln_longest = self
            .tallies
            .last()
            .map_or(0.0, |tally| libm::log(tally.time));
        let mean = self.ln_events / self.events - ln_longest;
        // g(ρ) = 1/ρ + mean of ln t over events − Σ t^ρ ln t / Σ t^ρ, in units of the longest t.
        let profile = |shape: f64| {
            let mut m = [0.0; 3];
            for tally in self.tallies {
                let y = libm::log(tally.time) - ln_longest;
                let power = (tally.events + tally.censored) * libm::exp(shape * y);
                // m_k = Σ w (t/t_max)^ρ (ln t/t_max)^k
                m[0] += power;
                m[1] += power * y;
                m[2] += power * y * y;
            }
            let centre = m[1] / m[0];
            let slope = -1.0 / (shape * shape) - (m[2] / m[0] - centre * centre).max(0.0);
            // g(ρ), g'(ρ), m_0
            (1.0 / shape + mean - centre, slope, m[0])
        };
        let (mut low, mut high) = (1e-6, STEEPEST);
        let mut shape = 1.0;
        // g falls. If it is still above 0 at the edge it has no root, as for gaps that are all equal.
        let bounded = profile(high).0 < 0.0;
        if bounded {
            for _ in 0..200 {
                let (g, slope, _) = profile(shape);
                if g > 0.0 {
                    low = shape
                } else {
                    high = shape
                }
                // Newton's step ρ − g/g', or the middle of the bracket on the log scale if the step leaves it.
                let newton = shape - g / slope;
                let next = if newton > low && newton < high {
                    newton
                } else {
                    libm::sqrt(low * high)
                };
                let moved = (next - shape).abs();
                shape = next;
                if moved <= 4.0 * f64::EPSILON * shape {
                    break;
                }
            }
        } else {
            shape = STEEPEST;
        }
        // λ^ρ = Σ w t^ρ / Σ events, the root of ∂ℓ/∂λ
        let ln_scale = ln_longest + libm::log(profile(shape).2 / self.events) / shape;
        let scale = libm::exp(ln_scale);
        let at = self.weibull_terms(ln_scale, shape);
        let errors = at
            .covariance()
            .map(|c| [scale * libm::sqrt(c[0]), shape * libm::sqrt(c[2])]);
        self.finish(
            Family::Weibull,
            [scale, shape],
            errors,
            at,
            bounded,
            "shape",
        )
    }

    /// ℓ and its derivatives in `(ln λ, ln ρ)`, with `z = ρ (ln t − ln λ)`: an event adds
    /// `ln ρ − ln t + z − e^z`, an open row `−e^z`.
    fn weibull_terms(&self, ln_scale: f64, shape: f64) -> Terms {
        let ln_shape = libm::log(shape);
        let mut sum = Terms::default();
        for tally in self.tallies {
            let ln_t = libm::log(tally.time);
            let z = shape * (ln_t - ln_scale);
            // Σ δ, and Σ e^z of the rows of this duration
            let (d, e) = (tally.events, (tally.events + tally.censored) * libm::exp(z));
            sum.value += d * (ln_shape - ln_t + z) - e;
            sum.gradient[0] -= shape * (d - e);
            sum.gradient[1] += d * (1.0 + z) - e * z;
            sum.hessian[0] -= shape * shape * e;
            sum.hessian[1] += shape * (e * z + e - d);
            sum.hessian[2] += d * z - e * z * (z + 1.0);
        }
        sum
    }

    fn log_normal(&self) -> Fit {
        let centre = self.ln_events / self.events;
        let (mut delta, mut gamma) = (0.0, 1.0);
        let mut at = self.log_normal_terms(centre, delta, gamma);
        let mut bounded = false;
        for _ in 0..200 {
            let Some([aa, ab, bb]) = at.covariance() else {
                break;
            };
            // Newton's step −H⁻¹ ∇ℓ, halved until ℓ does not fall and γ is above 0.
            let step = [
                aa * at.gradient[0] + ab * at.gradient[1],
                ab * at.gradient[0] + bb * at.gradient[1],
            ];
            let mut length = 1.0;
            let mut next = None;
            for _ in 0..60 {
                let (d, g) = (delta + length * step[0], gamma + length * step[1]);
                if g > 0.0 {
                    let there = self.log_normal_terms(centre, d, g);
                    if there.value >= at.value - 1e-13 * at.value.abs() {
                        next = Some((d, g, there));
                        break;
                    }
                }
                length *= 0.5;
            }
            let Some((d, g, there)) = next else {
                bounded = true;
                break;
            };
            (delta, gamma, at) = (d, g, there);
            if gamma > STEEPEST {
                break;
            }
            if length == 1.0 && step[0].abs() <= 1e-14 * gamma && step[1].abs() <= 1e-14 * gamma {
                bounded = true;
                break;
            }
        }
        // Rounding may end the steps early; a gradient of 0 per row is the maximum all the same.
        bounded |= gamma <= STEEPEST && self.per_row(&at) < 1e-9;
        let sigma = 1.0 / gamma;
        let parameters = [centre + delta * sigma, sigma];
        // Delta method: μ = centre + δ/γ, so ∂μ/∂δ = σ and ∂μ/∂γ = −δσ²; σ = 1/γ, so ∂σ/∂γ = −σ².
        let errors = at.covariance().map(|[dd, dg, gg]| {
            let (by_d, by_g) = (sigma, -delta * sigma * sigma);
            let variance = by_d * by_d * dd + 2.0 * by_d * by_g * dg + by_g * by_g * gg;
            [
                libm::sqrt(variance.max(0.0)),
                sigma * sigma * libm::sqrt(gg),
            ]
        });
        at.value -= self.ln_events;
        at.gradient[1] *= gamma;
        self.finish(Family::LogNormal, parameters, errors, at, bounded, "sigma")
    }

    /// ℓ of `y = ln t − centre` and its derivatives in `(δ, γ) = (μ/σ, 1/σ)`, with `z = γ y − δ`
    /// and without the `−Σ ln t` of the densities. An event adds `ln γ + ln φ(z)`, an open row
    /// `ln Q(z)`.
    fn log_normal_terms(&self, centre: f64, delta: f64, gamma: f64) -> Terms {
        const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;
        let ln_gamma = libm::log(gamma);
        let mut sum = Terms::default();
        for tally in self.tallies {
            let y = libm::log(tally.time) - centre;
            let z = gamma * y - delta;
            if tally.events > 0.0 {
                let w = tally.events;
                sum.value += w * (ln_gamma - 0.5 * z * z - LN_SQRT_2PI);
                sum.gradient[0] += w * z;
                sum.gradient[1] += w * (1.0 / gamma - z * y);
                sum.hessian[0] -= w;
                sum.hessian[1] += w * y;
                sum.hessian[2] -= w * (1.0 / (gamma * gamma) + y * y);
            }
            if tally.censored > 0.0 {
                let w = tally.censored;
                let h = normal::hazard(z);
                // h' = h (h − z), the derivative of the hazard h = φ/Q
                let bend = h * (h - z);
                sum.value += w * normal::ln_upper_tail(z);
                sum.gradient[0] += w * h;
                sum.gradient[1] -= w * h * y;
                sum.hessian[0] -= w * bend;
                sum.hessian[1] += w * bend * y;
                sum.hessian[2] -= w * bend * y * y;
            }
        }
        sum
    }

    fn per_row(&self, at: &Terms) -> f64 {
        at.gradient[0].abs().max(at.gradient[1].abs()) / self.rows
    }

    fn finish(
        &self,
        family: Family,
        parameters: [f64; 2],
        errors: Option<[f64; 2]>,
        at: Terms,
        bounded: bool,
        steepest: &'static str,
    ) -> Fit {
        let score = self.per_row(&at);
        let status = if !bounded {
            Status::Boundary {
                parameter: steepest,
            }
        } else if score < 1e-8 && errors.is_some() {
            Status::Converged
        } else {
            Status::Stalled
        };
        Fit {
            family,
            parameters,
            standard_errors: errors.filter(|_| bounded),
            log_likelihood: at.value,
            score,
            rows: self.rows,
            events: self.events,
            status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(durations: &'static [f64], observed: &'static [bool]) -> Rows<'static> {
        Rows {
            durations,
            observed,
            ..Rows::default()
        }
    }

    /// Without open rows the estimates of the log-normal are the mean and the standard deviation
    /// (dividing by n) of ln t.
    #[test]
    fn closed_form_of_the_log_normal() {
        let fit = fit(Family::LogNormal, rows(&[2.0, 8.0, 4.0, 4.0], &[true; 4])).unwrap();
        let ln2 = std::f64::consts::LN_2;
        assert!((fit.parameters[0] - 2.0 * ln2).abs() < 1e-12);
        assert!((fit.parameters[1] - ln2 * 0.5f64.sqrt()).abs() < 1e-12);
        assert_eq!(fit.status, Status::Converged);
        let [mu, _] = fit.standard_errors.unwrap();
        assert!((mu - ln2 * 0.125f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn gaps_that_are_all_equal_are_a_boundary() {
        for (family, parameter) in [(Family::Weibull, "shape"), (Family::LogNormal, "sigma")] {
            let fit = fit(family, rows(&[30.0; 5], &[true; 5])).unwrap();
            assert_eq!(fit.status, Status::Boundary { parameter }, "{family:?}");
            assert_eq!(fit.standard_errors, None);
            assert!(fit.parameters.iter().all(|p| p.is_finite()) && fit.log_likelihood.is_finite());
            assert!((fit.quantile(0.5) / 30.0 - 1.0).abs() < 1e-4);
        }
    }

    #[test]
    fn nothing_finished_is_refused_and_so_is_day_zero() {
        let open = fit(Family::Weibull, rows(&[3.0], &[false]));
        assert!(matches!(open, Err(Error::Insufficient { .. })));
        let zero = fit(Family::Weibull, rows(&[3.0, 0.0], &[true, true]));
        assert!(matches!(zero, Err(Error::Value { row: 1, .. })));
    }

    /// Far from the data and far from each other: the step must still arrive.
    #[test]
    fn extreme_censoring_converges() {
        let durations = [1.0, 2.0, 5000.0, 9000.0, 10_000.0, 10_000.0];
        let observed = [true, true, false, false, false, false];
        for family in [Family::Weibull, Family::LogNormal] {
            let rows = Rows {
                durations: &durations,
                observed: &observed,
                ..Rows::default()
            };
            let fit = fit(family, rows).unwrap();
            assert_eq!(fit.status, Status::Converged, "{family:?} {fit:?}");
        }
    }
}
