/* What it costs a host to hand orders over cell by cell: nanoseconds a row for the cells and crm_row_end, and for
 * crm_orders_finish. The least of RUNS runs of ROWS rows, as text on stdout.
 *
 *     cc -O2 benches/append.c -Iinclude -Ltarget/release -lcrm -o append && LD_LIBRARY_PATH=target/release ./append
 */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crm.h"

enum { ROWS = 1000000, RUNS = 5, TIMES = 4096 };

static const char *const PLAIN =
    CRM_JSON({"currency": "JPY", "timezone": "Asia/Tokyo", "cells": ["customer_id", "ordered_at", "amount"]});
static const char *const WIDE =
    CRM_JSON({"currency": "JPY", "timezone": "Asia/Tokyo", "dimensions": ["channel", "device", "region"],
              "cells": ["customer_id", "ordered_at", "amount", "channel", "device", "region"]});
static const char *const CHANNELS[] = {"mail", "search", "ads", "direct"};
static const char *const DEVICES[] = {"phone", "tablet", "desktop"};
static const char *const REGIONS[] = {"北海道", "東京都", "京都府", "大阪府", "福岡県"};

static char times[TIMES][20];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(crm_status_t status, const crm_error *error) {
  if (status != CRM_OK) {
    fprintf(stderr, "%s: %s\n", crm_status_name(status), error->message);
    exit(1);
  }
}

/* One import; nanoseconds a row of the cells and of finishing. */
static void import(int wide, double *cells, double *finish) {
  crm_error error = {0};
  crm_rows rows = {0};
  crm_orders orders = {0};
  crm_customers none = {0};
  crm_job no_job = {0};
  const char *spec = wide ? WIDE : PLAIN;
  double start;
  unsigned long i;
  must(crm_orders_begin(spec, -1, &rows, &error), &error);
  start = now();
  for (i = 0; i < ROWS; i++) {
    const char *channel = CHANNELS[i % 4], *device = DEVICES[i % 3], *region = REGIONS[i % 5];
    crm_status_t status = crm_cell_i64(rows, (int64_t)(i * 7919 % 200000), NULL);
    status |= crm_cell_text(rows, times[i % TIMES], 19, NULL);
    status |= crm_cell_i64(rows, (int64_t)(500 + i * 37 % 9973), NULL);
    if (wide) {
      status |= crm_cell_text(rows, channel, (int64_t)strlen(channel), NULL);
      status |= crm_cell_text(rows, device, (int64_t)strlen(device), NULL);
      status |= crm_cell_text(rows, region, (int64_t)strlen(region), NULL);
    }
    status |= crm_row_end(rows, NULL);
    must(status, &error);
  }
  *cells = (now() - start) / ROWS;
  start = now();
  must(crm_orders_finish(rows, none, no_job, &orders, &error), &error);
  *finish = (now() - start) / ROWS;
  must(crm_orders_free(orders, &error), &error);
}

int main(void) {
  int wide, run, i;
  for (i = 0; i < TIMES; i++) {
    snprintf(times[i], sizeof times[i], "2026-%02d-%02dT%02d:%02d:00", 1 + i % 12, 1 + i % 28, i % 24, i % 60);
  }
  for (wide = 0; wide < 2; wide++) {
    double least_cells = 1e30, least_finish = 1e30;
    for (run = 0; run < RUNS; run++) {
      double cells, finish;
      import(wide, &cells, &finish);
      if (cells < least_cells) least_cells = cells;
      if (finish < least_finish) least_finish = finish;
    }
    printf("%s: cells and row_end %.0f ns a row, finish %.0f ns a row\n",
           wide ? "id, time as text, amount, three dimensions" : "id, time as text, amount", least_cells,
           least_finish);
  }
  return 0;
}
