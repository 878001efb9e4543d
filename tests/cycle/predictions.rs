use super::*;
use crm_core::cycle::predict::{Level, QUANTILES, predict, return_days};
use crm_tests::reals;

const DATES: [&str; 4] = ["date_p10", "predicted_date", "date_p80", "date_p90"];

fn plain(more: Value) -> Value {
    let mut options = json!({"seasonality": "none"});
    for (name, value) in more.as_object().expect("options") {
        options[name] = value.clone();
    }
    options
}

/// Every column of `cycle` is the prediction from the gaps that the test counts.
#[test]
fn columns_are_the_predictions_of_the_gaps() {
    let people = town();
    let orders = shop(&people);
    for (as_of, within, days) in [
        (400, "30d", 30),
        (150, "9d", 9),
        (-2_000, "1d", 1),
        (400, "36h", 2),
    ] {
        let all = known(&people, as_of);
        if all.iter().all(|one| one.gaps.is_empty()) {
            let table = run("cycle", &orders, as_of, &plain(json!({})));
            assert_eq!(ids(&table), ["old"]);
            assert_eq!(
                table.notes()["no_model"],
                json!(
                    "no customer had come back when the document was made: there are no predictions"
                )
            );
            for name in DATES {
                assert_eq!(numbers(&table, name), [None]);
            }
            assert_eq!(words(&table, "level"), [None]);
            continue;
        }
        let (model, histories) = model(&all);
        for follow in [None, Some(45)] {
            let mut options = plain(json!({"within": within}));
            if let Some(days) = follow {
                options["return_within"] = json!(format!("{days}d"));
            }
            let table = run("cycle", &orders, as_of, &options);
            assert_eq!(
                ids(&table),
                all.iter().map(|one| one.id.clone()).collect::<Vec<_>>()
            );
            let dates = DATES.map(|name| offsets(&table, name));
            let [chance, alive, overdue] = [
                "probability_within",
                "probability_alive",
                "overdue_probability",
            ]
            .map(|name| reals(&table, name));
            let (gaps, last, level) = (
                numbers(&table, "gaps"),
                offsets(&table, "last_date"),
                words(&table, "level"),
            );
            for (i, one) in all.iter().enumerate() {
                let distribution = model.customer(&histories[i]);
                let mut expected = predict(&distribution, one.open, days);
                if let Some(days) = follow {
                    expected.dates = return_days(&distribution, one.open, days, QUANTILES);
                }
                let at = expected
                    .dates
                    .map(|days| days.map(|days| one.last() + days as i32));
                assert_eq!(
                    dates.each_ref().map(|column| column[i]),
                    at,
                    "{} {follow:?}",
                    one.id
                );
                assert_eq!(gaps[i], Some(one.gaps.len() as i64));
                assert_eq!(last[i], Some(one.last()));
                assert_eq!(chance[i], Some(expected.probability_within), "{}", one.id);
                assert_eq!(alive[i], Some(expected.probability_alive));
                assert_eq!(overdue[i], Some(expected.overdue_probability));
                assert_eq!(level[i].as_deref(), Some(expected.level.code()));
            }
            assert_eq!(table.notes()["learned"]["gap_model"], json!(model.params()));
            assert!(!table.notes().contains_key("no_model"));
        }
    }
}

/// Levels of overdue probabilities at their limits.
#[test]
fn levels_begin_at_their_probability() {
    for (overdue, word) in [
        (0.0, "ok"),
        (0.499_999, "ok"),
        (0.5, "due"),
        (0.799_999, "due"),
        (0.8, "late"),
        (0.899_999, "late"),
        (0.9, "churn_risk"),
        (0.989_999, "churn_risk"),
        (0.99, "lost"),
        (1.0, "lost"),
    ] {
        assert_eq!(Level::of(overdue).code(), word, "{overdue}");
    }
}

/// From `churn_days` on a customer is lost, in whatever part of their own cycle.
#[test]
fn customers_are_lost_by_days_from_the_day_on() {
    let people = town();
    let orders = shop(&people);
    let all = known(&people, 400);
    let own = words(&run("cycle", &orders, 400, &plain(json!({}))), "level");
    for days in [all[3].open, all[3].open + 1, 1_000_000] {
        let options = plain(json!({"lost_by_churn_days": true, "churn_days": days}));
        let level = words(&run("cycle", &orders, 400, &options), "level");
        for (i, one) in all.iter().enumerate() {
            let expected = if one.open >= days {
                Some("lost")
            } else {
                own[i].as_deref()
            };
            assert_eq!(level[i].as_deref(), expected, "{} {days}", one.id);
        }
        // Without the option the days say nothing.
        let options = plain(json!({"churn_days": days}));
        assert_eq!(words(&run("cycle", &orders, 400, &options), "level"), own);
    }
}

/// The rules of thumb: dates by hand, and no other prediction.
#[test]
fn rules_of_thumb_are_dates_by_hand() {
    let people = town();
    let orders = shop(&people);
    let as_of = 260;
    let all = known(&people, as_of);
    let median = |gaps: &[u32]| {
        let mut gaps = gaps.to_vec();
        gaps.sort_unstable();
        let n = gaps.len();
        f64::from(gaps[(n - 1) / 2] + gaps[n / 2]) / 2.0
    };
    let pool: Vec<u32> = all.iter().flat_map(|one| one.gaps.clone()).collect();
    // The least half hour w with Σ min(gap, w) ≥ ½ Σ gap.
    let total: f64 = pool.iter().map(|gap| f64::from(*gap)).sum();
    let wait = (0..)
        .map(|k| f64::from(k) / 1000.0)
        .find(|w| pool.iter().map(|gap| f64::from(*gap).min(*w)).sum::<f64>() >= total / 2.0)
        .expect("a wait");
    let mut moved = 0;
    for rule in [
        "mean",
        "median",
        "last_gap",
        "fixed",
        "late_mean",
        "same_day",
    ] {
        let table = run("cycle", &orders, as_of, &plain(json!({"method": rule})));
        let found = offsets(&table, "predicted_date");
        for (i, one) in all.iter().enumerate() {
            let n = one.gaps.len() as f64;
            let mean = f64::from(one.gaps.iter().sum::<u32>()) / n;
            let days = match (rule, one.gaps.last()) {
                ("same_day", _) => f64::from(one.open) + wait,
                ("fixed", _) | (_, None) => median(&pool),
                ("mean", _) => mean,
                ("late_mean", _) => 1.5 * mean,
                ("last_gap", Some(last)) => f64::from(*last),
                _ => median(&one.gaps),
            };
            let days = days.round() as i32;
            moved += i32::from(days <= one.open as i32);
            let expected = one.last() + days.max(one.open as i32 + 1);
            assert_eq!(found[i], Some(expected), "{rule} {}", one.id);
        }
        for name in ["date_p10", "date_p80", "date_p90"] {
            assert!(numbers(&table, name).iter().all(Option::is_none), "{name}");
        }
        for name in [
            "probability_within",
            "probability_alive",
            "overdue_probability",
        ] {
            assert!(reals(&table, name).iter().all(Option::is_none), "{name}");
        }
        assert!(words(&table, "level").iter().all(Option::is_none));
        assert_eq!(offsets(&table, "last_date")[0], Some(all[0].last()));
    }
    assert!(moved > 20, "dates of the past become tomorrow: {moved}");
    // Without a gap in the shop there is no rule.
    let first = run("cycle", &orders, -2_000, &plain(json!({"method": "mean"})));
    assert_eq!(numbers(&first, "predicted_date"), [None]);
}

/// A date beyond the year 9999 is null, one before it is not.
#[test]
fn the_last_day_of_all_is_the_last_date() {
    let end: Day = "9999-12-31".parse().expect("a day");
    let last = end.0 - day(0).0 - 30;
    let people = vec![(
        "a".to_owned(),
        vec![(last - 60, 100), (last - 20, 100), (last, 100)],
    )];
    let orders = shop(&people);
    for (as_of, rule, expected) in [
        (last, "fixed", Some(last + 30)),
        (last, "last_gap", Some(last + 20)),
        (last + 29, "fixed", Some(last + 30)),
        (last + 30, "fixed", None),
        (last, "late_mean", None),
    ] {
        let table = run("cycle", &orders, as_of, &plain(json!({"method": rule})));
        assert_eq!(
            offsets(&table, "predicted_date"),
            [expected],
            "{as_of} {rule}"
        );
    }
}

/// Horizons are whole days from 1 to 36,525; parts of days count as days.
#[test]
fn horizons_have_limits() {
    let orders = shop(&town());
    let refused = |name: &str, options: &Value| {
        try_run(name, &orders, 400, options)
            .expect_err("refused")
            .to_string()
    };
    for (name, option) in [
        ("cycle", "within"),
        ("cycle", "return_within"),
        ("likely_buyers", "within"),
        ("threshold_sweep", "margin"),
        ("threshold_sweep", "follow"),
    ] {
        for bad in ["0d", "36526d", "1200000h"] {
            let said = refused(name, &plain(json!({option: bad})));
            assert!(
                said.contains(option) && said.contains("1 to 36,525 days"),
                "{said}"
            );
        }
        if option != "follow" {
            for good in ["1h", "36525d"] {
                run(name, &orders, 400, &plain(json!({option: good})));
            }
        }
    }
    let both = refused(
        "cycle",
        &plain(json!({"return_within": "30d", "method": "mean"})),
    );
    assert!(
        both.contains("return_within")
            && both.contains("a rule of thumb has a date and no distribution"),
        "{both}"
    );
}

/// A document of `learn` is used as it is, and stands alone.
#[test]
fn a_document_predicts_what_its_shop_predicted() {
    let people = town();
    let orders = shop(&people);
    let document =
        run("learn", &orders, 400, &json!({"seasonality": "none"})).notes()["learned"].clone();
    let fitted = run("cycle", &orders, 400, &plain(json!({})));
    let given = run("cycle", &orders, 400, &json!({"learned": document}));
    assert_eq!(given.columns().len(), fitted.columns().len());
    for column in fitted.columns() {
        let same = given.column(column.name()).expect("the same columns");
        for row in 0..fitted.len() {
            assert!(
                same.cell(row) == column.cell(row),
                "{} {row}",
                column.name()
            );
        }
    }
    for (more, what) in [
        (json!({"per": "ordered_at"}), "per"),
        (json!({"seasonality": "none"}), "seasonality"),
    ] {
        let mut options = json!({"learned": document});
        options
            .as_object_mut()
            .expect("options")
            .extend(more.as_object().expect("options").clone());
        for name in ["cycle", "alerts", "likely_buyers"] {
            try_run(name, &orders, 400, &options).expect_err(what);
        }
    }
}
