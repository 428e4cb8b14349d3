/* SPDX-License-Identifier: MIT
 *
 * What `weft hash` was asked to do.
 */
#ifndef CLI_HASH_OPTIONS_H
#define CLI_HASH_OPTIONS_H

#include "cli/cli.h"

enum hash_algo { HASH_XXH3, HASH_XXH64, HASH_XXH32 };

enum hash_table { HASH_BY_NAME, HASH_CSV, HASH_TSV }; /* BY_NAME: by the ending of the file's name */

struct hash_options {
  enum hash_algo algo;
  uint64_t seed;
  bool is_table; /* else lines */
  enum hash_table table;
  const char *columns; /* as given; NULL: all */
  const char *null;
  bool zero, binary, hash_only, no_progress, stats, help;
  const char *output; /* NULL: stdout */
  const char *isa;
  size_t max_memory; /* 0: no limit */
  char **files;      /* of argv; at least one, "-" where none was given */
  size_t n_files;
};

extern const char hash_help[];

/* Reads argv, argv[0] being "hash". CLI_USAGE, and a message, when it makes no sense. With help nothing else is set. */
enum cli_exit hash_options_parse(int argc, char **argv, struct hash_options *options);

/* The delimiter of a table in file; 0 when neither an option nor the ending of its name tells. */
char hash_options_delimiter(const struct hash_options *options, const char *file);

#endif
