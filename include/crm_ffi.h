/* Declarations of crm.h for FFI parsers. Do not edit. */

struct ArrowArrayStream;

enum { CRM_ABI_VERSION = 1 };

typedef enum crm_status {
  CRM_OK = 0,
  CRM_ERR_NULL = 1,
  CRM_ERR_HANDLE = 2,
  CRM_ERR_ARGUMENT = 3,
  CRM_ERR_STATE = 4,
  CRM_ERR_BUSY = 5,
  CRM_ERR_TYPE = 6,
  CRM_ERR_PANIC = 7,
  CRM_ERR_SCHEMA = 10,
  CRM_ERR_DATA = 11,
  CRM_ERR_OPTION = 12,
  CRM_ERR_NOT_FITTED = 13,
  CRM_ERR_CONVERGENCE = 14,
  CRM_ERR_CANCELLED = 15,
  CRM_ERR_OUT_OF_MEMORY = 16,
  CRM_ERR_BUDGET = 17,
  CRM_ERR_INTERNAL = 18,
} crm_status;

typedef enum crm_column_type {
  CRM_COLUMN_NULL = 0,
  CRM_COLUMN_I8 = 1,
  CRM_COLUMN_I16 = 2,
  CRM_COLUMN_I32 = 3,
  CRM_COLUMN_I64 = 4,
  CRM_COLUMN_U8 = 5,
  CRM_COLUMN_U16 = 6,
  CRM_COLUMN_U32 = 7,
  CRM_COLUMN_U64 = 8,
  CRM_COLUMN_F32 = 9,
  CRM_COLUMN_F64 = 10,
  CRM_COLUMN_BOOL = 11,
  CRM_COLUMN_DECIMAL128 = 12,
  CRM_COLUMN_DATE = 13,
  CRM_COLUMN_TIME_S = 14,
  CRM_COLUMN_TIME_MS = 15,
  CRM_COLUMN_TIME_US = 16,
  CRM_COLUMN_TIME_NS = 17,
  CRM_COLUMN_UTF8 = 18,
  CRM_COLUMN_LARGE_UTF8 = 19,
  CRM_COLUMN_FIXED = 20,
} crm_column_type;

typedef enum crm_type {
  CRM_TYPE_ID_I64 = 1,
  CRM_TYPE_ID_U64 = 2,
  CRM_TYPE_ID_UTF8 = 3,
  CRM_TYPE_ID_BYTES = 4,
  CRM_TYPE_INT = 5,
  CRM_TYPE_FLOAT = 6,
  CRM_TYPE_BOOL = 7,
  CRM_TYPE_DATE = 8,
  CRM_TYPE_INSTANT = 9,
  CRM_TYPE_MONEY = 10,
  CRM_TYPE_CATEGORY = 11,
  CRM_TYPE_TEXT = 12,
} crm_type;

typedef enum crm_language {
  CRM_LANGUAGE_CODE = 0,
  CRM_LANGUAGE_EN = 1,
  CRM_LANGUAGE_JA = 2,
} crm_language;

typedef int32_t crm_status_t;

typedef struct crm_customers {
  uint64_t id;
} crm_customers;

typedef struct crm_job {
  uint64_t id;
} crm_job;

typedef struct crm_orders {
  uint64_t id;
} crm_orders;

typedef struct crm_error {
  uint32_t size;
  int32_t code;
  int64_t row;
  char column[128];
  char message[512];
  char hint[512];
} crm_error;

typedef struct crm_events {
  uint64_t id;
} crm_events;

typedef struct crm_table {
  uint64_t id;
} crm_table;

typedef struct crm_text {
  const char *data;
  size_t size;
} crm_text;

typedef struct crm_column {
  uint32_t size;
  int32_t type;
  const char *name;
  int64_t name_size;
  uint64_t rows;
  uint64_t offset;
  const void *values;
  uint64_t values_size;
  const void *offsets;
  uint64_t offsets_size;
  const uint8_t *validity;
  uint64_t validity_size;
  const struct crm_column *dictionary;
  const char *zone;
  uint32_t width;
  int32_t scale;
} crm_column;

typedef struct crm_rows {
  uint64_t id;
} crm_rows;

typedef struct crm_data {
  uint64_t id;
} crm_data;

crm_status_t crm_orders_from_arrow(const char *spec,
                                   int64_t spec_size,
                                   struct ArrowArrayStream *stream,
                                   struct crm_customers customers,
                                   struct crm_job job,
                                   struct crm_orders *out,
                                   struct crm_error *error);

crm_status_t crm_customers_from_arrow(const char *spec,
                                      int64_t spec_size,
                                      struct ArrowArrayStream *stream,
                                      struct crm_job job,
                                      struct crm_customers *out,
                                      struct crm_error *error);

crm_status_t crm_events_from_arrow(const char *spec,
                                   int64_t spec_size,
                                   struct ArrowArrayStream *stream,
                                   struct crm_job job,
                                   struct crm_events *out,
                                   struct crm_error *error);

crm_status_t crm_table_to_arrow(struct crm_table table,
                                struct ArrowArrayStream *out,
                                struct crm_error *error);

const char *crm_version(void);

uint32_t crm_abi_version(void);

const char *crm_build_info(void);

const char *crm_status_name(crm_status_t status);

crm_status_t crm_tasks(struct crm_text *out,
                       struct crm_error *error);

crm_status_t crm_describe(const char *task,
                          struct crm_text *out,
                          struct crm_error *error);

crm_status_t crm_table_i32(struct crm_table table,
                           size_t column,
                           const int32_t **out,
                           struct crm_error *error);

crm_status_t crm_table_i64(struct crm_table table,
                           size_t column,
                           const int64_t **out,
                           struct crm_error *error);

crm_status_t crm_table_u64(struct crm_table table,
                           size_t column,
                           const uint64_t **out,
                           struct crm_error *error);

crm_status_t crm_table_f64(struct crm_table table,
                           size_t column,
                           const double **out,
                           struct crm_error *error);

crm_status_t crm_table_u8(struct crm_table table,
                          size_t column,
                          const uint8_t **out,
                          struct crm_error *error);

crm_status_t crm_table_validity(struct crm_table table,
                                size_t column,
                                const uint8_t **out,
                                struct crm_error *error);

crm_status_t crm_table_utf8(struct crm_table table,
                            size_t column,
                            size_t row,
                            struct crm_text *out,
                            struct crm_error *error);

crm_status_t crm_customers_from_columns(const char *spec,
                                        int64_t spec_size,
                                        const struct crm_column *columns,
                                        size_t n_columns,
                                        struct crm_job job,
                                        struct crm_customers *out,
                                        struct crm_error *error);

crm_status_t crm_customers_begin(const char *spec,
                                 int64_t spec_size,
                                 struct crm_rows *out,
                                 struct crm_error *error);

crm_status_t crm_customers_finish(struct crm_rows rows,
                                  struct crm_job job,
                                  struct crm_customers *out,
                                  struct crm_error *error);

crm_status_t crm_customers_free(struct crm_customers customers,
                                struct crm_error *error);

crm_status_t crm_events_from_columns(const char *spec,
                                     int64_t spec_size,
                                     const struct crm_column *columns,
                                     size_t n_columns,
                                     struct crm_job job,
                                     struct crm_events *out,
                                     struct crm_error *error);

crm_status_t crm_events_begin(const char *spec,
                              int64_t spec_size,
                              struct crm_rows *out,
                              struct crm_error *error);

crm_status_t crm_events_finish(struct crm_rows rows,
                               struct crm_job job,
                               struct crm_events *out,
                               struct crm_error *error);

crm_status_t crm_events_view(struct crm_events events,
                             const char *request,
                             int64_t request_size,
                             struct crm_job job,
                             struct crm_events *out,
                             struct crm_error *error);

crm_status_t crm_events_concat(struct crm_events events,
                               struct crm_events more,
                               struct crm_job job,
                               struct crm_events *out,
                               struct crm_error *error);

crm_status_t crm_events_info(struct crm_events events,
                             struct crm_text *out,
                             struct crm_error *error);

crm_status_t crm_events_free(struct crm_events events,
                             struct crm_error *error);

crm_status_t crm_job_create(struct crm_job *out,
                            struct crm_error *error);

crm_status_t crm_job_cancel(struct crm_job job,
                            struct crm_error *error);

crm_status_t crm_job_progress(struct crm_job job,
                              uint64_t *done,
                              uint64_t *total,
                              struct crm_error *error);

crm_status_t crm_job_set_budget(struct crm_job job,
                                uint64_t bytes,
                                struct crm_error *error);

crm_status_t crm_job_set_hash_seed(struct crm_job job,
                                   uint64_t seed,
                                   struct crm_error *error);

crm_status_t crm_job_free(struct crm_job job,
                          struct crm_error *error);

crm_status_t crm_orders_from_columns(const char *spec,
                                     int64_t spec_size,
                                     const struct crm_column *columns,
                                     size_t n_columns,
                                     struct crm_customers customers,
                                     struct crm_job job,
                                     struct crm_orders *out,
                                     struct crm_error *error);

crm_status_t crm_orders_begin(const char *spec,
                              int64_t spec_size,
                              struct crm_rows *out,
                              struct crm_error *error);

crm_status_t crm_orders_finish(struct crm_rows rows,
                               struct crm_customers customers,
                               struct crm_job job,
                               struct crm_orders *out,
                               struct crm_error *error);

crm_status_t crm_orders_view(struct crm_orders orders,
                             const char *request,
                             int64_t request_size,
                             struct crm_job job,
                             struct crm_orders *out,
                             struct crm_error *error);

crm_status_t crm_orders_concat(struct crm_orders orders,
                               struct crm_orders more,
                               struct crm_job job,
                               struct crm_orders *out,
                               struct crm_error *error);

crm_status_t crm_orders_reconciliation(struct crm_orders orders,
                                       struct crm_job job,
                                       struct crm_table *out,
                                       struct crm_error *error);

crm_status_t crm_orders_info(struct crm_orders orders,
                             struct crm_text *out,
                             struct crm_error *error);

crm_status_t crm_orders_free(struct crm_orders orders,
                             struct crm_error *error);

crm_status_t crm_cell_text(struct crm_rows rows,
                           const char *text,
                           int64_t size,
                           struct crm_error *error);

crm_status_t crm_cell_i64(struct crm_rows rows,
                          int64_t value,
                          struct crm_error *error);

crm_status_t crm_cell_f64(struct crm_rows rows,
                          double value,
                          struct crm_error *error);

crm_status_t crm_cell_null(struct crm_rows rows,
                           struct crm_error *error);

crm_status_t crm_row_end(struct crm_rows rows,
                         struct crm_error *error);

crm_status_t crm_rows_json(struct crm_rows rows,
                           const char *json,
                           int64_t size,
                           struct crm_error *error);

crm_status_t crm_rows_free(struct crm_rows rows,
                           struct crm_error *error);

crm_status_t crm_table_from_columns(const struct crm_column *columns,
                                    size_t n_columns,
                                    struct crm_job job,
                                    struct crm_table *out,
                                    struct crm_error *error);

crm_status_t crm_run(const char *task,
                     struct crm_data data,
                     const char *options,
                     int64_t options_size,
                     struct crm_job job,
                     struct crm_table *out,
                     struct crm_error *error);

crm_status_t crm_table_rows(struct crm_table table,
                            size_t *out,
                            struct crm_error *error);

crm_status_t crm_table_columns(struct crm_table table,
                               size_t *out,
                               struct crm_error *error);

crm_status_t crm_table_find(struct crm_table table,
                            const char *name,
                            size_t *out,
                            struct crm_error *error);

crm_status_t crm_table_name(struct crm_table table,
                            size_t column,
                            struct crm_text *out,
                            struct crm_error *error);

crm_status_t crm_table_unit(struct crm_table table,
                            size_t column,
                            struct crm_text *out,
                            struct crm_error *error);

crm_status_t crm_table_heading(struct crm_table table,
                               size_t column,
                               int32_t language,
                               struct crm_text *out,
                               struct crm_error *error);

crm_status_t crm_table_type(struct crm_table table,
                            size_t column,
                            int32_t *out,
                            struct crm_error *error);

crm_status_t crm_table_currency(struct crm_table table,
                                size_t column,
                                char *currency,
                                int32_t *decimals,
                                struct crm_error *error);

crm_status_t crm_table_labels(struct crm_table table,
                              size_t column,
                              size_t *out,
                              struct crm_error *error);

crm_status_t crm_table_label(struct crm_table table,
                             size_t column,
                             size_t word,
                             int32_t language,
                             struct crm_text *out,
                             struct crm_error *error);

crm_status_t crm_table_definition(struct crm_table table,
                                  struct crm_text *out,
                                  struct crm_error *error);

crm_status_t crm_table_hash(struct crm_table table,
                            struct crm_text *out,
                            struct crm_error *error);

crm_status_t crm_table_notes(struct crm_table table,
                             struct crm_text *out,
                             struct crm_error *error);

crm_status_t crm_table_free(struct crm_table table,
                            struct crm_error *error);

crm_status_t crm_set_threads(uint32_t threads,
                             struct crm_error *error);

crm_status_t crm_shutdown(struct crm_error *error);
