/* A page view: is this visitor shown a pop-up now, and which? The page knows what it could show (the candidates) and what
 * the person was shown or sent before (the log); the rules say which of it is too much.
 *
 *     cc popup.c $(pkg-config --cflags --libs crm-static) -o popup && ./popup     # as for rfm.c
 *     ./popup 1000   # says how long a decision takes, of so many
 */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crm.h"

#define COLUMNS 8
#define ROWS 4

static crm_error error;
static const crm_job no_job = {0};

/* Two candidates and two messages of the log; NULL is a null. A candidate has no `kind`. */
static const char *const names[COLUMNS] = {"customer_id", "trigger",     "dedupe_key", "due_at",
                                           "channel",     "excluded_by", "kind",       "occurred_at"};
static const char *const cells[COLUMNS][ROWS] = {
    {"hanako", "hanako", "hanako", "hanako"},
    {"left_in_cart", "new_in_category", "left_in_cart", "newsletter"},
    {"cart/77", "new/tea/2026-11", "cart/76", "2026-47"},
    {"2026-11-21T09:58:00+09:00", "2026-11-21", NULL, NULL},
    {NULL, NULL, "popup", "mail"},
    {NULL, NULL, NULL, NULL},
    {NULL, NULL, "sent", "sent"},
    {NULL, NULL, "2026-11-14T20:00:00+09:00", "2026-11-20T12:00:00+09:00"},
};
static const char *request =
    CRM_JSON({"now": "2026-11-21T10:00:00+09:00",
              "rules": {"timezone": "Asia/Tokyo", "channels": ["popup"],
                        "caps": [{"channel": "popup", "days": 1, "messages": 1},
                                 {"days": 7, "messages": 4}],
                        "triggers": {"left_in_cart": {"priority": 1}, "new_in_category": {"priority": 2}}}});

static void must(crm_status_t status) {
  if (status == CRM_OK) return;
  fprintf(stderr, "%s: %s\n", crm_status_name(status), error.message);
  exit(1);
}

/* A column of texts: their bytes one after another, and where each begins. */
static crm_column column_of(const char *name, const char *const *texts, char *bytes, int32_t *offsets,
                            uint8_t *valid) {
  crm_column column;
  size_t size = 0, row;
  memset(&column, 0, sizeof column);
  *valid = 0;
  for (row = 0; row < ROWS; row++) {
    offsets[row] = (int32_t)size;
    if (texts[row] == NULL) continue;
    *valid = (uint8_t)(*valid | 1u << row);
    memcpy(bytes + size, texts[row], strlen(texts[row]));
    size += strlen(texts[row]);
  }
  offsets[ROWS] = (int32_t)size;
  column.size = sizeof column;
  column.type = CRM_COLUMN_UTF8;
  column.name = name;
  column.name_size = -1;
  column.rows = ROWS;
  column.values = bytes;
  column.values_size = size;
  column.offsets = offsets;
  column.offsets_size = sizeof *offsets * (ROWS + 1);
  column.validity = valid;
  column.validity_size = 1;
  return column;
}

/* What is shown, as text; "-" for nothing. */
static void decide(int print) {
  static char bytes[COLUMNS][256];
  int32_t offsets[COLUMNS][ROWS + 1];
  uint8_t valid[COLUMNS];
  crm_column columns[COLUMNS];
  crm_table known, decided;
  crm_text trigger, decision, reason;
  size_t at, rows, of_trigger, of_decision, of_reason;

  for (at = 0; at < COLUMNS; at++)
    columns[at] = column_of(names[at], cells[at], bytes[at], offsets[at], &valid[at]);
  must(crm_table_from_columns(columns, COLUMNS, no_job, &known, &error));
  must(crm_run("decide", CRM_DATA(known), request, -1, no_job, &decided, &error));
  must(crm_table_row_count(decided, &rows, &error));
  must(crm_table_find(decided, "trigger", &of_trigger, &error));
  must(crm_table_find(decided, "decision", &of_decision, &error));
  must(crm_table_find(decided, "reason_code", &of_reason, &error));
  for (at = 0; print && at < rows; at++) {
    must(crm_table_utf8(decided, of_trigger, at, &trigger, &error));
    must(crm_table_utf8(decided, of_decision, at, &decision, &error));
    must(crm_table_utf8(decided, of_reason, at, &reason, &error));
    printf("%-16s %-5s %s\n", trigger.data, decision.data, reason.data != NULL ? reason.data : "-");
  }
  must(crm_table_free(decided, &error));
  must(crm_table_free(known, &error));
}

int main(int arguments, char **argument) {
  decide(1);
  if (arguments > 1) {
    const long pages = strtol(argument[1], NULL, 10);
    struct timespec from, to;
    long i;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (i = 0; i < pages; i++) decide(0);
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%.1f microseconds a decision\n",
           ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / 1e3 /
               (double)pages);
  }
  return 0;
}
