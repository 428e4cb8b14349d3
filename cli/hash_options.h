/* SPDX-License-Identifier: MIT
 *
 * What `weft hash` was asked to do.
 */
#ifndef CLI_HASH_OPTIONS_H
#define CLI_HASH_OPTIONS_H

#include "cli/options.h"

enum hash_algo { HASH_XXH3, HASH_XXH128, HASH_XXH64, HASH_XXH32 };

struct hash_options {
  struct options_common common;
  enum hash_algo algo;
  uint64_t seed;
  const char *seed_text; /* as given */
  bool is_table;         /* else lines */
  const char *columns;   /* as given; NULL: all */
  bool zero, binary, hash_only;
  char **files; /* of argv; at least one, "-" where none was given */
  size_t n_files;
};

extern const char hash_help[];

/* Reads argv, argv[0] being "hash". CLI_USAGE, and a message, when it makes no sense. With help nothing else is set. */
enum cli_exit hash_options_parse(int argc, char **argv, struct hash_options *options);

#endif
