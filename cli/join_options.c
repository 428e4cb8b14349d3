/* SPDX-License-Identifier: MIT
 *
 * The arguments of `weft join`, and its help. Called by join.c.
 */
#include "cli/join_options.h"

#include <string.h>

const char join_help[] =
    "Usage: weft join [OPTION]... --on KEYS LEFT RIGHT\n"
    "Join two tables in CSV or TSV, each with a header, by keys that are equal as strings.\n"
    "RIGHT is kept in memory; LEFT streams by, and may be endless. One of them may be -, for stdin.\n"
    "\n"
    "      --on KEYS         columns of the key, A=B,C,...: LEFT's A and RIGHT's B, C of both; == is an = in a name\n"
    "      --kind KIND       inner (the default): every pair of rows with equal keys;\n"
    "                        left, right, full: and the rows of LEFT, of RIGHT, of both that have no equal;\n"
    "                        semi, anti: the rows of LEFT that have an equal, that have none\n"
    "      --columns LIST    columns to print: left.A, right.B, or C where the name is in one table or the key in both\n"
    "      --csv             LEFT and RIGHT are comma-separated, whatever their names end in\n"
    "      --tsv             the same, separated by tabs\n"
    "      --null TEXT       fields that are TEXT are null; '': fields that are empty without quotes\n"
    "  -o, --output FILE     write to FILE, which appears only when all of it is there\n"
    "      --json            afterwards print a summary, to stderr, or with --output to stdout\n"
    "      --stats           afterwards tell on stderr what was done, and how\n"
    "      --no-progress     draw no progress on the terminal\n"
    "      --threads N       build RIGHT's index on N threads; the default is one for each CPU. The output is the same\n"
    "      --isa NAME        use this table of kernels; see weft features\n"
    "      --memory-limit N  take at most N bytes from the system; K, M, G, T for 2^10 and so on\n"
    "  -h, --help            print this help\n"
    "\n"
    "Rows come in LEFT's order and format, the equals of each in RIGHT's order, RIGHT's rows without an equal last.\n"
    "Without --columns: all of LEFT, then RIGHT without its key. A key column of LEFT named without 'left.' is the key:\n"
    "it is there for rows of RIGHT without an equal too. Other fields that a row lacks are null: TEXT, or empty.\n"
    "A name that is in the output already gets _left or _right behind it, by the table that the column is from.\n"
    "A null key equals nothing. Exit codes: 0 done, 1 bad data, 2 wrong usage, 3 reading or writing failed, or no "
    "memory.\n";

enum { OPTION_ON = OPTION_OWN, OPTION_KIND, OPTION_COLUMNS };

static const struct option long_options[] = {
    {"on", required_argument, NULL, OPTION_ON},
    {"kind", required_argument, NULL, OPTION_KIND},
    {"columns", required_argument, NULL, OPTION_COLUMNS},
    {"json", no_argument, NULL, OPTION_JSON},
    OPTIONS_THREADS_ROWS,
    OPTIONS_TABLE_ROWS,
    OPTIONS_OUTPUT_ROWS,
    OPTIONS_COMMON_ROWS,
};

static enum cli_exit parse_kind(struct join_options *options, const char *name) {
  static const char *const names[] = {
      [WEFT_JOIN_INNER] = "inner", [WEFT_JOIN_LEFT] = "left", [WEFT_JOIN_RIGHT] = "right",
      [WEFT_JOIN_FULL] = "full",   [WEFT_JOIN_SEMI] = "semi", [WEFT_JOIN_ANTI] = "anti",
  };
  size_t choice;
  CLI_TRY(options_choice("join", "--kind", name, names, sizeof names / sizeof names[0], &choice));
  options->kind = (enum weft_join_kind)choice;
  options->kind_name = names[choice];
  return CLI_OK;
}

static enum cli_exit take(void *user, int option, const char *value) {
  struct join_options *options = user;
  switch (option) {
  case OPTION_ON: return options_list("join", "--on", value, &options->on);
  case OPTION_KIND: return parse_kind(options, value);
  case OPTION_COLUMNS: return options_list("join", "--columns", value, &options->columns);
  default: return options_common("join", option, value, &options->common);
  }
}

enum cli_exit join_options_parse(int argc, char **argv, struct join_options *options) {
  *options = (struct join_options){.kind = WEFT_JOIN_INNER, .kind_name = "inner"};
  CLI_TRY(options_parse(argc, argv, ":o:h", long_options, take, options, &options->common));
  if (options->common.help)
    return CLI_OK;
  if (argc - optind != 2)
    return options_fail("join", "two tables are needed, LEFT and RIGHT, not %d", argc - optind);
  if (!options->on)
    return options_fail("join", "--on is needed: the columns of the key");
  options->files = argv + optind;
  if (strcmp(options->files[0], "-") == 0 && strcmp(options->files[1], "-") == 0)
    return options_fail("join", "stdin cannot be both tables");
  return options_delimiters("join", &options->common, options->files, 2);
}
