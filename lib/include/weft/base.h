/* SPDX-License-Identifier: MIT
 *
 * What every other header of weft starts from: version, export and checking attributes, and the status values.
 * Includes nothing but libc; compiles as C11, as C++17 and under MSVC's rules.
 */
#ifndef WEFT_BASE_H
#define WEFT_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEFT_VERSION_MAJOR 0
#define WEFT_VERSION_MINOR 1
#define WEFT_VERSION_PATCH 0
#define WEFT_VERSION_TEXT "0.1.0"

#ifdef __cplusplus
#define WEFT_BEGIN_DECLS extern "C" {
#define WEFT_END_DECLS }
#else
#define WEFT_BEGIN_DECLS
#define WEFT_END_DECLS
#endif

/* WEFT_BUILD: set while the library itself is compiled. WEFT_STATIC: set by users of the static library on Windows. */
#if defined(_WIN32) && !defined(WEFT_STATIC)
#ifdef WEFT_BUILD
#define WEFT_API __declspec(dllexport)
#else
#define WEFT_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define WEFT_API __attribute__((visibility("default")))
#else
#define WEFT_API
#endif

#if defined(__GNUC__)
#define WEFT_MUST_CHECK __attribute__((warn_unused_result))
#elif defined(_MSC_VER)
#define WEFT_MUST_CHECK _Check_return_
#else
#define WEFT_MUST_CHECK
#endif

/* "No such row", wherever a row number of 32 bits is returned. */
#define WEFT_NO_ROW UINT32_MAX

/* "Nobody can say whether there is a row", in a mark join; see <weft/join.h>. No row has this number either. */
#define WEFT_UNKNOWN_ROW (UINT32_MAX - 1)

WEFT_BEGIN_DECLS

/* A context: one per thread at a time; see <weft/ctx.h>. */
typedef struct weft_ctx weft_ctx;

/* A slab: what contexts allocate from; see <weft/slab.h>. */
typedef struct weft_slab weft_slab;

/* What a call came to. The numbers are pinned: they never change, new ones are only added. */
typedef enum weft_status {
  WEFT_OK = 0,
  WEFT_E_INVALID = 1,     /* an argument breaks its documented rule */
  WEFT_E_NOMEM = 2,       /* no memory could be had */
  WEFT_E_OVERFLOW = 3,    /* a count or a size passes what its type or the call can hold */
  WEFT_E_SPACE = 4,       /* the caller's buffer is too small */
  WEFT_E_CORRUPT = 5,     /* encoded data contradicts itself */
  WEFT_E_UNSUPPORTED = 6, /* this CPU, system or build cannot do it */
  WEFT_E_CONFIG = 7,      /* a setting (option or environment) that names nothing known */
  WEFT_E_FOREIGN = 8,     /* a pointer that this slab never gave out */
  WEFT_E_IO = 9,          /* the operating system refused to read or write */
  WEFT_E_BUSY = 10,       /* still in use */
  WEFT_E_LIMIT = 11,      /* a limit that the caller set was reached */
  WEFT_E_DOUBLE_FREE = 12 /* the object was freed before */
} weft_status;

/* A short English text for a status, such as "invalid argument". Never NULL, also for numbers that are no status;
 * the string is static. Any thread. */
WEFT_API const char *weft_status_text(weft_status status);

/* The version of the library that is linked, such as "0.1.0" (WEFT_VERSION_TEXT is that of the headers). Static string.
 * Any thread. */
WEFT_API const char *weft_version(void);

WEFT_END_DECLS

#endif
