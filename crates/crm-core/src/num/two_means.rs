//! Two means of skewed values compared, such as revenue per person, which is 0 for most and great for few.
//!
//! Of `n` values with mean `m`, variance `s²` and unbiased third central moment `κ`, one mean has the interval (Hall)
//!
//! ```text
//! V = s²/n     γ = κ/n² / V^(3/2)
//! g(T) = T + γ T²/3 + γ² T³/27 + γ/6 is about normal for T = (m − μ)/√V
//! l, u = m − √V g⁻¹(± z)          g⁻¹(y) = 3/γ (∛(1 + γ (y − γ/6)) − 1)
//! ```
//!
//! `l` is at least 0 where no value is below 0. If all values are 0, `l = 0` and `u = w ln(1/tail)/n`, with `w` the mean of the
//! values of both groups that are not 0: with no event in `n`, at most `ln(1/tail)` were to be expected. Two means are compared
//! by their intervals (MOVER), as Newcombe compares two rates by Wilson's:
//!
//! ```text
//! difference   d − √((m_2 − l_2)² + (u_1 − m_1)²),  d + √((u_2 − m_2)² + (m_1 − l_1)²)         d = m_2 − m_1
//! ratio        all r for which 0 is in such an interval of m_2 − r m_1
//! p            2 (1 − Φ(z)) at the z for which the interval of the difference ends at 0
//! ```
//!
//! A group that happens to have none of the rare great values looks far more certain than it is. Where few values decide, which is where
//!
//! ```text
//! n_e = (Σ v)² / Σ v²  of the values of both groups is below a fifth of them, and below 10 in the smaller group's share of n
//! ```
//!
//! `V` and `γ` of a group are those of its share of values that are not 0 with the moments of the values of both groups, if that `V`
//! is greater. The interval is wider than it would have to be if the groups' values differ.
//!
//! docs/evidence.md has how often these intervals hold the truth, beside Welch's.
//!
//! # References
//!
//! - Hall, P. (1992). On the removal of skewness by transformation. *JRSS B* 54, 221-228.
//! - Zou, G. Y., Donner, A. (2008). Construction of confidence limits about effect measures: a general approach.
//!   *Statistics in Medicine* 27, 1693-1702. Donner, A., Zou, G. Y. (2012), *Statistical Methods in Medical Research* 21: ratios.

use super::{Fraction, normal};
use libm::{cbrt, log, sqrt};
use std::cmp::Ordering;

/// What is known of the values of a group.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Mean {
    /// The number of values.
    pub n: u64,
    /// Their mean, `m`.
    pub mean: f64,
    /// The variance of the mean, `V`; not finite for one value.
    pub variance: f64,
    /// The skewness of the mean, `γ`.
    pub skewness: f64,
    /// The number of values that are not 0.
    pub not_zero: u64,
    /// Whether no value is below 0.
    pub is_positive: bool,
    /// The sums of the values, of their squares and of their cubes.
    pub sums: [f64; 3],
}

/// Two means compared; what is not known is not finite.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Compared {
    /// The interval of `m_2 − m_1`.
    pub difference: (f64, f64),
    /// The interval of `m_2 / m_1`; the upper end is infinite where the control may be 0.
    pub ratio: (f64, f64),
    /// The two-sided p-value of equal means.
    pub p: f64,
    /// Whether few values decide, so that the moments are of both groups.
    pub few_values: bool,
}

impl Mean {
    /// The mean of `n` values, of which those that are not 0 are given; they are sorted, so that their order makes no
    /// difference. `None` without values.
    ///
    /// ```
    /// use crm_core::num::two_means::Mean;
    /// let mean = Mean::new(4, &mut [6.0, 2.0]).unwrap();
    /// assert_eq!((mean.mean, mean.variance), (2.0, 2.0)); // of 0, 0, 2 and 6
    /// ```
    pub fn new(n: u64, values: &mut [f64]) -> Option<Mean> {
        if n == 0 {
            return None;
        }
        values.sort_unstable_by(f64::total_cmp);
        let not_zero = values.len() as u64;
        let (count, zeros) = (n as f64, (n - not_zero) as f64);
        let mean = values.iter().sum::<f64>() / count;
        let of = |v: f64| (v - mean) * (v - mean);
        let squares = values.iter().map(|v| of(*v)).sum::<f64>() + zeros * of(0.0);
        let of = |v: f64| (v - mean) * (v - mean) * (v - mean);
        let cubes = values.iter().map(|v| of(*v)).sum::<f64>() + zeros * of(0.0);
        let variance = squares / (count - 1.0) / count;
        // κ/n², κ = n Σ (v − m)³ / ((n − 1)(n − 2))
        let third = cubes / ((count - 1.0) * (count - 2.0)) / count;
        let skewness = match variance > 0.0 && n > 2 {
            true => third / (variance * sqrt(variance)),
            false => 0.0,
        };
        Some(Mean {
            n,
            mean,
            variance,
            skewness,
            not_zero,
            is_positive: values.first().is_none_or(|least| *least >= 0.0),
            sums: [1, 2, 3].map(|k| values.iter().map(|v| power(*v, k)).sum()),
        })
    }

    /// The interval of the mean. `of_values` is what one value would be where all of these are 0; the ends of one value are
    /// not finite.
    ///
    /// ```
    /// use crm_core::{Fraction, num::two_means::Mean};
    /// let (low, high) = Mean::new(40, &mut [100.0, 100.0]).unwrap().interval(Fraction::P95, 100.0);
    /// assert!(low >= 0.0 && low < 5.0 && high > 5.0);
    /// ```
    pub fn interval(&self, level: Fraction, of_values: f64) -> (f64, f64) {
        match self.variance.is_finite() {
            true => self.ends(normal::quantile(0.5 + 0.5 * level.get()), of_values),
            false => (f64::NAN, f64::NAN),
        }
    }

    /// The mean with the variance and the skewness that the moments of the values of both groups would give it, if the
    /// variance is greater.
    fn widened(&self, moments: [f64; 3]) -> Mean {
        let n = self.n as f64;
        let share = self.not_zero as f64 / n;
        let [m, second, third] = moments.map(|moment| share * moment);
        let variance = (second - m * m) / n;
        if self.not_zero == 0 || variance.partial_cmp(&self.variance) != Some(Ordering::Greater) {
            return *self;
        }
        let third = third - 3.0 * m * second + 2.0 * m * m * m;
        Mean {
            variance,
            skewness: third / (n * n) / (variance * sqrt(variance)),
            ..*self
        }
    }

    /// `l` and `u` of a normal quantile `z`.
    fn ends(&self, z: f64, of_values: f64) -> (f64, f64) {
        if self.not_zero == 0 {
            return (0.0, -log(normal::upper_tail(z)) * of_values / self.n as f64);
        }
        let g = self.skewness;
        let back = |y: f64| match g.abs() < 1e-8 {
            true => y,
            false => 3.0 / g * (cbrt(1.0 + g * (y - g / 6.0)) - 1.0),
        };
        let end = |y: f64| self.mean - sqrt(self.variance) * back(y);
        let low = match self.is_positive {
            true => end(z).max(0.0),
            false => end(z),
        };
        (low.min(self.mean), end(-z).max(self.mean))
    }
}

/// Compares two means.
///
/// ```
/// use crm_core::{Fraction, num::two_means::{Mean, compare}};
/// let values = |up: f64| (1..=100).map(|k| f64::from(k) + up).collect::<Vec<_>>();
/// let a = Mean::new(100, &mut values(0.0)).unwrap();
/// let b = Mean::new(100, &mut values(9.0)).unwrap();
/// // No skewness: 9 ± 1.959964 · 29.011492 √(2/100).
/// let (low, high) = compare(&a, &b, Fraction::P95).difference;
/// assert!((low - 0.958_66).abs() < 1e-4 && (high - 17.041_34).abs() < 1e-4, "{low} {high}");
/// ```
pub fn compare(control: &Mean, treated: &Mean, level: Fraction) -> Compared {
    let values = (control.not_zero + treated.not_zero) as f64;
    let known = control.variance.is_finite() && treated.variance.is_finite() && values > 0.0;
    if !known {
        return Compared {
            difference: (f64::NAN, f64::NAN),
            ratio: (f64::NAN, f64::NAN),
            p: f64::NAN,
            few_values: false,
        };
    }
    let sums = [0, 1, 2].map(|k| control.sums[k] + treated.sums[k]);
    let effective = sums[0] * sums[0] / sums[1];
    let share = control.n.min(treated.n) as f64 / (control.n + treated.n) as f64;
    let few_values = effective < values / 5.0 && effective * share < 10.0;
    let widened = |mean: &Mean| match few_values {
        true => mean.widened(sums.map(|sum| sum / values)),
        false => *mean,
    };
    let (control, treated) = (&widened(control), &widened(treated));
    // w
    let sum = control.mean * control.n as f64 + treated.mean * treated.n as f64;
    let of_values = sum / values;
    let difference = |z: f64| {
        let ((l_1, u_1), (l_2, u_2)) = (control.ends(z, of_values), treated.ends(z, of_values));
        let root = |a: f64, b: f64| sqrt(a * a + b * b);
        let d = treated.mean - control.mean;
        (
            d - root(treated.mean - l_2, u_1 - control.mean),
            d + root(u_2 - treated.mean, control.mean - l_1),
        )
    };
    let z = normal::quantile(0.5 + 0.5 * level.get());
    Compared {
        difference: difference(z),
        ratio: ratio(
            control,
            treated,
            control.ends(z, of_values),
            treated.ends(z, of_values),
        ),
        p: p(&difference),
        few_values,
    }
}

fn power(v: f64, k: u32) -> f64 {
    (0..k).fold(1.0, |product, _| product * v)
}

/// The ends of the ratio: `(m_2 − r m_1)² = (m_2 − l_2)² + r² (u_1 − m_1)²`, and the same with the other ends.
fn ratio(
    control: &Mean,
    treated: &Mean,
    (l_1, u_1): (f64, f64),
    (l_2, u_2): (f64, f64),
) -> (f64, f64) {
    let (m_1, m_2) = (control.mean, treated.mean);
    if !(m_1 > 0.0 && m_2 >= 0.0) {
        return (f64::NAN, f64::NAN);
    }
    // a r² − 2 b r + c = 0
    let b = m_1 * m_2;
    let root = |a: f64, c: f64| b + sqrt((b * b - a * c).max(0.0));
    let (a, c) = (u_1 * (2.0 * m_1 - u_1), l_2 * (2.0 * m_2 - l_2));
    let low = if c > 0.0 { c / root(a, c) } else { 0.0 };
    let (a, c) = (l_1 * (2.0 * m_1 - l_1), u_2 * (2.0 * m_2 - u_2));
    let high = if a > 0.0 {
        root(a, c) / a
    } else {
        f64::INFINITY
    };
    (low, high)
}

/// The p-value: the tails outside of the widest interval that leaves out 0.
fn p(difference: &dyn Fn(f64) -> (f64, f64)) -> f64 {
    let leaves_out = |z: f64| {
        let (low, high) = difference(z);
        low > 0.0 || high < 0.0
    };
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        match leaves_out(middle) {
            true => low = middle,
            false => high = middle,
        }
    }
    (2.0 * normal::upper_tail(low)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::rng::Rng;

    fn mean(n: u64, values: &[f64]) -> Mean {
        Mean::new(n, &mut values.to_vec()).unwrap()
    }

    /// g(T) at the ends of the interval of one mean is ± z, with the moments taken from all values.
    #[test]
    fn ends_are_those_of_the_transformed_statistic() {
        let values = [120.0, 40.0, 15.0, 300.0, 80.0];
        let m = mean(40, &values);
        let all: Vec<f64> = values.iter().copied().chain([0.0; 35]).collect();
        let moment = |k: i32| all.iter().map(|v| (v - m.mean).powi(k)).sum::<f64>();
        let variance = moment(2) / 39.0 / 40.0;
        let third = moment(3) * 40.0 / (39.0 * 38.0) / 1600.0;
        assert!((m.variance / variance - 1.0).abs() < 1e-12);
        let gamma = third / variance.powf(1.5);
        for z in [0.8, 1.96, 2.5] {
            let (low, high) = m.ends(z, 0.0);
            for (end, y) in [(low, z), (high, -z)] {
                let t = (m.mean - end) / variance.sqrt();
                let g = t + gamma * t * t / 3.0 + gamma * gamma * t * t * t / 27.0 + gamma / 6.0;
                assert!(end == 0.0 || (g - y).abs() < 1e-9, "{g} {y}");
            }
        }
    }

    /// The interval leaves out 0 where p is below 1 − level, and the ratio leaves out 1 there.
    #[test]
    fn p_and_intervals_agree() {
        let mut found = [0, 0];
        for k in 1..40 {
            let a = mean(300, &[50.0; 12]);
            let b = mean(
                300,
                &(0..k).map(|i| 30.0 + f64::from(i)).collect::<Vec<_>>(),
            );
            let compared = compare(&a, &b, Fraction::P95);
            let out = compared.difference.0 > 0.0 || compared.difference.1 < 0.0;
            assert_eq!(out, compared.p < 0.05, "{k} {compared:?}");
            let (low, high) = compared.ratio;
            assert_eq!(out, low > 1.0 || high < 1.0, "{k} {compared:?}");
            found[usize::from(out)] += 1;
        }
        assert!(found[0] > 5 && found[1] > 5, "{found:?}");
    }

    /// Three of a hundred orders are thirty times as great: a small group often has none of them.
    #[test]
    fn few_great_values_make_no_certainty() {
        let mut rng = Rng::new(3);
        let mut draw = |n: u64| {
            let value = |rng: &mut Rng| match rng.uniform() < 0.03 {
                true => 700.0,
                false => 10.0 + 20.0 * rng.uniform(),
            };
            let buyers = (0..n).filter(|_| rng.uniform() < 0.08).count();
            let mut values: Vec<f64> = (0..buyers).map(|_| value(&mut rng)).collect();
            Mean::new(n, &mut values).unwrap()
        };
        let (mut held, mut few, n) = (0, 0, 600);
        for _ in 0..n {
            let found = compare(&draw(250), &draw(1000), Fraction::P95);
            held += i32::from(found.difference.0 <= 0.0 && 0.0 <= found.difference.1);
            few += i32::from(found.few_values);
            assert_eq!(
                found.p < 0.05,
                found.difference.0 > 0.0 || found.difference.1 < 0.0
            );
        }
        // Without the moments of both groups it is 79 %.
        assert!(held * 100 >= 94 * n && few * 100 >= 80 * n, "{held} {few}");
        let equal = compare(
            &mean(300, &[50.0; 9]),
            &mean(300, &[50.0; 12]),
            Fraction::P95,
        );
        assert!(!equal.few_values);
    }

    #[test]
    fn nobody_bought_is_no_certainty() {
        let (none, some) = (mean(50, &[]), mean(1000, &[100.0; 30]));
        let compared = compare(&none, &some, Fraction::P95);
        // Of 50 people up to −ln .025 = 3.69 buyers of 100 each were to be expected.
        let u = 3.688_879_454 * 100.0 / 50.0;
        assert!((none.ends(normal::quantile(0.975), 100.0).1 - u).abs() < 1e-6);
        assert!(compared.difference.0 < 0.0 && compared.p > 0.05);
        assert!(compared.ratio.0.is_nan());
        let nothing = compare(&none, &none, Fraction::P95);
        assert!(nothing.p.is_nan() && nothing.difference.0.is_nan());
        let one = compare(&mean(1, &[5.0]), &some, Fraction::P95);
        assert!(one.p.is_nan());
        assert!(Mean::new(0, &mut []).is_none());
    }
}
