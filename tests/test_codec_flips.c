/* SPDX-License-Identifier: MIT
 *
 * Encodings in which bits were flipped, their checksums made right: they are refused, or give other values within bounds.
 */
#include "codec_rig.h"
#include "keys.h"
#include "suite.h"
#include "tables.h"

static struct tables tables;
static struct rig rig;

static void repair_sums(uint8_t *at, size_t bytes) {
  size_t table = (size_t)at[7] * CODEC_ENTRY_BYTES;
  if (table > bytes - CODEC_HEADER_BYTES)
    return;
  uint64_t sum = codec_check(rig.out.kernels, at, 24, 0);
  sum = codec_check(rig.out.kernels, at + bytes - table, table, sum);
  codec_put(at + 24, sum, 8);
}

/* Some encoding, with some bits of its sections, its header or its table flipped. */
static void damage(void) {
  static const uint8_t codecs[] = {WEFT_CODEC_AUTO, WEFT_CODEC_RAW,   WEFT_CODEC_BITPACK, WEFT_CODEC_FOR,
                                   WEFT_CODEC_RLE,  WEFT_CODEC_DELTA, WEFT_CODEC_DICT,    WEFT_CODEC_SPLIT};
  uint8_t cascade[WEFT_CODEC_DEPTH], *at;
  for (size_t i = 0; i < WEFT_CODEC_DEPTH; i++)
    cascade[i] = codecs[rng_upto(&rig.rng, sizeof codecs - (i == 0 ? 1 : 2))];
  uint32_t n = 1 + (uint32_t)rng_upto(&rig.rng, 4000);
  rig_begin(&rig);
  if (rng_percent(&rig.rng, 30)) {
    struct codec_strings strings = rig_strings(&rig, n, 1 + (uint32_t)rng_upto(&rig.rng, 2000));
    cascade[0] = rng_percent(&rig.rng, 50) ? WEFT_CODEC_DICT : WEFT_CODEC_STRINGS;
    MUST(rig.ctx, weft__codec_encode_strings(&rig.out, &strings, WEFT_ROLE_VALUES, cascade, 0));
    at = rig_finish(&rig, WEFT_STRING, 0, n);
  } else {
    struct codec_values values = rig_values(&rig, (enum value_kind)rng_upto(&rig.rng, VALUE_KINDS - 1), 8, n);
    MUST(rig.ctx, weft__codec_encode(&rig.out, &values, WEFT_ROLE_VALUES, cascade, 0));
    at = rig_finish(&rig, WEFT_U64, 8, n);
  }
  size_t table = (size_t)at[7] * CODEC_ENTRY_BYTES, sections = rig.in.bytes - table;
  for (size_t flips = 1 + rng_upto(&rig.rng, 3); flips > 0; flips--) {
    size_t place = rng_percent(&rig.rng, 25) ? sections + rng_upto(&rig.rng, table - 1) : rng_upto(&rig.rng, sections - 1);
    if (rng_percent(&rig.rng, 50) && sections - CODEC_HEADER_BYTES > 40)
      place = CODEC_HEADER_BYTES + rng_upto(&rig.rng, 40); /* directories of blocks, ranks */
    at[place] ^= (uint8_t)(1 << rng_upto(&rig.rng, 7));
  }
  repair_sums(at, rig.in.bytes);
}

/* Whether a damaged encoding may end so: it is refused, asks for more memory than there is, or is not seen to be wrong. */
static bool is_fine(weft_status status) {
  return status == WEFT_OK || status == WEFT_E_CORRUPT || status == WEFT_E_UNSUPPORTED || status == WEFT_E_LIMIT;
}

START_TEST(flipped_bits_are_refused_or_give_other_values_within_bounds) {
  enum { CASES = 4000 };
  size_t refused = 0;
  rig_open(&rig, tables.list[_i]->isa, 5000 + (size_t)_i);
  guard_case.what = "flipped bits";
  for (size_t i = 0; i < CASES; i++) {
    guard_case.seed = rig.rng.state;
    damage();
    weft_status status = rig_reopen(&rig);
    rig.in.budget = 10 << 20;
    if (status == WEFT_OK)
      status = weft__codec_start(&rig.in, rig.in.values);
    for (size_t reads = 0; is_fine(status) && status == WEFT_OK && reads < 5; reads++) {
      guard_reset(&rig.arrays, 0);
      uint32_t n = rig.in.values->n, first = n == 0 ? 0 : (uint32_t)rng_upto(&rig.rng, n - 1), most = n - first;
      if (reads == 0)
        first = 0, most = n;
      most = most < 5000 ? most : 5000;
      status = rig.in.type != WEFT_STRING && rig.in.width > 100 ? WEFT_OK : rig_read(&rig, first, most);
    }
    CASE_CHECK(is_fine(status), i, "%s: %s", weft_status_text(status), weft_ctx_message(rig.ctx));
    CASE_CHECK(status == WEFT_OK || strpbrk(weft_ctx_message(rig.ctx), "0123456789"), i, "no number in \"%s\"",
               weft_ctx_message(rig.ctx));
    refused += status != WEFT_OK;
    rig_done(&rig);
  }
  rig_close(&rig);
  ck_assert_msg(refused > CASES / 10 && refused < CASES, "%zu of %d refused", refused, CASES);
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_loop_test(tcase, flipped_bits_are_refused_or_give_other_values_within_bounds, 0, tables.n);
}

int main(void) {
  tables = tables_here();
  return suite_main("codec_flips", add_tests);
}
