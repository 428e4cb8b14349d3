/* SPDX-License-Identifier: MIT
 *
 * The types of columns by their names: i8 to i64, u8 to u64, f32, f64, bytes:N, string.
 */
#ifndef CLI_TYPE_H
#define CLI_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/column.h>

struct type {
  enum weft_type type;
  uint32_t width; /* bytes of a value; 0 for strings */
};

/* Room that any type's name fits in. */
#define TYPE_TEXT ((size_t)24)

/* What a message may say of names that type_parse refuses. */
#define TYPE_NAMES "i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, bytes:N, string"

/* Reads a name. False: it is none; N is 1 to 2^20. */
bool type_parse(const char *name, size_t bytes, struct type *out);

/* The type of that number or of strings; of WEFT_FIXED_BYTES width is its. */
struct type type_of(enum weft_type type, uint32_t width);

/* The name, terminated. */
void type_print(struct type type, char name[TYPE_TEXT]);

/* i8 to i64; u8 to u64 as well. */
bool type_is_whole(enum weft_type type);
bool type_is_signed(enum weft_type type);

/* All but strings and bytes. */
bool type_is_number(enum weft_type type);

#endif
