/* SPDX-License-Identifier: MIT
 *
 * RLE: runs of equal words, one value a run. Where the runs lie is said by a part, the rows at which they end, or in the
 * section, by a bitmap of the rows at which they begin, with a rank a block. docs/format.md, "RLE".
 */
#include "codecs/codec.h"

/* Runs of fewer rows on average are decoded by a bitmap of their starts, in a time that does not depend on them: a loop
 * over runs that short ends where it cannot be foreseen. Where they are written by their ends, that bitmap is made first,
 * which takes up to as long again (runs of 10 rows of u32: 16 GB/s for 32, of 20: 22); so they are written by the bitmap
 * unless the ends save a twentieth of all bytes. */
#define SHORT_RUN 64

#define BLOCK_WORDS (CODEC_BLOCK / 64)

/* How many bits of a block are set. In plain arithmetic that the compiler makes vectors of: a byte holds the sum of 16
 * words' bytes, each at most 8. */
static size_t count_bits(const uint64_t *words) {
  uint64_t sums = 0;
  for (size_t i = 0; i < BLOCK_WORDS; i++) {
    uint64_t x = words[i];
    x -= x >> 1 & 0x5555555555555555;
    x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
    sums += (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
  }
  sums = (sums & 0x00ff00ff00ff00ff) + (sums >> 8 & 0x00ff00ff00ff00ff);
  return (size_t)(sums * 0x0001000100010001 >> 48);
}

static size_t bitmap_bytes(size_t rows) {
  return (rows + 7) / 8;
}

/* ---- Encoding ---- */

/* The runs of a stream. */
struct runs {
  uint64_t *bits;   /* of the rows that begin one */
  uint8_t *values;  /* [n] and slack */
  uint32_t *starts; /* [n + 1] and slack: run i is rows starts[i] to starts[i + 1] */
  uint32_t n;
};

static weft_status find_runs(struct codec_out *out, const struct codec_values *values, struct runs *runs) {
  unsigned item = values->item;
  size_t words = ((size_t)values->n + 63) / 64;
  WEFT_TRY(codec_alloc(out->ctx, words, sizeof *runs->bits, 0, &runs->bits));
  uint64_t first = codec_word(values->at, 0, item);
  runs->n = (uint32_t)CODEC_KERNEL(out->codecs, changes, item)(values->at, values->n, first, runs->bits) + 1;
  runs->bits[0] |= 1;
  WEFT_TRY(codec_alloc(out->ctx, runs->n, item, SIMD_SLACK, &runs->values));
  WEFT_TRY(codec_alloc(out->ctx, (size_t)runs->n + 1, sizeof *runs->starts, SIMD_SLACK, &runs->starts));
  CODEC_KERNEL(out->codecs, compact, item)(values->at, runs->bits, values->n, runs->values);
  out->codecs->positions(runs->bits, values->n, 0, runs->starts);
  runs->starts[runs->n] = values->n;
  return WEFT_OK;
}

static uint64_t packed_cost(const struct codec_out *out, enum weft_codec codec, const struct codec_values *values) {
  uint64_t bytes = 0;
  for (size_t b = 0; b < codec_blocks(values->n); b++)
    bytes += weft__packed_cost(out->codecs, codec, (const uint8_t *)values->at + b * CODEC_BLOCK * values->item,
                               codec_block_values(values->n, b), values->item, values->is_signed);
  return bytes;
}

/* Whether the runs are to be written by their ends. */
static bool ends_pay(const struct codec_out *out, uint32_t rows, const struct codec_values *values,
                     const struct codec_values *ends) {
  uint64_t by_bits = 4 * codec_blocks(rows) + bitmap_bytes(rows);
  uint64_t by_ends = CODEC_ENTRY_BYTES + 1 + packed_cost(out, WEFT_CODEC_DELTA, ends);
  if (rows / values->n >= SHORT_RUN || by_ends >= by_bits)
    return by_ends < by_bits;
  uint64_t both = packed_cost(out, WEFT_CODEC_FOR, values);
  return codec_pays(both + by_ends, both + by_bits);
}

/* Appends a rank for each block, the number of runs that begin before it, and the bitmap. */
static weft_status put_bitmap(struct codec_out *out, const struct runs *runs, uint32_t rows) {
  size_t blocks = codec_blocks(rows), rank = 0;
  uint8_t *ranks, *bitmap;
  WEFT_TRY(weft__codec_room(out, 4 * blocks, &ranks));
  WEFT_TRY(weft__codec_room(out, bitmap_bytes(rows), &bitmap));
  for (size_t b = 0; b < blocks; b++, bitmap += CODEC_BLOCK / 8) {
    uint64_t words[BLOCK_WORDS] = {0};
    size_t n = codec_block_values(rows, b);
    memcpy(words, runs->bits + b * BLOCK_WORDS, (n + 63) / 64 * sizeof *words);
    codec_put(ranks + 4 * b, rank, 4);
    rank += count_bits(words);
    codec_order(words, BLOCK_WORDS, sizeof *words);
    memcpy(bitmap, words, bitmap_bytes(n));
  }
  return WEFT_OK;
}

static weft_status put_runs(struct codec_out *out, const struct codec_values *values, const struct runs *runs,
                            enum weft_role role, const uint8_t *cascade, unsigned depth) {
  struct codec_values parts = *values;
  parts.at = runs->values;
  parts.n = runs->n;
  const struct codec_values ends = {.at = runs->starts + 1, .n = runs->n, .item = sizeof *runs->starts};
  bool by_ends = ends_pay(out, values->n, &parts, &ends);
  unsigned node;
  WEFT_TRY(weft__codec_begin(out, WEFT_CODEC_RLE, role, values->item, values->n, by_ends ? 2 : 1, &node));
  if (!by_ends)
    WEFT_TRY(put_bitmap(out, runs, values->n));
  weft__codec_end(out, node);
  WEFT_TRY(weft__codec_encode(out, &parts, WEFT_ROLE_VALUES, cascade + 1, depth + 1));
  return by_ends ? weft__codec_encode(out, &ends, WEFT_ROLE_ENDS, weft__codec_auto, depth + 1) : WEFT_OK;
}

static weft_status encode(struct codec_out *out, const struct codec_values *values, enum weft_role role,
                          const uint8_t *cascade, unsigned depth) {
  if (!codec_is_word(values->item))
    return weft__codec_fail(out->ctx, WEFT_E_INVALID, "weft_encode: codec rle is for words, and a value has %u bytes",
                            values->item);
  struct runs runs = {NULL, NULL, NULL, 0};
  weft_status status = find_runs(out, values, &runs);
  if (status == WEFT_OK)
    status = put_runs(out, values, &runs, role, cascade, depth);
  status = codec_free(out->ctx, runs.starts, status);
  status = codec_free(out->ctx, runs.values, status);
  return codec_free(out->ctx, runs.bits, status);
}

/* ---- Decoding ---- */

struct rle {
  struct codec_node *values, *ends; /* its parts; ends NULL: the bitmap */
  uint32_t runs;
  /* Runs by their ends: a block of them is kept, where reading stands. */
  size_t block;
  uint32_t from, to; /* rows of which it has the runs: none, where they are equal */
  bool has_values;   /* of its runs: they are in run_values */
  bool has_short;    /* its runs are */
  uint32_t run_ends[CODEC_BLOCK];
  uint64_t run_values[CODEC_BLOCK + SIMD_SLACK / 8];
};

/* Checks the shape of a section of ranks and bitmap. */
static weft_status start_bitmap(struct codec_in *in, const struct codec_node *node) {
  size_t ranks = 4 * codec_blocks(node->n), bytes = ranks + bitmap_bytes(node->n);
  if (node->bytes != bytes)
    return weft__codec_corrupt(in, node, 0, "ranks and bitmap of %u rows in %llu bytes, not %zu", node->n,
                               (unsigned long long)node->bytes, bytes);
  if (codec_get(node->section, 4) != 0 || !(node->section[ranks] & 1))
    return weft__codec_corrupt(in, node, 0, "%llu runs before row 0, which begins %u",
                               (unsigned long long)codec_get(node->section, 4), node->section[ranks] & 1);
  if (node->n % 8 != 0 && node->section[bytes - 1] >> node->n % 8 != 0)
    return weft__codec_corrupt(in, node, bytes - 1, "the bitmap has bits past row %u", node->n);
  return WEFT_OK;
}

static weft_status start(struct codec_in *in, struct codec_node *node) {
  const struct codec_node *values = node->child[0], *ends = node->child[1];
  if (!codec_is_word(node->item) || node->n == 0 || (node->children != 1 && node->children != 2))
    return weft__codec_corrupt(in, node, 0, "%u values of %u bytes in %u parts, not words as runs", node->n, node->item,
                               node->children);
  if (values->role != WEFT_ROLE_VALUES || values->item != node->item || values->n == 0 || values->n > node->n)
    return weft__codec_corrupt(in, node, 0, "%u runs, in role %u, of %u bytes for %u values of %u", values->n, values->role,
                               values->item, node->n, node->item);
  if (node->children == 1)
    WEFT_TRY(start_bitmap(in, node));
  else if (ends->role != WEFT_ROLE_ENDS || ends->item != 4 || ends->n != values->n || node->bytes != 0)
    return weft__codec_corrupt(in, node, 0, "%u ends, in role %u, of %u bytes for %u runs, and %llu bytes of its own",
                               ends->n, ends->role, ends->item, values->n, (unsigned long long)node->bytes);
  else if (ends->children != 0) /* ends in ends: each search would make searches, at each of its steps */
    return weft__codec_corrupt(in, node, 0, "its ends are %s, in %u parts", weft_codec_name(ends->codec), ends->children);
  struct rle *rle;
  WEFT_TRY(weft__codec_scratch(in, 1, sizeof *rle, &rle));
  rle->values = node->child[0];
  rle->ends = node->children == 2 ? node->child[1] : NULL;
  rle->runs = values->n;
  rle->from = rle->to = 0;
  rle->block = 0;
  memset(rle->run_values, 0, sizeof rle->run_values); /* the kernels may look at what is not a run's */
  node->state = rle;
  return WEFT_OK;
}

/* ---- By the ends ---- */

/* Rows first .. last, of runs that end at ends[]: values[0] is the first row's. Values may be read SIMD_SLACK bytes beyond.
 * Bits are set byte by byte, as each would have to wait for the one before where they share a word. */
static void spread_runs(const struct simd_codecs *codecs, unsigned item, const uint8_t *values, const uint32_t *ends,
                        uint32_t first, uint32_t last, uint8_t *out) {
  for (uint32_t n; first < last; first += n, out += (size_t)n * item) {
    uint64_t starts[BLOCK_WORDS];
    uint8_t *bytes = (uint8_t *)starts;
    size_t run = 0;
    for (size_t i = 0; i < BLOCK_WORDS; i++)
      starts[i] = 0;
    n = last - first < CODEC_BLOCK ? last - first : CODEC_BLOCK;
    for (; ends[run] < first + n; run++)
      bytes[(ends[run] - first) / 8] |= (uint8_t)(1 << (ends[run] - first) % 8);
    codec_order(starts, BLOCK_WORDS, sizeof *starts);
    CODEC_KERNEL(codecs, spread, item)(values, starts, n, out);
    run += ends[run] == first + n;
    values += run * item;
    ends += run;
  }
}

/* Whether each of ends[n] is above the one before. A function of its own, as a compiler that knows ends[0] from elsewhere
 * carries it from step to step, and so makes no vectors. */
ONE_COPY bool ascend(const uint32_t *ends, size_t n) {
  uint32_t wrong = 0;
  for (size_t i = 1; i < n; i++)
    wrong |= ends[i] <= ends[i - 1] ? 1u : 0u;
  return wrong == 0;
}

/* Takes block b of the runs: the one after that at hand (`next`), or another. Of another it is not known where its first
 * run begins. */
static weft_status take_block(struct codec_in *in, const struct codec_node *node, size_t b, bool next) {
  struct rle *rle = node->state;
  size_t n = codec_block_values(rle->runs, b), last = codec_blocks(rle->runs) - 1;
  uint32_t before = next ? rle->to : 0;
  const uint32_t *ends = rle->run_ends;
  rle->from = rle->to = 0;
  rle->has_values = false;
  WEFT_TRY(weft__codec_read(in, rle->ends, (uint32_t)(b * CODEC_BLOCK), (uint32_t)n, rle->run_ends));
  bool wrong = !ascend(ends, n) || ends[0] <= before || (b == last ? ends[n - 1] != node->n : ends[n - 1] >= node->n);
  if (wrong)
    return weft__codec_corrupt(in, rle->ends, 0,
                               "runs %zu to %zu end at rows %u to %u, after row %u, not one after another", b * CODEC_BLOCK,
                               b * CODEC_BLOCK + n - 1, ends[0], ends[n - 1], before);
  rle->block = b;
  rle->from = b == 0 || next ? before : ends[0];
  rle->to = ends[n - 1];
  rle->has_short = (rle->to - rle->from) / n < SHORT_RUN;
  return WEFT_OK;
}

/* The last block of runs whose first run ends by row; the first block where there is none. */
static weft_status search_block(struct codec_in *in, const struct rle *rle, uint32_t row, size_t *block) {
  size_t low = rle->to != 0 && row >= rle->to ? rle->block : 0;
  size_t high = rle->to != 0 && row < rle->from ? rle->block : codec_blocks(rle->runs) - 1;
  while (low < high) {
    size_t middle = (low + high + 1) / 2;
    uint32_t end;
    WEFT_TRY(weft__codec_read(in, rle->ends, (uint32_t)(middle * CODEC_BLOCK), 1, &end));
    if (end <= row)
      low = middle;
    else
      high = middle - 1;
  }
  *block = low;
  return WEFT_OK;
}

/* Takes the block of the run that a row is in. */
static weft_status seek(struct codec_in *in, const struct codec_node *node, uint32_t row) {
  struct rle *rle = node->state;
  if (row >= rle->from && row < rle->to)
    return WEFT_OK;
  size_t block;
  if (row == rle->to) {
    WEFT_TRY(take_block(in, node, rle->to == 0 ? 0 : rle->block + 1, rle->to != 0));
  } else {
    WEFT_TRY(search_block(in, rle, row, &block));
    WEFT_TRY(take_block(in, node, block, false));
    if (row >= rle->to)
      WEFT_TRY(take_block(in, node, block + 1, true));
  }
  if (row < rle->from || row >= rle->to)
    return weft__codec_corrupt(in, rle->ends, 0, "row %u is in no run: those of rows %u to %u were looked through", row,
                               rle->from, rle->to);
  return WEFT_OK;
}

/* The first of ends[n] that is above row, as the last is. Without branches, which could not be foreseen. */
static size_t search_run(const uint32_t *ends, size_t n, uint32_t row) {
  size_t low = 0;
  for (size_t half; n > 1; n -= half) {
    half = n / 2;
    low += half & -(size_t)(ends[low + half - 1] <= row);
  }
  return low;
}

/* Rows first .. last, which are in the block at hand. */
static weft_status fill_rows(struct codec_in *in, const struct codec_node *node, uint32_t first, uint32_t last, void *out) {
  enum { FEW = 16 }; /* rows for which the values of all the block's runs are not read */
  struct rle *rle = node->state;
  unsigned item = node->item;
  size_t n = codec_block_values(rle->runs, rle->block), run = search_run(rle->run_ends, n, first);
  uint32_t first_run = (uint32_t)(rle->block * CODEC_BLOCK);
  const uint8_t *values = (const uint8_t *)rle->run_values + run * item;
  uint64_t few[FEW];
  if (!rle->has_values && last - first <= FEW) {
    size_t end = run + 1;
    while (rle->run_ends[end - 1] < last)
      end++;
    WEFT_TRY(weft__codec_read(in, rle->values, first_run + (uint32_t)run, (uint32_t)(end - run), few));
    values = (const uint8_t *)few;
    n = end;
  } else if (!rle->has_values) {
    WEFT_TRY(weft__codec_read(in, rle->values, first_run, (uint32_t)n, rle->run_values));
    rle->has_values = true;
  }
  if (rle->has_short && rle->has_values)
    spread_runs(in->codecs, item, values, rle->run_ends + run, first, last, out);
  else
    CODEC_KERNEL(in->codecs, fill, item)(values, rle->run_ends + run, n - run, first, last, out);
  return WEFT_OK;
}

static weft_status read_by_ends(struct codec_in *in, const struct codec_node *node, uint32_t first, uint32_t n,
                                uint8_t *out) {
  const struct rle *rle = node->state;
  for (uint32_t row = first, end = first + n; row < end;) {
    WEFT_TRY(seek(in, node, row));
    uint32_t last = end < rle->to ? end : rle->to;
    WEFT_TRY(fill_rows(in, node, row, last, out));
    out += (size_t)(last - row) * node->item;
    row = last;
  }
  return WEFT_OK;
}

/* ---- By the bitmap ---- */

/* The bits of a block's rows, 0 past them. */
static void load_bits(const struct codec_node *node, size_t b, uint64_t *words) {
  const uint8_t *bitmap = node->section + 4 * codec_blocks(node->n) + b * (CODEC_BLOCK / 8);
  memset(words, 0, BLOCK_WORDS * sizeof *words);
  memcpy(words, bitmap, bitmap_bytes(codec_block_values(node->n, b)));
  codec_order(words, BLOCK_WORDS, sizeof *words);
}

/* Drops the first rows of a block's bits, and all past the n after them. */
static void cut_bits(uint64_t *words, size_t first, size_t n) {
  size_t whole = first / 64, shift = first % 64;
  for (size_t i = 0; i < BLOCK_WORDS; i++) {
    size_t from = i + whole;
    uint64_t low = from < BLOCK_WORDS ? words[from] : 0, high = from + 1 < BLOCK_WORDS ? words[from + 1] : 0;
    words[i] = shift == 0 ? low : low >> shift | high << (64 - shift);
    if (64 * i + 64 > n)
      words[i] &= 64 * i >= n ? 0 : UINT64_MAX >> (64 - (n - 64 * i));
  }
}

/* Rows from .. from + n of block b. */
static weft_status spread_block(struct codec_in *in, const struct codec_node *node, size_t b, size_t from, size_t n,
                                void *out) {
  struct rle *rle = node->state;
  uint64_t words[BLOCK_WORDS];
  load_bits(node, b, words);
  uint64_t rank = codec_get(node->section + 4 * b, 4), count = count_bits(words), next = rle->runs;
  if (b + 1 < codec_blocks(node->n))
    next = codec_get(node->section + 4 * (b + 1), 4);
  if (rank + count != next || next > rle->runs || rank + (words[0] & 1) == 0)
    return weft__codec_corrupt(in, node, 4 * b, "block %zu has %llu runs after %llu, and the next begins after %llu of %u",
                               b, (unsigned long long)count, (unsigned long long)rank, (unsigned long long)next, rle->runs);
  if (from > 0 || n < codec_block_values(node->n, b)) {
    uint64_t before[BLOCK_WORDS];
    memcpy(before, words, sizeof before);
    cut_bits(before, 0, from);
    rank += count_bits(before);
    cut_bits(words, from, n);
    count = count_bits(words);
  }
  uint64_t starts = words[0] & 1; /* whether the first row begins a run, or is in the one before */
  WEFT_TRY(
      weft__codec_read(in, rle->values, (uint32_t)(rank + starts - 1), (uint32_t)(count - starts + 1), rle->run_values));
  CODEC_KERNEL(in->codecs, spread, node->item)(rle->run_values, words, n, out);
  return WEFT_OK;
}

static weft_status read_by_bitmap(struct codec_in *in, const struct codec_node *node, uint32_t first, uint32_t n,
                                  uint8_t *out) {
  for (size_t row = first, end = (size_t)first + n; row < end;) {
    size_t b = row / CODEC_BLOCK, from = row % CODEC_BLOCK, part = codec_block_values(node->n, b) - from;
    part = end - row < part ? end - row : part;
    WEFT_TRY(spread_block(in, node, b, from, part, out));
    out += part * node->item;
    row += part;
  }
  return WEFT_OK;
}

static weft_status read(struct codec_in *in, struct codec_node *node, uint32_t first, uint32_t n, void *out) {
  const struct rle *rle = node->state;
  return rle->ends ? read_by_ends(in, node, first, n, out) : read_by_bitmap(in, node, first, n, out);
}

const struct codec_operations weft__rle = {encode, start, read};
