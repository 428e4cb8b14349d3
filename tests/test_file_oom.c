/* SPDX-License-Identifier: MIT
 *
 * No memory for files: writing and reading are run once for each memory request that they make, that request failing. They
 * must end with the documented status, leave nothing behind, and succeed when they are called again. As test_oom.c, with
 * more to write and to read.
 */
#include "alloc/cache.h"
#include "files.h"

enum { ROWS = 2600, COLUMNS = 3 };

static uint64_t numbers[ROWS];
static char text[ROWS * 8];
static int32_t offsets[ROWS + 1];
static uint8_t validity[ROWS / 8 + 1];
static uint32_t selection[ROWS];
static struct weft_column columns[COLUMNS];
static struct weft_field fields[COLUMNS] = {{"n", WEFT_U64, 0}, {"text", WEFT_STRING, 0}, {"some", WEFT_STRING, 0}};
static struct file file;

static void fill_columns(void) {
  for (int32_t i = 0; i < ROWS; i++) {
    numbers[i] = (uint64_t)i * (uint64_t)i;
    offsets[i + 1] = offsets[i] + sprintf(text + offsets[i], "k%d", i / 2);
    selection[i] = (uint32_t)(ROWS - 1 - i);
  }
  memset(validity, 0xdf, sizeof validity);
  columns[0] = weft_column_with_validity(weft_column_fixed(numbers, WEFT_U64, ROWS), validity, 0);
  columns[1] = weft_column_offsets32(text, (size_t)offsets[ROWS], offsets, ROWS);
  columns[2] = weft_column_with_selection(columns[1], selection, ROWS);
}

/* Success or no memory, with a call in the message; true for success. */
static bool went_well(weft_ctx *ctx, weft_status status) {
  ck_assert_msg(status == WEFT_OK || status == WEFT_E_NOMEM, "%s: %s: %s", guard_case_text(), weft_status_text(status),
                weft_ctx_message(ctx));
  if (status != WEFT_OK)
    ck_assert_msg(strncmp(weft_ctx_message(ctx), "weft_", 5) == 0, "%s: message \"%s\" names no call", guard_case_text(),
                  weft_ctx_message(ctx));
  return status == WEFT_OK;
}

static bool write_all(weft_ctx *ctx) {
  struct weft_writer_options options = writer_defaults(1024);
  weft_writer *writer = (weft_writer *)&file;
  file.n = 0;
  if (!went_well(ctx, weft_writer_open(ctx, fields, COLUMNS, &options, file_take, &file, &writer))) {
    ck_assert_ptr_null(writer);
    return false;
  }
  bool ok = went_well(ctx, weft_writer_metadata(writer, "key", "value", 5));
  bool written = went_well(ctx, weft_writer_append(writer, columns, COLUMNS));
  bool finished = went_well(ctx, weft_writer_finish(writer));
  ck_assert(written || !finished);
  weft_writer_free(writer);
  return ok && finished;
}

static bool write_encoded(weft_ctx *ctx) {
  static uint8_t room[COLUMNS][100000];
  static size_t bytes[COLUMNS];
  const void *encodings[COLUMNS] = {room[0], room[1], room[2]};
  weft_writer *writer;
  file.n = 0;
  for (size_t i = 0; i < COLUMNS; i++)
    if (!went_well(ctx, weft_encode(ctx, &columns[i], NULL, room[i], sizeof room[i], &bytes[i])))
      return false;
  if (!went_well(ctx, weft_writer_open(ctx, fields, COLUMNS, NULL, file_take, &file, &writer)))
    return false;
  bool ok = went_well(ctx, weft_writer_append_encoded(writer, encodings, bytes, COLUMNS));
  ok = went_well(ctx, weft_writer_finish(writer)) && ok;
  weft_writer_free(writer);
  return ok;
}

static bool read_kind(weft_ctx *ctx, enum source_kind kind) {
  return went_well(ctx, file_verify(ctx, &file, kind, 0));
}

static bool read_by_calls(weft_ctx *ctx) {
  return read_kind(ctx, SOURCE_READ);
}

static bool read_mapped(weft_ctx *ctx) {
  return read_kind(ctx, SOURCE_MAPPED);
}

static bool read_forward(weft_ctx *ctx) {
  return read_kind(ctx, SOURCE_FORWARD);
}

static bool decode_all(weft_ctx *ctx) {
  struct weft_source source = file_source(&file, SOURCE_READ);
  weft_reader *reader = (weft_reader *)&file;
  if (!went_well(ctx, weft_reader_open(ctx, &source, 0, &reader))) {
    ck_assert_ptr_null(reader);
    return false;
  }
  bool ok = true;
  for (size_t i = 0; i < COLUMNS; i++) {
    weft_decoded *decoded = (weft_decoded *)&file;
    const void *encoding;
    size_t bytes;
    ok &= went_well(ctx, weft_reader_encoding(reader, 0, i, &encoding, &bytes));
    bool decoded_it = went_well(ctx, weft_reader_decode(reader, 1, i, NULL, &decoded));
    ck_assert(decoded_it == (decoded != NULL));
    weft_decoded_free(decoded);
    ok &= decoded_it;
  }
  weft_reader_free(reader);
  return ok;
}

static bool (*const operations[])(weft_ctx *) = {write_all,   write_encoded, read_by_calls,
                                                 read_mapped, read_forward,  decode_all};
static const char *const names[] = {"write", "write encoded", "read", "mapped", "forward", "decode"};
#define OPERATIONS ((int)(sizeof operations / sizeof *operations))

START_TEST(each_request_may_fail_once) {
  uint64_t failures = 0, nth = 1;
  bool reached;
  fill_columns();
  weft_ctx *maker = ctx_with(NULL);
  ck_assert(write_all(maker));
  weft_ctx_free(maker);
  do {
    weft_slab *slab;
    char what[100];
    snprintf(what, sizeof what, "%s, request %llu", names[_i], (unsigned long long)nth);
    guard_case = (struct guard_case){.what = what};
    ck_assert_int_eq(weft_slab_create(NULL, &slab), WEFT_OK);
    weft__slab_fail_at(slab, 0);
    struct weft_ctx_options options = ctx_defaults();
    options.slab = slab;
    weft_ctx *ctx = ctx_with(&options);
    uint64_t before = weft__slab_requests(slab);
    weft__slab_fail_at(slab, nth);
    bool ok = operations[_i](ctx);
    reached = weft__slab_requests(slab) - before >= nth;
    ck_assert_msg(ok || reached, "%s: failed, and no request had", what);
    failures += !ok;
    weft__slab_fail_at(slab, 0);
    ck_assert_msg(operations[_i](ctx), "%s: once failed, it fails again with memory at hand", what);
    weft_ctx_free(ctx);
    struct weft_slab_figures figures;
    ck_assert_int_eq(weft_slab_stats(slab, &figures, sizeof figures), WEFT_OK);
    ck_assert_msg(figures.live_objects == 0, "%s leaves %llu objects", what, (unsigned long long)figures.live_objects);
    ck_assert_int_eq(weft_slab_release(slab), WEFT_OK);
    nth++;
  } while (reached);
  ck_assert_msg(failures > 5, "%s: %llu failures", names[_i], (unsigned long long)failures);
  file_close(&file);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, each_request_may_fail_once, 0, OPERATIONS);
}

int main(void) {
  return suite_main("file_oom", add_tests);
}
