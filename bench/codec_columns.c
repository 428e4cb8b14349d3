/* SPDX-License-Identifier: MIT
 *
 * Real columns of codec_values.h: a walk over the machine's files, fields of a package index, lines and raw values of
 * files.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "codec_values.h"
#include "text.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifdef __APPLE__
#define st_mtim st_mtimespec
#endif

#define TREE "/usr"
#define WORDS "/usr/share/dict/american-english-insane"
#define MOST_COLUMNS 64

enum source { FILE_SIZES, FILE_TIMES, FILE_TIMES_NS, FILE_PATHS, FIELD_TEXT, FIELD_NUMBER, LINES, RAW };

struct column {
  char name[40];
  enum source source;
  enum weft_type type;
  const char *file;
  const char *field; /* "Section: " */
};

struct columns {
  const struct bench *bench;
  size_t n;
  struct column list[MOST_COLUMNS];
  char *files; /* what the list's names point into */
};

/* A column that grows: number by number, or string by string. */
struct growing {
  struct values *v;
  size_t rows_room, bytes_room;
};

static void *grown(void *old, size_t used, size_t room) {
  void *more = values_memory(room);
  if (used)
    memcpy(more, old, used);
  free(old);
  return more;
}

static struct growing begin(const struct column *column) {
  struct growing g = {.v = bench_memory(sizeof *g.v), .rows_room = 1 << 16, .bytes_room = 1 << 20};
  *g.v = (struct values){.type = column->type,
                         .data = column->type == WEFT_STRING                            ? BENCH_CODEC_STRINGS
                                 : column->type == WEFT_F32 || column->type == WEFT_F64 ? BENCH_CODEC_FLOATS
                                                                                        : BENCH_CODEC_NUMBERS};
  memcpy(g.v->name, column->name, sizeof g.v->name);
  g.v->values = grown(NULL, 0, g.bytes_room);
  if (column->type == WEFT_STRING) {
    g.v->offsets = grown(NULL, 0, g.rows_room * sizeof *g.v->offsets);
    g.v->offsets[0] = 0;
  }
  return g;
}

static void add_bytes(struct growing *g, const void *bytes, size_t n, size_t used) {
  while (used + n > g->bytes_room)
    g->v->values = grown(g->v->values, used, g->bytes_room *= 2);
  if (n)
    memcpy(g->v->values + used, bytes, n);
}

static void add_text(struct growing *g, const char *text, size_t length) {
  struct values *v = g->v;
  size_t used = (size_t)v->offsets[v->rows];
  if (length > INT32_MAX - used)
    return;
  add_bytes(g, text, length, used);
  if (++v->rows == g->rows_room)
    v->offsets = grown(v->offsets, v->rows * sizeof *v->offsets, (g->rows_room *= 2) * sizeof *v->offsets);
  v->offsets[v->rows] = (int32_t)(used + length);
}

static void add_number(struct growing *g, int64_t number) {
  add_bytes(g, &number, sizeof number, g->v->rows++ * sizeof number);
}

/* Sources */

static int by_name(const FTSENT **a, const FTSENT **b) {
  return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void walk(const struct column *column, struct growing *g) {
  char tree[] = TREE, *roots[] = {tree, NULL};
  FTS *files = fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, by_name);
  for (FTSENT *f; files && (f = fts_read(files));) {
    if (f->fts_info != FTS_F)
      continue;
    const struct stat *s = f->fts_statp;
    switch (column->source) {
    case FILE_SIZES: add_number(g, s->st_size); break;
    case FILE_TIMES: add_number(g, s->st_mtim.tv_sec); break;
    case FILE_TIMES_NS: add_number(g, s->st_mtim.tv_sec * INT64_C(1000000000) + s->st_mtim.tv_nsec); break;
    default: add_text(g, f->fts_path, f->fts_pathlen);
    }
  }
  if (files)
    fts_close(files);
}

/* Lines, or of those that begin with the field what follows it. */
static void read_lines(const struct column *column, struct growing *g, const char *text, size_t bytes) {
  size_t skipped = column->field ? strlen(column->field) : 0;
  for (const char *line = text, *end = text + bytes, *next; line < end; line = next + 1) {
    next = memchr(line, '\n', (size_t)(end - line));
    next = next ? next : end;
    if (skipped && ((size_t)(next - line) < skipped || memcmp(line, column->field, skipped)))
      continue;
    if (column->source == FIELD_NUMBER)
      add_number(g, strtoll(line + skipped, NULL, 10));
    else
      add_text(g, line + skipped, (size_t)(next - line) - skipped);
  }
}

/* Little-endian values, of whatever order the machine's are. */
static void read_raw(const struct column *column, struct growing *g, const char *text, size_t bytes) {
  size_t width = values_width(column->type);
  for (size_t i = 0; i < bytes / width; i++) {
    uint64_t value = 0;
    for (size_t k = 0; k < width; k++)
      value |= (uint64_t)(uint8_t)text[i * width + k] << 8 * k;
    uint8_t value8 = (uint8_t)value;
    uint16_t value16 = (uint16_t)value;
    uint32_t value32 = (uint32_t)value;
    const void *from = width == 1   ? (const void *)&value8
                       : width == 2 ? (const void *)&value16
                       : width == 4 ? (const void *)&value32
                                    : (const void *)&value;
    add_bytes(g, from, width, i * width);
    g->v->rows++;
  }
}

/* Number i of v; of unsigned 64 bits another in the same order. */
static int64_t number_at(const struct values *v, size_t i) {
  const uint8_t *p = v->values + i * v->width;
  bool is_signed = v->type <= WEFT_I64;
  uint16_t value16;
  uint32_t value32;
  int64_t value;
  switch (v->width) {
  case 1: return is_signed ? (int8_t)*p : *p;
  case 2: memcpy(&value16, p, sizeof value16); return is_signed ? (int16_t)value16 : value16;
  case 4: memcpy(&value32, p, sizeof value32); return is_signed ? (int32_t)value32 : (int64_t)value32;
  default: memcpy(&value, p, sizeof value); return is_signed ? value : value ^ INT64_MIN;
  }
}

/* What the numbers of v are to peers. */
static enum bench_codec_data data_of(const struct values *v) {
  bool sorted = true, increasing = true;
  if (v->data != BENCH_CODEC_NUMBERS)
    return v->data;
  for (size_t i = 1; sorted && i < v->rows; i++) {
    sorted = number_at(v, i) >= number_at(v, i - 1);
    increasing = increasing && number_at(v, i) > number_at(v, i - 1);
  }
  return !sorted ? BENCH_CODEC_NUMBERS : increasing ? BENCH_CODEC_INCREASING : BENCH_CODEC_SORTED;
}

static bool fill(const struct column *column, struct growing *g) {
  size_t bytes;
  if (column->source <= FILE_PATHS) {
    walk(column, g);
    return true;
  }
  char *text = text_read(column->file, &bytes);
  if (!text)
    return false;
  if (column->source == RAW)
    read_raw(column, g, text, bytes);
  else
    read_lines(column, g, text, bytes);
  free(text);
  return true;
}

struct values *columns_read(const struct columns *columns, size_t i) {
  const struct column *column = &columns->list[i];
  static const char *const from[] = {
      [FILE_SIZES] = "bytes of each file in " TREE,
      [FILE_TIMES] = "seconds, when each file in " TREE " was changed",
      [FILE_TIMES_NS] = "nanoseconds, when each file in " TREE " was changed",
      [FILE_PATHS] = "paths of the files in " TREE,
  };
  struct growing g = begin(column);
  struct values *v = g.v;
  errno = 0;
  if (!fill(column, &g) || v->rows == 0) {
    bench_note(columns->bench, "column %s is left out: %s: %s\n", column->name,
               column->source <= FILE_PATHS ? TREE : column->file, v->rows == 0 && !errno ? "empty" : strerror(errno));
    values_free(v);
    return NULL;
  }
  v->width = column->type == WEFT_STRING ? 0 : values_width(column->type);
  v->data = data_of(v);
  if (column->source <= FILE_PATHS)
    snprintf(v->about, sizeof v->about, "%s", from[column->source]);
  else
    snprintf(v->about, sizeof v->about, "%s%s%.80s", column->field ? column->field : "", column->field ? "of " : "",
             column->file);
  return v;
}

/* The list */

static void add(struct columns *c, const char *name, enum source source, enum weft_type type, const char *file,
                const char *field) {
  if (c->n == MOST_COLUMNS) {
    fprintf(stderr, "--column: too many\n");
    exit(2);
  }
  struct column *column = &c->list[c->n++];
  *column = (struct column){.source = source, .type = type, .file = file, .field = field};
  snprintf(column->name, sizeof column->name, "%s", name);
}

static enum weft_type type_of(const char *word) {
  static const struct {
    const char *word;
    enum weft_type type;
  } types[] = {{"i8", WEFT_I8},   {"i16", WEFT_I16}, {"i32", WEFT_I32},     {"i64", WEFT_I64},
               {"u8", WEFT_U8},   {"u16", WEFT_U16}, {"u32", WEFT_U32},     {"u64", WEFT_U64},
               {"f32", WEFT_F32}, {"f64", WEFT_F64}, {"lines", WEFT_STRING}};
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (strcmp(types[i].word, word) == 0)
      return types[i].type;
  return WEFT_NO_TYPE;
}

static void add_files(struct columns *c, const char *files) {
  size_t bytes = strlen(files) + 1;
  char *rest = NULL;
  c->files = bench_memory(bytes);
  memcpy(c->files, files, bytes);
  for (char *one = strtok_r(c->files, ",", &rest); one; one = strtok_r(NULL, ",", &rest)) {
    char *type = strchr(one, '='), *file = type ? strchr(type, ':') : NULL;
    if (file) {
      *type++ = 0;
      *file++ = 0;
    }
    enum weft_type is = file ? type_of(type) : WEFT_NO_TYPE;
    if (is == WEFT_NO_TYPE) {
      fprintf(stderr, "--column: not NAME=TYPE:FILE, TYPE being i8 to u64, f32, f64 or lines: %s\n", one);
      exit(2);
    }
    add(c, one, is == WEFT_STRING ? LINES : RAW, is, file, NULL);
  }
}

struct columns *columns_find(const struct bench *bench, const char *packages, const char *files) {
  struct columns *c = bench_memory(sizeof *c);
  *c = (struct columns){.bench = bench};
  add(c, "file-sizes", FILE_SIZES, WEFT_U64, NULL, NULL);
  add(c, "file-times", FILE_TIMES, WEFT_I64, NULL, NULL);
  add(c, "file-times-ns", FILE_TIMES_NS, WEFT_I64, NULL, NULL);
  add(c, "file-paths", FILE_PATHS, WEFT_STRING, NULL, NULL);
  add(c, "words", LINES, WEFT_STRING, WORDS, NULL);
  if (packages) {
    add(c, "package-names", FIELD_TEXT, WEFT_STRING, packages, "Package: ");
    add(c, "package-sections", FIELD_TEXT, WEFT_STRING, packages, "Section: ");
    add(c, "package-sizes", FIELD_NUMBER, WEFT_U64, packages, "Installed-Size: ");
  } else {
    bench_note(bench, "columns package-* are left out: no --packages FILE\n");
  }
  if (files)
    add_files(c, files);
  else
    bench_note(bench, "columns of files, such as flight times, are left out: no --column NAME=TYPE:FILE\n");
  return c;
}

size_t columns_count(const struct columns *columns) {
  return columns->n;
}

const char *columns_name(const struct columns *columns, size_t i) {
  return columns->list[i].name;
}

void columns_free(struct columns *columns) {
  free(columns->files);
  free(columns);
}
