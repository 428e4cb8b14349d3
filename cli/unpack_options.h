/* SPDX-License-Identifier: MIT
 *
 * The arguments of `weft unpack` and `weft cat`.
 */
#ifndef CLI_UNPACK_OPTIONS_H
#define CLI_UNPACK_OPTIONS_H

#include "cli/options.h"

struct unpack_options {
  struct options_common common;
  const char *command; /* "unpack" or "cat" */
  const char *file;
  const char *columns;
  const char *folder;       /* for arrays; NULL: a table is printed */
  uint64_t first_row, rows; /* wanted; UINT64_MAX: all from the first on */
};

extern const char unpack_help[];
extern const char cat_help[];

enum cli_exit unpack_options_parse(int argc, char **argv, struct unpack_options *options);

/* What separates the fields that are printed: as the options say, else as the output's name does, else a comma. */
char unpack_options_delimiter(const struct unpack_options *options);

#endif
