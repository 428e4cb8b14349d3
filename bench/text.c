/* SPDX-License-Identifier: MIT
 *
 * See text.h.
 */
#include "text.h"
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *text_read(const char *path, size_t *bytes) {
  FILE *f = fopen(path, "rb");
  if (!f)
    return NULL;
  size_t room = 1 << 20, used = 0;
  char *text = bench_memory(room);
  for (size_t got; (got = fread(text + used, 1, room - 1 - used, f)) > 0;) {
    used += got;
    if (used < room - 1)
      continue;
    char *more = bench_memory(room *= 2);
    memcpy(more, text, used);
    free(text);
    text = more;
  }
  int failed = ferror(f) ? errno : 0;
  fclose(f);
  if (failed) {
    free(text);
    errno = failed;
    return NULL;
  }
  text[used] = 0;
  *bytes = used;
  return text;
}
