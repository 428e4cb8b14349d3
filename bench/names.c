/* SPDX-License-Identifier: MIT
 *
 * The names of laws.h: read from a file, or made up.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "names.h"
#include "bench.h"
#include "laws.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char field[] = "Package: ";

void law_names_read(const char *path, struct law_names *names) {
  size_t bytes = 0, lines = 1;
  *names = (struct law_names){.text = text_read(path, &bytes)};
  if (!names->text) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(2);
  }
  const char *text = names->text, *end = text + bytes;
  bool fields = strncmp(text, field, sizeof field - 1) == 0 || memmem(text, bytes, "\nPackage: ", sizeof field) != NULL;
  for (const char *p = text; p < end; p++)
    lines += *p == '\n';
  names->list = bench_memory(lines * sizeof *names->list);
  for (const char *line = text, *next; line < end; line = next + 1) {
    next = memchr(line, '\n', (size_t)(end - line));
    next = next ? next : end;
    const char *name = line;
    if (fields && ((size_t)(next - line) < sizeof field || memcmp(line, field, sizeof field - 1)))
      continue;
    name += fields ? sizeof field - 1 : 0;
    if (next > name && next - name <= LAW_LONGEST)
      names->list[names->n++] = (struct law_name){name, (uint32_t)(next - name)};
  }
  if (!names->n) {
    fprintf(stderr, "%s: no names in it\n", path);
    exit(2);
  }
}

void law_names_make_up(struct law_names *names) {
  const size_t lengths = sizeof names_counts / sizeof names_counts[0];
  size_t bytes = 0;
  for (size_t length = 1; length <= lengths; length++)
    bytes += length * names_counts[length - 1];
  *names = (struct law_names){.list = bench_memory(NAMES_COUNTED * sizeof *names->list), .text = bench_memory(bytes)};
  uint64_t state = 1;
  for (size_t i = 0; i < bytes; i++)
    names->text[i] = (char)('a' + law_below(&state, 26));
  const char *text = names->text;
  for (size_t length = 1; length <= lengths; length++)
    for (uint32_t k = 0; k < names_counts[length - 1]; k++) {
      names->list[names->n++] = (struct law_name){text, (uint32_t)length};
      text += length;
    }
}

void law_names_free(struct law_names *names) {
  free(names->list);
  free(names->text);
}
