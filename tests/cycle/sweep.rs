use super::*;
use crm_core::cycle::predict::overdue_probability;

/// Flags by levels a margin earlier and later, counted one by one.
#[test]
fn levels_flag_who_is_over_them() {
    let people = town();
    let orders = shop(&people);
    let (as_of, follow, margin) = (300, 40, 5);
    let levels = [0.0, 0.3, 0.5, 0.8, 0.9, 0.99, 1.0];
    let options = json!({"levels": levels, "days": [], "follow": "40d", "margin": "5d", "seasonality": "none"});
    let table = run("threshold_sweep", &orders, as_of, &options);
    let then = known(&people, as_of - follow);
    let now = known(&people, as_of);
    let (model, histories) = model(&then);
    let back: Vec<bool> = then
        .iter()
        .map(|one| {
            now.iter()
                .any(|later| later.id == one.id && later.gaps.len() > one.gaps.len())
        })
        .collect();
    assert!(back.iter().any(|back| *back));
    for (row, level) in levels.into_iter().enumerate() {
        let over = |i: usize, open: u32| {
            overdue_probability(&model.customer(&histories[i]), open) >= level
        };
        let flagged: Vec<bool> = (0..then.len()).map(|i| over(i, then[i].open)).collect();
        let near: Vec<bool> = (0..then.len())
            .map(|i| over(i, then[i].open.saturating_sub(margin)) != over(i, then[i].open + margin))
            .collect();
        let count = |of: &[bool]| of.iter().filter(|flag| **flag).count() as i64;
        let both: Vec<bool> = flagged.iter().zip(&back).map(|(a, b)| *a && *b).collect();
        let cell = |name: &str| numbers(&table, name)[row];
        assert_eq!(cell("customers"), Some(then.len() as i64));
        assert_eq!(cell("flagged"), Some(count(&flagged)), "{level}");
        assert_eq!(cell("returned"), Some(count(&both)), "{level}");
        assert_eq!(cell("near"), Some(count(&near)), "{level}");
        assert_eq!(offsets(&table, "origin")[row], Some(as_of - follow));
        assert_eq!(
            words(&table, "rule")[row].as_deref(),
            Some("overdue_probability")
        );
    }
}

/// A shop without a repeat customer has days and no levels; one without orders has no rows.
#[test]
fn a_shop_of_single_orders_has_days_only() {
    let people: Vec<Person> = (0..6)
        .map(|k| (format!("c{k}"), vec![(10 * k, 100)]))
        .collect();
    let orders = shop(&people);
    let options = json!({"levels": [0.5], "days": [20, 31], "follow": "10d", "margin": "1d"});
    let table = run("threshold_sweep", &orders, 61, &options);
    // On day 51 the customers are silent for 51, 41, 31, 21, 11 and 1 days.
    assert_eq!(numbers(&table, "customers"), [Some(6); 3]);
    assert_eq!(numbers(&table, "flagged"), [Some(4), Some(3), None]);
    assert_eq!(numbers(&table, "returned"), [Some(0), Some(0), None]);
    assert_eq!(numbers(&table, "near"), [Some(0), Some(1), None]);
    let empty = run("threshold_sweep", &orders, -1, &options);
    assert_eq!(empty.len(), 0);
}

#[test]
fn thresholds_have_limits() {
    let orders = shop(&town());
    let refused = |options: Value| {
        try_run("threshold_sweep", &orders, 300, &options)
            .expect_err("refused")
            .to_string()
    };
    for level in [-0.001, 1.001] {
        let said = refused(json!({"levels": [0.5, level]}));
        assert!(said.contains("levels") && said.contains("0 to 1"), "{said}");
    }
    let many = vec![30; 600];
    let said = refused(json!({"days": many, "levels": vec![0.5; 401]}));
    assert!(said.contains("at most 1,000 thresholds"), "{said}");
    let table = run(
        "threshold_sweep",
        &orders,
        300,
        &json!({"days": many, "levels": vec![0.5; 400]}),
    );
    assert_eq!(table.len(), 1_000);
}
