//! The hypergeometric integral `C` of the Pareto/NBD.
//!
//! With `A = α + t`, `B = β + t`, `q = r + x`,
//!
//! ```text
//! C = ∫₀^∞ s/(B+e) · (1+e/A)^−q (1+e/B)^−s de          (between 0 and 1)
//!   = s/(q+s) · ₂F₁(1, q; q+s+1; (A−B)/A)               if A ≥ B
//!   = s/(q+s) · A/B · ₂F₁(1, s+1; q+s+1; (B−A)/B)       otherwise
//! ```
//!
//! The argument `z` of ₂F₁(1, b; c; z), `0 < b < c`, decides the method: the power series below ½,
//! Gauss's continued fraction up to 0.98, and the integral, by the trapezoidal rule in `ln e`, up
//! to 1. Fits use a recurrence over `x` with `t` fixed,
//!
//! ```text
//! (q+s) C_q = s + q·(A−B)/A · C_{q+1}
//! ```
//!
//! with derivatives. It runs downwards in `x` where that reduces errors, `q·|A−B|/A < q+s`, and
//! upwards elsewhere.

use libm::{exp, fabs, log, log1p};

use crate::context::{grow, room};
use crate::error::Result;

/// `C` and its derivatives in `q` and `s`: value, q, s, qq, qs, ss.
pub(crate) type Jet = [f64; 6];

/// `C` at one point.
pub(crate) fn value(q: f64, s: f64, a: f64, b: f64) -> f64 {
    // s/(q+s) · ₂F₁(1, p; c; z), times A/B where A < B
    let kappa = s / (q + s);
    let c = q + s + 1.0;
    let (front, p, z) = if a >= b {
        (kappa, q, (a - b) / a)
    } else {
        (kappa * (a / b), s + 1.0, (b - a) / b)
    };
    if z <= 0.98 {
        front * hypergeometric(p, c, z)
    } else {
        integral(q, s, a, b)[0]
    }
}

/// ₂F₁(1, b; c; z) for `0 < b < c`, `0 ≤ z < 1`.
pub(crate) fn hypergeometric(b: f64, c: f64, z: f64) -> f64 {
    if z <= 0.5 {
        series(b, c, z)
    } else {
        fraction(b, c, z)
    }
}

/// ₂F₁(1, b; c; z) as a power series of positive terms.
fn series(b: f64, c: f64, z: f64) -> f64 {
    let (mut term, mut sum, mut n) = (1.0, 1.0, 0.0);
    while n < 10_000.0 {
        term *= (b + n) / (c + n) * z;
        sum += term;
        n += 1.0;
        if term <= 1e-17 * sum {
            break;
        }
    }
    sum
}

/// ₂F₁(1, b; c; z) by Gauss's continued fraction (DLMF 15.7.5), evaluated by Steed's method.
fn fraction(b: f64, c: f64, z: f64) -> f64 {
    // 1/(1 − u₁z/(1 − u₂z/(1 − …)))
    let (mut d, mut delta) = (1.0, 1.0);
    let mut sum = 1.0;
    let mut n = 0.0;
    for i in 0..20_000_u32 {
        let u = if i % 2 == 0 {
            (b + n) * (c - 1.0 + n) / ((c + 2.0 * n - 1.0) * (c + 2.0 * n))
        } else {
            n += 1.0;
            n * (c - b + n - 1.0) / ((c + 2.0 * n - 2.0) * (c + 2.0 * n - 1.0))
        };
        let step = -u * z;
        d = 1.0 / (1.0 + step * d);
        delta *= d - 1.0;
        sum += delta;
        if fabs(delta) <= 1e-17 * sum {
            break;
        }
    }
    sum
}

const STEP: f64 = 0.25;

/// `C` with its derivatives, as sums of positive terms over `v = ln e`.
pub(crate) fn integral(q: f64, s: f64, a: f64, b: f64) -> Jet {
    let from = log((a / (q + 1.0)).min(b / (s + 1.0))) - 41.0;
    // From here on the integrand is a power of e.
    let power = log(a.max(b)) + 40.0;
    let growth = exp(STEP);
    let mut v = from;
    let mut e = exp(from);
    let mut sum = [0.0; 6];
    let inverse = 1.0 / s;
    loop {
        let (la, lb) = (log1p(e / a), log1p(e / b));
        // s e/(B+e) · (1+e/A)^−q (1+e/B)^−s: the integrand times de/dv = e
        let w = s * e / (b + e) * exp(-q * la - s * lb);
        let ds = inverse - lb;
        // logarithmic derivatives: ∂q = −ln(1+e/A), ∂s = 1/s − ln(1+e/B), and products of them
        let terms = [1.0, -la, ds, la * la, -la * ds, lb * (lb - 2.0 * inverse)];
        for (total, term) in sum.iter_mut().zip(terms) {
            *total += w * term;
        }
        if v > power {
            add_power_tail(&mut sum, w, q, s, [la, lb]);
            break;
        }
        // The terms decrease and are too small for the second derivatives.
        let falling = e * (q / (a + e) + s / (b + e)) > b / (b + e);
        if falling && w * (1.0 + la * la + lb * lb) <= 1e-20 * sum[0] {
            break;
        }
        v += STEP;
        e *= growth;
    }
    sum.map(|total| total * STEP)
}

/// Adds the nodes above the last one: their weights are `ρ^k`, their logarithms grow by the step.
fn add_power_tail(sum: &mut Jet, w: f64, q: f64, s: f64, [la, lb]: [f64; 2]) {
    let gap = -libm::expm1(-(q + s) * STEP);
    let rho = 1.0 - gap;
    // Σ ρ^k, Σ k ρ^k, Σ k² ρ^k over k ≥ 1, with ρ = e^(−(q+s)·step)
    let g0 = w * rho / gap;
    let g1 = w * STEP * rho / (gap * gap);
    let g2 = w * STEP * STEP * rho * (1.0 + rho) / (gap * gap * gap);
    let ds = 1.0 / s - lb;
    sum[0] += g0;
    sum[1] -= la * g0 + g1;
    sum[2] += ds * g0 - g1;
    sum[3] += la * la * g0 + 2.0 * la * g1 + g2;
    sum[4] -= la * ds * g0 + (ds - la) * g1 - g2;
    sum[5] += lb * (lb - 2.0 / s) * g0 + 2.0 * (lb - 1.0 / s) * g1 + g2;
}

/// From `C_{q+1}` to `C_q`.
fn down(above: &Jet, q: f64, s: f64, z: f64) -> Jet {
    let [c, cq, cs, cqq, cqs, css] = *above;
    let h = 1.0 / (q + s);
    // C_q = (s + z q C_{q+1})/(q+s), z = (A−B)/A
    let value = (s + z * q * c) * h;
    let in_q = (z * (c + q * cq) - value) * h;
    let in_s = (1.0 + z * q * cs - value) * h;
    [
        value,
        in_q,
        in_s,
        (z * (2.0 * cq + q * cqq) - 2.0 * in_q) * h,
        (z * (cs + q * cqs) - in_q - in_s) * h,
        (z * q * css - 2.0 * in_s) * h,
    ]
}

/// From `C_q` to `C_{q+1}`.
fn up(below: &Jet, q: f64, s: f64, z: f64) -> Jet {
    let [c, cq, cs, cqq, cqs, css] = *below;
    let (h, inverse, scale) = (q + s, 1.0 / q, 1.0 / z);
    // C_{q+1} = ((q+s) C_q − s)/(z q); the 1/z comes last
    let g = (h * c - s) * inverse;
    let gq = (c + h * cq - g) * inverse;
    let gs = (c + h * cs - 1.0) * inverse;
    [
        g,
        gq,
        gs,
        (2.0 * cq + h * cqq - 2.0 * gq) * inverse,
        (cq + cs + h * cqs - gs) * inverse,
        (2.0 * cs + h * css) * inverse,
    ]
    .map(|v| v * scale)
}

/// `C` and the derivatives that a likelihood needs at one `(x, t)`: value, q, s, E, qq, qs, ss,
/// E_q, E_s, F, where `E = A ∂C/∂A = −B ∂C/∂B = q(C_q − C_{q+1})` and `F = A ∂E/∂A`.
pub(crate) type Full = [f64; 10];

fn full(q: f64, jets: [&Jet; 3]) -> Full {
    let [c0, c1, c2] = jets;
    let e = q * (c0[0] - c1[0]);
    let next = (q + 1.0) * (c1[0] - c2[0]);
    [
        c0[0],
        c0[1],
        c0[2],
        e,
        c0[3],
        c0[4],
        c0[5],
        c0[0] - c1[0] + q * (c0[1] - c1[1]),
        q * (c0[2] - c1[2]),
        q * (e - next),
    ]
}

/// The most recurrence steps between two wanted frequencies; more would cost more than one
/// integral.
const LONGEST_WALK: f64 = 400.0;

/// Fills `out` for ascending frequencies `x` at one time: `A = α + t`, `B = β + t`. `jets` is a
/// buffer.
pub(crate) fn along(
    [r, s, a, b]: [f64; 4],
    x: &[f64],
    jets: &mut Vec<Jet>,
    out: &mut [Full],
) -> Result<()> {
    let mut end = x.len();
    while end > 0 {
        // A run of frequencies that are close enough for the recurrence.
        let mut start = end - 1;
        while start > 0 && x[start] - x[start - 1] <= LONGEST_WALK {
            start -= 1;
        }
        let (first, last) = (x[start], x[end - 1]);
        walk([r, s, a, b], first, last, jets)?;
        for (x, out) in x[start..end].iter().zip(&mut out[start..end]) {
            let at = (x - first) as usize;
            *out = full(r + x, [&jets[at], &jets[at + 1], &jets[at + 2]]);
        }
        end = start;
    }
    Ok(())
}

/// `C` at `q = r + first, …, r + last + 2`.
fn walk([r, s, a, b]: [f64; 4], first: f64, last: f64, jets: &mut Vec<Jet>) -> Result<()> {
    let z = (a - b) / a;
    let length = (last - first) as usize + 3;
    jets.clear();
    grow(jets, length, "likelihood")?;
    jets.resize(length, [0.0; 6]);
    let top = length - 1;
    // For z < −1 the recurrence is stable upwards above q = s/(−z−1) and downwards below it.
    let pivot = if z < -1.0 {
        let best = libm::floor(s / (-z - 1.0) - r - first);
        best.clamp(0.0, top as f64) as usize
    } else {
        top
    };
    let q = |n: usize| r + first + n as f64;
    jets[pivot] = integral(q(pivot), s, a, b);
    let mut from = pivot;
    if pivot == 0 && q(0) < 1.0 {
        // The first step upwards would divide by q, and derivatives by q², so it is an integral.
        jets[1] = integral(q(1), s, a, b);
        from = 1;
    }
    for n in from..top {
        jets[n + 1] = up(&jets[n], q(n), s, z);
    }
    for n in (0..pivot).rev() {
        jets[n] = down(&jets[n + 1], q(n), s, z);
    }
    Ok(())
}

/// `C` at the pairs of ascending frequencies and times, times outermost.
pub(crate) fn grid([r, alpha, s, beta]: [f64; 4], x: &[f64], times: &[f64]) -> Result<Vec<f64>> {
    let mut out = room(x.len().saturating_mul(times.len()), "predictions")?;
    let mut jets = Vec::new();
    for t in times {
        let mut start = 0;
        while start < x.len() {
            let mut end = start + 1;
            while end < x.len() && x[end] - x[end - 1] <= LONGEST_WALK {
                end += 1;
            }
            walk([r, s, alpha + t, beta + t], x[start], x[end - 1], &mut jets)?;
            out.extend(
                x[start..end]
                    .iter()
                    .map(|n| jets[(n - x[start]) as usize][0]),
            );
            start = end;
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four computations of the same number.
    #[test]
    fn the_ways_agree() {
        let mut jets = Vec::new();
        for r in [1e-3, 0.55, 3.0, 200.0] {
            for s in [1e-3, 0.6, 1.0, 40.0, 1000.0] {
                for (a, b) in [
                    (10.0, 10.0),
                    (10.0, 9.0),
                    (9.0, 10.0),
                    (100.0, 3.0),
                    (3.0, 100.0),
                    (1e5, 0.5),
                    (0.5, 1e5),
                    (1.0, 2.5),
                ] {
                    walk([r, s, a, b], 0.0, 60.0, &mut jets).unwrap();
                    for n in [0_usize, 1, 2, 5, 30, 62] {
                        let q = r + n as f64;
                        let direct = value(q, s, a, b);
                        let slow = integral(q, s, a, b);
                        let case = format!("q {q} s {s} a {a} b {b}");
                        assert!(
                            fabs(direct / slow[0] - 1.0) < 1e-12,
                            "{case}: {direct} {slow:?}"
                        );
                        for k in 0..6 {
                            // A second derivative may be negligible beside the others.
                            let largest = slow[k / 3 * 3..]
                                .iter()
                                .fold(0.0, |m: f64, v| m.max(fabs(*v)));
                            let scale = fabs(slow[k]).max(0.1 * largest).max(1e-3 * slow[0]);
                            assert!(
                                fabs(jets[n][k] - slow[k]) < 1e-10 * scale,
                                "{case}, {k}: {:?} {slow:?}",
                                jets[n]
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn derivatives_are_differences() {
        let (q, s, a, b) = (2.3, 0.7, 12.0, 30.0);
        let here = integral(q, s, a, b);
        let d = 1e-4;
        let at = |dq: f64, ds: f64| value(q + dq * d, s + ds * d, a, b);
        let c = at(0.0, 0.0);
        let expected = [
            c,
            (at(1.0, 0.0) - at(-1.0, 0.0)) / (2.0 * d),
            (at(0.0, 1.0) - at(0.0, -1.0)) / (2.0 * d),
            (at(1.0, 0.0) - 2.0 * c + at(-1.0, 0.0)) / (d * d),
            (at(1.0, 1.0) - at(1.0, -1.0) - at(-1.0, 1.0) + at(-1.0, -1.0)) / (4.0 * d * d),
            (at(0.0, 1.0) - 2.0 * c + at(0.0, -1.0)) / (d * d),
        ];
        for k in 0..6 {
            assert!(
                fabs(here[k] - expected[k]) < 1e-6,
                "{k}: {here:?} {expected:?}"
            );
        }
    }
}
