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

static const void *load(const char *file, const char *symbol, uint32_t version) {
  void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  const uint32_t *peer = library ? dlsym(library, symbol) : NULL;
  if (!peer) {
    fprintf(stderr, "--peer: %s\n", dlerror());
    exit(2);
  }
  if (*peer != version) {
    fprintf(stderr, "--peer: %s is for version %u of the interface, which is %u here\n", file, (unsigned)*peer,
            (unsigned)version);
    exit(2);
  }
  return peer;
}

size_t outside_load(const char *files, const char *symbol, uint32_t version, const void **peers) {
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
    peers[n++] = load(file, symbol, version);
  }
  free(list);
  return n;
}
