/* SPDX-License-Identifier: MIT
 *
 * What a subcommand tells of its work when it is done.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli/memory.h"
#include "cli/output.h"

#include <jansson.h>

/* Prints the context's statistics to stderr, with those of other threads' (NULL: there were none) added. */
enum cli_exit report_stats(const struct memory *memory, const struct weft_stats *others, uint64_t input_bytes,
                           uint64_t output_rows);

/* Prints a summary, which may be NULL where there was no memory for it, on a line of its own, and frees it: to stdout where
 * the rows went to a file, else to stderr. */
enum cli_exit report_json(json_t *summary, bool to_stdout);

#endif
