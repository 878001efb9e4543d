//! Maximum likelihood of the BG family.
//!
//! In the likelihood of [`crate::clv::models::bg_nbd`] all terms but the last depend on `x` alone or on `T`
//! alone. They are added up over the distinct values, by prefix sums over `x`
//! (`lnΓ(r+x) − lnΓ(r) = Σ ln(r+i)`, and its derivatives `Σ 1/(r+i)`, `−Σ 1/(r+i)²`), so no gamma
//! function is evaluated and nothing cancels for large `r`. The last term, `ln(S + e^D)`, costs one
//! exponential and one logarithm per distinct history; for BG and `x = 0` it is 0.

use libm::{exp, fabs, lgamma, log, log1p};
use serde::{Deserialize, Serialize};

use crate::clv::models::bg_nbd::{Family, MOST_REGULAR, Params};
use crate::clv::models::histories::Rows;
use crate::clv::models::model::Fit;
use crate::clv::tables::clv_summary::Unit;
use crate::context::{Context, filled, push, room};
use crate::error::{Error, Result};
use crate::num::optimize::{Derivatives, maximize_positive};
use crate::num::rising_factorial::RisingFactorial;

/// Options of [`fit`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// BG or MBG. Default MBG.
    pub family: Family,
    /// Regularity of the gaps, 1 to 12. Default 1: the plain model.
    #[cfg_attr(feature = "schemars", schemars(range(min = 1, max = 12)))]
    pub k: u32,
    /// Σ ln Δt over all gaps between purchase days of all customers, in the unit of the data.
    /// Needed for k above 1, where likelihoods are compared across k.
    pub ln_gaps: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            family: Family::Mbg,
            k: 1,
            ln_gaps: 0.0,
        }
    }
}

/// Rows per block of a sum. It fixes the order of the additions for any number of threads.
pub(crate) const BLOCK: usize = 4096;

/// Fits the BG family to aggregated histories whose times are in `unit`.
///
/// # Errors
///
/// [`Error::Insufficient`] without two repeat customers; option errors.
///
/// ```
/// use crm_core::Context;
/// use crm_core::clv::{Histories, Rows, Status, Unit};
/// use crm_core::clv::models::bg_fit;
/// let rows = Rows::new(&Histories::new(
///     &[0.0, 1.0, 0.0, 3.0, 2.0, 0.0, 1.0, 6.0],
///     &[0.0, 9.0, 0.0, 21.0, 5.0, 0.0, 2.0, 30.0],
///     &[30.0, 31.0, 33.0, 35.0, 36.0, 37.0, 38.0, 38.0],
/// ))?;
/// let fit = bg_fit::fit(&rows, Unit::Week, &bg_fit::Options::default(), &Context::default())?;
/// assert!(fit.log_likelihood < 0.0);
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn fit(rows: &Rows, unit: Unit, options: &Options, context: &Context) -> Result<Fit<Params>> {
    if !(1..=MOST_REGULAR).contains(&options.k) {
        let expected = "a whole number from 1 to 12";
        return Err(Error::option("k", options.k, expected));
    }
    if !options.ln_gaps.is_finite() {
        return Err(Error::option("ln_gaps", "", "a finite number"));
    }
    rows.enough(2)?;
    let k = f64::from(options.k);
    let scale = rows.mean_age();
    // The start: customers who are alive buy about as often as the average customer, and leave
    // rarely.
    let r = 0.7;
    let alpha = scale * (r / (2.0 * k * rows.repeats / rows.customers)).clamp(1e-3, 1e3);
    let start = [r, alpha, 1.0, 2.5];
    let low = [1e-6, 1e-6 * scale, 1e-6, 1e-6];
    let high = [1e6, 1e7 * scale, 1e6, 1e6];
    let mut likelihood = Likelihood::new(rows, options)?;
    let best = maximize_positive(start, low, high, rows.customers, |at| {
        context.check()?;
        likelihood.at(at)
    })?;
    let model = Params::new(options.family, options.k, [1.0; 4], unit)?;
    let constant = (k - 1.0) * options.ln_gaps - rows.repeats * lgamma(k);
    Fit::new(&model, &best, rows.customers, constant)
}

/// Fits k = 1, 2, ... and keeps the k of the highest likelihood; stops at the first k that does not
/// raise it. Returns the index of the best fit and all fits tried.
///
/// # Errors
///
/// Those of [`fit`].
pub fn fit_regular(
    rows: &Rows,
    unit: Unit,
    family: Family,
    ln_gaps: f64,
    context: &Context,
) -> Result<(usize, Vec<Fit<Params>>)> {
    let mut fits: Vec<Fit<Params>> = Vec::new();
    for k in 1..=MOST_REGULAR {
        let options = Options { family, k, ln_gaps };
        let next = fit(rows, unit, &options, context)?;
        let worse = fits
            .last()
            .is_some_and(|last| next.log_likelihood <= last.log_likelihood);
        push(&mut fits, next, "fits")?;
        if worse {
            return Ok((fits.len() - 2, fits));
        }
    }
    Ok((fits.len() - 1, fits))
}

/// The likelihood of rows, with its buffers.
pub(super) struct Likelihood<'a> {
    rows: &'a Rows,
    family: Family,
    k: u32,
    /// Customers at each distinct frequency.
    customers_at_x: Vec<f64>,
    /// Customers, and their k·x, at each distinct age.
    at_age: Vec<(f64, f64)>,
    ln_age: Vec<f64>,
    ln_recency: Vec<f64>,
}

impl<'a> Likelihood<'a> {
    pub(super) fn new(rows: &'a Rows, options: &Options) -> Result<Self> {
        let mut customers_at_x = filled(rows.x.len(), 0.0, "likelihood")?;
        let mut at_age = filled(rows.age.len(), (0.0, 0.0), "likelihood")?;
        for i in 0..rows.len() {
            let x = rows.x_code[i] as usize;
            let age = &mut at_age[rows.age_code[i] as usize];
            customers_at_x[x] += rows.weight[i];
            age.0 += rows.weight[i];
            age.1 += rows.weight[i] * rows.x[x] * f64::from(options.k);
        }
        Ok(Self {
            rows,
            family: options.family,
            k: options.k,
            customers_at_x,
            at_age,
            ln_age: room(rows.age.len(), "likelihood")?,
            ln_recency: room(rows.t_x.len(), "likelihood")?,
        })
    }

    /// Sum over all customers at `(r, α, a, b)`; the upper triangle of the Hessian only.
    pub(super) fn at(&mut self, parameters: &[f64; 4]) -> Result<Derivatives<4>> {
        let [r, alpha, a, b] = *parameters;
        let rows = self.rows;
        self.ln_age.clear();
        self.ln_age.extend(rows.age.iter().map(|t| log(alpha + t)));
        self.ln_recency.clear();
        self.ln_recency
            .extend(rows.t_x.iter().map(|t| log(alpha + t)));
        let mut sum = self.of_frequencies(r, a, b);
        sum.add(&self.of_ages(r, alpha));
        let from = match self.family {
            // Rows are sorted by x, so rows with x = 0 come first.
            Family::Bg if self.k == 1 && rows.x.first() == Some(&0.0) => {
                rows.x_code.partition_point(|code| *code == 0)
            }
            _ => 0,
        };
        let mut start = from;
        while start < rows.len() {
            let end = (start + BLOCK).min(rows.len());
            sum.add(&self.block(start, end, parameters));
            start = end;
        }
        Ok(sum)
    }

    /// The terms in `x` alone.
    fn of_frequencies(&self, r: f64, a: f64, b: f64) -> Derivatives<4> {
        let mut sum = Derivatives::default();
        let m = self.family.m();
        let [mut rate, mut stay, mut both] = [r, b, a + b].map(RisingFactorial::new);
        for (x, w) in self.rows.x.iter().zip(&self.customers_at_x) {
            let (g, s, t) = (
                rate.to(x * f64::from(self.k)),
                stay.to(x + m),
                both.to(x + m),
            );
            // lnΓ(r+kx) − lnΓ(r), lnΓ(b+n) − lnΓ(b), lnΓ(a+b+n) − lnΓ(a+b): the last two are lnB(a,
            // b+n) − lnB(a, b)
            sum.value += w * (g[0] + s[0] - t[0]);
            sum.gradient[0] += w * g[1];
            sum.gradient[2] -= w * t[1];
            sum.gradient[3] += w * (s[1] - t[1]);
            sum.hessian[0][0] += w * g[2];
            sum.hessian[2][2] -= w * t[2];
            sum.hessian[2][3] -= w * t[2];
            sum.hessian[3][3] += w * (s[2] - t[2]);
        }
        sum
    }

    /// The terms `−r ln(1 + T/α) − kx ln(α + T)`.
    fn of_ages(&self, r: f64, alpha: f64) -> Derivatives<4> {
        let mut sum = Derivatives::default();
        for ((age, (w, kx)), ln_age) in self.rows.age.iter().zip(&self.at_age).zip(&self.ln_age) {
            let scale = alpha + age;
            // Derivatives of −w r ln(1 + T/α) − w kx ln(α + T).
            let slope = age / (alpha * scale);
            // ln(1 + T/α), and its derivative −T/(α(α+T)) in α
            let ln_ratio = log1p(age / alpha);
            sum.value -= w * r * ln_ratio + kx * ln_age;
            sum.gradient[0] -= w * ln_ratio;
            sum.gradient[1] += w * r * slope - kx / scale;
            sum.hessian[0][1] += w * slope;
            sum.hessian[1][1] += kx / (scale * scale) - w * r * slope * (1.0 / alpha + 1.0 / scale);
        }
        sum
    }

    /// The term `ln(S + e^D)` of a block of rows.
    fn block(&self, start: usize, end: usize, parameters: &[f64; 4]) -> Derivatives<4> {
        let [r, alpha, a, b] = *parameters;
        let rows = self.rows;
        let (k, m) = (f64::from(self.k), self.family.m());
        let ln_a = log(a);
        let mut sum = Derivatives::<4>::default();
        let mut code = u32::MAX;
        let (mut q, mut stays, mut ln_first) = (0.0, 0.0, 0.0);
        for i in start..end {
            if rows.x_code[i] != code {
                code = rows.x_code[i];
                let x = rows.x[code as usize];
                q = r + k * x;
                stays = b + x + m - 1.0;
                if x + m == 0.0 {
                    // Dropout is impossible (BG, x = 0): e^D is 0 and does not depend on the
                    // parameters.
                    (ln_first, stays) = (f64::NEG_INFINITY, f64::INFINITY);
                } else {
                    ln_first = ln_a - log(stays);
                }
            }
            let (age, t_x) = (rows.age_code[i] as usize, rows.t_x_code[i] as usize);
            let w = rows.weight[i];
            let silence = self.ln_age[age] - self.ln_recency[t_x];
            let (now, then) = (1.0 / (alpha + rows.age[age]), 1.0 / (alpha + rows.t_x[t_x]));
            // D = ln a − ln(b+n−1) + q ln((α+T)/(α+t_x))
            let d = ln_first + q * silence;
            let (difference, other) = (now - then, 1.0 / stays);
            let dd = [silence, q * difference, 1.0 / a, -other];
            // ∂²D/∂α² = q (1/(α+t_x)² − 1/(α+T)²); ∂²D/∂r∂α = difference
            let curve = q * difference * -(now + then);
            if self.k == 1 {
                let e = exp(-fabs(d));
                // 1 − P(alive) = e^D/(1 + e^D), and value = ln(1 + e^D), without overflow
                let gone = if d >= 0.0 { 1.0 } else { e } / (1.0 + e);
                let value = if d > 0.0 { d } else { 0.0 } + log1p(e);
                let (g, spread) = (w * gone, w * gone * (1.0 - gone));
                sum.value += w * value;
                for (s, slope) in sum.gradient.iter_mut().zip(dd) {
                    *s += g * slope;
                }
                for p in 0..4 {
                    for s in p..4 {
                        sum.hessian[p][s] += spread * dd[p] * dd[s];
                    }
                }
                // gone · ∂²D, besides gone (1 − gone) ∂D ∂D above
                sum.hessian[0][1] += g * difference;
                sum.hessian[1][1] += g * curve;
                sum.hessian[2][2] -= g * dd[2] * dd[2];
                sum.hessian[3][3] += g * other * other;
                continue;
            }
            let u = (rows.age[age] - rows.t_x[t_x]) * now;
            let s = Survival::new(self.k, q, u, now);
            // ln S ≥ 0, because the first term of S is 1.
            let (ln_s, delta) = (log(s.value), d - log(s.value));
            let e = exp(-fabs(delta));
            let gone = if delta >= 0.0 { 1.0 } else { e } / (1.0 + e);
            let stay = 1.0 - gone;
            sum.value += w * (ln_s + if delta > 0.0 { delta } else { 0.0 } + log1p(e));
            // ∂ ln(S + e^D) = gone ∂D + (1 − gone) ∂S/S
            let sigma = [s.slope[0] / s.value, s.slope[1] / s.value, 0.0, 0.0];
            let g: [f64; 4] = std::array::from_fn(|p| gone * dd[p] + stay * sigma[p]);
            for p in 0..4 {
                sum.gradient[p] += w * g[p];
                for t in p..4 {
                    sum.hessian[p][t] += w * (gone * dd[p] * dd[t] - g[p] * g[t]);
                }
            }
            sum.hessian[0][0] += w * stay * s.curve[0] / s.value;
            sum.hessian[0][1] += w * (gone * difference + stay * s.curve[1] / s.value);
            sum.hessian[1][1] += w * (gone * curve + stay * s.curve[2] / s.value);
            sum.hessian[2][2] -= w * gone * dd[2] * dd[2];
            sum.hessian[3][3] += w * gone * other * other;
        }
        sum
    }
}

/// `S = Σ_{j<k} (q)_j/j! u^j` with `u = (T−t_x)/(α+T)`, and its derivatives in `r` and `α`.
struct Survival {
    value: f64,
    slope: [f64; 2],
    /// In rr, rα, αα.
    curve: [f64; 3],
}

impl Survival {
    fn new(k: u32, q: f64, u: f64, now: f64) -> Self {
        let mut out = Self {
            value: 1.0,
            slope: [0.0; 2],
            curve: [0.0; 3],
        };
        let (mut term, mut first, mut second) = (1.0, 0.0, 0.0);
        for j in 1..k {
            let i = f64::from(j - 1);
            let inverse = 1.0 / (q + i);
            // (q)_j/j! u^j; first = Σ 1/(q+i) is its ∂ ln/∂r
            term *= (q + i) / (i + 1.0) * u;
            first += inverse;
            second += inverse * inverse;
            let j = f64::from(j);
            // du/dα = −u·now
            let in_alpha = -j * now;
            out.value += term;
            out.slope[0] += term * first;
            out.slope[1] += term * in_alpha;
            out.curve[0] += term * (first * first - second);
            out.curve[1] += term * first * in_alpha;
            out.curve[2] += term * j * (j + 1.0) * now * now;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::models::histories::Histories;
    use crate::clv::models::model::{Purchases, Status};
    use crate::clv::models::score::agrees_with_differences;
    use crate::num::rng::Rng;

    /// Histories of a simulated shop.
    fn shop(model: &Params, customers: u64) -> [Vec<f64>; 3] {
        let mut columns: [Vec<f64>; 3] = Default::default();
        for i in 0..customers {
            let mut rng = Rng::stream(5, i);
            let age = 100.0 + rng.below(80) as f64;
            let times = model.simulate(age, &mut rng).unwrap();
            columns[0].push(times.len() as f64);
            columns[1].push(times.last().copied().unwrap_or(0.0));
            columns[2].push(age);
        }
        columns
    }

    fn rows(columns: &[Vec<f64>; 3]) -> Rows {
        Rows::new(&Histories::new(&columns[0], &columns[1], &columns[2])).unwrap()
    }

    fn truth(family: Family, k: u32) -> Params {
        Params::new(family, k, [0.8, 20.0, 0.9, 2.5], Unit::Day).unwrap()
    }

    /// Compares the gradient with differences of the likelihood, summed customer by customer
    /// through the public function, and the Hessian with differences of the gradient.
    #[test]
    fn derivatives_are_those_of_the_likelihood() {
        for (family, k) in [
            (Family::Bg, 1),
            (Family::Mbg, 1),
            (Family::Mbg, 3),
            (Family::Bg, 2),
        ] {
            let columns = shop(&truth(family, k), 300);
            let rows = rows(&columns);
            let options = Options {
                family,
                k,
                ..Options::default()
            };
            let mut likelihood = Likelihood::new(&rows, &options).unwrap();
            let at = [0.6, 17.0, 1.2, 2.0];
            let direct = |values: [f64; 4]| -> f64 {
                let model = Params::new(family, k, values, Unit::Day).unwrap();
                (0..rows.len())
                    .map(|i| rows.weight[i] * model.log_likelihood(rows.history(i)))
                    .sum()
            };
            agrees_with_differences(at, direct, |at| likelihood.at(at).unwrap());
        }
    }

    #[test]
    fn derivatives_agree_with_mpmath() {
        for (name, family) in [
            ("bg_nbd", Family::Bg),
            ("mbg_nbd", Family::Mbg),
            ("bg_cnbd_k", Family::Bg),
            ("mbg_cnbd_k", Family::Mbg),
        ] {
            crate::clv::models::score::agrees(name, 850, |point| {
                let [x, t_x, age] = point.history.map(|v| [v]);
                let rows = Rows::new(&Histories::new(&x, &t_x, &age)).unwrap();
                let options = Options {
                    family,
                    k: point.k,
                    ln_gaps: 0.0,
                };
                let mut likelihood = Likelihood::new(&rows, &options).unwrap();
                likelihood.at(&point.parameters).unwrap()
            });
        }
    }

    #[test]
    fn truth_is_recovered() {
        for family in [Family::Bg, Family::Mbg] {
            let columns = shop(&truth(family, 1), 20_000);
            let rows = rows(&columns);
            let options = Options {
                family,
                ..Options::default()
            };
            let fit = fit(&rows, Unit::Day, &options, &Context::default()).unwrap();
            assert_eq!(fit.status, Status::Converged);
            let errors = fit.standard_errors().unwrap();
            for ((value, truth), error) in fit.parameters().zip([0.8, 20.0, 0.9, 2.5]).zip(errors) {
                assert!(
                    fabs(value.1 - truth) < 4.0 * error,
                    "{value:?} {truth} {error}"
                );
            }
        }
    }

    /// Other units of time give the same fit: α is scaled by c and the likelihood changes by −Σx ln
    /// c.
    #[test]
    fn weeks_are_days() {
        let columns = shop(&truth(Family::Mbg, 1), 2_000);
        let weeks = [
            columns[0].clone(),
            columns[1].iter().map(|t| t / 7.0).collect(),
            columns[2].iter().map(|t| t / 7.0).collect(),
        ];
        let options = Options::default();
        let day = fit(&rows(&columns), Unit::Day, &options, &Context::default()).unwrap();
        let week = fit(&rows(&weeks), Unit::Week, &options, &Context::default()).unwrap();
        assert!(fabs(day.model.alpha.get() / (7.0 * week.model.alpha.get()) - 1.0) < 1e-6);
        let shift = rows(&columns).repeats * log(7.0);
        assert!(fabs(week.log_likelihood - day.log_likelihood - shift) < 1e-8 * shift);
    }

    #[test]
    fn a_shop_nobody_leaves_ends_at_the_boundary() {
        // Everybody bought on the last day.
        let x: Vec<f64> = (0..200).map(|i| f64::from(1 + i % 7)).collect();
        let age: Vec<f64> = (0..200).map(|i| f64::from(60 + i % 11)).collect();
        let rows = Rows::new(&Histories::new(&x, &age, &age)).unwrap();
        let fit = fit(&rows, Unit::Day, &Options::default(), &Context::default()).unwrap();
        assert!(matches!(fit.status, Status::Boundary { .. }), "{fit:?}");
        assert!(fit.standard_errors().is_none());
        let y = fit.model.expected(rows.history(0), 30.0);
        assert!(y.is_finite() && y > 0.0);
    }

    #[test]
    fn identical_customers_are_an_answer() {
        let rows = Rows::new(&Histories::new(&[2.0; 50], &[30.0; 50], &[60.0; 50])).unwrap();
        let fit = fit(&rows, Unit::Day, &Options::default(), &Context::default()).unwrap();
        assert!(matches!(fit.status, Status::Boundary { .. }), "{fit:?}");
    }

    #[test]
    fn too_few_repeat_customers_say_how_many() {
        let rows = Rows::new(&Histories::new(&[0.0, 1.0], &[0.0, 3.0], &[9.0, 9.0])).unwrap();
        let error = fit(&rows, Unit::Day, &Options::default(), &Context::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "needs at least 2 customers with a repeat purchase, found 1"
        );
    }

    #[test]
    fn regular_buyers_are_seen() {
        let truth = truth(Family::Mbg, 3);
        let (mut columns, mut ln_gaps) = ([vec![], vec![], vec![]], 0.0);
        for i in 0..2_000 {
            let mut rng = Rng::stream(9, i);
            let times = truth.simulate(200.0, &mut rng).unwrap();
            let mut before = 0.0;
            for t in &times {
                ln_gaps += log(t - before);
                before = *t;
            }
            columns[0].push(times.len() as f64);
            columns[1].push(before);
            columns[2].push(200.0);
        }
        let (best, fits) = fit_regular(
            &rows(&columns),
            Unit::Day,
            Family::Mbg,
            ln_gaps,
            &Context::default(),
        )
        .unwrap();
        assert_eq!(fits[best].model.k, 3);
    }
}
