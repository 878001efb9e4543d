//! The models against values of 25 digits, made with mpmath from other formulas than the library's
//! (`tests/python/oracles/clv_models.py`), over the wide boxes that inputs may come from.

use crm_core::clv::bg_nbd::{self, Family};
use crm_core::clv::{History, Purchases, Unit, pareto_nbd};

/// Rows of numbers; NaN where the oracle gave up.
fn table(text: &str) -> impl Iterator<Item = Vec<f64>> {
    text.lines().skip(1).map(|line| {
        line.split(',')
            .map(|cell| cell.parse().unwrap_or(f64::NAN))
            .collect()
    })
}

/// Largest error found, in units of what is allowed, with where.
#[derive(Default)]
struct Worst {
    error: f64,
    at: String,
    checked: u32,
}

impl Worst {
    fn check(&mut self, found: f64, expected: f64, allowed: f64, at: impl Fn() -> String) {
        if expected.is_nan() {
            return;
        }
        assert!(!found.is_nan(), "{}", at());
        self.checked += 1;
        let error = (found - expected).abs() / allowed;
        if error > self.error || error.is_nan() {
            self.error = error;
            self.at = format!("{found:e} for {expected:e}, {}", at());
        }
    }

    fn likelihood(&mut self, found: f64, expected: f64, at: impl Fn() -> String) {
        self.check(found, expected, 1e-10 * expected.abs().max(1.0), at);
    }

    /// Relative, above 1e-300.
    fn relative(&mut self, found: f64, expected: f64, at: impl Fn() -> String) {
        if expected > 1e-300 {
            self.check(found, expected, 1e-10 * expected, at);
        }
    }

    fn done(&self, name: &str, at_least: u32) {
        println!(
            "{name}: {} checked, worst {:e} of what is allowed: {}",
            self.checked, self.error, self.at
        );
        assert!(self.checked >= at_least, "{name}: only {}", self.checked);
        assert!(self.error <= 1.0, "{name}: {} at {}", self.error, self.at);
    }
}

#[test]
fn bg_family_agrees_with_mpmath() {
    let text = include_str!("../../../tests/golden/clv_bg.csv");
    let [mut likelihood, mut alive, mut expected, mut later] = [(); 4].map(|()| Worst::default());
    for row in table(text) {
        let family = if row[0] == 0.0 {
            Family::Bg
        } else {
            Family::Mbg
        };
        let values = [row[1], row[2], row[3], row[4]];
        let model = bg_nbd::Params::new(family, 1, values, Unit::Day).unwrap();
        let h = History {
            x: row[5],
            t_x: row[6],
            age: row[7],
        };
        let t = row[8];
        let at = || format!("{family:?} {values:?} {h:?} {t}");
        likelihood.likelihood(model.log_likelihood(h), row[9], at);
        alive.relative(model.probability_alive(h, 0.0), row[10], at);
        expected.relative(model.expected(h, t), row[11], at);
        later.relative(model.probability_alive(h, t), row[12], at);
    }
    likelihood.done("log-likelihood", 900);
    alive.done("P(alive)", 500);
    expected.done("E[Y(t)]", 500);
    later.done("P(alive at T+t)", 500);
}

#[test]
fn pareto_nbd_agrees_with_mpmath() {
    let text = include_str!("../../../tests/golden/clv_pareto.csv");
    let [mut likelihood, mut alive, mut expected] = [(); 3].map(|()| Worst::default());
    for row in table(text) {
        let values = [row[0], row[1], row[2], row[3]];
        let model = pareto_nbd::Params::new(values, Unit::Day).unwrap();
        let h = History {
            x: row[4],
            t_x: row[5],
            age: row[6],
        };
        let t = row[7];
        let at = || format!("{values:?} {h:?} {t}");
        likelihood.likelihood(model.log_likelihood(h), row[8], at);
        alive.relative(model.probability_alive(h, 0.0), row[9], at);
        expected.relative(model.expected(h, t), row[10], at);
    }
    likelihood.done("log-likelihood", 900);
    alive.done("P(alive)", 400);
    expected.done("E[Y(t)]", 400);
}
