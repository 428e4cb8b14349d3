/* SPDX-License-Identifier: MIT
 *
 * The texts of statuses, and the library's version.
 */
#include <weft/base.h>

const char *weft_status_text(weft_status status) {
  switch (status) {
  case WEFT_OK: return "ok";
  case WEFT_E_INVALID: return "invalid argument";
  case WEFT_E_NOMEM: return "out of memory";
  case WEFT_E_OVERFLOW: return "count or size too large";
  case WEFT_E_SPACE: return "buffer too small";
  case WEFT_E_CORRUPT: return "corrupt data";
  case WEFT_E_UNSUPPORTED: return "not supported here";
  case WEFT_E_CONFIG: return "unknown setting";
  case WEFT_E_FOREIGN: return "pointer of another allocator";
  case WEFT_E_IO: return "input or output failed";
  case WEFT_E_BUSY: return "still in use";
  case WEFT_E_LIMIT: return "limit reached";
  case WEFT_E_DOUBLE_FREE: return "freed twice";
  }
  return "unknown status";
}

const char *weft_version(void) {
  return WEFT_VERSION_TEXT;
}
