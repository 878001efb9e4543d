/* What the C tests share: counting, a small shop, and a seeded generator. */
#ifndef CRM_CHECK_H
#define CRM_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crm.h"

static int check_passed = 0;
static int check_failed = 0;

static void check_at(int good, const char *what, const char *file, int line) {
  if (good) {
    check_passed++;
  } else {
    check_failed++;
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
  }
}

#define CHECK(condition) check_at((condition) ? 1 : 0, #condition, __FILE__, __LINE__)

/* A status, and on failure also what the library said. */
static void check_status(crm_status_t found, crm_status_t wanted, const crm_error *error,
                         const char *what, const char *file, int line) {
  check_at(found == wanted, what, file, line);
  if (found != wanted) {
    fprintf(stderr, "  %s where %s was expected: %s\n", crm_status_name(found),
            crm_status_name(wanted), error != NULL ? error->message : "");
  }
}

#define OK(call) check_status((call), CRM_OK, &error, #call, __FILE__, __LINE__)
#define FAILS(status, call) check_status((call), (status), &error, #call, __FILE__, __LINE__)

#define NO_CUSTOMERS (check_no_customers())
#define NO_JOB (check_no_job())

static crm_customers check_no_customers(void) {
  crm_customers none;
  none.id = 0;
  return none;
}

static crm_job check_no_job(void) {
  crm_job none;
  none.id = 0;
  return none;
}

/* xorshift64*: the same numbers on every machine. */
static uint64_t check_random(uint64_t *state) {
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * UINT64_C(2685821657736338717);
}

/* What orders, customers and events that come row by row have as their cells. */
#define CELLS "\"cells\": [\"customer_id\", \"ordered_at\", \"amount\"]"
#define YEN_ROWS "{\"currency\": \"JPY\", " CELLS "}"
#define CUSTOMER_ROWS "{\"cells\": [\"customer_id\"]}"
#define EVENT_ROWS "{\"cells\": [\"visitor_id\", \"occurred_at\", \"kind\"]}"

/* Orders of a shop with `n` rows, made row by row. */
static crm_orders check_shop(int n, crm_error *error) {
  crm_rows rows;
  crm_orders orders;
  uint64_t state = 42;
  int i;
  orders.id = 0;
  if (crm_orders_begin(YEN_ROWS, -1, &rows, error) != CRM_OK) return orders;
  for (i = 0; i < n; i++) {
    char at[32];
    unsigned day = (unsigned)(check_random(&state) % 28) + 1;
    unsigned month = (unsigned)(check_random(&state) % 12) + 1;
    snprintf(at, sizeof at, "2026-%02u-%02uT10:00:00", month, day);
    crm_cell_i64(rows, (int64_t)(check_random(&state) % (uint64_t)(n / 3 + 1)), error);
    crm_cell_text(rows, at, -1, error);
    crm_cell_i64(rows, (int64_t)(check_random(&state) % 10000), error);
    crm_row_end(rows, error);
  }
  if (crm_orders_finish(rows, NO_CUSTOMERS, NO_JOB, &orders, error) != CRM_OK) orders.id = 0;
  return orders;
}

/* The last line of every test; run.sh adds them up. */
static int check_report(void) {
  (void)check_shop; /* not every test has one */
  printf("%d passed, %d failed\n", check_passed, check_failed);
  return check_failed == 0 ? 0 : 1;
}

#endif
