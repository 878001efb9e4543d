//! Maximum likelihood of the Pareto/NBD.
//!
//! The function `C` of the likelihood depends on a frequency and one time. It is computed with all
//! its derivatives once per distinct pair `(x, T)` and `(x, t_x)`, of which there are far fewer
//! than customers. The derivatives in `α` and `β` come from `C` at the next two frequencies (see
//! the module of `C`), the derivatives in `r` and `s` from its recurrence over the frequencies.
//! Each distinct history then takes one exponential and one logarithm.

use libm::{exp, log, log1p};

use crate::clv::models::bg_fit::BLOCK;
use crate::clv::models::histories::Rows;
use crate::clv::models::model::Fit;
use crate::clv::models::pareto_integral;
use crate::clv::models::pareto_integral::{Full, Jet};
use crate::clv::models::pareto_nbd::Params;
use crate::clv::tables::clv_summary::Unit;
use crate::context::{Context, filled, push, room};
use crate::error::Result;
use crate::num::optimize::{Derivatives, maximize_positive};
use crate::num::rising_factorial::RisingFactorial;

/// Fits the Pareto/NBD to aggregated histories whose times are in `unit`.
///
/// # Errors
///
/// [`crate::Error::Insufficient`] without two repeat customers, and out of memory.
///
/// ```
/// use crm_core::Context;
/// use crm_core::clv::{Histories, Rows, Unit};
/// use crm_core::clv::models::pareto_fit;
/// let rows = Rows::new(&Histories::new(
///     &[0.0, 1.0, 0.0, 3.0, 2.0, 0.0, 1.0, 6.0],
///     &[0.0, 9.0, 0.0, 21.0, 5.0, 0.0, 2.0, 30.0],
///     &[30.0, 31.0, 33.0, 35.0, 36.0, 37.0, 38.0, 38.0],
/// ))?;
/// let fit = pareto_fit::fit(&rows, Unit::Week, &Context::default())?;
/// assert!(fit.log_likelihood < 0.0);
/// # Ok::<(), crm_core::Error>(())
/// ```
pub fn fit(rows: &Rows, unit: Unit, context: &Context) -> Result<Fit<Params>> {
    rows.enough(2)?;
    let scale = rows.mean_age();
    let (r, s) = (0.7, 0.7);
    let alpha = scale * (r / (2.0 * rows.repeats / rows.customers)).clamp(1e-3, 1e3);
    let start = [r, alpha, s, 0.5 * scale];
    let low = [1e-6, 1e-6 * scale, 1e-6, 1e-6 * scale];
    let high = [1e6, 1e7 * scale, 1e6, 1e7 * scale];
    let mut likelihood = Likelihood::new(rows)?;
    let best = maximize_positive(start, low, high, rows.customers, |at| {
        context.check()?;
        likelihood.at(at)
    })?;
    Fit::new(&Params::new([1.0; 4], unit)?, &best, rows.customers, 0.0)
}

/// `C` at the distinct pairs of frequency and one of the times.
struct Tails {
    /// For each distinct time, its first pair.
    start: Vec<u32>,
    /// The pairs' frequencies, ascending within each time.
    x: Vec<f64>,
    /// For each row, its pair.
    pair: Vec<u32>,
    value: Vec<Full>,
}

impl Tails {
    fn new(x_values: &[f64], x_code: &[u32], times: usize, time_code: &[u32]) -> Result<Self> {
        // A counting sort of the rows by (time, frequency).
        let rows = x_code.len();
        let mut next = filled(times + 1, 0_usize, "likelihood")?;
        for code in time_code {
            next[*code as usize + 1] += 1;
        }
        for t in 0..times {
            next[t + 1] += next[t];
        }
        let mut order = filled(rows, 0_u32, "likelihood")?;
        // Rows are sorted by x, and a counting sort is stable: x ascends within each time.
        for (row, code) in time_code.iter().enumerate() {
            order[next[*code as usize]] = row as u32;
            next[*code as usize] += 1;
        }
        let mut out = Self {
            start: room(times + 1, "likelihood")?,
            x: Vec::new(),
            pair: filled(rows, 0_u32, "likelihood")?,
            value: Vec::new(),
        };
        let mut last = None;
        for row in order {
            let row = row as usize;
            let key = (time_code[row], x_code[row]);
            if last != Some(key) {
                while out.start.len() <= key.0 as usize {
                    out.start.push(out.x.len() as u32);
                }
                push(&mut out.x, x_values[key.1 as usize], "likelihood")?;
                last = Some(key);
            }
            out.pair[row] = out.x.len() as u32 - 1;
        }
        while out.start.len() <= times {
            out.start.push(out.x.len() as u32);
        }
        out.value = filled(out.x.len(), [0.0; 10], "likelihood")?;
        Ok(out)
    }

    fn fill(&mut self, times: &[f64], at: &[f64; 4], jets: &mut Vec<Jet>) -> Result<()> {
        let [r, alpha, s, beta] = *at;
        for (t, bounds) in times.iter().zip(self.start.windows(2)) {
            let range = bounds[0] as usize..bounds[1] as usize;
            let point = [r, s, alpha + t, beta + t];
            pareto_integral::along(point, &self.x[range.clone()], jets, &mut self.value[range])?;
        }
        Ok(())
    }
}

/// Logarithms and reciprocals of `α + t` and `β + t` at a distinct time.
#[derive(Clone, Copy)]
struct Time {
    ln_a: f64,
    ln_b: f64,
    a: f64,
    b: f64,
}

pub(super) struct Likelihood<'a> {
    rows: &'a Rows,
    customers_at_x: Vec<f64>,
    /// Customers, and their repeat purchases, at each distinct age.
    at_age: Vec<(f64, f64)>,
    now: Tails,
    then: Tails,
    ages: Vec<Time>,
    recencies: Vec<Time>,
    jets: Vec<Jet>,
}

fn times(out: &mut Vec<Time>, values: &[f64], alpha: f64, beta: f64) {
    out.clear();
    out.extend(values.iter().map(|t| Time {
        ln_a: log(alpha + t),
        ln_b: log(beta + t),
        a: 1.0 / (alpha + t),
        b: 1.0 / (beta + t),
    }));
}

impl<'a> Likelihood<'a> {
    pub(super) fn new(rows: &'a Rows) -> Result<Self> {
        let mut customers_at_x = filled(rows.x.len(), 0.0, "likelihood")?;
        let mut at_age = filled(rows.age.len(), (0.0, 0.0), "likelihood")?;
        for i in 0..rows.len() {
            let x = rows.x_code[i] as usize;
            let age = &mut at_age[rows.age_code[i] as usize];
            customers_at_x[x] += rows.weight[i];
            age.0 += rows.weight[i];
            age.1 += rows.weight[i] * rows.x[x];
        }
        Ok(Self {
            rows,
            customers_at_x,
            at_age,
            now: Tails::new(&rows.x, &rows.x_code, rows.age.len(), &rows.age_code)?,
            then: Tails::new(&rows.x, &rows.x_code, rows.t_x.len(), &rows.t_x_code)?,
            ages: room(rows.age.len(), "likelihood")?,
            recencies: room(rows.t_x.len(), "likelihood")?,
            jets: Vec::new(),
        })
    }

    /// Sum over all customers at `(r, α, s, β)`; the upper triangle of the Hessian only.
    pub(super) fn at(&mut self, parameters: &[f64; 4]) -> Result<Derivatives<4>> {
        let [r, alpha, s, beta] = *parameters;
        let rows = self.rows;
        times(&mut self.ages, &rows.age, alpha, beta);
        times(&mut self.recencies, &rows.t_x, alpha, beta);
        self.now.fill(&rows.age, parameters, &mut self.jets)?;
        self.then.fill(&rows.t_x, parameters, &mut self.jets)?;
        let mut sum = self.of_frequencies(r);
        sum.add(&self.of_ages(r, alpha, s, beta));
        let mut start = 0;
        while start < rows.len() {
            let end = (start + BLOCK).min(rows.len());
            sum.add(&self.block(start, end, r, s));
            start = end;
        }
        Ok(sum)
    }

    fn of_frequencies(&self, r: f64) -> Derivatives<4> {
        let mut sum = Derivatives::default();
        let mut rate = RisingFactorial::new(r);
        for (x, w) in self.rows.x.iter().zip(&self.customers_at_x) {
            let [value, slope, curve] = rate.to(*x);
            sum.value += w * value;
            sum.gradient[0] += w * slope;
            sum.hessian[0][0] += w * curve;
        }
        sum
    }

    /// The terms `−r ln(1 + T/α) − x ln(α + T) − s ln(1 + T/β)`.
    fn of_ages(&self, r: f64, alpha: f64, s: f64, beta: f64) -> Derivatives<4> {
        let mut sum = Derivatives::default();
        for ((age, (w, x)), time) in self.rows.age.iter().zip(&self.at_age).zip(&self.ages) {
            let (ln_a, ln_b) = (log1p(age / alpha), log1p(age / beta));
            let (slope_a, slope_b) = (age * time.a / alpha, age * time.b / beta);
            sum.value -= w * (r * ln_a + s * ln_b) + x * time.ln_a;
            sum.gradient[0] -= w * ln_a;
            sum.gradient[1] += w * r * slope_a - x * time.a;
            sum.gradient[2] -= w * ln_b;
            sum.gradient[3] += w * s * slope_b;
            sum.hessian[0][1] += w * slope_a;
            sum.hessian[1][1] += x * time.a * time.a - w * r * slope_a * (1.0 / alpha + time.a);
            sum.hessian[2][3] += w * slope_b;
            sum.hessian[3][3] -= w * s * slope_b * (1.0 / beta + time.b);
        }
        sum
    }

    /// The term `ln W` of a block of rows.
    fn block(&self, start: usize, end: usize, r: f64, s: f64) -> Derivatives<4> {
        let rows = self.rows;
        let mut sum = Derivatives::<4>::default();
        for i in start..end {
            let q = r + rows.x[rows.x_code[i] as usize];
            let now = &self.ages[rows.age_code[i] as usize];
            let then = &self.recencies[rows.t_x_code[i] as usize];
            let at_now = &self.now.value[self.now.pair[i] as usize];
            let at_then = &self.then.value[self.then.pair[i] as usize];
            let w = rows.weight[i];

            let (ln_a, ln_b) = (now.ln_a - then.ln_a, now.ln_b - then.ln_b);
            let (da, db) = (now.a - then.a, now.b - then.b);
            // D and its derivatives in (r, α, s, β)
            let d = q * ln_a + s * ln_b;
            let dd = [ln_a, q * da, ln_b, s * db];

            let small = exp(-d);
            let rest = at_then[0] + (1.0 - at_now[0]) * small;
            // ln W = D + ln(C(t_x) + (1 − C(T)) e^−D)
            sum.value += w * (d + log(rest));
            // g = e^D / W, e = 1 / W
            let g = 1.0 / rest;
            let e = small * g;

            let first = slopes(at_then, then);
            let last = slopes(at_now, now);
            let c = at_then[0];
            // ∂ ln W = (e^D ∂C(t_x) + e^D C(t_x) ∂D − ∂C(T))/W
            let slope: [f64; 4] = std::array::from_fn(|p| g * (first[p] + c * dd[p]) - e * last[p]);
            let (first2, last2) = (curves(at_then, then), curves(at_now, now));
            let mut k = 0;
            for p in 0..4 {
                sum.gradient[p] += w * slope[p];
                for t in p..4 {
                    let curve = g
                        * (first2[k] + first[p] * dd[t] + first[t] * dd[p] + c * dd[p] * dd[t])
                        - e * last2[k]
                        - slope[p] * slope[t];
                    sum.hessian[p][t] += w * curve;
                    k += 1;
                }
            }
            // e^D C(t_x)/W · ∂²D
            let share = w * g * c;
            sum.hessian[0][1] += share * da;
            sum.hessian[1][1] -= share * q * da * (now.a + then.a);
            sum.hessian[2][3] += share * db;
            sum.hessian[3][3] -= share * s * db * (now.b + then.b);
        }
        sum
    }
}

/// First derivatives of `C` in `(r, α, s, β)`.
fn slopes(c: &Full, t: &Time) -> [f64; 4] {
    [c[1], c[3] * t.a, c[2], -c[3] * t.b]
}

/// Second derivatives of `C` in `(r, α, s, β)`, the upper triangle by rows.
fn curves(c: &Full, t: &Time) -> [f64; 10] {
    let [_, _, _, e, qq, qs, ss, eq, es, f] = *c;
    [
        qq,
        eq * t.a,
        qs,
        -eq * t.b,
        (f - e) * t.a * t.a,
        es * t.a,
        -f * t.a * t.b,
        ss,
        -es * t.b,
        (e + f) * t.b * t.b,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::models::histories::Histories;
    use crate::clv::models::model::{Purchases, Status};
    use crate::clv::models::score::agrees_with_differences;
    use crate::num::rng::Rng;
    use libm::fabs;

    fn shop(values: [f64; 4], customers: u64) -> [Vec<f64>; 3] {
        let model = Params::new(values, Unit::Day).unwrap();
        let mut columns: [Vec<f64>; 3] = Default::default();
        for i in 0..customers {
            let mut rng = Rng::stream(3, i);
            let age = 100.0 + rng.below(80) as f64;
            // In tenths of a day, so that customers share rows and times are still fine.
            let times = model.simulate(age, &mut rng).unwrap();
            let last = times.last().map_or(0.0, |t| libm::ceil(t * 10.0) / 10.0);
            columns[0].push(times.len() as f64);
            columns[1].push(last.min(age));
            columns[2].push(age);
        }
        columns
    }

    fn rows(columns: &[Vec<f64>; 3]) -> Rows {
        Rows::new(&Histories::new(&columns[0], &columns[1], &columns[2])).unwrap()
    }

    #[test]
    fn derivatives_agree_with_mpmath() {
        crate::clv::models::score::agrees("pareto_nbd", 900, |point| {
            let [x, t_x, age] = point.history.map(|v| vec![v]);
            let rows = rows(&[x, t_x, age]);
            let mut likelihood = Likelihood::new(&rows).unwrap();
            likelihood.at(&point.parameters).unwrap()
        });
    }

    #[test]
    fn derivatives_are_those_of_the_likelihood() {
        let rows = rows(&shop([0.6, 12.0, 0.7, 15.0], 150));
        let mut likelihood = Likelihood::new(&rows).unwrap();
        for at in [
            [0.6, 17.0, 1.2, 9.0],
            [1.5, 9.0, 0.4, 40.0],
            [0.9, 9.0, 2.0, 300.0],
        ] {
            let direct = |values: [f64; 4]| -> f64 {
                let model = Params::new(values, Unit::Day).unwrap();
                (0..rows.len())
                    .map(|i| rows.weight[i] * model.log_likelihood(rows.history(i)))
                    .sum()
            };
            agrees_with_differences(at, direct, |at| likelihood.at(at).unwrap());
        }
    }

    #[test]
    fn truth_is_recovered() {
        let truth = [0.9, 12.0, 1.4, 60.0];
        let fit = fit(&rows(&shop(truth, 20_000)), Unit::Day, &Context::default()).unwrap();
        assert_eq!(fit.status, Status::Converged);
        let errors = fit.standard_errors().unwrap();
        for ((value, truth), error) in fit.parameters().zip(truth).zip(errors) {
            assert!(
                fabs(value.1 - truth) < 4.0 * error,
                "{value:?} {truth} {error}"
            );
        }
    }

    #[test]
    fn a_shop_nobody_leaves_ends_at_the_boundary() {
        let x: Vec<f64> = (0..200).map(|i| f64::from(1 + i % 7)).collect();
        let age: Vec<f64> = (0..200).map(|i| f64::from(60 + i % 11)).collect();
        let rows = Rows::new(&Histories::new(&x, &age, &age)).unwrap();
        let fit = fit(&rows, Unit::Day, &Context::default()).unwrap();
        assert!(matches!(fit.status, Status::Boundary { .. }), "{fit:?}");
        let y = fit.model.expected(rows.history(0), 30.0);
        assert!(y.is_finite() && y > 0.0);
    }
}
