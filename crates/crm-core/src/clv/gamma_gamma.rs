//! Gamma-Gamma: what a purchase is worth.
//!
//! # The model
//!
//! A customer's purchases have values `Gamma(p, ν)` with `ν ~ Gamma(q, γ)` over customers. Given `x`
//! purchases with mean `m`,
//!
//! ```text
//! L = lnΓ(px+q) − lnΓ(px) − lnΓ(q) + q ln γ + (px−1) ln m + px ln x − (px+q) ln(γ + xm)
//! E[M | x, m] = p (γ + x m) / (px + q − 1)      infinite where px + q ≤ 1
//! ```
//!
//! `x` counts the purchases that `m` averages: the repeat purchase days. Customers without one have
//! `E[M] = pγ/(q−1)`, which is infinite for `q ≤ 1` and said so, never a negative number. Money is in
//! whatever unit `m` is; `γ` carries it. The model assumes that spend is independent of frequency:
//! `independence` shows how far that is true, and it comes with every fit.
//!
//! # Reference
//!
//! - Fader, Hardie (2013). The Gamma-Gamma model of monetary value.

use std::ops::Range;

use libm::{exp, lgamma, log, sqrt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clv::bg_fit::BLOCK;
use crate::clv::codes::{Codes, encode};
use crate::clv::model::{Fit, Model, positive};
use crate::context::{collect, filled, push};
use crate::error::{Error, Result};
use crate::num::Positive;
use crate::num::optimize::{Derivatives, Optimum, Outcome, exp_all, maximize};
use crate::num::rng::Rng;
use crate::num::special::{digamma, ln_rising, trigamma};

/// Parameters. `gamma` is in the unit of the money.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Shape of the values of one customer's purchases.
    pub p: Positive,
    /// Shape of the rates over customers.
    pub q: Positive,
    /// Scale of the rates over customers, money.
    pub gamma: Positive,
}

/// What to do with customers whose mean spend is not above 0, which the model cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoSpend {
    /// Leave them out of the fit, and count them. The default.
    #[default]
    Drop,
    /// Raise them to this smallest value, and count them.
    Clamp(Positive),
    /// Refuse.
    Error,
}

/// Mean spend of customers, borrowed. Rows of frequency 0 are not used.
#[derive(Debug, Clone, Copy)]
pub struct Spend<'a> {
    /// Repeat purchase days, whole numbers.
    pub frequency: &'a [f64],
    /// Mean value of a repeat purchase day; anything, NaN too, at frequency 0.
    pub mean: &'a [f64],
    /// How many customers each row stands for.
    pub weight: Option<&'a [f64]>,
}

/// A fit, with what it left out and how far its assumption holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    /// The fit.
    pub fit: Fit<Params>,
    /// Customers without repeat purchase, not used.
    pub without_repeat: f64,
    /// Customers with spend not above 0: dropped, or raised.
    pub without_spend: f64,
    /// Correlation of frequency and spend among those used.
    pub independence: Independence,
}

/// How frequency and mean spend go together; near 0 where the model's assumption holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Independence {
    /// Of the numbers; none if either does not vary.
    pub pearson: Option<f64>,
    /// Of their ranks, ties sharing the middle.
    pub spearman: Option<f64>,
}

impl Params {
    /// Parameters `p, q, γ` from plain numbers.
    ///
    /// # Errors
    ///
    /// [`Error::OptionValue`] unless all are finite and greater than 0.
    ///
    /// ```
    /// use crm_core::clv::gamma_gamma::Params;
    /// // Fader, Hardie 2013, CDNOW.
    /// let cdnow = Params::new([6.25, 3.74, 15.44])?;
    /// assert!((cdnow.expected_spend(2.0, 22.35) - 24.66).abs() < 0.01);
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    pub fn new(values: [f64; 3]) -> Result<Self> {
        let [p, q, gamma] = values;
        Ok(Self {
            p: positive("p", p)?,
            q: positive("q", q)?,
            gamma: positive("gamma", gamma)?,
        })
    }

    fn numbers(&self) -> [f64; 3] {
        [self.p, self.q, self.gamma].map(Positive::get)
    }

    /// Expected value of a future purchase; +∞ where the model has no mean. `mean` is ignored at
    /// `x = 0`.
    pub fn expected_spend(&self, x: f64, mean: f64) -> f64 {
        let [p, q, gamma] = self.numbers();
        let spent = if x == 0.0 { 0.0 } else { x * mean };
        let shape = p * x + q - 1.0;
        if shape > 0.0 {
            p * (gamma + spent) / shape
        } else {
            f64::INFINITY
        }
    }

    /// Logarithm of the likelihood of a mean of `x` purchases, `x` and `mean` above 0.
    pub fn log_likelihood(&self, x: f64, mean: f64) -> f64 {
        let [p, q, gamma] = self.numbers();
        let (px, sum) = (p * x, x * mean);
        // ln Γ(px+q) − ln Γ(px) as one difference, and the powers as ratios of one size.
        ln_rising(px, q) - lgamma(q)
            + q * log(gamma / (gamma + sum))
            + px * log(sum / (gamma + sum))
            - log(mean)
    }

    /// Draws the total value of `n` further purchases, given the past.
    pub fn draw_total(&self, x: f64, mean: f64, n: u64, rng: &mut Rng) -> f64 {
        if n == 0 {
            return 0.0;
        }
        let [p, q, gamma] = self.numbers();
        let spent = if x == 0.0 { 0.0 } else { x * mean };
        let ln_rate = rng.ln_gamma(p * x + q) - log(gamma + spent);
        exp(rng.ln_gamma(p * n as f64) - ln_rate)
    }

    /// Mean values of `x` purchases of a new customer, drawn at random.
    pub fn simulate(&self, x: f64, rng: &mut Rng) -> f64 {
        let [p, q, gamma] = self.numbers();
        let ln_rate = rng.ln_gamma(q) - log(gamma);
        exp(rng.ln_gamma(p * x) - ln_rate) / x
    }
}

impl Model for Params {
    fn name(&self) -> &'static str {
        "gamma_gamma"
    }

    fn names(&self) -> &'static [&'static str] {
        &["p", "q", "gamma"]
    }

    fn values(&self) -> [f64; 4] {
        let [p, q, gamma] = self.numbers();
        [p, q, gamma, 1.0]
    }

    fn with_values(&self, values: [f64; 4]) -> Result<Self> {
        Self::new([values[0], values[1], values[2]])
    }
}

/// Fits the model to customers with repeat purchases.
///
/// # Errors
///
/// Columns of different lengths, frequencies that are not whole numbers from 0, means that are not
/// finite where the frequency is not 0, spend ≤ 0 under [`NoSpend::Error`];
/// [`Error::Insufficient`] with fewer than two customers.
pub fn fit(spend: &Spend<'_>, policy: NoSpend) -> Result<Fitted> {
    let used = Used::new(spend, policy)?;
    if used.customers < 2.0 {
        return Err(Error::Insufficient {
            what: "customers with a repeat purchase and spend",
            needed: 2,
            found: used.customers as u64,
        });
    }
    let codes = encode(&used.x)?;
    let (mut total, mut constant) = (0.0, 0.0);
    for (m, w) in used.mean.iter().zip(&used.weight) {
        total += w * m;
        constant -= w * log(*m);
    }
    // Money in units of the mean, so that γ is of the size of the others.
    let scale = total / used.customers;
    let mut sums = used.x.clone();
    for (sum, m) in sums.iter_mut().zip(&used.mean) {
        *sum *= m / scale;
    }
    let rows = Rows {
        x: &codes.values,
        code: &codes.code,
        ln_spent: collect(sums.iter().map(|sum| log(*sum)), "likelihood")?,
        spent: sums,
        weight: &used.weight,
    };
    let mut start = [1.0, 3.0, 2.0].map(log);
    // Of many customers every sixteenth block tells where to begin with all of them.
    if rows.code.len() >= 64 * BLOCK {
        let few = rows.maximum(start, 16)?;
        if few.outcome == Outcome::Converged {
            start = few.at;
        }
    }
    let best = rows.maximum(start, 1)?;
    let start = Params::new([1.0; 3])?;
    let mut fit = Fit::new(&start, &best, used.customers, constant)?;
    fit.model.gamma = positive("gamma", fit.model.gamma.get() * scale)?;
    Ok(Fitted {
        fit,
        without_repeat: used.without_repeat,
        without_spend: used.without_spend,
        independence: independence(&codes, &used)?,
    })
}

/// The terms in `x` alone, and in no datum.
fn of_frequencies(
    p: f64,
    q: f64,
    gamma: f64,
    customers: f64,
    x: &[f64],
    weight: &[f64],
) -> Derivatives<3> {
    let mut sum = Derivatives::default();
    for (x, w) in x.iter().zip(weight) {
        let px = p * x;
        let (both, own) = (digamma(px + q), digamma(px));
        let (both2, own2) = (trigamma(px + q), trigamma(px));
        sum.value += w * ln_rising(px, q);
        sum.gradient[0] += w * x * (both - own);
        sum.gradient[1] += w * both;
        sum.hessian[0][0] += w * x * x * (both2 - own2);
        sum.hessian[0][1] += w * x * both2;
        sum.hessian[1][1] += w * both2;
    }
    sum.value += customers * (q * log(gamma) - lgamma(q));
    sum.gradient[1] += customers * (log(gamma) - digamma(q));
    sum.gradient[2] += customers * q / gamma;
    sum.hessian[1][1] -= customers * trigamma(q);
    sum.hessian[1][2] += customers / gamma;
    sum.hessian[2][2] -= customers * q / (gamma * gamma);
    sum
}

/// Customers with repeat purchases and spend, in units of the mean.
struct Rows<'a> {
    x: &'a [f64],
    code: &'a [u32],
    spent: Vec<f64>,
    ln_spent: Vec<f64>,
    weight: &'a [f64],
}

impl Rows<'_> {
    /// The highest likelihood of every `stride`-th block of rows.
    fn maximum(&self, start: [f64; 3], stride: usize) -> Result<Optimum<3>> {
        let n = self.code.len();
        let blocks = || {
            let starts = (0..n).step_by(BLOCK * stride);
            starts.map(|start| start..(start + BLOCK).min(n))
        };
        let mut customers = 0.0;
        let mut customers_at_x = filled(self.x.len(), 0.0, "likelihood")?;
        for row in blocks().flatten() {
            customers_at_x[self.code[row] as usize] += self.weight[row];
            customers += self.weight[row];
        }
        maximize(
            start,
            [1e-6; 3].map(log),
            [1e6, 1e6, 1e7].map(log),
            customers,
            |theta| {
                let at = exp_all(theta);
                let [p, q, gamma] = at;
                let mut sum = of_frequencies(p, q, gamma, customers, self.x, &customers_at_x);
                for block in blocks() {
                    sum.add(&self.of_block(p, q, gamma, block));
                }
                Ok(sum.mean_in_logs(&at, customers))
            },
        )
    }

    /// The terms `px ln(xm) − (px+q) ln(γ + xm)` of a block of rows.
    fn of_block(&self, p: f64, q: f64, gamma: f64, rows: Range<usize>) -> Derivatives<3> {
        let mut sum = Derivatives::default();
        let spent = self.spent[rows.clone()]
            .iter()
            .zip(&self.ln_spent[rows.clone()]);
        let customers = self.code[rows.clone()].iter().zip(&self.weight[rows]);
        for ((code, w), (spent, ln_spent)) in customers.zip(spent) {
            let x = self.x[*code as usize];
            let inverse = 1.0 / (gamma + spent);
            let ln_all = log(gamma + spent);
            let ln_share = ln_spent - ln_all;
            let px = p * x;
            sum.value += w * (px * ln_share - q * ln_all);
            sum.gradient[0] += w * x * ln_share;
            sum.gradient[1] -= w * ln_all;
            sum.gradient[2] -= w * (px + q) * inverse;
            sum.hessian[0][2] -= w * x * inverse;
            sum.hessian[1][2] -= w * inverse;
            sum.hessian[2][2] += w * (px + q) * inverse * inverse;
        }
        sum
    }
}

/// Rows that the likelihood can hold.
#[derive(Default)]
struct Used {
    x: Vec<f64>,
    mean: Vec<f64>,
    weight: Vec<f64>,
    customers: f64,
    without_repeat: f64,
    without_spend: f64,
}

impl Used {
    fn new(spend: &Spend<'_>, policy: NoSpend) -> Result<Self> {
        let expected = spend.frequency.len();
        let weights = spend.weight.map_or(expected, <[f64]>::len);
        for (column, found) in [("monetary_value", spend.mean.len()), ("weights", weights)] {
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
                return Err(Error::value("weights", row, "a finite number, at least 0"));
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
            out.customers += weight;
        }
        Ok(out)
    }
}

/// Correlation of frequency and mean spend, weighted.
fn independence(x: &Codes, used: &Used) -> Result<Independence> {
    let Used { mean, weight, .. } = used;
    Ok(Independence {
        pearson: correlation(&used.x, mean, weight),
        spearman: correlation(&ranks_of_codes(x, weight)?, &ranks(mean, weight)?, weight),
    })
}

fn correlation(x: &[f64], y: &[f64], weight: &[f64]) -> Option<f64> {
    let total: f64 = weight.iter().sum();
    let centre = |v: &[f64]| v.iter().zip(weight).map(|(v, w)| v * w).sum::<f64>() / total;
    let (mx, my) = (centre(x), centre(y));
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for ((x, y), w) in x.iter().zip(y).zip(weight) {
        let (dx, dy) = (x - mx, y - my);
        xx += w * dx * dx;
        xy += w * dx * dy;
        yy += w * dy * dy;
    }
    (xx > 0.0 && yy > 0.0).then(|| (xy / sqrt(xx) / sqrt(yy)).clamp(-1.0, 1.0))
}

/// Weighted mid-ranks of values above 0.
fn ranks(values: &[f64], weight: &[f64]) -> Result<Vec<f64>> {
    // Bits of such doubles are in the order of the doubles.
    let keys = values.iter().enumerate();
    let mut order = collect(keys.map(|(i, v)| (v.to_bits(), i as u32)), "ranks")?;
    order.sort_unstable();
    let mut out = filled(values.len(), 0.0, "ranks")?;
    let mut below = 0.0;
    for run in order.chunk_by(|a, b| a.0 == b.0) {
        let here: f64 = run.iter().map(|(_, i)| weight[*i as usize]).sum();
        for (_, i) in run {
            out[*i as usize] = below + 0.5 * (here + 1.0);
        }
        below += here;
    }
    Ok(out)
}

/// The same of a coded column, by counting.
fn ranks_of_codes(column: &Codes, weight: &[f64]) -> Result<Vec<f64>> {
    let mut rank = filled(column.values.len(), 0.0, "ranks")?;
    for (code, w) in column.code.iter().zip(weight) {
        rank[*code as usize] += w;
    }
    let mut below = 0.0;
    for rank in &mut rank {
        let here = *rank;
        *rank = below + 0.5 * (here + 1.0);
        below += here;
    }
    collect(column.code.iter().map(|code| rank[*code as usize]), "ranks")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::Status;

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
        let fitted = fit(&spend(&x, &mean), NoSpend::Drop).unwrap();
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

    /// In cents everything is the same but γ.
    #[test]
    fn money_scales_gamma_alone() {
        let (x, mean) = customers([6.0, 3.5, 15.0], 500);
        let cents: Vec<f64> = mean.iter().map(|m| m * 100.0).collect();
        let one = fit(&spend(&x, &mean), NoSpend::Drop).unwrap().fit.model;
        let two = fit(&spend(&x, &cents), NoSpend::Drop).unwrap().fit.model;
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
        let dropped = fit(&spend(&x, &mean), NoSpend::Drop).unwrap();
        assert_eq!((dropped.without_spend, dropped.without_repeat), (1.0, 1.0));
        assert_eq!(dropped.fit.customers, 100.0);
        let least = NoSpend::Clamp(Positive::new(0.01).unwrap());
        let clamped = fit(&spend(&x, &mean), least).unwrap();
        assert_eq!((clamped.without_spend, clamped.fit.customers), (1.0, 101.0));
        let refused = fit(&spend(&x, &mean), NoSpend::Error).unwrap_err();
        assert_eq!(
            (refused.column(), refused.row()),
            (Some("monetary_value"), Some(100))
        );
    }

    #[test]
    fn no_mean_is_infinite_and_not_negative() {
        let model = Params::new([0.2, 0.5, 10.0]).unwrap();
        assert_eq!(model.expected_spend(0.0, f64::NAN), f64::INFINITY);
        assert_eq!(model.expected_spend(2.0, 5.0), f64::INFINITY);
        assert!(model.expected_spend(3.0, 5.0) > 0.0);
    }

    #[test]
    fn published_expectations() {
        // Fader, Hardie 2013, with their rounded parameters; recomputed by hand from the formula.
        let cdnow = Params::new([6.25, 3.74, 15.44]).unwrap();
        for (x, m, expected) in [
            (0.0, 0.0, 35.218978),
            (2.0, 22.35, 24.663714),
            (3.0, 35.0, 35.02792),
        ] {
            assert!((cdnow.expected_spend(x, m) - expected).abs() < 5e-7 * expected);
        }
    }

    #[test]
    fn equal_spend_ends_at_the_boundary() {
        let fitted = fit(&spend(&[2.0; 30], &[20.0; 30]), NoSpend::Drop).unwrap();
        assert!(
            matches!(fitted.fit.status, Status::Boundary { .. }),
            "{:?}",
            fitted.fit
        );
        assert!((fitted.fit.model.expected_spend(2.0, 20.0) - 20.0).abs() < 0.1);
        assert_eq!(fitted.independence.pearson, None);
    }

    #[test]
    fn ranks_share_the_middle() {
        let values = [3.0, 1.0, 3.0, 2.0];
        assert_eq!(ranks(&values, &[1.0; 4]).unwrap(), [3.5, 1.0, 3.5, 2.0]);
        let weights = [1.0, 2.0, 0.5, 4.0];
        let codes = encode(&values).unwrap();
        assert_eq!(
            ranks_of_codes(&codes, &weights).unwrap(),
            ranks(&values, &weights).unwrap()
        );
    }
}
