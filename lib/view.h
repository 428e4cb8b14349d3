/* SPDX-License-Identifier: MIT
 *
 * Making a string's view. For what gives strings as views.
 */
#ifndef LIB_VIEW_H
#define LIB_VIEW_H

#include "lib/column.h"

#include <string.h>

#define VIEW_INLINED sizeof((struct weft_view *)0)->as.inlined /* bytes that a view has in itself */
#define VIEW_PREFIX sizeof((struct weft_view *)0)->as.ref.prefix

/* A string's view, whose 12 bytes may be read whatever its length. Without branches, as lengths cannot be foreseen. */
static inline struct weft_view view_of(const uint8_t *at, uint64_t length, uint64_t offset) {
  static const uint8_t mask[2 * VIEW_INLINED] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
  uint64_t refers = -(uint64_t)(length > VIEW_INLINED), low, low_mask;
  uint32_t high, high_mask;
  const uint8_t *keep = mask + VIEW_INLINED - ((length & ~refers) | (VIEW_PREFIX & refers));
  struct weft_view view = {.length = (int32_t)length};
  memcpy(&low, at, sizeof low);
  memcpy(&high, at + sizeof low, sizeof high);
  memcpy(&low_mask, keep, sizeof low);
  memcpy(&high_mask, keep + sizeof low, sizeof high);
  low &= low_mask;
  high = (high & high_mask) | (uint32_t)(offset & refers);
  memcpy(view.as.inlined, &low, sizeof low); /* buffer is 0 */
  memcpy(view.as.inlined + sizeof low, &high, sizeof high);
  return view;
}

#endif
