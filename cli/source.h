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
  int copy;     /* what is read is written there too; -1: nowhere */
};

/* How an input is read a second time. Zeroes, but for copy = -1, are one that is not read yet. */
struct source_again {
  int64_t start; /* of a file on a disk: where the first reading began */
  int copy;      /* of any other: a file without a name that has what was read; -1: none */
};

/* Opens path, "-" being stdin. A directory is opened, and refused by the first read. */
enum cli_exit source_open(struct source *source, const char *path);

/* Reads what there is, at most capacity bytes; *bytes is 0 at the end only. */
enum cli_exit source_read(struct source *source, void *buffer, size_t capacity, size_t *bytes);

/* The bytes of a file on a disk; 0 for others. */
uint64_t source_bytes(const struct source *source);

void source_close(struct source *source);

/* Before the first read: makes a second reading possible. */
enum cli_exit source_keep(struct source *source, struct source_again *again);

/* The second reading of what was read of path since source_keep. again->copy becomes the source's. */
enum cli_exit source_reopen(struct source *source, const char *path, struct source_again *again);

/* Ends what source_keep began; after a second reading too. */
void source_forget(struct source_again *again);

/* The bytes of all inputs together; 0 where one of them cannot tell. */
uint64_t source_total(char *const *paths, size_t n);

#endif
