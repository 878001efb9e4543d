//! Models of purchases in the time of a shop with seasons, against own times that are added up day by day here.

use crm_core::clv::{Fit, History, Purchases, RepeatModel};
use crm_core::num::rng::Rng;
use crm_core::table::{Column, Values};
use crm_core::{Context, Currency, Dataset, Day, Orders, Table, Zone, register};
use crm_tests::shelf::column;
use crm_tests::{numbers, reals};
use serde_json::{Value, json};

/// 2022-01-01, a Saturday.
const START: i32 = 18_993;
/// Days that are known, to 2024-10-15.
const KNOWN: i32 = 1_019;

fn factors() -> Value {
    json!({"11": 2.0, "12": 3.0, "1": 0.5, "2": 0.5, "sat": 1.6, "sun": 1.2, "2023-11-24": 4.0, "2024-05-01": 0.0})
}

/// The pace of a day, from the definition in the documentation of `season`.
fn pace(at: i32) -> f64 {
    let text = Day(START + at).to_string();
    let month: usize = text[5..7].parse().expect("a month");
    let of_month = |month: usize| match month {
        11 => 2.0,
        12 => 3.0,
        1 | 2 => 0.5,
        _ => 1.0,
    };
    let lengths = [
        31.0, 28.2425, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0,
    ];
    let year: f64 = (1..=12).map(|m| of_month(m) * lengths[m - 1]).sum();
    let mean = year / lengths.iter().sum::<f64>();
    let weekday = match at.rem_euclid(7) {
        0 => 1.6,
        1 => 1.2,
        _ => 1.0,
    };
    let of_day = match text.as_str() {
        "2023-11-24" => 4.0,
        "2024-05-01" => 0.0,
        _ => 1.0,
    };
    of_month(month) / mean * weekday / (7.8 / 7.0) * of_day
}

/// Own time from the middle of one day to the middle of another.
fn between(from: i32, to: i32) -> f64 {
    let inside: f64 = (from + 1..to).map(pace).sum();
    match from < to {
        true => 0.5 * pace(from) + inside + 0.5 * pace(to),
        false => 0.0,
    }
}

/// Own time of so many days after the end of the known ones.
fn ahead(days: i32) -> f64 {
    (KNOWN + 1..=KNOWN + days).map(pace).sum()
}

/// Purchase days of each customer, who buys more in busy times.
fn shop() -> Vec<Vec<i32>> {
    let customer = |k: u64| {
        let mut rng = Rng::stream(77, k);
        let first = (rng.uniform() * f64::from(KNOWN - 20)) as i32;
        let rate = 0.004 + 0.03 * rng.uniform();
        let mut days = vec![first];
        for at in first + 1..=KNOWN {
            if rng.uniform() < rate * pace(at) {
                days.push(at);
            }
            if rng.uniform() < 0.002 {
                break;
            }
        }
        days
    };
    (0..160).map(customer).collect()
}

fn orders(shop: &[Vec<i32>]) -> Orders {
    let mut builder = Orders::builder(Currency::JPY, Zone::UTC);
    for (k, days) in shop.iter().enumerate() {
        for (n, at) in days.iter().enumerate() {
            let date = Day(START + at).to_string();
            builder = builder.order(&format!("c{k:03}"), &date, 1_000 + 100 * (n as i64 % 5));
        }
    }
    builder.build().expect("orders")
}

fn run(name: &str, data: &Dataset<'_>, request: &Value) -> Table {
    attempt(name, data, request).unwrap_or_else(|error| panic!("{name} {request}: {error}"))
}

fn attempt(name: &str, data: &Dataset<'_>, request: &Value) -> crm_core::Result<Table> {
    register::run(name, data, &request.to_string(), &Context::default())
}

/// Histories in own time and Σ ln of own gaps, in units of so many days.
fn own_frame(shop: &[Vec<i32>], unit: f64) -> Table {
    let of = |value: &dyn Fn(&Vec<i32>) -> f64| shop.iter().map(value).collect::<Vec<f64>>();
    Table::new(vec![
        column("frequency", of(&|days| days.len() as f64 - 1.0)),
        column(
            "recency",
            of(&|days| between(days[0], *days.last().expect("a day")) / unit),
        ),
        column("T", of(&|days| between(days[0], KNOWN) / unit)),
        column(
            "ln_gaps",
            of(&|days| {
                let gaps = days
                    .windows(2)
                    .map(|pair| between(pair[0], pair[1]).max(0.5));
                gaps.map(|gap| (gap / unit).ln()).sum()
            }),
        ),
        column("monetary_value", of(&|_| 1_100.0)),
    ])
}

fn near(found: f64, expected: f64, allowed: f64, context: &str) {
    assert!(
        (found - expected).abs() <= allowed * (1e-6 + expected.abs()),
        "{found} for {expected}: {context}"
    );
}

fn cells(table: &Table, name: &str) -> Vec<f64> {
    let cells = reals(table, name).into_iter();
    cells.map(|cell| cell.expect("a number")).collect()
}

fn as_of() -> String {
    Day(START + KNOWN).to_string()
}

fn summary(orders: &Orders, unit: &str) -> Table {
    let request = json!({"as_of": as_of(), "unit": unit, "seasonality": factors()});
    run("clv_summary", &Dataset::Orders(orders), &request)
}

#[test]
fn fits_and_predictions_are_those_of_own_times() {
    let shop = shop();
    let orders = orders(&shop);
    for (unit, days) in [("day", 1.0), ("week", 7.0)] {
        let (known, own) = (summary(&orders, unit), own_frame(&shop, days));
        let gaps = reals(&known, "own_ln_gaps");
        for (row, expected) in cells(&own, "ln_gaps").into_iter().enumerate() {
            near(gaps[row].unwrap_or(0.0), expected, 1e-9, "own_ln_gaps");
        }
        for model in ["nbd", "mbg_nbd", "mbg_cnbd_k", "pareto_nbd"] {
            let by_calendar = run("clv_fit", &Dataset::Table(&known), &json!({"model": model}));
            let by_hand = run(
                "clv_fit",
                &Dataset::Table(&own),
                &json!({"model": model, "unit": unit, "seasonality": "none"}),
            );
            let pairs = cells(&by_calendar, "value")
                .into_iter()
                .zip(cells(&by_hand, "value"));
            for (found, expected) in pairs {
                near(found, expected, 1e-5, model);
            }
            near(
                by_calendar.notes()["log_likelihood"]
                    .as_f64()
                    .expect("a number"),
                by_hand.notes()["log_likelihood"]
                    .as_f64()
                    .expect("a number"),
                1e-9,
                model,
            );
            let fit = &by_calendar.notes()["fit"];
            assert_eq!(fit["seasonality"], factors());
            assert_eq!(by_calendar.notes()["seasons"]["until"], as_of());
            let mut even = fit.clone();
            even.as_object_mut().expect("a fit").remove("seasonality");
            // 84 days have a December in them, a part of a month is left.
            let only = json!([
                "probability_alive",
                "probability_alive_later",
                "expected_purchases",
                "expected_low",
                "purchases_high",
                "probability_none",
                "probability_of_n",
                "log_likelihood"
            ]);
            let ask = |fit: &Value, t: f64| json!({"fit": fit, "t": t, "n": 1, "only": only, "draws": 20});
            let found = run(
                "clv_predict",
                &Dataset::Table(&known),
                &ask(fit, 84.0 / days),
            );
            let expected = run(
                "clv_predict",
                &Dataset::Table(&own),
                &ask(&even, ahead(84) / days),
            );
            for name in [
                "probability_alive",
                "probability_alive_later",
                "expected_purchases",
                "expected_low",
                "purchases_high",
                "probability_none",
                "probability_of_n",
                "log_likelihood",
            ] {
                for (row, (a, b)) in cells(&found, name)
                    .into_iter()
                    .zip(cells(&expected, name))
                    .enumerate()
                {
                    near(a, b, 1e-6, &format!("{model} {name} {row}"));
                }
            }
        }
    }
}

#[test]
fn purchases_are_discounted_by_the_calendar() {
    let shop = shop();
    let orders = orders(&shop);
    let known = summary(&orders, "day");
    let fit = run("clv_fit", &Dataset::Table(&known), &json!({}));
    let fit = &fit.notes()["fit"];
    let typed: Fit<RepeatModel> = serde_json::from_value(fit.clone()).expect("a fit");
    let delta = |rate: f64| rate.ln_1p() / 365.0;
    let spend = json!({"p": 6.0, "q": 4.0, "gamma": 1000.0});
    for (days, rate, allowed) in [(200, 0.1_f64, 1e-4), (365, 0.3, 3e-4)] {
        let values = run(
            "clv",
            &Dataset::Table(&known),
            &json!({"fit": fit, "spend_fit": spend, "horizon_days": days, "annual_discount_rate": rate, "draws": 20}),
        );
        let plain = run(
            "clv",
            &Dataset::Table(&known),
            &json!({"fit": fit, "spend_fit": spend, "horizon_days": days, "annual_discount_rate": 0, "intervals": false}),
        );
        let (worth, clv) = (cells(&values, "expected_spend"), cells(&values, "clv"));
        let undiscounted = cells(&plain, "clv");
        for (row, of) in shop.iter().enumerate().step_by(7) {
            let last = *of.last().expect("a day");
            let history = History {
                x: of.len() as f64 - 1.0,
                t_x: between(of[0], last),
                age: between(of[0], KNOWN),
            };
            let (mut own, mut before, mut sum) = (0.0, 0.0, 0.0);
            for day in 1..=days {
                own += pace(KNOWN + day);
                let until = typed.model.expected(history, own);
                sum += (-delta(rate) * (f64::from(day) - 0.5)).exp() * (until - before);
                before = until;
            }
            near(
                clv[row],
                sum * worth[row],
                allowed,
                &format!("{days} {of:?}"),
            );
            near(undiscounted[row], before * worth[row], 1e-9, "rate 0");
        }
    }
    // Without a horizon: 40 years, at a rate that leaves nothing of later ones.
    let rate = 0.3_f64;
    let request = json!({"fit": fit, "t": 1, "infinite": true, "annual_discount_rate": rate, "only": ["discounted_purchases"]});
    let found = cells(
        &run("clv_predict", &Dataset::Table(&known), &request),
        "discounted_purchases",
    );
    let year: f64 = (KNOWN + 1..=KNOWN + 365).map(pace).sum();
    for (row, of) in shop.iter().enumerate().step_by(31) {
        let history = History {
            x: of.len() as f64 - 1.0,
            t_x: between(of[0], *of.last().expect("a day")),
            age: between(of[0], KNOWN),
        };
        let (mut own, mut before, mut sum) = (0.0, 0.0, 0.0);
        for day in 1..=40 * 365 {
            // Later years are as the first.
            own += pace(KNOWN + 1 + (day - 1) % 365) * 365.0 / year;
            if day % 10 == 0 {
                let until = typed.model.expected(history, own);
                sum += (-delta(rate) * (f64::from(day) - 5.0)).exp() * (until - before);
                before = until;
            }
        }
        near(found[row], sum, 0.01, &format!("infinite {of:?}"));
    }
}

#[test]
fn tracking_and_paths_run_in_own_time() {
    let shop = shop();
    let orders = orders(&shop);
    let fit = json!({"version": 1, "model": {"model": "mbg_nbd", "r": 0.9, "alpha": 60.0, "a": 0.7, "b": 3.0, "unit": "day"},
        "status": "converged", "log_likelihood": -1.0, "customers": 160.0, "covariance_of_logs": null, "evaluations": 1,
        "seasonality": factors()});
    let typed: Fit<RepeatModel> = serde_json::from_value(fit.clone()).expect("a fit");
    let request = json!({"as_of": as_of(), "fit": fit, "step": 91});
    let tracked = run("clv_tracking", &Dataset::Orders(&orders), &request);
    let ends: Vec<i32> = match tracked.column("period_end").expect("dates").values() {
        Values::Date(days) => days.iter().map(|day| day - START).collect(),
        other => panic!("{other:?}"),
    };
    for (end, found) in ends.iter().zip(cells(&tracked, "cumulative_expected")) {
        let sum: f64 = (shop.iter())
            .filter(|days| days[0] < *end)
            .map(|days| typed.model.expected_of_new(between(days[0], *end)))
            .sum();
        near(found, sum, 1e-9, "cumulative_expected");
    }
    // What is asked stands above what the fit has.
    let request = json!({"as_of": as_of(), "fit": fit, "step": 91, "seasonality": "none"});
    let even = run("clv_tracking", &Dataset::Orders(&orders), &request);
    let last = *cells(&even, "cumulative_expected")
        .last()
        .expect("a period");
    let sum: f64 = (shop.iter())
        .map(|days| typed.model.expected_of_new(f64::from(KNOWN - days[0])))
        .sum();
    near(last, sum, 1e-9, "evenly");

    let busy = (0..shop.len())
        .max_by_key(|k| shop[*k].len())
        .expect("a customer");
    let request = json!({"as_of": as_of(), "fit": fit, "step": 13, "customers": {"customer_id": format!("c{busy:03}")}});
    let path = run("alive_path", &Dataset::Orders(&orders), &request);
    let days = &shop[busy];
    let bought = numbers(&path, "frequency");
    for (step, found) in cells(&path, "probability_alive").into_iter().enumerate() {
        let now = days[0] + 13 * step as i32;
        let x = days.partition_point(|day| *day <= now) - 1;
        assert_eq!(bought[step], Some(x as i64));
        let history = History {
            x: x as f64,
            t_x: between(days[0], days[x]),
            age: between(days[0], now),
        };
        near(
            found,
            typed.model.probability_alive(history, 0.0),
            1e-6,
            "alive_path",
        );
    }
}

#[test]
fn seasons_that_are_found_are_used_and_told() {
    let shop = shop();
    let orders = orders(&shop);
    let known = run(
        "clv_summary",
        &Dataset::Orders(&orders),
        &json!({"as_of": as_of()}),
    );
    let found = run(
        "seasonality",
        &Dataset::Orders(&orders),
        &json!({"as_of": as_of()}),
    );
    assert_eq!(found.notes()["months"], "used");
    let used = &found.notes()["seasonality"];
    assert_eq!(&known.notes()["seasons"]["seasonality"], used);
    let fit = run("clv_fit", &Dataset::Table(&known), &json!({}));
    assert_eq!(&fit.notes()["fit"]["seasonality"], used);
    assert_eq!(fit.notes()["seasons"]["months"], "used");
    let definition: Value =
        serde_json::from_str(fit.definition().expect("one").json()).expect("JSON");
    assert_eq!(&definition["options"]["seasonality"], used);
    let even = run(
        "clv_fit",
        &Dataset::Table(&known),
        &json!({"seasonality": "none"}),
    );
    assert_eq!(even.notes()["fit"].get("seasonality"), None);
    assert_eq!(even.notes().get("seasons"), None);
    // A density of own time is one of days by the pace of the day.
    let likelihood = |table: &Table| table.notes()["log_likelihood"].as_f64().expect("a number");
    let repeats = shop.iter().flat_map(|days| &days[1..]);
    let paces: f64 = repeats.map(|day| pace(*day).ln()).sum();
    assert!(likelihood(&fit) + paces > likelihood(&even) + 10.0);

    // Without a date time runs evenly, and the note says so.
    let frame = own_frame(&shop, 1.0);
    let request = json!({"fit": fit.notes()["fit"], "only": ["expected_purchases"]});
    let undated = run("clv_predict", &Dataset::Table(&frame), &request);
    assert_eq!(undated.notes()["seasons"]["left_out"], "no_date");
    let mut dated = frame.columns().to_vec();
    dated.push(Column::named(
        "as_of",
        Values::Date(vec![START + KNOWN; frame.len()]),
    ));
    let dated = run("clv_predict", &Dataset::Table(&Table::new(dated)), &request);
    assert_eq!(dated.notes()["seasons"]["until"], as_of());
    assert_ne!(
        cells(&dated, "expected_purchases"),
        cells(&undated, "expected_purchases")
    );
}

#[test]
fn factors_that_cannot_be_are_refused() {
    let shop = shop();
    let orders = orders(&shop);
    let of_orders = |request: Value| attempt("clv_summary", &Dataset::Orders(&orders), &request);
    let error = of_orders(json!({"unit": "month", "seasonality": {"12": 2.0}})).unwrap_err();
    assert!(
        error.to_string().contains("option `seasonality`"),
        "{error}"
    );
    let months = of_orders(json!({"unit": "month"})).expect("months");
    assert_eq!(months.notes()["seasons"]["months"], "calendar_unit");
    assert!(months.column("own_ln_gaps").is_none());
    let even = of_orders(json!({"seasonality": "none"})).expect("days");
    assert!(even.column("own_ln_gaps").is_none() && even.notes().get("seasons").is_none());

    let frame = own_frame(&shop, 1.0);
    let request = json!({"unit": "day", "seasonality": factors()});
    let error = attempt("clv_fit", &Dataset::Table(&frame), &request).unwrap_err();
    assert!(
        error.to_string().contains("a table without a date"),
        "{error}"
    );

    // Gaps that were added up in another time would choose another regularity.
    let known = summary(&orders, "day");
    let request = json!({"model": "mbg_cnbd_k", "seasonality": {"12": 2.0}});
    let error = attempt("clv_fit", &Dataset::Table(&known), &request).unwrap_err();
    assert!(error.to_string().contains("own_ln_gaps"), "{error}");
    let request = json!({"model": "mbg_nbd", "seasonality": {"12": 2.0}});
    let other = run("clv_fit", &Dataset::Table(&known), &request);
    assert_eq!(other.notes()["fit"]["seasonality"], json!({"12": 2.0}));
}
