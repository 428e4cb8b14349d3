/* SPDX-License-Identifier: MIT
 *
 * An input: a file or stdin, read in blocks.
 */
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include "cli/cli.h"

struct source {
  const char *name; /* for messages */
  int fd;
  bool regular; /* a file on a disk: reading never waits for another program */
};

/* Opens path, "-" being stdin. A directory is opened, and refused by the first read. */
enum cli_exit source_open(struct source *source, const char *path);

/* Reads what there is, at most capacity bytes; *bytes is 0 at the end only. */
enum cli_exit source_read(struct source *source, void *buffer, size_t capacity, size_t *bytes);

void source_close(struct source *source);

/* The bytes of all inputs together; 0 where one of them cannot tell. */
uint64_t source_total(char *const *paths, size_t n);

#endif
