//! Orders of a SQLite database, row by row; each customer's segment goes back into a table.

use crm_core::{Context, Currency, Dataset, Orders, Zone, register};
use rusqlite::Connection;
use std::error::Error;

#[derive(serde::Deserialize)]
struct Card {
    customer_id: String,
    orders: i32,
    revenue: i64,
    segment: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let database = Connection::open_in_memory()?;
    database.execute_batch(
        "CREATE TABLE orders (customer_id TEXT, ordered_at TEXT, amount INTEGER);
         INSERT INTO orders VALUES
             ('hanako', '2026-01-05 10:00:00', 5000), ('hanako', '2026-03-05 10:00:00', 7000),
             ('taro', '2026-02-01 12:00:00', 2000), ('jiro', '2025-06-10 09:30:00', 12000);
         CREATE TABLE segments (customer_id TEXT PRIMARY KEY, orders INTEGER, revenue INTEGER, segment TEXT);",
    )?;

    // Texts of times without an offset are read in the shop's zone.
    let mut builder = Orders::builder(Currency::JPY, Zone::parse("Asia/Tokyo")?);
    let mut query = database.prepare("SELECT customer_id, ordered_at, amount FROM orders")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (customer, at): (String, String) = (row.get(0)?, row.get(1)?);
        builder = builder.order(&customer, &at, row.get(2)?);
    }
    let orders = builder.build()?;

    let request = r#"{"as_of": "2026-03-31"}"#;
    let table = register::run(
        "rfm",
        &Dataset::Orders(&orders),
        request,
        &Context::default(),
    )?;
    let mut write = database.prepare("INSERT INTO segments VALUES (?, ?, ?, ?)")?;
    for card in table.rows::<Card>() {
        let card = card?;
        write.execute((&card.customer_id, card.orders, card.revenue, &card.segment))?;
        println!(
            "{:<8} {:>2} {:>6} {}",
            card.customer_id,
            card.orders,
            card.revenue,
            card.segment.unwrap_or_default()
        );
    }
    Ok(())
}
