//! Orders from columns, rows or an Arrow stream, and functions of orders.

use crate::boundary::{crm_text, guard};
use crate::catalogue::Text;
use crate::columns::{self, crm_column};
use crate::customers::{CustomersObject, crm_customers};
use crate::error::{Fault, crm_error, crm_status_t};
use crate::handles;
use crate::job::{crm_job, under};
use crate::memory::Once;
use crate::rows::{self, Rows, Spec, crm_rows};
use crate::saved;
use crate::table::{TableObject, crm_table};
use crm_core::data::{Customers, GrowingOrders, OnRepeat, OrdersSpec};
use crm_core::scope::{Filter, Policy};
use crm_core::{Context, Error, Orders, request};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::ffi::c_char;
use std::sync::Arc;

/// Orders: validated, immutable. Many threads may read them at once.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct crm_orders {
    /// The handle.
    pub id: u64,
}

pub(crate) struct OrdersObject {
    orders: GrowingOrders,
    /// Made on first use: it counts customers.
    info: Once<Text>,
    /// What a call has changed, under a name of its own.
    change: Option<(&'static str, Value)>,
}

/// A handle for these orders.
pub(crate) fn open(orders: Orders) -> Result<crm_orders, Fault> {
    open_with(orders.into(), None)
}

fn open_with(
    orders: GrowingOrders,
    change: Option<(&'static str, Value)>,
) -> Result<crm_orders, Fault> {
    let object = OrdersObject {
        orders,
        info: Once::new(),
        change,
    };
    Ok(crm_orders {
        id: handles::insert(object)?,
    })
}

impl OrdersObject {
    /// All orders: what was appended is put together on first use.
    pub(crate) fn whole(&self, context: &Context<'_>) -> Result<Arc<Orders>, Fault> {
        Ok(self.orders.whole(context)?)
    }

    fn info(&self) -> Result<&Text, Fault> {
        self.info.get_or_make(|| {
            let orders = self.whole(&Context::default())?;
            let date = |day: Option<crm_core::Day>| day.map(|day| day.to_string());
            let mut info = json!({
                "orders": orders.len(),
                "customers": orders.n_customers(),
                "first_date": date(orders.first_date()),
                "last_date": date(orders.last_date()),
                "currency": orders.currency().code(),
                "zone": orders.zone().to_string(),
            });
            if let Some((name, change)) = &self.change {
                info[*name] = change.clone();
            }
            Text::new(&info.to_string())
        })
    }
}

/// The customers table of a handle; 0 is none.
pub(crate) fn customers(handle: crm_customers) -> Result<Option<Arc<Customers>>, Fault> {
    match handle.id {
        0 => Ok(None),
        id => Ok(Some(handles::pin::<CustomersObject>(id)?.0.clone())),
    }
}

/// Makes orders from columns with a length for every buffer. `spec` is JSON: the roles of columns
/// and how to read them, at least `{"currency": "JPY"}`; see the reference for all keys. Columns
/// that the spec does not name are not read. Nothing of the buffers is kept. `customers` and `job`
/// may be `{0}`. Free the orders with `crm_orders_free`.
///
/// Also returns `CRM_ERR_OPTION` (the spec), `CRM_ERR_SCHEMA` (a column), `CRM_ERR_DATA` (a row, a
/// sum), `CRM_ERR_ARGUMENT` (over 4096 columns, an unknown `size`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_orders_from_columns(
    spec: *const c_char,
    spec_size: i64,
    columns: *const crm_column,
    n_columns: usize,
    customers: crm_customers,
    job: crm_job,
    out: *mut crm_orders,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let spec = caller.text("spec", spec, spec_size)?;
        let out = caller.out("out", out)?;
        let customers = self::customers(customers)?;
        let spec = OrdersSpec::parse(spec)?;
        let batch = columns::batch(caller, columns, n_columns, Some(&spec.columns()))?;
        let orders = under(job, |context| {
            Ok(Orders::from_batches(&spec, &[batch], customers, context)?)
        })?;
        out.set(open(orders)?);
        Ok(())
    })
}

/// Begins orders row by row. `spec` is as in `crm_orders_from_columns`, with one more required key:
/// `"cells"`, the names of the columns in the order of a row's cells, such as
/// `["customer_id", "ordered_at", "amount"]`. Columns that are not read may be among them. Then add
/// the cells of each row and `crm_row_end`, or batches with `crm_rows_json`. End with
/// `crm_orders_finish`, or with `crm_rows_free` to discard the rows.
///
/// Also returns `CRM_ERR_OPTION` (the spec; no `"cells"`), `CRM_ERR_SCHEMA` (`"cells"` lacks a column
/// that the spec names).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_orders_begin(
    spec: *const c_char,
    spec_size: i64,
    out: *mut crm_rows,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let spec = caller.text("spec", spec, spec_size)?;
        let out = caller.out("out", out)?;
        let (spec, names) = with_cells::<OrdersSpec>(spec)?;
        spec.currency()?;
        let id = Rows::new(Spec::Orders(Box::new(spec)), names)?.open()?;
        out.set(crm_rows { id });
        Ok(())
    })
}

/// Splits a spec into the core's spec and the names of a row's cells. There is no default order of
/// cells: with it, a mistake could put money into another column without an error.
pub(crate) fn with_cells<T>(spec: &str) -> Result<(T, Vec<String>), Fault>
where
    T: DeserializeOwned + Default + Serialize,
{
    let mut map: Map<String, Value> = request::read(spec)?;
    let names = match map.remove("cells").map(serde_json::from_value) {
        Some(Ok(names)) => names,
        _ => {
            let expected = "the names of a row's cells, in their order";
            return Err(Error::option("cells", "", expected).into());
        }
    };
    Ok((request::read_object(&map)?, names))
}

/// Makes orders from rows. On success the rows are freed. On failure they stay but accept no more
/// rows; finish them again (for example after a cancelled job) or free them.
///
/// Also returns `CRM_ERR_OPTION`, `CRM_ERR_SCHEMA` and `CRM_ERR_DATA` as for columns,
/// `CRM_ERR_STATE` (a row is unfinished, or the rows are not orders), `CRM_ERR_BUSY` (another
/// thread is inside a call with the rows).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_orders_finish(
    rows: crm_rows,
    customers: crm_customers,
    job: crm_job,
    out: *mut crm_orders,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        out.set(rows::finish(rows, |spec, batches| {
            let customers = self::customers(customers)?;
            let Spec::Orders(spec) = spec else {
                return Err(Fault::state(
                    "rows",
                    "are no orders: crm_customers_finish or crm_events_finish",
                ));
            };
            under(job, |context| {
                open(Orders::from_batches(spec, batches, customers, context)?)
            })
        })?);
        Ok(())
    })
}

/// The orders that a filter and a policy choose: `{"where": {...}, "policy": {...}}`, both as in
/// the scope of an analysis. The data are shared; the default `as_of` is that of the whole import.
///
/// Also returns `CRM_ERR_OPTION` (the request), `CRM_ERR_SCHEMA` (`where` names a column that the
/// orders lack).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_orders_view(
    orders: crm_orders,
    request: *const c_char,
    request_size: i64,
    job: crm_job,
    out: *mut crm_orders,
    error: *mut crm_error,
) -> crm_status_t {
    #[derive(Default, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Request {
        r#where: Filter,
        policy: Option<Policy>,
    }
    guard!(error, |caller| {
        let request = caller.text("request", request, request_size)?;
        let out = caller.out("out", out)?;
        let orders = handles::pin::<OrdersObject>(orders.id)?;
        let request: Request = request::read(request)?;
        let view = under(job, |context| {
            let orders = orders.whole(context)?;
            Ok(orders.view(&request.r#where, request.policy, context)?)
        })?;
        out.set(open(view)?);
        Ok(())
    })
}

/// These orders and more, as if made from all rows at once. A customers table that only one of them
/// has applies to all.
///
/// Also returns `CRM_ERR_DATA` (a conflict of rows, a sum), `CRM_ERR_SCHEMA` (another type of ids or
/// of a column), `CRM_ERR_OPTION` (another currency, setting, zone, policy or customers table, which
/// the message names, or a view with a filter).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_orders_concat(
    orders: crm_orders,
    more: crm_orders,
    job: crm_job,
    out: *mut crm_orders,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        let orders = handles::pin::<OrdersObject>(orders.id)?;
        let more = handles::pin::<OrdersObject>(more.id)?;
        let all = under(job, |context| {
            let (orders, more) = (orders.whole(context)?, more.whole(context)?);
            Ok(orders.concat(&more, context)?)
        })?;
        out.set(open(all)?);
        Ok(())
    })
}

/// These orders with `more` orders of the same spec appended, such as a shop's daily export. `request` chooses what
/// happens to an order that is there already, recognised by its order id (and shop): `{"on_repeat": "refuse"}` (the
/// default: an error names its row), `"replace"` (a correction or cancellation takes its place), `"first"` (the order
/// that is there stays) or `"add"` (its rows are further lines, as in `crm_orders_concat`). Orders without an order
/// id cannot be recognised; all are added. The policy and the customers table stay. `crm_orders_info` of the new
/// orders has the counts in `appended`: `orders`, `rows`, `repeated` (orders that were there already) and
/// `rows_left_out`. The call is cheap if no order was there: the first call that needs all orders puts them together;
/// `crm_orders_of_customers` does not.
///
/// Also returns `CRM_ERR_DATA` (an order that is there already, a conflict of rows, a sum), and the statuses of
/// `crm_orders_concat`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_orders_append(
    orders: crm_orders,
    more: crm_orders,
    request: *const c_char,
    request_size: i64,
    job: crm_job,
    out: *mut crm_orders,
    error: *mut crm_error,
) -> crm_status_t {
    #[derive(Default, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Request {
        on_repeat: Option<OnRepeat>,
    }
    guard!(error, |caller| {
        let request = caller.text("request", request, request_size)?;
        let out = caller.out("out", out)?;
        let orders = handles::pin::<OrdersObject>(orders.id)?;
        let more = handles::pin::<OrdersObject>(more.id)?;
        let request: Request = request::read(request)?;
        let (all, came) = under(job, |context| {
            let more = more.whole(context)?;
            Ok(orders.orders.append(&more, request.on_repeat, context)?)
        })?;
        out.set(open_with(all, Some(("appended", json!(came))))?);
        Ok(())
    })
}

/// The orders of some customers and nothing else: `ids` is a JSON array of numbers or texts. Analyses of single
/// customers with a document of `learn` (`customer`, `cycle`, `alerts`) give the same of them as of all orders, in well
/// under a millisecond: the call does not read the orders of others. The first call for an import makes an index of its
/// rows. Their rows of the customers table stay; the last date, the default `as_of`, is that of all orders. Unknown ids
/// have no orders.
///
/// Also returns `CRM_ERR_OPTION` (`ids` is no such array, ids are of another type than came in, a view with a filter).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_orders_of_customers(
    orders: crm_orders,
    ids: *const c_char,
    ids_size: i64,
    job: crm_job,
    out: *mut crm_orders,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let ids = caller.text("ids", ids, ids_size)?;
        let out = caller.out("out", out)?;
        let orders = handles::pin::<OrdersObject>(orders.id)?;
        let ids = saved::ids(ids)?;
        let theirs = under(job, |context| {
            Ok(orders.orders.of_customers(&ids, context)?)
        })?;
        out.set(open(theirs)?);
        Ok(())
    })
}

/// The orders without some customers, as if made from rows that never had them: `ids` is a JSON array of numbers or
/// texts. The result lacks their rows, their rows of the customers table, their ids, and the order ids and values of
/// dimensions that only they had. `crm_orders_info` of the new orders has the counts in `forgotten`: `customers`,
/// `orders`, `rows`, and `unknown`, the given ids that were not in the orders.
///
/// Also returns `CRM_ERR_OPTION` (`ids` is no such array, a view with a filter).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_orders_forget(
    orders: crm_orders,
    ids: *const c_char,
    ids_size: i64,
    job: crm_job,
    out: *mut crm_orders,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let ids = caller.text("ids", ids, ids_size)?;
        let out = caller.out("out", out)?;
        let orders = handles::pin::<OrdersObject>(orders.id)?;
        let ids = saved::ids(ids)?;
        let (rest, receipt) = under(job, |context| {
            Ok(orders.whole(context)?.forget(&ids, context)?)
        })?;
        out.set(open_with(rest.into(), Some(("forgotten", json!(receipt))))?);
        Ok(())
    })
}

/// The orders as bytes, for a file or a cache: rows, settings, policy and customers table, with a checksum. `size` is
/// their number. If it is greater than `capacity`, the buffer is not written: call with a capacity of 0 to get the
/// size (the call takes as long as one that writes). The bytes hold ids and dimensions as they came in.
///
/// Also returns `CRM_ERR_OPTION` (a view with a filter).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_orders_write(
    orders: crm_orders,
    buffer: *mut c_char,
    capacity: usize,
    size: *mut usize,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        saved::write(caller, (buffer, capacity), size, || {
            let orders = handles::pin::<OrdersObject>(orders.id)?;
            Ok(orders.whole(&Context::default())?.to_bytes()?)
        })
    })
}

/// Orders that `crm_orders_write` has written; every analysis gives the same bits of them.
///
/// Also returns `CRM_ERR_DATA` (no such bytes, cut short, changed, of another format).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_orders_read(
    bytes: *const c_char,
    size: u64,
    job: crm_job,
    out: *mut crm_orders,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        let bytes = caller.bytes("bytes", bytes, size)?;
        let orders = under(job, |context| Ok(Orders::from_bytes(bytes, context)?))?;
        out.set(open(orders)?);
        Ok(())
    })
}

/// The reconciliation: a table of how many rows count, and of the reasons why the others do not.
///
/// Also returns `CRM_ERR_DATA` (a sum does not fit into 64 bits).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_orders_reconciliation(
    orders: crm_orders,
    job: crm_job,
    out: *mut crm_table,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        let orders = handles::pin::<OrdersObject>(orders.id)?;
        let table = under(job, |context| {
            Ok(orders.whole(context)?.reconciliation(context)?)
        })?;
        out.set(crm_table {
            id: handles::insert(TableObject::new(table)?)?,
        });
        Ok(())
    })
}

/// Counts, dates, currency and zone as JSON:
/// `{orders, customers, first_date, last_date, currency, zone}`. For a view, orders, customers and
/// first date are those of the view; the last date, the default `as_of`, is that of the whole
/// import. The text lives as long as the orders.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_orders_info(
    orders: crm_orders,
    out: *mut crm_text,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |caller| {
        let out = caller.out("out", out)?;
        out.set(handles::pin::<OrdersObject>(orders.id)?.info()?.get());
        Ok(())
    })
}

/// Frees orders. Views, tables and running calls that use them stay valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crm_orders_free(
    orders: crm_orders,
    error: *mut crm_error,
) -> crm_status_t {
    guard!(error, |_caller| handles::free::<OrdersObject>(orders.id))
}
