//! What analyses of events promise: the helpers of the three parts.

mod bad_input;
mod by_hand;
mod edges;
mod funnels;
mod laws;
mod sequences;
mod slow;
mod slow_attribution;
mod slow_carts;
mod slow_paths;
mod states;

use crm_core::columns::{Batch, ColumnValues, TimeUnit};
use crm_core::data::{EventsSimulation, SimulatedEvents, simulate_events};
use crm_core::table::Cell;
use crm_core::{Context, Dataset, Events, Table, analysis, register};
use crm_tests::{optional_ints, texts};

const AS_OF: &str = "2026-03-15";
const OWN_BY: [&str; 2] = ["cart_abandonment", "browse_rates"];

fn on_events() -> impl Iterator<Item = &'static analysis::Entry> {
    // Logs here have no messages; tests/python/test_campaigns.py has.
    let of_messages = ["campaign_rates", "campaign_effect", "best_time"];
    register::all()
        .filter(|entry| entry.reads == "events")
        .filter(move |entry| !of_messages.contains(&entry.name))
}

/// Options that an analysis cannot do without.
fn request(name: &str) -> String {
    let extra = match name {
        "funnel" => r#", "steps": ["product_view", {"kind": "add"}, "checkout", "purchase"]"#,
        "sequences" | "sequence_totals" => {
            r#", "steps": ["product_view", {"kind": "add", "max_gap": "10min"}]"#
        }
        "purchase_intent" => r#", "min_purchases": 10"#,
        _ => "",
    };
    format!(r#"{{"as_of": "{AS_OF}"{extra}}}"#)
}

fn try_run(name: &str, events: &Events, request: &str) -> crm_core::Result<Table> {
    register::run(name, &Dataset::Events(events), request, &Context::default())
}

fn run(name: &str, events: &Events, request: &str) -> Table {
    try_run(name, events, request).unwrap_or_else(|e| panic!("{name} {request}: {e}"))
}

fn log(visitors: u32, seed: u64) -> SimulatedEvents {
    let what = EventsSimulation {
        visitors,
        seed,
        ..EventsSimulation::default()
    };
    simulate_events(&what, &Context::default()).unwrap()
}

fn build(batches: &[Batch]) -> Events {
    Events::from_batches(&SimulatedEvents::spec(), batches, &Context::default()).unwrap()
}

/// The simulated rows with the texts spelled out, so that the shared helpers can take rows.
fn plain(log: &SimulatedEvents) -> Batch {
    let table = log.table().unwrap();
    let columns = table.columns().iter().map(|column| {
        let cells = || (0..table.len()).map(|row| column.cell(row));
        let numbers: Vec<Option<i64>> = cells()
            .map(|cell| match cell {
                Cell::Instant(v) | Cell::Money(v, _) => Some(v),
                Cell::Id(crm_core::ids::IdRef::Int(v)) => Some(v),
                _ => None,
            })
            .collect();
        let words: Vec<Option<String>> = cells()
            .map(|cell| match cell {
                Cell::Text(text) => Some(text.to_owned()),
                _ => None,
            })
            .collect();
        let data = match column.name() {
            "kind" | "page" | "channel" | "device" => texts(
                &words
                    .iter()
                    .map(|w| w.as_deref().unwrap())
                    .collect::<Vec<_>>(),
            ),
            "occurred_at" => ColumnValues::Time {
                values: numbers
                    .iter()
                    .map(|t| t.unwrap())
                    .collect::<Vec<_>>()
                    .into(),
                unit: TimeUnit::Microsecond,
                zone: Some("UTC".into()),
            }
            .into(),
            _ => optional_ints(&numbers),
        };
        (column.name().to_owned(), data)
    });
    columns.collect()
}

/// A column of numbers of any type; null cells are `None`.
fn numbers(table: &Table, name: &str) -> Vec<Option<f64>> {
    let column = table.column(name).unwrap();
    let cells = (0..table.len()).map(|row| match column.cell(row) {
        Cell::Int(v) => Some(v as f64),
        Cell::Float(v) => Some(v),
        _ => None,
    });
    cells.collect()
}

/// The text of one cell.
fn shown(table: &Table, name: &str, row: usize) -> String {
    match table.column(name).unwrap().cell(row) {
        Cell::Int(v) => v.to_string(),
        Cell::Float(v) => v.to_string(),
        Cell::Instant(v) => v.to_string(),
        Cell::Text(text) => text.to_owned(),
        Cell::Id(crm_core::ids::IdRef::Text(text)) => text.into_owned(),
        Cell::Null => "null".to_owned(),
        _ => panic!("{name}"),
    }
}
