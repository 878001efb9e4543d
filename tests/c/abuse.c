/* What a host may do wrong, and what the library promises then: an answer, never a crash. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"

static crm_error error;

/* Under a tool that looks for leaks each step costs a hundred, so there are fewer of the same. */
static int slowly(void) { return getenv("CRM_LEAKS") != NULL; }

/* --- NULL for every pointer argument: the calls in nulls.h are made from the header. --- */

static unsigned char before[sizeof fixture]; /* outputs are not touched */

#define REFUSES_NULL(call)                                              \
  do {                                                                  \
    memset(&fixture.stream, 0, sizeof fixture.stream);                  \
    FAILS(CRM_ERR_NULL, call);                                          \
    CHECK(memcmp(&fixture, before, sizeof fixture) == 0);               \
  } while (0)

static void null_everywhere(void) {
  open_fixture(&error);
  memcpy(before, &fixture, sizeof fixture);
#include "nulls.h"
  close_fixture(&error);
}

/* --- Random calls with good, freed, foreign and made-up handles. --- */

#define POOL 64

static uint64_t pool_ids[POOL]; /* handles of every kind, some of them freed */
static uint64_t random_state = 2026; /* CRM_SEED and 1 */

static uint64_t pick(void) {
  uint64_t r = check_random(&random_state);
  switch (r % 8) {
    case 0: return check_random(&random_state);
    case 1: return check_random(&random_state) >> 11;
    case 2: return pool_ids[(r >> 8) % POOL] ^ (UINT64_C(1) << ((r >> 16) % 64));
    case 3: return pool_ids[(r >> 8) % POOL] + (UINT64_C(1) << 20); /* another generation */
    default: return pool_ids[(r >> 8) % POOL];
  }
}

static void keep(uint64_t id) { pool_ids[check_random(&random_state) % POOL] = id; }

static int known(crm_status_t status) {
  return strcmp(crm_status_name(status), "CRM_ERR_UNKNOWN") != 0 && status != CRM_ERR_PANIC &&
         status != CRM_ERR_INTERNAL;
}

static uint64_t statuses[32];

static crm_status_t random_call(void) {
  crm_orders orders, out_orders;
  crm_customers customers, out_customers;
  crm_table table, out_table;
  crm_rows rows;
  crm_job job, out_job;
  crm_data data;
  crm_text text;
  size_t size = 0;
  uint64_t a = 0, b = 0;
  int32_t i32 = 0;
  char currency[4];
  const int64_t *i64s = NULL;
  const uint64_t *u64s = NULL;
  const double *f64s = NULL;
  const uint8_t *u8s = NULL;
  const int32_t *i32s = NULL;
  crm_status_t status;
  uint64_t r = check_random(&random_state);
  size_t column = (size_t)(r >> 40) % 14, row = (size_t)(r >> 48) % 40;
  orders.id = pick();
  customers.id = r >> 60 == 0 ? pick() : 0;
  table.id = pick();
  rows.id = pick();
  job.id = r >> 56 & 15 ? 0 : pick();
  data.id = pick();
  switch (r % 34) {
    case 0:
      status = crm_run("rfm", data, "{}", 2, job, &out_table, &error);
      if (status == CRM_OK) keep(out_table.id);
      return status;
    case 1:
      status = crm_orders_begin(YEN_ROWS, -1, &rows, &error);
      if (status == CRM_OK) keep(rows.id);
      return status;
    case 2:
      status = crm_customers_begin(CUSTOMER_ROWS, -1, &rows, &error);
      if (status == CRM_OK) keep(rows.id);
      return status;
    case 3: return crm_cell_text(rows, "2026-01-01", 10, &error);
    case 4: return crm_cell_i64(rows, (int64_t)r, &error);
    case 5: return crm_cell_f64(rows, 1.5, &error);
    case 6: return crm_cell_null(rows, &error);
    case 7: return crm_row_end(rows, &error);
    case 8: return crm_rows_json(rows, "[[1, \"2026-05-05\", 3], [2, \"2026-05-06\", 4]]", -1, &error);
    case 9:
    case 10:
      status = crm_orders_finish(rows, customers, job, &out_orders, &error);
      if (status == CRM_OK) keep(out_orders.id);
      return status;
    case 11:
      status = crm_customers_finish(rows, job, &out_customers, &error);
      if (status == CRM_OK) keep(out_customers.id);
      return status;
    case 12: return crm_rows_free(rows, &error);
    case 13: return crm_orders_free(orders, &error);
    case 14: customers.id = pick(); return crm_customers_free(customers, &error);
    case 15: return crm_table_free(table, &error);
    case 16: job.id = pick(); return crm_job_free(job, &error);
    case 17:
      status = crm_job_create(&out_job, &error);
      if (status == CRM_OK) keep(out_job.id);
      return status;
    case 18: job.id = pick(); return crm_job_cancel(job, &error);
    case 19: job.id = pick(); return crm_job_progress(job, &a, &b, &error);
    case 20:
      status = crm_orders_view(orders, "{\"where\": {\"customer_id\": [1, 2]}}", -1, job, &out_orders,
                               &error);
      if (status == CRM_OK) keep(out_orders.id);
      return status;
    case 21: {
      crm_orders more;
      more.id = pick();
      status = crm_orders_concat(orders, more, job, &out_orders, &error);
      if (status == CRM_OK) {
        crm_text info;
        /* Concatenating with oneself for ever would be no test of handles. */
        if (crm_orders_info(out_orders, &info, &error) == CRM_OK && info.size < 130) {
          keep(out_orders.id);
        } else {
          crm_orders_free(out_orders, &error);
        }
      }
      return status;
    }
    case 22:
      status = crm_orders_reconciliation(orders, job, &out_table, &error);
      if (status == CRM_OK) keep(out_table.id);
      return status;
    case 23: return crm_orders_info(orders, &text, &error);
    case 24: return crm_table_i64(table, column, &i64s, &error);
    case 25: return crm_table_u64(table, column, &u64s, &error);
    case 26: return crm_table_f64(table, column, &f64s, &error);
    case 27: return crm_table_u8(table, column, &u8s, &error);
    case 28: return crm_table_i32(table, column, &i32s, &error);
    case 29: return crm_table_utf8(table, column, row, &text, &error);
    case 30: return crm_table_label(table, column, row, (int32_t)(r >> 20) % 5, &text, &error);
    case 31: return crm_table_currency(table, column, currency, &i32, &error);
    case 32: return crm_table_find(table, "orders", &size, &error);
    default: {
      struct ArrowArrayStream stream;
      status = crm_table_to_arrow(table, &stream, &error);
      if (status == CRM_OK) stream.release(&stream);
      return status;
    }
  }
}

static void random_calls(void) {
  const char *wanted = getenv("CRM_CALLS"), *seed = getenv("CRM_SEED");
  long n = wanted != NULL ? atol(wanted) : 100000, i;
  int unknown = 0, kinds = 0;
  /* Of 0 nothing but 0 follows. */
  if (seed != NULL) random_state = strtoull(seed, NULL, 10) + 1;
  for (i = 0; i < n; i++) {
    crm_status_t status = random_call();
    if (!known(status)) {
      fprintf(stderr, "CRM_SEED=%s, call %ld: %d %s\n", seed != NULL ? seed : "2025", i,
              (int)status, error.message);
      unknown++;
    }
    if (status >= 0 && status < 32) statuses[status]++;
  }
  CHECK(unknown == 0);
  for (i = 0; i < 32; i++) kinds += statuses[i] > 0;
  CHECK(kinds >= (n >= 20000 ? 6 : 4)); /* the calls reached more than one refusal */
  CHECK(statuses[CRM_OK] > (uint64_t)n / 50 && statuses[CRM_ERR_HANDLE] > (uint64_t)n / 4);
  for (i = 0; i < POOL; i++) {
    crm_orders orders;
    crm_customers customers;
    crm_table table;
    crm_rows rows;
    crm_job job;
    orders.id = customers.id = table.id = rows.id = job.id = pool_ids[i];
    crm_orders_free(orders, NULL);
    crm_customers_free(customers, NULL);
    crm_table_free(table, NULL);
    crm_rows_free(rows, NULL);
    crm_job_free(job, NULL);
  }
}

/* --- Threads: many read one table while one of them frees it. --- */

static crm_table shared_table;
static crm_orders shared_orders;

static void *read_until_freed(void *rounds) {
  long wrong = 0;
  int i;
  for (i = 0; i < *(int *)rounds; i++) {
    size_t n = 0, columns = 0, c;
    crm_text text;
    crm_status_t status = crm_table_row_count(shared_table, &n, NULL);
    if (status == CRM_ERR_HANDLE) break;
    wrong += status != CRM_OK;
    status = crm_table_column_count(shared_table, &columns, NULL);
    for (c = 0; status == CRM_OK && c < columns; c++) {
      const int64_t *values = NULL;
      status = crm_table_name(shared_table, c, &text, NULL);
      if (status == CRM_OK) {
        status = crm_table_i64(shared_table, c, &values, NULL); /* the first call makes them */
        if (status == CRM_ERR_TYPE) status = CRM_OK;
      }
    }
    wrong += status != CRM_OK && status != CRM_ERR_HANDLE;
  }
  return (void *)(intptr_t)wrong;
}

static void *free_it(void *unused) {
  (void)unused;
  usleep(300);
  return (void *)(intptr_t)(crm_table_free(shared_table, NULL) != CRM_OK);
}

static void *run_it(void *unused) {
  crm_table table;
  crm_data data;
  int64_t wrong = 0;
  int i;
  (void)unused;
  data.id = shared_orders.id;
  for (i = 0; i < (slowly() ? 4 : 20); i++) {
    wrong += crm_run("rfm", data, "", -1, NO_JOB, &table, NULL) != CRM_OK;
    wrong += crm_table_free(table, NULL) != CRM_OK;
  }
  return (void *)(intptr_t)wrong;
}

static void threads(void) {
  pthread_t thread[4];
  crm_data data;
  int round, i, rounds = 100000, frees = slowly() ? 6 : 40;
  shared_orders = check_shop(300, &error);
  data.id = shared_orders.id;
  for (round = 0; round < frees; round++) {
    OK(crm_run("rfm", data, "", -1, NO_JOB, &shared_table, &error));
    for (i = 0; i < 3; i++) pthread_create(&thread[i], NULL, read_until_freed, &rounds);
    pthread_create(&thread[3], NULL, free_it, NULL);
    for (i = 0; i < 4; i++) {
      void *wrong = NULL;
      pthread_join(thread[i], &wrong);
      CHECK(wrong == NULL);
    }
  }
  /* Runs side by side while the number of threads changes. */
  for (i = 0; i < 3; i++) pthread_create(&thread[i], NULL, run_it, NULL);
  for (round = 0; round < 10; round++) OK(crm_set_threads((uint32_t)(round % 3) + 1, &error));
  for (i = 0; i < 3; i++) {
    void *wrong = NULL;
    pthread_join(thread[i], &wrong);
    CHECK(wrong == NULL);
  }
  FAILS(CRM_ERR_ARGUMENT, crm_set_threads(100000, &error));
  OK(crm_orders_free(shared_orders, &error));
}

/* --- fork: a child works, whether or not the parent has threads. --- */

static int run_once(crm_orders orders, char hash[17]) {
  crm_table table;
  crm_data data;
  crm_text text;
  data.id = orders.id;
  if (crm_run("rfm", data, "", -1, NO_JOB, &table, NULL) != CRM_OK) return 1;
  if (crm_table_hash(table, &text, NULL) != CRM_OK) return 2;
  memcpy(hash, text.data, 17);
  return crm_table_free(table, NULL) != CRM_OK ? 3 : 0;
}

static void forks(void) {
  /* In a child, what the parent's threads had on their stacks is lost, and no leak of the library:
   * a search for leaks leaves that case out. */
  int with, cases = slowly() ? 1 : 2;
  for (with = 0; with < cases; with++) {
    crm_orders orders = check_shop(5000, &error);
    char here[17], there[17];
    int pipes[2], status = -1;
    pid_t child;
    OK(crm_set_threads(with ? 2 : 0, &error));
    CHECK(run_once(orders, here) == 0);
    CHECK(pipe(pipes) == 0);
    child = fork();
    if (child == 0) {
      int result;
      alarm(10); /* a hang is a failure */
      result = run_once(orders, there);
      if (result == 0 && crm_set_threads(2, NULL) != CRM_OK) result = 4;
      if (result == 0) result = run_once(orders, there);
      if (result == 0 && crm_shutdown(NULL) != CRM_OK) result = 5;
      if (write(pipes[1], there, sizeof there) != (ssize_t)sizeof there) result = 6;
      _exit(result);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(read(pipes[0], there, sizeof there) == (ssize_t)sizeof there);
    CHECK(strcmp(here, there) == 0);
    close(pipes[0]);
    close(pipes[1]);
    OK(crm_orders_free(orders, &error));
    OK(crm_shutdown(&error));
  }
}

/* `{"learned": {"a": {"a": ... 1}}}`, so deep. */
static char *nested(size_t depth) {
  char *text = (char *)malloc(6 * depth + 32), *at = text;
  size_t i;
  at += sprintf(at, "{\"learned\": ");
  for (i = 0; i < depth; i++) at += sprintf(at, "{\"a\":");
  *at++ = '1';
  memset(at, '}', depth + 1);
  at[depth + 1] = 0;
  return text;
}

/* --- A thread with 64 KiB of stack does a host's whole day. --- */

static void *a_day(void *result) {
  crm_error *small = (crm_error *)calloc(1, sizeof(crm_error));
  crm_orders orders = check_shop(500, small), view;
  crm_table table;
  crm_text text;
  crm_data data;
  struct ArrowArrayStream stream;
  size_t depth;
  int wrong = orders.id == 0;
  data.id = orders.id;
  wrong += crm_tasks(&text, small) != CRM_OK;
  wrong += crm_describe("rfm", &text, small) != CRM_OK;
  wrong += crm_orders_view(orders, "{\"where\": {\"customer_id\": 1}}", -1, NO_JOB, &view, small) !=
           CRM_OK;
  wrong += crm_run("rfm", data, "{\"levels\": 3, \"by\": []}", -1, NO_JOB, &table, small) != CRM_OK;
  wrong += crm_table_to_arrow(table, &stream, small) != CRM_OK;
  stream.release(&stream);
  wrong += crm_table_free(table, small) != CRM_OK;
  for (depth = 1; depth <= 100000; depth *= 10) {
    char *deep = nested(depth);
    wrong += crm_run("cycle", data, deep, -1, NO_JOB, &table, small) != CRM_ERR_OPTION;
    free(deep);
  }
  wrong += crm_orders_free(view, small) != CRM_OK;
  wrong += crm_orders_free(orders, small) != CRM_OK;
  wrong += crm_run("rfm", data, "[[[[[[", -1, NO_JOB, &table, small) != CRM_ERR_HANDLE;
  if (wrong) fprintf(stderr, "small stack: %s\n", small->message);
  *(int *)result = wrong;
  free(small);
  return NULL;
}

static void small_stack(void) {
  pthread_attr_t attributes;
  pthread_t thread;
  int wrong = -1;
  pthread_attr_init(&attributes);
  CHECK(pthread_attr_setstacksize(&attributes, 64 * 1024) == 0);
  CHECK(pthread_create(&thread, &attributes, a_day, &wrong) == 0);
  pthread_join(thread, NULL);
  CHECK(wrong == 0);
  pthread_attr_destroy(&attributes);
}

/* --- Texts that are not UTF-8, deep and large JSON. --- */

static void texts(void) {
  crm_orders orders = check_shop(50, &error);
  crm_rows rows;
  crm_table table;
  crm_text text;
  crm_data data;
  size_t column;
  char *large;
  static const char *const invalid[] = {"\x80", "\xc3", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80", "a\xff"};
  size_t i;
  data.id = orders.id;
  OK(crm_run("rfm", data, "", 0, NO_JOB, &table, &error));
  OK(crm_orders_begin(YEN_ROWS, -1, &rows, &error));
  for (i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
    crm_orders out_orders;
    crm_rows out_rows;
    crm_table out_table;
    FAILS(CRM_ERR_ARGUMENT, crm_describe(invalid[i], &text, &error));
    FAILS(CRM_ERR_ARGUMENT, crm_run(invalid[i], data, "", -1, NO_JOB, &out_table, &error));
    FAILS(CRM_ERR_ARGUMENT, crm_run("rfm", data, invalid[i], -1, NO_JOB, &out_table, &error));
    FAILS(CRM_ERR_ARGUMENT, crm_orders_begin(invalid[i], -1, &out_rows, &error));
    FAILS(CRM_ERR_ARGUMENT, crm_customers_begin(invalid[i], -1, &out_rows, &error));
    FAILS(CRM_ERR_ARGUMENT, crm_orders_view(orders, invalid[i], -1, NO_JOB, &out_orders, &error));
    FAILS(CRM_ERR_ARGUMENT, crm_cell_text(rows, invalid[i], -1, &error));
    FAILS(CRM_ERR_ARGUMENT, crm_rows_json(rows, invalid[i], -1, &error));
    FAILS(CRM_ERR_ARGUMENT, crm_table_find(table, invalid[i], &column, &error));
    FAILS(CRM_ERR_ARGUMENT,
          crm_orders_from_columns(invalid[i], -1, NULL, 0, NO_CUSTOMERS, NO_JOB, &out_orders, &error));
  }
  large = (char *)malloc(20u << 20);
  memset(large, '[', 20u << 20);
  CHECK(crm_run("rfm", data, large, 100000, NO_JOB, &table, &error) == CRM_ERR_OPTION);
  CHECK(crm_run("rfm", data, large, 20 << 20, NO_JOB, &table, &error) == CRM_ERR_OPTION);
  CHECK(crm_orders_view(orders, large, 100000, NO_JOB, &orders, &error) == CRM_ERR_OPTION);
  /* Each key once, at every door: which of two was meant would be a guess. */
  CHECK(crm_orders_begin("{\"currency\": \"JPY\", \"currency\": \"USD\"}", -1, &rows, &error) ==
        CRM_ERR_OPTION);
  CHECK(crm_orders_begin("{\"currency\": \"JPY\", \"cells\": [\"a\"], \"cells\": [\"b\"]}", -1,
                         &rows, &error) == CRM_ERR_OPTION);
  CHECK(crm_customers_begin("{\"customer_id\": \"a\", \"customer_id\": \"b\"}", -1, &rows, &error) ==
        CRM_ERR_OPTION);
  CHECK(crm_events_begin("{\"kinds\": {\"7\": \"view\", \"7\": \"add\"}}", -1, &rows, &error) ==
        CRM_ERR_OPTION);
  CHECK(crm_orders_view(orders, "{\"where\": {\"channel\": 1, \"channel\": 2}}", -1, NO_JOB, &orders,
                        &error) == CRM_ERR_OPTION);
  CHECK(crm_orders_begin(large, 100000, &rows, &error) == CRM_ERR_OPTION);
  CHECK(crm_rows_json(rows, large, 20 << 20, &error) == CRM_ERR_ARGUMENT);
  CHECK(crm_rows_json(rows, large, 1 << 20, &error) == CRM_ERR_ARGUMENT); /* deep, not long: valgrind reads it, too */
  free(large);
  OK(crm_rows_free(rows, &error));
  OK(crm_table_free(table, &error));
  OK(crm_orders_free(orders, &error));
}

/* --- No personal data in messages: a marker in every value, every error searched for it. --- */

#define MARKER "Kanagawa-8451"
#define AMOUNT "8451945128"

static void no_marker(void) {
  CHECK(strstr(error.message, "8451") == NULL && strstr(error.hint, "8451") == NULL &&
        strstr(error.column, "8451") == NULL);
}

static void canary(void) {
  static const char *const bad[] = {
      "[[\"" MARKER "\", \"" MARKER "\", 1]]",                       /* a time */
      "[[\"" MARKER "\", \"2026-01-01T84:51\", 1]]",
      "[[\"" MARKER "\", \"2026-01-01\", \"" AMOUNT ".5\"]]",        /* an amount */
      "[[\"" MARKER "\", \"2026-01-01\", \"" MARKER "\"]]",
      "[[\"" MARKER "\", \"2026-01-01\", 84519451284519451284519451]]",
      "[[\"" MARKER "\", \"2026-01-01\", 8.451e300]]",
      "[[\"" MARKER "\", null, 8451]]",
      "[[null, \"2026-01-01\", 8451]]",
      "[[\"" MARKER "\", 8451, 1]]",                                 /* a type */
      "[[\"" MARKER "\", \"2026-01-01\", true]]",
  };
  static const char *const broken[] = {
      "[[\"" MARKER "\", [\"" MARKER "\"], 1]]", "[\"" MARKER "\"]",       "\"" MARKER "\"",
      "{\"" MARKER "\": 1}",                     "[[\"" MARKER "\", ",    "[[\"" MARKER "\" 8451]]",
      "[[\"" MARKER "\"]]",                      "[[1, 2, 3, \"" MARKER "\"]]",
      "[{\"amount\": \"" MARKER "\", \"amount\": \"" MARKER "\"}]",
      "[[\"\\ud800" MARKER "\", 1, 2]]",
  };
  crm_rows rows;
  crm_orders orders;
  size_t i;
  for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    OK(crm_orders_begin(YEN_ROWS, -1, &rows, &error));
    OK(crm_rows_json(rows, bad[i], -1, &error));
    CHECK(crm_orders_finish(rows, NO_CUSTOMERS, NO_JOB, &orders, &error) != CRM_OK);
    CHECK(error.message[0] != '\0');
    no_marker();
    OK(crm_rows_free(rows, &error));
  }
  OK(crm_orders_begin(YEN_ROWS, -1, &rows, &error));
  for (i = 0; i < sizeof broken / sizeof broken[0]; i++) {
    memset(&error, 0, sizeof error);
    CHECK(crm_rows_json(rows, broken[i], -1, &error) != CRM_OK);
    CHECK(error.message[0] != '\0');
    no_marker();
  }
  OK(crm_rows_free(rows, &error));
  /* Two totals for one order, two customers under one: the errors name rows, no ids. */
  OK(crm_orders_begin("{\"currency\": \"JPY\", \"order_id\": \"o\", \"amount_is\": \"order\", "
                      "\"cells\": [\"customer_id\", \"ordered_at\", \"amount\", \"o\"]}", -1,
                      &rows, &error));
  OK(crm_rows_json(rows, "[[\"" MARKER "\", \"2026-01-01\", 8451, \"" MARKER "\"], [\"" MARKER
                         "x\", \"2026-01-01\", 84512, \"" MARKER "\"]]",
                   -1, &error));
  CHECK(crm_orders_finish(rows, NO_CUSTOMERS, NO_JOB, &orders, &error) == CRM_ERR_DATA);
  CHECK(error.row == 1);
  no_marker();
  OK(crm_rows_free(rows, &error));
}

int main(void) {
  /* Nothing is ever printed: what tests print goes through their own descriptor. */
  null_everywhere();
  random_calls();
  threads();
  forks();
  small_stack();
  texts();
  canary();
  OK(crm_shutdown(&error));
  return check_report();
}
