//! Tables of random small shops by looking at every order.

use super::run;
use super::slow::{CUSTOMERS, Order, Scope, book, date, day_of, orders_of, rows, start};
use crm_core::{Context, Day, Orders, Table};
use crm_tests::{numbers, reals, words};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

fn mean(sum: i64, count: usize) -> Option<f64> {
    (count > 0).then(|| sum as f64 / count as f64)
}

/// A random shop and what is to be known of it.
fn cases(count: u64) -> impl Iterator<Item = (u64, Orders, Vec<Order>, Scope)> {
    (0..count).map(|seed| {
        let rows = rows(seed);
        let repeated = ["keep", "drop"][seed as usize % 2];
        (
            seed,
            orders_of(&rows, repeated),
            book(&rows, repeated).0,
            Scope::random(seed),
        )
    })
}

#[test]
fn rows_are_counted_or_left_out_for_the_first_reason() {
    for seed in 0..90 {
        let rows = rows(seed);
        let repeated = ["keep", "drop"][seed as usize % 2];
        let (orders, left_out) = book(&rows, repeated);
        let mut expected: BTreeMap<&str, (i64, i64, BTreeSet<&str>, i64)> = BTreeMap::new();
        expected.entry("counted").or_default();
        expected.entry("total").or_default();
        for one in &orders {
            let reason = if !["completed", "pending"].contains(&one.status) {
                one.status
            } else if one.kind == "sample" {
                one.kind
            } else if ["full_refund", "refund"].contains(&one.what) {
                one.what
            } else if one.customer.is_none() {
                "guest"
            } else {
                "counted"
            };
            for reason in [reason, "total"] {
                let of = expected.entry(reason).or_default();
                of.0 += one.lines.len() as i64;
                of.1 += i64::from(one.what != "refund");
                of.2.extend(one.customer);
                of.3 += one.net;
            }
        }
        for (reason, (count, amount)) in left_out {
            for reason in [reason, "total"] {
                let of = expected.entry(reason).or_default();
                (of.0, of.3) = (of.0 + count, of.3 + amount);
            }
        }
        let table = orders_of(&rows, repeated)
            .reconciliation(&Context::default())
            .expect("a table");
        let column = |name: &str| numbers(&table, name);
        let found: BTreeMap<String, _> = words(&table, "reason")
            .into_iter()
            .enumerate()
            .map(|(row, reason)| {
                (
                    reason.expect("a reason"),
                    ["rows", "orders", "customers", "amount"]
                        .map(|name| column(name)[row].expect("a number")),
                )
            })
            .collect();
        let expected: BTreeMap<String, _> = expected
            .into_iter()
            .map(|(reason, (rows, orders, customers, amount))| {
                (
                    reason.to_owned(),
                    [rows, orders, customers.len() as i64, amount],
                )
            })
            .collect();
        assert_eq!(found, expected, "{seed}");
    }
}

#[test]
fn customers_by_looking_at_every_order() {
    for (seed, shop, book, scope) in cases(120) {
        let chosen = scope.choose(&book);
        let table = run("summary", &shop, &scope.request(json!({}))).expect("a table");
        let customers = scope.customers(&chosen);
        let ids: Vec<_> = customers.iter().map(|one| Some(one.0.to_owned())).collect();
        assert_eq!(words(&table, "customer_id"), ids, "{seed} {scope:?}");
        for (row, (id, mine)) in customers.iter().enumerate() {
            let counted: Vec<&Order> = mine.iter().filter(|one| scope.counts(one)).collect();
            let days: Vec<i64> = counted
                .iter()
                .map(|one| day_of(one.time))
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect();
            let gaps: Vec<i64> = days.windows(2).map(|two| two[1] - two[0]).collect();
            let cancelled = mine
                .iter()
                .filter(|one| {
                    !scope.statuses.contains(&"cancelled") && scope.kinds.contains(&one.kind)
                })
                .filter(|one| one.status == "cancelled" && one.what != "refund")
                .count();
            let revenue = scope.revenue(mine.iter());
            let (n, last) = (counted.len(), days[days.len() - 1]);
            for (name, expected) in [
                ("first_date", Some(start() + days[0])),
                ("last_date", Some(start() + last)),
                ("orders", Some(n as i64)),
                ("purchase_days", Some(days.len() as i64)),
                ("revenue", Some(revenue)),
                ("tenure_days", Some(last - days[0])),
                ("recency_days", Some(scope.as_of - last)),
                ("gap_count", Some(gaps.len() as i64)),
                ("gap_min", gaps.iter().min().copied()),
                ("gap_max", gaps.iter().max().copied()),
                ("cancelled_orders", Some(cancelled as i64)),
            ] {
                assert_eq!(
                    numbers(&table, name)[row],
                    expected,
                    "{seed} {id} {name} {scope:?}"
                );
            }
            let average = mean(gaps.iter().sum(), gaps.len());
            let spread = average.filter(|_| gaps.len() > 1).map(|mean| {
                let squares: f64 = gaps.iter().map(|gap| (*gap as f64 - mean).powi(2)).sum();
                (squares / (gaps.len() - 1) as f64).sqrt()
            });
            let logs = average.map(|_| gaps.iter().map(|gap| (*gap as f64).ln()).sum());
            for (name, expected) in [
                ("mean_order_value", mean(revenue, n)),
                ("gap_mean", average),
                ("gap_sd", spread),
                ("gap_log_sum", logs),
                ("cancel_rate", mean(cancelled as i64, n + cancelled)),
            ] {
                let near = match (reals(&table, name)[row], expected) {
                    (Some(found), Some(expected)) => {
                        (found - expected).abs() <= 1e-9 * (1.0 + expected.abs())
                    }
                    (found, expected) => found == expected,
                };
                assert!(
                    near,
                    "{seed} {id} {name} {expected:?} {:?}",
                    reals(&table, name)[row]
                );
            }
        }
    }
}

/// Purchase days, weeks or months before and after the end of calibration.
#[test]
fn summaries_for_models_by_sets_of_days() {
    let number = |unit: &str, day: i64| {
        let date = Day((start() + day) as i32);
        let month = || {
            date.to_string()[5..7].parse::<i64>().expect("a month")
                + 12 * date.to_string()[..4].parse::<i64>().expect("a year")
        };
        match unit {
            "month" => month(),
            // 1970-01-05 was a Monday.
            "calendar_week" => (start() + day - 4).div_euclid(7),
            _ => day,
        }
    };
    for (seed, shop, book, mut scope) in cases(180) {
        scope.shown = CUSTOMERS.to_vec();
        let unit = ["day", "week", "calendar_week", "month"][seed as usize % 4];
        // Ends of weeks and months where these are the unit.
        let ends = |day: &i64| number(unit, *day) != number(unit, *day + 1);
        let split = [
            None,
            (30..scope.as_of).find(|day| ["day", "week"].contains(&unit) || ends(day)),
            Some(scope.as_of),
        ][seed as usize % 3];
        let mut options = json!({"unit": unit});
        if let Some(end) = split {
            options["calibration_end"] = json!(date(end));
        }
        let end = split.unwrap_or(scope.as_of);
        let chosen = scope.choose(&book);
        let table = run("clv_summary", &shop, &scope.request(options.clone())).expect("a table");
        let per = if unit == "week" { 7.0 } else { 1.0 };
        let mut row = 0;
        for (id, mine) in scope.customers(&chosen) {
            let places = |holdout: bool| -> BTreeSet<i64> {
                let days = mine
                    .iter()
                    .filter(|one| scope.counts(one))
                    .map(|one| day_of(one.time));
                days.filter(|day| (*day > end) == holdout)
                    .map(|day| number(unit, day))
                    .collect()
            };
            let (before, after) = (places(false), places(true));
            let Some(&first) = before.first() else {
                continue;
            };
            let repeats: BTreeSet<i64> = before.iter().skip(1).copied().collect();
            let revenue = |of: &BTreeSet<i64>, holdout: bool| {
                let mine = mine
                    .iter()
                    .filter(|one| (day_of(one.time) > end) == holdout);
                scope.revenue(mine.filter(|one| of.contains(&number(unit, day_of(one.time)))))
            };
            let context = format!("{seed} {id} {options} {scope:?}");
            let last = *before.last().expect("a day");
            assert_eq!(
                words(&table, "customer_id")[row].as_deref(),
                Some(id),
                "{context}"
            );
            assert_eq!(
                numbers(&table, "frequency")[row],
                Some(repeats.len() as i64),
                "{context}"
            );
            let mut expected = vec![
                ("recency", Some((last - first) as f64 / per)),
                ("T", Some((number(unit, end) - first) as f64 / per)),
                (
                    "monetary_value",
                    mean(revenue(&repeats, false), repeats.len()),
                ),
            ];
            if split.is_some() {
                assert_eq!(
                    numbers(&table, "holdout_frequency")[row],
                    Some(after.len() as i64),
                    "{context}"
                );
                expected.push((
                    "holdout_duration",
                    Some((number(unit, scope.as_of) - number(unit, end)) as f64 / per),
                ));
                expected.push((
                    "holdout_monetary_value",
                    mean(revenue(&after, true), after.len()),
                ));
            }
            for (name, value) in expected {
                assert_eq!(reals(&table, name)[row], value, "{name} {context}");
            }
            let list: Vec<i64> = before.into_iter().collect();
            let logs: f64 = list
                .windows(2)
                .map(|two| ((two[1] - two[0]) as f64 / per).ln())
                .sum();
            let found = reals(&table, "ln_gaps")[row];
            assert!(
                found.map_or(repeats.is_empty(), |found| (found - logs).abs() < 1e-12),
                "{context}"
            );
            row += 1;
        }
        assert_eq!(table.len(), row, "{seed} {options} {scope:?}");
    }
}

/// Day and revenue of each purchase; a refund belongs to the purchase before it.
fn purchases(scope: &Scope, mine: &[Order], by_day: bool) -> Vec<(i64, i64)> {
    let mut found: Vec<(i64, i64)> = Vec::new();
    for one in mine {
        let (day, amount) = (day_of(one.time), scope.amount(one));
        let same = by_day && found.last().is_some_and(|last| last.0 == day);
        if scope.counts(one) && !same {
            found.push((day, amount));
        } else if let (Some(last), true) =
            (found.last_mut(), scope.counts(one) || scope.lowers(one))
        {
            last.1 += amount;
        }
    }
    found
}

#[test]
fn purchases_by_their_number() {
    for (seed, shop, book, scope) in cases(120) {
        let chosen = scope.choose(&book);
        let by_day = seed % 2 == 0;
        let churn = [30, 60][seed as usize % 2];
        let options =
            json!({"churn_days": churn, "occasion": if by_day { "day" } else { "order" }});
        let histories: Vec<_> = scope
            .customers(&chosen)
            .iter()
            .map(|(_, mine)| purchases(&scope, mine, by_day))
            .collect();
        let table = run("purchase_counts", &shop, &scope.request(options)).expect("a table");
        let most = histories.iter().map(Vec::len).max().unwrap_or(0);
        let mut cumulative = 0;
        for k in 1..=most {
            let reached: Vec<_> = histories.iter().filter(|mine| mine.len() >= k).collect();
            let silent = reached
                .iter()
                .filter(|mine| mine.len() == k)
                .map(|mine| scope.as_of - mine[k - 1].0);
            let churned = silent.clone().filter(|days| *days >= churn).count() as i64;
            let mut waits: Vec<i64> = reached
                .iter()
                .filter(|mine| mine.len() > k)
                .map(|mine| mine[k].0 - mine[k - 1].0)
                .collect();
            waits.sort_unstable();
            let revenue: i64 = reached.iter().map(|mine| mine[k - 1].1).sum();
            cumulative += revenue;
            let row = k - 1;
            let cell = |name: &str| numbers(&table, name)[row];
            let context = format!("{seed} {k} {scope:?}");
            assert_eq!(cell("k"), Some(k as i64), "{context}");
            assert_eq!(cell("reach"), Some(reached.len() as i64), "{context}");
            assert_eq!(cell("continued"), Some(waits.len() as i64), "{context}");
            assert_eq!(cell("churned"), Some(churned), "{context}");
            assert_eq!(
                cell("pending"),
                Some(silent.count() as i64 - churned),
                "{context}"
            );
            let middle = mean(
                waits
                    .get((waits.len().max(1) - 1) / 2)
                    .map_or(0, |a| a + waits[waits.len() / 2]),
                2,
            );
            for (name, expected) in [
                ("continue_rate", mean(waits.len() as i64, reached.len())),
                ("survival_rate", mean(reached.len() as i64, histories.len())),
                ("mean_order_value", mean(revenue, reached.len())),
                ("cumulative_ltv", mean(cumulative, histories.len())),
                ("median_days", middle.filter(|_| !waits.is_empty())),
            ] {
                assert_eq!(reals(&table, name)[row], expected, "{name} {context}");
            }
        }
        assert_eq!(table.len(), most, "{seed} {scope:?}");
    }
}

/// The next purchase within a time by all three estimators; waits that go on are censored.
#[test]
fn repeats_within_a_time_by_looking_at_every_wait() {
    for (seed, shop, book, scope) in cases(120) {
        let chosen = scope.choose(&book);
        let by_day = seed % 3 > 0;
        let to = 2 + (seed as usize / 3) % 2;
        let within = [5, 10, 30, 90][seed as usize % 4];
        let window = [None, Some(20), Some(60)][seed as usize % 5 % 3];
        let method = ["kaplan_meier", "matured", "ratio"][seed as usize / 4 % 3];
        let mut options =
            json!({"to": to, "method": method, "occasion": if by_day { "day" } else { "order" }});
        if method != "ratio" || window.is_some() {
            options["within"] = json!(format!("{within}d"));
        }
        if let Some(window) = window {
            options["cohort_window"] = json!(format!("{window}d"));
        }
        let mut waits: Vec<(i64, bool)> = Vec::new();
        let mut old: Vec<(i64, bool)> = Vec::new();
        for (_, mine) in scope.customers(&chosen) {
            let days: Vec<i64> = purchases(&scope, &mine, by_day)
                .iter()
                .map(|one| one.0)
                .collect();
            let Some(&from) = days.get(to - 2) else {
                continue;
            };
            let in_time =
                |window: i64| scope.as_of - days[0] >= window + within && from - days[0] <= window;
            if !window.is_none_or(in_time) {
                continue;
            }
            let next = days.get(to - 1);
            let wait = (next.unwrap_or(&scope.as_of) - from, next.is_some());
            waits.push(wait);
            if scope.as_of - from >= within {
                old.push(wait);
            }
        }
        let came = |of: &[(i64, bool)], by: i64| {
            of.iter().filter(|wait| wait.1 && wait.0 <= by).count() as i64
        };
        let (customers, repeated, rate) = match method {
            "ratio" => (
                waits.len(),
                came(&waits, i64::MAX),
                mean(came(&waits, i64::MAX), waits.len()),
            ),
            "matured" => (
                old.len(),
                came(&old, within),
                mean(came(&old, within), old.len()),
            ),
            _ => {
                let mut s = 1.0;
                for t in 0..=within {
                    let at_risk = waits.iter().filter(|wait| wait.0 >= t).count() as f64;
                    let ended = waits.iter().filter(|wait| wait.1 && wait.0 == t).count() as f64;
                    s *= 1.0 - ended / at_risk.max(1.0);
                }
                let seen = waits.iter().any(|wait| wait.0 >= within);
                (waits.len(), came(&waits, within), seen.then_some(1.0 - s))
            }
        };
        let context = format!("{seed} {options} {scope:?}");
        let table = run("repeat_rate", &shop, &scope.request(options)).expect("a table");
        assert_eq!(
            numbers(&table, "customers"),
            [Some(customers as i64)],
            "{context}"
        );
        assert_eq!(numbers(&table, "repeated"), [Some(repeated)], "{context}");
        match (reals(&table, "repeat_rate")[0], rate) {
            (Some(found), Some(rate)) => {
                assert!((found - rate).abs() < 1e-12, "{found} {rate} {context}")
            }
            (found, rate) => assert_eq!(found, rate, "{context}"),
        }
    }
}

/// Scores by counting who is worse; purchases are orders, or days with orders.
#[test]
fn scores_by_counting_the_worse() {
    for (seed, shop, book, mut scope) in cases(90) {
        scope.shown = CUSTOMERS.to_vec();
        let by_day = seed % 2 == 0;
        let chosen = scope.choose(&book);
        let rows: Vec<(&str, [i64; 3])> = scope
            .customers(&chosen)
            .into_iter()
            .map(|(id, mine)| {
                let days: Vec<i64> = mine
                    .iter()
                    .filter(|one| scope.counts(one))
                    .map(|one| day_of(one.time))
                    .collect();
                let last = *days.iter().max().expect("an order");
                let times = if by_day {
                    days.iter().collect::<BTreeSet<_>>().len()
                } else {
                    days.len()
                };
                (
                    id,
                    [scope.as_of - last, times as i64, scope.revenue(mine.iter())],
                )
            })
            .collect();
        let options = json!({"occasion": if by_day { "day" } else { "order" }});
        let table = run("rfm", &shop, &scope.request(options)).expect("a table");
        assert_eq!(
            words(&table, "customer_id"),
            rows.iter()
                .map(|row| Some(row.0.to_owned()))
                .collect::<Vec<_>>()
        );
        for (axis, (score, column)) in [("r", "recency_days"), ("f", "orders"), ("m", "revenue")]
            .into_iter()
            .enumerate()
        {
            let sign = if axis == 0 { -1 } else { 1 };
            let differ = rows.iter().any(|row| row.1[axis] != rows[0].1[axis]);
            for (row, (id, values)) in rows.iter().enumerate() {
                let worse = rows
                    .iter()
                    .filter(|other| sign * other.1[axis] < sign * values[axis])
                    .count();
                let expected = if differ {
                    1 + 5 * worse / rows.len()
                } else {
                    3
                };
                assert_eq!(
                    numbers(&table, column)[row],
                    Some(values[axis]),
                    "{seed} {id} {column} {scope:?}"
                );
                assert_eq!(
                    numbers(&table, score)[row],
                    Some(expected as i64),
                    "{seed} {id} {score}"
                );
            }
        }
    }
}

/// Counts and revenue of a month: orders, new, repeat and guest revenue, guest orders, and three sets of customers.
type Month = ([i64; 5], [BTreeSet<&'static str>; 3]);

#[test]
fn months_by_looking_at_every_order() {
    for (seed, shop, book, scope) in cases(120) {
        let chosen = scope.choose(&book);
        let is_all = scope.shown.len() == 4;
        let mut months: BTreeMap<String, Month> = BTreeMap::new();
        let mut bought: BTreeMap<&str, i64> = BTreeMap::new();
        for one in chosen
            .iter()
            .filter(|one| scope.counts(one) || scope.lowers(one))
        {
            let (counted, amount) = (i64::from(scope.counts(one)), scope.amount(one));
            let mut month = date(day_of(one.time));
            month.replace_range(8.., "01");
            let Some(customer) = one.customer else {
                if is_all {
                    let (sums, _) = months.entry(month).or_default();
                    (sums[0], sums[3], sums[4]) =
                        (sums[0] + counted, sums[3] + amount, sums[4] + counted);
                }
                continue;
            };
            if !scope.shown.contains(&customer) {
                continue;
            }
            let (sums, who) = months.entry(month).or_default();
            let so_far = bought.entry(customer).or_default();
            *so_far += counted;
            sums[0] += counted;
            let side = if *so_far <= 1 { 1 } else { 2 };
            sums[side] += amount;
            if counted > 0 {
                who[0].insert(customer);
                who[side].insert(customer);
            }
        }
        months.retain(|_, (sums, _)| sums[0] != 0 || sums[1] + sums[2] + sums[3] != 0);
        let table: Table = run("monthly", &shop, &scope.request(json!({}))).expect("a table");
        let names: Vec<String> = numbers(&table, "month")
            .into_iter()
            .map(|day| Day(day.expect("a month") as i32).to_string())
            .collect();
        // Quiet months between the first and the last are there.
        let ends = [months.keys().next(), months.keys().next_back()];
        assert_eq!([names.first(), names.last()], ends, "{seed} {scope:?}");
        for (row, name) in names.iter().enumerate() {
            let (sums, who) = months.remove(name).unwrap_or_default();
            for (column, expected) in [
                ("orders", sums[0]),
                ("new_revenue", sums[1]),
                ("repeat_revenue", sums[2]),
                ("guest_revenue", sums[3]),
                ("guest_orders", sums[4]),
                ("revenue", sums[1] + sums[2] + sums[3]),
                ("customers", who[0].len() as i64),
                ("new_customers", who[1].len() as i64),
                ("repeat_customers", who[2].len() as i64),
            ] {
                assert_eq!(
                    numbers(&table, column)[row],
                    Some(expected),
                    "{seed} {name} {column} {scope:?}"
                );
            }
        }
        assert!(months.is_empty(), "{seed} {months:?}");
    }
}
