//! Curves equal lifelines', fits equal the maximum found by mpmath at 30 digits.
//! The files come from tests/python/oracles/survival.py.

use crm_core::Fraction;
use crm_core::num::lifetime::{self, Family, Status};
use crm_core::num::survival::{self, Rows};

const ROWS: &str = include_str!("../../../tests/golden/survival_rows.csv");
const CURVE: &str = include_str!("../../../tests/golden/survival_curve.csv");
const FITS: &str = include_str!("../../../tests/golden/survival_fits.csv");

fn lines(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().skip(2).map(|line| line.split(',').collect())
}

fn number(text: &str) -> f64 {
    text.parse().expect("a number")
}

/// Calls `test` with the rows of the set called `name`.
fn with_rows<T>(name: &str, test: impl FnOnce(Rows<'_>) -> T) -> T {
    let of_set: Vec<_> = lines(ROWS).filter(|row| row[0] == name).collect();
    let durations: Vec<f64> = of_set.iter().map(|row| number(row[1])).collect();
    let observed: Vec<bool> = of_set.iter().map(|row| row[2] == "1").collect();
    let weights: Vec<f64> = of_set.iter().map(|row| number(row[3])).collect();
    test(Rows {
        durations: &durations,
        observed: &observed,
        weights: Some(&weights),
        clusters: None,
    })
}

#[test]
fn kaplan_meier_equals_lifelines() {
    let level = Fraction::new(0.95).expect("a level");
    let mut intervals = 0;
    for set in ["gaps", "ties", "heavy", "counted"] {
        let curve = with_rows(set, |rows| survival::kaplan_meier(rows, level)).expect("a curve");
        let expected: Vec<_> = lines(CURVE).filter(|row| row[0] == set).collect();
        assert_eq!(curve.times.len(), expected.len());
        for row in expected {
            let [time, at_risk, s, low, high] = [1, 2, 3, 4, 5].map(|c| number(row[c]));
            let ours = curve.at(time).expect("someone at risk");
            assert!((ours.survival - s).abs() < 1e-12, "{set} {time}");
            // lifelines counts those who enter at time 0 as at risk of nothing before; same here.
            assert!((ours.at_risk - at_risk).abs() < 1e-9, "{set} {time}");
            if s > 0.0 && s < 1.0 {
                assert!(
                    (ours.low - low).abs() < 1e-8,
                    "{set} {time}: {} {low}",
                    ours.low
                );
                assert!(
                    (ours.high - high).abs() < 1e-8,
                    "{set} {time}: {} {high}",
                    ours.high
                );
                intervals += 1;
            }
        }
    }
    assert!(intervals > 100);
}

#[test]
fn fits_are_the_maximum() {
    let mut compared = 0;
    for row in lines(FITS) {
        let family = match row[1] {
            "weibull" => Family::Weibull,
            _ => Family::LogNormal,
        };
        let fit = with_rows(row[0], |rows| lifetime::fit(family, rows)).expect("a fit");
        let name = format!("{} {}", row[0], row[1]);
        assert_eq!(fit.status, Status::Converged, "{name}");
        assert!(fit.score < 1e-8, "{name}: {}", fit.score);
        for parameter in 0..2 {
            let exact = number(row[2 + parameter]);
            let ours = fit.parameters[parameter];
            assert!((ours / exact - 1.0).abs() < 1e-9, "{name}: {ours} {exact}");
            let theirs = number(row[8 + parameter]);
            assert!(
                (ours - theirs).abs() < 1e-4 * theirs,
                "{name}: {ours} {theirs}"
            );
            let error = fit.standard_errors.expect("errors")[parameter];
            assert!(
                (error / number(row[4 + parameter]) - 1.0).abs() < 1e-3,
                "{name}: {error}"
            );
        }
        assert!(
            (fit.log_likelihood - number(row[6])).abs() < 1e-9 * number(row[6]).abs(),
            "{name}"
        );
        assert!(fit.log_likelihood >= number(row[7]) - 1e-9, "{name}");
        compared += 1;
    }
    assert_eq!(compared, 6);
}
