//! Tables of predicted value, cell by cell, from the functions of the models: for many customers at once a table
//! takes other ways than for one.

use crm_core::clv::models::bg_nbd::Family;
use crm_core::clv::models::{bg_nbd, nbd, pareto_nbd};
use crm_core::clv::{History, Purchases, RepeatModel, Unit};
use crm_core::num::rng::Rng;
use crm_core::{Context, Dataset, Day, Orders, Table, register};
use crm_tests::shelf::column;
use crm_tests::{STORE, batch, ints, numbers, reals, store, texts, times, words};
use serde_json::{Value, json};

fn models() -> Vec<(RepeatModel, Value)> {
    let bg = |family, k: u32, values| {
        RepeatModel::Bg(bg_nbd::Params::new(family, k, values, Unit::Week).expect("parameters"))
    };
    let of = |name: &str, k: u32, names: [&str; 4], values: [f64; 4]| {
        let mut model = json!({"model": name, "unit": "week"});
        for (name, value) in names.into_iter().zip(values) {
            model[name] = json!(value);
        }
        if k > 1 {
            model["k"] = json!(k);
        }
        model
    };
    let (names, values) = (["r", "alpha", "a", "b"], [0.9, 7.0, 0.6, 2.0]);
    let pareto = [0.8, 9.0, 0.9, 25.0];
    vec![
        (bg(Family::Bg, 1, values), of("bg_nbd", 1, names, values)),
        (bg(Family::Mbg, 1, values), of("mbg_nbd", 1, names, values)),
        (bg(Family::Bg, 3, values), of("bg_cnbd_k", 3, names, values)),
        (
            bg(Family::Mbg, 2, values),
            of("mbg_cnbd_k", 2, names, values),
        ),
        (
            RepeatModel::Pareto(pareto_nbd::Params::new(pareto, Unit::Week).expect("parameters")),
            of("pareto_nbd", 1, ["r", "alpha", "s", "beta"], pareto),
        ),
        (
            RepeatModel::Nbd(nbd::Params::new([0.8, 9.0], Unit::Week).expect("parameters")),
            json!({"model": "nbd", "r": 0.8, "alpha": 9.0, "unit": "week"}),
        ),
    ]
}

/// Histories of which many share frequency, age or both.
fn histories() -> Vec<History> {
    let mut rng = Rng::stream(12, 0);
    (0..48)
        .map(|k| {
            let x = [0.0, 0.0, 1.0, 2.0, 5.0, 11.0][(rng.uniform() * 6.0) as usize];
            let age: f64 = [10.0, 30.0, 30.5, 52.0][(rng.uniform() * 4.0) as usize];
            let t_x = if x == 0.0 {
                0.0
            } else {
                (age * [0.3, 0.9, 1.0][k % 3]).min(age)
            };
            History { x, t_x, age }
        })
        .collect()
}

/// Fewer of them where a model of regular gaps is slow.
fn histories_for(model: &RepeatModel) -> Vec<History> {
    let every = if model.forgets_recency() { 1 } else { 6 };
    histories().into_iter().step_by(every).collect()
}

fn frame(histories: &[History]) -> Table {
    let of = |value: fn(&History) -> f64| histories.iter().map(value).collect::<Vec<f64>>();
    Table::new(vec![
        column("frequency", of(|h| h.x)),
        column("recency", of(|h| h.t_x)),
        column("T", of(|h| h.age)),
    ])
}

fn run(name: &str, data: &Dataset<'_>, request: &Value) -> Table {
    register::run(name, data, &request.to_string(), &Context::default())
        .unwrap_or_else(|error| panic!("{name} {request}: {error}"))
}

fn near(found: Option<f64>, expected: f64, context: &dyn Fn() -> String) {
    let found = found.unwrap_or_else(|| panic!("null for {expected}: {}", context()));
    assert!(
        (found - expected).abs() <= 1e-9 * (1e-3 + expected.abs()),
        "{found} for {expected}: {}",
        context()
    );
}

#[test]
fn predictions_of_many_are_those_of_each() {
    for (model, fit) in models() {
        let histories = histories_for(&model);
        let table = frame(&histories);
        for (t, infinite) in [(13.0, false), (0.0, false), (40.0, true)] {
            // Sums over time are slow for regular gaps.
            if infinite && !model.forgets_recency() {
                continue;
            }
            let request = json!({"fit": fit, "t": t, "n": 2, "interval": null, "annual_discount_rate": 0.15, "infinite": infinite});
            let found = run("clv_predict", &Dataset::Table(&table), &request);
            // A year of 365 days compounds to 15 %.
            let delta = 7.0 * 1.15_f64.ln() / 365.0;
            let horizon = (!infinite).then_some(t);
            let cells = |name: &str| reals(&found, name);
            let columns = [
                "probability_alive",
                "probability_alive_later",
                "expected_purchases",
                "discounted_purchases",
                "probability_none",
                "probability_of_n",
                "log_likelihood",
            ]
            .map(cells);
            for (row, h) in histories.iter().enumerate() {
                let expected = [
                    model.probability_alive(*h, 0.0),
                    model.probability_alive(*h, t),
                    model.expected(*h, t),
                    model.discounted(*h, delta, horizon),
                    model.probability_of(0, *h, t),
                    model.probability_of(2, *h, t),
                    model.log_likelihood(*h),
                ];
                for (at, (column, expected)) in columns.iter().zip(expected).enumerate() {
                    near(column[row], expected, &|| {
                        format!("column {at} of {request}, {h:?}")
                    });
                }
            }
        }
    }
}

#[test]
fn new_customers_surfaces_and_histograms_are_sums_over_the_model() {
    let histories = histories();
    let table = frame(&histories);
    for (model, fit) in models() {
        let ahead = Table::new(vec![
            column("t", [0.0, 1.0, 4.5, 52.0]),
            column("n", [0.0, 0.0, 1.0, 3.0]),
        ]);
        let found = run(
            "clv_new_customers",
            &Dataset::Table(&ahead),
            &json!({"fit": fit}),
        );
        for (row, (t, n)) in [(0.0, 0), (1.0, 0), (4.5, 1), (52.0, 3)]
            .into_iter()
            .enumerate()
        {
            let context = || format!("{fit} {t} {n}");
            near(
                reals(&found, "expected_purchases")[row],
                model.expected_of_new(t),
                &context,
            );
            near(
                reals(&found, "probability_alive")[row],
                model.probability_alive(History::NEW, t),
                &context,
            );
            near(
                reals(&found, "probability")[row],
                model.probability_of(n, History::NEW, t),
                &context,
            );
            assert_eq!(numbers(&found, "n")[row], Some(i64::from(n)));
        }

        let request = json!({"fit": fit, "t": 9.0, "age": 20.0, "up_to": 4, "step": 6.0});
        let found = run("expected_surface", &Dataset::Table(&table), &request);
        let mut cells = vec![(0.0, 0.0)];
        // Steps of recency up to the age; 24 is beyond it.
        cells.extend((1..=4).flat_map(|x| [6.0, 12.0, 18.0].map(|t_x| (f64::from(x), t_x))));
        assert_eq!(found.len(), cells.len());
        for (row, (x, t_x)) in cells.into_iter().enumerate() {
            let h = History { x, t_x, age: 20.0 };
            let context = || format!("{fit} {h:?}");
            assert_eq!(numbers(&found, "frequency")[row], Some(x as i64));
            assert_eq!(reals(&found, "recency")[row], Some(t_x));
            near(
                reals(&found, "probability_alive")[row],
                model.probability_alive(h, 0.0),
                &context,
            );
            near(
                reals(&found, "expected_purchases")[row],
                model.expected(h, 9.0),
                &context,
            );
        }
        // By default up to the greatest frequency and age of the table.
        let whole = run(
            "expected_surface",
            &Dataset::Table(&table),
            &json!({"fit": fit, "step": 13.0}),
        );
        assert_eq!(whole.notes()["T"], json!(52.0));
        assert_eq!(whole.len(), 1 + 11 * 4);

        let found = run(
            "frequency_histogram",
            &Dataset::Table(&table),
            &json!({"fit": fit, "up_to": 4}),
        );
        let (actual, expected) = (
            reals(&found, "customers"),
            reals(&found, "expected_customers"),
        );
        assert_eq!(
            numbers(&found, "frequency"),
            (0..=4).map(Some).collect::<Vec<_>>()
        );
        let mut rest = histories.len() as f64;
        for n in 0..4_u32 {
            let sum: f64 = histories
                .iter()
                .map(|h| model.probability_of(n, History::NEW, h.age))
                .sum();
            rest -= sum;
            near(expected[n as usize], sum, &|| format!("{fit} {n}"));
            let count = histories.iter().filter(|h| h.x == f64::from(n)).count();
            assert_eq!(actual[n as usize], Some(count as f64));
        }
        near(expected[4], rest, &|| format!("{fit} 4 or more"));
        assert_eq!(
            actual[4],
            Some(histories.iter().filter(|h| h.x >= 4.0).count() as f64)
        );
    }
}

/// Customers, and days after the first of 2025; a day twice is one purchase.
const SHOP: [(&str, &[i32]); 5] = [
    ("a", &[0, 7, 19, 19, 40, 66]),
    ("b", &[4, 29]),
    ("c", &[21]),
    ("d", &[30, 33, 35, 90]),
    ("e", &[70]),
];

fn day(at: i32) -> Day {
    let start: Day = "2025-01-01".parse().expect("a day");
    Day(start.0 + at)
}

fn shop() -> Orders {
    let rows: Vec<(&str, String)> = SHOP
        .iter()
        .flat_map(|(id, days)| days.iter().map(|at| (*id, day(*at).to_string())))
        .collect();
    let columns = [
        (
            "customer_id",
            texts(&rows.iter().map(|row| row.0).collect::<Vec<_>>()),
        ),
        (
            "ordered_at",
            times(&rows.iter().map(|row| row.1.as_str()).collect::<Vec<_>>()),
        ),
        ("amount", ints(&vec![1; rows.len()])),
    ];
    crm_tests::orders(r#"{"currency": "JPY"}"#, batch(&columns)).expect("orders")
}

/// Days of purchase up to a day.
fn bought(days: &[i32], until: i32) -> Vec<i32> {
    let mut days: Vec<i32> = days.iter().copied().filter(|at| *at <= until).collect();
    days.dedup();
    days
}

#[test]
fn paths_and_tracking_day_by_day() {
    let orders = shop();
    let data = Dataset::Orders(&orders);
    for (model, fit) in models() {
        for (as_of, step) in [(95, 10), (69, 1), (30, 7)] {
            let request = json!({"fit": fit, "as_of": day(as_of), "step": format!("{step}d")});
            let table = run("alive_path", &data, &request);
            let (ids, dates) = (words(&table, "customer_id"), numbers(&table, "date"));
            let (counts, alive) = (
                numbers(&table, "frequency"),
                reals(&table, "probability_alive"),
            );
            let mut row = 0;
            for (id, days) in SHOP.iter().filter(|(_, days)| days[0] <= as_of) {
                for at in (days[0]..=as_of).step_by(step as usize) {
                    let own = bought(days, at);
                    let weeks = |days: i32| f64::from(days) / 7.0;
                    let last = own[own.len() - 1] - own[0];
                    let h = History {
                        x: (own.len() - 1) as f64,
                        t_x: weeks(last),
                        age: weeks(at - own[0]),
                    };
                    assert_eq!(ids[row].as_deref(), Some(*id));
                    assert_eq!(dates[row], Some(i64::from(day(at).0)));
                    assert_eq!(counts[row], Some(h.x as i64));
                    near(alive[row], model.probability_alive(h, 0.0), &|| {
                        format!("{request} {id} {at}")
                    });
                    row += 1;
                }
            }
            assert_eq!(table.len(), row, "{request}");
        }
        for (as_of, end, step) in [(95, 60, 7), (95, 95, 10), (66, 20, 1), (40, 33, 30)] {
            let request =
                json!({"fit": fit, "as_of": day(as_of), "calibration_end": day(end), "step": step});
            let table = run("clv_tracking", &data, &request);
            let known: Vec<Vec<i32>> = SHOP
                .iter()
                .map(|(_, days)| bought(days, as_of))
                .filter(|days| days.first().is_some_and(|at| *at <= end))
                .collect();
            let first = known.iter().map(|days| days[0]).min().expect("a customer");
            let mut ends: Vec<i32> = (0..)
                .map(|back| end - back * step)
                .take_while(|at| *at >= first)
                .collect();
            ends.reverse();
            if ends.is_empty() {
                ends.push(end);
            }
            ends.extend(
                (1..)
                    .map(|more| end + more * step)
                    .take_while(|at| *at <= as_of),
            );
            let column = |name: &str| numbers(&table, name);
            assert_eq!(
                column("period_end"),
                ends.iter()
                    .map(|at| Some(i64::from(day(*at).0)))
                    .collect::<Vec<_>>(),
                "{request}"
            );
            assert_eq!(table.notes()["customers"], json!(known.len()));
            let (mut actual, mut expected) = (0, 0.0);
            for (row, at) in ends.into_iter().enumerate() {
                let repeats: usize = known
                    .iter()
                    .map(|days| days[1..].iter().filter(|day| **day <= at).count())
                    .sum();
                let sum: f64 = known
                    .iter()
                    .filter(|days| days[0] < at)
                    .map(|days| model.expected_of_new(f64::from(at - days[0]) / 7.0))
                    .sum();
                let context = || format!("{request} {at}");
                assert_eq!(
                    column("actual")[row],
                    Some((repeats - actual) as i64),
                    "{request} {at}"
                );
                assert_eq!(
                    column("cumulative_actual")[row],
                    Some(repeats as i64),
                    "{request} {at}"
                );
                near(reals(&table, "cumulative_expected")[row], sum, &context);
                near(reals(&table, "expected")[row], sum - expected, &context);
                (actual, expected) = (repeats, sum);
            }
        }
    }
}

/// The value of a customer is the discounted expectation times the expected spend and the margin.
#[test]
fn values_are_purchases_times_spend() {
    use crm_core::clv::models::gamma_gamma;
    let spend = gamma_gamma::Params::new([6.0, 4.0, 15.0]).expect("parameters");
    for (model, fit) in models() {
        let histories = histories_for(&model);
        let mut columns = frame(&histories).columns().to_vec();
        let mean = |row: usize, h: &History| {
            if h.x == 0.0 {
                0.0
            } else {
                20.0 + (row * 13 % 37) as f64
            }
        };
        columns.push(column(
            "monetary_value",
            histories.iter().enumerate().map(|(row, h)| mean(row, h)),
        ));
        let table = Table::new(columns);
        for (margin, rate, infinite) in [(1.0, 0.1, false), (0.3, 0.0, false), (0.5, 0.2, true)] {
            if infinite && !model.forgets_recency() {
                continue;
            }
            let mut request = json!({"fit": fit, "spend_fit": {"p": 6.0, "q": 4.0, "gamma": 15.0}, "margin": margin, "annual_discount_rate": rate, "intervals": false});
            if infinite {
                request["infinite"] = json!(true);
            } else {
                request["horizon_days"] = json!(180);
            }
            let found = run("clv", &Dataset::Table(&table), &request);
            let delta = 7.0 * f64::ln(1.0 + rate) / 365.0;
            let horizon = (!infinite).then_some(180.0 / 7.0);
            let mut total = 0.0;
            for (row, h) in histories.iter().enumerate() {
                let context = || format!("{request} {h:?}");
                let each = spend.expected_spend(h.x, mean(row, h));
                let worth = model.discounted(*h, delta, horizon) * each * margin;
                near(reals(&found, "expected_spend")[row], each, &context);
                near(
                    reals(&found, "probability_alive")[row],
                    model.probability_alive(*h, 0.0),
                    &context,
                );
                near(reals(&found, "clv")[row], worth, &context);
                total += worth;
            }
            near(found.notes()["total"]["clv"].as_f64(), total, &|| {
                request.to_string()
            });
            assert!(reals(&found, "clv_low").iter().all(Option::is_none));
        }
    }
}

/// Customers who buy at any time: a model of regular gaps then chooses k = 1, and a note says which rows are the same.
#[test]
fn models_that_chose_no_regularity_are_named() {
    let truth = nbd::Params::new([1.5, 12.0], Unit::Week).expect("parameters");
    let mut rows = Vec::new();
    let mut logs = Vec::new();
    for k in 0..120 {
        let age = 30.0 + (k % 20) as f64;
        let bought = truth.simulate(age, &mut Rng::stream(4, k)).expect("times");
        let mut gaps = bought.clone();
        for at in (1..gaps.len()).rev() {
            gaps[at] -= gaps[at - 1];
        }
        logs.push(gaps.iter().map(|gap| gap.ln()).sum::<f64>());
        rows.push(History {
            x: bought.len() as f64,
            t_x: bought.last().copied().unwrap_or(0.0),
            age,
        });
    }
    let mut columns = frame(&rows).columns().to_vec();
    columns.push(column("ln_gaps", logs));
    let table = Table::new(columns);
    let compare = |models: Value| {
        run(
            "compare_models",
            &Dataset::Table(&table),
            &json!({"unit": "week", "models": models}),
        )
    };
    let note = |table: &Table| table.notes().get("chose_k_1").cloned();
    let both = compare(json!(["bg_nbd", "bg_cnbd_k", "mbg_nbd", "mbg_cnbd_k"]));
    assert_eq!(numbers(&both, "regularity"), [Some(1); 4]);
    assert_eq!(
        note(&both),
        Some(json!({"bg_cnbd_k": "bg_nbd", "mbg_cnbd_k": "mbg_nbd"}))
    );
    let one = compare(json!(["bg_cnbd_k", "mbg_nbd"]));
    assert_eq!(note(&one), Some(json!({"bg_cnbd_k": "bg_nbd"})));
    assert_eq!(note(&compare(json!(["bg_nbd", "mbg_nbd"]))), None);
    // Clockwork: three purchases at regular times.
    let regular: Vec<History> = (0..60)
        .map(|k| History {
            x: 6.0,
            t_x: 24.0 + 0.1 * f64::from(k % 7),
            age: 26.0 + f64::from(k % 5),
        })
        .collect();
    let mut columns = frame(&regular).columns().to_vec();
    columns.push(column(
        "ln_gaps",
        regular.iter().map(|h| 6.0 * (h.t_x / 6.0).ln()),
    ));
    let table = Table::new(columns);
    let found = run(
        "compare_models",
        &Dataset::Table(&table),
        &json!({"unit": "week", "models": ["mbg_nbd", "mbg_cnbd_k"]}),
    );
    assert!(numbers(&found, "regularity").iter().any(|k| *k > Some(1)));
    assert_eq!(note(&found), None);
}

/// The intervals of sums by the formula of the documentation, from the table's own expected and actual sums: the
/// errors of the same method at origins whose horizon was over by then, beside three typical ones.
#[test]
fn backtest_intervals_are_as_wide_as_earlier_origins_missed() {
    let orders = crm_tests::orders(STORE, store(300, 5)).unwrap();
    let request = json!({
        "as_of": "2025-06-30", "origins": 5, "step": 45, "within": 90, "interval": 0.9,
        "seasonality": "none",
    });
    let table = run("backtest_clv", &Dataset::Orders(&orders), &request);
    let (origin, method) = (numbers(&table, "origin"), words(&table, "method"));
    // The quantile of a standard normal at .95.
    let z = 1.644_853_626_951_472_7;
    let mut widened = 0;
    for (quantity, typical, chance) in [("purchases", 0.12, 1.0), ("revenue", 0.15, 2.0)] {
        let of = |name: String| match quantity {
            "revenue" if !name.contains("covered") => {
                let cells = numbers(&table, &name).into_iter();
                cells.map(|v| v.map(|v| v as f64)).collect::<Vec<_>>()
            }
            _ => reals(&table, &name),
        };
        let expected = of(format!("expected_{quantity}"));
        let actual = of(format!("actual_{quantity}"));
        let purchases = reals(&table, "expected_purchases");
        let low = of(format!("expected_{quantity}_low"));
        let high = of(format!("expected_{quantity}_high"));
        let variance =
            |row: usize| typical * typical + chance / (purchases[row].unwrap_or(0.0) + 0.5);
        for row in 0..table.len() {
            let Some(y) = expected[row] else { continue };
            let (mut dates, mut sum) = (0.0, 0.0);
            for other in 0..table.len() {
                let over = origin[other].unwrap() + 90 <= origin[row].unwrap();
                if over && method[other] == method[row] && expected[other].is_some() {
                    let error =
                        ((actual[other].unwrap() + 0.5) / (expected[other].unwrap() + 0.5)).ln();
                    sum += error * error / variance(other);
                    dates += 1.0;
                }
            }
            widened += usize::from(dates > 0.0);
            let wide = z * ((3.0 + sum) / (3.0 + dates) * variance(row)).sqrt();
            let root = (1.0 - 0.5 * wide).max(0.0);
            // Revenue is in whole yen in the table.
            let slack = if quantity == "revenue" { 2.0 } else { 1e-9 };
            for (found, end) in [
                (low[row].unwrap(), y * (root * root).min((-wide).exp())),
                (high[row].unwrap(), y * wide.exp()),
            ] {
                let gap = (found - end).abs();
                assert!(
                    gap <= slack * (1.0 + 1e-6 * end),
                    "{quantity} {row}: {found} {end}"
                );
            }
        }
    }
    assert!(widened >= 12, "{widened}");
}
