/* SPDX-License-Identifier: MIT
 *
 * The arguments of `weft group`, and its help. Called by group.c.
 */
#include "cli/group_options.h"

#include <string.h>

const char group_help[] =
    "Usage: weft group [OPTION]... --by COLUMNS [FILE]...\n"
    "Count the rows of tables in CSV or TSV that have equal keys, and sum up their columns.\n"
    "Without FILE, or for -, stdin. Prints a table: the key, 'count', and a column for each one asked for below.\n"
    "\n"
    "      --by A,B,...      columns of the key, by the names in the header\n"
    "      --sum A,B,...     columns to add up, printed as sum_A, sum_B, ...\n"
    "      --min A,B,...     columns to take the least number of, as min_A, ...\n"
    "      --max A,B,...     columns to take the greatest number of, as max_A, ...\n"
    "      --csv             FILEs are comma-separated tables\n"
    "      --tsv             FILEs are tables separated by tabs\n"
    "      --null TEXT       fields that are TEXT are null; '': fields that are empty without quotes\n"
    "  -o, --output FILE     write to FILE, which appears only when all of it is there\n"
    "      --json            afterwards print a summary, to stderr, or with --output to stdout\n"
    "      --stats           afterwards tell on stderr what was done, and how\n"
    "      --no-progress     draw no progress on the terminal\n"
    "      --threads N       number groups on N threads; the default is one for each CPU. The output is the same\n"
    "      --isa NAME        use this table of kernels; see weft features\n"
    "      --memory-limit N  take at most N bytes from the system; K, M, G, T for 2^10 and so on\n"
    "  -h, --help            print this help\n"
    "\n"
    "Groups come in the order of their first rows, in the first FILE's format. Nulls are equal to nulls.\n"
    "Nulls and empty fields are no numbers, and are skipped; any other field that is no number is an error.\n"
    "Whole numbers of 64 bits are added exactly, however large the sum; with others among them sums are doubles.\n"
    "Memory grows with the groups, not with the rows.\n"
    "Exit codes: 0 done, 1 bad data, 2 wrong usage, 3 reading or writing failed, or no memory.\n";

enum { OPTION_BY = OPTION_OWN, OPTION_SUM, OPTION_MIN, OPTION_MAX };

static const struct option long_options[] = {
    {"by", required_argument, NULL, OPTION_BY},
    {"sum", required_argument, NULL, OPTION_SUM},
    {"min", required_argument, NULL, OPTION_MIN},
    {"max", required_argument, NULL, OPTION_MAX},
    {"json", no_argument, NULL, OPTION_JSON},
    OPTIONS_THREADS_ROWS,
    OPTIONS_TABLE_ROWS,
    OPTIONS_OUTPUT_ROWS,
    OPTIONS_COMMON_ROWS,
};

static enum cli_exit take(void *user, int option, const char *value) {
  struct group_options *options = user;
  switch (option) {
  case OPTION_BY: return options_list("group", "--by", value, &options->by);
  case OPTION_SUM: return options_list("group", "--sum", value, &options->columns[AGGREGATE_SUM]);
  case OPTION_MIN: return options_list("group", "--min", value, &options->columns[AGGREGATE_MIN]);
  case OPTION_MAX: return options_list("group", "--max", value, &options->columns[AGGREGATE_MAX]);
  default: return options_common("group", option, value, &options->common);
  }
}

enum cli_exit group_options_parse(int argc, char **argv, struct group_options *options) {
  *options = (struct group_options){0};
  CLI_TRY(options_parse(argc, argv, ":o:h", long_options, take, options, &options->common));
  if (options->common.help)
    return CLI_OK;
  if (!options->by)
    return options_fail("group", "--by is needed: the columns of the key");
  options_files(argc, argv, &options->files, &options->n_files);
  return options_delimiters("group", &options->common, options->files, options->n_files);
}
