//! The models against values of 25 digits, made with mpmath from other formulas than the library's
//! (`clv_models.py` and `clv_further.py` in `tests/python/oracles`), over the wide boxes that inputs
//! may come from. Derivatives of the likelihoods are private: `clv/score.rs` reads theirs.

use crm_core::clv::models::bg_nbd;
use crm_core::clv::models::bg_nbd::Family;
use crm_core::clv::models::{gamma_gamma, pareto_nbd};
use crm_core::clv::{History, Purchases, RepeatModel, Unit};

/// Rows of numbers; NaN where the oracle gave up.
fn table(text: &str) -> impl Iterator<Item = Vec<f64>> {
    text.lines().skip(2).map(|line| {
        line.split(',')
            .map(|cell| cell.parse().unwrap_or(f64::NAN))
            .collect()
    })
}

/// The same where the first column is the name of a model.
fn named(text: &str) -> impl Iterator<Item = (&str, Vec<f64>)> {
    let names = text
        .lines()
        .skip(2)
        .map(|line| line.split(',').next().unwrap());
    names.zip(table(text))
}

fn model(name: &str, k: f64, values: &[f64]) -> RepeatModel {
    let values = [values[0], values[1], values[2], values[3]];
    let bg = |family| bg_nbd::Params::new(family, k as u32, values, Unit::Day).unwrap();
    match name {
        "bg_nbd" | "bg_cnbd_k" => RepeatModel::Bg(bg(Family::Bg)),
        "mbg_nbd" | "mbg_cnbd_k" => RepeatModel::Bg(bg(Family::Mbg)),
        "pareto_nbd" => RepeatModel::Pareto(pareto_nbd::Params::new(values, Unit::Day).unwrap()),
        other => panic!("{other}"),
    }
}

fn history(cells: &[f64]) -> History {
    History {
        x: cells[0],
        t_x: cells[1],
        age: cells[2],
    }
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

#[test]
fn regular_gaps_agree_with_mpmath() {
    let text = include_str!("../../../tests/golden/clv_regular.csv");
    let [mut likelihood, mut alive, mut expected] = [(); 3].map(|()| Worst::default());
    for row in table(text) {
        let name = ["bg_cnbd_k", "mbg_cnbd_k"][row[0] as usize];
        let (model, h) = (model(name, row[1], &row[2..6]), history(&row[6..9]));
        let at = || format!("{model:?} {h:?} {}", row[9]);
        likelihood.likelihood(model.log_likelihood(h), row[10], at);
        alive.relative(model.probability_alive(h, 0.0), row[11], at);
        expected.relative(model.expected(h, row[9]), row[12], at);
    }
    likelihood.done("log-likelihood", 390);
    alive.done("P(alive)", 300);
    expected.done("E[Y(t)]", 180);
}

#[test]
fn counts_agree_with_mpmath() {
    let text = include_str!("../../../tests/golden/clv_counts.csv");
    let mut each: [Worst; 3] = [(); 3].map(|()| Worst::default());
    for (name, row) in named(text) {
        let (model, h) = (model(name, row[1], &row[2..6]), history(&row[6..9]));
        let (t, n) = (row[9], row[10]);
        let kind = ["pareto_nbd", "bg_nbd", "mbg_nbd"]
            .iter()
            .position(|k| *k == name);
        let worst = &mut each[kind.map_or(2, |at| at.min(1))];
        let at = || format!("{model:?} {h:?} {t} {n}");
        worst.relative(model.probability_of(n as u32, h, t), row[11], at);
    }
    let names = ["Pareto/NBD", "(M)BG/NBD", "(M)BG/CNBD-k"];
    for (worst, (name, at_least)) in each.iter().zip(names.into_iter().zip([75, 120, 120])) {
        worst.done(&format!("P(Y(t) = n), {name}"), at_least);
    }
}

#[test]
fn discounted_purchases_agree_with_mpmath() {
    let text = include_str!("../../../tests/golden/clv_discounted.csv");
    let mut each: [Worst; 6] = [(); 6].map(|()| Worst::default());
    for (name, row) in named(text) {
        let (model, h) = (model(name, row[1], &row[2..6]), history(&row[6..9]));
        let (delta, horizon) = (row[9], Some(row[10]).filter(|to| *to > 0.0));
        let kind = match name {
            "bg_nbd" | "mbg_nbd" => 0,
            "pareto_nbd" => 1,
            _ => 2,
        };
        let which = 2 * kind + usize::from(horizon.is_none());
        let at = || format!("{model:?} {h:?} {delta} {horizon:?}");
        each[which].relative(model.discounted(h, delta, horizon), row[11], at);
    }
    let names = [
        ("(M)BG/NBD within a time", 120),
        ("(M)BG/NBD for ever", 60),
        ("Pareto/NBD within a time", 100),
        ("Pareto/NBD for ever", 50),
        ("(M)BG/CNBD-k within a time", 50),
        ("(M)BG/CNBD-k for ever", 25),
    ];
    for (worst, (name, at_least)) in each.iter().zip(names) {
        worst.done(&format!("discounted, {name}"), at_least);
    }
}

#[test]
fn spend_agrees_with_mpmath() {
    let text = include_str!("../../../tests/golden/clv_spend.csv");
    let [mut likelihood, mut expected] = [(); 2].map(|()| Worst::default());
    for row in table(text) {
        let model = gamma_gamma::Params::new([row[0], row[1], row[2]]).unwrap();
        let at = || format!("{row:?}");
        likelihood.likelihood(model.log_likelihood(row[3], row[4]), row[5], at);
        expected.relative(model.expected_spend(row[3], row[4]), row[6], at);
    }
    likelihood.done("log-likelihood", 390);
    expected.done("E[M]", 300);
}
