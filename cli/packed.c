/* SPDX-License-Identifier: MIT
 *
 * Packed files. Mapped, so that of a large file only the pages that are wanted are read; a file that another program cuts
 * short meanwhile raises SIGBUS, and a message is made of that. Called by the subcommands that read such files.
 */
#include "cli/packed.h"
#include "cli/output.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What the handler prints: prepared, as it may not format. */
static char cut_short[512];

static void on_bus_error(int signal_number) {
  (void)signal_number;
  output_remove();
  ssize_t written = write(STDERR_FILENO, cut_short, strlen(cut_short));
  (void)written;
  _exit(CLI_IO);
}

static void catch_bus_error(const char *name) {
  struct sigaction action = {.sa_handler = on_bus_error};
  snprintf(cut_short, sizeof cut_short, "weft: %.400s: was cut short, or could not be read, while it was used\n", name);
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, NULL);
}

static enum cli_exit map(struct packed *packed) {
  packed->map_bytes = (size_t)source_bytes(&packed->source);
  if (packed->map_bytes == 0)
    return CLI_OK;
  void *map = mmap(NULL, packed->map_bytes, PROT_READ, MAP_SHARED, packed->source.fd, 0);
  if (map == MAP_FAILED)
    return cli_fail(CLI_IO, "%s: %s", packed->source.name, strerror(errno));
  packed->map = map;
  catch_bus_error(packed->source.name);
  return CLI_OK;
}

/* Bytes of a pipe, in their order; what lies between two reads is read and forgotten. */
static bool read_on(void *user, uint64_t offset, void *dst, size_t n, size_t *got) {
  struct packed *packed = user;
  char skipped[4096];
  size_t bytes = 1;
  while (packed->taken < offset && bytes > 0 && packed->code == CLI_OK) {
    uint64_t gap = offset - packed->taken;
    packed->code = source_read(&packed->source, skipped, gap < sizeof skipped ? (size_t)gap : sizeof skipped, &bytes);
    packed->taken += bytes;
  }
  for (*got = 0; *got < n && bytes > 0 && packed->code == CLI_OK; *got += bytes) {
    packed->code = source_read(&packed->source, (char *)dst + *got, n - *got, &bytes);
    packed->taken += bytes;
  }
  return packed->code == CLI_OK;
}

static enum cli_exit get_info(struct packed *packed) {
  weft_status status = weft_reader_info(packed->reader, &packed->info, sizeof packed->info);
  return status == WEFT_OK ? CLI_OK : packed_fail(packed, status);
}

enum cli_exit packed_open(struct packed *packed, weft_ctx *ctx, const char *path) {
  *packed = (struct packed){.ctx = ctx};
  CLI_TRY(source_open(&packed->source, path));
  struct weft_source source = {.read = read_on, .user = packed, .bytes = UINT64_MAX};
  if (packed->source.regular && lseek(packed->source.fd, 0, SEEK_CUR) == 0) {
    CLI_TRY(map(packed));
    source.mapped = packed->map ? packed->map : "";
    source.bytes = packed->map_bytes;
  }
  weft_status status = weft_reader_open(ctx, &source, 0, &packed->reader);
  return status == WEFT_OK ? get_info(packed) : packed_fail(packed, status);
}

bool packed_is_mapped(const struct packed *packed) {
  return packed->map != NULL;
}

enum cli_exit packed_field(const struct packed *packed, size_t column, struct weft_field *field) {
  weft_status status = weft_reader_field(packed->reader, column, field);
  return status == WEFT_OK ? CLI_OK : packed_fail(packed, status);
}

enum cli_exit packed_find(const struct packed *packed, const struct names *names, size_t i, size_t *column) {
  size_t bytes;
  const char *name = names_at(names, i, &bytes);
  for (*column = 0; *column < packed->info.columns; (*column)++) {
    struct weft_field field;
    CLI_TRY(packed_field(packed, *column, &field));
    if (strlen(field.name) == bytes && memcmp(field.name, name, bytes) == 0)
      return CLI_OK;
  }
  return cli_fail(CLI_DATA, "%s: no column '%.*s' among the %zu", packed->source.name, (int)bytes, name,
                  (size_t)packed->info.columns);
}

enum cli_exit packed_chunk(const struct packed *packed, uint64_t chunk, size_t column, struct weft_chunk_info *info) {
  weft_status status = weft_reader_chunk(packed->reader, chunk, column, info, sizeof *info);
  return status == WEFT_OK ? CLI_OK : packed_fail(packed, status);
}

enum cli_exit packed_next(struct packed *packed, uint64_t *chunk) {
  if (packed_is_mapped(packed)) {
    *chunk = packed->next < packed->info.chunks ? packed->next++ : UINT64_MAX;
    return CLI_OK;
  }
  weft_status status = weft_reader_next(packed->reader, chunk);
  if (status != WEFT_OK)
    return packed_fail(packed, status);
  return *chunk == UINT64_MAX ? get_info(packed) : CLI_OK;
}

enum cli_exit packed_code(weft_status status) {
  return status == WEFT_E_UNSUPPORTED ? CLI_DATA : memory_code(status);
}

enum cli_exit packed_fail(const struct packed *packed, weft_status status) {
  if (packed->code != CLI_OK)
    return packed->code;
  return cli_fail(packed_code(status), "%s: %s", packed->source.name, memory_words(packed->ctx, status));
}

void packed_close(struct packed *packed) {
  weft_reader_free(packed->reader);
  packed->reader = NULL;
  if (packed->map)
    munmap(packed->map, packed->map_bytes);
  packed->map = NULL;
  source_close(&packed->source);
}
