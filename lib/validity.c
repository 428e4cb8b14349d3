/* SPDX-License-Identifier: MIT
 *
 * The validity of an encoding's rows: from a bitmap, or from the numbers of the rows that are null, or of those that are
 * not.
 */
#include "lib/validity.h"

#include "lib/ctx.h"

weft_status weft__validity_open(struct codec_in *in, struct validity *validity) {
  validity->in = in;
  validity->node = in->validity;
  validity->ranks = NULL;
  validity->ranked = 0;
  validity->has_jumped = false;
  validity->block = validity->positions = SIZE_MAX;
  return in->validity ? weft__codec_start(in, in->validity) : WEFT_OK;
}

/* Position number i of the stream. */
static weft_status position(struct validity *v, uint32_t i, uint32_t *out) {
  size_t block = i / CODEC_BLOCK;
  if (v->positions != block) {
    v->positions = SIZE_MAX;
    uint32_t first = (uint32_t)(block * CODEC_BLOCK);
    WEFT_TRY(weft__codec_read(v->in, v->node, first, (uint32_t)codec_block_values(v->node->n, block), v->position));
    v->positions = block;
  }
  *out = v->position[i % CODEC_BLOCK];
  return WEFT_OK;
}

/* The positions that are below row: how many. */
static weft_status count_below(struct validity *v, uint64_t row, uint32_t *count) {
  uint32_t low = 0, high = v->node->n; /* those before low are below, those from high on are not */
  while (low < high) {
    uint32_t middle = low + (high - low) / 2, found;
    WEFT_TRY(position(v, middle, &found));
    if (found < row)
      low = middle + 1;
    else
      high = middle;
  }
  *count = low;
  return WEFT_OK;
}

static weft_status read_bitmap(struct validity *v, size_t block, uint64_t *bits) {
  uint8_t bytes[CODEC_BLOCK / 8] = {0};
  size_t rows = codec_block_values(v->in->rows, block);
  WEFT_TRY(weft__codec_read(v->in, v->node, (uint32_t)(block * sizeof bytes), (uint32_t)((rows + 7) / 8), bytes));
  for (size_t i = 0; i < CODEC_BLOCK / 64; i++)
    bits[i] = codec_get(bytes + 8 * i, 8);
  if (rows % 64 != 0 && bits[rows / 64] >> rows % 64 != 0)
    return weft__codec_corrupt(v->in, v->node, 0, "the bitmap has a bit past row %u", v->in->rows);
  return WEFT_OK;
}

static weft_status take_ranks(struct validity *v) {
  if (v->ranks)
    return WEFT_OK;
  WEFT_TRY(weft__codec_scratch(v->in, codec_blocks(v->in->rows) + 1, sizeof *v->ranks, &v->ranks));
  v->ranks[0] = 0;
  v->ranked = 1;
  return WEFT_OK;
}

/* Notes the valid rows before the block that follows one. */
static void note_rank(struct validity *v, size_t block, uint32_t rank) {
  if (v->ranks && v->ranked == block + 1)
    v->ranks[v->ranked++] = rank;
}

/* The valid rows before a block, counted from the last rank on, or from the first block. What an encoding that is kept
 * open counts a second time is noted, where there is memory for it. */
static weft_status count_bitmap(struct validity *v, size_t block, uint32_t *rank) {
  uint64_t bits[CODEC_BLOCK / 64];
  if (v->has_jumped) {
    weft_status status = take_ranks(v);
    if (status != WEFT_OK && status != WEFT_E_LIMIT)
      return status;
  }
  v->has_jumped = true;
  size_t from = v->ranks ? v->ranked - 1 : 0;
  uint32_t count = v->ranks ? v->ranks[from] : 0;
  for (size_t b = from; b < block; b++) {
    WEFT_TRY(read_bitmap(v, b, bits));
    count += bits_count(bits, CODEC_BLOCK);
    note_rank(v, b, count);
  }
  *rank = count;
  return WEFT_OK;
}

/* The valid rows before a block, when those before the one at hand are not. */
static weft_status rank_of(struct validity *v, size_t block, uint32_t *rank) {
  uint32_t count = 0;
  if (v->in->nulls == NULLS_BITMAP)
    return count_bitmap(v, block, rank);
  WEFT_TRY(count_below(v, (uint64_t)block * CODEC_BLOCK, &count));
  *rank = v->in->nulls == VALID_POSITIONS ? count : (uint32_t)(block * CODEC_BLOCK - count);
  return WEFT_OK;
}

/* Bits of a block of which rank rows are valid before. */
static weft_status read_positions(struct validity *v, size_t block, uint32_t rank, uint64_t *bits) {
  bool valid = v->in->nulls == VALID_POSITIONS;
  size_t rows = codec_block_values(v->in->rows, block);
  uint64_t first = (uint64_t)block * CODEC_BLOCK, next = first;
  memset(bits, 0, CODEC_BLOCK / 8);
  for (uint64_t i = valid ? rank : first - rank; i < v->node->n; i++) {
    uint32_t row;
    WEFT_TRY(position(v, (uint32_t)i, &row));
    if (row >= first + rows && row < v->in->rows)
      break;
    if (row < next || row >= v->in->rows)
      return weft__codec_corrupt(v->in, v->node, 0, "position %llu is row %u, at least %llu of %u is due",
                                 (unsigned long long)i, row, (unsigned long long)next, v->in->rows);
    bits[(row - first) / 64] |= (uint64_t)1 << (row - first) % 64;
    next = (uint64_t)row + 1;
  }
  for (size_t i = 0; !valid && i < CODEC_BLOCK / 64; i++) {
    size_t in_word = rows <= 64 * i ? 0 : rows - 64 * i;
    bits[i] = ~bits[i] & (in_word >= 64 ? UINT64_MAX : ((uint64_t)1 << in_word) - 1);
  }
  return WEFT_OK;
}

/* Puts a block at hand. */
static weft_status load(struct validity *v, size_t block) {
  if (v->block == block)
    return WEFT_OK;
  uint32_t rank;
  if (block < v->ranked)
    rank = v->ranks[block];
  else if (v->block != SIZE_MAX && v->block + 1 == block)
    rank = v->rank + bits_count(v->bits, CODEC_BLOCK);
  else
    WEFT_TRY(rank_of(v, block, &rank));
  v->block = SIZE_MAX;
  WEFT_TRY(v->in->nulls == NULLS_BITMAP ? read_bitmap(v, block, v->bits) : read_positions(v, block, rank, v->bits));
  uint32_t values = v->in->values->n, here = bits_count(v->bits, CODEC_BLOCK);
  bool last = block + 1 == codec_blocks(v->in->rows);
  if (here > values - rank || rank > values || (last && here != values - rank))
    return weft__codec_corrupt(v->in, v->node, 0, "%u and %u rows are valid up to block %zu, and there are %u values", rank,
                               here, block, values);
  v->rank = rank;
  v->block = block;
  note_rank(v, block, rank + here);
  return WEFT_OK;
}

weft_status weft__validity_read(struct validity *v, uint32_t row, uint32_t n, uint64_t *bits, uint32_t *rank) {
  enum { WORDS = CODEC_BLOCK / 64 };
  uint64_t two[2 * WORDS + 1] = {0};
  size_t block = row / CODEC_BLOCK, skip = row % CODEC_BLOCK;
  if (n == 0) {
    memset(bits, 0, CODEC_BLOCK / 8);
    *rank = 0;
    return WEFT_OK;
  }
  WEFT_TRY(load(v, block));
  memcpy(two, v->bits, sizeof v->bits);
  *rank = v->rank + bits_count(v->bits, skip);
  if (skip + n > CODEC_BLOCK) {
    WEFT_TRY(load(v, block + 1));
    memcpy(two + WORDS, v->bits, sizeof v->bits);
  }
  const uint64_t *from = two + skip / 64;
  unsigned shift = skip % 64;
  for (size_t i = 0; i < WORDS; i++) {
    uint64_t word = shift == 0 ? from[i] : from[i] >> shift | from[i + 1] << (64 - shift);
    size_t in_word = n <= 64 * i ? 0 : n - 64 * i;
    bits[i] = in_word >= 64 ? word : word & (((uint64_t)1 << in_word) - 1);
  }
  return WEFT_OK;
}

weft_status weft__validity_index(struct validity *v) {
  size_t blocks = codec_blocks(v->in->rows);
  if (!v->node || v->ranked > blocks)
    return WEFT_OK;
  WEFT_TRY(take_ranks(v));
  if (v->block != SIZE_MAX) /* the one at hand is not loaded again */
    note_rank(v, v->block, v->rank + bits_count(v->bits, CODEC_BLOCK));
  while (v->ranked <= blocks)
    WEFT_TRY(load(v, v->ranked - 1));
  return WEFT_OK;
}

weft_status weft__validity_find(struct validity *v, uint32_t row, bool *valid, uint32_t *rank) {
  WEFT_TRY(load(v, row / CODEC_BLOCK));
  size_t i = row % CODEC_BLOCK;
  *valid = v->bits[i / 64] >> i % 64 & 1;
  *rank = v->rank + bits_count(v->bits, i);
  return WEFT_OK;
}
