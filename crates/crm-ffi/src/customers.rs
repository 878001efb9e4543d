//! The customers table.

use crate::boundary::{crm_text, guard};
use crate::catalogue::Text;
use crate::columns::{self, crm_column};
use crate::error::{Fault, crm_error, crm_status_t};
use crate::handles;
use crate::job::{crm_job, under};
use crate::memory::boxed;
use crate::orders::with_cells;
use crate::rows::{self, Rows, Spec, crm_rows};
use crate::saved;
use crm_core::data::{Customers, CustomersSpec, Receipt};
use serde_json::json;
use std::ffi::c_char;
use std::sync::Arc;

/// A table of customers: date of registration, opt-out, dimensions. `{0}` is no table.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct crm_customers {
    /// The handle; 0 is no table.
    pub id: u64,
}

pub(crate) struct CustomersObject(pub(crate) Arc<Customers>, Text);

pub(crate) fn open(customers: Customers) -> Result<crm_customers, Fault> {
    open_with(customers, None)
}

fn open_with(customers: Customers, forgotten: Option<Receipt>) -> Result<crm_customers, Fault> {
    let mut info = json!({"customers": customers.len()});
    if let Some(receipt) = forgotten {
        info["forgotten"] = json!({"customers": receipt.customers, "unknown": receipt.unknown});
    }
    let info = Text::new(&info.to_string())?;
    // `Arc::new` would abort without memory. A fallible allocation of the same size is tried first.
    drop(boxed([0_u8; size_of::<Customers>() + 64])?);
    Ok(crm_customers {
        id: handles::insert(CustomersObject(Arc::new(customers), info))?,
    })
}

/// Makes a table of customers from columns, as `crm_orders_from_columns` does. `spec` is JSON:
/// `{customer_id, registered_at, opted_out, birth_date, dimensions, bins, timezone}`, all optional. Free it with
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
        out.set(rows::finish(rows, |spec, batches| {
            let Spec::Customers(spec) = spec else {
                return Err(Fault::state(
                    "rows",
                    "are no customers: crm_orders_finish or crm_events_finish",
                ));
            };
            under(job, |context| {
                open(Customers::from_batches(spec, batches, context)?)
            })
        })?);
        Ok(())
    })
}

/// The table without some customers, as if made from rows that never had them; `ids` is a JSON array of numbers or
/// texts. `crm_customers_info` of the new table has the counts in `forgotten`: `customers`, and `unknown`, the given
/// ids that were not in the table.
///
/// Also returns `CRM_ERR_OPTION` (`ids` is no such array, or ids are of another type than came in).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_customers_forget(
    customers: crm_customers,
    ids: *const c_char,
    ids_size: i64,
    job: crm_job,
    out: *mut crm_customers,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let ids = caller.text("ids", ids, ids_size)?;
        let out = caller.out("out", out)?;
        let customers = handles::pin::<CustomersObject>(customers.id)?;
        let ids = saved::ids(ids)?;
        let (rest, receipt) = under(job, |context| Ok(customers.0.forget(&ids, context)?))?;
        out.set(open_with(rest, Some(receipt))?);
        Ok(())
    })
}

/// The table as bytes, for a file or a cache, as `crm_orders_write` writes orders. Orders that have a table of
/// customers are written with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_customers_write(
    customers: crm_customers,
    buffer: *mut c_char,
    capacity: usize,
    size: *mut usize,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        saved::write(caller, (buffer, capacity), size, || {
            let customers = handles::pin::<CustomersObject>(customers.id)?;
            Ok(customers.0.to_bytes()?)
        })
    })
}

/// A table that `crm_customers_write` has written.
///
/// Also returns `CRM_ERR_DATA` (no such bytes, cut short, changed, of another format).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_customers_read(
    bytes: *const c_char,
    size: u64,
    job: crm_job,
    out: *mut crm_customers,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        let bytes = caller.bytes("bytes", bytes, size)?;
        let customers = under(job, |context| Ok(Customers::from_bytes(bytes, context)?))?;
        out.set(open(customers)?);
        Ok(())
    })
}

/// The number of customers as JSON: `{customers}`. The text lives as long as the table.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_customers_info(
    customers: crm_customers,
    out: *mut crm_text,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        out.set(handles::pin::<CustomersObject>(customers.id)?.1.get());
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
