/* One good handle of every kind, and a place for every output: what nulls.h calls with. */
#ifndef CRM_FIXTURE_H
#define CRM_FIXTURE_H

#include "check.h"

static struct {
  crm_orders orders, out_orders;
  crm_customers customers, out_customers;
  crm_events events, out_events;
  crm_table table, out_table;
  crm_rows rows, out_rows;
  crm_job job, out_job;
  crm_data data;
  crm_column column;
  crm_text out_text;
  struct ArrowArrayStream stream;
  size_t out_size;
  uint64_t out_u64;
  int32_t out_i32;
  char out_char[8];
  const int32_t *out_i32s;
  const int64_t *out_i64s;
  const uint64_t *out_u64s;
  const double *out_f64s;
  const uint8_t *out_u8s;
} fixture;

#define OK_(call) check_status((call), CRM_OK, error, #call, __FILE__, __LINE__)

static void open_fixture(crm_error *error) {
  memset(&fixture, 0, sizeof fixture);
  fixture.orders = check_shop(50, error);
  fixture.data.id = fixture.orders.id;
  fixture.column.name = "x";
  fixture.column.name_size = -1;
  OK_(crm_run("rfm", fixture.data, "", -1, NO_JOB, &fixture.table, error));
  OK_(crm_job_create(&fixture.job, error));
  OK_(crm_orders_begin(YEN_ROWS, -1, &fixture.rows, error));
  {
    crm_rows rows;
    OK_(crm_customers_begin(CUSTOMER_ROWS, -1, &rows, error));
    OK_(crm_rows_json(rows, "[[1]]", -1, error));
    OK_(crm_customers_finish(rows, NO_JOB, &fixture.customers, error));
    OK_(crm_events_begin(EVENT_ROWS, -1, &rows, error));
    OK_(crm_rows_json(rows, "[[\"v\", \"2026-01-01T00:00:00\", \"view\"]]", -1, error));
    OK_(crm_events_finish(rows, NO_JOB, &fixture.events, error));
  }
}

static void close_fixture(crm_error *error) {
  OK_(crm_events_free(fixture.events, error));
  OK_(crm_customers_free(fixture.customers, error));
  OK_(crm_rows_free(fixture.rows, error));
  OK_(crm_job_free(fixture.job, error));
  OK_(crm_table_free(fixture.table, error));
  OK_(crm_orders_free(fixture.orders, error));
}

#endif
