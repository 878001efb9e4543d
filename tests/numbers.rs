//! Numerical functions against definitions: integrals by Simpson's rule, derivatives by differences, sorts by sorting.

use crm_core::num::lifetime::{self, Family, Status};
use crm_core::num::optimize::{self, Derivatives, Outcome};
use crm_core::num::rng::Rng;
use crm_core::num::survival::Rows;
use crm_core::num::{incomplete, normal, quadrature, radix, rank, special};
use std::f64::consts::PI;

/// Simpson's rule on many steps.
fn integral(from: f64, to: f64, f: impl Fn(f64) -> f64) -> f64 {
    let n = 20_000;
    let h = (to - from) / f64::from(n);
    let sum: f64 = (1..n)
        .map(|i| f(from + f64::from(i) * h) * if i % 2 == 1 { 4.0 } else { 2.0 })
        .sum();
    (sum + f(from) + f(to)) * h / 3.0
}

fn near(found: f64, expected: f64, relative: f64) {
    assert!(
        (found - expected).abs() <= relative * expected.abs().max(1e-300),
        "{found} for {expected}"
    );
}

#[test]
fn the_normal_distribution_is_its_integral() {
    let density = |z: f64| (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
    for z in [
        -6.0, -2.5, -1.0, -0.3, 0.0, 0.4, 1.0, 2.0, 4.9, 5.0, 5.1, 8.0, 20.0,
    ] {
        near(normal::density(z), density(z), 1e-14);
        let tail = integral(z, z.max(0.0) + 14.0, density);
        if z < 10.0 {
            near(normal::upper_tail(z), tail, 1e-8);
            near(normal::cdf(-z), tail, 1e-8);
            assert!((normal::ln_upper_tail(z) - tail.ln()).abs() < 1e-8 * (1.0 + tail.ln().abs()));
            near(normal::hazard(z), density(z) / tail, 1e-8);
        }
        // The hazard lies between z and z + 1/z.
        if z > 0.0 {
            assert!((z..=z + 1.0 / z).contains(&normal::hazard(z)), "{z}");
        }
        // d ln Q / dz is minus the hazard.
        let slope = (normal::ln_upper_tail(z + 1e-5) - normal::ln_upper_tail(z - 1e-5)) / 2e-5;
        near(-slope, normal::hazard(z), 1e-6);
        if z.abs() < 8.0 {
            assert!(
                (normal::quantile(normal::cdf(z)) - z).abs() < 1e-6 * (1.0 + (z * z).exp() * 1e-9),
                "{z}"
            );
        }
    }
    for (p, z) in [
        (0.0, f64::NEG_INFINITY),
        (-0.1, f64::NEG_INFINITY),
        (f64::NAN, f64::NEG_INFINITY),
        (1.0, f64::INFINITY),
        (1.5, f64::INFINITY),
        (0.5, 0.0),
    ] {
        assert!(
            normal::quantile(p) == z || (normal::quantile(p) - z).abs() < 1e-15,
            "{p}"
        );
    }
    assert!((normal::quantile(0.1) + 1.281_551_565_544_600_4).abs() < 1e-13);
}

#[test]
fn incomplete_functions_are_their_integrals() {
    for a in [0.4, 1.0, 1.7, 6.5, 30.0] {
        for x in [0.05, 0.9, 1.4, 2.4, 7.4, 7.6, 31.0, 60.0] {
            // Below 1, t = u^(1/a) takes the singularity at 0 away.
            let part = match a < 1.0 {
                true => integral(0.0, f64::powf(x, a), |u: f64| (-u.powf(1.0 / a)).exp() / a),
                false => integral(0.0, x, |t: f64| t.powf(a - 1.0) * (-t).exp()),
            };
            let whole = libm::tgamma(a);
            let (p, q) = incomplete::gamma(a, x);
            assert!((p - part / whole).abs() < 1e-5, "{a} {x}: {p}");
            assert!((p + q - 1.0).abs() < 1e-14);
            // P(a + 1, x) = P(a, x) − x^a e^−x / Γ(a + 1)
            let step = (a * x.ln() - x - libm::lgamma(a + 1.0)).exp();
            assert!(
                (p - incomplete::gamma(a + 1.0, x).0 - step).abs() < 1e-13,
                "{a} {x}"
            );
        }
        assert_eq!(incomplete::gamma(a, 0.0), (0.0, 1.0));
        assert_eq!(incomplete::gamma(a, -1.0), (0.0, 1.0));
        assert_eq!(incomplete::gamma(a, f64::INFINITY), (1.0, 0.0));
        for b in [0.6, 1.0, 3.3, 25.0] {
            for x in [0.01, 0.3, 0.499, 0.5, 0.77, 0.99] {
                let found = incomplete::beta(a, b, x, 1.0 - x);
                // I_x(a, b) = I_x(a + 1, b) + x^a y^b / (a B(a, b))
                let step =
                    (a * f64::ln(x) + b * f64::ln(1.0 - x) - special::ln_beta(a, b)).exp() / a;
                let next = incomplete::beta(a + 1.0, b, x, 1.0 - x);
                assert!((found - next - step).abs() < 1e-13, "{a} {b} {x}");
                let other = incomplete::beta(b, a, 1.0 - x, x);
                assert!((found + other - 1.0).abs() < 1e-13, "{a} {b} {x}");
            }
            assert_eq!(
                [
                    incomplete::beta(a, b, 0.0, 1.0),
                    incomplete::beta(a, b, 1.0, 0.0)
                ],
                [0.0, 1.0]
            );
            assert_eq!(
                [
                    incomplete::beta(a, b, -0.1, 1.1),
                    incomplete::beta(a, b, 1.1, -0.1)
                ],
                [0.0, 1.0]
            );
        }
    }
}

#[test]
fn special_functions_follow_their_recurrences() {
    for x in [0.01, 0.7, 3.0, 9.5, 10.0, 19.5, 20.0, 250.0] {
        near(
            special::digamma(x + 1.0) - special::digamma(x),
            1.0 / x,
            1e-11,
        );
        near(
            special::trigamma(x) - special::trigamma(x + 1.0),
            1.0 / (x * x),
            1e-10,
        );
        let slope = (libm::lgamma(x * 1.000_01) - libm::lgamma(x * 0.999_99)) / (2e-5 * x);
        assert!((special::digamma(x) - slope).abs() < 1e-5 * (1.0 + 1.0 / x));
        for n in 0..6 {
            let sum: f64 = (0..n).map(|k| (x + f64::from(k)).ln()).sum();
            assert!((special::ln_rising(x, f64::from(n)) - sum).abs() < 1e-12 * (1.0 + sum.abs()));
        }
        for y in [0.2, 5.0, 80.0] {
            let expected = libm::lgamma(x) + libm::lgamma(y) - libm::lgamma(x + y);
            assert!(
                (special::ln_beta(x, y) - expected).abs()
                    < 1e-12 * (1.0 + libm::lgamma(x + y).abs())
            );
            assert_eq!(special::ln_beta(x, y), special::ln_beta(y, x));
        }
    }
    near(special::ln_rising(1e9, 0.5), 0.5 * 1e9_f64.ln(), 1e-9);
    for x in [-50.0, -3.0, -1e-3, 0.0, 1e-3, 3.0, 30.0] {
        let e = f64::exp(x);
        near(special::softplus(x), e.ln_1p(), 1e-14);
        near(special::sigmoid(x), e / (1.0 + e), 1e-14);
        let expected = if x == 0.0 { 1.0 } else { -f64::exp_m1(-x) / x };
        near(special::one_minus_exp_over(x), expected, 1e-14);
    }
    assert_eq!(
        (
            special::softplus(800.0),
            special::sigmoid(-800.0),
            special::sigmoid(800.0)
        ),
        (800.0, 0.0, 1.0)
    );
    let none = f64::NEG_INFINITY;
    for (a, b, expected) in [
        (0.0, 0.0, 2_f64.ln()),
        (none, 3.0, 3.0),
        (3.0, none, 3.0),
        (none, none, none),
        (900.0, 901.0, 901.0 + f64::ln_1p((-1_f64).exp())),
    ] {
        assert!(
            special::ln_add_exp(a, b) == expected
                || (special::ln_add_exp(a, b) - expected).abs() < 1e-12
        );
        assert!(
            special::ln_sum_exp(&[a, b]) == expected
                || (special::ln_sum_exp(&[a, b]) - expected).abs() < 1e-12
        );
    }
    assert_eq!(special::ln_sum_exp(&[]), none);
}

#[test]
fn integrals_of_every_length() {
    // A short scale in a long way, panels that may not grow, and an end that is no multiple.
    for (to, scale, longest) in [
        (10.0, 0.1, f64::INFINITY),
        (10.0, 0.1, 1.5),
        (0.05, 0.1, 1.0),
        (3.0, 8.0, 0.5),
        (7.3, 1.0, 2.0),
    ] {
        let found = quadrature::doubling(to, scale, longest, |t: f64| (3.0 * t).cos() + t);
        near(found, (3.0 * to).sin() / 3.0 + 0.5 * to * to, 1e-10);
    }
    near(quadrature::panel(-1.0, 2.0, |x| 1.0 + x * x), 6.0, 1e-14);
    // ∫ sech(y)/2 dy = π/2; its tails are e^y and e^−y.
    let sech = |y: f64| [0.5 / y.cosh()];
    for (left, right) in [
        (None, None),
        (Some(1.0), None),
        (None, Some(1.0)),
        (Some(1.0), Some(1.0)),
    ] {
        let [from, to] =
            [left, right].map(|tail: Option<f64>| if tail.is_some() { 18.0 } else { 60.0 });
        let line = quadrature::Line {
            from: -from,
            to,
            step: 0.25,
            left_rate: left,
            right_rate: right,
        };
        let [found] = quadrature::line(line, sech);
        near(found, PI / 2.0, 1e-12);
    }
}

#[test]
fn sorts_sort() {
    for n in [0_usize, 1, 2, 1_999, 2_000, 2_001, 4_095, 4_096, 5_000] {
        for bits in [1, 3, 11, 12, 22, 23, 64] {
            let mut rng = Rng::stream(n as u64, bits.into());
            let keys: Vec<u64> = (0..n).map(|_| rng.next_u64() >> (64 - bits)).collect();
            let mut expected: Vec<usize> = (0..n).collect();
            expected.sort_by_key(|i| (keys[*i], *i));
            let order: Vec<usize> = rank::order(&keys)
                .expect("room")
                .into_iter()
                .map(|i| i as usize)
                .collect();
            assert_eq!(order, expected, "{n} {bits}");
            let sorted: Vec<u64> = expected.iter().map(|i| keys[*i]).collect();
            assert_eq!(rank::sorted(&keys).expect("room"), sorted, "{n} {bits}");
            let mut own = keys.clone();
            radix::sort(&mut own, bits).expect("room");
            assert_eq!(own, sorted, "{n} {bits}");
        }
    }
}

/// `f` of the logarithms: value, gradient and Hessian of a sum of `−w (θ − at)²`.
fn bowl(
    weights: [f64; 2],
    at: [f64; 2],
    cross: f64,
) -> impl FnMut(&[f64; 2]) -> crm_core::Result<Derivatives<2>> {
    move |theta| {
        let d = [theta[0] - at[0], theta[1] - at[1]];
        Ok(Derivatives {
            value: -weights[0] * d[0] * d[0] - weights[1] * d[1] * d[1] - 2.0 * cross * d[0] * d[1],
            gradient: [
                -2.0 * (weights[0] * d[0] + cross * d[1]),
                -2.0 * (weights[1] * d[1] + cross * d[0]),
            ],
            hessian: [
                [-2.0 * weights[0], -2.0 * cross],
                [-2.0 * cross, -2.0 * weights[1]],
            ],
        })
    }
}

#[test]
fn maxima_inside_at_caps_and_on_ridges() {
    let run = |weights, at, cross, start| {
        optimize::maximize(
            start,
            [-5.0; 2],
            [5.0; 2],
            1_000.0,
            bowl(weights, at, cross),
        )
        .expect("no error")
    };
    let found = run([1.0, 3.0], [1.0, -2.0], 0.5, [0.0, 0.0]);
    assert_eq!(found.outcome, Outcome::Converged);
    assert!(
        (found.at[0] - 1.0).abs() < 1e-9 && (found.at[1] + 2.0).abs() < 1e-9,
        "{found:?}"
    );
    let covariance = optimize::covariance(&found.derivatives, 1_000.0).expect("a maximum");
    // The inverse of 2000 [[1, ½], [½, 3]].
    for (cell, expected) in covariance.as_flattened().iter().zip([3.0, -0.5, -0.5, 1.0]) {
        near(*cell, expected / (2_000.0 * 2.75), 1e-12);
    }
    // Beyond a cap the other parameter goes where it is best at the cap: d1 = −cross d0 / w1.
    for (side, index) in [(1.0, 0), (-1.0, 0)] {
        let found = run([1.0, 3.0], [side * 8.0, 1.0], 0.6, [0.0, 0.0]);
        assert_eq!(found.outcome, Outcome::Boundary(index));
        assert_eq!(found.at[0], side * 5.0);
        let best = 1.0 - 0.6 * (side * 5.0 - side * 8.0) / 3.0;
        assert!((found.at[1] - best).abs() < 1e-6, "{found:?} {best}");
    }
    let found = run([1.0, 3.0], [1.0, 9.0], 0.0, [40.0, -40.0]);
    assert_eq!((found.outcome, found.at[1]), (Outcome::Boundary(1), 5.0));
    // Flat along the first parameter: found, and named.
    let found = run([1e-9, 3.0], [1.0, -2.0], 0.0, [0.0, 0.0]);
    assert_eq!(found.outcome, Outcome::Boundary(0), "{found:?}");
    let indefinite = Derivatives {
        value: 0.0,
        gradient: [0.0; 2],
        hessian: [[-1.0, 2.0], [2.0, -1.0]],
    };
    assert_eq!(optimize::covariance(&indefinite, 10.0), None);
    // Positive parameters: p = e^θ, the mean per customer. f = n (a ln p − p) is greatest at p = a.
    let gamma = |p: &[f64; 1]| {
        let (a, n) = (4.0, 50.0);
        Ok(Derivatives {
            value: n * (a * p[0].ln() - p[0]),
            gradient: [n * (a / p[0] - 1.0)],
            hessian: [[-n * a / (p[0] * p[0])]],
        })
    };
    let found = optimize::maximize_positive([1.0], [1e-3], [1e3], 50.0, gamma).expect("no error");
    assert_eq!(found.outcome, Outcome::Converged);
    near(found.at[0], 4_f64.ln(), 1e-9);
    near(
        optimize::covariance(&found.derivatives, 50.0).expect("a maximum")[0][0],
        1.0 / (50.0 * 4.0),
        1e-8,
    );
}

#[test]
fn roots_of_matrices_give_them_back() {
    for m in [
        [[4.0, 2.0, -2.0], [2.0, 5.0, 1.0], [-2.0, 1.0, 6.0]],
        // Of rank two and one: a column without a pivot is 0.
        [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 4.0]],
        [[0.0, 0.0, 0.0], [0.0, 9.0, 3.0], [0.0, 3.0, 1.0]],
    ] {
        let root = optimize::lower_root(&m);
        for i in 0..3 {
            for j in 0..3 {
                let cell: f64 = (0..3).map(|k| root[i][k] * root[j][k]).sum();
                assert!((cell - m[i][j]).abs() < 1e-12, "{root:?}");
                assert!(j <= i || root[i][j] == 0.0);
            }
        }
    }
}

/// The log-likelihood of durations by its definition.
fn ln_likelihood(family: Family, rows: &Rows<'_>, [a, b]: [f64; 2]) -> f64 {
    (0..rows.durations.len())
        .map(|i| {
            let (t, weight) = (rows.durations[i], rows.weights.map_or(1.0, |w| w[i]));
            let z = match family {
                Family::Weibull => (t / a).powf(b),
                Family::LogNormal => (t.ln() - a) / b,
            };
            let ln = match (family, rows.observed[i]) {
                (Family::Weibull, true) => (b / t).ln() + z.ln() - z,
                (Family::Weibull, false) => -z,
                (Family::LogNormal, true) => -z * z / 2.0 - (2.0 * PI).sqrt().ln() - (b * t).ln(),
                (Family::LogNormal, false) => normal::ln_upper_tail(z),
            };
            weight * ln
        })
        .sum()
}

/// At a fit the likelihood is highest, its curvature gives the standard errors, and the curve is that of the family.
#[test]
fn lifetimes_are_fitted_where_the_likelihood_is_highest() {
    for seed in 0..12 {
        let mut rng = Rng::stream(seed, 5);
        let n = 30 + 10 * seed as usize;
        let end = [5.0, 40.0, 300.0][seed as usize % 3];
        let mut durations = Vec::new();
        let mut observed = Vec::new();
        for _ in 0..n {
            let t = (3.0 + 20.0 * rng.weibull(1.4)).round();
            let stop = (1.0 + end * rng.uniform() * 3.0).round();
            durations.push(t.min(stop));
            observed.push(t <= stop);
        }
        observed[0] = true;
        let weights: Vec<f64> = (0..n).map(|i| 0.5 + (i % 4) as f64).collect();
        let rows = Rows {
            durations: &durations,
            observed: &observed,
            weights: (seed % 2 == 1).then_some(&weights),
            ..Rows::default()
        };
        for family in [Family::Weibull, Family::LogNormal] {
            let fit = lifetime::fit(family, rows).expect("a fit");
            assert_eq!(fit.status, Status::Converged, "{seed} {family:?}");
            let [a, b] = fit.parameters;
            let at = |a: f64, b: f64| ln_likelihood(family, &rows, [a, b]);
            near(fit.log_likelihood, at(a, b), 1e-10);
            near(fit.aic(), 4.0 - 2.0 * at(a, b), 1e-10);
            let (da, db) = (1e-3 * a.abs(), 1e-3 * b);
            for (x, y) in [(a + da, b), (a - da, b), (a, b + db), (a, b - db)] {
                assert!(at(x, y) < at(a, b), "{seed} {family:?}");
            }
            let aa = (at(a + da, b) - 2.0 * at(a, b) + at(a - da, b)) / (da * da);
            let bb = (at(a, b + db) - 2.0 * at(a, b) + at(a, b - db)) / (db * db);
            let ab = (at(a + da, b + db) - at(a + da, b - db) - at(a - da, b + db)
                + at(a - da, b - db))
                / (4.0 * da * db);
            let determinant = aa * bb - ab * ab;
            let errors = fit.standard_errors.expect("errors");
            near(errors[0], (-bb / determinant).sqrt(), 1e-3);
            near(errors[1], (-aa / determinant).sqrt(), 1e-3);
            let weight = |i: usize| if seed % 2 == 1 { weights[i] } else { 1.0 };
            near(fit.rows, (0..n).map(weight).sum(), 1e-12);
            near(
                fit.events,
                (0..n).filter(|i| observed[*i]).map(weight).sum(),
                1e-12,
            );
            assert_eq!((fit.survival(0.0), fit.survival(-1.0)), (1.0, 1.0));
            for q in [0.1, 0.5, 0.9] {
                near(fit.survival(fit.quantile(q)), 1.0 - q, 1e-10);
            }
            let expected = match family {
                Family::Weibull => (-(10.0 / a).powf(b)).exp(),
                Family::LogNormal => normal::upper_tail((10_f64.ln() - a) / b),
            };
            near(fit.survival(10.0), expected, 1e-12);
        }
    }
}
