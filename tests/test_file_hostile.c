/* SPDX-License-Identifier: MIT
 *
 * Files that are cut off, damaged or made up: every truncation and every flipped bit of a small one is found, and what is
 * found wrong is refused by a status, with every sum repaired too, from every kind of source.
 */
#include "files.h"
#include "lib/file.h"

static weft_ctx *ctx;
static struct file file, damaged;

/* Where the parts of the small file begin. */
static struct parts {
  size_t frames[3]; /* of both chunks, and the footer */
  size_t entry_bytes[2];
} parts;

enum { ROWS = 50, FIRST_ROWS = 20, COLUMNS = 5 };

static struct weft_column small_columns[COLUMNS];

static void make_columns(void) {
  static uint32_t numbers[ROWS];
  static double doubles[ROWS];
  static int32_t offsets[ROWS + 1];
  static const uint8_t valid[] = {0xfe, 0xff, 0x7f, 0xff, 0xf5, 0xff, 0xff};
  static const char text[] = "a string of more than thirty-two bytes, and shorter ones";
  struct rng rng = {7};
  for (int i = 0; i < ROWS; i++) {
    numbers[i] = 1000 + (uint32_t)rng_upto(&rng, 100);
    doubles[i] = (double)rng_upto(&rng, 9) / 8;
    offsets[i + 1] = i % 7 ? i % 7 + offsets[i] : (int32_t)sizeof text - 1;
    offsets[i + 1] = offsets[i + 1] > (int32_t)sizeof text - 1 || offsets[i + 1] < offsets[i] ? offsets[i] : offsets[i + 1];
  }
  small_columns[0] = weft_column_with_validity(weft_column_fixed(numbers, WEFT_U32, ROWS), valid, 0);
  small_columns[1] = weft_column_offsets32(text, sizeof text - 1, offsets, ROWS);
  small_columns[2] = weft_column_fixed(doubles, WEFT_F64, ROWS);
  small_columns[3] = weft_column_bytes(text, 1, ROWS);
  small_columns[4] = weft_column_with_validity(small_columns[1], valid, 1);
}

/* A file of two small chunks, which is what encoding elsewhere allows. */
static void make_file(void) {
  static const char *const names[COLUMNS] = {"n", "text", "d", "b", "nulls"};
  static uint8_t room[COLUMNS][10000];
  struct weft_field fields[COLUMNS];
  const void *encodings[COLUMNS];
  size_t bytes[COLUMNS];
  weft_writer *writer;
  make_columns();
  for (size_t i = 0; i < COLUMNS; i++)
    fields[i] = field_of(names[i], &small_columns[i]);
  file.n = 0;
  FILE_MUST(ctx, weft_writer_open(ctx, fields, COLUMNS, NULL, file_take, &file, &writer));
  FILE_MUST(ctx, weft_writer_metadata(writer, "key", "value", 5));
  for (size_t i = 0; i < COLUMNS; i++) {
    struct weft_column slice = small_columns[i];
    slice.rows = slice.base_rows = FIRST_ROWS;
    encodings[i] = room[i];
    FILE_MUST(ctx, weft_encode(ctx, &slice, NULL, room[i], sizeof room[i], &bytes[i]));
  }
  FILE_MUST(ctx, weft_writer_append_encoded(writer, encodings, bytes, COLUMNS));
  FILE_MUST(ctx, weft_writer_append(writer, small_columns, COLUMNS));
  FILE_MUST(ctx, weft_writer_finish(writer));
  weft_writer_free(writer);
  FILE_MUST(ctx, file_verify(ctx, &file, SOURCE_READ, 0));
}

static size_t round_up(size_t n) {
  return (n + 7) / 8 * 8;
}

static void find_parts(void) {
  parts.frames[0] = round_up((size_t)codec_get(file.bytes + 12, 4));
  struct weft_source source = file_source(&file, SOURCE_MAPPED);
  weft_reader *reader;
  FILE_MUST(ctx, weft_reader_open(ctx, &source, 0, &reader));
  for (size_t k = 0; k < 2; k++) {
    struct weft_chunk_info info;
    FILE_MUST(ctx, weft_reader_chunk(reader, k, COLUMNS - 1, &info, sizeof info));
    parts.entry_bytes[k] = (size_t)codec_get(file.bytes + parts.frames[k] + 4, 4);
    parts.frames[k + 1] = round_up((size_t)(info.offset + info.bytes));
  }
  weft_reader_free(reader);
  ck_assert_mem_eq(file.bytes + parts.frames[0], "WFTC", 4);
  ck_assert_mem_eq(file.bytes + parts.frames[1], "WFTC", 4);
  ck_assert_mem_eq(file.bytes + parts.frames[2], "WFTF", 4);
}

static void set_up(void) {
  ctx = ctx_with(NULL);
  make_file();
  find_parts();
  damaged.bytes = malloc(file.n + 1);
  damaged.room = damaged.n = file.n;
}

static void tear_down(void) {
  weft_ctx_free(ctx);
  file_close(&file);
  file_close(&damaged);
}

static void damage_nothing(void) {
  memcpy(damaged.bytes, file.bytes, file.n);
  damaged.n = file.n;
}

START_TEST(every_truncation_is_found) {
  for (size_t n = 0; n < file.n; n++) {
    damaged.bytes = realloc(damaged.bytes, n ? n : 1); /* so that sanitizers see a read past it */
    memcpy(damaged.bytes, file.bytes, n);
    damaged.n = n;
    weft_status status = file_verify(ctx, &damaged, (enum source_kind)_i, 0);
    ck_assert_msg(status == WEFT_E_CORRUPT, "%s, %zu of %zu bytes: %s", source_names[_i], n, file.n,
                  weft_status_text(status));
    ck_assert_ptr_nonnull(strstr(weft_ctx_message(ctx), "offset"));
  }
}
END_TEST

START_TEST(every_flipped_bit_is_found) {
  size_t bits = 8 * file.n, step = bits / rng_cases(bits);
  damage_nothing();
  for (size_t bit = 0; bit < bits; bit += step) {
    damaged.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    weft_status status = file_verify(ctx, &damaged, (enum source_kind)_i, 0);
    ck_assert_msg(status == WEFT_E_CORRUPT, "%s, bit %zu of byte %zu: %s: %s", source_names[_i], bit % 8, bit / 8,
                  weft_status_text(status), weft_ctx_message(ctx));
    damaged.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
}
END_TEST

START_TEST(bytes_behind_the_end_are_found) {
  damage_nothing();
  for (int value = 0; value < 256; value++) {
    damaged.n = file.n + 1;
    damaged.bytes[file.n] = (uint8_t)value;
    ck_assert_int_eq(file_verify(ctx, &damaged, (enum source_kind)_i, 0), WEFT_E_CORRUPT);
  }
}
END_TEST

/* Makes all sums right again but those of encodings, the parts being where they were. */
static void repair(struct file *to) {
  uint64_t head_bytes = codec_get(to->bytes + 12, 4);
  if (head_bytes < 24 || head_bytes > parts.frames[0])
    return;
  uint64_t seed = file_sum(ctx, to->bytes, (size_t)head_bytes - 8, 0);
  codec_put(to->bytes + head_bytes - 8, seed, 8);
  for (size_t k = 0; k < 2; k++) {
    uint8_t *entry = to->bytes + parts.frames[k] + 4;
    uint64_t bytes = codec_get(entry, 4);
    if (bytes < parts.entry_bytes[k] + 200)
      codec_put(entry + bytes, file_sum(ctx, entry, (size_t)bytes, seed), 8);
  }
  uint8_t *footer = to->bytes + parts.frames[2], *trailer = to->bytes + to->n - FILE_TRAILER_BYTES;
  codec_put(trailer + 16, file_sum(ctx, footer, (size_t)(trailer - footer) + 16, seed), 8);
}

/* A byte that describes: of the head, a frame, or the footer. `twin`, if not 0, is where the footer repeats it. */
static size_t draw_place(struct rng *rng, size_t *twin) {
  size_t k = rng_upto(rng, 3), head = (size_t)codec_get(file.bytes + 12, 4);
  size_t entries = file.n - FILE_TRAILER_BYTES - parts.entry_bytes[0] - parts.entry_bytes[1];
  *twin = 0;
  if (k == 0)
    return rng_upto(rng, head - 1);
  if (k == 3)
    return parts.frames[2] + rng_upto(rng, file.n - parts.frames[2] - 1);
  size_t at = rng_upto(rng, parts.entry_bytes[k - 1] - 1);
  if (rng_percent(rng, 80))
    *twin = entries + (k == 2 ? parts.entry_bytes[0] : 0) + at;
  return parts.frames[k - 1] + 4 + at;
}

/* Reads all that there is, whatever it says. */
static weft_status read_all(enum source_kind kind, uint64_t max_bytes) {
  struct weft_source source = file_source(&damaged, kind);
  struct weft_file_info info;
  weft_reader *reader;
  uint64_t chunk = 0;
  weft_status status = weft_reader_open(ctx, &source, max_bytes, &reader);
  if (status != WEFT_OK)
    return status;
  FILE_MUST(ctx, weft_reader_info(reader, &info, sizeof info));
  while (kind == SOURCE_FORWARD || chunk < info.chunks) {
    if (kind == SOURCE_FORWARD && ((status = weft_reader_next(reader, &chunk)) != WEFT_OK || chunk == UINT64_MAX))
      break;
    for (size_t i = 0; i < info.columns; i++) {
      weft_decoded *decoded;
      struct weft_decode_options options;
      weft_decode_options_init(&options, sizeof options);
      options.max_bytes = 1 << 20;
      if (weft_reader_decode(reader, chunk, i, &options, &decoded) == WEFT_OK)
        weft_decoded_free(decoded);
    }
    (void)!weft_reader_verify(reader, chunk);
    chunk++;
  }
  weft_reader_free(reader);
  return status;
}

START_TEST(made_up_descriptions_with_right_sums_are_refused_or_harmless) {
  static const uint8_t values[] = {0, 1, 2, 0x7f, 0x80, 0xff};
  size_t refused = 0, cases = rng_cases(30000);
  for (size_t i = 0; i < cases; i++) {
    struct rng rng = {rng_case_seed(i)};
    guard_case = (struct guard_case){.what = "made up", .isa = source_names[_i], .seed = rng_case_seed(i)};
    damage_nothing();
    for (size_t k = 0, n = 1 + rng_upto(&rng, 3); k < n; k++) {
      size_t twin, at = draw_place(&rng, &twin);
      uint8_t value = rng_percent(&rng, 50) ? values[rng_upto(&rng, 5)] : (uint8_t)rng_next(&rng);
      damaged.bytes[at] = value;
      if (twin)
        damaged.bytes[twin] = value;
    }
    repair(&damaged);
    weft_status status = read_all((enum source_kind)_i, 1 << 20);
    refused += status != WEFT_OK;
    CASE_CHECK(status == WEFT_OK || status == WEFT_E_CORRUPT || status == WEFT_E_UNSUPPORTED || status == WEFT_E_LIMIT, 0,
               "%s: %s", weft_status_text(status), weft_ctx_message(ctx));
  }
  ck_assert_uint_gt(refused, cases / 10);
  ck_assert_uint_lt(refused, cases);
}
END_TEST

/* Sets the bytes of the first column of the first chunk, in the frame and in the footer. */
static void claim_bytes(uint64_t bytes) {
  size_t entries = file.n - FILE_TRAILER_BYTES - parts.entry_bytes[0] - parts.entry_bytes[1];
  damage_nothing();
  codec_put(damaged.bytes + parts.frames[0] + 4 + FILE_ENTRY_BYTES + 4, bytes, 8);
  codec_put(damaged.bytes + entries + FILE_ENTRY_BYTES + 4, bytes, 8);
  repair(&damaged);
}

static uint64_t peak_bytes(void) {
  struct weft_slab_figures figures;
  ck_assert_int_eq(weft_slab_stats(weft_ctx_slab(ctx), &figures, sizeof figures), WEFT_OK);
  return figures.peak_committed_bytes;
}

START_TEST(what_a_file_claims_to_hold_is_not_allocated_before_it_comes) {
  static const uint64_t claims[] = {1 << 24, (uint64_t)1 << 29};
  for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
    for (int kind = 0; kind < SOURCE_KINDS; kind++) {
      uint64_t before = peak_bytes();
      claim_bytes(claims[i]);
      damaged.most = 0;
      ck_assert_int_eq(read_all((enum source_kind)kind, 0), WEFT_E_CORRUPT);
      ck_assert_uint_le(damaged.most, 1 << 20);
      ck_assert_uint_lt(peak_bytes() - before, 4 << 20);
    }
}
END_TEST

START_TEST(chunks_beyond_max_bytes_are_refused) {
  claim_bytes((uint64_t)1 << 40);
  ck_assert_int_eq(read_all(SOURCE_FORWARD, 0), WEFT_E_LIMIT);
  ck_assert_ptr_nonnull(strstr(weft_ctx_message(ctx), "max_bytes"));
  claim_bytes(INT64_MAX);
  ck_assert_int_eq(read_all(SOURCE_FORWARD, UINT64_MAX), WEFT_E_CORRUPT);
  claim_bytes(UINT64_MAX);
  for (int kind = 0; kind < SOURCE_KINDS; kind++)
    ck_assert_int_eq(read_all((enum source_kind)kind, UINT64_MAX), WEFT_E_CORRUPT);
}
END_TEST

/* Opens a reader and reads the largest encoding, column 1 of chunk 1; of unknown length both chunks. Returns the least
 * that it must have taken, and the status in *status. */
static size_t take_some(enum source_kind kind, uint64_t max_bytes, weft_status *status) {
  struct weft_source source = file_source(&file, kind);
  size_t taken = (size_t)codec_get(file.bytes + 12, 4), bytes;
  uint64_t chunk;
  const void *encoding;
  weft_reader *reader;
  *status = weft_reader_open(ctx, &source, max_bytes, &reader);
  if (*status != WEFT_OK)
    return 0;
  if (kind != SOURCE_FORWARD)
    taken += file.n - parts.frames[2];
  for (int i = 0; kind == SOURCE_FORWARD && i < 2 && *status == WEFT_OK; i++) {
    *status = weft_reader_next(reader, &chunk);
    taken = *status == WEFT_OK && i == 1 ? parts.frames[2] - parts.frames[1] - parts.entry_bytes[1] - 8 : taken;
  }
  if (*status == WEFT_OK)
    *status = weft_reader_encoding(reader, 1, 1, &encoding, &bytes);
  if (*status == WEFT_OK && kind == SOURCE_READ)
    taken += bytes;
  weft_reader_free(reader);
  return taken;
}

START_TEST(a_reader_takes_no_more_than_max_bytes) {
  weft_status status = WEFT_E_LIMIT;
  size_t refused = 0;
  for (uint64_t max = 1; status != WEFT_OK; max++) {
    size_t taken = take_some((enum source_kind)_i, max, &status);
    ck_assert_msg(status == WEFT_OK || status == WEFT_E_LIMIT, "%llu bytes: %s", (unsigned long long)max,
                  weft_status_text(status));
    ck_assert_msg(taken <= max, "%s: %zu bytes taken, of %llu", source_names[_i], taken, (unsigned long long)max);
    refused += taken > 0 && status != WEFT_OK;
    ck_assert_uint_lt(max, 1 << 20);
  }
  ck_assert_uint_eq(refused > 0, _i != SOURCE_MAPPED); /* after opening */
}
END_TEST

/* The footer alone says something else, its sum being right. */
static void check_footer(size_t at, uint8_t value) {
  size_t footer_bytes = file.n - parts.frames[2];
  ck_assert_uint_lt(at, footer_bytes);
  damage_nothing();
  ck_assert_uint_ne(damaged.bytes[parts.frames[2] + at], value);
  damaged.bytes[parts.frames[2] + at] = value;
  repair(&damaged);
  for (int kind = 0; kind < SOURCE_KINDS; kind++) {
    weft_status status = file_verify(ctx, &damaged, (enum source_kind)kind, 0);
    ck_assert_msg(status == WEFT_E_CORRUPT, "%s, byte %zu of the footer %u: %s", source_names[kind], at, value,
                  weft_status_text(status));
  }
}

START_TEST(a_footer_that_speaks_of_other_chunks_than_there_are_is_found) {
  size_t entries = file.n - FILE_TRAILER_BYTES - parts.entry_bytes[0] - parts.entry_bytes[1] - parts.frames[2];
  check_footer(4, 0);                                              /* metadata entries */
  check_footer(8, 1);                                              /* chunks */
  check_footer(16, ROWS + FIRST_ROWS + 1);                         /* rows of the file */
  check_footer(entries + 4, FIRST_ROWS + 1);                       /* rows of a chunk */
  check_footer(entries + 8, file.bytes[parts.frames[0] + 12] ^ 1); /* the sum of its bytes */
  check_footer(entries + FILE_ENTRY_BYTES + FILE_COLUMN_BYTES, 0); /* the least value of a column */
}
END_TEST

/* The last column of the last chunk says that it has `more` bytes, in both places. */
START_TEST(chunks_that_do_not_end_where_the_footer_begins_are_found) {
  static const int64_t more[] = {-8, 8, 64, 1 << 20, INT64_MAX / 2};
  size_t last = FILE_ENTRY_BYTES, twin = file.n - FILE_TRAILER_BYTES - parts.entry_bytes[1];
  struct weft_source source = file_source(&file, SOURCE_MAPPED);
  weft_reader *reader;
  struct weft_chunk_info info;
  FILE_MUST(ctx, weft_reader_open(ctx, &source, 0, &reader));
  for (size_t i = 0; i + 1 < COLUMNS; i++) {
    uint8_t put[FILE_COLUMN_MOST];
    struct weft_field is;
    FILE_MUST(ctx, weft_reader_chunk(reader, 1, i, &info, sizeof info));
    FILE_MUST(ctx, weft_reader_field(reader, i, &is));
    last += weft__stats_put(&is, &info, put);
  }
  FILE_MUST(ctx, weft_reader_chunk(reader, 1, COLUMNS - 1, &info, sizeof info));
  weft_reader_free(reader);
  for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
    damage_nothing();
    codec_put(damaged.bytes + parts.frames[1] + 4 + last + 4, info.bytes + (uint64_t)more[i], 8);
    codec_put(damaged.bytes + twin + last + 4, info.bytes + (uint64_t)more[i], 8);
    repair(&damaged);
    for (int kind = 0; kind < SOURCE_KINDS; kind++) {
      weft_status status = file_verify(ctx, &damaged, (enum source_kind)kind, 0);
      ck_assert_msg(status == WEFT_E_CORRUPT || (kind == SOURCE_FORWARD && more[i] > 1 << 20 && status == WEFT_E_LIMIT),
                    "%s, %lld bytes more: %s", source_names[kind], (long long)more[i], weft_status_text(status));
    }
  }
}
END_TEST

START_TEST(a_hole_before_the_footer_is_found) {
  damaged.bytes = realloc(damaged.bytes, file.n + 64);
  for (size_t hole = 8; hole <= 64; hole += 8) {
    memcpy(damaged.bytes, file.bytes, parts.frames[2]);
    memset(damaged.bytes + parts.frames[2], 0, hole);
    memcpy(damaged.bytes + parts.frames[2] + hole, file.bytes + parts.frames[2], file.n - parts.frames[2]);
    damaged.n = file.n + hole;
    for (int kind = 0; kind < SOURCE_KINDS; kind++)
      ck_assert_int_eq(file_verify(ctx, &damaged, (enum source_kind)kind, 0), WEFT_E_CORRUPT);
  }
}
END_TEST

START_TEST(versions_that_are_not_known_are_told_apart_from_damage) {
  damage_nothing();
  damaged.bytes[8] = 2;
  repair(&damaged);
  ck_assert_int_eq(read_all((enum source_kind)_i, 0), WEFT_E_UNSUPPORTED);
  ck_assert_ptr_nonnull(strstr(weft_ctx_message(ctx), "version 2"));
  damage_nothing();
  damaged.bytes[file.n - FILE_TRAILER_BYTES + 8] = 3;
  repair(&damaged);
  ck_assert_int_eq(read_all((enum source_kind)_i, 0), WEFT_E_UNSUPPORTED);
  ck_assert_ptr_nonnull(strstr(weft_ctx_message(ctx), "version 3"));
}
END_TEST

START_TEST(an_encoding_of_another_type_than_the_schemas_is_found) {
  damage_nothing();
  damaged.bytes[FILE_HEAD_BYTES] = WEFT_I32; /* of column 0, which is WEFT_U32 */
  repair(&damaged);
  struct weft_source source = file_source(&damaged, SOURCE_READ);
  weft_reader *reader;
  weft_decoded *decoded;
  FILE_MUST(ctx, weft_reader_open(ctx, &source, 0, &reader));
  ck_assert_int_eq(weft_reader_decode(reader, 0, 0, NULL, &decoded), WEFT_E_CORRUPT);
  ck_assert_ptr_nonnull(strstr(weft_ctx_message(ctx), "type 7"));
  ck_assert_int_eq(weft_reader_decode(reader, 0, 2, NULL, &decoded), WEFT_OK);
  weft_decoded_free(decoded);
  weft_reader_free(reader);
}
END_TEST

/* Byte `at` of the first column's statistics, in both places. */
static void set_statistics(size_t at, uint8_t value) {
  size_t entries = file.n - FILE_TRAILER_BYTES - parts.entry_bytes[0] - parts.entry_bytes[1];
  damage_nothing();
  damaged.bytes[parts.frames[0] + 4 + FILE_ENTRY_BYTES + at] = value;
  damaged.bytes[entries + FILE_ENTRY_BYTES + at] = value;
  repair(&damaged);
}

START_TEST(statistics_that_are_not_the_columns_are_found) {
  set_statistics(FILE_COLUMN_BYTES, 1); /* the lowest byte of the least value */
  ck_assert_int_eq(file_verify(ctx, &damaged, (enum source_kind)_i, 0), WEFT_E_CORRUPT);
  ck_assert_ptr_nonnull(strstr(weft_ctx_message(ctx), "least"));
  set_statistics(1, 2); /* nulls */
  ck_assert_int_eq(file_verify(ctx, &damaged, (enum source_kind)_i, 0), WEFT_E_CORRUPT);
  ck_assert_ptr_nonnull(strstr(weft_ctx_message(ctx), "nulls"));
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_checked_fixture(tcase, set_up, tear_down);
  TTest const *const each_kind[] = {every_truncation_is_found,
                                    every_flipped_bit_is_found,
                                    bytes_behind_the_end_are_found,
                                    made_up_descriptions_with_right_sums_are_refused_or_harmless,
                                    versions_that_are_not_known_are_told_apart_from_damage,
                                    statistics_that_are_not_the_columns_are_found};
  for (size_t i = 0; i < sizeof each_kind / sizeof *each_kind; i++)
    tcase_add_loop_test(tcase, each_kind[i], 0, SOURCE_KINDS);
  tcase_add_loop_test(tcase, a_reader_takes_no_more_than_max_bytes, 0, SOURCE_KINDS);
  tcase_add_test(tcase, a_footer_that_speaks_of_other_chunks_than_there_are_is_found);
  tcase_add_test(tcase, chunks_that_do_not_end_where_the_footer_begins_are_found);
  tcase_add_test(tcase, a_hole_before_the_footer_is_found);
  tcase_add_test(tcase, what_a_file_claims_to_hold_is_not_allocated_before_it_comes);
  tcase_add_test(tcase, chunks_beyond_max_bytes_are_refused);
  tcase_add_test(tcase, an_encoding_of_another_type_than_the_schemas_is_found);
}

int main(void) {
  return suite_main("file_hostile", add_tests);
}
