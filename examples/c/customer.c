/* A page about one customer. The shop has been learnt once, in the night; the page has the document
 * and the customer's orders, and no process that keeps anything.
 *
 *     cc customer.c $(pkg-config --cflags --libs crm-static) -o customer && ./customer     # as for rfm.c
 *     ./customer 1000   # says how long a page takes, of so many
 */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crm.h"

static crm_error error;
static const crm_customers no_customers = {0};
static const crm_job no_job = {0};
static const char *spec = CRM_JSON({"currency": "JPY", "timezone": "Asia/Tokyo",
                                    "cells": ["customer_id", "ordered_at", "amount"]});

static void must(crm_status_t status) {
  if (status == CRM_OK) return;
  fprintf(stderr, "%s: %s\n", crm_status_name(status), error.message);
  exit(1);
}

/* In the night: all orders in, a document of a few kilobytes out. */
static char *learn(void) {
  crm_rows rows;
  crm_orders orders;
  crm_table table;
  crm_text notes;
  char row[96];
  char *request;
  int customer, order;

  must(crm_orders_begin(spec, -1, &rows, &error));
  for (customer = 0; customer < 60; customer++) {
    for (order = 0; order <= customer % 7; order++) {
      int day = customer * 3 + order * (20 + customer % 11);
      snprintf(row, sizeof row, "[[\"c%d\", \"2026-%02d-%02d\", %d]]", customer,
               1 + day / 28 % 12, 1 + day % 28, 1000 + 10 * customer);
      must(crm_rows_json(rows, row, -1, &error));
    }
  }
  must(crm_orders_finish(rows, no_customers, no_job, &orders, &error));
  must(crm_run("learn", CRM_DATA(orders), CRM_JSON({"as_of": "2026-11-20"}), -1, no_job, &table,
               &error));
  must(crm_table_notes(table, &notes, &error)); /* {"learned": {...}} */
  /* The notes are the request of tomorrow's pages, but for the day. */
  request = malloc(notes.size + 64);
  if (request == NULL) exit(1);
  snprintf(request, notes.size + 64, "{\"as_of\": \"2026-11-21\", %s", notes.data + 1);
  must(crm_table_free(table, &error));
  must(crm_orders_free(orders, &error));
  return request;
}

/* The page: the orders of one customer in, all that can be said of them out. */
static void page(const char *request, int print) {
  static const char *shown[] = {"rfm_segment", "cpm_segment", "level", "reason_ja", "counterfactual"};
  crm_rows rows;
  crm_orders orders;
  crm_table table;
  crm_text text;
  size_t column, i;
  const double *value;

  must(crm_orders_begin(spec, -1, &rows, &error));
  must(crm_rows_json(rows, CRM_JSON([
    ["hanako", "2026-05-02T20:15:00", 4980],
    ["hanako", "2026-06-03T09:30:00", 5200],
    ["hanako", "2026-07-01T11:00:00", 4980],
    ["hanako", "2026-08-04T22:40:00", 6400]
  ]), -1, &error));
  must(crm_orders_finish(rows, no_customers, no_job, &orders, &error));
  must(crm_run("customer", CRM_DATA(orders), request, -1, no_job, &table, &error));
  for (i = 0; print && i < sizeof shown / sizeof *shown; i++) {
    must(crm_table_find(table, shown[i], &column, &error));
    must(crm_table_utf8(table, column, 0, &text, &error));
    printf("%-15s %s\n", shown[i], text.data != NULL ? text.data : "-");
  }
  must(crm_table_find(table, "probability_alive", &column, &error));
  must(crm_table_f64(table, column, &value, &error));
  if (print) printf("%-15s %.2f\n", "alive", value[0]);
  must(crm_table_free(table, &error));
  must(crm_orders_free(orders, &error));
}

int main(int arguments, char **argument) {
  char *request = learn();
  page(request, 1);
  if (arguments > 1) {
    const long pages = strtol(argument[1], NULL, 10);
    struct timespec from, to;
    long i;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (i = 0; i < pages; i++) page(request, 0);
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%.1f microseconds a page, request of %lu bytes\n",
           ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / 1e3 /
               (double)pages,
           (unsigned long)strlen(request));
  }
  free(request);
  return 0;
}
