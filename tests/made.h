/* SPDX-License-Identifier: MIT
 *
 * Encodings put together by hand, from docs/format.md, with right sums: what they say need not make sense.
 */
#ifndef TESTS_MADE_H
#define TESTS_MADE_H

#include <weft/codec.h>

struct made_stream {
  uint8_t codec, role, item, children;
  uint32_t n;
  uint64_t bytes;         /* of the section */
  uint64_t word;          /* its first 8 bytes, zeros behind them; where at is NULL */
  const uint8_t *at;      /* all of them */
  uint64_t missing_bytes; /* that the table says it has besides */
};

struct made {
  const char *what;
  enum weft_type type;
  uint32_t width, rows, n; /* n: of streams; a second one that is validity of u32 has the rows that are null */
  struct made_stream streams[20];
};

/* A stream whose section is a word, and zeros; and that of other bytes. */
#define MADE_WORD(codec, role, item, children, n, bytes, word) \
  { (codec), (role), (item), (children), (n), (bytes), (word), NULL, 0 }
#define MADE_BYTES_AT(codec, role, item, children, n, bytes, at) \
  { (codec), (role), (item), (children), (n), (bytes), 0, (at), 0 }

/* Puts it at to[MADE_BYTES], and returns how many bytes it takes; sets guard_case. */
#define MADE_BYTES 20000
size_t made_encoding(const struct made *made, uint8_t *to);

#endif
