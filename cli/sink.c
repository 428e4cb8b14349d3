/* SPDX-License-Identifier: MIT
 *
 * From a writer of weft files to an output. Called by pack.c and encoders.c.
 */
#include "cli/sink.h"

bool sink_write(void *user, const void *bytes, size_t n) {
  struct sink *sink = user;
  sink->bytes += n;
  sink->code = output_write(sink->output, bytes, n);
  return sink->code == CLI_OK;
}

enum cli_exit sink_status(const struct sink *sink, weft_status status) {
  if (status == WEFT_OK || sink->code != CLI_OK)
    return sink->code;
  return memory_status(sink->output->ctx, status, sink->output->name);
}
