/* SPDX-License-Identifier: MIT
 *
 * See crew.h. Called by join.c and group.c.
 */
#include "cli/crew.h"

#include <pthread.h>

struct hand {
  pthread_t thread;
  weft_ctx *ctx;
  crew_work_fn *work;
  void *what;
};

static void *hand_main(void *arg) {
  struct hand *hand = arg;
  (void)!hand->work(hand->ctx, hand->what); /* who ends the work is told */
  return NULL;
}

weft_status crew_run(weft_ctx *ctx, size_t threads, crew_work_fn *work, void *what, struct weft_stats *stats) {
  struct hand *hands = threads > 1 ? weft_alloc(ctx, (threads - 1) * sizeof *hands) : NULL;
  size_t n = 0;
  for (; hands && n < threads - 1; n++) {
    struct hand *hand = &hands[n];
    *hand = (struct hand){.work = work, .what = what};
    if (weft_ctx_clone(ctx, &hand->ctx) != WEFT_OK)
      break;
    if (pthread_create(&hand->thread, NULL, hand_main, hand) != 0) {
      weft_ctx_free(hand->ctx);
      break;
    }
  }
  weft_status status = work(ctx, what);
  for (size_t i = 0; i < n; i++) {
    struct weft_stats own;
    pthread_join(hands[i].thread, NULL);
    if (weft_ctx_stats(hands[i].ctx, &own, sizeof own) == WEFT_OK)
      weft_stats_merge(stats, &own, sizeof own);
    weft_ctx_free(hands[i].ctx);
  }
  (void)!weft_free(ctx, hands);
  return status;
}
