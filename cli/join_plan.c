/* SPDX-License-Identifier: MIT
 *
 * From the names in --on and --columns and the headers of both tables to numbers of columns. Called by join.c; sees no row.
 */
#include "cli/join_plan.h"

#include <inttypes.h>
#include <string.h>

/* Library's bound on the columns of a key. */
#define MOST_KEYS ((size_t)64)

/* Copies text up to a single '=' or its end, a doubled one as one; returns how many bytes of text that took. */
static size_t copy_name(const char *text, size_t bytes, char *name, size_t *name_bytes) {
  size_t i = 0;
  for (*name_bytes = 0; i < bytes; i++) {
    if (text[i] == '=') {
      if (i + 1 == bytes || text[i + 1] != '=')
        break;
      i++;
    }
    name[(*name_bytes)++] = text[i];
  }
  return i;
}

/* One item of --on: a name, or two with an '=' between them. room: as large as the item. */
static enum cli_exit add_key(weft_ctx *ctx, struct join_keys *keys, const char *item, size_t bytes, char *room) {
  size_t name_bytes, used = copy_name(item, bytes, room, &name_bytes);
  CLI_TRY(names_add(ctx, &keys->sides[JOIN_LEFT], room, name_bytes, "--on"));
  if (used < bytes) {
    size_t rest = used + 1;
    used = rest + copy_name(item + rest, bytes - rest, room, &name_bytes);
  }
  if (used < bytes)
    return options_fail("join", "--on: '%.*s' has more than one =, and one in a name is written ==", (int)bytes, item);
  return names_add(ctx, &keys->sides[JOIN_RIGHT], room, name_bytes, "--on");
}

enum cli_exit join_keys_parse(weft_ctx *ctx, const char *on, struct join_keys *keys) {
  struct names items;
  void *room = NULL;
  *keys = (struct join_keys){0};
  enum cli_exit code = names_parse(ctx, "--on", on, &items);
  if (code == CLI_OK && items.n > MOST_KEYS)
    code = options_fail("join", "--on names %zu columns, and a key has at most %zu", items.n, MOST_KEYS);
  if (code == CLI_OK)
    code = memory_resize(ctx, &room, strlen(on) + 1, 1, "--on", "names");
  for (size_t i = 0; i < items.n && code == CLI_OK; i++) {
    size_t bytes;
    const char *item = names_at(&items, i, &bytes);
    code = add_key(ctx, keys, item, bytes, room);
  }
  memory_free(ctx, room);
  names_free(ctx, &items);
  return code;
}

void join_keys_free(weft_ctx *ctx, struct join_keys *keys) {
  names_free(ctx, &keys->sides[JOIN_LEFT]);
  names_free(ctx, &keys->sides[JOIN_RIGHT]);
}

/* What the functions below share. */
struct planning {
  weft_ctx *ctx;
  const struct join_options *options;
  const struct join_keys *keys;
  struct table *const *tables;
  struct join_plan *plan;
};

static bool left_alone(const struct planning *planning) {
  return planning->options->kind == WEFT_JOIN_SEMI || planning->options->kind == WEFT_JOIN_ANTI;
}

static const char *file_name(const struct planning *planning, int side) {
  const char *name = planning->options->files[side];
  return strcmp(name, "-") == 0 ? "stdin" : name;
}

/* The place of a table's column among those read, where it is added if it is not there. The room was made beforehand. */
static size_t read_column(struct join_plan *plan, int side, size_t column) {
  size_t i = 0;
  while (i < plan->n_reads[side] && plan->reads[side][i] != column)
    i++;
  if (i == plan->n_reads[side])
    plan->reads[side][plan->n_reads[side]++] = column;
  return i;
}

/* Adds a column to the output. own: it was asked for as its table's own, not as the key. */
static enum cli_exit add_output(const struct planning *planning, int side, size_t column, bool own) {
  struct join_plan *plan = planning->plan;
  struct join_output output = {.side = side};
  size_t bytes;
  const char *name = names_at(table_header(planning->tables[side]), column, &bytes);
  for (size_t i = 0; i < plan->n_keys && side == JOIN_LEFT && !own && !output.is_key; i++)
    if (plan->reads[JOIN_LEFT][i] == column) {
      output.is_key = true;
      output.key = i;
    }
  output.column = read_column(plan, side, column);
  plan->outputs[plan->n_outputs++] = output;
  return names_add_unlike(planning->ctx, &plan->header, name, bytes, side == JOIN_LEFT ? "_left" : "_right",
                          "columns of the output");
}

static enum cli_exit default_outputs(const struct planning *planning) {
  const struct join_plan *plan = planning->plan;
  for (size_t column = 0; column < table_header(planning->tables[JOIN_LEFT])->n; column++)
    CLI_TRY(add_output(planning, JOIN_LEFT, column, false));
  for (size_t column = 0; !left_alone(planning) && column < table_header(planning->tables[JOIN_RIGHT])->n; column++) {
    bool is_key = false;
    for (size_t i = 0; i < plan->n_keys; i++)
      is_key |= plan->reads[JOIN_RIGHT][i] == column;
    if (!is_key)
      CLI_TRY(add_output(planning, JOIN_RIGHT, column, false));
  }
  return CLI_OK;
}

/* Is it the name of a pair of the key's columns? */
static bool is_shared_key(const struct planning *planning, const char *name, size_t bytes) {
  const struct join_keys *keys = planning->keys;
  for (size_t i = 0; i < keys->sides[JOIN_LEFT].n; i++)
    if (names_is(&keys->sides[JOIN_LEFT], i, name, bytes) && names_is(&keys->sides[JOIN_RIGHT], i, name, bytes))
      return true;
  return false;
}

static bool has(const struct planning *planning, int side, const char *name, size_t bytes) {
  const struct names *header = table_header(planning->tables[side]);
  return names_find(header, name, bytes) < header->n;
}

/* A name of --columns without the name of a side. */
static enum cli_exit add_bare(const struct planning *planning, const char *name, size_t bytes) {
  size_t column;
  bool left = has(planning, JOIN_LEFT, name, bytes);
  bool right = !left_alone(planning) && has(planning, JOIN_RIGHT, name, bytes);
  uint64_t line = table_header_line(planning->tables[JOIN_LEFT]);
  if (left && right && !is_shared_key(planning, name, bytes))
    return cli_fail(CLI_DATA, "%s:%" PRIu64 ": column '%.*s' is in the header of %s too: is it left.%.*s or right.%.*s?",
                    file_name(planning, JOIN_LEFT), line, (int)bytes, name, file_name(planning, JOIN_RIGHT), (int)bytes,
                    name, (int)bytes, name);
  if (!left && !right && !left_alone(planning))
    return cli_fail(CLI_DATA, "%s:%" PRIu64 ": no column '%.*s' among the %zu of the header, nor among the %zu of %s",
                    file_name(planning, JOIN_LEFT), line, (int)bytes, name, table_header(planning->tables[JOIN_LEFT])->n,
                    table_header(planning->tables[JOIN_RIGHT])->n, file_name(planning, JOIN_RIGHT));
  int side = right && !left ? JOIN_RIGHT : JOIN_LEFT;
  CLI_TRY(table_find(planning->tables[side], name, bytes, &column));
  return add_output(planning, side, column, false);
}

static enum cli_exit add_named(const struct planning *planning, const char *name, size_t bytes) {
  static const char *const prefixes[] = {[JOIN_LEFT] = "left.", [JOIN_RIGHT] = "right."};
  for (int side = JOIN_LEFT; side <= JOIN_RIGHT; side++) {
    size_t column, prefix = strlen(prefixes[side]);
    if (bytes < prefix || memcmp(name, prefixes[side], prefix) != 0)
      continue;
    if (side == JOIN_RIGHT && left_alone(planning))
      return options_fail("join", "--columns: '%.*s': --kind %s prints rows of LEFT alone", (int)bytes, name,
                          planning->options->kind_name);
    CLI_TRY(table_find(planning->tables[side], name + prefix, bytes - prefix, &column));
    return add_output(planning, side, column, true);
  }
  return add_bare(planning, name, bytes);
}

static enum cli_exit make_room(const struct planning *planning, const struct names *columns) {
  struct join_plan *plan = planning->plan;
  size_t n_keys = planning->keys->sides[JOIN_LEFT].n, n_outputs = columns->n;
  if (n_outputs == 0)
    n_outputs = table_header(planning->tables[JOIN_LEFT])->n + table_header(planning->tables[JOIN_RIGHT])->n;
  for (int side = JOIN_LEFT; side <= JOIN_RIGHT; side++) {
    void *reads = NULL;
    CLI_TRY(memory_resize(planning->ctx, &reads, n_keys + n_outputs, sizeof(size_t), "--columns", "columns"));
    plan->reads[side] = reads;
  }
  void *outputs = NULL;
  CLI_TRY(memory_resize(planning->ctx, &outputs, n_outputs, sizeof *plan->outputs, "--columns", "columns"));
  plan->outputs = outputs;
  return CLI_OK;
}

enum cli_exit join_plan_make(weft_ctx *ctx, const struct join_options *options, const struct join_keys *keys,
                             const struct names *columns, struct table *const tables[2], struct join_plan *plan) {
  const struct planning planning = {.ctx = ctx, .options = options, .keys = keys, .tables = tables, .plan = plan};
  *plan = (struct join_plan){0};
  CLI_TRY(make_room(&planning, columns));
  for (int side = JOIN_LEFT; side <= JOIN_RIGHT; side++)
    for (size_t i = 0; i < keys->sides[side].n; i++) {
      size_t bytes;
      const char *name = names_at(&keys->sides[side], i, &bytes);
      CLI_TRY(table_find(tables[side], name, bytes, &plan->reads[side][i]));
      plan->n_reads[side]++;
    }
  plan->n_keys = keys->sides[JOIN_LEFT].n;
  if (columns->n == 0)
    return default_outputs(&planning);
  for (size_t i = 0; i < columns->n; i++) {
    size_t bytes;
    const char *name = names_at(columns, i, &bytes);
    CLI_TRY(add_named(&planning, name, bytes));
  }
  return CLI_OK;
}

void join_plan_free(weft_ctx *ctx, struct join_plan *plan) {
  memory_free(ctx, plan->reads[JOIN_LEFT]);
  memory_free(ctx, plan->reads[JOIN_RIGHT]);
  memory_free(ctx, plan->outputs);
  names_free(ctx, &plan->header);
}
