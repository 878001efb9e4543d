//! The customers table.

use crate::boundary::guard;
use crate::columns::{self, crm_column};
use crate::error::{Fault, crm_error, crm_status_t};
use crate::handles;
use crate::job::{crm_job, under};
use crate::memory::boxed;
use crate::orders::with_cells;
use crate::rows::{Rows, RowsObject, Spec, crm_rows};
use crm_core::data::{Customers, CustomersSpec};
use std::ffi::c_char;
use std::sync::Arc;

/// A table of customers: date of registration, opt-out, dimensions. `{0}` is no table.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct crm_customers {
    /// The handle; 0 is no table.
    pub id: u64,
}

pub(crate) struct CustomersObject(pub(crate) Arc<Customers>);

pub(crate) fn open(customers: Customers) -> Result<crm_customers, Fault> {
    // `Arc::new` would abort without memory. A fallible allocation of the same size is tried first.
    drop(boxed([0_u8; size_of::<Customers>() + 64])?);
    Ok(crm_customers {
        id: handles::insert(CustomersObject(Arc::new(customers)))?,
    })
}

/// Makes a table of customers from columns, as `crm_orders_from_columns` does. `spec` is JSON:
/// `{customer_id, registered_at, opted_out, dimensions, timezone}`, all optional. Free it with
/// `crm_customers_free`.
///
/// Also returns the statuses of `crm_orders_from_columns`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_customers_from_columns(
    spec: *const c_char,
    spec_size: i64,
    columns: *const crm_column,
    n_columns: usize,
    job: crm_job,
    out: *mut crm_customers,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let spec = caller.text("spec", spec, spec_size)?;
        let out = caller.out("out", out)?;
        let spec = CustomersSpec::parse(spec)?;
        let batch = columns::batch(caller, columns, n_columns, Some(&spec.columns()))?;
        let customers = under(job, |context| {
            Ok(Customers::from_batches(&spec, &[batch], context)?)
        })?;
        out.set(open(customers)?);
        Ok(())
    })
}

/// Begins a table of customers row by row, as `crm_orders_begin` does.
///
/// Also returns the statuses of `crm_orders_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_customers_begin(
    spec: *const c_char,
    spec_size: i64,
    out: *mut crm_rows,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let spec = caller.text("spec", spec, spec_size)?;
        let out = caller.out("out", out)?;
        let (spec, names) = with_cells::<CustomersSpec>(spec)?;
        let id = Rows::new(Spec::Customers(spec), names)?.open()?;
        out.set(crm_rows { id });
        Ok(())
    })
}

/// Makes a table of customers from rows, as `crm_orders_finish` does.
///
/// Also returns the statuses of `crm_orders_finish`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_customers_finish(
    rows: crm_rows,
    job: crm_job,
    out: *mut crm_customers,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        let pin = handles::pin::<RowsObject>(rows.id)?;
        let customers = {
            let mut rows = pin.lock()?;
            let (spec, batch) = rows.batch()?;
            let Spec::Customers(spec) = spec else {
                return Err(Fault::state(
                    "rows",
                    "are no customers: crm_orders_finish or crm_events_finish",
                ));
            };
            let batch = std::slice::from_ref(batch);
            under(job, |context| {
                Ok(Customers::from_batches(spec, batch, context)?)
            })?
        };
        let customers = open(customers)?;
        out.set(customers);
        // Another thread may have freed the rows meanwhile; that is not an error.
        let _ = handles::free::<RowsObject>(rows.id);
        Ok(())
    })
}

/// Frees a table of customers. Orders made with it stay valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_customers_free(
    customers: crm_customers,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |_caller| handles::free::<CustomersObject>(
        customers.id
    ))
}
