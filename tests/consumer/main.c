/* SPDX-License-Identifier: MIT
 *
 * A program of a user's, built against an installed weft: the hashes of "weft", known beforehand.
 */
#include <stdio.h>

#include <weft/weft.h>

int main(void) {
  static const int32_t offsets[] = {0, 4};
  struct weft_column column = weft_column_offsets32("weft", 4, offsets, 1);
  weft_ctx *ctx;
  uint64_t hash;
  struct weft_fingerprint fingerprint;
  if (weft_ctx_create(NULL, &ctx) != WEFT_OK) {
    fprintf(stderr, "consumer: %s\n", weft_ctx_message(NULL));
    return 1;
  }
  if (weft_hash64(ctx, WEFT_XXH3_64, &column, 1, 0, &hash) != WEFT_OK ||
      weft_hash128(ctx, &column, 1, 0, &fingerprint) != WEFT_OK) {
    fprintf(stderr, "consumer: %s\n", weft_ctx_message(ctx));
    return 1;
  }
  weft_ctx_free(ctx);
  printf("%s %016llx\n", weft_version(), (unsigned long long)hash);
  bool right = fingerprint.high == UINT64_C(0x69aeedc904d9a734) && fingerprint.low == UINT64_C(0x126c4f6354db18ad);
  return right && hash == UINT64_C(0x15d05235f1304082) ? 0 : 1;
}
