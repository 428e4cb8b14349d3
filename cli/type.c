/* SPDX-License-Identifier: MIT
 *
 * Names of types and what they say. Called by the subcommands that pack, unpack and describe; knows nothing of values.
 */
#include "cli/type.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WIDEST ((uint32_t)1 << 20)

static const struct {
  const char *name;
  uint32_t width;
} types[] = {
    [WEFT_I8] = {"i8", 1},   [WEFT_I16] = {"i16", 2}, [WEFT_I32] = {"i32", 4},       [WEFT_I64] = {"i64", 8},
    [WEFT_U8] = {"u8", 1},   [WEFT_U16] = {"u16", 2}, [WEFT_U32] = {"u32", 4},       [WEFT_U64] = {"u64", 8},
    [WEFT_F32] = {"f32", 4}, [WEFT_F64] = {"f64", 8}, [WEFT_STRING] = {"string", 0},
};
#define N_TYPES (sizeof types / sizeof types[0])

static bool parse_width(const char *text, size_t bytes, uint32_t *width) {
  *width = 0;
  for (size_t i = 0; i < bytes; i++) {
    if (text[i] < '0' || text[i] > '9' || *width > WIDEST)
      return false;
    *width = *width * 10 + (uint32_t)(text[i] - '0');
  }
  return *width > 0 && *width <= WIDEST;
}

bool type_parse(const char *name, size_t bytes, struct type *out) {
  static const char fixed[] = "bytes:";
  const size_t prefix = sizeof fixed - 1;
  for (size_t i = 0; i < N_TYPES; i++)
    if (types[i].name && strlen(types[i].name) == bytes && memcmp(types[i].name, name, bytes) == 0) {
      *out = (struct type){(enum weft_type)i, types[i].width};
      return true;
    }
  out->type = WEFT_FIXED_BYTES;
  return bytes > prefix && memcmp(name, fixed, prefix) == 0 && parse_width(name + prefix, bytes - prefix, &out->width);
}

struct type type_of(enum weft_type type, uint32_t width) {
  return (struct type){type, type == WEFT_FIXED_BYTES ? width : types[type].width};
}

void type_print(struct type type, char name[TYPE_TEXT]) {
  if (type.type == WEFT_FIXED_BYTES)
    snprintf(name, TYPE_TEXT, "bytes:%" PRIu32, type.width);
  else
    snprintf(name, TYPE_TEXT, "%s", types[type.type].name);
}

bool type_is_whole(enum weft_type type) {
  return type >= WEFT_I8 && type <= WEFT_U64;
}

bool type_is_signed(enum weft_type type) {
  return type >= WEFT_I8 && type <= WEFT_I64;
}

bool type_is_number(enum weft_type type) {
  return type >= WEFT_I8 && type <= WEFT_F64;
}
