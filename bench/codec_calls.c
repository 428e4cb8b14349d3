/* SPDX-License-Identifier: MIT
 *
 * Cases of bench_codec that are about calls: what a call of one block takes, and blocks that are not full.
 */
#include "codec_case.h"
#include "codec_targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 1024
#define PART 1000
/* As many values by calls of either size. */
#define BLOCK_CALLS 125
#define PART_CALLS 128

static const uint8_t by_for[WEFT_CODEC_DEPTH] = {WEFT_CODEC_FOR};

/* A call of one block, and of one row, of which the work takes next to nothing. */
static void run_one(struct program *p, enum weft_type type, unsigned bits, size_t rows, bool encode) {
  char name[64];
  snprintf(name, sizeof name, "call%s u%u w%u rows%zu", encode ? "-encode" : "", type == WEFT_U32 ? 32u : 64u, bits, rows);
  if (!bench_wants(p->bench, name, false))
    return;
  struct values *v = values_packed(type, bits, rows, 0);
  struct codec_case c;
  case_begin(&c, p, v, MEMORY_L1, encode);
  c.in_calls = true;
  case_tables(&c, by_for);
  if (!encode)
    case_open(&c, by_for);
  case_peers(&c, false);
  case_run(&c, name);
  case_end(&c);
  values_free(v);
}

/* Each table twice: calls of a part of a block, and of a block. */
struct partial {
  struct program *program;
  struct values *v; /* BLOCK of them */
  uint8_t *part, *block;
  size_t part_bytes, block_bytes;
  uint8_t out[BLOCK * sizeof(uint64_t)];
};

static bool is_part(size_t contender) {
  return contender % 2 == 0;
}

static void decode(struct partial *s, size_t contender) {
  weft_ctx *ctx = s->program->ctx[contender / 2];
  struct weft_buffers b = {.size = sizeof b, .values = s->out};
  b.values_bytes = (is_part(contender) ? PART : BLOCK) * s->v->width;
  if (weft_decode_into(ctx, is_part(contender) ? s->part : s->block, is_part(contender) ? s->part_bytes : s->block_bytes,
                       NULL, &b))
    case_die(ctx, "a partial block");
}

static void partial_work(void *state, size_t contender, uint64_t piece) {
  (void)piece;
  for (int i = 0; i < (is_part(contender) ? PART_CALLS : BLOCK_CALLS); i++)
    decode(state, contender);
}

static struct bench_amount partial_prepare(void *state, uint64_t piece) {
  const struct partial *s = state;
  (void)piece;
  return (struct bench_amount){PART * PART_CALLS, (double)(PART * PART_CALLS * s->v->width)};
}

static bool partial_check(void *state, size_t contender) {
  struct partial *s = state;
  memset(s->out, 0xa5, sizeof s->out);
  decode(s, contender);
  return memcmp(s->out, s->v->values, (is_part(contender) ? PART : BLOCK) * s->v->width) == 0;
}

static void run_partial(struct program *p, enum weft_type type, unsigned bits) {
  _Static_assert(PART * PART_CALLS == BLOCK * BLOCK_CALLS, "as many values");
  char name[64];
  snprintf(name, sizeof name, "partial u%u w%u l1", type == WEFT_U32 ? 32u : 64u, bits);
  if (!bench_wants(p->bench, name, false))
    return;
  struct bench_contender contenders[2 * WEFT_MAX_ISAS];
  struct weft_encode_options options;
  weft_encode_options_init(&options, sizeof options);
  options.codec[0] = WEFT_CODEC_FOR;
  struct partial *s = bench_memory(sizeof *s);
  *s = (struct partial){.program = p, .v = values_packed(type, bits, BLOCK, 0)};
  size_t room = 2 * BLOCK * s->v->width;
  s->part = values_memory(room);
  s->block = values_memory(room);
  s->part_bytes = case_encode(p->ctx[0], s->v, 0, PART, &options, s->part, room);
  s->block_bytes = case_encode(p->ctx[0], s->v, 0, BLOCK, &options, s->block, room);
  memset(contenders, 0, sizeof contenders);
  for (size_t i = 0; i < 2 * p->n_tables; i++) {
    struct bench_contender *own = &contenders[i];
    snprintf(own->name, sizeof own->name, "weft %s %d", p->tables[i / 2], is_part(i) ? PART : BLOCK);
    if (!is_part(i))
      continue;
    own->against[own->n_against].peer = i + 1;
    codec_target_partial(p->tables[i / 2], i / 2 + 1 == p->n_tables, &own->against[own->n_against++]);
  }
  const struct bench_case frame_case = {.name = name,
                                        .about = "as many values by calls of 1000 and of 1024, each an encoding",
                                        .unit = "value",
                                        .contenders = contenders,
                                        .n_contenders = 2 * p->n_tables,
                                        .pieces = 1000,
                                        .same = true,
                                        .state = s,
                                        .check = partial_check,
                                        .prepare = partial_prepare,
                                        .work = partial_work};
  bench_run(p->bench, &frame_case);
  values_free(s->v);
  free(s->part);
  free(s->block);
  free(s);
}

void run_calls(struct program *p) {
  static const unsigned widths[] = {1, 7, 13, 20, 31, 40, 57};
  for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
    if (widths[i] <= 32)
      run_partial(p, WEFT_U32, widths[i]);
    run_partial(p, WEFT_U64, widths[i]);
  }
  for (int encode = 0; encode <= 1; encode++) {
    run_one(p, WEFT_U32, 13, BLOCK, encode);
    run_one(p, WEFT_U64, 13, BLOCK, encode);
    run_one(p, WEFT_U32, 13, 1, encode);
  }
}
