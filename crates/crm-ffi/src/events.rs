//! Events from columns, rows or an Arrow stream, and functions of events.

use crate::boundary::{crm_text, guard};
use crate::catalogue::Text;
use crate::columns::{self, crm_column};
use crate::error::{Fault, crm_error, crm_status_t};
use crate::handles;
use crate::job::{crm_job, under};
use crate::memory::Once;
use crate::orders::{OrdersObject, crm_orders, with_cells};
use crate::rows::{self, Rows, Spec, crm_rows};
use crate::saved;
use crm_core::data::{EventsSpec, Whose};
use crm_core::scope::Filter;
use crm_core::{Events, request};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::ffi::c_char;

/// Events: validated, sorted, immutable. Many threads may read them at once.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct crm_events {
    /// The handle.
    pub id: u64,
}

pub(crate) struct EventsObject {
    pub(crate) events: Events,
    /// Made on first use: to count visitors, appended events must be merged.
    info: Once<Text>,
    /// What a call has changed, under a name of its own.
    change: Option<(&'static str, Value)>,
}

/// A handle for these events.
pub(crate) fn open(events: Events) -> Result<crm_events, Fault> {
    open_with(events, None)
}

fn open_with(events: Events, change: Option<(&'static str, Value)>) -> Result<crm_events, Fault> {
    let object = EventsObject {
        events,
        info: Once::new(),
        change,
    };
    Ok(crm_events {
        id: handles::insert(object)?,
    })
}

impl EventsObject {
    fn info(&self) -> Result<&Text, Fault> {
        self.info.get_or_make(|| self.info_text())
    }

    fn info_text(&self) -> Result<Text, Fault> {
        let events = &self.events;
        let date = |day: Option<crm_core::Day>| day.map(|day| day.to_string());
        let mut info = json!({
            "events": events.len(),
            "visitors": events.n_visitors()?,
            "first_date": date(events.first_date()),
            "last_date": date(events.last_date()),
            "rows_left_out": events.rows_left_out(),
            "zone": events.zone().to_string(),
        });
        if let Some((name, change)) = &self.change {
            info[*name] = change.clone();
        }
        Text::new(&info.to_string())
    }
}

/// Makes events from columns with a length for every buffer. `spec` is JSON: the roles of columns
/// and how to read them; the default columns are visitor_id, occurred_at and kind. Columns that the
/// spec does not name are not read. Nothing of the buffers is kept. `job` may be `{0}`. Free the
/// events with `crm_events_free`.
///
/// Also returns the statuses of `crm_orders_from_columns`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_events_from_columns(
    spec: *const c_char,
    spec_size: i64,
    columns: *const crm_column,
    n_columns: usize,
    job: crm_job,
    out: *mut crm_events,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let spec = caller.text("spec", spec, spec_size)?;
        let out = caller.out("out", out)?;
        let spec = EventsSpec::parse(spec)?;
        let batch = columns::batch(caller, columns, n_columns, Some(&spec.columns()))?;
        let events = under(job, |context| {
            Ok(Events::from_batches(&spec, &[batch], context)?)
        })?;
        out.set(open(events)?);
        Ok(())
    })
}

/// Begins events row by row, as `crm_orders_begin` does for orders. End with `crm_events_finish`,
/// or with `crm_rows_free` to discard them.
///
/// Also returns the statuses of `crm_orders_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_events_begin(
    spec: *const c_char,
    spec_size: i64,
    out: *mut crm_rows,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let spec = caller.text("spec", spec, spec_size)?;
        let out = caller.out("out", out)?;
        let (spec, names) = with_cells::<EventsSpec>(spec)?;
        let id = Rows::new(Spec::Events(Box::new(spec)), names)?.open()?;
        out.set(crm_rows { id });
        Ok(())
    })
}

/// Makes events from rows. On success the rows are freed. On failure they stay but accept no more
/// rows; finish them again (for example after a cancelled job) or free them.
///
/// Also returns the statuses of `crm_orders_finish`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_events_finish(
    rows: crm_rows,
    job: crm_job,
    out: *mut crm_events,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        out.set(rows::finish(rows, |spec, batches| {
            let Spec::Events(spec) = spec else {
                return Err(Fault::state(
                    "rows",
                    "are no events: crm_orders_finish or crm_customers_finish",
                ));
            };
            under(job, |context| {
                open(Events::from_batches(spec, batches, context)?)
            })
        })?);
        Ok(())
    })
}

/// The events that a filter keeps: `{"where": {...}}` as in the scope of an analysis.
///
/// Also returns `CRM_ERR_OPTION` (the request), `CRM_ERR_SCHEMA` (`where` names a column that the
/// events lack).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_events_view(
    events: crm_events,
    request: *const c_char,
    request_size: i64,
    job: crm_job,
    out: *mut crm_events,
    error: *mut crm_error,
) -> crm_status_t {
    #[derive(Default, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Request {
        r#where: Filter,
    }
    guard!(error, |caller| {
        let request = caller.text("request", request, request_size)?;
        let out = caller.out("out", out)?;
        let events = handles::pin::<EventsObject>(events.id)?;
        let request: Request = request::read(request)?;
        let view = under(job, |context| {
            Ok(events.events.view(&request.r#where, context)?)
        })?;
        out.set(open(view)?);
        Ok(())
    })
}

/// These events and more, as if made from all rows at once. The call is cheap; the first call that
/// uses the result merges them.
///
/// Also returns `CRM_ERR_OPTION` (other settings or another zone), `CRM_ERR_SCHEMA` (another type
/// of ids), `CRM_ERR_DATA` (more events than one log can hold).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_events_concat(
    events: crm_events,
    more: crm_events,
    job: crm_job,
    out: *mut crm_events,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        let events = handles::pin::<EventsObject>(events.id)?;
        let more = handles::pin::<EventsObject>(more.id)?;
        let all = under(job, |_| Ok(events.events.concat(&more.events)?))?;
        out.set(open(all)?);
        Ok(())
    })
}

/// The events and the orders of their customers, as one log: each order that counts is a purchase of its customer with
/// its net amount, and one that the log has, too, by order id, counts once. `crm_events_info` of the new events has
/// `with_orders`: orders `added` and `known`, orders `of_others` (customers without an event, guests), which are not
/// added, purchases `not_counted` (cancelled) and `of_another_customer` (the orders have the id under another customer),
/// which are taken out, and purchases `without_order_id`. Where orders of several shops have one order id, each is `id (shop)`.
///
/// Also returns `CRM_ERR_OPTION` (a view, events without customers, another currency, no order ids, a purchase that may be an
/// order of several shops), `CRM_ERR_SCHEMA`
/// (another type of ids), `CRM_ERR_DATA` (amounts that do not fit).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_events_with_orders(
    events: crm_events,
    orders: crm_orders,
    job: crm_job,
    out: *mut crm_events,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        let events = handles::pin::<EventsObject>(events.id)?;
        let orders = handles::pin::<OrdersObject>(orders.id)?;
        let (all, receipt) = under(job, |context| {
            let orders = orders.whole(context)?;
            Ok(events.events.with_orders(&orders, context)?)
        })?;
        out.set(open_with(all, Some(("with_orders", json!(receipt))))?);
        Ok(())
    })
}

/// The events without some people, as if made from rows that never had them: `ids` is a JSON array of numbers or
/// texts, of customers (`whose` 0) or of visitors (`whose` 1). Events of a customer are those of visitors joined to
/// the customer. `crm_events_info` of the new events has the counts in `forgotten`: `found` (customers or visitors),
/// `events`, and `unknown`, the given ids that were not in the events.
///
/// Also returns `CRM_ERR_OPTION` (`ids` is no such array, a view, customers of events without a customer column),
/// `CRM_ERR_ARGUMENT` (`whose` is neither 0 nor 1).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_events_forget(
    events: crm_events,
    ids: *const c_char,
    ids_size: i64,
    whose: i32,
    job: crm_job,
    out: *mut crm_events,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let ids = caller.text("ids", ids, ids_size)?;
        let out = caller.out("out", out)?;
        let events = handles::pin::<EventsObject>(events.id)?;
        let ids = saved::ids(ids)?;
        let whose = match whose {
            0 => Whose::Customer,
            1 => Whose::Visitor,
            _ => return Err(Fault::argument("whose", "is neither 0 nor 1")),
        };
        let (rest, receipt) = under(job, |context| {
            Ok(events.events.forget(&ids, whose, context)?)
        })?;
        out.set(open_with(rest, Some(("forgotten", json!(receipt))))?);
        Ok(())
    })
}

/// The events as bytes, for a file or a cache, as `crm_orders_write` writes orders.
///
/// Also returns `CRM_ERR_OPTION` (a view).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_events_write(
    events: crm_events,
    buffer: *mut c_char,
    capacity: usize,
    size: *mut usize,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        saved::write(caller, (buffer, capacity), size, || {
            let events = handles::pin::<EventsObject>(events.id)?;
            Ok(events.events.to_bytes()?)
        })
    })
}

/// Events that `crm_events_write` has written; every analysis gives the same bits of them.
///
/// Also returns `CRM_ERR_DATA` (no such bytes, cut short, changed, of another format).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_events_read(
    bytes: *const c_char,
    size: u64,
    job: crm_job,
    out: *mut crm_events,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        let bytes = caller.bytes("bytes", bytes, size)?;
        let events = under(job, |context| Ok(Events::from_bytes(bytes, context)?))?;
        out.set(open(events)?);
        Ok(())
    })
}

/// Counts, dates and zone as JSON: `{events, visitors, first_date, last_date, rows_left_out,
/// zone}`. The text lives as long as the events.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_events_info(
    events: crm_events,
    out: *mut crm_text,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        out.set(handles::pin::<EventsObject>(events.id)?.info()?.get());
        Ok(())
    })
}

/// Frees events. Views, tables and running calls that use them stay valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_events_free(
    events: crm_events,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |_caller| handles::free::<EventsObject>(events.id))
}
