/* The ABI as the header says it: three ways in, tables out, errors. Compiled as C and as C++. */
#include "check.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

static crm_error error;

#define SPEC "{\"currency\": \"USD\", \"timezone\": \"UTC\"}"
#define ROWS "{\"currency\": \"USD\", \"timezone\": \"UTC\", " CELLS "}"

static const char *const CUSTOMERS[6] = {"ann", "bob", "ann", "cy", "bob", "ann"};
static const char *const DATES[6] = {"2026-01-05", "2026-01-09", "2026-02-11",
                                     "2026-03-01", "2026-03-20", "2026-04-02"};
static const int32_t DAYS[6] = {20458, 20462, 20495, 20513, 20532, 20545};
static const char *const AMOUNTS[6] = {"19.80", "5", "7.25", "100.00", "0.10", "0.20"};
static const int64_t CENTS[6] = {1980, 500, 725, 10000, 10, 20};

static crm_column column_of(const char *name, crm_column_type type, uint64_t rows,
                            const void *values, uint64_t size) {
  crm_column column;
  memset(&column, 0, sizeof column);
  column.size = (uint32_t)sizeof column;
  column.type = (int32_t)type;
  column.name = name;
  column.name_size = -1;
  column.rows = rows;
  column.values = values;
  column.values_size = size;
  return column;
}

static crm_orders by_columns(void) {
  static const char texts[] = "annbobanncybobann";
  static const int32_t offsets[7] = {0, 3, 6, 9, 11, 14, 17};
  crm_column columns[4];
  crm_orders orders;
  orders.id = 0;
  columns[0] = column_of("customer_id", CRM_COLUMN_UTF8, 6, texts, 17);
  columns[0].offsets = offsets;
  columns[0].offsets_size = sizeof offsets;
  columns[1] = column_of("ordered_at", CRM_COLUMN_DATE, 6, DAYS, sizeof DAYS);
  columns[2] = column_of("amount", CRM_COLUMN_I64, 6, CENTS, sizeof CENTS);
  /* A column nobody asked for is not looked at, broken as it is. */
  columns[3] = column_of("memo", CRM_COLUMN_UTF8, 6, NULL, 99);
  OK(crm_orders_from_columns(
      "{\"currency\": \"USD\", \"timezone\": \"UTC\", \"amount_unit\": \"minor\"}", -1, columns, 4,
      NO_CUSTOMERS, NO_JOB, &orders, &error));
  return orders;
}

static crm_orders by_cells(void) {
  crm_rows rows;
  crm_orders orders;
  int i;
  rows.id = orders.id = 0;
  OK(crm_orders_begin(ROWS, -1, &rows, &error));
  for (i = 0; i < 6; i++) {
    OK(crm_cell_text(rows, CUSTOMERS[i], -1, &error));
    OK(crm_cell_text(rows, DATES[i], 10, &error));
    OK(crm_cell_text(rows, AMOUNTS[i], -1, &error));
    OK(crm_row_end(rows, &error));
  }
  OK(crm_orders_finish(rows, NO_CUSTOMERS, NO_JOB, &orders, &error));
  FAILS(CRM_ERR_HANDLE, crm_rows_free(rows, &error)); /* finishing freed them */
  return orders;
}

static crm_orders by_json(void) {
  crm_rows rows;
  crm_orders orders;
  rows.id = orders.id = 0;
  OK(crm_orders_begin("{\"currency\": \"USD\", \"timezone\": \"UTC\", \"cells\": "
                      "[\"note\", \"amount\", \"customer_id\", \"ordered_at\"]}",
                      -1, &rows, &error));
  OK(crm_rows_json(rows, "[[null, 19.80, \"ann\", \"2026-01-05\"], [1, 5, \"bob\", \"2026-01-09\"]]",
                   -1, &error));
  OK(crm_rows_json(rows, "[]", 2, &error));
  OK(crm_rows_json(rows,
                   "[{\"ordered_at\": \"2026-02-11\", \"amount\": \"7.25\", \"customer_id\": "
                   "\"\\u0061nn\", \"unknown\": [1, {\"a\": []}]},"
                   " {\"customer_id\": \"cy\", \"ordered_at\": \"2026-03-01\", \"amount\": 1.0e2}]",
                   -1, &error));
  OK(crm_rows_json(rows,
                   "[[2, 0.1, \"bob\", \"2026-03-20\"], [null, 0.2, \"ann\", \"2026-04-02\"]]", -1,
                   &error));
  OK(crm_orders_finish(rows, NO_CUSTOMERS, NO_JOB, &orders, &error));
  return orders;
}

/* An Arrow stream made by hand: one struct array of three columns, chunked in two. */
static int released_schemas, released_arrays, released_streams;

static void release_schema(struct ArrowSchema *schema) {
  released_schemas++;
  schema->release = NULL;
}

static void release_array(struct ArrowArray *array) {
  released_arrays++;
  array->release = NULL;
}

static void release_stream(struct ArrowArrayStream *stream) {
  released_streams++;
  stream->release = NULL;
}

static int arrow_chunk;

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  static struct ArrowSchema children[3];
  static struct ArrowSchema *pointers[3];
  static const char *const names[3] = {"customer_id", "ordered_at", "amount"};
  static const char *const formats[3] = {"u", "tdD", "l"};
  int i;
  (void)stream;
  memset(children, 0, sizeof children);
  for (i = 0; i < 3; i++) {
    children[i].format = formats[i];
    children[i].name = names[i];
    children[i].flags = ARROW_FLAG_NULLABLE;
    children[i].release = release_schema;
    pointers[i] = &children[i];
  }
  memset(out, 0, sizeof *out);
  out->format = "+s";
  out->name = "";
  out->n_children = 3;
  out->children = pointers;
  out->release = release_schema;
  return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  static struct ArrowArray children[2][3];
  static struct ArrowArray *pointers[2][3];
  static const void *buffers[2][3][3];
  static const void *none[1] = {NULL};
  static const char texts[] = "annbobanncybobann";
  static const int32_t offsets[7] = {0, 3, 6, 9, 11, 14, 17};
  int chunk = arrow_chunk++, i;
  (void)stream;
  memset(out, 0, sizeof *out);
  if (chunk >= 2) return 0;
  memset(children[chunk], 0, sizeof children[chunk]);
  for (i = 0; i < 3; i++) {
    struct ArrowArray *child = &children[chunk][i];
    child->length = chunk == 0 ? 2 : 4;
    child->offset = chunk == 0 ? 0 : 2; /* the second chunk is a slice */
    child->n_buffers = i == 0 ? 3 : 2;
    child->buffers = buffers[chunk][i];
    child->release = release_array;
    pointers[chunk][i] = child;
  }
  buffers[chunk][0][1] = offsets;
  buffers[chunk][0][2] = texts;
  buffers[chunk][1][1] = DAYS;
  buffers[chunk][2][1] = CENTS;
  out->length = chunk == 0 ? 2 : 4;
  out->n_buffers = 1;
  out->buffers = none;
  out->n_children = 3;
  out->children = pointers[chunk];
  out->release = release_array;
  return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
  (void)stream;
  return NULL;
}

static struct ArrowArrayStream arrow_stream(void) {
  struct ArrowArrayStream stream;
  memset(&stream, 0, sizeof stream);
  stream.get_schema = get_schema;
  stream.get_next = get_next;
  stream.get_last_error = get_last_error;
  stream.release = release_stream;
  arrow_chunk = 0;
  return stream;
}

static crm_orders by_arrow(void) {
  struct ArrowArrayStream stream = arrow_stream();
  crm_orders orders;
  orders.id = 0;
  OK(crm_orders_from_arrow(
      "{\"currency\": \"USD\", \"timezone\": \"UTC\", \"amount_unit\": \"minor\"}", -1, &stream,
      NO_CUSTOMERS, NO_JOB, &orders, &error));
  CHECK(stream.release == NULL);
  CHECK(released_streams == 1);
  /* Consumed on failure too, and whatever else is wrong. */
  stream = arrow_stream();
  FAILS(CRM_ERR_OPTION, crm_orders_from_arrow("{\"currency\": \"???\"}", -1, &stream, NO_CUSTOMERS,
                                              NO_JOB, &orders, &error));
  CHECK(stream.release == NULL && released_streams == 2);
  stream = arrow_stream();
  FAILS(CRM_ERR_NULL, crm_orders_from_arrow(NULL, -1, &stream, NO_CUSTOMERS, NO_JOB, NULL, &error));
  CHECK(stream.release == NULL && released_streams == 3);
  FAILS(CRM_ERR_SCHEMA, crm_orders_from_arrow(SPEC, -1, &stream, NO_CUSTOMERS, NO_JOB, &orders,
                                              &error)); /* released before */
  return orders;
}

static crm_table rfm_of(crm_orders orders) {
  crm_table table;
  crm_data data;
  table.id = 0;
  data.id = orders.id;
  OK(crm_run("rfm", data, "{\"as_of\": \"2026-05-01\"}", -1, NO_JOB, &table, &error));
  return table;
}

static size_t find(crm_table table, const char *name) {
  size_t column = 99;
  OK(crm_table_find(table, name, &column, &error));
  return column;
}

/* The same cells as text, whatever the type. */
static void dump(crm_table table, char *to, size_t capacity) {
  size_t rows = 0, columns = 0, r, c, used = 0;
  OK(crm_table_row_count(table, &rows, &error));
  OK(crm_table_column_count(table, &columns, &error));
  to[0] = '\0';
  for (c = 0; c < columns; c++) {
    crm_text name;
    int32_t type = 0;
    const uint8_t *valid = NULL;
    OK(crm_table_name(table, c, &name, &error));
    OK(crm_table_type(table, c, &type, &error));
    OK(crm_table_validity(table, c, &valid, &error));
    used += (size_t)snprintf(to + used, capacity - used, "%s:", name.data);
    for (r = 0; r < rows; r++) {
      if (valid != NULL && valid[r] == 0) {
        used += (size_t)snprintf(to + used, capacity - used, " -");
      } else if (type == CRM_TYPE_FLOAT) {
        const double *values = NULL;
        OK(crm_table_f64(table, c, &values, &error));
        used += (size_t)snprintf(to + used, capacity - used, " %a", values[r]);
      } else if (type == CRM_TYPE_ID_UTF8 || type == CRM_TYPE_CATEGORY || type == CRM_TYPE_TEXT) {
        crm_text text;
        OK(crm_table_utf8(table, c, r, &text, &error));
        CHECK(strlen(text.data) == text.size);
        used += (size_t)snprintf(to + used, capacity - used, " %s", text.data);
      } else {
        const int64_t *values = NULL;
        OK(crm_table_i64(table, c, &values, &error));
        used += (size_t)snprintf(to + used, capacity - used, " %lld", (long long)values[r]);
      }
    }
    used += (size_t)snprintf(to + used, capacity - used, "\n");
  }
}

static void ways_in(void) {
  crm_orders orders[4];
  char first[4096], other[4096];
  crm_table table;
  crm_text text;
  int i;
  orders[0] = by_columns();
  orders[1] = by_cells();
  orders[2] = by_json();
  orders[3] = by_arrow();
  for (i = 0; i < 4; i++) {
    OK(crm_orders_info(orders[i], &text, &error));
    CHECK(strcmp(text.data,
                 "{\"currency\":\"USD\",\"customers\":3,\"first_date\":\"2026-01-05\","
                 "\"last_date\":\"2026-04-02\",\"orders\":6,\"zone\":\"UTC\"}") == 0);
    table = rfm_of(orders[i]);
    dump(table, i == 0 ? first : other, sizeof first);
    if (i > 0) CHECK(strcmp(first, other) == 0);
    OK(crm_table_free(table, &error));
    OK(crm_orders_free(orders[i], &error));
    FAILS(CRM_ERR_HANDLE, crm_orders_free(orders[i], &error));
  }
  /* By hand: recencies from 2026-05-01, orders and cents of ann, bob and cy. */
  CHECK(strstr(first, "customer_id: ann bob cy\n") != NULL);
  CHECK(strstr(first, "recency_days: 29 42 61\n") != NULL);
  CHECK(strstr(first, "orders: 3 2 1\n") != NULL);
  CHECK(strstr(first, "revenue: 2725 510 10000\n") != NULL);
}

static void tables(void) {
  crm_orders orders = by_cells();
  crm_table table = rfm_of(orders);
  crm_table other;
  crm_text text, again;
  size_t n = 0, column, word, words = 0;
  char currency[4] = "???";
  int32_t decimals = -1;
  const int32_t *i32s = NULL;
  const int64_t *i64s = NULL;
  const uint64_t *u64s = NULL;
  const double *f64s = NULL;
  const uint8_t *u8s = NULL;
  crm_data data;

  CHECK(table.id < UINT64_C(1) << 53 && orders.id < UINT64_C(1) << 53 && table.id != 0);
  column = find(table, "revenue");
  OK(crm_table_currency(table, column, currency, &decimals, &error));
  CHECK(strcmp(currency, "USD") == 0 && decimals == 2);
  OK(crm_table_i64(table, column, &i64s, &error));
  FAILS(CRM_ERR_TYPE, crm_table_i32(table, column, &i32s, &error));
  CHECK(strstr(error.message, "crm_table_i64") != NULL && strcmp(error.column, "revenue") == 0);
  FAILS(CRM_ERR_TYPE, crm_table_f64(table, column, &f64s, &error));
  FAILS(CRM_ERR_TYPE, crm_table_u8(table, column, &u8s, &error));
  FAILS(CRM_ERR_TYPE, crm_table_u64(table, column, &u64s, &error));
  FAILS(CRM_ERR_TYPE, crm_table_utf8(table, column, 0, &text, &error));
  FAILS(CRM_ERR_TYPE, crm_table_label_count(table, column, &words, &error));
  CHECK(i32s == NULL && f64s == NULL && u8s == NULL && u64s == NULL && words == 0);

  column = find(table, "recency_days");
  OK(crm_table_unit(table, column, &text, &error));
  CHECK(strcmp(text.data, "days") == 0);
  OK(crm_table_heading(table, column, CRM_LANGUAGE_JA, &text, &error));
  CHECK(text.size > 0 && (unsigned char)text.data[0] > 0x7f);
  OK(crm_table_heading(table, column, CRM_LANGUAGE_CODE, &text, &error));
  CHECK(strcmp(text.data, "recency_days") == 0);
  FAILS(CRM_ERR_ARGUMENT, crm_table_heading(table, column, 9, &text, &error));
  FAILS(CRM_ERR_TYPE, crm_table_currency(table, column, currency, &decimals, &error));
  OK(crm_table_i32(table, column, &i32s, &error));
  OK(crm_table_i64(table, column, &i64s, &error));
  CHECK(i32s[0] == 29 && i64s[0] == 29);

  column = find(table, "segment");
  OK(crm_table_label_count(table, column, &words, &error));
  CHECK(words >= 10);
  OK(crm_table_u8(table, column, &u8s, &error));
  for (word = 0; word < words; word++) {
    OK(crm_table_label(table, column, word, CRM_LANGUAGE_CODE, &text, &error));
    OK(crm_table_label(table, column, word, CRM_LANGUAGE_JA, &again, &error));
    CHECK(text.size > 0 && again.size > 0 && strcmp(text.data, again.data) != 0);
    if (word == u8s[0]) {
      OK(crm_table_utf8(table, column, 0, &again, &error));
      CHECK(strcmp(text.data, again.data) == 0);
    }
  }
  FAILS(CRM_ERR_ARGUMENT, crm_table_label(table, column, words, CRM_LANGUAGE_EN, &text, &error));

  FAILS(CRM_ERR_SCHEMA, crm_table_find(table, "recencydays", &n, &error));
  CHECK(strstr(error.hint, "recency_days") != NULL && n == 0);
  FAILS(CRM_ERR_ARGUMENT, crm_table_name(table, 1000, &text, &error));
  FAILS(CRM_ERR_ARGUMENT, crm_table_utf8(table, 0, 3, &text, &error));

  OK(crm_table_definition(table, &text, &error));
  CHECK(strstr(text.data, "\"analysis\":\"rfm\"") != NULL && strlen(text.data) == text.size);
  OK(crm_table_hash(table, &text, &error));
  CHECK(text.size == 16);
  OK(crm_table_notes(table, &text, &error));
  CHECK(text.data[0] == '{');

  /* A table as data of an analysis that reads orders. */
  data.id = table.id;
  FAILS(CRM_ERR_OPTION, crm_run("rfm", data, "", -1, NO_JOB, &other, &error));
  CHECK(strstr(error.message, "orders") != NULL);
  OK(crm_orders_free(orders, &error)); /* the table stands alone */
  OK(crm_table_name(table, 0, &text, &error));
  CHECK(strcmp(text.data, "customer_id") == 0);
  OK(crm_table_free(table, &error));
  FAILS(CRM_ERR_HANDLE, crm_table_row_count(table, &n, &error));
  FAILS(CRM_ERR_HANDLE, crm_run("rfm", data, "", -1, NO_JOB, &other, &error));
}

static void export_outlives_the_table(void) {
  crm_orders orders = by_cells();
  crm_table table = rfm_of(orders);
  struct ArrowArrayStream stream;
  struct ArrowSchema schema;
  struct ArrowArray batch;
  OK(crm_table_to_arrow(table, &stream, &error));
  OK(crm_table_free(table, &error));
  OK(crm_orders_free(orders, &error));
  CHECK(stream.get_schema(&stream, &schema) == 0);
  CHECK(strcmp(schema.format, "+s") == 0 && strcmp(schema.children[0]->name, "customer_id") == 0);
  CHECK(strcmp(schema.children[1]->name, "recency_days") == 0);
  CHECK(stream.get_next(&stream, &batch) == 0);
  CHECK(batch.length == 3 && batch.n_children == schema.n_children);
  CHECK(((const int32_t *)batch.children[1]->buffers[1])[batch.children[1]->offset] == 29);
  batch.release(&batch);
  CHECK(stream.get_next(&stream, &batch) == 0 && batch.release == NULL);
  schema.release(&schema);
  stream.release(&stream);
}

static void orders_calls(void) {
  crm_orders orders = by_cells(), more = by_json(), all, view;
  crm_table table;
  crm_text text;
  const int64_t *rows = NULL;
  crm_customers customers;
  crm_rows builder;
  all.id = view.id = table.id = customers.id = builder.id = 0;
  OK(crm_orders_view(orders, "{\"where\": {\"customer_id\": [\"ann\", \"cy\"]}}", -1, NO_JOB, &view,
                     &error));
  OK(crm_orders_free(orders, &error));
  table = rfm_of(view);
  {
    size_t n = 0;
    OK(crm_table_row_count(table, &n, &error));
    CHECK(n == 2);
  }
  OK(crm_table_free(table, &error));
  OK(crm_orders_info(view, &text, &error)); /* its own part */
  CHECK(strstr(text.data, "\"orders\":4") != NULL && strstr(text.data, "\"customers\":2") != NULL);
  FAILS(CRM_ERR_OPTION, crm_orders_view(more, "{\"were\": {}}", -1, NO_JOB, &all, &error));
  FAILS(CRM_ERR_OPTION, crm_orders_view(more, "[", -1, NO_JOB, &all, &error));
  FAILS(CRM_ERR_OPTION, crm_orders_concat(view, more, NO_JOB, &all, &error));
  orders = by_cells();
  OK(crm_orders_concat(orders, more, NO_JOB, &all, &error));
  OK(crm_orders_info(all, &text, &error));
  CHECK(strstr(text.data, "\"orders\":12") != NULL);
  OK(crm_orders_reconciliation(all, NO_JOB, &table, &error));
  OK(crm_table_i64(table, find(table, "rows"), &rows, &error));
  CHECK(rows != NULL && rows[0] == 12);
  OK(crm_table_free(table, &error));
  OK(crm_orders_free(all, &error));
  OK(crm_orders_free(view, &error));
  OK(crm_orders_free(more, &error));
  OK(crm_orders_free(orders, &error));

  OK(crm_customers_begin("{\"registered_at\": \"since\", \"cells\": [\"customer_id\", \"since\"]}", -1, &builder, &error));
  OK(crm_rows_json(builder, "[[\"ann\", \"2025-12-01\"], [\"dee\", \"2026-01-01\"]]", -1, &error));
  FAILS(CRM_ERR_STATE, crm_orders_finish(builder, NO_CUSTOMERS, NO_JOB, &orders, &error));
  OK(crm_customers_finish(builder, NO_JOB, &customers, &error));
  OK(crm_orders_begin(ROWS, -1, &builder, &error));
  OK(crm_rows_json(builder, "[[\"ann\", \"2026-01-05\", 1]]", -1, &error));
  OK(crm_orders_finish(builder, customers, NO_JOB, &orders, &error));
  OK(crm_customers_free(customers, &error));
  table = rfm_of(orders);
  OK(crm_table_free(table, &error));
  OK(crm_orders_free(orders, &error));

  /* Truth values as JSON has them; blank is false, and any other cell names its row. */
  OK(crm_customers_begin("{\"opted_out\": \"out\", \"cells\": [\"customer_id\", \"out\"]}", -1, &builder, &error));
  OK(crm_rows_json(builder, "[[\"ann\", true], [\"bob\", false], [\"cy\", null]]", -1, &error));
  OK(crm_customers_finish(builder, NO_JOB, &customers, &error));
  OK(crm_orders_begin(ROWS, -1, &builder, &error));
  OK(crm_rows_json(builder, "[[\"ann\", \"2026-01-05\", 1], [\"bob\", \"2026-01-05\", 1]]", -1, &error));
  OK(crm_orders_finish(builder, customers, NO_JOB, &orders, &error));
  OK(crm_customers_free(customers, &error));
  OK(crm_orders_view(orders, "{\"where\": {\"opted_out\": true}}", -1, NO_JOB, &view, &error));
  OK(crm_orders_info(view, &text, &error));
  CHECK(strstr(text.data, "\"orders\":1,") != NULL || strstr(text.data, "\"orders\":1}") != NULL);
  OK(crm_orders_free(view, &error));
  OK(crm_orders_free(orders, &error));
  OK(crm_customers_begin("{\"opted_out\": \"out\", \"cells\": [\"customer_id\", \"out\"]}", -1, &builder, &error));
  OK(crm_rows_json(builder, "[[\"ann\", true], [\"bob\", \"perhaps\"]]", -1, &error));
  FAILS(CRM_ERR_DATA, crm_customers_finish(builder, NO_JOB, &customers, &error));
  CHECK(error.row == 1 && strcmp(error.column, "out") == 0);
  OK(crm_rows_free(builder, &error));
}

static void tables_in(void) {
  static const double frequency[3] = {1, 2, (double)NAN};
  static const int32_t ids[3] = {7, 5, 6};
  crm_column columns[2];
  crm_table table;
  const uint8_t *valid = NULL;
  const int64_t *back = NULL;
  crm_data data;
  table.id = 0;
  columns[0] = column_of("customer_id", CRM_COLUMN_I32, 3, ids, sizeof ids);
  columns[1] = column_of("frequency", CRM_COLUMN_F64, 3, frequency, sizeof frequency);
  OK(crm_table_from_columns(columns, 2, NO_JOB, &table, &error));
  OK(crm_table_i64(table, find(table, "customer_id"), &back, &error));
  CHECK(back != NULL && back[0] == 7 && back[2] == 6);
  OK(crm_table_validity(table, find(table, "frequency"), &valid, &error));
  CHECK(valid != NULL && valid[0] == 1 && valid[2] == 0);
  data.id = table.id;
  {
    crm_table other;
    FAILS(CRM_ERR_OPTION, crm_run("rfm", data, "", -1, NO_JOB, &other, &error));
  }
  OK(crm_table_free(table, &error));
  columns[1].rows = 2;
  FAILS(CRM_ERR_SCHEMA, crm_table_from_columns(columns, 2, NO_JOB, &table, &error));
}

/* Models cross as JSON: a fit's notes go into the next request. Published values of Fader, Hardie
 * 2007 (contracts) and Fader, Hardie, Lee 2005 (a customer of CDNOW). */
static void models(void) {
  static const double survivors[8] = {1000, 869, 743, 653, 593, 551, 517, 491};
  static const double periods[2] = {1, 7}, x[1] = {2}, t_x[1] = {30.43}, age[1] = {38.86};
  static const char *bg = "{\"fit\": {\"model\": \"bg_nbd\", \"r\": 0.243, \"alpha\": 4.414, "
                          "\"a\": 0.793, \"b\": 2.426, \"unit\": \"week\"}, \"t\": 39}";
  crm_column columns[3];
  crm_table data, fit, table;
  crm_data in;
  crm_text notes;
  const double *values = NULL;
  char request[2048];
  size_t rows = 0;
  data.id = fit.id = table.id = 0;
  columns[0] = column_of("survivors", CRM_COLUMN_F64, 8, survivors, sizeof survivors);
  OK(crm_table_from_columns(columns, 1, NO_JOB, &data, &error));
  in.id = data.id;
  OK(crm_run("sbg_fit", in, "", -1, NO_JOB, &fit, &error));
  OK(crm_table_f64(fit, find(fit, "value"), &values, &error));
  CHECK(values != NULL && fabs(values[0] - 0.668088) < 6e-7 && fabs(values[1] - 3.806095) < 6e-7);
  OK(crm_table_notes(fit, &notes, &error));
  {
    /* The note `fit` is an object: from its brace to the one that closes it. */
    const char *from = strstr(notes.data, "\"fit\":{");
    const char *to = from;
    int depth = 0;
    CHECK(from != NULL);
    if (from == NULL) {
      return;
    }
    for (to = from + 6; *to != '\0'; to++) {
      depth += *to == '{' ? 1 : *to == '}' ? -1 : 0;
      if (depth == 0) {
        break;
      }
    }
    (void)snprintf(request, sizeof request, "{%.*s}", (int)(to + 1 - from), from);
  }
  OK(crm_table_free(data, &error));
  columns[0] = column_of("t", CRM_COLUMN_F64, 2, periods, sizeof periods);
  OK(crm_table_from_columns(columns, 1, NO_JOB, &data, &error));
  in.id = data.id;
  OK(crm_run("sbg_predict", in, request, -1, NO_JOB, &table, &error));
  OK(crm_table_f64(table, find(table, "survival_rate"), &values, &error));
  CHECK(values != NULL && fabs(values[0] - 0.869) < 0.02 && fabs(values[1] - 0.491) < 0.02);
  OK(crm_table_free(table, &error));
  OK(crm_table_free(data, &error));
  OK(crm_table_free(fit, &error));
  columns[0] = column_of("frequency", CRM_COLUMN_F64, 1, x, sizeof x);
  columns[1] = column_of("recency", CRM_COLUMN_F64, 1, t_x, sizeof t_x);
  columns[2] = column_of("T", CRM_COLUMN_F64, 1, age, sizeof age);
  OK(crm_table_from_columns(columns, 3, NO_JOB, &data, &error));
  in.id = data.id;
  OK(crm_run("clv_predict", in, bg, -1, NO_JOB, &table, &error));
  OK(crm_table_row_count(table, &rows, &error));
  CHECK(rows == 1);
  OK(crm_table_f64(table, find(table, "expected_purchases"), &values, &error));
  CHECK(values != NULL && fabs(values[0] - 1.226028) < 1e-6);
  OK(crm_table_f64(table, find(table, "probability_alive"), &values, &error));
  CHECK(values != NULL && fabs(values[0] - 0.726579) < 1e-6);
  FAILS(CRM_ERR_NOT_FITTED, crm_run("clv_predict", in, "{}", -1, NO_JOB, &fit, &error));
  CHECK(strstr(error.message, "option `fit` is the JSON of a fit, or of parameters") != NULL);
  OK(crm_table_free(table, &error));
  OK(crm_table_free(data, &error));
}

static void rows_say_what_is_wrong(void) {
  crm_rows rows;
  crm_orders orders;
  orders.id = 0;
  OK(crm_orders_begin(ROWS, -1, &rows, &error));
  FAILS(CRM_ERR_STATE, crm_row_end(rows, &error));
  OK(crm_cell_text(rows, "ann", -1, &error));
  OK(crm_cell_null(rows, &error));
  FAILS(CRM_ERR_STATE, crm_rows_json(rows, "[]", -1, &error)); /* a row is open */
  FAILS(CRM_ERR_STATE, crm_orders_finish(rows, NO_CUSTOMERS, NO_JOB, &orders, &error));
  OK(crm_cell_f64(rows, 1.5, &error));
  FAILS(CRM_ERR_STATE, crm_cell_i64(rows, 1, &error));
  CHECK(error.row == 0);
  OK(crm_row_end(rows, &error));
  FAILS(CRM_ERR_ARGUMENT, crm_cell_text(rows, "\xff\xfe", 2, &error));
  FAILS(CRM_ERR_ARGUMENT, crm_rows_json(rows, "[[1, 2, 3], [1, 2", -1, &error));
  CHECK(error.row == 2);
  FAILS(CRM_ERR_STATE, crm_rows_json(rows, "[[1, 2, 3], [1, 2]]", -1, &error));
  CHECK(error.row == 2);
  FAILS(CRM_ERR_STATE, crm_rows_json(rows, "[[1, 2, 3, 4]]", -1, &error));
  CHECK(error.row == 1);
  FAILS(CRM_ERR_DATA, crm_rows_json(rows, "[[1, [2], 3]]", -1, &error));
  FAILS(CRM_ERR_DATA, crm_rows_json(rows, "[{\"amount\": {}}]", -1, &error));
  FAILS(CRM_ERR_DATA, crm_rows_json(rows, "[{\"amount\": 1, \"amount\": 2}]", -1, &error));
  FAILS(CRM_ERR_ARGUMENT, crm_rows_json(rows, "{}", -1, &error));
  FAILS(CRM_ERR_ARGUMENT, crm_rows_json(rows, "[1]", -1, &error));
  FAILS(CRM_ERR_ARGUMENT, crm_rows_json(rows, "[] x", -1, &error));
  FAILS(CRM_ERR_ARGUMENT, crm_rows_json(rows, "", -1, &error));
  OK(crm_rows_json(rows, "[[\"bob\", \"2026-01-01\", \"1.001\"]]", -1, &error));
  FAILS(CRM_ERR_DATA, crm_orders_finish(rows, NO_CUSTOMERS, NO_JOB, &orders, &error));
  CHECK(error.row == 0 && strcmp(error.column, "ordered_at") == 0); /* the null */
  FAILS(CRM_ERR_STATE, crm_cell_null(rows, &error));                /* closed */
  FAILS(CRM_ERR_DATA, crm_orders_finish(rows, NO_CUSTOMERS, NO_JOB, &orders, &error));
  OK(crm_rows_free(rows, &error));
  CHECK(orders.id == 0);

  OK(crm_orders_begin(ROWS, -1, &rows, &error));
  OK(crm_rows_json(rows, "[[\"bob\", \"2026-01-01\", \"1.00\"], [\"bob\", \"2026-01-01\", 1.001]]",
                   -1, &error));
  FAILS(CRM_ERR_DATA, crm_orders_finish(rows, NO_CUSTOMERS, NO_JOB, &orders, &error));
  CHECK(error.row == 1 && strcmp(error.column, "amount") == 0);
  OK(crm_rows_free(rows, &error));

  FAILS(CRM_ERR_OPTION, crm_orders_begin("{" CELLS "}", -1, &rows, &error)); /* no currency */
  FAILS(CRM_ERR_OPTION, crm_orders_begin("{\"currncy\": 1, " CELLS "}", -1, &rows, &error));
  CHECK(strstr(error.hint, "currency") != NULL);
  FAILS(CRM_ERR_SCHEMA,
        crm_orders_begin("{\"currency\": \"JPY\", \"cells\": [\"customer_id\", \"amount\"]}", -1,
                         &rows, &error));
  FAILS(CRM_ERR_OPTION, crm_orders_begin("{\"currency\": \"JPY\", \"cells\": [\"a\", \"a\", "
                                         "\"customer_id\", \"amount\", \"ordered_at\"]}",
                                         -1, &rows, &error));
  FAILS(CRM_ERR_OPTION, crm_orders_begin("{\"cells\": 3}", -1, &rows, &error));
  /* The order of cells is said, never known by heart: cost and discount would change places. */
  FAILS(CRM_ERR_OPTION, crm_orders_begin(SPEC, -1, &rows, &error));
  CHECK(strstr(error.message, "`cells`") != NULL && strstr(error.message, "in their order") != NULL);
  FAILS(CRM_ERR_OPTION, crm_customers_begin("{}", -1, &rows, &error));
  FAILS(CRM_ERR_OPTION, crm_events_begin("{}", -1, &rows, &error));
  FAILS(CRM_ERR_OPTION, crm_orders_begin("{\"currency\": \"JPY\", \"columns\": [\"customer_id\", "
                                         "\"ordered_at\", \"amount\"]}",
                                         -1, &rows, &error));
  FAILS(CRM_ERR_OPTION, crm_orders_begin("[]", -1, &rows, &error));
}

static void jobs(void) {
  crm_job job;
  crm_orders orders = check_shop(3000, &error), again;
  crm_table table;
  crm_data data;
  uint64_t done = 99, total = 99;
  data.id = orders.id;
  again.id = table.id = 0;
  OK(crm_job_create(&job, &error));
  OK(crm_job_progress(job, &done, &total, &error));
  CHECK(done == 0 && total == 0);
  OK(crm_job_set_hash_seed(job, 7, &error));
  OK(crm_orders_concat(orders, orders, job, &again, &error));
  OK(crm_job_set_budget(job, 100, &error));
  FAILS(CRM_ERR_BUDGET, crm_run("rfm", data, "", -1, job, &table, &error));
  OK(crm_job_set_budget(job, 0, &error));
  OK(crm_run("rfm", data, "", -1, job, &table, &error));
  OK(crm_table_free(table, &error));
  OK(crm_job_cancel(job, &error));
  FAILS(CRM_ERR_CANCELLED, crm_run("rfm", data, "", -1, job, &table, &error));
  OK(crm_job_free(job, &error));
  FAILS(CRM_ERR_HANDLE, crm_job_cancel(job, &error));
  FAILS(CRM_ERR_HANDLE, crm_run("rfm", data, "", -1, job, &table, &error));
  OK(crm_orders_free(again, &error));
  OK(crm_orders_free(orders, &error));
}

static void catalogue(void) {
  crm_text text, again;
  int32_t i;
  CHECK(crm_abi_version() == CRM_ABI_VERSION);
  CHECK(strchr(crm_version(), '.') != NULL);
  CHECK(strstr(crm_build_info(), "\"panic\":\"unwind\"") != NULL);
  CHECK(strcmp(crm_status_name(CRM_ERR_DATA), "CRM_ERR_DATA") == 0);
  for (i = -3; i < 40; i++) CHECK(strncmp(crm_status_name(i), "CRM_", 4) == 0);
  CHECK(strcmp(crm_status_name(12345), "CRM_ERR_UNKNOWN") == 0);
  OK(crm_tasks(&text, &error));
  CHECK(strstr(text.data, "\"name\":\"rfm\"") != NULL);
  OK(crm_describe("rfm", &text, &error));
  OK(crm_describe("rfm", &again, &error));
  CHECK(text.data == again.data && strstr(text.data, "\"levels\"") != NULL);
  FAILS(CRM_ERR_OPTION, crm_describe("rmf", &text, &error));
  CHECK(strstr(error.hint, "rfm") != NULL);
}

static void errors(void) {
  struct {
    crm_error error;
    char canary[64];
  } small;
  crm_table table;
  crm_data data;
  data.id = 5;
  table.id = 77;
  /* A caller of an older, smaller version: only what it has is written. */
  memset(&small, 'x', sizeof small);
  small.error.size = 16;
  CHECK(crm_run("rfm", data, "", -1, NO_JOB, &table, &small.error) == CRM_ERR_HANDLE);
  CHECK(small.error.code == CRM_ERR_HANDLE && small.error.row == -1 && small.error.size == 16);
  CHECK(small.error.column[0] == 'x' && small.error.message[0] == 'x');
  memset(&small, 'x', sizeof small);
  small.error.size = 0;
  CHECK(crm_run("rfm", data, "", -1, NO_JOB, &table, &small.error) == CRM_ERR_HANDLE);
  CHECK(small.error.size == 0 && strlen(small.error.message) > 10 && small.canary[0] == 'x');
  memset(&small, 'x', sizeof small);
  small.error.size = (uint32_t)sizeof(crm_error) + 64;
  CHECK(crm_run("rfm", data, "", -1, NO_JOB, &table, &small.error) == CRM_ERR_HANDLE);
  CHECK(strlen(small.error.hint) < 512 && small.canary[0] == 'x');
  CHECK(crm_run("rfm", data, "", -1, NO_JOB, &table, NULL) == CRM_ERR_HANDLE);
  CHECK(table.id == 77); /* outputs are written only on success */
  CHECK(sizeof(crm_error) == 1168 && offsetof(crm_error, message) == 144);
}

/* Events row by row and as columns, a day appended, and what analyses make of them. */
#define EVENTS "{\"page\": \"page\", \"timezone\": \"Asia/Tokyo\", " \
               "\"cells\": [\"visitor_id\", \"occurred_at\", \"kind\", \"page\"]}"

static crm_events log_of(const char *rows_text) {
  crm_rows rows;
  crm_events events;
  rows.id = events.id = 0;
  OK(crm_events_begin(EVENTS, -1, &rows, &error));
  OK(crm_rows_json(rows, rows_text, -1, &error));
  OK(crm_events_finish(rows, NO_JOB, &events, &error));
  return events;
}

static int64_t whole(crm_table table, const char *name, size_t row) {
  const int64_t *values = NULL;
  size_t column = 0;
  OK(crm_table_find(table, name, &column, &error));
  OK(crm_table_i64(table, column, &values, &error));
  return values != NULL ? values[row] : -1;
}

static void events_calls(void) {
  static const char history[] =
      "[[\"v\", \"2026-03-01T10:00:00\", \"view\", \"/\"],"
      " [\"w\", \"2026-03-01T10:00:00\", \"view\", \"/\"],"
      " [\"v\", \"2026-03-01T10:05:00\", \"add\", \"/p\"]]";
  static const char day[] =
      "[[\"u\", \"2026-03-02T09:00:00\", \"view\", \"/\"],"
      " [\"v\", \"2026-03-02T09:00:00\", \"purchase\", \"/thanks\"]]";
  static const int64_t visitors[2] = {7, 7};
  static const int32_t days[2] = {20513, 20514};
  crm_events before = log_of(history), more = log_of(day), all, mail;
  crm_column columns[3];
  crm_text info;
  crm_table table;
  size_t rows = 0;
  all.id = mail.id = table.id = 0;
  OK(crm_events_concat(before, more, NO_JOB, &all, &error));
  OK(crm_events_free(before, &error));
  OK(crm_events_free(more, &error));
  OK(crm_events_info(all, &info, &error));
  CHECK(strstr(info.data, "\"events\":5") != NULL && strstr(info.data, "\"visitors\":3") != NULL);
  CHECK(strstr(info.data, "2026-03-02") != NULL && strstr(info.data, "Asia/Tokyo") != NULL);
  OK(crm_run("funnel", CRM_DATA(all),
             CRM_JSON({"steps": ["view", "add", "purchase"], "window": "2d"}), -1, NO_JOB, &table,
             &error));
  CHECK(whole(table, "reached", 0) == 3 && whole(table, "reached", 1) == 1);
  CHECK(whole(table, "reached", 2) == 1);
  OK(crm_table_free(table, &error));
  OK(crm_run("page_exits", CRM_DATA(all), "", -1, NO_JOB, &table, &error));
  OK(crm_table_row_count(table, &rows, &error));
  CHECK(rows == 1 && whole(table, "views", 0) == 3 && whole(table, "exits", 0) == 3);
  OK(crm_table_free(table, &error));
  FAILS(CRM_ERR_OPTION, crm_run("browse_rates", CRM_DATA(all), "", -1, NO_JOB, &table, &error));
  CHECK(strstr(error.message, "\"product_view\"") != NULL);
  OK(crm_events_view(all, CRM_JSON({"where": {"page": "/"}}), -1, NO_JOB, &mail, &error));
  OK(crm_events_info(mail, &info, &error));
  CHECK(strstr(info.data, "\"events\":3") != NULL);
  OK(crm_events_free(mail, &error));
  FAILS(CRM_ERR_HANDLE, crm_events_free(mail, &error));
  OK(crm_events_free(all, &error));
  columns[0] = column_of("visitor_id", CRM_COLUMN_I64, 2, visitors, sizeof visitors);
  columns[1] = column_of("occurred_at", CRM_COLUMN_DATE, 2, days, sizeof days);
  columns[2] = column_of("kind", CRM_COLUMN_I64, 2, visitors, sizeof visitors);
  OK(crm_events_from_columns("{\"kinds\": {\"7\": \"view\"}}", -1, columns, 3, NO_JOB, &all, &error));
  OK(crm_run("sessions", CRM_DATA(all), "", -1, NO_JOB, &table, &error));
  OK(crm_table_row_count(table, &rows, &error));
  CHECK(rows == 2);
  OK(crm_table_free(table, &error));
  FAILS(CRM_ERR_OPTION, crm_run("cart_abandonment", CRM_DATA(all), "", -1, NO_JOB, &table, &error));
  CHECK(strstr(error.message, "kinds present are 7") != NULL);
  OK(crm_events_free(all, &error));
}

/* A log of messages and an import of orders as one log. */
static void messages_calls(void) {
  static const char log[] =
      "[[\"ann\", \"ann\", \"2026-03-01T10:00:00\", \"sent\", \"spring\"],"
      " [\"bob\", \"bob\", \"2026-03-01T10:00:00\", \"sent\", \"spring\"]]";
  static const char shop[] = "[[\"ann\", \"2026-03-02T12:00:00\", 30], [\"cy\", \"2026-03-02T12:00:00\", 5]]";
  crm_rows rows;
  crm_events mails, both;
  crm_orders orders;
  crm_table table;
  crm_text info;
  rows.id = mails.id = both.id = orders.id = table.id = 0;
  OK(crm_events_begin(CRM_JSON({"customer_id": "customer_id", "campaign": "campaign", "timezone": "UTC",
                                "cells": ["visitor_id", "customer_id", "occurred_at", "kind", "campaign"]}),
                      -1, &rows, &error));
  OK(crm_rows_json(rows, log, -1, &error));
  OK(crm_events_finish(rows, NO_JOB, &mails, &error));
  OK(crm_orders_begin(ROWS, -1, &rows, &error));
  OK(crm_rows_json(rows, shop, -1, &error));
  OK(crm_orders_finish(rows, NO_CUSTOMERS, NO_JOB, &orders, &error));
  OK(crm_events_with_orders(mails, orders, NO_JOB, &both, &error));
  OK(crm_events_info(both, &info, &error));
  CHECK(strstr(info.data, "\"added\":1") != NULL && strstr(info.data, "\"of_others\":1") != NULL);
  OK(crm_run("campaign_rates", CRM_DATA(both), CRM_JSON({"credit": "send"}), -1, NO_JOB, &table, &error));
  CHECK(whole(table, "sent", 0) == 2 && whole(table, "converted", 0) == 1);
  OK(crm_table_free(table, &error));
  OK(crm_events_free(both, &error));
  OK(crm_events_free(mails, &error));
  mails = log_of("[[\"v\", \"2026-03-01T10:00:00\", \"view\", \"/\"]]");
  FAILS(CRM_ERR_OPTION, crm_events_with_orders(mails, orders, NO_JOB, &both, &error));
  OK(crm_events_free(mails, &error));
  OK(crm_orders_free(orders, &error));
}

/* A whole table as one text. The numbers are worked out by hand. */
static void texts(void) {
  crm_rows rows;
  crm_orders orders;
  crm_data data;
  crm_table table;
  char text[1024];
  size_t size = 0, again = 0, i;
  const char *json =
      "[{\"customer_id\":\"a\\\"b,c\",\"first_date\":\"2026-01-01\",\"last_date\":\"2026-01-11\","
      "\"orders\":2,\"purchase_days\":2,\"revenue\":30.75,\"mean_order_value\":15.375,"
      "\"tenure_days\":10,\"recency_days\":10,\"gap_count\":1,\"gap_mean\":10,\"gap_sd\":null,"
      "\"gap_min\":10,\"gap_max\":10,\"gap_log_sum\":2.302585092994046,\"cancelled_orders\":0,"
      "\"cancel_rate\":0},\n"
      "{\"customer_id\":\"dee\",\"first_date\":\"2026-01-20\",\"last_date\":\"2026-01-20\","
      "\"orders\":1,\"purchase_days\":1,\"revenue\":0.05,\"mean_order_value\":0.05,"
      "\"tenure_days\":0,\"recency_days\":1,\"gap_count\":0,\"gap_mean\":null,\"gap_sd\":null,"
      "\"gap_min\":null,\"gap_max\":null,\"gap_log_sum\":null,\"cancelled_orders\":0,"
      "\"cancel_rate\":0}]";
  rows.id = orders.id = table.id = 0;
  OK(crm_orders_begin(ROWS, -1, &rows, &error));
  OK(crm_rows_json(rows,
                   "[[\"a\\\"b,c\", \"2026-01-01\", \"10.50\"], [\"a\\\"b,c\", \"2026-01-11\", \"20.25\"],"
                   " [\"dee\", \"2026-01-20\", \"0.05\"]]",
                   -1, &error));
  OK(crm_orders_finish(rows, NO_CUSTOMERS, NO_JOB, &orders, &error));
  data.id = orders.id;
  OK(crm_run("summary", data, "{\"as_of\": \"2026-01-21\"}", -1, NO_JOB, &table, &error));

  /* The size first, then the text; a buffer that is one byte short is left alone. */
  OK(crm_table_text(table, CRM_TEXT_JSON, CRM_LANGUAGE_CODE, 0, SIZE_MAX, NULL, 0, &size, &error));
  memset(text, '#', sizeof text);
  OK(crm_table_text(table, CRM_TEXT_JSON, CRM_LANGUAGE_CODE, 0, SIZE_MAX, text, size - 1, &again, &error));
  CHECK(again == size && text[0] == '#');
  OK(crm_table_text(table, CRM_TEXT_JSON, CRM_LANGUAGE_CODE, 0, SIZE_MAX, text, size, &again, &error));
  CHECK(again == size && strlen(text) == size - 1 && text[size] == '#');
  CHECK(strcmp(text, json) == 0);

  /* Rows of the table, one by one, and beyond its end. */
  OK(crm_table_text(table, CRM_TEXT_CSV, CRM_LANGUAGE_CODE, 0, 1, text, sizeof text, &size, &error));
  CHECK(strcmp(text, "customer_id,first_date,last_date,orders,purchase_days,revenue,mean_order_value,"
                     "tenure_days,recency_days,gap_count,gap_mean,gap_sd,gap_min,gap_max,gap_log_sum,"
                     "cancelled_orders,cancel_rate\r\n"
                     "\"a\"\"b,c\",2026-01-01,2026-01-11,2,2,30.75,15.375,10,10,1,10,,10,10,"
                     "2.302585092994046,0,0\r\n") == 0);
  OK(crm_table_text(table, CRM_TEXT_JSON, CRM_LANGUAGE_CODE, 1, 1, text, sizeof text, &size, &error));
  CHECK(strncmp(text, "[{\"customer_id\":\"dee\"", 21) == 0);
  for (i = 2; i < 5; i += 2) {
    OK(crm_table_text(table, CRM_TEXT_JSON, CRM_LANGUAGE_CODE, i, SIZE_MAX, text, sizeof text, &size, &error));
    CHECK(strcmp(text, "[]") == 0 && size == 3);
  }
  OK(crm_table_text(table, CRM_TEXT_CSV, CRM_LANGUAGE_JA, 9, 9, text, sizeof text, &size, &error));
  CHECK(strstr(text, "customer_id") == NULL && strstr(text, "\r\n") == text + size - 3);
  FAILS(CRM_ERR_ARGUMENT, crm_table_text(table, 3, 0, 0, 1, text, sizeof text, &size, &error));
  FAILS(CRM_ERR_ARGUMENT, crm_table_text(table, CRM_TEXT_CSV, 3, 0, 1, text, sizeof text, &size, &error));
  OK(crm_table_free(table, &error));

  /* Words of a closed list. */
  OK(crm_run("rfm", data, "{\"as_of\": \"2026-01-21\"}", -1, NO_JOB, &table, &error));
  OK(crm_table_text(table, CRM_TEXT_CSV, CRM_LANGUAGE_JA, 0, 1, text, sizeof text, &size, &error));
  CHECK(strstr(text, "new") == NULL && strstr(text, "champions") == NULL);
  OK(crm_table_free(table, &error));
  OK(crm_orders_free(orders, &error));
}

/* Orders to bytes and back. */
static crm_orders one_order(const char *status, const char *amount) {
  crm_rows rows;
  crm_orders orders;
  orders.id = 0;
  OK(crm_orders_begin("{\"currency\": \"JPY\", \"order_id\": \"order_id\", \"status\": \"status\", "
                      "\"cells\": [\"order_id\", \"customer_id\", \"ordered_at\", \"status\", "
                      "\"amount\"]}",
                      -1, &rows, &error));
  OK(crm_cell_text(rows, "o1", -1, &error));
  OK(crm_cell_text(rows, "ann", -1, &error));
  OK(crm_cell_text(rows, "2026-01-05", -1, &error));
  OK(crm_cell_text(rows, status, -1, &error));
  OK(crm_cell_text(rows, amount, -1, &error));
  OK(crm_row_end(rows, &error));
  OK(crm_orders_finish(rows, NO_CUSTOMERS, NO_JOB, &orders, &error));
  return orders;
}

/* An order that comes again: refused, in the place of the first, left out, or further lines. */
static void appended(void) {
  crm_orders held = one_order("completed", "1000"), changed = one_order("completed", "400"), now;
  crm_text info;
  crm_table table;
  const int64_t *amounts;
  size_t n = 0;
  int at;
  const char *requests[3] = {"{\"on_repeat\": \"replace\"}", "{\"on_repeat\": \"first\"}",
                             "{\"on_repeat\": \"add\"}"};
  const int64_t expected[3] = {400, 1000, 1400};
  now.id = table.id = 0;
  FAILS(CRM_ERR_DATA, crm_orders_append(held, changed, "", -1, NO_JOB, &now, &error));
  CHECK(error.row == 0 && strstr(error.message, "the order is there already") != NULL);
  FAILS(CRM_ERR_OPTION, crm_orders_append(held, changed, "{\"on_repeat\": \"twice\"}", -1, NO_JOB, &now,
                                          &error));
  /* Another order is only added; the orders of one customer are those of both parts. */
  {
    crm_orders first = check_shop(3000, &error), both;
    both.id = 0;
    OK(crm_orders_append(first, first, "", -1, NO_JOB, &both, &error));
    OK(crm_orders_of_customers(both, "[1, 999999999]", -1, NO_JOB, &now, &error));
    OK(crm_orders_info(now, &info, &error));
    CHECK(strstr(info.data, "\"customers\":1") != NULL);
    OK(crm_orders_free(now, &error));
    FAILS(CRM_ERR_OPTION, crm_orders_of_customers(both, "[\"ann\"]", -1, NO_JOB, &now, &error));
    FAILS(CRM_ERR_OPTION, crm_orders_of_customers(both, "7", -1, NO_JOB, &now, &error));
    OK(crm_orders_info(both, &info, &error));
    CHECK(strstr(info.data, "\"appended\":{") != NULL);
    OK(crm_orders_free(both, &error));
    OK(crm_orders_free(first, &error));
  }
  for (at = 0; at < 3; at++) {
    OK(crm_orders_append(held, changed, requests[at], -1, NO_JOB, &now, &error));
    OK(crm_orders_info(now, &info, &error));
    CHECK(strstr(info.data, "\"appended\":{\"orders\":1,\"repeated\":1,\"rows\":1,\"rows_left_out\":") != NULL);
    OK(crm_orders_reconciliation(now, NO_JOB, &table, &error));
    OK(crm_table_row_count(table, &n, &error));
    OK(crm_table_i64(table, find(table, "amount"), &amounts, &error));
    CHECK(amounts != NULL && amounts[0] == expected[at] && amounts[n - 1] == 1400);
    OK(crm_table_free(table, &error));
    OK(crm_orders_free(now, &error));
  }
  OK(crm_orders_free(held, &error));
  OK(crm_orders_free(changed, &error));
}

/* Events and customers to bytes and back, and without some people. */
static void kept(void) {
  crm_rows rows;
  crm_events events, again;
  crm_customers people, same;
  crm_text info;
  char bytes[4096];
  size_t size = 0;
  rows.id = events.id = again.id = people.id = same.id = 0;
  OK(crm_events_begin("{\"cells\": [\"visitor_id\", \"occurred_at\", \"kind\"]}", -1, &rows, &error));
  OK(crm_rows_json(rows, "[[\"v1\", \"2026-01-05T10:00:00\", \"view\"], [\"v2\", \"2026-01-06\", \"view\"]]",
                   -1, &error));
  OK(crm_events_finish(rows, NO_JOB, &events, &error));
  OK(crm_events_write(events, bytes, sizeof bytes, &size, &error));
  CHECK(size > 56 && size < sizeof bytes);
  OK(crm_events_read(bytes, size, NO_JOB, &again, &error));
  OK(crm_events_info(again, &info, &error));
  CHECK(strstr(info.data, "\"events\":2") != NULL && strstr(info.data, "\"visitors\":2") != NULL);
  FAILS(CRM_ERR_DATA, crm_customers_read(bytes, size, NO_JOB, &same, &error));
  CHECK(strstr(error.message, "it holds events, not customers") != NULL);
  OK(crm_events_free(again, &error));
  OK(crm_events_forget(events, "[\"v2\", \"nobody\"]", -1, 1, NO_JOB, &again, &error));
  OK(crm_events_info(again, &info, &error));
  CHECK(strstr(info.data, "\"forgotten\":{\"events\":1,\"found\":1,\"unknown\":1}") != NULL);
  OK(crm_events_free(again, &error));
  FAILS(CRM_ERR_OPTION, crm_events_forget(events, "[\"ann\"]", -1, 0, NO_JOB, &again, &error));
  FAILS(CRM_ERR_ARGUMENT, crm_events_forget(events, "[]", -1, 2, NO_JOB, &again, &error));
  OK(crm_events_free(events, &error));

  OK(crm_customers_begin("{\"cells\": [\"customer_id\"]}", -1, &rows, &error));
  OK(crm_rows_json(rows, "[[\"ann\"], [\"bo\"]]", -1, &error));
  OK(crm_customers_finish(rows, NO_JOB, &people, &error));
  OK(crm_customers_write(people, bytes, sizeof bytes, &size, &error));
  CHECK(size > 56 && size < sizeof bytes);
  OK(crm_customers_read(bytes, size, NO_JOB, &same, &error));
  OK(crm_customers_info(same, &info, &error));
  CHECK(strcmp(info.data, "{\"customers\":2}") == 0);
  OK(crm_customers_free(same, &error));
  OK(crm_customers_forget(people, "[\"bo\", \"nobody\"]", -1, NO_JOB, &same, &error));
  OK(crm_customers_info(same, &info, &error));
  CHECK(strcmp(info.data, "{\"customers\":1,\"forgotten\":{\"customers\":1,\"unknown\":1}}") == 0);
  FAILS(CRM_ERR_OPTION, crm_customers_forget(people, "[7]", -1, NO_JOB, &same, &error));
  OK(crm_customers_free(same, &error));
  OK(crm_customers_free(people, &error));
}

static void saved(void) {
  crm_orders orders = by_columns(), again;
  crm_data data;
  crm_table one, other;
  size_t size = 0, n = 0, m = 0;
  char *bytes;
  char left[4096], right[4096];
  crm_text info;
  again.id = one.id = other.id = 0;
  OK(crm_orders_write(orders, NULL, 0, &size, &error));
  CHECK(size > 56);
  bytes = (char *)malloc(size + 1);
  CHECK(bytes != NULL);
  if (bytes == NULL) return;
  memset(bytes, '#', size + 1);
  OK(crm_orders_write(orders, bytes, size - 1, &n, &error));
  CHECK(n == size && bytes[0] == '#');
  OK(crm_orders_write(orders, bytes, size, &n, &error));
  CHECK(n == size && memcmp(bytes, "CRMSTATE", 8) == 0 && bytes[size] == '#');
  OK(crm_orders_read(bytes, size, NO_JOB, &again, &error));
  data.id = orders.id;
  OK(crm_run("summary", data, "", -1, NO_JOB, &one, &error));
  data.id = again.id;
  OK(crm_run("summary", data, "", -1, NO_JOB, &other, &error));
  OK(crm_table_text(one, CRM_TEXT_JSON, 0, 0, SIZE_MAX, left, sizeof left, &n, &error));
  OK(crm_table_text(other, CRM_TEXT_JSON, 0, 0, SIZE_MAX, right, sizeof right, &m, &error));
  CHECK(n == m && n < sizeof left && strcmp(left, right) == 0);
  OK(crm_table_free(one, &error));
  OK(crm_table_free(other, &error));
  OK(crm_orders_free(again, &error));
  OK(crm_orders_forget(orders, "[\"ann\", \"nobody\"]", -1, NO_JOB, &again, &error));
  OK(crm_orders_info(again, &info, &error));
  CHECK(strstr(info.data, "\"forgotten\":{\"customers\":1,\"orders\":3,\"rows\":3,\"unknown\":1}") != NULL);
  OK(crm_orders_free(again, &error));
  FAILS(CRM_ERR_OPTION, crm_orders_forget(orders, "\"ann\"", -1, NO_JOB, &again, &error));
  bytes[size / 2] ^= 1;
  FAILS(CRM_ERR_DATA, crm_orders_read(bytes, size, NO_JOB, &again, &error));
  CHECK(strstr(error.message, "saved state") != NULL);
  FAILS(CRM_ERR_DATA, crm_orders_read(bytes, 3, NO_JOB, &again, &error));
  FAILS(CRM_ERR_DATA, crm_orders_read(NULL, 0, NO_JOB, &again, &error));
  free(bytes);
  OK(crm_orders_free(orders, &error));
}

int main(void) {
  catalogue();
  events_calls();
  messages_calls();
  ways_in();
  tables();
  texts();
  saved();
  appended();
  kept();
  export_outlives_the_table();
  orders_calls();
  tables_in();
  models();
  rows_say_what_is_wrong();
  jobs();
  errors();
  OK(crm_shutdown(&error));
  return check_report();
}
