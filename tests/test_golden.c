/* SPDX-License-Identifier: MIT
 *
 * Golden files: what an earlier version encoded is decoded on every table to what its maker was told to encode.
 */
#include "coded.h"
#include "contexts.h"
#include "golden/golden.h"
#include "suite.h"
#include "tables.h"

static struct tables tables;
static struct guard_pool pool;

/* The file in guarded memory. */
static const uint8_t *read_guarded(const char *name, const char *extension, size_t *bytes) {
  uint8_t *file = golden_read(name, extension, bytes);
  uint8_t *copy = guard_take(&pool, GUARD_HIGH, *bytes, 0, NULL);
  memcpy(copy, file, *bytes);
  free(file);
  return copy;
}

START_TEST(an_encoding_gives_the_values_that_it_was_made_of) {
  const struct golden *g = &golden[_i];
  struct test_column truth;
  golden_build(&pool, g, g->rows, &truth);
  struct coded coded = {.truth = &truth};
  coded.at = read_guarded(g->name, "wfc", &coded.bytes);
  for (int i = 0; i < tables.n; i++) {
    weft_ctx *ctx = ctx_on(tables.list[i]->isa, 0);
    struct rng rng = {rng_case_seed((size_t)i)};
    guard_case = (struct guard_case){.what = g->name, .isa = tables.list[i]->isa, .rows = g->rows, .seed = rng.state};
    weft_status status = weft_describe(ctx, coded.at, coded.bytes, &coded.info, sizeof coded.info);
    CASE_CHECK(status == WEFT_OK, 0, "%s: %s", weft_status_text(status), weft_ctx_message(ctx));
    CASE_CHECK(g->codec[0] == 0 || coded.info.nodes[0].codec == g->codec[0] || g->codec[0] == WEFT_CODEC_RAW, 0,
               "its codec is %s", weft_codec_name(coded.info.nodes[0].codec));
    struct weft_encode_options options = {.sorted_dictionary = g->sorted};
    const char *wrong = coded_wrong(ctx, &pool, &rng, &coded, &options, 20);
    CASE_CHECK(!wrong, 0, "%s", wrong);
    weft_ctx_free(ctx);
  }
  guard_close(&pool);
}
END_TEST

START_TEST(every_codec_role_type_and_form_of_nulls_is_in_one) {
  weft_ctx *ctx = ctx_with(NULL);
  bool codecs[WEFT_CODEC_SPLIT + 1] = {true}, roles[WEFT_ROLE_BYTE + 1] = {0}, types[WEFT_STRING + 1] = {true};
  bool nulls[4] = {0}, flags[4][WEFT_CODEC_DELTA + 1] = {{0}};
  for (size_t i = 0; i < golden_count; i++) {
    size_t bytes;
    struct weft_encoded_info info;
    const uint8_t *at = read_guarded(golden[i].name, "wfc", &bytes);
    ck_assert_int_eq(weft_describe(ctx, at, bytes, &info, sizeof info), WEFT_OK);
    types[info.type] = true;
    nulls[at[5]] = true;
    for (uint32_t k = 0; k < info.n_nodes; k++) {
      const struct weft_encoded_node *node = &info.nodes[k];
      codecs[node->codec] = roles[node->role] = true;
      if (node->codec >= WEFT_CODEC_BITPACK && node->codec <= WEFT_CODEC_DELTA)
        flags[at[node->offset] & 3][node->codec] = true;
    }
  }
  for (size_t i = 0; i < sizeof codecs; i++)
    ck_assert_msg(codecs[i], "codec %zu is in none", i);
  for (int codec = WEFT_CODEC_BITPACK; codec <= WEFT_CODEC_DELTA; codec++)
    ck_assert_msg(flags[0][codec] && flags[2][codec], "%s with or without patches is in none",
                  weft_codec_name((unsigned)codec));
  ck_assert_msg(flags[1][WEFT_CODEC_FOR], "aligned blocks are in none");
  for (size_t i = 0; i < sizeof roles; i++)
    ck_assert_msg(roles[i], "role %zu is in none", i);
  for (size_t i = 0; i < sizeof types; i++)
    ck_assert_msg(types[i], "type %zu is in none", i);
  for (size_t i = 0; i < sizeof nulls; i++)
    ck_assert_msg(nulls[i], "nulls of form %zu are in none", i);
  weft_ctx_free(ctx);
  guard_close(&pool);
}
END_TEST

/* ---- Files ---- */

static bool read_file(void *user, uint64_t offset, void *dst, size_t n, size_t *got) {
  const struct weft_source *file = user;
  uint64_t left = offset < file->bytes ? file->bytes - offset : 0;
  *got = n < left ? n : (size_t)left;
  memcpy(dst, (const uint8_t *)file->mapped + offset, *got);
  return true;
}

static void check_metadata(const struct golden_file *g, const weft_reader *reader) {
  static const struct {
    const char *key;
    size_t bytes;
  } entries[] = {{"made by", 11}, {"empty", 0}, {"\xc3\xa9", 256}};
  struct weft_file_info info;
  ck_assert_int_eq(weft_reader_info(reader, &info, sizeof info), WEFT_OK);
  ck_assert_uint_eq(info.rows, g->rows);
  ck_assert_uint_eq(info.chunks, (g->rows + 1023) / 1024);
  ck_assert_uint_eq(info.metadata, g->metadata ? 3 : 0);
  for (size_t i = 0; i < info.metadata; i++) {
    const char *key;
    const void *value;
    size_t bytes;
    ck_assert_int_eq(weft_reader_metadata(reader, i, &key, &value, &bytes), WEFT_OK);
    ck_assert_str_eq(key, entries[i].key);
    ck_assert_uint_eq(bytes, entries[i].bytes);
    for (size_t k = 0; k < bytes; k++)
      ck_assert_uint_eq(((const uint8_t *)value)[k], i == 0 ? (uint8_t) "make_golden"[k] : k);
  }
}

/* Column k of a chunk from row `first` of the file on, which truth has. */
static void check_column(weft_reader *reader, const struct test_column *truth, uint64_t chunk, size_t k, size_t first) {
  weft_decoded *decoded;
  weft_status status = weft_reader_decode(reader, chunk, k, NULL, &decoded);
  CASE_CHECK(status == WEFT_OK, first, "column %zu: %s", k, weft_status_text(status));
  const struct weft_column *column = weft_decoded_column(decoded);
  for (size_t i = 0; i < column->rows; i++) {
    struct coded_value value = coded_value_of(column, i);
    size_t row = first + i;
    CASE_CHECK(value.null == truth->nulls[row], row, "column %zu: %s", k, value.null ? "a null" : "no null");
    CASE_CHECK(value.null || value.bytes == truth->lengths[row], row, "column %zu: %zu bytes", k, value.bytes);
    CASE_CHECK(value.null || value.bytes == 0 || memcmp(value.at, truth->bytes[row], value.bytes) == 0, row,
               "column %zu: another value", k);
  }
  weft_decoded_free(decoded);
}

static size_t build_columns(const struct golden_file *g, struct test_column *truths) {
  size_t n = 0;
  for (; g->names[n]; n++)
    golden_build(&pool, golden_of(g->names[n]), g->rows, &truths[n]);
  return n;
}

static void check_fields(const struct golden_file *g, const weft_reader *reader, size_t n) {
  for (size_t k = 0; k < n; k++) {
    const struct golden *column = golden_of(g->names[k]);
    struct weft_field field;
    ck_assert_int_eq(weft_reader_field(reader, k, &field), WEFT_OK);
    ck_assert_str_eq(field.name, g->names[k]);
    ck_assert_int_eq(field.type, column->type);
    ck_assert_uint_eq(field.width, column->type == WEFT_FIXED_BYTES ? column->width : column_type_width(column->type));
  }
}

/* As each kind of source: mapped, by a callback, of a length that is not known. */
static void check_file(weft_ctx *ctx, const struct golden_file *g, const struct weft_source *source) {
  struct test_column truths[GOLDEN_COLUMNS];
  size_t n = build_columns(g, truths), first = 0;
  bool is_known = source->bytes != UINT64_MAX;
  weft_reader *reader;
  weft_status status = weft_reader_open(ctx, source, 0, &reader);
  CASE_CHECK(status == WEFT_OK, 0, "%s: %s", weft_status_text(status), weft_ctx_message(ctx));
  check_fields(g, reader, n);
  for (uint64_t chunk = 0; first < g->rows; chunk++) {
    uint64_t next = chunk;
    ck_assert(is_known || weft_reader_next(reader, &next) == WEFT_OK);
    ck_assert_uint_eq(next, chunk);
    struct weft_chunk_info info;
    for (size_t k = 0; k < n; k++) {
      ck_assert_int_eq(weft_reader_chunk(reader, chunk, k, &info, sizeof info), WEFT_OK);
      ck_assert_uint_eq(info.first_row, first);
      ck_assert_uint_eq(info.rows, g->rows - first < 1024 ? g->rows - first : 1024);
      check_column(reader, &truths[k], chunk, k, first);
    }
    status = weft_reader_verify(reader, chunk);
    CASE_CHECK(status == WEFT_OK, first, "weft_reader_verify: %s", weft_ctx_message(ctx));
    first += (size_t)info.rows;
  }
  uint64_t end = 0;
  ck_assert(is_known || (weft_reader_next(reader, &end) == WEFT_OK && end == UINT64_MAX));
  check_metadata(g, reader);
  weft_reader_free(reader);
}

START_TEST(a_file_gives_the_columns_that_it_was_made_of) {
  const struct golden_file *g = &golden_files[_i];
  size_t bytes;
  const uint8_t *at = read_guarded(g->name, "weft", &bytes);
  for (int i = 0; i < tables.n; i++) {
    weft_ctx *ctx = ctx_on(tables.list[i]->isa, 0);
    guard_case = (struct guard_case){.what = g->name, .isa = tables.list[i]->isa, .rows = g->rows};
    struct weft_source file = {.bytes = bytes, .mapped = at}, source = file;
    size_t kept = pool.taken;
    check_file(ctx, g, &source);
    source.mapped = NULL;
    source.read = read_file;
    source.user = &file;
    check_file(ctx, g, &source);
    source.bytes = UINT64_MAX;
    check_file(ctx, g, &source);
    guard_reset(&pool, kept);
    weft_ctx_free(ctx);
  }
  guard_close(&pool);
}
END_TEST

static void add_tests(TCase *tcase) {
  tables = tables_here();
  tcase_add_loop_test(tcase, an_encoding_gives_the_values_that_it_was_made_of, 0, (int)golden_count);
  tcase_add_test(tcase, every_codec_role_type_and_form_of_nulls_is_in_one);
  tcase_add_loop_test(tcase, a_file_gives_the_columns_that_it_was_made_of, 0, (int)golden_files_count);
}

int main(void) {
  return suite_main("golden", add_tests);
}
