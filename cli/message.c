/* SPDX-License-Identifier: MIT
 *
 * The one place where the command tells that something failed. Called by every file.
 */
#include "cli/cli.h"
#include "cli/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

size_t cli_control_bytes(const char *text, size_t bytes) {
  const unsigned char *p = (const unsigned char *)text;
  if (*p < 0x20 || *p == 0x7f)
    return 1;
  return *p == 0xc2 && bytes > 1 && p[1] >= 0x80 && p[1] < 0xa0 ? 2 : 0; /* as some terminals heed them */
}

enum cli_exit cli_fail(enum cli_exit code, const char *format, ...) {
  char text[8192]; /* a longer message is cut */
  va_list arguments;
  progress_clear();
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  for (char *p = text, *end = text + strlen(text); p < end; p++)
    memset(p, '?', cli_control_bytes(p, (size_t)(end - p)));
  fprintf(stderr, "weft: %s\n", text);
  return code;
}
