/* Customer analytics for e-commerce: orders in, tables out. Made by cbindgen; do not edit.
 *
 * A first program is examples/c/rfm.c. Parsers without a preprocessor (PHP's FFI::cdef, LuaJIT, cffi)
 * read crm.cdef, the same declarations.
 *
 * Rules for all functions:
 *
 * - Handles are numbers in a struct. They are given through out-pointers and stay below 2^53, so a
 *   language without structs by value can declare uint64_t. A handle that is freed, of another kind
 *   or made up is answered with CRM_ERR_HANDLE, always. {0} is no handle; functions take it where
 *   their text says so.
 * - A call that can fail returns a crm_status_t and takes a crm_error that the caller allocates,
 *   zeroed; NULL where nobody wants to know. Every other pointer is needed: NULL is CRM_ERR_NULL,
 *   except for a buffer of 0 bytes or 0 columns, and fields of crm_column that may be NULL.
 *   Pointers must be aligned (buffers of a crm_column need not be), must be good for the whole call,
 *   and outputs overlap nothing.
 * - Every function that returns a crm_status_t can return CRM_ERR_NULL, CRM_ERR_HANDLE,
 *   CRM_ERR_ARGUMENT (an output that is not aligned, a text that is not UTF-8), CRM_ERR_BUSY (more
 *   than 16 million calls inside one handle at once), CRM_ERR_PANIC, CRM_ERR_OUT_OF_MEMORY (also for
 *   more than 65,536 open handles) and CRM_ERR_INTERNAL. A function that takes a crm_job can return
 *   CRM_ERR_CANCELLED and CRM_ERR_BUDGET too. Further statuses stand with the function.
 * - Outputs are written only on success.
 * - Options are JSON. A negative text size means that the text ends in a NUL. CRM_JSON({...}) spares
 *   the escaping.
 * - A finished handle (orders, customers, events, table) may be used from many threads at once, while
 *   another frees it: calls in progress finish first. Rows belong to one thread at a time. Pointers handed
 *   out of a table are good until it is freed.
 * - Amounts of money are integers of minor units. Nothing is printed, no file is opened, no clock is
 *   read, no thread is started unless crm_set_threads asks for it. No panic crosses, no call goes
 *   back into the host. Out of memory is CRM_ERR_OUT_OF_MEMORY for all data; only small fixed pieces
 *   (options, definitions) rely on the allocator.
 * - Calls need 64 KiB of stack. They work in a child of fork. The library stays loaded once loaded.
 * - Symbols never change their meaning, and numbers are never reused. */

#ifndef CRM_H
#define CRM_H


#include <stddef.h>
#include <stdint.h>

/* The version of this header; crm_version() is that of the library that was loaded. */
#define CRM_VERSION_MAJOR 0
#define CRM_VERSION_MINOR 1
#define CRM_VERSION_PATCH 0

/* JSON without escapes: crm_run("rfm", CRM_DATA(orders), CRM_JSON({"levels": 5}), -1, ...). */
#define CRM_JSON(...) #__VA_ARGS__

/* Orders, events or a table as the data of crm_run. */
#ifdef __cplusplus
#define CRM_DATA(handle) (crm_data{(handle).id})
#else
#define CRM_DATA(handle) ((crm_data){(handle).id})
#endif

/* The Arrow C stream interface, as Arrow publishes it. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char *format;
  const char *name;
  const char *metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema **children;
  struct ArrowSchema *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void **buffers;
  struct ArrowArray **children;
  struct ArrowArray *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
  int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
  const char *(*get_last_error)(struct ArrowArrayStream *);
  void (*release)(struct ArrowArrayStream *);
  void *private_data;
};

#endif


/// The version of the ABI: a library of the same number serves a host built against this header.
#define CRM_ABI_VERSION 1

/// Statuses. Numbers are never reused.
typedef enum crm_status {
  /// Done; outputs are written.
  CRM_OK = 0,
  /// A pointer that is needed is NULL.
  CRM_ERR_NULL = 1,
  /// A handle is freed, of another kind, or none.
  CRM_ERR_HANDLE = 2,
  /// An argument is out of range: an index, a length, a text that is not UTF-8.
  CRM_ERR_ARGUMENT = 3,
  /// Not now: rows are unfinished or finished already.
  CRM_ERR_STATE = 4,
  /// Another thread is inside a call with this builder.
  CRM_ERR_BUSY = 5,
  /// The column is not of the type asked for.
  CRM_ERR_TYPE = 6,
  /// A defect of this library was caught; nothing was changed.
  CRM_ERR_PANIC = 7,
  /// Columns: missing, of a wrong type, of different lengths, broken.
  CRM_ERR_SCHEMA = 10,
  /// Rows: a value, a pair of rows, a sum. `crm_error.row` says which.
  CRM_ERR_DATA = 11,
  /// Options: names and values.
  CRM_ERR_OPTION = 12,
  /// A model without parameters.
  CRM_ERR_NOT_FITTED = 13,
  /// A fit without an answer.
  CRM_ERR_CONVERGENCE = 14,
  /// Stopped by `crm_job_cancel`.
  CRM_ERR_CANCELLED = 15,
  /// Memory was refused; nothing was changed.
  CRM_ERR_OUT_OF_MEMORY = 16,
  /// Over the budget of `crm_job_set_budget`.
  CRM_ERR_BUDGET = 17,
  /// A defect of this library.
  CRM_ERR_INTERNAL = 18,
} crm_status;

/// The types of cells in a [`crm_column`]. Numbers are never reused.
typedef enum crm_column_type {
  /// No cell has a value.
  CRM_COLUMN_NULL = 0,
  /// `int8_t`.
  CRM_COLUMN_I8 = 1,
  /// `int16_t`.
  CRM_COLUMN_I16 = 2,
  /// `int32_t`.
  CRM_COLUMN_I32 = 3,
  /// `int64_t`.
  CRM_COLUMN_I64 = 4,
  /// `uint8_t`.
  CRM_COLUMN_U8 = 5,
  /// `uint16_t`.
  CRM_COLUMN_U16 = 6,
  /// `uint32_t`.
  CRM_COLUMN_U32 = 7,
  /// `uint64_t`.
  CRM_COLUMN_U64 = 8,
  /// `float`.
  CRM_COLUMN_F32 = 9,
  /// `double`.
  CRM_COLUMN_F64 = 10,
  /// A byte a cell, 0 is false.
  CRM_COLUMN_BOOL = 11,
  /// 128-bit integers, little-endian, with `scale` decimals.
  CRM_COLUMN_DECIMAL128 = 12,
  /// `int32_t`: days since 1970-01-01.
  CRM_COLUMN_DATE = 13,
  /// `int64_t`: seconds since 1970-01-01. With a `zone` the count is of UTC; without one it is
  /// wall clock.
  CRM_COLUMN_TIME_S = 14,
  /// The same in milliseconds.
  CRM_COLUMN_TIME_MS = 15,
  /// The same in microseconds.
  CRM_COLUMN_TIME_US = 16,
  /// The same in nanoseconds.
  CRM_COLUMN_TIME_NS = 17,
  /// UTF-8 texts: `int32_t` offsets, one more than cells, into the bytes of `values`. Ids and
  /// words, or amounts and times spelled out.
  CRM_COLUMN_UTF8 = 18,
  /// The same with `int64_t` offsets.
  CRM_COLUMN_LARGE_UTF8 = 19,
  /// `width` bytes a cell, such as a UUID's 16.
  CRM_COLUMN_FIXED = 20,
} crm_column_type;

/// The types of columns, and the function that gives their cells. Numbers are never reused.
typedef enum crm_type {
  /// Ids that came in as signed integers: `crm_table_i64`.
  CRM_TYPE_ID_I64 = 1,
  /// Ids that came in as unsigned integers: `crm_table_u64`.
  CRM_TYPE_ID_U64 = 2,
  /// Ids that came in as texts: `crm_table_utf8`.
  CRM_TYPE_ID_UTF8 = 3,
  /// Ids that came in as bytes of one width: `crm_table_utf8` gives the bytes.
  CRM_TYPE_ID_BYTES = 4,
  /// Whole numbers: `crm_table_i64`; those of a customer also `crm_table_i32`.
  CRM_TYPE_INT = 5,
  /// Floats: `crm_table_f64`.
  CRM_TYPE_FLOAT = 6,
  /// 0 or 1: `crm_table_u8`.
  CRM_TYPE_BOOL = 7,
  /// Days since 1970-01-01: `crm_table_i32` or `crm_table_i64`.
  CRM_TYPE_DATE = 8,
  /// Microseconds since 1970-01-01T00:00 UTC: `crm_table_i64`.
  CRM_TYPE_INSTANT = 9,
  /// Minor units: `crm_table_i64`; `crm_table_currency` says of what.
  CRM_TYPE_MONEY = 10,
  /// A word of a closed list: `crm_table_u8` gives its number for `crm_table_label`,
  /// `crm_table_utf8` the word itself.
  CRM_TYPE_CATEGORY = 11,
  /// Texts: `crm_table_utf8`.
  CRM_TYPE_TEXT = 12,
} crm_type;

/// The languages of headings and labels.
typedef enum crm_language {
  /// The values that programs compare.
  CRM_LANGUAGE_CODE = 0,
  /// English.
  CRM_LANGUAGE_EN = 1,
  /// Japanese.
  CRM_LANGUAGE_JA = 2,
} crm_language;

/// The forms of `crm_table_text`.
typedef enum crm_text_format {
  /// A JSON array with an object for each row: `[{"customer_id":"hanako","revenue":14780}]`.
  CRM_TEXT_JSON = 1,
  /// CSV as in RFC 4180: a line of headings, lines end in CR LF, texts are quoted where needed.
  CRM_TEXT_CSV = 2,
} crm_text_format;

/// The status of a call: `CRM_OK` or one of `CRM_ERR_...`. New codes may appear.
typedef int32_t crm_status_t;

/// A text that the library keeps: UTF-8, `size` bytes, followed by a NUL that is not counted.
typedef struct crm_text {
  /// First byte; NULL where there is no text (a null cell).
  const char *data;
  /// Bytes, the NUL not counted.
  size_t size;
} crm_text;

/// What went wrong. The caller allocates it, zeroed (`crm_error error = {0};`), and nothing is to
/// be freed. It is written when a call fails and left alone otherwise. Texts are UTF-8,
/// NUL-terminated, cut at a whole character. They never show a cell.
typedef struct crm_error {
  /// `sizeof(crm_error)` as the caller was compiled; 0 means version 1.
  uint32_t size;
  /// The status that the call returned.
  int32_t code;
  /// Zero-based row at fault in the caller's order; -1 where there is none.
  int64_t row;
  /// The column, the argument or the option at fault; empty where there is none.
  char column[128];
  /// What is wrong and what was expected.
  char message[512];
  /// What the caller can do about it; may be empty.
  char hint[512];
} crm_error;

/// A job: cancels and watches a call from another thread, and says how it is to run. Pass
/// `{0}` where none is needed.
typedef struct crm_job {
  /// The handle; 0 is no job.
  uint64_t id;
} crm_job;

/// One column. Zero it first (`crm_column column = {0};`): every field not needed is 0.
typedef struct crm_column {
  /// `sizeof(crm_column)` as the caller was compiled; 0 means version 1. All columns of one call
  /// say the same.
  uint32_t size;
  /// A `crm_column_type`; of the indices when there is a `dictionary`.
  int32_t type;
  /// Its name.
  const char *name;
  /// Bytes of the name; negative: up to its NUL.
  int64_t name_size;
  /// Cells.
  uint64_t rows;
  /// Cells to skip at the start of `values` (or `offsets`, for texts) and bits to skip at the
  /// start of `validity`.
  uint64_t offset;
  /// The cells; the bytes of all texts.
  const void *values;
  /// Bytes of `values`.
  uint64_t values_size;
  /// Where each text starts, and where the last ends; texts only.
  const void *offsets;
  /// Bytes of `offsets`.
  uint64_t offsets_size;
  /// A bit a cell, least significant first, set where there is a value; NULL: all have one.
  const uint8_t *validity;
  /// Bytes of `validity`.
  uint64_t validity_size;
  /// What the cells are indices into, a column without dictionary; NULL: nothing.
  const struct crm_column *dictionary;
  /// The zone of times (IANA name or offset, NUL-terminated); NULL: wall clock.
  const char *zone;
  /// Bytes of a cell of `CRM_COLUMN_FIXED`.
  uint32_t width;
  /// Decimals of `CRM_COLUMN_DECIMAL128`.
  int32_t scale;
} crm_column;

/// A table of customers: registered when, opted out or not, dimensions. `{0}` where there is none.
typedef struct crm_customers {
  /// The handle; 0 is no table.
  uint64_t id;
} crm_customers;

/// Orders: validated, immutable, to be read from many threads at once.
typedef struct crm_orders {
  /// The handle.
  uint64_t id;
} crm_orders;

/// Rows being collected for orders, customers or events. They belong to one thread at a time.
typedef struct crm_rows {
  /// The handle.
  uint64_t id;
} crm_rows;

/// A result: named, typed columns of equal length. To be read from many threads at once. What is
/// handed out of it (pointers, texts) lives as long as the table.
typedef struct crm_table {
  /// The handle.
  uint64_t id;
} crm_table;

/// Events: validated, sorted, immutable, to be read from many threads at once.
typedef struct crm_events {
  /// The handle.
  uint64_t id;
} crm_events;

/// What an analysis reads: orders, events or a table, made with `CRM_DATA(handle)`.
typedef struct crm_data {
  /// The handle.
  uint64_t id;
} crm_data;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// The library's version, such as `0.1.0`. Lives as long as the library.
const char *crm_version(void);

/// The ABI version of the loaded library; compare it with `CRM_ABI_VERSION`.
uint32_t crm_abi_version(void);

/// How the library was built, as JSON: versions, how panics end, debug or release.
const char *crm_build_info(void);

/// The name of a status, such as `CRM_ERR_DATA`; `CRM_ERR_UNKNOWN` for a number that is none.
const char *crm_status_name(crm_status_t status);

/// The analyses that `crm_run` knows, as a JSON list of `{name, summary, ja, reads, needs_as_of}`.
/// The text lives as long as the library.
crm_status_t crm_tasks(struct crm_text *out,
                       struct crm_error *error);

/// What an analysis reads, takes and puts out, as JSON: the schema of its options and of the scope
/// with defaults, its output columns with types and units. The text lives as long as the library.
///
/// Also returns `CRM_ERR_OPTION` (no analysis has this name).
crm_status_t crm_describe(const char *task,
                          struct crm_text *out,
                          struct crm_error *error);

/// Makes a job. Free it with `crm_job_free`.
crm_status_t crm_job_create(struct crm_job *out,
                            struct crm_error *error);

/// Stops the calls that run under a job, from any thread; they return `CRM_ERR_CANCELLED`, and so
/// does every later call under it.
crm_status_t crm_job_cancel(struct crm_job job,
                            struct crm_error *error);

/// How far the calls under a job have come, in rows; `total` is 0 while it is unknown. From any
/// thread.
crm_status_t crm_job_progress(struct crm_job job,
                              uint64_t *done,
                              uint64_t *total,
                              struct crm_error *error);

/// The most bytes that one structure of a call under this job may take, checked before it is
/// allocated: over it, the call returns `CRM_ERR_BUDGET`. 0 is unlimited, and the default.
crm_status_t crm_job_set_budget(struct crm_job job,
                                uint64_t bytes,
                                struct crm_error *error);

/// The seed of the hash of ids, for hosts that need the same memory layout in every run. Results
/// never depend on it. 0 is a secret of the process, and the default.
crm_status_t crm_job_set_hash_seed(struct crm_job job,
                                   uint64_t seed,
                                   struct crm_error *error);

/// Frees a job. Calls that run under it go on.
crm_status_t crm_job_free(struct crm_job job,
                          struct crm_error *error);

/// Computes on this many threads from now on; 0 and 1 mean the caller's own, which is the default.
/// A pool that was set before ends when the calls that use it are over. After `fork` a child
/// computes on the caller's thread until it calls this itself. Results do not depend on it.
///
/// Also returns `CRM_ERR_ARGUMENT` (over 1024, or the system gives no more threads).
crm_status_t crm_set_threads(uint32_t threads,
                             struct crm_error *error);

/// Ends the threads of `crm_set_threads` and waits for them. Handles stay good, and calls go on
/// working on the caller's thread. Not to be called while another thread is inside a call.
crm_status_t crm_shutdown(struct crm_error *error);

/// Makes orders from columns with a length for every buffer. `spec` is JSON: which column is what
/// and how to read it, at least `{"currency": "JPY"}`; see the reference for all. Columns that the
/// spec does not name are not looked at. Nothing is kept of the buffers. `customers` and `job` may
/// be `{0}`. Free the orders with `crm_orders_free`.
///
/// Also returns `CRM_ERR_OPTION` (the spec), `CRM_ERR_SCHEMA` (a column), `CRM_ERR_DATA` (a row, a
/// sum), `CRM_ERR_ARGUMENT` (over 4096 columns, a `size` of no version).
crm_status_t crm_orders_from_columns(const char *spec,
                                     int64_t spec_size,
                                     const struct crm_column *columns,
                                     size_t n_columns,
                                     struct crm_customers customers,
                                     struct crm_job job,
                                     struct crm_orders *out,
                                     struct crm_error *error);

/// Begins orders that come row by row. `spec` as in `crm_orders_from_columns`, with one more key
/// that must be there: `"cells"`, the columns' names in the order in which a row's cells come, such as
/// `["customer_id", "ordered_at", "amount"]`. A column that nobody reads may be among them. Then for
/// each row its cells and `crm_row_end`, or batches with `crm_rows_json`; at the end
/// `crm_orders_finish`, or `crm_rows_free` to give up.
///
/// Also returns `CRM_ERR_OPTION` (the spec; no `"cells"`), `CRM_ERR_SCHEMA` (`"cells"` lacks a column
/// that the spec names).
crm_status_t crm_orders_begin(const char *spec,
                              int64_t spec_size,
                              struct crm_rows *out,
                              struct crm_error *error);

/// Makes orders from rows. On success the rows are freed; on failure they stay, closed for more
/// rows, to be finished again (after a cancelled job, say) or freed.
///
/// Also returns `CRM_ERR_OPTION`, `CRM_ERR_SCHEMA` and `CRM_ERR_DATA` as for columns,
/// `CRM_ERR_STATE` (a row is unfinished, or the rows are not orders), `CRM_ERR_BUSY` (another
/// thread is inside a call with the rows).
crm_status_t crm_orders_finish(struct crm_rows rows,
                               struct crm_customers customers,
                               struct crm_job job,
                               struct crm_orders *out,
                               struct crm_error *error);

/// The orders that a filter lets through, under a policy: `{"where": {...}, "policy": {...}}`,
/// both as in the scope of an analysis. The data is shared; the default `as_of` stays that of the
/// whole import.
///
/// Also returns `CRM_ERR_OPTION` (the request), `CRM_ERR_SCHEMA` (`where` names a column that the
/// orders lack).
crm_status_t crm_orders_view(struct crm_orders orders,
                             const char *request,
                             int64_t request_size,
                             struct crm_job job,
                             struct crm_orders *out,
                             struct crm_error *error);

/// These orders and more, as if made from all rows at once. A customers table that only one of them
/// has is that of all.
///
/// Also returns `CRM_ERR_DATA` (a conflict of rows, a sum), `CRM_ERR_SCHEMA` (another type of ids or
/// of a column), `CRM_ERR_OPTION` (another currency, setting, zone, policy or customers table, which
/// the message names, or a view with a filter).
crm_status_t crm_orders_concat(struct crm_orders orders,
                               struct crm_orders more,
                               struct crm_job job,
                               struct crm_orders *out,
                               struct crm_error *error);

/// What became of every row that came in: a table of reasons that adds up.
///
/// Also returns `CRM_ERR_DATA` (a sum does not fit 64 bits).
crm_status_t crm_orders_reconciliation(struct crm_orders orders,
                                       struct crm_job job,
                                       struct crm_table *out,
                                       struct crm_error *error);

/// Counts, dates, currency and zone as JSON: `{orders, customers, first_date, last_date, currency,
/// zone}`. Of a view orders, customers and first date are those of its part; the last date, the
/// default `as_of`, is that of the import. The text lives as long as the orders.
crm_status_t crm_orders_info(struct crm_orders orders,
                             struct crm_text *out,
                             struct crm_error *error);

/// Frees orders. Views, tables and calls made from them go on.
crm_status_t crm_orders_free(struct crm_orders orders,
                             struct crm_error *error);

/// Adds the next cell of a row, a text of `size` bytes (negative: up to its NUL): an id, a word,
/// an amount such as `"1980"` or `"19.80"`, a time such as `"2026-11-21T10:00:00+09:00"`.
///
/// Also returns `CRM_ERR_STATE` (the row has all its cells, or the rows are finished),
/// `CRM_ERR_BUSY` (another thread is inside a call with the rows).
crm_status_t crm_cell_text(struct crm_rows rows,
                           const char *text,
                           int64_t size,
                           struct crm_error *error);

/// Adds the next cell of a row, a whole number.
///
/// Also returns those of `crm_cell_text`.
crm_status_t crm_cell_i64(struct crm_rows rows,
                          int64_t value,
                          struct crm_error *error);

/// Adds the next cell of a row, a float. Amounts are better given as texts or in minor units.
///
/// Also returns those of `crm_cell_text`.
crm_status_t crm_cell_f64(struct crm_rows rows,
                          double value,
                          struct crm_error *error);

/// Adds the next cell of a row, one without a value.
///
/// Also returns those of `crm_cell_text`.
crm_status_t crm_cell_null(struct crm_rows rows,
                           struct crm_error *error);

/// Ends a row. A row with too few cells is refused and stays open.
///
/// Also returns `CRM_ERR_STATE` (too few cells, or the rows are finished), `CRM_ERR_BUSY` (another
/// thread is inside a call with the rows).
crm_status_t crm_row_end(struct crm_rows rows,
                         struct crm_error *error);

/// Adds a batch of rows: a JSON list of lists (cells in the columns' order) or of objects (by
/// column; others are ignored, missing ones are null). `size` is in bytes (negative: up to the
/// NUL), at most 16 MiB. Numbers are taken as they are written, so `19.80` is exact. A failing
/// call adds nothing; the error names the row, counted over all batches.
///
/// Also returns `CRM_ERR_ARGUMENT` (not such JSON, or over 16 MiB), `CRM_ERR_DATA` (a cell is a
/// list or an object, or an object has a column twice), `CRM_ERR_STATE` (a list of another length,
/// an unfinished row, or the rows are finished), `CRM_ERR_BUSY` (another thread is inside a call
/// with the rows).
crm_status_t crm_rows_json(struct crm_rows rows,
                           const char *json,
                           int64_t size,
                           struct crm_error *error);

/// Frees rows that were not finished, or whose finishing failed.
crm_status_t crm_rows_free(struct crm_rows rows,
                           struct crm_error *error);

/// Makes a table of customers from columns, as `crm_orders_from_columns` does. `spec` is JSON:
/// `{customer_id, registered_at, opted_out, dimensions, timezone}`, all optional. Free it with
/// `crm_customers_free`.
///
/// Also returns those of `crm_orders_from_columns`.
crm_status_t crm_customers_from_columns(const char *spec,
                                        int64_t spec_size,
                                        const struct crm_column *columns,
                                        size_t n_columns,
                                        struct crm_job job,
                                        struct crm_customers *out,
                                        struct crm_error *error);

/// Begins a table of customers that comes row by row, as `crm_orders_begin` does.
///
/// Also returns those of `crm_orders_begin`.
crm_status_t crm_customers_begin(const char *spec,
                                 int64_t spec_size,
                                 struct crm_rows *out,
                                 struct crm_error *error);

/// Makes a table of customers from rows, as `crm_orders_finish` does.
///
/// Also returns those of `crm_orders_finish`.
crm_status_t crm_customers_finish(struct crm_rows rows,
                                  struct crm_job job,
                                  struct crm_customers *out,
                                  struct crm_error *error);

/// Frees a table of customers. Orders made with it go on.
crm_status_t crm_customers_free(struct crm_customers customers,
                                struct crm_error *error);

/// Makes events from columns with a length for every buffer. `spec` is JSON: which column is what
/// and how to read it; without it they are visitor_id, occurred_at and kind. Columns that the spec
/// does not name are not looked at. Nothing is kept of the buffers. `job` may be `{0}`. Free the
/// events with `crm_events_free`.
///
/// Also returns those of `crm_orders_from_columns`.
crm_status_t crm_events_from_columns(const char *spec,
                                     int64_t spec_size,
                                     const struct crm_column *columns,
                                     size_t n_columns,
                                     struct crm_job job,
                                     struct crm_events *out,
                                     struct crm_error *error);

/// Begins events that come row by row, as `crm_orders_begin` does orders; at the end
/// `crm_events_finish`, or `crm_rows_free` to give up.
///
/// Also returns those of `crm_orders_begin`.
crm_status_t crm_events_begin(const char *spec,
                              int64_t spec_size,
                              struct crm_rows *out,
                              struct crm_error *error);

/// Makes events from rows. On success the rows are freed; on failure they stay, closed for more
/// rows, to be finished again (after a cancelled job, say) or freed.
///
/// Also returns those of `crm_orders_finish`.
crm_status_t crm_events_finish(struct crm_rows rows,
                               struct crm_job job,
                               struct crm_events *out,
                               struct crm_error *error);

/// The events that a filter lets through: `{"where": {...}}` as in the scope of an analysis.
///
/// Also returns `CRM_ERR_OPTION` (the request), `CRM_ERR_SCHEMA` (`where` names a column that the
/// events lack).
crm_status_t crm_events_view(struct crm_events events,
                             const char *request,
                             int64_t request_size,
                             struct crm_job job,
                             struct crm_events *out,
                             struct crm_error *error);

/// These events and more, as if made from all rows at once. Costs next to nothing; the first call
/// that looks at the result puts the two together.
///
/// Also returns `CRM_ERR_OPTION` (other settings or another zone), `CRM_ERR_SCHEMA` (another type
/// of ids), `CRM_ERR_DATA` (more events than one log can hold).
crm_status_t crm_events_concat(struct crm_events events,
                               struct crm_events more,
                               struct crm_job job,
                               struct crm_events *out,
                               struct crm_error *error);

/// Counts, dates and zone as JSON: `{events, visitors, first_date, last_date, rows_left_out,
/// zone}`. The text lives as long as the events.
crm_status_t crm_events_info(struct crm_events events,
                             struct crm_text *out,
                             struct crm_error *error);

/// Frees events. Views, tables and calls made from them go on.
crm_status_t crm_events_free(struct crm_events events,
                             struct crm_error *error);

/// Makes a table for analyses that read tables (fits, predictions) from columns with a length for
/// every buffer, all of them. Texts and the column `customer_id` become ids. Nothing is kept of the
/// buffers. Free it with `crm_table_free`.
///
/// Also returns `CRM_ERR_SCHEMA` (a column), `CRM_ERR_DATA` (a cell), `CRM_ERR_ARGUMENT` (over 4096
/// columns, a `size` of no version).
crm_status_t crm_table_from_columns(const struct crm_column *columns,
                                    size_t n_columns,
                                    struct crm_job job,
                                    struct crm_table *out,
                                    struct crm_error *error);

/// Runs an analysis of `crm_tasks`. `options` is one flat JSON object of scope and options, see
/// `crm_describe`; `""` or `"{}"` is none. `job` may be `{0}`. Free the table with
/// `crm_table_free`.
///
/// Also returns `CRM_ERR_OPTION` (the name of the analysis, an option, or data of another kind than
/// the analysis reads), `CRM_ERR_SCHEMA` (a column is missing or of a wrong type), `CRM_ERR_DATA`
/// (a value, a sum, or too little data), `CRM_ERR_CONVERGENCE` (a fit has no answer).
crm_status_t crm_run(const char *task,
                     struct crm_data data,
                     const char *options,
                     int64_t options_size,
                     struct crm_job job,
                     struct crm_table *out,
                     struct crm_error *error);

/// Rows of a table: the cells behind each column's pointer.
crm_status_t crm_table_row_count(struct crm_table table,
                                 size_t *out,
                                 struct crm_error *error);

/// Columns of a table. They count from 0.
crm_status_t crm_table_column_count(struct crm_table table,
                                    size_t *out,
                                    struct crm_error *error);

/// The column of a name; `CRM_ERR_SCHEMA` when there is none.
///
/// Also returns `CRM_ERR_SCHEMA` (no column has this name).
crm_status_t crm_table_find(struct crm_table table,
                            const char *name,
                            size_t *out,
                            struct crm_error *error);

/// The name of a column.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column).
crm_status_t crm_table_name(struct crm_table table,
                            size_t column,
                            struct crm_text *out,
                            struct crm_error *error);

/// The unit of a column (`days`, `orders`); empty where there is none.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column).
crm_status_t crm_table_unit(struct crm_table table,
                            size_t column,
                            struct crm_text *out,
                            struct crm_error *error);

/// What people read above a column, in a `crm_language`.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column or language).
crm_status_t crm_table_heading(struct crm_table table,
                               size_t column,
                               int32_t language,
                               struct crm_text *out,
                               struct crm_error *error);

/// The `crm_type` of a column.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column).
crm_status_t crm_table_type(struct crm_table table,
                            size_t column,
                            int32_t *out,
                            struct crm_error *error);

/// The currency of a column of money (ISO 4217: 4 bytes are written, the last a NUL) and the
/// decimals of its minor unit: 0 for JPY, 2 for USD.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column), `CRM_ERR_TYPE` (a column that is not money).
crm_status_t crm_table_currency(struct crm_table table,
                                size_t column,
                                char *currency,
                                int32_t *decimals,
                                struct crm_error *error);

/// How many words a column's closed list has.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column), `CRM_ERR_TYPE` (a column that is not a
/// category).
crm_status_t crm_table_label_count(struct crm_table table,
                                   size_t column,
                                   size_t *out,
                                   struct crm_error *error);

/// A word of a column's closed list by its number, in a `crm_language`.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column, word or language), `CRM_ERR_TYPE` (a column
/// that is not a category).
crm_status_t crm_table_label(struct crm_table table,
                             size_t column,
                             size_t word,
                             int32_t language,
                             struct crm_text *out,
                             struct crm_error *error);

/// What the table was computed with, nothing left implicit: canonical JSON (RFC 8785). `{}` for a
/// table that no analysis made.
crm_status_t crm_table_definition(struct crm_table table,
                                  struct crm_text *out,
                                  struct crm_error *error);

/// First 16 hex digits of the SHA-256 of the definition; empty for a table without one.
crm_status_t crm_table_hash(struct crm_table table,
                            struct crm_text *out,
                            struct crm_error *error);

/// What the analysis found beside its rows (cuts, flags, counts), as a JSON object.
crm_status_t crm_table_notes(struct crm_table table,
                             struct crm_text *out,
                             struct crm_error *error);

/// Frees a table and all that was handed out of it. Calls in progress on other threads finish
/// first; their pointers are gone with it.
crm_status_t crm_table_free(struct crm_table table,
                            struct crm_error *error);

/// The cells of a column of whole numbers of a customer, or of dates. Cells without a value are 0;
/// `crm_table_validity` tells them apart.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column), `CRM_ERR_TYPE` (a column of another type; the
/// message names the function that reads it).
crm_status_t crm_table_i32(struct crm_table table,
                           size_t column,
                           const int32_t **out,
                           struct crm_error *error);

/// The cells of a column of whole numbers, dates, instants, money, or ids that came in as signed
/// integers. Cells without a value are 0.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column), `CRM_ERR_TYPE` (a column of another type; the
/// message names the function that reads it).
crm_status_t crm_table_i64(struct crm_table table,
                           size_t column,
                           const int64_t **out,
                           struct crm_error *error);

/// The cells of a column of ids that came in as unsigned integers.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column), `CRM_ERR_TYPE` (a column of another type; the
/// message names the function that reads it).
crm_status_t crm_table_u64(struct crm_table table,
                           size_t column,
                           const uint64_t **out,
                           struct crm_error *error);

/// The cells of a column of floats. Cells without a value are 0, never NaN.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column), `CRM_ERR_TYPE` (a column of another type; the
/// message names the function that reads it).
crm_status_t crm_table_f64(struct crm_table table,
                           size_t column,
                           const double **out,
                           struct crm_error *error);

/// The cells of a column of truth values (0 or 1) or of words (numbers for `crm_table_label`).
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column), `CRM_ERR_TYPE` (a column of another type; the
/// message names the function that reads it).
crm_status_t crm_table_u8(struct crm_table table,
                          size_t column,
                          const uint8_t **out,
                          struct crm_error *error);

/// Which cells of a column have a value: a byte a row, 0 or 1. NULL is written when all have one.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column).
crm_status_t crm_table_validity(struct crm_table table,
                                size_t column,
                                const uint8_t **out,
                                struct crm_error *error);

/// A cell of a column of texts, words (the value that programs compare) or ids that came in as
/// texts or bytes. `data` is NULL where there is no value. The first call on a column of ids makes
/// all its texts.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such column or row), `CRM_ERR_TYPE` (a column of another
/// type; the message names the function that reads it).
crm_status_t crm_table_utf8(struct crm_table table,
                            size_t column,
                            size_t row,
                            struct crm_text *out,
                            struct crm_error *error);

/// Rows of a table as one UTF-8 text that ends in a NUL. `size` gives its bytes with the NUL. When
/// they are more than `capacity`, the buffer is left alone: a call with a capacity of 0 asks for the
/// size. Rows after the last are none.
///
/// Money is a decimal number of major units, exact (`1234.50`); a date is `2026-11-21`, an instant
/// `2026-11-21T01:00:00Z`; a null cell is `null` in JSON and empty in CSV; bytes are hexadecimal.
/// Whole numbers beyond 2^53 are texts in JSON, because its readers round them. `language` chooses the words of categories and the headings of CSV; JSON's keys are the names of the
/// columns always.
///
/// Also returns `CRM_ERR_ARGUMENT` (no such format or language).
crm_status_t crm_table_text(struct crm_table table,
                            int32_t format,
                            int32_t language,
                            size_t first_row,
                            size_t rows,
                            char *buffer,
                            size_t capacity,
                            size_t *size,
                            struct crm_error *error);

/// Makes orders from an Arrow C stream of record batches, as `crm_orders_from_columns` does from
/// columns. The stream is consumed: after the call its `release` is NULL, on success and on
/// failure, whatever else was wrong. Everything that Arrow's C structs allow to be checked is
/// checked before the first value is read; they carry no buffer sizes, so that buffers are as long
/// as their offsets say is taken from the producer. `crm_orders_from_columns` takes nothing on
/// trust.
///
/// Also returns `CRM_ERR_OPTION` (the spec), `CRM_ERR_SCHEMA` (a column or the stream),
/// `CRM_ERR_DATA` (a row, a sum).
crm_status_t crm_orders_from_arrow(const char *spec,
                                   int64_t spec_size,
                                   struct ArrowArrayStream *stream,
                                   struct crm_customers customers,
                                   struct crm_job job,
                                   struct crm_orders *out,
                                   struct crm_error *error);

/// Makes a table of customers from an Arrow C stream, consumed as by `crm_orders_from_arrow`.
///
/// Also returns those of `crm_orders_from_arrow`.
crm_status_t crm_customers_from_arrow(const char *spec,
                                      int64_t spec_size,
                                      struct ArrowArrayStream *stream,
                                      struct crm_job job,
                                      struct crm_customers *out,
                                      struct crm_error *error);

/// Makes events from an Arrow C stream, consumed as by `crm_orders_from_arrow`.
///
/// Also returns those of `crm_orders_from_arrow`.
crm_status_t crm_events_from_arrow(const char *spec,
                                   int64_t spec_size,
                                   struct ArrowArrayStream *stream,
                                   struct crm_job job,
                                   struct crm_events *out,
                                   struct crm_error *error);

/// The table as an Arrow C stream of one record batch, with the definition in the schema's
/// metadata. It outlives the table; release it as Arrow says. Money is decimal128, words are
/// dictionaries of texts, dates date32. `out` may be uninitialised.
crm_status_t crm_table_to_arrow(struct crm_table table,
                                struct ArrowArrayStream *out,
                                struct crm_error *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* CRM_H */
