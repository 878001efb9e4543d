//! The batches of a DataFusion query as orders, and the answer as a table of DataFusion.

use arrow::array::RecordBatchIterator;
use arrow::ffi_stream::{ArrowArrayStreamReader, FFI_ArrowArrayStream};
use crm_core::data::OrdersSpec;
use crm_core::{Context, Dataset, Orders, register};
use datafusion::prelude::SessionContext;
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let session = SessionContext::new();
    let query =
        "SELECT column1 AS customer_id, column2 AS ordered_at, column3 AS amount FROM (VALUES
        ('hanako', '2026-01-05T10:00:00', 5000), ('hanako', '2026-03-05T10:00:00', 7000),
        ('taro', '2026-02-01T12:00:00', 2000), ('jiro', '2025-06-10T09:30:00', 12000)) AS orders";
    let found = session.sql(query).await?;
    let schema = found.schema().inner().clone();
    let batches = found.collect().await?;

    let spec = OrdersSpec::parse(r#"{"currency": "JPY", "timezone": "Asia/Tokyo"}"#)?;
    let context = Context::default();
    let reader = RecordBatchIterator::new(batches.into_iter().map(Ok), schema);
    let mut stream = FFI_ArrowArrayStream::new(Box::new(reader));
    // SAFETY: `stream` is an `ArrowArrayStream` that nobody else uses.
    let columns =
        unsafe { crm_arrow::read_stream_at((&raw mut stream).cast(), &spec.columns(), &context)? };
    let orders = Orders::from_batches(&spec, &columns, None, &context)?;

    let request = r#"{"as_of": "2026-03-31"}"#;
    let table = register::run("rfm", &Dataset::Orders(&orders), request, &context)?;
    let mut stream = FFI_ArrowArrayStream::empty();
    // SAFETY: `stream` is an empty `ArrowArrayStream` that may be overwritten.
    unsafe {
        crm_arrow::write_stream_at(
            &table,
            crm_arrow::Style::default(),
            (&raw mut stream).cast(),
        )?
    };
    let mut batches = Vec::new();
    for batch in ArrowArrayStreamReader::try_new(stream)? {
        batches.push(batch?);
    }
    session.register_batch("rfm", batches.remove(0))?;
    session
        .sql("SELECT customer_id, orders, revenue, segment FROM rfm ORDER BY customer_id")
        .await?
        .show()
        .await?;
    Ok(())
}
