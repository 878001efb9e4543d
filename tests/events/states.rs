//! Saved events, and events without some people.

use super::laws::{Row, row, small};
use super::{build, log, on_events, request, run, try_run};
use crm_core::data::{Event, EventsSpec, Whose};
use crm_core::{Context, Error, ErrorCode, Events, Zone};
use crm_tests::{batch, crafted, floats, ints, optional_texts, sealed, texts};
use proptest::collection::vec;
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

fn again(events: &Events) -> Events {
    let bytes = events.to_bytes().expect("a whole log");
    let again = Events::from_bytes(&bytes, &Context::default()).expect("what was saved");
    assert!(again.to_bytes().unwrap() == bytes, "saved twice");
    again
}

/// The same of two logs, or the same error.
fn alike(one: &Events, other: &Events) -> Result<(), String> {
    for entry in on_events() {
        let asked = request(entry.name);
        let found = match (
            try_run(entry.name, one, &asked),
            try_run(entry.name, other, &asked),
        ) {
            (Ok(a), Ok(b)) => a == b && a.notes() == b.notes(),
            (Err(a), Err(b)) => a.to_string() == b.to_string(),
            _ => false,
        };
        if !found {
            return Err(entry.name.to_owned());
        }
    }
    Ok(())
}

#[test]
fn every_analysis_gives_the_same_of_saved_events() {
    let events = build(&[log(150, 7).batch().unwrap()]);
    let restored = again(&events);
    assert_eq!(alike(&events, &restored), Ok(()));
    assert_eq!(restored.understood(), events.understood());
    assert_eq!(restored.zone(), events.zone());
    let context = Context::default();
    let filter = serde_json::from_str(r#"{"kind": "view"}"#).unwrap();
    let cut = events.up_to(events.as_of() - 1, &context).unwrap();
    for view in [
        events.view(&filter, &context).unwrap(),
        cut.clone(),
        cut.concat(&events).unwrap(),
    ] {
        let error = view.to_bytes().unwrap_err();
        assert_eq!(error.code(), ErrorCode::Option);
        assert!(
            error.to_string().contains("a whole log, not a view"),
            "{error}"
        );
        assert!(view.forget(&[], Whose::Visitor, &context).is_err());
    }
}

proptest! {
    #![proptest_config(crm_tests::random_cases(60))]

    /// Events come late and in parts, are saved between, and people are forgotten: as a log of the rows that are left.
    #[test]
    fn held_events_are_those_of_the_rows_that_are_left(
        rows in vec(row(), 1..40),
        cut in 0..40_usize,
        who in 0..5_u8,
    ) {
        let context = Context::default();
        let cut = cut.min(rows.len());
        // The later part first, so that the earlier one is late.
        let joined = again(&small(&rows[cut..])).concat(&small(&rows[..cut])).unwrap();
        prop_assert_eq!(alike(&again(&joined), &small(&rows)), Ok(()));

        let rest: Vec<Row> = rows.iter().filter(|row| row.0 != Some(who)).copied().collect();
        let (left, receipt) = joined.forget(&[who.into(), who.into()], Whose::Visitor, &context).unwrap();
        prop_assert_eq!(alike(&left, &small(&rest)), Ok(()));
        prop_assert_eq!(receipt.events as usize, rows.len() - rest.len());
        prop_assert_eq!(receipt.found + receipt.unknown, 1);
        prop_assert_eq!(left.rows_left_out(), joined.rows_left_out());
        prop_assert!(again(&left).len() == left.len());
    }
}

/// Who is joined to a customer goes with the customer, also before the login; on a shared device others stay.
#[test]
fn customers_are_forgotten_with_their_visits() {
    let context = Context::default();
    let event = |visitor: &str, minute: u32, kind: &str| {
        Event::new(visitor, &format!("2026-03-01T10:{minute:02}:00"), kind)
    };
    let log = |events: Vec<Event>| {
        let builder = Events::builder(Zone::parse("Asia/Tokyo").unwrap());
        builder.extend(events).build().unwrap()
    };
    let hanako = || event("phone", 1, "purchase").customer("hanako-marker");
    let events = log(vec![
        event("phone", 0, "view").page("/marker"),
        hanako(),
        event("phone", 2, "view").page("/"),
        event("tablet", 0, "marker-kind"),
        event("tablet", 1, "purchase").customer("hanako-marker"),
        event("tablet", 2, "purchase").customer("taro"),
        event("tablet", 3, "view").page("/"),
        event("desk", 0, "view").page("/"),
    ]);
    let marked = |events: &Events| {
        let bytes = events.to_bytes().unwrap();
        let is_marker = |w: &&[u8]| matches!(*w, b"marker" | b"rekram");
        bytes.windows(6).filter(is_marker).count()
    };
    assert_eq!(marked(&events), 3);
    let asked = ["hanako-marker".into(), "nobody".into(), "nobody".into()];
    let (left, receipt) = events.forget(&asked, Whose::Customer, &context).unwrap();
    assert_eq!((receipt.found, receipt.unknown, receipt.events), (1, 1, 5));
    assert_eq!((marked(&left), left.len()), (0, 3));
    let expected = log(vec![
        event("tablet", 2, "purchase").customer("taro"),
        event("tablet", 3, "view").page("/"),
        event("desk", 0, "view").page("/"),
    ]);
    assert_eq!(alike(&left, &expected), Ok(()));
    let error = events
        .forget(&[7.into()], Whose::Customer, &context)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("ids of the type that came in, text")
    );
    let without = log(vec![event("desk", 0, "view")]);
    let error = without.forget(&[], Whose::Customer, &context).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Option);
    assert!(error.to_string().contains("customer_id"), "{error}");
}

fn saved() -> Vec<u8> {
    let rows: [Row; 6] = [
        (Some(1), 0, 0, 1, None, Some(1)),
        (Some(1), 2, 2, 1, Some(2), Some(1)),
        (Some(1), 2, 5, 1, None, None),
        (Some(3), 1, 0, 2, None, Some(0)),
        (None, 1, 0, 2, None, None),
        (Some(0), 9, 1, 0, None, None),
    ];
    small(&rows).to_bytes().unwrap()
}

#[test]
fn bytes_that_are_no_events_say_what_they_are() {
    let bytes = saved();
    let problem = |bytes: &[u8]| match Events::from_bytes(bytes, &Context::default()) {
        Err(error @ Error::State { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    for end in 0..bytes.len() {
        let early = problem(&bytes[..end]).ends_with("end too early");
        assert_eq!(early, end >= 8, "{end}");
    }
    let mut orders = bytes.clone();
    orders[12] = 1;
    assert_eq!(problem(&orders), "saved state: it holds orders, not events");
    for at in 24..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x40;
        assert!(problem(&changed).contains("its checksum says"), "{at}");
    }
}

/// Whoever makes a state by hand, with a right checksum, gets an error or events that work.
#[test]
fn a_crafted_log_is_refused_or_works() {
    let bytes = saved();
    let values = bytes.len() - 32;
    let (mut refused, mut taken) = (0, 0);
    for at in (24..values).step_by(3) {
        for to in [0, 0x7f, 0xff, bytes[at] ^ 1, bytes[at].wrapping_add(1)] {
            let mut crafted = bytes[..values].to_vec();
            crafted[at] = to;
            let crafted = sealed(crafted);
            match Events::from_bytes(&crafted, &Context::default()) {
                Ok(events) => {
                    taken += 1;
                    for name in ["sessions", "page_exits"] {
                        let _ = try_run(name, &events, &request(name));
                    }
                    let _ = events.concat(&events);
                    let _ = events.forget(&[1.into()], Whose::Visitor, &Context::default());
                    again(&events);
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(
        refused > 200 && taken > 100,
        "{refused} refused, {taken} taken"
    );
    let whole = run(
        "sessions",
        &again(&build(&[log(20, 1).batch().unwrap()])),
        "{}",
    );
    assert!(!whole.is_empty());
}

/// Each thing that events cannot hold is refused by itself, in a log that is sound otherwise.
#[test]
fn what_events_cannot_hold_is_refused_in_a_state() {
    let context = Context::default();
    let spec = r#"{"currency": "JPY", "amount": "amount", "measures": ["load"], "customer_id": "customer_id",
        "page": "page", "bad_rows": "drop"}"#;
    let hours = [
        "2026-03-01T01:00",
        "2026-03-01T02:00",
        "2026-03-01T03:00",
        "no date",
    ];
    let log = batch(&[
        ("visitor_id", texts(&["v1", "v2", "v1", "v2"])),
        ("occurred_at", texts(&hours)),
        ("kind", texts(&["add", "view", "purchase", "view"])),
        ("page", texts(&["/a", "/b", "/a", "/b"])),
        (
            "customer_id",
            optional_texts(&[None, Some("c1"), None, None]),
        ),
        ("amount", ints(&[7_654_321, 1_234_567, 3, 0])),
        ("load", floats(&[1.0, 2.5, 4.0, 0.0])),
    ]);
    let spec = EventsSpec::parse(spec).unwrap();
    let sound = Events::from_batches(&spec, &[log], &context)
        .unwrap()
        .to_bytes()
        .unwrap();
    let second: i64 = (20_513 * 24 + 2) * 3_600_000_000;
    let i = |value: i64| value.to_le_bytes().to_vec();
    let f = |value: f64| value.to_bits().to_le_bytes().to_vec();
    let codes = |codes: [u32; 3]| codes.map(u32::to_le_bytes).concat();
    // The first visitor's events come before the second's.
    let (units, kinds, customers) = (
        codes([0, 0, 1]),
        codes([0, 2, 1]),
        codes([u32::MAX, u32::MAX, 0]),
    );
    let left = |of: u8, rows: u64, rounded: u64| {
        [
            &1_u32.to_le_bytes()[..],
            &[of],
            &rows.to_le_bytes(),
            &rounded.to_le_bytes(),
        ]
        .concat()
    };
    for (from, to, says) in [
        (
            i(second),
            i(i64::MIN),
            Some("a time is outside the years 1 to 9999"),
        ),
        (
            i(second),
            i(i64::MAX),
            Some("a time is outside the years 1 to 9999"),
        ),
        (i(7_654_321), i(-1), Some("an amount has the wrong sign")),
        (i(7_654_321), i(i64::MIN), None),
        (i(1_234_567), i(-1), None),
        (
            f(2.5),
            f(f64::NEG_INFINITY),
            Some("a measure is no finite number"),
        ),
        (f(2.5), f(f64::NAN), None),
        (units.clone(), codes([0, 0, 2]), Some("a code has no id")),
        (units, codes([0, 0, u32::MAX]), Some("a code has no id")),
        (kinds.clone(), codes([0, 3, 1]), Some("a code has no id")),
        (kinds, codes([0, u32::MAX, 1]), Some("a code has no id")),
        (
            customers.clone(),
            codes([u32::MAX, 1, 0]),
            Some("a code has no id"),
        ),
        (customers, codes([u32::MAX, 0, 0]), None),
        (left(1, 1, 0), left(99, 1, 0), Some("a reason is not known")),
        (left(1, 1, 0), left(1, 1 << 62, 0), Some("do not add up")),
        (left(1, 1, 0), left(1, (1 << 62) - 1, 0), None),
        (
            left(1, 1, 0),
            left(1, 1, 1 << 62),
            Some("a count is not what it says"),
        ),
        (left(1, 1, 0), left(1, 1, (1 << 62) - 1), None),
    ] {
        match (
            Events::from_bytes(&crafted(&sound, "", &from, &to), &context),
            says,
        ) {
            (Ok(_), None) => {}
            (Err(error), Some(says)) => {
                assert!(error.to_string().contains(says), "{says}: {error}")
            }
            (found, says) => panic!("{says:?}: {found:?}"),
        }
    }
}

proptest! {
    #![proptest_config(crm_tests::random_cases(2_000))]

    /// Several changed bytes may agree with each other where one would be noticed.
    #[test]
    fn damaged_logs_are_refused_or_work(changes in vec((0..u16::MAX, 0..=255_u8), 1..6)) {
        let sound = saved();
        let mut bytes = sound[..sound.len() - 32].to_vec();
        let values = bytes.len() - 24;
        for (at, to) in changes {
            bytes[24 + usize::from(at) % values] = to;
        }
        let bytes = sealed(bytes);
        if let Ok(events) = Events::from_bytes(&bytes, &Context::default()) {
            let _ = try_run("sessions", &events, &request("sessions"));
            prop_assert!(events.to_bytes().is_ok());
        }
    }
}
