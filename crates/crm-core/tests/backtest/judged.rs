//! Backtests.

use super::*;
use crm_core::backtest::score;
use crm_core::cycle::fit;
use crm_core::cycle::gap_model::{History, Model};
use crm_core::ids::IdRef;

/// Nothing that is predicted hangs on what comes after the origin; what it is compared with does.
#[test]
fn another_future_changes_outcomes_and_no_prediction() {
    let origin = AS_OF - 90;
    let [one, other] = [1, 2].map(|future| orders(&shop(150, origin, future)));
    assert_ne!(one.len(), other.len());
    let cases: [(&str, Value, &[&str], &str); 5] = [
        (
            "backtest",
            json!({"origins": 2, "within": 90}),
            &["customers", "expected_rate"],
            "mae_days",
        ),
        (
            "backtest_calibration",
            json!({"origins": 2, "within": 90}),
            &["customers", "expected_rate"],
            "bought",
        ),
        (
            "backtest_alerts",
            json!({"origins": 2, "follow": 90, "k": [5, 20]}),
            &["customers", "flagged"],
            "gone",
        ),
        (
            "backtest_clv",
            json!({"origins": 2, "within": 90, "models": ["mbg_nbd", "pareto_nbd"]}),
            &["customers", "expected_purchases"],
            "actual_purchases",
        ),
        (
            "threshold_sweep",
            json!({"follow": 90}),
            &["customers", "flagged", "near"],
            "returned",
        ),
    ];
    for (name, mut request, same, differs) in cases {
        request["as_of"] = json!(as_of());
        let [a, b] = [&one, &other].map(|orders| run(name, orders, &request));
        assert!(a.len() > 5 && a.len() == b.len(), "{name}");
        let cells = |table: &Table, column: &str| -> Vec<String> {
            let column = table.column(column).expect("a column");
            let rows = 0..table.len();
            rows.map(|row| format!("{:?}", column.cell(row))).collect()
        };
        for column in same {
            assert_eq!(cells(&a, column), cells(&b, column), "{name} {column}");
        }
        assert_ne!(cells(&a, differs), cells(&b, differs), "{name}");
    }
}

/// Errors of dates: predictions from `cycle` on the day, what came from the list of days.
#[test]
fn date_errors_are_those_of_the_dates_that_cycle_gives() {
    let shop = shop(150, 0, 0);
    let orders = orders(&shop);
    let request = json!({"as_of": as_of(), "origins": 2, "step": 60, "within": 30, "follow": 80});
    let table = run("backtest", &orders, &request);
    assert_eq!(table.len(), 16);
    for row in 0..table.len() {
        let origin = float(&table, "origin", row).expect("a date") as i32 - start().0;
        let method = text(&table, "method", row);
        let mut asked = json!({"as_of": Day(start().0 + origin)});
        match method.as_str() {
            "model" => {}
            "model_followed" => asked["return_within"] = json!(80),
            rule => asked["method"] = json!(rule),
        }
        let cycle = run("cycle", &orders, &asked);
        let mut errors = Vec::new();
        let mut known = 0;
        for (customer, days) in shop.iter().enumerate() {
            let (seen, next) = split(days, origin, origin + 80);
            if seen.is_empty() {
                continue;
            }
            let date = float(&cycle, "predicted_date", known).expect("a date");
            known += 1;
            if let Some(next) = next {
                errors.push((date as i32 - start().0 - next).abs());
            }
            assert!(customer >= known - 1);
        }
        assert_eq!(float(&table, "customers", row), Some(known as f64));
        assert_eq!(float(&table, "returned", row), Some(errors.len() as f64));
        let mean = errors.iter().map(|e| f64::from(*e)).sum::<f64>() / errors.len() as f64;
        let ours = float(&table, "mae_days", row).expect("an error");
        assert!((ours - mean).abs() < 1e-9, "{method} {ours} {mean}");
        errors.sort_unstable();
        let middle = [errors.len() / 2, (errors.len() - 1) / 2].map(|at| errors[at]);
        let median = f64::from(middle[0] + middle[1]) / 2.0;
        assert_eq!(float(&table, "median_error_days", row), Some(median));
        if method == "model_followed" {
            // Some 90 returns: three standard errors are .16, .13 and .1.
            for (column, share, off) in [
                ("coverage_50", 0.5, 0.16),
                ("coverage_80", 0.8, 0.13),
                ("coverage_90", 0.9, 0.1),
            ] {
                let inside = float(&table, column, row).expect("a share");
                assert!((inside - share).abs() < off, "{column} {inside}");
            }
        }
    }
}

/// Probabilities of `cycle` on each origin's day, and what came from the list of days.
#[test]
fn calibration_is_that_of_the_probabilities_that_cycle_gives() {
    let shop = shop(150, 0, 0);
    let orders = orders(&shop);
    let request = json!({"as_of": as_of(), "origins": 3, "step": 40, "within": 30});
    let table = run("backtest", &orders, &request);
    let bins = run("backtest_calibration", &orders, &request);
    let mut earlier: Vec<(f64, bool)> = Vec::new();
    for (number, back) in [110, 70, 30].into_iter().enumerate() {
        let origin = AS_OF - back;
        let cycle = run("cycle", &orders, &json!({"as_of": Day(start().0 + origin)}));
        let known = shop.iter().map(|days| split(days, origin, origin + 30));
        let known = known.filter(|(seen, _)| !seen.is_empty());
        let outcomes: Vec<(f64, bool)> = known
            .enumerate()
            .map(|(row, (_, next))| {
                let p = float(&cycle, "probability_within", row).expect("a probability");
                (p, next.is_some())
            })
            .collect();
        let row = 8 * number;
        let near = |column: &str, expected: f64, tolerance: f64| {
            let ours = float(&table, column, row).expect(column);
            assert!(
                (ours - expected).abs() < tolerance,
                "{column} {ours} {expected}"
            );
        };
        let fit = score::calibration(&outcomes).expect("a slope");
        near("brier", score::brier(&outcomes).expect("outcomes"), 1e-12);
        near("expected_rate", fit.expected, 1e-12);
        near("observed_rate", fit.observed, 1e-12);
        // Gathered in bins: a hundredth of the slope's standard error.
        near("calibration_slope", fit.slope, 0.02 * fit.slope_error);
        let gathered = |outcomes: &[(f64, bool)]| {
            let mut all = score::Outcomes::new().expect("room");
            outcomes.iter().for_each(|&(p, y)| all.add(p, y));
            all.calibration()
        };
        match gathered(&earlier) {
            Some(before) => {
                let slope = gathered(&outcomes).expect("a slope").slope;
                near("recalibrated_slope", slope / before.slope, 1e-9);
            }
            None => assert_eq!(float(&table, "recalibrated_slope", row), None),
        }
        for (bin, expected) in score::calibration_table(&outcomes).iter().enumerate() {
            let row = 10 * number + bin;
            assert_eq!(float(&bins, "customers", row), Some(expected.count as f64));
            assert_eq!(float(&bins, "bought", row), Some(expected.happened as f64));
            if expected.count > 0 {
                let ours = float(&bins, "expected_rate", row).expect("a rate");
                assert!((ours - expected.expected).abs() < 1e-12);
            }
        }
        earlier.extend(outcomes);
    }
    assert!(float(&table, "recalibrated_slope", 16).is_some());
}

/// What only the distribution says: its score, and where in it the returns fell, from a fit to what was known.
#[test]
fn the_whole_law_is_judged() {
    let shop = shop(600, 0, 0);
    let request = json!({"as_of": as_of(), "origins": 1, "within": 30, "follow": 80});
    let table = run("backtest", &orders(&shop), &request);
    let origin = AS_OF - 80;
    let known: Vec<_> = (shop.iter())
        .map(|days| split(days, origin, AS_OF))
        .filter(|(seen, _)| !seen.is_empty())
        .collect();
    let gaps =
        |seen: &[i32]| -> Vec<u32> { seen.windows(2).map(|two| two[1].abs_diff(two[0])).collect() };
    let histories: Vec<History> = known
        .iter()
        .map(|(seen, _)| History::new(&gaps(seen)))
        .collect();
    let silent = |i: usize| origin.abs_diff(known[i].0[known[i].0.len() - 1]);
    let open: Vec<u32> = (0..known.len()).map(silent).collect();
    let params = fit::fit(
        &histories,
        &open,
        &fit::Options::default(),
        &crm_core::Context::default(),
    )
    .expect("a fit")
    .params;
    let model = Model::new(&params, histories.iter().map(|h| h.gaps)).expect("a model");
    let (mut score, mut inside, mut returns) = (0.0, [0.0; 3], 0.0);
    let (mut pit, mut returned) = (Vec::new(), Vec::new());
    for (i, (seen, next)) in known.iter().enumerate() {
        let distribution = model.customer(&histories[i]);
        let left = params.dropout.chance(histories[i].gaps);
        let s = |x: f64| left + (1.0 - left) * distribution.survival(x);
        let e = f64::from(open[i]) + 0.5;
        let until = next.map_or(AS_OF, |next| next) - seen[seen.len() - 1];
        let until = f64::from(until);
        let of_all = match next {
            Some(_) => s(until - 0.5) - s(until + 0.5),
            None => s(until + 0.5),
        };
        score -= (of_all / s(e)).ln() / known.len() as f64;
        let came = |x: f64| 1.0 - distribution.survival(x) / distribution.survival(e);
        if next.is_some() {
            returns += 1.0;
            let u = came(until) / came(f64::from(open[i] + 80) + 0.5);
            for (inside, half) in inside.iter_mut().zip([0.25, 0.4, 0.45]) {
                *inside += f64::from(u8::from((u - 0.5).abs() <= half));
            }
        }
        pit.push(came(until).clamp(0.0, 1.0));
        returned.push(next.is_some());
    }
    let ours = float(&table, "log_score", 0).expect("a score");
    assert!((ours - score).abs() < 2e-3 * score, "{ours} {score}");
    let columns = ["coverage_50", "coverage_80", "coverage_90"];
    for ((column, inside), half) in columns.into_iter().zip(inside).zip([0.25, 0.4, 0.45]) {
        assert_eq!(text(&table, "method", 1), "model_followed");
        let ours = float(&table, column, 1).expect("a share");
        assert!(
            (ours - inside / returns).abs() < 1e-12,
            "{column} {ours} {}",
            inside / returns
        );
        let by_law = score::returner_coverage(&pit, &returned, 0.5 - half, 0.5 + half);
        let by_law = by_law.expect("a curve").expect("somebody at risk");
        let ours = float(&table, column, 0).expect("a share");
        assert!((ours - by_law).abs() < 2e-3, "{column} {ours} {by_law}");
    }
}

/// Who is flagged comes from `cycle` on the day, who is gone from the list of days.
#[test]
fn alerts_are_judged_by_who_came_back() {
    let shop = shop(150, 0, 0);
    let orders = orders(&shop);
    let request =
        json!({"as_of": as_of(), "origins": 1, "follow": 120, "churn_days": 90, "k": [7]});
    let table = run("backtest_alerts", &orders, &request);
    let origin = AS_OF - 120;
    let cycle = run("cycle", &orders, &json!({"as_of": Day(start().0 + origin)}));
    let known: Vec<_> = shop
        .iter()
        .map(|days| split(days, origin, AS_OF))
        .filter(|(seen, _)| !seen.is_empty())
        .collect();
    let silent = |i: usize| origin - known[i].0[known[i].0.len() - 1];
    let gone = |i: usize| known[i].1.is_none();
    let rank = |level: &str| {
        ["ok", "due", "late", "churn_risk", "lost"]
            .iter()
            .position(|l| *l == level)
    };
    let at_least = |i: usize, level: &str| rank(&text(&cycle, "level", i)) >= rank(level);
    let longest = {
        let mut all: Vec<usize> = (0..known.len()).collect();
        all.sort_by_key(|&i| (-silent(i), i));
        all[..7].to_vec()
    };
    let likeliest = {
        let alive = |i: usize| float(&cycle, "probability_alive", i).expect("a number");
        let mut all: Vec<usize> = (0..known.len()).collect();
        all.sort_by(|&i, &j| alive(i).total_cmp(&alive(j)).then(i.cmp(&j)));
        all[..7].to_vec()
    };
    for row in 0..table.len() {
        let rule = text(&table, "rule", row);
        let flagged: Vec<usize> = (0..known.len())
            .filter(|&i| match rule.as_str() {
                "churn_days" => silent(i) >= 90,
                "top_silence" => longest.contains(&i),
                "top_left" => likeliest.contains(&i),
                "late_mean" | "top_silence_ratio" => false,
                level => at_least(i, level),
            })
            .collect();
        if ["late_mean", "top_silence_ratio"].contains(&rule.as_str()) {
            continue;
        }
        let both = flagged.iter().filter(|&&i| gone(i)).count() as f64;
        let left = (0..known.len()).filter(|&i| gone(i)).count() as f64;
        assert_eq!(
            float(&table, "flagged", row),
            Some(flagged.len() as f64),
            "{rule}"
        );
        assert_eq!(float(&table, "gone", row), Some(left));
        assert_eq!(
            float(&table, "recall_rate", row),
            Some(both / left),
            "{rule}"
        );
        assert_eq!(
            float(&table, "precision_rate", row),
            Some(both / flagged.len() as f64),
            "{rule}"
        );
        let others = (flagged.len() as f64 - both) / (known.len() as f64 - left);
        assert_eq!(
            float(&table, "false_alarm_rate", row),
            Some(others),
            "{rule}"
        );
        match rule.as_str() {
            "churn_days" => assert_eq!(float(&table, "lead_days", row), Some(0.0)),
            // The day of the alert, from the alerts of the origin.
            "due" | "late" | "churn_risk" => {
                let on = Day(start().0 + origin);
                let names: Vec<usize> = (shop.iter().enumerate())
                    .filter(|(_, days)| days[0] <= origin)
                    .map(|(k, _)| k)
                    .collect();
                let leads = |levels: &[&str]| -> Vec<f64> {
                    let asked = json!({"as_of": on, "levels": levels});
                    let alerts = run("alerts", &orders, &asked);
                    (0..alerts.len())
                        .filter(|&row| {
                            let id = alerts.column("customer_id").expect("ids").cell(row);
                            let Cell::Id(IdRef::Text(id)) = id else {
                                panic!("ids are texts")
                            };
                            let k = id[1..].parse().expect("a number");
                            gone(names.binary_search(&k).expect("known"))
                        })
                        .map(|row| {
                            let [reached, last] = ["reached_on", "last_date"]
                                .map(|column| float(&alerts, column, row).expect("a date"));
                            90.0 - (reached - last)
                        })
                        .collect()
                };
                // Of lost customers alerts give the day of lost, which comes after that of the rule:
                // their lead is that of lost at least, and 90 days at most.
                let (standing, lost) = (leads(&[&rule]), leads(&["lost"]));
                let median = |lost: Vec<f64>| {
                    let mut leads = [standing.clone(), lost].concat();
                    leads.sort_by(f64::total_cmp);
                    let middle = [leads.len() / 2, (leads.len() - 1) / 2].map(|at| leads[at]);
                    0.5 * (middle[0] + middle[1])
                };
                let found = float(&table, "lead_days", row).expect("a median");
                let most = median(vec![90.0; lost.len()]);
                assert!((median(lost)..=most).contains(&found), "{rule}: {found}");
            }
            _ => {}
        }
    }
    assert_eq!(table.len(), 9);
}

#[test]
fn value_is_judged_by_what_was_bought() {
    let shop = shop(150, 0, 0);
    let orders = orders(&shop);
    let models = [
        "nbd",
        "bg_nbd",
        "mbg_nbd",
        "bg_cnbd_k",
        "mbg_cnbd_k",
        "pareto_nbd",
        "auto",
    ];
    let request = json!({"as_of": as_of(), "origins": 1, "within": 90, "models": models});
    let table = run("backtest_clv", &orders, &request);
    assert_eq!(table.len(), 10);
    let origin = AS_OF - 90;
    let count = |days: &[i32], from: i32, to: i32| {
        days.iter()
            .filter(|day| **day > from && **day <= to)
            .count() as f64
    };
    let known: Vec<_> = shop
        .iter()
        .enumerate()
        .filter(|(_, days)| days[0] <= origin)
        .collect();
    let bought: f64 = known
        .iter()
        .map(|(_, days)| count(days, origin, AS_OF))
        .sum();
    let spent: f64 = known
        .iter()
        .map(|(k, days)| amount(*k) as f64 * count(days, origin, AS_OF))
        .sum();
    let again: f64 = known
        .iter()
        .map(|(_, days)| count(days, origin - 90, origin))
        .sum();
    let again_mae: f64 = known
        .iter()
        .map(|(_, days)| (count(days, origin - 90, origin) - count(days, origin, AS_OF)).abs())
        .sum::<f64>()
        / known.len() as f64;
    for row in 0..table.len() {
        assert_eq!(float(&table, "customers", row), Some(known.len() as f64));
        assert_eq!(float(&table, "actual_purchases", row), Some(bought));
        assert!(matches!(
            table.column("actual_revenue").expect("a column").cell(row),
            Cell::Money(v, _) if v as f64 == spent
        ));
    }
    assert_eq!(text(&table, "method", 7), "same_again");
    assert_eq!(float(&table, "expected_purchases", 7), Some(again));
    let ours = float(&table, "mae_purchases", 7).expect("an error");
    assert!((ours - again_mae).abs() < 1e-12);
    // The model of who leaves is nearer than the rule that nothing changes.
    let error = |row: usize| {
        float(&table, "purchases_error_rate", row)
            .expect("a rate")
            .abs()
    };
    assert_eq!(text(&table, "method", 4), "mbg_cnbd_k");
    assert!(
        error(4) < 0.15 && error(4) < error(7),
        "{} {}",
        error(4),
        error(7)
    );
    // What the analysis of the day says of the same customers.
    let summary = run(
        "clv_summary",
        &orders,
        &json!({"as_of": Day(start().0 + origin)}),
    );
    let context = Context::default();
    let fit = register::run(
        "clv_fit",
        &Dataset::Table(&summary),
        r#"{"model": "mbg_nbd"}"#,
        &context,
    )
    .expect("a fit");
    let request = json!({"fit": fit.notes()["fit"], "t": 90}).to_string();
    let predicted = register::run("clv_predict", &Dataset::Table(&summary), &request, &context)
        .expect("predictions");
    let sum: f64 = (0..predicted.len())
        .map(|row| float(&predicted, "expected_purchases", row).expect("a number"))
        .sum();
    assert_eq!(text(&table, "method", 2), "mbg_nbd");
    let ours = float(&table, "expected_purchases", 2).expect("a number");
    assert!((ours - sum).abs() < 1e-9 * sum, "{ours} {sum}");
    // "auto" is the model that `clv_fit` chooses on that day, with the same numbers.
    let chosen = register::run("clv_fit", &Dataset::Table(&summary), "{}", &context)
        .expect("a fit")
        .notes()["choice"]["model"]
        .clone();
    let note = json!([{"origin": Day(start().0 + origin), "model": chosen}]);
    assert_eq!(table.notes()["chosen"], note);
    assert_eq!(text(&table, "method", 6), "auto");
    let named = models.iter().position(|model| chosen == *model);
    for column in [
        "expected_purchases",
        "expected_purchases_high",
        "coverage_purchases",
    ] {
        let [ours, theirs] = [6, named.expect("a model")].map(|row| float(&table, column, row));
        assert_eq!(ours, theirs, "{column}");
    }
}

/// `customers` chooses who is judged and changes nothing of what is said of them: a choice and its
/// complement add up to the whole.
#[test]
fn a_choice_of_customers_and_its_complement_add_up() {
    let orders = orders(&shop(150, 0, 0));
    let sums: [(&str, Value, &[&str]); 6] = [
        (
            "backtest",
            json!({"origins": 1}),
            &["customers", "returned"],
        ),
        (
            "backtest_calibration",
            json!({"origins": 1}),
            &["customers", "bought"],
        ),
        (
            "backtest_alerts",
            json!({"origins": 1, "k": [1000]}),
            &["customers", "gone", "flagged"],
        ),
        (
            "backtest_clv",
            json!({"origins": 1}),
            &["customers", "expected_purchases", "actual_purchases"],
        ),
        (
            "threshold_sweep",
            json!({}),
            &["customers", "flagged", "returned", "near"],
        ),
        (
            "base_forecast",
            json!({"years": 1, "draws": 20}),
            &["customers", "expected_orders", "actual_orders"],
        ),
    ];
    for (name, mut request, columns) in sums {
        request["as_of"] = json!(as_of());
        let whole = run(name, &orders, &request);
        let parts = ["2025-01-01", "2025-04-01"].map(|from| {
            let to = if from == "2025-01-01" {
                "2025-03-31"
            } else {
                "2030-01-01"
            };
            request["customers"] = json!({"first_month": {"from": from, "to": to}});
            run(name, &orders, &request)
        });
        for column in columns {
            for row in 0..whole.len() {
                let [a, b] = [0, 1].map(|part| float(&parts[part], column, row).unwrap_or(0.0));
                let all = float(&whole, column, row).unwrap_or(0.0);
                assert!(
                    (a + b - all).abs() <= 1e-9 * all,
                    "{name} {column} {row}: {a} {b} {all}"
                );
                assert!(
                    *column != "customers"
                        || name == "backtest_calibration"
                        || (a > 0.0 && b > 0.0)
                );
            }
        }
    }
}

#[test]
fn what_cannot_be_judged_is_refused_or_empty() {
    let shop = shop(40, 0, 0);
    let full = orders(&shop);
    let message = |name: &str, orders: &Orders, request: Value| {
        try_run(name, orders, &request).expect_err(name).to_string()
    };
    // The history is shorter than the horizon: no origin lies in it.
    let first = shop.iter().map(|days| days[0]).min().expect("days");
    for (name, option) in [
        ("backtest", "within"),
        ("backtest", "follow"),
        ("backtest_calibration", "within"),
        ("backtest_alerts", "follow"),
        ("backtest_clv", "within"),
        ("threshold_sweep", "follow"),
    ] {
        let request = json!({"as_of": as_of(), option: 2000});
        assert_eq!(
            message(name, &full, request),
            format!(
                "needs at least 2000 days of history before as_of, for the horizon asked about, found {}",
                AS_OF - first
            )
        );
    }
    // Before the first order there is nobody, and nothing to say.
    for name in [
        "backtest",
        "backtest_calibration",
        "backtest_alerts",
        "backtest_clv",
        "threshold_sweep",
    ] {
        assert_eq!(
            run(name, &full, &json!({"as_of": "2020-01-01"})).len(),
            0,
            "{name}"
        );
    }
    // Origins before the data are left out.
    let many = run(
        "backtest",
        &full,
        &json!({"as_of": as_of(), "origins": 120, "step": 270}),
    );
    let [earliest, latest] = [0, many.len() - 1].map(|row| float(&many, "origin", row));
    assert!(earliest >= Some(f64::from(start().0)) && latest == Some(f64::from(as_of().0 - 30)));

    assert_eq!(
        message("backtest", &full, json!({"origins": 0})),
        "option `origins`: expected 1 to 120, found 0"
    );
    assert_eq!(
        message("backtest_alerts", &full, json!({"k": [0]})),
        "option `k`: expected 1 to 100 numbers of at least 1"
    );
    assert_eq!(
        message("threshold_sweep", &full, json!({"levels": [1.5]})),
        "option `levels`: expected probabilities, 0 to 1, found 1.5"
    );

    // Nobody ever came back: counts, and no made-up date, rate or flag.
    let mut builder = Orders::builder(Currency::JPY, Zone::UTC);
    for k in 0..30 {
        builder = builder.order(&format!("c{k}"), &Day(start().0 + 5 * k).to_string(), 500);
    }
    let once = builder.build().expect("orders");
    let request = json!({"as_of": Day(start().0 + 200), "origins": 1});
    let table = run("backtest", &once, &request);
    for row in 0..table.len() {
        assert_eq!(float(&table, "customers", row), Some(30.0));
        for column in [
            "mae_days",
            "coverage_80",
            "brier",
            "log_score",
            "expected_rate",
        ] {
            assert_eq!(float(&table, column, row), None, "{column}");
        }
    }
    let table = run("backtest_alerts", &once, &request);
    for row in 0..table.len() {
        let rule = text(&table, "rule", row);
        let by_days = ["churn_days", "top_silence"].contains(&rule.as_str());
        assert!(
            by_days || float(&table, "flagged", row) == Some(0.0),
            "{rule}"
        );
    }
    let table = run("backtest_clv", &once, &request);
    assert_eq!(float(&table, "expected_purchases", 0), None);
    assert_eq!(float(&table, "actual_purchases", 0), Some(0.0));
    let table = run(
        "threshold_sweep",
        &once,
        &json!({"as_of": Day(start().0 + 200), "days": [60]}),
    );
    assert!(float(&table, "flagged", 0) > Some(0.0));
    assert_eq!(float(&table, "flagged", 1), None);
}
