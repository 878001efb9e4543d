//! The paths that analyses spend their time on, one at a time, on made-up data.
//!
//! ```sh
//! cargo bench -p crm-tests --bench hot_paths -- import_text --rows 2000000 --threads 2
//! ```
//!
//! prints the processor time and the wall time of each run. `make check-speed` counts the instructions of each path on
//! one thread (`benches/check_speed.py`).

use crm_core::columns::{Batch, ColumnData, ColumnValues, Strings, TimeUnit};
use crm_core::data::{EventsSimulation, EventsSpec, OrdersSpec, simulate_events, simulate_orders};
use crm_core::{Context, Dataset, Events, Orders, register};
use std::hint::black_box;
use std::time::Instant;

/// A path: its name, the rows of `make check-speed`, and what makes its input and does its work.
type Path = (&'static str, usize, fn(usize, &Context) -> Box<dyn FnMut()>);

const PATHS: [Path; 10] = [
    ("import_fast", 400_000, |n, c| {
        import(n, Ids::Dense, Shape::Fast, c)
    }),
    ("import_pandas", 400_000, |n, c| {
        import(n, Ids::Dense, Shape::Pandas, c)
    }),
    ("import_text", 200_000, |n, c| {
        import(n, Ids::Text, Shape::Pandas, c)
    }),
    ("import_u64", 200_000, |n, c| {
        import(n, Ids::Random, Shape::Fast, c)
    }),
    ("import_uuid", 200_000, |n, c| {
        import(n, Ids::Uuid, Shape::Fast, c)
    }),
    ("import_lines", 50_000, lines),
    ("rfm_cpm", 400_000, |n, c| run(n, &["rfm", "cpm"], c)),
    ("summary", 200_000, |n, c| run(n, &["summary"], c)),
    ("cohorts", 200_000, |n, c| {
        run(n, &["cohorts", "repeat_rate"], c)
    }),
    ("events", 100_000, events),
];

#[derive(Clone, Copy)]
enum Ids {
    /// About 0..n.
    Dense,
    /// 64 random bits.
    Random,
    /// 14 bytes.
    Text,
    /// 36 bytes.
    Uuid,
}

#[derive(Clone, Copy)]
enum Shape {
    /// Microseconds, whole minor units.
    Fast,
    /// Nanoseconds without a zone, floats with two decimals, as pandas has them.
    Pandas,
}

/// A sequence of numbers that look random (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
}

fn texts<'a>(texts: impl ExactSizeIterator<Item = &'a [u8]>) -> ColumnData {
    ColumnValues::Text(Strings::collect(texts).expect("memory")).into()
}

/// `n` orders of `n / 20` customers in order of time, a few of whom buy much more often than the others.
fn shop(n: usize, ids: Ids, shape: Shape) -> Batch {
    let customers = (n / 20).max(1) as u64;
    let mut numbers = Numbers(1);
    let who: Vec<u64> = (0..n)
        .map(|_| {
            let (a, b) = (numbers.next() % customers, numbers.next() % customers);
            a * b / customers
        })
        .collect();
    let id = |who: u64| Numbers(who).next();
    let customer: ColumnData = match ids {
        Ids::Dense => ColumnValues::Int {
            values: who.iter().map(|w| *w as i64).collect(),
            bits: 64,
        }
        .into(),
        Ids::Random => ColumnValues::Unsigned {
            values: who.iter().map(|w| id(*w)).collect(),
            bits: 64,
        }
        .into(),
        Ids::Text | Ids::Uuid => {
            let name = |who| match ids {
                Ids::Text => format!("user-{who:09}"),
                _ => {
                    let (a, b) = (id(who), id(!who));
                    let (c, d) = (a >> 16 & 0xffff, a & 0xffff);
                    format!(
                        "{:08x}-{c:04x}-{d:04x}-{:04x}-{:012x}",
                        a >> 32,
                        b >> 48,
                        b << 16 >> 16
                    )
                }
            };
            let names: Vec<String> = (0..customers).map(name).collect();
            texts(who.iter().map(|w| names[*w as usize].as_bytes()))
        }
    };
    let step = 3 * 365 * 86_400 * 1_000_000 / n.max(1) as i64;
    let micros = (0..n as i64).map(|i| 1_640_995_200_000_000 + i * step);
    let cents: Vec<i64> = (0..n)
        .map(|_| 500 + (numbers.next() % 20_000) as i64)
        .collect();
    let (time, amount): (ColumnValues, ColumnValues) = match shape {
        Shape::Fast => (
            ColumnValues::Time {
                values: micros.collect(),
                unit: TimeUnit::Microsecond,
                zone: Some("UTC".into()),
            },
            ColumnValues::Int {
                values: cents.into(),
                bits: 64,
            },
        ),
        Shape::Pandas => (
            ColumnValues::Time {
                values: micros.map(|t| t * 1_000).collect(),
                unit: TimeUnit::Nanosecond,
                zone: None,
            },
            ColumnValues::Float(cents.iter().map(|c| *c as f64 / 100.0).collect()),
        ),
    };
    vec![
        ("customer_id".into(), customer),
        ("ordered_at".into(), time.into()),
        ("amount".into(), amount.into()),
    ]
}

fn built(spec: &str, batch: &Batch, context: &Context) -> Orders {
    let spec = OrdersSpec::parse(spec).expect("a spec");
    Orders::from_batches(&spec, std::slice::from_ref(batch), None, context).expect("orders")
}

fn import(n: usize, ids: Ids, shape: Shape, context: &Context) -> Box<dyn FnMut()> {
    let (batch, context) = (shop(n, ids, shape), leaked(context));
    let spec = match shape {
        Shape::Fast => r#"{"currency": "USD", "amount_unit": "minor"}"#,
        Shape::Pandas => r#"{"currency": "USD"}"#,
    };
    Box::new(move || {
        black_box(built(spec, &batch, context));
    })
}

fn lines(n: usize, context: &Context) -> Box<dyn FnMut()> {
    let (batch, context) = (
        simulate_orders(n as u32 / 9, 1).expect("a shop"),
        leaked(context),
    );
    let spec = r#"{"currency": "JPY", "order_id": "order_id", "discount": "discount",
        "refunded": "refunded", "status": "status", "kind": "kind", "product": "product",
        "guests": "keep", "timezone": "Asia/Tokyo"}"#;
    Box::new(move || {
        black_box(built(spec, &batch, context));
    })
}

/// Analyses of orders that were built beforehand; the first call of the closure is the one without anything kept.
fn run(n: usize, names: &'static [&'static str], context: &Context) -> Box<dyn FnMut()> {
    let context = leaked(context);
    let batch = shop(n, Ids::Dense, Shape::Pandas);
    let orders = built(r#"{"currency": "USD"}"#, &batch, context);
    Box::new(move || {
        for name in names {
            let data = Dataset::Orders(&orders);
            let request = r#"{"as_of": "2024-12-31"}"#;
            black_box(register::run(name, &data, request, context).expect("a table"));
        }
    })
}

fn events(n: usize, context: &Context) -> Box<dyn FnMut()> {
    let context = leaked(context);
    let what = EventsSimulation {
        visitors: (n / 12) as u32,
        ..EventsSimulation::default()
    };
    let batch = simulate_events(&what, context)
        .expect("a log")
        .batch()
        .expect("a log");
    let spec = r#"{"currency": "JPY", "page": "page", "product": "product"}"#;
    let spec = EventsSpec::parse(spec).expect("a spec");
    Box::new(move || {
        let batches = std::slice::from_ref(&batch);
        let events = Events::from_batches(&spec, batches, context).expect("events");
        for (name, request) in [
            ("sessions", "{}"),
            (
                "funnel",
                r#"{"steps": ["product_view", "add", "purchase"], "window": "2d"}"#,
            ),
        ] {
            let data = Dataset::Events(&events);
            black_box(register::run(name, &data, request, context).expect("a table"));
        }
    })
}

/// The context for as long as the process lives.
fn leaked(context: &Context) -> &'static Context<'static> {
    let pool = (context.threads() > 1).then(|| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(context.threads());
        &*Box::leak(Box::new(pool.build().expect("threads")))
    });
    Box::leak(Box::new(Context {
        pool,
        ..Context::default()
    }))
}

/// What callgrind counts: its name is known to `benches/check_speed.py`.
#[inline(never)]
fn measured(work: &mut dyn FnMut()) {
    work();
}

/// Nanoseconds of processor time of all threads of this process.
fn processor_time() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let spent = tasks.flatten().filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    spent.sum()
}

fn main() {
    let (mut names, mut rows, mut threads, mut runs) = (Vec::new(), None, 1, 1);
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    while let Some(word) = words.next() {
        let mut number = || {
            words
                .next()
                .and_then(|word| word.parse().ok())
                .expect("a number")
        };
        match word.as_str() {
            "--rows" => rows = Some(number()),
            "--threads" => threads = number(),
            "--runs" => runs = number(),
            _ => names.push(word),
        }
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    let pool = pool.build().expect("threads");
    let context = Context {
        pool: Some(&pool),
        ..Context::default()
    };
    for (name, usual, make) in PATHS {
        if !names.is_empty() && names.iter().all(|wanted| wanted != name) {
            continue;
        }
        let rows = rows.unwrap_or(usual);
        let mut times = Vec::new();
        for _ in 0..runs {
            let mut work = make(rows, &context);
            let (cpu, wall) = (processor_time(), Instant::now());
            measured(&mut work);
            times.push((processor_time() - cpu, wall.elapsed()));
        }
        times.sort_unstable();
        for (cpu, wall) in [times[0], times[times.len() / 2]] {
            let per_row = |ns: f64| ns / rows as f64;
            println!(
                "{name:14} {rows:9} rows {threads} threads: {:6.2} ns a row of processor time, {:6.2} of wall time",
                per_row(cpu as f64),
                per_row(wall.as_nanos() as f64)
            );
        }
    }
}
