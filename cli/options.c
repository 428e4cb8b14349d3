/* SPDX-License-Identifier: MIT
 *
 * Messages for wrong arguments, and numbers out of arguments. Called by the subcommands.
 */
#include "cli/options.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum cli_exit options_fail(const char *command, const char *format, ...) {
  char text[512]; /* a longer argument is cut, the message still ends */
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return cli_fail(CLI_USAGE, "%s: %s; 'weft %s --help' tells more", command, text, command);
}

/* getopt_long said '?' or ':' (result): which argument is wrong, and where help is. */
static enum cli_exit refuse(const char *command, char *const *argv, int result) {
  const char *last = argv[optind - 1];
  bool is_long = strncmp(last, "--", 2) == 0;
  if (result == ':')
    return options_fail(command, "option %s needs a value", last);
  if (is_long && optopt != 0) /* getopt knows the option, and it came with "=value" */
    return options_fail(command, "option %.*s takes no value", (int)strcspn(last, "="), last);
  if (is_long)
    return options_fail(command, "no option %s, or more than one that begins so", last);
  return options_fail(command, "no option -%c", optopt);
}

/* The digits at *text, in base 10, or 16 after 0x; *text is then behind them. False: none, or a number above 2^64 - 1. */
static bool digits(const char **text, uint64_t *out) {
  const char *p = *text;
  uint64_t base = 10;
  if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
    base = 16;
    p += 2;
  }
  const char *first = p;
  for (*out = 0; isxdigit((unsigned char)*p); p++) {
    uint64_t digit = isdigit((unsigned char)*p) ? (uint64_t)(*p - '0') : (uint64_t)(tolower((unsigned char)*p) - 'a' + 10);
    if (digit >= base)
      break;
    if (*out > (UINT64_MAX - digit) / base)
      return false;
    *out = *out * base + digit;
  }
  *text = p;
  return p > first;
}

enum cli_exit options_number(const char *command, const char *option, const char *text, uint64_t max, uint64_t *out) {
  const char *end = text;
  bool fits = digits(&end, out) && *out <= max;
  if (fits && *end == '\0')
    return CLI_OK;
  return options_fail(command, "%s '%s' is no whole number from 0 to %" PRIu64 ", decimal or 0x hexadecimal", option, text,
                      max);
}

enum cli_exit options_bytes(const char *command, const char *option, const char *text, size_t *out) {
  static const char units[] = "KMGT";
  const char *end = text;
  uint64_t number;
  if (digits(&end, &number) && number > 0) {
    const char *unit = *end ? strchr(units, *end) : NULL;
    unsigned shift = unit ? (unsigned)(unit - units + 1) * 10 : 0;
    if (end[unit ? 1 : 0] == '\0' && number <= SIZE_MAX >> shift) {
      *out = (size_t)number << shift;
      return CLI_OK;
    }
  }
  return options_fail(command, "%s '%s' is no number of bytes, such as 500000 or 64M, of at least 1 and at most %zu",
                      option, text, SIZE_MAX);
}

enum cli_exit options_choice(const char *command, const char *option, const char *text, const char *const *names, size_t n,
                             size_t *out) {
  char all[256] = ""; /* more would be cut */
  for (size_t i = 0, used = 0; i < n; i++) {
    *out = i;
    if (strcmp(text, names[i]) == 0)
      return CLI_OK;
    if (used < sizeof all)
      used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i > 0 ? ", " : "", names[i]);
  }
  return options_fail(command, "%s '%s' is none of %s", option, text, all);
}

enum cli_exit options_list(const char *command, const char *option, const char *text, const char **list) {
  if (*list)
    return options_fail(command, "%s is given twice: name all columns in one list", option);
  *list = text;
  return CLI_OK;
}

static enum cli_exit take_table(const char *command, struct options_common *options, enum options_table table) {
  if (options->table != OPTIONS_BY_NAME && options->table != table)
    return options_fail(command, "--csv and --tsv contradict each other");
  options->table = table;
  return CLI_OK;
}

enum { MOST_THREADS = 1024 };

static enum cli_exit take_threads(const char *command, const char *text, size_t *threads) {
  uint64_t number;
  CLI_TRY(options_number(command, "--threads", text, MOST_THREADS, &number));
  if (number == 0)
    return options_fail(command, "--threads 0: at least one thread does the work");
  *threads = (size_t)number;
  return CLI_OK;
}

size_t options_threads(const struct options_common *options) {
  long cpus = sysconf(_SC_NPROCESSORS_ONLN);
  return options->threads > 0 ? options->threads : cpus < 1 ? 1 : cpus > MOST_THREADS ? MOST_THREADS : (size_t)cpus;
}

enum cli_exit options_common(const char *command, int option, const char *value, struct options_common *options) {
  switch (option) {
  case OPTION_CSV: return take_table(command, options, OPTIONS_CSV);
  case OPTION_TSV: return take_table(command, options, OPTIONS_TSV);
  case OPTION_NULL: options->null = value; return CLI_OK;
  case 'o': options->output = value; return CLI_OK;
  case OPTION_STATS: options->stats = true; return CLI_OK;
  case OPTION_JSON: options->json = true; return CLI_OK;
  case OPTION_NO_PROGRESS: options->no_progress = true; return CLI_OK;
  case OPTION_ISA: options->isa = value; return CLI_OK;
  case OPTION_THREADS: return take_threads(command, value, &options->threads);
  case OPTION_MEMORY_LIMIT: return options_bytes(command, "--memory-limit", value, &options->memory_limit);
  default: options->help = true; return CLI_OK;
  }
}

enum cli_exit options_parse(int argc, char **argv, const char *letters, const struct option *rows, options_take_fn *take,
                            void *user, struct options_common *common) {
  int option;
  opterr = 0;
  while (!common->help && (option = getopt_long(argc, argv, letters, rows, NULL)) != -1) {
    if (option == '?' || option == ':')
      return refuse(argv[0], argv, option);
    CLI_TRY(take ? take(user, option, optarg) : options_common(argv[0], option, optarg, common));
  }
  return CLI_OK;
}

char options_delimiter(const struct options_common *options, const char *file) {
  const char *dot = strrchr(file, '.');
  if (options->table != OPTIONS_BY_NAME)
    return options->table == OPTIONS_CSV ? ',' : '\t';
  if (dot && strcasecmp(dot, ".csv") == 0)
    return ',';
  return dot && strcasecmp(dot, ".tsv") == 0 ? '\t' : '\0';
}

void options_files(int argc, char **argv, char ***files, size_t *n) {
  static char dash[] = "-";
  static char *only_stdin[] = {dash, NULL};
  *files = optind < argc ? argv + optind : only_stdin;
  *n = optind < argc ? (size_t)(argc - optind) : 1;
}

enum cli_exit options_file(int argc, char **argv, const char **file) {
  char **files;
  size_t n;
  options_files(argc, argv, &files, &n);
  *file = files[0];
  return n == 1 ? CLI_OK : options_fail(argv[0], "one FILE is read, and '%s' is another", files[1]);
}

enum cli_exit options_delimiters(const char *command, const struct options_common *options, char *const *files, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (options_delimiter(options, files[i]) == '\0')
      return options_fail(command, "%s: is it --csv or --tsv? The name does not end in either",
                          strcmp(files[i], "-") == 0 ? "stdin" : files[i]);
  return CLI_OK;
}
