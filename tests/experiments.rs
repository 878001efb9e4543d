//! Experiments through the register: published values, a second computation of every number from the units
//! themselves, what A/A tests must give, and input that cannot be.

use crm_core::experiments::sequential::confidence_sequence;
use crm_core::num::rng::Rng;
use crm_core::num::two_rates::{self, Rate};
use crm_core::table::{Cell, Column, Values};
use crm_core::{Context, Dataset, Error, Table, register};
use crm_tests::shelf::column;
use crm_tests::{batch, floats, ints, reals, shuffled, texts};
use serde_json::{Value, json};

fn table(columns: &[(&str, crm_core::columns::ColumnData)]) -> Table {
    Table::from_batch(&batch(columns), &Context::default()).unwrap()
}

fn run(data: &Table, request: Value) -> crm_core::Result<Table> {
    let data = Dataset::Table(data);
    register::run(
        "experiment",
        &data,
        &request.to_string(),
        &Context::default(),
    )
}

/// 200 of 5,000 and 242 of 5,000.
fn counts() -> Table {
    table(&[
        ("variant", texts(&["b", "a"])),
        ("n", ints(&[5000, 5000])),
        ("conversions", ints(&[242, 200])),
    ])
}

#[track_caller]
fn near(table: &Table, name: &str, row: usize, expected: f64) {
    let found = reals(table, name)[row].unwrap_or_else(|| panic!("{name} is null"));
    let off = (found / expected - 1.0).abs();
    assert!(off < 1e-10, "{name}: {found:e} for {expected:e}");
}

fn verdict(table: &Table, row: usize) -> Option<&'static str> {
    match table.column("verdict").unwrap().cell(row) {
        Cell::Label(label) => Some(label.code),
        _ => None,
    }
}

#[test]
fn rates_have_the_published_values() {
    let plain = run(&counts(), json!({})).unwrap();
    near(&plain, "mean", 0, 0.04);
    near(&plain, "mean_low", 1, 0.042_790_304_088_636_13);
    near(&plain, "mean_high", 1, 0.054_703_084_308_139_47);
    near(&plain, "difference", 1, 0.0084);
    near(&plain, "difference_low", 1, 0.000_335_214_656_795_15);
    near(&plain, "difference_high", 1, 0.016_500_317_671_442_56);
    near(&plain, "ratio", 1, 1.21);
    near(&plain, "ratio_low", 1, 1.007_496_723_737_6);
    near(&plain, "ratio_high", 1, 1.453_205_718_196_8);
    near(&plain, "p", 1, 0.041_012_274_079_516_506);
    near(&plain, "p_exact", 1, 0.045_957_945_502_279_746);
    near(&plain, "p_adjusted", 1, 0.041_012_274_079_516_506);
    near(&plain, "srm_p", 1, 1.0);
    assert_eq!(
        (verdict(&plain, 0), verdict(&plain, 1)),
        (None, Some("above"))
    );
    assert_eq!(reals(&plain, "difference")[0], None);
    assert_eq!(plain.notes()["control"], json!("a"));
    assert_eq!(plain.notes()["kinds"], json!({"conversions": "rate"}));

    let exact = json!({"test": "yates", "rate_interval": "clopper_pearson", "ratio_interval": "score",
        "difference_interval": "wald"});
    let exact = run(&counts(), exact).unwrap();
    near(&exact, "p", 1, 0.046_069_784_632_533_75);
    near(&exact, "mean_low", 1, 0.042_616_618_172_843_214);
    near(&exact, "mean_high", 1, 0.054_717_605_987_701_506);
    near(&exact, "difference_low", 1, 0.000_344_693_949_187_96);
    near(&exact, "ratio_low", 1, 1.007_781_373_364_5);

    let always = run(&counts(), json!({"method": "always_valid"})).unwrap();
    near(&always, "difference_low", 1, -0.004_182_443_432_680_3);
    near(&always, "difference_high", 1, 0.020_982_443_432_680_3);
    near(&always, "p", 1, 0.575_797_702_919_307);
    assert_eq!(verdict(&always, 1), Some("unclear"));
    let msprt = run(
        &counts(),
        json!({"method": "always_valid", "sequence": "msprt"}),
    )
    .unwrap();
    near(&msprt, "p", 1, 1.0 / 2.269_567_860_292_6);

    let bayes = run(&counts(), json!({"method": "bayes"})).unwrap();
    near(&bayes, "probability_best", 1, 0.979_439_555_208_128);
    let loss = reals(&bayes, "expected_loss")[1].unwrap();
    assert!(
        (loss / 3.121_414_292_646_5e-5 - 1.0).abs() < 1e-11,
        "{loss}"
    );
    assert_eq!(verdict(&bayes, 1), Some("above"));
    assert_eq!(reals(&bayes, "p")[1], None);
}

/// Means 10 and 11, standard deviations 3 and 4, 100 and 120 people.
#[test]
fn means_have_the_published_values() {
    let (n, m, s) = ([100.0, 120.0], [10.0, 11.0], [3.0, 4.0]);
    let of = |f: &dyn Fn(usize) -> f64| [f(0), f(1)];
    let sums = Table::new(vec![
        column("variant", [1.0, 2.0]),
        column("n", n),
        column("sum", of(&|i| n[i] * m[i])),
        column(
            "sum_squares",
            of(&|i| (n[i] - 1.0) * s[i] * s[i] + n[i] * m[i] * m[i]),
        ),
    ]);
    let found = run(&sums, json!({})).unwrap();
    near(&found, "p", 1, 0.035_488_127_325_1);
    near(&found, "difference", 1, 1.0);
    // t at .975 and 215.6 degrees of freedom is 1.9710.
    let half = 1.971_0 * (0.09_f64 + 16.0 / 120.0).sqrt();
    let low = reals(&found, "difference_low")[1].unwrap();
    assert!((low - (1.0 - half)).abs() < 1e-4, "{low}");
    // Delta method by hand: √(16/120 + 1.21 · 9/100) / 10 · 1.96.
    let half = 1.959_963_984_540_054 * (16.0 / 120.0 + 1.21 * 0.09_f64).sqrt() / 10.0;
    near(&found, "ratio_high", 1, 1.1 + half);
    // Against sums that no values have.
    let none = Table::new(vec![
        column("variant", [1.0, 2.0]),
        column("n", n),
        column("sum", [1000.0, 1000.0]),
        column("sum_squares", [9_000.0, 20_000.0]),
    ]);
    let error = run(&none, json!({})).unwrap_err();
    assert_eq!(
        (error.column(), error.row()),
        (Some("sum_squares"), Some(0))
    );
}

#[test]
fn people_who_were_not_assigned_as_planned_end_the_reading() {
    let counts = |n: &[i64]| {
        let hits: Vec<i64> = n.iter().map(|n| n / 20).collect();
        table(&[
            ("variant", texts(&["a", "b", "c"][..n.len()])),
            ("n", ints(n)),
            ("conversions", ints(&hits)),
        ])
    };
    let found = run(&counts(&[821_588, 815_482]), json!({})).unwrap();
    near(&found, "srm_p", 0, 1.821_792_872_619_185_8e-6);
    assert_eq!(verdict(&found, 1), Some("sample_ratio_mismatch"));
    assert_eq!(
        found.notes()["sample_ratio_mismatch"],
        json!(["conversions"])
    );
    let shares = json!({"shares": {"a": 1, "b": 1, "c": 2}});
    let found = run(&counts(&[1000, 1050, 1990]), shares).unwrap();
    near(&found, "srm_p", 2, 0.344_949_780_731_379_33);
    assert_eq!(found.notes()["sample_ratio_mismatch"], json!([]));
    let found = run(&counts(&[4900, 5100]), json!({})).unwrap();
    near(&found, "srm_p", 1, 0.045_500_263_896_358_57);
}

/// Units of three variants: customers with several rows, a value from before, and one in two variants.
struct Log {
    variant: Vec<&'static str>,
    customer: Vec<i64>,
    value: Vec<f64>,
    before: Vec<f64>,
}

fn log() -> Log {
    let mut rng = Rng::new(5);
    let mut log = Log {
        variant: Vec::new(),
        customer: Vec::new(),
        value: Vec::new(),
        before: Vec::new(),
    };
    for customer in 0..400_i64 {
        let before = 10.0 * rng.uniform();
        for _ in 0..1 + rng.below(3) {
            log.variant
                .push(["x", "control", "y"][customer as usize % 3]);
            log.customer.push(customer);
            log.value
                .push(before + 3.0 * rng.normal() + (customer % 3) as f64);
            log.before.push(before);
        }
    }
    // Somebody in two variants.
    for variant in ["x", "y"] {
        log.variant.push(variant);
        log.customer.push(10_000);
        log.value.push(1e6);
        log.before.push(0.0);
    }
    log
}

fn units(log: &Log, order: &[usize], customers: bool) -> Table {
    let pick = |of: &[f64]| floats(&order.iter().map(|i| of[*i]).collect::<Vec<_>>());
    let variants: Vec<&str> = order.iter().map(|i| log.variant[*i]).collect();
    let ids: Vec<i64> = order.iter().map(|i| log.customer[*i]).collect();
    let mut columns = vec![
        ("variant", texts(&variants)),
        ("value", pick(&log.value)),
        ("before", pick(&log.before)),
    ];
    if customers {
        columns.push(("customer_id", ints(&ids)));
    }
    table(&columns)
}

/// A second computation: customers as clusters, with and without the value from before.
#[test]
fn customers_are_clusters_and_the_covariate_is_a_regression() {
    let log = log();
    let order: Vec<usize> = (0..log.variant.len()).collect();
    let data = units(&log, &order, true);
    let names = ["control", "x", "y"];
    // (value, rows, before) of each customer of each variant.
    let clusters: Vec<Vec<[f64; 3]>> = names
        .iter()
        .map(|name| {
            let mut sums = std::collections::BTreeMap::<i64, [f64; 3]>::new();
            for i in (0..log.variant.len())
                .filter(|i| log.variant[*i] == *name && log.customer[*i] < 10_000)
            {
                let sum = sums.entry(log.customer[i]).or_default();
                sum[0] += log.value[i];
                sum[1] += 1.0;
                sum[2] += log.before[i];
            }
            sums.into_values().collect()
        })
        .collect();
    let total = |of: &[[f64; 3]], k: usize| of.iter().map(|c| c[k]).sum::<f64>();
    let mean = |of: &[[f64; 3]], k: usize| total(of, k) / total(of, 1);
    let all: Vec<[f64; 3]> = clusters.concat();
    for covariate in [false, true] {
        let request = if covariate {
            json!({"covariate": "before"})
        } else {
            json!({})
        };
        let found = run(&data, request).unwrap();
        assert_eq!(found.notes()["in_several_variants"], json!(1));
        assert_eq!(found.notes()["kinds"], json!({"value": "mean"}));
        let (mut ef, mut ff, mut ee) = (0.0, 0.0, 0.0);
        for of in &clusters {
            for c in of {
                let (e, f) = (c[0] - mean(of, 0) * c[1], c[2] - mean(of, 2) * c[1]);
                (ef, ff, ee) = (ef + e * f, ff + f * f, ee + e * e);
            }
        }
        let theta = if covariate { ef / ff } else { 0.0 };
        let arms: Vec<(f64, f64, f64)> = clusters
            .iter()
            .map(|of| {
                let m = of.len() as f64;
                let squares: f64 = of
                    .iter()
                    .map(|c| {
                        let e = c[0] - mean(of, 0) * c[1];
                        (e - theta * (c[2] - mean(of, 2) * c[1])).powi(2)
                    })
                    .sum();
                let adjusted = mean(of, 0) - theta * (mean(of, 2) - mean(&all, 2));
                (adjusted, m / (m - 1.0) * squares / total(of, 1).powi(2), m)
            })
            .collect();
        for (row, (value, variance, m)) in arms.iter().enumerate() {
            near(&found, "mean", row, *value);
            if row > 0 {
                let (base, v, n) = arms[0];
                near(&found, "difference", row, value - base);
                let (low, high) = (
                    reals(&found, "difference_low")[row].unwrap(),
                    reals(&found, "difference_high")[row].unwrap(),
                );
                let df =
                    (v + variance).powi(2) / (v * v / (n - 1.0) + variance * variance / (m - 1.0));
                let t = crm_core::num::student::quantile(0.975, df);
                let half = 0.5 * (high - low);
                assert!((half / (t * (v + variance).sqrt()) - 1.0).abs() < 1e-9);
            }
        }
        if covariate {
            let reduction = found.notes()["variance_reduction"]["value"]
                .as_f64()
                .unwrap();
            assert!((reduction - ef * ef / (ee * ff)).abs() < 1e-12);
            assert!(reduction > 0.3, "{reduction}");
        }
    }
}

#[test]
fn the_order_of_rows_changes_no_bit() {
    let log = log();
    let order: Vec<usize> = (0..log.variant.len()).collect();
    for request in [
        json!({}),
        json!({"covariate": "before", "winsorize": 0.9}),
        json!({"method": "bayes"}),
    ] {
        for customers in [true, false] {
            let one = run(&units(&log, &order, customers), request.clone()).unwrap();
            let other = run(
                &units(&log, &shuffled(order.len()), customers),
                request.clone(),
            )
            .unwrap();
            assert!(one == other, "{request}");
        }
    }
}

/// Rows of yes and no are what their counts are; Holm goes over all variants and measures.
#[test]
fn units_of_yes_and_no_are_counts() {
    let n = 600;
    let variant: Vec<&str> = (0..n).map(|i| ["a", "b", "c"][i % 3]).collect();
    let of = |k: usize| -> Vec<i64> {
        (0..n)
            .map(|i| i64::from(i * i * k % 7 < 2 + i % 3))
            .collect()
    };
    let (one, two) = (of(3), of(5));
    let data = table(&[
        ("variant", texts(&variant)),
        ("one", ints(&one)),
        ("two", ints(&two)),
    ]);
    let found = run(&data, json!({"measures": ["one", "two"]})).unwrap();
    let hits = |of: &[i64], v: usize| (0..n).filter(|i| i % 3 == v).map(|i| of[i]).sum::<i64>();
    let mut rows = vec![Vec::new(); 4];
    for (name, of) in [("one", &one), ("two", &two)] {
        for (at, variant) in ["a", "b", "c"].into_iter().enumerate() {
            rows[0].push(name.to_owned());
            rows[1].push(variant.to_owned());
            rows[2].push("200".to_owned());
            rows[3].push(hits(of, at).to_string());
        }
    }
    let whole = |at: usize| {
        ints(
            &rows[at]
                .iter()
                .map(|v| v.parse().unwrap())
                .collect::<Vec<_>>(),
        )
    };
    let counts = table(&[
        ("measure", texts(&rows[0])),
        ("variant", texts(&rows[1])),
        ("n", whole(2)),
        ("conversions", whole(3)),
    ]);
    let counted = run(&counts, json!({})).unwrap();
    assert_eq!(found.len(), 6);
    for name in [
        "mean",
        "difference_low",
        "ratio_high",
        "p",
        "p_exact",
        "p_adjusted",
    ] {
        assert_eq!(reals(&found, name), reals(&counted, name), "{name}");
    }
    let p: Vec<f64> = reals(&found, "p").into_iter().flatten().collect();
    let adjusted: Vec<f64> = reals(&found, "p_adjusted").into_iter().flatten().collect();
    let least = p.iter().copied().fold(f64::MAX, f64::min);
    let at = p.iter().position(|v| *v == least).unwrap();
    assert!((adjusted[at] - (4.0 * least).min(1.0)).abs() < 1e-15);
}

/// The binomial count of `n` people.
fn converted(rng: &mut Rng, n: u64, p: f64) -> u64 {
    (0..n).filter(|_| rng.uniform() < p).count() as u64
}

/// No difference at all: 5 % of fixed tests find one; looked at daily far more do, always-valid ones do not.
#[test]
fn tests_of_nothing_find_nothing_more_often_than_promised() {
    let mut rng = Rng::new(11);
    let mut found = 0;
    for _ in 0..10_000 {
        let [a, b] = [(); 2].map(|()| Rate {
            hits: converted(&mut rng, 300, 0.3),
            trials: 300,
        });
        found += u32::from(two_rates::two_sided(two_rates::z(a, b)) < 0.05);
    }
    assert!((440..560).contains(&found), "{found} of 10,000");
    let (mut fixed, mut always, series) = (0, 0, 1_000);
    for _ in 0..series {
        let (mut a, mut b) = (Rate { hits: 0, trials: 0 }, Rate { hits: 0, trials: 0 });
        let (mut crossed, mut crossed_always) = (false, false);
        for _ in 0..60 {
            for rate in [&mut a, &mut b] {
                rate.hits += converted(&mut rng, 50, 0.2);
                rate.trials += 50;
            }
            crossed |= two_rates::two_sided(two_rates::z(a, b)) < 0.05;
            let (d, v) = (b.value() - a.value(), a.variance() + b.variance());
            let n = (a.trials + b.trials) as f64;
            crossed_always |= v > 0.0 && confidence_sequence(d, v, n, 0.05, 5000.0).p < 0.05;
        }
        fixed += u32::from(crossed);
        always += u32::from(crossed_always);
    }
    assert!(fixed > series / 5, "{fixed} of {series}");
    assert!(always <= series / 20, "{always} of {series}");
}

#[test]
fn what_is_no_experiment_is_refused() {
    let at = |data: &Table, request: Value| {
        let error = run(data, request).unwrap_err();
        let place = error
            .option_name()
            .or(error.column())
            .unwrap_or("")
            .to_owned();
        (place, error.row(), error.to_string())
    };
    let of = |hits: &[i64], n: &[i64]| {
        table(&[
            ("variant", texts(&["a", "b"])),
            ("n", ints(n)),
            ("conversions", ints(hits)),
        ])
    };
    let (column, row, _) = at(&of(&[3, 12], &[10, 10]), json!({}));
    assert_eq!((column.as_str(), row), ("conversions", Some(1)));
    let (column, row, _) = at(&of(&[-1, 12], &[10, 20]), json!({}));
    assert_eq!((column.as_str(), row), ("conversions", Some(0)));
    let error = run(&of(&[0, 0], &[10, 0]), json!({})).unwrap_err();
    assert!(matches!(error, Error::Insufficient { .. }), "{error}");
    for (option, value) in [
        ("control", json!("c")),
        ("shares", json!({"a": 1})),
        ("shares", json!({"a": 1, "b": 1, "c": 1})),
        ("covariate", json!("before")),
        ("winsorize", json!(0.99)),
        ("measures", json!(["n"])),
        ("tuning", json!(0)),
    ] {
        let (place, _, said) = at(&of(&[1, 2], &[10, 10]), json!({option: value}));
        assert_eq!(place, option, "{said}");
    }
    let one = table(&[
        ("variant", texts(&["a", "a"])),
        ("value", floats(&[1.0, 2.0])),
    ]);
    let error = run(&one, json!({})).unwrap_err();
    assert_eq!(error.to_string(), "needs at least 2 variants, found 1");
    let holes = table(&[
        ("variant", texts(&["a", "b"])),
        ("value", floats(&[1.0, f64::NAN])),
    ]);
    let (column, row, said) = at(&holes, json!({}));
    assert_eq!((column.as_str(), row), ("value", Some(1)), "{said}");
    let (column, _, said) = at(&holes, json!({"measures": ["spend"]}));
    assert_eq!(column, "spend", "{said}");
    assert_eq!(at(&holes, json!({"measures": []})).0, "measures");
    // One person a variant: a difference without an interval.
    let two = table(&[
        ("variant", texts(&["a", "b"])),
        ("value", floats(&[1.5, 2.5])),
    ]);
    let found = run(&two, json!({})).unwrap();
    assert_eq!(reals(&found, "difference")[1], Some(1.0));
    assert_eq!(reals(&found, "p")[1], None);
    assert_eq!(reals(&found, "mean_low"), [None, None]);
    assert_eq!(verdict(&found, 1), Some("unclear"));
}

#[test]
fn plans_and_assignments() {
    let ask = |name: &str, data: &Table, request: Value| {
        register::run(
            name,
            &Dataset::Table(data),
            &request.to_string(),
            &Context::default(),
        )
    };
    let plans = Table::new(vec![
        column("baseline", [0.04, 0.04]),
        column("effect", [0.01, 0.25]),
    ]);
    let request = json!({"per_day": 500, "n": 6743});
    let found = ask("experiment_plan", &plans, request).unwrap();
    let whole = |table: &Table, name: &str| match table.column(name).unwrap().values() {
        Values::I64(values) => values.to_vec(),
        _ => panic!("{name}"),
    };
    assert_eq!(whole(&found, "n_per_variant")[0], 6743);
    assert_eq!(whole(&found, "people")[0], 13_486);
    assert_eq!(whole(&found, "experiment_days")[0], 27);
    let seen = reals(&found, "detectable_effect")[0].unwrap();
    assert!((seen - 0.01).abs() < 1e-6, "{seen}");
    let relative = ask("experiment_plan", &plans, json!({"relative": true})).unwrap();
    assert_eq!(whole(&relative, "n_per_variant")[1], 6743);
    for (baseline, effect, column_at_fault) in [
        (0.0, 0.1, "baseline"),
        (0.5, 0.5, "effect"),
        (0.5, 0.0, "effect"),
        (0.5, 1e-12, "effect"),
    ] {
        let wrong = Table::new(vec![
            column("baseline", [baseline]),
            column("effect", [effect]),
        ]);
        let error = ask("experiment_plan", &wrong, json!({})).unwrap_err();
        assert_eq!(error.column(), Some(column_at_fault), "{error}");
    }
    // printf ':button:42' | sha256sum begins with cff445f9: above a half.
    let ids = table(&[("customer_id", ints(&[42, 7, 42]))]);
    let found = ask("assign", &ids, json!({"experiment": "button"})).unwrap();
    let cell = |row: usize| match found.column("variant").map(|c: &Column| c.cell(row)) {
        Some(Cell::Text(text)) => text.to_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!((cell(0), cell(2)), ("b".to_owned(), "b".to_owned()));
    for (request, option) in [
        (json!({}), "experiment"),
        (
            json!({"experiment": "x", "variants": {"a": 0.5, "b": 0.4}}),
            "variants",
        ),
        (json!({"experiment": "x", "variants": {}}), "variants"),
    ] {
        let error = ask("assign", &ids, request).unwrap_err();
        assert_eq!(error.option_name(), Some(option), "{error}");
    }
}
