/* A panic inside any exported function comes back as a status: no abort, nothing on stderr, and the
 * library goes on working. Needs a library built with the feature `panic-test`. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <unistd.h>

#include "check.h"
#include "fixture.h"

void crm_test_panic(uint32_t calls, uint32_t nasty);

static crm_error error;
static int functions = 0;

#define PANICS(call)               \
  do {                             \
    crm_test_panic(1, 0);          \
    FAILS(CRM_ERR_PANIC, call);    \
    crm_test_panic(1, 1);          \
    FAILS(CRM_ERR_PANIC, call);    \
    functions++;                   \
  } while (0)

#define REFUSES_NULL(call) PANICS(call)

int main(void) {
  char printed[64];
  FILE *caught = tmpfile();
  int screen = dup(2);
  open_fixture(&error);
  fflush(stderr);
  CHECK(caught != NULL && dup2(fileno(caught), 2) == 2);

#include "nulls.h"
  PANICS(crm_job_cancel(fixture.job, &error));
  PANICS(crm_job_set_budget(fixture.job, 1, &error));
  PANICS(crm_job_set_hash_seed(fixture.job, 1, &error));
  PANICS(crm_job_free(fixture.job, &error));
  PANICS(crm_cell_i64(fixture.rows, 1, &error));
  PANICS(crm_cell_f64(fixture.rows, 1, &error));
  PANICS(crm_cell_null(fixture.rows, &error));
  PANICS(crm_row_end(fixture.rows, &error));
  PANICS(crm_rows_free(fixture.rows, &error));
  PANICS(crm_orders_free(fixture.orders, &error));
  PANICS(crm_customers_free(fixture.customers, &error));
  PANICS(crm_table_free(fixture.table, &error));
  PANICS(crm_set_threads(2, &error));
  PANICS(crm_shutdown(&error));
  PANICS(crm_shutdown(NULL));
  crm_test_panic(4, 0);
  CHECK(crm_version()[0] == '\0');
  CHECK(crm_abi_version() == 0);
  CHECK(strcmp(crm_build_info(), "{}") == 0);
  CHECK(crm_status_name(0)[0] == '\0');
  CHECK(crm_abi_version() == CRM_ABI_VERSION);

  dup2(screen, 2);
  rewind(caught);
  CHECK(fread(printed, 1, sizeof printed, caught) == 0);
  fclose(caught);
  close(screen);
  CHECK(functions >= 70);
  close_fixture(&error); /* every handle is still good */
  return check_report();
}
