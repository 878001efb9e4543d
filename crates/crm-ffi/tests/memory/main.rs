//! Running out of memory at any allocation gives a status and never an abort; nothing is lost, and
//! the next call works.
//!
//! This program has a `malloc` of its own in front of the C library's. It refuses the n-th request of
//! the calling thread, once or from then on, for every n of a typical session: with few rows every
//! request of any size (in tests a sample of them), with many rows those of [`LARGE`] bytes and more.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod every;

use crm::*;
use std::cell::Cell;
use std::ffi::{CStr, CString, c_int, c_void};
use std::ptr::null_mut;

/// Above every object of fixed size, below every structure of this test's data.
const LARGE: usize = 4096;

thread_local! {
    /// The number of requests until one is refused; `i64::MAX` means never.
    static LEFT: Cell<i64> = const { Cell::new(i64::MAX) };
    /// Requests of fewer bytes are never refused.
    static LEAST: Cell<usize> = const { Cell::new(LARGE) };
    static STICKY: Cell<bool> = const { Cell::new(false) };
    static REFUSED: Cell<u64> = const { Cell::new(0) };
    static LIVE: Cell<i64> = const { Cell::new(0) };
}

fn refuse(size: usize) -> bool {
    let left = LEFT.get();
    if left == i64::MAX || size < LEAST.get() {
        return false;
    }
    LEFT.set(left - 1);
    let refuse = left == 0 || left < 0 && STICKY.get();
    REFUSED.set(REFUSED.get() + u64::from(refuse));
    refuse
}

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(at: *mut c_void, size: usize) -> *mut c_void;
    fn __libc_memalign(align: usize, size: usize) -> *mut c_void;
    fn __libc_free(at: *mut c_void);
    fn malloc_usable_size(at: *mut c_void) -> usize;
}

/// Counts the bytes of a block, with the sign given.
fn count(at: *mut c_void, sign: i64) {
    // SAFETY: null or a live block of the C library.
    LIVE.set(LIVE.get() + sign * unsafe { malloc_usable_size(at) } as i64);
}

// SAFETY: these are the C library's functions, which refuse a request where they may.
#[unsafe(no_mangle)]
unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    if refuse(size) {
        return null_mut();
    }
    // SAFETY: any size is allowed.
    let at = unsafe { __libc_malloc(size) };
    count(at, 1);
    at
}

// SAFETY: as above.
#[unsafe(no_mangle)]
unsafe extern "C" fn calloc(n: usize, size: usize) -> *mut c_void {
    if refuse(n.saturating_mul(size)) {
        return null_mut();
    }
    // SAFETY: any size is allowed.
    let at = unsafe { __libc_calloc(n, size) };
    count(at, 1);
    at
}

// SAFETY: as above.
#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(at: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: null or a live block, as the caller promises.
    if size > unsafe { malloc_usable_size(at) } && refuse(size) {
        return null_mut();
    }
    count(at, -1);
    // SAFETY: as above.
    let new = unsafe { __libc_realloc(at, size) };
    count(if new.is_null() && size > 0 { at } else { new }, 1);
    new
}

// SAFETY: as above.
#[unsafe(no_mangle)]
unsafe extern "C" fn posix_memalign(to: *mut *mut c_void, align: usize, size: usize) -> c_int {
    const NO_MEMORY: c_int = 12;
    if refuse(size) {
        return NO_MEMORY;
    }
    // SAFETY: the alignment is a power of two, as the caller promises.
    let at = unsafe { __libc_memalign(align, size) };
    count(at, 1);
    // SAFETY: `to` is writable, as the caller promises.
    unsafe { to.write(at) };
    if at.is_null() { NO_MEMORY } else { 0 }
}

// SAFETY: as above.
#[unsafe(no_mangle)]
unsafe extern "C" fn free(at: *mut c_void) {
    count(at, -1);
    // SAFETY: null or a live block, as the caller promises.
    unsafe { __libc_free(at) }
}

/// Rows of the sessions in which large requests are refused: structures are larger than [`LARGE`].
const MANY: i64 = 4_400;
/// Rows of the sessions in which every request is refused in turn.
const FEW: i64 = 50;

struct Inputs {
    ids: Vec<i64>,
    texts: Vec<u8>,
    offsets: Vec<i64>,
    days: Vec<i32>,
    amounts: Vec<i64>,
    json: CString,
    kinds: Vec<u8>,
    kind_offsets: Vec<i64>,
}

fn inputs(rows: i64) -> Inputs {
    let customers = rows - rows / 22;
    let ids: Vec<i64> = (0..rows)
        .map(|i| i * 7_919 % customers * 1_000_003)
        .collect();
    let (mut texts, mut offsets) = (Vec::new(), vec![0]);
    let mut json = String::from("[");
    for (i, id) in ids.iter().enumerate() {
        texts.extend_from_slice(format!("customer-number-{id}").as_bytes());
        offsets.push(texts.len() as i64);
        let comma = if i == 0 { "" } else { "," };
        json += &format!(
            "{comma}[\"c{id}\",\"2026-0{}-{:02}\",{}]",
            1 + i % 9,
            1 + i % 28,
            i % 977
        );
    }
    let (mut kinds, mut kind_offsets) = (Vec::new(), vec![0]);
    for i in 0..rows as usize {
        let words = ["product_view", "view", "add", "checkout", "purchase"];
        kinds.extend_from_slice(words[i * i % 7 % 5].as_bytes());
        kind_offsets.push(kinds.len() as i64);
    }
    Inputs {
        kinds,
        kind_offsets,
        texts,
        offsets,
        days: (0..rows as i32).map(|i| 20_000 + i * 31 % 700).collect(),
        amounts: (0..rows).map(|i| i * 37 % 9_973).collect(),
        json: CString::new(json + "]").unwrap(),
        ids,
    }
}

const NO_JOB: crm_job = crm_job { id: 0 };
const NO_CUSTOMERS: crm_customers = crm_customers { id: 0 };
const SPEC: &CStr = c"{\"currency\": \"JPY\"}";
const ROWS: &CStr =
    c"{\"currency\": \"JPY\", \"cells\": [\"customer_id\", \"ordered_at\", \"amount\"]}";

fn column<T>(name: &'static CStr, ty: crm_column_type, values: &[T]) -> crm_column {
    crm_column {
        size: 0,
        r#type: ty as i32,
        name: name.as_ptr(),
        name_size: -1,
        rows: values.len() as u64,
        offset: 0,
        values: values.as_ptr().cast(),
        values_size: size_of_val(values) as u64,
        offsets: std::ptr::null(),
        offsets_size: 0,
        validity: std::ptr::null(),
        validity_size: 0,
        dictionary: std::ptr::null(),
        zone: std::ptr::null(),
        width: 0,
        scale: 0,
    }
}

/// The form of input of the orders.
#[derive(Clone, Copy, Debug)]
enum Door {
    Integers,
    Texts,
    Rows,
    Events,
    /// Integers, and all that lasts: appended, saved, read, forgotten.
    States,
    /// Every function that the others do not call.
    Every,
}

/// A typical session of a host; stops at the first failing call and frees its objects. Returns the
/// hash of the result, or the status.
fn day(door: Door, inputs: &Inputs, error: &mut crm_error) -> Result<u64, i32> {
    let mut orders = crm_orders { id: 0 };
    let error: *mut crm_error = error;
    // SAFETY: all pointers are to live locals and to `inputs`.
    unsafe {
        match door {
            Door::Events => return events_day(inputs, error),
            Door::Every => return every::session(inputs, error),
            Door::Rows => {
                let mut rows = crm_rows { id: 0 };
                check(crm_orders_begin(ROWS.as_ptr(), -1, &mut rows, error))?;
                let added = check(crm_rows_json(rows, inputs.json.as_ptr(), -1, error));
                let made = added.and_then(|()| {
                    check(crm_orders_finish(
                        rows,
                        NO_CUSTOMERS,
                        NO_JOB,
                        &mut orders,
                        error,
                    ))
                });
                if let Err(status) = made {
                    assert_eq!(crm_rows_free(rows, null_mut()), 0);
                    return Err(status);
                }
            }
            Door::Integers | Door::Texts | Door::States => {
                use crm_column_type::*;
                let mut id = column(c"customer_id", CRM_COLUMN_I64, &inputs.ids);
                if let Door::Texts = door {
                    id = column(c"customer_id", CRM_COLUMN_LARGE_UTF8, &inputs.texts);
                    id.rows = inputs.ids.len() as u64;
                    id.offsets = inputs.offsets.as_ptr().cast();
                    id.offsets_size = size_of_val(&inputs.offsets[..]) as u64;
                }
                let columns = [
                    id,
                    column(c"ordered_at", CRM_COLUMN_DATE, &inputs.days),
                    column(c"amount", CRM_COLUMN_I64, &inputs.amounts),
                ];
                let (spec, columns) = (SPEC.as_ptr(), columns.as_ptr());
                let out = &mut orders;
                check(crm_orders_from_columns(
                    spec,
                    -1,
                    columns,
                    3,
                    NO_CUSTOMERS,
                    NO_JOB,
                    out,
                    error,
                ))?;
            }
        }
        // Results are the same for all forms of input, except the types of ids.
        let result = match door {
            Door::Integers => analyse(crm_data { id: orders.id }, &TASKS, error),
            Door::Texts => analyse(crm_data { id: orders.id }, &TASKS[..1], error),
            Door::States => states(orders, inputs, error),
            Door::Rows | Door::Events | Door::Every => Ok(0),
        };
        assert_eq!(crm_orders_free(orders, null_mut()), 0);
        result
    }
}

fn check(status: i32) -> Result<(), i32> {
    match status {
        0 => Ok(()),
        status => Err(status),
    }
}

/// The same with events: a log, an appended log, and abandoned carts.
fn events_day(inputs: &Inputs, error: *mut crm_error) -> Result<u64, i32> {
    use crm_column_type::*;
    let open = |half: std::ops::Range<usize>| {
        let mut kind = column(c"kind", CRM_COLUMN_LARGE_UTF8, &inputs.kinds);
        let offsets = &inputs.kind_offsets[half.start..=half.end];
        kind.rows = half.len() as u64;
        kind.offsets = offsets.as_ptr().cast();
        kind.offsets_size = size_of_val(offsets) as u64;
        let columns = [
            column(c"visitor_id", CRM_COLUMN_I64, &inputs.ids[half.clone()]),
            column(c"occurred_at", CRM_COLUMN_DATE, &inputs.days[half.clone()]),
            column(c"product", CRM_COLUMN_I64, &inputs.amounts[half]),
            kind,
        ];
        let (spec, mut events) = (c"{\"product\": \"product\"}", crm_events { id: 0 });
        // SAFETY: pointers to live locals and to `inputs`.
        let status = unsafe {
            let (spec, columns) = (spec.as_ptr(), columns.as_ptr());
            crm_events_from_columns(spec, -1, columns, 4, NO_JOB, &mut events, error)
        };
        check(status).map(|()| events)
    };
    let free = |events: crm_events| {
        // SAFETY: no pointers.
        assert_eq!(unsafe { crm_events_free(events, null_mut()) }, 0);
    };
    let rows = inputs.ids.len();
    let half = rows / 2;
    let history = open(0..half)?;
    let more = match open(half..rows) {
        Ok(more) => more,
        Err(status) => {
            free(history);
            return Err(status);
        }
    };
    let mut all = crm_events { id: 0 };
    // SAFETY: pointers to locals.
    let status = unsafe { crm_events_concat(history, more, NO_JOB, &mut all, error) };
    free(history);
    free(more);
    check(status)?;
    let result = analyse(crm_data { id: all.id }, &EVENT_TASKS, error);
    let result = result.and_then(|digest| events_states(all, error).map(|()| digest));
    free(all);
    result
}

/// Appends, asks for one customer, puts the parts together, saves, reads, and forgets.
fn states(held: crm_orders, inputs: &Inputs, error: *mut crm_error) -> Result<u64, i32> {
    use crm_column_type::*;
    let columns = [
        column(c"customer_id", CRM_COLUMN_I64, &inputs.ids[..3]),
        column(c"ordered_at", CRM_COLUMN_DATE, &inputs.days[..3]),
        column(c"amount", CRM_COLUMN_I64, &inputs.amounts[..3]),
    ];
    let mut open = Vec::with_capacity(8);
    let ids = c"[1000003, 7, 2000006]";
    let mut add = |call: &mut dyn FnMut(*mut crm_orders) -> i32| -> Result<crm_orders, i32> {
        let mut out = crm_orders { id: 0 };
        check(call(&mut out)).map(|()| {
            open.push(out);
            out
        })
    };
    // SAFETY: pointers to locals and to `inputs`; the buffer has the size that was asked for.
    let result = unsafe {
        let mut steps = || -> Result<u64, i32> {
            let (spec, columns) = (SPEC.as_ptr(), columns.as_ptr());
            let more = add(&mut |out| {
                crm_orders_from_columns(spec, -1, columns, 3, NO_CUSTOMERS, NO_JOB, out, error)
            })?;
            let all = add(&mut |out| {
                crm_orders_append(held, more, c"".as_ptr(), -1, NO_JOB, out, error)
            })?;
            let theirs =
                add(&mut |out| crm_orders_of_customers(all, ids.as_ptr(), -1, NO_JOB, out, error))?;
            let rest =
                add(&mut |out| crm_orders_forget(all, ids.as_ptr(), -1, NO_JOB, out, error))?;
            let mut size = 0;
            check(crm_orders_write(rest, null_mut(), 0, &mut size, error))?;
            // The test's own memory is not refused.
            let left = LEFT.replace(i64::MAX);
            let mut bytes = vec![0_u8; size];
            LEFT.set(left);
            let to = bytes.as_mut_ptr().cast();
            check(crm_orders_write(rest, to, size, &mut size, error))?;
            let again = add(&mut |out| {
                crm_orders_read(bytes.as_ptr().cast(), size as u64, NO_JOB, out, error)
            })?;
            let task = &TASKS[..1];
            let one = analyse(crm_data { id: theirs.id }, task, error)?;
            Ok(one ^ analyse(crm_data { id: again.id }, task, error)?)
        };
        steps()
    };
    for orders in open {
        // SAFETY: no pointers.
        assert_eq!(unsafe { crm_orders_free(orders, null_mut()) }, 0);
    }
    result
}

/// Saves, reads and forgets.
fn events_states(events: crm_events, error: *mut crm_error) -> Result<(), i32> {
    let (mut again, mut rest) = (crm_events { id: 0 }, crm_events { id: 0 });
    let mut size = 0;
    // SAFETY: pointers to locals; the buffer has the size that was asked for.
    unsafe {
        check(crm_events_write(events, null_mut(), 0, &mut size, error))?;
        let left = LEFT.replace(i64::MAX);
        let mut bytes = vec![0_u8; size];
        LEFT.set(left);
        let to = bytes.as_mut_ptr();
        check(crm_events_write(events, to.cast(), size, &mut size, error))?;
        let from = bytes.as_ptr().cast();
        check(crm_events_read(
            from,
            size as u64,
            NO_JOB,
            &mut again,
            error,
        ))?;
        let ids = c"[1000003, 7]";
        let status = crm_events_forget(again, ids.as_ptr(), -1, 1, NO_JOB, &mut rest, error);
        assert_eq!(crm_events_free(again, null_mut()), 0);
        check(status)?;
        assert_eq!(crm_events_free(rest, null_mut()), 0);
    }
    Ok(())
}

const EVENT_TASKS: [(&CStr, &CStr); 5] = [
    (c"sessions", c""),
    (c"funnel", c"{\"steps\": [\"add\", \"purchase\"]}"),
    (c"sequences", c"{\"steps\": [\"add\", \"purchase\"]}"),
    (c"cart_abandonment", c"{\"by\": [\"product\"]}"),
    (c"browse_rates", c"{\"as_of\": \"2027-01-01\"}"),
];

const TASKS: [(&CStr, &CStr); 3] = [
    (c"rfm", c"{\"as_of\": \"2026-12-31\"}"),
    (c"cpm", c"{\"as_of\": [\"2026-06-30\", \"2026-12-31\"]}"),
    (c"summary", c"{\"where\": {\"amount\": {\"from\": 10}}}"),
];

fn analyse(data: crm_data, tasks: &[(&CStr, &CStr)], error: *mut crm_error) -> Result<u64, i32> {
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    for (task, options) in tasks {
        let mut table = crm_table { id: 0 };
        // SAFETY: pointers to locals.
        let status = unsafe {
            crm_run(
                task.as_ptr(),
                data,
                options.as_ptr(),
                -1,
                NO_JOB,
                &mut table,
                error,
            )
        };
        if status != 0 {
            return Err(status);
        }
        let read = read(table, error, &mut digest);
        // SAFETY: no pointers.
        assert_eq!(unsafe { crm_table_free(table, null_mut()) }, 0);
        read?;
    }
    Ok(digest)
}

/// Reads every column of a table, whatever its type, and exports it.
fn read(table: crm_table, error: *mut crm_error, digest: &mut u64) -> Result<(), i32> {
    const TYPE: i32 = crm_status::CRM_ERR_TYPE as i32;
    let mut add = |byte: u8| *digest = (*digest ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    let (mut rows, mut columns) = (0, 0);
    // SAFETY: pointers to locals; what is handed out lives as long as the table.
    unsafe {
        assert_eq!(crm_table_row_count(table, &mut rows, error), 0);
        assert_eq!(crm_table_column_count(table, &mut columns, error), 0);
        for at in 0..columns {
            let mut values = std::ptr::null();
            let mut text = crm_text {
                data: std::ptr::null(),
                size: 0,
            };
            match crm_table_i64(table, at, &mut values, error) {
                0 => std::slice::from_raw_parts(values, rows)
                    .iter()
                    .for_each(|v| v.to_le_bytes().into_iter().for_each(&mut add)),
                TYPE => {}
                status => return Err(status),
            }
            match crm_table_utf8(table, at, rows - 1, &mut text, error) {
                0 if !text.data.is_null() => {
                    CStr::from_ptr(text.data)
                        .to_bytes()
                        .iter()
                        .for_each(|b| add(*b));
                }
                0 | TYPE => {}
                status => return Err(status),
            }
        }
        let mut stream = std::mem::MaybeUninit::uninit();
        match crm_table_to_arrow(table, stream.as_mut_ptr(), error) {
            0 => drop(stream.assume_init()),
            status => return Err(status),
        }
    }
    Ok(())
}

#[test]
fn memory_that_runs_out_is_a_status_and_nothing_else() {
    every::covers_every_symbol();
    every::first_uses();
    // Every request of any size takes minutes: `CRM_ALL_POINTS=1`.
    let (every, every_large) = if std::env::var_os("CRM_ALL_POINTS").is_some() {
        (1, 1)
    } else {
        (17, 2)
    };
    let few = points(&inputs(FEW), 1, every);
    let many = points(&inputs(MANY), LARGE, every_large);
    assert_eq!(panics_caught(), 0);
    counts_what_is_open();
    assert!(many > 500, "only {many} points of large requests");
    assert!(few > 500, "only {few} points of small requests");
}

/// Refuses each n-th request of `least` bytes and more in turn, where n is a multiple of `every`, and counts them.
fn points(inputs: &Inputs, least: usize, every: usize) -> u64 {
    LEAST.set(least);
    let mut points = 0;
    let doors = [
        Door::Integers,
        Door::Texts,
        Door::Rows,
        Door::Events,
        Door::States,
        Door::Every,
    ];
    // Some analyses still make small vectors by the infallible way (one value a day or a row of a table), which the
    // session of every function meets: it runs with all points only.
    let all = std::env::var_os("CRM_ALL_POINTS").is_some();
    for door in doors
        .into_iter()
        .filter(|door| all || !matches!(door, Door::Every))
    {
        // SAFETY: zero is a value of every field.
        let mut error: crm_error = unsafe { std::mem::zeroed() };
        // The first run makes objects that are kept; the second run is measured.
        let good = day(door, inputs, &mut error);
        // SAFETY: the library wrote a text that ends in a NUL.
        let said = unsafe { std::ffi::CStr::from_ptr(error.message.as_ptr()) };
        let good = good.unwrap_or_else(|status| panic!("{status}: {said:?}"));
        assert_eq!(day(door, inputs, &mut error), Ok(good));
        let handles = open_handles();
        let live = LIVE.get();
        for sticky in [false, true] {
            for n in (0..).step_by(every) {
                LEFT.set(n);
                STICKY.set(sticky);
                REFUSED.set(0);
                let result = day(door, inputs, &mut error);
                LEFT.set(i64::MAX);
                let (refused, left) = (REFUSED.get(), LIVE.get());
                let place = format!("{door:?}, sticky {sticky}, request {n}");
                if refused == 0 {
                    assert_eq!(result, Ok(good), "{place}");
                    break;
                }
                points += 1;
                // If a refusal has an alternative (a smaller structure), the result is the same.
                match result {
                    Ok(hash) => assert_eq!(hash, good, "{place}"),
                    Err(status) => {
                        assert_eq!(status, crm_status::CRM_ERR_OUT_OF_MEMORY as i32, "{place}");
                    }
                }
                assert_eq!(open_handles(), handles, "{place}");
                assert_eq!(left, live, "{place}: memory is lost");
            }
        }
        assert_eq!(day(door, inputs, &mut error), Ok(good));
        eprintln!("{door:?}: {points} points of injection so far");
    }
    points
}

/// There is one test in this program, because the handles of other tests would be counted too.
fn counts_what_is_open() {
    assert_eq!(open_handles(), 0);
    let mut jobs = [crm_job { id: 0 }; 3];
    // SAFETY: the outputs are valid; no error is asked for.
    unsafe {
        for (before, job) in jobs.iter_mut().enumerate() {
            assert_eq!(open_handles(), before);
            assert_eq!(crm_job_create(job, null_mut()), 0);
        }
        for (left, job) in jobs.iter().enumerate() {
            assert_eq!(open_handles(), jobs.len() - left);
            assert_eq!(crm_job_free(*job, null_mut()), 0);
        }
    }
    assert_eq!(open_handles(), 0);
}
