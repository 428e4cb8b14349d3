/* SPDX-License-Identifier: MIT
 *
 * See crew.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "crew.h"
#include "bench.h"
#include "machine.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define BUSY_TURNS 10000 /* some 0.1 to 0.5 ms */

struct member {
  struct crew *crew;
  size_t number;
  pthread_t thread;
};

struct crew {
  size_t threads;
  struct member *members;  /* [threads], the first unused */
  _Atomic size_t there;    /* at the next meeting */
  _Atomic size_t meetings; /* changed under the mutex, for those that sleep until then */
  pthread_mutex_t mutex;
  pthread_cond_t met;
  void (*part)(void *state, size_t thread); /* NULL: go home */
  void *state;
};

size_t crew_most(void) {
  size_t others = 0;
  while (machine_other_core(others) >= 0)
    others++;
  return others + 1;
}

void crew_pause(unsigned *turns) {
  if (++*turns % 1024 == 0)
    sched_yield();
}

/* Sleeps only where it takes long: waking up takes as long as a short job. */
void crew_meet(struct crew *crew) {
  size_t meeting = atomic_load(&crew->meetings);
  unsigned turns = 0;
  if (atomic_fetch_add(&crew->there, 1) + 1 == crew->threads) {
    atomic_store(&crew->there, 0);
    pthread_mutex_lock(&crew->mutex);
    atomic_store(&crew->meetings, meeting + 1);
    pthread_cond_broadcast(&crew->met);
    pthread_mutex_unlock(&crew->mutex);
    return;
  }
  while (turns < BUSY_TURNS && atomic_load(&crew->meetings) == meeting)
    crew_pause(&turns);
  pthread_mutex_lock(&crew->mutex);
  while (atomic_load(&crew->meetings) == meeting)
    pthread_cond_wait(&crew->met, &crew->mutex);
  pthread_mutex_unlock(&crew->mutex);
}

static void *serve(void *argument) {
  const struct member *m = argument;
  struct crew *crew = m->crew;
  machine_pin(machine_other_core(m->number - 1));
  for (;;) {
    crew_meet(crew);
    if (!crew->part)
      return NULL;
    crew->part(crew->state, m->number);
    crew_meet(crew);
  }
}

struct crew *crew_open(size_t threads) {
  struct crew *crew = bench_memory(sizeof *crew);
  *crew = (struct crew){.threads = threads, .members = bench_memory(threads * sizeof *crew->members)};
  if (pthread_mutex_init(&crew->mutex, NULL) || pthread_cond_init(&crew->met, NULL)) {
    fprintf(stderr, "no mutex\n");
    exit(2);
  }
  for (size_t i = 1; i < threads; i++) {
    struct member *m = &crew->members[i];
    m->crew = crew;
    m->number = i;
    if (pthread_create(&m->thread, NULL, serve, m)) {
      fprintf(stderr, "bench_slab: no thread number %zu\n", i);
      exit(2);
    }
  }
  return crew;
}

void crew_close(struct crew *crew) {
  crew->part = NULL;
  crew_meet(crew);
  for (size_t i = 1; i < crew->threads; i++)
    pthread_join(crew->members[i].thread, NULL);
  pthread_cond_destroy(&crew->met);
  pthread_mutex_destroy(&crew->mutex);
  free(crew->members);
  free(crew);
}

void crew_run(struct crew *crew, void (*part)(void *state, size_t thread), void *state) {
  crew->part = part;
  crew->state = state;
  crew_meet(crew);
  part(state, 0);
  crew_meet(crew);
}
