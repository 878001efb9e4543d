//! Intervals of ratios whose trials come in clusters, against their variance computed directly.

use crm_core::Fraction;
use crm_core::num::ratio::{Ratio, Sums, wilson};

/// The share of hits in clusters, and Wilson's interval with the trials that give the variance of a
/// ratio between clusters (Cochran 1977, section 11): `m / (m − 1) Σ (y − p n)² / N²`.
#[test]
fn ratios_of_clusters_by_their_variance() {
    let level = Fraction::new(0.9).expect("a level");
    let shops: [&[(u64, u64)]; 4] = [
        &[(3, 10), (0, 4), (7, 7), (1, 2), (40, 90)],
        &[(1, 2), (1, 2), (1, 3)],
        &[(9, 10), (1, 10)],
        &[(1, 1), (0, 1), (1, 1), (0, 1), (0, 1), (5, 9)],
    ];
    for clusters in shops {
        let of = |part: fn(&(u64, u64)) -> u64| clusters.iter().map(part).sum::<u64>() as f64;
        let (y, n, m) = (of(|c| c.0), of(|c| c.1), clusters.len() as f64);
        let p = y / n;
        let off = |c: &(u64, u64)| (c.0 as f64 - p * c.1 as f64).powi(2);
        let variance = m / (m - 1.0) * clusters.iter().map(off).sum::<f64>() / (n * n);
        let trials = (p * (1.0 - p) / variance).min(n).max(1.0);
        let (low, high) = wilson(p, trials, level);
        let mut sums = Sums::default();
        clusters.iter().for_each(|(y, n)| sums.add(*y, *n));
        let both = [
            Ratio::from_sums(&sums, level),
            Ratio::clustered(clusters.iter().copied(), level),
        ];
        for found in both {
            assert!((found.value.unwrap() - p).abs() < 1e-12, "{clusters:?}");
            assert!((found.low.unwrap() - low).abs() < 1e-12, "{clusters:?}");
            assert!((found.high.unwrap() - high).abs() < 1e-12, "{clusters:?}");
        }
    }
}

/// Sums too large for 128 bits give the interval of the same clusters 2^40 times smaller, where the
/// number of trials does not limit it.
#[test]
fn the_interval_of_clusters_does_not_depend_on_their_size() {
    let level = Fraction::new(0.95).expect("a level");
    for clusters in [
        [(9_u64, 10_u64), (1, 10), (4, 10)],
        [(7, 7), (5, 90), (2, 3)],
    ] {
        let sized = |size: u64| {
            let mut sums = Sums::default();
            let sized = clusters.iter().map(|(y, n)| (y * size, n * size));
            sized.for_each(|(y, n)| sums.add(y, n));
            Ratio::from_sums(&sums, level)
        };
        let (small, large) = (sized(1), sized(1 << 40));
        for (a, b) in [(small.low, large.low), (small.high, large.high)] {
            let (a, b) = (a.unwrap(), b.unwrap());
            assert!((a - b).abs() < 1e-9, "{a} {b}");
        }
    }
}
