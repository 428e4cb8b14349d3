/* SPDX-License-Identifier: MIT
 *
 * What `weft join` was asked to do.
 */
#ifndef CLI_JOIN_OPTIONS_H
#define CLI_JOIN_OPTIONS_H

#include "cli/options.h"

#include <weft/join.h>

struct join_options {
  struct options_common common;
  enum weft_join_kind kind; /* its probe side is LEFT, its build side RIGHT */
  const char *kind_name;
  const char *on;      /* as given */
  const char *columns; /* as given; NULL: those of the default */
  char **files;        /* of argv: LEFT and RIGHT */
};

extern const char join_help[];

/* Reads argv, argv[0] being "join". CLI_USAGE, and a message, when it makes no sense. With help nothing else is set. */
enum cli_exit join_options_parse(int argc, char **argv, struct join_options *options);

#endif
