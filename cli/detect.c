/* SPDX-License-Identifier: MIT
 *
 * Types by looking at every field. Called by pack.c; knows nothing of tables.
 */
#include "cli/detect.h"
#include "cli/value.h"

/* Doubles print whole numbers of up to 15 digits as they are. */
#define WHOLE_IN_REAL UINT64_C(1000000000000000)

void detect_begin(struct detect *detect) {
  *detect = (struct detect){.whole = true, .real = true};
}

void detect_field(struct detect *detect, const char *text, size_t bytes) {
  struct whole whole;
  detect->any = true;
  if (!detect->whole && !detect->real)
    return;
  if (!value_is_whole(text, bytes, &whole)) {
    detect->whole = false;
    detect->real = detect->real && value_is_real(text, bytes);
    return;
  }
  if (whole.negative && whole.magnitude > detect->furthest)
    detect->furthest = whole.magnitude;
  if (!whole.negative && whole.magnitude > detect->greatest)
    detect->greatest = whole.magnitude;
  detect->negative |= whole.negative;
  if (whole.magnitude >= WHOLE_IN_REAL)
    detect->real = detect->real && value_is_real(text, bytes);
}

struct type detect_type(const struct detect *detect) {
  static const enum weft_type with_sign[] = {WEFT_I8, WEFT_I16, WEFT_I32, WEFT_I64};
  static const enum weft_type without[] = {WEFT_U8, WEFT_U16, WEFT_U32, WEFT_U64};
  for (unsigned i = 0; detect->any && detect->whole && i < 4; i++) {
    uint64_t most = UINT64_MAX >> (64 - (8u << i)), half = most >> 1;
    if (!detect->negative && detect->greatest <= most)
      return type_of(without[i], 0);
    if (detect->negative && detect->greatest <= half && detect->furthest <= half + 1)
      return type_of(with_sign[i], 0);
  }
  return type_of(detect->any && detect->real ? WEFT_F64 : WEFT_STRING, 0);
}
