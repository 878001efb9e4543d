//! The threshold sweep.

use super::*;

/// One pass over all thresholds gives what a request for each gives, and what the analyses of that
/// day give.
#[test]
fn a_sweep_is_its_separate_runs() {
    let shop = shop(150, 0, 0);
    let orders = orders(&shop);
    let (days, levels) = ([30, 60, 90, 200], [0.5, 0.8, 0.95]);
    let request = json!({"as_of": as_of(), "follow": 100, "days": days, "levels": levels});
    let sweep = run("threshold_sweep", &orders, &request);
    assert_eq!(sweep.len(), 7);
    for row in 0..7 {
        let mut alone = request.clone();
        alone["days"] = json!(days.get(row).into_iter().collect::<Vec<_>>());
        alone["levels"] = json!(
            row.checked_sub(4)
                .map(|l| levels[l])
                .into_iter()
                .collect::<Vec<_>>()
        );
        let alone = run("threshold_sweep", &orders, &alone);
        assert_eq!(alone.len(), 1);
        for column in sweep.columns() {
            let own = alone
                .column(column.name())
                .expect("the same columns")
                .cell(0);
            assert_eq!(format!("{:?}", column.cell(row)), format!("{own:?}"));
        }
    }
    let mut intervals = 0;
    for row in 0..7 {
        let told = |name: &str| float(&sweep, name, row);
        let count = |name: &str| told(name).expect("a number");
        let others = count("customers") - count("flagged");
        for (name, of) in [
            ("returned_rate", count("flagged")),
            ("others_returned_rate", others),
            ("near_rate", count("customers")),
            ("near_returned_rate", count("near")),
        ] {
            let ends = ["low", "high"].map(|end| told(&format!("{name}_{end}")));
            let Some(share) = told(name) else {
                assert_eq!((of, ends), (0.0, [None; 2]));
                continue;
            };
            // The ends are the p that are 1.96 of their own standard errors away (Wilson 1927).
            for (end, side) in ends.into_iter().zip([1.0, -1.0]) {
                let end = end.expect("an end");
                let off = side * (share - end);
                let error = (end * (1.0 - end) / of).sqrt();
                assert!(
                    (off - 1.959_963_984_540_054 * error).abs() < 1e-9,
                    "{name} {end}"
                );
                intervals += 1;
            }
        }
    }
    assert!(intervals > 45);
    let origin = AS_OF - 100;
    let on = Day(start().0 + origin);
    let known: Vec<_> = shop
        .iter()
        .map(|days| split(days, origin, AS_OF))
        .filter(|(seen, _)| !seen.is_empty())
        .collect();
    for (row, churn_days) in days.into_iter().enumerate() {
        let cpm = run(
            "cpm",
            &orders,
            &json!({"as_of": on, "churn_days": churn_days}),
        );
        let churned: Vec<bool> = (0..cpm.len())
            .map(|i| text(&cpm, "state", i) == "churned")
            .collect();
        let flagged = churned.iter().filter(|c| **c).count();
        assert_eq!(float(&sweep, "flagged", row), Some(flagged as f64));
        let back = |of: bool| {
            let them = known.iter().zip(&churned).filter(|(_, c)| **c == of);
            them.filter(|((_, next), _)| next.is_some()).count() as f64
        };
        assert_eq!(float(&sweep, "returned", row), Some(back(true)));
        let rate = |column: &str, part: f64, whole: usize| {
            assert_eq!(
                float(&sweep, column, row),
                Some(part / whole as f64),
                "{column}"
            );
        };
        rate("returned_rate", back(true), flagged);
        rate("others_returned_rate", back(false), known.len() - flagged);
        // Near: churned in a week and not a week ago.
        let near = |(seen, _): &&(Vec<i32>, Option<i32>)| {
            let e = origin - seen[seen.len() - 1];
            e + 7 >= churn_days && e - 7 < churn_days
        };
        let near: Vec<_> = known.iter().filter(near).collect();
        let count = near.len() as f64;
        assert_eq!(float(&sweep, "near", row), Some(count), "{churn_days}");
        rate("near_rate", count, known.len());
        let back = near.iter().filter(|(_, next)| next.is_some()).count() as f64;
        rate("near_returned_rate", back, near.len());
    }
    let cycle = run("cycle", &orders, &json!({"as_of": on}));
    for (row, level) in levels.into_iter().enumerate() {
        let overdue =
            (0..cycle.len()).map(|i| float(&cycle, "overdue_probability", i).expect("a number"));
        let flagged = overdue.filter(|overdue| *overdue >= level).count();
        assert_eq!(float(&sweep, "flagged", 4 + row), Some(flagged as f64));
    }
}
