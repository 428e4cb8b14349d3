/* SPDX-License-Identifier: MIT
 *
 * Threads: one context for each, all clones of one, sharing its slab; statistics added up at the end.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <weft/weft.h>

enum { THREADS = 4, ROWS = 1 << 20 };

/* One thread's share of the rows. */
struct share {
  weft_ctx *ctx;
  pthread_t thread;
  const uint64_t *keys;
  uint64_t *hashes;
  size_t rows;
  weft_status status;
};

static void *hash_share(void *argument) {
  struct share *share = argument;
  struct weft_column column = weft_column_fixed(share->keys, WEFT_U64, share->rows);
  share->status = weft_hash64(share->ctx, WEFT_XXH3_64, &column, 1, 0, share->hashes);
  return NULL;
}

int main(void) {
  uint64_t *keys = malloc(ROWS * sizeof *keys), *hashes = malloc(ROWS * sizeof *hashes);
  weft_ctx *ctx;
  if (!keys || !hashes || weft_ctx_create(NULL, &ctx) != WEFT_OK) {
    fprintf(stderr, "threads: no memory, or no context: %s\n", weft_ctx_message(NULL));
    return 1;
  }
  for (size_t i = 0; i < ROWS; i++)
    keys[i] = i * UINT64_C(0x9e3779b97f4a7c15);

  struct share shares[THREADS];
  for (size_t i = 0; i < THREADS; i++) {
    size_t first = i * (ROWS / THREADS);
    shares[i] = (struct share){.keys = keys + first, .hashes = hashes + first, .rows = ROWS / THREADS};
    if (weft_ctx_clone(ctx, &shares[i].ctx) != WEFT_OK ||
        pthread_create(&shares[i].thread, NULL, hash_share, &shares[i]) != 0) {
      fprintf(stderr, "threads: could not start thread %zu\n", i);
      return 1;
    }
  }

  struct weft_stats all = {0}, one;
  for (size_t i = 0; i < THREADS; i++) {
    pthread_join(shares[i].thread, NULL);
    if (shares[i].status != WEFT_OK || weft_ctx_stats(shares[i].ctx, &one, sizeof one) != WEFT_OK) {
      fprintf(stderr, "threads: thread %zu: %s\n", i, weft_ctx_message(shares[i].ctx));
      return 1;
    }
    weft_stats_merge(&all, &one, sizeof(struct weft_stats));
    weft_ctx_free(shares[i].ctx);
  }
  printf("%llu rows and %llu bytes hashed by %d threads\n", (unsigned long long)all.rows, (unsigned long long)all.bytes,
         THREADS);
  weft_ctx_free(ctx);
  free(hashes);
  free(keys);
  return 0;
}
