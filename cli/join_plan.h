/* SPDX-License-Identifier: MIT
 *
 * Which columns a join reads of either table, and which it prints.
 */
#ifndef CLI_JOIN_PLAN_H
#define CLI_JOIN_PLAN_H

#include "cli/join_options.h"
#include "cli/names.h"
#include "cli/table.h"

enum { JOIN_LEFT, JOIN_RIGHT };

/* One column of the output. */
struct join_output {
  int side;      /* JOIN_LEFT or JOIN_RIGHT; */
  size_t column; /* number in what is read of that side */
  bool is_key;   /* of LEFT: where LEFT has no row, */
  size_t key;    /* RIGHT's column of this number stands in */
};

/* Zeroes may be freed. */
struct join_plan {
  size_t *reads[2]; /* [n_reads]: numbers of table columns; the first n_keys are the key's, in its order */
  size_t n_reads[2];
  size_t n_keys;
  struct join_output *outputs;
  size_t n_outputs;
  struct names header; /* of the output */
};

/* The key of the options, cut up. Zeroes may be freed. */
struct join_keys {
  struct names sides[2]; /* equally many names */
};

/* Cuts --on. After a failure too, join_keys_free must be called. */
enum cli_exit join_keys_parse(weft_ctx *ctx, const char *on, struct join_keys *keys);

/* Makes the plan of a join of two tables whose headers are read. columns: those of --columns; none: the default's. After a
 * failure too, join_plan_free must be called. */
enum cli_exit join_plan_make(weft_ctx *ctx, const struct join_options *options, const struct join_keys *keys,
                             const struct names *columns, struct table *const tables[2], struct join_plan *plan);

void join_keys_free(weft_ctx *ctx, struct join_keys *keys);
void join_plan_free(weft_ctx *ctx, struct join_plan *plan);

#endif
