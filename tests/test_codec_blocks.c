/* SPDX-License-Identifier: MIT
 *
 * Encodings whose table, packed blocks, zones or validity contradict themselves, with right sums, one contradiction each:
 * decoding them is refused, and what they lead to is never touched. As test_codec_hostile.c, of the codecs that pack.
 */
#include "attempts.h"
#include "contexts.h"
#include "golden/golden.h"
#include "made.h"
#include "repair.h"
#include "suite.h"
#include "tables.h"

static struct tables tables;
static struct guard_pool pool;
static uint8_t encoding[MADE_BYTES];

enum {
  RAW = WEFT_CODEC_RAW,
  CONST = WEFT_CODEC_CONST,
  BITPACK = WEFT_CODEC_BITPACK,
  FOR = WEFT_CODEC_FOR,
  DELTA = WEFT_CODEC_DELTA,
  RLE = WEFT_CODEC_RLE,
  VALUES = WEFT_ROLE_VALUES,
  VALIDITY = WEFT_ROLE_VALIDITY,
  ENDS = WEFT_ROLE_ENDS,
  NO_ROLE = 9
};

/* Tries the bytes on every table: weft_verify, or weft_describe before it, refuses them, and the message has the word.
 * Without a word they are right. */
static void refused(const uint8_t *bytes, size_t n, const char *word) {
  uint8_t *at = guard_take(&pool, GUARD_HIGH, n, 0, NULL);
  memcpy(at, bytes, n);
  for (int i = 0; i < tables.n; i++) {
    weft_ctx *ctx = ctx_on(tables.list[i]->isa, 0);
    struct rng rng = {rng_case_seed((size_t)i)};
    struct attempts attempts;
    guard_case.isa = tables.list[i]->isa;
    const char *say = attempt_encoding(ctx, &pool, &rng, at, n, &attempts);
    CASE_CHECK(!say, 0, "%s", say);
    weft_status status = weft_verify(ctx, at, n);
    CASE_CHECK(status == (word ? WEFT_E_CORRUPT : WEFT_OK), 0, "%s: %s", weft_status_text(status), weft_ctx_message(ctx));
    CASE_CHECK(!word || strstr(weft_ctx_message(ctx), word), 0, "\"%s\" lacks \"%s\"", weft_ctx_message(ctx), word);
    weft_ctx_free(ctx);
  }
}

/* ---- The table ---- */

#define TABLES 20 /* cases, each a run of the test */

START_TEST(tables_that_contradict_themselves_are_refused) {
  static const struct {
    struct made made;
    const char *word;
  } cases[] = {
      {{"right", WEFT_U8, 1, 4, 1, {MADE_WORD(RAW, VALUES, 1, 0, 4, 4, 0)}}, NULL},
      {{"a section past the table", WEFT_U8, 1, 4, 1, {{RAW, VALUES, 1, 0, 4, 4, 0, 0, 1}}}, "end of a section"},
      {{"a section that ends before the table", WEFT_U8, 1, 4, 1, {{RAW, VALUES, 1, 0, 4, 4, 0, 0, UINT64_MAX}}},
       "last section"},
      {{"sections that go round",
        WEFT_U8,
        1,
        4,
        2,
        {{RAW, VALUES, 1, 0, 4, 4, 0, 0, 8}, {CONST, VALIDITY, 1, 0, 1, 1, 0, 0, (uint64_t)-9}}},
       "end of a section"},
      {{"more bytes than values", WEFT_U8, 1, 4, 1, {MADE_WORD(RAW, VALUES, 1, 0, 4, 5, 0)}}, "4 values of 1 bytes in 5"},
      {{"more values than rows", WEFT_U8, 1, 4, 1, {MADE_WORD(RAW, VALUES, 1, 0, 5, 5, 0)}}, "5 values"},
      {{"a word of 3 bytes", WEFT_U8, 1, 4, 1, {MADE_WORD(RAW, VALUES, 3, 0, 4, 12, 0)}}, "width of words"},
      {{"a role that is none", WEFT_U8, 1, 4, 1, {MADE_WORD(RAW, NO_ROLE, 1, 0, 4, 4, 0)}}, "role"},
      {{"no values", WEFT_U8, 1, 4, 1, {MADE_WORD(RAW, VALIDITY, 1, 0, 4, 4, 0)}}, "role"},
      {{"values twice", WEFT_U8, 1, 4, 2, {MADE_WORD(RAW, VALUES, 1, 0, 4, 4, 0), MADE_WORD(RAW, VALUES, 1, 0, 4, 4, 0)}},
       "role"},
      {{"validity of rows that have none",
        WEFT_U8,
        1,
        4,
        2,
        {MADE_WORD(RAW, VALUES, 1, 0, 4, 4, 0), MADE_WORD(RAW, VALIDITY, 1, 0, 1, 1, 15)}},
       "validity"},
      {{"parts of RAW", WEFT_U8, 1, 4, 2, {MADE_WORD(RAW, VALUES, 1, 1, 4, 4, 0), MADE_WORD(RAW, VALUES, 1, 0, 4, 4, 0)}},
       "1 streams"},
      {{"parts that are missing",
        WEFT_U8,
        1,
        4,
        2,
        {MADE_WORD(RLE, VALUES, 1, 2, 4, 0, 0), MADE_WORD(RAW, VALUES, 1, 0, 1, 1, 0)}},
       "too few for their parts"},
      {{"nine parts", WEFT_U8, 1, 4, 1, {MADE_WORD(RLE, VALUES, 1, 9, 4, 0, 0)}}, "a stream's parts is 9"},
      {{"a type that is none", (enum weft_type)13, 1, 4, 1, {MADE_WORD(RAW, VALUES, 1, 0, 4, 4, 0)}}, "type 13"},
      {{"a width of another type", WEFT_U16, 4, 4, 1, {MADE_WORD(RAW, VALUES, 4, 0, 4, 16, 0)}}, "width"},
      {{"constants of no value", WEFT_U8, 1, 4, 1, {MADE_WORD(CONST, VALUES, 1, 0, 4, 0, 0)}}, "bytes"},
      {{"a constant of no rows", WEFT_U8, 1, 0, 1, {MADE_WORD(CONST, VALUES, 1, 0, 0, 1, 0)}}, "times one value"},
      {{"blocks of bytes", WEFT_FIXED_BYTES, 3, 4, 1, {MADE_WORD(FOR, VALUES, 0, 0, 4, 40, 0)}}, "not words"},
      {{"blocks of no rows", WEFT_U8, 1, 0, 1, {MADE_WORD(FOR, VALUES, 1, 0, 0, 0, 0)}}, "not words"},
  };
  ck_assert_uint_eq(sizeof cases / sizeof *cases, TABLES);
  size_t n = made_encoding(&cases[_i].made, encoding);
  refused(encoding, n, cases[_i].word);
  guard_close(&pool);
}
END_TEST

/* Streams in streams, deeper than any encoder makes them. */
START_TEST(streams_deeper_than_eight_are_refused) {
  for (uint32_t depth = 7; depth < 12; depth++) {
    struct made made = {"deep", WEFT_U8, 1, 4, depth + 1, {{0}}};
    for (uint32_t i = 0; i < depth; i++)
      made.streams[i] = (struct made_stream)MADE_WORD(RLE, VALUES, 1, 1, 4, 5, UINT64_C(15) << 32);
    made.streams[depth] = (struct made_stream)MADE_WORD(RAW, VALUES, 1, 0, 4, 4, 0x01020304);
    size_t n = made_encoding(&made, encoding);
    guard_case.length = depth;
    refused(encoding, n, depth <= 8 ? NULL : "a stream's parts");
  }
  guard_close(&pool);
}
END_TEST

/* ---- Packed blocks ---- */

/* Three blocks of words of 8 bits, or of 32: each in as many bits. */
enum { BLOCKS = 3, ROWS = 1024 * BLOCKS };

#define PACKED 19 /* cases */

struct change {
  size_t at, bytes; /* in the section */
  uint64_t value;
};

/* A section of BITPACK or DELTA, of blocks that are words of `item` bytes in all their bits, patched or not. */
static size_t make_section(uint8_t *section, enum weft_codec codec, size_t item, bool patched, const struct change *changes,
                           size_t n_changes) {
  size_t at = 1, patches = patched ? 2 : 0;
  memset(section, 0, MADE_BYTES);
  section[0] = patched ? 2 : 0;
  for (size_t b = 0; b < BLOCKS; b++, at++)
    section[at] = (uint8_t)(8 * item);
  for (size_t b = 0; b < BLOCKS; b++, at += 4)
    little_put(section + at, b * 8 * item, 4);
  at += codec == WEFT_CODEC_DELTA ? 2 * BLOCKS * item : 0; /* bases, firsts */
  for (size_t b = 0; patched && b <= BLOCKS; b++, at += 4)
    little_put(section + at, b == 0 ? 0 : b < 3 ? 1 : 2, 4); /* one of the first block, one of the last */
  at += ROWS * item;
  for (size_t i = 0; i < patches; i++, at += 2)
    little_put(section + at, i == 0 ? 5 : 1023, 2);
  at += patches * item;
  for (size_t i = 0; i < n_changes; i++)
    little_put(section + changes[i].at, changes[i].value, (unsigned)changes[i].bytes);
  return at;
}

START_TEST(blocks_that_contradict_themselves_are_refused) {
  enum { PLACES = 1 + BLOCKS + 4 * BLOCKS + 4 * (BLOCKS + 1) + ROWS, FIRSTS = 1 + BLOCKS + 4 * BLOCKS };
  static const struct {
    const char *what;
    bool patched;
    size_t less; /* bytes that are cut off */
    struct change change;
    const char *word;
  } cases[] = {
      {"right", false, 0, {0, 0, 0}, NULL},
      {"right with patches", true, 0, {0, 0, 0}, NULL},
      {"flags that are none", false, 0, {0, 1, 4}, "flags 4"},
      {"words of 9 bits in 8", false, 0, {1, 1, 9}, "words of 9 bits"},
      {"words of 255 bits", false, 0, {2, 1, 255}, "words of 255 bits"},
      {"a block behind the last byte", false, 0, {4, 4, 17}, "begins at byte 2176"},
      {"a block far away", false, 0, {4, 4, UINT32_MAX}, "begins at byte"},
      {"a last block elsewhere", false, 0, {12, 4, 17}, "end at byte"},
      {"a last block of fewer bits", false, 0, {3, 1, 7}, "end at byte"},
      {"a byte too few", false, 1, {0, 0, 0}, "end at byte"},
      {"half a directory", false, ROWS + 5, {0, 0, 0}, "directory"},
      {"no bytes", false, ROWS + 16, {0, 0, 0}, "directory"},
      {"patches without any", true, 0, {FIRSTS + 12, 4, 0}, "0 patches"},
      {"more patches than bytes", true, 0, {FIRSTS + 12, 4, 2000}, "2000 patches"},
      {"a block with more patches than there are", true, 0, {FIRSTS + 4, 4, 3}, "patches 0 to 3"},
      {"patches that descend", true, 0, {FIRSTS, 4, 2}, "patches 2 to 1"},
      {"a patch behind its block", true, 0, {PLACES, 2, 1024}, "a patch at 1024"},
      {"a last patch behind its block", true, 0, {PLACES + 2, 2, 1024}, "a patch at 1024"},
      {"a patch far away", true, 0, {PLACES, 2, UINT16_MAX}, "a patch at 65535"},
  };
  ck_assert_uint_eq(sizeof cases / sizeof *cases, PACKED);
  static uint8_t section[MADE_BYTES];
  size_t bytes =
      make_section(section, WEFT_CODEC_BITPACK, 1, cases[_i].patched, &cases[_i].change, cases[_i].change.bytes > 0);
  struct made made = {
      cases[_i].what, WEFT_U8, 1, ROWS, 1, {MADE_BYTES_AT(BITPACK, VALUES, 1, 0, ROWS, bytes - cases[_i].less, section)}};
  size_t n = made_encoding(&made, encoding);
  refused(encoding, n, cases[_i].word);
  guard_close(&pool);
}
END_TEST

/* What reads as it should, and is not as it must be written: only weft_verify sees it. */
static void too_lax(const struct made *made, const char *word) {
  static uint8_t values[MADE_BYTES];
  weft_ctx *ctx = ctx_with(NULL);
  uint8_t bits[ROWS / 8];
  struct weft_buffers buffers = {.size = sizeof buffers, .values = values, .values_bytes = sizeof values, .validity = bits};
  size_t n = made_encoding(made, encoding);
  weft_status status = weft_decode_into(ctx, encoding, n, NULL, &buffers);
  ck_assert_msg(status == WEFT_OK, "%s: %s", made->what, weft_ctx_message(ctx));
  status = weft_verify(ctx, encoding, n);
  ck_assert_msg(status == (word ? WEFT_E_CORRUPT : WEFT_OK) && (!word || strstr(weft_ctx_message(ctx), word)), "%s: %s: %s",
                made->what, weft_status_text(status), weft_ctx_message(ctx));
  weft_ctx_free(ctx);
}

START_TEST(what_readers_may_overlook_is_refused_by_weft_verify) {
  enum { BITS_FIRSTS = 1 + 5 * BLOCKS, BITS_PLACES = BITS_FIRSTS + 4 * (BLOCKS + 1) + ROWS };
  enum { DELTA_FIRSTS = 1 + 7 * BLOCKS, DELTA_WORDS = DELTA_FIRSTS + 4 * (BLOCKS + 1), DELTA_PLACES = DELTA_WORDS + ROWS };
  static const struct {
    const char *what;
    enum weft_codec codec;
    struct change changes[4];
    const char *word;
  } cases[] = {
      {"right", WEFT_CODEC_BITPACK, {{BITS_PLACES, 2, 7}}, NULL},
      {"right", WEFT_CODEC_DELTA, {{DELTA_PLACES, 2, 1}}, NULL},
      {"a gap",
       WEFT_CODEC_BITPACK,
       {{1, 1, 7}},
       "byte 40: block 1 begins at 8 times 128 bytes, and the one before ends at 7"},
      {"a block twice", WEFT_CODEC_BITPACK, {{8, 4, 16}}, "byte 40: block 1 begins at 16 times 128 bytes"},
      {"no first patch", WEFT_CODEC_BITPACK, {{BITS_FIRSTS, 4, 1}}, "byte 48: the first patch of block 0 is number 1"},
      {"patches that descend",
       WEFT_CODEC_BITPACK,
       {{BITS_FIRSTS + 4, 4, 2}, {BITS_FIRSTS + 8, 4, 2}, {BITS_PLACES + 2, 2, 4}},
       "byte 3138: block 0 of 1024 values has a patch at 4, at least 6 is due"},
      {"a patch twice",
       WEFT_CODEC_BITPACK,
       {{BITS_FIRSTS + 4, 4, 2}, {BITS_FIRSTS + 8, 4, 2}, {BITS_PLACES + 2, 2, 5}},
       "a patch at 5, at least 6 is due"},
      {"a first value that is patched", WEFT_CODEC_DELTA, {{DELTA_PLACES, 2, 0}}, "a patch at 0, at least 1 is due"},
      {"a first difference", WEFT_CODEC_DELTA, {{DELTA_WORDS, 1, 1}}, "block 0 begins with a difference that is not 0"},
  };
  static uint8_t section[MADE_BYTES];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t bytes = make_section(section, cases[i].codec, 1, true, cases[i].changes, 4);
    const struct made made = {
        cases[i].what, WEFT_U8, 1, ROWS, 1, {MADE_BYTES_AT((uint8_t)cases[i].codec, VALUES, 1, 0, ROWS, bytes, section)}};
    too_lax(&made, cases[i].word);
  }
  const struct made full = {"nulls, and none",
                            WEFT_U8,
                            1,
                            4,
                            2,
                            {MADE_WORD(RAW, VALUES, 1, 0, 4, 4, 0), MADE_WORD(RAW, VALIDITY, 4, 0, 0, 0, 0)}};
  too_lax(&full, "stream 1 (raw), byte 36: validity, and none of 4 rows is null");
}
END_TEST

/* In words of 64 bits a width of 65 has blocks that fit, too. */
START_TEST(words_of_65_bits_are_refused) {
  static uint8_t section[MADE_BYTES];
  size_t blocks = 2, at = 1;
  memset(section, 0, sizeof section);
  section[at] = 65;
  section[at + 1] = 64;
  little_put(section + at + blocks + 4, 64, 4);
  size_t bytes = at + blocks + 4 * blocks + 2 * 1024 * 8;
  struct made made = {"65 bits", WEFT_U64, 8, 2048, 1, {MADE_BYTES_AT(BITPACK, VALUES, 8, 0, 2048, bytes, section)}};
  size_t n = made_encoding(&made, encoding);
  refused(encoding, n, "words of 65 bits");
  guard_close(&pool);
}
END_TEST

START_TEST(padding_that_is_not_zero_is_refused) {
  size_t bytes;
  uint8_t *at = golden_read("u32_aligned", "wfc", &bytes);
  struct weft_encoded_info info;
  weft_ctx *ctx = ctx_with(NULL);
  ck_assert_int_eq(weft_describe(ctx, at, bytes, &info, sizeof info), WEFT_OK);
  weft_ctx_free(ctx);
  size_t directory = ENCODING_HEADER + 1 + 2 + 8 + 8; /* flags, bits, offsets and bases of two blocks */
  ck_assert(at[ENCODING_HEADER] == 1 && directory < 64 && info.nodes[0].codec == WEFT_CODEC_FOR);
  for (size_t i = directory; i < 64; i++) {
    at[i] = 1;
    repair_encoding(at, bytes);
    guard_case = (struct guard_case){.what = "padding", .length = i};
    refused(at, bytes, "padding is 1");
    at[i] = 0;
    guard_close(&pool);
  }
  free(at);
}
END_TEST

/* ---- Zones, validity ---- */

/* Every bit of the sections of that role, of encodings in which each bit of them counts. */
static void flip_role(const char *name, enum weft_role role, const char *word) {
  size_t bytes, flipped = 0;
  uint8_t *at = golden_read(name, "wfc", &bytes);
  weft_ctx *ctx = ctx_with(NULL);
  struct weft_encoded_info info;
  ck_assert_int_eq(weft_describe(ctx, at, bytes, &info, sizeof info), WEFT_OK);
  for (uint32_t i = 0; i < info.n_nodes; i++) {
    const struct weft_encoded_node *node = &info.nodes[i];
    for (uint64_t bit = 0; node->role == role && node->codec <= WEFT_CODEC_CONST && bit < 8 * node->bytes; bit++) {
      uint8_t *byte = at + node->offset + bit / 8, mask = (uint8_t)(1 << bit % 8);
      *byte ^= mask;
      repair_encoding(at, bytes);
      weft_status status = weft_verify(ctx, at, bytes);
      ck_assert_msg(status == WEFT_E_CORRUPT && strstr(weft_ctx_message(ctx), word), "%s, bit %llu of stream %u: %s: %s",
                    name, (unsigned long long)bit, i, weft_status_text(status), weft_ctx_message(ctx));
      *byte ^= mask;
      flipped++;
    }
  }
  ck_assert_uint_gt(flipped, 0);
  weft_ctx_free(ctx);
  free(at);
}

START_TEST(zones_that_are_not_those_of_the_values_are_refused) {
  flip_role("f64_zones", WEFT_ROLE_ZONE_MIN, "min, max or nulls");
  flip_role("f64_zones", WEFT_ROLE_ZONE_MAX, "min, max or nulls");
}
END_TEST

START_TEST(validity_of_other_rows_than_there_are_values_for_is_refused) {
  flip_role("u32_null_bitmap", WEFT_ROLE_VALIDITY, "stream 1 (raw)");
}
END_TEST

static void add_tests(TCase *tcase) {
  tables = tables_here();
  tcase_add_loop_test(tcase, tables_that_contradict_themselves_are_refused, 0, TABLES);
  tcase_add_test(tcase, streams_deeper_than_eight_are_refused);
  tcase_add_loop_test(tcase, blocks_that_contradict_themselves_are_refused, 0, PACKED);
  tcase_add_test(tcase, what_readers_may_overlook_is_refused_by_weft_verify);
  tcase_add_test(tcase, words_of_65_bits_are_refused);
  tcase_add_test(tcase, padding_that_is_not_zero_is_refused);
  tcase_add_test(tcase, zones_that_are_not_those_of_the_values_are_refused);
  tcase_add_test(tcase, validity_of_other_rows_than_there_are_values_for_is_refused);
}

int main(void) {
  return suite_main("codec_blocks", add_tests);
}
