//! Purchase counts, repeat rates, lead times, flows.

use crate::shop::*;

#[test]
fn purchase_counts() {
    for (with_lines, by_day) in [(false, false), (false, true), (true, false)] {
        let lines = lines(with_lines, 1);
        let request = match by_day {
            true => r#", "occasion": "day", "up_to": 9"#,
            false => r#", "up_to": 9"#,
        };
        let table = run("purchase_counts", &orders(&lines, with_lines), request);
        let customers = since(histories(&lines, |_| true), |_| true);
        let customers: Vec<_> = customers
            .iter()
            .map(|h| purchases(h, by_day, true))
            .collect();
        let ks = 0..table.len();
        assert_eq!(ks.len(), 9);
        let with = |k: usize| customers.iter().filter(move |p| p.len() > k);
        let exactly = |k: usize| customers.iter().filter(move |p| p.len() == k + 1);
        let silent = |p: &Vec<(i32, i64)>| AS_OF - p.last().unwrap().0;
        let count = |n: usize| n as f64;
        agree(
            &table,
            "reach",
            &some(ks.clone().map(|k| count(with(k).count()))),
        );
        agree(
            &table,
            "continued",
            &some(ks.clone().map(|k| count(with(k + 1).count()))),
        );
        let churned = |k| exactly(k).filter(|p| silent(p) >= 180).count();
        agree(
            &table,
            "churned",
            &some(ks.clone().map(|k| count(churned(k)))),
        );
        agree(
            &table,
            "pending",
            &some(ks.clone().map(|k| count(exactly(k).count() - churned(k)))),
        );
        let revenue = |k: usize| with(k).map(|p| p[k].1).sum::<i64>() as f64 / 100.0;
        let mean = |k| revenue(k) / count(with(k).count());
        agree(&table, "mean_order_value", &some(ks.clone().map(mean)));
        let ltv = |k| (0..=k).map(revenue).sum::<f64>() / count(customers.len());
        agree(&table, "cumulative_ltv", &some(ks.clone().map(ltv)));
        let gaps = |k: usize| median(with(k + 1).map(|p| p[k + 1].0 - p[k].0).collect());
        agree(
            &table,
            "median_days",
            &ks.clone().map(gaps).collect::<Vec<_>>(),
        );
        let km = |k: usize| {
            let waits = waits(&customers, k);
            (0..=700).find(|t| kaplan_meier(&waits, *t).is_some_and(|f| f >= 0.5 - 1e-12))
        };
        let km = ks.map(|k| km(k).map(f64::from));
        agree(&table, "km_median_days", &km.collect::<Vec<_>>());
    }
}

/// Waits from the k-th purchase (counted from 0) to the next or to the date.
fn waits(customers: &[Vec<(i32, i64)>], k: usize) -> Vec<(i32, bool)> {
    let wait = |p: &Vec<(i32, i64)>| match p.get(k + 1) {
        Some(next) => (next.0 - p[k].0, true),
        None => (AS_OF - p[k].0, false),
    };
    customers.iter().filter(|p| p.len() > k).map(wait).collect()
}

#[test]
fn repeat_rates_by_three_estimators() {
    let lines = lines(false, 2);
    let orders = orders(&lines, false);
    let customers = since(histories(&lines, |_| true), |_| true);
    let customers: Vec<_> = customers.iter().map(|h| purchases(h, true, true)).collect();
    for k in 0..3 {
        let waits = waits(&customers, k);
        for within in [1, 30, 90, 365] {
            let request = |method: &str| {
                format!(
                    r#", "to": {}, "within": {within}, "method": "{method}""#,
                    k + 2
                )
            };
            let km = run("repeat_rate", &orders, &request("kaplan_meier"));
            agree(&km, "repeat_rate", &[kaplan_meier(&waits, within)]);
            let ratio = format!(r#", "to": {}, "method": "ratio""#, k + 2);
            let ratio = run("repeat_rate", &orders, &ratio);
            let share = |part: usize, all: usize| Some(part as f64 / all as f64);
            let continued = waits.iter().filter(|w| w.1).count();
            agree(&ratio, "repeat_rate", &[share(continued, waits.len())]);
            let matured = run("repeat_rate", &orders, &request("matured"));
            let old = customers
                .iter()
                .filter(|p| p.len() > k && AS_OF - p[k].0 >= within);
            let did = |p: &&Vec<(i32, i64)>| p.get(k + 1).is_some_and(|n| n.0 - p[k].0 <= within);
            let did = old.clone().filter(did).count();
            agree(&matured, "repeated", &[Some(did as f64)]);
            agree(&matured, "repeat_rate", &[share(did, old.count())]);
        }
        let in_window = |p: &&Vec<(i32, i64)>| {
            p.len() > k && p[k].0 - p[0].0 <= 60 && AS_OF - p[0].0 >= 60 + 45
        };
        let cohort: Vec<_> = customers.iter().filter(in_window).cloned().collect();
        let request = format!(r#", "to": {}, "within": 45, "cohort_window": "60d""#, k + 2);
        let table = run("repeat_rate", &orders, &request);
        agree(&table, "customers", &[Some(cohort.len() as f64)]);
        agree(
            &table,
            "repeat_rate",
            &[kaplan_meier(&self::waits(&cohort, k), 45)],
        );
    }
}

#[test]
fn lead_times() {
    let lines = lines(false, 3);
    let table = run("lead_times", &orders(&lines, false), r#", "to": 3"#);
    let customers = since(histories(&lines, |_| true), |_| true);
    let customers: Vec<_> = customers.iter().map(|h| purchases(h, true, true)).collect();
    let waits = waits(&customers, 1);
    let longest = waits.iter().filter(|w| w.1).map(|w| w.0).max().unwrap();
    let steps = 0..longest / 30 + 1;
    let ended = |s: i32| waits.iter().filter(|w| w.1 && w.0 / 30 == s).count() as f64;
    agree(&table, "customers", &some(steps.clone().map(ended)));
    let all: f64 = steps.clone().map(ended).sum();
    agree(
        &table,
        "share",
        &some(steps.clone().map(|s| ended(s) / all)),
    );
    let rates: Vec<_> = steps.map(|s| kaplan_meier(&waits, s * 30 + 29)).collect();
    agree(&table, "cumulative_rate", &rates);
}

#[test]
fn flow_of_subscriptions_by_channel() {
    let lines = lines(false, 7);
    let orders = orders(&lines, false);
    let request = r#", "of": "channel", "top": 2, "up_to": 4, "kinds": ["sub_renewal"]"#;
    let table = run("purchase_flow", &orders, request);
    let customers = since(histories(&lines, |o| o.renewal), |_| true);
    let customers: Vec<Vec<Order>> = customers
        .into_iter()
        .map(|h| h.into_iter().filter(|o| !o.refund).collect())
        .collect();
    let bought = |c: usize| {
        let first_four = customers.iter().flat_map(|h| h.iter().take(4));
        first_four.filter(|o| o.channel == c).count()
    };
    let mut top = [0, 1, 2, 3];
    top.sort_by_key(|c| (std::cmp::Reverse(bought(*c)), *c));
    let name = |c: usize| match top[..2].contains(&c) {
        true => CHANNELS[c].to_owned(),
        false => "(other)".to_owned(),
    };
    let (ks, sources, targets) = (
        numbers(&table, "k"),
        texts(&table, "source"),
        texts(&table, "target"),
    );
    let (counts, all) = (
        numbers(&table, "customers"),
        numbers(&table, "source_customers"),
    );
    let mut seen = 0.0;
    for row in 0..table.len() {
        let k = ks[row].unwrap() as usize;
        let at = |h: &&Vec<Order>| h.len() >= k && name(h[k - 1].channel) == sources[row];
        let from: Vec<_> = customers.iter().filter(at).collect();
        let to = |h: &&&Vec<Order>| match h.get(k) {
            Some(next) => name(next.channel) == targets[row],
            None if AS_OF - h[k - 1].day >= 180 => targets[row] == "(churned)",
            None => targets[row] == "(pending)",
        };
        assert_eq!(all[row], Some(from.len() as f64), "row {row}");
        assert_eq!(
            counts[row],
            Some(from.iter().filter(to).count() as f64),
            "row {row}"
        );
        seen += counts[row].unwrap();
    }
    // Nobody is left out: each of the first three purchases has one link.
    let expected: usize = customers.iter().map(|h| h.len().min(3)).sum();
    assert_eq!(seen, expected as f64);
}
