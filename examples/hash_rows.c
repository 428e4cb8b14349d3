/* SPDX-License-Identifier: MIT
 *
 * Hashing tables: a column of strings, a composite key of two columns, nulls, and a selection of rows.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <weft/weft.h>

enum { ROWS = 4 };

static int failed(const weft_ctx *ctx, weft_status status) {
  fprintf(stderr, "hash_rows: %s: %s\n", weft_status_text(status), weft_ctx_message(ctx));
  return 1;
}

static void print_hashes(const char *what, const uint64_t *hashes, size_t rows) {
  printf("%s\n", what);
  for (size_t i = 0; i < rows; i++)
    printf("  %016" PRIx64 "\n", hashes[i]);
}

int main(void) {
  /* Arrow's layouts: one run of bytes and where each string begins; numbers; a bit per row that says "not null". */
  static const char names[] = "abacusweftloom";
  static const int32_t offsets[ROWS + 1] = {0, 6, 10, 14, 14};
  static const uint64_t numbers[ROWS] = {7, 7, 9, 11};
  static const uint8_t number_is_there = 0x0d; /* row 1 has none */
  static const uint32_t chosen[] = {2, 0};

  weft_ctx *ctx;
  weft_status status = weft_ctx_create(NULL, &ctx);
  if (status != WEFT_OK)
    return failed(NULL, status);

  struct weft_column key[2] = {weft_column_offsets32(names, strlen(names), offsets, ROWS),
                               weft_column_fixed(numbers, WEFT_U64, ROWS)};
  key[1] = weft_column_with_validity(key[1], &number_is_there, 0);
  uint64_t hashes[ROWS];

  if ((status = weft_hash64(ctx, WEFT_XXH3_64, key, 1, 0, hashes)) != WEFT_OK)
    return failed(ctx, status);
  print_hashes("names, XXH3", hashes, ROWS);

  /* A row's hash of the first column is its seed for the second; a null leaves it as it is. */
  if ((status = weft_hash64(ctx, WEFT_XXH64, key, 2, 42, hashes)) != WEFT_OK)
    return failed(ctx, status);
  print_hashes("(name, number), XXH64, seed 42", hashes, ROWS);

  struct weft_column some = weft_column_with_selection(key[0], chosen, 2);
  if ((status = weft_hash64(ctx, WEFT_XXH3_64, &some, 1, 0, hashes)) != WEFT_OK)
    return failed(ctx, status);
  print_hashes("names of rows 2 and 0, XXH3", hashes, some.rows);

  weft_ctx_free(ctx);
  return 0;
}
