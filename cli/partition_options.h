/* SPDX-License-Identifier: MIT
 *
 * What `weft partition` was asked to do.
 */
#ifndef CLI_PARTITION_OPTIONS_H
#define CLI_PARTITION_OPTIONS_H

#include "cli/key_hash.h"
#include "cli/options.h"

#define MOST_PARTS 65536

struct partition_options {
  struct options_common common; /* output: as given */
  enum key_rules rules;
  const char *rules_name;
  const char *key; /* as given */
  uint32_t parts;
  char **files; /* of argv; at least one, "-" where none was given */
  size_t n_files;
};

extern const char partition_help[];

/* Reads argv, argv[0] being "partition". CLI_USAGE, and a message, when it makes no sense. With help nothing else is
 * set. */
enum cli_exit partition_options_parse(int argc, char **argv, struct partition_options *options);

#endif
