//! The covariance of a fit is the inverse of the likelihood's curvature at its maximum, all of it:
//! what two parameters share, too. The curvature is found here by differences of the likelihood.

use crm_core::clv::models::bg_nbd;
use crm_core::clv::models::bg_nbd::Family;
use crm_core::clv::models::pareto_nbd;
use crm_core::clv::{Histories, History, Kind, Purchases, RepeatModel, Rows, Unit};

/// Customers who buy at rates of their own, some of whom stop: whole days, seeded.
fn customers(n: usize) -> Vec<History> {
    let mut state = 20_260_u64;
    let mut uniform = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    };
    (0..n)
        .map(|_| {
            let age = 200.0 + (uniform() * 200.0).floor();
            let rate = 0.02 * -uniform().ln();
            let leaves = 0.6 * uniform() * uniform();
            let (mut t, mut x, mut last) = (0.0, 0.0, 0.0);
            loop {
                if uniform() < leaves {
                    break;
                }
                t += 1.0 + (-uniform().ln() / rate).floor();
                if t > age {
                    break;
                }
                (x, last) = (x + 1.0, t);
            }
            History { x, t_x: last, age }
        })
        .collect()
}

fn model(kind: Kind, values: [f64; 4]) -> RepeatModel {
    let bg = |family| RepeatModel::Bg(bg_nbd::Params::new(family, 1, values, Unit::Day).unwrap());
    match kind {
        Kind::BgNbd => bg(Family::Bg),
        Kind::MbgNbd => bg(Family::Mbg),
        _ => RepeatModel::Pareto(pareto_nbd::Params::new(values, Unit::Day).unwrap()),
    }
}

/// The inverse of a matrix by elimination with pivots.
fn inverse(mut m: [[f64; 4]; 4]) -> [[f64; 4]; 4] {
    let mut out = [[0.0; 4]; 4];
    (0..4).for_each(|i| out[i][i] = 1.0);
    for at in 0..4 {
        let pivot = (at..4)
            .max_by(|a, b| m[*a][at].abs().total_cmp(&m[*b][at].abs()))
            .unwrap();
        m.swap(at, pivot);
        out.swap(at, pivot);
        let scale = m[at][at];
        for k in 0..4 {
            m[at][k] /= scale;
            out[at][k] /= scale;
        }
        for row in (0..4).filter(|row| *row != at) {
            let factor = m[row][at];
            for k in 0..4 {
                m[row][k] -= factor * m[at][k];
                out[row][k] -= factor * out[at][k];
            }
        }
    }
    out
}

#[test]
fn the_covariance_is_the_inverse_of_the_curvature() {
    let histories = customers(3_000);
    let x: Vec<f64> = histories.iter().map(|h| h.x).collect();
    let t_x: Vec<f64> = histories.iter().map(|h| h.t_x).collect();
    let age: Vec<f64> = histories.iter().map(|h| h.age).collect();
    let rows = Rows::new(&Histories::new(&x, &t_x, &age)).unwrap();
    for kind in [Kind::BgNbd, Kind::MbgNbd, Kind::ParetoNbd] {
        let fit =
            crm_core::clv::fit(kind, &rows, Unit::Day, 0.0, &crm_core::Context::default()).unwrap();
        let best: Vec<f64> = fit.parameters().map(|(_, value)| value).collect();
        // −ln L where the logs of the parameters lie these steps off the maximum.
        let cost = |steps: [f64; 4]| -> f64 {
            let values = std::array::from_fn(|i| best[i] * steps[i].exp());
            let model = model(kind, values);
            -histories
                .iter()
                .map(|h| model.log_likelihood(*h))
                .sum::<f64>()
        };
        let step = 5e-3;
        let at = |i: usize, a: f64, j: usize, b: f64| {
            let mut steps = [0.0; 4];
            steps[i] += a * step;
            steps[j] += b * step;
            cost(steps)
        };
        let curvature = std::array::from_fn(|i| {
            std::array::from_fn(|j| {
                let corners = at(i, 1.0, j, 1.0) - at(i, 1.0, j, -1.0) - at(i, -1.0, j, 1.0)
                    + at(i, -1.0, j, -1.0);
                corners / (4.0 * step * step)
            })
        });
        let expected = inverse(curvature);
        let found = fit.covariance().expect("converged");
        let mut shared = 0.0_f64;
        for i in 0..4 {
            for j in 0..4 {
                let size = (expected[i][i] * expected[j][j]).sqrt() * best[i] * best[j];
                let (ours, theirs) = (found[i * 4 + j], expected[i][j] * best[i] * best[j]);
                assert!(
                    (ours - theirs).abs() < 0.01 * size,
                    "{kind:?} {i} {j}: {ours} {theirs}"
                );
                if i != j {
                    shared = shared.max((theirs / size).abs());
                }
            }
        }
        // Parameters that shared nothing would not show whether the rest of the matrix is there.
        assert!(shared > 0.3, "{kind:?}: {shared}");
        let errors = fit.standard_errors().unwrap();
        for (i, error) in errors.iter().enumerate() {
            assert!((error / (expected[i][i].sqrt() * best[i]) - 1.0).abs() < 0.01);
        }
    }
}
