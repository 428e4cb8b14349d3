/* SPDX-License-Identifier: MIT
 *
 * Columns of bench_codec: what each codec makes of them and how fast, beside peers; and the selector beside all cascades.
 */
#include "codec_case.h"
#include "codec_targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One column on its way through its cases. */
struct subject {
  struct program *program;
  const char *kind; /* "made", "column": the first word of its cases' names */
  const struct values *v;
};

static const uint8_t automatic[WEFT_CODEC_DEPTH] = {WEFT_CODEC_AUTO};

static void name_case(const struct subject *s, const char *what, char name[80]) {
  snprintf(name, 80, "%s %s %s", s->kind, s->v->name, what);
}

static size_t best_table(const struct program *p) {
  return p->n_tables - 1;
}

/* Every codec as the outermost, the selector below it, and the selector alone. */
static void add_codecs(struct codec_case *c) {
  size_t side = case_weft(c, best_table(c->program), automatic, "auto");
  c->sides[side].best = true;
  for (uint8_t codec = WEFT_CODEC_RAW; codec <= WEFT_CODEC_SPLIT; codec++) {
    const uint8_t cascade[WEFT_CODEC_DEPTH] = {codec};
    case_weft(c, best_table(c->program), cascade, weft_codec_name(codec));
  }
}

static void run_speed(const struct subject *s, bool encode) {
  char name[80];
  name_case(s, encode ? "encode" : "decode", name);
  struct codec_case c;
  case_begin(&c, s->program, s->v, MEMORY_WHOLE, encode);
  add_codecs(&c);
  case_peers(&c, true);
  case_run(&c, name);
  case_end(&c);
}

/* Sizes */

static void judge(const struct subject *s, const char *name, const char *contender, double sample,
                  enum codec_figure figure) {
  struct bench_value value = {.name = name, .contender = contender, .samples = &sample, .n = 1};
  codec_figure(figure, &value);
  bench_value(s->program->bench, &value);
}

static size_t side_called(const struct codec_case *c, const char *peer) {
  for (size_t i = 0; i < c->n; i++)
    if (strncmp(c->contenders[i].name, peer, strlen(peer)) == 0)
      return i;
  return MOST_SIDES;
}

/* The largest part of what it may take at most that a chunk takes, of any of weft's codecs. */
static double worst_bound(const struct codec_case *c) {
  double worst = 0;
  for (size_t i = 0; i < c->n; i++)
    for (size_t chunk = 0; !c->sides[i].peer && chunk < c->chunks; chunk++) {
      size_t first = chunk * c->chunk_rows, left = c->v->rows - first;
      double raw = (double)values_bytes(c->v, first, left < c->chunk_rows ? left : c->chunk_rows);
      double part = (double)c->stores[c->sides[i].store].size[chunk] / (1.01 * raw + 128);
      worst = part > worst ? part : worst;
    }
  return worst;
}

static void run_sizes(const struct subject *s) {
  char name[80], heading[200];
  name_case(s, "sizes", name);
  struct codec_case c;
  case_begin(&c, s->program, s->v, MEMORY_WHOLE, true);
  add_codecs(&c);
  case_peers(&c, true);
  double raw = (double)case_raw_bytes(&c);
  snprintf(heading, sizeof heading, "%s; %zu rows, %.0f bytes", s->v->about, s->v->rows, raw);
  for (size_t i = 0; i < c.n; i++) {
    double sample = 100 * (double)case_bytes(&c, i) / raw;
    bench_value(s->program->bench, &(struct bench_value){.name = name,
                                                         .about = i == 0 ? heading : NULL,
                                                         .contender = c.contenders[i].name,
                                                         .unit = "% of raw",
                                                         .samples = &sample,
                                                         .n = 1});
  }
  size_t zstd = side_called(&c, "zstd"), turbo = side_called(&c, "TurboPFor"), delta = side_called(&c, "delta");
  bool integers = s->v->type <= WEFT_U64;
  judge(s, name, "the largest", worst_bound(&c), FIGURE_BOUND);
  if (integers && zstd != MOST_SIDES && strcmp(s->kind, "column") == 0)
    judge(s, name, "auto", (double)case_bytes(&c, 0) / (double)case_bytes(&c, zstd), FIGURE_ZSTD);
  if (s->v->data == BENCH_CODEC_INCREASING && turbo != MOST_SIDES && delta != MOST_SIDES && strcmp(s->kind, "made") == 0)
    judge(s, name, "delta", (double)case_bytes(&c, delta) / (double)case_bytes(&c, turbo), FIGURE_DELTA);
  case_end(&c);
}

/* The selector */

/* What the search for the best cascade tries encodings with: the first chunk of a column. */
struct search {
  weft_ctx *ctx;
  const struct values *v;
  size_t rows, room;
  uint8_t *dst;
  struct weft_encode_options options;
  struct weft_encoded_info info;
  double entry; /* bytes that a stream takes in the encoding beside its own */
};

/* Encodes with these codecs, and describes it; false: they do not take the values. */
static bool try_cascade(struct search *s, const uint8_t codec[WEFT_CODEC_DEPTH]) {
  memcpy(s->options.codec, codec, sizeof s->options.codec);
  size_t bytes = case_encode(s->ctx, s->v, 0, s->rows, &s->options, s->dst, s->room);
  if (bytes == 0)
    return false;
  if (weft_describe(s->ctx, s->dst, bytes, &s->info, sizeof s->info))
    case_die(s->ctx, s->v->name);
  /* What does not fit gives way to RAW: that is another cascade. */
  if (codec[0] != WEFT_CODEC_AUTO && s->info.nodes[0].codec != codec[0])
    return false;
  uint64_t own = 0;
  for (uint32_t i = 0; i < s->info.n_nodes; i++)
    own += s->info.nodes[i].bytes;
  s->entry = (double)(bytes - own) / s->info.n_nodes;
  return true;
}

/* The node behind a node's own and all below it. */
static uint32_t node_behind(const struct weft_encoded_info *info, uint32_t node) {
  uint32_t next = node + 1;
  while (next < info->n_nodes && info->nodes[next].depth > info->nodes[node].depth)
    next++;
  return next;
}

static double bytes_of(const struct search *s, uint32_t from, uint32_t to) {
  double bytes = 0;
  for (uint32_t i = from; i < to; i++)
    bytes += (double)s->info.nodes[i].bytes + s->entry;
  return bytes;
}

/* The least bytes of each part of a stream that were met so far, each part for itself: cascades give all parts of a
 * stream the same codec, a tree may have others. */
struct parts {
  size_t n;
  double least[8];
};

static void keep_least(struct parts *parts, size_t i, double bytes) {
  parts->least[i] = i < parts->n && parts->least[i] < bytes ? parts->least[i] : bytes;
}

static double sum_of(const struct parts *parts) {
  double sum = 0;
  for (size_t i = 0; i < parts->n; i++)
    sum += parts->least[i];
  return sum;
}

/* The least bytes of each part of the outermost stream, its codec being codec[0] and theirs codec[1]. False: there is no
 * such encoding. */
static bool search_parts(struct search *s, uint8_t codec[WEFT_CODEC_DEPTH], struct parts *least) {
  double own[8];
  struct parts below[8] = {{.n = 0}};
  bool any = false, leaves = false;
  size_t n = 0;
  for (codec[2] = WEFT_CODEC_RAW; codec[2] <= WEFT_CODEC_SPLIT && !leaves; codec[2]++) {
    if (!try_cascade(s, codec))
      continue;
    const struct weft_encoded_node *nodes = s->info.nodes;
    any = leaves = true;
    n = nodes[0].children;
    for (uint32_t i = 0, node = 1; i < n; node = node_behind(&s->info, node), i++) {
      own[i] = bytes_of(s, node, node + 1);
      leaves = leaves && nodes[node].children == 0;
      uint32_t part = node + 1;
      for (uint32_t k = 0; k < nodes[node].children; part = node_behind(&s->info, part), k++)
        keep_least(&below[i], k, bytes_of(s, part, node_behind(&s->info, part)));
      below[i].n = nodes[node].children;
    }
  }
  for (size_t i = 0; i < n; i++)
    keep_least(least, i, own[i] + sum_of(&below[i]));
  if (any)
    least->n = n;
  return any;
}

/* Bytes of the best tree that has the outermost codec; 0: it does not take the values. */
static double search_codec(struct search *s, uint8_t outermost) {
  uint8_t codec[WEFT_CODEC_DEPTH] = {outermost};
  struct parts least = {.n = 0};
  double rest = 0;
  for (codec[1] = WEFT_CODEC_RAW; codec[1] <= WEFT_CODEC_SPLIT; codec[1]++) {
    if (!search_parts(s, codec, &least))
      continue;
    /* Its own stream, and those of the column beside the values. */
    rest = bytes_of(s, 0, 1) + bytes_of(s, node_behind(&s->info, 0), s->info.n_nodes);
    if (least.n == 0)
      break;
  }
  return rest > 0 ? rest + sum_of(&least) : 0;
}

/* "dict(strings, rle(for, for))": the tree below a node. */
static size_t tree_text(const struct weft_encoded_info *info, uint32_t node, char *text, size_t room) {
  size_t used = (size_t)snprintf(text, room, "%s", weft_codec_name(info->nodes[node].codec));
  uint32_t part = node + 1;
  for (uint32_t i = 0; i < info->nodes[node].children && used < room; part = node_behind(info, part), i++) {
    used += (size_t)snprintf(text + used, room - used, "%s", i ? ", " : "(");
    used += used < room ? tree_text(info, part, text + used, room - used) : 0;
  }
  if (info->nodes[node].children && used < room)
    used += (size_t)snprintf(text + used, room - used, ")");
  return used;
}

static bool same_tree(const struct weft_encoded_info *a, const struct weft_encoded_info *b) {
  for (uint32_t i = 0; i < a->n_nodes; i++)
    if (a->n_nodes != b->n_nodes || a->nodes[i].codec != b->nodes[i].codec)
      return false;
  return true;
}

/* The cascade that, given to the encoder, has the tree of `wanted`, with AUTO only where nothing else gives it. */
static void same_cascade(struct search *s, const struct weft_encoded_info *wanted, uint8_t codec[WEFT_CODEC_DEPTH]) {
  static const uint8_t choices[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, WEFT_CODEC_AUTO};
  enum { CHOICES = sizeof choices / sizeof choices[0] };
  codec[0] = wanted->nodes[0].codec;
  for (size_t i = 0; i < CHOICES * CHOICES; i++) {
    codec[1] = choices[i / CHOICES];
    codec[2] = choices[i % CHOICES];
    if (codec[1] == WEFT_CODEC_AUTO && codec[2] != WEFT_CODEC_AUTO)
      continue;
    if (try_cascade(s, codec) && same_tree(&s->info, wanted))
      return;
  }
  codec[1] = codec[2] = WEFT_CODEC_AUTO;
}

static const char *cascade_text(const uint8_t codec[WEFT_CODEC_DEPTH], char text[40]) {
  snprintf(text, 40, "%s %s %s", weft_codec_name(codec[0]), weft_codec_name(codec[1]), weft_codec_name(codec[2]));
  return text;
}

/* The time that choosing takes: the same encoding with the choice given. */
static void run_share(const struct subject *s, const struct values *chunk, const char *name, const uint8_t *codec) {
  struct codec_case c;
  char given[40];
  case_begin(&c, s->program, chunk, MEMORY_WHOLE, true);
  case_weft(&c, best_table(s->program), automatic, "auto");
  case_weft(&c, best_table(s->program), codec, cascade_text(codec, given));
  c.contenders[0].n_against = 1;
  c.contenders[0].against[0].peer = 1;
  codec_target_selector(s->program->tables[best_table(s->program)], &c.contenders[0].against[0]);
  case_run(&c, name);
  case_end(&c);
}

static void run_selector(const struct subject *s) {
  char name[80], heading[300];
  name_case(s, "selector", name);
  struct search *search = bench_memory(sizeof *search);
  struct values chunk = *s->v;
  chunk.rows = chunk.rows < COLUMN_CHUNK ? chunk.rows : COLUMN_CHUNK;
  *search = (struct search){.ctx = s->program->ctx[best_table(s->program)], .v = &chunk, .rows = chunk.rows};
  weft_encode_options_init(&search->options, sizeof search->options);
  search->room = 2 * values_bytes(&chunk, 0, chunk.rows) + 4096;
  search->dst = values_memory(search->room);
  if (!try_cascade(search, automatic))
    case_die(search->ctx, name);
  const struct weft_encoded_info choice = search->info;
  double selected = (double)choice.bytes, best = selected;
  uint8_t codec[WEFT_CODEC_DEPTH], best_codec = WEFT_CODEC_AUTO;
  for (uint8_t outermost = WEFT_CODEC_RAW; outermost <= WEFT_CODEC_SPLIT; outermost++) {
    double bytes = search_codec(search, outermost);
    if (bytes > 0 && bytes < best) {
      best = bytes;
      best_codec = outermost;
    }
  }
  size_t used = (size_t)snprintf(heading, sizeof heading, "chosen: ");
  used += tree_text(&choice, 0, heading + used, sizeof heading - used);
  snprintf(heading + used, sizeof heading - used, ", %.0f bytes; best of all: %s, %.0f bytes", selected,
           best_codec == WEFT_CODEC_AUTO ? "that" : weft_codec_name(best_codec), best);
  double over = selected / best;
  struct bench_value value = {.name = name, .about = heading, .contender = "auto", .samples = &over, .n = 1};
  codec_figure(FIGURE_SELECTED, &value);
  bench_value(s->program->bench, &value);
  same_cascade(search, &choice, codec);
  free(search->dst);
  free(search);
  run_share(s, &chunk, name, codec);
}

/* Columns */

/* Made ones, of as many rows as a chunk of a file has at most; 1024ths are null, and one in so many is an outlier. */
enum made { PACKED, INCREASING, RUNS, DRAWN, STRINGS, WALK };
static const struct {
  const char *name, *about;
  enum made made;
  enum weft_type type;
  size_t parameter; /* bits; mean run; distinct values */
  unsigned nulls, outliers;
} made_columns[] = {
    {"constant", "zeros", DRAWN, WEFT_U64, 1, 0, 0},
    {"random", "64 random bits", PACKED, WEFT_U64, 64, 0, 0},
    {"packed13", "13 random bits above a base", PACKED, WEFT_U32, 13, 0, 0},
    {"nulls", "13 random bits above a base, a tenth null", PACKED, WEFT_U32, 13, 102, 0},
    {"outliers", "5 random bits above a base, one in 100 of 32", PACKED, WEFT_U32, 5, 0, 100},
    {"sorted", "each 1 to 64 above the one before", INCREASING, WEFT_U32, 6, 0, 0},
    {"timestamps", "each 1 to 4096 above the one before", INCREASING, WEFT_U64, 12, 0, 0},
    {"runs2", "runs of 1 to 3", RUNS, WEFT_U32, 2, 0, 0},
    {"runs10", "runs of 1 to 19", RUNS, WEFT_U32, 10, 0, 0},
    {"runs100", "runs of 1 to 199", RUNS, WEFT_U64, 100, 0, 0},
    {"drawn1k", "of 1000 random numbers any one", DRAWN, WEFT_U64, 1000, 0, 0},
    {"strings100", "of 100 strings of 4 to 24 B any one", STRINGS, WEFT_STRING, 100, 0, 0},
    {"strings10k", "of 10,000 strings of 4 to 24 B any one", STRINGS, WEFT_STRING, 10000, 0, 0},
    {"strings-all", "strings of 4 to 24 B, most of them once", STRINGS, WEFT_STRING, COLUMN_CHUNK, 0, 0},
    {"walk32", "a random walk", WALK, WEFT_F32, 0, 0, 0},
    {"walk64", "a random walk", WALK, WEFT_F64, 0, 0, 0},
};

static struct values *make(size_t i) {
  size_t parameter = made_columns[i].parameter;
  enum weft_type type = made_columns[i].type;
  const uint64_t now = 1700000000000000;
  struct values *v = NULL;
  switch (made_columns[i].made) {
  case PACKED: v = values_packed(type, (unsigned)parameter, COLUMN_CHUNK, 0); break;
  case INCREASING: v = values_increasing(type, (unsigned)parameter, type == WEFT_U64 ? now : 0, COLUMN_CHUNK, 0); break;
  case RUNS: v = values_runs(type, parameter, COLUMN_CHUNK, 0); break;
  case DRAWN: v = values_drawn(type, parameter, COLUMN_CHUNK, 0); break;
  case STRINGS: v = values_strings(parameter, COLUMN_CHUNK, 0); break;
  case WALK: v = values_walk(type, COLUMN_CHUNK, 0); break;
  }
  if (made_columns[i].outliers)
    values_make_outliers(v, made_columns[i].outliers);
  if (made_columns[i].nulls)
    values_make_nulls(v, made_columns[i].nulls);
  snprintf(v->name, sizeof v->name, "%s", made_columns[i].name);
  snprintf(v->about, sizeof v->about, "%s", made_columns[i].about);
  return v;
}

/* A column's cases; it is made or read where one of them is wanted. columns NULL: a made one. */
static void run_column(struct program *p, const struct columns *columns, size_t i) {
  static const char *const what[] = {"sizes", "decode", "encode", "selector"};
  const char *kind = columns ? "column" : "made", *column = columns ? columns_name(columns, i) : made_columns[i].name;
  bool wanted[4], any = false;
  for (size_t k = 0; k < 4; k++) {
    char name[80];
    snprintf(name, sizeof name, "%s %s %s", kind, column, what[k]);
    wanted[k] = bench_wants(p->bench, name, false);
    any = any || wanted[k];
  }
  struct values *v = !any ? NULL : columns ? columns_read(columns, i) : make(i);
  if (!v)
    return;
  const struct subject s = {p, kind, v};
  if (wanted[0])
    run_sizes(&s);
  if (wanted[1])
    run_speed(&s, false);
  if (wanted[2])
    run_speed(&s, true);
  if (wanted[3])
    run_selector(&s);
  values_free(v);
}

void run_columns(struct program *p, const char *packages, const char *files) {
  for (size_t i = 0; i < sizeof made_columns / sizeof made_columns[0]; i++)
    run_column(p, NULL, i);
  struct columns *columns = columns_find(p->bench, packages, files);
  for (size_t i = 0; i < columns_count(columns); i++)
    run_column(p, columns, i);
  columns_free(columns);
}
