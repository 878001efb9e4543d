//! The standard normal distribution, accurate in its far tail.
//!
//! With `φ` the density, `Φ` the distribution function and `Q = 1 − Φ` the upper tail:
//!
//! ```text
//! φ(z) = exp(−z²/2) / √(2π)        Q(z) = ½ erfc(z/√2)        hazard(z) = φ(z) / Q(z)
//! ```
//!
//! For `z > 5` the tail comes from the continued fraction
//! `Q(z)/φ(z) = 1/(z + 1/(z + 2/(z + 3/(z + …))))` (Abramowitz and Stegun 26.2.14), so that its
//! logarithm and the hazard stay finite where `Q` itself underflows.

const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;

/// The density `φ(z)`.
pub fn density(z: f64) -> f64 {
    libm::exp(-0.5 * z * z - LN_SQRT_2PI)
}

/// The distribution function `Φ(z)`.
///
/// ```
/// use crm_core::num::normal;
/// assert_eq!(normal::cdf(0.0), 0.5);
/// ```
pub fn cdf(z: f64) -> f64 {
    upper_tail(-z)
}

/// The upper tail `Q(z) = 1 − Φ(z)`, without cancellation.
pub fn upper_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2)
}

/// `ln Q(z)`, finite for every finite `z` whose square is finite.
pub fn ln_upper_tail(z: f64) -> f64 {
    // Left of −1, Q is near 1: ln(1 − Q(−z)) keeps the digits. Right of 5: ln φ + ln(Q/φ).
    if z < -1.0 {
        libm::log1p(-upper_tail(-z))
    } else if z <= 5.0 {
        libm::log(upper_tail(z))
    } else {
        -0.5 * z * z - LN_SQRT_2PI + libm::log(mills_ratio(z))
    }
}

/// The hazard `φ(z) / Q(z)`: 0 far to the left, close to `z` far to the right.
pub fn hazard(z: f64) -> f64 {
    if z <= 5.0 {
        density(z) / upper_tail(z)
    } else {
        1.0 / mills_ratio(z)
    }
}

/// The `z` with `Φ(z) = p`, for `0 < p < 1`; infinite at the ends and outside.
///
/// Hastings' approximation (Abramowitz and Stegun 26.2.23), then four Newton steps on the logarithm
/// of the smaller tail, which is nearly quadratic in `z`.
///
/// ```
/// use crm_core::num::normal;
/// assert!((normal::quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
/// assert!((normal::quantile(1e-300) + 37.0471).abs() < 1e-4);
/// ```
pub fn quantile(p: f64) -> f64 {
    if p.is_nan() || p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let tail = p.min(1.0 - p);
    let ln_tail = libm::log(tail);
    let t = libm::sqrt(-2.0 * ln_tail);
    // z ≈ t − (c0 + c1 t + c2 t²)/(1 + d1 t + d2 t² + d3 t³), t = √(−2 ln tail): 26.2.23
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut z = t - above / below;
    for _ in 0..4 {
        // d ln Q/dz = −hazard(z)
        z += (ln_upper_tail(z) - ln_tail) / hazard(z);
    }
    if p < 0.5 { -z } else { z }
}

/// `Q(z)/φ(z)` for `z > 5`, where 60 levels of the continued fraction are exact to the last bit.
fn mills_ratio(z: f64) -> f64 {
    let mut tail = z;
    for level in (1..=60).rev() {
        tail = z + f64::from(level) / tail;
    }
    1.0 / tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_forms_of_the_tail_meet_at_five() {
        for z in [4.5, 5.0, 5.5, 6.0, 8.0] {
            let direct = upper_tail(z);
            let fraction = density(z) * mills_ratio(z);
            assert!((fraction / direct - 1.0).abs() < 2e-15 * z * z, "{z}");
        }
    }

    #[test]
    fn quantile_undoes_cdf() {
        for step in 1..200 {
            let z = -8.0 + f64::from(step) * 0.06;
            assert!(
                (quantile(cdf(z)) - z).abs() < 1e-12 * z.abs().max(1.0),
                "{z}"
            );
        }
        assert_eq!(quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(quantile(f64::NAN), f64::NEG_INFINITY);
    }

    #[test]
    fn hazard_is_the_slope_of_the_log_tail() {
        for z in [-6.0, -2.0, -0.5, 0.0, 1.0, 4.9, 5.2, 20.0, 300.0] {
            let h = 1e-4;
            let slope = (ln_upper_tail(z - h) - ln_upper_tail(z + h)) / (2.0 * h);
            assert!(
                (slope - hazard(z)).abs() < 1e-6 * hazard(z).max(1e-2),
                "{z}"
            );
        }
    }
}
