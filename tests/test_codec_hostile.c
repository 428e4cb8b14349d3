/* SPDX-License-Identifier: MIT
 *
 * Streams that contradict themselves, made by hand, one contradiction each, beside the same stream without it. What is read
 * is refused, or is within its bounds, by guard pages.
 */
#include "codec_rig.h"
#include "suite.h"
#include "tables.h"

static struct tables tables;
static struct rig rig;

/* A part of a stream made by hand: words as they are, or strings. */
struct part {
  enum weft_role role;
  uint32_t item, n;
  const void *at;
  const struct codec_strings *strings;
};

/* A stream made by hand. message: what its refusal says; NULL: it is right. */
struct made {
  const char *what;
  enum weft_codec codec;
  enum weft_type type;
  uint32_t item, n;
  const void *section;
  size_t bytes;
  unsigned n_parts;
  struct part parts[4];
  const char *message;
};

static void make(const struct made *made) {
  static const uint8_t raw[WEFT_CODEC_DEPTH] = {WEFT_CODEC_RAW, WEFT_CODEC_RAW, WEFT_CODEC_RAW};
  unsigned node;
  uint8_t *section;
  guard_case.what = made->what;
  guard_case.rows = made->n;
  rig_begin(&rig);
  MUST(rig.ctx, weft__codec_begin(&rig.out, made->codec, WEFT_ROLE_VALUES, made->item, made->n, made->n_parts, &node));
  MUST(rig.ctx, weft__codec_room(&rig.out, made->bytes, &section));
  if (made->bytes > 0)
    memcpy(section, made->section, made->bytes);
  weft__codec_end(&rig.out, node);
  for (unsigned i = 0; i < made->n_parts; i++) {
    const struct part *part = &made->parts[i];
    const struct codec_values values = {.at = part->at, .n = part->n, .item = part->item};
    MUST(rig.ctx, part->strings ? weft__strings_encode(&rig.out, part->strings, part->role, raw, 1)
                                : weft__codec_encode(&rig.out, &values, part->role, raw, 1));
  }
  rig_end(&rig, made->type, made->item, made->n);
}

static weft_status read_all(void) {
  guard_reset(&rig.arrays, 0);
  weft_status status = weft__codec_start(&rig.in, rig.in.values);
  return status == WEFT_OK ? rig_read(&rig, 0, rig.in.values->n) : status;
}

static void check_made(const struct made *cases, size_t n, int table) {
  rig_open(&rig, tables.list[table]->isa, (size_t)table);
  for (size_t i = 0; i < n; i++) {
    const struct made *made = &cases[i];
    make(made);
    if (made->message)
      REFUSED(rig.ctx, read_all(), WEFT_E_CORRUPT, made->message);
    else
      MUST(rig.ctx, read_all());
    rig_done(&rig);
    make(made);
    for (uint32_t row = made->n; weft__codec_start(&rig.in, rig.in.values) == WEFT_OK && row-- > 0;) {
      guard_reset(&rig.arrays, 0);
      weft_status status = rig_read(&rig, row, 1);
      CASE_CHECK(status == WEFT_OK || (status == WEFT_E_CORRUPT && made->message), row, "%s", weft_status_text(status));
      row -= row % 7;
    }
    rig_done(&rig);
  }
  rig_close(&rig);
}
#define CHECK_MADE(cases) check_made(cases, sizeof(cases) / sizeof *(cases), _i)

/* ---- Runs ---- */

static const uint32_t words[2100] = {10, 20, 30, 40};

#define OF(role_, item_, n_, at_) \
  { .role = WEFT_ROLE_##role_, .item = (item_), .n = (n_), .at = (at_) }
#define U32S(...) ((const uint32_t[]){__VA_ARGS__})
#define U16S(...) ((const uint16_t[]){__VA_ARGS__})

#define BY_ENDS(what_, n_, runs, ends, message_)                                                    \
  {                                                                                                 \
    .what = (what_), .codec = WEFT_CODEC_RLE, .type = WEFT_U32, .item = 4, .n = (n_), .n_parts = 2, \
    .parts = {OF(VALUES, 4, runs, words), OF(ENDS, 4, runs, ends)}, .message = (message_)           \
  }

START_TEST(runs_by_their_ends_are_refused_when_these_cannot_be) {
  const struct made cases[] = {
      BY_ENDS("right", 50, 3, U32S(1, 20, 50), NULL),
      BY_ENDS("descending", 50, 3, U32S(20, 1, 50), "20 to 50"),
      BY_ENDS("one twice", 50, 3, U32S(20, 20, 50), "one after another"),
      BY_ENDS("empty first", 50, 3, U32S(0, 20, 50), "rows 0 to 50"),
      BY_ENDS("too short", 50, 3, U32S(1, 20, 49), "1 to 49"),
      BY_ENDS("too long", 50, 3, U32S(1, 20, 51), "1 to 51"),
      BY_ENDS("far too long", 50, 3, U32S(1, 20, UINT32_MAX), "4294967295"),
      BY_ENDS("more runs than rows", 2, 3, U32S(0, 1, 2), "3 runs"),
      BY_ENDS("no runs", 50, 0, words, "0 runs"),
      {"no rows", WEFT_CODEC_RLE, WEFT_U32, 4, 0, NULL, 0, 2, {OF(VALUES, 4, 0, words), OF(ENDS, 4, 0, words)}, "0 values"},
      {"narrow ends",
       WEFT_CODEC_RLE,
       WEFT_U32,
       4,
       50,
       NULL,
       0,
       2,
       {OF(VALUES, 4, 2, words), OF(ENDS, 2, 2, U16S(20, 50))},
       "of 2 bytes"},
      {"wide values",
       WEFT_CODEC_RLE,
       WEFT_U32,
       4,
       50,
       NULL,
       0,
       2,
       {OF(VALUES, 8, 2, words), OF(ENDS, 4, 2, U32S(20, 50))},
       "of 8 bytes"},
      {"fewer ends",
       WEFT_CODEC_RLE,
       WEFT_U32,
       4,
       50,
       NULL,
       0,
       2,
       {OF(VALUES, 4, 2, words), OF(ENDS, 4, 1, U32S(50))},
       "1 ends"},
      {"ends of another role",
       WEFT_CODEC_RLE,
       WEFT_U32,
       4,
       50,
       NULL,
       0,
       2,
       {OF(VALUES, 4, 2, words), OF(CODES, 4, 2, U32S(20, 50))},
       "in role 7"},
      {"bytes of its own",
       WEFT_CODEC_RLE,
       WEFT_U32,
       4,
       50,
       "x",
       1,
       2,
       {OF(VALUES, 4, 2, words), OF(ENDS, 4, 2, U32S(20, 50))},
       "1 bytes of its own"},
      {"three parts",
       WEFT_CODEC_RLE,
       WEFT_U32,
       4,
       50,
       NULL,
       0,
       3,
       {OF(VALUES, 4, 2, words), OF(ENDS, 4, 2, U32S(20, 50)), OF(ENDS, 4, 2, words)},
       "3 parts"},
      {"no parts", WEFT_CODEC_RLE, WEFT_U32, 4, 50, NULL, 0, 0, {OF(VALUES, 4, 0, NULL)}, "0 parts"},
      {"no words",
       WEFT_CODEC_RLE,
       WEFT_FIXED_BYTES,
       3,
       50,
       NULL,
       0,
       2,
       {OF(VALUES, 3, 2, words), OF(ENDS, 4, 2, U32S(20, 50))},
       "not words"},
  };
  CHECK_MADE(cases);
}
END_TEST

/* 2,100 runs of 3 rows, of which one end is set to another number; read at once, and row by row from the last. */
START_TEST(runs_of_several_blocks_must_go_on_from_block_to_block) {
  static const struct {
    uint32_t run, end;
  } wrong[] = {{1024, 3072}, {1024, 3000}, {1023, 3076}, {2048, 6144}, {1024, 9000}, {2047, 6301}, {1024, UINT32_MAX}};
  static uint32_t ends[2100];
  rig_open(&rig, tables.list[_i]->isa, (size_t)_i);
  for (size_t i = 0; i <= sizeof wrong / sizeof *wrong; i++) {
    for (uint32_t run = 0; run < 2100; run++)
      ends[run] = 3 * (run + 1);
    if (i > 0)
      ends[wrong[i - 1].run] = wrong[i - 1].end;
    const struct made made = BY_ENDS("blocks of runs", 6300, 2100, ends, NULL);
    make(&made);
    guard_case.length = i;
    if (i == 0)
      MUST(rig.ctx, read_all());
    else
      REFUSED(rig.ctx, read_all(), WEFT_E_CORRUPT, "stream 2");
    rig_done(&rig);
    make(&made);
    MUST(rig.ctx, weft__codec_start(&rig.in, rig.in.values));
    for (uint32_t row = 6300; row-- > 0;) {
      uint32_t value;
      weft_status status = weft__codec_read(&rig.in, rig.in.values, row, 1, &value);
      CASE_CHECK(status == WEFT_OK || (i > 0 && status == WEFT_E_CORRUPT), row, "%s", weft_status_text(status));
    }
    rig_done(&rig);
  }
  rig_close(&rig);
}
END_TEST

/* The ends are DELTA, of which the first of a block is told apart; here a block itself has another number for it. */
START_TEST(an_end_that_reads_otherwise_in_its_block_is_refused) {
  static const uint8_t cascade[] = {WEFT_CODEC_RLE, WEFT_CODEC_AUTO, WEFT_CODEC_AUTO};
  rig_open(&rig, tables.list[_i]->isa, (size_t)_i);
  struct codec_values values = rig_values(&rig, VALUES_CONSTANT, 8, 300000);
  for (uint32_t row = 0, end = 0, run = 0; row < values.n; row++) {
    end += row == end ? 50 + ++run * 37 % 64 : 0; /* ends take 6 bits, and no patches */
    codec_set_word((void *)(uintptr_t)values.at, row, 8, run);
  }
  rig_begin(&rig);
  MUST(rig.ctx, weft__codec_encode(&rig.out, &values, WEFT_ROLE_VALUES, cascade, 0));
  const struct codec_entry *entry = &rig.out.nodes[rig.out.n_nodes - 1];
  ck_assert_uint_eq(entry->codec, WEFT_CODEC_DELTA);
  ck_assert_uint_eq(rig.out.at[rig.out.used - entry->bytes] & 2, 0); /* without patches */
  size_t blocks = codec_blocks(entry->n), section = rig.out.used - entry->bytes, bits = rig.out.used;
  for (size_t b = blocks; b-- > 1;)
    bits -= (codec_block_values(entry->n, b) * rig.out.at[section + 1 + b] + 7) / 8;
  rig.out.at[bits] ^= 1 << 5; /* of the first of block 1 */
  uint32_t row = (uint32_t)codec_get(rig.out.at + section + 1 + 9 * blocks + 4, 4);
  rig_end(&rig, WEFT_U64, 8, values.n);
  MUST(rig.ctx, weft__codec_start(&rig.in, rig.in.values));
  uint64_t word;
  REFUSED(rig.ctx, weft__codec_read(&rig.in, rig.in.values, row, 1, &word), WEFT_E_CORRUPT, "and its words with");
  rig_done(&rig);
  rig_close(&rig);
}
END_TEST

/* A section of ranks and bitmap: 1030 rows, in two blocks, with runs that begin at rows 0, 5 and 1026. */
static const uint8_t *bitmap_with(size_t byte, uint8_t value) {
  static uint8_t sections[20][8 + 129];
  static size_t next;
  uint8_t *section = sections[next++ % 20];
  memset(section, 0, 8 + 129);
  section[4] = 2;
  section[8] = 1 | 1 << 5;
  section[8 + 128] = 1 << 2;
  section[byte] = value;
  return section;
}

START_TEST(runs_by_a_bitmap_are_refused_when_it_cannot_be) {
#define BY_BITMAP(what_, byte, value, message_)                                                                            \
  {                                                                                                                        \
    .what = (what_), .codec = WEFT_CODEC_RLE, .type = WEFT_U32, .item = 4, .n = 1030, .section = bitmap_with(byte, value), \
    .bytes = 8 + 129, .n_parts = 1, .parts = {OF(VALUES, 4, 3, words)}, .message = (message_)                              \
  }
  struct made cases[] = {
      BY_BITMAP("right", 0, 0, NULL),
      BY_BITMAP("runs before the first", 0, 1, "1 runs before row 0"),
      BY_BITMAP("no run begins at row 0", 8, 1 << 5 | 1 << 6, "which begins 0"),
      BY_BITMAP("rank too small", 4, 1, "next begins after 1"),
      BY_BITMAP("rank too large", 4, 3, "next begins after 3"),
      BY_BITMAP("rank beyond the runs", 5, 1, "after 258"),
      BY_BITMAP("rank far beyond the runs", 7, 255, "4278190082"),
      BY_BITMAP("a bit too many", 20, 1, "3 runs after 0"),
      BY_BITMAP("a bit too few", 8, 1, "1 runs after 0"),
      BY_BITMAP("a bit too many in the last block", 8 + 128, 3 << 2, "2 runs after 2"),
      BY_BITMAP("bits past the rows", 8 + 128, 1 << 2 | 1 << 6, "past row 1030"),
      BY_BITMAP("too few bytes", 0, 0, "136 bytes, not 137"),
      BY_BITMAP("too many runs", 0, 0, "after 3 of 4"),
      BY_BITMAP("runs of another role", 0, 0, "in role 5"),
      BY_BITMAP("more runs than rows", 0, 0, "2000 runs"),
      BY_BITMAP("a block without runs before it that begins with none", 8 + 128, 7 << 1, "next begins after 0"),
  };
  cases[11].bytes--;
  cases[12].parts[0].n = 4;
  cases[12].message = "runs after 2";
  cases[13].parts[0].role = WEFT_ROLE_ENDS;
  cases[14].parts[0].n = 2000;
  ((uint8_t *)(uintptr_t)cases[15].section)[4] = 0;
  CHECK_MADE(cases);
}
END_TEST

/* ---- Dictionaries, strings, bytes of floats ---- */

static const int64_t offsets[] = {0, 3, 3, 8};
static const struct codec_strings three = {(const uint8_t *)"onethree", offsets, 3};
static const struct codec_strings none = {(const uint8_t *)"", offsets, 0};

#define BY_CODES(what_, type_, item_, dictionary, codes_, message_)                                         \
  {                                                                                                         \
    .what = (what_), .codec = WEFT_CODEC_DICT, .type = WEFT_##type_, .item = (item_), .n = 4, .n_parts = 2, \
    .parts = {dictionary, OF(CODES, 4, 4, codes_)}, .message = (message_)                                   \
  }
#define STRINGS_OF(role_, strings_) \
  { .role = WEFT_ROLE_##role_, .strings = (strings_) }

START_TEST(a_dictionary_is_refused_when_its_codes_or_its_shape_cannot_be) {
  static const uint32_t right[] = {0, 1, 2, 0}, above[] = {0, 1, 3, 0}, far[] = {UINT32_MAX, 0, 0, 0};
#define DICTIONARY OF(DICTIONARY, 4, 3, words)
#define TRIPLES OF(DICTIONARY, 3, 3, words)
#define THREE STRINGS_OF(DICTIONARY, &three)
  const struct made cases[] = {
      BY_CODES("right", U32, 4, DICTIONARY, right, NULL),
      BY_CODES("code of 3", U32, 4, DICTIONARY, above, "value 2 is 3"),
      BY_CODES("far code", U32, 4, DICTIONARY, far, "4294967295"),
      BY_CODES("right bytes", FIXED_BYTES, 3, TRIPLES, right, NULL),
      BY_CODES("bytes, code of 3", FIXED_BYTES, 3, TRIPLES, above, "value 2 is 3"),
      BY_CODES("right strings", STRING, 0, THREE, right, NULL),
      BY_CODES("strings, code of 3", STRING, 0, THREE, above, "value 2 is 3"),
      BY_CODES("empty", U32, 4, OF(DICTIONARY, 4, 0, words), right, "0 values"),
      BY_CODES("more values than codes", U32, 4, OF(DICTIONARY, 4, 5, words), right, "5 values"),
      BY_CODES("wide", U32, 4, OF(DICTIONARY, 8, 3, words), right, "of 8 bytes"),
      BY_CODES("of another role", U32, 4, OF(VALUES, 4, 3, words), right, "role 0"),
      BY_CODES("no strings", STRING, 0, OF(DICTIONARY, 0, 3, words), right, "by raw"),
      BY_CODES("empty strings", STRING, 0, STRINGS_OF(DICTIONARY, &none), right, "0 values"),
      {"narrow codes", WEFT_CODEC_DICT, WEFT_U32, 4, 4, NULL, 0, 2, {DICTIONARY, OF(CODES, 2, 4, words)}, "of 2 bytes"},
      {"fewer codes", WEFT_CODEC_DICT, WEFT_U32, 4, 4, NULL, 0, 2, {DICTIONARY, OF(CODES, 4, 3, words)}, "3 codes"},
      {"codes of another role", WEFT_CODEC_DICT, WEFT_U32, 4, 4, NULL, 0, 2, {DICTIONARY, OF(ENDS, 4, 4, words)}, "role 5"},
      {"no codes", WEFT_CODEC_DICT, WEFT_U32, 4, 4, NULL, 0, 1, {DICTIONARY}, "1 parts"},
      {"bytes of its own", WEFT_CODEC_DICT, WEFT_U32, 4, 4, "x", 1, 2, {DICTIONARY, OF(CODES, 4, 4, words)}, "1 bytes"},
      {"no values", WEFT_CODEC_DICT, WEFT_U32, 4, 0, NULL, 0, 2, {DICTIONARY, OF(CODES, 4, 0, words)}, "0 values"},
  };
  CHECK_MADE(cases);
}
END_TEST

#define BY_STRINGS(what_, bytes_, ends_item, ends, message_)                                                             \
  {                                                                                                                      \
    .what = (what_), .codec = WEFT_CODEC_STRINGS, .type = WEFT_STRING, .n = 3, .section = "onethree", .bytes = (bytes_), \
    .n_parts = 1, .parts = {OF(ENDS, ends_item, 3, ends)}, .message = (message_)                                         \
  }

START_TEST(strings_are_refused_when_their_ends_cannot_be) {
  static const uint64_t wide[] = {3, 3, 8}, wide_beyond[] = {3, 3, 9}, wide_back[] = {3, 2, 8}, huge[] = {3, UINT64_MAX, 8},
                        wide_huge[] = {3, 3, UINT64_MAX - 7};
  const struct made cases[] = {
      BY_STRINGS("right", 8, 4, U32S(3, 3, 8), NULL),
      BY_STRINGS("right, of 8 bytes", 8, 8, wide, NULL),
      BY_STRINGS("descending", 8, 4, U32S(3, 2, 8), "one after another in 8 bytes"),
      BY_STRINGS("descending, of 8 bytes", 8, 8, wide_back, "one after another in 8 bytes"),
      BY_STRINGS("beyond", 8, 4, U32S(3, 3, 9), "the last at 9"),
      BY_STRINGS("beyond, of 8 bytes", 8, 8, wide_beyond, "the last at 9"),
      BY_STRINGS("first beyond", 8, 4, U32S(9, 9, 9), "the last at 9"),
      BY_STRINGS("far beyond", 8, 4, U32S(3, UINT32_MAX, UINT32_MAX), "4294967295"),
      BY_STRINGS("huge", 8, 8, huge, "one after another in 8 bytes"),
      BY_STRINGS("huge last", 8, 8, wide_huge, "18446744073709551608"),
      BY_STRINGS("not to the end", 8, 4, U32S(3, 3, 7), "the last at 7"),
      BY_STRINGS("no bytes", 0, 4, U32S(3, 3, 8), "in 0 bytes"),
      BY_STRINGS("narrow ends", 8, 2, U16S(3, 3, 8), "of 2 bytes"),
      {"fewer ends", WEFT_CODEC_STRINGS, WEFT_STRING, 0, 3, "onethree", 8, 1, {OF(ENDS, 4, 2, words)}, "2 ends"},
      {"another role", WEFT_CODEC_STRINGS, WEFT_STRING, 0, 3, "onethree", 8, 1, {OF(CODES, 4, 3, words)}, "role 7"},
      {"no ends", WEFT_CODEC_STRINGS, WEFT_STRING, 0, 3, "onethree", 8, 0, {OF(ENDS, 4, 0, words)}, "0 parts"},
      {"bytes of none", WEFT_CODEC_STRINGS, WEFT_STRING, 0, 0, "onethree", 8, 1, {OF(ENDS, 4, 0, words)}, "of no string"},
      {"not strings", WEFT_CODEC_RAW, WEFT_STRING, 0, 3, NULL, 0, 0, {OF(ENDS, 4, 0, words)}, "strings are due"},
      {"of a width", WEFT_CODEC_STRINGS, WEFT_U32, 4, 3, "onethree", 8, 1, {OF(ENDS, 4, 3, words)}, "of 4 bytes"},
      {"of no width", WEFT_CODEC_STRINGS, WEFT_FIXED_BYTES, 0, 3, "", 0, 1, {OF(ENDS, 4, 3, words + 100)}, "of one width"},
  };
  CHECK_MADE(cases);
}
END_TEST

START_TEST(a_string_that_ends_beyond_the_section_is_refused_wherever_it_is) {
  static const uint64_t wide[] = {9, 9, 8};
  const struct made narrow_made = BY_STRINGS("beyond", 8, 4, U32S(9, 9, 8), NULL);
  const struct made wide_made = BY_STRINGS("beyond, of 8 bytes", 8, 8, wide, NULL);
  rig_open(&rig, tables.list[_i]->isa, (size_t)_i);
  for (uint32_t row = 0; row < 2; row++)
    for (int i = 0; i < 2; i++) {
      make(i == 0 ? &narrow_made : &wide_made);
      MUST(rig.ctx, weft__codec_start(&rig.in, rig.in.values));
      REFUSED(rig.ctx, rig_read(&rig, row, 1), WEFT_E_CORRUPT, "in 8 bytes, the last at 9");
      rig_done(&rig);
    }
  rig_close(&rig);
}
END_TEST

START_TEST(split_floats_are_refused_when_their_bytes_cannot_be) {
#define PLANE OF(BYTE, 1, 5, words)
  const struct made cases[] = {
      {"right", WEFT_CODEC_SPLIT, WEFT_F32, 4, 5, NULL, 0, 4, {PLANE, PLANE, PLANE, PLANE}, NULL},
      {"three", WEFT_CODEC_SPLIT, WEFT_F32, 4, 5, NULL, 0, 3, {PLANE, PLANE, PLANE}, "3 parts"},
      {"of 2 bytes", WEFT_CODEC_SPLIT, WEFT_U16, 2, 5, NULL, 0, 2, {PLANE, PLANE}, "of 2 bytes"},
      {"short", WEFT_CODEC_SPLIT, WEFT_F32, 4, 5, NULL, 0, 4, {PLANE, PLANE, OF(BYTE, 1, 4, words), PLANE}, "part 2 has 4"},
      {"wide", WEFT_CODEC_SPLIT, WEFT_F32, 4, 5, NULL, 0, 4, {PLANE, OF(BYTE, 2, 5, words), PLANE, PLANE}, "part 1"},
      {"role", WEFT_CODEC_SPLIT, WEFT_F32, 4, 5, NULL, 0, 4, {PLANE, PLANE, PLANE, OF(CODES, 1, 5, words)}, "in role 7"},
      {"own", WEFT_CODEC_SPLIT, WEFT_F32, 4, 5, "x", 1, 4, {PLANE, PLANE, PLANE, PLANE}, "1 bytes"},
      {"none",
       WEFT_CODEC_SPLIT,
       WEFT_F32,
       4,
       0,
       NULL,
       0,
       4,
       {OF(BYTE, 1, 0, words), OF(BYTE, 1, 0, words), OF(BYTE, 1, 0, words), OF(BYTE, 1, 0, words)},
       "0 values"},
  };
  CHECK_MADE(cases);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, runs_by_their_ends_are_refused_when_these_cannot_be, 0, tables.n);
  tcase_add_loop_test(tcase, runs_of_several_blocks_must_go_on_from_block_to_block, 0, tables.n);
  tcase_add_loop_test(tcase, an_end_that_reads_otherwise_in_its_block_is_refused, 0, tables.n);
  tcase_add_loop_test(tcase, runs_by_a_bitmap_are_refused_when_it_cannot_be, 0, tables.n);
  tcase_add_loop_test(tcase, a_dictionary_is_refused_when_its_codes_or_its_shape_cannot_be, 0, tables.n);
  tcase_add_loop_test(tcase, strings_are_refused_when_their_ends_cannot_be, 0, tables.n);
  tcase_add_loop_test(tcase, a_string_that_ends_beyond_the_section_is_refused_wherever_it_is, 0, tables.n);
  tcase_add_loop_test(tcase, split_floats_are_refused_when_their_bytes_cannot_be, 0, tables.n);
}

int main(void) {
  tables = tables_here();
  return suite_main("codec_hostile", add_tests);
}
