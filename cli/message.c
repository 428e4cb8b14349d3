/* SPDX-License-Identifier: MIT
 *
 * The one place where the command tells that something failed. Called by every file.
 */
#include "cli/cli.h"
#include "cli/progress.h"

#include <stdarg.h>
#include <stdio.h>

/* Names of files and columns are others' making: no byte of theirs may move a terminal's cursor, or worse. */
enum cli_exit cli_fail(enum cli_exit code, const char *format, ...) {
  char text[8192]; /* a longer message is cut */
  va_list arguments;
  progress_clear();
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  for (char *p = text; *p; p++)
    if ((unsigned char)*p < 0x20 || *p == 0x7f)
      *p = '?';
  fprintf(stderr, "weft: %s\n", text);
  return code;
}
