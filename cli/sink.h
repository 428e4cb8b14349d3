/* SPDX-License-Identifier: MIT
 *
 * A weft file as an output: what its writer's sink is given.
 */
#ifndef CLI_SINK_H
#define CLI_SINK_H

#include "cli/output.h"

struct sink {
  struct output *output;
  uint64_t bytes;     /* written */
  enum cli_exit code; /* what stopped the writing; its message has been printed */
};

/* The weft_sink of a writer whose user is a struct sink. */
bool sink_write(void *user, const void *bytes, size_t n);

/* A status of the writer's as a failure of the command, told once. */
enum cli_exit sink_status(const struct sink *sink, weft_status status);

#endif
