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

/* Prints an object on a line of its own, and frees it: to stdout where that has nothing else to hold, else to stderr. NULL:
 * there was no memory for it. */
enum cli_exit report_json(json_t *object, bool to_stdout);

/* The same of a summary, with "isa", "memory_bytes" and "seconds" put into it. */
enum cli_exit report_summary(const struct memory *memory, json_t *summary, bool to_stdout);

#endif
