/* SPDX-License-Identifier: MIT
 *
 * The one place where the command tells that something failed. Called by every file.
 */
#include "cli/cli.h"
#include "cli/progress.h"

#include <stdarg.h>
#include <stdio.h>

enum cli_exit cli_fail(enum cli_exit code, const char *format, ...) {
  va_list arguments;
  progress_clear();
  va_start(arguments, format);
  fputs("weft: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  return code;
}
