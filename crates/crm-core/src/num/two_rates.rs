//! Two rates compared: intervals of their difference and ratio, and tests.
//!
//! With `x_1` of `n_1` in the control, `x_2` of `n_2` in the variant, `p = x/n`, `q = 1 − p`, `d = p_2 − p_1`
//! and `r = p_2 / p_1`:
//!
//! ```text
//! Wald        d ± z √(p_1 q_1/n_1 + p_2 q_2/n_2)
//! Newcombe    d − √((p_2 − l_2)² + (u_1 − p_1)²),  d + √((u_2 − p_2)² + (p_1 − l_1)²)     l, u: Wilson's ends
//! score       all δ with |d − δ| ≤ z √(V(δ) N/(N − 1)): V at the most likely rates whose difference is δ
//! log         r exp(± z √(q_1/x_1 + q_2/x_2))
//! score       all ρ with |p_2 − ρ p_1| ≤ z √(V(ρ) N/(N − 1)), N = n_1 + n_2
//! z           d / √(p q (1/n_1 + 1/n_2)), p = (x_1 + x_2)/N
//! Fisher      the sum of the hypergeometric probabilities not above that of the table
//! Yates       N (|x_1 (n_2 − x_2) − x_2 (n_1 − x_1)| − N/2)² / (n_1 n_2 (x_1 + x_2)(N − x_1 − x_2))
//! ```
//!
//! # References
//!
//! - Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions.
//!   *Statistics in Medicine* 17, 873-890: method 10.
//! - Miettinen, O., Nurminen, M. (1985). Comparative analysis of two rates. *Statistics in Medicine* 4,
//!   213-226: the score intervals.
//! - Katz, D. and others (1978). Obtaining confidence intervals for the risk ratio in cohort studies.
//!   *Biometrics* 34, 469-474.

use super::Fraction;
use super::incomplete::beta_quantile;
use super::normal;
use super::ratio::wilson;
use libm::{exp, sqrt};

/// Successes and trials of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Rate {
    /// Successes, at most the trials.
    pub hits: u64,
    /// Trials, at least one.
    pub trials: u64,
}

/// Lower and upper end.
pub type Interval = (f64, f64);

impl Rate {
    /// The share.
    pub fn value(self) -> f64 {
        self.hits as f64 / self.trials as f64
    }

    fn misses(self) -> f64 {
        (self.trials - self.hits) as f64
    }

    /// `p (1 − p) / n`.
    pub fn variance(self) -> f64 {
        let p = self.value();
        p * (1.0 - p) / self.trials as f64
    }
}

fn z_of(level: Fraction) -> f64 {
    normal::quantile(0.5 + 0.5 * level.get())
}

/// Clopper and Pearson's exact interval of one rate.
///
/// ```
/// use crm_core::{Fraction, num::two_rates::{Rate, clopper_pearson}};
/// let (low, high) = clopper_pearson(Rate { hits: 242, trials: 5000 }, Fraction::P95);
/// assert!((low / 0.042_616_618_172_843_214 - 1.0).abs() < 1e-11);
/// assert!((high / 0.054_717_605_987_701_506 - 1.0).abs() < 1e-11);
/// ```
pub fn clopper_pearson(rate: Rate, level: Fraction) -> Interval {
    // Quantiles of Beta(x, n − x + 1) and Beta(x + 1, n − x); the upper one from its mirror image, which has
    // the digits near 1.
    let tail = 0.5 - 0.5 * level.get();
    let (x, n) = (rate.hits as f64, rate.trials as f64);
    let low = match rate.hits {
        0 => 0.0,
        _ => beta_quantile(x, n - x + 1.0, tail),
    };
    let high = match rate.hits == rate.trials {
        true => 1.0,
        false => 1.0 - beta_quantile(n - x, x + 1.0, tail),
    };
    (low, high)
}

/// Jeffreys' interval of one rate: the middle of the posterior with the prior Beta(½, ½), 0 or 1 at the
/// ends (Brown, Cai, DasGupta 2001).
pub fn jeffreys(rate: Rate, level: Fraction) -> Interval {
    let tail = 0.5 - 0.5 * level.get();
    let (a, b) = (rate.hits as f64 + 0.5, rate.misses() + 0.5);
    let low = match rate.hits {
        0 => 0.0,
        _ => beta_quantile(a, b, tail),
    };
    let high = match rate.hits == rate.trials {
        true => 1.0,
        false => 1.0 - beta_quantile(b, a, tail),
    };
    (low, high)
}

/// Newcombe's interval of the difference `variant − control`.
///
/// ```
/// use crm_core::{Fraction, num::two_rates::{Rate, newcombe}};
/// let (a, b) = (Rate { hits: 200, trials: 5000 }, Rate { hits: 242, trials: 5000 });
/// let (low, high) = newcombe(a, b, Fraction::P95);
/// assert!((low - 0.000_335_214_656_795).abs() < 1e-15);
/// assert!((high - 0.016_500_317_671_443).abs() < 1e-15);
/// ```
pub fn newcombe(control: Rate, variant: Rate, level: Fraction) -> Interval {
    let ends = |rate: Rate| wilson(rate.value(), rate.trials as f64, level);
    let ((l_1, u_1), (l_2, u_2)) = (ends(control), ends(variant));
    let (p_1, p_2) = (control.value(), variant.value());
    let d = p_2 - p_1;
    let root = |a: f64, b: f64| sqrt(a * a + b * b);
    (
        d - root(p_2 - l_2, u_1 - p_1),
        d + root(u_2 - p_2, p_1 - l_1),
    )
}

/// Wald's interval of the difference; of no width where both rates are 0 or 1.
pub fn wald(control: Rate, variant: Rate, level: Fraction) -> Interval {
    let d = variant.value() - control.value();
    // z √(p_1 q_1/n_1 + p_2 q_2/n_2)
    let half = z_of(level) * sqrt(control.variance() + variant.variance());
    (d - half, d + half)
}

/// Miettinen and Nurminen's score interval of the difference.
pub fn score_difference(control: Rate, variant: Rate, level: Fraction) -> Interval {
    let z = z_of(level);
    let d = variant.value() - control.value();
    let score = |delta: f64| {
        // The derivative of the likelihood falls in p_1.
        let (x_1, x_2) = (control.hits as f64, variant.hits as f64);
        let slope = |p: f64| {
            part(x_1, p) - part(control.misses(), 1.0 - p) + part(x_2, p + delta)
                - part(variant.misses(), 1.0 - p - delta)
        };
        let p = bisected((-delta).max(0.0), (1.0 - delta).min(1.0), slope);
        let q = (p + delta).clamp(0.0, 1.0);
        let v = p * (1.0 - p) / control.trials as f64 + q * (1.0 - q) / variant.trials as f64;
        standardised(d - delta, v * corrected(control, variant))
    };
    let low = bisected(-1.0, d, |delta| score(delta) - z);
    let high = bisected(d, 1.0, |delta| score(delta) + z);
    (low, high)
}

/// The interval of the ratio `variant / control` on the scale of logarithms; `None` without successes in
/// one of the two. Where a group has no failures its part of the spread would be 0: then the score interval.
pub fn log_ratio(control: Rate, variant: Rate, level: Fraction) -> Option<Interval> {
    if control.hits == 0 || variant.hits == 0 {
        return None;
    }
    if control.hits == control.trials || variant.hits == variant.trials {
        return score_ratio(control, variant, level);
    }
    // q/x
    let part = |rate: Rate| (1.0 - rate.value()) / rate.hits as f64;
    let spread = z_of(level) * sqrt(part(control) + part(variant));
    let r = variant.value() / control.value();
    Some((r * exp(-spread), r * exp(spread)))
}

/// Miettinen and Nurminen's score interval of the ratio; `None` without successes in the control.
pub fn score_ratio(control: Rate, variant: Rate, level: Fraction) -> Option<Interval> {
    if control.hits == 0 {
        return None;
    }
    let z = z_of(level);
    let (p_1, p_2) = (control.value(), variant.value());
    let hits = (control.hits + variant.hits) as f64;
    // ρ = e^s. For a given ρ the most likely p_1 is the root of the derivative of the likelihood, which falls.
    let score = |s: f64| {
        let rho = exp(s);
        let slope = |p: f64| {
            part(hits, p)
                - part(control.misses(), 1.0 - p)
                - rho * part(variant.misses(), 1.0 - rho * p)
        };
        let p = bisected(0.0, (1.0 / rho).min(1.0), slope);
        let q = (rho * p).min(1.0);
        let v = q * (1.0 - q) / variant.trials as f64
            + rho * rho * p * (1.0 - p) / control.trials as f64;
        standardised(p_2 - rho * p_1, v * corrected(control, variant))
    };
    // Far beyond any ratio of two counts.
    const FAR: f64 = 100.0;
    let middle = match variant.hits {
        0 => -FAR,
        _ => libm::log(p_2 / p_1),
    };
    let low = match variant.hits {
        0 => 0.0,
        _ => exp(bisected(-FAR, middle, |s| score(s) - z)),
    };
    let high = exp(bisected(middle, FAR, |s| score(s) + z));
    Some((low, high))
}

/// `count / p`, 0 for no count: the term is not in the likelihood.
fn part(count: f64, p: f64) -> f64 {
    if count == 0.0 { 0.0 } else { count / p }
}

/// `N / (N − 1)`.
fn corrected(control: Rate, variant: Rate) -> f64 {
    let n = (control.trials + variant.trials) as f64;
    n / (n - 1.0)
}

fn standardised(off: f64, variance: f64) -> f64 {
    if off == 0.0 {
        0.0
    } else {
        off / sqrt(variance)
    }
}

/// Where a falling function changes its sign; an end, if it does not.
fn bisected(mut low: f64, mut high: f64, falling: impl Fn(f64) -> f64) -> f64 {
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return middle;
        }
        if falling(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// The pooled z of the difference `variant − control`; 0 where all or none succeeded.
pub fn z(control: Rate, variant: Rate) -> f64 {
    let (n_1, n_2) = (control.trials as f64, variant.trials as f64);
    let p = (control.hits + variant.hits) as f64 / (n_1 + n_2);
    standardised(
        variant.value() - control.value(),
        p * (1.0 - p) * (1.0 / n_1 + 1.0 / n_2),
    )
}

/// The two-sided p-value of a standard normal statistic.
pub fn two_sided(z: f64) -> f64 {
    (2.0 * normal::upper_tail(z.abs())).min(1.0)
}

/// The p-value of the chi-squared test with Yates' continuity correction.
pub fn yates(control: Rate, variant: Rate) -> f64 {
    let (n_1, n_2) = (control.trials as f64, variant.trials as f64);
    let (x_1, x_2) = (control.hits as f64, variant.hits as f64);
    let (n, x) = (n_1 + n_2, x_1 + x_2);
    let below = n_1 * n_2 * x * (n - x);
    if below == 0.0 {
        return 1.0;
    }
    let off = ((x_1 * variant.misses() - x_2 * control.misses()).abs() - 0.5 * n).max(0.0);
    two_sided(sqrt(n / below) * off)
}

/// The most tables of which [`fisher`] adds up the probabilities.
const TABLES: u64 = 10_000_000;

/// Fisher's exact two-sided p-value. Tables whose probabilities differ by less than one in ten million
/// count as equally likely, as in R. `None` of more than ten million possible tables.
pub fn fisher(control: Rate, variant: Rate) -> Option<f64> {
    let (n_1, n_2) = (control.trials, variant.trials);
    let x = control.hits + variant.hits;
    let (least, most) = (x.saturating_sub(n_2), x.min(n_1));
    if most - least > TABLES {
        return None;
    }
    // P(k + 1)/P(k) = (n_1 − k)(x − k) / ((k + 1)(n_2 − x + k + 1)), from the mode outwards, so that
    // only what is negligible underflows.
    let up = |k: u64| {
        let (k, n_1, n_2, x) = (k as f64, n_1 as f64, n_2 as f64, x as f64);
        (n_1 - k) * (x - k) / ((k + 1.0) * (n_2 - x + k + 1.0))
    };
    let mode = (n_1 as f64 + 1.0) * (x as f64 + 1.0) / (n_1 as f64 + n_2 as f64 + 2.0);
    let mode = (mode as u64).clamp(least, most);
    let walk = |visit: &mut dyn FnMut(u64, f64)| {
        visit(mode, 1.0);
        let (mut k, mut weight) = (mode, 1.0);
        while k < most && weight > 0.0 {
            weight *= up(k);
            k += 1;
            visit(k, weight);
        }
        let (mut k, mut weight) = (mode, 1.0);
        while k > least && weight > 0.0 {
            weight /= up(k - 1);
            k -= 1;
            visit(k, weight);
        }
    };
    let mut here = 0.0;
    walk(&mut |k, weight| {
        if k == control.hits {
            here = weight;
        }
    });
    let (mut all, mut extreme) = (0.0, 0.0);
    walk(&mut |_, weight| {
        all += weight;
        if weight <= here * (1.0 + 1e-7) {
            extreme += weight;
        }
    });
    Some((extreme / all).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Rate = Rate {
        hits: 200,
        trials: 5000,
    };
    const B: Rate = Rate {
        hits: 242,
        trials: 5000,
    };

    fn near(found: f64, expected: f64) {
        assert!(
            (found / expected - 1.0).abs() < 1e-11,
            "{found:e} for {expected:e}"
        );
    }

    /// R 4: prop.test, fisher.test, chisq.test; DescTools' BinomCI and BinomDiffCI.
    #[test]
    fn tests_and_intervals_of_two_rates() {
        near(z(A, B), 2.043_405_898_258_852_5);
        near(two_sided(z(A, B)), 0.041_012_274_079_516_506);
        near(fisher(A, B).unwrap(), 0.045_957_945_502_279_746);
        near(yates(A, B), 0.046_069_784_632_533_75);
        let (low, high) = wilson(B.value(), 5000.0, Fraction::P95);
        near(low, 0.042_790_304_088_636_13);
        near(high, 0.054_703_084_308_139_47);
        let (low, high) = jeffreys(B, Fraction::P95);
        near(low, 0.042_710_730_532_688_27);
        near(high, 0.054_611_840_848_817_58);
        let (low, high) = wald(A, B, Fraction::P95);
        near(low, 0.000_344_693_949_187_96);
        near(high, 0.016_455_306_050_812);
        let (low, high) = log_ratio(A, B, Fraction::P95).unwrap();
        near(low, 1.007_496_723_737_6);
        near(high, 1.453_205_718_196_8);
        let (low, high) = score_ratio(A, B, Fraction::P95).unwrap();
        near(low, 1.007_781_373_364_5);
        near(high, 1.452_905_152_472_3);
        // From the closed form of the paper's cubic; a package that confuses x_1 and n_1 in it has
        // .000343917 and .016502939.
        let (low, high) = score_difference(A, B, Fraction::P95);
        near(low, 0.000_343_911_490_309_86);
        near(high, 0.016_512_526_954_918_4);
    }

    /// A second computation in whole numbers: tables as likely as the one found, or less.
    #[test]
    fn fisher_sums_small_tables() {
        let choose =
            |n: u64, k: u64| (0..k).fold(1_u128, |c, i| c * u128::from(n - i) / u128::from(i + 1));
        for (x_1, n_1, x_2, n_2) in [
            (0, 10, 1, 10),
            (3, 9, 7, 8),
            (5, 5, 0, 6),
            (0, 4, 0, 5),
            (9, 20, 14, 17),
        ] {
            let x = x_1 + x_2;
            let ways = |k: u64| match k <= n_1 && x >= k && x - k <= n_2 {
                true => choose(n_1, k) * choose(n_2, x - k),
                false => 0,
            };
            let extreme: u128 = (0..=x).map(ways).filter(|w| *w <= ways(x_1)).sum();
            let exact = extreme as f64 / choose(n_1 + n_2, x) as f64;
            let (a, b) = (
                Rate {
                    hits: x_1,
                    trials: n_1,
                },
                Rate {
                    hits: x_2,
                    trials: n_2,
                },
            );
            near(fisher(a, b).unwrap(), exact);
            near(fisher(b, a).unwrap(), exact);
        }
    }

    #[test]
    fn ends_of_the_range_have_answers() {
        let (none, all) = (
            Rate {
                hits: 0,
                trials: 20,
            },
            Rate {
                hits: 30,
                trials: 30,
            },
        );
        assert_eq!(
            (z(none, none), yates(none, none), fisher(none, none)),
            (0.0, 1.0, Some(1.0))
        );
        assert_eq!(z(all, all), 0.0);
        for (a, b) in [(none, all), (all, none), (none, none), (all, all)] {
            for (low, high) in [
                newcombe(a, b, Fraction::P95),
                score_difference(a, b, Fraction::P95),
            ] {
                let d = b.value() - a.value();
                assert!(
                    (-1.0..=d).contains(&low) && (d..=1.0).contains(&high),
                    "{low} {high}"
                );
                assert!(high - low > 0.01);
            }
        }
        assert_eq!(log_ratio(none, all, Fraction::P95), None);
        assert_eq!(score_ratio(none, all, Fraction::P95), None);
        let (low, high) = score_ratio(all, none, Fraction::P95).unwrap();
        assert!(low == 0.0 && (0.05..0.5).contains(&high), "{high}");
        // All of 20 and all of 30: by the score interval, as far from 1 as the rule of three says.
        let all_of_20 = Rate {
            hits: 20,
            trials: 20,
        };
        let (low, high) = log_ratio(all_of_20, all, Fraction::P95).unwrap();
        assert!(
            (0.8..0.95).contains(&low) && (1.05..1.3).contains(&high),
            "{low} {high}"
        );
        let huge = Rate {
            hits: 5_000_000_000,
            trials: 10_000_000_000,
        };
        assert_eq!(fisher(huge, huge), None);
        assert_eq!(clopper_pearson(none, Fraction::P95).0, 0.0);
        assert_eq!(jeffreys(all, Fraction::P95).1, 1.0);
        // 1 − .025^(1/20)
        near(
            clopper_pearson(none, Fraction::P95).1,
            1.0 - 0.025_f64.powf(0.05),
        );
    }
}
