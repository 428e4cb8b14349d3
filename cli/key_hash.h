/* SPDX-License-Identifier: MIT
 *
 * The hashes of keys by the rules of systems that hash them too. A rule is a matter of types: a table's text becomes values
 * of the types that the keys have there.
 */
#ifndef CLI_KEY_HASH_H
#define CLI_KEY_HASH_H

#include "cli/convert.h"
#include "cli/names.h"
#include "cli/rows.h"

enum key_rules {
  KEY_CLICKHOUSE, /* xxHash64(a, b, ...) */
  KEY_SPARK,      /* xxhash64(a, b, ...) */
  KEY_WEFT        /* XXH3 of 64 bits, seed 0, of the values' little-endian bytes: what `weft hash` prints of strings */
};

/* The columns of a key. Zeroes may be freed. */
struct key_hash {
  enum key_rules rules;
  bool empty_is_null; /* empty fields of numbers */
  struct names names; /* of the columns */
  struct type *types; /* [names.n] */
  struct converted *converted;
  struct weft_column *columns;
  uint64_t *next; /* [capacity] scratch */
  size_t capacity;
};

/* Reads a list of NAME[=TYPE]. CLI_USAGE, and a message, where a type is none, or none that the rules know. */
enum cli_exit key_hash_open(weft_ctx *ctx, const char *list, enum key_rules rules, struct key_hash *out);

/* Hashes rows, whose columns are the key's as text, into hashes[rows]. input: for messages. */
enum cli_exit key_hash_rows(weft_ctx *ctx, struct key_hash *key, const struct rows *rows, const char *input,
                            uint64_t *hashes);

void key_hash_free(weft_ctx *ctx, struct key_hash *key);

#endif
