//! Imports long enough to be split: any number of threads gives the bits of one.

use crm_core::columns::{Batch, Bits, ColumnData, ColumnValues, Strings, TimeUnit};
use crm_core::data::OrdersSpec;
use crm_core::{Context, Dataset, Orders, register};
use crm_tests::{rows, shuffled};

const ROWS: usize = 70_000;

/// The result on the caller's thread and on pools of several sizes.
fn on_threads<T: PartialEq>(what: &str, work: impl Fn(&Context) -> T) -> T {
    let one = work(&Context::default());
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().expect("threads");
        let context = Context {
            pool: Some(&pool),
            ..Context::default()
        };
        assert!(work(&context) == one, "{what} on {threads} threads");
    }
    one
}

/// Ids of a kind, one for each of these customers.
fn ids(kind: &str, who: &[u64]) -> ColumnData {
    let mixed = |w: &u64| w.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5555;
    let texts = |name: &dyn Fn(u64) -> String| -> ColumnData {
        let names: Vec<String> = who.iter().map(|w| name(*w)).collect();
        let names = names.iter().map(|name| name.as_bytes());
        ColumnValues::Text(Strings::collect(names).expect("memory")).into()
    };
    let uuid = |w: u64| {
        let (a, b) = (mixed(&w), mixed(&!w));
        let (c, d) = (a >> 16 & 0xffff, a & 0xffff);
        let (e, f) = (b >> 48, b << 16 >> 16);
        format!("{:08x}-{c:04x}-{d:04x}-{e:04x}-{f:012x}", a >> 32)
    };
    match kind {
        "dense" => ColumnValues::Int {
            values: who.iter().map(|w| *w as i64 - 900).collect(),
            bits: 64,
        }
        .into(),
        "random" => ColumnValues::Unsigned {
            values: who.iter().map(mixed).collect(),
            bits: 64,
        }
        .into(),
        "random with nulls" => ColumnData {
            valid: Some(Bits::from_bools(who.iter().map(|w| w % 7 != 0)).expect("memory")),
            ..ids("random", who)
        },
        "fixed" => ColumnValues::Fixed {
            width: 16,
            bytes: who
                .iter()
                .flat_map(|w| [mixed(w).to_be_bytes(), [7; 8]].concat())
                .collect(),
        }
        .into(),
        "short" => texts(&|w| format!("user-{w:09}")),
        "long" => texts(&|w| format!("the customer of number {w}")),
        "uuid" => texts(&uuid),
        // From some row on, in some part, a text is no UUID.
        "uuid and others" => texts(&|w| match w {
            1_999 => "a guest".to_owned(),
            w => uuid(w),
        }),
        other => unreachable!("{other}"),
    }
}

/// Customers of whom each is in every part, but for the last, who comes late.
fn customers() -> Vec<u64> {
    let order = shuffled(ROWS);
    (0..ROWS)
        .map(|i| match i {
            _ if i == ROWS - 5_000 => 1_999,
            _ => order[i] as u64 % 1_999,
        })
        .collect()
}

fn shop(customer_id: ColumnData) -> Batch {
    let (n, step) = (customer_id.len(), 1_000_000_000 * 1_373);
    let times = (0..n as i64).map(|i| 1_700_000_000_000_000_000 + i * step);
    let amounts = (0..n).map(|i| (i * 7_919 % 100_000) as f64 / 100.0);
    let time = ColumnValues::Time {
        values: times.collect(),
        unit: TimeUnit::Nanosecond,
        zone: None,
    };
    vec![
        ("customer_id".into(), customer_id),
        ("ordered_at".into(), time.into()),
        (
            "amount".into(),
            ColumnValues::Float(amounts.collect()).into(),
        ),
    ]
}

fn built(spec: &str, batches: &[Batch], context: &Context) -> crm_core::Result<Orders> {
    Orders::from_batches(&OrdersSpec::parse(spec)?, batches, None, context)
}

/// The saved state, and the tables of the analyses that pass over all orders.
fn seen(orders: &Orders, context: &Context) -> (Vec<u8>, Vec<crm_core::Table>) {
    let tables = ["rfm", "cpm", "summary", "repeat_rate"]
        .map(|name| register::run(name, &Dataset::Orders(orders), "{}", context).expect(name));
    (orders.to_bytes().expect("a whole import"), tables.into())
}

#[test]
fn ids_of_every_kind() {
    let who = customers();
    let spec = r#"{"currency": "USD", "timezone": "America/New_York", "guests": "keep"}"#;
    for kind in [
        "dense",
        "random",
        "random with nulls",
        "fixed",
        "short",
        "long",
        "uuid",
        "uuid and others",
    ] {
        let shop = shop(ids(kind, &who));
        on_threads(kind, |context| {
            let orders = built(spec, std::slice::from_ref(&shop), context).expect(kind);
            seen(&orders, context)
        });
    }
    // As many ids as rows.
    let shop = shop(ids("random", &(0..ROWS as u64).collect::<Vec<_>>()));
    let orders = on_threads("an id each", |context| {
        let orders = built(spec, std::slice::from_ref(&shop), context).expect("orders");
        (
            orders.n_customers(),
            orders.to_bytes().expect("a whole import"),
        )
    });
    assert_eq!(orders.0, ROWS);
}

/// So many customers that their order, dictionaries and totals are split, too. A third of them comes late.
#[test]
fn many_customers() {
    const CUSTOMERS: u64 = 34_000;
    let rows = 9 * CUSTOMERS;
    let known = |row: u64| match row < rows / 2 {
        true => CUSTOMERS * 2 / 3,
        false => CUSTOMERS,
    };
    let who: Vec<u64> = (0..rows).map(|row| row * 7_919 % known(row)).collect();
    for kind in ["random", "short", "long"] {
        let shop = shop(ids(kind, &who));
        on_threads(kind, |context| {
            let orders = built(
                r#"{"currency": "USD"}"#,
                std::slice::from_ref(&shop),
                context,
            );
            let orders = orders.expect(kind);
            let data = Dataset::Orders(&orders);
            let scores = register::run("rfm", &data, "{}", context).expect(kind);
            (orders.to_bytes().expect("a whole import"), scores)
        });
    }
}

/// Chunks of other lengths than the parts, an unreadable cell in two parts and rows that are left out.
#[test]
fn chunks_and_rows_that_are_left_out() {
    let whole = shop(ids("short", &customers()));
    let mixed = shuffled(ROWS);
    let pick = |rows: &[usize]| {
        let text = |texts: &Strings, r: usize| texts.bytes(r).to_vec();
        let [(_, id), (_, time), (_, amount)] = &whole[..] else {
            unreachable!("three columns")
        };
        let (
            ColumnValues::Text(id),
            ColumnValues::Time { values, unit, .. },
            ColumnValues::Float(amount),
        ) = (&id.values, &time.values, &amount.values)
        else {
            unreachable!("texts, times and floats")
        };
        let id: Vec<Vec<u8>> = rows.iter().map(|r| text(id, *r)).collect();
        let id = Strings::collect(id.iter().map(Vec::as_slice)).expect("memory");
        let time = ColumnValues::Time {
            values: rows.iter().map(|r| values[*r]).collect(),
            unit: *unit,
            zone: None,
        };
        // No amount of cents in two parts, nothing at all in a third.
        let broken = |r: usize| r == 11_111 || r == 60_000;
        let amounts = rows
            .iter()
            .map(|r| if broken(*r) { 0.123 } else { amount[*r] });
        let amount = ColumnData {
            values: ColumnValues::Float(amounts.collect()),
            valid: Some(Bits::from_bools(rows.iter().map(|r| *r != 33_333)).expect("memory")),
        };
        vec![
            ("customer_id".to_owned(), ColumnValues::Text(id).into()),
            ("ordered_at".to_owned(), ColumnData::from(time)),
            ("amount".to_owned(), amount),
        ]
    };
    let chunks = [0..5, 5..30_000, 30_000..30_000, 30_000..ROWS].map(|range| pick(&mixed[range]));
    assert_eq!(chunks.iter().map(rows).sum::<usize>(), ROWS);
    let spec = r#"{"currency": "USD", "timezone": "Asia/Tokyo", "bad_rows": "drop"}"#;
    let (counts, _) = on_threads("chunks", |context| {
        let orders = built(spec, &chunks, context).expect("the others");
        (orders.len(), seen(&orders, context))
    });
    assert_eq!(counts, ROWS - 3);
    let refused = on_threads("an error", |context| {
        built(r#"{"currency": "USD"}"#, &chunks, context).err()
    });
    let first = mixed
        .iter()
        .position(|r| [11_111, 33_333, 60_000].contains(r));
    assert_eq!(
        refused.and_then(|error| error.row()),
        first.map(|row| row as u64)
    );
}

#[test]
fn the_first_text_that_is_none_is_named() {
    let mut who: Vec<Vec<u8>> = (0..ROWS)
        .map(|i| format!("{}", i % 300).into_bytes())
        .collect();
    for row in [69_000, 40_000, 41_000] {
        who[row] = vec![b'a', 0xff];
    }
    let id = Strings::collect(who.iter().map(Vec::as_slice)).expect("memory");
    let shop = shop(ColumnValues::Text(id).into());
    let error = on_threads("no text", |context| {
        built(
            r#"{"currency": "USD"}"#,
            std::slice::from_ref(&shop),
            context,
        )
        .err()
    });
    assert_eq!(error.and_then(|error| error.row()), Some(40_000));
}
