//! The minimum of a function of a few variables without derivatives (Nelder, Mead 1965), the same bits everywhere.

use crate::context::room;
use crate::error::Result;

/// Minimises `f` from `start` with first steps `step`; stops after `most` evaluations or when the values of the corners
/// differ by less than `tolerance` of their size. Returns the best corner and its value; values that are not finite are worse
/// than any.
///
/// # Errors
///
/// Out of memory.
pub(crate) fn minimize<const N: usize>(
    start: [f64; N],
    step: [f64; N],
    (most, tolerance): (usize, f64),
    mut f: impl FnMut(&[f64; N]) -> f64,
) -> Result<([f64; N], f64)> {
    let mut value = |x: &[f64; N]| {
        let v = f(x);
        if v.is_finite() { v } else { f64::MAX }
    };
    let mut corners: Vec<([f64; N], f64)> = room(N + 1, "simplex")?;
    corners.push((start, value(&start)));
    for i in 0..N {
        let mut x = start;
        x[i] += step[i];
        corners.push((x, value(&x)));
    }
    let mut evaluations = N + 1;
    while evaluations < most {
        corners.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
        let (best, worst) = (corners[0].1, corners[N].1);
        if worst - best <= tolerance * (best.abs() + tolerance) {
            break;
        }
        let mut center = [0.0; N];
        for (x, _) in &corners[..N] {
            for i in 0..N {
                center[i] += x[i] / N as f64;
            }
        }
        let along = |t: f64, from: &[f64; N]| {
            let mut x = [0.0; N];
            for i in 0..N {
                x[i] = center[i] + t * (from[i] - center[i]);
            }
            x
        };
        let last = corners[N].0;
        let reflected = along(-1.0, &last);
        let at = value(&reflected);
        evaluations += 1;
        if at < best {
            let further = along(-2.0, &last);
            let beyond = value(&further);
            evaluations += 1;
            corners[N] = if beyond < at {
                (further, beyond)
            } else {
                (reflected, at)
            };
        } else if at < corners[N - 1].1 {
            corners[N] = (reflected, at);
        } else {
            let (from, bound) = if at < worst {
                (reflected, at)
            } else {
                (last, worst)
            };
            let inside = along(0.5, &from);
            let v = value(&inside);
            evaluations += 1;
            if v < bound {
                corners[N] = (inside, v);
            } else {
                let best = corners[0].0;
                for (x, v) in &mut corners[1..] {
                    for i in 0..N {
                        x[i] = best[i] + 0.5 * (x[i] - best[i]);
                    }
                    *v = value(x);
                }
                evaluations += N;
            }
        }
    }
    corners.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
    Ok(corners[0])
}

#[cfg(test)]
mod tests {
    use super::minimize;

    #[test]
    fn rosenbrock() {
        let f = |x: &[f64; 2]| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2);
        let (x, v) = minimize([-1.2, 1.0], [0.5, 0.5], (500, 1e-14), f).unwrap();
        assert!(
            (x[0] - 1.0).abs() < 1e-4 && (x[1] - 1.0).abs() < 1e-4 && v < 1e-8,
            "{x:?} {v}"
        );
    }
}
