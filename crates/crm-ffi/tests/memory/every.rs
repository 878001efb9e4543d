//! Sessions that call every exported function that `main.rs` does not call.

use super::*;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use std::mem::MaybeUninit;

const TYPE: i32 = crm_status::CRM_ERR_TYPE as i32;

/// Frees an object of some kind.
type Free = fn(u64) -> i32;

/// What a session has opened.
struct Opened(Vec<(Free, u64)>);

impl Opened {
    /// The object that a call makes.
    fn add(&mut self, free: Free, call: impl FnOnce(*mut u64) -> i32) -> Result<u64, i32> {
        let mut id = 0;
        check(call(&mut id))?;
        self.0.push((free, id));
        Ok(id)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        for (free, id) in self.0.drain(..) {
            assert_eq!(free(id), 0);
        }
    }
}

fn free_orders(id: u64) -> i32 {
    // SAFETY: no pointers; likewise below.
    unsafe { crm_orders_free(crm_orders { id }, null_mut()) }
}
fn free_customers(id: u64) -> i32 {
    // SAFETY: as above.
    unsafe { crm_customers_free(crm_customers { id }, null_mut()) }
}
fn free_events(id: u64) -> i32 {
    // SAFETY: as above.
    unsafe { crm_events_free(crm_events { id }, null_mut()) }
}
fn free_table(id: u64) -> i32 {
    // SAFETY: as above.
    unsafe { crm_table_free(crm_table { id }, null_mut()) }
}
fn free_job(id: u64) -> i32 {
    // SAFETY: as above.
    unsafe { crm_job_free(crm_job { id }, null_mut()) }
}

/// FNV-1a of what a session was told.
struct Digest(u64);

impl Digest {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    /// The text that a call gives; a column of another type has none.
    fn text(&mut self, call: impl FnOnce(*mut crm_text) -> i32) -> Result<(), i32> {
        let mut text = crm_text {
            data: std::ptr::null(),
            size: 0,
        };
        match call(&mut text) {
            0 if !text.data.is_null() => {
                // SAFETY: texts end in a NUL and live as long as their object.
                self.add(unsafe { CStr::from_ptr(text.data) }.to_bytes());
                Ok(())
            }
            0 | TYPE => Ok(()),
            status => Err(status),
        }
    }

    /// Whether a call gives cells; a column of another type has none.
    fn cells<T>(&mut self, call: impl FnOnce(*mut *const T) -> i32) -> Result<(), i32> {
        let mut cells = std::ptr::null();
        match call(&mut cells) {
            0 => self.add(&[u8::from(cells.is_null())]),
            TYPE => {}
            status => return Err(status),
        }
        Ok(())
    }
}

/// The bytes that a call writes into a buffer, asked for the size first.
fn written(mut call: impl FnMut(*mut i8, usize, *mut usize) -> i32) -> Result<Vec<u8>, i32> {
    let mut size = 0;
    check(call(null_mut(), 0, &mut size))?;
    // The test's own memory is not refused.
    let left = LEFT.replace(i64::MAX);
    let mut bytes = vec![0_u8; size];
    LEFT.set(left);
    check(call(bytes.as_mut_ptr().cast(), size, &mut size))?;
    Ok(bytes)
}

/// A session of orders, customers, events and tables by all doors.
pub(super) fn session(inputs: &Inputs, error: *mut crm_error) -> Result<u64, i32> {
    let (mut opened, mut digest) = (Opened(Vec::with_capacity(64)), Digest(7));
    let job = jobs(&mut opened, error)?;
    let people = people(&mut opened, &mut digest, error)?;
    orders(&mut opened, &mut digest, (people, job), error)?;
    events(&mut opened, &mut digest, error)?;
    messages(&mut opened, &mut digest, error)?;
    let orders = shop(&mut opened, inputs, (&mut digest, error))?;
    for task in [c"rfm", c"decile", c"clv_summary"] {
        let request = c"{\"as_of\": \"2026-12-31\"}".as_ptr();
        let data = crm_data { id: orders.id };
        // SAFETY: pointers to live locals; likewise below.
        let table = opened.add(free_table, |out| unsafe {
            crm_run(task.as_ptr(), data, request, -1, job, out.cast(), error)
        })?;
        every_cell(crm_table { id: table }, &mut digest, error)?;
    }
    Ok(digest.0)
}

/// A job with settings, which is not cancelled; and one that is.
fn jobs(opened: &mut Opened, error: *mut crm_error) -> Result<crm_job, i32> {
    // SAFETY: pointers to live locals.
    unsafe {
        let id = opened.add(free_job, |out| crm_job_create(out.cast(), error))?;
        let (job, mut done, mut total) = (crm_job { id }, 0, 0);
        check(crm_job_set_budget(job, 1 << 40, error))?;
        check(crm_job_set_hash_seed(job, 5, error))?;
        check(crm_job_progress(job, &mut done, &mut total, error))?;
        let id = opened.add(free_job, |out| crm_job_create(out.cast(), error))?;
        check(crm_job_cancel(crm_job { id }, error))?;
        Ok(job)
    }
}

fn people(
    opened: &mut Opened,
    digest: &mut Digest,
    error: *mut crm_error,
) -> Result<crm_customers, i32> {
    let spec = c"{\"dimensions\": [\"city\"], \"pseudonym_key\": \"0123456789abcdef\",
        \"cells\": [\"customer_id\", \"city\"]}";
    let mut rows = crm_rows { id: 0 };
    // SAFETY: pointers to live locals; the buffer has the size that was asked for.
    unsafe {
        check(crm_customers_begin(spec.as_ptr(), -1, &mut rows, error))?;
        let text = c"[[\"hanako\", \"Kyoto\"], [\"nobody else\", null]]".as_ptr();
        let made = check(crm_rows_json(rows, text, -1, error)).and_then(|()| {
            opened.add(free_customers, |out| {
                crm_customers_finish(rows, NO_JOB, out.cast(), error)
            })
        });
        if made.is_err() {
            assert_eq!(crm_rows_free(rows, null_mut()), 0);
        }
        let id = made?;
        let table = crm_customers { id };
        digest.text(|out| crm_customers_info(table, out, error))?;
        let bytes = written(|to, room, size| crm_customers_write(table, to, room, size, error))?;
        let (from, size) = (bytes.as_ptr().cast(), bytes.len() as u64);
        let again = opened.add(free_customers, |out| {
            crm_customers_read(from, size, NO_JOB, out.cast(), error)
        })?;
        opened.add(free_customers, |out| {
            let (again, ids) = (crm_customers { id: again }, c"[\"hanako\"]".as_ptr());
            crm_customers_forget(again, ids, -1, NO_JOB, out.cast(), error)
        })?;
        Ok(table)
    }
}

/// Orders by cells, put together, chosen from, and described.
fn orders(
    opened: &mut Opened,
    digest: &mut Digest,
    (people, job): (crm_customers, crm_job),
    error: *mut crm_error,
) -> Result<crm_orders, i32> {
    let spec = c"{\"currency\": \"JPY\", \"channel\": \"channel\", \"pseudonym_key\": \"0123456789abcdef\",
        \"cells\": [\"customer_id\", \"ordered_at\", \"amount\", \"channel\"]}";
    let mut rows = crm_rows { id: 0 };
    // SAFETY: pointers to live locals.
    unsafe {
        check(crm_orders_begin(spec.as_ptr(), -1, &mut rows, error))?;
        let made = cells(rows, error).and_then(|()| {
            opened.add(free_orders, |out| {
                crm_orders_finish(rows, people, job, out.cast(), error)
            })
        });
        if made.is_err() {
            assert_eq!(crm_rows_free(rows, null_mut()), 0);
        }
        let first = crm_orders { id: made? };
        let both = opened.add(free_orders, |out| {
            crm_orders_concat(first, first, job, out.cast(), error)
        })?;
        let both = crm_orders { id: both };
        let request = c"{\"where\": {\"channel\": \"web\"}}".as_ptr();
        let view = opened.add(free_orders, |out| {
            crm_orders_view(both, request, -1, job, out.cast(), error)
        })?;
        digest.text(|out| crm_orders_info(crm_orders { id: view }, out, error))?;
        let table = opened.add(free_table, |out| {
            crm_orders_reconciliation(both, job, out.cast(), error)
        })?;
        every_cell(crm_table { id: table }, digest, error)?;
        let mut pseudonym = [0; CRM_PSEUDONYM_SIZE];
        let (key, id) = (c"0123456789abcdef".as_ptr(), c"hanako".as_ptr());
        check(crm_pseudonym(
            key,
            -1,
            id,
            -1,
            pseudonym.as_mut_ptr(),
            error,
        ))?;
        digest.add(&pseudonym.map(|byte| byte as u8));
        Ok(both)
    }
}

/// Rows by every kind of cell.
fn cells(rows: crm_rows, error: *mut crm_error) -> Result<(), i32> {
    let row = |customer: &CStr, rest: &dyn Fn() -> Result<(), i32>| {
        // SAFETY: pointers to live texts; likewise below.
        unsafe {
            check(crm_cell_text(rows, customer.as_ptr(), -1, error))?;
            check(crm_cell_text(rows, c"2026-03-01".as_ptr(), -1, error))?;
            rest()?;
            check(crm_row_end(rows, error))
        }
    };
    // SAFETY: as above.
    unsafe {
        row(c"hanako", &|| {
            check(crm_cell_i64(rows, 500, error))?;
            check(crm_cell_text(rows, c"web".as_ptr(), -1, error))
        })?;
        row(c"taro", &|| {
            check(crm_cell_f64(rows, 700.0, error))?;
            check(crm_cell_null(rows, error))
        })
    }
}

/// Columns by Arrow and by pointer: a table of customers, and orders that have it.
fn shop(
    opened: &mut Opened,
    inputs: &Inputs,
    (digest, error): (&mut Digest, *mut crm_error),
) -> Result<crm_orders, i32> {
    use crm_column_type::*;
    let unique: Vec<i64> = {
        // The test's own memory is not refused.
        let left = LEFT.replace(i64::MAX);
        let unique = (0..inputs.ids.len() as i64).collect();
        LEFT.set(left);
        unique
    };
    let ids = column(c"customer_id", CRM_COLUMN_I64, &unique);
    let columns = [
        column(c"customer_id", CRM_COLUMN_I64, &inputs.ids),
        column(c"ordered_at", CRM_COLUMN_DATE, &inputs.days),
        column(c"amount", CRM_COLUMN_I64, &inputs.amounts),
    ];
    // SAFETY: pointers to live locals and to `inputs`.
    unsafe {
        opened.add(free_customers, |out| {
            crm_customers_from_columns(c"{}".as_ptr(), -1, &ids, 1, NO_JOB, out.cast(), error)
        })?;
        let table = opened.add(free_table, |out| {
            crm_table_from_columns(&ids, 1, NO_JOB, out.cast(), error)
        })?;
        let mut stream = exported(table, error)?;
        let people = opened.add(free_customers, |out| {
            let (spec, stream) = (c"{}".as_ptr(), stream.as_mut_ptr());
            crm_customers_from_arrow(spec, -1, stream, NO_JOB, out.cast(), error)
        })?;
        let table = opened.add(free_table, |out| {
            crm_table_from_columns(columns.as_ptr(), 3, NO_JOB, out.cast(), error)
        })?;
        every_cell(crm_table { id: table }, digest, error)?;
        let mut stream = exported(table, error)?;
        let id = opened.add(free_orders, |out| {
            let (spec, stream) = (SPEC.as_ptr(), stream.as_mut_ptr());
            let people = crm_customers { id: people };
            crm_orders_from_arrow(spec, -1, stream, people, NO_JOB, out.cast(), error)
        })?;
        Ok(crm_orders { id })
    }
}

/// A table as an Arrow stream, for a function that consumes it whether or not it fails.
fn exported(table: u64, error: *mut crm_error) -> Result<MaybeUninit<FFI_ArrowArrayStream>, i32> {
    let mut stream = MaybeUninit::uninit();
    // SAFETY: the output may be uninitialised.
    check(unsafe { crm_table_to_arrow(crm_table { id: table }, stream.as_mut_ptr(), error) })?;
    Ok(stream)
}

/// Events by rows and by Arrow, and some of them.
fn events(opened: &mut Opened, digest: &mut Digest, error: *mut crm_error) -> Result<(), i32> {
    let spec = c"{\"cells\": [\"visitor_id\", \"occurred_at\", \"kind\"]}";
    let text =
        c"[[\"v\", \"2026-01-01T10:00:00\", \"view\"], [\"w\", \"2026-01-02T10:00:00\", \"add\"]]";
    let mut rows = crm_rows { id: 0 };
    // SAFETY: pointers to live locals.
    unsafe {
        check(crm_events_begin(spec.as_ptr(), -1, &mut rows, error))?;
        let made = check(crm_rows_json(rows, text.as_ptr(), -1, error)).and_then(|()| {
            opened.add(free_events, |out| {
                crm_events_finish(rows, NO_JOB, out.cast(), error)
            })
        });
        if made.is_err() {
            assert_eq!(crm_rows_free(rows, null_mut()), 0);
        }
        let data = crm_events { id: made? };
        digest.text(|out| crm_events_info(data, out, error))?;
        let request = c"{\"where\": {\"kind\": \"view\"}}".as_ptr();
        opened.add(free_events, |out| {
            crm_events_view(data, request, -1, NO_JOB, out.cast(), error)
        })?;
        let table = opened.add(free_table, |out| {
            let (task, data) = (c"sessions".as_ptr(), crm_data { id: data.id });
            crm_run(task, data, c"".as_ptr(), -1, NO_JOB, out.cast(), error)
        })?;
        every_cell(crm_table { id: table }, digest, error)?;
        let mut stream = exported(table, error)?;
        opened.add(free_events, |out| {
            let spec =
                c"{\"occurred_at\": \"started_at\", \"kind\": \"session\", \"bad_rows\": \"drop\"}";
            let (spec, stream) = (spec.as_ptr(), stream.as_mut_ptr());
            crm_events_from_arrow(spec, -1, stream, NO_JOB, out.cast(), error)
        })?;
    }
    Ok(())
}

/// Messages and orders as one log.
fn messages(opened: &mut Opened, digest: &mut Digest, error: *mut crm_error) -> Result<(), i32> {
    let of_log =
        c"{\"customer_id\": \"customer_id\", \"campaign\": \"campaign\", \"timezone\": \"UTC\",
        \"cells\": [\"visitor_id\", \"customer_id\", \"occurred_at\", \"kind\", \"campaign\"]}";
    let of_shop = c"{\"currency\": \"JPY\", \"timezone\": \"UTC\",
        \"cells\": [\"customer_id\", \"ordered_at\", \"amount\"]}";
    let log = c"[[\"v\", \"ann\", \"2026-03-01T10:00:00\", \"sent\", \"spring\"]]".as_ptr();
    let shop = c"[[\"ann\", \"2026-03-02T12:00:00\", 30]]".as_ptr();
    let mut rows = crm_rows { id: 0 };
    // SAFETY: pointers to live locals.
    unsafe {
        check(crm_events_begin(of_log.as_ptr(), -1, &mut rows, error))?;
        let made = check(crm_rows_json(rows, log, -1, error)).and_then(|()| {
            opened.add(free_events, |out| {
                crm_events_finish(rows, NO_JOB, out.cast(), error)
            })
        });
        if made.is_err() {
            assert_eq!(crm_rows_free(rows, null_mut()), 0);
        }
        let events = crm_events { id: made? };
        check(crm_orders_begin(of_shop.as_ptr(), -1, &mut rows, error))?;
        let made = check(crm_rows_json(rows, shop, -1, error)).and_then(|()| {
            opened.add(free_orders, |out| {
                let nobody = crm_customers { id: 0 };
                crm_orders_finish(rows, nobody, NO_JOB, out.cast(), error)
            })
        });
        if made.is_err() {
            assert_eq!(crm_rows_free(rows, null_mut()), 0);
        }
        let orders = crm_orders { id: made? };
        let both = opened.add(free_events, |out| {
            crm_events_with_orders(events, orders, NO_JOB, out.cast(), error)
        })?;
        digest.text(|out| crm_events_info(crm_events { id: both }, out, error))?;
    }
    Ok(())
}

/// Everything that can be asked of a table.
fn every_cell(table: crm_table, digest: &mut Digest, error: *mut crm_error) -> Result<(), i32> {
    let (mut rows, mut columns, mut at) = (0, 0, 0);
    // SAFETY: pointers to live locals; the buffer has the size that was asked for.
    unsafe {
        check(crm_table_row_count(table, &mut rows, error))?;
        check(crm_table_column_count(table, &mut columns, error))?;
        for column in 0..columns {
            let (mut kind, mut labels, mut decimals) = (0, 0, 0);
            let mut currency = [0; 4];
            digest.text(|out| crm_table_name(table, column, out, error))?;
            digest.text(|out| crm_table_unit(table, column, out, error))?;
            digest.text(|out| crm_table_heading(table, column, 2, out, error))?;
            check(crm_table_type(table, column, &mut kind, error))?;
            match crm_table_currency(table, column, currency.as_mut_ptr(), &mut decimals, error) {
                0 | TYPE => {}
                status => return Err(status),
            }
            match crm_table_label_count(table, column, &mut labels, error) {
                0 => digest.text(|out| crm_table_label(table, column, 0, 2, out, error))?,
                TYPE => {}
                status => return Err(status),
            }
            digest.cells(|out| crm_table_i32(table, column, out, error))?;
            digest.cells(|out| crm_table_i64(table, column, out, error))?;
            digest.cells(|out| crm_table_u64(table, column, out, error))?;
            digest.cells(|out| crm_table_f64(table, column, out, error))?;
            digest.cells(|out| crm_table_u8(table, column, out, error))?;
            digest.cells(|out| crm_table_validity(table, column, out, error))?;
            if rows > 0 {
                digest.text(|out| crm_table_utf8(table, column, 0, out, error))?;
            }
        }
        let mut name = crm_text {
            data: std::ptr::null(),
            size: 0,
        };
        check(crm_table_name(table, columns - 1, &mut name, error))?;
        check(crm_table_find(table, name.data, &mut at, error))?;
        digest.text(|out| crm_table_definition(table, out, error))?;
        digest.text(|out| crm_table_hash(table, out, error))?;
        digest.text(|out| crm_table_notes(table, out, error))?;
        for format in [1, 2] {
            let text = written(|to, room, size| {
                crm_table_text(table, format, 1, 0, rows, to, room, size, error)
            })?;
            digest.add(&text);
        }
    }
    Ok(())
}

/// What is made once and kept: at its first use every request is refused.
pub(super) fn first_uses() {
    let out_of_memory = crm_status::CRM_ERR_OUT_OF_MEMORY as i32;
    let mut text = crm_text {
        data: std::ptr::null(),
        size: 0,
    };
    LEAST.set(1);
    STICKY.set(true);
    let refused = |call: &mut dyn FnMut() -> i32| {
        LEFT.set(0);
        let status = call();
        LEFT.set(i64::MAX);
        assert!(status == 0 || status == out_of_memory, "{status}");
        assert_eq!(call(), 0);
    };
    // SAFETY: pointers to live locals.
    unsafe {
        refused(&mut || crm_tasks(&mut text, null_mut()));
        for task in [c"rfm", c"customer", c"clv_fit"] {
            refused(&mut || crm_describe(task.as_ptr(), &mut text, null_mut()));
        }
        // A new thread has a record of 48 bytes that Rust's standard library asks the system for, past this
        // library's reserve: without it the host aborts, so that nothing is refused here.
        for threads in [1, 2] {
            assert_eq!(crm_set_threads(threads, null_mut()), 0);
        }
        assert_eq!(crm_shutdown(null_mut()), 0);
    }
    // These give texts of the library's own.
    assert_eq!(crm_abi_version(), CRM_ABI_VERSION);
    for text in [crm_version(), crm_build_info(), crm_status_name(16)] {
        assert!(!text.is_null());
    }
}

/// A function that no session here calls is one whose failing memory nobody has seen.
pub(super) fn covers_every_symbol() {
    let symbols = include_str!("../../../../include/symbols.txt");
    let sessions = [include_str!("main.rs"), include_str!("every.rs")].concat();
    let missing: Vec<&str> = symbols
        .lines()
        .filter(|name| !sessions.contains(&format!("{name}(")))
        .collect();
    assert!(missing.is_empty(), "no session calls {missing:?}");
}
