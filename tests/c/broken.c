/* Broken columns and broken Arrow arrays: refused with a message, released once, never read past.
 * Buffers are exactly as large as they say and on the heap, so that a sanitizer sees a byte more. */
#include "check.h"

#include <float.h>
#include <math.h>

static crm_error error;

#define SPEC "{\"currency\": \"USD\", \"amount_unit\": \"minor\", \"channel\": \"c\"}"
#define ROWS 4

/* --- Columns with lengths --- */

typedef struct {
  crm_column columns[4];
  crm_column dictionary;
  void *owned[32];
  int n_owned;
} shop;

static void *copied(shop *it, const void *from, size_t size) {
  void *to = malloc(size > 0 ? size : 1);
  memcpy(to, from, size);
  it->owned[it->n_owned++] = to;
  return to;
}

static void set_values(shop *it, crm_column *column, const void *from, size_t size) {
  column->values = copied(it, from, size);
  column->values_size = size;
}

static void set_offsets(shop *it, crm_column *column, const void *from, size_t size) {
  column->offsets = copied(it, from, size);
  column->offsets_size = size;
}

/* Four good orders: ids utf8, dates, cents, and a channel as a dictionary. */
static void build(shop *it) {
  static const int32_t offsets[ROWS + 1] = {0, 1, 3, 6, 6};
  static const int32_t days[ROWS] = {20000, 20001, 20002, 20003};
  static const int64_t cents[ROWS] = {100, 200, 300, 400};
  static const uint8_t keys[ROWS] = {0, 1, 1, 0};
  static const int32_t words[3] = {0, 3, 7};
  static const uint8_t valid[1] = {0x0f};
  static const char *const names[4] = {"customer_id", "ordered_at", "amount", "c"};
  int i;
  memset(it, 0, sizeof *it);
  for (i = 0; i < 4; i++) {
    it->columns[i].size = (uint32_t)sizeof(crm_column);
    it->columns[i].name = names[i];
    it->columns[i].name_size = -1;
    it->columns[i].rows = ROWS;
    it->columns[i].validity = (const uint8_t *)copied(it, valid, 1);
    it->columns[i].validity_size = 1;
  }
  it->columns[0].type = CRM_COLUMN_UTF8;
  set_offsets(it, &it->columns[0], offsets, sizeof offsets);
  set_values(it, &it->columns[0], "abbccc", 6);
  it->columns[1].type = CRM_COLUMN_DATE;
  set_values(it, &it->columns[1], days, sizeof days);
  it->columns[2].type = CRM_COLUMN_I64;
  set_values(it, &it->columns[2], cents, sizeof cents);
  it->columns[3].type = CRM_COLUMN_U8;
  set_values(it, &it->columns[3], keys, sizeof keys);
  it->columns[3].dictionary = &it->dictionary;
  it->dictionary.type = CRM_COLUMN_UTF8;
  it->dictionary.rows = 2;
  set_offsets(it, &it->dictionary, words, sizeof words);
  set_values(it, &it->dictionary, "webshop", 7);
}

static void scrap(shop *it) {
  int i;
  for (i = 0; i < it->n_owned; i++) free(it->owned[i]);
}

static crm_status_t import(shop *it) {
  crm_orders orders;
  crm_status_t status;
  orders.id = 77;
  memset(&error, 0, sizeof error);
  status = crm_orders_from_columns(SPEC, -1, it->columns, 4, NO_CUSTOMERS, NO_JOB, &orders, &error);
  if (status == CRM_OK) {
    CHECK(crm_orders_free(orders, NULL) == CRM_OK);
  } else {
    CHECK(orders.id == 77 && error.message[0] != '\0' && error.code == status);
  }
  return status;
}

static int cases = 0;

#define COLUMN(wanted, change)                                                     \
  do {                                                                             \
    shop it;                                                                       \
    crm_column *id = &it.columns[0], *at = &it.columns[1], *amount = &it.columns[2]; \
    crm_column *word = &it.columns[3], *list = &it.dictionary;                     \
    (void)id, (void)at, (void)amount, (void)word, (void)list;                      \
    build(&it);                                                                    \
    change;                                                                        \
    check_status(import(&it), (wanted), &error, #change, __FILE__, __LINE__);      \
    scrap(&it);                                                                    \
    cases++;                                                                       \
  } while (0)

static void columns(void) {
  static const int32_t descending[5] = {0, 3, 1, 6, 6}, negative[5] = {-1, 1, 3, 6, 6},
                       beyond[5] = {0, 1, 3, 6, 7}, middle[5] = {0, 1, 900, 6, 6},
                       high[5] = {0, 1, 3, 6, INT32_MAX}, not_zero[5] = {1, 1, 3, 6, 6};
  static const int64_t wide[5] = {0, 1, 3, 6, INT64_MAX}, wide_negative[5] = {0, 1, 3, 6, INT64_MIN};
  static const int8_t minus[4] = {0, 1, -1, 0};
  static const uint8_t past[4] = {0, 1, 2, 0};
  static const uint64_t huge[4] = {0, 1, UINT64_C(1) << 40, 0};
  static const float floats[4] = {0, 1, 1, 0};
  static const uint8_t hole[1] = {0x0b};
  static const double nans[4] = {1, 2, (double)NAN, 4}, infinite[4] = {1, 2, 3, (double)INFINITY},
                      large[4] = {1, 2, 3, DBL_MAX}, tiny[4] = {1, 2, 3, 4.9e-324};
  static const int64_t micros[4] = {1, 2, 3, 4};
  static const int64_t extreme[4] = {1, 2, 3, INT64_MIN};
  static const unsigned char decimals[64] = {0};
  static const int32_t far_days[4] = {0, 1, 2, INT32_MAX};

  COLUMN(CRM_OK, (void)0);
  /* Buffers too short for what they hold, by one byte and by all. */
  COLUMN(CRM_ERR_SCHEMA, id->offsets_size--);
  COLUMN(CRM_ERR_SCHEMA, id->offsets_size = 0);
  COLUMN(CRM_ERR_SCHEMA, id->values_size--);
  COLUMN(CRM_ERR_SCHEMA, id->values_size = 0);
  COLUMN(CRM_ERR_SCHEMA, at->values_size--);
  COLUMN(CRM_ERR_SCHEMA, amount->values_size -= 8);
  COLUMN(CRM_ERR_SCHEMA, amount->values_size = 0);
  COLUMN(CRM_ERR_SCHEMA, word->values_size--);
  COLUMN(CRM_ERR_SCHEMA, list->offsets_size--);
  COLUMN(CRM_ERR_SCHEMA, list->values_size--);
  COLUMN(CRM_ERR_SCHEMA, amount->validity_size = 0);
  /* Rows and offsets that do not fit. */
  COLUMN(CRM_ERR_SCHEMA, amount->rows = 5);
  COLUMN(CRM_ERR_SCHEMA, amount->rows = 3);
  COLUMN(CRM_ERR_SCHEMA, amount->rows = UINT64_MAX);
  COLUMN(CRM_ERR_SCHEMA, amount->rows = UINT64_C(1) << 61);
  COLUMN(CRM_ERR_SCHEMA, id->rows = UINT64_MAX);
  COLUMN(CRM_ERR_SCHEMA, id->rows = UINT64_MAX - 1);
  COLUMN(CRM_ERR_SCHEMA, amount->offset = 1);
  COLUMN(CRM_ERR_SCHEMA, amount->offset = UINT64_MAX);
  COLUMN(CRM_ERR_SCHEMA, id->offset = 1);
  COLUMN(CRM_ERR_SCHEMA, id->offset = UINT64_C(1) << 62);
  COLUMN(CRM_ERR_SCHEMA, list->rows = 3);
  COLUMN(CRM_ERR_SCHEMA, (amount->rows = 0, at->rows = 0));
  /* Text offsets. */
  COLUMN(CRM_ERR_SCHEMA, set_offsets(&it, id, descending, sizeof descending));
  COLUMN(CRM_ERR_SCHEMA, set_offsets(&it, id, negative, sizeof negative));
  COLUMN(CRM_ERR_SCHEMA, set_offsets(&it, id, beyond, sizeof beyond));
  COLUMN(CRM_ERR_SCHEMA, set_offsets(&it, id, middle, sizeof middle));
  COLUMN(CRM_ERR_SCHEMA, set_offsets(&it, id, high, sizeof high));
  COLUMN(CRM_OK, set_offsets(&it, id, not_zero, sizeof not_zero));
  COLUMN(CRM_ERR_SCHEMA, (set_offsets(&it, id, wide, sizeof wide), id->type = CRM_COLUMN_LARGE_UTF8));
  COLUMN(CRM_ERR_SCHEMA, (set_offsets(&it, id, wide_negative, sizeof wide_negative),
                          id->type = CRM_COLUMN_LARGE_UTF8));
  COLUMN(CRM_ERR_SCHEMA, id->type = CRM_COLUMN_LARGE_UTF8); /* offsets of half the width */
  COLUMN(CRM_ERR_SCHEMA, set_offsets(&it, list, "\0\0\0\0\7\0\0\0\3\0\0\0", 12));
  /* Bytes that are no text. */
  COLUMN(CRM_ERR_DATA, set_values(&it, id, "a\xff\xffzzz", 6));
  COLUMN(CRM_ERR_DATA, set_values(&it, id, "\xe3\x81\x82\xe3\x81\x82", 6)); /* cut characters */
  /* Dictionaries. */
  COLUMN(CRM_ERR_SCHEMA, set_values(&it, word, past, sizeof past));
  COLUMN(CRM_ERR_SCHEMA, (set_values(&it, word, minus, sizeof minus), word->type = CRM_COLUMN_I8));
  COLUMN(CRM_ERR_SCHEMA, (set_values(&it, word, huge, sizeof huge), word->type = CRM_COLUMN_U64));
  COLUMN(CRM_ERR_SCHEMA, (set_values(&it, word, floats, sizeof floats), word->type = CRM_COLUMN_F32));
  COLUMN(CRM_ERR_SCHEMA, list->dictionary = &it.columns[0]);
  COLUMN(CRM_ERR_SCHEMA, list->rows = 0);
  /* Under a null the index may be anything. */
  COLUMN(CRM_OK, (set_values(&it, word, past, sizeof past),
                  word->validity = (const uint8_t *)copied(&it, hole, 1)));
  /* Types. */
  COLUMN(CRM_ERR_SCHEMA, amount->type = -1);
  COLUMN(CRM_ERR_SCHEMA, amount->type = 22);
  COLUMN(CRM_ERR_SCHEMA, amount->type = INT32_MAX);
  COLUMN(CRM_ERR_SCHEMA, amount->type = CRM_COLUMN_UTF8);
  COLUMN(CRM_ERR_SCHEMA, amount->type = CRM_COLUMN_DECIMAL128); /* buffer of half the width */
  COLUMN(CRM_ERR_SCHEMA, (set_values(&it, amount, decimals, 64), amount->type = CRM_COLUMN_DECIMAL128,
                          amount->scale = 400));
  COLUMN(CRM_ERR_SCHEMA, amount->type = CRM_COLUMN_FIXED); /* width 0 */
  COLUMN(CRM_ERR_SCHEMA, (amount->type = CRM_COLUMN_FIXED, amount->width = UINT32_MAX));
  COLUMN(CRM_ERR_SCHEMA, id->type = CRM_COLUMN_F64);
  COLUMN(CRM_ERR_SCHEMA, at->type = CRM_COLUMN_I32);
  COLUMN(CRM_ERR_DATA, amount->type = CRM_COLUMN_NULL);
  COLUMN(CRM_ERR_OPTION, (at->type = CRM_COLUMN_TIME_US, at->zone = "Mars/Olympus",
                          set_values(&it, at, micros, sizeof micros)));
  COLUMN(CRM_ERR_ARGUMENT, (at->type = CRM_COLUMN_TIME_US, at->zone = "\xff",
                            set_values(&it, at, micros, sizeof micros)));
  /* Values outside their domain name the row. */
  COLUMN(CRM_ERR_DATA, (set_values(&it, amount, nans, sizeof nans), amount->type = CRM_COLUMN_F64));
  CHECK(error.row == 2 && strcmp(error.column, "amount") == 0);
  COLUMN(CRM_ERR_DATA, (set_values(&it, amount, infinite, sizeof infinite), amount->type = CRM_COLUMN_F64));
  CHECK(error.row == 3);
  COLUMN(CRM_ERR_DATA, (set_values(&it, amount, large, sizeof large), amount->type = CRM_COLUMN_F64));
  COLUMN(CRM_OK, (set_values(&it, amount, tiny, sizeof tiny), amount->type = CRM_COLUMN_F64));
  COLUMN(CRM_ERR_DATA, set_values(&it, amount, extreme, sizeof extreme));
  COLUMN(CRM_ERR_DATA, set_values(&it, at, far_days, sizeof far_days));
  COLUMN(CRM_ERR_DATA, amount->validity = (const uint8_t *)copied(&it, hole, 1));
  CHECK(error.row == 2);
  /* Names and the array itself. */
  COLUMN(CRM_ERR_NULL, amount->name = NULL);
  COLUMN(CRM_ERR_ARGUMENT, amount->name = "am\xffount");
  COLUMN(CRM_ERR_SCHEMA, amount->name_size = 3);
  COLUMN(CRM_ERR_NULL, amount->values = NULL);
  COLUMN(CRM_ERR_NULL, id->offsets = NULL);
  COLUMN(CRM_ERR_ARGUMENT, amount->values_size = UINT64_MAX);
  COLUMN(CRM_ERR_ARGUMENT, amount->validity_size = UINT64_MAX);
  COLUMN(CRM_ERR_ARGUMENT, it.columns[0].size = 8);
  COLUMN(CRM_ERR_ARGUMENT, it.columns[0].size = (uint32_t)sizeof(crm_column) + 1);
  COLUMN(CRM_OK, it.columns[0].size = 0);
  {
    crm_orders orders;
    shop it;
    build(&it);
    FAILS(CRM_ERR_SCHEMA, crm_orders_from_columns(SPEC, -1, it.columns, 0, NO_CUSTOMERS, NO_JOB,
                                                  &orders, &error));
    FAILS(CRM_ERR_ARGUMENT, crm_orders_from_columns(SPEC, -1, it.columns, 100000, NO_CUSTOMERS,
                                                    NO_JOB, &orders, &error));
    FAILS(CRM_ERR_SCHEMA, crm_orders_from_columns(SPEC, -1, it.columns, 3, NO_CUSTOMERS, NO_JOB,
                                                  &orders, &error));
    CHECK(strcmp(error.column, "c") == 0);
    scrap(&it);
  }
}

/* A slice in the middle of larger buffers reads like the same rows alone. */
static void slices(void) {
  static const int32_t days[7] = {INT32_MAX, 1, 20000, 20001, 20002, 20003, INT32_MIN};
  static const int64_t cents[7] = {INT64_MIN, 1, 100, 200, 300, 400, INT64_MIN};
  static const int32_t offsets[8] = {0, 0, 0, 1, 3, 6, 6, 6};
  static const uint8_t valid[1] = {0x3c};
  crm_orders orders;
  crm_text info;
  char first[256] = "";
  int sliced, i;
  for (sliced = 0; sliced < 2; sliced++) {
    shop it;
    build(&it);
    if (sliced) {
      static const uint8_t keys[6] = {9, 9, 0, 1, 1, 0};
      set_values(&it, &it.columns[1], days, sizeof days);
      set_values(&it, &it.columns[2], cents, sizeof cents);
      set_values(&it, &it.columns[3], keys, sizeof keys);
      set_offsets(&it, &it.columns[0], offsets, sizeof offsets);
      for (i = 0; i < 4; i++) {
        it.columns[i].offset = 2;
        it.columns[i].validity = (const uint8_t *)copied(&it, valid, 1);
      }
    }
    OK(crm_orders_from_columns(SPEC, -1, it.columns, 4, NO_CUSTOMERS, NO_JOB, &orders, &error));
    scrap(&it); /* nothing is kept of the buffers */
    OK(crm_orders_info(orders, &info, &error));
    if (sliced) {
      CHECK(strcmp(first, info.data) == 0);
    } else {
      snprintf(first, sizeof first, "%s", info.data);
    }
    OK(crm_orders_free(orders, &error));
  }
}

/* --- Arrow --- */

#define CHILDREN 3

typedef struct {
  struct ArrowSchema root, fields[CHILDREN], words;
  struct ArrowSchema *field_pointers[CHILDREN];
  struct ArrowArray batch, arrays[CHILDREN], list;
  struct ArrowArray *array_pointers[CHILDREN];
  const void *buffers[CHILDREN][3], *list_buffers[3], *none[1];
  struct ArrowArrayStream stream;
  int32_t offsets[ROWS + 1];
  int32_t days[ROWS];
  int64_t cents[ROWS];
  char texts[8];
  uint8_t valid[1];
  int sent, fail_schema, fail_next;
  int live_stream, live_schema, live_array; /* released once each: back to 0 */
} producer;

static void release_schema(struct ArrowSchema *it) {
  ((producer *)it->private_data)->live_schema--;
  it->release = NULL;
}

static void release_array(struct ArrowArray *it) {
  ((producer *)it->private_data)->live_array--;
  it->release = NULL;
}

static void release_stream(struct ArrowArrayStream *it) {
  ((producer *)it->private_data)->live_stream--;
  it->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  producer *it = (producer *)stream->private_data;
  if (it->fail_schema) return 5;
  *out = it->root;
  if (out->release != NULL) it->live_schema++;
  return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  producer *it = (producer *)stream->private_data;
  if (it->fail_next) return 12;
  memset(out, 0, sizeof *out);
  if (it->sent++) return 0;
  *out = it->batch;
  if (out->release != NULL) it->live_array++;
  return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
  (void)stream;
  return "a message with Kanagawa-8451 in it";
}

static void no_release_schema(struct ArrowSchema *it) { it->release = NULL; }
static void no_release_array(struct ArrowArray *it) { it->release = NULL; }

static void produce(producer *it) {
  static const char *const names[CHILDREN] = {"customer_id", "ordered_at", "amount"};
  static const char *const formats[CHILDREN] = {"u", "tdD", "l"};
  static const int32_t offsets[ROWS + 1] = {0, 1, 3, 6, 6};
  int i;
  memset(it, 0, sizeof *it);
  memcpy(it->offsets, offsets, sizeof offsets);
  memcpy(it->texts, "abbccc", 6);
  it->valid[0] = 0x0f;
  for (i = 0; i < ROWS; i++) {
    it->days[i] = 20000 + i;
    it->cents[i] = 100 * i;
  }
  for (i = 0; i < CHILDREN; i++) {
    it->fields[i].format = formats[i];
    it->fields[i].name = names[i];
    it->fields[i].flags = ARROW_FLAG_NULLABLE;
    it->fields[i].release = no_release_schema;
    it->field_pointers[i] = &it->fields[i];
    it->arrays[i].length = ROWS;
    it->arrays[i].n_buffers = i == 0 ? 3 : 2;
    it->arrays[i].buffers = it->buffers[i];
    it->arrays[i].release = no_release_array;
    it->array_pointers[i] = &it->arrays[i];
  }
  it->buffers[0][0] = it->valid;
  it->buffers[0][1] = it->offsets;
  it->buffers[0][2] = it->texts;
  it->buffers[1][1] = it->days;
  it->buffers[2][1] = it->cents;
  it->root.format = "+s";
  it->root.name = "";
  it->root.n_children = CHILDREN;
  it->root.children = it->field_pointers;
  it->root.release = release_schema;
  it->root.private_data = it;
  it->batch.length = ROWS;
  it->batch.n_buffers = 1;
  it->batch.buffers = it->none;
  it->batch.n_children = CHILDREN;
  it->batch.children = it->array_pointers;
  it->batch.release = release_array;
  it->batch.private_data = it;
  it->stream.get_schema = get_schema;
  it->stream.get_next = get_next;
  it->stream.get_last_error = get_last_error;
  it->stream.release = release_stream;
  it->stream.private_data = it;
  it->live_stream = 1;
}

/* Dictionary of two words in place of the ids, with int8 keys in the text bytes. */
static void with_dictionary(producer *it) {
  it->fields[0].format = "c";
  it->fields[0].dictionary = &it->words;
  it->words.format = "u";
  it->words.name = "";
  it->words.release = no_release_schema;
  it->arrays[0].n_buffers = 2;
  it->buffers[0][1] = it->texts;
  memset(it->texts, 0, sizeof it->texts);
  it->texts[1] = 1;
  it->arrays[0].dictionary = &it->list;
  it->list.length = 2;
  it->list.n_buffers = 3;
  it->list.buffers = it->list_buffers;
  it->list.release = no_release_array;
  it->list_buffers[1] = it->offsets;
  it->list_buffers[2] = "abc";
}

static crm_status_t consume(producer *it) {
  crm_orders orders;
  crm_status_t status;
  orders.id = 77;
  memset(&error, 0, sizeof error);
  status = crm_orders_from_arrow("{\"currency\": \"USD\", \"amount_unit\": \"minor\"}", -1,
                                 &it->stream, NO_CUSTOMERS, NO_JOB, &orders, &error);
  if (status == CRM_OK) {
    CHECK(crm_orders_free(orders, NULL) == CRM_OK);
  } else {
    CHECK(orders.id == 77 && error.message[0] != '\0');
    CHECK(strstr(error.message, "8451") == NULL);
  }
  CHECK(it->stream.release == NULL);
  CHECK(it->live_stream == 0 && it->live_schema == 0 && it->live_array == 0);
  return status;
}

#define ARROW(wanted, change)                                                  \
  do {                                                                         \
    producer it;                                                               \
    struct ArrowArray *id = &it.arrays[0], *at = &it.arrays[1], *amount = &it.arrays[2]; \
    struct ArrowSchema *id_field = &it.fields[0], *amount_field = &it.fields[2]; \
    (void)id, (void)at, (void)amount, (void)id_field, (void)amount_field;      \
    produce(&it);                                                              \
    change;                                                                    \
    check_status(consume(&it), (wanted), &error, #change, __FILE__, __LINE__); \
    cases++;                                                                   \
  } while (0)

static void arrow(void) {
  ARROW(CRM_OK, (void)0);
  ARROW(CRM_OK, with_dictionary(&it));
  ARROW(CRM_OK, it.sent = 1); /* no batch at all: no orders */
  /* The stream. */
  ARROW(CRM_ERR_SCHEMA, it.fail_schema = 1);
  ARROW(CRM_ERR_SCHEMA, it.fail_next = 1);
  ARROW(CRM_ERR_SCHEMA, it.stream.get_schema = NULL);
  ARROW(CRM_ERR_SCHEMA, it.stream.get_next = NULL);
  ARROW(CRM_ERR_SCHEMA, (it.stream.release = NULL, it.live_stream = 0));
  /* The schema. */
  ARROW(CRM_ERR_SCHEMA, it.root.release = NULL);
  ARROW(CRM_ERR_SCHEMA, it.root.format = NULL);
  ARROW(CRM_ERR_SCHEMA, it.root.format = "l");
  ARROW(CRM_ERR_SCHEMA, it.root.n_children = -1);
  ARROW(CRM_ERR_SCHEMA, it.root.n_children = 2);
  ARROW(CRM_ERR_SCHEMA, it.root.children = NULL);
  ARROW(CRM_ERR_SCHEMA, it.field_pointers[2] = NULL);
  ARROW(CRM_ERR_SCHEMA, amount_field->format = NULL);
  ARROW(CRM_ERR_SCHEMA, amount_field->format = "");
  ARROW(CRM_ERR_SCHEMA, amount_field->format = "?");
  ARROW(CRM_ERR_SCHEMA, amount_field->format = "d:");
  ARROW(CRM_ERR_SCHEMA, amount_field->format = "d:99999999999,2");
  ARROW(CRM_ERR_SCHEMA, amount_field->format = "w:-4");
  ARROW(CRM_ERR_SCHEMA, amount_field->format = "+l");
  ARROW(CRM_ERR_SCHEMA, amount_field->format = "\xff");
  ARROW(CRM_ERR_SCHEMA, amount_field->name = NULL);
  ARROW(CRM_ERR_SCHEMA, amount_field->name = "am\xffount");
  ARROW(CRM_ERR_SCHEMA, amount_field->name = "other");
  /* The batch. */
  ARROW(CRM_ERR_SCHEMA, it.batch.n_children = 2);
  ARROW(CRM_ERR_SCHEMA, it.batch.n_children = -1);
  ARROW(CRM_ERR_SCHEMA, it.batch.children = NULL);
  ARROW(CRM_ERR_SCHEMA, it.array_pointers[1] = NULL);
  ARROW(CRM_ERR_SCHEMA, it.batch.length = -1);
  ARROW(CRM_ERR_SCHEMA, it.batch.length = 5);
  ARROW(CRM_ERR_SCHEMA, it.batch.offset = -1);
  ARROW(CRM_ERR_SCHEMA, it.batch.offset = INT64_MAX);
  /* Arrays. */
  ARROW(CRM_ERR_SCHEMA, amount->length = -1);
  ARROW(CRM_ERR_SCHEMA, amount->length = 3);
  ARROW(CRM_ERR_SCHEMA, amount->length = INT64_MAX);
  ARROW(CRM_ERR_SCHEMA, amount->offset = -1);
  ARROW(CRM_ERR_SCHEMA, amount->offset = INT64_MAX);
  ARROW(CRM_ERR_SCHEMA, amount->n_buffers = 1);
  ARROW(CRM_ERR_SCHEMA, amount->n_buffers = 3);
  ARROW(CRM_ERR_SCHEMA, amount->n_buffers = -1);
  ARROW(CRM_ERR_SCHEMA, amount->buffers = NULL);
  ARROW(CRM_ERR_SCHEMA, it.buffers[2][1] = NULL);
  ARROW(CRM_ERR_SCHEMA, it.buffers[0][1] = NULL);
  ARROW(CRM_ERR_SCHEMA, it.buffers[0][2] = NULL);
  ARROW(CRM_ERR_SCHEMA, (amount->null_count = 2, it.buffers[2][0] = NULL));
  ARROW(CRM_ERR_SCHEMA, amount->null_count = ROWS + 1);
  ARROW(CRM_ERR_SCHEMA, amount->n_children = 1);
  /* Texts. */
  ARROW(CRM_ERR_SCHEMA, it.offsets[0] = -1);
  ARROW(CRM_ERR_SCHEMA, it.offsets[2] = 0);
  ARROW(CRM_ERR_SCHEMA, it.offsets[2] = 1000);
  ARROW(CRM_ERR_SCHEMA, it.offsets[4] = INT32_MIN);
  ARROW(CRM_ERR_DATA, it.texts[0] = (char)0xff);
  /* Dictionaries. */
  ARROW(CRM_ERR_SCHEMA, (with_dictionary(&it), it.texts[1] = 2));
  ARROW(CRM_ERR_SCHEMA, (with_dictionary(&it), it.texts[1] = -1));
  ARROW(CRM_ERR_SCHEMA, (with_dictionary(&it), id->dictionary = NULL));
  ARROW(CRM_ERR_SCHEMA, (with_dictionary(&it), id_field->dictionary = NULL, id_field->format = "u"));
  ARROW(CRM_ERR_SCHEMA, (with_dictionary(&it), id_field->format = "g"));
  ARROW(CRM_ERR_SCHEMA, (with_dictionary(&it), it.list.length = 1));
  ARROW(CRM_ERR_SCHEMA, (with_dictionary(&it), it.list_buffers[1] = NULL));
  /* Types that are not the column's. */
  ARROW(CRM_ERR_SCHEMA, amount_field->format = "tsu:");
  ARROW(CRM_OK, amount_field->format = "L");
  ARROW(CRM_ERR_SCHEMA, id_field->format = "z");
}

int main(void) {
  columns();
  slices();
  arrow();
  CHECK(cases >= 120);
  return check_report();
}
