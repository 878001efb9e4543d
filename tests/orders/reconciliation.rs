//! Which orders count: every status, kind and class of orders under several policies, by the rule
//! in words.

use super::{build, reconciled, run};
use crm_core::scope::{Filter, Policy};
use crm_core::words::{KindWord, StatusWord};
use crm_core::{Context, Orders};
use crm_tests::{batch, ints, numbers, texts, times, words};
use std::collections::{BTreeMap, BTreeSet};

/// Amount, discount and refund of an order, a gift, a refunded order and a refund.
const CLASSES: [(&str, [i64; 3]); 4] = [
    ("order", [100, 0, 0]),
    ("zero_value", [30, 30, 0]),
    ("full_refund", [50, 0, 50]),
    ("refund", [-7, 0, 0]),
];

/// An order of each status, kind and class, 160 orders, of the customers of this name.
fn shop(
    customer: fn(StatusWord, KindWord) -> String,
) -> (Orders, Vec<(StatusWord, KindWord, usize)>) {
    let mut all = Vec::new();
    for status in StatusWord::ALL {
        for kind in KindWord::ALL {
            all.extend((0..CLASSES.len()).map(|class| (*status, *kind, class)));
        }
    }
    let money = |at: usize| ints(&all.iter().map(|o| CLASSES[o.2].1[at]).collect::<Vec<_>>());
    let names: Vec<String> = all.iter().map(|o| customer(o.0, o.1)).collect();
    let statuses: Vec<&str> = all.iter().map(|o| o.0.code()).collect();
    let kinds: Vec<&str> = all.iter().map(|o| o.1.code()).collect();
    let columns = [
        ("customer_id", texts(&names)),
        ("ordered_at", times(&vec!["2025-01-01"; all.len()])),
        ("amount", money(0)),
        ("discount", money(1)),
        ("refunded", money(2)),
        ("status", texts(&statuses)),
        ("kind", texts(&kinds)),
    ];
    let spec = r#"{"currency": "JPY", "discount": "discount", "refunded": "refunded",
        "status": "status", "kind": "kind"}"#;
    (build(spec, &[batch(&columns)]), all)
}

fn by_both(status: StatusWord, kind: KindWord) -> String {
    format!("{}/{}", status.code(), kind.code())
}

/// The default, everything, nothing, and each status and kind alone.
fn policies() -> Vec<Policy> {
    let all = Policy {
        statuses: StatusWord::ALL.to_vec(),
        kinds: KindWord::ALL.to_vec(),
        zero_value: true,
    };
    let mut policies = vec![Policy::default(), all.clone()];
    policies.push(Policy {
        zero_value: false,
        ..all.clone()
    });
    for status in StatusWord::ALL {
        let statuses = vec![*status];
        policies.push(Policy {
            statuses,
            ..all.clone()
        });
    }
    for kind in KindWord::ALL {
        policies.push(Policy {
            kinds: vec![*kind],
            zero_value: false,
            ..Policy::default()
        });
    }
    policies
}

/// Rows, orders, amount and customers of a reason.
type Expected = (i64, i64, i64, BTreeSet<String>);

#[test]
fn each_order_has_the_first_reason_that_holds() {
    let (orders, all) = shop(by_both);
    for policy in policies() {
        // The status is asked first, then the kind, the class.
        let mut expected: BTreeMap<&str, Expected> = BTreeMap::new();
        for (status, kind, class) in &all {
            let (class, [amount, discount, refunded]) = CLASSES[*class];
            let reason = if !policy.statuses.contains(status) {
                status.code()
            } else if !policy.kinds.contains(kind) {
                kind.code()
            } else {
                match class {
                    "order" => "counted",
                    "zero_value" if policy.zero_value => "counted",
                    class => class,
                }
            };
            for reason in [reason, "total"] {
                let line = expected.entry(reason).or_default();
                line.0 += 1;
                line.1 += i64::from(class != "refund");
                line.2 += amount - discount - refunded;
                line.3.insert(by_both(*status, *kind));
            }
        }
        expected.entry("counted").or_default();
        let view = orders.view(
            &Filter::default(),
            Some(policy.clone()),
            &Context::default(),
        );
        let found: BTreeMap<String, _> = reconciled(&view.unwrap())
            .into_iter()
            .map(|(reason, rows, orders, customers, amount)| {
                (reason, (rows, orders, customers, amount))
            })
            .collect();
        let expected: BTreeMap<String, _> = expected
            .into_iter()
            .map(|(reason, (rows, orders, amount, customers))| {
                let customers = customers.len() as i64;
                (reason.to_owned(), (rows, orders, customers, amount))
            })
            .collect();
        assert_eq!(found, expected, "{policy:?}");
    }
}

/// A customer for each kind, so that each has orders of all statuses.
#[test]
fn customers_have_what_the_policy_counts() {
    let (orders, _) = shop(|_, kind| kind.code().to_owned());
    for policy in policies() {
        let request = format!(
            r#"{{"policy": {}}}"#,
            serde_json::to_string(&policy).unwrap()
        );
        let table = run("summary", &orders, &request).unwrap();
        let counted = policy.statuses.len() as i64;
        // Cancelled orders are counted where they do not count; a refund is none.
        let cancelled = match policy.statuses.contains(&StatusWord::Cancelled) {
            true => 0,
            false => 3,
        };
        let bought = counted * (1 + i64::from(policy.zero_value));
        let numbers_of = [bought, counted * (100 - 7), cancelled];
        let mut expected: Vec<_> = (policy.kinds.iter())
            .map(|kind| (Some(kind.code().to_owned()), numbers_of))
            .collect();
        expected.sort();
        let column = |name: &str| numbers(&table, name);
        let columns = ["orders", "revenue", "cancelled_orders"].map(column);
        let found: Vec<_> = words(&table, "customer_id")
            .into_iter()
            .enumerate()
            .map(|(i, id)| {
                (
                    id,
                    columns
                        .each_ref()
                        .map(|column| column[i].expect("a number")),
                )
            })
            .collect();
        assert_eq!(found, expected, "{policy:?}");
    }
}
