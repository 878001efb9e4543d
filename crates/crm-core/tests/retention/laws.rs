//! What holds for every shop.

use crate::shop::*;
use crm_core::Table;

/// `customers` chooses rows: the counts are those of the chosen alone.
#[test]
fn chosen_customers_are_the_only_ones_counted() {
    let lines = lines(false, 9);
    let chosen: Vec<Line> = lines.iter().filter(|l| l.customer < 100).cloned().collect();
    let (all, few) = (orders(&lines, false), orders(&chosen, false));
    let filter = r#", "customers": {"customer_id": {"to": 99}}"#;
    for (name, options) in [
        ("purchase_counts", ""),
        ("repeat_rate", ""),
        ("lead_times", ""),
        ("lead_time_quantiles", ""),
        ("cohorts", r#", "rows": "channel""#),
        ("purchase_flow", ""),
        ("first_product", ""),
        ("acquisition", r#", "costs": {"ads": 100}"#),
    ] {
        let a = run(name, &all, &format!("{options}{filter}"));
        let b = run(name, &few, options);
        assert!(!b.is_empty(), "{name}");
        for column in b.columns() {
            let other = a.column(column.name()).unwrap();
            assert!(
                (0..b.len()).all(|row| column.cell(row) == other.cell(row)),
                "{name}"
            );
        }
        assert_eq!(a.len(), b.len(), "{name}");
    }
}

/// What any shop's tables must satisfy, whatever its rows.
#[test]
fn what_adds_up_adds_up() {
    let seeds = match std::env::var("CRM_SEED") {
        Ok(seed) => vec![seed.parse().expect("CRM_SEED: a whole number")],
        Err(_) => Vec::from_iter(10..20),
    };
    for seed in seeds {
        // Shown where the test fails.
        println!("CRM_SEED={seed}");
        let with_lines = seed % 2 == 0;
        let mut lines = lines(with_lines, seed);
        let shop = orders(&lines, with_lines);
        let sum = |table: &Table, name: &str| numbers(table, name).iter().flatten().sum::<f64>();
        let counts = run("purchase_counts", &shop, r#", "up_to": 1000"#);
        let column = |name| numbers(&counts, name);
        let (reach, continued) = (column("reach"), column("continued"));
        let (churned, pending) = (column("churned"), column("pending"));
        for k in 0..counts.len() {
            let parts = [continued[k], churned[k], pending[k]];
            assert_eq!(reach[k], Some(parts.iter().flatten().sum()), "k {}", k + 1);
            assert_eq!(
                continued[k],
                Some(reach.get(k + 1).copied().flatten().unwrap_or(0.0))
            );
        }
        // Everybody stops somewhere, begins in one month, and comes by one channel.
        let everybody = reach[0].unwrap();
        assert_eq!(sum(&counts, "churned") + sum(&counts, "pending"), everybody);
        let months = run("cohorts", &shop, r#", "up_to": 0, "cells": "members""#);
        assert_eq!(sum(&months, "customers"), everybody);
        let channels = run("acquisition", &shop, "");
        assert_eq!(sum(&channels, "customers"), everybody);
        let products = run("first_product", &shop, "");
        assert_eq!(sum(&products, "revenue"), sum(&channels, "revenue"));
        // Where everybody has been watched, the mean cumulative function is the plain mean.
        let options = r#", "rows": "month", "cells": "mean_cumulative""#;
        let means = run("cohorts", &shop, options);
        let plain = run("cohorts", &shop, r#", "cells": "members""#);
        let whole = numbers(&means, "customers") == numbers(&plain, "customers");
        assert!(whole && means.len() > 100);
        let column = |table, name| numbers(table, name).into_iter().map(Option::unwrap);
        let all = column(&means, "cohort_customers").zip(column(&means, "customers"));
        let ltv = column(&means, "cumulative_ltv").zip(column(&plain, "cumulative_ltv"));
        for (_, (a, b)) in all.zip(ltv).filter(|((all, watched), _)| all == watched) {
            assert!((a - b).abs() <= 1e-12 * b.abs(), "{a} is not {b}");
        }
        // The order of rows does not matter.
        lines.reverse();
        let again = orders(&lines, with_lines);
        for (name, options) in [
            ("purchase_counts", r#", "up_to": 1000"#),
            ("cohorts", r#", "rows": "product""#),
            ("purchase_flow", ""),
            ("first_product", ""),
            ("acquisition", ""),
        ] {
            assert_eq!(
                run(name, &shop, options),
                run(name, &again, options),
                "{name}"
            );
        }
    }
}
