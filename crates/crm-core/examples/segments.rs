//! The segments of a simulated shop, by name and JSON: what C, Python and the command line do too.
//!
//!     cargo run -p crm-core --example segments

use crm_core::data::{OrdersSpec, simulate_orders};
use crm_core::table::Cell;
use crm_core::{Context, Dataset, Orders, register};

const SPEC: &str = r#"{
    "currency": "JPY", "timezone": "Asia/Tokyo", "order_id": "order_id", "status": "status",
    "kind": "kind", "discount": "discount", "refunded": "refunded", "guests": "keep"
}"#;

fn main() -> crm_core::Result<()> {
    let context = Context::default();
    let shop = simulate_orders(1_000, 7)?;
    let orders = Orders::from_batches(&OrdersSpec::parse(SPEC)?, &[shop], None, &context)?;
    let table = register::run(
        "rfm_segments",
        &Dataset::Orders(&orders),
        r#"{"as_of": "2025-12-31"}"#,
        &context,
    )?;
    for row in 0..table.len() {
        let cell = |name| table.column(name).map(|column| column.cell(row));
        if let (Some(Cell::Label(segment)), Some(Cell::Int(customers))) =
            (cell("segment"), cell("customers"))
        {
            println!("{:<18} {customers:>5}", segment.code);
        }
    }
    if let Some(definition) = table.definition() {
        println!("\n{}  {}", definition.hash(), definition.json());
    }
    Ok(())
}
