//! Tests gradients and Hessians of the likelihoods: against differences computed with 60 and 80
//! digits (`tests/python/oracles/clv_further.py`), one history at a time, and against differences of
//! the public likelihood.

use crate::num::optimize::Derivatives;
use libm::fabs;

/// One line of the golden file: regularity k, parameters, and the three numbers of a history (for
/// spend: frequency and mean).
pub(super) struct GoldenLine {
    pub(super) k: u32,
    pub(super) parameters: [f64; 4],
    pub(super) history: [f64; 3],
}

/// Checks the derivatives of the models of this name, which have `N` parameters.
///
/// Derivatives are in the logarithms of the parameters, as in fits. First derivatives, which decide
/// where a fit ends, may differ by 1e-10, second derivatives by 1e-9, relative to the likelihood or
/// the derivative where these are above 1.
pub(super) fn agrees<const N: usize>(
    name: &str,
    at_least: u32,
    derivatives: impl Fn(&GoldenLine) -> Derivatives<N>,
) {
    let text = include_str!("../../../../../tests/golden/clv_score.csv");
    let (mut checked, mut worst) = (0, (0.0, String::new()));
    for line in text.lines().skip(2) {
        let Some(rest) = line
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix(','))
        else {
            continue;
        };
        let cells = rest.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN));
        let cells: Vec<f64> = cells.collect();
        let point = GoldenLine {
            k: cells[0] as u32,
            parameters: cells[1..5].try_into().unwrap(),
            history: cells[5..8].try_into().unwrap(),
        };
        let found = derivatives(&point);
        let size = 1.0 + found.value.abs();
        let p = point.parameters;
        let mut check = |what: String, found: f64, expected: f64, scale: f64, allowed: f64| {
            if expected.is_nan() {
                return;
            }
            checked += 1;
            let (found, expected) = (found * scale, expected * scale);
            let error = (found - expected).abs() / (allowed * size.max(expected.abs()));
            if error > worst.0 || error.is_nan() {
                worst = (error, format!("{what}: {found:e} for {expected:e}, {line}"));
            }
        };
        let mut second = cells[12..].iter();
        for i in 0..4 {
            if i < N {
                check(
                    format!("g{i}"),
                    found.gradient[i],
                    cells[8 + i],
                    p[i],
                    1e-10,
                );
            }
            for j in i..4 {
                let expected = *second.next().unwrap();
                if j < N {
                    check(
                        format!("h{i}{j}"),
                        found.hessian[i][j],
                        expected,
                        p[i] * p[j],
                        1e-9,
                    );
                }
            }
        }
    }
    assert!(checked >= at_least, "{name}: only {checked}");
    assert!(worst.0 <= 1.0, "{name}: {} at {}", worst.0, worst.1);
}

/// Compares the gradient of a likelihood with differences of `direct`, the likelihood summed customer by customer,
/// and the Hessian with differences of the gradient.
pub(super) fn agrees_with_differences(
    at: [f64; 4],
    direct: impl Fn([f64; 4]) -> f64,
    mut likelihood: impl FnMut(&[f64; 4]) -> Derivatives<4>,
) {
    let here = likelihood(&at);
    let summed = direct(at);
    assert!(
        fabs(here.value / summed - 1.0) < 1e-13,
        "{} {summed}",
        here.value
    );
    for i in 0..4 {
        let step = 1e-5 * at[i];
        let (mut up, mut down) = (at, at);
        up[i] += step;
        down[i] -= step;
        let slope = (direct(up) - direct(down)) / (2.0 * step);
        let found = here.gradient[i];
        assert!(
            fabs(slope - found) < 1e-6 * (1.0 + fabs(found)),
            "{at:?} {i}"
        );
        let (up, down) = (likelihood(&up), likelihood(&down));
        for j in i..4 {
            let curve = (up.gradient[j] - down.gradient[j]) / (2.0 * step);
            let found = here.hessian[i][j];
            assert!(
                fabs(curve - found) < 1e-6 * (1.0 + fabs(found)),
                "{at:?} {i} {j}: {curve} {found}"
            );
        }
    }
}
