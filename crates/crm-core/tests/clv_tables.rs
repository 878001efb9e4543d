//! From a summary to values through the register, as the doors do it.

use crm_core::clv::models::pareto_nbd;
use crm_core::clv::{Purchases, Unit};
use crm_core::num::rng::Rng;
use crm_core::table::{Cell, Column, Values};
use crm_core::{Context, Dataset, Table, register};
use serde_json::{Value, json};

fn column(name: &str, values: Vec<f64>) -> Column {
    Column::named(name, Values::F64(values.into()))
}

/// A summary of simulated customers, in weeks, without definition.
fn summary() -> Table {
    let model = pareto_nbd::Params::new([0.9, 6.0, 0.9, 20.0], Unit::Week).unwrap();
    let [mut x, mut t_x, mut age, mut mean] = [(); 4].map(|()| Vec::new());
    for i in 0..800 {
        let mut rng = Rng::stream(11, i);
        let t = 30.0 + rng.below(20) as f64;
        let times = model.simulate(t, &mut rng).unwrap();
        x.push(times.len() as f64);
        t_x.push(times.last().copied().unwrap_or(0.0));
        age.push(t);
        mean.push(20.0 * rng.gamma(5.0) / rng.gamma(4.0));
    }
    let repeat = x.iter().map(|x| *x > 0.0).collect();
    Table::new(vec![
        column("frequency", x),
        column("recency", t_x),
        column("T", age),
        column("monetary_value", mean).with_validity(repeat),
    ])
}

fn run(name: &str, table: &Table, options: Value) -> crm_core::Result<Table> {
    register::run(
        name,
        &Dataset::Table(table),
        &options.to_string(),
        &Context::default(),
    )
}

fn float(table: &Table, name: &str, row: usize) -> Option<f64> {
    match table.column(name).unwrap().cell(row) {
        Cell::Float(v) => Some(v),
        Cell::Null => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn from_summary_to_value() {
    let summary = summary();
    let fit = run(
        "clv_fit",
        &summary,
        json!({"model": "pareto_nbd", "unit": "week"}),
    )
    .unwrap();
    assert_eq!(fit.notes()["status"], "converged");
    assert!(float(&fit, "standard_error", 3).unwrap() > 0.0);
    let spend = run("gamma_gamma_fit", &summary, json!({})).unwrap();
    let note = |t: &Table| t.notes()["fit"].clone();

    let options = json!({"fit": note(&fit), "t": 13});
    let predicted = run("clv_predict", &summary, options).unwrap();
    let mut total = 0.0;
    for row in 0..summary.len() {
        let [low, y, high] = ["expected_low", "expected_purchases", "expected_high"]
            .map(|name| float(&predicted, name, row).unwrap());
        assert!(low < y && y < high, "{low} {y} {high}");
        let now = float(&predicted, "probability_alive", row).unwrap();
        let later = float(&predicted, "probability_alive_later", row).unwrap();
        assert!(0.0 < later && later < now && now <= 1.0);
        total += float(&predicted, "log_likelihood", row).unwrap();
    }
    let expected = fit.notes()["log_likelihood"].as_f64().unwrap();
    assert!((total / expected - 1.0).abs() < 1e-12);

    let options = json!({
        "fit": note(&fit), "spend_fit": note(&spend), "annual_discount_rate": 0,
    });
    let clv = run("clv", &summary, options).unwrap();
    for row in 0..summary.len() {
        let [y, m, v] = ["expected_purchases", "expected_spend", "clv"]
            .map(|name| float(&clv, name, row).unwrap());
        assert_eq!(v, y * m);
        let (low, high) = (float(&clv, "clv_low", row), float(&clv, "clv_high", row));
        assert!(low <= high);
        assert!(float(&clv, "expected_low", row).unwrap() < v);
    }
    assert!(clv.notes()["total"]["clv"].as_f64().unwrap() > 0.0);

    let models = run("compare_models", &summary, json!({"unit": "week"})).unwrap();
    assert_eq!(models.len(), 4);
    let aic: Vec<f64> = (0..4).map(|i| float(&models, "aic", i).unwrap()).collect();
    assert!(aic.windows(2).all(|w| w[0] <= w[1]));
}

/// `clv`: on each side, ln(end / clv)² grows by z² s², times the years where there is more than one.
#[test]
fn totals_include_the_error_that_customers_share() {
    let summary = summary();
    let options = json!({"model": "pareto_nbd", "unit": "week"});
    let fit = run("clv_fit", &summary, options).unwrap().notes()["fit"].clone();
    let spend = json!({"p": 6.25, "q": 3.74, "gamma": 15.44});
    let ends = |days: u32, shared: Value| {
        let options =
            json!({"fit": fit, "spend_fit": spend, "horizon_days": days, "shared_error": shared});
        let table = run("clv", &summary, options).unwrap();
        let total = table.notes()["total"].clone();
        let number = |value: &Value| value.as_f64().unwrap();
        let clv = number(&total["clv"]);
        [0, 1].map(|side| (number(&total["outcome"][side]) / clv).ln().powi(2))
    };
    let z = 1.281_551_565_544_600_4_f64;
    for (days, years) in [(90, 1.0), (730, 2.0)] {
        let plain = ends(days, json!(0));
        let wide = ends(days, json!(0.3));
        let typical = ends(days, Value::Null);
        for side in [0, 1] {
            assert!((wide[side] - plain[side] - z * z * 0.09 * years).abs() < 1e-9);
            assert!((typical[side] - plain[side] - z * z * 0.0225 * years).abs() < 1e-9);
        }
    }
    for wrong in [
        json!({"shared_error": -0.1}),
        json!({"shared_error": 2.5}),
        json!({"shared_error": 0.1, "infinite": true}),
        json!({"shared_error": 0.1, "intervals": false}),
    ] {
        let mut options = wrong;
        options["fit"] = fit.clone();
        options["spend_fit"] = spend.clone();
        let error = run("clv", &summary, options).unwrap_err();
        assert!(error.to_string().contains("shared_error"), "{error}");
    }
}

/// The text of a fit is as good as its object, and parameters as good as a fit without errors.
#[test]
fn fits_travel_as_text() {
    let summary = summary();
    let fit = run("clv_fit", &summary, json!({"unit": "week"})).unwrap();
    let object = fit.notes()["fit"].clone();
    let predict = |fit: Value| run("clv_predict", &summary, json!({"fit": fit}));
    let one = predict(object.clone()).unwrap();
    let two = predict(json!(object.to_string())).unwrap();
    let three = predict(object["model"].clone()).unwrap();
    for row in 0..summary.len() {
        let y = |t| float(t, "expected_purchases", row);
        assert_eq!((y(&one), y(&one)), (y(&two), y(&three)));
        assert_eq!(float(&three, "expected_low", row), None);
    }
    assert!(predict(Value::Null).is_err());
    assert!(predict(json!("{")).is_err());
    assert!(predict(json!({"model": "mbg_nbd", "r": 1, "unit": "week"})).is_err());
}

/// A stored fit shows the table of the fit itself; parameters alone show no fit.
#[test]
fn stored_fits_show_what_they_are() {
    let summary = summary();
    let options = json!({"model": "pareto_nbd", "unit": "week"});
    let fit = run("clv_fit", &summary, options).unwrap();
    let object = fit.notes()["fit"].clone();
    let again = run("clv_parameters", &summary, json!({"fit": object})).unwrap();
    assert_eq!(fit.notes(), again.notes());
    for name in ["value", "standard_error", "low", "high"] {
        for row in 0..4 {
            assert_eq!(float(&fit, name, row), float(&again, name, row));
        }
    }
    let given = run(
        "clv_parameters",
        &summary,
        json!({"fit": object["model"].clone()}),
    )
    .unwrap();
    assert_eq!(given.notes()["status"], "given");
    assert!(given.notes()["log_likelihood"].is_null() && given.notes()["bic"].is_null());
    assert_eq!(float(&given, "standard_error", 0), None);
    let spend = json!({"spend_fit": {"p": 6.25, "q": 3.74, "gamma": 15.44}});
    let spend = run("clv_parameters", &summary, spend).unwrap();
    assert_eq!(float(&spend, "value", 2), Some(15.44));
    let of_contracts = json!({"sbg_fit": {"alpha": 0.7, "beta": 1.2}});
    let of_contracts = run("clv_parameters", &summary, of_contracts).unwrap();
    let values: Vec<_> = (0..of_contracts.len())
        .map(|row| float(&of_contracts, "value", row))
        .collect();
    assert_eq!(values, [Some(0.7), Some(1.2)]);
    let of_donors = json!({"bgbb_fit": {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8}});
    let of_donors = run("clv_parameters", &summary, of_donors).unwrap();
    let values: Vec<_> = (0..of_donors.len())
        .map(|row| float(&of_donors, "value", row))
        .collect();
    assert_eq!(values, [Some(1.2), Some(0.75), Some(0.66), Some(2.8)]);
    for wrong in [
        json!({}),
        json!({"fit": {"model": "nbd", "r": 1, "alpha": 0, "unit": "day"}}),
        json!({"spend_fit": {"p": 6.25, "q": 3.74}}),
    ] {
        assert!(run("clv_parameters", &summary, wrong).is_err());
    }
}

#[test]
fn only_the_columns_asked_for() {
    let summary = summary();
    let model = json!({"model": "nbd", "r": 1, "alpha": 9, "unit": "day"});
    let options = json!({"fit": model, "only": ["log_likelihood", "probability_none"]});
    let table = run("clv_predict", &summary, options).unwrap();
    let names: Vec<&str> = table.columns().iter().map(Column::name).collect();
    assert_eq!(names, ["probability_none", "log_likelihood"]);
    let options = json!({"fit": model, "only": ["likelihood"]});
    let error = run("clv_predict", &summary, options).unwrap_err();
    assert!(error.to_string().contains("`only`"), "{error}");
}

#[test]
fn units_are_never_guessed() {
    let summary = summary();
    let error = run("clv_fit", &summary, json!({})).unwrap_err();
    assert!(error.to_string().contains("`unit`"), "{error}");
    let model = json!({"model": "nbd", "r": 1, "alpha": 9, "unit": "day"});
    let options = json!({"fit": model, "unit": "week"});
    let error = run("clv_predict", &summary, options).unwrap_err();
    assert!(error.to_string().contains("unit of the model"), "{error}");
}

#[test]
fn new_customers_add_up() {
    let counts = 60;
    let table = Table::new(vec![
        column("t", vec![20.0; counts]),
        column("n", (0..counts).map(|n| n as f64).collect()),
    ]);
    for model in [
        json!({"model": "mbg_nbd", "r": 0.8, "alpha": 9, "a": 0.9, "b": 2.5, "unit": "week"}),
        json!({"model": "mbg_cnbd_k", "k": 2, "r": 0.8, "alpha": 4, "a": 0.9, "b": 2.5, "unit": "week"}),
        json!({"model": "pareto_nbd", "r": 0.8, "alpha": 9, "s": 0.9, "beta": 25, "unit": "week"}),
    ] {
        let found = run("clv_new_customers", &table, json!({"fit": model})).unwrap();
        let p = |n| float(&found, "probability", n).unwrap();
        let sum: f64 = (0..counts).map(p).sum();
        let mean: f64 = (0..counts).map(|n| n as f64 * p(n)).sum();
        assert!((sum - 1.0).abs() < 1e-7, "{sum}");
        let expected = float(&found, "expected_purchases", 0).unwrap();
        assert!((mean / expected - 1.0).abs() < 1e-5, "{mean} {expected}");
    }
}

/// What people get wrong in a frame is named.
#[test]
fn broken_frames_name_the_column() {
    let model = json!({"model": "nbd", "r": 1, "alpha": 9, "unit": "day"});
    let frame = |x: f64, valid: bool| {
        Table::new(vec![
            column("frequency", vec![0.0, x]),
            column("recency", vec![0.0, 1.0]).with_validity(vec![true, valid]),
            column("T", vec![9.0, 9.0]),
        ])
    };
    let error = |table: &Table| run("clv_predict", table, json!({"fit": model})).unwrap_err();
    assert_eq!(error(&frame(1.5, true)).column(), Some("frequency"));
    let null = error(&frame(1.0, false));
    assert_eq!((null.column(), null.row()), (Some("recency"), Some(1)));
    let missing = Table::new(vec![column("frequency", vec![1.0])]);
    assert_eq!(error(&missing).column(), Some("recency"));
}

/// So many that a part of them tells where to begin: the end is that of all.
#[test]
fn spend_of_many_customers() {
    use crm_core::clv::models::gamma_gamma::{NoSpend, Params, Spend, fit};
    use crm_core::clv::{Model, Status};
    let truth = Params::new([6.0, 3.5, 15.0]).unwrap();
    let draw = |i: u64| {
        let mut rng = Rng::stream(8, i);
        let x = 1.0 + rng.below(6) as f64;
        (x, truth.simulate(x, &mut rng))
    };
    let (x, mean): (Vec<f64>, Vec<f64>) = (0..270_000).map(draw).unzip();
    let spend = Spend {
        frequency: &x,
        mean: &mean,
        weight: None,
    };
    let all = fit(&spend, NoSpend::Drop, &crm_core::Context::default())
        .unwrap()
        .fit;
    assert_eq!(
        (all.status.clone(), all.customers),
        (Status::Converged, 270_000.0)
    );
    let total = |model: &Params| -> f64 {
        let rows = x.iter().zip(&mean);
        rows.map(|(x, m)| model.log_likelihood(*x, *m)).sum()
    };
    let best = total(&all.model);
    assert!((all.log_likelihood / best - 1.0).abs() < 1e-11);
    let errors = all.standard_errors().unwrap();
    for (i, (found, true_value)) in all
        .model
        .values()
        .into_iter()
        .zip(truth.values())
        .enumerate()
        .take(3)
    {
        assert!(
            (found - true_value).abs() < 4.0 * errors[i],
            "{found} {true_value}"
        );
        for factor in [0.999, 1.001] {
            let mut moved = all.model.values();
            moved[i] *= factor;
            assert!(total(&all.model.with_values(moved).unwrap()) < best);
        }
    }
}
