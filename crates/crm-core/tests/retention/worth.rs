//! Cohorts, first products, acquisition.

use crate::shop::*;
use crm_core::Day;

/// A customer as cohorts see one: origin, purchases (day), money (day, amount).
struct Member {
    key: i64,
    origin: i32,
    purchases: Vec<i32>,
    money: Vec<(i32, i64)>,
}

fn members(customers: Vec<Vec<Order>>, key: impl Fn(&Order) -> i64) -> Vec<Member> {
    let member = |h: Vec<Order>| Member {
        key: key(&h[0]),
        origin: h[0].day,
        purchases: h.iter().filter(|o| !o.refund).map(|o| o.day).collect(),
        money: h.iter().map(|o| (o.day, o.amount)).collect(),
    };
    customers.into_iter().map(member).collect()
}

fn month_index(day: i32) -> i32 {
    let text = Day(day).to_string();
    text[..4].parse::<i32>().unwrap() * 12 + text[5..7].parse::<i32>().unwrap()
}

fn month_start(day: i32) -> i32 {
    (day - 40..=day)
        .find(|d| month_index(*d) == month_index(day))
        .unwrap()
}

#[test]
fn cohorts_by_month_in_days_and_months() {
    let lines = lines(false, 4);
    let orders = orders(&lines, false);
    let key = |o: &Order| i64::from(month_start(o.day));
    let members = members(since(histories(&lines, |_| true), |_| true), key);
    let mut months: Vec<i64> = members.iter().map(|m| m.key).collect();
    months.sort();
    months.dedup();
    for (request, in_months, complete) in [
        ("", false, true),
        (r#", "cells": "members""#, false, false),
        (r#", "step": "month""#, true, true),
    ] {
        let table = run("cohorts", &orders, request);
        // Elapsed time of a day, and how long one is watched, by brute force.
        let age = |origin: i32, day: i32| match in_months {
            true => month_index(day) - month_index(origin),
            false => day - origin,
        };
        // AS_OF is the last day of a month.
        let watched = |origin: i32| age(origin, AS_OF);
        let (step, last) = if in_months { (1, 24) } else { (30, 720) };
        let mut rows = Vec::new();
        for month in &months {
            let cohort: Vec<&Member> = members.iter().filter(|m| m.key == *month).collect();
            let end = (*month as i32..).find(|d| month_index(d + 1) != month_index(*month as i32));
            for t in (0..=last).step_by(step as usize) {
                let old: Vec<_> = cohort.iter().filter(|m| watched(m.origin) >= t).collect();
                let closed = watched(end.unwrap()) >= t;
                if old.is_empty() || complete && !closed {
                    continue;
                }
                let by_then = |m: &Member, day: i32| age(m.origin, day) <= t;
                let money = |m: &&&Member| {
                    let seen = m.money.iter().filter(|(day, _)| by_then(m, *day));
                    seen.map(|(_, amount)| *amount).sum::<i64>()
                };
                let bought = |m: &&&Member| m.purchases.iter().filter(|d| by_then(m, **d)).count();
                let again = |m: &&&&Member| {
                    let later = |day: &i32| *day > m.origin && by_then(m, *day);
                    m.purchases.iter().any(later)
                };
                let active = |m: &&&&Member| {
                    let in_step = |d: &&i32| {
                        let age = age(m.origin, **d);
                        age <= t && (age > t - step)
                    };
                    m.purchases.iter().any(|d| in_step(&d))
                };
                let n = old.len() as f64;
                let revenue = old.iter().map(money).sum::<i64>() as f64;
                rows.push([
                    *month as f64,
                    f64::from(t),
                    cohort.len() as f64,
                    n,
                    revenue,
                    revenue / 100.0 / n,
                    old.iter().map(&bought).sum::<usize>() as f64,
                    old.iter().filter(again).count() as f64 / n,
                    old.iter().filter(|m| active(m)).count() as f64,
                ]);
            }
        }
        let names = [
            "cohort",
            "elapsed",
            "cohort_customers",
            "customers",
            "revenue",
            "cumulative_ltv",
            "orders",
            "repeat_rate",
            "active",
        ];
        for (i, name) in names.into_iter().enumerate() {
            agree(&table, name, &some(rows.iter().map(|r| r[i])));
        }
    }
}

#[test]
fn cohorts_that_span_periods_use_the_mean_cumulative_function() {
    let lines = lines(false, 5);
    let orders = orders(&lines, false);
    let key = |o: &Order| o.channel as i64;
    let members = members(since(histories(&lines, |_| true), |_| true), key);
    let table = run("cohorts", &orders, r#", "rows": "channel""#);
    let (mut ltv, mut per_customer, mut repeat, mut names) = (vec![], vec![], vec![], vec![]);
    for (channel, name) in CHANNELS.iter().enumerate() {
        let cohort: Vec<_> = members.iter().filter(|m| m.key == channel as i64).collect();
        for t in (0..=720).step_by(30) {
            if !cohort.iter().any(|m| AS_OF - m.origin >= t) {
                continue;
            }
            let (mut money, mut count) = (0.0, 0.0);
            for u in 0..=t {
                let watched = cohort.iter().filter(|m| AS_OF - m.origin >= u).count() as f64;
                let at_u = |m: &&Member, day: i32| day - m.origin == u;
                let revenue = cohort.iter().flat_map(|m| {
                    m.money
                        .iter()
                        .filter(move |(d, _)| at_u(m, *d))
                        .map(|(_, a)| *a)
                });
                money += revenue.sum::<i64>() as f64 / 100.0 / watched;
                let bought = cohort
                    .iter()
                    .flat_map(|m| m.purchases.iter().filter(move |d| at_u(m, **d)));
                count += bought.count() as f64 / watched;
            }
            let waits: Vec<(i32, bool)> = cohort
                .iter()
                .map(|m| match m.purchases.iter().find(|day| **day > m.origin) {
                    Some(second) => (second - m.origin, true),
                    None => (AS_OF - m.origin, false),
                })
                .collect();
            ltv.push(Some(money));
            per_customer.push(Some(count));
            repeat.push(kaplan_meier(&waits, t));
            names.push((*name).to_owned());
        }
    }
    assert_eq!(texts(&table, "cohort"), names);
    agree(&table, "cumulative_ltv", &ltv);
    agree(&table, "orders_per_customer", &per_customer);
    agree(&table, "repeat_rate", &repeat);
}

#[test]
fn first_products_and_other_origins() {
    let lines = lines(true, 6);
    let orders = orders(&lines, true);
    for (request, origin) in [
        ("", None),
        (r#", "origin": {"product": ["p1", "p2"]}"#, Some([1, 2])),
    ] {
        let table = run("first_product", &orders, request);
        let chosen =
            |o: &Order| origin.is_none_or(|origin| o.products.iter().any(|p| origin.contains(p)));
        let key = |o: &Order| o.product as i64;
        let members = members(since(histories(&lines, |_| true), chosen), key);
        let groups: Vec<Vec<&Member>> = (0..7)
            .map(|p| members.iter().filter(|m| m.key == p).collect::<Vec<_>>())
            .filter(|g| !g.is_empty())
            .collect();
        agree(
            &table,
            "customers",
            &some(groups.iter().map(|g| g.len() as f64)),
        );
        let revenue = |g: &Vec<&Member>| {
            g.iter()
                .flat_map(|m| &m.money)
                .map(|(_, amount)| *amount)
                .sum::<i64>() as f64
        };
        agree(&table, "revenue", &some(groups.iter().map(revenue)));
        let ltv_90 = |g: &Vec<&Member>| {
            let mut ltv = 0.0;
            for u in 0..=90 {
                let watched = g.iter().filter(|m| AS_OF - m.origin >= u).count() as f64;
                let money = g
                    .iter()
                    .flat_map(|m| m.money.iter().map(move |(d, a)| (d - m.origin, *a)));
                ltv += money.filter(|(d, _)| *d == u).map(|(_, a)| a).sum::<i64>() as f64 / watched;
            }
            ltv / 100.0
        };
        agree(&table, "ltv_90", &some(groups.iter().map(ltv_90)));
    }
}

#[test]
fn acquisition_by_channel_and_payback() {
    let lines = lines(false, 8);
    let orders = orders(&lines, false);
    let request = r#", "costs": {"ads": 1500.5, "mail": 900}, "margin": 0.4, "acquired_from": "2024-03-01", "acquired_to": "2024-12-31""#;
    let table = run("acquisition", &orders, request);
    let members = members(since(histories(&lines, |_| true), |_| true), |o| {
        o.channel as i64
    });
    let (from, to) = (START + 60, START + 365);
    let group = |c: usize| {
        let of = move |m: &&Member| m.key == c as i64 && (from..=to).contains(&m.origin);
        members.iter().filter(of).collect::<Vec<_>>()
    };
    let groups: Vec<_> = (0..4).map(group).collect();
    let costs = [Some(1500.5), Some(900.0), None, None];
    let n = |g: &Vec<&Member>| g.len() as f64;
    let revenue = |g: &Vec<&Member>| {
        g.iter()
            .flat_map(|m| &m.money)
            .map(|(_, a)| *a)
            .sum::<i64>() as f64
            / 100.0
    };
    let rows = || groups.iter().zip(costs);
    agree(&table, "customers", &some(groups.iter().map(n)));
    agree(
        &table,
        "cac",
        &rows().map(|(g, c)| Some(c? / n(g))).collect::<Vec<_>>(),
    );
    agree(
        &table,
        "roas",
        &rows()
            .map(|(g, c)| Some(revenue(g) / c?))
            .collect::<Vec<_>>(),
    );
    let roi = |(g, c): (&Vec<&Member>, Option<f64>)| Some((revenue(g) * 0.4 - c?) / c?);
    agree(&table, "roi_margin", &rows().map(roi).collect::<Vec<_>>());
    let payback = |(g, c): (&Vec<&Member>, Option<f64>)| {
        let cac = c? / n(g);
        let mut ltv = 0.0;
        (0..=AS_OF - START).find(|u| {
            let watched = g.iter().filter(|m| AS_OF - m.origin >= *u).count() as f64;
            let money = g
                .iter()
                .flat_map(|m| m.money.iter().map(move |(d, a)| (d - m.origin, *a)));
            let at_u = money.filter(|(d, _)| d == u).map(|(_, a)| a).sum::<i64>() as f64;
            ltv += if watched > 0.0 {
                at_u / 100.0 / watched
            } else {
                0.0
            };
            ltv * 0.4 >= cac
        })
    };
    let expected: Vec<_> = rows().map(|row| payback(row).map(f64::from)).collect();
    assert!(expected[0].is_some_and(|day| day > 0.0));
    agree(&table, "payback_day", &expected);
}
