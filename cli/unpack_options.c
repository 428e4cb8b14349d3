/* SPDX-License-Identifier: MIT
 *
 * The arguments of `weft unpack` and `weft cat`, and their help. Called by unpack.c.
 */
#include "cli/unpack_options.h"

#include <string.h>

const char unpack_help[] =
    "Usage: weft unpack [OPTION]... [FILE]\n"
    "Turn a packed file back into a table, or into arrays. Without FILE, or for -, stdin, which may be a pipe.\n"
    "\n"
    "      --columns A,B,...  these columns, in this order; without it all\n"
    "      --raw FOLDER       write FOLDER/NAME.TYPE for each column, an array of little-endian values: strings as\n"
    "                         NAME.string, their bytes, and NAME.offsets, where each begins and the last ends, as i64;\n"
    "                         of a column with nulls NAME.validity, a bitmap, too. FILE may be no pipe\n"
    "      --csv              print a comma-separated table\n"
    "      --tsv              print a table separated by tabs\n"
    "      --null TEXT        print nulls as TEXT; '': as empty fields, and empty strings as \"\"\n"
    "  -o, --output FILE      write to FILE, which appears only when all of it is there\n"
    "      --stats            afterwards tell on stderr what was done, and how\n"
    "      --no-progress      draw no progress on the terminal\n"
    "      --isa NAME         use this table of kernels; see weft features\n"
    "      --memory-limit N   take at most N bytes from the system; K, M, G, T for 2^10 and so on\n"
    "  -h, --help             print this help\n"
    "\n"
    "Without --csv and --tsv the ending of the output's name tells; else it is CSV. Nulls are empty fields without "
    "--null.\n"
    "Checksums are compared. Memory grows with the rows of a chunk.\n"
    "Exit codes: 0 done, 1 bad data, 2 wrong usage, 3 reading or writing failed, or no memory.\n";

const char cat_help[] =
    "Usage: weft cat [OPTION]... [FILE]\n"
    "Print rows of a packed file as a table. Without FILE, or for -, stdin, which may be a pipe.\n"
    "\n"
    "      --rows A:B         rows A to B - 1, counted from 0; from the first without A, to the last without B\n"
    "      --columns A,B,...  these columns, in this order; without it all\n"
    "      --csv              print a comma-separated table\n"
    "      --tsv              print a table separated by tabs\n"
    "      --null TEXT        print nulls as TEXT; '': as empty fields, and empty strings as \"\"\n"
    "  -o, --output FILE      write to FILE, which appears only when all of it is there\n"
    "      --stats            afterwards tell on stderr what was done, and how\n"
    "      --no-progress      draw no progress on the terminal\n"
    "      --isa NAME         use this table of kernels; see weft features\n"
    "      --memory-limit N   take at most N bytes from the system; K, M, G, T for 2^10 and so on\n"
    "  -h, --help             print this help\n"
    "\n"
    "Of a file on a disk only those columns are read, of the chunks that hold those rows; their checksums are compared.\n"
    "Exit codes: 0 done, 1 bad data, 2 wrong usage, 3 reading or writing failed, or no memory.\n";

enum { OPTION_COLUMNS = OPTION_OWN, OPTION_RAW, OPTION_ROWS };

static const struct option unpack_long[] = {
    {"columns", required_argument, NULL, OPTION_COLUMNS},
    {"raw", required_argument, NULL, OPTION_RAW},
    OPTIONS_TABLE_ROWS,
    OPTIONS_OUTPUT_ROWS,
    OPTIONS_COMMON_ROWS,
};

static const struct option cat_long[] = {
    {"columns", required_argument, NULL, OPTION_COLUMNS},
    {"rows", required_argument, NULL, OPTION_ROWS},
    OPTIONS_TABLE_ROWS,
    OPTIONS_OUTPUT_ROWS,
    OPTIONS_COMMON_ROWS,
};

/* A number of --rows up to its end; without digits it is none. */
static bool row_number(const char *text, size_t bytes, uint64_t none, uint64_t *out) {
  *out = bytes > 0 ? 0 : none;
  for (size_t i = 0; i < bytes; i++) {
    uint64_t digit = (uint64_t)(text[i] - '0');
    if (text[i] < '0' || text[i] > '9' || *out > (UINT64_MAX - digit) / 10)
      return false;
    *out = *out * 10 + digit;
  }
  return true;
}

static enum cli_exit parse_rows(const char *text, struct unpack_options *options) {
  const char *colon = strchr(text, ':');
  uint64_t end;
  if (!colon || !row_number(text, (size_t)(colon - text), 0, &options->first_row) ||
      !row_number(colon + 1, strlen(colon + 1), UINT64_MAX, &end) || end < options->first_row)
    return options_fail("cat", "--rows '%s' is not A:B, two row numbers of which the first is not above the second", text);
  options->rows = end == UINT64_MAX ? end : end - options->first_row;
  return CLI_OK;
}

static enum cli_exit take(void *user, int option, const char *value) {
  struct unpack_options *options = user;
  const char *command = options->command;
  switch (option) {
  case OPTION_COLUMNS: return options_list(command, "--columns", value, &options->columns);
  case OPTION_RAW: options->folder = value; return CLI_OK;
  case OPTION_ROWS: return parse_rows(value, options);
  default: return options_common(command, option, value, &options->common);
  }
}

enum cli_exit unpack_options_parse(int argc, char **argv, struct unpack_options *options) {
  const char *command = argv[0];
  const struct option *rows = strcmp(command, "cat") == 0 ? cat_long : unpack_long;
  *options = (struct unpack_options){.command = command, .rows = UINT64_MAX};
  CLI_TRY(options_parse(argc, argv, ":o:h", rows, take, options, &options->common));
  if (options->common.help)
    return CLI_OK;
  CLI_TRY(options_file(argc, argv, &options->file));
  if (options->folder && (options->common.output || options->common.null || options->common.table != OPTIONS_BY_NAME))
    return options_fail(command, "--raw writes arrays: it goes with none of --output, --null, --csv, --tsv");
  return CLI_OK;
}

char unpack_options_delimiter(const struct unpack_options *options) {
  char delimiter = options_delimiter(&options->common, options->common.output ? options->common.output : "");
  return delimiter == '\0' ? ',' : delimiter;
}
