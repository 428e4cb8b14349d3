/* SPDX-License-Identifier: MIT
 *
 * What the subcommands' parsing of arguments has in common.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/cli.h"

/* getopt_long said '?' or ':' (result): prints which argument of `weft COMMAND` is wrong and where help is. */
enum cli_exit options_bad(const char *command, char *const *argv, int result);

/* A wrong value or combination: prints it, and where help is. */
__attribute__((format(printf, 2, 3))) enum cli_exit options_fail(const char *command, const char *format, ...);

/* A whole number, decimal or 0x hexadecimal, at most max. */
enum cli_exit options_number(const char *command, const char *option, const char *text, uint64_t max, uint64_t *out);

/* A number of bytes, at least 1, with K, M, G or T behind it for 2^10, 2^20, 2^30, 2^40. */
enum cli_exit options_bytes(const char *command, const char *option, const char *text, size_t *out);

#endif
