/* SPDX-License-Identifier: MIT
 *
 * Arrays of values in files. Called by pack.c and unpack_raw.c; knows nothing of what becomes of the values.
 */
#include "cli/raw.h"

#include <inttypes.h>
#include <string.h>

enum cli_exit raw_open(struct raw *raw, const char *file, struct type type) {
  *raw = (struct raw){.type = type};
  return source_open(&raw->source, file);
}

void raw_order(struct type type, void *values, size_t rows) {
  const uint16_t one = 1;
  unsigned char lowest;
  memcpy(&lowest, &one, 1);
  if (lowest == 1 || !type_is_number(type.type))
    return;
  for (unsigned char *value = values; rows > 0; rows--, value += type.width)
    for (size_t i = 0; i < type.width / 2; i++) {
      unsigned char byte = value[i];
      value[i] = value[type.width - 1 - i];
      value[type.width - 1 - i] = byte;
    }
}

enum cli_exit raw_read(struct raw *raw, void *values, size_t rows, size_t *read) {
  size_t want = rows * raw->type.width, have = 0, got = 1;
  char name[TYPE_TEXT];
  while (have < want && got > 0) {
    CLI_TRY(source_read(&raw->source, (char *)values + have, want - have, &got));
    have += got;
  }
  *read = have / raw->type.width;
  raw->rows += *read;
  type_print(raw->type, name);
  if (have % raw->type.width != 0)
    return cli_fail(CLI_DATA, "%s: ends with %zu bytes behind %" PRIu64 " values of type %s", raw->source.name,
                    have % raw->type.width, raw->rows, name);
  raw_order(raw->type, values, *read);
  return CLI_OK;
}

struct weft_column raw_column(const struct raw *raw, const void *values, size_t rows) {
  return raw->type.type == WEFT_FIXED_BYTES ? weft_column_bytes(values, raw->type.width, rows)
                                            : weft_column_fixed(values, raw->type.type, rows);
}
