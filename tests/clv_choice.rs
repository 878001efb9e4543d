//! The model that the data choose, against a second computation of the scores.

use crm_core::clv::models::bg_nbd::{self, Family};
use crm_core::clv::models::nbd;
use crm_core::clv::{Fit, History, Purchases, RepeatModel, Unit};
use crm_core::num::rng::Rng;
use crm_core::table::{Column, Values};
use crm_core::{Context, Dataset, Table, register};
use crm_tests::shelf::column;
use serde_json::{Value, json};

/// Customers of a model up to 60 weeks at most, and what they buy in the 20 weeks after.
fn customers(model: &impl Purchases, n: u64) -> (Vec<History>, Vec<f64>, Vec<f64>) {
    let (mut rows, mut gaps, mut later) = (Vec::new(), Vec::new(), Vec::new());
    for k in 0..n {
        let age = 20.0 + (k % 41) as f64;
        let times = model
            .simulate(age + 20.0, &mut Rng::stream(8, k))
            .expect("times");
        let known = times.partition_point(|at| *at <= age);
        let mut before = 0.0;
        let mut sum = 0.0;
        for at in &times[..known] {
            sum += (at - before).ln();
            before = *at;
        }
        rows.push(History {
            x: known as f64,
            t_x: before,
            age,
        });
        gaps.push(sum);
        later.push((times.len() - known) as f64);
    }
    (rows, gaps, later)
}

fn table(rows: &[History], gaps: Option<&[f64]>, later: Option<&[f64]>) -> Table {
    let of = |value: fn(&History) -> f64| rows.iter().map(value).collect::<Vec<f64>>();
    let mut columns = vec![
        column("frequency", of(|h| h.x)),
        column("recency", of(|h| h.t_x)),
        column("T", of(|h| h.age)),
    ];
    if let Some(gaps) = gaps {
        columns.push(column("ln_gaps", gaps.iter().copied()));
    }
    if let Some(later) = later {
        let later = later.iter().map(|n| *n as i32).collect();
        columns.push(Column::named("holdout_frequency", Values::I32(later)));
        columns.push(column("holdout_duration", vec![20.0; rows.len()]));
    }
    Table::new(columns)
}

fn fit(table: &Table, model: &str) -> crm_core::Result<Table> {
    let request = json!({"model": model, "unit": "week"}).to_string();
    register::run(
        "clv_fit",
        &Dataset::Table(table),
        &request,
        &Context::default(),
    )
}

fn score_of(choice: &Value, model: &str) -> f64 {
    let compared = choice["compared"].as_array().expect("a list");
    let one = compared.iter().find(|one| one["model"] == model);
    one.expect("a model")["score"].as_f64().expect("a score")
}

#[test]
fn a_shop_that_nobody_leaves_has_the_simplest_model() {
    let truth = nbd::Params::new([1.5, 12.0], Unit::Week).expect("parameters");
    let (rows, gaps, later) = customers(&truth, 300);
    for held in [None, Some(&later[..])] {
        let found = fit(&table(&rows, Some(&gaps), held), "auto").expect("a fit");
        assert_eq!(found.notes()["model"], "nbd", "{:?}", found.notes());
        assert_eq!(found.notes()["choice"]["model"], "nbd");
    }
}

#[test]
fn the_likelihood_chooses_what_clearly_fits_best() {
    let truth = bg_nbd::Params::new(Family::Mbg, 3, [2.0, 6.0, 0.8, 3.0], Unit::Week);
    let (rows, gaps, _) = customers(&truth.expect("parameters"), 300);
    let known = table(&rows, Some(&gaps), None);
    let found = fit(&known, "auto").expect("a fit");
    let choice = &found.notes()["choice"];
    assert_eq!(
        (&choice["by"], &choice["model"]),
        (&json!("likelihood"), &json!("mbg_cnbd_k"))
    );
    assert_eq!(found.notes()["fit"]["model"]["k"], 3);
    for (model, parameters) in [
        ("nbd", 2.0),
        ("bg_nbd", 4.0),
        ("pareto_nbd", 4.0),
        ("mbg_cnbd_k", 5.0),
    ] {
        let alone = fit(&known, model).expect("a fit");
        let likelihood = alone.notes()["log_likelihood"].as_f64().expect("a number");
        assert!((score_of(choice, model) - (likelihood - parameters)).abs() < 1e-9);
    }
    // The fit is that of the model by name.
    assert_eq!(
        found.notes()["fit"],
        fit(&known, "mbg_cnbd_k").expect("a fit").notes()["fit"]
    );
    // Without gaps no model of regular gaps takes part.
    let plain = fit(&table(&rows, None, None), "auto").expect("a fit");
    let compared = plain.notes()["choice"]["compared"]
        .as_array()
        .expect("a list");
    assert_eq!(compared.len(), 4);
}

/// Of many customers some are compared; the model that they choose is fitted to all. The default is "auto".
#[test]
fn a_large_table_is_compared_on_some_of_its_rows() {
    let truth = bg_nbd::Params::new(Family::Mbg, 1, [1.2, 5.0, 0.8, 2.0], Unit::Week);
    let (some, _, _) = customers(&truth.expect("parameters"), 300);
    // Rows 0, 3, 6 ... of 150,000 are compared, and the others never bought again.
    let rows: Vec<_> = (0..150_000)
        .map(|i| match i % 3 {
            0 => some[i % some.len()],
            _ => History {
                x: 0.0,
                t_x: 0.0,
                age: 30.0,
            },
        })
        .collect();
    let all = table(&rows, None, None);
    let found = fit(&all, "auto").expect("a fit");
    let chosen = found.notes()["choice"]["model"].as_str().expect("a name");
    assert_eq!(
        found.notes()["fit"],
        fit(&all, chosen).expect("a fit").notes()["fit"]
    );
    // The scores are those of the rows that were compared.
    let compared: Vec<_> = rows.iter().step_by(3).copied().collect();
    let of_some = fit(&table(&compared, None, None), "auto").expect("a fit");
    assert_eq!(found.notes()["choice"], of_some.notes()["choice"]);
    assert_ne!(found.notes()["fit"], of_some.notes()["fit"]);
}

#[test]
fn a_holdout_is_scored_by_what_each_customer_bought() {
    let truth = bg_nbd::Params::new(Family::Mbg, 1, [1.2, 5.0, 0.8, 2.0], Unit::Week);
    let (rows, gaps, later) = customers(&truth.expect("parameters"), 300);
    let found = fit(&table(&rows, Some(&gaps), Some(&later)), "auto").expect("a fit");
    let choice = &found.notes()["choice"];
    assert_eq!(choice["by"], "holdout");
    // The definition in the module: from the fit of each model, one customer at a time.
    let mut scores = Vec::new();
    for model in ["nbd", "bg_nbd", "mbg_nbd", "pareto_nbd"] {
        let fitted = fit(&table(&rows, Some(&gaps), None), model).expect("a fit");
        let fitted: Fit<RepeatModel> =
            serde_json::from_value(fitted.notes()["fit"].clone()).expect("a fit");
        let each = rows
            .iter()
            .zip(&later)
            .map(|(history, n)| fitted.model.probability_of(*n as u32, *history, 20.0).ln());
        let each: Vec<f64> = each.collect();
        let sum: f64 = each.iter().sum();
        assert!(
            (score_of(choice, model) - sum).abs() < 1e-8 * sum.abs(),
            "{model}"
        );
        scores.push((model, each));
    }
    let total = |each: &[f64]| each.iter().sum::<f64>();
    let best = scores
        .iter()
        .max_by(|a, b| total(&a.1).total_cmp(&total(&b.1)))
        .expect("four");
    let simplest = scores.iter().find(|(_, each)| {
        let off: Vec<f64> = best.1.iter().zip(each).map(|(a, b)| a - b).collect();
        let n = off.len() as f64;
        let mean = total(&off) / n;
        let spread = (off.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / n).sqrt();
        total(&off) <= spread * n.sqrt()
    });
    assert_eq!(choice["model"], simplest.expect("the best at least").0);
    assert_ne!(choice["model"], "nbd");
}

#[test]
fn a_wrong_name_says_which_there_are() {
    let truth = nbd::Params::new([1.5, 12.0], Unit::Week).expect("parameters");
    let (rows, ..) = customers(&truth, 20);
    let error = fit(&table(&rows, None, None), "best")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`mbg_nbd`") && error.contains("`auto`"),
        "{error}"
    );
}
