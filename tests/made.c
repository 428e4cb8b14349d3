/* SPDX-License-Identifier: MIT
 *
 * Puts encodings together by hand.
 */
#include "made.h"

#include <string.h>

#include "guard.h"
#include "repair.h"

size_t made_encoding(const struct made *made, uint8_t *to) {
  size_t at = ENCODING_HEADER;
  memset(to, 0, MADE_BYTES);
  memcpy(to, "wfc\1", 4);
  to[4] = (uint8_t)made->type;
  to[5] = made->n > 1 && made->streams[1].role == WEFT_ROLE_VALIDITY && made->streams[1].item == 4 ? 2 : 0;
  to[7] = (uint8_t)made->n;
  little_put(to + 8, made->rows, 4);
  little_put(to + 12, made->width, 4);
  little_put(to + 16, (uint64_t)made->rows * made->width, 8);
  for (uint32_t i = 0; i < made->n; i++) {
    const struct made_stream *stream = &made->streams[i];
    if (stream->at)
      memcpy(to + at, stream->at, stream->bytes);
    for (size_t k = 0; !stream->at && k < stream->bytes && k < 8; k++)
      to[at + k] = (uint8_t)(stream->word >> 8 * k);
    at += stream->bytes;
  }
  for (uint32_t i = 0; i < made->n; i++, at += ENCODING_ENTRY) {
    const struct made_stream *stream = &made->streams[i];
    to[at] = stream->codec;
    to[at + 1] = stream->role;
    to[at + 2] = stream->item;
    to[at + 3] = stream->children;
    little_put(to + at + 4, stream->n, 4);
    little_put(to + at + 8, stream->bytes + stream->missing_bytes, 8);
  }
  repair_encoding(to, at);
  guard_case = (struct guard_case){.what = made->what, .rows = made->rows};
  return at;
}
