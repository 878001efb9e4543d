//! Orders that come again: refused, replaced, left out or added; and orders without some people.

use super::parts::{Line, columns, line};
use super::{build, reconciled, rows, run, summary};
use crm_core::data::{Customers, CustomersSpec, OnRepeat, OrdersSpec};
use crm_core::{Context, ErrorCode, Orders};
use crm_tests::{batch, ints, optional_texts, texts, times};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, proptest};
use proptest::prop_oneof;
use std::sync::Arc;

const SPEC: &str = r#"{"currency": "JPY", "order_id": "order_id", "status": "status", "channel": "channel",
    "product": "product", "guests": "keep"}"#;

/// What happens to held orders.
#[derive(Debug, Clone)]
enum Step {
    Append(Vec<Line>, Option<OnRepeat>),
    Forget(usize),
    Save,
}

fn step() -> impl Strategy<Value = Step> {
    let on_repeat = prop_oneof![
        Just(None),
        Just(Some(OnRepeat::Refuse)),
        Just(Some(OnRepeat::Replace)),
        Just(Some(OnRepeat::Replace)),
        Just(Some(OnRepeat::First)),
        Just(Some(OnRepeat::Add)),
    ];
    prop_oneof![
        4 => (vec(line(), 0..5), on_repeat).prop_map(|(lines, how)| Step::Append(lines, how)),
        1 => (0..3_usize).prop_map(Step::Forget),
        1 => Just(Step::Save),
    ]
}

/// The lines that are left, by the words of the documentation; `None`: refused because an order is there already.
fn expected(held: &[Line], more: &[Line], on_repeat: Option<OnRepeat>) -> Option<Vec<Line>> {
    let is_in = |lines: &[Line], line: &Line| lines.iter().any(|other| other.0 == line.0);
    let not_in = |lines: &[Line], other: &[Line]| -> Vec<Line> {
        let rest = lines.iter().filter(|line| !is_in(other, line));
        rest.cloned().collect()
    };
    Some(match on_repeat {
        None | Some(OnRepeat::Refuse) if more.iter().any(|line| is_in(held, line)) => return None,
        None | Some(OnRepeat::Refuse | OnRepeat::Add) => [held, more].concat(),
        Some(OnRepeat::Replace) => [&not_in(held, more), more].concat(),
        Some(OnRepeat::First) => [held, &not_in(more, held)].concat(),
    })
}

proptest! {
    #![proptest_config(crm_tests::random_cases(300))]

    /// Whatever comes in whatever order, is replaced, forgotten or saved between: the orders are those of one import
    /// of the rows that are left.
    #[test]
    fn held_orders_are_those_of_the_rows_that_are_left(first in vec(line(), 0..6), steps in vec(step(), 1..5)) {
        let spec = OrdersSpec::parse(SPEC).unwrap();
        let context = Context::default();
        let read = |lines: &[Line]| Orders::from_batches(&spec, &[columns(lines)], None, &context);
        let Ok(mut held) = read(&first) else { return Ok(()) };
        let mut lines = first;
        for step in &steps {
            match step {
                Step::Append(more, on_repeat) => {
                    let Ok(came) = read(more) else { continue };
                    let left = expected(&lines, more, *on_repeat);
                    match held.append(&came, *on_repeat, &context) {
                        Err(error) => {
                            prop_assert_eq!(error.code(), ErrorCode::Data);
                            // Refused as repeated, or as lines of one order that contradict each other.
                            let repeated = error.to_string().contains("there already");
                            prop_assert!(repeated == left.is_none() && left.is_none_or(|left| read(&left).is_err()), "{}", error);
                        }
                        Ok((all, receipt)) => {
                            let left = left.expect("an order came again");
                            prop_assert_eq!(receipt.rows as usize, more.len());
                            prop_assert_eq!(receipt.orders as usize, came.len());
                            prop_assert_eq!(receipt.rows_left_out as usize, lines.len() + more.len() - left.len());
                            if *on_repeat == Some(OnRepeat::Replace) {
                                prop_assert_eq!(all.len(), held.len() + came.len() - receipt.repeated as usize);
                            }
                            (held, lines) = (all, left);
                        }
                    }
                }
                Step::Forget(who) => {
                    let owner = |order: i64| lines.iter().filter(|l| l.0 == order).find_map(|l| l.1);
                    let rest: Vec<Line> = lines.iter().filter(|l| owner(l.0) != Some(*who)).cloned().collect();
                    held = held.forget(&[["a", "b", "c"][*who].into()], &context).unwrap().0;
                    lines = rest;
                }
                Step::Save => held = Orders::from_bytes(&held.to_bytes().unwrap(), &context).unwrap(),
            }
        }
        let scratch = read(&lines).expect("what is left");
        prop_assert_eq!((held.len(), held.n_customers()), (scratch.len(), scratch.n_customers()));
        prop_assert_eq!((held.first_date(), held.last_date()), (scratch.first_date(), scratch.last_date()));
        for (name, asked) in [
            ("summary", r#"{"as_of": "2025-02-01"}"#),
            ("summary", r#"{"as_of": "2025-02-01", "by": ["channel", "product"]}"#),
            ("rfm", r#"{"as_of": "2025-02-01"}"#),
            ("monthly", "{}"),
        ] {
            match (run(name, &held, asked), run(name, &scratch, asked)) {
                (Ok(one), Ok(other)) => prop_assert!(one == other && one.notes() == other.notes(), "{} {}", name, asked),
                (one, other) => prop_assert_eq!(one.unwrap_err().to_string(), other.unwrap_err().to_string()),
            }
        }
        // Rows that were replaced or that came again stay counted; the rest is as of one import.
        let gone = |line: &&(String, i64, i64, i64, i64)| !["replaced", "came_again", "total"].contains(&line.0.as_str());
        let (one, other) = (reconciled(&held), reconciled(&scratch));
        prop_assert!(one.iter().filter(gone).eq(other.iter().filter(gone)), "{:?} {:?}", one, other);
    }
}

/// Order, status, amount of three rows; the orders of day two.
fn day(rows: &[(&str, &str, i64)]) -> Orders {
    let ids: Vec<&str> = rows.iter().map(|row| row.0).collect();
    let statuses: Vec<&str> = rows.iter().map(|row| row.1).collect();
    let amounts: Vec<i64> = rows.iter().map(|row| row.2).collect();
    let columns = batch(&[
        ("order_id", texts(&ids)),
        ("customer_id", texts(&vec!["hanako"; rows.len()])),
        ("ordered_at", times(&vec!["2025-01-05"; rows.len()])),
        ("status", texts(&statuses)),
        ("amount", ints(&amounts)),
    ]);
    let spec = r#"{"currency": "JPY", "order_id": "order_id", "status": "status"}"#;
    build(spec, &[columns])
}

/// A cancellation, a correction, and the same file twice, in yen that the reader can add up.
#[test]
fn an_order_that_comes_again_does_not_count_twice_in_silence() {
    let context = Context::default();
    let held = day(&[
        ("o1", "completed", 1_000),
        ("o2", "completed", 200),
        ("o2", "completed", 30),
    ]);
    let revenue = |orders: &Orders| summary(orders, "{}").first().map(|row| row.2);
    assert_eq!(revenue(&held), Some(1_230));
    let error = held.append(&held, None, &context).map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column `order_id`, row 0: the order is there already (see row 0)"
    );
    assert_eq!((error.code(), error.row()), (ErrorCode::Data, Some(0)));
    assert!(error.hint().unwrap().contains("on_repeat=\"replace\""));
    let of = |on_repeat, expected: i64, out: u64| {
        let (all, came) = held.append(&held, Some(on_repeat), &context).unwrap();
        assert_eq!(revenue(&all), Some(expected), "{on_repeat:?}");
        let receipt = (came.orders, came.rows, came.repeated, came.rows_left_out);
        assert_eq!(receipt, (2, 3, 2, out), "{on_repeat:?}");
        all
    };
    of(OnRepeat::Add, 2_460, 0);
    let replaced = of(OnRepeat::Replace, 1_230, 3);
    let lines = |orders: &Orders| -> Vec<(String, i64, i64)> {
        let lines = reconciled(orders).into_iter();
        lines.map(|line| (line.0, line.1, line.4)).collect()
    };
    let line = |reason: &str, rows, amount| (reason.to_owned(), rows, amount);
    let counted = line("counted", 3, 1_230);
    assert_eq!(
        lines(&replaced),
        [
            counted.clone(),
            line("replaced", 3, 1_230),
            line("total", 6, 2_460)
        ]
    );
    let first = of(OnRepeat::First, 1_230, 3);
    assert_eq!(
        lines(&first),
        [
            counted,
            line("came_again", 3, 1_230),
            line("total", 6, 2_460)
        ]
    );
    // o2 is cancelled and o3 is new; o1 is not in the export and stays.
    let changed = day(&[("o2", "cancelled", 230), ("o3", "completed", 7)]);
    let (now, came) = held
        .append(&changed, Some(OnRepeat::Replace), &context)
        .unwrap();
    assert_eq!((revenue(&now), now.len()), (Some(1_007), 3));
    assert_eq!((came.orders, came.repeated, came.rows_left_out), (2, 1, 2));
    let (now, _) = held
        .append(&changed, Some(OnRepeat::First), &context)
        .unwrap();
    assert_eq!(revenue(&now), Some(1_237));
}

/// A row that cannot be used replaces nothing and keeps nothing out.
#[test]
fn an_order_without_a_usable_row_is_not_there() {
    let context = Context::default();
    let spec = r#"{"currency": "JPY", "order_id": "order_id", "bad_rows": "drop"}"#;
    let of = |day: Option<&str>, amount: i64| {
        let columns = batch(&[
            ("order_id", texts(&["o1"])),
            ("customer_id", texts(&["hanako"])),
            ("ordered_at", optional_texts(&[day])),
            ("amount", ints(&[amount])),
        ]);
        build(spec, &[columns])
    };
    let (good, broken) = (of(Some("2025-01-01"), 100), of(None, 7));
    for (held, more, on_repeat, out) in [
        (&good, &broken, OnRepeat::Replace, 1),
        (&good, &broken, OnRepeat::First, 1),
        (&broken, &good, OnRepeat::Replace, 1),
        (&broken, &good, OnRepeat::First, 1),
        (&broken, &good, OnRepeat::Refuse, 1),
    ] {
        let (all, came) = held.append(more, Some(on_repeat), &context).unwrap();
        assert_eq!(
            summary(&all, ""),
            rows(&[("hanako", 1, 100)]),
            "{on_repeat:?}"
        );
        assert_eq!((came.repeated, came.rows_left_out), (0, out));
    }
    let refused = good.append(&broken, None, &context).map(|_| ());
    assert!(refused.unwrap_err().to_string().contains("there already"));
}

/// A row that could not be read takes nothing from the orders beside it.
#[test]
fn an_order_beside_a_broken_one_is_there() {
    let context = Context::default();
    let spec = r#"{"currency": "JPY", "order_id": "order_id", "bad_rows": "drop"}"#;
    let of = |ids: &[&str], days: &[Option<&str>], amount: i64| {
        let columns = batch(&[
            ("order_id", texts(ids)),
            ("customer_id", texts(&vec!["hanako"; ids.len()])),
            ("ordered_at", optional_texts(days)),
            ("amount", ints(&vec![amount; ids.len()])),
        ]);
        build(spec, &[columns])
    };
    let day = Some("2025-01-01");
    let held = of(&["o0", "o1", "o2"], &[None, day, None], 100);
    let more = of(&["o1", "o3"], &[day, None], 7);
    let refused = held.append(&more, None, &context).map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("there already"), "{refused}");
    for (on_repeat, revenue) in [(OnRepeat::Replace, 7), (OnRepeat::First, 100)] {
        let (all, came) = held.append(&more, Some(on_repeat), &context).unwrap();
        assert_eq!(summary(&all, ""), rows(&[("hanako", 1, revenue)]));
        assert_eq!((came.repeated, came.rows_left_out), (1, 1), "{on_repeat:?}");
    }
}

/// Orders of two shops with the same number are two orders.
#[test]
fn the_shop_is_part_of_an_order_s_key() {
    let context = Context::default();
    let spec = r#"{"currency": "JPY", "order_id": "order_id", "shop": "shop"}"#;
    let of = |shop: &str, amount: i64| {
        let columns = batch(&[
            ("order_id", ints(&[1])),
            ("shop", texts(&[shop])),
            ("customer_id", texts(&["hanako"])),
            ("ordered_at", times(&["2025-01-01"])),
            ("amount", ints(&[amount])),
        ]);
        build(spec, &[columns])
    };
    let both = of("tokyo", 100).append(&of("osaka", 10), None, &context);
    let both = both.unwrap().0;
    assert_eq!(summary(&both, ""), rows(&[("hanako", 2, 110)]));
    let (now, _) = both
        .append(&of("osaka", 1), Some(OnRepeat::Replace), &context)
        .unwrap();
    assert_eq!(summary(&now, ""), rows(&[("hanako", 2, 101)]));
}

/// Without order ids nothing can come again; the policy and the customers table of the held orders stay.
#[test]
fn orders_without_ids_are_added_and_settings_stay() {
    let context = Context::default();
    let columns = batch(&[
        ("customer_id", texts(&["a", "b"])),
        ("ordered_at", times(&["2025-01-01"; 2])),
        ("amount", ints(&[0, 5])),
    ]);
    let people = batch(&[
        ("customer_id", texts(&["a", "c"])),
        ("rank", texts(&["gold", "tin"])),
    ]);
    let people_spec = CustomersSpec::parse(r#"{"dimensions": ["rank"]}"#).unwrap();
    let people = Customers::from_batches(&people_spec, &[people], &context).unwrap();
    let spec = OrdersSpec::parse(r#"{"currency": "JPY"}"#).unwrap();
    let more = Orders::from_batches(&spec, std::slice::from_ref(&columns), None, &context).unwrap();
    let held = Orders::from_batches(&spec, &[columns], Some(Arc::new(people)), &context).unwrap();
    let policy = serde_json::from_str(r#"{"zero_value": false}"#).ok();
    let held = held.view(&Default::default(), policy, &context).unwrap();
    for on_repeat in [None, Some(OnRepeat::Add)] {
        let (all, came) = held.append(&more, on_repeat, &context).unwrap();
        assert_eq!((all.len(), came.orders, came.repeated), (4, 2, 0));
        // Orders of zero do not count, as before, and b is not in the table.
        assert_eq!(summary(&all, ""), rows(&[("b", 2, 10)]));
        assert_eq!(
            summary(&all, r#"{"customers": {"rank": null}}"#),
            rows(&[("b", 2, 10)])
        );
        assert_eq!(all.customers().map(|table| table.len()), Some(2));
    }
    for on_repeat in [OnRepeat::Refuse, OnRepeat::Replace, OnRepeat::First] {
        let error = held
            .append(&more, Some(on_repeat), &context)
            .map(|_| ())
            .unwrap_err();
        assert_eq!(error.code(), ErrorCode::Option);
        assert!(error.to_string().contains("on_repeat"), "{error}");
        assert!(error.to_string().contains("order_id"), "{error}");
    }
    let view = held
        .view(
            &serde_json::from_str(r#"{"customer_id": "a"}"#).unwrap(),
            None,
            &context,
        )
        .unwrap();
    let error = view.append(&more, None, &context).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("not views with a filter"));
    let strict = serde_json::from_str(r#"{"statuses": ["pending"]}"#).ok();
    let other = more.view(&Default::default(), strict, &context).unwrap();
    let error = held.append(&other, None, &context).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("option `policy`"), "{error}");
    let dollars = build(
        r#"{"currency": "USD"}"#,
        &[batch(&[
            ("customer_id", texts(&["a"])),
            ("ordered_at", times(&["2025-01-01"])),
            ("amount", ints(&[1])),
        ])],
    );
    let error = held
        .append(&dollars, None, &context)
        .map(|_| ())
        .unwrap_err();
    assert!(error.to_string().contains("for `append`"), "{error}");
}
