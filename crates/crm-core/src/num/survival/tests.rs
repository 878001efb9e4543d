use super::*;

fn level() -> Fraction {
    Fraction::new(0.95).unwrap()
}

fn curve(durations: &[f64], observed: &[bool]) -> Curve {
    kaplan_meier(
        Rows {
            durations,
            observed,
            ..Rows::default()
        },
        level(),
    )
    .unwrap()
}

/// Rows that are neither simple nor sorted: duration, event, cluster.
fn some_rows(n: u64, unit: f64) -> (Vec<f64>, Vec<bool>, Vec<u32>) {
    let mut state = 12345u64;
    let mut next = move || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        state >> 40
    };
    let rows: Vec<_> = (0..n)
        .map(|_| ((next() % 60) as f64 * unit, next() % 3 > 0, next() % 40))
        .collect();
    (
        rows.iter().map(|r| r.0).collect(),
        rows.iter().map(|r| r.1).collect(),
        rows.iter().map(|r| r.2 as u32).collect(),
    )
}

#[test]
fn day_zero_events_count_at_zero_and_nobody_at_risk_is_null() {
    let c = curve(&[0.0, 0.0, 5.0, 9.0], &[true, false, true, false]);
    assert_eq!(c.at(0.0).unwrap().survival, 0.75);
    assert_eq!(c.at(0.0).unwrap().at_risk, 4.0);
    assert_eq!(c.at(5.0).unwrap().survival, 0.375);
    assert_eq!(c.at(9.0).unwrap().at_risk, 1.0);
    assert_eq!(c.at(9.5), None);
    assert_eq!(curve(&[], &[]).at(0.0), None);
}

#[test]
fn where_the_curve_is_zero_or_one_the_interval_is_wilson() {
    let c = curve(&[3.0, 7.0, 7.0, 7.0], &[false, true, true, true]);
    let before = c.at(2.0).unwrap();
    assert_eq!((before.low, before.high), ratio::wilson(1.0, 4.0, level()));
    let after = c.at(7.0).unwrap();
    assert_eq!(after.survival, 0.0);
    assert_eq!((after.low, after.high), ratio::wilson(0.0, 4.0, level()));
}

#[test]
fn a_weight_of_two_is_two_rows() {
    let (durations, observed, _) = some_rows(50, 1.0);
    let twice = |v: &[f64]| [v, v].concat();
    let doubled = curve(
        &twice(&durations),
        &[observed.clone(), observed.clone()].concat(),
    );
    let rows = Rows {
        durations: &durations,
        observed: &observed,
        weights: Some(&[2.0; 50]),
        clusters: None,
    };
    assert_eq!(kaplan_meier(rows, level()).unwrap(), doubled);
}

#[test]
fn counting_and_sorting_agree() {
    let (days, observed, _) = some_rows(300, 1.0);
    let fractions: Vec<f64> = days.iter().map(|d| d / 64.0).collect();
    let (a, b) = (curve(&days, &observed), curve(&fractions, &observed));
    assert_eq!(a.survival, b.survival);
    assert_eq!(a.ln_variance, b.ln_variance);
}

#[test]
fn rows_that_stand_alone_have_greenwoods_variance() {
    let (durations, observed, _) = some_rows(200, 1.0);
    let plain = curve(&durations, &observed);
    let alone: Vec<u32> = (0..200).collect();
    let rows = Rows {
        durations: &durations,
        observed: &observed,
        weights: None,
        clusters: Some(&alone),
    };
    let clustered = kaplan_meier(rows, level()).unwrap();
    for step in 0..plain.times.len() {
        if plain.survival[step] > 0.0 {
            let (a, b) = (plain.ln_variance[step], clustered.ln_variance[step]);
            assert!((a - b).abs() < 1e-12 * a.max(1e-3), "{step}: {a} {b}");
        }
    }
}

/// A second computation: the influence formula of the module doc, row by row and time by time.
#[test]
fn cluster_variance_is_the_sum_of_squared_influences() {
    let (durations, observed, clusters) = some_rows(150, 1.0);
    let weights: Vec<f64> = clusters
        .iter()
        .map(|c| 1.0 / f64::from(c % 4 + 1))
        .collect();
    let rows = Rows {
        durations: &durations,
        observed: &observed,
        weights: Some(&weights),
        clusters: Some(&clusters),
    };
    let c = kaplan_meier(rows, level()).unwrap();
    for (step, &t) in c.times.iter().enumerate() {
        if c.survival[step] <= 0.0 {
            continue;
        }
        let mut influence = [0.0; 40];
        for row in 0..durations.len() {
            let mut u = 0.0;
            for s in 0..=step {
                let later = c.at_risk[s] - c.events[s];
                if c.times[s] <= durations[row] {
                    u += c.events[s] / (c.at_risk[s] * later);
                }
                if observed[row] && durations[row] == c.times[s] {
                    u -= 1.0 / later;
                }
            }
            influence[clusters[row] as usize] += weights[row] * u;
        }
        let slow: f64 = influence.iter().map(|u| u * u).sum();
        assert!(
            (c.ln_variance[step] - slow).abs() < 1e-10 * slow.max(1e-3),
            "{t}"
        );
    }
}

/// The copied rows against the two passes; some durations are longer than the table.
#[test]
fn subjects_are_their_rows() {
    let (days, _, _) = some_rows(400, 1.0);
    let days: Vec<u32> = days.iter().map(|d| *d as u32).collect();
    let far = [70_000, 200_000, 90_000];
    let mut subjects: Vec<(Vec<u32>, Option<u32>)> = (days.chunks(5).enumerate())
        .map(|(i, part)| (part[..i % 5].to_vec(), (i % 7 > 0).then_some(part[4])))
        .collect();
    subjects[9].0.extend(far);
    subjects[20].1 = Some(80_000);
    subjects[33].0.push(90_000);
    subjects.retain(|(ended, open)| !ended.is_empty() || open.is_some());
    let weight =
        |ended: &[u32], open: Option<u32>| 1.0 / (ended.len() + usize::from(open.is_some())) as f64;
    let (mut durations, mut observed) = (Vec::new(), Vec::new());
    let (mut weights, mut clusters) = (Vec::new(), Vec::new());
    for (i, (ended, open)) in subjects.iter().enumerate() {
        let rows = ended.iter().map(|day| (*day, true));
        for (day, seen) in rows.chain(open.map(|day| (day, false))) {
            durations.push(f64::from(day));
            observed.push(seen);
            weights.push(weight(ended, *open));
            clusters.push(i as u32);
        }
    }
    let rows = Rows {
        durations: &durations,
        observed: &observed,
        weights: Some(&weights),
        clusters: Some(&clusters),
    };
    let passes = || {
        subjects.iter().map(|(ended, open)| Subject {
            ended,
            open: *open,
            weight: weight(ended, *open),
        })
    };
    let two = by_subject(passes, level(), &Context::default()).unwrap();
    let one = kaplan_meier(rows, level()).unwrap();
    assert_eq!((&two.times, two.subjects), (&one.times, one.subjects));
    assert_eq!((&two.at_risk, &two.survival), (&one.at_risk, &one.survival));
    for (a, b) in two.ln_variance.iter().zip(&one.ln_variance) {
        assert!((a - b).abs() < 1e-12 * b.max(1e-3), "{a} {b}");
    }
}

#[test]
fn quantiles_are_the_first_time_reached() {
    let c = curve(
        &(1..=1000).map(f64::from).collect::<Vec<_>>(),
        &[true; 1000],
    );
    assert_eq!(c.quantile(0.1), Some(100.0));
    assert_eq!(c.quantile(0.5), Some(500.0));
    let open = curve(&[1.0, 2.0, 3.0], &[true, false, false]);
    assert_eq!(open.quantile(0.5), None);
    let (low, high) = c.quantile_interval(0.5);
    assert!(low.unwrap() < 500.0 && high.unwrap() > 500.0);
}

#[test]
fn what_is_outside_its_domain_is_refused_by_row() {
    let rows = Rows {
        durations: &[1.0, -1.0],
        observed: &[true, true],
        ..Rows::default()
    };
    assert!(matches!(
        kaplan_meier(rows, level()),
        Err(Error::Value { row: 1, .. })
    ));
    let short = Rows {
        durations: &[1.0],
        observed: &[],
        ..Rows::default()
    };
    assert!(matches!(
        kaplan_meier(short, level()),
        Err(Error::ColumnLength { .. })
    ));
}

/// With `n` events at 1, 2, ..., n and nobody censored, S after `k` is (n − k)/n, so the quantile
/// k/n is k, although the product in which S is computed may miss the fraction by rounding. A
/// greater share is reached one event later.
#[test]
fn quantiles_at_a_step_are_that_step_whatever_the_rounding() {
    let mut missed = 0;
    for n in 1..=120_usize {
        let durations: Vec<f64> = (1..=n).map(|t| t as f64).collect();
        let c = curve(&durations, &vec![true; n]);
        for k in 1..=n {
            let q = k as f64 / n as f64;
            assert_eq!(c.quantile(q), Some(k as f64), "{k} of {n}");
            missed += usize::from(c.survival[k - 1] > 1.0 - q);
            if k < n {
                assert_eq!(c.quantile(q + 1e-9), Some(k as f64 + 1.0), "{k} of {n}");
            }
        }
    }
    // Without cases where rounding misses the fraction this test would prove nothing.
    assert!(missed > 100, "{missed}");
}
