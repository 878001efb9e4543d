//! Maximum likelihood of Gamma-Gamma.
//!
//! Customers are sorted by mean and grouped by frequency: for each `x` the likelihood needs the
//! number of customers and three sums over them. Because of the sort, the result does not depend on
//! the order of the caller's rows. Ties share the middle rank.

use std::ops::Range;

use libm::{exp, lgamma, log, sqrt};
use serde::{Deserialize, Serialize};

use super::Params;
use crate::clv::models::bg_fit::BLOCK;
use crate::clv::models::model::{Fit, positive};
use crate::context::{Context, collect, filled, push, room};
use crate::error::{Error, Result};
use crate::num::Positive;
use crate::num::distinct::encode;
use crate::num::log::LnProduct;
use crate::num::optimize::{Derivatives, Optimum, Outcome, maximize};
use crate::num::special::{digamma, ln_rising, trigamma};

/// Policy for customers whose mean spend is not above 0, outside of the model's range.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoSpend {
    /// Drops them from the fit and counts them. The default.
    #[default]
    Drop,
    /// Raises their spend to this value and counts them.
    Clamp(Positive),
    /// Refuses the data.
    Error,
}

/// Mean spend of customers as borrowed columns. Rows of frequency 0 are not used.
#[derive(Debug, Clone, Copy)]
pub struct Spend<'a> {
    /// Repeat purchase days, whole numbers.
    pub frequency: &'a [f64],
    /// Mean value of a repeat purchase day; anything, NaN too, at frequency 0.
    pub mean: &'a [f64],
    /// The number of customers of each row.
    pub weight: Option<&'a [f64]>,
}

/// A fit, with the customers it left out and a check of its assumption.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    /// The fit.
    pub fit: Fit<Params>,
    /// Customers without repeat purchase, not used.
    pub without_repeat: f64,
    /// Customers with spend not above 0, dropped or raised.
    pub without_spend: f64,
    /// Correlation of frequency and spend among the customers used.
    pub independence: Independence,
}

/// Correlation of frequency and mean spend; near 0 where the model's assumption holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Independence {
    /// Pearson's correlation; `None` if either is constant.
    pub pearson: Option<f64>,
    /// Spearman's rank correlation; ties share the middle rank.
    pub spearman: Option<f64>,
}

/// Fits the model to customers with repeat purchases. The order of the rows does not matter.
///
/// # Errors
///
/// Columns of different lengths, frequencies that are not whole numbers from 0, means that are not
/// finite where the frequency is not 0, spend ≤ 0 under [`NoSpend::Error`];
/// [`Error::Insufficient`] with fewer than two customers.
pub fn fit(spend: &Spend<'_>, policy: NoSpend, context: &Context) -> Result<Fitted> {
    let used = Used::new(spend, policy)?;
    let sorted = Sorted::new(&used)?;
    if sorted.customers < 2.0 {
        return Err(Error::Insufficient {
            what: "customers with a repeat purchase and spend",
            needed: 2,
            found: sorted.customers as u64,
        });
    }
    // Money in units of the mean, so that γ is of the same size as p and q.
    let scale = sorted.mean();
    let rows = Rows::new(&sorted, scale)?;
    let mut start = [1.0, 3.0, 2.0].map(log);
    // With many customers the start is the fit to every sixteenth of them.
    if sorted.rows.len() >= MANY {
        let few = rows.every(16)?.maximum(start, context)?;
        if few.outcome == Outcome::Converged {
            start = few.at;
        }
    }
    let best = rows.maximum(start, context)?;
    let start = Params::new([1.0; 3])?;
    let constant = -rows.ln_means(scale);
    let mut fit = Fit::new(&start, &best, sorted.customers, constant)?;
    fit.model.gamma = positive("gamma", fit.model.gamma.get() * scale)?;
    Ok(Fitted {
        fit,
        without_repeat: used.without_repeat,
        without_spend: used.without_spend,
        independence: sorted.independence()?,
    })
}

/// From this number of rows on, the fit starts with a subsample.
const MANY: usize = 64 * BLOCK;

/// Customers grouped by frequency, money in units of the mean. The likelihood is a function of `x`
/// and of three sums over the customers of each `x`. [`LnProduct`] keeps the logarithms few.
struct Rows<'a> {
    x: &'a [f64],
    /// The first row of each frequency, and the number of rows at the end.
    start: Vec<usize>,
    /// `x·mean` of each row.
    spent: Vec<f64>,
    weight: Vec<f64>,
    /// For each frequency, the number of customers and the sum of `ln(x·mean)`.
    known: Vec<(f64, f64)>,
    customers: f64,
}

impl<'a> Rows<'a> {
    fn new(sorted: &'a Sorted, scale: f64) -> Result<Self> {
        let (x, n) = (&sorted.x[..], sorted.rows.len());
        let mut start = filled(x.len() + 1, 0, "likelihood")?;
        for row in &sorted.rows {
            start[row.x() + 1] += 1;
        }
        for i in 0..x.len() {
            start[i + 1] += start[i];
        }
        let mut next = collect(start.iter().copied(), "likelihood")?;
        let mut spent = filled(n, 0.0, "likelihood")?;
        let mut weight = filled(n, 0.0, "likelihood")?;
        for row in &sorted.rows {
            let at = &mut next[row.x()];
            spent[*at] = x[row.x()] * (row.mean() / scale);
            weight[*at] = sorted.weight(*row);
            *at += 1;
        }
        Self {
            x,
            start,
            spent,
            weight,
            known: Vec::new(),
            customers: 0.0,
        }
        .known()
    }

    /// Every `stride`-th row.
    fn every(&self, stride: usize) -> Result<Self> {
        let some = |values: &[f64]| collect(values.iter().copied().step_by(stride), "likelihood");
        Self {
            x: self.x,
            start: collect(
                self.start.iter().map(|at| at.div_ceil(stride)),
                "likelihood",
            )?,
            spent: some(&self.spent)?,
            weight: some(&self.weight)?,
            known: Vec::new(),
            customers: 0.0,
        }
        .known()
    }

    /// Fills in the sums that do not depend on the parameters.
    fn known(mut self) -> Result<Self> {
        let of = |i| {
            let (mut customers, mut ln_spent) = (0.0, LnProduct::default());
            for row in self.rows(i) {
                customers += self.weight[row];
                ln_spent.times(self.spent[row], self.weight[row]);
            }
            (customers, ln_spent.ln())
        };
        self.known = collect((0..self.x.len()).map(of), "likelihood")?;
        self.customers = self.known.iter().map(|(customers, _)| customers).sum();
        Ok(self)
    }

    fn rows(&self, i: usize) -> Range<usize> {
        self.start[i]..self.start[i + 1]
    }

    /// The sum of the logarithms of all means, in the unit of the data.
    fn ln_means(&self, scale: f64) -> f64 {
        let of = |(x, (customers, ln_spent)): (&f64, &(f64, f64))| ln_spent - customers * log(*x);
        let in_units: f64 = self.x.iter().zip(&self.known).map(of).sum();
        in_units + self.customers * log(scale)
    }

    fn maximum(&self, start: [f64; 3], context: &Context) -> Result<Optimum<3>> {
        maximize(
            start,
            [1e-6; 3].map(log),
            [1e6, 1e6, 1e7].map(log),
            self.customers,
            |theta| {
                context.check()?;
                let at = theta.map(exp);
                Ok(self.likelihood(&at).mean_in_logs(&at, self.customers))
            },
        )
    }

    /// The sum over all customers at `(p, q, γ)`, without the means' logarithms.
    fn likelihood(&self, &[p, q, gamma]: &[f64; 3]) -> Derivatives<3> {
        let mut sum = Derivatives::default();
        for (i, x) in self.x.iter().enumerate() {
            let (customers, ln_spent) = self.known[i];
            if customers == 0.0 {
                continue;
            }
            // Σ ln(γ + xm), Σ 1/(γ + xm), Σ 1/(γ + xm)²
            let [ln_all, inverse, square] = self.sums(gamma, self.rows(i));
            let px = p * x;
            let (both, own) = (digamma(px + q), digamma(px));
            let (both2, own2) = (trigamma(px + q), trigamma(px));
            let share = ln_spent - ln_all;
            // lnΓ(px+q) − lnΓ(px) + px ln(xm) − (px+q) ln(γ + xm)
            sum.value += customers * ln_rising(px, q) + px * share - q * ln_all;
            sum.gradient[0] += x * (customers * (both - own) + share);
            sum.gradient[1] += customers * both - ln_all;
            sum.gradient[2] -= (px + q) * inverse;
            sum.hessian[0][0] += customers * x * x * (both2 - own2);
            sum.hessian[0][1] += customers * x * both2;
            sum.hessian[0][2] -= x * inverse;
            sum.hessian[1][1] += customers * both2;
            sum.hessian[1][2] -= inverse;
            sum.hessian[2][2] += (px + q) * square;
        }
        let n = self.customers;
        // q ln γ − lnΓ(q)
        sum.value += n * (q * log(gamma) - lgamma(q));
        sum.gradient[1] += n * (log(gamma) - digamma(q));
        sum.gradient[2] += n * q / gamma;
        sum.hessian[1][1] -= n * trigamma(q);
        sum.hessian[1][2] += n / gamma;
        sum.hessian[2][2] -= n * q / (gamma * gamma);
        sum
    }

    /// Sums of `ln(γ + s)`, `1/(γ + s)` and `1/(γ + s)²` over rows, by blocks.
    fn sums(&self, gamma: f64, rows: Range<usize>) -> [f64; 3] {
        let mut sums = [0.0; 3];
        let blocks = self.spent[rows.clone()].chunks(BLOCK);
        for (spent, weight) in blocks.zip(self.weight[rows].chunks(BLOCK)) {
            let (mut ln, mut inverse, mut square) = (LnProduct::default(), 0.0, 0.0);
            for (spent, w) in spent.iter().zip(weight) {
                let all = gamma + spent;
                let one = 1.0 / all;
                ln.times(all, *w);
                inverse += w * one;
                square += w * (one * one);
            }
            for (sum, of_block) in sums.iter_mut().zip([ln.ln(), inverse, square]) {
                *sum += of_block;
            }
        }
        sums
    }
}

/// The usable rows, in the caller's order.
#[derive(Default)]
struct Used {
    x: Vec<f64>,
    mean: Vec<f64>,
    weight: Vec<f64>,
    without_repeat: f64,
    without_spend: f64,
}

impl Used {
    fn new(spend: &Spend<'_>, policy: NoSpend) -> Result<Self> {
        let expected = spend.frequency.len();
        let weights = spend.weight.map_or(expected, <[f64]>::len);
        for (column, found) in [("monetary_value", spend.mean.len()), ("weight", weights)] {
            if found != expected {
                return Err(Error::ColumnLength {
                    column: column.into(),
                    found,
                    expected,
                });
            }
        }
        let mut out = Self::default();
        for row in 0..expected {
            let (x, mut mean) = (spend.frequency[row], spend.mean[row]);
            let weight = spend.weight.map_or(1.0, |w| w[row]);
            if !(x >= 0.0 && x.is_finite() && x == libm::floor(x)) {
                let expected = "a whole number, at least 0";
                return Err(Error::value("frequency", row, expected));
            }
            if !(weight >= 0.0 && weight.is_finite()) {
                return Err(Error::value("weight", row, "a finite number, at least 0"));
            }
            if x == 0.0 {
                out.without_repeat += weight;
                continue;
            }
            if !mean.is_finite() {
                let expected = "a finite number where frequency is above 0";
                return Err(Error::value("monetary_value", row, expected));
            }
            if mean <= 0.0 {
                out.without_spend += weight;
                match policy {
                    NoSpend::Drop => continue,
                    NoSpend::Clamp(least) => mean = least.get(),
                    NoSpend::Error => {
                        let expected = "a number above 0 where frequency is";
                        return Err(Error::value("monetary_value", row, expected));
                    }
                }
            }
            push(&mut out.x, x, "customers")?;
            push(&mut out.mean, mean, "customers")?;
            push(&mut out.weight, weight, "customers")?;
        }
        Ok(out)
    }
}

/// A customer as a key that sorts by mean, then frequency, then weight. The bits of doubles above 0
/// sort as the doubles do, and codes ascend with their values.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row(u128);

impl Row {
    fn mean(self) -> f64 {
        f64::from_bits((self.0 >> 64) as u64)
    }

    /// The code of the frequency.
    fn x(self) -> usize {
        (self.0 as u64 >> 32) as usize
    }
}

/// The customers, sorted, so that sums do not depend on the order of the input.
struct Sorted {
    /// Distinct frequencies, ascending.
    x: Vec<f64>,
    /// Distinct weights, ascending.
    weights: Vec<f64>,
    rows: Vec<Row>,
    customers: f64,
}

impl Sorted {
    fn new(used: &Used) -> Result<Self> {
        let (x, weight) = (encode(&used.x)?, encode(&used.weight)?);
        let codes = x.code.iter().zip(&weight.code);
        let rows = used.mean.iter().zip(codes).map(|(mean, (x, w))| {
            let codes = u64::from(*x) << 32 | u64::from(*w);
            Row(u128::from(mean.to_bits()) << 64 | u128::from(codes))
        });
        let mut out = Self {
            rows: collect(rows, "customers")?,
            x: x.values,
            weights: weight.values,
            customers: 0.0,
        };
        out.rows.sort_unstable();
        out.customers = out.rows.iter().map(|row| out.weight(*row)).sum();
        Ok(out)
    }

    fn weight(&self, row: Row) -> f64 {
        self.weights[row.0 as u32 as usize]
    }

    fn mean(&self) -> f64 {
        let sum: f64 = self
            .rows
            .iter()
            .map(|row| self.weight(*row) * row.mean())
            .sum();
        sum / self.customers
    }

    /// Correlation of frequency and mean spend, weighted.
    fn independence(&self) -> Result<Independence> {
        let mut rank_of_x = filled(self.x.len(), 0.0, "ranks")?;
        for row in &self.rows {
            rank_of_x[row.x()] += self.weight(*row);
        }
        mid_ranks(&mut rank_of_x);
        let runs = || self.rows.chunk_by(|a, b| a.mean() == b.mean());
        let mut rank_of_mean = room(self.rows.len(), "ranks")?;
        rank_of_mean.extend(runs().map(|run| run.iter().map(|row| self.weight(*row)).sum::<f64>()));
        mid_ranks(&mut rank_of_mean);
        let ranked = || {
            let runs = runs().zip(&rank_of_mean);
            runs.flat_map(|(run, rank)| run.iter().map(move |row| (*row, *rank)))
        };
        let numbers = || {
            self.rows
                .iter()
                .map(|row| (self.x[row.x()], row.mean(), self.weight(*row)))
        };
        let ranks = || ranked().map(|(row, rank)| (rank_of_x[row.x()], rank, self.weight(row)));
        Ok(Independence {
            pearson: correlation(numbers),
            spearman: correlation(ranks),
        })
    }
}

/// Pearson's correlation of points `(x, y, weight)`; `None` if either is constant.
fn correlation<I: Iterator<Item = (f64, f64, f64)>>(points: impl Fn() -> I) -> Option<f64> {
    let (mut total, mut mx, mut my) = (0.0, 0.0, 0.0);
    for (x, y, w) in points() {
        total += w;
        mx += w * x;
        my += w * y;
    }
    (mx, my) = (mx / total, my / total);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (x, y, w) in points() {
        let (dx, dy) = (x - mx, y - my);
        xx += w * dx * dx;
        xy += w * dx * dy;
        yy += w * dy * dy;
    }
    (xx > 0.0 && yy > 0.0).then(|| (xy / sqrt(xx) / sqrt(yy)).clamp(-1.0, 1.0))
}

/// Replaces the number of customers in each group of ties by the group's middle rank.
fn mid_ranks(numbers: &mut [f64]) {
    let mut below = 0.0;
    for number in numbers {
        let here = *number;
        *number = below + 0.5 * (here + 1.0);
        below += here;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::models::model::Status;
    use crate::num::rng::Rng;

    fn customers(truth: [f64; 3], n: u64) -> (Vec<f64>, Vec<f64>) {
        let model = Params::new(truth).unwrap();
        (0..n)
            .map(|i| {
                let mut rng = Rng::stream(8, i);
                let x = 1.0 + rng.below(6) as f64;
                (x, model.simulate(x, &mut rng))
            })
            .unzip()
    }

    /// A point of weight two equals two points.
    #[test]
    fn correlations_by_hand() {
        let weighted = [(1.0, 10.0, 1.0), (2.0, 30.0, 2.0), (4.0, 20.0, 1.0)];
        let repeated = [
            (1.0, 10.0, 1.0),
            (2.0, 30.0, 1.0),
            (2.0, 30.0, 1.0),
            (4.0, 20.0, 1.0),
        ];
        // Means 2.25 and 22.5; sums of squares 4.75 and 275; of products 7.5.
        let expected = 7.5 / f64::sqrt(4.75 * 275.0);
        for found in [
            correlation(|| weighted.into_iter()).unwrap(),
            correlation(|| repeated.into_iter()).unwrap(),
        ] {
            assert!((found - expected).abs() < 1e-15, "{found}");
        }
        let flat = [(1.0, 5.0, 1.0), (2.0, 5.0, 1.0)];
        assert_eq!(correlation(|| flat.into_iter()), None);
        // Ties: place 1, places 2 to 4, places 5 and 6.
        let mut numbers = [1.0, 3.0, 2.0];
        mid_ranks(&mut numbers);
        assert_eq!(numbers, [1.0, 3.0, 5.5]);
    }

    fn spend<'a>(x: &'a [f64], mean: &'a [f64]) -> Spend<'a> {
        Spend {
            frequency: x,
            mean,
            weight: None,
        }
    }

    #[test]
    fn truth_is_recovered_and_the_sum_is_that_of_the_customers() {
        let truth = [6.0, 3.5, 15.0];
        let (x, mean) = customers(truth, 20_000);
        let fitted = fit(&spend(&x, &mean), NoSpend::Drop, &Context::default()).unwrap();
        assert_eq!(fitted.fit.status, Status::Converged);
        let errors = fitted.fit.standard_errors().unwrap();
        for ((value, truth), error) in fitted.fit.parameters().zip(truth).zip(errors) {
            assert!(
                (value.1 - truth).abs() < 4.0 * error,
                "{value:?} {truth} {error}"
            );
        }
        let direct: f64 = x
            .iter()
            .zip(&mean)
            .map(|(x, m)| fitted.fit.model.log_likelihood(*x, *m))
            .sum();
        assert!((fitted.fit.log_likelihood / direct - 1.0).abs() < 1e-12);
        assert!(fitted.independence.spearman.unwrap().abs() < 0.03);
    }

    /// In cents only γ changes.
    #[test]
    fn money_scales_gamma_alone() {
        let (x, mean) = customers([6.0, 3.5, 15.0], 500);
        let cents: Vec<f64> = mean.iter().map(|m| m * 100.0).collect();
        let one = fit(&spend(&x, &mean), NoSpend::Drop, &Context::default())
            .unwrap()
            .fit
            .model;
        let two = fit(&spend(&x, &cents), NoSpend::Drop, &Context::default())
            .unwrap()
            .fit
            .model;
        for (a, b) in [
            (one.p.get(), two.p.get()),
            (one.q.get(), two.q.get()),
            (one.gamma.get() * 100.0, two.gamma.get()),
        ] {
            assert!((a / b - 1.0).abs() < 1e-6, "{a} {b}");
        }
    }

    #[test]
    fn spend_of_nothing_is_counted() {
        let (mut x, mut mean) = customers([6.0, 3.5, 15.0], 100);
        x.extend([2.0, 0.0]);
        mean.extend([0.0, f64::NAN]);
        let dropped = fit(&spend(&x, &mean), NoSpend::Drop, &Context::default()).unwrap();
        assert_eq!((dropped.without_spend, dropped.without_repeat), (1.0, 1.0));
        assert_eq!(dropped.fit.customers, 100.0);
        let least = NoSpend::Clamp(Positive::new(0.01).unwrap());
        let clamped = fit(&spend(&x, &mean), least, &Context::default()).unwrap();
        assert_eq!((clamped.without_spend, clamped.fit.customers), (1.0, 101.0));
        let refused = fit(&spend(&x, &mean), NoSpend::Error, &Context::default()).unwrap_err();
        assert_eq!(
            (refused.column(), refused.row()),
            (Some("monetary_value"), Some(100))
        );
    }

    #[test]
    fn derivatives_agree_with_mpmath() {
        crate::clv::models::score::agrees("gamma_gamma", 500, |point| {
            let [x, mean, _] = point.history;
            let used = Used::new(&spend(&[x], &[mean]), NoSpend::Error).unwrap();
            let sorted = Sorted::new(&used).unwrap();
            let [p, q, gamma, _] = point.parameters;
            Rows::new(&sorted, 1.0).unwrap().likelihood(&[p, q, gamma])
        });
    }

    #[test]
    fn equal_spend_ends_at_the_boundary() {
        let fitted = fit(
            &spend(&[2.0; 30], &[20.0; 30]),
            NoSpend::Drop,
            &Context::default(),
        )
        .unwrap();
        assert!(
            matches!(fitted.fit.status, Status::Boundary { .. }),
            "{:?}",
            fitted.fit
        );
        assert!((fitted.fit.model.expected_spend(2.0, 20.0) - 20.0).abs() < 0.1);
        assert_eq!(fitted.independence.pearson, None);
    }

    #[test]
    fn customers_who_do_not_differ_end_at_the_boundary_or_before_it() {
        // All means are drawn from the same gamma distribution: the true q is infinite, the
        // estimate is not always.
        for seed in 0..40 {
            let mut rng = Rng::stream(seed, 0);
            let (mut x, mut mean) = (Vec::new(), Vec::new());
            for _ in 0..200 {
                let orders = 1.0 + rng.below(7) as f64;
                x.push(orders);
                mean.push(libm::exp(rng.ln_gamma(5.0 * orders)) / orders);
            }
            let status = fit(&spend(&x, &mean), NoSpend::Drop, &Context::default())
                .unwrap()
                .fit
                .status;
            assert!(!matches!(status, Status::Stalled), "seed {seed}");
        }
    }

    #[test]
    fn ranks_share_the_middle() {
        // 1 2 3 3, and with weights 1 1, 2 2 2 2, 3 3 3.
        for (mut numbers, ranks) in [
            ([1.0, 1.0, 2.0], [1.0, 2.0, 3.5]),
            ([2.0, 4.0, 3.0], [1.5, 4.5, 8.0]),
        ] {
            mid_ranks(&mut numbers);
            assert_eq!(numbers, ranks);
        }
    }

    /// Bit for bit, weights included; and a weight equals that many customers.
    #[test]
    fn the_order_of_rows_does_not_matter() {
        let (x, mean) = customers([6.0, 3.5, 15.0], 3_000);
        let weight: Vec<f64> = (0..3_000).map(|i| f64::from(i % 4)).collect();
        let backwards = |v: &[f64]| v.iter().rev().copied().collect::<Vec<_>>();
        let given = |x, mean, weight| {
            let weight = Some(weight);
            let spend = Spend {
                frequency: x,
                mean,
                weight,
            };
            fit(&spend, NoSpend::Drop, &Context::default()).unwrap()
        };
        let one = given(&x, &mean, &weight);
        let two = given(&backwards(&x), &backwards(&mean), &backwards(&weight));
        assert_eq!(one, two);
        let repeated = |v: &[f64]| -> Vec<f64> {
            let each = v.iter().zip(&weight);
            each.flat_map(|(v, w)| std::iter::repeat_n(*v, *w as usize))
                .collect()
        };
        let (x, mean) = (repeated(&x), repeated(&mean));
        let repeated = fit(&spend(&x, &mean), NoSpend::Drop, &Context::default()).unwrap();
        assert!((repeated.fit.log_likelihood / one.fit.log_likelihood - 1.0).abs() < 1e-13);
        let (a, b) = (repeated.independence, one.independence);
        assert!((a.spearman.unwrap() - b.spearman.unwrap()).abs() < 1e-12);
        assert!((a.pearson.unwrap() - b.pearson.unwrap()).abs() < 1e-12);
    }
}
