/* SPDX-License-Identifier: MIT
 *
 * What `weft group` was asked to do.
 */
#ifndef CLI_GROUP_OPTIONS_H
#define CLI_GROUP_OPTIONS_H

#include "cli/aggregate.h"
#include "cli/options.h"

struct group_options {
  struct options_common common;
  const char *by;                         /* as given */
  const char *columns[AGGREGATE_N_KINDS]; /* of each kind, as given; NULL: none */
  char **files;                           /* of argv; at least one, "-" where none was given */
  size_t n_files;
};

extern const char group_help[];

/* Reads argv, argv[0] being "group". CLI_USAGE, and a message, when it makes no sense. With help nothing else is set. */
enum cli_exit group_options_parse(int argc, char **argv, struct group_options *options);

#endif
