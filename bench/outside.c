/* SPDX-License-Identifier: MIT
 *
 * See outside.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "outside.h"
#include "bench.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct bench_peer_outside *load(const char *file) {
  void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  const struct bench_peer_outside *peer = library ? dlsym(library, "bench_peer_outside") : NULL;
  if (!peer) {
    fprintf(stderr, "--peer: %s\n", dlerror());
    exit(2);
  }
  if (peer->abi != BENCH_PEER_ABI) {
    fprintf(stderr, "--peer: %s is for version %u of peer_abi.h, which is %d here\n", file, (unsigned)peer->abi,
            BENCH_PEER_ABI);
    exit(2);
  }
  return peer;
}

size_t outside_load(const char *files, const struct bench_peer_outside **peers) {
  if (!files)
    return 0;
  size_t n = 0, bytes = strlen(files) + 1;
  char *list = bench_memory(bytes), *rest = NULL;
  memcpy(list, files, bytes);
  for (char *file = strtok_r(list, ",", &rest); file; file = strtok_r(NULL, ",", &rest)) {
    if (n == MOST_OUTSIDE) {
      fprintf(stderr, "--peer: more than %d files\n", MOST_OUTSIDE);
      exit(2);
    }
    peers[n++] = load(file);
  }
  free(list);
  return n;
}
