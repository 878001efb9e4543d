//! Levels of months as seasons, level and trend around a random walk: exact sums in time that grows with the
//! number of months.
//!
//! # Definition
//!
//! ```text
//! z_t = c + b·t + τ e(month of the year of t) + r_t + u_t + error of variance v_t
//! e ~ N(0, I)   r_t random walk, step variance ρ²   u_t ~ N(0, σ²)   c, b free
//! ```
//!
//! `V = ρ² min(t, t') + diag(σ² + v_t)` is the covariance of `z` given `w = (e, c, b)`. A Kalman filter of the
//! walk runs over the columns of `X = (months, 1, t)` and over `z` at once, and gives `ln |V|` and the products
//! `G = (X z)ᵀ V⁻¹ (X z)`. Everything else follows from 14 numbers, with `S = diag(τ, ..., τ, 1, 1)`:
//!
//! ```text
//! K = S XᵀV⁻¹X S + diag(1, ..., 1, 0, 0)        precision of w
//! m = K⁻¹ S XᵀV⁻¹z                              its mean
//! ln L = −½ (ln |V| + ln |K| + zᵀV⁻¹z − mᵀ K m)       c and b integrated out
//! ```
//!
//! A month left out differs from its prediction by the others by `(Pz)_t / P_tt`, with the variance `1 / P_tt`, where
//! `P = V⁻¹ − V⁻¹XS K⁻¹ SXᵀV⁻¹`. A backward pass over the filter gives the rows of `V⁻¹X`, `V⁻¹z` and the diagonal of
//! `V⁻¹`.
//!
//! # References
//!
//! - Durbin, J., Koopman, S. J. (2012). *Time Series Analysis by State Space Methods*, §2.4, §4.5, §6.2.
//! - Rasmussen, C. E., Williams, C. K. I. (2006). *Gaussian Processes for Machine Learning*, §2.7, §5.4.2.

use crate::context::room;
use crate::error::{Error, Result};

/// Months of the year, level, trend.
const EFFECTS: usize = 14;
/// The places of level and trend.
const LEVEL: usize = 12;
const TREND: usize = 13;
/// The column of values behind the effects.
const VALUE: usize = EFFECTS;

type Columns = [f64; EFFECTS + 1];
type Square = [[f64; EFFECTS]; EFFECTS];

/// A level with its logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct MonthLevel {
    /// Which month of the log, from 0.
    pub(crate) at: usize,
    /// Of the year, 0 to 11.
    pub(crate) month: usize,
    pub(crate) value: f64,
    pub(crate) variance: f64,
}

impl MonthLevel {
    /// The row of `X` and `z`; `t` is the time of the trend, in years.
    fn columns(&self, t: f64) -> Columns {
        let mut row = [0.0; EFFECTS + 1];
        row[self.month] = 1.0;
        (row[LEVEL], row[TREND], row[VALUE]) = (1.0, t, self.value);
        row
    }
}

/// What is left of the trend a month on: it goes on for nine months' worth at most. Trends of
/// series that grow are damped in most that were ever forecast (Gardner, McKenzie 1985).
const DAMPING: f64 = 0.9;

/// The time of the trend, in years from the middle of the log.
#[derive(Debug, Clone, Copy)]
struct Trend {
    middle: f64,
    last: usize,
}

impl Trend {
    fn new(points: &[MonthLevel]) -> Self {
        let n = points.len().max(1) as f64;
        Self {
            middle: points.iter().map(|p| p.at as f64).sum::<f64>() / n,
            last: points.last().map_or(0, |p| p.at),
        }
    }

    fn at(&self, month: usize) -> f64 {
        let beyond = f64::from(month.saturating_sub(self.last) as u32);
        let damped = DAMPING * (1.0 - libm::pow(DAMPING, beyond)) / (1.0 - DAMPING);
        (month.min(self.last) as f64 + damped - self.middle) / 12.0
    }
}

/// One step of the filter.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// What the months before did not say, of each column.
    innovation: Columns,
    /// `F`, its variance.
    variance: f64,
    /// `P / F`: how much of it the walk takes up.
    gain: f64,
}

/// The months, filtered for one (σ, ρ).
pub(super) struct Filtered {
    noise: f64,
    drift: f64,
    trend: Trend,
    steps: Vec<Step>,
    /// The walk at the last month: of each column, and its variance.
    walk: Columns,
    of_walk: f64,
    last: usize,
    ln_v: f64,
    /// `G`.
    products: [Columns; EFFECTS + 1],
}

impl Filtered {
    /// Months in order, of positive variance.
    pub(super) fn new(points: &[MonthLevel], noise: f64, drift: f64) -> Result<Self> {
        let trend = Trend::new(points);
        let mut steps = room(points.len(), "seasonality")?;
        let (mut walk, mut of_walk, mut last) = ([0.0; EFFECTS + 1], 0.0, 0);
        let (mut ln_v, mut products) = (0.0, [[0.0; EFFECTS + 1]; EFFECTS + 1]);
        for point in points {
            of_walk += drift * drift * (point.at - last) as f64;
            last = point.at;
            let variance = of_walk + noise * noise + point.variance;
            let gain = of_walk / variance;
            let mut innovation = point.columns(trend.at(point.at));
            for (column, walk) in innovation.iter_mut().zip(&mut walk) {
                *column -= *walk;
                *walk += gain * *column;
            }
            of_walk *= 1.0 - gain;
            ln_v += libm::log(variance);
            for (row, a) in products.iter_mut().zip(&innovation) {
                let a = a / variance;
                row.iter_mut()
                    .zip(&innovation)
                    .for_each(|(sum, b)| *sum += a * b);
            }
            steps.push(Step {
                innovation,
                variance,
                gain,
            });
        }
        Ok(Self {
            noise,
            drift,
            trend,
            steps,
            walk,
            of_walk,
            last,
            ln_v,
            products,
        })
    }

    /// The effects where seasons have the standard deviation τ.
    #[expect(
        clippy::needless_range_loop,
        reason = "rows and columns of one triangle"
    )]
    pub(super) fn effects(&self, season: f64) -> Result<Effects> {
        let scale = |j: usize| if j < LEVEL { season } else { 1.0 };
        let mut root: Square = [[0.0; EFFECTS]; EFFECTS];
        let mut mean = [0.0; EFFECTS];
        for i in 0..EFFECTS {
            for j in 0..=i {
                root[i][j] = scale(i) * scale(j) * self.products[i][j];
            }
            root[i][i] += f64::from(u8::from(i < LEVEL));
            mean[i] = scale(i) * self.products[i][VALUE];
        }
        let mut ln_k = 0.0;
        let mut explained = 0.0;
        for i in 0..EFFECTS {
            for j in 0..=i {
                let sum: f64 = (0..j).map(|k| root[i][k] * root[j][k]).sum();
                let rest = root[i][j] - sum;
                root[i][j] = match i == j {
                    true if rest <= 0.0 => return Err(Error::internal("precision of effects")),
                    true => libm::sqrt(rest),
                    false => rest / root[j][j],
                };
            }
            ln_k += 2.0 * libm::log(root[i][i]);
            let sum: f64 = (0..i).map(|k| root[i][k] * mean[k]).sum();
            mean[i] = (mean[i] - sum) / root[i][i];
            explained += mean[i] * mean[i];
        }
        for i in (0..EFFECTS).rev() {
            let sum: f64 = (i + 1..EFFECTS).map(|k| root[k][i] * mean[k]).sum();
            mean[i] = (mean[i] - sum) / root[i][i];
        }
        let rest = self.products[VALUE][VALUE] - explained;
        Ok(Effects {
            season,
            ln_likelihood: -0.5 * (self.ln_v + ln_k + rest),
            mean,
            root,
        })
    }

    /// Differences of months left out from what the others say, with their variances.
    pub(super) fn left_out(&self, effects: &Effects) -> Result<Vec<(f64, f64)>> {
        let covariance = effects.covariance();
        let (mut later, mut of_later) = ([0.0; EFFECTS + 1], 0.0);
        let mut each = room(self.steps.len(), "seasonality")?;
        for step in self.steps.iter().rev() {
            // The row of V⁻¹(X z), and of V⁻¹ the cell of the diagonal.
            let mut row = step.innovation.map(|e| e / step.variance);
            let diagonal = 1.0 / step.variance + step.gain * step.gain * of_later;
            for (row, later) in row.iter_mut().zip(&mut later) {
                *row -= step.gain * *later;
                *later += *row;
            }
            of_later = 1.0 / step.variance + (1.0 - step.gain) * (1.0 - step.gain) * of_later;
            let (expected, off) = effects.of(&row, &covariance);
            let p = diagonal - off;
            each.push(((row[VALUE] - expected) / p, 1.0 / p));
        }
        each.reverse();
        Ok(each)
    }

    /// The logarithms of later months (their `value` and `variance` are not read) with their variances.
    pub(super) fn ahead(&self, effects: &Effects, later: &[MonthLevel]) -> Result<Vec<(f64, f64)>> {
        let covariance = effects.covariance();
        let mut each = room(later.len(), "seasonality")?;
        for point in later {
            let mut row = point.columns(self.trend.at(point.at));
            row.iter_mut()
                .zip(&self.walk)
                .for_each(|(x, walk)| *x -= walk);
            let (expected, of_effects) = effects.of(&row, &covariance);
            let months = point.at.saturating_sub(self.last) as f64;
            let of_walk = self.of_walk + self.drift * self.drift * months;
            let variance = of_walk + self.noise * self.noise + of_effects;
            each.push((self.walk[VALUE] + expected, variance));
        }
        Ok(each)
    }
}

/// What is known of the effects at one (τ, σ, ρ).
pub(super) struct Effects {
    season: f64,
    pub(super) ln_likelihood: f64,
    /// `m`, of `e`, `c` and `b`.
    mean: [f64; EFFECTS],
    /// The lower root of `K`.
    root: Square,
}

impl Effects {
    fn scale(&self, j: usize) -> f64 {
        if j < LEVEL { self.season } else { 1.0 }
    }

    /// `K⁻¹`.
    #[expect(
        clippy::needless_range_loop,
        reason = "rows and columns of one triangle"
    )]
    fn covariance(&self) -> Square {
        let mut inverse: Square = [[0.0; EFFECTS]; EFFECTS];
        for c in 0..EFFECTS {
            for i in c..EFFECTS {
                let sum: f64 = (c..i).map(|k| self.root[i][k] * inverse[k][c]).sum();
                let given = f64::from(u8::from(i == c));
                inverse[i][c] = (given - sum) / self.root[i][i];
            }
        }
        std::array::from_fn(|i| {
            std::array::from_fn(|j| {
                let from = i.max(j);
                (from..EFFECTS).map(|k| inverse[k][i] * inverse[k][j]).sum()
            })
        })
    }

    /// `x S m` and `x S K⁻¹ S xᵀ` of a row of effects.
    fn of(&self, row: &Columns, covariance: &Square) -> (f64, f64) {
        let scaled: [f64; EFFECTS] = std::array::from_fn(|j| self.scale(j) * row[j]);
        let dot = |a: &[f64; EFFECTS]| a.iter().zip(&scaled).map(|(a, b)| a * b).sum::<f64>();
        let variance = covariance.iter().zip(&scaled).map(|(c, x)| x * dot(c));
        (dot(&self.mean), variance.sum())
    }

    /// The seasons `τ e`: means and covariances.
    pub(super) fn seasons(&self) -> ([f64; 12], [[f64; 12]; 12]) {
        let (tau, all) = (self.season, self.covariance());
        (
            std::array::from_fn(|j| tau * self.mean[j]),
            std::array::from_fn(|j| std::array::from_fn(|k| tau * tau * all[j][k])),
        )
    }

    /// The trend of a year: mean and variance.
    pub(super) fn trend(&self) -> (f64, f64) {
        (self.mean[TREND], self.covariance()[TREND][TREND])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::rng::Rng;

    /// The inverse and ln of the determinant, by elimination.
    fn inverse(matrix: &[Vec<f64>]) -> (Vec<Vec<f64>>, f64) {
        let n = matrix.len();
        let mut rows = matrix.to_vec();
        for (i, row) in rows.iter_mut().enumerate() {
            row.extend((0..n).map(|j| f64::from(u8::from(i == j))));
        }
        let mut ln = 0.0;
        for i in 0..n {
            let pivot = rows[i][i];
            ln += pivot.ln();
            rows[i].iter_mut().for_each(|x| *x /= pivot);
            let own = rows[i].clone();
            for (j, row) in rows.iter_mut().enumerate() {
                if j != i {
                    let share = row[i];
                    row.iter_mut().zip(&own).for_each(|(x, y)| *x -= share * y);
                }
            }
        }
        (rows.into_iter().map(|row| row[n..].to_vec()).collect(), ln)
    }

    fn product(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let cell = |row: &Vec<f64>, j: usize| row.iter().zip(b).map(|(x, y)| x * y[j]).sum();
        let of_row = |row| (0..b[0].len()).map(|j| cell(row, j)).collect();
        a.iter().map(of_row).collect()
    }

    fn turned(a: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let column = |j: usize| a.iter().map(|row| row[j]).collect();
        (0..a[0].len()).map(column).collect()
    }

    type Matrix = Vec<Vec<f64>>;

    /// The covariance of the points with the seasons in it, and the design of level and trend.
    fn dense(points: &[MonthLevel], of: [f64; 3]) -> (Matrix, Matrix, Matrix) {
        let [tau, noise, drift] = of;
        let cell = |a: &MonthLevel, b: &MonthLevel| {
            drift * drift * a.at.min(b.at) as f64
                + if a.month == b.month { tau * tau } else { 0.0 }
                + if a.at == b.at {
                    noise * noise + a.variance
                } else {
                    0.0
                }
        };
        let row = |a| points.iter().map(|b| cell(a, b)).collect();
        let trend = Trend::new(points);
        let design = points.iter().map(|p| vec![1.0, trend.at(p.at)]).collect();
        let values = points.iter().map(|p| vec![p.value]).collect();
        (points.iter().map(row).collect(), design, values)
    }

    fn shop() -> Vec<MonthLevel> {
        let mut rng = Rng::stream(5, 0);
        let months = (0..31).filter(|at| ![4, 17, 18].contains(at));
        let point = |at: usize| MonthLevel {
            at,
            month: (at + 7) % 12,
            value: 0.3 * rng.normal() + 0.02 * at as f64,
            variance: 0.001 + 0.01 * rng.uniform(),
        };
        months.map(point).collect()
    }

    const GRID: [[f64; 3]; 4] = [
        [0.0, 0.0, 0.0],
        [0.2, 0.0, 0.07],
        [0.4, 0.1, 0.0],
        [1.0, 0.22, 0.15],
    ];

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-8 * (1.0 + b.abs()), "{a} {b}");
    }

    #[test]
    fn likelihood_seasons_and_months_left_out_are_those_of_the_whole_covariance() {
        let points = shop();
        for of in GRID {
            let [tau, noise, drift] = of;
            let filtered = Filtered::new(&points, noise, drift).unwrap();
            let effects = filtered.effects(tau).unwrap();
            let (v, x, z) = dense(&points, of);
            let (v_inverse, ln_v) = inverse(&v);
            let information = product(&product(&turned(&x), &v_inverse), &x);
            let (of_x, ln_x) = inverse(&information);
            // P, with level and trend free.
            let side = product(&v_inverse, &x);
            let off = product(&product(&side, &of_x), &turned(&side));
            let p: Vec<Vec<f64>> = (v_inverse.iter().zip(&off))
                .map(|(a, b)| a.iter().zip(b).map(|(a, b)| a - b).collect())
                .collect();
            let pz = product(&p, &z);
            let rest = product(&turned(&z), &pz)[0][0];
            near(effects.ln_likelihood, -0.5 * (ln_v + ln_x + rest));
            let left_out = filtered.left_out(&effects).unwrap();
            for (i, (difference, variance)) in left_out.into_iter().enumerate() {
                near(difference, pz[i][0] / p[i][i]);
                near(variance, 1.0 / p[i][i]);
            }
            // s = τ² Zᵀ P z, covariance τ² − τ⁴ ZᵀPZ.
            let (mean, covariance) = effects.seasons();
            let of_month = |m: usize| (0..points.len()).filter(move |i| shop_month(*i) == m);
            for m in 0..12 {
                let sum: f64 = of_month(m).map(|i| pz[i][0]).sum();
                near(mean[m], tau * tau * sum);
                for (k, found) in covariance[m].iter().enumerate() {
                    let sums = of_month(m).flat_map(|i| of_month(k).map(move |j| (i, j)));
                    let sum: f64 = sums.map(|(i, j)| p[i][j]).sum();
                    let own = if m == k { tau * tau } else { 0.0 };
                    near(*found, own - tau.powi(4) * sum);
                }
            }
            near(effects.trend().1, of_x[1][1]);
        }
    }

    fn shop_month(i: usize) -> usize {
        shop()[i].month
    }

    /// A later month is one of an unknown value: its prediction is that of a month left out.
    #[test]
    fn a_month_to_come_is_a_month_left_out_at_the_end() {
        let points = shop();
        let (known, last) = points.split_at(points.len() - 1);
        for [tau, noise, drift] in GRID {
            let all = Filtered::new(&points, noise, drift).unwrap();
            let of_all = all.effects(tau).unwrap();
            let (difference, variance) = *all.left_out(&of_all).unwrap().last().unwrap();
            let mut filtered = Filtered::new(known, noise, drift).unwrap();
            // A trend that goes on as a month left out has it, without damping.
            filtered.trend.last = last[0].at;
            let effects = filtered.effects(tau).unwrap();
            let (mean, of_mean) = filtered.ahead(&effects, last).unwrap()[0];
            near(last[0].value - mean, difference);
            near(of_mean + last[0].variance, variance);
        }
    }

    #[test]
    fn a_trend_goes_on_for_nine_months_at_most() {
        let trend = Trend {
            middle: 0.0,
            last: 24,
        };
        near(trend.at(25) - trend.at(24), 0.9 / 12.0);
        near(trend.at(26) - trend.at(25), 0.81 / 12.0);
        near(trend.at(1_000) - trend.at(24), 9.0 / 12.0);
    }
}
