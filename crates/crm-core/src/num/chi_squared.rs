//! Pearson's test of counts against expected shares (適合度検定).
//!
//! ```text
//! X² = Σ (O_i − E_i)² / E_i,   E_i = N w_i / Σ w        p = Q((k − 1)/2, X²/2)
//! ```
//!
//! For assignments to the variants of an experiment it is the test of the sample ratio mismatch (SRM).
//!
//! Source: Fabijan, A. and others (2019). Diagnosing sample ratio mismatch in online controlled
//! experiments. *KDD*.

use super::incomplete::gamma;

/// The p-value of `observed` counts where `weights` were expected; `None` without counts, with fewer than
/// two groups, or if a weight is not above 0.
///
/// ```
/// use crm_core::num::chi_squared::goodness_of_fit;
/// let p = goodness_of_fit(&[4900, 5100], &[0.5, 0.5]).unwrap();
/// assert!((p / 0.045_500_263_896_358_57 - 1.0).abs() < 1e-12);
/// ```
pub fn goodness_of_fit(observed: &[u64], weights: &[f64]) -> Option<f64> {
    let total: u64 = observed.iter().sum();
    let whole: f64 = weights.iter().sum();
    if total == 0 || observed.len() < 2 || !weights.iter().all(|w| *w > 0.0) {
        return None;
    }
    let square = |(count, weight): (&u64, &f64)| {
        // (O − E)² / E, with E = N w / Σ w
        let expected = total as f64 * weight / whole;
        let off = *count as f64 - expected;
        off * off / expected
    };
    let statistic: f64 = observed.iter().zip(weights).map(square).sum();
    Some(upper_tail(statistic, (observed.len() - 1) as f64))
}

/// `P(X² ≥ x)` with `df` degrees of freedom.
pub fn upper_tail(x: f64, df: f64) -> f64 {
    gamma(0.5 * df, 0.5 * x).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_ratios() {
        let near = |found: Option<f64>, expected: f64| {
            assert!((found.unwrap() / expected - 1.0).abs() < 1e-12, "{found:?}");
        };
        // With two degrees of freedom the tail is e^(−x/2); here X² = 2.1287…
        near(
            goodness_of_fit(&[1000, 1050, 1990], &[1.0, 1.0, 2.0]),
            0.344_949_780_731_379_33,
        );
        // Kohavi, Tang, Xu (2020), Trustworthy Online Controlled Experiments, ch. 21: 821,588 to 815,482.
        near(
            goodness_of_fit(&[821_588, 815_482], &[1.0, 1.0]),
            1.821_792_872_619_185_8e-6,
        );
        assert_eq!(goodness_of_fit(&[0, 0], &[1.0, 1.0]), None);
        assert_eq!(goodness_of_fit(&[5], &[1.0]), None);
        assert_eq!(goodness_of_fit(&[5, 5], &[1.0, 0.0]), None);
    }
}
