use super::*;
use crm_core::cycle::expected::expected_orders;
use crm_core::cycle::predict::{Level, THRESHOLDS, overdue_probability};
use crm_tests::reals;

/// Every column of a standing list: levels and days by a scan of the overdue probability.
#[test]
fn columns_are_found_by_a_scan_of_days() {
    let people = town();
    let orders = shop(&people);
    let as_of = 320;
    let all = known(&people, as_of);
    let (model, histories) = model(&all);
    let names = ["due", "late", "churn_risk", "lost"];
    let mut listed = 0;
    for (asked, churn_days) in [
        (&names[..], None),
        (&["late"][..], None),
        (&["due", "churn_risk"], None),
        (&["due", "lost"], Some(90)),
        (&["churn_risk"], Some(60)),
    ] {
        let mut options = json!({"levels": asked, "seasonality": "none"});
        if let Some(days) = churn_days {
            options["lost_by_churn_days"] = json!(true);
            options["churn_days"] = json!(days);
        }
        let table = run("alerts", &orders, as_of, &options);
        let mut rows = Vec::new();
        let mut lost = 0;
        for (i, one) in all.iter().enumerate() {
            let distribution = model.customer(&histories[i]);
            let reached = |level: usize| {
                (0..40_000_u32).find(|days| {
                    overdue_probability(&distribution, *days) >= THRESHOLDS[level]
                        || churn_days.is_some_and(|churn| *days >= churn)
                })
            };
            let own = Level::of(overdue_probability(&distribution, one.open)) as usize;
            let actual = if churn_days.is_some_and(|churn| one.open >= churn) {
                4
            } else {
                own
            };
            lost += i64::from(actual == 4);
            let level = match actual {
                4 => asked.contains(&"lost").then_some(4),
                _ => (1..=actual)
                    .rev()
                    .find(|level| asked.contains(&names[level - 1])),
            };
            let Some(level) = level else { continue };
            // The next level, or lost if that comes no later.
            let next = (actual < 4).then(|| {
                let (step, gone) = (reached(actual).expect("a day"), reached(3).expect("a day"));
                if gone <= step {
                    (4, gone)
                } else {
                    (actual + 1, step)
                }
            });
            let worth =
                (expected_orders(&distribution, one.open, 180) * one.per_day()).round() as i64;
            rows.push((
                one,
                level,
                reached(level - 1).expect("a day"),
                next,
                worth,
                overdue_probability(&distribution, one.open),
                i,
            ));
        }
        listed += rows.len();
        assert_eq!(
            ids(&table),
            rows.iter().map(|row| row.0.id.clone()).collect::<Vec<_>>(),
            "{asked:?} {churn_days:?}"
        );
        let note = (!asked.contains(&"lost")).then(|| json!(lost));
        assert_eq!(table.notes().get("lost_left_out").cloned(), note);
        let [change, level, next, code] =
            ["change", "level", "next_level", "reason_code"].map(|name| words(&table, name));
        let [reached, last, then] =
            ["reached_on", "last_date", "next_level_date"].map(|name| offsets(&table, name));
        let [silent, usual, worth, rank] = [
            "silent_days",
            "usual_gap_days",
            "expected_revenue",
            "priority",
        ]
        .map(|name| numbers(&table, name));
        let overdue = reals(&table, "overdue_probability");
        let word = |level: usize| Some(names[level - 1].to_owned());
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|i| (-rows[*i].4, *i));
        for (at, (one, own, on, later, money, over, i)) in rows.iter().enumerate() {
            assert_eq!(change[at].as_deref(), Some("reached"));
            assert_eq!(level[at], word(*own), "{}", one.id);
            assert_eq!(reached[at], Some(one.last() + *on as i32), "{}", one.id);
            assert_eq!(last[at], Some(one.last()));
            assert_eq!(silent[at], Some(i64::from(one.open)));
            let mean = match one.gaps.len() {
                0 => model.params().typical_gap.get(),
                n => f64::from(one.gaps.iter().sum::<u32>()) / n as f64,
            };
            assert_eq!(usual[at], Some(mean.round() as i64));
            assert_eq!(worth[at], Some(*money));
            assert_eq!(overdue[at], Some(*over));
            assert_eq!(
                next[at],
                later.and_then(|(level, _)| word(level)),
                "{}",
                one.id
            );
            assert_eq!(
                then[at],
                later.map(|(_, days)| one.last() + days as i32),
                "{}",
                one.id
            );
            let own_cycle = histories[*i].gaps >= 3;
            assert_eq!(
                code[at].as_deref(),
                Some(if own_cycle { "own_cycle" } else { "shop_cycle" })
            );
            let place = order.iter().position(|row| *row == at).expect("a place");
            assert_eq!(rank[at], Some(place as i64 + 1));
        }
    }
    assert!(listed > 30, "{listed}");
}

/// What a customer returns from is listed once, and `since` lies before the date.
#[test]
fn since_is_a_day_before() {
    let orders = shop(&town());
    for since in [320, 321] {
        let said = try_run("alerts", &orders, 320, &json!({"since": day(since)}))
            .expect_err("refused")
            .to_string();
        assert!(
            said.contains("since") && said.contains(&format!("a day before as_of ({})", day(320))),
            "{said}"
        );
    }
    let said = try_run("alerts", &orders, 320, &json!({"levels": []}))
        .expect_err("refused")
        .to_string();
    assert!(
        said.contains("at least one of due, late, churn_risk, lost"),
        "{said}"
    );
    // Before the first order nothing was known: all are new.
    let levels = json!(["due", "late", "churn_risk", "lost"]);
    let all = run("alerts", &orders, 320, &json!({"levels": levels}));
    let new = run(
        "alerts",
        &orders,
        320,
        &json!({"levels": levels, "since": day(-2_400)}),
    );
    assert_eq!(ids(&new), ids(&all));
}
