/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: a column made from the input's bytes, encoded by the codecs that it says, on one of the tables that this
 * machine runs and on the plain one, to the same bytes, and decoded in every way beside the truth.
 *
 * An input, a byte each unless said otherwise, zeros past its end: rows (two bytes above 199), type, width (two bytes above
 * 99), shape of values, of nulls, flags, three codecs, most values of a dictionary, 8 bytes of what stays random; then
 * numbers that the values are made of, of 8 bytes each where flags say so, else of one: they are gone through again and
 * again. Without any the shape says what they are.
 */
#include "tests/coded.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_tables.h"
#include "tests/fuzz/input.h"

#define NUMBERS 400

static struct guard_pool pool;

/* What an input says. */
struct fuzz_case {
  struct coded_spec spec;
  struct weft_encode_options options;
  struct rng rng;
  uint64_t numbers[NUMBERS];
};

static void take_case(struct input *input, struct fuzz_case *c) {
  weft_encode_options_init(&c->options, sizeof c->options);
  c->spec = (struct coded_spec){.rows = take_wide(input, 200, 60)};
  c->spec.type = (enum weft_type)(WEFT_I8 + take(input) % WEFT_STRING);
  c->spec.width = take_wide(input, 100, 8);
  c->spec.values = (enum value_shape)(take(input) % VALUE_SHAPES);
  c->spec.nulls = (enum null_shape)(take(input) % NULL_SHAPES);
  size_t flags = take(input);
  c->spec.plain = flags & 1;
  c->options.sorted_dictionary = flags & 2;
  c->options.zones = flags & 4;
  for (int i = 0; i < WEFT_CODEC_DEPTH; i++)
    c->options.codec[i] = (uint8_t)(take(input) % (WEFT_CODEC_SPLIT + 1));
  size_t dictionary = take(input);
  c->options.dictionary_rows = dictionary > 0 ? (uint32_t)dictionary : c->options.dictionary_rows;
  c->rng.state = take_word(input);
  c->spec.given = c->numbers;
  for (c->spec.n_given = 0; input->left > 0 && c->spec.n_given < NUMBERS; c->spec.n_given++)
    c->numbers[c->spec.n_given] = flags & 8 ? take_word(input) : take(input);
  if (c->spec.type == WEFT_FIXED_BYTES && c->spec.width * c->spec.rows > 1 << 18)
    c->spec.width %= 64;
}

static void check(const char *wrong) {
  if (wrong)
    fail_input(wrong);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct fuzz_case c;
  static weft_ctx *plain;
  struct input input = {data, size};
  struct rng table = {rng_of_input(data, size)};
  weft_ctx *ctx = next_table(&table);
  struct weft_ctx_options options;
  weft_ctx_options_init(&options, sizeof options);
  options.isa = "scalar";
  if (!plain && weft_ctx_create(&options, &plain) != WEFT_OK)
    fail_input(weft_ctx_message(NULL));
  if (pool.mapped > GUARD_AREAS / 2)
    guard_close(&pool);
  guard_reset(&pool, 0);
  take_case(&input, &c);
  struct test_column truth;
  struct coded coded, other;
  const char *wrong;
  coded_build(&pool, &c.rng, &c.spec, &truth);
  guard_case.what = coded_spec_text(&c.spec);
  guard_case.rows = c.spec.rows;
  weft_status status = coded_encode(ctx, &pool, &c.rng, &truth, &c.options, &coded, &wrong);
  check(wrong);
  weft_status again = coded_encode(plain, &pool, &c.rng, &truth, &c.options, &other, &wrong);
  check(wrong);
  if (status != again || coded.bytes != other.bytes || (status == WEFT_OK && memcmp(coded.at, other.at, coded.bytes) != 0))
    fail_input("the plain table encodes to other bytes");
  if (status == WEFT_OK)
    check(coded_wrong(ctx, &pool, &c.rng, &coded, &c.options, 3));
  else if (c.options.codec[0] == WEFT_CODEC_AUTO)
    fail_input(weft_ctx_message(ctx));
  return 0;
}
