/* SPDX-License-Identifier: MIT
 *
 * Columns of `weft pack` from arrays: each file is read as far as a chunk goes, side by side with the others. Called by
 * pack.c.
 */
#include "cli/pack.h"
#include "cli/progress.h"
#include "cli/raw.h"

#include <inttypes.h>
#include <string.h>

/* Opens all arrays, and takes their columns' names. */
static enum cli_exit open_all(struct pack *pack, struct raw *raws) {
  size_t n = 0;
  for (size_t i = 0; i < pack->options.n_settings; i++) {
    const struct pack_setting *setting = &pack->options.settings[i];
    if (setting->kind != PACK_RAW)
      continue;
    CLI_TRY(names_add(pack->memory.ctx, &pack->names, setting->name, setting->name_bytes, "--raw"));
    CLI_TRY(raw_open(&raws[n++], setting->value, setting->type));
  }
  return CLI_OK;
}

static uint64_t total_bytes(const struct raw *raws, size_t n) {
  uint64_t total = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t bytes = source_bytes(&raws[i].source);
    if (bytes == 0)
      return 0;
    total += bytes;
  }
  return total;
}

/* Rows of a chunk: fewer than asked for where all rows of them would be large. */
static size_t chunk_rows(const struct pack *pack, const struct raw *raws) {
  size_t width = 0, rows;
  for (size_t i = 0; i < pack->names.n; i++)
    width += raws[i].type.width;
  rows = PACK_CHUNK_BYTES / width / PACK_STEP * PACK_STEP;
  rows = rows < PACK_STEP ? PACK_STEP : rows;
  return rows < pack->options.chunk_rows ? rows : pack->options.chunk_rows;
}

static enum cli_exit open_chunk(struct pack *pack, struct chunk *chunk, const struct raw *raws, size_t rows) {
  weft_ctx *ctx = pack->memory.ctx;
  void *arrays = NULL, *views = NULL;
  CLI_TRY(memory_resize(ctx, &views, pack->names.n, sizeof *chunk->views, "--raw", "a chunk"));
  chunk->views = views;
  CLI_TRY(memory_resize(ctx, &arrays, pack->names.n, sizeof *chunk->arrays, "--raw", "a chunk"));
  memset(arrays, 0, pack->names.n * sizeof *chunk->arrays);
  chunk->arrays = arrays;
  for (size_t i = 0; i < pack->names.n; i++)
    CLI_TRY(memory_resize(ctx, &chunk->arrays[i], rows, raws[i].type.width, raws[i].source.name, "a chunk"));
  return CLI_OK;
}

static enum cli_exit fill(struct pack *pack, struct chunk *chunk, struct raw *raws, size_t rows) {
  for (size_t i = 0; i < pack->names.n; i++) {
    size_t read;
    CLI_TRY(raw_read(&raws[i], chunk->arrays[i], rows, &read));
    if (i > 0 && read != chunk->rows)
      return cli_fail(CLI_DATA, "%s: has %s than the %" PRIu64 " values of %s", raws[i].source.name,
                      read > chunk->rows ? "more" : "fewer", raws[0].rows, raws[0].source.name);
    chunk->rows = read;
    chunk->views[i] = raw_column(&raws[i], chunk->arrays[i], read);
    pack->bytes += (uint64_t)read * raws[i].type.width;
  }
  chunk->columns = chunk->views;
  pack->rows += chunk->rows;
  progress_update(pack->rows, pack->bytes);
  return CLI_OK;
}

static enum cli_exit read_all(struct pack *pack, struct raw *raws) {
  struct chunk *chunk;
  CLI_TRY(open_all(pack, raws));
  size_t rows = chunk_rows(pack, raws);
  CLI_TRY(pack_open_columns(pack, false, "--raw"));
  CLI_TRY(pack_open_writer(pack));
  progress_start(!pack->options.common.no_progress, total_bytes(raws, pack->names.n));
  for (;;) {
    CLI_TRY(encoders_chunk(&pack->encoders, &chunk));
    if (!chunk->arrays)
      CLI_TRY(open_chunk(pack, chunk, raws, rows));
    CLI_TRY(fill(pack, chunk, raws, rows));
    if (chunk->rows == 0)
      return CLI_OK;
    encoders_submit(&pack->encoders);
  }
}

enum cli_exit pack_arrays(struct pack *pack) {
  size_t n = pack->options.n_of[PACK_RAW];
  void *memory = NULL;
  CLI_TRY(memory_resize(pack->memory.ctx, &memory, n, sizeof(struct raw), "--raw", "columns"));
  struct raw *raws = memory;
  for (size_t i = 0; i < n; i++)
    raws[i] = (struct raw){.source.fd = -1};
  enum cli_exit code = read_all(pack, raws);
  for (size_t i = 0; i < n; i++)
    source_close(&raws[i].source);
  memory_free(pack->memory.ctx, raws);
  return code;
}
