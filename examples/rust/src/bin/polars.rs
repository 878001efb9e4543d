//! A polars data frame as orders, and the answer as a data frame.

use crm_core::data::OrdersSpec;
use crm_core::{Context, Dataset, Orders, register};
use polars::prelude::*;
use polars_arrow::array::{Array, StructArray};
use polars_arrow::datatypes::{ArrowDataType, Field as ArrowField};
use polars_arrow::ffi;
use std::error::Error;

/// The chunks of a data frame as a stream of the Arrow C stream interface.
fn stream_of(frame: &DataFrame) -> ffi::ArrowArrayStream {
    let level = CompatLevel::oldest();
    let fields: Vec<ArrowField> = frame
        .schema()
        .iter_fields()
        .map(|field| field.to_arrow(level))
        .collect();
    let of_rows = ArrowDataType::Struct(fields);
    let chunks: Vec<PolarsResult<Box<dyn Array>>> = frame
        .iter_chunks(level, false)
        .map(|chunk| {
            let rows = chunk.len();
            Ok(StructArray::new(of_rows.clone(), rows, chunk.into_arrays(), None).boxed())
        })
        .collect();
    ffi::export_iterator(
        Box::new(chunks.into_iter()),
        ArrowField::new("".into(), of_rows, false),
    )
}

fn main() -> Result<(), Box<dyn Error>> {
    let frame = df!(
        "customer_id" => ["hanako", "hanako", "taro", "jiro"],
        "ordered_at" => ["2026-01-05T10:00:00", "2026-03-05T10:00:00", "2026-02-01T12:00:00", "2025-06-10T09:30:00"],
        "amount" => [5_000_i64, 7_000, 2_000, 12_000],
    )?;

    let spec = OrdersSpec::parse(r#"{"currency": "JPY", "timezone": "Asia/Tokyo"}"#)?;
    let context = Context::default();
    let mut stream = stream_of(&frame);
    // SAFETY: `stream` is an `ArrowArrayStream` that nobody else uses.
    let columns =
        unsafe { crm_arrow::read_stream_at((&raw mut stream).cast(), &spec.columns(), &context)? };
    let orders = Orders::from_batches(&spec, &columns, None, &context)?;

    let request = r#"{"as_of": "2026-03-31"}"#;
    let table = register::run("rfm", &Dataset::Orders(&orders), request, &context)?;
    let mut stream = Box::new(ffi::ArrowArrayStream::empty());
    // SAFETY: `stream` is an empty `ArrowArrayStream` that may be overwritten; the reader takes it over.
    let mut reader = unsafe {
        crm_arrow::write_stream_at(
            &table,
            crm_arrow::Style::default(),
            (&raw mut *stream).cast(),
        )?;
        ffi::ArrowArrayStreamReader::try_new(stream)?
    };
    // SAFETY: as the C stream interface asks, one chunk at a time. The table has one.
    let chunk = unsafe { reader.next() }.ok_or("the answer has no rows")??;
    let rows = chunk
        .as_any()
        .downcast_ref::<StructArray>()
        .ok_or("rows are structs")?;
    let columns = rows
        .fields()
        .iter()
        .zip(rows.values())
        .map(|(field, cells)| Ok(Series::from_arrow(field.name.clone(), cells.clone())?.into()));
    let answer = DataFrame::new(rows.len(), columns.collect::<PolarsResult<Vec<_>>>()?)?;
    println!(
        "{}",
        answer.select(["customer_id", "orders", "revenue", "segment"])?
    );
    Ok(())
}
