//! BG/BB: purchases in discrete opportunities, such as yearly donations.
//!
//! At each opportunity a customer who is alive buys with probability `p ~ Beta(α, β)`; before each
//! opportunity they die with probability `θ ~ Beta(γ, δ)`. With `x` purchases in `n` opportunities,
//! the last at `t_x`,
//!
//! ```text
//! L = ln Σ_{i=t_x}^{n} A_i
//! A_n = B(α+x, β+n−x)/B(α, β) · B(γ, δ+n)/B(γ, δ)
//! A_i = B(α+x, β+i−x)/B(α, β) · B(γ+1, δ+i)/B(γ, δ),   i < n: died after opportunity i
//! P(alive at n+1) = A_n/e^L · (δ+n)/(γ+δ+n)
//! E[Y(h)] = (α+x)/(α+β+n) · Σ_{i=1}^{h} P(alive at n+i)
//! ```
//!
//! Its likelihood is of purchases per opportunity, so it cannot be compared with the likelihoods of
//! the continuous models.
//!
//! # Reference
//!
//! - Fader, Hardie, Shang (2010). Customer-base analysis in a discrete-time noncontractual setting.
//!   *Marketing Science* 29.

use libm::{exp, lgamma, log};
use serde::{Deserialize, Serialize};

use crate::clv::models::model::{Fit, Model, positive};
use crate::clv::models::pareto_integral::hypergeometric;
use crate::context::{Context, filled};
use crate::error::{Error, Result};
use crate::num::Positive;
use crate::num::optimize::{Derivatives, maximize_positive};
use crate::num::rising_factorial::RisingFactorial;
use crate::num::rng::Rng;
use crate::num::special::{ln_add_exp, ln_rising};

/// Parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// First parameter of the purchase probability over customers.
    pub alpha: Positive,
    /// Second parameter of the purchase probability over customers.
    pub beta: Positive,
    /// First parameter of the death probability over customers.
    pub gamma: Positive,
    /// Second parameter of the death probability over customers.
    pub delta: Positive,
}

/// One pattern of purchases over opportunities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pattern {
    /// x: purchases.
    pub x: u32,
    /// t_x: the opportunity of the last purchase, 0 if none.
    pub t_x: u32,
    /// n: opportunities.
    pub n: u32,
    /// Customers with this pattern.
    pub weight: f64,
}

/// The largest number of opportunities accepted.
const MOST: u32 = 100_000;

impl Params {
    /// Parameters `α, β, γ, δ` from plain numbers.
    ///
    /// # Errors
    ///
    /// [`Error::OptionValue`] unless all are finite and greater than 0.
    pub fn new(values: [f64; 4]) -> Result<Self> {
        let [alpha, beta, gamma, delta] = values;
        Ok(Self {
            alpha: positive("alpha", alpha)?,
            beta: positive("beta", beta)?,
            gamma: positive("gamma", gamma)?,
            delta: positive("delta", delta)?,
        })
    }

    fn numbers(&self) -> [f64; 4] {
        [self.alpha, self.beta, self.gamma, self.delta].map(Positive::get)
    }

    /// `ln B(α+x, β+c)/B(α, β)`: `x` purchases and `c` opportunities without one, in a given order.
    fn ln_buys(&self, x: u32, c: u32) -> f64 {
        let [a, b, _, _] = self.numbers();
        let (x, c) = (f64::from(x), f64::from(c));
        ln_rising(a, x) + ln_rising(b, c) - ln_rising(a + b, x + c)
    }

    /// `ln B(γ, δ+n)/B(γ, δ)`: alive through `n`.
    fn ln_lives(&self, n: u32) -> f64 {
        let [_, _, g, d] = self.numbers();
        ln_rising(d, f64::from(n)) - ln_rising(g + d, f64::from(n))
    }

    /// `ln B(γ+1, δ+n)/B(γ, δ)`: alive through `n`, and dead before `n + 1`.
    fn ln_dies(&self, n: u32) -> f64 {
        let [_, _, g, d] = self.numbers();
        self.ln_lives(n) + log(g / (g + d + f64::from(n)))
    }

    /// Log-likelihood of one customer of a valid pattern.
    pub fn log_likelihood(&self, x: u32, t_x: u32, n: u32) -> f64 {
        // ln A_n, then ln A_i for t_x ≤ i < n
        let alive = self.ln_buys(x, n - x) + self.ln_lives(n);
        (t_x..n)
            .map(|i| self.ln_buys(x, i - x) + self.ln_dies(i))
            .fold(alive, ln_add_exp)
    }

    /// Probability of being alive after the `n` opportunities, before the next chance to die.
    fn alive(&self, x: u32, t_x: u32, n: u32) -> f64 {
        let ln_alive = self.ln_buys(x, n - x) + self.ln_lives(n);
        exp(ln_alive - self.log_likelihood(x, t_x, n))
    }

    /// Probability of being alive at opportunity `n + ahead`, `ahead ≥ 1`.
    ///
    /// ```
    /// use crm_core::clv::models::bgbb::Params;
    /// let donors = Params::new([1.2035, 0.7497, 0.6568, 2.7834])?;
    /// // Fader, Hardie, Shang 2010: gave every year.
    /// assert!((donors.probability_alive(6, 6, 6, 1) - 0.93).abs() < 0.001);
    /// # Ok::<(), crm_core::Error>(())
    /// ```
    pub fn probability_alive(&self, x: u32, t_x: u32, n: u32, ahead: u32) -> f64 {
        let [_, _, g, d] = self.numbers();
        let (n_, ahead) = (f64::from(n), f64::from(ahead));
        // B(γ, δ+n+ahead)/B(γ, δ+n)
        let stays = exp(ln_rising(d + n_, ahead) - ln_rising(g + d + n_, ahead));
        self.alive(x, t_x, n) * stays
    }

    /// Expected purchases in the next `h` opportunities. A new customer has `x = t_x = n = 0`.
    pub fn expected(&self, x: u32, t_x: u32, n: u32, h: u32) -> f64 {
        let [a, b, g, d] = self.numbers();
        let n_ = f64::from(n);
        let mut stays = 1.0;
        let mut sum = 0.0;
        for i in 0..h {
            let i = f64::from(i);
            // P(alive at n+i+1 | alive at n)
            stays *= (d + n_ + i) / (g + d + n_ + i);
            sum += stays;
        }
        // P(alive) · E[p], with p ~ beta(α+x, β+n−x) given the past, · Σ_i P(alive at n+i+1)
        self.alive(x, t_x, n) * (a + f64::from(x)) / (a + b + n_) * sum
    }

    /// Expected purchases in all further opportunities, discounted: the next opportunity counts
    /// `1/(1+rate)`, the one after it `1/(1+rate)²`, … +∞ at rate 0 and `γ ≤ 1`.
    pub fn discounted(&self, x: u32, t_x: u32, n: u32, rate: f64) -> f64 {
        let [a, b, g, d] = self.numbers();
        let n_ = f64::from(n);
        let sum = if rate > 0.0 {
            // Σ_i (δ+n)_i/(γ+δ+n)_i (1+rate)^−i
            let next = (d + n_) / (g + d + n_) / (1.0 + rate);
            next * hypergeometric(d + n_ + 1.0, g + d + n_ + 1.0, 1.0 / (1.0 + rate))
        } else if g > 1.0 {
            (d + n_) / (g - 1.0)
        } else {
            return f64::INFINITY;
        };
        self.alive(x, t_x, n) * (a + f64::from(x)) / (a + b + n_) * sum
    }

    /// Probability of `k` purchases in the next `h` opportunities.
    pub fn probability_of(&self, k: u32, x: u32, t_x: u32, n: u32, h: u32) -> f64 {
        let [a, b, g, d] = self.numbers();
        let alive = self.alive(x, t_x, n);
        let gone = if k == 0 { 1.0 - alive } else { 0.0 };
        let Ok(then) = Self::new([a + f64::from(x), b + f64::from(n - x), g, d + f64::from(n)])
        else {
            return gone;
        };
        let ln_choose = |i: u32| {
            let [i, k] = [i, k].map(f64::from);
            lgamma(i + 1.0) - lgamma(k + 1.0) - lgamma(i - k + 1.0)
        };
        if k > h {
            return gone;
        }
        // alive for all h opportunities, or dead after i of them, with k purchases
        let stays = exp(ln_choose(h) + then.ln_buys(k, h - k) + then.ln_lives(h));
        let leaves: f64 = (k..h)
            .map(|i| exp(ln_choose(i) + then.ln_buys(k, i - k) + then.ln_dies(i)))
            .sum();
        gone + alive * (stays + leaves)
    }

    /// A pattern over `n` opportunities, drawn at random.
    pub fn simulate(&self, n: u32, rng: &mut Rng) -> Pattern {
        let [a, b, g, d] = self.numbers();
        // p ~ beta(α, β): buys while alive; θ ~ beta(γ, δ): leaves before an opportunity
        let (p, theta) = (rng.beta(a, b), rng.beta(g, d));
        let mut pattern = Pattern {
            x: 0,
            t_x: 0,
            n,
            weight: 1.0,
        };
        for t in 1..=n {
            if rng.uniform() < theta {
                break;
            }
            if rng.uniform() < p {
                pattern.x += 1;
                pattern.t_x = t;
            }
        }
        pattern
    }
}

/// Customers by number of purchases: actual, and expected from their numbers of opportunities
/// alone.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Histogram {
    /// Actual customers by number of purchases; the last cell includes customers with more
    /// purchases.
    pub actual: Vec<f64>,
    /// Expected: Σ over customers of `P(X(n) = k)`.
    pub expected: Vec<f64>,
}

/// Customers by number of purchases; the last cell is `up_to` or more.
///
/// ```
/// use crm_core::Context;
/// use crm_core::clv::models::bgbb;
/// use crm_core::clv::models::bgbb::{Params, Pattern};
/// // At the one opportunity a customer is alive with probability ½ and then buys with probability ½.
/// let model = Params::new([1.0, 1.0, 1.0, 1.0])?;
/// let pattern = Pattern { x: 1, t_x: 1, n: 1, weight: 40.0 };
/// let found = bgbb::histogram(&model, &[pattern], 1, &Context::default())?;
/// assert_eq!(found.actual, [0.0, 40.0]);
/// assert!((found.expected[1] - 10.0).abs() < 1e-12); // 40 · ½ · ½
/// # Ok::<(), crm_core::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`check`], [`Error::Cancelled`].
pub fn histogram(
    model: &Params,
    patterns: &[Pattern],
    up_to: u32,
    context: &Context,
) -> Result<Histogram> {
    check(patterns)?;
    let cells = up_to as usize + 1;
    let mut actual = filled(cells, 0.0, "histogram")?;
    let mut expected = filled(cells, 0.0, "histogram")?;
    // Customers by number of opportunities: the expectation uses nothing else about them.
    let longest = patterns.iter().map(|p| p.n as usize).max().unwrap_or(0);
    let mut of_n = filled(longest + 1, 0.0, "histogram")?;
    for p in patterns {
        actual[p.x.min(up_to) as usize] += p.weight;
        of_n[p.n as usize] += p.weight;
    }
    for (n, customers) in (0..).zip(&of_n).filter(|(_, customers)| **customers > 0.0) {
        let mut rest = 1.0_f64;
        for k in 0..up_to.min(n + 1) {
            context.check()?;
            let share = model.probability_of(k, 0, 0, 0, n);
            expected[k as usize] += customers * share;
            rest -= share;
        }
        if up_to <= n {
            let share = match up_to == n {
                true => model.probability_of(n, 0, 0, 0, n),
                false => rest.max(0.0),
            };
            expected[up_to as usize] += customers * share;
        }
    }
    Ok(Histogram { actual, expected })
}

impl Model for Params {
    fn name(&self) -> &'static str {
        "bgbb"
    }

    fn names(&self) -> &'static [&'static str] {
        &["alpha", "beta", "gamma", "delta"]
    }

    fn values(&self) -> [f64; 4] {
        self.numbers()
    }

    fn with_values(&self, values: [f64; 4]) -> Result<Self> {
        Self::new(values)
    }
}

/// Checks patterns: `x ≤ t_x ≤ n`, `t_x = 0` only with `x = 0`, weights finite and at least 0.
///
/// # Errors
///
/// [`Error::Value`] naming column and row.
pub fn check(patterns: &[Pattern]) -> Result<()> {
    for (row, p) in patterns.iter().enumerate() {
        if p.n > MOST {
            return Err(Error::value("n", row, "at most 100000 opportunities"));
        }
        if p.t_x > p.n {
            return Err(Error::value("recency", row, "at most n"));
        }
        if p.x > p.t_x || (p.x == 0) != (p.t_x == 0) {
            let expected = "at most recency, and 0 only where recency is";
            return Err(Error::value("frequency", row, expected));
        }
        if !(p.weight >= 0.0 && p.weight.is_finite()) {
            return Err(Error::value("weight", row, "a finite number, at least 0"));
        }
    }
    Ok(())
}

/// Fits the model to patterns.
///
/// # Errors
///
/// Those of [`check`]; [`Error::Insufficient`] with fewer than two customers who bought.
pub fn fit(patterns: &[Pattern], context: &Context) -> Result<Fit<Params>> {
    check(patterns)?;
    let (mut customers, mut buyers, mut longest) = (0.0, 0.0, 0);
    for p in patterns {
        customers += p.weight;
        buyers += if p.x > 0 { p.weight } else { 0.0 };
        longest = longest.max(p.n as usize);
    }
    if buyers < 2.0 {
        return Err(Error::Insufficient {
            what: "customers with a purchase",
            needed: 2,
            found: buyers as u64,
        });
    }
    let mut tables = Tables::new(longest)?;
    let (low, high) = ([1e-6; 4], [1e6; 4]);
    let best = maximize_positive([1.0, 1.0, 0.7, 2.0], low, high, customers, |at| {
        context.check()?;
        tables.fill(at);
        let mut sum = Derivatives::default();
        for p in patterns {
            tables.add(p, at[2], at[3], &mut sum);
        }
        Ok(sum)
    })?;
    Fit::new(&Params::new([1.0; 4])?, &best, customers, 0.0)
}

/// Tables of `lnΓ(c+i) − lnΓ(c)` with first and second derivative, for each argument in a
/// likelihood.
struct Tables {
    alpha: Vec<[f64; 3]>,
    beta: Vec<[f64; 3]>,
    buys: Vec<[f64; 3]>,
    delta: Vec<[f64; 3]>,
    lives: Vec<[f64; 3]>,
}

impl Tables {
    fn new(n: usize) -> Result<Self> {
        let table = || filled(n + 1, [0.0; 3], "likelihood");
        Ok(Self {
            alpha: table()?,
            beta: table()?,
            buys: table()?,
            delta: table()?,
            lives: table()?,
        })
    }

    fn fill(&mut self, &[a, b, g, d]: &[f64; 4]) {
        for (table, c) in [
            (&mut self.alpha, a),
            (&mut self.beta, b),
            (&mut self.buys, a + b),
            (&mut self.delta, d),
            (&mut self.lives, g + d),
        ] {
            let mut walk = RisingFactorial::new(c);
            for (n, entry) in table.iter_mut().enumerate() {
                *entry = walk.to(n as f64);
            }
        }
    }

    /// Adds a pattern's log-likelihood `ln Σ A_i`. Its derivatives are means of the derivatives of
    /// `ln A_i`, weighted by `A_i`.
    fn add(&self, p: &Pattern, g: f64, d: f64, sum: &mut Derivatives<4>) {
        let (x, t_x, n) = (p.x as usize, p.t_x as usize, p.n as usize);
        let term = |i: usize| {
            let (alpha, beta, buys) = (self.alpha[x], self.beta[i - x], self.buys[i]);
            let (delta, lives) = (self.delta[i], self.lives[i]);
            let mut out = Derivatives::<4> {
                value: alpha[0] + beta[0] - buys[0] + delta[0] - lives[0],
                gradient: [
                    alpha[1] - buys[1],
                    beta[1] - buys[1],
                    -lives[1],
                    delta[1] - lives[1],
                ],
                ..Derivatives::default()
            };
            out.hessian[0][0] = alpha[2] - buys[2];
            out.hessian[0][1] = -buys[2];
            out.hessian[1][1] = beta[2] - buys[2];
            out.hessian[2][2] = -lives[2];
            out.hessian[2][3] = -lives[2];
            out.hessian[3][3] = delta[2] - lives[2];
            if i < n {
                // ln A_i has the factor ln γ/(γ+δ+i): death after opportunity i.
                let all = 1.0 / (g + d + i as f64);
                out.value += log(g * all);
                out.gradient[2] += 1.0 / g - all;
                out.gradient[3] -= all;
                out.hessian[2][2] += all * all - 1.0 / (g * g);
                out.hessian[2][3] += all * all;
                out.hessian[3][3] += all * all;
            }
            out
        };
        let highest = (t_x..=n)
            .map(|i| term(i).value)
            .fold(f64::NEG_INFINITY, f64::max);
        let mut mean = Derivatives::<4>::default();
        for i in t_x..=n {
            let t = term(i);
            // A_i, relative to the largest
            let share = exp(t.value - highest);
            mean.value += share;
            for k in 0..4 {
                mean.gradient[k] += share * t.gradient[k];
                for l in k..4 {
                    mean.hessian[k][l] += share * (t.hessian[k][l] + t.gradient[k] * t.gradient[l]);
                }
            }
        }
        sum.value += p.weight * (highest + log(mean.value));
        let slope = mean.gradient.map(|v| v / mean.value);
        for k in 0..4 {
            sum.gradient[k] += p.weight * slope[k];
            for l in k..4 {
                let curve = mean.hessian[k][l] / mean.value - slope[k] * slope[l];
                sum.hessian[k][l] += p.weight * curve;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::models::model::Status;

    /// Fader, Hardie, Shang 2010, table 1: 11,104 donors of 1995, six years.
    const DONORS: [(u32, u32, f64); 22] = [
        (0, 0, 3464.0),
        (1, 1, 1091.0),
        (1, 2, 277.0),
        (1, 3, 129.0),
        (1, 4, 78.0),
        (1, 5, 119.0),
        (1, 6, 129.0),
        (2, 2, 613.0),
        (2, 3, 255.0),
        (2, 4, 155.0),
        (2, 5, 173.0),
        (2, 6, 234.0),
        (3, 3, 322.0),
        (3, 4, 181.0),
        (3, 5, 225.0),
        (3, 6, 357.0),
        (4, 4, 240.0),
        (4, 5, 284.0),
        (4, 6, 512.0),
        (5, 5, 335.0),
        (5, 6, 728.0),
        (6, 6, 1203.0),
    ];

    fn donors() -> Vec<Pattern> {
        DONORS
            .iter()
            .map(|&(x, t_x, weight)| Pattern {
                x,
                t_x,
                n: 6,
                weight,
            })
            .collect()
    }

    /// The paper's table of parameters; digits beyond the paper's recomputed.
    #[test]
    fn published_donors() {
        let fit = fit(&donors(), &Context::default()).unwrap();
        assert_eq!(
            (fit.status.clone(), fit.customers),
            (Status::Converged, 11104.0)
        );
        for (value, expected) in fit
            .model
            .numbers()
            .iter()
            .zip([1.2035224, 0.74971636, 0.65671821, 2.7834422])
        {
            assert!((value / expected - 1.0).abs() < 1e-7, "{value} {expected}");
        }
        assert!(
            (fit.log_likelihood + 33225.581274).abs() < 6e-7,
            "{}",
            fit.log_likelihood
        );
        let direct: f64 = donors()
            .iter()
            .map(|p| p.weight * fit.model.log_likelihood(p.x, p.t_x, p.n))
            .sum();
        assert!((fit.log_likelihood / direct - 1.0).abs() < 1e-13);
    }

    #[test]
    fn published_probabilities() {
        let model = Params::new([1.2035, 0.7497, 0.6568, 2.7834]).unwrap();
        for (x, t, expected) in [
            (0, 0, 0.10811),
            (2, 4, 0.58962),
            (6, 6, 0.93043),
            (4, 5, 0.69677),
        ] {
            let found = model.probability_alive(x, t, 6, 1);
            assert!((found - expected).abs() < 6e-6, "{x} {t}: {found}");
        }
    }

    /// At the paper's parameters, from `lifetimes` 0.11.3 (tests/python/oracles/clv_lifetimes.py):
    /// `BetaGeoBetaBinomFitter.expected_number_of_transactions_in_first_n_periods`.
    #[test]
    fn donors_by_number_of_gifts() {
        let model = Params::new([1.2035, 0.7497, 0.6568, 2.7834]).unwrap();
        let context = Context::default();
        let found = histogram(&model, &donors(), 6, &context).unwrap();
        let gave = [3464.0, 1823.0, 1430.0, 1085.0, 1036.0, 1063.0, 1203.0];
        assert_eq!(found.actual, gave);
        let peer = [
            3455.1595607001946,
            1888.7081375673783,
            1348.8656724382524,
            1113.328393552783,
            1017.8513691603094,
            1027.0781156284556,
            1253.0087509526204,
        ];
        for (k, (ours, theirs)) in found.expected.iter().zip(peer).enumerate() {
            assert!((ours / theirs - 1.0).abs() < 1e-10, "{k}: {ours} {theirs}");
        }
        // The last row takes the rest; more rows than opportunities; donors with two different n.
        let four = histogram(&model, &donors(), 4, &context).unwrap();
        assert_eq!(four.actual[4], 1036.0 + 1063.0 + 1203.0);
        assert!((four.expected[4] - peer[4..].iter().sum::<f64>()).abs() < 1e-8);
        let nine = histogram(&model, &donors(), 9, &context).unwrap();
        assert_eq!(
            (nine.expected[6], nine.expected[7]),
            (found.expected[6], 0.0)
        );
        let two = [(1, 100.0), (2, 50.0)].map(|(n, weight)| Pattern {
            x: 0,
            t_x: 0,
            n,
            weight,
        });
        let found = histogram(&model, &two, 2, &context).unwrap();
        let of = |k, n| model.probability_of(k, 0, 0, 0, n);
        assert!((found.expected[1] - 100.0 * of(1, 1) - 50.0 * of(1, 2)).abs() < 1e-12);
        assert!((found.expected.iter().sum::<f64>() - 150.0).abs() < 1e-10);
    }

    #[test]
    fn counts_add_up() {
        let model = Params::new([1.2, 0.75, 0.66, 2.8]).unwrap();
        let p: Vec<f64> = (0..=9)
            .map(|k| model.probability_of(k, 2, 4, 6, 9))
            .collect();
        let mean: f64 = p.iter().enumerate().map(|(k, p)| k as f64 * p).sum();
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((mean / model.expected(2, 4, 6, 9) - 1.0).abs() < 1e-12);
        // Discounting: the sum over single opportunities.
        let sum: f64 = (1..3000_u32)
            .map(|h| {
                let alive = model.probability_alive(2, 4, 6, h);
                alive * (1.2 + 2.0) / (1.2 + 0.75 + 6.0) * libm::pow(1.1, -f64::from(h))
            })
            .sum();
        assert!((model.discounted(2, 4, 6, 0.1) / sum - 1.0).abs() < 1e-12);
        assert_eq!(model.discounted(2, 4, 6, 0.0), f64::INFINITY);
    }

    #[test]
    fn impossible_patterns_are_refused() {
        let pattern = |x, t_x, n| Pattern {
            x,
            t_x,
            n,
            weight: 9.0,
        };
        let column = |p| {
            fit(&[pattern(1, 1, 6), p], &Context::default())
                .unwrap_err()
                .column()
                .map(String::from)
        };
        assert_eq!(column(pattern(1, 7, 6)), Some("recency".into()));
        assert_eq!(column(pattern(3, 2, 6)), Some("frequency".into()));
        assert_eq!(column(pattern(0, 2, 6)), Some("frequency".into()));
    }

    /// A customer buys at most once per opportunity, and all counts together are certain.
    #[test]
    fn counts_of_the_future_add_up_and_end_with_the_opportunities() {
        let params = Params::new([1.2, 0.75, 0.66, 2.8]).unwrap();
        for (x, t_x, n) in [(0, 0, 6), (2, 5, 6), (6, 6, 6)] {
            for h in [1, 4, 9] {
                let all: f64 = (0..=h)
                    .map(|k| params.probability_of(k, x, t_x, n, h))
                    .sum();
                assert!((all - 1.0).abs() < 1e-12, "{x} {t_x} {n} {h}: {all}");
                for k in [h + 1, h + 2, h + 7] {
                    assert_eq!(params.probability_of(k, x, t_x, n, h), 0.0);
                }
            }
        }
    }
}
