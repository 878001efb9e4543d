//! The least value of a function of a few bounded parameters, without derivatives: the simplex of Nelder and Mead (1965). There is
//! no randomness, so the same data give the same bits. Parameters stay within their bounds; a value that is not a number is the
//! worst.

/// Searches from `start`, with first steps of `step`, until the values of all corners are within `tolerance` or after `evaluations`.
/// Returns the best point and its value.
pub(super) fn minimize<const N: usize>(
    start: [f64; N],
    step: [f64; N],
    bounds: [(f64, f64); N],
    (tolerance, evaluations): (f64, u32),
    mut f: impl FnMut(&[f64; N]) -> f64,
) -> ([f64; N], f64) {
    let within = |mut at: [f64; N]| {
        for (x, (low, high)) in at.iter_mut().zip(bounds) {
            *x = x.clamp(low, high);
        }
        at
    };
    let mut left = evaluations;
    let mut value = |at: &[f64; N]| {
        left = left.saturating_sub(1);
        let value = f(at);
        (if value.is_nan() { f64::INFINITY } else { value }, left)
    };
    let start = within(start);
    let mut best = (start, value(&start).0);
    // The other corners, ascending by value; the best one is apart.
    let mut rest = [best; N];
    for (at, corner) in rest.iter_mut().enumerate() {
        let mut point = start;
        point[at] += step[at];
        // A step out of the bounds goes the other way.
        if point[at] > bounds[at].1 {
            point[at] = start[at] - step[at];
        }
        let point = within(point);
        *corner = (point, value(&point).0);
    }
    loop {
        rest.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
        if rest[0].1 < best.1 {
            std::mem::swap(&mut rest[0], &mut best);
            rest.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
        }
        let worst = rest[N - 1];
        if worst.1 - best.1 <= tolerance {
            return best;
        }
        // The mean of all corners but the worst, and the point so far from it, opposite to the worst.
        let middle: [f64; N] = std::array::from_fn(|i| {
            let others: f64 = rest[..N - 1].iter().map(|corner| corner.0[i]).sum();
            (best.0[i] + others) / N as f64
        });
        let towards = |far: f64| {
            within(std::array::from_fn(|i| {
                middle[i] + far * (middle[i] - worst.0[i])
            }))
        };
        let reflected = towards(1.0);
        let (of_reflected, _) = value(&reflected);
        let second = if N > 1 { rest[N - 2].1 } else { best.1 };
        let (point, found, left) = if of_reflected < best.1 {
            let expanded = towards(2.0);
            let (of_expanded, left) = value(&expanded);
            match of_expanded < of_reflected {
                true => (expanded, of_expanded, left),
                false => (reflected, of_reflected, left),
            }
        } else if of_reflected < second {
            (reflected, of_reflected, u32::MAX)
        } else {
            let contracted = towards(if of_reflected < worst.1 { 0.5 } else { -0.5 });
            let (of_contracted, left) = value(&contracted);
            (contracted, of_contracted, left)
        };
        if found < worst.1 {
            rest[N - 1] = (point, found);
        } else {
            for corner in &mut rest {
                let point = std::array::from_fn(|i| 0.5 * (best.0[i] + corner.0[i]));
                *corner = (point, value(&point).0);
            }
        }
        if left == 0 {
            rest.iter().for_each(|corner| {
                if corner.1 < best.1 {
                    best = *corner;
                }
            });
            return best;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_least_value_inside_and_at_a_bound() {
        let f = |at: &[f64; 2]| {
            let [x, y] = *at;
            (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2)
        };
        let bounds = [(-5.0, 5.0); 2];
        let (at, value) = minimize([-1.2, 1.0], [0.1; 2], bounds, (1e-16, 2_000), f);
        assert!((at[0] - 1.0).abs() < 1e-6 && value < 1e-12, "{at:?}");
        // With x up to .5 the least value is at (.5, .25).
        let bounds = [(-5.0, 0.5), (-5.0, 5.0)];
        let (at, _) = minimize([-1.2, 1.0], [0.1; 2], bounds, (1e-16, 2_000), f);
        assert!(
            (at[0] - 0.5).abs() < 1e-6 && (at[1] - 0.25).abs() < 1e-4,
            "{at:?}"
        );
        // One parameter, and a function that is not a number beyond 2.
        let f = |at: &[f64; 1]| libm::sqrt(2.0 - at[0]);
        let (at, _) = minimize([0.0], [0.5], [(-9.0, 9.0)], (1e-12, 500), f);
        assert!((at[0] - 2.0).abs() < 1e-3, "{at:?}");
    }

    #[test]
    fn the_number_of_evaluations_is_bounded() {
        let mut calls = 0;
        let f = |at: &[f64; 3]| {
            calls += 1;
            -at[0] - at[1] - at[2]
        };
        let far = [(-1e300, 1e300); 3];
        minimize([0.0; 3], [1.0; 3], far, (0.0, 100), f);
        assert!(calls <= 110, "{calls}");
    }
}
