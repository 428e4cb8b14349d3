/* SPDX-License-Identifier: MIT
 *
 * What the subcommands' parsing of arguments has in common.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/cli.h"

#include <getopt.h>

/* A wrong value or combination: prints it, and where help is. */
__attribute__((format(printf, 2, 3))) enum cli_exit options_fail(const char *command, const char *format, ...);

/* A whole number, decimal or 0x hexadecimal, at most max. */
enum cli_exit options_number(const char *command, const char *option, const char *text, uint64_t max, uint64_t *out);

/* A number of bytes, at least 1, with K, M, G or T behind it for 2^10, 2^20, 2^30, 2^40. */
enum cli_exit options_bytes(const char *command, const char *option, const char *text, size_t *out);

/* One of n names: its number into *out. */
enum cli_exit options_choice(const char *command, const char *option, const char *text, const char *const *names, size_t n,
                             size_t *out);

/* A list of names, which may be given once: its text into *list. */
enum cli_exit options_list(const char *command, const char *option, const char *text, const char **list);

enum options_table { OPTIONS_BY_NAME, OPTIONS_CSV, OPTIONS_TSV }; /* BY_NAME: by the ending of the file's name */

/* The options of every subcommand that reads files. */
struct options_common {
  enum options_table table;
  const char *null;
  const char *output; /* NULL: stdout */
  const char *isa;
  size_t memory_limit; /* 0: none */
  size_t threads;      /* 0: one for each CPU */
  bool stats, json, no_progress, help;
};

/* What getopt_long returns for those that have no letter; a subcommand's own begin at OPTION_OWN. */
enum {
  OPTION_CSV = 256,
  OPTION_TSV,
  OPTION_NULL,
  OPTION_STATS,
  OPTION_JSON,
  OPTION_NO_PROGRESS,
  OPTION_ISA,
  OPTION_MEMORY_LIMIT,
  OPTION_THREADS,
  OPTION_OWN
};

/* The rows of a table for getopt_long that these options take: those of tables, those of printed rows, and, with the end of
 * the table, those of every subcommand, alone or with those of long work. --max-memory is what --memory-limit was once
 * called. --json is not among them: not every subcommand has a summary. */
#define OPTIONS_TABLE_ROWS                                                          \
  {"csv", no_argument, NULL, OPTION_CSV}, {"tsv", no_argument, NULL, OPTION_TSV}, { \
    "null", required_argument, NULL, OPTION_NULL                                    \
  }
#define OPTIONS_THREADS_ROWS \
  { "threads", required_argument, NULL, OPTION_THREADS }
#define OPTIONS_OUTPUT_ROWS \
  { "output", required_argument, NULL, 'o' }
#define OPTIONS_ISA_ROWS                                                                                        \
  {"isa", required_argument, NULL, OPTION_ISA}, {"memory-limit", required_argument, NULL, OPTION_MEMORY_LIMIT}, \
      {"max-memory", required_argument, NULL, OPTION_MEMORY_LIMIT}, {"help", no_argument, NULL, 'h'}, {         \
    NULL, 0, NULL, 0                                                                                            \
  }
#define OPTIONS_COMMON_ROWS \
  {"stats", no_argument, NULL, OPTION_STATS}, {"no-progress", no_argument, NULL, OPTION_NO_PROGRESS}, OPTIONS_ISA_ROWS

/* How many threads they ask for. */
size_t options_threads(const struct options_common *options);

/* Takes an option, with its argument; user is options_parse's. */
typedef enum cli_exit options_take_fn(void *user, int option, const char *value);

/* Reads the options of the subcommand argv[0], which letters and rows tell getopt_long. take hands those that are not its
 * own to options_common; NULL: there are no others. Ends before the operands, or behind --help: common->help is then set.
 * CLI_USAGE, and a message that names the argument and where help is, for what is no option. */
enum cli_exit options_parse(int argc, char **argv, const char *letters, const struct option *rows, options_take_fn *take,
                            void *user, struct options_common *common);

/* Takes one of them: option is what getopt_long returned, value its argument. */
enum cli_exit options_common(const char *command, int option, const char *value, struct options_common *options);

/* The delimiter of a table in file; 0 when neither an option nor the ending of its name tells. */
char options_delimiter(const struct options_common *options, const char *file);

/* The operands that getopt_long left, or "-" where it left none. */
void options_files(int argc, char **argv, char ***files, size_t *n);

/* The one operand of a subcommand that reads one file, or "-". */
enum cli_exit options_file(int argc, char **argv, const char **file);

/* Refuses files of which options_delimiter tells nothing. */
enum cli_exit options_delimiters(const char *command, const struct options_common *options, char *const *files, size_t n);

#endif
