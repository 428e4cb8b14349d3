/* SPDX-License-Identifier: MIT
 *
 * Context, slab and memory, with weft's statuses turned into exit codes. Called by the subcommands and their readers.
 */
#include "cli/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum cli_exit memory_code(weft_status status) {
  switch (status) {
  case WEFT_OK: return CLI_OK;
  case WEFT_E_CONFIG:
  case WEFT_E_UNSUPPORTED: return CLI_USAGE;
  case WEFT_E_NOMEM:
  case WEFT_E_LIMIT:
  case WEFT_E_IO: return CLI_IO;
  default: return CLI_DATA;
  }
}

const char *memory_words(const weft_ctx *ctx, weft_status status) {
  const char *message = weft_ctx_message(ctx), *call = strstr(message, ": ");
  if (strncmp(message, "weft_", 5) == 0 && call)
    message = call + 2;
  return message[0] ? message : weft_status_text(status);
}

enum cli_exit memory_status(const weft_ctx *ctx, weft_status status, const char *name) {
  return cli_fail(memory_code(status), "%s: %s", name, memory_words(ctx, status));
}

enum cli_exit memory_validate(weft_ctx *ctx, const struct weft_column *columns, size_t n, const char *name) {
  weft_status status = WEFT_OK;
  for (size_t i = 0; i < n && status == WEFT_OK; i++)
    status = weft_column_validate(ctx, &columns[i]);
  return status == WEFT_OK ? CLI_OK : memory_status(ctx, status, name);
}

enum cli_exit memory_open(struct memory *memory, const char *isa, size_t limit_bytes) {
  struct weft_slab_options slab_options;
  struct weft_ctx_options options;
  weft_slab_options_init(&slab_options, sizeof slab_options);
  slab_options.limit_bytes = limit_bytes;
  weft_status status = weft_slab_create(&slab_options, &memory->slab);
  if (status != WEFT_OK)
    return cli_fail(memory_code(status), "%s", memory_words(NULL, status));
  weft_ctx_options_init(&options, sizeof options);
  options.isa = isa;
  options.slab = memory->slab;
  status = weft_ctx_create(&options, &memory->ctx);
  if (status == WEFT_OK)
    return CLI_OK;
  enum cli_exit code = cli_fail(memory_code(status), "%s", memory_words(NULL, status));
  if (weft_slab_release(memory->slab) != WEFT_OK)
    abort();
  return code;
}

void memory_close(struct memory *memory) {
  weft_ctx_free(memory->ctx);
  if (weft_slab_release(memory->slab) == WEFT_OK)
    return;
  struct weft_slab_figures stats = {0};
  if (weft_slab_stats(memory->slab, &stats, sizeof stats) == WEFT_OK)
    cli_fail(CLI_IO, "a defect of weft: %llu allocations were never freed", (unsigned long long)stats.live_objects);
  abort();
}

uint64_t memory_taken(const struct memory *memory) {
  struct weft_slab_figures stats;
  return weft_slab_stats(memory->slab, &stats, sizeof stats) == WEFT_OK ? stats.committed_bytes : 0;
}

enum cli_exit memory_resize(weft_ctx *ctx, void **p, size_t count, size_t bytes, const char *name, const char *purpose) {
  if (bytes > 0 && count > SIZE_MAX / bytes)
    return cli_fail(CLI_IO, "%s: %s: %zu times %zu bytes are more than any memory", name, purpose, count, bytes);
  void *resized = weft_realloc(ctx, *p, count * bytes);
  if (!resized)
    return cli_fail(CLI_IO, "%s: %s: %zu bytes: %s", name, purpose, count * bytes, memory_words(ctx, WEFT_E_NOMEM));
  *p = resized;
  return CLI_OK;
}

void memory_free(weft_ctx *ctx, void *p) {
  if (!p || weft_free(ctx, p) == WEFT_OK)
    return;
  cli_fail(CLI_IO, "a defect of weft: %s", weft_ctx_message(ctx));
  abort();
}
