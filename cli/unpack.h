/* SPDX-License-Identifier: MIT
 *
 * A run of `weft unpack` or `weft cat`: what its parts share.
 */
#ifndef CLI_UNPACK_H
#define CLI_UNPACK_H

#include "cli/names.h"
#include "cli/output.h"
#include "cli/packed.h"
#include "cli/unpack_options.h"

struct unpack {
  struct unpack_options options;
  struct memory memory;
  struct packed packed;
  struct names columns; /* wanted; none: all */
  struct output output;
  uint64_t rows; /* done */
};

/* Writes the columns as arrays into options.folder. */
enum cli_exit unpack_arrays(struct unpack *unpack);

#endif
