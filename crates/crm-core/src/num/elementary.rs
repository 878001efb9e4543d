//! `exp` and `ln(1 + x)` in plain arithmetic, for loops over many points. They have no calls and no
//! branches, so a compiler vectorises the loop. The bits are the same on every machine, as with
//! `libm`, which is slower in such a loop.

use std::f64::consts::{LN_2, LOG2_E, SQRT_2};

/// `ln 2` in two parts. The low bits of the first are 0, so its product with a small whole number
/// is exact.
const LN_2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
const LN_2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);

/// Adding `1.5 · 2^52` rounds to a whole number and leaves it in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// `1/0!, 1/1!, …, 1/13!`.
const INVERSE_FACTORIALS: [f64; 14] = {
    let mut all = [1.0; 14];
    let mut n = 1;
    while n < 14 {
        all[n] = all[n - 1] / n as f64;
        n += 1;
    }
    all
};

/// `1/3, 1/5, …, 1/23`.
const INVERSE_ODDS: [f64; 11] = {
    let mut all = [1.0; 11];
    let mut n = 0;
    while n < 11 {
        all[n] /= (2 * n + 3) as f64;
        n += 1;
    }
    all
};

/// `e^x` for `x` up to 700, within 2 units of the last place; below −700 it is `e^−700`, 1e-304.
///
/// `e^x = 2^k e^r` with `|r| ≤ ln 2 / 2`; `e^r` is Taylor's series to the 13th power.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    let x = if x > -700.0 { x } else { -700.0 };
    let shifted = x * LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    // Σ r^n/n!, by Horner's rule
    let mut sum = INVERSE_FACTORIALS[13];
    for term in INVERSE_FACTORIALS[..13].iter().rev() {
        sum = sum * r + term;
    }
    sum * f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52))
}

/// `ln(1 + x)` for `x` from 0 to 1, within 2 units of the last place.
///
/// `ln(1 + x) = 2 artanh s` with `s = x/(2 + x)`. Above `√2 − 1`, `1 + x` is halved first and
/// `ln 2` added.
#[inline(always)]
pub(crate) fn ln_1p(x: f64) -> f64 {
    let upper = x > SQRT_2 - 1.0;
    let near = if upper { 0.5 * (x - 1.0) } else { x };
    let base = if upper { LN_2 } else { 0.0 };
    let s = near / (2.0 + near);
    let square = s * s;
    // artanh s = s + s³/3 + s⁵/5 + …, by Horner's rule in s²
    let mut sum = INVERSE_ODDS[10];
    for term in INVERSE_ODDS[..10].iter().rev() {
        sum = sum * square + term;
    }
    base + 2.0 * (s + s * square * sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_those_of_libm() {
        let off = |ours: f64, exact: f64| match exact == 0.0 {
            true => ours.abs(),
            false => (ours / exact - 1.0).abs(),
        };
        for step in 0..200_000 {
            let (x, part) = (f64::from(step) * -0.003_499, f64::from(step) / 199_999.0);
            for x in [x, -x, 0.001 * x] {
                assert!(off(exp(x), libm::exp(x)) < 5e-16, "exp {x}");
            }
            for x in [part, 1e-9 * part] {
                assert!(off(ln_1p(x), libm::log1p(x)) < 5e-16, "ln_1p {x}");
            }
        }
        assert_eq!((exp(0.0), exp(-1e9)), (1.0, exp(-700.0)));
    }
}
