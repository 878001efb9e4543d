//! Runs analyses.

use crate::boundary::guard;
use crate::columns::{self, crm_column};
use crate::error::{Fault, crm_error, crm_status, crm_status_t};
use crate::events::EventsObject;
use crate::handles::{self, Kind, Pin};
use crate::job::{crm_job, under};
use crate::orders::OrdersObject;
use crate::table::{TableObject, crm_table};
use crm_core::{Dataset, Table, register};
use std::ffi::c_char;

/// The dataset of an analysis: orders, events or a table, made with `CRM_DATA(handle)`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct crm_data {
    /// The handle.
    pub id: u64,
}

/// Makes a table for analyses that read tables (fits, predictions) from columns with a length for
/// every buffer. All columns are read. Texts and the column `customer_id` become ids. Nothing of
/// the buffers is kept. Free the table with `crm_table_free`.
///
/// Also returns `CRM_ERR_SCHEMA` (a column), `CRM_ERR_DATA` (a cell), `CRM_ERR_ARGUMENT` (over 4096
/// columns, an unknown `size`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_table_from_columns(
    columns: *const crm_column,
    n_columns: usize,
    job: crm_job,
    out: *mut crm_table,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        let batch = columns::batch(caller, columns, n_columns, None)?;
        let table = under(job, |context| Ok(Table::from_batch(&batch, context)?))?;
        out.set(crm_table {
            id: handles::insert(TableObject::new(table)?)?,
        });
        Ok(())
    })
}

/// Runs an analysis of `crm_tasks`. `options` is one flat JSON object of scope and options, see
/// `crm_describe`; `""` or `"{}"` means defaults. `job` may be `{0}`. Free the table with
/// `crm_table_free`.
///
/// Also returns `CRM_ERR_OPTION` (the name of the analysis, an option, or data of another kind than
/// the analysis reads), `CRM_ERR_SCHEMA` (a column is missing or of a wrong type), `CRM_ERR_DATA`
/// (a value, a sum, or too little data), `CRM_ERR_CONVERGENCE` (a fit did not converge).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_run(
    task: *const c_char,
    data: crm_data,
    options: *const c_char,
    options_size: i64,
    job: crm_job,
    out: *mut crm_table,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let task = caller.text("task", task, -1)?;
        let options = caller.text("options", options, options_size)?;
        let out = caller.out("out", out)?;
        let input = Pinned::of(data)?;
        let table = under(job, |context| {
            let orders;
            let dataset = match &input {
                Pinned::Orders(pin) => {
                    orders = pin.whole(context)?;
                    Dataset::Orders(&orders)
                }
                Pinned::Events(pin) => Dataset::Events(&pin.events),
                Pinned::Table(pin) => Dataset::Table(pin.table()),
            };
            Ok(register::run(task, &dataset, options, context)?)
        })?;
        out.set(crm_table {
            id: handles::insert(TableObject::new(table)?)?,
        });
        Ok(())
    })
}

/// The object of a handle, pinned while an analysis reads it.
enum Pinned {
    Orders(Pin<OrdersObject>),
    Events(Pin<EventsObject>),
    Table(Pin<TableObject>),
}

impl Pinned {
    fn of(data: crm_data) -> Result<Pinned, Fault> {
        Ok(match data.id >> 49 {
            OrdersObject::TAG => Pinned::Orders(handles::pin(data.id)?),
            EventsObject::TAG => Pinned::Events(handles::pin(data.id)?),
            TableObject::TAG => Pinned::Table(handles::pin(data.id)?),
            _ => {
                let problem = "this handle is no orders, no events and no table";
                return Err(Fault::new(crm_status::CRM_ERR_HANDLE, "data", problem));
            }
        })
    }
}
