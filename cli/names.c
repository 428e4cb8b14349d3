/* SPDX-License-Identifier: MIT
 *
 * Lists of column names, cut by the rules of the tables that they are looked for in. Called by table.c and the subcommands.
 */
#include "cli/names.h"

#include <csv.h>
#include <string.h>

static size_t bytes_used(const struct names *names) {
  return names->n > 0 ? names->ends[names->n - 1] : 0;
}

/* Both counts are of memory that is there, so that twice their sum fits a size_t. */
static enum cli_exit reserve(weft_ctx *ctx, struct names *names, size_t bytes, const char *whose) {
  size_t used = bytes_used(names);
  void *text = names->bytes, *ends = names->ends;
  if (!text || bytes > names->bytes_capacity - used) {
    CLI_TRY(memory_resize(ctx, &text, (used + bytes) * 2 + 64, 1, whose, "names"));
    names->bytes = text;
    names->bytes_capacity = (used + bytes) * 2 + 64;
  }
  if (names->n == names->capacity) {
    CLI_TRY(memory_resize(ctx, &ends, names->n * 2 + 8, sizeof *names->ends, whose, "names"));
    names->ends = ends;
    names->capacity = names->n * 2 + 8;
  }
  return CLI_OK;
}

enum cli_exit names_add(weft_ctx *ctx, struct names *names, const char *text, size_t bytes, const char *whose) {
  CLI_TRY(reserve(ctx, names, bytes, whose));
  size_t used = bytes_used(names);
  if (bytes > 0)
    memcpy(names->bytes + used, text, bytes);
  names->ends[names->n++] = used + bytes;
  return CLI_OK;
}

enum cli_exit names_add_all(weft_ctx *ctx, struct names *names, const struct names *others, const char *whose) {
  for (size_t i = 0; i < others->n; i++) {
    size_t bytes;
    const char *name = names_at(others, i, &bytes);
    CLI_TRY(names_add(ctx, names, name, bytes, whose));
  }
  return CLI_OK;
}

enum cli_exit names_add_unlike(weft_ctx *ctx, struct names *names, const char *text, size_t bytes, const char *suffix,
                               const char *whose) {
  CLI_TRY(names_add(ctx, names, text, bytes, whose));
  size_t last = names->n - 1, more = strlen(suffix);
  for (;;) {
    const char *name = names_at(names, last, &bytes);
    if (names_find(names, name, bytes) == last)
      return CLI_OK;
    CLI_TRY(reserve(ctx, names, more, whose));
    memcpy(names->bytes + names->ends[last], suffix, more);
    names->ends[last] += more;
  }
}

/* A list that libcsv cuts: its hooks say nothing back. */
struct cutting {
  weft_ctx *ctx;
  const char *option;
  struct names *names;
  enum cli_exit code;
};

static void on_name(void *field, size_t bytes, void *argument) {
  struct cutting *cutting = argument;
  if (cutting->code == CLI_OK)
    cutting->code = names_add(cutting->ctx, cutting->names, field, bytes, cutting->option);
}

static int no_space(unsigned char byte) {
  (void)byte;
  return 0;
}

enum cli_exit names_parse(weft_ctx *ctx, const char *option, const char *text, struct names *names) {
  struct cutting cutting = {.ctx = ctx, .option = option, .names = names};
  *names = (struct names){0};
  if (!text)
    return CLI_OK;
  struct csv_parser parser;
  csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI);
  csv_set_space_func(&parser, no_space);
  bool bad = csv_parse(&parser, text, strlen(text), on_name, NULL, &cutting) != strlen(text) ||
             csv_fini(&parser, on_name, NULL, &cutting) != 0;
  csv_free(&parser);
  CLI_TRY(cutting.code);
  if (bad)
    return cli_fail(CLI_USAGE, "%s: a quote in '%s' is not closed or stands inside a name", option, text);
  if (names->n == 0) /* the empty list is one empty name, as an empty field is */
    return names_add(ctx, names, NULL, 0, option);
  return CLI_OK;
}

const char *names_at(const struct names *names, size_t i, size_t *bytes) {
  size_t start = i > 0 ? names->ends[i - 1] : 0;
  *bytes = names->ends[i] - start;
  return names->bytes + start;
}

bool names_is(const struct names *names, size_t i, const char *text, size_t bytes) {
  size_t mine;
  const char *name = names_at(names, i, &mine);
  return mine == bytes && memcmp(name, text, bytes) == 0;
}

size_t names_find(const struct names *names, const char *text, size_t bytes) {
  size_t i = 0;
  while (i < names->n && !names_is(names, i, text, bytes))
    i++;
  return i;
}

void names_free(weft_ctx *ctx, struct names *names) {
  memory_free(ctx, names->bytes);
  memory_free(ctx, names->ends);
}
