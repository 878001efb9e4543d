/* Who are my best customers? Orders in, row by row; RFM scores and segments out.
 *
 *     make install PREFIX=/opt/crm        # in the project, once
 *     export PKG_CONFIG_PATH=/opt/crm/lib/pkgconfig
 *     cc rfm.c $(pkg-config --cflags --libs crm-static) -o rfm && ./rfm
 */
#include <stdio.h>
#include <stdlib.h>

#include "crm.h"

static crm_error error;

/* Every call returns a status; the error says what, where, and what to do. */
static void must(crm_status_t status) {
  if (status == CRM_OK) return;
  fprintf(stderr, "%s: %s\n", crm_status_name(status), error.message);
  if (error.hint[0] != '\0') fprintf(stderr, "hint: %s\n", error.hint);
  exit(1);
}

static void add(crm_rows rows, const char *customer, const char *ordered_at, const char *amount) {
  must(crm_cell_text(rows, customer, -1, &error));
  must(crm_cell_text(rows, ordered_at, -1, &error));
  must(crm_cell_text(rows, amount, -1, &error));
  must(crm_row_end(rows, &error));
}

int main(void) {
  const crm_customers no_customers = {0};
  const crm_job no_job = {0};
  crm_rows rows;
  crm_orders orders;
  crm_table table;
  crm_text text;
  const int32_t *recency;
  const int64_t *revenue;
  size_t n, customer_column, recency_column, revenue_column, segment_column, row;

  /* Orders come from the shop's own tables: customer, time, amount. */
  must(crm_orders_begin(CRM_JSON({"currency": "JPY", "timezone": "Asia/Tokyo",
                                  "cells": ["customer_id", "ordered_at", "amount"]}),
                        -1, &rows, &error));
  add(rows, "hanako", "2026-01-10T09:30:00", "4980");
  add(rows, "hanako", "2026-05-02T20:15:00", "12800");
  add(rows, "hanako", "2026-11-01T11:00:00", "9800");
  add(rows, "taro", "2025-12-24T18:00:00", "3980");
  add(rows, "jiro", "2026-10-30T12:00:00", "1980");
  /* A batch at a time is faster from languages where calls are dear. */
  must(crm_rows_json(rows, CRM_JSON([
    ["yuki", "2026-08-15T10:00:00", 6400],
    {"customer_id": "yuki", "ordered_at": "2026-10-01", "amount": "5200"}
  ]), -1, &error));
  must(crm_orders_finish(rows, no_customers, no_job, &orders, &error));

  /* One request is a name and one JSON object; crm_describe("rfm") lists what it takes. */
  must(crm_run("rfm", CRM_DATA(orders), CRM_JSON({"as_of": "2026-11-21"}), -1, no_job, &table,
               &error));

  must(crm_table_row_count(table, &n, &error));
  must(crm_table_find(table, "customer_id", &customer_column, &error));
  must(crm_table_find(table, "recency_days", &recency_column, &error));
  must(crm_table_find(table, "revenue", &revenue_column, &error));
  must(crm_table_find(table, "segment", &segment_column, &error));
  must(crm_table_i32(table, recency_column, &recency, &error));
  must(crm_table_i64(table, revenue_column, &revenue, &error)); /* minor units: yen */

  for (row = 0; row < n; row++) {
    must(crm_table_utf8(table, customer_column, row, &text, &error));
    printf("%-8s %4d days %8lld yen  ", text.data, (int)recency[row], (long long)revenue[row]);
    must(crm_table_utf8(table, segment_column, row, &text, &error));
    printf("%s\n", text.data != NULL ? text.data : "-");
  }
  must(crm_table_definition(table, &text, &error));
  printf("%s\n", text.data);

  must(crm_table_free(table, &error));
  must(crm_orders_free(orders, &error));
  return 0;
}
