//! Seasons of shops whose true factors the test has put in, and forecasts of shops by months.

use super::*;
use crm_core::Period;
use crm_tests::reals;

/// An origin: what came and what was said, by month and of both, orders and revenue.
type Origin = [[[f64; 2]; 3]; 2];

/// Demand of the months in truth: a mean of nearly 1.
const MONTHS: [f64; 12] = [0.7, 0.8, 1.0, 0.9, 1.0, 1.0, 1.1, 0.8, 0.9, 1.0, 1.2, 1.6];
/// Demand of the weekdays, Monday first: a mean of 1.
const WEEKDAYS: [f64; 7] = [0.7, 0.8, 1.0, 0.9, 1.1, 1.4, 1.1];

fn month_of(at: i32) -> usize {
    day(at).to_string()[5..7].parse::<usize>().expect("a month") - 1
}

/// Customers who buy on any day with a chance that the seasons move; more customers come as time goes on.
fn seasonal(customers: u64, days: i32, demand: impl Fn(i32) -> f64) -> Vec<Person> {
    let factor: Vec<f64> = (0..days).map(&demand).collect();
    (0..customers)
        .map(|k| {
            let mut rng = Rng::stream(31, k);
            let first = if k < 8 {
                0
            } else {
                (f64::from(days - 40) * rng.uniform()) as i32
            };
            let mut own = vec![(first, 1_000 + 10 * (k as i64 % 50))];
            let rate = 0.02 + 0.03 * rng.uniform();
            for at in first + 1..days {
                if rng.uniform() < rate * factor[at as usize] {
                    own.push((at, 900 + 100 * (at as i64 % 3)));
                }
            }
            (format!("c{k:04}"), own)
        })
        .collect()
}

/// 2024-01-01 was a Monday.
fn weekday(at: i32) -> usize {
    at.rem_euclid(7) as usize
}

/// Rows of a kind: key, factor, low, high.
fn factors(table: &Table, kind: &str) -> Vec<(String, [f64; 3])> {
    let (kinds, keys) = (words(table, "kind"), words(table, "key"));
    let columns = ["factor", "factor_low", "factor_high"].map(|name| reals(table, name));
    (0..table.len())
        .filter(|row| kinds[*row].as_deref() == Some(kind))
        .map(|row| {
            let cells = columns
                .each_ref()
                .map(|column| column[row].expect("a factor"));
            (keys[row].clone().expect("a key"), cells)
        })
        .collect()
}

#[test]
fn seasons_that_were_put_in_are_found() {
    let days = 4 * 365 + 1;
    let sale = [300, 301, 302, 660, 661, 662, 1_030, 1_031, 1_032];
    let closed = 400..428;
    let people = seasonal(260, days, |at| {
        let own = if sale.contains(&at) { 3.0 } else { 1.0 };
        if closed.contains(&at) {
            0.0
        } else {
            own * MONTHS[month_of(at)] * WEEKDAYS[weekday(at)]
        }
    });
    let mut events = serde_json::Map::new();
    for at in sale {
        events.insert(day(at).to_string(), json!("sale"));
    }
    events.insert(day(1_500).to_string(), json!("sale"));
    let table = run(
        "seasonality",
        &shop(&people),
        days - 1,
        &json!({"events": events}),
    );
    // Of a plain year, each month with its days.
    let lengths = [
        31.0, 28.25, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0,
    ];
    let of_year =
        |factors: &[f64]| factors.iter().zip(lengths).map(|(f, n)| f * n).sum::<f64>() / 365.25;
    let mut held = 0;
    let mut check = |kind: &str, keys: &[&str], truth: &[f64], near: f64| {
        let found = factors(&table, kind);
        assert_eq!(
            found.iter().map(|one| one.0.as_str()).collect::<Vec<_>>(),
            keys,
            "{kind}"
        );
        for ((key, [factor, low, high]), truth) in found.iter().zip(truth) {
            assert!(
                (factor / truth).ln().abs() < near,
                "{kind} {key}: {factor} {truth}"
            );
            assert!(high / low < 1.6, "{kind} {key}: {low} {high}");
            assert!(
                low < factor
                    && factor < high
                    && (low * high / (factor * factor) - 1.0).abs() < 1e-9
            );
            held += i32::from((*low..=*high).contains(truth));
        }
    };
    let months: Vec<f64> = MONTHS.iter().map(|f| f / of_year(&MONTHS)).collect();
    let names: Vec<String> = (1..=12).map(|month| month.to_string()).collect();
    check(
        "month",
        &names.iter().map(String::as_str).collect::<Vec<_>>(),
        &months,
        0.12,
    );
    check(
        "weekday",
        &["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        &WEEKDAYS,
        0.1,
    );
    check("event", &["sale"], &[3.0], 0.25);
    check("trend", &["year"], &[1.0], 0.1);
    // Intervals of 80 %.
    assert!(held >= 13, "{held} of 21");
    let mean: f64 = factors(&table, "weekday")
        .iter()
        .map(|one| one.1[0])
        .sum::<f64>()
        / 7.0;
    assert!((mean - 1.0).abs() < 1e-9);
    let found: Vec<f64> = factors(&table, "month")
        .iter()
        .map(|one| one.1[0])
        .collect();
    assert!((of_year(&found) - 1.0).abs() < 1e-3);
    let notes = table.notes();
    assert_eq!(
        (&notes["months"], &notes["weekdays"]),
        (&json!("used"), &json!("used"))
    );
    for name in ["months_p", "weekdays_p"] {
        assert!(notes[name].as_f64().expect(name) < 1e-3, "{name}");
    }
    let explained = notes["explained"].as_f64().expect("a share");
    assert!((0.5..1.0).contains(&explained), "{explained}");
    assert_eq!(notes["unlike"], json!([day(400).start_of(Period::Month)]));
    let document = notes["seasonality"].as_object().expect("a document");
    assert_eq!(document.len(), 12 + 7 + 10);
    for (key, [factor, ..]) in factors(&table, "month")
        .into_iter()
        .chain(factors(&table, "weekday"))
    {
        assert_eq!(document[&key], json!(factor), "{key}");
    }
    assert_eq!(
        document[&day(1_500).to_string()],
        json!(factors(&table, "event")[0].1[0])
    );
    // Wider intervals of the same factors.
    let wide = run(
        "seasonality",
        &shop(&people),
        days - 1,
        &json!({"events": events, "interval": 0.95}),
    );
    let ratio = 1.959_963_984_540_054 / 1.281_551_565_544_600_5;
    for ((_, [factor, low, _]), (_, [same, lower, _])) in factors(&table, "month")
        .iter()
        .zip(&factors(&wide, "month"))
    {
        assert!(
            factor == same && ((lower / factor).ln() / (low / factor).ln() - ratio).abs() < 1e-6
        );
    }
}

#[test]
fn even_shops_and_short_logs_have_no_seasons() {
    let people = seasonal(120, 900, |_| 1.0);
    let table = run("seasonality", &shop(&people), 899, &json!({}));
    let notes = table.notes();
    assert_eq!(notes["weekdays"], json!("no_difference"));
    assert!(["no_difference", "not_better"].contains(&notes["months"].as_str().expect("a word")));
    assert_eq!(notes["seasonality"], json!({}));
    assert!(notes["months_p"].as_f64().expect("a chance") > 0.01);
    assert_eq!(notes["unlike"], json!([]));
    // Eighteen months are read, the first thirty days left out; 56 days for weekdays.
    let dense = seasonal(200, 120, |_| 1.0);
    let verdicts = |as_of: i32| {
        let people = if as_of < 120 { &dense } else { &people };
        let table = run("seasonality", &shop(people), as_of, &json!({}));
        ["months", "weekdays"].map(|name| table.notes()[name].as_str().expect("a word").to_owned())
    };
    // January has one day left, so the eighteenth month is June of the next year.
    assert_eq!(verdicts(516)[0], "too_short");
    assert_ne!(verdicts(517)[0], "too_short");
    assert_eq!(
        verdicts(30 + 54),
        ["too_short", "too_short"].map(str::to_owned)
    );
    assert_eq!(verdicts(30 + 55)[0], "too_short");
    assert_ne!(verdicts(30 + 55)[1], "too_short");
    // Fifty repeat purchases after the first thirty days.
    let once = |count: i32| {
        let mut own = vec![(0, 100)];
        own.extend((0..count).map(|at| (30 + 2 * at, 100)));
        let table = run("seasonality", &shop(&[("a".into(), own)]), 800, &json!({}));
        table.notes()["months"].as_str().expect("a word").to_owned()
    };
    assert_eq!(once(49), "too_few_purchases");
    assert_ne!(once(50), "too_few_purchases");
    for (events, said) in [
        (json!({"June": "sale"}), "dates such as"),
        (json!({"2025-06-01": ""}), "a name"),
    ] {
        let error = try_run(
            "seasonality",
            &shop(&people),
            899,
            &json!({"events": events}),
        )
        .expect_err("refused")
        .to_string();
        assert!(error.contains("events") && error.contains(said), "{error}");
    }
}

/// What a forecast says of a part: days, orders, revenue and their ends of each row.
struct Said {
    days: Vec<i64>,
    orders: Vec<[Option<f64>; 3]>,
    revenue: Vec<[Option<f64>; 3]>,
}

fn said(table: &Table, part: &str) -> Said {
    let parts = words(table, "part");
    let rows: Vec<usize> = (0..table.len())
        .filter(|row| parts[*row].as_deref() == Some(part))
        .collect();
    let orders = ["orders", "orders_low", "orders_high"].map(|name| reals(table, name));
    let revenue = ["revenue", "revenue_low", "revenue_high"].map(|name| numbers(table, name));
    Said {
        days: rows
            .iter()
            .map(|row| numbers(table, "days")[*row].expect("days"))
            .collect(),
        orders: rows
            .iter()
            .map(|row| orders.each_ref().map(|column| column[*row]))
            .collect(),
        revenue: rows
            .iter()
            .map(|row| {
                revenue
                    .each_ref()
                    .map(|column| column[*row].map(|v| v as f64))
            })
            .collect(),
    }
}

/// Days with orders, and revenue, of days of customers first seen up to one.
fn came(people: &[Person], days: std::ops::RangeInclusive<i32>, first_seen: i32) -> [f64; 2] {
    let mut sums = [0.0; 2];
    for (_, own) in people.iter().filter(|(_, own)| own[0].0 <= first_seen) {
        for (_, yen) in own.iter().filter(|(at, _)| days.contains(at)) {
            sums[0] += 1.0;
            sums[1] += *yen as f64;
        }
    }
    sums
}

/// What is added to the logarithms of a part's orders and revenue.
fn shift(table: &Table, part: &str) -> [f64; 2] {
    let of_part = &table.notes()["shift"][part];
    ["orders", "revenue"].map(|of| of_part[of].as_f64().expect("a number"))
}

/// Parts add up, earlier origins are runs of their own, and intervals follow from how wrong those were.
#[test]
fn a_forecast_of_a_shop_is_judged_by_its_own_past() {
    let people = seasonal(60, 1_000, |_| 0.7);
    let orders = shop(&people);
    let options = json!({"months": 2, "seasonality": "none"});
    // 2026-05-15: what is left of May, and June.
    let today = 865;
    assert_eq!(day(today).to_string(), "2026-05-15");
    let table = run("shop_forecast", &orders, today, &options);
    let parts = ["existing", "new", "total"].map(|part| said(&table, part));
    let months = offsets(&table, "month");
    for (row, month) in [Some(today + 1), Some(today + 17), None]
        .into_iter()
        .enumerate()
    {
        assert_eq!(months[3 * row..3 * row + 3], [month; 3]);
    }
    for (at, part) in parts.iter().enumerate() {
        assert_eq!(part.days, [16, 30, 46]);
        for row in 0..3 {
            let whole = if at == 2 {
                parts[0].orders[row][0].unwrap() + parts[1].orders[row][0].unwrap()
            } else {
                part.orders[row][0].unwrap()
            };
            assert!((part.orders[row][0].unwrap() - whole).abs() < 1e-9);
        }
        let sum = |of: fn(&Said) -> &Vec<[Option<f64>; 3]>| {
            of(part)[0][0].unwrap() + of(part)[1][0].unwrap() - of(part)[2][0].unwrap()
        };
        assert!(sum(|part| &part.orders).abs() < 1e-9 && sum(|part| &part.revenue).abs() <= 1.0);
    }
    // The expected purchases of today's customers, by their own analyses.
    let base = run("clv_summary", &orders, today, &json!({}));
    let on_table = |name: &str, options: Value| {
        register::run(
            name,
            &Dataset::Table(&base),
            &options.to_string(),
            &Context::default(),
        )
        .expect(name)
    };
    let fit =
        on_table("clv_fit", json!({"model": "mbg_cnbd_k", "unit": "day"})).notes()["fit"].clone();
    let spend = on_table("gamma_gamma_fit", json!({})).notes()["fit"].clone();
    let worth = reals(
        &on_table("expected_spend", json!({"fit": spend})),
        "expected_spend",
    );
    let until = |days: u32| -> [f64; 2] {
        let bought = reals(
            &on_table("clv_predict", json!({"fit": fit, "t": days})),
            "expected_purchases",
        );
        let both = bought
            .iter()
            .zip(&worth)
            .map(|(n, each)| (n.unwrap(), n.unwrap() * each.unwrap()));
        both.fold([0.0; 2], |sum, one| [sum[0] + one.0, sum[1] + one.1])
    };
    let moved = shift(&table, "existing").map(f64::exp);
    for (row, from, to) in [(0, 0, 16), (1, 16, 46), (2, 0, 46)] {
        let before = if from > 0 { until(from) } else { [0.0; 2] };
        let before = [before[0] * moved[0], before[1] * moved[1]];
        let expected = until(to);
        let expected = [expected[0] * moved[0], expected[1] * moved[1]];
        let found = parts[0].orders[row][0].unwrap();
        assert!(
            (found - (expected[0] - before[0])).abs() < 1e-6 * found,
            "{found} {expected:?}"
        );
        assert!((parts[0].revenue[row][0].unwrap() - (expected[1] - before[1])).abs() <= 1.0);
    }

    let past = table.notes()["past"].as_array().expect("a list");
    let origins: Vec<&str> = past
        .iter()
        .map(|one| one["origin"].as_str().expect("a day"))
        .collect();
    assert_eq!(
        origins,
        [
            "2026-03-15",
            "2025-12-15",
            "2025-09-15",
            "2025-06-15",
            "2025-03-15"
        ]
    );
    let square = |came: f64, said: f64| ((came + 0.5) / (said + 0.5)).ln().powi(2);
    // Variances of the part of today's customers: of a month and of all, orders and revenue.
    let variance =
        |typical: f64, of: usize, orders: f64| typical * typical + (1 + of) as f64 / (orders + 0.5);
    // Of each earlier origin, before it was moved: came and said of two months and of both, by orders and revenue.
    let mut earlier: Vec<Origin> = Vec::new();
    for (note, origin) in past.iter().zip(origins) {
        let from = origin.parse::<Day>().expect("a day").0 - day(0).0;
        let then = run("shop_forecast", &orders, from, &options);
        let [existing, new] = ["existing", "new"].map(|part| {
            let (said, moved) = (said(&then, part), shift(&then, part).map(f64::exp));
            [0, 1, 2].map(|row| {
                let cell = [said.orders[row][0], said.revenue[row][0]];
                [0, 1].map(|of| cell[of].unwrap() / moved[of])
            })
        });
        let days = said(&then, "total").days;
        let (split, end) = (from + days[0] as i32, from + days[2] as i32);
        let whole = came(&people, from + 1..=end, i32::MAX);
        for (of, name) in ["orders", "revenue"].into_iter().enumerate() {
            let expected = whole[of] / (existing[2][of] + new[2][of]);
            assert!(
                (note[name].as_f64().expect(name) / expected - 1.0).abs() < 1e-4,
                "{origin} {name}"
            );
        }
        let back = [from + 1..=split, split + 1..=end, from + 1..=end]
            .map(|days| came(&people, days, from));
        earlier.push([back, existing]);
    }
    // Origins a quarter of a year apart; forecasts of two months do not overlap.
    let weights: Vec<f64> = (0..5).map(|at| 0.5_f64.powf(f64::from(at) / 4.0)).collect();
    let weight: f64 = weights.iter().sum();
    let dates = weight * weight / weights.iter().map(|w| w * w).sum::<f64>();
    let mean = |each: &dyn Fn(&Origin) -> f64| {
        let parts = weights.iter().zip(&earlier).map(|(w, one)| w * each(one));
        parts.sum::<f64>() / weight
    };
    let (mut errors, mut of_months) = ([0.0; 2], [0.0; 2]);
    for of in [0, 1] {
        let typical = [0.12, 0.15][of];
        let lasting = typical * typical / 2.0;
        let noise = mean(&|[_, said]| variance(typical, of, said[2][0])) - lasting;
        let error = mean(&|[came, said]| ((came[2][of] + 0.5) / (said[2][of] + 0.5)).ln());
        let b = error * dates * lasting / (dates * lasting + noise);
        let found = shift(&table, "existing")[of];
        assert!((found - b).abs() < 1e-4 && b != 0.0, "{found} {b}");
        let of_one = |row: usize, typical: f64, [came, said]: &Origin| {
            square(came[row][of], said[row][of] * b.exp()) / variance(typical, of, said[row][0])
        };
        errors[of] = dates * mean(&|one| of_one(2, typical, one));
        let typical = [0.15, 0.18][of];
        let of_both = |one: &_| 0.5 * (of_one(0, typical, one) + of_one(1, typical, one));
        of_months[of] = dates * mean(&of_both);
    }
    for of in [0, 1] {
        for row in 0..3 {
            let (sum, typical) = if row == 2 {
                (errors[of], [0.12, 0.15][of])
            } else {
                (of_months[of], [0.15, 0.18][of])
            };
            let scale = (3.0 + sum) / (3.0 + dates);
            let wide = 1.281_551_565_544_600_5
                * (scale * variance(typical, of, parts[0].orders[row][0].unwrap())).sqrt();
            let [value, low, high] =
                [parts[0].orders[row], parts[0].revenue[row]][of].map(Option::unwrap);
            let near = |found: f64, expected: f64| {
                assert!(
                    (found - expected).abs() <= 1e-3 * expected + if of == 1 { 1.0 } else { 0.0 },
                    "{of} {row}: {found} {expected}"
                )
            };
            near(high, value * wide.exp());
            near(
                low,
                value * (-wide).exp().min((1.0 - 0.5 * wide).max(0.0).powi(2)),
            );
        }
    }
}

#[test]
fn young_and_small_shops_are_not_forecast() {
    let options = |months: i32| json!({"months": months, "seasonality": "none"});
    let people = seasonal(40, 500, |_| 0.7);
    let orders = shop(&people);
    for (as_of, young) in [(364, true), (365, false)] {
        let table = run("shop_forecast", &orders, as_of, &options(1));
        assert!(reals(&table, "orders").iter().all(Option::is_some));
        assert_eq!(
            reals(&table, "orders_low").iter().all(Option::is_none),
            young
        );
        assert_eq!(
            numbers(&table, "revenue_high").iter().all(Option::is_none),
            young
        );
        assert_eq!(table.notes().contains_key("without_interval"), young);
        assert_eq!(table.notes()["past"], json!([]));
    }
    let empty = |people: &[Person], as_of: i32, why: &str| {
        let table = run("shop_forecast", &shop(people), as_of, &options(2));
        assert_eq!(table.notes()["without_forecast"], json!(why));
        assert!(reals(&table, "orders").iter().all(Option::is_none));
        assert!(numbers(&table, "revenue").iter().all(Option::is_none));
        assert_eq!(table.len(), 9);
    };
    let once: Vec<Person> = (0..9)
        .map(|k| (format!("c{k}"), vec![(30 * k, 100)]))
        .collect();
    empty(&once, 400, "no_repeat_customer");
    let mut one = once.clone();
    one[0].1.push((50, 100));
    empty(&one, 400, "too_few_repeat_customers");
    empty(&people, 89, "too_short");
    for months in [0, 61] {
        let said = try_run("shop_forecast", &orders, 400, &options(months))
            .expect_err("refused")
            .to_string();
        assert!(
            said.contains("months") && said.contains("1 to 60"),
            "{said}"
        );
    }
    assert_eq!(run("shop_forecast", &orders, 400, &options(60)).len(), 183);
}
