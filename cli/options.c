/* SPDX-License-Identifier: MIT
 *
 * Messages for wrong arguments, and numbers out of arguments. Called by the subcommands.
 */
#include "cli/options.h"

#include <ctype.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum cli_exit options_fail(const char *command, const char *format, ...) {
  char text[512]; /* a longer argument is cut, the message still ends */
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return cli_fail(CLI_USAGE, "%s: %s; 'weft %s --help' tells more", command, text, command);
}

enum cli_exit options_bad(const char *command, char *const *argv, int result) {
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
