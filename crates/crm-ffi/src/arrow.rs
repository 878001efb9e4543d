//! Arrow streams as input and output.

use crate::boundary::guard;
use crate::customers::{self, crm_customers};
use crate::error::{crm_error, crm_status_t};
use crate::events::{self, crm_events};
use crate::handles;
use crate::job::{crm_job, under};
use crate::orders::{self, crm_orders};
use crate::table::{TableObject, crm_table};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use crm_core::data::{Customers, CustomersSpec, EventsSpec, OrdersSpec};
use crm_core::{Events, Orders};
use std::ffi::c_char;

/// Makes orders from an Arrow C stream of record batches, as `crm_orders_from_columns` does from
/// columns. The stream is always consumed: after the call its `release` is NULL, also on failure.
/// Everything that Arrow's C structs allow to be checked is checked before the first value is read.
/// They have no buffer sizes, so the producer must make buffers as long as their offsets say;
/// `crm_orders_from_columns` does not need to rely on that.
///
/// Also returns `CRM_ERR_OPTION` (the spec), `CRM_ERR_SCHEMA` (a column or the stream),
/// `CRM_ERR_DATA` (a row, a sum).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_orders_from_arrow(
    spec: *const c_char,
    spec_size: i64,
    stream: *mut FFI_ArrowArrayStream,
    customers: crm_customers,
    job: crm_job,
    out: *mut crm_orders,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let stream = caller.stream("stream", stream)?;
        let spec = caller.text("spec", spec, spec_size)?;
        let out = caller.out("out", out)?;
        let customers = orders::customers(customers)?;
        let spec = OrdersSpec::parse(spec)?;
        let made = under(job, |context| {
            let batches = crm_arrow::read_stream(stream, &spec.columns(), context)?;
            Ok(Orders::from_batches(&spec, &batches, customers, context)?)
        })?;
        out.set(orders::open(made)?);
        Ok(())
    })
}

/// Makes a table of customers from an Arrow C stream, consumed as by `crm_orders_from_arrow`.
///
/// Also returns the statuses of `crm_orders_from_arrow`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_customers_from_arrow(
    spec: *const c_char,
    spec_size: i64,
    stream: *mut FFI_ArrowArrayStream,
    job: crm_job,
    out: *mut crm_customers,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let stream = caller.stream("stream", stream)?;
        let spec = caller.text("spec", spec, spec_size)?;
        let out = caller.out("out", out)?;
        let spec = CustomersSpec::parse(spec)?;
        let made = under(job, |context| {
            let batches = crm_arrow::read_stream(stream, &spec.columns(), context)?;
            Ok(Customers::from_batches(&spec, &batches, context)?)
        })?;
        out.set(customers::open(made)?);
        Ok(())
    })
}

/// Makes events from an Arrow C stream, consumed as by `crm_orders_from_arrow`.
///
/// Also returns the statuses of `crm_orders_from_arrow`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_events_from_arrow(
    spec: *const c_char,
    spec_size: i64,
    stream: *mut FFI_ArrowArrayStream,
    job: crm_job,
    out: *mut crm_events,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let stream = caller.stream("stream", stream)?;
        let spec = caller.text("spec", spec, spec_size)?;
        let out = caller.out("out", out)?;
        let spec = EventsSpec::parse(spec)?;
        let made = under(job, |context| {
            let batches = crm_arrow::read_stream(stream, &spec.columns(), context)?;
            Ok(Events::from_batches(&spec, &batches, context)?)
        })?;
        out.set(events::open(made)?);
        Ok(())
    })
}

/// The table as an Arrow C stream of one record batch, with the definition in the schema's
/// metadata. The stream outlives the table; release it as Arrow requires. Money is decimal128,
/// words are dictionaries of texts, dates are date32. `out` may be uninitialised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_to_arrow(
    table: crm_table,
    out: *mut FFI_ArrowArrayStream,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        let table = handles::pin::<TableObject>(table.id)?;
        out.set(crm_arrow::to_stream(
            table.table(),
            crm_arrow::Style::default(),
        )?);
        Ok(())
    })
}
