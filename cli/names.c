/* SPDX-License-Identifier: MIT
 *
 * Lists of column names, cut by the rules of the tables that they are looked for in. Called by hash.c.
 */
#include "cli/names.h"

#include <csv.h>
#include <string.h>

/* A name is never longer than the text, and there is at most one more than the text has bytes: both arrays have their
 * final size from the start. */
static void add(void *field, size_t bytes, void *argument) {
  struct names *names = argument;
  size_t end = names->n > 0 ? names->ends[names->n - 1] : 0;
  if (bytes > 0)
    memcpy(names->bytes + end, field, bytes);
  names->ends[names->n++] = end + bytes;
}

static int no_space(unsigned char byte) {
  (void)byte;
  return 0;
}

enum cli_exit names_parse(weft_ctx *ctx, const char *text, struct names *names) {
  *names = (struct names){0};
  if (!text)
    return CLI_OK;
  void *bytes = NULL, *ends = NULL;
  enum cli_exit code = memory_resize(ctx, &bytes, strlen(text) + 1, 1, "--column", "names");
  if (code == CLI_OK)
    code = memory_resize(ctx, &ends, strlen(text) + 1, sizeof *names->ends, "--column", "names");
  names->bytes = bytes;
  names->ends = ends;
  CLI_TRY(code);
  struct csv_parser parser;
  csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI);
  csv_set_space_func(&parser, no_space);
  bool bad =
      csv_parse(&parser, text, strlen(text), add, NULL, names) != strlen(text) || csv_fini(&parser, add, NULL, names) != 0;
  csv_free(&parser);
  if (bad)
    return cli_fail(CLI_USAGE, "--column: a quote in '%s' is not closed or stands inside a name", text);
  if (names->n == 0) /* the empty list is one empty name, as an empty field is */
    add(NULL, 0, names);
  return CLI_OK;
}

const char *names_at(const struct names *names, size_t i, size_t *bytes) {
  size_t start = i > 0 ? names->ends[i - 1] : 0;
  *bytes = names->ends[i] - start;
  return names->bytes + start;
}

void names_free(weft_ctx *ctx, struct names *names) {
  memory_free(ctx, names->bytes);
  memory_free(ctx, names->ends);
}
