//! Student's t distribution with `ν` degrees of freedom, not necessarily whole.
//!
//! ```text
//! 2 Q(|t|) = I_x(ν/2, ½),   x = ν / (ν + t²)        I: regularised incomplete beta function
//! ```

use super::incomplete::beta;
use super::normal;
use super::special::ln_rising;

/// `P(|T| ≥ |t|)`.
///
/// ```
/// use crm_core::num::student::two_sided;
/// // With one degree of freedom the distribution is Cauchy's: 1 − (2/π) atan t.
/// assert!((two_sided(1.0, 1.0) - 0.5).abs() < 1e-15);
/// ```
pub fn two_sided(t: f64, df: f64) -> f64 {
    let square = t * t;
    beta(0.5 * df, 0.5, df / (df + square), square / (df + square))
}

/// The distribution function.
pub fn cdf(t: f64, df: f64) -> f64 {
    let tail = 0.5 * two_sided(t, df);
    if t > 0.0 { 1.0 - tail } else { tail }
}

/// The density.
pub fn density(t: f64, df: f64) -> f64 {
    // Γ((ν+1)/2) / (Γ(ν/2) √(νπ)) · (1 + t²/ν)^(−(ν+1)/2)
    let front = ln_rising(0.5 * df, 0.5) - 0.5 * libm::log(df * std::f64::consts::PI);
    libm::exp(front - 0.5 * (df + 1.0) * libm::log1p(t * t / df))
}

/// The `t` with `P(T ≤ t) = p`, for `0 < p < 1`.
///
/// ```
/// use crm_core::num::student::quantile;
/// assert!((quantile(0.75, 1.0) - 1.0).abs() < 1e-14);
/// ```
pub fn quantile(p: f64, df: f64) -> f64 {
    if p == 0.5 {
        return 0.0;
    }
    let tail = p.min(1.0 - p);
    // The tail of t is heavier than the normal one: the quantile is above this.
    let mut low = -normal::quantile(tail);
    let upper = |t: f64| 0.5 * two_sided(t, df);
    let mut high = low.max(1.0);
    while upper(high) > tail && high < 1e300 {
        low = high;
        high *= 2.0;
    }
    let mut t = low;
    for _ in 0..200 {
        let excess = upper(t) - tail;
        if excess > 0.0 {
            low = low.max(t);
        } else {
            high = high.min(t);
        }
        // dQ/dt = −density
        let newton = t + excess / density(t, df);
        let next = if newton > low && newton < high {
            newton
        } else {
            0.5 * (low + high)
        };
        if (next - t).abs() <= 1e-16 * t.abs() {
            break;
        }
        t = next;
    }
    if p < 0.5 { -t } else { t }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With two degrees of freedom all is algebra: `Q(t) = ½ (1 − t/√(2 + t²))`.
    #[test]
    fn two_degrees_of_freedom_by_hand() {
        for t in [0.1, 0.5, 1.0, 3.0, 50.0] {
            let exact = 1.0 - t / (2.0_f64 + t * t).sqrt();
            assert!((two_sided(t, 2.0) / exact - 1.0).abs() < 1e-12, "{t}");
            let p = 1.0 - 0.5 * exact;
            assert!((quantile(p, 2.0) / t - 1.0).abs() < 1e-9, "{t}");
            assert!((quantile(1.0 - p, 2.0) / t + 1.0).abs() < 1e-9, "{t}");
        }
    }

    #[test]
    fn it_tends_to_the_normal_distribution_and_the_density_is_the_slope() {
        for t in [-3.0, -0.7, 0.4, 2.5] {
            assert!((cdf(t, 1e9) - normal::cdf(t)).abs() < 1e-9, "{t}");
            for df in [1.0, 3.5, 40.0] {
                let slope = (cdf(t + 1e-5, df) - cdf(t - 1e-5, df)) / 2e-5;
                assert!((slope - density(t, df)).abs() < 1e-8, "{t} {df}");
            }
        }
        assert!((quantile(0.975, 1e9) - 1.959_963_984_540_054).abs() < 1e-8);
        // Tables of the distribution: t of 10 degrees of freedom at .975 is 2.228.
        assert!((quantile(0.975, 10.0) - 2.228).abs() < 5e-4);
    }
}
