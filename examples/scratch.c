/* SPDX-License-Identifier: MIT
 *
 * Memory: a slab with a limit, allocations from it through a context, what a wrong free is told, and the figures.
 */
#include <stdio.h>

#include <weft/weft.h>

int main(void) {
  struct weft_slab_options slab_options;
  weft_slab_options_init(&slab_options, sizeof slab_options);
  slab_options.limit_bytes = 64u << 20;
  weft_slab *slab;
  if (weft_slab_create(&slab_options, &slab) != WEFT_OK)
    return 1;

  struct weft_ctx_options options;
  weft_ctx_options_init(&options, sizeof options);
  options.slab = slab;
  weft_ctx *ctx;
  if (weft_ctx_create(&options, &ctx) != WEFT_OK) {
    fprintf(stderr, "scratch: %s\n", weft_ctx_message(NULL));
    return 1;
  }

  char *vector = weft_alloc(ctx, 4096);
  if (!vector) {
    fprintf(stderr, "scratch: %s\n", weft_ctx_message(ctx));
    return 1;
  }
  char elsewhere;
  printf("a pointer into an object: %s\n", weft_status_text(weft_free(ctx, vector + 16)));
  printf("a pointer from elsewhere: %s\n", weft_status_text(weft_free(ctx, &elsewhere)));
  printf("the object:               %s\n", weft_status_text(weft_free(ctx, vector)));
  printf("the object once more:     %s\n", weft_status_text(weft_free(ctx, vector)));
  printf("1 GiB under that limit:   %s\n", weft_alloc(ctx, (size_t)1 << 30) ? "given" : "refused");

  struct weft_slab_figures stats;
  if (weft_slab_stats(slab, &stats, sizeof stats) != WEFT_OK)
    return 1;
  printf("refused so far:           %llu\n", (unsigned long long)stats.refused);
  weft_ctx_free(ctx);
  return weft_slab_release(slab) == WEFT_OK ? 0 : 1;
}
