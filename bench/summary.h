/* SPDX-License-Identifier: MIT
 *
 * From the objects that --json printed to tables for a page of documentation. Used by bench.c.
 */
#ifndef BENCH_SUMMARY_H
#define BENCH_SUMMARY_H

/* Prints, as Markdown, the machine and the tables of all results in a file, which holds arrays of objects one after
 * another, then a list of what missed its target. Returns the exit status: 0, or 2, with a message, when it has none. */
int summary_print(const char *path);

#endif
