//! What a byte budget refuses.

use crate::{SPEC, shop};
use crm_core::data::{EventsSpec, OrdersSpec};
use crm_core::{Context, Dataset, Error, Events, Orders, Table, register};
use crm_tests::{batch, ints, texts, times};

/// The data structures that `work` asks the budget for, with their bytes, in order: the budget
/// begins at 0 and each refusal raises it to what was needed.
fn asked<T>(work: impl Fn(&Context) -> crm_core::Result<T>) -> Vec<(&'static str, usize)> {
    let mut needs = Vec::new();
    let mut budget = 0;
    loop {
        let context = Context {
            budget: Some(budget),
            ..Context::default()
        };
        match work(&context) {
            Ok(_) => return needs,
            Err(Error::Budget { what, bytes, left }) => {
                assert_eq!(left, budget);
                assert!(bytes > budget, "{what}: {bytes} of {budget}");
                needs.push((what, bytes));
                budget = bytes;
            }
            Err(other) => panic!("{other}"),
        }
    }
}

/// Every structure whose size depends on data is refused before it is made. Three orders of two
/// customers, three events, three rows: the sizes are counted by hand.
#[test]
fn budgets() {
    let orders = || {
        let days = times(&["2025-01-01", "2025-02-01", "2025-03-01"]);
        let columns = [
            ("customer_id", texts(&["a", "b", "a"])),
            ("ordered_at", days),
            ("amount", ints(&[100, 200, 300])),
        ];
        let spec = OrdersSpec::parse(SPEC).unwrap();
        (spec, batch(&columns))
    };
    let (spec, rows) = orders();
    let built = asked(|c| Orders::from_batches(&spec, std::slice::from_ref(&rows), None, c));
    assert_eq!(built, [("orders", 3 * 24)]);

    // New orders for each run: totals and index are kept once they are made.
    let run = |name: &'static str| {
        asked(|c| {
            let orders = shop(SPEC, &[]).unwrap();
            register::run(
                name,
                &Dataset::Orders(&orders),
                r#"{"as_of": "2025-03-31"}"#,
                c,
            )
        })
    };
    let pass = ("a pass over the orders", 3 * 8);
    assert_eq!(run("rfm"), [pass, ("totals", 2 * 16)]);
    let index = ("the index of orders", 3 * 16 + 2 * 4);
    assert_eq!(run("lead_times"), [pass, index]);
    let cycle = run("cycle");
    assert_eq!(cycle[..2], [pass, index]);
    assert_eq!((cycle.len(), cycle[2].0), (3, "gap histories"));

    let state = shop(SPEC, &[]).unwrap().to_bytes().unwrap();
    let loaded = asked(|c| Orders::from_bytes(&state, c));
    assert_eq!(loaded, [("orders", state.len())]);

    let log = |days: [&str; 3]| {
        batch(&[
            ("visitor_id", texts(&["v", "v", "w"])),
            ("occurred_at", times(&days)),
            ("kind", texts(&["view", "view", "purchase"])),
            ("customer_id", texts(&["b", "a", "b"])),
        ])
    };
    let spec = EventsSpec::parse(r#"{"customer_id": "customer_id"}"#).unwrap();
    let rows = log(["2025-01-01", "2025-01-02", "2025-01-03"]);
    let built = asked(|c| Events::from_batches(&spec, std::slice::from_ref(&rows), c));
    assert_eq!(built, [("events", 3 * 32)]);
    let pass = ("a pass over the events", 3 * 8);
    let run = |request: &str| {
        asked(|c| {
            let events =
                Events::from_batches(&spec, std::slice::from_ref(&rows), &Context::default())
                    .unwrap();
            register::run("funnel", &Dataset::Events(&events), request, c)
        })
    };
    let steps = r#""steps": ["view", "purchase"]"#;
    assert_eq!(run(&format!("{{{steps}}}")), [pass]);
    // By customer the events are in another order.
    let sorted = run(&format!(r#"{{{steps}, "per": "customer"}}"#));
    assert_eq!(sorted, [pass, ("sort of events", 3 * 16)]);

    let paths = batch(&[
        ("path", texts(&["a", "a > b", "b"])),
        ("conversions", ints(&[2, 1, 1])),
        ("nulls", ints(&[1, 0, 0])),
    ]);
    let paths = Table::from_batch(&paths, &Context::default()).unwrap();
    let request = r#"{"models": ["last", "first"], "bootstrap": 100}"#;
    let found = asked(|c| register::run("attribution", &Dataset::Table(&paths), request, c));
    let resamples = ("resamples", 100 * 2 * 2 * 8);
    assert_eq!(found, [("a pass over the table", 3 * 8), resamples]);
}
