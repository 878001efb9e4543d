//! Counts, discounted purchases, regular gaps, spend and whole fits against mpmath
//! (`tests/python/oracles/clv_more.py`): integrals over the latent variables, and roots of the score.

use crm_core::clv::gamma_gamma::{self, NoSpend, Spend};
use crm_core::clv::{
    AnyModel, Histories, History, Kind, Model, Purchases, Rows, Status, Unit, fit,
};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("../../../tests/golden/clv_more.json")).unwrap()
}

fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().unwrap(),
        other => other.as_f64().unwrap(),
    }
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn close(found: f64, expected: f64, allowed: f64, at: &Value) {
    let error = (found - expected).abs();
    assert!(error <= allowed, "{found:e} for {expected:e}: {at}");
}

#[test]
fn quantities_agree() {
    let golden = golden();
    let points = golden["points"].as_array().unwrap();
    assert!(points.len() > 200, "{}", points.len());
    for at in points {
        let model: AnyModel = serde_json::from_value(at["model"].clone()).unwrap();
        let h = History {
            x: number(&at["x"]),
            t_x: number(&at["t_x"]),
            age: number(&at["T"]),
        };
        let t = at.get("t").map(number);
        let expected = number(&at["value"]);
        let allowed = 1e-10 * expected.abs();
        match at["what"].as_str().unwrap() {
            // lnΓ(k) of each gap stands with the gaps, not with the history.
            "log_likelihood" => {
                close(model.log_likelihood(h), expected, allowed.max(1e-10), at);
            }
            "probability_alive" => close(model.probability_alive(h, 0.0), expected, allowed, at),
            "expected" => close(model.expected(h, t.unwrap()), expected, allowed, at),
            "probability_of" => {
                let found = model.probability_of(number(&at["n"]) as u32, h, t.unwrap());
                close(found, expected, allowed.max(1e-14), at);
            }
            "discounted" => {
                let found = model.discounted(h, number(&at["delta"]), t);
                close(found, expected, allowed, at);
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn spend_agrees() {
    let golden = golden();
    for at in golden["spend"].as_array().unwrap() {
        let [p, q, gamma] = ["p", "q", "gamma"].map(|name| number(&at[name]));
        let model = gamma_gamma::Params::new([p, q, gamma]).unwrap();
        let (x, mean) = (number(&at["x"]), number(&at["mean"]));
        let expected = number(&at["log_likelihood"]);
        let allowed = 1e-10 * expected.abs().max(1.0);
        close(model.log_likelihood(x, mean), expected, allowed, at);
        let expected = number(&at["expected"]);
        close(
            model.expected_spend(x, mean),
            expected,
            1e-10 * expected,
            at,
        );
    }
}

/// Roots of the score have the parameters, Hessians the standard errors: both derivatives of each
/// likelihood are right, or the fits would end elsewhere.
#[test]
fn fits_agree() {
    let golden = golden();
    for at in golden["fits"].as_array().unwrap() {
        let rows: Vec<Vec<f64>> = at["rows"].as_array().unwrap().iter().map(list).collect();
        let column = |i: usize| rows.iter().map(|row| row[i]).collect::<Vec<f64>>();
        let kind = &at["kind"];
        let (status, values, errors, likelihood) = match kind.as_str().unwrap() {
            "gamma_gamma" => {
                let (x, mean) = (column(0), column(1));
                let spend = Spend {
                    frequency: &x,
                    mean: &mean,
                    weight: None,
                };
                let fit = gamma_gamma::fit(&spend, NoSpend::Error).unwrap().fit;
                let errors = fit.standard_errors().unwrap();
                (fit.status, fit.model.values(), errors, fit.log_likelihood)
            }
            _ => {
                let kind: Kind = serde_json::from_value(kind.clone()).unwrap();
                let (x, t_x, age) = (column(0), column(1), column(2));
                let rows = Rows::new(&Histories::new(&x, &t_x, &age)).unwrap();
                let fit = fit(kind, &rows, Unit::Day, 0.0).unwrap();
                let errors = fit.standard_errors().unwrap();
                (fit.status, fit.model.values(), errors, fit.log_likelihood)
            }
        };
        assert_eq!(status, Status::Converged, "{kind}");
        let expected = number(&at["log_likelihood"]);
        close(likelihood, expected, 1e-11 * expected.abs(), kind);
        for (found, expected) in values.iter().zip(list(&at["values"])) {
            close(*found, expected, 1e-6 * expected, kind);
        }
        for (found, expected) in errors.iter().zip(list(&at["errors"])) {
            close(*found, expected, 1e-5 * expected, kind);
        }
    }
}
